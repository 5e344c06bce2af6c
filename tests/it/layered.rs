//! Entries of `stanch.toml` by path, rule and expression, files in folders below, and configuration that a work tree cannot change.

use crate::canary::{github, stripe};
use crate::rule_commands::ACME;
use crate::run::{Folder, Outcome, STANCH};

/// A repository with a project key.
fn project() -> Folder {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.run(&["init"]).says(0, &[]);
    folder
}

fn append(folder: &Folder, name: &str, more: &str) {
    let text = std::fs::read_to_string(folder.path(name)).unwrap_or_default();
    folder.write(name, format!("{text}\n{more}"));
}

#[test]
fn entries_silence_by_path_rule_and_expression() {
    let folder = project();
    folder.write("tests/a", format!("{}\n", github(1)));
    folder.write("src/tests/b", format!("{}\n", github(2)));
    folder.write("src/c", format!("{}\n", stripe(1)));
    folder.write("src/d", format!("{}\n", github(3)));
    append(&folder, "stanch.toml", "[[allow]]\npath = \"tests/**\"\nreason = \"made up\"\n");
    folder.scan_files(&["."]).is(1, &["src/c:1:1 stripe-secret-key", "src/d:1:1 github-pat", "src/tests/b:1:1 github-pat"], &[]);
    folder.run(&["scan", "."]).says(1, &["silenced  1 finding in stanch.toml"]);
    folder.run(&["explain", "tests/a:1"]).says(0, &["verdict   silenced by the entry on line 13 of stanch.toml: made up\n"]);
    append(&folder, "stanch.toml", "[[allow]]\nrule = \"stripe-secret-key\"\nreason = \"of the sandbox\"\n");
    append(
        &folder,
        "stanch.toml",
        &format!("[[allow]]\nregex = \"^{}\"\npath = \"src/\"\nreason = \"dead\"\n", &github(3)[..12]),
    );
    folder.scan_files(&["."]).is(1, &["src/tests/b:1:1 github-pat"], &[]);
    // However a file is named.
    let report =
        Outcome::of(folder.command(STANCH).current_dir(folder.path("src")).args(["scan", "../tests", "c"]).output().unwrap());
    report.says(0, &["silenced  2 findings in stanch.toml"]);
    folder.git(&["add", "-A"]);
    assert_eq!(folder.scan_files(&["--staged"]).findings.len(), 1);
    folder.git(&["commit", "-q", "-m", "all"]);
    assert_eq!(folder.scan_files(&["--history", "."]).places().len(), 1);
}

#[test]
fn entries_that_ended_or_fit_nothing_are_told() {
    let folder = project();
    folder.write("a", format!("{}\n", github(1)));
    append(&folder, "stanch.toml", "[[allow]]\npath = \"gone/**\"\nreason = \"x\"\nowner = \"the web team\"\n");
    append(&folder, "stanch.toml", "[[allow]]\npath = \"a\"\nreason = \"x\"\nuntil = 2020-01-01\n");
    let ended = "note configuration stanch.toml: the entry on line 18 ended on 2020-01-01: renew it, or remove it";
    let stale =
        "note configuration stanch.toml: the entry on line 13 fits nothing any more, the web team answers for it: remove it";
    let at = "note configuration a: line 1: the entry on line 18 of stanch.toml ended on 2020-01-01";
    folder.scan_files(&["."]).is(1, &["a:1:1 github-pat"], &[at, stale, ended]);
    // A part of the project, or of the rules, says nothing about an entry.
    folder.scan_files(&["a"]).is(1, &["a:1:1 github-pat"], &[at, ended]);
    folder.scan_files(&["--only", "github-pat", "."]).is(1, &["a:1:1 github-pat"], &[at, ended]);
}

#[test]
fn a_file_in_a_folder_below_adds_to_it() {
    let folder = project();
    for name in ["a", "sub/a", "sub/deep/a", "other/a"] {
        folder.write(name, format!("{}\n", github(1)));
    }
    let print = folder.scan_files(&["a"]).fingerprints().remove(0);
    let entry = |rest: &str| format!("version = 1\n\n[[allow]]\nreason = \"of the sub-project\"\n{rest}\n");
    folder.write("sub/stanch.toml", entry(&format!("fingerprint = \"{print}\"")));
    // What git does not track may have come from anywhere; but what lies above a named path is wanted.
    assert_eq!(folder.scan_files(&["."]).findings.len(), 4);
    folder.scan_files(&["sub"]).is(0, &[], &[]);
    folder.git(&["add", "-A"]);
    folder.scan_files(&["."]).is(1, &["a:1:1 github-pat", "other/a:1:1 github-pat"], &[]);
    folder.run(&["explain", "sub/deep/a:1"]).says(0, &["silenced by the entry on line 3 of sub/stanch.toml: of the sub-project"]);
    folder.write("sub/stanch.toml", entry("path = \"/a\""));
    folder.scan_files(&["sub"]).is(1, &["sub/deep/a:1:1 github-pat"], &[]);
    folder.write("sub/stanch.toml", entry("pth = \"/a\""));
    folder.run(&["scan", "."]).says(2, &["error: sub/stanch.toml:5: allow.pth: unknown field"]);
    // With a key it is a project of its own.
    let key = "0123456789abcdef".repeat(4);
    folder.write(
        "sub/stanch.toml",
        entry("path = \"/a\"").replace("version = 1", &format!("version = 1\nproject_key = \"{key}\"")),
    );
    folder.run(&["scan", "a", "other"]).says(1, &["it has a project key of its own"]);
    folder.scan_files(&["sub"]).is(1, &["sub/deep/a:1:1 github-pat"], &[]);
}

#[test]
fn what_a_pull_request_changes_does_not_count() {
    let folder = project();
    folder.write("a", format!("{}\n", github(1)));
    folder.run(&["baseline", "create"]).says(0, &[]);
    folder.write("sub/stanch.toml", "version = 1\n[[allow]]\npath = \"known\"\nreason = \"x\"\n");
    folder.write("sub/known", format!("{}\n", github(2)));
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "base"]);
    folder.git(&["checkout", "-q", "-b", "feature"]);
    folder.write("leak", format!("{}\n", github(3)));
    append(&folder, "stanch.toml", "[[allow]]\npath = \"leak\"\nreason = \"trust me\"\n");
    folder.git(&["commit", "-q", "-a", "-m", "one"]);
    folder.scan_files(&["."]).is(0, &[], &[]);
    folder.scan_files(&["--config-from", "main", "."]).is(1, &["leak:1:1 github-pat"], &[]);
    folder.scan_files(&["--config-from", "HEAD~1", "."]).is(1, &["leak:1:1 github-pat"], &[]);
    folder.scan_files(&["--config-from", "HEAD", "."]).is(0, &[], &[]);
    // A file that is named, too, if it lies in the repository.
    let named = |file: &str, commit: &str| folder.scan_files(&["--config", file, "--config-from", commit, "."]);
    named("stanch.toml", "main").is(1, &["leak:1:1 github-pat", "sub/known:1:1 github-pat"], &[]);
    named("stanch.toml", "HEAD").is(1, &["sub/known:1:1 github-pat"], &[]);
    let missing = ["scan", "--config", "none.toml", "--config-from", "main"];
    folder.run(&missing).says(2, &["none.toml is not in that commit", "`--trust-config`"]);
    folder.write("../own.toml", "version = 1\n[[allow]]\npath = \"work/leak\"\nreason = \"x\"\n");
    let own = ["--config", "../own.toml", "--config-from", "main", "--no-baseline", "."];
    folder.scan_files(&own).is(1, &["a:1:1 github-pat", "sub/known:1:1 github-pat"], &[]);
    folder.run(&["baseline", "update", "--add"]).says(0, &[]);
    append(&folder, "sub/stanch.toml", "[[allow]]\npath = \"*\"\nreason = \"trust me\"\n");
    folder.scan_files(&["--config-from", "main", "-b", ".stanch-baseline", "."]).is(1, &["leak:1:1 github-pat"], &[]);
    folder.scan_files(&["--config-from", "main", "sub"]).is(0, &[], &[]);
    let words = ["error: --config-from: no commit is named `nowhere` here", "hint: "];
    folder.run(&["scan", "--config-from", "nowhere", "."]).says(2, &words);
    folder.run(&["explain", "--config-from", "main", "leak:1"]).says(0, &["verdict   reported\n"]);
}

#[test]
fn the_job_of_a_pull_request_reads_its_base() {
    let folder = project();
    folder.write("a", "nothing\n");
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "base"]);
    folder.git(&["checkout", "-q", "-b", "feature"]);
    append(&folder, "stanch.toml", "[[allow]]\npath = \"leak\"\nreason = \"trust me\"\n");
    folder.write("leak", format!("{}\n", github(3)));
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "leak"]);
    let with = |vars: &[(&str, &str)], args: &[&str]| {
        let mut command = folder.command(STANCH);
        Outcome::of(command.envs(vars.iter().copied()).arg("scan").args(args).output().unwrap())
    };
    let run = |base: &str, args: &[&str]| with(&[("GITHUB_BASE_REF", base)], args);
    run("main", &["."]).says(1, &["that of main counts, as this is a pull request for it"]);
    run("main", &["--trust-config", "."]).says(0, &[]);
    run("", &["."]).says(0, &[]);
    run("gone", &["."]).says(1, &["not obeyed: this is a pull request", "`--config-from` or `--trust-config`"]);
    // A fork whose branch is called like the base is the pull request itself.
    run("feature", &["."]).says(1, &["not obeyed: this is a pull request"]);
    // Other systems name the base, or only that there is a request.
    with(&[("TRAVIS_PULL_REQUEST", "7"), ("TRAVIS_BRANCH", "main")], &["."]).says(1, &["that of main counts"]);
    with(&[("TRAVIS_PULL_REQUEST", "false"), ("TRAVIS_BRANCH", "main")], &["."]).says(0, &[]);
    with(&[("DRONE_PULL_REQUEST", "7"), ("DRONE_TARGET_BRANCH", "main")], &["."]).says(1, &["that of main counts"]);
    with(&[("CIRCLE_PULL_REQUEST", "https://example.test/7")], &["."]).says(1, &["not obeyed: this is a pull request"]);
}

#[test]
fn a_pull_request_cannot_weaken_the_rules_of_its_base() {
    let folder = project();
    folder.write("stanch-rules.toml", ACME);
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "base"]);
    folder.git(&["checkout", "-q", "-b", "feature"]);
    folder.write("stanch-rules.toml", ACME.replace("base62{24}", "base62{60}"));
    folder.write("leak", ["t = acme", "_K7fQ2mZx9LpR4vTb6WnY8cHd\n"].concat());
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "leak"]);
    let words = ["scan", "leak", "--rules", "stanch-rules.toml", "--only", "acme-*"];
    let run = |base: &str| Outcome::of(folder.command(STANCH).env("GITHUB_BASE_REF", base).args(words).output().unwrap());
    run("main").says(1, &["acme-token"]);
    run("").says(0, &[]);
}
