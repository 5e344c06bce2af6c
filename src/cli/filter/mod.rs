//! `stanch filter`: standard input to standard output without the secrets.
//!
//! What is a secret and what may go is decided in [`crate::scan::filter`]; when it is asked is in [`pump`]. Start with [`run`].

mod pump;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use zeroize::Zeroizing;

use super::args::filter::{Filter as Args, Mode};
use super::exit::{self, hinted};
use super::{choice, clock, config, output, scan};
use crate::base::crypto::{digest, random};
use crate::base::text::sanitise;
use crate::scan::engine::Engine;
use crate::scan::filter::cover::Cover;
use crate::scan::filter::fields::Fields;
use crate::scan::filter::{Counts, Filter, OnFault, Options};
use pump::Ended;

/// Version of the report.
const VERSION: u32 = 1;
/// Bytes of a key, at least and at most.
const KEY: std::ops::RangeInclusive<usize> = 16..=4096;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !args.named.is_empty() {
        return Err(hinted("`stanch filter` reads standard input and no file", "write `stanch filter < FILE`"));
    }
    let report = args.report.as_deref().filter(|path| !is_talk(path));
    if report.is_some_and(|path| output::is_standard(Some(path))) {
        return Err(hinted("`--report` cannot go where the stream goes", "name a file, or `-` for standard error"));
    }
    output::check(report)?;
    let options = options(args)?;
    let selected = choice::selected(&args.rules, &config::Chosen::default())?;
    let engine = Engine::new(selected.rules)?;
    if scan::is_closed(std::io::stdin()) {
        return Err(exit::incomplete("standard input is closed", "write `app 2>&1 | stanch filter`"));
    }
    say_nothing_of_values();
    let mut filter = Filter::new(&engine, options);
    let ended = pump::pump(&mut filter)?;
    finish(args, report, filter.counts(), &ended)
}

/// Does a report go to standard error?
fn is_talk(path: &Path) -> bool {
    [Path::new("-"), Path::new("/dev/stderr"), Path::new("/dev/fd/2"), Path::new("/proc/self/fd/2")].contains(&path)
}

fn options(args: &Args) -> anyhow::Result<Options> {
    let cover = match args.mode {
        Mode::Mask => Cover::Mask,
        Mode::Tag => Cover::Tag,
        Mode::DropLine => Cover::DropLine,
        Mode::Hash => Cover::Hash(key(args.key_file.as_deref())?),
    };
    if args.mode != Mode::Hash && args.key_file.is_some() {
        return Err(hinted("`--key-file` is the key of `--mode hash`", "add `--mode hash`, or leave it out"));
    }
    let wrong = |name: String| {
        hinted(
            format!("`--field {}` names no field", sanitise(name.as_bytes())),
            "letters, digits, `-`, `_` and `.`, at most 79 of them",
        )
    };
    Ok(Options {
        cover,
        least: args.min_confidence.into(),
        separator: if args.null_data { 0 } else { b'\n' },
        fields: Fields::new(&args.fields, &args.keep).map_err(wrong)?,
        on_fault: if args.fail_closed { OnFault::Withhold } else { OnFault::PassOn },
        now: clock::now(),
    })
}

fn key(path: Option<&Path>) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let Some(path) = path else { return Ok(Zeroizing::new(random()?)) };
    let bytes =
        std::fs::read(path).map_err(|e| anyhow::Error::new(e).context(format!("cannot read the key {}", path.display())))?;
    let bytes = Zeroizing::new(bytes);
    if !KEY.contains(&bytes.len()) {
        let what = format!("{} is no key: it has {} bytes", path.display(), bytes.len());
        return Err(hinted(what, "`openssl rand -out FILE 32` makes one; 16 to 4096 bytes are taken"));
    }
    Ok(Zeroizing::new(digest(&[b"stanch filter key", &bytes])))
}

/// A fault of ours is told by its place alone: what a panic says may quote the stream.
fn say_nothing_of_values() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        talk(&format!("error: a fault of stanch at {place}: a part of the stream was not judged"));
    }));
}

/// Says something. Where standard error takes nothing, the stream goes on and the exit code tells.
fn talk(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// What became of the stream is said whatever became of the report.
fn finish(args: &Args, report: Option<&Path>, counts: &Counts, ended: &Ended) -> anyhow::Result<ExitCode> {
    let judged = counts.unjudged == 0;
    // What nobody took is lost, which whoever closed the output wanted.
    let complete = judged && matches!(ended, Ended::Input | Ended::Signal);
    let written = if args.report.is_some() { write_report(report, &told(args, counts, ended, complete)) } else { Ok(()) };
    say(args, counts);
    let stream = match ended {
        Ended::Read(e) => {
            Err(exit::incomplete(format!("cannot read standard input: {e}"), "what came before was filtered and passed on"))
        }
        Ended::Write(e) => Err(exit::incomplete(format!("cannot write to standard output: {e}"), "what was not written is lost")),
        _ => Ok(()),
    };
    match (stream, written) {
        (Err(stream), Err(report)) => Err(stream.context(format!("{report:#}"))),
        (stream, written) => stream.and(written).map(|()| ExitCode::from(if judged { exit::CLEAN } else { exit::INCOMPLETE })),
    }
}

fn write_report(path: Option<&Path>, report: &serde_json::Value) -> anyhow::Result<()> {
    let text = format!("{report:#}\n");
    match path {
        Some(path) => output::write(Some(path), |out| out.write_all(text.as_bytes())),
        None => {
            let written = std::io::stderr().write_all(text.as_bytes());
            written.map_err(|e| {
                exit::incomplete(format!("cannot write the report to standard error: {e}"), "`--report FILE` writes it to a file")
            })
        }
    }
}

fn say(args: &Args, counts: &Counts) {
    let replaced: u64 = counts.replaced.values().sum();
    if !args.quiet && replaced > 0 && !args.report.as_deref().is_some_and(is_talk) {
        let mut most: Vec<_> = counts.replaced.iter().collect();
        most.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), name.as_str()));
        let more = if most.len() > 5 { ", …" } else { "" };
        let names: Vec<String> = most.iter().take(5).map(|(name, n)| format!("{} {n}", sanitise(name.as_bytes()))).collect();
        let places = if replaced == 1 { "place" } else { "places" };
        let lines = if counts.dropped_lines > 0 { format!(", {} lines left out", counts.dropped_lines) } else { String::new() };
        talk(&format!("stanch filter: {replaced} {places} replaced ({}{more}){lines}", names.join(", ")));
    }
    if counts.unjudged > 0 {
        let fate = if args.fail_closed { "left out" } else { "passed on" };
        talk(&format!("stanch filter: {} bytes could not be judged and were {fate}", counts.unjudged));
    }
}

fn told(args: &Args, counts: &Counts, ended: &Ended, complete: bool) -> serde_json::Value {
    let mode = match args.mode {
        Mode::Mask => "mask",
        Mode::Hash => "hash",
        Mode::Tag => "tag",
        Mode::DropLine => "drop-line",
    };
    let end = match ended {
        Ended::Input => "end of input",
        Ended::Signal => "signal",
        Ended::Reader => "output closed",
        Ended::Read(_) => "cannot read",
        Ended::Write(_) => "cannot write",
    };
    json!({
        "version": VERSION,
        "tool": { "name": "stanch", "version": env!("CARGO_PKG_VERSION") },
        "mode": mode,
        "ended": end,
        "complete": complete,
        "bytes_in": counts.bytes_in,
        "bytes_out": counts.bytes_out,
        "dropped_lines": counts.dropped_lines,
        "unjudged_bytes": counts.unjudged,
        "replaced": counts.replaced,
    })
}
