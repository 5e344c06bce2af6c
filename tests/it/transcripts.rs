//! The transcripts in `testdata/cli/`: wiring and words.
//!
//! What they scan is made here, because a secret in a committed file would be one more false alarm. `TRYCMD=overwrite`
//! writes the real output into the transcripts.

use std::path::Path;

use crate::canary::{github, stripe};
use crate::run::{Folder, STANCH};

#[test]
fn transcripts_say_what_the_program_says() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cli");
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<_> = std::fs::read_dir(&source).unwrap().map(|e| e.unwrap().file_name()).collect();
    for name in &names {
        std::fs::copy(source.join(name), dir.path().join(name)).unwrap();
        files(&dir.path().join(name).with_extension("in"));
    }
    let cases = trycmd::TestCases::new();
    cases.register_bin("stanch", Path::new(STANCH)).env("NO_COLOR", "1").case(dir.path().join("*.md"));
    cases.run();
    if std::env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") {
        for name in &names {
            std::fs::copy(dir.path().join(name), source.join(name)).unwrap();
        }
    }
}

#[test]
fn the_finding_in_the_readme_is_what_the_program_prints() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let block = readme.split("```").find(|block| block.trim_start().starts_with("critical  deploy.sh")).unwrap();
    let folder = Folder::new();
    folder.write("deploy.sh", format!("#!/bin/sh\nset -e\nexport GITHUB_TOKEN={}\n", github(1)));
    let printed = folder.run(&["scan", "deploy.sh"]).out;
    let finding = printed.split("\n\n\n").next().unwrap();
    assert_eq!(without_id(block.trim()), without_id(finding.trim()));
}

#[test]
fn the_sessions_in_the_readme_are_among_the_transcripts() {
    let read = |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let (readme, tour) = (read("README.md"), read("testdata/cli/tour.md"));
    let sessions: Vec<&str> = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    assert!(sessions.len() >= 2);
    for session in sessions {
        let command = session.lines().next().unwrap();
        let (_, rest) = tour.split_once(&format!("```console\n{command}\n")).unwrap_or_else(|| panic!("{command}"));
        let expected = rest.split("\n```").next().unwrap();
        let lines: Vec<(&str, &str)> = session.trim_end().lines().skip(1).zip(expected.lines()).collect();
        assert_eq!(lines.len(), expected.trim_end().lines().count(), "{command}");
        lines.iter().for_each(|(shown, printed)| assert!(is_like(shown, printed), "{shown}\n{printed}"));
    }
}

/// Is it the other line, in which `[..]` stands for anything?
fn is_like(line: &str, pattern: &str) -> bool {
    let mut rest = line;
    let mut parts = pattern.split("[..]");
    let Some(first) = parts.next() else { return false };
    let Some(behind) = rest.strip_prefix(first) else { return false };
    rest = behind;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || pattern.ends_with("[..]")
}

/// A finding with the fingerprint, which is another one in each run, replaced by its length.
fn without_id(finding: &str) -> String {
    let (before, rest) = finding.split_once("      id  ").unwrap();
    let (id, behind) = rest.split_once(' ').unwrap();
    assert!(id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    format!("{before}      id  {} {behind}", id.len())
}

/// What the transcripts scan.
fn files(folder: &Path) {
    let write = |name: &str, content: String| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    let password = format!("TEST_{}=Hb7-{}\n", "PASSWORD", "q9xkw2");
    write("src/pay.js", format!("const key = '{}';\n", stripe(1)));
    write("test.env", password.clone());
    write("silenced.env", format!("# stanch:allow[generic-password] -- local test database\n{password}"));
    write("empty.txt", String::new());
    write("broken.zip", "PK\u{3}\u{4}".to_owned());
    let key = format!("version = 1\nproject_key = \"{}\"\n", "0c".repeat(32));
    write("repo/stanch.toml", key.clone());
    repository(folder);
    write("work/stanch.toml", key);
    write("work/deploy.py", "import os\n\nREGION = 'eu-west-1'\n".to_owned());
    git(
        folder,
        "git init -q -b main work; cd work; git add deploy.py; git commit -q -m add; echo \"TOKEN = '$0'\" >> deploy.py; git add deploy.py",
    );
}

/// A repository in `repo`, in which a secret came and went.
fn repository(folder: &Path) {
    let script = "git init -q -b main --object-format=sha1 repo; cd repo; printf 'token = \"%s\"\n' $0 > config.py; git add config.py; \
                  git commit -q -m add; git update-ref refs/remotes/origin/main HEAD; git tag v1; echo 'import os' > config.py; \
                  export GIT_COMMITTER_DATE=2024-03-10T12:00:00Z GIT_AUTHOR_DATE=2024-03-10T12:00:00Z; git commit -q -a -m remove";
    git(folder, script);
}

/// Runs a script, with a token in `$0`.
fn git(folder: &Path, script: &str) {
    let mut git = std::process::Command::new("bash");
    git.args(["-euc", script, &github(1)]).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "A U Thor").env(format!("GIT_{who}_EMAIL"), "a@example.com");
        git.env(format!("GIT_{who}_DATE"), "2024-01-10T12:00:00Z");
    }
    assert!(git.env("GIT_CONFIG_NOSYSTEM", "1").status().unwrap().success());
}
