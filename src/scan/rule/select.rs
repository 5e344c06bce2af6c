//! Chooses the rules of a run: built-in ones, more from files, `--only`, `--except`.
//!
//! It must not know the command line. Start with [`select`].

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::load::{self, RuleError};
use super::{Rule, builtin};

/// Which rules a run uses.
#[derive(Debug, Default, Clone)]
pub struct Choice {
    /// Files and folders with more rules. A rule with the id of a built-in one replaces it.
    pub files: Vec<PathBuf>,
    /// If not empty, only rules whose id, category or provider is named; `*` stands for any characters.
    pub only: Vec<String>,
    /// Rules left out, named in the same way.
    pub except: Vec<String>,
}

/// What a choice comes to.
#[derive(Debug)]
pub struct Selected {
    /// The rules of the run.
    pub rules: Vec<Rule>,
    /// Ids of the rules there are that the choice leaves out.
    pub left_out: Vec<String>,
}

/// The rules of a run.
///
/// # Errors
/// If a rule file cannot be used, defines a rule twice, or a name matches no rule.
pub fn select(choice: &Choice) -> Result<Selected, RuleError> {
    let mut rules = builtin::rules();
    let mut added: HashSet<String> = HashSet::new();
    for path in &choice.files {
        for entry in load::read(path)? {
            add(&mut rules, &mut added, entry.rule, path)?;
        }
    }
    for name in choice.only.iter().chain(&choice.except) {
        if !rules.iter().any(|r| names(name, r)) {
            return Err(RuleError::Unknown(name.clone()));
        }
    }
    let any = |list: &[String], rule: &Rule| list.iter().any(|name| names(name, rule));
    let is_wanted = |rule: &Rule| (choice.only.is_empty() || any(&choice.only, rule)) && !any(&choice.except, rule);
    let (rules, others): (Vec<Rule>, Vec<Rule>) = rules.into_iter().partition(is_wanted);
    Ok(Selected { rules, left_out: others.into_iter().map(|rule| rule.id).collect() })
}

fn add(rules: &mut Vec<Rule>, added: &mut HashSet<String>, rule: Rule, path: &Path) -> Result<(), RuleError> {
    if !added.insert(rule.id.clone()) {
        return Err(RuleError::Twice { path: path.to_path_buf(), id: rule.id });
    }
    match rules.iter_mut().find(|r| r.id == rule.id) {
        Some(old) => *old = rule,
        None => rules.push(rule),
    }
    Ok(())
}

/// Does `name` (with `*`) name this rule by id, category or provider?
fn names(name: &str, rule: &Rule) -> bool {
    let name = name.to_ascii_lowercase();
    [&rule.id, &rule.category, &rule.provider].iter().any(|text| wildcard(name.as_bytes(), text.to_ascii_lowercase().as_bytes()))
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
