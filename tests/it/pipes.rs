//! The recipes of `hooks/pipes` and the loggers of `hooks/python` and `hooks/node`, each with the real thing behind it.
//!
//! The tests themselves are the scripts of `tests/pipes`, which speak the language of what they try; here they are given the
//! program under test. `tests/run` installs what they need, and one whose tool is missing fails. Start with [`check`].

use std::path::{Path, PathBuf};

use crate::run::{Folder, STANCH};

/// What the scripts of `tests/pipes` are run with.
const PYTHON: &[&str] = &["python3"];
const NODE: &[&str] = &["node", "--test"];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs a script, which needs these programs and files of `target/tests`.
#[track_caller]
fn check(runner: &[&str], script: &str, programs: &[&str], installed: &[&str]) {
    let folder = Folder::new();
    for program in programs.iter().chain(&runner[..1]) {
        let found = folder.command("sh").args(["-c", r#"command -v "$1""#, "sh", program]).output().unwrap();
        assert!(found.status.success(), "{program} is missing: bash tests/run --install-only");
    }
    for file in installed {
        assert!(here("target/tests").join(file).exists(), "target/tests/{file} is missing: bash tests/run --install-only");
    }
    let mut command = folder.command(runner[0]);
    command.args(&runner[1..]).arg(here("tests/pipes").join(script));
    command.env("STANCH", STANCH).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("NODE_MODULES", here("target/tests/node/node_modules")).env("SYSLOG_NG", here("target/tests/syslog-ng"));
    let output = command.output().unwrap();
    let said = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{script}:\n{}\n{}", said(&output.stdout), said(&output.stderr));
}

#[test]
fn with_stanch_keeps_exit_codes_signals_and_streams() {
    check(PYTHON, "with_stanch_test.py", &["dash", "bash", "busybox", "setsid", "unshare", "ps"], &[]);
}

#[test]
fn rsyslog_writes_and_sends_no_secrets() {
    check(PYTHON, "rsyslog_test.py", &["rsyslogd", "logger", "ps"], &[]);
}

#[test]
fn syslog_ng_writes_no_secrets() {
    check(PYTHON, "syslog_ng_test.py", &["logger", "ps"], &["syslog-ng/unpacked"]);
}

#[test]
fn the_journal_of_systemd_gets_no_secrets() {
    check(PYTHON, "systemd_test.py", &["systemctl", "systemd-analyze", "journalctl", "unshare"], &[]);
}

#[test]
fn recipes_for_containers_and_collectors_are_valid() {
    check(NODE, "configs_test.mjs", &["python3", "sh"], &["node/installed"]);
}

#[test]
fn logging_of_python_says_no_secrets() {
    check(PYTHON, "logging_test.py", &[], &[]);
}

#[test]
fn pino_says_no_secrets() {
    check(NODE, "pino_test.mjs", &["python3", "ps"], &["node/installed"]);
}
