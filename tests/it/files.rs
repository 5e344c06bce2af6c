//! Files and folders: everything is read, or named as not read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::canary::github;
use crate::run::{Folder, Outcome};

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o644.into(), 0).unwrap();
}

#[test]
fn hidden_files_are_scanned_and_git_objects_are_noted() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    for (n, name) in
        [".hidden", ".dir/.deep/x", ".git/objects/ab/left-out", ".git/hooks/commit", "objects/kept"].iter().enumerate()
    {
        folder.write(name, github(n as u64));
    }
    folder.write(".git/config", format!("[remote \"o\"]\nurl = https://x:{}@example.org/\n", github(9)));
    let places = [".dir/.deep/x:1:1", ".git/config:2:17", ".git/hooks/commit:1:1", ".hidden:1:1", "objects/kept:1:1"];
    let places: Vec<String> = places.iter().map(|p| format!("{p} github-pat")).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    folder.scan(&["."]).is(1, &places, &["note git-objects .git/objects: packed history is not scanned; `--history` scans it"]);
    folder.run(&["scan", "."]).says(1, &["notes  1 left out by design\n            packed history of a git repository: 1\n"]);
}

#[test]
fn every_object_store_below_git_is_noted_and_nothing_else_is_left_out() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    for name in ["HEAD", "refs/x", "objects/ab/left-out"] {
        folder.write(format!(".git/modules/sub/{name}"), if name == "HEAD" { String::new() } else { github(1) });
    }
    folder.write(".git/lfs/objects/ab/left-out", github(2));
    // A branch may be called that.
    folder.write(".git/logs/refs/heads/objects/mine", github(3));
    let places = [".git/logs/refs/heads/objects/mine:1:1 github-pat", ".git/modules/sub/refs/x:1:1 github-pat"];
    let issues = [
        "note git-objects .git/lfs/objects: large files kept by git LFS are not scanned",
        "note git-objects .git/modules/sub/objects: packed history is not scanned; `--history` scans it",
        "note git-objects .git/objects: packed history is not scanned; `--history` scans it",
    ];
    for root in [".", "--no-ignore"] {
        folder.scan(&[root]).is(1, &places, &issues);
    }
    folder.scan(&[".git/lfs"]).is(3, &[], &issues[..1]);
}

#[test]
fn links_in_a_folder_are_named_and_not_followed() {
    let folder = Folder::new();
    folder.write("real/a", github(1));
    folder.write("elsewhere", github(2));
    std::fs::create_dir(folder.path("tree")).unwrap();
    folder.write("tree/plain", "nothing");
    for (to, name) in [("../elsewhere", "file"), ("../real", "folder"), (".", "loop"), ("self", "self"), ("gone", "nowhere")] {
        symlink(to, folder.path("tree").join(name)).unwrap();
    }
    let note = |name: &str, what: &str| format!("note symlink tree/{name}: a symbolic link {what}");
    let mut issues: Vec<String> = ["file", "folder", "loop"].iter().map(|n| note(n, "is not followed")).collect();
    issues.extend([note("nowhere", "leads nowhere"), note("self", "leads nowhere")]);
    folder.scan(&["tree"]).is(0, &[], &issues.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn links_that_are_named_are_followed() {
    let folder = Folder::new();
    folder.write("real/a", github(1));
    symlink("real", folder.path("folder")).unwrap();
    symlink("real/a", folder.path("file")).unwrap();
    symlink("loop", folder.path("loop")).unwrap();
    folder.scan(&["folder", "file"]).is(1, &["file:1:1 github-pat", "folder/a:1:1 github-pat"], &[]);
    folder.scan(&["folder/"]).is(1, &["folder/a:1:1 github-pat"], &[]);
    folder.scan(&["loop"]).is(3, &[], &["gap unreadable loop: too many levels of symbolic links"]);
}

#[test]
fn pipes_sockets_and_devices_in_a_folder_are_named() {
    let folder = Folder::new();
    folder.write("tree/plain", "nothing");
    fifo(&folder.path("tree/fifo"));
    let _listener = std::os::unix::net::UnixListener::bind(folder.path("tree/socket")).unwrap();
    let issues = ["note special-file tree/fifo: a FIFO is not read", "note special-file tree/socket: a socket is not read"];
    folder.scan(&["tree"]).is(0, &[], &issues);
    folder.scan(&["tree/socket"]).is(3, &[], &["gap special-file tree/socket: a socket is not read"]);
    folder.scan(&["/dev/null"]).is(3, &[], &["gap special-file /dev/null: a device is not read"]);
}

#[test]
fn a_pipe_that_is_named_is_read() {
    let folder = Folder::new();
    folder.write("token", github(1));
    let outcome = folder.shell("\"$STANCH\" scan --format jsonl <(cat token)");
    assert_eq!(outcome.code, 1, "{}", outcome.err);
    assert!(outcome.out.contains("\"rule\":\"github-pat\"") && outcome.out.contains("\"path\":\"/dev/fd/"), "{}", outcome.out);
    fifo(&folder.path("fifo"));
    folder.shell("cat token > fifo & \"$STANCH\" scan fifo || test $? = 1").says(0, &["fifo:1:1"]);
    // With one thread, two pipes are read one after the other.
    folder.shell("\"$STANCH\" scan -j1 <(cat token) <(cat token)").says(1, &["1 secret in 2 places"]);
}

#[test]
fn what_may_not_be_read_is_a_gap() {
    let folder = Folder::new();
    folder.write("open", github(1));
    mode(&folder.write("shut-file", github(2)), 0o000);
    folder.write("shut-folder/a", github(3));
    mode(&folder.path("shut-folder"), 0o000);
    folder.write("unlisted/b", github(4));
    mode(&folder.path("unlisted"), 0o111);
    folder.write("closed/c", github(5));
    mode(&folder.path("closed"), 0o444);
    let gap = |name: &str| format!("gap unreadable {name}: permission denied");
    let issues = [gap("closed/c"), gap("shut-file"), gap("shut-folder"), gap("unlisted")];
    let issues: Vec<&str> = issues.iter().map(String::as_str).collect();
    folder.scan_as_nobody(&["."]).is(1, &["open:1:1 github-pat"], &issues);
    folder.scan_as_nobody(&["--only", "stripe", "."]).is(3, &[], &issues);
    folder.scan_as_nobody(&["shut-file"]).is(3, &[], &["gap unreadable shut-file: permission denied"]);
    folder.scan_as_nobody(&["shut-folder/a"]).is(3, &[], &["gap unreadable shut-folder/a: permission denied"]);
    folder.scan_as_nobody(&["unlisted/b"]).is(1, &["unlisted/b:1:1 github-pat"], &[]);
    for name in ["shut-folder", "unlisted", "closed"] {
        mode(&folder.path(name), 0o755);
    }
}

#[test]
fn paths_are_spelled_as_they_were_named() {
    let folder = Folder::new();
    let file = folder.write("a/b.env", github(1));
    let check = |named: &str, shown: &str| {
        folder.scan(&[named]).is(1, &[&format!("{shown}:1:1 github-pat")], &[]);
    };
    check(".", "a/b.env");
    check("./", "a/b.env");
    check("a", "a/b.env");
    check("a/", "a/b.env");
    check("./a", "a/b.env");
    check("a/b.env", "a/b.env");
    check("../work/a", "../work/a/b.env");
    let absolute = file.to_str().unwrap();
    check(absolute, absolute);
    check(folder.path("").to_str().unwrap(), absolute);
    let nothing: [&str; 0] = [];
    folder.scan(&nothing).is(1, &["a/b.env:1:1 github-pat"], &[]);
}

#[test]
fn a_file_named_twice_is_one_place() {
    let folder = Folder::new();
    folder.write("a", github(1));
    folder.scan(&[".", "a", "./a"]).is(1, &["a:1:1 github-pat"], &[]);
}

#[test]
fn names_that_steer_a_terminal_are_shown_and_kept() {
    let folder = Folder::new();
    for (n, name) in
        [&b"new\nline"[..], b"esc\x1b[2Jape", b"not-\xff-utf8", "bidi\u{202e}".as_bytes(), b"col:12:3", b"back\\slash"]
            .iter()
            .enumerate()
    {
        folder.write(Path::new(OsStr::from_bytes(name)), github(n as u64));
    }
    let human = folder.run(&["scan", "."]);
    human.says(1, &["new\\nline:1:1", "esc\\x1b[2Jape:1:1", "bidi\\u{202e}:1:1", "col:12:3:1:1", "back\\slash:1:1", "6 secrets"]);
    assert!(!human.out.contains(['\x1b', '\u{202e}']));
    let report = folder.scan(&["."]);
    assert_eq!(report.findings.len(), 6);
    let exact: Vec<&str> = report.findings.iter().filter_map(|f| f["path_base64"].as_str()).collect();
    assert_eq!(exact, ["bm90LS8tdXRmOA==".replace("LS8t", "Lf8t").as_str()]);
    assert!(
        report.findings.iter().any(|f| f["path"] == "new\nline") && report.findings.iter().any(|f| f["path"] == "back\\slash")
    );
}

#[test]
fn a_tree_deeper_than_a_path_may_be_long_is_a_gap() {
    let folder = Folder::new();
    folder.shell("n=$(printf 'd%.0s' {1..250}); for i in {1..20}; do mkdir $n; cd $n; done; echo x > deep");
    let report = folder.scan(&["."]);
    assert_eq!((report.code, report.issues.len()), (3, 1), "{:?}", report.issues());
    assert!(report.issues()[0].ends_with("file name too long"), "{:?}", report.issues());
    // The folder that removes itself gives up on such a tree.
    folder.shell("rm -rf d*");
}

#[test]
fn a_folder_is_no_place_for_a_report_of_nothing() {
    let folder = Folder::new();
    folder.run(&["scan", "."]).says(3, &["Nothing was scanned"]);
    folder.write("empty", "");
    folder.run(&["scan", "."]).says(0, &["1 file (0 bytes)", "No secrets found."]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    for n in 0..2000 {
        folder.write(format!("{n}"), github(n));
    }
    let outcome = folder.shell("\"$STANCH\" scan . | head -n 1 > /dev/null; exit ${PIPESTATUS[0]}");
    assert_eq!((outcome.code, outcome.err.as_str()), (1, ""));
    let closed = folder.shell("\"$STANCH\" scan . >&-");
    assert_ne!(closed.code, 0);
}

#[test]
fn a_full_disk_is_an_error() {
    let folder = Folder::new();
    folder.write("a", "nothing");
    let Outcome { code, err, .. } = folder.shell("\"$STANCH\" scan . > /dev/full");
    assert_eq!((code, err.starts_with("0 findings\nerror: cannot write to standard output: ")), (2, true), "{err}");
}

/// What git keeps is packed: nothing found in its bytes is no all-clear.
#[test]
fn a_bare_repository_and_a_folder_of_objects_are_told() {
    let folder = Folder::repository();
    folder.git(&["clone", "-q", "--bare", ".", "bare.git"]);
    let note = "packed history is not scanned; `--history` scans it";
    for path in ["bare.git", ".git/objects", ".git/objects/pack"] {
        let report = folder.scan(&[path]);
        assert!(report.issues().iter().any(|issue| issue.contains(note)), "{path}: {:?}", report.issues());
    }
    // Folders with these names may be something else, and are looked at.
    folder.write("fake/HEAD", "x");
    folder.write("fake/refs/x", "x");
    folder.write("fake/objects/x", github(9));
    assert_eq!(folder.scan(&["fake"]).places(), ["fake/objects/x:1:1 github-pat"]);
}
