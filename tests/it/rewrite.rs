//! `stanch history rewrite-plan`: what it plans, real git-filter-repo does.

use std::os::unix::fs::PermissionsExt;

use crate::canary::{github, pem};
use crate::run::{Folder, Outcome};

/// A repository in `repo`, with a project key that stands beside it.
fn repository() -> Folder {
    let folder = Folder::new();
    folder.run(&["init", "."]).says(0, &[]);
    folder.git(&["init", "-q", "repo"]);
    folder.write("repo/README", "nothing\n");
    commit(&folder, "begin");
    folder
}

fn commit(folder: &Folder, message: &str) {
    folder.git(&["-C", "repo", "add", "-A"]);
    folder.git(&["-C", "repo", "commit", "-q", "-m", message]);
}

fn scan(folder: &Folder, repository: &str, more: &[&str]) -> crate::run::Report {
    folder.scan(&[&["--history", repository, "--config", "stanch.toml"], more].concat())
}

fn plan(folder: &Folder, more: &[&str]) -> Outcome {
    folder.run(&[&["history", "rewrite-plan", "--repo", "repo", "--config", "stanch.toml"], more].concat())
}

/// Arguments that say of all secrets that they are dead.
fn all_dead(folder: &Folder, more: &[&str]) -> Vec<String> {
    let fingerprints = scan(folder, "repo", more).fingerprints();
    vec!["--assume-dead".to_owned(), fingerprints.join(",")]
}

const ODD: &str = "provider = 'A'\nurl = 'https://a.example'\nfix = 'f'\n[[rule]]\nid = 'odd-token'\nabout = 'a'\ncategory = \
                   'saas'\nseverity = 'high'\nconfidence = 'high'\ntoken = '\"regex:odd==>\" base62{24}'\nexamples = \
                   ['regex:odd==>·K7fQ2mZx9LpR4vTb6WnY8cHd', 'regex:odd==>·9LpR4vTb6WnY8cHdK7fQ2mZx']\ncounterexamples = \
                   ['regex:odd·short', 'regex:odd·shorter']\n";

#[test]
fn a_rewrite_by_the_plan_leaves_nothing_to_find() {
    let folder = repository();
    folder.write("rule.toml", ODD);
    let rule = ["--rules", "rule.toml"];
    folder.write("repo/deleted/a.env", format!("TOKEN={}\n", github(1)));
    folder.write("repo/key.pem", pem(1));
    folder.write("repo/windows.pem", pem(1).replace('\n', "\r\n"));
    folder.write("repo/odd", "x regex:odd==>K7fQ2mZx9LpR4vTb6WnY8cHd y\n");
    folder.write("repo/image.bin", format!("\0\u{1}\0{}\0", github(2)));
    folder.write("repo/in.txt", github(3));
    folder.shell("cd repo; tar czf a.tgz in.txt; rm in.txt");
    commit(&folder, "add");
    folder.shell("cd repo; git rm -q -r deleted key.pem image.bin a.tgz");
    commit(&folder, &format!("remove, and say {}", github(4)));
    folder.git(&["-C", "repo", "tag", "-a", "v1", "-m", &format!("release {}", github(5))]);
    folder.git(&["-C", "repo", "notes", "add", "-m", &format!("noted {}", github(6))]);
    folder.git(&["-C", "repo", "checkout", "-q", "-b", "side"]);
    folder.write("repo/side", format!("both {} and {}\n", github(7), github(1)));
    commit(&folder, "side");

    let before = scan(&folder, "repo", &rule);
    assert!(before.fingerprints().len() >= 9, "{:?}", before.places());
    let dead = all_dead(&folder, &rule);
    let dead: Vec<&str> = dead.iter().map(String::as_str).chain(rule).collect();
    let dry = plan(&folder, &dead);
    dry.says(0, &["Nothing was written", "refs/heads/side", "refs/notes/commits", "refs/tags/v1", "a.tgz, image.bin"]);
    let list = folder.home().join("list");
    assert!(!list.exists());
    let written = plan(&folder, &[&dead[..], &["--write", list.to_str().unwrap()]].concat());
    written.says(0, &["git filter-repo --replace-text", "still in HEAD", "refs/pull/*"]);
    let content = std::fs::read(&list).unwrap();
    for n in [1, 4, 7] {
        assert!(!written.out.contains(&github(n)) && !dry.out.contains(&github(n)));
        assert!(memchr::memmem::find(&content, github(n).as_bytes()).is_some());
    }
    assert_eq!(std::fs::metadata(&list).unwrap().permissions().mode() & 0o777, 0o600);

    // The commands as they are told, with a place for the URL.
    let commands: Vec<&str> = written.out.lines().filter_map(|line| line.strip_prefix("        ")).collect();
    let wanted = ["git clone", "git filter-repo", "git push"];
    let told = |start: &str| *commands.iter().find(|command| command.starts_with(start)).unwrap();
    let [clone, filter, push] = wanted.map(told);
    folder.git(&["clone", "-q", "--mirror", "repo", "server.git"]);
    let script =
        format!("URL=$PWD/server.git; {}; {filter} --quiet; {}", clone.replace("URL", "$URL"), push.replace("URL", "$URL"));
    folder.shell(&format!("export GIT_CONFIG_GLOBAL=/dev/null; {script}")).says(0, &[]);
    let after = scan(&folder, "rewrite.git", &rule);
    assert_eq!((after.code, after.places()), (0, vec![]), "{}", after.err);
    // git-filter-repo leaves replacements, from old ids to new ones.
    assert!(after.issues().iter().all(|issue| issue.starts_with("note ") && issue.contains("refs/replace")));
    // On the server the old objects are there until they are collected.
    assert!(!scan(&folder, "server.git", &rule).findings.is_empty());
    folder.shell("cd server.git; git reflog expire --expire=now --all; git gc -q --prune=now").says(0, &[]);
    assert_eq!(scan(&folder, "server.git", &rule).places(), Vec::<String>::new());
    folder.shell("git -C rewrite.git show side:side").says(0, &["both ***REMOVED*** and ***REMOVED***"]);
    folder.shell("git -C rewrite.git show side:odd").says(0, &["x ***REMOVED*** y"]);
}

#[test]
fn there_is_no_plan_while_a_secret_may_be_alive() {
    let folder = repository();
    plan(&folder, &[]).says(0, &["there is nothing to rewrite"]);
    folder.write("repo/a", format!("{}\n{}\n", github(1), github(2)));
    commit(&folder, "add");
    let fingerprints = scan(&folder, "repo", &[]).fingerprints();
    let refused = plan(&folder, &[]);
    refused.says(2, &["2 secrets are not known to be dead", &fingerprints[0], &fingerprints[1], "hint: ", "--assume-dead"]);
    let refused = plan(&folder, &["--assume-dead", &fingerprints[0], "--write", "list"]);
    refused.says(2, &["1 secret is not known to be dead", &fingerprints[1]]);
    assert!(!refused.err.contains(&fingerprints[0]) && !folder.path("list").exists());
    let refused = plan(&folder, &["--assume-dead", &"0".repeat(32)]);
    refused.says(2, &["no secret in this history has the fingerprint"]);
    // Without a key a fingerprint holds for one run.
    folder.write("none.toml", "version = 1\n");
    folder
        .run(&["history", "rewrite-plan", "--repo", "repo", "--config", "none.toml"])
        .says(2, &["without a project key", "stanch init"]);
    for outcome in [plan(&folder, &[]), refused] {
        assert!(!outcome.err.contains(&github(1)) && !outcome.out.contains(&github(1)));
    }
}

#[test]
fn the_list_goes_where_nobody_else_reads_it() {
    let folder = repository();
    folder.write("repo/a", github(1));
    commit(&folder, "add");
    let dead = all_dead(&folder, &[]);
    let with = |more: &[&str]| plan(&folder, &[&[dead[0].as_str(), &dead[1]], more].concat());
    with(&["--write", "repo/list"]).says(2, &["lies in the repository", "hint: "]);
    with(&["--write", "repo/.git/list"]).says(2, &["lies in the repository"]);
    with(&["--write", "-"]).says(2, &["--print-values"]);
    folder.write("there", "x");
    with(&["--write", "there"]).says(2, &["exists already"]);
    with(&["--write", "none/list"]).says(2, &["none"]);
    assert_eq!(std::fs::read(folder.path("there")).unwrap(), b"x");
    let printed = with(&["--print-values"]);
    assert_eq!(printed.out, format!("literal:{}==>***REMOVED***\n", github(1)));
    assert!(printed.err.contains("git clone --mirror") && !printed.err.contains(&github(1)));
}

#[test]
fn what_no_ref_reaches_needs_no_rewrite() {
    let folder = repository();
    folder.write("loose", github(1));
    folder.shell("git -C repo hash-object -w ../loose").says(0, &[]);
    let dead = all_dead(&folder, &[]);
    let dead: Vec<&str> = dead.iter().map(String::as_str).collect();
    let planned = plan(&folder, &dead);
    planned.says(0, &["1 secret is reached by no ref", "git reflog expire --expire=now --all && git gc --prune=now"]);
    assert!(!planned.out.contains("filter-repo"), "{}", planned.out);
    folder.shell("cd repo; git reflog expire --expire=now --all && git gc -q --prune=now").says(0, &[]);
    assert_eq!(scan(&folder, "repo", &[]).code, 0);
}

#[test]
fn what_filter_repo_cannot_do_is_said() {
    let folder = Folder::new();
    folder.git(&["init", "-q", "--object-format=sha256", "repo"]);
    folder.write("stanch.toml", "version = 1\n");
    plan(&folder, &[]).says(2, &["cannot rewrite a repository with SHA-256 ids"]);
    folder.run(&["history", "rewrite-plan", "--repo", "none"]).says(2, &["none is no git repository", "--repo"]);
    // A shallow clone has no whole history to plan for.
    let folder = repository();
    folder.write("repo/a", "x");
    commit(&folder, "more");
    folder.shell("git clone -q --depth 1 file://$PWD/repo shallow").says(0, &[]);
    let outcome = folder.run(&["history", "rewrite-plan", "--repo", "shallow", "--config", "stanch.toml"]);
    outcome.says(3, &["not all could"]);
}

/// Text is replaced in messages as it is; what stands for a secret is named.
#[test]
fn messages_that_hold_a_secret_in_another_form_are_named() {
    use base64::Engine as _;
    let folder = repository();
    folder.write("repo/a", "x");
    commit(&folder, &format!("config {}", base64::prelude::BASE64_STANDARD.encode(format!("token = {}", github(60)))));
    let id = folder.shell("git -C repo rev-parse --short=12 HEAD").out;
    folder.write("repo/b", "x");
    commit(&folder, &format!("plain {}", github(61)));
    let dead = all_dead(&folder, &[]);
    let out = plan(&folder, &dead.iter().map(String::as_str).collect::<Vec<_>>()).out;
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains(&format!("1 message holds a secret in another form, which is not replaced: {}.", id.trim())), "{out}");
}
