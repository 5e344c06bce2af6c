//! Covers that leave a line of JSON one.
//!
//! Source: RFC 8259. It must not know what is covered. Start with [`fit`]: within strings no escape is cut, and what is none becomes one.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::cover::Covered;

/// Is the line an object or a list of JSON?
pub(super) fn is_line(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let ends = text.starts_with(b"{") && text.ends_with(b"}") || text.starts_with(b"[") && text.ends_with(b"]");
    ends && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// Makes covers of those of a line, which stands at `base` and is valid: parts of strings, and other values as wholes.
pub(super) fn fit(line: &[u8], base: usize, covered: &[Covered], out: &mut Vec<Covered>) {
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            b'"' => {
                let end = string_end(line, at + 1);
                for one in covered {
                    let range = widened(line, at + 1..end, one.range.start.max(base) - base..one.range.end.max(base) - base);
                    if !range.is_empty() {
                        push(out, one, base + range.start..base + range.end, one.cover.clone());
                    }
                }
                at = end + 1;
            }
            byte if is_bare(byte) => {
                let end = line[at..].iter().position(|b| !is_bare(*b)).map_or(line.len(), |n| at + n);
                let touched = |one: &&Covered| one.range.start < base + end && one.range.end > base + at;
                if let Some(one) = covered.iter().find(touched) {
                    push(out, one, base + at..base + end, format!("\"{}\"", one.cover));
                }
                at = end;
            }
            _ => at += 1,
        }
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

/// The part of `range` in a string, with the whole of each character that is cut.
fn widened(line: &[u8], string: Range<usize>, range: Range<usize>) -> Range<usize> {
    let (mut from, mut to) = (string.start, string.start);
    let (start, end) = (range.start.max(string.start), range.end.min(string.end));
    if start >= end {
        return 0..0;
    }
    let mut at = string.start;
    while at < string.end {
        let next = at + character(&line[at..string.end]);
        if next <= start {
            from = next;
        }
        if at < end {
            to = next;
        }
        at = next;
    }
    from..to
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

    use super::{Covered, fit, is_line};

    fn covered(line: &str, ranges: &[std::ops::Range<usize>]) -> String {
        let covers: Vec<Covered> = ranges
            .iter()
            .map(|r| Covered { range: r.start + 7..r.end + 7, cover: "********".into(), name: "x".into() })
            .collect();
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
            assert_eq!(covered(line, &[at..at + from.len()]), expected, "{line}");
        };
        check(r#"{"a":"one two"}"#, "two", r#"{"a":"one ********"}"#);
        check(r#"{"pin":123456,"b":1}"#, "123", r#"{"pin":"********","b":1}"#);
        check(r#"{"a":"x\ny"}"#, "ny", r#"{"a":"x********"}"#);
        check(r#"{"a":"x\ud83d\ude00y"}"#, "de00y", r#"{"a":"x********"}"#);
        check(r#"{"a":"one","b":"two"}"#, r#"ne","b":"t"#, r#"{"a":"o********","********":"********wo"}"#);
    }

    proptest! {
        #[test]
        fn it_stays_json(text in ".{0,20}", number in any::<i32>(), cut in 0usize..60, length in 1usize..40) {
            let line = serde_json::json!({"a": text, "b": number, "list": [true, null, text]}).to_string();
            let (cut, length) = (cut.min(line.len()), length.min(line.len() - cut.min(line.len())));
            prop_assert!(is_line(line.as_bytes()));
            let out = covered(&line, &[cut..cut + length]);
            prop_assert!(is_line(out.as_bytes()), "{}", out);
        }
    }
}
