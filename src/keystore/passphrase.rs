//! A key out of a passphrase: Argon2id (RFC 9106).
//!
//! It must not know where the passphrase came from. Start with [`Cost::hash`].

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Error;

/// Least memory that is accepted, in KiB: below it, a guess is too cheap.
pub const LEAST_MEMORY: u32 = 64 * 1024;
/// Most memory, in KiB, and passes: above it, a file that was tampered with would stop the machine.
const MOST_MEMORY: u32 = 4 << 20;
const MOST_PASSES: u32 = 64;
const MOST_LANES: u32 = 16;

/// What one guess costs. Written beside what it protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes that could be computed side by side.
    pub lanes: u32,
}

impl Default for Cost {
    /// 64 MiB, three passes, four lanes: the second choice of RFC 9106.
    fn default() -> Self {
        Self { memory: LEAST_MEMORY, passes: 3, lanes: 4 }
    }
}

impl Cost {
    /// The key that `passphrase` gives under `salt`.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the cost is out of range.
    pub fn hash(&self, passphrase: &[u8], salt: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>, Error> {
        let range = |value: u32, least, most| (least..=most).contains(&value);
        if !range(self.memory, LEAST_MEMORY, MOST_MEMORY)
            || !range(self.passes, 1, MOST_PASSES)
            || !range(self.lanes, 1, MOST_LANES)
        {
            return Err(Error::Damaged("what a passphrase costs is out of range"));
        }
        let wrong = |_| Error::Damaged("what a passphrase costs is out of range");
        let params = Params::new(self.memory, self.passes, self.lanes, Some(32)).map_err(wrong)?;
        let mut memory = Zeroizing::new(vec![Block::new(); params.block_count()]);
        let mut out = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(passphrase, salt, &mut *out, &mut **memory)
            .map_err(|_| Error::Wrong("passphrase"))?;
        Ok(out)
    }
}
