//! How streams of a PDF are packed: deflated, as ASCII85, as hexadecimal digits, by lengths of runs, and one after the other.
//!
//! It must not trust a byte: what is damaged ends there. Start with [`named`] and [`chain`]. Format: ISO 32000-1, section 7.4.

use std::io::{self, BufReader, Bytes, ErrorKind, Read};

/// Filters of a stream that are looked at.
const MOST: usize = 8;

/// One way to pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// As zlib does.
    Flate,
    /// Five characters for four bytes.
    Ascii85,
    /// Two digits for a byte.
    AsciiHex,
    /// Lengths of runs.
    RunLength,
}

/// The filters that stand behind `/Filter`, in the order in which they are undone; `None` if one of them is not known.
pub(super) fn named(text: &[u8]) -> Option<Vec<Filter>> {
    let text = text.trim_ascii_start();
    let ends = |b: &u8| matches!(b, b'/' | b'>' | b'<' | b'[' | b']' | b'(') || b.is_ascii_whitespace();
    let (list, is_list) = text.strip_prefix(b"[").map_or((text, false), |list| (list, true));
    let mut filters = Vec::new();
    let mut rest = list.trim_ascii_start();
    while let Some(name) = rest.strip_prefix(b"/") {
        let end = name.iter().position(ends).unwrap_or(name.len());
        filters.push(match &name[..end] {
            b"FlateDecode" | b"Fl" => Filter::Flate,
            b"ASCII85Decode" | b"A85" => Filter::Ascii85,
            b"ASCIIHexDecode" | b"AHx" => Filter::AsciiHex,
            b"RunLengthDecode" | b"RL" => Filter::RunLength,
            _ => return None,
        });
        rest = name[end..].trim_ascii_start();
        if !is_list || filters.len() > MOST {
            break;
        }
    }
    // What stands elsewhere is not known.
    (filters.len() <= MOST && (is_list || !filters.is_empty())).then_some(filters)
}

/// What a stream holds whose packed bytes come from a reader.
pub(super) fn chain<'r>(packed: impl Read + 'r, filters: &[Filter]) -> Box<dyn Read + 'r> {
    filters.iter().fold(Box::new(packed), |inner, filter| match filter {
        Filter::Flate => Box::new(flate2::read::ZlibDecoder::new(inner)),
        other => {
            Box::new(Unpacked { input: BufReader::new(inner).bytes(), filter: *other, ready: Vec::new(), given: 0, ended: false })
        }
    })
}

/// Undoes one filter, a group of bytes after the other.
struct Unpacked<R> {
    input: Bytes<BufReader<R>>,
    filter: Filter,
    ready: Vec<u8>,
    given: usize,
    /// Was the mark of the end read?
    ended: bool,
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

impl<R: Read> Unpacked<R> {
    /// The next byte that is no blank.
    fn character(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.next().transpose()? {
                Some(byte) if byte.is_ascii_whitespace() || byte == 0 => {}
                other => return Ok(other),
            }
        }
    }

    /// Makes the next group ready; none is left if nothing is.
    fn next_group(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.given = 0;
        match self.filter {
            Filter::Ascii85 => self.ascii85(),
            Filter::AsciiHex => self.hex(),
            Filter::RunLength => self.run(),
            Filter::Flate => Ok(()),
        }
    }

    fn ascii85(&mut self) -> io::Result<()> {
        let (mut value, mut count) = (0_u64, 0);
        while count < 5 {
            match self.character()? {
                Some(b'z') if count == 0 => {
                    self.ready.extend([0; 4]);
                    return Ok(());
                }
                Some(digit @ b'!'..=b'u') => value = value * 85 + u64::from(digit - b'!'),
                Some(b'~') | None => {
                    self.ended = true;
                    break;
                }
                Some(_) => return Err(damaged("no digit of ASCII85")),
            }
            count += 1;
        }
        // Of the last group, one byte less than it has digits.
        value = (count..5).fold(value, |value, _| value * 85 + 84);
        let value = u32::try_from(value).map_err(|_| damaged("a group of ASCII85 that is too large"))?;
        self.ready.extend(&value.to_be_bytes()[..usize::from(count > 0) * (count.max(1) - 1)]);
        Ok(())
    }

    fn hex(&mut self) -> io::Result<()> {
        let (mut value, mut count) = (0, 0);
        while count < 2 {
            match self.character()? {
                Some(b'>') | None => {
                    self.ended = true;
                    if count == 0 {
                        return Ok(());
                    }
                    value <<= 4;
                }
                Some(digit) => {
                    let digit = char::from(digit).to_digit(16).ok_or_else(|| damaged("no hexadecimal digit"))?;
                    value = value << 4 | digit;
                }
            }
            count += 1;
        }
        self.ready.push(value as u8);
        Ok(())
    }

    fn run(&mut self) -> io::Result<()> {
        let ended = || damaged("a run that is cut short");
        match self.input.next().transpose()? {
            None | Some(128) => self.ended = true,
            Some(length @ 0..128) => {
                for _ in 0..=length {
                    let byte = self.input.next().transpose()?;
                    self.ready.push(byte.ok_or_else(ended)?);
                }
            }
            Some(length) => {
                let byte = self.input.next().transpose()?.ok_or_else(ended)?;
                self.ready.extend(std::iter::repeat_n(byte, 257 - usize::from(length)));
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() && !self.ended {
            self.next_group()?;
        }
        let rest = &self.ready[self.given..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::{Filter, chain, named};

    fn unpack(packed: &[u8], filters: &[Filter]) -> Vec<u8> {
        let mut out = Vec::new();
        // What was read before damage is kept.
        drop(chain(packed, filters).read_to_end(&mut out));
        out
    }

    #[test]
    fn names() {
        let check = |text: &str, expected: Option<&[Filter]>| assert_eq!(named(text.as_bytes()).as_deref(), expected, "{text}");
        check(" /FlateDecode /Length 3", Some(&[Filter::Flate]));
        check("[/ASCII85Decode /FlateDecode]/Length 3", Some(&[Filter::Ascii85, Filter::Flate]));
        check("[ /AHx/RL ] >>", Some(&[Filter::AsciiHex, Filter::RunLength]));
        check("[]", Some(&[]));
        check(" 12 0 R", None);
        check("/LZWDecode", None);
        check("[/A85 /LZWDecode]", None);
    }

    #[test]
    fn what_is_packed() {
        let check =
            |filter: Filter, packed: &[u8], text: &str| assert_eq!(unpack(packed, &[filter]), text.as_bytes(), "{filter:?}");
        check(Filter::Ascii85, b"87cUR\nD]i,\"Ebo7~>rest", "Hello World");
        check(Filter::Ascii85, b"z~>", "\0\0\0\0");
        check(Filter::Ascii85, b"!~>", "");
        check(Filter::AsciiHex, b"48 65 6c6C 6F 7>rest", "Hellop");
        check(Filter::RunLength, b"\x02abc\xfed\x80rest", "abcddd");
        assert_eq!(unpack(b"0205616263>", &[Filter::AsciiHex, Filter::RunLength]), b"\x05ab");
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..300), filters in proptest::collection::vec(0usize..4, 0..4)) {
            let all = [Filter::Flate, Filter::Ascii85, Filter::AsciiHex, Filter::RunLength];
            let filters: Vec<Filter> = filters.into_iter().map(|index| all[index]).collect();
            prop_assert!(unpack(&bytes, &filters).len() <= 300 * 64 * 64 * 64);
        }
    }
}
