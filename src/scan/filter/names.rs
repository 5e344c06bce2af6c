//! Finds names in a text, in any case, at the speed of finding one letter.
//!
//! It must not know what stands behind them. Start with [`Names::find`]. An automaton that ignores case looks at each byte of a log; of each
//! name this looks for its rarest letter, and compares there.

use std::ops::Range;

/// Characters of names, the rarest in logs first.
const RARE: &[u8] = b"qzjxkvwybgpfmuhldcrsnoiate_-.9786543210";

/// Names by their rarest letters.
#[derive(Debug, Clone)]
pub(super) struct Names(Vec<Group>);

/// Names that have one letter.
#[derive(Debug, Clone)]
struct Group {
    letter: u8,
    /// Names in lower case, and where the letter stands in them first.
    names: Vec<(Vec<u8>, usize)>,
}

impl Names {
    /// Of names with a letter or digit in each. `-` in them stands for `_`, too.
    pub(super) fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for name in names {
            let name = name.to_ascii_lowercase().replace('_', "-").into_bytes();
            let rank = |byte: &u8| RARE.iter().position(|rare| rare == byte).unwrap_or(RARE.len());
            let letter = name.iter().copied().filter(|b| *b != b'-').min_by_key(rank);
            let Some((letter, at)) = letter.and_then(|letter| Some((letter, memchr::memchr(letter, &name)?))) else { continue };
            match groups.iter_mut().find(|group| group.letter == letter) {
                Some(group) => group.names.push((name, at)),
                None => groups.push(Group { letter, names: vec![(name, at)] }),
            }
        }
        Self(groups)
    }

    /// Where names stand behind `from`, in order.
    pub(super) fn find(&self, bytes: &[u8], from: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for group in &self.0 {
            let upper = group.letter.to_ascii_uppercase();
            for at in memchr::memchr2_iter(group.letter, upper, &bytes[from..]).map(|n| from + n) {
                for (name, offset) in &group.names {
                    let Some(start) = at.checked_sub(*offset).filter(|start| *start >= from) else { continue };
                    if bytes.get(start..start + name.len()).is_some_and(|text| is_same(text, name)) {
                        found.push(start..start + name.len());
                    }
                }
            }
        }
        found.sort_unstable_by_key(|range| (range.start, range.end));
        found.dedup();
        found
    }
}

fn is_same(text: &[u8], name: &[u8]) -> bool {
    text.iter().zip(name).all(|(byte, wanted)| byte.to_ascii_lowercase() == *wanted || *wanted == b'-' && *byte == b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Names;

    proptest! {
        #[test]
        fn names_are_found_as_byte_by_byte(names in proptest::collection::vec("[abk_-]{0,2}[abk]", 1..4), text in "[aAbBkK_-]{0,24}", from in 0usize..4) {
            let from = from.min(text.len());
            let plain = |text: &str| text.to_ascii_lowercase().replace('_', "-");
            let found = Names::new(names.iter().map(String::as_str)).find(text.as_bytes(), from);
            let mut expected = Vec::new();
            for start in from..text.len() {
                for name in &names {
                    if plain(&text[start..]).starts_with(&plain(name)) {
                        expected.push(start..start + name.len());
                    }
                }
            }
            expected.sort_unstable_by_key(|range| (range.start, range.end));
            expected.dedup();
            prop_assert_eq!(found, expected);
        }
    }
}
