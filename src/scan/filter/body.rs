//! The lines of private keys wherever they stand: each in a record of its own, behind what a log puts before them, with the lines of others
//! between them.
//!
//! Source: RFC 7468. It must not hold anything back. Start with [`Body::read`]: behind the line that a key begins with, long runs of digits of
//! base64 are some of it, until it ends or nothing of it came for a while.

use std::ops::Range;

use super::block::{self, Label};
use super::escape::{escape, gap};

/// So many digits of base64 in a row are a part of a key wherever they stand in a line.
pub(super) const DIGITS: usize = 40;
/// A key ends if so many lines hold nothing of it,
const LINES: usize = 64;
/// or so many bytes.
const BYTES: usize = 64 * 1024;
/// How far before the bytes to be read a run of digits is looked for, and behind them.
const AROUND: usize = 4096;

/// Whether a key has begun, and what was seen of it.
#[derive(Debug, Default)]
pub(super) struct Body(Option<Open>);

/// A key that has begun and not ended.
#[derive(Debug, Default)]
struct Open {
    /// Lines and bytes since the last part of it.
    lines: usize,
    bytes: usize,
    /// What stands around its lines.
    around: Option<([u8; 4], u8)>,
}

impl Body {
    /// Has a key begun and not ended?
    pub(super) fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// Reads on, and calls `hit` for what is some of a key. Each byte is read once, in order; `bytes` may hold more on either side.
    pub(super) fn read(&mut self, bytes: &[u8], range: Range<usize>, mut hit: impl FnMut(Range<usize>)) {
        let mut at = range.start;
        while at < range.end {
            let begin = block::next(bytes, at..range.end);
            let end = if self.0.is_some() { block::end(bytes, at..begin.unwrap_or(range.end)) } else { None };
            let stop = end.or(begin).unwrap_or(range.end);
            self.lines(bytes, at..stop, &mut hit);
            let (Some(mark), is_end) = (end.or(begin), end.is_some()) else { return };
            let label = if is_end { Label::Other } else { block::label(bytes, mark) };
            (self.0, at) = match label {
                Label::Key(behind) => (Some(Open::default()), behind.max(mark + 1)),
                _ => (None, mark + 5),
            };
        }
    }

    fn lines(&mut self, bytes: &[u8], range: Range<usize>, hit: &mut impl FnMut(Range<usize>)) {
        let mut at = range.start;
        while at < range.end
            && let Some(open) = &mut self.0
        {
            let end = memchr::memchr(b'\n', &bytes[at..range.end]).map_or(range.end, |n| at + n + 1);
            open.line(bytes, at..end, hit);
            if open.lines > LINES || open.bytes > BYTES {
                self.0 = None;
            }
            at = end;
        }
    }
}

impl Open {
    fn line(&mut self, bytes: &[u8], line: Range<usize>, hit: &mut impl FnMut(Range<usize>)) {
        let before = bytes[..line.start].iter().rev().take(AROUND).take_while(|b| is_digit(**b)).count();
        let text = &bytes[..bytes.len().min(line.end + AROUND)];
        let mut found = false;
        for run in runs(text, line.start - before).take_while(|run| run.range.start < line.end) {
            let around = around(text, &run.range);
            let is_last = || self.around == Some(around) && run.is_last();
            if run.is_body() || is_last() {
                self.around = run.is_body().then_some(around);
                found = true;
                hit(run.range.start.max(line.start)..run.range.end.min(line.end));
            }
        }
        (self.lines, self.bytes) = if found { (0, 0) } else { (self.lines + 1, self.bytes + line.len()) };
    }
}

/// What stands around a run: its last bytes before it, with one digit for all, and the byte behind it, with one for all line ends.
fn around(text: &[u8], run: &Range<usize>) -> ([u8; 4], u8) {
    let mut before = [b'\n'; 4];
    let bytes = text[..run.start].iter().rev().take_while(|b| **b != b'\n' && **b != 0);
    for (one, byte) in before.iter_mut().zip(bytes) {
        *one = if byte.is_ascii_digit() { b'0' } else { *byte };
    }
    let behind = text.get(run.end).copied().filter(|b| !matches!(b, b'\r' | 0)).unwrap_or(b'\n');
    (before, behind)
}

/// A run of digits of base64.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) range: Range<usize>,
    pub(super) digits: usize,
    upper: bool,
    lower: bool,
    number: bool,
    padded: bool,
}

impl Run {
    /// Letters of both cases: no number, no hash, and hardly a word.
    pub(super) fn is_mixed(&self) -> bool {
        self.upper && self.lower
    }

    /// Is it some of a key wherever it stands?
    pub(super) fn is_body(&self) -> bool {
        self.digits >= DIGITS && self.is_mixed()
    }

    /// May it be the last, short line of one?
    fn is_last(&self) -> bool {
        self.digits.is_multiple_of(4) && (self.padded || self.is_mixed() && self.number)
    }

    fn add(&mut self, digit: &[u8]) {
        self.range.end += digit.len();
        self.digits += 1;
        match digit {
            [byte] => {
                self.upper |= byte.is_ascii_uppercase();
                self.lower |= byte.is_ascii_lowercase();
                self.number |= byte.is_ascii_digit();
                self.padded |= *byte == b'=';
            }
            _ => self.padded |= is_padding(digit),
        }
    }
}

/// The runs of digits behind `from`, in order.
pub(super) fn runs(text: &[u8], from: usize) -> impl Iterator<Item = Run> {
    let mut at = from;
    std::iter::from_fn(move || {
        while at < text.len() && digit(&text[at..]) == 0 {
            at += match text[at] {
                b'\\' => escape(&text[at..]).0,
                b'%' | b'#' | 0x1b => gap(&text[at..]).map_or(1, |gap| gap.0),
                _ => 1,
            };
        }
        let run = run(text, at);
        at = run.range.end;
        (run.digits > 0).then_some(run)
    })
}

/// The run that begins at `at`, which may be empty.
pub(super) fn run(text: &[u8], at: usize) -> Run {
    let mut run = Run { range: at..at, ..Run::default() };
    while let Some(rest) = text.get(run.range.end..) {
        let length = digit(rest);
        if length == 0 || run.padded && !is_padding(&rest[..length]) {
            break;
        }
        run.add(&rest[..length]);
    }
    run
}

pub(super) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// The length of the digit that a text begins with, 0 if it begins with none. Those that are no letters may be escaped.
fn digit(text: &[u8]) -> usize {
    match text {
        [byte, ..] if is_digit(*byte) => 1,
        [b'%', b'2', b'b' | b'B' | b'f' | b'F', ..] | [b'%', b'3', b'd' | b'D', ..] => 3,
        [b'\\', ..] => match escape(text) {
            (length, 43 | 47 | 61) => length,
            _ => 0,
        },
        _ => 0,
    }
}

fn is_padding(digit: &[u8]) -> bool {
    matches!(digit, [b'='] | [b'%', b'3', ..]) || digit.len() > 5 && digit.ends_with(b"3d") || digit.ends_with(b"3D")
}

#[cfg(test)]
mod tests {
    use super::{Body, runs};

    #[test]
    fn runs_are_told_without_what_stands_between_them() {
        let told = |text: &str| runs(text.as_bytes(), 0).map(|run| text[run.range].to_owned()).collect::<Vec<_>>();
        assert_eq!(told("a\\nMII=\\u002b/#012x%2Fy%0Az"), ["a", "MII=", "\\u002b/", "x%2Fy", "z"]);
        assert_eq!(told("msg=MII== \x1b[32mok"), ["msg=", "MII==", "ok"]);
    }

    #[test]
    fn lines_of_a_key_are_known_until_it_ends() {
        let line = "MIIEowIBAAKCAQEAr4/9".repeat(3);
        let begin = ["-----BEGIN RSA ", "PRIVATE KEY-----"].concat();
        let end = ["-----END RSA ", "PRIVATE KEY-----"].concat();
        let quiet = |n: usize| "nothing here\n".repeat(n);
        for (text, expected) in [
            (format!("{line}\n"), 0),
            (format!("{begin} is how they begin\n{line}\n"), 1),
            (format!("{begin},\ndb_1 | LOG: checkpoint\n{line}\nA1cd\nx A1ce\n{end}\n{line}\n"), 2),
            (format!("{begin}\n{}{line}\n{}{line}\n", quiet(60), quiet(60)), 2),
            (format!("{begin}\n{}{line}\n", quiet(66)), 0),
            (format!("{begin}\n{}\n", "0123456789abcdef".repeat(4)), 0),
            (format!("{begin}\n-----BEGIN CERTIFICATE-----\n{line}\n"), 0),
        ] {
            for step in [1000, 7] {
                let (mut body, mut found, mut at) = (Body::default(), 0, 0);
                for end in text.match_indices('\n').map(|(end, _)| end + 1).chain([text.len()]) {
                    let end = if step == 7 { end } else { text.len() };
                    body.read(text.as_bytes(), at..end, |_| found += 1);
                    at = end;
                }
                assert_eq!(found, expected, "{text}");
            }
        }
    }
}
