//! One copy of a log: its last segment, what stands at its end, and writing behind it.
//!
//! It must not know the other copy, nor any key. Whoever uses it holds its lock. Start with [`Sink::refresh`].

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::base::date::Date;
use super::base::fail;
use super::header::Header;
use super::line::{Mended, Side, What, parse};
use super::tail::Tail;
use super::{Error, folder};

/// So much of the end is read to find the last record and the last signature: more than 256 usual records, and more than a longest.
const WINDOW: u64 = 160 * 1024;
/// How large the reserve is.
const RESERVE: usize = 4096;

/// Is a write to be on disk before it is done?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durable {
    Now,
    Later,
}

/// One copy.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) side: Side,
    pub(crate) folder: PathBuf,
    /// Was it written down that it could not be written?
    pub(crate) noted: bool,
    /// What is still to be written down about it.
    pub(crate) owed: Vec<What<'static>>,
    lock: Option<File>,
    reserve: Option<File>,
    end: Option<End>,
}

/// What is known of its end.
#[derive(Debug)]
struct End {
    tail: Tail,
    /// The last segment, if there is one.
    file: Option<(Date, File)>,
    /// Behind its last record.
    at: u64,
    /// Its length, which is more if a write did not end.
    length: u64,
    /// What is to be said of that.
    mend: Option<(Mended, u64, [u8; 32])>,
    /// Why the system does not let it be written.
    refused: Option<i32>,
}

/// A lock, until it is dropped.
pub(crate) struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // It ends with the process at the latest.
        drop(self.0.unlock());
    }
}

impl Sink {
    pub(crate) fn new(side: Side, folder: PathBuf) -> Self {
        Self { side, folder, noted: false, owed: Vec::new(), lock: None, reserve: None, end: None }
    }

    /// Waits until no other process writes.
    pub(crate) fn lock(&mut self) -> Result<Held, Error> {
        let path = self.folder.join(folder::LOCK);
        let failed = || Error::io("lock", &path);
        if self.lock.as_ref().is_none_or(is_gone) {
            // A folder that cannot be written any more still has the file.
            self.lock = Some(folder::open(&path).or_else(|e| folder::open_to_read(&path).map_err(|_| e)).map_err(failed())?);
        }
        let file = self.lock.as_ref().expect("it was opened").try_clone().map_err(failed())?;
        file.lock().map_err(failed())?;
        Ok(Held(file))
    }

    /// Finds the end, as other processes may have written meanwhile.
    pub(crate) fn refresh(&mut self, header: &Header) -> Result<(), Error> {
        let is_same = |end: &End| {
            let Some((_, file)) = &end.file else { return false };
            !end.tail.closed && !is_gone(file) && file.metadata().is_ok_and(|meta| meta.len() == end.length)
        };
        if !self.end.as_ref().is_some_and(is_same) {
            self.end = None;
            self.end = Some(self.load(header)?);
        }
        Ok(())
    }

    pub(crate) fn tail(&self) -> Option<&Tail> {
        self.end.as_ref().map(|end| &end.tail)
    }

    /// What is to be written down about a write that did not end: the next write mends it.
    pub(crate) fn mend(&self) -> Option<What<'static>> {
        let (mended, bytes, digest) = self.end.as_ref()?.mend?;
        Some(What::Repair { side: self.side, mended, bytes, digest })
    }

    fn load(&self, header: &Header) -> Result<End, Error> {
        folder::check(&self.folder)?;
        let days = folder::days(&self.folder)?;
        let Some((&day, before)) = days.split_last() else {
            return Ok(End { tail: Tail::of(header), file: None, at: 0, length: 0, mend: None, refused: None });
        };
        let mut start = Tail::of(header);
        if let Some(&day) = before.last() {
            let path = folder::segment(&self.folder, day);
            let file = folder::open_to_read(&path).map_err(Error::io("open", &path))?;
            (start, ..) = self.read_end(&file, day, start)?;
            if !start.closed {
                return Err(Error::damaged(&path, "its end is missing"));
            }
        }
        let path = folder::segment(&self.folder, day);
        // What cannot be written can still be ahead of the other copy.
        let (file, refused) = match folder::open(&path) {
            Ok(file) => (file, None),
            Err(e) => (folder::open_to_read(&path).map_err(Error::io("open", &path))?, e.raw_os_error()),
        };
        let (mut tail, at, rest) = self.read_end(&file, day, start)?;
        let (mut at, length, mut mend) = (at, at + rest.len() as u64, None);
        if tail.closed && at > 0 && !rest.is_empty() {
            return Err(Error::damaged(&path, "it goes on after its end"));
        }
        if !rest.is_empty() {
            let digest = Sha256::digest(&rest).into();
            let whole = parse(&rest).filter(|line| tail.is_before(line));
            let mended = if whole.is_some() { Mended::Completed } else { Mended::Cut };
            mend = Some((mended, rest.len() as u64, digest));
            if let Some(line) = whole {
                tail.follow(&line, day);
                at = length;
            }
        }
        Ok(End { tail, file: Some((day, file)), at, length, mend, refused })
    }

    /// The end of a file that begins behind `start`: where its last whole line ends, and what is behind that.
    fn read_end(&self, mut file: &File, day: Date, start: Tail) -> Result<(Tail, u64, Vec<u8>), Error> {
        let path = folder::segment(&self.folder, day);
        let read = |file: &mut &File| -> io::Result<(u64, Vec<u8>)> {
            let from = file.metadata()?.len().saturating_sub(WINDOW);
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(WINDOW).read_to_end(&mut bytes)?;
            Ok((from, bytes))
        };
        let (from, bytes) = read(&mut file).map_err(Error::io("read", &path))?;
        let Some(end) = bytes.iter().rposition(|b| *b == b'\n') else {
            let whole = from == 0;
            return if whole { Ok((start, 0, bytes)) } else { Err(Error::damaged(&path, "its end is no record")) };
        };
        let tail =
            tail_of(&bytes[..end], from == 0, day, start).ok_or_else(|| Error::damaged(&path, "its last record was changed"))?;
        Ok((tail, from + end as u64 + 1, bytes[end + 1..].to_vec()))
    }

    /// Writes `bytes`, which are whole lines, behind its end into the segment of `day`, and goes on to `tail`.
    pub(crate) fn write(&mut self, bytes: &[u8], day: Date, tail: &Tail, durable: Durable) -> Result<(), Error> {
        let path = folder::segment(&self.folder, day);
        let done = self.write_in(bytes, day, durable).map_err(Error::io("write", &path));
        match (&done, &mut self.end) {
            (Ok(()), Some(end)) => end.tail = tail.clone(),
            // What is there now is looked at next time.
            _ => self.end = None,
        }
        done
    }

    fn write_in(&mut self, bytes: &[u8], day: Date, durable: Durable) -> io::Result<()> {
        let end = self.end.as_mut().ok_or_else(|| io::Error::other("its end is not known"))?;
        if let Some(code) = end.refused {
            return Err(io::Error::from_raw_os_error(code));
        }
        let fresh = seat(&self.folder, end, day)?;
        let (_, file) = end.file.as_mut().expect("it was just opened");
        let (length, mut at) = (end.length, end.at);
        let mut put = |bytes: &[u8]| -> io::Result<()> {
            if bytes.is_empty() {
                return Ok(());
            }
            file.seek(SeekFrom::Start(at))?;
            file.write_all(bytes)?;
            at += bytes.len() as u64;
            Ok(())
        };
        let ending: &[u8] = if end.mend.is_some_and(|(mended, ..)| mended == Mended::Completed) { b"\n" } else { b"" };
        let half = if fail::is_next("audit: half of a write") { bytes.len() / 2 } else { 0 };
        let written = put(ending).and_then(|()| put(&bytes[..half])).and_then(|()| {
            fail::point("audit: half of a write");
            put(&bytes[half..])
        });
        if let Err(full) = written {
            // A part that stays would be cut by the next write.
            drop(file.set_len(length));
            return Err(full);
        }
        if at < length {
            file.set_len(at)?;
        }
        fail::point("audit: written");
        if durable == Durable::Now {
            file.sync_data()?;
        }
        if fresh {
            folder::sync(&self.folder)?;
        }
        fail::point("audit: on disk");
        (end.at, end.length, end.mend) = (at, at, None);
        Ok(())
    }

    /// Brings the last segment to the disk.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        match self.end.as_ref().and_then(|end| end.file.as_ref()) {
            Some((day, file)) => file.sync_data().map_err(Error::io("write", &folder::segment(&self.folder, *day))),
            None => Ok(()),
        }
    }

    /// It has what the other copy has.
    pub(crate) fn completed(&self) -> Result<(), Error> {
        let marker = self.folder.join(folder::COMPLETING);
        if marker.exists() {
            self.sync()?;
            std::fs::remove_file(&marker).map_err(Error::io("remove", &marker))?;
        }
        Ok(())
    }

    /// Keeps space for a last record.
    pub(crate) fn keep_reserve(&mut self) -> Result<(), Error> {
        let path = self.folder.join(folder::RESERVE);
        let failed = || Error::io("write", &path);
        if self.reserve.as_ref().is_none_or(is_gone) {
            let mut file = folder::open(&path).map_err(failed())?;
            if file.metadata().map_err(failed())?.len() < RESERVE as u64 {
                file.write_all(&[0; RESERVE]).and_then(|()| file.sync_all()).map_err(failed())?;
            }
            self.reserve = Some(file);
        }
        Ok(())
    }

    /// What the reserve holds, up to its line end; empty if nothing was written into it.
    pub(crate) fn reserve(&mut self) -> Vec<u8> {
        let Some(file) = &mut self.reserve else { return Vec::new() };
        let mut bytes = vec![0; 1];
        let read = |file: &mut File, bytes: &mut Vec<u8>| -> io::Result<()> {
            file.seek(SeekFrom::Start(0))?;
            file.read_exact(bytes)?;
            if bytes[0] != 0 {
                file.take(RESERVE as u64).read_to_end(bytes)?;
            }
            Ok(())
        };
        if read(file, &mut bytes).is_err() || bytes[0] == 0 {
            return Vec::new();
        }
        let end = bytes.iter().position(|b| *b == b'\n' || *b == 0).unwrap_or(bytes.len());
        bytes.truncate(end);
        bytes
    }

    /// Writes a last record, or nothing, into space that is there already.
    pub(crate) fn fill_reserve(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.reserve else { return Err(io::Error::other("there is no reserve")) };
        if line.len() > RESERVE {
            return Err(io::Error::other("the reserve is too small"));
        }
        let mut bytes = line.to_vec();
        bytes.resize(RESERVE, 0);
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&bytes)?;
        file.sync_data()
    }
}

/// The tail of a file whose last lines are `bytes`; all of them if `whole`.
fn tail_of(bytes: &[u8], whole: bool, day: Date, start: Tail) -> Option<Tail> {
    let mut lines = bytes.split(|b| *b == b'\n').rev();
    let last = parse(lines.next()?)?;
    if last.own_hash() != last.hash {
        return None;
    }
    let mut tail = start;
    let (before, began) = (tail.sequence, last.record.stamp.at.0);
    tail.follow(&last, day);
    if tail.unsigned == 0 {
        return Some(tail);
    }
    (tail.unsigned, tail.since) = (1, began);
    for line in lines {
        // The first line may be a part of one.
        match parse(line) {
            Some(line) if line.record.what.is_signed() => {
                tail.since = line.record.stamp.at.0;
                return Some(tail);
            }
            Some(line) => (tail.unsigned, tail.since) = (tail.unsigned + 1, line.record.stamp.at.0),
            None => break,
        }
    }
    if !whole || tail.sequence - before != tail.unsigned {
        // It is further back: one more does no harm.
        tail.since = 0;
    }
    Some(tail)
}

/// Has its last name been removed?
#[cfg(unix)]
fn is_gone(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|meta| meta.nlink() == 0)
}

#[cfg(not(unix))]
fn is_gone(_file: &File) -> bool {
    false
}

/// Sees to it that the open file is that of `day`. Was it made?
fn seat(folder: &std::path::Path, end: &mut End, day: Date) -> io::Result<bool> {
    let path = folder::segment(folder, day);
    match &end.file {
        Some((open, _)) if *open == day => return Ok(end.at == 0),
        // A file in which no record came to be: what stands in it is not lost, but mended.
        Some((open, _)) if end.at == 0 => fs::rename(folder::segment(folder, *open), &path)?,
        _ => (end.at, end.length, end.mend) = (0, 0, None),
    }
    end.file = Some((day, folder::open(&path)?));
    fail::point("audit: segment made");
    Ok(true)
}
