//! Exit codes, and errors as people read them.
//!
//! 0: clean and complete. 1: findings. 2: usage or configuration. 3: incomplete, without findings.

use std::io::Write as _;
use std::process::ExitCode;

use crate::base::text;
use crate::scan::engine::Engine;
use crate::scan::mask::Mask;
use crate::scan::rule::builtin;

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

/// The exit code for an error.
pub(super) fn code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(|e| e.downcast_ref::<Hinted>()).map_or(USAGE, |hinted| hinted.code)
}

/// Prints an error: one line, the chain joined, then the hint. Everything foreign is made safe for a terminal.
pub(super) fn failure(error: &anyhow::Error) -> ExitCode {
    // The code says it, too, where standard error takes nothing.
    let mut talk = std::io::stderr().lock();
    let _ = writeln!(talk, "error: {}", text::sanitise(masked(&words(error)).as_bytes()));
    let hinted = error.chain().find_map(|e| e.downcast_ref::<Hinted>());
    if let Some(hinted) = hinted {
        let _ = writeln!(talk, "hint: {}", text::sanitise(masked(&hinted.hint).as_bytes()));
    }
    ExitCode::from(code(error))
}

/// The chain of an error in one line.
pub(super) fn words(error: &anyhow::Error) -> String {
    error.chain().map(|e| plain(e.to_string())).collect::<Vec<_>>().join(": ")
}

/// Without what is a secret itself: somebody may have typed one in the place of a path or a rule.
pub(super) fn masked(text: &str) -> String {
    let engine = Engine::new(builtin::rules()).ok();
    engine.map_or_else(|| text.to_owned(), |engine| Mask::of(&engine, &[]).text(text).into_owned())
}

/// The system's words for an error as we write errors: in lower case, without the number.
fn plain(text: String) -> String {
    match text.split_once(" (os error ") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

/// What to do about a flag or a report format of another scanner.
fn hint(error: &clap::Error) -> Option<&'static str> {
    use clap::error::{ContextKind, ContextValue, ErrorKind};
    if error.kind() == ErrorKind::UnknownArgument {
        let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
        return super::instead::of(flag.split('=').next().unwrap_or_default().trim_start_matches('-'));
    }
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return None };
    let is_format = matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(arg)) if arg.contains("--format"));
    let hint = match value.as_str() {
        _ if !is_format => return None,
        "text" | "plain" | "pretty" | "table" => "`-f human` is for people, and what is written without `-f`",
        _ => "`stanch scan --help` says what each is for",
    };
    Some(hint)
}

/// Help and version go to standard output with code 0, everything else to standard error with code 2.
#[expect(clippy::print_stderr, reason = "errors are talk")]
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let safe = if error.use_stderr() { masked(&text) } else { String::new() };
    if safe.is_empty() || safe == text {
        // A closed pipe is no reason to fail louder.
        let _ = error.print();
    } else {
        safe.lines().for_each(|line| eprintln!("{}", text::sanitise(line.as_bytes())));
    }
    if let Some(hint) = hint(error) {
        eprintln!("hint: {hint}");
    }
    if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::from(CLEAN) }
}
