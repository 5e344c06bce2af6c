//! Context keywords: found only near candidates, each stretch of input looked at once.
//!
//! They must not know rules, only numbers. Start with [`Keywords::at`]. Case and the separators `_`, `-`, `.` and space do
//! not count: `api_key` also means `apiKey`, `API-KEY` and `api key`.

use super::table::{Block, Heads};

/// Keywords by number.
#[derive(Debug, Clone)]
pub(super) struct Keywords {
    /// Normalised.
    words: Vec<Vec<u8>>,
    table: Heads,
}

/// Longest stretch a keyword may span in the input, separators included.
const MAX_SPAN: usize = 64;

impl Keywords {
    /// Numbers the words by their place in the list.
    #[must_use]
    pub(super) fn new(words: &[String]) -> Self {
        let normal: Vec<Vec<u8>> = words.iter().map(|w| normalise(w.as_bytes())).collect();
        let mut heads: Vec<(Vec<u8>, u32)> = Vec::new();
        for (id, (word, plain)) in words.iter().zip(&normal).enumerate() {
            let id = u32::try_from(id).expect("fewer than four thousand million keywords");
            heads.push((plain.clone(), id));
            for separator in [b'_', b'-', b'.', b' '] {
                heads.push((word.bytes().map(|b| if is_separator(b) { separator } else { b }).collect(), id));
            }
        }
        let table = Heads::new(heads.iter().map(|(w, id)| (w.as_slice(), *id)));
        Self { words: normal, table }
    }

    /// Of the places `at` in a block, those where a keyword may begin.
    #[inline]
    pub(super) fn filter(&self, block: &Block, at: u64) -> u64 {
        self.table.filter(block, at)
    }

    /// Calls `hit(keyword, end)` for each keyword that begins at `at`.
    #[inline]
    pub(super) fn at(&self, bytes: &[u8], at: usize, mut hit: impl FnMut(u32, usize)) {
        for id in self.table.look_up(&bytes[at..]) {
            if let Some(end) = match_normal(bytes, at, &self.words[id as usize]) {
                hit(id, end);
            }
        }
    }

    /// A keyword as normalised.
    #[must_use]
    pub(super) fn word(&self, id: u32) -> &str {
        std::str::from_utf8(&self.words[id as usize]).unwrap_or("?")
    }
}

/// Lower case, without separators.
#[must_use]
pub(super) fn normalise(word: &[u8]) -> Vec<u8> {
    word.iter().filter(|b| !is_separator(**b)).map(u8::to_ascii_lowercase).collect()
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b'.' | b' ')
}

fn match_normal(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let mut rest = word.iter();
    let mut next = rest.next()?;
    for (i, byte) in bytes[at..].iter().take(MAX_SPAN).enumerate() {
        if byte.to_ascii_lowercase() == *next {
            match rest.next() {
                Some(b) => next = b,
                None => return Some(at + i + 1),
            }
        } else if i == 0 || !is_separator(*byte) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Keywords;

    #[test]
    fn case_and_separators_do_not_count() {
        let words = Keywords::new(&["api_key".into(), "heroku".into(), "x-api-key".into()]);
        let check = |text: &str, expected: Option<(u32, usize)>| {
            let mut found = None;
            words.at(text.as_bytes(), 0, |id, end| found = Some((id, end)));
            assert_eq!(found, expected, "{text}");
        };
        check("api_key=", Some((0, 7)));
        check("apiKey", Some((0, 6)));
        check("API-KEY", Some((0, 7)));
        check("HEROKU_", Some((1, 6)));
        check("X-Api-Key: ", Some((2, 9)));
        check("xApiKey", Some((2, 7)));
        check("apikez", None);
        check("ap", None);
    }
}
