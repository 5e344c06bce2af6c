//! Readers that count, and stop where a limit is hit.
//!
//! It must not know formats. Start with [`Metered`].

use std::cell::Cell;
use std::io::{self, Read};

use super::CHUNK;
use super::limits::Limits;

/// What is left of the limits of a whole expansion.
pub(super) struct Budget {
    /// Bytes that may still be unpacked.
    pub(super) bytes: Cell<u64>,
    /// Members that may still be visited.
    pub(super) members: Cell<u64>,
    /// Bytes that may still be held in memory.
    pub(super) buffer: Cell<u64>,
}

/// Why a reader ended before its data did.
#[derive(Debug)]
pub(super) enum End {
    /// The data is damaged, or could not be read.
    Broken(io::Error),
    /// [`Limits::member_bytes`].
    Member,
    /// [`Limits::total_bytes`].
    Total,
    /// [`Limits::ratio`].
    Ratio,
}

/// Reads a member within the limits. Gives no errors: it ends early instead and says why in [`Metered::end`].
pub(super) struct Metered<'r> {
    inner: &'r mut dyn Read,
    limits: &'r Limits,
    /// Set for what a decompressor gives; not for slices of what was counted already.
    unpacked: Option<Unpacked<'r>>,
    member_left: u64,
    given: u64,
    /// Why it ended early, if it did.
    pub(super) end: Option<End>,
}

struct Unpacked<'r> {
    budget: &'r Budget,
    packed: &'r Cell<u64>,
    packed_before: u64,
}

/// Counts the bytes read from a packed stream.
pub(super) struct Counted<'r> {
    pub(super) inner: &'r mut dyn Read,
    pub(super) count: &'r Cell<u64>,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { bytes: Cell::new(limits.total_bytes), members: Cell::new(limits.members), buffer: Cell::new(limits.buffer) }
    }
}

impl<'r> Metered<'r> {
    /// For what a decompressor gives; `packed` counts the bytes it has read, and was `before` when it was made: some read ahead then.
    pub(super) fn unpacked(
        inner: &'r mut dyn Read,
        limits: &'r Limits,
        budget: &'r Budget,
        (packed, before): (&'r Cell<u64>, u64),
    ) -> Self {
        let unpacked = Unpacked { budget, packed, packed_before: before };
        Self { unpacked: Some(unpacked), ..Self::slice(inner, limits) }
    }

    /// For a part of a stream that is itself counted, or is not packed.
    pub(super) fn slice(inner: &'r mut dyn Read, limits: &'r Limits) -> Self {
        Self { inner, limits, unpacked: None, member_left: limits.member_bytes, given: 0, end: None }
    }

    /// Lifts the limit of a single member, for a stream that may hold many.
    pub(super) fn without_member_limit(self) -> Self {
        Self { member_left: u64::MAX, ..self }
    }

    /// It is a single member after all; gives how much of what was read is within the limit.
    pub(super) fn limit_member(&mut self) -> u64 {
        self.member_left = self.limits.member_bytes.saturating_sub(self.given);
        if self.given > self.limits.member_bytes {
            self.end = Some(End::Member);
        }
        self.given.min(self.limits.member_bytes)
    }

    /// Reads on to the end or to a limit, so that checksums are seen.
    pub(super) fn drain(&mut self) {
        let mut sink = [0; 4096];
        while matches!(self.read(&mut sink), Ok(1..)) {}
    }

    fn allowed(&self) -> u64 {
        let total = self.unpacked.as_ref().map_or(u64::MAX, |unpacked| unpacked.budget.bytes.get());
        self.member_left.min(total)
    }

    fn count(&mut self, n: u64) {
        self.given += n;
        self.member_left = self.member_left.saturating_sub(n);
        let Some(unpacked) = &self.unpacked else { return };
        unpacked.budget.bytes.set(unpacked.budget.bytes.get().saturating_sub(n));
        let packed = unpacked.packed.get().saturating_sub(unpacked.packed_before).max(1);
        if self.given > self.limits.ratio_from && self.given > packed.saturating_mul(self.limits.ratio) {
            self.end = Some(End::Ratio);
        }
    }

    /// Nothing more is allowed: is there anything more?
    fn probe(&mut self) -> io::Result<usize> {
        if retry(self.inner, &mut [0])? > 0 {
            self.end = Some(if self.member_left == 0 { End::Member } else { End::Total });
        }
        Ok(0)
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.end.is_some() || buf.is_empty() {
            return Ok(0);
        }
        let allowed = usize::try_from(self.allowed()).unwrap_or(usize::MAX).min(buf.len());
        let read = if allowed == 0 { self.probe() } else { retry(self.inner, &mut buf[..allowed]) };
        match read {
            Ok(n) => {
                self.count(n as u64);
                Ok(n)
            }
            Err(error) => {
                self.end = Some(End::Broken(error));
                Ok(0)
            }
        }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count.set(self.count.get() + n as u64);
        Ok(n)
    }
}

/// Reads until `buf` is full or the data ends; gives the number of bytes.
pub(super) fn fill(reader: &mut dyn Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buf.len() {
        match retry(reader, &mut buf[n..])? {
            0 => break,
            more => n += more,
        }
    }
    Ok(n)
}

/// Reads and throws away up to `n` bytes; gives the number of bytes that were there.
pub(super) fn skip(reader: &mut dyn Read, n: u64) -> io::Result<u64> {
    let mut left = n;
    let mut sink = vec![0; usize::try_from(n).unwrap_or(CHUNK).min(CHUNK)];
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        match retry(reader, &mut sink[..want])? {
            0 => break,
            more => left -= more as u64,
        }
    }
    Ok(n - left)
}

fn retry(reader: &mut dyn Read, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
