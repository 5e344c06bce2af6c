//! JUnit XML, for what shows the tests of a CI job: a failed test case for each distinct secret, an error for each gap.
//!
//! It must not know other formats. Start with [`write`]. There is no standard; this is what Jenkins' schema allows. A scan without either has
//! one test case that passed. Every foreign string passes [`clean`] and [`xml`]: XML has no place for most control characters, not even
//! escaped.

use std::io;

use super::layout::{count, thousands};
use super::line::{self, Line, Value};
use super::place::Places;
use super::words::{clean, exposed, iso_time, position};
use super::{Style, ranked, words};
use crate::report::verdict::Verdict;
use crate::scan::finding::{Finding, IssueKind, Level, Scan};

pub(super) fn write(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let verdict = Verdict::of(scan, style.input);
    let gaps = gaps(scan, style);
    // Nothing scanned is no gap of its own, and no success.
    let errors = gaps.len() + usize::from(verdict == Verdict::NothingScanned);
    let failures = scan.findings.len();
    let tests = (failures + errors).max(1);
    let seconds = style.run.ended.saturating_sub(style.run.began);
    let totals = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{seconds}\"");
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"stanch\" {totals}>")?;
    let when = iso_time(style.run.began);
    writeln!(out, "  <testsuite name=\"stanch\" {totals} skipped=\"0\" timestamp=\"{when}\">")?;
    for finding in ranked(scan) {
        failure(finding, style, out)?;
    }
    for (name, words) in gaps {
        let name = xml(&name);
        writeln!(out, "    <testcase classname=\"gap\" name=\"{name}\" time=\"0\">")?;
        writeln!(out, "      <error type=\"gap\" message=\"{}\"/>\n    </testcase>", xml(&words))?;
    }
    let (told, _) = words::verdict(scan, verdict);
    if verdict == Verdict::NothingScanned {
        writeln!(out, "    <testcase classname=\"gap\" name=\"scan\" time=\"0\">")?;
        writeln!(out, "      <error type=\"gap\" message=\"{}\"/>\n    </testcase>", xml(&told))?;
    } else if failures + errors == 0 {
        writeln!(out, "    <testcase classname=\"scan\" name=\"{}\" time=\"0\"/>", xml(&told))?;
    }
    let coverage = words::coverage(&scan.coverage);
    let lines: Vec<String> = coverage.iter().map(|(label, words)| format!("{label}: {words}")).collect();
    writeln!(out, "    <system-out>{}</system-out>\n  </testsuite>\n</testsuites>", xml(&lines.join("\n")))
}

fn failure(finding: &Finding, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let places = Places::new(&style.root);
    let Some(first) = finding.occurrences.first() else { return Ok(()) };
    let (rule, about, severity) = (clean(&finding.rule.id), clean(&finding.rule.about), finding.severity.word());
    let at = position(places, first);
    // The id makes the name one of its own: two secrets may be shortened to one place.
    let id = clean(&finding.fingerprint.0);
    let name = xml(&format!("{at} {}", id.chars().take(8).collect::<String>()));
    writeln!(out, "    <testcase classname=\"{}\" name=\"{name}\" time=\"0\">", xml(&rule))?;
    let mut lines: Vec<String> = finding
        .occurrences
        .iter()
        .map(|o| {
            let Line { before, shown, after } = Line::of(finding, o);
            format!("{}: {}", position(places, o), clean(format!("{before}{shown}{after}").trim()))
        })
        .collect();
    if finding.more > 0 {
        lines.push(format!("and {} more places", thousands(finding.more)));
    }
    lines.extend(line::why(finding).first().map(|_| format!("why: {}", join(&line::why(finding)))));
    lines.extend(finding.exposure.as_ref().map(|exposure| format!("exposed: {}", exposed(exposure, None))));
    lines.push(format!("fix: {} {}", clean(&finding.rule.fix), clean(&finding.rule.url)));
    let Value { text, base64 } = Value::of(finding, style.values);
    // As it stands, over several lines if it has them.
    lines.extend(text.map(|text| format!("value: {}", text.lines().map(clean).collect::<Vec<_>>().join("\n"))));
    lines.extend(base64.map(|base64| format!("value in base64: {base64}")));
    lines.push(format!("id: {id}"));
    let message = format!("{severity}: {about} in {}", count(finding.places(), "place", "places"));
    let body = xml(&lines.join("\n"));
    writeln!(out, "      <failure type=\"{severity}\" message=\"{}\">{body}</failure>\n    </testcase>", xml(&message))
}

fn join(why: &[std::borrow::Cow<'_, str>]) -> String {
    why.iter().map(|words| clean(words)).collect::<Vec<_>>().join("; ")
}

/// A name and words for each gap, and for those of a kind that are only counted.
fn gaps(scan: &Scan, style: &Style) -> Vec<(String, String)> {
    let places = Places::new(&style.root);
    let is_gap = |level: Level| level == Level::Gap;
    let mut all: Vec<(String, String)> = Vec::new();
    for issue in scan.issues.iter().filter(|issue| is_gap(issue.level)) {
        all.push((clean(&places.name(&issue.origin)), format!("{}: {}", words::described(issue.kind), clean(&issue.detail))));
    }
    for &(level, kind, n) in scan.issue_counts.iter().filter(|(level, ..)| is_gap(*level)) {
        let kept = scan.issues.iter().filter(|i| i.level == level && i.kind == kind).count() as u64;
        if n > kept {
            all.push((more_of(kind), format!("{} more: {}", thousands(n - kept), words::described(kind))));
        }
    }
    all
}

fn more_of(kind: IssueKind) -> String {
    format!("more of {}", kind.word())
}

/// Text as XML 1.0 takes it, in content and in attributes between double quotes.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What XML has no place for, which `clean` leaves alone.
            '\u{fffe}' | '\u{ffff}' => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{write, xml};
    use crate::report::{Input, Style, sample};
    use crate::scan::finding::Scan;

    fn render(scan: &Scan, input: Input) -> String {
        let mut out = Vec::new();
        write(scan, &Style { input, ..Style::default() }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_escaped() {
        let check = |text: &str, expected: &str| assert_eq!(xml(text), expected);
        check("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;");
        check("]]>", "]]&gt;");
        check("\u{ffff}é", "\\u{ffff}é");
    }

    #[test]
    fn totals_are_those_of_the_cases() {
        let check = |scan: &Scan, input: Input, [tests, failures, errors]: [usize; 3]| {
            let text = render(scan, input);
            let totals = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
            assert_eq!(text.matches(&totals).count(), 2, "{text}");
            let counts = ["<testcase ", "<failure ", "<error "].map(|tag| text.matches(tag).count());
            assert_eq!(counts, [tests, failures, errors], "{text}");
        };
        check(&sample::sample(), Input::Named, [9, 6, 3]);
        check(&sample::scan(Vec::new()), Input::Named, [1, 0, 0]);
        check(&Scan::default(), Input::Empty, [1, 0, 0]);
        check(&Scan::default(), Input::Named, [1, 0, 1]);
        check(&sample::hostile(), Input::Named, [5, 4, 1]);
    }
}
