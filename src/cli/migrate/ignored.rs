//! What other scanners leave out, as entries of `stanch.toml`.
//!
//! It must not write. Start with [`find`]. Globs are taken over; regular expressions on paths where a glob says the same; the rest is
//! named. An entry that is there is not made again.

use std::path::Path;

use serde_json::Value;

use super::globs::globs;
use super::{Plan, taken, yaml};
use crate::scan::project::Project;
use crate::scan::rule::import as rules;

/// Files of globs as in `.gitignore`.
const GLOBS: [&str; 3] = [".ggignore", ".secretlintignore", ".secretsignore"];
/// Files of regular expressions on paths.
const REGEXES: [&str; 6] = [
    ".trufflehogignore",
    ".trufflehog-ignore",
    "trufflehog-exclude.txt",
    ".trufflehog-exclude.txt",
    "trufflehog-exclude-paths.txt",
    ".trufflehog/exclude-paths.txt",
];
const GITGUARDIAN: [&str; 2] = [".gitguardian.yaml", ".gitguardian.yml"];
const SECRETLINT: [&str; 4] = [".secretlintrc.json", ".secretlintrc.yml", ".secretlintrc.yaml", ".secretlintrc"];
const SECRETLINT_CODE: [&str; 3] = [".secretlintrc.js", ".secretlintrc.cjs", ".secretlintrc.mjs"];

/// Reads all there are; `more` are files of expressions that command lines name.
pub(super) fn find(dir: &Path, more: &[String], plan: &mut Plan) {
    for name in GLOBS.iter().filter(|name| dir.join(name).is_file()) {
        let Some(text) = plan.text(dir, name) else { continue };
        lines(name, &text, plan, |line| valid(line).map(|()| vec![line.to_owned()]));
    }
    let is_new = |name: &&String| !REGEXES.contains(&name.as_str());
    let named = REGEXES.iter().map(|name| (*name).to_owned()).chain(more.iter().filter(is_new).cloned());
    for name in named
        .filter(|name| dir.join(name).is_file() && !name.split('/').any(|part| part == "..") && !Path::new(name).is_absolute())
    {
        let Some(text) = plan.text(dir, &name) else { continue };
        lines(&name, &text, plan, expression);
    }
    for name in GITGUARDIAN.iter().filter(|name| dir.join(name).is_file()) {
        let Some(text) = plan.text(dir, name) else { continue };
        match yaml::document(&text) {
            Some(value) => gitguardian(name, &value, plan),
            None => plan.leave(name, "it is no YAML that is understood: allow its paths in stanch.toml by hand"),
        }
    }
    for name in SECRETLINT.iter().filter(|name| dir.join(name).is_file()) {
        let Some(text) = plan.text(dir, name) else { continue };
        match yaml::document(&text) {
            Some(value) => secretlint(name, &value, plan),
            None => {
                plan.leave(name, "it is neither JSON nor YAML that is understood: stanch's own rules do the work of its rules")
            }
        }
    }
    for name in SECRETLINT_CODE.iter().filter(|name| dir.join(name).is_file()) {
        plan.leave(name, "it is a program: stanch's own rules do the work of its rules; allow in stanch.toml what it allows");
    }
}

/// What a configuration of gitleaks silences of findings that its default rules make.
pub(super) fn gitleaks(name: &str, text: &str, plan: &mut Plan) -> anyhow::Result<()> {
    let silenced = rules::silenced(name, text)?;
    let mut all = Vec::new();
    for path in &silenced.paths {
        match expression(path) {
            Ok(globs) => all.extend(globs),
            Err(why) => plan.leave(name, format!("one of `paths` in its allowlists: {why}")),
        }
    }
    plan.allow(name, all);
    let is_taken = |regex: &String| Project::parse(Path::new(name), taken::value_alone(name, regex).as_bytes()).is_ok();
    let (values, bad): (Vec<String>, Vec<String>) = silenced.values.into_iter().partition(is_taken);
    if !bad.is_empty() {
        plan.leave(name, "one of `regexes` in its allowlists: no expression that stanch.toml takes");
    }
    if !values.is_empty() {
        plan.regexes.push((name.to_owned(), values));
    }
    // The others are named where the rules are converted.
    let is_new = |left: &&rules::Left| left.field != "allowlists.commits";
    silenced.left.iter().filter(is_new).for_each(|left| plan.leave(name, format!("left out: {left}")));
    Ok(())
}

/// The globs for an expression on paths.
pub(super) fn expression(regex: &str) -> Result<Vec<String>, &'static str> {
    let globs = globs(regex).ok_or("no glob says this expression: write an [[allow]] with `path` in stanch.toml")?;
    globs.iter().try_for_each(|glob| valid(glob))?;
    Ok(globs)
}

/// Would `stanch.toml` take this glob?
fn valid(glob: &str) -> Result<(), &'static str> {
    if glob.starts_with('!') {
        return Err(
            "it takes files in again that others leave out: write an [[allow]] with the `path` that stays out in stanch.toml",
        );
    }
    let is_bad = glob.split('/').any(|part| part == "..") || glob.trim_matches('/').is_empty() || glob.starts_with('#');
    let is_bad = is_bad || ignore::gitignore::GitignoreBuilder::new("").add_line(None, glob).is_err();
    if is_bad || glob.chars().any(char::is_control) {
        Err("no glob that stanch.toml takes: allow the path there by hand")
    } else {
        Ok(())
    }
}

/// A file with a pattern on each line.
fn lines(name: &str, text: &str, plan: &mut Plan, read: impl Fn(&str) -> Result<Vec<String>, &'static str>) {
    let mut all = Vec::new();
    for (line, number) in text.lines().zip(1u32..).filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#')) {
        match read(line.trim()) {
            Ok(globs) => all.extend(globs),
            Err(why) => plan.leave(name, format!("line {number}: {why}")),
        }
    }
    plan.allow(name, all);
}

/// Fields of a `.gitguardian.yaml` that are read, or that are about its server and its output.
const GITGUARDIAN_FIELDS: [&str; 22] = [
    "secret",
    "version",
    "paths-ignore",
    "matches-ignore",
    "exit-zero",
    "instance",
    "verbose",
    "debug",
    "show-secrets",
    "ignored-paths",
    "ignored-matches",
    "ignored-detectors",
    "max-commits-for-hook",
    "api-url",
    "allow-self-signed",
    "insecure",
    "default-policies",
    "all-policies",
    "ignore-known-secrets",
    "ignore-default-excludes",
    "output-format",
    "prereceive-remediation-message",
];

/// What ggshield is told to leave out.
fn gitguardian(name: &str, value: &Value, plan: &mut Plan) {
    let fields: Vec<(String, &Value)> = [value, &value["secret"]]
        .into_iter()
        .filter_map(Value::as_object)
        .flatten()
        .map(|(name, value)| (name.replace('_', "-"), value))
        .collect();
    let list = |wanted: [&str; 2]| {
        let named = fields.iter().filter(move |(name, _)| wanted.contains(&name.as_str()));
        named.filter_map(|(_, value)| value.as_array()).flatten().collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for path in list(["ignored-paths", "paths-ignore"]) {
        match path.as_str().map(|path| (path, valid(path))) {
            Some((path, Ok(()))) => all.push(path.to_owned()),
            Some((_, Err(why))) => plan.leave(name, format!("one of `ignored_paths`: {why}")),
            None => plan.leave(name, "one of `ignored_paths` is no text: allow the path in stanch.toml by hand"),
        }
    }
    plan.allow(name, all);
    matches(name, &list(["ignored-matches", "matches-ignore"]), plan);
    if !list(["ignored-detectors", "ignored-detectors"]).is_empty() {
        plan.leave(
            name,
            "`ignored_detectors`: leave stanch's rules out with `--except`, or allow them in stanch.toml with `rule`",
        );
    }
    for (field, _) in fields.iter().filter(|(field, _)| !GITGUARDIAN_FIELDS.contains(&field.as_str())) {
        plan.leave(name, format!("`{}` is not carried over", shown(field)));
    }
}

/// What ggshield is told to know: by value, or by a hash.
fn matches(name: &str, all: &[&Value], plan: &mut Plan) {
    let (mut hashes, mut values) = (0, Vec::new());
    for one in all {
        let text = one.as_str().or_else(|| one.get("match")?.as_str()).unwrap_or_default();
        let is_hash = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if is_hash || text.is_empty() {
            hashes += 1;
        } else {
            values.push(text.to_owned());
        }
    }
    if hashes > 0 {
        let are = if hashes == 1 {
            "1 of `ignored_matches` is a hash".to_owned()
        } else {
            format!("{hashes} of `ignored_matches` are hashes")
        };
        let by_hand = "that only GitGuardian can make, so nothing is known by it: `stanch baseline create` takes in what is found, or allow it by its fingerprint";
        plan.leave(name, format!("{are} {by_hand}"));
    }
    if !values.is_empty() {
        plan.values.push((name.to_owned(), values));
    }
}

/// The rules of secretlint, whose work our own do.
fn secretlint(name: &str, value: &Value, plan: &mut Plan) {
    plan.tell(name, "stanch's own rules do the work of its rules");
    for rule in value.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let id = shown(rule.get("id").and_then(Value::as_str).unwrap_or_default());
        let inner = rule.get("rules").and_then(Value::as_array).into_iter().flatten();
        for one in std::iter::once(rule).chain(inner) {
            let has =
                |field: &str| one.get(field).is_some() || one.get("options").is_some_and(|options| options.get(field).is_some());
            if one.get("disabled").and_then(Value::as_bool) == Some(true) {
                plan.leave(name, format!("a rule is disabled in {id}: leave stanch's out with `--except`"));
            }
            if has("allowMessageIds") || has("allows") || has("allowFilePath") {
                plan.leave(name, format!("what is allowed in {id}: write it as [[allow]] with `regex` or `path` in stanch.toml"));
            }
            if has("patterns") {
                plan.leave(name, format!("the patterns of {id}: write them as rules, rules/README.md, and add `--rules FILE`"));
            }
        }
    }
}

/// A foreign name that may be shown.
fn shown(text: &str) -> String {
    crate::base::text::without_tokens(text).chars().take(60).collect()
}
