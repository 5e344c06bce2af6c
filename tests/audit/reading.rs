//! Records by filter, the last ones, who used a secret, the forms for other programs, and who may read what.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use stanch_audit::header::Names;
use stanch_audit::line::What;
use stanch_audit::log::{Log, Places};
use stanch_audit::read::{self, Filter, Records};
use stanch_audit::{Ending, Error, Event, Outcome, Verb, Wiped, Writer, export, folder};

use super::{KEY, NOON, ending, event, one, open, stamp};

fn log_with(folder: &Path, names: Names) -> (Places, Log) {
    let places = one(folder);
    Log::create(&places, names, &KEY, (NOON, 0)).unwrap();
    let log = open(&places);
    (places, log)
}

/// Two days: two uses of one secret, one refused of another, one write. The first record is signed at once, by the second.
fn used(log: &mut Log) {
    let mut act = |verb, object: &str, at, outcome: Option<Outcome>| {
        let receipt = log.append(&Event { verb, ..event(object, at) }).unwrap();
        if let Some(outcome) = outcome {
            log.outcome(receipt.sequence(), outcome, Ending { wiped: Wiped::Locked, ..ending(at + 3) }).unwrap();
        }
    };
    act(Verb::Get, "shop/prod/db", NOON, Some(Outcome::Done));
    act(Verb::Get, "shop/prod/a|b=c\\d\n", NOON + 10, Some(Outcome::Refused));
    act(Verb::Put, "shop/prod/db", NOON + 20, Some(Outcome::Done));
    act(Verb::Get, "shop/prod/db", NOON + 90_000, None);
}

fn numbers(folder: &Path, filter: Filter) -> Vec<u64> {
    Records::new(folder, filter).map(|record| record.unwrap().sequence).collect()
}

#[test]
fn records_pass_a_filter() {
    let temp = tempfile::tempdir().unwrap();
    let (places, mut log) = log_with(temp.path(), Names::Clear);
    used(&mut log);
    let check = |filter: Filter, expected: &[u64]| assert_eq!(numbers(&places.first, filter.clone()), expected, "{filter:?}");
    check(Filter::default(), &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    check(Filter { verb: Some(Verb::Put), ..Filter::default() }, &[6, 7]);
    check(Filter { object: Some("shop/prod/db".into()), ..Filter::default() }, &[1, 3, 6, 7, 9]);
    check(Filter { object: Some("shop/prod".into()), ..Filter::default() }, &[]);
    check(Filter { since: Some(NOON + 10), until: Some(NOON + 20), ..Filter::default() }, &[4, 5]);
    check(Filter { verb: Some(Verb::Get), since: Some(NOON + 10), ..Filter::default() }, &[4, 5, 9]);
}

#[test]
fn the_last_ones_are_found_and_followed() {
    let temp = tempfile::tempdir().unwrap();
    let (places, mut log) = log_with(temp.path(), Names::Clear);
    used(&mut log);
    for count in 0..11 {
        let (last, mut rest) = Records::new(&places.first, Filter::default()).tail(count).unwrap();
        let numbers: Vec<u64> = last.iter().map(|record| record.sequence).collect();
        assert_eq!(numbers, (1..10).skip(9usize.saturating_sub(count)).collect::<Vec<u64>>(), "{count}");
        assert!(rest.next().is_none());
    }
    let (_, mut rest) = Records::new(&places.first, Filter::default()).tail(1).unwrap();
    drop(log.append(&event("x", NOON + 90_001)).unwrap());
    assert_eq!(rest.next().unwrap().unwrap().sequence, 10);
    assert!(rest.next().is_none());
    drop(log.append(&event("y", NOON + 190_000)).unwrap());
    let more: Vec<u64> = rest.by_ref().map(|record| record.unwrap().sequence).collect();
    assert_eq!(more, [11, 12], "the end of a day, and the next day");
    drop(log.append(&event("z", NOON + 190_001)).unwrap());
    assert_eq!(rest.next().unwrap().unwrap().sequence, 13);
}

#[test]
fn who_used_a_secret_is_found_by_its_name_or_its_hash() {
    for names in [Names::Clear, Names::Keyed] {
        let temp = tempfile::tempdir().unwrap();
        let (places, mut log) = log_with(temp.path(), names);
        used(&mut log);
        let text = std::fs::read_to_string(places.first.join("2026-11-28.jsonl")).unwrap();
        assert_eq!(text.contains("shop/prod/db"), names == Names::Clear);
        assert_eq!(text.contains("\"purpose\":\"test\""), names == Names::Clear, "the purpose too");
        assert_eq!(read::verify(&places.first, None, &[]).unwrap().wrong, None);
        let object = read::object(&read::header(&places.first).unwrap(), &KEY, "shop/prod/db");
        let filter = Filter { object: Some(object), ..Filter::default() };
        let access = read::access(Records::new(&places.first, filter)).unwrap();
        let uses: Vec<_> = access.uses.iter().map(|used| (used.intent.sequence, used.result)).collect();
        assert_eq!(uses, [(1, Some(Outcome::Done)), (6, Some(Outcome::Done)), (9, None)]);
        let by: Vec<_> = access.by.iter().map(|by| (by.verb, by.count, by.first - NOON, by.last - NOON)).collect();
        assert_eq!(by, [(Verb::Get, 2, 0, 90_000), (Verb::Put, 1, 20, 20)]);
        assert_eq!((access.by[0].uid, &*access.by[0].program), (1000, "test"));
    }
}

fn exported(folder: &Path, form: &str) -> String {
    let records = Records::new(folder, Filter::default());
    let mut out = Vec::new();
    match form {
        "json" => export::json(records, &mut out).unwrap(),
        "cef" => export::cef(records, &mut out).unwrap(),
        _ => export::ocsf(records, "log", &mut out).unwrap(),
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn json_says_what_the_log_says() {
    let temp = tempfile::tempdir().unwrap();
    let (places, mut log) = log_with(temp.path(), Names::Clear);
    used(&mut log);
    let all: Vec<Value> = serde_json::from_str(&exported(&places.first, "json")).unwrap();
    let text = ["28", "29"].map(|day| std::fs::read_to_string(places.first.join(format!("2026-11-{day}.jsonl"))).unwrap());
    let lines: Vec<Value> = text.concat().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(all.len(), lines.len());
    for (one, mut line) in all.iter().zip(lines) {
        for key in ["previous", "hash", "signature", "after", "next"] {
            line.as_object_mut().unwrap().remove(key);
        }
        assert_eq!(*one, line, "a record is JSON as it is");
    }
}

#[test]
fn cef_escapes_what_would_end_a_field() {
    let temp = tempfile::tempdir().unwrap();
    let (places, mut log) = log_with(temp.path(), Names::Clear);
    used(&mut log);
    let text = exported(&places.first, "cef");
    let lines: Vec<&str> = text.lines().collect();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(lines.len(), 7, "the end of a day is no event: {text}");
    assert_eq!(
        lines[3],
        format!(
            "CEF:0|stanch|stanch|{version}|get|get failure|6|rt=1795867213000 externalId=5 act=get outcome=refused dvchost=box \
             sproc=test spid=7 suid=1000 cs1Label=object cs1=shop/prod/a|b\\=c\\\\d\\n cs2Label=purpose cs2=test cn1Label=intent cn1=4"
        )
    );
}

#[test]
fn ocsf_has_what_the_class_requires() {
    let temp = tempfile::tempdir().unwrap();
    let (places, mut log) = log_with(temp.path(), Names::Clear);
    used(&mut log);
    log.prune(stanch_base::date::Date::parse("2026-11-29").unwrap(), "a day", stamp(NOON + 90_010)).unwrap();
    let text = exported(&places.first, "ocsf");
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 3, "what is left: {text}");
    for event in &events {
        for key in ["activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "time"] {
            assert!(event[key].is_u64(), "{key}: {event}");
        }
        assert_eq!((event["class_uid"].as_u64(), event["category_uid"].as_u64()), (Some(6003), Some(6)));
        assert_eq!(event["type_uid"].as_u64().unwrap(), 600_300 + event["activity_id"].as_u64().unwrap());
        for path in ["/metadata/version", "/metadata/product/name", "/actor/user/uid", "/api/operation", "/src_endpoint/hostname"]
        {
            assert!(event.pointer(path).is_some_and(Value::is_string), "{path}: {event}");
        }
    }
    assert_eq!(
        (events[0]["activity_name"].as_str(), events[0]["resources"][0]["name"].as_str()),
        (Some("Read"), Some("shop/prod/db"))
    );
    assert_eq!(events[1]["message"], "before 2026-11-29: a day");
    assert_eq!(events[2]["metadata"]["correlation_uid"], events[1]["metadata"]["uid"], "an outcome belongs to its intent");
    assert_eq!(events[2]["status_id"], 1);
}

#[test]
fn files_are_for_their_owner() {
    let temp = tempfile::tempdir().unwrap();
    let (places, mut log) = log_with(temp.path(), Names::Clear);
    used(&mut log);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&places.first), 0o700);
    for entry in std::fs::read_dir(&places.first).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let debug = temp.path().join("debug");
    drop(folder::debug_log(&debug).unwrap());
    assert_eq!((mode(&debug) & 0o007, mode(&debug.join("debug.log")) & 0o007), (0, 0));
    assert!(matches!(folder::debug_log(&places.first.join("debug")), Err(Error::Exists(_))), "never beside the security log");
    let writer = Writer { boot: "b".into(), host: "h".into(), pid: 1, uid: 1, program: "p".into() };
    for shared in [0o770, 0o707, 0o702] {
        std::fs::set_permissions(&places.first, std::fs::Permissions::from_mode(shared)).unwrap();
        assert!(matches!(Log::open(&places, &KEY, &writer), Err(Error::Shared(_))), "{shared:o}");
    }
}

#[test]
fn what_cannot_be_opened_says_why() {
    let temp = tempfile::tempdir().unwrap();
    let writer = Writer { boot: "b".into(), host: "h".into(), pid: 1, uid: 1, program: "p".into() };
    let places = one(temp.path());
    let refused = |key: &[u8; 32]| Log::open(&places, key, &writer).map(drop).unwrap_err().to_string();
    assert!(refused(&KEY).starts_with("there is no audit log in "));
    Log::create(&places, Names::Clear, &KEY, (NOON, 0)).unwrap();
    assert!(matches!(Log::create(&places, Names::Clear, &KEY, (NOON, 0)), Err(Error::Exists(_))));
    assert!(refused(&[8; 32]).contains("damaged, or sealed under another key"), "{}", refused(&[8; 32]));
    let mut log = open(&places);
    assert!(matches!(log.append(&event(&"x".repeat(5000), NOON)), Err(Error::TooLong("name"))));
    drop(log.append(&event("a", NOON)).unwrap());
    let path = places.first.join("2026-11-28.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"uid\":1000", "\"uid\":1001")).unwrap();
    assert!(refused(&KEY).contains("its last record was changed"), "{}", refused(&KEY));
    let header = std::fs::read_to_string(places.first.join("log.json")).unwrap();
    std::fs::write(places.first.join("log.json"), header.replace("\"version\":1", "\"version\":2")).unwrap();
    assert_eq!(refused(&KEY), "the audit log has version 2, and this stanch reads 1");
}

#[test]
fn a_log_that_does_not_verify_is_not_pruned() {
    let temp = tempfile::tempdir().unwrap();
    let (places, mut log) = log_with(temp.path(), Names::Clear);
    used(&mut log);
    let before = stanch_base::date::Date::parse("2026-11-29").unwrap();
    assert_eq!(log.prunable(before).unwrap().iter().map(|old| old.records).collect::<Vec<_>>(), [7]);
    let path = places.first.join("2026-11-28.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"uid\":1000", "\"uid\":1001", 1)).unwrap();
    let why = log.prune(before, "a day", stamp(NOON + 90_000)).unwrap_err().to_string();
    assert!(why.contains("record 1 (2026-11-28.jsonl, line 1): it was edited"), "{why}");
    assert!(std::fs::read_to_string(&path).unwrap().lines().count() > 5, "what is wrong is kept");
    let is_intent = |what: &What<'_>| matches!(what, What::Intent { .. });
    assert!(super::told(&places.first).iter().any(|(_, what)| is_intent(what)));
}
