//! A process that writes a log, for tests to kill, and measures.
//!
//! It must not decide what is right. `writer FOLDER SECOND|- PLAN…`, see [`step`].
#![expect(clippy::disallowed_methods, reason = "a program of its own, for tests")]

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ed25519_dalek::Signer as _;
use stanch_audit::header::{Header, Names, message};
use stanch_audit::line::{self, Record, What};
use stanch_audit::log::{Log, Places};
use stanch_audit::{Ending, Error, Event, Outcome, Stamp, Verb, Wiped, Writer, read};
use stanch_base::date::Date;

const KEY: [u8; 32] = [7; 32];
/// 2026-11-28, noon.
const NOON: u64 = 1_795_867_200;

fn main() -> std::process::ExitCode {
    let mut words = std::env::args().skip(1);
    let (Some(first), Some(second)) = (words.next(), words.next()) else { return 2.into() };
    let places = Places { first: first.into(), second: (second != "-").then(|| PathBuf::from(second)) };
    let mut state = State { places, log: None, at: NOON };
    for word in words {
        if let Err(why) = step(&mut state, &word) {
            say(&format!("error {word}: {why}"));
            return 1.into();
        }
    }
    0.into()
}

/// A line that is there even if the process ends here.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever does not listen misses nothing that matters.
    drop(writeln!(out, "{text}").and_then(|()| out.flush()));
}

struct State {
    places: Places,
    log: Option<Log>,
    at: u64,
}

impl State {
    fn stamp(&self) -> Stamp {
        Stamp { at: (self.at, 0), up: Duration::from_secs(self.at - NOON + 10_000_000) }
    }

    fn log(&mut self) -> Result<&mut Log, Error> {
        if self.log.is_none() {
            let writer = Writer {
                boot: "0b5f7c1e-2d7a-4b1c-9f3e-1a2b3c4d5e6f".into(),
                host: "box".into(),
                pid: std::process::id(),
                uid: 1000,
                program: "writer".into(),
            };
            self.log = Some(Log::open(&self.places, &KEY, &writer)?);
        }
        Ok(self.log.as_mut().expect("it was just opened"))
    }
}

/// One word of a plan: what to do, and how often, how many seconds or days.
fn step(state: &mut State, word: &str) -> Result<(), Error> {
    let (verb, number) = word.split_once('=').unwrap_or((word, "1"));
    let number: u64 = number.parse().expect("a number");
    match verb {
        "create" => {
            Log::create(&state.places, Names::Clear, &KEY, (state.at, 0))?;
            say("created");
        }
        // As a user would who finds a log half made.
        "ensure" => match Log::create(&state.places, Names::Clear, &KEY, (state.at, 0)) {
            Ok(()) | Err(Error::Exists(_)) => say("created"),
            Err(why) => return Err(why),
        },
        "append" => {
            for n in 0..number {
                append(state, n)?;
            }
        }
        "at" => state.at = NOON + number,
        "checkpoint" => {
            let stamp = state.stamp();
            let anchor = state.log()?.checkpoint(stamp)?;
            say(&format!("anchor {anchor}"));
        }
        "prune" => {
            let before = Date::from_unix(NOON + number * 86_400);
            let stamp = state.stamp();
            let gone = state.log()?.prune(before, "test", stamp)?;
            say(&format!("pruned {}", gone.len()));
        }
        "make" => make(state, number)?,
        "measure" => measure(state, number)?,
        "verify" => {
            let began = Instant::now();
            let report = read::verify(&state.places.first, None, &[])?;
            let took = began.elapsed().as_secs_f64();
            say(&format!(
                "verified {} records, {} signatures in {took:.3} s: {:?}",
                report.records, report.signatures, report.wrong
            ));
        }
        _ => say("what?"),
    }
    Ok(())
}

fn append(state: &mut State, n: u64) -> Result<(), Error> {
    let stamp = state.stamp();
    let log = state.log()?;
    let event = Event { verb: Verb::Get, object: "shop/prod/db", purpose: "psql --host db", at: stamp.at, up: stamp.up };
    let receipt = log.append(&event)?;
    say(&format!("receipt {}", receipt.sequence()));
    if n.is_multiple_of(2) {
        let ending = Ending { stamp, took: Duration::from_micros(3200), wiped: Wiped::Locked };
        log.outcome(receipt.sequence(), Outcome::Done, ending)?;
    }
    Ok(())
}

/// How long an intent takes, alone and when another process has written before each, and what the disk takes for it.
fn measure(state: &mut State, count: u64) -> Result<(), Error> {
    let mut other = State { places: state.places.clone(), log: None, at: state.at };
    let (mut alone, mut turns, mut syncs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        alone.push(timed(state)?);
    }
    for _ in 0..count {
        timed(&mut other)?;
        turns.push(timed(state)?);
    }
    let path = state.places.first.join("measure");
    let mut file = std::fs::File::create(&path).map_err(|source| Error::Io { action: "make", path, source })?;
    for _ in 0..count {
        let began = Instant::now();
        drop(file.write_all(&[b'x'; 400]).and_then(|()| file.sync_data()));
        syncs.push(began.elapsed());
    }
    for (name, times) in [("append", alone), ("append in turns", turns), ("400 bytes and fdatasync", syncs)] {
        let mut times = times;
        times.sort();
        say(&format!("{name}: half within {:?}, 99 % within {:?}", times[times.len() / 2], times[times.len() * 99 / 100]));
    }
    Ok(())
}

fn timed(state: &mut State) -> Result<Duration, Error> {
    let stamp = state.stamp();
    let event = Event { verb: Verb::Get, object: "shop/prod/db", purpose: "psql --host db", at: stamp.at, up: stamp.up };
    let log = state.log()?;
    let began = Instant::now();
    log.append(&event).map(|_| began.elapsed())
}

/// A log of so many records, half of them intents and half outcomes, in one segment, without the time that the disk takes.
fn make(state: &State, count: u64) -> Result<(), Error> {
    let (header, key) = Header::fresh(Names::Clear, (NOON, 0))?;
    let folder = &state.places.first;
    let failed = |source| Error::Io { action: "make", path: folder.clone(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::write(folder.join("log.json"), header.text()).map_err(failed)?;
    let mut file = std::fs::File::create(folder.join("2026-11-28.jsonl")).map(std::io::BufWriter::new).map_err(failed)?;
    let (genesis, mut previous, mut line) = (header.genesis(), header.genesis(), Vec::new());
    let writer = Writer {
        boot: "0b5f7c1e-2d7a-4b1c-9f3e-1a2b3c4d5e6f".into(),
        host: "box".into(),
        pid: std::process::id(),
        uid: 1000,
        program: "stanch".into(),
    };
    for sequence in 1..=count {
        let up = Duration::from_millis(sequence * 20);
        let stamp = Stamp { at: (NOON + up.as_secs(), up.subsec_nanos()), up };
        let what = match sequence {
            n if n.is_multiple_of(256) => What::Checkpoint,
            n if n.is_multiple_of(2) => What::Outcome { of: n - 1, result: Outcome::Done, took: 3200, wiped: Wiped::Locked },
            n => What::Intent {
                verb: Verb::Get,
                object: format!("shop/prod/db{}", n % 1000).into(),
                purpose: "psql --host db".into(),
            },
        };
        let record = Record { sequence, stamp, writer: writer.clone(), what };
        let sign = |signed: &[u8]| key.sign(&message(&genesis, &previous, signed)).to_bytes();
        let own = line::write(&record, &previous, sign, &mut line);
        previous = own;
        file.write_all(&line).map_err(failed)?;
        line.clear();
    }
    file.flush().map_err(failed)?;
    say(&format!("made {count}"));
    Ok(())
}
