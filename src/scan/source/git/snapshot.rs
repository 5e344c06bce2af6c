//! Single files as they are in a commit: configuration that a work tree cannot change.
//!
//! It must not scan. Start with [`Snapshot::of`].

use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::{Kind, TagRef, TreeRefIter};

use super::History;
use super::names::parsed;

/// Larger files are not read.
const LARGEST: usize = 16 << 20;
/// Folders inside of folders.
const DEPTH: usize = 256;
/// Steps back from a commit that a name may ask for, and tags of tags.
const STEPS: usize = 10_000;

/// The tree of a commit.
pub struct Snapshot {
    repository: gix::Repository,
    tree: ObjectId,
    root: PathBuf,
    hash: gix::hash::Kind,
}

impl Snapshot {
    /// The tree of the commit with a name: `HEAD`, a branch, a tag, a remote-tracking ref or an id; behind it `^` or `~N`. `None` if there is none
    /// here.
    #[must_use]
    pub fn of(history: &History, name: &str) -> Option<Self> {
        let repository = history.repository.to_thread_local();
        let end = name.find(['^', '~']).unwrap_or(name.len());
        let (base, steps) = name.split_at(end);
        let mut id = named(&repository, base)?;
        let back = match steps.as_bytes() {
            [] => 0,
            [b'~', digits @ ..] if !digits.is_empty() => std::str::from_utf8(digits).ok()?.parse().ok()?,
            marks if marks.iter().all(|b| *b == b'^') || marks == b"~" => marks.len(),
            _ => return None,
        };
        if back > STEPS {
            return None;
        }
        let mut commit = commit(&repository, &mut id, history.hash)?;
        for _ in 0..back {
            let mut parent = *commit.1.first()?;
            commit = self::commit(&repository, &mut parent, history.hash)?;
        }
        Some(Self { repository, tree: commit.0.tree, root: history.root.clone(), hash: history.hash })
    }

    /// The root of the work tree, or the bare repository itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file, by its path from the root with `/` between its parts. Links are not followed.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        let mut tree = self.tree;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let data = self.object(tree, Kind::Tree)?;
            let mut entries = TreeRefIter::from_bytes(&data, self.hash).filter_map(Result::ok);
            let entry = entries.find(|entry| entry.filename == part.as_bytes())?;
            if parts.peek().is_none() {
                return if entry.mode.is_blob() { self.object(entry.oid.to_owned(), Kind::Blob) } else { None };
            }
            tree = entry.mode.is_tree().then(|| entry.oid.to_owned())?;
        }
        None
    }

    /// The paths of all files of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut waiting = vec![(self.tree, String::new(), 0)];
        while let Some((tree, folder, depth)) = waiting.pop() {
            let Some(data) = self.object(tree, Kind::Tree).filter(|_| depth < DEPTH) else { continue };
            for entry in TreeRefIter::from_bytes(&data, self.hash).filter_map(Result::ok) {
                // A name that is no text cannot be told of.
                let Ok(child) = std::str::from_utf8(entry.filename) else { continue };
                if entry.mode.is_tree() {
                    waiting.push((entry.oid.to_owned(), format!("{folder}{child}/"), depth + 1));
                } else if entry.mode.is_blob() && child == name {
                    found.push(format!("{folder}{child}"));
                }
            }
        }
        found.sort();
        found
    }

    /// A file, or the files of a folder whose names end so, with their paths from the root, sorted.
    #[must_use]
    pub fn texts(&self, path: &str, ending: &str) -> Vec<(String, Vec<u8>)> {
        if let Some(bytes) = self.read(path) {
            return vec![(path.to_owned(), bytes)];
        }
        let mut tree = Some(self.tree);
        for part in path.split('/').filter(|part| !part.is_empty()) {
            tree = tree.and_then(|tree| self.entries(tree)).and_then(|entries| {
                let entry = entries.into_iter().find(|(name, _, is_tree)| *is_tree && name == part)?;
                Some(entry.1)
            });
        }
        let entries = tree.and_then(|tree| self.entries(tree)).unwrap_or_default();
        let files = entries.into_iter().filter(|(name, _, is_tree)| !is_tree && name.ends_with(ending));
        let mut texts: Vec<_> =
            files.filter_map(|(name, id, _)| Some((format!("{path}/{name}"), self.object(id, Kind::Blob)?))).collect();
        texts.sort();
        texts
    }

    /// The files and folders of a tree: name, id, and whether it is a folder.
    fn entries(&self, tree: ObjectId) -> Option<Vec<(String, ObjectId, bool)>> {
        let data = self.object(tree, Kind::Tree)?;
        let entries = TreeRefIter::from_bytes(&data, self.hash).filter_map(Result::ok);
        let plain = entries.filter(|entry| entry.mode.is_tree() || entry.mode.is_blob());
        let named =
            plain.filter_map(|e| Some((std::str::from_utf8(e.filename).ok()?.to_owned(), e.oid.to_owned(), e.mode.is_tree())));
        Some(named.collect())
    }

    fn object(&self, id: ObjectId, kind: Kind) -> Option<Vec<u8>> {
        let header = self.repository.find_header(id).ok().filter(|header| header.kind() == kind)?;
        if header.size() > LARGEST as u64 {
            return None;
        }
        Some(self.repository.find_object(id).ok()?.detach().data)
    }
}

impl History {
    /// Does a ref of this name lead to what is checked out?
    #[must_use]
    pub fn is_head(&self, name: &str) -> bool {
        let repository = self.repository.to_thread_local();
        let id = named(&repository, name);
        id.is_some() && id == repository.head_id().ok().map(gix::Id::detach)
    }
}

fn named(repository: &gix::Repository, name: &str) -> Option<ObjectId> {
    if name == "HEAD" || name == "@" {
        return repository.head_id().ok().map(gix::Id::detach);
    }
    if let Ok(id) = ObjectId::from_hex(name.as_bytes()) {
        return Some(id);
    }
    let is_plain = !name.is_empty() && !name.starts_with(['-', '/']) && !name.contains("..");
    let reference = |folder: &&str| {
        let mut reference = repository.try_find_reference(&format!("{folder}{name}")).ok()??;
        Some(reference.follow_to_object().ok()?.detach())
    };
    ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].iter().filter(|_| is_plain).find_map(reference)
}

/// The commit with an id, or that a tag with this id means.
fn commit(repository: &gix::Repository, id: &mut ObjectId, hash: gix::hash::Kind) -> Option<(super::Commit, Vec<ObjectId>)> {
    for _ in 0..STEPS {
        let object = repository.find_object(*id).ok()?;
        match object.kind {
            Kind::Commit => return parsed(*id, &object.data, hash),
            Kind::Tag => *id = ObjectId::from_hex(TagRef::from_bytes(&object.data, hash).ok()?.target).ok()?,
            Kind::Tree | Kind::Blob => return None,
        }
    }
    None
}
