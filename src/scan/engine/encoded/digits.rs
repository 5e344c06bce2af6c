//! Runs of base64 or hexadecimal digits that stand for text or for compressed data.
//!
//! It must not judge what they stand for. Start with [`Search::encoded`]. A digit more or less moves everything behind it, so where a
//! piece of a long run begins all ways to group its digits are tried: few bytes tell which one makes text.

use std::ops::Range;

use super::super::super::rule::set::{ALNUM, Set};
use super::super::Sink;
use super::super::search::Search;
use super::packed::{self, MOST_PACKED};
use super::{Codec, Text, is_plain, is_text};

/// Fewest digits of a text: passwords are short.
const LEAST: usize = 12;
const LEAST_HEX: usize = 32;
/// The same of a value behind the name of a secret.
const SHORT: usize = 6;
/// Longer ones are runs, which are looked at everywhere.
const LEAST_RUN: usize = 16;
/// Digits that must make text before more is done.
const TRIED: usize = 16;
/// Digits before and behind a piece that are decoded with it.
const BACK: usize = 512;
const AHEAD: usize = 1024;
/// The same behind the head of a key.
const AHEAD_OF_KEY: usize = 12 * 1024;
/// A line that is followed by another one of the same text has at least so many digits.
const LINE: usize = 32;
/// A last line of fewer digits may be none.
const TAIL: usize = 16;
/// What is found in compressed data is said to stand in so many of its first digits.
const PLACES: usize = 512;
/// Digits of a line that are looked at to see that it is nothing else.
const LONGEST_LINE: usize = 1024;
/// Blanks before the digits of a line.
const INDENT: usize = 64;

/// An alphabet: how many digits make how many bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Radix {
    codec: Codec,
    /// Digits of a group.
    group: usize,
    bits: u32,
}

const BASE64: Radix = Radix { codec: Codec::Base64, group: 4, bits: 6 };
const HEX: Radix = Radix { codec: Codec::Hex, group: 2, bits: 4 };

/// What digits of both alphabets of base64 stand for, and what hexadecimal ones do.
static BASE64_VALUES: [u8; 256] =
    values([(b'A', 26, 0), (b'a', 26, 26), (b'0', 10, 52), (b'+', 1, 62), (b'-', 1, 62), (b'/', 1, 63), (b'_', 1, 63)]);
static HEX_VALUES: [u8; 256] = values([(b'0', 10, 0), (b'a', 6, 10), (b'A', 6, 10)]);

/// In place of a value: it is no digit.
const NONE: u8 = 255;

/// A table of the values of ranges of digits: first digit, how many there are, value of the first.
const fn values<const RANGES: usize>(ranges: [(u8, u8, u8); RANGES]) -> [u8; 256] {
    let (mut table, mut range) = ([NONE; 256], 0);
    while range < RANGES {
        let (first, count, value) = ranges[range];
        let mut at = 0;
        while at < count {
            table[(first + at) as usize] = value + at;
            at += 1;
        }
        range += 1;
    }
    table
}

/// Digits of base64, of both alphabets.
const DIGITS: Set = ALNUM.or(Set::of(b"+/-_"));

#[inline]
fn is_digit(byte: u8) -> bool {
    DIGITS.has(byte)
}

impl Radix {
    #[inline]
    fn digit(self, byte: u8) -> Option<u32> {
        // By reference: an array that is chosen by value would be copied for each digit.
        let values = if self.codec == Codec::Hex { &HEX_VALUES } else { &BASE64_VALUES };
        let value = values[usize::from(byte)];
        (value != NONE).then_some(u32::from(value))
    }

    /// Decodes digits; what is left of the last group makes as many bytes as it can.
    fn decode(self, digits: impl Iterator<Item = (u8, usize)>, mut each: impl FnMut(u8, Range<usize>)) {
        let (mut bits, mut have, mut from) = (0u32, 0, 0);
        for (byte, at) in digits {
            let Some(value) = self.digit(byte) else { return };
            if have == 0 {
                from = at;
            }
            bits = bits << self.bits | value;
            have += self.bits;
            if have >= 8 {
                have -= 8;
                each((bits >> have) as u8, from..at + 1);
                bits &= (1 << have) - 1;
                from = at;
            }
        }
    }

    /// What some digits stand for.
    fn bytes(self, digits: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(digits.len());
        self.decode(digits.iter().map(|b| (*b, 0)), |byte, _| out.push(byte));
        out
    }
}

/// What a piece decodes to, as far as few bytes tell.
enum Kind {
    Text,
    /// UTF-16, high bytes first if so.
    Wide(bool),
    Packed(Codec),
}

impl<S: Sink> Search<'_, '_, '_, S> {
    /// Looks at a run of token characters, or at a piece of one.
    #[inline(never)]
    pub(in super::super) fn encoded(&mut self, at: usize, end: usize) {
        if end - at < LEAST || self.is_deep(&(at..end)) {
            return;
        }
        let bytes = self.bytes;
        // Digits of the piece before that are too few for it.
        let before = bytes[..at].iter().rev().take(LEAST).take_while(|b| is_digit(**b)).count();
        let mut goes_on = before == LEAST;
        let mut from = if goes_on { at } else { at - before };
        while from < end {
            // All other token characters are digits.
            let length = memchr::memchr3(b'=', b'.', b'~', &bytes[from..end]).unwrap_or(end - from);
            if length >= LEAST {
                self.stretch(from..from + length, goes_on);
            }
            goes_on = false;
            from += length + 1;
            if self.bytes.get(from - 1).is_some_and(|b| *b == b'=') && begins_quoted(&self.bytes[from..]) {
                self.escapes_of(Codec::Quoted, from - 1);
            }
        }
    }

    /// Looks at a short value that is all digits: with padding, or where Kubernetes keeps secrets.
    #[inline(never)]
    pub(in super::super) fn short_value(&mut self, value: Range<usize>) {
        let bytes = &self.bytes[value.clone()];
        if matches!(bytes.get(2), Some(b':' | b'-' | b' ')) {
            return self.pairs(value);
        }
        let digits = bytes.iter().take_while(|b| is_digit(**b)).count();
        let is_padded = digits < bytes.len() && bytes.len() - digits <= 2 && bytes[digits..].iter().all(|b| *b == b'=');
        let is_whole = is_padded || digits == bytes.len() && memchr::memmem::find(self.before(value.start), b"data:").is_some();
        if !is_whole || digits < SHORT || bytes.len() >= LEAST_RUN || !bytes.len().is_multiple_of(4) || self.is_deep(&value) {
            return;
        }
        self.looked(value.start.saturating_sub(super::BEFORE), value.end + LEAST);
        let decoded = BASE64.bytes(&bytes[..digits]);
        if is_text(&decoded) || is_foreign(&decoded, false) {
            self.text(BASE64, value.start..value.start + digits, false);
        }
    }

    /// Looks at a value that is pairs of hexadecimal digits with a character between them: `67:68:70`.
    fn pairs(&mut self, value: Range<usize>) {
        let bytes = &self.bytes[value.clone()];
        let digits = |at: usize| Some(HEX.digit(bytes[at])? << 4 | HEX.digit(*bytes.get(at + 1)?)?);
        let is_apart = |at: usize| bytes.get(at + 2).is_none_or(|b| *b == bytes[2]);
        let pair = |at: usize| digits(at).filter(|_| is_apart(at)).and_then(|byte| u8::try_from(byte).ok());
        let Some(decoded) = (0..bytes.len()).step_by(3).map(pair).collect::<Option<Vec<u8>>>() else { return };
        if decoded.len() < LEAST || !is_text(&decoded) || self.is_deep(&value) {
            return;
        }
        let mut text = Text::behind(self.bytes, value.start);
        for (index, byte) in decoded.iter().enumerate() {
            text.push(*byte, value.start + index * 3..value.start + index * 3 + 2);
        }
        text.end(self.bytes, value.end);
        self.within(&text, &[Codec::Hex]);
    }

    fn before(&self, at: usize) -> &[u8] {
        &self.bytes[at.saturating_sub(super::BEFORE)..at]
    }

    /// Looks at digits; `goes_on` if more stand before them.
    fn stretch(&mut self, own: Range<usize>, goes_on: bool) {
        let behind_blank = || own.start.checked_sub(1).is_some_and(|at| matches!(self.bytes[at], b'\n' | b' ' | b'\t' | b'n'));
        let goes_on = goes_on || behind_blank() && line_before(self.bytes, own.start).is_some();
        let digits = &self.bytes[own.clone()];
        // Most is no text: two digits tell, and no more is done.
        if !goes_on && !may_begin(digits) {
            return;
        }
        if digits.len() >= LEAST_HEX {
            // Behind `0x`, which is no part of the number.
            let skip = if digits.starts_with(b"0x") || digits.starts_with(b"0X") { 2 } else { 0 };
            let number = &digits[skip..];
            // Few bytes turn most numbers away, so that looking at more of their digits is worth it.
            if (goes_on || is_plausible(HEX, number, false)) && number.iter().take(TRIED * 2).all(|b| HEX.digit(*b).is_some()) {
                self.groups(HEX, own.start + skip..own.end, goes_on);
            }
        }
        self.groups(BASE64, own, goes_on);
    }

    /// Tries the ways to group digits.
    fn groups(&mut self, radix: Radix, own: Range<usize>, goes_on: bool) {
        for skip in 0..if goes_on { radix.group } else { 1 } {
            let from = own.start + skip;
            let tried = if radix == HEX { TRIED * 4 } else { TRIED };
            let Some(kind) = kind(radix, &self.bytes[from..own.end.min(from + tried)], goes_on) else { continue };
            match kind {
                Kind::Text => self.text(radix, from..own.end, goes_on),
                Kind::Wide(high) => self.wide_digits(radix, from..own.end, high),
                Kind::Packed(codec) => self.packed(radix, from..own.end, codec),
            }
            return;
        }
    }

    /// Searches what digits stand for, with some of those before and behind them.
    fn text(&mut self, radix: Radix, own: Range<usize>, goes_on: bool) {
        let bytes = self.bytes;
        let mut text = if goes_on {
            let back = back(bytes, own.start, radix);
            let mut text = Text::at(back.first().copied().unwrap_or(own.start));
            radix.decode(back.into_iter().map(|at| (bytes[at], at)), |byte, from| text.push(byte, from));
            text.own.start = text.bytes.len();
            text
        } else {
            // What says that they are digits is no part of the text.
            let marked = bytes[..own.start].ends_with(b"0x") || bytes[..own.start].ends_with(b"0X");
            Text::behind(bytes, own.start - if marked && radix == HEX { 2 } else { 0 })
        };
        let piece = own.clone().map(|at| (bytes[at], at));
        let mut head = Vec::new();
        radix.decode(piece.clone(), |byte, _| head.push(byte));
        let is_key = memchr::memmem::find(&head, b"-----BEGIN ").is_some();
        let most = if is_key { AHEAD_OF_KEY } else { AHEAD };
        // The group that goes on in the next piece belongs to this one.
        let owned = own.len().div_ceil(radix.group) * radix.group * radix.bits as usize / 8;
        let (ahead, end) = ahead(bytes, own.end, radix, most);
        // A short line behind whole groups may be a word, and no digits of this.
        if own.len().is_multiple_of(radix.group) && ahead.len() < TAIL && ahead.first().is_some_and(|next| *next > own.end) {
            let mut alone = text.clone();
            radix.decode(piece.clone(), |byte, from| alone.push(byte, from));
            alone.own.end = alone.own.start + owned;
            alone.end(bytes, own.end);
            self.within(&alone, &[radix.codec]);
        }
        let ahead = ahead.into_iter().map(|at| (bytes[at], at));
        radix.decode(piece.chain(ahead), |byte, from| text.push(byte, from));
        text.own.end = text.own.start + owned;
        text.end(bytes, end);
        self.within(&text, &[radix.codec]);
    }

    /// The same where digits stand for UTF-16.
    fn wide_digits(&mut self, radix: Radix, own: Range<usize>, high: bool) {
        let bytes = self.bytes;
        let (ahead, end) = ahead(bytes, own.end, radix, AHEAD_OF_KEY);
        let mut narrow = Vec::new();
        radix.decode(own.clone().chain(ahead).map(|at| (bytes[at], at)), |byte, from| narrow.push((byte, from)));
        let mut text = Text::behind(bytes, own.start);
        for pair in narrow.chunks_exact(2) {
            let (low, other) = if high { (pair[1].0, pair[0].0) } else { (pair[0].0, pair[1].0) };
            text.push(if other == 0 { low } else { b'?' }, pair[0].1.start..pair[1].1.end);
        }
        text.end(bytes, end);
        self.within(&text, &[radix.codec, Codec::Utf16]);
    }

    /// The same where digits stand for compressed data: all of it, up to a limit.
    fn packed(&mut self, radix: Radix, own: Range<usize>, codec: Codec) {
        let bytes = self.bytes;
        let (ahead, end) = ahead(bytes, own.end, radix, MOST_PACKED);
        let digits: Vec<u8> = own.clone().chain(ahead).map(|at| bytes[at]).collect();
        self.looked(own.start, end);
        let Some(unpacked) = packed::unpack(codec, &radix.bytes(&digits)) else { return };
        let mut text = Text::behind(bytes, own.start);
        // No byte stands for one byte: places only keep their order, where the data begins, which one window has of all.
        let (length, room) = (unpacked.len(), (end - own.start).min(PLACES));
        for (index, byte) in unpacked.iter().enumerate() {
            let start = own.start + index * room / length;
            text.push(*byte, start..own.start + (index + 1) * room / length);
        }
        text.end(bytes, end);
        self.within(&text, &[radix.codec, codec]);
    }
}

/// What the first digits of a piece stand for.
fn kind(radix: Radix, digits: &[u8], goes_on: bool) -> Option<Kind> {
    let least = if radix == HEX { LEAST_HEX / 2 } else { LEAST };
    if digits.len() < least {
        return None;
    }
    if !is_plausible(radix, digits, goes_on) {
        return None;
    }
    let (mut room, mut length) = ([0; TRIED * 4], 0);
    radix.decode(digits.iter().map(|b| (*b, 0)), |byte, _| {
        room[length] = byte;
        length += 1;
    });
    let head = &room[..length];
    if !goes_on && let Some(codec) = packed::magic(head) {
        return Some(Kind::Packed(codec));
    }
    if is_text(head) || is_foreign(head, goes_on) {
        return Some(Kind::Text);
    }
    let (units, high) = match head {
        [0xfe, 0xff, units @ ..] => (units, true),
        [0xff, 0xfe, units @ ..] => (units, false),
        units => (units, false),
    };
    let plain = |pair: &[u8]| pair[usize::from(!high)] == 0 && is_plain(pair[usize::from(high)]);
    (!goes_on && units.len() >= 6 && units.chunks_exact(2).all(plain)).then_some(Kind::Wide(high))
}

/// Could these bytes begin a text in UTF-8, or with its mark? One that goes on may begin within a character; the last one may be cut.
fn is_foreign(bytes: &[u8], goes_on: bool) -> bool {
    let skip = if goes_on { bytes.iter().take(3).take_while(|b| is_inner(**b)).count() } else { 0 };
    let rest = &bytes[skip..];
    let is_valid = std::str::from_utf8(rest).map_or_else(|e| e.error_len().is_none(), |_| true);
    is_valid && rest.iter().all(|b| !b.is_ascii() || is_plain(*b))
}

/// Is this a byte of a character in UTF-8 behind the first one?
fn is_inner(byte: u8) -> bool {
    (0x80..0xc0).contains(&byte)
}

/// May this, behind `=`, be a character of quoted-printable text? Most are values that begin with a number: another one follows, or it is
/// one that is written so inside of a token.
fn begins_quoted(bytes: &[u8]) -> bool {
    matches!(bytes, [b'2'..=b'7', b'0'..=b'9' | b'A'..=b'F', b'=', ..])
        || matches!(bytes, [b'3', b'D', ..] | [b'5', b'F', ..] | [b'2', b'B' | b'D' | b'E' | b'F', ..])
}

/// The first digits of base64 that stands for text or for compressed data: the first byte is a plain one, or that of gzip. Digits of
/// hexadecimal numbers are among them where the number begins a text, but for those behind `0x`.
const FIRST: Set = Set::of(b"CDHIJKLMNOPQRSTUVWXYZabcdef0234567");

fn may_begin(digits: &[u8]) -> bool {
    if FIRST.has(digits[0]) {
        return true;
    }
    match digits {
        // Gzip in hexadecimal digits.
        [b'1', b'f' | b'F', b'8', b'b' | b'B', ..] => true,
        // Further ones for the first byte of a character in UTF-8, if the second byte is one that stands behind it.
        [b'w'..=b'z' | b'1' | b'8', second, ..] => BASE64.digit(*second).is_some_and(|value| value & 0b1100 == 0b1000),
        [b'E' | b'F', _, b'8' | b'9' | b'A' | b'B', ..] => true,
        // The marks of UTF-16.
        [b'/', b'/', b'4'..=b'7', ..] | [b'/', b'v', b'8', ..] => true,
        _ => false,
    }
}

/// Three bytes turn most away that is no text and no compressed data.
fn is_plausible(radix: Radix, digits: &[u8], goes_on: bool) -> bool {
    let digit = |index: usize| radix.digit(digits[index]).unwrap_or_default();
    let three = match radix.codec {
        Codec::Hex => digit(0) << 20 | digit(1) << 16 | digit(2) << 12 | digit(3) << 8 | digit(4) << 4 | digit(5),
        _ => digit(0) << 18 | digit(1) << 12 | digit(2) << 6 | digit(3),
    };
    let (first, second, third) = ((three >> 16) as u8, (three >> 8) as u8, three as u8);
    match first {
        0x1f | 0x78 | 0x28 if !goes_on => true,
        0xfe | 0xff => !goes_on && first ^ second == 1,
        _ if is_plain(first) && (is_plain(second) || second == 0) && is_plain(third) => true,
        _ if three & 0x80_8080 == 0 => false,
        // Of random bytes a tenth passes with three, and a hundredth with six.
        _ => may_be_utf8(first, second, goes_on) && six(radix, digits).is_none_or(|bytes| is_foreign(&bytes, goes_on)),
    }
}

/// Could these two bytes stand in UTF-8 one behind the other?
fn may_be_utf8(first: u8, second: u8, goes_on: bool) -> bool {
    match first {
        0x80..0xc0 => goes_on,
        0xc2..0xf5 => is_inner(second),
        _ => is_plain(first) && (is_plain(second) || (0xc2..0xf5).contains(&second)),
    }
}

/// The first six bytes.
fn six(radix: Radix, digits: &[u8]) -> Option<[u8; 6]> {
    let bits = digits
        .get(..48 / radix.bits as usize)?
        .iter()
        .try_fold(0_u64, |bits, digit| Some(bits << radix.bits | u64::from(radix.digit(*digit)?)))?;
    let [_, _, bytes @ ..] = bits.to_be_bytes();
    Some(bytes)
}

/// The last digits of the line before, if digits at `at` go on with it.
fn line_before(bytes: &[u8], at: usize) -> Option<usize> {
    let floor = at.saturating_sub(INDENT + 3);
    let blanks = bytes[floor..at].iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let mut end = at - blanks;
    end -= match &bytes[..end] {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        [.., b'\\', b'r', b'\\', b'n'] => 4,
        [.., b'\\', b'n'] => 2,
        _ => return None,
    };
    let digits = bytes[..end].iter().rev().take(LINE).take_while(|b| BASE64.digit(**b).is_some()).count();
    (digits == LINE).then_some(end)
}

/// Where the next line of digits begins, if there is one at `at`, the end of a line of digits.
fn line_behind(bytes: &[u8], at: usize, radix: Radix) -> Option<usize> {
    let rest = &bytes[at..];
    let skip = [&b"\r\n"[..], b"\n", b"\\n", b"\\r\\n"].iter().find(|end| rest.starts_with(end)).map(|end| end.len())?;
    let rest = &rest[skip..];
    let blanks = rest.iter().take(INDENT).take_while(|b| matches!(b, b' ' | b'\t')).count();
    // Digits and nothing else, or it is another text.
    let line = &rest[blanks..];
    let digits = line.iter().take(LONGEST_LINE).take_while(|b| radix.digit(**b).is_some()).count();
    let padding = line[digits..].iter().take(2).take_while(|b| **b == b'=').count();
    // A word of a sentence is none: nothing but blanks may stand behind.
    let rest = &line[digits + padding..];
    let behind = rest.iter().take(INDENT).find(|b| !matches!(b, b' ' | b'\t'));
    let ends = behind.is_none_or(|b| matches!(b, b'\r' | b'\n' | b'\\' | b'"' | b'\'' | b'<' | b','));
    (digits > 0 && (ends || digits == LONGEST_LINE)).then_some(at + skip + blanks)
}

/// The places of digits before `at`, whole groups of them, in order.
fn back(bytes: &[u8], mut at: usize, radix: Radix) -> Vec<usize> {
    let mut out = Vec::new();
    while out.len() < BACK {
        let length = bytes[..at].iter().rev().take(BACK - out.len()).take_while(|b| radix.digit(**b).is_some()).count();
        out.extend((at - length..at).rev());
        at -= length;
        match line_before(bytes, at) {
            Some(end) if out.len() < BACK => at = end,
            _ => break,
        }
    }
    out.truncate(out.len() - out.len() % radix.group);
    out.reverse();
    out
}

/// The places of digits from `at` on, on this line and on those that follow, and where what they stand for ends.
fn ahead(bytes: &[u8], mut at: usize, radix: Radix, most: usize) -> (Vec<usize>, usize) {
    let mut out = Vec::new();
    while out.len() < most {
        let line = bytes[..at].iter().rev().take(LINE).take_while(|b| radix.digit(**b).is_some()).count();
        let length = bytes[at..].iter().take(most - out.len()).take_while(|b| radix.digit(**b).is_some()).count();
        out.extend(at..at + length);
        at += length;
        if line + length < LINE {
            break;
        }
        match line_behind(bytes, at, radix) {
            Some(next) if out.len() < most => at = next,
            _ => break,
        }
    }
    let padding = bytes[at..].iter().take(2).take_while(|b| **b == b'=').count();
    (out, at + padding)
}
