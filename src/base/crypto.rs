//! The few cryptographic tools everything shares, each by one well-kept crate.
//!
//! It must not know what is hashed or why. Start with [`hmac_sha256`].

use std::io;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, AeadInOut, Payload};
use ctutils::CtEq;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::arena::Arena;
use super::secret::Secret;

/// Bytes of the random number that a sealed text begins with.
const NONCE: usize = 24;
/// Bytes that a sealed text ends with, which prove that nothing was changed.
const TAG: usize = 16;

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandom(#[source] getrandom::Error);

/// HMAC-SHA-256 (RFC 2104) of the concatenation of `parts`. Only the last part may vary in length if two lists of parts
/// must never give the same result.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    Keyed::new(key).mac(parts)
}

/// HMAC-SHA-256 with one key for many texts: the key is looked at once.
pub struct Keyed(Hmac<Sha256>);

impl Keyed {
    /// With this key.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of every length"))
    }

    /// As [`hmac_sha256`].
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// SHA-256 of the concatenation of `parts`, with the length of each before it, so that two lists never give the same.
#[must_use]
pub fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-1 of `bytes`, to read what other tools wrote; `None` if they were made to collide. Never for anything of our own.
#[must_use]
pub fn sha1(bytes: &[u8]) -> Option<[u8; 20]> {
    let mut hash = gix_hash::hasher(gix_hash::Kind::Sha1);
    hash.update(bytes);
    hash.try_finalize().ok()?.as_bytes().try_into().ok()
}

/// Encrypts `text`, so that [`open`] with the same key and the same `about`, which is not encrypted, gives it back or fails if a byte
/// of it or of `about` was changed. XChaCha20-Poly1305 under a random nonce, which comes first: 40 bytes more than `text`.
///
/// # Errors
/// If the system gives no random bytes.
pub fn seal(key: &[u8; 32], about: &[u8], text: &[u8]) -> Result<Vec<u8>, NoRandom> {
    let nonce = random::<NONCE>()?;
    let sealed = XChaCha20Poly1305::new(&(*key).into()).encrypt(&nonce.into(), Payload { msg: text, aad: about });
    Ok([&nonce[..], &sealed.expect("a text in memory is shorter than 256 GB")].concat())
}

/// What was sealed; `None` if it was not with this key and `about`, or was changed.
#[must_use]
pub fn open(key: &[u8; 32], about: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    cipher.decrypt(&(*nonce).into(), Payload { msg: sealed, aad: about }).ok().map(Zeroizing::new)
}

/// What was sealed, in memory of `arena`; `None` if it was not with this key and `about`, or was changed.
///
/// # Errors
/// If there is no memory.
pub fn open_locked(arena: &Arena, key: &[u8; 32], about: &[u8], sealed: &[u8]) -> io::Result<Option<Secret>> {
    let Some((nonce, sealed)) = sealed.split_first_chunk::<NONCE>() else { return Ok(None) };
    let Some((text, tag)) = sealed.split_last_chunk::<TAG>() else { return Ok(None) };
    let mut buffer = arena.buffer(text.len())?;
    buffer.push(text).map_err(io::Error::other)?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let opened = cipher.decrypt_inout_detached(&(*nonce).into(), about, buffer.bytes_mut().into(), &(*tag).into());
    Ok(opened.is_ok().then(|| buffer.into()))
}

/// A key for one purpose out of one that is for nothing else: HKDF-SHA-256 (RFC 5869) without salt.
#[must_use]
pub fn derive(key: &[u8; 32], purpose: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, key).expand_multi_info(purpose, &mut *out).expect("32 bytes are less than 255 hashes");
    out
}

/// Random bytes from the operating system, fit for keys.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandom)?;
    Ok(bytes)
}

/// Whether `a` and `b` are equal, in a time that depends on their lengths only.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).to_bool()
}

/// argon2id (RFC 9106) with 19 MiB of memory, two passes and one lane: the least that OWASP's password storage sheet asks
/// for. The parameters are part of stored fingerprints: changing them needs a new fingerprint version.
///
/// One call takes 21 ms of a core of an AMD EPYC. The memory is allocated at the first call and kept for the next ones.
#[derive(Default)]
pub struct MemoryHard(Vec<Block>);

impl MemoryHard {
    const PARAMS: Params = match Params::new(19 * 1024, 2, 1, Some(32)) {
        Ok(params) => params,
        Err(_) => panic!("the constants above are in range"),
    };

    /// Hashes `value`, of any length, under `salt`. The value passes HMAC-SHA-256 under the salt first, because argon2 ends at 4 GiB.
    #[must_use]
    pub fn hash(&mut self, salt: &[u8; 32], value: &[u8]) -> [u8; 32] {
        self.0.resize(Self::PARAMS.block_count(), Block::new());
        let mut out = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Self::PARAMS)
            .hash_password_into_with_memory(&hmac_sha256(salt, &[value]), salt, &mut out, &mut self.0)
            .expect("lengths of input, salt, output and memory are constants in range");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::arena::Arena;
    use super::super::text::hex;
    use super::{MemoryHard, derive, digest, hmac_sha256, open, open_locked, random, same, seal};

    #[test]
    fn hmac_follows_rfc_4231() {
        let check = |key: &[u8], parts: &[&[u8]], expected: &str| assert_eq!(hex(&hmac_sha256(key, parts)), expected);
        check(&[0x0b; 20], &[b"Hi There"], "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        check(
            b"Jefe",
            &[b"what do ya ", b"want for ", b"nothing?"],
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
        check(
            &[0xaa; 131],
            &[b"Test Using Larger Than Block-Size Key - Hash Key First"],
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        );
    }

    #[test]
    fn digests_of_lists() {
        // Of eight zeros, and of 1 and seven zeros before `a`.
        assert_eq!(hex(&digest(&[b""])), "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc");
        assert_ne!(digest(&[b"a", b"b"]), digest(&[b"ab"]));
        assert_ne!(digest(&[b"", b"a"]), digest(&[b"a", b""]));
    }

    #[test]
    fn what_is_sealed_is_opened_by_the_same_key_and_whole_only() {
        let (key, other) = ([1; 32], [2; 32]);
        let sealed = seal(&key, b"about", b"a text").unwrap();
        let arena = Arena::new();
        let locked = |key: &[u8; 32], about: &[u8], sealed: &[u8]| {
            open_locked(&arena, key, about, sealed).unwrap().map(|secret| secret.expose().to_vec())
        };
        assert_eq!(open(&key, b"about", &sealed).unwrap().as_slice(), b"a text");
        assert_eq!(locked(&key, b"about", &sealed).unwrap(), b"a text");
        assert_eq!((open(&other, b"about", &sealed), open(&key, b"abouT", &sealed)), (None, None));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            for wrong in [&changed, &sealed[..at]] {
                assert_eq!((open(&key, b"about", wrong), locked(&key, b"about", wrong)), (None, None));
            }
        }
        assert_ne!(seal(&key, b"about", b"a text").unwrap(), sealed, "a nonce is used once");
    }

    /// Pinned, and computed by other means (argon2-cffi): stored fingerprints depend on it.
    #[test]
    fn memory_hard_hash_never_changes() {
        let mut hash = MemoryHard::default();
        let first = hash.hash(&[7; 32], b"made up");
        assert_eq!(hex(&first), "3428868cb5a88f41f514c5373d5578f3d0d136eee1bdb2f720c6ce51815aeda3");
        assert_eq!(hash.hash(&[7; 32], b"made up"), first, "memory of the call before does not matter");
        assert_ne!(hash.hash(&[8; 32], b"made up"), first);
        assert_ne!(hash.hash(&[7; 32], b"made up."), first);
        assert_ne!(hash.hash(&[7; 32], b""), first);
    }

    /// Test case 3 of RFC 5869 has no salt and no info; its key is shorter than ours are, so the others stand here (computed with Python).
    #[test]
    fn keys_for_purposes() {
        let key = [0x0b; 32];
        assert_eq!(hex(&*derive(&key, &[])), "27488977d7c845fa17e618b4e225651a0a417521175396f455da2c465679eea8");
        assert_eq!(derive(&key, &[b"a", b"b"]), derive(&key, &[b"ab"]), "parts are joined: only the last may vary in length");
        assert_eq!(hex(&*derive(&key, &[b"stanch"])), "a9237bc2f8468824c4a3686b835c16d4773aa073733f26f655c9dd8c53cd4a1d");
    }

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random::<32>().unwrap(), random::<32>().unwrap());
        assert_eq!(random::<0>().unwrap(), [0u8; 0]);
    }

    #[test]
    fn same_compares_length_and_bytes() {
        let check = |a: &[u8], b: &[u8], expected: bool| assert_eq!(same(a, b), expected);
        check(b"", b"", true);
        check(b"abc", b"abc", true);
        check(b"abc", b"abd", false);
        check(b"abc", b"ab", false);
        check(b"", b"a", false);
    }
}
