//! `stanch ci` by itself; with GitHub's events and in the recipes for other systems it is run by [`crate::action`].

use crate::canary::github;
use crate::run::{Folder, Outcome, STANCH};

/// A repository with a commit, tagged `first`, and a second one, each with a secret.
fn repository() -> Folder {
    let folder = Folder::repository();
    folder.git(&["tag", "first"]);
    folder.write("new.txt", format!("{}\n", github(2)));
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "more"]);
    folder
}

fn ci(folder: &Folder, variables: &[(&str, &str)], args: &[&str]) -> Outcome {
    let mut command = folder.command(STANCH);
    command.arg("ci").args(args).envs(variables.iter().copied());
    Outcome::of(command.output().unwrap())
}

#[test]
fn outside_of_a_job_a_base_is_needed() {
    let folder = repository();
    ci(&folder, &[], &[]).says(2, &["this is no job of a CI system that is known", "hint: ", "`--base REV`"]);
    ci(&folder, &[], &["--base", "first"]).says(1, &["new.txt:1:1", "commits that were chosen", "Found 1 secret in 1 place"]);
    ci(&folder, &[], &["--base", "HEAD"]).says(2, &["are the same commit", "hint: "]);
    ci(&folder, &[], &["--base", "nowhere"]).says(2, &["no commit is named `nowhere` here"]);
    ci(&folder, &[], &["--base", "first", "--fail-on", "none"]).says(0, &["Found 1 secret"]);
    // Outputs are for GitHub alone.
    let outcome = ci(&folder, &[("GITHUB_OUTPUT", "outputs")], &["--base", "first"]);
    assert!(!outcome.out.contains("::") && !folder.path("outputs").exists(), "{}", outcome.out);
}

#[test]
fn what_is_scanned_is_chosen_by_the_event_alone() {
    let folder = repository();
    for flag in [&["--range", "a..b"][..], &["--staged"], &["--worktree"], &["--pre-push"], &["--pre-receive"], &["--no-ignore"]]
    {
        ci(&folder, &[], flag).says(2, &[&format!("`{}` cannot be used with `stanch ci`", flag[0]), "hint: "]);
    }
    ci(&folder, &[], &["a", "b"]).says(2, &["one repository", "hint: "]);
    ci(&folder, &[], &["--fail-on", "live"]).says(2, &["`--fail-on live` is not available", "hint: "]);
    for name in ["a b", "a-->b", "", "a/"] {
        ci(&folder, &[], &["--category", name]).says(2, &["up to 100 letters"]);
    }
    ci(&folder, &[], &["--base", "first", "--comment", "no/such/folder/c.md"]).says(2, &["cannot write no/such/folder/c.md"]);
}

#[test]
fn a_plan_is_told_without_a_scan() {
    let folder = repository();
    let push = [("BITBUCKET_BUILD_NUMBER", "1"), ("BITBUCKET_COMMIT", &*"1".repeat(40)), ("BITBUCKET_BRANCH", "topic")];
    let outcome = ci(&folder, &push, &["--plan"]);
    assert_eq!((outcome.code, &*outcome.out), (0, &*format!("range default-but:topic {}\n", "1".repeat(40))), "{}", outcome.err);
    let outcome = ci(&folder, &push, &["--plan", "--history"]);
    assert_eq!((outcome.code, &*outcome.out), (0, "everything\n"), "{}", outcome.err);
    // An empty variable is none, and a platform that is named counts.
    ci(&folder, &[("GITLAB_CI", "")], &["--plan"]).says(2, &["no job of a CI system"]);
    ci(&folder, &push, &["--plan", "--platform", "gitlab"]).says(2, &["CI_PIPELINE_SOURCE is not set"]);
    ci(&folder, &[], &["--plan", "--platform", "github"]).says(2, &["GITHUB_EVENT_NAME is not set"]);
}

#[test]
fn everything_can_be_asked_for_and_keeps_verdicts() {
    let folder = repository();
    let schedule = [("TF_BUILD", "True"), ("BUILD_REASON", "Schedule"), ("BUILD_SOURCEVERSION", &*"1".repeat(40))];
    ci(&folder, &schedule, &[]).says(1, &["Found 2 secrets in 2 places"]);
    ci(&folder, &[], &["--base", "first", "--history", "--cache", "kept"])
        .says(1, &["Found 2 secrets", "`--history` asks for it"]);
    assert!(folder.path("kept").is_dir());
}

/// A commit that is not here and cannot be had: no all-clear.
#[test]
fn what_is_not_here_is_a_gap() {
    let folder = repository();
    let gone = "1".repeat(40);
    let outcome = ci(&folder, &[], &["--base", "first", "--head", &gone, "--no-fetch"]);
    outcome.says(3, &["the commit that the range ends with is not here", "the scan is incomplete"]);
    // Without its base all is scanned.
    ci(&folder, &[], &["--base", &gone]).says(1, &["neither here nor can it be fetched", "all commits up to", "Found 2 secrets"]);
    ci(&Folder::new(), &[], &["--base", "first"]).says(2, &["hint: name the folder of a repository"]);
}
