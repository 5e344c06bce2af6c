//! Records in the forms that other programs read.
//!
//! It must not know files, nor which records are wanted. Start with [`json`], [`cef`] and [`ocsf`].
//!
//! CEF is ArcSight's Common Event Format, version 0; OCSF is the Open Cybersecurity Schema Framework, of which every record becomes one
//! event of the class API Activity (6003) as version 1.6.0 has it.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::Error;
use super::base::text::hex;
use super::event::{Outcome, Verb};
use super::line::{Record, What, time};

/// The version of the schema that [`ocsf`] writes.
pub const OCSF: &str = "1.6.0";

/// Records, or why they cannot be read.
pub trait Source: Iterator<Item = Result<Record<'static>, Error>> {}

impl<T: Iterator<Item = Result<Record<'static>, Error>>> Source for T {}

/// Nothing was written to the end.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The records could not be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// What comes out could not be written.
    #[error("cannot write")]
    Write(#[from] io::Error),
}

/// All `records` as one JSON list, a record a line, with the fields that the log has but for hashes and signatures.
///
/// # Errors
/// If they cannot be read or written.
pub fn json(records: impl Source, out: &mut impl Write) -> Result<(), Failed> {
    out.write_all(b"[")?;
    for (i, record) in records.enumerate() {
        out.write_all(if i == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &plain(&record?)).map_err(io::Error::from)?;
    }
    out.write_all(b"\n]\n")?;
    Ok(out.flush()?)
}

/// A record as JSON.
#[must_use]
pub fn plain(record: &Record<'_>) -> Value {
    let writer = &record.writer;
    let mut value = json!({
        "sequence": record.sequence,
        "time": time(record.stamp.at),
        "up": u64::try_from(record.stamp.up.as_nanos()).unwrap_or(u64::MAX),
        "boot": writer.boot,
        "host": writer.host,
        "process": { "pid": writer.pid, "uid": writer.uid, "program": writer.program },
        "phase": phase(&record.what),
    });
    let more = match &record.what {
        What::Intent { verb, object, purpose } => json!({ "verb": verb.word(), "object": object, "purpose": purpose }),
        What::Outcome { of, result, took, wiped } => {
            json!({ "of": of, "result": result.word(), "took": took, "wiped": wiped.word() })
        }
        What::Checkpoint => json!({}),
        What::Close(footer) => json!({
            "day": footer.day.to_string(), "first": footer.first, "last": footer.last, "count": footer.count,
            "root": hex(&footer.root),
        }),
        What::Prune { before, policy } => json!({ "before": before.to_string(), "policy": policy }),
        What::Repair { side, mended, bytes, digest } => {
            json!({ "copy": side.word(), "mended": mended.word(), "bytes": bytes, "digest": hex(digest) })
        }
        What::Behind { side, from, to } => json!({ "copy": side.word(), "from": from, "to": to }),
        What::Lost { side, why } => json!({ "copy": side.word(), "why": why }),
        What::Clock { back } => json!({ "back": back }),
        What::Full { why } => json!({ "why": why }),
    };
    if let (Value::Object(all), Value::Object(more)) = (&mut value, more) {
        all.extend(more);
    }
    value
}

/// The kind of a record, as it stands in it.
#[must_use]
pub fn phase(what: &What<'_>) -> &'static str {
    match what {
        What::Intent { .. } => "intent",
        What::Outcome { .. } => "outcome",
        What::Checkpoint => "checkpoint",
        What::Close(_) => "close",
        What::Prune { .. } => "prune",
        What::Repair { .. } => "repair",
        What::Behind { .. } => "behind",
        What::Lost { .. } => "lost",
        What::Clock { .. } => "clock",
        What::Full { .. } => "full",
    }
}

/// An event as it is told to others: outcomes say what they are the outcome of.
struct Told {
    /// A verb, or a kind of record.
    name: &'static str,
    verb: Option<Verb>,
    object: String,
    purpose: String,
    /// The number of the intent.
    of: u64,
    /// Nothing for an intent.
    result: Option<Outcome>,
    took: Option<u64>,
}

/// Intents whose end was not told yet.
#[derive(Default)]
struct Open(HashMap<u64, (Verb, String, String)>);

impl Open {
    /// `None` for signatures, which tell nothing.
    fn tell(&mut self, record: &Record<'_>) -> Option<Told> {
        let name = phase(&record.what);
        let of = record.sequence;
        let mut told = Told { name, verb: None, object: String::new(), purpose: String::new(), of, result: None, took: None };
        match &record.what {
            What::Checkpoint | What::Close(_) => return None,
            What::Intent { verb, object, purpose } => {
                (told.object, told.purpose) = (object.to_string(), purpose.to_string());
                (told.verb, told.name) = (Some(*verb), verb.word());
                self.0.insert(of, (*verb, told.object.clone(), told.purpose.clone()));
            }
            What::Outcome { of, result, took, .. } => {
                (told.of, told.result, told.took) = (*of, Some(*result), Some(*took));
                if let Some((verb, object, purpose)) = self.0.remove(of) {
                    (told.verb, told.name, told.object, told.purpose) = (Some(verb), verb.word(), object, purpose);
                }
            }
            What::Prune { before, policy } => {
                (told.verb, told.purpose) = (Some(Verb::Prune), format!("before {before}: {policy}"));
                self.0.insert(of, (Verb::Prune, String::new(), told.purpose.clone()));
            }
            What::Repair { side, mended, bytes, .. } => {
                told.purpose = format!("{bytes} bytes of the {} copy {}", side.word(), mended.word());
            }
            What::Behind { side, from, to } => told.purpose = format!("the {} copy had no records {from} to {to}", side.word()),
            What::Lost { side, why } => told.purpose = format!("the {} copy: {why}", side.word()),
            What::Clock { back } => told.purpose = format!("set back by {back} ms"),
            What::Full { why } => told.purpose = why.to_string(),
        }
        Some(told)
    }
}

impl Told {
    /// From 1, which is of no interest, to 5, which is critical, as OCSF counts.
    fn severity(&self) -> u8 {
        match (self.verb, self.result) {
            (_, Some(Outcome::Refused)) => 3,
            (_, Some(Outcome::Failed)) => 2,
            (Some(Verb::Wipe | Verb::Export), _) => 3,
            (Some(_), _) => 1,
            (None, _) => match self.name {
                "full" => 5,
                "repair" | "lost" | "clock" => 4,
                _ => 2,
            },
        }
    }

    fn status(&self) -> (u8, &'static str) {
        match self.result {
            Some(Outcome::Done) => (1, "Success"),
            Some(Outcome::Failed | Outcome::Refused) => (2, "Failure"),
            None => (99, "Intent"),
        }
    }
}

/// All `records` but signatures in CEF, one a line.
///
/// # Errors
/// If they cannot be read or written.
pub fn cef(records: impl Source, out: &mut impl Write) -> Result<(), Failed> {
    let mut open = Open::default();
    for record in records {
        let record = record?;
        let Some(told) = open.tell(&record) else { continue };
        let ms = milliseconds(&record);
        let severity = [0, 2, 4, 6, 8, 10][usize::from(told.severity())];
        let name = format!("{} {}", told.name, told.status().1.to_lowercase());
        write!(out, "CEF:0|stanch|stanch|{}|{}|{}|{severity}|", env!("CARGO_PKG_VERSION"), told.name, in_head(&name))?;
        write!(out, "rt={ms} externalId={} act={}", record.sequence, in_value(told.name))?;
        let result = told.result.map_or("", Outcome::word);
        for (key, value) in [("outcome", result), ("dvchost", &record.writer.host), ("sproc", &record.writer.program)] {
            if !value.is_empty() {
                write!(out, " {key}={}", in_value(value))?;
            }
        }
        write!(out, " spid={} suid={}", record.writer.pid, record.writer.uid)?;
        for (n, label, value) in [(1, "object", &told.object), (2, "purpose", &told.purpose)] {
            if !value.is_empty() {
                write!(out, " cs{n}Label={label} cs{n}={}", in_value(value))?;
            }
        }
        writeln!(out, " cn1Label=intent cn1={}", told.of)?;
    }
    Ok(out.flush()?)
}

fn milliseconds(record: &Record<'_>) -> u64 {
    record.stamp.at.0.saturating_mul(1000).saturating_add(u64::from(record.stamp.at.1 / 1_000_000))
}

/// In a head, pipes and backslashes are escaped, and a line cannot end.
fn in_head(text: &str) -> String {
    escaped(text, |c| matches!(c, '\\' | '|')).replace("\\n", " ").replace("\\r", " ")
}

/// In a value, equal signs and backslashes are escaped, and ends of lines.
fn in_value(text: &str) -> String {
    escaped(text, |c| matches!(c, '\\' | '='))
}

fn escaped(text: &str, special: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if special(c) => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// All `records` but signatures as events of OCSF, one a line. `log` names the log: the events of one intent have the same
/// `correlation_uid`.
///
/// # Errors
/// If they cannot be read or written.
pub fn ocsf(records: impl Source, log: &str, out: &mut impl Write) -> Result<(), Failed> {
    let mut open = Open::default();
    for record in records {
        let record = record?;
        let Some(told) = open.tell(&record) else { continue };
        serde_json::to_writer(&mut *out, &event(&record, &told, log)).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

const SEVERITIES: [&str; 6] = ["Unknown", "Informational", "Low", "Medium", "High", "Critical"];

fn event(record: &Record<'_>, told: &Told, log: &str) -> Value {
    let (activity, activity_name) = activity(told.verb);
    let (status_id, status) = told.status();
    let severity = told.severity();
    let writer = &record.writer;
    let mut value = json!({
        "activity_id": activity, "activity_name": activity_name,
        "category_uid": 6, "category_name": "Application Activity",
        "class_uid": 6003, "class_name": "API Activity",
        "type_uid": 600_300 + activity, "type_name": format!("API Activity: {activity_name}"),
        "severity_id": severity, "severity": SEVERITIES[usize::from(severity)],
        "status_id": status_id, "status": status,
        "time": milliseconds(record),
        "metadata": {
            "version": OCSF,
            "product": { "name": "stanch", "vendor_name": "stanch", "version": env!("CARGO_PKG_VERSION") },
            "log_name": "audit", "uid": format!("{log}:{}", record.sequence), "sequence": record.sequence,
            "correlation_uid": format!("{log}:{}", told.of), "original_time": time(record.stamp.at),
        },
        "actor": { "user": { "uid": writer.uid.to_string() }, "process": { "pid": writer.pid, "name": writer.program } },
        "api": { "operation": told.name, "service": { "name": "stanch vault" } },
        "src_endpoint": { "hostname": writer.host, "name": if writer.host.is_empty() { "local" } else { &writer.host } },
    });
    let Value::Object(fields) = &mut value else { return value };
    if !told.object.is_empty() {
        fields.insert("resources".to_owned(), json!([{ "name": told.object, "type": "secret" }]));
    }
    if !told.purpose.is_empty() {
        fields.insert("message".to_owned(), json!(told.purpose));
    }
    if let Some(took) = told.took {
        fields.insert("duration".to_owned(), json!(took / 1000));
    }
    if let Some(result) = told.result {
        fields.insert("status_code".to_owned(), json!(result.word()));
    }
    value
}

/// What OCSF calls it.
fn activity(verb: Option<Verb>) -> (u32, &'static str) {
    match verb {
        Some(Verb::Init | Verb::Import) => (1, "Create"),
        Some(Verb::Get | Verb::Run | Verb::Inject | Verb::List | Verb::Export | Verb::Known) => (2, "Read"),
        Some(Verb::Put | Verb::Edit | Verb::Key) => (3, "Update"),
        Some(Verb::Remove | Verb::Wipe | Verb::Prune) => (4, "Delete"),
        Some(Verb::Unlock | Verb::Lock) | None => (99, "Other"),
    }
}
