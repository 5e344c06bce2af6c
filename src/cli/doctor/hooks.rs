//! Do git's hooks stop a secret, and nothing else? Each that git calls is run by git in the scratch copy.
//!
//! It must not say why git calls what it calls; [`super::paths`] does. Start with [`check`].

use std::path::Path;

use super::read::{is_scanner, script};
use super::run::Ran;
use super::scratch::{Hooks, Scratch};
use super::{Answer, Patient, State};
use crate::hook::{self, Hook, Manager, State as Call};

/// What came of a canary and of a control.
enum Came {
    /// The canary was stopped and named, the control passed.
    Stopped,
    /// So it was, but its value was printed.
    Shown,
    /// It went through.
    Passed,
    /// It was stopped, and nothing names its place.
    Unnamed(String),
    /// The control was stopped.
    Everything(String),
    /// No answer.
    Late,
}

pub(super) fn check(patient: &Patient<'_>, answer: &mut Answer) {
    if patient.repository.configured.is_some() && !patient.repository.hooks.is_dir() {
        let what = "git runs no hooks: core.hooksPath leads to no folder";
        return answer.broken("all", what, "`stanch doctor --only paths` says where that is written");
    }
    let status = match hook::status(patient.repository) {
        Ok(status) => status,
        Err(e) => return answer.unchecked("git's hooks", &e.into()),
    };
    // Git asks a server before a push is taken, and nobody else.
    let is_server = patient.repository.root.is_none();
    for (hook, path, call) in status.hooks.iter().filter(|(hook, ..)| (*hook == Hook::PreReceive) == is_server) {
        // Few look at messages.
        if *hook != Hook::CommitMsg || *call != Call::None {
            one(patient, answer, (*hook, *call, path));
        }
    }
}

fn one(patient: &Patient<'_>, answer: &mut Answer, (hook, call, path): (Hook, Call, &Path)) {
    let (name, text) = (hook.name(), script(path));
    let what = caller(call);
    // What looks for secrets, as far as it can be read.
    let is_meant = call.runs() || matches!(call, Call::Edited) || is_scanner(&text);
    match call {
        Call::None => return not_set_up(answer, name, "git calls nothing"),
        Call::Idle if is_meant || text.contains("stanch") => {
            return answer.broken(
                name,
                "it calls stanch and is not executable: git does not call it",
                format!("`chmod +x {}`", patient.repository.name(path)),
            );
        }
        Call::Idle => return not_set_up(answer, name, "not executable: git does not call it"),
        _ => {}
    }
    if patient.args.no_run {
        return match is_meant {
            true => answer.add(State::Ok, name, format!("git calls {what}; not run (--no-run)")),
            false => not_set_up(answer, name, &format!("git calls {what}")),
        };
    }
    let came = patient.scratch().and_then(|scratch| came(patient, scratch, hook));
    match (came, is_meant) {
        (Err(e), _) => answer.unchecked(name, &e),
        (Ok(Came::Passed), false) => not_set_up(answer, name, &format!("git calls {what}; a made-up token passed")),
        (Ok(Came::Everything(said)), false) => {
            let said = format!("git calls {what}, which stops everything in the copy, so nothing is known of it: {said}");
            answer.warning(name, said, "`stanch hook install` has git call stanch");
        }
        (Ok(came), _) => tell(patient, answer, (hook, &what, came)),
    }
}

/// Says what came of a hook that is to look for secrets.
fn tell(patient: &Patient<'_>, answer: &mut Answer, (hook, what, came): (Hook, &str, Came)) {
    let name = hook.name();
    let todo = format!("run the hook by hand: `git {}`; `stanch hook install` puts stanch there", verb(hook));
    match came {
        Came::Stopped => answer.add(State::Ok, name, proven(hook, what, patient)),
        Came::Shown => {
            answer.warning(name, format!("{what} stops a made-up token, and prints its value"), "have it redact values")
        }
        Came::Late => {
            answer.put(
                State::Unchecked,
                name,
                format!("{what} did not end within {} seconds", patient.args.timeout),
                "`--timeout` gives it longer",
            );
        }
        Came::Passed => answer.broken(name, format!("a made-up token passed: git called {what}, and it stopped nothing"), todo),
        Came::Unnamed(said) => {
            answer.broken(name, format!("a made-up token was stopped, but nothing names where it stands: {said}"), todo);
        }
        Came::Everything(said) => {
            answer.broken(name, format!("{what} stops everything, also what holds no secret: {said}"), todo);
        }
    }
}

fn not_set_up(answer: &mut Answer, name: &str, said: &str) {
    answer.put(State::NotSetUp, name, said, "`stanch hook install` has git call stanch");
}

fn proven(hook: Hook, what: &str, patient: &Patient<'_>) -> String {
    let (stopped, passed) = match hook {
        Hook::PreCommit => ("a commit with a made-up token", "one without"),
        Hook::CommitMsg => ("a message with a made-up token", "one without"),
        Hook::PrePush => ("a push with a made-up token", "one without"),
        Hook::PreReceive => ("the push of a made-up token to it", "one without"),
    };
    let left = patient.scratch().ok().and_then(|scratch| scratch.left_out.as_ref());
    let left = left.map_or_else(String::new, |left| format!(" ({left})"));
    format!("{what} stopped {stopped}, and {passed} passed{left}")
}

fn verb(hook: Hook) -> &'static str {
    if matches!(hook, Hook::PrePush | Hook::PreReceive) { "push" } else { "commit" }
}

fn caller(call: Call) -> String {
    match call {
        Call::None | Call::Idle => "nothing".to_owned(),
        Call::Ours => "stanch".to_owned(),
        Call::Chained => "stanch and the hook that was there before".to_owned(),
        Call::Through(manager) | Call::Without(manager) => Manager::name(manager).to_owned(),
        Call::ByHand => "a script that calls stanch".to_owned(),
        Call::Other => "another script".to_owned(),
        Call::Edited => "a hook of stanch that was changed by hand".to_owned(),
    }
}

/// Runs the hook twice: without the canary, and with it.
fn came(patient: &Patient<'_>, scratch: &Scratch, hook: Hook) -> anyhow::Result<Came> {
    let begin = scratch.id("HEAD")?;
    let result = match hook {
        Hook::PreCommit => commit(patient, scratch),
        Hook::CommitMsg => message(patient, scratch),
        Hook::PrePush | Hook::PreReceive => push(patient, scratch),
    };
    scratch.reset(&begin)?;
    result
}

/// A message that hooks with an opinion on messages take.
const MESSAGE: &str = "chore: add a line to see what hooks do";

fn commit(patient: &Patient<'_>, scratch: &Scratch) -> anyhow::Result<Came> {
    let (control, planted) = (patient.canary.control(1), patient.canary.file(1));
    let begin = scratch.id("HEAD")?;
    scratch.stage(&control, "a line without a secret\n")?;
    let ran = scratch.git(&["commit", "-m", MESSAGE], "work", Hooks::On)?;
    if let Some(came) = stopped(patient, &ran) {
        return Ok(came);
    }
    scratch.reset(&begin)?;
    scratch.stage(&planted, &patient.canary.text())?;
    let ran = scratch.git(&["commit", "-m", MESSAGE], "work", Hooks::On)?;
    Ok(judged(patient, &ran, &planted, scratch.id("HEAD")? != begin))
}

fn message(patient: &Patient<'_>, scratch: &Scratch) -> anyhow::Result<Came> {
    let control = patient.canary.control(2);
    let begin = scratch.id("HEAD")?;
    scratch.stage(&control, "a line without a secret\n")?;
    let ran = scratch.git(&["commit", "-m", MESSAGE], "work", Hooks::On)?;
    if let Some(came) = stopped(patient, &ran) {
        return Ok(came);
    }
    scratch.reset(&begin)?;
    scratch.stage(&control, "a line without a secret\n")?;
    let file = scratch.work().join(".git/canary-message");
    std::fs::write(&file, format!("{MESSAGE}\n\n{}", patient.canary.text()))?;
    let ran = scratch.git(&["commit", "-F", ".git/canary-message"], "work", Hooks::On)?;
    Ok(judged(patient, &ran, "COMMIT_EDITMSG", scratch.id("HEAD")? != begin))
}

fn push(patient: &Patient<'_>, scratch: &Scratch) -> anyhow::Result<Came> {
    let (control, planted) = (patient.canary.control(3), patient.canary.file(3));
    scratch.stage(&control, "a line without a secret\n")?;
    scratch.done(&["commit", "-q", "-m", MESSAGE])?;
    let ran = scratch.git(&["push", "origin", "HEAD"], "work", Hooks::On)?;
    if let Some(came) = stopped(patient, &ran) {
        return Ok(came);
    }
    let before = scratch.pushed()?;
    scratch.stage(&planted, &patient.canary.text())?;
    scratch.done(&["commit", "-q", "-m", MESSAGE])?;
    let ran = scratch.git(&["push", "origin", "HEAD"], "work", Hooks::On)?;
    Ok(judged(patient, &ran, &planted, scratch.pushed()? != before))
}

/// Was the control stopped?
fn stopped(patient: &Patient<'_>, ran: &Ran) -> Option<Came> {
    match ran.passed() {
        true => None,
        false if ran.is_late => Some(Came::Late),
        false => Some(Came::Everything(patient.told(&ran.text()))),
    }
}

/// What became of the canary, which stands in `name`.
fn judged(patient: &Patient<'_>, ran: &Ran, name: &str, went_through: bool) -> Came {
    let text = ran.text();
    match () {
        () if ran.is_late => Came::Late,
        () if went_through || ran.passed() => Came::Passed,
        () if !text.contains(name) => Came::Unnamed(patient.told(&text)),
        () if patient.canary.is_in(text.as_bytes()) => Came::Shown,
        () => Came::Stopped,
    }
}
