//! Rank 7: the command line. The only place that reads arguments, prints, exits and uses `anyhow`.
//!
//! Start with [`main`]. One file per command; [`exit`] turns an error into text and a code.

mod args;
mod baseline;
mod clock;
mod config;
mod exit;
mod explain;
mod git;
mod history;
mod in_tree;
mod init;
mod known;
mod output;
mod progress;
mod rules;
mod scan;
mod verdicts;

use std::process::ExitCode;

use clap::Parser as _;

/// Runs the program.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the command line")]
pub fn main() -> ExitCode {
    let args = match args::Cli::try_parse_from(args::spelt(std::env::args_os())) {
        Ok(args) => args,
        Err(e) => return exit::usage(&e),
    };
    let result = match args.command {
        args::Command::Scan(scan) => scan::run(&git::hooked(*scan)),
        args::Command::Explain(explain) => explain::run(&explain),
        args::Command::History(history) => history::run(&history),
        args::Command::Rules(rules) => rules::run(&rules),
        args::Command::Init(init) => init::run(&init),
        args::Command::Baseline(baseline) => baseline::run(&baseline),
    };
    result.unwrap_or_else(|e| exit::failure(&e))
}
