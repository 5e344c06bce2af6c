//! Standard input.

use crate::canary::{github, password, stripe};
use crate::run::Folder;

#[test]
fn standard_input_is_read_however_it_comes() {
    let folder = Folder::new();
    folder.write("in", format!("one\nk = {}\n", github(1)));
    let found = |script: &str| {
        let script = format!("\"$STANCH\" {script}");
        folder.shell(&script).says(1, &["-:2:5", "github-pat", "1 file (49 bytes)"]);
    };
    found("scan - < in");
    found("stdin < in");
    found("stdin -q --no-color < in");
    found("scan - < <(cat in)");
    found("scan -- - < in");
    let pipe = |script: &str| folder.shell(script).says(1, &["-:2:5", "1 file (49 bytes)"]).code;
    pipe("cat in | \"$STANCH\" scan -");
    pipe("(head -c 10 in; tail -c +11 in) | \"$STANCH\" stdin");
}

#[test]
fn standard_input_stands_beside_files() {
    let folder = Folder::new();
    folder.write("a", github(1));
    folder.scan_input(&["-", "a", "-"], github(1).as_bytes()).is(1, &["-:1:1 github-pat", "a:1:1 github-pat"], &[]);
}

#[test]
fn a_file_named_like_standard_input_is_still_a_file() {
    let folder = Folder::new();
    folder.write("-", github(1));
    folder.scan(&["./-"]).is(1, &["-:1:1 github-pat"], &[]);
}

#[test]
fn an_empty_stream_is_clean() {
    let folder = Folder::new();
    folder.scan_input(&["-"], b"").is(0, &[], &[]);
    folder.scan_input(&["-"], b"\n").is(0, &[], &[]);
}

#[test]
fn a_stream_that_cannot_be_read_is_a_gap() {
    let folder = Folder::new();
    folder.shell("\"$STANCH\" scan - < .").says(3, &["is a directory", "incomplete"]);
}

#[test]
fn a_long_stream_is_read_within_little_memory() {
    let folder = Folder::new();
    folder.write("token", format!("k={} p={}\n", github(1), stripe(1)));
    let script = "ulimit -v 400000 -t 300; (seq 1 1500000; cat token; seq 1 100) | \"$STANCH\" scan -f jsonl -j2 -";
    let outcome = folder.shell(script);
    outcome.says(1, &["\"line\":1500001,\"column\":3", "\"line\":1500001,\"column\":46"]);
}

#[test]
fn a_compressed_stream_is_unpacked() {
    let folder = Folder::new();
    folder.write("a.txt", format!("x\npassword = {}\n", password(1)));
    folder.shell("gzip -c a.txt | \"$STANCH\" scan -").says(1, &["-!", ":2:12", "generic-password"]);
    folder.shell("tar -c a.txt | \"$STANCH\" scan -").says(1, &["-!a.txt:2:12", "generic-password"]);
    folder.shell("tar -cz a.txt | \"$STANCH\" scan -").says(1, &["a.txt:2:12", "generic-password"]);
}

#[test]
fn every_archive_is_opened_on_standard_input_too() {
    let folder = Folder::new();
    folder.write("a.txt", format!("x\npassword = {}\n{}", password(1), "x\n".repeat(500)));
    folder.shell(
        "mkdir p; zip -q p/zip a.txt; 7z a -bso0 p/7z a.txt; tar -czf p/tgz a.txt; tar -cJf p/txz a.txt; tar -cjf p/tbz a.txt
         zstd -q a.txt -o p/zst; xz -c a.txt > p/xz; bzip2 -c a.txt > p/bz2; tar --format=v7 -cf p/v7 a.txt; mv p/zip.zip p/zip || true
         mv p/7z.7z p/7z || true; (printf '\\x50\\x2a\\x4d\\x18\\x01\\x00\\x00\\x00x'; cat p/zst) > p/pzst",
    )
    .says(0, &[]);
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder.path("p")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let inside = if ["zst", "xz", "bz2", "pzst"].contains(&&*name) { "-" } else { "a.txt" };
        let report = folder.scan_input(&["-"], &std::fs::read(folder.path("p").join(&name)).unwrap());
        report.is(1, &[&format!("-!{inside}:2:12 generic-password")], &[]);
        assert_eq!((&report.findings[0]["path"], &report.findings[0]["inside"]), (&"-".into(), &inside.into()), "{name}");
        names.push(name);
    }
    names.sort();
    assert_eq!(names.join(" "), "7z bz2 pzst tbz tgz txz v7 xz zip zst");
}

/// A notebook with a token that only a reader of notebooks sees.
fn notebook(filler: &str) -> String {
    let hidden = github(1).replace("ghp", "gh\", \"p");
    format!(
        r#"{{"cells": [{{"id": "a", "cell_type": "code", "source": ["x\n", "k = {hidden}"]}}], "x": "{filler}", "nbformat": 4}}"#
    )
}

#[test]
fn a_notebook_is_read_cell_by_cell() {
    let folder = Folder::new();
    for text in [notebook(""), format!("\u{feff}\n {}\n", notebook("")), notebook(&"x".repeat(3_000_000))] {
        let report = folder.scan_input(&["-"], text.as_bytes());
        report.is(1, &["-#cell-a:2:5 github-pat"], &[]);
        assert_eq!((&report.findings[0]["path"], &report.findings[0]["inside"]), (&"-".into(), &"cell-a".into()));
        assert_eq!((report.covered("files"), report.covered("bytes")), (1, text.len() as u64));
    }
    folder.write("nb.ipynb", notebook(""));
    folder.shell("cat nb.ipynb | \"$STANCH\" scan -").says(1, &["  -#cell-a:2:5\n"]);
    folder.shell("\"$STANCH\" scan - < nb.ipynb").says(1, &["  -#cell-a:2:5\n"]);
    folder.shell("\"$STANCH\" scan <(cat nb.ipynb)").says(1, &["#cell-a:2:5\n"]);
}

#[test]
fn a_notebook_that_cannot_be_opened_is_a_gap() {
    let folder = Folder::new();
    let (whole, token) = (notebook(""), github(2));
    let cut = &whole[..whole.len() - 20];
    let words = "not valid JSON at line 1, column";
    folder.scan_input(&["-"], cut.as_bytes()).is(
        3,
        &[],
        &[&format!("gap malformed -: {words} {}; raw bytes scanned", cut.len())],
    );
    let cut = cut.replace("\"code\"", &format!("\"{token}\""));
    let report = folder.scan_input(&["-"], cut.as_bytes());
    let place = |text: &str| format!("-:1:{} github-pat", text.find(&token).unwrap() + 1);
    assert_eq!((report.code, report.places(), report.issues().len()), (1, vec![place(&cut)], 1));
    let large = notebook(&format!("{token} {}", "x".repeat(70 << 20)));
    let report = folder.scan_input(&["-"], large.as_bytes());
    let gap = "gap size-limit -: a notebook larger than the 67108864 bytes that may be held to open it; raw bytes scanned";
    report.is(1, &[&place(&large)], &[gap]);
    assert_eq!(report.covered("bytes"), large.len() as u64);
}

#[test]
fn json_that_is_no_notebook_is_scanned_as_it_is() {
    let folder = Folder::new();
    let (token, nb) = (github(1), r#""cells": [], "nbformat": 4"#);
    let check = |text: &str| {
        let column = text.find(&token).unwrap() + 1;
        folder.scan_input(&["-"], text.as_bytes()).is(1, &[&format!("-:1:{column} github-pat")], &[]);
    };
    check(&format!(r#"{{"token": "{token}"}}"#));
    check(&format!(r#"{{"content": {{{nb}}}, "token": "{token}"}}"#));
    check(&format!("{{\"token\": \"{token}\"}}\n{{{nb}}}\n"));
    check(&format!("{{\"token\": \"{token}\", \"x\": \"{}\"}}\n{{{nb}}}\n", "x".repeat(100_000)));
    check(&format!("{{\"token\": \"{token}\", \"x\": \"{}", "x".repeat(100_000)));
    check(&format!("{{ {{{{ template }}}} {nb} {token}"));
}

#[test]
fn an_archive_too_large_to_be_held_is_a_gap() {
    let folder = Folder::new();
    folder.shell("head -c 70M /dev/zero > r; zip -q -0 z r").says(0, &[]);
    let gap = "gap size-limit -: larger than the 67108864 bytes that may be held to open it; raw bytes scanned";
    folder
        .shell("\"$STANCH\" scan -f jsonl - < z.zip")
        .says(3, &["larger than the 67108864 bytes that may be held", "\"size-limit\""]);
    folder.scan_input(&["-"], &std::fs::read(folder.path("z.zip")).unwrap()).is(3, &[], &[gap]);
}
