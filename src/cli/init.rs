//! `stanch init`.

use std::process::ExitCode;

use super::args;
use crate::base::text;
use crate::scan::project::Project;

#[expect(clippy::print_stderr, reason = "says what was made and what to do next")]
pub(super) fn run(args: &args::Init) -> anyhow::Result<ExitCode> {
    let path = args.dir.join("stanch.toml");
    Project::create(&path)?;
    let name = path.display().to_string();
    eprintln!(
        "wrote {} with a fresh project key; commit it, so that fingerprints are the same for everyone",
        text::sanitise(name.as_bytes())
    );
    Ok(ExitCode::SUCCESS)
}
