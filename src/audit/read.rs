//! Reading a log: checking a folder, its records one by one, who used a secret.
//!
//! It must not know how records are shown. Start with [`verify`] and [`Records`].

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::base::date::Date;
use super::event::{Outcome, Verb};
use super::header::{self, Header, Keys};
use super::line::{Hash, Record, What, parse};
use super::verify::{Anchor, Report, Verifier, Why};
use super::{Error, folder};

/// The head of the log in `folder`.
///
/// # Errors
/// If there is none, or it was changed.
pub fn header(folder: &Path) -> Result<Header, Error> {
    let path = folder.join(header::FILE);
    match std::fs::read(&path) {
        Ok(bytes) => Header::read(&bytes, &path),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(Error::Missing(folder.to_owned())),
        Err(e) => Err(Error::io("read", &path)(e)),
    }
}

/// Checks the log in `folder`: nothing but its files is needed, and what was kept elsewhere makes it surer. Other processes may write on
/// meanwhile: what they write is not looked at.
///
/// # Errors
/// If it cannot be read. What is wrong with it is in the report.
pub fn verify(folder: &Path, public: Option<&Hash>, anchors: &[Anchor]) -> Result<Report, Error> {
    let header = header(folder)?;
    let (files, reserve) = snapshot(folder)?;
    let mut verifier = Verifier::new(&header, public, anchors);
    let mut line = Vec::new();
    for (day, path, file) in files {
        verifier.segment(day);
        let mut file = BufReader::with_capacity(1 << 18, file);
        while !verifier.is_done() && file.read_until(b'\n', &mut line).map_err(Error::io("read", &path))? > 0 {
            match line.strip_suffix(b"\n") {
                Some(line) => verifier.line(line),
                None => verifier.torn(line.len() as u64),
            }
            line.clear();
        }
    }
    verifier.reserve(&reserve);
    if folder.join(folder::COMPLETING).exists() {
        verifier.completing();
    }
    Ok(verifier.finish())
}

/// What two copies say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The first one.
    pub first: Report,
    /// The second one.
    pub second: Report,
    /// How the two are to one another.
    pub both: Both,
}

/// How two copies are to one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Both {
    /// They have the same records.
    Same,
    /// The first one lacks this many at its end.
    FirstLacks(u64),
    /// The second one does.
    SecondLacks(u64),
    /// They have different records under the same number, or one is wrong.
    Differ,
}

/// Checks both copies of a log, and one against the other. An anchor must be in the one that has more.
///
/// # Errors
/// If one cannot be read.
pub fn compare(folders: [&Path; 2], public: Option<&Hash>, anchors: &[Anchor]) -> Result<Pair, Error> {
    let [first, second] = [verify(folders[0], public, &[])?, verify(folders[1], public, &[])?];
    let last = |report: &Report| report.last.filter(|_| report.wrong.is_none());
    let (Some(one), Some(other)) = (last(&first), last(&second)) else {
        return Ok(Pair { first, second, both: Both::Differ });
    };
    let first_is_longer = one.sequence >= other.sequence;
    let (longer, short) = if first_is_longer { (folders[0], other) } else { (folders[1], one) };
    let anchors = [anchors, &[short]].concat();
    let again = verify(longer, public, &anchors)?;
    let both = match (&again.wrong, one.sequence.cmp(&other.sequence)) {
        (Some(_), _) => Both::Differ,
        (None, std::cmp::Ordering::Equal) => Both::Same,
        (None, std::cmp::Ordering::Less) => Both::FirstLacks(other.sequence - one.sequence),
        (None, std::cmp::Ordering::Greater) => Both::SecondLacks(one.sequence - other.sequence),
    };
    let (first, second) = if first_is_longer { (again, second) } else { (first, again) };
    Ok(Pair { first, second, both })
}

type Files = Vec<(Date, PathBuf, std::io::Take<File>)>;

/// The files as they are at one moment, and the reserve.
fn snapshot(folder: &Path) -> Result<(Files, Vec<u8>), Error> {
    // Nobody who cannot write has the lock file; then what is written meanwhile may be seen half.
    let lock = folder::open_to_read(&folder.join(folder::LOCK)).ok();
    let _held = lock.filter(|file| file.lock_shared().is_ok());
    let mut files = Vec::new();
    for day in folder::days(folder)? {
        let path = folder::segment(folder, day);
        let open = || {
            let file = folder::open_to_read(&path)?;
            let length = file.metadata()?.len();
            Ok(file.take(length))
        };
        let file = open().map_err(Error::io("open", &path))?;
        files.push((day, path, file));
    }
    let mut reserve = Vec::new();
    if let Ok(file) = folder::open_to_read(&folder.join(folder::RESERVE)) {
        drop(file.take(64 * 1024).read_to_end(&mut reserve));
    }
    Ok((files, reserve))
}

/// Which records are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Intents to do this, and how they ended.
    pub verb: Option<Verb>,
    /// Intents about this object, as it is written, and how they ended: see [`object`].
    pub object: Option<String>,
    /// Not before this second since 1970.
    pub since: Option<u64>,
    /// Before this second.
    pub until: Option<u64>,
}

/// How `name` is written in the log with `header`; `key` is that of the log.
#[must_use]
pub fn object(header: &Header, key: &[u8; 32], name: &str) -> String {
    Keys::of(key).name(header.names, name)
}

/// The records of a log in order. When there are none left, it can be asked again after more were written.
pub struct Records {
    folder: PathBuf,
    filter: Filter,
    /// The segment that is read, and how far.
    at: Option<(Date, u64)>,
    file: Option<BufReader<File>>,
    /// Intents that passed the filter and whose end was not read yet.
    waiting: HashSet<u64>,
    bytes: Vec<u8>,
}

impl Records {
    /// Of the log in `folder`. They are not verified here.
    #[must_use]
    pub fn new(folder: &Path, filter: Filter) -> Self {
        Self { folder: folder.to_owned(), filter, at: None, file: None, waiting: HashSet::new(), bytes: Vec::new() }
    }

    /// The last `count` of those that pass.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn tail(mut self, count: usize) -> Result<(Vec<Record<'static>>, Self), Error> {
        if self.filter == Filter::default() {
            self.seek_last(count)?;
        }
        let mut last = std::collections::VecDeque::new();
        for record in &mut self {
            last.push_back(record?);
            if last.len() > count {
                last.pop_front();
            }
        }
        Ok((last.into(), self))
    }

    /// Skips what can be known to come before the last `count` records.
    fn seek_last(&mut self, count: usize) -> Result<(), Error> {
        let mut wanted = count.saturating_add(1);
        for day in folder::days(&self.folder)?.into_iter().rev() {
            let path = folder::segment(&self.folder, day);
            let mut file = folder::open_to_read(&path).map_err(Error::io("open", &path))?;
            let length = file.metadata().map_err(Error::io("open", &path))?.len();
            let (mut end, mut chunk) = (length, vec![0; 1 << 16]);
            while end > 0 {
                let from = end.saturating_sub(chunk.len() as u64);
                let piece = &mut chunk[..(end - from) as usize];
                let read = file.seek(SeekFrom::Start(from)).and_then(|_| file.read_exact(piece));
                read.map_err(Error::io("read", &path))?;
                for (i, _) in piece.iter().enumerate().rev().filter(|(i, b)| **b == b'\n' && from + *i as u64 + 1 < length) {
                    wanted -= usize::from(wanted > 0);
                    if wanted == 0 {
                        self.at = Some((day, from + i as u64 + 1));
                        return Ok(());
                    }
                }
                end = from;
            }
            wanted -= usize::from(wanted > 0);
            if wanted == 0 {
                self.at = Some((day, 0));
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next line, if there is a whole one.
    fn next_line(&mut self) -> Result<Option<()>, Error> {
        loop {
            if self.file.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let (day, at) = self.at.expect("a file is open");
            let path = folder::segment(&self.folder, day);
            let file = self.file.as_mut().expect("it was just opened");
            self.bytes.clear();
            let length = file.read_until(b'\n', &mut self.bytes).map_err(Error::io("read", &path))?;
            if self.bytes.ends_with(b"\n") {
                self.at = Some((day, at + length as u64));
                return Ok(Some(()));
            }
            // Whether it goes on, or the next file does, is seen by opening it again.
            self.file = None;
            let newer = folder::days(&self.folder)?.into_iter().find(|other| *other > day);
            match newer {
                Some(newer) if length == 0 => self.at = Some((newer, 0)),
                _ => return Ok(None),
            }
        }
    }

    fn open_next(&mut self) -> Result<bool, Error> {
        let (day, at) = match self.at {
            Some(at) => at,
            None => match folder::days(&self.folder)?.first() {
                Some(day) => (*day, 0),
                None => return Ok(false),
            },
        };
        let path = folder::segment(&self.folder, day);
        let mut file = folder::open_to_read(&path).map_err(Error::io("open", &path))?;
        // A body that was removed meanwhile leaves a shorter file, whose one record was read or will not be missed.
        file.seek(SeekFrom::Start(at)).map_err(Error::io("read", &path))?;
        self.at = Some((day, at));
        self.file = Some(BufReader::with_capacity(1 << 18, file));
        Ok(true)
    }

    fn passes(&mut self, record: &Record<'_>) -> bool {
        let Filter { verb, object, since, until } = &self.filter;
        let at = record.stamp.at.0;
        let in_time = since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until);
        if verb.is_none() && object.is_none() {
            return in_time;
        }
        match &record.what {
            What::Intent { verb: of, object: to, .. } => {
                let passes = in_time && verb.is_none_or(|verb| verb == *of) && object.as_ref().is_none_or(|object| object == to);
                if passes {
                    self.waiting.insert(record.sequence);
                }
                passes
            }
            What::Outcome { of, .. } => self.waiting.remove(of),
            What::Prune { .. } => in_time && *verb == Some(Verb::Prune),
            _ => false,
        }
    }
}

impl Iterator for Records {
    type Item = Result<Record<'static>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_line() {
                Ok(Some(())) => {}
                Ok(None) => return None,
                Err(why) => return Some(Err(why)),
            }
            let bytes = std::mem::take(&mut self.bytes);
            let Some(line) = parse(&bytes[..bytes.len() - 1]) else {
                let (day, _) = self.at.expect("a file is open");
                return Some(Err(Error::damaged(&folder::segment(&self.folder, day), "a record was changed")));
            };
            let passes = self.passes(&line.record);
            let record = passes.then(|| line.record.into_owned());
            self.bytes = bytes;
            if let Some(record) = record {
                return Some(Ok(record));
            }
        }
    }
}

/// One use of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// What was about to be done: always an intent.
    pub intent: Record<'static>,
    /// How it ended, if that was written down.
    pub result: Option<Outcome>,
}

/// How often somebody used a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The user.
    pub uid: u32,
    /// The program, as it called itself.
    pub program: String,
    /// For what.
    pub verb: Verb,
    /// How often.
    pub count: u64,
    /// When first, in seconds since 1970.
    pub first: u64,
    /// When last.
    pub last: u64,
}

/// Who used a secret, when, how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Each use, in order.
    pub uses: Vec<Use>,
    /// By user, program and verb, the latest first.
    pub by: Vec<By>,
}

/// The uses among `records`, which are those about one secret.
///
/// # Errors
/// If they cannot be read.
pub fn access(records: impl Iterator<Item = Result<Record<'static>, Error>>) -> Result<Access, Error> {
    let mut access = Access::default();
    let mut open = HashMap::new();
    for record in records {
        let record = record?;
        match record.what {
            What::Intent { .. } => {
                open.insert(record.sequence, access.uses.len());
                access.uses.push(Use { intent: record, result: None });
            }
            What::Outcome { of, result, .. } => {
                if let Some(at) = open.remove(&of) {
                    access.uses[at].result = Some(result);
                }
            }
            _ => {}
        }
    }
    let mut by: HashMap<(u32, &str, Verb), By> = HashMap::new();
    for Use { intent, .. } in &access.uses {
        let What::Intent { verb, .. } = intent.what else { continue };
        let (uid, program, at) = (intent.writer.uid, &*intent.writer.program, intent.stamp.at.0);
        let one = By { uid, program: program.to_owned(), verb, count: 0, first: at, last: at };
        let one = by.entry((uid, program, verb)).or_insert(one);
        (one.count, one.first, one.last) = (one.count + 1, one.first.min(at), one.last.max(at));
    }
    access.by = by.into_values().collect();
    access.by.sort_by(|a, b| (b.last, a.uid, &a.program, a.verb).cmp(&(a.last, b.uid, &b.program, b.verb)));
    Ok(access)
}

/// Is the first wrong thing that a copy lacks its end?
#[must_use]
pub fn is_truncated(report: &Report) -> bool {
    report.wrong.as_ref().is_some_and(|wrong| wrong.why == Why::Truncated)
}
