//! Characters that a text writes as escapes: JSON's, in each other too, those of syslog and of URLs.
//!
//! Sources: RFC 8259, RFC 3986; rsyslog's `#012`. It must not know what is looked for. Start with [`escape`].

use super::colour;

/// What the escape stands for that `text`, which begins with a backslash, begins with, and its length. Before what is escaped in a string
/// within a string there are several backslashes. A backslash that escapes nothing stands for itself.
pub(super) fn escape(text: &[u8]) -> (usize, u32) {
    let run = text.iter().take_while(|b| **b == b'\\').count();
    let code = match text.get(run) {
        Some(byte @ (b'/' | b'"' | b'\'')) => u32::from(*byte),
        Some(b'n') => 10,
        Some(b'r') => 13,
        Some(b't') => 9,
        Some(b'u') => {
            let digits = text.get(run + 1..run + 5).and_then(|digits| std::str::from_utf8(digits).ok());
            return digits.and_then(|d| u32::from_str_radix(d, 16).ok()).map_or((run, 92), |code| (run + 5, code));
        }
        _ => return (run, 92),
    };
    (run + 1, code)
}

/// The length of what a text begins with that stands between the lines of a value: blanks and line ends, as they are or as escapes, and
/// codes that colour. True if it may be a line end.
pub(super) fn gap(text: &[u8]) -> Option<(usize, bool)> {
    match text {
        [b' ' | b'\t', ..] => Some((1, false)),
        [b'\r', ..] => Some((1, true)),
        [b'\\', ..] => match escape(text) {
            (length, 10 | 13) => Some((length, true)),
            (length, 9 | 32) => Some((length, false)),
            (length, 92) if length == text.len() => Some((length, false)),
            _ => None,
        },
        [b'#', b'0', b'1', b'2' | b'5', ..] => Some((4, true)),
        [b'%', b'0', b'a' | b'A' | b'd' | b'D', ..] => Some((3, true)),
        [b'%', b'2', b'0', ..] => Some((3, false)),
        [0x1b, ..] => Some(colour::sequence(text)).filter(|n| *n > 0).map(|n| (n, false)),
        _ => None,
    }
}

/// A value without the escapes in it, however deep it stands in strings: the same value is the same text.
pub(super) fn plain(value: &[u8]) -> Vec<u8> {
    let mut text = value.to_vec();
    for _ in 0..8 {
        let next = once(&text);
        if next == text {
            break;
        }
        zeroize::Zeroize::zeroize(&mut text);
        text = next;
    }
    text
}

fn once(text: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while at < text.len() {
        let (length, code) = match &text[at..] {
            [b'\\', b'u', ..] => unicode(&text[at..]).unwrap_or((1, 92)),
            [b'\\', escaped, ..] => {
                let code = match escaped {
                    b'n' => 10,
                    b'r' => 13,
                    b't' => 9,
                    b'b' => 8,
                    b'f' => 12,
                    b'"' | b'\'' | b'/' | b'\\' => u32::from(*escaped),
                    _ => 0,
                };
                if code == 0 { (1, 92) } else { (2, code) }
            }
            _ => {
                out.push(text[at]);
                at += 1;
                continue;
            }
        };
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        at += length;
    }
    out
}

/// A character as `\u…`, or two of them that are its halves.
fn unicode(text: &[u8]) -> Option<(usize, u32)> {
    let code = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = code(0)?;
    match code(6) {
        Some(second @ 0xdc00..=0xdfff) if (0xd800..=0xdbff).contains(&first) => {
            Some((12, 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)))
        }
        _ => Some((6, first)),
    }
}

#[cfg(test)]
mod tests {
    use super::{escape, gap, plain};

    #[test]
    fn escapes_are_read_as_what_they_stand_for() {
        for (text, expected) in [
            ("\\/x", (2, 47)),
            ("\\u002bx", (6, 43)),
            ("\\\\\\u003D", (8, 61)),
            ("\\n", (2, 10)),
            ("\\\\\\\"", (4, 34)),
            ("\\S", (1, 92)),
            ("\\u00", (1, 92)),
        ] {
            assert_eq!(escape(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(gap(b"#012M"), Some((4, true)));
        assert_eq!(gap(b"%2BM"), None);
        assert_eq!(gap(b"\\\\nM"), Some((3, true)));
    }

    #[test]
    fn a_value_is_the_same_however_deep_it_stands() {
        let value = "a/\"é😀\\b\tc";
        let mut text = value.to_owned();
        for _ in 0..3 {
            assert_eq!(plain(text.as_bytes()), plain(value.as_bytes()), "{text}");
            text = serde_json::to_string(&text).unwrap().trim_matches('"').to_owned();
        }
        assert_eq!(plain(br"a\/\u0022\u00e9\ud83d\ude00\\b\tc"), plain(value.as_bytes()));
        assert_eq!(plain(b"nothing here"), b"nothing here");
    }
}
