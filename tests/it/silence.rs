//! What a team decided not to see, through the binary: comments, entries in `stanch.toml`, the project's own key.

use crate::canary::{github, password};
use crate::run::{Folder, Report};

#[test]
fn a_comment_silences_and_is_counted() {
    let folder = Folder::new();
    let check = |content: &str, found: bool, part: &str| {
        folder.write("a.py", content.replace("TOKEN", &github(1)));
        let outcome = folder.run(&["scan", "a.py"]);
        outcome.says(i32::from(found), &[part]);
        let report = folder.scan(&["a.py"]);
        assert_eq!((report.findings.len(), report.covered("allowed_inline")), (usize::from(found), u64::from(!found)));
    };
    check("k = 'TOKEN'  # stanch:allow[github-pat] -- demo account\n", false, "silenced  1 finding by a comment beside it");
    check("# stanch:allow[github-pat] -- demo account\nk = 'TOKEN'\n", false, "1 finding by a comment");
    check("k = 'TOKEN'  # stanch:allow[github-pat] until=2999-12-31 -- demo\n", false, "1 finding by a comment");
    check("k = 'TOKEN'  # stanch:allow[jwt,github-pat] -- demo\n", false, "1 finding by a comment");
    check("k = 'TOKEN'  # stanch:allow[github-pat]\n", true, "it gives no reason; write stanch:allow[rule] -- reason");
    check("k = 'TOKEN'  # stanch:allow -- demo\n", true, "it names no rule; write stanch:allow[rule] -- reason");
    check("k = 'TOKEN'  # stanch:allow[*] -- demo\n", true, "has no form for all rules");
    check("k = 'TOKEN'  # stanch:allow[jwt] -- demo\n", true, "it names another rule than github-pat");
    check("k = 'TOKEN'  # stanch:allow[github-pat] until=2020-01-01 -- demo\n", true, "stanch:allow ended on 2020-01-01");
    check("k = 'TOKEN'  # stanch:allow[github-pat] demo\n", true, "`--` must stand before the reason");
    check(
        "k = 'TOKEN'  # stanch:allow[github-pat] untill=2999-12-31 -- demo\n",
        true,
        "before `--` only until=YYYY-MM-DD may stand",
    );
    check(
        "k = 'TOKEN'  # stanch:allow[github-pta] -- demo\n",
        true,
        "no rule has the id `github-pta`; did you mean `github-pat`?",
    );
    check("k = 'TOKEN'  # stanch:ignore\n", true, "it must be spelt stanch:allow[rule] -- reason");
    check("x = 1  # stanch:allow[github-pat] -- of this line\nk = 'TOKEN'\n", true, "Found 1 secret");
    check("k = 'TOKEN stanch:allow[github-pat] -- in the value'\n", true, "Found 1 secret");
}

#[test]
fn comments_hold_across_the_border_of_a_window() {
    let folder = Folder::new();
    const WINDOW: usize = 2 << 20;
    // The secret begins in the second window, its comment in the first.
    let comment = format!("# stanch:allow[github-pat] -- {}\n", "demo ".repeat(10));
    let filler = "\n".repeat(WINDOW + 30 * 1024);
    for shift in 0..3 {
        let head = &filler[..WINDOW - comment.len() - 3 + shift];
        folder.write("a", format!("{head}{comment}k = {}\n{filler}", github(1)));
        let report = folder.scan(&["a"]);
        assert_eq!((report.places(), report.covered("allowed_inline")), (vec![], 1));
    }
}

#[test]
fn an_entry_silences_a_value_wherever_it_stands() {
    let folder = Folder::new();
    folder.run(&["init"]).says(0, &["commit it"]);
    folder.run(&["init"]).says(2, &["stanch.toml exists already"]);
    folder.write("a", format!("password = {}\n", password(1)));
    folder.write("b/c", format!("x: 1\n  db_password: \"{}\"\n", password(1)));
    folder.write("d", format!("password = {}\n", password(2)));
    let report = folder.scan(&["--only", "generic-password", "a"]);
    let print = &report.fingerprints()[0];
    let made = std::fs::read_to_string(folder.path("stanch.toml")).unwrap();
    let allow = |more: &str| {
        let entry = format!("{made}\n[[allow]]\nfingerprint = \"{print}\"\nreason = \"the demo database\"\n{more}\n");
        folder.write("stanch.toml", entry);
    };
    allow("");
    folder.scan(&["."]).is(1, &["d:1:12 generic-password"], &[]);
    folder.run(&["scan", "."]).says(1, &["silenced  2 findings in stanch.toml", "Found 1 secret"]);
    folder.scan_input(&["-"], format!("password={}\n", password(1)).as_bytes()).is(0, &[], &[]);
    allow("until = 2999-01-01\nrule = \"generic-password\"");
    folder.run(&["scan", "a"]).says(0, &["1 finding in stanch.toml"]);
    allow("rule = \"github-pat\"");
    folder.run(&["scan", "a"]).says(1, &["Found 1 secret"]);
    allow("until = 2020-01-01");
    folder.run(&["scan", "a"]).says(1, &["Found 1 secret", "the entry on line 13 of stanch.toml ended on 2020-01-01"]);
    allow("");
    folder.run(&["scan", "--no-config", "a"]).says(1, &["(this run only)"]);
    folder.run(&["scan", "--config", "stanch.toml", "a"]).says(0, &[]);
}

#[test]
fn an_entry_for_a_rule_there_is_not_is_a_note() {
    let folder = Folder::new();
    folder.run(&["init"]).says(0, &[]);
    let made = std::fs::read_to_string(folder.path("stanch.toml")).unwrap();
    let entry = |rule: &str| format!("\n[[allow]]\nfingerprint = \"{}\"\nreason = \"demo\"\nrule = \"{rule}\"\n", "0".repeat(32));
    folder.write("stanch.toml", format!("{made}{}{}", entry("github-pat"), entry("github-pta")));
    folder.write("a", "x\n");
    let words = "note configuration stanch.toml: the entry on line 18 silences nothing: no rule has the id `github-pta`; did you mean `github-pat`?";
    folder.scan(&["a"]).is(0, &[], &[words]);
    // A rule that is left out of a run is there all the same.
    folder.scan(&["--except", "github-pat", "a"]).is(0, &[], &[words]);
}

#[test]
fn an_entry_names_rules_by_a_glob() {
    let folder = Folder::new();
    folder.write("a", format!("t = {}\n", github(1)));
    let entry =
        |rule: &str| folder.write("stanch.toml", format!("version = 1\n[[allow]]\nrule = \"{rule}\"\nreason = \"demo\"\n"));
    entry("github-*");
    folder.run(&["scan", "a"]).says(0, &["1 finding in stanch.toml"]);
    entry("gitlab-*");
    folder.run(&["scan", "a"]).says(1, &["github-pat"]);
    entry("githab-*");
    folder.run(&["scan", "a"]).says(1, &["the entry on line 2 silences nothing: no rule has an id like `githab-*`"]);
    entry("*");
    folder.run(&["scan", "a"]).says(2, &["stanch.toml:3: allow.rule: names every rule"]);
}

#[test]
fn the_own_key_is_no_leak_but_another_one_is() {
    let folder = Folder::new();
    folder.run(&["init"]).says(0, &[]);
    let made = std::fs::read_to_string(folder.path("stanch.toml")).unwrap();
    // Of random keys, one in some hundred is too even to pass for random.
    const KEY: &str = "9f2c7be04d816a35c61e08b7f3d94a2206a5fd31b87ce4905d13f27a8cb6e04f";
    let (head, tail) = made.split_once("project_key = \"").unwrap();
    let made = format!("{head}project_key = \"{KEY}{}", &tail[KEY.len()..]);
    folder.write("stanch.toml", &made);
    folder.write("copy/of.toml", made.replace("project_key", "secret_key"));
    folder.scan(&["."]).is(0, &[], &[]);
    // The same value means something where it is not the project's own.
    folder.scan(&["--no-config", "copy"]).is(1, &["copy/of.toml:11:15 generic-secret"], &[]);
}

/// The distinct fingerprints of what stands under `name`.
fn prints(report: &Report, name: &str) -> Vec<String> {
    let mut all: Vec<String> = report
        .findings
        .iter()
        .filter(|f| f["path"].as_str().unwrap().starts_with(name))
        .map(|f| f["fingerprint"].as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn a_secret_has_one_fingerprint_everywhere() {
    let folder = Folder::new();
    for (kind, secret) in [("weak", password(1)), ("strong", github(1))] {
        let text = format!("x\npassword = {secret}\n");
        folder.write(format!("{kind}/plain"), &text);
        let json = serde_json::json!({"cells": [{"id": "a", "cell_type": "code", "source": [text]}]});
        folder.write(format!("{kind}/nb.ipynb"), json.to_string());
        let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        folder.write(format!("{kind}/wide"), wide);
        folder.shell(&format!("cd {kind} && tar -czf a.tgz plain && zip -q b.zip plain"));
    }
    let scan = |folder: &Folder| folder.scan(&["."]);
    let (one, two) = (scan(&folder), scan(&folder));
    for kind in ["weak", "strong"] {
        assert_eq!((prints(&one, kind).len(), prints(&one, &format!("{kind}/")).len()), (1, 1));
        assert_ne!(prints(&one, kind), prints(&two, kind), "without a key they differ in every run");
    }
    assert_eq!(one.findings.len(), 10);
    assert_eq!(one.summary["stable_fingerprints"], false);
    folder.run(&["init"]).says(0, &[]);
    let (one, two) = (scan(&folder), scan(&folder));
    assert_eq!(one.summary["stable_fingerprints"], true);
    for (kind, secret) in [("weak", password(1)), ("strong", github(1))] {
        assert_eq!((prints(&one, kind), prints(&one, kind).len()), (prints(&two, kind), 1));
        let input = folder.scan_input(&["-"], format!("password={secret}").as_bytes());
        assert_eq!(input.fingerprints(), prints(&one, kind));
    }
    std::fs::remove_file(folder.path("stanch.toml")).unwrap();
    folder.run(&["init"]).says(0, &[]);
    assert_ne!(prints(&scan(&folder), "weak"), prints(&one, "weak"), "another key, other fingerprints");
}

/// The memory-hard hash of a weak value is made once, and remembered for its user alone; what is remembered holds no value.
#[test]
fn what_weak_values_came_to_is_remembered_outside_of_the_project() {
    let folder = Folder::new();
    folder.run(&["init"]).says(0, &[]);
    folder.write("a.env", format!("DB_PASSWORD={}\nA_PASSWORD={}\n", password(1), password(2)));
    let prints = |report: &Report| -> Vec<String> {
        report.findings.iter().map(|f| f["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let forgetful = folder.scan(&["--no-cache", "a.env"]);
    let state = folder.home().join(".local/state/stanch");
    assert!(!state.exists());
    let first = folder.scan(&["a.env"]);
    let names = || -> Vec<String> {
        let mut all: Vec<_> = std::fs::read_dir(&state).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    };
    let all = names();
    assert!(matches!(&all[..], [key, prints] if key == "cache-key" && prints.starts_with("prints-")), "{all:?}");
    let file = state.join(&all[1]);
    let bytes = std::fs::read(&file).unwrap();
    for value in [password(1), password(2)] {
        assert!(!bytes.windows(value.len()).any(|part| part == value.as_bytes()));
    }
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
    // It is not written again while there is nothing new, and what is damaged is made anew.
    let time = || std::fs::metadata(&file).unwrap().modified().unwrap();
    let before = time();
    let second = folder.scan(&["a.env"]);
    assert_eq!(time(), before);
    std::fs::write(&file, b"stanch prints 1\nno").unwrap();
    let third = folder.scan(&["a.env"]);
    assert_eq!(std::fs::read(&file).unwrap().len(), bytes.len());
    assert_eq!(prints(&forgetful).len(), 2);
    for report in [first, second, third] {
        assert_eq!(prints(&report), prints(&forgetful));
    }
}

/// A project key is committed on purpose: of whichever project it is, and whether its file is obeyed or not. Elsewhere it is a random value.
#[test]
fn the_project_key_of_any_project_is_no_finding() {
    let folder = Folder::new();
    let key = crate::canary::random(b"0123456789abcdef", 11, 64);
    let text = format!("version = 1\nproject_key = \"{key}\"\n");
    folder.write("theirs/stanch.toml", &text);
    assert_eq!(folder.scan(&["--no-config", "theirs"]).findings.len(), 0);
    folder.write("theirs/other.toml", &text);
    let report = folder.scan(&["--no-config", "theirs"]);
    assert_eq!(report.places(), ["theirs/other.toml:2:16 generic-key"]);
    folder.git(&["init", "-q", "theirs"]);
    folder.git(&["-C", "theirs", "add", "stanch.toml"]);
    assert_eq!(folder.scan(&["--staged", "--no-config", "theirs"]).findings.len(), 0);
}

/// What somebody wrote down and does not count is told as a whole: it would be missed among three of many.
#[test]
fn comments_and_entries_that_do_not_count_are_all_listed() {
    let folder = Folder::new();
    let lines: String = (1..=6).map(|n| format!("k = {} # stanch:allow[no-such-rule]\n", github(n))).collect();
    folder.write("a", lines);
    let told = folder.run(&["scan", "a"]).out;
    assert_eq!((1..=6).filter(|n| told.contains(&format!("line {n}: "))).count(), 6, "{told}");
}
