//! Bytes to text and back: UTF-8, with or without a mark, and UTF-16 with one, as editors and shells of Windows write it.
//!
//! It must not know what the text means. Start with [`decode`].

use zeroize::Zeroizing;

use super::{Error, LARGEST};

const MARK: &[u8] = b"\xef\xbb\xbf";

/// How a text was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf8Marked,
    Utf16Little,
    Utf16Big,
}

/// A text, and how to write another one like it.
pub(super) struct Decoded<'a> {
    encoding: Encoding,
    text: Text<'a>,
}

/// A text that is borrowed, or wiped when it is dropped.
enum Text<'a> {
    Borrowed(&'a str),
    Owned(Zeroizing<String>),
}

impl Decoded<'_> {
    /// The text, without a mark.
    pub(super) fn text(&self) -> &str {
        match &self.text {
            Text::Borrowed(text) => text,
            Text::Owned(text) => text,
        }
    }

    /// `text` in the encoding of this one.
    pub(super) fn encode(&self, text: &str) -> Zeroizing<Vec<u8>> {
        let units = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
            let mut out = Zeroizing::new(Vec::with_capacity(2 + text.len() * 2));
            out.extend(mark);
            out.extend(text.encode_utf16().flat_map(bytes));
            out
        };
        match self.encoding {
            Encoding::Utf8 => Zeroizing::new(text.as_bytes().to_vec()),
            Encoding::Utf8Marked => Zeroizing::new([MARK, text.as_bytes()].concat()),
            Encoding::Utf16Little => units([0xff, 0xfe], u16::to_le_bytes),
            Encoding::Utf16Big => units([0xfe, 0xff], u16::to_be_bytes),
        }
    }
}

/// Reads a text of at most [`LARGEST`] bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, Error> {
    if bytes.len() > LARGEST {
        return Err(Error::TooLarge);
    }
    let decoded = match bytes {
        [0xff, 0xfe, rest @ ..] => from_units(Encoding::Utf16Little, rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => from_units(Encoding::Utf16Big, rest, u16::from_be_bytes)?,
        _ => {
            let (encoding, rest) = match bytes.strip_prefix(MARK) {
                Some(rest) => (Encoding::Utf8Marked, rest),
                None => (Encoding::Utf8, bytes),
            };
            let text = std::str::from_utf8(rest)
                .map_err(|e| Error::Line { line: line_of(&rest[..e.valid_up_to()]), what: "it is no text in UTF-8" })?;
            Decoded { encoding, text: Text::Borrowed(text) }
        }
    };
    match decoded.text().bytes().position(|byte| byte == 0) {
        Some(at) => {
            Err(Error::Line { line: line_of(&decoded.text().as_bytes()[..at]), what: "it is no text: there is a zero byte" })
        }
        None => Ok(decoded),
    }
}

fn from_units(encoding: Encoding, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Decoded<'static>, Error> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    // Never more than three bytes of UTF-8 a unit, so that it is never copied to grow.
    let mut text = Zeroizing::new(String::with_capacity(pairs.len() * 3));
    for letter in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match letter {
            Ok(letter) => text.push(letter),
            Err(_) => return Err(Error::Line { line: line_of(text.as_bytes()), what: "it is no text in UTF-16" }),
        }
    }
    if !rest.is_empty() {
        return Err(Error::Line { line: line_of(text.as_bytes()), what: "it ends in the middle of a letter" });
    }
    Ok(Decoded { encoding, text: Text::Owned(text) })
}

/// The number of the line that comes behind `before`, counted from 1.
pub(super) fn line_of(before: &[u8]) -> usize {
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Error, LARGEST, decode};

    #[test]
    fn encodings() {
        let check = |bytes: &[u8], expected: &str| {
            let decoded = decode(bytes).unwrap();
            assert_eq!(decoded.text(), expected);
            assert_eq!(decoded.encode(expected).as_slice(), bytes);
        };
        check(b"", "");
        check(b"A=1\r\n", "A=1\r\n");
        check(b"\xef\xbb\xbfA", "A");
        check(b"\xff\xfeA\0\n\0", "A\n");
        check(b"\xfe\xff\0A\xd8\x3d\xde\x00", "A\u{1f600}");
        let wrong = |bytes: &[u8], line| {
            assert!(matches!(decode(bytes), Err(Error::Line { line: l, .. }) if l == line), "{bytes:?}");
        };
        wrong(b"a\nb\xff", 2);
        wrong(b"a\n\n\0", 3);
        wrong(b"\xff\xfea\0b", 1);
        wrong(b"\xff\xfe\n\0\x3d\xd8a\0", 2);
        wrong(b"A\0=\0", 1);
        assert_eq!(decode(&vec![b'a'; LARGEST + 1]).err(), Some(Error::TooLarge));
    }

    proptest! {
        #[test]
        fn what_is_decoded_is_encoded_back(bytes in prop::collection::vec(any::<u8>(), 0..60), mark in 0..4usize) {
            let mark: &[u8] = [&b""[..], b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"][mark];
            let bytes = [mark, &bytes].concat();
            if let Ok(decoded) = decode(&bytes) {
                let again = decoded.encode(decoded.text());
                prop_assert_eq!(again.as_slice(), bytes);
            }
        }
    }
}
