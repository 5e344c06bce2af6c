//! `stanch explain FILE:LINE`.

use crate::canary::{github, notion, password, random, stripe};
use crate::run::Folder;

/// Explains the last line of a file with this content.
#[track_caller]
fn check(folder: &Folder, content: &str, parts: &[&str]) {
    folder.write("a", content);
    let line = content.trim_end().lines().count();
    folder.run(&["explain", &format!("a:{line}")]).says(0, parts);
}

#[test]
fn a_hit_says_rule_place_reasons_and_verdict() {
    let folder = Folder::new();
    let parts =
        ["finding     github-pat (critical, high confidence)", "line 2, column 7, 40 characters", "shown as  ghp_********"];
    check(&folder, &format!("x\nké = '{}'\n", github(1)), &parts);
    check(&folder, &github(1), &["because   checksum matches", "verdict   reported\n"]);
    let last = if github(1).ends_with('0') { "1" } else { "0" };
    let broken = format!("{}{last}", &github(1)[..39]);
    check(&folder, &broken, &["github-pat (critical, medium confidence)", "checksum does not match: perhaps made up"]);
    check(&folder, &format!("db_password = {}", password(1)), &["generic-password", "because   value of `db_password`"]);
}

#[test]
fn what_is_no_finding_says_why() {
    let folder = Folder::new();
    check(&folder, "nothing here\n", &["Nothing on this line has the form of a credential", "rules/README.md"]);
    check(&folder, "password = xxxxxxxx\n", &["no finding  generic-password", "because   it is a placeholder: "]);
    check(&folder, "password = \"${DB_PASSWORD}\"\n", &["no finding  generic-password", "placeholder"]);
    check(&folder, "api_key = 'aaaaaaaabbbbbbbb1'\n", &["no finding  generic-api-key", "because   "]);
    let hex = random(b"0123456789abcdef", 1, 64);
    check(
        &folder,
        &format!("api_secret_sha256 = '{hex}'\n"),
        &["no finding  generic-hex-key", "check `not-digest` does not hold"],
    );
    let overlapped =
        ["finding     stripe-secret-key", "no finding  generic-", "rule `stripe-secret-key` explains the same characters better"];
    check(&folder, &format!("secret = {}\n", stripe(1)), &overlapped);
    let aws = random(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 1, 40);
    let untried = [
        "Nothing on this line",
        "no rule\n  candidate line 1, column 9, 40 characters\n  entropy   ",
        "bits per character, looks random\n  because   no rule has a prefix that fits it",
    ];
    check(&folder, &format!("thing = {aws}\n"), &untried);
    assert!(!folder.run(&["explain", "a:1"]).out.contains(&aws[..8]));
}

#[test]
fn a_file_that_scan_leaves_out_is_explained_and_named_so() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write(".gitignore", "*.log\nout/\n!keep.log\n");
    for (name, left_out) in [("a.log", true), ("out/b/c.txt", true), ("keep.log", false), ("d.txt", false), ("out/.env", false)] {
        folder.write(name, format!("{}\n", github(1)));
        let outcome = folder.run(&["explain", &format!("{name}:1")]);
        outcome.says(0, &["finding     github-pat"]);
        assert_eq!(outcome.out.contains("scan of the folder leaves this file out"), left_out, "{name}");
    }
}

#[test]
fn a_silenced_finding_says_by_what() {
    let folder = Folder::new();
    check(&folder, &format!("{} # stanch:allow[github-pat] -- demo\n", github(1)), &["verdict   silenced by a comment: demo\n"]);
    let stale = format!("{} # stanch:allow[github-pat] until=2020-01-01 -- demo\n", github(1));
    check(&folder, &stale, &["verdict   reported; stanch:allow ended on 2020-01-01\n"]);
    check(
        &folder,
        &format!("{} # stanch:allow[jwt] -- demo\n", github(1)),
        &["verdict   reported; stanch:allow does not silence it"],
    );
    folder.run(&["init"]).says(0, &[]);
    folder.write("a", format!("x\n{}\n", github(1)));
    let print = folder.scan(&["a"]).fingerprints().remove(0);
    let made = std::fs::read_to_string(folder.path("stanch.toml")).unwrap();
    folder.write("stanch.toml", format!("{made}[[allow]]\nfingerprint = \"{print}\"\nreason = \"demo\"\n"));
    folder.run(&["explain", "a:2"]).says(0, &["verdict   silenced by the entry on line 12 of stanch.toml: demo\n"]);
    folder.run(&["explain", "--no-config", "a:2"]).says(0, &["verdict   reported\n"]);
}

#[test]
fn only_the_line_asked_for_is_explained() {
    let folder = Folder::new();
    folder.write("a", format!("{}\n\n{}\n{}", github(1), notion(1), stripe(1)));
    let names = |place: &str| {
        let out = folder.run(&["explain", place]).out;
        ["github-pat", "notion-token-legacy", "stripe-secret-key"].map(|id| out.contains(&format!("finding     {id}")))
    };
    assert_eq!(names("a:1"), [true, false, false]);
    assert_eq!(names("a:2"), [false, false, false]);
    assert_eq!(names("a:3"), [false, true, false]);
    assert_eq!(names("a:4"), [false, false, true]);
    // As a report writes it.
    assert_eq!(names("a:3:1"), [false, true, false]);
    assert_eq!(names("./a:3"), [false, true, false]);
}

#[test]
fn what_a_report_names_can_be_explained() {
    let folder = Folder::new();
    folder.write("a:3", format!("x\n{}\n", github(1)));
    folder.run(&["explain", "a:3:2:1"]).says(0, &["finding     github-pat"]);
    folder.run(&["explain", "a:3:2"]).says(0, &["finding     github-pat"]);
    let wide: Vec<u8> = format!("\u{feff}x\nké='{}'\n", github(1)).encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.write("wide", wide);
    folder.scan(&["wide"]).is(1, &["wide:2:5 github-pat"], &[]);
    folder.run(&["explain", "wide:2"]).says(0, &["finding     github-pat", "line 2, column 5, 40 characters"]);
    folder.write("marked", format!("\u{feff}{}", github(1)));
    folder.run(&["explain", "marked:1"]).says(0, &["line 1, column 1, 40 characters"]);
    folder.run(&["explain", "nb.ipynb#cell-a:2"]).says(2, &["hint: ", "notebook"]);
    folder.run(&["explain", "z.zip!a.txt:2"]).says(2, &["hint: ", "archive"]);
}

#[test]
fn what_is_inside_a_container_is_explained_by_the_name_in_reports() {
    let folder = Folder::new();
    folder.write("b.txt", format!("x\n\n{}\n", github(1)));
    folder.shell("zip -q a.zip b.txt && tar -czf c.tgz a.zip");
    let json = serde_json::json!({"cells": [{"id": "a", "cell_type": "code", "source": ["x\n", github(2)]}]});
    folder.write("nb.ipynb", json.to_string());
    let report = folder.scan(&["a.zip", "c.tgz", "nb.ipynb"]);
    let places = ["a.zip!b.txt:3:1 github-pat", "c.tgz!a.zip!b.txt:3:1 github-pat", "nb.ipynb#cell-a:2:1 github-pat"];
    report.is(1, &places, &[]);
    for place in places {
        let place = place.split(' ').next().unwrap();
        folder.run(&["explain", place]).says(0, &["finding     github-pat", ", column 1, 40 characters"]);
    }
    let words = ["a.zip is an archive that scan opens", "hint: name what is inside as a report of scan does: a.zip!MEMBER:LINE"];
    folder.run(&["explain", "a.zip:1"]).says(2, &words);
    folder.run(&["explain", "a.zip!gone:1"]).says(2, &words);
    let words =
        ["nb.ipynb is a notebook that scan opens", "hint: name what is inside as a report of scan does: nb.ipynb#CELL:LINE"];
    folder.run(&["explain", "nb.ipynb:1"]).says(2, &words);
    folder.run(&["explain", "b.txt!x:1"]).says(2, &["b.txt is nothing that scan opens", "hint: "]);
    folder.write("broken.zip", format!("PK\u{3}\u{4}\n{}\n", github(1)));
    folder.run(&["explain", "broken.zip:2"]).says(0, &["finding     github-pat"]);
}

#[test]
fn nothing_is_read_without_bound() {
    Folder::new().run(&["explain", "/dev/zero:1"]).says(2, &["/dev/zero is larger than 256 MiB", "hint: "]);
}

#[test]
fn a_place_that_is_none_is_refused() {
    let folder = Folder::new();
    folder.write("a", "x\n");
    folder.write("empty", "");
    folder.run(&["explain", "a:3"]).says(2, &["a has no line 3", "hint: lines count from 1"]);
    folder.run(&["explain", "empty:1"]).says(2, &["empty has no line 1"]);
    folder.run(&["explain", "a:0"]).says(2, &["`a:0` is not FILE:LINE"]);
    folder.run(&["explain", "a:x"]).says(2, &["`a:x` is not FILE:LINE"]);
    folder.run(&["explain", "gone:1"]).says(2, &["cannot read gone: no such file or directory"]);
    folder.run(&["explain", ".:1"]).says(2, &["cannot read .: is a directory"]);
    std::fs::File::create(folder.path("huge")).unwrap().set_len(300 << 20).unwrap();
    folder.run(&["explain", "huge:1"]).says(2, &["huge is larger than 256 MiB", "hint: "]);
}
