//! `.pre-commit-config.yaml` with our hook in the place of other scanners'.
//!
//! It must not change anything else: the file is edited by lines, so that comments stay, and what comes out must mean what was meant.
//! Start with [`changed`].

use serde_json::{Map, Value, json};

use super::{commands, ignored, shell, texts};
use crate::hook::{Hook, edit::framework};

/// Repositories whose hooks look for secrets.
const REPOSITORIES: [&str; 9] = [
    "gitleaks/gitleaks",
    "zricethezav/gitleaks",
    "betterleaks/betterleaks",
    "Yelp/detect-secrets",
    "mongodb/kingfisher",
    "trufflesecurity/trufflehog",
    "gitguardian/ggshield",
    "sirwart/ripsecrets",
    "secretlint/secretlint",
];
/// Fields of a hook that say nothing that is lost: ours runs once, on what is staged.
const PLAIN: [&str; 13] = [
    "id",
    "name",
    "description",
    "entry",
    "language",
    "language_version",
    "additional_dependencies",
    "pass_filenames",
    "require_serial",
    "verbose",
    "always_run",
    "stages",
    "minimum_pre_commit_version",
];
/// A changed file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Change {
    pub(super) text: String,
    pub(super) told: Vec<String>,
    /// What the old hooks said and ours does not.
    pub(super) lost: Vec<String>,
    /// Globs of what they leave out.
    pub(super) globs: Vec<String>,
    /// Files of expressions for what they leave out.
    pub(super) excluding: Vec<String>,
    /// Files that list what they know.
    pub(super) known: Vec<String>,
    /// Configurations they name.
    pub(super) configs: Vec<String>,
}

/// A hook of another scanner, or a repository of such hooks.
struct Theirs<'a> {
    repo: usize,
    /// The one hook, if others of the repository stay.
    hook: Option<usize>,
    name: &'static str,
    hooks: Vec<&'a Value>,
}

/// The file with ours as the hook in the place of the first hook of another scanner, and without the others; nothing if there is none.
/// `flags` are those of ours, for a scanner with a configuration that was converted or for another one.
///
/// # Errors
/// If the file is not understood, or written so that lines cannot be replaced: why.
pub(super) fn changed(text: &str, flags: &dyn Fn(bool) -> String) -> Result<Option<Change>, String> {
    let before = document(text)?;
    let Some(repos) = before.get("repos").and_then(Value::as_array) else {
        return Err("it has no list called `repos`".to_owned());
    };
    let theirs: Vec<Theirs<'_>> = (0..repos.len()).flat_map(|at| theirs(at, &repos[at])).collect();
    let Some(first) = theirs.first() else { return Ok(None) };
    let flags = flags(theirs.iter().all(|one| one.name.ends_with("leaks")));
    let ours = ours(&theirs, &flags);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let blocks = blocks(text, (0, lines.len()), ("- repo:", repos.len()))
        .ok_or("its list of repositories is not written as lines that begin with `- repo:`")?;
    let (mut change, mut at, mut wanted) = (Change::default(), 0, before.clone());
    for one in &theirs {
        let is_first = std::ptr::eq(one, first);
        let block = &blocks[one.repo];
        let (span, new) = match one.hook {
            None => (Block { ..*block }, framework::entry(&ours, block.indent)),
            Some(hook) => {
                let count = repos[one.repo].get("hooks").and_then(Value::as_array).map_or(0, Vec::len);
                let hooks = self::blocks(text, (block.start + 1, block.end), ("- id:", count))
                    .ok_or("its local hooks are not written as lines that begin with `- id:`")?;
                let span = Block { ..hooks[hook] };
                let new = framework::written(&ours, span.indent);
                (span, new)
            }
        };
        lines[at..span.start].iter().for_each(|line| change.text.push_str(line));
        if is_first {
            change.text.push_str(&new);
        }
        let becomes = if is_first { "becomes stanch" } else { "goes: stanch does its work" };
        change.told.push(format!("line {}: the hook of {} {becomes}", span.start + 1, one.name));
        one.hooks.iter().for_each(|hook| lost(one.name, hook, &mut change));
        at = span.end;
    }
    lines[at..].iter().for_each(|line| change.text.push_str(line));
    for one in theirs.iter().rev() {
        put(&mut wanted, one, if std::ptr::eq(one, first) { &ours } else { &[] });
    }
    // Whatever was wrong about the lines shows here.
    if document(&change.text)? != wanted {
        return Err("it is written in a form that is not understood".to_owned());
    }
    Ok(Some(change))
}

fn document(text: &str) -> Result<Value, String> {
    super::yaml::document(text).ok_or_else(|| "it is no YAML that is understood".to_owned())
}

/// The hooks of other scanners in an entry of `repos`.
fn theirs(at: usize, repo: &Value) -> Vec<Theirs<'_>> {
    let hooks: Vec<&Value> = repo.get("hooks").and_then(Value::as_array).into_iter().flatten().collect();
    if let Some(name) = scanner(repo) {
        return vec![Theirs { repo: at, hook: None, name, hooks }];
    }
    if repo.get("repo").and_then(Value::as_str) != Some("local") {
        return Vec::new();
    }
    let name = |hook: &Value| texts::named(hook.get("entry")?.as_str()?);
    let all: Vec<(usize, &'static str)> = (0..hooks.len()).filter_map(|index| Some((index, name(hooks[index])?))).collect();
    if all.len() == 1 && hooks.len() == 1 {
        return vec![Theirs { repo: at, hook: None, name: all[0].1, hooks }];
    }
    all.into_iter().map(|(index, name)| Theirs { repo: at, hook: Some(index), name, hooks: vec![hooks[index]] }).collect()
}

/// The scanner whose repository it is.
fn scanner(repo: &Value) -> Option<&'static str> {
    let url = repo.get("repo")?.as_str()?.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase();
    REPOSITORIES
        .iter()
        .find(|name| url.ends_with(&format!("/{}", name.to_ascii_lowercase())))
        .map(|name| name.split('/').nth(1).unwrap_or(name))
}

/// Our hooks: one for commits, one for pushes, as far as theirs were for them.
fn ours(theirs: &[Theirs<'_>], flags: &str) -> Vec<Value> {
    let stages = |hook: &Value| -> Vec<String> {
        let list = hook.get("stages").and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(|stage| stage.trim_start_matches("pre-").to_owned()).collect()
    };
    let is_for_pushes = |hook: &Value| hook.get("id").and_then(Value::as_str).is_some_and(|id| id.ends_with("-push"));
    let is_at = |hook: &Value, stage: &str| match (stages(hook), is_for_pushes(hook)) {
        (all, is_push) if all.is_empty() => is_push == (stage == "push"),
        (all, _) => all.iter().any(|one| one == stage),
    };
    let hooks: Vec<&Value> = theirs.iter().flat_map(|one| one.hooks.iter().copied()).collect();
    let push = hooks.iter().any(|hook| is_at(hook, "push"));
    let commit = !push || hooks.iter().any(|hook| is_at(hook, "commit"));
    let wanted = [(commit, Hook::PreCommit), (push, Hook::PrePush)];
    wanted.into_iter().filter_map(|(is_wanted, hook)| if is_wanted { framework::hook(hook, flags) } else { None }).collect()
}

/// The document that is wanted.
fn put(document: &mut Value, one: &Theirs<'_>, ours: &[Value]) {
    let Some(repos) = document.get_mut("repos").and_then(Value::as_array_mut) else { return };
    match one.hook {
        None => {
            let repo = (!ours.is_empty()).then(|| json!({ "repo": "local", "hooks": ours }));
            repos.splice(one.repo..=one.repo, repo);
        }
        Some(hook) => {
            if let Some(hooks) = repos[one.repo].get_mut("hooks").and_then(Value::as_array_mut) {
                hooks.splice(hook..=hook, ours.iter().cloned());
            }
        }
    }
}

/// What a hook of theirs says and ours does not.
fn lost(name: &str, hook: &Value, change: &mut Change) {
    let text = |field: &str| hook.get(field).and_then(Value::as_str);
    if let Some(found) = text("entry").and_then(|entry| shell::find(entry, true).into_iter().next()) {
        match commands::ours(found.tool, &found.args) {
            Ok(ours) => {
                change.excluding.extend(ours.excluding);
                change.known.extend(ours.known);
                change.configs.extend(ours.config);
            }
            Err(why) => change.lost.push(format!("`entry` of the old hook: {why}")),
        }
    }
    let fields: Vec<&String> = hook.as_object().map(Map::keys).into_iter().flatten().collect();
    for field in fields.into_iter().filter(|field| !PLAIN.contains(&field.as_str())) {
        let carried = match field.as_str() {
            "args" => args(name, &hook["args"], change),
            "exclude" => {
                text("exclude").and_then(|regex| ignored::expression(regex.trim()).ok()).map(|globs| change.globs.extend(globs))
            }
            _ => None,
        };
        if carried.is_none() {
            change.lost.push(format!("`{}` of the old hook is not carried over", crate::base::text::without_tokens(field)));
        }
    }
}

/// Arguments that are carried over in what they name.
fn args(name: &str, args: &Value, change: &mut Change) -> Option<()> {
    let words: Vec<&str> = args.as_array()?.iter().map(|word| word.as_str().unwrap_or("--?")).collect();
    let (tool, before) = match name {
        "detect-secrets" => (commands::Tool::DetectSecretsHook, &[][..]),
        "trufflehog" => (commands::Tool::Trufflehog, &["filesystem"][..]),
        "ripsecrets" => (commands::Tool::Ripsecrets, &[][..]),
        "secretlint" => (commands::Tool::Secretlint, &[][..]),
        "ggshield" => (commands::Tool::Ggshield, &["secret", "scan", "pre-commit"][..]),
        _ => return None,
    };
    let words: Vec<String> = before.iter().chain(&words).map(|word| (*word).to_owned()).collect();
    let ours = commands::ours(tool, &words).ok()?;
    change.excluding.extend(ours.excluding);
    change.known.extend(ours.known);
    Some(())
}

/// The lines of an entry of a list.
#[derive(Clone, Copy)]
struct Block {
    start: usize,
    end: usize,
    indent: usize,
}

/// The blocks of all entries of a list, which begin with `mark`, in some lines; nothing if there are not as many as there should be.
fn blocks(text: &str, (from, to): (usize, usize), (mark, count): (&str, usize)) -> Option<Vec<Block>> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let to = to.min(lines.len());
    let starts: Vec<usize> = (from..to).filter(|at| lines[*at].trim_start().starts_with(mark)).collect();
    if starts.len() != count {
        return None;
    }
    let mut blocks = Vec::new();
    for start in starts {
        let depth = indent(lines[start]);
        let is_over = |line: &&str| !line.trim().is_empty() && indent(line) <= depth;
        let end = (start + 1..to).find(|at| is_over(&lines[*at])).unwrap_or(to);
        // Empty lines and comments before the next entry belong to that one.
        let blank = lines[start + 1..end].iter().rev().take_while(|line| line.trim().is_empty()).count();
        blocks.push(Block { start, end: end - blank, indent: depth });
    }
    Some(blocks)
}

#[cfg(test)]
mod tests {
    use super::{Change, changed};

    const BEFORE: &str = "# ours\nrepos:\n  - repo: https://github.com/pre-commit/pre-commit-hooks # kept\n    rev: v4\n    hooks:\n      - id: end-of-file-fixer\n\n  # secrets\n  - repo: https://github.com/gitleaks/gitleaks\n    rev: v8.24.2\n    hooks:\n      - id: gitleaks\n\n  - repo: https://github.com/Yelp/detect-secrets\n    rev: v1.5.0\n    hooks:\n      - id: detect-secrets\n        args: ['--baseline', '.secrets.baseline']\n  - repo: local\n    hooks: [] # last\n";

    fn with(text: &str, flags: &str) -> Result<Option<Change>, String> {
        changed(text, &|configured| if configured { format!("{flags} --only x") } else { flags.to_owned() })
    }

    #[test]
    fn hooks_of_others_become_ours_and_the_rest_stays() {
        let change = with(BEFORE, "").unwrap().unwrap();
        let expected = "# ours\nrepos:\n  - repo: https://github.com/pre-commit/pre-commit-hooks # kept\n    rev: v4\n    hooks:\n      - id: end-of-file-fixer\n\n  # secrets\n  - repo: local\n    hooks:\n      - id: stanch\n        name: Detect hardcoded secrets\n        entry: \"stanch hook run pre-commit\"\n        language: system\n        types: []\n        types_or: [file, symlink]\n        require_serial: true\n        stages: [pre-commit]\n\n  - repo: local\n    hooks: [] # last\n";
        assert_eq!(change.text, expected);
        assert_eq!(
            change.told,
            ["line 9: the hook of gitleaks becomes stanch", "line 14: the hook of detect-secrets goes: stanch does its work"]
        );
        assert_eq!((change.lost.len(), change.known), (0, vec![".secrets.baseline".to_owned()]));
        assert_eq!(with(&change.text, "x"), Ok(None));
    }

    #[test]
    fn local_hooks_become_ours() {
        let text = "repos:\n- repo: local\n  hooks:\n    - id: lint\n      entry: make lint\n      language: system\n    - id: trufflehog\n      name: TruffleHog\n      entry: bash -c 'trufflehog git file://. --since-commit HEAD --exclude-paths=x.txt --fail'\n      language: system\n      stages: [commit, push] # both\n    # next\n    - id: fmt\n      entry: make fmt\n      language: system\n- repo: local\n  hooks:\n    - id: sl\n      entry: npx secretlint\n      language: system\n      exclude: ^docs/\n";
        let change = with(text, " --f").unwrap().unwrap();
        let expected = "repos:\n- repo: local\n  hooks:\n    - id: lint\n      entry: make lint\n      language: system\n    - id: stanch\n      name: Detect hardcoded secrets\n      entry: \"stanch hook run pre-commit --f\"\n      language: system\n      types: []\n      types_or: [file, symlink]\n      require_serial: true\n      stages: [pre-commit]\n    # next\n    - id: fmt\n      entry: make fmt\n      language: system\n";
        // The first was for pushes as well.
        let push = change.text.find("    - id: stanch-push\n").unwrap();
        let next = change.text.find("    # next\n").unwrap();
        assert_eq!(format!("{}{}", &change.text[..push], &change.text[next..]), expected);
        assert_eq!((change.excluding, change.globs, change.lost.len()), (vec!["x.txt".to_owned()], vec!["/docs/".to_owned()], 0));
        assert_eq!(change.told[1], "line 16: the hook of secretlint goes: stanch does its work");
    }

    #[test]
    fn hooks_for_pushes_stay_such() {
        let text = "repos:\n- repo: https://github.com/gitguardian/ggshield\n  rev: v1\n  hooks:\n  - id: ggshield\n  - id: ggshield-push\n    stages: [push]\n    args: ['--max-commits-for-hook=5', '--colour']\n";
        let change = with(text, "").unwrap().unwrap();
        assert!(change.text.contains("- id: stanch\n") && change.text.contains("- id: stanch-push\n"), "{}", change.text);
        assert!(
            change.text.contains("\n      stages: [pre-push]\n") && change.text.contains("entry: \"stanch hook run pre-push\"\n"),
            "{}",
            change.text
        );
        assert_eq!(change.lost, ["`args` of the old hook is not carried over"]);
        let only = with(&text.replace("  - id: ggshield\n", ""), "").unwrap().unwrap();
        assert!(!only.text.contains("- id: stanch\n"), "{}", only.text);
        // Only gitleaks and its kin use the rules that were converted alone.
        let gitleaks = with("repos:\n- repo: https://github.com/gitleaks/gitleaks\n  hooks:\n  - id: gitleaks\n", " --rules r")
            .unwrap()
            .unwrap();
        assert!(gitleaks.text.contains("--rules r --only x\""), "{}", gitleaks.text);
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let check = |text: &str, why: &str| assert_eq!(with(text, "x").unwrap_err(), why, "{text}");
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
        assert_eq!(with(text, "x"), Ok(None));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in r"(repos:\n|- repo: https://github.com/gitleaks/gitleaks\n|- repo: local\n|  hooks:\n|  - id: gitleaks\n| {0,4}|#.{0,4}\n|.{0,5}\n){0,16}") {
            drop(with(&text, "x"));
        }
    }
}
