//! zip and its family.
//!
//! The directory is read entry by entry, so its size does not matter, and members that share a name are all visited. It
//! must not know what is inside. Format: APPNOTE 6.3.10. Start with [`walk`].

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use zip::read::{Config, ZipFileEntry};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;
use zip::{CompressionMethod, HasZipMetadata};

use super::limits::Limits;
use super::meter::{Metered, fill};
use super::stream::zstd_unpacker;
use super::walk::Walk;
use super::window::{Shared, Window};
use super::{Expanded, ReadSeek};
use crate::scan::blob::{Container, Place};
use crate::scan::finding::IssueKind;

/// The end-of-directory record without its comment, and the longest comment.
const END_RECORD: usize = 22;
const MAX_COMMENT: u64 = 0xffff;

/// Magic bytes of an OLE file: Office files are such when they are encrypted.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Visits the members. A script or program in front of the first, and comments, are scanned too.
pub(super) fn walk(walk: &mut Walk<'_>, place: &Place<'_>, input: &mut dyn ReadSeek) -> Expanded {
    let shared = match Shared::new(input) {
        Ok(shared) => shared,
        Err(error) => return walk.failed(place, &error),
    };
    let mut archive = match ZipIterable::try_new(Window::new(&shared), Config::default()) {
        Ok(archive) => archive,
        Err(error) => return failed(walk, place, &shared, error),
    };
    let entries = match archive.files() {
        Ok(entries) => entries,
        Err(error) => return failed(walk, place, &shared, error),
    };
    let mut first = shared.len();
    let mut body = Window::new(&shared);
    for entry in entries {
        let Ok(entry) = entry else {
            walk.gap(IssueKind::Malformed, place, "its directory is damaged; members after the damage were not scanned");
            break;
        };
        first = first.min(entry.header_start());
        if !walk.admit(place) {
            break;
        }
        member(walk, place, &entry, &mut body, &shared);
    }
    outside(walk, place, &shared, first);
    Expanded::Whole
}

fn failed(walk: &Walk<'_>, place: &Place<'_>, shared: &Shared<'_>, error: ZipError) -> Expanded {
    let mut head = [0; OLE.len()];
    let is_ole = fill(&mut Window::new(shared), &mut head).is_ok() && head == OLE;
    match error {
        _ if is_ole => {
            walk.gap(IssueKind::Encrypted, place, "an Office file that is encrypted, or of the old format; raw bytes scanned");
        }
        ZipError::Io(error) => return walk.failed(place, &error),
        ZipError::UnsupportedArchive(_) => return walk.failed(place, &io::ErrorKind::Unsupported.into()),
        _ => walk.gap(IssueKind::Malformed, place, "no zip directory was found in it; raw bytes scanned"),
    }
    Expanded::Failed
}

fn member(walk: &mut Walk<'_>, place: &Place<'_>, entry: &ZipFileEntry<'_>, body: &mut Window<'_, '_>, shared: &Shared<'_>) {
    let name = entry.name().unwrap_or_else(|_| String::from_utf8_lossy(entry.name_raw()));
    let inner = Place::Inside { outer: place, member: &name, kind: Container::Archive, source: None };
    if !entry.comment_raw().is_empty() {
        walk.raw(&inner, &mut entry.comment_raw());
    }
    if entry.size() == 0 && entry.compressed_size() == 0 {
        return;
    }
    if entry.encrypted() {
        return walk.gap(IssueKind::Encrypted, &inner, "encrypted; not scanned");
    }
    let start = entry.get_metadata().data_start(body);
    if !start.is_ok_and(|start| body.seek(SeekFrom::Start(start)).is_ok()) {
        return walk.gap(IssueKind::Malformed, &inner, "its header is damaged; not scanned");
    }
    let (limits, budget) = (walk.limits, walk.budget);
    let before = shared.read.get();
    let packed = body.take(entry.compressed_size());
    let unpacker = match unpacker(entry, packed, limits) {
        Ok(unpacker) => unpacker,
        Err(error) => return walk.broken(&inner, &error),
    };
    let mut checked = Checked { inner: unpacker, hasher: crc32fast::Hasher::new(), expected: entry.crc32() };
    let mut bytes = Metered::unpacked(&mut checked, limits, budget, (&shared.read, before));
    walk.member(&inner, &name, &mut bytes);
    bytes.drain();
    let end = bytes.end.take();
    walk.ended(&inner, end);
}

fn unpacker<'r>(entry: &ZipFileEntry<'_>, input: impl BufRead + 'r, limits: &Limits) -> io::Result<Box<dyn Read + 'r>> {
    let kib = u32::try_from(limits.window / 1024).unwrap_or(u32::MAX);
    Ok(match entry.compression() {
        CompressionMethod::Stored => Box::new(input),
        CompressionMethod::Deflated => Box::new(flate2::bufread::DeflateDecoder::new(input)),
        CompressionMethod::Deflate64 => Box::new(deflate64::Deflate64Decoder::with_buffer(input)),
        CompressionMethod::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(input)),
        CompressionMethod::Zstd => Box::new(zstd_unpacker(input, limits)?),
        CompressionMethod::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(input, false, kib)),
        CompressionMethod::Lzma => Box::new(lzma_unpacker(input, entry.size(), kib)?),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    })
}

/// APPNOTE 5.8.8: two bytes of version, two of length, one of properties, four of dictionary size.
fn lzma_unpacker<R: BufRead>(mut input: R, size: u64, kib: u32) -> io::Result<lzma_rust2::LzmaReader<R>> {
    let mut head = [0; 9];
    input.read_exact(&mut head)?;
    let [_, _, 5, 0, properties, a, b, c, d] = head else { return Err(io::ErrorKind::InvalidData.into()) };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    if lzma_rust2::lzma_get_memory_usage_by_props(dictionary, properties)? > kib {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    lzma_rust2::LzmaReader::new_with_props(input, size, properties, dictionary, None)
}

/// Scans what belongs to no member: what stands in front of the first one, and the comment behind the directory.
fn outside(walk: &mut Walk<'_>, place: &Place<'_>, shared: &Shared<'_>, first: u64) {
    if first > 0 {
        walk.raw(place, &mut Window::range(shared, 0, first));
    }
    let tail_start = shared.len().saturating_sub(END_RECORD as u64 + MAX_COMMENT);
    let mut tail = Vec::new();
    if Window::range(shared, tail_start, shared.len()).read_to_end(&mut tail).is_err() {
        return;
    }
    let Some(at) = memchr::memmem::rfind(&tail, b"PK\x05\x06") else { return };
    let comment = tail.get(at + END_RECORD..).unwrap_or_default();
    if !comment.is_empty() && first < shared.len() {
        walk.raw(place, &mut &*comment);
    }
}

/// Checks the CRC at the end.
struct Checked<R> {
    inner: R,
    hasher: crc32fast::Hasher,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        if n == 0 && !buf.is_empty() && self.hasher.clone().finalize() != self.expected {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.hasher.update(&buf[..n]);
        Ok(n)
    }
}
