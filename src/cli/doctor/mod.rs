//! `stanch doctor`: what should look for secrets here, and whether it does.
//!
//! It must not change what it looks at. Start with [`run`]. A check adds [`Line`]s to an [`Answer`], and knows no other check.
//!
//! - [`canary`]: the made-up token. [`scratch`]: the copy that it is planted in. [`mod@run`]: programs, for a while.
//! - [`hooks`], [`ci`], [`filter`]: plant it. [`paths`], [`history`], [`files`], [`config`]: only read.

mod canary;
mod ci;
mod config;
mod files;
mod filter;
mod history;
mod hooks;
mod paths;
mod proof;
mod read;
mod run;
mod scratch;

use std::cell::OnceCell;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::args::StatusFormat;
use super::args::doctor::{Check, Doctor};
use super::exit::{self, hinted};
use super::output;
use crate::base::text::sanitise;
use crate::hook::Repository;
use canary::Canary;
use scratch::Scratch;

/// The form of the JSON answer.
const VERSION: u32 = 1;

/// How it is with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Ok,
    /// Nobody asked for it.
    NotSetUp,
    Warning,
    Unchecked,
    Broken,
}

impl State {
    fn words(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotSetUp => "not set up",
            Self::Warning => "warning",
            Self::Unchecked => "not checked",
            Self::Broken => "broken",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug)]
struct Line {
    check: Check,
    state: State,
    /// The hook, the file with its line, the setting.
    name: String,
    /// What was seen.
    said: String,
    /// What to do about it.
    todo: Option<String>,
}

/// All that was looked at.
struct Answer {
    check: Check,
    lines: Vec<Line>,
}

impl Answer {
    fn add(&mut self, state: State, name: impl Into<String>, said: impl Into<String>) {
        self.lines.push(Line { check: self.check, state, name: name.into(), said: said.into(), todo: None });
    }

    /// The same, with what to do about it.
    fn put(&mut self, state: State, name: impl Into<String>, said: impl Into<String>, todo: impl Into<String>) {
        self.lines.push(Line { check: self.check, state, name: name.into(), said: said.into(), todo: Some(todo.into()) });
    }

    fn broken(&mut self, name: impl Into<String>, said: impl Into<String>, todo: impl Into<String>) {
        self.put(State::Broken, name, said, todo);
    }

    fn warning(&mut self, name: impl Into<String>, said: impl Into<String>, todo: impl Into<String>) {
        self.put(State::Warning, name, said, todo);
    }

    /// What kept a check from an answer.
    fn unchecked(&mut self, name: impl Into<String>, error: &anyhow::Error) {
        self.add(State::Unchecked, name, exit::masked(&exit::words(error)));
    }

    /// Did this check see anything that is not right?
    fn is_quiet(&self) -> bool {
        !self.lines.iter().any(|line| line.check == self.check)
    }
}

/// What all checks look at.
struct Patient<'a> {
    args: &'a Doctor,
    repository: &'a Repository,
    canary: Canary,
    limit: Duration,
    scratch: OnceCell<Result<Scratch, String>>,
}

impl Patient<'_> {
    /// The scratch copy, made when it is first needed.
    fn scratch(&self) -> anyhow::Result<&Scratch> {
        let made = self.scratch.get_or_init(|| Scratch::of(self.repository, self.limit).map_err(|e| exit::words(&e)));
        made.as_ref().map_err(|why| anyhow::anyhow!("no scratch copy could be made: {why}"))
    }

    /// Words of a program that may be repeated: one line, without anything that is or looks like a secret.
    fn told(&self, text: &str) -> String {
        // What git adds to the words of a hook says nothing of it.
        let of_git = ["error: failed to push", "To ../", "hint: ", "stanch ci: commits "];
        let is_own = |line: &&str| !line.is_empty() && !of_git.iter().any(|begin| line.starts_with(begin));
        let lines = || text.lines().map(str::trim).filter(is_own);
        let line = lines().find(|line| line.starts_with("error: ")).or_else(|| lines().next()).unwrap_or("it says nothing");
        let short: String = exit::masked(&self.canary.hidden(line)).chars().take(160).collect();
        sanitise(short.as_bytes()).into_owned()
    }

    fn folder(&self) -> PathBuf {
        self.repository.base().to_path_buf()
    }
}

const ALL: [Check; 7] = [Check::Hooks, Check::Paths, Check::Ci, Check::Filter, Check::History, Check::Files, Check::Config];

pub(super) fn run(args: &Doctor) -> anyhow::Result<ExitCode> {
    let repository = Repository::find(&args.path).map_err(refused)?;
    let limit = Duration::from_secs(args.timeout);
    let patient = Patient { args, repository: &repository, canary: Canary::new()?, limit, scratch: OnceCell::new() };
    let mut answer = Answer { check: Check::Hooks, lines: Vec::new() };
    for check in ALL.into_iter().filter(|check| args.only.is_empty() || args.only.contains(check)) {
        answer.check = check;
        match check {
            Check::Hooks => hooks::check(&patient, &mut answer),
            Check::Paths => paths::check(&patient, &mut answer),
            Check::Ci => ci::check(&patient, &mut answer),
            Check::Filter => filter::check(&patient, &mut answer),
            Check::History => history::check(&patient, &mut answer),
            Check::Files => files::check(&patient, &mut answer),
            Check::Config => config::check(&patient, &mut answer),
        }
    }
    whole(&mut answer);
    let code = code(&answer.lines);
    match args.format {
        StatusFormat::Human => human(&patient, &answer.lines)?,
        StatusFormat::Json => json_answer(&patient, &answer.lines)?,
    }
    Ok(ExitCode::from(code))
}

/// Without a repository there is nothing to be looked at.
fn refused(error: crate::hook::Error) -> anyhow::Error {
    match error {
        crate::hook::Error::NoRepository(path) => {
            hinted(format!("{} is in no git repository", path.display()), "name a folder of one: `stanch doctor PATH`")
        }
        other => {
            let hint = other.hint();
            exit::incomplete(other.to_string(), hint)
        }
    }
}

/// Where nothing at all looks for secrets, that is what is broken.
fn whole(answer: &mut Answer) {
    let of = |check: Check| answer.lines.iter().filter(move |line| line.check == check);
    let guards = || of(Check::Hooks).chain(of(Check::Ci));
    let was_asked = of(Check::Hooks).next().is_some() && of(Check::Ci).next().is_some();
    if was_asked && guards().all(|line| line.state == State::NotSetUp) {
        answer.check = Check::Hooks;
        answer.broken("all", "nothing looks for secrets here, neither a hook nor CI", "`stanch init --all` sets both up");
    }
}

fn code(lines: &[Line]) -> u8 {
    match lines.iter().map(|line| line.state).max() {
        Some(State::Broken) => exit::FINDINGS,
        Some(State::Unchecked) => exit::INCOMPLETE,
        _ => exit::CLEAN,
    }
}

fn count(lines: &[Line], state: State) -> usize {
    lines.iter().filter(|line| line.state == state).count()
}

fn human(patient: &Patient<'_>, lines: &[Line]) -> anyhow::Result<()> {
    let mut out = Vec::new();
    for line in lines {
        out.push(format!("{:<11} {:<7} {}: {}", line.state.words(), line.check.name(), line.name, line.said));
        out.extend(line.todo.as_ref().map(|todo| format!("{:<19} to do: {todo}", "")));
    }
    let parts =
        [State::Broken, State::Unchecked, State::Warning, State::NotSetUp, State::Ok].map(|state| (count(lines, state), state));
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, state)| format!("{n} {}", state.words())).collect();
    out.extend([String::new(), parts.join(", ")]);
    // Names are foreign: a line break in one begins no line here.
    let out: Vec<String> = out.iter().map(|line| patient.canary.hidden(line)).collect();
    output::write(None, |to| out.iter().try_for_each(|line| writeln!(to, "{}", sanitise(line.as_bytes()))))
}

fn json_answer(patient: &Patient<'_>, lines: &[Line]) -> anyhow::Result<()> {
    let hidden = |text: &str| patient.canary.hidden(text);
    let checks: Vec<_> = lines
        .iter()
        .map(|line| {
            json!({
                "check": line.check.name(), "state": line.state.words().replace(' ', "-"), "name": hidden(&line.name),
                "said": hidden(&line.said), "todo": line.todo.as_deref().map(hidden),
            })
        })
        .collect();
    let answer = json!({
        "schema_version": VERSION,
        "repository": patient.folder().display().to_string(),
        "checks": checks,
        "broken": count(lines, State::Broken),
        "not_checked": count(lines, State::Unchecked),
        "warnings": count(lines, State::Warning),
    });
    output::write(None, |out| writeln!(out, "{answer}"))
}
