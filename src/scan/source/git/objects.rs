//! Every object of a database, each once: packs along their delta trees, then loose ones.
//!
//! It must not know names. Start with [`scan`]. A blob that was made from another one is scanned for what is new in it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;
use gix::odb::loose;
use rayon::prelude::*;

use super::pack::{Pack, Visit};
use super::{History, SHORT};
use crate::scan::blob::{Container, Place};
use crate::scan::engine::carry::{Record, Segment};
use crate::scan::finding::IssueKind;
use crate::scan::source::work::Job;

/// Opens all packs.
pub(super) fn packs(history: &History, job: &Job<'_>) -> Vec<Pack> {
    let mut packs = Vec::new();
    for index in indexes(&history.objects_dir().join("pack")) {
        match Pack::open(&index, history.hash) {
            Ok(pack) => packs.push(pack),
            Err(error) => {
                let detail = format!("a pack that cannot be opened: {error}");
                job.issues.gap(IssueKind::Malformed, &Place::File(&index), detail);
            }
        }
    }
    packs
}

/// Scans all objects.
pub(super) fn scan(history: &History, packs: &[Pack], job: &Job<'_>) {
    let walk = Walk { history, job, packs, lost: Mutex::default() };
    (0..packs.len()).for_each(|at| walk.pack(at));
    walk.loose();
}

/// The index of each pack.
pub(super) fn indexes(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut all: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    all.retain(|path| path.extension().is_some_and(|x| x == "idx"));
    all.sort();
    all
}

struct Walk<'h, 'j> {
    history: &'h History,
    job: &'h Job<'j>,
    packs: &'h [Pack],
    /// What could not be read in a pack that has it.
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
        walk.object(kind, id, bytes, base)
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
            let detail = format!("{unread} of the {} objects of a pack cannot be read", pack.len());
            self.job.issues.gap(IssueKind::Malformed, &Place::File(pack.path()), detail);
        }
    }

    /// Was an object scanned in one of the packs before this number?
    fn is_known(&self, id: &gix::oid, number: usize) -> bool {
        let lost = || self.lost.lock().unwrap_or_else(PoisonError::into_inner).contains(id);
        self.packs[..number].iter().any(|pack| pack.has(id)) && !lost()
    }

    fn loose(&self) {
        let store = loose::Store::at(self.history.objects_dir(), self.history.hash);
        let ids: Vec<_> = store.iter().collect();
        ids.into_par_iter().for_each_init(Vec::new, |buffer, id| {
            let found = id.map_err(|e| e.to_string()).and_then(|id| {
                if self.is_known(&id, self.packs.len()) {
                    return Ok(());
                }
                let object = store.try_find(&id, buffer).map_err(|_| format!("{id}: a loose object that cannot be read"))?;
                object.map(|object| self.object(object.kind, &id, object.data, None));
                Ok(())
            });
            if let Err(detail) = found {
                self.job.issues.gap(IssueKind::Malformed, &self.history.place(), detail);
            }
        });
    }

    /// Scans an object.
    fn object(&self, kind: Kind, id: &gix::oid, data: &[u8], base: Option<(&Known, &[Segment])>) -> Option<Known> {
        let (name, bytes) = match kind {
            Kind::Blob => (self.history.name(&id.to_owned()), data),
            Kind::Commit | Kind::Tag => (id.to_hex_with_len(SHORT).to_string(), message(data)),
            // Its names are those of the blobs.
            Kind::Tree => return None,
        };
        let outer = self.history.place();
        let place = Place::Inside { outer: &outer, member: &name, kind: Container::Git, source: None };
        let path = place.as_path();
        let same = |known: &Known| self.job.engine.same_path(known.path.as_deref(), path.as_deref());
        let older =
            base.filter(|(known, _)| kind == Kind::Blob && same(known)).map(|(known, segments)| (&known.record, segments));
        let record = self.job.with_worker(|worker| worker.object(self.job, &place, bytes, older))?;
        Some(Known { record, path: path.map(Into::into) })
    }
}

/// What stands behind the headers of a commit or a tag.
fn message(data: &[u8]) -> &[u8] {
    memchr::memmem::find(data, b"\n\n").map_or(data, |at| &data[at + 2..])
}
