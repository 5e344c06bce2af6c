//! Values that stand in a name: of a file, a folder, a ref, a person. There they are replaced by asterisks.
//!
//! It must not say that it found anything. Start with [`Mask::of`]. What was found elsewhere is looked for, but for short values, which may
//! be ordinary words, and each name is scanned on its own.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use super::blob::Origin;
use super::engine::{Engine, Input, Match, Scratch};
use super::finding::{Committed, Confidence, Finding, Scan, Seen};

/// Characters of a value that is looked for in names.
const LEAST: usize = 12;
/// Values that are looked for.
const MOST: usize = 10_000;
/// What stands in the place of a value.
const INSTEAD: &str = "********";

/// Hides the values of some findings, and those that names hold themselves.
pub struct Mask<'e> {
    engine: &'e Engine,
    values: Option<AhoCorasick>,
    scratch: RefCell<Scratch>,
    /// Names that were looked at; with nothing where they stay.
    known: RefCell<HashMap<String, Option<String>>>,
}

impl<'e> Mask<'e> {
    /// That of these findings.
    #[must_use]
    pub fn of(engine: &'e Engine, findings: &[Finding]) -> Self {
        let values = findings.iter().map(|finding| finding.secret.expose()).filter(|value| value.len() >= LEAST).take(MOST);
        let values: Vec<&[u8]> = values.collect();
        let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&values).ok();
        let values = if values.is_empty() { None } else { build() };
        Self { engine, values, scratch: RefCell::default(), known: RefCell::default() }
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
        let known = self.values.iter().flat_map(|values| values.find_iter(text)).map(|found| found.start()..found.end());
        let mut hidden: Vec<Range<usize>> = known.collect();
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
        Some(String::from_utf8_lossy(&out).into_owned())
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

    /// Replaces values in all names of a scan.
    pub fn names(&self, scan: &mut Scan) {
        for finding in &mut scan.findings {
            for occurrence in &mut finding.occurrences {
                self.origin(&mut occurrence.origin);
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
    }
}
