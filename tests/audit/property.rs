//! Any sequence of operations gives a log that verifies and says what a plain list would, and any change to it is found.

use proptest::prelude::*;
use stanch_audit::header::Names;
use stanch_audit::line::What;
use stanch_audit::log::Log;
use stanch_audit::read::{self, Both};
use stanch_audit::{Outcome, Verb};
use stanch_base::date::Date;

use super::{Bytes, KEY, NOON, ending, event, open, places, told};

#[derive(Debug, Clone)]
enum Step {
    Append(String),
    /// How the intent that came so many before ended.
    Outcome(usize),
    Checkpoint,
    Reopen,
    /// Only the first copy from here on, or both again.
    Alone(bool),
    Later(u64),
    Prune,
    /// The last line is torn at this part of a hundred.
    Tear(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => "[a-c\"\\\\\u{1}é|=\n]{0,6}".prop_map(Step::Append),
        4 => (0usize..4).prop_map(Step::Outcome),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
        1 => any::<bool>().prop_map(Step::Alone),
        2 => prop_oneof![Just(1), Just(61), Just(86_400), Just(250_000)].prop_map(Step::Later),
        1 => Just(Step::Prune),
        1 => (0usize..100).prop_map(Step::Tear),
    ]
}

/// What a plain list holds of it: the number and the name of an intent, or what an outcome is of.
#[derive(Debug, Clone, PartialEq)]
enum Naive {
    Intent(String),
    Outcome(u64),
}

/// A write that did not end, as the machine stopped: it was no whole record, so none was promised.
fn tear(folder: &std::path::Path, part: usize) {
    let days = stanch_audit::folder::days(folder).unwrap();
    let Some(day) = days.last() else { return };
    let path = folder.join(format!("{day}.jsonl"));
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.split_inclusive(|b| *b == b'\n').next_back().unwrap_or_default().to_vec();
    let closed = stanch_audit::line::parse(last.strip_suffix(b"\n").unwrap_or(&last))
        .is_none_or(|line| matches!(line.record.what, What::Close(_)));
    if !closed {
        bytes.extend(&last[..last.len() * part / 100]);
        std::fs::write(path, bytes).unwrap();
    }
}

fn run(steps: &[Step], folder: &std::path::Path) -> (Vec<(u64, Naive)>, u64) {
    let both = places(folder);
    let alone = super::one(folder);
    Log::create(&both, Names::Clear, &KEY, (NOON, 0)).unwrap();
    let (mut which, mut at, mut list) = (&both, NOON, Vec::new());
    let mut log = open(which);
    for step in steps {
        match step {
            Step::Append(name) => {
                let receipt = log.append(&event(name, at)).unwrap();
                assert!(receipt.is_for(Verb::Get, name));
                list.push((receipt.sequence(), Naive::Intent(name.clone())));
            }
            Step::Outcome(back) => {
                let intents: Vec<u64> = list.iter().filter(|(_, n)| matches!(n, Naive::Intent(_))).map(|(n, _)| *n).collect();
                if let Some(of) = intents.iter().rev().nth(*back) {
                    log.outcome(*of, Outcome::Done, ending(at)).unwrap();
                    list.push((log.head().unwrap().sequence, Naive::Outcome(*of)));
                }
            }
            Step::Checkpoint => drop(log.checkpoint(super::stamp(at)).unwrap()),
            Step::Reopen => log = open(which),
            Step::Alone(yes) => {
                which = if *yes { &alone } else { &both };
                log = open(which);
            }
            Step::Later(seconds) => at += seconds,
            Step::Prune => drop(log.prune(Date::from_unix(at - 86_400), "a day", super::stamp(at)).unwrap()),
            Step::Tear(part) => tear(&both.first, *part),
        }
    }
    drop(open(&both).append(&event("end", at)).unwrap());
    (list, at)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_log_is_a_list(steps in prop::collection::vec(step(), 0..30), salt in any::<u64>()) {
        let temp = tempfile::tempdir().unwrap();
        let (list, _) = run(&steps, temp.path());
        let both = places(temp.path());
        let (first, second) = (both.first.clone(), both.second.clone().unwrap());
        let head = open(&both).head().unwrap();
        let pair = read::compare([&first, &second], None, &[head]).unwrap();
        prop_assert_eq!((pair.both, &pair.first.wrong, pair.first.torn), (Both::Same, &None, 0));
        // What is there is what the list says, but for what was removed in order; outcomes are counted by what they are of.
        let told = told(&first);
        let gone = told.iter().filter_map(|(_, what)| match what {
            What::Close(footer) if told.iter().all(|(n, _)| *n != footer.first) => Some(footer.first..=footer.last),
            _ => None,
        });
        let gone: Vec<_> = gone.collect();
        let is_gone = |n: u64| gone.iter().any(|range| range.contains(&n));
        let wanted: Vec<_> = list.iter().filter(|(n, _)| !is_gone(*n)).map(|(n, what)| match what {
            Naive::Intent(name) => (*n, Naive::Intent(name.clone())),
            outcome @ Naive::Outcome(_) => (0, outcome.clone()),
        }).collect();
        let found: Vec<_> = told.iter().filter_map(|(n, what)| match what {
            What::Intent { object, .. } if object != "end" => Some((*n, Naive::Intent(object.to_string()))),
            What::Outcome { of, .. } if told.iter().all(|(n, what)| n != of || !matches!(what, What::Prune { .. })) => {
                list.iter().any(|(_, naive)| *naive == Naive::Outcome(*of)).then_some((0, Naive::Outcome(*of)))
            }
            _ => None,
        }).collect();
        prop_assert_eq!(found, wanted);
        changed(&Bytes::of(&first), head, salt)?;
    }
}

/// One of many changes, by chance.
fn changed(bytes: &Bytes, head: stanch_audit::verify::Anchor, salt: u64) -> Result<(), TestCaseError> {
    let pick = |shift: u32, of: usize| (salt.rotate_right(shift) as usize) % of.max(1);
    prop_assert!(bytes.check(&[head]).is_ok());
    let segment = pick(8, bytes.segments.len());
    let lines = bytes.lines(segment);
    let (i, j) = (pick(16, lines.len()), pick(24, lines.len()));
    let mut changed = bytes.clone();
    let text = &mut changed.segments[segment].1;
    match salt % 5 {
        0 => {
            let at = pick(32, text.len());
            text[at] ^= 1 << (salt.rotate_right(48) % 8);
        }
        1 => text.truncate(pick(32, text.len())),
        2 => *text = [&lines[..i], &lines[i + 1..]].concat().concat(),
        3 => *text = [&lines[..i], &lines[j..=j], &lines[i..]].concat().concat(),
        _ => {
            let mut lines = lines.clone();
            lines.swap(i, j);
            *text = lines.concat();
            if i == j {
                return Ok(());
            }
        }
    }
    prop_assert!(changed.check(&[head]).is_err());
    Ok(())
}
