//! The JSON that gitleaks writes: an array with an object for each place, for programs that read that.
//!
//! It must not know gitleaks' rules. Start with [`write`]. Values are redacted as gitleaks does it, unless they were asked for. It has no place for
//! gaps; the exit code tells.

use std::io;

use serde::Serialize;

use super::escape::pretty;
use super::line::{self, Line, Value};
use super::place::{Places, inside};
use super::{Style, Values, ranked};
use crate::base::date::Date;
use crate::scan::blob::{Container, Origin};
use crate::scan::finding::{Finding, Occurrence, Scan};

/// What stands for a value there.
const REDACTED: &str = "REDACTED";

/// Writes one array.
pub(super) fn write(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let all: Vec<Record<'_>> =
        ranked(scan).into_iter().flat_map(|f| f.occurrences.iter().map(move |o| Record::of(f, o, style))).collect();
    pretty(out, &all)
}

/// The names are gitleaks'. Lines and columns count from 1, and the last column is that of the last character.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Record<'a> {
    #[serde(rename = "RuleID")]
    rule_id: &'a str,
    description: &'a str,
    start_line: u64,
    end_line: u64,
    start_column: u64,
    end_column: u64,
    r#match: String,
    secret: String,
    file: String,
    symlink_file: &'static str,
    commit: &'a str,
    entropy: f32,
    author: &'a str,
    email: &'a str,
    date: String,
    message: &'static str,
    tags: &'a [String],
    fingerprint: String,
}

impl<'a> Record<'a> {
    fn of(finding: &'a Finding, occurrence: &'a Occurrence, style: &Style) -> Self {
        let rule = &finding.rule;
        let rule_id = rule.imported.as_ref().map_or(rule.id.as_str(), |imported| imported.id.as_str());
        let (at, commit) = (&occurrence.at, occurrence.commit.as_ref());
        let file = file(occurrence, style);
        let id = commit.map_or("", |commit| commit.id.as_str());
        let (author, email) = commit.map_or(("", ""), |commit| person(&commit.author));
        let fingerprint = format!("{}{}{file}:{rule_id}:{}", id, if id.is_empty() { "" } else { ":" }, at.line);
        let (secret, matched) = values(finding, occurrence, style);
        Self {
            rule_id,
            description: &rule.about,
            start_line: at.line,
            end_line: at.end_line,
            start_column: at.column,
            end_column: at.end_column.saturating_sub(1).max(1),
            r#match: matched,
            secret,
            file,
            symlink_file: "",
            commit: id,
            entropy: line::entropy(finding),
            author,
            email,
            date: commit.map(|commit| moment(commit.time)).unwrap_or_default(),
            message: "",
            tags: &rule.tags,
            fingerprint,
        }
    }
}

/// The value, and what stands around it on its line.
fn values(finding: &Finding, occurrence: &Occurrence, style: &Style) -> (String, String) {
    let Line { before, after, .. } = Line::of(finding, occurrence);
    let value = Value::of(finding, style.values);
    let secret = match style.values {
        Values::Redacted => REDACTED.to_owned(),
        Values::Shown => value.text.map(str::to_owned).or(value.base64).unwrap_or_default(),
    };
    let matched = format!("{before}{secret}{after}");
    (secret, matched)
}

/// The path; in a repository that of the file there, in an archive `outer!inner`.
fn file(occurrence: &Occurrence, style: &Style) -> String {
    let places = Places::new(&style.root);
    match blob(&occurrence.origin) {
        Some(member) => {
            let path = member.split_once(':').map_or(member, |(_, path)| path);
            let within = inside(&occurrence.origin).unwrap_or_default();
            within.strip_prefix(member).map_or_else(|| path.to_owned(), |more| format!("{path}{more}"))
        }
        None => places.name(&occurrence.origin),
    }
}

/// The name of the git object that holds it.
fn blob(origin: &Origin) -> Option<&str> {
    match origin {
        Origin::Inside { member, kind: Container::Git, .. } => Some(member),
        Origin::Inside { outer, .. } => blob(outer),
        Origin::File(_) | Origin::Stdin => None,
    }
}

/// Name and address of `A U Thor <a@example.com>`.
fn person(author: &str) -> (&str, &str) {
    author.split_once(" <").map_or((author, ""), |(name, mail)| (name, mail.trim_end_matches('>')))
}

/// Seconds since 1970 as `2026-01-31T12:00:00Z`.
fn moment(seconds: i64) -> String {
    let Ok(seconds) = u64::try_from(seconds) else { return String::new() };
    let (day, rest) = (Date::from_unix(seconds), seconds % 86_400);
    format!("{day}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::write;
    use crate::report::{Style, Values, sample};

    fn records(values: Values) -> (Vec<Value>, String) {
        let mut out = Vec::new();
        write(&sample::sample(), &Style { values, ..Style::default() }, &mut out).unwrap();
        (serde_json::from_slice(&out).unwrap(), String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_place_has_the_fields_that_gitleaks_has() {
        let (records, text) = records(Values::Redacted);
        let places: usize = sample::sample().findings.iter().map(|f| f.occurrences.len()).sum();
        assert_eq!(records.len(), places);
        let keys = "RuleID Description StartLine EndLine StartColumn EndColumn Match Secret File SymlinkFile Commit Entropy Author Email Date \
                    Message Tags Fingerprint";
        for record in &records {
            assert_eq!(record.as_object().unwrap().len(), keys.split_whitespace().count());
            assert_eq!(keys.split_whitespace().find(|key| record.get(key).is_none()), None);
            assert_eq!(record["Secret"], "REDACTED");
            assert!(record["Match"].as_str().unwrap().contains("REDACTED"));
        }
        assert!(!text.contains(sample::TOKEN) && !text.contains(sample::PASSWORD));
    }

    #[test]
    fn values_are_there_when_asked_for() {
        assert!(records(Values::Shown).1.contains(sample::TOKEN));
    }

    #[test]
    fn nothing_is_an_empty_array() {
        let mut out = Vec::new();
        write(&sample::scan(Vec::new()), &Style::default(), &mut out).unwrap();
        assert_eq!(out, b"[]\n");
    }

    #[test]
    fn people_and_moments() {
        assert_eq!(super::person("A U Thor <a@example.com>"), ("A U Thor", "a@example.com"));
        assert_eq!(super::person("nobody"), ("nobody", ""));
        assert_eq!(super::moment(1_704_882_645), "2024-01-10T10:30:45Z");
        assert_eq!(super::moment(-1), "");
    }
}
