//! A summary in Markdown, for the page of a CI job or for a comment.
//!
//! It must not know other formats. Start with [`write`]. Foreign text stands in code spans, in which nothing is a link, a mention, HTML or a
//! cell of a table; a pipe and a backtick in it are shown as escapes. What does not fit is counted.

use std::fmt::Write as _;
use std::io;

use super::layout::{count, thousands};
use super::line::{self, Line};
use super::place::Places;
use super::verdict::Verdict;
use super::words::{self, clean, exposed, position, time};
use super::{Style, ranked};
use crate::base::text::sanitise;
use crate::scan::finding::{Finding, Level, Scan};

/// Most bytes of a job summary of GitHub.
pub(super) const SUMMARY: usize = 1 << 20;
/// Most characters of a comment there, counted as bytes, which are as many or more.
pub(super) const COMMENT: usize = 65_536;

/// Kept free for what stands behind the table.
const RESERVE: usize = 8_192;
/// Gaps that are listed, and characters of each name.
const GAPS_LISTED: usize = 20;
const LONGEST: usize = 200;

pub(super) fn write(scan: &Scan, style: &Style, most: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = String::new();
    let (told, incomplete) = words::verdict(scan, Verdict::of(scan, style.input));
    let _ = writeln!(page, "## stanch\n\n**{told}**");
    if let Some(words) = incomplete {
        let _ = writeln!(page, "\n**{words}**");
    }
    let end = end(scan, style);
    let room = most.saturating_sub(end.len().max(RESERVE));
    table(scan, style, room, &mut page);
    page.push_str(&end);
    out.write_all(page.as_bytes())
}

fn table(scan: &Scan, style: &Style, room: usize, page: &mut String) {
    if scan.findings.is_empty() {
        return;
    }
    let is_history = scan.findings.iter().any(|f| f.exposure.is_some());
    let (name, rule) = if is_history { (" Exposed |", " --- |") } else { ("", "") };
    let _ = writeln!(page, "\n| Severity | What | Where |{name} Id |\n| --- | --- | --- |{rule} --- |");
    let all = ranked(scan);
    let mut told = 0;
    for finding in &all {
        let row = row(finding, style, is_history);
        if page.len() + row.len() > room {
            break;
        }
        page.push_str(&row);
        told += 1;
    }
    if told < all.len() {
        let [told, all] = [told, all.len()].map(|n| thousands(n as u64));
        let _ = writeln!(page, "\n**{told} of {all} secrets are shown, the most severe first; the other reports list all.**");
    }
}

fn row(finding: &Finding, style: &Style, is_history: bool) -> String {
    let places = Places::new(&style.root);
    let mut at = finding.occurrences.first().map(|first| {
        let shown = Line::of(finding, first).shown;
        format!("{}<br>{}", code(&position(places, first)), code(&shown))
    });
    if finding.places() > 1
        && let Some(at) = &mut at
    {
        let _ = write!(at, "<br>and {}", count(finding.places() - 1, "more place", "more places"));
    }
    if let Some(value) = line::bytes(finding, style.values) {
        let lines: Vec<String> = value.split(|b| *b == b'\n').map(|line| whole(&sanitise(line))).collect();
        at = at.map(|at| format!("{at}<br>value: {}", lines.join("<br>")));
    }
    let exposure = match (&finding.exposure, is_history) {
        (Some(exposure), true) => format!(" {} |", code(&exposed(exposure, None))),
        (None, true) => " |".to_owned(),
        (_, false) => String::new(),
    };
    let rule = &finding.rule;
    let what = format!("{}<br>{} ({} confidence)", plain(&rule.about), code(&rule.id), finding.confidence.word());
    let (severity, id) = (finding.severity.word(), code(&finding.fingerprint.0));
    format!("| {severity} | {what} | {} |{exposure} {id} |\n", at.unwrap_or_default())
}

/// What stands behind the table: gaps, what was scanned, with what.
fn end(scan: &Scan, style: &Style) -> String {
    let mut page = String::new();
    let gaps: Vec<String> = scan
        .issues
        .iter()
        .filter(|issue| issue.level == Level::Gap)
        .take(GAPS_LISTED)
        .map(|issue| {
            let name = Places::new(&style.root).name(&issue.origin);
            let detail = if issue.detail.is_empty() { String::new() } else { format!(", {}", code(&issue.detail)) };
            format!("- {}: {}{detail}", words::described(issue.kind), code(&name))
        })
        .collect();
    if scan.gaps() > 0 {
        let _ = writeln!(page, "\n### Not looked at, and should have been: {}\n\n{}", thousands(scan.gaps()), gaps.join("\n"));
        let more = scan.gaps().saturating_sub(gaps.len() as u64);
        if more > 0 {
            let _ = writeln!(page, "- and {} more", thousands(more));
        }
    }
    page.push('\n');
    for (label, words) in words::coverage(&scan.coverage) {
        let _ = writeln!(page, "- {label}: {words}");
    }
    let rules = if style.run.rules.is_empty() { String::new() } else { format!(", rules {}", code(&style.run.rules)) };
    let when = if style.run.ended == 0 { String::new() } else { format!(", {}", time(style.run.ended)) };
    let _ = writeln!(page, "\n<sub>stanch {}{rules}{when}</sub>", plain(&style.version));
    page
}

/// Text as it is if no character of it means anything in Markdown, else in a code span.
fn plain(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " ,.()'/-".contains(c);
    let is_link = text.to_ascii_lowercase().contains("www.");
    if text.chars().all(is_plain) && !is_link && !text.trim().is_empty() { text.to_owned() } else { code(text) }
}

/// A code span of at most [`LONGEST`] characters.
fn code(text: &str) -> String {
    let short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() { format!("{}...", whole(&short)) } else { whole(text) }
}

/// The same of any length. In a table a pipe ends a cell even here, and no escape of it means the same everywhere.
fn whole(text: &str) -> String {
    let text = clean(text).replace('|', "\\x7c").replace('`', "\\x60");
    if text.trim().is_empty() { "` `".to_owned() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::{COMMENT, code, plain, write};
    use crate::report::{Style, sample};
    use crate::scan::finding::Scan;

    fn render(scan: &Scan, most: usize) -> String {
        let mut out = Vec::new();
        write(scan, &Style::default(), most, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn foreign_text_means_nothing() {
        let check = |text: &str, expected: &str| assert_eq!(plain(text), expected);
        check("GitHub personal access token (classic)", "GitHub personal access token (classic)");
        check("@someone", "`@someone`");
        check("[x](javascript:alert(1))", "`[x](javascript:alert(1))`");
        check("<img src=x>", "`<img src=x>`");
        check("www.example.com", "`www.example.com`");
        check("a|b`c`\n# d", "`a\\x7cb\\x60c\\x60\\n# d`");
        check("", "` `");
        assert!(code(&"x".repeat(500)).len() < 220);
    }

    #[test]
    fn every_row_has_as_many_cells_as_the_header() {
        for scan in [sample::sample(), sample::history(), sample::hostile()] {
            let text = render(&scan, COMMENT);
            let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
            assert_eq!(rows.len(), scan.findings.len() + 2, "{text}");
            let cells = rows[0].matches('|').count();
            assert!(rows.iter().all(|row| row.matches('|').count() == cells && row.ends_with('|')), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let scan = sample::huge();
        for most in [COMMENT, 1 << 20] {
            let text = render(&scan, most);
            assert!(text.len() <= most && text.len() > most / 2, "{} of {most}", text.len());
            assert!(text.contains(" of 20,002 secrets are shown, the most severe first;"), "{most}");
            assert!(text.contains("| critical |") && text.contains("- scanned: "));
        }
        assert!(!render(&sample::sample(), COMMENT).contains("are shown"));
    }
}
