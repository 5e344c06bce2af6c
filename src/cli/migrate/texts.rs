//! Files that hold command lines: hooks of husky and git, lefthook, Makefiles, CI files, `package.json`.
//!
//! A command line that is understood becomes one of ours where it stands; what is not is named. It must not change anything else: a YAML or
//! JSON file must mean the same afterwards. Start with [`find`].

use std::path::Path;

use serde_json::Value;

use super::super::import;
use super::commands::{self, Ours, Tool};
use super::shell::{self, Found};
use super::{Plan, actions, yaml};

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Hooks and Makefiles, here on the machine.
    Script,
    /// The same in YAML.
    Yaml,
    /// YAML that runs elsewhere.
    Ci,
    /// `package.json`, and what is like its parts.
    Json,
    /// Programs: they are only read.
    Code,
}

const FILES: [(&str, Kind); 31] = [
    ("Makefile", Kind::Script),
    ("makefile", Kind::Script),
    ("GNUmakefile", Kind::Script),
    ("justfile", Kind::Script),
    ("Justfile", Kind::Script),
    ("lefthook.toml", Kind::Script),
    (".lefthook.toml", Kind::Script),
    ("Jenkinsfile", Kind::Code),
    ("lefthook.yml", Kind::Yaml),
    ("lefthook.yaml", Kind::Yaml),
    (".lefthook.yml", Kind::Yaml),
    (".lefthook.yaml", Kind::Yaml),
    ("lefthook-local.yml", Kind::Yaml),
    (".lintstagedrc.yml", Kind::Yaml),
    (".lintstagedrc.yaml", Kind::Yaml),
    ("Taskfile.yml", Kind::Yaml),
    (".gitlab-ci.yml", Kind::Ci),
    (".gitlab-ci.yaml", Kind::Ci),
    ("azure-pipelines.yml", Kind::Ci),
    ("bitbucket-pipelines.yml", Kind::Ci),
    (".circleci/config.yml", Kind::Ci),
    (".travis.yml", Kind::Ci),
    (".drone.yml", Kind::Ci),
    ("package.json", Kind::Json),
    (".lintstagedrc.json", Kind::Json),
    (".lintstagedrc", Kind::Json),
    ("lefthook.json", Kind::Json),
    ("lint-staged.config.js", Kind::Code),
    ("lint-staged.config.mjs", Kind::Code),
    (".lintstagedrc.js", Kind::Code),
    (".lintstagedrc.cjs", Kind::Code),
];
/// Folders of scripts.
const FOLDERS: [&str; 3] = [".husky", ".githooks", ".git/hooks"];
const WORKFLOWS: &str = ".github/workflows";
/// Parts of a `package.json` that hold command lines.
const PARTS: [&str; 6] = ["scripts", "husky", "simple-git-hooks", "lint-staged", "gitHooks", "pre-commit"];
/// Words of lines that bring a program along.
const BRINGS: [&str; 14] = [
    "pip install",
    "pip3 install",
    "pipx install",
    "brew install",
    "go install",
    "cargo install",
    "npm install",
    "npm i ",
    "apt-get install",
    "apk add",
    "curl ",
    "wget ",
    "docker ",
    "image:",
];

/// Plans the change of all there are.
pub(super) fn find(dir: &Path, plan: &mut Plan) -> anyhow::Result<()> {
    let mut files: Vec<(String, Kind)> = Vec::new();
    for folder in FOLDERS {
        files.extend(names(dir, folder, |name| !name.contains('.')).into_iter().map(|name| (name, Kind::Script)));
    }
    files.extend(FILES.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).filter(|(name, _)| dir.join(name).is_file()));
    let is_yaml = |name: &str| Path::new(name).extension().is_some_and(|end| end == "yml" || end == "yaml");
    files.extend(names(dir, WORKFLOWS, is_yaml).into_iter().map(|name| (name, Kind::Ci)));
    for (name, kind) in files {
        // Hooks may be programs.
        let Ok(text) = import::read(&dir.join(&name)) else { continue };
        let new = match kind {
            Kind::Json => json(&name, &text, plan),
            Kind::Code => code(&name, &text, plan),
            kind => changed(&name, &text, kind, plan),
        };
        let new = if name.starts_with(WORKFLOWS) { actions::changed(&name, new, plan) } else { new };
        if kind == Kind::Ci {
            brought(&name, &new, plan);
        }
        if new != text {
            plan.changed.push((dir.join(&name), new));
        }
    }
    Ok(())
}

/// The files of a folder, sorted.
fn names(dir: &Path, folder: &str, is_one: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(dir.join(folder)).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok().filter(|entry| entry.path().is_file())?.file_name().into_string().ok());
    let mut all: Vec<String> = names.filter(|name| is_one(name)).map(|name| format!("{folder}/{name}")).collect();
    all.sort();
    all
}

/// What a command line becomes.
fn becomes(found: &Found, gets_files: bool, plan: &Plan) -> Result<(String, Ours), String> {
    if found.is_fed {
        return Err("file names are passed to it: write `stanch scan --staged` in the place of the whole line".to_owned());
    }
    let mut ours = commands::ours(found.tool, &found.args)?;
    if gets_files {
        ours.words.retain(|word| word != "--staged" && word != ".");
        let rest = ours.words.iter().skip(2);
        if rest.into_iter().any(|word| ["--history", "--range", "--worktree", "--pre-push"].contains(&word.as_str())) {
            return Err("files are named behind it: write `stanch scan`".to_owned());
        }
    }
    let flags = match &ours.config {
        Some(config) if plan.config.as_deref() != Some(config.trim_start_matches("./")) => {
            return Err(
                "it names another configuration: convert that with `stanch rules import`, and write `--rules FILE`".to_owned()
            );
        }
        _ => plan.flags(found.tool.is_configured()),
    };
    let chosen = ours.words.iter().any(|word| word == "--only");
    ours.words.extend(flags.into_iter().take(if chosen { 2 } else { usize::MAX }));
    Ok((ours.line(), ours))
}

/// Says what becomes of a command line, and notes what it names.
fn told(name: &str, found: &Found, became: &Result<(String, Ours), String>, plan: &mut Plan) {
    let (line, tool) = (found.line, found.tool.name());
    match became {
        Ok((new, ours)) => {
            plan.tell(name, format!("line {line}: `{tool} …` becomes `{}`", crate::base::text::without_tokens(new)));
            ours.notes.iter().for_each(|note| plan.tell(name, format!("line {line}: {note}")));
            plan.excluding.extend(ours.excluding.iter().cloned());
            plan.known.extend(ours.known.iter().cloned());
        }
        Err(why) => plan.leave(name, format!("line {line}: `{tool} …` is not converted: {why}")),
    }
}

/// A script, or YAML.
fn changed(name: &str, text: &str, kind: Kind, plan: &mut Plan) -> String {
    let gets_files = name.contains("lintstaged");
    let mut new = text.to_owned();
    let before = yaml::document(text);
    let is_yaml = kind != Kind::Script;
    let all = shell::find(text, gets_files);
    let mut became: Vec<Result<(String, Ours), String>> = all.iter().map(|found| becomes(found, gets_files, plan)).collect();
    for (found, became) in all.iter().zip(&mut became).rev() {
        let Ok((line, _)) = became else { continue };
        let mut tried = new.clone();
        tried.replace_range(found.span.clone(), line);
        let converts = |found: &Found| becomes(found, gets_files, plan).ok().map(|(line, _)| line);
        let is_same = |before: &Value| yaml::document(&tried).is_some_and(|after| yaml::same_but(before, &after, &converts));
        if !is_yaml || before.as_ref().is_some_and(is_same) {
            new = tried;
        } else {
            *became = Err(format!("the file is written in a form that is not understood; write `{line}`"));
        }
    }
    all.iter().zip(&became).for_each(|(found, became)| told(name, found, became, plan));
    if kind == Kind::Ci && new != text {
        plan.leave(name, "install stanch before it runs there: `cargo install --locked --git ADDRESS stanch`");
    }
    new
}

/// A program is only read.
fn code(name: &str, text: &str, plan: &mut Plan) -> String {
    for (line, number) in text.lines().zip(1u32..).filter(|(line, _)| !line.trim_start().starts_with("//")) {
        if let Some(tool) = named(line) {
            let ours =
                if name == "Jenkinsfile" { "`stanch scan --history .`" } else { "`stanch scan`, to which the files are given" };
            plan.leave(name, format!("line {number}: {tool} is named in a program: write {ours}"));
        }
    }
    text.to_owned()
}

/// Lines that bring other scanners along.
fn brought(name: &str, text: &str, plan: &mut Plan) {
    for (line, number) in text.lines().zip(1u32..).filter(|(line, _)| !line.trim_start().starts_with('#')) {
        if let Some(tool) = named(line).filter(|_| BRINGS.iter().any(|word| line.contains(word))) {
            let what = if line.contains("docker ") || line.contains("image:") { "runs an image of" } else { "installs" };
            plan.leave(name, format!("line {number}: {what} {tool}: have stanch in its place, and run `stanch scan` there"));
        }
    }
}

/// The scanner that a line names as a word.
pub(super) fn named(line: &str) -> Option<&'static str> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter_map(|word| Tool::ALL.iter().map(|tool| tool.name()).find(|name| *name == word)).next()
}

/// A `package.json`, or a file that is one of its parts.
fn json(name: &str, text: &str, plan: &mut Plan) -> String {
    let is_package = name == "package.json";
    let Ok(before) = serde_json::from_str::<Value>(text) else {
        // `.lintstagedrc` may be YAML.
        return if is_package { text.to_owned() } else { changed(name, text, Kind::Yaml, plan) };
    };
    if is_package {
        dependencies(name, &before, plan);
    }
    let mut edit = Edit { name, wanted: text.to_owned(), plan };
    let mut after = before.clone();
    let parts = after.as_object_mut().into_iter().flatten().filter(|(part, _)| !is_package || PARTS.contains(&part.as_str()));
    for (part, value) in parts {
        edit.value(value, part == "lint-staged" || name.contains("lintstaged"));
    }
    let new = std::mem::take(&mut edit.wanted);
    if serde_json::from_str::<Value>(&new).ok().as_ref() == Some(&after) {
        return new;
    }
    plan.leave(name, "not changed: it is written in a form that is not understood; write what is said above by hand");
    text.to_owned()
}

/// Packages that are of no use any more.
fn dependencies(name: &str, package: &Value, plan: &mut Plan) {
    let lists = ["dependencies", "devDependencies"].iter().filter_map(|list| package.get(list)?.as_object());
    let is_one = |package: &&String| *package == "secretlint" || package.starts_with("@secretlint/");
    let all: Vec<&str> = lists.flat_map(|list| list.keys().filter(is_one)).map(String::as_str).collect();
    if !all.is_empty() {
        plan.leave(name, format!("take packages out that are of no use any more: `npm uninstall {}`", all.join(" ")));
    }
}

/// A JSON text whose strings change.
struct Edit<'a> {
    name: &'a str,
    wanted: String,
    plan: &'a mut Plan,
}

impl Edit<'_> {
    fn value(&mut self, value: &mut Value, gets_files: bool) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|one| self.value(one, gets_files)),
            Value::Object(map) => map.values_mut().for_each(|one| self.value(one, gets_files)),
            Value::String(text) => self.text(text, gets_files),
            _ => {}
        }
    }

    fn text(&mut self, text: &mut String, gets_files: bool) {
        let mut new = text.clone();
        let literal = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let line = self.wanted.find(&literal(text)).map_or(1, |at| self.wanted[..at].matches('\n').count() + 1);
        for found in shell::find(text, true).into_iter().rev() {
            let became = becomes(&found, gets_files, self.plan);
            told(self.name, &Found { line, ..found.clone() }, &became, self.plan);
            if let Ok((line, _)) = became {
                new.replace_range(found.span, &line);
            }
        }
        if new != *text {
            self.wanted = self.wanted.replace(&literal(text), &literal(&new));
            *text = new;
        }
    }
}
