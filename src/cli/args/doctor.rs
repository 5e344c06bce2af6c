//! Arguments of `stanch doctor`.

use std::path::PathBuf;

use clap::{ArgAction, ValueEnum};

use super::StatusFormat;

/// Prove that what should look for secrets here does: with a made-up token in a scratch copy
///
/// Hooks are run by real git in a copy of the tracked files, whose only remote is another scratch repository: once with a token made up for
/// this run, which must be stopped, and once without, which must pass. Other hooks that git calls run in that copy, too. Commands of CI and
/// filters are run as they are written where they are plain. The repository itself is only read.
///
/// Beside that: hooks that git does not reach, what a scan of the history would not see, secret files that others may read or that lie in
/// synced folders, stanch.toml and the baseline.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 nothing is broken, 1 something is, 2 usage, 3 something could not be checked.")]
pub(in crate::cli) struct Doctor {
    /// A folder of the repository
    #[arg(value_name = "PATH", default_value = ".")]
    pub(in crate::cli) path: PathBuf,
    /// Form of the answer
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    pub(in crate::cli) format: StatusFormat,
    /// Only these checks
    #[arg(long, value_name = "CHECK", value_delimiter = ',', action = ArgAction::Append)]
    pub(in crate::cli) only: Vec<Check>,
    /// Run nothing, only read: then nothing is proven
    #[arg(long)]
    pub(in crate::cli) no_run: bool,
    /// A filter that logs go through, as a command of a shell; may be repeated
    #[arg(long, value_name = "CMD", action = ArgAction::Append)]
    pub(in crate::cli) filter_command: Vec<String>,
    /// Seconds that a hook or a command may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(in crate::cli) timeout: u64,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(in crate::cli) enum Check {
    /// Do git's hooks stop a secret?
    Hooks,
    /// Does git reach the hooks that are there?
    Paths,
    /// Does CI stop a secret?
    Ci,
    /// Does the filter take a secret out?
    Filter,
    /// Is the history whole?
    History,
    /// Who else gets at files that hold secrets?
    Files,
    /// Do stanch.toml and the baseline hold?
    Config,
}

impl Check {
    /// Its name.
    pub(in crate::cli) fn name(self) -> &'static str {
        match self {
            Self::Hooks => "hooks",
            Self::Paths => "paths",
            Self::Ci => "ci",
            Self::Filter => "filter",
            Self::History => "history",
            Self::Files => "files",
            Self::Config => "config",
        }
    }
}
