//! One line of JSON as a record, if it is as it would have been written.
//!
//! It must not know what a chain is. Start with [`parse`].

use std::borrow::Cow;
use std::time::Duration;

use super::base::date::Date;
use super::event::{Outcome, Stamp, Verb, Wiped, Writer};
use super::line::{Footer, LONGEST, Line, Mended, Record, Side, What};

/// Reads a line without its end. `None` if a byte of it is not as [`write`] would have written it; hash and signature are not looked at.
#[must_use]
pub fn parse(line: &[u8]) -> Option<Line<'_>> {
    if line.len() > LONGEST {
        return None;
    }
    let text = std::str::from_utf8(line).ok()?;
    let mut rest = Rest(text);
    let (sequence, stamp, writer) = rest.head()?;
    let what = rest.what()?;
    let signed = text.len() - rest.0.len();
    let signature = match what.is_signed() {
        true => Some((&line[..signed], {
            rest.lit(",\"signature\":")?;
            rest.hex()?
        })),
        false => None,
    };
    let body = &line[..text.len() - rest.0.len()];
    rest.lit(",\"previous\":")?;
    let previous = rest.hex()?;
    rest.lit(",\"hash\":")?;
    let hash = rest.hex()?;
    rest.lit("}")?;
    rest.0.is_empty().then_some(Line { record: Record { sequence, stamp, writer, what }, body, signature, previous, hash })
}

/// What is left of a line.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn lit(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn head(&mut self) -> Option<(u64, Stamp, Writer<'a>)> {
        self.lit("{\"sequence\":")?;
        let sequence = self.number()?;
        self.lit(",\"time\":")?;
        let at = self.time()?;
        self.lit(",\"up\":")?;
        let up = Duration::from_nanos(self.number()?);
        self.lit(",\"boot\":")?;
        let boot = self.string()?;
        self.lit(",\"host\":")?;
        let host = self.string()?;
        self.lit(",\"process\":{\"pid\":")?;
        let pid = self.number()?.try_into().ok()?;
        self.lit(",\"uid\":")?;
        let uid = self.number()?.try_into().ok()?;
        self.lit(",\"program\":")?;
        let program = self.string()?;
        self.lit("},\"phase\":")?;
        Some((sequence, Stamp { at, up }, Writer { boot, host, pid, uid, program }))
    }

    fn what(&mut self) -> Option<What<'a>> {
        Some(match self.bare()? {
            "intent" => What::Intent {
                verb: Verb::of(self.field("verb")?.bare()?)?,
                object: self.field("object")?.string()?,
                purpose: self.field("purpose")?.string()?,
            },
            "outcome" => What::Outcome {
                of: self.field("of")?.number()?,
                result: Outcome::of(self.field("result")?.bare()?)?,
                took: self.field("took")?.number()?,
                wiped: Wiped::of(self.field("wiped")?.bare()?)?,
            },
            "checkpoint" => What::Checkpoint,
            "close" => What::Close(self.footer()?),
            "prune" => What::Prune { before: self.field("before")?.day()?, policy: self.field("policy")?.string()? },
            "repair" => What::Repair {
                side: self.side()?,
                mended: Mended::of(self.field("mended")?.bare()?)?,
                bytes: self.field("bytes")?.number()?,
                digest: self.field("digest")?.hex()?,
            },
            "behind" => What::Behind { side: self.side()?, from: self.field("from")?.number()?, to: self.field("to")?.number()? },
            "lost" => What::Lost { side: self.side()?, why: self.field("why")?.string()? },
            "clock" => What::Clock { back: self.field("back")?.number()? },
            "full" => What::Full { why: self.field("why")?.string()? },
            _ => return None,
        })
    }

    fn footer(&mut self) -> Option<Footer> {
        Some(Footer {
            day: self.field("day")?.day()?,
            first: self.field("first")?.number()?,
            last: self.field("last")?.number()?,
            count: self.field("count")?.number()?,
            after: self.field("after")?.hex()?,
            root: self.field("root")?.hex()?,
            next: self.field("next")?.hex()?,
        })
    }

    fn side(&mut self) -> Option<Side> {
        Side::of(self.field("copy")?.bare()?)
    }

    /// Steps over `,"name":`.
    fn field(&mut self, name: &str) -> Option<&mut Self> {
        self.lit(",\"")?;
        self.lit(name)?;
        self.lit("\":")?;
        Some(self)
    }

    /// A number as Rust writes it.
    fn number(&mut self) -> Option<u64> {
        let bytes = self.0.as_bytes();
        let (mut number, mut digits) = (0u64, 0);
        while let Some(digit) = bytes.get(digits).filter(|b| b.is_ascii_digit()) {
            number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
            digits += 1;
        }
        if digits == 0 || digits > 1 && bytes[0] == b'0' {
            return None;
        }
        self.0 = &self.0[digits..];
        Some(number)
    }

    /// A string of which nothing is escaped.
    fn bare(&mut self) -> Option<&'a str> {
        match self.string()? {
            Cow::Borrowed(text) => Some(text),
            Cow::Owned(_) => None,
        }
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.lit("\"")?;
        let (plain, rest) = self.0.split_at(self.plain()?);
        if let Some(rest) = rest.strip_prefix('"') {
            self.0 = rest;
            return Some(Cow::Borrowed(plain));
        }
        let mut out = plain.to_owned();
        self.0 = rest;
        loop {
            let end = self.plain()?;
            out.push_str(&self.0[..end]);
            self.0 = &self.0[end..];
            if self.lit("\"").is_some() {
                return Some(Cow::Owned(out));
            }
            out.push(self.escape()?);
        }
    }

    /// How many bytes come before one that ends a string or is escaped.
    fn plain(&self) -> Option<usize> {
        self.0.as_bytes().iter().position(|b| SPECIAL[usize::from(*b)])
    }

    fn escape(&mut self) -> Option<char> {
        self.lit("\\")?;
        if let Some(c) = self.0.chars().next().filter(|c| matches!(c, '"' | '\\')) {
            self.0 = &self.0[1..];
            return Some(c);
        }
        self.lit("u00")?;
        let digits = self.0.get(..2)?;
        let known = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
        let code = digits.as_bytes().iter().all(known).then(|| u8::from_str_radix(digits, 16).ok())??;
        self.0 = &self.0[2..];
        (code < 0x20).then(|| char::from(code))
    }

    fn hex<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.lit("\"")?;
        let digits = self.0.as_bytes().get(..2 * N)?;
        let mut out = [0; N];
        for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
            if high | low > 15 {
                return None;
            }
            *byte = high << 4 | low;
        }
        self.0 = self.0.get(2 * N..)?;
        self.lit("\"")?;
        Some(out)
    }

    fn day(&mut self) -> Option<Date> {
        Date::parse(self.bare()?)
    }

    fn time(&mut self) -> Option<(u64, u32)> {
        let text = self.bare()?;
        let b = text.as_bytes();
        let shape = b.len() == 30 && (b[10], b[13], b[16], b[19], b[29]) == (b'T', b':', b':', b'.', b'Z');
        if !shape || !text.is_ascii() {
            return None;
        }
        let number = |from: usize, to: usize| {
            b[from..to].iter().try_fold(0u32, |n, d| d.is_ascii_digit().then(|| n * 10 + u32::from(d - b'0')))
        };
        let (hour, minute, second, nanos) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 29)?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let day = u64::try_from(Date::parse(&text[..10])?.to_unix()).ok()?;
        Some((day + u64::from(hour * 3600 + minute * 60 + second), nanos))
    }
}

/// The value of each lower-case hexadecimal digit; 255 for other bytes.
const DIGITS: [u8; 256] = {
    let mut table = [255; 256];
    let mut i = 0;
    while i < 16 {
        table[b"0123456789abcdef"[i] as usize] = i as u8;
        i += 1;
    }
    table
};

/// The bytes that do not stand in a string as they are.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 0x20 {
        table[i] = true;
        i += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};
