//! Known secrets in a stream: what is covered of them, and what is held because it may begin one.
//!
//! It must not know how they are found. Start with [`Filter::look_for_known`].

use super::super::known::{Hit, merge};
use super::cover::Began;
use super::{Filter, MOST_HELD, When, colour};

impl Filter<'_> {
    /// Finds the known secrets in what is there. Tells up to where it may go: to `limit`, but not to where one may have begun, and to the
    /// end of one that stands there.
    pub(super) fn look_for_known(&mut self, limit: usize, when: When) -> usize {
        self.hits.clear();
        let Some(known) = self.known else { return limit };
        let from = self.context();
        let bytes = &self.room[from..self.len];
        let mut held = self.len - known.find(bytes, &mut self.hits);
        if memchr::memchr(0x1b, bytes).is_some() {
            let whole = colour::without_open(bytes);
            self.plain.read(&bytes[..whole]);
            let text = self.plain.text().unwrap_or(&bytes[..whole]);
            let raw = self.hits.len();
            let open = known.find(text, &mut self.hits);
            for hit in &mut self.hits[raw..] {
                hit.range = self.plain.to_raw_start(hit.range.start)..self.plain.to_raw_end(hit.range.end);
            }
            held = if open > 0 { held.min(from + self.plain.to_raw_start(text.len() - open)) } else { held };
        }
        for hit in &mut self.hits {
            hit.range = from + hit.range.start..from + hit.range.end;
        }
        if when == When::End && limit == self.len {
            merge(&mut self.hits);
            return limit;
        }
        self.hold(held, limit)
    }

    /// Up to where it may go if from `held` on one may have begun.
    fn hold(&mut self, held: usize, limit: usize) -> usize {
        let mut to = limit;
        if held < limit && self.len - held.max(self.done) >= MOST_HELD {
            // Only codes of a terminal between its letters make a beginning so long. It is no longer waited for what comes.
            self.hits.push(Hit { range: held.max(self.done)..limit, which: None });
        } else {
            to = to.min(held.max(self.done));
        }
        merge(&mut self.hits);
        // What is covered anyway may go.
        let open = |hit: &&Hit| hit.range.start < limit && hit.range.start <= to && hit.range.end > to;
        match self.hits.iter().find(open) {
            Some(hit) if self.options.cover.by_parts() => hit.range.end,
            _ => to,
        }
    }

    /// Covers those that begin before `limit`.
    pub(super) fn cover_known(&mut self, limit: usize) {
        let Some(known) = self.known else { return };
        for hit in self.hits.iter().filter(|hit| hit.range.end > self.done && hit.range.start < limit) {
            let began = if hit.range.start < self.done { Began::Before } else { Began::Here };
            self.covered.push(self.options.cover.of_known(known, hit, began, hit.range.clone()));
        }
    }
}
