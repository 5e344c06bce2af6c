//! The live pipe: bytes go in, and come out without the secrets in them, as soon as that can be said.
//!
//! It must not read, write or wait; whoever does calls it. Start with [`Filter`]: bytes are put into [`Filter::space`], and
//! [`Filter::run`] gives out what may go, at every moment no more than is decided.
//!
//! - What may go is decided by lines. Of a line that has not ended, only [`When::Silence`] gives out a part: what stands before all that
//!   what follows may show to be a secret ([`Engine::unfinished`]). A private key in PEM form goes as a whole ([`block`]), and so does
//!   what the engine finds in several lines that are there. Lines of a key that stand apart are covered one by one ([`body`]).
//! - What counts only beside another secret, such as the id of a key, counts if that one is in the same or an earlier line.
//! - A line longer than [`LONG`] goes piece by piece, each [`OVERLAP`] bytes behind what has come in, which no match is longer than.
//! - Memory is that of the buffer, whatever comes in.
//! - Codes that colour a terminal are taken out before the engine sees the text, and put back ([`colour`]).
//! - What replaces a secret in a line of JSON leaves it valid ([`json`]).
//! - Secrets that are known ([`Filter::knowing`]) are found wherever they stand; of them only what may begin one is held ([`known`]).

mod block;
mod body;
mod colour;
pub mod cover;
mod escape;
pub mod fields;
mod json;
mod known;
mod names;
mod queries;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_forms;
mod values;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::engine::{Engine, Input, Match, OVERLAP, Scratch};
use super::finding::Confidence;
use super::known::{Hit, KnownSecrets};
use super::rule::Role;
use block::Found;
use body::Body;
use colour::Plain;
use cover::{Cover, Covered, Made};
use fields::Fields;

/// Bytes before those to be decided that the engine sees, at least; nothing it looks back for is further away.
const CONTEXT: usize = 4096;
/// Bytes that are decided at a time.
const BATCH: usize = 128 * 1024;
/// A line of which so much is there goes piece by piece.
pub const LONG: usize = 96 * 1024;
/// What may begin a secret is held until there is so much of it.
const MOST_HELD: usize = 64 * 1024;
/// Room for all of that.
const ROOM: usize = CONTEXT + 1024 + BATCH + OVERLAP;
/// Offsets of what the engine sees are multiples of this.
const STEP: usize = 1024;

/// What happens to a secret, and what counts as one.
#[derive(Debug)]
pub struct Options {
    /// What stands in its place.
    pub cover: Cover,
    /// Matches of this confidence and more.
    pub least: Confidence,
    /// The byte that ends a line.
    pub separator: u8,
    /// What is taken out whatever its value is.
    pub fields: Fields,
    /// What becomes of bytes that could not be judged.
    pub on_fault: OnFault,
    /// Seconds since 1970.
    pub now: u64,
}

/// What becomes of bytes that could not be judged: the engine failed on them, or they have more matches than it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFault {
    /// They go on as they are but for what was found.
    PassOn,
    /// They are left out, and a line says how many.
    Withhold,
}

/// Why it is asked for what may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// There is no more at the moment.
    Data,
    /// There was no more for a while.
    Silence,
    /// There will be no more.
    End,
}

/// What was done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes that came in.
    pub bytes_in: u64,
    /// Bytes that went out, without those that nobody took.
    pub bytes_out: u64,
    /// Places replaced, by rule or, behind `field:`, by field.
    pub replaced: BTreeMap<String, u64>,
    /// Lines left out because of a secret in them.
    pub dropped_lines: u64,
    /// Bytes that could not be judged.
    pub unjudged: u64,
}

impl Counts {
    fn add(&mut self, covered: &Covered) {
        match self.replaced.get_mut(&*covered.name) {
            Some(n) => *n += 1,
            None => drop(self.replaced.insert(covered.name.to_string(), 1)),
        }
    }
}

/// A stream on its way.
pub struct Filter<'e> {
    engine: &'e Engine,
    options: Options,
    known: Option<&'e KnownSecrets>,
    /// Where known secrets stand, in the room.
    hits: Vec<Hit>,
    made: Made<'e>,
    scratch: Scratch,
    room: Vec<u8>,
    /// What was there before and is still looked at, then what is to be decided, up to `len`.
    done: usize,
    len: usize,
    /// Offset of the first byte of the room in the stream.
    base: u64,
    plain: Plain,
    covered: Vec<Covered>,
    out: Vec<u8>,
    /// All up to the end of the line is replaced, or dropped, since its beginning is.
    rest: Rest,
    /// The key that what has gone is in.
    body: Body,
    counts: Counts,
    #[cfg(test)]
    faulty: bool,
}

/// What happens to the rest of a line whose beginning has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Judged,
    Replaced,
    /// With the end of the line.
    Dropped,
}

impl<'e> Filter<'e> {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(engine: &'e Engine, options: Options) -> Self {
        let made = Made::new(&options.cover, engine.rules(), options.fields.names());
        Self {
            engine,
            options,
            known: None,
            hits: Vec::new(),
            made,
            scratch: Scratch::default(),
            room: vec![0; ROOM],
            done: 0,
            len: 0,
            base: 0,
            plain: Plain::default(),
            covered: Vec::new(),
            out: Vec::new(),
            rest: Rest::Judged,
            body: Body::default(),
            counts: Counts::default(),
            #[cfg(test)]
            faulty: false,
        }
    }

    /// The same, which also covers what is `known`, in any form and whatever the engine thinks of it.
    #[must_use]
    pub fn knowing(mut self, known: &'e KnownSecrets) -> Self {
        self.known = Some(known).filter(|known| !known.is_empty());
        self
    }

    /// Where the next bytes belong. It is empty only until [`Filter::run`] is called.
    pub fn space(&mut self) -> &mut [u8] {
        &mut self.room[self.len..]
    }

    /// So many bytes were put there.
    pub fn filled(&mut self, n: usize) {
        self.len += n;
        self.counts.bytes_in += n as u64;
    }

    /// Is anything held back?
    #[must_use]
    pub fn holds(&self) -> bool {
        self.done < self.len
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Gives out what may go.
    ///
    /// # Errors
    /// What `write` fails with; what it was called for has gone then, as far as this is concerned.
    pub fn run(&mut self, when: When, write: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if self.options.separator != b'\n' {
            self.records(write)?;
        }
        let limit = self.limit(when);
        let result = if limit > self.done { self.give(limit, when, write) } else { Ok(()) };
        self.slide();
        if self.len < ROOM || result.is_err() {
            return result;
        }
        // Nothing can be held any longer: without room nothing more could come in.
        let result = self.give(self.len - OVERLAP, When::End, write);
        self.slide();
        result
    }

    /// Gives out the records that are there as wholes, each as if it was all there is.
    fn records(&mut self, write: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let len = self.len;
        while let Some(end) = memchr::memchr(self.options.separator, &self.room[self.done..len]).map(|n| self.done + n) {
            self.len = end;
            self.look_for_known(end, When::End);
            let found = self.find(end);
            let (limit, _) = self.settle(end, When::End);
            self.write_covered(limit, found);
            self.out.push(self.options.separator);
            (self.rest, self.done) = (Rest::Judged, end + 1);
        }
        self.len = len;
        self.flush(write)
    }

    fn flush(&mut self, write: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let result = if self.out.is_empty() { Ok(()) } else { write(&self.out) };
        self.counts.bytes_out += if result.is_ok() { self.out.len() as u64 } else { 0 };
        self.out.clear();
        result
    }

    /// Up to where it may go if nothing is found there.
    fn limit(&self, when: When) -> usize {
        let held = &self.room[self.done..self.len];
        if when == When::End {
            return self.len;
        }
        let ended = last_end(held, self.options.separator).map_or(self.done, |at| self.done + at);
        let line = &self.room[ended..self.len];
        if line.len() >= LONG {
            return self.len - OVERLAP;
        }
        let by_lines = self.options.separator != b'\n' || !self.options.cover.by_parts();
        if when == When::Silence && ended == self.len || when == When::Data || by_lines {
            return ended;
        }
        // The beginning of the line may have gone, and still counts.
        let begin = self.line_begin(ended);
        let is_field = |name: &[u8]| self.options.fields.has(name);
        ended.max(begin + self.engine.unfinished(&self.room[begin..self.len], &is_field))
    }

    /// The beginning of the line that `at` stands in, as far as it is there.
    fn line_begin(&self, at: usize) -> usize {
        last_end(&self.room[..at], self.options.separator).unwrap_or(0)
    }

    fn give(&mut self, limit: usize, when: When, write: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let limit = self.look_for_known(limit, when);
        if limit <= self.done {
            return Ok(());
        }
        let found = self.find(limit);
        let (limit, rest) = self.settle(limit, when);
        if self.covered.is_empty() && self.rest == Rest::Judged && found {
            let whole = self.done..limit;
            self.done = limit;
            if !whole.is_empty() {
                write(&self.room[whole.clone()])?;
            }
            self.counts.bytes_out += whole.len() as u64;
            return Ok(());
        }
        self.write_covered(limit, found);
        self.rest = if rest == Rest::Judged { self.rest } else { rest };
        self.done = limit;
        self.flush(write)
    }

    /// From where it is looked at.
    fn context(&self) -> usize {
        // A record has nothing before it.
        let is_record = self.options.separator != b'\n';
        if is_record { self.line_begin(self.done) } else { self.done.saturating_sub(CONTEXT) / STEP * STEP }
    }

    /// Finds what is to be replaced before `limit`. False if not all of it could be judged.
    fn find(&mut self, limit: usize) -> bool {
        self.covered.clear();
        self.cover_known(limit);
        let from = self.context();
        let bytes = &self.room[from..self.len];
        self.plain.read(bytes);
        let (text, base) = match self.plain.text() {
            Some(text) => (text, 0),
            None => (bytes, (self.base + from as u64) / STEP as u64 * STEP as u64),
        };
        let emit = self.plain.to_text(self.done - from)..self.plain.to_text(limit - from);
        let input = Input { bytes: text, emit, base, path: None, now: self.options.now };
        let (plain, options, known, done, room) = (&self.plain, &self.options, &self.made, self.done, &self.room);
        let raw = |range: Range<usize>| from + plain.to_raw_start(range.start)..from + plain.to_raw_end(range.end);
        let covered = &mut self.covered;
        options.fields.find(text, input.emit.start, known, |name, range| {
            let range = raw(range);
            if range.end > done && range.start < limit {
                covered.push(options.cover.of_field(name, &room[range.clone()], range));
            }
        });
        // A fault of the engine must not end the stream of who cannot do without it.
        let scan = AssertUnwindSafe(|| {
            #[cfg(test)]
            assert!(!self.faulty, "as asked for");
            self.engine.scan(&mut self.scratch, &input, &mut |_: &_| ());
        });
        if catch_unwind(scan).is_err() {
            self.scratch = Scratch::default();
            return false;
        }
        let counts =
            |found: &&Match| found.confidence >= options.least && self.engine.rules()[found.rule as usize].role == Role::Finding;
        for found in self.scratch.matches().iter().filter(counts) {
            let range = raw(found.hidden());
            if range.end > done && range.start < limit && !known.is_in_cover(text, &found.hidden()) {
                covered.push(options.cover.of(self.engine, found, text, range));
            }
        }
        !self.scratch.is_full()
    }

    /// Holds what is not whole, and makes what is replaced one behind the other. Tells up to where it goes, and what becomes of the rest
    /// of a line that is cut there.
    fn settle(&mut self, limit: usize, when: When) -> (usize, Rest) {
        let (before, mut limit, mut rest) = (limit, limit, Rest::Judged);
        let (room, lines) = (&self.room[..self.len], self.line_begin(self.done)..limit);
        // Nearly always there is none, and that is looked for once.
        let begins = block::next(room, lines.clone()).is_some();
        for found in if begins { block::keys(room, lines) } else { Vec::new() } {
            match found {
                Found::Waits(start) if when != When::End && start >= self.done && self.len - start < MOST_HELD => {
                    limit = limit.min(start);
                }
                Found::Waits(start) if !block::has_body(&self.room[start..limit]) => {}
                Found::Waits(start) => self.cover_key(start..limit),
                Found::Key(range) => self.cover_key(range),
            }
        }
        // Whoever begins in what goes and ends behind it is held, and whoever lies within it.
        while let Some(cut) = self.covered.iter().find(|c| c.range.start < limit && c.range.end > limit).map(|c| c.range.start) {
            if when == When::End || cut < self.done || self.len - cut >= MOST_HELD {
                break;
            }
            limit = cut;
        }
        // A line that may be left out does not begin to go, unless it is too long to be held.
        let begin = self.line_begin(limit);
        if !self.options.cover.by_parts() && limit < before && begin >= self.done && self.len - begin < MOST_HELD {
            limit = begin;
        }
        let (done, covered, cover) = (self.done, &mut self.covered, &self.options.cover);
        if begins || self.body.is_open() {
            self.body.read(&self.room[..self.len], done..limit, |part| covered.push(cover.of_block(part)));
        }
        self.covered.retain(|c| c.range.start < limit);
        for covered in &mut self.covered {
            if covered.range.end > limit && self.options.cover.by_parts() {
                rest = Rest::Replaced;
            }
            covered.range = covered.range.start.max(done)..covered.range.end.min(limit);
        }
        self.covered.retain(|c| !c.range.is_empty());
        cover::merge(&mut self.covered);
        (limit, rest)
    }

    /// Covers what the engine has not found of a private key.
    fn cover_key(&mut self, key: Range<usize>) {
        for part in block::parts(&self.room[..self.len], key) {
            let part = part.start.max(self.done)..part.end.max(self.done);
            if !self.covered.iter().any(|c| c.range.start <= part.start && part.end <= c.range.end) {
                self.covered.push(self.options.cover.of_block(part));
            }
        }
    }

    /// Writes what goes up to `limit`, with covers in the place of secrets.
    fn write_covered(&mut self, limit: usize, judged: bool) {
        let mut at = self.done;
        if self.rest != Rest::Judged && self.rest_covered(&mut at, limit) {
            return;
        }
        if !judged {
            self.counts.unjudged += (limit - at) as u64;
            if self.options.on_fault == OnFault::Withhold {
                let end = if self.options.separator == b'\n' { "\n" } else { "" };
                self.out.extend_from_slice(format!("[stanch: {} bytes withheld]{end}", limit - at).as_bytes());
                return;
            }
        }
        let covered = std::mem::take(&mut self.covered);
        if self.options.cover.by_parts() {
            self.replace(&covered, at, limit);
        } else {
            self.drop_lines(&covered, at, limit);
        }
        self.covered = covered;
    }

    /// Goes on with a line whose beginning is covered. True if it goes on beyond `limit`.
    fn rest_covered(&mut self, at: &mut usize, limit: usize) -> bool {
        let separator = self.options.separator;
        let end = memchr::memchr(separator, &self.room[*at..limit]).map(|n| *at + n);
        let end = match (end, self.rest) {
            (Some(end), Rest::Dropped) => end + 1,
            (Some(end), _) => end,
            (None, _) => {
                *at = limit;
                return true;
            }
        };
        self.rest = Rest::Judged;
        *at = end;
        false
    }

    fn replace(&mut self, covered: &[Covered], from: usize, limit: usize) {
        // A line is looked at once, however much of it is covered.
        let (mut at, mut index, mut plain) = (from, 0, from);
        while let Some(first) = covered.get(index) {
            let line = if first.range.start < plain { None } else { self.json_line(first.range.start, limit) };
            let line = line.filter(|line| first.range.end <= line.end);
            if line.is_none() && first.range.start >= plain {
                let end = memchr::memchr(self.options.separator, &self.room[first.range.start..limit]);
                plain = end.map_or(limit, |n| first.range.start + n);
            }
            let mut fitted = Vec::new();
            let count = match &line {
                Some(line) => {
                    let count = covered[index..].iter().take_while(|c| c.range.end <= line.end).count();
                    json::fit(&self.room[line.clone()], line.start, &covered[index..index + count], &mut fitted);
                    count
                }
                None => {
                    fitted.push(self.quoted(first, limit));
                    1
                }
            };
            index += count;
            for part in &fitted {
                let range = part.range.start.max(at)..part.range.end;
                if range.is_empty() {
                    continue;
                }
                self.out.extend_from_slice(&self.room[at..range.start]);
                self.out.extend_from_slice(part.cover.as_bytes());
                colour::codes(&self.room[range.clone()], &mut self.out);
                at = range.end;
                if !part.cover.is_empty() {
                    self.counts.add(part);
                }
            }
        }
        self.out.extend_from_slice(&self.room[at..limit]);
    }

    /// A cover as it may stand in a line that is some of an object of JSON.
    fn quoted(&self, one: &Covered, limit: usize) -> Covered {
        let value = json::bare_value(&self.room[..limit], one.range.start);
        match value.filter(|value| value.start >= self.done && value.end >= one.range.end) {
            Some(range) => Covered { range, cover: format!("\"{}\"", one.cover), name: one.name.clone() },
            None => one.clone(),
        }
    }

    /// The line around a place, if all of it is there and it is JSON.
    fn json_line(&self, at: usize, limit: usize) -> Option<Range<usize>> {
        let start = self.line_begin(at);
        let separator = self.options.separator;
        let end = memchr::memchr(separator, &self.room[at..self.len]).map_or(self.len, |n| at + n);
        (start >= self.done && end <= limit && json::is_line(&self.room[start..end])).then_some(start..end)
    }

    /// Writes the lines that hold nothing covered.
    fn drop_lines(&mut self, covered: &[Covered], from: usize, limit: usize) {
        let (mut at, separator) = (from, self.options.separator);
        for part in covered {
            self.counts.add(part);
            let begin = self.line_begin(part.range.start);
            let start = begin.max(at);
            if part.range.end <= at {
                continue;
            }
            self.out.extend_from_slice(&self.room[at..start]);
            let last = part.range.end.max(start + 1) - 1;
            let end = memchr::memchr(separator, &self.room[last..limit]).map(|n| last + n + 1);
            // Of a line whose beginning has gone the end goes, too.
            let has_begun = begin < from;
            if end.is_none() && limit < self.len {
                self.rest = if has_begun { Rest::Replaced } else { Rest::Dropped };
            }
            at = end.map_or(limit, |end| end - usize::from(has_begun));
            self.counts.dropped_lines += self.room[start..at].iter().filter(|b| **b == separator).count().max(1) as u64;
        }
        self.out.extend_from_slice(&self.room[at..limit]);
    }

    /// Makes room, and forgets what is not looked at any more.
    fn slide(&mut self) {
        if ROOM - self.len >= ROOM / 4 {
            return;
        }
        let from = self.done.saturating_sub(CONTEXT) / STEP * STEP;
        self.room.copy_within(from..self.len, 0);
        self.base += from as u64;
        self.done -= from;
        self.len -= from;
    }
}

/// Where the last line ends, one past its separator. A carriage return ends a line of text, too, unless a line feed may follow.
fn last_end(bytes: &[u8], separator: u8) -> Option<usize> {
    if separator != b'\n' {
        return memchr::memrchr(separator, bytes).map(|at| at + 1);
    }
    let end = memchr::memrchr(b'\n', bytes).map(|at| at + 1);
    let line = &bytes[end.unwrap_or(0)..];
    let back = memchr::memrchr(b'\r', line).filter(|at| at + 1 < line.len()).map(|at| end.unwrap_or(0) + at + 1);
    back.or(end)
}
