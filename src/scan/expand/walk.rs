//! The walk over a container and what is nested in it.
//!
//! It must not know a format's bytes; each format's file does. Start with [`Walk::container`].

use std::io::{self, Cursor, Read};

use super::kind::{Kind, detect};
use super::limits::Limits;
use super::meter::{Budget, End, fill};
use super::{CHUNK, Expanded, Expander, ReadSeek, Visit, mail, notebook, pdf, sevenz, sqlite, stream, tar, zip};
use crate::scan::blob::Place;
use crate::scan::finding::IssueKind;
use crate::scan::issues::Issues;

/// What is kept of a nested stream, to scan its raw bytes if it cannot be opened. More than any decompressor reads before it
/// gives its first byte: a bzip2 block and a buffer.
const REWIND: usize = 1024 * 1024 + 2 * CHUNK;

/// The state of one expansion.
pub(super) struct Walk<'a> {
    pub(super) limits: &'a Limits,
    pub(super) budget: &'a Budget,
    issues: &'a Issues,
    visit: &'a mut dyn Visit,
    depth: u32,
    /// Buffers for the starts of members, one for each level, kept to be used again.
    heads: Vec<Vec<u8>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(expander: &Expander<'a>, budget: &'a Budget, visit: &'a mut dyn Visit) -> Self {
        Self { limits: expander.limits, budget, issues: expander.issues, visit, depth: 1, heads: Vec::new() }
    }

    /// Opens a container that is in memory.
    pub(super) fn slice(&mut self, kind: Kind, place: &Place<'_>, bytes: &[u8]) -> Expanded {
        match kind {
            Kind::Notebook => notebook::walk(self, place, bytes),
            Kind::Pdf => pdf::walk(self, place, bytes),
            Kind::Sqlite => sqlite::walk(self, place, bytes),
            Kind::Mail => mail::walk(self, place, bytes),
            _ => self.container(kind, place, &mut Cursor::new(bytes)),
        }
    }

    /// Opens a container that can seek.
    pub(super) fn container(&mut self, kind: Kind, place: &Place<'_>, input: &mut dyn ReadSeek) -> Expanded {
        if self.is_too_deep(kind, place) {
            return Expanded::Failed;
        }
        match kind {
            Kind::Zip => zip::walk(self, place, input),
            Kind::SevenZip => sevenz::walk(self, place, input),
            Kind::Tar => {
                tar::walk(self, place, input);
                Expanded::Whole
            }
            Kind::Gzip | Kind::Bzip2 | Kind::Xz | Kind::Zstd => stream::walk(self, kind, place, input),
            Kind::Notebook | Kind::Pdf | Kind::Sqlite | Kind::Mail => self.whole(kind, place, input),
            Kind::Ciphertext(tool) => {
                self.ciphertext(tool, place, input);
                Expanded::Whole
            }
            Kind::Closed(word) => {
                self.closed(place, word);
                Expanded::Failed
            }
        }
    }

    /// Opens a container that can only be read once, and scans its raw bytes if it cannot be opened.
    pub(super) fn stream(&mut self, kind: Kind, place: &Place<'_>, input: &mut dyn Read) {
        if self.is_too_deep(kind, place) {
            return self.raw(place, input);
        }
        match kind {
            Kind::Tar => tar::walk(self, place, input),
            Kind::Zip | Kind::SevenZip | Kind::Notebook | Kind::Pdf | Kind::Sqlite | Kind::Mail => self.held(kind, place, input),
            Kind::Gzip | Kind::Bzip2 | Kind::Xz | Kind::Zstd => {
                let mut rewind = Rewind { inner: input, kept: Vec::new() };
                if stream::walk(self, kind, place, &mut rewind) == Expanded::Failed {
                    let Rewind { inner, kept } = rewind;
                    self.raw(place, &mut kept.as_slice().chain(inner));
                }
            }
            Kind::Ciphertext(tool) => self.ciphertext(tool, place, input),
            Kind::Closed(word) => {
                self.closed(place, word);
                self.raw(place, input);
            }
        }
    }

    /// Visits one member of an archive: opens it if it is a container, scans it otherwise.
    pub(super) fn member(&mut self, place: &Place<'_>, name: &str, bytes: &mut dyn Read) {
        let head = self.head(bytes);
        let mut whole = head.bytes().chain(bytes);
        match detect(name, head.bytes()) {
            None => self.raw(place, &mut whole),
            Some(kind) if kind.is_document() => self.stream(kind, place, &mut whole),
            Some(kind) => {
                self.depth += 1;
                self.stream(kind, place, &mut whole);
                self.depth -= 1;
            }
        }
        self.done(head);
    }

    /// Whether a container lies below [`Limits::depth`]; records a gap if so.
    fn is_too_deep(&self, kind: Kind, place: &Place<'_>) -> bool {
        let is_too_deep = self.depth > self.limits.depth && !kind.is_document();
        if is_too_deep {
            let detail = format!("nested deeper than the limit of {} containers; raw bytes scanned", self.limits.depth);
            self.gap(IssueKind::DepthLimit, place, detail);
        }
        is_too_deep
    }

    /// The start of a member, up to a chunk of it: a decompressor that gives a small member in one piece needs no window.
    pub(super) fn head(&mut self, bytes: &mut dyn Read) -> Head {
        let mut buf = self.heads.pop().unwrap_or_else(|| vec![0; CHUNK]);
        let len = fill(bytes, &mut buf).unwrap_or(0);
        Head { buf, len }
    }

    /// Gives its buffer back.
    pub(super) fn done(&mut self, head: Head) {
        self.heads.push(head.buf);
    }

    /// Scans bytes as they are.
    pub(super) fn raw(&mut self, place: &Place<'_>, bytes: &mut dyn Read) {
        if let Err(error) = self.visit.member(place, bytes) {
            self.gap(IssueKind::Unreadable, place, format!("could not be scanned: {}", error.kind()));
        }
    }

    /// Whether one more member of `place` may be visited; records a gap for the container if not.
    pub(super) fn admit(&self, place: &Place<'_>) -> bool {
        let members = self.budget.members.get();
        if members == 0 {
            let detail = format!("more than the limit of {} members; the rest was not scanned", self.limits.members);
            self.gap(IssueKind::CountLimit, place, detail);
        } else if self.budget.bytes.get() == 0 {
            self.ended(place, Some(End::Total));
        } else {
            self.budget.members.set(members - 1);
            return true;
        }
        false
    }

    /// Records why the bytes at `place` ended early, if they did.
    pub(super) fn ended(&self, place: &Place<'_>, end: Option<End>) -> Option<IssueKind> {
        let limits = self.limits;
        let (kind, detail) = match end? {
            End::Broken(error) => {
                self.broken(place, &error);
                return Some(reason(&error).0);
            }
            End::Member => (IssueKind::SizeLimit, format!("larger than the limit of {} bytes a member", limits.member_bytes)),
            End::Total => (IssueKind::SizeLimit, format!("more than the limit of {} unpacked bytes in all", limits.total_bytes)),
            End::Ratio => (IssueKind::RatioLimit, format!("unpacks to more than {} times its size", limits.ratio)),
        };
        self.gap(kind, place, format!("{detail}; the rest was not scanned"));
        Some(kind)
    }

    /// Records that the bytes at `place` could not be read on. The decompressor's own words are not repeated: they may hold
    /// content.
    pub(super) fn broken(&self, place: &Place<'_>, error: &io::Error) {
        let (kind, detail) = reason(error);
        self.gap(kind, place, format!("{detail}; the rest was not scanned"));
    }

    /// Records that a container could not be opened.
    pub(super) fn failed(&self, place: &Place<'_>, error: &io::Error) -> Expanded {
        let (kind, detail) = reason(error);
        self.gap(kind, place, format!("{detail}; raw bytes scanned"));
        Expanded::Failed
    }

    pub(super) fn gap(&self, kind: IssueKind, place: &Place<'_>, detail: impl Into<String>) {
        self.issues.gap(kind, place, detail);
    }

    pub(super) fn note(&self, kind: IssueKind, place: &Place<'_>, detail: impl Into<String>) {
        self.issues.note(kind, place, detail);
    }

    /// Nothing can be hidden behind a few bytes at the start: the rest is scanned too.
    fn ciphertext(&mut self, tool: &str, place: &Place<'_>, input: &mut dyn Read) {
        self.note(IssueKind::Encrypted, place, format!("encrypted with {tool}; raw bytes scanned"));
        self.raw(place, input);
    }

    fn closed(&self, place: &Place<'_>, word: &str) {
        self.gap(IssueKind::Unsupported, place, format!("{word} files are not opened; raw bytes scanned"));
    }

    /// Opens a container that must be held in memory.
    fn held(&mut self, kind: Kind, place: &Place<'_>, input: &mut dyn Read) {
        let Some(bytes) = self.hold(kind, place, input) else { return };
        self.budget.buffer.set(self.budget.buffer.get().saturating_sub(bytes.len() as u64));
        if self.slice(kind, place, &bytes) == Expanded::Failed {
            self.raw(place, &mut bytes.as_slice());
        }
        self.budget.buffer.set(self.budget.buffer.get().saturating_add(bytes.len() as u64));
    }

    /// Reads all of `input`, or scans it raw if it is too large to be held.
    fn hold(&mut self, kind: Kind, place: &Place<'_>, input: &mut dyn Read) -> Option<Vec<u8>> {
        let most = self.budget.buffer.get();
        let mut bytes = Vec::new();
        let read = input.take(most.saturating_add(1)).read_to_end(&mut bytes);
        if read.is_ok() && bytes.len() as u64 <= most {
            return Some(bytes);
        }
        if let Err(error) = read {
            self.broken(place, &error);
        } else {
            self.too_large_to_hold(kind, place);
        }
        self.raw(place, &mut bytes.as_slice().chain(input));
        None
    }

    fn whole(&mut self, kind: Kind, place: &Place<'_>, input: &mut dyn Read) -> Expanded {
        let most = self.budget.buffer.get();
        let mut bytes = Vec::new();
        match input.take(most.saturating_add(1)).read_to_end(&mut bytes) {
            Err(error) => self.failed(place, &error),
            Ok(_) if bytes.len() as u64 > most => {
                self.too_large_to_hold(kind, place);
                Expanded::Failed
            }
            Ok(_) => self.slice(kind, place, &bytes),
        }
    }

    fn too_large_to_hold(&self, kind: Kind, place: &Place<'_>) {
        let detail = format!("larger than the {} bytes that may be held to open it; raw bytes scanned", self.limits.buffer);
        // Most of a database or a mailbox is text as it is.
        match kind {
            Kind::Sqlite | Kind::Mail => self.note(IssueKind::SizeLimit, place, detail),
            _ => self.gap(IssueKind::SizeLimit, place, detail),
        }
    }
}

/// An error in words that hold nothing of the file.
pub(super) fn reason(error: &io::Error) -> (IssueKind, &'static str) {
    if error.raw_os_error().is_some() {
        return (IssueKind::Unreadable, "could not be read");
    }
    match error.kind() {
        io::ErrorKind::OutOfMemory => (IssueKind::SizeLimit, "needs a larger window than the limit to be unpacked"),
        io::ErrorKind::Unsupported => (IssueKind::Unsupported, "packed with a method or version that is not known"),
        io::ErrorKind::UnexpectedEof => (IssueKind::Malformed, "its data ends early"),
        _ if error.to_string().contains("memory") => {
            (IssueKind::SizeLimit, "needs a larger window than the limit to be unpacked")
        }
        _ => (IssueKind::Malformed, "its data is damaged"),
    }
}

/// The start of a member, in a buffer that is used again.
pub(super) struct Head {
    buf: Vec<u8>,
    len: usize,
}

impl Head {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buf[..self.len]
    }
}

/// Keeps what was read first.
struct Rewind<'r> {
    inner: &'r mut dyn Read,
    kept: Vec<u8>,
}

impl Read for Rewind<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        let room = REWIND.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&buf[..n.min(room)]);
        Ok(n)
    }
}
