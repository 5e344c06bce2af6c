//! `stanch init`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use super::exit::{self, hinted};
use super::{args, baseline, hook, migrate, output};
use crate::base::fs::{self, Error};
use crate::base::text;
use crate::scan::project::Project;

const CI_PATH: &str = ".github/workflows/stanch.yml";
/// Installs the program in CI.
pub(super) const INSTALL: &str = "cargo install --locked --git \"$STANCH_REPOSITORY\" stanch";
const CI: &str = "name: stanch
on: [push, pull_request, merge_group]
permissions:
  contents: read
jobs:
  secrets:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
      # The address of stanch's repository, as a variable of this one.
      - run: {install}
        env:
          STANCH_REPOSITORY: ${{ vars.STANCH_REPOSITORY }}
      - run: stanch ci{rules}
";

/// A text for a folder: with the rules that `stanch migrate` wrote there, if it did.
fn text_for(dir: &Path, text: &str) -> String {
    let rules = if dir.join(migrate::RULES).is_file() { format!(" --rules {}", migrate::RULES) } else { String::new() };
    text.replace("{rules}", &rules).replace("{install}", INSTALL)
}

pub(super) fn run(args: &args::Init) -> anyhow::Result<ExitCode> {
    let path = args.dir.join("stanch.toml");
    if args.all && !args.dir.join(".git").exists() {
        return Err(hinted(
            format!("{} is not the top of a git repository", args.dir.display()),
            "without `--all` only stanch.toml is made",
        ));
    }
    if !(args.all && path.exists()) {
        Project::create(&path)?;
        say("wrote", &path, " with a fresh project key; commit it, so that fingerprints are the same for everyone");
    }
    if args.all {
        return all(&args.dir);
    }
    if args.dir.join(".git").exists() {
        output::write(None, |out| {
            writeln!(out, "\nA check of each push and pull request, in {CI_PATH}:\n\n{}", indented(&text_for(&args.dir, CI)))?;
            writeln!(out, "`stanch hook install` has git look at each commit and push.")?;
            writeln!(out, "`stanch init --all` does both, and makes a baseline of what is known.")
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a baseline, hooks and a check, each unless it is there. What cannot be made keeps no other from it, and is told in the end.
fn all(dir: &Path) -> anyhow::Result<ExitCode> {
    let mut left = Vec::new();
    if let Err(e) = baseline::first(dir).and_then(|()| baseline::merges(dir)) {
        left.push(e);
    }
    match hook::first(dir) {
        Ok(lines) => lines.iter().for_each(|line| tell(line)),
        Err(e) => left.push(e),
    }
    match part(dir, CI_PATH, CI, "add `stanch ci` to it, or move it away") {
        Ok(()) => {
            say("note:", &dir.join(CI_PATH), " needs the variable STANCH_REPOSITORY: the address that stanch is installed from")
        }
        Err(e) => left.push(e),
    }
    match left.pop() {
        None => Ok(ExitCode::SUCCESS),
        Some(last) => {
            for error in &left {
                exit::failure(error);
            }
            Err(last)
        }
    }
}

/// Writes a file; one that is there with the same text is kept.
fn part(dir: &Path, name: &str, text: &str, hint: &str) -> anyhow::Result<()> {
    let text = text_for(dir, text);
    let path = dir.join(name);
    let folder = path.parent().unwrap_or(dir);
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    match fs::create_new(&path, text.as_bytes()) {
        Ok(()) => say("wrote", &path, ""),
        Err(Error::Exists(_)) if std::fs::read_to_string(&path).is_ok_and(|old| old == text || runs(&old)) => {
            say("kept", &path, "")
        }
        Err(Error::Exists(_)) => return Err(hinted(format!("{} is there already", path.display()), hint)),
        Err(e) => return Err(e.into()),
    }
    Ok(())
}

/// Does it scan already?
fn runs(text: &str) -> bool {
    text.lines()
        .any(|line| !line.trim_start().starts_with('#') && (line.contains("stanch scan --") || line.contains("stanch ci")))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

fn say(what: &str, path: &Path, more: &str) {
    tell(&format!("{what} {}{more}", path.display()));
}

#[expect(clippy::print_stderr, reason = "says what was made and what to do next")]
fn tell(line: &str) {
    eprintln!("{}", text::sanitise(line.as_bytes()));
}
