//! Repositories that would make a scan wait for ever or lead it elsewhere: each is refused or told, and none is followed.

use crate::canary::github;
use crate::run::{Folder, Report};

/// Runs a scan that must end by itself.
#[track_caller]
fn ends(folder: &Folder, args: &[&str], says: &str) {
    let outcome = folder.shell(&format!("timeout 20 $STANCH scan {}", args.join(" ")));
    assert_eq!(outcome.code, 2, "{args:?} {}{}", outcome.out, outcome.err);
    assert!(outcome.err.contains(says), "{args:?} {}", outcome.err);
}

#[test]
fn pipes_and_devices_in_the_place_of_files_are_refused() {
    let commit = "git -c user.name=T -c user.email=t@e.invalid commit -q --allow-empty -m x";
    for (number, name) in [
        "objects/ab/cdef0123456789abcdef0123456789abcdef01",
        "objects/pack/pack-0123456789abcdef0123456789abcdef01234567.idx",
        "objects/pack/pack-0123456789abcdef0123456789abcdef01234567.pack",
        "objects/pack/multi-pack-index",
        "objects/info/alternates",
        "objects/info/commit-graph",
        "worktrees/w/HEAD",
        "worktrees/w/logs/HEAD",
        "refs/heads/pipe",
        "logs/HEAD",
        "HEAD",
        "index",
    ]
    .iter()
    .enumerate()
    {
        let folder = Folder::new();
        folder.shell(&format!("git init -q a; cd a; {commit}; mkdir -p $(dirname .git/{name}); rm -f .git/{name}")).says(0, &[]);
        let make = if number % 2 == 0 { format!("mkfifo a/.git/{name}") } else { format!("ln -s /dev/zero a/.git/{name}") };
        folder.shell(&make).says(0, &[]);
        for mode in ["--history", "--staged", "--worktree", "--range HEAD~0..HEAD"] {
            ends(&folder, &[mode, "a"], " is no file: a pipe or a device there would never end");
        }
    }
}

#[test]
fn the_same_in_linked_work_trees_and_in_what_is_borrowed() {
    let folder = Folder::new();
    folder
        .shell(
            "git init -q a; cd a; git -c user.name=T -c user.email=t@e.invalid commit -q --allow-empty -m x; \
         git worktree add -q ../w -b w; cd ..; git clone -q --shared a b; \
         rm -f a/.git/objects/info/commit-graph; mkdir -p a/.git/objects/info; mkfifo a/.git/objects/info/commit-graph",
        )
        .says(0, &[]);
    ends(&folder, &["--history", "w"], "commit-graph is no file");
    ends(&folder, &["--history", "--allow-alternates", ".", "b"], "commit-graph is no file");
    folder.shell("rm a/.git/objects/info/commit-graph a/.git/worktrees/w/HEAD; mkfifo a/.git/worktrees/w/HEAD");
    ends(&folder, &["--history", "w"], "HEAD is no file");
}

#[test]
fn a_work_tree_that_the_configuration_names_is_not_followed() {
    let folder = Folder::new();
    for name in ["a", "private"] {
        folder.shell(&format!("git init -q {name}; cd {name}; echo x > x; git add x")).says(0, &[]);
    }
    folder.write("private/key", github(1));
    folder.write("a/new", github(2));
    for to in [folder.path("private").display().to_string(), "../../private".to_owned()] {
        folder.git(&["-C", "a", "config", "core.worktree", &to]);
        let report = folder.scan(&["--worktree", "--show-secrets", "a"]);
        assert_eq!(found(&report), [github(2)], "{:?} {:?}", report.places(), report.issues());
        assert!(report.issues().iter().any(|i| i.contains("core.worktree leads to")), "{:?}", report.issues());
    }
    // A submodule's own says where its work tree is.
    folder.git(&["-C", "a", "config", "--unset", "core.worktree"]);
    folder
        .shell(
            "git init -q lib; cd lib; echo x > x; git add x; git -c user.name=T -c user.email=t@e.invalid commit -q -m x; cd ../a; \
             git -c protocol.file.allow=always submodule --quiet add ../lib lib",
        )
        .says(0, &[]);
    folder.write("a/lib/new", github(3));
    let report = folder.scan(&["--worktree", "--show-secrets", "a/lib"]);
    assert_eq!((found(&report), report.issues().len()), (vec![github(3)], 0), "{:?}", report.issues());
    // Neither is there one in a bare repository.
    folder.shell("git clone -q --bare lib bare");
    folder.run(&["scan", "--worktree", "bare"]).says(2, &["it has no work tree"]);
}

fn found(report: &Report) -> Vec<String> {
    report.findings.iter().filter_map(|finding| finding["secret"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_folder_of_links_that_a_killed_scan_left_is_removed() {
    let folder = Folder::new();
    folder.shell("git init -q a; git clone -q --shared a b 2>/dev/null; mkdir tmp").says(0, &[]);
    let dead = folder.shell("bash -c 'echo $$'").out;
    for name in [format!("stanch-objects-{}-0", dead.trim()), "stanch-objects-1-0".to_owned(), "stanch-other".to_owned()] {
        std::fs::create_dir_all(folder.path("tmp").join(name).join("0")).unwrap();
    }
    folder
        .shell("TMPDIR=$PWD/tmp $STANCH scan --history b >/dev/null 2>&1 || true; ls tmp")
        .says(0, &["stanch-objects-1-0\nstanch-other\n"]);
}
