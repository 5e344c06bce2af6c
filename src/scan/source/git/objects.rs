//! Every object of a database, each once: packs along their delta trees, then loose ones.
//!
//! It must not know names. Start with [`scan`]. A blob that was made from another one is scanned for what is new in it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;
use rayon::prelude::*;

use super::cache::path_of;
use super::coverage::LFS;
use super::pack::{Pack, Visit};
use super::{HINT, History, SHORT, store};
use crate::scan::blob::{Container, Place};
use crate::scan::engine::carry::{Record, Segment};
use crate::scan::finding::IssueKind;
use crate::scan::source::work::Job;

/// How often packs that came meanwhile are looked for.
const ROUNDS: usize = 100;

/// The packs of a database.
#[derive(Default)]
pub(super) struct Packs {
    pub(super) all: Vec<Pack>,
    /// Their indexes, and those of packs that could not be opened.
    known: HashSet<PathBuf>,
}

impl Packs {
    /// Opens the packs that are not among those known; whether there are or were any.
    fn open_new(&mut self, history: &History, job: &Job<'_>) -> bool {
        let first = self.all.len();
        let mut vanished = false;
        for index in history.folders.all.iter().flat_map(|folder| indexes(&folder.join("pack"), job)) {
            if !self.known.insert(index.clone()) {
                continue;
            }
            match Pack::open(&index, history.hash) {
                Ok(pack) => {
                    if !pack.is_whole() {
                        let detail = "the checksum of a pack is not the one its index names: it is cut short or damaged; a new clone may be whole";
                        job.issues.gap(IssueKind::Malformed, &Place::File(pack.path()), detail);
                    }
                    self.all.push(pack);
                }
                Err(_) if is_gone(&index) => vanished = true,
                Err(error) => {
                    let detail = format!("a pack that cannot be opened: {error}");
                    job.issues.gap(IssueKind::Malformed, &Place::File(&index), detail);
                }
            }
        }
        vanished || self.all.len() > first
    }
}

/// Opens all packs.
pub(super) fn packs(history: &History, job: &Job<'_>) -> Packs {
    let mut packs = Packs::default();
    for _ in 0..ROUNDS {
        if !packs.open_new(history, job) {
            break;
        }
    }
    packs
}

/// Scans all objects.
pub(super) fn scan(history: &History, mut packs: Packs, job: &Job<'_>) {
    let loose = history.folders.all.iter().flat_map(|folder| store::loose(folder).0).collect();
    let mut walk = Walk { history, job, packs: std::mem::take(&mut packs.all), loose, lost: Mutex::default() };
    (0..walk.packs.len()).for_each(|at| walk.pack(at));
    history.folders.all.iter().for_each(|folder| walk.loose(folder));
    // A repository that is packed anew meanwhile has new packs before it loses what is in them.
    for _ in 0..ROUNDS {
        if !packs.open_new(history, job) {
            return;
        }
        let first = walk.packs.len();
        walk.packs.append(&mut packs.all);
        (first..walk.packs.len()).for_each(|at| walk.pack(at));
    }
    let detail = "packs come and go faster than they can be read; scan it again when nothing writes to it";
    job.issues.gap(IssueKind::Vanished, &history.place(), detail);
}

/// Scans blobs under those of their paths that mean something else than the first.
pub(super) fn scan_others(history: &History, job: &Job<'_>) {
    if history.narrow.dry_run {
        return;
    }
    let wanted = |id: &gix::oid| history.selection.as_ref().is_none_or(|selection| selection.has(id));
    let others = history.names.others.par_iter().filter(|other| wanted(&other.id));
    others.for_each_init(
        || history.repository.to_thread_local(),
        |repository, other| {
            if history.cache.as_ref().is_some_and(|cache| cache.passes(job, &other.id, &other.path)) {
                return;
            }
            // What cannot be read was told by its first name.
            let Ok(object) = repository.find_object(other.id) else { return };
            let name = history.name_in(other.commit, &other.path);
            let (_, members) = look(history, job, (object.kind, &name, &object.data), None);
            if let Some(cache) = history.cache.as_ref().filter(|_| !object.data.starts_with(LFS)) {
                cache.scanned(job, (object.kind, &other.id, &name), Some(&other.path), (object.data.len(), members));
            }
        },
    );
}

/// The index of each pack.
fn indexes(folder: &Path, job: &Job<'_>) -> Vec<PathBuf> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                job.unreadable(&Place::File(folder), &error);
            }
            return Vec::new();
        }
    };
    let mut all: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    all.retain(|path| path.extension().is_some_and(|x| x == "idx"));
    all.sort();
    all
}

/// Was a pack taken away meanwhile, or not there yet? Git gives new ones a name with a dot until they are whole.
fn is_gone(index: &Path) -> bool {
    let is_new = index.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !index.exists() || is_new && !index.with_extension("pack").exists()
}

struct Walk<'h, 'j> {
    history: &'h History,
    job: &'h Job<'j>,
    packs: Vec<Pack>,
    /// Objects that lie in files of their own.
    loose: HashSet<ObjectId>,
    /// What could not be read in a pack that has it, or is not what its id says.
    lost: Mutex<HashSet<ObjectId>>,
}

/// What is known of a blob when its deltas come.
struct Known {
    record: Record,
    path: Option<Box<str>>,
}

/// Scans the objects of the pack with a number.
struct Scan<'w, 'h, 'j>(&'w Walk<'h, 'j>, usize);

impl Visit for Scan<'_, '_, '_> {
    type State = Option<Known>;

    fn object(&self, id: &gix::oid, kind: Kind, bytes: &[u8], base: Option<(&Option<Known>, &[Segment])>) -> Option<Known> {
        let Self(walk, number) = *self;
        if walk.is_known(id, number) {
            return None;
        }
        let base = base.and_then(|(known, segments)| Some((known.as_ref()?, segments)));
        walk.verify((id, number), kind, bytes);
        if walk.is_clean(id) {
            return None;
        }
        walk.object(kind, id, bytes, base)
    }

    fn passes_any(&self) -> bool {
        self.0.history.cache.as_ref().is_some_and(super::cache::Cache::knows_any)
    }

    fn passes(&self, id: &gix::oid) -> bool {
        let Self(walk, number) = *self;
        walk.is_known(id, number) || walk.passes(id)
    }
}

impl Walk<'_, '_> {
    /// Scans the objects of a pack.
    fn pack(&self, number: usize) {
        let pack = &self.packs[number];
        let failed = pack.walk(&[Kind::Blob, Kind::Commit, Kind::Tag], true, &Scan(self, number));
        let mut unread = 0;
        let repository = self.history.repository.to_thread_local();
        for id in failed {
            // A delta of what is in another pack, or there is another copy.
            match repository.find_object(id) {
                Ok(object) if !self.is_known(&id, number) => drop(self.object(object.kind, &id, &object.data, None)),
                Ok(_) => {}
                Err(_) => {
                    self.lost.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
                    unread += 1;
                }
            }
        }
        if unread > 0 {
            let detail = format!("{unread} of the {} objects of a pack cannot be read; {HINT}", pack.len());
            self.job.issues.gap(IssueKind::Malformed, &Place::File(pack.path()), detail);
        }
    }

    /// Where there is another copy of an object, the first one stands for it only if it is what its id says: an index may lie.
    fn verify(&self, (id, number): (&gix::oid, usize), kind: Kind, bytes: &[u8]) {
        let has_other = || self.packs[number + 1..].iter().any(|pack| pack.has(id)) || self.loose.contains(id);
        if (number + 1 < self.packs.len() || !self.loose.is_empty())
            && has_other()
            && !gix::objs::compute_hash(self.history.hash, kind, bytes).is_ok_and(|real| *real == *id)
            && self.lost.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned())
        {
            let detail = format!("{id}: an object of a pack that holds something else than its id says");
            self.job.issues.gap(IssueKind::Malformed, &Place::File(self.packs[number].path()), detail);
        }
    }

    /// Was an object scanned in one of the packs before this number?
    fn is_known(&self, id: &gix::oid, number: usize) -> bool {
        let lost = || self.lost.lock().unwrap_or_else(PoisonError::into_inner).contains(id);
        self.packs[..number].iter().any(|pack| pack.has(id)) && !lost()
    }

    /// Did an earlier scan find nothing in an object?
    fn is_clean(&self, id: &gix::oid) -> bool {
        let path = || path_of(self.history, &id.to_owned());
        self.is_wanted(id) && self.history.cache.as_ref().is_some_and(|cache| cache.knows_any() && cache.knows(id, path()))
    }

    fn is_wanted(&self, id: &gix::oid) -> bool {
        self.history.selection.as_ref().is_none_or(|selection| selection.has(id))
    }

    /// The same, and it counts as scanned then.
    fn passes(&self, id: &gix::oid) -> bool {
        let Some(cache) = self.history.cache.as_ref().filter(|cache| cache.knows_any()) else { return false };
        self.is_wanted(id) && cache.passes(self.job, id, path_of(self.history, &id.to_owned()))
    }

    fn loose(&self, folder: &Path) {
        let store = store::loose_at(folder, self.history.hash);
        let (ids, unread) = store::loose(folder);
        for error in unread {
            self.job.issues.gap(IssueKind::Unreadable, &self.history.place(), format!("loose objects cannot be listed: {error}"));
        }
        ids.into_par_iter().for_each_init(Vec::new, |buffer, id| {
            let found = (|| {
                if self.is_known(&id, self.packs.len()) || self.passes(&id) {
                    return Ok(());
                }
                let object =
                    store.try_find(&id, buffer).map_err(|_| format!("{id}: a loose object that cannot be read; {HINT}"))?;
                let Some(object) = object else { return Ok(()) };
                let is_whole = gix::objs::compute_hash(self.history.hash, object.kind, object.data).is_ok_and(|real| real == id);
                if !is_whole {
                    // That nothing was found in it says nothing of what has this id elsewhere.
                    self.lost.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
                }
                self.object(object.kind, &id, object.data, None);
                if is_whole { Ok(()) } else { Err(format!("{id}: a loose object that holds something else than its id says")) }
            })();
            if let Err(detail) = found
                && self.history.is_untold(id)
            {
                self.job.issues.gap(IssueKind::Malformed, &self.history.place(), detail);
            }
        });
    }

    /// Scans an object.
    fn object(&self, kind: Kind, id: &gix::oid, data: &[u8], base: Option<(&Known, &[Segment])>) -> Option<Known> {
        if self.history.narrow.dry_run || !self.history.takes(kind, id, data) {
            return None;
        }
        let name = match kind {
            Kind::Blob => self.history.name(&id.to_owned()),
            Kind::Commit | Kind::Tag => id.to_hex_with_len(SHORT).to_string(),
            // Its names are those of the blobs.
            Kind::Tree => return None,
        };
        let (known, members) = look(self.history, self.job, (kind, &name, data), base);
        let is_lost = || self.lost.lock().unwrap_or_else(PoisonError::into_inner).contains(id);
        if let Some(cache) = self.history.cache.as_ref().filter(|_| !data.starts_with(LFS) && !is_lost()) {
            let path = if kind == Kind::Blob { self.history.names.path(id) } else { Some(&b""[..]) };
            cache.scanned(self.job, (kind, id, &name), path, (data.len(), members));
        }
        known
    }
}

/// Scans what an object holds that is scanned, with what is known of one it was made from; what is known of it then, if it is text, and
/// the members it has and their bytes.
fn look(
    history: &History,
    job: &Job<'_>,
    (kind, name, data): (Kind, &str, &[u8]),
    base: Option<(&Known, &[Segment])>,
) -> (Option<Known>, (u64, u64)) {
    let outer = history.place();
    let place = Place::Inside { outer: &outer, member: name, kind: Container::Git, source: None };
    let path = place.as_path();
    let same = |known: &Known| job.engine.same_path(known.path.as_deref(), path.as_deref());
    let older = base.filter(|(known, _)| kind == Kind::Blob && same(known)).map(|(known, segments)| (&known.record, segments));
    job.with_worker(|worker| {
        let before = worker.members();
        // Lines are those of the message, and those of what stands before it.
        let (head, bytes) = if kind == Kind::Blob { (&b""[..], data) } else { parts(data) };
        if !head.is_empty() {
            worker.head_of(job, &place, head);
        }
        let record = worker.object(job, &place, bytes, older);
        let now = worker.members();
        let known = record.map(|record| Known { record, path: path.as_deref().map(Into::into) });
        (known, (now.0 - before.0, now.1 - before.1))
    })
}

/// Scans an object by the name it is known to have.
pub(super) fn again(history: &History, job: &Job<'_>, kind: Kind, name: &str, data: &[u8]) {
    look(history, job, (kind, name, data), None);
}

/// The headers of a commit or a tag, and what stands behind them.
pub(super) fn parts(data: &[u8]) -> (&[u8], &[u8]) {
    memchr::memmem::find(data, b"\n\n").map_or((b"", data), |at| data.split_at(at + 2))
}
