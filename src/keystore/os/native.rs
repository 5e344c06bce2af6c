//! The keychain of macOS and the Credential Manager of Windows, through the stores of keyring.
//!
//! It must not be compiled elsewhere; it has been compiled nowhere yet. Start with [`load`].

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error as Refusal};
use zeroize::Zeroizing;

use super::super::Error;
use super::SERVICE;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
#[cfg(windows)]
use windows_native_keyring_store::Store;

#[cfg(target_os = "macos")]
pub(super) const NAME: &str = "macos-keychain";
#[cfg(windows)]
pub(super) const NAME: &str = "windows-credentials";

/// These systems may ask their user first.
pub(super) const SECONDS: u64 = 60;

pub(super) fn load(name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    match entry(name)?.get_secret() {
        Ok(value) => Ok(Some(Zeroizing::new(value))),
        Err(Refusal::NoEntry) => Ok(None),
        Err(refusal) => Err(told(refusal)),
    }
}

pub(super) fn store(name: &str, value: &[u8]) -> Result<(), Error> {
    entry(name)?.set_secret(value).map_err(told)
}

pub(super) fn remove(name: &str) -> Result<(), Error> {
    match entry(name)?.delete_credential() {
        Ok(()) | Err(Refusal::NoEntry) => Ok(()),
        Err(refusal) => Err(told(refusal)),
    }
}

/// Nothing: these systems ask by themselves.
pub(super) fn unlock(_seconds: u64) -> Result<(), Error> {
    Ok(())
}

/// Of a store of our own: there is none for the whole process.
fn entry(name: &str) -> Result<Entry, Error> {
    let store: Arc<Store> = Store::new().map_err(told)?;
    store.build(SERVICE, name, None).map_err(told)
}

/// Never with a value: some of these errors hold what was read.
fn told(refusal: Refusal) -> Error {
    match refusal {
        Refusal::NoStorageAccess(_) => Error::Locked { store: NAME },
        Refusal::PlatformFailure(why) => Error::Refused { store: NAME, why: why.to_string() },
        Refusal::Ambiguous(_) => Error::Refused { store: NAME, why: "it has several values under our name".to_owned() },
        _ => Error::Refused { store: NAME, why: "it does not keep such a value".to_owned() },
    }
}
