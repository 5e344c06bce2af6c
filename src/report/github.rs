//! Workflow commands of GitHub Actions: annotations beside the code.
//!
//! It must not know other formats. Start with [`write`]. GitHub shows ten errors, ten warnings and ten notices of a step and drops the rest
//! without a word: so the most severe come first, and a last line says how many there are beyond. Values of properties and messages are
//! escaped as its runner reads them (`%`, line ends, and in properties `:` and `,` too), so no name makes a command of its own.

use std::collections::HashSet;
use std::io;

use super::layout::count;
use super::line::{self, Line};
use super::place::{Places, inside};
use super::tree::{self, Category, Hit};
use super::words::{self, clean, position};
use super::{Style, Values};
use crate::base::text::sanitise;
use crate::report::verdict::Verdict;
use crate::scan::finding::{Scan, Severity};

/// Annotations of a kind that GitHub shows of one step.
const MOST: usize = 10;

pub(super) fn write(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let verdict = Verdict::of(scan, style.input);
    let (told, incomplete) = words::verdict(scan, verdict);
    let (mut shown, mut left) = ([0; 3], 0);
    if let Some(words) = incomplete.as_ref().or_else(|| (!verdict.complete()).then_some(&told)) {
        writeln!(out, "::warning title=stanch::{} The other reports list them.", data(words))?;
        shown[Kind::Warning as usize] += 1;
    }
    // One place of every secret, then the others.
    let mut seen = HashSet::new();
    let (first, others): (Vec<_>, Vec<_>) =
        tree::all(scan, style).into_iter().partition(|hit| seen.insert(std::ptr::from_ref(hit.finding)));
    for hit in first.into_iter().chain(others) {
        let kind = Kind::of(hit.finding.severity);
        if shown[kind as usize] == MOST {
            left += 1;
            continue;
        }
        shown[kind as usize] += 1;
        annotation(&hit, kind, style, out)?;
    }
    if left > 0 {
        let places = count(left, "more place is", "more places are");
        writeln!(out, "{places} not annotated: GitHub shows ten errors, ten warnings and ten notices of a step.")?;
    }
    // No text of others: a line that begins with `::` or `##[` is a command.
    writeln!(out, "{told}")
}

/// The kinds of annotations.
#[derive(Clone, Copy)]
enum Kind {
    Error,
    Warning,
    Notice,
}

impl Kind {
    fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical | Severity::High => Self::Error,
            Severity::Medium => Self::Warning,
            Severity::Low | Severity::Info => Self::Notice,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

fn annotation(hit: &Hit<'_>, kind: Kind, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let Hit { finding, occurrence, category } = hit;
    let rule = &finding.rule;
    write!(out, "::{} ", kind.word())?;
    let name = Places::new(&style.root).file(&occurrence.origin);
    // A name that could steer a terminal is told in the message alone.
    let is_file = *category == Category::Now && occurrence.origin.path().is_some();
    if is_file && sanitise(name.replace(['\n', '\r'], "").as_bytes()).len() == name.replace(['\n', '\r'], "").len() {
        write!(out, "file={}", property(&name))?;
        let at = &occurrence.at;
        let line = if inside(&occurrence.origin).is_some() { occurrence.file_line.unwrap_or(1) } else { at.line }.max(1);
        write!(out, ",line={line}")?;
        if inside(&occurrence.origin).is_none() {
            // Only the first line: an annotation of several is shown only where all of them changed.
            let is_one = at.end_line == at.line;
            let end = if is_one { at.end_column } else { at.column.saturating_add(line::first_line_chars(finding)) };
            let (from, to) = (at.column.max(1), end.saturating_sub(1).max(at.column.max(1)));
            write!(out, ",endLine={line},col={from},endColumn={to}")?;
        } else {
            write!(out, ",endLine={line}")?;
        }
        write!(out, ",")?;
    }
    write!(out, "title={}::", property(&clean(&rule.about)))?;
    let place = position(Places::new(&style.root), occurrence);
    let where_from = if *category == Category::History { " in history" } else { "" };
    let mut words = format!("{}{where_from} at {place}: {}", clean(&rule.id), clean(&Line::of(finding, occurrence).shown));
    if style.values == Values::Shown {
        let bytes = line::bytes(finding, style.values).unwrap_or_default();
        words = format!("{words} (value: {})", bytes.split(|b| *b == b'\n').map(sanitise).collect::<Vec<_>>().join("\n"));
    }
    writeln!(out, "{}", data(&format!("{words}. {} {}", clean(&rule.fix), clean(&rule.url))))
}

/// A message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property, write};
    use crate::report::{Style, sample};
    use crate::scan::finding::{Scan, Severity};

    fn render(scan: &Scan) -> Vec<String> {
        let mut out = Vec::new();
        write(scan, &Style::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn values_are_escaped() {
        assert_eq!(data("50%\r\n::error::x"), "50%25%0D%0A::error::x");
        assert_eq!(property("a:b,c\n%"), "a%3Ab%2Cc%0A%25");
    }

    #[test]
    fn a_place_is_annotated_where_it_stands() {
        let lines = render(&sample::scan(vec![sample::finding("src/a,b:c.rs", "f1", b"value-one")]));
        let expected = "::error file=src/a%2Cb%3Ac.rs,line=3,endLine=3,col=8,endColumn=10,title=Test key::test-key at src/a,b:c.rs:3:8: ***. ";
        assert!(lines[0].starts_with(expected), "{}", lines[0]);
        assert_eq!(lines[1..], ["Found 1 secret in 1 place: 1 high."]);
        let clean = render(&sample::scan(Vec::new()));
        assert_eq!(clean, ["No secrets found."]);
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let mut scan = sample::scan(sample::findings(14));
        scan.findings[13].severity = Severity::Critical;
        for finding in &mut scan.findings[..2] {
            finding.severity = Severity::Medium;
        }
        let lines = render(&scan);
        let of = |kind: &str| lines.iter().filter(|line| line.starts_with(&format!("::{kind} "))).count();
        assert_eq!((of("error"), of("warning"), lines.len()), (10, 2, 14));
        assert!(lines[0].contains("file=f13,"), "the most severe first: {}", lines[0]);
        assert!(lines[12].starts_with("2 more places are not annotated"), "{}", lines[12]);
        let gaps = render(&sample::sample());
        assert_eq!(gaps[0], "::warning title=stanch::The scan is incomplete: 3 gaps. The other reports list them.");
    }

    #[test]
    fn no_name_makes_a_command() {
        for line in render(&sample::hostile()) {
            let is_ours = ["::error ", "::warning ", "::notice ", "Found "].iter().any(|start| line.starts_with(start));
            assert!(is_ours, "{line}");
            assert_eq!(line.chars().find(|c| c.is_control() || *c == '\u{202e}'), None, "{line}");
        }
    }
}
