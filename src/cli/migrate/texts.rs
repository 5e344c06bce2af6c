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
/// Images of other scanners.
const IMAGES: [&str; 8] = [
    "zricethezav/gitleaks",
    "gitleaks/gitleaks",
    "betterleaks/betterleaks",
    "trufflesecurity/trufflehog",
    "gitguardian/ggshield",
    "mongodb/kingfisher",
    "secretlint/secretlint",
    "/gitleaks:",
];
/// Words of lines that bring a program along.
const BRINGS: [&str; 12] = [
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
];

/// Plans the change of all there are.
pub(super) fn find(dir: &Path, plan: &mut Plan) {
    let mut files: Vec<(String, Kind)> = Vec::new();
    for folder in FOLDERS {
        files.extend(names(dir, folder, |name| !name.contains('.')).into_iter().map(|name| (name, Kind::Script)));
    }
    files.extend(FILES.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).filter(|(name, _)| dir.join(name).is_file()));
    let is_yaml = |name: &str| Path::new(name).extension().is_some_and(|end| end == "yml" || end == "yaml");
    files.extend(names(dir, WORKFLOWS, is_yaml).into_iter().map(|name| (name, Kind::Ci)));
    for (name, kind) in files {
        let text = match import::read(&dir.join(&name)) {
            Ok(text) => text,
            // Hooks may be programs.
            Err(_) if kind == Kind::Script => continue,
            Err(e) => {
                plan.leave(&name, format!("not looked at: {e}"));
                continue;
            }
        };
        let new = match kind {
            Kind::Json => json(&name, &text, plan),
            Kind::Code => code(&name, &text, plan),
            kind => changed(&name, &text, kind, plan),
        };
        let new = if name.starts_with(WORKFLOWS) { actions::changed(&name, new, plan) } else { new };
        brought(&name, kind, &new, plan);
        if new != text {
            plan.changed.push((dir.join(&name), new));
        }
    }
}

/// The files of a folder, sorted.
fn names(dir: &Path, folder: &str, is_one: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(dir.join(folder)).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok().filter(|entry| entry.path().is_file())?.file_name().into_string().ok());
    let mut all: Vec<String> = names.filter(|name| is_one(name)).map(|name| format!("{folder}/{name}")).collect();
    all.sort();
    all
}

/// A command line of ours, in one and in parts, or why there is none.
type Became = Result<(String, Ours), String>;

const UNREAD: &str = "the file is written in a form that is not understood";

/// What a command line becomes.
fn becomes(name: &str, found: &Found, gets_files: bool, plan: &Plan) -> Became {
    if found.is_fed {
        return Err("file names are passed to it: write `stanch scan --staged` in the place of the whole line".to_owned());
    }
    let mut args = found.args.clone();
    if found.tool == Tool::Ggshield
        && name.starts_with(".gitlab-ci")
        && let Some(at) = args.iter().position(|word| word == "ci")
    {
        // What GitLab calls the ends of a push.
        args.splice(at..=at, ["commit-range".to_owned(), "\"$CI_COMMIT_BEFORE_SHA..$CI_COMMIT_SHA\"".to_owned()]);
    }
    let mut ours = commands::ours(found.tool, &args)?;
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
fn told(name: &str, found: &Found, became: &Became, plan: &mut Plan) {
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
    let mut became: Vec<Became> = all.iter().map(|found| becomes(name, found, gets_files, plan)).collect();
    for (found, became) in all.iter().zip(&mut became).rev() {
        let Ok((line, _)) = became else { continue };
        let mut tried = new.clone();
        tried.replace_range(found.span.clone(), line);
        let converts = |found: &Found| becomes(name, found, gets_files, plan).ok().map(|(line, _)| line);
        let is_same = |before: &Value| yaml::document(&tried).is_some_and(|after| yaml::same_but(before, &after, &converts));
        if !is_yaml || before.as_ref().is_some_and(is_same) {
            new = tried;
        } else {
            *became = Err(format!("{UNREAD}; write `{line}`"));
        }
    }
    all.iter().zip(&became).for_each(|(found, became)| told(name, found, became, plan));
    let converted = |tool: Tool| {
        let mut of_tool = all.iter().zip(&became).filter(|(found, _)| found.tool == tool).peekable();
        of_tool.peek().is_some() && of_tool.all(|(_, became)| became.is_ok())
    };
    let new = asked(name, new, &|tool| kind == Kind::Script && converted(tool), plan);
    if kind == Kind::Ci && new != text {
        plan.leave(name, "install stanch before it runs there: `cargo install --locked --git ADDRESS stanch`");
    }
    new
}

/// Questions whether another scanner is there: they are about ours, once all its command lines are.
fn asked(name: &str, mut text: String, converted: &dyn Fn(Tool) -> bool, plan: &mut Plan) -> String {
    for tool in Tool::ALL {
        for question in ["command -v ", "which ", "type ", "hash "] {
            let asks = format!("{question}{}", tool.name());
            let mut from = 0;
            while let Some(at) = text[from..].find(&asks).map(|at| from + at) {
                from = at + asks.len();
                let begins = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
                let is_word =
                    begins && text[from..].chars().next().is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
                let line = text[..at].matches('\n').count() + 1;
                if is_word && converted(tool) {
                    text.replace_range(at + question.len()..from, "stanch");
                    from = at + question.len();
                    plan.tell(name, format!("line {line}: asks for stanch in the place of {}", tool.name()));
                } else if is_word {
                    plan.leave(name, format!("line {line}: asks whether {} is there: ask for stanch", tool.name()));
                }
            }
        }
    }
    text
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
fn brought(name: &str, kind: Kind, text: &str, plan: &mut Plan) {
    if matches!(kind, Kind::Json | Kind::Code) {
        return;
    }
    for (line, number) in text.lines().zip(1u32..).filter(|(line, _)| !line.trim_start().starts_with('#')) {
        let Some(tool) = named(line) else { continue };
        let is_one = |image: &str| line.contains(image) && !line.contains(&format!("github.com/{image}"));
        let is_image = IMAGES.iter().any(|image| is_one(image)) && !line.contains("uses:");
        if is_image {
            plan.leave(name, format!("line {number}: runs an image of {tool}: run `stanch scan` in one that has stanch"));
        } else if BRINGS.iter().any(|word| line.contains(word)) {
            plan.leave(name, format!("line {number}: installs {tool}: have stanch in its place"));
        } else if line.split_once('=').is_some_and(|(_, value)| value.trim().rsplit('/').next() == Some(tool)) {
            plan.leave(name, format!("line {number}: names {tool} in a variable: write `stanch scan` where that is used"));
        }
    }
}

/// The scanner that a line names as a word.
pub(super) fn named(line: &str) -> Option<&'static str> {
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.find_map(|word| Tool::ALL.iter().map(|tool| tool.name()).find(|name| *name == word))
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
    let mut strings = Vec::new();
    for (part, value) in
        before.as_object().into_iter().flatten().filter(|(part, _)| !is_package || PARTS.contains(&part.as_str()))
    {
        collect(value, &format!("/{}", part.replace('~', "~0").replace('/', "~1")), &mut strings);
    }
    let (mut new, mut document) = (text.to_owned(), before.clone());
    for (pointer, string) in strings {
        let gets_files = pointer.starts_with("/lint-staged/") || name.contains("lintstaged");
        let mut wanted = string.clone();
        let literal = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let line = new.find(&literal(&string)).map_or(1, |at| new[..at].matches('\n').count() + 1);
        let all = shell::find(&string, true);
        let mut became: Vec<Became> = all.iter().map(|found| becomes(name, found, gets_files, plan)).collect();
        for (found, became) in all.iter().zip(&became).rev() {
            became.iter().for_each(|(line, _)| wanted.replace_range(found.span.clone(), line));
        }
        if wanted != string {
            let mut after = document.clone();
            after.pointer_mut(&pointer).into_iter().for_each(|value| *value = Value::String(wanted.clone()));
            // The same string may stand elsewhere, where it means something else.
            let tries = new.match_indices(&literal(&string)).map(|(at, old)| (at, old.len())).collect::<Vec<_>>();
            let tried = tries.into_iter().find_map(|(at, length)| {
                let text = format!("{}{}{}", &new[..at], literal(&wanted), &new[at + length..]);
                (serde_json::from_str::<Value>(&text).ok().as_ref() == Some(&after)).then_some(text)
            });
            match tried {
                Some(text) => (new, document) = (text, after),
                None => became.iter_mut().for_each(|became| *became = Err(UNREAD.to_owned())),
            }
        }
        all.iter().zip(&became).for_each(|(found, became)| told(name, &Found { line, ..found.clone() }, became, plan));
    }
    new
}

/// All strings below a value, with where they stand.
fn collect(value: &Value, pointer: &str, all: &mut Vec<(String, String)>) {
    match value {
        Value::Array(list) => list.iter().enumerate().for_each(|(at, one)| collect(one, &format!("{pointer}/{at}"), all)),
        Value::Object(map) => {
            map.iter()
                .for_each(|(name, one)| collect(one, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), all));
        }
        Value::String(text) => all.push((pointer.to_owned(), text.clone())),
        _ => {}
    }
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
