//! First pass: which class each byte belongs to, 64 bytes to a machine word.
//!
//! It must not know rules. Start with [`Classifier::classify`]. There is an AVX2 path, chosen at run time, and a portable
//! one; they give identical results (a property test and a fuzz target say so).
//!
//! Besides the classes, each word tells where a literal may begin. That is Teddy's idea: four bytes are looked up by nibble in
//! sixteen buckets, so a hit is only a hint. Eight of them are for literals that begin words, whose hits elsewhere do not count: with
//! eight for all, 74 literals were hinted at 2.4 times in 64 bytes of source, now 0.6 times. There is room for a few dozen; the
//! hundreds that begin a word of four token characters are looked up at word starts instead.

use super::buckets::buckets;

/// Bytes a [`Masks`] covers.
pub const WORD: usize = 64;
/// Bytes of a literal that are looked at.
pub const FINGERPRINT: usize = 4;

/// Classes of 64 bytes, one bit each, lowest bit first.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Masks {
    /// `0-9`
    pub digit: u64,
    /// `A-Z`
    pub upper: u64,
    /// `a-z`
    pub lower: u64,
    /// Token characters: letters, digits and `_+/=.-~`.
    pub token: u64,
    /// A literal may begin here.
    pub literal: u64,
    /// What stands for another text may begin here, besides runs: escapes, and literals that are joined.
    pub other: u64,
    /// A literal that begins a word may begin here; filled in by [`super::hints`], as is all below.
    pub word: u64,
    /// A keyword of four bytes and more may.
    pub keyword: u64,
    /// Sixteen token characters begin here.
    pub long: u64,
    /// A probe may begin here.
    pub probe: u64,
}

/// The bytes a literal may begin with, by position.
pub type Fingerprint = [Vec<u8>; FINGERPRINT];

/// Which code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// AVX2 instructions, and BMI1, BMI2 and POPCNT, which all processors with AVX2 have.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Plain code.
    Portable,
}

/// The classifier for one set of literals.
#[derive(Clone, Debug)]
pub struct Classifier {
    /// Of literals that may stand anywhere.
    anywhere: Nibbles,
    /// Of those that begin words.
    words: Nibbles,
    class: [u8; 256],
    path: Path,
}

/// Eight buckets of literals: at each place of a fingerprint, which of them a byte may belong to by its lower and upper nibble.
#[derive(Clone, Copy, Debug)]
struct Nibbles {
    low: [[u8; 16]; FINGERPRINT],
    high: [[u8; 16]; FINGERPRINT],
}

/// What three bytes may begin that stands for another text, a bit each; no bytes stand for any byte. They are looked up by nibble, so
/// some others are taken for them.
const FAMILIES: [[&[u8]; 3]; 8] = [
    [b"\\", b"xuU01", b""],
    // `%2` to `%7`, and `&#`.
    [b"%&", b"234567#", b""],
    // A character in UTF-16, and another one.
    [b" @P`p0123456789:;<=>?", b"\0", b" @P`p0123456789:;<=>?"],
    // A quote, then a blank and an operator or a remark, an operator and a quote, or the end of a line and a blank.
    [b"\"'", b" \n+.&", b" \"&'\t+.#/"],
    // Quotes back to back.
    [b"\"'", b"\"'", b"@P`p0123456789:;<=>?"],
    // The middle of `concat`.
    [b"nN", b"cC", b"aA"],
    // A list or an empty literal that parts are joined by, and some more operators.
    [b"\"']", b" .|", b"j|<\\"],
    [b"\\", b"/", b""],
];

/// The families by the lower and the upper nibbles of their bytes.
const OTHER: [[[u8; 16]; 2]; 3] = {
    let (mut table, mut family) = ([[[0; 16]; 2]; 3], 0);
    while family < FAMILIES.len() {
        let mut place = 0;
        while place < 3 {
            let bytes = FAMILIES[family][place];
            let mut index = 0;
            while index < 16 && bytes.is_empty() || index < bytes.len() {
                let (low, high) =
                    if bytes.is_empty() { (index, index) } else { (bytes[index] as usize & 15, bytes[index] as usize >> 4) };
                table[place][0][low] |= 1 << family;
                table[place][1][high] |= 1 << family;
                index += 1;
            }
            place += 1;
        }
        family += 1;
    }
    table
};

const DIGIT: u8 = 1;
const UPPER: u8 = 2;
const LOWER: u8 = 4;
const SIGN: u8 = 8;

impl Classifier {
    /// A classifier for fingerprints of literals, and whether they begin words. A fingerprint is four sets of bytes, given as lists.
    #[must_use]
    pub fn new(fingerprints: &[(Fingerprint, bool)]) -> Self {
        let of = |starts: bool| Nibbles::new(fingerprints.iter().filter(|(_, s)| *s == starts).map(|(print, _)| print));
        Self { anywhere: of(false), words: of(true), class: classes(), path: Path::best() }
    }

    /// The same with a given path, for tests.
    #[must_use]
    pub fn with_path(mut self, path: Path) -> Self {
        self.path = path;
        self
    }

    /// Classifies `bytes` into `out`, one word per 64 bytes, the last one padded with zeros.
    /// `out` has at least `bytes.len().div_ceil(64)` words. `after` is what follows `bytes`, for literals across the end.
    pub fn classify(&self, bytes: &[u8], after: &[u8], out: &mut [Masks]) {
        let whole = bytes.len().saturating_sub(FINGERPRINT - 1) / WORD;
        self.words(bytes, &mut out[..whole]);
        for (word, masks) in out.iter_mut().enumerate().take(bytes.len().div_ceil(WORD)).skip(whole) {
            let mut block = [0u8; WORD + FINGERPRINT - 1];
            let rest = &bytes[word * WORD..];
            let n = rest.len().min(block.len());
            block[..n].copy_from_slice(&rest[..n]);
            let m = after.len().min(block.len() - n);
            block[n..n + m].copy_from_slice(&after[..m]);
            self.words(&block, std::slice::from_mut(masks));
            if rest.len() < WORD {
                masks.clip(rest.len());
            }
        }
    }

    /// Classifies as many words as `out` has, of bytes that have three more behind them.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls the AVX2 path after the processor was asked"))]
    fn words(&self, bytes: &[u8], out: &mut [Masks]) {
        debug_assert!(out.is_empty() || bytes.len() >= out.len() * WORD + FINGERPRINT - 1, "three more bytes are looked at");
        match self.path {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the path is only chosen where the processor has AVX2, and each word reads 64 + 3 bytes that are there.
            Path::Avx2 => unsafe { self.words_avx2(bytes, out) },
            Path::Portable => self.words_portable(bytes, out),
        }
    }

    fn words_portable(&self, bytes: &[u8], out: &mut [Masks]) {
        for (word, masks) in out.iter_mut().enumerate() {
            *masks = self.word_portable(&bytes[word * WORD..]);
        }
    }

    fn word_portable(&self, block: &[u8]) -> Masks {
        let mut masks = Masks::default();
        let mut words = 0;
        for i in 0..WORD {
            let class = self.class[usize::from(block[i])];
            masks.digit |= u64::from(class & DIGIT != 0) << i;
            masks.upper |= u64::from(class & UPPER != 0) << i;
            masks.lower |= u64::from(class & LOWER != 0) << i;
            masks.token |= u64::from(class != 0) << i;
            let other = block[i..]
                .iter()
                .zip(&OTHER)
                .fold(0xff, |bits, (byte, [low, high])| bits & low[usize::from(byte & 15)] & high[usize::from(byte >> 4)]);
            masks.other |= u64::from(other != 0) << i;
            masks.literal |= u64::from(self.anywhere.has(&block[i..])) << i;
            words |= u64::from(self.words.has(&block[i..])) << i;
        }
        masks.literal |= words & masks.starts();
        masks
    }
}

impl Nibbles {
    fn new<'a>(fingerprints: impl Iterator<Item = &'a Fingerprint>) -> Self {
        let mut this = Self { low: [[0; 16]; FINGERPRINT], high: [[0; 16]; FINGERPRINT] };
        for (index, bucket) in buckets(fingerprints, 8).iter().enumerate() {
            let has = |set: u16, nibble: usize| if set >> nibble & 1 != 0 { 1 << index } else { 0 };
            for position in 0..FINGERPRINT {
                for nibble in 0..16 {
                    this.low[position][nibble] |= has(bucket.low[position], nibble);
                    this.high[position][nibble] |= has(bucket.high[position], nibble);
                }
            }
        }
        this
    }

    /// May one of the literals begin with `bytes`?
    fn has(&self, bytes: &[u8]) -> bool {
        let places = bytes.iter().zip(self.low.iter().zip(&self.high));
        places.fold(0xff, |all, (byte, (low, high))| all & low[usize::from(byte & 15)] & high[usize::from(byte >> 4)]) != 0
    }
}

impl Masks {
    /// Where words begin, as far as can be told without the bytes before: a letter or digit after something else, an upper-case
    /// letter after something else.
    #[inline]
    fn starts(&self) -> u64 {
        let alnum = self.digit | self.upper | self.lower;
        alnum & !(alnum << 1) | self.upper & !(self.upper << 1) | 1
    }

    /// Clears all bits from `len` on.
    fn clip(&mut self, len: usize) {
        let keep = (1u64 << len) - 1;
        for mask in [&mut self.digit, &mut self.upper, &mut self.lower, &mut self.token, &mut self.literal, &mut self.other] {
            *mask &= keep;
        }
    }
}

fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    for byte in 0..=255u8 {
        table[usize::from(byte)] = match byte {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' => LOWER,
            b'_' | b'+' | b'/' | b'=' | b'.' | b'-' | b'~' => SIGN,
            _ => 0,
        };
    }
    table
}

impl Path {
    /// The fastest this processor has.
    pub(super) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt")
        {
            return Self::Avx2;
        }
        Self::Portable
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    #![expect(unsafe_code, reason = "AVX2 intrinsics; each use says why it is sound")]

    use std::arch::x86_64::{
        __m256i, _mm_loadu_si128, _mm256_add_epi8, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8,
        _mm256_cmpgt_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256,
        _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_srli_epi16,
    };

    use super::{Classifier, FINGERPRINT, Masks, Nibbles, OTHER, WORD};

    /// Nibble tables of `+ - . /` (bit 0), `=` (1), `_` (2), `~` (3): a byte is one of them if its two entries share a bit.
    const SIGN_LOW: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 1 | 8, 1 | 4];
    const SIGN_HIGH: [u8; 16] = [0, 0, 1, 2, 0, 4, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0];

    /// Each pair is for lower and upper nibbles.
    struct Tables {
        anywhere: [[__m256i; 2]; FINGERPRINT],
        words: [[__m256i; 2]; FINGERPRINT],
        other: [[__m256i; 2]; 3],
        sign: [__m256i; 2],
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn table(bytes: &[u8; 16]) -> __m256i {
        // SAFETY: the array has the 16 bytes that are read.
        unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().cast())) }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn bits(v: __m256i) -> u64 {
        u64::from(_mm256_movemask_epi8(v).cast_unsigned())
    }

    impl Classifier {
        /// Fills `out`, one word per 64 bytes of `bytes`.
        ///
        /// # Safety
        /// The processor has AVX2, and `bytes` has at least `out.len() * 64 + 3` bytes unless `out` is empty.
        #[target_feature(enable = "avx2")]
        pub(super) unsafe fn words_avx2(&self, bytes: &[u8], out: &mut [Masks]) {
            let pairs = |n: &Nibbles| std::array::from_fn(|at| [table(&n.low[at]), table(&n.high[at])]);
            let tables = Tables {
                anywhere: pairs(&self.anywhere),
                words: pairs(&self.words),
                other: OTHER.map(|[low, high]| [table(&low), table(&high)]),
                sign: [table(&SIGN_LOW), table(&SIGN_HIGH)],
            };
            for (word, masks) in out.iter_mut().enumerate() {
                // SAFETY: the caller promises 64 + 3 bytes from here on; half a word reads 32 + 3.
                let (a, b) = unsafe {
                    let at = bytes.as_ptr().add(word * WORD);
                    (half(at, &tables), half(at.add(32), &tables))
                };
                let join = |i: usize| a[i] | b[i] << 32;
                let letter = join(1);
                let lower = join(2) & letter;
                let token = join(3) | letter | join(0);
                *masks = Masks { digit: join(0), upper: letter & !lower, lower, token, ..Masks::default() };
                masks.literal = join(4) | join(5) & masks.starts();
                masks.other = join(6);
            }
        }
    }

    /// Classes of 32 bytes: digit, letter, bit 5 set, other token character, literal, literal that must begin a word, another text.
    ///
    /// # Safety
    /// 32 + 3 bytes can be read at `at`.
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn half(at: *const u8, t: &Tables) -> [u64; 7] {
        // SAFETY: the caller promises the bytes.
        let load = |offset: usize| unsafe { _mm256_loadu_si256(at.add(offset).cast()) };
        let v = load(0);
        let nibble = _mm256_set1_epi8(15);
        // Signed comparison after moving the range's end to 127.
        let digit = _mm256_cmpgt_epi8(_mm256_add_epi8(v, _mm256_set1_epi8(127 - 57)), _mm256_set1_epi8(127 - 10));
        let folded = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
        let letter = _mm256_cmpgt_epi8(_mm256_add_epi8(folded, _mm256_set1_epi8(127 - 122)), _mm256_set1_epi8(127 - 26));
        let both = |tables: &[__m256i; 2], [low, high]: [__m256i; 2]| {
            _mm256_and_si256(_mm256_shuffle_epi8(tables[0], low), _mm256_shuffle_epi8(tables[1], high))
        };
        let nibbles = |v| [_mm256_and_si256(v, nibble), _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)];
        let first = nibbles(v);
        let sign = both(&t.sign, first);
        let (mut anywhere, mut words, mut other) =
            (both(&t.anywhere[0], first), both(&t.words[0], first), both(&t.other[0], first));
        for j in 1..FINGERPRINT {
            let here = nibbles(load(j));
            anywhere = _mm256_and_si256(anywhere, both(&t.anywhere[j], here));
            words = _mm256_and_si256(words, both(&t.words[j], here));
            if let Some(tables) = t.other.get(j) {
                other = _mm256_and_si256(other, both(tables, here));
            }
        }
        let all = 0xffff_ffff;
        let some = |v| bits(_mm256_cmpeq_epi8(v, _mm256_setzero_si256())) ^ all;
        let lower = _mm256_slli_epi16(v, 2);
        [bits(digit), bits(letter), bits(lower), some(sign), some(anywhere), some(words), some(other)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn classifier() -> Classifier {
        let one = |s: &[u8; 4]| s.map(|b| if b == b'?' { (0..=255).collect() } else { vec![b, b.to_ascii_uppercase()] });
        let all: [(&[u8; 4], bool); 5] = [(b"pass", false), (b"pwd?", true), (b"://?", false), (b"--be", false), (b"curl", true)];
        Classifier::new(&all.map(|(literal, starts)| (one(literal), starts)))
    }

    proptest! {
        #[test]
        fn both_paths_agree(bytes in proptest::collection::vec(any::<u8>(), 0..400), after in proptest::collection::vec(any::<u8>(), 0..8)) {
            let mut fast = vec![Masks::default(); 8];
            let mut plain = fast.clone();
            classifier().classify(&bytes, &after, &mut fast);
            classifier().with_path(Path::Portable).classify(&bytes, &after, &mut plain);
            prop_assert_eq!(fast, plain);
        }
    }

    #[test]
    fn every_byte_has_its_class() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut words = vec![Masks::default(); 4];
        classifier().classify(&bytes, b"", &mut words);
        for byte in 0..=255u8 {
            let (word, bit) = (&words[usize::from(byte) / 64], byte % 64);
            let has = |mask: u64| mask >> bit & 1 != 0;
            assert_eq!(has(word.digit), byte.is_ascii_digit());
            assert_eq!(has(word.upper), byte.is_ascii_uppercase());
            assert_eq!(has(word.lower), byte.is_ascii_lowercase());
            assert_eq!(has(word.token), crate::scan::rule::set::TOKEN.has(byte));
        }
    }

    #[test]
    fn literals_are_found_across_words() {
        let mut bytes = vec![b' '; 200];
        bytes[62..66].copy_from_slice(b"PaSs");
        bytes[197..200].copy_from_slice(b"://");
        let mut words = vec![Masks::default(); 4];
        classifier().classify(&bytes, b"x", &mut words);
        assert_eq!((words[0].literal, words[3].literal), (1 << 62, 1 << 5));
    }

    #[test]
    fn other_texts_may_begin() {
        let has = |text: &str| {
            let mut words = vec![Masks::default(); 1];
            classifier().classify(text.as_bytes(), b"", &mut words);
            words[0].other & 1 != 0
        };
        for text in
            ["\\x41", "\\u0041", "\\U0001", "\\101", "\\047", "%41", "&#65;", "' + '", "\"+\"", "\" . \"", "'\n  '", "\" & _"]
        {
            assert!(has(text), "{text}");
        }
        for text in ["\\n", "\\\\", "% d", "%s", "&amp;", "', '", "\")", "'a'", "a + b", "\n  ", "x41"] {
            assert!(!has(text), "{text}");
        }
    }

    #[test]
    fn some_literals_must_begin_a_word() {
        let mut words = vec![Masks::default(); 1];
        classifier().classify(b" curl xcurl 2Curl _curl myPwd", b"", &mut words);
        assert_eq!(words[0].literal, 1 << 1 | 1 << 13 | 1 << 19 | 1 << 26);
    }
}
