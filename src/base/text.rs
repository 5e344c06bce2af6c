//! Text forms of bytes: foreign text made safe to show on a terminal, hexadecimal.
//!
//! It must not know who prints. Start with [`sanitise`].

use std::borrow::Cow;

/// Replaces what could steer a terminal (control characters, escape sequences, bidirectional overrides) and bytes that are
/// not UTF-8 by visible escapes such as `\x1b` or `\u{202e}`.
#[must_use]
pub fn sanitise(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(s) = std::str::from_utf8(bytes)
        && !s.chars().any(is_unsafe)
    {
        return Cow::Borrowed(s);
    }
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_unsafe(c) { push_escape(&mut out, c) } else { out.push(c) }
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
    }
    Cow::Owned(out)
}

fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        c if u32::from(c) < 0x100 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        c => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
    }
}

/// Replaces what may be a credential in the text of an error: words of 16 or more letters, digits and `_+=` with a digit among
/// them. For messages that quote a file.
#[must_use]
pub fn without_tokens(text: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (word, behind) = rest.split_at(rest.find(|c| !in_word(c)).unwrap_or(rest.len()));
        if word.len() >= 16 && word.bytes().any(|b| b.is_ascii_digit()) {
            out.push_str(&format!("({} characters)", word.len()));
        } else {
            out.push_str(word);
        }
        let (between, next) = behind.split_at(behind.find(in_word).unwrap_or(behind.len()));
        out.push_str(between);
        rest = next;
    }
    out
}

/// Lower-case hexadecimal digits, two a byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{hex, sanitise, without_tokens};

    #[test]
    fn errors_quote_no_credential() {
        let check = |text: &str, expected: &str| assert_eq!(without_tokens(text), expected);
        check(
            "unknown field `abc_defghijklmnop1`, expected `counterexamples`",
            "unknown field `(18 characters)`, expected `counterexamples`",
        );
        check("a-1234567890123456=", "a-(17 characters)");
        check("check `crc32-base62-is-what-it-says`; é", "check `crc32-base62-is-what-it-says`; é");
        check("", "");
    }

    #[test]
    fn hex_is_lower_case() {
        assert_eq!(hex(&[0, 0x1f, 0xa0, 0xff]), "001fa0ff");
    }

    #[test]
    fn escapes_what_steers_a_terminal() {
        let check = |input: &[u8], expected: &str| assert_eq!(sanitise(input), expected);
        check(b"plain/path.rs", "plain/path.rs");
        check("naïve-文".as_bytes(), "naïve-文");
        check(b"a\x1b[31mb", "a\\x1b[31mb");
        check(b"a\xffb\n", "a\\xffb\\n");
        check("a\u{202e}b".as_bytes(), "a\\u{202e}b");
    }
}
