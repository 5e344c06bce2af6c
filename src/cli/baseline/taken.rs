//! What a file of another tool knows, as far as it is found today: secrets by value, or those that stand at a place.
//!
//! Start with [`File::open`] and [`File::take`].

use std::collections::HashSet;
use std::path::Path;

use zeroize::Zeroizing;

use super::super::config::Chosen;
use super::super::exit::hinted;
use super::super::{clock, known};
use super::{Found, Place, are};
use crate::scan::engine::{Input, Scratch};
use crate::scan::finding::Finding;
use crate::scan::fingerprint::Fingerprinter;
use crate::scan::source::git::{History, Snapshot};
use crate::scan::suppress::Candidate;
use crate::scan::suppress::baseline::{Baseline, Entry};
use crate::scan::suppress::import::{self, Imported, Spot};
use crate::scan::suppress::known::Known;

/// A file of another tool.
pub(super) struct File {
    name: String,
    imported: Imported,
}

impl File {
    pub(super) fn open(path: &Path, chosen: &Chosen) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let bytes = known::bytes(path)?;
        let imported = match import::read(&bytes) {
            Ok(Imported::Places(places)) => Imported::Places(places),
            _ => known::read(&name, &bytes, chosen)?,
        };
        Ok(Self { name, imported })
    }

    /// Values that a file of another kind names.
    pub(super) fn of(name: &str, values: Vec<String>) -> Self {
        let values = values.into_iter().map(Zeroizing::new).collect();
        Self { name: name.to_owned(), imported: Imported::Gitleaks(values, 0) }
    }

    /// Adds what it names and what is found; words on how much that is.
    pub(super) fn take(self, place: &Place, found: &Found, baseline: &mut Baseline) -> anyhow::Result<String> {
        let mut taken = HashSet::new();
        let Self { name, imported } = self;
        if let Imported::Places(spots) = imported {
            let mut lost = 0;
            for spot in &spots {
                lost += usize::from(!at(place, found, spot, baseline)?);
            }
            let all = spots.len();
            return Ok(format!("something is found at {} of the {all} places it names", all - lost));
        }
        let redacted = if let Imported::Gitleaks(_, n @ 1..) = &imported {
            format!("; values redacted, so not known: {n}")
        } else {
            String::new()
        };
        let known = Known::of(name.clone(), imported)?;
        for finding in &found.scan.findings {
            let (rule, fingerprint, secret) = (&*finding.rule.id, &finding.fingerprint, finding.secret.expose());
            let knows = |path: Option<String>| known.knows(&Candidate { rule, fingerprint, secret, path: path.as_deref() });
            if let Some(judged) = place.paths(finding).map(Some).chain([None]).find_map(knows) {
                baseline.add(finding.fingerprint.clone(), place.entry(finding, judged));
                taken.insert(finding.fingerprint.clone());
            }
        }
        Ok(format!("{} found of those it knows{redacted}", are(taken.len())))
    }
}

/// Adds what stands at a place, now or in the commit that is named; whether there is anything.
fn at(place: &Place, found: &Found, spot: &Spot, baseline: &mut Baseline) -> anyhow::Result<bool> {
    let file = spot.file.replace('!', "/");
    let locator = &place.chosen.project.locator;
    let stands = |finding: &&Finding| {
        finding.occurrences.iter().any(|one| {
            (one.at.line..=one.at.end_line).contains(&spot.line) && locator.path_of(&one.origin).is_some_and(|path| path == file)
        })
    };
    if let Some(commit) = &spot.commit {
        return in_commit(place, found, (commit, spot), baseline);
    }
    let mut any = false;
    for finding in found.scan.findings.iter().filter(stands) {
        baseline.add(finding.fingerprint.clone(), place.entry(finding, None));
        any = true;
    }
    Ok(any)
}

fn in_commit(place: &Place, found: &Found, (commit, spot): (&str, &Spot), baseline: &mut Baseline) -> anyhow::Result<bool> {
    let Some(root) = place.chosen.project.locator.root() else { return Ok(false) };
    let history = History::open(root);
    let history = history.map_err(|e| hinted(e.to_string(), "entries that name a commit need the repository"))?;
    let Some(bytes) = Snapshot::of(&history, commit).and_then(|snapshot| snapshot.read(&spot.file)) else { return Ok(false) };
    let Some(key) = &place.chosen.project.key else { return Ok(false) };
    let fingerprinter = Fingerprinter::stable(key)?;
    let mut scratch = Scratch::default();
    let input = Input { path: Some(&spot.file), now: clock::now(), ..Input::whole(&bytes) };
    found.engine.scan(&mut scratch, &input, &mut |_: &_| ());
    let line = |offset: usize| memchr::memchr_iter(b'\n', &bytes[..offset.min(bytes.len())]).count() as u64 + 1;
    let mut any = false;
    for one in scratch.matches() {
        let span = one.span.secret_start..one.span.secret_end;
        if (line(span.start)..=line(span.end)).contains(&spot.line) {
            let rule = found.engine.rules()[one.rule as usize].id.clone();
            let path = crate::base::text::sanitise(spot.file.as_bytes()).into_owned();
            baseline.add(fingerprinter.fingerprint(&bytes[span]), Entry { rule, judged: None, path });
            any = true;
        }
    }
    Ok(any)
}
