//! Scans what git keeps: every object of a repository's database, whether a ref reaches it or not.
//!
//! It must not run git, nor anything a repository names: configuration is not obeyed, alternates are followed only inside what is allowed
//! ([`store`]). Start with [`History::open`], then [`History::scan`]; [`History::annotate`] says of findings who committed them and
//! how far they got ([`exposure`]).
//!
//! The packs are walked along their delta trees, each object inflated once, on all cores ([`pack`]): first commits and trees ([`graph`]),
//! so that every blob that refs reach has the path and the commit it was first seen under before it is scanned, which rules with
//! conditions on paths need ([`names`]); then all else ([`objects`]). Names and texts that are no objects
//! follow ([`texts`]), and what was not read is told ([`coverage`]). [`Narrow`] chooses a part. Commits that came in, as a push or a range
//! tells them, are scanned for their new lines ([`range`], [`changes`]).

mod cache;
mod changes;
mod coverage;
mod delta;
mod exposure;
mod graph;
mod names;
mod narrow;
mod objects;
mod pack;
mod paths;
mod plain;
mod range;
mod rewrite;
mod snapshot;
mod staged;
mod store;
mod texts;
mod worktree;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;
use gix::odb::store::init::Slots;

use self::cache::Cache;
pub use self::cache::Keep;
use self::cache::audit::{self, State};
pub use self::narrow::{Narrow, since};
pub use self::range::{Added, range};
pub use self::snapshot::Snapshot;
use super::super::blob::{Container, Origin, Place};
use super::super::finding::{Committed, Finding, IssueKind};
use super::ignored::Repository;
use super::work::Job;
use crate::base::text::without_tokens;

/// Digits of a commit's id in the name of a place.
const SHORT: usize = 12;

/// What helps where objects are missing or broken.
const HINT: &str = "`git fsck` tells more, and a new clone may have it";

/// An object said to be larger is not unpacked.
const LARGEST: usize = 1 << 30;

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
    /// What was asked for is not in it.
    #[error("{why} (in {})", path.display())]
    Asked {
        /// Where it is.
        path: PathBuf,
        /// What is not there.
        why: String,
    },
}

/// A repository whose history is scanned.
pub struct History {
    repository: gix::ThreadSafeRepository,
    hash: gix::hash::Kind,
    /// The work tree, or a bare repository itself.
    root: PathBuf,
    /// Where its objects are.
    folders: store::Folders,
    /// What is asked for.
    narrow: Narrow,
    /// And which objects that are.
    selection: Option<narrow::Selection>,
    /// Blobs that stand for large files.
    pointers: AtomicU64,
    /// Blobs that no tree names.
    nameless: AtomicU64,
    /// Objects of which it was told that they cannot be read.
    told: Mutex<HashSet<ObjectId>>,
    /// Where what all work trees share is kept.
    common_dir: PathBuf,
    /// As shown to people.
    shown: PathBuf,
    /// Commits and trees, kept for who asks how far a secret got.
    graph: graph::Graph,
    names: Names,
    /// Where verdicts are kept, if they are.
    keep: Option<Result<Keep, String>>,
    cache: Option<Cache>,
}

/// What the objects of a repository are called.
#[derive(Default)]
struct Names {
    /// Commits that refs reach, parents before children, then those that none does; then trees that no commit names, as if they were one.
    commits: Vec<Commit>,
    /// How many of them refs reach, and how many are commits.
    reached: usize,
    real: usize,
    /// For each blob of their trees, the first of them it is in and its path there.
    blobs: HashMap<ObjectId, (u32, Box<[u8]>)>,
    /// Paths of theirs that mean something else.
    others: Vec<paths::Other>,
    /// Blobs that are in the tree of `HEAD`.
    head: HashSet<ObjectId>,
    /// Paths of the blobs that are in the index and in no tree.
    staged: HashMap<ObjectId, Box<[u8]>>,
}

impl Names {
    /// Commits that refs reach.
    fn reached(&self) -> &[Commit] {
        &self.commits[..self.reached]
    }

    /// All that are commits.
    fn real(&self) -> &[Commit] {
        &self.commits[..self.real]
    }

    /// The path that a blob has.
    fn path(&self, blob: &gix::oid) -> Option<&[u8]> {
        let path = self.blobs.get(blob).map(|(_, path)| path);
        path.or_else(|| self.staged.get(blob)).map(|path| &**path)
    }
}

/// A commit.
#[derive(Clone)]
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
        Self::open_allowing(path, &[])
    }

    /// The same, and objects borrowed from other repositories (alternates) are read if they lie in one of these folders.
    ///
    /// # Errors
    /// As [`History::open`].
    pub fn open_allowing(path: &Path, alternates: &[PathBuf]) -> Result<Self, Error> {
        Self::open_with(path, alternates, &[])
    }

    /// The same, and objects are read in these folders, too, which git named to a hook.
    ///
    /// # Errors
    /// As [`History::open`].
    pub fn open_with(path: &Path, alternates: &[PathBuf], objects: &[PathBuf]) -> Result<Self, Error> {
        let is_bare = |dir: &Path| dir.join("objects").is_dir() && dir.join("HEAD").exists();
        let above = || Repository::find(path).map(|r| r.root().to_path_buf()).filter(|_| path.is_dir());
        let root = if is_bare(path) { Some(path.to_path_buf()) } else { above() };
        let Some(mut root) = root else { return Err(Error::NoRepository(path.to_path_buf())) };
        // Hooks run inside of it, and there its own name tells that it is none of a bare repository.
        if root == Path::new(".")
            && let Ok(real) = root.canonicalize()
            && real.ends_with(".git")
        {
            root = real;
        }
        // A folder of a work tree stands for all of it, under the name of its root.
        let is_root = path.canonicalize().is_ok_and(|path| root.canonicalize().is_ok_and(|root| root == path));
        let shown = if is_root { path.to_path_buf() } else { above_here(&root).unwrap_or_else(|| root.clone()) };
        let failed = |why: String| Error::Open { path: path.to_path_buf(), why };
        let plain = |found: Option<PathBuf>| found.map_or(Ok(()), |path| Err(failed(not_plain(&path))));
        plain(plain::strange(&root))?;
        // Nothing of the environment and of the user's configuration, and nothing that could run a program.
        let options = gix::open::Options::isolated().config_overrides(["core.useReplaceRefs=false"]);
        // Its objects are looked for in a store made here, below.
        let repository = gix::open_opts(&root, options.object_store_slots(Slots::Given(1)));
        let repository = repository.map_err(|e| failed(e.to_string()))?;
        let (hash, common_dir) = (repository.object_hash(), repository.common_dir().to_path_buf());
        let mut repository = repository.into_sync();
        let allowed: Vec<PathBuf> = alternates.iter().chain([&root]).filter_map(|dir| dir.canonicalize().ok()).collect();
        inside(&repository, &allowed).map_err(&failed)?;
        let mut folders = store::Folders::of(&common_dir.join("objects"), &allowed);
        folders.add(objects);
        plain(folders.all[1..].iter().find_map(|folder| plain::strange_objects(folder)))?;
        repository.objects = folders.store(hash).map_err(|e| failed(e.to_string()))?;
        let (names, narrow, pointers, nameless, told) = Default::default();
        let graph = graph::Graph::default();
        let (selection, keep, cache) = (None, None, None);
        Ok(Self {
            repository,
            hash,
            root,
            folders,
            narrow,
            selection,
            pointers,
            nameless,
            told,
            common_dir,
            shown,
            graph,
            names,
            keep,
            cache,
        })
    }

    /// Is this folder where the repository keeps what it is?
    #[must_use]
    pub fn is_at(&self, git_dir: &Path) -> bool {
        let own = self.repository.to_thread_local().git_dir().canonicalize();
        own.is_ok_and(|own| git_dir.canonicalize().is_ok_and(|other| own == other))
    }

    /// Why the history is not the whole one; empty if it is: shallow and partial clones, grafts.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        coverage::missing(self)
    }

    /// Shows paths as if its work tree were the current folder, as it is in hooks of a repository that lies elsewhere.
    pub fn show_as_here(&mut self) {
        self.shown = PathBuf::from(".");
    }

    /// From now on [`History::scan`] uses the verdicts of scans before, and keeps its own.
    pub fn keep_verdicts(&mut self, keep: Result<Keep, String>) {
        self.keep = Some(keep);
    }

    /// Scans all objects, or those that are asked for.
    ///
    /// # Errors
    /// If what is asked for is not in the repository.
    pub fn scan(&mut self, job: &Job<'_>, narrow: &Narrow) -> Result<(), Error> {
        self.narrow = narrow.clone();
        coverage::before(self, job);
        let mut cache = self.keep.as_ref().filter(|_| !narrow.dry_run).and_then(|keep| match keep {
            Ok(keep) => Cache::open(self, keep, job),
            Err(why) => {
                job.issues.note(IssueKind::Configuration, &self.place(), format!("no cache of verdicts is kept: {why}"));
                None
            }
        });
        let is_told = cache.as_mut().filter(|_| !narrow.is_narrow()).is_some_and(|cache| audit::begin(self, cache, job));
        cache.iter_mut().filter(|_| !is_told).for_each(|cache| cache.load(self, job));
        self.cache = cache;
        if is_told {
            coverage::packs(self, job);
            return Ok(());
        }
        let packs = objects::packs(self, job);
        let mut graph = graph::read(self, &packs.all);
        let (names, tree_names) = names::read(self, &mut graph, job);
        (self.names, self.graph) = (names, graph);
        if narrow.is_narrow() {
            let selection = narrow::select(self, job);
            self.selection = Some(selection.map_err(|why| Error::Asked { path: self.shown.clone(), why })?);
        }
        objects::scan(self, packs, job);
        objects::scan_others(self, job);
        if narrow.dry_run {
            job.issues.gap(IssueKind::GitObjects, &self.place(), "a dry run: its objects were read, and nothing was scanned");
            return Ok(());
        }
        texts::scan(self, job);
        let links = tree_names.links.clone();
        let named = texts::scan_tree_names(self, job, tree_names);
        let told = coverage::after(self, &links);
        told.tell(self, job);
        coverage::large_files(self, job);
        coverage::packs(self, job);
        self.selection.iter().for_each(|selection| selection.tell(self, job));
        if let Some(mut cache) = self.cache.take() {
            cache.store(self, job);
            audit::scanned(self, &mut cache, job, told, named);
            self.cache = Some(cache);
        }
        Ok(())
    }

    /// Is an object asked for? To be called once of each, with what it holds.
    fn takes(&self, kind: Kind, id: &gix::oid, data: &[u8]) -> bool {
        let takes = kind == Kind::Tree || self.selection.as_ref().is_none_or(|selection| selection.takes(id));
        if takes && kind == Kind::Blob && data.starts_with(coverage::LFS) {
            self.pointers.fetch_add(1, Ordering::Relaxed);
        }
        if takes && kind == Kind::Blob && self.names.path(id).is_none() {
            self.nameless.fetch_add(1, Ordering::Relaxed);
        }
        takes
    }

    /// Trees that are asked for.
    fn selected_trees(&self) -> &[narrow::SelectedTree] {
        self.selection.as_ref().map_or(&[], |selection| &selection.trees)
    }

    /// Is something to be told of an object for the first time? Several ask for what is not there.
    fn is_untold(&self, id: ObjectId) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }

    /// Was nothing chosen of what there is?
    #[must_use]
    pub fn is_nothing_chosen(&self) -> bool {
        self.selection.as_ref().is_some_and(narrow::Selection::is_empty)
    }

    /// A file of the repository's own as it is shown: below the folder that was named.
    fn shown_file(&self, path: &Path) -> PathBuf {
        let Ok(rest) = path.strip_prefix(&self.root) else { return path.to_path_buf() };
        if self.shown == Path::new(".") { rest.to_path_buf() } else { self.shown.join(rest) }
    }

    /// Scans what the next commit would add, by the index or by the one at `other`, as git names it to hooks. Whether it adds anything.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn scan_staged(&self, job: &Job<'_>, other: Option<&Path>) -> Result<bool, Error> {
        coverage::unread(self, job);
        staged::scan(self, other, job, &|_| true)
    }

    /// The same of some files only, by their paths from the top of the work tree.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn scan_staged_of(&self, job: &Job<'_>, other: Option<&Path>, paths: &HashSet<Vec<u8>>) -> Result<bool, Error> {
        coverage::unread(self, job);
        staged::scan(self, other, job, &|path| paths.contains(path))
    }

    /// Paths of the files that the index has and `HEAD` has not, or has otherwise.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn staged_paths(&self, job: &Job<'_>, other: Option<&Path>) -> Result<HashSet<Vec<u8>>, Error> {
        staged::paths(self, other, job)
    }

    /// Scans what the work tree has and the index has not: new lines of tracked files, and untracked files that are not ignored. Whether
    /// there is anything.
    ///
    /// # Errors
    /// If there is no work tree, or the index cannot be read.
    pub fn scan_worktree(&self, job: &Job<'_>, other: Option<&Path>) -> Result<bool, Error> {
        coverage::unread(self, job);
        worktree::scan(self, other, job)
    }

    /// Scans what came in by some commits: lines that no parent has, and messages. Whether there is anything.
    ///
    /// # Errors
    /// If what is asked for is not in the repository.
    pub fn scan_added(&mut self, job: &Job<'_>, added: &Added) -> Result<bool, Error> {
        coverage::unread(self, job);
        let found = range::scan(self, added, job).map_err(|why| Error::Asked { path: self.shown.clone(), why })?;
        self.names = found;
        Ok(!self.names.commits.is_empty())
    }

    fn place(&self) -> Place<'_> {
        Place::File(&self.shown)
    }

    /// How a blob is called: `COMMIT:PATH` after the first commit it is in, or `TREE:PATH`; git's name for what is only in the index,
    /// `:PATH`; its id if no tree names it.
    fn name(&self, blob: &ObjectId) -> String {
        match self.names.blobs.get(blob) {
            Some((commit, path)) => self.name_in(*commit, path),
            None => match self.names.staged.get(blob) {
                Some(path) => format!(":{}", String::from_utf8_lossy(path)),
                None => blob.to_string(),
            },
        }
    }

    /// How what lies at a path is called in the commit with a number.
    fn name_in(&self, commit: u32, path: &[u8]) -> String {
        format!("{}:{}", self.names.commits[commit as usize].id.to_hex_with_len(SHORT), String::from_utf8_lossy(path))
    }

    /// Says of findings in this repository by which commit they came in and how far they got by `now`, in seconds since 1970. The full
    /// names of all refs that reach any of them come back.
    pub fn annotate(&mut self, findings: &mut [Finding], now: u64) -> Vec<String> {
        let others: Vec<_> = findings.iter_mut().map(|finding| finding.exposure.take()).collect();
        let mut cache = self.cache.take();
        let refs = match cache.as_mut().and_then(|cache| cache.audit.take()) {
            Some(State::Replayed(draft)) => {
                draft.fill(self, findings, now);
                Vec::new()
            }
            Some(State::Scanned(mut draft)) => {
                let refs = self.say(findings, now);
                draft.keep(self, findings);
                cache.iter().for_each(|cache| audit::finish(self, cache, &draft));
                refs
            }
            _ => self.say(findings, now),
        };
        for (finding, other) in findings.iter_mut().zip(others) {
            // In another repository, it has gone as far as that says.
            finding.exposure = match (other, finding.exposure.take()) {
                (Some(mut one), Some(more)) => {
                    one.join(more);
                    Some(one)
                }
                (one, more) => one.or(more),
            };
        }
        refs
    }

    fn say(&mut self, findings: &mut [Finding], now: u64) -> Vec<String> {
        let by_id: HashMap<String, &Commit> =
            self.names.real().iter().map(|c| (c.id.to_hex_with_len(SHORT).to_string(), c)).collect();
        let mut wanted = HashSet::new();
        let mut occurrences: Vec<_> = findings.iter_mut().flat_map(|f| &mut f.occurrences).collect();
        for occurrence in &occurrences {
            wanted.extend(self.member(&occurrence.origin).map(str::to_owned));
        }
        let others = self.names.others.iter().map(|other| (other.id, self.name_in(other.commit, &other.path)));
        let named = self.names.head.iter().map(|id| (*id, self.name(id))).chain(others);
        let in_head: HashSet<String> =
            named.filter(|(id, name)| self.names.head.contains(id) && wanted.contains(name)).map(|(_, name)| name).collect();
        for occurrence in &mut occurrences {
            let Some(member) = self.member(&occurrence.origin) else { continue };
            let id = member.split(':').next().unwrap_or_default();
            occurrence.commit = by_id.get(id).map(|commit| Committed {
                id: commit.id.to_string(),
                author: commit.author.clone(),
                time: commit.time,
                in_head: is_blob(member).then(|| in_head.contains(member)),
                blob: None,
                head_path: None,
                paths: Vec::new(),
                path_count: 0,
            });
        }
        let graph = std::mem::take(&mut self.graph);
        exposure::fill(self, graph, findings, now)
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

/// Are the objects of a repository its own? A repository from elsewhere must not lead to those of others.
fn inside(repository: &gix::ThreadSafeRepository, allowed: &[PathBuf]) -> Result<(), String> {
    let repository = repository.to_thread_local();
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let (git_dir, common) = (real(repository.git_dir()), real(repository.common_dir()));
    // A linked work tree has a folder of its own in that of the repository.
    if !git_dir.starts_with(&common) {
        return Err("its commondir leads to another repository: name that one".to_owned());
    }
    let objects = common.join("objects");
    let links = std::fs::read_dir(&objects).into_iter().flatten().filter_map(Result::ok);
    let links = links.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink())).map(|entry| entry.path());
    let is_own = |path: &Path| path.starts_with(&common) || allowed.iter().any(|root| path.starts_with(root));
    match std::iter::once(objects.clone()).chain(links).map(|path| real(&path)).all(|path| is_own(&path)) {
        true => Ok(()),
        false => {
            Err("its objects lie in another repository (a symbolic link): `--allow-alternates DIR` allows a folder".to_owned())
        }
    }
}

/// The way from the current folder up to a root above it.
fn above_here(root: &Path) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?.canonicalize().ok()?;
    let below = here.strip_prefix(root.canonicalize().ok()?).ok()?.components().count();
    Some(if below == 0 { PathBuf::from(".") } else { std::iter::repeat_n("..", below).collect() })
}

/// Says of a file that it is none.
fn not_plain(path: &Path) -> String {
    format!("{} is no file: a pipe or a device there would never end", without_tokens(&path.to_string_lossy()))
}

/// Is this the name of a blob, and not of a message or of a folder?
fn is_blob(member: &str) -> bool {
    member.contains(':') && !member.ends_with([':', '/'])
}
