//! Does CI stop a secret? Its configuration is read for what lets a job pass all the same, and plain command lines are run.
//!
//! It must not ask a CI system. Start with [`check`]. [`text`] finds keys by indentation, [`weak`] what makes a command line harmless.

mod text;
mod weak;

use std::fs;
use std::path::PathBuf;

use super::super::args::ci::Platform;
use super::proof::{Proof, prove};
use super::read::{call, script, words};
use super::{Answer, Patient, State};
use text::Text;
use weak::Weak;

/// Commands of stanch that CI runs.
const COMMANDS: &[&str] = &["ci", "scan"];
/// Words before a command line, as a file of CI has them.
const BEFORE: &[&str] = &["run:", "script:", "bash:", "sh:", "pwsh:", "powershell:", "sh ", "sh(", "script "];

/// A call of stanch in a file of CI.
struct Call {
    /// Its line, from 0.
    line: usize,
    what: What,
}

enum What {
    /// A command line, from the first word on, with the lines that go on.
    Command(String),
    /// The action, by what it is called with.
    Action,
}

pub(super) fn check(patient: &Patient<'_>, answer: &mut Answer) {
    let files = files(patient);
    let mut calls = 0;
    for (platform, path) in &files {
        let name = patient.repository.name(path);
        let text = script(path);
        let text = Text::new(&text);
        for found in find(&text) {
            calls += 1;
            one(patient, answer, (*platform, &name, &text, &found));
        }
    }
    if calls == 0 {
        let said = match files.len() {
            0 => "no configuration of a CI system is here".to_owned(),
            n => format!("{n} files of CI, and none calls stanch"),
        };
        answer.put(State::NotSetUp, "CI", said, "`stanch init` shows a check for CI, `stanch init --all` writes it");
    }
}

fn files(patient: &Patient<'_>) -> Vec<(Platform, PathBuf)> {
    let Some(root) = &patient.repository.root else { return Vec::new() };
    let mut all = Vec::new();
    for folder in [".github/workflows", ".gitea/workflows", ".forgejo/workflows"] {
        let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
        let is_yaml = |path: &PathBuf| path.extension().is_some_and(|x| x == "yml" || x == "yaml");
        all.extend(entries.map(|e| e.path()).filter(is_yaml).map(|path| (Platform::GitHub, path)));
    }
    all.sort_by(|a, b| a.1.cmp(&b.1));
    let others = [
        (Platform::GitLab, ".gitlab-ci.yml"),
        (Platform::Bitbucket, "bitbucket-pipelines.yml"),
        (Platform::Azure, "azure-pipelines.yml"),
        (Platform::Azure, "azure-pipelines.yaml"),
        (Platform::Jenkins, "Jenkinsfile"),
    ];
    all.extend(others.into_iter().map(|(platform, name)| (platform, root.join(name))).filter(|(_, path)| path.is_file()));
    all
}

fn find(text: &Text<'_>) -> Vec<Call> {
    let mut all = Vec::new();
    for (line, words) in text.said() {
        let is_action = words.trim_start_matches(['-', ' ']).strip_prefix("uses:").is_some_and(is_action);
        if is_action {
            all.push(Call { line, what: What::Action });
        } else if call(words.split(" #").next().unwrap_or_default(), COMMANDS).is_some()
            && !words.trim_start_matches(['-', ' ']).starts_with("name:")
        {
            all.push(Call { line, what: What::Command(command(&text.joined(line))) });
        }
    }
    all
}

/// `OWNER/stanch/action@REV`, or the action of this repository.
fn is_action(value: &str) -> bool {
    let path = value.trim().trim_matches(['"', '\'']).split('@').next().unwrap_or_default();
    path.split('/').any(|part| part == "stanch" || part == "stanch-action")
}

/// A command line without what stands before it in the file, and with `stanch` as its first word if that is a path to it.
fn command(line: &str) -> String {
    let mut line = line.trim().trim_start_matches("- ").trim();
    for before in BEFORE {
        line = line.strip_prefix(before).map_or(line, str::trim);
    }
    for quotes in ["'''", "\"\"\"", "'", "\""] {
        let inner = line.trim_end_matches(')').strip_prefix(quotes).and_then(|line| line.strip_suffix(quotes));
        if let Some(inner) = inner.filter(|inner| !inner.contains(quotes)) {
            line = inner;
            break;
        }
    }
    let first = line.split_whitespace().next().unwrap_or_default();
    let is_path = first.trim_matches(['"', '\'']).ends_with("/stanch");
    if is_path { format!("stanch{}", &line[first.len()..]) } else { line.to_owned() }
}

fn one(patient: &Patient<'_>, answer: &mut Answer, (platform, name, text, found): (Platform, &str, &Text<'_>, &Call)) {
    let place = format!("{name}:{}", found.line + 1);
    let mut weak = match &found.what {
        What::Command(command) => weak::command(command, found.line),
        What::Action => weak::action(text, found.line),
    };
    weak.extend(weak::around(platform, text, found.line));
    weak.extend(weak::depth(platform, text, (found.line, needs_history(text, found))));
    let is_broken = weak.iter().any(|weak| weak.state == State::Broken);
    for Weak { line, state, said, todo } in weak {
        answer.put(state, format!("{name}:{}", line + 1), said, todo);
    }
    if is_broken {
        return;
    }
    match args(text, found) {
        None => answer.add(State::Ok, place, "it calls stanch; read, and not proven, as its command line is not a plain one"),
        Some(args) if patient.args.no_run => {
            answer.add(State::Ok, place, format!("it calls `stanch {}`; not run (--no-run)", patient.told(&args.join(" "))));
        }
        Some(args) => run(patient, answer, (platform, &place, &args)),
    }
}

/// Does what is called look at commits that a shallow clone has not, without fetching them?
fn needs_history(text: &Text<'_>, found: &Call) -> bool {
    let has = |words: &str| words.contains("--no-fetch") || words.contains("--history") || words.contains("scan --range");
    match &found.what {
        What::Command(command) => has(command),
        What::Action => text.key(text.step(found.line), "extra-args").is_some_and(|(_, value)| has(value)),
    }
}

/// The arguments behind `stanch`, if they are plain and name nothing outside of the work tree.
fn args(text: &Text<'_>, found: &Call) -> Option<Vec<String>> {
    let args = match &found.what {
        What::Command(command) => {
            let mut words = words(command)?;
            if words.first().is_none_or(|word| word != "stanch") {
                return None;
            }
            words.remove(0);
            words
        }
        What::Action => action_args(text, found.line)?,
    };
    let is_inside = |word: &String| {
        let value = word.split_once('=').map_or(word.as_str(), |(_, value)| value);
        let paths = value.split('=');
        !paths.clone().any(|path| path.starts_with('/') || path.split('/').any(|part| part == ".."))
    };
    args.iter().all(is_inside).then_some(args)
}

/// What the action runs, of the inputs that decide what is found.
fn action_args(text: &Text<'_>, line: usize) -> Option<Vec<String>> {
    let step = text.step(line);
    let mut args = vec!["ci".to_owned(), "--platform=github".to_owned(), "--quiet".to_owned(), "--no-annotations".to_owned()];
    for input in ["config", "baseline", "fail-on"] {
        if let Some((_, value)) = text.key(step.clone(), input).filter(|(_, value)| !value.is_empty()) {
            args.push(format!("--{input}={value}"));
        }
    }
    for input in ["base", "head"] {
        if text.key(step.clone(), input).is_some_and(|(_, value)| !value.is_empty()) {
            return None;
        }
    }
    if let Some((_, extra)) = text.key(step, "extra-args") {
        args.extend(words(extra)?);
    }
    (!args.iter().any(|arg| arg.contains("${{"))).then_some(args)
}

fn run(patient: &Patient<'_>, answer: &mut Answer, (platform, place, args): (Platform, &str, &[String])) {
    let line = patient.told(&format!("stanch {}", args.join(" ")));
    let todo = "compare it with `stanch init`, which shows a check for CI";
    match prove(patient, platform, args) {
        Err(e) => answer.unchecked(place, &e),
        Ok(Proof::Stops) => {
            answer.add(State::Ok, place, format!("`{line}` fails for a push with a made-up token, and passes for one without"));
        }
        Ok(Proof::Passes) => answer.broken(place, format!("a made-up token passed `{line}`"), todo),
        Ok(Proof::Unnamed(said)) => {
            let said = format!("`{line}` fails for a made-up token, but nothing names where it stands: {said}");
            answer.warning(place, said, "who reads the log of the job should see the place");
        }
        Ok(Proof::Always(said)) if args.first().is_some_and(|first| first == "scan") => {
            let said = format!("`{line}` fails for what is here already, so nothing was proven: {said}");
            answer.warning(
                place,
                said,
                "`stanch ci` scans what a push adds; `stanch baseline create` takes what is here for known",
            );
        }
        Ok(Proof::Always(said)) => answer.broken(place, format!("`{line}` fails for a push without a secret, too: {said}"), todo),
        Ok(Proof::Unclear(said)) => answer.add(State::Unchecked, place, format!("`{line}` could not be run in the copy: {said}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{command, is_action};

    #[test]
    fn command_lines_are_taken_out_of_files() {
        let check = |line: &str, expected: &str| assert_eq!(command(line), expected, "{line}");
        check("      - run: stanch ci --x", "stanch ci --x");
        check("- '\"$bin/stanch\" ci --platform gitlab'", "stanch ci --platform gitlab");
        check("run: \"stanch ci\"", "stanch ci");
        check("sh 'stanch ci'", "stanch ci");
        check("sh('stanch ci')", "stanch ci");
        check("/usr/bin/stanch ci || true", "stanch ci || true");
        check("npx stanch ci", "npx stanch ci");
    }

    #[test]
    fn the_action_is_known() {
        let check = |value: &str, expected: bool| assert_eq!(is_action(value), expected, "{value}");
        check(" example/stanch/action@0123", true);
        check(" 'example/stanch@v1'", true);
        check(" actions/checkout@v4", false);
        check(" example/stanchion@v1", false);
    }
}
