//! `stanch explain FILE:LINE`: what was considered there, what held, what did not and why.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

use super::exit::hinted;
use super::{args, output, scan};
use crate::base::date::Date;
use crate::base::text::sanitise;
use crate::scan::engine::explain::Trace;
use crate::scan::engine::{Engine, Input, Match, Miss, Scratch, Span};
use crate::scan::fingerprint::Fingerprinter;
use crate::scan::suppress::{Decision, Lines, Suppressions};

/// Files larger than this are not explained: they would be held in memory whole.
const MOST: u64 = 256 << 20;

pub(super) fn run(args: &args::Explain) -> anyhow::Result<ExitCode> {
    let (path, line) = split(&args.place)?;
    let size = std::fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.len();
    if size > MOST {
        return Err(hinted(format!("{} is larger than 256 MiB", path.display()), "cut the line out into a file of its own"));
    }
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let Some(range) = line_range(&bytes, line) else {
        return Err(hinted(format!("{} has no line {line}", path.display()), "lines count from 1"));
    };
    let engine = scan::engine(&args.rules)?;
    let project = scan::project(args.config.as_deref(), args.no_config, std::slice::from_ref(&path))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let mut trace = Trace { range, ..Trace::default() };
    let name = path.to_string_lossy();
    let input = Input { path: Some(&name), now, ..Input::whole(&bytes) };
    engine.scan(&mut Scratch::default(), &input, &mut trace);
    let fingerprinter = project.key.as_ref().map_or_else(Fingerprinter::per_run, Fingerprinter::stable)?;
    let suppressions = Suppressions::new(project.allows.clone());
    let decide = |found: &Match| {
        let span = found.span.secret_start..found.span.secret_end;
        let fingerprint = fingerprinter.fingerprint(&bytes[span.clone()]);
        let rule = &engine.rules()[found.rule as usize].id;
        suppressions.decide(rule, &fingerprint, Lines::around(&bytes, span), Date::from_unix(now))
    };
    output::write(None, |out| report(&engine, &bytes, (&trace, &decide), out))?;
    Ok(ExitCode::SUCCESS)
}

fn split(place: &str) -> anyhow::Result<(PathBuf, usize)> {
    let parts = place.rsplit_once(':').and_then(|(path, line)| Some((PathBuf::from(path), line.parse().ok().filter(|n| *n > 0)?)));
    parts.ok_or_else(|| hinted(format!("`{place}` is not FILE:LINE"), "for example: stanch explain src/main.rs:12"))
}

fn line_range(bytes: &[u8], line: usize) -> Option<std::ops::Range<usize>> {
    let start = if line == 1 { 0 } else { memchr::memchr_iter(b'\n', bytes).nth(line - 2)? + 1 };
    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |n| start + n);
    (start < bytes.len()).then_some(start..end.max(start + 1))
}

type Decide<'a> = (&'a Trace, &'a dyn Fn(&Match) -> Decision);

fn report(engine: &Engine, bytes: &[u8], what: Decide<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (trace, decide) = what;
    if trace.hits.is_empty() && trace.misses.is_empty() {
        writeln!(out, "Nothing on this line has the form of a credential that a rule knows: no candidate was judged.")?;
        return writeln!(out, "To find it, write a rule: rules/README.md.");
    }
    for found in &trace.hits {
        let rule = &engine.rules()[found.rule as usize];
        writeln!(out, "finding     {} ({}, {} confidence)", rule.id, found.severity.word(), found.confidence.word())?;
        place(bytes, found.span, out)?;
        writeln!(out, "  shown as  {}", engine.shown(found, &bytes[found.span.secret_start..found.span.secret_end]))?;
        for why in engine.why(found, bytes) {
            writeln!(out, "  because   {}", sanitise(why.as_bytes()))?;
        }
        match decide(found) {
            Decision::Report => writeln!(out, "  verdict   reported")?,
            Decision::AllowedInline { reason } => writeln!(out, "  verdict   silenced by a comment: {}", sanitise(reason.as_bytes()))?,
            Decision::AllowedByFingerprint { reason } => writeln!(out, "  verdict   silenced in stanch.toml: {}", sanitise(reason.as_bytes()))?,
            Decision::Note(text) => writeln!(out, "  verdict   reported; {}", sanitise(text.as_bytes()))?,
        }
    }
    for (rule, span, why) in &trace.misses {
        let rule = &engine.rules()[*rule as usize];
        writeln!(out, "no finding  {}", rule.id)?;
        place(bytes, *span, out)?;
        writeln!(out, "  because   {}", reason(engine, *why))?;
    }
    Ok(())
}

fn place(bytes: &[u8], span: Span, out: &mut dyn Write) -> io::Result<()> {
    let line_start = memchr::memrchr(b'\n', &bytes[..span.secret_start]).map_or(0, |n| n + 1);
    let line = memchr::memchr_iter(b'\n', &bytes[..span.secret_start]).count() + 1;
    let column = String::from_utf8_lossy(&bytes[line_start..span.secret_start]).chars().count() + 1;
    writeln!(out, "  candidate line {line}, column {column}, {} characters", span.secret_end - span.secret_start)
}

fn reason(engine: &Engine, why: Miss) -> String {
    match why {
        Miss::Path => "the rule does not work on this file (`paths` or `allow.paths`)".to_owned(),
        Miss::Allowed => "the rule's allow list names it".to_owned(),
        Miss::Placeholder(what) => format!("it is a placeholder: {what}"),
        Miss::Entropy(bits) => format!("its entropy is too low: {bits:.2} bits per character"),
        Miss::Check(check) => format!("check `{}` does not hold", check.word()),
        Miss::Alone => "the rule needs a companion, and none stands near".to_owned(),
        Miss::Overlap(rule) => format!("rule `{}` explains the same characters better", engine.rules()[rule as usize].id),
        Miss::Name => "no keyword of the rule stands where it must".to_owned(),
    }
}

