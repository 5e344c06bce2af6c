//! How large the packed directory of a 7z file is once it is unpacked.
//!
//! The crate has one limit for that and for the window of its decoder, and py7zr packs a directory of a hundred bytes with a window of
//! 16 MiB. It must not unpack anything. Format: `DOC/7zFormat.txt` of the LZMA SDK. Start with [`unpacked_size`].

use std::io::{self, Read, Seek, SeekFrom};

/// Where the start header says where the directory is, and where what it counts from begins.
const START: u64 = 12;
const BEHIND_START: u64 = 32;
/// What describes a packed directory is shorter than this.
const MOST: u64 = 1024;

/// The size of the directory, if it is packed and what describes it is understood to its last byte.
pub(super) fn unpacked_size(input: &mut (impl Read + Seek)) -> Option<u64> {
    let bytes = description(input).ok()?;
    let mut rest = Rest(&bytes);
    let size = rest.packed_directory()?;
    rest.0.is_empty().then_some(size)
}

fn description(input: &mut (impl Read + Seek)) -> io::Result<Vec<u8>> {
    let mut numbers = [0; 16];
    input.seek(SeekFrom::Start(START))?;
    input.read_exact(&mut numbers)?;
    let [offset, size] = [0, 8].map(|at| u64::from_le_bytes(std::array::from_fn(|i| numbers[at + i])));
    input.seek(SeekFrom::Start(BEHIND_START.saturating_add(offset)))?;
    let mut bytes = Vec::new();
    if size <= MOST {
        input.take(size).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn is(&mut self, wanted: u8) -> Option<()> {
        (self.byte()? == wanted).then_some(())
    }

    fn skip(&mut self, n: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    /// A number: as many bytes follow the first one as it has leading ones.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let more = first.leading_ones();
        let mut value = 0;
        for index in 0..more {
            value |= u64::from(self.byte()?) << (8 * index);
        }
        let high = if more < 8 { u64::from(first) & (0x7f >> more) } else { 0 };
        Some(value | high.checked_shl(8 * more).unwrap_or(0))
    }

    fn packed_directory(&mut self) -> Option<u64> {
        self.is(0x17)?;
        self.is(0x06)?;
        let (_position, streams) = (self.number()?, self.number()?);
        self.is(0x09)?;
        for _ in 0..streams {
            self.number()?;
        }
        if self.0.first() == Some(&0x0a) {
            self.digests(streams)?;
        }
        self.is(0)?;
        self.is(0x07)?;
        self.is(0x0b)?;
        // One folder, described here.
        self.is(1)?;
        self.is(0)?;
        let coders = self.coders()?;
        self.is(0x0c)?;
        let mut size = 0;
        for _ in 0..coders {
            size = size.max(self.number()?);
        }
        if self.0.first() == Some(&0x0a) {
            self.digests(1)?;
        }
        self.is(0)?;
        self.is(0)?;
        Some(size)
    }

    /// Checksums of all streams.
    fn digests(&mut self, streams: u64) -> Option<()> {
        self.is(0x0a)?;
        self.is(1)?;
        self.skip(streams.checked_mul(4)?)
    }

    /// Coders in a row, each with one stream in and one out; how many.
    fn coders(&mut self) -> Option<u64> {
        let coders = self.number()?;
        for _ in 0..coders {
            let flags = self.byte()?;
            if flags & 0xd0 != 0 {
                return None;
            }
            self.skip(u64::from(flags & 0x0f))?;
            if flags & 0x20 != 0 {
                let properties = self.number()?;
                self.skip(properties)?;
            }
        }
        for _ in 0..coders.checked_sub(1)?.checked_mul(2)? {
            self.number()?;
        }
        Some(coders)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::{Rest, unpacked_size};

    #[test]
    fn numbers() {
        let check = |bytes: &[u8], expected: Option<u64>| assert_eq!(Rest(bytes).number(), expected, "{bytes:?}");
        check(&[0x7f], Some(0x7f));
        check(&[0x81, 0x02], Some(0x102));
        check(&[0xc1, 0x02, 0x03], Some(0x1_0302));
        check(&[0xff, 1, 2, 3, 4, 5, 6, 7, 8], Some(0x0807_0605_0403_0201));
        check(&[0xfe, 1, 2, 3, 4, 5, 6, 7], Some(0x07_0605_0403_0201));
        check(&[0xc1, 0x02], None);
        check(&[], None);
    }

    #[test]
    fn packed_directories() {
        let size = |name: &str| unpacked_size(&mut Cursor::new(super::super::super::tests::fixture(name)));
        assert_eq!(size("py7zr.7z"), Some(89));
        assert_eq!(size("aes.zip"), None);
    }

    proptest! {
        #[test]
        fn anything(bytes in proptest::collection::vec(any::<u8>(), 0..80), offset in 0u8..60, size in 0u8..80) {
            let mut file = vec![0; 32];
            (file[12], file[20]) = (offset, size);
            file.extend(&bytes);
            let _ = unpacked_size(&mut Cursor::new(&file));
            file.splice(32.., [0x17, 0x06].into_iter().chain(bytes));
            let _ = unpacked_size(&mut Cursor::new(file));
        }
    }
}
