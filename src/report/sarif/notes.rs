//! What was not looked at, as SARIF notifications.
//!
//! It must not know findings. Start with [`invocation`].

use serde_json::json;
use serde_sarif::sarif::{
    Invocation, Location, Notification, PhysicalLocation, ReportingDescriptor, ReportingDescriptorReference,
};

use super::{artifact, message};
use crate::report::Style;
use crate::report::layout::thousands;
use crate::report::place::Places;
use crate::report::verdict::Verdict;
use crate::scan::blob::Origin;
use crate::scan::finding::{Issue, IssueKind, Level, Scan};

/// Id of the notification that says that results were left off.
const RESULT_LIMIT: &str = "result-limit";

/// The run's one invocation, with a notification per issue. The counts are those of the results in the file, and of all there are.
pub(super) fn invocation(scan: &Scan, style: &Style, (kept, all): (usize, usize)) -> Invocation {
    let mut notes: Vec<Notification> = Vec::new();
    if all > kept {
        let [kept, all] = [kept, all].map(|n| thousands(n as u64));
        let words = format!(
            "This file holds {kept} of {all} results, the most severe first, as GitHub takes no more; the JSON report holds all."
        );
        notes.push(note(RESULT_LIMIT, "warning", &words, Vec::new()));
    }
    notes.extend(scan.issues.iter().map(|issue| of_issue(issue, style)));
    for &(level, kind, n) in &scan.issue_counts {
        let kept = scan.issues.iter().filter(|i| i.level == level && i.kind == kind).count() as u64;
        if n > kept {
            notes.push(note(kind.word(), word(level), &format!("{}: {} more.", kind.word(), thousands(n - kept)), Vec::new()));
        }
    }
    Invocation::builder()
        .execution_successful(Verdict::of(scan, style.input).complete())
        .tool_execution_notifications(notes)
        .build()
}

/// One descriptor per kind of notification in the run.
pub(super) fn descriptors(scan: &Scan, (kept, all): (usize, usize)) -> Vec<ReportingDescriptor> {
    let mut ids: Vec<&str> =
        scan.issues.iter().map(|i| i.kind).chain(scan.issue_counts.iter().map(|c| c.1)).map(IssueKind::word).collect();
    if all > kept {
        ids.push(RESULT_LIMIT);
    }
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| ReportingDescriptor::builder().id(id).build()).collect()
}

fn of_issue(issue: &Issue, style: &Style) -> Notification {
    let name = Places::new(&style.root).name(&issue.origin);
    let locations = match &issue.origin {
        Origin::Stdin => Vec::new(),
        origin => {
            let physical = PhysicalLocation::builder().artifact_location(artifact(origin, style)).build();
            vec![Location::builder().physical_location(physical).build()]
        }
    };
    note(issue.kind.word(), word(issue.level), &format!("{}: {name}: {}", issue.kind.word(), issue.detail), locations)
}

fn note(id: &str, level: &str, words: &str, locations: Vec<Location>) -> Notification {
    let mut note = Notification::builder()
        .descriptor(ReportingDescriptorReference::builder().id(id).build())
        .level(json!(level))
        .message(message(words))
        .build();
    note.locations = (!locations.is_empty()).then_some(locations);
    note
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Gap => "error",
        Level::Note => "note",
    }
}
