//! A regular expression that is compiled when it is first needed, and never before.
//!
//! It must not know why it is searched. Start with [`LazyRegex::find`].

use std::sync::{Arc, OnceLock};

use regex_automata::meta::Regex;
use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input};

use super::super::rule::required::Facts;
use super::super::rule::set::ALNUM;
use super::super::rule::{Group, load};
use super::pattern::Span;

/// Bytes that an automaton may take.
const LIMIT: usize = 4 << 20;

/// A regular expression over bytes.
#[derive(Debug, Clone)]
pub(super) struct LazyRegex {
    source: String,
    bordered: bool,
    group: Group,
    limit: usize,
    reach: usize,
    lead: (usize, Option<usize>),
    number: usize,
    compiled: Arc<OnceLock<Option<Regex>>>,
}

impl LazyRegex {
    /// One that matches as it is written.
    #[must_use]
    pub(super) fn new(source: String, facts: &Facts) -> Self {
        let reach = facts.longest.map_or(usize::MAX, |n| 2 * n + 16);
        let lead = facts.required.as_ref().map_or((0, None), |r| r.lead);
        Self { source, bordered: false, group: Group::Named, limit: LIMIT, reach, lead, number: 0, compiled: Arc::default() }
    }

    /// One made from a token: its match must not cut a word of letters and digits.
    #[must_use]
    pub(super) fn bordered(source: String, facts: &Facts) -> Self {
        Self { bordered: true, ..Self::new(source, facts) }
    }

    /// The same with another part of a match as the secret.
    pub(super) fn grouped(self, group: Group) -> Self {
        Self { group, ..self }
    }

    /// The same with another limit for its automaton, in bytes.
    pub(super) fn within(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The same with a number among the engine's regular expressions.
    pub(super) fn numbered(self, number: usize) -> Self {
        Self { number, ..self }
    }

    /// The fewest and the most bytes of a match that stand before its literal.
    pub(super) fn lead(&self) -> (usize, Option<usize>) {
        self.lead
    }

    /// See [`LazyRegex::numbered`].
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Bytes around a literal of it within which a match lies: twice the longest match, if it has a longest.
    pub(super) fn reach(&self) -> usize {
        self.reach
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled
            // The loader compiles what it accepts; tests compile the built-in rules.
            .get_or_init(|| load::build_regex_within(&self.source, self.limit).ok())
            .as_ref()
    }

    /// Calls `hit` for each match within `from..to`, leftmost first, not overlapping.
    pub(super) fn find(&self, bytes: &[u8], from: usize, to: usize, hit: &mut dyn FnMut(Span)) {
        let Some(regex) = self.regex() else { return };
        let mut caps = regex.create_captures();
        let mut at = from;
        while at < to {
            regex.search_captures(&Input::new(bytes).range(at..to), &mut caps);
            let Some(found) = caps.get_match() else { break };
            let span = self.span(&caps, found.start(), found.end());
            if !self.bordered || !cuts_word(bytes, span) {
                hit(span);
            }
            at = if found.is_empty() { found.end() + 1 } else { found.end() };
        }
    }

    /// The match that begins at `from` and ends by `to`.
    #[must_use]
    pub(super) fn begins(&self, bytes: &[u8], from: usize, to: usize) -> Option<Span> {
        let regex = self.regex()?;
        let input = Input::new(bytes).range(from..to).anchored(Anchored::Yes);
        // Most places are turned away, which needs no captures.
        if !regex.is_match(input.clone()) {
            return None;
        }
        let mut caps = regex.create_captures();
        regex.search_captures(&input, &mut caps);
        let span = caps.get_match().map(|m| self.span(&caps, m.start(), m.end()))?;
        (!self.bordered || !cuts_word(bytes, span)).then_some(span)
    }

    /// Does it match all of `from..to`?
    #[must_use]
    pub(super) fn whole(&self, bytes: &[u8], from: usize, to: usize) -> Option<Span> {
        let regex = self.regex()?;
        let mut caps = regex.create_captures();
        regex.search_captures(&Input::new(bytes).range(from..to).anchored(Anchored::Yes), &mut caps);
        caps.get_match().filter(|m| m.end() == to).map(|m| self.span(&caps, m.start(), m.end()))
    }

    fn span(&self, caps: &Captures, start: usize, end: usize) -> Span {
        let secret = match self.group {
            Group::Named => caps.get_group_by_name("secret"),
            Group::Number(n) => caps.get_group(n),
            Group::First => (1..caps.group_len()).filter_map(|n| caps.get_group(n)).find(|s| !s.is_empty()),
        };
        Span { start, end, secret_start: secret.map_or(start, |s| s.start), secret_end: secret.map_or(end, |s| s.end) }
    }
}

fn cuts_word(bytes: &[u8], span: Span) -> bool {
    let joined = |a: Option<&u8>, b: Option<&u8>| a.is_some_and(|a| ALNUM.has(*a)) && b.is_some_and(|b| ALNUM.has(*b));
    let before = span.start.checked_sub(1).and_then(|i| bytes.get(i));
    joined(before, bytes.get(span.start)) || joined(bytes.get(span.end.wrapping_sub(1)), bytes.get(span.end))
}
