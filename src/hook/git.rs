//! Asks git where it looks for hooks: nobody else knows all of its configuration, conditions and environment.
//!
//! It must not change anything but the one setting of [`Global`]. Start with [`Repository::find`].

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Error;

/// Name of the setting that says where hooks lie.
const HOOKS_PATH: &str = "core.hooksPath";

/// Where no hooks can be.
const NOWHERE: &str = "/dev/null";

/// A repository, as git sees it.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The work tree; none of a bare repository.
    pub root: Option<PathBuf>,
    /// The git directory that all of its work trees share.
    pub common: PathBuf,
    /// Where git looks for hooks.
    pub hooks: PathBuf,
    /// The setting that says so, if one does.
    pub configured: Option<Configured>,
    /// Does more than one work tree use the same hooks?
    pub is_linked: bool,
}

/// A setting, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// `local`, `worktree`, `global`, `system` or `command`.
    pub scope: String,
    /// The file, as git names it.
    pub origin: String,
    /// Is it set to nothing?
    is_empty: bool,
}

impl Repository {
    /// The repository that a folder lies in.
    ///
    /// # Errors
    /// If there is none, or git refuses it.
    pub fn find(dir: &Path) -> Result<Self, Error> {
        let found = said(dir, &["rev-parse", "--absolute-git-dir"])?;
        let git_dir = PathBuf::from(found);
        let is_bare = said(dir, &["rev-parse", "--is-bare-repository"])? == "true";
        let root = match said(dir, &["rev-parse", "--show-toplevel"]) {
            Ok(root) if !root.is_empty() => Some(PathBuf::from(root)),
            _ if is_bare => None,
            _ => return Err(Error::Git("this is the git directory of a work tree; name the work tree".to_owned())),
        };
        // Relative names begin where git runs hooks.
        let base = root.clone().unwrap_or_else(|| git_dir.clone());
        let common = base.join(said(&base, &["rev-parse", "--git-common-dir"])?);
        let hooks = base.join(said(&base, &["rev-parse", "--git-path", "hooks"])?);
        let configured = configured(&base)?;
        // Set to nothing it means the root of the system, where nobody's hooks are.
        let hooks = if configured.as_ref().is_some_and(|set| set.is_empty) { NOWHERE.into() } else { hooks };
        let is_linked = common.canonicalize().ok() != git_dir.canonicalize().ok() || common.join("worktrees").is_dir();
        Ok(Self { root, common, hooks, configured, is_linked })
    }

    /// The folder that names are told from.
    #[must_use]
    pub fn base(&self) -> &Path {
        self.root.as_deref().unwrap_or(&self.common)
    }

    /// A path as it is told: from the top of the work tree, if it lies there.
    #[must_use]
    pub fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.base()).unwrap_or(path).display().to_string()
    }

    /// Do the hooks lie in the work tree, where others may get them too?
    #[must_use]
    pub fn is_shared_by_commits(&self) -> bool {
        let (Some(root), Ok(common)) = (&self.root, self.common.canonicalize()) else { return false };
        let hooks = self.hooks.canonicalize().unwrap_or_else(|_| self.hooks.clone());
        root.canonicalize().is_ok_and(|root| hooks.starts_with(root)) && !hooks.starts_with(common)
    }
}

fn configured(base: &Path) -> Result<Option<Configured>, Error> {
    let output = run(base, ["config", "--show-scope", "--show-origin", "--get", HOOKS_PATH])?;
    if !output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut fields = text.trim_end_matches('\n').split('\t');
    let mut next = || fields.next().unwrap_or_default();
    let (scope, origin, value) = (next(), next(), next());
    let origin = origin.trim_start_matches("file:").to_owned();
    Ok(Some(Configured { scope: scope.to_owned(), origin, is_empty: value.is_empty() }))
}

/// Where git looks for hooks in every repository of the user that says nothing else.
#[derive(Debug, Clone)]
pub struct Global {
    /// What the user's configuration says.
    pub hooks: Option<PathBuf>,
}

impl Global {
    /// Reads it.
    ///
    /// # Errors
    /// If git is not there or cannot read its configuration.
    pub fn find() -> Result<Self, Error> {
        let output = run(Path::new("/"), ["config", "--global", "--type=path", "--get", HOOKS_PATH])?;
        match output.status.code() {
            Some(0) => Ok(Self { hooks: Some(line(output.stdout).into()) }),
            Some(1) => Ok(Self { hooks: None }),
            _ => Err(refused(&output.stderr)),
        }
    }

    /// Says that hooks lie in a folder.
    pub(super) fn set(folder: &Path) -> Result<(), Error> {
        said_of(Path::new("/"), [OsStr::new("config"), "--global".as_ref(), HOOKS_PATH.as_ref(), folder.as_os_str()]).map(drop)
    }

    /// Takes that back.
    pub(super) fn unset() -> Result<(), Error> {
        said(Path::new("/"), &["config", "--global", "--unset", HOOKS_PATH]).map(drop)
    }
}

fn said(dir: &Path, args: &[&str]) -> Result<OsString, Error> {
    said_of(dir, args.iter().map(OsStr::new))
}

/// What git prints, without the end of the line.
fn said_of<'a>(dir: &Path, args: impl IntoIterator<Item = &'a OsStr>) -> Result<OsString, Error> {
    let output = run(dir, args)?;
    match output.status.success() {
        true => Ok(line(output.stdout)),
        false if output.stderr.windows(20).any(|words| words == b"not a git repository") => {
            Err(Error::NoRepository(dir.to_path_buf()))
        }
        false => Err(refused(&output.stderr)),
    }
}

fn run<S: AsRef<OsStr>>(dir: &Path, args: impl IntoIterator<Item = S>) -> Result<std::process::Output, Error> {
    let mut git = Command::new("git");
    // Its words are looked at.
    git.arg("-C").arg(dir).args(args).env("LC_ALL", "C").stdin(Stdio::null());
    git.output().map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Error::NoGit,
        _ => Error::Git(e.to_string()),
    })
}

fn line(mut bytes: Vec<u8>) -> OsString {
    if bytes.ends_with(b"\n") {
        bytes.pop();
    }
    OsString::from_vec(bytes)
}

fn refused(stderr: &[u8]) -> Error {
    let first = stderr.split(|b| *b == b'\n').next().unwrap_or_default();
    let words = String::from_utf8_lossy(OsStr::from_bytes(first).as_bytes()).into_owned();
    Error::Git(words.trim_start_matches("fatal: ").trim_start_matches("error: ").to_owned())
}
