//! Mails, mailboxes and saved web pages (`.eml`, `.mbox`, `.mht`): quoted-printable text is decoded where it stands, what is attached as
//! base64 is a member.
//!
//! It must not understand more of a mail than its headers, boundaries and encodings. Lines stay where they are: a line that was broken
//! for the way is whole on the line it begins on, and blank lines follow. Formats: RFC 2045, RFC 2046, RFC 4155. Start with [`walk`].

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::{memchr, memmem};

use super::Expanded;
use super::walk::Walk;
use crate::scan::blob::{Container, Place};

/// Bytes at the start that decide whether it is a mail.
const HEAD: usize = 512;
/// Boundaries that are known at once, and how long one is (RFC 2046).
const BOUNDARIES: usize = 64;
const BOUNDARY: usize = 70;
/// Bytes of a line of a header that are looked at.
const HEADER: usize = 1024;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);

/// Does it begin like a mail: with headers, and with the one that says that there is more to it than text?
pub(super) fn has_magic(head: &[u8]) -> bool {
    let head = &head[..head.len().min(HEAD)];
    begins(head) && memmem::find(head, b"\nMIME-Version: 1.0").is_some()
}

/// Does it begin with a header?
pub(super) fn begins(head: &[u8]) -> bool {
    let name = head.iter().take(64).take_while(|b| b.is_ascii_alphabetic() || **b == b'-').count();
    head.starts_with(b"From ") || name > 1 && head.get(name) == Some(&b':') && head[0].is_ascii_uppercase()
}

/// Visits a mail held in memory.
pub(super) fn walk(walk: &mut Walk<'_>, place: &Place<'_>, bytes: &[u8]) -> Expanded {
    let mut plain: Option<Vec<u8>> = None;
    let (mut copied, mut number) = (0, 0);
    bodies(bytes, &mut |body, range| {
        let own = &bytes[range.clone()];
        let plain = plain.get_or_insert_with(|| Vec::with_capacity(bytes.len()));
        plain.extend_from_slice(&bytes[copied..range.start]);
        match body {
            Body::Quoted => unquote(own, plain),
            Body::Base64(name) => {
                number += 1;
                let name = name.unwrap_or_else(|| format!("part-{number}"));
                if attached(walk, place, &name, own) {
                    plain.extend(own.iter().filter(|b| **b == b'\n'));
                } else {
                    plain.extend_from_slice(own);
                }
            }
        }
        copied = range.end;
    });
    let rest = &bytes[copied..];
    match plain {
        Some(mut plain) => {
            plain.extend_from_slice(rest);
            walk.raw(place, &mut plain.as_slice());
        }
        None => walk.raw(place, &mut &*rest),
    }
    Expanded::Whole
}

/// Visits what is attached. False if it is not base64, or no more may be visited.
fn attached(walk: &mut Walk<'_>, place: &Place<'_>, name: &str, lines: &[u8]) -> bool {
    let digits: Vec<u8> = lines.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let Some(content) = BASE64.decode(digits).ok().filter(|content| !content.is_empty()) else { return false };
    if !walk.admit(place) {
        return false;
    }
    let inner = Place::Inside { outer: place, member: name, kind: Container::Archive, source: None };
    walk.member(&inner, name, &mut content.as_slice());
    true
}

/// How the body of a part is encoded; the name is that of the file that is attached.
enum Body {
    Quoted,
    Base64(Option<String>),
}

/// What the headers of a part say.
#[derive(Default)]
struct Part {
    quoted: bool,
    base64: bool,
    /// Its body is a mail.
    is_mail: bool,
    name: Option<String>,
}

/// Gives the bodies that are encoded, in order.
fn bodies(bytes: &[u8], each: &mut dyn FnMut(Body, Range<usize>)) {
    let mut boundaries: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let mut part = Part::default();
        at = headers(bytes, at, &mut part, &mut boundaries);
        if part.is_mail && at < bytes.len() {
            continue;
        }
        let start = at;
        let (end, next) = body_end(bytes, at, &mut boundaries);
        at = next;
        match part {
            _ if end == start => {}
            Part { quoted: true, .. } => each(Body::Quoted, start..end),
            Part { base64: true, name, .. } => each(Body::Base64(name), start..end),
            _ => {}
        }
    }
}

/// The line at `at`, and where the next one begins.
fn line(bytes: &[u8], at: usize) -> (&[u8], usize) {
    let rest = &bytes[at..];
    let next = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    (rest[..next].trim_ascii_end(), at + next)
}

/// Reads headers up to the blank line behind them; where the body begins.
fn headers<'b>(bytes: &'b [u8], mut at: usize, part: &mut Part, boundaries: &mut Vec<&'b [u8]>) -> usize {
    let mut known = Vec::new();
    while at < bytes.len() {
        let (line, next) = line(bytes, at);
        at = next;
        if line.is_empty() {
            break;
        }
        let line = &line[..line.len().min(HEADER)];
        // A line that begins with a blank goes on with the header before it.
        if !line[0].is_ascii_whitespace() {
            known = line.split(|b| *b == b':').next().unwrap_or_default().to_ascii_lowercase();
        }
        let lower = line.to_ascii_lowercase();
        let has = |word: &[u8]| memmem::find(&lower, word).is_some();
        match known.as_slice() {
            b"content-transfer-encoding" => {
                part.quoted |= has(b"quoted-printable");
                part.base64 |= has(b"base64");
            }
            b"content-type" | b"content-disposition" => {
                part.is_mail |= has(b"message/rfc822");
                let boundary = parameter(line, &lower, b"boundary=").filter(|b| (1..=BOUNDARY).contains(&b.len()));
                boundaries.extend(boundary.filter(|_| boundaries.len() < BOUNDARIES));
                let name = parameter(line, &lower, b"name=").filter(|name| !name.is_empty());
                part.name = name.map(|name| String::from_utf8_lossy(name).into_owned()).or(part.name.take());
            }
            _ => {}
        }
    }
    at
}

/// The value of a parameter of a header.
fn parameter<'l>(line: &'l [u8], lower: &[u8], name: &[u8]) -> Option<&'l [u8]> {
    let value = &line[memmem::find(lower, name)? + name.len()..];
    match value.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|b| *b == b'"').next(),
        None => value.split(|b| *b == b';' || b.is_ascii_whitespace()).next(),
    }
}

/// Where a body ends, and where what follows it begins: the headers of another part or of another mail.
fn body_end(bytes: &[u8], mut at: usize, boundaries: &mut Vec<&[u8]>) -> (usize, usize) {
    let mut is_behind_blank = true;
    while at < bytes.len() {
        let (line, next) = line(bytes, at);
        let boundary = line.strip_prefix(b"--").filter(|_| !boundaries.is_empty());
        if boundary.is_some_and(|b| boundaries.iter().any(|known| b == *known || b.strip_suffix(b"--") == Some(known))) {
            return (at, next);
        }
        if is_behind_blank && line.starts_with(b"From ") {
            boundaries.clear();
            return (at, at + 1);
        }
        is_behind_blank = line.is_empty();
        at = next;
    }
    (at, at)
}

/// Decodes quoted-printable lines. Line ends that are left out follow where the line ends.
fn unquote(lines: &[u8], out: &mut Vec<u8>) {
    let (mut at, mut left_out) = (0, 0);
    while let Some(byte) = lines.get(at) {
        let rest = &lines[at + 1..];
        match byte {
            b'\n' => {
                out.push(b'\n');
                out.extend(std::iter::repeat_n(b'\n', std::mem::take(&mut left_out)));
            }
            b'=' => {
                if let Some(byte) = hex(rest) {
                    out.push(byte);
                    at += 3;
                    continue;
                }
                let blanks = rest.iter().take(HEADER).take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
                if rest.get(blanks) == Some(&b'\n') {
                    left_out += 1;
                    at += blanks + 2;
                    continue;
                }
                out.push(b'=');
            }
            byte => out.push(*byte),
        }
        at += 1;
    }
    out.extend(std::iter::repeat_n(b'\n', left_out));
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |index: usize| char::from(*digits.get(index)?).to_digit(16);
    u8::try_from(digit(0)? << 4 | digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable() {
        let check = |lines: &str, expected: &str| {
            let mut out = Vec::new();
            unquote(lines.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{lines}");
        };
        check("a=3Db=3db\nc\n", "a=b=b\nc\n");
        check("a=\nb= \t\r\nc\nd\n", "abc\n\n\nd\n");
        check("a=\r\nb\r\n", "ab\r\n\n");
        check("a = b =zz =4", "a = b =zz =4");
        check("=", "=");
        check("a=\n", "a\n");
    }

    #[test]
    fn begins_like_a_mail() {
        assert!(has_magic(b"Return-Path: <a@b.test>\nMIME-Version: 1.0\n\n"));
        assert!(has_magic(b"From a@b.test Fri Nov 27 13:00:00 2026\nSubject: x\nMIME-Version: 1.0\n"));
        assert!(!has_magic(b"apiVersion: v1\nMIME-Version: 1.0\n"));
        assert!(!has_magic(b"Subject: x\n\ntext\n"));
        assert!(!has_magic(b""));
    }

    proptest::proptest! {
        #[test]
        fn lines_stay(text in "[=a-f0-9 \\r\\n]{0,200}") {
            let mut out = Vec::new();
            unquote(text.as_bytes(), &mut out);
            // What is decoded may be a line end.
            let escaped = text.to_ascii_lowercase().matches("=0a").count();
            let count = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'\n').count();
            proptest::prop_assert_eq!(count(&out), count(text.as_bytes()) + escaped);
        }
    }
}
