//! `.stanch-baseline`: the secrets that a project knows of, one a line, by value.
//!
//! It must not know files, nor other tools' formats ([`super::import`]). Start with [`Baseline::parse`] and [`Baseline::text`].
//!
//! ```text
//! stanch-baseline 1 3f2a91c5
//! 166f87974c70dec7f50aadda267a5524 github-pat false docs/example.md
//! bbe55493e476822cb51db5b6143712c2 jwt - src/config.py
//! ```
//!
//! Fingerprint, rule, what an audit said (`real`, `false`, or `-` for nothing yet), and a path for people, with `history:` before it where only
//! history holds the secret. Only the fingerprint decides: a
//! secret that moves is still known, and another one on its line is not. No line number and no time, so that nothing changes but what
//! is known; lines are sorted, so those of two branches rarely meet, and the union of both is right (`merge=union`). The first line names
//! the version and, by a digest, the project key.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use super::super::finding::Fingerprint;
use crate::base::text;

/// The one version of the format.
const VERSION: &str = "1";
const NAME: &str = "stanch-baseline";
const ABOUT: &str = "# Secrets that are known: fingerprint, rule, verdict, path. `stanch baseline` keeps it; merge=union in .gitattributes merges it.";

/// What an audit said of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judged {
    /// It is no secret.
    False,
    /// It is one.
    Real,
}

/// A secret that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Id of the rule that found it.
    pub rule: String,
    /// What an audit said.
    pub judged: Option<Judged>,
    /// A place it was found in, for people.
    pub path: String,
}

/// The secrets that a project knows of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Digest of the project key.
    pub key: String,
    /// By fingerprint.
    pub entries: BTreeMap<Fingerprint, Entry>,
}

/// A baseline cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct Error {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong. Quotes nothing.
    pub wrong: String,
}

impl Baseline {
    /// Does this text begin like a baseline?
    #[must_use]
    pub fn is(bytes: &[u8]) -> bool {
        bytes.starts_with(NAME.as_bytes())
    }

    /// Reads a baseline. One secret may stand there twice, after a merge: a verdict counts more than none, and `real` most.
    ///
    /// # Errors
    /// If it is none, of another version, or a line is not as it must be.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut baseline = Self::default();
        for (number, line) in (1..).zip(bytes.split(|b| *b == b'\n')) {
            let wrong = |wrong: &str| Error { line: number, wrong: wrong.to_owned() };
            let line = std::str::from_utf8(line).map_err(|_| wrong("not UTF-8"))?.trim_end();
            if number == 1 {
                baseline.key = head(line).map_err(|text| wrong(&text))?;
                continue;
            }
            let is_mark = ["<<<<<<< ", "=======", ">>>>>>> ", "||||||| "].iter().any(|mark| line.starts_with(mark));
            if is_mark {
                return Err(wrong("a merge left its mark here: keep the lines of both sides and remove the marks"));
            }
            if line.is_empty() || line.starts_with('#') || line.starts_with(NAME) {
                continue;
            }
            let (print, entry) = entry(line).ok_or_else(|| {
                wrong("must be a fingerprint, a rule, `real`, `false` or `-`, and a path, with a blank between them")
            })?;
            baseline.add(print, entry);
        }
        Ok(baseline)
    }

    /// Adds a secret. If it is there, what is known of it stays, but for a stronger verdict.
    pub fn add(&mut self, print: Fingerprint, entry: Entry) {
        match self.entries.entry(print) {
            Slot::Vacant(slot) => drop(slot.insert(entry)),
            Slot::Occupied(mut known) => known.get_mut().judged = known.get().judged.max(entry.judged),
        }
    }

    /// The text that [`Baseline::parse`] reads.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{NAME} {VERSION} {}\n{ABOUT}\n", self.key);
        for (print, entry) in &self.entries {
            let judged = match entry.judged {
                Some(Judged::Real) => "real",
                Some(Judged::False) => "false",
                None => "-",
            };
            let path = text::sanitise(entry.path.trim().as_bytes());
            text.push_str(&format!("{} {} {judged} {}\n", print.0, entry.rule, if path.is_empty() { "-" } else { &path }));
        }
        text
    }
}

/// The key that the first line names.
fn head(line: &str) -> Result<String, String> {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        [NAME, VERSION, key] if is_hex(key, 8) => Ok(key.to_owned()),
        [NAME, version, ..] if version != VERSION => Err(format!(
            "is of another version than {VERSION}, which this stanch reads; update stanch, or make the baseline anew"
        )),
        _ => Err(format!("must be `{NAME} {VERSION}` and the digest of a project key")),
    }
}

fn entry(line: &str) -> Option<(Fingerprint, Entry)> {
    let mut words = line.splitn(4, ' ');
    let (print, rule, judged, path) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let judged = match judged {
        "real" => Some(Judged::Real),
        "false" => Some(Judged::False),
        "-" => None,
        _ => return None,
    };
    let is_id = !rule.is_empty() && rule.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let entry = Entry { rule: rule.to_owned(), judged, path: path.to_owned() };
    (is_hex(print, 32) && is_id && !path.trim().is_empty()).then(|| (Fingerprint(print.to_owned()), entry))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Baseline, Entry, Fingerprint, Judged};

    fn baseline(entries: &[(&str, &str, Option<Judged>, &str)]) -> Baseline {
        let entry = |(print, rule, judged, path): &(&str, &str, Option<Judged>, &str)| {
            let entry = Entry { rule: (*rule).to_owned(), judged: *judged, path: (*path).to_owned() };
            (Fingerprint(print.repeat(32)), entry)
        };
        Baseline { key: "0123abcd".to_owned(), entries: entries.iter().map(entry).collect() }
    }

    #[test]
    fn what_was_written_is_read() {
        let one = baseline(&[
            ("b", "jwt", None, "a b/c d.txt"),
            ("a", "github-pat", Some(Judged::False), "x"),
            ("c", "github-pat", Some(Judged::Real), "a.zip!é.txt"),
        ]);
        let text = one.text();
        assert_eq!(Baseline::parse(text.as_bytes()), Ok(one.clone()));
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert!(
            lines.is_sorted() && lines[0].ends_with(" github-pat false x") && lines[1].ends_with(" jwt - a b/c d.txt"),
            "{text}"
        );
        assert_eq!(Baseline::parse(text.replace('\n', "\r\n").as_bytes()), Ok(one));
    }

    #[test]
    fn a_union_of_two_is_both() {
        let one = baseline(&[("a", "jwt", None, "x"), ("b", "jwt", Some(Judged::False), "x")]);
        let two =
            baseline(&[("a", "jwt", Some(Judged::False), "y"), ("b", "jwt", Some(Judged::Real), "x"), ("c", "jwt", None, "z")]);
        let both = Baseline::parse(format!("{}{}", one.text(), two.text()).as_bytes()).unwrap();
        let expected =
            baseline(&[("a", "jwt", Some(Judged::False), "x"), ("b", "jwt", Some(Judged::Real), "x"), ("c", "jwt", None, "z")]);
        assert_eq!(both, expected);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |text: &str, expected: &str| {
            let error = Baseline::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        };
        check("", "line 1: must be `stanch-baseline 1` and the digest of a project key");
        check("stanch-baseline 2 0123abcd", "line 1: is of another version than 1");
        check("stanch-baseline 1", "line 1: must be");
        let line = |line: &str| format!("stanch-baseline 1 0123abcd\n{line}\n");
        let print = "a".repeat(32);
        check(&line("<<<<<<< HEAD"), "line 2: a merge left its mark");
        check(&line(&format!("{print} jwt maybe x")), "line 2: must be a fingerprint");
        check(&line(&format!("{print} jwt - ")), "line 2: must be a fingerprint");
        check(&line(&format!("{print} JWT - x")), "line 2: must be a fingerprint");
        check(&line(&format!("{}g jwt - x", &print[1..])), "line 2: must be a fingerprint");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(stanch-baseline 1 0123abcd\n)?[a-f0-9 \n-]{0,80}") {
            drop(Baseline::parse(text.as_bytes()));
        }
    }
}
