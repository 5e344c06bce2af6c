//! Many files, little room, and files that change while they are read.

use std::path::Path;
use std::process::Stdio;

use crate::canary::github;
use crate::run::{Folder, Outcome, Report, STANCH};

#[test]
fn a_hundred_thousand_tiny_files_are_read_within_little_memory() {
    let folder = Folder::new();
    for n in 0..100_000_u64 {
        let (dir, name) = (folder.path(format!("{}", n % 50)), format!("{n}"));
        if n < 50 {
            std::fs::create_dir(&dir).unwrap();
        }
        std::fs::write(dir.join(name), if n % 10_000 == 7 { github(n) } else { "x = 1\n".to_owned() }).unwrap();
    }
    let outcome = folder.shell("ulimit -v 400000 -t 300 -n 24; \"$STANCH\" scan -f jsonl .");
    let report = Report::of(&outcome);
    assert_eq!((report.code, report.covered("files"), report.issues().len()), (1, 100_000, 0));
    assert_eq!(report.findings.len(), 10);
}

#[test]
fn many_folders_need_few_open_files() {
    let folder = Folder::new();
    // Wide and deep, each folder with more files than are read as one piece.
    for n in 0..300 {
        let dir = folder.path(format!("{}/{}/{}", n % 5, n % 25, n));
        std::fs::create_dir_all(&dir).unwrap();
        for k in 0..70 {
            std::fs::write(dir.join(format!("{k}")), "x").unwrap();
        }
    }
    folder.write("0/0/0/leak", github(1));
    for jobs in ["1", "2", "8"] {
        let report = Report::of(&folder.shell(&format!("ulimit -n 40; \"$STANCH\" scan -j {jobs} -f jsonl .")));
        assert_eq!((report.places(), report.issues()), (vec!["0/0/0/leak:1:1 github-pat".to_owned()], vec![]), "{jobs} threads");
        assert_eq!(report.covered("files"), 300 * 70 + 1);
    }
}

#[test]
fn files_that_cannot_be_opened_for_want_of_room_are_gaps() {
    let folder = Folder::new();
    for n in 0..200 {
        folder.write(format!("{n}/a"), "x");
    }
    let report = Report::of(&folder.shell("ulimit -n 4; \"$STANCH\" scan -j 1 -f jsonl ."));
    assert_eq!(report.code, 3, "{}", report.summary);
    assert!(report.issues()[0].contains("too many open files"), "{:?}", report.issues());
}

/// Scans `paths`, of which `huge` is or holds a file of a terabyte of nothing and, once some of that was read, calls `change`.
/// Reading all of it would take many minutes, so the change always comes in the middle. `change` should cut the file.
fn scan_while(folder: &Folder, huge: &str, paths: &[&str], change: impl FnOnce()) -> Report {
    let path = folder.write(huge, "");
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    let mut command = folder.command(STANCH);
    command.args(["scan", "--format", "jsonl", "-j", "1"]).args(paths).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let io = format!("/proc/{}/io", child.id());
    let read = || {
        let text = std::fs::read_to_string(&io).unwrap_or_default();
        text.lines().find_map(|l| l.strip_prefix("rchar: ")?.parse::<u64>().ok()).unwrap_or(0)
    };
    while read() < 32 << 20 {
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        std::thread::yield_now();
    }
    change();
    Report::of(&Outcome::of(child.wait_with_output().unwrap()))
}

fn cut(path: &Path) {
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(1000).unwrap();
}

#[test]
fn a_file_that_is_cut_while_it_is_read_is_a_gap() {
    let folder = Folder::new();
    let report = scan_while(&folder, "huge", &["huge"], || cut(&folder.path("huge")));
    let issues = report.issues();
    assert_eq!((report.code, issues.len()), (3, 1), "{issues:?}");
    assert!(issues[0].starts_with("gap truncated huge: it became shorter while it was read: "), "{issues:?}");
    assert!(issues[0].ends_with(" of 1099511627776 bytes"), "{issues:?}");
    folder.run(&["scan", "huge"]).says(0, &["1 file (1.0 kB)"]);
}

#[test]
fn what_is_named_and_gone_before_its_turn_is_a_gap() {
    let folder = Folder::new();
    let victims = ["file-1", "file-2", "folder-1", "folder-2"];
    folder.write("file-1", "x");
    folder.write("file-2", "x");
    folder.write("folder-1/a", "x");
    folder.write("folder-2/a", "x");
    // Whichever end the one thread begins with, a file and a folder come after the huge one.
    let report = scan_while(&folder, "huge", &["file-1", "folder-1", "huge", "file-2", "folder-2"], || {
        for victim in victims {
            let path = folder.path(victim);
            if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
        }
        cut(&folder.path("huge"));
    });
    let issues = report.issues();
    let vanished = |name: &str| {
        issues
            .iter()
            .any(|i| i.starts_with(&format!("gap vanished {name}")) && i.ends_with(": it was gone before it could be read"))
    };
    assert!(vanished("file-") && vanished("folder-"), "{issues:?}");
    assert_eq!(
        (report.code, report.covered("files") as usize + issues.len()),
        (3, victims.len() + 2),
        "huge counts twice: read, and a gap"
    );
}

#[test]
fn what_is_listed_and_gone_before_its_turn_is_a_gap() {
    // In which order a folder is listed is the file system's choice: the huge file may be the last, so try again with other names.
    for attempt in 0..20 {
        let folder = Folder::new();
        for n in 0..150 {
            folder.write(format!("tree/{n}"), "x");
        }
        let huge = format!("tree/huge-{attempt}");
        let report = scan_while(&folder, &huge, &["tree"], || {
            (0..150).for_each(|n| std::fs::remove_file(folder.path(format!("tree/{n}"))).unwrap());
            cut(&folder.path(&huge));
        });
        let count = |kind: &str| {
            let counts = report.summary["issue_counts"].as_array().unwrap().iter();
            counts.filter(|c| c["kind"] == kind).map(|c| c["count"].as_u64().unwrap()).sum::<u64>()
        };
        assert_eq!((report.code, count("truncated"), report.covered("files") + count("vanished")), (3, 1, 151));
        if count("vanished") > 0 {
            return;
        }
    }
    panic!("no file vanished in twenty scans");
}
