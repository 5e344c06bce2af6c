//! What is to be done so that git calls our hooks, or calls them no more: a value, made before anything is changed.
//!
//! It must not write. Start with [`install`] and [`remove`]; `apply.rs` carries a [`Plan`] out.

use std::fs;
use std::path::{Path, PathBuf};

use super::edit::{self, framework, husky, lefthook};
use super::manager::{self, HuskyForm, LEFTHOOK};
use super::stub::{self, Reach, Whose};
use super::{Error, Hook, Manager, Repository, Setup, io};

/// Whose files get our command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Git's own hooks.
    Git,
    /// husky's scripts.
    Husky,
    /// lefthook's file.
    Lefthook,
    /// The file of the pre-commit framework.
    PreCommit,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Which hooks.
    pub hooks: Vec<Hook>,
    /// Whose files; what git calls, if that is clear.
    pub way: Option<Way>,
    /// Where the program is, if it is not on the PATH.
    pub program: Option<PathBuf>,
}

/// What is done, in this order.
#[derive(Debug, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// What there is to say besides: a file, and words.
    pub told: Vec<(PathBuf, String)>,
    /// What the user still has to do.
    pub advice: Vec<String>,
}

/// One change.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A folder is made.
    Folder(PathBuf),
    /// A script of ours is made, where nothing is.
    Stub {
        /// The hook.
        path: PathBuf,
        /// The script.
        text: Vec<u8>,
    },
    /// The same where a hook is, which is kept beside it.
    Chain {
        /// The hook.
        path: PathBuf,
        /// The script.
        text: Vec<u8>,
    },
    /// Our script goes, and the hook that was there before comes back, if there was one.
    Unstub {
        /// The hook.
        path: PathBuf,
        /// The script.
        text: Vec<u8>,
        /// Was there a hook before?
        is_chain: bool,
    },
    /// A text is changed; `None` is no file.
    Edit {
        /// The file.
        path: PathBuf,
        /// What it says.
        before: Option<String>,
        /// What it will say.
        after: Option<String>,
    },
    /// The user's core.hooksPath is set, or no more; `None` is not set.
    HooksPath {
        /// What it says.
        before: Option<PathBuf>,
        /// What it will say.
        after: Option<PathBuf>,
    },
}

impl Plan {
    fn tell(&mut self, path: &Path, what: impl Into<String>) {
        self.told.push((path.to_path_buf(), what.into()));
    }
}

/// Plans to have git call our hooks.
///
/// # Errors
/// If it is not clear how, or would take away what somebody else put there.
pub fn install(repository: &Repository, wish: &Wish) -> Result<Plan, Error> {
    if !repository.hooks.is_dir() && fs::symlink_metadata(&repository.hooks).is_ok() {
        return Err(Error::NoFolder(repository.hooks.clone()));
    }
    let (local, server): (Vec<Hook>, Vec<Hook>) = wish.hooks.iter().partition(|hook| **hook != Hook::PreReceive);
    let mut plan = Plan::default();
    if !local.is_empty() {
        match (chosen(repository, wish.way)?, &repository.root) {
            (Way::Husky, Some(root)) => in_husky(repository, root, &local, &mut plan)?,
            (Way::Lefthook, Some(root)) => in_lefthook(repository, root, &local, &mut plan)?,
            (Way::PreCommit, Some(root)) => in_framework(repository, root, &local, &mut plan)?,
            _ => in_git(repository, &local, wish, &mut plan)?,
        }
    }
    if !server.is_empty() {
        in_git(repository, &server, wish, &mut plan)?;
    }
    Ok(plan)
}

/// Who git calls here.
pub(super) fn called(repository: &Repository) -> Vec<Manager> {
    let mut all = Vec::new();
    if manager::husky(repository).is_some() {
        all.push(Manager::Husky);
    }
    for hook in Hook::ALL {
        let script = fs::read(repository.hooks.join(hook.name())).unwrap_or_default();
        all.extend(manager::caller(&script));
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn chosen(repository: &Repository, way: Option<Way>) -> Result<Way, Error> {
    let Some(root) = &repository.root else { return Ok(Way::Git) };
    let is_ours = |hook: &Hook| fs::read(repository.hooks.join(hook.name())).is_ok_and(|script| stub::is_stub(&script));
    match way {
        Some(way) => return Ok(way),
        None if Hook::ALL.iter().any(is_ours) => return Ok(Way::Git),
        None => {}
    }
    let (setups, called) = (manager::set_up(root), called(repository));
    let file = |manager: Manager| {
        let setup = setups.iter().find(|setup: &&Setup| setup.manager == manager);
        repository.name(setup.map_or(repository.hooks.as_path(), |setup| &setup.file))
    };
    let mut all: Vec<Manager> = setups.iter().map(|setup| setup.manager).chain(called.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    match (&all[..], &called[..]) {
        ([], _) => Ok(Way::Git),
        ([one], []) => Err(Error::Idle { name: one.name(), file: file(*one), start: one.start() }),
        ([one], _) => match one {
            Manager::Husky => Ok(Way::Husky),
            Manager::Lefthook => Ok(Way::Lefthook),
            Manager::PreCommit => Ok(Way::PreCommit),
            other => Err(by_hand(*other, &file(*other))),
        },
        _ => {
            let names: Vec<&str> = called.iter().map(|manager| manager.name()).collect();
            let called = match &names[..] {
                [] => "git calls none of them".to_owned(),
                names => format!("git calls {}", names.join(" and ")),
            };
            Err(Error::Several { found: all.iter().map(|one| format!("{} ({})", one.name(), file(*one))).collect(), called })
        }
    }
}

/// What to write into the file of a manager that is not edited.
fn by_hand(manager: Manager, file: &str) -> Error {
    let write = match manager {
        Manager::Overcommit => {
            "write into it, below `PreCommit:`, `CustomScript: { enabled: true, required_executable: stanch, command: [stanch, hook, run, pre-commit] }`, and `overcommit --sign`"
        }
        Manager::OldHusky => "add `stanch hook run pre-commit` to its hooks, with `&&`; better, update husky and run this again",
        _ => "add `\"pre-commit\": \"stanch hook run pre-commit\"` to it, and run `npx simple-git-hooks`",
    };
    Error::ByHand { what: format!("{} keeps the hooks here, and {file} is not edited", manager.name()), write: write.to_owned() }
}

/// The bytes of a hook; `None` if there is none. A symbolic link is a hook, wherever it leads.
pub(super) fn script(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::symlink_metadata(path) {
        // Where no folder is, as with `/dev/null`, no hook is either.
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(io("look at", path)(e)),
        Ok(meta) if meta.is_symlink() => Ok(Some(fs::read(path).unwrap_or_default())),
        Ok(meta) if meta.is_file() => fs::read(path).map(Some).map_err(io("read", path)),
        Ok(_) => Err(Error::NotAFile(path.to_path_buf())),
    }
}

fn in_git(repository: &Repository, hooks: &[Hook], wish: &Wish, plan: &mut Plan) -> Result<(), Error> {
    if let Some(set) = repository.configured.as_ref().filter(|set| matches!(&*set.scope, "global" | "system")) {
        return Err(Error::Shared { origin: set.origin.clone(), folder: repository.hooks.clone() });
    }
    // What is committed must not say where this machine keeps its programs.
    let program = wish.program.as_deref().filter(|_| !repository.is_shared_by_commits());
    in_folder(&repository.hooks, hooks, &stub::text(program, Reach::Folder), plan)?;
    if repository.is_linked {
        plan.advice.push("all work trees of this repository have these hooks".to_owned());
    }
    if manager::husky(repository).is_some() {
        plan.advice.push("the next `husky` writes its scripts anew, and then `stanch hook install` is needed again".to_owned());
    }
    Ok(())
}

/// Scripts of ours in a folder that git looks for hooks in.
pub(super) fn in_folder(folder: &Path, hooks: &[Hook], text: &[u8], plan: &mut Plan) -> Result<(), Error> {
    if !folder.is_dir() && !plan.steps.contains(&Step::Folder(folder.to_path_buf())) {
        plan.steps.push(Step::Folder(folder.to_path_buf()));
    }
    for hook in hooks {
        let path = folder.join(hook.name());
        let is_taken = fs::symlink_metadata(stub::chained(&path)).is_ok();
        match script(&path)? {
            None if is_taken => return Err(Error::Taken(stub::chained(&path))),
            None => plan.steps.push(Step::Stub { path, text: text.to_vec() }),
            Some(old) if old == text => plan.tell(&path, "is there already"),
            Some(old) => match stub::look(&old) {
                Whose::Edited => return Err(Error::Edited(path)),
                Whose::Ours => {
                    let lossless = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| Error::Edited(path.clone()));
                    let (before, after) = (Some(lossless(old)?), Some(lossless(text.to_vec())?));
                    plan.steps.push(Step::Edit { path: path.clone(), before, after });
                }
                Whose::Other if edit::runs(&String::from_utf8_lossy(&old), hook.name()) => {
                    plan.tell(&path, "runs stanch already");
                }
                Whose::Other if is_taken => return Err(Error::Taken(stub::chained(&path))),
                Whose::Other => plan.steps.push(Step::Chain { path, text: text.to_vec() }),
            },
        }
    }
    Ok(())
}

fn in_husky(repository: &Repository, root: &Path, hooks: &[Hook], plan: &mut Plan) -> Result<(), Error> {
    let (folder, form) = manager::husky(repository).unwrap_or_else(|| manager::idle_husky(root));
    for hook in hooks {
        let (path, name) = (folder.join(hook.name()), hook.name());
        let Some(before) = text(&path)? else {
            let after = Some(husky::new(name, form == HuskyForm::Sourcing));
            plan.steps.push(Step::Edit { path, before: None, after });
            continue;
        };
        if edit::runs(&before, name) {
            plan.tell(&path, "runs stanch already");
            continue;
        }
        let added = husky::add(&before, name);
        let after = added.map_err(|why| refused(repository, &path, &why, &husky::line(name)))?;
        plan.steps.push(Step::Edit { path, before: Some(before), after: Some(after) });
    }
    plan.advice.push("commit what changed: then everyone with husky and stanch has it".to_owned());
    Ok(())
}

fn in_lefthook(repository: &Repository, root: &Path, hooks: &[Hook], plan: &mut Plan) -> Result<(), Error> {
    let found = LEFTHOOK.iter().map(|name| root.join(name)).find(|path| path.is_file());
    let run = "stanch hook run pre-commit";
    let Some(path) = found else {
        let what = "lefthook's configuration here is not in YAML, and is not edited".to_owned();
        return Err(Error::ByHand { what, write: format!("add a command to its pre-commit hook: `{run}`") });
    };
    let before = text(&path)?.unwrap_or_default();
    let mut after = before.clone();
    for hook in hooks {
        if edit::runs(&after, hook.name()) {
            plan.tell(&path, format!("runs stanch already for {}", hook.name()));
            continue;
        }
        after = lefthook::add(&after, *hook).map_err(|why| refused(repository, &path, &why, run))?;
    }
    edited(plan, path, before, after);
    idle(repository, hooks, Manager::Lefthook, &|_| "`lefthook install`".to_owned(), plan);
    Ok(())
}

fn in_framework(repository: &Repository, root: &Path, hooks: &[Hook], plan: &mut Plan) -> Result<(), Error> {
    let found =
        [".pre-commit-config.yaml", ".pre-commit-config.yml"].iter().map(|name| root.join(name)).find(|path| path.is_file());
    let path = found.unwrap_or_else(|| root.join(".pre-commit-config.yaml"));
    let before = text(&path)?.unwrap_or_default();
    let is_there = |hook: &&Hook| {
        let id = match hook {
            Hook::PrePush => "id: stanch-push",
            Hook::CommitMsg => "id: stanch-message",
            _ => "id: stanch",
        };
        let has_id = before.lines().any(|line| line.trim_start_matches([' ', '-']).trim_end() == id);
        has_id || edit::runs(&before, hook.name())
    };
    let (there, wanted): (Vec<Hook>, Vec<Hook>) = hooks.iter().partition(is_there);
    there.iter().for_each(|hook| plan.tell(&path, format!("runs stanch already for {}", hook.name())));
    if !wanted.is_empty() {
        let write = "`repo: local` with a hook `entry: stanch hook run pre-commit`, `language: system`";
        let after = framework::add(&before, &wanted).map_err(|why| refused(repository, &path, &why, write))?;
        edited(plan, path, before, after);
    }
    idle(repository, hooks, Manager::PreCommit, &|hook| format!("`pre-commit install -t {}`", hook.name()), plan);
    Ok(())
}

fn edited(plan: &mut Plan, path: PathBuf, before: String, after: String) {
    if before != after {
        plan.steps.push(Step::Edit { path, before: Some(before), after: Some(after) });
        plan.advice.push("commit what changed: then everyone who works here has it".to_owned());
    }
}

/// Says for which hooks git does not call a manager yet.
fn idle(repository: &Repository, hooks: &[Hook], manager: Manager, start: &dyn Fn(Hook) -> String, plan: &mut Plan) {
    for hook in hooks {
        let script = fs::read(repository.hooks.join(hook.name())).unwrap_or_default();
        if manager::caller(&script) != Some(manager) {
            let start = start(*hook);
            plan.advice.push(format!("git does not call {} for {} yet: {start} does that", manager.name(), hook.name()));
        }
    }
}

fn refused(repository: &Repository, path: &Path, why: &str, line: &str) -> Error {
    Error::ByHand {
        what: format!("{} is not changed: {why}", repository.name(path)),
        write: format!("write it there by hand: {line}; or `--into git` for a hook of its own"),
    }
}

/// A file's text; `None` if there is none.
fn text(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io("read", path)(e)),
    }
}

/// Plans to take out what [`install`] put in, wherever it was put.
///
/// # Errors
/// If a hook of ours was changed by hand, or a file cannot be read.
pub fn remove(repository: &Repository) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    match repository.configured.as_ref().filter(|set| matches!(&*set.scope, "global" | "system")) {
        Some(set) => plan.advice.push(format!(
            "{} has git look for hooks in {}: what is there for all repositories `stanch hook remove --global` takes out",
            set.origin,
            repository.hooks.display()
        )),
        None => from_folder(&repository.hooks, &mut plan)?,
    }
    // Where git looks if core.hooksPath leads elsewhere now.
    let usual = repository.common.join("hooks");
    if usual != repository.hooks && usual.canonicalize().ok() != repository.hooks.canonicalize().ok() {
        from_folder(&usual, &mut plan)?;
    }
    let Some(root) = &repository.root else { return Ok(plan) };
    let (folder, _) = manager::husky(repository).unwrap_or_else(|| manager::idle_husky(root));
    for hook in Hook::ALL {
        take(folder.join(hook.name()), &|text| husky::remove(text, hook.name()), &mut plan)?;
    }
    for name in LEFTHOOK {
        // As long as there is something of ours.
        let all = |text: &str| {
            let mut rest = None;
            for hook in Hook::ALL.into_iter().rev() {
                rest = lefthook::remove(rest.as_deref().unwrap_or(text), hook).or(rest);
            }
            rest
        };
        take(root.join(name), &all, &mut plan)?;
    }
    for name in [".pre-commit-config.yaml", ".pre-commit-config.yml"] {
        take(root.join(name), &framework::remove, &mut plan)?;
    }
    Ok(plan)
}

/// Takes our lines out of a file; one that has nothing else goes.
fn take(path: PathBuf, without: &dyn Fn(&str) -> Option<String>, plan: &mut Plan) -> Result<(), Error> {
    let Some(before) = text(&path)? else { return Ok(()) };
    if let Some(after) = without(&before) {
        plan.steps.push(Step::Edit { path, before: Some(before), after: (!after.is_empty()).then_some(after) });
    }
    Ok(())
}

/// Takes our scripts out of a folder.
pub(super) fn from_folder(folder: &Path, plan: &mut Plan) -> Result<(), Error> {
    for hook in Hook::ALL {
        let path = folder.join(hook.name());
        let Some(text) = script(&path)? else { continue };
        match stub::look(&text) {
            Whose::Ours => {
                let is_chain = fs::symlink_metadata(stub::chained(&path)).is_ok();
                plan.steps.push(Step::Unstub { path, text, is_chain });
            }
            Whose::Edited => return Err(Error::Edited(path)),
            Whose::Other => {}
        }
    }
    Ok(())
}
