//! `.pre-commit-config.yaml` with our hook in the place of other scanners'.
//!
//! It must not change anything else: the file is edited by lines, so that comments stay, and what comes out must mean what was meant.
//! Start with [`changed`].

use serde_json::{Map, Value, json};

/// Repositories whose hooks look for secrets.
const REPOSITORIES: [&str; 8] = [
    "gitleaks/gitleaks",
    "zricethezav/gitleaks",
    "betterleaks/betterleaks",
    "Yelp/detect-secrets",
    "mongodb/kingfisher",
    "trufflesecurity/trufflehog",
    "gitguardian/ggshield",
    "sirwart/ripsecrets",
];
/// Fields of a hook that say nothing that is lost.
const PLAIN: [&str; 3] = ["id", "name", "description"];

/// A changed file.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub(super) text: String,
    pub(super) told: Vec<String>,
    /// What the old hooks said and ours does not.
    pub(super) lost: Vec<String>,
}

/// The file with `entry` as the hook in the place of the first hook of another scanner, and without the others; nothing if there is none.
///
/// # Errors
/// If the file is not understood, or written so that lines cannot be replaced: why.
pub(super) fn changed(text: &str, entry: &str) -> Result<Option<Change>, String> {
    let before = document(text)?;
    let Some(repos) = before.get("repos").and_then(Value::as_array) else {
        return Err("it has no list called `repos`".to_owned());
    };
    let theirs: Vec<usize> = (0..repos.len()).filter(|at| scanner(&repos[*at]).is_some()).collect();
    if theirs.is_empty() {
        return Ok(None);
    }
    let blocks = blocks(text, repos.len())?;
    let mut change = Change { text: String::new(), told: Vec::new(), lost: Vec::new() };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let ours = theirs[0];
    let mut at = 0;
    for (index, block) in blocks.iter().enumerate() {
        lines[at..block.start].iter().for_each(|line| change.text.push_str(line));
        at = block.start;
        if !theirs.contains(&index) {
            continue;
        }
        let name = scanner(&repos[index]).unwrap_or_default();
        let becomes = if index == ours { "becomes stanch" } else { "goes: stanch does its work" };
        change.told.push(format!("line {}: the hook of {name} {becomes}", block.start + 1));
        lost(&repos[index], &mut change.lost);
        if index == ours {
            change.text.push_str(&block.hook(entry));
        }
        at = block.end;
    }
    lines[at..].iter().for_each(|line| change.text.push_str(line));
    let mut wanted = before.clone();
    if let Some(list) = wanted.get_mut("repos").and_then(Value::as_array_mut) {
        list[ours] = hook(entry);
        let mut index = 0;
        list.retain(|_| {
            index += 1;
            !theirs[1..].contains(&(index - 1))
        });
    }
    // Whatever was wrong about the lines shows here.
    if document(&change.text)? != wanted {
        return Err("it is written in a form that is not understood".to_owned());
    }
    Ok(Some(change))
}

fn document(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str::<Value>(text).map_err(|_| "it is no YAML that is understood".to_owned())
}

/// The scanner whose repository it is.
fn scanner(repo: &Value) -> Option<&'static str> {
    let url = repo.get("repo")?.as_str()?.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase();
    REPOSITORIES
        .iter()
        .find(|name| url.ends_with(&format!("/{}", name.to_ascii_lowercase())))
        .map(|name| name.split('/').nth(1).unwrap_or(name))
}

fn hook(entry: &str) -> Value {
    let hook = json!({
        "id": "stanch", "name": "Detect hardcoded secrets", "entry": entry, "language": "system", "pass_filenames": false,
    });
    json!({ "repo": "local", "hooks": [hook] })
}

fn lost(repo: &Value, out: &mut Vec<String>) {
    let hooks = repo.get("hooks").and_then(Value::as_array).into_iter().flatten();
    let fields = |hook: &Value| hook.as_object().map(Map::keys).into_iter().flatten().cloned().collect::<Vec<_>>();
    for name in hooks.flat_map(fields).filter(|name| !PLAIN.contains(&name.as_str())) {
        out.push(format!("`{name}` of the old hook is not carried over"));
    }
}

/// The lines of an entry of `repos`.
struct Block {
    start: usize,
    end: usize,
    indent: usize,
}

impl Block {
    fn hook(&self, entry: &str) -> String {
        let quoted = serde_json::to_string(entry).unwrap_or_default();
        let lines = [
            "- repo: local".to_owned(),
            "  hooks:".to_owned(),
            "    - id: stanch".to_owned(),
            "      name: Detect hardcoded secrets".to_owned(),
            format!("      entry: {quoted}"),
            "      language: system".to_owned(),
            "      pass_filenames: false".to_owned(),
        ];
        lines.iter().map(|line| format!("{}{line}\n", " ".repeat(self.indent))).collect()
    }
}

/// The blocks of all entries of `repos`, which begin with `- repo:`.
fn blocks(text: &str, count: usize) -> Result<Vec<Block>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let starts: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].trim_start().starts_with("- repo:")).collect();
    if starts.len() != count {
        return Err("its list of repositories is not written as lines that begin with `- repo:`".to_owned());
    }
    let mut blocks = Vec::new();
    for start in starts {
        let depth = indent(lines[start]);
        let is_over = |line: &&str| !line.trim().is_empty() && indent(line) <= depth;
        let end = (start + 1..lines.len()).find(|at| is_over(&lines[*at])).unwrap_or(lines.len());
        // Empty lines and comments before the next entry belong to that one.
        let blank = lines[start + 1..end].iter().rev().take_while(|line| line.trim().is_empty()).count();
        blocks.push(Block { start, end: end - blank, indent: depth });
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::changed;

    const BEFORE: &str = "# ours\nrepos:\n  - repo: https://github.com/pre-commit/pre-commit-hooks # kept\n    rev: v4\n    hooks:\n      - id: end-of-file-fixer\n\n  # secrets\n  - repo: https://github.com/gitleaks/gitleaks\n    rev: v8.24.2\n    hooks:\n      - id: gitleaks\n\n  - repo: https://github.com/Yelp/detect-secrets\n    rev: v1.5.0\n    hooks:\n      - id: detect-secrets\n        args: ['--baseline', '.secrets.baseline']\n  - repo: local\n    hooks: [] # last\n";

    #[test]
    fn hooks_of_others_become_ours_and_the_rest_stays() {
        let change = changed(BEFORE, "stanch scan --staged").unwrap().unwrap();
        let expected = "# ours\nrepos:\n  - repo: https://github.com/pre-commit/pre-commit-hooks # kept\n    rev: v4\n    hooks:\n      - id: end-of-file-fixer\n\n  # secrets\n  - repo: local\n    hooks:\n      - id: stanch\n        name: Detect hardcoded secrets\n        entry: \"stanch scan --staged\"\n        language: system\n        pass_filenames: false\n\n  - repo: local\n    hooks: [] # last\n";
        assert_eq!(change.text, expected);
        assert_eq!(
            change.told,
            ["line 9: the hook of gitleaks becomes stanch", "line 14: the hook of detect-secrets goes: stanch does its work"]
        );
        assert_eq!(change.lost, ["`args` of the old hook is not carried over"]);
        assert_eq!(changed(&change.text, "x"), Ok(None));
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let check = |text: &str, why: &str| assert_eq!(changed(text, "x").unwrap_err(), why, "{text}");
        check("a: [", "it is no YAML that is understood");
        check("fail_fast: true\n", "it has no list called `repos`");
        let flow = "repos: [{repo: https://github.com/gitleaks/gitleaks, hooks: [{id: gitleaks}]}]\n";
        check(flow, "its list of repositories is not written as lines that begin with `- repo:`");
        check(
            "repos:\n- rev: x\n  repo: https://github.com/gitleaks/gitleaks\n",
            "its list of repositories is not written as lines that begin with `- repo:`",
        );
        let anchor =
            "repos:\n- repo: https://github.com/gitleaks/gitleaks\n  hooks: &h [{id: gitleaks}]\n- repo: local\n  hooks: *h\n";
        check(anchor, "it is no YAML that is understood");
        let text = "repos:\n- repo: https://github.com/a/b\n  rev: |\n    x\n";
        assert_eq!(changed(text, "x"), Ok(None));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in r"(repos:\n|- repo: https://github.com/gitleaks/gitleaks\n|- repo: local\n|  hooks:\n|  - id: gitleaks\n| {0,4}|#.{0,4}\n|.{0,5}\n){0,16}") {
            drop(changed(&text, "x"));
        }
    }
}
