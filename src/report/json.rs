//! The JSON report, grouped by distinct secret, and the JSON lines report, one line per place.
//!
//! It must not know SARIF. Start with [`write`] and [`write_lines`]; the structs are the format, [`super::saved`] reads it back.
//!
//! A path in JSON is the name as it is, not sanitised: [`super::escape`] keeps it safe to look at. `path` is always a file on disk,
//! never a name made of a file and what is inside it; that is `place`.
//! Only finding lines have a `path`, so that a reader who takes every object with a path takes just the findings.

use std::borrow::Cow;
use std::io;

use serde::Serialize;

use super::escape::{compact, pretty};
use super::line::{self, Line, Value};
use super::place::{Places, inside};
use super::verdict::Verdict;
use super::{Style, ranked};
use crate::scan::finding::{
    Committed, Confidence, Danger, Exposure, Finding, Issue, IssueKind, Level, Occurrence, SCHEMA_VERSION, Scan, Seen, Severity,
};

/// Writes one object.
pub(super) fn write(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let report = Report {
        schema_version: SCHEMA_VERSION,
        head: Head::of(scan, style),
        findings: ranked(scan).into_iter().map(|f| Grouped::of(f, style)).collect(),
        issues: scan.issues.iter().map(|i| IssueRecord::of(i, style)).collect(),
    };
    pretty(out, &report)
}

/// Writes one object a line.
pub(super) fn write_lines(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    for finding in ranked(scan) {
        for occurrence in &finding.occurrences {
            let record = Single { common: Common::of(finding, style), spot: Spot::of(finding, occurrence, style) };
            compact(out, &Tagged { r#type: "finding", schema_version: SCHEMA_VERSION, record })?;
        }
    }
    for issue in &scan.issues {
        compact(out, &Tagged { r#type: "issue", schema_version: SCHEMA_VERSION, record: IssueRecord::of(issue, style) })?;
    }
    let record = Summary {
        findings: scan.findings.len(),
        occurrences: scan.findings.iter().map(Finding::places).sum(),
        head: Head::of(scan, style),
    };
    compact(out, &Tagged { r#type: "summary", schema_version: SCHEMA_VERSION, record })
}

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    #[serde(flatten)]
    head: Head<'a>,
    findings: Vec<Grouped<'a>>,
    issues: Vec<IssueRecord<'a>>,
}

#[derive(Serialize)]
struct Tagged<T> {
    r#type: &'static str,
    schema_version: u32,
    #[serde(flatten)]
    record: T,
}

/// What holds for the scan as a whole.
#[derive(Serialize)]
struct Head<'a> {
    tool: Tool<'a>,
    verdict: &'static str,
    complete: bool,
    stable_fingerprints: bool,
    coverage: CoverageRecord,
    issue_counts: Vec<IssueCount>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Summary<'a> {
    findings: usize,
    occurrences: u64,
    #[serde(flatten)]
    head: Head<'a>,
}

/// A distinct secret with all its places.
#[derive(Serialize)]
struct Grouped<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    occurrences: Vec<Spot<'a>>,
    /// Places beyond those.
    #[serde(skip_serializing_if = "is_zero")]
    more_occurrences: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// One place of a secret.
#[derive(Serialize)]
struct Single<'a> {
    #[serde(flatten)]
    spot: Spot<'a>,
    #[serde(flatten)]
    common: Common<'a>,
}

/// What is the same at every place of a secret.
#[derive(Serialize)]
struct Common<'a> {
    rule: &'a str,
    about: &'a str,
    provider: &'a str,
    category: &'a str,
    severity: Severity,
    confidence: Confidence,
    fingerprint: &'a str,
    why: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paired: Option<&'a str>,
    fix: &'a str,
    url: &'a str,
    /// Only in the history of a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure: Option<ExposureRecord<'a>>,
    #[serde(flatten)]
    value: Value<'a>,
}

/// How far a secret got in the history of a repository.
#[derive(Serialize)]
pub(super) struct ExposureRecord<'a> {
    /// `in-head`, `pushed`, `reachable` or `unreachable`: the first that holds.
    danger: Danger,
    /// Whole days from the first commit to the one that removed it, or to now; null if a clock was wrong or no ref reaches it.
    days: Option<u64>,
    /// Is it in the tree of `HEAD`, or in the message of a commit that `HEAD` reaches?
    in_head: bool,
    /// Does a remote-tracking ref reach a commit that holds it?
    pushed: bool,
    /// The first commit that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<SeenRecord<'a>>,
    /// The last commit that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<SeenRecord<'a>>,
    /// The commit by which it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<SeenRecord<'a>>,
    /// Full names of the first ten refs that reach a commit that holds it.
    refs: &'a [String],
    ref_count: u64,
    /// If no ref does: entries of reflogs that do.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    reflogs: &'a [String],
}

#[derive(Serialize)]
struct SeenRecord<'a> {
    commit: &'a str,
    author: &'a str,
    /// Seconds since 1970.
    time: i64,
}

impl<'a> ExposureRecord<'a> {
    pub(super) fn of(exposure: &'a Exposure) -> Self {
        let seen = |seen: &'a Option<Seen>| {
            seen.as_ref().map(|Seen { commit, author, time }| SeenRecord { commit, author, time: *time })
        };
        Self {
            danger: exposure.danger(),
            days: exposure.days,
            in_head: exposure.in_head,
            pushed: exposure.pushed,
            first: seen(&exposure.first),
            last: seen(&exposure.last),
            removed: seen(&exposure.removed),
            refs: &exposure.refs,
            ref_count: exposure.ref_count,
            reflogs: &exposure.reflogs,
        }
    }
}

/// A place. `end_column` is exclusive; columns count Unicode scalar values; `offset` and `length` count bytes.
#[derive(Serialize)]
struct Spot<'a> {
    /// The file on disk, which may be opened; `-` is standard input.
    path: String,
    /// Only where `path` cannot show every byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    /// Only inside containers: the member of the archive, or the cell of the notebook.
    #[serde(skip_serializing_if = "Option::is_none")]
    inside: Option<String>,
    /// Both in one, as people read it: `outer!member`, `notebook#cell`.
    place: String,
    /// Only in notebooks that are files: the line of the file on which the text is written; `line` counts in the cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_line: Option<u64>,
    line: u64,
    column: u64,
    end_line: u64,
    end_column: u64,
    offset: u64,
    length: u64,
    before: Cow<'a, str>,
    shown: Cow<'a, str>,
    after: Cow<'a, str>,
    /// Only in the history of a repository, for what a ref reaches: the first commit that held it.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<CommitRecord<'a>>,
}

#[derive(Serialize)]
struct CommitRecord<'a> {
    id: &'a str,
    author: &'a str,
    /// Seconds since 1970.
    time: i64,
    /// Is the blob in the tree of `HEAD`? Not said of messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_head: Option<bool>,
    /// Id of the blob; none for messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<&'a str>,
    /// Its path in the tree of `HEAD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    head_path: Option<&'a str>,
    /// The first five of the paths it ever had; none for messages.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    paths: &'a [String],
    #[serde(skip_serializing_if = "is_zero")]
    path_count: u64,
}

impl<'a> CommitRecord<'a> {
    fn of(commit: &'a Committed) -> Self {
        let Committed { id, author, time, in_head, blob, head_path, paths, path_count } = commit;
        let blob = blob.as_deref();
        let (head_path, time, in_head, path_count) = (head_path.as_deref(), *time, *in_head, *path_count);
        Self { id, author, time, in_head, blob, head_path, paths, path_count }
    }
}

#[derive(Serialize)]
struct IssueRecord<'a> {
    level: &'static str,
    kind: IssueKind,
    place: String,
    detail: &'a str,
}

#[derive(Serialize)]
struct IssueCount {
    level: &'static str,
    kind: IssueKind,
    count: u64,
}

#[derive(Serialize)]
pub(super) struct CoverageRecord {
    files: u64,
    /// Only where the history of a repository was scanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<u64>,
    /// Those of them that were not scanned again, because an earlier scan did.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects_known: Option<u64>,
    bytes: u64,
    members: u64,
    member_bytes: u64,
    ignored_files: u64,
    ignored_but_scanned: u64,
    allowed_inline: u64,
    allowed_by_entry: u64,
    in_baseline: u64,
    judged_real: u64,
    marked: u64,
    below_threshold: u64,
    rules: u64,
}

impl<'a> Head<'a> {
    fn of(scan: &Scan, style: &'a Style) -> Self {
        let verdict = Verdict::of(scan, style.input);
        let counts = scan.issue_counts.iter();
        Self {
            tool: Tool { name: "stanch", version: &style.version },
            verdict: verdict.word(),
            complete: verdict.complete(),
            stable_fingerprints: scan.stable_fingerprints,
            coverage: CoverageRecord::of(scan),
            issue_counts: counts.map(|&(level, kind, count)| IssueCount { level: word(level), kind, count }).collect(),
        }
    }
}

impl<'a> Grouped<'a> {
    fn of(finding: &'a Finding, style: &Style) -> Self {
        let occurrences = finding.occurrences.iter().map(|o| Spot::of(finding, o, style)).collect();
        Self { common: Common::of(finding, style), occurrences, more_occurrences: finding.more }
    }
}

impl<'a> Common<'a> {
    fn of(finding: &'a Finding, style: &Style) -> Self {
        let rule = &finding.rule;
        Self {
            rule: &rule.id,
            about: &rule.about,
            provider: &rule.provider,
            category: &rule.category,
            severity: finding.severity,
            confidence: finding.confidence,
            fingerprint: &finding.fingerprint.0,
            why: line::why(finding),
            paired: finding.paired.as_deref(),
            fix: &rule.fix,
            url: &rule.url,
            exposure: finding.exposure.as_ref().map(ExposureRecord::of),
            value: Value::of(finding, style.values),
        }
    }
}

impl<'a> Spot<'a> {
    fn of(finding: &Finding, occurrence: &'a Occurrence, style: &Style) -> Self {
        let places = Places::new(&style.root);
        let Occurrence { origin, at, file_line, commit, .. } = occurrence;
        let Line { before, shown, after } = Line::of(finding, occurrence);
        Self {
            path: places.file(origin),
            path_base64: places.exact(origin),
            inside: inside(origin),
            place: places.name(origin),
            file_line: *file_line,
            line: at.line,
            column: at.column,
            end_line: at.end_line,
            end_column: at.end_column,
            offset: at.offset,
            length: at.len,
            before,
            shown,
            after,
            commit: commit.as_ref().map(CommitRecord::of),
        }
    }
}

impl<'a> IssueRecord<'a> {
    fn of(issue: &'a Issue, style: &Style) -> Self {
        let place = Places::new(&style.root).name(&issue.origin);
        Self { level: word(issue.level), kind: issue.kind, place, detail: &issue.detail }
    }
}

impl CoverageRecord {
    pub(super) fn of(scan: &Scan) -> Self {
        let cover = &scan.coverage;
        Self {
            files: cover.files,
            objects: (cover.objects > 0).then_some(cover.objects),
            objects_known: (cover.known > 0).then_some(cover.known),
            bytes: cover.bytes,
            members: cover.members,
            member_bytes: cover.member_bytes,
            ignored_files: cover.ignored_files,
            ignored_but_scanned: cover.ignored_but_scanned,
            allowed_inline: cover.allowed_inline,
            allowed_by_entry: cover.allowed_by_entry,
            in_baseline: cover.in_baseline,
            judged_real: cover.judged_real,
            marked: cover.marked,
            below_threshold: cover.below_threshold,
            rules: cover.rules,
        }
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Gap => "gap",
        Level::Note => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::{write, write_lines};
    use crate::report::{Input, Style, Values, sample};
    use crate::scan::blob::Origin;
    use crate::scan::finding::Scan;
    use serde_json::Value;

    fn lines(scan: &Scan, style: &Style) -> Vec<Value> {
        let mut out = Vec::new();
        write_lines(scan, style, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with('\n'));
        text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    #[test]
    fn lines_are_findings_then_issues_then_one_summary() {
        for scan in [sample::sample(), sample::hostile(), Scan::default()] {
            let lines = lines(&scan, &Style::default());
            let types: Vec<&str> = lines.iter().map(|l| l["type"].as_str().unwrap()).collect();
            let places: usize = scan.findings.iter().map(|f| f.occurrences.len()).sum();
            let expected = [vec!["finding"; places], vec!["issue"; scan.issues.len()], vec!["summary"]].concat();
            assert_eq!(types, expected);
            for line in &lines {
                assert_eq!(line["schema_version"], 1);
                assert_eq!(line.get("path").is_some(), line["type"] == "finding");
                assert_eq!(line.get("place").is_some(), line["type"] != "summary");
            }
        }
    }

    #[test]
    fn every_finding_line_has_the_promised_keys() {
        let keys =
            "path place line column end_line end_column rule severity confidence fingerprint shown why type schema_version";
        for style in [Style::default(), Style { values: Values::Shown, ..Style::default() }] {
            for line in lines(&sample::sample(), &style).iter().filter(|l| l["type"] == "finding") {
                assert_eq!(keys.split(' ').find(|k| line.get(k).is_none()), None);
                let value = line.get("secret").or(line.get("secret_base64"));
                assert_eq!(value.is_some(), style.values == Values::Shown);
            }
        }
    }

    #[test]
    fn the_object_says_whether_the_scan_is_complete() {
        let check = |scan: &Scan, input, verdict: &str, complete: bool| {
            let mut out = Vec::new();
            write(scan, &Style { input, ..Style::default() }, &mut out).unwrap();
            let report: Value = serde_json::from_slice(&out).unwrap();
            assert_eq!((report["verdict"].as_str(), report["complete"].as_bool()), (Some(verdict), Some(complete)));
        };
        check(&Scan::default(), Input::Empty, "nothing-to-scan", true);
        check(&Scan::default(), Input::Named, "nothing-scanned", false);
        check(&sample::scan(Vec::new()), Input::Named, "clean", true);
        check(&sample::sample(), Input::Named, "findings-and-gaps", false);
    }

    #[test]
    fn what_is_inside_stands_beside_the_path() {
        let check = |origin: Origin, path: &str, within: Option<&str>, place: &str| {
            let mut finding = sample::finding("a", "f", b"v");
            finding.occurrences[0].origin = origin;
            let record = &lines(&sample::scan(vec![finding]), &Style::default())[0];
            assert_eq!((record["path"].as_str(), record["place"].as_str()), (Some(path), Some(place)));
            assert_eq!(record.get("inside"), within.map(Value::from).as_ref());
        };
        check(sample::file("./d/a"), "d/a", None, "d/a");
        check(Origin::Stdin, "-", None, "-");
        let zip = || sample::in_archive(sample::file("a!b.zip"), "c#d/e");
        check(zip(), "a!b.zip", Some("c#d/e"), "a!b.zip!c#d/e");
        check(sample::in_notebook(zip(), "cell-1"), "a!b.zip", Some("c#d/e#cell-1"), "a!b.zip!c#d/e#cell-1");
        check(sample::in_archive(Origin::Stdin, "x"), "-", Some("x"), "-!x");
    }

    #[test]
    fn paths_survive() {
        let record = &lines(&sample::scan(vec![sample::finding("a\u{1b}\n\"b", "f", b"v")]), &Style::default())[0];
        assert_eq!(record["path"], "a\u{1b}\n\"b");
        assert_eq!(record.get("path_base64"), None);
    }
}
