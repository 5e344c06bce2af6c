//! Small hash tables over the first bytes of words: a bitmap that says no in a nanosecond, then a bucket.
//!
//! They must not know what they index. Start with [`Trigrams`], over three bytes, and [`Heads`], over four whose case does not
//! count.

const BITS: usize = 1 << 16;

/// 64 places and what is needed to look up the last of them.
pub(super) type Block = [u8; 68];

/// The block that begins at `at`, with zeros behind the end of the input.
#[inline]
pub(super) fn block(bytes: &[u8], at: usize) -> std::borrow::Cow<'_, Block> {
    match bytes[at..].first_chunk() {
        Some(block) => std::borrow::Cow::Borrowed(block),
        None => std::borrow::Cow::Owned(padded(&bytes[at..])),
    }
}

#[cold]
fn padded(rest: &[u8]) -> Block {
    let mut block = [0; 68];
    block[..rest.len()].copy_from_slice(rest);
    block
}

/// A map from three bytes to short lists of numbers.
#[derive(Debug, Clone)]
pub(super) struct Trigrams {
    bitmap: Box<[u64; BITS / 64]>,
    /// Sorted keys with the range of their values.
    keys: Vec<(u32, u32, u32)>,
    values: Vec<u32>,
    /// For each of the 256 first bytes, where its keys begin.
    index: Box<[u32]>,
}

impl Trigrams {
    /// A table of (key, value) pairs; the values of one key keep their order.
    #[must_use]
    pub(super) fn new(mut pairs: Vec<([u8; 3], u32)>) -> Self {
        let mut seen = std::collections::HashSet::new();
        pairs.retain(|pair| seen.insert(*pair));
        pairs.sort_by_key(|(key, _)| *key);
        let mut this =
            Self { bitmap: Box::new([0; BITS / 64]), keys: Vec::new(), values: Vec::new(), index: vec![0; 257].into() };
        for (key, value) in pairs {
            let packed = u32::from_be_bytes([0, key[0], key[1], key[2]]);
            let slot = slot(key);
            this.bitmap[slot / 64] |= 1 << (slot % 64);
            this.values.push(value);
            let end = u32::try_from(this.values.len()).expect("fewer than four thousand million values");
            match this.keys.last_mut() {
                Some(last) if last.0 == packed => last.2 = end,
                _ => this.keys.push((packed, end - 1, end)),
            }
        }
        for first in 0..=256usize {
            let below = this.keys.partition_point(|k| (k.0 >> 16) < u32::try_from(first).expect("at most 256"));
            this.index[first] = u32::try_from(below).expect("fewer keys than values");
        }
        this
    }

    /// The values of a key; empty for most.
    #[inline]
    #[must_use]
    pub(super) fn look_up(&self, key: [u8; 3]) -> &[u32] {
        let slot = slot(key);
        if self.bitmap[slot / 64] >> (slot % 64) & 1 == 0 { &[] } else { self.bucket(key) }
    }

    /// Of the places `at` in a block, those whose key may have values; see [`Filter::pass`].
    #[inline]
    pub(super) fn filter(&self, block: &Block, mut at: u64) -> u64 {
        let bitmap: &[u64; BITS / 64] = &self.bitmap;
        let mut pass = 0;
        while at != 0 {
            let place = at.trailing_zeros() as usize & 63;
            let slot = slot([block[place], block[place + 1], block[place + 2]]);
            pass |= (bitmap[slot / 64] >> (slot % 64) & 1) << place;
            at &= at - 1;
        }
        pass
    }

    fn bucket(&self, key: [u8; 3]) -> &[u32] {
        let packed = u32::from_be_bytes([0, key[0], key[1], key[2]]);
        let first = usize::from(key[0]);
        let keys = &self.keys[self.index[first] as usize..self.index[first + 1] as usize];
        match keys.binary_search_by_key(&packed, |k| k.0) {
            Ok(at) => &self.values[keys[at].1 as usize..keys[at].2 as usize],
            Err(_) => &[],
        }
    }
}

/// A map from the first bytes of words, in any case, to short lists of numbers: one over four bytes and one for words of three.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    four: Map,
    three: Map,
}

/// Open addressing.
#[derive(Debug, Clone)]
struct Map {
    /// Key, first value, number of values; a number of zero is an empty place.
    slots: Box<[(u32, u32, u32)]>,
    values: Box<[u32]>,
}

impl Heads {
    /// A table of (word, value) pairs. Words shorter than three bytes are left out.
    pub(super) fn new<'a>(pairs: impl Iterator<Item = (&'a [u8], u32)>) -> Self {
        let (mut four, mut three) = (Vec::new(), Vec::new());
        for (word, value) in pairs {
            match *word {
                [a, b, c] => three.push((fold([a, b, c, 0]), value)),
                [a, b, c, d, ..] => four.push((fold([a, b, c, d]), value)),
                _ => {}
            }
        }
        Self { four: Map::new(four), three: Map::new(three) }
    }

    /// The values of words that may begin at the start of `bytes`.
    #[inline]
    pub(super) fn look_up(&self, bytes: &[u8]) -> impl Iterator<Item = u32> {
        let found = self.buckets(bytes);
        found.0.iter().chain(found.1).copied()
    }

    #[inline(never)]
    fn buckets(&self, bytes: &[u8]) -> (&[u32], &[u32]) {
        match *bytes {
            [a, b, c, d, ..] => (self.four.bucket(fold([a, b, c, d])), self.three.bucket(fold([a, b, c, 0]))),
            [a, b, c] => (&[], self.three.bucket(fold([a, b, c, 0]))),
            _ => (&[], &[]),
        }
    }
}

/// Turns most places away before two maps are looked at: two bits for each hash of four bytes (of three, for words of three).
#[derive(Debug, Clone)]
pub(super) struct Filter {
    long: Box<[u64; BITS / 32]>,
    short: Box<[u64; BITS / 32]>,
}

impl Filter {
    /// A filter for two maps.
    pub(super) fn new(first: &Heads, second: &Heads) -> Self {
        let mut this = Self { long: Box::new([0; BITS / 32]), short: Box::new([0; BITS / 32]) };
        for (heads, bit) in [(first, 0), (second, 1)] {
            heads.four.keys().for_each(|key| set(&mut this.long, head_slot(key), bit));
            heads.three.keys().for_each(|key| set(&mut this.short, head_slot(key), bit));
        }
        this
    }

    /// Of the places `at` in a block, those where a word of the first and of the second map may begin. Without branches: most
    /// places are turned away, and which ones nobody can predict.
    #[inline]
    pub(super) fn pass(&self, block: &Block, mut at: u64) -> (u64, u64) {
        let (mut first, mut second) = (0, 0);
        while at != 0 {
            let place = at.trailing_zeros() as usize & 63;
            let head = fold([block[place], block[place + 1], block[place + 2], block[place + 3]]);
            // The fourth byte of a word of three is a zero, folded.
            let short = head & 0x00ff_ffff | 0x2000_0000;
            let both = get(&self.long, head_slot(head)) | get(&self.short, head_slot(short));
            first |= (both & 1) << place;
            second |= (both >> 1 & 1) << place;
            at &= at - 1;
        }
        (first, second)
    }
}

impl Map {
    fn keys(&self) -> impl Iterator<Item = u32> {
        self.slots.iter().filter(|s| s.2 > 0).map(|s| s.0)
    }

    fn new(mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut slots = vec![(0, 0, 0); (pairs.len() * 2).next_power_of_two()].into_boxed_slice();
        let mut values = Vec::with_capacity(pairs.len());
        for group in pairs.chunk_by(|a, b| a.0 == b.0) {
            let key = group[0].0;
            let mut at = hash(key) as usize % slots.len();
            while slots[at].2 > 0 {
                at = (at + 1) % slots.len();
            }
            let first = u32::try_from(values.len()).expect("fewer than four thousand million values");
            slots[at] = (key, first, u32::try_from(group.len()).expect("the same"));
            values.extend(group.iter().map(|g| g.1));
        }
        Self { slots, values: values.into() }
    }

    fn bucket(&self, key: u32) -> &[u32] {
        let mask = self.slots.len() - 1;
        let mut at = hash(key) as usize & mask;
        loop {
            let (found, first, count) = self.slots[at];
            if count == 0 {
                return &[];
            }
            if found == key {
                return &self.values[first as usize..(first + count) as usize];
            }
            at = (at + 1) & mask;
        }
    }
}

#[inline]
fn fold(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

#[inline]
fn head_slot(key: u32) -> usize {
    (key.wrapping_mul(0x9E37_79B1) >> 16) as usize
}

fn set(bitmap: &mut [u64; BITS / 32], slot: usize, bit: usize) {
    bitmap[slot / 32] |= 1 << (slot % 32 * 2 + bit);
}

#[inline]
fn get(bitmap: &[u64; BITS / 32], slot: usize) -> u64 {
    bitmap[slot / 32] >> (slot % 32 * 2)
}

/// All spellings of three letters in upper and lower case.
pub(super) fn cases(key: [u8; 3]) -> Vec<[u8; 3]> {
    let spell = |bits: u8| {
        let mut out = key;
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = if bits >> i & 1 == 0 { byte.to_ascii_lowercase() } else { byte.to_ascii_uppercase() };
        }
        out
    };
    (0..8).map(spell).collect()
}

fn hash(key: u32) -> u32 {
    let x = key.wrapping_mul(0x9E37_79B1);
    x ^ x >> 15
}

#[inline]
fn slot(key: [u8; 3]) -> usize {
    let x = u32::from_le_bytes([key[0], key[1], key[2], 0]);
    (x.wrapping_mul(0x9E37_79B1) >> 16) as usize
}

#[cfg(test)]
mod tests {
    use super::{Heads, Trigrams};

    #[test]
    fn heads_do_not_mind_case_and_short_words_stand_for_all() {
        let table = Heads::new([(&b"token"[..], 1), (b"key", 2), (b"toke", 3)].into_iter());
        let look = |bytes: &[u8]| table.look_up(bytes).collect::<Vec<_>>();
        assert_eq!(look(b"TOKENS"), [1, 3]);
        assert_eq!(look(b"keyed"), [2]);
        assert_eq!(look(b"KEY"), [2]);
        assert_eq!(look(b"tok"), Vec::<u32>::new());
        assert_eq!(look(b"monk"), Vec::<u32>::new());
    }

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let table = Trigrams::new(vec![(*b"ghp", 1), (*b"gho", 2), (*b"ghp", 3), (*b"\xff\xff\xff", 4), (*b"ghp", 1)]);
        assert_eq!(table.look_up(*b"ghp"), [1, 3]);
        assert_eq!(table.look_up(*b"gho"), [2]);
        assert_eq!(table.look_up(*b"\xff\xff\xff"), [4]);
        let hits = (0..1 << 24).filter(|k: &u32| !table.look_up([(k >> 16) as u8, (k >> 8) as u8, *k as u8]).is_empty()).count();
        assert_eq!(hits, 3);
    }
}
