//! What stands in a column as bytes: text in UTF-16, compressed data, a container.
//!
//! It must not trust a byte of it: what is unpacked is limited. Start with [`text`].

use std::borrow::Cow;

use super::super::super::engine::encoded::packed;

/// Bytes that are looked at to see that it is UTF-16.
const SAMPLE: usize = 64;

/// The text that a value stands for; the value itself if it stands for no other.
pub(super) fn text(value: &[u8]) -> Cow<'_, [u8]> {
    let unpacked = packed::magic(value).and_then(|codec| packed::unpack(codec, value));
    let text = unpacked.as_deref().map_or(value, Vec::as_slice);
    match narrow(text) {
        Some(narrow) => Cow::Owned(narrow),
        None => unpacked.map_or(Cow::Borrowed(value), |mut text| Cow::Owned(std::mem::take(&mut *text))),
    }
}

/// Text in UTF-16 as UTF-8: with a mark of its order, or of plain characters.
fn narrow(bytes: &[u8]) -> Option<Vec<u8>> {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let pairs = sample.as_chunks::<2>().0;
    let is_plain = |high: usize| pairs.len() > 3 && pairs.iter().all(|pair| pair[high] == 0 && pair[1 - high] >= b'\t');
    let unit = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ if is_plain(1) => u16::from_le_bytes,
        _ if is_plain(0) => u16::from_be_bytes,
        _ => return None,
    };
    Some(wide(bytes, unit))
}

/// UTF-16 as UTF-8.
pub(super) fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).skip_while(|unit| *unit == 0xfeff);
    char::decode_utf16(units).map(|c| c.unwrap_or('?')).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn texts() {
        let words = "a=b, not more than a few words";
        let le: Vec<u8> = words.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let check = |bytes: &[u8]| assert_eq!(String::from_utf8_lossy(&text(bytes)), words);
        check(words.as_bytes());
        check(&le);
        check(&be);
        check(&[&[0xff, 0xfe], le.as_slice()].concat());
        let mut packed = Vec::new();
        flate2::read::ZlibEncoder::new(le.as_slice(), flate2::Compression::fast()).read_to_end(&mut packed).unwrap();
        check(&packed);
        assert_eq!(&*text(b"\x78\x9cno zlib"), b"\x78\x9cno zlib");
        assert_eq!(&*text(b""), b"");
    }

    #[test]
    fn bombs_are_cut() {
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(&mut std::io::repeat(b'a').take(8 << 20), flate2::Compression::best())
            .read_to_end(&mut packed)
            .unwrap();
        assert!(text(&packed).len() <= 1 << 20);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), magic in 0usize..4) {
            let magic = [&b"\x1f\x8b\x08"[..], b"\x78\x9c", b"\x28\xb5\x2f\xfd", b"BZh91AY"][magic];
            let _ = (text(&bytes), text(&[magic, &bytes].concat()));
        }
    }
}
