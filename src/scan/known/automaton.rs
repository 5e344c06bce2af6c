//! Finds many texts in one, and what one may begin with at its end.
//!
//! Source: Aho and Corasick, "Efficient string matching", 1975. It must not know what the texts are. Start with [`Automaton::find`]. A crate
//! that does the same says neither how much of a text is there at the end, nor wipes what it was made of.

use zeroize::{Zeroize as _, Zeroizing};

use super::Hit;

/// Places of one text that are so near each other are one: where a piece of base64 meets the next, letters belong to neither.
const NEAR: usize = 3;

/// Texts as a tree of their letters.
pub(super) struct Automaton {
    nodes: Vec<Node>,
    /// The node behind each first letter.
    first: [u32; 256],
}

/// What was read is the beginning of a text.
#[derive(Clone, Default)]
struct Node {
    byte: u8,
    /// The first of those one letter longer, and the next one beside this one; 0 is none.
    child: u32,
    next: u32,
    /// That of the longest beginning that what was read ends with.
    fail: u32,
    depth: u32,
    /// The length of the longest text that ends here, and which one it is.
    length: u32,
    which: u32,
}

impl Automaton {
    pub(super) fn new(patterns: &[(Zeroizing<Vec<u8>>, usize)]) -> Self {
        let total: usize = patterns.iter().map(|(pattern, _)| pattern.len()).sum();
        // Room for all of them, so that nothing is copied to grow.
        let mut nodes = Vec::with_capacity(total + 1);
        nodes.push(Node::default());
        let mut made = Self { nodes, first: [0; 256] };
        for (pattern, which) in patterns {
            made.add(pattern, *which);
        }
        made.link();
        made
    }

    fn add(&mut self, pattern: &[u8], which: usize) {
        let mut at = 0;
        for (depth, byte) in pattern.iter().enumerate() {
            at = match self.child(at, *byte) {
                0 => {
                    let new = self.nodes.len() as u32;
                    let next = std::mem::replace(&mut self.nodes[at as usize].child, new);
                    self.nodes.push(Node { byte: *byte, next, depth: depth as u32 + 1, ..Node::default() });
                    if depth == 0 {
                        self.first[usize::from(*byte)] = new;
                    }
                    new
                }
                child => child,
            };
        }
        let end = &mut self.nodes[at as usize];
        if end.length == 0 {
            (end.length, end.which) = (pattern.len() as u32, which as u32);
        }
    }

    /// Links each node to the longest one that it ends with, shorter ones first.
    fn link(&mut self) {
        let mut order = Vec::with_capacity(self.nodes.len());
        order.push(0_u32);
        let mut done = 0;
        while let Some(&parent) = order.get(done) {
            done += 1;
            let mut at = self.nodes[parent as usize].child;
            while at != 0 {
                let byte = self.nodes[at as usize].byte;
                let fail = if parent == 0 { 0 } else { self.step(self.nodes[parent as usize].fail, byte) };
                let (length, which) = (self.nodes[fail as usize].length, self.nodes[fail as usize].which);
                let node = &mut self.nodes[at as usize];
                node.fail = fail;
                if node.length == 0 {
                    (node.length, node.which) = (length, which);
                }
                order.push(at);
                at = node.next;
            }
        }
    }

    fn child(&self, of: u32, byte: u8) -> u32 {
        if of == 0 {
            return self.first[usize::from(byte)];
        }
        let mut at = self.nodes[of as usize].child;
        while at != 0 && self.nodes[at as usize].byte != byte {
            at = self.nodes[at as usize].next;
        }
        at
    }

    fn step(&self, mut at: u32, byte: u8) -> u32 {
        loop {
            let child = self.child(at, byte);
            if child != 0 || at == 0 {
                return child;
            }
            at = self.nodes[at as usize].fail;
        }
    }

    /// Adds the places where texts stand. Tells how many bytes at the end may begin one, or a longer one.
    pub(super) fn find(&self, text: &[u8], hits: &mut Vec<Hit>) -> usize {
        let before = hits.len();
        let mut at = 0;
        for (index, byte) in text.iter().enumerate() {
            at = if at == 0 { self.first[usize::from(*byte)] } else { self.step(at, *byte) };
            let node = &self.nodes[at as usize];
            if node.length > 0 {
                let start = index + 1 - node.length as usize;
                add(hits, before, Hit { range: start..index + 1, which: Some(node.which as usize) });
            }
        }
        while at != 0 && self.nodes[at as usize].child == 0 {
            at = self.nodes[at as usize].fail;
        }
        self.nodes[at as usize].depth as usize
    }
}

/// Adds a place that ends behind all others, as one with those it overlaps.
fn add(hits: &mut Vec<Hit>, before: usize, mut hit: Hit) {
    while hits.len() > before
        && let Some(last) = hits.last()
    {
        let near = if last.which == hit.which { NEAR } else { 0 };
        if last.range.end + near < hit.range.start || last.range.end == hit.range.start && last.which != hit.which {
            break;
        }
        if last.range.start < hit.range.start {
            (hit.range.start, hit.which) = (last.range.start, last.which);
        }
        hits.pop();
    }
    hits.push(hit);
}

impl Drop for Automaton {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            node.byte.zeroize();
            node.depth.zeroize();
        }
        self.first.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::Automaton;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn it_finds_what_comparing_finds(patterns in prop::collection::vec("[ab]{1,5}|[abc]{3,9}", 1..6), text in "[abc]{0,40}") {
            let made: Vec<_> = patterns.iter().map(|p| (Zeroizing::new(p.clone().into_bytes()), 0)).collect();
            let mut hits = Vec::new();
            let tail = Automaton::new(&made).find(text.as_bytes(), &mut hits);
            let mut expected = vec![false; text.len()];
            for pattern in &patterns {
                for start in 0..text.len() {
                    if text[start..].starts_with(pattern.as_str()) {
                        expected[start..start + pattern.len()].fill(true);
                    }
                }
            }
            // What lies between two places of one text is covered, too.
            for hit in &hits {
                prop_assert!(expected[hit.range.start] && expected[hit.range.end - 1]);
                expected[hit.range.clone()].fill(true);
            }
            let mut found = vec![false; text.len()];
            hits.iter().for_each(|hit| found[hit.range.clone()].fill(true));
            prop_assert_eq!(found, expected);
            prop_assert!(hits.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
            let begins = |n: &usize| patterns.iter().any(|p| p.len() > *n && p.starts_with(&text[text.len() - n..]));
            prop_assert_eq!(tail, (0..=text.len()).rev().find(begins).unwrap_or(0));
        }
    }
}
