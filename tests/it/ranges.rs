//! `stanch scan --range`, `--pre-push` and `--pre-receive`: what commits add, in repositories made by real git.

use crate::canary::github;
use crate::run::{Folder, Report};

const ZERO: &str = "0000000000000000000000000000000000000000";

/// A repository with a commit, tagged `first`, in which a secret stands already.
fn repository() -> Folder {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    commit(&folder, "old.txt", &format!("first\nold = {}\nlast\n", github(1)));
    folder.git(&["tag", "first"]);
    folder
}

fn commit(folder: &Folder, name: &str, content: &str) {
    folder.write(name, content);
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", name]);
}

/// The id of a commit.
fn id(folder: &Folder, name: &str) -> String {
    folder.shell(&format!("git rev-parse {name}")).out.trim().to_owned()
}

fn short(folder: &Folder, name: &str) -> String {
    id(folder, name)[..12].to_owned()
}

#[track_caller]
fn finds(folder: &Folder, range: &str, places: &[String]) -> Report {
    let report = folder.scan(&["--range", range, "."]);
    let mut expected = places.iter().map(|p| format!("{p} github-pat")).collect::<Vec<_>>();
    expected.sort();
    assert_eq!(report.places(), expected, "{:?} {}", report.issues(), report.err);
    assert_eq!((report.code, report.issues().len()), (i32::from(!places.is_empty()), 0), "{:?}", report.issues());
    report
}

#[test]
fn only_lines_that_the_commits_add_are_reported_and_say_by_which() {
    let folder = repository();
    commit(&folder, "old.txt", &format!("first\nmoved\nold = {}\nnew = {}\nlast\n", github(1), github(2)));
    let second = short(&folder, "HEAD");
    // Taken out again: it is in the range all the same.
    commit(&folder, "old.txt", &format!("first\nold = {}\nthird\n", github(1)));
    let report = finds(&folder, "first..HEAD", &[format!("{second}:old.txt:4:7")]);
    assert_eq!(report.findings[0]["commit"]["id"], id(&folder, "HEAD~1"));
    assert_eq!(report.findings[0]["commit"]["in_head"], false);
    finds(&folder, "HEAD~1..HEAD", &[]);
    finds(&folder, &format!("{}..{}", &id(&folder, "first")[..8], id(&folder, "HEAD~1")), &[format!("{second}:old.txt:4:7")]);
    folder.git(&["commit", "-q", "--allow-empty", "-m", &format!("say {}", github(3))]);
    finds(&folder, "HEAD~1..HEAD", &[format!("{}:1:5", short(&folder, "HEAD"))]);
    folder.run(&["scan", "--range", "HEAD..HEAD"]).says(0, &["othing to scan"]);
    folder.run(&["scan", "--range", "HEAD..first"]).says(0, &["othing to scan"]);
}

#[test]
fn renames_copies_and_modes_add_nothing_and_an_evil_merge_does() {
    let folder = repository();
    folder.git(&["mv", "old.txt", "renamed.txt"]);
    folder.shell("cp renamed.txt copy.txt; chmod +x renamed.txt");
    commit(&folder, "other", "x\n");
    finds(&folder, "first..HEAD", &[]);
    // Renamed and changed at once: only what changed.
    std::fs::remove_file(folder.path("copy.txt")).unwrap();
    commit(&folder, "copied.txt", &format!("first\nold = {}\nlast\nmore = {}\n", github(1), github(2)));
    finds(&folder, "HEAD~1..HEAD", &[format!("{}:copied.txt:4:8", short(&folder, "HEAD"))]);
    folder.git(&["checkout", "-q", "-b", "side", "first"]);
    commit(&folder, "side", "one\n");
    let before = id(&folder, "HEAD");
    folder.shell("git -c user.name=T -c user.email=t@e.invalid merge -q --no-commit master 2>&1 || git -c user.name=T -c user.email=t@e.invalid merge -q --no-commit main");
    commit(&folder, "side", &format!("one\nevil = {}\n", github(4)));
    let evil = short(&folder, "HEAD");
    let report = folder.scan(&["--range", &format!("{before}..HEAD"), "."]);
    assert!(report.places().contains(&format!("{evil}:side:2:8 github-pat")), "{:?}", report.places());
}

#[test]
fn a_pull_request_is_taken_from_its_merge_base() {
    let folder = repository();
    folder.git(&["checkout", "-q", "-b", "topic"]);
    commit(&folder, "topic", &format!("{}\n", github(2)));
    folder.git(&["checkout", "-q", "-b", "base", "first"]);
    commit(&folder, "base", &format!("{}\n", github(3)));
    finds(&folder, "base...topic", &[format!("{}:topic:1:1", short(&folder, "topic"))]);
    // A merge of the base into it brings nothing of its own.
    folder.git(&["checkout", "-q", "topic"]);
    folder.git(&["merge", "-q", "-m", "merge", "base"]);
    finds(&folder, "base...topic", &[format!("{}:topic:1:1", short(&folder, "topic~1"))]);
}

/// `base_sha..head_sha` of a `merge_group` event: two pull requests merged one behind the other onto the base, on a branch of their own.
#[test]
fn the_group_of_a_merge_queue_is_what_it_adds_to_its_base() {
    let folder = repository();
    let base = id(&folder, "first");
    let merges = [("one", 2), ("two", 3)].map(|(name, seed)| {
        folder.git(&["checkout", "-q", "-b", name, "first"]);
        commit(&folder, name, &format!("{}\n", github(seed)));
        format!("{}:{name}:1:1", short(&folder, name))
    });
    folder.git(&["checkout", "-q", "-b", "gh-readonly-queue/main/pr-2", "first"]);
    folder.git(&["merge", "-q", "--no-ff", "-m", "pr-1", "one"]);
    let first = id(&folder, "HEAD");
    folder.git(&["merge", "-q", "--no-ff", "-m", "pr-2", "two"]);
    let head = id(&folder, "HEAD");
    finds(&folder, &format!("{base}..{head}"), &merges);
    // The base of the second group is the end of the first; the queue may squash instead of merging.
    finds(&folder, &format!("{first}..{head}"), &merges[1..]);
    folder.git(&["reset", "-q", "--hard", &first]);
    folder.git(&["merge", "-q", "--squash", "two"]);
    folder.git(&["commit", "-q", "-m", "pr-2"]);
    finds(&folder, &format!("{first}..HEAD"), &[format!("{}:two:1:1", short(&folder, "HEAD"))]);
}

#[test]
fn first_pushes_deletions_and_force_pushes() {
    let folder = repository();
    let first = short(&folder, "first");
    finds(&folder, &format!("{ZERO}..first"), &[format!("{first}:old.txt:2:7")]);
    folder.git(&["checkout", "-q", "-b", "topic"]);
    commit(&folder, "topic", &format!("{}\n", github(2)));
    let topic = format!("{}:topic:1:1", short(&folder, "topic"));
    finds(&folder, &format!("{ZERO}..topic"), std::slice::from_ref(&topic));
    folder.run(&["scan", "--range", &format!("topic..{ZERO}")]).says(0, &["othing to scan"]);
    // Written anew: the old end is no ancestor of the new one.
    let old = id(&folder, "topic");
    folder.git(&["reset", "-q", "--hard", "first"]);
    commit(&folder, "anew", &format!("{}\n", github(3)));
    let anew = format!("{}:anew:1:1", short(&folder, "topic"));
    finds(&folder, &format!("{old}..topic"), std::slice::from_ref(&anew));
    // And no longer here.
    let gone = "1".repeat(40);
    let note =
        "note git-objects .: the commit that the range begins with is not here: what no other ref reaches is scanned instead";
    folder.scan(&["--range", &format!("{gone}..topic"), "."]).is(1, &[&format!("{anew} github-pat")], &[note]);
    let report = folder.scan(&["--range", &format!("first..{gone}"), "."]);
    assert_eq!((report.code, report.issues().len()), (3, 1), "{:?}", report.issues());
}

#[test]
fn what_is_no_range_is_refused() {
    let folder = repository();
    for wrong in [
        "",
        "first",
        "..first",
        "first..",
        "first....HEAD",
        "a..b..c",
        "^a..b",
        "a b..c",
        "first..HEAD^{/x}",
        "nobody..HEAD",
        "HEAD..no~1",
        "HEAD~9..HEAD",
    ] {
        folder.run(&["scan", "--range", wrong]).says(2, &["hint: "]);
    }
    folder.run(&["scan", "--range", "a..b", "--staged"]).says(2, &["cannot be used with"]);
    folder.run(&["scan", "--range", "a..b", "-f", "sarif"]).says(2, &["hint: "]);
}

#[test]
fn a_shallow_clone_that_cuts_the_range_is_a_gap() {
    let folder = repository();
    commit(&folder, "a", &format!("{}\n", github(2)));
    commit(&folder, "b", &format!("{}\n", github(3)));
    let (first, middle) = (id(&folder, "first"), id(&folder, "HEAD~1"));
    folder.shell("git clone -q --depth 1 \"file://$PWD\" clone1; git clone -q --depth 2 \"file://$PWD\" clone2");
    let report = folder.scan(&["--range", &format!("{first}..HEAD"), "clone1"]);
    assert!(
        report.issues().iter().any(|i| i.starts_with("gap missing-objects") && i.contains("--deepen")),
        "{:?}",
        report.issues()
    );
    assert_eq!(report.summary["complete"], false, "{}", report.summary);
    folder.run(&["scan", "--range", "HEAD~5..", "clone1"]).says(2, &["an end is missing", "hint: "]);
    folder.run(&["scan", "--range", "HEAD~5..HEAD", "clone1"]).says(2, &["shallow clone", "--deepen=100"]);
    // Deep enough for the range.
    let head = short(&folder, "HEAD");
    folder.scan(&["--range", &format!("{middle}..HEAD"), "clone2"]).is(1, &[&format!("clone2@{head}:b:1:1 github-pat")], &[]);
}

#[test]
fn a_missing_object_is_a_gap() {
    let folder = repository();
    commit(&folder, "a", "harmless\n");
    folder.shell("id=$(git rev-parse HEAD:a); rm -f .git/objects/${id:0:2}/${id:2}");
    let report = folder.scan(&["--range", "first..HEAD", "."]);
    assert_eq!((report.code, report.issues().len()), (3, 1), "{:?}", report.issues());
}

/// The commits of a range are those that git lists, whatever their clocks say.
#[test]
fn the_commits_of_a_range_are_those_of_git() {
    let folder = repository();
    let script = "
        RANDOM=7; tree=$(git rev-parse HEAD^{tree}); export GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@e.invalid
        export GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@e.invalid; all=($(git rev-parse HEAD))
        while read -r token; do
            parents=; for _ in 1 $((RANDOM % 3)); do parents=\"$parents -p ${all[RANDOM % ${#all[@]}]}\"; done
            export GIT_COMMITTER_DATE=\"$((1700000000 + RANDOM % 9000)) +0000\" GIT_AUTHOR_DATE=\"1700000000 +0000\"
            all+=($(echo \"$token\" | git commit-tree $tree $(echo $parents) 2> /dev/null))
        done < tokens; rm tokens; git update-ref refs/heads/all ${all[-1]}
        for _ in $(seq 25); do
            a=${all[RANDOM % ${#all[@]}]} b=${all[RANDOM % ${#all[@]}]}
            echo $a..$b $(git rev-list $a..$b | cut -c1-12 | sort)
        done > ranges";
    let tokens: Vec<String> = (100..140).map(github).collect();
    folder.write("tokens", tokens.join("\n") + "\n");
    folder.shell(script).says(0, &[]);
    let ranges = std::fs::read_to_string(folder.path("ranges")).unwrap();
    let mut some = 0;
    for line in ranges.lines() {
        let mut words = line.split_whitespace();
        let range = words.next().unwrap();
        let expected: Vec<String> = words.map(|id| format!("{id}:1:1 github-pat")).collect();
        some += usize::from(expected.len() > 2);
        let report = folder.scan(&["--range", range, "."]);
        assert_eq!(report.places(), expected, "{range}");
    }
    assert!(some > 5, "{ranges}");
}
