//! Which `stanch.toml` counts. The ones here are wrong, so that the program says which one it read.

use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use crate::canary::github;
use crate::run::{Folder, Outcome, STANCH};

/// A folder with a wrong `stanch.toml` in each of `folders`, and a clean file in each of `files`.
fn tree(folders: &[&str], files: &[&str]) -> Folder {
    let folder = Folder::new();
    for name in folders {
        folder.write(Path::new(name).join("stanch.toml"), "");
    }
    for name in files {
        folder.write(name, "nothing to see\n");
    }
    folder
}

fn run(folder: &Folder, at: &str, args: &[&str]) -> Outcome {
    Outcome::of(folder.command(STANCH).current_dir(folder.path(at)).args(args).output().unwrap())
}

/// Checks which file a scan in the folder `at` reads; `""` is none.
#[track_caller]
fn check(folder: &Folder, at: &str, args: &[&str], expected: &str) {
    let outcome = run(folder, at, &[&["scan"], args].concat());
    let read = outcome.err.strip_prefix("error: ").and_then(|e| e.strip_suffix(":1: version: missing; write `version = 1`\n"));
    assert_eq!((read.unwrap_or_default(), outcome.code), (expected, if expected.is_empty() { 0 } else { 2 }), "{}", outcome.err);
}

#[test]
fn the_nearest_up_to_the_root_of_the_repository_counts() {
    let folder = tree(&["", "r", "r/near"], &["r/a", "r/deep/er/b", "r/near/deep/c", "r/sub/d", "outside/e"]);
    folder.git(&["init", "-q", "r"]);
    check(&folder, "r", &["."], "stanch.toml");
    check(&folder, "r", &["deep/er/b"], "stanch.toml");
    check(&folder, "r/deep", &["er"], folder.path("r/stanch.toml").to_str().unwrap());
    check(&folder, "r/deep/er", &[], folder.path("r/stanch.toml").to_str().unwrap());
    check(&folder, "r", &["near/deep/c"], "near/stanch.toml");
    check(&folder, "r", &["near", "near/deep"], "near/stanch.toml");
    check(&folder, "", &["r/deep/er/b", "r/a"], "r/stanch.toml");
    check(&folder, "r", &["../outside", "--no-config"], "");
    check(&folder, "r", &["--config", "near/stanch.toml", "."], "near/stanch.toml");
    std::fs::remove_file(folder.path("r/stanch.toml")).unwrap();
    check(&folder, "r", &["deep"], "");
    check(&folder, "r", &["."], "");
}

#[test]
fn a_repository_in_a_repository_is_its_own() {
    let folder = tree(&["", "r"], &["r/sub/deep/a", "r/linked/deep/b"]);
    folder.git(&["init", "-q", "r"]);
    folder.git(&["init", "-q", "r/sub"]);
    // As in a submodule or a linked work tree.
    folder.write("r/linked/.git", "gitdir: ../.git/modules/linked\n");
    for at in ["r/sub", "r/linked"] {
        check(&folder, at, &["deep"], "");
        check(&folder, at, &["."], "");
    }
}

#[test]
fn outside_a_repository_only_the_folder_itself_counts() {
    let folder = tree(&["", "d"], &["d/a", "d/e/b", "here/c"]);
    check(&folder, "here", &["../d"], folder.path("d/stanch.toml").to_str().unwrap());
    check(&folder, "here", &["../d/a"], folder.path("d/stanch.toml").to_str().unwrap());
    check(&folder, "here", &["../d/e"], "");
    check(&folder, "here", &["../d/e/b"], "");
    check(&folder, "here", &["c"], "");
    check(&folder, "", &["d/e"], "stanch.toml");
    check(&folder, "d/e", &["."], "");
}

#[test]
fn standard_input_and_what_has_none_above_lead_to_the_current_folder() {
    let folder = tree(&["r"], &["r/deep/a", "outside/b"]);
    folder.git(&["init", "-q", "r"]);
    check(&folder, "r", &["-"], "stanch.toml");
    check(&folder, "r/deep", &["-", "../../outside"], folder.path("r/stanch.toml").to_str().unwrap());
    check(&folder, "outside", &["-"], "");
    let outcome = folder.shell("cd r; \"$STANCH\" scan <(echo x)");
    outcome.says(2, &["error: stanch.toml:1: version: missing"]);
}

#[test]
fn paths_that_lead_to_different_files_are_an_error() {
    let folder = tree(&["a", "b", "here"], &["c/x", "here/y"]);
    let check = |at: &str, args: &[&str], words: &str| {
        let outcome = run(&folder, at, &[&["scan"], args].concat());
        outcome.says(2, &[words, "hint: choose one for all with --config, none with --no-config"]);
        assert_eq!(outcome.out, "");
    };
    check("", &["a", "b", "c"], "error: a/stanch.toml holds for a, but b/stanch.toml holds for b\n");
    check("here", &["../a", "-"], "/work/a/stanch.toml holds for ../a, but stanch.toml holds for -\n");
    check("here", &["../c/x", "../a"], "error: stanch.toml holds for ../c/x, but ");
    run(&folder, "", &["scan", "--no-config", "a", "b"]).says(0, &[]);
    run(&folder, "", &["scan", "--config", "a/stanch.toml", "a", "b"]).says(2, &["error: a/stanch.toml:1: version"]);
}

#[test]
fn a_file_holds_for_no_tree_that_leads_to_none() {
    let folder = Folder::new();
    folder.write("theirs/a", github(1));
    folder.write("mine/a", github(1));
    folder.run(&["init", "theirs"]).says(0, &[]);
    let print = folder.scan(&["theirs"]).fingerprints().remove(0);
    let made = std::fs::read_to_string(folder.path("theirs/stanch.toml")).unwrap();
    folder.write("theirs/stanch.toml", format!("{made}[[allow]]\nfingerprint = \"{print}\"\nreason = \"demo\"\n"));
    let hint = "hint: choose one for all with --config, none with --no-config";
    let words = "error: theirs/stanch.toml holds for theirs, but no stanch.toml holds for mine\n";
    folder.run(&["scan", "theirs", "mine"]).says(2, &[words, hint]);
    let words = "error: no stanch.toml holds for mine, but theirs/stanch.toml holds for theirs\n";
    folder.run(&["scan", "mine", "theirs"]).says(2, &[words, hint]);
    folder.run(&["scan", "-", "theirs"]).says(2, &["error: no stanch.toml holds for -, but ", hint]);
    folder.scan(&["theirs"]).is(0, &[], &[]);
    assert_eq!(folder.scan(&["--no-config", "theirs/a", "mine"]).findings.len(), 2);
    folder.scan(&["--config", "theirs/stanch.toml", "theirs", "mine"]).is(0, &[], &[]);
}

#[test]
fn a_link_leads_to_where_the_file_stands() {
    let folder = tree(&["real", "links"], &["real/a"]);
    symlink("../real/a", folder.path("links/a")).unwrap();
    check(&folder, "", &["links/a"], "real/stanch.toml");
}

#[test]
fn nobody_else_can_make_a_repository_around_ours() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tree(&["shared"], &["shared/mine/deep/a"]);
    folder.git(&["init", "-q", "shared"]);
    check(&folder, "", &["shared/mine/deep"], "shared/stanch.toml");
    chown(folder.path("shared/stanch.toml"), Some(4321), None).unwrap();
    check(&folder, "", &["shared/mine/deep"], "");
    chown(folder.path("shared/stanch.toml"), Some(0), None).unwrap();
    chown(folder.path("shared/.git"), Some(4321), None).unwrap();
    check(&folder, "", &["shared/mine/deep"], "");
    // But a tree may belong to somebody else as a whole, and what is named is wanted.
    chown(folder.path("shared/mine/deep"), Some(4321), None).unwrap();
    check(&folder, "", &["shared/mine/deep"], "shared/stanch.toml");
    chown(folder.path("shared/stanch.toml"), Some(5432), None).unwrap();
    check(&folder, "", &["shared"], "shared/stanch.toml");
}

#[test]
fn a_repository_has_one_key_wherever_it_is_scanned_from() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.run(&["init"]).says(0, &[]);
    folder.write("deep/er/a", github(1));
    let print = folder.scan(&["."]).fingerprints().remove(0);
    for args in [&["deep"][..], &["deep/er/a"], &["deep/er/a", "deep"]] {
        let report = folder.scan(args);
        assert_eq!((report.fingerprints(), &report.summary["stable_fingerprints"]), (vec![print.clone()], &true.into()));
    }
    let made = std::fs::read_to_string(folder.path("stanch.toml")).unwrap();
    folder.write("stanch.toml", format!("{made}[[allow]]\nfingerprint = \"{print}\"\nreason = \"demo\"\n"));
    folder.run(&["scan", "deep/er"]).says(0, &["silenced  1 finding in stanch.toml"]);
    folder.run(&["explain", "deep/er/a:1"]).says(0, &["verdict   silenced by the entry on line 12 of stanch.toml: demo\n"]);
}
