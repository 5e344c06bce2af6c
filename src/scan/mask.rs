//! Values that stand in a name: of a file, a folder, a ref, a person; or in the line that is shown with another one. There they are replaced
//! by asterisks.
//!
//! It must not say that it found anything. Start with [`Mask::of`]. What was found elsewhere is looked for; in names not short values, which
//! may be ordinary words, and in lines these only as whole words that are not of letters alone. Each name is scanned on its own.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use foldhash::fast::RandomState;
use zeroize::Zeroizing;

use super::blob::Origin;
use super::engine::{Engine, Input, Match, Scratch};
use super::finding::{Committed, Confidence, Finding, Scan, Seen};

/// Characters of a value that is looked for in names.
const LEAST: usize = 12;
/// The same in lines that are shown.
const SHORT: usize = 4;
/// What stands in the place of a value.
pub(super) const INSTEAD: &str = "********";

/// Hides the values of some findings, and those that names hold themselves.
pub struct Mask<'e> {
    engine: &'e Engine,
    values: Values,
    short: Short,
    scratch: RefCell<Scratch>,
    /// Names that were looked at; with nothing where they stay.
    known: RefCell<HashMap<String, Option<String>>>,
}

/// Values by how they begin: an automaton for tens of thousands of them would take hundreds of megabytes, for a few names.
#[derive(Default)]
struct Values(HashMap<[u8; LEAST], Vec<Zeroizing<Vec<u8>>>, RandomState>);

/// Shorter values that are not of letters alone, which say nothing in a line and may be the name of a value. Each stands for itself, so that
/// a place costs as much for many of them as for one.
#[derive(Default)]
struct Short(HashSet<[u8; LEAST], RandomState>);

impl Short {
    fn of<'v>(values: impl Iterator<Item = &'v [u8]>) -> Self {
        let wanted = |value: &&[u8]| (SHORT..LEAST).contains(&value.len()) && !value.iter().all(u8::is_ascii_alphabetic);
        Self(values.filter(wanted).map(filled).collect())
    }

    /// Where they stand in a text as whole words.
    fn places(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        if self.0.is_empty() {
            return places;
        }
        let is_word = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
        for start in (0..text.len()).filter(|start| *start == 0 || !is_word(*start - 1)) {
            for end in (start + SHORT..(start + LEAST).min(text.len() + 1)).filter(|end| !is_word(*end)) {
                if self.0.contains(&filled(&text[start..end])) {
                    places.push(start..end);
                }
            }
        }
        places
    }
}

/// A short value with zeros behind it.
fn filled(value: &[u8]) -> [u8; LEAST] {
    std::array::from_fn(|at| value.get(at).copied().unwrap_or(0))
}

impl Values {
    fn of<'v>(values: impl Iterator<Item = &'v [u8]>) -> Self {
        let mut this = Self::default();
        for value in values {
            if let Some(head) = value.first_chunk() {
                this.0.entry(*head).or_default().push(Zeroizing::new(value.to_vec()));
            }
        }
        this
    }

    /// Where values stand in a text: the longest at each place, from left to right, none within another.
    fn places(&self, text: &[u8]) -> Vec<Range<usize>> {
        let (mut places, mut at) = (Vec::new(), 0);
        while let Some(head) = text.get(at..).and_then(<[u8]>::first_chunk).filter(|_| !self.0.is_empty()) {
            let values = self.0.get(head).into_iter().flatten();
            let length = values.filter(|value| text[at..].starts_with(value)).map(|value| value.len()).max();
            places.extend(length.map(|length| at..at + length));
            at += length.unwrap_or(1);
        }
        places
    }
}

impl<'e> Mask<'e> {
    /// That of these findings.
    #[must_use]
    pub fn of(engine: &'e Engine, findings: &[Finding]) -> Self {
        let (values, short) = (Values::of(exposed(findings)), Short::of(exposed(findings)));
        Self { engine, values, short, scratch: RefCell::default(), known: RefCell::default() }
    }

    /// A name without values.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.len() < LEAST {
            return Cow::Borrowed(text);
        }
        let mut known = self.known.borrow_mut();
        let masked = match known.get(text) {
            Some(masked) => masked,
            None => known.entry(text.to_owned()).or_insert_with(|| self.masked(text)),
        };
        masked.clone().map_or(Cow::Borrowed(text), Cow::Owned)
    }

    fn masked(&self, text: &str) -> Option<String> {
        let mut hidden = self.values.places(text.as_bytes());
        // What may be an ordinary name stays.
        let mut own = |found: &Match| {
            if found.confidence == Confidence::High {
                hidden.push(found.span.secret_start..found.span.secret_end);
            }
        };
        self.engine.scan(&mut self.scratch.borrow_mut(), &Input::whole(text.as_bytes()), &mut own);
        if hidden.is_empty() {
            return None;
        }
        Some(without(text, hidden))
    }

    /// Replaces values in a part of a line that is shown.
    fn line(&self, text: &mut String) {
        let mut hidden = self.values.places(text.as_bytes());
        hidden.extend(self.short.places(text.as_bytes()));
        if !hidden.is_empty() {
            *text = without(text, hidden);
        }
    }

    fn replace(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }

    fn origin(&self, origin: &mut Origin) {
        match origin {
            Origin::File(path) => {
                if let Cow::Owned(masked) = self.text(&path.to_string_lossy()) {
                    *path = PathBuf::from(masked);
                }
            }
            Origin::Stdin => {}
            Origin::Inside { outer, member, .. } => {
                self.replace(member);
                let mut inner = (**outer).clone();
                self.origin(&mut inner);
                *outer = Arc::new(inner);
            }
        }
    }

    fn seen(&self, seen: Option<&mut Seen>) {
        seen.into_iter().for_each(|seen| self.replace(&mut seen.author));
    }

    fn committed(&self, commit: Option<&mut Committed>) {
        let Some(commit) = commit else { return };
        self.replace(&mut commit.author);
        commit.head_path.iter_mut().chain(&mut commit.paths).for_each(|path| self.replace(path));
    }

    /// Replaces values in all names of a scan, and in the lines that are shown.
    pub fn names(&self, scan: &mut Scan) {
        for finding in &mut scan.findings {
            for occurrence in &mut finding.occurrences {
                self.origin(&mut occurrence.origin);
                self.line(&mut occurrence.snippet.before);
                self.line(&mut occurrence.snippet.after);
                self.committed(occurrence.commit.as_mut());
            }
            if let Some(exposure) = &mut finding.exposure {
                for seen in [&mut exposure.first, &mut exposure.last, &mut exposure.removed] {
                    self.seen(seen.as_mut());
                }
                exposure.refs.iter_mut().chain(&mut exposure.reflogs).for_each(|name| self.replace(name));
            }
            finding.paired.iter_mut().for_each(|paired| self.replace(paired));
        }
        for issue in &mut scan.issues {
            self.origin(&mut issue.origin);
            self.replace(&mut issue.detail);
        }
        for one in &mut scan.silenced {
            self.origin(&mut one.origin);
            self.line(&mut one.reason);
            self.replace(&mut one.reason);
        }
    }
}

fn exposed(findings: &[Finding]) -> impl Iterator<Item = &[u8]> {
    findings.iter().map(|finding| finding.secret.expose())
}

/// A text with asterisks in the place of parts of it.
fn without(text: &str, mut hidden: Vec<Range<usize>>) -> String {
    hidden.sort_by_key(|range| (range.start, range.end));
    let (mut out, mut done) = (Vec::new(), 0);
    for range in hidden.into_iter().filter(|range| !range.is_empty()) {
        if range.start >= done {
            out.extend_from_slice(&text.as_bytes()[done..range.start]);
            out.extend_from_slice(INSTEAD.as_bytes());
        }
        done = done.max(range.end);
    }
    out.extend_from_slice(&text.as_bytes()[done..]);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LEAST, Values};

    proptest! {
        #[test]
        fn values_are_found_as_one_by_one(values in proptest::collection::vec("[ab]{10,16}", 0..6), text in "[ab]{0,60}") {
            let found = Values::of(values.iter().map(String::as_bytes)).places(text.as_bytes());
            let (mut expected, mut at) = (Vec::new(), 0);
            while at < text.len() {
                let here = values.iter().filter(|value| value.len() >= LEAST && text[at..].starts_with(value.as_str()));
                match here.map(String::len).max() {
                    Some(length) => {
                        expected.push(at..at + length);
                        at += length;
                    }
                    None => at += 1,
                }
            }
            prop_assert_eq!(found, expected);
        }
    }
}
