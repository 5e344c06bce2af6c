//! Covers that leave a line of JSON one.
//!
//! Source: RFC 8259. It must not know what is covered. Start with [`fit`]: within strings no escape is cut, and what is none becomes one.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::cover::Covered;

/// What some programs begin a file with.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A value without quotes is no longer, nor are the blanks around it.
const LONGEST: usize = 64;

/// Is the line an object or a list of JSON?
pub(super) fn is_line(line: &[u8]) -> bool {
    let text = line.strip_prefix(BOM).unwrap_or(line).trim_ascii();
    let ends = text.starts_with(b"{") && text.ends_with(b"}") || text.starts_with(b"[") && text.ends_with(b"]");
    ends && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// Makes covers of those of a line, which stands at `base` and is valid: parts of strings, and other values as wholes.
pub(super) fn fit(line: &[u8], base: usize, covered: &[Covered], out: &mut Vec<Covered>) {
    let (mut at, mut rest) = (0, covered);
    while at < line.len() {
        match line[at] {
            b'"' => {
                let end = string_end(line, at + 1);
                characters(line, (base, at + 1..end), &mut rest, out);
                at = end + 1;
            }
            byte if is_bare(byte) => {
                let end = line[at..].iter().position(|b| !is_bare(*b)).map_or(line.len(), |n| at + n);
                skip(&mut rest, base + at);
                if let Some(one) = rest.first().filter(|one| one.range.start < base + end) {
                    push(out, one, base + at..base + end, format!("\"{}\"", one.cover));
                }
                at = end;
            }
            _ => at += 1,
        }
    }
}

/// The value of JSON around `at` that stands without quotes behind a name in a line which is some of an object, such as `"pin": 123456,`.
pub(super) fn bare_value(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let is_blank = |b: &&u8| matches!(b, b' ' | b'\t');
    let back = bytes[..at].iter().rev().take(LONGEST).take_while(|b| is_bare(**b)).count();
    let start = at - back;
    let mut before = bytes[..start].iter().rev().take(LONGEST).skip_while(is_blank);
    let is_named = before.next() == Some(&b':') && before.find(|b| !is_blank(b)) == Some(&b'"') && before.next() != Some(&b'\\');
    let length = bytes[start..].iter().take(LONGEST).take_while(|b| is_bare(**b)).count();
    let value = start..start + length;
    let behind = bytes[value.end..].iter().take(LONGEST).find(|b| !is_blank(b));
    let is_value = is_named && behind.is_none_or(|b| matches!(b, b',' | b'}' | b']' | b'\r' | b'\n'));
    (is_value && serde_json::from_slice::<IgnoredAny>(&bytes[value.clone()]).is_ok()).then_some(value)
}

/// Leaves out those that end before a place.
fn skip(rest: &mut &[Covered], at: usize) {
    while rest.first().is_some_and(|one| one.range.end <= at) {
        *rest = &rest[1..];
    }
}

/// Covers what is covered of a string, with the whole of each character that is cut.
fn characters(line: &[u8], (base, string): (usize, Range<usize>), rest: &mut &[Covered], out: &mut Vec<Covered>) {
    skip(rest, base + string.start);
    if rest.first().is_none_or(|one| one.range.start >= base + string.end) {
        return;
    }
    let (mut at, mut last) = (string.start, None);
    while at < string.end {
        let next = at + character(&line[at..string.end]);
        skip(rest, base + at);
        let here = rest.first().filter(|one| one.range.start < base + next);
        match (here, out.last_mut()) {
            (Some(one), Some(open)) if last == Some(one.range.start) => open.range.end = (base + next).max(open.range.end),
            (Some(one), _) => push(out, one, base + at..base + next, one.cover.clone()),
            (None, _) => {}
        }
        last = here.map(|one| one.range.start);
        at = next;
    }
}

fn push(out: &mut Vec<Covered>, one: &Covered, range: Range<usize>, cover: String) {
    if out.last().is_none_or(|last| last.range.end <= range.start) {
        out.push(Covered { range, cover, name: one.name.clone() });
    }
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)
}

/// The quote that ends the string that begins at `at`.
fn string_end(line: &[u8], at: usize) -> usize {
    let mut end = at;
    while end < line.len() && line[end] != b'"' {
        end += if line[end] == b'\\' { 2 } else { 1 };
    }
    end.min(line.len())
}

/// The length of the character, or of its escape, that a string begins with. Two escapes that are halves of one character are one.
fn character(text: &[u8]) -> usize {
    let half = |at: usize, first: &[u8]| {
        let escape = text.get(at..at + 6)?;
        (escape.starts_with(b"\\u") && escape[2].eq_ignore_ascii_case(&b'd') && first.contains(&escape[3].to_ascii_lowercase()))
            .then_some(())
    };
    let length = match text {
        [b'\\', b'u', ..] if half(0, b"89ab").and_then(|()| half(6, b"cdef")).is_some() => 12,
        [b'\\', b'u', ..] => 6,
        [b'\\', ..] => 2,
        _ => {
            let rest = text.iter().skip(1).take_while(|b| **b & 0xc0 == 0x80).count();
            if text[0] < 0x80 { 1 } else { 1 + rest }
        }
    };
    length.min(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Covered, bare_value, fit, is_line};

    fn covered(line: &str, range: std::ops::Range<usize>) -> String {
        let covers = [Covered { range: range.start + 7..range.end + 7, cover: "********".into(), name: "x".into() }];
        let (mut fitted, mut out, mut at) = (Vec::new(), Vec::new(), 0);
        fit(line.as_bytes(), 7, &covers, &mut fitted);
        for one in fitted {
            out.extend_from_slice(&line.as_bytes()[at..one.range.start - 7]);
            out.extend_from_slice(one.cover.as_bytes());
            at = one.range.end - 7;
        }
        out.extend_from_slice(&line.as_bytes()[at..]);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_and_values_are_covered_whole() {
        let check = |line: &str, from: &str, expected: &str| {
            let at = line.find(from).unwrap();
            assert_eq!(covered(line, at..at + from.len()), expected, "{line}");
        };
        check(r#"{"a":"one two"}"#, "two", r#"{"a":"one ********"}"#);
        check(r#"{"pin":123456,"b":1}"#, "123", r#"{"pin":"********","b":1}"#);
        check(r#"{"a":"x\ny"}"#, "ny", r#"{"a":"x********"}"#);
        check(r#"{"a":"x\ud83d\ude00y"}"#, "de00y", r#"{"a":"x********"}"#);
        check(r#"{"a":"one","b":"two"}"#, r#"ne","b":"t"#, r#"{"a":"o********","********":"********wo"}"#);
    }

    #[test]
    fn values_in_a_part_of_an_object_are_known() {
        for (line, expected) in [
            ("  \"pin\": 123456,\n", Some("123456")),
            ("{\"password\":-73519264.5e3},", Some("-73519264.5e3")),
            ("\"pin\": 123456\n", Some("123456")),
            ("\"pin\": 123456 and more\n", None),
            ("\"pin\": 12ab56,", None),
            ("pin: 123456,", None),
            ("\"{\\\"pin\\\":123456}", None),
        ] {
            let at = line.find("12").or_else(|| line.find("73")).unwrap();
            assert_eq!(bare_value(line.as_bytes(), at).map(|range| &line[range]), expected, "{line}");
        }
        assert!(is_line("\u{feff}{\"a\":1}\n".as_bytes()));
    }

    proptest! {
        #[test]
        fn it_stays_json(text in ".{0,20}", number in any::<i32>(), cut in 0usize..60, length in 1usize..40) {
            let line = serde_json::json!({"a": text, "b": number, "list": [true, null, text]}).to_string();
            let (cut, length) = (cut.min(line.len()), length.min(line.len() - cut.min(line.len())));
            prop_assert!(is_line(line.as_bytes()));
            let out = covered(&line, cut..cut + length);
            prop_assert!(is_line(out.as_bytes()), "{}", out);
        }
    }
}
