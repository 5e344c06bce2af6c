//! `stanch hook install` and `stanch hook remove`: says what is done, and has it done.
//!
//! It must not decide what; [`crate::hook`] does. Start with [`install`].

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::super::exit::hinted;
use super::super::{args, output};
use super::told;
use crate::base::text::sanitise;
use crate::hook::{self, CHAINED, Global, Hook, Plan, Repository, Step, Wish};

/// Hooks of a work tree, if none are named.
const USUAL: [Hook; 2] = [Hook::PreCommit, Hook::PrePush];

pub(super) fn install(args: &args::HookInstall) -> anyhow::Result<ExitCode> {
    let named: Vec<Hook> = args.hook.iter().map(|name| Hook::from(*name)).collect();
    if args.global {
        let hooks = if named.is_empty() { USUAL.to_vec() } else { named };
        let global = Global::find().map_err(told)?;
        let plan = hook::install_global(&global, &own_folder()?, (&hooks, &program()?)).map_err(told)?;
        return carry_out(plan, None, args.dry_run);
    }
    let repository = Repository::find(&args.repo).map_err(told)?;
    let usual = if repository.root.is_some() { USUAL.to_vec() } else { vec![Hook::PreReceive] };
    let hooks = if named.is_empty() { usual } else { named };
    let wish = Wish { hooks, way: args.into.map(hook::Way::from), program: Some(program()?) };
    let plan = hook::install(&repository, &wish).map_err(told)?;
    carry_out(plan, Some(&repository), args.dry_run)
}

pub(super) fn remove(args: &args::HookRemove) -> anyhow::Result<ExitCode> {
    if args.global {
        let global = Global::find().map_err(told)?;
        let plan = hook::remove_global(&global, &own_folder()?).map_err(told)?;
        return carry_out(plan, None, args.dry_run);
    }
    let repository = Repository::find(&args.repo).map_err(told)?;
    let plan = hook::remove(&repository).map_err(told)?;
    carry_out(plan, Some(&repository), args.dry_run)
}

/// Installs the usual hooks of the repository that a folder lies in, and says what was done.
pub(in crate::cli) fn first(dir: &Path) -> anyhow::Result<Vec<String>> {
    let repository = Repository::find(dir).map_err(told)?;
    let wish = Wish { hooks: USUAL.to_vec(), way: None, program: Some(program()?) };
    let plan = hook::install(&repository, &wish).map_err(told)?;
    let lines = words(&plan, Some(&repository));
    plan.apply().map_err(told)?;
    Ok(lines)
}

/// Where this program is.
fn program() -> anyhow::Result<PathBuf> {
    let hint = "call stanch by its full path";
    std::env::current_exe().map_err(|e| hinted(format!("it cannot be found out where stanch lies: {e}"), hint))
}

/// Where hooks for all repositories lie.
fn own_folder() -> anyhow::Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    let data = data.ok_or_else(|| hinted("there is no home folder to keep hooks in", "set HOME"))?;
    Ok(data.join("stanch/hooks"))
}

fn carry_out(plan: Plan, repository: Option<&Repository>, dry_run: bool) -> anyhow::Result<ExitCode> {
    let mut lines = words(&plan, repository);
    if dry_run {
        lines.push("nothing was changed: this was a dry run".to_owned());
    } else {
        plan.apply().map_err(told)?;
    }
    output::write(None, |out| lines.iter().try_for_each(|line| writeln!(out, "{}", sanitise(line.as_bytes()))))?;
    Ok(ExitCode::SUCCESS)
}

/// What a plan does, in words.
fn words(plan: &Plan, repository: Option<&Repository>) -> Vec<String> {
    let name = |path: &Path| repository.map_or_else(|| path.display().to_string(), |repository| repository.name(path));
    let step = |step: &Step| -> Option<String> {
        Some(match step {
            Step::Folder(_) => return None,
            // Of all repositories, what only passes on is of no interest.
            Step::Stub { path, text } if !is_ours(text) => format!("{}: passes on", name(path)),
            Step::Stub { path, .. } => format!("{}: runs stanch", name(path)),
            Step::Chain { path, .. } => {
                let kept = path.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
                format!("{}: runs stanch, and the hook that was there, which is kept as {kept}{CHAINED}", name(path))
            }
            Step::Unstub { path, is_chain: true, .. } => format!("{}: the hook that was there before is back", name(path)),
            Step::Unstub { path, .. } => format!("{}: removed", name(path)),
            Step::Edit { path, before: None, .. } => format!("{}: made, runs stanch", name(path)),
            Step::Edit { path, after: None, .. } => format!("{}: removed", name(path)),
            Step::Edit { path, before: Some(before), after: Some(after) } if after.len() < before.len() => {
                format!("{}: no longer runs stanch", name(path))
            }
            Step::Edit { path, .. } => format!("{}: runs stanch now", name(path)),
            Step::HooksPath { after: Some(folder), .. } => {
                format!("core.hooksPath of your git configuration: {}", folder.display())
            }
            Step::HooksPath { after: None, .. } => "core.hooksPath of your git configuration: no longer set".to_owned(),
        })
    };
    let steps: Vec<String> = plan.steps.iter().filter_map(step).collect();
    let (passes, mut lines): (Vec<String>, Vec<String>) = steps.into_iter().partition(|line| line.ends_with(": passes on"));
    if !passes.is_empty() {
        lines.push(format!("{} other hooks beside them pass on to those of each repository", passes.len()));
    }
    lines.extend(plan.told.iter().map(|(path, what)| format!("{}: {what}", name(path))));
    let is_empty = lines.is_empty();
    lines.extend(plan.advice.iter().map(|what| format!("note: {what}")));
    if is_empty {
        lines.push("there is nothing of stanch here".to_owned());
    }
    lines
}

fn is_ours(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"hook run").is_some()
}
