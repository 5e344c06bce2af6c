//! `stanch hook`: git's hooks, installed, looked at, taken out, and run.
//!
//! It must not know how hooks are found and written; [`crate::hook`] does. Start with [`run`].
//!
//! - [`work`]: what a hook does when git calls it. [`advice`]: what to do about what it found. [`chain`]: hooks that run beside it.
//! - [`install`]: `install` and `remove`. [`status`]: what git calls.

mod advice;
mod chain;
mod install;
mod status;
mod work;

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args;
use super::exit::hinted;
use crate::hook::Error;
use crate::scan::source::files::{self, Obey};
use crate::scan::source::git::{self, History};
use crate::scan::source::work::Job;

pub(super) use install::first;

/// What git or a hook manager gave to a hook.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    /// Files, from the top of the work tree.
    pub(super) names: Option<Vec<PathBuf>>,
    /// The message of a commit, without what git takes out, and its file.
    pub(super) message: Option<(PathBuf, Vec<u8>)>,
    /// What stood on standard input.
    pub(super) input: Option<Vec<u8>>,
}

pub(super) fn run(args: args::Hook) -> anyhow::Result<ExitCode> {
    match args.command {
        args::HookCommand::Install(args) => install::install(&args),
        args::HookCommand::Status(args) => status::run(&args),
        args::HookCommand::Remove(args) => install::remove(&args),
        args::HookCommand::Run(args) => work::run(*args),
    }
}

/// An error with its advice.
fn told(error: Error) -> anyhow::Error {
    let hint = error.hint();
    match error {
        // The chain tells what the system said.
        Error::Io { source, action, ref path } => hinted(format!("cannot {action} {}: {}", path.display(), plain(&source)), hint),
        Error::File(error) => {
            let mut words = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(error) = source {
                words = format!("{words}: {error}");
                source = error.source();
            }
            hinted(words.split(" (os error").next().unwrap_or_default(), hint)
        }
        other => hinted(other.to_string(), hint),
    }
}

fn plain(error: &std::io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Scans what is staged, as far as it is asked for. Files that are named although nothing of them is staged mean that all named ones are to
/// be scanned as they are: that is `pre-commit run --all-files`.
pub(super) fn staged(args: &args::Scan, (history, index): (&History, Option<&Path>), job: &Job<'_>) -> Result<bool, git::Error> {
    let Some(names) = &args.given.names else { return history.scan_staged(job, index) };
    let own = |path: &PathBuf| path.strip_prefix(".").unwrap_or(path).as_os_str().as_bytes().to_vec();
    let wanted: HashSet<Vec<u8>> = names.iter().map(own).collect();
    if wanted.is_subset(&history.staged_paths(job, index)?) {
        return history.scan_staged_of(job, index, &wanted);
    }
    files::scan(job, names, Obey::Nothing);
    Ok(true)
}
