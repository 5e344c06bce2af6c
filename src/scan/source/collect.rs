//! Turns matches into findings: position, redacted line, one finding for each distinct secret.
//!
//! It must not read files. Start with [`Collector::add`], from any thread; [`Collector::finish`] makes the result.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::super::blob::{Origin, Place};
use super::super::engine::{Engine, Input, Match, OVERLAP, Scratch};
use super::super::finding::{At, Confidence, Finding, Fingerprint, Occurrence, Severity, Silenced, Snippet};
use super::super::fingerprint::Fingerprinter;
use super::super::project::Project;
use super::super::rule::builtin;
use super::super::suppress::baseline::Judged;
use super::super::suppress::{Candidate, Decision, Suppressions, Text};
use super::stream::{Window, advance};
use crate::base::date::Date;
use crate::base::secret::Secret;

/// Places kept of one secret, the first ones; more are only counted.
pub const MAX_PLACES: usize = 1000;
/// Places kept that comments and entries silenced.
const MAX_SILENCED: usize = 1000;
/// Distinct secrets kept; places of others are only counted.
const MAX_SECRETS: usize = 100_000;
/// Bytes on each side of a line's part that is shown in which rules that were left out look for what must not be shown.
const AROUND: usize = 512;
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
    /// Were built-in rules left out? What they find on the line of a secret is cut out all the same.
    pub partial: bool,
}

/// Collects findings from all threads.
pub struct Collector<'a> {
    decider: Decider<'a>,
    inner: Mutex<Inner>,
    /// All built-in rules, where some were left out.
    all_rules: OnceLock<Option<Engine>>,
}

#[derive(Default)]
struct Inner {
    secrets: HashMap<Fingerprint, Known>,
    counts: Counts,
    /// Git objects that something was found in.
    objects: HashSet<String>,
    /// Secrets that older versions of containers held, and how often: so many places in the new one are not new.
    older: HashMap<String, HashMap<Fingerprint, u64>>,
}

/// What is known of one secret. Threads add in any order: neither the rule nor the places may depend on it.
struct Known {
    best: Raw,
    /// Where the best rule matched.
    at: (Origin, At),
    places: BTreeSet<Occurrence>,
    more: u64,
}

/// What was silenced or not kept.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    /// By a comment.
    pub inline: u64,
    /// By an entry of `stanch.toml`.
    pub entry: u64,
    /// Secrets of a baseline, and whether an audit said that they are real.
    pub known: BTreeMap<Fingerprint, bool>,
    /// Places of secrets beyond the most that are kept, and the first of them.
    pub beyond: Option<(u64, Origin)>,
    /// Suppressions that are malformed or past their day: where, and what is wrong.
    pub remarks: Vec<(Origin, String)>,
    /// The first places that comments and entries silenced.
    pub silenced: BTreeSet<Silenced>,
}

impl Counts {
    fn know(&mut self, fingerprint: Fingerprint, judged: Option<Judged>) {
        self.known.insert(fingerprint, judged == Some(Judged::Real));
    }

    fn silence(&mut self, one: Silenced) {
        *(if one.entry.is_some() { &mut self.entry } else { &mut self.inline }) += 1;
        self.silenced.insert(one);
        if self.silenced.len() > MAX_SILENCED {
            self.silenced.pop_last();
        }
    }
}

struct Raw {
    rule: u32,
    severity: Severity,
    confidence: Confidence,
    secret: Secret,
    why: Vec<String>,
    paired: Option<String>,
}

impl<'a> Collector<'a> {
    /// An empty collector.
    #[must_use]
    pub fn new(decider: Decider<'a>) -> Self {
        Self { decider, inner: Mutex::default(), all_rules: OnceLock::new() }
    }

    /// Adds the matches of one window: `all` are those of the whole window, by position, `bytes` its content.
    pub fn add(&self, place: &Place<'_>, bytes: &[u8], window: &Window, all: &[Match]) {
        if let Some(object) = place.git_object() {
            self.lock().objects.insert(object.to_owned());
        }
        // From match to match, so that a line is counted once however many matches it has.
        let mut known = (window.emit.start, (window.line, window.column));
        let text = Text::of(bytes);
        for found in all.iter().filter(|m| window.emit.contains(&m.span.secret_start)) {
            let start = found.span.secret_start;
            known = (start, advance(known.1, &bytes[known.0..start]));
            let at = at(bytes, window, known.1, found);
            self.one(place, (bytes, &text), at, (found, near(all, start)));
        }
    }

    /// Takes what older versions of the container at a place held. It is forgotten with nothing.
    pub(super) fn set_older(&self, place: &Place<'_>, held: &[Finding]) {
        let counts: HashMap<Fingerprint, u64> =
            held.iter().map(|finding| (finding.fingerprint.clone(), finding.places())).collect();
        let mut inner = self.lock();
        if counts.is_empty() {
            inner.older.remove(&outermost(place));
        } else {
            inner.older.insert(outermost(place), counts);
        }
    }

    /// Is this one of the places that an older version had?
    fn was_there(&self, place: &Place<'_>, fingerprint: &Fingerprint) -> bool {
        let mut inner = self.lock();
        if inner.older.is_empty() {
            return false;
        }
        let left =
            inner.older.get_mut(&outermost(place)).and_then(|counts| counts.get_mut(fingerprint)).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }

    /// What matches are turned into findings with.
    pub(super) fn decider(&self) -> Decider<'a> {
        self.decider
    }

    /// Was anything found in the git object of this name, be it silenced?
    #[must_use]
    pub fn has_found_in(&self, object: &str) -> bool {
        self.lock().objects.contains(object)
    }

    /// Did anything decide that a finding is silenced, or was not?
    #[must_use]
    pub fn has_silenced(&self) -> bool {
        let counts = &self.lock().counts;
        counts.inline > 0 || counts.entry > 0 || !counts.known.is_empty() || !counts.remarks.is_empty()
    }

    fn one(&self, place: &Place<'_>, (bytes, text): (&[u8], &Text<'_>), at: At, matches: (&Match, &[Match])) {
        let (found, all) = matches;
        let decider = &self.decider;
        let span = found.span.secret_start..found.span.secret_end;
        let secret = found.secret(bytes);
        if decider.project.is_own_key(secret) || is_project_key(place, bytes, span.start) {
            return;
        }
        let fingerprint = decider.fingerprinter.fingerprint(secret);
        let rule = &decider.engine.rules()[found.rule as usize];
        let path = if decider.suppressions.needs_path() { decider.project.locator.path(place) } else { None };
        let candidate = Candidate { rule: &rule.id, fingerprint: &fingerprint, secret, path: path.as_deref() };
        let silence = |entry, reason| {
            let reason = without(reason, secret);
            let (origin, line, rule) = (place.to_origin(), at.line, rule.id.clone());
            self.lock().counts.silence(Silenced { origin, line, rule, entry, reason });
        };
        match decider.suppressions.decide(&candidate, text, span, decider.today) {
            Decision::Report => {}
            Decision::AllowedInline { reason } => return silence(None, reason),
            Decision::AllowedByEntry { reason, entry } => return silence(Some(entry), reason),
            Decision::Known { judged, .. } => return self.lock().counts.know(fingerprint, judged),
            Decision::Note(text) => {
                let text = format!("line {}: {text}", at.line);
                self.lock().counts.remarks.push((place.to_origin(), text));
            }
        }
        if self.was_there(place, &fingerprint) {
            return;
        }
        let origin = place.to_origin();
        if !self.is_wanted(&fingerprint, found, (&origin, &at)) {
            return;
        }
        let snippet = self.snippet(bytes, found, all);
        let why = decider.engine.why(found, all, bytes);
        let paired = decider.engine.companion(found, all, bytes);
        let (rule, severity, confidence) = (found.rule, found.severity, found.confidence);
        let raw = Raw { rule, severity, confidence, secret: Secret::new(secret), why, paired };
        self.keep(fingerprint, raw, Occurrence { origin, at, file_line: place.file_line(at.offset), commit: None, snippet });
    }

    /// Is there anything new in a place of a secret? Counts it if there is not, before more work is done.
    fn is_wanted(&self, fingerprint: &Fingerprint, found: &Match, place: (&Origin, &At)) -> bool {
        let mut inner = self.lock();
        let count = inner.secrets.len();
        let Some(known) = inner.secrets.get_mut(fingerprint) else {
            if count < MAX_SECRETS {
                return true;
            }
            let (n, first) = inner.counts.beyond.take().unwrap_or_else(|| (0, place.0.clone()));
            inner.counts.beyond = Some((n + 1, first.min(place.0.clone())));
            return false;
        };
        let full = known.places.len() >= MAX_PLACES && known.places.last().is_some_and(|last| (&last.origin, &last.at) < place);
        let better = rank(found.confidence, found.severity, found.rule)
            < rank(known.best.confidence, known.best.severity, known.best.rule);
        known.more += u64::from(full && !better);
        !full || better
    }

    fn keep(&self, fingerprint: Fingerprint, raw: Raw, occurrence: Occurrence) {
        let at = (occurrence.origin.clone(), occurrence.at);
        let mut inner = self.lock();
        let known = match inner.secrets.entry(fingerprint) {
            Entry::Vacant(entry) => {
                entry.insert(Known { best: raw, at, places: BTreeSet::from([occurrence]), more: 0 });
                return;
            }
            Entry::Occupied(entry) => entry.into_mut(),
        };
        let rank = |raw: &Raw| rank(raw.confidence, raw.severity, raw.rule);
        if (rank(&raw), &at) < (rank(&known.best), &known.at) {
            (known.best, known.at) = (raw, at);
        }
        known.places.insert(occurrence);
        if known.places.len() > MAX_PLACES {
            known.places.pop_last();
            known.more += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One finding for each distinct secret, sorted by severity, rule and place, and what was silenced.
    #[must_use]
    pub fn finish(self) -> (Vec<Finding>, Counts) {
        let Inner { secrets, mut counts, .. } = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        let engine = self.decider.engine;
        let mut findings: Vec<Finding> = secrets.into_iter().map(|(id, known)| finding(engine, id, known)).collect();
        findings.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then_with(|| (&a.rule.id, &a.occurrences).cmp(&(&b.rule.id, &b.occurrences)))
        });
        counts.remarks.sort();
        counts.remarks.dedup();
        (findings, counts)
    }

    /// The line around the secret with every secret on it cut out.
    fn snippet(&self, bytes: &[u8], found: &Match, all: &[Match]) -> Snippet {
        let (mut start, mut end) = (found.span.secret_start, found.span.secret_end);
        if found.is_decoded() {
            // All that was decoded on this line is one.
            let line = memchr::memrchr(b'\n', &bytes[..start]).map_or(0, |at| at + 1);
            start = found.hidden().start.max(line);
            end = end.max(found.hidden().end.min(line_end(bytes, end, OVERLAP)));
        }
        let floor = start.saturating_sub(CONTEXT);
        let from = memchr::memrchr(b'\n', &bytes[floor..start]).map_or(floor, |at| floor + at + 1);
        let to = line_end(bytes, end, CONTEXT);
        let mut hidden: Vec<Range<usize>> = all.iter().map(Match::hidden).filter(|h| h.start < to && from < h.end).collect();
        hidden.extend(self.left_out(bytes, from, to));
        hidden.sort_by_key(|h| (h.start, h.end));
        let shown = self.decider.engine.shown(found, found.secret(bytes));
        Snippet { before: cut(bytes, from..start, &hidden), shown, after: cut(bytes, end..to, &hidden) }
    }

    /// What the built-in rules that were left out find in a part of a line.
    fn left_out(&self, bytes: &[u8], from: usize, to: usize) -> Vec<Range<usize>> {
        let all_rules = || if self.decider.partial { Engine::new(builtin::rules()).ok() } else { None };
        let Some(engine) = self.all_rules.get_or_init(all_rules) else { return Vec::new() };
        let base = from.saturating_sub(AROUND);
        let mut found = Vec::new();
        let part = &bytes[base..bytes.len().min(to + AROUND)];
        engine.scan(&mut Scratch::default(), &Input::whole(part), &mut |m: &Match| {
            let hidden = m.hidden();
            found.push(base + hidden.start..base + hidden.end);
        });
        found
    }
}

/// A reason that does not repeat the value.
fn without(reason: String, secret: &[u8]) -> String {
    match std::str::from_utf8(secret) {
        Ok(value) if !value.is_empty() && reason.contains(value) => reason.replace(value, "********"),
        _ => reason,
    }
}

/// Is it the project key in a `stanch.toml`, which is there on purpose, whatever project is scanned?
fn is_project_key(place: &Place<'_>, bytes: &[u8], at: usize) -> bool {
    let before = &bytes[at.saturating_sub(64)..at];
    let line = &before[memchr::memrchr(b'\n', before).map_or(0, |end| end + 1)..];
    let is_named = line.strip_prefix(b"project_key").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"="));
    is_named && place.as_path().is_some_and(|path| path.rsplit('/').next() == Some("stanch.toml"))
}

/// What holds it all: a git object, or a file.
fn outermost(place: &Place<'_>) -> String {
    let file = || place.path().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    place.git_object().map_or_else(file, str::to_owned)
}

/// How good a rule's match is: the lowest is the best.
fn rank(confidence: Confidence, severity: Severity, rule: u32) -> (Reverse<Confidence>, Reverse<Severity>, u32) {
    (Reverse(confidence), Reverse(severity), rule)
}

fn finding(engine: &Engine, fingerprint: Fingerprint, known: Known) -> Finding {
    let Known { best, places, more, .. } = known;
    Finding {
        rule: Arc::clone(&engine.rules()[best.rule as usize]),
        severity: best.severity,
        confidence: best.confidence,
        fingerprint,
        secret: best.secret,
        why: best.why,
        paired: best.paired,
        occurrences: places.into_iter().collect(),
        more,
        exposure: None,
    }
}

/// Part of a line with eight asterisks in the place of what must not be shown. `hidden` is sorted.
fn cut(bytes: &[u8], part: Range<usize>, hidden: &[Range<usize>]) -> String {
    let mut text = Vec::new();
    let mut at = part.start;
    for secret in hidden.iter().filter(|h| h.start < part.end && h.end > part.start) {
        if secret.end <= at {
            continue;
        }
        if secret.start >= at {
            text.extend_from_slice(&bytes[at..secret.start]);
        }
        text.extend_from_slice(b"********");
        at = secret.end.min(part.end);
    }
    text.extend_from_slice(&bytes[at..part.end]);
    String::from_utf8_lossy(&text).trim_end_matches('\r').to_owned()
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
