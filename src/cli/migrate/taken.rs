//! What silences findings of other scanners, taken over: paths as entries of `stanch.toml`, known secrets into the baseline.
//!
//! It must not write. Start with [`find`]. The baseline is made as `stanch baseline create --from` makes it; one that is there grows. If
//! there is no `stanch.toml` with a project key, there is to be one.

use std::path::Path;

use super::super::args::Silence;
use super::super::config::{self, Chosen};
use super::super::exit::hinted;
use super::super::{baseline, known};
use super::Plan;
use crate::scan::project::{Allow, Locator, Project};

/// Files of known secrets.
const KNOWN: [&str; 5] =
    [".gitleaksignore", ".betterleaksignore", ".secrets.baseline", "gitleaks-baseline.json", ".gitleaks-baseline.json"];

/// Plans `stanch.toml` and the baseline.
pub(super) fn find(dir: &Path, plan: &mut Plan) -> anyhow::Result<()> {
    let is_inside = |name: &str| !Path::new(name).is_absolute() && !name.split('/').any(|part| part == "..");
    let mut files: Vec<String> = KNOWN.iter().map(|name| (*name).to_owned()).collect();
    let more = std::mem::take(&mut plan.known).into_iter().map(|name| name.trim_start_matches("./").to_owned());
    for name in more.filter(|name| is_inside(name)) {
        if !files.contains(&name) {
            files.push(name);
        }
    }
    files.retain(|name| dir.join(name).is_file());
    let values = std::mem::take(&mut plan.values);
    let knows = !files.is_empty() || !values.is_empty();
    if !knows && plan.allows.is_empty() && plan.regexes.is_empty() && !plan.has_rules {
        return Ok(());
    }
    let silence = Silence { trust_config: true, ..Silence::default() };
    let chosen = config::chosen(&silence, &[dir.to_path_buf()])?;
    let chosen = configured(dir, chosen, knows, plan)?;
    if !knows {
        return Ok(());
    }
    let taken = baseline::taken(dir, chosen, std::mem::take(&mut plan.rules), &files, values)?;
    let is_new = taken.before.as_ref() != Some(&taken.text);
    for (name, told) in &taken.told {
        match told {
            Ok(told) if is_new => plan.tell(name, format!("{told}; taken into {}", known::BASELINE)),
            Ok(told) => plan.tell(name, format!("{told}; {} has them, so the file is of no use any more", known::BASELINE)),
            Err(why) => plan.leave(name, format!("not taken over: {why}")),
        }
    }
    if !taken.is_whole {
        plan.leave(known::BASELINE, "not all could be read, so it may know too little; `stanch scan` says what");
    }
    match taken.before {
        _ if !is_new => {}
        Some(_) => plan.changed.push((taken.path, taken.text)),
        None if taken.told.iter().all(|(_, told)| told.is_err()) => {}
        None => plan.new.push((taken.path, taken.text)),
    }
    Ok(())
}

/// What the project decides once the entries are there, which are planned here.
fn configured(dir: &Path, mut chosen: Chosen, needs_key: bool, plan: &mut Plan) -> anyhow::Result<Chosen> {
    let path = dir.join(config::NAME);
    let before = if path.exists() { Some(super::super::import::read(&path)?) } else { None };
    let here = before.as_ref().map(|text| Project::parse(&path, text.as_bytes())).transpose()?;
    let mut text = match &before {
        Some(text) if needs_key && chosen.project.key.is_none() => {
            plan.tell(config::NAME, "gets a fresh project key");
            Project::with_fresh_key(text)?.to_string()
        }
        Some(text) => text.clone(),
        None if chosen.project.key.is_none() => {
            plan.tell(config::NAME, "is made, with a fresh project key: commit it");
            Project::fresh()?.1.to_string()
        }
        None => "version = 1\n".to_owned(),
    };
    let mut any = entries(here.as_ref(), &mut text, plan);
    any |= rule_file(here.as_ref(), &mut text, plan);
    let is_new = any || needs_key && chosen.project.key.is_none();
    if is_new {
        let project = Project::parse(&path, text.as_bytes())
            .map_err(|e| hinted(format!("the entries cannot be added: {e}"), "write them by hand"))?;
        if project.key.is_some() || chosen.project.key.is_none() {
            let layers = std::mem::take(&mut chosen.project.layers);
            chosen.project = Project { locator: Locator::new(dir), layers, ..project };
        }
    }
    // It is not written yet: its rules are known here.
    if plan.has_rules {
        chosen.project.settings.files.retain(|file| file != super::RULES);
    }
    if is_new {
        match before {
            Some(_) => plan.changed.push((path, text)),
            None => plan.new.push((path, text)),
        }
    }
    Ok(chosen)
}

/// Adds what is left out and is not there; whether that is anything.
fn entries(here: Option<&Project>, text: &mut String, plan: &mut Plan) -> bool {
    let allows = here.map(|project| &project.allows[..]).unwrap_or_default();
    let of_path = |glob: &String| {
        let is_plain = |allow: &Allow| allow.rules.is_empty() && allow.regex.is_none() && allow.fingerprint.is_none();
        allows.iter().any(|allow| allow.paths.contains(glob) && is_plain(allow))
    };
    let of_value = |regex: &String| {
        let is_plain = |allow: &Allow| allow.rules.is_empty() && allow.paths.is_empty() && allow.fingerprint.is_none();
        allows.iter().any(|allow| allow.regex.as_ref().is_some_and(|one| one.source() == regex) && is_plain(allow))
    };
    let before = text.len();
    for (name, mut globs) in std::mem::take(&mut plan.allows) {
        globs.sort();
        globs.dedup();
        globs.retain(|glob| !of_path(glob));
        said(&name, globs.len(), "path", plan);
        if !globs.is_empty() {
            text.push_str(&entry(&name, &globs));
        }
    }
    for (name, mut regexes) in std::mem::take(&mut plan.regexes) {
        regexes.retain(|regex| !of_value(regex));
        said(&name, regexes.len(), "value", plan);
        regexes.iter().for_each(|regex| text.push_str(&value(&name, regex)));
    }
    text.len() > before
}

/// Names the converted rules, unless that is done; whether the text is another one now.
fn rule_file(here: Option<&Project>, text: &mut String, plan: &mut Plan) -> bool {
    let settings = here.map(|project| &project.settings);
    if !plan.has_rules || settings.is_some_and(|settings| settings.files.iter().any(|file| file == super::RULES)) {
        return false;
    }
    if settings.is_some_and(|settings| settings.line > 0) {
        plan.leave(config::NAME, format!("has [rules] already: add \"{}\" to its `files`", super::RULES));
        return false;
    }
    plan.tell(config::NAME, format!("names {} in [rules], so that every scan uses it", super::RULES));
    text.push_str(&format!("\n[rules]\nfiles = [\"{}\"]\n", super::RULES));
    true
}

/// Says how much becomes entries.
fn said(name: &str, new: usize, what: &str, plan: &mut Plan) {
    let words = match new {
        0 => format!("{} has what it says of {what}s", config::NAME),
        1 => format!("1 {what} that is left out becomes an entry of {}", config::NAME),
        n => format!("{n} {what}s that are left out become entries of {}", config::NAME),
    };
    plan.tell(name, words);
}

/// A string of TOML: those of JSON are ones, but for one character.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default().replace('\u{7f}', "\\u007f")
}

/// An entry for a value.
fn value(name: &str, regex: &str) -> String {
    format!("\n[[allow]]\nregex = {}\nreason = {}\n", quoted(regex), quoted(&format!("left out in {name}")))
}

/// A whole file with such an entry, to see whether it is one.
pub(super) fn value_alone(name: &str, regex: &str) -> String {
    format!("version = 1\n{}", value(name, regex))
}

/// An entry that leaves paths out.
fn entry(name: &str, globs: &[String]) -> String {
    let list: Vec<String> = globs.iter().map(|glob| quoted(glob)).collect();
    let list = if list.len() == 1 { list.concat() } else { format!("[\n    {},\n]", list.join(",\n    ")) };
    format!("\n[[allow]]\npath = {list}\nreason = {}\n", quoted(&format!("left out in {name}")))
}
