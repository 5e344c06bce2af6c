//! Records that are written in one go.
//!
//! It must not know where to, but for the segment that it closes. Start with [`Batch::push`].

use std::io::{BufRead as _, BufReader};
use std::path::Path;

use ed25519_dalek::SigningKey;

use super::base::date::Date;
use super::event::{Stamp, Writer};
use super::header::sign;
use super::line::{self, Footer, Hash, Record, What, parse};
use super::merkle::Tree;
use super::tail::Tail;
use super::verify::{set_back, tomorrow};
use super::{Error, folder};

/// Lines that follow one another.
pub(crate) struct Batch {
    genesis: Hash,
    writer: Writer<'static>,
    stamp: Stamp,
    /// The segment that they are for.
    pub(crate) day: Date,
    /// Does the next line begin it?
    begins: bool,
    /// Where the chain stands behind them.
    pub(crate) tail: Tail,
    pub(crate) bytes: Vec<u8>,
}

impl Batch {
    /// Behind `tail`.
    pub(crate) fn new(genesis: Hash, writer: &Writer<'static>, stamp: Stamp, tail: Tail) -> Self {
        let (day, begins) = (tail.day.unwrap_or(Date::from_unix(stamp.at.0)), tail.closed || tail.day.is_none());
        Self { genesis, writer: writer.clone(), stamp, day, begins, tail, bytes: Vec::new() }
    }

    /// Is `stamp` of a later day than the segment, and has that something to close?
    pub(crate) fn is_over(&self) -> bool {
        !self.begins && Date::from_unix(self.stamp.at.0) > self.day
    }

    /// Adds a record and gives its number.
    pub(crate) fn push(&mut self, what: &What<'_>, signer: &SigningKey) -> u64 {
        let (sequence, previous) = (self.tail.sequence + 1, self.tail.hash);
        let record = Record { sequence, stamp: self.stamp, writer: self.writer.clone(), what: what.clone() };
        let at = self.bytes.len();
        line::write(&record, &previous, |signed| sign(signer, &self.genesis, &previous, signed), &mut self.bytes);
        let bytes = self.bytes.split_off(at);
        self.follow(&bytes);
        sequence
    }

    /// Adds a line that was made before. `false` if it does not follow.
    pub(crate) fn push_line(&mut self, bytes: &[u8]) -> bool {
        let Some(line) = parse(bytes) else { return false };
        let fits = self.tail.is_before(&line);
        if fits {
            self.follow(&[bytes, b"\n"].concat());
        }
        // Or it was written by somebody who could not say so any more.
        fits || line.hash == self.tail.hash
    }

    fn follow(&mut self, bytes: &[u8]) {
        let line = parse(&bytes[..bytes.len() - 1]).expect("it was just written");
        if std::mem::take(&mut self.begins) {
            let day = Date::from_unix(line.record.stamp.at.0);
            self.day = day.max(self.tail.day.map_or(day, tomorrow));
        }
        self.tail.follow(&line, self.day);
        self.bytes.extend_from_slice(bytes);
    }

    /// Says so, if the clock was set back.
    pub(crate) fn clock(&mut self, signer: &SigningKey) {
        let Some((before, boot)) = &self.tail.last else { return };
        if let Some(back) = set_back((*before, boot), (self.stamp, &self.writer.boot)) {
            self.push(&What::Clock { back }, signer);
        }
    }

    /// Adds the last record of the segment, which is in `folder` as far as it is not in here. `next` signs from there on.
    pub(crate) fn close(&mut self, folder: &Path, next: Hash, signer: &SigningKey) -> Result<(), Error> {
        let path = folder::segment(folder, self.day);
        let failed = || Error::io("read", &path);
        let mut file = BufReader::with_capacity(1 << 20, folder::open_to_read(&path).map_err(failed())?);
        let (mut tree, mut begin, mut bytes) = (Tree::default(), None, Vec::new());
        while file.read_until(b'\n', &mut bytes).map_err(failed())? > 0 {
            let line = parse(bytes.strip_suffix(b"\n").unwrap_or(&bytes));
            if let Some(line) = &line {
                begin.get_or_insert((line.record.sequence, line.previous));
            }
            // The rest of a write that did not end is replaced by what is in here. What was changed since is not hidden by this: its
            // record is wrong first.
            if line.is_some() || bytes.ends_with(b"\n") {
                tree.add(&line.map_or([0; 32], |line| line.hash));
            }
            bytes.clear();
        }
        for line in self.bytes.split_inclusive(|b| *b == b'\n').filter_map(|line| parse(&line[..line.len() - 1])) {
            tree.add(&line.hash);
        }
        let last = self.tail.sequence;
        let (first, after) = begin.unwrap_or((last, self.tail.hash));
        let footer = Footer { day: self.day, first, last, count: tree.leaves(), after, root: tree.root(), next };
        self.push(&What::Close(footer), signer);
        Ok(())
    }

    /// Goes on in the next segment, as what it has is written.
    pub(crate) fn turn(&mut self) {
        self.bytes.clear();
        self.begins = self.tail.closed;
    }
}
