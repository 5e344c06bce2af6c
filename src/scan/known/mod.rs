//! Secrets that are known: those of a vault, which are recognised wherever they stand, whatever they look like.
//!
//! It must not know where they come from: whoever has them gives them. Start with [`KnownSecrets::of_values`]; who looks for them is
//! [`super::filter`]. The automaton that finds them holds them on the heap, which is wiped when it is dropped, but may be swapped out.

mod automaton;
mod forms;

use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::base::secret::Secret;
use automaton::Automaton;

/// A value with fewer bytes, blanks at its ends apart, stands in a text by chance: to cover it would destroy the text.
pub const SHORTEST: usize = 8;

/// Secrets that are known: plain data, filled by whoever has them.
///
/// Values serve streams: they are found in any part of a text. They are few, those of one run.
pub struct KnownSecrets {
    values: Values,
}

struct Values {
    known: Vec<Known>,
    automaton: Automaton,
}

struct Known {
    name: String,
    value: Zeroizing<Box<[u8]>>,
}

/// A place where a secret stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) range: Range<usize>,
    /// Which one; `None` if it is known only that one may.
    pub(crate) which: Option<usize>,
}

impl KnownSecrets {
    /// Of values with their names, which are shown. Also gives the names of those that are too short ([`SHORTEST`]) and are not looked
    /// for, so that they can be warned about.
    ///
    /// A value is found as it is, in base64 and base64url at any place of what is encoded, in hexadecimal digits, escaped as in URLs, and
    /// as in JSON. Of one of several lines also single lines of base64 are found, of a long one also pieces.
    #[must_use]
    pub fn of_values<'v>(values: impl IntoIterator<Item = (&'v str, &'v Secret)>) -> (Self, Vec<String>) {
        let (mut known, mut patterns, mut short) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in values {
            let value = value.expose();
            if value.trim_ascii().len() < SHORTEST {
                short.push(name.to_owned());
                continue;
            }
            patterns.extend(forms::of(value).into_iter().map(|form| (form, known.len())));
            known.push(Known { name: name.to_owned(), value: Zeroizing::new(value.into()) });
        }
        (Self { values: Values { known, automaton: Automaton::new(&patterns) } }, short)
    }

    /// Is there nothing to look for?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.known.is_empty()
    }

    /// The name of one that was found.
    pub(crate) fn name(&self, which: usize) -> &str {
        &self.values.known[which].name
    }

    /// Its value.
    pub(crate) fn value(&self, which: usize) -> &[u8] {
        &self.values.known[which].value
    }

    /// Adds the places in `text` where one stands, in order, each apart from the next. Tells how many bytes at the end of `text` may begin one.
    pub(crate) fn find(&self, text: &[u8], hits: &mut Vec<Hit>) -> usize {
        self.values.automaton.find(text, hits)
    }
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownSecrets({} values)", self.values.known.len())
    }
}

/// Sorts places, and makes one of those that overlap.
pub(crate) fn merge(hits: &mut Vec<Hit>) {
    hits.sort_by_key(|hit| (hit.range.start, std::cmp::Reverse(hit.range.end)));
    hits.dedup_by(|next, one| {
        let overlap = next.range.start < one.range.end;
        if overlap {
            one.range.end = one.range.end.max(next.range.end);
        }
        overlap
    });
}

#[cfg(test)]
mod tests {
    use super::{Hit, KnownSecrets};
    use crate::base::secret::Secret;

    fn known(values: &[(&str, &str)]) -> (KnownSecrets, Vec<String>) {
        let secrets: Vec<_> = values.iter().map(|(name, value)| (*name, Secret::new(value.as_bytes()))).collect();
        KnownSecrets::of_values(secrets.iter().map(|(name, value)| (*name, value)))
    }

    #[test]
    fn short_values_are_named_and_not_looked_for() {
        let (found, short) = known(&[("a", "seven77"), ("b", " seven77 "), ("c", "eight888"), ("d", "")]);
        assert_eq!(short, ["a", "b", "d"]);
        assert!(!found.is_empty() && known(&[]).0.is_empty());
        assert_eq!(format!("{found:?}"), "KnownSecrets(1 values)");
    }

    #[test]
    fn values_are_found_in_every_form() {
        let value = "Harbor elm/71+\"quärtz\"";
        let (found, _) = known(&[("x", value)]);
        let padded =
            |before: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{before}{value}!"));
        for text in [
            value.to_owned(),
            crate::base::text::hex(value.as_bytes()),
            crate::base::text::hex(value.as_bytes()).to_uppercase(),
            padded(""),
            padded("u"),
            padded("us"),
            padded("use"),
            "Harbor%20elm%2F71%2B%22qu%C3%A4rtz%22".to_owned(),
            "Harbor%20elm%2f71%2b%22qu%c3%a4rtz%22".to_owned(),
            "Harbor%20elm/71%2B%22qu%C3%A4rtz%22".to_owned(),
            "Harbor+elm%2F71%2B%22qu%C3%A4rtz%22".to_owned(),
            "Harbor elm/71+\\\"quärtz\\\"".to_owned(),
            "Harbor elm/71+\\\"qu\\u00e4rtz\\\"".to_owned(),
            "Harbor elm\\/71+\\\"qu\\u00e4rtz\\\"".to_owned(),
        ] {
            let mut hits = Vec::new();
            let text = format!("a {text} b");
            assert_eq!(found.find(text.as_bytes(), &mut hits), 0);
            assert!(matches!(&hits[..], [Hit { range, which: Some(0) }] if range.len() + 12 > text.len()), "{text} {hits:?}");
        }
    }

    #[test]
    fn long_values_are_found_in_pieces_and_lines() {
        let line = |n: usize| (0..64).map(|i| char::from(b'A' + ((i * 7 + n * 11) % 26) as u8)).collect::<String>();
        let value = format!("-----BEGIN X-----\n{}\n-----END X-----\n", (0..20).map(line).collect::<Vec<_>>().join("\n"));
        let (found, _) = known(&[("key", &value)]);
        let count = |text: &str| {
            let mut hits = Vec::new();
            found.find(text.as_bytes(), &mut hits);
            (hits.len(), hits.iter().map(|hit| hit.range.len()).sum::<usize>())
        };
        assert_eq!(count(&format!("x {value} y")), (1, value.trim().len()));
        assert_eq!(count(&value.replace('\n', "\r\n")), (1, value.trim().len() + 21));
        assert_eq!(count(&format!("web | {}\n", line(3))), (1, 64));
        assert_eq!(count("-----BEGIN X-----\n"), (0, 0));
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("a{value}"));
        let (places, bytes) = count(&encoded);
        assert!(places == 1 && bytes + 16 > encoded.len(), "{places} {bytes} {}", encoded.len());
        let wrapped: Vec<_> = encoded.as_bytes().chunks(76).map(|l| std::str::from_utf8(l).unwrap()).collect();
        let alone = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &value);
        let alone: Vec<_> = alone.as_bytes().chunks(76).map(|l| std::str::from_utf8(l).unwrap()).collect();
        let (_, bytes) = count(&alone.join("\n"));
        assert!(bytes + 90 > alone.join("\n").len() && !wrapped.is_empty(), "{bytes}");
    }
}
