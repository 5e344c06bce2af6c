//! Ignore files: what git tracks and what is named like a key is scanned all the same, and what is left out is counted.

use crate::canary::github;
use crate::run::{Folder, Report};

/// A repository that ignores `*.log` and `build/`.
fn repository() -> Folder {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write(".gitignore", "*.log\nbuild/\n");
    folder
}

/// The places without positions and rules, and the counts of what was ignored and of what was scanned anyway.
fn seen(report: &Report) -> (Vec<String>, u64, u64) {
    let files = report.findings.iter().map(|f| f["path"].as_str().unwrap().to_owned()).collect();
    (files, report.covered("ignored_files"), report.covered("ignored_but_scanned"))
}

#[track_caller]
fn check(folder: &Folder, args: &[&str], files: &[&str], counts: (u64, u64)) -> Report {
    let report = folder.scan(args);
    let files = files.iter().map(|f| (*f).to_owned()).collect();
    assert_eq!(seen(&report), (files, counts.0, counts.1), "{:?}", report.issues());
    report
}

#[test]
fn what_git_tracks_is_scanned_whatever_an_ignore_file_says() {
    let folder = repository();
    folder.write("tracked.log", github(1));
    folder.write("build/deep/tracked.txt", github(2));
    folder.git(&["add", "-f", "."]);
    folder.write("other.log", github(3));
    folder.write("build/deep/other.txt", github(4));
    folder.write("plain", github(5));
    check(&folder, &["."], &["build/deep/tracked.txt", "plain", "tracked.log"], (2, 2));
    let all = ["build/deep/other.txt", "build/deep/tracked.txt", "other.log", "plain", "tracked.log"];
    check(&folder, &["--no-ignore", "."], &all, (0, 0));
    folder.run(&["scan", "."]).says(1, &["2 files that ignore files name; 2 scanned anyway: tracked, or named like a key"]);
}

#[test]
fn what_is_named_like_a_key_is_scanned_too() {
    let folder = repository();
    folder.write(".gitignore", "*\n");
    let keys = [".env", "build/.env.local", "build/x/credentials", "deep/er/server.pem", "id_rsa", "prod.tfvars"];
    for (n, name) in keys.iter().chain(&["build/other", "main.c"]).enumerate() {
        folder.write(name, github(n as u64));
    }
    // `.gitignore` ignores itself.
    check(&folder, &["."], &keys, (3, 6));
}

#[test]
fn ignored_files_alone_are_no_all_clear() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("sub/.gitignore", "*\n");
    folder.write("sub/a", github(1));
    let report = check(&folder, &["sub"], &[], (2, 0));
    assert_eq!((report.code, report.summary["verdict"].as_str()), (3, Some("nothing-scanned")));
}

#[test]
fn a_file_or_folder_that_is_named_is_wanted() {
    let folder = repository();
    folder.write("build/a", github(1));
    folder.write("x.log", github(2));
    check(&folder, &["build"], &["build/a"], (0, 0));
    check(&folder, &["x.log"], &["x.log"], (0, 0));
    check(&folder, &["."], &[], (2, 0));
}

#[test]
fn ignore_files_of_other_tools_are_not_obeyed() {
    let folder = repository();
    folder.write(".ignore", "*\n");
    folder.write(".rgignore", "*\n");
    folder.write(".stanchignore", "*\n");
    folder.write("a", github(1));
    check(&folder, &["."], &["a"], (0, 0));
}

#[test]
fn outside_a_repository_an_ignore_file_has_no_force() {
    let folder = Folder::new();
    folder.write(".gitignore", "*\n");
    folder.write("a", github(1));
    check(&folder, &["."], &["a"], (0, 0));
}

#[test]
fn the_ignore_files_of_parents_hold() {
    let folder = repository();
    folder.write("sub/a.log", github(1));
    folder.write("sub/b.txt", github(2));
    folder.write("sub/.gitignore", "!kept.log\n/anchored\n");
    folder.write("sub/kept.log", github(3));
    folder.write("sub/anchored", github(4));
    folder.write("sub/deeper/anchored", github(5));
    check(&folder, &["sub"], &["sub/b.txt", "sub/deeper/anchored", "sub/kept.log"], (2, 0));
    check(&folder, &["./sub/deeper"], &["sub/deeper/anchored"], (0, 0));
}

#[test]
fn the_private_excludes_hold() {
    let folder = repository();
    folder.write(".git/info/exclude", "private\n");
    folder.write("private", github(1));
    std::fs::write(folder.home().join("my-excludes"), "*.everywhere\n").unwrap();
    std::fs::write(folder.home().join(".gitconfig"), "[core]\n\texcludesFile = ~/my-excludes\n").unwrap();
    folder.write("x.everywhere", github(2));
    folder.write("plain", github(3));
    check(&folder, &["."], &["plain"], (2, 0));
}

#[test]
fn a_repository_inside_a_repository_has_its_own_rules() {
    let folder = repository();
    folder.git(&["init", "-q", "inner"]);
    folder.write("inner/.gitignore", "*.txt\n");
    folder.write("inner/tracked.txt", github(1));
    folder.git(&["-C", "inner", "add", "-f", "tracked.txt"]);
    folder.write("inner/other.txt", github(2));
    folder.write("inner/a.log", github(3));
    folder.write("a.txt", github(4));
    folder.write("a.log", github(5));
    check(&folder, &["."], &["a.txt", "inner/a.log", "inner/tracked.txt"], (2, 1));
}

#[test]
fn a_repository_with_a_broken_index_is_scanned_whole() {
    let folder = repository();
    folder.write("a.log", github(1));
    folder.git(&["init", "-q", "inner"]);
    folder.write("inner/.gitignore", "*.log\n");
    folder.write("inner/b.log", github(2));
    for index in [".git/index", "inner/.git/index"] {
        folder.write(index, "DIRC, or not");
    }
    let report = check(&folder, &["."], &["a.log", "inner/b.log"], (0, 2));
    let issues: Vec<String> = report.issues().into_iter().filter(|i| !i.starts_with("note git-objects ")).collect();
    assert_eq!((issues.len(), report.issues.len()), (2, 4), "{issues:?}");
    assert!(issues[0].starts_with("note configuration .: the git index cannot be read: "), "{issues:?}");
    assert!(issues[1].starts_with("note configuration inner: the git index cannot be read: "), "{issues:?}");
    assert!(issues.iter().all(|i| i.ends_with("; every file is scanned")), "{issues:?}");
}

#[test]
fn repositories_with_sha_256_and_other_index_versions_are_read() {
    let folder = Folder::new();
    folder.git(&["init", "-q", "--object-format=sha256", "new"]);
    folder.git(&["init", "-q", "old"]);
    for (n, repository) in ["new", "old"].iter().enumerate() {
        folder.write(format!("{repository}/.gitignore"), "*.log\n");
        folder.write(format!("{repository}/a.log"), github(n as u64));
        folder.git(&["-C", repository, "add", "-f", "."]);
        folder.write(format!("{repository}/b.log"), github(9));
    }
    folder.git(&["-C", "old", "update-index", "--index-version", "4"]);
    let report = check(&folder, &["."], &["new/a.log", "old/a.log"], (2, 2));
    let note = |name: &str| format!("note git-objects {name}/.git/objects: packed history is not scanned; `--history` scans it");
    assert_eq!(report.issues(), [note("new"), note("old")]);
}

#[test]
fn a_split_index_is_read_or_said_to_be_unread() {
    let folder = repository();
    folder.write("a.log", github(1));
    folder.git(&["add", "-f", "."]);
    folder.git(&["update-index", "--split-index"]);
    folder.write("b.log", github(2));
    let report = folder.scan(&["."]);
    // Whichever it is: what is tracked is found.
    assert!(report.places().contains(&"a.log:1:1 github-pat".to_owned()), "{:?}", report.issues());
}

#[test]
fn a_linked_work_tree_is_a_repository() {
    let folder = Folder::new();
    folder.git(&["init", "-q", "main"]);
    folder.write("main/.gitignore", "*.log\n");
    folder.write("main/a.log", github(1));
    folder.git(&["-C", "main", "add", "-f", "."]);
    folder.git(&["-C", "main", "commit", "-qm", "x"]);
    folder.git(&["-C", "main", "worktree", "add", "-q", "../linked"]);
    folder.write("main/.git/info/exclude", "private\n");
    folder.write("linked/b.log", github(2));
    folder.write("linked/private", github(3));
    check(&folder, &["linked"], &["linked/a.log"], (2, 1));
}

#[test]
fn a_submodule_is_a_repository() {
    let folder = Folder::new();
    folder.git(&["init", "-q", "part"]);
    folder.write("part/.gitignore", "*.log\n");
    folder.write("part/a.log", github(1));
    folder.git(&["-C", "part", "add", "-f", "."]);
    folder.git(&["-C", "part", "commit", "-qm", "x"]);
    folder.git(&["init", "-q", "whole"]);
    folder.git(&["-C", "whole", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../part", "sub"]);
    folder.write("whole/sub/b.log", github(2));
    check(&folder, &["whole"], &["whole/sub/a.log"], (1, 1));
}

#[test]
fn a_folder_inside_git_knows_no_ignore_files() {
    let folder = repository();
    folder.write(".gitignore", "*\n");
    folder.write(".git/a", github(1));
    check(&folder, &[".git"], &[".git/a"], (0, 0));
}
