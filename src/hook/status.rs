//! What git calls in a repository, and whether stanch is among it.
//!
//! It must not change or print anything. Start with [`status`].

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::edit;
use super::manager::{self, LEFTHOOK};
use super::plan;
use super::stub::{self, Whose};
use super::{Error, Hook, Manager, Repository, Setup};

/// What happens at one hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Git calls nothing.
    None,
    /// Git calls our script.
    Ours,
    /// Git calls our script, and that runs another hook as well.
    Chained,
    /// Git calls a manager, whose files run stanch.
    Through(Manager),
    /// Git calls a manager, whose files do not run stanch.
    Without(Manager),
    /// Git calls a script that somebody wrote, which runs stanch.
    ByHand,
    /// Git calls a script that does not run stanch.
    Other,
    /// Our script, changed by hand.
    Edited,
    /// A script that is not executable: git does not call it.
    Idle,
}

impl State {
    /// Does stanch run?
    #[must_use]
    pub fn runs(self) -> bool {
        matches!(self, Self::Ours | Self::Chained | Self::Through(_) | Self::ByHand)
    }
}

/// What git calls.
#[derive(Debug)]
pub struct Status {
    /// Each hook, its file, and what happens.
    pub hooks: Vec<(Hook, PathBuf, State)>,
    /// Managers that the work tree has files of, and whether git calls them.
    pub managers: Vec<(Setup, bool)>,
}

/// Looks at a repository.
///
/// # Errors
/// If something cannot be read.
pub fn status(repository: &Repository) -> Result<Status, Error> {
    let called = plan::called(repository);
    let setups = repository.root.as_deref().map(manager::set_up).unwrap_or_default();
    let managers =
        setups.into_iter().map(|setup| (called.contains(&setup.manager), setup)).map(|(is, setup)| (setup, is)).collect();
    let wanted = |hook: &Hook| (*hook == Hook::PreReceive) == repository.root.is_none();
    let mut hooks = Vec::new();
    for hook in Hook::ALL {
        let path = repository.hooks.join(hook.name());
        let state = state(repository, hook, &path)?;
        if wanted(&hook) || state != State::None {
            hooks.push((hook, path, state));
        }
    }
    Ok(Status { hooks, managers })
}

fn state(repository: &Repository, hook: Hook, path: &Path) -> Result<State, Error> {
    let Some(script) = plan::script(path)? else { return Ok(State::None) };
    if !is_executable(path) {
        return Ok(State::Idle);
    }
    match stub::look(&script) {
        Whose::Ours if script == stub::pass_on() => return Ok(State::Other),
        Whose::Ours => return Ok(if is_executable(&stub::chained(path)) { State::Chained } else { State::Ours }),
        Whose::Edited => return Ok(State::Edited),
        Whose::Other => {}
    }
    if let Some((folder, _)) = manager::husky(repository) {
        let runs = fs::read_to_string(folder.join(hook.name())).is_ok_and(|text| edit::runs(&text, hook.name()));
        return Ok(if runs { State::Through(Manager::Husky) } else { State::Without(Manager::Husky) });
    }
    if let (Some(manager), Some(root)) = (manager::caller(&script), &repository.root) {
        return Ok(if is_in_file(manager, root, hook) { State::Through(manager) } else { State::Without(manager) });
    }
    let text = String::from_utf8_lossy(&script);
    Ok(if edit::runs(&text, hook.name()) { State::ByHand } else { State::Other })
}

/// Does the manager's file run stanch?
fn is_in_file(manager: Manager, root: &Path, hook: Hook) -> bool {
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_default();
    let text: String = match manager {
        Manager::Lefthook => LEFTHOOK.iter().map(|name| read(name)).collect(),
        Manager::PreCommit => [".pre-commit-config.yaml", ".pre-commit-config.yml"].iter().map(|name| read(name)).collect(),
        Manager::Overcommit => read(".overcommit.yml").replace(", ", " "),
        _ => ["package.json", ".simple-git-hooks.json", "simple-git-hooks.json", ".huskyrc", ".huskyrc.json"]
            .iter()
            .map(|name| read(name))
            .collect(),
    };
    // Of our own repository, by their ids.
    let ids: &[&str] = match hook {
        Hook::PreCommit => &["stanch", "stanch-system"],
        Hook::PrePush => &["stanch-push"],
        Hook::CommitMsg => &["stanch-message"],
        Hook::PreReceive => &[],
    };
    let has_id = text
        .lines()
        .any(|line| line.trim().trim_start_matches(['-', ' ']).strip_prefix("id:").is_some_and(|id| ids.contains(&id.trim())));
    edit::runs(&text, hook.name()) || manager == Manager::PreCommit && has_id
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
