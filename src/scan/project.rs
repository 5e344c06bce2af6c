//! `stanch.toml`: the project key, and the findings that a team decided to keep.
//!
//! It must not know where the file is looked for, nor whether it may be trusted: whoever scans a tree that someone else wrote
//! must not obey the `stanch.toml` inside it, for it could silence its own leaks. Start with [`Project::load`].
//!
//! ```toml
//! version = 1
//! project_key = "64 hexadecimal digits, or base64 of 32 bytes"
//!
//! [[allow]]                 # findings that fit all of the first four, of which one must be there
//! fingerprint = "166f87974c70dec7f50aadda267a5524"
//! path = "tests/**"         # a glob as in .gitignore, from the folder of this file, or a list of them
//! rule = "github-pat"       # id of a rule, or a list of them; `generic-*` for all that begin so
//! regex = "^test-"          # what the value matches
//! reason = "key of the public demo account"
//! owner = "platform team"   # optional
//! until = 2027-01-01        # optional: the last day it holds
//!
//! [rules]                   # each line optional; what the command line says counts for more
//! files = ["rules"]         # more rules, from the folder of this file
//! only = ["github-*"]       # ids, categories, providers or tags
//! except = ["generic"]
//! enable = ["some-rule"]    # rules that are off by default
//! as_of = 2026-11-30        # only rules that were there on this day
//! min_severity = "medium"
//! min_confidence = "medium"
//! ```
//!
//! A `stanch.toml` in a folder below, without a key of its own, adds entries that hold below it ([`Layer`]).
//!
//! An unknown field or version is an error, never ignored. No error holds a value of the file, for one of them is the key.

mod allow;
mod locate;
mod settings;

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

pub use self::allow::{Allow, Pattern};
pub use self::locate::Locator;
pub use self::settings::Settings;
use super::fingerprint::ProjectKey;
use crate::base::crypto::{self, NoRandom};
use crate::base::date::Date;
use crate::base::{fs, text};

/// The one version of the format.
pub const VERSION: i64 = 1;

/// Larger files are refused: a hundred thousand entries fit.
const MAX_BYTES: u64 = 16 << 20;

const TOP_FIELDS: &[&str] = &["version", "project_key", "allow", "rules"];

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
    /// Which rules are used.
    pub settings: Settings,
    /// The file that says so.
    pub path: Option<PathBuf>,
    /// Files in folders below that add to it.
    pub layers: Vec<Layer>,
    /// Where findings stand in the project.
    pub locator: Locator,
}

/// A `stanch.toml` in a folder below that of the project: its entries hold there.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The folder, from that of the project, with `/` between its parts.
    pub folder: String,
    /// The file.
    pub path: PathBuf,
    /// Findings that are not reported.
    pub allows: Vec<Allow>,
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
        let (key, content) = Self::fresh()?;
        fs::create_new(path, content.as_bytes())?;
        Ok(Self { key: Some(key), path: Some(path.to_owned()), ..Self::default() })
    }

    /// The content of a new `stanch.toml` with a fresh random key.
    pub fn fresh() -> Result<(ProjectKey, Zeroizing<String>), Error> {
        let key = ProjectKey::random()?;
        let content = format!("{NEW_FILE}version = {VERSION}\n{}", *key_line(&key));
        Ok((key, Zeroizing::new(content)))
    }

    /// The content of a `stanch.toml` that has no key, with a fresh random one.
    pub fn with_fresh_key(content: &str) -> Result<Zeroizing<String>, Error> {
        let line = key_line(&ProjectKey::random()?);
        let version = content
            .split_inclusive('\n')
            .take_while(|line| !line.trim_start().starts_with("version"))
            .map(str::len)
            .sum::<usize>();
        let (before, behind) = content.split_at(version);
        Ok(Zeroizing::new(format!("{before}{}{behind}", *line)))
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

    /// Refuses fingerprints, here and in folders below, if there is no key to make them under.
    ///
    /// # Errors
    /// The first entry with one.
    pub fn check_key(&self) -> Result<(), Error> {
        let files = self.path.iter().map(|path| (path, &self.allows)).chain(self.layers.iter().map(|l| (&l.path, &l.allows)));
        let first = |(path, allows): (&PathBuf, &Vec<Allow>)| {
            let line = allows.iter().find(|allow| allow.fingerprint.is_some())?.line;
            let wrong = "missing, but [[allow]] with a fingerprint needs it: without a key fingerprints differ in every run";
            let (field, wrong) = ("project_key".to_owned(), wrong.to_owned());
            Some(Error::Content { path: path.clone(), line, field, wrong })
        };
        match self.key {
            Some(_) => Ok(()),
            None => files.into_iter().find_map(first).map_or(Ok(()), Err),
        }
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
# anywhere else. Allow findings for good with
#
#   [[allow]]
#   fingerprint = \"as shown with the finding\"  # or path = \"tests/**\", rule = \"github-pat\", regex = \"^test-\", or several
#   reason = \"why this is no leak\"
#   owner = \"who answers for it\"               # optional
#   until = 2027-01-01                          # optional: the last day it holds

";

/// The line that holds a key.
fn key_line(key: &ProjectKey) -> Zeroizing<String> {
    let hex = Zeroizing::new(text::hex(key.bytes()));
    Zeroizing::new(format!("project_key = \"{}\"\n", *hex))
}

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
        let settings = top.get("rules").map(|field| self.settings(field)).transpose()?.unwrap_or_default();
        Ok(Project { key, allows, settings, path: Some(self.path.to_owned()), ..Project::default() })
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

    fn day(&self, field: Field<'_, '_>, name: &str) -> Result<Date, Error> {
        let day = field.get_ref().as_datetime().filter(|d| d.time.is_none() && d.offset.is_none()).and_then(|d| d.date);
        day.and_then(|day| Date::new(day.year, day.month, day.day))
            .ok_or_else(|| self.error(field.span().start, name, "must be a date without quotes, such as 2027-01-01"))
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
        assert_eq!((read.allows[0].fingerprint.clone(), read.allows[0].line), (Some(print(&read)), 13));

        let other = dir.path().join("other.toml");
        assert_ne!(print(&Project::create(&other).unwrap()), print(&made));
    }

    #[test]
    fn a_file_without_a_key_gets_one() {
        let content = Project::with_fresh_key("# ours\nversion = 1\n\n[[allow]]\npath = \"a/\"\nreason = \"demo\"\n").unwrap();
        let project = parse(&content).unwrap();
        assert!(
            project.key.is_some() && project.allows.len() == 1 && content.starts_with("# ours\nproject_key = "),
            "{project:?}"
        );
        assert!(parse(&Project::fresh().unwrap().1).unwrap().key.is_some());
    }

    #[test]
    fn every_field_is_read() {
        let source = format!(
            "version = 1\nproject_key = \"{KEY}\"\n\n[[allow]]\nfingerprint = \"{PRINT}\"\nreason = \" demo \"\nuntil = 2027-01-31\nrule = \"github-pat\"\n"
        );
        let project = parse(&source).unwrap();
        let allow = &project.allows[0];
        assert_eq!((allow.fingerprint.as_ref().unwrap().0.as_str(), allow.reason.as_str(), allow.line), (PRINT, "demo", 4));
        assert_eq!(
            (allow.until.unwrap().to_string().as_str(), allow.rules.as_slice()),
            ("2027-01-31", &["github-pat".to_owned()][..])
        );
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
        refuse("version = 1\n\nexclude = []", "3: exclude: unknown field; allowed are version, project_key, allow, rules");
        refuse(
            &format!("version = 1\n{KEY} = 1"),
            "2: (a name of 64 characters): unknown field; allowed are version, project_key, allow, rules",
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
        check("reason = \"x\"", "3: allow: must name a fingerprint, a path, a rule or a regex");
        check(&print, "3: allow.reason: missing");
        check(&format!("{print}reason = \" - \""), "5: allow.reason: must be a string that says why this is no leak");
        check(&format!("{print}reason = true"), "5: allow.reason: must be a string that says why this is no leak");
        let day = "6: allow.until: must be a date without quotes, such as 2027-01-01";
        check(&format!("{print}reason = \"x\"\nuntil = \"2027-01-01\""), day);
        check(&format!("{print}reason = \"x\"\nuntil = 2027-01-01T00:00:00Z"), day);
        check(
            &format!("{print}reason = \"x\"\nrule = 1"),
            "6: allow.rule: must be the id of a rule, such as \"github-pat\" or \"generic-*\", or a list of them",
        );
        check(
            &format!("{print}reason = \"x\"\nrule = \"*\""),
            "6: allow.rule: names every rule; leave `rule` out for all of them",
        );
        check(
            &format!("{print}resaon = \"x\""),
            "5: allow.resaon: unknown field; allowed are fingerprint, path, rule, regex, reason, owner, until",
        );
        let short = "4: allow.fingerprint: must be a string of 32 lower-case hexadecimal digits";
        check(&format!("fingerprint = \"{}\"\nreason = \"x\"", PRINT.to_uppercase()), short);
        check("fingerprint = \"\"\nreason = \"x\"", short);
    }

    #[test]
    fn entries_name_paths_rules_and_values() {
        let entry = "[[allow]]\npath = [\"tests/**\", \"*.md\"]\nrule = [\"jwt\", \"github-pat\"]\nregex = \"^test-\"\nreason = \"x\"\nowner = \"us\"\n";
        let project = parse(&format!("version = 1\n{entry}")).unwrap();
        let allow = &project.allows[0];
        assert_eq!((allow.paths.len(), allow.rules.len(), allow.owner.as_deref()), (2, 2, Some("us")));
        let regex = allow.regex.as_ref().unwrap();
        assert!(regex.fits(b"test-1") && !regex.fits(b"a test-1"));
        assert!(project.check_key().is_ok(), "without a fingerprint no key is needed");
        let check = |line: &str, wrong: &str| {
            refuse(&format!("version = 1\n[[allow]]\nreason = \"x\"\n{line}"), &format!("4: {wrong}"));
        };
        let glob = "allow.path: must be a glob, such as \"tests/**\", or a list of them";
        check("path = 3", glob);
        check("path = []", glob);
        check("path = [\" \"]", glob);
        check("path = \"!a\"", "allow.path: a glob that begins with `!` or `#` names no files");
        check("path = \"a/../b\"", "allow.path: a glob leads to no folder above that of the file: `..` has no place in it");
        check("path = \"/\"", "allow.path: names no file; leave `path` out for all of them");
        check("path = \"a{b\"", "allow.path: not a glob as in .gitignore");
        check(
            "regex = \"(\"",
            "allow.regex: not a regular expression of Rust's regex crate, or too large for an automaton of 4 MiB",
        );
        check("regex = \"x*\"", "allow.regex: matches nothing at all, too, and so every value: say what stands in the value");
        check("regex = 1", "allow.regex: must be a string: a regular expression that the value matches");
    }

    #[test]
    fn a_fingerprint_needs_a_key() {
        let project = parse(&format!("version = 1\n[[allow]]\nfingerprint = \"{PRINT}\"\nreason = \"x\"")).unwrap();
        let expected = "stanch.toml:2: project_key: missing, but [[allow]] with a fingerprint needs it: without a key fingerprints differ in every run";
        assert_eq!(project.check_key().unwrap_err().to_string(), expected);
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
