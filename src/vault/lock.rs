//! One writer or many readers of a vault at a time, among processes.
//!
//! It must not know what they do. Start with [`Lock::shared`] and [`Lock::alone`].

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::Error;

/// Nobody holds it while waiting for a person, so that longer is a fault.
const LONGEST: Duration = Duration::from_secs(10);

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock is let go of when the file is closed")] File);

impl Lock {
    /// With other readers.
    pub(crate) fn shared(folder: &Path) -> Result<Self, Error> {
        Self::take(folder, FlockOperation::NonBlockingLockShared, FlockOperation::LockShared)
    }

    /// With nobody else.
    pub(crate) fn alone(folder: &Path) -> Result<Self, Error> {
        Self::take(folder, FlockOperation::NonBlockingLockExclusive, FlockOperation::LockExclusive)
    }

    fn take(folder: &Path, now: FlockOperation, waiting: FlockOperation) -> Result<Self, Error> {
        let path = folder.join("lock");
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        // A disk that is read-only has no writers.
        let file = match open {
            Err(e) if e.kind() == std::io::ErrorKind::ReadOnlyFilesystem => File::open(&path),
            other => other,
        };
        let file = file.map_err(|e| Error::io("open", &path, e))?;
        match flock(&file, now) {
            Ok(()) => return Ok(Self(file)),
            Err(Errno::WOULDBLOCK) => {}
            Err(e) => return Err(Error::io("lock", &path, e.into())),
        }
        let (tell, told) = mpsc::channel();
        // It ends with the process if the lock never comes.
        std::thread::spawn(move || {
            let done = flock(&file, waiting);
            drop(tell.send((file, done)));
        });
        match told.recv_timeout(LONGEST) {
            Ok((file, Ok(()))) => Ok(Self(file)),
            Ok((_, Err(e))) => Err(Error::io("lock", &path, e.into())),
            Err(_) => Err(Error::Busy(LONGEST.as_secs())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lock;

    #[test]
    fn readers_share_and_a_writer_waits() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (Lock::shared(folder.path()).unwrap(), Lock::shared(folder.path()).unwrap());
        let path = folder.path().to_owned();
        let writer = std::thread::spawn(move || Lock::alone(&path).unwrap());
        drop(one);
        assert!(!writer.is_finished());
        drop(two);
        drop(writer.join().unwrap());
    }
}
