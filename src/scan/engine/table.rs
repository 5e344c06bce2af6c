//! Small hash tables over the first bytes of words.
//!
//! They must not know what they index. Start with [`Starts`], over literals of three bytes and more, and [`Heads`], over words of four
//! and more and those of three. Most places are turned away by [`super::hints`] before.

/// Literals of three bytes and more by how they begin.
#[derive(Debug, Clone)]
pub(super) struct Starts(Map);

impl Starts {
    /// A table of literals and their numbers.
    pub(super) fn new<'a>(pairs: impl Iterator<Item = (Head<'a>, u32)>) -> Self {
        Self(Map::new(pairs.map(|(head, id)| Entry::new(head, id, short_key)).collect()))
    }

    /// Calls `hit` with the numbers of literals that may begin at the start of `bytes`.
    #[inline(always)]
    pub(super) fn look_up(&self, bytes: &[u8], hit: impl FnMut(u32)) {
        let here = head_of(bytes);
        self.0.at(short_key(here), here, hit);
    }
}

/// Numbers by three bytes at a fixed offset.
#[derive(Debug, Clone)]
pub(super) struct Infixes {
    /// Sorted.
    offsets: Box<[usize]>,
    /// For each length of a run of token characters, which offsets have patterns that match in so short a run.
    by_run: Box<[u64; RUNS]>,
    /// Which offsets have keys without an upper-case letter.
    lower: u64,
    /// For each offset, keys and their numbers.
    lists: Box<[Keyed]>,
    /// For each byte, which offsets have keys that begin with it.
    first: Box<[u64; 256]>,
    /// One bit for each hash of an offset and its key.
    bitmap: [u64; INFIX_BITS / 64],
}

/// Keys and their numbers.
type Keyed = Vec<([u8; 3], u32)>;

const INFIX_BITS: usize = 4096;
/// Runs as long as this and longer are alike.
const RUNS: usize = 256;

impl Infixes {
    /// A table of (offset, key, number, length of run needed).
    pub(super) fn new(mut all: Vec<(usize, [u8; 3], u32, usize)>) -> Self {
        all.sort_unstable();
        let mut this = Self {
            offsets: Box::new([]),
            by_run: Box::new([0; RUNS]),
            lower: 0,
            lists: Box::new([]),
            first: Box::new([0; 256]),
            bitmap: [0; INFIX_BITS / 64],
        };
        let groups = all.chunk_by(|a, b| a.0 == b.0);
        this.lists = groups.clone().map(|g| g.iter().map(|(_, key, id, _)| (*key, *id)).collect()).collect();
        this.offsets = groups.clone().map(|g| g[0].0).collect();
        for (index, group) in groups.enumerate() {
            let need = group.iter().map(|i| i.3).min().unwrap_or(0).min(RUNS - 1);
            // Offsets beyond the sixty-third share the last bit.
            let bit = 1 << index.min(63);
            this.by_run[need..].iter_mut().for_each(|bits| *bits |= bit);
            let lower = group.iter().any(|(_, key, ..)| !key.iter().any(u8::is_ascii_uppercase));
            this.lower |= if lower { bit } else { 0 };
            group.iter().for_each(|(_, key, ..)| this.first[usize::from(key[0])] |= bit);
        }
        for (offset, key, ..) in all {
            let slot = infix_slot(offset, key);
            this.bitmap[slot / 64] |= 1 << (slot % 64);
        }
        this
    }

    /// Length of the stretch that all keys stand in.
    pub(super) fn reach(&self) -> usize {
        self.offsets.last().map_or(3, |offset| offset + 3)
    }

    /// Calls `hit` with the numbers whose key stands at their offset in `bytes`, which begin with a run of `run` token characters,
    /// with an upper-case letter among them or without.
    #[inline]
    pub(super) fn look_up(&self, bytes: &[u8], run: usize, upper: bool, mut hit: impl FnMut(u32)) {
        let mut bits = self.by_run[run.min(RUNS - 1)] & if upper { u64::MAX } else { self.lower };
        while bits != 0 {
            let first = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let last = if first == 63 { self.offsets.len() } else { first + 1 };
            for index in first..last {
                let byte = bytes.get(self.offsets[index]).copied().unwrap_or_default();
                if self.first[usize::from(byte)] >> first & 1 != 0 {
                    self.at(index, bytes, &mut hit);
                }
            }
        }
    }

    #[inline]
    fn at(&self, index: usize, bytes: &[u8], hit: &mut impl FnMut(u32)) {
        let offset = self.offsets[index];
        let Some([a, b, c]) = bytes.get(offset..offset + 3) else { return };
        let slot = infix_slot(offset, [*a, *b, *c]);
        if self.bitmap[slot / 64] >> (slot % 64) & 1 != 0 {
            self.lists[index].iter().filter(|(key, _)| *key == [*a, *b, *c]).for_each(|(_, id)| hit(*id));
        }
    }
}

#[inline]
fn infix_slot(offset: usize, key: [u8; 3]) -> usize {
    (hash(u32::from_le_bytes([key[0], key[1], key[2], offset as u8])) >> 20) as usize
}

/// A word, and whether its letters match in either case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) word: &'a [u8],
    pub(super) folded: bool,
}

impl Head<'_> {
    /// The first eight bytes, and which bits of them count.
    pub(super) fn masked(&self) -> (u64, u64) {
        let n = self.word.len().min(8);
        let (mut bytes, mut mask) = ([0; 8], [0; 8]);
        for (at, byte) in self.word[..n].iter().enumerate() {
            // As small letters where case does not count, so that two spellings of one literal are one entry.
            bytes[at] = if self.folded { byte.to_ascii_lowercase() } else { *byte };
            mask[at] = if self.folded && byte.is_ascii_alphabetic() { !0x20 } else { 0xff };
        }
        (u64::from_le_bytes(bytes), u64::from_le_bytes(mask))
    }

    /// The first three bytes in all spellings, if there are so many.
    pub(super) fn first_three(&self) -> Vec<[u8; 3]> {
        match self.word.first_chunk() {
            Some(key) if self.folded => cases(*key),
            Some(key) => vec![*key],
            None => Vec::new(),
        }
    }
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
    /// Which bits of it count: not the one that tells upper from lower case, where case does not count.
    mask: u64,
}

/// Entries by a hash of their key.
#[derive(Debug, Clone)]
struct Map {
    /// Where in `entries` those of each hash begin. As small as it may be: a large table falls out of the first-level cache.
    starts: Box<[u32]>,
    shift: u32,
    entries: Box<[Entry]>,
}

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

    /// Hashes of how the words of four bytes and more, and those of three, begin.
    pub(super) fn hashes(&self) -> (impl Iterator<Item = u32>, impl Iterator<Item = u32>) {
        (self.four.keys().map(hash), self.three.keys().map(hash))
    }

    /// How the words of four bytes and more begin, folded.
    pub(super) fn long_keys(&self) -> impl Iterator<Item = u32> {
        self.four.keys()
    }

    /// Are all words of three bytes made of letters?
    pub(super) fn three_letters(&self) -> bool {
        self.three.entries.iter().all(|e| e.head.to_le_bytes()[..3].iter().all(u8::is_ascii_alphabetic))
    }

    /// Calls `hit` with the numbers of words of four bytes and more that may begin at the start of `bytes`.
    #[inline(always)]
    pub(super) fn long(&self, bytes: &[u8], hit: impl FnMut(u32)) {
        let here = head_of(bytes);
        self.four.at(long_key(here), here, hit);
    }

    /// The same for words of three bytes.
    #[inline(always)]
    pub(super) fn short(&self, bytes: &[u8], hit: impl FnMut(u32)) {
        let here = head_of(bytes);
        self.three.at(short_key(here), here, hit);
    }

    /// The same for all words.
    #[inline(always)]
    pub(super) fn look_up(&self, bytes: &[u8], mut hit: impl FnMut(u32)) {
        let here = head_of(bytes);
        self.four.at(long_key(here), here, &mut hit);
        self.three.at(short_key(here), here, &mut hit);
    }
}

/// The first eight bytes, with zeros behind the end.
#[inline(always)]
pub(super) fn head_of(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(head) => u64::from_le_bytes(*head),
        None => short_of_eight(bytes),
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
        let (head, mask) = head.masked();
        Self { key: key(head), id, head, mask }
    }
}

impl Map {
    fn new(mut entries: Vec<Entry>) -> Self {
        let slots = (entries.len() * 2).next_power_of_two().clamp(64, 4096);
        let shift = 32 - slots.trailing_zeros();
        let slot = |e: &Entry| (hash(e.key) >> shift) as usize;
        entries.sort_unstable_by_key(|e| (slot(e), e.key, e.id, e.head, e.mask));
        entries.dedup_by_key(|e| (e.key, e.id, e.head, e.mask));
        let mut starts = vec![0u32; slots + 1].into_boxed_slice();
        for entry in &entries {
            starts[slot(entry) + 1] += 1;
        }
        for slot in 0..slots {
            starts[slot + 1] += starts[slot];
        }
        Self { starts, shift, entries: entries.into() }
    }

    /// Calls `hit` with the numbers of words of this key that begin like `here`. Inlined with it: it is called a million times a second.
    #[inline(always)]
    fn at(&self, key: u32, here: u64, mut hit: impl FnMut(u32)) {
        let slot = (hash(key) >> self.shift) as usize;
        for entry in &self.entries[self.starts[slot] as usize..self.starts[slot + 1] as usize] {
            if (here ^ entry.head) & entry.mask == 0 {
                hit(entry.id);
            }
        }
    }

    fn keys(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().map(|e| e.key)
    }
}

/// The first four bytes, in either case.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
pub(super) fn long_key(here: u64) -> u32 {
    here as u32 | 0x2020_2020
}

/// The first three.
#[inline(always)]
pub(super) fn short_key(here: u64) -> u32 {
    long_key(here) & 0x00ff_ffff
}

/// Multiplying by this spreads a key over the upper bits.
pub(super) const SPREAD: u32 = 0x9E37_79B1;

#[inline(always)]
pub(super) fn hash(key: u32) -> u32 {
    key.wrapping_mul(SPREAD)
}

/// All spellings of three letters in upper and lower case.
fn cases(key: [u8; 3]) -> Vec<[u8; 3]> {
    let spell = |bits: u8| {
        let mut out = key;
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = if bits >> i & 1 == 0 { byte.to_ascii_lowercase() } else { byte.to_ascii_uppercase() };
        }
        out
    };
    (0..8).map(spell).collect()
}

#[inline(always)]
pub(super) fn slot(key: [u8; 3]) -> usize {
    let x = u32::from_le_bytes([key[0], key[1], key[2], 0]);
    (x.wrapping_mul(SPREAD) >> 16) as usize
}

#[cfg(test)]
mod tests {
    use super::{Head, Heads, Starts};

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
        let look = |bytes: &[u8]| {
            let mut found = Vec::new();
            table.look_up(bytes, |id| found.push(id));
            found
        };
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
    fn starts_are_found_and_nothing_else() {
        let heads: [(&[u8], bool, u32); 5] =
            [(b"ghp", false, 0), (b"ghp_", false, 1), (b"sG.", true, 2), (b"SG.", true, 2), (b"\xff\xff\xff", false, 3)];
        let table = Starts::new(heads.iter().map(|(word, folded, id)| (Head { word, folded: *folded }, *id)));
        let look = |bytes: &[u8]| {
            let mut found = Vec::new();
            table.look_up(bytes, |id| found.push(id));
            found
        };
        assert_eq!(look(b"ghp_x"), [0, 1]);
        assert_eq!(look(b"ghpx"), [0]);
        assert_eq!(look(b"Sg."), [2]);
        assert_eq!(look(b"GHP_"), Vec::<u32>::new());
    }
}
