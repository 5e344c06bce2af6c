//! The audit log from outside: processes that are killed, disks that are full, several writers, every kind of change.
//!
//! It must not know how the log is built. One file per feature; what they share is here.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

mod crash;
mod disk;
mod mutations;
mod property;
mod reading;
mod vector;
mod writers;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use stanch_audit::line::What;
use stanch_audit::log::{Log, Places};
use stanch_audit::read::{Filter, Records};
use stanch_audit::{Ending, Event, Stamp, Verb, Wiped, Writer};
use stanch_base::date::Date;

const KEY: [u8; 32] = [7; 32];
/// 2026-11-28, noon.
const NOON: u64 = 1_795_867_200;

/// The program that writes, beside the tests.
fn writer() -> Command {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().with_file_name("examples").join("writer");
    assert!(path.exists(), "{} is missing: build the examples of stanch-audit", path.display());
    let mut command = Command::new(path);
    command.env_remove("STANCH_FAIL");
    command
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

fn places(folder: &Path) -> Places {
    Places { first: folder.join("first"), second: Some(folder.join("second")) }
}

fn one(folder: &Path) -> Places {
    Places { first: folder.join("first"), second: None }
}

fn open(places: &Places) -> Log {
    let writer = Writer { boot: "b".into(), host: "box".into(), pid: 7, uid: 1000, program: "test".into() };
    Log::open(places, &KEY, &writer).unwrap()
}

fn stamp(at: u64) -> Stamp {
    Stamp { at: (at, 5), up: Duration::from_secs(at - NOON + 1_000_000) }
}

fn event(object: &str, at: u64) -> Event<'_> {
    let stamp = stamp(at);
    Event { verb: Verb::Get, object, purpose: "test", at: stamp.at, up: stamp.up }
}

fn ending(at: u64) -> Ending {
    Ending { stamp: stamp(at), took: Duration::from_millis(3), wiped: Wiped::Locked }
}

/// What the log in `folder` says, in order.
fn told(folder: &Path) -> Vec<(u64, What<'static>)> {
    Records::new(folder, Filter::default()).map(|record| record.unwrap()).map(|record| (record.sequence, record.what)).collect()
}

/// The files of a log, to be changed in memory.
#[derive(Clone)]
struct Bytes {
    header: Vec<u8>,
    segments: Vec<(Date, Vec<u8>)>,
    reserve: Vec<u8>,
}

impl Bytes {
    fn of(folder: &Path) -> Self {
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let days = stanch_audit::folder::days(folder).unwrap();
        let segments = days.into_iter().map(|day| (day, read(&format!("{day}.jsonl")))).collect();
        Self { header: read("log.json"), segments, reserve: read("reserve") }
    }

    /// Is it whole? Otherwise why not.
    fn check(&self, anchors: &[stanch_audit::verify::Anchor]) -> Result<stanch_audit::verify::Report, String> {
        let segments: Vec<(Date, &[u8])> = self.segments.iter().map(|(day, bytes)| (*day, &bytes[..])).collect();
        let report =
            stanch_audit::verify::verify(&self.header, &segments, &self.reserve, None, anchors).map_err(|e| e.to_string())?;
        match &report.wrong {
            Some(wrong) => Err(wrong.to_string()),
            None if report.torn > 0 => Err(format!("{} torn bytes", report.torn)),
            None => Ok(report),
        }
    }

    fn lines(&self, segment: usize) -> Vec<Vec<u8>> {
        self.segments[segment].1.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
    }
}

/// Files under `folder` whose names begin with `begin`.
fn named(folder: &Path, begin: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(begin)).collect()
}
