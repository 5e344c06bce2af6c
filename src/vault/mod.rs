//! Rank 3: sealed records.
//!
//! Secrets lie in contexts, each of which has a random key of its own; each version of a secret is sealed under a key of its own in turn.
//! Names are sealed too. `FORMAT.md` beside this file says which bytes lie where.
//!
//! It must not know the network, the clock, nor what reads its secrets; the key that opens it comes from [`stanch_keystore`]. Start with
//! [`Vault`]; without a receipt of the audit log it gives nothing away.

// The paths of the whole, which this is a part of: `crate::base`, `crate::audit`, `crate::keystore`.
use stanch_audit as audit;
use stanch_base as base;
use stanch_keystore as keystore;

mod check;
mod contexts;
pub mod import;
mod keys;
mod lock;
pub mod name;
mod put;
pub mod record;
mod rows;
mod store;
#[cfg(test)]
mod tests;
mod vault;

pub use check::Checked;
pub use put::{Elsewhere, Existing, Put, Stored};
pub use rows::{Fields, LARGEST_VALUE};
pub use vault::{Entry, Print, VALUE, Vault, Which, object};

/// Why a vault does not do what it was asked for. No variant holds a value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no vault in the folder.
    #[error("there is no vault in {0}")]
    None(String),
    /// There is one already.
    #[error("there is a vault in {0} already")]
    Exists(String),
    /// It was made by another version.
    #[error("this vault has version {0}, and this stanch reads 1")]
    Version(u64),
    /// Bytes of it were changed, or lost.
    #[error("the vault is damaged: {0}")]
    Damaged(&'static str),
    /// It is older than it was.
    #[error("the vault is older than it was: generation {found} of {expected}")]
    RolledBack {
        /// What it says of itself.
        found: u64,
        /// What was kept elsewhere.
        expected: u64,
    },
    /// There is no such secret or context.
    #[error("there is no `{0}`")]
    NotFound(String),
    /// There is no such version of a secret.
    #[error("`{0}` has no version {1}")]
    NoVersion(String, String),
    /// A secret of that name is there.
    #[error("`{0}` is there already")]
    Taken(String),
    /// What is about to be done was not written into the audit log before.
    #[error("it was not written into the audit log before")]
    Unwritten,
    /// Another process does not let go of it.
    #[error("another process has been using the vault for {0} s")]
    Busy(u64),
    /// A secret without fields.
    #[error("a secret has at least one field")]
    NoFields,
    /// More than may be stored.
    #[error("{what} is larger than {most} bytes")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How much there may be.
        most: usize,
    },
    /// What the system said.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store said something else.
    #[error("the store failed: {0}")]
    Store(String),
}

impl From<base::crypto::NoRandom> for Error {
    fn from(none: base::crypto::NoRandom) -> Self {
        Self::Io { action: "read", path: "random bytes".to_owned(), source: std::io::Error::other(none) }
    }
}

impl Error {
    fn io(action: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Io { action, path: path.display().to_string(), source }
    }
}
