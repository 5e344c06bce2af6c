//! The end of the human report: what was scanned, what was not, what it comes to.
//!
//! It must not know single findings. Start with [`fill`].

use super::layout::{Ink, Page, thousands};
use super::place::Places;
use super::verdict::Verdict;
use super::{Style, words};
use crate::base::text::sanitise;
use crate::scan::finding::{Coverage, IssueKind, Level, Scan};

/// Places listed per kind of issue.
const PLACES_LISTED: usize = 3;
/// The same of configuration.
const CONFIGURATION_LISTED: usize = 20;

pub(super) fn fill(page: &mut Page, scan: &Scan, style: &Style) {
    coverage(page, &scan.coverage);
    issues(page, scan, style, Level::Gap);
    issues(page, scan, style, Level::Note);
    if !scan.findings.is_empty() && !scan.stable_fingerprints {
        page.words("ids", "hold for this run only, as there is no project key");
    }
    page.gap();
    verdict(page, scan, Verdict::of(scan, style.input));
}

fn coverage(page: &mut Page, cover: &Coverage) {
    words::coverage(cover).iter().for_each(|(label, words)| page.words(label, words));
}

fn issues(page: &mut Page, scan: &Scan, style: &Style, level: Level) {
    let (label, ink, total, meaning) = match level {
        Level::Gap => ("gaps", Ink::Yellow, scan.gaps(), "not looked at, and should have been"),
        Level::Note => ("notes", Ink::Dim, scan.notes(), "left out by design"),
    };
    if total == 0 {
        return;
    }
    page.labelled(ink, label, &format!("{} {meaning}", thousands(total)));
    for &(_, kind, n) in scan.issue_counts.iter().filter(|(l, _, n)| *l == level && *n > 0) {
        page.row("", &format!("  {}: {}", words::described(kind), thousands(n)));
        let kept = scan.issues.iter().filter(|i| i.level == level && i.kind == kind);
        // What somebody wrote down and does not count is told as a whole, within reason.
        let most = if kind == IssueKind::Configuration { CONFIGURATION_LISTED } else { PLACES_LISTED };
        let listed = kept.take(most).inspect(|issue| {
            let name = Places::new(&style.root).name(&issue.origin);
            let detail = if issue.detail.is_empty() { String::new() } else { format!(": {}", sanitise(issue.detail.as_bytes())) };
            page.row("", &format!("    {}{detail}", sanitise(name.as_bytes())));
        });
        let more = n.saturating_sub(listed.count() as u64);
        if more > 0 {
            page.row("", &format!("    and {} more", thousands(more)));
        }
    }
}

fn verdict(page: &mut Page, scan: &Scan, verdict: Verdict) {
    let ink = match verdict {
        Verdict::Clean | Verdict::NothingToScan => Ink::Green,
        Verdict::Findings | Verdict::FindingsAndGaps => Ink::Red,
        Verdict::Gaps | Verdict::NothingScanned => Ink::Yellow,
    };
    let (first, then) = words::verdict(scan, verdict);
    page.line(ink, &first);
    then.iter().for_each(|words| page.line(Ink::Yellow, words));
}

#[cfg(test)]
mod tests {
    use super::fill;
    use crate::report::layout::Page;
    use crate::report::{Color, Input, Style, sample};
    use crate::scan::finding::{Coverage, IssueKind, Level, Scan};

    fn render(scan: &Scan, input: Input) -> String {
        let mut page = Page::new(Color::Off);
        fill(&mut page, scan, &Style { input, ..Style::default() });
        page.into_text()
    }

    #[test]
    fn it_always_says_what_was_scanned() {
        let check = |coverage: Coverage, input: Input, expected: &str| {
            assert_eq!(render(&Scan { coverage, ..Scan::default() }, input), expected);
        };
        let rules = 3;
        check(
            Coverage::default(),
            Input::Named,
            " scanned  0 files (0 bytes), with 0 rules\n\nNothing was scanned: not one file of what was named was looked at.\n",
        );
        check(
            Coverage { rules, ..Coverage::default() },
            Input::Empty,
            " scanned  0 files (0 bytes), with 3 rules\n\nNothing to scan.\n",
        );
        let coverage = Coverage { rules, files: 1, bytes: 1, ignored_files: 7, allowed_inline: 1, ..Coverage::default() };
        check(
            coverage,
            Input::Named,
            " scanned  1 file (1 byte), with 3 rules\n ignored  7 files that ignore files name\nsilenced  1 finding by a comment beside it\n\nNo secrets found.\n",
        );
        let coverage = Coverage { rules, files: 2, below_threshold: 1, ..Coverage::default() };
        check(
            coverage,
            Input::Named,
            " scanned  2 files (0 bytes), with 3 rules\n  hidden  1 finding below the threshold not shown\n\nNo secrets found at or above the threshold.\n",
        );
    }

    #[test]
    fn issues_beyond_the_first_are_counted() {
        let mut scan = sample::scan(Vec::new());
        scan.issues =
            (0..5).map(|i| sample::issue(Level::Gap, IssueKind::Unreadable, &format!("f{i}\x07"), "permission denied")).collect();
        scan.issue_counts = vec![(Level::Gap, IssueKind::Unreadable, 250), (Level::Note, IssueKind::Symlink, 0)];
        let text = render(&scan, Input::Named);
        let expected = "    gaps  250 not looked at, and should have been\n            could not be read: 250\n              f0\\x07: permission denied\n";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("\n              and 247 more\n") && !text.contains("notes"), "{text}");
        assert!(text.ends_with("\n\nNo secrets found in what was read, but the scan is incomplete: 250 gaps.\n"), "{text}");
    }
}
