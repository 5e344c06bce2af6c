//! Rank 2: a finished scan to bytes. Pure: no IO beyond the given writer, no clock, no globals.
//!
//! It must not know how a scan was made, what a terminal is or which exit code a verdict becomes. Start with [`write`]; one file
//! per format, and [`line`] is the only file that sees a value.

mod csv;
mod escape;
mod github;
mod gitlab;
mod gitleaks;
mod html;
mod human;
mod json;
mod junit;
mod layout;
mod line;
mod markdown;
mod place;
pub mod rewrite;
mod sarif;
mod saved;
mod summary;
mod tree;
mod verdict;
mod words;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod redaction;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod sarif_rules;

pub use saved::{OpenError, Saved, SavedFinding, SavedPlace, open, read_version};
pub use verdict::{Input, Verdict};

use std::cmp::Reverse;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use crate::scan::finding::{Exposure, Finding, Scan};

/// Writes `scan` as `format`. The bytes depend on the arguments alone.
///
/// Findings come most severe first; within one severity, those of history by how near they are to others, else in the order of `scan`.
///
/// # Errors
/// Whatever `out` fails with.
pub fn write(format: Format, scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(scan, style, out),
        Format::Json => json::write(scan, style, out),
        Format::Jsonl => json::write_lines(scan, style, out),
        Format::Sarif => sarif::write(scan, style, out),
        Format::GitleaksJson => gitleaks::write(scan, style, out),
        Format::Html => html::write(scan, style, out),
        Format::Junit => junit::write(scan, style, out),
        Format::Csv => csv::write(scan, style, out),
        Format::Gitlab => gitlab::write(scan, style, out),
        Format::Github => github::write(scan, style, out),
        Format::Markdown => markdown::write(scan, style, markdown::SUMMARY, out),
        Format::MarkdownComment => markdown::write(scan, style, markdown::COMMENT, out),
    }
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a person at a terminal.
    Human,
    /// One JSON object; findings grouped by distinct secret. [`open`] reads it back.
    Json,
    /// One JSON object a line: findings (one per place), issues, and a summary as the last line.
    Jsonl,
    /// SARIF 2.1.0 for code scanning services.
    Sarif,
    /// The JSON that gitleaks writes, for what reads that.
    GitleaksJson,
    /// One page for a browser, which loads nothing.
    Html,
    /// JUnit XML: a failed test case for each distinct secret, an error for each gap.
    Junit,
    /// A table, one row for each place.
    Csv,
    /// GitLab's secret detection report.
    Gitlab,
    /// Workflow commands of GitHub Actions: annotations beside the code.
    Github,
    /// A summary in Markdown, at most 1 MiB.
    Markdown,
    /// The same for a comment, at most 65,536 characters.
    MarkdownComment,
}

/// How a report is written.
#[derive(Clone, Debug)]
pub struct Style {
    /// Whether the values themselves are written.
    pub values: Values,
    /// Whether the human report is coloured.
    pub color: Color,
    /// What the caller knows about the input as a whole.
    pub input: Input,
    /// Prefix cut off every path, so that paths are relative to the repository; empty cuts nothing.
    pub root: PathBuf,
    /// What the runs of a SARIF report are called by: code scanning keeps reports of different names apart.
    pub category: String,
    /// This program's version.
    pub version: String,
    /// What is said of the run itself.
    pub run: Run,
}

/// A run: when, with which rules, of what. Reports read no clock.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// When it began, in seconds since 1970.
    pub began: u64,
    /// When it ended.
    pub ended: u64,
    /// The version of the built-in rules, or of the pack in their place.
    pub rules: String,
    /// What was scanned, as it was named.
    pub inputs: Vec<String>,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            values: Values::Redacted,
            color: Color::Off,
            input: Input::Named,
            root: PathBuf::new(),
            category: "stanch".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: Run::default(),
        }
    }
}

/// Whether a report holds the values it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Only a stand-in such as `ghp_********`.
    Redacted,
    /// The value too, in a field of its own.
    Shown,
}

/// Whether the human report is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Plain text.
    Off,
    /// ANSI colours.
    On,
}

/// A word that names no report format.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown report format {found:?}; use one of {}", Format::words())]
pub struct UnknownFormat {
    /// The word given.
    pub found: String,
}

impl Format {
    /// All formats, in the order they are listed to people.
    pub const ALL: [Self; 12] = [
        Self::Human,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::GitleaksJson,
        Self::Html,
        Self::Junit,
        Self::Csv,
        Self::Gitlab,
        Self::Github,
        Self::Markdown,
        Self::MarkdownComment,
    ];

    /// The words of all, as a list for people.
    #[must_use]
    pub fn words() -> String {
        Self::ALL.map(Self::word).join(", ")
    }

    /// Does it name files from the root of the repository, as services do that show findings beside the code?
    #[must_use]
    pub fn is_from_root(self) -> bool {
        matches!(self, Self::Sarif | Self::Gitlab | Self::Github)
    }

    /// Does it say when a scan was, and with which rules?
    #[must_use]
    pub fn tells_run(self) -> bool {
        matches!(self, Self::Html | Self::Markdown | Self::MarkdownComment)
    }

    /// The word that names it on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::GitleaksJson => "gitleaks-json",
            Self::Html => "html",
            Self::Junit => "junit",
            Self::Csv => "csv",
            Self::Gitlab => "gitlab",
            Self::Github => "github",
            Self::Markdown => "markdown",
            Self::MarkdownComment => "markdown-comment",
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|f| f.word() == word).ok_or_else(|| UnknownFormat { found: word.to_owned() })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The findings, most severe first. Of history, within a severity, those come first that are nearest to others, then the newest.
fn ranked(scan: &Scan) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = scan.findings.iter().collect();
    findings.sort_by_key(|f| {
        let exposure = f.exposure.as_ref();
        let since = exposure.and_then(|e| e.first.as_ref()).map(|first| first.time);
        (Reverse(f.severity), exposure.map(Exposure::danger), Reverse(since))
    });
    findings
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn formats_parse_and_print() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        let error = "xml\x1b".parse::<Format>().unwrap_err().to_string();
        assert!(error.starts_with("unknown report format \"xml\\u{1b}\"; use one of human, json, "), "{error}");
    }
}
