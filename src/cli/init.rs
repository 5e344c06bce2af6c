//! `stanch init`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use super::exit::hinted;
use super::{args, output};
use crate::base::fs::{self, Error};
use crate::base::text;
use crate::scan::project::Project;

const HOOK: &str = "#!/bin/sh\n# Looks at what the commit would add.\nexec stanch scan --staged\n";
const HOOK_PATH: &str = ".git/hooks/pre-commit";
const CI_PATH: &str = ".github/workflows/stanch.yml";
const CI: &str = "name: stanch
on: [push, pull_request]
permissions:
  contents: read
jobs:
  secrets:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - run: cargo install --locked stanch
      - run: stanch scan --range \"$BASE..$HEAD\"
        env:
          BASE: ${{ github.event.pull_request.base.sha || github.event.before }}
          HEAD: ${{ github.event.pull_request.head.sha || github.sha }}
";

pub(super) fn run(args: &args::Init) -> anyhow::Result<ExitCode> {
    let path = args.dir.join("stanch.toml");
    if args.all {
        check(&args.dir)?;
    }
    if !(args.all && path.exists()) {
        Project::create(&path)?;
        say("wrote", &path, " with a fresh project key; commit it, so that fingerprints are the same for everyone");
    }
    if args.all {
        return all(&args.dir);
    }
    if args.dir.join(".git").is_dir() {
        output::write(None, |out| {
            writeln!(out, "\nA hook that looks at each commit, in {HOOK_PATH}:\n\n{}", indented(HOOK))?;
            writeln!(out, "A check of each push and pull request, in {CI_PATH}:\n\n{}", indented(CI))?;
            writeln!(out, "`stanch init --all` writes both.")
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether hook and check can be made, before anything is written.
fn check(dir: &Path) -> anyhow::Result<()> {
    if !dir.join(".git").is_dir() {
        return Err(hinted(
            format!("{} is no git repository with a .git folder", dir.display()),
            "without `--all` only stanch.toml is made",
        ));
    }
    let config = std::fs::read_to_string(dir.join(".git/config")).unwrap_or_default();
    if config.lines().any(|line| line.trim_start().to_ascii_lowercase().starts_with("hookspath")) {
        return Err(hinted(
            "git looks for hooks elsewhere (core.hooksPath)",
            "put `exec stanch scan --staged` into the pre-commit hook there",
        ));
    }
    for (name, text) in [(HOOK_PATH, HOOK), (CI_PATH, CI)] {
        let path = dir.join(name);
        if path.symlink_metadata().is_ok() && std::fs::read_to_string(&path).ok().as_deref() != Some(text) {
            let hint = if name == HOOK_PATH { "add `stanch scan --staged || exit 1` to it" } else { "move it away" };
            return Err(hinted(format!("{} is there already", path.display()), hint));
        }
    }
    Ok(())
}

/// Writes hook and check, each unless it is there.
fn all(dir: &Path) -> anyhow::Result<ExitCode> {
    for (name, text) in [(HOOK_PATH, HOOK), (CI_PATH, CI)] {
        let path = dir.join(name);
        let folder = path.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        match fs::create_new(&path, text.as_bytes()) {
            Ok(()) => say("wrote", &path, ""),
            Err(Error::Exists(_)) => say("kept", &path, ""),
            Err(e) => return Err(e.into()),
        }
    }
    let hook = dir.join(HOOK_PATH);
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", hook.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

#[expect(clippy::print_stderr, reason = "says what was made and what to do next")]
fn say(what: &str, path: &Path, more: &str) {
    eprintln!("{what} {}{more}", text::sanitise(path.display().to_string().as_bytes()));
}
