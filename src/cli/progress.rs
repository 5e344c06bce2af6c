//! A progress bar for long work, on a terminal only.

use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::scan::source::work::Job;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(800);
const TICK: Duration = Duration::from_millis(100);

/// Runs `work`, and shows how far it is if it takes long and standard error is a terminal.
pub(super) fn while_shown(job: &Job<'_>, quiet: bool, work: impl FnOnce()) {
    if quiet || !io::stderr().is_terminal() {
        return work();
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(job, &done));
        work();
        done.store(true, Ordering::Release);
        watcher.thread().unpark();
    });
}

fn watch(job: &Job<'_>, done: &AtomicBool) {
    let started = Instant::now();
    let mut bar: Option<ProgressBar> = None;
    while !done.load(Ordering::Acquire) {
        std::thread::park_timeout(TICK);
        if started.elapsed() < PATIENCE {
            continue;
        }
        let bar = bar.get_or_insert_with(new_bar);
        if let Some(total) = job.total() {
            bar.set_length(total.max(job.progress()));
        }
        bar.set_position(job.progress());
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn new_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {bytes} of {total_bytes} scanned, {bytes_per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}
