//! Escapes: `%41`, `\x41`, `\u0041`, `\101`, `\/`, `&#65;`, `=41`.
//!
//! It must not look at single escapes in ordinary text: where fewer than a few stand close together, [`super::few`] says which are worth
//! it. Start with [`Search::escapes`], called where one begins. A stretch of escapes is decoded from its first one on.

use std::ops::Range;

use super::super::Sink;
use super::super::search::Search;
use super::{Codec, Text, is_plain};

/// Fewest escapes that are looked at, and how near to each other they stand.
const FEWEST: usize = 6;
const FIRST_BYTES: usize = 96;
/// Characters between two escapes of a stretch.
const GAP: usize = 24;
/// Longest escape, with the backslashes before it.
pub(super) const LONGEST: usize = 10 + MOST_AGAIN;
/// Backslashes before an escape that is escaped again.
const MOST_AGAIN: usize = 8;
/// `\/`, which is no sign that all of a text is escaped.
const SLASH: usize = 2;
/// A stretch is decoded for so long.
const STRETCH: usize = 16 * 1024;

/// Reads an escape of a family: the character and the length.
pub(super) fn escape(family: Codec, bytes: &[u8]) -> Option<(char, usize)> {
    if bytes.first() != Some(&lead(family)) {
        return None;
    }
    match family {
        Codec::Percent => Some((byte(number(bytes.get(1..3)?, 16)?)?, 3)),
        Codec::Quoted => {
            let digits = bytes.get(1..3).filter(|digits| !digits.iter().any(u8::is_ascii_lowercase))?;
            Some((byte(number(digits, 16)?)?, 3))
        }
        Codec::Backslash => backslash(bytes),
        _ => entity(bytes),
    }
}

/// What escapes of a family begin with.
pub(super) fn lead(family: Codec) -> u8 {
    match family {
        Codec::Percent => b'%',
        Codec::Backslash => b'\\',
        Codec::Quoted => b'=',
        _ => b'&',
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digit = |byte: &u8| char::from(*byte).to_digit(radix);
    let value = digits.iter().try_fold(0_u32, |value, byte| value.checked_mul(radix)?.checked_add(digit(byte)?));
    value.filter(|_| !digits.is_empty())
}

/// Beyond ASCII it is no character alone, and no part of a secret.
fn byte(value: u32) -> Option<char> {
    char::from_u32(value).map(|c| if c.is_ascii() { c } else { '?' })
}

fn backslash(bytes: &[u8]) -> Option<(char, usize)> {
    let digits = |from: usize, n: usize| number(bytes.get(from..from + n)?, 16);
    match bytes.get(1)? {
        b'/' => Some(('/', SLASH)),
        b'x' => Some((byte(digits(2, 2)?)?, 4)),
        b'u' if bytes.get(2) == Some(&b'{') => {
            let end = bytes.iter().take(LONGEST).position(|b| *b == b'}')?;
            Some((byte(number(bytes.get(3..end)?, 16)?)?, end + 1))
        }
        b'u' => Some((byte(digits(2, 4)?)?, 6)),
        b'U' => Some((byte(digits(2, 8)?)?, 10)),
        b'0'..=b'3' => Some((byte(number(bytes.get(1..4)?, 8)?)?, 4)),
        // Escaped again, as in a string within a string.
        b'\\' => {
            let more = bytes.iter().take(MOST_AGAIN).take_while(|b| **b == b'\\').count() - 1;
            let last = bytes.get(more..).filter(|last| last.get(1).is_some_and(|b| *b != b'\\'))?;
            let (character, length) = backslash(last).filter(|(_, length)| *length > SLASH)?;
            Some((character, length + more))
        }
        _ => None,
    }
}

fn entity(bytes: &[u8]) -> Option<(char, usize)> {
    let digits = bytes.strip_prefix(b"&#")?;
    let end = digits.iter().take(LONGEST).position(|b| *b == b';')?;
    let value = match digits[..end].split_first()? {
        (b'x' | b'X', hex) => number(hex, 16)?,
        _ => number(&digits[..end], 10)?,
    };
    Some((byte(value)?, end + 3))
}

/// The family of the escape that begins here.
fn family(bytes: &[u8]) -> Option<Codec> {
    match bytes.first()? {
        b'%' => Some(Codec::Percent),
        b'\\' => Some(Codec::Backslash),
        b'&' => Some(Codec::Entities),
        _ => None,
    }
}

/// Does no stretch go on beyond this character?
pub(super) fn stops(byte: u8) -> bool {
    byte <= b' ' || byte >= 0x7f || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>')
}

/// Where the line ends that a sign at `at` says goes on, in quoted-printable text.
pub(super) fn soft_end(family: Codec, bytes: &[u8], at: usize) -> Option<usize> {
    match bytes[at..] {
        [b'=', b'\r', b'\n', ..] if family == Codec::Quoted => Some(at + 3),
        [b'=', b'\n', ..] if family == Codec::Quoted => Some(at + 2),
        _ => None,
    }
}

impl<S: Sink> Search<'_, '_, '_, S> {
    /// Looks at an escape.
    pub(super) fn escapes(&mut self, at: usize) {
        if let Some(family) = family(&self.bytes[at..]) {
            self.escapes_of(family, at);
        }
    }

    /// Looks at escapes, if the one at `at` is the first of a stretch or of a token.
    pub(super) fn escapes_of(&mut self, family: Codec, at: usize) {
        let bytes = self.bytes;
        let Some((character, length)) = escape(family, &bytes[at..]) else { return };
        self.looked(at.saturating_sub(GAP + LONGEST + 1), at + FIRST_BYTES + LONGEST);
        if self.is_deep(&(at..at + length)) {
            return;
        }
        if length == SLASH || goes_on(bytes, at, family) || !is_text(bytes, at, family) {
            return self.few(family, at, character);
        }
        let mut text = Text::behind(bytes, at);
        // What stands before the first escape may be the beginning of a secret.
        text.own.start -= text.bytes.iter().rev().take_while(|b| !stops(**b)).count();
        let end = decode(bytes, at, family, &mut |byte, from| text.push(byte, from));
        text.end(bytes, end);
        self.within(&text, &[family]);
    }
}

/// Does an escape of the same stretch stand before `at`?
fn goes_on(bytes: &[u8], at: usize, family: Codec) -> bool {
    let floor = at.saturating_sub(GAP + LONGEST);
    for place in memchr::memrchr_iter(lead(family), &bytes[floor..at]).map(|place| floor + place) {
        if bytes[place..at].iter().any(|b| stops(*b)) {
            return false;
        }
        if escape(family, &bytes[place..at]).is_some_and(|(_, length)| length > SLASH && place + length + GAP >= at) {
            return true;
        }
    }
    false
}

/// Are there enough escapes in the first bytes of a stretch, and do most of them stand for text?
fn is_text(bytes: &[u8], from: usize, family: Codec) -> bool {
    let (mut at, mut plain, mut others, end) = (from, 0, 0, bytes.len().min(from + FIRST_BYTES));
    while at < end {
        match escape(family, &bytes[at..]) {
            Some((_, SLASH)) => at += SLASH,
            Some((character, length)) => {
                let is_plain = character != '?' && is_plain(character as u8);
                plain += usize::from(is_plain);
                others += usize::from(!is_plain);
                at += length;
            }
            None => match soft_end(family, bytes, at) {
                Some(next) => at = next,
                None if stops(bytes[at]) => break,
                None => at += 1,
            },
        }
    }
    plain >= FEWEST && others * 4 <= plain
}

/// Decodes a stretch; where it ends.
fn decode(bytes: &[u8], from: usize, family: Codec, each: &mut dyn FnMut(u8, Range<usize>)) -> usize {
    let (mut at, mut last) = (from, from);
    while at < bytes.len().min(from + STRETCH) {
        match escape(family, &bytes[at..]) {
            Some((character, length)) => {
                each(character as u8, at..at + length);
                at += length;
                last = at;
            }
            None => match soft_end(family, bytes, at) {
                Some(next) => (at, last) = (next, next),
                None if stops(bytes[at]) || at > last + GAP => break,
                None => {
                    each(bytes[at], at..at + 1);
                    at += 1;
                }
            },
        }
    }
    at
}
