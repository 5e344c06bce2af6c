//! Several writers at once, as threads and as processes.

use std::process::{Child, Stdio};

use stanch_audit::header::Names;
use stanch_audit::log::Log;
use stanch_audit::read::{self, Both};
use stanch_audit::{Event, Outcome};

use super::{KEY, NOON, ending, event, lines, open, places, writer};

#[test]
fn processes_and_threads_write_one_chain() {
    let temp = tempfile::tempdir().unwrap();
    let both = places(temp.path());
    let second = both.second.clone().unwrap();
    Log::create(&both, Names::Clear, &KEY, (NOON, 0)).unwrap();
    let process = |day: u64| -> Child {
        let mut command = writer();
        command.arg(&both.first).arg(&second).args([&format!("at={}", day * 86_400), "append=15", "at=172800", "append=15"]);
        command.stdout(Stdio::piped()).spawn().unwrap()
    };
    let processes: Vec<Child> = (0..4).map(process).collect();
    let mut receipts = std::thread::scope(|scope| {
        let write = || {
            let mut log = open(&both);
            let mut receipts = Vec::new();
            for n in 0..15 {
                let event: Event<'_> = event("shop/db", NOON + n);
                let receipt = log.append(&event).unwrap().sequence();
                log.outcome(receipt, Outcome::Done, ending(NOON + n)).unwrap();
                receipts.push(receipt);
            }
            receipts
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(write)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<u64>>()
    });
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{:?}", lines(&output));
        receipts.extend(lines(&output).iter().filter_map(|line| line.strip_prefix("receipt ")?.parse::<u64>().ok()));
    }
    let count = receipts.len();
    receipts.sort_unstable();
    receipts.dedup();
    assert_eq!((receipts.len(), count), (180, 180), "each has a number of its own");
    let pair = read::compare([&both.first, &second], None, &[open(&both).head().unwrap()]).unwrap();
    assert_eq!((pair.both, pair.first.wrong, pair.first.torn), (Both::Same, None, 0));
    let told = super::told(&both.first);
    let intents = told.iter().filter(|(_, what)| matches!(what, stanch_audit::line::What::Intent { .. })).map(|(n, _)| *n);
    assert_eq!(intents.collect::<Vec<_>>(), receipts);
}
