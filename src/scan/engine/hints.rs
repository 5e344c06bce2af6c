//! Second pass: at which places literals, probes and keywords may begin.
//!
//! It must not know what they are for. Start with [`Hints::fill`], for all of a chunk, and [`Hints::short`], for keywords of three
//! bytes, which is asked near candidates only. Those of four and more come with the literals for next to nothing: asked for near
//! candidates only they cost a log, where candidates are everywhere, 13 % more.
//!
//! How many places 64 bytes have and which of them are turned away, no processor can predict: so eight are looked up at a time, if
//! there are so many or not, and the answers become bits without branches.

use super::classify::{Masks, Path, WORD};
use super::table::{Head, Heads, hash, head_of, long_key, short_key, slot};

/// Places looked up at a time.
const STEP: u32 = 8;
/// A literal may begin here.
const LITERAL: u8 = 1;
/// A keyword may.
const KEYWORD: u8 = 16;

/// Which places may be the beginning of what.
#[derive(Debug, Clone)]
pub(super) struct Hints {
    /// Literals that begin a word and keywords of four bytes and more, by a hash of the first four. Two more bits of the hash say
    /// which four bits of the byte count: a table of bits with the reach of one four times as large.
    long: Box<[u8; 1 << LONG_BITS]>,
    /// The same literals by up to eight bytes.
    words: Sieve,
    /// Literals that may stand anywhere, which the classifier takes many other places for.
    anywhere: Sieve,
    /// Probes, by their first three bytes as they are.
    probes: Bits,
    /// Keywords of four bytes and more by another hash: nine in ten places that pass the first one are none, since rules have so many.
    again: Bits,
    /// Keywords of three bytes.
    short: Bits,
    /// Are they all made of letters?
    letters: bool,
    /// All bits if nothing that is looked up begins like parts of dates, addresses and identifiers: see [`numbers`].
    numbers: u64,
    path: Path,
}

/// Small enough to stay in the first-level cache beside a chunk and its masks.
const LONG_BITS: u32 = 13;

/// What is looked up.
pub(super) struct Words<'a> {
    /// Literals of four bytes and more that begin a word.
    pub(super) literals: &'a [Head<'a>],
    /// Those of three bytes and more that may stand anywhere.
    pub(super) anywhere: &'a [Head<'a>],
    /// How probes begin.
    pub(super) probes: &'a [[u8; 3]],
    pub(super) keywords: &'a Heads,
}

/// Where words may begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pass {
    literal: u64,
    keyword: u64,
}

impl Hints {
    pub(super) fn new(all: &Words<'_>) -> Self {
        let (keywords, short) = all.keywords.hashes();
        let mut long = Box::new([0; 1 << LONG_BITS]);
        let heads = || all.literals.iter().map(|head| long_key(head.masked().0)).chain(all.keywords.long_keys());
        let literals = all.literals.iter().map(|head| hash(long_key(head.masked().0)));
        for (hash, bit) in literals.map(|h| (h, LITERAL)).chain(keywords.map(|h| (h, KEYWORD))) {
            long[(hash >> (32 - LONG_BITS)) as usize] |= bit << which(hash);
        }
        Self {
            long,
            words: Sieve::new(all.literals, long_key(u64::MAX)),
            anywhere: Sieve::new(all.anywhere, short_key(u64::MAX)),
            probes: Bits::new(all.probes.iter().map(|key| slot(*key))),
            again: Bits::new(all.keywords.long_keys().map(other_hash)),
            short: Bits::new(short.map(upper_half)),
            letters: all.keywords.three_letters(),
            numbers: if heads().any(is_number) { 0 } else { u64::MAX },
            path: Path::best(),
        }
    }

    /// The same with a given path, for tests.
    pub(super) fn with_path(self, path: Path) -> Self {
        Self { path, ..self }
    }

    /// Fills in `long`, `probe`, `word` and `keyword` of all masks but the first and the last two, of which only the classes are
    /// needed, and takes those bits out of `literal` where none begins; and fills in `long` of the last but one. The second mask
    /// stands for the 64 bytes at `at`.
    pub(super) fn fill(&self, bytes: &[u8], at: usize, masks: &mut [Masks]) {
        match self.path {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the path is only chosen where the processor has the features.
            #[expect(unsafe_code, reason = "calls the BMI path after the processor was asked")]
            Path::Avx2 => unsafe { self.fill_bmi(bytes, at, masks) },
            Path::Portable => self.fill_all(bytes, at, masks, |block, starts| self.one_by_one(block, starts)),
        }
    }

    /// Where a keyword of three bytes may begin in the 64 bytes at `at`, as far as bits are set in `keep`. The second of the masks
    /// stands for these bytes.
    #[inline]
    pub(super) fn short(&self, bytes: &[u8], at: usize, masks: [&Masks; 3], keep: u64) -> u64 {
        let [before, here, next] = masks;
        let mut starts = short_starts(before, here, next) & keep;
        if self.letters {
            let letter = |m: &Masks| m.upper | m.lower;
            let (here, next) = (letter(here), letter(next));
            starts &= here & joined(here, next, 1) & joined(here, next, 2);
        }
        let mut pass = 0;
        while starts != 0 {
            let place = starts.trailing_zeros();
            let head = long_key(head_of(&bytes[at + place as usize..])) & 0x00ff_ffff;
            pass |= self.short.has(upper_half(hash(head))) << place;
            starts &= starts - 1;
        }
        pass
    }

    /// May a keyword of four bytes and more begin with `bytes`, where [`Self::fill`] says so?
    #[inline]
    pub(super) fn is_keyword(&self, bytes: &[u8]) -> bool {
        self.again.has(other_hash(long_key(head_of(bytes)))) != 0
    }

    #[inline(always)]
    fn fill_all(&self, bytes: &[u8], at: usize, masks: &mut [Masks], long_words: impl Fn(&Block, u64) -> Pass) {
        let count = masks.len().saturating_sub(3);
        let mut room = [0; BLOCK];
        for index in 1..=count {
            let (before, here, next) = (&masks[index - 1], &masks[index], &masks[index + 1]);
            let long = long(here.token, next.token);
            let probes = border_starts(before, here) & long;
            let words =
                word_starts(before, here, next) & joined(here.token, next.token, 3) & !(self.numbers & numbers(here, next));
            let block = block(bytes, at + (index - 1) * WORD, &mut room);
            let probe = if probes == 0 { 0 } else { self.probes(block, probes) };
            let pass = long_words(block, words);
            let here = &mut masks[index];
            here.literal = self.anywhere.sift(block, here.literal);
            let word = if pass.literal == 0 { 0 } else { self.words.sift(block, pass.literal) };
            (here.long, here.probe, here.word, here.keyword) = (long, probe, word, pass.keyword);
        }
        // What follows is asked for the last one too.
        masks[count + 1].long = long(masks[count + 1].token, masks[count + 2].token);
    }

    /// Of the places in a block, those where a probe may begin.
    #[inline(always)]
    fn probes(&self, block: &Block, mut starts: u64) -> u64 {
        let mut pass = 0;
        while starts != 0 {
            let place = starts.trailing_zeros();
            let [a, b, c, _] = four(block, place).to_le_bytes();
            pass |= self.probes.has(slot([a, b, c])) << place;
            starts &= starts - 1;
        }
        pass
    }

    /// What may begin at a place; place 64 is allowed.
    #[inline(always)]
    fn long(&self, block: &Block, place: u32) -> u8 {
        let hash = hash(four(block, place) | 0x2020_2020);
        self.long[(hash >> (32 - LONG_BITS)) as usize] >> which(hash) & (LITERAL | KEYWORD)
    }

    fn one_by_one(&self, block: &Block, mut starts: u64) -> Pass {
        let mut pass = Pass::default();
        while starts != 0 {
            let place = starts.trailing_zeros();
            let found = self.long(block, place);
            pass.literal |= u64::from(found & LITERAL != 0) << place;
            pass.keyword |= u64::from(found & KEYWORD != 0) << place;
            starts &= starts - 1;
        }
        pass
    }
}

/// Which bits of a byte of the table count for a hash.
#[inline(always)]
fn which(hash: u32) -> u32 {
    hash >> (30 - LONG_BITS) & 3
}

/// 64 places and what is needed to look up the last of them, and one more.
type Block = [u8; BLOCK];

const BLOCK: usize = WORD + 8;

/// The block that begins at `at`; where the input ends within it, a copy in `room`, with zeros behind the end.
#[inline(always)]
fn block<'a>(bytes: &'a [u8], at: usize, room: &'a mut Block) -> &'a Block {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(block) => block,
        None => padded(bytes.get(at..).unwrap_or_default(), room),
    }
}

#[cold]
fn padded<'a>(rest: &[u8], room: &'a mut Block) -> &'a Block {
    room.fill(0);
    room[..rest.len()].copy_from_slice(rest);
    room
}

/// Four bytes of a block; place 64 is allowed.
#[inline(always)]
fn four(block: &Block, place: u32) -> u32 {
    let place = place as usize;
    match block.get(place..place + 4) {
        Some([a, b, c, d]) => u32::from_le_bytes([*a, *b, *c, *d]),
        _ => 0,
    }
}

/// Compares the first eight bytes with what all words of one hash have in common.
#[derive(Debug, Clone)]
struct Sieve {
    /// Bytes and which bits of them count.
    slots: Box<[(u64, u64)]>,
    shift: u32,
    /// Which of the first four bytes are hashed.
    key: u32,
}

impl Sieve {
    /// A sieve for words that have all bytes of the key.
    fn new(heads: &[Head<'_>], key: u32) -> Self {
        let count = (heads.len() * 4).next_power_of_two().clamp(64, 1024);
        let mut this = Self { slots: Box::new([]), shift: 32 - count.trailing_zeros(), key };
        // Nothing but a word that is in another slot passes an empty one.
        let stranger = |slot: usize| [0, 1, 2, 3].into_iter().find(|word| this.slot(*word) != slot).unwrap_or_default();
        let mut slots: Vec<_> = (0..count).map(|slot| (stranger(slot), u64::MAX)).collect();
        let mut used = vec![false; count];
        for (head, mask) in heads.iter().map(Head::masked) {
            let slot = this.slot(head);
            let (known, common) = slots[slot];
            let common = if used[slot] { common & mask & !(known ^ head) } else { mask };
            slots[slot] = (head & common, common);
            used[slot] = true;
        }
        this.slots = slots.into();
        this
    }

    #[inline(always)]
    fn slot(&self, here: u64) -> usize {
        (hash(long_key(here) & self.key) >> self.shift) as usize
    }

    #[inline(always)]
    fn passes(&self, here: u64) -> bool {
        let (head, mask) = self.slots[self.slot(here)];
        (here ^ head) & mask == 0
    }

    /// Of the places in a block, those that pass.
    #[inline(always)]
    fn sift(&self, block: &Block, mut places: u64) -> u64 {
        let mut pass = 0;
        while places != 0 {
            let place = places.trailing_zeros();
            pass |= u64::from(self.passes(head_of(&block[place as usize..]))) << place;
            places &= places - 1;
        }
        pass
    }
}

/// A set of numbers below 2^16.
#[derive(Debug, Clone)]
struct Bits(Box<[u64; 1 << 10]>);

impl Bits {
    fn new(numbers: impl Iterator<Item = usize>) -> Self {
        let mut this = Self(Box::new([0; 1 << 10]));
        numbers.for_each(|n| this.0[(n / 64) & 1023] |= 1 << (n % 64));
        this
    }

    #[inline(always)]
    fn has(&self, number: usize) -> u64 {
        self.0[(number / 64) & 1023] >> (number % 64) & 1
    }
}

/// A hash that has nothing to do with [`hash`].
#[inline(always)]
fn other_hash(key: u32) -> usize {
    upper_half(key.wrapping_mul(0x85EB_CA6B))
}

#[inline(always)]
fn upper_half(hash: u32) -> usize {
    (hash >> 16) as usize
}

/// The bits of two neighbours from the `n`-th on.
#[inline(always)]
fn joined(here: u64, next: u64, n: u32) -> u64 {
    here >> n | next << (64 - n)
}

/// Where 16 bytes of a class begin.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn long(here: u64, next: u64) -> u64 {
    let token = u128::from(here) | u128::from(next) << 64;
    let two = token & token >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    (eight & eight >> 8) as u64
}

/// A letter or digit after something else.
#[inline(always)]
fn border_starts(before: &Masks, here: &Masks) -> u64 {
    let alnum = here.digit | here.upper | here.lower;
    alnum & !(alnum << 1 | (before.digit | before.upper | before.lower) >> 63)
}

/// Places where one of two bytes is a digit and one of the next two is, but not all four are: as in dates, addresses
/// and hexadecimal identifiers, of which logs are full.
#[inline(always)]
fn numbers(here: &Masks, next: &Masks) -> u64 {
    let [two, three, four] = [1, 2, 3].map(|n| joined(here.digit, next.digit, n));
    (here.digit | two) & (three | four) & !(here.digit & two & three & four)
}

/// Do four bytes, folded, begin so?
fn is_number(key: u32) -> bool {
    let [a, b, c, d] = key.to_le_bytes().map(|byte| byte.is_ascii_digit());
    (a || b) && (c || d) && !(a && b && c && d)
}

/// Where words begin that have three token characters: a letter or digit after something else, an upper-case letter after a
/// lower-case one.
#[inline(always)]
fn word_starts(before: &Masks, here: &Masks, next: &Masks) -> u64 {
    let starts = border_starts(before, here) | here.upper & (here.lower << 1 | before.lower >> 63);
    starts & joined(here.token, next.token, 1) & joined(here.token, next.token, 2)
}

/// Those of them where a keyword of three letters may begin: it is a whole word.
#[inline(always)]
fn short_starts(before: &Masks, here: &Masks, next: &Masks) -> u64 {
    let upper = joined(here.upper, next.upper, 2) & joined(here.upper, next.upper, 3);
    word_starts(before, here, next) & !(upper | joined(here.lower, next.lower, 3))
}

#[cfg(target_arch = "x86_64")]
mod bmi {
    #![expect(unsafe_code, reason = "functions with target features; each use says why it is sound")]

    use std::arch::x86_64::{_pdep_u64, _pext_u64};

    use super::{Block, Hints, KEYWORD, LITERAL, Masks, Pass, STEP};

    /// The lowest bit of each answer.
    const ANSWERS: u64 = 0x0101_0101_0101_0101;

    impl Hints {
        /// [`Hints::fill_all`] with instructions that find and move bits.
        ///
        /// # Safety
        /// The processor has BMI1 and BMI2.
        #[target_feature(enable = "bmi1,bmi2")]
        pub(super) unsafe fn fill_bmi(&self, bytes: &[u8], at: usize, masks: &mut [Masks]) {
            // SAFETY: the features are enabled here.
            self.fill_all(bytes, at, masks, |block, starts| unsafe { self.eight_by_eight(block, starts) });
        }

        /// [`Hints::one_by_one`] without branches that depend on the answers.
        ///
        /// # Safety
        /// The processor has BMI1 and BMI2.
        #[target_feature(enable = "bmi1,bmi2")]
        #[inline]
        unsafe fn eight_by_eight(&self, block: &Block, starts: u64) -> Pass {
            let (mut pass, mut rest) = (Pass::default(), starts);
            loop {
                let (before, mut answers) = (rest, 0);
                for index in 0..STEP {
                    // Place 64 when none is left; its answer goes nowhere.
                    answers |= u64::from(self.long(block, rest.trailing_zeros())) << (8 * index);
                    rest &= rest.wrapping_sub(1);
                }
                let these = before ^ rest;
                pass.literal |= _pdep_u64(_pext_u64(answers, ANSWERS * u64::from(LITERAL)), these);
                pass.keyword |= _pdep_u64(_pext_u64(answers, ANSWERS * u64::from(KEYWORD)), these);
                if rest == 0 {
                    return pass;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::classify::{Classifier, Masks, Path};
    use super::super::table::{Head, Heads};
    use super::{Hints, Words};

    fn head(word: &'static str) -> Head<'static> {
        Head { word: word.as_bytes(), folded: true }
    }

    fn hints() -> Hints {
        let keywords = ["heroku", "aws", "abab", "x-api"];
        Hints::new(&Words {
            literals: &[head("curl"), head("abcabcab"), head("abcd")],
            anywhere: &[head("://"), head("key"), head("pass")],
            probes: &[*b"ghp", *b"aBa"],
            keywords: &Heads::new(keywords.into_iter().map(head).zip(0..)),
        })
    }

    /// Masks of the bytes, with one more before and two behind.
    fn masks(bytes: &[u8]) -> Vec<Masks> {
        let mut masks = vec![Masks::default(); bytes.len().div_ceil(64) + 3];
        let any = || (0..=255).collect();
        Classifier::new(&[([any(), any(), any(), any()], false)]).classify(bytes, b"", &mut masks[1..]);
        masks
    }

    fn bits(places: &[u32]) -> u64 {
        places.iter().map(|p| 1 << p).sum()
    }

    #[test]
    fn few_places_are_left() {
        let bytes = b"HEROKU curl aws, awsome keys myAPI:// ghp_x=1 ghp_0123456789abcdef";
        let mut masks = masks(bytes);
        hints().fill(bytes, 0, &mut masks);
        assert_eq!((masks[1].word, masks[1].probe), (bits(&[7]), bits(&[46])));
        assert_eq!(masks[1].long, bits(&[46, 47, 48, 49, 50]));
        assert_eq!(
            (masks[1].keyword, hints().short(bytes, 0, [&masks[0], &masks[1], &masks[2]], u64::MAX)),
            (bits(&[0]), bits(&[12]))
        );
    }

    #[test]
    fn words_that_begin_like_numbers_are_looked_up_where_one_is_wanted() {
        let bytes = b"a1b2key-1f3e 2026-11 ed25519x 17track4 ".repeat(2);
        let found = |literals: &[Head<'_>], keywords: &[&'static str]| {
            let keywords = Heads::new(keywords.iter().map(|word| head(word)).zip(0..));
            let mut masks = masks(&bytes);
            let hints = Hints::new(&Words { literals, anywhere: &[], probes: &[], keywords: &keywords });
            hints.fill(&bytes, 0, &mut masks);
            (masks[1].word, masks[1].keyword)
        };
        assert_eq!(found(&[head("ed25519x")], &["17track"]), (bits(&[21, 60]), bits(&[30])));
        assert_eq!(found(&[head("a1b2key")], &[]).0, bits(&[0, 39]));
    }

    #[test]
    fn a_chunk_full_of_places_has_room() {
        let bytes = b"abcdabcd.aBcD_abCD/".repeat(440);
        let mut masks = masks(&bytes[..128 * 64]);
        masks.push(Masks::default());
        hints().fill(&bytes, 0, &mut masks);
        let found: Vec<_> = (0..8192).filter(|i| masks[1 + i / 64].word >> (i % 64) & 1 != 0).collect();
        let strange: Vec<_> = found.iter().filter(|i| !matches!(*i % 19, 0 | 9 | 14)).collect();
        assert!(strange.is_empty(), "{strange:?}");
        let missing: Vec<_> = (0..8192).filter(|i| matches!(i % 19, 0 | 9 | 14) && *i < 8186 && !found.contains(i)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    proptest! {
        #[test]
        fn both_paths_agree(bytes in "[aB]{0,300}|[abcA-C0_ -]{0,300}|\\PC{0,200}", at in 0usize..2) {
            let bytes = bytes.as_bytes();
            let (mut fast, mut plain) = (masks(bytes), masks(bytes));
            let (from, at) = (at.min(fast.len() - 3), at * 64);
            hints().fill(bytes, at, &mut fast[from..]);
            let portable = hints().with_path(Path::Portable);
            portable.fill(bytes, at, &mut plain[from..]);
            prop_assert_eq!(&fast, &plain);
        }

        #[test]
        fn no_word_is_turned_away(words in proptest::collection::vec("[a-dA-D_]{3,9}", 1..40), folded: bool) {
            let heads: Vec<_> = words.iter().map(|w| Head { word: w.as_bytes(), folded }).collect();
            for key in [super::long_key(u64::MAX), super::short_key(u64::MAX)] {
                let sieve = super::Sieve::new(&heads, key);
                for word in words.iter().filter(|w| w.len() > 3 || key < u32::MAX) {
                    prop_assert!(sieve.passes(super::head_of(word.as_bytes())));
                    prop_assert!(!folded || sieve.passes(super::head_of(word.to_ascii_uppercase().as_bytes())));
                }
                prop_assert!(!sieve.passes(super::head_of(b"xyzzyxyz")));
            }
        }
    }
}
