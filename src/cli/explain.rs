//! `stanch explain FILE:LINE`: what was considered there, what held, what did not and why.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::exit::hinted;
use super::{args, clock, config, known, output, scan};
use crate::base::date::Date;
use crate::base::text::sanitise;
use crate::scan::blob::Place;
use crate::scan::engine::explain::{Trace, Untried, untried};
use crate::scan::engine::{Engine, Input, Match, Miss, Scratch};
use crate::scan::expand::{self, Expanded, Expander, Kind, Limits, Visit};
use crate::scan::fingerprint::Fingerprinter;
use crate::scan::issues::Issues;
use crate::scan::source::{leaves_out, stream::first_column, utf16};
use crate::scan::suppress::baseline::Judged;
use crate::scan::suppress::{Candidate, Decision, Text as SilencedIn};

/// Files larger than this are not explained: they would be held in memory whole.
const MOST: u64 = 256 << 20;

pub(super) fn run(args: &args::Explain) -> anyhow::Result<ExitCode> {
    let (path, line) = split(&args.place)?;
    let Text { bytes, outer, path: conditions } = read(&path)?;
    let Some(range) = line_range(&bytes, line) else {
        return Err(hinted(format!("{} has no line {line}", path.display()), "lines count from 1"));
    };
    let chosen = config::chosen(&args.silence, std::slice::from_ref(&outer))?;
    let (engine, ids) = scan::engine(&args.rules, &chosen)?;
    let project = &chosen.project;
    let now = clock::now();
    let mut trace = Trace { range, ..Trace::default() };
    let input = Input { path: Some(&conditions), now, ..Input::whole(&bytes) };
    let mut scratch = Scratch::default();
    engine.scan(&mut scratch, &input, &mut trace);
    let fingerprinter = project.key.as_ref().map_or_else(Fingerprinter::per_run, Fingerprinter::stable)?;
    let suppressions = known::suppressions(&args.silence, &chosen)?.knowing(ids);
    let inside = conditions.strip_prefix(&*outer.to_string_lossy()).unwrap_or_default();
    let path = project.locator.path(&Place::File(&outer)).map(|path| format!("{path}{inside}"));
    let text = SilencedIn::of(&bytes);
    let decide = |found: &Match| {
        let span = found.span.secret_start..found.span.secret_end;
        let secret = &bytes[span.clone()];
        let fingerprint = fingerprinter.fingerprint(secret);
        let rule = &engine.rules()[found.rule as usize].id;
        let candidate = Candidate { rule, fingerprint: &fingerprint, secret, path: path.as_deref() };
        suppressions.decide(&candidate, &text, span, Date::from_unix(now))
    };
    output::write(None, |out| {
        report(&engine, &bytes, (&trace, scratch.matches(), &decide), out)?;
        if leaves_out(&outer) {
            writeln!(
                out,
                "note        scan of the folder leaves this file out: an ignore file names it, and git does not track it"
            )?;
            writeln!(out, "            name the file itself, or scan with --no-ignore")?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A text as the scan sees it.
struct Text {
    bytes: Vec<u8>,
    /// The file that holds it.
    outer: PathBuf,
    /// What the path conditions of rules look at.
    path: String,
}

/// The text of a file, or of what stands inside one, named as reports name it.
fn read(named: &Path) -> anyhow::Result<Text> {
    let outer = outer(named);
    let cannot = || format!("cannot read {}", outer.display());
    let file = File::open(&outer).map_err(|e| no_container(&outer, e)).with_context(cannot)?;
    if file.metadata().with_context(cannot)?.len() > MOST {
        return Err(too_large(&outer));
    }
    let bytes = bounded(file).with_context(cannot)?.ok_or_else(|| too_large(&outer))?;
    let name = outer.file_name().unwrap_or_default().to_string_lossy();
    let place = Place::File(&outer);
    let mut wanted = Wanted { name: named.to_string_lossy().replace('\\', "/"), found: None };
    if let Some(kind) = expand::detect(&name, &bytes) {
        let expander = Expander { limits: &Limits::default(), issues: &Issues::default() };
        let expanded = expander.expand_slice(kind, &place, &bytes, &mut wanted);
        if let Some((text, path)) = wanted.found {
            return Ok(Text { bytes: text.ok_or_else(|| too_large(named))?, outer, path });
        }
        // Some are scanned as they are, too.
        if expanded == Expanded::Whole
            && !(outer == named && matches!(kind, Kind::Pdf | Kind::Sqlite | Kind::Mail | Kind::Ciphertext(_)))
        {
            let (what, form) = if kind == Kind::Notebook { ("a notebook", "#CELL") } else { ("an archive", "!MEMBER") };
            let hint = format!("name what is inside as a report of scan does: {}{form}:LINE", outer.display());
            let there = if outer == named { "explained as one text" } else { "found in it under this name" };
            return Err(hinted(format!("{} is {what} that scan opens; nothing is {there}", outer.display()), hint));
        }
    }
    if outer != named {
        return Err(hinted(format!("{} is nothing that scan opens", outer.display()), "explain a line of the file itself"));
    }
    let text = decoded(bytes).with_context(cannot)?;
    let path = place.as_path().unwrap_or_default().into_owned();
    Ok(Text { bytes: text, outer, path })
}

fn too_large(path: &Path) -> anyhow::Error {
    hinted(format!("{} is larger than 256 MiB", path.display()), "cut the line out into a file of its own")
}

/// The file that holds what is named: of `a.zip!b.txt` the part before a mark that is there, if the whole is not.
fn outer(named: &Path) -> PathBuf {
    let name = named.as_os_str().as_bytes();
    let part = |at: usize| Path::new(OsStr::from_bytes(&name[..at]));
    let mut marks = memchr::memchr2_iter(b'!', b'#', name).map(part);
    if named.exists() { named.to_path_buf() } else { marks.find(|path| path.is_file()).unwrap_or(named).to_path_buf() }
}

/// All there is to read, if it is no more than [`MOST`]: also of what has no size, such as a device.
fn bounded(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(MOST + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= MOST))
}

fn decoded(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let Some(order) = utf16::order(&bytes).or_else(|| utf16::unmarked(&bytes)) else { return Ok(bytes) };
    let mut text = Vec::new();
    utf16::Decoder::new(bytes.as_slice(), order).read_to_end(&mut text)?;
    Ok(text)
}

/// Keeps the member that is asked for.
struct Wanted {
    name: String,
    /// Its text, unless it is too large, and its path.
    found: Option<(Option<Vec<u8>>, String)>,
}

impl Visit for Wanted {
    fn member(&mut self, place: &Place<'_>, bytes: &mut dyn Read) -> io::Result<()> {
        if self.found.is_none() && place.to_origin().name() == self.name {
            let text = bounded(bytes)?.map(decoded).transpose()?;
            self.found = Some((text, place.as_path().unwrap_or_default().into_owned()));
        }
        Ok(())
    }
}

/// What a report calls `outer!member` or `notebook#cell` needs the file it was found in.
fn no_container(path: &Path, error: io::Error) -> anyhow::Error {
    let name = path.to_string_lossy();
    if error.kind() == io::ErrorKind::NotFound && name.contains('!') {
        hinted(error.to_string(), "the part before `!` must be an archive that is there")
    } else if error.kind() == io::ErrorKind::NotFound && name.contains('#') {
        hinted(error.to_string(), "the part before `#` must be a notebook that is there")
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

fn line_range(bytes: &[u8], line: usize) -> Option<Range<usize>> {
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
    let untried = untried(bytes, trace);
    if trace.hits.is_empty() && trace.misses.is_empty() {
        writeln!(out, "Nothing on this line has the form of a credential that a rule knows: no candidate was judged.")?;
        unknown(bytes, &untried, out)?;
        return writeln!(out, "To find it, write a rule: rules/README.md.");
    }
    for found in &trace.hits {
        let rule = &engine.rules()[found.rule as usize];
        writeln!(out, "finding     {} ({}, {} confidence)", rule.id, found.severity.word(), found.confidence.word())?;
        place(bytes, found.span.secret_start..found.span.secret_end, out)?;
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
            Decision::AllowedByEntry { reason, entry } => {
                writeln!(out, "  verdict   silenced by the entry on {}: {}", sanitise(entry.as_bytes()), clean(reason))?;
            }
            Decision::Known { judged, baseline } => {
                let judged = match judged {
                    Some(Judged::Real) => ", judged real",
                    Some(Judged::False) => ", judged a false alarm",
                    None => "",
                };
                writeln!(out, "  verdict   not reported: known from {}{judged}", sanitise(baseline.as_bytes()))?;
            }
            Decision::Note(text) => writeln!(out, "  verdict   reported; {}", sanitise(text.as_bytes()))?,
        }
    }
    for (rule, span, why) in &trace.misses {
        let rule = &engine.rules()[*rule as usize];
        writeln!(out, "no finding  {}", rule.id)?;
        place(bytes, span.secret_start..span.secret_end, out)?;
        writeln!(out, "  because   {}", reason(engine, *why))?;
    }
    unknown(bytes, &untried, out)
}

/// What is as long as a token, and why it was not judged.
fn unknown(bytes: &[u8], untried: &[Untried], out: &mut dyn Write) -> io::Result<()> {
    for one in untried {
        writeln!(out, "no rule")?;
        place(bytes, one.span.clone(), out)?;
        let form = if one.random { "looks random" } else { "looks like words or numbers" };
        writeln!(out, "  entropy   {:.2} bits per character, {form}", one.entropy)?;
        writeln!(out, "  because   no rule has a prefix that fits it, a keyword before it, or a name it is assigned to")?;
    }
    Ok(())
}

fn place(bytes: &[u8], secret: Range<usize>, out: &mut dyn Write) -> io::Result<()> {
    let line_start = memchr::memrchr(b'\n', &bytes[..secret.start]).map_or(0, |n| n + 1);
    let line = memchr::memchr_iter(b'\n', &bytes[..secret.start]).count() + 1;
    let first = if line == 1 { first_column(bytes) } else { 1 };
    let column = String::from_utf8_lossy(&bytes[line_start..secret.start]).chars().count() as u64 + first;
    writeln!(out, "  candidate line {line}, column {column}, {} characters", secret.len())
}

fn reason(engine: &Engine, why: Miss) -> String {
    match why {
        Miss::Path => "the rule does not work on this file (`paths` or `allow.paths`)".to_owned(),
        Miss::Allowed => "the rule's allow list names it".to_owned(),
        Miss::Placeholder(what) => format!("it is a placeholder: {what}"),
        Miss::Encrypted(what) => format!("it is ciphertext: {what}"),
        Miss::Marked => "it is marked as an example with a middle dot".to_owned(),
        Miss::Entropy(bits) => format!("its entropy is too low: {bits:.2} bits per character"),
        Miss::Check(check) => format!("check `{}` does not hold", check.word()),
        Miss::Alone => "the rule needs a companion, and none stands near".to_owned(),
        Miss::Overlap(rule) => format!("rule `{}` explains the same characters better", engine.rules()[rule as usize].id),
        Miss::Name => "no keyword of the rule stands where it must".to_owned(),
    }
}
