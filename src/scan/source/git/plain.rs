//! Looks for what is no file among the files of a repository: a pipe or a device in place of one would never end, and git's formats are
//! opened by a library that waits for it.
//!
//! It must not open anything. Start with [`strange`]. Folders are listed, and most systems say there what each entry is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scan::source::ignored::is_plain;

/// Folders below `refs` and `logs`, so that a loop ends.
const DEPTH: usize = 64;
/// A file that says where a repository lies is not longer.
const MAX_LINK: u64 = 64 << 10;

/// A file of the repository with this root that is none.
pub(super) fn strange(root: &Path) -> Option<PathBuf> {
    let dot_git = root.join(".git");
    let linked = dot_git.exists() && !dot_git.is_dir();
    if linked && !is_plain(&dot_git) {
        return Some(dot_git);
    }
    let git_dir = match () {
        () if linked => named_in(&dot_git, "gitdir:", root)?,
        () if dot_git.is_dir() => dot_git,
        () => root.to_path_buf(),
    };
    let names = ["HEAD", "config", "config.worktree", "packed-refs", "index", "shallow", "commondir", "gitdir", "info/grafts"];
    let strange_name = |folder: &Path| {
        let mut files = names.iter().map(|name| folder.join(name));
        files.find(|path| fs::symlink_metadata(path).is_ok() && !is_plain(path))
    };
    if let Some(path) = strange_name(&git_dir) {
        return Some(path);
    }
    let common = named_in(&git_dir.join("commondir"), "", &git_dir).unwrap_or_else(|| git_dir.clone());
    if let Some(path) = strange_name(&common) {
        return Some(path);
    }
    let folders = [
        (common.join("objects"), 3),
        (common.join("refs"), DEPTH),
        (common.join("logs"), DEPTH),
        (common.join("worktrees"), DEPTH),
    ];
    folders.iter().find_map(|(folder, depth)| below(folder, *depth))
}

/// The same of a folder of objects.
pub(super) fn strange_objects(folder: &Path) -> Option<PathBuf> {
    below(folder, 3)
}

/// The folder that a file names; `None` if there is no such file.
fn named_in(file: &Path, before: &str, relative_to: &Path) -> Option<PathBuf> {
    if !fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_LINK) {
        return None;
    }
    let text = fs::read_to_string(file).ok()?;
    Some(relative_to.join(text.trim().strip_prefix(before)?.trim()))
}

/// What is neither a file nor a folder below a folder, nor leads to one.
fn below(folder: &Path, depth: usize) -> Option<PathBuf> {
    let mut waiting = vec![(folder.to_path_buf(), depth)];
    while let Some((folder, depth)) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok) {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_file() {
                continue;
            }
            if kind.is_dir() {
                if depth > 1 {
                    waiting.push((entry.path(), depth - 1));
                }
                continue;
            }
            // A link that leads nowhere is read as nothing.
            let leads = |path: &Path| fs::metadata(path).map_or(true, |meta| meta.is_file() || meta.is_dir());
            if !kind.is_symlink() || !leads(&entry.path()) {
                return Some(entry.path());
            }
        }
    }
    None
}
