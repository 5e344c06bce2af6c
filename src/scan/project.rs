//! `stanch.toml`: the project key, and the findings that a team decided to keep.
//!
//! It must not know where the file is looked for, nor whether it may be trusted: whoever scans a tree that someone else wrote
//! must not obey the `stanch.toml` inside it, for it could silence its own leaks. Start with [`Project::load`].
//!
//! ```toml
//! version = 1
//! project_key = "64 hexadecimal digits, or base64 of 32 bytes"
//!
//! [[allow]]
//! fingerprint = "166f87974c70dec7f50aadda267a5524"
//! reason = "key of the public demo account"
//! until = 2027-01-01     # optional: the last day it holds
//! rule = "github-pat"    # optional: only as a finding of this rule
//! ```
//!
//! An unknown field or version is an error, never ignored. No error holds a value of the file, for one of them is the key.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::finding::Fingerprint;
use super::fingerprint::ProjectKey;
use crate::base::crypto::{self, NoRandom};
use crate::base::date::Date;
use crate::base::{fs, text};

/// The one version of the format.
pub const VERSION: i64 = 1;

/// Larger files are refused: a hundred thousand entries fit.
const MAX_BYTES: u64 = 16 << 20;

const TOP_FIELDS: &[&str] = &["version", "project_key", "allow"];
const ALLOW_FIELDS: &[&str] = &["fingerprint", "reason", "until", "rule"];

/// `stanch.toml` was not read or made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It says something that is not allowed.
    #[error("{}:{line}: {field}: {wrong}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The field, such as `allow.reason`, or `syntax`.
        field: String,
        /// What is wrong with it and what is allowed.
        wrong: String,
    },
    /// It is larger than 16 MiB.
    #[error("{} is larger than 16 MiB", .0.display())]
    TooLarge(PathBuf),
    /// It could not be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] fs::Error),
    /// No random bytes for a new key.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

/// What a project decided.
#[derive(Debug, Default)]
pub struct Project {
    /// The key that fingerprints are made under.
    pub key: Option<ProjectKey>,
    /// Findings that are not reported.
    pub allows: Vec<Allow>,
    /// The file that says so.
    pub path: Option<PathBuf>,
}

/// A finding that is not reported, as long as the entry holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// Which value.
    pub fingerprint: Fingerprint,
    /// Why; never empty.
    pub reason: String,
    /// The last day it holds.
    pub until: Option<Date>,
    /// The only rule it holds for.
    pub rule: Option<String>,
    /// Line of the entry in the file, from 1.
    pub line: usize,
}

impl Project {
    /// Reads a `stanch.toml`.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let read_error = |e| Error::Read(path.to_owned(), e);
        let file = std::fs::File::open(path).map_err(read_error)?;
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(read_error)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Error::TooLarge(path.to_owned()));
        }
        Self::parse(path, &bytes)
    }

    /// Makes a new `stanch.toml` with a fresh random key. Fails if the file is there.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let key = ProjectKey::random()?;
        let hex = Zeroizing::new(text::hex(key.bytes()));
        let content = Zeroizing::new(format!("{NEW_FILE}version = {VERSION}\nproject_key = \"{}\"\n", *hex));
        fs::create_new(path, content.as_bytes())?;
        Ok(Self { key: Some(key), allows: Vec::new(), path: Some(path.to_owned()) })
    }

    /// Reads the content of a `stanch.toml`; `path` is only named in errors.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let file = match std::str::from_utf8(bytes) {
            Ok(source) => Content::new(path, source),
            Err(e) => {
                let before = std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default();
                return Err(Content::new(path, before).error(before.len(), "syntax", "not UTF-8"));
            }
        };
        let top = DeTable::parse(file.source).map_err(|e| file.error(e.span().map_or(0, |s| s.start), "syntax", e.message()))?;
        file.project(top.get_ref())
    }

    /// Whether `value` is this project's own key, in any form that `stanch.toml` may hold: what stands in `stanch.toml` on purpose is no leak.
    #[must_use]
    pub fn is_own_key(&self, value: &[u8]) -> bool {
        let Some(key) = &self.key else { return false };
        std::str::from_utf8(value).ok().and_then(decode_key).is_some_and(|other| crypto::same(&*other, key.bytes()))
    }
}

const NEW_FILE: &str = "\
# Made by stanch. Commit this file: the key below makes fingerprints of this project's findings stable, and means nothing
# anywhere else. Allow a finding for good with
#
#   [[allow]]
#   fingerprint = \"as shown with the finding\"
#   reason = \"why this is no leak\"
#   until = 2027-01-01                          # optional: the last day it holds
#   rule = \"github-pat\"                         # optional: only as a finding of this rule

";

/// The file being read.
struct Content<'a> {
    path: &'a Path,
    source: &'a str,
    /// Offsets of all line ends, ascending: counting them anew for each entry would make large files quadratic.
    line_ends: Vec<usize>,
}

type Field<'t, 'i> = &'t Spanned<DeValue<'i>>;

impl<'a> Content<'a> {
    fn new(path: &'a Path, source: &'a str) -> Self {
        Self { path, source, line_ends: memchr::memchr_iter(b'\n', source.as_bytes()).collect() }
    }

    fn project(&self, top: &DeTable<'_>) -> Result<Project, Error> {
        self.version(top)?;
        self.known_fields(top, "", TOP_FIELDS)?;
        let key = top.get("project_key").map(|field| self.key(field)).transpose()?;
        let allows = top.get("allow").map(|field| self.allows(field)).transpose()?.unwrap_or_default();
        if let (None, Some(first)) = (&key, allows.first()) {
            let wrong = "missing, but [[allow]] needs it: without a key fingerprints differ in every run";
            return Err(self.error_on_line(first.line, "project_key", wrong));
        }
        Ok(Project { key, allows, path: Some(self.path.to_owned()) })
    }

    /// Comes before all else, so that a file of a later version is told so and not that a field is unknown.
    fn version(&self, top: &DeTable<'_>) -> Result<(), Error> {
        let Some(field) = top.get("version") else {
            return Err(self.error(0, "version", format!("missing; write `version = {VERSION}`")));
        };
        match field.get_ref().as_integer().and_then(|n| n.as_str().parse::<i64>().ok()) {
            Some(VERSION) => Ok(()),
            Some(later) if later > VERSION => {
                let wrong = format!("{later} is newer than this stanch, which reads {VERSION}; update stanch");
                Err(self.error(field.span().start, "version", wrong))
            }
            _ => Err(self.error(field.span().start, "version", format!("must be {VERSION}"))),
        }
    }

    fn known_fields(&self, table: &DeTable<'_>, prefix: &str, allowed: &[&str]) -> Result<(), Error> {
        match table.keys().find(|name| !allowed.contains(&name.get_ref().as_ref())) {
            Some(name) => {
                let field = format!("{prefix}{}", harmless(name.get_ref()));
                Err(self.error(name.span().start, field, format!("unknown field; allowed are {}", allowed.join(", "))))
            }
            None => Ok(()),
        }
    }

    fn key(&self, field: Field<'_, '_>) -> Result<ProjectKey, Error> {
        let key = field.get_ref().as_str().and_then(decode_key);
        let wrong = "must be a string of 64 hexadecimal digits or the base64 of 32 bytes";
        key.map(|key| ProjectKey::new(*key)).ok_or_else(|| self.error(field.span().start, "project_key", wrong))
    }

    fn allows(&self, field: Field<'_, '_>) -> Result<Vec<Allow>, Error> {
        match field.get_ref().as_array() {
            Some(tables) => tables.iter().map(|item| self.allow(item)).collect(),
            None => Err(self.error(field.span().start, "allow", "must be written as [[allow]]")),
        }
    }

    fn allow(&self, item: Field<'_, '_>) -> Result<Allow, Error> {
        let start = item.span().start;
        let Some(table) = item.get_ref().as_table() else {
            return Err(self.error(start, "allow", "must be written as [[allow]]"));
        };
        self.known_fields(table, "allow.", ALLOW_FIELDS)?;
        let of = |name: &'static str| table.get(name).map(|value| (name, value));
        let missing = |name: &str| self.error(start, format!("allow.{name}"), "missing");
        let fingerprint = self.fingerprint(of("fingerprint").ok_or_else(|| missing("fingerprint"))?.1)?;
        let reason =
            self.words(of("reason").ok_or_else(|| missing("reason"))?, "must be a string that says why this is no leak")?;
        let until = of("until").map(|(_, value)| self.day(value)).transpose()?;
        let rule = of("rule").map(|field| self.words(field, "must be the id of a rule, such as \"github-pat\"")).transpose()?;
        Ok(Allow { fingerprint, reason, until, rule, line: self.line(start) })
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

    fn day(&self, field: Field<'_, '_>) -> Result<Date, Error> {
        let day = field.get_ref().as_datetime().filter(|d| d.time.is_none() && d.offset.is_none()).and_then(|d| d.date);
        day.and_then(|day| Date::new(day.year, day.month, day.day))
            .ok_or_else(|| self.error(field.span().start, "allow.until", "must be a date without quotes, such as 2027-01-01"))
    }

    fn error(&self, at: usize, field: impl fmt::Display, wrong: impl fmt::Display) -> Error {
        self.error_on_line(self.line(at), field, wrong)
    }

    fn error_on_line(&self, line: usize, field: impl fmt::Display, wrong: impl fmt::Display) -> Error {
        Error::Content { path: self.path.to_owned(), line, field: field.to_string(), wrong: wrong.to_string() }
    }

    fn line(&self, at: usize) -> usize {
        1 + self.line_ends.partition_point(|end| *end < at)
    }
}

/// A field's name, unless it is so long that it may be a key pasted into the wrong place.
fn harmless(name: &str) -> Cow<'_, str> {
    match name.chars().count() {
        0..=40 => Cow::Owned(text::without_tokens(&text::sanitise(name.as_bytes()))),
        n => Cow::Owned(format!("(a name of {n} characters)")),
    }
}

/// 32 bytes written as hexadecimal digits or as base64 of either alphabet, padded or not.
fn decode_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.trim_ascii();
    let mut key = Zeroizing::new([0; 32]);
    if text.len() == 64 {
        let nibble = |digit: u8| char::from(digit).to_digit(16);
        for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = (nibble(pair[0])? << 4 | nibble(pair[1])?) as u8;
        }
        return Some(key);
    }
    let digits = text.strip_suffix('=').unwrap_or(text);
    let engine = if digits.contains(['-', '_']) { URL_SAFE_NO_PAD } else { STANDARD_NO_PAD };
    (engine.decode_slice(digits, key.as_mut_slice()) == Ok(32)).then_some(key)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use base64::Engine as _;
    use proptest::prelude::*;

    use super::{Error, Project, STANDARD_NO_PAD, URL_SAFE_NO_PAD, decode_key};
    use crate::base::text::hex;
    use crate::scan::fingerprint::Fingerprinter;

    const KEY: &str = concat!("000102030405060708090a0b0c0d0e0f", "101112131415161718191a1b1c1d1e1f");
    const PRINT: &str = "166f87974c70dec7f50aadda267a5524";

    fn parse(source: &str) -> Result<Project, Error> {
        Project::parse(Path::new("stanch.toml"), source.as_bytes())
    }

    /// Checks the message, and that it holds no part of the key.
    fn refuse(source: &str, expected: &str) {
        let message = parse(source).unwrap_err().to_string();
        assert_eq!(message, format!("stanch.toml:{expected}"), "{source}");
        assert!(!message.contains("0c0d0e0f") && !message.contains("166f87"), "{message}");
    }

    #[test]
    fn a_new_file_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stanch.toml");
        let made = Project::create(&path).unwrap();
        let print = |project: &Project| Fingerprinter::stable(project.key.as_ref().unwrap()).unwrap().fingerprint(b"hunter2");
        assert_eq!(print(&made), print(&Project::load(&path).unwrap()));
        assert!(matches!(Project::create(&path), Err(Error::Write(crate::base::fs::Error::Exists(_)))));

        let mut content = std::fs::read_to_string(&path).unwrap();
        content.push_str(&format!("\n[[allow]]\nfingerprint = \"{}\"\nreason = \"demo\"\n", print(&made).0));
        std::fs::write(&path, content).unwrap();
        let read = Project::load(&path).unwrap();
        assert_eq!((read.allows[0].fingerprint.clone(), read.allows[0].line), (print(&read), 13));

        let other = dir.path().join("other.toml");
        assert_ne!(print(&Project::create(&other).unwrap()), print(&made));
    }

    #[test]
    fn every_field_is_read() {
        let source = format!(
            "version = 1\nproject_key = \"{KEY}\"\n\n[[allow]]\nfingerprint = \"{PRINT}\"\nreason = \" demo \"\nuntil = 2027-01-31\nrule = \"github-pat\"\n"
        );
        let project = parse(&source).unwrap();
        let allow = &project.allows[0];
        assert_eq!((allow.fingerprint.0.as_str(), allow.reason.as_str(), allow.line), (PRINT, "demo", 4));
        assert_eq!((allow.until.unwrap().to_string().as_str(), allow.rule.as_deref()), ("2027-01-31", Some("github-pat")));
        assert!(project.key.is_some());
        let bare = parse("version = 1").unwrap();
        assert!(bare.key.is_none() && bare.allows.is_empty());
    }

    #[test]
    fn the_own_key_is_known() {
        let project = parse(&format!("version = 1\nproject_key = \"{KEY}\"")).unwrap();
        let check = |value: &str, expected: bool| assert_eq!(project.is_own_key(value.as_bytes()), expected, "{value}");
        check(KEY, true);
        check(&KEY.to_uppercase(), true);
        check("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", true);
        check(" AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 ", true);
        check("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", false);
        check("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==", false);
        check(&KEY.replace('0', "1"), false);
        check("", false);
        assert!(!parse("version = 1").unwrap().is_own_key(KEY.as_bytes()));
    }

    #[test]
    fn what_is_wrong_with_the_top_is_said() {
        refuse("", "1: version: missing; write `version = 1`");
        refuse("\nversion = \"1\"", "2: version: must be 1");
        refuse("version = 0", "1: version: must be 1");
        refuse("version = 2\nnew_field = 1", "1: version: 2 is newer than this stanch, which reads 1; update stanch");
        refuse("version = 1\n\nexclude = []", "3: exclude: unknown field; allowed are version, project_key, allow");
        refuse(
            &format!("version = 1\n{KEY} = 1"),
            "2: (a name of 64 characters): unknown field; allowed are version, project_key, allow",
        );
        let key = "2: project_key: must be a string of 64 hexadecimal digits or the base64 of 32 bytes";
        refuse(&format!("version = 1\nproject_key = \"{KEY}0\""), key);
        refuse(&format!("version = 1\nproject_key = \"x{}\"", &KEY[1..]), key);
        refuse("version = 1\nproject_key = 7", key);
        refuse("version = 1\nproject_key = \"\"", key);
        refuse("version = 1\nallow = 3", "2: allow: must be written as [[allow]]");
        refuse("version = 1\nallow = [3]", "2: allow: must be written as [[allow]]");
    }

    #[test]
    fn what_is_wrong_with_an_entry_is_said() {
        let check =
            |entry: &str, expected: &str| refuse(&format!("version = 1\nproject_key = \"{KEY}\"\n[[allow]]\n{entry}"), expected);
        let print = format!("fingerprint = \"{PRINT}\"\n");
        check("reason = \"x\"", "3: allow.fingerprint: missing");
        check(&print, "3: allow.reason: missing");
        check(&format!("{print}reason = \" - \""), "5: allow.reason: must be a string that says why this is no leak");
        check(&format!("{print}reason = true"), "5: allow.reason: must be a string that says why this is no leak");
        let day = "6: allow.until: must be a date without quotes, such as 2027-01-01";
        check(&format!("{print}reason = \"x\"\nuntil = \"2027-01-01\""), day);
        check(&format!("{print}reason = \"x\"\nuntil = 2027-01-01T00:00:00Z"), day);
        check(&format!("{print}reason = \"x\"\nrule = 1"), "6: allow.rule: must be the id of a rule, such as \"github-pat\"");
        check(&format!("{print}resaon = \"x\""), "5: allow.resaon: unknown field; allowed are fingerprint, reason, until, rule");
        let short = "4: allow.fingerprint: must be a string of 32 lower-case hexadecimal digits";
        check(&format!("fingerprint = \"{}\"\nreason = \"x\"", PRINT.to_uppercase()), short);
        check("fingerprint = \"\"\nreason = \"x\"", short);
    }

    #[test]
    fn an_entry_needs_a_key() {
        refuse(
            &format!("version = 1\n[[allow]]\nfingerprint = \"{PRINT}\"\nreason = \"x\""),
            "2: project_key: missing, but [[allow]] needs it: without a key fingerprints differ in every run",
        );
    }

    #[test]
    fn broken_files_are_refused_without_their_content() {
        let check = |source: &[u8], line: usize| {
            let message = Project::parse(Path::new("f"), source).unwrap_err().to_string();
            assert!(message.starts_with(&format!("f:{line}: syntax: ")) && !message.contains("0c0d0e0f"), "{message}");
        };
        check(format!("version = 1\nproject_key = {KEY}\n").as_bytes(), 2);
        check(format!("version = 1\nproject_key = \"{KEY}\n").as_bytes(), 2);
        check(format!("version = 1\nproject_key = \"{KEY}\"\nproject_key = \"{KEY}\"").as_bytes(), 3);
        check(format!("version = 1\n{KEY}\n").as_bytes(), 2);
        check(b"version = 1\n# \xff\n", 2);
    }

    #[test]
    fn many_entries_are_read_in_linear_time() {
        let entry = format!("[[allow]]\nfingerprint = \"{PRINT}\"\nreason = \"x\"\n");
        let project = parse(&format!("version = 1\nproject_key = \"{KEY}\"\n{}", entry.repeat(20_000))).unwrap();
        assert_eq!((project.allows.len(), project.allows[19_999].line), (20_000, 60_000));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Project::load(&dir.path().join("none")), Err(Error::Read(..))));
        assert!(matches!(Project::load(dir.path()), Err(Error::Read(..))));
        let large = dir.path().join("large");
        std::fs::File::create(&large).unwrap().set_len(super::MAX_BYTES + 1).unwrap();
        assert!(matches!(Project::load(&large), Err(Error::TooLarge(_))));
        assert!(matches!(Project::create(&dir.path().join("no/folder")), Err(Error::Write(_))));
    }

    proptest! {
        #[test]
        fn keys_are_read_as_they_were_written(key in any::<[u8; 32]>()) {
            prop_assert_eq!(*decode_key(&hex(&key)).unwrap(), key);
            prop_assert_eq!(*decode_key(&STANDARD_NO_PAD.encode(key)).unwrap(), key);
            prop_assert_eq!(*decode_key(&URL_SAFE_NO_PAD.encode(key)).unwrap(), key);
        }

        #[test]
        fn nothing_panics(source in "(version = 1\n)?[a-z_=\"\\[\\]0-9 \n.-]{0,80}") {
            drop(parse(&source));
        }
    }
}
