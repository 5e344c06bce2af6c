//! Rank 7: the command line. The only place that reads arguments, prints, exits and uses `anyhow`.
//!
//! Start with [`main`]. One file per command; [`exit`] turns an error into text and a code.

mod args;
mod audit;
mod baseline;
mod choice;
mod ci;
mod clock;
mod compat;
mod completions;
mod config;
mod doctor;
mod exit;
mod explain;
mod filter;
mod format;
mod git;
mod history;
mod hook;
mod import;
mod in_tree;
mod init;
mod instead;
mod known;
mod man;
mod migrate;
mod output;
mod prints;
mod progress;
mod rules;
mod run;
mod scan;
mod vault;
mod verdicts;

use std::process::ExitCode;

use clap::Parser as _;

/// Runs the program.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the command line")]
pub fn main() -> ExitCode {
    crate::base::heap::prepare();
    let compat::Translated { args, rules } = match compat::translate(std::env::args_os()) {
        Ok(translated) => translated,
        Err(e) => return exit::failure(&e),
    };
    let args = match args::Cli::try_parse_from(args) {
        Ok(args) => args,
        Err(e) => return exit::usage(&e),
    };
    let result = match args.command {
        args::Command::Scan(mut scan) => {
            scan.rules.more = rules;
            scan::run(&git::hooked(*scan))
        }
        args::Command::Filter(filter) => filter::run(&filter),
        args::Command::Ci(mut ci) => {
            ci.scan.rules.more = rules;
            ci::run(&ci)
        }
        args::Command::Explain(explain) => explain::run(&explain),
        args::Command::History(history) => history::run(&history),
        args::Command::Rules(rules) => rules::run(&rules),
        args::Command::Init(init) => init::run(&init),
        args::Command::Baseline(baseline) => baseline::run(&baseline),
        args::Command::Migrate(migrate) => migrate::run(&migrate),
        args::Command::Hook(hook) => hook::run(hook),
        args::Command::Doctor(doctor) => doctor::run(&doctor),
        args::Command::Run(args) => return run::run(&args),
        args::Command::Inject(args) => run::inject(&args),
        args::Command::Audit(audit) => audit::run(&audit),
        args::Command::Vault(vault) => vault::run(&vault),
        args::Command::Completions(completions) => completions::run(&completions),
        args::Command::Man(man) => man::run(&man),
    };
    result.unwrap_or_else(|e| exit::failure(&e))
}
