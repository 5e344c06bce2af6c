//! GitLab's secret detection report, version 15.0.6 of its schema.
//!
//! It must not know other formats. Start with [`write`]. One vulnerability for each place, most severe first. GitLab wants a commit for each;
//! what was scanned as a file has the one that its own analysers name then. Gaps are messages of the scan.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::Style;
use super::escape::pretty;
use super::line::{self, Line, Value};
use super::place::{Places, inside};
use super::tree::{self, Hit};
use super::verdict::Verdict;
use super::words::{clean, described, exposed, iso_time, position};
use crate::base::text::hex;
use crate::scan::finding::{Level, Scan, Severity};

/// The version of the schema.
const SCHEMA: &str = "15.0.6";
/// What stands for the commit of a file that was scanned as it is.
const NO_COMMIT: &str = "0000000";
/// Longest texts, in characters.
const LONGEST_NAME: usize = 255;
const LONGEST_SOLUTION: usize = 7_000;

pub(super) fn write(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let hits = tree::all(scan, style);
    pretty(out, &Report { version: SCHEMA, scan: about(scan, style), vulnerabilities: Vulnerabilities { hits: &hits, style } })
}

#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    scan: Json,
    vulnerabilities: Vulnerabilities<'a>,
}

/// Makes each as it is written.
struct Vulnerabilities<'a> {
    hits: &'a [Hit<'a>],
    style: &'a Style,
}

impl Serialize for Vulnerabilities<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.hits.iter().map(|hit| vulnerability(hit, self.style)))
    }
}

fn about(scan: &Scan, style: &Style) -> Json {
    let tool = json!({"id": "stanch", "name": "stanch", "version": style.version, "vendor": {"name": "stanch"}});
    let verdict = Verdict::of(scan, style.input);
    let places = Places::new(&style.root);
    let mut messages: Vec<Json> = Vec::new();
    for issue in scan.issues.iter().filter(|issue| issue.level == Level::Gap) {
        let words = format!("{}: {}: {}", described(issue.kind), clean(&places.name(&issue.origin)), clean(&issue.detail));
        messages.push(json!({"level": "warn", "value": words}));
    }
    let told = messages.len() as u64;
    if scan.gaps() > told {
        messages.push(json!({"level": "warn", "value": format!("{} more gaps", scan.gaps() - told)}));
    }
    let failed = verdict == Verdict::NothingScanned;
    if failed {
        messages.push(json!({"level": "fatal", "value": super::words::verdict(scan, verdict).0}));
    }
    json!({
        "analyzer": tool,
        "scanner": tool,
        "type": "secret_detection",
        "start_time": iso_time(style.run.began),
        "end_time": iso_time(style.run.ended),
        "status": if failed { "failure" } else { "success" },
        "messages": messages,
    })
}

fn vulnerability(hit: &Hit<'_>, style: &Style) -> Json {
    let Hit { finding, occurrence, .. } = hit;
    let rule = &finding.rule;
    let place = position(Places::new(&style.root), occurrence);
    let id = clean(&rule.id);
    let Line { before, shown, after } = Line::of(finding, occurrence);
    let why: Vec<String> = line::why(finding).iter().map(|words| clean(words)).collect();
    let mut description = vec![format!("{} at {place}.", clean(&rule.about))];
    if !why.is_empty() {
        description.push(format!("Why: {}.", why.join("; ")));
    }
    description.extend(finding.exposure.as_ref().map(|exposure| format!("Exposed {}.", exposed(exposure, None))));
    let name = if id.is_empty() { "unnamed".to_owned() } else { id };
    let mut identifier = json!({"type": "stanch_rule_id", "name": format!("stanch rule {name}"), "value": name});
    let mut links = Vec::new();
    if rule.url.starts_with("https://") {
        let url = clean(&rule.url);
        identifier["url"] = json!(url);
        links.push(json!({"url": url}));
    }
    let cwe = json!({"type": "cwe", "name": "CWE-798", "value": "798", "url": "https://cwe.mitre.org/data/definitions/798.html"});
    let field = |name: &str, value: String| json!({"name": name, "type": "text", "value": value});
    let mut details = Map::new();
    details.insert("place".to_owned(), field("Place", place));
    details.insert("confidence".to_owned(), field("Confidence", finding.confidence.word().to_owned()));
    details.insert("fingerprint".to_owned(), field("Fingerprint", clean(&finding.fingerprint.0)));
    let Value { text, base64 } = Value::of(finding, style.values);
    json!({
        "id": uuid(hit, style),
        "name": clip(&clean(&rule.about), LONGEST_NAME),
        "description": description.join(" "),
        "severity": severity(finding.severity),
        "solution": clip(&clean(&rule.fix), LONGEST_SOLUTION),
        "identifiers": [identifier, cwe],
        "links": links,
        "details": details,
        "location": location(hit, style),
        "raw_source_code_extract": text.map(str::to_owned).or(base64).unwrap_or_else(|| format!("{before}{shown}{after}")),
    })
}

fn location(hit: &Hit<'_>, style: &Style) -> Json {
    let occurrence = &hit.occurrence;
    let at = &occurrence.at;
    let commit = match &occurrence.commit {
        Some(commit) => json!({
            "sha": if commit.id.is_empty() { NO_COMMIT } else { commit.id.as_str() },
            "author": commit.author,
            "date": u64::try_from(commit.time).map(|time| format!("{}Z", iso_time(time))).unwrap_or_default(),
        }),
        None => json!({"sha": NO_COMMIT}),
    };
    let (start, end) = if inside(&occurrence.origin).is_some() {
        let line = occurrence.file_line.unwrap_or(1).max(1);
        (line, line)
    } else {
        (at.line.max(1), at.end_line.max(at.line).max(1))
    };
    let file = Places::new(&style.root).file(&occurrence.origin);
    json!({"file": file, "commit": commit, "start_line": start, "end_line": end})
}

/// The same for the same value in the same place, and in the form of a UUID of version 8.
fn uuid(hit: &Hit<'_>, style: &Style) -> String {
    let occurrence = &hit.occurrence;
    let place = Places::new(&style.root).name(&occurrence.origin);
    let commit = occurrence.commit.as_ref().map(|commit| commit.id.as_str()).unwrap_or_default();
    let at = format!("{}:{}", occurrence.at.line, occurrence.at.column);
    let mut hash = Sha256::new();
    for part in ["stanch/gitlab/1", &hit.finding.rule.id, &hit.finding.fingerprint.0, &place, commit, &at] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex(&bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}

fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value as Json;

    use super::write;
    use crate::report::{Run, Style, Values, sample};
    use crate::scan::finding::Scan;

    fn render(scan: &Scan, values: Values) -> Json {
        let run = Run { began: 1_790_000_000, ended: 1_790_000_007, ..Run::default() };
        let mut out = Vec::new();
        write(scan, &Style { values, run, ..Style::default() }, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn text<'a>(json: &'a Json, pointer: &str) -> &'a str {
        json.pointer(pointer).and_then(Json::as_str).unwrap_or_else(|| panic!("no text at {pointer}: {json}"))
    }

    /// What the schema 15.0.6 of GitLab asks for: required fields, words, patterns and lengths.
    #[test]
    fn it_is_what_the_schema_asks_for() {
        for scan in [sample::sample(), sample::hostile(), sample::history(), Scan::default(), sample::scan(Vec::new())] {
            for values in [Values::Redacted, Values::Shown] {
                let report = render(&scan, values);
                assert_eq!(text(&report, "/version"), "15.0.6");
                check_scan(&report["scan"]);
                let all = report["vulnerabilities"].as_array().unwrap();
                all.iter().for_each(check_vulnerability);
                let ids: HashSet<&str> = all.iter().map(|one| text(one, "/id")).collect();
                assert_eq!(ids.len(), all.len(), "no id twice");
            }
        }
    }

    fn check_scan(scan: &Json) {
        for tool in ["analyzer", "scanner"] {
            for part in ["id", "name", "version", "vendor/name"] {
                assert!(!text(scan, &format!("/{tool}/{part}")).is_empty());
            }
        }
        assert_eq!(text(scan, "/type"), "secret_detection");
        assert!(["success", "failure"].contains(&text(scan, "/status")));
        assert_eq!((text(scan, "/start_time"), text(scan, "/end_time")), ("2026-09-21T14:13:20", "2026-09-21T14:13:27"));
        for message in scan["messages"].as_array().unwrap() {
            assert!(["info", "warn", "fatal"].contains(&text(message, "/level")) && !text(message, "/value").is_empty());
        }
    }

    fn check_vulnerability(one: &Json) {
        let id = text(one, "/id");
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(text(one, "/name").chars().count() <= 255 && text(one, "/solution").chars().count() <= 7_000);
        assert!(text(one, "/description").len() <= 1_048_576);
        assert!(["Info", "Unknown", "Low", "Medium", "High", "Critical"].contains(&text(one, "/severity")));
        let identifiers = one["identifiers"].as_array().unwrap();
        assert!(!identifiers.is_empty());
        for identifier in identifiers {
            assert!(["/type", "/name", "/value"].iter().all(|part| !text(identifier, part).is_empty()));
            assert!(identifier.get("url").is_none_or(|url| url.as_str().unwrap().starts_with("https://")));
        }
        assert!(one["links"].as_array().unwrap().iter().all(|link| text(link, "/url").starts_with("https://")));
        for field in one["details"].as_object().unwrap().values() {
            assert_eq!((text(field, "/type"), text(field, "/name").is_empty()), ("text", false));
        }
        let place = &one["location"];
        assert!(!text(place, "/commit/sha").is_empty() && place["file"].is_string());
        assert!(place["start_line"].as_u64().unwrap() >= 1 && place["end_line"].as_u64() >= place["start_line"].as_u64());
        assert!(one["raw_source_code_extract"].is_string());
    }

    #[test]
    fn gaps_are_messages() {
        let report = render(&sample::sample(), Values::Redacted);
        assert_eq!(text(&report, "/scan/messages/0/value"), "could not be read: secrets/prod.key: permission denied");
        assert_eq!(report["scan"]["messages"].as_array().unwrap().len(), 3);
        let nothing = render(&Scan::default(), Values::Redacted);
        assert_eq!((text(&nothing, "/scan/status"), text(&nothing, "/scan/messages/0/level")), ("failure", "fatal"));
        let history = render(&sample::history(), Values::Redacted);
        assert_eq!(text(&history, "/vulnerabilities/0/location/commit/sha"), "1a".repeat(12));
        assert_eq!(text(&history, "/vulnerabilities/0/location/file"), "src/new name.rs");
    }
}
