//! What weak values came to is remembered from run to run, for the user alone: the memory-hard hash takes 20 ms for each.
//!
//! It must not write into a repository, and nothing is lost if it cannot write at all. Start with [`Prints::of`], end with [`Prints::keep`].

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::verdicts;
use crate::base::sealed;
use crate::scan::fingerprint::{Fingerprinter, ProjectKey};

/// What the file begins with.
const ABOUT: &[u8] = b"stanch prints 1\n";
/// Bytes that are kept of a project: some 80,000 values.
const MOST: usize = 4 << 20;

/// A fingerprinter, and where it is remembered what it made.
pub(super) struct Prints {
    pub(super) fingerprinter: Fingerprinter,
    /// The file, and the user's key.
    at: Option<(PathBuf, Zeroizing<[u8; 32]>)>,
}

impl Prints {
    /// That of a project; without a key one for this run, with nothing to remember.
    pub(super) fn of(key: Option<&ProjectKey>, remembers: bool) -> anyhow::Result<Self> {
        let Some(key) = key else { return Ok(Self { fingerprinter: Fingerprinter::per_run()?, at: None }) };
        let fingerprinter = Fingerprinter::stable(key)?;
        let Some((folder, own_key)) = remembers.then(verdicts::own_key).flatten() else {
            return Ok(Self { fingerprinter, at: None });
        };
        let path = folder.join(format!("prints-{}", key.digest()));
        let memory = sealed::read(&path, ABOUT, &own_key).ok().flatten();
        let fingerprinter = fingerprinter.remembering(&own_key, memory.as_ref().map_or(&[], |memory| memory.as_slice()));
        Ok(Self { fingerprinter, at: Some((path, own_key)) })
    }

    /// Remembers what is new.
    pub(super) fn keep(&self) {
        let Some((path, own_key)) = &self.at else { return };
        if let Some(memory) = self.fingerprinter.memory().filter(|memory| memory.len() <= MOST) {
            let _ = sealed::write(path, ABOUT, own_key, &memory);
        }
    }
}
