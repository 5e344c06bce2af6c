//! The commits and trees of a database, read along the delta trees of its packs: each is inflated once.
//!
//! It must not know which of them matter. Start with [`read`]. What cannot be understood is left out, so that who asks for it reads it
//! again and says what is wrong. Ids and names are numbered: a tree's entry takes eight bytes.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use gix::objs::tree::EntryKind;
use gix::objs::{Kind, TreeRefIter};
use gix::{ObjectId, hashtable};

use super::pack::{Pack, Visit};
use super::{Commit, History, names, store};
use crate::scan::engine::carry::Segment;

/// Set in the number of a name whose entry is a tree.
const TREE: u32 = 1 << 31;
/// Set if it is a commit of another repository.
const LINK: u32 = 1 << 30;

/// What was read.
#[derive(Default)]
pub(super) struct Graph {
    /// Commits with the ids of their parents.
    pub(super) commits: hashtable::HashMap<ObjectId, (Commit, Vec<ObjectId>)>,
    /// Trees that cannot be used, and why.
    pub(super) broken: Vec<(ObjectId, &'static str)>,
    numbers: hashtable::HashMap<ObjectId, u32>,
    ids: Vec<ObjectId>,
    names: Vec<Box<[u8]>>,
    known_names: HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>,
    /// For each number the entries, if it is that of a tree.
    trees: Vec<Option<Range<u32>>>,
    entries: Vec<(u32, u32)>,
}

/// What stands in a tree.
pub(super) struct Entry<'g> {
    /// Number of the object.
    pub(super) number: u32,
    pub(super) is_tree: bool,
    /// Is it a commit of another repository?
    pub(super) is_link: bool,
    /// Number of the name.
    pub(super) name_number: u32,
    pub(super) name: &'g [u8],
}

/// Reads all packs and all loose objects.
pub(super) fn read(history: &History, packs: &[Pack]) -> Graph {
    let gather = Gather { hash: history.hash, graph: Mutex::default() };
    let mut lost = Vec::new();
    for pack in packs {
        // Commits that cannot be read are told when messages are scanned.
        pack.walk(&[Kind::Commit], false, &gather);
        lost.extend(pack.walk(&[Kind::Tree], false, &gather));
    }
    let mut buffer = Vec::new();
    for folder in &history.folders.all {
        let store = store::loose_at(folder, history.hash);
        for id in store::loose(folder).0 {
            let header = store.try_header(&id).ok().flatten();
            if !header.is_some_and(|(_, kind)| matches!(kind, Kind::Commit | Kind::Tree)) {
                continue;
            }
            if let Ok(Some(object)) = store.try_find(&id, &mut buffer) {
                gather.object(&id, object.kind, object.data, None);
            }
        }
    }
    let mut graph = gather.graph.into_inner().unwrap_or_else(PoisonError::into_inner);
    graph.broken.extend(lost.into_iter().map(|id| (id, "a tree that cannot be read")));
    graph.broken.sort_unstable();
    graph.broken.dedup();
    graph
}

struct Gather {
    hash: gix::hash::Kind,
    graph: Mutex<Graph>,
}

impl Visit for Gather {
    type State = ();

    fn object(&self, id: &gix::oid, kind: Kind, bytes: &[u8], _: Option<(&(), &[Segment])>) {
        let graph = || self.graph.lock().unwrap_or_else(PoisonError::into_inner);
        if kind == Kind::Commit {
            let commit = names::parsed(id.to_owned(), bytes, self.hash);
            commit.map(|commit| graph().commits.insert(id.to_owned(), commit));
        } else if kind == Kind::Tree {
            let mut graph = graph();
            if !graph.add_tree(id.to_owned(), bytes, self.hash) {
                graph.broken.push((id.to_owned(), "a tree that cannot be understood"));
            }
        }
    }
}

impl Graph {
    /// The number of an object.
    pub(super) fn number(&mut self, id: ObjectId) -> u32 {
        let next = self.ids.len() as u32;
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.ids.push(id);
            self.trees.push(None);
        }
        number
    }

    /// The object with a number.
    pub(super) fn id(&self, number: u32) -> ObjectId {
        self.ids[number as usize]
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// How many entries all trees have.
    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The entries of a tree; `None` if it was not read.
    pub(super) fn tree(&self, number: u32) -> Option<impl Iterator<Item = Entry<'_>>> {
        let range = self.trees[number as usize].clone()?;
        let entries = &self.entries[range.start as usize..range.end as usize];
        Some(entries.iter().map(|(name, number)| Entry {
            number: *number,
            is_tree: name & TREE != 0,
            is_link: name & LINK != 0,
            name_number: name & !(TREE | LINK),
            name: &self.names[(name & !(TREE | LINK)) as usize],
        }))
    }

    /// Adds a tree; false if it cannot be understood.
    pub(super) fn add_tree(&mut self, id: ObjectId, bytes: &[u8], hash: gix::hash::Kind) -> bool {
        let number = self.number(id) as usize;
        if self.trees[number].is_some() {
            return true;
        }
        let start = self.entries.len();
        for entry in TreeRefIter::from_bytes(bytes, hash) {
            let Ok(entry) = entry else {
                self.entries.truncate(start);
                return false;
            };
            let mark = match entry.mode.kind() {
                EntryKind::Tree => TREE,
                EntryKind::Commit => LINK,
                _ => 0,
            };
            let name = self.name(entry.filename) | mark;
            let child = self.number(entry.oid.to_owned());
            self.entries.push((name, child));
        }
        self.trees[number] = Some(start as u32..self.entries.len() as u32);
        true
    }

    fn name(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.known_names.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        self.known_names.insert(name.into(), number);
        number
    }
}
