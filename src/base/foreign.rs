//! Ciphers and key derivations of other tools, to read what they wrote. Never for anything of our own: that is in `crypto`.
//!
//! It must not know which tool. Start with [`aes256_cbc_open`].

use aes::Aes256;
use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// What one guess costs whoever made the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes that could be computed side by side.
    pub lanes: u32,
}

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// PBKDF2-HMAC-SHA-256 (RFC 8018), 32 bytes.
#[must_use]
pub fn pbkdf2_sha256(passphrase: &[u8], salt: &[u8], rounds: u32) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(passphrase, salt, rounds, &mut *out);
    out
}

/// Argon2id (RFC 9106), 32 bytes; `None` if salt or cost are out of its range.
#[must_use]
pub fn argon2id(passphrase: &[u8], salt: &[u8], cost: Cost) -> Option<Zeroizing<[u8; 32]>> {
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).ok()?;
    let mut memory = Zeroizing::new(vec![Block::new(); params.block_count()]);
    let mut out = Zeroizing::new([0; 32]);
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    hash.hash_password_into_with_memory(passphrase, salt, &mut *out, &mut **memory).ok()?;
    Some(out)
}

/// The second half of HKDF-SHA-256 (RFC 5869) alone, 32 bytes.
#[must_use]
pub fn hkdf_expand(key: &[u8; 32], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    let hkdf = Hkdf::<Sha256>::from_prk(key).expect("the key is as long as a hash");
    hkdf.expand(info, &mut *out).expect("32 bytes are less than 255 hashes");
    out
}

/// Decrypts AES-256-CBC with PKCS#7 padding in place and says how many bytes the text has; `None` if it is none. It proves nothing: whoever calls
/// it checks a MAC before.
#[must_use]
pub fn aes256_cbc_open(key: &[u8; 32], iv: &[u8; 16], text: &mut [u8]) -> Option<usize> {
    let cipher = cbc::Decryptor::<Aes256>::new(key.into(), iv.into());
    cipher.decrypt_padded::<Pkcs7>(text).ok().map(<[u8]>::len)
}

#[cfg(test)]
mod tests {
    use super::super::text::hex;
    use super::{Cost, aes256_cbc_open, argon2id, hkdf_expand, pbkdf2_sha256, sha256};

    /// Vectors of RFC 7914 (first 32 bytes) and of others, computed by Python's hashlib and cryptography.
    #[test]
    fn derivations() {
        assert_eq!(
            hex(&*pbkdf2_sha256(b"passwd", b"salt", 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        );
        assert_eq!(
            hex(&*pbkdf2_sha256(b"Password", b"NaCl", 80_000)),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
        );
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hex(&*hkdf_expand(&[7; 32], b"enc")), "b03d1f10785820663f522197ba92a7b23f6d81f13c268ab319e23d221f6cd7bc");
        let cost = Cost { memory: 64, passes: 2, lanes: 2 };
        assert_eq!(
            hex(&*argon2id(b"passphrase", &[3; 32], cost).unwrap()),
            "1ea24b4ce415b7893b4367437d500e79f985878731a54af9aa04eaf5c590178f"
        );
        assert!(argon2id(b"x", b"short", cost).is_none());
        assert!(argon2id(b"x", &[3; 32], Cost { memory: 0, ..cost }).is_none());
    }

    /// Sealed by Python's cryptography.
    #[test]
    fn aes() {
        let key: [u8; 32] = std::array::from_fn(|at| at as u8);
        let iv: [u8; 16] = std::array::from_fn(|at| 15 - at as u8);
        let sealed = [
            0xf5, 0x8e, 0xff, 0x59, 0xe8, 0x96, 0x75, 0x47, 0xdf, 0x68, 0x3d, 0x5f, 0x82, 0x77, 0xa7, 0xb1, 0x41, 0x36, 0xc8,
            0x4f, 0xeb, 0x94, 0x83, 0x04, 0x8c, 0x53, 0x88, 0x9f, 0x88, 0x7b, 0x1f, 0x5a,
        ];
        let mut text = sealed;
        let length = aes256_cbc_open(&key, &iv, &mut text).unwrap();
        assert_eq!(&text[..length], b"a text of more than one block");
        for damaged in [&sealed[..16], &sealed[..31], &[]] {
            assert_eq!(aes256_cbc_open(&key, &iv, &mut damaged.to_vec()), None);
        }
    }
}
