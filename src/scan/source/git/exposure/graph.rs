//! All commits, those that refs and reflogs reach first, which refs those are, and what came before what.
//!
//! It must not look into trees. Start with [`Graph::read`]. What cannot be read is left out: the scan said so already.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::{CommitRef, Kind, TagRef};

use super::super::Commit;
use super::super::graph::Graph as Database;
use super::super::names::{ordered, parsed, person, time};
use super::super::store;
use crate::scan::finding::Seen;

/// A reflog that is larger is not looked at.
const LARGEST_LOG: u64 = 64 << 20;

/// Commits and what points at them.
pub(super) struct Graph {
    /// Parents before children, else the oldest first.
    pub(super) nodes: Vec<Node>,
    /// By kind, then by name.
    pub(super) tips: Vec<Tip>,
    /// What `HEAD` points at.
    pub(super) head: Option<u32>,
}

/// A commit, or what a tag names that is none.
pub(super) struct Node {
    pub(super) id: ObjectId,
    /// Its tree; for what is no commit, the object itself.
    pub(super) tree: ObjectId,
    pub(super) parents: Vec<u32>,
    pub(super) is_commit: bool,
    /// Does a ref reach it, or only a reflog or nothing?
    pub(super) by_ref: bool,
}

/// A ref, or an entry of a reflog.
pub(super) struct Tip {
    pub(super) kind: TipKind,
    pub(super) name: String,
    pub(super) node: u32,
    /// Tags on the way from the name to the commit.
    pub(super) tags: Vec<ObjectId>,
}

/// Kinds of names, in the order they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TipKind {
    Head,
    Branch,
    Remote,
    Tag,
    Stash,
    Notes,
    Other,
    Reflog,
}

/// An object before its place in the order is known.
struct Found {
    id: ObjectId,
    tree: ObjectId,
    parents: Vec<ObjectId>,
    time: i64,
    is_commit: bool,
    by_ref: bool,
}

/// A name and the object behind its tags.
struct Name {
    kind: TipKind,
    text: String,
    target: ObjectId,
    tags: Vec<ObjectId>,
}

impl Graph {
    /// Reads all commits that refs reach, then those that only reflogs do, then those of the database that nothing does.
    pub(super) fn read(repository: &gix::Repository, database: &Database, boundary: &HashSet<ObjectId>) -> Self {
        let mut names = refs(repository);
        let head = repository.head_id().ok().map(gix::Id::detach);
        if let Some(target) = head.filter(|_| repository.head_name().ok().flatten().is_none()) {
            names.push(Name { kind: TipKind::Head, text: "HEAD".to_owned(), target, tags: Vec::new() });
        }
        for (text, target) in store::detached_heads(repository.common_dir()) {
            if head != Some(target) {
                names.push(Name { kind: TipKind::Other, text, target, tags: Vec::new() });
            }
        }
        names.sort_by(|a, b| (a.kind, &a.text).cmp(&(b.kind, &b.text)));
        let mut walk = Walk { repository, database, boundary, seen: HashSet::new(), found: Vec::new() };
        names.iter().for_each(|name| walk.from(name.target, true));
        let mut logged = reflogs(repository);
        logged.retain(|name| !walk.seen.contains(&name.target));
        logged.iter().for_each(|name| walk.from(name.target, false));
        names.extend(logged);
        let mut rest: Vec<ObjectId> = database.commits.keys().copied().collect();
        rest.sort_unstable();
        rest.into_iter().for_each(|id| walk.from(id, false));
        let nodes = in_order(&walk.found);
        let index: HashMap<ObjectId, u32> = (0..).zip(&nodes).map(|(at, node)| (node.id, at)).collect();
        let tip = |name: Name| Some(Tip { kind: name.kind, name: name.text, node: *index.get(&name.target)?, tags: name.tags });
        let tips = names.into_iter().filter_map(tip).collect();
        let head = head.and_then(|id| index.get(&id).copied());
        Self { nodes, tips, head }
    }

    /// The commits of the history of `HEAD` along first parents, the newest first.
    pub(super) fn first_parents(&self) -> Vec<u32> {
        std::iter::successors(self.head, |at| self.nodes[*at as usize].parents.first().copied()).collect()
    }

    /// For each node whether `HEAD` reaches it.
    pub(super) fn of_head(&self) -> Vec<bool> {
        let mut reached = vec![false; self.nodes.len()];
        if let Some(head) = self.head {
            reached[head as usize] = true;
        }
        for at in (0..self.nodes.len()).rev().filter(|at| self.nodes[*at].is_commit) {
            if reached[at] {
                self.nodes[at].parents.iter().for_each(|parent| reached[*parent as usize] = true);
            }
        }
        reached
    }
}

/// Who made a commit or a tag, and when.
pub(super) fn seen(repository: &gix::Repository, id: ObjectId) -> Option<Seen> {
    let object = repository.find_object(id).ok()?;
    let (author, time) = match object.kind {
        Kind::Commit => {
            let commit = CommitRef::from_bytes(&object.data, id.kind()).ok()?;
            (person(commit.author), time(commit.committer))
        }
        Kind::Tag => {
            let tagger = TagRef::from_bytes(&object.data, id.kind()).ok()?.tagger.unwrap_or_default();
            (person(tagger), time(tagger))
        }
        Kind::Tree | Kind::Blob => return None,
    };
    Some(Seen { commit: id.to_string(), author, time })
}

struct Walk<'r> {
    repository: &'r gix::Repository,
    /// Where most commits were read already.
    database: &'r Database,
    boundary: &'r HashSet<ObjectId>,
    seen: HashSet<ObjectId>,
    found: Vec<Found>,
}

impl Walk<'_> {
    fn from(&mut self, tip: ObjectId, by_ref: bool) {
        let mut waiting = vec![tip];
        while let Some(id) = waiting.pop() {
            if !self.seen.insert(id) {
                continue;
            }
            let Some(found) = self.read(id, by_ref) else { continue };
            waiting.extend(found.parents.iter().copied());
            self.found.push(found);
        }
    }

    fn read(&self, id: ObjectId, by_ref: bool) -> Option<Found> {
        let parents = |parents: &[ObjectId]| if self.boundary.contains(&id) { Vec::new() } else { parents.to_vec() };
        let found = |(commit, all): &(Commit, Vec<ObjectId>)| {
            let Commit { tree, time, .. } = *commit;
            Found { id, tree, parents: parents(all), time, is_commit: true, by_ref }
        };
        if let Some(known) = self.database.commits.get(&id) {
            return Some(found(known));
        }
        let object = self.repository.find_object(id).ok()?;
        match object.kind {
            Kind::Commit => parsed(id, &object.data, id.kind()).as_ref().map(found),
            _ => Some(Found { id, tree: id, parents: Vec::new(), time: 0, is_commit: false, by_ref }),
        }
    }
}

/// All refs that are not just other names of refs.
fn refs(repository: &gix::Repository) -> Vec<Name> {
    let head = repository.head_name().ok().flatten();
    let Ok(platform) = repository.references() else { return Vec::new() };
    let Ok(all) = platform.all() else { return Vec::new() };
    let mut names = Vec::new();
    for reference in all.filter_map(Result::ok) {
        let Some(id) = reference.try_id().map(gix::Id::detach) else { continue };
        let is_head = head.as_ref().is_some_and(|head| head.as_bstr() == reference.name().as_bstr());
        let name = reference.name().as_bstr().to_string();
        let kind = if is_head { TipKind::Head } else { kind(&name) };
        let Some((target, tags)) = behind_tags(repository, id) else { continue };
        names.push(Name { kind, text: name, target, tags });
    }
    names
}

fn kind(name: &str) -> TipKind {
    let kinds = [
        ("refs/heads/", TipKind::Branch),
        ("refs/remotes/", TipKind::Remote),
        ("refs/tags/", TipKind::Tag),
        ("refs/stash", TipKind::Stash),
        ("refs/notes/", TipKind::Notes),
    ];
    kinds.into_iter().find(|(prefix, _)| name.starts_with(prefix)).map_or(TipKind::Other, |(_, kind)| kind)
}

/// What is no tag behind an object, and the tags on the way.
fn behind_tags(repository: &gix::Repository, mut id: ObjectId) -> Option<(ObjectId, Vec<ObjectId>)> {
    let mut tags = Vec::new();
    loop {
        let object = repository.find_object(id).ok()?;
        if object.kind != Kind::Tag {
            return Some((id, tags));
        }
        let target = ObjectId::from_hex(TagRef::from_bytes(&object.data, id.kind()).ok()?.target).ok()?;
        tags.push(id);
        id = target;
    }
}

/// The commits that reflogs name, the newest entry of each log first.
fn reflogs(repository: &gix::Repository) -> Vec<Name> {
    let (own, common) = (repository.git_dir().join("logs"), repository.common_dir().join("logs"));
    let mut files = vec![(own.join("HEAD"), "HEAD".to_owned())];
    below(&common.join("refs"), "refs", &mut files);
    files.sort();
    let mut names = Vec::new();
    let mut known = HashSet::new();
    for (path, name) in files {
        let is_log = |meta: std::fs::Metadata| meta.is_file() && meta.len() <= LARGEST_LOG;
        let text = std::fs::symlink_metadata(&path).is_ok_and(is_log).then(|| std::fs::read(&path).ok()).flatten();
        let text = text.unwrap_or_default();
        let ids = text.split(|b| *b == b'\n').filter(|line| !line.is_empty()).map(|line| line.split(|b| *b == b' ').nth(1));
        for (age, id) in ids.collect::<Vec<_>>().into_iter().rev().enumerate() {
            let Some(target) = id.and_then(|hex| ObjectId::from_hex(hex).ok()).filter(|id| !id.is_null()) else { continue };
            if known.insert(target) {
                let text = format!("{}@{{{age}}}", name.strip_prefix("refs/heads/").unwrap_or(&name));
                names.push(Name { kind: TipKind::Reflog, text, target, tags: Vec::new() });
            }
        }
    }
    names
}

fn below(folder: &Path, name: &str, files: &mut Vec<(PathBuf, String)>) {
    let mut waiting = vec![(folder.to_path_buf(), name.to_owned())];
    while let Some((folder, name)) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            let name = format!("{name}/{}", entry.file_name().to_string_lossy());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => waiting.push((entry.path(), name)),
                Ok(kind) if kind.is_file() => files.push((entry.path(), name)),
                _ => {}
            }
        }
    }
}

/// Parents before children, else the oldest first.
fn in_order(found: &[Found]) -> Vec<Node> {
    let order = ordered(found.iter().map(|one| (one.id, one.time, one.parents.as_slice())));
    let now_at: HashMap<ObjectId, u32> = (0..).zip(&order).map(|(now, at)| (found[*at].id, now)).collect();
    let node = |at: usize| {
        let Found { id, tree, is_commit, by_ref, ref parents, .. } = found[at];
        let parents = parents.iter().filter_map(|id| now_at.get(id).copied()).collect();
        Node { id, tree, parents, is_commit, by_ref }
    };
    order.into_iter().map(node).collect()
}

#[cfg(test)]
mod tests {
    use gix::ObjectId;
    use proptest::prelude::*;

    use super::{Found, TipKind, in_order, kind};

    fn id(n: usize) -> ObjectId {
        ObjectId::from_hex(format!("{n:040x}").as_bytes()).unwrap()
    }

    #[test]
    fn names_have_kinds() {
        let check = |name: &str, expected: TipKind| assert_eq!(kind(name), expected, "{name}");
        check("refs/heads/a", TipKind::Branch);
        check("refs/remotes/origin/a", TipKind::Remote);
        check("refs/tags/v1", TipKind::Tag);
        check("refs/stash", TipKind::Stash);
        check("refs/notes/commits", TipKind::Notes);
        check("refs/pull/1/head", TipKind::Other);
    }

    proptest! {
        #[test]
        fn parents_come_first_whatever_clocks_say(graph in prop::collection::vec((prop::collection::vec(any::<prop::sample::Index>(), 0..3), -3_i64..3), 1..40)) {
            let found = graph.iter().enumerate().map(|(at, (parents, time))| {
                let parents = parents.iter().filter(|_| at > 0).map(|p| id(p.index(at.max(1)))).collect();
                Found { id: id(at), tree: id(at), parents, time: *time, is_commit: true, by_ref: true }
            });
            let nodes = in_order(&found.collect::<Vec<_>>());
            prop_assert_eq!(nodes.len(), graph.len());
            for (at, node) in nodes.iter().enumerate() {
                prop_assert!(node.parents.iter().all(|parent| (*parent as usize) < at));
            }
        }
    }
}
