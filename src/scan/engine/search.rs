//! Walks the masks and tries rules at candidates.
//!
//! It must not decide between matches. Start with [`search`].

use std::cell::Cell;
use std::ops::Range;

use super::super::rule::set::TOKEN;
use super::super::rule::{From, Near};
use super::carry::{Trigger, Zone};
use super::classify::{Masks, WORD};
use super::compile::{Action, Literal, Probe, wants_key};
use super::extract::{self, Form, Value};
use super::meaning::{Context, Miss, note};
use super::near::{NEAR, PIECE, block_start};
use super::pattern::{End, Span, Start};
use super::scratch::{Scratch, Searched};
use super::words::{begins_word, begins_word_at, normalise, normalise_into};
use super::{Engine, Input, Match, OVERLAP, Sink, beside};

/// Words classified at a time: what they need fits the first-level cache.
pub(super) const CHUNK: usize = 64;
/// Words of an earlier chunk that are kept, for what stands before a run.
pub(super) const BEHIND: usize = 5;
/// Words classified beyond a chunk, for runs that go on.
pub(super) const AHEAD: usize = 18;
/// Words classified beyond a part of a text made from another one, at first: few runs go on for longer.
const LITTLE_AHEAD: usize = 4;
/// Words without anything behind the last one.
const BLANK: usize = 4;
/// Places to look at that are closer than this are classified with what is between them.
const REGION: usize = 512;
/// Behind the part asked for, candidates are looked at that far: a match may begin before its literal.
const BEYOND: usize = 1024;
/// A regular expression is searched from so far before its literal …
const REGEX_BEFORE: usize = 1024;
/// … to so far behind it.
const REGEX_BEHIND: usize = 16 * 1024;
/// A regular expression is tried where its matches may begin, if these are at most so many places before its literal …
const MOST_STARTS: usize = 16;
/// … and at most so many times in a stretch as long as its longest match.
const MOST_TRIES: u32 = 8;
/// An extractor looks at so many bytes before and behind the place it is called for, and no further.
const EXTRACTED_BEFORE: usize = 256;
const EXTRACTED: usize = 2048;
/// So does who judges, before and behind a match.
const JUDGED: usize = 640;
/// First literals looked at before the literal that a pattern is found by.
const MOST_BACK: usize = 4;
/// Matches kept of one input; with more, [`Scratch::is_full`] says so.
pub(super) const MAX_MATCHES: usize = 200_000;

pub(super) struct Search<'e, 's, 'i, S> {
    pub(super) engine: &'e Engine,
    pub(super) scratch: &'s mut Scratch,
    pub(super) input: &'i Input<'i>,
    pub(super) bytes: &'i [u8],
    /// Byte offset of the first classified word after those kept.
    pub(super) chunk: usize,
    /// For a sink that records: the places to look at, those that are done left out.
    wanted: &'i [Range<usize>],
    /// Nothing is classified from here on.
    pub(super) limit: usize,
    /// Did a run go on beyond that?
    pub(super) cut: Cell<bool>,
    sink: &'s mut S,
}

/// A structural match on its way to judgement.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) keyword: Option<u32>,
    pub(super) value: Option<Value>,
}

/// Finds all matches near `input.emit`.
pub(super) fn search<S: Sink>(engine: &Engine, scratch: &mut Scratch, input: &Input<'_>, sink: &mut S) {
    scratch.forget(engine);
    let end = input.bytes.len().min(input.emit.end.saturating_add(BEYOND));
    let start = input.emit.start.saturating_sub(OVERLAP).next_multiple_of(WORD).min(end);
    Search::new(engine, (scratch, sink), input, start).all(start, end);
}

/// Finds what the places in `wanted`, sorted ranges, lead to. Ranges close to each other are classified as one.
pub(super) fn search_places<S: Sink>(
    engine: &Engine,
    (scratch, sink): (&mut Scratch, &mut S),
    input: &Input<'_>,
    wanted: &[Range<usize>],
) {
    scratch.forget(engine);
    for region in wanted.chunk_by(|one, next| next.start < one.end + REGION) {
        let (Some(first), Some(last)) = (region.first(), region.last()) else { continue };
        let start = first.start / WORD * WORD;
        let state = scratch.state();
        for limit in [last.end.next_multiple_of(WORD) + LITTLE_AHEAD * WORD, usize::MAX] {
            let mut search = Search::new(engine, (&mut *scratch, &mut *sink), input, start);
            (search.wanted, search.limit) = (region, limit);
            search.all(start, last.end);
            if !search.cut.get() {
                break;
            }
            scratch.restore(&state);
        }
    }
}

impl<'e, 's, 'i, S: Sink> Search<'e, 's, 'i, S> {
    /// One that begins at the word at `start`.
    fn new(engine: &'e Engine, (scratch, sink): (&'s mut Scratch, &'s mut S), input: &'i Input<'i>, start: usize) -> Self {
        scratch.masks[..BEHIND].fill(Masks::default());
        let chunk = start.saturating_sub(BEHIND * WORD);
        Self { engine, scratch, input, bytes: input.bytes, chunk, wanted: &[], limit: usize::MAX, cut: Cell::new(false), sink }
    }

    /// Which places of the word at `at` are to be looked at.
    fn wanted(&mut self, at: usize) -> u64 {
        while let [first, rest @ ..] = self.wanted
            && first.end <= at
        {
            self.wanted = rest;
        }
        let mut mask = 0;
        for range in self.wanted.iter().take_while(|range| range.start < at + WORD) {
            let (from, to) = (range.start.max(at) - at, range.end.min(at + WORD) - at);
            mask |= u64::MAX << from & u64::MAX >> (WORD - to);
        }
        mask
    }

    fn all(&mut self, start: usize, end: usize) {
        let mut known = 0;
        while self.chunk < end {
            self.classify(known);
            known = AHEAD;
            for word in 0..CHUNK {
                let at = self.chunk + word * WORD;
                if at >= end {
                    break;
                }
                if at + WORD > start {
                    self.word(word, at, end);
                }
            }
            self.chunk += CHUNK * WORD;
            if self.chunk < end {
                self.scratch.masks.copy_within(CHUNK.., 0);
            }
        }
    }

    /// Fills the masks of the chunk and those ahead of it; the first `known` have their classes already.
    fn classify(&mut self, known: usize) {
        let tables = &self.engine.tables;
        let from = self.bytes.len().min(self.chunk + known * WORD);
        let to = self.bytes.len().min(self.chunk + (CHUNK + AHEAD) * WORD).min(self.limit.max(from));
        let masks = &mut self.scratch.masks;
        tables.classifier.classify(&self.bytes[from..to], &self.bytes[to..], &mut masks[BEHIND + known..]);
        // Nothing looks further ahead than one word without a run.
        let behind = BEHIND + known + (to - from).div_ceil(WORD);
        let ahead = masks.len().min(behind + BLANK);
        masks[behind..ahead].fill(Masks::default());
        // The hints of the last two depend on what follows them.
        let first = known.saturating_sub(2);
        let last = masks.len().min(BEHIND + to.saturating_sub(self.chunk).div_ceil(WORD) + 2);
        tables.hints.fill(self.bytes, self.chunk + first * WORD, &mut masks[BEHIND + first - 1..last.max(BEHIND + first + 2)]);
    }

    #[inline]
    fn word(&mut self, word: usize, at: usize, end: usize) {
        let here = &self.scratch.masks[BEHIND + word];
        if here.long | here.literal | here.word | here.other == 0 {
            return;
        }
        let mut keep = if end - at < WORD { (1u64 << (end - at)) - 1 } else { u64::MAX };
        if S::TRACED {
            keep &= self.wanted(at);
        }
        let masks = &self.scratch.masks[BEHIND + word - 1..=BEHIND + word + 1];
        let [before, here, next] = [&masks[0], &masks[1], &masks[2]];
        let (long, literal, words, other) = (here.long & keep, here.literal & keep, here.word & keep, here.other & keep);
        if long != 0 {
            let alnum = here.digit | here.upper | here.lower;
            let carry = (before.digit | before.upper | before.lower) >> 63;
            let starts = alnum & !(alnum << 1 | carry) & long;
            let piece = before.token == u64::MAX && (self.input.base as usize).wrapping_add(at).is_multiple_of(PIECE);
            let piece = u64::from(piece);
            let runs = here.token & (!(here.token << 1 | before.token >> 63) | piece) & long;
            // Thirty-two token characters begin here.
            let longer = (starts | runs) & (here.long >> 16 | next.long << 48);
            let probe = here.probe & keep;
            let two = |class: fn(&Masks) -> u64| u128::from(class(here)) | u128::from(class(next)) << 64;
            let (token, letter, digit) = (two(|m| m.token), two(|m| m.upper | m.lower), two(|m| m.digit));
            self.each((0, probe), at, |this, pos| this.probe(pos, Start::Border));
            self.each((1, longer), at, |this, pos| {
                // At the start of a run or of a value.
                if pos == 0 || this.bytes[pos - 1] == b'=' || !TOKEN.has(this.bytes[pos - 1]) {
                    this.infix(pos, word);
                }
            });
            self.each((2, runs), at, |this, pos| {
                let first = 1u128 << (pos - at);
                // Carried to where the run ends, if that is within reach.
                let run = token & !token.wrapping_add(first);
                let plain = run >> 127 == 0 && (run & letter == 0 || run & digit == 0);
                this.looked(pos, at + 128 - run.leading_zeros() as usize);
                this.run(pos, word, plain);
            });
        }
        // In the order of their places: of two words of a name the first one decides where the name begins.
        self.each((3, literal | words), at, |this, pos| {
            if literal >> (pos - at) & 1 != 0 {
                this.anywhere(pos);
            }
            if words >> (pos - at) & 1 != 0 {
                this.word_literal(pos);
            }
        });
        if other != 0 {
            self.each((4, other), at, Self::other);
        }
    }

    #[inline]
    fn each(&mut self, (kind, mut bits): (u8, u64), at: usize, mut visit: impl FnMut(&mut Self, usize)) {
        while bits != 0 {
            let pos = at + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            if S::TRACED {
                self.scratch.trigger = Trigger { at: pos, kind };
                self.scratch.looked = pos..pos;
                self.scratch.runs.far = 0;
            }
            visit(self, pos);
            if S::TRACED {
                self.looked(pos, self.scratch.runs.far);
                self.scratch.zones.extend(Zone::of(pos, &self.scratch.looked));
            }
        }
    }

    /// What is being looked at depends on bytes of this range.
    #[inline]
    pub(super) fn looked(&mut self, from: usize, to: usize) {
        if S::TRACED {
            let looked = &mut self.scratch.looked;
            *looked = looked.start.min(from)..looked.end.max(to);
        }
    }

    /// Looks up anchors at a word start.
    #[inline]
    fn probe(&mut self, at: usize, start: Start) {
        let engine = self.engine;
        let (found, mut hit) = (self.scratch.matches.len(), false);
        engine.tables.probe_table.look_up(&self.bytes[at..], |probe| match engine.tables.probes[probe as usize] {
            Probe::Pattern { pattern, offset } => {
                let start = if offset == 0 { start } else { Start::Border };
                hit |= offset == 0;
                if let Some(begin) = at.checked_sub(offset as usize) {
                    self.pattern(pattern, begin, start, Found::default());
                }
            }
            Probe::Regex { rule } => self.regex(rule, at),
        });
        if hit && self.scratch.matches.len() == found {
            self.begun(at);
        }
    }

    /// Looks up literals at fixed offsets behind a word start.
    fn infix(&mut self, at: usize, word: usize) {
        let engine = self.engine;
        let (end, last) = self.run_end(at, word);
        self.looked(at, end);
        // Beyond the piece the run may go on; keys stand in its first bytes.
        let reach = engine.tables.infixes.reach();
        let upper = end < reach + at && last > end || self.has(at, end.min(at + reach), word, |m| m.upper);
        let bytes = self.bytes;
        let hit = |pattern| self.pattern(pattern, at, Start::Border, Found::default());
        engine.tables.infixes.look_up(&bytes[at..], last - at, upper, hit);
    }

    pub(super) fn pattern(&mut self, pattern: u32, at: usize, start: Start, found: Found) {
        let pattern = &self.engine.tables.patterns[pattern as usize];
        // What is too near the end of the text is not tried.
        let short = self.bytes.len() < at + pattern.min_len;
        self.looked(at.saturating_sub(1), at + if short { pattern.min_len } else { pattern.literals + 1 });
        if let Some(span) = pattern.match_at(self.bytes, at, (start, End::Border), &mut self.scratch.runs) {
            self.judge(pattern.rule, span, found);
        }
        self.looked(at, self.scratch.runs.far + pattern.literals + 1);
    }

    /// A token directly behind `\n`, `\t`, `%3D`, `\x3d` or `\u003d`, or behind a sequence that colours a terminal.
    pub(super) fn escaped(&mut self, at: usize) {
        let hex =
            |n: usize, from: usize| self.bytes.get(at + from..at + from + n).is_some_and(|b| b.iter().all(u8::is_ascii_hexdigit));
        let skip = match (self.bytes[at - 1], self.bytes[at]) {
            (b'%', _) if hex(2, 0) => 2,
            (b'\\', b'n' | b'r' | b't') => 1,
            (b'\\', b'x') if hex(2, 1) => 3,
            (b'\\', b'u') if hex(4, 1) => 5,
            (b'[' | b';', _) => match self.colour(at) {
                Some(length) => length,
                None => return,
            },
            _ => return,
        };
        if at + skip < self.bytes.len() {
            self.probe(at + skip, Start::Given);
        }
    }

    /// How much of a control sequence (`ESC [ 1 ; 31 m`) stands from `at` on, if one began before it.
    fn colour(&self, at: usize) -> Option<usize> {
        let before = &self.bytes[at.saturating_sub(16)..at];
        let numbers = before.iter().rev().take_while(|b| b.is_ascii_digit() || **b == b';').count();
        let digits = self.bytes[at..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
        let open = before[..before.len() - numbers].ends_with(b"\x1b[");
        (open && self.bytes.get(at + digits).is_some_and(u8::is_ascii_alphabetic)).then_some(digits + 1)
    }

    /// Follows up a hint of the classifier: literals that may stand anywhere.
    fn anywhere(&mut self, at: usize) {
        let engine = self.engine;
        engine.tables.anywhere.look_up(&self.bytes[at..], |index| {
            let literal = &engine.tables.literals[index as usize];
            if !literal.starts || begins_word_at(self.bytes, at) {
                self.literal(at, literal);
            }
        });
    }

    /// The same for literals that begin a word.
    #[inline]
    fn word_literal(&mut self, at: usize) {
        let engine = self.engine;
        engine.tables.words.long(&self.bytes[at..], |index| self.literal(at, &engine.tables.literals[index as usize]));
    }

    fn literal(&mut self, at: usize, literal: &Literal) {
        let Some(start) = at.checked_sub(literal.before.len()) else { return };
        let same = |at: usize, wanted: &[u8]| {
            let text = self.bytes.get(at..at + wanted.len());
            text.is_some_and(|text| if literal.folded { text.eq_ignore_ascii_case(wanted) } else { text == wanted })
        };
        // The first eight bytes were compared when it was looked up.
        let rest = literal.bytes.get(8..).unwrap_or_default();
        self.looked(start, at + literal.bytes.len());
        if !rest.is_empty() && !same(at + 8, rest) || start < at && !same(start, &literal.before) {
            return;
        }
        for action in &literal.actions {
            match *action {
                Action::Pattern(pattern, offset) => {
                    if let Some(begin) = at.checked_sub(offset as usize) {
                        self.pattern(pattern, begin, Start::Border, Found::default());
                    }
                }
                Action::Back(pattern, least, most) => self.back(pattern, at, (least as usize, most as usize)),
                Action::Regex(rule) => self.regex(rule, start),
                Action::Assignment => self.assignment(at),
                Action::Url if self.is_endless(at, false) => {}
                Action::Url => self.values(extract::url_password(self.bytes, at), From::UrlPassword),
                Action::Header => self.values(extract::header(self.bytes, at), From::AuthHeader),
            }
        }
    }

    /// Tries a pattern at the literals it begins with that stand `lead` bytes before `at`.
    fn back(&mut self, pattern: u32, at: usize, lead: (usize, usize)) {
        let Some(first) = self.engine.tables.patterns[pattern as usize].first_literal() else { return };
        let (from, to) = (at.saturating_sub(lead.1), (at + first.len()).saturating_sub(lead.0));
        self.looked(from, to);
        let window = &self.bytes[from.min(to)..to];
        for start in memchr::memmem::rfind_iter(window, first).take(MOST_BACK) {
            self.pattern(pattern, from + start, Start::Border, Found::default());
        }
    }

    /// Looks for a regular expression one of whose literals stands at `at`: by trying the few places where a match may begin,
    /// or, where there are many or literals stand close together, by searching around it, no byte twice.
    fn regex(&mut self, rule: u32, at: usize) {
        let engine = self.engine;
        let Some(regex) = &engine.tables.regexes[rule as usize] else { return };
        let reach = regex.reach().min(REGEX_BEHIND);
        if S::TRACED {
            let around = at.saturating_sub(REGEX_BEFORE)..at + reach;
            self.scratch.zones.push(Zone::chained(self.scratch.trigger.at, &around, reach));
        }
        let known = self.scratch.searched[regex.number()];
        if at < known.to {
            return;
        }
        let to = self.bytes.len().min(at + reach);
        if let (least, Some(most)) = regex.lead()
            && most - least <= MOST_STARTS
            && (at >= known.window || known.tries < MOST_TRIES)
        {
            let (window, tries) = if at >= known.window { (to, 0) } else { (known.window, known.tries) };
            let starts = (least..=most).rev().filter_map(|lead| at.checked_sub(lead));
            let found = starts.filter(|s| *s >= known.to).find_map(|start| regex.begins(self.bytes, start, to));
            let to = found.map_or(known.to, |span| span.end);
            self.scratch.searched[regex.number()] = Searched { to, window, tries: tries + 1 };
            found.into_iter().for_each(|span| self.judge(rule, span, Found::default()));
            return;
        }
        let from = at.saturating_sub(regex.lead().1.unwrap_or(REGEX_BEFORE).min(REGEX_BEFORE));
        let mut spans = Vec::new();
        regex.find(self.bytes, from, to, &mut |span| spans.push(span));
        // What was searched with enough room behind it needs no second look.
        self.scratch.searched[regex.number()].to = if to == self.bytes.len() { to } else { at + reach / 2 };
        for span in spans {
            self.judge(rule, span, Found::default());
        }
    }

    /// Is this a stretch in which no value and no password of a URL ends? Each byte is looked at once, whatever the input.
    fn is_endless(&mut self, at: usize, name: bool) -> bool {
        self.looked(at.saturating_sub(EXTRACTED_BEFORE), at + EXTRACTED);
        // A name and what stands between it and its value are shorter than this.
        let reach = if name { 128 } else { 3 };
        let known = &mut self.scratch.endless;
        if !known.contains(&at) {
            *known = at..at;
            self.scratch.endless_ends = false;
        }
        let want = at + reach + extract::ENDLESS;
        if known.end <= want && !self.scratch.endless_ends {
            let to = want + extract::ENDLESS;
            known.end = extract::part_end(self.bytes, known.end, to);
            self.scratch.endless_ends = known.end < to;
        }
        known.end > want
    }

    fn assignment(&mut self, at: usize) {
        if at < self.scratch.value_end || self.is_endless(at, true) {
            return;
        }
        let value = extract::assignment(self.bytes, at);
        if let Some(v) = &value {
            self.scratch.value_end = v.name_end;
        }
        let before = self.scratch.matches.len();
        self.values(value, From::Assignment);
        if self.scratch.matches.len() == before {
            self.values(value.and_then(|v| extract::to_line_end(self.bytes, v)), From::Assignment);
        }
        if let Some(v) = value {
            self.short_value(v.start..v.end);
            if v.form == Form::Quoted {
                self.joined(v.start, v.end);
            }
        }
    }

    /// Tries the rules for whole values of one kind.
    fn values(&mut self, value: Option<Value>, from: From) {
        let Some(value) = value else { return };
        self.looked(value.name_start, value.end + 1);
        let engine = self.engine;
        let values = &engine.tables.values;
        let mut name = std::mem::take(&mut self.scratch.name);
        normalise_into(&self.bytes[value.name_start..value.name_end], &mut name);
        match from {
            From::Assignment => {
                for start in 0..name.len() {
                    values.index.look_up(&name[start..], |id| {
                        let (wanted, rules) = &values.names[id as usize];
                        if wanted.strip_suffix(b"$").map_or(name[start..].starts_with(wanted), |last| name[start..] == *last) {
                            rules.iter().for_each(|r| self.value(*r, value));
                        }
                    });
                }
            }
            From::UrlPassword | From::AuthHeader => {
                let rules = if from == From::UrlPassword { &values.url } else { &values.header };
                for (rule, keys) in rules {
                    if keys.is_empty() || keys.contains(&name) {
                        self.value(*rule, value);
                    }
                }
            }
        }
        self.scratch.name = name;
    }

    fn value(&mut self, rule: u32, value: Value) {
        let tables = &self.engine.tables;
        let found = Found { keyword: None, value: Some(value) };
        for pattern in &tables.values.patterns[rule as usize] {
            let pattern = &tables.patterns[*pattern as usize];
            let edges = (Start::Given, End::At(value.end));
            if let Some(span) = pattern.match_at(&self.bytes[..value.end], value.start, edges, &mut self.scratch.runs) {
                return self.judge(rule, span, found);
            }
        }
        if let Some(span) = tables.regexes[rule as usize].as_ref().and_then(|r| r.whole(self.bytes, value.start, value.end)) {
            self.judge(rule, span, found);
        }
    }

    fn judge(&mut self, index: u32, span: Span, found: Found) {
        let engine = self.engine;
        let rule = &engine.rules[index as usize];
        if span.secret_end <= span.secret_start {
            return;
        }
        if self.scratch.matches.len() >= MAX_MATCHES {
            self.scratch.full = true;
            return;
        }
        self.looked(span.start.saturating_sub(JUDGED), span.end + JUDGED);
        let (mut name, mut is_beside) = (found.value.map(|v| (v.name_start, v.name_end)), false);
        if wants_key(rule) && rule.from.is_none() && !rule.keywords.is_empty() {
            name = extract::name_before(self.bytes, span.start);
            let normal = name.map(|(a, b)| normalise(&self.bytes[a..b])).unwrap_or_default();
            if !rule.keywords.iter().any(|k| memchr::memmem::find(&normal, &normalise(k.as_bytes())).is_some()) {
                is_beside = beside::is_stated(self.bytes, span.start, name, &rule.keywords, rule.id.ends_with("id"));
                if !is_beside {
                    return self.sink.miss(index, span, Miss::Name);
                }
            }
        } else if !rule.keywords.is_empty() && found.keyword.is_none() && !self.has_keyword(rule, span.start) {
            return self.sink.miss(index, span, Miss::Name);
        }
        let form = found.value.map(|v| v.form);
        let cx = Context { bytes: self.bytes, span, name, form, path: self.input.path, now: self.input.now };
        match engine.judges[index as usize].judge(rule, &cx) {
            Ok(v) => {
                let (severity, mut confidence, mut notes) = (v.severity, v.confidence, v.notes);
                if is_beside {
                    (confidence, notes) = (confidence.below(), notes | note::BESIDE);
                }
                let keyword = found.keyword;
                self.scratch.matches.push(Match { rule: index, span, severity, confidence, keyword, name, notes, decoded: None });
                if S::TRACED {
                    self.scratch.led.push(self.scratch.trigger);
                }
            }
            Err(why) => {
                if why == Miss::Marked {
                    self.scratch.marked.push(span.secret_start);
                    if S::TRACED {
                        self.scratch.led_marked.push(self.scratch.trigger);
                    }
                }
                self.sink.miss(index, span, why);
            }
        }
    }

    /// Does a keyword of an anchored rule stand before the match?
    fn has_keyword(&self, rule: &super::Rule, at: usize) -> bool {
        debug_assert!(rule.near == Near::Before || rule.from.is_some(), "names are looked at elsewhere");
        let words: Vec<Vec<u8>> = rule.keywords.iter().map(|k| normalise(k.as_bytes())).collect();
        let text = &self.bytes[block_start(self.bytes, at).min(at.saturating_sub(NEAR))..at];
        begins_word(text, &words)
    }
}
