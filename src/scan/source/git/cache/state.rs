//! Whether a repository changed since it was scanned: a digest of everything a scan looks at.
//!
//! It must not read objects: packs are known by the checksums at their ends, loose objects by their names, both by size and time. Start with [`of`].

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::base::crypto::digest;
use crate::scan::source::git::{History, store};

/// Folders inside of folders.
const DEPTH: usize = 64;

/// The digest; `None` if it cannot be told from this whether anything changed.
pub(in super::super) fn of(history: &History) -> Option<[u8; 32]> {
    let common = &history.common_dir;
    // Large files beside the objects, and refs in a database, are not looked at here.
    if common.join("lfs").exists() || common.join("reftable").exists() {
        return None;
    }
    let mut state = State(Vec::new());
    for folder in &history.folders.all {
        state.add(folder.as_os_str().as_encoded_bytes());
        state.packs(&folder.join("pack")).ok()?;
        let (mut ids, errors) = store::loose(folder);
        ids.sort_unstable();
        for id in &ids {
            state.add(id.as_bytes());
            let hex = id.to_string();
            state.stamp(&fs::symlink_metadata(folder.join(&hex[..2]).join(&hex[2..])).ok()?);
        }
        if !errors.is_empty() {
            return None;
        }
    }
    for name in ["HEAD", "packed-refs", "config", "config.worktree", "shallow", "info/grafts", "objects/info/alternates"] {
        state.file(&common.join(name)).ok()?;
    }
    let repository = history.repository.to_thread_local();
    state.file(&repository.git_dir().join("HEAD")).ok()?;
    for name in ["refs", "logs"] {
        state.folder(&common.join(name), 0).ok()?;
    }
    // Of other work trees, what git keeps for them but for their indexes, which are none of history.
    for worktree in folders(&common.join("worktrees")).ok()? {
        state.add(worktree.as_os_str().as_encoded_bytes());
        for name in ["HEAD", "config.worktree"] {
            state.file(&worktree.join(name)).ok()?;
        }
        for name in ["refs", "logs"] {
            state.folder(&worktree.join(name), 0).ok()?;
        }
    }
    Some(digest(&[&state.0]))
}

/// The folders in a folder, sorted.
fn folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut all = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    all.sort();
    Ok(all)
}

/// What is digested, each part with its length.
struct State(Vec<u8>);

impl State {
    fn add(&mut self, part: &[u8]) {
        self.0.extend_from_slice(&(part.len() as u64).to_le_bytes());
        self.0.extend_from_slice(part);
    }

    /// How long a file is, and when it was written.
    fn stamp(&mut self, meta: &fs::Metadata) {
        self.add(&meta.len().to_le_bytes());
        self.add(&[meta.mtime(), meta.mtime_nsec()].map(i64::to_le_bytes).concat());
    }

    /// The content of a file.
    fn file(&mut self, path: &Path) -> io::Result<()> {
        match fs::read(path) {
            Ok(bytes) => self.add(&digest(&[&bytes])),
            Err(e) if e.kind() == io::ErrorKind::NotFound => self.add(b"none"),
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// All that is in a folder. A link may lead anywhere, so it cannot be told what it stands for.
    fn folder(&mut self, path: &Path, depth: usize) -> io::Result<()> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            self.add(entry.file_name().as_encoded_bytes());
            let kind = entry.file_type()?;
            if kind.is_dir() && depth < DEPTH {
                self.add(b"folder");
                self.folder(&entry.path(), depth + 1)?;
                self.add(b"end");
            } else if kind.is_file() {
                self.file(&entry.path())?;
            } else {
                return Err(io::ErrorKind::Unsupported.into());
            }
        }
        Ok(())
    }

    /// The names of packs and of all files beside them, how long they are, when they were written, and how they end: with checksums.
    fn packs(&mut self, folder: &Path) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            let file = File::open(&path)?;
            let meta = file.metadata()?;
            let length = meta.len();
            let mut end = vec![0; length.min(64) as usize];
            file.read_exact_at(&mut end, length.saturating_sub(64))?;
            self.add(path.as_os_str().as_encoded_bytes());
            self.stamp(&meta);
            self.add(&end);
        }
        Ok(())
    }
}
