//! Small hash tables over the first bytes of words: a bitmap that says no in a nanosecond, then a bucket.
//!
//! They must not know what they index. Start with [`Trigrams`], over three bytes, and [`Heads`], over how words begin.

const BITS: usize = 1 << 16;

/// 64 places and what is needed to look up the last of them.
pub(super) type Block = [u8; 68];

/// The block that begins at `at`; where the input ends within it, a copy in `room`, with zeros behind the end.
#[inline]
pub(super) fn block<'a>(bytes: &'a [u8], at: usize, room: &'a mut Block) -> &'a Block {
    match bytes[at..].first_chunk() {
        Some(block) => block,
        None => padded(&bytes[at..], room),
    }
}

#[cold]
fn padded<'a>(rest: &[u8], room: &'a mut Block) -> &'a Block {
    room.fill(0);
    room[..rest.len()].copy_from_slice(rest);
    room
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

/// A word, and whether its letters match in either case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) word: &'a [u8],
    pub(super) folded: bool,
}

/// A map from how words begin to numbers. What comes out begins with the first eight bytes of the word; the rest is not looked at.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    /// Words of four bytes and more.
    four: Map,
    /// Words of three bytes.
    three: Map,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The first four bytes (or three), folded.
    key: u32,
    id: u32,
    head: u64,
    /// Which bytes of it count.
    mask: u64,
    /// Bits of the input that are set before it is compared.
    fold: u64,
}

/// Entries by a hash of their key.
#[derive(Debug, Clone)]
struct Map {
    /// Where in `entries` those of each hash begin.
    starts: Box<[u32; SLOTS + 1]>,
    entries: Box<[Entry]>,
}

const SLOTS: usize = 4096;

impl Heads {
    /// A table of (word, number) pairs. Words shorter than three bytes are left out.
    pub(super) fn new<'a>(pairs: impl Iterator<Item = (Head<'a>, u32)>) -> Self {
        let (mut four, mut three) = (Vec::new(), Vec::new());
        for (head, id) in pairs {
            match head.word.len() {
                0..3 => {}
                3 => three.push(Entry::new(head, id, short_key)),
                _ => four.push(Entry::new(head, id, long_key)),
            }
        }
        Self { four: Map::new(four), three: Map::new(three) }
    }

    /// The numbers of words that may begin at the start of `bytes`.
    #[inline]
    pub(super) fn look_up(&self, bytes: &[u8]) -> impl Iterator<Item = u32> {
        let here = match bytes.first_chunk() {
            Some(head) => u64::from_le_bytes(*head),
            None => short_of_eight(bytes),
        };
        self.four.at(long_key(here), here).chain(self.three.at(short_key(here), here))
    }
}

#[cold]
fn short_of_eight(bytes: &[u8]) -> u64 {
    let mut head = [0; 8];
    head[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(head)
}

impl Entry {
    fn new(head: Head<'_>, id: u32, key: fn(u64) -> u32) -> Self {
        let n = head.word.len().min(8);
        let mut bytes = [0; 8];
        bytes[..n].copy_from_slice(&head.word[..n]);
        let fold = bytes.map(|b| if head.folded && b.is_ascii_alphabetic() { 0x20 } else { 0 });
        let (plain, fold) = (u64::from_le_bytes(bytes), u64::from_le_bytes(fold));
        let mask = if n == 8 { u64::MAX } else { (1 << (8 * n)) - 1 };
        Self { key: key(plain), id, head: plain | fold, mask, fold }
    }
}

impl Map {
    fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by_key(|e| (slot_of(e.key), e.key, e.id, e.head, e.mask));
        entries.dedup_by_key(|e| (e.key, e.id, e.head, e.mask, e.fold));
        let mut starts = Box::new([0u32; SLOTS + 1]);
        for entry in &entries {
            starts[slot_of(entry.key) + 1] += 1;
        }
        for slot in 0..SLOTS {
            starts[slot + 1] += starts[slot];
        }
        Self { starts, entries: entries.into() }
    }

    #[inline]
    fn at(&self, key: u32, here: u64) -> impl Iterator<Item = u32> {
        let slot = slot_of(key);
        let entries = &self.entries[self.starts[slot] as usize..self.starts[slot + 1] as usize];
        entries.iter().filter(move |e| ((here | e.fold) ^ e.head) & e.mask == 0).map(|e| e.id)
    }

    fn keys(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().map(|e| e.key)
    }
}

/// The first four bytes, in either case.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn long_key(here: u64) -> u32 {
    here as u32 | 0x2020_2020
}

/// The first three.
#[inline]
fn short_key(here: u64) -> u32 {
    long_key(here) & 0x00ff_ffff
}

#[inline]
fn hash(key: u32) -> u32 {
    key.wrapping_mul(0x9E37_79B1)
}

#[inline]
fn slot_of(key: u32) -> usize {
    (hash(key) >> 20) as usize
}

/// Turns most places away before two maps are looked at: two bits for each hash of four bytes, and of three for words of three.
/// Small enough to stay in the first-level cache.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    long: Box<[u32; 1 << 11]>,
    short: Box<[u32; 1 << 7]>,
}

/// Where words may begin.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pass {
    /// Words of the first map.
    pub(super) first: u64,
    /// Longer ones of the second.
    pub(super) second: u64,
    /// Those of three bytes of the second.
    pub(super) second_short: u64,
}

impl Filter {
    /// A filter for two maps.
    pub(super) fn new(first: &Heads, second: &Heads) -> Self {
        let mut this = Self { long: Box::new([0; 1 << 11]), short: Box::new([0; 1 << 7]) };
        for (heads, bit) in [(first, 1), (second, 2)] {
            heads.four.keys().for_each(|key| this.long[(hash(key) >> 21) as usize] |= bit << pair(hash(key)));
            heads.three.keys().for_each(|key| this.short[(hash(key) >> 25) as usize] |= bit << pair(hash(key)));
        }
        this
    }

    /// Of the places `at` in a block, those where a word of the first and of the second map may begin. Without branches: most
    /// places are turned away, and which ones nobody can predict.
    #[inline]
    pub(super) fn pass(&self, block: &Block, mut at: u64) -> Pass {
        let mut pass = Pass::default();
        while at != 0 {
            let place = at.trailing_zeros() as usize & 63;
            let head = u32::from_le_bytes([block[place], block[place + 1], block[place + 2], block[place + 3]]) | 0x2020_2020;
            let (long, short) = (hash(head), hash(head & 0x00ff_ffff));
            let long = u64::from(self.long[(long >> 21) as usize] >> pair(long));
            let short = u64::from(self.short[(short >> 25) as usize] >> pair(short));
            pass.first |= ((long | short) & 1) << place;
            pass.second |= (long >> 1 & 1) << place;
            pass.second_short |= (short >> 1 & 1) << place;
            at &= at - 1;
        }
        pass
    }
}

/// Which two bits of a word of the filter belong to a hash.
#[inline]
fn pair(hash: u32) -> u32 {
    hash >> 15 & 30
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

#[inline]
fn slot(key: [u8; 3]) -> usize {
    let x = u32::from_le_bytes([key[0], key[1], key[2], 0]);
    (x.wrapping_mul(0x9E37_79B1) >> 16) as usize
}

#[cfg(test)]
mod tests {
    use super::{Filter, Head, Heads, Trigrams, block};

    #[test]
    fn heads_mind_case_where_they_are_told_to() {
        let head = |word, folded| Head { word, folded };
        let pairs = [
            (head(b"token", true), 1),
            (head(b"key", true), 2),
            (head(b"toke", true), 3),
            (head(b"API", false), 4),
            (head(b"key_of_all", true), 5),
        ];
        let table = Heads::new(pairs.into_iter());
        let look = |bytes: &[u8]| table.look_up(bytes).collect::<Vec<_>>();
        assert_eq!(look(b"TOKENS"), [1, 3]);
        assert_eq!(look(b"tokes"), [3]);
        assert_eq!(look(b"keyed"), [2]);
        assert_eq!(look(b"KEY"), [2]);
        assert_eq!(look(b"KEY_OF_A.."), [5, 2]);
        assert_eq!(look(b"API"), [4]);
        assert_eq!(look(b"api"), Vec::<u32>::new());
        assert_eq!(look(b"tok"), Vec::<u32>::new());
        assert_eq!(look(b"monk"), Vec::<u32>::new());
    }

    #[test]
    fn the_filter_passes_what_the_maps_have() {
        let head = |word| Head { word, folded: true };
        let (first, second) = ([(head(b"curl"), 0)], [(head(b"heroku"), 0), (head(b"aws"), 1)]);
        let (first, second) = (Heads::new(first.into_iter()), Heads::new(second.into_iter()));
        let mut room = [0; 68];
        let pass = Filter::new(&first, &second).pass(block(b"HEROKU curl aws", 0, &mut room), u64::MAX);
        assert_eq!((pass.first >> 7 & 1, pass.second & 1, pass.second_short >> 12 & 1), (1, 1, 1));
        assert!((pass.first | pass.second | pass.second_short).count_ones() < 8);
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
