//! Rank 1: where the key that opens a vault lives.
//!
//! A vault has one [`root::Root`], which is random and written nowhere as it is. Each slot of its [`slots::Slots`] holds it sealed under
//! another key: one that comes from a passphrase, one from a recovery code, one that a [`Keystore`] keeps. Any one opens it.
//!
//! It must not know what a vault holds. Start with [`slots::Slots`].

// The path of the whole, which this is a part of: `crate::base`.
use stanch_base as base;

pub mod attempts;
pub mod change;
pub mod file;
mod limit;
pub mod memory;
pub mod migrate;
pub mod os;
pub mod passphrase;
pub mod pinentry;
pub mod place;
pub mod recovery;
pub mod root;
pub mod session;
pub mod slots;

use base::secret::Secret;

/// A place outside of the vault that keeps small secrets under names, such as a keychain.
///
/// A store never makes up a value, never writes to find out whether it can, and never falls back to another store.
pub trait Keystore {
    /// What it keeps under `name`; `None` if it answers that there is nothing.
    ///
    /// # Errors
    /// If it cannot be asked, or does not answer.
    fn load(&self, name: &str) -> Result<Option<Secret>, Error>;

    /// Keeps `value` under `name`, in the place of what was there.
    ///
    /// # Errors
    /// If it cannot be asked, does not answer, or refuses.
    fn store(&self, name: &str, value: &[u8]) -> Result<(), Error>;

    /// Forgets what is under `name`; it is no error if there is nothing.
    ///
    /// # Errors
    /// If it cannot be asked, does not answer, or refuses.
    fn remove(&self, name: &str) -> Result<(), Error>;
}

/// Why a key could not be had. No variant holds a value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such store here.
    #[error("{store} is not there: {why}")]
    Absent {
        /// Its name.
        store: &'static str,
        /// What the system said.
        why: String,
    },
    /// The store is there and locked.
    #[error("{store} is locked")]
    Locked {
        /// Its name.
        store: &'static str,
    },
    /// The store did not answer in time.
    #[error("{store} did not answer within {seconds} s")]
    Silent {
        /// Its name.
        store: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The store refused.
    #[error("{store} refused: {why}")]
    Refused {
        /// Its name.
        store: &'static str,
        /// What it said.
        why: String,
    },
    /// A store answered that it does not have the key of a vault that is there.
    #[error("{store} does not have the key of this vault")]
    Missing {
        /// Its name.
        store: &'static str,
    },
    /// The key that was given opens no slot.
    #[error("the {0} is wrong")]
    Wrong(&'static str),
    /// There is no slot of that kind, or with that number.
    #[error("this vault has no {0}")]
    NoSlot(String),
    /// The last slot is not removed: nothing would open the vault any more.
    #[error("it is the only way into this vault")]
    LastSlot,
    /// The file with the slots was changed, or is not one.
    #[error("the list of keys is damaged: {0}")]
    Damaged(&'static str),
    /// A file is not one that may be trusted.
    #[error("{} {why}", .path.display())]
    Unsafe {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another process changes it, and did not end in time.
    #[error("another stanch holds {} for long", .0.display())]
    Busy(std::path::PathBuf),
    /// Too many wrong passphrases: the next one is not looked at yet.
    #[error("too many wrong passphrases: the next try is in {seconds} s")]
    Wait {
        /// Until then.
        seconds: u64,
    },
    /// There can be no unlock session.
    #[error("there can be no unlock session: {0}")]
    NoSession(&'static str),
    /// Who was asked for a passphrase gave none.
    #[error("no passphrase was given")]
    Cancelled,
    /// Nobody could be asked.
    #[error("{} cannot ask for a passphrase: {why}", .program.display())]
    CannotAsk {
        /// The program that asks.
        program: std::path::PathBuf,
        /// What it said, or what became of it.
        why: String,
    },
    /// It would move a key to where it is.
    #[error("the vault's key is in {0} already")]
    SamePlace(String),
    /// The file with the slots is of another version.
    #[error("the list of keys has version {0}, and this stanch reads 1")]
    Version(u64),
    /// No memory, or no random bytes.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

impl Error {
    /// What to do about it, where there is something that holds everywhere; [`place`] knows more.
    #[must_use]
    pub fn way_out(&self) -> Option<&'static str> {
        Some(match self {
            Self::Absent { .. } => "open the vault with its passphrase or its recovery code",
            Self::Locked { .. } => "unlock the keychain, or open the vault with its passphrase or its recovery code",
            Self::Silent { .. } => {
                "the keychain or its D-Bus hangs: log in anew, or open the vault with its passphrase or its recovery code"
            }
            Self::Missing { .. } => {
                "open the vault with its passphrase or its recovery code; nothing new was made in the place of the key"
            }
            Self::NoSession(_) => {
                "everything works without one; each command then opens the vault anew, with the keychain or a passphrase"
            }
            Self::Unsafe { .. } => "see who put it there; it must be a regular file of yours that nobody else can write",
            Self::Damaged(_) => "put the file back from a backup",
            Self::LastSlot => "add another way in first",
            _ => return None,
        })
    }
}

impl From<base::crypto::NoRandom> for Error {
    fn from(none: base::crypto::NoRandom) -> Self {
        Self::System(std::io::Error::other(none))
    }
}
