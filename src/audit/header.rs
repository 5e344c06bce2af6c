//! What is fixed when a log is made, and the keys that belong to it.
//!
//! It must not know where the key of the vault comes from. Start with [`Header::fresh`]; the first record is chained to [`Header::genesis`].

use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::base::crypto::{derive, hmac_sha256, open, random, seal};
use super::base::text::hex;
use super::event::words;
use super::line::Hash;
use super::{Error, line};

/// The name of its file.
pub const FILE: &str = "log.json";
const VERSION: u64 = 1;

/// How objects and purposes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// As they are.
    Clear,
    /// As keyed hashes.
    Keyed,
}
words!(Names: Clear = "clear", Keyed = "keyed");

/// The file, whose bytes the whole chain depends on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u64,
    log: String,
    created: String,
    names: String,
    public: String,
}

/// What is fixed when a log is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// How objects and purposes are written.
    pub names: Names,
    /// The key that the first segment's signatures are checked with.
    pub public: Hash,
    text: String,
}

impl Header {
    /// A new one, of a log that is made at the moment `at`, and the key that its first signatures are made with.
    ///
    /// # Errors
    /// If there are no random bytes.
    pub fn fresh(names: Names, at: (u64, u32)) -> Result<(Self, SigningKey), Error> {
        let key = SigningKey::from_bytes(&Zeroizing::new(random::<32>()?));
        let public = key.verifying_key().to_bytes();
        let file = File {
            version: VERSION,
            log: hex(&random::<16>()?),
            created: line::time(at),
            names: names.word().to_owned(),
            public: hex(&public),
        };
        Ok((Self { names, public, text: text(&file) }, key))
    }

    /// Reads the file.
    ///
    /// # Errors
    /// If it is of another version, or a byte of it is not as it was written.
    pub fn read(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        let damaged = |why| Error::damaged(path, why);
        #[derive(Deserialize)]
        struct Any {
            version: u64,
        }
        let any: Any = serde_json::from_slice(bytes).map_err(|_| damaged("it is not the head of a log"))?;
        if any.version != VERSION {
            return Err(Error::Version(any.version));
        }
        let file: File = serde_json::from_slice(bytes).map_err(|_| damaged("it is not the head of a log"))?;
        let names = Names::of(&file.names).ok_or_else(|| damaged("it is not the head of a log"))?;
        let public = unhex(&file.public).ok_or_else(|| damaged("its key is none"))?;
        let text = text(&file);
        if text.as_bytes() != bytes || file.log.len() != 32 {
            return Err(damaged("a byte of it was changed"));
        }
        Ok(Self { names, public, text })
    }

    /// The file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the first record has instead of the hash of one before it: SHA-256 of `audit/v1 log` and the file.
    #[must_use]
    pub fn genesis(&self) -> Hash {
        let mut hash = Sha256::new();
        hash.update(b"audit/v1 log");
        hash.update(&self.text);
        hash.finalize().into()
    }
}

fn text(file: &File) -> String {
    serde_json::to_string(file).expect("five plain fields") + "\n"
}

/// 32 bytes from lower-case hexadecimal digits.
#[must_use]
pub fn unhex(text: &str) -> Option<Hash> {
    let mut out = [0; 32];
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    (hex(&out) == text).then_some(out)
}

/// The bytes that a signature is of: they name the log, the place in it and everything the record says.
#[must_use]
pub fn message(genesis: &Hash, previous: &Hash, signed: &[u8]) -> Vec<u8> {
    [b"audit/v1 sign", &genesis[..], previous, signed].concat()
}

/// Signs a record.
pub(crate) fn sign(key: &SigningKey, genesis: &Hash, previous: &Hash, signed: &[u8]) -> [u8; 64] {
    key.sign(&message(genesis, previous, signed)).to_bytes()
}

/// What the one key that is given is good for.
pub struct Keys {
    seal: Zeroizing<Hash>,
    names: Zeroizing<Hash>,
}

impl Keys {
    /// Those that come from `key`, which is for this log alone.
    #[must_use]
    pub fn of(key: &[u8; 32]) -> Self {
        Self { seal: derive(key, &[b"audit/v1 seal"]), names: derive(key, &[b"audit/v1 names"]) }
    }

    /// An object or a purpose as it is written under `names`.
    #[must_use]
    pub fn name(&self, names: Names, text: &str) -> String {
        match names {
            Names::Keyed if !text.is_empty() => format!("hmac:{}", hex(&hmac_sha256(&*self.names, &[text.as_bytes()]))),
            _ => text.to_owned(),
        }
    }

    /// The file with a key that signs.
    pub(crate) fn seal(&self, genesis: &Hash, key: &SigningKey) -> Result<Vec<u8>, Error> {
        Ok(seal(&self.seal, &about(genesis, &key.verifying_key().to_bytes()), key.as_bytes())?)
    }

    /// The key of such a file, whose public half is `public`.
    pub(crate) fn unseal(&self, genesis: &Hash, public: &Hash, sealed: &[u8]) -> Result<SigningKey, Error> {
        let seed = open(&self.seal, &about(genesis, public), sealed).ok_or(Error::Key("damaged, or sealed under another key"))?;
        let seed: &Hash = seed.as_slice().try_into().map_err(|_| Error::Key("damaged"))?;
        let key = SigningKey::from_bytes(seed);
        if key.verifying_key().as_bytes() == public { Ok(key) } else { Err(Error::Key("not the one that it says")) }
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(_)")
    }
}

fn about(genesis: &Hash, public: &Hash) -> Vec<u8> {
    [b"audit/v1 key", &genesis[..], public].concat()
}

/// The name of the file with the key whose public half is `public`.
pub(crate) fn key_file(public: &Hash) -> String {
    format!("{KEY}{}", hex(&public[..8]))
}

/// What the names of these files begin with.
pub(crate) const KEY: &str = "key-";
