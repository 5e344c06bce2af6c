//! `stanch baseline`: what is known is written down, kept up to date, and judged.
//!
//! It must not write a value. Start with [`run`]; [`taken`] reads what other tools know, [`review`] is the terminal.

mod review;
mod screen;
mod taken;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser as _;

use super::args::{self, BaselineCommand, BaselinePart, Silence};
use super::config::{self, Chosen};
use super::exit::{self, hinted};
use super::{choice, known, scan};
use crate::base::fs;
use crate::base::text::sanitise;
use crate::scan::blob::Place as Spot;
use crate::scan::engine::Engine;
use crate::scan::finding::{Finding, Fingerprint, Scan};
use crate::scan::mask::Mask;
use crate::scan::project::Settings;
use crate::scan::rule::load::Entry as RuleEntry;
use crate::scan::suppress::baseline::{Baseline, Entry, Judged};
use crate::scan::suppress::import::Imported;
use crate::scan::suppress::{Comments, Suppressions};

/// What stands before the path of a secret that only history has.
const HISTORY: &str = "history:";

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
    /// More rules than those of the project.
    rules: Vec<RuleEntry>,
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
        Ok(Self { chosen, path, key, rules: Vec::new() })
    }

    /// Scans without a baseline.
    fn scan(&self, part: &BaselinePart) -> anyhow::Result<Found> {
        let rules = args::RuleChoice { more: self.rules.clone(), ..args::RuleChoice::default() };
        let (engine, ids) = scan::engine(&rules, &self.chosen)?;
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

    /// Secrets of a baseline that are nowhere in the project any more, and how many of the others stand where was not looked. What comments,
    /// entries or `[rules]` keep silent is still there, and so is what another folder holds, whatever path an entry names.
    fn gone(
        &self,
        part: &BaselinePart,
        baseline: &Baseline,
        there: &HashMap<&Fingerprint, &Finding>,
    ) -> anyhow::Result<(HashSet<Fingerprint>, usize)> {
        let missing = baseline.entries.iter().filter(|(print, _)| !there.contains_key(print));
        let is_folder = part.path.is_dir();
        let spot = if is_folder { part.path.join("x") } else { part.path.clone() };
        let spot = self.chosen.project.locator.path(&Spot::File(&spot)).unwrap_or_else(|| "/".to_owned());
        let below = if is_folder { spot.strip_suffix('x').unwrap_or("/") } else { &spot };
        let is_covered = |entry: &Entry| match entry.path.strip_prefix(HISTORY) {
            Some(_) => part.history && below.is_empty(),
            None if is_folder => entry.path.starts_with(below),
            None => entry.path == below,
        };
        let (seen, elsewhere): (Vec<_>, Vec<_>) = missing.partition(|(_, entry)| is_covered(entry));
        if seen.is_empty() {
            return Ok((HashSet::new(), elsewhere.len()));
        }
        let settings = Settings { files: self.chosen.project.settings.files.clone(), ..Settings::default() };
        let all = args::RuleChoice { enable: vec!["*".to_owned()], ..args::RuleChoice::default() };
        let engine = Engine::new(choice::selected_by(&all, &settings, &self.chosen)?.rules)?;
        let silenced = Suppressions::new(Vec::new()).with_comments(Comments::Ignored);
        let root = self.chosen.project.locator.root().map_or_else(|| part.path.clone(), Path::to_path_buf);
        let whole = BaselinePart { path: root, baseline: None, config: None, ..*part };
        let mut still: HashSet<Fingerprint> = HashSet::new();
        for history in [false, true].into_iter().take(1 + usize::from(part.history)) {
            let scan = self.scan_one(&whole, &engine, &silenced, history)?;
            if scan.gaps() > 0 {
                return Ok((HashSet::new(), elsewhere.len() + seen.len()));
            }
            still.extend(scan.findings.into_iter().map(|finding| finding.fingerprint));
        }
        let gone = seen.into_iter().map(|(print, _)| print).filter(|print| !still.contains(print)).cloned().collect();
        Ok((gone, elsewhere.len()))
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
        let in_history = finding.occurrences.iter().all(|one| one.origin.git_object().is_some());
        let path = self.paths(finding).next().unwrap_or_else(|| "-".to_owned());
        let path = if in_history { format!("{HISTORY}{path}") } else { path };
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

/// Has git merge baselines without conflicts, if it does not yet.
#[expect(clippy::print_stderr, reason = "says what was made")]
pub(super) fn merges(dir: &Path) -> anyhow::Result<()> {
    let path = dir.join(".gitattributes");
    let text = if path.exists() { super::import::read(&path)? } else { String::new() };
    let line = format!("{} merge=union", known::BASELINE);
    if dir.join(known::BASELINE).exists() && !text.lines().any(|one| one.trim_start().starts_with(known::BASELINE)) {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        fs::write_atomic(&path, format!("{text}{end}{line}\n").as_bytes())?;
        eprintln!("wrote {}: git merges baselines without conflicts", sanitise(path.display().to_string().as_bytes()));
    }
    Ok(())
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
pub(super) fn taken(
    dir: &Path,
    chosen: Chosen,
    rules: Vec<RuleEntry>,
    files: &[String],
    values: Vec<(String, Vec<String>)>,
) -> anyhow::Result<Taken> {
    let place = Place { rules, ..Place::with(chosen, None)? };
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
    // What files hold comes first, and counts.
    let mut there: HashMap<&Fingerprint, &Finding> = HashMap::new();
    for finding in &found.scan.findings {
        there.entry(&finding.fingerprint).or_insert(finding);
    }
    let is_whole = found.scan.gaps() == 0;
    let (gone, elsewhere) = if is_whole { place.gone(part, &baseline, &there)? } else { (HashSet::new(), 0) };
    baseline.entries.retain(|print, _| !gone.contains(print));
    for (print, entry) in &mut baseline.entries {
        let Some(finding) = there.get(print) else { continue };
        let now = place.entry(finding, None).path;
        let known = entry.path.trim_start_matches(HISTORY);
        let is_there =
            now.starts_with(HISTORY) == entry.path.starts_with(HISTORY) && place.paths(finding).any(|path| path == known);
        if !is_there {
            entry.path = now;
        }
    }
    let new: Vec<&Finding> =
        found.scan.findings.iter().filter(|finding| !baseline.entries.contains_key(&finding.fingerprint)).collect();
    let added = if add { new.len() } else { 0 };
    new.iter().take(added).for_each(|finding| baseline.add(finding.fingerprint.clone(), place.entry(finding, None)));
    place.write(&baseline)?;
    let taken = if add { format!(", {added} new taken in") } else { String::new() };
    eprintln!("{}: {}, {} gone and taken out{taken}", place.name(), secrets(baseline.entries.len()), gone.len());
    if !is_whole {
        eprintln!("not all could be read, so nothing was taken for gone; `stanch scan` says what");
    }
    if elsewhere > 0 {
        eprintln!("{} where was not looked, and kept: below other folders, or in history only (--history)", stand(elsewhere));
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

fn stand(n: usize) -> String {
    if n == 1 { "1 secret stands".to_owned() } else { format!("{n} secrets stand") }
}

fn are(n: usize) -> String {
    if n == 1 { "1 secret is".to_owned() } else { format!("{n} secrets are") }
}
