//! Buffers of one thread, and the matches of the last input.
//!
//! It must not search. Start with [`Scratch`].

use std::collections::VecDeque;
use std::ops::Range;

use super::carry::{Trigger, Zone};
use super::classify::Masks;
use super::pattern::RunCache;
use super::search::{AHEAD, BEHIND, CHUNK};
use super::{Engine, Match};

/// Buffers of one thread, reused from input to input.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) masks: Vec<Masks>,
    pub(super) runs: RunCache,
    /// Keyword hits: number, start, end.
    pub(super) keywords: VecDeque<(u32, usize, usize)>,
    pub(super) keywords_to: usize,
    /// Where tokens may begin in the run being looked at.
    pub(super) starts: Vec<usize>,
    /// Keywords tried in it, and from where on.
    pub(super) tried: Vec<(u32, usize)>,
    /// How far each regular expression has been searched.
    pub(super) searched: Vec<Searched>,
    pub(super) value_end: usize,
    /// The name whose value is being tried.
    pub(super) name: Vec<u8>,
    /// A stretch without blanks and quotes.
    pub(super) endless: Range<usize>,
    /// Is its end known?
    pub(super) endless_ends: bool,
    pub(super) matches: Vec<Match>,
    /// Where matches begin that are marked as examples.
    pub(super) marked: Vec<usize>,
    pub(super) full: bool,
    /// How many texts this one is inside of, and buffers for those inside of it.
    pub(super) depth: u8,
    pub(super) inner: Option<Box<Scratch>>,
    /// Bytes of it, before and behind what it is about, in which no texts are looked for.
    pub(super) outside: (usize, usize),
    /// See [`Scratch::leave_wide`].
    pub(super) is_narrow: bool,
    /// Only for a sink that wants to know: what led to each match and each marked place, and what was looked at far from it.
    pub(super) led: Vec<Trigger>,
    pub(super) led_marked: Vec<Trigger>,
    pub(super) zones: Vec<Zone>,
    /// What is being looked at, and the bytes it depends on.
    pub(super) trigger: Trigger,
    pub(super) looked: Range<usize>,
}

impl Scratch {
    /// The matches of the last input, by position, those outside its `emit` included.
    #[must_use]
    pub fn matches(&self) -> &[Match] {
        &self.matches
    }

    /// How many places of the last input in `emit` look like secrets but are marked as examples with a middle dot.
    #[must_use]
    pub fn marked(&mut self, emit: &Range<usize>) -> u64 {
        self.marked.sort_unstable();
        self.marked.dedup();
        self.marked.iter().filter(|at| emit.contains(at)).count() as u64
    }

    /// Whether text in UTF-16 among other bytes is left out of what is scanned next, since somebody else reads it as such.
    pub fn leave_wide(&mut self, leave: bool) {
        self.is_narrow = leave;
    }

    /// Did the last input have more matches than are kept?
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Before another input.
    pub(super) fn forget(&mut self, engine: &Engine) {
        self.matches.clear();
        self.marked.clear();
        self.led.clear();
        self.led_marked.clear();
        self.zones.clear();
        self.full = false;
        self.keywords.clear();
        self.keywords_to = 0;
        self.searched.clear();
        self.searched.resize(engine.tables.regex_count, Searched::default());
        self.value_end = 0;
        self.endless = 0..0;
        self.endless_ends = false;
        self.runs.reset(engine.tables.sets);
        self.masks.resize(BEHIND + CHUNK + AHEAD, Masks::default());
    }

    /// What one part of an input leaves for the next.
    pub(super) fn state(&self) -> State {
        let found = (self.matches.len(), self.marked.len(), self.zones.len());
        State { found, value_end: self.value_end, searched: self.searched.clone() }
    }

    /// As if what came after had not been looked at.
    pub(super) fn restore(&mut self, state: &State) {
        let (matches, marked, zones) = state.found;
        self.matches.truncate(matches);
        self.led.truncate(matches);
        self.marked.truncate(marked);
        self.led_marked.truncate(marked);
        self.zones.truncate(zones);
        self.value_end = state.value_end;
        self.searched.clone_from(&state.searched);
        self.keywords.clear();
        self.keywords_to = 0;
    }
}

/// See [`Scratch::state`].
pub(super) struct State {
    found: (usize, usize, usize),
    value_end: usize,
    searched: Vec<Searched>,
}

/// How far a regular expression has been searched.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Searched {
    /// Matches that begin before are known.
    pub(super) to: usize,
    /// It was tried so many times before this place.
    pub(super) window: usize,
    pub(super) tries: u32,
}
