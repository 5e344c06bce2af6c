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
use rustix::fs::{FileType, Mode, OFlags, RawDir};
use rustix::io::Errno;

use super::super::blob::Place;
use super::super::finding::IssueKind;
use super::ignored::{Ignores, Repository, is_key_like};
use super::work::{Job, Worker};

/// Files of a folder that are scanned as one piece of work.
const BATCH: usize = 64;
/// The folder in which git keeps history.
const OBJECTS: &str = "objects";
/// Flags of every file opened: never waits on a FIFO, never takes a terminal, never follows a link put there meanwhile.
const OPEN: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// What ignore files mean for a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obey {
    /// They leave out what is neither tracked nor named like a key.
    Ignores,
    /// They leave out nothing.
    Nothing,
}

/// A folder being walked.
#[derive(Clone)]
struct Folder {
    /// As shown to people.
    path: Arc<Path>,
    /// Absolute, for ignore rules; the same as `path` outside a work tree.
    absolute: Arc<Path>,
    ignores: Arc<Ignores>,
    /// Is all of it left out, but for tracked and key-like files?
    left_out: bool,
    inside_git: bool,
}

/// Files of a folder: names in one buffer, each ended by a zero byte.
#[derive(Default)]
struct Names {
    buffer: Vec<u8>,
    count: usize,
}

impl Names {
    fn push(&mut self, name: &CStr) {
        self.buffer.extend_from_slice(name.to_bytes_with_nul());
        self.count += 1;
    }

    fn iter(&self) -> impl Iterator<Item = &CStr> {
        self.buffer.split_inclusive(|b| *b == 0).filter_map(|n| CStr::from_bytes_with_nul(n).ok())
    }
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
    let absolute = std::path::absolute(path).and_then(|p| p.canonicalize()).unwrap_or_else(|_| path.to_path_buf());
    let ignores = match obey {
        Obey::Ignores => Ignores::of(Repository::find(path), &absolute),
        Obey::Nothing => Ignores::default(),
    };
    note_broken_index(job, path, &ignores);
    let inside_git = absolute.components().any(|c| c.as_os_str() == ".git");
    // A folder that was named is wanted, even if its parent ignores it: `left_out` is false.
    let folder = Folder { path: path.into(), absolute: absolute.into(), ignores: Arc::new(ignores), left_out: false, inside_git };
    // A link that was named is followed.
    let opened = rustix::fs::open(path, OPEN.difference(OFlags::NOFOLLOW) | OFlags::DIRECTORY, Mode::empty());
    scope.spawn(move |scope| folder.walk_opened(job, scope, obey, opened));
}

/// Says so if git's index cannot be read: then all files count as tracked.
fn note_broken_index(job: &Job<'_>, path: &Path, ignores: &Ignores) {
    if let Some(error) = ignores.repository().and_then(|r| r.index_error()) {
        job.issues.note(IssueKind::Configuration, &Place::File(path), format!("{error}; every file is scanned"));
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
        let opened = rustix::fs::open(&*self.path, OPEN | OFlags::DIRECTORY, Mode::empty());
        self.walk_opened(job, scope, obey, opened);
    }

    fn walk_opened<'s>(self, job: &'s Job<'_>, scope: &Scope<'s>, obey: Obey, opened: Result<OwnedFd, Errno>) {
        let fd = match opened {
            Ok(fd) => Arc::new(fd),
            Err(e) => return job.unreadable(&Place::File(&self.path), &e.into()),
        };
        let (files, folders) = match self.list(job, &fd, obey) {
            Ok(lists) => lists,
            Err(e) => return job.unreadable(&Place::File(&self.path), &e.into()),
        };
        for folder in folders {
            scope.spawn(move |scope| folder.walk(job, scope, obey));
        }
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

    /// Lists a folder: batches of files to scan, folders to walk.
    fn list(&self, job: &Job<'_>, fd: &OwnedFd, obey: Obey) -> Result<(Vec<Names>, Vec<Folder>), Errno> {
        let (mut names, mut folders) = (Names::default(), Names::default());
        let (mut has_git, mut has_gitignore, mut has_head) = (false, false, false);
        let mut buffer = Vec::with_capacity(32 * 1024);
        let mut dir = RawDir::new(fd, buffer.spare_capacity_mut());
        while let Some(entry) = dir.next() {
            let entry = entry?;
            let name = entry.file_name();
            match name.to_bytes() {
                b"." | b".." => continue,
                b".git" => has_git = true,
                b".gitignore" => has_gitignore = true,
                b"HEAD" => has_head = true,
                _ => {}
            }
            match kind_of(fd, name, entry.file_type()) {
                FileType::RegularFile => names.push(name),
                FileType::Directory => folders.push(name),
                other => self.special(job, name, other),
            }
        }
        let ignores = match obey {
            Obey::Ignores if has_git || has_gitignore => Arc::new(self.ignores.enter(&self.absolute, has_git, has_gitignore)),
            _ => Arc::clone(&self.ignores),
        };
        if ignores.repository().map(|r| r.root()) != self.ignores.repository().map(|r| r.root()) {
            note_broken_index(job, &self.path, &ignores);
        }
        let store = self.object_store(has_head, &folders);
        if let Some(detail) = store {
            job.issues.note(IssueKind::GitObjects, &Place::File(&self.path.join(OBJECTS)), detail);
        }
        Ok((self.choose_files(job, &names, &ignores), self.choose_folders(&folders, &ignores, store.is_some())))
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

    fn choose_files(&self, job: &Job<'_>, names: &Names, ignores: &Ignores) -> Vec<Names> {
        let mut batches: Vec<Names> = Vec::new();
        let (mut ignored, mut saved) = (0, 0);
        for name in names.iter() {
            match self.is_left_out(name, ignores) {
                Verdict::Scan => {}
                Verdict::ScanAnyway => saved += 1,
                Verdict::Leave => {
                    ignored += 1;
                    continue;
                }
            }
            if batches.last().is_none_or(|b| b.count >= BATCH) {
                batches.push(Names::default());
            }
            if let Some(last) = batches.last_mut() {
                last.push(name);
            }
        }
        job.count_ignored(ignored, saved);
        batches
    }

    fn is_left_out(&self, name: &CStr, ignores: &Ignores) -> Verdict {
        let Some(repository) = ignores.repository() else { return Verdict::Scan };
        if self.inside_git {
            return Verdict::Scan;
        }
        let path = self.absolute.join(OsStr::from_bytes(name.to_bytes()));
        if !self.left_out && !ignores.is_ignored(&path, false) {
            return Verdict::Scan;
        }
        let tracked = path.strip_prefix(repository.root()).is_ok_and(|p| repository.is_tracked(p));
        if tracked || is_key_like(name.to_bytes()) { Verdict::ScanAnyway } else { Verdict::Leave }
    }

    /// What its folder `objects` holds, if it is one that git or git LFS packs history or large files into. A branch may have that
    /// name too, and then its log and its tip are scanned.
    fn object_store(&self, has_head: bool, folders: &Names) -> Option<&'static str> {
        let has = |name: &str| folders.iter().any(|f| f.to_bytes() == name.as_bytes());
        if !self.inside_git || !has(OBJECTS) {
            None
        } else if has_head && has("refs") {
            Some("packed history is not scanned")
        } else if self.absolute.ends_with("lfs") {
            Some("large files kept by git LFS are not scanned")
        } else {
            None
        }
    }

    fn choose_folders(&self, names: &Names, ignores: &Arc<Ignores>, without_objects: bool) -> Vec<Folder> {
        let mut out = Vec::with_capacity(names.count);
        for name in names.iter() {
            let name = OsStr::from_bytes(name.to_bytes());
            if without_objects && name == OBJECTS {
                continue;
            }
            let absolute: Arc<Path> = self.absolute.join(name).into();
            let inside_git = self.inside_git || name == ".git";
            let left_out =
                !inside_git && ignores.repository().is_some() && (self.left_out || ignores.is_ignored(&absolute, true));
            let path: Arc<Path> = if *self.path == *"." { Path::new(name).into() } else { self.path.join(name).into() };
            out.push(Folder { path, absolute, ignores: Arc::clone(ignores), left_out, inside_git });
        }
        out
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

enum Verdict {
    Scan,
    /// An ignore file names it, but it is tracked or named like a key.
    ScanAnyway,
    Leave,
}

/// What a listed name is; asked for where the listing does not say.
fn kind_of(fd: &OwnedFd, name: &CStr, listed: FileType) -> FileType {
    if listed != FileType::Unknown {
        return listed;
    }
    rustix::fs::statat(fd, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
        .map_or(FileType::Unknown, |s| FileType::from_raw_mode(s.st_mode))
}
