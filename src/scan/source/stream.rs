//! Cuts a stream of any length into overlapping windows, so that no secret is cut and memory stays constant.
//!
//! It must not know what is scanned. Start with [`Stream::next_window`]. Many threads may take windows from one stream in
//! turn: what is under the lock is reading and counting lines, what is not is scanning.

use std::io::{self, Read};
use std::ops::Range;

use super::super::engine::OVERLAP;

/// Bytes of a window whose matches are asked for.
pub const WINDOW: usize = 2 * 1024 * 1024;

/// What a window is of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Where the part begins and ends whose matches are asked for.
    pub emit: Range<usize>,
    /// Offset of the window's first byte in the stream.
    pub base: u64,
    /// Line (from 1) and column (from 1) of the byte at `emit.start`.
    pub line: u64,
    /// See `line`.
    pub column: u64,
    /// Is the stream read as UTF-16, too?
    pub wide: bool,
}

/// Size of a page of memory, or less.
const PAGE: usize = 4096;

/// Room for one window or one small file, reused. It begins at a page border: the kernel copies into it in half the time.
#[derive(Default)]
pub struct Buffer {
    room: Vec<u8>,
    len: usize,
}

/// What a [`Buffer`] has room for: a window and its surroundings.
pub const ROOM: usize = WINDOW + 2 * OVERLAP;

impl Buffer {
    /// What is in it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let start = self.start();
        self.room.get(start..start + self.len).unwrap_or_default()
    }

    fn start(&self) -> usize {
        self.room.as_ptr().align_offset(PAGE).min(PAGE)
    }

    /// All of its room.
    fn room(&mut self) -> &mut [u8] {
        if self.room.is_empty() {
            // Zeros from the system: what a small file does not need is never touched.
            self.room = vec![0; ROOM + PAGE];
        }
        let start = self.start();
        &mut self.room[start..start + ROOM]
    }

    /// Fills it with a window's worth of bytes, or less at the end. True if the reader may have more.
    ///
    /// # Errors
    /// If reading fails.
    pub fn read(&mut self, reader: &mut (impl Read + ?Sized)) -> io::Result<bool> {
        self.len = 0;
        let room = &mut self.room()[..WINDOW + OVERLAP];
        let most = room.len();
        self.len = read_into(reader, room)?;
        Ok(self.len == most)
    }
}

/// Reads until the buffer is full or the input ends; tells how much.
///
/// # Errors
/// If reading fails.
pub fn read_into(reader: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// A stream being cut.
pub struct Stream<R> {
    reader: R,
    /// Up to [`OVERLAP`] bytes before the next window, then what was read beyond the last one.
    kept: Vec<u8>,
    /// Length of the first part of `kept`.
    behind: usize,
    /// Offset of the first byte of `kept`.
    base: u64,
    line: u64,
    column: u64,
    ended: bool,
    failed: Option<io::Error>,
    bytes: u64,
    wide: bool,
}

impl<R: Read> Stream<R> {
    /// Begins to cut.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            kept: Vec::new(),
            behind: 0,
            base: 0,
            line: 1,
            column: 1,
            ended: false,
            failed: None,
            bytes: 0,
            wide: false,
        }
    }

    /// The same of what is read as UTF-16, too, if `wide`.
    #[must_use]
    pub fn also_wide(self, wide: bool) -> Self {
        Self { wide, ..self }
    }

    /// Bytes read so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Fills `buffer` with the next window. `None` at the end.
    ///
    /// # Errors
    /// If reading fails. What was read before is handed out first: the error comes with the call after.
    pub fn next_window(&mut self, buffer: &mut Buffer) -> io::Result<Option<Window>> {
        let behind = self.behind;
        let room = buffer.room();
        room[..self.kept.len()].copy_from_slice(&self.kept);
        let len = self.fill(room, behind + WINDOW + OVERLAP);
        buffer.len = len;
        if self.base == 0 && behind == 0 {
            self.column = first_column(buffer.bytes());
        }
        if len <= behind {
            return self.failed.take().map_or(Ok(None), Err);
        }
        let end = if self.ended { len } else { len.min(behind + WINDOW) };
        let window = Window { emit: behind..end, base: self.base, line: self.line, column: self.column, wide: self.wide };
        let bytes = buffer.bytes();
        self.advance(&bytes[behind..end]);
        // Whole kibibytes, so that offsets of windows stay multiples of it.
        let keep_from = end.saturating_sub(OVERLAP) / 1024 * 1024;
        self.kept.clear();
        self.kept.extend_from_slice(&bytes[keep_from..]);
        self.behind = end - keep_from;
        self.base += keep_from as u64;
        Ok(Some(window))
    }

    /// Reads behind what was kept, until there are `want` bytes or no more; tells how many there are.
    fn fill(&mut self, room: &mut [u8], want: usize) -> usize {
        let mut filled = self.kept.len();
        while !self.ended && filled < want {
            match self.reader.read(&mut room[filled..want]) {
                Ok(0) => self.ended = true,
                Ok(n) => {
                    filled += n;
                    self.bytes += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.failed = Some(e);
                    self.ended = true;
                }
            }
        }
        filled
    }

    fn advance(&mut self, bytes: &[u8]) {
        (self.line, self.column) = advance((self.line, self.column), bytes);
    }
}

/// Column at the start of a blob: 1; 0 before a UTF-8 byte order mark, which is no character of the text, so that what stands
/// behind it is in column 1.
#[must_use]
pub fn first_column(bytes: &[u8]) -> u64 {
    u64::from(!bytes.starts_with(b"\xef\xbb\xbf"))
}

/// Line and column behind `bytes`, given those before. Columns count bytes that are not UTF-8 continuation bytes.
#[must_use]
pub fn advance(at: (u64, u64), bytes: &[u8]) -> (u64, u64) {
    let lines = memchr::memchr_iter(b'\n', bytes).count() as u64;
    match memchr::memrchr(b'\n', bytes) {
        Some(last) => (at.0 + lines, 1 + columns(&bytes[last + 1..])),
        None => (at.0, at.1 + columns(bytes)),
    }
}

fn columns(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|b| (**b).cast_signed() >= -64).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_everything_once_and_overlap() {
        let data: Vec<u8> = (0..WINDOW * 2 + 777_777).map(|i| if i % 97 == 0 { b'\n' } else { (i % 251) as u8 | 0x20 }).collect();
        let mut reader = data.as_slice();
        let mut stream = Stream::new(&mut reader);
        let (mut buffer, mut next) = (Buffer::default(), 0);
        while let Some(w) = stream.next_window(&mut buffer).unwrap() {
            let start = w.base as usize + w.emit.start;
            assert_eq!(start, next);
            assert_eq!(w.base % 1024, 0);
            let bytes = buffer.bytes();
            assert_eq!(&data[w.base as usize..][..bytes.len()], bytes);
            assert!(w.emit.start >= OVERLAP || w.base == 0);
            assert!(bytes.len() >= w.emit.end + OVERLAP || w.base as usize + bytes.len() == data.len());
            assert_eq!((w.line, w.column), advance((1, 1), &data[..start]));
            next = w.base as usize + w.emit.end;
        }
        assert_eq!((next, stream.bytes()), (data.len(), data.len() as u64));
    }

    #[test]
    fn an_error_comes_after_what_was_read() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 1 {
                    return Err(io::Error::other("broken"));
                }
                buffer[..3].copy_from_slice(b"abc");
                Ok(3)
            }
        }
        let mut reader = Broken(0);
        let mut stream = Stream::new(&mut reader);
        let mut buffer = Buffer::default();
        assert_eq!(stream.next_window(&mut buffer).unwrap().unwrap().emit, 0..3);
        assert!(stream.next_window(&mut buffer).is_err());
        assert!(stream.next_window(&mut buffer).unwrap().is_none());
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(advance((1, 1), "aé\nüx".as_bytes()), (2, 3));
        assert_eq!(advance((4, 7), b"ab"), (4, 9));
    }
}
