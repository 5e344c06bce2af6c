//! Which files an ignore file leaves out, and which it must not: what git tracks, and what is named like a key.
//!
//! `.gitignore`, `.git/info/exclude` and `core.excludesFile` count, inside a git work tree only; `.ignore` and `.rgignore` do
//! not. It must not read file content. Start with [`Repository::find`], then [`Ignores::is_ignored`].

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};

/// A git work tree.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
    git_dir: PathBuf,
    tracked: OnceLock<Result<BTreeSet<Vec<u8>>, String>>,
}

impl Repository {
    /// The work tree whose root is `dir`, if it is one.
    #[must_use]
    pub fn at(dir: &Path) -> Option<Arc<Self>> {
        let dot_git = dir.join(".git");
        let meta = std::fs::symlink_metadata(&dot_git).ok()?;
        let git_dir = if meta.is_dir() {
            dot_git
        } else {
            if !is_plain(&dot_git) {
                return None;
            }
            let text = std::fs::read_to_string(&dot_git).ok()?;
            dir.join(text.trim().strip_prefix("gitdir:")?.trim())
        };
        git_dir.join("HEAD").exists().then(|| Arc::new(Self { root: dir.to_path_buf(), git_dir, tracked: OnceLock::new() }))
    }

    /// The work tree that holds `path`, looking upwards.
    #[must_use]
    pub fn find(path: &Path) -> Option<Arc<Self>> {
        let absolute = std::path::absolute(path).ok()?;
        let canonical = absolute.canonicalize().unwrap_or(absolute);
        canonical.ancestors().find_map(Self::at)
    }

    /// The root of the work tree.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn tracked(&self) -> Result<&BTreeSet<Vec<u8>>, &str> {
        self.tracked.get_or_init(|| read_index(&self.git_dir)).as_ref().map_err(String::as_str)
    }

    /// What is wrong with the index, if it cannot be read: then nothing is left out.
    #[must_use]
    pub fn index_error(&self) -> Option<&str> {
        self.tracked().err()
    }

    /// Does git track this path (relative to the root)?
    #[must_use]
    pub fn is_tracked(&self, path: &Path) -> bool {
        self.tracked().map_or(true, |set| set.contains(path.as_os_str().as_bytes()))
    }

    /// The paths, relative to the root, of tracked files of this name in any folder; none if the index cannot be read.
    #[must_use]
    pub fn tracked_named(&self, name: &str) -> Vec<PathBuf> {
        let is_named = |path: &&Vec<u8>| path.rsplit(|b| *b == b'/').next() == Some(name.as_bytes());
        let path = |path: &Vec<u8>| PathBuf::from(OsStr::from_bytes(path));
        self.tracked().map_or_else(|_| Vec::new(), |set| set.iter().filter(is_named).map(path).collect())
    }

    /// Does git track anything below this folder (relative to the root)?
    #[must_use]
    pub fn tracks_below(&self, dir: &Path) -> bool {
        let mut prefix = dir.as_os_str().as_bytes().to_vec();
        prefix.push(b'/');
        self.tracked().map_or(true, |set| set.range(prefix.clone()..).next().is_some_and(|p| p.starts_with(&prefix)))
    }
}

/// Is it a file? What else has its name may never end or never begin.
pub(super) fn is_plain(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file())
}

/// The text of a small file; empty if there is none.
fn text(path: &Path) -> String {
    if is_plain(path) { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() }
}

fn read_index(git_dir: &Path) -> Result<BTreeSet<Vec<u8>>, String> {
    let path = git_dir.join("index");
    if !path.exists() {
        return Ok(BTreeSet::new());
    }
    if !is_plain(&path) {
        return Err("the git index is no file".to_owned());
    }
    let kind = object_hash(git_dir);
    let options = gix::index::decode::Options::default();
    let file = gix::index::File::at(&path, kind, true, options).map_err(|e| format!("the git index cannot be read: {e}"))?;
    let backing = file.path_backing();
    Ok(file.entries().iter().map(|e| e.path_in(backing).to_vec()).collect())
}

/// What all work trees of a repository share; `git_dir` itself but for linked ones.
fn common_dir(git_dir: &Path) -> PathBuf {
    match text(&git_dir.join("commondir")).trim() {
        "" => git_dir.to_path_buf(),
        common => git_dir.join(common),
    }
}

/// SHA-256 repositories say so in their configuration.
fn object_hash(git_dir: &Path) -> gix::hash::Kind {
    let config = text(&common_dir(git_dir).join("config")).to_ascii_lowercase();
    let sha256 = config.lines().any(|l| l.replace(' ', "").trim() == "objectformat=sha256");
    if sha256 { gix::hash::Kind::Sha256 } else { gix::hash::Kind::Sha1 }
}

/// The ignore rules in force in a folder: those of its parents first.
#[derive(Debug, Clone, Default)]
pub struct Ignores {
    repository: Option<Arc<Repository>>,
    /// Innermost last.
    files: Vec<Arc<Gitignore>>,
}

impl Ignores {
    /// The rules in force in `dir`, which lies in `repository`.
    #[must_use]
    pub fn of(repository: Option<Arc<Repository>>, dir: &Path) -> Self {
        let Some(repository) = repository else { return Self::default() };
        let mut files = Vec::new();
        if let Some(global) = gitconfig_excludes_path() {
            add(&mut files, repository.root(), &global);
        }
        add(&mut files, repository.root(), &common_dir(&repository.git_dir).join("info/exclude"));
        let mut between: Vec<&Path> = dir.ancestors().take_while(|a| a.starts_with(repository.root())).collect();
        between.reverse();
        let mut this = Self { repository: Some(Arc::clone(&repository)), files };
        for parent in between.iter().take(between.len().saturating_sub(1)) {
            add(&mut this.files, parent, &parent.join(".gitignore"));
        }
        this
    }

    /// The rules inside `dir`: these and its own `.gitignore`; a new set if it is the root of another work tree.
    #[must_use]
    pub fn enter(&self, dir: &Path, has_git: bool, has_gitignore: bool) -> Self {
        let mut this = match has_git.then(|| Repository::at(dir)).flatten() {
            Some(inner) if self.repository.as_ref().is_none_or(|r| r.root() != inner.root()) => Self::of(Some(inner), dir),
            _ => self.clone(),
        };
        if has_gitignore && this.repository.is_some() {
            add(&mut this.files, dir, &dir.join(".gitignore"));
        }
        this
    }

    /// The work tree.
    #[must_use]
    pub fn repository(&self) -> Option<&Arc<Repository>> {
        self.repository.as_ref()
    }

    /// Do the rules leave this file or folder out? `path` is absolute.
    #[must_use]
    pub fn is_ignored(&self, path: &Path, is_dir: bool) -> bool {
        for file in self.files.iter().rev() {
            let verdict = file.matched(path, is_dir);
            if !verdict.is_none() {
                return verdict.is_ignore();
            }
        }
        false
    }
}

fn add(files: &mut Vec<Arc<Gitignore>>, root: &Path, path: &Path) {
    if !path.is_file() {
        return;
    }
    let mut builder = GitignoreBuilder::new(root);
    // Lines that do not parse leave nothing out.
    let _ = builder.add(path);
    if let Ok(built) = builder.build()
        && !built.is_empty()
    {
        files.push(Arc::new(built));
    }
}

/// Whole names of such files.
const WHOLE: &[&[u8]] = &[
    b"credentials",
    b"credentials.json",
    b".netrc",
    b"_netrc",
    b".npmrc",
    b".pypirc",
    b".pgpass",
    b".htpasswd",
    b".dockercfg",
    b".git-credentials",
    b".s3cfg",
    b".boto",
    b"id_rsa",
    b"id_dsa",
    b"id_ecdsa",
    b"id_ed25519",
    b"secrets",
    b"kubeconfig",
    b".vault-token",
    b"master.key",
    b"terraform.tfstate",
    b"terraform.tfvars",
    b"service-account.json",
    b"serviceaccount.json",
    b"wp-config.php",
    b"local.settings.json",
    b"secring.gpg",
    b".envrc",
    b".my.cnf",
    b".terraformrc",
    b"config.json",
    b".dockerconfigjson",
    b"application_default_credentials.json",
    b".yarnrc.yml",
    b"auth.json",
    b"local.properties",
];
/// And how their names end.
const ENDINGS: &[&[u8]] = &[
    b".pem",
    b".key",
    b".p12",
    b".pfx",
    b".ppk",
    b".jks",
    b".keystore",
    b".kdbx",
    b".ovpn",
    b".asc",
    b".p8",
    b".der",
    b".env",
    b".tfvars",
    b".tfstate",
    b".secret",
    b".secrets",
    b".secrets.toml",
    b".secrets.yaml",
    b".secrets.yml",
    b".secrets.json",
    b".kubeconfig",
    b".publishsettings",
    b".pkcs12",
    b".mobileprovision",
];

/// Is a file of this name likely to hold credentials? Such files are scanned even if they are ignored.
#[must_use]
pub fn is_key_like(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    let stem = lower.split(|b| *b == b'.').next().unwrap_or_default();
    lower.starts_with(b".env") && lower != b".environment"
        || WHOLE.contains(&lower.as_slice())
        || ENDINGS.iter().any(|e| lower.ends_with(e))
        || matches!(stem, b"secrets" | b"credentials" | b"secret" | b"credential")
}

#[cfg(test)]
mod tests {
    use super::is_key_like;

    #[test]
    fn key_like_names() {
        for name in [".env", ".env.local", "prod.env", "server.PEM", "credentials", "secrets.yaml", "id_rsa", "x.tfvars"] {
            assert!(is_key_like(name.as_bytes()), "{name}");
        }
        for name in ["main.rs", "env.rs", "keyboard.c", "README.md", "secretary.txt"] {
            assert!(!is_key_like(name.as_bytes()), "{name}");
        }
    }
}
