//! The one key of a vault, out of which all others come.
//!
//! It must not know what the others are for. Start with [`Root::derive`].

use zeroize::Zeroizing;

use super::Error;
use super::base::arena::{Arena, Locked};
use super::base::crypto::{derive, random};

/// 32 random bytes in locked memory.
pub struct Root(Locked);

impl Root {
    /// A new one.
    ///
    /// # Errors
    /// If there is no memory, or there are no random bytes.
    pub fn fresh(arena: &Arena) -> Result<Self, Error> {
        Self::of(arena, &*Zeroizing::new(random::<32>()?))
    }

    /// The one that these bytes are.
    ///
    /// # Errors
    /// If there is no memory, or they are not 32.
    pub fn of(arena: &Arena, bytes: &[u8]) -> Result<Self, Error> {
        let mut kept = arena.buffer(32)?;
        if bytes.len() != 32 || kept.push(bytes).is_err() {
            return Err(Error::Damaged("a key has another length"));
        }
        Ok(Self(kept))
    }

    /// The key for one purpose. No purpose may be the beginning of another.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(self.bytes(), &[b"stanch vault 1: ", purpose.as_bytes()])
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        self.0.bytes().try_into().expect("it was made with 32 bytes")
    }
}

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Root(_)")
    }
}
