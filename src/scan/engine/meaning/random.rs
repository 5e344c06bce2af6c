//! Does a value look random, or like something a person wrote?
//!
//! Shannon entropy alone separates the two poorly for short values, so three scores are put together: entropy, how likely the
//! letters follow each other in words (`bigrams.txt`: minus sixteen times the binary logarithm of the chance that the column's
//! letter follows the row's, counted over words of source code and documentation by `benches/accuracy/train.py`), and how much of the value common words
//! cover (`words.txt`). It must not know rules. Start with [`Randomness::of`].

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

const WORDS: &str = include_str!("words.txt");
const BIGRAMS: &str = include_str!("bigrams.txt");

/// Shannon entropy in bits per byte.
#[must_use]
pub fn shannon(value: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    value.iter().for_each(|b| counts[usize::from(*b)] += 1);
    let n = f64::from(u32::try_from(value.len().max(1)).unwrap_or(u32::MAX));
    counts.iter().filter(|c| **c > 0).map(|c| f64::from(*c) / n).map(|p| -p * p.log2()).sum()
}

/// The three scores of a value.
#[derive(Debug, Clone, Copy)]
pub struct Randomness {
    /// Bits per byte.
    pub entropy: f64,
    /// Mean surprise of a letter after a letter, in bits; words have 3 to 4, random letters 6 and more. 0 without letter pairs.
    pub surprise: f64,
    /// Share of the value that common words of four and more letters cover.
    pub words: f64,
    /// Share of digits.
    pub digits: f64,
    /// Number of changes between lower case, upper case, digits and others, per byte.
    pub changes: f64,
    len: usize,
}

impl Randomness {
    /// Measures a value.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        let n = f64::from(u32::try_from(value.len().max(1)).unwrap_or(u32::MAX));
        let class = |b: &u8| match b {
            b'0'..=b'9' => 0,
            b'a'..=b'z' => 1,
            b'A'..=b'Z' => 2,
            _ => 3,
        };
        let count = |is: &dyn Fn(&[u8]) -> bool, width: usize| {
            f64::from(u32::try_from(value.windows(width).filter(|w| is(w)).count()).unwrap_or(0))
        };
        Self {
            entropy: shannon(value),
            surprise: surprise(value),
            words: f64::from(u32::try_from(covered(value)).unwrap_or(0)) / n,
            digits: count(&|w| w[0].is_ascii_digit(), 1) / n,
            changes: count(&|w| class(&w[0]) != class(&w[1]), 2) / n,
            len: value.len(),
        }
    }

    /// Does it look random?
    #[must_use]
    pub fn is_random(&self) -> bool {
        // A value of n characters has at most log2(n) bits of entropy per character: compare with what a random one of 64 has.
        let full = f64::from(u32::try_from(self.len.clamp(2, 64)).unwrap_or(64)).log2();
        let fill = self.entropy / full;
        let hexlike = self.digits > 0.3 && self.changes > 0.2;
        let letters = if self.surprise == 0.0 { 0.5 } else { ((self.surprise - 4.1) / 1.4).clamp(-1.0, 1.0) };
        let score = 2.5 * (fill - 0.72) + 0.9 * letters + 1.6 * (self.changes - 0.25) - 1.8 * self.words
            + if hexlike { 0.45 } else { 0.0 }
            - if self.digits == 0.0 { 0.35 } else { 0.0 };
        self.len >= 8 && score > 0.3
    }

    /// Is most of it words?
    #[must_use]
    pub fn is_words(&self) -> bool {
        self.words >= 0.5 || (self.digits == 0.0 && self.surprise > 0.0 && self.surprise < 4.0 && self.changes < 0.2)
    }
}

fn surprise(value: &[u8]) -> f64 {
    static TABLE: OnceLock<Vec<u16>> = OnceLock::new();
    let table = TABLE.get_or_init(|| BIGRAMS.split_ascii_whitespace().map(|n| n.parse().unwrap_or(0)).collect());
    let (mut total, mut pairs) = (0u32, 0u32);
    for pair in value.windows(2) {
        // A change from lower to upper case begins a new word.
        if pair.iter().all(u8::is_ascii_alphabetic) && !(pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()) {
            let index = |b: u8| usize::from(b.to_ascii_lowercase() - b'a');
            total += u32::from(table[index(pair[0]) * 26 + index(pair[1])]);
            pairs += 1;
        }
    }
    if pairs == 0 { 0.0 } else { f64::from(total) / f64::from(pairs) / 16.0 }
}

/// Bytes covered by common words.
fn covered(value: &[u8]) -> usize {
    static AUTOMATON: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let automaton = AUTOMATON.get_or_init(|| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(WORDS.lines())
            .ok()
    });
    automaton.as_ref().map_or(0, |a| a.find_iter(value).map(|m| m.len()).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_whole() {
        assert_eq!(BIGRAMS.split_ascii_whitespace().filter(|n| n.parse::<u16>().is_ok()).count(), 26 * 26);
        assert!(WORDS.lines().count() > 1000 && WORDS.lines().all(|w| w.len() >= 4 && w.bytes().all(|b| b.is_ascii_lowercase())));
    }

    #[test]
    fn random_or_not() {
        let check = |value: &str, expected: bool| {
            let r = Randomness::of(value.as_bytes());
            assert_eq!(r.is_random(), expected, "{value} {r:?}");
        };
        check("k3Jx9QmZr7Tn2Wv8LpYs", true);
        check("9f86d081884c7d659a2feaa0c55ad015", true);
        check("aGVk72jKqpWmZ/81hsJq+QmzT4Lw", true);
        check("xk4jd9w2mq7c", true);
        check("user_password_field", false);
        check("org.apache.commons.lang3", false);
        check("getAuthenticationToken", false);
        check("application/json", false);
        check("DEFAULT_TOKEN_HEADER_V2", false);
        check("my-secret-name-for-testing", false);
    }
}
