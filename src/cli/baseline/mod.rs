//! `stanch baseline`: what is known is written down, kept up to date, and judged.
//!
//! It must not write a value. Start with [`run`]; [`taken`] reads what other tools know, [`review`] is the terminal.

mod review;
mod screen;
mod taken;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser as _;

use super::args::{self, BaselineCommand, BaselinePart, Silence};
use super::config::{self, Chosen};
use super::exit::{self, hinted};
use super::{known, scan};
use crate::base::fs;
use crate::base::text::sanitise;
use crate::scan::engine::Engine;
use crate::scan::finding::{Finding, Fingerprint, Scan};
use crate::scan::mask::Mask;
use crate::scan::suppress::Suppressions;
use crate::scan::suppress::baseline::{Baseline, Entry, Judged};
use crate::scan::suppress::import::Imported;

pub(super) fn run(args: &args::Baseline) -> anyhow::Result<ExitCode> {
    match &args.command {
        BaselineCommand::Create { part, from } => create(part, from),
        BaselineCommand::Update { part, add } => update(part, *add),
        BaselineCommand::Audit { part, stats: true } => review::stats(&Kept::open(part)?.baseline),
        BaselineCommand::Audit { part, stats: false } => review::run(part),
    }
}

/// Where a baseline is kept.
struct Place {
    chosen: Chosen,
    path: PathBuf,
    /// Digest of the project key.
    key: String,
}

impl Place {
    fn of(part: &BaselinePart) -> anyhow::Result<Self> {
        let silence = Silence { config: part.config.clone(), trust_config: true, ..Silence::default() };
        Self::with(config::chosen(&silence, std::slice::from_ref(&part.path))?, part.baseline.clone())
    }

    fn with(chosen: Chosen, path: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(key) = &chosen.project.key else {
            let hint = "`stanch init` makes a project key; commit it with the baseline";
            return Err(hinted("a baseline needs a project key: without one fingerprints differ in every run", hint));
        };
        let key = key.digest();
        let path = path.or_else(|| known::beside(&chosen));
        let path = path.ok_or_else(|| hinted("there is no place for a baseline", "name the file with --baseline"))?;
        Ok(Self { chosen, path, key })
    }

    /// Scans without a baseline.
    fn scan(&self, part: &BaselinePart) -> anyhow::Result<Found> {
        let (engine, ids) = scan::engine(&args::RuleChoice::default(), &self.chosen)?;
        let suppressions = known::suppressions(&Silence { no_baseline: true, ..Silence::default() }, &self.chosen)?.knowing(ids);
        let mut found = Found { scan: self.scan_one(part, &engine, &suppressions, false)?, engine };
        if part.history {
            let more = self.scan_one(part, &found.engine, &suppressions, true)?;
            found.scan.findings.extend(more.findings);
            found.scan.issue_counts.extend(more.issue_counts);
        }
        Mask::of(&found.engine, &found.scan.findings).names(&mut found.scan);
        Ok(found)
    }

    fn scan_one(&self, part: &BaselinePart, engine: &Engine, silenced: &Suppressions, history: bool) -> anyhow::Result<Scan> {
        let words = ["stanch", "scan", "--no-baseline"].into_iter().chain(history.then_some("--history"));
        let words = words.chain(part.quiet.then_some("--quiet")).chain(["--"]).map(std::ffi::OsString::from);
        let cli = args::Cli::try_parse_from(words.chain([part.path.clone().into_os_string()]))?;
        match cli.command {
            args::Command::Scan(args) => scan::quietly(&args, engine, (&self.chosen, silenced)),
            _ => Err(hinted("nothing is scanned", "name a folder")),
        }
    }

    /// What a baseline says of a finding, by its first place.
    fn entry(&self, finding: &Finding, judged: Option<Judged>) -> Entry {
        let path = self.paths(finding).next().unwrap_or_else(|| "-".to_owned());
        Entry { rule: finding.rule.id.clone(), judged, path }
    }

    /// Where a finding stands in the project, as a baseline writes it.
    fn paths<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = String> + 'a {
        let path = |origin| self.chosen.project.locator.path_of(origin).map(|path| sanitise(path.as_bytes()).into_owned());
        finding.occurrences.iter().filter_map(move |one| path(&one.origin))
    }

    fn write(&self, baseline: &Baseline) -> anyhow::Result<()> {
        Ok(fs::write_atomic(&self.path, baseline.text().as_bytes())?)
    }

    fn name(&self) -> String {
        sanitise(self.path.display().to_string().as_bytes()).into_owned()
    }
}

/// What a scan found.
struct Found {
    scan: Scan,
    engine: Engine,
}

/// A baseline that is there.
struct Kept {
    place: Place,
    baseline: Baseline,
}

impl Kept {
    fn open(part: &BaselinePart) -> anyhow::Result<Self> {
        let place = Place::of(part)?;
        if !place.path.exists() {
            return Err(hinted(format!("there is no {}", place.path.display()), "`stanch baseline create` makes it"));
        }
        let name = place.path.display().to_string();
        match known::read(&name, &known::bytes(&place.path)?, &place.chosen)? {
            Imported::Baseline(baseline) => Ok(Self { place, baseline }),
            _ => Err(hinted(
                format!("{name} is a file of another tool"),
                format!("`stanch baseline create --from {name}` makes a baseline of it"),
            )),
        }
    }
}

/// Makes the first baseline of a folder, if anything is found in it and there is none.
#[expect(clippy::print_stderr, reason = "says what was made and what to do next")]
pub(super) fn first(dir: &Path) -> anyhow::Result<()> {
    let part = BaselinePart { path: dir.to_path_buf(), baseline: None, history: false, config: None, quiet: false };
    let place = Place::of(&part)?;
    if place.path.symlink_metadata().is_ok() {
        eprintln!("kept {}", place.name());
        return Ok(());
    }
    let found = place.scan(&part)?;
    if found.scan.findings.is_empty() {
        eprintln!("no baseline is needed: nothing is found today");
    } else {
        new(&place, &found)?;
    }
    if found.scan.gaps() > 0 {
        eprintln!("not all could be read; `stanch scan` says what");
    }
    Ok(())
}

/// What a baseline is to be, once it knows what files of other tools know.
pub(super) struct Taken {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// What it was, if it is there.
    pub(super) before: Option<String>,
    pub(super) text: String,
    /// How much of each file is known, or why nothing is.
    pub(super) told: Vec<(String, Result<String, String>)>,
    /// Was all of it read?
    pub(super) is_whole: bool,
}

/// Takes what files of other tools know, and values, into the baseline of a folder, without writing it. The project has a key.
pub(super) fn taken(dir: &Path, chosen: Chosen, files: &[String], values: Vec<(String, Vec<String>)>) -> anyhow::Result<Taken> {
    let place = Place::with(chosen, None)?;
    let before = if place.path.exists() { Some(String::from_utf8_lossy(&known::bytes(&place.path)?).into_owned()) } else { None };
    let mut baseline = match &before {
        Some(text) => match known::read(&place.name(), text.as_bytes(), &place.chosen)? {
            Imported::Baseline(baseline) => baseline,
            _ => return Err(hinted(format!("{} is no baseline", place.name()), "move it away")),
        },
        None => Baseline { key: place.key.clone(), ..Baseline::default() },
    };
    let part = BaselinePart { path: dir.to_path_buf(), baseline: None, history: false, config: None, quiet: true };
    let found = place.scan(&part)?;
    let mut told = Vec::new();
    for name in files {
        let took = taken::File::open(&dir.join(name), &place.chosen).and_then(|file| file.take(&place, &found, &mut baseline));
        told.push((name.clone(), took.map_err(|e| e.to_string())));
    }
    for (name, values) in values {
        let took = taken::File::of(&name, values).take(&place, &found, &mut baseline);
        told.push((name, took.map_err(|e| e.to_string())));
    }
    Ok(Taken { before, text: baseline.text(), told, is_whole: found.scan.gaps() == 0, path: place.path })
}

/// Writes a baseline of what was found.
fn new(place: &Place, found: &Found) -> anyhow::Result<()> {
    let mut baseline = Baseline { key: place.key.clone(), ..Baseline::default() };
    for finding in &found.scan.findings {
        baseline.add(finding.fingerprint.clone(), place.entry(finding, None));
    }
    written(place, &baseline)
}

#[expect(clippy::print_stderr, reason = "says what was made and what to do next")]
fn written(place: &Place, baseline: &Baseline) -> anyhow::Result<()> {
    fs::create_new(&place.path, baseline.text().as_bytes())?;
    eprintln!("wrote {}: {}; commit it beside stanch.toml", place.name(), secrets(baseline.entries.len()));
    eprintln!("it merges without conflicts with this line in .gitattributes: {} merge=union", known::BASELINE);
    Ok(())
}

#[expect(clippy::print_stderr, reason = "says what was made and what to do next")]
fn create(part: &BaselinePart, from: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let place = Place::of(part)?;
    if place.path.symlink_metadata().is_ok() {
        let hint = "`stanch baseline update` takes out what is gone, and with --add takes in what is new";
        return Err(hinted(format!("{} exists already", place.path.display()), hint));
    }
    fs::check_writable(&place.path)?;
    // Before a long scan.
    let files = from.iter().map(|path| taken::File::open(path, &place.chosen)).collect::<anyhow::Result<Vec<_>>>()?;
    let found = place.scan(part)?;
    if files.is_empty() {
        new(&place, &found)?;
        return Ok(code(&found.scan));
    }
    let mut baseline = Baseline { key: place.key.clone(), ..Baseline::default() };
    for (path, file) in from.iter().zip(files) {
        let told = file.take(&place, &found, &mut baseline)?;
        eprintln!("{}", sanitise(format!("{}: {told}", path.display()).as_bytes()));
    }
    written(&place, &baseline)?;
    Ok(code(&found.scan))
}

#[expect(clippy::print_stderr, reason = "says what was changed and what to do next")]
fn update(part: &BaselinePart, add: bool) -> anyhow::Result<ExitCode> {
    let Kept { place, mut baseline } = Kept::open(part)?;
    let found = place.scan(part)?;
    let there: HashMap<&Fingerprint, &Finding> = found.scan.findings.iter().map(|f| (&f.fingerprint, f)).collect();
    let before = baseline.entries.len();
    let is_whole = found.scan.gaps() == 0;
    baseline.entries.retain(|print, _| !is_whole || there.contains_key(print));
    let gone = before - baseline.entries.len();
    for (print, entry) in &mut baseline.entries {
        if let Some(finding) = there.get(print)
            && !place.paths(finding).any(|path| path == entry.path)
        {
            entry.path = place.entry(finding, None).path;
        }
    }
    let new: Vec<&Finding> =
        found.scan.findings.iter().filter(|finding| !baseline.entries.contains_key(&finding.fingerprint)).collect();
    let added = if add { new.len() } else { 0 };
    new.iter().take(added).for_each(|finding| baseline.add(finding.fingerprint.clone(), place.entry(finding, None)));
    place.write(&baseline)?;
    let taken = if add { format!(", {added} new taken in") } else { String::new() };
    eprintln!("{}: {}, {gone} gone and taken out{taken}", place.name(), secrets(baseline.entries.len()));
    if !is_whole {
        eprintln!("not all could be read, so nothing was taken for gone; `stanch scan` says what");
    }
    if new.len() > added {
        eprintln!("{} not in it, and still reported: look with `stanch scan`, then --add takes in what is new", are(new.len()));
    }
    Ok(code(&found.scan))
}

fn code(scan: &Scan) -> ExitCode {
    ExitCode::from(if scan.gaps() == 0 { exit::CLEAN } else { exit::INCOMPLETE })
}

fn secrets(n: usize) -> String {
    if n == 1 { "1 secret is known".to_owned() } else { format!("{n} secrets are known") }
}

fn are(n: usize) -> String {
    if n == 1 { "1 secret is".to_owned() } else { format!("{n} secrets are") }
}
