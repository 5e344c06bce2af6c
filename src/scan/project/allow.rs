//! One `[[allow]]` of a `stanch.toml`: what it names, why, whose it is, until when.
//!
//! It must not decide anything. Start with [`Allow`]; [`super::Content::allow`] reads one.

use std::fmt;

use ignore::gitignore::GitignoreBuilder;
use regex_automata::meta::Regex;
use toml::de::DeValue;

use super::{Content, Error, Field};
use crate::base::date::Date;
use crate::scan::finding::Fingerprint;
use crate::scan::rule::load;

const FIELDS: &[&str] = &["fingerprint", "path", "rule", "regex", "reason", "owner", "until"];

/// Findings that are not reported, as long as the entry holds: those that fit all it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The value.
    pub fingerprint: Option<Fingerprint>,
    /// Globs, one of which fits the path relative to the folder of the file: `*.pem` in any folder, `tests/*.pem` in that one, `tests/`
    /// all below it. Empty for any path.
    pub paths: Vec<String>,
    /// Ids of the rules it holds for, in which `*` stands for any characters; empty for all.
    pub rules: Vec<String>,
    /// What the value must match, anywhere in it.
    pub regex: Option<Pattern>,
    /// Why; never empty.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day it holds.
    pub until: Option<Date>,
    /// Line of the entry in the file, from 1.
    pub line: usize,
}

/// A regular expression over bytes.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// As it is written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Does any part of `value` match?
    #[must_use]
    pub fn fits(&self, value: &[u8]) -> bool {
        self.regex.is_match(value)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl Content<'_> {
    pub(super) fn allow(&self, item: Field<'_, '_>) -> Result<Allow, Error> {
        let start = item.span().start;
        let Some(table) = item.get_ref().as_table() else {
            return Err(self.error(start, "allow", "must be written as [[allow]]"));
        };
        self.known_fields(table, "allow.", FIELDS)?;
        let of = |name: &'static str| table.get(name).map(|value| (name, value));
        let all = |name, wrong| of(name).map_or(Ok(Vec::new()), |field| self.list("allow", field, wrong));
        let allow = Allow {
            fingerprint: of("fingerprint").map(|(_, field)| self.fingerprint(field)).transpose()?,
            paths: all("path", "must be a glob, such as \"tests/**\", or a list of them")?,
            rules: all("rule", "must be the id of a rule, such as \"github-pat\" or \"generic-*\", or a list of them")?,
            regex: of("regex").map(|(_, field)| self.pattern(field)).transpose()?,
            reason: match of("reason") {
                Some(field) => self.words(field, "must be a string that says why this is no leak")?,
                None => return Err(self.error(start, "allow.reason", "missing")),
            },
            owner: of("owner").map(|field| self.words(field, "must be a string that says who answers for it")).transpose()?,
            until: of("until").map(|(_, value)| self.day(value, "allow.until")).transpose()?,
            line: self.line(start),
        };
        if let Some((name, field)) = of("path") {
            self.globs(name, field, &allow.paths)?;
        }
        if let Some((_, field)) = of("rule").filter(|_| allow.rules.iter().any(|rule| rule.bytes().all(|b| b == b'*'))) {
            return Err(self.error(field.span().start, "allow.rule", "names every rule; leave `rule` out for all of them"));
        }
        let names_nothing =
            allow.fingerprint.is_none() && allow.paths.is_empty() && allow.rules.is_empty() && allow.regex.is_none();
        if names_nothing {
            return Err(self.error(start, "allow", "must name a fingerprint, a path, a rule or a regex"));
        }
        Ok(allow)
    }

    fn fingerprint(&self, field: Field<'_, '_>) -> Result<Fingerprint, Error> {
        let is_print = |s: &&str| s.len() == 32 && s.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match field.get_ref().as_str().filter(is_print) {
            Some(print) => Ok(Fingerprint(print.to_owned())),
            None => {
                Err(self.error(field.span().start, "allow.fingerprint", "must be a string of 32 lower-case hexadecimal digits"))
            }
        }
    }

    fn words(&self, (name, field): (&str, Field<'_, '_>), wrong: &str) -> Result<String, Error> {
        match field.get_ref().as_str().map(str::trim).filter(|words| words.chars().any(char::is_alphanumeric)) {
            Some(words) => Ok(words.to_owned()),
            None => Err(self.error(field.span().start, format!("allow.{name}"), wrong)),
        }
    }

    /// A string, or a list of strings that is not empty.
    pub(super) fn list(&self, part: &str, (name, field): (&str, Field<'_, '_>), wrong: &str) -> Result<Vec<String>, Error> {
        let one = |item: Field<'_, '_>| match item.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => Ok(text.to_owned()),
            None => Err(self.error(item.span().start, format!("{part}.{name}"), wrong)),
        };
        match field.get_ref() {
            DeValue::Array(items) if items.is_empty() => Err(self.error(field.span().start, format!("{part}.{name}"), wrong)),
            DeValue::Array(items) => items.iter().map(one).collect(),
            _ => Ok(vec![one(field)?]),
        }
    }

    fn pattern(&self, field: Field<'_, '_>) -> Result<Pattern, Error> {
        let wrong = |wrong: &str| self.error(field.span().start, "allow.regex", wrong);
        let Some(source) = field.get_ref().as_str().filter(|source| !source.is_empty()) else {
            return Err(wrong("must be a string: a regular expression that the value matches"));
        };
        // The words of the error would quote the expression, in which a value may stand.
        let regex = load::build_regex(source)
            .map_err(|_| wrong("not a regular expression of Rust's regex crate, or too large for an automaton of 4 MiB"))?;
        if regex.is_match(b"") {
            return Err(wrong("matches nothing at all, too, and so every value: say what stands in the value"));
        }
        Ok(Pattern { source: source.to_owned(), regex })
    }

    fn globs(&self, name: &str, field: Field<'_, '_>, globs: &[String]) -> Result<(), Error> {
        let wrong = |wrong: &str| self.error(field.span().start, format!("allow.{name}"), wrong);
        for glob in globs {
            if glob.starts_with(['!', '#']) {
                return Err(wrong("a glob that begins with `!` or `#` names no files"));
            }
            if glob.split('/').any(|part| part == "..") {
                return Err(wrong("a glob leads to no folder above that of the file: `..` has no place in it"));
            }
            if glob.trim_matches('/').is_empty() {
                return Err(wrong("names no file; leave `path` out for all of them"));
            }
            if GitignoreBuilder::new("").add_line(None, glob).is_err() {
                return Err(wrong("not a glob as in .gitignore"));
            }
        }
        Ok(())
    }
}
