//! The root of a tree over the hashes of a segment's records, as RFC 9162, 2.1.1 builds it: with it and a few hashes beside the way up,
//! a record that was kept elsewhere can be shown to have been in a segment whose body is gone.
//!
//! It must not know what is hashed. Start with [`Tree::add`].

use sha2::{Digest, Sha256};

use super::line::Hash;

/// The full subtrees so far, the largest first: each is a power of two leaves.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    peaks: Vec<Hash>,
    leaves: u64,
}

impl Tree {
    /// Adds a leaf.
    pub fn add(&mut self, leaf: &Hash) {
        let mut node = node(0, &[leaf]);
        let mut full = self.leaves;
        while full & 1 == 1 {
            let left = self.peaks.pop().expect("there is a peak for each bit of the count");
            node = self::node(1, &[&left, &node]);
            full >>= 1;
        }
        self.peaks.push(node);
        self.leaves += 1;
    }

    /// How many leaves there are.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root over them.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return Sha256::digest(b"").into() };
        peaks.fold(*last, |right, left| node(1, &[left, &right]))
    }
}

fn node(kind: u8, parts: &[&Hash]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([kind]);
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{Hash, Tree, node};

    /// The definition of RFC 9162 word by word.
    fn naive(leaves: &[Hash]) -> Hash {
        match leaves {
            [leaf] => node(0, &[leaf]),
            leaves => {
                let k = (leaves.len() - 1).ilog2();
                let (left, right) = leaves.split_at(1 << k);
                node(1, &[&naive(left), &naive(right)])
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        let leaves: Vec<Hash> = (0..70u8).map(|n| [n; 32]).collect();
        let mut tree = Tree::default();
        for n in 1..=leaves.len() {
            tree.add(&leaves[n - 1]);
            assert_eq!((tree.root(), tree.leaves()), (naive(&leaves[..n]), n as u64), "{n}");
        }
    }
}
