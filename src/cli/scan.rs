//! `stanch scan`.

use std::collections::HashSet;
use std::io::{self, IsTerminal as _};
use std::mem::ManuallyDrop;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, tell};

use super::exit::{self, hinted};
use super::output::{self, Wanted};
use super::prints::Prints;
use super::{args, choice, clock, config, git as commits, hook, in_tree, known, progress, verdicts};
use crate::base::date::Date;
use crate::base::text::sanitise;
use crate::report::{self, Color, Format, Run, Style, Values, Verdict};
use crate::scan::blob::{Origin, Place};
use crate::scan::engine::Engine;
use crate::scan::expand::Limits;
use crate::scan::finding::{Confidence, IssueKind, Level, Scan, Severity};
use crate::scan::mask::Mask;
use crate::scan::project::Project;
use crate::scan::rule::pack;
use crate::scan::rule::select::Selected;
use crate::scan::source::collect::{Collector, Decider};
use crate::scan::source::files::{self, Obey};
use crate::scan::source::git::{self, History, Narrow};
use crate::scan::source::total;
use crate::scan::source::work::Job;
use crate::scan::suppress::Suppressions;

pub(super) fn run(args: &args::Scan) -> anyhow::Result<ExitCode> {
    perform(args).map(|done| ExitCode::from(done.code))
}

/// What came of a scan that was reported.
pub(super) struct Done {
    pub(super) scan: Scan,
    pub(super) verdict: Verdict,
    pub(super) style: Style,
    pub(super) code: u8,
}

/// Scans and reports.
pub(super) fn perform(args: &args::Scan) -> anyhow::Result<Done> {
    output::check_all(&wanted(args))?;
    finished(args)?.write(args)
}

/// A scan that is ready to be written.
pub(super) struct Finished {
    pub(super) scan: Scan,
    pub(super) input: report::Input,
    run: Run,
    engine: ManuallyDrop<Engine>,
}

/// Scans.
pub(super) fn finished(args: &args::Scan) -> anyhow::Result<Finished> {
    let began = clock::now();
    check_paths(&args.paths)?;
    let mut histories = histories(args)?;
    if let Some(jobs) = args.jobs {
        rayon::ThreadPoolBuilder::new().num_threads(usize::from(jobs)).build_global()?;
    }
    let chosen = config::chosen(&args.silence, &args.paths)?;
    let (engine, ids) = engine(&args.rules, &chosen)?;
    // The process ends soon after: giving thousands of small pieces back one by one would take a millisecond.
    let engine = ManuallyDrop::new(engine);
    let suppressions = known::suppressions(&args.silence, &chosen)?.knowing(ids);
    let (mut scan, input) = scan(args, &engine, (&chosen, &suppressions), &mut histories)?;
    let mask = (!args.show_secrets).then(|| Mask::of(&engine, &scan.findings));
    mask.iter().for_each(|mask| mask.names(&mut scan));
    if args.is_job {
        leave_out_git(&mut scan);
    }
    let run = told(args, &wanted(args), began, mask.as_ref());
    hide(&mut scan, (args.min_severity, args.min_confidence), &chosen.project);
    drop(mask);
    Ok(Finished { scan, input, run, engine })
}

impl Finished {
    /// The exit code.
    pub(super) fn code(&self, args: &args::Scan) -> u8 {
        code(&self.scan, self.input, args.exit_code)
    }

    /// Writes the reports.
    pub(super) fn write(self, args: &args::Scan) -> anyhow::Result<Done> {
        let Self { mut scan, input, run, engine } = self;
        let wanted = wanted(args);
        let style = Style {
            values: if args.show_secrets { Values::Shown } else { Values::Redacted },
            color: if !args.no_color && is_colourful() { Color::On } else { Color::Off },
            input,
            category: args.category.clone().unwrap_or_else(|| Style::default().category),
            run,
            ..Style::default()
        };
        let written = output::write_all(&wanted, &mut scan, &style);
        if written.is_err() || !args.quiet && wanted.iter().any(|one| says_too_little(one, &scan)) {
            closing_line(&scan, &wanted, written.is_ok());
        }
        written?;
        let mut style = style;
        if wanted.iter().any(|one| one.format.is_from_root()) {
            // Names are written from there now.
            style.root = in_tree::rename(&mut scan);
        }
        if args.show_secrets {
            // Who goes on with it has not asked for values.
            Mask::of(&engine, &scan.findings).names(&mut scan);
        }
        let code = code(&scan, input, args.exit_code);
        Ok(Done { verdict: Verdict::of(&scan, input), scan, style, code })
    }
}

/// Takes out what stands in a `.git` folder: in a CI job that is no part of the repository, and holds credentials of the job.
fn leave_out_git(scan: &mut Scan) {
    let is_git = |origin: &Origin| origin.path().is_some_and(|path| path.components().any(|part| part.as_os_str() == ".git"));
    scan.findings.retain_mut(|finding| {
        finding.occurrences.retain(|occurrence| !is_git(&occurrence.origin));
        !finding.occurrences.is_empty()
    });
}

/// The report of `-f` and `-o`, and further ones.
fn wanted(args: &args::Scan) -> Vec<Wanted> {
    let first = Wanted { format: args.format.into(), path: args.output.clone() };
    std::iter::once(first).chain(args.also.iter().map(Wanted::from)).collect()
}

/// What reports say of the run; of the rules only where one does.
fn told(args: &args::Scan, wanted: &[Wanted], began: u64, mask: Option<&Mask<'_>>) -> Run {
    let inputs = args.paths.iter().map(|path| path.to_string_lossy().into_owned());
    let inputs = inputs.map(|name| mask.map_or_else(|| name.clone(), |mask| mask.text(&name).into_owned())).collect();
    let rules = match &args.rules.rule_pack {
        _ if !wanted.iter().any(|one| one.format.tells_run()) => String::new(),
        Some(folder) => std::fs::read_to_string(folder.join(pack::NAME)).unwrap_or_default().trim().to_owned(),
        None => pack::version().to_owned(),
    };
    Run { began, ended: clock::now(), rules, inputs }
}

/// Does nobody see a report, or not what its form cannot say?
fn says_too_little(wanted: &Wanted, scan: &Scan) -> bool {
    wanted.file().is_some() || wanted.format == Format::GitleaksJson && scan.gaps() > 0
}

/// Scans without a report, for who wants what is found.
pub(super) fn quietly(
    args: &args::Scan,
    engine: &Engine,
    (chosen, suppressions): (&config::Chosen, &Suppressions),
) -> anyhow::Result<Scan> {
    check_paths(&args.paths)?;
    let mut histories = histories(args)?;
    Ok(scan(args, engine, (chosen, suppressions), &mut histories)?.0)
}

/// The repositories whose history is scanned.
fn histories(args: &args::Scan) -> anyhow::Result<Vec<History>> {
    if let Some(found) = commits::histories(args)? {
        return Ok(found);
    }
    if !args.history && !args.staged && !args.worktree {
        if !args.part.allow_alternates.is_empty() {
            return Err(hinted("`--allow-alternates` needs a git repository", "add `--history` or `--staged`"));
        }
        return Ok(Vec::new());
    }
    let keep = if args.history { verdicts::keep(&args.part)? } else { None };
    let is_elsewhere = args.is_elsewhere;
    let open = |path: &PathBuf| {
        let history = History::open_allowing(path, &args.part.allow_alternates);
        let mut history = history.map_err(|e| hinted(e.to_string(), "name the folder of a repository"))?;
        keep.iter().for_each(|keep| history.keep_verdicts(keep.clone()));
        if is_elsewhere {
            history.show_as_here();
        }
        match history.missing().first() {
            Some(why) if args.part.require_full_history => {
                let what = format!("the history of {} is not whole, and `--require-full-history` asks for that", path.display());
                Err(exit::incomplete(what, *why))
            }
            _ => Ok(history),
        }
    };
    check_paths(&args.part.allow_alternates)?;
    args.paths.iter().map(open).collect()
}

/// Which part of history is asked for.
fn narrow(part: &args::HistoryPart, range: Option<&str>, now: u64) -> anyhow::Result<Narrow> {
    let since = part.since.as_deref().map(|text| git::since(text, now)).transpose();
    let since = since.map_err(|why| hinted(format!("`--since`: {why}"), "without it all commits are scanned"))?;
    Ok(Narrow {
        reachable_only: part.reachable_only,
        refs: part.refs.clone(),
        since_commit: part.since_commit.clone(),
        range: range.map(super::git::ends).transpose()?,
        since,
        max_commits: part.max_commits.map(|n| n as usize),
        dry_run: part.dry_run,
    })
}

/// Takes out the findings below a threshold, and counts them.
pub(super) fn hide(scan: &mut Scan, least: (Option<args::Level>, Option<args::Sureness>), project: &Project) {
    let severity = least.0.map(Severity::from).or(project.settings.min_severity).unwrap_or(Severity::Info);
    let confidence = least.1.map(Confidence::from).or(project.settings.min_confidence).unwrap_or(Confidence::Low);
    let all = scan.findings.len();
    scan.findings.retain(|f| f.severity >= severity && f.confidence >= confidence);
    scan.coverage.below_threshold = (all - scan.findings.len()) as u64;
}

/// Findings first, then gaps. `--exit-code 0` never hides a gap.
pub(super) fn code(scan: &Scan, input: report::Input, findings: u8) -> u8 {
    match Verdict::of(scan, input) {
        Verdict::Clean | Verdict::NothingToScan => exit::CLEAN,
        Verdict::FindingsAndGaps if findings == exit::CLEAN => exit::INCOMPLETE,
        Verdict::Findings | Verdict::FindingsAndGaps => findings,
        Verdict::Gaps | Verdict::NothingScanned => exit::INCOMPLETE,
    }
}

/// Paths that are not there are a usage error, before anything is scanned.
fn check_paths(paths: &[PathBuf]) -> anyhow::Result<()> {
    for path in paths.iter().filter(|p| *p != Path::new("-")) {
        if let Err(e) = std::fs::metadata(path)
            && matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        {
            let glob = path.to_string_lossy().contains(['*', '?']);
            let hint = if glob { "the glob matched no file" } else { "check the spelling; `-` is standard input" };
            return Err(hinted(format!("no such file or folder: {}", path.display()), hint));
        }
    }
    Ok(())
}

/// The engine for the rules chosen, and the ids of all rules there are.
pub(super) fn engine(rules: &args::RuleChoice, project: &config::Chosen) -> anyhow::Result<(Engine, HashSet<String>)> {
    let Selected { rules, left_out, .. } = choice::selected(rules, project)?;
    let ids = rules.iter().map(|rule| rule.id.clone()).chain(left_out).collect();
    Ok((Engine::new(rules)?, ids))
}

fn scan(
    args: &args::Scan,
    engine: &Engine,
    (chosen, suppressions): (&config::Chosen, &Suppressions),
    histories: &mut [History],
) -> anyhow::Result<(Scan, report::Input)> {
    let project = &chosen.project;
    let prints = Prints::of(project.key.as_ref(), !args.part.no_cache)?;
    let fingerprinter = &prints.fingerprinter;
    let now = clock::now();
    let today = Date::from_unix(now);
    let partial = !args.rules.only.is_empty() || !args.rules.except.is_empty() || args.rules.rules_as_of.is_some();
    let decider = Decider { engine, fingerprinter, project, suppressions, today, partial };
    let job = Job::new(engine, Collector::new(decider), limits(args), now);
    let tell = |(path, words): &(PathBuf, String)| job.issues.note(IssueKind::Configuration, &Place::File(path), words.as_str());
    chosen.notes.iter().chain(&suppressions.astray(today)).chain(&known::ignored(args, chosen)).for_each(tell);
    let mut input = report::Input::Named;
    if let Some(any) = commits::scan(args, &job, histories)? {
        input = if any { input } else { report::Input::Empty };
    } else if let Some((path, text)) = &args.given.message {
        job.with_worker(|worker| worker.stream(&job, &Place::File(path), &mut text.as_slice()));
    } else if args.staged || args.worktree {
        let index = std::env::var_os("GIT_INDEX_FILE").filter(|name| !name.is_empty()).map(PathBuf::from);
        let mut any = false;
        for history in histories.iter() {
            let index = index.as_deref();
            any |= if args.staged { hook::staged(args, (history, index), &job) } else { history.scan_worktree(&job, index) }
                .map_err(|e| hinted(e.to_string(), "`git status` says what is wrong"))?;
        }
        input = if any { input } else { report::Input::Empty };
    } else if args.history {
        let narrow = narrow(&args.part, args.added.range.as_deref(), now)?;
        let mut done = Ok(());
        progress::while_shown(
            &job,
            args.quiet,
            |_| None,
            || done = histories.iter_mut().try_for_each(|history| history.scan(&job, &narrow)),
        );
        done.map_err(|e| hinted(e.to_string(), "`git for-each-ref` and `git log --all` list what there is"))?;
        if histories.iter().all(git::History::is_nothing_chosen) {
            input = report::Input::Empty;
        }
    } else {
        let inputs = Inputs::of(args);
        progress::while_shown(&job, args.quiet, |stop| inputs.size(stop), || inputs.scan(&job));
    }
    if is_whole(args, project, &job) {
        suppressions.unused(today).iter().for_each(tell);
    }
    let mut scan = finish(job, fingerprinter.is_stable());
    prints.keep();
    for history in histories.iter_mut() {
        history.annotate(&mut scan.findings, now);
    }
    Ok((scan, input))
}

/// Was all of the project looked at, with all rules, so that an entry that fitted nothing is there for nothing?
fn is_whole(args: &args::Scan, project: &Project, job: &Job<'_>) -> bool {
    let added = &args.added;
    let is_part = args.given.message.is_some()
        || args.history
        || args.staged
        || args.worktree
        || added.range.is_some()
        || added.reached.is_some()
        || added.pre_push
        || added.pre_receive;
    let is_root = |path: &PathBuf| path.canonicalize().is_ok_and(|path| Some(path.as_path()) == project.locator.root());
    let has_gaps = job.issues.counts().1.keys().any(|(level, _)| *level == Level::Gap);
    !is_part && !has_gaps && args.rules.only.is_empty() && args.rules.except.is_empty() && args.paths.iter().any(is_root)
}

fn limits(args: &args::Scan) -> Limits {
    let usual = Limits::default();
    let size = args.max_archive_size.map(|mb| mb * 1_000_000);
    Limits {
        depth: args.max_archive_depth.unwrap_or(usual.depth),
        member_bytes: size.unwrap_or(usual.member_bytes),
        total_bytes: size.unwrap_or(usual.total_bytes),
        ratio: args.max_archive_ratio.unwrap_or(usual.ratio),
        members: args.max_archive_members.unwrap_or(usual.members),
        ..usual
    }
}

/// Is standard output a terminal that knows colours, and are they wanted?
fn is_colourful() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        && io::stdout().is_terminal()
        && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// What is scanned.
struct Inputs {
    standard: bool,
    /// Bytes of standard input; unknown for a pipe.
    standard_size: Option<u64>,
    named: Vec<PathBuf>,
    obey: Obey,
}

impl Inputs {
    fn of(args: &args::Scan) -> Self {
        let (standard, named): (Vec<PathBuf>, Vec<PathBuf>) = args.paths.iter().cloned().partition(|p| p == Path::new("-"));
        let obey = if args.no_ignore { Obey::Nothing } else { Obey::Ignores };
        let standard = !standard.is_empty();
        // Now, before anything is read.
        let standard_size = if standard { left_of(io::stdin()) } else { Some(0) };
        Self { standard, standard_size, named, obey }
    }

    /// Bytes there are to read, if that can be known.
    fn size(&self, stop: &AtomicBool) -> Option<u64> {
        Some(self.standard_size?.saturating_add(total::size(&self.named, self.obey, stop)?))
    }

    fn scan(&self, job: &Job<'_>) {
        if self.standard && is_closed(io::stdin()) {
            job.issues.gap(IssueKind::Unreadable, &Place::Stdin, "standard input is closed");
        } else if self.standard {
            job.with_worker(|worker| worker.stream(job, &Place::Stdin, &mut io::stdin()));
        }
        files::scan(job, &self.named, self.obey);
    }
}

/// Whether it was closed when the program began: Rust opens `/dev/null` in its place then, to read and to write, which nobody does
/// who names it in a shell.
pub(super) fn is_closed(input: impl AsFd) -> bool {
    let null = || rustix::fs::stat("/dev/null").map(|null| null.st_rdev);
    let is_null = fstat(&input).is_ok_and(|stat| {
        FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && null().is_ok_and(|null| null == stat.st_rdev)
    });
    is_null && fcntl_getfl(&input).is_ok_and(|flags| flags.contains(OFlags::RDWR))
}

/// Bytes left to read, if it is a regular file.
fn left_of(input: impl AsFd) -> Option<u64> {
    let stat = fstat(&input).ok()?;
    let size = u64::try_from(stat.st_size).ok().filter(|_| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)?;
    Some(size.saturating_sub(tell(&input).ok()?))
}

pub(super) fn finish(job: Job<'_>, stable: bool) -> Scan {
    let (mut coverage, collector, issues) = job.finish();
    let (findings, counts) = collector.finish();
    coverage.allowed_inline = counts.inline;
    coverage.allowed_by_entry = counts.entry;
    coverage.in_baseline = counts.known.len() as u64;
    coverage.judged_real = counts.known.values().filter(|real| **real).count() as u64;
    for (origin, text) in &counts.remarks {
        issues.note_at(IssueKind::Configuration, origin.clone(), text.as_str());
    }
    if let Some((n, first)) = counts.beyond {
        issues.gap_at(
            IssueKind::FindingLimit,
            first,
            format!("{n} places of more secrets than are kept are not listed, here and behind"),
        );
    }
    let (issues, issue_counts) = issues.finish();
    let silenced = counts.silenced.into_iter().collect();
    Scan { findings, issues, issue_counts, coverage, stable_fingerprints: stable, silenced }
}

/// What was found and where it is written, or that it is written nowhere.
#[expect(clippy::print_stderr, reason = "talk, when a report goes to a file")]
fn closing_line(scan: &Scan, wanted: &[Wanted], is_written: bool) {
    let n = scan.findings.len();
    let hidden = match scan.coverage.below_threshold {
        0 => String::new(),
        h => format!(", {h} below the threshold"),
    };
    let gaps = match scan.gaps() {
        0 => String::new(),
        g => format!(", {g} not looked at"),
    };
    let files: Vec<String> =
        wanted.iter().filter_map(Wanted::file).map(|path| sanitise(path.as_os_str().as_encoded_bytes()).into_owned()).collect();
    let end = match files.as_slice() {
        _ if !is_written => String::new(),
        [] => "; report written to standard output".to_owned(),
        [one] => format!("; report written to {one}"),
        [all @ .., last] => format!("; reports written to {} and {last}", all.join(", ")),
    };
    eprintln!("{n} finding{}{hidden}{gaps}{end}", if n == 1 { "" } else { "s" });
}
