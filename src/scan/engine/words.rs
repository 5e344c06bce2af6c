//! Context keywords: found only near candidates, each stretch of input looked at once.
//!
//! They must not know rules, only numbers. Start with [`Keywords::at`]. Case and the separators `_`, `-`, `.` and space do
//! not count: `api_key` also means `apiKey`, `API-KEY` and `api key`.

use super::table::{Head, Heads};

/// Keywords by number.
#[derive(Debug, Clone)]
pub(super) struct Keywords {
    /// Normalised.
    words: Vec<Vec<u8>>,
    table: Heads,
}

/// Keywords of up to so many letters must be whole words: `exa` is not in `example`.
const SHORT: usize = 3;
/// Longest stretch a keyword may span in the input, separators included.
const MAX_SPAN: usize = 64;

impl Keywords {
    /// Numbers the words by their place in the list. Each is given normalised, with the spellings it has in rules.
    #[must_use]
    pub(super) fn new(words: &[(Vec<u8>, Vec<Vec<u8>>)]) -> Self {
        let mut heads: Vec<([u8; 8], usize, u32)> = Vec::with_capacity(words.len() * 4);
        for ((plain, spellings), id) in words.iter().zip(0u32..) {
            heads.push(head(plain, b'_', id));
            for spelling in spellings {
                let separated = spelling.iter().any(|b| is_separator(*b));
                let separators = if separated { &SEPARATORS[..] } else { &SEPARATORS[..1] };
                heads.extend(separators.iter().map(|separator| head(spelling, *separator, id)));
            }
        }
        let table = Heads::new(heads.iter().map(|(w, n, id)| (Head { word: &w[..*n], folded: true }, *id)));
        Self { words: words.iter().map(|(w, _)| w.clone()).collect(), table }
    }

    /// How the keywords begin.
    pub(super) fn heads(&self) -> &Heads {
        &self.table
    }

    /// Calls `hit(keyword, end)` for each keyword of four bytes and more that begins at `at`, or for each of three.
    #[inline]
    pub(super) fn at(&self, bytes: &[u8], at: usize, short: bool, mut hit: impl FnMut(u32, usize)) {
        let found = |id: u32| {
            if let Some(end) = match_normal(bytes, at, &self.words[id as usize]) {
                hit(id, end);
            }
        };
        if short { self.table.short(&bytes[at..], found) } else { self.table.long(&bytes[at..], found) }
    }

    /// A keyword as normalised.
    #[must_use]
    pub(super) fn word(&self, id: u32) -> &str {
        std::str::from_utf8(&self.words[id as usize]).unwrap_or("?")
    }
}

/// The first bytes of a word with one kind of separator, up to the second of them: the input may mix them. A space ends what the
/// hints look at.
fn head(word: &[u8], separator: u8, id: u32) -> ([u8; 8], usize, u32) {
    let (mut out, mut separators, mut n) = ([0; 8], 0, 0);
    for byte in word.iter().take(8) {
        separators += usize::from(is_separator(*byte));
        if separators == 2 || n == 3 && separator == b' ' && is_separator(*byte) {
            break;
        }
        out[n] = if is_separator(*byte) { separator } else { *byte };
        n += 1;
    }
    (out, n, id)
}

/// Lower case, without separators.
#[must_use]
pub(super) fn normalise(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    normalise_into(word, &mut out);
    out
}

/// The same into a buffer, in place of what it holds.
pub(super) fn normalise_into(word: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend(word.iter().filter(|b| !is_separator(**b)).map(u8::to_ascii_lowercase));
}

const SEPARATORS: [u8; 4] = [b'_', b'-', b'.', b' '];

/// Does one of the normalised `words` begin a word of `text`?
#[must_use]
pub(super) fn begins_word(text: &[u8], words: &[Vec<u8>]) -> bool {
    (0..text.len()).any(|at| begins_word_at(text, at) && words.iter().any(|w| match_normal(text, at, w).is_some()))
}

/// Does the normalised `word` stand at `at`, and end there?
#[must_use]
pub(super) fn whole_word(text: &[u8], at: usize, word: &[u8]) -> bool {
    match_normal(text, at, word).is_some_and(|end| is_word_end(text, end))
}

/// Does a word begin at `at`?
#[must_use]
pub(super) fn begins_word_at(text: &[u8], at: usize) -> bool {
    let (here, before) = (text[at], at.checked_sub(1).map(|i| text[i]));
    before.is_none_or(|b| !b.is_ascii_alphanumeric() || here.is_ascii_uppercase() && !b.is_ascii_uppercase())
}

fn is_separator(byte: u8) -> bool {
    SEPARATORS.contains(&byte)
}

/// Does the last letter of a match begin another word, as `sumo` in `sumObject`?
fn is_torn(bytes: &[u8], end: usize) -> bool {
    let letters = &bytes[end.saturating_sub(2)..bytes.len().min(end + 1)];
    matches!(letters, [a, b, c] if a.is_ascii_lowercase() && b.is_ascii_uppercase() && c.is_ascii_lowercase())
}

/// Does a word end here: is what follows no letter of the same case?
fn is_word_end(bytes: &[u8], end: usize) -> bool {
    match (bytes[end - 1], bytes.get(end)) {
        (a, Some(b)) => !(b.is_ascii_lowercase() || a.is_ascii_uppercase() && b.is_ascii_uppercase()),
        (_, None) => true,
    }
}

fn match_normal(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let mut rest = word.iter();
    let mut next = rest.next()?;
    for (i, byte) in bytes[at..].iter().take(MAX_SPAN).enumerate() {
        if byte.to_ascii_lowercase() == *next {
            match rest.next() {
                Some(b) => next = b,
                None => {
                    return Some(at + i + 1)
                        .filter(|end| !is_torn(bytes, *end) && (word.len() > SHORT || is_word_end(bytes, *end)));
                }
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
        let words = Keywords::new(&[
            (b"apikey".to_vec(), vec![b"api_key".to_vec()]),
            (b"heroku".to_vec(), vec![b"heroku".to_vec()]),
            (b"xapikey".to_vec(), vec![b"x-api-key".to_vec()]),
            (b"exa".to_vec(), vec![b"exa".to_vec()]),
        ]);
        let check = |text: &str, expected: Option<(u32, usize)>| {
            let mut found = None;
            for short in [false, true] {
                words.at(text.as_bytes(), 0, short, |id, end| found = Some((id, end)));
            }
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
        check("exa_key", Some((3, 3)));
        check("exaKey", Some((3, 3)));
        check("EXA", Some((3, 3)));
        check("example", None);
        check("EXAMPLE", None);
    }

    #[test]
    fn a_word_begins() {
        let words = [b"okta".to_vec()];
        assert!(super::begins_word(b"myOkta: ", &words) && super::begins_word(b"x_okta=", &words));
        assert!(!super::begins_word(b"bookTable = ", &words) && !super::begins_word(b"oktAble = ", &words));
    }
}
