//! Applies a git delta: a new object from an old one and instructions to copy and insert.
//!
//! It must not trust a byte of it. Start with [`apply`].

use super::LARGEST;
use crate::scan::engine::carry::Segment;

/// Appends the object that `delta` makes of `base` to `out`, which is empty, and where its bytes come from to `segments`.
/// `None` if the delta is broken.
pub(super) fn apply(base: &[u8], delta: &[u8], out: &mut Vec<u8>, segments: &mut Vec<Segment>) -> Option<()> {
    let (old, rest) = size(delta)?;
    let (new, mut rest) = size(rest)?;
    if old != base.len() || new > LARGEST {
        return None;
    }
    out.try_reserve_exact(new).ok()?;
    while let Some((&code, after)) = rest.split_first() {
        rest = after;
        let start = out.len();
        if code & 0x80 != 0 {
            let offset = number(code, 4, &mut rest)?;
            let length = number(code >> 4, 3, &mut rest)?;
            let length = if length == 0 { 0x10000 } else { length };
            let bytes = base.get(offset..offset.checked_add(length)?)?;
            if start + length > new {
                return None;
            }
            out.extend_from_slice(bytes);
            segments.push(Segment { to: start..out.len(), from: Some(offset) });
        } else {
            let length = usize::from(code);
            if length == 0 || start + length > new {
                return None;
            }
            let (bytes, after) = rest.split_at_checked(length)?;
            rest = after;
            out.extend_from_slice(bytes);
            segments.push(Segment { to: start..out.len(), from: None });
        }
    }
    (out.len() == new).then_some(())
}

/// A size: seven bits a byte, the lowest first.
fn size(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (mut value, mut shift) = (0usize, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        bytes = rest;
        if shift > 56 {
            return None;
        }
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some((value, bytes));
        }
    }
}

/// A number of at most `most` bytes, those whose bit is set in `code`, the lowest first.
#[inline]
fn number(code: u8, most: usize, rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for bit in 0..most {
        if code >> bit & 1 != 0 {
            let (&byte, after) = rest.split_first()?;
            *rest = after;
            value |= usize::from(byte) << (8 * bit);
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
        let (mut out, mut segments) = (Vec::new(), Vec::new());
        apply(base, delta, &mut out, &mut segments)?;
        let mut at = 0;
        for segment in &segments {
            assert_eq!(segment.to.start, at);
            at = segment.to.end;
            if let Some(from) = segment.from {
                assert_eq!(out[segment.to.clone()], base[from..from + segment.to.len()]);
            }
        }
        assert_eq!(at, out.len());
        Some(out)
    }

    #[test]
    fn copies_and_insertions() {
        // 8 bytes become 7: copy 3 from 5, insert "xy", copy 2 from 0.
        let delta = [8, 7, 0x91, 5, 3, 2, b'x', b'y', 0x90, 2];
        assert_eq!(made(b"abcdefgh", &delta), Some(b"fghxyab".to_vec()));
        let long = vec![b'a'; 0x10000];
        assert_eq!(made(&long, &[0x80, 0x80, 4, 0x80, 0x80, 4, 0x80]), Some(long));
        assert_eq!(made(b"", &[0, 0]), Some(Vec::new()));
    }

    #[test]
    fn broken_ones() {
        for delta in [
            &[][..],
            &[8],
            &[7, 1, 0x90, 1],                                                    // another base
            &[8, 2, 0x90, 1],                                                    // too short
            &[8, 1, 0x90, 2],                                                    // too long
            &[8, 1, 0],                                                          // reserved
            &[8, 2, 2, b'x'],                                                    // cut
            &[8, 2, 0x91, 7, 2],                                                 // beyond the base
            &[8, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],             // far beyond
            &[8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], // no size
            &[8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x90, 1],             // an enormous one
        ] {
            assert_eq!(made(b"abcdefgh", delta), None, "{delta:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes(base in proptest::collection::vec(any::<u8>(), 0..40), mut delta in proptest::collection::vec(any::<u8>(), 0..40), fits: bool) {
            if fits && !delta.is_empty() {
                delta[0] = base.len() as u8;
            }
            made(&base, &delta);
        }
    }
}
