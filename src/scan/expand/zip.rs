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

/// Bytes of what leads to the record for large archives.
const LOCATOR: usize = 20;
/// Bytes of a data descriptor, with sizes of 64 bits.
const DESCRIPTOR: u64 = 24;

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
    let (mut parts, mut is_all) = (Vec::new(), true);
    let mut body = Window::new(&shared);
    for entry in entries {
        let Ok(entry) = entry else {
            walk.gap(IssueKind::Malformed, place, "its directory is damaged; members after the damage were not scanned");
            is_all = false;
            break;
        };
        let start = entry.header_start();
        let data = entry.get_metadata().data_start(&mut body).unwrap_or(start);
        parts.push((start, data.saturating_add(entry.compressed_size())));
        if !walk.admit(place) {
            is_all = false;
            break;
        }
        member(walk, place, &entry, &mut body, &shared);
    }
    outside(walk, place, &shared, (parts, is_all));
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

/// Scans what belongs to no member, of which `parts` says where they are: what stands in front of the first one and between them, and the
/// comment behind the directory. A member there that the directory does not list is a gap.
fn outside(walk: &mut Walk<'_>, place: &Place<'_>, shared: &Shared<'_>, (mut parts, is_all): (Vec<(u64, u64)>, bool)) {
    let tail_start = shared.len().saturating_sub(END_RECORD as u64 + MAX_COMMENT);
    let mut tail = Vec::new();
    let read = Window::range(shared, tail_start, shared.len()).read_to_end(&mut tail).is_ok();
    let end_record = memchr::memmem::rfind(&tail, b"PK\x05\x06").filter(|_| read);
    let is_plain = |at: usize| at < LOCATOR || !tail[at - LOCATOR..].starts_with(b"PK\x06\x07");
    if let Some(at) = end_record.filter(|at| is_all && is_plain(*at)) {
        // The directory ends where this record begins, but where records for large archives stand between.
        let size = tail.get(at + 12..at + 16).and_then(|size| size.try_into().ok()).map_or(u32::MAX, u32::from_le_bytes);
        let directory = (tail_start + at as u64).checked_sub(u64::from(size)).filter(|_| size < u32::MAX);
        parts.extend(directory.map(|start| (start, shared.len())));
    }
    parts.sort_unstable();
    let first = parts.first().map_or(shared.len(), |(start, _)| *start);
    let (mut end, mut unlisted) = (0, 0);
    for (start, to) in parts {
        // A descriptor behind a member repeats its sizes.
        if start > end + if end == 0 { 0 } else { DESCRIPTOR } {
            let mut head = Vec::new();
            let read = Window::range(shared, end, start).take(DESCRIPTOR + 4).read_to_end(&mut head).is_ok();
            unlisted += u64::from(read && memchr::memmem::find(&head, b"PK\x03\x04").is_some());
            walk.raw(place, &mut Window::range(shared, end, start));
        }
        end = end.max(to);
    }
    if unlisted > 0 {
        let detail = format!("{unlisted} stretches of it hold members that its directory does not list: they are not unpacked");
        walk.gap(IssueKind::Malformed, place, detail);
    }
    let Some(at) = end_record else { return };
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
