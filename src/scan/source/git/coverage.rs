//! What of a history is not here, not whole or not scanned: each a gap, or a note where that is by design.
//!
//! It must not scan, but for large files that git LFS keeps beside the objects. Start with [`before`] and [`after`]; [`Told`] is
//! what the latter has to say.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::History;
use crate::base::text::without_tokens;
use crate::scan::blob::Place;
use crate::scan::finding::IssueKind;
use crate::scan::source::files::{self, Obey};
use crate::scan::source::work::Job;

/// How the content of a pointer to a large file begins.
pub(super) const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";
/// What is not written to for so long was left behind.
const OLD: Duration = Duration::from_hours(1);
/// Names of submodules that are told.
const TOLD: usize = 10;

/// Why a history is not the whole one, in the words of a hint; empty if it is whole, as far as can be seen without reading it.
pub(super) fn missing(history: &History) -> Vec<&'static str> {
    let mut why = Vec::new();
    let is_filled = |name: &str| fs::metadata(history.common_dir.join(name)).is_ok_and(|m| m.len() > 0);
    if is_filled("shallow") {
        why.push("a shallow clone: older history is not here; `git fetch --unshallow` gets it");
    }
    if is_partial(history) {
        why.push("a partial clone: what was not fetched is not read; `git fetch --refetch` without a filter gets it");
    }
    if is_filled("info/grafts") {
        why.push("history is grafted (info/grafts); `git replace --convert-graft-file` and `git replace -d` undo it");
    }
    why
}

fn is_partial(history: &History) -> bool {
    let promised = |path: &PathBuf| path.extension().is_some_and(|x| x == "promisor");
    history.folders.all.iter().any(|folder| listed(&folder.join("pack")).iter().any(promised))
}

/// Says what can be seen before anything is scanned.
pub(super) fn before(history: &History, job: &Job<'_>) {
    let place = history.place();
    let gap = |detail: &str| job.issues.gap(IssueKind::MissingObjects, &place, detail);
    let note = |detail: String| job.issues.note(IssueKind::GitObjects, &place, detail);
    for why in missing(history) {
        // Grafts hide nothing from a scan of all objects.
        if why.contains("grafted") {
            note("grafts (info/grafts) are not applied: the parents that commits name are followed".to_owned());
        } else {
            gap(why);
        }
    }
    unread(history, job);
    let replaced = listed(&history.common_dir.join("refs/replace")).len() + packed_replacements(history);
    if replaced > 0 {
        note(format!("{replaced} replacements (refs/replace) are not applied: the objects themselves are scanned"));
    }
    if let Ok(meta) = fs::metadata(&history.common_dir)
        && meta.uid() != rustix::process::geteuid().as_raw()
    {
        note(
            "the repository belongs to another user: git itself may refuse it; it is scanned, and nothing it names is run. `git clone` makes one that is yours"
                .to_owned(),
        );
    }
    if let Some(to) = strange_git_dir(history) {
        note(format!("its .git file leads to {}, which does not name this work tree", without_tokens(&to.to_string_lossy())));
    }
}

/// Says what of a repository cannot be read, whatever is asked of it: alternates, and refs that are kept as reftable.
pub(super) fn unread(history: &History, job: &Job<'_>) {
    if history.common_dir.join("reftable").is_dir() {
        let detail = "refs are kept as reftable and cannot be read, so nothing is known of branches and of HEAD; `git refs migrate --ref-format=files` in a copy helps";
        job.issues.gap(IssueKind::MissingObjects, &history.place(), detail);
    }
    for why in &history.folders.refused {
        job.issues.gap(IssueKind::GitObjects, &history.place(), why.as_str());
    }
}

/// Says which packs cannot be read: those without an index. What a push or a fetch left behind that ended half way is no part of the
/// database. To be asked when all else was read, which gives an index the time to come.
pub(super) fn packs(history: &History, job: &Job<'_>) {
    let has_index = |pack: &PathBuf| pack.with_extension("idx").exists();
    let is_pack = |path: &PathBuf| path.extension().is_some_and(|x| x == "pack");
    let mut lone = Vec::new();
    let mut left = 0;
    for folder in &history.folders.all {
        lone.extend(listed(&folder.join("pack")).into_iter().filter(|path| is_pack(path) && !has_index(path)));
        left += listed(folder).iter().chain(&listed(&folder.join("pack"))).filter(|path| is_left(path)).count();
    }
    // Git moves a new pack into its place a moment before its index.
    for pack in lone.iter().filter(|pack| pack.exists() && !has_index(pack)) {
        let detail = "a pack without an index is not read; `git index-pack` on it makes one";
        job.issues.gap(IssueKind::GitObjects, &Place::File(&history.shown_file(pack)), detail);
    }
    if left > 0 {
        let detail =
            format!("{left} files and folders of fetches or pushes that did not end are not read; `git gc` removes them");
        job.issues.note(IssueKind::GitObjects, &history.place(), detail);
    }
}

/// Did a fetch or a push leave it behind? What is new may belong to one that goes on.
fn is_left(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let age = || fs::symlink_metadata(path).ok()?.modified().ok()?.elapsed().ok();
    (name.starts_with(b"tmp_") || name.starts_with(b"incoming-")) && age().is_some_and(|age| age > OLD)
}

/// What was seen while everything was read.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Told {
    /// Blobs that history names and that are not here.
    absent: usize,
    /// Submodules, and the names of the first.
    links: usize,
    link_names: Vec<String>,
    /// Blobs that stand for large files.
    pointers: u64,
    /// Blobs that no tree names.
    nameless: u64,
}

/// Sees what there is to say once everything was read.
pub(super) fn after(history: &History, links: &BTreeSet<Vec<u8>>) -> Told {
    let repository = history.repository.to_thread_local();
    let wanted = |id: &gix::ObjectId| history.selection.as_ref().is_none_or(|selection| selection.has(id));
    // What no ref reaches may have lost a part of it: git removes such objects by their age.
    let reached = history.names.blobs.iter().filter(|(_, (commit, _))| (*commit as usize) < history.names.reached);
    let absent = reached.filter(|(id, _)| wanted(id) && !repository.has_object(id)).count();
    Told {
        absent,
        links: links.len(),
        link_names: links.iter().take(TOLD).map(|path| without_tokens(&String::from_utf8_lossy(path))).collect(),
        pointers: history.pointers.load(Ordering::Relaxed),
        nameless: history.nameless.load(Ordering::Relaxed),
    }
}

impl Told {
    /// Is anything not here?
    pub(super) fn is_gap(&self) -> bool {
        self.absent > 0
    }

    /// Says it.
    pub(super) fn tell(&self, history: &History, job: &Job<'_>) {
        let place = history.place();
        let note = |detail: String| job.issues.note(IssueKind::GitObjects, &place, detail);
        if self.absent > 0 {
            let detail =
                format!("{} blobs that history names are not here; `git fetch --refetch` or a new clone gets them", self.absent);
            job.issues.gap(IssueKind::MissingObjects, &place, detail);
        }
        if self.links > 0 {
            let more = if self.links > TOLD { ", …" } else { "" };
            let (n, names) = (self.links, self.link_names.join(", "));
            note(format!("{}: {names}{more}", submodules(n)));
        }
        if self.pointers > 0 {
            let here = if store(history).is_some() {
                "what git LFS keeps here is scanned as files"
            } else {
                "`git lfs fetch --all` gets what they stand for"
            };
            note(format!("{} blobs are pointers to large files kept by git LFS; {here}", self.pointers));
        }
        if self.nameless > 0 {
            let blobs = if self.nameless == 1 { "blob stands" } else { "blobs stand" };
            let detail = "what rules and notebooks need a path for is not looked for in them";
            note(format!("{} {blobs} in no tree and have no path: {detail}", self.nameless));
        }
    }
}

/// Says of submodules that they are not scanned.
pub(super) fn submodules(number: usize) -> String {
    match number {
        1 => "1 submodule is a repository of its own and is not scanned here; name its folder to scan it".to_owned(),
        n => format!("{n} submodules are repositories of their own and are not scanned here; name their folders to scan them"),
    }
}

/// Where git LFS keeps large files, if it does.
fn store(history: &History) -> Option<PathBuf> {
    let store = history.common_dir.join("lfs/objects");
    [history.common_dir.join("lfs"), store.clone()].iter().all(|path| is_folder(path)).then_some(store)
}

/// Scans what git LFS keeps beside the objects.
pub(super) fn large_files(history: &History, job: &Job<'_>) {
    if let Some(store) = store(history).filter(|_| !history.narrow.is_narrow()) {
        files::scan(job, &[history.shown_file(&store)], Obey::Nothing);
    }
}
fn packed_replacements(history: &History) -> usize {
    let text = fs::read(history.common_dir.join("packed-refs")).unwrap_or_default();
    memchr::memmem::find_iter(&text, b" refs/replace/").count()
}

/// Where a `.git` file leads, if nothing there says that it belongs to this work tree.
fn strange_git_dir(history: &History) -> Option<PathBuf> {
    let dot_git = history.root.join(".git");
    if !fs::symlink_metadata(&dot_git).ok()?.is_file() {
        return None;
    }
    let repository = history.repository.to_thread_local();
    let git_dir = repository.git_dir().canonicalize().ok()?;
    let root = history.root.canonicalize().ok()?;
    let back = fs::read_to_string(git_dir.join("gitdir")).ok();
    let linked = back.and_then(|to| git_dir.join(to.trim()).canonicalize().ok());
    let submodule = git_dir.ancestors().any(|a| a.ends_with("modules"))
        && fs::read_to_string(git_dir.join("config")).is_ok_and(|text| text.contains("worktree"));
    let is_named = linked.is_some_and(|to| to == root.join(".git")) || submodule;
    (!is_named && !git_dir.starts_with(&root)).then_some(git_dir)
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut all: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    all.sort();
    all
}
