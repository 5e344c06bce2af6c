//! Wrong passphrases are slowed down: after five in a row there is a wait, which doubles from a second to five minutes.
//!
//! It must not know a passphrase. Start with [`Attempt::begin`]. It slows down who sits at the keyboard or runs the program; against who has
//! the files, what a guess costs must do.
//!
//! The count is one line in a small file, counted up before the passphrase is tried, so that ending the program does not help. The file is
//! locked while one is tried: guesses side by side wait for each other.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::Error;
use super::file::{locked, open};

/// Wrong ones without a wait.
const FREE: u64 = 5;
/// The longest wait, in seconds.
pub const LONGEST: u64 = 300;
/// A longer file is none of these.
const MOST: u64 = 64;

/// A passphrase that is being tried. Dropped without [`Attempt::succeeded`], it was wrong.
#[derive(Debug)]
pub struct Attempt(Option<File>);

/// Wrong passphrases in a row, and when the last was tried, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Count {
    failures: u64,
    last: u64,
}

impl Attempt {
    /// Begins one at the time `now`, in seconds since 1970. `path` is the file with the count. Where it cannot be written (a read-only or
    /// full disk), it is not counted: nobody is locked out of what is theirs.
    ///
    /// # Errors
    /// [`Error::Wait`] if it is too early; [`Error::Unsafe`]; [`Error::Busy`].
    pub fn begin(path: &Path, now: u64) -> Result<Self, Error> {
        let file = match open(path, OFlags::RDWR | OFlags::CREATE) {
            Ok(file) => file,
            Err(Error::System(e)) if cannot_write(&e) => open(path, OFlags::RDONLY).ok().flatten(),
            Err(other) => return Err(other),
        };
        let Some(file) = file else { return Ok(Self(None)) };
        let mut file = locked(file, path)?;
        let mut count = Count::read(&mut file, now);
        if let Some(seconds) = count.wait(now) {
            // A time ahead of the clock is not: the wait ends by this clock.
            count.last = count.last.min(now);
            drop(count.write(&mut file));
            return Err(Error::Wait { seconds });
        }
        let next = Count { failures: count.failures.saturating_add(1), last: now };
        match next.write(&mut file) {
            Ok(()) => Ok(Self(Some(file))),
            Err(e) if cannot_write(&e) => Ok(Self(None)),
            Err(e) => Err(e.into()),
        }
    }

    /// It was right: the count begins again.
    pub fn succeeded(self) {
        if let Some(file) = self.0 {
            // At worst the next wrong one has a wait.
            drop(file.set_len(0));
        }
    }
}

fn cannot_write(error: &std::io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::ROFS | Errno::ACCESS | Errno::PERM | Errno::NOSPC | Errno::DQUOT | Errno::BADF | Errno::IO))
}

impl Count {
    /// What is damaged counts as the free ones, just used up.
    fn read(file: &mut File, now: u64) -> Self {
        let mut text = String::new();
        let read = file.take(MOST + 1).read_to_string(&mut text);
        if read.is_ok() && text.is_empty() {
            return Self::default();
        }
        read.ok()
            .filter(|length| *length as u64 <= MOST)
            .and_then(|_| Self::parse(&text))
            .unwrap_or(Self { failures: FREE, last: now })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix("1 ")?.strip_suffix('\n')?.split(' ');
        let (failures, last) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        words.next().is_none().then_some(Self { failures, last })
    }

    /// Over what was there, padded to one length: a write that is cut short is damage, and no smaller count.
    fn write(self, file: &mut File) -> std::io::Result<()> {
        file.rewind()?;
        let line = format!("1 {:020} {:020}\n", self.failures, self.last);
        file.write_all(line.as_bytes())?;
        file.set_len(line.len() as u64)?;
        file.sync_data()
    }

    /// Seconds to wait from `now` on, of those that the count asks for.
    fn wait(self, now: u64) -> Option<u64> {
        let over = self.failures.checked_sub(FREE)?;
        let whole = 1u64.checked_shl(u32::try_from(over).unwrap_or(u32::MAX)).filter(|wait| *wait <= LONGEST).unwrap_or(LONGEST);
        // A last time in the future means that the clock was set back: it counts as now.
        whole.checked_sub(now.saturating_sub(self.last)).filter(|left| *left > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::super::Error;
    use super::{Attempt, FREE, LONGEST};

    /// Seconds to wait, or 0.
    fn fail(path: &Path, now: u64) -> u64 {
        match Attempt::begin(path, now) {
            Ok(_) => 0,
            Err(Error::Wait { seconds }) => seconds,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("attempts");
        let mut now = 1_000;
        for _ in 0..FREE {
            assert_eq!(fail(&path, now), 0);
        }
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            assert_eq!(fail(&path, now), expected);
            assert_eq!(fail(&path, now + expected - 1), 1, "asking does not make it longer");
            now += expected;
            assert_eq!(fail(&path, now), 0);
        }
        Attempt::begin(&path, now + LONGEST).unwrap().succeeded();
        for _ in 0..FREE {
            assert_eq!(fail(&path, now), 0, "a right one ends it");
        }
        assert_eq!(fail(&path, now), 1);
    }

    #[test]
    fn nobody_is_locked_out_by_a_clock_or_by_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("attempts");
        let write = |text: &[u8]| fs::write(&path, text).unwrap();
        let many = format!("1 {:020} {:020}\n", u64::MAX, 5_000);
        write(many.as_bytes());
        assert_eq!(fail(&path, 4_000), LONGEST, "the clock was set back");
        assert_eq!(fail(&path, 4_000 + LONGEST - 1), 1);
        assert_eq!(fail(&path, 4_000 + LONGEST), 0);
        write(many.as_bytes());
        assert_eq!(fail(&path, u64::MAX), 0, "the clock was set forth");
        for damage in
            [&b"x"[..], b"1 2\n", b"1 6 4000 1\n", b"2 0 0\n", b"1 0 0", &[0xff; 20], &[b' '; 500], &many.as_bytes()[..20]]
        {
            write(damage);
            assert_eq!((fail(&path, 100), fail(&path, 101), fail(&path, 101)), (1, 0, 2), "{damage:?}");
        }
    }

    #[test]
    fn what_cannot_be_counted_is_tried_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        Attempt::begin(&folder.path().join("no/such"), 1).unwrap().succeeded();
        symlink("/dev/null", folder.path().join("link")).unwrap();
        assert!(matches!(Attempt::begin(&folder.path().join("link"), 1), Err(Error::Unsafe { .. })));
    }
}
