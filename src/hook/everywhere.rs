//! Hooks for all repositories of the user: one folder that core.hooksPath leads to.
//!
//! It must not take a repository's own hooks away: git does not look for them any more then, so each name that git calls has a script in
//! our folder that runs them. Start with [`install_global`].

use std::fs;
use std::path::{Path, PathBuf};

use super::plan::{from_folder, in_folder, script};
use super::stub::{self, Reach};
use super::{Error, Global, Hook, Plan, Step};

/// Hooks that do nothing but run the repository's own. Those are missing whose mere presence changes what git does (`push-to-checkout`,
/// `proc-receive`) or that git calls for every single change of a ref or of the index (`reference-transaction`, `post-index-change`).
const PASSED_ON: [&str; 19] = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-receive",
    "update",
    "post-receive",
    "post-update",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
];

/// Plans to have git call our hooks in every repository: in the folder that core.hooksPath leads to already, or in `own`, which is made.
///
/// # Errors
/// If that would take away what somebody else put there.
pub fn install_global(global: &Global, own: &Path, (hooks, program): (&[Hook], &Path)) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    if let Some(theirs) = global.hooks.as_ref().filter(|folder| *folder != own) {
        if !theirs.is_dir() && fs::symlink_metadata(theirs).is_ok() {
            return Err(Error::NoFolder(theirs.clone()));
        }
        in_folder(theirs, hooks, &stub::text(Some(program), Reach::Folder), &mut plan)?;
        return Ok(plan);
    }
    let text = stub::text(Some(program), Reach::Everywhere);
    // Chosen hooks that an earlier choice left to the repositories.
    for hook in hooks {
        let path = own.join(hook.name());
        if script(&path)?.is_some_and(|old| old == stub::pass_on()) {
            plan.steps.push(Step::Unstub { path: path.clone(), text: stub::pass_on().to_vec(), is_chain: false });
            plan.steps.push(Step::Stub { path, text: text.clone() });
        }
    }
    let is_planned =
        |plan: &Plan, path: &Path| plan.steps.iter().any(|step| matches!(step, Step::Stub { path: one, .. } if one == path));
    let rest: Vec<Hook> = hooks.iter().copied().filter(|hook| !is_planned(&plan, &own.join(hook.name()))).collect();
    in_folder(own, &rest, &text, &mut plan)?;
    for name in PASSED_ON.iter().filter(|name| !hooks.iter().any(|hook| hook.name() == **name)) {
        let path = own.join(name);
        if script(&path)?.is_none() {
            plan.steps.push(Step::Stub { path, text: stub::pass_on().to_vec() });
        }
    }
    if global.hooks.is_none() {
        plan.steps.push(Step::HooksPath { before: None, after: Some(own.to_path_buf()) });
    }
    plan.advice.push(
        "hooks that a repository has itself still run, but for push-to-checkout, proc-receive, reference-transaction and post-index-change"
            .to_owned(),
    );
    plan.advice.push(
        "a repository with a core.hooksPath of its own, as husky sets it, goes without: `stanch hook install` there".to_owned(),
    );
    Ok(plan)
}

/// Plans to take that out.
///
/// # Errors
/// If a hook of ours was changed by hand.
pub fn remove_global(global: &Global, own: &Path) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    match &global.hooks {
        Some(folder) if folder == own => {
            plan.steps.push(Step::HooksPath { before: Some(own.to_path_buf()), after: None });
        }
        Some(theirs) => from_folder(theirs, &mut plan)?,
        None => {}
    }
    let paths: Vec<PathBuf> = PASSED_ON.iter().map(|name| own.join(name)).collect();
    for path in paths {
        if let Some(text) = script(&path)? {
            match stub::look(&text) {
                stub::Whose::Ours => {
                    let is_chain = fs::symlink_metadata(stub::chained(&path)).is_ok();
                    plan.steps.push(Step::Unstub { path, text, is_chain });
                }
                stub::Whose::Edited => return Err(Error::Edited(path)),
                stub::Whose::Other => {}
            }
        }
    }
    Ok(plan)
}
