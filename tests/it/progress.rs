//! How far a long scan is: what is counted, and what a terminal shows of it.

use std::io::Read;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;

use stanch::base::date::Date;
use stanch::scan::engine::Engine;
use stanch::scan::expand::Limits;
use stanch::scan::fingerprint::Fingerprinter;
use stanch::scan::project::Project;
use stanch::scan::rule::builtin;
use stanch::scan::source::collect::{Collector, Decider};
use stanch::scan::source::files::{self, Obey};
use stanch::scan::source::total;
use stanch::scan::source::work::Job;
use stanch::scan::suppress::Suppressions;

use crate::canary::github;
use crate::run::{Folder, STANCH};

/// Bytes counted before, told as progress at the end, and read, of everything in a folder.
fn counts(folder: &Folder, obey: Obey) -> (Option<u64>, u64, u64) {
    let engine = Engine::new(builtin::rules().into_iter().filter(|r| r.id == "github-pat").collect()).unwrap();
    let (fingerprinter, project) = (Fingerprinter::per_run().unwrap(), Project::default());
    let suppressions = Suppressions::new(Vec::new());
    let today = Date::from_unix(0);
    let (fingerprinter, project, suppressions) = (&fingerprinter, &project, &suppressions);
    let decider = Decider { engine: &engine, fingerprinter, project, suppressions, today, partial: false };
    let job = Job::new(&engine, Collector::new(decider), Limits::default(), 0);
    let paths = [folder.path("")];
    let total = total::size(&paths, obey, &AtomicBool::new(false));
    files::scan(&job, &paths, obey);
    let progress = job.progress();
    (total, progress, job.finish().0.bytes)
}

#[test]
fn what_is_counted_before_is_what_is_read() {
    let folder = Folder::new();
    let long = "lorem ipsum\n".repeat(200_000);
    folder.write("small", "nothing");
    folder.write("empty", "");
    folder.write("long", &long);
    folder.write("wide", format!("\u{feff}{long}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    folder.write("broken.zip", format!("PK\x03\x04{long}"));
    folder.write("broken.gz", format!("\x1f\u{8}{long}"));
    folder.write("nb.ipynb", format!(r#"{{"cells": [], "nbformat": 4, "x": "{}"}}"#, "x".repeat(3_000_000)));
    folder
        .shell("head -c 2500000 /dev/urandom > r; zip -q r.zip r; gzip -k r; tar -cf r.tar r long; 7z a -mx1 r.7z r > /dev/null");
    let (total, progress, read) = counts(&folder, Obey::Ignores);
    assert_eq!((total, progress), (Some(read), read));
    let before = read;
    folder.git(&["init", "-q"]);
    folder.write(".gitignore", "*.log\nr*\n");
    folder.write("deep/x.log", &long);
    folder.write("deep/tracked.log", "tracked");
    folder.git(&["add", "-f", "deep/tracked.log"]);
    let (total, progress, read) = counts(&folder, Obey::Ignores);
    assert_eq!((total, progress), (Some(read), read));
    assert!(read < before, "what is ignored is not counted: {read}, {before}");
    let (total, progress, read) = counts(&folder, Obey::Nothing);
    assert_eq!((total, progress), (Some(read), read));
}

#[test]
fn what_nobody_can_know_is_not_counted() {
    let folder = Folder::new();
    folder.write("a", "12345");
    let size = |names: &[&str], stop: bool| {
        let paths: Vec<_> = names.iter().map(|n| folder.path(n)).collect();
        total::size(&paths, Obey::Ignores, &AtomicBool::new(stop))
    };
    folder.shell("mkfifo pipe; mkdir d; mkfifo d/pipe; ln -s ../a d/link; ln -s d linked").says(0, &[]);
    assert_eq!(size(&["a", "a", "gone"], false), Some(10));
    assert_eq!(size(&["a", "pipe"], false), None);
    assert_eq!(size(&["a", "d", "linked"], false), Some(5), "pipes and links in a folder are not read");
    assert_eq!(size(&["a"], true), None);
}

/// Runs a command on a terminal until it shows `last` or has ended; gives what the terminal was sent.
fn on_a_terminal(folder: &Folder, command: &str, last: &str) -> String {
    let command = command.replace("STANCH", &format!("timeout --foreground 30 '{STANCH}'"));
    let mut script = folder.command("script");
    let mut child = script.env("TERM", "xterm").args(["-qefc", &command, "/dev/null"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let (mut shown, mut buffer) = (String::new(), [0; 4096]);
    while !shown.contains(last) {
        match out.read(&mut buffer).unwrap() {
            0 => break,
            n => shown.push_str(&String::from_utf8_lossy(&buffer[..n])),
        }
    }
    // Its terminal goes with it, and that ends the program.
    child.kill().unwrap();
    child.wait().unwrap();
    shown
}

/// A file that takes long to read and no room.
fn large(folder: &Folder, name: &str) {
    folder.write(name, "");
    std::fs::File::options().write(true).open(folder.path(name)).unwrap().set_len(64 << 30).unwrap();
}

#[test]
fn a_long_scan_on_a_terminal_says_what_is_left() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    for name in ["d/large", ".git/objects/large", "d/ignored.log"] {
        large(&folder, name);
    }
    folder.write(".gitignore", "*.log\n");
    for args in ["-j1 d", "-j2 .", "d/large", "- < d/large", "- < d/large 2>&1"] {
        let shown = on_a_terminal(&folder, &format!("STANCH scan {args}"), " left");
        let last = shown.rsplit('\r').next().unwrap_or_default();
        assert!(last.contains(" of 68.72 GB scanned, ") && last.contains("B/s, "), "{args}: {shown}");
    }
    let two = on_a_terminal(&folder, "STANCH scan - d < d/large", " left");
    assert!(two.contains(" of 137.44 GB scanned, "), "{two}");
    let all = on_a_terminal(&folder, "STANCH scan --no-ignore .", " left");
    assert!(all.contains(" of 137.44 GB scanned, "), "{all}");
}

#[test]
fn without_a_total_a_terminal_says_how_much_and_how_fast() {
    let folder = Folder::new();
    large(&folder, "large");
    for args in ["- < <(cat large)", "large - < <(cat large)", "<(cat large)"] {
        // Bash knows `<(…)`; a second is long enough for some lines.
        let command = format!("exec bash -c \"timeout --foreground 2 '{STANCH}' scan {args}\"");
        let shown = on_a_terminal(&folder, &command, "no such text");
        assert!(shown.matches(" scanned, ").count() > 2, "{args}: {shown}");
        assert!(!shown.contains(" of ") && !shown.contains(" left"), "{args}: {shown}");
    }
}

#[test]
fn nothing_is_drawn_elsewhere() {
    let folder = Folder::new();
    large(&folder, "large");
    let shown = on_a_terminal(&folder, &format!("timeout --foreground 2 '{STANCH}' scan large 2> err"), "no such text");
    assert_eq!((shown.as_str(), std::fs::read_to_string(folder.path("err")).unwrap().as_str()), ("", ""));
    let shown = on_a_terminal(&folder, &format!("timeout --foreground 2 '{STANCH}' scan --quiet large"), "no such text");
    assert_eq!(shown, "");
    let shown = on_a_terminal(&folder, &format!("TERM=dumb timeout --foreground 2 '{STANCH}' scan large"), "no such text");
    assert_eq!(shown, "");
    folder.write("small", github(1));
    let shown = on_a_terminal(&folder, "STANCH scan small -o report", "no such text");
    assert_eq!(shown, "1 finding; report written to report\r\n", "work that is short shows nothing");
}
