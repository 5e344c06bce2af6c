//! How far long work is, on a terminal only: bytes and their rate, and what is left once somebody has counted how many there are.
//!
//! It must not know what is scanned. Start with [`while_shown`].

use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, HumanDuration, ProgressBar, ProgressStyle};

use crate::scan::source::work::Job;

/// Work shorter than this shows nothing, and nothing is counted for it.
const PATIENCE: Duration = Duration::from_millis(800);
const TICK: Duration = Duration::from_millis(100);

/// Runs `work`, and shows how far it is if it takes long and standard error is a terminal. Then, and only then, `count` tells how
/// many bytes there are; it ends early once the flag is set.
pub(super) fn while_shown(
    job: &Job<'_>,
    quiet: bool,
    count: impl FnOnce(&AtomicBool) -> Option<u64> + Send,
    work: impl FnOnce(),
) {
    if quiet || !io::stderr().is_terminal() {
        return work();
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(job, &done, count));
        let _end = End(&done, watcher.thread().clone());
        work();
    });
}

/// Ends the watching, also when the work panics.
struct End<'a>(&'a AtomicBool, Thread);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
        self.1.unpark();
    }
}

fn watch(job: &Job<'_>, done: &AtomicBool, count: impl FnOnce(&AtomicBool) -> Option<u64> + Send) {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        std::thread::park_timeout(PATIENCE.saturating_sub(started.elapsed()));
        if done.load(Ordering::Acquire) {
            return;
        }
    }
    let style = ProgressStyle::with_template("{msg}").expect("it is no more than a placeholder");
    let bar = ProgressBar::new_spinner().with_style(style);
    if bar.is_hidden() {
        // A terminal that cannot draw.
        return;
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            if let Some(total) = count(done) {
                job.set_total(total);
            }
        });
        while !done.load(Ordering::Acquire) {
            bar.set_message(words(job.progress(), job.total(), started.elapsed()));
            std::thread::park_timeout(TICK);
        }
        bar.finish_and_clear();
    });
}

/// `35.20 MB of 1.20 GB scanned, 88.10 MB/s, 13 seconds left`; without a total `35.20 MB scanned, 88.10 MB/s`.
fn words(read: u64, total: Option<u64>, elapsed: Duration) -> String {
    let rate = read as f64 / elapsed.as_secs_f64().max(0.001);
    let per_second = DecimalBytes(rate as u64);
    let Some(total) = total else { return format!("{} scanned, {per_second}/s", DecimalBytes(read)) };
    // Files grow.
    let total = total.max(read);
    let left = Duration::try_from_secs_f64((total - read) as f64 / rate);
    let left = left.map_or_else(|_| String::new(), |left| format!(", {} left", HumanDuration(left)));
    format!("{} of {} scanned, {per_second}/s{left}", DecimalBytes(read), DecimalBytes(total))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::words;

    #[test]
    fn what_is_left_is_said_only_with_a_total() {
        let check = |read: u64, total: Option<u64>, seconds: u64, expected: &str| {
            assert_eq!(words(read, total, Duration::from_secs(seconds)), expected);
        };
        check(0, None, 1, "0 B scanned, 0 B/s");
        check(35_200_000, None, 2, "35.20 MB scanned, 17.60 MB/s");
        check(35_200_000, Some(1_200_000_000), 2, "35.20 MB of 1.20 GB scanned, 17.60 MB/s, 66 seconds left");
        check(5_000, Some(10_000_000), 1, "5.00 kB of 10.00 MB scanned, 5.00 kB/s, 33 minutes left");
        check(100, Some(100), 1, "100 B of 100 B scanned, 100 B/s, 0 seconds left");
        check(100, Some(7), 1, "100 B of 100 B scanned, 100 B/s, 0 seconds left");
        check(0, Some(100), 1, "0 B of 100 B scanned, 0 B/s");
    }
}
