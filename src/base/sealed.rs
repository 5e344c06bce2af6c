//! Files that are encrypted and authenticated, as those of caches are.
//!
//! It must not know what they hold. A file is what it is about in clear text, then the sealed rest. Start with [`read`] and [`write`].

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat};
use zeroize::Zeroizing;

use super::crypto;
use super::fs::{Access, write_atomic_with};

/// It may stand in a repository from elsewhere: a link is not followed, and a pipe is not waited for.
const OPEN: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// A file that is larger was not written here.
const LARGEST: u64 = 4 << 30;

/// What the file at `path` holds; `None` if there is none.
///
/// # Errors
/// In words, if it is none of these files, is about something else, was changed, or was locked with another key.
pub fn read(path: &Path, about: &[u8], key: &[u8; 32]) -> Result<Option<Zeroizing<Vec<u8>>>, &'static str> {
    let file = match rustix::fs::open(path, OPEN, Mode::empty()) {
        Ok(file) => file,
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(rustix::io::Errno::LOOP) => return Err("it is a symbolic link"),
        Err(_) => return Err("it cannot be opened"),
    };
    let is_file = |kind| FileType::from_raw_mode(kind) == FileType::RegularFile;
    if !fstat(&file).is_ok_and(|stat| is_file(stat.st_mode) && u64::try_from(stat.st_size).is_ok_and(|size| size <= LARGEST)) {
        return Err("it is no such file");
    }
    let mut bytes = Vec::new();
    File::from(file).take(LARGEST).read_to_end(&mut bytes).map_err(|_| "it cannot be read")?;
    let sealed = bytes.strip_prefix(about).ok_or("it was made by another version, or is damaged")?;
    crypto::open(key, about, sealed).map(Some).ok_or("it was made by another user, or is damaged")
}

/// Writes such a file, complete or not at all.
///
/// # Errors
/// In words.
pub fn write(path: &Path, about: &[u8], key: &[u8; 32], text: &[u8]) -> Result<(), String> {
    if std::fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file()) {
        return Err("something else has its name".to_owned());
    }
    let sealed = crypto::seal(key, about, text).map_err(|e| e.to_string())?;
    let written = write_atomic_with(path, Access::Owner, |file| {
        file.write_all(about)?;
        file.write_all(&sealed)
    });
    written.map_err(|e| e.to_string())
}
