//! The repositories of `testdata/repos/`: small cases that scanners are known to get wrong. Each is made by a script with real git.
//!
//! A new script needs a row in [`ROWS`].

use std::path::{Path, PathBuf};

use crate::canary::github;
use crate::run::{Folder, Outcome};

/// Name of the script, exit code of `--history`, a place that must be found (`@X` stands for the short id of X in the repository), and an
/// issue that must be told.
const ROWS: &[(&str, i32, &str, &str)] = &[
    ("amend", 1, "@HEAD@{1}:amended:1:1", ""),
    ("binary-blob", 1, "@HEAD~1:image.bin:1:4", ""),
    ("commit-message", 1, "@HEAD~1:3:6", ""),
    ("config-url", 1, ".git/config:7:", ""),
    ("depth-1", 3, "", "gap missing-objects clone: a shallow clone"),
    ("evil-merge", 1, "@HEAD~1:evil:1:1", ""),
    ("file-name", 1, "@HEAD~1:conf/:1:1", ""),
    ("notes", 1, "@refs/notes/commits:", ""),
    ("other-owner", 1, "@HEAD~1:gone:1:1", "note git-objects .: the repository belongs to another user"),
    ("stash", 1, "@refs/stash:README:1:1", ""),
    ("tag-message", 1, "@v1:1:14", ""),
];

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/repos")
}

/// The repository that a script makes.
fn made(name: &str) -> Folder {
    let folder = Folder::new();
    let script = scripts().join(format!("{name}.sh"));
    let output = folder.command("sh").arg(script).arg(folder.path("")).env("TOKEN", github(1)).output().unwrap();
    let outcome = Outcome::of(output);
    assert_eq!(outcome.code, 0, "{name}: {}", outcome.err);
    folder
}

fn short(folder: &Folder, rev: &str) -> String {
    folder.shell(&format!("git -c safe.directory='*' rev-parse {rev}")).out.trim()[..12].to_owned()
}

#[test]
fn every_row_is_right() {
    let mut names: Vec<_> = std::fs::read_dir(scripts()).unwrap().map(|e| e.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|x| x == "sh"));
    assert_eq!(names.len(), ROWS.len());
    for (name, code, place, issue) in ROWS {
        let folder = made(name);
        let target = if *name == "depth-1" { "clone" } else { "." };
        let report = folder.scan(&["--history", target]);
        assert_eq!(report.code, *code, "{name}: {:?} {:?}", report.places(), report.issues());
        let expected = match place.strip_prefix('@') {
            Some(rest) => {
                let (rev, rest) = rest.split_once(':').unwrap();
                format!("{}:{rest}", short(&folder, rev))
            }
            None => (*place).to_owned(),
        };
        let found = report.places().iter().any(|p| p.starts_with(&expected) && p.ends_with(" github-pat"));
        assert!(found || place.is_empty(), "{name}: {expected} not in {:?}", report.places());
        // Who is not root cannot give files away.
        if *name != "other-owner" || rustix::process::geteuid().is_root() {
            assert!(report.issues().iter().any(|i| i.starts_with(issue)) || issue.is_empty(), "{name}: {:?}", report.issues());
        }
        assert!(!report.places().iter().any(|p| p.contains(&github(1))), "{name}: a place shows the token");
    }
}

#[test]
fn a_plain_scan_looks_at_the_configuration_of_a_checkout() {
    let folder = made("config-url");
    let report = folder.scan(&["."]);
    assert_eq!((report.code, report.findings.len()), (1, 1), "{:?}", report.places());
    assert!(report.places()[0].starts_with(".git/config:7:"), "{:?}", report.places());
}

#[test]
fn a_file_name_is_told_by_the_line_that_git_lists_it_on() {
    let folder = made("file-name");
    for name in ["a", "z"] {
        folder.write(format!("conf/{name}"), "x");
    }
    folder.write(format!("conf/{}", github(2)), "x");
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "more"]);
    let report = folder.scan(&["--history", "."]);
    let place = format!("{}:conf/", short(&folder, "HEAD"));
    let line = report.findings.iter().find(|f| f["place"] == place.as_str()).unwrap()["line"].as_u64().unwrap();
    let listed = folder.shell(&format!("git ls-tree --name-only {place} | sed -n {line}p")).out;
    assert_eq!(listed.trim(), github(2));
    // Committed by whom is known, whether it is in HEAD is not said of a name.
    let commit = &report.findings.iter().find(|f| f["place"] == place.as_str()).unwrap()["commit"];
    assert!(commit["id"].is_string() && commit["in_head"].is_null(), "{commit}");
}

#[test]
fn a_depth_1_clone_is_refused_if_full_history_is_required() {
    let folder = made("depth-1");
    folder
        .run(&["scan", "--history", "--require-full-history", "clone"])
        .says(3, &["is not whole", "hint: a shallow clone", "git fetch --unshallow"]);
    let whole = folder.scan(&["--history", "--require-full-history", "."]);
    assert_eq!(whole.code, 1);
}
