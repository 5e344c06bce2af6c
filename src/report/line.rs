//! The one file of this module that sees values: it cuts them out of a line, or hands them over where they were asked for.
//!
//! It must not know report formats. Start with [`Line::of`] and [`Value::of`].

use std::borrow::Cow;

use super::Values;
use crate::base::secret::Secret;
use crate::scan::finding::{Finding, Occurrence};

/// What stands for a value where the scan gave nothing better.
const STAND_IN: &str = "********";

/// Shorter values are left in the text around a finding: cutting out every `abc` would only garble it.
const SHORTEST_SCRUBBED: usize = 4;

/// The line of an occurrence, without the value even if it stands there twice. Not sanitised for a terminal.
pub(super) struct Line<'a> {
    pub(super) before: Cow<'a, str>,
    pub(super) shown: Cow<'a, str>,
    pub(super) after: Cow<'a, str>,
}

impl<'a> Line<'a> {
    pub(super) fn of(finding: &Finding, occurrence: &'a Occurrence) -> Self {
        let snippet = &occurrence.snippet;
        let shown = if snippet.shown.is_empty() { STAND_IN } else { snippet.shown.as_str() };
        Self {
            before: scrub(&snippet.before, &finding.secret),
            shown: scrub(shown, &finding.secret),
            after: scrub(&snippet.after, &finding.secret),
        }
    }
}

/// Why a finding matched, without the value.
pub(super) fn why(finding: &Finding) -> Vec<Cow<'_, str>> {
    finding.why.iter().map(|w| scrub(w, &finding.secret)).collect()
}

/// Characters of the value before its first line break.
pub(super) fn first_line_chars(finding: &Finding) -> u64 {
    let bytes = finding.secret.expose();
    let end = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(bytes.len());
    bytes[..end].utf8_chunks().map(|c| c.valid().chars().count() + c.invalid().len()).sum::<usize>() as u64
}

/// A value to write, where values were asked for; serialises to no field, to `secret` or to `secret_base64`.
#[derive(Default, serde::Serialize)]
pub(super) struct Value<'a> {
    #[serde(skip_serializing_if = "Option::is_none", rename = "secret")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "secret_base64")]
    pub(super) base64: Option<String>,
}

impl<'a> Value<'a> {
    pub(super) fn of(finding: &'a Finding, values: Values) -> Self {
        if values == Values::Redacted {
            return Self::default();
        }
        match std::str::from_utf8(finding.secret.expose()) {
            Ok(text) => Self { text: Some(text), base64: None },
            Err(_) => Self { text: None, base64: Some(base64(finding.secret.expose())) },
        }
    }
}

/// Shannon entropy of the value, in bits per byte.
pub(super) fn entropy(finding: &Finding) -> f32 {
    let bytes = finding.secret.expose();
    let mut counts = [0u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let part = |count: &u32| f64::from(*count) / bytes.len() as f64;
    let sum: f64 = counts.iter().filter(|count| **count > 0).map(part).map(|p| p * p.log2()).sum();
    (0.0 - sum) as f32
}

/// The value's bytes, where values were asked for.
pub(super) fn bytes(finding: &Finding, values: Values) -> Option<&[u8]> {
    (values == Values::Shown).then(|| finding.secret.expose())
}

/// RFC 4648 base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

fn scrub<'a>(text: &'a str, secret: &Secret) -> Cow<'a, str> {
    match std::str::from_utf8(secret.expose()) {
        Ok(value) if value.len() >= SHORTEST_SCRUBBED && text.contains(value) => Cow::Owned(text.replace(value, STAND_IN)),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Value, base64, bytes, first_line_chars};
    use crate::report::{Values, sample};
    use crate::scan::finding::Snippet;

    #[test]
    fn a_value_that_stands_twice_on_its_line_is_cut_out_twice() {
        let check = |value: &str, before: &str, shown: &str, after: &str, expected: &str| {
            let mut finding = sample::finding("a", "f", value.as_bytes());
            finding.occurrences[0].snippet = Snippet { before: before.into(), shown: shown.into(), after: after.into() };
            let line = Line::of(&finding, &finding.occurrences[0]);
            assert_eq!(format!("{}|{}|{}", line.before, line.shown, line.after), expected);
        };
        check("hunter2", "p=\"", "*******", "\" # hunter2, hunter2", "p=\"|*******|\" # ********, ********");
        check("hunter2", "hunter2 ", "hunter2", "", "******** |********|");
        check("hunter2", "p=", "", "", "p=|********|");
        check("abc", "abc", "***", "abc", "abc|***|abc");
        check("", "abc", "***", "abc", "abc|***|abc");
    }

    #[test]
    fn values_come_out_only_when_asked_for() {
        let json = |value: &[u8], values| serde_json::to_string(&Value::of(&sample::finding("a", "f", value), values)).unwrap();
        assert_eq!(json(b"hunter2", Values::Redacted), "{}");
        assert_eq!(json(b"hunter2", Values::Shown), "{\"secret\":\"hunter2\"}");
        assert_eq!(json(b"\xffunter2", Values::Shown), ["{\"secret_base64\":\"", "/3VudGVyMg==\"}"].concat());
        let finding = sample::finding("a", "f", b"hunter2");
        assert_eq!(bytes(&finding, Values::Redacted), None);
        assert_eq!(bytes(&finding, Values::Shown), Some(&b"hunter2"[..]));
    }

    #[test]
    fn base64_matches_the_vectors_of_rfc_4648() {
        let check = |input: &str, expected: &str| assert_eq!(base64(input.as_bytes()), expected);
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foob", "Zm9vYg==");
        check("fooba", "Zm9vYmE=");
        check("foobar", "Zm9vYmFy");
    }

    #[test]
    fn characters_of_the_first_line() {
        let check = |value: &[u8], expected: u64| assert_eq!(first_line_chars(&sample::finding("a", "f", value)), expected);
        check(b"abc", 3);
        check("é文\nxyz".as_bytes(), 2);
        check(b"a\xff\xfe\r\nxyz", 3);
        check(b"", 0);
    }
}
