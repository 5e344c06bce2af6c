//! The log as a folder of files, one a day, and perhaps a second copy of it elsewhere.
//!
//! It must not know what a secret is, what time it is, nor who it is written for. Start with [`Log::append`].

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::base::crypto::random;
use super::base::fail;
use super::base::fs::{Access, create_new_for, write_atomic_with};
use super::batch::Batch;
use super::catch_up::catch_up;
use super::event::{Ending, Event, Outcome, Stamp, Writer};
use super::header::{self, Header, KEY, Keys, Names, key_file};
use super::line::{Hash, Mended, Side, What};
use super::sink::{Durable, Held, Sink};
use super::tail::Tail;
use super::verify::Anchor;
use super::{Error, Receipt, folder, read};

/// The longest object, and the longest purpose.
const LONGEST: usize = 4096;
/// The longest hint of who writes.
const HINT: usize = 256;

/// Where a log is.
#[derive(Debug, Clone)]
pub struct Places {
    /// Its folder.
    pub first: PathBuf,
    /// Another one, if every record is written twice.
    pub second: Option<PathBuf>,
}

/// The log, to write into.
#[derive(Debug)]
pub struct Log {
    pub(crate) sinks: Vec<Sink>,
    pub(crate) header: Header,
    genesis: Hash,
    keys: Keys,
    writer: Writer<'static>,
    /// The key that signs now.
    signer: SigningKey,
}

impl Log {
    /// Makes a log that has no records. `key` is for this log alone; it is asked for whenever something is written.
    ///
    /// # Errors
    /// If there is one already, or a place cannot be used.
    pub fn create(places: &Places, names: Names, key: &[u8; 32], at: (u64, u32)) -> Result<(), Error> {
        let keys = Keys::of(key);
        let (header, signer) = Header::fresh(names, at)?;
        let sealed = keys.seal(&header.genesis(), &signer)?;
        for path in std::iter::once(&places.first).chain(&places.second) {
            folder::make(path)?;
            if path.join(header::FILE).exists() || !folder::days(path)?.is_empty() {
                return Err(Error::Exists(path.clone()));
            }
        }
        for path in std::iter::once(&places.first).chain(&places.second) {
            write_owned(&path.join(key_file(&header.public)), &sealed)?;
            fail::point("audit: first key written");
            Sink::new(Side::First, path.clone()).keep_reserve()?;
            fail::point("audit: first reserve written");
            create_new_for(&path.join(header::FILE), Access::Owner, header.text().as_bytes())?;
            fail::point("audit: head written");
        }
        Ok(())
    }

    /// Opens a log to write into it, in the name of `writer`.
    ///
    /// # Errors
    /// If there is none, it is not for this `key`, or no copy of it can be used.
    pub fn open(places: &Places, key: &[u8; 32], writer: &Writer<'_>) -> Result<Self, Error> {
        let header = one_header(places)?;
        let mut sinks = vec![Sink::new(Side::First, places.first.clone())];
        sinks.extend(places.second.iter().map(|path| Sink::new(Side::Second, path.clone())));
        let hint = |text: &str| Cow::Owned(short(text).to_owned());
        let writer = Writer {
            boot: hint(&writer.boot),
            host: hint(&writer.host),
            program: hint(&writer.program),
            pid: writer.pid,
            uid: writer.uid,
        };
        let (genesis, keys) = (header.genesis(), Keys::of(key));
        // Replaced below by the one that is due.
        let signer = SigningKey::from_bytes(&[0; 32]);
        let mut log = Self { sinks, header, genesis, keys, writer, signer };
        let (_held, ready, trouble) = log.ready()?;
        let Some(&one) = ready.first() else { return Err(all_failed(trouble)) };
        let public = log.sinks[one].tail().expect("it is ready").public;
        log.take_signer(&public)?;
        Ok(log)
    }

    /// Writes down that `event` is about to be done, and gives the proof once that is on disk.
    ///
    /// # Errors
    /// If it could not be written anywhere; then it must not be done.
    pub fn append(&mut self, event: &Event<'_>) -> Result<Receipt, Error> {
        self.intent(event, Durable::Now)
    }

    /// The same for many events, of which there are proofs once all of them are on disk: the disk is waited for once.
    ///
    /// # Errors
    /// If one could not be written anywhere; then none must be done.
    pub fn append_all(&mut self, events: &[Event<'_>]) -> Result<Vec<Receipt>, Error> {
        let Some((last, first)) = events.split_last() else { return Ok(Vec::new()) };
        let mut receipts = first.iter().map(|event| self.intent(event, Durable::Later)).collect::<Result<Vec<_>, _>>()?;
        receipts.push(self.intent(last, Durable::Now)?);
        Ok(receipts)
    }

    fn intent(&mut self, event: &Event<'_>, durable: Durable) -> Result<Receipt, Error> {
        let names = self.header.names;
        for (what, text) in [("name", event.object), ("purpose", event.purpose)] {
            if text.len() > LONGEST {
                return Err(Error::TooLong(what));
            }
        }
        let (object, purpose) = (self.keys.name(names, event.object).into(), self.keys.name(names, event.purpose).into());
        let stamp = Stamp { at: event.at, up: event.up };
        let sequence = self.commit(stamp, &What::Intent { verb: event.verb, object, purpose }, durable)?;
        Ok(Receipt { sequence, verb: event.verb, object: event.object.to_owned() })
    }

    /// Writes down how the event with the number `sequence` ended. It may not be on disk yet when this returns.
    ///
    /// # Errors
    /// If it could not be written anywhere.
    pub fn outcome(&mut self, sequence: u64, outcome: Outcome, ending: Ending) -> Result<(), Error> {
        let took = u64::try_from(ending.took.as_micros()).unwrap_or(u64::MAX);
        let what = What::Outcome { of: sequence, result: outcome, took, wiped: ending.wiped };
        self.commit(ending.stamp, &what, Durable::Later).map(drop)
    }

    /// Signs what was written so far, if something is not signed yet, and brings it to the disk. What comes back is for keeping elsewhere.
    ///
    /// # Errors
    /// If it could not be written anywhere.
    pub fn checkpoint(&mut self, stamp: Stamp) -> Result<Anchor, Error> {
        let head = self.head()?;
        let is_signed = self.sinks.iter().filter_map(Sink::tail).any(|tail| tail.sequence == head.sequence && tail.unsigned == 0);
        if is_signed {
            return Ok(head);
        }
        self.commit(stamp, &What::Checkpoint, Durable::Now)?;
        self.head()
    }

    /// The last record.
    ///
    /// # Errors
    /// If no copy can be read, or they differ.
    pub fn head(&mut self) -> Result<Anchor, Error> {
        let (_held, ready, trouble) = self.ready()?;
        let Some(&one) = ready.first() else { return Err(all_failed(trouble)) };
        let tail = self.sinks[one].tail().expect("it is ready");
        Ok(Anchor { sequence: tail.sequence, hash: tail.hash })
    }

    /// The key that the log's signatures begin with: whoever keeps it elsewhere can verify the log without any other.
    #[must_use]
    pub fn public(&self) -> &Hash {
        &self.header.public
    }

    /// Writes `what` down in every copy that can be written.
    pub(crate) fn commit(&mut self, stamp: Stamp, what: &What<'_>, durable: Durable) -> Result<u64, Error> {
        let (_held, mut ready, mut trouble) = self.ready()?;
        let Some(&one) = ready.first() else { return Err(all_failed(trouble)) };
        let mut tail = self.sinks[one].tail().expect("it is ready").clone();
        let done = self.write_all(stamp, what, durable, &mut Round { ready: &mut ready, trouble: &mut trouble, tail: &mut tail });
        match done {
            Ok(sequence) => {
                self.note_lost(stamp, &mut Round { ready: &mut ready, trouble: &mut trouble, tail: &mut tail });
                Ok(sequence)
            }
            Err(Error::Full(why)) => {
                self.last_words(stamp, &why, &tail);
                Err(Error::Full(why))
            }
            Err(other) => Err(other),
        }
    }

    /// The folders of the copies that can be written, which nobody else writes as long as the locks are held.
    pub(crate) fn hold(&mut self) -> Result<(Vec<Held>, Vec<PathBuf>), Error> {
        let (held, ready, trouble) = self.ready()?;
        if ready.is_empty() {
            return Err(all_failed(trouble));
        }
        Ok((held, ready.into_iter().map(|i| self.sinks[i].folder.clone()).collect()))
    }

    /// Locks the copies and finds their ends; one that fell behind catches up. Gives those that can be written.
    fn ready(&mut self) -> Result<(Vec<Held>, Vec<usize>, Trouble), Error> {
        let (mut held, mut ready, mut trouble) = (Vec::new(), Vec::new(), Vec::new());
        for (i, sink) in self.sinks.iter_mut().enumerate() {
            let found = settle(sink, &self.header).and_then(|()| sink.lock()).and_then(|lock| {
                held.push(lock);
                sink.refresh(&self.header)
            });
            match found {
                Ok(()) => ready.push(i),
                Err(why) => trouble.push((i, why)),
            }
        }
        // What is only about to become a copy cannot stand in for the first one.
        let is_new = self.sinks.last().and_then(Sink::tail).is_some_and(|tail| tail.sequence == 0);
        if is_new && ready == [1] {
            trouble.push((1, Error::Missing(self.sinks[1].folder.clone())));
            ready.clear();
        }
        let ahead = ready.iter().copied().max_by_key(|i| self.sinks[*i].tail().map(|tail| tail.sequence));
        for i in ready.clone() {
            if let Some(ahead) = ahead.filter(|ahead| *ahead != i)
                && let Err(why) = self.align(i, ahead)
            {
                if matches!(why, Error::Fork(_)) {
                    return Err(why);
                }
                ready.retain(|kept| *kept != i);
                trouble.push((i, why));
            }
        }
        Ok((held, ready, trouble))
    }

    /// Brings the copy `i` to where `ahead` is.
    fn align(&mut self, i: usize, ahead: usize) -> Result<(), Error> {
        let [first, second] = &mut self.sinks[..] else { return Ok(()) };
        let (behind, ahead) = if i < ahead { (first, second) } else { (second, first) };
        let tails = (behind.tail().expect("it is ready"), ahead.tail().expect("it is ready"));
        if tails.0.sequence == tails.1.sequence {
            return if tails.0.hash == tails.1.hash { behind.completed() } else { Err(Error::Fork(tails.0.sequence)) };
        }
        behind.owed.extend(behind.mend());
        let from = catch_up(behind, ahead, &self.header)?;
        let to = behind.tail().map_or(from, |tail| tail.sequence);
        behind.owed.push(What::Behind { side: behind.side, from, to });
        Ok(())
    }

    /// What is to be said first, then `what`, then a signature if it is due.
    fn write_all(&mut self, stamp: Stamp, what: &What<'_>, durable: Durable, round: &mut Round<'_>) -> Result<u64, Error> {
        let mut batch = Batch::new(self.genesis, &self.writer, stamp, round.tail.clone());
        self.take_signer(&round.tail.public)?;
        self.pending(&mut batch, round);
        batch.clock(&self.signer);
        if batch.is_over() {
            self.close(&mut batch, round)?;
        }
        let sequence = batch.push(what, &self.signer);
        if batch.tail.is_due(stamp) {
            batch.push(&What::Checkpoint, &self.signer);
        }
        self.write(&batch, durable, round)?;
        Ok(sequence)
    }

    /// What earlier rounds left to be said.
    fn pending(&mut self, batch: &mut Batch, round: &Round<'_>) {
        let kept: Vec<Vec<u8>> = self.sinks.iter_mut().map(Sink::reserve).collect();
        let fits: Vec<bool> = kept.iter().map(|line| line.is_empty() || batch.push_line(line)).collect();
        for i in round.ready.iter().copied() {
            let sink = &mut self.sinks[i];
            sink.noted = false;
            sink.owed.extend(sink.mend());
            if !fits[i] {
                let (side, digest) = (sink.side, Sha256::digest(&kept[i]).into());
                sink.owed.push(What::Repair { side, mended: Mended::Reserve, bytes: kept[i].len() as u64, digest });
            }
            for what in &sink.owed {
                batch.push(what, &self.signer);
            }
        }
    }

    /// Closes the segment of `batch`, with a signature, and begins to sign with another key; the old one is forgotten, so that whoever
    /// steals what is here cannot change what was closed.
    fn close(&mut self, batch: &mut Batch, round: &mut Round<'_>) -> Result<(), Error> {
        let next = SigningKey::from_bytes(&Zeroizing::new(random::<32>()?));
        let public = next.verifying_key().to_bytes();
        let sealed = self.keys.seal(&self.genesis, &next)?;
        self.each(round, |sink| write_owned(&sink.folder.join(key_file(&public)), &sealed))?;
        fail::point("audit: next key written");
        let one = &self.sinks[round.ready[0]];
        batch.close(&one.folder, public, &self.signer)?;
        self.write(batch, Durable::Now, round)?;
        batch.turn();
        fail::point("audit: segment closed");
        self.signer = next;
        self.forget_others(&public);
        fail::point("audit: old key forgotten");
        Ok(())
    }

    /// Writes `batch` into each copy that is ready.
    fn write(&mut self, batch: &Batch, durable: Durable, round: &mut Round<'_>) -> Result<(), Error> {
        self.each(round, |sink| sink.write(&batch.bytes, batch.day, &batch.tail, durable))?;
        *round.tail = batch.tail.clone();
        for i in round.ready.iter() {
            self.sinks[*i].owed.clear();
        }
        for sink in &mut self.sinks {
            // What it held is in the segment now.
            if !sink.reserve().is_empty() && sink.fill_reserve(&[]).is_ok() {
                fail::point("audit: reserve emptied");
            }
        }
        Ok(())
    }

    /// Does something with each copy that is ready. At least one must do it.
    fn each(&mut self, round: &mut Round<'_>, mut with: impl FnMut(&mut Sink) -> Result<(), Error>) -> Result<(), Error> {
        let mut done = Vec::new();
        for i in round.ready.iter().copied() {
            match with(&mut self.sinks[i]) {
                Ok(()) => done.push(i),
                Err(why) => round.trouble.push((i, why)),
            }
            fail::point("audit: one copy done");
        }
        *round.ready = done;
        if round.ready.is_empty() { Err(all_failed(std::mem::take(round.trouble))) } else { Ok(()) }
    }

    /// Writes down, once, that a copy is not written any more.
    fn note_lost(&mut self, stamp: Stamp, round: &mut Round<'_>) {
        let mut batch = Batch::new(self.genesis, &self.writer, stamp, round.tail.clone());
        for (i, why) in round.trouble.drain(..).collect::<Vec<_>>() {
            let sink = &mut self.sinks[i];
            if !std::mem::replace(&mut sink.noted, true) {
                batch.push(&What::Lost { side: sink.side, why: short(&why.line()).to_owned().into() }, &self.signer);
            }
        }
        if !batch.bytes.is_empty() {
            // The event itself is written. What fails here is found by the next one.
            drop(self.write(&batch, Durable::Later, round));
        }
    }

    /// The last record that there is space for.
    fn last_words(&mut self, stamp: Stamp, why: &str, tail: &Tail) {
        if self.sinks.iter_mut().any(|sink| !sink.reserve().is_empty()) {
            return;
        }
        let mut batch = Batch::new(self.genesis, &self.writer, stamp, tail.clone());
        batch.push(&What::Full { why: short(why).into() }, &self.signer);
        for sink in &mut self.sinks {
            // Nothing is left to do where this fails too.
            drop(sink.fill_reserve(&batch.bytes));
            fail::point("audit: reserve written");
        }
    }

    /// Sees to it that the key whose public half is `public` signs.
    fn take_signer(&mut self, public: &Hash) -> Result<(), Error> {
        if self.signer.verifying_key().as_bytes() == public {
            return Ok(());
        }
        let mut files = self.sinks.iter().map(|sink| sink.folder.join(key_file(public)));
        let sealed = files.find_map(|path| std::fs::read(path).ok()).ok_or(Error::Key("not there"))?;
        self.signer = self.keys.unseal(&self.genesis, public, &sealed)?;
        self.forget_others(public);
        Ok(())
    }

    /// Removes all keys but that whose public half is `public`. Nothing is claimed of what the disk still holds.
    fn forget_others(&self, public: &Hash) {
        for sink in &self.sinks {
            let Ok(entries) = std::fs::read_dir(&sink.folder) else { continue };
            for entry in entries.filter_map(Result::ok) {
                let name = entry.file_name();
                // A dot comes before one that was not written to its end.
                let is_key = |name: &str| name.trim_start_matches('.').starts_with(KEY);
                if name.to_str().is_some_and(|name| is_key(name) && name != key_file(public)) {
                    // A copy that cannot be written keeps it until it can.
                    drop(forget(&entry.path()));
                }
            }
        }
    }
}

/// Those copies that can be written, why the others cannot, and where the chain stands on disk.
pub(crate) struct Round<'a> {
    ready: &'a mut Vec<usize>,
    trouble: &'a mut Trouble,
    tail: &'a mut Tail,
}

type Trouble = Vec<(usize, Error)>;

fn all_failed(trouble: Trouble) -> Error {
    let mut trouble = trouble;
    if trouble.len() == 1 && !matches!(trouble[0].1, Error::Io { .. } | Error::File(_)) {
        return trouble.remove(0).1;
    }
    Error::Full(trouble.iter().map(|(_, why)| why.line()).collect::<Vec<_>>().join("; "))
}

/// A copy that was never written is set up; each keeps its reserve.
fn settle(sink: &mut Sink, header: &Header) -> Result<(), Error> {
    let path = sink.folder.join(header::FILE);
    if sink.tail().is_none() {
        if sink.side == Side::Second && !path.exists() {
            folder::make(&sink.folder)?;
            if !folder::days(&sink.folder)?.is_empty() {
                return Err(Error::damaged(&path, "it is missing"));
            }
            write_owned(&path, header.text().as_bytes())?;
        }
        let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
        if bytes != header.text().as_bytes() {
            return Err(Error::damaged(&path, "it is the head of another log"));
        }
    }
    // Without one there is no last record, which is no reason not to write the next.
    drop(sink.keep_reserve());
    Ok(())
}

/// The head of the log: in the second place, if the first has none to read.
fn one_header(places: &Places) -> Result<Header, Error> {
    read::header(&places.first).or_else(|why| match &places.second {
        Some(second) => read::header(second).map_err(|_| why),
        None => Err(why),
    })
}

pub(crate) fn write_owned(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    Ok(write_atomic_with(path, Access::Owner, |file| std::io::Write::write_all(file, bytes))?)
}

fn forget(path: &Path) -> std::io::Result<()> {
    let mut bytes = std::fs::read(path)?;
    bytes.zeroize();
    std::fs::OpenOptions::new().write(true).open(path).and_then(|mut file| std::io::Write::write_all(&mut file, &bytes))?;
    std::fs::remove_file(path)
}

/// The beginning of a text, no longer than a hint may be.
pub(crate) fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(HINT)]
}
