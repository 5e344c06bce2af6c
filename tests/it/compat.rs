//! Command lines of other scanners with the name of this program in front: those of gitleaks' README, and those that are refused.

use serde_json::Value;

use crate::canary::github;
use crate::run::{Folder, Outcome, STANCH};

/// A repository whose history holds two secrets, one of them gone, and a change that is staged.
fn repository() -> Folder {
    let folder = Folder::repository();
    folder.write("gone.txt", format!("gone = {}\n", github(2)));
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "second"]);
    folder.git(&["rm", "-q", "gone.txt"]);
    folder.git(&["commit", "-q", "-m", "third"]);
    folder.write("new.txt", format!("new = {}\n", github(3)));
    folder.git(&["add", "new.txt"]);
    folder.write("old.txt", format!("first\nold = {}\nlast\nlater = {}\n", github(1), github(4)));
    folder
}

/// What a command line reports, as values, sorted.
fn found(folder: &Folder, line: &str) -> Vec<String> {
    let line = format!("{line} -r ../report.json --show-secrets");
    let outcome = folder.run(&line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(outcome.code, 1, "{line}\n{}", outcome.err);
    let report: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.path("../report.json")).unwrap()).unwrap();
    let mut all: Vec<String> = report.iter().map(|f| f["Secret"].as_str().unwrap().to_owned()).collect();
    all.sort();
    all.dedup();
    all
}

fn tokens(numbers: &[u64]) -> Vec<String> {
    let mut all: Vec<String> = numbers.iter().map(|n| github(*n)).collect();
    all.sort();
    all
}

#[test]
fn each_word_scans_what_it_scans_there() {
    let folder = repository();
    let check = |line: &str, expected: &[u64]| assert_eq!(found(&folder, line), tokens(expected), "{line}");
    for word in
        ["git", "detect", "git -v", "detect --source .", "detect -s=.", "git --log-opts=--all", "-v git", "--no-banner detect"]
    {
        let mut all = found(&folder, word);
        all.retain(|value| tokens(&[1, 2]).contains(value));
        assert_eq!(all, tokens(&[1, 2]), "{word}");
    }
    for word in ["dir", "dir .", "directory .", "files .", "detect --no-git", "detect --no-git -s .", "dir -v ."] {
        check(word, &[1, 3, 4]);
    }
    for word in ["git --staged", "git --pre-commit --staged", "protect --staged", "git --pre-commit --redact --staged --verbose"]
    {
        check(word, &[3]);
    }
    check("protect", &[4]);
    check("git --pre-commit .", &[4]);
    check("git --log-opts=HEAD~2..HEAD .", &[2]);
    check("git --log-opts HEAD~2..HEAD~1", &[2]);
    // trufflehog's words for parts of a history.
    check("git file://. --since-commit HEAD --results=verified,unknown,unverified", &[3]);
    check("git --since-commit HEAD~2", &[2]);
    check("git --since-commit=HEAD~2 --branch=HEAD~1", &[2]);
    check("git --branch main --max-depth 2", &[2]);
    check("git --branch refs/heads/main", &[1, 2]);
    check("dir --enable-rule github-pat --max-archive-depth 2 -j 2 .", &[1, 3, 4]);
}

#[test]
fn the_commands_of_gitleaks_readme_work() {
    let folder = repository();
    folder.git(&["branch", "commitA", "HEAD~2"]);
    folder.git(&["branch", "commitB", "HEAD"]);
    folder.write("../customgitleaks.toml", "[[rules]]\nid = 'mine'\nregex = '''[a-z]+ = (ghp_\\w+)'''\ntags = ['t']\n");
    let line = |script: &str| {
        folder.shell(&format!("gitleaks() {{ \"$STANCH\" \"$@\"; }}; code=0; {script} || code=$?; echo \"code $code\""))
    };
    line("gitleaks git -v").says(0, &["code 1", "github-pat"]);
    line("gitleaks git -v --log-opts=\"--all commitA..commitB\" .").says(0, &["code 1", "gone.txt"]);
    line("gitleaks dir -v old.txt").says(0, &["code 1", "old.txt:2:7"]);
    line("cat old.txt | gitleaks -v stdin").says(0, &["code 1", "-:2:7"]);
    line("gitleaks git --report-path ../gitleaks-report.json").says(0, &["code 1", "report written to ../gitleaks-report.json"]);
    line("gitleaks git --baseline-path ../gitleaks-report.json --report-path ../findings.json")
        .says(0, &["code 2", "are redacted", "hint: "]);
    // With its values it is one.
    line("gitleaks git --show-secrets --report-path ../known.json").says(0, &["code 1"]);
    line("gitleaks git -b ../known.json").says(0, &["code 0", "in the baseline"]);
    for script in [
        "gitleaks git --config ../customgitleaks.toml .",
        "GITLEAKS_CONFIG=../customgitleaks.toml gitleaks git .",
        "GITLEAKS_CONFIG_TOML=`cat ../customgitleaks.toml` gitleaks git .",
    ] {
        line(script).says(0, &["code 1", "gitleaks-mine"]);
    }
    let template =
        "gitleaks dir . --report-path \"report.json\" --report-format template --report-template testdata/report/jsonextra.tmpl";
    line(template).says(0, &["code 2", "hint: use `--report-format json`"]);
}

#[test]
fn gitleaks_json_has_its_fields() {
    let folder = repository();
    let outcome = folder.run(&["git", "-f", "json", "-r", "-"]);
    assert_eq!(outcome.code, 1);
    let report: Vec<Value> = serde_json::from_str(&outcome.out).unwrap();
    let gone = report.iter().find(|f| f["File"] == "gone.txt").unwrap();
    assert_eq!((&gone["RuleID"], &gone["StartLine"], &gone["EndLine"]), (&"github-pat".into(), &1.into(), &1.into()));
    assert_eq!((&gone["StartColumn"], &gone["EndColumn"]), (&8.into(), &47.into()));
    assert_eq!((&gone["Secret"], &gone["Match"]), (&"REDACTED".into(), &"gone = REDACTED".into()));
    assert_eq!((&gone["Author"], &gone["Email"]), (&"T".into(), &"t@example.invalid".into()));
    let commit = gone["Commit"].as_str().unwrap();
    assert_eq!(gone["Fingerprint"], format!("{commit}:gone.txt:github-pat:1"));
    assert!(commit.len() == 40 && gone["Date"].as_str().unwrap().ends_with('Z'), "{gone}");
    let of = |word: &str, format: &str| folder.run(&[word, "-f", format, "old.txt"]).out;
    assert!(of("dir", "json").starts_with("[\n"));
    assert!(of("filesystem", "json").contains("\"schema_version\""));
    assert!(of("scan", "json").contains("\"schema_version\"") && of("scan", "gitleaks-json").starts_with("[\n"));
    folder.write("clean", "");
    assert_eq!(folder.run(&["dir", "-r", "-", "clean"]).out, "[]\n");
}

#[test]
fn a_configuration_decides_the_rules() {
    let folder = Folder::new();
    folder.write("a", format!("t = {}\nmykey=abcd\n", github(1)));
    let config = "[[rules]]\nid = 'My.Key'\nregex = 'mykey=([a-z]+)'\nkeywords = ['mykey']\n";
    folder.write("c.toml", config);
    let check = |args: &[&str], rules: &[&str]| {
        let outcome = folder.run(&[args, &["-f", "json", "a"]].concat());
        let report: Vec<Value> = serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{args:?} {}", outcome.err));
        let mut found: Vec<&str> = report.iter().map(|f| f["RuleID"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, rules, "{args:?}");
    };
    check(&["dir", "-c", "c.toml"], &["My.Key"]);
    check(&["dir", "-c", "c.toml", "--enable-rule", "My.Key"], &["My.Key"]);
    check(&["dir", "--enable-rule", "github-pat"], &["github-pat"]);
    folder.write("c.toml", format!("[extend]\nuseDefault = true\n{config}"));
    check(&["dir", "--config=c.toml"], &["My.Key", "github-pat"]);
    folder.write("c.toml", format!("{config}[[rules]]\nid = 'x'\nregex = 'a(?=b)'\n"));
    folder
        .run(&["dir", "-c", "c.toml", "a"])
        .says(2, &["c.toml holds rules that cannot be used: rule `x`, regex: look-around", "hint: convert"]);
    // One of our own is one, too.
    folder.write("s.toml", "version = 1\n");
    check(&["dir", "-c", "s.toml"], &["github-pat"]);
    // Only the words of another scanner read its variables.
    let with =
        |args: &[&str]| Outcome::of(folder.command(STANCH).args(args).env("GITLEAKS_CONFIG", "gone.toml").output().unwrap());
    with(&["dir", "a"]).says(2, &["cannot read gone.toml"]);
    with(&["scan", "a"]).says(1, &[]);
    with(&["filesystem", "a"]).says(1, &[]);
    folder.write(".gitleaks.toml", config);
    folder.run(&["dir", "."]).says(1, &["note: ./.gitleaks.toml is not used", "github-pat"]);
}

#[test]
fn what_means_something_else_is_refused_with_a_hint() {
    let folder = repository();
    let check = |line: &str, parts: &[&str]| {
        let outcome = folder.run(&line.split_whitespace().collect::<Vec<_>>());
        outcome.says(2, parts);
        assert_eq!(outcome.out, "");
    };
    for line in [
        "dir --follow-symlinks",
        "filesystem --only-verified",
        "filesystem --results=verified",
        "filesystem --results verified",
        "dir --exclude x",
    ] {
        check(line, &["of another scanner is not supported", "hint: "]);
    }
    check("protect --branch main", &["`--branch` says nothing about what is not committed", "hint: "]);
    check("dir --since-commit main", &["are about a git repository"]);
    check("git --log-opts=--all --branch main", &["`--log-opts` with"]);
    check("git --log-opts=--author=x", &["`--log-opts` with --author=x is not supported", "hint: known are A..B"]);
    check("git --log-opts=-n1", &["`--log-opts` with -n1"]);
    check("git --log-opts=--since=yesterday", &["`--log-opts` with --since=yesterday"]);
    check("dir --staged", &["are about a git repository"]);
    check("protect --log-opts=--all", &["says nothing about what is not committed"]);
    check("stdin x", &["`stdin` takes no path", "hint: "]);
    check("dir -f template .", &["invalid value 'template'", "gitleaks-json"]);
    check("dir --config", &["`--config` needs a value"]);
    check("dir --colour", &["unexpected argument '--colour'"]);
}

#[test]
fn what_is_silenced_for_gitleaks() {
    let folder = Folder::new();
    folder.write("a", format!("t = {} # gitleaks:allow\n", github(1)));
    folder.run(&["dir", "a"]).says(0, &["1 finding by a comment"]);
    folder.run(&["dir", "--ignore-gitleaks-allow", "a"]).says(1, &["github-pat"]);
    folder.write("ignored", "a:github-pat:1\n");
    folder.run(&["dir", "--ignore-gitleaks-allow", "-i", "ignored", "a"]).says(1, &["baseline create --from"]);
    folder.run(&["dir", "-b", "gone.json", "a"]).says(2, &["gone.json"]);
}

#[test]
fn what_changes_nothing_is_accepted() {
    let folder = repository();
    let check = |line: &str, code: i32, parts: &[&str]| {
        folder.run(&line.split_whitespace().collect::<Vec<_>>()).says(code, parts);
    };
    check(
        "dir --no-banner -v -l debug --log-level=error --redact=20 --redact --no-color --max-decode-depth 3 --timeout 0 --max-target-megabytes 0 old.txt",
        1,
        &["github-pat"],
    );
    check("dir --max-target-megabytes 5 old.txt", 1, &["note: nothing is skipped for its size"]);
    check("dir --timeout 60 old.txt", 1, &["note: no scan is stopped"]);
    check("dir --exit-code 42 old.txt", 42, &[]);
    check("filesystem --no-verification --no-update --fail --concurrency 2 old.txt", 1, &[]);
    check("git --log-opts=--since=2000-01-01", 1, &["gone.txt"]);
    check("git --log-opts=--since=3000.weeks", 1, &["gone.txt"]);
    check("dir -vr ../x.sarif old.txt", 1, &["report written to ../x.sarif"]);
    let sarif: Value = serde_json::from_slice(&std::fs::read(folder.path("../x.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn flags_of_others_are_answered_where_our_own_word_is_used() {
    let folder = repository();
    let check = |flag: &str, hint: &str| {
        let outcome = folder.run(&["scan", flag, "old.txt"]);
        outcome.says(2, &["unexpected argument", &format!("hint: {hint}")]);
        assert_eq!(outcome.out, "", "{flag}");
    };
    let service = "stanch asks no service whether a credential works";
    check("--only-verified", service);
    check("--results=verified", service);
    check("--no-verification", "leave it out");
    check("--no-banner", "leave it out: there is no banner");
    check("-v", "leave it out: there is no banner");
    check("--redact=20", "leave it out: values are never shown");
    check("--fail", "leave it out: findings always end it with code 1");
    check("--exclude=x", "name the paths that are scanned, or allow others in stanch.toml");
    check("--branch=x", "write `--history --refs");
    check("--max-target-megabytes=5", "leave it out: nothing is skipped for its size");
    check("--max-decode-depth=5", "leave it out: what is encoded is always decoded");
    check("--timeout=5", "leave it out: no scan is stopped");
    check("--follow-symlinks", "links are listed as notes");
    check("--log-opts=x", "write `--range A..B`");
    check("--source=x", "name the path without a flag");
    check("--json", "write `--format json`");
    // These are our own, too.
    folder
        .run(&["scan", "--enable-rule", "github-pat", "--max-archive-depth", "1", "-j", "1", "--exit-code", "7", "old.txt"])
        .says(7, &[]);
    folder.run(&["scan", "--colour", "old.txt"]).says(2, &["unexpected argument '--colour'"]);
}

#[test]
fn a_letter_means_what_it_means_there() {
    let folder = repository();
    let first = |line: &str| folder.run(&line.split(' ').collect::<Vec<_>>()).out.chars().next();
    assert_eq!(first("filesystem -j old.txt"), Some('{'));
    assert_eq!(first("filesystem --json old.txt"), Some('{'));
    folder.run(&["filesystem", "-j", "2", "old.txt"]).says(1, &["critical"]);
    folder.run(&["dir", "-j2", "old.txt"]).says(1, &["critical"]);
    folder.run(&["dir", "--max-decode-depth", "0", "old.txt"]).says(1, &["note: what is encoded is always decoded"]);
}
