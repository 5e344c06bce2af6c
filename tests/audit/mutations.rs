//! Every kind of change is found: edit, delete, insert, reorder, truncate, fork, in each place.

use std::path::Path;

use stanch_audit::header::Names;
use stanch_audit::log::Log;
use stanch_audit::read::{self, Both};
use stanch_audit::verify::{Anchor, Why};
use stanch_audit::{Outcome, Stamp};
use stanch_base::date::Date;

use super::{Bytes, KEY, NOON, ending, event, one, open, places, stamp};

/// Three days, of which the first one's body is removed.
fn log(folder: &Path) -> (Bytes, Anchor) {
    let places = one(folder);
    Log::create(&places, Names::Clear, &KEY, (NOON, 0)).unwrap();
    let mut log = open(&places);
    for day in 0..3 {
        for n in 0..4 {
            let at = NOON + day * 86_400 + n * 20;
            let receipt = log.append(&event("shop/db", at)).unwrap();
            log.outcome(receipt.sequence(), Outcome::Done, ending(at)).unwrap();
        }
    }
    log.prune(Date::parse("2026-11-29").unwrap(), "keep two days", stamp(NOON + 180_000)).unwrap();
    let anchor = log.checkpoint(stamp(NOON + 180_001)).unwrap();
    (Bytes::of(&places.first), anchor)
}

#[test]
fn every_byte_counts() {
    let temp = tempfile::tempdir().unwrap();
    let (bytes, anchor) = log(temp.path());
    let report = bytes.check(&[anchor]).unwrap();
    assert_eq!((report.segments, report.pruned, report.last), (3, 10, Some(anchor)));
    let missed = |changed: &Bytes, what: String| assert!(changed.check(&[anchor]).is_err(), "{what}");
    for at in 0..bytes.header.len() {
        let mut changed = bytes.clone();
        changed.header[at] ^= 1 << (at % 8);
        missed(&changed, format!("head, byte {at}"));
    }
    for at in 0..bytes.reserve.len() {
        let mut changed = bytes.clone();
        changed.reserve[at] ^= 1 << (at % 8);
        missed(&changed, format!("reserve, byte {at}"));
    }
    for segment in 0..bytes.segments.len() {
        for at in 0..bytes.segments[segment].1.len() {
            let mut changed = bytes.clone();
            changed.segments[segment].1[at] ^= 1 << (at * 7 % 8);
            missed(&changed, format!("segment {segment}, byte {at}"));
        }
    }
}

#[test]
fn every_end_counts() {
    let temp = tempfile::tempdir().unwrap();
    let (bytes, anchor) = log(temp.path());
    for segment in 0..bytes.segments.len() {
        let whole = bytes.segments[segment].1.len();
        for length in (0..whole).step_by(3).chain([whole - 1]) {
            let mut changed = bytes.clone();
            changed.segments[segment].1.truncate(length);
            assert!(changed.check(&[anchor]).is_err(), "segment {segment}, {length} bytes");
        }
    }
}

#[test]
fn every_line_counts() {
    let temp = tempfile::tempdir().unwrap();
    let (bytes, anchor) = log(temp.path());
    let check = |segment: usize, lines: &[Vec<u8>], what: String| {
        let mut changed = bytes.clone();
        changed.segments[segment].1 = lines.concat();
        assert!(changed.check(&[anchor]).is_err(), "{what}");
    };
    for segment in 0..bytes.segments.len() {
        let lines = bytes.lines(segment);
        for i in 0..lines.len() {
            let mut less = lines.clone();
            less.remove(i);
            check(segment, &less, format!("segment {segment} without line {i}"));
            for j in 0..lines.len() {
                let mut more = lines.clone();
                more.insert(j, lines[i].clone());
                check(segment, &more, format!("segment {segment}, line {i} again at {j}"));
                let mut swapped = lines.clone();
                swapped.swap(i, j);
                if i != j {
                    check(segment, &swapped, format!("segment {segment}, {i} and {j} swapped"));
                }
            }
        }
    }
}

#[test]
fn every_file_counts() {
    let temp = tempfile::tempdir().unwrap();
    let (bytes, anchor) = log(temp.path());
    let check = |what: &str, change: &dyn Fn(&mut Bytes), expected: &str| {
        let mut changed = bytes.clone();
        change(&mut changed);
        let why = changed.check(&[anchor]).expect_err(what);
        assert!(why.contains(expected), "{what}: {why}");
    };
    check(
        "the first file is gone",
        &|b| drop(b.segments.remove(0)),
        "record 1 (2026-11-29.jsonl, line 1): records are missing: the number",
    );
    check("one between is gone", &|b| drop(b.segments.remove(1)), "records are missing");
    check("the last is gone", &|b| drop(b.segments.pop()), "its segment was emptied");
    check("the last line is gone", &|b| b.segments[2].1 = b.lines(2).split_last().unwrap().1.concat(), "the log ends before it");
    check("all are gone", &|b| b.segments.clear(), "record 1: the log ends before it");
    check("a day is called another", &|b| b.segments[2].0 = Date::parse("2026-12-01").unwrap(), "belongs to another day");
    check(
        "an emptied day is called another",
        &|b| b.segments[0].0 = Date::parse("2026-11-27").unwrap(),
        "belongs to another day",
    );
    check("an empty file is between", &|b| b.segments.insert(2, (Date::parse("2026-11-29").unwrap(), Vec::new())), "another day");
    check("two days are swapped", &|b| b.segments.swap(1, 2), "records are missing");
    let empty = |b: &mut Bytes, i: usize| b.segments[i].1 = b.lines(i).pop().unwrap();
    check("a body was removed", &|b| empty(b, 1), "record 12 (2026-11-29.jsonl): its segment was emptied");
}

/// Somebody who can write the files, but has no key, chains anew what comes behind.
#[test]
fn a_chain_made_anew_has_no_signature() {
    let temp = tempfile::tempdir().unwrap();
    let (bytes, _) = log(temp.path());
    let mut changed = bytes.clone();
    let mut previous = None;
    for i in 1..3 {
        let mut out = Vec::new();
        for line in bytes.lines(i) {
            let line = stanch_audit::line::parse(&line[..line.len() - 1]).unwrap();
            let mut record = line.record.clone();
            if record.sequence == 14 {
                record.writer.uid = 0;
                previous = Some(line.previous);
            }
            let signature = line.signature.map(|(_, signature)| signature);
            let before = previous.unwrap_or(line.previous);
            let own = stanch_audit::line::write(&record, &before, |_| signature.unwrap(), &mut out);
            previous = previous.map(|_| own);
        }
        changed.segments[i].1 = out;
    }
    let why = changed.check(&[]).unwrap_err();
    assert!(why.contains("its signature is wrong") && why.contains("2026-11-29.jsonl"), "{why}");
}

/// A chain without signatures is not believed for long.
#[test]
fn signatures_are_due() {
    let temp = tempfile::tempdir().unwrap();
    let places = one(temp.path());
    Log::create(&places, Names::Clear, &KEY, (NOON, 0)).unwrap();
    drop(open(&places).append(&event("a", NOON)).unwrap());
    let mut bytes = Bytes::of(&places.first);
    let line = bytes.lines(0).remove(1);
    let first = stanch_audit::line::parse(&line[..line.len() - 1]).unwrap();
    let (mut record, mut previous) = (first.record.clone(), first.hash);
    record.what = stanch_audit::line::What::Clock { back: 5000 };
    for _ in 0..600 {
        record.sequence += 1;
        previous = stanch_audit::line::write(&record, &previous, |_| unreachable!(), &mut bytes.segments[0].1);
    }
    assert!(bytes.check(&[]).unwrap_err().contains("record 515 "), "{:?}", bytes.check(&[]));
}

#[test]
fn signatures_come_each_256_records_and_each_minute() {
    let temp = tempfile::tempdir().unwrap();
    let places = one(temp.path());
    Log::create(&places, Names::Clear, &KEY, (NOON, 0)).unwrap();
    let mut log = open(&places);
    let first = log.append(&event("a", NOON)).unwrap().sequence();
    for at in (0..300).map(|_| NOON + 1).chain([NOON + 59, NOON + 60, NOON + 119, NOON + 121]) {
        log.outcome(first, Outcome::Done, ending(at)).unwrap();
    }
    let told = super::told(&places.first);
    let signed: Vec<u64> =
        told.iter().filter(|(_, what)| matches!(what, stanch_audit::line::What::Checkpoint)).map(|(n, _)| *n).collect();
    // By number after 256, by time after 60 seconds since the last one.
    assert_eq!(signed, [2, 259, 307]);
    let anchor = log.checkpoint(stamp(NOON + 122)).unwrap();
    assert_eq!(log.checkpoint(stamp(NOON + 123)).unwrap(), anchor, "nothing is signed twice");
    let report = read::verify(&places.first, None, &[anchor]).unwrap();
    assert_eq!((report.wrong, report.signed, report.signatures), (None, anchor.sequence, 4));
}

#[test]
fn another_key_is_another_log() {
    let temp = tempfile::tempdir().unwrap();
    let (bytes, _) = log(temp.path());
    let check = |public: Option<&[u8; 32]>| {
        let wrong = read::verify(&temp.path().join("first"), public, &[]).unwrap().wrong;
        wrong.map(|wrong| wrong.why)
    };
    let public = *open(&one(temp.path())).public();
    assert_eq!(check(Some(&public)), None);
    assert_eq!(check(Some(&[1; 32])), Some(Why::Key));
    assert!(bytes.check(&[]).is_ok());
}

#[test]
fn a_fork_is_found_by_the_other_copy_and_by_an_anchor() {
    let temp = tempfile::tempdir().unwrap();
    let both = places(temp.path());
    let second = both.second.clone().unwrap();
    Log::create(&both, Names::Clear, &KEY, (NOON, 0)).unwrap();
    let mut log = open(&both);
    drop(log.append(&event("shop/db", NOON)).unwrap());
    let compare = || read::compare([&both.first, &second], None, &[]).unwrap();
    assert_eq!(compare().both, Both::Same);
    drop(log);
    // The same past, and then each its own.
    let alone = |folder: &Path, name: &str| {
        let places = stanch_audit::log::Places { first: folder.to_owned(), second: None };
        open(&places).append(&event(name, NOON + 1)).unwrap().sequence()
    };
    alone(&both.first, "one");
    assert_eq!(compare().both, Both::SecondLacks(1));
    let anchor = open(&one(temp.path())).head().unwrap();
    alone(&second, "other");
    assert_eq!(compare().both, Both::Differ);
    assert_eq!(read::verify(&second, None, &[anchor]).unwrap().wrong.map(|w| (w.sequence, w.why)), Some((3, Why::Forked)));
    let writer = stanch_audit::Writer { boot: "b".into(), host: "h".into(), pid: 1, uid: 1, program: "p".into() };
    let refused = Log::open(&both, &KEY, &writer).unwrap_err().to_string();
    assert!(refused.contains("the two copies of the audit log differ from record 3 on"), "{refused}");
}

#[test]
fn a_clock_set_back_is_told_and_no_damage() {
    let temp = tempfile::tempdir().unwrap();
    let places = one(temp.path());
    Log::create(&places, Names::Clear, &KEY, (NOON, 0)).unwrap();
    let mut log = open(&places);
    drop(log.append(&event("a", NOON + 86_400)).unwrap());
    // Two days back, while the machine was up five seconds longer.
    let back = Stamp { at: (NOON - 86_400, 0), up: std::time::Duration::from_secs(1_086_405) };
    let event = stanch_audit::Event { at: back.at, up: back.up, ..event("b", NOON) };
    drop(log.append(&event).unwrap());
    drop(log.append(&event).unwrap());
    let report = read::verify(&places.first, None, &[log.head().unwrap()]).unwrap();
    assert_eq!((report.wrong, report.segments), (None, 1), "the order is that of the numbers");
    assert_eq!(report.set_back, [(3, 172_805_000)]);
    assert!(matches!(super::told(&places.first)[2].1, stanch_audit::line::What::Clock { back: 172_805_000 }));
    // A slow process that comes late is no clock that was set back.
    let late = Stamp { at: (NOON - 86_403, 0), up: std::time::Duration::from_secs(1_086_402) };
    drop(log.append(&stanch_audit::Event { at: late.at, up: late.up, ..event }).unwrap());
    assert_eq!(read::verify(&places.first, None, &[]).unwrap().set_back.len(), 1);
}
