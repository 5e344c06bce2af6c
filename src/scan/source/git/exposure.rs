//! How far each secret of history got: since when, until when, reached by which refs, pushed or not.
//!
//! It must not scan, and does nothing where nothing was found. Start with [`fill`]. The commits are walked once ([`graph`]), their trees
//! are read once ([`holders`]); then 64 secrets at a time are carried from parents to children.

mod graph;
mod holders;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use gix::ObjectId;
use gix::objs::{Kind, TreeRefIter};

use self::graph::{Graph, TipKind, seen};
use self::holders::{Holders, Paths};
use super::graph::Graph as Database;
use super::{History, SHORT, names};
use crate::scan::finding::{Exposure, Finding, Occurrence, Seen};

/// Refs and entries of reflogs that are named of one secret.
const NAMES_KEPT: usize = 10;

/// No clock that is right says less: version control began in 1972.
const FIRST_YEAR: i64 = 63_072_000;
const DAY: i64 = 86_400;

/// What an object of the repository is that holds a secret.
#[derive(Clone, Copy)]
enum Object {
    /// One of the blobs that are looked for.
    Blob(u32),
    /// The message of a commit of the graph.
    Commit(u32),
    /// A name in the trees of a commit.
    Name(u32),
    /// The message of a tag.
    Tag(ObjectId),
}

/// Says of findings how far they got. The names of all refs that reach any of them come back, in the order they are told.
pub(super) fn fill(history: &History, mut database: Database, findings: &mut [Finding], now: u64) -> Vec<String> {
    let members: Vec<&str> =
        findings.iter().flat_map(|f| &f.occurrences).filter_map(|occurrence| history.member(&occurrence.origin)).collect();
    if members.is_empty() {
        return Vec::new();
    }
    let repository = history.repository.to_thread_local();
    let graph = Graph::read(&repository, &database, &names::boundary(history));
    let mut blobs = Wanted::default();
    let mut known = HashMap::new();
    let shorts = Shorts::of(history, &graph);
    for member in members {
        if !known.contains_key(member)
            && let Some(object) = shorts.object(&repository, member, &mut blobs)
        {
            known.insert(member.to_owned(), object);
        }
    }
    let holders = Holders::of(&repository, &mut database, &graph, &blobs.ids);
    let paths: Vec<_> = (0..).zip(&blobs.ids).map(|(blob, id)| (*id, holders.paths(blob))).collect();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let filler = Filler {
        history,
        repository: &repository,
        graph: &graph,
        of_head: graph.of_head(),
        holders: &holders,
        objects: &known,
        read: RefCell::default(),
        now,
    };
    let mut reaching = vec![false; graph.tips.len()];
    for batch in findings.chunks_mut(64) {
        filler.batch(batch, &mut reaching);
        for finding in batch {
            filler.paths(finding, &paths);
            filler.look_again(finding);
        }
    }
    let reaching = graph.tips.iter().zip(reaching).filter(|(tip, reaches)| *reaches && tip.kind != TipKind::Reflog);
    reaching.map(|(tip, _)| tip.name.clone()).collect()
}

/// Blobs that are looked for.
#[derive(Default)]
struct Wanted {
    ids: Vec<ObjectId>,
    index: HashMap<ObjectId, u32>,
}

impl Wanted {
    fn add(&mut self, id: ObjectId) -> Option<u32> {
        let next = u32::try_from(self.ids.len()).ok()?;
        let at = *self.index.entry(id).or_insert(next);
        if at == next {
            self.ids.push(id);
        }
        Some(at)
    }
}

/// Objects by what their names begin with.
struct Shorts<'g> {
    history: &'g History,
    graph: &'g Graph,
    commits: HashMap<[u8; SHORT / 2], u32>,
    tags: HashMap<[u8; SHORT / 2], ObjectId>,
}

impl<'g> Shorts<'g> {
    fn of(history: &'g History, graph: &'g Graph) -> Self {
        let commits = (0..).zip(&graph.nodes).filter(|(_, node)| node.is_commit).map(|(at, node)| (start(&node.id), at));
        let tags = graph.tips.iter().flat_map(|tip| &tip.tags).map(|tag| (start(tag), *tag));
        Self { history, graph, commits: commits.collect(), tags: tags.collect() }
    }

    /// The blob that has a name in spite of its path: one that no work tree can have.
    fn named(&self, member: &str) -> Option<ObjectId> {
        self.history.names.blobs.keys().find(|id| self.history.name(id) == member).copied()
    }

    /// The object that [`History::name`] calls so; a blob is added to those that are looked for.
    fn object(&self, repository: &gix::Repository, member: &str, blobs: &mut Wanted) -> Option<Object> {
        let id = if let Some((commit, path)) = member.split_once(':') {
            let Some(commit) = digits(commit).and_then(|short| self.commits.get(&short)) else {
                return self.named(member).and_then(|id| blobs.add(id)).map(Object::Blob);
            };
            // Of a folder: what is called so, and not what it holds.
            if path.is_empty() || path.ends_with('/') {
                return Some(Object::Name(*commit));
            }
            let tree = self.graph.nodes[*commit as usize].tree;
            in_tree(repository, tree, path).or_else(|| self.named(member))?
        } else if let Some(short) = digits(member) {
            let tag = || self.tags.get(&short).map(|tag| Object::Tag(*tag));
            return self.commits.get(&short).map(|commit| Object::Commit(*commit)).or_else(tag);
        } else {
            ObjectId::from_hex(member.as_bytes()).ok()?
        };
        blobs.add(id).map(Object::Blob)
    }
}

/// Does a name begin with that of an object? What stands in configuration or in the name of a ref is no history.
fn is_object(member: &str) -> bool {
    let id = member.split(':').next().unwrap_or_default();
    id.len() >= SHORT && id.bytes().all(|b| b.is_ascii_hexdigit())
}

fn start(id: &ObjectId) -> [u8; SHORT / 2] {
    let mut bytes = [0; SHORT / 2];
    bytes.copy_from_slice(&id.as_bytes()[..SHORT / 2]);
    bytes
}

/// The bytes of a name of [`SHORT`] hexadecimal digits.
fn digits(name: &str) -> Option<[u8; SHORT / 2]> {
    let number = u64::from_str_radix(name, 16).ok().filter(|_| name.len() == SHORT)?;
    number.to_be_bytes()[8 - SHORT / 2..].try_into().ok()
}

/// What a tree has under a path. Bytes that are not UTF-8 were replaced in it.
fn in_tree(repository: &gix::Repository, mut tree: ObjectId, path: &str) -> Option<ObjectId> {
    for part in path.split('/') {
        let object = repository.find_object(tree).ok().filter(|object| object.kind == Kind::Tree)?;
        let mut entries = TreeRefIter::from_bytes(&object.data, tree.kind()).filter_map(Result::ok);
        tree = entries.find(|entry| String::from_utf8_lossy(entry.filename) == part)?.oid.to_owned();
    }
    Some(tree)
}

struct Filler<'a> {
    history: &'a History,
    repository: &'a gix::Repository,
    graph: &'a Graph,
    /// For each node, whether `HEAD` reaches it.
    of_head: Vec<bool>,
    holders: &'a Holders,
    objects: &'a HashMap<String, Object>,
    /// Commits that were read for what they say.
    read: RefCell<HashMap<u32, Option<Seen>>>,
    now: i64,
}

/// Up to 64 secrets, a bit for each.
struct Batch {
    /// For each node, those that its tree or its message holds.
    holds: Vec<u64>,
    /// For each tip, those that it or a tag on the way holds or reaches.
    tips: Vec<u64>,
    /// Those that the tree of `HEAD` holds, or a message that it reaches.
    head: u64,
    /// Those that a message holds: it is never taken out.
    messages: u64,
    first: [Option<u32>; 64],
    last: [Option<u32>; 64],
    removed: [Option<u32>; 64],
}

impl Filler<'_> {
    /// What each place of a finding is.
    fn objects<'f>(&'f self, finding: &'f Finding) -> impl Iterator<Item = Object> + 'f {
        let members = finding.occurrences.iter().filter_map(|occurrence| self.history.member(&occurrence.origin));
        members.filter_map(|member| self.objects.get(member).copied())
    }

    fn batch(&self, findings: &mut [Finding], reaching: &mut [bool]) {
        let mut batch = self.spread(findings);
        self.span(&mut batch);
        self.leave(&mut batch);
        let here = |finding: &Finding| finding.occurrences.iter().any(|o| self.history.member(&o.origin).is_some_and(is_object));
        for (bit, finding) in findings.iter_mut().enumerate() {
            if !here(finding) {
                continue;
            }
            let mut exposure = self.exposure(&batch, bit);
            if exposure.first.is_none() {
                let tag = self.objects(finding).find_map(|object| if let Object::Tag(tag) = object { Some(tag) } else { None });
                exposure.first = tag.and_then(|tag| seen(self.repository, tag));
            }
            finding.exposure = Some(exposure);
        }
        for (reaches, tip) in reaching.iter_mut().zip(&batch.tips) {
            *reaches |= *tip != 0;
        }
    }

    /// Carries what commits hold from parents to children and to the names that point at them.
    fn spread(&self, findings: &[Finding]) -> Batch {
        let count = self.graph.nodes.len();
        let mut holds = vec![0_u64; count];
        let mut tips = vec![0_u64; self.graph.tips.len()];
        let mut messages = 0;
        let mut blobs = HashMap::new();
        for (bit, finding) in findings.iter().enumerate() {
            for object in self.objects(finding) {
                match object {
                    Object::Blob(blob) => *blobs.entry(blob).or_insert(0_u64) |= 1 << bit,
                    Object::Commit(_) | Object::Name(_) => messages |= 1 << bit,
                    Object::Tag(tag) => {
                        let named = self.graph.tips.iter().zip(&mut tips).filter(|(tip, _)| tip.tags.contains(&tag));
                        named.for_each(|(_, mask)| *mask |= 1 << bit);
                    }
                }
            }
        }
        // Many secrets may stand in one blob.
        for (blob, mask) in blobs {
            self.holders.nodes(blob, &mut |node| holds[node as usize] |= mask);
        }
        let mut head = self.graph.head.map_or(0, |head| holds[head as usize]);
        if messages != 0 {
            for (bit, finding) in findings.iter().enumerate() {
                for object in self.objects(finding) {
                    if let Object::Commit(commit) | Object::Name(commit) = object {
                        holds[commit as usize] |= 1 << bit;
                    }
                    if let Object::Commit(commit) = object {
                        head |= u64::from(self.of_head[commit as usize]) << bit;
                    }
                }
            }
        }
        let mut reach = holds.clone();
        for (at, node) in self.graph.nodes.iter().enumerate() {
            reach[at] |= node.parents.iter().fold(0, |mask, parent| mask | reach[*parent as usize]);
        }
        for (mask, tip) in tips.iter_mut().zip(&self.graph.tips) {
            *mask |= reach[tip.node as usize];
        }
        Batch { holds, tips, head, messages, first: [None; 64], last: [None; 64], removed: [None; 64] }
    }

    /// The first and the last commit that hold each secret: of those that refs reach, or else of the others.
    fn span(&self, batch: &mut Batch) {
        for by_ref in [true, false] {
            let before = batch.first;
            let wanted = |node: &graph::Node| node.is_commit && node.by_ref == by_ref;
            for (at, _) in (0_u32..).zip(&self.graph.nodes).filter(|(_, node)| wanted(node)) {
                for bit in bits(batch.holds[at as usize]).filter(|bit| before[*bit].is_none()) {
                    batch.first[bit].get_or_insert(at);
                    batch.last[bit] = Some(at);
                }
            }
        }
    }

    /// The commits by which secrets left: the last one along the first parents of `HEAD`, else in its history, else anywhere.
    fn leave(&self, batch: &mut Batch) {
        let chain = self.graph.first_parents();
        let mut known = batch.head | batch.messages;
        for pair in chain.windows(2) {
            for bit in bits(batch.holds[pair[1] as usize] & !known) {
                batch.removed[bit] = Some(pair[0]);
            }
            known |= batch.holds[pair[1] as usize];
        }
        // Where another branch holds it still, it has not left.
        let tips = self.graph.tips.iter().filter(|tip| tip.kind != TipKind::Reflog);
        let held = tips.fold(0, |mask, tip| mask | batch.holds[tip.node as usize]);
        for of_head_only in [true, false] {
            let mut left = 0;
            let nodes = self.graph.nodes.iter().enumerate().rev();
            for (at, node) in nodes.filter(|(at, node)| node.by_ref && (!of_head_only || self.of_head[*at])) {
                let before = node.parents.iter().fold(0, |mask, parent| mask | batch.holds[*parent as usize]);
                for bit in bits(before & !batch.holds[at] & !known & !left) {
                    batch.removed[bit] = u32::try_from(at).ok();
                    left |= 1 << bit;
                }
            }
            known |= left | held;
        }
    }

    fn exposure(&self, batch: &Batch, bit: usize) -> Exposure {
        let has = |mask: u64| mask >> bit & 1 == 1;
        let names = self.graph.tips.iter().zip(&batch.tips).filter(|(_, mask)| has(**mask)).map(|(tip, _)| tip);
        let (logs, refs): (Vec<_>, Vec<_>) = names.partition(|tip| tip.kind == TipKind::Reflog);
        let kept = |tips: &[&graph::Tip]| tips.iter().take(NAMES_KEPT).map(|tip| tip.name.clone()).collect();
        let read = |at: u32| seen(self.repository, self.graph.nodes[at as usize].id);
        let seen = |at: Option<u32>| at.and_then(|at| self.read.borrow_mut().entry(at).or_insert_with(|| read(at)).clone());
        let in_head = has(batch.head);
        let [first, last, removed] = [batch.first[bit], batch.last[bit], batch.removed[bit]].map(seen);
        let removed = removed.filter(|_| !in_head);
        let end =
            if in_head || !refs.is_empty() { removed.as_ref().map_or(Some(self.now), |seen| Some(seen.time)) } else { None };
        let days = first.as_ref().zip(end).and_then(|(first, end)| days(first, end, self.now));
        Exposure {
            days,
            first,
            last,
            removed,
            in_head,
            pushed: refs.iter().any(|tip| tip.kind == TipKind::Remote),
            ref_count: refs.len() as u64,
            reflogs: if refs.is_empty() { kept(&logs) } else { Vec::new() },
            refs: kept(&refs),
        }
    }

    /// Says of each place under which paths its blob ever stood. What is in `HEAD` comes first, then the oldest.
    fn paths(&self, finding: &mut Finding, all: &[(ObjectId, Paths)]) {
        for occurrence in &mut finding.occurrences {
            let object = self.history.member(&occurrence.origin).and_then(|member| self.objects.get(member));
            if let (Some(Object::Blob(blob)), Some(commit)) = (object, &mut occurrence.commit) {
                let (id, Paths { first, count, head }) = &all[*blob as usize];
                commit.blob = Some(id.to_string());
                (commit.paths, commit.path_count, commit.head_path) = (first.clone(), *count, head.clone());
            }
        }
        by_age(finding);
    }
}

/// Whole days, if both clocks can be right by now.
fn days(first: &Seen, end: i64, now: i64) -> Option<u64> {
    let can_be = |time: i64| (FIRST_YEAR..=now.saturating_add(DAY)).contains(&time);
    let days = (can_be(first.time) && can_be(end)).then(|| (end - first.time) / DAY);
    days.and_then(|days| u64::try_from(days).ok())
}

/// Sorts the places of a finding: those in `HEAD` first, then the oldest.
fn by_age(finding: &mut Finding) {
    if finding.exposure.is_some() {
        let time = |o: &Occurrence| o.commit.as_ref().map_or((true, i64::MAX), |c| (c.in_head != Some(true), c.time));
        finding.occurrences.sort_by_key(time);
    }
}

/// What was said of a finding at another time holds, but that days went by.
pub(super) fn told_again(finding: &mut Finding, now: u64) {
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    if let Some(exposure) = &mut finding.exposure
        && exposure.days.is_some()
        && exposure.removed.is_none()
        && (exposure.in_head || exposure.ref_count > 0)
    {
        exposure.days = exposure.first.as_ref().and_then(|first| days(first, now, now));
    }
    by_age(finding);
}

impl Filler<'_> {
    /// Where a secret has more places than are kept, it may still be in `HEAD` under a path that it had.
    fn look_again(&self, finding: &mut Finding) {
        let Some(exposure) = finding.exposure.as_mut().filter(|exposure| finding.more > 0 && !exposure.in_head) else { return };
        let Some(head) = self.graph.head.map(|head| self.graph.nodes[head as usize].tree) else { return };
        let commits = finding.occurrences.iter().filter_map(|occurrence| occurrence.commit.as_ref());
        let paths: BTreeSet<&String> = commits.flat_map(|commit| &commit.paths).collect();
        let is_there = |path: &&String| {
            in_tree(self.repository, head, path).is_some_and(|id| self.history.is_text_in(&id.to_string(), &finding.secret))
        };
        if paths.iter().any(is_there) {
            exposure.in_head = true;
            exposure.removed = None;
            exposure.days = exposure.first.as_ref().and_then(|first| days(first, self.now, self.now));
        }
    }
}

/// The numbers of the bits that are set.
fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (bit < 64).then_some(bit as usize)
    })
}
