//! Records what the engine considered, for `stanch explain`.
//!
//! It must not print. Start with [`Trace`].

use super::{Match, Miss, Sink, Span};

/// A listener that keeps hits and misses whose bytes touch a range.
#[derive(Debug, Default)]
pub struct Trace {
    /// What is of interest, as offsets into the input.
    pub range: std::ops::Range<usize>,
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
            self.hits.push(*found);
        }
    }

    fn miss(&mut self, rule: u32, span: Span, why: Miss) {
        if self.touches(span) && !self.misses.iter().any(|m| (m.0, m.1) == (rule, span)) {
            self.misses.push((rule, span, why));
        }
    }
}
