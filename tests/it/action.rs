//! The action in `action/` and the recipes beside it, run by `tests/action/`: the real files, recorded events, repositories of real git.

use std::path::Path;
use std::process::Command;

use crate::run::STANCH;

/// Runs the tests of one class.
#[track_caller]
fn run(file: &str, class: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/action");
    let mut python = Command::new("python3");
    python.current_dir(&folder).args(["-B", file, class]).env("STANCH", STANCH).env("PYTHONUTF8", "1");
    let output = python.output().expect("python3 is there: tests/run installs it");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !told.contains("Ran 0 tests"), "{told}\n{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn each_event_is_scanned_for_what_it_is_about() {
    run("test_action.py", "Events");
}

#[test]
fn inputs_do_what_they_say_and_wrong_ones_are_refused() {
    run("test_action.py", "Inputs");
}

#[test]
fn pull_requests_get_one_comment_and_cannot_silence_their_leaks() {
    run("test_action.py", "Requests");
}

#[test]
fn nothing_of_an_event_becomes_part_of_a_script() {
    run("test_action.py", "Files");
}

#[test]
fn the_recipe_for_gitlab() {
    run("test_recipes.py", "GitLab");
}

#[test]
fn the_recipe_for_bitbucket() {
    run("test_recipes.py", "Bitbucket");
}

#[test]
fn the_recipe_for_azure() {
    run("test_recipes.py", "Azure");
}

#[test]
fn the_recipe_for_jenkins() {
    run("test_recipes.py", "Jenkins");
}
