//! `stanch explain FILE:LINE`: what was considered there, what held, what did not and why.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::exit::hinted;
use super::{args, clock, config, output, scan};
use crate::base::date::Date;
use crate::base::text::sanitise;
use crate::scan::engine::explain::Trace;
use crate::scan::engine::{Engine, Input, Match, Miss, Scratch, Span};
use crate::scan::fingerprint::Fingerprinter;
use crate::scan::source::{stream::first_column, utf16};
use crate::scan::suppress::{Decision, Lines, Suppressions};

/// Files larger than this are not explained: they would be held in memory whole.
const MOST: u64 = 256 << 20;

pub(super) fn run(args: &args::Explain) -> anyhow::Result<ExitCode> {
    let (path, line) = split(&args.place)?;
    let bytes = read(&path)?;
    let Some(range) = line_range(&bytes, line) else {
        return Err(hinted(format!("{} has no line {line}", path.display()), "lines count from 1"));
    };
    let (engine, ids) = scan::engine(&args.rules)?;
    let project = config::project(args.config.as_deref(), args.no_config, std::slice::from_ref(&path))?;
    let now = clock::now();
    let mut trace = Trace { range, ..Trace::default() };
    let name = path.to_string_lossy();
    let input = Input { path: Some(&name), now, ..Input::whole(&bytes) };
    let mut scratch = Scratch::default();
    engine.scan(&mut scratch, &input, &mut trace);
    let fingerprinter = project.key.as_ref().map_or_else(Fingerprinter::per_run, Fingerprinter::stable)?;
    let suppressions = Suppressions::new(project.allows.clone()).knowing(ids);
    let decide = |found: &Match| {
        let span = found.span.secret_start..found.span.secret_end;
        let fingerprint = fingerprinter.fingerprint(&bytes[span.clone()]);
        let rule = &engine.rules()[found.rule as usize].id;
        suppressions.decide(rule, &fingerprint, Lines::around(&bytes, span), Date::from_unix(now))
    };
    output::write(None, |out| report(&engine, &bytes, (&trace, scratch.matches(), &decide), out))?;
    Ok(ExitCode::SUCCESS)
}

/// The text of a file as the scan sees it.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let size = std::fs::metadata(path).map_err(|e| inside(path, e)).with_context(cannot)?.len();
    if size > MOST {
        return Err(hinted(format!("{} is larger than 256 MiB", path.display()), "cut the line out into a file of its own"));
    }
    let bytes = std::fs::read(path).with_context(cannot)?;
    let Some(order) = utf16::order(&bytes) else { return Ok(bytes) };
    let mut text = Vec::new();
    utf16::Decoder::new(bytes.as_slice(), order).read_to_end(&mut text).with_context(cannot)?;
    Ok(text)
}

/// What a report calls `outer!member` or `notebook#cell` is no file.
fn inside(path: &Path, error: io::Error) -> anyhow::Error {
    let name = path.to_string_lossy();
    if error.kind() != io::ErrorKind::NotFound {
        error.into()
    } else if name.contains('!') {
        hinted(error.to_string(), "this is a member of an archive: unpack it, and explain the file")
    } else if name.contains('#') {
        hinted(error.to_string(), "this is a part of a notebook: save its text as a file, and explain that")
    } else {
        error.into()
    }
}

/// `FILE:LINE`, or `FILE:LINE:COLUMN` as reports write it.
fn split(place: &str) -> anyhow::Result<(PathBuf, usize)> {
    let number = |place: &str| {
        let (path, number) = place.rsplit_once(':')?;
        Some((path.to_owned(), number.parse::<usize>().ok().filter(|n| *n > 0)?))
    };
    let Some((path, line)) = number(place) else {
        return Err(hinted(format!("`{place}` is not FILE:LINE"), "for example: stanch explain src/main.rs:12"));
    };
    match number(&path) {
        // The last number is a column, unless there is a file of that name.
        Some((shorter, line)) if !Path::new(&path).exists() => Ok((shorter.into(), line)),
        _ => Ok((path.into(), line)),
    }
}

fn line_range(bytes: &[u8], line: usize) -> Option<std::ops::Range<usize>> {
    let start = if line == 1 { 0 } else { memchr::memchr_iter(b'\n', bytes).nth(line - 2)? + 1 };
    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |n| start + n);
    (start < bytes.len()).then_some(start..end.max(start + 1))
}

type Decide<'a> = (&'a Trace, &'a [Match], &'a dyn Fn(&Match) -> Decision);

fn report(engine: &Engine, bytes: &[u8], what: Decide<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (trace, all, decide) = what;
    let clean = |reason: String| {
        // Every value of the file, in case one stands in the reason too.
        let values = all.iter().map(|m| String::from_utf8_lossy(&bytes[m.span.secret_start..m.span.secret_end]));
        let reason = values.filter(|v| v.len() >= 4).fold(reason, |reason, value| reason.replace(&*value, "********"));
        sanitise(reason.as_bytes()).into_owned()
    };
    if trace.hits.is_empty() && trace.misses.is_empty() {
        writeln!(out, "Nothing on this line has the form of a credential that a rule knows: no candidate was judged.")?;
        return writeln!(out, "To find it, write a rule: rules/README.md.");
    }
    for found in &trace.hits {
        let rule = &engine.rules()[found.rule as usize];
        writeln!(out, "finding     {} ({}, {} confidence)", rule.id, found.severity.word(), found.confidence.word())?;
        place(bytes, found.span, out)?;
        writeln!(out, "  shown as  {}", engine.shown(found, &bytes[found.span.secret_start..found.span.secret_end]))?;
        for why in engine.why(found, all, bytes) {
            writeln!(out, "  because   {}", sanitise(why.as_bytes()))?;
        }
        match decide(found) {
            Decision::Report => {
                writeln!(out, "  verdict   reported")?;
                writeln!(out, "  silence   with a comment on the line or above: stanch:allow[{}] -- reason", rule.id)?;
            }
            Decision::AllowedInline { reason } => writeln!(out, "  verdict   silenced by a comment: {}", clean(reason))?,
            Decision::AllowedByFingerprint { reason } => writeln!(out, "  verdict   silenced in stanch.toml: {}", clean(reason))?,
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
    let first = if line == 1 { first_column(bytes) } else { 1 };
    let column = String::from_utf8_lossy(&bytes[line_start..span.secret_start]).chars().count() as u64 + first;
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
