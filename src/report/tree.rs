//! Where services that show findings beside the code find what stands in the history of a repository.
//!
//! It must not know a report format. Start with [`all`]. Such services show files: a secret that is still in `HEAD` is told where it stands there,
//! as a scan of the files would, and its older versions are not told again. One that is not is told once for each path it had, in a
//! run of its own. A message, a name, and a blob that no ref reaches, have no path: they stand in `.git`, with the object as logical location.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Style, ranked};
use crate::scan::blob::{Container, Origin};
use crate::scan::finding::{Finding, Occurrence, Scan};

/// One place of one finding.
pub(super) struct Hit<'a> {
    pub(super) finding: &'a Finding,
    /// As such a service knows it: a place in history is a place in the file of that time.
    pub(super) occurrence: Cow<'a, Occurrence>,
    pub(super) category: Category,
}

/// Is a place there now?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    /// What is there now.
    Now,
    /// What only the history of a repository has.
    History,
}

/// All places: most severe first, then surest first, then the first place of every secret before the other places, so that a secret that
/// stands in thousands of files crowds out none of its rank.
pub(super) fn all<'a>(scan: &'a Scan, style: &Style) -> Vec<Hit<'a>> {
    let mut all = Vec::new();
    for finding in ranked(scan) {
        all.extend(hits(finding, &style.root).into_iter().enumerate().map(|(i, hit)| (i.min(1), hit)));
    }
    all.sort_by_key(|(later, hit)| (Reverse(hit.finding.severity), Reverse(hit.finding.confidence), *later));
    all.into_iter().map(|(_, hit)| hit).collect()
}

/// The places of a finding that are told.
fn hits<'a>(finding: &'a Finding, root: &Path) -> Vec<Hit<'a>> {
    let (here, committed): (Vec<_>, Vec<_>) = finding.occurrences.iter().partition(|o| member(&o.origin).is_none());
    let told_as = |category| move |occurrence| Hit { finding, occurrence: Cow::Borrowed(occurrence), category };
    if committed.is_empty() {
        return here.into_iter().map(told_as(Category::Now)).collect();
    }
    let mut hits: Vec<Hit<'a>> = Vec::new();
    let head_path = |o: &Occurrence| o.commit.as_ref().and_then(|commit| commit.head_path.clone());
    let in_head = committed.iter().filter_map(|o| Some((*o, head_path(o)?)));
    hits.extend(in_head.map(|(o, path)| moved(finding, o, &path, root, Category::Now)));
    if hits.is_empty() {
        let mut oldest = committed;
        oldest.sort_by_key(|o| o.commit.as_ref().map_or(i64::MAX, |commit| commit.time));
        let mut told = HashSet::new();
        for occurrence in oldest {
            let hit = match member(&occurrence.origin).and_then(|member| member.split_once(':')) {
                Some((_, path)) if !path.is_empty() && !path.ends_with('/') => {
                    moved(finding, occurrence, path, root, Category::History)
                }
                _ => Hit { finding, occurrence: Cow::Owned(pathless(occurrence)), category: Category::History },
            };
            if told.insert(hit.occurrence.origin.clone()) {
                hits.push(hit);
            }
        }
        // A file beside the objects, such as a reflog, is no file of the repository.
        hits.extend(here.into_iter().map(told_as(Category::History)));
    }
    hits
}

fn moved<'a>(finding: &'a Finding, occurrence: &Occurrence, path: &str, root: &Path, category: Category) -> Hit<'a> {
    let file = below(occurrence.origin.path().unwrap_or(root), root).join(path);
    let mut occurrence = occurrence.clone();
    occurrence.origin = replaced(&occurrence.origin, &Origin::File(file));
    Hit { finding, occurrence: Cow::Owned(occurrence), category }
}

fn pathless(occurrence: &Occurrence) -> Occurrence {
    let mut occurrence = occurrence.clone();
    let member = member(&occurrence.origin).unwrap_or_default().to_owned();
    let object = Origin::Inside { outer: Arc::new(Origin::File(PathBuf::from(".git"))), member, kind: Container::Git };
    occurrence.origin = replaced(&occurrence.origin, &object);
    occurrence
}

/// The name of the object of a repository that holds a place.
fn member(origin: &Origin) -> Option<&str> {
    match origin {
        Origin::Inside { member, kind: Container::Git, .. } => Some(member),
        Origin::Inside { outer, .. } => member(outer),
        _ => None,
    }
}

/// The place with its object replaced by what stands for it.
fn replaced(origin: &Origin, object: &Origin) -> Origin {
    match origin {
        Origin::Inside { outer, member, kind } if *kind != Container::Git => {
            Origin::Inside { outer: Arc::new(replaced(outer, object)), member: member.clone(), kind: *kind }
        }
        _ => object.clone(),
    }
}

/// The folder of a repository relative to the root; paths of a bare one, or of one elsewhere, are told as they stand in it.
fn below(repository: &Path, root: &Path) -> PathBuf {
    let is_bare = repository.extension().is_some_and(|x| x == "git");
    let inside =
        repository.strip_prefix(root).ok().filter(|_| !is_bare && (!root.as_os_str().is_empty() || repository.is_relative()));
    inside.map(Path::to_path_buf).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::below;

    #[test]
    fn paths_are_relative_to_the_repository() {
        let check = |repository: &str, root: &str, expected: &str| {
            assert_eq!(below(Path::new(repository), Path::new(root)), Path::new(expected));
        };
        check("/w/repo", "/w/repo", "");
        check("/w/repo/inner", "/w/repo", "inner");
        check("/w/bare.git", "/w", "");
        check("/elsewhere", "/w", "");
        check("/w/repo", "", "");
        check("repo", "", "repo");
    }
}
