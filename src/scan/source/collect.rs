//! Turns matches into findings: position, redacted line, one finding for each distinct secret.
//!
//! It must not read files. Start with [`Collector::add`], from any thread; [`Collector::finish`] makes the result.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::blob::{Origin, Place};
use super::super::engine::{Engine, Match, OVERLAP};
use super::super::finding::{At, Confidence, Finding, Fingerprint, Occurrence, Severity, Snippet};
use super::super::fingerprint::Fingerprinter;
use super::super::project::Project;
use super::super::suppress::{Decision, Lines, Suppressions};
use super::stream::{Window, advance};
use crate::base::date::Date;
use crate::base::secret::Secret;

/// Occurrences kept; more are only counted.
pub const MAX_OCCURRENCES: usize = 100_000;
/// Bytes of the line shown on each side.
const CONTEXT: usize = 120;

/// What matches are turned into findings with.
#[derive(Clone, Copy)]
pub struct Decider<'a> {
    /// The engine whose matches come.
    pub engine: &'a Engine,
    /// Makes identities.
    pub fingerprinter: &'a Fingerprinter,
    /// What the project silences, and its key, which is no leak.
    pub project: &'a Project,
    /// The same, indexed.
    pub suppressions: &'a Suppressions,
    /// Today.
    pub today: Date,
}

/// Collects findings from all threads.
pub struct Collector<'a> {
    decider: Decider<'a>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    raw: Vec<Raw>,
    counts: Counts,
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
    /// Suppressions that are malformed or past their day: where, and what is wrong.
    pub remarks: Vec<(Origin, String)>,
}

struct Raw {
    rule: u32,
    severity: Severity,
    confidence: Confidence,
    fingerprint: Fingerprint,
    secret: Secret,
    why: Vec<String>,
    paired: Option<String>,
    occurrence: Occurrence,
}

impl<'a> Collector<'a> {
    /// An empty collector.
    #[must_use]
    pub fn new(decider: Decider<'a>) -> Self {
        Self { decider, inner: Mutex::default() }
    }

    /// Adds the matches of one window: `all` are those of the whole window, by position, `bytes` its content.
    pub fn add(&self, place: &Place<'_>, bytes: &[u8], window: &Window, all: &[Match]) {
        // From match to match, so that a line is counted once however many matches it has.
        let mut known = (window.emit.start, (window.line, window.column));
        for found in all.iter().filter(|m| window.emit.contains(&m.span.secret_start)) {
            let start = found.span.secret_start;
            known = (start, advance(known.1, &bytes[known.0..start]));
            let at = at(bytes, window, known.1, found);
            self.one(place, bytes, at, (found, near(all, start)));
        }
    }

    fn one(&self, place: &Place<'_>, bytes: &[u8], at: At, matches: (&Match, &[Match])) {
        let (found, all) = matches;
        let decider = &self.decider;
        let span = found.span.secret_start..found.span.secret_end;
        let secret = &bytes[span.clone()];
        if decider.project.is_own_key(secret) {
            return;
        }
        let fingerprint = decider.fingerprinter.fingerprint(secret);
        let rule = &decider.engine.rules()[found.rule as usize];
        match decider.suppressions.decide(&rule.id, &fingerprint, Lines::around(bytes, span), decider.today) {
            Decision::Report => {}
            Decision::AllowedInline { .. } => return self.lock().counts.inline += 1,
            Decision::AllowedByFingerprint { .. } => return self.lock().counts.fingerprint += 1,
            Decision::Note(text) => self.lock().counts.remarks.push((place.to_origin(), text)),
        }
        let raw = Raw {
            rule: found.rule,
            severity: found.severity,
            confidence: found.confidence,
            fingerprint,
            secret: Secret::new(secret),
            why: decider.engine.why(found, all, bytes),
            paired: decider.engine.companion(found, all, bytes),
            occurrence: Occurrence { origin: place.to_origin(), at, snippet: snippet(decider.engine, bytes, found, all) },
        };
        let mut inner = self.lock();
        if inner.raw.len() < MAX_OCCURRENCES {
            inner.raw.push(raw);
        } else {
            inner.counts.beyond += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One finding for each distinct secret, sorted by severity, rule and place, and what was silenced.
    #[must_use]
    pub fn finish(self) -> (Vec<Finding>, Counts) {
        let Inner { mut raw, mut counts } = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Threads add in any order: the best rule of a secret and the order of its places must not depend on it.
        raw.sort_by(|a, b| {
            (b.confidence, b.severity, a.rule)
                .cmp(&(a.confidence, a.severity, b.rule))
                .then_with(|| a.occurrence.cmp(&b.occurrence))
        });
        let mut index: HashMap<Fingerprint, usize> = HashMap::new();
        let mut findings: Vec<Finding> = Vec::new();
        for one in raw {
            let next = findings.len();
            let at = *index.entry(one.fingerprint.clone()).or_insert(next);
            if at < next {
                findings[at].occurrences.push(one.occurrence);
            } else {
                findings.push(finding(self.decider.engine, one));
            }
        }
        for finding in &mut findings {
            finding.occurrences.sort();
            finding.occurrences.dedup();
        }
        findings.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then_with(|| (&a.rule.id, &a.occurrences).cmp(&(&b.rule.id, &b.occurrences)))
        });
        counts.remarks.sort();
        counts.remarks.dedup();
        (findings, counts)
    }
}

fn finding(engine: &Engine, raw: Raw) -> Finding {
    Finding {
        rule: Arc::clone(&engine.rules()[raw.rule as usize]),
        severity: raw.severity,
        confidence: raw.confidence,
        fingerprint: raw.fingerprint,
        secret: raw.secret,
        why: raw.why,
        paired: raw.paired,
        occurrences: vec![raw.occurrence],
    }
}

fn line_end(bytes: &[u8], from: usize, most: usize) -> usize {
    let rest = &bytes[from..bytes.len().min(from + most)];
    from + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
}

/// The matches that may stand on the same line or be companions of the one at `start`. Matches do not overlap.
fn near(all: &[Match], start: usize) -> &[Match] {
    let from = all.partition_point(|m| m.span.secret_start + OVERLAP < start);
    let to = all.partition_point(|m| m.span.secret_start <= start + OVERLAP);
    &all[from..to]
}

fn at(bytes: &[u8], window: &Window, (line, column): (u64, u64), found: &Match) -> At {
    let (start, end) = (found.span.secret_start, found.span.secret_end);
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
