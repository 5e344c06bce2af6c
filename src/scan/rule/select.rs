//! Chooses the rules of a run: built-in ones, more from files, `--only`, `--except`.
//!
//! It must not know the command line. Start with [`select`].

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::load::{self, Entry, RuleError};
use super::{Rule, builtin, pack};
use crate::base::date::Date;
use crate::base::text;

/// Which rules a run uses.
#[derive(Debug, Default, Clone)]
pub struct Choice {
    /// Files and folders with more rules. One with the id of a built-in rule is refused, unless `except` leaves the built-in one out.
    pub files: Vec<PathBuf>,
    /// If not empty, only rules whose id, category or provider is named; `*` stands for any characters.
    pub only: Vec<String>,
    /// Rules left out, named in the same way. Where a built-in rule and one of a file have the id named, the built-in one is meant.
    pub except: Vec<String>,
    /// More rules left out, unless `asked` names them.
    pub left_out: Vec<String>,
    /// Rules used although `left_out` names them: those that whoever runs it asks for.
    pub asked: Vec<String>,
    /// Rules that are off by default and used all the same, named in the same way; those that `only` names need not be.
    pub enable: Vec<String>,
    /// If given, only rules that were there on this day; rules of files that say no day are.
    pub as_of: Option<Date>,
    /// A file or folder with rules that are used in place of the built-in ones, as [`super::pack`] writes it.
    pub pack: Option<PathBuf>,
    /// More rules, as if from a file.
    pub more: Vec<Entry>,
}

/// What a choice comes to.
#[derive(Debug)]
pub struct Selected {
    /// The rules of the run.
    pub rules: Vec<Rule>,
    /// Ids of the rules there are that the choice leaves out.
    pub left_out: Vec<String>,
    /// How many of the rules are built in, or those of the pack.
    pub built_in: usize,
}

/// The rules of a run.
///
/// # Errors
/// If a rule file cannot be used, defines a rule twice, or a name matches no rule.
pub fn select(choice: &Choice) -> Result<Selected, RuleError> {
    let mut rules = match &choice.pack {
        Some(path) => pack::read(path)?,
        None => builtin::rules(),
    };
    let mut added = choice.more.clone();
    for path in &choice.files {
        added.extend(load::read(path)?);
    }
    check_together(&added, &rules)?;
    let all_out: Vec<String> = choice.except.iter().chain(&choice.left_out).cloned().collect();
    let replaced = replaced(&added, &rules, &all_out)?;
    rules.retain(|rule| !replaced.contains(&rule.id));
    let own: HashSet<String> = added.iter().map(|entry| entry.rule.id.clone()).collect();
    rules.extend(added.into_iter().map(|entry| entry.rule));
    for name in choice.only.iter().chain(&choice.except).chain(&choice.left_out).chain(&choice.enable) {
        if !rules.iter().any(|r| names(name, r)) {
            return Err(RuleError::Unknown(name.clone()));
        }
    }
    let only = |rule: &Rule| choice.only.is_empty() || choice.only.iter().any(|name| names(name, rule));
    let except = |rule: &Rule| {
        let listed =
            |list: &[String]| list.iter().any(|name| !(replaced.contains(name) && *name == rule.id) && names(name, rule));
        listed(&choice.except) || listed(&choice.left_out) && !choice.asked.iter().any(|name| names(name, rule))
    };
    let there = |rule: &Rule| choice.as_of.is_none_or(|day| rule.since.is_none_or(|since| since <= day));
    let asked = |rule: &Rule| choice.only.iter().chain(&choice.enable).any(|name| names(name, rule));
    let is_wanted = |rule: &Rule| only(rule) && !except(rule) && there(rule) && (rule.by_default || asked(rule));
    let (rules, others): (Vec<Rule>, Vec<Rule>) = rules.into_iter().partition(is_wanted);
    let built_in = rules.iter().filter(|rule| !own.contains(&rule.id)).count();
    Ok(Selected { rules, left_out: others.into_iter().map(|rule| rule.id).collect(), built_in })
}

/// Whether rules of files can be used with each other and with the built-in ones: each id once, and every companion there.
///
/// # Errors
/// If not: file, line, rule and field.
pub fn check_together(added: &[Entry], built_in: &[Rule]) -> Result<(), RuleError> {
    let mut ids: HashMap<&str, &Entry> = HashMap::new();
    for entry in added {
        if let Some(first) = ids.insert(&entry.rule.id, entry) {
            let first = format!("{}:{}", first.place.path.display(), first.place.line("id"));
            return Err(entry.error("id", &format!("defined twice, first in {first}; an id is allowed once")));
        }
    }
    let built_in: HashSet<&str> = built_in.iter().map(|rule| rule.id.as_str()).collect();
    for entry in added {
        let paired = entry.rule.pair.with.iter().map(|other| ("paired_with", other.as_str()));
        let required = entry.rule.required.iter().map(|other| ("required", other.rule.as_str()));
        for (field, other) in paired.chain(required) {
            if !ids.contains_key(other) && !built_in.contains(other) {
                let names = built_in.iter().chain(ids.keys()).copied();
                let meant = text::nearest(other, names).map(|id| format!("; did you mean `{id}`?")).unwrap_or_default();
                let other: String = text::without_tokens(other).chars().take(60).collect();
                let what =
                    format!("no rule has the id `{other}`{meant}; allowed: ids of built-in rules and of those loaded with it");
                return Err(entry.error(field, &what));
            }
        }
    }
    Ok(())
}

/// Ids of built-in rules that rules of files take the place of: `except` must name each of them.
fn replaced(added: &[Entry], built_in: &[Rule], except: &[String]) -> Result<HashSet<String>, RuleError> {
    let built_in: HashSet<&str> = built_in.iter().map(|rule| rule.id.as_str()).collect();
    let mut replaced = HashSet::new();
    for entry in added.iter().filter(|entry| built_in.contains(entry.rule.id.as_str())) {
        let id = &entry.rule.id;
        if !except.contains(id) {
            let what = format!("a built-in rule has this id: choose another, or leave the built-in one out with `--except {id}`");
            return Err(entry.error("id", &what));
        }
        replaced.insert(id.clone());
    }
    Ok(replaced)
}

/// Does `name` (with `*`) name this rule by id, category, provider or tag, or by the id it had elsewhere?
fn names(name: &str, rule: &Rule) -> bool {
    let name = name.to_ascii_lowercase();
    let fits = |text: &String| wildcard(name.as_bytes(), text.to_ascii_lowercase().as_bytes());
    let foreign = rule.imported.iter().map(|imported| &imported.id);
    [&rule.id, &rule.category, &rule.provider].into_iter().chain(&rule.tags).chain(foreign).any(fits)
}

/// Does the id of a rule fit what somebody wrote, in which `*` stands for any characters?
#[must_use]
pub fn fits_id(written: &str, id: &str) -> bool {
    wildcard(written.to_ascii_lowercase().as_bytes(), id.as_bytes())
}

fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let mut parts = pattern.split(|b| *b == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last: Option<&[u8]> = None;
    for part in parts {
        if let Some(part) = last {
            match memchr::memmem::find(rest, part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        last = Some(part);
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::wildcard;

    #[test]
    fn wildcards() {
        let check = |pattern: &str, text: &str, expected| {
            assert_eq!(wildcard(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}")
        };
        check("github-pat", "github-pat", true);
        check("github-pat", "github-pat-fine", false);
        check("github-*", "github-pat", true);
        check("*-pat", "github-pat", true);
        check("*", "x", true);
        check("g*b-*t", "github-pat", true);
        check("g*q*t", "github-pat", false);
    }
}
