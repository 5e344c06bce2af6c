//! `stanch scan --history` on a part of history: refs, commits, ages.

use crate::canary::github;
use crate::run::{Folder, Report};

/// Four commits, a year, a month, a day and an hour old, each with a secret of its number; the fourth takes all out but its own. A side branch with
/// a fifth, a tag with a sixth in its message, and a blob with a seventh that was never committed.
fn repository() -> Folder {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    let ages = [(1, 365 * 24), (2, 30 * 24), (3, 24)];
    for (number, hours) in ages {
        folder.write(format!("{number}"), format!("{}\n", github(number)));
        at(&folder, hours, &format!("git add -A; git commit -q -m {number}"));
    }
    at(&folder, 23, "git checkout -q -b side");
    folder.write("5", format!("{}\n", github(5)));
    at(&folder, 22, "git add -A; git commit -q -m 5; git checkout -q main");
    folder.write("4", format!("{}\n", github(4)));
    at(&folder, 1, "git rm -q 1 2 3; git add -A; git commit -q -m 4");
    at(&folder, 1, &format!("git tag -a v1 -m 'with {}' HEAD~1", github(6)));
    folder.write("7", github(7));
    folder.git(&["hash-object", "-w", "7"]);
    std::fs::remove_dir_all(folder.path(".git/logs")).unwrap();
    folder
}

/// Runs a script some hours ago.
fn at(folder: &Folder, hours: u64, script: &str) {
    let date = format!("$(($(date +%s) - {})) +0000", hours * 3600);
    let who = "export GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@e.invalid GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@e.invalid";
    folder.shell(&format!("{who} GIT_COMMITTER_DATE=\"{date}\" GIT_AUTHOR_DATE=\"{date}\"; {script}")).says(0, &[]);
}

/// The numbers of the secrets found.
fn found(report: &Report) -> Vec<u64> {
    let mut all: Vec<u64> = report.findings.iter().filter_map(|f| f["secret"].as_str().map(number)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn number(value: &str) -> u64 {
    (1..10).find(|n| github(*n) == value).unwrap()
}

#[test]
fn a_part_of_history_is_chosen() {
    let folder = repository();
    let check = |options: &[&str], expected: &[u64]| {
        let report = folder.scan(&[&["--history", "--show-secrets"], options, &["."]].concat());
        assert_eq!(found(&report), expected, "{options:?} {:?}", report.places());
        assert!(matches!(report.code, 0 | 1), "{options:?} {:?}", report.issues());
        let told = report.issues().iter().any(|i| i.starts_with("note git-objects .: ") && i.contains("left out by choice"));
        assert_eq!(told, !options.is_empty(), "{options:?} {:?}", report.issues());
    };
    check(&[], &[1, 2, 3, 4, 5, 6, 7]);
    check(&["--reachable-only"], &[1, 2, 3, 4, 5, 6]);
    check(&["--refs", "refs/heads/*"], &[1, 2, 3, 4, 5]);
    check(&["--refs", "refs/heads/main"], &[1, 2, 3, 4]);
    check(&["--refs", "refs/tags/**", "--refs", "refs/heads/side"], &[1, 2, 3, 5, 6]);
    check(&["--refs", "HEAD"], &[1, 2, 3, 4]);
    check(&["--since-commit", "main~1"], &[4, 5]);
    check(&["--since-commit", "HEAD^"], &[4, 5]);
    check(&["--since-commit", "side", "--refs", "refs/heads/main"], &[4]);
    let first = folder.shell("git rev-parse main~3").out;
    check(&["--since-commit", first.trim()], &[2, 3, 4, 5, 6]);
    check(&["--since-commit", &first[..8]], &[2, 3, 4, 5, 6]);
    check(&["--since", "40d"], &[2, 3, 4, 5, 6]);
    check(&["--since", "2w"], &[3, 4, 5, 6]);
    check(&["--since", "3h"], &[4, 6]);
    check(&["--since", "1970-01-01"], &[1, 2, 3, 4, 5, 6]);
    check(&["--max-commits", "1"], &[4]);
    check(&["--max-commits", "2"], &[4, 5]);
    check(&["--max-commits", "100"], &[1, 2, 3, 4, 5, 6]);
    check(&["--since", "2w", "--max-commits", "1", "--refs", "refs/heads/side"], &[5]);
    folder.git(&["gc", "-q"]);
    check(&["--since-commit", "side"], &[4]);
}

#[test]
fn what_was_taken_out_and_came_back_is_new() {
    let folder = repository();
    folder.write("1", format!("{}\n", github(1)));
    folder.git(&["add", "1"]);
    folder.git(&["commit", "-q", "-m", "back"]);
    let report = folder.scan(&["--history", "--show-secrets", "--since-commit", "HEAD~1", "--refs", "HEAD", "."]);
    assert_eq!(found(&report), [1]);
}

#[test]
fn names_of_files_and_refs_are_narrowed_too() {
    let folder = repository();
    folder.write(github(8), "x");
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "name"]);
    folder.git(&["tag", &format!("t-{}", github(9))]);
    let check = |options: &[&str], expected: &[u64]| {
        let report = folder.scan(&[&["--history", "--show-secrets"], options, &["."]].concat());
        assert_eq!(found(&report), expected, "{options:?} {:?}", report.places());
    };
    check(&["--max-commits", "1"], &[7, 8]);
    check(&["--refs", "refs/heads/side"], &[1, 2, 3, 5]);
    check(&["--refs", "refs/tags/t-*"], &[1, 2, 3, 4, 7, 8, 9]);
    check(&["--reachable-only"], &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

/// With `--history`, a range is a part of it: whole objects, not lines.
#[test]
fn a_range_of_history() {
    let folder = repository();
    let check = |options: &[&str], expected: &[u64]| {
        let report = folder.scan(&[&["--history", "--show-secrets"], options, &["."]].concat());
        assert_eq!(found(&report), expected, "{options:?} {:?}", report.places());
        assert!(report.issues().iter().any(|issue| issue.contains("left out by choice")), "{:?}", report.issues());
    };
    check(&["--range", "main~1..main"], &[4]);
    check(&["--range", "main...side"], &[5]);
    check(&["--range", "main~3..main~1"], &[2, 3, 6]);
    check(&["--range", &format!("{}..side", "0".repeat(40))], &[1, 2, 3, 5, 6]);
    check(&["--range", "main~3..main", "--max-commits", "1"], &[4]);
    check(&["--range", "main..main"], &[]);
}

#[test]
fn what_makes_no_sense_is_refused_with_a_hint() {
    let folder = repository();
    let refuse = |options: &[&str], parts: &[&str]| {
        folder.run(&[&["scan"], options, &["."]].concat()).says(2, parts);
    };
    refuse(&["--history", "--refs", "refs/heads/none"], &["no ref is named like `refs/heads/none`", "hint: "]);
    refuse(&["--history", "--since-commit", "none"], &["no commit is named `none` here", "hint: "]);
    refuse(&["--history", "--since-commit", "HEAD~99"], &["no commit is named", "hint: "]);
    refuse(&["--history", "--since-commit", "HEAD:4"], &["no commit is named", "hint: "]);
    refuse(&["--history", "--since", "2999-01-01"], &["lies in the future", "hint: "]);
    refuse(&["--history", "--since", "soon"], &["write 30d, 12h, 2w or a day", "hint: "]);
    refuse(&["--history", "--max-commits", "0"], &["0"]);
    for option in
        ["--reachable-only", "--since=1d", "--refs=HEAD", "--since-commit=HEAD", "--max-commits=1", "--require-full-history"]
    {
        refuse(&[option], &["--history"]);
        refuse(&["--staged", option], &["cannot be used with", "--staged"]);
    }
    refuse(&["--history", "--range", "main"], &["two dots are missing", "hint: "]);
    refuse(&["--history", "--range", "main..none"], &["no commit is named `none` here", "hint: "]);
    refuse(&["--history", "--range", "main..side", "--since-commit", "main"], &["cannot be used with"]);
    refuse(&["--allow-alternates", "."], &["needs a git repository", "hint: add `--history` or `--staged`"]);
}

/// A part that is provably empty is no gap: a schedule that looks at each day finds days without commits.
#[test]
fn an_empty_part_passes_and_says_so() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("x", "x\n");
    at(&folder, 48, "git add -A; git commit -q -m x");
    for part in [&["--since", "1d"][..], &["--range", "HEAD..HEAD"], &["--since-commit", "HEAD"]] {
        folder.run(&[&["scan", "--history"], part, &["."]].concat()).says(0, &["othing to scan"]);
    }
    folder.run(&["scan", "--history", "--since", "3d", "."]).says(0, &["No secrets found"]);
}
