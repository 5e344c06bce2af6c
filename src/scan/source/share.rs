//! What is read counts towards the progress of a scan.
//!
//! It must not scan. Start with [`Counted`], around a reader, with a [`Share`] if it is a file's.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};

use super::work::Job;

/// What one file adds to the progress of a scan: while it is read never more than its size, for an archive is read here and there
/// and in parts twice.
pub(super) struct Share<'j> {
    progress: &'j AtomicU64,
    added: u64,
    most: u64,
}

impl<'j> Share<'j> {
    pub(super) fn new(job: &'j Job<'_>, most: u64) -> Self {
        Self { progress: job.progress_counter(), added: 0, most }
    }

    pub(super) fn add(&mut self, bytes: u64) {
        let bytes = bytes.min(self.most - self.added);
        self.added += bytes;
        self.progress.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The file is done, or was not looked at after all: this is what it adds.
    pub(super) fn settle(self, bytes: u64) {
        // Adding wraps, so this takes away what was too much.
        self.progress.fetch_add(bytes.wrapping_sub(self.added), Ordering::Relaxed);
    }
}

/// Counts what is read.
pub(super) struct Counted<'s, 'j, R> {
    reader: R,
    pub(super) bytes: u64,
    share: Option<&'s mut Share<'j>>,
}

impl<'s, 'j, R> Counted<'s, 'j, R> {
    pub(super) fn new(reader: R, share: Option<&'s mut Share<'j>>) -> Self {
        Self { reader, bytes: 0, share }
    }
}

impl<R: Read> Read for Counted<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.bytes += n as u64;
        if let Some(share) = &mut self.share {
            share.add(n as u64);
        }
        Ok(n)
    }
}

impl<R: Seek> Seek for Counted<'_, '_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.reader.seek(to)
    }
}
