//! Second pass: where in each 64 bytes a word of one of two tables may begin.
//!
//! It must not know what the words are for. Start with [`Hints::fill`]. Most places are turned away by a table over a hash of
//! the first four bytes, small enough to stay in the first-level cache. One path uses BMI2 to turn the answers of several places into
//! bits at once; the portable one gives identical results.

use super::classify::{Masks, Path, WORD};
use super::table::{Block, Heads, block, hash};

/// A literal may begin here.
const LITERAL: u8 = 1;
/// A keyword may.
const KEYWORD: u8 = 16;

/// Words of four bytes and more are asked for.
const LONG: usize = 4;
/// Words of three are.
const SHORT: usize = 3;

/// What may begin with four bytes, and with three, by a hash of them.
#[derive(Debug, Clone)]
pub(super) struct Hints {
    /// Two more bits of the hash say which four bits of the byte count: a table of bits with the reach of one four times as large.
    long: Box<[u8; 1 << LONG_BITS]>,
    short: Box<[u8; 1 << SHORT_BITS]>,
    path: Path,
}

const LONG_BITS: u32 = 14;
const SHORT_BITS: u32 = 9;

/// Where words may begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pass {
    literal: u64,
    keyword: u64,
}

impl Hints {
    /// Hints for literals and keywords.
    pub(super) fn new(literals: &Heads, keywords: &Heads) -> Self {
        let mut this = Self { long: Box::new([0; 1 << LONG_BITS]), short: Box::new([0; 1 << SHORT_BITS]), path: Path::best() };
        for (heads, bit) in [(literals, LITERAL), (keywords, KEYWORD)] {
            let (long, short) = heads.hashes();
            long.for_each(|h| this.long[(h >> (32 - LONG_BITS)) as usize] |= bit << which(h));
            short.for_each(|h| this.short[(h >> (32 - SHORT_BITS)) as usize] |= bit);
        }
        this
    }

    /// The same with a given path, for tests.
    pub(super) fn with_path(self, path: Path) -> Self {
        Self { path, ..self }
    }

    /// Fills in `word`, `keyword` and `short` of all masks but the first and the last, of which only the classes are needed. The second
    /// mask stands for the 64 bytes at `at`.
    pub(super) fn fill(&self, bytes: &[u8], at: usize, masks: &mut [Masks]) {
        match self.path {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the path is only chosen where the processor has the features.
            #[expect(unsafe_code, reason = "calls the BMI path after the processor was asked")]
            Path::Avx2 => unsafe { self.fill_bmi(bytes, at, masks) },
            Path::Portable => {
                let pass = |block: &Block, starts| self.pass::<LONG>(block, starts);
                each(bytes, at, masks, pass, |block, starts| self.pass::<SHORT>(block, starts).keyword);
            }
        }
    }

    #[inline]
    fn pass<const WIDTH: usize>(&self, block: &Block, mut at: u64) -> Pass {
        let mut pass = Pass::default();
        while at != 0 {
            let place = at.trailing_zeros();
            let found = self.look_up::<WIDTH>(block, place);
            pass.literal |= u64::from(found & LITERAL != 0) << place;
            pass.keyword |= u64::from(found & KEYWORD != 0) << place;
            at &= at - 1;
        }
        pass
    }

    /// What may begin at a place; place 64 is allowed.
    #[inline(always)]
    fn look_up<const WIDTH: usize>(&self, block: &Block, place: u32) -> u8 {
        let place = place as usize & 127;
        let Some([a, b, c, d]) = block.get(place..place + 4) else { return 0 };
        let head = u32::from_le_bytes([*a, *b, *c, *d]) | 0x2020_2020;
        if WIDTH == LONG {
            let hash = hash(head);
            self.long[(hash >> (32 - LONG_BITS)) as usize] >> which(hash) & (LITERAL | KEYWORD)
        } else {
            self.short[(hash(head & 0x00ff_ffff) >> (32 - SHORT_BITS)) as usize]
        }
    }
}

/// Fills in the hints of all masks but the first and the last.
#[inline(always)]
fn each(bytes: &[u8], at: usize, masks: &mut [Masks], long: impl Fn(&Block, u64) -> Pass, short: impl Fn(&Block, u64) -> u64) {
    let mut room = [0; 68];
    for index in 1..masks.len().saturating_sub(1) {
        let (here, next) = (masks[index], masks[index + 1]);
        let starts = word_starts(&masks[index - 1], &here, &next);
        if starts == 0 {
            continue;
        }
        let block = block(bytes, at + (index - 1) * WORD, &mut room);
        let found = long(block, starts & joined(here.token, next.token, 3));
        // A keyword of three letters is a whole word.
        let goes_on = joined(here.upper, next.upper, 2) & joined(here.upper, next.upper, 3) | joined(here.lower, next.lower, 3);
        (masks[index].word, masks[index].keyword) = (found.literal, found.keyword);
        masks[index].short = short(block, starts & !goes_on);
    }
}

/// Which bits of a byte of the table count for a hash.
#[inline]
fn which(hash: u32) -> u32 {
    hash >> (30 - LONG_BITS) & 3
}

/// The bits of two neighbours from the `n`-th on.
#[inline]
fn joined(here: u64, next: u64, n: u32) -> u64 {
    here >> n | next << (64 - n)
}

/// Where words begin that have three token characters: a letter or digit after something else, an upper-case letter after a
/// lower-case one.
#[inline]
fn word_starts(before: &Masks, here: &Masks, next: &Masks) -> u64 {
    let alnum = here.digit | here.upper | here.lower;
    let carry = (before.digit | before.upper | before.lower) >> 63;
    let starts = alnum & !(alnum << 1 | carry) | here.upper & (here.lower << 1 | before.lower >> 63);
    starts & joined(here.token, next.token, 1) & joined(here.token, next.token, 2)
}

#[cfg(target_arch = "x86_64")]
mod bmi {
    #![expect(unsafe_code, reason = "functions with target features; each use says why it is sound")]

    use std::arch::x86_64::{_pdep_u64, _pext_u64};

    use super::super::classify::Masks;
    use super::super::table::Block;
    use super::{Hints, KEYWORD, LITERAL, LONG, Pass, SHORT, each};

    /// Places looked up at a time: nobody can predict after how many a loop ends.
    const STEP: u32 = 4;
    /// The lowest bit of each answer.
    const ANSWERS: u64 = 0x0101_0101;

    impl Hints {
        /// [`Hints::fill`].
        ///
        /// # Safety
        /// The processor has BMI1 and BMI2.
        #[target_feature(enable = "bmi1,bmi2")]
        pub(super) unsafe fn fill_bmi(&self, bytes: &[u8], at: usize, masks: &mut [Masks]) {
            // SAFETY: the features are enabled here.
            let long = |block: &Block, starts| unsafe { self.pass_bmi::<LONG>(block, starts) };
            // SAFETY: the same.
            each(bytes, at, masks, long, |block, starts| unsafe { self.pass_bmi::<SHORT>(block, starts).keyword });
        }

        /// [`Hints::pass`] without branches: which places are turned away nobody can predict either.
        ///
        /// # Safety
        /// The processor has BMI1 and BMI2.
        #[target_feature(enable = "bmi1,bmi2")]
        #[inline]
        unsafe fn pass_bmi<const WIDTH: usize>(&self, block: &Block, starts: u64) -> Pass {
            let mut pass = Pass::default();
            let (mut rest, mut count) = (starts, 0);
            while rest != 0 {
                let mut answers = 0;
                for place in 0..STEP {
                    answers |= u64::from(self.look_up::<WIDTH>(block, rest.trailing_zeros())) << (8 * place);
                    rest &= rest.wrapping_sub(1);
                }
                pass.literal |= _pext_u64(answers, ANSWERS * u64::from(LITERAL)) << count;
                pass.keyword |= _pext_u64(answers, ANSWERS * u64::from(KEYWORD)) << count;
                count += STEP;
            }
            Pass { literal: _pdep_u64(pass.literal, starts), keyword: _pdep_u64(pass.keyword, starts) }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::classify::{Classifier, Masks, Path};
    use super::super::table::{Head, Heads};
    use super::Hints;

    fn hints() -> Hints {
        let heads = |words: &[&'static str]| {
            Heads::new(words.iter().zip(0..).map(|(w, id)| (Head { word: w.as_bytes(), folded: true }, id)))
        };
        Hints::new(&heads(&["curl", "abca"]), &heads(&["heroku", "aws", "abab", "x-api"]))
    }

    fn masks(bytes: &[u8]) -> Vec<Masks> {
        let mut masks = vec![Masks::default(); bytes.len().div_ceil(64) + 2];
        Classifier::new(&[]).classify(bytes, b"", &mut masks[1..]);
        masks
    }

    #[test]
    fn words_of_the_tables_pass() {
        let bytes = b"HEROKU curl aws, awsome myAPI: x-api";
        let mut masks = masks(bytes);
        hints().fill(bytes, 0, &mut masks);
        assert_eq!(masks[1].word, 1 << 7);
        assert_eq!((masks[1].keyword, masks[1].short), (1 | 1 << 31, 1 << 12));
    }

    proptest! {
        #[test]
        fn both_paths_agree(bytes in "[aB]{0,300}|[abcA-C0_ -]{0,300}|\\PC{0,200}") {
            let mut fast = masks(bytes.as_bytes());
            let mut plain = fast.clone();
            hints().fill(bytes.as_bytes(), 0, &mut fast);
            hints().with_path(Path::Portable).fill(bytes.as_bytes(), 0, &mut plain);
            prop_assert_eq!(fast, plain);
        }
    }
}
