//! `.pre-commit-config.yaml` of the pre-commit framework: our hooks as an entry of its own.
//!
//! It must not change other entries. Start with [`add`]; [`entry`] is how our hooks are written, here and by who converts hooks of other
//! scanners.

use serde_json::{Value, json};

use super::{document, find, indent, is_blank, with, without};
use crate::hook::Hook;

/// Our hook as the framework knows it, with more flags for the command, each with a blank before it; `None` for hooks that it does not run.
#[must_use]
pub fn hook(hook: Hook, flags: &str) -> Option<Value> {
    let entry = format!("stanch hook run {}{flags}", hook.name());
    Some(match hook {
        Hook::PreCommit => json!({
            "id": "stanch", "name": "Detect hardcoded secrets", "entry": entry, "language": "system",
            "types": [], "types_or": ["file", "symlink"], "require_serial": true, "stages": ["pre-commit"],
        }),
        Hook::PrePush => json!({
            "id": "stanch-push", "name": "Detect hardcoded secrets in what is pushed", "entry": entry, "language": "system",
            "pass_filenames": false, "always_run": true, "stages": ["pre-push"],
        }),
        Hook::CommitMsg => json!({
            "id": "stanch-message", "name": "Detect hardcoded secrets in the message", "entry": entry, "language": "system",
            "stages": ["commit-msg"],
        }),
        Hook::PreReceive => return None,
    })
}

/// Hooks as the lines of a list, each with so many blanks before it.
#[must_use]
pub fn written(hooks: &[Value], indent: usize) -> String {
    const FIELDS: [&str; 10] =
        ["id", "name", "entry", "language", "types", "types_or", "require_serial", "pass_filenames", "always_run", "stages"];
    let blank = " ".repeat(indent);
    let value = |name: &str, value: &Value| match value {
        Value::String(text) if name == "entry" => serde_json::to_string(text).unwrap_or_default(),
        Value::String(text) => text.clone(),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            format!("[{}]", words.join(", "))
        }
        other => other.to_string(),
    };
    let mut out = String::new();
    for hook in hooks {
        let fields = FIELDS.iter().filter_map(|name| Some((name, hook.get(name)?)));
        for (at, (name, field)) in fields.enumerate() {
            let dash = if at == 0 { "- " } else { "  " };
            out.push_str(&format!("{blank}{dash}{name}: {}\n", value(name, field)));
        }
    }
    out
}

/// Our hooks as an entry of `repos`, with so many blanks before it.
#[must_use]
pub fn entry(hooks: &[Value], indent: usize) -> String {
    let blank = " ".repeat(indent);
    format!("{blank}- repo: local\n{blank}  hooks:\n{}", written(hooks, indent + 4))
}

fn ours(hooks: &[Hook]) -> Vec<Value> {
    hooks.iter().filter_map(|one| hook(*one, "")).collect()
}

/// The file with our hooks as the first entry of `repos`.
///
/// # Errors
/// If it is not understood, or not written in lines: why.
pub fn add(text: &str, hooks: &[Hook]) -> Result<String, String> {
    let mut wanted = document(text).ok_or("it is no YAML that is understood")?;
    let repos = wanted.get_mut("repos").and_then(Value::as_array_mut).ok_or("it has no list called `repos`")?;
    repos.insert(0, json!({ "repo": "local", "hooks": ours(hooks) }));
    let lines: Vec<&str> = text.lines().collect();
    let is_heading = |line: &str| line.strip_prefix("repos:").is_some_and(is_blank);
    let at = lines.iter().position(|line| is_heading(line)).ok_or("`repos:` does not stand on a line of its own")?;
    let first = lines[at + 1..].iter().find(|line| !is_blank(line)).ok_or("its list of repositories is empty")?;
    let new = with(text, Some(at), &entry(&ours(hooks), indent(first)));
    if document(&new) == Some(wanted) { Ok(new) } else { Err("it is written in a form that is not understood".to_owned()) }
}

/// The file without our hooks, as [`add`] wrote them; `None` if there are none.
#[must_use]
pub fn remove(text: &str) -> Option<String> {
    // Hooks are added together, in any choice.
    let choices =
        (1..8_usize).map(|bits| (0..3).filter(|bit| bits >> bit & 1 == 1).map(|bit| Hook::ALL[bit]).collect::<Vec<_>>());
    let all: Vec<Vec<Hook>> = choices.collect();
    let spots = all.iter().flat_map(|hooks| (0..9).map(move |indent| entry(&ours(hooks), indent)));
    spots
        .filter_map(|lines| find(text, &lines).map(|at| (lines, at)))
        .max_by_key(|(lines, _)| lines.len())
        .map(|(lines, at)| without(text, at, &lines))
}

#[cfg(test)]
mod tests {
    use super::{add, remove};
    use crate::hook::Hook;

    const HOOKS: [Hook; 2] = [Hook::PreCommit, Hook::PrePush];

    #[test]
    fn hooks_go_in_and_come_out_to_the_byte() {
        for text in [
            "repos:\n- repo: https://example.invalid/a\n  rev: v1\n  hooks:\n  - id: a\n",
            "# mine\nfail_fast: true\nrepos: # all\n\n  # one\n  - repo: local\n    hooks: []",
        ] {
            let added = add(text, &HOOKS).unwrap();
            assert!(added.contains("- id: stanch\n") && added.contains("- id: stanch-push\n"), "{added}");
            assert_eq!(remove(&added).as_deref(), Some(text));
            assert_eq!(remove(text), None);
        }
        let text = add("repos:\n- repo: meta\n  hooks:\n  - id: identity\n", &[Hook::PreCommit]).unwrap();
        let expected = "repos:\n- repo: local\n  hooks:\n    - id: stanch\n      name: Detect hardcoded secrets\n      entry: \"stanch hook run pre-commit\"\n      language: system\n      types: []\n      types_or: [file, symlink]\n      require_serial: true\n      stages: [pre-commit]\n- repo: meta\n  hooks:\n  - id: identity\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let check = |text: &str, why: &str| assert_eq!(add(text, &HOOKS).unwrap_err(), why, "{text}");
        check("a: [", "it is no YAML that is understood");
        check("", "it has no list called `repos`");
        check("fail_fast: true\n", "it has no list called `repos`");
        check("repos: []\n", "`repos:` does not stand on a line of its own");
        check("repos: [{repo: local, hooks: []}]\n", "`repos:` does not stand on a line of its own");
        check("x: &a\n- repo: local\n  hooks: []\nrepos: *a\n", "`repos:` does not stand on a line of its own");
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_and_what_goes_in_comes_out(text in r"(repos:\n|- repo: local\n|  hooks: \[\]\n| {0,4}|#.{0,4}\n|.{0,5}\n){0,12}") {
            if let Ok(added) = add(&text, &HOOKS) {
                proptest::prop_assert_eq!(remove(&added).unwrap(), text);
            }
        }
    }
}
