//! Arguments of `stanch ci`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::Scan;

const ABOUT: &str = "Scan what a CI job is about: what its push or pull request adds, or everything";
const MORE: &str = "The range is worked out from the event that started the job; `--base` and `--head` override it. What of it is missing in a \
    shallow clone is fetched, no deeper than needed; what cannot be fetched is a gap. All options of `stanch scan` are taken but for those \
    that choose what is scanned.";

/// Arguments of `stanch ci`. Its help is not this comment: that of what is flattened into it would take its place.
#[derive(Debug, clap::Args)]
#[command(about = ABOUT, long_about = format!("{ABOUT}\n\n{MORE}"))]
pub(in crate::cli) struct Ci {
    /// The CI system; known by its variables without this
    #[arg(long, help_heading = "CI", value_name = "NAME")]
    pub(in crate::cli) platform: Option<Platform>,
    /// Read the event of GitHub from this file instead of GITHUB_EVENT_PATH
    #[arg(long, help_heading = "CI", value_name = "FILE")]
    pub(in crate::cli) event: Option<PathBuf>,
    /// Scan what is new since this commit or branch, whatever the event says
    #[arg(long, help_heading = "CI", value_name = "REV")]
    pub(in crate::cli) base: Option<String>,
    /// Scan up to this commit or branch, whatever the event says
    #[arg(long, help_heading = "CI", value_name = "REV")]
    pub(in crate::cli) head: Option<String>,
    /// Which findings make the job fail
    #[arg(long, help_heading = "CI", value_name = "WHICH", default_value = "new")]
    pub(in crate::cli) fail_on: FailOn,
    /// Fetch nothing: what is not here is a gap
    #[arg(long, help_heading = "CI")]
    pub(in crate::cli) no_fetch: bool,
    /// Say what would be scanned and why, and neither fetch nor scan
    #[arg(long, help_heading = "CI")]
    pub(in crate::cli) plan: bool,
    /// On GitHub: write no annotations
    #[arg(long, help_heading = "CI")]
    pub(in crate::cli) no_annotations: bool,
    /// On GitHub: write no job summary
    #[arg(long, help_heading = "CI")]
    pub(in crate::cli) no_summary: bool,
    /// Write a comment for the pull request to this file: the report as Markdown, redacted, within GitHub's limit of 65,536 characters
    #[arg(long, help_heading = "CI", value_name = "FILE")]
    pub(in crate::cli) comment: Option<PathBuf>,
    /// Write a SARIF report of the files that are checked out to this one: code scanning takes alerts that a report lacks for fixed
    #[arg(long, help_heading = "CI", value_name = "FILE")]
    pub(in crate::cli) tree_sarif: Option<PathBuf>,
    /// Keeps SARIF reports and comments of several jobs apart
    #[arg(long, help_heading = "CI", value_name = "NAME", default_value = "stanch", value_parser = category)]
    pub(in crate::cli) category: String,
    #[command(flatten)]
    pub(in crate::cli) scan: Scan,
}

/// CI systems whose variables are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Platform {
    /// GitHub Actions, and what is like it (Forgejo, Gitea)
    #[value(name = "github")]
    GitHub,
    /// GitLab CI
    #[value(name = "gitlab")]
    GitLab,
    /// Bitbucket Pipelines
    Bitbucket,
    /// Azure Pipelines
    Azure,
    /// Jenkins
    Jenkins,
}

/// Which findings make a job fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
    /// What is added and not in the baseline
    New,
    /// What is live at its provider; not available yet
    Live,
    /// What the baseline knows, too
    Any,
    /// No finding; a gap still does
    None,
}

/// A name that may stand in a comment of HTML.
fn category(text: &str) -> Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    let is_name = (1..=100).contains(&text.len()) && text.bytes().all(is_plain) && !text.contains("--") && !text.ends_with('/');
    if is_name { Ok(text.to_owned()) } else { Err("up to 100 letters, digits, `-`, `_`, `.` and `/`".to_owned()) }
}
