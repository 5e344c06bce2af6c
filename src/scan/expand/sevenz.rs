//! 7z.
//!
//! Members are packed in blocks; a damaged block costs its own members only. It must not know what is inside. Start with
//! [`walk`].

mod directory;

use std::cell::Cell;
use std::io::{self, Read};

use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, Error, Password};

use super::limits::Limits;
use super::meter::Metered;
use super::walk::{Walk, reason};
use super::window::{Shared, Window};
use super::{Expanded, ReadSeek};
use crate::scan::blob::{Container, Place};
use crate::scan::finding::IssueKind;

/// Most KiB of directory that are read, and the share of it that a small file may have: the crate makes up to 150 bytes of
/// entry from one byte of directory.
const MAX_DIRECTORY_KIB: u64 = 8 * 1024;
const MIN_DIRECTORY_KIB: u64 = 2 * 1024;
/// Window for a directory that is known to be no larger than that.
const DIRECTORY_WINDOW_KIB: u64 = 32 * 1024;

/// Visits the members. `Failed` if the directory could not be read.
pub(super) fn walk(walk: &mut Walk<'_>, place: &Place<'_>, input: &mut dyn ReadSeek) -> Expanded {
    let shared = match Shared::new(input) {
        Ok(shared) => shared,
        Err(error) => return walk.failed(place, &error),
    };
    let mut source = Window::new(&shared);
    let password = Password::empty();
    let most = (shared.len() / 128).clamp(MIN_DIRECTORY_KIB, MAX_DIRECTORY_KIB);
    let mut archive = Archive::read_with_memory_limit(&mut source, &password, to_usize(most));
    if matches!(archive, Err(Error::MaxMemLimited { .. }))
        && directory::unpacked_size(&mut source).is_some_and(|size| size <= most * 1024)
    {
        source = Window::new(&shared);
        archive = Archive::read_with_memory_limit(&mut source, &password, to_usize(DIRECTORY_WINDOW_KIB));
    }
    let archive = match archive {
        Ok(archive) => archive,
        Err(error) if is_encryption(&error) => {
            walk.gap(IssueKind::Encrypted, place, "its directory is encrypted; raw bytes scanned");
            return Expanded::Failed;
        }
        Err(error) => return walk.failed(place, &plain(error)),
    };
    let mut blocks = Blocks { archive: &archive, password: &password, source, read: &shared.read };
    for index in 0..archive.blocks.len() {
        if !blocks.visit(walk, place, index) {
            break;
        }
    }
    Expanded::Whole
}

struct Blocks<'b, 's, 'i> {
    archive: &'b Archive,
    password: &'b Password,
    source: Window<'s, 'i>,
    read: &'b Cell<u64>,
}

/// How far a block was read.
struct State {
    /// Members visited.
    seen: usize,
    /// Why the last one ended early, which ends the block.
    ended: Option<IssueKind>,
    /// A limit of the whole expansion is used up.
    full: bool,
}

impl<'s, 'i> Blocks<'_, 's, 'i> {
    /// Visits the members of a block; whether to go on with the next block.
    fn visit(&mut self, walk: &mut Walk<'_>, place: &Place<'_>, index: usize) -> bool {
        let mut state = State { seen: 0, ended: None, full: false };
        let read = self.read;
        let result = self.decoder(index, walk.limits).for_each_entries(&mut |entry, bytes| {
            if entry.has_stream() {
                member(walk, place, (entry, bytes, read), &mut state);
            }
            Ok(state.ended.is_none() && !state.full)
        });
        if state.full {
            return false;
        }
        match (state.ended, result) {
            (None, Ok(_)) => {}
            (Some(kind), _) => {
                self.left(walk, place, (index, state.seen), (kind, "packed behind a member that ended early"));
            }
            (None, Err(error)) if is_encryption(&error) => {
                self.left(walk, place, (index, state.seen), (IssueKind::Encrypted, "encrypted"));
            }
            (None, Err(error)) => {
                let why = reason(&plain(error));
                let left = self.left(walk, place, (index, state.seen), why);
                // All members were read, and then the block as a whole was not right.
                if left == 0 {
                    walk.gap(why.0, place, format!("a block of members: {}", why.1));
                }
            }
        }
        true
    }

    /// Records the members of a block from the `seen`th on as gaps; gives their number.
    fn left(&mut self, walk: &Walk<'_>, place: &Place<'_>, from: (usize, usize), (kind, why): (IssueKind, &str)) -> usize {
        let (index, seen) = from;
        let block = self.decoder(index, walk.limits);
        let left = block.entries().iter().filter(|entry| entry.has_stream()).skip(seen);
        let names = left.map(|entry| {
            let inner = Place::Inside { outer: place, member: entry.name(), kind: Container::Archive, source: None };
            walk.gap(kind, &inner, format!("{why}; not scanned"));
        });
        names.count()
    }

    fn decoder(&mut self, index: usize, limits: &Limits) -> BlockDecoder<'_, Window<'s, 'i>> {
        let window = to_usize(limits.window / 1024);
        BlockDecoder::new_with_memory_limit(1, window, index, self.archive, self.password, &mut self.source)
    }
}

type Entry<'e> = (&'e ArchiveEntry, &'e mut dyn Read, &'e Cell<u64>);

fn member(walk: &mut Walk<'_>, place: &Place<'_>, (entry, bytes, read): Entry<'_>, state: &mut State) {
    if !walk.admit(place) {
        state.full = true;
        return;
    }
    state.seen += 1;
    let inner = Place::Inside { outer: place, member: entry.name(), kind: Container::Archive, source: None };
    let (limits, budget) = (walk.limits, walk.budget);
    let mut bytes = Metered::unpacked(bytes, limits, budget, (read, read.get()));
    walk.member(&inner, entry.name(), &mut bytes);
    bytes.drain();
    let end = bytes.end.take();
    state.ended = walk.ended(&inner, end);
}

fn is_encryption(error: &Error) -> bool {
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => true,
        Error::UnsupportedCompressionMethod(method) => method.contains("AES"),
        _ => false,
    }
}

fn plain(error: Error) -> io::Error {
    match error {
        Error::Io(error, _) => error,
        Error::MaxMemLimited { .. } => io::ErrorKind::OutOfMemory.into(),
        Error::UnsupportedVersion { .. }
        | Error::UnsupportedCompressionMethod(_)
        | Error::Unsupported(_)
        | Error::ExternalUnsupported => io::ErrorKind::Unsupported.into(),
        _ => io::ErrorKind::InvalidData.into(),
    }
}

fn to_usize(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
