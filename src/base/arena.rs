//! Memory for keys and values: never swapped out, in no core file, not in a child, wiped when it is given back.
//!
//! It must not know what the bytes mean. Start with [`Arena::buffer`]. Where the system has it, the pages are those of `memfd_secret`, which
//! the kernel itself cannot read by its own map of memory; else they are locked; [`Arena::protection`] says which.

#![expect(unsafe_code, reason = "pages from the kernel, shared out in pieces")]

use std::fmt;
use std::io;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroize as _;

/// Bytes of the first region; a larger buffer has one of its own.
const REGION: usize = 64 * 1024;
/// Pieces begin at multiples of this.
const GRAIN: usize = 64;

/// How the pages are kept, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protection {
    /// Pages of `memfd_secret`.
    Hidden,
    /// Pages that are not swapped out.
    Locked,
    /// Pages that may be swapped out: the system allows no more locked ones.
    Plain,
}

/// A place for keys and values, shared by all that hold a piece of it.
#[derive(Clone, Default)]
pub struct Arena(Arc<Mutex<Vec<Arc<Region>>>>);

/// A piece of an [`Arena`]: bytes of which there never are more than it was made for, so that they are never copied to grow.
pub struct Locked {
    region: Arc<Region>,
    at: usize,
    capacity: usize,
    len: usize,
}

/// More was pushed into a [`Locked`] than it was made for.
#[derive(Debug, thiserror::Error)]
#[error("a value is longer than the room made for it")]
pub struct Full;

struct Region {
    start: NonNull<u8>,
    size: usize,
    protection: Protection,
    /// What is not given out: offset and length, sorted, never side by side.
    free: Mutex<Vec<(usize, usize)>>,
}

// SAFETY: a region is plain memory; pieces of it are given out once at a time, under the lock of `free`.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Arena {
    /// An empty arena; memory is taken with the first buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Room for `capacity` bytes.
    ///
    /// # Errors
    /// If the system gives no memory.
    pub fn buffer(&self, capacity: usize) -> io::Result<Locked> {
        let mut regions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = capacity.max(1).next_multiple_of(GRAIN);
        for region in regions.iter() {
            if let Some(at) = region.take(wanted) {
                return Ok(Locked { region: Arc::clone(region), at, capacity, len: 0 });
            }
        }
        let region = Arc::new(Region::map(wanted.max(REGION))?);
        let at = region.take(wanted).expect("it was made for this");
        regions.push(Arc::clone(&region));
        Ok(Locked { region, at, capacity, len: 0 })
    }

    /// How the worst of its pages are kept; `None` before the first buffer.
    #[must_use]
    pub fn protection(&self) -> Option<Protection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|region| region.protection).max()
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arena({:?})", self.protection())
    }
}

impl Locked {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the piece is ours until we are dropped, `len` bytes of it were written, and the region lives as long as we do.
        unsafe { std::slice::from_raw_parts(self.region.start.as_ptr().add(self.at), self.len) }
    }

    /// The bytes, to be changed in place.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and `self` is borrowed for as long as the slice.
        unsafe { std::slice::from_raw_parts_mut(self.region.start.as_ptr().add(self.at), self.len) }
    }

    /// How many bytes there may be.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Adds `bytes`.
    ///
    /// # Errors
    /// [`Full`], and nothing is added, if there is no room for all of them.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.len.checked_add(bytes.len()).filter(|end| *end <= self.capacity).ok_or(Full)?;
        let from = self.len;
        self.len = end;
        self.bytes_mut()[from..].copy_from_slice(bytes);
        Ok(())
    }

    /// Keeps the first `len` bytes and wipes the rest.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.bytes_mut()[len..].zeroize();
            self.len = len;
        }
    }

    /// Reads from `source` up to its end.
    ///
    /// # Errors
    /// If it cannot be read, or has more than there is room for ([`io::ErrorKind::FileTooLarge`]).
    pub fn fill_from(&mut self, source: &mut dyn io::Read) -> io::Result<()> {
        loop {
            let from = self.len;
            // One byte beyond the room tells whether there is more.
            let mut beyond = [0];
            let room = self.capacity - from;
            let read = if room == 0 {
                source.read(&mut beyond)
            } else {
                self.len = self.capacity;
                let read = source.read(&mut self.bytes_mut()[from..]);
                self.len = from + read.as_ref().copied().unwrap_or(0);
                read
            };
            beyond.zeroize();
            match read {
                Ok(0) => return Ok(()),
                Ok(_) if room == 0 => return Err(io::ErrorKind::FileTooLarge.into()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.len = self.capacity;
        self.bytes_mut().zeroize();
        self.region.give_back(self.at, self.capacity.max(1).next_multiple_of(GRAIN));
    }
}

impl Region {
    fn map(size: usize) -> io::Result<Self> {
        let size = size.next_multiple_of(rustix::param::page_size());
        let (start, protection) = match hidden(size) {
            Some(start) => (start, Protection::Hidden),
            None => anonymous(size)?,
        };
        Ok(Self { start, size, protection, free: Mutex::new(vec![(0, size)]) })
    }

    fn take(&self, wanted: usize) -> Option<usize> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let index = free.iter().position(|(_, len)| *len >= wanted)?;
        let (at, len) = free[index];
        if len == wanted {
            free.remove(index);
        } else {
            free[index] = (at + wanted, len - wanted);
        }
        Some(at)
    }

    fn give_back(&self, at: usize, len: usize) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let index = free.partition_point(|(other, _)| *other < at);
        free.insert(index, (at, len));
        if free.get(index + 1).is_some_and(|(next, _)| *next == at + len) {
            free[index].1 += free.remove(index + 1).1;
        }
        if index > 0 && free[index - 1].0 + free[index - 1].1 == at {
            free[index - 1].1 += free.remove(index).1;
        }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: these pages are ours, and no piece of them is left: each holds the region.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.size) };
    }
}

/// Pages that are in no other map than ours; `None` where the system has none, or allows no more.
#[cfg(not(target_os = "linux"))]
fn hidden(_size: usize) -> Option<NonNull<u8>> {
    None
}

/// Pages that are in no other map than ours; `None` where the system has none, or allows no more.
#[cfg(target_os = "linux")]
fn hidden(size: usize) -> Option<NonNull<u8>> {
    // SAFETY: a system call without pointers; it gives an open file or an error.
    let file = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
    let file = libc::c_int::try_from(file).ok().filter(|file| *file >= 0)?;
    let length = libc::off_t::try_from(size).ok()?;
    // SAFETY: `file` is open and ours; the pages are mapped where the kernel likes; the file is closed once.
    let start = unsafe {
        let start = if libc::ftruncate(file, length) == 0 {
            libc::mmap(std::ptr::null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED, file, 0)
        } else {
            libc::MAP_FAILED
        };
        libc::close(file);
        start
    };
    if start == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the pages were just mapped. A child must not share them: it would see what is written later.
    unsafe { libc::madvise(start, size, libc::MADV_DONTFORK) };
    NonNull::new(start.cast())
}

fn anonymous(size: usize) -> io::Result<(NonNull<u8>, Protection)> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: fresh pages, where the kernel likes.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the pages were just mapped; advice that is not taken changes nothing.
    let locked = unsafe {
        #[cfg(target_os = "linux")]
        for advice in [libc::MADV_DONTDUMP, libc::MADV_WIPEONFORK] {
            libc::madvise(start, size, advice);
        }
        libc::mlock(start, size) == 0
    };
    let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
    Ok((start, if locked { Protection::Locked } else { Protection::Plain }))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::{Arena, GRAIN, Locked, Protection, REGION, anonymous};

    fn with(arena: &Arena, bytes: &[u8]) -> Locked {
        let mut buffer = arena.buffer(bytes.len()).unwrap();
        buffer.push(bytes).unwrap();
        buffer
    }

    #[test]
    fn there_is_never_more_than_fits() {
        let arena = Arena::new();
        assert_eq!(arena.protection(), None);
        let mut buffer = arena.buffer(4).unwrap();
        buffer.push(b"abc").unwrap();
        assert!(buffer.push(b"de").is_err());
        assert_eq!((buffer.bytes(), buffer.capacity()), (&b"abc"[..], 4));
        buffer.truncate(1);
        buffer.push(b"bcd").unwrap();
        assert_eq!(buffer.bytes(), b"abcd");
        assert!(arena.protection().unwrap() <= Protection::Locked, "the machines of tests can lock 64 KiB");
        assert_eq!(arena.buffer(0).unwrap().bytes(), b"");
    }

    #[test]
    fn a_source_is_read_to_its_end_or_refused() {
        let arena = Arena::new();
        let mut buffer = arena.buffer(5).unwrap();
        buffer.fill_from(&mut b"ab".chain(&b"cde"[..])).unwrap();
        assert_eq!(buffer.bytes(), b"abcde");
        let mut buffer = arena.buffer(5).unwrap();
        let error = buffer.fill_from(&mut &b"abcdef"[..]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn what_is_given_back_is_wiped() {
        let arena = Arena::new();
        let keep = arena.buffer(1).unwrap();
        drop(with(&arena, b"made up"));
        let mut again = arena.buffer(7).unwrap();
        again.len = 7;
        assert_eq!(again.bytes(), [0; 7]);
        drop(keep);
    }

    #[test]
    fn a_large_buffer_has_room_of_its_own() {
        let arena = Arena::new();
        let (small, large) = (with(&arena, b"x"), with(&arena, &vec![7; REGION + 1]));
        assert!(large.bytes().iter().all(|byte| *byte == 7) && large.bytes().len() == REGION + 1);
        drop(arena);
        assert_eq!(small.bytes(), b"x");
    }

    #[test]
    fn pages_that_cannot_be_hidden_are_locked() {
        let (start, protection) = anonymous(REGION).unwrap();
        assert_eq!(protection, Protection::Locked);
        // SAFETY: the pages are ours, and of that size.
        unsafe {
            assert_eq!(*start.as_ptr().add(REGION - 1), 0);
            libc::munmap(start.as_ptr().cast(), REGION);
        }
    }

    proptest! {
        /// Buffers that live at the same time never share a byte, and all room comes back.
        #[test]
        fn pieces_do_not_overlap(steps in prop::collection::vec((0usize..3000, 0usize..8), 1..60)) {
            let arena = Arena::new();
            let mut held: Vec<(u8, Locked)> = Vec::new();
            for (number, (size, drop_at)) in steps.into_iter().enumerate() {
                let mark = number as u8 + 1;
                held.push((mark, with(&arena, &vec![mark; size])));
                if drop_at < held.len() {
                    held.swap_remove(drop_at);
                }
                for (mark, buffer) in &held {
                    prop_assert!(buffer.bytes().iter().all(|byte| byte == mark));
                }
            }
            held.clear();
            for region in arena.0.lock().unwrap().iter() {
                let free = region.free.lock().unwrap().clone();
                prop_assert_eq!(free, vec![(0, region.size)]);
                prop_assert_eq!(region.size % GRAIN, 0);
            }
        }
    }
}
