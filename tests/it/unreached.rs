//! `stanch scan --history`: what no ref reaches has its names, its commits and its rules like everything else.

use crate::canary::github;
use crate::run::Folder;

/// A password file of PostgreSQL: its rule looks at the name.
const PGPASS: &str = ".pgpass";

fn line(number: u64) -> String {
    format!("*:*:*:postgres:{}\n", crate::canary::password(number))
}

fn commit(folder: &Folder, message: &str) {
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", message]);
}

/// The only finding, with the commit it came by and the path it had.
#[track_caller]
fn check(folder: &Folder, rule: &str, path: &str) -> serde_json::Value {
    let report = folder.scan(&["--history", "."]);
    assert_eq!((report.code, report.findings.len()), (1, 1), "{:?} {:?}", report.places(), report.issues());
    let finding = report.findings[0].clone();
    assert_eq!((finding["rule"].as_str(), &report.issues()[..]), (Some(rule), &[][..]));
    let place = finding["place"].as_str().unwrap();
    assert!(place.contains(&format!(":{path}")), "{place}");
    assert_eq!(finding["commit"]["author"].as_str(), Some("T <t@example.invalid>"), "{finding}");
    assert_eq!(finding["exposure"]["refs"].as_array().map(Vec::len), Some(0), "{finding}");
    assert!(finding["exposure"]["first"]["time"].is_number(), "{finding}");
    // The second run tells the same from what it kept.
    let again = folder.scan(&["--history", "."]);
    assert_eq!(again.places(), report.places());
    finding
}

#[test]
fn what_was_amended_is_found_by_rules_for_certain_files() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("x", "x\n");
    commit(&folder, "begin");
    folder.write(PGPASS, line(1));
    commit(&folder, "oops");
    folder.git(&["rm", "-q", PGPASS]);
    folder.git(&["commit", "-q", "--amend", "--allow-empty", "-m", "nothing"]);
    check(&folder, "pgpass-password", PGPASS);
    folder.shell("rm -r .git/logs");
    check(&folder, "pgpass-password", PGPASS);
    let pack = "git cat-file --batch-all-objects --batch-check='%(objectname)' | git pack-objects -q .git/objects/pack/pack; git prune-packed";
    folder.shell(pack).says(0, &[]);
    check(&folder, "pgpass-password", PGPASS);
}

#[test]
fn a_stash_that_was_dropped_has_its_paths_and_its_author() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("x", "x\n");
    commit(&folder, "begin");
    folder.write("sub/.pgpass", line(2));
    folder.git(&["stash", "-q", "-u"]);
    folder.git(&["stash", "drop", "-q"]);
    check(&folder, "pgpass-password", "sub/.pgpass");
}

#[test]
fn a_notebook_that_was_reset_is_opened() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("x", "x\n");
    commit(&folder, "begin");
    let token = github(3);
    let source = [format!("t = '{}\\\n", &token[..20]), format!("{}'\n", &token[20..])];
    let cell = serde_json::json!({"cell_type": "code", "id": "one", "metadata": {}, "outputs": [], "source": source});
    let notebook = serde_json::json!({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
    folder.write("a/n.ipynb", notebook.to_string());
    commit(&folder, "oops");
    let reached = folder.scan(&["--history", "."]).places();
    folder.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let report = folder.scan(&["--history", "."]);
    assert_eq!(report.places(), reached);
    assert!(reached.iter().all(|place| place.contains("n.ipynb#cell-one")), "{reached:?}");
}

#[test]
fn trees_that_no_commit_names_have_paths_and_blobs_that_no_tree_names_are_told() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("x", "x\n");
    commit(&folder, "begin");
    folder.write("sub/.pgpass", line(4));
    folder.git(&["add", "-A"]);
    // Only in the index, it has the name it has there.
    assert_eq!(folder.scan(&["--history", "."]).places(), [":sub/.pgpass:1:16 pgpass-password"]);
    let tree = folder.shell("git write-tree; git reset -q --hard").out;
    let report = folder.scan(&["--history", "."]);
    assert_eq!(report.places(), [format!("{}:sub/.pgpass:1:16 pgpass-password", &tree[..12])]);
    assert_eq!(report.issues().len(), 0, "{:?}", report.issues());
    folder.shell("echo more | git hash-object -w --stdin");
    let told = "in no tree and have no path: what rules and notebooks need a path for";
    for _ in 0..2 {
        let report = folder.scan(&["--history", "."]);
        assert!(report.issues().iter().any(|issue| issue.contains(told)), "{:?}", report.issues());
    }
}

#[test]
fn what_git_threw_away_of_an_old_commit_is_no_gap() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("x", "x\n");
    commit(&folder, "begin");
    folder.write("sub/y", "y\n");
    commit(&folder, "gone");
    let ids = folder.shell("git rev-parse HEAD:sub HEAD:sub/y; git reset -q --hard HEAD~1; rm -r .git/logs").out;
    for id in ids.lines() {
        std::fs::remove_file(folder.path(format!(".git/objects/{}/{}", &id[..2], &id[2..]))).unwrap();
    }
    let report = folder.scan(&["--history", "."]);
    assert_eq!((report.code, report.issues().len()), (0, 0), "{:?}", report.issues());
}
