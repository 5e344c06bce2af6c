//! A secret that is written in parts: literals side by side or joined by an operator, lines that go on behind `\` or `=`. Those that a
//! function joins are in [`super::lists`].
//!
//! It must not run code. Start with [`Search::joint`], [`Search::begun`] and [`Search::joined`], called where a literal may go on, where the
//! beginning of a secret was seen, and where a value ends. Only what spans a joint counts: the parts are found as they are.

use std::ops::Range;

use super::super::super::rule::set::TOKEN;
use super::super::Sink;
use super::super::search::Search;
use super::{Codec, Text};

/// Parts of a secret.
const PARTS: usize = 32;
/// Bytes of a part.
const PART: usize = 512;
/// Blanks and line ends on each side of an operator.
const BLANKS: usize = 96;
/// Token characters on both sides of a joint, of the parts together: fewer are no secret.
const LEAST: usize = 16;
/// Token characters of the beginning of a secret.
const RUN: usize = 256;

/// What may stand between two literals, besides nothing.
const OPERATORS: [&[u8]; 10] = [b"++", b"+", b"..", b".", b"&", b"<>", b"||", b"~", b"^", b"\\"];
/// Letters before a literal that say how it is read, and how many there may be.
const PREFIXES: &[u8] = b"fFrRbBuUL@$";
const MOST_PREFIXES: usize = 2;
/// Blanks before what goes on on the next line of a literal.
const INDENT: usize = 64;

pub(super) fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// How many of the same quotes stand at the start: one, or three.
fn quotes(bytes: &[u8]) -> usize {
    if let [one, two, three, ..] = bytes
        && one == two
        && two == three
    {
        return 3;
    }
    1
}

/// Where something else begins than blanks, line ends and remarks.
pub(super) fn gap(bytes: &[u8], from: usize) -> usize {
    let (mut at, end) = (from, bytes.len().min(from + BLANKS));
    while let Some(rest) = bytes.get(at..end) {
        let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let rest = &rest[blanks..];
        at += blanks;
        let remark = match rest {
            [b'/', b'*', inside @ ..] => memchr::memmem::find(inside, b"*/").map(|length| length + 4),
            [b'#', ..] | [b'/', b'/', ..] | [b'-', b'-', ..] => memchr::memchr(b'\n', rest).map(|length| length + 1),
            _ => None,
        };
        match remark {
            Some(length) => at += length,
            None => break,
        }
    }
    at
}

/// Where a literal begins, from where its prefix may stand: its first quote.
pub(super) fn unprefixed(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take(MOST_PREFIXES).take_while(|b| PREFIXES.contains(b)).count()
}

/// Where the text goes on whose line ends with a sign at `at`: quoted-printable, and lines that go on in shell, C and properties files;
/// behind a backslash also where the next line is indented, as Rust and YAML have it.
fn next_line(bytes: &[u8], at: usize) -> Option<usize> {
    let skip = match &bytes[at + 1..] {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => return None,
    };
    let line = at + 1 + skip;
    let most = if bytes[at] == b'\\' { INDENT } else { 0 };
    let next = line + bytes[line..].iter().take(most).take_while(|b| matches!(b, b' ' | b'\t')).count();
    bytes.get(next).filter(|b| TOKEN.has(**b)).map(|_| next)
}

/// Where the next part begins, if the one that ends at `at` is joined with it.
fn next_part(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    if matches!(rest, [b'=' | b'\\', ..])
        && let Some(next) = next_line(bytes, at)
    {
        return Some(next);
    }
    let quote = *rest.first().filter(|b| is_quote(**b))?;
    // What most often stands behind a quote.
    if matches!(rest.get(1), Some(b',' | b')' | b':' | b';' | b']' | b'}' | b'>')) {
        return None;
    }
    // Back to back, as shells join words, between what are no quotes of a quote.
    if rest.get(1).is_some_and(|b| is_quote(*b)) && rest.get(2).is_some_and(|b| TOKEN.has(*b)) {
        return at.checked_sub(1).filter(|before| TOKEN.has(bytes[*before])).map(|_| at + 2);
    }
    let first = at + quotes(rest);
    let mut place = gap(bytes, first);
    let is_apart = place > first;
    let is_sign = bytes.get(place).is_some_and(u8::is_ascii_punctuation);
    let operator = OPERATORS.iter().find(|operator| is_sign && bytes[place..].starts_with(operator));
    place += operator.map_or(0, |operator| operator.len());
    // The sign that a line goes on in Visual Basic.
    if bytes[place..].starts_with(b" _") {
        place += 2;
    }
    // Without anything between them, it is a quote in a quote.
    if operator.is_none() && !is_apart {
        return None;
    }
    place = unprefixed(bytes, gap(bytes, place));
    let is_next = |b: &u8| *b == quote || is_quote(*b) && operator.is_some();
    bytes.get(place).filter(|b| is_next(b)).map(|_| place + quotes(&bytes[place..]))
}

/// Is the literal whose opening quote stands before `at` joined with one before it?
fn has_one_before(bytes: &[u8], at: usize) -> bool {
    let floor = at.saturating_sub(BLANKS + 1);
    let mut place = if at >= 3 && quotes(&bytes[at - 3..]) == 3 { at - 3 } else { at - 1 };
    let is_between =
        |b: u8| b.is_ascii_whitespace() || matches!(b, b'+' | b'.' | b'&' | b'<' | b'>' | b'|' | b'~' | b'^' | b'\\' | b'_');
    while place > floor && is_between(bytes[place - 1]) {
        place -= 1;
    }
    place > floor && is_quote(bytes[place - 1]) && next_part(bytes, place - 1) == Some(at)
}

impl<S: Sink> Search<'_, '_, '_, S> {
    /// Looks at a quote that may be followed by another literal, if the one it ends is the first of them.
    pub(super) fn joint(&mut self, at: usize) {
        let bytes = self.bytes;
        let Some(quote) = bytes.get(at).copied().filter(|b| is_quote(*b)) else { return };
        self.looked(at.saturating_sub(PART + BLANKS + 2), at + 2 * BLANKS + 8);
        // The last of three quotes.
        let at = if at >= 2 && quotes(&bytes[at - 2..]) == 3 { at - 2 } else { at };
        if !at.checked_sub(1).is_some_and(|before| TOKEN.has(bytes[before])) || next_part(bytes, at).is_none() {
            return;
        }
        let floor = at.saturating_sub(PART);
        let Some(open) = bytes[floor..at].iter().rposition(|b| *b == quote || *b == b'\n') else { return };
        let start = floor + open + 1;
        if start > 0 && bytes[start - 1] == quote && !has_one_before(bytes, start) {
            self.parts(start, at, true);
        }
    }

    /// Looks at the beginning of a secret, which is whole nowhere.
    #[inline(never)]
    pub(in super::super) fn begun(&mut self, at: usize) {
        let mut end = at + self.bytes[at..].iter().take(RUN).take_while(|b| TOKEN.has(**b)).count();
        if self.bytes[..end].ends_with(b"=") && matches!(self.bytes.get(end), Some(b'\r' | b'\n')) {
            end -= 1;
        }
        self.joined(at, end);
    }

    /// Looks at parts, the first of which begins at `at` and ends at `end`.
    #[inline(never)]
    pub(in super::super) fn joined(&mut self, at: usize, end: usize) {
        self.looked(at, end + 2 * BLANKS + 8);
        self.parts(at, end, false);
    }

    fn parts(&mut self, at: usize, end: usize, only_tokens: bool) {
        let bytes = self.bytes;
        if self.is_deep(&(at..end + 1)) {
            return;
        }
        let Some(next) = next_part(bytes, end) else { return };
        let mut token = Joint::new(&bytes[at..end]);
        token.by_side = bytes[end + 1..next - 1].iter().all(|b| *b == b' ');
        let last = parts(bytes, next, &mut |part| token.add(&bytes[part]));
        self.looked(at, last + 2 * BLANKS + 8);
        if only_tokens && !token.is_token() {
            return;
        }
        let mut text = Text::behind(bytes, at);
        text.copy(bytes, at..end);
        parts(bytes, next, &mut |part| text.copy(bytes, part));
        text.end(bytes, last);
        self.within(&text, &[Codec::Joined]);
    }
}

/// The stretch of token characters that spans the first joint.
#[derive(Default)]
struct Joint {
    before: usize,
    behind: usize,
    digit: bool,
    letter: bool,
    slash: bool,
    dot: bool,
    /// Do the parts stand side by side on one line, without an operator?
    by_side: bool,
    /// Did it end?
    ended: bool,
}

impl Joint {
    /// Begins with what the first part ends with.
    fn new(part: &[u8]) -> Self {
        let before = part.iter().rev().take_while(|b| TOKEN.has(**b)).count();
        let mut this = Self { before, ..Self::default() };
        this.note(&part[part.len() - before..]);
        this
    }

    fn note(&mut self, run: &[u8]) {
        self.digit |= run.iter().any(u8::is_ascii_digit);
        self.letter |= run.iter().any(u8::is_ascii_alphabetic);
        self.slash |= run.contains(&b'/');
        self.dot |= run.contains(&b'.');
    }

    /// Goes on with the next part.
    fn add(&mut self, part: &[u8]) {
        if self.ended {
            return;
        }
        let run = part.iter().take_while(|b| TOKEN.has(**b)).count();
        self.behind += run;
        self.ended = run < part.len();
        self.note(&part[..run]);
    }

    /// Is it long enough for a secret, and has it letters and digits? Parts side by side that make a path with a dot are columns of
    /// an access log, the referring page and the name of the browser; what begins like a token is followed up by [`Search::begun`].
    fn is_token(&self) -> bool {
        !(self.by_side && self.slash && self.dot)
            && self.before > 0
            && self.behind > 0
            && self.before + self.behind >= LEAST
            && self.digit
            && self.letter
    }
}

/// The parts from `at` on; where the last one ends.
fn parts(bytes: &[u8], mut at: usize, each: &mut dyn FnMut(Range<usize>)) -> usize {
    for _ in 0..PARTS {
        let ends = |b: &u8| is_quote(*b) || b.is_ascii_whitespace() || *b == b'\\';
        let length = bytes[at..].iter().take(PART).position(ends).unwrap_or(bytes.len().min(at + PART) - at);
        // `=` ends a part only at the end of a line.
        let soft = usize::from(length > 0 && bytes[at + length - 1] == b'=' && next_part(bytes, at + length - 1).is_some());
        let end = at + length - soft;
        each(at..end);
        match next_part(bytes, end) {
            Some(next) => at = next,
            None => return end,
        }
    }
    at
}
