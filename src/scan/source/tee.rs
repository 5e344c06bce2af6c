//! One stream for two readers, each at its pace, with little in memory.
//!
//! It must not be read by both on one thread. Start with [`Teed`]: what is read from it can be read from [`Received`], too.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender};

/// Hands on a copy of what is read.
pub(super) struct Teed<'r> {
    reader: &'r mut dyn Read,
    sender: SyncSender<Vec<u8>>,
}

impl<'r> Teed<'r> {
    pub(super) fn new(reader: &'r mut dyn Read, sender: SyncSender<Vec<u8>>) -> Self {
        Self { reader, sender }
    }
}

impl Read for Teed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        // Nobody listens any more only if decoding ended, which it does not before this.
        let _ = self.sender.send(buffer[..n].to_vec());
        Ok(n)
    }
}

/// Reads what was handed on.
pub(super) struct Received {
    chunks: Receiver<Vec<u8>>,
    left: Vec<u8>,
}

impl Received {
    pub(super) fn new(chunks: Receiver<Vec<u8>>) -> Self {
        Self { chunks, left: Vec::new() }
    }
}

impl Read for Received {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left.is_empty() {
            match self.chunks.recv() {
                Ok(chunk) => self.left = chunk,
                Err(_) => return Ok(0),
            }
        }
        let n = self.left.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.left[..n]);
        self.left.drain(..n);
        Ok(n)
    }
}
