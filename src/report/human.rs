//! The report a person reads: one block per finding, then the summary.
//!
//! It must not know terminals beyond colour on or off. Start with [`write`]. Every foreign string passes [`sanitise`].

use std::io;

use super::layout::{Ink, MARGIN, Page, TEXT, clip_end, clip_start, columns, count, thousands};
use super::line::{self, Line};
use super::place::Places;
use super::words::{clean, committed, exposed, names, position};
use super::{Style, ranked, summary};
use crate::base::text::sanitise;
use crate::scan::finding::{Finding, Occurrence, Scan, Severity};

/// Other places of a secret that are listed.
const PLACES_LISTED: usize = 5;

/// Columns of the marked hit, and columns kept for what stands behind it.
const HIT: usize = 44;
const BEHIND: usize = 16;

pub(super) fn write(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    for finding in ranked(scan) {
        let mut page = Page::new(style.color);
        block(&mut page, finding, scan, style);
        out.write_all(page.into_text().as_bytes())?;
    }
    let mut page = Page::new(style.color);
    summary::fill(&mut page, scan, style);
    out.write_all(page.into_text().as_bytes())
}

fn block(page: &mut Page, finding: &Finding, scan: &Scan, style: &Style) {
    let places = Places::new(&style.root);
    let Some((first, others)) = finding.occurrences.split_first() else { return };
    let place = page.ink(Ink::Bold, &position(places, first));
    page.labelled(severity_ink(finding.severity), finding.severity.word(), &place);
    page.words("", &clean(&finding.rule.about));
    page.gap();
    snippet(page, finding, first);
    page.gap();
    page.words("rule", &format!("{} ({} confidence)", clean(&finding.rule.id), finding.confidence.word()));
    let why: Vec<String> = line::why(finding).iter().map(|w| clean(w)).collect();
    if !why.is_empty() {
        page.words("why", &why.join("; "));
    }
    if let Some(commit) = &first.commit {
        page.words("commit", &committed(commit));
    }
    if let Some(exposure) = &finding.exposure {
        page.words("exposed", &exposed(exposure, first.commit.as_ref()));
        if let Some(names) = names(exposure) {
            page.words("refs", &names);
        }
    }
    elsewhere(page, others, finding.more, places);
    if let Some(paired) = &finding.paired {
        page.row("with", &clean(paired));
    }
    page.words("fix", &clean(&finding.rule.fix));
    page.row("", &page.ink(Ink::Cyan, &clean(&finding.rule.url)));
    value(page, finding, style);
    let scope = if scan.stable_fingerprints { "" } else { " (this run only)" };
    page.row("id", &format!("{}{scope}", clean(&finding.fingerprint.0)));
    page.gap();
    page.gap();
}

/// The line with the hit marked underneath.
fn snippet(page: &mut Page, finding: &Finding, occurrence: &Occurrence) {
    let line = Line::of(finding, occurrence);
    let lines = occurrence.at.end_line.saturating_sub(occurrence.at.line) + 1;
    let after = if lines > 1 { String::new() } else { clean_line(&line.after) };
    let budget = TEXT - 2;
    let hit = clip_end(&clean_line(&line.shown), HIT);
    let behind = columns(after.trim_end()).min(BEHIND);
    let before = clip_start(clean_line(&line.before).trim_start(), budget - columns(&hit) - behind);
    let after = clip_end(after.trim_end(), budget - columns(&hit) - columns(&before));
    let bar = page.ink(Ink::Dim, "|");
    let number = occurrence.at.line.to_string();
    page.row(&number, &format!("{bar} {before}{}{after}", page.ink(Ink::Bold, &hit)));
    let carets = "^".repeat(columns(&hit).max(1));
    let extent = if lines > 1 { format!(" {} lines", thousands(lines)) } else { String::new() };
    let indent = columns(&before) + number.len().saturating_sub(MARGIN - 2);
    page.row("", &format!("{bar} {:indent$}{}", "", page.ink(Ink::Red, &(carets + &extent))));
}

fn elsewhere(page: &mut Page, others: &[Occurrence], more: u64, places: Places<'_>) {
    for (i, occurrence) in others.iter().take(PLACES_LISTED).enumerate() {
        page.row(if i == 0 { "also" } else { "" }, &position(places, occurrence));
    }
    let more = more + others.len().saturating_sub(PLACES_LISTED) as u64;
    if more > 0 {
        page.row("", &format!("and {}", count(more, "more place", "more places")));
    }
}

fn value(page: &mut Page, finding: &Finding, style: &Style) {
    let Some(bytes) = line::bytes(finding, style.values) else { return };
    for (i, line) in bytes.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        page.row(if i == 0 { "value" } else { "" }, &sanitise(line));
    }
}

fn severity_ink(severity: Severity) -> Ink {
    match severity {
        Severity::Critical | Severity::High => Ink::Red,
        Severity::Medium => Ink::Yellow,
        Severity::Low | Severity::Info => Ink::Cyan,
    }
}

/// [`clean`] for a line of a file, where tabs are ordinary.
fn clean_line(text: &str) -> String {
    clean(&text.replace('\t', "    "))
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::report::layout::{MARGIN, WIDTH, columns};
    use crate::report::{Color, Style, Values, sample};
    use crate::scan::finding::{Scan, Snippet};

    fn render(scan: &Scan, style: &Style) -> String {
        let mut out = Vec::new();
        write(scan, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The snippet's line and the line under it, without the margin.
    fn marked(before: &str, shown: &str, after: &str) -> (String, String) {
        let mut finding = sample::finding("a.txt", "f", b"value-of-no-one");
        finding.occurrences[0].snippet = Snippet { before: before.into(), shown: shown.into(), after: after.into() };
        let text = render(&sample::scan(vec![finding]), &Style::default());
        let lines: Vec<&str> = text.lines().skip(3).take(2).map(|l| &l[MARGIN..]).collect();
        (lines[0].to_owned(), lines[1].to_owned())
    }

    #[test]
    fn the_caret_line_stands_under_the_hit() {
        let check = |before: &str, shown: &str, after: &str, line: &str, carets: &str| {
            assert_eq!(marked(before, shown, after), (line.to_owned(), carets.to_owned()));
        };
        check("\t\tkey = \"", "ghp_****", "\"\n", "| key = \"ghp_****\"\\n", "|        ^^^^^^^^");
        check("", "***", "", "| ***", "| ^^^");
        check("a\tb=", "***", "", "| a    b=***", "|        ^^^");
        check("鍵=", "***", "", "| 鍵=***", "|    ^^^");
        check("\x1b[2J", "*\u{202e}*", "", "| \\x1b[2J*\\u{202e}*", "|        ^^^^^^^^^^");
        check("x", "", "", "| x********", "|  ^^^^^^^^");
    }

    #[test]
    fn long_lines_are_clipped_around_the_hit() {
        let long = "abcdefghi ".repeat(12);
        for (before, shown, after) in
            [(&*long, "***", &*long), ("", "***", &*long), (&*long, "***", ""), (&*long, &*long, &*long)]
        {
            let (line, carets) = marked(before, shown, after);
            assert!(columns(&line) <= WIDTH - MARGIN && columns(&carets) <= WIDTH - MARGIN, "{line}\n{carets}");
            assert!(columns(&line) > 60 && carets.contains("^^^"), "{line}\n{carets}");
        }
    }

    #[test]
    fn nothing_foreign_steers_the_terminal() {
        for color in [Color::Off, Color::On] {
            let text = render(&sample::hostile(), &Style { color, values: Values::Shown, ..Style::default() });
            let own = text.replace("\x1b[0m", "");
            let own =
                ["1", "2", "1;31", "1;33", "1;32", "36"].iter().fold(own, |t, code| t.replace(&format!("\x1b[{code}m"), ""));
            assert_eq!(own.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}'), None);
        }
    }

    #[test]
    fn values_shown_stand_in_a_row_of_their_own() {
        let finding = sample::finding("key.pem", "f", b"line one\r\nline \xfftwo\n");
        let style = Style { values: Values::Shown, ..Style::default() };
        let text = render(&sample::scan(vec![finding]), &style);
        assert!(text.contains("\n   value  line one\n          line \\xfftwo\n\n"), "{text}");
    }
}
