//! Scans what the work tree has and the index has not: new lines of tracked files, and untracked files as a whole.
//!
//! It must not follow links nor run filters. Start with [`scan`]. A tracked file whose times and size are those of the index is taken for
//! unchanged, as git does; what was only intended to be added is compared with nothing. Ignored files are left out.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::index::entry::{Flags, Mode, Stat};
use gix::objs::Kind;
use rayon::prelude::*;
use rustix::fs as sys;

use super::changes::new_lines;
use super::names::Reader;
use super::{Error, History, LARGEST, coverage, staged};
use crate::base::text::without_tokens;
use crate::scan::blob::Place;
use crate::scan::finding::IssueKind;
use crate::scan::source::files::OPEN;
use crate::scan::source::ignored::{Ignores, Repository};
use crate::scan::source::work::Job;

/// What the index says of a path.
#[derive(Default)]
struct Tracked {
    /// Blobs: none if it is only intended to be added, all sides of a conflict.
    before: Vec<ObjectId>,
    stat: Option<Stat>,
    is_module: bool,
}

/// Scans the work tree against the index, or against the one at `other`; whether it has anything new.
pub(super) fn scan(history: &History, other: Option<&Path>, job: &Job<'_>) -> Result<bool, Error> {
    let reader = Reader::new(history, job);
    let why = "it has no work tree".to_owned();
    let none = || Error::Asked { path: history.shown.clone(), why };
    let repository = work_tree(history, &reader.repository, job).and_then(|root| Repository::find(&root)).ok_or_else(none)?;
    let root = repository.root().to_path_buf();
    let index = staged::index(history, &reader, other)?;
    let mut tracked: BTreeMap<Vec<u8>, Tracked> = BTreeMap::new();
    if let Some(index) = &index {
        let written = fs::metadata(index.path()).map_or(i64::MIN, |meta| meta.mtime());
        for entry in index.entries() {
            let known = tracked.entry(entry.path_in(index.path_backing()).to_vec()).or_default();
            known.is_module |= entry.mode == Mode::COMMIT;
            if entry.mode != Mode::COMMIT && entry.mode != Mode::DIR && !entry.flags.contains(Flags::INTENT_TO_ADD) {
                known.before.push(entry.id);
                // What was written in the second of the index may have changed after it.
                known.stat = Some(entry.stat).filter(|stat| i64::from(stat.mtime.secs) < written);
            }
        }
    }
    let modules = tracked.values().filter(|known| known.is_module).count();
    if modules > 0 {
        job.issues.note(IssueKind::GitObjects, &Place::File(&history.shown), coverage::submodules(modules));
    }
    let changed: Vec<bool> = tracked
        .par_iter()
        .map_init(
            || Reader::new(history, job),
            |reader, (path, known)| !known.is_module && compare(reader, &root, path, known, job),
        )
        .collect();
    let walk = Walk { history, job, tracked: &tracked, root: &root };
    let rules = Ignores::of(Some(repository), &root);
    let mut untracked = Vec::new();
    walk.folder(&rules, &mut untracked);
    untracked.par_iter().for_each(|path| walk.whole(path));
    Ok(!untracked.is_empty() || changed.contains(&true))
}

/// The work tree: the folder that has the repository in it. What the repository's configuration names instead is not followed, unless
/// it is where the user stands, as with a repository that is kept elsewhere.
fn work_tree(history: &History, repository: &gix::Repository, job: &Job<'_>) -> Option<PathBuf> {
    let real = |path: &Path| path.canonicalize().ok();
    let root = &history.root;
    let above = || root.parent().filter(|_| root.ends_with(".git")).map(Path::to_path_buf);
    let own = if root.join(".git").exists() { Some(root.clone()) } else { above() };
    let own = own.filter(|_| !repository.is_bare());
    let named = repository.workdir().and_then(real);
    let is_here = named.is_some() && named == std::env::current_dir().ok().as_deref().and_then(real);
    if let Some(named) = named.as_deref().filter(|named| !is_here && own.as_deref().and_then(real).as_deref() != Some(*named)) {
        let named = without_tokens(&named.to_string_lossy());
        let detail = format!("core.worktree leads to {named} and is not followed; name that folder to scan it");
        job.issues.note(IssueKind::Configuration, &Place::File(&history.shown), detail);
    }
    own.or(named.filter(|_| is_here))
}

/// Scans the new lines of a tracked file; whether it has any.
fn compare(reader: &Reader<'_, '_>, root: &Path, path: &[u8], known: &Tracked, job: &Job<'_>) -> bool {
    let relative = Path::new(OsStr::from_bytes(path));
    let full = root.join(relative);
    let shown = reader.history.shown_path(path);
    let place = Place::File(&shown);
    // What lies behind a link is not what the index names.
    let is_real = |folder: &Path| fs::symlink_metadata(root.join(folder)).is_ok_and(|meta| meta.is_dir());
    let behind = relative.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    let meta = match fs::symlink_metadata(&full) {
        Ok(meta) => meta,
        Err(error) => {
            let is_gone = matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory);
            if !is_gone {
                job.unreadable(&place, &error);
            }
            return false;
        }
    };
    if meta.is_dir() || known.stat.is_some_and(|stat| is_same(&stat, &meta)) || !behind.into_iter().all(is_real) {
        return false;
    }
    let Some(bytes) = content(&full, &meta, &place, job) else { return false };
    let before: Vec<Vec<u8>> = known.before.iter().filter_map(|id| reader.object(*id, Kind::Blob)).collect();
    let ranges = new_lines(&before, &bytes);
    if ranges.is_empty() {
        return false;
    }
    job.with_worker(|worker| worker.parts(job, &place, &bytes, (&ranges, &before)));
    true
}

/// Is a file as it was when the index was told of it?
fn is_same(stat: &Stat, meta: &Metadata) -> bool {
    // The index keeps the lower half of numbers.
    let low = |number: u64| u32::try_from(number & u64::from(u32::MAX)).ok();
    let is_at = |seconds: i64, known: u32| u64::try_from(seconds).ok().and_then(low) == Some(known);
    // The time of the last change to the file's own data cannot be set back, as that of its content can. Not all write it.
    let time = is_at(meta.mtime(), stat.mtime.secs) && is_at(meta.ctime(), stat.ctime.secs);
    let part = stat.mtime.nsecs == 0 || i64::from(stat.mtime.nsecs) == meta.mtime_nsec();
    time && part && low(meta.len()) == Some(stat.size) && (stat.ino == 0 || low(meta.ino()) == Some(stat.ino))
}

/// What is in a file, or where a link leads.
fn content(path: &Path, meta: &Metadata, place: &Place<'_>, job: &Job<'_>) -> Option<Vec<u8>> {
    let kind = meta.file_type();
    if kind.is_symlink() {
        let target = fs::read_link(path).map_err(|e| job.unreadable(place, &e)).ok()?;
        return Some(target.into_os_string().into_encoded_bytes());
    }
    if kind.is_fifo() || kind.is_socket() || kind.is_char_device() || kind.is_block_device() {
        job.issues.note(IssueKind::SpecialFile, place, "it is no file and is not read");
        return None;
    }
    let most = LARGEST as u64;
    let mut bytes = Vec::new();
    let file = sys::open(path, OPEN, sys::Mode::empty()).map(File::from).map_err(std::io::Error::from);
    if let Err(error) = file.and_then(|file| file.take(most + 1).read_to_end(&mut bytes)) {
        job.unreadable(place, &error);
        return None;
    }
    if bytes.len() as u64 > most {
        job.issues.gap(IssueKind::SizeLimit, place, format!("larger than the {most} bytes that are compared"));
        return None;
    }
    Some(bytes)
}

/// Looks for what is not tracked.
struct Walk<'w, 'j> {
    history: &'w History,
    job: &'w Job<'j>,
    tracked: &'w BTreeMap<Vec<u8>, Tracked>,
    root: &'w Path,
}

impl Walk<'_, '_> {
    /// The untracked files of the work tree, by their full paths.
    fn folder(&self, rules: &Ignores, out: &mut Vec<PathBuf>) {
        let mut waiting = vec![(self.root.to_path_buf(), rules.clone())];
        while let Some((dir, above)) = waiting.pop() {
            let entries = match fs::read_dir(&dir) {
                Ok(entries) => entries,
                Err(error) => {
                    self.job.unreadable(&Place::File(&self.shown(&dir)), &error);
                    continue;
                }
            };
            let rules = above.enter(&dir, false, dir.join(".gitignore").is_file());
            for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_name() != ".git") {
                let path = entry.path();
                let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let known = self.tracked.get(self.relative(&path));
                if known.is_some_and(|known| !is_dir || known.is_module) {
                    continue;
                }
                if rules.is_ignored(&path, is_dir) {
                    // With all that is in it: what git tracks there was compared.
                    self.job.count_ignored(u64::from(!is_dir), 0);
                } else if !is_dir {
                    out.push(path);
                } else if path.join(".git").exists() {
                    let detail = "a repository of its own inside this one is not scanned here; name it to scan it";
                    self.job.issues.note(IssueKind::GitObjects, &Place::File(&self.shown(&path)), detail);
                } else {
                    waiting.push((path, rules.clone()));
                }
            }
        }
    }

    fn relative<'p>(&self, path: &'p Path) -> &'p [u8] {
        path.strip_prefix(self.root).unwrap_or(path).as_os_str().as_bytes()
    }

    fn shown(&self, path: &Path) -> PathBuf {
        self.history.shown_path(self.relative(path))
    }

    fn whole(&self, path: &Path) {
        let shown = self.shown(path);
        let place = Place::File(&shown);
        let meta = match fs::symlink_metadata(path) {
            Ok(meta) => meta,
            Err(error) => return self.job.unreadable(&place, &error),
        };
        if !meta.is_file() {
            if let Some(bytes) = content(path, &meta, &place, self.job) {
                let all = 0..bytes.len();
                self.job.with_worker(|worker| worker.parts(self.job, &place, &bytes, (std::slice::from_ref(&all), &[])));
            }
            return;
        }
        match sys::open(path, OPEN, sys::Mode::empty()) {
            Ok(file) => self.job.with_worker(|worker| worker.file(self.job, &shown, File::from(file))),
            Err(error) => self.job.unreadable(&place, &error.into()),
        }
    }
}
