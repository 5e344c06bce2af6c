//! Rank 1: git's hooks: where they lie, who calls them, how ours gets in, and how it gets out without a trace.
//!
//! It must not scan, print, or choose for the user. Start with [`Repository::find`], then [`install`], which makes a [`Plan`] and changes
//! nothing; [`Plan::apply`] carries it out, whole or not at all.
//!
//! - [`git`]: asks git where it looks for hooks. [`manager`]: who else keeps hooks in order here, by files and by what hooks say.
//! - [`stub`]: the scripts of `hooks/`. [`edit`]: one command more in the files of husky, lefthook and pre-commit.
//! - [`plan`], [`everywhere`]: what is to be done, for one repository or for all of the user. [`apply`]: does it, and undoes it if it fails.

mod apply;
pub mod edit;
mod everywhere;
mod git;
mod manager;
mod plan;
mod status;
mod stub;

use std::io;
use std::path::PathBuf;

pub use everywhere::{install_global, remove_global};
pub use git::{Configured, Global, Repository};
pub use manager::{Manager, Setup};
pub use plan::{Plan, Step, Way, Wish, install, remove};
pub use status::{State, Status, status};
pub use stub::{CHAINED, is_stub};

use crate::base::fs;

/// A hook that looks for secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// Before a commit: what it would add.
    PreCommit,
    /// Before a push: what it would send.
    PrePush,
    /// Once a commit has a message: the message.
    CommitMsg,
    /// On a server, before a push is taken: what it brings.
    PreReceive,
}

impl Hook {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::PreCommit, Self::PrePush, Self::CommitMsg, Self::PreReceive];

    /// The name that git calls it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrePush => "pre-push",
            Self::CommitMsg => "commit-msg",
            Self::PreReceive => "pre-receive",
        }
    }

    /// The hook of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.name() == name)
    }
}

/// Nothing was changed, or all that was changed is as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no git.
    #[error("git is not installed, or not on the PATH")]
    NoGit,
    /// No repository is there.
    #[error("{} is in no git repository", .0.display())]
    NoRepository(PathBuf),
    /// Git refused.
    #[error("git refused: {0}")]
    Git(String),
    /// Hooks are turned off.
    #[error("git looks for hooks where no folder is, in {}: it runs none here", .0.display())]
    NoFolder(PathBuf),
    /// Hooks of more than this repository lie there.
    #[error("core.hooksPath of {origin} has git look for hooks in {}, in every repository", .folder.display())]
    Shared {
        /// The file that says so.
        origin: String,
        /// The folder.
        folder: PathBuf,
    },
    /// More than one program keeps the hooks.
    #[error("two hook managers are set up here: {}; {called}", .found.join(", "))]
    Several {
        /// Each, with its file.
        found: Vec<String>,
        /// Which one git calls.
        called: String,
    },
    /// A manager is set up that git does not call.
    #[error("{name} is set up here ({file}), but git does not call it")]
    Idle {
        /// Its name.
        name: &'static str,
        /// Its file.
        file: String,
        /// The command that makes git call it.
        start: &'static str,
    },
    /// A manager whose files are not edited, or a file that is not understood.
    #[error("{what}")]
    ByHand {
        /// What was not done, and why.
        what: String,
        /// What to write, and where.
        write: String,
    },
    /// The name for the old hook is taken.
    #[error("{} is there already: it may be a hook that an earlier installation kept", .0.display())]
    Taken(PathBuf),
    /// A hook of ours that somebody changed.
    #[error("{} is a hook of stanch that was changed by hand", .0.display())]
    Edited(PathBuf),
    /// Something that is no file stands in the place of a hook.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// A file changed since the plan was made.
    #[error("{} changed meanwhile", .0.display())]
    Changed(PathBuf),
    /// A file was not written.
    #[error(transparent)]
    File(#[from] fs::Error),
    /// The system refused.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoGit => "hooks are run by git: install it first".to_owned(),
            Self::NoRepository(_) => {
                "`git init` makes a repository; `--repo PATH` names one; `--global` is for all repositories of yours".to_owned()
            }
            Self::Git(_) => "`git status` there says more".to_owned(),
            Self::NoFolder(_) => "`git config --show-origin core.hooksPath` says where that is written, if it is set".to_owned(),
            Self::Shared { .. } => {
                "`stanch hook install --global` adds it there, for every repository; for this one alone, `git config core.hooksPath .git/hooks` first"
                    .to_owned()
            }
            Self::Several { .. } => {
                "say which one shall call stanch: `--into husky`, `lefthook`, `pre-commit`, or `git` for a hook of its own".to_owned()
            }
            Self::Idle { name, start, .. } if !["husky", "lefthook", "pre-commit"].contains(name) => {
                format!("`{start}` starts it; `--into git` makes a hook of its own")
            }
            Self::Idle { name, start, .. } => {
                format!("`{start}` starts it; `--into {name}` adds stanch to its files, `--into git` makes a hook of its own")
            }
            Self::ByHand { write, .. } => write.clone(),
            Self::Taken(_) => "look at it, and move it away or back".to_owned(),
            Self::Edited(_) => "move it away, and run this again".to_owned(),
            Self::NotAFile(_) => "move it away, and run this again".to_owned(),
            Self::Changed(_) => "run this again".to_owned(),
            Self::File(_) | Self::Io { .. } => "nothing was changed; who owns that folder may do it".to_owned(),
        }
    }
}

/// An error of the system about a path.
fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
    let path = path.into();
    move |source| Error::Io { action, path, source }
}
