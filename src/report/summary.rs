//! The end of the human report: what was scanned, what was not, what it comes to.
//!
//! It must not know single findings. Start with [`fill`].

use super::layout::{Ink, Page, count, size, thousands};
use super::place::Places;
use super::verdict::Verdict;
use super::{Style, ranked};
use crate::base::text::sanitise;
use crate::scan::finding::{Coverage, Finding, IssueKind, Level, Scan, Severity};

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
    let what = match (cover.files, cover.objects) {
        (files, 0) => count(files, "file", "files"),
        (0, objects) => count(objects, "git object", "git objects"),
        (files, objects) => format!("{} and {}", count(files, "file", "files"), count(objects, "git object", "git objects")),
    };
    let mut scanned = vec![format!("{what} ({})", size(cover.bytes))];
    if cover.known > 0 {
        scanned.push(format!("{} of them by an earlier scan", thousands(cover.known)));
    }
    if cover.members > 0 {
        let members = count(cover.members, "member", "members");
        scanned.push(format!("{members} of archives and notebooks ({})", size(cover.member_bytes)));
    }
    scanned.push(format!("with {}", count(cover.rules, "rule", "rules")));
    page.words("scanned", &scanned.join(", "));
    let named = count(cover.ignored_files, "file", "files");
    let anyway = thousands(cover.ignored_but_scanned);
    match (cover.ignored_files, cover.ignored_but_scanned) {
        (0, 0) => {}
        (_, 0) => page.words("ignored", &format!("{named} that ignore files name")),
        _ => page
            .words("ignored", &format!("{named} that ignore files name; {anyway} scanned anyway: tracked, or named like a key")),
    }
    let silenced = [
        (cover.allowed_inline, "by a comment beside it"),
        (cover.allowed_by_entry, "in stanch.toml"),
        (cover.marked, "marked as an example with a middle dot"),
    ];
    let mut told = silenced.iter().filter(|(n, _)| *n > 0);
    if let Some((n, how)) = told.next() {
        let rest: String = told.map(|(n, how)| format!(", {} {how}", thousands(*n))).collect();
        page.words("silenced", &format!("{} {how}{rest}", count(*n, "finding", "findings")));
    }
    if cover.in_baseline > 0 {
        let real = match cover.judged_real {
            0 => String::new(),
            n => format!(", {} of them judged real", thousands(n)),
        };
        page.words("known", &format!("{} in the baseline{real}", count(cover.in_baseline, "secret", "secrets")));
    }
    if cover.below_threshold > 0 {
        page.words("hidden", &format!("{} below the threshold not shown", count(cover.below_threshold, "finding", "findings")));
    }
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
        page.row("", &format!("  {}: {}", described(kind), thousands(n)));
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

fn described(kind: IssueKind) -> &'static str {
    match kind {
        IssueKind::Unreadable => "could not be read",
        IssueKind::Vanished => "gone before it was opened",
        IssueKind::Truncated => "became shorter while it was read",
        IssueKind::Malformed => "broken archive or notebook, scanned as plain bytes",
        IssueKind::Encrypted => "encrypted",
        IssueKind::DepthLimit => "nested deeper than the limit",
        IssueKind::SizeLimit => "larger than the limit",
        IssueKind::RatioLimit => "unpacks to far more than it is",
        IssueKind::CountLimit => "more members than the limit",
        IssueKind::FindingLimit => "more findings than are kept",
        IssueKind::SpecialFile => "socket, pipe or device",
        IssueKind::Symlink => "symbolic link",
        IssueKind::MediaPayload => "image or other media in a notebook",
        IssueKind::GitObjects => "packed history of a git repository",
        IssueKind::MissingObjects => "objects of a git repository that are not here or cannot be read",
        IssueKind::Unsupported => "unknown compression or container version",
        IssueKind::Configuration => "configuration that could not be used as written",
    }
}

/// `3 secrets in 5 places: 2 critical, 1 high`.
fn found(scan: &Scan) -> String {
    let by = |severity: Severity| scan.findings.iter().filter(|f| f.severity == severity).count() as u64;
    let mut present: Vec<Severity> = ranked(scan).iter().map(|f| f.severity).collect();
    present.dedup();
    let parts: Vec<String> = present.into_iter().map(|s| format!("{} {}", thousands(by(s)), s.word())).collect();
    let places: u64 = scan.findings.iter().map(Finding::places).sum();
    let secrets = count(scan.findings.len() as u64, "secret", "secrets");
    format!("{secrets} in {}: {}", count(places, "place", "places"), parts.join(", "))
}

fn verdict(page: &mut Page, scan: &Scan, verdict: Verdict) {
    let gaps = count(scan.gaps(), "gap", "gaps");
    let none = if scan.coverage.below_threshold > 0 { "No secrets found at or above the threshold" } else { "No secrets found" };
    match verdict {
        Verdict::Clean => page.line(Ink::Green, &format!("{none}.")),
        Verdict::NothingToScan => page.line(Ink::Green, "Nothing to scan."),
        Verdict::Findings => page.line(Ink::Red, &format!("Found {}.", found(scan))),
        Verdict::FindingsAndGaps => {
            page.line(Ink::Red, &format!("Found {}.", found(scan)));
            page.line(Ink::Yellow, &format!("The scan is incomplete: {gaps}."));
        }
        Verdict::Gaps => {
            page.line(Ink::Yellow, &format!("{none} in what was read, but the scan is incomplete: {gaps}."));
        }
        Verdict::NothingScanned => page.line(Ink::Yellow, "Nothing was scanned: not one file of what was named was looked at."),
    }
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
