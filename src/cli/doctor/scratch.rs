//! A scratch copy of a repository: its tracked files as they are in the work tree, its hooks, its configuration as far as hooks see it, and
//! another scratch repository as its only remote.
//!
//! It must not write to the repository, nor know remotes of it. Start with [`Scratch::of`]. History is not copied: what is there already is
//! one commit, which the remote has, so that hooks see what a new commit adds and nothing else.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;

use super::run::{Ran, run};
use crate::hook::{self, Repository};

/// Larger work trees are not copied but for the files of hooks.
const MOST_FILES: usize = 20_000;
const MOST_BYTES: u64 = 512 << 20;
/// Not `main`, where a hook may allow no commits.
const BRANCH: &str = "scratch";
/// Files that hooks and scans read although git may not track them.
const EXTRA: &[&str] =
    &["stanch.toml", ".stanch-baseline", "package.json", "lefthook-local.yml", ".lefthook-local.yml", ".husky", ".lefthook"];
/// Parts of the configuration that name remotes, programs and other repositories, or are of no use to hooks.
const LEFT_OUT: &[&str] = &[
    "remote.",
    "branch.",
    "url.",
    "credential.",
    "submodule.",
    "include.",
    "includeif.",
    "extensions.",
    "filter.",
    "http.",
    "https.",
    "lfs.",
    "gpg.",
    "gc.",
    "maintenance.",
    "push.",
    "pull.",
    "fetch.",
    "diff.",
    "merge.",
    "core.worktree",
    "core.bare",
    "core.repositoryformatversion",
    "core.hookspath",
    "core.fsmonitor",
    "core.sshcommand",
    "core.sparsecheckout",
    "core.alternaterefscommand",
    "commit.gpgsign",
    "tag.gpgsign",
    "core.editor",
    "core.pager",
    "core.sharedrepository",
    "core.attributesfile",
    "receive.",
];
/// What git says of a repository in the environment of hooks.
const GIT_SAYS: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_CEILING_DIRECTORIES",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_EDITOR",
    "GIT_TRACE",
];

/// The copy. It is gone when this is.
pub(super) struct Scratch {
    root: TempDir,
    /// Put before the search path: programs that the project installs for itself.
    programs: Option<PathBuf>,
    limit: Duration,
    /// What of the work tree is not in it.
    pub(super) left_out: Option<String>,
}

/// Do hooks run?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hooks {
    On,
    Off,
}

impl Scratch {
    /// The folder of the copy.
    pub(super) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The folder of its remote.
    pub(super) fn remote(&self) -> PathBuf {
        self.root.path().join("remote.git")
    }

    /// Copies a repository with its hooks; of a bare one they go to the remote.
    pub(super) fn of(repository: &Repository, limit: Duration) -> anyhow::Result<Self> {
        let root = tempfile::Builder::new().prefix("stanch-doctor-").tempdir().context("cannot make a scratch folder")?;
        let programs = repository.root.as_ref().map(|root| root.join("node_modules/.bin")).filter(|path| path.is_dir());
        let mut scratch = Self { root, programs, limit, left_out: None };
        for name in ["said", "template"] {
            fs::create_dir(scratch.root.path().join(name))?;
        }
        scratch.git(&["init", "-q", "--template=../template", "-b", BRANCH, "../work"], "template", Hooks::Off)?;
        scratch.git(&["init", "-q", "--template=../template", "--bare", "../remote.git"], "template", Hooks::Off)?;
        let work = scratch.work();
        if let Some(root) = &repository.root {
            scratch.left_out = copy_files(repository, root, &work)?;
        }
        // No program that a repository names for its files: large ones would be sent, encrypted ones need a key.
        fs::create_dir_all(work.join(".git/info"))?;
        fs::write(work.join(".git/info/attributes"), "* -filter\n")?;
        scratch.done(&["add", "-A", "-f"])?;
        scratch.done(&["commit", "-q", "--allow-empty", "-m", "chore: begin"])?;
        scratch.done(&["remote", "add", "origin", "../remote.git"])?;
        scratch.done(&["push", "-q", "-u", "origin", BRANCH])?;
        let called = if repository.root.is_some() { work.clone() } else { scratch.remote() };
        scratch.hooks(repository, &called)?;
        if repository.root.is_some() {
            scratch.set(&scratch.remote(), "core.hooksPath", OsStr::new("/dev/null"))?;
        } else {
            scratch.set(&work, "core.hooksPath", OsStr::new("/dev/null"))?;
        }
        Ok(scratch)
    }

    /// Puts hooks and configuration where they are in the repository.
    fn hooks(&self, repository: &Repository, called: &Path) -> anyhow::Result<()> {
        let listed = plain_git(repository.base(), &["config", "--local", "--list", "-z"])?;
        for entry in listed.split(|b| *b == 0).filter(|entry| !entry.is_empty()) {
            let mut halves = entry.splitn(2, |b| *b == b'\n');
            let key = String::from_utf8_lossy(halves.next().unwrap_or_default()).into_owned();
            if !LEFT_OUT.iter().any(|part| key.to_lowercase().starts_with(part)) {
                self.set(called, &key, OsStr::from_bytes(halves.next().unwrap_or(b"true")))?;
            }
        }
        let git_dir = if called == self.work() { called.join(".git") } else { called.to_path_buf() };
        let own = repository.common.join("hooks");
        copy_folder(&own, &git_dir.join("hooks"), Links::File)?;
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let (hooks, common) = (real(&repository.hooks), real(&repository.common));
        let place = if let Ok(inside) = hooks.strip_prefix(&common) {
            copy_folder(&hooks, &git_dir.join(inside), Links::File)?;
            git_dir.join(inside)
        } else if let Some(inside) = repository.root.as_deref().and_then(|root| hooks.strip_prefix(real(root)).ok()) {
            copy_folder(&hooks, &called.join(inside), Links::File)?;
            inside.to_path_buf()
        } else {
            repository.hooks.clone()
        };
        let now = plain_git(called, &["rev-parse", "--git-path", "hooks"])?;
        let now = called.join(OsStr::from_bytes(now.strip_suffix(b"\n").unwrap_or(&now)));
        if real(&now) != real(&called.join(&place)) {
            self.set(called, "core.hooksPath", place.as_os_str())?;
        }
        Ok(())
    }

    fn set(&self, repository: &Path, key: &str, value: &OsStr) -> anyhow::Result<()> {
        let mut git = self.command("git");
        let args = [OsStr::new("config"), OsStr::new("--add"), OsStr::new(key), value];
        let ran = self.run(git.arg("-C").arg(repository).args(args), b"")?;
        anyhow::ensure!(ran.passed(), "git could not set {key} in the scratch copy");
        Ok(())
    }

    /// A program in the copy, without what git or a CI system says of another repository.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.work());
        clean(&mut command);
        if let Some(programs) = &self.programs {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let all = std::iter::once(programs.clone()).chain(std::env::split_paths(&path));
            command.env("PATH", std::env::join_paths(all).unwrap_or(path));
        }
        command
    }

    /// Runs it.
    pub(super) fn run(&self, command: &mut Command, input: &[u8]) -> anyhow::Result<Ran> {
        let name = command.get_program().to_string_lossy().into_owned();
        run(command, input, (&self.root.path().join("said"), self.limit)).with_context(|| format!("cannot run {name}"))
    }

    /// Runs git in a folder of the scratch.
    pub(super) fn git(&self, args: &[&str], folder: &str, hooks: Hooks) -> anyhow::Result<Ran> {
        let mut git = self.command("git");
        git.current_dir(self.root.path().join(folder));
        if hooks == Hooks::Off {
            git.args(["-c", "core.hooksPath=/dev/null"]);
        }
        let ran = self.run(git.args(["-c", "commit.gpgSign=false", "-c", "push.gpgSign=false"]).args(args), b"")?;
        if hooks == Hooks::Off && !ran.passed() {
            let text = ran.text();
            anyhow::bail!("git {} in the scratch copy: {}", args[0], text.lines().next().unwrap_or("failed"));
        }
        Ok(ran)
    }

    /// Runs git without hooks; it must work.
    pub(super) fn done(&self, args: &[&str]) -> anyhow::Result<Ran> {
        self.git(args, "work", Hooks::Off)
    }

    /// Writes a file and stages it.
    pub(super) fn stage(&self, name: &str, text: &str) -> anyhow::Result<()> {
        fs::write(self.work().join(name), text)?;
        self.done(&["add", "-f", "--", name]).map(drop)
    }

    /// The id of a commit.
    pub(super) fn id(&self, name: &str) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&self.done(&["rev-parse", "--verify", name])?.out).trim().to_owned())
    }

    /// What the remote has.
    pub(super) fn pushed(&self) -> anyhow::Result<String> {
        let ran = self.git(&["rev-parse", "--verify", &format!("refs/heads/{BRANCH}")], "remote.git", Hooks::Off)?;
        Ok(String::from_utf8_lossy(&ran.out).trim().to_owned())
    }

    /// As it was at a commit that the remote has had. No hook is asked.
    pub(super) fn reset(&self, to: &str) -> anyhow::Result<()> {
        // What a program left behind that was stopped half way.
        for name in ["index.lock", "HEAD.lock", &format!("refs/heads/{BRANCH}.lock")] {
            drop(fs::remove_file(self.work().join(".git").join(name)));
        }
        self.done(&["reset", "-q", "--hard", to])?;
        self.done(&["update-ref", &format!("refs/remotes/origin/{BRANCH}"), to])?;
        self.git(&["update-ref", &format!("refs/heads/{BRANCH}"), to], "remote.git", Hooks::Off)?;
        self.done(&["clean", "-q", "-f", "-d"]).map(drop)
    }
}

/// Takes out of the environment what it says of another repository; what would ask somebody does not.
fn clean(command: &mut Command) {
    GIT_SAYS.iter().for_each(|name| {
        command.env_remove(name);
    });
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "stanch doctor").env(format!("GIT_{who}_EMAIL"), "doctor@stanch.invalid");
    }
    // Nothing but a repository on this machine, whatever is configured.
    command.env("GIT_ALLOW_PROTOCOL", "file").env("GIT_LFS_SKIP_PUSH", "1").env("GIT_LFS_SKIP_SMUDGE", "1");
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_EDITOR", ":").env("GIT_ASKPASS", "true").env("LC_ALL", "C");
}

/// What git says of a repository, which it must not change.
pub(super) fn plain_git(dir: &Path, args: &[&str]) -> anyhow::Result<Vec<u8>> {
    let mut git = Command::new("git");
    git.arg("-C")
        .arg(dir)
        .args(["-c", "core.fsmonitor=false"])
        .args(args)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdin(std::process::Stdio::null());
    let output = git.output().context("cannot run git")?;
    anyhow::ensure!(
        output.status.success(),
        "git {}: {}",
        args[0],
        String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("failed")
    );
    Ok(output.stdout)
}

/// Paths that git prints with zero bytes behind them.
pub(super) fn paths(listed: &[u8]) -> impl Iterator<Item = PathBuf> + '_ {
    listed.split(|b| *b == 0).filter(|name| !name.is_empty()).map(|name| PathBuf::from(OsStr::from_bytes(name)))
}

/// Copies tracked files, and those of hook managers; of a large tree the latter only, and that is what it says.
fn copy_files(repository: &Repository, root: &Path, to: &Path) -> anyhow::Result<Option<String>> {
    let listed = plain_git(root, &["ls-files", "-z", "--cached"])?;
    let tracked: Vec<PathBuf> = paths(&listed).filter(|path| !path.ends_with(".lfsconfig")).collect();
    let size = |path: &PathBuf| fs::symlink_metadata(root.join(path)).map_or(0, |meta| meta.len());
    let is_large = tracked.len() > MOST_FILES || tracked.iter().map(size).sum::<u64>() > MOST_BYTES;
    let mut names: Vec<PathBuf> = if is_large { Vec::new() } else { tracked };
    names.extend(EXTRA.iter().map(PathBuf::from));
    for (setup, _) in hook::status(repository).map(|status| status.managers).unwrap_or_default() {
        names.extend(setup.file.strip_prefix(root).ok().map(Path::to_path_buf));
    }
    for name in names {
        let (from, to) = (root.join(&name), to.join(&name));
        match fs::symlink_metadata(&from) {
            Ok(meta) if meta.is_dir() && !from.join(".git").exists() => copy_folder(&from, &to, Links::Same)?,
            Ok(meta) if !meta.is_dir() => copy_one(&from, &to, Links::Same)?,
            // A submodule, or a file that is tracked and gone.
            _ => {}
        }
    }
    Ok(is_large.then(|| "the work tree is large: of it only the files of hooks were copied".to_owned()))
}

fn copy_folder(from: &Path, to: &Path, links: Links) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(from) else { return Ok(()) };
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in entries {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type()? {
            kind if kind.is_dir() => copy_folder(&from, &to, links)?,
            _ if entry.file_name().as_bytes().ends_with(b".sample") => {}
            _ => copy_one(&from, &to, links)?,
        }
    }
    Ok(())
}

/// A file with its mode. A link leads where it did, if that is in the copy, too. Of hooks the file that another link leads to is copied; in the
/// work tree nothing may lead back to files that are somebody's.
fn copy_one(from: &Path, to: &Path, links: Links) -> anyhow::Result<()> {
    if fs::symlink_metadata(to).is_ok() {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder)?;
    if let Ok(target) = fs::read_link(from)
        && (target.is_absolute() || links == Links::Same || folder.join(&target).exists())
    {
        match links {
            Links::Same if target.is_absolute() => return Ok(()),
            Links::Same => return Ok(symlink(target, to)?),
            Links::File if target.is_relative() => return Ok(symlink(target, to)?),
            Links::File => {}
        }
    }
    if fs::metadata(from).is_ok_and(|meta| meta.is_file()) {
        fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    Ok(())
}

/// What becomes of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    /// The same link, if it is relative.
    Same,
    /// The file that it leads to, if that is not in the copy.
    File,
}
