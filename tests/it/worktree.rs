//! `stanch scan --worktree`: what the work tree has and the index has not.

use crate::canary::github;
use crate::run::Folder;

#[test]
fn new_lines_of_tracked_files_and_untracked_files_are_reported() {
    let folder = Folder::repository();
    folder.run(&["scan", "--worktree", "."]).says(0, &["othing to scan"]);
    folder.write("staged", format!("{}\n", github(2)));
    folder.git(&["add", "staged"]);
    folder.write("old.txt", format!("first\nmoved\nold = {}\nnew = {}\nlast\n", github(1), github(3)));
    folder.write("sub/new.txt", format!("x\ny {}\n", github(4)));
    folder.write(".gitignore", "ignored\n/out/\n");
    folder.write("sub/ignored", github(5));
    folder.write("out/x", github(6));
    let places = ["old.txt:4:7 github-pat", "sub/new.txt:2:3 github-pat"];
    let report = folder.scan(&["--worktree", "."]);
    report.is(1, &places, &[]);
    assert_eq!(report.covered("ignored_files"), 1);
    // As old as before and as long, but not the same: the index was written in the same second.
    folder.write("staged", format!("{}\n", github(7)));
    assert_eq!(folder.scan(&["--worktree", "."]).places()[1], "staged:1:1 github-pat");
}

/// With `core.autocrlf` the index holds other bytes than the work tree: what was there is no addition, what is new is one line.
#[test]
fn ends_of_lines_that_git_changes_add_nothing() {
    let folder = Folder::repository();
    folder.git(&["config", "core.autocrlf", "true"]);
    folder.write("dos.txt", format!("first\r\nold = {}\r\nlast\r\n", github(2)));
    folder.git(&["add", "dos.txt"]);
    folder.scan(&["--staged", "."]).is(1, &["dos.txt:2:7 github-pat"], &[]);
    folder.git(&["commit", "-q", "-m", "dos"]);
    assert!(!folder.shell("git cat-file -p HEAD:dos.txt").out.contains('\r'), "git stores it with other ends of lines");
    folder.run(&["scan", "--worktree", "."]).says(0, &["othing to scan"]);
    folder.write("dos.txt", format!("first\r\nold = {}\r\nlast\r\nnew = {}\r\n", github(2), github(3)));
    folder.scan(&["--worktree", "."]).is(1, &["dos.txt:4:7 github-pat"], &[]);
    folder.git(&["add", "dos.txt"]);
    folder.scan(&["--staged", "."]).is(1, &["dos.txt:4:7 github-pat"], &[]);
    folder.run(&["scan", "--worktree", "."]).says(0, &["othing to scan"]);
    // The other way round: the work tree has the ends of the index, and git would change them.
    folder.git(&["commit", "-q", "-m", "more"]);
    folder.shell("git config core.autocrlf input; rm dos.txt; git checkout -q dos.txt");
    folder.run(&["scan", "--worktree", "."]).says(0, &["othing to scan"]);
    folder.run(&["scan", "--staged", "."]).says(0, &["othing to scan"]);
}

#[test]
fn other_ends_of_lines_deleted_files_and_modes_add_nothing() {
    let folder = Folder::repository();
    folder.write("old.txt", format!("first\r\nold = {}\r\nlast\r\n", github(1)));
    folder.run(&["scan", "--worktree", "."]).says(0, &["othing to scan"]);
    std::fs::remove_file(folder.path("old.txt")).unwrap();
    folder.run(&["scan", "--worktree", "."]).says(0, &["othing to scan"]);
    folder.git(&["checkout", "-q", "old.txt"]);
    folder.shell("chmod +x old.txt");
    folder.run(&["scan", "--worktree", "."]).says(0, &["othing to scan"]);
    // A file that became a folder, and one behind a link.
    folder.shell("rm old.txt; mkdir old.txt");
    folder.write("old.txt/in", github(2));
    folder.scan(&["--worktree", "."]).is(1, &["old.txt/in:1:1 github-pat"], &[]);
}

#[test]
fn links_submodules_and_what_is_intended_to_be_added() {
    let folder = Folder::repository();
    folder.write("later", format!("{}\n", github(2)));
    folder.git(&["add", "-N", "later"]);
    folder.shell(&format!("ln -s {} link; ln -s /etc outside", github(3)));
    folder.git(&["init", "-q", "inner"]);
    folder.shell("cd inner; echo x > x; git add x; git -c user.name=T -c user.email=t@e.invalid commit -q -m x");
    folder.write("inner/secret", github(4));
    let note = "note git-objects inner: a repository of its own inside this one is not scanned here; name it to scan it";
    folder.scan(&["--worktree", "."]).is(1, &["later:1:1 github-pat", "link:1:1 github-pat"], &[note]);
    folder.shell("git -c advice.addEmbeddedRepo=false add inner").says(0, &[]);
    let note = "note git-objects .: 1 submodule is a repository of its own and is not scanned here; name its folder to scan it";
    folder.scan(&["--worktree", "."]).is(1, &["later:1:1 github-pat", "link:1:1 github-pat"], &[note]);
    // A tracked folder that was replaced by a link to elsewhere is gone.
    folder.write("dir/f", "x\n");
    folder.git(&["add", "dir"]);
    folder.write("elsewhere", "");
    folder.shell("rm -r dir later link; mkdir ../far; ln -s ../far dir");
    std::fs::write(folder.path("../far/f"), github(5)).unwrap();
    folder.scan(&["--worktree", "."]).is(0, &[], &[note]);
}

#[test]
fn filters_are_not_run_and_a_bare_repository_is_refused() {
    let folder = Folder::repository();
    folder.write(".gitattributes", "* filter=evil\n");
    folder.git(&["config", "filter.evil.clean", "touch ran; cat"]);
    folder.write("old.txt", format!("{}\n", github(2)));
    folder.scan(&["--worktree", "."]).is(1, &["old.txt:1:1 github-pat"], &[]);
    assert!(!folder.path("ran").exists());
    folder.shell("git init -q --bare b");
    folder.run(&["scan", "--worktree", "b"]).says(2, &["no work tree", "hint: "]);
    folder.run(&["scan", "--worktree", "--staged"]).says(2, &["cannot be used with"]);
}

/// The time of a file can be set back, and its length be the same.
#[test]
fn a_file_whose_time_was_set_back_is_compared() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("f", "x".repeat(github(1).len()));
    folder.shell("touch -d '2 days ago' f; cp -p f before; git add f; touch -d 'tomorrow' .git/index");
    folder.shell("sleep 1.1");
    folder.write("f", github(1));
    folder.shell("touch -r before f; rm before");
    folder.scan(&["--worktree", "."]).is(1, &["f:1:1 github-pat"], &[]);
}
