//! Where a finding stands in a project: its path from the folder of the project's `stanch.toml`, however the file was named.
//!
//! It must not know what is silenced. Start with [`Locator::path`].

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::scan::blob::{Container, Origin, Place};

/// Knows the project's folder. Shared by all threads of a scan.
#[derive(Debug, Default)]
pub struct Locator {
    /// Free of links; none if there is no such folder, and then paths are taken as they are.
    root: Option<PathBuf>,
    /// Folders that were looked up: many findings stand in one.
    known: Mutex<HashMap<PathBuf, PathBuf>>,
}

impl Locator {
    /// For the project in this folder.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.canonicalize().ok(), known: Mutex::default() }
    }

    /// The project's folder, free of links.
    #[must_use]
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// The path of what stands at `place`, with `/` between its parts; behind the file, each after a `/`, the members of archives. `None` if
    /// it lies outside of the project or is no file.
    #[must_use]
    pub fn path(&self, place: &Place<'_>) -> Option<String> {
        match place {
            Place::Stdin => None,
            Place::File(path) => self.relative(path.parent().unwrap_or(Path::new("")), path.file_name()?.to_owned()),
            Place::Inside { outer, kind: Container::Notebook, .. } => self.path(outer),
            Place::Inside { outer, member, kind: Container::Archive, .. } => Some(format!("{}/{member}", self.path(outer)?)),
            Place::Inside { outer, member, kind: Container::Git, .. } => {
                let (_, path) = member.split_once(':')?;
                self.relative(outer.path()?, OsString::from(path))
            }
        }
    }

    /// The same of a place that is owned.
    #[must_use]
    pub fn path_of(&self, origin: &Origin) -> Option<String> {
        let mut path = None;
        with_place(origin, &mut |place| path = self.path(place));
        path
    }

    fn relative(&self, folder: &Path, name: OsString) -> Option<String> {
        let Some(root) = &self.root else {
            return Some(folder.join(name).to_string_lossy().replace('\\', "/"));
        };
        let full = self.real(folder).join(name);
        Some(full.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/"))
    }

    /// A folder free of links; what is not there, such as one that only the index has, by what is.
    fn real(&self, folder: &Path) -> PathBuf {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(folder).cloned();
        known.unwrap_or_else(|| {
            let there = folder.ancestors().find_map(|above| {
                let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
                Some((above.canonicalize().ok()?, folder.strip_prefix(above).unwrap_or(Path::new(""))))
            });
            let real = there.map_or_else(|| folder.to_path_buf(), |(above, rest)| above.join(rest));
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_path_buf(), real.clone());
            real
        })
    }
}

/// Lends a place.
fn with_place(origin: &Origin, take: &mut dyn FnMut(&Place<'_>)) {
    match origin {
        Origin::File(path) => take(&Place::File(path)),
        Origin::Stdin => take(&Place::Stdin),
        Origin::Inside { outer, member, kind } => {
            with_place(outer, &mut |outer| take(&Place::Inside { outer, member, kind: *kind, source: None }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Locator;
    use crate::scan::blob::{Container, Place};

    #[test]
    fn paths_are_those_in_the_project() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("project/sub")).unwrap();
        std::os::unix::fs::symlink("project", at("link")).unwrap();
        let locator = Locator::new(&at("link"));
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(locator.path(&Place::File(&at(name))).as_deref(), expected, "{name}");
        };
        check("project/a", Some("a"));
        check("link/sub/a", Some("sub/a"));
        check("project/sub/../a", Some("a"));
        check("project/gone/deeper/a", Some("gone/deeper/a"));
        check("a", None);
        check("project2/a", None);
        assert_eq!(locator.path(&Place::Stdin), None);

        let (file, root) = (at("project/sub/a.zip"), at("project"));
        let (file, root) = (Place::File(&file), Place::File(&root));
        let inside = |outer, member, kind| Place::Inside { outer, member, kind, source: None };
        let member = inside(&file, "b/c.txt", Container::Archive);
        assert_eq!(locator.path(&member).as_deref(), Some("sub/a.zip/b/c.txt"));
        assert_eq!(locator.path_of(&member.to_origin()).as_deref(), Some("sub/a.zip/b/c.txt"));
        assert_eq!(locator.path(&inside(&file, "cell-1", Container::Notebook)).as_deref(), Some("sub/a.zip"));
        assert_eq!(locator.path(&inside(&root, "0123abcd:x/y", Container::Git)).as_deref(), Some("x/y"));
        assert_eq!(locator.path(&inside(&root, "0123abcd", Container::Git)), None);
        assert_eq!(Locator::default().path(&Place::File(Path::new("x/y"))).as_deref(), Some("x/y"));
    }
}
