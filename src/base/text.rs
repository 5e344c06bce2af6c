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

/// Which of `names` somebody may have meant who wrote `name`: the one fewest letters away, and no more than a third of them.
#[must_use]
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = name.len().clamp(1, 64) / 3;
    if name.len() > 64 {
        return None;
    }
    let near = names.filter(|other| other.len().abs_diff(name.len()) <= most).map(|other| (distance(name, other), other));
    near.filter(|(letters, _)| *letters <= most.min(3)).min().map(|(_, other)| other)
}

/// How many letters must be changed, added, taken away or swapped with their neighbour to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let (a, b) = (one.as_bytes(), other.as_bytes());
    let mut rows = [vec![0; b.len() + 1], (0..=b.len()).collect(), vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        rows[2][0] = i;
        for j in 1..=b.len() {
            let changed = rows[1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[1][j] + 1).min(rows[2][j - 1] + 1);
            if i > 1 && j > 1 && (a[i - 1], a[i - 2]) == (b[j - 2], b[j - 1]) {
                least = least.min(rows[0][j - 2] + 1);
            }
            rows[2][j] = least;
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

/// Lower-case hexadecimal digits, two a byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{hex, nearest, sanitise, without_tokens};

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
    fn what_is_mistyped_has_a_nearest_name() {
        let names = ["github-pat", "github-oauth", "jwt", "slack-bot-token"];
        let check = |name: &str, expected: Option<&str>| assert_eq!(nearest(name, names.into_iter()), expected, "{name}");
        check("github-pat", Some("github-pat"));
        check("githb-pat", Some("github-pat"));
        check("github-apt", Some("github-pat"));
        check("slack-bot-tokens", Some("slack-bot-token"));
        check("jtw", Some("jwt"));
        check("jpg", None);
        check("", None);
        check("stripe-secret-key", None);
        check(&"github-pat".repeat(100), None);
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
