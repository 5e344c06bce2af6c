//! Encodings, odd bytes and long lines: what is found and where it is said to be.

use crate::canary::{github, password};
use crate::run::{Folder, Outcome, Report};

/// UTF-16 with a byte order mark, little or big end first.
fn utf16(text: &str, little: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
}

#[test]
fn utf_16_is_read_as_text() {
    let folder = Folder::new();
    // The pair of surrogates makes a column count as one character, not as two units.
    let text = format!("é𝄞 = 1\r\nK𝄞 = '{}'\r\n", github(1));
    folder.write("le", utf16(&text, true));
    folder.write("be", utf16(&text, false));
    folder.write("odd", [utf16(&text, true), vec![b'x']].concat());
    folder.scan(&["."]).is(1, &["be:2:7 github-pat", "le:2:7 github-pat", "odd:2:7 github-pat"], &[]);
    folder.scan_input(&["-"], &utf16(&text, false)).is(1, &["-:2:7 github-pat"], &[]);
}

#[test]
fn long_utf_16_is_read_as_text() {
    let folder = Folder::new();
    let filler = "0123 ünd so weiter\n".repeat(200_000);
    let text = format!("{filler}K='{}'\n{filler}password = {}\n", github(1), password(2));
    for (name, little) in [("le", true), ("be", false)] {
        folder.write(name, utf16(&text, little));
        let places = [format!("{name}:200001:4 github-pat"), format!("{name}:400002:12 generic-password")];
        let report = folder.scan(&[name]);
        report.is(1, &[&places[0], &places[1]], &[]);
        assert_eq!(report.covered("bytes"), std::fs::metadata(folder.path(name)).unwrap().len());
    }
}

#[test]
fn a_mark_of_utf_8_is_no_character() {
    let folder = Folder::new();
    folder.write("bom", format!("\u{feff}{}\n", github(1)));
    folder.write("assigned", format!("\u{feff}password = {}\n", password(1)));
    folder.write("long", format!("\u{feff}k={}\n{}", github(2), "\n".repeat(3 << 20)));
    let places = ["assigned:1:12 generic-password", "bom:1:1 github-pat", "long:1:3 github-pat"];
    folder.scan(&["."]).is(1, &places, &[]);
}

#[test]
fn odd_bytes_hide_nothing() {
    let folder = Folder::new();
    let token = github(1);
    let check = |name: &str, before: &[u8], after: &[u8], place: &str| {
        let path = folder.write(name, [before, token.as_bytes(), after].concat());
        folder.scan(&[name]).is(1, &[&format!("{name}:{place} github-pat")], &[]);
        std::fs::remove_file(path).unwrap();
    };
    check("nul", b"\0\0\0", b"\0\0", "1:4");
    check("invalid", b"\xff\xfa\xc3(\n\xc3", b"\xff", "2:2");
    check("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", b"\0rest", "1:17");
    check("old-mac", b"a\rb\rk=", b"\rc", "1:7");
    check("dos", b"a\r\nk=", b"\r\nc", "2:3");
    check("no-end", b"a\nk=", b"", "2:3");
    check("controls", b"\x1b\x07", b"\x1b[0m", "1:3");
    check("two-marks", b"\xef\xbb\xbf\xef\xbb\xbf", b"", "1:2");
}

#[test]
fn what_surrounds_a_hit_is_safe_to_see() {
    let folder = Folder::new();
    folder.write("a", format!("\x1b]0;title\x07\u{202e}k='{}' \x1b[2J \u{9b}1m \0\n", github(1)));
    let human = folder.run(&["scan", "a"]);
    assert!(human.out.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{:?}", human.out);
    human.says(1, &["\\x1b]0;title\\x07\\u{202e}k='ghp_********'"]);
    for format in ["json", "jsonl", "sarif"] {
        let Outcome { out, .. } = folder.run(&["scan", "-f", format, "a"]);
        assert!(out.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{out:?}");
    }
}

#[test]
fn one_endless_line_is_read_to_its_end() {
    let folder = Folder::new();
    let token = github(1);
    let mut line = "x=1;".repeat(1_500_000).into_bytes();
    line.extend_from_slice(format!("k='{token}';").as_bytes());
    line.extend_from_slice(&b"lorem ipsum ".repeat(100_000));
    line.extend_from_slice(format!("k='{token}'").as_bytes());
    folder.write("min.js", &line);
    let second = 6_000_000 + 45 + 1_200_000 + 4;
    let report = folder.scan(&["min.js"]);
    report.is(1, &["min.js:1:6000004 github-pat", &format!("min.js:1:{second} github-pat")], &[]);
    for finding in &report.findings {
        assert!(finding["before"].as_str().unwrap().len() <= 120 && finding["after"].as_str().unwrap().len() <= 120);
    }
    let human = folder.run(&["scan", "min.js"]).out;
    assert!(human.lines().all(|l| l.chars().count() <= 200), "{human}");
}

#[test]
fn one_endless_word_ends_too() {
    let folder = Folder::new();
    folder.write("a", [vec![b'A'; 5 << 20], format!(" {}", github(1)).into_bytes()].concat());
    folder.scan(&["a"]).is(1, &["a:1:5242882 github-pat"], &[]);
}

#[test]
fn a_file_of_two_gigabytes_is_read_within_little_memory() {
    use std::os::unix::fs::FileExt;
    const WINDOW: u64 = 2 << 20;
    let folder = Folder::new();
    let size = 2 << 30;
    let file = std::fs::File::create(folder.path("sparse")).unwrap();
    file.set_len(size).unwrap();
    let places = [WINDOW - 20, 700 * WINDOW - 39, size - 40];
    for (n, at) in places.iter().enumerate() {
        file.write_all_at(github(n as u64).as_bytes(), *at).unwrap();
    }
    let outcome = folder.shell("ulimit -v 400000 -t 300; \"$STANCH\" scan -f jsonl sparse");
    let report = Report::of(&outcome);
    let expected: Vec<String> = places.iter().map(|at| format!("sparse:1:{} github-pat", at + 1)).collect();
    report.is(1, &expected.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    assert_eq!(report.covered("bytes"), size);
    let offsets: Vec<u64> = report.findings.iter().map(|f| f["offset"].as_u64().unwrap()).collect();
    assert_eq!(offsets, places);
}

#[test]
fn utf_16_without_a_mark_is_decoded_and_scanned_as_it_is() {
    let folder = Folder::new();
    let text = format!("a line of some length\r\ntoken = {}\r\n", github(1));
    folder.write("le", &utf16(&text, true)[2..]);
    folder.write("be", &utf16(&text, false)[2..]);
    // It only begins like that.
    folder
        .write("mixed", [&utf16(&format!("{}{text}", "words\r\n".repeat(100)), true)[2..], b"\n", github(2).as_bytes()].concat());
    let long = "0 a line of a file longer than a window\r\n".repeat(60_000);
    folder.write("long", &utf16(&format!("{long}{text}"), true)[2..]);
    let report = folder.scan(&["."]);
    let at = ["be:2:9", "le:2:9", "long:60002:9", "mixed:102:9"].map(|place| format!("{place} github-pat"));
    let found = report.places();
    assert!(at.iter().all(|place| found.contains(place)) && found.len() == 5, "{found:?}");
    assert!(found.iter().any(|place| place.starts_with("mixed:") && place.ends_with(":1 github-pat")), "{found:?}");
    assert!(report.covered("bytes") < 5_100_000);
    folder.git(&["init", "-q"]);
    folder.git(&["add", "-A"]);
    assert_eq!(folder.scan(&["--staged", "."]).places(), found);
    folder.run(&["explain", "le:2"]).says(0, &["github-pat"]);
}

#[test]
fn two_bytes_at_the_start_hide_nothing() {
    let folder = Folder::new();
    let marked = |mark: &[u8]| [mark, b"key=", github(1).as_bytes(), b"\n"].concat();
    for (name, mark) in [("le", b"\xff\xfe"), ("be", b"\xfe\xff")] {
        folder.write(name, marked(mark));
        folder.write(format!("long-{name}"), [marked(mark), vec![b'\n'; 3 << 20]].concat());
        assert_eq!(folder.scan_input(&["-"], &marked(mark)).places().len(), 1, "{name}");
    }
    folder.write("wide", utf16(&format!("token = {}\n", github(2)), true));
    folder.shell("zip -q a.zip le be wide");
    let report = folder.scan(&["."]);
    assert_eq!((report.places().len(), report.issues().len()), (8, 0), "{:?}", report.places());
    folder.git(&["init", "-q"]);
    folder.git(&["add", "-A"]);
    assert_eq!(folder.scan(&["--staged", "."]).places(), report.places());
    folder.git(&["commit", "-q", "-m", "all"]);
    assert_eq!(folder.scan(&["--history", "."]).places().len(), 8);
}
