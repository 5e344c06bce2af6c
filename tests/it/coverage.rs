//! What of a history is not here or not whole is told, and nothing that a repository names is run or followed.

use std::os::unix::fs::PermissionsExt;

use crate::canary::github;
use crate::run::Folder;

/// A repository in a folder below, with one commit and one secret in it that was taken out again.
fn repository(folder: &Folder, name: &str, number: u64) {
    folder.git(&["init", "-q", name]);
    folder.write(format!("{name}/gone"), format!("{}\n", github(number)));
    commit(folder, name, "add");
    std::fs::remove_file(folder.path(format!("{name}/gone"))).unwrap();
    folder.write(format!("{name}/here"), "x\n");
    commit(folder, name, "remove");
}

fn commit(folder: &Folder, name: &str, message: &str) {
    folder.git(&["-C", name, "add", "-A"]);
    folder.git(&["-C", name, "commit", "-q", "-m", message]);
}

/// Code, number of findings, and the issues without their kinds and places.
#[track_caller]
fn check(folder: &Folder, args: &[&str], code: i32, findings: usize, issues: &[&str]) {
    let report = folder.scan(&[&["--history"], args].concat());
    let told = report.issues();
    assert_eq!((report.code, report.findings.len()), (code, findings), "{args:?} {:?} {told:?}", report.places());
    for issue in issues {
        assert!(told.iter().any(|i| i.contains(issue)), "{args:?}: {issue} not in {told:?}");
    }
    assert_eq!(told.is_empty(), issues.is_empty(), "{args:?}: {told:?}");
}

#[test]
fn partial_and_shallow_clones() {
    let folder = Folder::new();
    repository(&folder, "a", 1);
    folder.git(&["-C", "a", "config", "uploadpack.allowFilter", "true"]);
    folder.shell("git clone -q --filter=blob:none file://$PWD/a partial").says(0, &[]);
    check(&folder, &["partial"], 3, 0, &["a partial clone: what was not fetched", "1 blobs that history names are not here"]);
    folder.run(&["scan", "--history", "--require-full-history", "partial"]).says(3, &["hint: a partial clone"]);
    folder.shell("git clone -q --filter=blob:none --bare file://$PWD/a partial.git").says(0, &[]);
    check(&folder, &["partial.git"], 3, 0, &["a partial clone", "2 blobs that history names are not here"]);
}

#[test]
fn grafts_and_replacements_are_not_applied() {
    let folder = Folder::new();
    repository(&folder, "a", 1);
    folder.shell("cd a; echo y > y; git add y; git -c user.name=T -c user.email=t@e.invalid commit -q -m y").says(0, &[]);
    // A graft and a replacement, each of which hides the first commit.
    folder.shell("cd a; git rev-parse HEAD~1 > .git/info/grafts");
    check(
        &folder,
        &["--reachable-only", "a"],
        1,
        1,
        &["grafts (info/grafts) are not applied", "objects and the reflogs were left out by choice"],
    );
    folder.run(&["scan", "--history", "--require-full-history", "a"]).says(3, &["hint: history is grafted"]);
    std::fs::remove_file(folder.path("a/.git/info/grafts")).unwrap();
    folder.shell("cd a; git -c user.name=T -c user.email=t@e.invalid replace --graft HEAD~1").says(0, &[]);
    let report = folder.scan(&["--history", "--reachable-only", "a"]);
    assert!(report.issues().iter().any(|i| i.contains("1 replacements (refs/replace) are not applied")), "{:?}", report.issues());
    assert!(report.places().iter().any(|p| p.contains(":gone:1:1")), "{:?}", report.places());
    folder.git(&["-C", "a", "pack-refs", "--all"]);
    check(&folder, &["a"], 1, 1, &["1 replacements (refs/replace) are not applied"]);
}

#[test]
fn large_files_and_submodules_are_told() {
    let folder = Folder::new();
    repository(&folder, "a", 1);
    repository(&folder, "lib", 2);
    folder.write("a/big", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
    folder.shell("cd a; git -c protocol.file.allow=always submodule add -q ../lib sub/lib").says(0, &[]);
    commit(&folder, "a", "more");
    let notes = [
        "1 blobs are pointers to large files kept by git LFS; `git lfs fetch --all`",
        "1 submodule is a repository of its own and is not scanned here; name its folder to scan it: sub/lib",
    ];
    check(&folder, &["a"], 1, 1, &notes);
    folder.write("a/.git/lfs/objects/ab/cd/abcd", github(3));
    check(&folder, &["a"], 1, 2, &["what git LFS keeps here is scanned as files", "1 submodule"]);
    // A store that leads elsewhere is not followed.
    folder.write("elsewhere/x", github(4));
    folder.shell("rm -r a/.git/lfs/objects; ln -s $PWD/elsewhere a/.git/lfs/objects");
    check(&folder, &["a"], 1, 1, &notes);
}

#[test]
fn alternates_are_followed_only_where_that_is_allowed() {
    let folder = Folder::new();
    repository(&folder, "a", 1);
    folder.shell("git clone -q --shared a b; git clone -q --shared b c").says(0, &[]);
    let gap = "objects in another repository (objects/info/alternates) are not read; `--allow-alternates DIR`";
    let refused = folder.scan(&["--history", "b"]);
    assert_eq!((refused.code, refused.findings.len()), (3, 0), "{:?}", refused.places());
    assert!(refused.issues().iter().any(|i| i.contains(gap)), "{:?}", refused.issues());
    check(&folder, &["b", "--allow-alternates", "a"], 1, 1, &[]);
    check(&folder, &["c", "--allow-alternates", "."], 1, 1, &[]);
    // A link does not widen what is allowed.
    folder.shell("mkdir allowed; ln -s $PWD/a allowed/a; echo $PWD/allowed/a/.git/objects > b/.git/objects/info/alternates");
    assert_eq!(folder.scan(&["--history", "b", "--allow-alternates", "allowed"]).code, 3);
    folder.run(&["scan", "--history", "b", "--allow-alternates", "none"]).says(2, &["no such file or folder: none"]);
    // The next commit is compared with what is borrowed.
    let report = folder.scan(&["--staged", "b"]);
    assert_eq!(report.code, 3, "{:?}", report.issues());
    assert!(report.issues().iter().any(|i| i.contains(gap)), "{:?}", report.issues());
    let left = std::fs::read_dir(std::env::temp_dir()).unwrap().filter_map(Result::ok);
    let mine = |name: &str| name.starts_with("stanch-objects-");
    let alive = |name: &str| name.split('-').nth(2).is_some_and(|pid| std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert_eq!(left.map(|e| e.file_name().to_string_lossy().into_owned()).filter(|n| mine(n) && !alive(n)).count(), 0);
}

#[test]
fn alternates_in_a_circle_missing_and_in_a_long_row() {
    let folder = Folder::new();
    for number in 1..=8 {
        repository(&folder, &format!("r{number}"), number);
    }
    let lead = |from: &str, to: &str| drop(folder.write(format!("{from}/.git/objects/info/alternates"), format!("{to}\n")));
    let objects = |name: &str| folder.path(format!("{name}/.git/objects")).display().to_string();
    lead("r1", &objects("r2"));
    lead("r2", "../../../r1/.git/objects");
    check(&folder, &["r1", "--allow-alternates", "."], 1, 2, &[]);
    lead("r1", "# nothing\n/nowhere/objects");
    check(&folder, &["r1", "--allow-alternates", "."], 1, 1, &["an alternate object folder is not there"]);
    folder.shell("rm r1/.git/objects/info/alternates; mkdir r1/.git/objects/info/alternates");
    check(&folder, &["r1"], 1, 1, &["objects/info/alternates cannot be read"]);
    std::fs::remove_dir(folder.path("r1/.git/objects/info/alternates")).unwrap();
    for number in 1..8 {
        lead(&format!("r{number}"), &objects(&format!("r{}", number + 1)));
    }
    check(&folder, &["r1", "--allow-alternates", "."], 1, 6, &["alternates are followed over 5 repositories"]);
}

#[test]
fn linked_bare_mirrored_and_indexed_repositories() {
    let folder = Folder::new();
    repository(&folder, "a", 1);
    folder.shell("cd a; git worktree add -q ../linked 2>&1; git repack -q -a -d; git multi-pack-index write").says(0, &[]);
    folder.shell("git clone -q --mirror a mirror.git; git clone -q --bare a bare.git").says(0, &[]);
    for name in ["a", "linked", "mirror.git", "bare.git"] {
        check(&folder, &[name], 1, 1, &[]);
    }
    // A .git file that leads to somebody else's repository.
    folder.write("trap/x", "x");
    folder.write("trap/.git", format!("gitdir: {}\n", folder.path("a/.git").display()));
    check(&folder, &["trap"], 1, 1, &["which does not name this work tree"]);
    folder.write("broken/.git", "gitdir: /nowhere\n");
    folder.run(&["scan", "--history", "broken"]).says(2, &["broken is no git repository"]);
}

#[test]
fn a_repository_with_reftable_is_scanned_without_names() {
    let folder = Folder::new();
    folder.shell("git init -q --ref-format=reftable a").says(0, &[]);
    folder.write("a/gone", format!("{}\n", github(1)));
    commit(&folder, "a", "add");
    let report = folder.scan(&["--history", "a"]);
    assert_eq!(report.findings.len(), 1, "{:?} {:?}", report.places(), report.issues());
    assert!(report.issues().iter().any(|i| i.starts_with("gap ") && i.contains("reftable")), "{:?}", report.issues());
    let commit = folder.shell("git -C a rev-parse HEAD").out;
    assert_eq!(report.places(), [format!("a@{}:gone:1:1 github-pat", &commit[..12])]);
}

#[test]
fn texts_beside_the_objects_are_scanned() {
    let folder = Folder::new();
    repository(&folder, "a", 1);
    let header = format!("[http \"https://e.invalid/\"]\n\textraheader = Authorization: Bearer {}\n", github(2));
    folder.shell("cd a; git config extensions.worktreeConfig true; git worktree add -q ../linked 2>&1").says(0, &[]);
    folder.write("a/.git/worktrees/linked/config.worktree", &header);
    folder.write("a/.git/hooks/pre-push", github(3));
    folder.write("a/.git/description", github(4));
    let ref_name = format!("feature/{}", github(5));
    folder.git(&["-C", "a", "branch", &ref_name]);
    folder.shell(&format!("cd a; git update-ref -m 'by {}' refs/heads/other HEAD --create-reflog", github(6))).says(0, &[]);
    let places = |folder: &Folder| folder.scan(&["--history", "a"]).places();
    let line = folder.shell(&format!("cd a; git for-each-ref --format='%(refname)' | grep -n {ref_name} | cut -d: -f1")).out;
    let all = places(&folder);
    let has = |place: &str| all.iter().any(|p| p.starts_with(place));
    assert!(has(&format!("a@refs:{}:20 github-pat", line.trim())), "{all:?}");
    assert!(has("a/.git/worktrees/linked/config.worktree:2:"), "{all:?}");
    assert!(has("a/.git/logs/refs/heads/other:1:"), "{all:?}");
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(!all.iter().any(|p| p.contains(&github(5))), "a place shows the token");
    // Packed refs have the same lines.
    folder.git(&["-C", "a", "pack-refs", "--all"]);
    assert_eq!(places(&folder), all);
    // Of a bare repository, too; a link in the place of the configuration is not followed.
    folder.shell("mv a/.git bare.git; mv bare.git/config real; ln -s ../real bare.git/config");
    let report = folder.scan(&["--history", "bare.git"]);
    assert!(
        report.issues().iter().any(|i| i == "note symlink bare.git/config: a symbolic link is not followed"),
        "{:?}",
        report.issues()
    );
}

#[test]
fn names_in_trees_that_no_ref_reaches_are_scanned() {
    let folder = Folder::new();
    repository(&folder, "a", 1);
    folder.write(format!("a/{}", github(2)), "x");
    folder.git(&["-C", "a", "add", "-A"]);
    let tree = folder.shell("cd a; git write-tree; git reset -q --hard").out;
    let tree = tree.trim();
    let report = folder.scan(&["--history", "a"]);
    assert!(report.places().iter().any(|p| p.starts_with(&format!("a@{}::1:1", &tree[..12]))), "{:?}", report.places());
    assert_eq!(report.findings.len(), 2);
}

#[test]
fn nothing_that_a_repository_names_is_run() {
    let folder = Folder::new();
    repository(&folder, "a", 1);
    let mark = folder.path("mark");
    let script = folder.write("evil.sh", format!("#!/bin/sh\ntouch {}\ncat\n", mark.display()));
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = script.display();
    folder.write("included", format!("[core]\n\tfsmonitor = {run}\n"));
    let config = format!(
        "[core]\n\tfsmonitor = {run}\n\tsshCommand = {run}\n\thooksPath = {hooks}\n\tpager = {run}\n\teditor = {run}\n\
         \tgitProxy = {run}\n\taskPass = {run}\n\talternateRefsCommand = {run}\n\
         [filter \"evil\"]\n\tclean = {run}\n\tsmudge = {run}\n\tprocess = {run}\n\trequired = true\n\
         [diff \"evil\"]\n\ttextconv = {run}\n\tcommand = {run}\n[diff]\n\texternal = {run}\n[include]\n\tpath = {included}\n\
         [alias]\n\tscan = !{run}\n\tlog = !{run}\n[credential]\n\thelper = !{run}\n[protocol \"ext\"]\n\tallow = always\n\
         [remote \"origin\"]\n\turl = ext::{run}\n\tpromisor = true\n\tpartialclonefilter = blob:none\n[gpg]\n\tprogram = {run}\n\
         [extensions]\n\tpartialClone = origin\n",
        hooks = folder.path("hooks").display(),
        included = folder.path("included").display(),
    );
    for hook in ["pre-commit", "post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"] {
        for hooks in ["hooks", "a/.git/hooks"] {
            std::fs::create_dir_all(folder.path(hooks)).unwrap();
            std::fs::copy(&script, folder.path(hooks).join(hook)).unwrap();
        }
    }
    folder.write("a/.gitattributes", "* filter=evil diff=evil\n");
    commit(&folder, "a", "attributes");
    folder.write("a/staged", github(2));
    folder.git(&["-C", "a", "add", "staged"]);
    let old = std::fs::read_to_string(folder.path("a/.git/config")).unwrap();
    folder.write("a/.git/config", format!("{old}{config}"));
    // One blob is gone: it must not be fetched.
    let id = folder.shell("sed -i s/x/x/ a/here; git -c core.fsmonitor= hash-object a/here").out;
    std::fs::remove_file(folder.path(format!("a/.git/objects/{}/{}", &id[..2], id[2..].trim()))).unwrap();
    drop(std::fs::remove_file(&mark));
    for options in [
        &["--history"][..],
        &["--history", "--reachable-only"],
        &["--history", "--since", "1d"],
        &["--staged"],
        &[],
        &["--no-ignore"],
    ] {
        let report = folder.scan(&[options, &["a"]].concat());
        assert!(matches!(report.code, 1 | 3), "{options:?} {}", report.err);
        assert!(!mark.exists(), "{options:?} ran a program");
    }
    // The trap works: git itself falls into it.
    folder.shell("cd a; git status >/dev/null 2>&1 || true");
    assert!(mark.exists(), "the trap is none");
}
