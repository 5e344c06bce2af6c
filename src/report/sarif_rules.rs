//! SARIF against the official schema and against what GitHub documents, on ordinary and on hostile scans.

use std::collections::HashSet;

use serde_json::Value;

use super::{Format, Style, Values, sample, write};
use crate::scan::finding::Scan;

fn render(scan: &Scan, style: &Style) -> (Vec<u8>, Value) {
    let mut out = Vec::new();
    write(Format::Sarif, scan, style, &mut out).unwrap();
    let log = serde_json::from_slice(&out).unwrap();
    (out, log)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[test]
fn every_log_is_what_github_takes() {
    let schema: Value = serde_json::from_slice(include_bytes!("../../testdata/schema/sarif-2.1.0.json")).unwrap();
    for scan in [sample::sample(), sample::hostile(), sample::history(), Scan::default(), sample::scan(Vec::new())] {
        for values in [Values::Redacted, Values::Shown] {
            check_log(&schema, &render(&scan, &Style { values, ..Style::default() }).1);
        }
    }
}

fn check_log(schema: &Value, log: &Value) {
    let mut wrong = Vec::new();
    conform(schema, schema, log, "$", &mut wrong);
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(text(log, "/$schema"), "https://json.schemastore.org/sarif-2.1.0.json");
    assert_eq!(text(log, "/version"), "2.1.0");
    for (run, id) in list(log, "/runs").iter().zip(["stanch/", "stanch/history/"]) {
        check_run(run, id);
        let rules = list(run, "/tool/driver/rules");
        rules.iter().for_each(check_rule);
        let results = list(run, "/results");
        results.iter().for_each(|result| check_result(result, rules));
        check_whole(results, rules);
    }
}

fn check_run(run: &Value, id: &str) {
    assert_eq!(text(run, "/tool/driver/name"), "stanch");
    assert_eq!(text(run, "/tool/driver/version"), env!("CARGO_PKG_VERSION"));
    assert_eq!(text(run, "/automationDetails/id"), id);
    assert_eq!(text(run, "/columnKind"), "unicodeCodePoints");
    assert_eq!(run["properties"]["schema_version"], 1);
    assert!(run["results"].is_array(), "a run without results says so with an empty list");
    assert_eq!(run["invocations"][0]["executionSuccessful"], run["properties"]["complete"]);
}

#[test]
fn what_only_history_has_is_a_run_of_its_own() {
    let (_, log) = render(&sample::history(), &Style::default());
    let told = |run: usize| -> Vec<String> {
        let place = |r: &Value| {
            let place = &r["locations"][0]["physicalLocation"];
            let logical = text(r, "/locations/0/logicalLocations/0/fullyQualifiedName");
            format!("{} {} {logical}", text(place, "/artifactLocation/uri"), place["region"]["startLine"])
        };
        list(&log["runs"][run], "/results").iter().map(place).collect()
    };
    assert_eq!(list(&log, "/runs").len(), 2);
    assert_eq!(told(0), ["src/new%20name.rs 3 "]);
    let message = format!(".git 1 .git@{}", "4d".repeat(6));
    let lost = format!(".git 1 .git@{}", "5e".repeat(20));
    assert_eq!(told(1), ["src/old%20name.rs 3 ", &message, &lost, "a.zip 1 a.zip!in.txt"]);
    let result = &log["runs"][1]["results"][0];
    assert_eq!(text(result, "/properties/commit"), "2b".repeat(12));
    assert_eq!(text(result, "/properties/exposure/danger"), "pushed");
    let says = format!("It is not in HEAD, but in history since commit {}; a remote-tracking ref reaches it.", "2b".repeat(12));
    assert!(text(result, "/message/text").contains(&says), "{result}");
    assert_eq!(list(&render(&sample::sample(), &Style::default()).1, "/runs").len(), 1);
}

fn check_rule(rule: &Value) {
    for key in ["/id", "/name", "/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
        assert!(!text(rule, key).is_empty(), "{key} is empty in {rule}");
        assert!(!text(rule, key).chars().any(|c| c.is_control() && c != '\n'), "{key} has control characters in {rule}");
    }
    assert!(text(rule, "/name").len() <= 255);
    assert!(text(rule, "/shortDescription/text").len() <= 1024);
    assert!(text(rule, "/fullDescription/text").len() <= 1024);
    let uri = text(rule, "/helpUri");
    assert!(uri.starts_with("https://") && uri.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"".contains(&b)), "{uri}");
    assert!(["note", "warning", "error"].contains(&text(rule, "/defaultConfiguration/level")));
    let score: f32 = text(rule, "/properties/security-severity").parse().unwrap();
    assert!(score > 0.0 && score <= 10.0);
    assert!(["very-high", "high", "medium", "low"].contains(&text(rule, "/properties/precision")));
    let tags = list(rule, "/properties/tags");
    assert!(tags.len() <= 10 && tags.contains(&Value::from("security")));
}

fn check_result(result: &Value, rules: &[Value]) {
    let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!(rule["id"], result["ruleId"]);
    assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
    assert!(!text(result, "/message/text").is_empty());
    assert!(!text(result, "/message/text").replace("\\]", "").contains("]("), "an embedded link: {result}");
    assert_eq!(list(result, "/locations").len(), 1);
    let place = &result["locations"][0]["physicalLocation"];
    check_uri(place);
    let [line, column, end_line, end_column] =
        ["startLine", "startColumn", "endLine", "endColumn"].map(|key| place["region"][key].as_i64().unwrap());
    assert!(line >= 1 && column >= 1 && end_line == line && end_column >= column, "{place}");
    if let Some(logical) = result["locations"][0].get("logicalLocations") {
        assert_eq!([line, column, end_column], [1, 1, 2], "a member is line 1 of its file");
        assert!(text(&logical[0], "/fullyQualifiedName").ends_with(text(&logical[0], "/name")));
    }
    let (hash, counter) = text(result, "/partialFingerprints/primaryLocationLineHash").split_once(':').unwrap();
    assert!(hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) && counter.parse::<u32>().unwrap() >= 1);
}

fn check_uri(place: &Value) {
    let uri = text(place, "/artifactLocation/uri");
    let relative = text(place, "/artifactLocation/uriBaseId") == "%SRCROOT%";
    assert!(relative != uri.starts_with("file:///"), "{place}");
    assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@%:".contains(&b)), "{uri}");
    assert!(!relative || !uri.starts_with('/') && !uri.starts_with("./") && !uri.contains(':'), "{uri}");
}

/// What holds for the results together.
fn check_whole(results: &[Value], rules: &[Value]) {
    assert!(results.len() <= 25_000);
    let severity = |r: &Value| -> f32 {
        let rule = usize::try_from(r["ruleIndex"].as_u64().unwrap()).unwrap();
        text(&rules[rule], "/properties/security-severity").parse().unwrap()
    };
    assert!(results.is_sorted_by(|a, b| severity(a) >= severity(b)), "most severe first");
    let used: HashSet<u64> = results.iter().filter_map(|r| r["ruleIndex"].as_u64()).collect();
    assert_eq!(used.len(), rules.len(), "no unused rules");
    let ids: HashSet<&str> = rules.iter().map(|r| text(r, "/id")).collect();
    assert_eq!(ids.len(), rules.len(), "no rule twice");
    let identity = |r: &Value| {
        let hash = text(r, "/partialFingerprints/primaryLocationLineHash").to_owned();
        (hash, text(r, "/locations/0/physicalLocation/artifactLocation/uri").to_owned())
    };
    let identities: HashSet<_> = results.iter().map(identity).collect();
    assert_eq!(identities.len(), results.len(), "no two alerts are one");
}

fn zipped(bytes: &[u8]) -> usize {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}

#[test]
fn too_many_results_are_cut_and_it_says_so() {
    let (bytes, log) = render(&sample::huge(), &Style::default());
    assert!(zipped(&bytes) < 10_000_000, "GitHub takes 10 MB of gzip");
    let results = list(&log, "/runs/0/results");
    check_whole(results, list(&log, "/runs/0/tool/driver/rules"));
    assert_eq!(results.len(), 25_000);
    assert_eq!(results[0]["ruleId"], "top");
    assert_eq!(results.iter().filter(|r| r["ruleId"] == "low").count(), 4_999);
    let note = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!((text(note, "/descriptor/id"), text(note, "/level")), ("result-limit", "warning"));
    assert!(text(note, "/message/text").starts_with("This file holds 25,000 of 30,000 results"), "{note}");
}

/// GitHub's words for the numbers: above 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
#[test]
fn severities_lie_in_the_bands_of_github() {
    let (_, log) = render(&sample::sample(), &Style::default());
    let mut seen = HashSet::new();
    for result in list(&log, "/runs/0/results") {
        let rule = &log["runs"][0]["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        let score: f32 = text(rule, "/properties/security-severity").parse().unwrap();
        let (band, level) = match score {
            9.1..=10.0 => ("critical", "error"),
            7.0..=8.9 => ("high", "error"),
            4.0..=6.9 => ("medium", "warning"),
            1.0..=3.9 => ("low", "note"),
            0.1..1.0 => ("info", "note"),
            _ => panic!("{score} is in no band"),
        };
        assert_eq!((text(result, "/properties/severity"), text(result, "/level")), (band, level));
        seen.insert(band);
    }
    assert_eq!(seen.len(), 5, "all severities are in the sample");
}

#[test]
fn numbers_stay_below_the_limits_of_github() {
    for scan in [sample::sample(), sample::hostile(), sample::history(), sample::huge()] {
        let (_, log) = render(&scan, &Style::default());
        let runs = list(&log, "/runs");
        assert!((1..=20).contains(&runs.len()));
        let ids: HashSet<&str> = runs.iter().map(|run| text(run, "/automationDetails/id")).collect();
        assert_eq!(ids.len(), runs.len(), "one upload for each tool and category");
        for run in runs {
            assert!(list(run, "/results").len() <= 25_000 && list(run, "/tool/driver/rules").len() <= 25_000);
            assert_eq!(run["tool"].get("extensions"), None);
            for result in list(run, "/results") {
                assert!(result.get("codeFlows").is_none() && list(result, "/locations").len() == 1);
                assert!(list(result, "/locations/0/logicalLocations").len() <= 1);
            }
        }
    }
}

#[test]
fn a_changed_severity_has_a_rule_of_its_own() {
    let (_, log) = render(&sample::sample(), &Style::default());
    let rules = list(&log, "/runs/0/tool/driver/rules");
    let jwt = rules.iter().find(|r| text(r, "/id").starts_with("jwt")).unwrap();
    assert_eq!((text(jwt, "/id"), text(jwt, "/properties/security-severity")), ("jwt/low", "2.0"));
}

#[test]
fn identities_survive_edits_and_runs() {
    let hashes = |scan: &Scan| -> Vec<String> {
        let (_, log) = render(scan, &Style::default());
        let results = list(&log, "/runs/0/results");
        results.iter().map(|r| text(r, "/partialFingerprints/primaryLocationLineHash").to_owned()).collect()
    };
    let mut before = sample::scan(vec![sample::finding("a", "f1", b"value-1")]);
    let mut after = sample::scan(vec![sample::finding("a", "f1", b"value-1")]);
    after.findings[0].occurrences[0].at.line += 100;
    after.findings[0].occurrences[0].snippet.before.push_str("edited ");
    assert_eq!(hashes(&before), hashes(&after), "with a project key, an edit around the secret changes nothing");
    after.findings[0].fingerprint.0 = "f2".to_owned();
    assert_ne!(hashes(&before), hashes(&after), "another value is another alert");
    before.stable_fingerprints = false;
    after.stable_fingerprints = false;
    after.findings[0].occurrences[0].snippet = before.findings[0].occurrences[0].snippet.clone();
    assert_eq!(hashes(&before), hashes(&after), "without one, a new run and a new line number change nothing");
}

#[test]
fn what_was_not_looked_at_is_notified() {
    let (_, log) = render(&sample::sample(), &Style::default());
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notes = list(invocation, "/toolExecutionNotifications");
    assert_eq!(notes.iter().filter(|n| n["level"] == "error").count(), 3);
    assert_eq!(text(&notes[0], "/message/text"), "unreadable: secrets/prod.key: permission denied");
    assert_eq!(text(&notes[0], "/locations/0/physicalLocation/artifactLocation/uri"), "secrets/prod.key");
    assert_eq!(text(notes.last().unwrap(), "/message/text"), "symlink: 1,246 more.");
}

/// Collects where `value` breaks `schema`: the keywords that the SARIF schema uses, save for patterns.
fn conform(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        return conform(root, root.pointer(&name[1..]).unwrap(), value, at, wrong);
    }
    let kind = text(schema, "/type");
    if !kind.is_empty() && !is_a(value, kind) {
        wrong.push(format!("{at}: not a {kind}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        wrong.push(format!("{at}: {value} is no allowed word"));
    }
    if value.as_f64().is_some_and(|n| schema["minimum"].as_f64().is_some_and(|least| n < least)) {
        wrong.push(format!("{at}: less than the minimum"));
    }
    for word in ["anyOf", "oneOf"] {
        let fits = |s: &&Value| {
            let mut wrong = Vec::new();
            conform(root, s, value, at, &mut wrong);
            wrong.is_empty()
        };
        if let Some(choices) = schema[word].as_array()
            && !choices.iter().any(|s| fits(&s))
        {
            wrong.push(format!("{at}: fits no choice of {word}"));
        }
    }
    conform_children(root, schema, value, at, wrong);
}

fn conform_children(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(object) = value.as_object() {
        for key in list(schema, "/required").iter().filter_map(Value::as_str).filter(|k| !object.contains_key(*k)) {
            wrong.push(format!("{at}: no {key}"));
        }
        for (key, child) in object {
            let at = format!("{at}.{key}");
            match (schema["properties"].get(key), schema.get("additionalProperties")) {
                (Some(schema), _) => conform(root, schema, child, &at, wrong),
                (None, Some(Value::Bool(false))) => wrong.push(format!("{at}: unknown")),
                (None, Some(schema @ Value::Object(_))) => conform(root, schema, child, &at, wrong),
                _ => {}
            }
        }
    }
    if let Some(items) = value.as_array() {
        if schema["minItems"].as_u64().is_some_and(|least| (items.len() as u64) < least) {
            wrong.push(format!("{at}: too few items"));
        }
        if schema["uniqueItems"] == true && items.iter().map(Value::to_string).collect::<HashSet<_>>().len() < items.len() {
            wrong.push(format!("{at}: an item twice"));
        }
        for (i, item) in items.iter().enumerate().filter(|_| schema.get("items").is_some()) {
            conform(root, &schema["items"], item, &format!("{at}[{i}]"), wrong);
        }
    }
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("the schema has a type this check does not know: {other}"),
    }
}

#[test]
fn the_schema_check_is_no_rubber_stamp() {
    let schema: Value = serde_json::from_slice(include_bytes!("../../testdata/schema/sarif-2.1.0.json")).unwrap();
    let (_, good) = render(&sample::sample(), &Style::default());
    let check = |pointer: &str, broken: Value, expected: &str| {
        let mut log = good.clone();
        *log.pointer_mut(pointer).unwrap() = broken;
        let mut wrong = Vec::new();
        conform(&schema, &schema, &log, "$", &mut wrong);
        assert_eq!(wrong, [expected]);
    };
    check("/version", "2.0".into(), "$.version: \"2.0\" is no allowed word");
    check("/runs/0/results/0/level", "fatal".into(), "$.runs[0].results[0].level: \"fatal\" is no allowed word");
    check("/runs/0/results/1/message", serde_json::json!({}), "$.runs[0].results[1].message: fits no choice of anyOf");
    check("/runs/0/columnKind", 7.into(), "$.runs[0].columnKind: 7 is no allowed word");
    let region = "/runs/0/results/0/locations/0/physicalLocation/region";
    check(
        &format!("{region}/startLine"),
        0.into(),
        "$.runs[0].results[0].locations[0].physicalLocation.region.startLine: less than the minimum",
    );
    check(region, serde_json::json!({"line": 1}), "$.runs[0].results[0].locations[0].physicalLocation.region.line: unknown");
}
