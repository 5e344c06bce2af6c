//! The keychain of the system as a [`Keystore`]: the Secret Service (GNOME Keyring, KWallet, KeePassXC), the keychain of macOS, the
//! Credential Manager of Windows. The last two are not compiled where the tests run.
//!
//! It must not know what it keeps. Start with [`Keychain`]. It never asks a person by itself, but for [`Keychain::unlock`]; it never writes
//! to find out whether it could; and what does not answer in time is left alone.

use std::time::Duration;

use zeroize::Zeroizing;

use super::base::secret::Secret;
use super::limit::within;
use super::{Error, Keystore};

#[cfg(any(target_os = "macos", windows))]
mod native;
#[cfg(any(target_os = "macos", windows))]
use native as system;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;
#[cfg(all(unix, not(target_os = "macos")))]
use secret_service as system;

/// The name of the keychain of this system, as slots keep it.
pub const NAME: &str = system::NAME;
/// Under what its items are filed.
const SERVICE: &str = "stanch";
/// How long it is waited for, in seconds.
const SECONDS: u64 = system::SECONDS;

/// The keychain of the user who runs this process.
#[derive(Debug, Default)]
pub struct Keychain;

impl Keychain {
    /// Lets the keychain ask its user to unlock it, for so many seconds at most. For a person at a screen; nothing else asks.
    ///
    /// # Errors
    /// [`Error::Locked`] if it stays locked, and those of [`Keystore::load`].
    pub fn unlock(&self, seconds: u64) -> Result<(), Error> {
        limited(seconds + SECONDS, move || system::unlock(seconds))
    }
}

impl Keystore for Keychain {
    fn load(&self, name: &str) -> Result<Option<Secret>, Error> {
        let name = name.to_owned();
        // It is wiped where it is made if nobody waits for it any more.
        let found = limited(SECONDS, move || system::load(&name))?;
        Ok(found.map(|value| Secret::new(&value)))
    }

    fn store(&self, name: &str, value: &[u8]) -> Result<(), Error> {
        let (name, value) = (name.to_owned(), Zeroizing::new(value.to_vec()));
        limited(SECONDS, move || system::store(&name, &value))
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let name = name.to_owned();
        limited(SECONDS, move || system::remove(&name))
    }
}

fn limited<T: Send + 'static>(seconds: u64, work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    within(Duration::from_secs(seconds), work)?.unwrap_or(Err(Error::Silent { store: NAME, seconds }))
}
