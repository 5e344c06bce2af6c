//! Turns matches into findings: position, redacted line, one finding for each distinct secret.
//!
//! It must not read files. Start with [`Collector::add`], from any thread; [`Collector::finish`] makes the result.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::blob::Place;
use super::super::engine::{Engine, Match};
use super::super::finding::{At, Confidence, Finding, Occurrence, Severity, Snippet};
use super::super::fingerprint::Fingerprinter;
use super::super::suppress::{Decision, Suppressions};
use super::stream::{Window, advance};
use crate::base::secret::Secret;

/// Occurrences kept; more are only counted.
pub const MAX_OCCURRENCES: usize = 100_000;
/// Bytes of the line shown on each side.
const CONTEXT: usize = 120;

/// Collects findings from all threads.
pub struct Collector<'a> {
    engine: &'a Engine,
    suppressions: &'a Suppressions,
    raw: Mutex<Vec<Raw>>,
    counts: Mutex<Counts>,
}

/// What was silenced or not kept.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    /// By a comment.
    pub inline: u64,
    /// By fingerprint.
    pub fingerprint: u64,
    /// Occurrences beyond [`MAX_OCCURRENCES`].
    pub beyond: u64,
    /// Allow comments that are malformed or expired: what is wrong, where.
    pub remarks: Vec<(super::super::blob::Origin, String)>,
}

struct Raw {
    rule: u32,
    severity: Severity,
    confidence: Confidence,
    secret: Secret,
    why: Vec<String>,
    paired: Option<String>,
    occurrence: Occurrence,
}

impl<'a> Collector<'a> {
    /// An empty collector.
    #[must_use]
    pub fn new(engine: &'a Engine, suppressions: &'a Suppressions) -> Self {
        Self { engine, suppressions, raw: Mutex::default(), counts: Mutex::default() }
    }

    /// Adds the matches of one window. `all` are those of the whole window, `bytes` its content.
    pub fn add(&self, place: &Place<'_>, bytes: &[u8], window: &Window, matches: &[Match]) {
        for found in matches {
            let secret = &bytes[found.span.secret_start..found.span.secret_end];
            let lines = lines(bytes, found);
            match self.suppressions.inline(&self.engine.rules()[found.rule as usize].id, lines) {
                Decision::Report => {}
                Decision::Silence(_) => {
                    self.counts.lock().unwrap_or_else(PoisonError::into_inner).inline += 1;
                    continue;
                }
                Decision::Remark(text) => {
                    self.counts.lock().unwrap_or_else(PoisonError::into_inner).remarks.push((place.to_origin(), text));
                }
            }
            let raw = Raw {
                rule: found.rule,
                severity: found.severity,
                confidence: found.confidence,
                secret: Secret::new(secret),
                why: self.engine.why(found, bytes),
                paired: self.engine.companion(found, matches, bytes),
                occurrence: Occurrence { origin: place.to_origin(), at: at(bytes, window, found), snippet: snippet(self.engine, bytes, found, matches) },
            };
            self.keep(raw);
        }
    }

    fn keep(&self, raw: Raw) {
        let mut list = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        if list.len() < MAX_OCCURRENCES {
            list.push(raw);
        } else {
            self.counts.lock().unwrap_or_else(PoisonError::into_inner).beyond += 1;
        }
    }

    /// One finding for each distinct secret, sorted by severity, rule and place, and what was silenced.
    #[must_use]
    pub fn finish(self, fingerprinter: &Fingerprinter) -> (Vec<Finding>, Counts) {
        let mut counts = self.counts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut raw = self.raw.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Threads add in any order: the best rule of a secret and the order of its places must not depend on it.
        raw.sort_by(|a, b| (b.confidence, b.severity, a.rule).cmp(&(a.confidence, a.severity, b.rule)).then_with(|| a.occurrence.cmp(&b.occurrence)));
        let mut index: HashMap<[u8; 32], usize> = HashMap::new();
        let mut findings: Vec<Finding> = Vec::new();
        for one in raw {
            let identity = fingerprinter.identity(one.secret.expose());
            match index.get(&identity) {
                Some(at) => findings[*at].occurrences.push(one.occurrence),
                None => {
                    index.insert(identity, findings.len());
                    findings.push(self.engine.finding(one, fingerprinter));
                }
            }
        }
        findings.retain(|f| {
            let silent = matches!(self.suppressions.fingerprint(&f.rule.id, &f.fingerprint), Decision::Silence(_));
            counts.fingerprint += if silent { f.occurrences.len() as u64 } else { 0 };
            !silent
        });
        for finding in &mut findings {
            finding.occurrences.sort();
            finding.occurrences.dedup();
        }
        findings.sort_by(|a, b| (b.severity, &a.rule.id, &a.occurrences).cmp(&(a.severity, &b.rule.id, &b.occurrences)));
        counts.remarks.sort();
        (findings, counts)
    }
}

impl Engine {
    fn finding(&self, raw: Raw, fingerprinter: &Fingerprinter) -> Finding {
        Finding {
            rule: Arc::clone(&self.rules()[raw.rule as usize]),
            severity: raw.severity,
            confidence: raw.confidence,
            fingerprint: fingerprinter.fingerprint(raw.secret.expose()),
            secret: raw.secret,
            why: raw.why,
            paired: raw.paired,
            occurrences: vec![raw.occurrence],
        }
    }
}

/// The line before the match and the lines of the match.
fn lines<'b>(bytes: &'b [u8], found: &Match) -> &'b [u8] {
    const MOST: usize = 4096;
    let start = found.span.secret_start;
    let floor = start.saturating_sub(MOST);
    let line = memchr::memrchr(b'\n', &bytes[floor..start]).map_or(floor, |at| floor + at);
    let before = memchr::memrchr(b'\n', &bytes[floor..line]).map_or(floor, |at| floor + at + 1);
    &bytes[before..line_end(bytes, found.span.secret_end, MOST)]
}

fn line_end(bytes: &[u8], from: usize, most: usize) -> usize {
    let rest = &bytes[from..bytes.len().min(from + most)];
    from + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
}

fn at(bytes: &[u8], window: &Window, found: &Match) -> At {
    let (start, end) = (found.span.secret_start, found.span.secret_end);
    let (line, column) = advance((window.line, window.column), &bytes[window.emit.start..start]);
    // The last character's line: a match that ends in a newline ends on the line before.
    let (end_line, end_column) = advance((line, column), &bytes[start..end]);
    At { line, column, end_line, end_column, offset: window.base + start as u64, len: (end - start) as u64 }
}

/// The line around the secret with every secret on it cut out.
fn snippet(engine: &Engine, bytes: &[u8], found: &Match, all: &[Match]) -> Snippet {
    let (start, end) = (found.span.secret_start, found.span.secret_end);
    let floor = start.saturating_sub(CONTEXT);
    let from = memchr::memrchr(b'\n', &bytes[floor..start]).map_or(floor, |at| floor + at + 1);
    let to = line_end(bytes, end, CONTEXT);
    let cut = |a: usize, b: usize| {
        let mut text = bytes[a..b].to_vec();
        for other in all.iter().filter(|m| m.span.secret_start < b && m.span.secret_end > a) {
            text[other.span.secret_start.max(a) - a..other.span.secret_end.min(b) - a].fill(b'*');
        }
        String::from_utf8_lossy(&text).trim_end_matches('\r').to_owned()
    };
    Snippet { before: cut(from, start), shown: engine.shown(found, &bytes[start..end]), after: cut(end, to) }
}
