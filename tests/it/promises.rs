//! What must never happen without a word: a secret crowded out, silenced by a mark, or shown because its rule was left out.

use serde_json::Value;

use crate::canary::{github, password, stripe};
use crate::run::{Folder, Report};

fn json(folder: &Folder, args: &[&str]) -> Value {
    let outcome = folder.run(&[&["scan", "-f", "json", "."], args].concat());
    serde_json::from_str(&outcome.out).expect("a report")
}

#[test]
fn many_places_of_one_secret_do_not_crowd_out_another() {
    let folder = Folder::new();
    let line = format!("password = \"{}\"\n", password(1));
    for n in 0..4 {
        folder.write(format!("log{n}"), line.repeat(40_000));
    }
    folder.write("z/last", format!("{}\n", github(1)));
    let first = json(&folder, &["-j", "1"]);
    let findings = first["findings"].as_array().unwrap();
    let rules: Vec<&str> = findings.iter().map(|f| f["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["github-pat", "generic-password"]);
    let places = findings[1]["occurrences"].as_array().unwrap();
    assert_eq!((places.len() as u64, findings[1]["more_occurrences"].as_u64()), (1000, Some(159_000)));
    // The first places, whatever the order in which threads came by.
    assert!(places.iter().enumerate().all(|(n, p)| p["path"] == "log0" && p["line"] == n as u64 + 1));
    let without_id = |mut report: Value| {
        for finding in report["findings"].as_array_mut().unwrap() {
            finding.as_object_mut().unwrap().remove("fingerprint");
        }
        report
    };
    assert_eq!(without_id(json(&folder, &["-j", "7"])), without_id(first));
}

#[test]
fn more_matches_than_are_kept_are_a_gap() {
    let folder = Folder::new();
    folder.write("a", format!("pwd=k9#{}q\n", "x").repeat(215_000));
    let report = Report::of(&folder.run(&["scan", "-f", "jsonl", "a"]));
    assert_eq!(report.code, 1);
    assert!(report.issues().iter().any(|i| i.contains("finding-limit")), "{:?}", report.issues());
}

#[test]
fn a_middle_dot_marks_the_word_it_stands_in_and_is_counted() {
    let folder = Folder::new();
    // A checksum that matches proves a token, marked or not.
    folder.write("proven", format!("· {0}\n·{1}\n", github(1), github(2)));
    folder.write("elsewhere", format!("{{\"city\":\"Paral·lel\",\"key\":\"{}\"}}\n", stripe(1)));
    folder.write("query", format!("name=Col·lecció&key={}\n", stripe(2)));
    folder.write("title", format!("<title>Docs·Home</title><p>{}</p>\n", stripe(3)));
    folder.write("marked", format!("·{}\n", stripe(4)));
    let report = Report::of(&folder.run(&["scan", "-f", "jsonl", "."]));
    let mut files: Vec<String> = report.places().iter().map(|p| p.split(':').next().unwrap().to_owned()).collect();
    files.sort();
    assert_eq!(files, ["elsewhere", "proven", "proven", "query", "title"]);
    assert_eq!(report.covered("marked"), 1);
}

#[test]
fn a_checksum_that_matches_beats_words_found_by_chance() {
    let folder = Folder::new();
    // A token with a placeholder's word in it: about one in ten thousand has one.
    let token = (0..1_000_000).map(github).find(|t| t.to_ascii_lowercase().contains("todo")).unwrap();
    folder.write("a", format!("{token}\n"));
    folder.run(&["scan", "a"]).says(1, &["github-pat"]);
}

#[test]
fn rules_that_are_left_out_still_hide_what_they_find() {
    let folder = Folder::new();
    let (shown, hidden) = (github(1), stripe(1));
    folder.write("a", format!("token={shown} key={hidden} password='{}'\n", password(2)));
    for args in [&["--only", "github-pat"][..], &["--except", "stripe*", "--except", "generic*"]] {
        for format in ["human", "json", "jsonl", "sarif"] {
            let outcome = folder.run(&[&["scan", "-f", format, "a"], args].concat());
            let text = outcome.out;
            assert!(text.contains("github-pat"), "{format} has the finding");
            assert!(!text.contains(&hidden) && !text.contains(&password(2)), "{format} shows what another rule finds");
        }
    }
}

#[test]
fn the_first_command_of_the_readme_reports_what_it_says() {
    let repository = env!("CARGO_MANIFEST_DIR");
    let readme = std::fs::read_to_string(format!("{repository}/README.md")).unwrap();
    assert!(readme.contains("reports one made-up value and nine members of archives"));
    let folder = Folder::new();
    let left_out = ["./target", "./.git", "./benches/.work", "./fuzz/target", "./fuzz/corpus", "./fuzz/artifacts"];
    let left_out: String = left_out.iter().map(|name| format!("--exclude={name} ")).collect();
    folder.shell(&format!("tar -C '{repository}' {left_out} -cf - . | tar xf -")).says(0, &[]);
    let report = folder.scan(&["."]);
    assert_eq!((report.code, report.summary["findings"].as_u64()), (1, Some(1)));
    let gaps: Vec<_> = report.issues().into_iter().filter(|issue| issue.starts_with("gap")).collect();
    assert_eq!(gaps.len(), 9, "{gaps:?}");
}
