//! Reads a JSON report back, or says clearly why not.
//!
//! It must not know values: it keeps fingerprints and places. No error text quotes the report, which may hold values. Start
//! with [`open`].

use serde::Deserialize;

use crate::scan::finding::{SCHEMA_VERSION, Severity};

/// A JSON report, read back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Saved {
    /// True if all that should have been looked at was.
    pub complete: bool,
    /// True if the fingerprints can be compared with those of another run.
    pub stable_fingerprints: bool,
    /// The distinct secrets.
    pub findings: Vec<SavedFinding>,
}

/// A distinct secret of a [`Saved`] report.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SavedFinding {
    /// Id of the rule.
    pub rule: String,
    /// Its severity.
    pub severity: Severity,
    /// Identity of the value.
    pub fingerprint: String,
    /// Where it stood; never empty.
    pub occurrences: Vec<SavedPlace>,
}

/// A place of a [`SavedFinding`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SavedPlace {
    /// The file.
    pub path: String,
    /// What is inside it, for members of archives and cells of notebooks.
    pub inside: Option<String>,
    /// Both in one, as the report shows it to people.
    pub place: String,
    /// Line, from 1.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
}

/// Why a report cannot be opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The bytes are not one JSON value.
    #[error("not a JSON report: the JSON breaks off or goes wrong at line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 at the start of a line.
        column: usize,
    },
    /// JSON, but of something else.
    #[error("not a report of this program: it has no `schema_version` number")]
    NotAReport,
    /// A report of another version.
    #[error(
        "the report has schema version {found}, this program reads version {SCHEMA_VERSION}; write it again with the program that reads it"
    )]
    Version {
        /// The version it has.
        found: u64,
    },
    /// The right version, but a field is missing or has another type.
    #[error("broken report: a field is missing or of the wrong type before line {line}, column {column}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
}

/// Opens a report that [`super::Format::Json`] wrote, in this version of the format.
///
/// # Errors
/// Another version is [`OpenError::Version`]; the other variants mean that it is no such report.
pub fn open(report: &[u8]) -> Result<Saved, OpenError> {
    match read_version(report)? {
        found if found == u64::from(SCHEMA_VERSION) => {}
        found => return Err(OpenError::Version { found }),
    }
    serde_json::from_slice(report).map_err(|e| OpenError::Malformed { line: e.line(), column: e.column() })
}

/// The schema version of a JSON report, whatever the rest of it looks like.
///
/// # Errors
/// [`OpenError::NotJson`] or [`OpenError::NotAReport`].
pub fn read_version(report: &[u8]) -> Result<u64, OpenError> {
    #[derive(Deserialize)]
    struct Marker {
        schema_version: u64,
    }
    serde_json::from_slice::<Marker>(report).map(|m| m.schema_version).map_err(|e| match e.classify() {
        serde_json::error::Category::Data => OpenError::NotAReport,
        _ => OpenError::NotJson { line: e.line(), column: e.column() },
    })
}

#[cfg(test)]
mod tests {
    use super::{OpenError, SavedPlace, open, read_version};
    use crate::report::{Format, Style, Values, sample, write};
    use crate::scan::finding::Severity;

    #[test]
    fn what_was_written_opens() {
        for values in [Values::Redacted, Values::Shown] {
            for scan in [sample::sample(), sample::hostile()] {
                let mut out = Vec::new();
                write(Format::Json, &scan, &Style { values, ..Style::default() }, &mut out).unwrap();
                let saved = open(&out).unwrap();
                assert_eq!(saved.findings.len(), scan.findings.len());
                assert!(saved.findings.is_sorted_by_key(|f| std::cmp::Reverse(f.severity)));
                assert_eq!(saved.findings[0].severity, Severity::Critical);
                assert_eq!(saved.stable_fingerprints, scan.stable_fingerprints);
                assert!(saved.findings.iter().all(|f| !f.fingerprint.is_empty() && !f.occurrences.is_empty()));
                let places = saved.findings.iter().flat_map(|f| &f.occurrences);
                let (within, whole): (Vec<&SavedPlace>, Vec<&SavedPlace>) = places.partition(|p| p.inside.is_some());
                assert!(!within.is_empty() && within.iter().all(|p| p.place.starts_with(&p.path) && p.place != p.path));
                assert!(!whole.is_empty() && whole.iter().all(|p| p.place == p.path));
            }
        }
    }

    #[test]
    fn what_cannot_be_opened_is_refused_clearly() {
        let check = |report: &str, expected: &str| assert_eq!(open(report.as_bytes()).unwrap_err().to_string(), expected);
        check("", "not a JSON report: the JSON breaks off or goes wrong at line 1, column 0");
        check("{\"schema_version\": 1,\n", "not a JSON report: the JSON breaks off or goes wrong at line 2, column 0");
        check("{\"schema_version\":1}\n{}", "not a JSON report: the JSON breaks off or goes wrong at line 2, column 1");
        check("[]", "not a report of this program: it has no `schema_version` number");
        check("{\"findings\":[]}", "not a report of this program: it has no `schema_version` number");
        check("{\"schema_version\":\"1\"}", "not a report of this program: it has no `schema_version` number");
        let other = |v: u64| {
            format!(
                "the report has schema version {v}, this program reads version 1; write it again with the program that reads it"
            )
        };
        check("{\"schema_version\":0}", &other(0));
        check("{\"schema_version\":2,\"findings\":7}", &other(2));
        check(
            "{\"schema_version\":1,\n\"findings\":7}",
            "broken report: a field is missing or of the wrong type before line 2, column 12",
        );
        assert_eq!(read_version(b"{\"schema_version\":77,\"x\":[]}"), Ok(77));
        assert_eq!(open(b"{\"schema_version\":1}"), Err(OpenError::Malformed { line: 1, column: 20 }));
    }

    #[test]
    fn errors_do_not_quote_the_report() {
        let canary = concat!("canary", "-5f0c2a9e");
        for report in [
            format!("{{\"schema_version\":\"{canary}\"}}"),
            format!("{{\"schema_version\":1,\"complete\":\"{canary}\"}}"),
            format!("{{\"schema_version\":1,\"findings\":[{{\"severity\":\"{canary}\"}}]}}"),
            format!("{{\"schema_version\":1 {canary}"),
        ] {
            let error = open(report.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(canary));
        }
    }
}
