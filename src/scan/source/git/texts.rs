//! Texts of a repository that are no objects, and the names inside its trees: names of refs, of files and of folders, configuration,
//! reflogs.
//!
//! It must not obey what it reads. Start with [`scan`]. A name may be the secret, so places are told without it: the line of
//! `git for-each-ref` for refs, the line of `git ls-tree` for files and folders. Each distinct name is scanned once, in the first commit
//! that has it. Hooks and the description are no history and are left alone.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::TreeRefIter;
use rayon::prelude::*;
use rustix::fs::{FileType, Mode, fstat};

use super::graph::Graph;
use super::{History, SHORT};
use crate::scan::blob::{Container, Place};
use crate::scan::finding::IssueKind;
use crate::scan::source::files::OPEN;
use crate::scan::source::work::Job;

/// Folders below `refs` and `logs`, so that a loop ends.
const DEPTH: usize = 64;

/// The names in trees, each once.
#[derive(Default)]
pub(super) struct TreeNames {
    /// Number of the commit whose trees are read now.
    pub(super) commit: Option<u32>,
    /// Paths at which there are commits of other repositories.
    pub(super) links: BTreeSet<Vec<u8>>,
    known: HashSet<Box<[u8]>>,
    /// The same by the numbers that a graph gives to names.
    known_numbers: Vec<bool>,
    new: Vec<NewNames>,
}

/// The names of a tree that no tree before had.
struct NewNames {
    tree: ObjectId,
    commit: Option<u32>,
    /// Path of the tree in the commit, with a `/` at its end; empty for the root.
    folder: Box<[u8]>,
    /// Numbers of the entries, from 1, and their names.
    names: Vec<(u64, Box<[u8]>)>,
}

impl TreeNames {
    /// Takes the names of a tree of a graph.
    pub(super) fn add_numbered(&mut self, graph: &Graph, tree: u32, folder: &[u8]) {
        let mut names = Vec::new();
        for (entry, line) in graph.tree(tree).into_iter().flatten().zip(1..) {
            if entry.is_link {
                self.links.insert([folder, entry.name].concat());
            }
            let number = entry.name_number as usize;
            if self.known_numbers.len() <= number {
                self.known_numbers.resize(number + 1, false);
            }
            if !std::mem::replace(&mut self.known_numbers[number], true) {
                names.push((line, entry.name.into()));
            }
        }
        if !names.is_empty() {
            self.new.push(NewNames { tree: graph.id(tree), commit: self.commit, folder: folder.into(), names });
        }
    }

    /// Takes the names of a tree.
    fn add(&mut self, tree: ObjectId, folder: &[u8], data: &[u8], hash: gix::hash::Kind) {
        let mut names = Vec::new();
        for (entry, line) in TreeRefIter::from_bytes(data, hash).map_while(Result::ok).zip(1..) {
            if !self.known.contains(&**entry.filename) {
                let name: Box<[u8]> = entry.filename.to_vec().into_boxed_slice();
                self.known.insert(name.clone());
                names.push((line, name));
            }
        }
        if !names.is_empty() {
            self.new.push(NewNames { tree, commit: self.commit, folder: folder.into(), names });
        }
    }
}

/// Names in a tree that something was found in.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Named {
    tree: String,
    /// As [`lines`] was told.
    member: String,
    lines: Vec<u64>,
}

/// Scans names again; `None` if they are not there.
pub(super) fn again(history: &History, job: &Job<'_>, named: &Named) -> Option<()> {
    let tree = ObjectId::from_hex(named.tree.as_bytes()).ok()?;
    let repository = history.repository.to_thread_local();
    let object = repository.find_object(tree).ok()?;
    let all = TreeRefIter::from_bytes(&object.data, history.hash).map_while(Result::ok).zip(1..);
    let wanted = all.filter(|(_, line)| named.lines.contains(line));
    let names: Vec<_> = wanted.map(|(entry, line)| (line, entry.filename.to_vec().into_boxed_slice())).collect();
    lines(history, job, &named.member, &names);
    (names.len() == named.lines.len()).then_some(())
}

/// Scans the texts that are no objects: names of refs and configuration, and reflogs, unless something narrows the scan.
pub(super) fn scan(history: &History, job: &Job<'_>) {
    if history.narrow.by_commit() {
        return;
    }
    refs(history, job);
    let common = &history.common_dir;
    let mut files = vec![common.join("config"), common.join("config.worktree")];
    let mut logs = vec![common.join("logs")];
    for worktree in entries(job, &common.join("worktrees")) {
        files.push(worktree.join("config.worktree"));
        logs.push(worktree.join("logs"));
    }
    if !history.narrow.is_narrow() {
        logs.iter().for_each(|folder| below(job, folder, &mut |path| files.push(path.to_path_buf())));
    }
    files.par_iter().for_each(|path| file(history, job, path));
}

/// Scans the names in trees: those that were taken while commits were read, and those of trees that no ref reaches. Those that something
/// was found in come back.
pub(super) fn scan_tree_names(history: &History, job: &Job<'_>, mut names: TreeNames) -> Vec<Named> {
    if history.narrow.is_narrow() {
        names = selected(history);
    }
    let found = names.new.par_iter().filter_map(|new| {
        let member = match new.commit.and_then(|at| history.names.commits.get(at as usize)) {
            Some(commit) => format!("{}:{}", commit.id.to_hex_with_len(SHORT), String::from_utf8_lossy(&new.folder)),
            None => new.tree.to_string(),
        };
        lines(history, job, &member, &new.names);
        let lines = || new.names.iter().map(|(line, _)| *line).collect();
        job.collector.has_found_in(&member).then(|| Named { tree: new.tree.to_string(), lines: lines(), member })
    });
    found.collect()
}

/// The names of the trees that were chosen.
fn selected(history: &History) -> TreeNames {
    let mut names = TreeNames::default();
    let repository = history.repository.to_thread_local();
    for (tree, commit, folder) in history.selected_trees() {
        names.commit = *commit;
        if let Ok(object) = repository.find_object(*tree) {
            names.add(*tree, folder, &object.data, history.hash);
        }
    }
    names
}

/// Scans the names of all refs, in the order of `git for-each-ref`.
fn refs(history: &History, job: &Job<'_>) {
    let common = &history.common_dir;
    let mut names: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut loose = |folder: &Path| {
        below(job, &folder.join("refs"), &mut |path| {
            names.extend(path.strip_prefix(folder).ok().map(|name| name.as_os_str().as_encoded_bytes().to_vec()));
        });
    };
    loose(common);
    entries(job, &common.join("worktrees")).iter().for_each(|folder| loose(folder));
    for line in fs::read(common.join("packed-refs")).unwrap_or_default().split(|b| *b == b'\n') {
        if !line.starts_with(b"#") && !line.starts_with(b"^") {
            names.extend(memchr::memchr(b' ', line).map(|at| line[at + 1..].to_vec()));
        }
    }
    let names: Vec<(u64, Box<[u8]>)> = (1..).zip(names.into_iter().map(Vec::into_boxed_slice)).collect();
    let wanted: Vec<_> = names.into_iter().filter(|(_, name)| history.narrow.takes_ref(name)).collect();
    lines(history, job, "refs", &wanted);
}

/// Scans names, each with the number of the line it is said to stand on.
fn lines(history: &History, job: &Job<'_>, member: &str, names: &[(u64, Box<[u8]>)]) {
    let outer = history.place();
    let place = Place::Inside { outer: &outer, member, kind: Container::Git, source: None };
    job.with_worker(|worker| worker.names(job, &place, names));
}

/// Scans a file of the repository as text. That it is not there is usual.
fn file(history: &History, job: &Job<'_>, path: &Path) {
    let shown = history.shown_file(path);
    let place = Place::File(&shown);
    match rustix::fs::open(path, OPEN, Mode::empty()) {
        Ok(fd) if fstat(&fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile) => {
            job.with_worker(|worker| worker.file(job, &shown, File::from(fd)));
        }
        Ok(_) => job.issues.gap(IssueKind::SpecialFile, &place, "it is no plain file and is not read"),
        Err(rustix::io::Errno::NOENT) => {}
        Err(rustix::io::Errno::LOOP) => job.issues.note(IssueKind::Symlink, &place, "a symbolic link is not followed"),
        Err(error) => job.unreadable(&place, &error.into()),
    }
}

/// What is in a folder, in order.
fn entries(job: &Job<'_>, folder: &Path) -> Vec<PathBuf> {
    if !is_folder(folder) {
        return Vec::new();
    }
    let Some(entries) = listed(job, folder) else { return Vec::new() };
    let mut all: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    all.sort();
    all
}

/// Visits all that is below a folder and is none itself; links are not followed.
fn below(job: &Job<'_>, folder: &Path, visit: &mut dyn FnMut(&Path)) {
    let mut waiting = vec![(folder.to_path_buf(), 0)];
    waiting.retain(|(folder, _)| is_folder(folder));
    while let Some((folder, depth)) = waiting.pop() {
        let Some(entries) = listed(job, &folder) else { continue };
        for entry in entries.filter_map(Result::ok) {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEPTH => waiting.push((entry.path(), depth + 1)),
                _ => visit(&entry.path()),
            }
        }
    }
}

/// Lists a folder; that it cannot be listed is a gap.
fn listed(job: &Job<'_>, folder: &Path) -> Option<fs::ReadDir> {
    fs::read_dir(folder).map_err(|e| job.unreadable(&Place::File(folder), &e)).ok()
}

/// Is it a folder, and no link to one?
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}
