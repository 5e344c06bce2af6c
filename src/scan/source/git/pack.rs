//! A pack of objects: where its entries are, which is a delta of which, and a walk that inflates each once.
//!
//! It must not know what objects are for, nor trust a byte of the pack or its index. Start with [`Pack::open`], then [`Pack::walk`].
//!
//! Most objects of a pack are kept as the difference to another one. They form trees, which are walked from their roots down. An object
//! is dropped as soon as its last child is made, and the child with the most below it comes last, so few are in memory at a time. The
//! pack is read and not mapped: that takes no longer, its size is not in memory, and a pack that is cut short meanwhile is an error and
//! no fault.

mod walk;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use gix::objs::Kind;
use gix::odb::pack::data::entry::Header;
use gix::odb::pack::{self, index::Version};
use libdeflater::Decompressor;

pub(super) use self::walk::Visit;
use super::LARGEST;

/// No base: an object kept as it is.
const ROOT: u32 = u32::MAX;
/// An entry that cannot be read, or whose base is not in this pack.
const LOST: u32 = u32::MAX - 1;
/// Deflate cannot pack better than this: a size in a header that says so is wrong.
const RATIO: u64 = 1032;
/// Bytes of the head of a pack, and of an entry: a size, and the distance or the id of a base.
const HEAD: usize = 12;
const ENTRY_HEAD: usize = 64;
/// Bytes read at once for the heads of entries.
const HEADS: usize = 16 * 1024;

/// A pack and the order of its objects.
pub(super) struct Pack {
    path: PathBuf,
    index: pack::index::File,
    file: File,
    hash: gix::hash::Kind,
    /// Where the entries end.
    end: u64,
    /// By offset.
    entries: Vec<Entry>,
    /// For each entry where its children begin in `children`; one more at the end.
    first_child: Vec<u32>,
    children: Vec<u32>,
    /// How many are below an entry, itself included.
    below: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Entry {
    offset: u64,
    /// Number in the index.
    number: u32,
    /// Number of the entry it is a delta of.
    base: u32,
    /// If it has none.
    kind: Kind,
}

impl Pack {
    /// Opens the pack with this index.
    ///
    /// # Errors
    /// In words, if it is none.
    pub(super) fn open(index: &Path, hash: gix::hash::Kind) -> Result<Self, String> {
        let path = index.with_extension("pack");
        let file = File::open(&path).map_err(|e| e.to_string())?;
        let length = file.metadata().map_err(|e| e.to_string())?.len();
        let mut head = [0; HEAD];
        file.read_exact_at(&mut head, 0).map_err(|e| e.to_string())?;
        if !head.starts_with(b"PACK\0\0\0\x02") && !head.starts_with(b"PACK\0\0\0\x03") {
            return Err("it does not begin like a pack of version 2 or 3".to_owned());
        }
        let end = length.saturating_sub(hash.len_in_bytes() as u64);
        let numbers = pack::index::File::at(index, hash).map_err(|e| e.to_string())?;
        let mut entries = entries(index, &numbers)?;
        entries.sort_unstable_by_key(|e| e.offset);
        let mut this = Self {
            path,
            index: numbers,
            file,
            hash,
            end,
            entries,
            first_child: Vec::new(),
            children: Vec::new(),
            below: Vec::new(),
        };
        this.link();
        Ok(this)
    }

    /// Does it end as its index says?
    pub(super) fn is_whole(&self) -> bool {
        let mut end = gix::ObjectId::null(self.hash);
        let read = self.file.read_exact_at(end.as_mut_slice(), self.end);
        read.is_ok() && end == self.index.pack_checksum()
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many objects it says it holds.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Does its index have this object?
    pub(super) fn has(&self, id: &gix::oid) -> bool {
        self.index.lookup(id).is_some()
    }

    fn id(&self, entry: u32) -> &gix::oid {
        self.index.oid_at_index(self.entries[entry as usize].number)
    }

    /// Reads all headers, and finds the children of each entry.
    fn link(&mut self) {
        // Bases that are named by id.
        let mut place = vec![ROOT; self.entries.len()];
        for (at, entry) in self.entries.iter().enumerate() {
            place[entry.number as usize] = at as u32;
        }
        let mut window = (0, Vec::new());
        for at in 0..self.entries.len() {
            (self.entries[at].base, self.entries[at].kind) = self.base(at, &place, &mut window);
        }
        let n = self.entries.len();
        let mut first = vec![0u32; n + 1];
        let bases = || self.entries.iter().enumerate().filter(|(_, e)| e.base < LOST);
        bases().for_each(|(_, e)| first[e.base as usize + 1] += 1);
        (0..n).for_each(|at| first[at + 1] += first[at]);
        let mut next = first.clone();
        let mut children = vec![0u32; first[n] as usize];
        for (at, entry) in bases() {
            children[next[entry.base as usize] as usize] = at as u32;
            next[entry.base as usize] += 1;
        }
        // Git writes a base before its deltas; where another program did not, the count is less, which costs memory and no more.
        let mut below = vec![1u32; n];
        for (at, entry) in self.entries.iter().enumerate().rev().filter(|(_, e)| e.base < LOST) {
            below[entry.base as usize] = below[entry.base as usize].saturating_add(below[at]);
        }
        for at in 0..n {
            children[first[at] as usize..first[at + 1] as usize].sort_by_key(|child| below[*child as usize]);
        }
        (self.first_child, self.children, self.below) = (first, children, below);
    }

    /// What an entry is a delta of, or what it is. `place` says of each number in the index which entry it is.
    /// `window` is where bytes of the pack begin that were read, and these bytes: one call of the system is for many heads.
    fn base(&self, at: usize, place: &[u32], window: &mut (u64, Vec<u8>)) -> (u32, Kind) {
        let offset = self.entries[at].offset;
        let lost = (LOST, Kind::Blob);
        let left = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (begin, bytes) = window;
        let known = offset.checked_sub(*begin).and_then(|skip| bytes.get(usize::try_from(skip).ok()?..));
        if known.is_none_or(|known| known.len() < left.min(ENTRY_HEAD)) {
            (*begin, *bytes) = (offset, vec![0; left.min(HEADS)]);
            if self.file.read_exact_at(bytes, offset).is_err() {
                bytes.clear();
            }
        }
        let Some(head) = bytes.get((offset - *begin) as usize..) else { return lost };
        let Ok(entry) = pack::data::Entry::from_bytes(&head[..head.len().min(ENTRY_HEAD)], offset, self.hash) else {
            return lost;
        };
        match entry.header {
            Header::OfsDelta { .. } if entry.decompressed_size > LARGEST as u64 => lost,
            Header::OfsDelta { base_distance } => {
                let base = Header::verified_base_pack_offset(offset, base_distance);
                let found = base.and_then(|base| self.entries.binary_search_by_key(&base, |e| e.offset).ok());
                (found.map_or(LOST, |base| base as u32), Kind::Blob)
            }
            Header::RefDelta { base_id } => {
                let number = self.index.lookup(base_id);
                (number.and_then(|n| place.get(n as usize).copied()).unwrap_or(LOST), Kind::Blob)
            }
            header => (ROOT, header.as_kind().unwrap_or(Kind::Blob)),
        }
    }

    fn children(&self, entry: u32) -> &[u32] {
        let entry = entry as usize;
        &self.children[self.first_child[entry] as usize..self.first_child[entry + 1] as usize]
    }

    /// An entry and all below it.
    fn below(&self, entry: u32, visit: &mut impl FnMut(u32)) {
        let mut waiting = vec![entry];
        while let Some(entry) = waiting.pop() {
            visit(entry);
            waiting.extend(self.children(entry));
        }
    }

    /// Inflates what an entry holds: an object or a delta.
    fn inflate(&self, at: u32, out: &mut Vec<u8>, (packed, inflater): (&mut Vec<u8>, &mut Decompressor)) -> Option<()> {
        let at = at as usize;
        let offset = self.entries[at].offset;
        let end = self.entries.get(at + 1).map_or(self.end, |next| next.offset.min(self.end));
        resize(packed, usize::try_from(end.checked_sub(offset)?).ok()?)?;
        self.file.read_exact_at(packed, offset).ok()?;
        let entry = pack::data::Entry::from_bytes(packed, offset, self.hash).ok()?;
        let packed = packed.get(usize::try_from(entry.data_offset - offset).ok()?..)?;
        let size = usize::try_from(entry.decompressed_size).ok().filter(|size| *size <= LARGEST)?;
        if entry.decompressed_size > (packed.len() as u64).saturating_mul(RATIO) {
            return None;
        }
        resize(out, size)?;
        (inflater.zlib_decompress(packed, out).ok()? == size).then_some(())
    }
}

/// Makes a buffer so long; `None` if there is no room for it.
fn resize(buffer: &mut Vec<u8>, size: usize) -> Option<()> {
    buffer.try_reserve_exact(size.saturating_sub(buffer.len())).ok()?;
    buffer.resize(size, 0);
    Some(())
}

/// Offsets and numbers of all entries, in the order of the index. What stands in the index for more than 2 GiB is read here, because
/// a wrong one must be an error.
fn entries(path: &Path, index: &pack::index::File) -> Result<Vec<Entry>, String> {
    let n = index.num_objects();
    let entry = |offset, number| Entry { offset, number, base: LOST, kind: Kind::Blob };
    if index.version() == Version::V1 {
        return Ok((0..n).map(|number| entry(index.pack_offset_at_index(number), number)).collect());
    }
    let file = File::open(path).map_err(|e| e.to_string())?;
    let read = |from: u64, to: u64| {
        let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
        file.read_exact_at(&mut bytes, from).map_err(|e| e.to_string())?;
        Ok::<_, String>(bytes)
    };
    let hash = index.object_hash().len_in_bytes() as u64;
    let small = 8 + 256 * 4 + u64::from(n) * (hash + 4);
    let large = small + u64::from(n) * 4;
    let length = file.metadata().map_err(|e| e.to_string())?.len();
    let large = read(large, length.saturating_sub(2 * hash))?;
    let large = large.as_chunks::<8>().0;
    let small = read(small, small + u64::from(n) * 4)?;
    let offsets = small.as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes));
    let offset = |offset: u32| match offset & 0x8000_0000 {
        0 => Ok(u64::from(offset)),
        _ => large.get((offset & 0x7fff_ffff) as usize).map(|bytes| u64::from_be_bytes(*bytes)).ok_or("a broken index"),
    };
    offsets.zip(0..).map(|(o, number)| Ok(entry(offset(o)?, number))).collect()
}
