//! Removing what is old: of whole segments, all but the last record, which is signed and says what they were. The chain still verifies.
//!
//! It must not know how long something is to be kept. Start with [`Log::prune`].

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::base::date::Date;
use super::base::fail;
use super::event::{Ending, Outcome, Stamp};
use super::line::{LONGEST, What, parse};
use super::log::{Log, short, write_owned};
use super::read;
use super::sink::Durable;
use super::{Error, folder};

/// A segment whose body can be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    /// Its day.
    pub day: Date,
    /// How many records go.
    pub records: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Log {
    /// What [`Log::prune`] would remove.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn prunable(&mut self, before: Date) -> Result<Vec<Old>, Error> {
        let mut all: Vec<Old> = Vec::new();
        for folder in self.folders()? {
            for (old, ..) in old(&folder, before)? {
                if all.iter().all(|other| other.day != old.day) {
                    all.push(old);
                }
            }
        }
        all.sort_by_key(|old| old.day);
        Ok(all)
    }

    /// Removes the bodies of the segments before the day `before`, as `policy` says, and writes that down first. The last segment stays,
    /// whatever its day. A crash leaves a log that verifies, and the next call goes on.
    ///
    /// # Errors
    /// If the log does not verify, for then what is wrong would be removed too; or if something cannot be written.
    pub fn prune(&mut self, before: Date, policy: &str, stamp: Stamp) -> Result<Vec<Old>, Error> {
        let folders = self.folders()?;
        for folder in &folders {
            if let Some(wrong) = read::verify(folder, Some(self.public()), &[])?.wrong {
                return Err(Error::Unsound(wrong.to_string()));
            }
        }
        let gone = self.prunable(before)?;
        if gone.is_empty() {
            return Ok(gone);
        }
        // What is to come is not promised away.
        let before = gone.last().map_or(before, |old| before.min(super::verify::tomorrow(old.day)));
        let sequence = self.commit(stamp, &What::Prune { before, policy: short(policy).into() }, Durable::Now)?;
        fail::point("audit: removal written down");
        let (held, folders) = self.hold()?;
        for folder in folders {
            for (old, last) in old(&folder, before)? {
                write_owned(&folder::segment(&folder, old.day), &last)?;
                fail::point("audit: body removed");
            }
        }
        drop(held);
        let ending = Ending { stamp, took: std::time::Duration::ZERO, wiped: super::Wiped::Nothing };
        self.outcome(sequence, Outcome::Done, ending)?;
        Ok(gone)
    }

    fn folders(&mut self) -> Result<Vec<PathBuf>, Error> {
        Ok(self.hold()?.1)
    }
}

/// The segments before `before` that have a body, each with its last line.
fn old(folder: &Path, before: Date) -> Result<Vec<(Old, Vec<u8>)>, Error> {
    let days = folder::days(folder)?;
    let mut found = Vec::new();
    for day in days.iter().copied().take(days.len().saturating_sub(1)).filter(|day| *day < before) {
        let path = folder::segment(folder, day);
        let last = last_line(&path)?;
        let line = parse(&last[..last.len() - 1]).filter(|line| line.own_hash() == line.hash);
        let Some(What::Close(footer)) = line.map(|line| line.record.what) else {
            return Err(Error::damaged(&path, "its end is missing"));
        };
        let length = std::fs::metadata(&path).map_err(Error::io("look at", &path))?.len();
        let bytes = length - last.len() as u64;
        if bytes > 0 {
            found.push((Old { day, records: footer.count, bytes }, last));
        }
    }
    Ok(found)
}

/// The last line of a file, with its end.
fn last_line(path: &Path) -> Result<Vec<u8>, Error> {
    let mut file = folder::open_to_read(path).map_err(Error::io("open", path))?;
    let mut read = || {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LONGEST as u64 + 1)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(Error::io("read", path))?;
    let Some(text) = bytes.strip_suffix(b"\n") else { return Err(Error::damaged(path, "its end is missing")) };
    let from = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    Ok(bytes[from..].to_vec())
}
