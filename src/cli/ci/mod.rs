//! `stanch ci`: scans what a CI job is about, and tells the CI system in its own way.
//!
//! Start with [`run`]. The event that started the job becomes a [`plan`], which is pure; [`clone`](self::clone) makes of it names that are here, and fetches;
//! the scan is that of `stanch scan`; [`runner`] writes what GitHub reads.

mod clone;
mod github;
mod plan;
mod runner;
mod variables;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use self::clone::{Clone, Fetch, Ready, short, shown};
use self::plan::{Base, Checkout, Event, Plan, What};
use self::runner::Runner;
use super::args;
use super::args::ci::{Ci, FailOn, Platform};
use super::exit::{self, hinted};
use super::format::Format;
use super::{output, scan};
use crate::report::Verdict;

/// Stands for no commit.
const ZERO: &str = "0000000000000000000000000000000000000000";
/// No event is larger: GitHub's are at most 25 MB.
const MAX_EVENT: u64 = 64 << 20;
const HINT: &str = "`--base REV` and `--head REV` say what to scan, whatever the event says";

pub(super) fn run(args: &Ci) -> anyhow::Result<ExitCode> {
    let platform = args.platform.or_else(detected);
    let runner = Runner::of(platform, &variable);
    let done = refuse(args).and_then(|()| job(args, platform, &runner));
    match done {
        Ok(code) => Ok(ExitCode::from(code)),
        Err(error) => {
            // What reads the outputs must not take silence for an all-clear.
            runner.failed(exit::code(&error))?;
            Err(error)
        }
    }
}

/// What cannot be meant.
fn refuse(args: &Ci) -> anyhow::Result<()> {
    let (scan, added) = (&args.scan, &args.scan.added);
    if args.fail_on == FailOn::Live {
        let hint = "use `--fail-on new`, which is the default, `any` or `none`";
        return Err(hinted("`--fail-on live` is not available: whether a secret is live is not checked yet", hint));
    }
    let chosen = [
        ("--range", added.range.is_some()),
        ("--staged", scan.staged),
        ("--worktree", scan.worktree),
        ("--pre-push", added.pre_push),
        ("--pre-receive", added.pre_receive),
        ("--no-ignore", scan.no_ignore),
    ];
    if let Some((flag, _)) = chosen.iter().find(|(_, given)| *given) {
        return Err(hinted(format!("`{flag}` cannot be used with `stanch ci`, which chooses what is scanned"), HINT));
    }
    let [_] = &scan.paths[..] else { return Err(hinted("a CI job is about one repository", "name one folder")) };
    for path in args.comment.iter().chain(&args.tree_sarif) {
        output::check(Some(path))?;
    }
    Ok(())
}

/// Plans, fetches, scans and tells; the exit code.
fn job(args: &Ci, platform: Option<Platform>, runner: &Runner) -> anyhow::Result<u8> {
    let plan = planned(args, platform)?;
    if args.plan {
        output::write(None, |out| writeln!(out, "{}", words(&plan)))?;
        say(&format!("stanch ci: {}", shown(&plan.why)));
        return Ok(exit::CLEAN);
    }
    let fetch = if args.no_fetch { Fetch::Nothing } else { Fetch::Missing };
    let mut clone = Clone::new(&args.scan.paths[0], fetch);
    let ready = clone.ready(&plan);
    clone.notes.dedup();
    let is_chosen = args.base.is_some() || args.head.is_some();
    let about = told(&plan, &ready);
    say(&format!("stanch ci: {about}"));
    clone.notes.iter().for_each(|note| say(&format!("note: {note}")));
    if let Ready::Range { from, to } = &ready
        && from == to
        && is_chosen
    {
        return Err(hinted("`--base` and `--head` are the same commit, so that nothing would be scanned", HINT));
    }
    runner.planned(&plan)?;
    let scan = chosen(args, &plan, ready);
    let mut done = runner.quoting(&scan, || scan::perform(&scan))?;
    if !args.no_summary {
        runner.summarise(&done, &about)?;
    }
    if let Some(path) = &args.comment {
        runner::comment(&done, &about, (&args.category, path))?;
    }
    if !args.no_annotations {
        runner.annotate(&mut done)?;
    }
    let mut is_complete = done.verdict.complete();
    let mut code = code(args.fail_on, &args.scan, &done);
    if let Some(path) = &args.tree_sarif {
        let is_whole = tree(args, scan, &plan, path)?;
        is_complete &= is_whole;
        code = if code == exit::CLEAN && !is_whole { exit::INCOMPLETE } else { code };
        runner.sarif(path)?;
    }
    runner.finished(&done, is_complete, code)?;
    Ok(code)
}

/// The plan for the event that started the job, or for the ends that were chosen.
fn planned(args: &Ci, platform: Option<Platform>) -> anyhow::Result<Plan> {
    let (base, head) = (args.base.as_deref(), args.head.as_deref());
    let plan = match platform {
        None if base.is_some() => Ok(Plan::new(What::Nothing, "")),
        None => Err(hinted(
            "this is no job of a CI system that is known: none of GITHUB_ACTIONS, GITLAB_CI, BITBUCKET_BUILD_NUMBER, TF_BUILD and JENKINS_URL is set",
            "name it with `--platform`, or say what to scan with `--base REV`",
        )),
        Some(platform) => {
            event(args, platform).and_then(|event| Plan::of(&event).map_err(|e| hinted(shown(&e.to_string()), HINT)))
        }
    };
    let plan = match plan {
        // Nothing more is needed of an event.
        Err(_) if base.is_some() && head.is_some() => Plan::new(What::Nothing, ""),
        other => other?,
    };
    let plan = plan.with_ends(base, head);
    Ok(if args.scan.history { Plan { what: What::Everything, why: "`--history` asks for it".to_owned(), ..plan } } else { plan })
}

/// What the CI system says about the job.
fn event(args: &Ci, platform: Platform) -> anyhow::Result<Event<'static>> {
    if platform != Platform::GitHub {
        return Ok(Event::Variables(platform, &variable));
    }
    let needed = |name: &str| variable(name).ok_or_else(|| hinted(format!("{name} is not set"), HINT));
    let name = needed("GITHUB_EVENT_NAME")?;
    let file = args.event.clone().map_or_else(|| needed("GITHUB_EVENT_PATH").map(PathBuf::from), Ok)?;
    let mut payload = Vec::new();
    let read = File::open(&file).and_then(|opened| opened.take(MAX_EVENT + 1).read_to_end(&mut payload));
    read.with_context(|| format!("cannot read the event in {}", file.display()))?;
    if payload.len() as u64 > MAX_EVENT {
        return Err(hinted(format!("the event in {} is larger than 64 MiB", file.display()), HINT));
    }
    Ok(Event::GitHub { name, file, payload })
}

/// The arguments of the scan.
fn chosen(args: &Ci, plan: &Plan, ready: Ready) -> args::Scan {
    let mut scan = args.scan.clone();
    (scan.category, scan.is_job) = (Some(args.category.clone()), true);
    let mut base = None;
    match ready {
        Ready::Nothing => scan.added.range = Some(format!("{ZERO}..{ZERO}")),
        Ready::Range { from, to } => {
            scan.added.range = Some(format!("{from}..{to}"));
            base = Some(from);
        }
        Ready::Reached(to) => scan.added.reached = Some(to),
        Ready::Everything => scan.history = true,
    }
    let silence = &mut scan.silence;
    let is_chosen = silence.no_config || silence.trust_config || silence.config_from.is_some();
    if plan.request.is_some() && !is_chosen {
        // What a pull request changes of it could silence its own leak.
        silence.config_from = base.filter(|id| plan::is_id(id));
    }
    if args.fail_on == FailOn::None {
        scan.exit_code = exit::CLEAN;
    }
    scan
}

/// A SARIF report of the files that are checked out, or of the commits, where something else is checked out; whether nothing is missing.
fn tree(args: &Ci, mut scan: args::Scan, plan: &Plan, path: &Path) -> anyhow::Result<bool> {
    if plan.checkout == Checkout::Head {
        (scan.history, scan.added.range, scan.added.reached) = (false, None, None);
    }
    (scan.format, scan.output, scan.quiet) = (Format::Sarif, Some(path.to_path_buf()), true);
    // The threads are made once.
    (scan.jobs, scan.show_secrets) = (None, false);
    scan.also.clear();
    let done = scan::perform(&scan).with_context(|| format!("the report for {}", path.display()))?;
    Ok(done.verdict.complete() || args.scan.exit_code == exit::CLEAN && done.verdict == Verdict::NothingScanned)
}

fn code(fail_on: FailOn, args: &args::Scan, done: &scan::Done) -> u8 {
    let knows = done.scan.coverage.in_baseline > 0;
    if fail_on == FailOn::Any && knows && matches!(done.code, exit::CLEAN | exit::INCOMPLETE) {
        args.exit_code
    } else {
        done.code
    }
}

/// The CI system whose job this is.
fn detected() -> Option<Platform> {
    let marks = [
        ("GITHUB_ACTIONS", Platform::GitHub),
        ("GITLAB_CI", Platform::GitLab),
        ("BITBUCKET_BUILD_NUMBER", Platform::Bitbucket),
        ("TF_BUILD", Platform::Azure),
        ("JENKINS_URL", Platform::Jenkins),
    ];
    marks.into_iter().find(|(name, _)| variable(name).is_some()).map(|(_, platform)| platform)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A plan as words for programs.
fn words(plan: &Plan) -> String {
    match &plan.what {
        What::Nothing => "nothing".to_owned(),
        What::Everything => "everything".to_owned(),
        What::Range { base, head } => {
            let base = match base {
                Base::Commit(name) => shown(name),
                Base::Branch(name) => format!("branch:{}", shown(name)),
                Base::Default { pushed: Some(pushed), .. } => format!("default-but:{}", shown(pushed)),
                Base::Default { .. } => "default".to_owned(),
            };
            format!("range {base} {}", shown(head))
        }
    }
}

/// What is scanned and why, for people.
fn told(plan: &Plan, ready: &Ready) -> String {
    let why = shown(&plan.why);
    match ready {
        Ready::Nothing => format!("nothing to scan: {why}"),
        Ready::Range { from, to } => format!("commits {}..{}: {why}", short(from), short(to)),
        Ready::Reached(to) => format!("all commits up to {}: {why}", short(to)),
        Ready::Everything => format!("the whole history: {why}"),
    }
}

#[expect(clippy::print_stderr, reason = "says what is scanned and what could not be fetched")]
fn say(line: &str) {
    eprintln!("{line}");
}
