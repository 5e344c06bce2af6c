//! The contexts of a vault and their keys, in one small sealed file: whoever loses the key of a context loses all of its secrets.
//!
//! It must not know what is in a context. Start with [`Contexts::read`].
//!
//! The keys are not in the store because that copies pages when it writes, and old copies stay in its file for a while. This file is
//! written anew each time; what the disk itself keeps of the old one is beyond us.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Error;
use super::base::crypto::{random, seal};
use super::base::fail;
use super::base::fs::{Access, write_atomic_with};
use super::base::text::hex;
use super::keys::Key;
use super::name::Context;
use super::rows::unhex;

/// What the file begins with.
const MARK: &[u8] = b"stanch contexts 1\n";
const LARGEST: u64 = 64 << 20;

/// All contexts of a vault.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    /// Counts the files that were written.
    pub number: u64,
    all: Vec<Entry>,
    /// Is there one that is not written?
    #[serde(skip)]
    pub grew: bool,
}

/// One context.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// 16 random bytes in hexadecimal digits.
    id: String,
    path: String,
    created: u64,
    key: Hidden,
}

/// Base64 of a key, which no message shows.
#[derive(Serialize, Deserialize)]
struct Hidden(Zeroizing<String>);

/// A context and the keys that come from its own.
pub(crate) struct Opened {
    pub id: [u8; 16],
    pub context: Context,
    /// Seconds since 1970.
    pub created: u64,
    /// Seals what is said of its secrets.
    pub records: Key,
    /// Seals the keys of versions.
    pub versions: Key,
}

impl Contexts {
    pub(crate) fn path(folder: &Path) -> PathBuf {
        folder.join("contexts.sealed")
    }

    /// Reads those of the vault in `folder`.
    pub(crate) fn read(folder: &Path, vault: &[u8; 16], key: &Key) -> Result<Self, Error> {
        let path = Self::path(folder);
        let sealed = match std::fs::metadata(&path) {
            Ok(meta) if meta.len() > LARGEST => return Err(Error::Damaged("the list of contexts is too large")),
            Ok(_) => std::fs::read(&path).map_err(|e| Error::io("read", &path, e))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(Error::Damaged("the list of contexts is gone")),
            Err(e) => return Err(Error::io("read", &path, e)),
        };
        let damaged = || Error::Damaged("the list of contexts was changed, or belongs to another vault");
        let sealed = sealed.strip_prefix(MARK).ok_or_else(damaged)?;
        let text = super::base::crypto::open(key, &about(vault), sealed).ok_or_else(damaged)?;
        serde_json::from_slice(&text).map_err(|_| damaged())
    }

    /// Writes them, whole or not at all.
    pub(crate) fn write(&mut self, folder: &Path, vault: &[u8; 16], key: &Key) -> Result<(), Error> {
        let path = Self::path(folder);
        self.number += 1;
        let text = Zeroizing::new(serde_json::to_vec(self).expect("plain data is JSON"));
        let sealed = seal(key, &about(vault), &text)?;
        fail::point("contexts: before the write");
        let written = write_atomic_with(&path, Access::Owner, |file| {
            std::io::Write::write_all(file, MARK)?;
            fail::point("contexts: in the write");
            std::io::Write::write_all(file, &sealed)
        });
        fail::point("contexts: after the write");
        written.map_err(|e| Error::io("write", &path, std::io::Error::other(e)))
    }

    /// The context called `context`.
    pub(crate) fn find(&self, context: &Context) -> Option<Result<Opened, Error>> {
        let path = context.to_string();
        self.all.iter().find(|entry| entry.path == path).map(Entry::open)
    }

    /// All of them, in the order they were made.
    pub(crate) fn all(&self) -> impl Iterator<Item = Result<Opened, Error>> {
        self.all.iter().map(Entry::open)
    }

    /// Makes one with a fresh key. It is not written until [`Contexts::write`].
    pub(crate) fn add(&mut self, context: &Context, now: u64) -> Result<Opened, Error> {
        let key = Zeroizing::new(random::<32>()?);
        let entry = Entry {
            id: hex(&random::<16>()?),
            path: context.to_string(),
            created: now,
            key: Hidden(Zeroizing::new(BASE64.encode(*key))),
        };
        let opened = entry.open()?;
        self.all.push(entry);
        self.grew = true;
        Ok(opened)
    }

    /// Forgets one and its key. It is not written until [`Contexts::write`].
    pub(crate) fn forget(&mut self, context: &Context) {
        let path = context.to_string();
        self.all.retain(|entry| entry.path != path);
    }
}

impl Entry {
    fn open(&self) -> Result<Opened, Error> {
        let damaged = || Error::Damaged("an entry of the list of contexts is wrong");
        let mut key = Zeroizing::new([0; 32]);
        let mut read = Zeroizing::new([0; 48]);
        let length = BASE64.decode_slice(self.key.0.as_bytes(), &mut *read).map_err(|_| damaged())?;
        key.copy_from_slice(read.get(..length).filter(|read| read.len() == 32).ok_or_else(damaged)?);
        let derive = |purpose: &[u8]| super::base::crypto::derive(&key, &[b"stanch context 1: ", purpose]);
        Ok(Opened {
            id: unhex(&self.id).ok_or_else(damaged)?,
            context: Context::parse(&self.path).map_err(|_| damaged())?,
            created: self.created,
            records: derive(b"records"),
            versions: derive(b"versions"),
        })
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden(_)")
    }
}

fn about(vault: &[u8; 16]) -> Vec<u8> {
    [MARK, vault].concat()
}
