//! What blobs are called: by commits that refs reach first, then by those that none does, then by trees that no commit names.
//!
//! It must not scan. Start with [`read`]. Each commit and each tree is read once.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use gix::ObjectId;
use gix::objs::tree::EntryKind;
use gix::objs::{CommitRef, Kind, TreeRefIter};

use super::graph::Graph;
use super::paths::{self, Other, Paths};
use super::texts::TreeNames;
use super::{Commit, HINT, History, Names, staged, store};
use crate::base::text::without_tokens;
use crate::scan::finding::IssueKind;
use crate::scan::source::work::Job;

/// No file has a longer path.
const LONGEST: usize = 4096;

/// Reads the names of all blobs that stand in trees, and the names in all trees.
pub(super) fn read(history: &History, graph: &mut Graph, job: &Job<'_>) -> (Names, TreeNames) {
    let mut reader = Reader::new(history, job);
    reader.names = Some(RefCell::default());
    let mut paths = Paths::new(job.engine, graph.entries());
    let mut names = Names { commits: reader.commits(graph), ..Names::default() };
    names.reached = names.commits.len();
    reader.name(graph, &mut names, 0, &mut paths);
    // Those that are reached were told when they were.
    for (id, why) in std::mem::take(&mut graph.broken) {
        let number = graph.number(id);
        if graph.tree(number).is_none() && !paths.has(number) {
            reader.gap(id, why);
        }
    }
    let tree_names = reader.unreached(graph, &mut names, &mut paths);
    if paths.is_cut() {
        let detail = "its files have more paths than are looked at: what counts under some names only may be missing";
        job.issues.gap(IssueKind::GitObjects, &history.place(), detail);
    }
    let head = reader.repository.head_id().ok().and_then(|id| names.reached().iter().find(|c| c.id == id.detach()));
    if let Some(tree) = head.map(|commit| commit.tree) {
        reader.below(graph, tree, &mut Paths::default(), &mut |_, (_, id), _, _| {
            names.head.insert(id);
        });
    }
    names.staged = reader.staged();
    names.staged.retain(|id, _| !names.blobs.contains_key(id));
    names.others = paths.others;
    (names, tree_names)
}

/// A commit and its parents; `None` if it cannot be understood.
pub(super) fn parsed(id: ObjectId, data: &[u8], hash: gix::hash::Kind) -> Option<(Commit, Vec<ObjectId>)> {
    let commit = CommitRef::from_bytes(data, hash).ok()?;
    let tree = ObjectId::from_hex(commit.tree).ok()?;
    let parents = commit.parents.iter().filter_map(|hex| ObjectId::from_hex(hex).ok()).collect();
    Some((Commit { id, tree, author: person(commit.author), time: time(commit.committer) }, parents))
}

/// The trees that were not seen, by their ids; of these those that stand in no other of them, if that is wanted.
fn unseen(graph: &Graph, paths: &Paths<'_>, is_root: bool) -> Vec<ObjectId> {
    let all: Vec<u32> = (0..graph.len() as u32).filter(|n| !paths.has(*n) && graph.tree(*n).is_some()).collect();
    let below: HashSet<u32> = if is_root {
        let entries = all.iter().filter_map(|tree| graph.tree(*tree)).flatten();
        entries.filter(|entry| entry.is_tree).map(|entry| entry.number).collect()
    } else {
        HashSet::new()
    };
    let mut ids: Vec<ObjectId> = all.into_iter().filter(|tree| !below.contains(tree)).map(|tree| graph.id(tree)).collect();
    ids.sort_unstable();
    ids
}

/// Takes the number and the id of a blob, and its path: as a number, and in two parts.
type Named<'f, 'e> = &'f mut dyn FnMut(&mut Paths<'e>, (u32, ObjectId), (u32, u32), (&[u8], &[u8]));

/// Commits of a shallow clone whose parents are not there.
pub(super) fn boundary(history: &History) -> HashSet<ObjectId> {
    let text = std::fs::read_to_string(history.common_dir.join("shallow")).unwrap_or_default();
    text.lines().filter_map(|line| ObjectId::from_hex(line.trim().as_bytes()).ok()).collect()
}

/// Reads commits and trees; what cannot be read is a gap.
pub(super) struct Reader<'h, 'j> {
    pub(super) history: &'h History,
    pub(super) repository: gix::Repository,
    pub(super) job: &'h Job<'j>,
    pub(super) boundary: HashSet<ObjectId>,
    /// What is called in the trees that are read, if somebody wants to know.
    names: Option<RefCell<TreeNames>>,
    /// Is it a gap if a tree is not there? Of what no ref reaches, git itself throws away parts.
    is_whole: bool,
}

impl<'h, 'j> Reader<'h, 'j> {
    pub(super) fn new(history: &'h History, job: &'h Job<'j>) -> Self {
        let repository = history.repository.to_thread_local();
        Self { history, repository, job, boundary: boundary(history), names: None, is_whole: true }
    }

    /// Calls what stands in the trees of commits, from that with a number on, by the first that has it.
    fn name(&self, graph: &mut Graph, names: &mut Names, from: usize, paths: &mut Paths<'_>) {
        let Names { commits, blobs, .. } = names;
        for (index, commit) in commits.iter().enumerate().skip(from) {
            let Ok(index) = u32::try_from(index) else { break };
            self.names.iter().for_each(|names| names.borrow_mut().commit = Some(index));
            self.below(graph, commit.tree, paths, &mut |paths, (object, id), key, path| {
                let path = [path.0, path.1].concat().into_boxed_slice();
                match blobs.get(&id) {
                    Some((_, first)) => paths.add((object, first), key, Other { id, commit: index, path }),
                    None => drop(blobs.insert(id, (index, path))),
                }
            });
        }
    }

    /// The same for commits that no ref reaches, as those that were amended, and for trees that no commit names. All names in trees come
    /// back.
    fn unreached(&mut self, graph: &mut Graph, names: &mut Names, paths: &mut Paths<'_>) -> TreeNames {
        self.is_whole = false;
        // Submodules of before are none of now.
        let links = self.names.as_ref().map(|names| names.borrow().links.clone()).unwrap_or_default();
        let known: HashSet<ObjectId> = names.commits.iter().map(|commit| commit.id).collect();
        let rest = graph.commits.values().filter(|(commit, _)| !known.contains(&commit.id)).cloned().collect();
        names.commits.extend(in_order(rest));
        self.name(graph, names, names.reached, paths);
        names.real = names.commits.len();
        // What stands in none of the others first; where ids lie, there may be none.
        for is_root in [true, false] {
            let first = names.commits.len();
            let trees = unseen(graph, paths, is_root);
            names.commits.extend(trees.into_iter().map(|tree| Commit { id: tree, tree, author: String::new(), time: 0 }));
            self.name(graph, names, first, paths);
        }
        let mut all = self.names.take().map(RefCell::into_inner).unwrap_or_default();
        all.links = links;
        self.is_whole = true;
        all
    }

    /// The blobs of the index and their paths; none if it cannot be read, for then nothing is lost but names.
    fn staged(&self) -> HashMap<ObjectId, Box<[u8]>> {
        let Ok(Some(file)) = staged::index(self.history, self, None) else { return HashMap::new() };
        file.entries().iter().map(|entry| (entry.id, entry.path_in(file.path_backing()).to_vec().into_boxed_slice())).collect()
    }

    /// All commits that refs reach: parents before children, else the oldest first.
    fn commits(&self, graph: &mut Graph) -> Vec<Commit> {
        let mut waiting = self.tips();
        let mut seen: HashSet<ObjectId> = waiting.iter().copied().collect();
        let mut found = Vec::new();
        while let Some(id) = waiting.pop() {
            let known = graph.commits.get(&id).cloned().map(|commit| self.bounded(commit));
            let Some((commit, parents)) = known.or_else(|| self.commit(id)) else { continue };
            waiting.extend(parents.iter().filter(|parent| seen.insert(**parent)));
            found.push((commit, parents));
        }
        in_order(found)
    }

    /// A commit and its parents, unless they were left out of a shallow clone.
    pub(super) fn commit(&self, id: ObjectId) -> Option<(Commit, Vec<ObjectId>)> {
        let data = self.object(id, Kind::Commit)?;
        let commit = parsed(id, &data, self.history.hash);
        if commit.is_none() {
            self.gap(id, "a commit that cannot be understood");
        }
        commit.map(|commit| self.bounded(commit))
    }

    /// Without the parents that a shallow clone leaves out.
    pub(super) fn bounded(&self, (commit, mut parents): (Commit, Vec<ObjectId>)) -> (Commit, Vec<ObjectId>) {
        if self.boundary.contains(&commit.id) {
            parents.clear();
        }
        (commit, parents)
    }

    /// What refs and `HEAD` point at, tags followed to what they tag.
    fn tips(&self) -> Vec<ObjectId> {
        let repository = &self.repository;
        let mut tips: Vec<ObjectId> = repository.head_id().ok().map(gix::Id::detach).into_iter().collect();
        tips.extend(store::detached_heads(&self.history.common_dir).into_iter().map(|(_, id)| id));
        match repository.references().and_then(|all| Ok(all.all()?.collect::<Vec<_>>())) {
            Err(error) => self.gap_in("refs", &error.to_string()),
            Ok(all) => {
                let mut unread = Vec::new();
                for reference in all {
                    let id = reference.map_err(|e| e.to_string()).and_then(|mut r| r.peel_to_id().map_err(|e| e.to_string()));
                    match id {
                        Ok(id) => tips.push(id.detach()),
                        Err(error) => unread.push(error),
                    }
                }
                match &unread[..] {
                    [] => {}
                    [one] => self.gap_in("a ref", one),
                    [first, ..] => self.gap_in(&format!("{} refs", unread.len()), first),
                }
            }
        }
        tips.sort_unstable();
        tips.dedup();
        tips.retain(|id| match repository.find_header(*id) {
            Ok(header) => header.kind() == Kind::Commit,
            Err(_) => {
                self.gap(*id, "HEAD or a ref names it, and it is not here");
                false
            }
        });
        tips
    }

    /// Calls `blob` with the id and path of every blob below a tree that was not seen before.
    pub(super) fn tree(&self, root: ObjectId, seen: &mut HashSet<ObjectId>, blob: &mut dyn FnMut(ObjectId, &[u8])) {
        self.tree_with_folders(root, seen, blob);
    }

    /// The same; the trees that were read are the result, each with its path and a `/` behind it.
    pub(super) fn tree_with_folders(
        &self,
        root: ObjectId,
        seen: &mut HashSet<ObjectId>,
        blob: &mut dyn FnMut(ObjectId, &[u8]),
    ) -> Vec<(ObjectId, Vec<u8>)> {
        let mut folders = Vec::new();
        let mut waiting = vec![(root, Vec::new())];
        while let Some((id, prefix)) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            let Some(data) = self.object(id, Kind::Tree) else { continue };
            for entry in TreeRefIter::from_bytes(&data, self.history.hash) {
                let Ok(entry) = entry else {
                    self.gap(id, "a tree that cannot be understood");
                    break;
                };
                let path = [prefix.as_slice(), entry.filename].concat();
                match entry.mode.kind() {
                    EntryKind::Tree => waiting.push((entry.oid.to_owned(), [path.as_slice(), b"/"].concat())),
                    EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link => blob(entry.oid.to_owned(), &path),
                    // A commit of another repository.
                    EntryKind::Commit => {}
                }
            }
            folders.push((id, prefix));
        }
        folders
    }

    /// The same with the trees of a graph. A blob is named once, and again for each other path that is to be looked at. Paths come in
    /// two parts.
    fn below<'e>(&self, graph: &mut Graph, root: ObjectId, paths: &mut Paths<'e>, blob: Named<'_, 'e>) {
        let root = graph.number(root);
        let mut waiting = Vec::new();
        if paths.first(root, paths::ROOT) || paths.is_other(root, paths::ROOT) {
            waiting.push((root, 0, Vec::new(), 0));
        }
        let mut above = Vec::new();
        while let Some((tree, folder, prefix, depth)) = waiting.pop() {
            above.truncate(depth);
            above.push(tree);
            let id = graph.id(tree);
            if self.is_whole
                && graph.tree(tree).is_none()
                && let Some(data) = self.object(id, Kind::Tree)
                && !graph.add_tree(id, &data, self.history.hash)
            {
                self.gap(id, "a tree that cannot be understood");
            }
            self.names.iter().for_each(|names| names.borrow_mut().add_numbered(graph, tree, &prefix));
            for entry in graph.tree(tree).into_iter().flatten().filter(|entry| !entry.is_link) {
                let (object, key) = (entry.number, (folder, entry.name_number));
                // A tree that holds itself, as ids that lie can have it, has paths without end.
                let is_endless = prefix.len() > LONGEST || above.contains(&object);
                if !paths.first(object, key) && (is_endless || !paths.is_other(object, key)) {
                    continue;
                }
                if entry.is_tree {
                    waiting.push((object, paths.folder(key), [&prefix, entry.name, b"/"].concat(), depth + 1));
                } else {
                    blob(paths, (object, graph.id(object)), key, (&prefix, entry.name));
                }
            }
        }
    }

    pub(super) fn object(&self, id: ObjectId, kind: Kind) -> Option<Vec<u8>> {
        match self.repository.find_object(id) {
            Ok(object) if object.kind == kind => Some(object.detach().data),
            Ok(_) => {
                self.gap(id, "an object of another kind than expected");
                None
            }
            Err(_) => {
                self.gap(id, "an object that history names is missing or cannot be read");
                None
            }
        }
    }

    pub(super) fn gap(&self, id: ObjectId, what: &str) {
        if self.history.is_untold(id) {
            self.job.issues.gap(IssueKind::MissingObjects, &self.history.place(), format!("{id}: {what}; {HINT}"));
        }
    }

    fn gap_in(&self, what: &str, error: &str) {
        self.job.issues.gap(
            IssueKind::MissingObjects,
            &self.history.place(),
            format!("{what} cannot be read: {}; `git show-ref` lists those that can", without_tokens(error)),
        );
    }
}

/// Parents before children, else the oldest first.
pub(super) fn in_order(found: Vec<(Commit, Vec<ObjectId>)>) -> Vec<Commit> {
    let order = ordered(found.iter().map(|(commit, parents)| (commit.id, commit.time, parents.as_slice())));
    let mut found: Vec<_> = found.into_iter().map(|(commit, _)| Some(commit)).collect();
    order.into_iter().filter_map(|at| found[at].take()).collect()
}

/// The order of commits, told by id, time and parents: parents before children, else by time. Two may be of one second, and a clock may
/// be wrong.
pub(super) fn ordered<'c>(commits: impl Iterator<Item = (ObjectId, i64, &'c [ObjectId])> + Clone) -> Vec<usize> {
    let place: HashMap<ObjectId, usize> = commits.clone().zip(0..).map(|((id, ..), at)| (id, at)).collect();
    let mut children = vec![Vec::new(); place.len()];
    let mut before = vec![0_usize; place.len()];
    let mut keys = Vec::with_capacity(place.len());
    for (at, (id, time, parents)) in commits.enumerate() {
        for parent in parents.iter().filter_map(|id| place.get(id)) {
            children[*parent].push(at);
            before[at] += 1;
        }
        keys.push(Reverse((time, id, at)));
    }
    let mut ready: BinaryHeap<_> = keys.iter().filter(|Reverse((.., at))| before[*at] == 0).copied().collect();
    let mut order = Vec::with_capacity(keys.len());
    while let Some(Reverse((.., at))) = ready.pop() {
        order.push(at);
        for child in &children[at] {
            before[*child] -= 1;
            if before[*child] == 0 {
                ready.push(keys[*child]);
            }
        }
    }
    order
}

/// `Name <mail>` of a header line.
pub(super) fn person(line: &[u8]) -> String {
    let end = memchr::memrchr(b'>', line).map_or(line.len(), |n| n + 1);
    String::from_utf8_lossy(&line[..end]).into_owned()
}

/// Seconds since 1970 of a header line; 0 if it says none.
pub(super) fn time(line: &[u8]) -> i64 {
    let end = memchr::memrchr(b'>', line).map_or(0, |n| n + 1);
    let rest = String::from_utf8_lossy(&line[end..]);
    rest.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{person, time};

    #[test]
    fn header_lines() {
        let check = |line: &[u8], name: &str, seconds: i64| assert_eq!((person(line).as_str(), time(line)), (name, seconds));
        check(b"A <a@b> 1700000000 +0100", "A <a@b>", 1_700_000_000);
        check(b"A <a>b@c> -5 +0000", "A <a>b@c>", -5);
        check(b"no mail", "no mail", 0);
        check(b"A <a@b> 99999999999999999999 +0000", "A <a@b>", 0);
        check(b"", "", 0);
    }
}
