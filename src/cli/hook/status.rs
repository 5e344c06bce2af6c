//! `stanch hook status`: what git calls in a repository, for people and programs.
//!
//! It must not look itself; [`crate::hook::status`] does. Start with [`run`].

use std::process::ExitCode;

use serde_json::json;

use super::super::args::{self, HookStatus};
use super::super::{exit, output};
use super::told;
use crate::base::text::sanitise;
use crate::hook::{self, Manager, Repository, State, Status};

/// The form of the JSON answer.
const VERSION: u32 = 1;

pub(super) fn run(args: &HookStatus) -> anyhow::Result<ExitCode> {
    let repository = Repository::find(&args.repo).map_err(told)?;
    let status = hook::status(&repository).map_err(told)?;
    let works = status.hooks.iter().any(|(_, _, state)| state.runs())
        && !status.hooks.iter().any(|(_, _, state)| matches!(state, State::Edited));
    match args.format {
        args::StatusFormat::Human => human(&repository, &status, works)?,
        args::StatusFormat::Json => json_line(&repository, &status, works)?,
    }
    Ok(ExitCode::from(if works { exit::CLEAN } else { exit::INCOMPLETE }))
}

fn words(state: State) -> String {
    match state {
        State::None => "no hook".to_owned(),
        State::Ours => "stanch".to_owned(),
        State::Chained => "stanch, and the hook that was there before".to_owned(),
        State::Through(manager) => format!("stanch, called by {}", manager.name()),
        State::Without(manager) => format!("{}, which does not call stanch", manager.name()),
        State::ByHand => "a script that calls stanch".to_owned(),
        State::Other => "a script that does not call stanch".to_owned(),
        State::Edited => "a hook of stanch that was changed by hand".to_owned(),
        State::Idle => "not executable: git does not call it".to_owned(),
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::None => "none",
        State::Ours => "stanch",
        State::Chained => "chained",
        State::Through(_) => "through-manager",
        State::Without(_) => "manager-without-stanch",
        State::ByHand => "by-hand",
        State::Other => "other",
        State::Edited => "edited",
        State::Idle => "not-executable",
    }
}

fn human(repository: &Repository, status: &Status, works: bool) -> anyhow::Result<()> {
    let mut lines = vec![format!("hooks lie in {}{}", repository.name(&repository.hooks), because(repository))];
    for (setup, is_called) in &status.managers {
        let called = if *is_called { "git calls it" } else { "git does not call it" };
        lines.push(format!("{} is set up ({}): {called}", setup.manager.name(), repository.name(&setup.file)));
    }
    lines.extend(status.hooks.iter().map(|(hook, _, state)| format!("  {:12}{}", hook.name(), words(*state))));
    if !works {
        lines.push("`stanch hook install` has git call stanch".to_owned());
    }
    output::write(None, |out| lines.iter().try_for_each(|line| writeln!(out, "{}", sanitise(line.as_bytes()))))
}

fn because(repository: &Repository) -> String {
    let set = repository.configured.as_ref();
    set.map_or_else(String::new, |set| format!(", by core.hooksPath of the {} configuration ({})", set.scope, set.origin))
}

fn json_line(repository: &Repository, status: &Status, works: bool) -> anyhow::Result<()> {
    let manager = |state: State| match state {
        State::Through(manager) | State::Without(manager) => Some(Manager::name(manager)),
        _ => None,
    };
    let hooks: Vec<_> = status
        .hooks
        .iter()
        .map(|(hook, path, state)| {
            json!({
                "hook": hook.name(), "path": path.display().to_string(), "state": word(*state),
                "manager": manager(*state), "runs_stanch": state.runs(),
            })
        })
        .collect();
    let managers: Vec<_> = status
        .managers
        .iter()
        .map(
            |(setup, called)| json!({ "name": setup.manager.name(), "file": setup.file.display().to_string(), "called": called }),
        )
        .collect();
    let answer = json!({
        "schema_version": VERSION,
        "hooks_folder": repository.hooks.display().to_string(),
        "configured_by": repository.configured.as_ref().map(|set| json!({ "scope": set.scope, "origin": set.origin })),
        "managers": managers,
        "hooks": hooks,
        "works": works,
    });
    output::write(None, |out| writeln!(out, "{answer}"))
}
