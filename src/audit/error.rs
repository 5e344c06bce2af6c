//! Why something could not be written down or read.
//!
//! It must not know a value. Start with [`Error`].

use std::io;
use std::path::{Path, PathBuf};

use super::base;

/// What went wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file was not replaced.
    #[error(transparent)]
    File(#[from] base::fs::Error),
    /// There is a log already.
    #[error("there is an audit log in {} already", .0.display())]
    Exists(PathBuf),
    /// There is none.
    #[error("there is no audit log in {}", .0.display())]
    Missing(PathBuf),
    /// Others could change it.
    #[error("{} can be changed by others; chmod 700 it, and see that it is yours", .0.display())]
    Shared(PathBuf),
    /// Something in it was changed, or is not of a log.
    #[error("{} is damaged: {why}; see what `stanch audit verify` says", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// It is of another version.
    #[error("the audit log has version {0}, and this stanch reads 1")]
    Version(u64),
    /// The key that signs is not there, or is sealed under another one.
    #[error("the key that signs the audit log is {0}")]
    Key(&'static str),
    /// The two copies say different things.
    #[error("the two copies of the audit log differ from record {0} on; see what `stanch audit verify` says of each")]
    Fork(u64),
    /// No copy could be written.
    #[error("nothing can be written down, so nothing is done: {0}")]
    Full(String),
    /// A text is too long for a record.
    #[error("the {0} is too long to be written down")]
    TooLong(&'static str),
    /// What is to be removed does not hold together.
    #[error("the log does not verify, so nothing of it is removed: {0}")]
    Unsound(String),
    /// No random bytes for a key.
    #[error(transparent)]
    NoRandom(#[from] base::crypto::NoRandom),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, why: &'static str) -> Self {
        Self::Damaged { path: path.to_owned(), why }
    }

    /// In one line, with what is behind it.
    pub(crate) fn line(&self) -> String {
        let mut text = self.to_string().lines().next().unwrap_or_default().to_owned();
        let mut source = std::error::Error::source(self);
        while let Some(behind) = source {
            text.push_str(&format!(": {behind}"));
            source = behind.source();
        }
        text
    }
}
