//! What a folder holds: the files that are scanned, the folders that are walked, and what is left out.
//!
//! It must not scan, nor record what is left out: it is also asked how much there is to scan ([`super::total`]). Start with
//! [`Folder::named`], then [`Folder::open`] and [`Folder::list`].

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FileType, Mode, OFlags, RawDir};
use rustix::io::Errno;

use super::files::{OPEN, Obey};
use super::ignored::{Ignores, Repository, is_key_like};

/// Files of a folder that are scanned as one piece of work.
const BATCH: usize = 64;
/// The folder in which git keeps history.
pub(super) const OBJECTS: &str = "objects";
/// What is said of where git keeps history.
pub(super) const PACKED: &str = "packed history is not scanned; `--history` scans it";

/// A folder being walked.
#[derive(Clone)]
pub(super) struct Folder {
    /// As shown to people.
    pub(super) path: Arc<Path>,
    /// Absolute, for ignore rules; the same as `path` outside a work tree.
    absolute: Arc<Path>,
    ignores: Arc<Ignores>,
    /// Is all of it left out, but for tracked and key-like files?
    left_out: bool,
    inside_git: bool,
    /// Was it named by the user? Then a link is followed.
    named: bool,
}

/// What a folder holds.
#[derive(Default)]
pub(super) struct Listing {
    /// Files to scan, in batches.
    pub(super) files: Vec<Names>,
    /// Folders to walk.
    pub(super) folders: Vec<Folder>,
    /// What is neither: links, pipes, sockets, devices.
    pub(super) special: Vec<(CString, FileType)>,
    /// Files left out because an ignore file says so.
    pub(super) ignored: u64,
    /// Files to scan although an ignore file names them.
    pub(super) saved: u64,
    /// What its folder `objects` holds, if that is not walked.
    pub(super) store: Option<&'static str>,
    /// Is it a bare repository, by what is in it? Its files are scanned as they are all the same: they may be something else.
    pub(super) is_bare: bool,
    /// Why the index of the work tree that begins here cannot be read.
    pub(super) broken_index: Option<String>,
}

/// Files of a folder: names in one buffer, each ended by a zero byte.
#[derive(Default)]
pub(super) struct Names {
    buffer: Vec<u8>,
    count: usize,
}

impl Names {
    fn push(&mut self, name: &CStr) {
        self.buffer.extend_from_slice(name.to_bytes_with_nul());
        self.count += 1;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &CStr> {
        self.buffer.split_inclusive(|b| *b == 0).filter_map(|n| CStr::from_bytes_with_nul(n).ok())
    }
}

/// What an ignore file means for a file.
enum Verdict {
    Scan,
    /// An ignore file names it, but it is tracked or named like a key.
    ScanAnyway,
    Leave,
}

impl Folder {
    /// Does it lie among the objects of a repository?
    pub(super) fn is_among_objects(&self) -> bool {
        let mut parts = self.absolute.components().map(std::path::Component::as_os_str).skip_while(|part| *part != ".git");
        parts.next().is_some() && parts.next().is_some_and(|part| part == OBJECTS)
    }

    /// A folder named by the user. It is wanted, even if its parent ignores it.
    pub(super) fn named(path: &Path, obey: Obey) -> Self {
        let absolute = std::path::absolute(path).and_then(|p| p.canonicalize()).unwrap_or_else(|_| path.to_path_buf());
        let ignores = match obey {
            Obey::Ignores => Ignores::of(Repository::find(path), &absolute),
            Obey::Nothing => Ignores::default(),
        };
        let inside_git = absolute.components().any(|c| c.as_os_str() == ".git");
        let (path, absolute, ignores) = (path.into(), absolute.into(), Arc::new(ignores));
        Self { path, absolute, ignores, left_out: false, inside_git, named: true }
    }

    pub(super) fn open(&self) -> Result<OwnedFd, Errno> {
        let flags = if self.named { OPEN.difference(OFlags::NOFOLLOW) } else { OPEN };
        rustix::fs::open(&*self.path, flags | OFlags::DIRECTORY, Mode::empty())
    }

    /// Why git's index cannot be read: then all files count as tracked.
    pub(super) fn broken_index(&self) -> Option<String> {
        broken_index(&self.ignores)
    }

    /// Lists the folder.
    pub(super) fn list(&self, fd: &OwnedFd, obey: Obey) -> Result<Listing, Errno> {
        let mut listing = Listing::default();
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
                other => listing.special.push((name.to_owned(), other)),
            }
        }
        let ignores = match obey {
            Obey::Ignores if has_git || has_gitignore => Arc::new(self.ignores.enter(&self.absolute, has_git, has_gitignore)),
            _ => Arc::clone(&self.ignores),
        };
        if ignores.repository().map(|r| r.root()) != self.ignores.repository().map(|r| r.root()) {
            listing.broken_index = broken_index(&ignores);
        }
        listing.store = self.object_store(has_head, &folders);
        listing.is_bare = !self.inside_git && has_head && [OBJECTS, "refs"].iter().all(|name| has(&folders, name));
        self.choose_files(&names, &ignores, &mut listing);
        self.choose_folders(&folders, &ignores, &mut listing);
        Ok(listing)
    }

    fn choose_files(&self, names: &Names, ignores: &Ignores, listing: &mut Listing) {
        for name in names.iter() {
            match self.is_left_out(name, ignores) {
                Verdict::Scan => {}
                Verdict::ScanAnyway => listing.saved += 1,
                Verdict::Leave => {
                    listing.ignored += 1;
                    continue;
                }
            }
            if listing.files.last().is_none_or(|b| b.count >= BATCH) {
                listing.files.push(Names::default());
            }
            if let Some(last) = listing.files.last_mut() {
                last.push(name);
            }
        }
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
        let has = |name: &str| has(folders, name);
        if !self.inside_git || !has(OBJECTS) {
            None
        } else if has_head && has("refs") {
            Some(PACKED)
        } else if self.absolute.ends_with("lfs") {
            Some("large files kept by git LFS are not scanned")
        } else {
            None
        }
    }

    fn choose_folders(&self, names: &Names, ignores: &Arc<Ignores>, listing: &mut Listing) {
        listing.folders.reserve(names.count);
        for name in names.iter() {
            let name = OsStr::from_bytes(name.to_bytes());
            if listing.store.is_some() && name == OBJECTS {
                continue;
            }
            let absolute: Arc<Path> = self.absolute.join(name).into();
            let inside_git = self.inside_git || name == ".git";
            let left_out =
                !inside_git && ignores.repository().is_some() && (self.left_out || ignores.is_ignored(&absolute, true));
            let path: Arc<Path> = if *self.path == *"." { Path::new(name).into() } else { self.path.join(name).into() };
            let ignores = Arc::clone(ignores);
            listing.folders.push(Self { path, absolute, ignores, left_out, inside_git, named: false });
        }
    }
}

fn has(names: &Names, name: &str) -> bool {
    names.iter().any(|other| other.to_bytes() == name.as_bytes())
}

/// Does a scan of the folder that holds this file leave it out, because an ignore file says so?
#[must_use]
pub fn leaves_out(file: &Path) -> bool {
    let Some(absolute) = std::path::absolute(file).ok().and_then(|p| p.canonicalize().ok()) else { return false };
    let (Some(dir), Some(name)) = (absolute.parent(), absolute.file_name()) else { return false };
    let Some(repository) = Repository::find(dir) else { return false };
    let Ok(name) = CString::new(name.as_bytes()) else { return false };
    let inside: Vec<&Path> =
        dir.ancestors().take_while(|a| a.starts_with(repository.root()) && *a != repository.root()).collect();
    let ignored = |dir: &&Path| Ignores::of(Some(Arc::clone(&repository)), dir).is_ignored(dir, true);
    let folder = Folder {
        path: dir.into(),
        absolute: dir.into(),
        left_out: inside.iter().any(ignored),
        ignores: Arc::new(Ignores::of(Some(repository), dir).enter(dir, false, true)),
        inside_git: dir.iter().any(|part| part == ".git"),
        named: false,
    };
    matches!(folder.is_left_out(&name, &folder.ignores), Verdict::Leave)
}

fn broken_index(ignores: &Ignores) -> Option<String> {
    ignores.repository().and_then(|r| r.index_error()).map(str::to_owned)
}

/// What a listed name is; asked for where the listing does not say.
fn kind_of(fd: &OwnedFd, name: &CStr, listed: FileType) -> FileType {
    if listed != FileType::Unknown {
        return listed;
    }
    rustix::fs::statat(fd, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
        .map_or(FileType::Unknown, |s| FileType::from_raw_mode(s.st_mode))
}
