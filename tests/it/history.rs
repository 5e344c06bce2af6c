//! `stanch scan --history`: real git makes the repositories.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::canary::github;
use crate::run::{Folder, Report};

/// A repository with one commit.
fn repository(object_format: &str) -> Folder {
    let folder = Folder::new();
    folder.git(&["init", "-q", &format!("--object-format={object_format}")]);
    folder.write("README", "nothing\n");
    commit(&folder, "begin");
    folder
}

fn commit(folder: &Folder, message: &str) {
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", message]);
}

/// A rule for files in folders called `etc`.
const IN_ETC: &str = "provider = 'A'\nurl = 'https://a.example'\nfix = 'f'\n[[rule]]\nid = 'acme-token'\nabout = 'a'\ncategory = 'saas'\nseverity = \
    'high'\nconfidence = 'high'\ntoken = '\"acme_\" base62{24}'\npaths = { only = ['etc/*.conf'] }\nexamples = \
    ['acme_·K7fQ2mZx9LpR4vTb6WnY8cHd', 'acme_·9LpR4vTb6WnY8cHdK7fQ2mZx']\ncounterexamples = ['acme_·short', 'acme_·shorter']\n";

fn rev(folder: &Folder, name: &str) -> String {
    folder.shell(&format!("git rev-parse {name}")).out.trim().to_owned()
}

#[test]
fn what_was_deleted_is_found_with_its_commit() {
    for object_format in ["sha1", "sha256"] {
        let folder = repository(object_format);
        folder.write("conf/a.txt", format!("x\ntoken = {}\n", github(1)));
        folder.write("b.txt", format!("{}\n", github(2)));
        commit(&folder, "add");
        let added = rev(&folder, "HEAD");
        std::fs::remove_file(folder.path("conf/a.txt")).unwrap();
        commit(&folder, "remove");
        let expected = [format!("{}:b.txt:1:1 github-pat", &added[..12]), format!("{}:conf/a.txt:2:9 github-pat", &added[..12])];
        let check = |folder: &Folder| {
            let report = folder.scan(&["--history", "."]);
            assert_eq!(report.places(), expected, "{}", report.err);
            assert_eq!((report.code, report.issues().len()), (1, 0));
            let head: Vec<_> = report.findings.iter().map(|f| f["commit"]["in_head"].as_bool()).collect();
            assert_eq!(head, [Some(true), Some(false)]);
            let commit = &report.findings[1]["commit"];
            assert_eq!((commit["id"].as_str(), commit["author"].as_str()), (Some(&*added), Some("T <t@example.invalid>")));
            assert!(commit["time"].as_i64().is_some_and(|t| t > 1_700_000_000));
        };
        check(&folder);
        folder.git(&["gc", "-q", "--prune=now"]);
        check(&folder);
        folder.git(&["clone", "-q", "--bare", ".", "bare.git"]);
        let report = folder.scan(&["--history", "bare.git"]);
        assert_eq!(report.places(), expected.each_ref().map(|place| format!("bare.git@{place}")));
        folder
            .run(&["scan", "--history", "."])
            .says(1, &[&format!("  commit  {} of 20", &added[..12]), "; not in HEAD", "git objects"]);
    }
}

#[test]
fn a_dry_run_scans_nothing_and_says_so() {
    let folder = repository("sha1");
    folder.write("a", github(1));
    commit(&folder, "add");
    let report = folder.scan(&["--history", "--dry-run", "."]);
    assert_eq!((report.code, report.findings.len()), (3, 0));
    assert_eq!(report.issues(), ["gap git-objects .: a dry run: its objects were read, and nothing was scanned"]);
}

#[test]
fn what_the_log_does_not_show_is_found() {
    let folder = repository("sha1");
    folder.git(&["checkout", "-q", "-b", "side"]);
    folder.write("side", "side\n");
    commit(&folder, "side");
    folder.git(&["checkout", "-q", "main"]);
    folder.write("main", "main\n");
    commit(&folder, &format!("main, by accident with {}", github(1)));
    // A merge that brings in what neither side had.
    folder.git(&["merge", "-q", "--no-commit", "--no-ff", "side"]);
    folder.write("evil", github(2));
    commit(&folder, "merge");
    folder.write("evil", "gone");
    commit(&folder, "gone");
    // Stashed, in a tag's message, binary, amended away, and never committed at all.
    folder.write("README", github(3));
    folder.git(&["stash", "-q"]);
    folder.git(&["tag", "-a", "v1", "-m", &format!("release {}", github(4))]);
    folder.write("image.bin", format!("\0\u{1}\0{}\0", github(5)));
    folder.write("amended", github(6));
    commit(&folder, "to be amended");
    folder.write("amended", "clean");
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "--amend", "-m", "amended"]);
    folder.write("loose", github(7));
    folder.git(&["hash-object", "-w", "loose"]);
    let lost = rev(&folder, "HEAD:README");
    assert_eq!(lost.len(), 40);
    let report = folder.scan(&["--history", "."]);
    // The commit's message stands in two reflogs too.
    let (logs, objects): (Vec<_>, Vec<_>) =
        report.findings.iter().partition(|f| f["place"].as_str().is_some_and(|place| place.starts_with(".git/logs/")));
    assert_eq!((report.code, objects.len(), logs.len(), report.issues().len()), (1, 7, 2, 1), "{:?}", report.places());
    assert!(report.issues()[0].contains("1 blob stands in no tree"), "{:?}", report.issues());
    let without = objects.iter().filter(|f| f.get("commit").is_none()).count();
    // The tag's message and the blob that was never committed.
    assert_eq!(without, 2, "{:?}", report.places());
    let evil = report.places().into_iter().find(|p| p.contains(":evil:")).unwrap();
    assert!(evil.starts_with(&rev(&folder, "HEAD~2")[..12]), "{evil}");
}

#[test]
fn every_blob_of_a_packed_history_is_scanned_in_full() {
    let folder = repository("sha1");
    // A long file that changes in many places, so that git packs it as chains of deltas.
    let mut lines: Vec<String> = (0..400).map(|n| format!("line {n} of a file that is long enough for deltas to pay")).collect();
    for version in 0..60_u64 {
        let at = (version * 37 % 400) as usize;
        lines[at] = if version % 3 == 0 { format!("key = {}", github(version)) } else { format!("changed in {version}") };
        folder.write("long.txt", lines.join("\n"));
        commit(&folder, "change");
    }
    folder.git(&["repack", "-q", "-a", "-d", "-f", "--depth=50", "--window=20"]);
    let depth = folder.shell("git verify-pack -v .git/objects/pack/*.idx | grep -c 'chain length'").out;
    assert!(depth.trim().parse::<u32>().unwrap() > 5, "{depth}");
    // The naive way: each blob on its own.
    folder.shell("mkdir blobs; git cat-file --batch-all-objects --batch-check='%(objecttype) %(objectname)' | sed -n 's/^blob //p' | while read id; do git cat-file blob $id > blobs/$id; done").says(0, &[]);
    let spots = |findings: &[Value]| -> BTreeSet<(u64, u64, u64)> {
        findings.iter().map(|f| ["line", "column", "offset"].map(|k| f[k].as_u64().unwrap())).map(|[a, b, c]| (a, b, c)).collect()
    };
    let naive = folder.scan(&["--no-ignore", "blobs"]);
    let history = folder.scan(&["--history", "."]);
    assert!(naive.findings.len() > 500, "{}", naive.findings.len());
    assert_eq!(history.findings.len(), naive.findings.len());
    assert_eq!(spots(&history.findings), spots(&naive.findings));
    assert_eq!(history.summary["findings"], naive.summary["findings"]);
}

#[test]
fn archives_and_conditions_on_paths_hold_in_history() {
    let folder = repository("sha1");
    folder.write("in.txt", github(1));
    folder.shell("tar czf a.tgz in.txt; rm in.txt");
    folder.write("etc/x.conf", "acme_K7fQ2mZx9LpR4vTb6WnY8cHd\n");
    folder.write("x.conf", "acme_9LpR4vTb6WnY8cHdK7fQ2mZx\n");
    commit(&folder, "add");
    let id = &rev(&folder, "HEAD")[..12];
    folder.write("rule.toml", IN_ETC);
    let report = folder.scan(&["--history", "--rules", "rule.toml", "."]);
    assert_eq!(report.places(), [format!("{id}:a.tgz!in.txt:1:1 github-pat"), format!("{id}:etc/x.conf:1:1 acme-token")]);
}

/// A file may be harmless by its first name and a secret by a later one.
#[test]
fn every_name_of_a_file_that_means_something_else_counts() {
    let folder = repository("sha1");
    folder.write("rule.toml", IN_ETC.replace("etc/*", "etc/**/*"));
    folder.write("docs/deep/a.conf", "acme_K7fQ2mZx9LpR4vTb6WnY8cHd\n");
    let cell = format!("{{\"cell_type\":\"code\",\"source\":[\"token = '{}'\"]}}", github(2));
    folder.write("b.json", format!("{{\"nbformat\":4,\"metadata\":{{}},\"cells\":[{cell}]}}\n"));
    commit(&folder, "harmless");
    folder.shell("git mv docs etc");
    commit(&folder, "a folder moves");
    let moved = rev(&folder, "HEAD")[..12].to_owned();
    folder.shell("git mv b.json b.ipynb");
    commit(&folder, "a notebook");
    let notebook = rev(&folder, "HEAD")[..12].to_owned();
    folder.git(&["rm", "-rq", "etc"]);
    commit(&folder, "gone");
    folder.git(&["gc", "-q"]);
    let with = ["--history", "--rules", "rule.toml", "."];
    for _ in 0..3 {
        let report = folder.scan(&with);
        let places = report.places();
        assert!(places.contains(&format!("{moved}:etc/deep/a.conf:1:1 acme-token")), "{places:?}");
        assert!(places.iter().any(|p| p.starts_with(&format!("{notebook}:b.ipynb#"))), "{places:?}");
        let found = report.findings.iter().find(|f| f["rule"] == "acme-token").unwrap();
        assert_eq!(found["commit"]["in_head"], false, "{found}");
        folder.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
    }
    assert_eq!(folder.scan(&[&with[..], &["--max-commits", "1"]].concat()).findings.len(), 0);
}

/// A tree that has itself below it many times over has more paths than anybody can look at.
#[test]
fn more_paths_than_can_be_looked_at_are_told() {
    let folder = repository("sha1");
    folder.write("x", "plain\n");
    let blob = folder.shell("git hash-object -w x").out;
    let script = "t=$(printf '100644 blob %s\tf\n' \"$1\" | git mktree)
        for depth in 1 2 3 4 5 6 7 8 9; do
            t=$(for name in a b c d e f g h i j; do printf '040000 tree %s\t%s\n' $t $name; done | git mktree)
        done
        git update-ref refs/heads/bomb $(git -c user.name=T -c user.email=t@example.invalid commit-tree -m bomb $t)";
    folder.shell(&script.replace("\"$1\"", blob.trim())).says(0, &[]);
    let report = folder.scan(&["--history", "."]);
    assert_eq!(report.code, 3);
    assert!(report.issues().iter().any(|issue| issue.contains("more paths than")), "{:?}", report.issues());
}

#[test]
fn what_cannot_be_read_is_a_gap() {
    let folder = repository("sha1");
    folder.write("a", "more\n");
    commit(&folder, "more");
    folder.shell("git clone -q --depth 1 file://$PWD shallow").says(0, &[]);
    folder.run(&["scan", "--history", "shallow"]).says(3, &["a shallow clone", "git fetch --unshallow"]);
    folder.shell("git clone -q --shared . shared").says(0, &[]);
    folder.run(&["scan", "--history", "shared"]).says(3, &["objects/info/alternates"]);
    folder.git(&["gc", "-q"]);
    folder.shell("cp -r .git broken.git; chmod -R u+w broken.git; p=$(echo broken.git/objects/pack/*.pack); head -c 200 $p > t; cat t > $p").says(0, &[]);
    let outcome = folder.run(&["scan", "--history", "broken.git"]);
    outcome.says(3, &["of a pack cannot be read"]);
    assert!(!outcome.err.contains("panicked"), "{}", outcome.err);
    folder.run(&["scan", "--history", "a"]).says(2, &["a is no git repository"]);
    folder.write("deep/b", github(3));
    commit(&folder, "deep");
    let place = format!("{}:deep/b:1:1 github-pat", &rev(&folder, "HEAD")[..12]);
    assert_eq!(folder.scan(&["--history", "deep"]).places(), [place]);
    folder.write("none/x", "");
    folder.shell("rm -rf .git");
    folder.run(&["scan", "--history", "none"]).says(2, &["none is no git repository", "hint: "]);
}

#[test]
fn one_great_tree_of_versions_is_told_the_same_by_any_number_of_threads() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    // Versions of one file in two lines, so that many are made from the same one.
    let filler: String = (0..60).map(|n| format!("line {}\n", n * 7919)).collect();
    let mut stream = String::new();
    let mut tokens = 0;
    for version in 0..1500_u64 {
        let token = if version % 50 == 7 { github(version) } else { format!("none {version}") };
        tokens += usize::from(version % 50 == 7);
        let content = format!("{filler}{token}\nside {}\n", version % 3);
        let branch = version % 3;
        stream += &format!("commit refs/heads/b{branch}\ncommitter T <t@example.invalid> {} +0000\n", 1_700_000_000 + version);
        stream += &format!("data 1\nx\nM 100644 inline f\ndata {}\n{content}\n", content.len());
    }
    folder.write("stream", stream);
    folder.shell("git fast-import --quiet < stream && git repack -qadf --window=20 --depth=200");
    let told = |jobs: &str| {
        let report = folder.scan(&["--history", "--no-cache", "-j", jobs, "."]);
        assert_eq!((report.code, report.findings.len()), (1, tokens), "{}", report.err);
        (report.places(), report.summary["coverage"].clone())
    };
    let one = told("1");
    assert_eq!(told("2"), one);
    assert_eq!(told("8"), one);
}

#[test]
fn what_was_found_is_hidden_in_names_too() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.run(&["init"]).says(0, &[]);
    folder.shell("mv stanch.toml ..");
    let (a, b) = (github(1), github(2));
    folder.write(format!("d-{a}/f"), format!("in={b}\n"));
    folder.git(&["add", "-A"]);
    folder
        .shell(&format!("git -c user.name='N {b}' -c user.email=t@example.invalid commit -qm 'm {b}'; git tag t-{a}"))
        .says(0, &[]);
    let range = format!("--range={}..HEAD", "0".repeat(40));
    let runs = [("human", "--history"), ("json", "--history"), ("jsonl", "--history"), ("sarif", "--history"), ("jsonl", &range)];
    for (format, what) in runs {
        let told = folder.run(&["scan", what, ".", "-f", format, "--config", "../stanch.toml"]);
        assert!(!told.out.contains(&a) && !told.out.contains(&b) && !told.err.contains(&a), "{format}: {}", told.out);
        assert!(told.out.contains("d-********/f"), "{format}: {}", told.out);
    }
    let shown = folder.run(&["scan", "--history", ".", "--show-secrets", "-f", "jsonl"]);
    assert!(shown.out.contains(&format!("d-{a}/f")));
    let report = folder.scan(&["--history", "--config", "../stanch.toml", "."]);
    let prints: Vec<&str> = report.findings.iter().map(|f| f["fingerprint"].as_str().unwrap()).collect();
    let alive = folder.run(&["history", "rewrite-plan", "--config", "../stanch.toml"]);
    let dead = folder.run(&["history", "rewrite-plan", "--config", "../stanch.toml", "--assume-dead", &prints.join(",")]);
    for told in [alive, dead] {
        assert!(
            !told.out.contains(&a) && !told.err.contains(&a) && !told.out.contains(&b) && !told.err.contains(&b),
            "{}{}",
            told.out,
            told.err
        );
    }
}

#[test]
fn heads_of_other_work_trees_reach_what_they_hold() {
    let folder = repository("sha1");
    folder.shell("git worktree add -q --detach ../other");
    let git = "git -c user.name=T -c user.email=t@example.invalid";
    folder.shell(&format!("cd ../other; echo t={} > s; git add s; {git} commit -qm s", github(1))).says(0, &[]);
    let report = folder.scan(&["--history", "."]);
    assert_eq!(report.findings[0]["exposure"]["danger"], "reachable");
    assert_eq!(report.findings[0]["exposure"]["refs"][0], "worktrees/other/HEAD");
    assert_eq!(folder.scan(&["--history", "--reachable-only", "."]).places().len(), 1);
    // From there, the other one is the first.
    folder.git(&["checkout", "-q", "--detach"]);
    folder.write("m", github(2));
    commit(&folder, "m");
    let report = Report::of(&folder.shell("cd ../other; $STANCH scan --history -f jsonl ."));
    assert!(report.findings.iter().all(|f| f["exposure"]["danger"] != "unreachable"), "{:?}", report.findings);
}

#[test]
fn a_pipe_in_the_place_of_a_file_of_git_is_not_waited_for() {
    let folder = Folder::new();
    folder.write("sub/a", "nothing\n");
    folder.shell("mkfifo sub/.git .gitignore");
    for (args, code) in [(&["scan", "."][..], 0), (&["scan", "--history", "sub"], 2), (&["scan", "--staged", "sub"], 2)] {
        let words: Vec<String> = args.iter().map(|word| format!("'{word}'")).collect();
        folder.shell(&format!("timeout 20 $STANCH {}", words.join(" "))).says(code, &[]);
    }
    for name in ["HEAD", "config", "packed-refs", "index", "shallow"] {
        let folder = repository("sha1");
        folder.shell(&format!("rm -f .git/{name}; mkfifo .git/{name}"));
        for option in ["--history", "--staged", "--worktree"] {
            let done = folder.shell(&format!("timeout 20 $STANCH scan {option} ."));
            assert!(matches!(done.code, 2 | 3), "{name} {option}: {} {}", done.code, done.err);
        }
        let done = folder.shell("timeout 20 $STANCH scan .");
        assert!(matches!(done.code, 0 | 3), "{name}: {} {}", done.code, done.err);
    }
}

#[test]
fn headers_of_commits_and_tags_are_scanned() {
    let folder = repository("sha1");
    let git = format!("git -c user.name='N {}' -c user.email=t@example.invalid", github(1));
    folder.shell(&format!("{git} commit -q --allow-empty -m x"));
    // The message of a signed tag stays in the merge.
    let token = github(2);
    folder.shell(&format!(
        "c=$(printf 'tree %s\\nparent %s\\nauthor T <t@e.invalid> 1700000000 +0000\\ncommitter T <t@e.invalid> 1700000000 +0000\\nmergetag object %s\\n type commit\\n \\n with {token}\\n\\nx\\n' \
         $(git rev-parse HEAD^{{tree}}) $(git rev-parse HEAD) $(git rev-parse HEAD) | git hash-object -t commit -w --stdin); git update-ref refs/heads/m $c",
    ))
    .says(0, &[]);
    let report = folder.scan(&["--history", "."]);
    assert_eq!(report.code, 1);
    // The author is the committer, too, and stands in the reflogs.
    let ends = |end: &str| report.places().iter().filter(|place| !place.contains("logs") && place.ends_with(end)).count();
    assert_eq!([":8:7 github-pat", ":3:10 github-pat", ":4:13 github-pat"].map(ends), [1; 3], "{:?}", report.places());
    let range = folder.scan(&["--range", &format!("{}..m", "0".repeat(40)), "."]);
    assert!(range.places().iter().any(|place| place.ends_with(":8:7 github-pat")), "{:?}", range.places());
}

/// Before the first commit, what was added has its name in the index.
#[test]
fn before_the_first_commit_blobs_are_called_by_the_index() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("conf/a.txt", format!("token = {}\n", github(71)));
    folder.write("b.conf", format!("token = {}\n", github(72)));
    folder.git(&["add", "conf/a.txt", "b.conf"]);
    let report = folder.scan(&["--history", "."]);
    assert_eq!(report.places(), [":b.conf:1:9 github-pat", ":conf/a.txt:1:9 github-pat"]);
    folder.run(&["detect"]).says(1, &[":conf/a.txt:1:9"]);
}
