//! The keys that come from the root key, each for one purpose.
//!
//! It must not know what is sealed. Start with [`Keys::of`].

use zeroize::Zeroizing;

use super::base::crypto::hmac_sha256;
use super::keystore::root::Root;

/// 32 bytes that are wiped.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// Of one vault.
pub(crate) struct Keys {
    /// Seals the list of contexts with their keys.
    pub contexts: Key,
    /// Seals what the store says of itself.
    pub state: Key,
    /// Names to rows.
    pub index: Key,
    /// Values to fingerprints.
    pub print: Key,
    /// Seals what a fingerprint belongs to.
    pub owner: Key,
    /// Sums over rows.
    pub sum: Key,
}

impl Keys {
    pub(crate) fn of(root: &Root) -> Self {
        Self {
            contexts: root.derive("contexts"),
            state: root.derive("state"),
            index: root.derive("index"),
            print: root.derive("fingerprints"),
            owner: root.derive("owners of fingerprints"),
            sum: root.derive("sums"),
        }
    }

    /// The keyed fingerprint of a value: the same for the same bytes in this vault, and in no other.
    pub(crate) fn print(&self, value: &[u8]) -> [u8; 32] {
        hmac_sha256(&*self.print, &[b"value 1: ", value])
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(_)")
    }
}
