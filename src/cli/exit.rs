//! Exit codes, and errors as people read them.
//!
//! 0: clean and complete. 1: findings. 2: usage or configuration. 3: incomplete, without findings.

use std::process::ExitCode;

use crate::base::text;

/// Clean and complete.
pub(super) const CLEAN: u8 = 0;
/// Findings; `--exit-code` changes it.
pub(super) const FINDINGS: u8 = 1;
/// Usage or configuration.
pub(super) const USAGE: u8 = 2;
/// Incomplete, without findings.
pub(super) const INCOMPLETE: u8 = 3;

/// An error that carries advice.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(super) struct Hinted {
    what: String,
    hint: String,
    code: u8,
}

/// An error with a hint on a line of its own.
pub(super) fn hinted(what: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Hinted { what: what.into(), hint: hint.into(), code: USAGE }.into()
}

/// The same, for what is not whole and therefore not scanned.
pub(super) fn incomplete(what: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Hinted { what: what.into(), hint: hint.into(), code: INCOMPLETE }.into()
}

/// Prints an error: one line, the chain joined, then the hint. Everything foreign is made safe for a terminal.
#[expect(clippy::print_stderr, reason = "errors are talk")]
pub(super) fn failure(error: &anyhow::Error) -> ExitCode {
    let chain: Vec<String> = error.chain().map(|e| plain(e.to_string())).collect();
    eprintln!("error: {}", text::sanitise(chain.join(": ").as_bytes()));
    let hinted = error.chain().find_map(|e| e.downcast_ref::<Hinted>());
    if let Some(hinted) = hinted {
        eprintln!("hint: {}", text::sanitise(hinted.hint.as_bytes()));
    }
    ExitCode::from(hinted.map_or(USAGE, |hinted| hinted.code))
}

/// The system's words for an error as we write errors: in lower case, without the number.
fn plain(text: String) -> String {
    match text.split_once(" (os error ") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

/// Help and version go to standard output with code 0, everything else to standard error with code 2.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe is no reason to fail louder.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::from(CLEAN) }
}
