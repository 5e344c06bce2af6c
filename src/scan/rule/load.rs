//! Reads rule files.
//!
//! It must not know how rules are searched, only whether they are well formed. Start with [`parse_toml`]. An error names
//! file, line, field and what is allowed.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::ignore::Ignore;
use super::required::{Facts, facts};
pub(super) use super::valid::explained;
pub use super::valid::is_value_rule;
use super::valid::validate;
pub(crate) use super::valid::{build_regex, build_regex_within};
use super::{
    Allow, Check, From, Group, Imported, Near, Need, Pair, Paths, Pattern, Placeholders, Regex, Required, Role, Rule, Search,
};
use crate::base::date::Date;
use crate::base::text::without_tokens;
use crate::scan::finding::{Confidence, Severity};

/// Unanchored tokens shorter than this are not candidates for the engine.
pub const MIN_RUN: usize = 16;

/// A rule file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// It could not be read.
    #[error("cannot read rule file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not in the format.
    #[error("{}:{line}: {what}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The field, what is wrong, what is allowed.
        what: String,
    },
    /// No rule has this id.
    #[error("no rule matches `{0}`")]
    Unknown(String),
    /// A folder without any rule file.
    #[error("no .toml file in {}", .0.display())]
    Empty(PathBuf),
}

/// A rule with what only tests and documentation need.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The rule.
    pub rule: Rule,
    /// Texts in which it must match.
    pub examples: Vec<String>,
    /// Texts in which it must not.
    pub counterexamples: Vec<String>,
    /// Where it is written.
    pub place: Written,
}

/// Where a rule is written, for messages.
#[derive(Debug, Clone)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// The line of the rule and those of its fields, from 1.
    lines: (usize, BTreeMap<String, usize>),
}

impl Written {
    /// The line of a field, or of the rule if the field is missing.
    #[must_use]
    pub fn line(&self, field: &str) -> usize {
        self.lines.1.get(field).copied().unwrap_or(self.lines.0)
    }
}

impl Entry {
    /// The error that a field of this rule is.
    #[must_use]
    pub fn error(&self, field: &str, what: &str) -> RuleError {
        let what = format!("rule `{}`, field `{field}`: {what}", self.rule.id);
        RuleError::Invalid { path: self.place.path.clone(), line: self.place.line(field), what }
    }
}

/// A rule file, as TOML spells it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    provider: Option<String>,
    url: Option<String>,
    fix: Option<String>,
    /// The day since which there are these rules.
    since: Option<String>,
    /// The scanner whose rules these were.
    imported: Option<String>,
    /// For all rules of the file.
    #[serde(default)]
    ignore: Vec<Ignore>,
    #[serde(default)]
    rule: Vec<RawRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: String,
    about: String,
    category: String,
    severity: Severity,
    confidence: Confidence,
    provider: Option<String>,
    url: Option<String>,
    fix: Option<String>,
    token: Option<String>,
    regex: Option<String>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    near: Near,
    from: Option<From>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    paths: Paths,
    #[serde(default)]
    entropy: f32,
    #[serde(default)]
    checks: Vec<Check>,
    #[serde(default)]
    allow: Allow,
    #[serde(default)]
    paired_with: Vec<String>,
    pair_lines: Option<u64>,
    #[serde(default)]
    pair: Need,
    #[serde(default)]
    placeholders: Placeholders,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    counterexamples: Vec<String>,
    #[serde(default)]
    search: Search,
    #[serde(default)]
    contains: Vec<String>,
    group: Option<RawGroup>,
    #[serde(default)]
    ignore: Vec<Ignore>,
    #[serde(default)]
    required: Vec<Required>,
    #[serde(default)]
    role: Role,
    #[serde(default)]
    tags: Vec<String>,
    /// The id that an imported rule had.
    foreign_id: Option<String>,
    since: Option<String>,
    /// Off unless it is asked for, if false.
    by_default: Option<bool>,
    /// Written by the build script only.
    facts: Option<Facts>,
}

/// A number, or the word `first`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RawGroup {
    Number(usize),
    Word(String),
}

/// A rule file is not read further.
const MOST_BYTES: u64 = 16_000_000;

/// A field that is wrong, and why.
pub(super) struct Fault {
    pub(super) field: &'static str,
    pub(super) what: String,
}

/// Reads the rules of one file or of all `.toml` files in a folder, sorted by name.
///
/// # Errors
/// If a file cannot be read or is not in the format.
pub fn read(path: &Path) -> Result<Vec<Entry>, RuleError> {
    let unreadable = |source| RuleError::Read { path: path.to_path_buf(), source };
    if !path.is_dir() {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MOST_BYTES {
            let what = format!("it is larger than {} MB: no rule file is", MOST_BYTES / 1_000_000);
            return Err(RuleError::Invalid { path: path.to_path_buf(), line: 1, what });
        }
        let text = std::str::from_utf8(&bytes).map_err(|e| {
            let line = memchr::memchr_iter(b'\n', &bytes[..e.valid_up_to()]).count() + 1;
            RuleError::Invalid { path: path.to_path_buf(), line, what: "not UTF-8: a rule file is UTF-8 text".to_owned() }
        })?;
        return parse_toml(path, text);
    }
    let mut all = Vec::new();
    for file in files(path)? {
        all.extend(read(&file)?);
    }
    Ok(all)
}

/// The rule files of a folder, or the one file that is named.
///
/// # Errors
/// If the folder cannot be read or has none.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, RuleError> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let unreadable = |source| RuleError::Read { path: path.to_path_buf(), source };
    let listed: io::Result<Vec<PathBuf>> = std::fs::read_dir(path).and_then(|dir| dir.map(|e| e.map(|e| e.path())).collect());
    let mut files = listed.map_err(unreadable)?;
    files.retain(|f| f.extension().is_some_and(|e| e == "toml"));
    files.sort();
    if files.is_empty() { Err(RuleError::Empty(path.to_path_buf())) } else { Ok(files) }
}

/// Parses the text of a rule file; `path` is for messages.
///
/// # Errors
/// If it is not in the format: the error names line, field and what is allowed.
pub fn parse_toml(path: &Path, text: &str) -> Result<Vec<Entry>, RuleError> {
    // A credential may have been pasted anywhere, and the words of the TOML reader quote what they do not understand.
    let invalid = |line, what: String| RuleError::Invalid { path: path.to_path_buf(), line, what: without_tokens(&what) };
    let outline = Outline::of(text);
    let file: RawFile = toml::from_str(text).map_err(|e| {
        let at = e.span().map_or(0, |s| s.start);
        invalid(line_of(text, at), format!("{}{}", outline.named(at), known_to_people(&one_line(e.message()))))
    })?;
    if file.rule.is_empty() {
        return Err(invalid(1, "field `rule`: missing: a rule file holds at least one [[rule]]".to_owned()));
    }
    let defaults = Defaults::of(&file);
    let mut out: Vec<Entry> = Vec::with_capacity(file.rule.len());
    for (index, raw) in file.rule.into_iter().enumerate() {
        let id = raw.id.clone();
        let place = Written { path: path.to_path_buf(), lines: outline.lines(text, index) };
        let line = place.clone();
        let entry = entry(raw, &defaults, place)
            .map_err(|f| invalid(line.line(f.field), format!("rule `{}`, field `{}`: {}", clip(&id), f.field, f.what)))?;
        out.push(entry);
    }
    Ok(out)
}

/// What the TOML reader says of fields, without the one that only the build script writes.
fn known_to_people(message: &str) -> String {
    message.replace(", `facts`", "")
}

/// Turns the JSON form made at build time into rules.
pub(super) fn from_json(text: &str) -> Result<Vec<Rule>, String> {
    let files: Vec<RawFile> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    // Rules are large: a list that grows would copy them several times.
    let mut out = Vec::with_capacity(files.iter().map(|file| file.rule.len()).sum());
    for file in files {
        let defaults = Defaults::of(&file);
        for raw in file.rule {
            let id = raw.id.clone();
            out.push(rule(raw, &defaults).map_err(|f| format!("rule {id}, field {}: {}", f.field, f.what))?);
        }
    }
    Ok(out)
}

struct Defaults {
    provider: Option<String>,
    url: Option<String>,
    fix: Option<String>,
    since: Option<String>,
    imported: Option<String>,
    ignore: Vec<Arc<Ignore>>,
}

impl Defaults {
    fn of(file: &RawFile) -> Self {
        let text = |text: &Option<String>| text.clone();
        let ignore = file.ignore.iter().cloned().map(Arc::new).collect();
        let [provider, url, fix, since, imported] = [&file.provider, &file.url, &file.fix, &file.since, &file.imported].map(text);
        Self { provider, url, fix, since, imported, ignore }
    }
}

fn entry(mut raw: RawRule, defaults: &Defaults, place: Written) -> Result<Entry, Fault> {
    let unmark = |list: Vec<String>| list.into_iter().map(|e| e.replace('·', "")).collect::<Vec<_>>();
    if raw.facts.is_some() {
        return Err(fault("facts", "unknown field"));
    }
    let examples = unmark(std::mem::take(&mut raw.examples));
    let counterexamples = unmark(std::mem::take(&mut raw.counterexamples));
    let rule = rule(raw, defaults)?;
    validate(&rule)?;
    Ok(Entry { rule, examples, counterexamples, place })
}

fn rule(raw: RawRule, defaults: &Defaults) -> Result<Rule, Fault> {
    let or_default = |own: Option<String>, default: &Option<String>, field: &'static str| {
        let value = own.or_else(|| default.clone()).unwrap_or_default();
        if value.trim().is_empty() {
            Err(fault(field, "missing: give it in the rule or at the top of the file"))
        } else {
            Ok(value)
        }
    };
    let pattern = match (raw.token, raw.regex) {
        (Some(token), None) => Pattern::Token(token),
        (None, Some(regex)) => {
            let facts = raw.facts.unwrap_or_else(|| facts(&regex));
            Pattern::Regex(Regex { source: regex, facts, group: group(raw.group)? })
        }
        (Some(_), Some(_)) => return Err(fault("regex", "`token` and `regex` exclude each other")),
        (None, None) => return Err(fault("token", "missing: give `token = '…'` or `regex = '…'`")),
    };
    let imported = match (&defaults.imported, raw.foreign_id) {
        (Some(from), id) => Some(Imported { from: from.clone(), id: id.unwrap_or_else(|| raw.id.clone()) }),
        (None, Some(_)) => return Err(fault("foreign_id", "only in a file that says `imported = \"…\"` at its top")),
        (None, None) => None,
    };
    let day = |text: &String| Date::parse(text).ok_or_else(|| fault("since", "allowed: a day such as \"2026-11-27\""));
    Ok(Rule {
        imported,
        since: raw.since.as_ref().or(defaults.since.as_ref()).map(day).transpose()?,
        provider: or_default(raw.provider, &defaults.provider, "provider")?,
        url: or_default(raw.url, &defaults.url, "url")?,
        fix: or_default(raw.fix, &defaults.fix, "fix")?,
        id: raw.id,
        about: raw.about,
        severity: raw.severity,
        confidence: raw.confidence,
        category: raw.category,
        pattern,
        keywords: raw.keywords,
        near: raw.near,
        from: raw.from,
        keys: raw.keys,
        paths: raw.paths,
        entropy: raw.entropy,
        checks: raw.checks,
        allow: raw.allow,
        pair: Pair { with: raw.paired_with, lines: raw.pair_lines.unwrap_or(10), need: raw.pair },
        placeholders: raw.placeholders,
        search: raw.search,
        contains: raw.contains,
        ignore: defaults.ignore.iter().cloned().chain(raw.ignore.into_iter().map(Arc::new)).collect(),
        required: raw.required,
        role: raw.role,
        tags: raw.tags,
        by_default: raw.by_default.unwrap_or(true),
    })
}

fn group(raw: Option<RawGroup>) -> Result<Group, Fault> {
    match raw {
        None => Ok(Group::Named),
        Some(RawGroup::Number(n)) if n > 0 => Ok(Group::Number(n)),
        Some(RawGroup::Word(word)) if word == "first" => Ok(Group::First),
        Some(_) => Err(fault("group", "allowed: the number of a group, from 1, or \"first\" for the first that is not empty")),
    }
}

pub(super) fn fault(field: &'static str, what: impl Into<String>) -> Fault {
    Fault { field, what: what.into() }
}

fn line_of(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at.min(text.len())]).count() + 1
}

/// Where rules and their fields begin in the text of a rule file: empty if it is no TOML at all.
struct Outline(Vec<(usize, String, BTreeMap<String, usize>)>);

impl Outline {
    fn of(text: &str) -> Self {
        #[derive(Deserialize)]
        struct Spans {
            #[serde(default)]
            rule: Vec<toml::Spanned<BTreeMap<toml::Spanned<String>, toml::Value>>>,
        }
        let spans = toml::from_str::<Spans>(text).map_or_else(|_| Vec::new(), |spans| spans.rule);
        let one = |rule: toml::Spanned<BTreeMap<toml::Spanned<String>, toml::Value>>| {
            let start = rule.span().start;
            let fields = rule.into_inner();
            let id = fields.iter().find(|(name, _)| name.get_ref() == "id").and_then(|(_, id)| id.as_str());
            let id = id.unwrap_or_default().to_owned();
            (start, id, fields.into_keys().map(|name| (name.get_ref().clone(), name.span().start)).collect())
        };
        Self(spans.into_iter().map(one).collect())
    }

    /// The lines of the `index`-th rule and of its fields.
    fn lines(&self, text: &str, index: usize) -> (usize, BTreeMap<String, usize>) {
        let Some((start, _, fields)) = self.0.get(index) else { return (1, BTreeMap::new()) };
        (line_of(text, *start), fields.iter().map(|(name, at)| (name.clone(), line_of(text, *at))).collect())
    }

    /// The rule and the field that an offset lies in, as the beginning of a message; empty where it lies in none.
    fn named(&self, at: usize) -> String {
        let Some((start, id, fields)) = self.0.iter().rev().find(|(start, ..)| *start <= at) else { return String::new() };
        let rule = if id.is_empty() { "a rule without `id`".to_owned() } else { format!("rule `{}`", clip(id)) };
        let field = fields.iter().filter(|(_, field)| (*start..=at).contains(*field)).max_by_key(|(_, field)| **field);
        field.map_or_else(|| format!("{rule}: "), |(name, _)| format!("{rule}, field `{}`: ", clip(name)))
    }
}

pub(super) fn one_line(message: &str) -> String {
    message.split('\n').map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("; ")
}

pub(super) fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}
