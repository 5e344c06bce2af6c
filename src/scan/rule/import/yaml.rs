//! The YAML rules of kingfisher and of Nosey Parker: `rules:` with `pattern` and, in kingfisher's, what a secret must hold.
//!
//! It must not know our spelling of rules. Start with [`read`]. Their expressions are Rust's, over bytes, with vectorscan's comments. A group
//! named TOKEN is the secret, or else the first group. What they ask of services is not asked here: a note counts those rules.

use serde_json::{Map, Value};

use super::super::ignore::Ignore;
use super::super::{Group, Role};
use super::draft::Draft;
use super::{Drafts, Format, Ids, ImportError, Source};
use crate::scan::finding::Confidence;

/// Fields that need a service to be asked: a note counts the rules that have them.
const ONLINE: [&str; 3] = ["validation", "prevalidated", "revocation"];
/// Fields that only describe: a note says that they are not taken over.
const PLAIN: [&str; 4] = ["examples", "negative_examples", "non_examples", "description"];

/// A document as JSON has it; `None` if it is no YAML.
pub(super) fn document(text: &str) -> Result<Value, (Option<usize>, String)> {
    serde_saphyr::from_str::<Value>(text).map_err(|e| {
        let line = e.location().and_then(|at| usize::try_from(at.line()).ok()).filter(|line| *line > 0);
        (line, "it is no YAML, or its aliases expand to too much".to_owned())
    })
}

/// Does a text look like rules in YAML, and whose?
pub(super) fn is_one(text: &str) -> Option<Format> {
    if !text.contains("pattern:") || !text.contains("rules:") {
        return None;
    }
    let value = document(text).ok()?;
    let rules = value.get("rules")?.as_array()?;
    let has = |name: &str| rules.iter().any(|rule| rule.get(name).is_some());
    let id = rules.iter().find_map(|rule| rule.get("id")?.as_str())?;
    let kingfisher = id.starts_with("kingfisher.")
        || ["confidence", "min_entropy", "pattern_requirements", "visible", "depends_on_rule", "tls_mode"]
            .iter()
            .chain(&ONLINE)
            .any(|f| has(f));
    Some(if kingfisher { Format::Kingfisher } else { Format::NoseyParker })
}

/// Reads a file of rules.
pub(super) fn read(format: Format, source: Source<'_>) -> Result<Drafts, ImportError> {
    let error = |line, what: &str| ImportError { path: source.path.to_owned(), line, what: what.to_owned() };
    let value = document(source.text).map_err(|(line, what)| error(line, &what))?;
    let Some(rules) = value.get("rules").and_then(Value::as_array) else {
        return Err(error(None, "it has no list called `rules`"));
    };
    let (mut out, mut ids) = (Drafts::default(), Ids::new(format));
    for rule in rules {
        let Some(rule) = rule.as_object() else {
            out.leave(None, "rules", "an entry that is no rule");
            continue;
        };
        out.online += usize::from(ONLINE.iter().any(|name| rule.contains_key(*name)));
        match draft(rule, &mut ids, &mut out) {
            Some(draft) => out.rules.push(draft),
            None => out.dropped += 1,
        }
    }
    let describes = |rule: &Value| {
        let more = rule.get("references").and_then(Value::as_array).is_some_and(|list| list.len() > 1);
        more || PLAIN.iter().any(|name| rule.get(name).is_some())
    };
    if rules.iter().any(describes) {
        out.notes.push("Examples and descriptions of its rules, and references but the first, are not taken over.".to_owned());
    }
    for name in value.as_object().into_iter().flat_map(Map::keys).filter(|name| *name != "rules") {
        out.leave(None, name, "a field that is not known");
    }
    Ok(out)
}

fn draft(rule: &Map<String, Value>, ids: &mut Ids, out: &mut Drafts) -> Option<Draft> {
    let text = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = text("id").trim();
    if id.is_empty() {
        out.leave(None, "rules.id", "a rule without an id");
        return None;
    }
    let mut draft = Draft::new(id, ids.give(id), text("name"));
    draft.regex = without_comments(text("pattern")).replace("(?P<TOKEN>", "(?P<secret>").replace("(?<TOKEN>", "(?P<secret>");
    if draft.regex.trim().is_empty() {
        out.leave(Some(id), "pattern", "missing");
        return None;
    }
    draft.group = if draft.regex.contains("(?P<secret>") { Group::Named } else { Group::First };
    for (name, value) in rule {
        match name.as_str() {
            "id" | "name" | "pattern" => {
                if !value.is_string() {
                    wrong(id, name, out);
                }
            }
            "references" => draft.url = strings(id, name, value, out).into_iter().next(),
            "categories" => draft.tags = strings(id, name, value, out),
            "min_entropy" => draft.entropy = number(id, name, value, out).unwrap_or(0.0),
            "confidence" => draft.confidence = confidence(id, value, out).unwrap_or(draft.confidence),
            "visible" => match value.as_bool() {
                Some(true) => {}
                Some(false) => draft.role = Role::Companion,
                None => wrong(id, name, out),
            },
            "pattern_requirements" => draft.ignore = requirements(id, value, out),
            "depends_on_rule" => {
                out.leave(Some(id), name, "it names values of other rules that a service is asked with, and stanch asks none");
            }
            "tls_mode" => out.leave(Some(id), name, "it says how a service is asked, and stanch asks none"),
            name if ONLINE.contains(&name) || PLAIN.contains(&name) => {}
            name => out.leave(Some(id), name, "a field that is not known"),
        }
    }
    Some(draft)
}

fn wrong(id: &str, name: &str, out: &mut Drafts) {
    out.leave(Some(id), name, "not of the type it must have");
}

/// A list of texts.
fn strings(id: &str, name: &str, value: &Value, out: &mut Drafts) -> Vec<String> {
    let list: Vec<String> = value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if value.as_array().is_none_or(|all| all.len() > list.len()) {
        wrong(id, name, out);
    }
    list
}

fn number(id: &str, name: &str, value: &Value, out: &mut Drafts) -> Option<f64> {
    let number = value.as_f64();
    if number.is_none() {
        wrong(id, name, out);
    }
    number
}

fn confidence(id: &str, value: &Value, out: &mut Drafts) -> Option<Confidence> {
    match value.as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "low" => Some(Confidence::Low),
        "medium" => Some(Confidence::Medium),
        "high" => Some(Confidence::High),
        _ => {
            out.leave(Some(id), "confidence", "neither low, medium nor high");
            None
        }
    }
}

/// What a secret must hold, as what is ignored where it does not.
fn requirements(id: &str, value: &Value, out: &mut Drafts) -> Vec<Ignore> {
    let mut all = Vec::new();
    let least = |class: &str, n: u64| {
        let others = class.replacen('[', "[^", 1);
        let most = n.saturating_sub(1).min(1000);
        let regex = format!("(?s)\\A{others}*(?:{class}{others}*){{0,{most}}}\\z");
        Ignore { secret: vec![regex], ..Ignore::default() }
    };
    if !value.is_object() {
        wrong(id, "pattern_requirements", out);
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        let class = match name.as_str() {
            "min_digits" => "[0-9]",
            "min_uppercase" => "[A-Z]",
            "min_lowercase" => "[a-z]",
            "ignore_if_contains" => {
                let words = strings(id, "pattern_requirements.ignore_if_contains", value, out);
                all.push(Ignore { words, ..Ignore::default() });
                continue;
            }
            other => {
                out.leave(Some(id), &format!("pattern_requirements.{other}"), "no condition of ours says this");
                continue;
            }
        };
        match value.as_u64() {
            Some(0) => {}
            Some(n) => all.push(least(class, n)),
            None => out.leave(Some(id), &format!("pattern_requirements.{name}"), "not of the type it must have"),
        }
    }
    all.retain(|ignore| !ignore.is_empty());
    all
}

/// Without comments such as `(?# this)`, which end at the first bracket.
fn without_comments(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find("(?#") {
        let Some(end) = rest[at..].find(')') else { break };
        // An escaped bracket is none.
        if rest[..at].ends_with('\\') {
            out.push_str(&rest[..at + 3]);
            rest = &rest[at + 3..];
            continue;
        }
        out.push_str(&rest[..at]);
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    out
}
