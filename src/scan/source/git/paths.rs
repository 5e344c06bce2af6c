//! Which paths a blob stands under, where they mean different things: to rules that look at paths, and to those who open containers.
//!
//! It must not scan. Start with [`Paths::first`]. The first path of an object is what it is called; most have no other. Paths are
//! numbers here, because each entry of each tree is asked for.

use std::collections::{HashMap, HashSet};

use gix::ObjectId;

use crate::scan::engine::Engine;
use crate::scan::expand;

/// A path: the number of the folder, and that of the name in it.
type Key = (u32, u32);

/// No path yet.
const NONE: Key = (u32::MAX, u32::MAX);
/// The path of a root, and the number of its folder.
pub(super) const ROOT: Key = (u32::MAX, 0);
/// Entries that are looked at more than once by their paths: so many, and so many times those there are.
const AGAIN: usize = 1 << 20;
const AGAIN_TIMES: usize = 4;

/// A blob under another path than its first.
pub(super) struct Other {
    pub(super) id: ObjectId,
    /// Number of the commit, and the path there.
    pub(super) commit: u32,
    pub(super) path: Box<[u8]>,
}

/// The paths that were seen.
#[derive(Default)]
pub(super) struct Paths<'e> {
    /// Who gives paths a meaning; without it, only the first path of each object is looked for.
    engine: Option<&'e Engine>,
    first: Vec<Key>,
    folders: HashMap<Key, u32, foldhash::fast::RandomState>,
    /// Objects and paths that are not their first.
    more: HashSet<(u32, Key), foldhash::fast::RandomState>,
    left: usize,
    is_cut: bool,
    /// What paths mean, each distinct meaning with a number.
    meanings: HashMap<(Vec<bool>, Option<usize>), u32>,
    of_path: HashMap<Key, u32, foldhash::fast::RandomState>,
    /// The meanings under which a blob stands.
    of_blob: HashMap<u32, Vec<u32>, foldhash::fast::RandomState>,
    pub(super) others: Vec<Other>,
}

impl<'e> Paths<'e> {
    /// Looks for paths that mean something else in a database with so many entries in its trees.
    pub(super) fn new(engine: &'e Engine, entries: usize) -> Self {
        let left = entries.saturating_mul(AGAIN_TIMES).saturating_add(AGAIN);
        Self { engine: Some(engine), left, ..Self::default() }
    }

    /// Was an object seen?
    pub(super) fn has(&self, object: u32) -> bool {
        self.first.get(object as usize).is_some_and(|key| *key != NONE)
    }

    /// Were there too many paths to look at?
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Takes an object at a path; whether that is its first one.
    pub(super) fn first(&mut self, object: u32, key: Key) -> bool {
        let at = object as usize;
        if self.first.len() <= at {
            self.first.resize(at + 1, NONE);
        }
        let is_first = self.first[at] == NONE;
        if is_first {
            self.first[at] = key;
        }
        is_first
    }

    /// Is this another path of an object that was seen, to be looked at?
    pub(super) fn is_other(&mut self, object: u32, key: Key) -> bool {
        if self.engine.is_none() || self.first[object as usize] == key || !self.more.insert((object, key)) {
            return false;
        }
        self.is_cut |= self.left == 0;
        self.left = self.left.saturating_sub(1);
        !self.is_cut
    }

    /// The number of a folder.
    pub(super) fn folder(&mut self, key: Key) -> u32 {
        // The root has the first one.
        let next = self.folders.len() as u32 + 1;
        *self.folders.entry(key).or_insert(next)
    }

    /// Takes the first path of a blob, if that is to be compared with others.
    fn meaning(&mut self, key: Key, path: &[u8]) -> u32 {
        let Some(engine) = self.engine else { return 0 };
        if let Some(known) = self.of_path.get(&key) {
            return *known;
        }
        let path = String::from_utf8_lossy(path);
        let meaning = (engine.path_meaning(Some(&path)), expand::family(&path));
        let next = self.meanings.len() as u32;
        let number = *self.meanings.entry(meaning).or_insert(next);
        self.of_path.insert(key, number);
        number
    }

    /// Takes a blob at a path that is not its first, which is `first`; keeps it if it means something that none of its paths did.
    pub(super) fn add(&mut self, (object, first): (u32, &[u8]), key: Key, other: Other) {
        let first = self.meaning(self.first[object as usize], first);
        let here = self.meaning(key, &other.path);
        let known = self.of_blob.entry(object).or_insert_with(|| vec![first]);
        if !known.contains(&here) {
            known.push(here);
            self.others.push(other);
        }
    }
}
