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
use crate::scan::project::{Locator, Project};

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
    if !knows && plan.allows.is_empty() {
        return Ok(());
    }
    let silence = Silence { trust_config: true, ..Silence::default() };
    let chosen = config::chosen(&silence, &[dir.to_path_buf()])?;
    let chosen = configured(dir, chosen, knows, plan)?;
    if !knows {
        return Ok(());
    }
    let taken = baseline::taken(dir, chosen, &files, values)?;
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
    let has = |glob: &String| {
        here.iter().flat_map(|project| &project.allows).any(|allow| {
            allow.paths.contains(glob) && allow.rules.is_empty() && allow.regex.is_none() && allow.fingerprint.is_none()
        })
    };
    let mut any = false;
    for (name, globs) in std::mem::take(&mut plan.allows) {
        let all = globs.len();
        let mut globs: Vec<String> = globs.into_iter().filter(|glob| !has(glob)).collect();
        globs.dedup();
        if globs.is_empty() {
            plan.tell(&name, format!("{} has what it leaves out", config::NAME));
            continue;
        }
        let s = if all == 1 {
            "1 pattern of what is left out becomes an entry"
        } else {
            &format!("{all} patterns of what is left out become an entry")
        };
        plan.tell(&name, format!("{s} of {}", config::NAME));
        text.push_str(&entry(&name, &globs));
        any = true;
    }
    let is_new = any || needs_key && chosen.project.key.is_none();
    if is_new {
        let project = Project::parse(&path, text.as_bytes())
            .map_err(|e| hinted(format!("the entries cannot be added: {e}"), "write them by hand"))?;
        if project.key.is_some() || chosen.project.key.is_none() {
            let layers = std::mem::take(&mut chosen.project.layers);
            chosen.project = Project { locator: Locator::new(dir), layers, ..project };
        }
        match before {
            Some(_) => plan.changed.push((path, text)),
            None => plan.new.push((path, text)),
        }
    }
    Ok(chosen)
}

/// An entry that leaves paths out.
fn entry(name: &str, globs: &[String]) -> String {
    // Its strings are those of JSON, but for characters that no glob has here.
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let list: Vec<String> = globs.iter().map(|glob| quoted(glob)).collect();
    let list = if list.len() == 1 { list.concat() } else { format!("[\n    {},\n]", list.join(",\n    ")) };
    format!("\n[[allow]]\npath = {list}\nreason = {}\n", quoted(&format!("left out in {name}")))
}
