//! Where verdicts on histories are kept, and the key they are locked with.
//!
//! The key lies where only its user writes, and never in a repository, which may come from someone else. With `--cache DIR` it lies in
//! that folder, so that the folder can be carried from machine to machine. Start with [`keep`].

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::args;
use super::exit::hinted;
use crate::base::crypto;
use crate::base::fs::{Access, Error, create_new_for};
use crate::scan::source::git::Keep;

const KEY: &str = "cache-key";

/// Where they are kept, or why they cannot be; `None` if they are not to be.
pub(super) fn keep(part: &args::HistoryPart) -> anyhow::Result<Option<Result<Keep, String>>> {
    if part.no_cache || part.dry_run {
        return Ok(None);
    }
    let Some(folder) = &part.cache else {
        let state = own_state();
        let nowhere = || "neither XDG_STATE_HOME nor HOME names a folder; `--cache DIR` does".to_owned();
        let key = state.ok_or_else(nowhere).and_then(|folder| key_in(&folder));
        return Ok(Some(key.map(|key| Keep { folder: None, key })));
    };
    let why = |why: String| hinted(format!("--cache {}: {why}", folder.display()), "name a folder that may be written to");
    let key = key_in(folder).map_err(why)?;
    Ok(Some(Ok(Keep { folder: Some(folder.clone()), key })))
}

/// The user's folder.
fn own_state() -> Option<PathBuf> {
    state_folder(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))
}

/// The user's folder and the key in it, which is made if there is none; `None` if there can be none.
pub(super) fn own_key() -> Option<(PathBuf, Zeroizing<[u8; 32]>)> {
    let folder = own_state()?;
    let key = key_in(&folder).ok()?;
    Some((folder, key))
}

/// Where programs keep what is theirs alone.
fn state_folder(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |value: Option<OsString>| value.map(PathBuf::from).filter(|path| path.is_absolute());
    Some(absolute(state).or_else(|| Some(absolute(home)?.join(".local/state")))?.join("stanch"))
}

/// The key in a folder. It is made if there is none.
fn key_in(folder: &Path) -> Result<Zeroizing<[u8; 32]>, String> {
    let made = fs::DirBuilder::new().mode(0o700).recursive(true).create(folder);
    made.map_err(|e| format!("it cannot be made: {e}"))?;
    let path = folder.join(KEY);
    let new = Zeroizing::new(crypto::random::<32>().map_err(|e| e.to_string())?);
    match create_new_for(&path, Access::Owner, new.as_slice()) {
        Ok(()) => return Ok(new),
        Err(Error::Exists(_)) => {}
        Err(error) => return Err(error.to_string()),
    }
    let meta = fs::metadata(&path).map_err(|e| format!("{KEY} cannot be read: {e}"))?;
    // Neither the group nor others may do anything with it.
    let is_own = meta.is_file() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode().trailing_zeros() >= 6;
    if !is_own {
        return Err(format!(
            "others may read or write {KEY} in {}, and so make verdicts: `chmod 600` it, or remove it",
            folder.display()
        ));
    }
    let bytes = Zeroizing::new(fs::read(&path).map_err(|e| format!("{KEY} cannot be read: {e}"))?);
    let key = bytes.as_slice().try_into().map_err(|_| format!("{KEY} in {} is no key of 32 bytes", folder.display()))?;
    Ok(Zeroizing::new(key))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::state_folder;

    #[test]
    fn the_key_lies_where_state_is_kept() {
        let check = |state: Option<&str>, home: Option<&str>, expected: Option<&str>| {
            assert_eq!(state_folder(state.map(Into::into), home.map(Into::into)), expected.map(PathBuf::from));
        };
        check(Some("/s"), Some("/h"), Some("/s/stanch"));
        check(None, Some("/h"), Some("/h/.local/state/stanch"));
        check(Some(""), Some("/h"), Some("/h/.local/state/stanch"));
        check(Some("relative"), None, None);
        check(None, Some(""), None);
        check(None, None, None);
    }
}
