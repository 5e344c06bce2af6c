//! Macaroons: tokens of an identifier, conditions and a signature, framed as libmacaroons does.
//!
//! It must not verify them. Format: libmacaroons, versions 1 (packets with a length in hex digits) and 2 (fields of type, length and
//! bytes). Start with [`is_macaroon`].

use super::decode;

/// Bytes of a signature.
const SIGNATURE: usize = 32;

/// Does the token decode to a macaroon: base64 of either alphabet, with PyPI's prefix or without, or hex digits?
#[must_use]
pub fn is_macaroon(token: &[u8]) -> bool {
    let token = token.strip_prefix(b"pypi-").unwrap_or(token);
    let bytes = if token.starts_with(b"0201") || token.starts_with(b"0202") { hex(token) } else { decode::base64(token) };
    bytes.is_some_and(|bytes| second(&bytes).or_else(|| first(&bytes)).is_some())
}

fn hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    digits.as_chunks::<2>().0.iter().map(|[a, b]| u8::try_from(digit(*a)? << 4 | digit(*b)?).ok()).collect()
}

/// Version 2: sections of fields, an empty one, and the signature.
fn second(bytes: &[u8]) -> Option<()> {
    let mut rest = bytes.strip_prefix(&[2])?;
    let mut sections = 0;
    loop {
        let mut has_identifier = false;
        loop {
            let kind = number(&mut rest)?;
            match kind {
                0 => break,
                1 | 2 | 4 => {
                    let length = number(&mut rest)?;
                    rest = rest.get(length..)?;
                    has_identifier |= kind == 2;
                }
                _ => return None,
            }
        }
        match (has_identifier, sections) {
            (true, _) => sections += 1,
            (false, 1..) => break,
            (false, _) => return None,
        }
    }
    (number(&mut rest)? == 6 && number(&mut rest)? == SIGNATURE && rest.len() >= SIGNATURE).then_some(())
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in [0, 7, 14] {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Version 1: packets, from `location` to `signature`.
fn first(bytes: &[u8]) -> Option<()> {
    let mut rest = bytes;
    let mut has_identifier = false;
    loop {
        let length = usize::from_str_radix(std::str::from_utf8(rest.get(..4)?).ok()?, 16).ok().filter(|length| *length > 5)?;
        let packet = rest.get(4..length)?;
        rest = &rest[length..];
        has_identifier |= packet.starts_with(b"identifier ");
        if let Some(signature) = packet.strip_prefix(b"signature ") {
            return (has_identifier && signature.len() == SIGNATURE + 1).then_some(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Framed with Python from the format named above; the keys are random.
    #[test]
    fn framings() {
        let check = |parts: [&str; 2]| {
            let token = parts.concat();
            assert!(is_macaroon(token.as_bytes()), "{}…", parts[0]);
            (0..token.len() - 12).for_each(|length| assert!(!is_macaroon(&token.as_bytes()[..length]), "{}… {length}", parts[0]));
        };
        check([
            "pypi-AgEIcHl",
            "waS5vcmcCJDA4MTM1ZTVjLTdiM2QtNGE2OC05ZTAyLWMxN2ZkODQ1YWIzNgACDVsxLCBbNjk1MDI3XV0AAAYgGB3NqfDUMMsW_IuTETrP89oBXreD2SO4t0M0KlAf0y0",
        ]);
        check(["AgENYXBpLmFjbWUudGVzdAIFa2V5LTcAAgt0aW1lIDwg", "MjAyNwAABiDFw-K5wYwLaZK_Npe89052DI6cGF5nqF6DlQErnfBVHw"]);
        check([
            "MDAxZWxvY2F0aW9uIG1hdHJpeC5hY21lLnRlc3QKMDAxN2lkZW50aWZpZXIgZ2VuID0gMQowMDFmY2lkIHVzZXJfaWQgPSBAYTphY21lLnRlc3QK",
            "MDAxNmNpZCB0eXBlID0gYWNjZXNzCjAwMmZzaWduYXR1cmUgQbLw8SPmwT4lKEMdIr6Fi0yxwHou_s1yGl9yu9asM2IK",
        ]);
        check([
            "0201036c",
            "6e640232019e28d467d0648fa67329cba08d8636f11c0247b67fc659632ab5f2315de94d598d740da9ccf1bd406a9f8b32930089241600000620430f9f85afbf4430da90b85db84e6ea3845f3873968296b4d89093a883e5b07a",
        ]);
        assert!(!is_macaroon(b"") && !is_macaroon(b"pypi-") && !is_macaroon(b"0201") && !is_macaroon(b"AgEI"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = (second(&bytes), first(&bytes), is_macaroon(&bytes));
            let _ = (second(&[&[2], bytes.as_slice()].concat()), first(&[b"0010location ", bytes.as_slice()].concat()));
        }
    }
}
