//! Scans a text that was made from another one, such as the next version of a file: looks at what is new, carries the rest.
//!
//! It must not judge. Start with [`Engine::scan_version`]. The engine looks at places one by one: word starts, runs, literals. What a
//! place leads to depends on few bytes around it, or on a [`Zone`] that was written down when it was looked at. So a place whose bytes
//! were all copied together leads to what it led to in the old text, and need not be looked at. All others are looked at with
//! everything around them. The result is that of looking at all places, which a property test says.

use std::ops::Range;

use super::classify::WORD;
use super::near::PIECE;
use super::scratch::Scratch;
use super::search::{self, MAX_MATCHES};
use super::{Engine, Input, Match, Sink};
use crate::scan::rule::set::TOKEN;

/// Without a zone, what a place leads to depends on so many bytes before it …
const BEFORE: usize = 40;
/// … and on so many bytes from it on: words are looked at this far.
const BEHIND: usize = 48;
/// What a zone is made larger by, for borders.
const BORDER: usize = 8;
/// A run is looked at in pieces; with what stands before, they are no longer than this.
const RUN: usize = PIECE + 2 * WORD;

/// A place that is looked at, and as what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trigger {
    pub(super) at: usize,
    pub(super) kind: u8,
}

impl Trigger {
    /// The order in which places are looked at.
    fn order(self) -> (usize, u8, usize) {
        (self.at / WORD, self.kind, self.at)
    }
}

/// Bytes far from a place that what it leads to depends on. No text is longer than 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Zone {
    at: u32,
    from: u32,
    to: u32,
    /// Not 0: it also depends on places that near which the same regular expression was tried at before.
    chain: u32,
}

impl Zone {
    /// The zone of a place, if it depends on more than what all places depend on.
    #[inline]
    pub(super) fn of(at: usize, looked: &Range<usize>) -> Option<Self> {
        if looked.start + BEFORE >= at + BORDER && looked.end + BORDER <= at + BEHIND {
            return None;
        }
        let from = at.saturating_sub(BEFORE).min(looked.start.saturating_sub(BORDER));
        let to = (at + BEHIND).max(looked.end + BORDER);
        Some(Self { at: at as u32, from: from as u32, to: to as u32, chain: 0 })
    }

    /// That of a place where a regular expression was tried.
    pub(super) fn chained(at: usize, around: &Range<usize>, reach: usize) -> Self {
        let from = around.start.min(at.saturating_sub(BEFORE)).saturating_sub(BORDER);
        let to = around.end.max(at + BEHIND) + BORDER;
        Self { at: at as u32, from: from as u32, to: to as u32, chain: (reach as u32).max(1) }
    }

    fn at(&self) -> usize {
        self.at as usize
    }

    fn moved(self, shift: Shift) -> Self {
        let of = |at: u32| shift.of(at as usize) as u32;
        Self { at: of(self.at), from: of(self.from), to: of(self.to), chain: self.chain }
    }
}

/// What a scan looked at, for that of a text made from this one.
#[derive(Debug, Clone, Default)]
pub struct Record {
    len: usize,
    /// By place.
    zones: Vec<Zone>,
    /// Matches that hold, before the best are chosen.
    found: Vec<(Trigger, Match)>,
    /// Places marked as examples.
    marked: Vec<(Trigger, usize)>,
    /// More was found than is kept.
    full: bool,
}

/// A piece of a text made from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where it stands.
    pub to: Range<usize>,
    /// Where it stood in the old text; `None` if it is new.
    pub from: Option<usize>,
}

/// From offsets in the old text to those in the new one.
#[derive(Debug, Clone, Copy)]
struct Shift {
    old: usize,
    new: usize,
}

impl Shift {
    /// Offsets before the old text's piece may be asked for, where a zone is clipped at the start of both.
    fn of(self, at: usize) -> usize {
        (at + self.new).saturating_sub(self.old)
    }

    fn span(self, found: &Match) -> Match {
        let mut moved = found.clone();
        for at in [&mut moved.span.start, &mut moved.span.end, &mut moved.span.secret_start, &mut moved.span.secret_end] {
            *at = self.of(*at);
        }
        moved.name = found.name.map(|(a, b)| (self.of(a), self.of(b)));
        moved
    }
}

/// A sink for what is not asked for: the matches are in the scratch afterwards.
struct Silent;

impl Sink for Silent {
    const TRACED: bool = true;

    fn hit(&mut self, _: &Match) {}
}

impl Engine {
    /// Scans all of `input`, with the matches in [`Scratch::matches`], and records what was looked at. With an older text that `input`
    /// was made from, in `segments` that cover it in order, only what is new is looked at. The path must mean the same for both.
    pub fn scan_version(&self, scratch: &mut Scratch, input: &Input<'_>, older: Option<(&Record, &[Segment])>) -> Record {
        let all = 0..input.bytes.len();
        let carried = older.and_then(|(record, segments)| Carried::plan(record, segments, input.bytes));
        let (mut record, parts) = carried.unwrap_or_else(|| (Record::default(), vec![all.clone()]));
        self.look(scratch, input, &parts, &mut record);
        if record.full && parts != [all.clone()] {
            record = Record::default();
            self.look(scratch, input, &[all], &mut record);
        }
        scratch.full = record.full;
        scratch.matches.clear();
        scratch.matches.extend(record.found.iter().map(|(_, found)| found.clone()));
        scratch.marked.clear();
        scratch.marked.extend(record.marked.iter().map(|(_, at)| *at));
        self.settle(scratch, input, &mut Silent);
        record
    }

    /// Looks at the places in `parts` and adds what they lead to.
    fn look(&self, scratch: &mut Scratch, input: &Input<'_>, parts: &[Range<usize>], record: &mut Record) {
        search::search_places(self, (scratch, &mut Silent), input, parts);
        record.len = input.bytes.len();
        record.zones.append(&mut scratch.zones);
        record.zones.sort_by_key(|zone| zone.at);
        record.found.extend(scratch.led.iter().copied().zip(scratch.matches.iter().cloned()));
        record.found.sort_by_key(|(trigger, _)| trigger.order());
        record.marked.extend(scratch.led_marked.iter().copied().zip(scratch.marked.iter().copied()));
        record.marked.sort_by_key(|(trigger, _)| trigger.at);
        record.full = scratch.full || record.found.len() >= MAX_MATCHES;
    }
}

/// Works out what can be carried.
struct Carried<'a> {
    old: &'a Record,
    segments: Vec<Segment>,
    bytes: &'a [u8],
    /// Places to look at.
    dirty: Vec<Range<usize>>,
}

impl<'a> Carried<'a> {
    /// What is carried, and the parts to look at; `None` if nothing can be, or it is not worth it.
    fn plan(old: &'a Record, segments: &[Segment], bytes: &'a [u8]) -> Option<(Record, Vec<Range<usize>>)> {
        if old.full {
            return None;
        }
        let mut this = Self { old, segments: joined(segments), bytes, dirty: Vec::new() };
        let mut zones = Vec::with_capacity(old.zones.len());
        let mut hint = 0;
        for index in 0..this.segments.len() {
            this.segment(index, &mut zones, &mut hint);
        }
        this.chains(&zones);
        this.widen();
        let dirty: usize = this.dirty.iter().map(Range::len).sum();
        if dirty > bytes.len() / 10 * 9 {
            return None;
        }
        let mut next = 0;
        zones.retain(|zone| {
            while this.dirty.get(next).is_some_and(|d| d.end <= zone.at()) {
                next += 1;
            }
            this.dirty.get(next).is_none_or(|d| zone.at() < d.start)
        });
        let record = this.carry(zones);
        Some((record, this.dirty))
    }

    /// Makes the places dirty that depend on bytes of a segment and on others, and carries the zones of those that do not. Zones are
    /// looked for near the one with number `hint`.
    fn segment(&mut self, index: usize, zones: &mut Vec<Zone>, hint: &mut usize) {
        let Segment { to, from } = self.segments[index].clone();
        let Some(from) = from else {
            self.mark(to.start.saturating_sub(BEHIND)..to.end + BEFORE);
            return;
        };
        let end = from + to.len();
        let (whole_start, whole_end) = (to.start == 0 && from == 0, to.end == self.bytes.len() && end == self.old.len);
        if !whole_start && !whole_end && to.len() <= BEFORE + BEHIND {
            self.mark(to.start.saturating_sub(BEHIND)..to.end + BEFORE);
            return;
        }
        if !whole_start {
            self.mark(to.start.saturating_sub(BEHIND)..to.start + BEFORE);
        }
        let shift = Shift { old: from, new: to.start };
        *hint = first_from(&self.old.zones, from, *hint);
        for zone in self.old.zones[*hint..].iter().take_while(|zone| zone.at() < end) {
            *hint += 1;
            // A zone that begins with the text depends on nothing being before it.
            let before = zone.from == 0 || (zone.from as usize) < from;
            let cut = before && !whole_start || zone.to as usize > end && !whole_end;
            if cut {
                let at = shift.of(zone.at());
                self.mark(at..at + 1);
            }
            // The place of a regular expression binds others to it even where it is looked at again.
            if !cut || zone.chain > 0 {
                zones.push(zone.moved(shift));
            }
        }
        if from % PIECE != to.start % PIECE {
            self.pieces(&to, from);
        }
        if !whole_end {
            self.mark(to.end.saturating_sub(BEHIND)..to.end + BEFORE);
        }
    }

    /// Long runs are cut where they cross multiples of a number, in the old text and in the new one.
    fn pieces(&mut self, to: &Range<usize>, from: usize) {
        let borders = |start: usize| (PIECE - start % PIECE) % PIECE;
        for first in [borders(to.start), borders(from)] {
            for at in (to.start + first..=to.end).step_by(PIECE) {
                let before = &self.bytes[at.saturating_sub(WORD)..at];
                if before.len() == WORD && before.iter().rev().all(|b| TOKEN.has(*b)) {
                    self.mark(at.saturating_sub(RUN)..at + RUN);
                }
            }
        }
    }

    /// Adds a range to those that are dirty, which stay sorted and apart. They come nearly in order.
    fn mark(&mut self, range: Range<usize>) {
        let mut range = range.start..range.end.min(self.bytes.len());
        if range.start >= range.end {
            return;
        }
        let mut later = Vec::new();
        while let Some(last) = self.dirty.pop_if(|last| last.end >= range.start) {
            if last.start > range.end {
                later.push(last);
            } else {
                range = last.start.min(range.start)..last.end.max(range.end);
            }
        }
        self.dirty.push(range);
        self.dirty.extend(later.into_iter().rev());
    }

    /// Where a regular expression is tried and how depends on where it was tried shortly before, and that may change where anything is
    /// looked at.
    fn chains(&mut self, zones: &[Zone]) {
        let mut last = None;
        for zone in zones.iter().filter(|zone| zone.chain > 0) {
            let near = zone.at().saturating_sub(zone.chain as usize + RUN)..zone.at();
            if last.is_some_and(|last| near.start <= last) || self.touches(&near) {
                last = Some(zone.at());
                self.mark(zone.at()..zone.at() + 1);
            }
        }
    }

    fn touches(&self, range: &Range<usize>) -> bool {
        let index = self.dirty.partition_point(|d| d.end <= range.start);
        self.dirty.get(index).is_some_and(|d| d.start < range.end)
    }

    fn is_dirty(&self, at: usize) -> bool {
        let index = self.dirty.partition_point(|d| d.end <= at);
        self.dirty.get(index).is_some_and(|d| d.start <= at)
    }

    /// No part begins or ends within a name, which is shorter than this: what stands at its start decides about the rest of it.
    fn widen(&mut self) {
        let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        for mut range in std::mem::take(&mut self.dirty) {
            range.start -= self.bytes[..range.start].iter().rev().take(4 * WORD).take_while(|b| name(b)).count();
            range.end += self.bytes[range.end..].iter().take(4 * WORD).take_while(|b| name(b)).count();
            self.mark(range);
        }
    }

    fn carry(&self, zones: Vec<Zone>) -> Record {
        let mut record = Record { zones, ..Record::default() };
        for Segment { to, from } in &self.segments {
            let Some(from) = *from else { continue };
            let shift = Shift { old: from, new: to.start };
            let end = from + to.len();
            let moved = |trigger: Trigger| Trigger { at: shift.of(trigger.at), ..trigger };
            let clean = |trigger: Trigger| (from..end).contains(&trigger.at) && !self.is_dirty(shift.of(trigger.at));
            // They are in the order of words.
            let first = self.old.found.partition_point(|(trigger, _)| trigger.at / WORD < from / WORD);
            let found = self.old.found[first..].iter().take_while(|(trigger, _)| trigger.at / WORD <= end / WORD);
            let found = found.filter(|(trigger, _)| clean(*trigger));
            record.found.extend(found.map(|(trigger, found)| (moved(*trigger), shift.span(found))));
            let first = self.old.marked.partition_point(|(trigger, _)| trigger.at < from);
            let marked = self.old.marked[first..].iter().take_while(|(trigger, _)| trigger.at < end);
            let marked = marked.filter(|(trigger, _)| clean(*trigger));
            record.marked.extend(marked.map(|(trigger, at)| (moved(*trigger), shift.of(*at))));
        }
        record
    }
}

/// The same with those made one that were only cut for the sake of the format.
fn joined(segments: &[Segment]) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::with_capacity(segments.len());
    for segment in segments.iter().filter(|s| !s.to.is_empty()) {
        let follows = |last: &Segment| match (last.from, segment.from) {
            (Some(a), Some(b)) => a + last.to.len() == b,
            (None, None) => true,
            _ => false,
        };
        match out.last_mut() {
            Some(last) if follows(last) => last.to.end = segment.to.end,
            _ => out.push(segment.clone()),
        }
    }
    out
}

/// Number of the first zone of a place from `from` on, looked for near `hint`.
fn first_from(zones: &[Zone], from: usize, hint: usize) -> usize {
    let hint = hint.min(zones.len());
    let (mut low, mut high, mut step) = (hint, hint, 1);
    while low > 0 && zones[low - 1].at() >= from {
        high = low - 1;
        low = low.saturating_sub(step);
        step *= 2;
    }
    step = 1;
    while high < zones.len() && zones[high].at() < from {
        low = high + 1;
        high = (high + step).min(zones.len());
        step *= 2;
    }
    low + zones[low..high].partition_point(|zone| zone.at() < from)
}
