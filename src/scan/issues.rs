//! Collects issues from any thread.
//!
//! It must not know what a gap means for the exit code. Start with [`Issues::add`].

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::blob::{Origin, Place};
use super::finding::{Issue, IssueKind, Level};

/// Issues of one kind that are kept with their place; the rest is only counted.
const KEPT_PER_KIND: u64 = 100;

/// A collector shared by all threads of a scan.
#[derive(Debug, Default)]
pub struct Issues(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kept: Vec<Issue>,
    counts: BTreeMap<(Level, IssueKind), u64>,
}

impl Issues {
    /// Records that something at `place` was not looked at. `detail` must not hold file content.
    pub fn add(&self, level: Level, kind: IssueKind, place: &Place<'_>, detail: impl Into<String>) {
        self.push(level, kind, || place.to_origin(), detail.into());
    }

    /// Records something left out by design, at a place already owned.
    pub fn note_at(&self, kind: IssueKind, origin: Origin, detail: impl Into<String>) {
        self.push(Level::Note, kind, || origin, detail.into());
    }

    /// Records a gap at a place already owned.
    pub fn gap_at(&self, kind: IssueKind, origin: Origin, detail: impl Into<String>) {
        self.push(Level::Gap, kind, || origin, detail.into());
    }

    fn push(&self, level: Level, kind: IssueKind, origin: impl FnOnce() -> Origin, detail: String) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = inner.counts.entry((level, kind)).or_default();
        *count += 1;
        if *count <= KEPT_PER_KIND {
            inner.kept.push(Issue { level, kind, origin: origin(), detail });
        }
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
