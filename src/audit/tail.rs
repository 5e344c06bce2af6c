//! Where a chain stands: what the next record is written behind.
//!
//! It must not know files. Start with [`Tail::follow`].

use super::base::date::Date;
use super::event::Stamp;
use super::header::Header;
use super::line::{Hash, Line, What};

/// So many records are written before they are signed.
const EACH: u64 = 256;
/// So many seconds pass before they are.
const SECONDS: u64 = 60;

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The number of the last record; 0 if there is none.
    pub(crate) sequence: u64,
    /// Its hash, or the genesis of the log.
    pub(crate) hash: Hash,
    /// When it was written, and in which run of the machine.
    pub(crate) last: Option<(Stamp, String)>,
    /// The day of the segment that it is in.
    pub(crate) day: Option<Date>,
    /// Does it close it?
    pub(crate) closed: bool,
    /// How many records no signature covers.
    pub(crate) unsigned: u64,
    /// Since when, in seconds.
    pub(crate) since: u64,
    /// The public key that signatures are checked with.
    pub(crate) public: Hash,
}

impl Tail {
    /// Of a log without records.
    pub(crate) fn of(header: &Header) -> Self {
        let (hash, public) = (header.genesis(), header.public);
        Self { sequence: 0, hash, last: None, day: None, closed: false, unsigned: 0, since: 0, public }
    }

    /// Goes on to `line`, which was written behind it in the segment of `day`.
    pub(crate) fn follow(&mut self, line: &Line<'_>, day: Date) {
        let record = &line.record;
        (self.sequence, self.hash, self.day) = (record.sequence, line.hash, Some(day));
        self.last = Some((record.stamp, record.writer.boot.to_string()));
        self.closed = false;
        if record.what.is_signed() {
            (self.unsigned, self.since) = (0, record.stamp.at.0);
        } else {
            self.unsigned += 1;
        }
        if let What::Close(footer) = &record.what {
            (self.closed, self.public) = (true, footer.next);
        }
    }

    /// Does it follow?
    pub(crate) fn is_before(&self, line: &Line<'_>) -> bool {
        line.previous == self.hash && line.record.sequence == self.sequence + 1 && line.hash == line.own_hash()
    }

    /// Is a signature due at `stamp`?
    pub(crate) fn is_due(&self, stamp: Stamp) -> bool {
        self.unsigned >= EACH || self.unsigned > 0 && stamp.at.0.abs_diff(self.since) >= SECONDS
    }
}
