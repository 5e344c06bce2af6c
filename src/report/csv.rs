//! A table for spreadsheets, RFC 4180: a header, then one row for each place.
//!
//! It must not know other formats. Start with [`write`]. Columns stay as they are; new ones come behind them. A cell that a spreadsheet
//! would take for a formula gets an apostrophe in front; what could steer a terminal is escaped, so that a row is one line.

use std::borrow::Cow;
use std::io;

use super::line::{Line, Value};
use super::place::{Places, inside};
use super::words::clean;
use super::{Style, Values, ranked};
use crate::base::date::Date;
use crate::scan::finding::{Danger, Finding, Occurrence, Scan};

const COLUMNS: [&str; 20] = [
    "severity",
    "confidence",
    "rule",
    "about",
    "place",
    "path",
    "inside",
    "line",
    "column",
    "end_line",
    "end_column",
    "shown",
    "fingerprint",
    "exposure",
    "days",
    "commit",
    "author",
    "date",
    "fix",
    "url",
];
/// Behind them where values were asked for.
const VALUES: [&str; 2] = ["secret", "secret_base64"];

pub(super) fn write(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let values: &[&str] = if style.values == Values::Shown { &VALUES } else { &[] };
    row(out, COLUMNS.iter().chain(values).map(|name| Cow::Borrowed(*name)))?;
    for finding in ranked(scan) {
        for occurrence in &finding.occurrences {
            row(out, cells(finding, occurrence, style).into_iter())?;
        }
    }
    Ok(())
}

fn cells<'a>(finding: &'a Finding, occurrence: &'a Occurrence, style: &Style) -> Vec<Cow<'a, str>> {
    let places = Places::new(&style.root);
    let (rule, at, commit) = (&finding.rule, &occurrence.at, occurrence.commit.as_ref());
    let exposure = finding.exposure.as_ref();
    let danger = exposure.map(|e| match e.danger() {
        Danger::InHead => "in-head",
        Danger::Pushed => "pushed",
        Danger::Reachable => "reachable",
        Danger::Unreachable => "unreachable",
    });
    let day = |time: i64| u64::try_from(time).map_or_else(|_| String::new(), |time| Date::from_unix(time).to_string());
    let number = |n: u64| Cow::Owned(n.to_string());
    let text = |text: String| Cow::Owned(text);
    let mut cells = vec![
        Cow::Borrowed(finding.severity.word()),
        Cow::Borrowed(finding.confidence.word()),
        Cow::Borrowed(rule.id.as_str()),
        Cow::Borrowed(rule.about.as_str()),
        text(places.name(&occurrence.origin)),
        text(places.file(&occurrence.origin)),
        text(inside(&occurrence.origin).unwrap_or_default()),
        number(at.line),
        number(at.column),
        number(at.end_line),
        number(at.end_column),
        Line::of(finding, occurrence).shown,
        Cow::Borrowed(finding.fingerprint.0.as_str()),
        Cow::Borrowed(danger.unwrap_or_default()),
        exposure.and_then(|e| e.days).map(number).unwrap_or_default(),
        Cow::Borrowed(commit.map(|c| c.id.as_str()).unwrap_or_default()),
        Cow::Borrowed(commit.map(|c| c.author.as_str()).unwrap_or_default()),
        text(commit.map(|c| day(c.time)).unwrap_or_default()),
        Cow::Borrowed(rule.fix.as_str()),
        Cow::Borrowed(rule.url.as_str()),
    ];
    if style.values == Values::Shown {
        let Value { text, base64 } = Value::of(finding, style.values);
        cells.push(text.map(Cow::Borrowed).unwrap_or_default());
        cells.push(base64.map(Cow::Owned).unwrap_or_default());
    }
    cells
}

fn row<'a>(out: &mut dyn io::Write, cells: impl Iterator<Item = Cow<'a, str>>) -> io::Result<()> {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        out.write_all(quoted(&cell).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

/// A cell: safe to look at, no formula, quoted where it must be.
fn quoted(cell: &str) -> String {
    let mut text = clean(cell);
    // Spreadsheets take the wide forms for the same signs. A tab or a carriage return is escaped by now.
    if text.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) || cell.starts_with(['\t', '\r']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', '\n', '\r', ';']) || text.starts_with(' ') || text.ends_with(' ') {
        text = format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, VALUES, quoted, write};
    use crate::report::{Style, Values, sample};

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        let check = |cell: &str, expected: &str| assert_eq!(quoted(cell), expected);
        check("plain", "plain");
        check("", "");
        check("a,b", "\"a,b\"");
        check("a\"b", "\"a\"\"b\"");
        check("=1+1", "'=1+1");
        check("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
        for first in ["+", "-", "@", "\u{ff1d}"] {
            check(&format!("{first}cmd|x"), &format!("'{first}cmd|x"));
        }
        check("\t=1", "'\\t=1");
        check("\r=1", "'\\r=1");
        check("two\nlines", "two\\nlines");
        check(" a", "\" a\"");
        check("a\u{202e}b\x1b", "a\\u{202e}b\\x1b");
    }

    #[test]
    fn a_row_is_a_line_of_as_many_cells_as_the_header() {
        for scan in [sample::sample(), sample::history(), sample::hostile()] {
            for (values, more) in [(Values::Redacted, 0), (Values::Shown, VALUES.len())] {
                let mut out = Vec::new();
                write(&scan, &Style { values, ..Style::default() }, &mut out).unwrap();
                let text = String::from_utf8(out).unwrap();
                let places: usize = scan.findings.iter().map(|f| f.occurrences.len()).sum();
                assert_eq!(text.matches("\r\n").count(), places + 1);
                assert_eq!(text.replace("\r\n", "").find(['\r', '\n']), None);
                for line in text.split_terminator("\r\n") {
                    // Commas outside of quotes: in the even parts.
                    let commas: usize = line.split('"').step_by(2).map(|part| part.matches(',').count()).sum();
                    assert_eq!(commas + 1, COLUMNS.len() + more, "{line}");
                }
            }
        }
    }
}
