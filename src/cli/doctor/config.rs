//! Do stanch.toml and the baseline hold: are they read, and is nothing in them over?
//!
//! It must not say what they silence. Start with [`check`].

use super::super::args::Silence;
use super::super::{clock, config, known};
use super::{Answer, Patient, State};
use crate::base::date::Date;
use crate::scan::project::Allow;

pub(super) fn check(patient: &Patient<'_>, answer: &mut Answer) {
    let silence = Silence::default();
    let chosen = match config::chosen(&silence, &[patient.folder()]) {
        Ok(chosen) => chosen,
        Err(e) => return broken(answer, config::NAME, &e),
    };
    for (_, note) in &chosen.notes {
        answer.add(State::Warning, config::NAME, note.clone());
    }
    let Some(path) = &chosen.project.path else {
        answer.put(
            State::NotSetUp,
            config::NAME,
            "there is none",
            "`stanch init` makes one: without its key fingerprints differ in every run, and there is no baseline",
        );
        return;
    };
    let name = patient.repository.name(path);
    match &chosen.project.key {
        Some(_) => answer.add(State::Ok, &name, "read, with a project key"),
        None => answer.warning(
            &name,
            "it has no project key, so fingerprints differ in every run",
            "`stanch baseline create` adds one",
        ),
    }
    let today = Date::from_unix(clock::now());
    let files = std::iter::once((path, &chosen.project.allows)).chain(chosen.project.layers.iter().map(|l| (&l.path, &l.allows)));
    for (path, allows) in files {
        for allow in allows.iter().filter(|allow| is_over(allow, today)) {
            let name = format!("{}:{}", patient.repository.name(path), allow.line);
            answer.warning(
                name,
                "this [[allow]] is over: what it names is reported again",
                "take it out, or give it another `until`",
            );
        }
    }
    baseline(patient, answer, &chosen);
}

fn is_over(allow: &Allow, today: Date) -> bool {
    allow.until.is_some_and(|until| until < today)
}

fn baseline(patient: &Patient<'_>, answer: &mut Answer, chosen: &config::Chosen) {
    let Some(path) = known::beside(chosen).filter(|path| std::fs::symlink_metadata(path).is_ok()) else { return };
    let name = patient.repository.name(&path);
    match known::bytes(&path).and_then(|bytes| known::read(&name, &bytes, chosen)) {
        Ok(_) => answer.add(State::Ok, name, "read, made under this project key"),
        Err(e) => broken(answer, &name, &e),
    }
}

fn broken(answer: &mut Answer, name: &str, error: &anyhow::Error) {
    let said = super::exit::masked(&super::exit::words(error));
    answer.broken(name, said, "until it is read, no scan runs here");
}
