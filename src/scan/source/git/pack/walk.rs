//! The walk over a pack: along its delta trees from the roots down, each object inflated once, on all cores.
//!
//! It must not know what objects are for. Start with [`Pack::walk`]. A tree with much in it is taken apart: other threads take branches of
//! it, which share the object that they were made from.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;
use libdeflater::Decompressor;
use rayon::Scope;
use rayon::prelude::*;

use super::super::delta;
use super::{Pack, ROOT};
use crate::scan::engine::carry::Segment;

/// Buffers kept for reuse, and the greatest size of one.
const KEPT: usize = 16;
const KEPT_SIZE: usize = 4 << 20;
/// Entries of a branch that another thread may take.
const BRANCH: u32 = 128;
/// Branches that wait for a thread, for each there is: each holds an object in memory.
const WAITING: usize = 2;

/// What is done with each object.
pub(in super::super) trait Visit: Sync {
    /// What is known of an object when its deltas are visited.
    type State: Send + Sync;

    /// An object; with the state of the one it was made from, and where its bytes come from.
    fn object(&self, id: &gix::oid, kind: Kind, bytes: &[u8], base: Option<(&Self::State, &[Segment])>) -> Self::State;

    /// May objects be passed over?
    fn passes_any(&self) -> bool {
        false
    }

    /// Need an object not be made? It is made all the same if another one is a delta of it. Asked once of each.
    fn passes(&self, _id: &gix::oid) -> bool {
        false
    }
}

/// What one thread needs.
struct Local {
    inflater: Decompressor,
    /// An entry as it stands in the pack.
    packed: Vec<u8>,
    delta: Vec<u8>,
    segments: Vec<Segment>,
    pool: Vec<Vec<u8>>,
}

/// An object that others are made from.
struct Made<S> {
    bytes: Vec<u8>,
    state: S,
}

struct Frame<S> {
    entry: u32,
    made: Arc<Made<S>>,
    /// How many of its children are done.
    done: usize,
}

/// A walk, shared by all threads.
struct Walk<'p, V, N> {
    pack: &'p Pack,
    visit: &'p V,
    /// Must an entry be made?
    needed: N,
    /// Entries that cannot be read.
    lost: Mutex<Vec<u32>>,
    locals: Mutex<Vec<Local>>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

impl Pack {
    /// Visits all objects of these kinds, on all cores. The ids of those that cannot be read are the result; what is a delta of nothing
    /// that can be read has no kind and is among them, if `strays` is asked for.
    pub(in super::super) fn walk<V: Visit>(&self, kinds: &[Kind], strays: bool, visit: &V) -> Vec<ObjectId> {
        let mut roots: Vec<u32> = Vec::new();
        let mut others: Vec<u32> = Vec::new();
        for (at, entry) in self.entries.iter().enumerate().filter(|(_, e)| e.base == ROOT) {
            let these = if kinds.contains(&entry.kind) { &mut roots } else { &mut others };
            these.push(at as u32);
        }
        let needed = visit.passes_any().then(|| self.needed(&roots, visit));
        let needed = |entry: u32| needed.as_ref().is_none_or(|needed| needed[entry as usize].load(Ordering::Relaxed));
        // Great trees first, so that no core is left with one at the end.
        roots.sort_by_key(|root| Reverse(self.below[*root as usize].max(64)));
        let threads = rayon::current_num_threads();
        let walk = Walk {
            pack: self,
            visit,
            needed,
            lost: Mutex::default(),
            locals: Mutex::default(),
            waiting: AtomicUsize::new(0),
            most_waiting: if threads > 1 { threads * WAITING } else { 0 },
        };
        rayon::scope(|scope| roots.par_iter().for_each(|root| walk.root(scope, *root)));
        let mut lost = walk.lost.into_inner().unwrap_or_else(PoisonError::into_inner);
        if strays {
            let mut seen = vec![false; self.entries.len()];
            for root in roots.iter().chain(&others) {
                self.below(*root, &mut |entry| seen[entry as usize] = true);
            }
            lost.extend((0..).zip(&seen).filter(|(_, seen)| !**seen).map(|(at, _)| at));
        }
        lost.sort_unstable();
        lost.dedup();
        lost.into_iter().map(|entry| self.id(entry).to_owned()).collect()
    }

    /// For each entry whether it must be made: it is not passed over, or something below it is not.
    fn needed<V: Visit>(&self, roots: &[u32], visit: &V) -> Vec<AtomicBool> {
        let needed: Vec<AtomicBool> = self.entries.iter().map(|_| AtomicBool::new(false)).collect();
        roots.par_iter().for_each(|root| {
            let mut order = vec![(*root, *root)];
            let mut at = 0;
            while let Some((entry, _)) = order.get(at).copied() {
                order.extend(self.children(entry).iter().map(|child| (*child, entry)));
                at += 1;
            }
            // Each before what it was made from.
            for (entry, base) in order.into_iter().rev() {
                let own = &needed[entry as usize];
                if !visit.passes(self.id(entry)) {
                    own.store(true, Ordering::Relaxed);
                }
                if own.load(Ordering::Relaxed) {
                    needed[base as usize].store(true, Ordering::Relaxed);
                }
            }
        });
        needed
    }
}

impl<V: Visit, N: Fn(u32) -> bool + Sync> Walk<'_, V, N> {
    /// Visits a root and all below it that is needed.
    fn root<'s>(&'s self, scope: &Scope<'s>, root: u32) {
        if !(self.needed)(root) {
            return;
        }
        self.with_local(|local| {
            let mut bytes = local.buffer();
            if self.pack.inflate(root, &mut bytes, (&mut local.packed, &mut local.inflater)).is_none() {
                return self.lose(root);
            }
            let kind = self.pack.entries[root as usize].kind;
            let state = self.visit.object(self.pack.id(root), kind, &bytes, None);
            self.down(scope, Frame { entry: root, made: Arc::new(Made { bytes, state }), done: 0 }, kind, local);
        });
    }

    /// Visits all below an object.
    fn down<'s>(&'s self, scope: &Scope<'s>, from: Frame<V::State>, kind: Kind, local: &mut Local) {
        let mut stack = vec![from];
        while let Some(top) = stack.last_mut() {
            let children = self.pack.children(top.entry);
            top.done += children[top.done..].iter().take_while(|child| !(self.needed)(**child)).count();
            let Some(&child) = children.get(top.done) else {
                stack.pop().into_iter().for_each(|frame| local.keep_last(frame.made));
                continue;
            };
            top.done += 1;
            let is_last = !children[top.done..].iter().any(|child| (self.needed)(*child));
            if !is_last && self.may_wait(child) {
                let base = Arc::clone(&top.made);
                scope.spawn(move |scope| self.branch(scope, child, &base, kind));
                continue;
            }
            let made = self.child(child, &top.made, kind, local);
            if is_last {
                stack.pop().into_iter().for_each(|frame| local.keep_last(frame.made));
            }
            stack.extend(made.map(|made| Frame { entry: child, made: Arc::new(made), done: 0 }));
        }
    }

    /// A branch of a tree, on another thread.
    fn branch<'s>(&'s self, scope: &Scope<'s>, child: u32, base: &Made<V::State>, kind: Kind) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.with_local(|local| {
            if let Some(made) = self.child(child, base, kind, local) {
                self.down(scope, Frame { entry: child, made: Arc::new(made), done: 0 }, kind, local);
            }
        });
    }

    /// Makes an object from another one and visits it; it comes back if there are others to be made from it.
    fn child(&self, child: u32, base: &Made<V::State>, kind: Kind, local: &mut Local) -> Option<Made<V::State>> {
        let mut bytes = local.buffer();
        local.segments.clear();
        let made = self
            .pack
            .inflate(child, &mut local.delta, (&mut local.packed, &mut local.inflater))
            .and_then(|()| delta::apply(&base.bytes, &local.delta, &mut bytes, &mut local.segments));
        if made.is_none() {
            self.lose(child);
            return None;
        }
        let state = self.visit.object(self.pack.id(child), kind, &bytes, Some((&base.state, &local.segments)));
        if self.pack.children(child).iter().any(|child| (self.needed)(*child)) {
            return Some(Made { bytes, state });
        }
        local.keep(bytes);
        None
    }

    /// Is a branch worth another thread, and is there one that may take it soon?
    fn may_wait(&self, child: u32) -> bool {
        let is_wanted = self.pack.below[child as usize] >= BRANCH && self.waiting.load(Ordering::Relaxed) < self.most_waiting;
        if is_wanted {
            self.waiting.fetch_add(1, Ordering::Relaxed);
        }
        is_wanted
    }

    /// An entry and all below it cannot be read.
    fn lose(&self, entry: u32) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        self.pack.below(entry, &mut |entry| lost.push(entry));
    }

    fn with_local(&self, f: impl FnOnce(&mut Local)) {
        let idle = self.locals.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut local = idle.unwrap_or_else(Local::new);
        f(&mut local);
        self.locals.lock().unwrap_or_else(PoisonError::into_inner).push(local);
    }
}

impl Local {
    fn new() -> Self {
        Self { inflater: Decompressor::new(), packed: Vec::new(), delta: Vec::new(), segments: Vec::new(), pool: Vec::new() }
    }

    /// An empty buffer.
    fn buffer(&mut self) -> Vec<u8> {
        let mut buffer = self.pool.pop().unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// Keeps a buffer for later.
    fn keep(&mut self, buffer: Vec<u8>) {
        if self.pool.len() < KEPT && buffer.capacity() <= KEPT_SIZE {
            self.pool.push(buffer);
        }
    }

    /// Keeps the buffer of an object that nothing is made from any more.
    fn keep_last<S>(&mut self, made: Arc<Made<S>>) {
        if let Some(made) = Arc::into_inner(made) {
            self.keep(made.bytes);
        }
    }
}
