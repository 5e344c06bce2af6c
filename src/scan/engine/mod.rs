//! The engine: candidates first, rules second, meaning last.
//!
//! It must not know files, reports or the clock (time is part of [`Input`]). Start with [`Engine::scan`].
//!
//! 1. [`classify`] turns 64 bytes at a time into bit masks: token characters, word starts, where a literal may begin.
//! 2. Only at word starts followed by a long run are anchors looked up ([`compile`] says which tables there are); runs that mix
//!    letters and digits are tried with the rules whose keyword stands before them; a hit of a literal is looked at with the
//!    literal's rules or leads an extractor to a whole value ([`extract`]).
//! 3. A structural match ([`pattern`], or a lazily compiled regular expression in [`lazy`]) is judged by [`meaning`].
//! 4. What stands for another text ([`encoded`]) is decoded and searched like one, at the places where it begins.
//! 5. Imported rules search the text as it is ([`text`]); [`require`] drops what lacks a rule near it.
//! 6. [`resolve`] leaves one match for each stretch of bytes: the specific rule beats the generic one.
//!
//! Cost per byte does not depend on the number of rules, and is linear on any input: runs are measured once ([`pattern::RunCache`]),
//! regular expressions look at no byte twice, keywords are searched once.

mod anchor;
mod beside;
mod buckets;
pub mod carry;
#[cfg(test)]
mod carry_tests;
pub mod classify;
mod compile;
mod cookie;
pub mod encoded;
pub mod explain;
pub mod extract;
mod hints;
mod lazy;
pub mod meaning;
mod near;
pub mod pattern;
mod require;
mod resolve;
mod scratch;
mod search;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod unfinished;
mod words;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

pub use compile::EngineError;
pub use meaning::Miss;
pub use pattern::Span;
pub use scratch::Scratch;

use super::finding::{Confidence, Severity};
use super::rule::{Near, Rule};
use encoded::Decoded;
use meaning::{Judge, note};

/// Bytes that must stand before and behind the part of an input whose matches are asked for, where the source has them.
/// No match of a built-in rule and nothing it depends on is longer; a longer match of another rule may be cut where a window ends.
pub const OVERLAP: usize = 20 * 1024;

/// The engine for one set of rules: immutable, shared by all threads, cannot fail on input.
#[derive(Debug)]
pub struct Engine {
    rules: Vec<Arc<Rule>>,
    tables: compile::Tables,
    texts: text::Texts,
    judges: Vec<Judge>,
    path_rules: OnceLock<Vec<usize>>,
}

/// What is scanned.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// The bytes, with up to [`OVERLAP`] bytes of surroundings on each side.
    pub bytes: &'a [u8],
    /// Matches whose secret begins here are asked for.
    pub emit: Range<usize>,
    /// Offset of the first byte in the blob: a multiple of 1,024.
    pub base: u64,
    /// Path of the file, if there is one.
    pub path: Option<&'a str>,
    /// Seconds since 1970: whether a token has expired.
    pub now: u64,
}

impl<'a> Input<'a> {
    /// All of `bytes`.
    #[must_use]
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self { bytes, emit: 0..bytes.len(), base: 0, path: None, now: 0 }
    }
}

/// A match that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Index of the rule.
    pub rule: u32,
    /// Where, as offsets into the input.
    pub span: Span,
    /// Severity, possibly lowered.
    pub severity: Severity,
    /// Confidence, possibly lowered.
    pub confidence: Confidence,
    keyword: Option<u32>,
    name: Option<(usize, usize)>,
    notes: u8,
    decoded: Option<Arc<Decoded>>,
}

impl Match {
    /// The secret: what stands in its place in `bytes`, which are those of the input, or what that stands for.
    #[must_use]
    pub fn secret<'b>(&'b self, bytes: &'b [u8]) -> &'b [u8] {
        match &self.decoded {
            Some(decoded) => decoded.secret(),
            None => &bytes[self.span.secret_start..self.span.secret_end],
        }
    }

    /// Does a checksum in it match, or what it decodes to?
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.notes & (note::CHECKSUM | note::DECODES) != 0
    }

    /// Does it stand for its secret in another form?
    #[must_use]
    pub fn is_decoded(&self) -> bool {
        self.decoded.is_some()
    }

    /// What must not be shown of the input: the secret, or all of what was decoded with it.
    #[must_use]
    pub fn hidden(&self) -> Range<usize> {
        let Span { start, end, secret_start, secret_end } = self.span;
        if self.decoded.is_some() { start..end } else { secret_start..secret_end }
    }
}

/// Receives matches.
pub trait Sink {
    /// Whether what was looked at is recorded, for [`carry`].
    const TRACED: bool = false;
    /// A match that holds.
    fn hit(&mut self, found: &Match);
    /// A structural match that does not hold, and why. Only [`explain`] listens.
    fn miss(&mut self, _rule: u32, _span: Span, _why: Miss) {}
}

impl<F: FnMut(&Match)> Sink for F {
    fn hit(&mut self, found: &Match) {
        self(found);
    }
}

impl Engine {
    /// Builds the tables for `rules`; compiles no regular expression.
    ///
    /// # Errors
    /// If a rule cannot be searched: it has neither a literal of three or more characters nor keywords.
    pub fn new(rules: Vec<Rule>) -> Result<Self, EngineError> {
        let tables = compile::compile(&rules)?;
        let (texts, judges) = (text::Texts::new(&rules)?, Judge::of(&rules));
        Ok(Self { rules: rules.into_iter().map(Arc::new).collect(), tables, texts, judges, path_rules: OnceLock::new() })
    }

    /// The same engine with the portable classifier, for tests and fuzzing.
    #[must_use]
    pub fn portable(mut self) -> Self {
        self.tables.classifier = self.tables.classifier.clone().with_path(classify::Path::Portable);
        self.tables.hints = self.tables.hints.clone().with_path(classify::Path::Portable);
        self
    }

    /// The rules, in the order of [`Match::rule`].
    #[must_use]
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// Reports every match whose secret begins in `input.emit`, by position.
    ///
    /// All matches of the input, also those outside `emit`, are in [`Scratch::matches`] afterwards.
    pub fn scan<S: Sink>(&self, scratch: &mut Scratch, input: &Input<'_>, sink: &mut S) {
        search::search(self, scratch, input, sink);
        self.settle(scratch, input, sink);
        for found in scratch.matches.iter().filter(|m| input.emit.contains(&m.span.secret_start)) {
            sink.hit(found);
        }
    }

    /// Leaves one match for each stretch of bytes, after those of rules were added that search the text as it is.
    fn settle<S: Sink>(&self, scratch: &mut Scratch, input: &Input<'_>, sink: &mut S) {
        let bytes = input.bytes;
        text::search(self, scratch, input, sink);
        resolve::sort(&mut scratch.matches);
        require::apply(self, &mut scratch.matches, bytes, sink);
        // Before the best are chosen, so that none of them takes the place of another and is dropped then; and once more
        // behind it, for those whose companion was not among the best.
        resolve::drop_lonely(self, &mut scratch.matches, bytes, sink);
        resolve::resolve(self, &mut scratch.matches, sink);
        resolve::drop_lonely(self, &mut scratch.matches, bytes, sink);
    }

    /// Do two paths mean the same to all rules?
    #[must_use]
    pub fn same_path(&self, one: Option<&str>, other: Option<&str>) -> bool {
        one == other || self.path_meaning(one) == self.path_meaning(other)
    }

    /// Rules that look at paths, one of those that look for the same.
    fn path_rules(&self) -> &[usize] {
        self.path_rules.get_or_init(|| {
            let mut known = HashSet::new();
            let looks_for = |rule: &Rule| format!("{:?} {:?} {:?}", rule.paths, rule.allow.paths, rule.ignore);
            let rules = self.rules.iter().enumerate().filter(|(_, rule)| rule.looks_at_paths() && known.insert(looks_for(rule)));
            rules.map(|(index, _)| index).collect()
        })
    }

    /// What a path means to rules: whether it is one of code or one of ciphertext, and for each rule that looks at paths whether it fits.
    #[must_use]
    pub fn path_meaning(&self, path: Option<&str>) -> Vec<bool> {
        let rules = self.path_rules().iter().map(|index| (&self.rules[*index], &self.judges[*index]));
        let kinds = [meaning::is_code(path), path.is_some_and(meaning::is_encrypted_file)];
        kinds.into_iter().chain(rules.flat_map(|(rule, judge)| judge.path_meaning(rule, path))).collect()
    }

    /// The nearest match of a companion rule, as `rule-id, N lines before` or `after`.
    #[must_use]
    pub fn companion(&self, found: &Match, all: &[Match], bytes: &[u8]) -> Option<String> {
        let other = resolve::companion(self, found, all, bytes)?;
        let id = &self.rules[other.rule as usize].id;
        let (a, b) = (found.span.secret_start, other.span.secret_start);
        let lines = memchr::memchr_iter(b'\n', &bytes[a.min(b)..a.max(b)]).count();
        Some(match (lines, b < a) {
            (0, _) => format!("{id}, on the same line"),
            (n, true) => format!("{id}, {n} line{} before", if n == 1 { "" } else { "s" }),
            (n, false) => format!("{id}, {n} line{} after", if n == 1 { "" } else { "s" }),
        })
    }

    /// A redacted stand-in for a secret: the fixed prefix of its format, if it has one, and eight asterisks.
    #[must_use]
    pub fn shown(&self, found: &Match, secret: &[u8]) -> String {
        let fixed = self.tables.prefixes[found.rule as usize].iter().find(|p| secret.starts_with(p.as_bytes()));
        format!("{}********", fixed.map_or("", String::as_str))
    }

    /// Why a match holds, in short sentences without the value, nor that of any of `all` matches of the input. `bytes` are those
    /// of the input.
    #[must_use]
    pub fn why(&self, found: &Match, all: &[Match], bytes: &[u8]) -> Vec<String> {
        let rule = &self.rules[found.rule as usize];
        let mut out = Vec::new();
        if let Some(keyword) = found.keyword {
            let in_name = rule.near == Near::Key && found.notes & note::BESIDE == 0;
            let place = if in_name { "in the name it is assigned to" } else { "before it" };
            out.push(format!("keyword `{}` {place}", self.tables.keywords.word(keyword)));
        } else if let Some((from, to)) = found.name {
            let mut name = bytes[from..to].to_vec();
            // A credential may stand where the name of another one is expected.
            for other in all.iter().filter(|m| m.span.secret_start < to && from < m.span.secret_end) {
                name[other.span.secret_start.max(from) - from..other.span.secret_end.min(to) - from].fill(b'*');
            }
            let name: String = String::from_utf8_lossy(&name).chars().take(60).collect();
            out.push(format!("value of `{name}`"));
        } else {
            out.push("has the form of the credential".to_owned());
        }
        out.extend(found.decoded.iter().map(|decoded| format!("decoded from {}", decoded.codecs())));
        for (bit, text) in [
            (note::CHECKSUM, "checksum matches"),
            (note::BAD_CHECKSUM, "checksum does not match: perhaps made up"),
            (note::DECODES, "decodes as the format says"),
            (note::STALE, "expired, or not signed"),
            (note::RANDOM, "looks random"),
            (note::DAMAGED, "its header does not decode: damaged, or made up"),
        ] {
            if found.notes & bit != 0 {
                out.push(text.to_owned());
            }
        }
        out
    }
}
