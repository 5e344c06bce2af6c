//! `stanch scan --pre-push` and `--pre-receive`: real hooks of real git.

use crate::canary::github;
use crate::run::{Folder, Outcome};

const ZERO: &str = "0000000000000000000000000000000000000000";
const COMMIT: &str = "git -c user.name=T -c user.email=t@e.invalid commit -q -m";

/// A clone and the bare repository that it pushes to, with one commit in both, in which a secret stands already.
fn repositories() -> Folder {
    let folder = Folder::new();
    folder.write("old", format!("{}\n", github(1)));
    folder
        .shell(&format!(
            "git init -q --bare -b main server; git init -q -b main clone; mv old clone; cd clone; git add -A; {COMMIT} old; \
             git remote add origin ../server; git push -q origin main"
        ))
        .says(0, &[]);
    folder
}

fn hook(folder: &Folder, path: &str, line: &str) {
    folder.write(path, format!("#!/bin/sh\n{line}\n"));
    folder.shell(&format!("chmod +x {path}"));
}

/// Runs a script in the clone.
fn clone(folder: &Folder, script: &str) -> Outcome {
    folder.shell(&format!("cd clone; {}", script.replace("COMMIT", COMMIT)))
}

#[test]
fn a_push_hook_blocks_what_the_remote_has_not_and_passes_the_rest() {
    let folder = repositories();
    hook(&folder, "clone/.git/hooks/pre-push", "exec \"$STANCH\" scan --pre-push \"$@\"");
    clone(&folder, "echo x > x; git add x; COMMIT x; git push origin main 2>&1").says(0, &["No secrets found"]);
    folder.write("clone/new", format!("x\nnew = {}\n", github(2)));
    let head = "$(git rev-parse --short=12 HEAD)";
    clone(&folder, &format!("git add new; COMMIT new; ! git push origin main > out 2>&1; cat out; grep -F {head}:new:2 out"))
        .says(0, &["failed to push"]);
    // Nor as a tag, nor on a branch that is new.
    clone(&folder, "git tag t; ! git push -q origin t 2>&1; ! git push -q origin HEAD:refs/heads/other 2>&1").says(0, &[]);
    // The message of a tag.
    clone(
        &folder,
        &format!(
            "git -c user.name=T -c user.email=t@e.invalid tag -a -m {} said HEAD~1; ! git push -q origin said 2>&1",
            github(3)
        ),
    )
    .says(0, &[]);
    // Written anew without it, with force.
    clone(&folder, "git reset -q --hard HEAD~2; echo y > y; git add y; COMMIT y; git push -q -f origin main 2>&1").says(0, &[]);
    // What the remote has may go to a branch of its own, and a branch may be deleted.
    clone(&folder, "git push origin HEAD:refs/heads/b 2>&1").says(0, &["othing to scan"]);
    clone(&folder, "git push origin :b 2>&1").says(0, &["othing to scan"]);
    clone(&folder, "git push origin main 2>&1").says(0, &[]);
}

#[test]
fn what_one_remote_has_is_news_to_another() {
    let folder = repositories();
    clone(&folder, "git init -q --bare ../public; git remote add public ../public; git push -q public HEAD~0:refs/heads/main")
        .says(0, &[]);
    folder.write("clone/new", format!("{}\n", github(2)));
    clone(&folder, "git add new; COMMIT new; git push -q origin main").says(0, &[]);
    hook(&folder, "clone/.git/hooks/pre-push", "exec \"$STANCH\" scan --pre-push \"$@\"");
    clone(&folder, "! git push public main 2>&1").says(0, &["new:1", "failed to push"]);
}

#[test]
fn the_first_push_of_all_is_scanned_as_a_whole() {
    let folder = repositories();
    hook(&folder, "clone/.git/hooks/pre-push", "exec \"$STANCH\" scan --pre-push \"$@\"");
    clone(&folder, "git remote remove origin; git init -q --bare ../other; ! git push ../other main 2>&1").says(0, &["old"]);
}

#[test]
fn a_server_refuses_what_a_push_brings_and_takes_the_rest() {
    let folder = repositories();
    hook(&folder, "server/hooks/pre-receive", "exec \"$STANCH\" scan --pre-receive");
    clone(&folder, "echo x > x; git add x; COMMIT x; git push origin main 2>&1").says(0, &["No secrets found"]);
    folder.write("clone/new", format!("x\nnew = {}\n", github(2)));
    let head = "$(git rev-parse --short=12 HEAD)";
    clone(&folder, &format!("git add new; COMMIT new; ! git push origin main > out 2>&1; cat out; grep -F {head}:new:2 out"))
        .says(0, &["pre-receive hook declined"]);
    clone(&folder, "! git push -q origin HEAD:refs/heads/other 2>&1; git tag t; ! git push -q origin t 2>&1").says(0, &[]);
    clone(&folder, "git reset -q --hard HEAD~2; echo y > y; git add y; COMMIT y; git push -q -f origin main 2>&1").says(0, &[]);
    clone(&folder, "git push origin HEAD:refs/heads/b 2>&1").says(0, &["othing to scan"]);
    clone(&folder, "git push origin :b 2>&1").says(0, &["othing to scan"]);
}

#[test]
fn a_server_that_is_new_or_not_bare() {
    let folder = repositories();
    folder
        .shell("git init -q --bare empty; git init -q -b main plain; git -C plain config receive.denyCurrentBranch ignore")
        .says(0, &[]);
    for (server, hooks) in [("empty", "empty/hooks/pre-receive"), ("plain", "plain/.git/hooks/pre-receive")] {
        hook(&folder, hooks, "exec \"$STANCH\" scan --pre-receive");
        clone(&folder, &format!("! git push ../{server} main 2>&1")).says(0, &["pre-receive hook declined", ":old:1"]);
    }
}

#[test]
fn lines_that_git_does_not_write_are_refused_and_none_pass() {
    let folder = repositories();
    let run = |option: &str, input: &str| folder.run_with_input(&["scan", option, "-q"], input.as_bytes());
    folder.shell("mv clone/.git clone/old .").says(0, &[]);
    let one = "1".repeat(40);
    for option in ["--pre-push", "--pre-receive"] {
        run(option, "").says(0, &["othing to scan"]);
        for wrong in [
            "x\n",
            "\n",
            "a b c\n",
            &format!("{ZERO} {ZERO}\n"),
            &format!("{one} {}\n", "1".repeat(64)),
            &format!("{one} x\n{one} {one}"),
        ] {
            let outcome = run(option, wrong);
            outcome.says(2, &["hint: ", "line 1 of"]);
        }
    }
    run("--pre-push", &format!("(delete) {ZERO} refs/heads/x {one}\n")).says(0, &["othing to scan"]);
    run("--pre-receive", &format!("{one} {ZERO} refs/heads/x\n")).says(0, &["othing to scan"]);
    // What is pushed and is not here.
    run("--pre-push", &format!("HEAD^{{/a b}} {one} refs/heads/x {ZERO}\n")).says(3, &[]);
    let wide = "1".repeat(64);
    run("--pre-receive", &format!("{wide} {wide} refs/heads/x\n")).says(2, &["another kind"]);
}

#[test]
fn the_address_of_a_remote_is_not_printed_and_the_environment_counts_in_hooks_only() {
    let folder = repositories();
    let line =
        |folder: &Folder| format!("refs/heads/main {} refs/heads/main {ZERO}\n", clone(folder, "git rev-parse HEAD").out.trim());
    let line = line(&folder);
    folder.shell("mv clone/.git clone/old .").says(0, &[]);
    let address = format!("https://user:{}@host.invalid/x.git", github(7));
    let outcome = folder.run_with_input(&["scan", "--pre-push", "origin", &address], line.as_bytes());
    outcome.says(0, &["othing to scan"]);
    assert!(!format!("{}{}", outcome.out, outcome.err).contains("host.invalid"));
    folder.shell("mkdir empty; mv .git/objects/?? empty; mkdir -p .git/objects").says(0, &[]);
    folder.shell("GIT_OBJECT_DIRECTORY=$PWD/empty \"$STANCH\" scan --range HEAD..main . || echo code $?").says(0, &["code 2"]);
}

#[test]
fn the_repository_is_the_one_that_git_names_to_the_hook() {
    let folder = repositories();
    hook(&folder, "clone/.git/hooks/pre-push", "exec \"$STANCH\" scan --pre-push \"$@\"");
    folder.write("clone/new", format!("x\nnew = {}\n", github(2)));
    clone(&folder, "git add new; COMMIT new").says(0, &[]);
    // From another one, by its name; from a folder of it; from a work tree that is linked to it.
    folder.shell("git init -q other; cd other; ! git --git-dir=../clone/.git push ../server main 2>&1").says(0, &[":new:2"]);
    folder.shell("mkdir clone/sub; cd clone/sub; ! git push origin main 2>&1").says(0, &[":new:2"]);
    folder
        .shell("cd clone; git worktree add -q ../linked -b side; cd ../linked; ! git push origin side 2>&1")
        .says(0, &[":new:2"]);
}

/// Without git's list nothing is known of a push: that is no all-clear.
#[test]
fn standard_input_that_is_closed_is_a_gap() {
    let folder = repositories();
    for mode in ["--pre-push", "--pre-receive"] {
        let outcome = clone(&folder, &format!("$STANCH scan {mode} <&-"));
        outcome.says(3, &["standard input is closed"]);
        clone(&folder, &format!("$STANCH scan {mode} </dev/null")).says(0, &["Nothing to scan"]);
    }
}
