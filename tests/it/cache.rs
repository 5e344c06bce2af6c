//! Verdicts that `scan --history` keeps: with them it tells what it tells without them, and it believes no others.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use serde_json::Value;

use crate::canary::{github, password, stripe};
use crate::run::{Folder, Report};

/// Makes a project key beside the folder, so that fingerprints are the same in each scan.
fn keyed(folder: &Folder) {
    folder.run(&["init"]).says(0, &[]);
    folder.shell("mv stanch.toml ..");
}

/// A repository.
fn repository() -> Folder {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    keyed(&folder);
    folder.write("a", format!("x\ntoken = {}\n", github(1)));
    commit(&folder, "begin");
    folder
}

fn commit(folder: &Folder, message: &str) {
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "--allow-empty", "-m", message]);
}

/// Scans with a key.
const WITH: &[&str] = &["--history", "--config", "../stanch.toml", "."];

/// A report without what tells how it came about.
fn told(report: &Report) -> (i32, Vec<Value>, Vec<String>, Value) {
    let mut summary = report.summary.clone();
    summary["coverage"].as_object_mut().unwrap().remove("objects_known");
    let mut issues = report.issues();
    issues.sort();
    (report.code, report.findings.clone(), issues, summary)
}

fn known(report: &Report) -> u64 {
    report.summary["coverage"]["objects_known"].as_u64().unwrap_or(0)
}

/// Scans without a cache, with what was kept before, and once more; all tell the same. How many objects were known each time.
#[track_caller]
fn check(folder: &Folder, what: &str) -> [u64; 2] {
    let expected = folder.scan(&[WITH, &["--no-cache"]].concat());
    let [first, second] = [0; 2].map(|_| folder.scan(WITH));
    for (report, number) in [(&first, "first"), (&second, "second")] {
        let (found, expected) = (told(report), told(&expected));
        assert_eq!((found.0, found.2, found.3), (expected.0, expected.2, expected.3), "{number} after {what}");
        assert_eq!(found.1.len(), expected.1.len(), "{number} after {what}");
        found.1.iter().zip(&expected.1).for_each(|(found, expected)| assert_eq!(found, expected, "{number} after {what}"));
    }
    for part in [["--max-commits", "2"], ["--refs", "refs/heads/*"]] {
        let [with, without] = [&[][..], &["--no-cache"]].map(|more| folder.scan(&[WITH, &part[..], more].concat()));
        assert_eq!(told(&with), told(&without), "{part:?} after {what}");
    }
    [known(&first), known(&second)]
}

fn files(folder: &Folder) -> Vec<PathBuf> {
    let all = fs::read_dir(folder.path(".git/stanch")).into_iter().flatten();
    let mut all: Vec<PathBuf> = all.map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

/// What happens to repositories, each step a script. `$1` is a token, `$2` another.
const STEPS: &[(&str, &str)] = &[
    ("nothing", ""),
    ("another file", "echo plain > plain; git add -A; git commit -qm plain"),
    ("a secret", "echo \"k = $1\" > b; git add -A; git commit -qm 'add b'"),
    ("it goes", "git rm -q b; git commit -qm 'remove b'"),
    ("it comes back", "git revert --no-edit HEAD >/dev/null"),
    ("a message", "git commit -q --allow-empty -m \"was $2\""),
    ("an amended message", "git commit -q --amend --allow-empty -m fine"),
    ("a branch", "git checkout -qb side; echo side > side; git add -A; git commit -qm side"),
    ("a merge", "git checkout -q main; echo more > more; git add -A; git commit -qm more; git merge -q --no-edit side"),
    ("a tag", "git tag -a v1 -m \"with $2\""),
    ("a lost tag", "git tag -d v1 >/dev/null"),
    ("a stash", "echo \"s = $2\" > plain; git stash -q"),
    ("a note", "git notes add -m \"note $1\" HEAD"),
    ("another path", "git mv a config.env; git commit -qm move"),
    ("the same in two places", "cp config.env copy; git add -A; git commit -qm copy"),
    ("packed", "git repack -qad"),
    ("packed refs", "git pack-refs --all"),
    ("a branch renamed", "git branch -m side other"),
    (
        "pushed",
        "git init -q --bare --object-format=$(git rev-parse --show-object-format) ../remote; git remote add origin ../remote; git push -q origin main; git fetch -q",
    ),
    ("a secret in configuration", "git config http.extraheader \"Authorization: Bearer $1\""),
    ("a name", "echo x > \"$2\"; git add -A; git commit -qm name"),
    ("an archive", "tar cf t.tar config.env; echo 'PK  broken' > bad.zip; git add -A; git commit -qm archives"),
    (
        "a notebook",
        "printf '{\"cells\":[{\"cell_type\":\"code\",\"source\":[\"k=%s\"],\"outputs\":[{\"data\":{\"image/png\":\"iVBORw0KGgo=\"}}]}],\"metadata\":{},\"nbformat\":4,\"nbformat_minor\":5}' \"$2\" > n.ipynb; git add -A; git commit -qm nb",
    ),
    (
        "a pointer to a large file",
        "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%064d\\nsize 3\\n' 1 > large; git add -A; git commit -qm lfs",
    ),
    ("an example", "echo 'k = ghp_·exampleexampleexampleexampleexample' > ex; git add -A; git commit -qm ex"),
    (
        "a comment",
        "echo \"k = $1 # stanch:allow[github-pat] until=2999-01-01 -- demo\" > quiet; git add -A; git commit -qm quiet",
    ),
    ("reset", "git reset -q --hard HEAD~3"),
    ("reflogs gone", "git reflog expire --expire=now --all"),
    ("collected", "git gc -q --prune=now"),
    ("a detached HEAD", "git checkout -q HEAD~1"),
    ("a work tree", "git worktree add -q ../linked main"),
    ("an empty branch", "git checkout -q --orphan empty; git rm -qrf ."),
    ("shallow", "git rev-list --max-count=1 main > .git/shallow"),
];

#[test]
fn a_scan_with_verdicts_tells_what_one_without_them_tells() {
    for object_format in ["sha1", "sha256"] {
        let folder = Folder::new();
        folder.git(&["init", "-q", "-b", "main", &format!("--object-format={object_format}")]);
        keyed(&folder);
        folder.write("a", format!("x\ntoken = {}\n", github(1)));
        commit(&folder, "begin");
        check(&folder, "begin");
        let git = "git config user.name T; git config user.email t@example.invalid; export GIT_CONFIG_NOSYSTEM=1";
        for (what, script) in STEPS {
            let script = format!("{git}; set -- {} {}; {script}", github(2), stripe(3));
            let done = folder.shell(&script);
            assert_eq!(done.code, 0, "{what}: {}", done.err);
            let [_, second] = check(&folder, what);
            assert!(second > 0, "{what}");
        }
    }
}

#[test]
fn what_is_known_is_not_scanned_again() {
    let folder = repository();
    for number in 0..20 {
        folder.write(format!("f{number}"), format!("nothing {number}\n"));
        commit(&folder, &format!("commit {number}"));
    }
    // All but the file with the token.
    let objects = 21 * 2 - 1;
    assert_eq!(check(&folder, "the first scan"), [0, objects]);
    folder.write("new", "something\n");
    commit(&folder, "one more");
    assert_eq!(check(&folder, "a commit"), [objects, objects + 2]);
    folder.git(&["repack", "-qad"]);
    assert_eq!(check(&folder, "a repack"), [objects + 2; 2]);
    // A part of it knows what the whole does, and forgets nothing.
    let part = folder.scan(&["--history", "--max-commits", "3", "."]);
    assert_eq!((known(&part), part.covered("objects")), (6, 6));
    assert_eq!(check(&folder, "a part"), [objects + 2; 2]);
    // Other rules know nothing of it.
    let only = folder.scan(&["--history", "--only", "stripe-secret-key", "."]);
    assert_eq!((known(&only), only.findings.len()), (0, 0));
    assert_eq!(files(&folder).len(), 4);
    // A rule that depends on the path sees the file under its new one.
    folder.write("rules.toml", "[[rule]]\nid = \"env-word\"\nprovider = \"Made up\"\nabout = \"a word\"\nseverity = \"low\"\nconfidence = \"low\"\nurl = \"https://example.invalid/\"\nfix = \"Change it.\"\ncategory = \"test\"\nregex = \"nothing [0-9]{1,2}\"\npaths = { only = [\"*.env\"] }\n");
    let with = ["--history", "--rules", "rules.toml", "."];
    let before = folder.scan(&with);
    assert_eq!((before.code, before.findings.len()), (1, 1), "{}", before.err);
}

/// Replaces all files of a cache by what `change` makes of them.
fn damage(folder: &Folder, change: impl Fn(Vec<u8>) -> Vec<u8>) {
    for path in files(folder) {
        let changed = change(fs::read(&path).unwrap());
        fs::write(&path, changed).unwrap();
    }
}

#[test]
fn a_cache_that_is_damaged_or_was_made_elsewhere_is_ignored_with_a_note() {
    let folder = repository();
    let expected = told(&folder.scan(&[WITH, &["--no-cache"]].concat()));
    let refused = |what: &str| {
        let report = folder.scan(WITH);
        let (code, findings, issues, _) = told(&report);
        assert_eq!((code, &findings, known(&report)), (expected.0, &expected.1, 0), "{what}");
        assert_eq!(issues.len(), 2, "{what}: {issues:?}");
        assert!(issues.iter().all(|i| i.starts_with("note configuration .git/stanch/")), "{issues:?}");
        // It was made anew.
        assert!(known(&folder.scan(WITH)) > 0, "{what}");
    };
    check(&folder, "the first scan");
    assert_eq!(files(&folder).len(), 2);
    damage(&folder, |bytes| bytes[..bytes.len() / 2].to_vec());
    refused("cut short");
    damage(&folder, |mut bytes| {
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    });
    refused("changed");
    damage(&folder, |_| Vec::new());
    refused("empty");
    damage(&folder, |bytes| [b"other ".as_slice(), &bytes].concat());
    refused("another format");
    // Someone else's verdicts, as a repository from elsewhere may bring them.
    fs::remove_file(folder.home().join(".local/state/stanch/cache-key")).unwrap();
    refused("another key");
}

#[test]
fn a_cache_holds_nothing_that_can_be_read() {
    let folder = repository();
    folder.write("secret-path/b", format!("password = {}\n", password(1)));
    commit(&folder, "a telling message");
    check(&folder, "a commit");
    let id = folder.shell("git rev-parse HEAD").out.trim().to_owned();
    for path in files(&folder) {
        let bytes = fs::read(&path).unwrap();
        for word in [&*github(1), &password(1), "secret-path", "telling", "T <t@", "main", &id] {
            assert!(memchr::memmem::find(&bytes, word.as_bytes()).is_none(), "{word} in {}", path.display());
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let key = folder.home().join(".local/state/stanch/cache-key");
    assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn it_is_kept_in_a_folder_or_not_at_all() {
    let folder = repository();
    folder.scan(&["--history", "--no-cache", "."]);
    folder.scan(&["--history", "--dry-run", "."]);
    assert!(!folder.path(".git/stanch").exists() && !folder.home().join(".local").exists());
    let scan = || folder.scan(&["--history", "--cache", "../kept", "."]);
    assert_eq!((known(&scan()), known(&scan())), (0, 1));
    assert!(!folder.path(".git/stanch").exists() && !folder.home().join(".local").exists());
    // The folder goes along with the repository to another machine.
    fs::remove_dir_all(folder.home()).unwrap();
    assert_eq!(known(&scan()), 1);
    folder.write("file", "x");
    folder.run(&["scan", "--history", "--cache", "file", "."]).says(2, &["--cache file: it cannot be made"]);
    folder.run(&["scan", "--cache", "x", "."]).says(2, &["--history"]);
}

#[test]
fn where_it_cannot_be_kept_the_scan_says_so_and_is_whole() {
    let folder = repository();
    symlink("../../elsewhere", folder.path(".git/stanch")).unwrap();
    fs::create_dir(folder.path("../elsewhere")).unwrap();
    let report = folder.scan(&["--history", "."]);
    assert_eq!(report.places().len(), 1);
    assert_eq!(
        report.issues(),
        ["note configuration .git/stanch: no cache of verdicts is kept: what has this name is no folder"]
    );
    assert_eq!(fs::read_dir(folder.path("../elsewhere")).unwrap().count(), 0);
    fs::remove_file(folder.path(".git/stanch")).unwrap();
    // A file of the cache is a link to something of the user's.
    check(&folder, "the first scan");
    let files = files(&folder);
    for path in &files {
        fs::remove_file(path).unwrap();
        symlink("../../../elsewhere/target", path).unwrap();
    }
    fs::write(folder.path("../elsewhere/target"), "mine").unwrap();
    let report = folder.scan(&["--history", "."]);
    assert_eq!((report.code, report.places().len()), (1, 1));
    assert!(report.issues().iter().any(|i| i.contains("it is a symbolic link")), "{:?}", report.issues());
    assert_eq!(fs::read(folder.path("../elsewhere/target")).unwrap(), b"mine");
}

#[test]
fn a_repository_of_someone_else_is_not_written_to() {
    let folder = repository();
    folder.shell("chmod -R a+rX ..");
    let report = folder.scan_as_nobody(&["--history", "--only", "github-pat", "."]);
    assert_eq!(report.places().len(), 1, "{}", report.err);
    if rustix::process::geteuid().is_root() {
        // The key cannot be kept either, so there is nothing to say.
        assert!(!folder.path(".git/stanch").exists());
    }
}

#[test]
fn an_object_that_is_not_what_its_id_says_is_never_known() {
    let folder = repository();
    let blob = folder.shell("echo harmless | git hash-object -w --stdin").out.trim().to_owned();
    let other = folder.shell("echo different | git hash-object -w --stdin").out.trim().to_owned();
    folder.shell(&format!("cp -f .git/objects/{}/{} .git/objects/{}/{}", &other[..2], &other[2..], &blob[..2], &blob[2..]));
    for _ in 0..2 {
        let report = folder.scan(&["--history", "."]);
        let told = report.issues();
        assert!(told.iter().any(|i| i.contains(&blob) && i.contains("something else than its id says")), "{told:?}");
    }
}

#[test]
fn what_something_was_found_in_is_read_again_and_must_be_the_same() {
    let folder = repository();
    assert_eq!(check(&folder, "the first scan"), [0, 1]);
    let leak = folder.shell("git rev-parse HEAD:a").out.trim().to_owned();
    let path = format!(".git/objects/{}/{}", &leak[..2], &leak[2..]);
    folder.shell(&format!("o=$(echo x | git hash-object -w --stdin); cp -f .git/objects/${{o:0:2}}/${{o:2}} {path}; rm .git/objects/${{o:0:2}}/${{o:2}}"));
    let report = folder.scan(WITH);
    assert_eq!((report.code, report.places().len()), (3, 0));
    assert!(report.issues().iter().any(|i| i.contains("something else")), "{:?}", report.issues());
}

#[test]
fn a_key_that_others_may_write_is_not_used() {
    let folder = repository();
    folder.scan(&["--history", "."]);
    let key = folder.home().join(".local/state/stanch/cache-key");
    let says = |words: &str| {
        let report = folder.scan(&["--history", "."]);
        assert_eq!((known(&report), report.places().len()), (0, 1));
        assert!(
            report.issues().iter().any(|i| i.starts_with("note configuration") && i.contains(words)),
            "{:?}",
            report.issues()
        );
    };
    fs::set_permissions(&key, fs::Permissions::from_mode(0o666)).unwrap();
    says("others may read or write cache-key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "short").unwrap();
    says("no key of 32 bytes");
    folder.run(&["scan", "--history", "--cache", "../kept", "."]).says(1, &[]);
    fs::set_permissions(folder.path("../kept/cache-key"), fs::Permissions::from_mode(0o640)).unwrap();
    folder.run(&["scan", "--history", "--cache", "../kept", "."]).says(2, &["others may read or write cache-key"]);
}

#[test]
fn refs_and_objects_of_any_name_count_as_changes() {
    let folder = repository();
    folder.write("b", "nothing\n");
    folder.git(&["rm", "-q", "a"]);
    commit(&folder, "clean");
    folder.shell("git init -q --bare ../bare; git push -q ../bare HEAD:refs/heads/index; git push -q ../bare HEAD~1:refs/keep/x");
    let scan = |more: &str| Report::of(&folder.shell(&format!("cd ../bare; $STANCH scan --history -f jsonl {more} .")));
    let clean = folder.shell("git rev-parse HEAD").out;
    fs::write(folder.path("../bare/refs/heads/index"), &clean).unwrap();
    scan("");
    folder.shell("cd ../bare; mkdir -p refs/remotes/origin; cp refs/keep/x refs/remotes/origin/index");
    let [with, without] = ["", "--no-cache"].map(scan);
    assert_eq!(with.findings[0]["exposure"], without.findings[0]["exposure"]);
    assert_eq!(with.findings[0]["exposure"]["danger"], "pushed");
}
