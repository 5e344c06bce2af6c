//! Golden files: every format of an ordinary scan, of one with values shown and of a clean one. `STANCH_GOLDEN=write` writes them anew.

use std::path::PathBuf;

use super::{Color, Format, Input, Run, Style, Values, sample, write};
use crate::scan::finding::Scan;

fn check(name: &str, format: Format, scan: &Scan, style: Style) {
    let mut found = Vec::new();
    let (began, rules) = (1_790_000_000, "2026-09-01+0123".to_owned());
    let run = Run { began, ended: began + 7, rules, inputs: vec![".".to_owned(), "-".to_owned()] };
    write(format, scan, &Style { version: "0.0.0".to_owned(), run, ..style }, &mut found).unwrap();
    let found = if format == Format::Html { without_frame(found) } else { found };
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/report").join(name);
    if std::env::var_os("STANCH_GOLDEN").is_some_and(|v| v == "write") {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read(&path).unwrap_or_default();
    let [found, expected] = [found, expected].map(|b| String::from_utf8(b).unwrap());
    let differ = found.lines().zip(expected.lines()).enumerate().find(|(_, (f, e))| f != e);
    assert_eq!(differ, None, "{name}: first line that differs, found and expected; STANCH_GOLDEN=write writes the file anew");
    assert_eq!(found.len(), expected.len(), "{name}: same lines, but one is longer");
}

/// A page without its policy, style and script, which are files of their own.
fn without_frame(page: Vec<u8>) -> Vec<u8> {
    let mut page = String::from_utf8(page).unwrap();
    for (from, to) in [("<meta http-equiv", "<meta name=\"view"), ("<style>", "</style>"), ("<script>\n", "</script>\n</body>")] {
        let (from, to) = (page.find(from).unwrap(), page.rfind(to).unwrap());
        page.replace_range(from..to, "");
    }
    page.into_bytes()
}

#[test]
fn reports_are_as_recorded() {
    let shown = Style { values: Values::Shown, ..Style::default() };
    let mut plain = sample::finding("notes.txt", "60a1", b"not a key");
    plain.occurrences.push(sample::occurrence(sample::file("a.txt"), 9, "", "***", ""));
    let values = sample::scan(vec![
        plain,
        sample::finding("a.bin", "60a2", b"\xff\xff\xff\xff\xff\xff"),
        sample::finding("b.txt", "60a3", b"two\r\nlines"),
    ]);
    for (format, end) in [
        (Format::Human, "txt"),
        (Format::Json, "json"),
        (Format::Jsonl, "jsonl"),
        (Format::Sarif, "sarif"),
        (Format::Html, "html"),
        (Format::Junit, "xml"),
        (Format::Csv, "csv"),
        (Format::Gitlab, "gitlab.json"),
        (Format::Github, "github.txt"),
        (Format::Markdown, "md"),
    ] {
        check(&format!("sample.{end}"), format, &sample::sample(), Style::default());
        check(&format!("shown.{end}"), format, &values, shown.clone());
        check(&format!("history.{end}"), format, &sample::history(), Style::default());
        check(&format!("clean.{end}"), format, &sample::scan(Vec::new()), Style::default());
    }
    check("color.txt", Format::Human, &sample::sample(), Style { color: Color::On, ..Style::default() });
    check("nothing.txt", Format::Human, &Scan::default(), Style { input: Input::Empty, ..Style::default() });
}
