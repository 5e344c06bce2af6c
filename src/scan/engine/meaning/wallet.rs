//! Checksums of keys and phrases of wallets.
//!
//! Sources: Stellar's SEP-23, the XRP Ledger's base58 encodings, BIP-39. They must not know rules. All functions take the secret's bytes.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// The word list of BIP-39 in English, sorted.
const WORDS: &str = include_str!("bip39.txt");
/// A word has so many bits.
const BITS: usize = 11;

/// Is it a secret seed of Stellar: base32 of version, 32 bytes and their CRC-16?
#[must_use]
pub fn stellar_seed(seed: &[u8]) -> bool {
    let mut bytes = Vec::with_capacity(35);
    let (mut bits, mut have) = (0_u32, 0);
    for byte in seed {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return false,
        };
        bits = (bits << 5 | u32::from(digit)) & 0xfff;
        have += 5;
        if have >= 8 {
            have -= 8;
            bytes.push((bits >> have) as u8);
        }
    }
    let Some((body, sum)) = bytes.split_at_checked(33).filter(|_| bytes.len() == 35) else { return false };
    body[0] == 18 << 3 && crc16(body).to_le_bytes() == sum
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| sum << 1 ^ if sum >> 15 == 1 { 0x1021 } else { 0 })
    })
}

/// Is it a seed of the XRP Ledger: base58check in Ripple's alphabet, 16 bytes behind the mark of a family seed or of an Ed25519 one?
#[must_use]
pub fn ripple_seed(seed: &[u8]) -> bool {
    let Ok(raw) = bs58::decode(seed).with_alphabet(bs58::Alphabet::RIPPLE).into_vec() else { return false };
    let Some((body, sum)) = raw.split_at_checked(raw.len().saturating_sub(4)) else { return false };
    let is_seed = matches!(body, [0x21, rest @ ..] | [0x01, 0xe1, 0x4b, rest @ ..] if rest.len() == 16);
    is_seed && &Sha256::digest(Sha256::digest(body))[..4] == sum
}

/// What a phrase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phrase {
    /// A phrase of BIP-39.
    Valid,
    /// Its words are those of BIP-39, its checksum is not: of another wallet, or mistyped.
    Words,
    /// Something else.
    Other,
}

/// Is it a word of BIP-39?
#[must_use]
pub fn is_word(word: &[u8]) -> bool {
    words().binary_search_by(|known| known.as_bytes().cmp(word)).is_ok()
}

/// Looks at the words of a phrase and at the checksum in the last one.
#[must_use]
pub fn bip39(phrase: &[u8]) -> Phrase {
    let mut bits = Vec::new();
    let mut count = 0;
    for word in phrase.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        count += 1;
        match words().binary_search_by(|known| known.as_bytes().cmp(word)) {
            Ok(index) if count <= 24 => bits.extend((0..BITS).rev().map(|bit| index >> bit & 1 == 1)),
            _ => return Phrase::Other,
        }
    }
    if count < 12 || count % 3 != 0 {
        return Phrase::Other;
    }
    let sum = count / 3;
    let bytes: Vec<u8> =
        bits[..bits.len() - sum].chunks(8).map(|byte| byte.iter().fold(0, |n, bit| n << 1 | u8::from(*bit))).collect();
    let hash = Sha256::digest(&bytes)[0];
    let holds = bits[bits.len() - sum..].iter().enumerate().all(|(at, bit)| (hash >> (7 - at) & 1 == 1) == *bit);
    if holds { Phrase::Valid } else { Phrase::Words }
}

fn words() -> &'static [&'static str] {
    static ALL: OnceLock<Vec<&str>> = OnceLock::new();
    ALL.get_or_init(|| WORDS.lines().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with Python from the sources named above, but for what is said to be published.
    #[test]
    fn seeds() {
        // stanch:allow[stellar-secret-seed] -- made up
        let seed = ["SDZRDID3ZQQG6G4MRVUZZMHALL75ZP5F", "NQJQMOXIREDJMBPNHI7ROI52"].concat();
        assert!(stellar_seed(seed.as_bytes()) && !stellar_seed(seed.replace("MOX", "MOY").as_bytes()));
        assert!(!stellar_seed(&seed.as_bytes()[1..]) && !stellar_seed(b"") && !stellar_seed(b"S1"));
        let seed = ["sna3mrdUUAhTC", "MkkETzKFnCbWYbfJ"].concat(); // stanch:allow[ripple-secret] -- made up
        assert!(ripple_seed(seed.as_bytes()) && !ripple_seed(seed.replace("UUA", "UUB").as_bytes()));
        // stanch:allow[ripple-ed25519-seed] -- made up
        assert!(ripple_seed(["sEdTRmXqVX4jryd", "UhrFwKhubC39uqdZ"].concat().as_bytes()));
        // Published by the XRP Ledger, for `masterpassphrase`; of Bitcoin's alphabet none is one.
        assert!(ripple_seed(["snoPBrXtMeMyM", "HUVTgbuqAfg1SUTb"].concat().as_bytes()));
        assert!(!ripple_seed(b"5HueCGU8rMjxEXxiPuD5BDku4") && !ripple_seed(b"s"));
    }

    #[test]
    fn phrases() {
        let check = |words: &str, expected: Phrase| assert_eq!(bip39(words.as_bytes()), expected, "{words}");
        // Published with BIP-39: no wallet.
        let abandon = |n: usize, last: &str| format!("{}{last}", "abandon ".repeat(n));
        check(&abandon(11, "about"), Phrase::Valid);
        check(&abandon(17, "agent"), Phrase::Valid);
        check(&abandon(23, "art"), Phrase::Valid);
        check(&format!("{}wrong", "zoo ".repeat(11)), Phrase::Valid);
        check("legal winner thank year wave sausage worth useful legal winner thank yellow", Phrase::Valid);
        check("legal winner thank year wave sausage worth useful legal winner thank thank", Phrase::Words);
        check(&abandon(12, "about"), Phrase::Other);
        check(&abandon(26, "about"), Phrase::Other);
        check("the winner thank year wave sausage worth useful legal winner thank yellow", Phrase::Other);
        check("", Phrase::Other);
    }

    #[test]
    fn words_are_sorted() {
        assert!(words().is_sorted() && words().len() == 2048);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..90), seed in "[A-Z2-7]{0,60}", text in "[A-Za-z0-9 ]{0,90}") {
            for text in [bytes.as_slice(), seed.as_bytes(), text.as_bytes()] {
                let _ = (stellar_seed(text), ripple_seed(text), bip39(text));
            }
        }
    }
}
