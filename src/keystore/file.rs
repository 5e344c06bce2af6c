//! The files beside the vault: opened so that nobody can put another one in their place, and changed by one process at a time.
//!
//! It must not know what is in them. Start with [`read`]; [`Lock`] is for those who write.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FileType, FlockOperation, Mode, OFlags, Stat, flock, fstat};
use rustix::io::Errno;

use super::Error;
use super::limit::within;

/// A link is not followed, and a pipe is not waited for.
pub(crate) const OPEN: OFlags = OFlags::CLOEXEC.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);
/// For its owner alone.
pub(crate) const MODE: Mode = Mode::RUSR.union(Mode::WUSR);
/// How long another process may hold a lock, in seconds.
const SECONDS: u64 = 10;

/// Who else than its owner may do what with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// Nobody may do anything.
    None,
    /// Others may read it, and guess passphrases without being slowed down.
    Readable,
}

/// The content of the file at `path`, of at most `largest` bytes; `None` if there is none.
///
/// # Errors
/// [`Error::Unsafe`] if it is a link, no regular file, or others may write it; [`Error::Damaged`] if it is too large.
pub fn read(path: &Path, largest: usize) -> Result<Option<Vec<u8>>, Error> {
    let Some(file) = open(path, OFlags::RDONLY)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(largest as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > largest { Err(Error::Damaged("it is too large")) } else { Ok(Some(bytes)) }
}

/// Who may read the file at `path` besides its owner; nobody if there is none.
///
/// # Errors
/// Those of [`read`].
pub fn exposure(path: &Path) -> Result<Exposure, Error> {
    let Some(file) = open(path, OFlags::RDONLY)? else { return Ok(Exposure::None) };
    let mode = Mode::from_raw_mode(fstat(&file).map_err(io::Error::from)?.st_mode);
    Ok(if mode.intersects(Mode::RGRP | Mode::ROTH) { Exposure::Readable } else { Exposure::None })
}

/// Opens what must be a regular file that nobody but its owner can write.
pub(crate) fn open(path: &Path, flags: OFlags) -> Result<Option<File>, Error> {
    let unsafe_file = |why| Err(Error::Unsafe { path: path.to_owned(), why });
    let file = match rustix::fs::open(path, OPEN | flags, MODE) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return unsafe_file("is a symbolic link"),
        Err(Errno::NXIO) => return unsafe_file("is no regular file"),
        Err(other) => return Err(io::Error::from(other).into()),
    };
    let stat = fstat(&file).map_err(io::Error::from)?;
    if let Some(why) = fault(&stat) {
        return unsafe_file(why);
    }
    if flags.contains(OFlags::CREATE) {
        give_to_the_owner(&file, &stat, path);
    }
    Ok(Some(File::from(file)))
}

/// What root makes in the folder of somebody is theirs, or they could not use it later.
fn give_to_the_owner(file: &OwnedFd, stat: &Stat, path: &Path) {
    let folder = path.parent().and_then(|folder| rustix::fs::stat(folder).ok());
    if let Some(folder) = folder
        && stat.st_uid == 0
        && folder.st_uid != 0
    {
        let (user, group) = (rustix::fs::Uid::from_raw(folder.st_uid), rustix::fs::Gid::from_raw(folder.st_gid));
        // Where it is refused, it stays as it is.
        let _ = rustix::fs::fchown(file, Some(user), Some(group));
    }
}

fn fault(stat: &Stat) -> Option<&'static str> {
    let (user, mode) = (rustix::process::geteuid(), Mode::from_raw_mode(stat.st_mode));
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Some("is no regular file");
    }
    if mode.intersects(Mode::WGRP | Mode::WOTH) {
        return Some("can be written by others");
    }
    // Root reads everybody's, as `sudo` does.
    (stat.st_uid != user.as_raw() && stat.st_uid != 0 && !user.is_root()).then_some("belongs to another user")
}

/// The right to change the files beside a vault, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock ends when it is closed")] File);

impl Lock {
    /// Waits for other processes, ten seconds at most. The lock is the file at `path`, which stays: a lock on a file that is replaced or
    /// removed would be none.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unsafe`], or what the system said.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let file = open(path, OFlags::RDWR | OFlags::CREATE)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Self(locked(file, path)?))
    }
}

/// `file`, once no other process has it locked.
pub(crate) fn locked(file: File, path: &Path) -> Result<File, Error> {
    match flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(file),
        Err(Errno::WOULDBLOCK) => {}
        Err(other) => return Err(io::Error::from(other).into()),
    }
    let waited = within(Duration::from_secs(SECONDS), move || flock(file.as_fd(), FlockOperation::LockExclusive).map(|()| file))?;
    match waited {
        Some(Ok(file)) => Ok(file),
        Some(Err(other)) => Err(io::Error::from(other).into()),
        None => Err(Error::Busy(PathBuf::from(path))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::super::Error;
    use super::{Exposure, Lock, exposure, read};

    #[test]
    fn only_a_file_of_ones_own_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(read(&at("none"), 9).unwrap().is_none());
        fs::write(at("keys"), "made up").unwrap();
        let check = |mode: u32, expected: Result<Exposure, &str>| {
            fs::set_permissions(at("keys"), fs::Permissions::from_mode(mode)).unwrap();
            let found = exposure(&at("keys")).map_err(|e| e.to_string());
            assert_eq!(found, expected.map_err(|why| format!("{} {why}", at("keys").display())), "{mode:o}");
            assert_eq!(read(&at("keys"), 9).is_ok(), expected.is_ok(), "{mode:o}");
        };
        check(0o600, Ok(Exposure::None));
        check(0o400, Ok(Exposure::None));
        check(0o640, Ok(Exposure::Readable));
        check(0o604, Ok(Exposure::Readable));
        check(0o620, Err("can be written by others"));
        check(0o602, Err("can be written by others"));
        check(0o600, Ok(Exposure::None));
        assert!(matches!(read(&at("keys"), 6), Err(Error::Damaged(_))));
        symlink("keys", at("link")).unwrap();
        assert!(read(&at("link"), 9).unwrap_err().to_string().ends_with("link is a symbolic link"));
        assert!(read(folder.path(), 9).unwrap_err().to_string().ends_with("is no regular file"));
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, super::MODE, 0).unwrap();
        assert!(read(&at("pipe"), 9).unwrap_err().to_string().ends_with("is no regular file"));
    }

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            chown(folder.path(), Some(65534), Some(65534)).unwrap();
        }
        drop(Lock::take(&folder.path().join("lock")).unwrap());
        let [made, around] = [folder.path().join("lock"), folder.path().to_owned()].map(|path| fs::metadata(path).unwrap().uid());
        assert_eq!(made, around);
    }

    #[test]
    fn a_lock_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path).unwrap();
        let (give, take) = mpsc::channel();
        let other = path.clone();
        let waiting = std::thread::spawn(move || {
            give.send(()).unwrap();
            Lock::take(&other).map(|_| Instant::now())
        });
        take.recv().unwrap();
        assert!(take.recv_timeout(Duration::from_millis(50)).is_err() && !waiting.is_finished());
        let given = Instant::now();
        drop(first);
        assert!(waiting.join().unwrap().unwrap() >= given);
    }
}
