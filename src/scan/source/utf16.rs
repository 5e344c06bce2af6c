//! Turns UTF-16 text into UTF-8 while it is read.
//!
//! It must not know what reads it. Start with [`order`], then [`Decoder`]. Lone surrogates and a last odd byte become U+FFFD:
//! nothing is left out.

use std::io::{self, Read};

/// Order of the two bytes of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Low byte first.
    Little,
    /// High byte first.
    Big,
}

/// The order that a byte order mark at the start names; `None` without one.
#[must_use]
pub fn order(head: &[u8]) -> Option<Order> {
    match head {
        // FF FE 00 00 would be UTF-32; no text begins with a zero character.
        [0xff, 0xfe, ..] => Some(Order::Little),
        [0xfe, 0xff, ..] => Some(Order::Big),
        _ => None,
    }
}

/// Bytes that [`unmarked`] looks at, and fewer than it decides about.
pub const LOOKED_AT: usize = 4096;
const FEWEST: usize = 32;

/// The order of what begins like UTF-16 without a mark: nearly all units are plain characters of one byte. What follows may be something
/// else, so such bytes are scanned as they are, too.
#[must_use]
pub fn unmarked(head: &[u8]) -> Option<Order> {
    let order = match head {
        [0, other, ..] if *other != 0 => Order::Big,
        [other, 0, ..] if *other != 0 => Order::Little,
        _ => return None,
    };
    let (units, _) = head[..head.len().min(LOOKED_AT)].as_chunks::<2>();
    let is_plain = |unit: &&[u8; 2]| {
        let [zero, plain] = if order == Order::Big { **unit } else { [unit[1], unit[0]] };
        zero == 0 && (plain.is_ascii_graphic() || plain.is_ascii_whitespace())
    };
    let plain = units.iter().filter(is_plain).count();
    (units.len() * 2 >= FEWEST && plain * 10 >= units.len() * 9).then_some(order)
}

/// Reads UTF-16 from a reader and gives UTF-8. The byte order mark is dropped.
pub struct Decoder<R> {
    reader: R,
    order: Order,
    raw: Vec<u8>,
    text: String,
    given: usize,
    first: bool,
    ended: bool,
}

const CHUNK: usize = 32 * 1024;

impl<R: Read> Decoder<R> {
    /// Begins to decode.
    pub fn new(reader: R, order: Order) -> Self {
        Self { reader, order, raw: Vec::new(), text: String::new(), given: 0, first: true, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        let start = self.raw.len();
        self.raw.resize(CHUNK, 0);
        let n = loop {
            match self.reader.read(&mut self.raw[start..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.raw.truncate(start + *n.as_ref().unwrap_or(&0));
        self.ended = n? == 0;
        self.text.clear();
        self.given = 0;
        // An odd byte or the first half of a pair waits for what follows.
        let mut usable = self.raw.len() / 2 * 2;
        if !self.ended && usable >= 2 && (0xd800..0xdc00).contains(&self.unit(usable - 2)) {
            usable -= 2;
        }
        let units: Vec<u16> = (0..usable).step_by(2).map(|i| self.unit(i)).collect();
        let skip = usize::from(self.first && units.first() == Some(&0xfeff));
        self.first &= units.is_empty();
        self.text.extend(char::decode_utf16(units.into_iter().skip(skip)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        self.raw.drain(..usable);
        if self.ended && !self.raw.is_empty() {
            self.raw.clear();
            self.text.push(char::REPLACEMENT_CHARACTER);
        }
        Ok(())
    }

    fn unit(&self, at: usize) -> u16 {
        let pair = [self.raw[at], self.raw[at + 1]];
        if self.order == Order::Little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if self.ended {
                return Ok(0);
            }
            self.fill()?;
        }
        let rest = &self.text.as_bytes()[self.given..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives one byte less each time, then begins again: reads end anywhere.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = self.1 % 5 + 1;
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn decode(bytes: &[u8]) -> String {
        let mut out = String::new();
        Decoder::new(Drip(bytes, 0), order(bytes).unwrap()).read_to_string(&mut out).unwrap();
        out
    }

    proptest! {
        #[test]
        fn decodes_like_the_standard_library(text in "\\PC{0,200}") {
            let units = || std::iter::once(0xfeffu16).chain(text.encode_utf16());
            prop_assert_eq!(decode(&units().flat_map(u16::to_le_bytes).collect::<Vec<_>>()), text.clone());
            prop_assert_eq!(decode(&units().flat_map(u16::to_be_bytes).collect::<Vec<_>>()), text.clone());
        }

        #[test]
        fn leaves_nothing_out(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut whole = vec![0xff, 0xfe];
            whole.extend(&bytes);
            prop_assert!(decode(&whole).chars().count() >= bytes.len() / 4);
        }
    }

    #[test]
    fn odd_ends() {
        assert_eq!(decode(b"\xff\xfea\0b"), "a\u{fffd}");
        assert_eq!(decode(b"\xfe\xff\xd8\x00\0a"), "\u{fffd}a");
        assert_eq!(order(b"ab"), None);
    }

    #[test]
    fn text_without_a_mark_is_known_by_its_zeros() {
        let wide = |text: &str, to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<u8>>();
        let text = "some text of more than sixteen characters\r\n";
        assert_eq!(unmarked(&wide(text, u16::to_le_bytes)), Some(Order::Little));
        assert_eq!(unmarked(&wide(text, u16::to_be_bytes)), Some(Order::Big));
        assert_eq!(
            unmarked(&wide("Stra\u{df}e und Gr\u{f6}\u{df}e des ganzen Feldes, das hier gemeint ist", u16::to_le_bytes)),
            Some(Order::Little)
        );
        assert_eq!(unmarked(&wide("too short", u16::to_le_bytes)), None);
        assert_eq!(unmarked(text.as_bytes()), None);
        assert_eq!(unmarked(&[0; 100]), None);
        assert_eq!(unmarked(&[b'a', 0, 1, 2].repeat(100)), None);
        assert_eq!(unmarked(b""), None);
    }
}
