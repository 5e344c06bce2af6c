//! `stanch scan --staged`: what the next commit would add, in repositories made by real git.

use crate::canary::{github, pem};
use crate::run::{Folder, Report};

#[test]
fn only_new_lines_are_reported_with_their_place_in_the_file() {
    let folder = Folder::repository();
    folder.write("old.txt", format!("first\nmoved\nold = {}\nnew = {}\nlast\n", github(1), github(2)));
    folder.write("sub/new.txt", format!("x\ny {}\n", github(3)));
    folder.write("untracked", github(4));
    folder.git(&["add", "old.txt", "sub"]);
    // The work tree does not count, only the index.
    folder.write("old.txt", github(5));
    folder.scan(&["--staged", "."]).is(1, &["old.txt:4:7 github-pat", "sub/new.txt:2:3 github-pat"], &[]);
    // The whole repository counts wherever one stands, and places are told from there.
    assert_eq!(folder.scan(&["--staged", "sub"]).places()[1], "sub/new.txt:2:3 github-pat");
    let inside = folder.shell("cd sub; $STANCH scan --staged -f jsonl . || true").out;
    assert!(inside.contains("\"place\":\"../old.txt\"") && inside.contains("\"place\":\"../sub/new.txt\""), "{inside}");
}

#[test]
fn what_surrounds_a_new_line_counts() {
    let folder = Folder::repository();
    let key = crate::canary::random(b"0123456789abcdef", 7, 32);
    folder.write("conf", "[heroku]\nname = x\n");
    folder.git(&["add", "conf"]);
    folder.git(&["commit", "-q", "-m", "conf"]);
    let whole = format!("[heroku]\nname = x\nheroku_api_key = {key}\n");
    folder.write("conf", &whole);
    folder.git(&["add", "conf"]);
    let staged = folder.scan(&["--staged", "."]);
    let plain = folder.scan(&["conf"]);
    assert_eq!(staged.places(), plain.places());
    // Silenced on the line before, which is old.
    folder.write("silent", "# stanch:allow[github-pat] -- a test\n");
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "silent"]);
    folder.write("silent", format!("# stanch:allow[github-pat] -- a test\n{}\n", github(2)));
    folder.git(&["add", "silent"]);
    let report = folder.scan(&["--staged", "."]);
    assert_eq!((report.code, report.covered("allowed_inline")), (0, 1));
}

#[test]
fn a_commit_that_adds_nothing_passes_and_says_so() {
    let folder = Folder::repository();
    let nothing = |folder: &Folder| folder.run(&["scan", "--staged", "."]).says(0, &["othing to scan"]).code;
    assert_eq!(nothing(&folder), 0);
    std::fs::remove_file(folder.path("old.txt")).unwrap();
    folder.git(&["add", "-A"]);
    assert_eq!(nothing(&folder), 0);
    folder.git(&["reset", "-q", "--hard"]);
    folder.git(&["mv", "old.txt", "renamed.txt"]);
    assert_eq!(nothing(&folder), 0);
    folder.shell("chmod +x renamed.txt");
    folder.git(&["add", "-A"]);
    assert_eq!(nothing(&folder), 0);
    folder.write("later", github(3));
    folder.git(&["add", "-N", "later"]);
    assert_eq!(nothing(&folder), 0);
    // Lines taken away are no addition.
    folder.git(&["reset", "-q", "--hard"]);
    folder.write("old.txt", "first\n");
    folder.git(&["add", "old.txt"]);
    assert_eq!(nothing(&folder), 0);
}

#[test]
fn first_commits_conflicts_links_and_submodules() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("a", format!("{}\n", github(1)));
    folder.git(&["add", "a"]);
    folder.scan(&["--staged", "."]).is(1, &["a:1:1 github-pat"], &[]);
    folder.git(&["commit", "-q", "-m", "a"]);
    // Two sides of a conflict.
    folder.git(&["checkout", "-q", "-b", "side"]);
    folder.write("a", format!("side {}\n", github(2)));
    folder.git(&["commit", "-q", "-am", "side"]);
    folder.git(&["checkout", "-q", "-"]);
    folder.write("a", "clean\n");
    folder.git(&["commit", "-q", "-am", "clean"]);
    folder.shell("git -c user.name=T -c user.email=t@e.invalid merge -q side || true");
    let report = folder.scan(&["--staged", "."]);
    assert_eq!(report.code, 1, "{:?}", report.places());
    assert!(report.places().contains(&"a:1:6 github-pat".to_owned()), "{:?}", report.places());
    folder.git(&["reset", "-q", "--hard"]);
    // A link's target is content; a commit of another repository is none.
    folder.shell(&format!("ln -s {} link", github(3)));
    folder.git(&["init", "-q", "inner"]);
    folder.shell("cd inner; echo x > x; git add x; git -c user.name=T -c user.email=t@e.invalid commit -q -m x");
    folder.shell("git -c advice.addEmbeddedRepo=false add -A").says(0, &[]);
    let note = "note git-objects .: 1 submodule is a repository of its own and is not scanned here; name its folder to scan it";
    folder.scan(&["--staged", "."]).is(1, &["link:1:1 github-pat"], &[note]);
    folder.git(&["commit", "-q", "-m", "module"]);
    folder.scan(&["--staged", "."]).is(0, &[], &[]);
}

#[test]
fn archives_and_pointers_are_looked_at() {
    let folder = Folder::repository();
    folder.write("in.txt", github(2));
    folder.shell("tar czf a.tgz in.txt; rm in.txt");
    folder.write("big", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
    folder.git(&["add", "-A"]);
    let note = "note git-objects big: large files kept by git LFS are not scanned: this is a pointer to one";
    folder.scan(&["--staged", "."]).is(1, &["a.tgz!in.txt:1:1 github-pat"], &[note]);
}

#[test]
fn the_index_that_git_names_to_hooks_is_read() {
    let folder = Folder::repository();
    folder.write("one", github(2));
    folder.write("two", github(3));
    folder.git(&["add", "one"]);
    // `git commit FILE` gives its hooks an index of its own.
    folder.write(".git/hooks/pre-commit", "#!/bin/sh\n\"$STANCH\" scan --staged -f jsonl . > report\n");
    folder.shell("chmod +x .git/hooks/pre-commit; git add two; git reset -q one; ! git -c user.name=T -c user.email=t@e.invalid commit -q -m x two")
        .says(0, &[]);
    let out = std::fs::read_to_string(folder.path("report")).unwrap();
    let report = Report::of(&crate::run::Outcome { code: 1, out, err: String::new() });
    assert_eq!(report.places(), ["two:1:1 github-pat"]);
    folder.write(".git/index", "no index");
    folder.run(&["scan", "--staged", "."]).says(2, &["cannot be opened", "hint: "]);
}

#[test]
fn a_rename_with_changes_reports_only_what_changed() {
    let folder = Folder::repository();
    folder.write("unlike", "last\n");
    folder.git(&["add", "unlike"]);
    folder.git(&["commit", "-q", "-m", "unlike"]);
    folder.git(&["mv", "old.txt", "new.txt"]);
    std::fs::remove_file(folder.path("unlike")).unwrap();
    folder.write("new.txt", format!("first\nold = {}\nmore = {}\nlast\n", github(1), github(2)));
    folder.git(&["add", "-A"]);
    folder.scan(&["--staged", "."]).is(1, &["new.txt:3:8 github-pat"], &[]);
    // A copy of what stays is new.
    folder.git(&["reset", "-q", "--hard"]);
    folder.write("copy.txt", format!("first\nold = {}\nmore\n", github(1)));
    folder.git(&["add", "copy.txt"]);
    folder.scan(&["--staged", "."]).is(1, &["copy.txt:2:7 github-pat"], &[]);
}

#[test]
fn an_index_that_is_damaged_is_refused() {
    let folder = Folder::repository();
    let mut index = std::fs::read(folder.path(".git/index")).unwrap();
    let at = index.len() - 1;
    index[at] ^= 1;
    std::fs::write(folder.path(".git/index"), &index).unwrap();
    folder.run(&["scan", "--staged", "."]).says(2, &["cannot be opened", "hint: "]);
    folder.run(&["scan", "--worktree", "."]).says(2, &["cannot be opened", "hint: "]);
    std::fs::write(folder.path(".git/index"), &index[..index.len() / 2]).unwrap();
    folder.run(&["scan", "--staged", "."]).says(2, &["cannot be opened", "hint: "]);
}

#[test]
fn an_index_in_parts_or_without_a_checksum_is_read() {
    let folder = Folder::repository();
    folder.git(&["update-index", "--split-index"]);
    folder.write("new", format!("{}\n", github(2)));
    folder.git(&["add", "new"]);
    folder.scan(&["--staged", "."]).is(1, &["new:1:1 github-pat"], &[]);
    folder.git(&["update-index", "--no-split-index"]);
    folder.git(&["config", "index.skipHash", "true"]);
    folder.write("other", format!("{}\n", github(3)));
    folder.git(&["add", "other"]);
    folder.scan(&["--staged", "."]).is(1, &["new:1:1 github-pat", "other:1:1 github-pat"], &[]);
}

#[test]
fn a_sparse_index_is_read() {
    let folder = Folder::repository();
    folder.write("in/a", "a\n");
    folder.write("out/deep/b", "b\n");
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "folders"]);
    folder.write("out/deep/b", format!("b\n{}\n", github(2)));
    folder.git(&["commit", "-q", "-am", "secret"]);
    folder.git(&["sparse-checkout", "init", "--cone", "--sparse-index"]);
    folder.git(&["sparse-checkout", "set", "in"]);
    folder.shell("git ls-files --sparse -s | grep -q '^040000.*out/'").says(0, &[]);
    folder.run(&["scan", "--staged", "."]).says(0, &["othing to scan"]);
    folder.run(&["scan", "--worktree", "."]).says(0, &["othing to scan"]);
    folder.git(&["reset", "-q", "--soft", "HEAD~1"]);
    folder.scan(&["--staged", "."]).is(1, &["out/deep/b:2:1 github-pat"], &[]);
}

#[test]
fn a_hook_of_a_repository_that_lies_elsewhere_scans_that_one() {
    let folder = Folder::repository();
    folder.shell("git init -q --bare ../dots; mkdir in");
    let hook = "#!/bin/sh\nexec \"$STANCH\" scan --staged\n";
    let path = folder.path("../dots/hooks/pre-commit");
    std::fs::write(&path, hook).unwrap();
    folder.shell("chmod +x ../dots/hooks/pre-commit");
    folder.write("in/s", format!("t={}\n", github(2)));
    let git = "git -c user.name=T -c user.email=t@example.invalid --git-dir=$PWD/../../dots --work-tree=$PWD";
    let done = folder.shell(&format!("cd in; {git} add s; {git} commit -qm x"));
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    assert!(format!("{}{}", done.out, done.err).contains("s:1:3"), "{}{}", done.out, done.err);
    // And where no repository is.
    folder.shell("mkdir ../plain; mv in/s ../plain");
    let done = folder.shell(&format!("cd ../plain; {git} add s; {git} commit -qm x").replace("../../dots", "../dots"));
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
}

#[test]
fn refs_that_cannot_be_read_are_a_gap_here_too() {
    let folder = Folder::new();
    folder.shell("git init -q --ref-format=reftable .").says(0, &[]);
    folder.write("s", "nothing\n");
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "s"]);
    for what in ["--staged", "--worktree"] {
        let report = folder.scan(&[what, "."]);
        assert!(report.issues().iter().any(|i| i.starts_with("gap ") && i.contains("reftable")), "{what}: {:?}", report.issues());
    }
}

#[test]
fn a_key_whose_head_stood_there_before_is_new() {
    let folder = Folder::repository();
    folder.write("key", format!("# a key\n{}\n", pem(1)));
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "key"]);
    folder.write("key", format!("# a key\n{}\n", pem(2)));
    let place = &["key:2:1 pem-private-key"];
    folder.scan(&["--worktree", "."]).is(1, place, &[]);
    folder.git(&["add", "-A"]);
    folder.scan(&["--staged", "."]).is(1, place, &[]);
    folder.git(&["commit", "-q", "-m", "rotated"]);
    assert_eq!(folder.scan(&["--range", "HEAD~1..HEAD", "."]).places().len(), 1);
    // What only stands beside it is not.
    folder.write("key", format!("# the key\n{}\n", pem(2)));
    folder.scan(&["--worktree", "."]).is(0, &[], &[]);
}

/// A notebook, an archive and a text in UTF-16: what stood in the version before is not reported again, wherever it stands now.
#[test]
fn of_containers_only_what_is_new_in_them_is_reported() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    let write = |numbers: &[u64]| {
        // No two cells have the same name.
        let cell = |(at, n): (usize, &u64)| {
            let id = format!("{n}-{}", numbers[..at].iter().filter(|other| *other == n).count());
            serde_json::json!({"cell_type": "code", "id": id, "metadata": {}, "outputs": [], "source": [github(*n)]})
        };
        let cells: Vec<_> = numbers.iter().enumerate().map(cell).collect();
        let notebook = serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
        folder.write("n.ipynb", notebook.to_string());
        let text: String = numbers.iter().map(|n| format!("t = {}\n", github(*n))).collect();
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        folder.write("w.ps1", wide);
        folder.shell("rm -rf in a.zip; mkdir in");
        numbers.iter().for_each(|n| drop(folder.write(format!("in/{n}"), github(*n))));
        folder.shell("zip -q -r a.zip in; rm -r in").says(0, &[]);
        folder.git(&["add", "-A"]);
    };
    write(&[1, 2]);
    folder.git(&["commit", "-q", "-m", "old"]);
    // One more, in front.
    write(&[3, 1, 2]);
    let new = ["a.zip!in/3:1:1 github-pat", "n.ipynb#cell-3-0:1:1 github-pat", "w.ps1:1:5 github-pat"];
    folder.scan(&["--staged", "."]).is(1, &new, &[]);
    folder.git(&["commit", "-q", "-m", "new"]);
    let report = folder.scan(&["--range", "HEAD~1..HEAD", "."]);
    assert_eq!(report.findings.len(), 3, "{:?}", report.places());
    // One place more of a secret that stood there already, in the notebook; a line that stood there is not new.
    write(&[3, 1, 2, 2]);
    folder.scan(&["--staged", "."]).is(1, &["n.ipynb#cell-2-1:1:1 github-pat"], &[]);
    folder.git(&["reset", "-q"]);
    folder.scan(&["--worktree", "."]).is(1, &["n.ipynb#cell-2-1:1:1 github-pat"], &[]);
    // One less is nothing new.
    write(&[3, 2]);
    folder.scan(&["--staged", "."]).is(0, &[], &[]);
}
