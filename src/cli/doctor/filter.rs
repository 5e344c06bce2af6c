//! Does the filter that logs go through take a secret out, and leave what is none as it is?
//!
//! It must not run anything of the project but this program, and what was named with `--filter-command`. Start with [`check`].

use std::fs;
use std::path::{Path, PathBuf};

use super::read::{call, lines, script, words};
use super::run::run;
use super::{Answer, Patient, State};

/// Lines that must come out as they went in, of which the last does not end.
const PLAIN: &[u8] =
    b"2026-01-01T00:00:00Z INFO a plain line\r\n\tdone in 12 ms\n\n\xff\xfe bytes \x00\x1b[31mred\x1b[0m\nno end";
/// Names of files that say how a program is started, at the top of a project or in these folders.
const FOLDERS: &[&str] = &["", "deploy", "systemd", "docker", ".devcontainer"];

/// A filter, as it was found.
struct Found {
    name: String,
    /// Arguments behind `stanch`, if they are plain.
    args: Option<Vec<String>>,
}

pub(super) fn check(patient: &Patient<'_>, answer: &mut Answer) {
    if patient.args.no_run {
        answer.add(State::NotSetUp, "stanch filter", "not run (--no-run)");
        return;
    }
    for command in &patient.args.filter_command {
        one(patient, answer, ("--filter-command", &["sh".into(), "-c".into(), command.clone()]));
    }
    let program = match std::env::current_exe() {
        Ok(program) => program.display().to_string(),
        Err(e) => return answer.unchecked("stanch filter", &e.into()),
    };
    let found = find(patient);
    for found in &found {
        match &found.args {
            Some(args) => one(patient, answer, (&found.name, &[std::slice::from_ref(&program), args].concat())),
            None => {
                answer.put(
                    State::Unchecked,
                    &found.name,
                    "the command line is not plain, so it was not run",
                    "give it as `--filter-command CMD`",
                );
            }
        }
    }
    if found.is_empty() && patient.args.filter_command.is_empty() {
        one(patient, answer, ("stanch filter", &[program, "filter".to_owned()]));
    }
}

fn one(patient: &Patient<'_>, answer: &mut Answer, (name, argv): (&str, &[String])) {
    let folder = match tempfile::Builder::new().prefix("stanch-doctor-").tempdir() {
        Ok(folder) => folder,
        Err(e) => return answer.unchecked(name, &e.into()),
    };
    let filtered = |input: &[u8]| {
        let mut command = std::process::Command::new(&argv[0]);
        command.args(&argv[1..]).current_dir(patient.folder());
        run(&mut command, input, (folder.path(), patient.limit))
    };
    let planted = format!("before\n{}after\n", patient.canary.text());
    let (plain, secret) = match (filtered(PLAIN), filtered(planted.as_bytes())) {
        (Ok(plain), Ok(secret)) => (plain, secret),
        (Err(e), _) | (_, Err(e)) => return answer.unchecked(name, &e.into()),
    };
    let failed = [&plain, &secret].into_iter().find(|ran| !ran.passed());
    if let Some(ran) = failed.filter(|ran| ran.is_late) {
        answer.add(State::Unchecked, name, ran.end());
    } else if patient.canary.is_in(&secret.out) || patient.canary.is_in(&secret.err) {
        answer.broken(name, "a made-up token came out as it went in", "compare its flags with `stanch filter --help`");
    } else if let Some(ran) = failed {
        answer.broken(
            name,
            format!("it {}: {}", ran.end(), patient.told(&ran.text())),
            "start it by hand: what it needs is missing",
        );
    } else if secret.out.is_empty() || !secret.out.starts_with(b"before\n") || !secret.out.ends_with(b"after\n") {
        answer.broken(name, "lines beside a made-up token did not come out", "what is silent shows nothing of a program either");
    } else if plain.out != PLAIN {
        answer.warning(name, "lines without a secret come out changed", "compare its flags with `stanch filter --help`");
    } else {
        answer.add(State::Ok, name, "a made-up token did not come out, plain lines did, byte for byte");
    }
}

/// Filters in files that say how a program is started.
fn find(patient: &Patient<'_>) -> Vec<Found> {
    let root = patient.folder();
    let mut files: Vec<PathBuf> = FOLDERS.iter().flat_map(|folder| starters(&root.join(folder))).collect();
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config/systemd/user"));
    files.extend(home.iter().flat_map(|folder| starters(folder)));
    files.extend(starters(Path::new("/etc/systemd/system")));
    let mut all = Vec::new();
    for file in files {
        let text = script(&file);
        for (number, line) in lines(&text) {
            if let Some(args) = call(line, &["filter"]) {
                let name = format!("{}:{number}", patient.repository.name(&file));
                all.push(Found { name, args: plain(args) });
            }
        }
    }
    all
}

/// Files of a folder that say how a program is started.
fn starters(folder: &Path) -> Vec<PathBuf> {
    let is_one = |name: &str| {
        let is_yaml = [".yml", ".yaml"].iter().any(|end| name.ends_with(end));
        name.ends_with(".service")
            || name.starts_with("Dockerfile")
            || name == "Procfile"
            || is_yaml && (name.starts_with("compose") || name.starts_with("docker-compose"))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries.filter(|e| is_one(&e.file_name().to_string_lossy())).map(|e| e.path()).collect();
    all.sort();
    all
}

/// The arguments of a filter, up to what ends its command. A report that it would write is left out.
fn plain(args: &str) -> Option<Vec<String>> {
    // In a list of words, as Dockerfiles and compose files have it, quotes and commas stand between.
    let args = if args.starts_with("\",") { args.replace(['"', ','], " ") } else { args.to_owned() };
    let end = args.find(['|', '&', ';', '>', ']', ')']).unwrap_or(args.len());
    let args = &args[..end];
    let odd = |mark: char| args.matches(mark).count() % 2 == 1;
    let args = if odd('"') || odd('\'') { args.trim_end().trim_end_matches(['"', '\'']) } else { args };
    let mut words = words(args)?;
    if let Some(at) = words.iter().position(|word| word == "--report" || word.starts_with("--report=")) {
        let count = if words[at] == "--report" { 2 } else { 1 };
        words.drain(at..(at + count).min(words.len()));
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn the_flags_of_a_filter_are_read() {
        let check = |args: &str, expected: &str| assert_eq!(plain(args).unwrap().join(" "), expected, "{args}");
        check(" filter --mode tag'", "filter --mode tag");
        check(" filter --report /var/x -q | tee log", "filter -q");
        check("\", \"filter\", \"-q\"]", "filter -q");
        assert_eq!(plain(" filter --mode $MODE"), None);
    }
}
