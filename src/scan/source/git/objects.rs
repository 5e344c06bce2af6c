//! Every object of a database, each once: packs along their delta trees, then loose ones.
//!
//! It must not know names. Start with [`scan`].

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;
use gix::odb::pack::index::traverse::{Algorithm, Options, SafetyCheck};
use gix::odb::{loose, pack};
use rayon::prelude::*;

use super::{History, SHORT};
use crate::scan::blob::{Container, Place};
use crate::scan::finding::IssueKind;
use crate::scan::source::work::Job;

/// An object said to be larger is not unpacked.
const LARGEST: usize = 2 << 30;

/// Scans all objects.
pub(super) fn scan(history: &History, job: &Job<'_>) {
    let walk = Walk { history, job, seen: Mutex::default() };
    for index in indexes(&history.objects_dir().join("pack")) {
        walk.pack(&index);
    }
    walk.loose();
}

/// The index of each pack.
fn indexes(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut all: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    all.retain(|path| path.extension().is_some_and(|x| x == "idx"));
    all.sort();
    all
}

struct Walk<'h, 'j> {
    history: &'h History,
    job: &'h Job<'j>,
    /// An object may be in several packs, and loose too.
    seen: Mutex<HashSet<ObjectId>>,
}

impl Walk<'_, '_> {
    fn pack(&self, index: &Path) {
        let place = Place::File(index);
        let bundle = match pack::Bundle::at(index, self.history.hash) {
            Ok(bundle) => bundle,
            Err(error) => {
                return self.job.issues.gap(IssueKind::Malformed, &place, format!("a pack that cannot be opened: {error}"));
            }
        };
        let all = u64::from(bundle.index.num_objects());
        // Where the delta trees cannot be built, as in a truncated pack, each object is looked up on its own.
        let trees = self.traverse(&bundle, Algorithm::DeltaTreeLookup);
        let read = if trees < all { trees.max(self.traverse(&bundle, Algorithm::Lookup)) } else { trees };
        if read < all {
            let detail = format!("{} of the {all} objects of a pack cannot be read", all - read);
            self.job.issues.gap(IssueKind::Malformed, &place, detail);
        }
    }

    /// Scans the objects of a pack; how many could be read.
    fn traverse(&self, bundle: &pack::Bundle, traversal: Algorithm) -> u64 {
        let read = AtomicU64::new(0);
        let counter = &read;
        let each = move |kind: Kind, data: &[u8], entry: &pack::index::Entry, _: &dyn gix::Progress| {
            counter.fetch_add(1, Ordering::Relaxed);
            self.object(kind, entry.oid, data);
            Ok(())
        };
        let options = Options {
            traversal,
            thread_limit: Some(rayon::current_num_threads()),
            check: SafetyCheck::SkipFileAndObjectChecksumVerificationAndNoAbortOnDecodeError,
            alloc_limit_bytes: Some(LARGEST),
            make_pack_lookup_cache: || pack::cache::Never,
        };
        let stop = AtomicBool::new(false);
        // What fails is seen by what is missing.
        let _ = bundle.index.traverse(&bundle.pack, &mut gix::progress::Discard, &stop, each, options);
        read.into_inner()
    }

    fn loose(&self) {
        let store = loose::Store::at(self.history.objects_dir(), self.history.hash);
        let ids: Vec<_> = store.iter().collect();
        ids.into_par_iter().for_each_init(Vec::new, |buffer, id| {
            let found = id.map_err(|e| e.to_string()).and_then(|id| {
                let object = store.try_find(&id, buffer).map_err(|_| format!("{id}: a loose object that cannot be read"))?;
                Ok(object.map(|object| self.object(object.kind, id, object.data)))
            });
            if let Err(detail) = found {
                self.job.issues.gap(IssueKind::Malformed, &self.history.place(), detail);
            }
        });
    }

    /// Scans an object, unless it was seen before.
    fn object(&self, kind: Kind, id: ObjectId, data: &[u8]) {
        if !self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
            return;
        }
        let (name, bytes) = match kind {
            Kind::Blob => (self.history.name(&id), data),
            Kind::Commit | Kind::Tag => (id.to_hex_with_len(SHORT).to_string(), message(data)),
            // Its names are those of the blobs.
            Kind::Tree => return,
        };
        let outer = self.history.place();
        let place = Place::Inside { outer: &outer, member: &name, kind: Container::Git, source: None };
        self.job.with_worker(|worker| worker.object(self.job, &place, bytes));
    }
}

/// What stands behind the headers of a commit or a tag.
fn message(data: &[u8]) -> &[u8] {
    memchr::memmem::find(data, b"\n\n").map_or(data, |at| &data[at + 2..])
}
