//! Records what the engine considered, for `stanch explain`.
//!
//! It must not print. Start with [`Trace`]; [`untried`] finds what no rule looked at.

use std::ops::Range;

use super::super::rule::set::TOKEN;
use super::meaning::random::{Randomness, shannon};
use super::{Match, Miss, Sink, Span};

/// A listener that keeps hits and misses whose bytes touch a range.
#[derive(Debug, Default)]
pub struct Trace {
    /// What is of interest, as offsets into the input.
    pub range: Range<usize>,
    /// Matches that hold.
    pub hits: Vec<Match>,
    /// Structural matches that do not hold: rule, place, reason.
    pub misses: Vec<(u32, Span, Miss)>,
}

impl Trace {
    fn touches(&self, span: Span) -> bool {
        span.start < self.range.end && self.range.start < span.end
    }
}

impl Sink for Trace {
    fn hit(&mut self, found: &Match) {
        if self.touches(found.span) {
            self.hits.push(found.clone());
        }
    }

    fn miss(&mut self, rule: u32, span: Span, why: Miss) {
        if self.touches(span) && !self.misses.iter().any(|m| (m.0, m.1) == (rule, span)) {
            self.misses.push((rule, span, why));
        }
    }
}

/// A stretch as long as a token that no rule was tried on.
#[derive(Debug, Clone, PartialEq)]
pub struct Untried {
    /// Where it is.
    pub span: Range<usize>,
    /// Bits per character.
    pub entropy: f64,
    /// Does it look random rather than made of words?
    pub random: bool,
}

/// Shorter stretches are words.
const SHORTEST: usize = 16;

/// The stretches of token characters in the range of a trace that touch none of its hits and misses.
#[must_use]
pub fn untried(bytes: &[u8], trace: &Trace) -> Vec<Untried> {
    let tried = || trace.hits.iter().map(|m| m.span).chain(trace.misses.iter().map(|m| m.1));
    let mut out = Vec::new();
    let mut at = trace.range.start;
    for run in bytes[trace.range.clone()].split(|b| !TOKEN.has(*b)) {
        let span = at..at + run.len();
        at = span.end + 1;
        if run.len() >= SHORTEST && !tried().any(|s| s.start < span.end && span.start < s.end) {
            out.push(Untried { entropy: shannon(run), random: Randomness::of(run).is_random(), span });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Trace, untried};

    #[test]
    fn what_is_long_and_untried_is_found() {
        let text = b"first line\nid = 0123456789abcdef0123456789abcdef; x = shortword, y = 0123456789abcdef\n";
        let mut trace = Trace { range: 11..text.len() - 1, ..Trace::default() };
        let spans = |trace: &Trace| untried(text, trace).into_iter().map(|u| u.span).collect::<Vec<_>>();
        assert_eq!(spans(&trace), [16..48, text.len() - 17..text.len() - 1]);
        let span = super::Span { start: 60, end: text.len() - 1, secret_start: 70, secret_end: text.len() - 1 };
        trace.misses.push((0, span, super::Miss::Alone));
        assert_eq!(spans(&trace).first(), Some(&(16..48)));
        assert_eq!(spans(&trace).len(), 1);
    }
}
