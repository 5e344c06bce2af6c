//! Does a log say what was written? Pure: it takes bytes, the public key and what was kept elsewhere, and needs no other key.
//!
//! It must not know files or the clock. Start with [`Verifier`]; [`super::read::verify`] feeds it a folder.

use std::path::Path;

use ed25519_dalek::{Signature, VerifyingKey};

use super::Error;
use super::base::date::Date;
use super::event::Stamp;
use super::header::{Header, message, unhex};
use super::line::{Footer, Hash, Line, Record, What, parse};
use super::merkle::Tree;

/// So many records may follow a signature before the next, some more than the writer lets follow.
const UNSIGNED: u64 = 512;
/// How much a clock may seem to go back without being set.
const SLACK: i128 = 1_000_000_000;

/// What a caller keeps elsewhere: a record that the log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Its number; 0 for a log without records.
    pub sequence: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Anchor {
    /// Reads what [`std::fmt::Display`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, digits) = text.split_once(':')?;
        let sequence: u64 = number.parse().ok()?;
        (sequence.to_string() == number).then_some(Self { sequence, hash: unhex(digits)? })
    }
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.sequence, super::base::text::hex(&self.hash))
    }
}

/// The first record that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence}{}: {why}", Place(*day, *line))]
pub struct Wrong {
    /// The number that it has, or would have.
    pub sequence: u64,
    /// The segment that it is in.
    pub day: Option<Date>,
    /// The line there, from 1; 0 if there is none.
    pub line: u64,
    /// What is wrong.
    pub why: Why,
}

struct Place(Option<Date>, u64);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(day) if self.1 > 0 => write!(f, " ({day}.jsonl, line {})", self.1),
            Some(day) => write!(f, " ({day}.jsonl)"),
            None => Ok(()),
        }
    }
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// A byte of it is not as it would have been written.
    #[error("it was edited: it is not a record any more")]
    Form,
    /// Its hash is another.
    #[error("it was edited: its hash is another")]
    Hash,
    /// It follows another record.
    #[error("it does not follow the record before it")]
    Chain,
    /// Records are missing before it.
    #[error("records are missing: the number {found} is here")]
    Missing {
        /// The number that is here.
        found: u64,
    },
    /// It is here again, or in the wrong place.
    #[error("the record {found} is here again or in the wrong place")]
    Repeated {
        /// The number that is here.
        found: u64,
    },
    /// The key did not make its signature.
    #[error("its signature is wrong")]
    Signature,
    /// No signature follows.
    #[error("no signature covers it, and one should")]
    Unsigned,
    /// What its segment's last record says is not so.
    #[error("the segment is not as its last record says")]
    Footer,
    /// A segment goes on after its last record.
    #[error("the segment goes on after its last record")]
    Behind,
    /// A segment has no last record, and another one follows.
    #[error("the end of the segment is missing")]
    Open,
    /// The file's name is wrong.
    #[error("it belongs to another day")]
    Day,
    /// An outcome before its intent.
    #[error("it is the outcome of a record that is not before it")]
    Outcome,
    /// A body was removed, and no record says so.
    #[error("its segment was emptied, and no record says that it was to be")]
    Emptied,
    /// The log ends before a record that was there.
    #[error("the log ends before it")]
    Truncated,
    /// The log has another record in its place.
    #[error("it is another record than the one that was there")]
    Forked,
    /// It is not the log that was asked for.
    #[error("the log was made with another public key")]
    Key,
}

/// What a log looks like as far as it is right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many records were checked one by one.
    pub records: u64,
    /// How many were removed in order.
    pub pruned: u64,
    /// How many files.
    pub segments: u64,
    /// How many signatures were checked.
    pub signatures: u64,
    /// The last record that a signature covers.
    pub signed: u64,
    /// The last record.
    pub last: Option<Anchor>,
    /// Records before which the clock was set back, and by how many milliseconds: the first hundred.
    pub set_back: Vec<(u64, u64)>,
    /// Bytes of a write that did not end, behind the last record.
    pub torn: u64,
    /// It was being completed from the other copy, and lacks the record that says what was removed.
    pub completing: bool,
    /// Mended writes and copies that were lost or completed, which the log tells itself.
    pub mended: u64,
    /// The first record that is wrong; nothing behind it was looked at.
    pub wrong: Option<Wrong>,
}

/// By how many milliseconds the clock was set back between two records.
#[must_use]
pub fn set_back(before: (Stamp, &str), now: (Stamp, &str)) -> Option<u64> {
    let wall = |stamp: &Stamp| i128::from(stamp.at.0) * 1_000_000_000 + i128::from(stamp.at.1);
    // Within one run of the machine, the distance to the clock that nobody sets tells it, whatever the order of records.
    let of = |(stamp, boot): &(Stamp, &str)| match before.1 == now.1 && !boot.is_empty() {
        true => wall(stamp) - stamp.up.as_nanos() as i128,
        false => wall(stamp),
    };
    let back = of(&before) - of(&now);
    (back > SLACK).then(|| u64::try_from(back / 1_000_000).unwrap_or(u64::MAX))
}

/// Checks a log that is in memory: its head, its segments, what its reserve holds.
///
/// # Errors
/// If the head is none.
pub fn verify(
    header: &[u8],
    segments: &[(Date, &[u8])],
    reserve: &[u8],
    public: Option<&Hash>,
    anchors: &[Anchor],
) -> Result<Report, Error> {
    let header = Header::read(header, Path::new(super::header::FILE))?;
    let mut verifier = Verifier::new(&header, public, anchors);
    for (day, bytes) in segments {
        verifier.segment(*day);
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => verifier.line(line),
                None => verifier.torn(line.len() as u64),
            }
        }
    }
    verifier.reserve(reserve);
    Ok(verifier.finish())
}

/// Checks a log, line by line in order.
pub struct Verifier<'a> {
    genesis: Hash,
    key: Option<VerifyingKey>,
    anchors: Vec<&'a Anchor>,
    previous: Hash,
    sequence: u64,
    clock: Option<(Stamp, String)>,
    segment: Segment,
    /// The days that were emptied, and the first record of each.
    emptied: Vec<(Date, u64)>,
    /// Bodies before this day were to be removed.
    before: Option<Date>,
    report: Report,
}

/// The file that is looked at.
#[derive(Default)]
struct Segment {
    day: Option<Date>,
    /// The earliest day that it may have.
    least: Option<Date>,
    lines: u64,
    first: u64,
    after: Hash,
    tree: Tree,
    closed: bool,
}

impl<'a> Verifier<'a> {
    /// For the log with `header`. If `public` is given, it must be the key that the log was made with. The log must have the records that
    /// `anchors` name.
    #[must_use]
    pub fn new(header: &Header, public: Option<&Hash>, anchors: &'a [Anchor]) -> Self {
        let genesis = header.genesis();
        let mut anchors: Vec<&Anchor> = anchors.iter().collect();
        anchors.sort_by_key(|anchor| std::cmp::Reverse(anchor.sequence));
        let mut verifier = Self {
            genesis,
            key: VerifyingKey::from_bytes(&header.public).ok(),
            anchors,
            previous: genesis,
            sequence: 0,
            clock: None,
            segment: Segment::default(),
            emptied: Vec::new(),
            before: None,
            report: Report::default(),
        };
        if verifier.key.is_none() || public.is_some_and(|public| *public != header.public) {
            verifier.wrong(1, Why::Key);
        }
        while verifier.anchors.last().is_some_and(|anchor| anchor.sequence == 0) {
            verifier.anchors.pop();
        }
        verifier
    }

    /// Is there nothing more to find out?
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.report.wrong.is_some()
    }

    /// The lines of the file of `day` follow.
    pub fn segment(&mut self, day: Date) {
        let before = self.segment.day;
        if self.segment.lines > 0 && !self.segment.closed {
            self.wrong(self.sequence + 1, Why::Open);
        }
        // A file that was made, and nothing written into it before a crash.
        let empty = before.is_some() && self.segment.lines == 0;
        if before.is_some_and(|before| before >= day) || empty {
            self.segment.day = Some(day);
            self.wrong(self.sequence + 1, Why::Day);
        }
        self.report.segments += 1;
        let least = before.map(tomorrow);
        self.segment = Segment { day: Some(day), least, first: self.sequence + 1, after: self.previous, ..Segment::default() };
    }

    /// A line without its end.
    pub fn line(&mut self, bytes: &[u8]) {
        if self.is_done() {
            return;
        }
        self.segment.lines += 1;
        let sequence = self.sequence + 1;
        let Some(line) = parse(bytes) else { return self.wrong(sequence, Why::Form) };
        if let Err(why) = self.check(&line) {
            self.wrong(sequence, why);
        }
    }

    /// Bytes without a line end, behind the last one.
    pub fn torn(&mut self, bytes: u64) {
        self.report.torn += bytes;
    }

    /// What the reserve holds: nothing but zeros, or a record that could not be written elsewhere and then zeros.
    pub fn reserve(&mut self, bytes: &[u8]) {
        let end = bytes.iter().position(|b| *b == b'\n');
        let (line, rest) = end.map_or((&[][..], bytes), |end| (&bytes[..end], &bytes[end + 1..]));
        self.torn(rest.iter().filter(|b| **b != 0).count() as u64);
        match parse(line) {
            _ if line.is_empty() => {}
            // It was written into the segment after all.
            Some(line) if line.record.sequence <= self.sequence => {}
            _ => {
                (self.segment.day, self.segment.closed) = (None, false);
                self.line(line);
            }
        }
    }

    /// The folder says that it is being completed from the other copy.
    pub fn completing(&mut self) {
        self.report.completing = true;
    }

    /// What came out.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let unsaid = |(day, _): &&(Date, u64)| self.before.is_none_or(|before| *day >= before);
        let unsaid = self.emptied.iter().find(unsaid).filter(|_| !self.report.completing);
        if let Some(&(day, first)) = unsaid {
            (self.segment.day, self.segment.lines) = (Some(day), 0);
            self.wrong(first, Why::Emptied);
        }
        if !self.anchors.is_empty() {
            (self.segment.day, self.segment.lines) = (None, 0);
            self.wrong(self.sequence + 1, Why::Truncated);
        }
        self.report.last = Some(Anchor { sequence: self.sequence, hash: self.previous });
        self.report
    }

    fn wrong(&mut self, sequence: u64, why: Why) {
        let Segment { day, lines, .. } = self.segment;
        self.report.wrong.get_or_insert(Wrong { sequence, day, line: lines, why });
    }

    fn check(&mut self, line: &Line<'_>) -> Result<(), Why> {
        if self.segment.closed {
            return Err(Why::Behind);
        }
        if line.own_hash() != line.hash {
            return Err(Why::Hash);
        }
        let found = line.record.sequence;
        match &line.record.what {
            What::Close(footer) if self.segment.lines == 1 => self.emptied(line, footer)?,
            _ => {
                if found != self.sequence + 1 {
                    return Err(if found > self.sequence { Why::Missing { found } } else { Why::Repeated { found } });
                }
                if line.previous != self.previous {
                    return Err(Why::Chain);
                }
                if self.segment.lines == 1 && !self.segment.begins_with(&line.record) {
                    return Err(Why::Day);
                }
            }
        }
        self.signature(line)?;
        self.meaning(line)?;
        self.step(line)
    }

    /// A segment of which only the last record is left.
    fn emptied(&mut self, line: &Line<'_>, footer: &Footer) -> Result<(), Why> {
        if footer.first != self.sequence + 1 || footer.last < footer.first {
            return Err(Why::Missing { found: footer.first });
        }
        if footer.after != self.previous {
            return Err(Why::Chain);
        }
        if line.record.sequence != footer.last + 1 || footer.count != footer.last - footer.first + 1 {
            return Err(Why::Footer);
        }
        if Some(footer.day) != self.segment.day {
            return Err(Why::Day);
        }
        self.emptied.push((footer.day, footer.first));
        self.report.pruned += footer.count;
        // An anchor inside can be neither confirmed nor denied, but for the last record.
        let at_last = Anchor { sequence: footer.last, hash: line.previous };
        while self.anchors.last().is_some_and(|anchor| anchor.sequence <= footer.last) {
            let anchor = self.anchors.pop().expect("it was looked at");
            if anchor.sequence == at_last.sequence && anchor.hash != at_last.hash {
                return Err(Why::Forked);
            }
        }
        Ok(())
    }

    fn signature(&mut self, line: &Line<'_>) -> Result<(), Why> {
        let Some((signed, signature)) = &line.signature else {
            let covered = line.record.sequence - self.report.signed <= UNSIGNED;
            return if covered { Ok(()) } else { Err(Why::Unsigned) };
        };
        let key = self.key.as_ref().ok_or(Why::Key)?;
        let message = message(&self.genesis, &line.previous, signed);
        key.verify_strict(&message, &Signature::from_bytes(signature)).map_err(|_| Why::Signature)?;
        self.report.signatures += 1;
        self.report.signed = line.record.sequence;
        Ok(())
    }

    fn meaning(&mut self, line: &Line<'_>) -> Result<(), Why> {
        match &line.record.what {
            What::Outcome { of, .. } if *of == 0 || *of >= line.record.sequence => return Err(Why::Outcome),
            What::Close(footer) => {
                let segment = &self.segment;
                let whole = segment.tree.leaves();
                let same = footer.first == segment.first
                    && footer.last + 1 == line.record.sequence
                    && footer.after == segment.after
                    && (segment.lines == 1 || footer.count == whole && footer.root == segment.tree.root());
                if !same {
                    return Err(Why::Footer);
                }
                if Some(footer.day) != segment.day {
                    return Err(Why::Day);
                }
                self.key = Some(VerifyingKey::from_bytes(&footer.next).map_err(|_| Why::Footer)?);
                self.segment.closed = true;
            }
            // What is to come cannot be removed yet.
            What::Prune { before, .. } if Some(*before) > self.segment.day => return Err(Why::Day),
            What::Prune { before, .. } => self.before = self.before.max(Some(*before)),
            What::Repair { .. } | What::Behind { .. } | What::Lost { .. } => self.report.mended += 1,
            _ => {}
        }
        Ok(())
    }

    fn step(&mut self, line: &Line<'_>) -> Result<(), Why> {
        let Record { sequence, stamp, writer, .. } = &line.record;
        if let Some((before, boot)) = &mut self.clock {
            if let Some(by) = set_back((*before, boot), (*stamp, &writer.boot))
                && self.report.set_back.len() < 100
            {
                self.report.set_back.push((*sequence, by));
            }
            *before = *stamp;
            if *boot != writer.boot {
                boot.clear();
                boot.push_str(&writer.boot);
            }
        } else {
            self.clock = Some((*stamp, writer.boot.to_string()));
        }
        self.segment.tree.add(&line.hash);
        self.report.records += 1;
        (self.sequence, self.previous) = (*sequence, line.hash);
        while let Some(anchor) = self.anchors.last().filter(|anchor| anchor.sequence <= *sequence) {
            if anchor.hash != line.hash {
                return Err(Why::Forked);
            }
            self.anchors.pop();
        }
        Ok(())
    }
}

impl Segment {
    /// Is it the file of the day that its first record makes it?
    fn begins_with(&self, record: &Record<'_>) -> bool {
        self.day == self.least.max(Some(Date::from_unix(record.stamp.at.0)))
    }
}

/// The day after `day`.
pub(crate) fn tomorrow(day: Date) -> Date {
    Date::from_unix(u64::try_from(day.to_unix()).unwrap_or(0) + 86_400)
}
