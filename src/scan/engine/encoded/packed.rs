//! Compressed data inside a text or in a row of a database: known by its first bytes, unpacked up to a limit.
//!
//! It must not trust a byte of it. Start with [`magic`] and [`unpack`].

use std::io::Read;

use zeroize::Zeroizing;

use super::Codec;

/// Digits of compressed data that are looked at.
pub(super) const MOST_PACKED: usize = 2 << 20;
/// Bytes that are unpacked, and how many times the packed ones at most.
const MOST: u64 = 1 << 20;
const RATIO: u64 = 200;

/// How data is compressed that begins so.
#[must_use]
pub fn magic(head: &[u8]) -> Option<Codec> {
    match head {
        [0x1f, 0x8b, 0x08, ..] => Some(Codec::Gzip),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some(Codec::Zlib),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Codec::Zstd),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, ..] => Some(Codec::Bzip2),
        _ => None,
    }
}

/// What data stands for; of damaged data what could be read before the damage.
#[must_use]
pub fn unpack(codec: Codec, data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    match codec {
        Codec::Gzip => all(flate2::read::MultiGzDecoder::new(data), data.len()),
        Codec::Zlib => all(flate2::read::ZlibDecoder::new(data), data.len()),
        Codec::Bzip2 => all(bzip2::read::MultiBzDecoder::new(data), data.len()),
        Codec::Zstd => all(zstd::stream::read::Decoder::with_buffer(data).ok()?, data.len()),
        _ => None,
    }
}

fn all(reader: impl Read, packed: usize) -> Option<Zeroizing<Vec<u8>>> {
    let most = MOST.min((packed as u64).saturating_mul(RATIO));
    let mut out = Zeroizing::new(Vec::new());
    // What was read before an error is kept.
    drop(reader.take(most).read_to_end(&mut out));
    (!out.is_empty()).then_some(out)
}
