//! Which rules a run uses: what the command line says, and behind it `[rules]` of the project's `stanch.toml`.
//!
//! It must not scan. Start with [`selected`].

use std::path::{Path, PathBuf};

use super::args::RuleChoice;
use super::config::{self, Chosen};
use super::exit::hinted;
use crate::scan::project::Settings;
use crate::scan::rule::load::{self, Entry, RuleError};
use crate::scan::rule::select::{self, Choice, Selected};

/// The rules of a run without a project; at least one.
pub(super) fn without_project(rules: &RuleChoice) -> anyhow::Result<Selected> {
    selected(rules, &Chosen::default())
}

/// The rules of a run; at least one.
pub(super) fn selected(rules: &RuleChoice, project: &Chosen) -> anyhow::Result<Selected> {
    let settings = &project.project.settings;
    let (mut files, mut more) = added(project)?;
    files.extend(rules.files.iter().cloned());
    more.extend(rules.more.iter().cloned());
    let both = |own: &[String], named: &[String]| own.iter().chain(named).cloned().collect::<Vec<_>>();
    let choice = Choice {
        files,
        more,
        only: if rules.only.is_empty() { settings.only.clone() } else { rules.only.clone() },
        except: both(&settings.except, &rules.except),
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
            if !path.exists() {
                return Err(missing(name));
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
        for (path, bytes) in texts {
            let text =
                String::from_utf8(bytes).map_err(|_| hinted(format!("{path} is not UTF-8"), "a rule file is UTF-8 text"))?;
            more.extend(load::parse_toml(Path::new(&path), &text)?);
        }
    }
    Ok((files, more))
}
