//! Single escapes inside a token: `ghp%5F…`, `"https:\/\/hooks…"`, `…%3D%3D`.
//!
//! It must not decode what is no candidate: most escapes stand in words, paths and queries. Start with [`Search::few`]. An escape counts
//! that stands for a token character and is the first one in its run; the run is measured, and decoded if it is long and mixes letters
//! and digits, if it begins as a token does, or if it is a URL with a password.

use std::ops::Range;

use super::super::super::rule::set::{ALNUM, Set, TOKEN};
use super::super::Sink;
use super::super::search::Search;
use super::escapes::{LONGEST, escape, lead, soft_end, stops};
use super::{Codec, Text};

/// Bytes before the first escape of a run that are looked at, and those from it on.
const BEFORE: usize = 128;
const AHEAD: usize = 1536;
/// The same in a URL.
const URL: usize = 512;
/// Letters and digits in a row that may be a token, and fewest characters of one.
const LONG: usize = 16;
/// Characters a run begins with.
const HEAD: usize = 24;
/// What is escaped in quoted-printable text inside a token; other pairs of digits are a value that begins so.
const QUOTED: Set = Set::of(b"=_+/.-");

/// What runs are made of.
#[derive(Clone, Copy)]
struct Form {
    family: Codec,
    is_url: bool,
}

impl Form {
    /// Does a run go on with this byte, which is no escape?
    fn has(self, byte: u8) -> bool {
        if self.is_url { !stops(byte) } else { TOKEN.has(byte) && byte != lead(self.family) }
    }

    /// Does it go on with a character that is escaped?
    fn has_character(self, character: char) -> bool {
        character.is_ascii() && (TOKEN.has(character as u8) || self.is_url && !stops(character as u8))
    }

    /// Reads a run from `at` on: every character, and where it stands. Where it ends.
    fn read(self, bytes: &[u8], mut at: usize, each: &mut dyn FnMut(u8, Range<usize>)) -> usize {
        let end = bytes.len().min(at + if self.is_url { URL } else { AHEAD });
        while at < end {
            let (character, next) = match escape(self.family, &bytes[at..]) {
                Some((character, length)) if self.has_character(character) => (Some(character as u8), at + length),
                None if self.has(bytes[at]) => (Some(bytes[at]), at + 1),
                None => match soft_end(self.family, bytes, at) {
                    Some(next) => (None, next),
                    None => break,
                },
                Some(_) => break,
            };
            if let Some(character) = character {
                each(character, at..next);
            }
            at = next;
        }
        at
    }

    /// Where the run begins whose first escape stands at `at`; `None` if another one stands in it before.
    fn begins(self, bytes: &[u8], at: usize) -> Option<usize> {
        let start = at - bytes[..at].iter().rev().take(BEFORE).take_while(|b| TOKEN.has(**b) && **b != lead(self.family)).count();
        let floor = start.saturating_sub(LONGEST);
        for place in memchr::memrchr_iter(lead(self.family), &bytes[floor..start]).map(|place| floor + place) {
            match escape(self.family, &bytes[place..]) {
                Some((character, length)) if place + length >= start => {
                    return (!self.has_character(character)).then_some(place + length).filter(|start| *start <= at);
                }
                // The letter of `\n` and `\t` is no part of it.
                None if self.family == Codec::Backslash && place + 1 == start && start < at => return Some(start + 1),
                _ => {}
            }
        }
        Some(start)
    }
}

/// What a run amounts to.
#[derive(Default)]
struct Run {
    head: [u8; HEAD],
    length: usize,
    /// Letters and digits in a row, and whether both are among them.
    row: usize,
    digit: bool,
    letter: bool,
    /// Were there ever enough of them?
    is_long: bool,
}

impl Run {
    fn add(&mut self, byte: u8) {
        if let Some(place) = self.head.get_mut(self.length) {
            *place = byte;
        }
        self.length += 1;
        if ALNUM.has(byte) || matches!(byte, b'_' | b'+') {
            self.row += 1;
            self.digit |= byte.is_ascii_digit();
            self.letter |= byte.is_ascii_alphabetic();
            self.is_long |= self.row >= LONG && self.digit && self.letter;
        } else {
            (self.row, self.digit, self.letter) = (0, false, false);
        }
    }
}

impl<S: Sink> Search<'_, '_, '_, S> {
    /// Looks at an escape that stands for a character, if it is the first in its run.
    pub(super) fn few(&mut self, family: Codec, at: usize, character: char) {
        let bytes = self.bytes;
        if !character.is_ascii() || !if family == Codec::Quoted { QUOTED } else { TOKEN }.has(character as u8) {
            return;
        }
        let is_slash =
            |at: usize| escape(family, &bytes[at..]).filter(|(character, _)| *character == '/').map(|(_, length)| at + length);
        let is_url = at.checked_sub(1).is_some_and(|before| bytes[before] == b':') && is_slash(at).and_then(is_slash).is_some();
        let (form, mut run) = (Form { family, is_url }, Run::default());
        let Some(start) = form.begins(bytes, at) else { return };
        bytes[start..at].iter().for_each(|b| run.add(*b));
        let end = form.read(bytes, at, &mut |byte, _| run.add(byte));
        self.looked(start.saturating_sub(LONGEST + 1), end + LONGEST);
        if !(run.is_long || is_url && bytes[at..end].contains(&b'@') || self.may_begin(&run)) {
            return;
        }
        let mut text = Text::behind(bytes, at);
        text.own.start -= text.bytes.iter().rev().take_while(|b| !stops(**b)).count();
        form.read(bytes, at, &mut |byte, from| text.push(byte, from));
        text.end(bytes, end);
        self.within(&text, &[family]);
    }

    /// May a token begin where the run does?
    fn may_begin(&self, run: &Run) -> bool {
        let head = &run.head[..run.length.min(HEAD)];
        let Some(first) = head.iter().position(|b| ALNUM.has(*b)).filter(|first| run.length >= first + LONG) else {
            return false;
        };
        let mut is_probe = false;
        self.engine.tables.probe_table.look_up(&head[first..], |_| is_probe = true);
        is_probe
    }
}
