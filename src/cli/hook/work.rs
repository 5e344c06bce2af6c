//! `stanch hook run`: what a hook does when git calls it.
//!
//! It must not pass what it could not look at. Start with [`run`]. The scans are those of `stanch scan`; what another program than git
//! gives to a hook is put into git's words here.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Parser as _;

use super::super::exit::hinted;
use super::super::scan::is_closed;
use super::super::{args, git as commits, output, scan};
use super::advice;
use super::chain::Chain;
use crate::hook::{Error, Hook};
use crate::report::Verdict;

/// What the pre-commit framework puts before the name of a hook that it found.
const LEGACY: &str = ".legacy";

pub(super) fn run(args: args::HookRun) -> anyhow::Result<ExitCode> {
    let name = args.hook.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(hook) = Hook::named(name.trim_end_matches(LEGACY)) else {
        let all = Hook::ALL.map(Hook::name).join(", ");
        return Err(hinted(format!("`{name}` is no hook that looks for secrets"), format!("it is one of {all}")));
    };
    let chain = Chain::of(&args.hook, hook, args.with_own)?;
    let reads = matches!(hook, Hook::PrePush | Hook::PreReceive);
    // A hook beside ours may change what is committed, so it comes first; one that sends files away before a push must not.
    if !reads && let Some(code) = chain.run(&args.given, None)? {
        return Ok(ExitCode::from(code));
    }
    let given = args.given.clone();
    let scan_args = scan_of(args, hook)?;
    let input = scan_args.given.input.clone();
    let code = scanned(&scan_args, hook)?;
    if reads
        && code == 0
        && let Some(code) = chain.run(&given, input.as_deref())?
    {
        return Ok(ExitCode::from(code));
    }
    Ok(ExitCode::from(code))
}

/// Scans and says what came of it.
#[expect(clippy::print_stderr, reason = "talk: what to do next")]
fn scanned(args: &args::Scan, hook: Hook) -> anyhow::Result<u8> {
    output::check(args.output.as_deref())?;
    let finished = scan::finished(args)?;
    let verdict = Verdict::of(&finished.scan, finished.input);
    let code = finished.code(args);
    if matches!(verdict, Verdict::Clean | Verdict::NothingToScan) {
        if !args.quiet {
            eprintln!("stanch: {}", advice::all_clear(hook, &finished.scan, verdict));
        }
        return Ok(code);
    }
    let done = finished.write(args)?;
    eprint!("{}", advice::next(hook, &done.scan, verdict));
    Ok(code)
}

/// The scan that a hook asks for.
fn scan_of(args: args::HookRun, hook: Hook) -> anyhow::Result<args::Scan> {
    let args::Command::Scan(mut scan) = args::Cli::try_parse_from(["stanch", "scan"])?.command else {
        return Err(anyhow::anyhow!("`scan` is no longer a command"));
    };
    // Git calls a hook by its path; then what another program left in the environment says nothing of it.
    let is_named = args.hook.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    let framework = if is_named { Framework::here() } else { None };
    scan.rules = args.rules;
    scan.silence = args.silence;
    scan.part.allow_alternates = args.allow_alternates;
    (scan.min_severity, scan.min_confidence, scan.quiet) = (args.min_severity, args.min_confidence, args.quiet);
    let given = args.given;
    match hook {
        Hook::PreCommit => match framework.filter(|said| said.from.is_some() && said.to.is_some()) {
            Some(said) => scan.added.range = Some(said.range()),
            None => {
                scan.staged = true;
                scan.given.names = (!given.is_empty()).then(|| given.into_iter().map(PathBuf::from).collect());
            }
        },
        Hook::PrePush => {
            scan.added.pre_push = true;
            // The name of the remote, as git gives it: what it has is known by that.
            scan.paths = given.into_iter().map(PathBuf::from).collect();
            pushed(&mut scan, framework, is_named)?;
            if scan.paths.is_empty() {
                scan.paths = vec![PathBuf::from(".")];
            }
        }
        Hook::PreReceive => {
            scan.added.pre_receive = true;
            if !is_closed(io::stdin()) {
                scan.given.input = Some(commits::lines()?);
            }
        }
        Hook::CommitMsg => {
            let [path] = &given[..] else {
                return Err(hinted(
                    "the file of the message is missing",
                    "git gives it to commit-msg: `stanch hook run commit-msg \"$1\"`",
                ));
            };
            git(&["rev-parse", "--git-dir"]).ok_or_else(|| super::told(Error::NoRepository(PathBuf::from("."))))?;
            scan.given.message = Some(message(Path::new(path))?);
        }
    }
    Ok(commits::hooked(*scan))
}

/// What is pushed: git's lines, or what the pre-commit framework says of them. A manager may have given the lines to another command
/// before: then it is what the remote has not of the current branch.
#[expect(clippy::print_stderr, reason = "talk: which commits are looked at")]
fn pushed(scan: &mut args::Scan, framework: Option<Framework>, is_named: bool) -> anyhow::Result<()> {
    if let Some(said) = framework {
        scan.paths = said.remote.iter().map(PathBuf::from).collect();
        scan.given.input = Some(said.line()?);
        if scan.paths.is_empty() && said.from.is_some() && said.to.is_some() {
            (scan.added.pre_push, scan.added.range) = (false, Some(said.range()));
        }
        return Ok(());
    }
    if is_closed(io::stdin()) && !is_named {
        return Ok(());
    }
    let mut input = commits::lines()?;
    if input.is_empty()
        && is_named
        && let Some(id) = commit("HEAD")
    {
        eprintln!(
            "stanch: git's list of what is pushed did not get here, so what the remote has not of the current branch is scanned"
        );
        input = line("HEAD", &id, None);
    }
    scan.given.input = Some(input);
    Ok(())
}

/// A line as git gives it to pre-push.
fn line(local: &str, id: &str, old: Option<&str>) -> Vec<u8> {
    let zeros = "0".repeat(id.len());
    format!("{local} {id} {local} {}\n", old.unwrap_or(&zeros)).into_bytes()
}

/// What the pre-commit framework says of a push or of a range.
#[derive(Debug, Default)]
struct Framework {
    from: Option<String>,
    to: Option<String>,
    local: Option<String>,
    remote: Option<String>,
}

impl Framework {
    /// If it called us.
    fn here() -> Option<Self> {
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        said("PRE_COMMIT")?;
        Some(Self {
            from: said("PRE_COMMIT_FROM_REF"),
            to: said("PRE_COMMIT_TO_REF"),
            local: said("PRE_COMMIT_LOCAL_BRANCH"),
            remote: said("PRE_COMMIT_REMOTE_NAME"),
        })
    }

    fn range(&self) -> String {
        format!("{}..{}", self.from.as_deref().unwrap_or_default(), self.to.as_deref().unwrap_or_default())
    }

    /// In git's words. It tells of one branch, and of none if all of it is new.
    fn line(&self) -> anyhow::Result<Vec<u8>> {
        let local = self.local.as_deref().unwrap_or("HEAD");
        let name = self.to.as_deref().unwrap_or(local);
        let id = commit(name).ok_or_else(|| {
            hinted(format!("no commit is named `{name}` here"), "PRE_COMMIT_TO_REF or PRE_COMMIT_LOCAL_BRANCH says so")
        })?;
        Ok(line("HEAD", &id, self.from.as_deref().and_then(commit).as_deref()))
    }
}

/// The id of a commit that git knows by a name.
fn commit(name: &str) -> Option<String> {
    let name = format!("{name}^{{commit}}");
    let said = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name])?;
    Some(said.trim().to_owned())
}

/// What git says; nothing if it fails.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The message of a commit, without the lines that git takes out; those that stay keep their numbers.
fn message(path: &Path) -> anyhow::Result<(PathBuf, Vec<u8>)> {
    let text = std::fs::read(path).map_err(|e| {
        hinted(format!("cannot read {}: {}", path.display(), super::plain(&e)), "git gives the file to commit-msg")
    })?;
    // Git says so where no editor is shown: then nothing is taken out.
    let edited = std::env::var_os("GIT_EDITOR").is_none_or(|editor| editor != ":");
    let settings = git(&["config", "--get-regexp", r"^(core\.comment(char|string)|commit\.cleanup)$"]).unwrap_or_default();
    let setting = |name: &str| {
        let value = |line: &str| line.split_once(' ').filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
        settings.lines().rev().find_map(value)
    };
    let comment = setting("core.commentstring").or_else(|| setting("core.commentchar"));
    let comment = comment.filter(|mark| mark != "auto" && !mark.is_empty()).unwrap_or_else(|| "#".to_owned());
    let keeps = matches!(setting("commit.cleanup").as_deref(), Some("verbatim" | "whitespace"));
    let text = if edited { cleaned(&text, comment.as_bytes(), keeps) } else { text };
    Ok((path.to_path_buf(), text))
}

/// A message without what stands behind git's scissors and without comments, unless they are kept.
fn cleaned(text: &[u8], comment: &[u8], keeps: bool) -> Vec<u8> {
    let scissors = [comment, b" ------------------------ >8 ------------------------"].concat();
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(&scissors) {
            break;
        }
        if !keeps && line.starts_with(comment) { out.push(b'\n') } else { out.extend_from_slice(line) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::cleaned;

    #[test]
    fn what_git_takes_out_of_a_message_is_not_looked_at() {
        let check = |text: &str, comment: &str, keeps: bool, expected: &str| {
            assert_eq!(String::from_utf8(cleaned(text.as_bytes(), comment.as_bytes(), keeps)).unwrap(), expected, "{text}");
        };
        check("a\n# b\n#c\nd", "#", false, "a\n\n\nd");
        check("a\n# b\n", "#", true, "a\n# b\n");
        check("a\n; b\n# c\n", ";", false, "a\n\n# c\n");
        check("a\n // b\n// c\n", "//", false, "a\n // b\n\n");
        let scissors = "# ------------------------ >8 ------------------------\n";
        check(&format!("a\n{scissors}# Do not modify\ndiff\n-old\n"), "#", true, "a\n");
        check("", "#", false, "");
    }
}
