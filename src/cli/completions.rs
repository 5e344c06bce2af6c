//! `stanch completions`: what a shell offers behind `stanch`, from the definitions that the command line is read with.

use std::process::ExitCode;

use clap::CommandFactory as _;

use super::{args, output};

pub(super) fn run(args: &args::Completions) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::Cli::command(), "stanch", &mut script);
    output::write(None, |out| out.write_all(&script))?;
    Ok(ExitCode::SUCCESS)
}
