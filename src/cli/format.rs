//! The forms of reports as words of the command line, and further reports of the same scan.
//!
//! It must not know how a report is made or written. Start with [`Format`] and [`Also`].

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::ValueEnum;

use super::output::Wanted;
use crate::base::text::nearest;
use crate::report;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// One JSON object, a finding for each distinct secret
    Json,
    /// JSON lines, one for each place
    Jsonl,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// The JSON that gitleaks writes, one object for each place; it says nothing of gaps
    GitleaksJson,
    /// One page for a browser, which loads nothing: search, filters, and a list of what to allow
    Html,
    /// JUnit XML: a failure for each distinct secret, an error for each gap
    Junit,
    /// A table, one row for each place
    Csv,
    /// GitLab's secret detection report
    Gitlab,
    /// Annotations of GitHub Actions
    Github,
    /// A summary in Markdown, at most 1 MiB
    Markdown,
    /// The same for a comment, at most 65,536 characters
    MarkdownComment,
}

impl From<Format> for report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Human => Self::Human,
            Format::Json => Self::Json,
            Format::Jsonl => Self::Jsonl,
            Format::Sarif => Self::Sarif,
            Format::GitleaksJson => Self::GitleaksJson,
            Format::Html => Self::Html,
            Format::Junit => Self::Junit,
            Format::Csv => Self::Csv,
            Format::Gitlab => Self::Gitlab,
            Format::Github => Self::Github,
            Format::Markdown => Self::Markdown,
            Format::MarkdownComment => Self::MarkdownComment,
        }
    }
}

/// `FORMAT=FILE`: a further report of the same scan.
#[derive(Debug, Clone)]
pub(super) struct Also {
    format: Format,
    path: PathBuf,
}

impl From<&Also> for Wanted {
    fn from(also: &Also) -> Self {
        Self { format: also.format.into(), path: Some(also.path.clone()) }
    }
}

impl Also {
    /// Reads what stands behind `--also`. A path may be any bytes.
    pub(super) fn parse(text: &OsStr) -> Result<Self, String> {
        let bytes = text.as_encoded_bytes();
        let at = bytes.iter().position(|b| *b == b'=').ok_or("write FORMAT=FILE, such as sarif=out.sarif")?;
        let word = String::from_utf8_lossy(&bytes[..at]).into_owned();
        let format = Format::from_str(&word, false).map_err(|_| unknown(&word))?;
        let path = PathBuf::from(behind(text, at + 1));
        if path.as_os_str().is_empty() {
            return Err(format!("write FORMAT=FILE, such as {word}=FILE"));
        }
        Ok(Self { format, path })
    }
}

/// What of `text` stands from byte `at` on, which is behind an ASCII character.
#[cfg(unix)]
fn behind(text: &OsStr, at: usize) -> OsString {
    use std::os::unix::ffi::OsStrExt as _;
    OsStr::from_bytes(&text.as_bytes()[at..]).to_owned()
}

#[cfg(not(unix))]
fn behind(text: &OsStr, at: usize) -> OsString {
    OsString::from(&text.to_string_lossy()[at..])
}

fn unknown(word: &str) -> String {
    let words = report::Format::ALL.map(report::Format::word);
    match nearest(word, words.into_iter()) {
        Some(meant) => format!("unknown format `{word}`: did you mean `{meant}`?"),
        None => format!("unknown format `{word}`: the formats are {}", report::Format::words()),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::{Also, Format};
    use crate::cli::output::Wanted;
    use crate::report;

    #[test]
    fn every_form_of_report_has_a_word_here() {
        let words: Vec<String> =
            Format::value_variants().iter().map(|f| f.to_possible_value().unwrap().get_name().to_owned()).collect();
        assert_eq!(words, report::Format::ALL.map(|f| f.word().to_owned()));
        for (here, there) in Format::value_variants().iter().zip(report::Format::ALL) {
            assert_eq!(report::Format::from(*here), there);
        }
    }

    #[test]
    fn further_reports() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let found = Also::parse(text.as_ref()).map(|also| Wanted::from(&also));
            let found = found.map(|w| format!("{} {}", w.format, w.path.unwrap().display()));
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        };
        check("sarif=out.sarif", Ok("sarif out.sarif"));
        check("json=a=b", Ok("json a=b"));
        check("jsonl=-", Ok("jsonl -"));
        check("sarif", Err("write FORMAT=FILE, such as sarif=out.sarif"));
        check("sarif=", Err("write FORMAT=FILE, such as sarif=FILE"));
        check("sarf=x", Err("unknown format `sarf`: did you mean `sarif`?"));
        let all = format!("unknown format `pdf`: the formats are {}", report::Format::words());
        check("pdf=x", Err(&all));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_may_be_any_bytes() {
        use std::os::unix::ffi::OsStrExt as _;
        let also = Also::parse(std::ffi::OsStr::from_bytes(b"json=\xff")).unwrap();
        assert_eq!(also.path.as_os_str().as_bytes(), b"\xff");
    }
}
