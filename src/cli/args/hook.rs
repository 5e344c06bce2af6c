//! The command line of `stanch hook` as types.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Subcommand, ValueEnum};

use super::{Level, RuleChoice, Silence, Sureness};
use crate::hook;

/// Have git look for secrets by itself: before each commit, before each push, and on servers before a push is taken
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Hook {
    #[command(subcommand)]
    pub(in crate::cli) command: HookCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum HookCommand {
    Install(HookInstall),
    Status(HookStatus),
    Remove(HookRemove),
    Run(Box<HookRun>),
}

/// Have git call stanch
///
/// A hook that is there already is kept beside ours, and still runs. Where husky, lefthook or the pre-commit framework keeps the hooks,
/// stanch is added to its files. What is put in, `stanch hook remove` takes out again.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct HookInstall {
    /// Which hooks; pre-commit and pre-push without this, and pre-receive in a bare repository
    #[arg(long, value_name = "HOOK", value_delimiter = ',', action = ArgAction::Append)]
    pub(in crate::cli) hook: Vec<HookName>,
    /// For all repositories of yours, by core.hooksPath of your configuration
    #[arg(long, conflicts_with_all = ["repo", "into"])]
    pub(in crate::cli) global: bool,
    /// Whose files get the command, where that is not clear
    #[arg(long, value_name = "MANAGER")]
    pub(in crate::cli) into: Option<Into>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// A folder of the repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub(in crate::cli) repo: PathBuf,
}

/// Say what git calls at each hook; the exit code is 0 if stanch is among it, else 3
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct HookStatus {
    /// Form of the answer
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    pub(in crate::cli) format: StatusFormat,
    /// A folder of the repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub(in crate::cli) repo: PathBuf,
}

/// Take out what `stanch hook install` put in; hooks that were there before come back as they were
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct HookRemove {
    /// What was installed with --global
    #[arg(long, conflicts_with = "repo")]
    pub(in crate::cli) global: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// A folder of the repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub(in crate::cli) repo: PathBuf,
}

/// Do the work of a hook: what git and hook managers call
///
/// pre-commit scans what the commit would add, of the files named if there are any; pre-push and pre-receive what the push brings, by the
/// lines on standard input; commit-msg the file of the message. What the pre-commit framework says in the environment counts.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct HookRun {
    /// Name of the hook, or the path that git called it by: then a hook kept beside it runs as well
    #[arg(value_name = "HOOK")]
    pub(in crate::cli) hook: PathBuf,
    /// What git gave to the hook
    #[arg(value_name = "ARGUMENT")]
    pub(in crate::cli) given: Vec<OsString>,
    /// Run the hook that the repository has itself, too
    #[arg(long, hide = true)]
    pub(in crate::cli) with_own: bool,
    #[command(flatten)]
    pub(in crate::cli) rules: RuleChoice,
    #[command(flatten)]
    pub(in crate::cli) silence: Silence,
    /// Report findings of at least this severity
    #[arg(long, value_name = "SEVERITY")]
    pub(in crate::cli) min_severity: Option<Level>,
    /// Report findings of at least this confidence
    #[arg(long, value_name = "CONFIDENCE")]
    pub(in crate::cli) min_confidence: Option<Sureness>,
    /// Read objects that a repository borrows from others (alternates) if they lie in this folder; may be repeated
    #[arg(long, value_name = "DIR", action = ArgAction::Append)]
    pub(in crate::cli) allow_alternates: Vec<PathBuf>,
    /// Say nothing where nothing is found
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
}

/// Hooks that look for secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum HookName {
    PreCommit,
    PrePush,
    CommitMsg,
    PreReceive,
}

impl From<HookName> for hook::Hook {
    fn from(name: HookName) -> Self {
        match name {
            HookName::PreCommit => Self::PreCommit,
            HookName::PrePush => Self::PrePush,
            HookName::CommitMsg => Self::CommitMsg,
            HookName::PreReceive => Self::PreReceive,
        }
    }
}

/// Whose files get our command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Into {
    /// Git's own hooks
    Git,
    /// husky's scripts
    Husky,
    /// lefthook.yml
    Lefthook,
    /// .pre-commit-config.yaml
    PreCommit,
}

impl From<Into> for hook::Way {
    fn from(into: Into) -> Self {
        match into {
            Into::Git => Self::Git,
            Into::Husky => Self::Husky,
            Into::Lefthook => Self::Lefthook,
            Into::PreCommit => Self::PreCommit,
        }
    }
}

/// Forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StatusFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
}
