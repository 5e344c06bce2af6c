//! Checksums and framings of credentials.
//!
//! Sources: GitHub's note on token formats (CRC-32 in base62), Bitcoin's base58check, BIP-173/BIP-350 bech32, AWS account ids
//! inside access key ids. They must not know rules. All functions take the secret's bytes.

use sha2::{Digest, Sha256};

/// Does the token end in the CRC-32 of its random part, as six base62 digits (digits, upper, lower)? The random part is
/// what stands between the last `_` and the checksum.
#[must_use]
pub fn crc32_base62(token: &[u8]) -> bool {
    let body = memchr::memrchr(b'_', token).map_or(token, |at| &token[at + 1..]);
    let Some((random, sum)) = body.split_at_checked(body.len().saturating_sub(6)) else { return false };
    !random.is_empty() && sum == base62(crc32fast::hash(random))
}

/// A number as six base62 digits (digits, upper, lower).
pub(super) fn base62(mut value: u32) -> [u8; 6] {
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(value % 62) as usize];
        value /= 62;
    }
    digits
}

/// Does the token end in `_` and eight hex digits: the CRC-32 of what stands before, bytes in little-endian order (Grafana)?
#[must_use]
pub fn crc32_hex_le(token: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b'_', token) else { return false };
    hex_digits(&crc32fast::hash(&token[..at]).to_le_bytes()).eq_ignore_ascii_case(&token[at + 1..])
}

/// Does the token end in eight hex digits: the CRC-32 of all that stands before, in big-endian order (Atlassian)?
#[must_use]
pub fn crc32_hex_be(token: &[u8]) -> bool {
    let Some((body, sum)) = token.split_at_checked(token.len().saturating_sub(8)) else { return false };
    hex_digits(&crc32fast::hash(body).to_be_bytes()).eq_ignore_ascii_case(sum)
}

fn hex_digits(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|n| b"0123456789abcdef"[usize::from(n)]).collect()
}

/// Is an AWS key id base32 that holds an account number of at most twelve digits? Older ids, whose first bit is not set, do not
/// hold one and pass: the check turns away few made-up ids, and is no proof.
#[must_use]
pub fn aws_key_id(id: &[u8]) -> bool {
    let Some(body) = id.get(4..).filter(|b| b.len() == 16) else { return false };
    let mut value: u64 = 0;
    for byte in &body[..10] {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return false,
        };
        value = value << 5 | u64::from(digit);
    }
    let account = (value >> 2 & 0x7fff_ffff_ff80) >> 7;
    value >> 49 == 0 || account < 1_000_000_000_000
}

/// Does it pass base58check (Bitcoin's alphabet, four bytes of double SHA-256)?
#[must_use]
pub fn base58check(token: &[u8]) -> bool {
    let Ok(raw) = bs58::decode(token).into_vec() else { return false };
    let Some((body, sum)) = raw.split_at_checked(raw.len().saturating_sub(4)) else { return false };
    !body.is_empty() && &Sha256::digest(Sha256::digest(body))[..4] == sum
}

/// Does it pass the bech32 or bech32m checksum, in one letter case?
#[must_use]
pub fn bech32(token: &[u8]) -> bool {
    let lower = token.to_ascii_lowercase();
    let Some(at) = memchr::memrchr(b'1', &lower) else { return false };
    let (human, data) = (&lower[..at], &lower[at + 1..]);
    if human.is_empty() || data.len() < 6 || (token != lower.as_slice() && token.iter().any(u8::is_ascii_lowercase)) {
        return false;
    }
    let mut values: Vec<u32> = human.iter().map(|b| u32::from(b >> 5)).collect();
    values.push(0);
    values.extend(human.iter().map(|b| u32::from(b & 31)));
    for byte in data {
        match b"qpzry9x8gf2tvdw0s3jn54khce6mua7l".iter().position(|b| b == byte) {
            Some(v) => values.push(u32::try_from(v).unwrap_or_default()),
            None => return false,
        }
    }
    matches!(polymod(&values), 1 | 0x2bc8_30a3)
}

fn polymod(values: &[u32]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.iter().fold(1u32, |sum, value| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ value;
        GENERATOR.iter().enumerate().filter(|(i, _)| top >> i & 1 == 1).fold(next, |s, (_, g)| s ^ g)
    })
}

/// Does it pass Luhn's check?
#[must_use]
pub fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .filter(|b| b.is_ascii_digit())
        .enumerate()
        .map(|(i, b)| u32::from(b - b'0') << (i % 2))
        .map(|n| if n > 9 { n - 9 } else { n })
        .sum();
    sum.is_multiple_of(10) && sum > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn github_checksum() {
        let random = [b'a'; 30];
        let mut token = b"ghp_".to_vec();
        token.extend(random);
        let mut value = crc32fast::hash(&random);
        let alphabet: Vec<u8> = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').collect();
        let mut sum = Vec::new();
        for _ in 0..6 {
            sum.insert(0, alphabet[(value % 62) as usize]);
            value /= 62;
        }
        token.extend(&sum);
        assert!(crc32_base62(&token));
        token[10] = b'b';
        assert!(!crc32_base62(&token));
        assert!(!crc32_base62(b"ghp_"));
        assert!(!crc32_base62(b""));
    }

    #[test]
    fn other_checksums() {
        // BIP-173 and BIP-350 vectors.
        assert!(bech32(b"A12UEL5L") && bech32(b"a1lqfn3a") && bech32(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
        assert!(!bech32(b"A12UEL5l") && !bech32(b"a12uel5m") && !bech32(b"1qqqqqq"));
        // Wiki example of a wallet import format key.
        // stanch:allow[bitcoin-wif] -- made up
        assert!(base58check(concat!("5HueCGU8rMjxEXxiPuD5BDku4", "MkFqeZyd4dZ1jvhTVqvbTLvyTJ").as_bytes()));
        assert!(!base58check(concat!("5HueCGU8rMjxEXxiPuD5BDku4", "MkFqeZyd4dZ1jvhTVqvbTLvyTK").as_bytes()));
        assert!(luhn(b"79927398713") && !luhn(b"79927398710") && !luhn(b""));
        assert!(aws_key_id(concat!("AKIA", "Y34FZKBOKMUTVV7A").as_bytes())); // stanch:allow[aws-access-key-id] -- made up
        assert!(!aws_key_id(b"AKIA"));
    }
}
