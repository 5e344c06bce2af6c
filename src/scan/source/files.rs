//! Walks folders and scans files, on all cores.
//!
//! It must not know rules or reports. Start with [`scan`].
//!
//! Each folder is one piece of work: it is listed once, its files are opened relative to it and read into the thread's reused
//! buffer, so a small file costs three system calls and no allocation. A folder with many files is split into batches. A file
//! longer than a window is cut into overlapping windows that all threads take in turn ([`super::stream`]).
//!
//! Large files are read, not mapped: a buffer that is reused stays in the cache, a window of a map costs a page fault per 4 KiB and
//! counts as memory; `benches/source.rs` compares the two. And a file that shrinks while it is read is a short read and a gap,
//! not a signal.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::Scope;
use rustix::fs::{FileType, Mode, OFlags};

use super::super::blob::Place;
use super::super::finding::IssueKind;
use super::folder::{Folder, Listing, Names, OBJECTS, PACKED};
use super::work::{Job, Worker};

/// Flags of every file opened: never waits on a FIFO, never takes a terminal, never follows a link put there meanwhile.
pub(super) const OPEN: OFlags =
    OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// What ignore files mean for a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obey {
    /// They leave out what is neither tracked nor named like a key.
    Ignores,
    /// They leave out nothing.
    Nothing,
}

/// Scans files and folders.
pub fn scan(job: &Job<'_>, paths: &[PathBuf], obey: Obey) {
    rayon::scope(|scope| {
        for path in paths {
            // `./a` and `a` are one place.
            let rest = path.strip_prefix(".").unwrap_or(path);
            root(job, scope, if rest.as_os_str().is_empty() { path } else { rest }, obey);
        }
    });
}

fn root<'s>(job: &'s Job<'_>, scope: &Scope<'s>, path: &Path, obey: Obey) {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(e) => return job.unreadable(&Place::File(path), &e),
    };
    if !meta.is_dir() {
        let (path, kind) = (path.to_path_buf(), meta.file_type());
        return scope.spawn(move |_| job.with_worker(|worker| named_file(job, worker, &path, kind)));
    }
    let folder = Folder::named(path, obey);
    if folder.is_among_objects() {
        job.issues.note(IssueKind::GitObjects, &Place::File(path), PACKED);
    }
    note_broken_index(job, &folder, folder.broken_index());
    scope.spawn(move |scope| folder.walk(job, scope, obey));
}

/// Says so if git's index cannot be read: then all files count as tracked.
fn note_broken_index(job: &Job<'_>, folder: &Folder, error: Option<String>) {
    if let Some(error) = error {
        job.issues.note(IssueKind::Configuration, &Place::File(&folder.path), format!("{error}; every file is scanned"));
    }
}

/// A file named on the command line: links are followed, and a FIFO is read.
fn named_file(job: &Job<'_>, worker: &mut Worker, path: &Path, kind: std::fs::FileType) {
    // Devices are not even opened: that alone can set something going.
    if kind.is_char_device() || kind.is_block_device() {
        return job.issues.gap(IssueKind::SpecialFile, &Place::File(path), "a device is not read");
    }
    if kind.is_socket() {
        return job.issues.gap(IssueKind::SpecialFile, &Place::File(path), "a socket is not read");
    }
    match File::open(path) {
        Ok(mut file) if kind.is_fifo() => worker.stream(job, &Place::File(path), &mut file),
        Ok(file) => worker.file(job, path, file),
        Err(e) => job.unreadable(&Place::File(path), &e),
    }
}

impl Folder {
    fn walk<'s>(self, job: &'s Job<'_>, scope: &Scope<'s>, obey: Obey) {
        let listed = self.open().and_then(|fd| Ok((self.list(&fd, obey)?, Arc::new(fd))));
        let (mut listing, fd) = match listed {
            Ok(listed) => listed,
            Err(e) => return job.unreadable(&Place::File(&self.path), &e.into()),
        };
        self.record(job, &mut listing);
        for folder in listing.folders {
            scope.spawn(move |scope| folder.walk(job, scope, obey));
        }
        let files = listing.files;
        if files.len() > 1 {
            let folder = Arc::new(self);
            for names in files {
                let (folder, fd) = (Arc::clone(&folder), Arc::clone(&fd));
                scope.spawn(move |_| job.with_worker(|worker| folder.batch(job, worker, &fd, &names)));
            }
        } else if let Some(names) = files.first() {
            job.with_worker(|worker| self.batch(job, worker, &fd, names));
        }
    }

    /// Records what is left out.
    fn record(&self, job: &Job<'_>, listing: &mut Listing) {
        note_broken_index(job, self, listing.broken_index.take());
        if let Some(detail) = listing.store {
            job.issues.note(IssueKind::GitObjects, &Place::File(&self.path.join(OBJECTS)), detail);
        }
        if listing.is_bare {
            job.issues.note(IssueKind::GitObjects, &Place::File(&self.path.join(OBJECTS)), PACKED);
        }
        for (name, kind) in &listing.special {
            self.special(job, name, *kind);
        }
        job.count_ignored(listing.ignored, listing.saved);
    }

    fn special(&self, job: &Job<'_>, name: &CStr, kind: FileType) {
        let path = self.path.join(OsStr::from_bytes(name.to_bytes()));
        let place = Place::File(&path);
        match kind {
            FileType::Symlink => match std::fs::metadata(&path) {
                Ok(_) => job.issues.note(IssueKind::Symlink, &place, "a symbolic link is not followed"),
                Err(_) => job.issues.note(IssueKind::Symlink, &place, "a symbolic link leads nowhere"),
            },
            FileType::Unknown => job.issues.gap(IssueKind::Vanished, &place, "it was gone before it could be looked at"),
            FileType::Fifo => job.issues.note(IssueKind::SpecialFile, &place, "a FIFO is not read"),
            FileType::Socket => job.issues.note(IssueKind::SpecialFile, &place, "a socket is not read"),
            _ => job.issues.note(IssueKind::SpecialFile, &place, "a device is not read"),
        }
    }

    fn batch(&self, job: &Job<'_>, worker: &mut Worker, fd: &OwnedFd, names: &Names) {
        for name in names.iter() {
            worker.enter(&self.path, name);
            match rustix::fs::openat(fd.as_fd(), name, OPEN, Mode::empty()) {
                Ok(file) => worker.entered_file(job, File::from(file)),
                Err(e) => worker.entered_error(job, &e.into()),
            }
        }
    }
}
