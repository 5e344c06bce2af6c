//! Which commits hold a blob in their tree, and under which paths.
//!
//! It must not know names of commits. Start with [`Holders::of`]: it reads each tree of the graph once and keeps only those that hold
//! what is looked for, with the way up from each. [`Holders::nodes`] and [`Holders::paths`] follow it.

use std::collections::{BTreeMap, HashMap};

use gix::ObjectId;
use gix::objs::Kind;

use super::super::graph::Graph as Database;
use super::graph::Graph;

/// Paths of a blob that are kept.
const PATHS_KEPT: usize = 5;

/// Steps from a blob up to the paths it has.
const MOST_STEPS: usize = 2_000_000;

/// No holder: a tree with nothing in it that is looked for.
const NONE: u32 = u32::MAX;
/// What was not looked at yet.
const UNKNOWN: u32 = NONE - 1;

/// Trees that hold what is looked for, and the way up from each blob to the commits.
pub(super) struct Holders {
    /// For each holder, first the blobs, the trees that have it as an entry and the name it has there.
    up: Vec<Vec<(u32, u32)>>,
    /// Nodes of the graph whose tree it is.
    roots: Vec<Vec<u32>>,
    names: Vec<Box<[u8]>>,
    /// The tree of `HEAD`.
    head: Option<u32>,
}

/// What paths a blob has.
#[derive(Default)]
pub(super) struct Paths {
    /// The first ones, sorted.
    pub(super) first: Vec<String>,
    pub(super) count: u64,
    /// The first one in the tree of `HEAD`.
    pub(super) head: Option<String>,
}

impl Holders {
    /// Looks for blobs in the trees of all nodes of a graph.
    pub(super) fn of(repository: &gix::Repository, database: &mut Database, graph: &Graph, blobs: &[ObjectId]) -> Self {
        let this =
            Self { up: vec![Vec::new(); blobs.len()], roots: vec![Vec::new(); blobs.len()], names: Vec::new(), head: None };
        let mut builder = Builder { repository, database, holders: this, known: Vec::new(), names: HashMap::new() };
        for (at, blob) in (0..).zip(blobs) {
            let number = builder.database.number(*blob);
            builder.learn(number, at);
        }
        for (at, node) in (0..).zip(&graph.nodes) {
            let holder = builder.holder(node.tree);
            if holder == NONE {
                continue;
            }
            builder.holders.roots[holder as usize].push(at);
            if graph.head == Some(at) {
                builder.holders.head = Some(holder);
            }
        }
        builder.holders
    }

    /// Calls `node` with each node of the graph that holds a blob.
    pub(super) fn nodes(&self, blob: u32, node: &mut dyn FnMut(u32)) {
        let mut seen = vec![false; self.up.len()];
        let mut waiting = vec![blob];
        while let Some(holder) = waiting.pop() {
            self.roots[holder as usize].iter().for_each(|root| node(*root));
            let trees = self.up[holder as usize].iter().map(|(tree, _)| *tree);
            waiting.extend(trees.filter(|tree| !std::mem::replace(&mut seen[*tree as usize], true)));
        }
    }

    /// What paths a blob has. A repository may be made so that these are without number: then not all are counted.
    pub(super) fn paths(&self, blob: u32) -> Paths {
        // All trees below which it has the same path are followed together, and each path is made of one that is shorter.
        let mut waiting = BTreeMap::from([(Vec::new(), vec![blob])]);
        let mut paths = Vec::new();
        let mut head = Vec::new();
        let mut steps = 0;
        while let Some((path, mut holders)) = waiting.pop_last().filter(|_| steps < MOST_STEPS) {
            holders.sort_unstable();
            holders.dedup();
            let is_whole = holders.iter().any(|holder| !self.roots[*holder as usize].is_empty());
            head.extend(holders.iter().find(|holder| self.head == Some(**holder)).map(|_| path.clone()));
            for (tree, name) in holders.iter().flat_map(|holder| &self.up[*holder as usize]) {
                let name = &*self.names[*name as usize];
                let longer = if path.is_empty() { name.to_vec() } else { [name, b"/", &path].concat() };
                steps += 1 + longer.len() / 64;
                waiting.entry(longer).or_insert_with(Vec::new).push(*tree);
            }
            if is_whole && !path.is_empty() {
                paths.push(path);
            }
        }
        let text = |path: Vec<u8>| String::from_utf8_lossy(&path).into_owned();
        paths.sort();
        let count = paths.len() as u64;
        let first = paths.into_iter().take(PATHS_KEPT).map(text).collect();
        Paths { first, count, head: head.into_iter().filter(|path| !path.is_empty()).min().map(text) }
    }
}

struct Builder<'r> {
    repository: &'r gix::Repository,
    database: &'r mut Database,
    holders: Holders,
    /// By number of an object: the holder that it is, if it is a blob that is looked for or a tree that was read.
    known: Vec<u32>,
    names: HashMap<Box<[u8]>, u32>,
}

/// A tree that is being read.
struct Open {
    number: u32,
    /// Trees in it that were not followed yet, and their names.
    trees: Vec<(u32, Box<[u8]>)>,
    /// What it holds, by name.
    held: Vec<(u32, u32)>,
}

impl Builder<'_> {
    fn learn(&mut self, number: u32, holder: u32) {
        let at = number as usize;
        if self.known.len() <= at {
            self.known.resize(self.database.len().max(at + 1), UNKNOWN);
        }
        self.known[at] = holder;
    }

    fn known(&self, number: u32) -> u32 {
        self.known.get(number as usize).copied().unwrap_or(UNKNOWN)
    }

    /// The holder that a tree or a blob is.
    fn holder(&mut self, root: ObjectId) -> u32 {
        let root = self.database.number(root);
        if self.known(root) != UNKNOWN {
            return self.known(root);
        }
        let mut open = vec![self.open(root)];
        while let Some(top) = open.last_mut() {
            if let Some((number, name)) = top.trees.pop() {
                match self.known(number) {
                    NONE => {}
                    UNKNOWN => {
                        // Looked at again when it is known.
                        top.trees.push((number, name));
                        open.push(self.open(number));
                    }
                    holder => top.held.push((holder, self.name(&name))),
                }
                continue;
            }
            let Some(done) = open.pop() else { break };
            let holder = self.close(&done);
            self.learn(done.number, holder);
        }
        self.known(root)
    }

    fn open(&mut self, number: u32) -> Open {
        // Hashes are not checked: where somebody made a tree that holds itself, it holds nothing until it was read.
        self.learn(number, NONE);
        if self.database.tree(number).is_none() {
            let id = self.database.id(number);
            let tree = self.repository.find_object(id).ok().filter(|object| object.kind == Kind::Tree);
            tree.map(|tree| self.database.add_tree(id, &tree.data, id.kind()));
        }
        let (mut trees, mut blobs) = (Vec::new(), Vec::new());
        for entry in self.database.tree(number).into_iter().flatten().filter(|entry| !entry.is_link) {
            match self.known(entry.number) {
                NONE => {}
                UNKNOWN if entry.is_tree => trees.push((entry.number, Box::from(entry.name))),
                UNKNOWN => {}
                holder => blobs.push((holder, Box::from(entry.name))),
            }
        }
        let held = blobs.into_iter().map(|(holder, name): (u32, Box<[u8]>)| (holder, self.name(&name))).collect();
        Open { number, trees, held }
    }

    fn close(&mut self, done: &Open) -> u32 {
        let holders = &mut self.holders;
        let Some(new) = u32::try_from(holders.up.len()).ok().filter(|new| *new < UNKNOWN && !done.held.is_empty()) else {
            return NONE;
        };
        holders.up.push(Vec::new());
        holders.roots.push(Vec::new());
        for (held, name) in &done.held {
            holders.up[*held as usize].push((new, *name));
        }
        new
    }

    fn name(&mut self, name: &[u8]) -> u32 {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let new = u32::try_from(self.holders.names.len()).unwrap_or(NONE);
        self.holders.names.push(name.into());
        self.names.insert(name.into(), new);
        new
    }
}
