//! A copy that fell behind gets what the other one has.
//!
//! It must not know why it fell behind. Start with [`catch_up`].

use std::fs::File;
use std::io::{BufRead as _, BufReader};

use super::base::date::Date;
use super::base::fail;
use super::base::fs::{Access, write_atomic_with};
use super::header::Header;
use super::line::{Line, What, parse};
use super::sink::{Durable, Sink};
use super::tail::Tail;
use super::{Error, folder};

/// So much is written at a time.
const CHUNK: usize = 1 << 20;

/// Writes behind the end of `behind` what `ahead` has there, and gives the number of the first record that was missing.
pub(crate) fn catch_up(behind: &mut Sink, ahead: &Sink, header: &Header) -> Result<u64, Error> {
    let unknown = || Error::Key("not needed: the end of a copy is not known");
    let tail = behind.tail().ok_or_else(unknown)?.clone();
    let from = tail.sequence + 1;
    let last = ahead.tail().ok_or_else(unknown)?.sequence;
    let mut copying = Copying { behind, header, tail, bytes: Vec::new() };
    for day in folder::days(&ahead.folder)? {
        if copying.tail.day.is_none_or(|have| have <= day) && copying.tail.sequence < last {
            copying.segment(ahead, day)?;
        }
    }
    fail::point("audit: caught up");
    behind.completed()?;
    Ok(from)
}

struct Copying<'a> {
    behind: &'a mut Sink,
    header: &'a Header,
    tail: Tail,
    bytes: Vec<u8>,
}

impl Copying<'_> {
    fn segment(&mut self, ahead: &Sink, day: Date) -> Result<(), Error> {
        let path = folder::segment(&ahead.folder, day);
        let failed = || Error::io("read", &path);
        let mut file = BufReader::with_capacity(CHUNK, folder::open_to_read(&path).map_err(failed())?);
        let mut bytes = Vec::new();
        let last = ahead.tail().map_or(0, |tail| tail.sequence);
        while self.tail.sequence < last && file.read_until(b'\n', &mut bytes).map_err(failed())? > 0 {
            // The last record may still lack its line end; what is torn comes after `last`.
            if bytes.last() != Some(&b'\n') {
                bytes.push(b'\n');
            }
            let line = parse(&bytes[..bytes.len() - 1]).ok_or_else(|| Error::damaged(&path, "a record was changed"))?;
            self.line(&line, &bytes, day)?;
            bytes.clear();
        }
        self.flush(day)
    }

    fn line(&mut self, line: &Line<'_>, bytes: &[u8], day: Date) -> Result<(), Error> {
        let sequence = line.record.sequence;
        if sequence <= self.tail.sequence {
            let forked = sequence == self.tail.sequence && line.hash != self.tail.hash;
            return if forked { Err(Error::Fork(sequence)) } else { Ok(()) };
        }
        if let What::Close(_) = line.record.what
            && sequence > self.tail.sequence + 1
        {
            return self.emptied(bytes, day);
        }
        if !self.tail.is_before(line) {
            return Err(Error::Fork(self.tail.sequence + 1));
        }
        self.tail.follow(line, day);
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= CHUNK { self.flush(day) } else { Ok(()) }
    }

    /// The body of a segment was removed meanwhile, and only its last record is there. The record that says so comes later: until it is
    /// here, a file says that this copy is not complete.
    fn emptied(&mut self, bytes: &[u8], day: Date) -> Result<(), Error> {
        let marker = self.behind.folder.join(folder::COMPLETING);
        folder::open(&marker).map_err(Error::io("make", &marker))?;
        folder::sync(&self.behind.folder).map_err(Error::io("write", &marker))?;
        fail::point("audit: completing");
        let path = folder::segment(&self.behind.folder, day);
        write_atomic_with(&path, Access::Owner, |file: &mut File| std::io::Write::write_all(file, bytes))?;
        self.behind.refresh(self.header)?;
        self.tail = self.behind.tail().expect("it was just found").clone();
        Ok(())
    }

    fn flush(&mut self, day: Date) -> Result<(), Error> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let done = self.behind.write(&self.bytes, day, &self.tail, Durable::Now);
        self.bytes.clear();
        done
    }
}
