//! What is silenced in a scan: entries, comments, and the baseline, which is looked for beside `stanch.toml`.
//!
//! It must not decide. Start with [`suppressions`].

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use zeroize::Zeroizing;

use super::args::{self, Silence};
use super::config::{self, Chosen};
use super::exit::hinted;
use crate::scan::source::ignored::Repository;
use crate::scan::suppress::import::{self, Imported};
use crate::scan::suppress::known::Known;
use crate::scan::suppress::{Comments, Suppressions};

/// The name of a baseline.
pub(super) const BASELINE: &str = ".stanch-baseline";
const GITLEAKS: &str = ".gitleaksignore";

/// Larger files are no baselines.
const MOST: u64 = 256 << 20;

/// What is silenced.
pub(super) fn suppressions(silence: &Silence, chosen: &Chosen) -> anyhow::Result<Suppressions> {
    let comments = if silence.no_inline_ignores { Comments::Ignored } else { Comments::Obeyed(silence.ignore_comment.clone()) };
    let suppressions = Suppressions::of(&chosen.project).with_comments(comments);
    Ok(match file(silence, chosen)? {
        Some((name, bytes)) => suppressions.with_baseline(Known::of(name.clone(), read(&name, &bytes, chosen)?)?),
        None => suppressions,
    })
}

type Bytes = Zeroizing<Vec<u8>>;

/// The baseline that counts, by the name it is called.
fn file(silence: &Silence, chosen: &Chosen) -> anyhow::Result<Option<(String, Bytes)>> {
    if silence.no_baseline {
        return Ok(None);
    }
    if let Some(snapshot) = &chosen.snapshot {
        let path = match (&silence.baseline, chosen.project.locator.root()) {
            (Some(path), _) => path.clone(),
            (None, Some(folder)) => folder.join(BASELINE),
            (None, None) => return Ok(None),
        };
        let Some(inside) = config::inside(&path, snapshot)? else {
            // Nobody who can write to the repository alone can have changed it.
            return Ok(Some((path.display().to_string(), bytes(&path)?)));
        };
        let found = snapshot.read(&inside).map(|bytes| (bytes, inside));
        return match (found, &silence.baseline) {
            (Some((bytes, path)), _) => Ok(Some((path, Zeroizing::new(bytes)))),
            (None, None) => Ok(None),
            (None, Some(path)) => {
                let hint = "with --config-from it is read from that commit, too; --no-baseline does without";
                Err(hinted(format!("{} is not in that commit", path.display()), hint))
            }
        };
    }
    let path = match (&silence.baseline, beside(chosen)) {
        (Some(path), _) => path.clone(),
        (None, Some(path)) if path.is_file() => path,
        _ => return Ok(None),
    };
    let bytes = bytes(&path)?;
    Ok(Some((path.display().to_string(), bytes)))
}

/// Where the baseline of a project lies.
pub(super) fn beside(chosen: &Chosen) -> Option<PathBuf> {
    chosen.project.path.as_ref()?;
    let folder = chosen.project.locator.root()?;
    Some(config::shown(&folder.join(BASELINE)))
}

/// What is in a file that is no larger than a baseline may be.
pub(super) fn bytes(path: &Path) -> anyhow::Result<Bytes> {
    let cannot = || format!("cannot read {}", path.display());
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes)).with_context(cannot)?;
    if bytes.len() as u64 > MOST {
        return Err(hinted(format!("{} is larger than 256 MiB", path.display()), "name a baseline"));
    }
    Ok(bytes)
}

/// What a baseline says, if it can be used in a scan of this project.
pub(super) fn read(name: &str, bytes: &[u8], chosen: &Chosen) -> anyhow::Result<Imported> {
    let hint = "`stanch baseline create` makes a baseline; --no-baseline does without";
    let imported = import::read(bytes).map_err(|e| hinted(format!("{name}: {e}"), hint))?;
    check(name, &imported, chosen)?;
    match &imported {
        Imported::Places(_) => Err(hinted(
            format!("{name} names places and not values: it would silence whatever stands there later"),
            format!("`stanch baseline create --from {name}` takes in what stands there now"),
        )),
        Imported::Gitleaks(values, redacted) if values.is_empty() && *redacted > 0 => Err(hinted(
            format!("{name}: all values of this report of gitleaks are redacted, so nothing can be known by them"),
            "make the report without --redact, and keep it out of the repository; or use `stanch baseline create`",
        )),
        _ => Ok(imported),
    }
}

/// Fingerprints mean nothing without the key that they were made under.
pub(super) fn check(name: &str, imported: &Imported, chosen: &Chosen) -> anyhow::Result<()> {
    let (Imported::Baseline(_) | Imported::Report(_)) = imported else { return Ok(()) };
    let Some(key) = &chosen.project.key else {
        let hint = "`stanch init` makes a project key; --config names the stanch.toml that has it";
        return Err(hinted(format!("{name} holds fingerprints, and there is no project key to compare them under"), hint));
    };
    if let Imported::Baseline(baseline) = imported
        && baseline.key != key.digest()
    {
        let hint = "use the stanch.toml that it was made with, or make it anew: `stanch baseline create`";
        return Err(hinted(format!("{name} was made under another project key"), hint));
    }
    Ok(())
}

/// Notes about what a baseline or a `.gitleaksignore` cannot do: a place, and words.
pub(super) fn ignored(args: &args::Scan, chosen: &Chosen) -> Vec<(PathBuf, String)> {
    let mut notes = Vec::new();
    if let Some(path) = &args.silence.baseline
        && let Ok(bytes) = bytes(path)
        && let Ok(Imported::Gitleaks(_, redacted @ 1..)) = import::read(&bytes)
    {
        notes.push((path.clone(), format!("values redacted, so that nothing is known by them: {redacted}")));
    }
    let has_baseline = args.silence.baseline.is_some() || beside(chosen).is_some_and(|path| path.is_file());
    if has_baseline && args.silence.gitleaks_ignore_path.is_none() {
        return notes;
    }
    for path in gitleaks_ignores(args) {
        let from = path.display();
        let words = format!(
            "its entries name places and not values, so they silence nothing: `stanch baseline create --from {from}` takes in what stands there now"
        );
        notes.push((path, words));
    }
    notes
}

/// Those named, or at the root of what is scanned or of its repository.
fn gitleaks_ignores(args: &args::Scan) -> Vec<PathBuf> {
    let in_folder = |path: &Path| match path.is_dir() {
        true if path == Path::new(".") => PathBuf::from(GITLEAKS),
        true => path.join(GITLEAKS),
        false => path.to_path_buf(),
    };
    if let Some(path) = &args.silence.gitleaks_ignore_path {
        return Some(in_folder(path)).filter(|path| path.is_file()).into_iter().collect();
    }
    let roots = args.paths.iter().filter(|path| path.is_dir()).flat_map(|path| {
        let repository = Repository::find(path).map(|repository| repository.root().join(GITLEAKS));
        [Some(in_folder(path)), repository]
    });
    let mut found: Vec<PathBuf> = roots.flatten().filter(|path| path.is_file()).collect();
    found.dedup_by(|one, other| fs::canonicalize(one).ok() == fs::canonicalize(other).ok());
    found
}
