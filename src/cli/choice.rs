//! Which rules a run uses: what the command line says, and behind it `[rules]` of the project's `stanch.toml`.
//!
//! It must not scan. Start with [`selected`].

use std::path::{Path, PathBuf};

use super::args::RuleChoice;
use super::config::{self, Chosen};
use super::exit::hinted;
use crate::scan::project::Settings;
use crate::scan::rule::load::{self, Entry, RuleError};
use crate::scan::rule::pack;
use crate::scan::rule::select::{self, Choice, Selected};
use crate::scan::source::git::Snapshot;

/// The rules of a run; at least one.
pub(super) fn selected(rules: &RuleChoice, project: &Chosen) -> anyhow::Result<Selected> {
    selected_by(rules, &project.project.settings, project)
}

/// The same with other settings than those of the project.
pub(super) fn selected_by(rules: &RuleChoice, settings: &Settings, project: &Chosen) -> anyhow::Result<Selected> {
    let (mut files, mut more) = added(project)?;
    // A hook may name what stanch.toml names already.
    let same = |known: &Path, path: &Path| match (known.canonicalize(), path.canonicalize()) {
        (Ok(known), Ok(path)) => known == path || path.parent() == Some(&known) && known.is_dir(),
        _ => known == path,
    };
    for path in &rules.files {
        if let Some(texts) = of_commit(path, project) {
            more.extend(parsed(texts)?);
            continue;
        }
        if !files.iter().any(|known: &PathBuf| same(known, path)) {
            files.push(path.clone());
        }
    }
    more.extend(rules.more.iter().cloned());
    if let Some(folder) = &rules.rule_pack {
        check_pack(folder, project)?;
    }
    let both = |own: &[String], named: &[String]| own.iter().chain(named).cloned().collect::<Vec<_>>();
    let choice = Choice {
        files,
        more,
        only: if rules.only.is_empty() { settings.only.clone() } else { rules.only.clone() },
        except: rules.except.clone(),
        left_out: settings.except.clone(),
        asked: both(&rules.only, &rules.enable),
        enable: both(&settings.enable, &rules.enable),
        as_of: rules.rules_as_of.or(settings.as_of),
        pack: rules.rule_pack.clone(),
    };
    let selected = select::select(&choice).map_err(|e| match e {
        RuleError::Unknown(name) => {
            let hint = "`stanch rules list` shows ids; `--json` categories and providers too";
            hinted(format!("{}no rule matches `{name}`", place(&name, settings, project)), hint)
        }
        other => other.into(),
    })?;
    if choice.as_of.is_some() && selected.built_in == 0 && choice.only.is_empty() {
        let day = choice.as_of.map(|day| day.to_string()).unwrap_or_default();
        let hint = "the first are of 2026-11-27; `stanch rules list` says since when each is there";
        return Err(hinted(
            format!("no built-in rule was there on {day}, which `--rules-as-of` or `as_of` in stanch.toml names"),
            hint,
        ));
    }
    if selected.rules.is_empty() {
        let hint = "`--only`, `--except` and `--rules-as-of`, here or in [rules] of stanch.toml, leave nothing to look for";
        return Err(hinted("no rule is left", hint));
    }
    Ok(selected)
}

/// Where the name stands, if it is one of the project's.
fn place(name: &String, settings: &Settings, project: &Chosen) -> String {
    let is_settings = [&settings.only, &settings.except, &settings.enable].iter().any(|names| names.contains(name));
    let path = project.project.path.as_deref().filter(|_| is_settings);
    path.map_or_else(String::new, |path| format!("{}:{}: rules: ", path.display(), settings.line))
}

/// The rule files of the project: paths, or, if its `stanch.toml` is that of a commit, what the commit has there.
fn added(project: &Chosen) -> anyhow::Result<(Vec<PathBuf>, Vec<Entry>)> {
    let settings = &project.project.settings;
    let file = project.project.path.as_deref().unwrap_or(Path::new(config::NAME));
    let missing = |name: &str| {
        let what = format!("{}:{}: rules.files: there is no `{name}` beside it", file.display(), settings.line);
        hinted(what, "paths start from the folder of stanch.toml")
    };
    let (mut files, mut more) = (Vec::new(), Vec::new());
    for name in &settings.files {
        let Some(snapshot) = &project.snapshot else {
            let path = config::folder_of(file).join(name);
            let path = path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path);
            // No pipe, which nobody may ever write to.
            let is_readable = path.metadata().is_ok_and(|meta| meta.is_file() || meta.is_dir());
            let real = path.canonicalize().ok().filter(|_| is_readable).ok_or_else(|| missing(name))?;
            if project.project.locator.root().is_some_and(|root| !real.starts_with(root)) {
                let what =
                    format!("{}:{}: rules.files: `{name}` is a link that leads out of the folder", file.display(), settings.line);
                return Err(hinted(what, "name it with `--rules`, or keep a copy beside stanch.toml"));
            }
            files.push(path);
            continue;
        };
        let folder = project.folder.join(name);
        let inside = folder.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect::<PathBuf>();
        let texts = snapshot.texts(&inside.to_string_lossy().replace('\\', "/"), ".toml");
        if texts.is_empty() {
            return Err(missing(name));
        }
        more.extend(parsed(texts)?);
    }
    Ok((files, more))
}

/// Refuses a pack that is another one in the commit whose `stanch.toml` counts: a pull request cannot weaken its own check.
fn check_pack(folder: &Path, project: &Chosen) -> anyhow::Result<()> {
    let inside = |snapshot: &Snapshot| {
        let (root, real) = (snapshot.root().canonicalize().ok()?, folder.canonicalize().ok()?);
        let inside = real.strip_prefix(&root).ok()?.join(pack::NAME);
        snapshot.read(&inside.to_string_lossy().replace('\\', "/"))
    };
    let before = project.snapshot.as_ref().and_then(inside);
    let plain = |bytes: Vec<u8>| bytes.into_iter().filter(|b| *b != b'\r').collect::<Vec<u8>>();
    let now = std::fs::read(folder.join(pack::NAME)).unwrap_or_default();
    if before.is_some_and(|before| plain(before) != plain(now)) {
        let what = format!("{} is another pack than in the commit whose stanch.toml counts", folder.display());
        return Err(hinted(what, "a pull request that changes it is checked with `--trust-config`, by whoever trusts it"));
    }
    Ok(())
}

type Texts = Vec<(String, Vec<u8>)>;

/// What a rule file of the work tree is in the commit whose `stanch.toml` counts, so that a pull request cannot weaken it. `None` if the
/// commit has no such file, or it lies elsewhere.
fn of_commit(path: &Path, project: &Chosen) -> Option<Texts> {
    let snapshot = project.snapshot.as_ref()?;
    let (root, folder) = (snapshot.root().canonicalize().ok()?, config::folder_of(path).canonicalize().ok()?);
    let inside = folder.strip_prefix(&root).ok()?.join(path.file_name()?);
    let texts = snapshot.texts(&inside.to_string_lossy().replace('\\', "/"), ".toml");
    let own = |name: &str| !project.project.settings.files.iter().any(|file| project.folder.join(file).to_string_lossy() == name);
    let texts: Texts = texts.into_iter().filter(|(name, _)| own(name)).collect();
    Some(texts).filter(|texts| !texts.is_empty() || snapshot.read(&inside.to_string_lossy()).is_some())
}

fn parsed(texts: Texts) -> anyhow::Result<Vec<Entry>> {
    let mut all = Vec::new();
    for (path, bytes) in texts {
        let text = String::from_utf8(bytes).map_err(|_| hinted(format!("{path} is not UTF-8"), "a rule file is UTF-8 text"))?;
        all.extend(load::parse_toml(Path::new(&path), &text)?);
    }
    Ok(all)
}
