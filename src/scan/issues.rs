//! Collects issues from any thread.
//!
//! It must not know what a gap means for the exit code. Start with [`Issues::add`].

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::blob::{Origin, Place};
use super::finding::{Issue, IssueKind, Level};

/// Issues of one kind that are kept with their place; the rest is only counted.
pub const KEPT_PER_KIND: u64 = 100;

/// A collector shared by all threads of a scan.
#[derive(Debug, Default)]
pub struct Issues(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kept: Vec<Issue>,
    counts: Counts,
    /// Git objects of which there is something to tell.
    objects: HashSet<String>,
    /// Issues in git objects.
    in_objects: Counts,
    /// Issues that are not to be told: somebody else tells them.
    muted: bool,
}

/// How many issues there are of each kind.
pub type Counts = BTreeMap<(Level, IssueKind), u64>;

impl Issues {
    /// Records that something at `place` was not looked at. `detail` must not hold file content.
    pub fn add(&self, level: Level, kind: IssueKind, place: &Place<'_>, detail: impl Into<String>) {
        self.push(level, kind, place.to_origin(), detail.into());
    }

    /// Records something left out by design, at a place already owned.
    pub fn note_at(&self, kind: IssueKind, origin: Origin, detail: impl Into<String>) {
        self.push(Level::Note, kind, origin, detail.into());
    }

    /// Records a gap at a place already owned.
    pub fn gap_at(&self, kind: IssueKind, origin: Origin, detail: impl Into<String>) {
        self.push(Level::Gap, kind, origin, detail.into());
    }

    /// Records that there is something to tell of the git object that holds a place, if one does.
    pub fn touch(&self, place: &Place<'_>) {
        if let Some(object) = place.git_object() {
            self.lock().objects.insert(object.to_owned());
        }
    }

    /// Is there an issue in the git object of this name, or was it touched?
    #[must_use]
    pub fn is_touched(&self, object: &str) -> bool {
        self.lock().objects.contains(object)
    }

    /// How many issues there are in git objects, and how many in all.
    #[must_use]
    pub fn counts(&self) -> (Counts, Counts) {
        let inner = self.lock();
        (inner.in_objects.clone(), inner.counts.clone())
    }

    /// The issues that are kept of those that lie in git objects.
    #[must_use]
    pub fn kept_in_objects(&self) -> Vec<Issue> {
        self.lock().kept.iter().filter(|issue| issue.origin.git_object().is_some()).cloned().collect()
    }

    /// From now on issues are not recorded, or are again.
    pub fn mute(&self, muted: bool) {
        self.lock().muted = muted;
    }

    /// Counts more issues in git objects than are kept.
    pub fn count(&self, level: Level, kind: IssueKind, more: u64) {
        let mut inner = self.lock();
        *inner.counts.entry((level, kind)).or_default() += more;
        *inner.in_objects.entry((level, kind)).or_default() += more;
    }

    fn push(&self, level: Level, kind: IssueKind, origin: Origin, detail: String) {
        let mut inner = self.lock();
        if inner.muted {
            return;
        }
        if let Some(object) = origin.git_object() {
            inner.objects.insert(object.to_owned());
            *inner.in_objects.entry((level, kind)).or_default() += 1;
        }
        let count = inner.counts.entry((level, kind)).or_default();
        *count += 1;
        if *count <= KEPT_PER_KIND {
            inner.kept.push(Issue { level, kind, origin, detail });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a gap.
    pub fn gap(&self, kind: IssueKind, place: &Place<'_>, detail: impl Into<String>) {
        self.add(Level::Gap, kind, place, detail);
    }

    /// Records something left out by design.
    pub fn note(&self, kind: IssueKind, place: &Place<'_>, detail: impl Into<String>) {
        self.add(Level::Note, kind, place, detail);
    }

    /// The issues kept, sorted, and the complete counts.
    #[must_use]
    pub fn finish(self) -> (Vec<Issue>, Vec<(Level, IssueKind, u64)>) {
        let inner = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut kept = inner.kept;
        kept.sort();
        (kept, inner.counts.into_iter().map(|((level, kind), n)| (level, kind, n)).collect())
    }
}
