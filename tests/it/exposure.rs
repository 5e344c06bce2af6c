//! How far secrets of history got: since when, until when, which refs reach them, pushed or not. Real git makes the repositories.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::canary::github;
use crate::run::{Folder, Report};

const WHO: &str = "git -c user.name=T -c user.email=t@example.invalid";

fn repository() -> Folder {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder
}

/// Commits all there is on a day at noon.
fn commit(folder: &Folder, day: &str) -> String {
    let date = format!("{day}T12:00:00Z");
    let script = format!(
        "git add -A; GIT_AUTHOR_DATE={date} GIT_COMMITTER_DATE={date} {WHO} commit -q --allow-empty -m {day}; git rev-parse HEAD"
    );
    folder.shell(&script).says(0, &[]).out.trim().to_owned()
}

/// What is told of the one secret that was found.
fn exposure(report: &Report) -> &Value {
    assert_eq!(report.fingerprints().len(), 1, "{:?}", report.places());
    &report.findings[0]["exposure"]
}

fn names(exposure: &Value) -> Vec<&str> {
    exposure["refs"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn a_secret_has_a_first_and_a_last_commit_and_one_that_removed_it() {
    let folder = repository();
    commit(&folder, "2024-01-01");
    folder.write("a", github(1));
    let first = commit(&folder, "2024-01-10");
    folder.write("b", "b");
    folder.write("a", format!("more {}", github(1)));
    let last = commit(&folder, "2024-02-01");
    folder.write("a", "clean");
    let removed = commit(&folder, "2024-03-10");
    commit(&folder, "2024-04-01");
    for packed in [false, true] {
        let report = folder.scan(&["--history", "."]);
        assert_eq!(report.findings.len(), 2);
        let exposure = exposure(&report);
        let commits = ["first", "last", "removed"].map(|key| exposure[key]["commit"].as_str().unwrap_or_default());
        assert_eq!(commits, [&*first, &*last, &*removed]);
        assert_eq!(exposure["first"]["author"], "T <t@example.invalid>");
        assert_eq!(exposure["first"]["time"], 1_704_888_000);
        assert_eq!(exposure["days"], 60);
        assert_eq!(
            (&exposure["danger"], &exposure["in_head"], &exposure["pushed"]),
            (&"reachable".into(), &false.into(), &false.into())
        );
        assert_eq!((names(exposure), &exposure["ref_count"]), (vec!["refs/heads/main"], &1.into()));
        if !packed {
            folder.git(&["gc", "-q", "--prune=now"]);
        }
    }
    let expected = format!(
        " exposed  60 days: from 2024-01-10 until {} removed it on 2024-03-10; on no remote\n    refs  main\n",
        &removed[..12]
    );
    folder.run(&["scan", "--history", "."]).says(1, &[&expected]);
}

#[test]
fn refs_are_told_in_order_and_say_whether_it_was_pushed() {
    let folder = repository();
    folder.write("a", github(1));
    commit(&folder, "2024-01-10");
    folder.git(&["branch", "aside"]);
    folder.git(&["tag", "v1"]);
    folder.git(&["tag", "-a", "v2", "-m", "two"]);
    folder.git(&["update-ref", "refs/custom/x", "HEAD"]);
    folder.git(&["notes", "add", "-m", "a note"]);
    folder.git(&["clone", "-q", "--bare", ".", "origin.git"]);
    let report = folder.scan(&["--history", "."]);
    let expected = ["refs/heads/main", "refs/heads/aside", "refs/tags/v1", "refs/tags/v2", "refs/custom/x"];
    assert_eq!(names(exposure(&report)), expected);
    assert_eq!((&exposure(&report)["pushed"], &exposure(&report)["danger"]), (&false.into(), &"in-head".into()));
    folder.git(&["remote", "add", "origin", "origin.git"]);
    folder.git(&["fetch", "-q", "origin"]);
    folder.write("b", "x");
    folder.git(&["add", "b"]);
    folder.git(&["stash", "-q"]);
    folder.git(&["checkout", "-q", "--detach"]);
    let report = folder.scan(&["--history", "."]);
    let exposure = exposure(&report);
    let expected = [
        "HEAD",
        "refs/heads/aside",
        "refs/heads/main",
        "refs/remotes/origin/aside",
        "refs/remotes/origin/main",
        "refs/tags/v1",
        "refs/tags/v2",
        "refs/stash",
        "refs/custom/x",
    ];
    assert_eq!((names(exposure), &exposure["pushed"]), (expected.to_vec(), &true.into()));
    assert!(exposure.get("removed").is_none());
    // More refs than are named.
    for n in 0..20 {
        folder.git(&["branch", &format!("n{n}")]);
    }
    let report = folder.scan(&["--history", "."]);
    let exposure = self::exposure(&report);
    assert_eq!((names(exposure).len(), &exposure["ref_count"]), (10, &29.into()));
    let says = ["still in HEAD; on a remote", "refs  HEAD, aside, main, n0, n1 and 24 more"];
    folder.run(&["scan", "--history", "."]).says(1, &says);
}

#[test]
fn a_blob_has_all_its_paths() {
    let folder = repository();
    folder.write("d/e/a", github(1));
    commit(&folder, "2024-01-10");
    folder.shell("git mv d f; cp f/e/a copy");
    commit(&folder, "2024-01-11");
    folder.shell("git rm -q copy");
    commit(&folder, "2024-01-12");
    let report = folder.scan(&["--history", "."]);
    let commit = &report.findings[0]["commit"];
    assert_eq!((&commit["paths"], &commit["path_count"]), (&serde_json::json!(["copy", "d/e/a", "f/e/a"]), &3.into()));
    assert_eq!((&commit["in_head"], &commit["head_path"]), (&true.into(), &"f/e/a".into()));
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn what_only_reflogs_reach_says_so() {
    let folder = repository();
    folder.write("a", github(1));
    let lost = commit(&folder, "2024-01-10");
    folder.write("a", "clean");
    folder.shell(&format!("git add -A; {WHO} commit -q --amend -m clean")).says(0, &[]);
    let report = folder.scan(&["--history", "."]);
    let exposure = exposure(&report);
    assert_eq!(
        (&exposure["danger"], &exposure["ref_count"], &exposure["days"]),
        (&"unreachable".into(), &0.into(), &Value::Null)
    );
    assert_eq!(exposure["reflogs"], serde_json::json!(["HEAD@{1}"]));
    assert_eq!(exposure["first"]["commit"], *lost);
    folder.run(&["scan", "--history", "."]).says(1, &["no ref reaches it", "refs  reflog HEAD@{1}"]);
    folder.shell("rm -r .git/logs");
    let report = folder.scan(&["--history", "."]);
    let exposure = self::exposure(&report);
    assert!(exposure.get("reflogs").is_none());
    assert_eq!(exposure["first"]["commit"], *lost);
    folder.run(&["scan", "--history", "."]).says(1, &["exposed  from 2024-01-10", "no ref reaches it"]);
}

#[test]
fn messages_count_by_their_commit_or_tag() {
    let folder = repository();
    let first = commit(&folder, "2024-01-10");
    let date = "GIT_COMMITTER_DATE=2024-02-01T12:00:00Z";
    folder.shell(&format!("{date} {WHO} commit -q --allow-empty -m 'oops {}'", github(1))).says(0, &[]);
    folder.git(&["branch", "side"]);
    let report = folder.scan(&["--history", "."]);
    assert_eq!(
        (names(exposure(&report)), &exposure(&report)["in_head"]),
        (vec!["refs/heads/main", "refs/heads/side"], &true.into())
    );
    folder.git(&["reset", "-q", "--hard", &first]);
    folder.shell(&format!("git checkout -q side; {WHO} commit -q --allow-empty -m later; git checkout -q main"));
    let report = folder.scan(&["--history", "."]);
    let exposure = exposure(&report);
    assert_eq!((names(exposure), &exposure["in_head"]), (vec!["refs/heads/side"], &false.into()));
    assert!(exposure.get("removed").is_none() && exposure["days"].as_u64().unwrap() > 300, "{exposure}");

    let folder = repository();
    commit(&folder, "2024-01-10");
    folder.git(&["tag", "-a", "v1", "-m", &format!("release {}", github(2))]);
    folder.git(&["tag", "-a", "again", "-m", "a tag of a tag", "v1"]);
    let report = folder.scan(&["--history", "."]);
    let exposure = self::exposure(&report);
    assert_eq!(names(exposure), ["refs/tags/again", "refs/tags/v1"]);
    assert_eq!((&exposure["in_head"], &exposure["first"]["author"]), (&false.into(), &"T <t@example.invalid>".into()));
}

#[test]
fn clocks_that_cannot_be_right_give_no_number() {
    let check = |first: &str, removed: &str, expected: Option<u64>| {
        let folder = repository();
        folder.write("a", github(1));
        commit(&folder, first);
        folder.write("a", "clean");
        commit(&folder, removed);
        let report = folder.scan(&["--history", "."]);
        assert_eq!(exposure(&report)["days"].as_u64(), expected, "{first} {removed}");
        let says = if expected.is_none() { "exposed  for an unknown time: from" } else { "exposed" };
        folder.run(&["scan", "--history", "."]).says(1, &[says]);
    };
    check("2024-01-10", "2024-01-12", Some(2));
    check("1970-01-02", "2024-01-12", None);
    check("2024-01-10", "2099-12-01", None);
    check("2024-01-10", "2024-01-01", None);
}

#[test]
fn a_secret_with_more_places_than_are_kept_is_still_in_head() {
    let folder = repository();
    let script = format!(
        "for n in $(seq 1 1200); do echo commit refs/heads/main; echo \"committer T <t@e.invalid> $((1700000000 + n)) +0000\"; \
         printf 'data 2\\nx\\n'; echo M 100644 inline a; b=\"$n {}\"; echo data $((${{#b}} + 1)); echo \"$b\"; done | git fast-import --quiet",
        github(1)
    );
    folder.shell(&script).says(0, &[]);
    let report = folder.scan(&["--history", "."]);
    assert_eq!(report.findings.len(), 1000);
    let exposure = exposure(&report);
    assert_eq!((&exposure["danger"], &exposure["in_head"]), (&"in-head".into(), &true.into()));
    folder.shell(&format!("git reset -q --hard; echo clean > a; {WHO} commit -q -am clean")).says(0, &[]);
    assert_eq!(self::exposure(&folder.scan(&["--history", "."]))["danger"], "reachable");
}

#[test]
fn the_nearest_danger_comes_first() {
    let folder = repository();
    folder.write("reachable", github(1));
    commit(&folder, "2024-01-10");
    folder.write("pushed", github(2));
    folder.shell("rm reachable");
    let pushed = commit(&folder, "2024-01-11");
    folder.shell("rm pushed");
    folder.write("lost", github(3));
    folder.git(&["hash-object", "-w", "lost"]);
    folder.shell("rm lost");
    folder.write("newer", github(4));
    commit(&folder, "2024-01-12");
    folder.shell("rm newer");
    folder.write("here", github(5));
    commit(&folder, "2024-01-13");
    let order = |folder: &Folder| -> Vec<String> {
        let outcome = folder.run(&["scan", "--history", "-f", "json", "."]);
        let report: Value = serde_json::from_str(&outcome.out).unwrap();
        let path = |f: &Value| f["occurrences"][0]["commit"]["paths"][0].as_str().unwrap_or("lost").to_owned();
        report["findings"].as_array().unwrap().iter().map(path).collect()
    };
    assert_eq!(order(&folder), ["here", "newer", "pushed", "reachable", "lost"]);
    // Both are on the way to what was pushed.
    folder.git(&["update-ref", "refs/remotes/origin/main", &pushed]);
    assert_eq!(order(&folder), ["here", "pushed", "reachable", "newer", "lost"]);
}

#[test]
fn archives_in_history_count_by_the_blob_that_holds_them() {
    let folder = repository();
    folder.write("in.txt", github(1));
    folder.shell("tar czf a.tgz in.txt; rm in.txt");
    let first = commit(&folder, "2024-01-10");
    folder.shell("git rm -q a.tgz");
    commit(&folder, "2024-01-20");
    let report = folder.scan(&["--history", "."]);
    assert_eq!((&exposure(&report)["days"], &exposure(&report)["first"]["commit"]), (&10.into(), &(*first).into()));
}

#[test]
fn a_secret_of_two_repositories_is_as_near_as_in_the_nearer_one() {
    let folder = Folder::new();
    folder.git(&["init", "-q", "one"]);
    folder.git(&["init", "-q", "two"]);
    for (name, day) in [("one", "2024-01-10"), ("two", "2024-01-20")] {
        let date = format!("{day}T12:00:00Z");
        let script = format!(
            "cd {name}; export GIT_COMMITTER_DATE={date}; echo {} > a; git add a; {WHO} commit -q -m a; git rev-parse HEAD",
            github(1)
        );
        folder.shell(&script).says(0, &[]);
    }
    folder.shell(&format!("cd one; git rm -q a; GIT_COMMITTER_DATE=2024-01-11T12:00:00Z {WHO} commit -q -m b")).says(0, &[]);
    let report = folder.scan(&["--history", "one", "two"]);
    let exposure = exposure(&report);
    assert_eq!((report.findings.len(), &exposure["danger"], &exposure["ref_count"]), (2, &"in-head".into(), &2.into()));
    assert_eq!((&exposure["first"]["time"], &exposure["last"]["time"]), (&1_704_888_000.into(), &1_705_752_000.into()));
    assert!(exposure["days"].as_u64().unwrap() > 300);
}

#[test]
fn code_scanning_is_told_what_is_there_and_what_was() {
    let folder = repository();
    folder.write("old/here.txt", format!("x\ny {}\n", github(1)));
    folder.write("gone.txt", github(2));
    let first = commit(&folder, "2024-01-10");
    folder.shell("git mv old new; git rm -q gone.txt");
    folder.shell(&format!("{WHO} commit -q -m 'oops {}'", github(3))).says(0, &[]);
    let log =
        |args: &[&str]| -> Value { serde_json::from_str(&folder.run(&[&["scan", "-f", "sarif"], args].concat()).out).unwrap() };
    let told = |run: &Value| -> Vec<String> {
        let place = |r: &Value| {
            let place = &r["locations"][0]["physicalLocation"];
            format!("{}:{}", place["artifactLocation"]["uri"].as_str().unwrap(), place["region"]["startLine"])
        };
        run["results"].as_array().unwrap().iter().map(place).collect()
    };
    let strs = |told: &[String]| -> Vec<&'static str> { told.iter().map(|s| &*s.clone().leak()).collect() };
    folder.run(&["init", "."]);
    for args in [["--history", "."], ["--history", "new"]] {
        let history = log(&args);
        let [now, then] = [0, 1].map(|n| &history["runs"][n]);
        assert_eq!(
            (strs(&told(now)), strs(&told(then))),
            (vec!["new/here.txt:2"], vec![".git:1", "gone.txt:1", ".git/logs/HEAD:2", ".git/logs/refs/heads/main:2"])
        );
        assert_eq!(now["automationDetails"]["id"], "stanch/");
        assert_eq!(then["automationDetails"]["id"], "stanch/history/");
        assert_eq!(then["results"][1]["properties"]["commit"], *first);
        assert!(then["results"][1]["message"]["text"].as_str().unwrap().contains(&first));
        // The same alert as that of a scan of the files.
        let files = log(&["new"]);
        let hash = |run: &Value| run["results"][0]["partialFingerprints"].clone();
        assert_eq!(hash(now), hash(&files["runs"][0]));
    }
    folder.git(&["clone", "-q", "--bare", ".", "bare.git"]);
    let bare = log(&["--history", "bare.git"]);
    assert_eq!(told(&bare["runs"][0]), ["new/here.txt:2"]);
    assert_eq!(told(&bare["runs"][1]), [".git:1", "gone.txt:1"]);
}

#[test]
fn a_repository_that_goes_in_circles_is_read() {
    let folder = repository();
    folder.write("d/a", github(1));
    commit(&folder, "2024-01-10");
    // A tree under a name that it holds itself, and a commit that is its own parent: hashes are not checked.
    let script = r#"
import os, subprocess, zlib
def git(*args): return subprocess.run(["git", *args], capture_output=True, check=True, text=True).stdout.strip()
def put(name, kind, data):
    path = f".git/objects/{name[:2]}/{name[2:]}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "wb").write(zlib.compress(kind + b" %d\0" % len(data) + data))
tree, commit = "ab" * 20, "cd" * 20
blob = bytes.fromhex(git("rev-parse", "HEAD:d/a"))
put(tree, b"tree", b"100644 a\0" + blob + b"40000 b\0" + bytes.fromhex(tree) + b"40000 c\0" + bytes.fromhex(tree))
who = "T <t> 1 +0000"
put(commit, b"commit", f"tree {tree}\nparent {commit}\nauthor {who}\ncommitter {who}\n\nx\n".encode())
open(".git/refs/heads/circle", "w").write(commit + "\n")
"#;
    folder.write("make.py", script);
    folder.shell("python3 make.py; rm make.py").says(0, &[]);
    let report = folder.scan(&["--history", "."]);
    assert_eq!(report.findings.len(), 1, "{:?} {}", report.places(), report.err);
    assert!(!report.err.contains("panicked"), "{}", report.err);
}

#[test]
fn the_exposure_in_the_readme_is_what_the_program_prints() {
    let folder = repository();
    folder.write("src/config.py", github(1));
    commit(&folder, "2024-01-10");
    folder.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    folder.git(&["tag", "v1"]);
    folder.write("src/config.py", "clean");
    commit(&folder, "2024-03-10");
    let is_id = |word: &&str| word.len() == 12 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let lines = |text: &str| -> Vec<String> {
        let wanted = text.lines().skip_while(|line| !line.starts_with("  commit  ")).take(3);
        wanted
            .map(|line| line.split(' ').map(|word| if is_id(&word) { "ID" } else { word }).collect::<Vec<_>>().join(" "))
            .collect()
    };
    let readme = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let printed = folder.run(&["scan", "--history", "."]).out.replace("T <t@example.invalid>", "A U Thor <a@example.com>");
    assert_eq!(lines(&readme), lines(&printed));
}

/// The same by asking git about every commit and every ref, in a repository that branches and merges at random.
#[test]
fn git_itself_says_the_same() {
    for object_format in ["sha1", "sha256"] {
        let folder = Folder::new();
        folder.git(&["init", "-q", &format!("--object-format={object_format}")]);
        grow(&folder);
        let report = folder.scan(&["--history", "."]);
        let mut checked = BTreeSet::new();
        for finding in &report.findings {
            let blob = finding["commit"]["id"].as_str().unwrap();
            let path = finding["commit"]["paths"][0].as_str().unwrap();
            if !checked.insert(finding["fingerprint"].as_str().unwrap()) {
                continue;
            }
            // Every secret here stands in one blob.
            let script = format!(
                "path=$(git ls-tree -r {blob} | sed -n \"s/^[0-9]* blob \\([0-9a-f]*\\)\\t{}$/\\1/p\"); \
                 for c in $(git rev-list --all); do if git ls-tree -r $c | grep -q $path; then echo $c; fi; done",
                path.replace('/', "\\/"),
            );
            let holding: BTreeSet<String> = folder.shell(&script).out.lines().map(str::to_owned).collect();
            let mut refs = BTreeSet::new();
            for commit in &holding {
                let out = folder.shell(&format!("git for-each-ref --contains {commit} --format='%(refname)'")).out;
                refs.extend(out.lines().map(str::to_owned));
            }
            let exposure = &finding["exposure"];
            let told: BTreeSet<&str> = names(exposure).into_iter().collect();
            assert_eq!(told, refs.iter().map(String::as_str).collect(), "{path}");
            for end in ["first", "last"] {
                assert!(holding.contains(exposure[end]["commit"].as_str().unwrap()), "{path} {end}");
            }
            let head = folder.shell("git rev-parse HEAD").out;
            assert_eq!(exposure["in_head"], holding.contains(head.trim()), "{path}");
            assert_eq!(exposure["pushed"], refs.iter().any(|name| name.starts_with("refs/remotes/")), "{path}");
        }
        assert!(checked.len() > 12, "{}", checked.len());
    }
}

/// Forty commits: some add a secret, some take one away, some branch, some merge.
fn grow(folder: &Folder) {
    let mut state = 7_u64;
    let mut random = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut script = String::from("export GIT_COMMITTER_DATE GIT_AUTHOR_DATE; touch z; git add z\n");
    for n in 0..40 {
        let day = format!("2024-01-{:02}T{:02}:00:00Z", 1 + n / 2, n % 24);
        script += &format!("GIT_COMMITTER_DATE={day}; GIT_AUTHOR_DATE={day}\n");
        match random(5) {
            0 | 1 => script += &format!("mkdir -p d{0}; echo {1} > d{0}/s{n}; git add -A\n", n % 3, github(n)),
            2 => script += "f=$(git ls-files 'd*' | head -1); [ -z \"$f\" ] || git rm -q $f\n",
            3 if n > 0 => script += &format!("git checkout -q -b b{n}; echo {n} > z; git add z\n"),
            _ if n > 0 => {
                script += "t=$(git branch --format='%(refname:short)' | sed -n 1p); \
                           git -c user.name=T -c user.email=t@e.invalid merge -q -X ours -m merge $t >&2 || git merge --abort || true\n";
            }
            _ => {}
        }
        script += &format!("{WHO} commit -q --allow-empty -m {n}\n");
    }
    script += "git update-ref refs/remotes/origin/x $(git rev-parse HEAD~5); git checkout -q $(git branch --format='%(refname:short)' | sed -n 2p)\n";
    folder.shell(&script).says(0, &[]);
}
