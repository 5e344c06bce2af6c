//! `stanch audit`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::args::audit::{Access, Audit, Chosen, Command, Export, Form, Prune, Show, Tail, Verify};
use super::exit::{self, hinted};
use super::vault::open::{Home, open, open_quietly, stamp};
use super::vault::{Place, say};
use super::{clock, output};
use crate::audit::export::{self, Failed};
use crate::audit::line::{Record, What, time};
use crate::audit::read::{self, Both, Filter, Pair, Records};
use crate::audit::verify::{Anchor, Report};
use crate::audit::{Outcome, Verb};
use crate::base::date::Date;
use crate::base::text::{hex, sanitise};

/// Of JSON that is printed.
const VERSION: u64 = 1;

pub(super) fn run(args: &Audit) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Verify(args) => verify(args),
        Command::Show(args) => show(args),
        Command::Tail(args) => tail(args),
        Command::Access(args) => access(args),
        Command::Export(args) => write(args),
        Command::Prune(args) => prune(args),
    }
}

fn folder(log: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    log.map_or_else(|| Home::find().map(|home| home.audit()), |folder| Ok(folder.clone()))
}

fn verify(args: &Verify) -> anyhow::Result<ExitCode> {
    let folder = folder(args.place.log.as_ref())?;
    let public = args.public_key.as_deref().map(|text| {
        crate::audit::header::unhex(text)
            .ok_or_else(|| hinted("`--public-key` is no key", "it has 64 digits, as `vault init` printed it"))
    });
    let public = public.transpose()?;
    let mut anchors = Vec::new();
    for text in &args.anchor {
        let wrong = || hinted(format!("`{}` is no anchor", sanitise(text.as_bytes())), "it is written NUMBER:HASH");
        anchors.push(Anchor::parse(text).ok_or_else(wrong)?);
    }
    if args.place.log.is_none() {
        anchors.extend(super::vault::open::kept_anchor()?);
    }
    let second = match (&args.second, &args.place.log) {
        (Some(second), _) => Some(second.clone()),
        (None, None) => Home::find()?.settings()?.second_log,
        _ => None,
    };
    let Some(second) = second else {
        let report = read::verify(&folder, public.as_ref(), &anchors)?;
        told(&[(&folder, &report)], None, args.json)?;
        return Ok(code(report.wrong.is_some()));
    };
    let Pair { first, second: other, both } = read::compare([&folder, &second], public.as_ref(), &anchors)?;
    told(&[(&folder, &first), (&second, &other)], Some(both), args.json)?;
    Ok(code(first.wrong.is_some() || other.wrong.is_some() || both == Both::Differ))
}

fn code(is_wrong: bool) -> ExitCode {
    ExitCode::from(if is_wrong { exit::FINDINGS } else { exit::CLEAN })
}

fn told(reports: &[(&PathBuf, &Report)], both: Option<Both>, is_json: bool) -> anyhow::Result<()> {
    output::write(None, |out| {
        if is_json {
            let all: Vec<_> = reports.iter().map(|(folder, report)| as_json(folder, report)).collect();
            let both = both.map(both_words);
            return writeln!(out, "{:#}", json!({"version": VERSION, "logs": all, "copies": both}));
        }
        for (folder, report) in reports {
            lines(out, folder, report)?;
        }
        both.map_or(Ok(()), |both| writeln!(out, "the two copies: {}", both_words(both)))
    })
}

fn lines(out: &mut dyn Write, folder: &Path, report: &Report) -> io::Result<()> {
    writeln!(out, "{}", sanitise(folder.as_os_str().as_encoded_bytes()))?;
    let pruned = if report.pruned > 0 { format!(", {} removed in order", report.pruned) } else { String::new() };
    writeln!(out, "  {} records in {} days{pruned}; {} signatures", report.records, report.segments, report.signatures)?;
    if let Some(last) = &report.last {
        writeln!(out, "  last {last}; signed up to {}", report.signed)?;
    }
    for (record, back) in &report.set_back {
        writeln!(out, "  note: before record {record} the clock was set back by {back} ms")?;
    }
    if report.torn > 0 {
        writeln!(out, "  note: {} bytes of a record that was not written to its end", report.torn)?;
    }
    if report.mended > 0 {
        writeln!(out, "  note: {} records tell of writes that were mended", report.mended)?;
    }
    match &report.wrong {
        Some(wrong) => writeln!(out, "  WRONG: {wrong}; nothing behind it was looked at"),
        None => writeln!(out, "  it verifies"),
    }
}

fn as_json(folder: &Path, report: &Report) -> serde_json::Value {
    json!({
        "folder": folder, "verifies": report.wrong.is_none(), "wrong": report.wrong.as_ref().map(ToString::to_string),
        "records": report.records, "pruned": report.pruned, "segments": report.segments, "signatures": report.signatures,
        "signed": report.signed, "last": report.last.as_ref().map(ToString::to_string), "torn_bytes": report.torn, "mended": report.mended,
        "clock_set_back": report.set_back.iter().map(|(record, ms)| json!({"record": record, "ms": ms})).collect::<Vec<_>>(),
    })
}

fn both_words(both: Both) -> String {
    match both {
        Both::Same => "they are the same".to_owned(),
        Both::FirstLacks(count) => format!("the first lacks {count} records at its end"),
        Both::SecondLacks(count) => format!("the second lacks {count} records at its end"),
        Both::Differ => "they differ".to_owned(),
    }
}

/// The records that the flags choose.
fn records(chosen: &Chosen) -> anyhow::Result<Records> {
    let folder = folder(chosen.place.log.as_ref())?;
    let header = read::header(&folder)?;
    let verb = chosen.verb.as_deref().map(|word| {
        let words: Vec<_> = Verb::ALL.iter().map(|verb| verb.word()).collect();
        Verb::of(word).ok_or_else(|| {
            hinted(format!("`{}` is no verb", sanitise(word.as_bytes())), format!("it is one of {}", words.join(", ")))
        })
    });
    let object = match &chosen.object {
        Some(name) if header.names == crate::audit::header::Names::Keyed => {
            let opened = open_quietly()?
                .ok_or_else(|| hinted("names are keyed hashes in this log", "open the vault first: `stanch vault unlock`"))?;
            Some(read::object(&header, &opened.log_key(), name))
        }
        other => other.clone(),
    };
    let second = |day: Date| u64::try_from(day.to_unix()).unwrap_or(0);
    let filter = Filter { verb: verb.transpose()?, object, since: chosen.since.map(second), until: chosen.until.map(second) };
    Ok(Records::new(&folder, filter))
}

fn show(args: &Show) -> anyhow::Result<ExitCode> {
    let records = records(&args.chosen)?;
    let mut failed = None;
    output::write(None, |out| {
        for record in records {
            match record {
                Ok(record) => line(out, &record)?,
                Err(e) => {
                    failed = Some(e);
                    break;
                }
            }
        }
        Ok(())
    })?;
    failed.map_or(Ok(ExitCode::SUCCESS), |e| Err(e.into()))
}

fn tail(args: &Tail) -> anyhow::Result<ExitCode> {
    let (last, _) = records(&args.chosen)?.tail(args.number)?;
    output::write(None, |out| last.iter().try_for_each(|record| line(out, record)))?;
    Ok(ExitCode::SUCCESS)
}

/// A record for a person.
fn line(out: &mut dyn Write, record: &Record<'_>) -> io::Result<()> {
    let who = format!("{} {}", record.writer.uid, record.writer.program);
    let what = match &record.what {
        What::Intent { verb, object, purpose } => {
            let purpose = if purpose.is_empty() { String::new() } else { format!("  ({purpose})") };
            format!("{} {object}{purpose}", verb.word())
        }
        What::Outcome { of, result, took, .. } => {
            format!("{} {of}  {} after {} us", export::phase(&record.what), result.word(), took)
        }
        other => export::phase(other).to_owned(),
    };
    writeln!(out, "{:>7}  {}  {who:<12} {}", record.sequence, time(record.stamp.at), sanitise(what.as_bytes()))
}

fn access(args: &Access) -> anyhow::Result<ExitCode> {
    let place = Place::read(&args.secret, args.within.context.as_ref())?;
    let home = Home::find()?;
    let chosen = Chosen {
        place: super::args::audit::Place { log: Some(home.audit()) },
        verb: None,
        object: Some(place.object()),
        since: None,
        until: None,
    };
    let access = read::access(records(&chosen)?)?;
    output::write(None, |out| {
        if args.json {
            let uses: Vec<_> = access
                .uses
                .iter()
                .map(|one| {
                    let mut value = export::plain(&one.intent);
                    value["result"] = one.result.map(Outcome::word).into();
                    value
                })
                .collect();
            return writeln!(out, "{:#}", json!({"version": VERSION, "secret": place.object(), "uses": uses}));
        }
        writeln!(out, "stanch://{}", place.object())?;
        for by in &access.by {
            let times = if by.count == 1 { "once".to_owned() } else { format!("{} times", by.count) };
            let (first, last) = (Date::from_unix(by.first), Date::from_unix(by.last));
            let days = if first == last { last.to_string() } else { format!("{first} to {last}") };
            writeln!(out, "  {} by user {} with {}: {times}, {days}", by.verb.word(), by.uid, sanitise(by.program.as_bytes()))?;
        }
        if access.by.is_empty() { writeln!(out, "  nobody used it, as far as the log reaches") } else { Ok(()) }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn write(args: &Export) -> anyhow::Result<ExitCode> {
    let records = records(&args.chosen)?;
    let header = read::header(&folder(args.chosen.place.log.as_ref())?)?;
    let mut read_failed = None;
    output::write(args.output.as_deref(), |mut out| {
        let done = match args.format {
            Form::Json => export::json(records, &mut out),
            Form::Cef => export::cef(records, &mut out),
            Form::Ocsf => export::ocsf(records, &hex(&header.genesis()), &mut out),
        };
        match done {
            Ok(()) => Ok(()),
            Err(Failed::Write(e)) => Err(e),
            Err(Failed::Read(e)) => {
                read_failed = Some(e);
                Err(io::Error::other("the log cannot be read"))
            }
        }
    })
    .map_err(|e| read_failed.map_or(e, Into::into))?;
    Ok(ExitCode::SUCCESS)
}

fn prune(args: &Prune) -> anyhow::Result<ExitCode> {
    let mut opened = open(&args.asking)?;
    let before = Date::from_unix(clock::now().saturating_sub(args.keep * 86_400));
    let log = opened.log();
    let old = log.prunable(before)?;
    for one in &old {
        say(&format!("{}: {} records, {} bytes", one.day, one.records, one.bytes));
    }
    if old.is_empty() {
        say(&format!("no record is of a day before {before}"));
    }
    if args.dry_run || old.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    log.prune(before, &format!("keep {} days", args.keep), stamp())?;
    say("they are removed; what is left of their days verifies");
    Ok(ExitCode::SUCCESS)
}
