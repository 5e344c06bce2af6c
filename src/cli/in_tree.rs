//! Paths as code scanning knows them: by where files stand in the work tree, however they were named.
//!
//! It must not know a format. Start with [`rename`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::scan::blob::Origin;
use crate::scan::finding::{IssueKind, Scan};

/// Makes all paths of a scan absolute and free of symbolic links, and tells what a report makes them relative to: the root of the
/// repository that the current folder lies in, or else that folder.
pub(super) fn rename(scan: &mut Scan) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    let mut known = HashMap::new();
    for finding in &mut scan.findings {
        for occurrence in &mut finding.occurrences {
            occurrence.origin = real(&occurrence.origin, &here, &mut known);
        }
    }
    for issue in &mut scan.issues {
        // What is said of a link itself must not be said of what it leads to.
        let is_link = issue.kind == IssueKind::Symlink;
        issue.origin = if is_link { of_link(&issue.origin, &here) } else { real(&issue.origin, &here, &mut known) };
    }
    let root = here.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok());
    root.unwrap_or(&here).to_path_buf()
}

fn of_link(origin: &Origin, here: &Path) -> Origin {
    let Origin::File(path) = origin else { return origin.clone() };
    let path = here.join(path);
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    Origin::File(folder.zip(path.file_name()).map_or_else(|| path.clone(), |(folder, name)| folder.join(name)))
}

/// `known` are the paths looked up already: thousands of findings may stand in one file.
fn real(origin: &Origin, here: &Path, known: &mut HashMap<PathBuf, PathBuf>) -> Origin {
    match origin {
        Origin::File(path) => {
            let resolved = known.entry(path.clone()).or_insert_with(|| path.canonicalize().unwrap_or_else(|_| here.join(path)));
            Origin::File(resolved.clone())
        }
        Origin::Stdin => Origin::Stdin,
        Origin::Inside { outer, member, kind } => {
            Origin::Inside { outer: Arc::new(real(outer, here, known)), member: member.clone(), kind: *kind }
        }
    }
}
