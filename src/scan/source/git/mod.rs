//! Scans what git keeps: every object of a repository's database, whether a ref reaches it or not.
//!
//! It must not run git, nor anything a repository names: configuration is not obeyed, alternates are not followed. Start with
//! [`History::open`], then [`History::scan`]; [`History::annotate`] says of findings who committed them and how far
//! they got ([`exposure`]).
//!
//! The packs are walked along their delta trees, each object inflated once, on all cores ([`pack`]): first commits and trees ([`graph`]),
//! so that every blob that refs reach has the path and the commit it was first seen under before it is scanned, which rules with
//! conditions on paths need ([`names`]); then all else ([`objects`]).

mod delta;
mod exposure;
mod graph;
mod names;
mod objects;
mod pack;
mod rewrite;
mod staged;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use gix::ObjectId;

use super::super::blob::{Container, Origin, Place};
use super::super::finding::{Committed, Finding, IssueKind};
use super::ignored::Repository;
use super::work::Job;

/// Digits of a commit's id in the name of a place.
const SHORT: usize = 12;

/// An object said to be larger is not unpacked.
const LARGEST: usize = 2 << 30;

/// Why a repository cannot be scanned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("{} is no git repository", .0.display())]
    NoRepository(PathBuf),
    /// There is one that cannot be opened.
    #[error("the git repository at {} cannot be opened: {why}", path.display())]
    Open {
        /// Where it is.
        path: PathBuf,
        /// Git's words.
        why: String,
    },
}

/// A repository whose history is scanned.
pub struct History {
    repository: gix::ThreadSafeRepository,
    hash: gix::hash::Kind,
    /// Where what all work trees share is kept.
    common_dir: PathBuf,
    /// As shown to people.
    shown: PathBuf,
    names: Names,
}

/// What the objects of a repository are called.
#[derive(Default)]
struct Names {
    /// Commits that refs reach, parents before children.
    commits: Vec<Commit>,
    /// For each blob of their trees, the first commit it is in and its path there.
    blobs: HashMap<ObjectId, (u32, Box<[u8]>)>,
    /// Blobs that are in the tree of `HEAD`.
    head: HashSet<ObjectId>,
}

/// A commit.
struct Commit {
    id: ObjectId,
    tree: ObjectId,
    author: String,
    /// Seconds since 1970, as the committer's clock had it.
    time: i64,
}

impl History {
    /// Opens the repository at `path`, or the one whose work tree it lies in.
    ///
    /// # Errors
    /// If there is none, or its configuration or refs cannot be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let is_bare = |dir: &Path| dir.join("objects").is_dir() && dir.join("HEAD").exists();
        let above = || Repository::find(path).map(|r| r.root().to_path_buf()).filter(|_| path.is_dir());
        let root = if is_bare(path) { Some(path.to_path_buf()) } else { above() };
        let Some(root) = root else { return Err(Error::NoRepository(path.to_path_buf())) };
        // A folder of a work tree stands for all of it, under the name of its root.
        let is_root = path.canonicalize().is_ok_and(|path| root.canonicalize().is_ok_and(|root| root == path));
        let shown = if is_root { path.to_path_buf() } else { root.clone() };
        // Nothing of the environment and of the user's configuration, and nothing that could run a program.
        let options = gix::open::Options::isolated();
        let repository = gix::open_opts(&root, options);
        let repository = repository.map_err(|e| Error::Open { path: path.to_path_buf(), why: e.to_string() })?;
        let (hash, common_dir) = (repository.object_hash(), repository.common_dir().to_path_buf());
        Ok(Self { repository: repository.into_sync(), hash, common_dir, shown, names: Names::default() })
    }

    /// Scans all objects.
    pub fn scan(&mut self, job: &Job<'_>) {
        self.note_what_is_not_here(job);
        let packs = objects::packs(self, job);
        self.names = names::read(self, graph::read(self, &packs), job);
        objects::scan(self, &packs, job);
    }

    /// Scans what the next commit would add, by the index or by the one at `other`, as git names it to hooks. Whether it adds anything.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn scan_staged(&self, job: &Job<'_>, other: Option<&Path>) -> Result<bool, Error> {
        staged::scan(self, other, job)
    }

    fn objects_dir(&self) -> PathBuf {
        self.common_dir.join("objects")
    }

    fn place(&self) -> Place<'_> {
        Place::File(&self.shown)
    }

    /// History that was never fetched, and objects kept elsewhere.
    fn note_what_is_not_here(&self, job: &Job<'_>) {
        let common = &self.common_dir;
        let gap = |detail: &str| job.issues.gap(IssueKind::MissingObjects, &self.place(), detail);
        if std::fs::metadata(common.join("shallow")).is_ok_and(|m| m.len() > 0) {
            gap("a shallow clone: older history is not here; `git fetch --unshallow` gets it");
        }
        if self.objects_dir().join("info/alternates").exists() {
            gap("objects in another repository (objects/info/alternates) are not read; scan that one too");
        }
        let packs = std::fs::read_dir(self.objects_dir().join("pack"));
        let promised =
            |e: std::io::Result<std::fs::DirEntry>| e.is_ok_and(|e| e.path().extension().is_some_and(|x| x == "promisor"));
        if packs.is_ok_and(|mut packs| packs.any(promised)) {
            gap("a partial clone: what was not fetched is not read; `git fetch --refetch` without a filter gets it");
        }
    }

    /// How a blob is called: `COMMIT:PATH` after the first commit it is in, or its id if no ref reaches it.
    fn name(&self, blob: &ObjectId) -> String {
        match self.names.blobs.get(blob) {
            Some((commit, path)) => {
                let id = self.names.commits[*commit as usize].id;
                format!("{}:{}", id.to_hex_with_len(SHORT), String::from_utf8_lossy(path))
            }
            None => blob.to_string(),
        }
    }

    /// Says of findings in this repository by which commit they came in and how far they got by `now`, in seconds since 1970. The full
    /// names of all refs that reach any of them come back.
    pub fn annotate(&self, findings: &mut [Finding], now: u64) -> Vec<String> {
        let by_id: HashMap<String, &Commit> =
            self.names.commits.iter().map(|c| (c.id.to_hex_with_len(SHORT).to_string(), c)).collect();
        let mut wanted = HashSet::new();
        let mut occurrences: Vec<_> = findings.iter_mut().flat_map(|f| &mut f.occurrences).collect();
        for occurrence in &occurrences {
            wanted.extend(self.member(&occurrence.origin).map(str::to_owned));
        }
        let in_head: HashSet<String> = self
            .names
            .blobs
            .keys()
            .filter(|id| self.names.head.contains(*id))
            .map(|id| self.name(id))
            .filter(|n| wanted.contains(n))
            .collect();
        for occurrence in &mut occurrences {
            let Some(member) = self.member(&occurrence.origin) else { continue };
            let id = member.split(':').next().unwrap_or_default();
            occurrence.commit = by_id.get(id).map(|commit| Committed {
                id: commit.id.to_string(),
                author: commit.author.clone(),
                time: commit.time,
                in_head: member.contains(':').then(|| in_head.contains(member)),
                blob: None,
                head_path: None,
                paths: Vec::new(),
                path_count: 0,
            });
        }
        exposure::fill(self, findings, now)
    }

    /// The name of the object of this repository that holds a place.
    fn member<'o>(&self, origin: &'o Origin) -> Option<&'o str> {
        match origin {
            Origin::Inside { outer, member, kind: Container::Git } => {
                (**outer == Origin::File(self.shown.clone())).then_some(member)
            }
            Origin::Inside { outer, .. } => self.member(outer),
            _ => None,
        }
    }
}
