//! Scans what the next commit would add: lines of the index that `HEAD` does not have.
//!
//! It must not look at the work tree. Start with [`scan`]. A file is scanned as a whole, so that what surrounds a secret counts, and only
//! its new lines are reported. A line is new if the version in `HEAD` has none like it: one that only moved is not. A file whose blob
//! stands anywhere in `HEAD` was renamed, copied or given another mode, and adds nothing.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::index::entry::{Flags, Mode};
use gix::objs::{Kind, TreeRefIter};
use rayon::prelude::*;

use super::changes::{new_lines, source};
use super::names::Reader;
use super::{Error, History, coverage};
use crate::scan::blob::Place;
use crate::scan::finding::IssueKind;
use crate::scan::source::work::Job;

/// A blob of the index that `HEAD` has not under its path.
struct Staged {
    name: Vec<u8>,
    path: PathBuf,
    id: ObjectId,
    /// What `HEAD` has there.
    before: Option<ObjectId>,
}

/// Scans what is wanted of the index, or of the one at `other`; whether it adds anything.
pub(super) fn scan(
    history: &History,
    other: Option<&Path>,
    job: &Job<'_>,
    is_wanted: &dyn Fn(&[u8]) -> bool,
) -> Result<bool, Error> {
    let (mut staged, deleted) = changed(history, other, job)?;
    staged.retain(|file| is_wanted(&file.name));
    let added = staged.par_iter().filter(|file| one(history, file, &deleted, job)).count();
    Ok(added > 0)
}

/// The files that differ in the index, or in the one at `other`, from those of `HEAD`.
pub(super) fn paths(history: &History, other: Option<&Path>, job: &Job<'_>) -> Result<HashSet<Vec<u8>>, Error> {
    let reader = Reader::new(history, job);
    let Some(file) = index(history, &reader, other)? else { return Ok(HashSet::new()) };
    let (staged, _) = differing(history, &file, &mut Head::new(&reader));
    Ok(staged.into_iter().map(|file| file.name).collect())
}

/// The index, or the one at `other`; `None` if there is none yet.
pub(super) fn index(history: &History, reader: &Reader<'_, '_>, other: Option<&Path>) -> Result<Option<gix::index::File>, Error> {
    let own = reader.repository.git_dir().join("index");
    let path = other.unwrap_or(&own);
    if fs::symlink_metadata(path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let file = gix::index::File::at(path, history.hash, false, gix::index::decode::Options::default());
    file.map(Some).map_err(|e| Error::Open { path: path.to_path_buf(), why: e.to_string() })
}

/// Adds the ranges of entries whose folders are the same in `HEAD`, as the index says itself: git commits what it says there.
fn unchanged(
    file: &gix::index::File,
    tree: &gix::index::extension::Tree,
    (folder, head): (&[u8], &mut Head<'_, '_, '_>),
    same: &mut Vec<Range<usize>>,
) {
    let path = if folder.is_empty() { tree.name.to_vec() } else { [folder, b"/", &tree.name[..]].concat() };
    let known = if path.is_empty() { head.tree } else { head.blob(&path) };
    if tree.num_entries.is_some() && known == Some(tree.id) {
        // Not by the number that stands there, which may be wrong.
        let prefix = if path.is_empty() { path } else { [&path[..], b"/"].concat() };
        let name = |entry: &gix::index::Entry| entry.path_in(file.path_backing()).to_vec();
        let start = file.entries().partition_point(|entry| name(entry) < prefix);
        let end = file.entries().partition_point(|entry| name(entry) < prefix || name(entry).starts_with(&prefix));
        same.push(start..end);
        return;
    }
    for child in &tree.children {
        unchanged(file, child, (&path, &mut *head), same);
    }
}

/// What the index has and `HEAD` has not, and blobs of files that `HEAD` has and the index has not.
fn changed(history: &History, other: Option<&Path>, job: &Job<'_>) -> Result<(Vec<Staged>, Vec<ObjectId>), Error> {
    let reader = Reader::new(history, job);
    let Some(file) = index(history, &reader, other)? else { return Ok((Vec::new(), Vec::new())) };
    let mut head = Head::new(&reader);
    let (mut out, modules) = differing(history, &file, &mut head);
    if modules > 0 {
        job.issues.note(IssueKind::GitObjects, &Place::File(&history.shown), coverage::submodules(modules));
    }
    let mut deleted = Vec::new();
    if out.iter().any(|file| file.before.is_none()) {
        let known = head.all();
        out.retain(|file| !known.contains_key(&file.id));
        let names: HashSet<&[u8]> = file.entries().iter().map(|entry| &**entry.path_in(file.path_backing())).collect();
        deleted.extend(known.iter().filter(|(_, path)| !names.contains(&path[..])).map(|(id, _)| *id));
        deleted.sort_unstable();
    }
    Ok((out, deleted))
}

/// The blobs that an index has and `HEAD` has not under their paths, and how many submodules differ.
fn differing(history: &History, file: &gix::index::File, head: &mut Head<'_, '_, '_>) -> (Vec<Staged>, usize) {
    let mut out = Vec::new();
    let mut same = Vec::new();
    file.tree().into_iter().for_each(|tree| unchanged(file, tree, (b"", &mut *head), &mut same));
    same.sort_unstable_by_key(|range| range.start);
    let mut same = same.into_iter().peekable();
    let mut modules = 0;
    for (index, entry) in file.entries().iter().enumerate() {
        while same.next_if(|range: &Range<usize>| range.end <= index).is_some() {}
        if same.peek().is_some_and(|range| range.contains(&index)) {
            continue;
        }
        let name = entry.path_in(file.path_backing());
        if entry.mode == Mode::DIR {
            folder(history, &mut *head, (name, entry.id), &mut out);
            continue;
        }
        modules += usize::from(entry.mode == Mode::COMMIT && head.blob(name) != Some(entry.id));
        let blob = matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE | Mode::SYMLINK);
        // Intent to add: the name is in the index, the content is not. Of a conflict all sides are there, and each is looked at.
        if !blob || entry.flags.contains(Flags::INTENT_TO_ADD) {
            continue;
        }
        let before = head.blob(name);
        if before != Some(entry.id) {
            out.push(Staged { name: name.to_vec(), path: history.shown_path(name), id: entry.id, before });
        }
    }
    (out, modules)
}

/// A folder of a sparse index, which stands for all that is in it: that is looked at if `HEAD` has another one there.
fn folder(history: &History, head: &mut Head<'_, '_, '_>, (name, id): (&[u8], ObjectId), out: &mut Vec<Staged>) {
    let name = name.strip_suffix(b"/").unwrap_or(name);
    if head.blob(name) == Some(id) {
        return;
    }
    let mut found = Vec::new();
    head.reader.tree(id, &mut HashSet::new(), &mut |id, path| found.push((id, [name, b"/", path].concat())));
    for (id, path) in found {
        let before = head.blob(&path);
        if before != Some(id) {
            out.push(Staged { path: history.shown_path(&path), name: path, id, before });
        }
    }
}

/// Scans the new lines of a file; whether there are any.
fn one(history: &History, file: &Staged, deleted: &[ObjectId], job: &Job<'_>) -> bool {
    let reader = Reader::new(history, job);
    // What cannot be read may add anything.
    let Some(bytes) = reader.object(file.id, Kind::Blob) else { return true };
    // A new file may be an old one under another name.
    let before = match file.before {
        Some(id) => reader.object(id, Kind::Blob),
        None => source(&reader, deleted, &bytes),
    };
    let before: Vec<Vec<u8>> = before.into_iter().collect();
    let place = Place::File(&file.path);
    if bytes.starts_with(coverage::LFS) {
        job.issues.note(IssueKind::GitObjects, &place, "large files kept by git LFS are not scanned: this is a pointer to one");
    }
    let ranges = new_lines(&before, &bytes);
    if ranges.is_empty() {
        return false;
    }
    job.with_worker(|worker| worker.parts(job, &place, &bytes, (&ranges, &before)));
    true
}

/// The tree of `HEAD`, each folder read when it is first asked for.
struct Head<'r, 'h, 'j> {
    reader: &'r Reader<'h, 'j>,
    tree: Option<ObjectId>,
    folders: HashMap<Vec<u8>, HashMap<Vec<u8>, ObjectId>>,
}

impl<'r, 'h, 'j> Head<'r, 'h, 'j> {
    fn new(reader: &'r Reader<'h, 'j>) -> Self {
        let id = reader.repository.head_id().ok().map(gix::Id::detach);
        let tree = id.and_then(|id| reader.commit(id)).map(|(commit, _)| commit.tree);
        Self { reader, tree, folders: HashMap::new() }
    }

    /// What stands under a path.
    fn blob(&mut self, path: &[u8]) -> Option<ObjectId> {
        let (folder, name) = memchr::memrchr(b'/', path).map_or((&b""[..], path), |at| (&path[..at], &path[at + 1..]));
        self.folder(folder)?.get(name).copied()
    }

    fn folder(&mut self, path: &[u8]) -> Option<&HashMap<Vec<u8>, ObjectId>> {
        if !self.folders.contains_key(path) {
            let id = if path.is_empty() { self.tree } else { self.blob(path) };
            let entries = id.map(|id| self.entries(id)).unwrap_or_default();
            self.folders.insert(path.to_vec(), entries);
        }
        self.folders.get(path)
    }

    fn entries(&self, tree: ObjectId) -> HashMap<Vec<u8>, ObjectId> {
        let Some(data) = self.reader.object(tree, Kind::Tree) else { return HashMap::new() };
        let entries = TreeRefIter::from_bytes(&data, self.reader.history.hash).filter_map(Result::ok);
        entries.map(|entry| (entry.filename.to_vec(), entry.oid.to_owned())).collect()
    }

    /// All blobs, each with a path that it stands under.
    fn all(&self) -> HashMap<ObjectId, Vec<u8>> {
        let mut blobs = HashMap::new();
        if let Some(tree) = self.tree {
            self.reader.tree(tree, &mut HashSet::new(), &mut |id, path| {
                blobs.insert(id, path.to_vec());
            });
        }
        blobs
    }
}

impl History {
    /// A path of the repository as it is shown: below the folder that was named.
    pub(super) fn shown_path(&self, path: &[u8]) -> PathBuf {
        let path = Path::new(OsStr::from_bytes(path));
        if self.shown == Path::new(".") { path.to_path_buf() } else { self.shown.join(path) }
    }
}
