//! A buffered view of a seekable input that several readers share.
//!
//! Seeking inside the buffered part costs nothing, and each view keeps its own place: one reads a directory while another
//! reads members. It must not know formats. Start with [`Window::new`].

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, Read, Seek, SeekFrom};

use super::{CHUNK, ReadSeek};

/// An input shared by several windows.
pub(super) struct Shared<'i> {
    input: RefCell<&'i mut dyn ReadSeek>,
    len: u64,
    /// Bytes the windows have given.
    pub(super) read: Cell<u64>,
}

/// One view of a shared input.
pub(super) struct Window<'s, 'i> {
    shared: &'s Shared<'i>,
    buf: Vec<u8>,
    /// Offset of the buffer in the input.
    start: u64,
    /// Offset of the next byte in the input.
    at: u64,
}

impl<'i> Shared<'i> {
    pub(super) fn new(input: &'i mut dyn ReadSeek) -> io::Result<Self> {
        let len = input.seek(SeekFrom::End(0))?;
        Ok(Self { input: RefCell::new(input), len, read: Cell::new(0) })
    }

    /// Length of the input in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }
}

impl<'s, 'i> Window<'s, 'i> {
    /// A view that starts at offset 0.
    pub(super) fn new(shared: &'s Shared<'i>) -> Self {
        Self { shared, buf: Vec::new(), start: 0, at: 0 }
    }

    /// A view of the bytes from `from` up to `to`.
    pub(super) fn range(shared: &'s Shared<'i>, from: u64, to: u64) -> io::Take<Self> {
        Self { at: from, ..Self::new(shared) }.take(to.saturating_sub(from))
    }

    fn buffered(&self) -> &[u8] {
        let inside = self.at.checked_sub(self.start).and_then(|n| usize::try_from(n).ok());
        inside.and_then(|n| self.buf.get(n..)).unwrap_or_default()
    }

    fn refill(&mut self) -> io::Result<()> {
        let room = usize::try_from(self.shared.len.saturating_sub(self.at)).unwrap_or(CHUNK).min(CHUNK);
        self.start = self.at;
        self.buf.clear();
        if room == 0 {
            return Ok(());
        }
        let mut input = self.shared.input.borrow_mut();
        input.seek(SeekFrom::Start(self.at))?;
        self.buf.resize(room, 0);
        let read = loop {
            match input.read(&mut self.buf) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buf.truncate(*read.as_ref().unwrap_or(&0));
        read.map(|_| ())
    }
}

impl BufRead for Window<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffered().is_empty() {
            self.refill()?;
        }
        Ok(self.buffered())
    }

    fn consume(&mut self, n: usize) {
        self.at += n as u64;
        self.shared.read.set(self.shared.read.get() + n as u64);
    }
}

impl Read for Window<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let n = from.len().min(buf.len());
        buf[..n].copy_from_slice(&from[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl Seek for Window<'_, '_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.shared.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
