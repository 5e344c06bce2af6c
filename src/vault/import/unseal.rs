//! Opens an export that Bitwarden protected by a passphrase (bitwarden.com/help/encrypted-export).
//!
//! It must not know what is in it. Start with [`open`]. A key is made from the passphrase (PBKDF2 or Argon2id) and stretched by HKDF into one for
//! AES-256-CBC and one for HMAC-SHA-256, which is checked before anything is decrypted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::super::base::secret::Secret;
use super::super::base::{crypto, foreign};
use super::Error;
use super::tree::Tree;

/// What Bitwarden's settings allow.
const PBKDF2_ROUNDS: std::ops::RangeInclusive<u32> = 5_000..=2_000_000;
const ARGON2_PASSES: std::ops::RangeInclusive<u32> = 1..=10;
const ARGON2_MIB: std::ops::RangeInclusive<u32> = 15..=1024;
const ARGON2_LANES: std::ops::RangeInclusive<u32> = 1..=16;

/// The text in `export`.
pub(super) fn open(export: &Tree, passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, Error> {
    let key = key(export, passphrase)?;
    let keys = Keys { encryption: foreign::hkdf_expand(&key, b"enc"), proof: foreign::hkdf_expand(&key, b"mac") };
    keys.open(export.text("encKeyValidation_DO_NOT_EDIT"))?;
    keys.open(export.text("data"))
}

fn key(export: &Tree, passphrase: &Secret) -> Result<Zeroizing<[u8; 32]>, Error> {
    let number = |name: &str, range: std::ops::RangeInclusive<u32>| {
        let value = export.text(name).parse().ok().filter(|value| range.contains(value));
        value.ok_or(Error::File("what it says of its passphrase is out of range"))
    };
    let salt = export.text("salt").as_bytes();
    match export.text("kdfType") {
        "0" => Ok(foreign::pbkdf2_sha256(passphrase.expose(), salt, number("kdfIterations", PBKDF2_ROUNDS)?)),
        "1" => {
            let cost = foreign::Cost {
                memory: number("kdfMemory", ARGON2_MIB)? * 1024,
                passes: number("kdfIterations", ARGON2_PASSES)?,
                lanes: number("kdfParallelism", ARGON2_LANES)?,
            };
            foreign::argon2id(passphrase.expose(), &foreign::sha256(salt), cost)
                .ok_or(Error::File("what it says of its passphrase is out of range"))
        }
        _ => Err(Error::File("it makes its key in a way that is not known here")),
    }
}

struct Keys {
    encryption: Zeroizing<[u8; 32]>,
    proof: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Opens `2.IV|TEXT|PROOF`.
    fn open(&self, sealed: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let parts: Vec<&str> = sealed.strip_prefix("2.").unwrap_or_default().split('|').collect();
        let [iv, text, proof] = parts[..] else { return Err(Error::File("it is encrypted in a way that is not known here")) };
        let decode = |part: &str| STANDARD.decode(part).map_err(|_| Error::File("what should be base64 is none"));
        let (iv, mut text, proof) = (decode(iv)?, Zeroizing::new(decode(text)?), decode(proof)?);
        if !crypto::same(&crypto::hmac_sha256(&*self.proof, &[&iv, &text]), &proof) {
            return Err(Error::WrongPassphrase);
        }
        let iv: [u8; 16] = iv.try_into().map_err(|_| Error::WrongPassphrase)?;
        let length = foreign::aes256_cbc_open(&self.encryption, &iv, &mut text).ok_or(Error::WrongPassphrase)?;
        text.truncate(length);
        Ok(text)
    }
}
