//! Which `stanch.toml` counts: the nearest one above what is scanned, never one above the root of its repository.
//!
//! It must not read the file; [`Project`] does. Start with [`project`].

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::exit::hinted;
use crate::scan::project::Project;

const NAME: &str = "stanch.toml";

/// What the project decided: in the file given, in none, or in the nearest one to `paths`.
pub(super) fn project(config: Option<&Path>, none: bool, paths: &[PathBuf]) -> anyhow::Result<Project> {
    if let Some(path) = config {
        return Ok(Project::load(path)?);
    }
    if none {
        return Ok(Project::default());
    }
    match find(paths)? {
        Some(path) => Ok(Project::load(&path)?),
        None => Ok(Project::default()),
    }
}

/// The one file that all paths lead to, or none if all of them lead to none. A path that has none above it leads to that of the
/// current folder. Paths that lead to different ones, or some to one and some to none, are refused: the file of one tree must not
/// silence what another holds.
fn find(paths: &[PathBuf]) -> anyhow::Result<Option<PathBuf>> {
    let mut found: Vec<(&Path, Option<PathBuf>)> = Vec::new();
    for path in paths {
        let named = if path == Path::new("-") { None } else { nearest(path) };
        let file = named.or_else(|| nearest(Path::new(".")));
        if !found.iter().any(|(_, other)| *other == file) {
            found.push((path, file));
        }
    }
    let holds = |(path, file): &(&Path, Option<PathBuf>)| match file {
        Some(file) => format!("{} holds for {}", shown(file).display(), path.display()),
        None => format!("no {NAME} holds for {}", path.display()),
    };
    match found.as_slice() {
        [] => Ok(None),
        [(_, one)] => Ok(one.as_deref().map(shown)),
        [one, other, ..] => Err(hinted(
            format!("{}, but {}", holds(one), holds(other)),
            "choose one for all with --config, none with --no-config, or scan them one after the other",
        )),
    }
}

/// The nearest file in the folder that `path` is or stands in, or above it up to the root of the repository. Outside a repository
/// only that folder counts: anyone may write to `/tmp`. Above it, only what belongs to us, to root or to the owner of that folder
/// counts, so that nobody else can make a repository around it.
fn nearest(path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().ok()?;
    let start = if real.is_dir() { &*real } else { real.parent()? };
    let owner = |path: &Path| fs::symlink_metadata(path).ok().map(|meta| meta.uid());
    let ours = [Some(rustix::process::geteuid().as_raw()), Some(0), owner(start)];
    let has_git = |folder: &&Path| owner(&folder.join(".git")).is_some();
    let root = start.ancestors().find(has_git).filter(|root| ours.contains(&owner(&root.join(".git")))).unwrap_or(start);
    start
        .ancestors()
        .take_while(|folder| folder.starts_with(root))
        .map(|folder| folder.join(NAME))
        .filter(|file| file.is_file())
        .find(|file| file.parent() == Some(start) || ours.contains(&owner(file)))
}

/// As people would name it: relative to the current folder, if it stands below it.
fn shown(file: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    here.ok().and_then(|here| file.strip_prefix(here).ok()).unwrap_or(file).to_path_buf()
}
