//! Rules without a fixed literal: tried in runs that mix letters and digits, where one of their keywords stands before.
//!
//! They must not be tried anywhere else. Start with [`Search::run`]. Each stretch of input is searched for keywords once, and the
//! places where a token may begin are found from the masks.

use super::super::rule::set::{Set, TOKEN};
use super::Sink;
use super::classify::{Masks, WORD};
use super::pattern::Start;
use super::search::{BEHIND, Found, Search};

/// A run is looked at in pieces that end at multiples of this.
pub(super) const PIECE: usize = 1024;
/// How far before a token a keyword may stand in the same block.
pub(super) const REACH: usize = 200;
/// How far before a token a keyword may stand in another block.
pub(super) const NEAR: usize = 64;
/// Longer runs of one alphabet are not measured further.
const LONGEST: usize = 2048;

/// Patterns of one keyword that begin with a run of the same set.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) set: Set,
    /// The set's number in the cache of runs.
    pub(super) id: usize,
    /// Least of what the patterns need.
    pub(super) need: usize,
    pub(super) patterns: Vec<Candidate>,
}

/// A pattern and how long the run it begins with is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) pattern: u32,
    /// Length of the run of token characters it needs.
    pub(super) need: usize,
    pub(super) min: usize,
    /// No upper limit where more follows the run.
    pub(super) max: usize,
}

impl<S: Sink> Search<'_, '_, '_, S> {
    /// Looks at a run of token characters: escapes before it, then rules that need a keyword, unless it is known to be `plain`:
    /// without letters or without digits.
    #[inline]
    pub(super) fn run(&mut self, at: usize, word: usize, plain: bool) {
        if at > 0 && matches!(self.bytes[at - 1], b'\\' | b'%' | b'[' | b';') {
            self.escaped(at);
        }
        if !plain {
            self.near_keywords(at, word);
        }
    }

    fn near_keywords(&mut self, at: usize, word: usize) {
        let (end, last) = self.run_end(at, word);
        self.looked(at, end);
        if !self.is_mixed(at, end, word) {
            return;
        }
        self.encoded(at, end);
        // Keywords, and the words they are parts of.
        self.looked(at.saturating_sub(REACH + WORD), end);
        self.find_keywords(at, end);
        if self.scratch.keywords.is_empty() {
            return;
        }
        self.scratch.starts.clear();
        self.scratch.tried.clear();
        let mut block = None;
        let needs = &self.engine.tables.keyword_needs;
        let mut index = self.scratch.keywords.len();
        while index > 0 {
            index -= 1;
            let (keyword, from, to) = self.scratch.keywords[index];
            if from + REACH < at {
                break;
            }
            if from >= end || needs[keyword as usize] > last - at {
                continue;
            }
            if self.scratch.starts.is_empty() {
                self.find_starts(at, end, word);
            }
            // A keyword in another block only counts if it is close; the run itself holds no border of a block.
            let far = from + NEAR < end && from < *block.get_or_insert_with(|| block_start(self.bytes, at));
            let reach = from + if far { NEAR } else { REACH };
            let reach = self.untried(keyword, reach.min(end));
            self.keyword_starts(keyword, (to, reach), last);
        }
    }

    /// The places up to `last` that this keyword has not been tried at; from later to earlier hits each place is tried once.
    fn untried(&mut self, keyword: u32, last: usize) -> usize {
        let tried = &mut self.scratch.tried;
        match tried.iter_mut().find(|t| t.0 == keyword) {
            Some(known) => last.min(known.1),
            None => {
                tried.push((keyword, usize::MAX));
                last
            }
        }
    }

    /// Tries the patterns of a keyword where a token may begin.
    fn keyword_starts(&mut self, keyword: u32, range: (usize, usize), end: usize) {
        let (from, last) = range;
        if let Some(tried) = self.scratch.tried.iter_mut().find(|t| t.0 == keyword) {
            tried.1 = tried.1.min(from);
        }
        let engine = self.engine;
        let mut index = self.scratch.starts.partition_point(|s| *s < from);
        while let Some(at) = self.scratch.starts.get(index).copied().filter(|s| *s < last) {
            index += 1;
            for group in &engine.tables.keyword_patterns[keyword as usize] {
                if group.need <= end - at && group.set.has(self.bytes[at]) && !(at > 0 && group.set.has(self.bytes[at - 1])) {
                    self.group(group, (at, end), keyword);
                }
            }
        }
    }

    fn group(&mut self, group: &Group, run: (usize, usize), keyword: u32) {
        let (at, end) = run;
        let length = self.scratch.runs.run_end(self.bytes, at, (&group.set, group.id), LONGEST) - at;
        for candidate in group.patterns.iter().filter(|c| c.need <= end - at && c.min <= length && length <= c.max) {
            self.pattern(candidate.pattern, at, Start::Border, Found { keyword: Some(keyword), value: None });
        }
    }

    /// Where a token may begin: at the start of the run, at words, and at what is no letter or digit behind the same.
    fn find_starts(&mut self, at: usize, end: usize, word: usize) {
        self.scratch.starts.push(at);
        let mut base = self.chunk + word * WORD;
        let mut index = BEHIND + word;
        while base < end {
            let (before, here) = (self.scratch.masks[index - 1], self.scratch.masks[index]);
            let alnum = here.digit | here.upper | here.lower;
            let alnum_before = (before.digit | before.upper | before.lower) >> 63;
            let other = here.token & !alnum;
            let other_before = (before.token & !(before.digit | before.upper | before.lower)) >> 63;
            let mut bits = alnum & !(alnum << 1 | alnum_before) | other & (other << 1 | other_before);
            while bits != 0 {
                let place = base + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if place > at && place < end {
                    self.scratch.starts.push(place);
                }
            }
            base += WORD;
            index += 1;
        }
    }

    /// End of the run at `at`, or of its piece; and again, for where the piece ends within the run, as if it went on for ever. A piece
    /// ends where a whole word of the run stands before, so that where it stands in the input does not matter to a short run.
    pub(super) fn run_end(&self, at: usize, word: usize) -> (usize, usize) {
        let base = self.input.base as usize;
        let mut stop = (base.wrapping_add(at) / PIECE + 1) * PIECE - base;
        let mut index = BEHIND + word;
        let mut shift = (at - self.chunk) % WORD;
        let mut end = at;
        loop {
            let run = (!(self.scratch.masks[index].token >> shift)).trailing_zeros() as usize;
            let run = run.min(WORD - shift);
            end += run;
            if end >= stop && run < WORD {
                stop += PIECE;
            }
            if run + shift < WORD || end >= stop || index + 1 >= self.scratch.masks.len() {
                if end >= self.limit {
                    self.cut.set(true);
                }
                let end = end.min(stop).min(self.bytes.len());
                let last = if self.bytes.get(end).is_some_and(|b| TOKEN.has(*b)) { usize::MAX } else { end };
                return (end, last);
            }
            index += 1;
            shift = 0;
        }
    }

    /// Does the run hold a letter and a digit?
    fn is_mixed(&self, at: usize, end: usize, word: usize) -> bool {
        self.has(at, end, word, |m| m.upper | m.lower) && self.has(at, end, word, |m| m.digit)
    }

    /// Is there a byte of a class between `at`, which is in this word, and `end`?
    #[inline]
    pub(super) fn has(&self, at: usize, end: usize, word: usize, class: impl Fn(&Masks) -> u64) -> bool {
        let from = (at - self.chunk) % WORD;
        let last = (end - 1 - self.chunk) / WORD;
        let above = u64::MAX << from;
        let below = u64::MAX >> (WORD - 1 - (end - 1 - self.chunk) % WORD);
        let masks = &self.scratch.masks[BEHIND + word..=BEHIND + last];
        match masks {
            [one] => class(one) & above & below != 0,
            [first, middle @ .., last] => {
                class(first) & above != 0 || class(last) & below != 0 || middle.iter().any(|m| class(m) != 0)
            }
            [] => false,
        }
    }

    /// Finds keywords from shortly before the run to its end, each byte once.
    fn find_keywords(&mut self, at: usize, end: usize) {
        let from = at.saturating_sub(REACH).max(self.scratch.keywords_to);
        while self.scratch.keywords.front().is_some_and(|k| k.1 + REACH < at) {
            self.scratch.keywords.pop_front();
        }
        let from = from.max(self.chunk.saturating_sub(BEHIND * WORD));
        self.scratch.keywords_to = end.max(from);
        if from >= end {
            return;
        }
        let tables = &self.engine.tables;
        let index = |at: usize| (at + BEHIND * WORD - self.chunk) / WORD;
        let (first, last) = (index(from), index(end - 1));
        for word in first..=last {
            let base = (self.chunk + word * WORD) - BEHIND * WORD;
            let masks = &self.scratch.masks;
            let mut keep = if word == first { u64::MAX << (from % WORD) } else { u64::MAX };
            keep &= if word == last { u64::MAX >> (WORD - 1 - (end - 1) % WORD) } else { u64::MAX };
            let long = masks[word].keyword & keep;
            let around = [&masks[word - 1], &masks[word], &masks[word + 1]];
            let short = tables.hints.short(self.bytes, base, around, keep);
            let mut bits = long | short;
            while bits != 0 {
                let place = bits.trailing_zeros();
                bits &= bits - 1;
                let start = base + place as usize;
                let list = &mut self.scratch.keywords;
                let mut hit = |id, to| list.push_back((id, start, to));
                if long >> place & 1 != 0 && tables.hints.is_keyword(&self.bytes[start..]) {
                    tables.keywords.at(self.bytes, start, false, &mut hit);
                }
                if short >> place & 1 != 0 {
                    tables.keywords.at(self.bytes, start, true, &mut hit);
                }
            }
        }
    }
}

/// Where the block of `at` begins: behind the last blank line or closing brace, at most [`REACH`] bytes before.
pub(super) fn block_start(bytes: &[u8], at: usize) -> usize {
    let from = at.saturating_sub(REACH);
    let window = &bytes[from..at];
    let brace = memchr::memrchr(b'}', window).map_or(0, |i| i + 1);
    let mut below = window.len();
    for line in memchr::memrchr_iter(b'\n', &window[brace..]).map(|i| brace + i) {
        if window[line + 1..below].iter().all(|b| *b == b'\r') && below < window.len() {
            return from + line + 1;
        }
        below = line;
    }
    from + brace
}
