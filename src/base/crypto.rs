//! The few cryptographic tools everything shares, each by one well-kept crate.
//!
//! It must not know what is hashed or why. Start with [`hmac_sha256`].

use argon2::{Algorithm, Argon2, Block, Params, Version};
use ctutils::CtEq;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandom(#[source] getrandom::Error);

/// HMAC-SHA-256 (RFC 2104) of the concatenation of `parts`. Only the last part may vary in length if two lists of parts
/// must never give the same result.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
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
    use super::{MemoryHard, hmac_sha256, random, same};
    use crate::base::text::hex;

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
