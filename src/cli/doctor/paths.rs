//! Does git reach the hooks that are there? Hooks that something else stands in front of, and programs that are gone.
//!
//! It must not run hooks; [`super::hooks`] does. Start with [`check`].

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::read::{is_ours, lines, script};
use super::run::run;
use super::{Answer, Patient, State};
use crate::hook::{self, CHAINED, Hook, Manager, State as Call, Status};

/// Variables that turn a manager off.
const OFF: &[(Manager, &str, &[&str])] = &[
    (Manager::Husky, "HUSKY", &["0"]),
    (Manager::Husky, "HUSKY_SKIP_HOOKS", &["1", "true"]),
    (Manager::OldHusky, "HUSKY_SKIP_HOOKS", &["1", "true"]),
    (Manager::Lefthook, "LEFTHOOK", &["0", "false"]),
    (Manager::SimpleGitHooks, "SKIP_SIMPLE_GIT_HOOKS", &["1"]),
    (Manager::Overcommit, "OVERCOMMIT_DISABLE", &["1"]),
];

/// Programs that know themselves where another program is.
const LAUNCHERS: &[&str] = &[
    "npx ",
    "pnpm ",
    "yarn ",
    "bunx ",
    "uvx ",
    "uv run",
    "pipx run",
    "mise ",
    "nix ",
    "docker ",
    "podman ",
    "poetry run",
    "cargo run",
];

pub(super) fn check(patient: &Patient<'_>, answer: &mut Answer) {
    if no_folder(patient, answer) {
        return;
    }
    let status = match hook::status(patient.repository) {
        Ok(status) => status,
        Err(e) => return answer.unchecked("git's hooks", &e.into()),
    };
    shadowed(patient, answer, &status);
    replaced(patient, answer, &status);
    managers(patient, answer, &status);
    switched_off(answer, &status);
    programs(patient, answer, &status);
    if answer.is_quiet() {
        let folder = patient.repository.name(&patient.repository.hooks);
        answer.add(State::Ok, "hooks", format!("git looks for them in {folder}{}, and nothing is in front", because(patient)));
    }
}

fn because(patient: &Patient<'_>) -> String {
    let set = patient.repository.configured.as_ref();
    set.map_or_else(String::new, |set| format!(" (core.hooksPath of the {} configuration, {})", set.scope, set.origin))
}

/// What takes the setting away that leads git elsewhere.
fn unset(patient: &Patient<'_>) -> String {
    match patient.repository.configured.as_ref().map(|set| set.scope.as_str()) {
        Some("command") => "take core.hooksPath out of GIT_CONFIG_PARAMETERS or GIT_CONFIG_COUNT of the environment".to_owned(),
        Some(scope) => {
            format!("`git config --{scope} --unset core.hooksPath`, or `stanch hook install` to put stanch where git looks")
        }
        None => "`stanch hook install` puts stanch where git looks".to_owned(),
    }
}

/// Is there no folder where git looks?
fn no_folder(patient: &Patient<'_>, answer: &mut Answer) -> bool {
    let repository = patient.repository;
    let is_missing = repository.configured.is_some() && !repository.hooks.is_dir();
    if is_missing {
        let what = format!(
            "it leads to {}, which is no folder: git runs no hooks{}",
            repository.name(&repository.hooks),
            because(patient)
        );
        answer.broken("core.hooksPath", what, unset(patient));
    }
    is_missing
}

/// Hooks of ours in the repository, where git does not look.
fn shadowed(patient: &Patient<'_>, answer: &mut Answer, status: &Status) {
    let repository = patient.repository;
    let own = repository.common.join("hooks");
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if real(&own) == real(&repository.hooks) {
        return;
    }
    for hook in Hook::ALL {
        let path = own.join(hook.name());
        let called = repository.hooks.join(hook.name());
        let runs = status.hooks.iter().any(|(one, _, call)| *one == hook && call.runs());
        // What only passes on runs the repository's own.
        let passes = script(&called).contains("--git-common-dir") && is_executable(&called);
        if is_ours(&script(&path)) && !runs && !passes {
            let what =
                format!("it calls stanch, but git looks for hooks in {}{}", repository.name(&repository.hooks), because(patient));
            answer.broken(repository.name(&path), what, unset(patient));
        }
    }
}

/// Hooks of ours that another program moved away.
fn replaced(patient: &Patient<'_>, answer: &mut Answer, status: &Status) {
    for (hook, path, call) in &status.hooks {
        if call.runs() {
            continue;
        }
        let name = |end: &str| PathBuf::from(format!("{}{end}", path.display()));
        let kept = name(CHAINED);
        if kept.exists() && !matches!(call, Call::Idle | Call::Edited) {
            let what = format!("something replaced the hook of stanch: {} is left of it", patient.repository.name(&kept));
            answer.broken(hook.name(), what, "`stanch hook install` after moving that file back or away");
        }
        // So lefthook and old versions of husky move hooks away, which then no longer run.
        for old in [name(".old"), name(".bak")] {
            if is_ours(&script(&old)) && *call != Call::None {
                let what = format!("another program replaced the hook of stanch, which is now {}", patient.repository.name(&old));
                answer.broken(hook.name(), what, "`stanch hook install` adds stanch to the files of that program");
            }
        }
    }
}

/// Managers whose files call stanch, and that git does not call.
fn managers(patient: &Patient<'_>, answer: &mut Answer, status: &Status) {
    for (setup, is_called) in &status.managers {
        let text = match setup.file.is_dir() {
            true => Hook::ALL.iter().map(|hook| script(&setup.file.join(hook.name()))).collect(),
            false => script(&setup.file),
        };
        if is_ours(&text) && !is_called {
            let name = setup.manager.name();
            let what = format!("{name} is to call stanch, but git does not call {name}{}", because(patient));
            answer.broken(patient.repository.name(&setup.file), what, format!("`{}` starts it", setup.manager.start()));
        }
    }
}

fn switched_off(answer: &mut Answer, status: &Status) {
    let is_called = |manager: Manager| status.managers.iter().any(|(setup, called)| setup.manager == manager && *called);
    for (manager, name, values) in OFF {
        let value = std::env::var(name).unwrap_or_default();
        if is_called(*manager) && values.contains(&value.as_str()) {
            answer.broken(*name, format!("it is {value}, so {} runs no hooks", manager.name()), "take it out of the environment");
        }
    }
    let skipped = std::env::var("SKIP").unwrap_or_default();
    if is_called(Manager::PreCommit) && skipped.split(',').any(|id| id.trim().starts_with("stanch")) {
        answer.broken("SKIP", "it names stanch, so pre-commit leaves stanch out", "take it out of the environment");
    }
    let settings = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let settings = settings.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    let Some(file) = settings.map(|folder| folder.join("husky/init.sh")).filter(|_| is_called(Manager::Husky)) else { return };
    let text = script(&file);
    if let Some((number, _)) = lines(&text).find(|(_, line)| line.contains("HUSKY=0")) {
        answer.broken(format!("{}:{number}", file.display()), "HUSKY is 0 there, so husky runs no hooks", "take that line out");
    }
}

/// Programs that hooks call: are they there, and are they this one?
fn programs(patient: &Patient<'_>, answer: &mut Answer, status: &Status) {
    let mut seen: Vec<PathBuf> = Vec::new();
    for (hook, path, call) in &status.hooks {
        let text = match call {
            Call::Through(Manager::Husky) => {
                patient.repository.hooks.parent().map(|folder| script(&folder.join(hook.name()))).unwrap_or_default()
            }
            _ => script(path),
        };
        let is_fetched = LAUNCHERS.iter().any(|name| lines(&text).any(|(_, line)| line.contains(name)));
        if !is_ours(&text) || is_fetched || matches!(call, Call::Idle) {
            continue;
        }
        match program(&text) {
            Err(gone) => {
                let what = format!("it calls {gone}, which is not there, nor on the PATH");
                answer.broken(
                    patient.repository.name(path),
                    what,
                    "install stanch there, or `stanch hook remove` and `stanch hook install`",
                );
            }
            Ok(program) if !seen.contains(&program) => {
                another(patient, answer, (hook.name(), &program));
                seen.push(program);
            }
            Ok(_) => {}
        }
    }
}

/// The program that a hook calls, or the name of one that is gone.
fn program(text: &str) -> Result<PathBuf, String> {
    let absolute: Vec<PathBuf> =
        lines(text).filter(|(_, line)| !line.trim_start().starts_with("echo ")).flat_map(|(_, line)| named(line)).collect();
    let found = on_path();
    // Ours looks on the PATH first, others say which.
    let prefers_path = absolute.is_empty() || text.contains("command -v stanch");
    let first = absolute.first();
    match (found, first) {
        (Some(found), _) if prefers_path => Ok(found),
        (_, Some(program)) if is_executable(program) => Ok(program.clone()),
        (_, Some(program)) => Err(program.display().to_string()),
        (_, None) => Err("stanch".to_owned()),
    }
}

/// Absolute paths of programs called stanch.
fn named(line: &str) -> Vec<PathBuf> {
    let words = line.split(['\'', '"', ' ', '\t', '=', ';', '(', ')', '&', '|', '`']);
    words.filter(|word| word.starts_with('/') && word.ends_with("/stanch")).map(PathBuf::from).collect()
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("stanch")).find(|program| is_executable(program))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Says if a hook calls another version than this one.
fn another(patient: &Patient<'_>, answer: &mut Answer, (hook, program): (&str, &Path)) {
    let this = std::env::current_exe().and_then(|path| path.canonicalize()).ok();
    if program.canonicalize().ok() == this || patient.args.no_run {
        return;
    }
    let version = || -> anyhow::Result<String> {
        let folder = tempfile::tempdir()?;
        let ran = run(std::process::Command::new(program).arg("--version"), b"", (folder.path(), patient.limit))?;
        Ok(patient.told(&String::from_utf8_lossy(&ran.out)))
    };
    let (ours, place) = (concat!("stanch ", env!("CARGO_PKG_VERSION")), program.display());
    match version() {
        Ok(theirs) if theirs == ours => {}
        Ok(theirs) => {
            answer.warning(hook, format!("it calls {place}, which is {theirs}; this is {ours}"), "update the one that hooks call")
        }
        Err(e) => answer.unchecked(hook, &e.context(format!("{place} does not tell its version"))),
    }
}
