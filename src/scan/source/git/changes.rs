//! What one version of files has and an older one has not: lines of a text, files of a tree.
//!
//! It must not scan. Start with [`new_lines`] and [`between`]. A line that only moved is not new, within a file or from one that was
//! deleted: [`source`] finds the one.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use gix::ObjectId;
use gix::objs::tree::EntryKind;
use gix::objs::{Kind, TreeRefIter};

use super::names::Reader;

/// Deleted files that are compared with a new one.
const SOURCES: usize = 200;

/// The lines that the older texts have not, those that follow each other as one range.
pub(super) fn new_lines<T: AsRef<[u8]>>(old: &[T], new: &[u8]) -> Vec<Range<usize>> {
    let known: HashSet<&[u8]> = old.iter().flat_map(|text| lines(text.as_ref())).collect();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for line in new.split_inclusive(|b| *b == b'\n') {
        let range = at..at + line.len();
        at = range.end;
        if known.contains(without_end(line)) {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    ranges
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|b| *b == b'\n').map(without_end)
}

/// Without what ends a line: git may turn one end into another.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The deleted file that shares most lines with a new one, which was made from it by a rename.
pub(super) fn source(reader: &Reader<'_, '_>, deleted: &[ObjectId], new: &[u8]) -> Option<Vec<u8>> {
    let wanted: HashSet<&[u8]> = lines(new).filter(|line| !line.is_empty()).collect();
    let mut best = (0, None);
    for id in deleted.iter().take(SOURCES) {
        // It is for comparing only: what is missing makes more lines new, not fewer.
        let Ok(object) = reader.repository.find_object(*id) else { continue };
        let equal = lines(&object.data).collect::<HashSet<_>>().intersection(&wanted).count();
        if equal > best.0 {
            best = (equal, Some(object.data.clone()));
        }
    }
    best.1
}

/// A file of a tree that none of the older trees has under its path.
pub(super) struct Change {
    pub(super) path: Vec<u8>,
    pub(super) id: ObjectId,
    /// What they have there.
    pub(super) before: Vec<ObjectId>,
}

/// What became of trees.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) files: Vec<Change>,
    /// Blobs under paths that are no longer there.
    pub(super) deleted: Vec<ObjectId>,
}

/// A tree, those that stood there, and the path to it.
type Step = (Option<ObjectId>, Vec<ObjectId>, Vec<u8>);

/// Compares a tree with older ones. Trees that are the same in both are not read, and what stands in many places is told at one.
pub(super) fn between(reader: &Reader<'_, '_>, tree: ObjectId, older: &[ObjectId]) -> Changes {
    let mut changes = Changes::default();
    let mut seen = HashSet::new();
    let mut waiting: Vec<Step> = Vec::new();
    if !older.contains(&tree) {
        waiting.push((Some(tree), older.to_vec(), Vec::new()));
    }
    while let Some((tree, older, prefix)) = waiting.pop() {
        if seen.insert((tree, older.clone())) {
            step(reader, (tree, &older, &prefix), &mut waiting, &mut changes);
        }
    }
    changes
}

fn step(
    reader: &Reader<'_, '_>,
    (tree, older, prefix): (Option<ObjectId>, &[ObjectId], &[u8]),
    waiting: &mut Vec<Step>,
    changes: &mut Changes,
) {
    let new = tree.map(|id| entries(reader, id)).unwrap_or_default();
    let older: Vec<_> = older.iter().map(|id| entries(reader, *id)).collect();
    for (name, (id, is_tree)) in &new {
        let stood: Vec<_> = older.iter().filter_map(|entries| entries.get(name)).collect();
        if stood.contains(&&(*id, *is_tree)) {
            continue;
        }
        let before = stood.iter().filter(|(_, was_tree)| was_tree == is_tree).map(|(id, _)| *id).collect();
        let path = [prefix, name].concat();
        if *is_tree {
            waiting.push((Some(*id), before, [&path[..], b"/"].concat()));
        } else {
            changes.files.push(Change { path, id: *id, before });
        }
    }
    for (name, (id, is_tree)) in older.iter().flatten().filter(|(name, _)| !new.contains_key(*name)) {
        if *is_tree {
            waiting.push((None, vec![*id], [prefix, name, b"/"].concat()));
        } else {
            changes.deleted.push(*id);
        }
    }
}

/// Names in a tree, with what they stand for and whether that is a tree. Commits of other repositories are left out.
fn entries(reader: &Reader<'_, '_>, tree: ObjectId) -> HashMap<Vec<u8>, (ObjectId, bool)> {
    let Some(data) = reader.object(tree, Kind::Tree) else { return HashMap::new() };
    let mut out = HashMap::new();
    for entry in TreeRefIter::from_bytes(&data, reader.history.hash) {
        let Ok(entry) = entry else {
            reader.gap(tree, "a tree that cannot be understood");
            break;
        };
        if entry.mode.kind() != EntryKind::Commit {
            out.insert(entry.filename.to_vec(), (entry.oid.to_owned(), entry.mode.kind() == EntryKind::Tree));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::new_lines;

    #[test]
    fn lines_that_were_not_there() {
        let check = |old: &[&str], new: &str, expected: &[&str]| {
            let found: Vec<_> = new_lines(old, new.as_bytes()).into_iter().map(|r| &new[r]).collect();
            assert_eq!(found, expected);
        };
        check(&["a\nb\n"], "a\nx\ny\nb\nz", &["x\ny\n", "z"]);
        check(&["a\nb"], "b\r\na\n", &[]);
        check(&[""], "a\nb", &["a\nb"]);
        check(&["a\n"], "", &[]);
        check(&["a\n"], "a\n\n", &["\n"]);
        check(&["a\n", "b\n"], "a\nb\nc\n", &["c\n"]);
        check(&[], "a\n", &["a\n"]);
    }

    proptest! {
        #[test]
        fn every_line_is_new_or_known(old in "[ab\n]{0,30}", new in "[abc\n]{0,30}") {
            let ranges = new_lines(&[&old], new.as_bytes());
            prop_assert!(ranges.windows(2).all(|w| w[0].end < w[1].start));
            let mut at = 0;
            for line in new.split_inclusive('\n') {
                let inside = ranges.iter().any(|r| r.start <= at && at + line.len() <= r.end);
                let known = old.split_inclusive('\n').any(|l| l.trim_end_matches('\n') == line.trim_end_matches('\n'));
                prop_assert_eq!(inside, !known);
                at += line.len();
            }
        }
    }
}
