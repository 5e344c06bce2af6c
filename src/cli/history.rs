//! `stanch history`: what to do about secrets in the history of a repository.

use std::collections::{BTreeSet, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::exit::{self, hinted};
use super::{args, clock, config, output, progress, scan};
use crate::base::date::Date;
use crate::base::fs::{self, Access};
use crate::report::rewrite::{self, Plan};
use crate::report::{Style, Verdict};
use crate::scan::engine::Engine;
use crate::scan::expand::Limits;
use crate::scan::finding::{Danger, Exposure, Finding, Scan};
use crate::scan::fingerprint::Fingerprinter;
use crate::scan::mask::Mask;
use crate::scan::project::Project;
use crate::scan::source::collect::{Collector, Decider};
use crate::scan::source::git::{History, Narrow};
use crate::scan::source::work::Job;
use crate::scan::suppress::Suppressions;

/// Secrets that an error names.
const NAMED: usize = 20;

pub(super) fn run(args: &args::History) -> anyhow::Result<ExitCode> {
    match &args.command {
        args::HistoryCommand::RewritePlan(args) => rewrite_plan(args),
    }
}

fn rewrite_plan(args: &args::RewritePlan) -> anyhow::Result<ExitCode> {
    let mut history =
        History::open(&args.repo).map_err(|e| hinted(e.to_string(), "name the folder of a repository with --repo"))?;
    if history.is_sha256() {
        let hint = "make a new repository from the files of today instead";
        return Err(hinted("git-filter-repo cannot rewrite a repository with SHA-256 ids", hint));
    }
    if let Some(path) = &args.write {
        check_list(path, history.shown())?;
    }
    let silence = args::Silence { config: args.config.clone(), ..args::Silence::default() };
    let chosen = config::chosen(&silence, std::slice::from_ref(&args.repo))?;
    let (engine, ids) = scan::engine(&args.rules, &chosen)?;
    let (mut scan, mut refs) = scanned(args, (&engine, ids), &chosen.project, &mut history)?;
    let mask = Mask::of(&engine, &scan.findings);
    refs.iter_mut().for_each(|name| *name = mask.text(name).into_owned());
    scan::hide(&mut scan, (args.min_severity, args.min_confidence), &chosen.project);
    scan.findings.sort_by_key(|f| f.exposure.as_ref().map(Exposure::danger));
    let style = Style::default();
    if !scan.findings.is_empty() {
        check_dead(&scan, &args.assume_dead, &mask)?;
    }
    let is_complete = Verdict::of(&scan, style.input).complete();
    let code = ExitCode::from(if is_complete { exit::CLEAN } else { exit::INCOMPLETE });
    if scan.findings.is_empty() {
        let gaps = if is_complete { "" } else { " in what could be read, but not all could: `stanch scan --history` says what" };
        output::write(None, |out| writeln!(out, "No secrets in history{gaps}: there is nothing to rewrite."))?;
        return Ok(code);
    }
    let name = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string();
    let blobs = stubborn(&history, &scan);
    let messages = encoded(&history, &scan);
    let plan = Plan { list: args.write.as_ref().map(name), written: args.write.is_some(), refs, blobs, messages };
    if let Some(path) = &args.write {
        write_list(path, &scan, &plan)?;
    }
    let replacements = args.print_values.then(|| rewrite::replacements(&scan));
    mask.names(&mut scan);
    let steps = |out: &mut dyn Write| {
        rewrite::steps(&scan, &plan, &style, out)?;
        if is_complete {
            Ok(())
        } else {
            writeln!(out, "\nNot all of the history could be read: `stanch scan --history` says what.")
        }
    };
    if let Some(replacements) = replacements {
        output::write(None, |out| out.write_all(&replacements))?;
        steps(&mut std::io::stderr().lock())?;
    } else {
        output::write(None, steps)?;
    }
    Ok(code)
}

/// Scans the history; with the refs that reach what was found.
fn scanned(
    args: &args::RewritePlan,
    (engine, ids): (&Engine, HashSet<String>),
    project: &Project,
    history: &mut History,
) -> anyhow::Result<(Scan, Vec<String>)> {
    let suppressions = Suppressions::of(project).knowing(ids);
    let fingerprinter = project.key.as_ref().map_or_else(Fingerprinter::per_run, Fingerprinter::stable)?;
    let now = clock::now();
    let (suppressions, today) = (&suppressions, Date::from_unix(now));
    let partial = !args.rules.only.is_empty() || !args.rules.except.is_empty();
    let decider = Decider { engine, fingerprinter: &fingerprinter, project, suppressions, today, partial };
    let job = Job::new(engine, Collector::new(decider), Limits::default(), now);
    let mut done = Ok(());
    progress::while_shown(&job, args.quiet, |_| None, || done = history.scan(&job, &Narrow::default()));
    done?;
    let mut scan = scan::finish(job, fingerprinter.is_stable());
    let refs = history.annotate(&mut scan.findings, now);
    Ok((scan, refs))
}

/// Refuses a list that somebody else might read, or commit.
fn check_list(path: &Path, repository: &Path) -> anyhow::Result<()> {
    if path == Path::new("-") {
        return Err(hinted("the list is not written to standard output by --write", "--print-values does that"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let inside = folder.canonicalize().is_ok_and(|folder| repository.canonicalize().is_ok_and(|root| folder.starts_with(root)));
    if inside {
        let hint = "it holds the values, and might be committed: name a file elsewhere";
        return Err(hinted(format!("{} lies in the repository", path.display()), hint));
    }
    for path in [path, &blob_list(path)] {
        if path.symlink_metadata().is_ok() {
            return Err(hinted(format!("{} exists already", path.display()), "name a new file"));
        }
    }
    output::check(Some(path))
}

/// Refuses a plan while a secret may be alive, and names that are those of none.
fn check_dead(scan: &Scan, assumed: &[String], mask: &Mask<'_>) -> anyhow::Result<()> {
    if !scan.stable_fingerprints {
        let hint = "make a project key with `stanch init`, then repeat; --config names its stanch.toml";
        return Err(hinted(
            "without a project key secrets have other fingerprints in each run, so none can be said to be dead",
            hint,
        ));
    }
    let known: BTreeSet<&str> = scan.findings.iter().map(|f| f.fingerprint.0.as_str()).collect();
    if let Some(unknown) = assumed.iter().find(|name| !known.contains(name.as_str())) {
        let hint = "`stanch scan --history` shows the ids of what is found";
        return Err(hinted(format!("no secret in this history has the fingerprint {unknown}"), hint));
    }
    let alive: Vec<&Finding> = scan.findings.iter().filter(|f| !assumed.contains(&f.fingerprint.0)).collect();
    if alive.is_empty() {
        return Ok(());
    }
    let name = |f: &&Finding| {
        let place = f.occurrences.first().map(|o| format!("{}:{}", o.origin.name(), o.at.line)).unwrap_or_default();
        let place = mask.text(&place);
        format!("{} ({} at {place})", f.fingerprint.0, f.rule.id)
    };
    let mut named: Vec<String> = alive.iter().take(NAMED).map(name).collect();
    if alive.len() > NAMED {
        named.push(format!("and {} more", alive.len() - NAMED));
    }
    let what = if alive.len() == 1 {
        "1 secret is not known to be dead"
    } else {
        &*format!("{} secrets are not known to be dead", alive.len())
    };
    let hint =
        "a rewrite does not kill a secret: revoke or replace it first, then repeat with --assume-dead FINGERPRINT for each";
    Err(hinted(format!("{what}: {}", named.join(", ")), hint))
}

/// Blobs that a ref reaches and in which a secret cannot be replaced as text, with a path of each.
fn stubborn(history: &History, scan: &Scan) -> Vec<(String, String)> {
    let mut blobs = BTreeSet::new();
    for finding in scan.findings.iter().filter(|f| f.exposure.as_ref().is_some_and(|e| e.danger() != Danger::Unreachable)) {
        for commit in finding.occurrences.iter().filter_map(|o| o.commit.as_ref()) {
            let Some(blob) = &commit.blob else { continue };
            let one = (blob.clone(), commit.paths.first().cloned().unwrap_or_default());
            if !blobs.contains(&one) && !history.is_text_in(blob, &finding.secret) {
                blobs.insert(one);
            }
        }
    }
    blobs.into_iter().collect()
}

/// Commits and tags whose messages hold a secret in another form.
fn encoded(history: &History, scan: &Scan) -> Vec<String> {
    let mut all = BTreeSet::new();
    for finding in &scan.findings {
        all.extend(finding.occurrences.iter().filter_map(|one| history.encoded_in_message(&one.origin, &finding.secret)));
    }
    all.into_iter().collect()
}

fn write_list(path: &Path, scan: &Scan, plan: &Plan) -> anyhow::Result<()> {
    fs::create_new_for(path, Access::Owner, &rewrite::replacements(scan))?;
    if !plan.blobs.is_empty() {
        let ids: String = plan.blobs.iter().map(|(id, _)| format!("{id}\n")).collect();
        fs::create_new_for(&blob_list(path), Access::Owner, ids.as_bytes())?;
    }
    Ok(())
}

/// The file beside the list with the ids of blobs to take out.
fn blob_list(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".blobs");
    PathBuf::from(name)
}
