//! What people read of a scan, in words: the same in every report that is made for people.
//!
//! It must not know a report format. Start with [`verdict`] and [`exposed`]. Every foreign string passes [`sanitise`].

use super::layout::{count, size, thousands};
use super::place::Places;
use super::ranked;
use super::verdict::Verdict;
use crate::base::date::Date;
use crate::base::text::sanitise;
use crate::scan::finding::{Committed, Coverage, Danger, Exposure, Finding, IssueKind, Occurrence, Scan, Severity};

/// Refs that are listed of one secret.
const REFS_LISTED: usize = 5;

/// What a scan comes to, and, where there were findings, that it is incomplete.
pub(super) fn verdict(scan: &Scan, verdict: Verdict) -> (String, Option<String>) {
    let gaps = count(scan.gaps(), "gap", "gaps");
    let none = if scan.coverage.below_threshold > 0 { "No secrets found at or above the threshold" } else { "No secrets found" };
    match verdict {
        Verdict::Clean => (format!("{none}."), None),
        Verdict::NothingToScan => ("Nothing to scan.".to_owned(), None),
        Verdict::Findings => (format!("Found {}.", found(scan)), None),
        Verdict::FindingsAndGaps => (format!("Found {}.", found(scan)), Some(format!("The scan is incomplete: {gaps}."))),
        Verdict::Gaps => (format!("{none} in what was read, but the scan is incomplete: {gaps}."), None),
        Verdict::NothingScanned => ("Nothing was scanned: not one file of what was named was looked at.".to_owned(), None),
    }
}

/// What was looked at and what was left out or silenced: a label and words each.
pub(super) fn coverage(cover: &Coverage) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
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
    told.push(("scanned", scanned.join(", ")));
    let named = count(cover.ignored_files, "file", "files");
    let anyway = thousands(cover.ignored_but_scanned);
    match (cover.ignored_files, cover.ignored_but_scanned) {
        (0, 0) => {}
        (_, 0) => told.push(("ignored", format!("{named} that ignore files name"))),
        _ => told
            .push(("ignored", format!("{named} that ignore files name; {anyway} scanned anyway: tracked, or named like a key"))),
    }
    let silenced = [
        (cover.allowed_inline, "by a comment beside it"),
        (cover.allowed_by_entry, "in stanch.toml"),
        (cover.marked, "marked as an example with a middle dot"),
    ];
    let mut by = silenced.iter().filter(|(n, _)| *n > 0);
    if let Some((n, how)) = by.next() {
        let rest: String = by.map(|(n, how)| format!(", {} {how}", thousands(*n))).collect();
        told.push(("silenced", format!("{} {how}{rest}", count(*n, "finding", "findings"))));
    }
    if cover.in_baseline > 0 {
        let real = match cover.judged_real {
            0 => String::new(),
            n => format!(", {} of them judged real", thousands(n)),
        };
        told.push(("known", format!("{} in the baseline{real}", count(cover.in_baseline, "secret", "secrets"))));
    }
    if cover.below_threshold > 0 {
        told.push(("hidden", format!("{} below the threshold not shown", count(cover.below_threshold, "finding", "findings"))));
    }
    told
}

/// What a kind of issue is, in words.
pub(super) fn described(kind: IssueKind) -> &'static str {
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
pub(super) fn found(scan: &Scan) -> String {
    let by = |severity: Severity| scan.findings.iter().filter(|f| f.severity == severity).count() as u64;
    let mut present: Vec<Severity> = ranked(scan).iter().map(|f| f.severity).collect();
    present.dedup();
    let parts: Vec<String> = present.into_iter().map(|s| format!("{} {}", thousands(by(s)), s.word())).collect();
    let places: u64 = scan.findings.iter().map(Finding::places).sum();
    let secrets = count(scan.findings.len() as u64, "secret", "secrets");
    format!("{secrets} in {}: {}", count(places, "place", "places"), parts.join(", "))
}

/// `3f2a91c5d0e1 of 2024-03-05, by A U Thor <a@example.com>; not in HEAD; also as b.txt`.
pub(super) fn committed(commit: &Committed) -> String {
    let head = commit.in_head.map_or("", |in_head| if in_head { "; still in HEAD" } else { "; not in HEAD" });
    let paths = match commit.path_count {
        0 | 1 => String::new(),
        n => format!("; as {}{}", list(&commit.paths), more(n, commit.paths.len())),
    };
    format!("{} of {}, by {}{head}{paths}", short(&commit.id), day(commit.time), clean(&commit.author))
}

/// `412 days: from 2024-03-05 until 91c5d0e13f2a removed it on 2025-04-21; on a remote`.
pub(super) fn exposed(exposure: &Exposure, told: Option<&Committed>) -> String {
    let days = match exposure.days {
        Some(0) => "less than a day: ".to_owned(),
        Some(days) => format!("{}: ", count(days, "day", "days")),
        None if exposure.ref_count > 0 => "for an unknown time: ".to_owned(),
        None => String::new(),
    };
    let from = exposure.first.as_ref().map_or("from an unknown day".to_owned(), |first| {
        // If it is not the one that is told already.
        let other = told.is_none_or(|told| told.id != first.commit);
        let by = if other { format!(" in {} by {}", short(&first.commit), clean(&first.author)) } else { String::new() };
        format!("from {}{by}", day(first.time))
    });
    let reach = match exposure.danger() {
        Danger::Unreachable => "no ref reaches it",
        _ if exposure.pushed => "on a remote",
        _ => "on no remote",
    };
    let until = match (&exposure.removed, &exposure.last) {
        _ if exposure.in_head => " on, still in HEAD".to_owned(),
        (Some(removed), _) => format!(" until {} removed it on {}", short(&removed.commit), day(removed.time)),
        (None, Some(last)) => format!(", last in {} of {}", short(&last.commit), day(last.time)),
        (None, None) => String::new(),
    };
    if exposure.first.is_none() && exposure.ref_count == 0 { reach.to_owned() } else { format!("{days}{from}{until}; {reach}") }
}

/// What reaches a secret: `main, origin/main, tag v1 and 3 more`.
pub(super) fn names(exposure: &Exposure) -> Option<String> {
    let (names, n) = match exposure.ref_count {
        0 => (&exposure.reflogs, exposure.reflogs.len() as u64),
        n => (&exposure.refs, n),
    };
    let told: Vec<String> = names.iter().take(REFS_LISTED).map(|name| ref_name(name)).collect();
    let kind = if exposure.ref_count == 0 { "reflog " } else { "" };
    (!told.is_empty()).then(|| format!("{kind}{}{}", list(&told), more(n, told.len())))
}

/// The name of a ref as git shortens it; tags say what they are.
fn ref_name(name: &str) -> String {
    let tag = name.strip_prefix("refs/tags/").map(|tag| format!("tag {tag}"));
    let short = ["refs/heads/", "refs/remotes/"].iter().find_map(|prefix| name.strip_prefix(prefix));
    tag.unwrap_or_else(|| short.unwrap_or(name).to_owned())
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ")
}

fn more(all: u64, told: usize) -> String {
    match all.saturating_sub(told as u64) {
        0 => String::new(),
        more => format!(" and {} more", thousands(more)),
    }
}

fn short(commit: &str) -> String {
    commit.chars().take(12).collect()
}

fn day(time: i64) -> String {
    u64::try_from(time).map_or_else(|_| "before 1970".to_owned(), |time| Date::from_unix(time).to_string())
}

/// `path:line:column`, safe for a terminal.
pub(super) fn position(places: Places<'_>, occurrence: &Occurrence) -> String {
    format!("{}:{}:{}", clean(&places.name(&occurrence.origin)), occurrence.at.line, occurrence.at.column)
}

/// Safe to look at.
pub(super) fn clean(text: &str) -> String {
    sanitise(text.as_bytes()).into_owned()
}

/// A time in UTC: day, hour and minute.
pub(super) fn time(seconds: u64) -> String {
    format!("{} {:02}:{:02} UTC", Date::from_unix(seconds), seconds / 3600 % 24, seconds / 60 % 60)
}

/// The same in the form of ISO 8601 without a zone.
pub(super) fn iso_time(seconds: u64) -> String {
    format!("{}T{:02}:{:02}:{:02}", Date::from_unix(seconds), seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}
