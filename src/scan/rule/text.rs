//! Checks what only rules have that search the text as it is, and the conditions of `[[ignore]]`.
//!
//! It must not know how rules are searched. Start with [`validate`].

use regex_automata::meta;

use super::load::{build_regex_within, clip, explained};
use super::{Group, Pattern, Rule, Search};

/// Bytes that the automaton of a regular expression may take that is searched in the text as it is.
pub const LIMIT: usize = 32 << 20;

/// The field that is wrong, and why.
pub(super) fn validate(rule: &Rule) -> Result<(), (&'static str, String)> {
    let is_text = rule.search == Search::Text;
    match &rule.pattern {
        Pattern::Regex(regex) => {
            if is_text {
                let built = built(&regex.source).map_err(|what| ("regex", what))?;
                searched(rule)?;
                numbered(regex.group, &built)?;
            } else if let Group::Number(_) = regex.group {
                numbered(regex.group, &built(&regex.source).map_err(|what| ("regex", what))?)?;
            }
        }
        Pattern::Token(_) if is_text => return Err(("search", "`search = \"text\"` needs a `regex`".to_owned())),
        Pattern::Token(_) => {}
    }
    if !is_text && !rule.contains.is_empty() {
        return Err(("contains", "only together with `search = \"text\"`; other rules have `keywords`".to_owned()));
    }
    if rule.contains.iter().any(String::is_empty) {
        return Err(("contains", "a word must not be empty".to_owned()));
    }
    for path in &rule.paths.matching {
        built(path).map_err(|what| ("paths", what))?;
    }
    for ignore in &rule.ignore {
        if ignore.is_empty() {
            return Err(("ignore", "give at least one of `secret`, `match`, `line`, `words`, `paths`".to_owned()));
        }
        for (name, list) in ignore.lists() {
            for regex in list {
                built(regex).map_err(|what| ("ignore", format!("`{name}`: {what}")))?;
            }
        }
    }
    match rule.required.iter().find(|other| other.rule == rule.id) {
        Some(_) => Err(("required", "a rule cannot require itself".to_owned())),
        None => Ok(()),
    }
}

/// What makes no sense together with a search in the text as it is.
fn searched(rule: &Rule) -> Result<(), (&'static str, String)> {
    if rule.from.is_some() {
        return Err(("from", "`from` and `search = \"text\"` exclude each other".to_owned()));
    }
    if let Some(word) = rule.keywords.first() {
        return Err(("keywords", format!("`{}`: with `search = \"text\"` the words are given as `contains`", clip(word))));
    }
    Ok(())
}

fn built(regex: &str) -> Result<meta::Regex, String> {
    let built = build_regex_within(regex, LIMIT);
    match built {
        Ok(regex) => Ok(regex),
        Err(e) => Err(explained::<()>(Err(e)).err().unwrap_or_default()),
    }
}

fn numbered(group: Group, regex: &meta::Regex) -> Result<(), (&'static str, String)> {
    let most = regex.captures_len() - 1;
    match group {
        Group::Number(n) if n > most => Err(("group", format!("{n}: the regular expression has {most} groups"))),
        _ => Ok(()),
    }
}
