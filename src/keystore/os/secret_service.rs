//! The Secret Service of the desktop, over the user's D-Bus.
//!
//! It must not know how long it may take. Start with [`load`]. A locked keychain is told and not asked about: a dialog would come up for a
//! program in the background, and on a machine without a screen nobody could answer it. Values cross the bus encrypted.

use std::collections::HashMap;

use dbus_secret_service::{EncryptionType, Error as Refusal, Item, SecretService};
use zeroize::Zeroizing;

use super::super::Error;
use super::super::base::text::sanitise;
use super::SERVICE;

pub(super) const NAME: &str = "secret-service";
/// It asks nobody: what takes longer is broken.
pub(super) const SECONDS: u64 = 3;
/// Of what the other side says.
const MOST_WORDS: usize = 200;

pub(super) fn load(name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let service = connect(0)?;
    let item = find(&service, name)?;
    item.map(|item| item.get_secret().map(Zeroizing::new).map_err(|e| told(&e))).transpose()
}

pub(super) fn store(name: &str, value: &[u8]) -> Result<(), Error> {
    let service = connect(0)?;
    let collection = match service.get_default_collection() {
        Err(Refusal::NoResult) => {
            return Err(Error::Absent { store: NAME, why: "it has no default collection to keep things in".to_owned() });
        }
        other => other.map_err(|e| told(&e))?,
    };
    // One that is there is changed where it is, be it in another collection.
    if let Some(item) = find(&service, name)? {
        return item.set_secret(value, "text/plain").map_err(|e| told(&e));
    }
    collection.create_item(&format!("stanch: {name}"), attributes(name), value, true, "text/plain").map_err(|e| told(&e))?;
    Ok(())
}

pub(super) fn remove(name: &str) -> Result<(), Error> {
    let service = connect(0)?;
    find(&service, name)?.map_or(Ok(()), |item| item.delete().map_err(|e| told(&e)))
}

pub(super) fn unlock(seconds: u64) -> Result<(), Error> {
    let service = connect(seconds)?;
    let collection = service.get_default_collection().map_err(|e| told(&e))?;
    collection.ensure_unlocked().map_err(|e| told(&e))?;
    if collection.is_locked().map_err(|e| told(&e))? { Err(Error::Locked { store: NAME }) } else { Ok(()) }
}

fn connect(seconds: u64) -> Result<SecretService, Error> {
    SecretService::connect_with_max_prompt_timeout(EncryptionType::Dh, seconds).map_err(|e| told(&e))
}

fn attributes(name: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("username", name)])
}

/// The item under `name`. That there is none is an answer only of a keychain that is open: some hide what they have while they are locked.
fn find<'a>(service: &'a SecretService, name: &str) -> Result<Option<Item<'a>>, Error> {
    let mut found = service.search_items(attributes(name)).map_err(|e| told(&e))?;
    if !found.locked.is_empty() {
        return Err(Error::Locked { store: NAME });
    }
    if found.unlocked.len() > 1 {
        return Err(Error::Refused { store: NAME, why: "it has several values under our name".to_owned() });
    }
    if found.unlocked.is_empty() {
        match service.get_default_collection() {
            Ok(collection) if collection.is_locked().map_err(|e| told(&e))? => return Err(Error::Locked { store: NAME }),
            Ok(_) | Err(Refusal::NoResult) => {}
            Err(other) => return Err(told(&other)),
        }
    }
    Ok(found.unlocked.pop())
}

/// What the other side said, as one of our errors.
fn told(refusal: &Refusal) -> Error {
    let why = |words: &str| sanitise(words.as_bytes()).chars().take(MOST_WORDS).collect();
    match refusal {
        Refusal::Locked | Refusal::Prompt => Error::Locked { store: NAME },
        Refusal::Unavailable => Error::Absent { store: NAME, why: why(&refusal.to_string()) },
        Refusal::Dbus(error) => {
            let (name, words) = (error.name().unwrap_or_default(), error.message().unwrap_or("no reason given"));
            match name.strip_prefix("org.freedesktop.DBus.Error.") {
                Some("NoReply" | "Timeout" | "TimedOut") => Error::Silent { store: NAME, seconds: SECONDS },
                Some(
                    "NoServer" | "NotSupported" | "FileNotFound" | "BadAddress" | "Disconnected" | "ServiceUnknown"
                    | "NameHasNoOwner" | "NoNetwork" | "AuthFailed" | "IOError",
                ) => Error::Absent { store: NAME, why: why(words) },
                Some(other) if other.starts_with("Spawn.") => Error::Absent { store: NAME, why: why(words) },
                _ if name == "org.freedesktop.Secret.Error.IsLocked" => Error::Locked { store: NAME },
                _ => Error::Refused { store: NAME, why: why(words) },
            }
        }
        _ => Error::Refused { store: NAME, why: why(&refusal.to_string()) },
    }
}
