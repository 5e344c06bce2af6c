//! Checksums that services put into the tokens they issue, beyond those of [`super::checksum`].
//!
//! Sources: JSR's `api/src/token.rs`, Synapse's `handlers/auth.py`, the token module of the Matrix Authentication Service, GitLab's
//! `routable_token.rb`, Microsoft's security-utilities (Marvin32, annotated and identifiable keys). They must not know rules. All functions
//! take the secret's bytes.

use super::checksum::base62;
use super::decode;

/// Does the token end in the CRC-32 of all that stands before it as six base62 digits? A `_` between the two does not count (JSR, Synapse).
#[must_use]
pub fn crc32_base62_whole(token: &[u8]) -> bool {
    let Some((body, sum)) = token.split_at_checked(token.len().saturating_sub(6)) else { return false };
    let body = body.strip_suffix(b"_").unwrap_or(body);
    !body.is_empty() && sum == base62(crc32fast::hash(body))
}

/// The same with the digits in the other order, zeros in front (Matrix Authentication Service).
#[must_use]
pub fn crc32_base62_reversed(token: &[u8]) -> bool {
    let Some((body, sum)) = token.split_at_checked(token.len().saturating_sub(6)) else { return false };
    let Some(body) = body.strip_suffix(b"_") else { return false };
    let digits = base62(crc32fast::hash(body));
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    let turned = digits[..zeros].iter().chain(digits[zeros..].iter().rev());
    sum.iter().eq(turned)
}

/// A routable token of GitLab: behind the last dot the length of the payload in two digits of base 36, or before it with a version of two
/// digits, then the CRC-32 of all before in seven digits.
#[must_use]
pub fn gitlab_routable(token: &[u8]) -> bool {
    let Some((body, sum)) = token.split_at_checked(token.len().saturating_sub(7)) else { return false };
    let Some((head, length)) = body.split_at_checked(body.len().saturating_sub(2)) else { return false };
    let head = head.strip_suffix(b".").unwrap_or_default();
    // The first form has no version.
    let head = head.strip_suffix(b".01").unwrap_or(head);
    let payload = head.iter().rev().take_while(|b| **b != b'.').count();
    let number = |digits: &[u8]| digits.iter().try_fold(0_u64, |n, b| Some(n * 36 + u64::from(char::from(*b).to_digit(36)?)));
    let Some(length) = number(length).and_then(|n| usize::try_from(n).ok()) else { return false };
    // A prefix, and the type of a runner, stand before the payload.
    let before = payload.checked_sub(length).and_then(|at| at.checked_sub(1)).map(|at| head[head.len() - payload + at]);
    matches!(before, Some(b'-' | b'_')) && number(sum) == Some(u64::from(crc32fast::hash(body)))
}

/// What a Marvin32 checksum of Microsoft says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marvin {
    /// It matches.
    Matches,
    /// It does not.
    Differs,
    /// It matches none of the seeds that are known, and there are others.
    Unknown,
}

/// Seeds of identifiable keys: names of eight characters.
const SEEDS: [&[u8; 8]; 28] = [
    b"Default0",
    b"System00",
    b"Unknown0",
    b"Send0000",
    b"Manage00",
    b"Listen00",
    b"AbAcct00",
    b"Master00",
    b"Functi00",
    b"SysAll00",
    b"Resour00",
    b"MastRO00",
    b"SystRO00",
    b"Encryp00",
    b"MastRW00",
    b"SystRW00",
    b"Access00",
    b"Query000",
    b"PAdmin00",
    b"Classic0",
    b"ACRDflt0",
    b"UsrPwd00",
    b"IoTHub00",
    b"DpsKey00",
    b"Device00",
    b"Tenant00",
    b"Gatewy00",
    b"GitKey00",
];

/// Checks the Marvin32 checksum of an Azure key: of the annotated form, which has one seed, or of the older one, which has many.
#[must_use]
pub fn marvin32(key: &[u8]) -> Marvin {
    if key.get(52..57) == Some(b"JQQJ9") {
        return if annotated(key) { Marvin::Matches } else { Marvin::Differs };
    }
    let Some(bytes) = decode::base64(key).filter(|bytes| bytes.len() > 24) else { return Marvin::Unknown };
    let (body, sum) = bytes.split_at(bytes.len() - 4);
    let holds = SEEDS.iter().any(|seed| marvin(body, u64::from_be_bytes(**seed)).to_le_bytes() == sum);
    if holds { Marvin::Matches } else { Marvin::Unknown }
}

/// The sum stands behind the first 80 characters, as six base62 digits or as base64, cut to four where the key is short.
fn annotated(key: &[u8]) -> bool {
    let Some((body, sum)) = key.split_at_checked(80) else { return false };
    let Some(body) = decode::base64(body) else { return false };
    let bytes = marvin(&body, u64::from_be_bytes(*SEEDS[0])).to_le_bytes();
    let sum = sum.strip_suffix(b"==").unwrap_or(sum);
    let digits = base62(u32::from_be_bytes(bytes));
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    // Zeros that are missing in front stand behind.
    let turned: Vec<u8> = digits[zeros..].iter().chain(&digits[..zeros]).copied().collect();
    let plain = decode::base64(&[sum, &b"AAAA"[sum.len().min(4)..]].concat());
    sum.len() >= 4 && (turned.starts_with(sum) || plain.is_some_and(|plain| plain.len() > 2 && bytes.starts_with(&plain)))
}

/// Marvin32 of .NET, its two halves folded into one.
fn marvin(data: &[u8], seed: u64) -> u32 {
    let (mut low, mut high) = (seed as u32, (seed >> 32) as u32);
    let mut block = |word: u32| {
        low = low.wrapping_add(word);
        high ^= low;
        low = low.rotate_left(20).wrapping_add(high);
        high = high.rotate_left(9) ^ low;
        low = low.rotate_left(27).wrapping_add(high);
        high = high.rotate_left(19);
    };
    let (words, rest) = data.as_chunks::<4>();
    words.iter().for_each(|word| block(u32::from_le_bytes(*word)));
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    block(u32::from_le_bytes(last));
    block(0);
    low ^ high
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It holds for a token, in two parts so that no scanner fires on it, and for none with another letter in it.
    fn check(holds: fn(&[u8]) -> bool, parts: [&str; 2]) {
        let mut token = parts.concat().into_bytes();
        assert!(holds(&token), "{}…", parts[0]);
        for at in [parts[0].len() + 1, token.len() - 2] {
            let before = token[at];
            token[at] = if before == b'x' { b'y' } else { b'x' };
            assert!(!holds(&token), "{}… at {at}", parts[0]);
            token[at] = before;
        }
        assert!((0..token.len()).all(|length| !holds(&token[..length])), "{}…", parts[0]);
    }

    // All vectors were computed with Python from the sources named above.
    #[test]
    fn of_json_registries_and_servers() {
        check(crc32_base62_whole, ["jsrp_pGKCFCqy7IUy", "ZdF9ZegW0sH1rzVBo0IMieb"]);
        check(crc32_base62_whole, ["syt_YnJpZGdl_HdXzWLMHpoK", "EzViXZyac_1hCx9e"]);
        check(crc32_base62_reversed, ["mat_3Ve2lMmR7GWvaiV3fU", "qif69JX51rVw_0zHxmA"]);
        check(gitlab_routable, ["glpat-YzoxCm86bXEKcDo5MDAKdTo3MjDst3SzRuo", "ZAth4aj2zFpIWEA.01.1e0xnsjki"]);
        check(gitlab_routable, ["glpat-YzoxCm86dDcKcDo2NzEKdToyMzQII7419hi", "dxWtVbtYHagEWEA.1e1o42am3"]);
        check(gitlab_routable, ["glrt-t3_YzoxCm86YWEKcDoyMDAKdTozODZulYj3l4VG-", "4pGmZPlAkm2EA.01.1e01zhs5w"]);
    }

    #[test]
    fn of_azure() {
        let holds = |key: &[u8]| marvin32(key) == Marvin::Matches;
        check(holds, ["PCurfRsGItvt5sXKKwCnHNmkhUlnnfXPWYPtGOluZrjgJx5Hh698", "JQQJ99LL3DwqbdZchb3XAAAAACOGgAXF"]);
        check(holds, ["qp6hSptYMUVwOvAOOtZRdmG1zcJyISWtSha1a4OLwNgHct7MM97S", "JQQJ99WCA3VaILMy5uwgAAAANUGT75YO"]);
        // stanch:allow[azure-devops-pat] -- made up
        let long = ["n82woepGqcxGewqBYvg542ZkOWj4BlUDYanlKKUECVaRyaOlgtZo", "JQQJ99GGi6DodffJfgLLAAAAAZDO3WMAxr=="].concat();
        assert_eq!(marvin32(long.as_bytes()), Marvin::Matches);
        // stanch:allow[azure-storage-account-key] -- made up
        let older = ["GcqEQYqN0cWkIQPKxSsKIzsJSSzHC0RUi9cpbfTMeLJimT8GFM0heXigpJaaUdAZdrl+giizD6Is", "+AStZ2YDVA=="].concat();
        assert_eq!(marvin32(older.as_bytes()), Marvin::Matches);
        // stanch:allow[azure-servicebus-key] -- made up
        assert_eq!(marvin32(["XPNMM+mQP7jeD2SjJv0TliXqHQnDQ1Pwn", "+ASbFaUhUw="].concat().as_bytes()), Marvin::Matches);
        // stanch:allow[azure-servicebus-key] -- made up
        assert_eq!(marvin32(["XPNMM+mQP7jeD2SjJv0TliXqHQnDQ1Pwm", "+ASbFaUhUw="].concat().as_bytes()), Marvin::Unknown);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..120), text in "[A-Za-z0-9._=-]{0,120}") {
            for token in [bytes.as_slice(), text.as_bytes(), &[&[b'A'; 52], b"JQQJ9".as_slice(), text.as_bytes()].concat()] {
                let _ = (crc32_base62_whole(token), crc32_base62_reversed(token), gitlab_routable(token), marvin32(token));
            }
        }
    }
}
