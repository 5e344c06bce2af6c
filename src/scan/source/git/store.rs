//! Where the objects of a repository lie: its own folder, and those of other repositories that it borrows from (alternates).
//!
//! It must not follow an alternate that leads outside of what is allowed: the repository's own folder, and folders the user named. Start
//! with [`Folders::of`]. The object store of gix follows every alternate, so where there is one it is given a folder of links to what is
//! allowed instead. Replacements (`refs/replace`) are never applied.

use std::collections::HashSet;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io};

use gix::ObjectId;
use gix::odb::store::init::{Options, Slots};
use gix::odb::{Store, loose};

use super::LARGEST;

/// Repositories that borrow from each other: how many in a row.
const LEVELS: usize = 5;
/// An alternates file is not read further.
const MAX_FILE: u64 = 1 << 20;
/// What the name of a folder of links begins with, before the number of the process.
const SHADOW: &str = "stanch-objects-";
/// Object folders borrowed from.
const MAX_FOLDERS: usize = 100;

/// The folders that hold a repository's objects.
pub(super) struct Folders {
    /// Its own one first.
    pub(super) all: Vec<PathBuf>,
    /// What is not read, and why.
    pub(super) refused: Vec<String>,
    shadow: Option<Shadow>,
}

/// A folder of links, removed in the end.
struct Shadow(PathBuf);

impl Drop for Shadow {
    fn drop(&mut self) {
        // Links and folders of links only; what they lead to stays.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folders {
    /// The folders of the repository whose own one is `objects`, inside `allowed`.
    pub(super) fn of(objects: &Path, allowed: &[PathBuf]) -> Self {
        let mut this = Self { all: vec![objects.to_path_buf()], refused: Vec::new(), shadow: None };
        let mut seen: HashSet<PathBuf> = objects.canonicalize().into_iter().collect();
        let mut waiting = vec![(objects.to_path_buf(), 1)];
        while let Some((from, level)) = waiting.pop() {
            for folder in this.named_by(&from) {
                let Ok(real) = folder.canonicalize() else {
                    this.refused.push("an alternate object folder is not there".to_owned());
                    continue;
                };
                if !seen.insert(real.clone()) {
                    continue;
                }
                if !allowed.iter().any(|root| real.starts_with(root)) {
                    let hint = "`--allow-alternates DIR` allows a folder it lies in";
                    this.refused.push(format!("objects in another repository (objects/info/alternates) are not read; {hint}"));
                } else if level > LEVELS || this.all.len() > MAX_FOLDERS {
                    this.refused.push(format!("alternates are followed over {LEVELS} repositories and not further"));
                } else {
                    this.all.push(real.clone());
                    waiting.push((real, level + 1));
                }
            }
        }
        this
    }

    /// Adds folders that git itself named, such as where it keeps what a push brought until its hooks agree.
    pub(super) fn add(&mut self, folders: &[PathBuf]) {
        for folder in folders.iter().filter_map(|folder| folder.canonicalize().ok()) {
            if !self.all.iter().any(|known| known.canonicalize().is_ok_and(|known| known == folder)) {
                self.all.push(folder);
            }
        }
    }

    /// What the alternates file of a folder of objects names.
    fn named_by(&mut self, objects: &Path) -> Vec<PathBuf> {
        let path = objects.join("info/alternates");
        let content = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Ok(meta) if meta.is_file() && meta.len() <= MAX_FILE => fs::read(&path),
            Ok(_) => Err(io::Error::other("no plain file of a usual size")),
            Err(error) => Err(error),
        };
        let named = content
            .map_err(|e| e.to_string())
            .and_then(|text| gix::odb::alternate::parse(&text).map_err(|_| "it cannot be understood".to_owned()));
        match named {
            Ok(named) => named.into_iter().map(|path| objects.join(path)).collect(),
            Err(error) => {
                self.refused.push(format!("objects/info/alternates cannot be read: {error}"));
                Vec::new()
            }
        }
    }

    /// A store that reads these folders and no others.
    ///
    /// # Errors
    /// If a folder cannot be listed, or links to them cannot be made.
    pub(super) fn store(&mut self, hash: gix::hash::Kind) -> io::Result<Arc<Store>> {
        let own = self.all[0].clone();
        let alone = self.all.len() == 1 && self.refused.is_empty();
        let folder = if alone { own } else { self.shadow()? };
        let slots = Slots::AsNeededByDiskState { multiplier: 1.5, minimum: 64 };
        let options = Options { slots, alloc_limit_bytes: Some(LARGEST), ..Options::default() };
        Ok(Arc::new(Store::at_opts(folder, hash, &mut std::iter::empty(), options)?))
    }

    /// Makes a folder of links.
    fn shadow(&mut self) -> io::Result<PathBuf> {
        let root = private_folder()?;
        let root = self.shadow.insert(Shadow(root)).0.clone();
        let mut borrowed = String::new();
        for (number, folder) in self.all.iter().enumerate() {
            let links = root.join(number.to_string());
            fs::create_dir(&links)?;
            for entry in fs::read_dir(folder)? {
                let name = entry?.file_name();
                let is_wanted = name == "pack" || name.len() == 2;
                if is_wanted {
                    symlink(fs::canonicalize(folder)?.join(&name), links.join(&name))?;
                }
            }
            if number > 0 {
                borrowed.push_str(&format!("{}\n", links.display()));
            }
        }
        let own = root.join("0");
        fs::create_dir(own.join("info"))?;
        fs::write(own.join("info/alternates"), borrowed)?;
        Ok(own)
    }
}

/// What the `HEAD` of each other work tree points at, if that is no branch, by the names git has for them.
pub(super) fn detached_heads(common: &Path) -> Vec<(String, ObjectId)> {
    let mut files = vec![("main-worktree/HEAD".to_owned(), common.join("HEAD"))];
    for entry in fs::read_dir(common.join("worktrees")).into_iter().flatten().filter_map(Result::ok) {
        files.push((format!("worktrees/{}/HEAD", entry.file_name().to_string_lossy()), entry.path().join("HEAD")));
    }
    files.sort();
    let id = |path: &Path| ObjectId::from_hex(fs::read_to_string(path).ok()?.trim().as_bytes()).ok();
    files.into_iter().filter_map(|(name, path)| Some((name, id(&path)?))).collect()
}

/// The loose objects in a folder of objects.
pub(super) fn loose_at(objects: &Path, hash: gix::hash::Kind) -> loose::Store {
    let options = loose::Options { alloc_limit_bytes: Some(LARGEST), ..loose::Options::default() };
    loose::Store::at_opts(objects, hash, options)
}

/// The ids of the loose objects in a folder of objects, and what could not be listed. What goes away meanwhile is not there.
pub(super) fn loose(objects: &Path) -> (Vec<ObjectId>, Vec<io::Error>) {
    let (mut ids, mut errors) = (Vec::new(), Vec::new());
    for first in 0..=u8::MAX {
        let prefix = format!("{first:02x}");
        match fs::read_dir(objects.join(&prefix)) {
            Ok(entries) => {
                let names = entries.filter_map(|e| e.ok()?.file_name().into_string().ok());
                ids.extend(names.filter_map(|name| ObjectId::from_hex(format!("{prefix}{name}").as_bytes()).ok()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => errors.push(error),
        }
    }
    (ids, errors)
}

/// Removes what a scan that was killed left behind: folders of links whose process is no more.
fn sweep(folder: &Path) {
    let owner = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(SHADOW)?.split('-').next()?.parse().ok());
        let Some(process) = process.and_then(rustix::process::Pid::from_raw) else { continue };
        let is_ours = entry.metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == owner);
        if is_ours && rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH) {
            // Links and folders of links only; what they lead to stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A new folder that nobody else may enter.
fn private_folder() -> io::Result<PathBuf> {
    sweep(&std::env::temp_dir());
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("{SHADOW}{}-{number}", std::process::id()));
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 10_000 => {}
            Err(error) => return Err(error),
        }
    }
}
