//! `stanch vault list`, `show`, `history` and `status`: everything but values.

use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::{Value, json};

use super::super::args::vault::{List, Show, Status};
use super::super::{clock, output};
use super::open::{Home, open, open_quietly};
use super::{Place, keys};
use crate::audit::Verb;
use crate::base::arena::Arena;
use crate::base::date::Date;
use crate::base::text::sanitise;
use crate::keystore::session::Session;
use crate::vault::name::Context;
use crate::vault::record::{About, Record, Rotation, Stage, Version};

/// Of JSON that is printed.
const VERSION: u64 = 1;
/// Days before its end that a secret is said to end soon.
const SOON: u64 = 14;

pub(super) fn list(args: &List) -> anyhow::Result<ExitCode> {
    let mut opened = open(&args.asking)?;
    let object = args.context.as_ref().map(ToString::to_string).unwrap_or_default();
    let entries = opened.act((Verb::List, &object, ""), |vault, receipt| vault.list(args.context.as_ref(), receipt))?;
    let now = clock::now();
    output::write(None, |out| {
        if args.json {
            let all: Vec<_> = entries.iter().map(|entry| as_json(&entry.context, &entry.record)).collect();
            return writeln!(out, "{:#}", json!({"version": VERSION, "secrets": all}));
        }
        let mut before = None;
        for entry in &entries {
            if before != Some(&entry.context) {
                writeln!(out, "{}{}", if before.is_some() { "\n" } else { "" }, entry.context)?;
                before = Some(&entry.context);
            }
            let notes = notes(&entry.record, now);
            writeln!(out, "  {}{}{notes}", entry.record.name, if notes.is_empty() { "" } else { "  " })?;
        }
        Ok(())
    })?;
    if entries.is_empty() {
        super::say("the vault has no secrets here; `stanch vault put NAME` puts one in");
    }
    Ok(ExitCode::SUCCESS)
}

/// What is worth seeing in a list.
fn notes(record: &Record, now: u64) -> String {
    let mut notes = Vec::new();
    if let Some(expires) = record.about.expires {
        let day = Date::from_unix(expires);
        if expires <= now {
            notes.push(format!("ended {day}"));
        } else if expires - now < SOON * 86_400 {
            notes.push(format!("ends {day}"));
        }
    }
    let newest = record.at(Stage::Current).map(|version| version.created);
    if let (Some(days), Some(newest)) = (record.about.rotation.and_then(Rotation::days), newest) {
        let age = now.saturating_sub(newest) / 86_400;
        if age >= days {
            notes.push(format!("is {age} days old, to be replaced every {days}"));
        }
    }
    if record.at(Stage::Current).is_none() {
        notes.push("has no current version".to_owned());
    }
    if record.at(Stage::Pending).is_some() {
        notes.push("a version is pending".to_owned());
    }
    notes.join("; ")
}

fn record_of(args: &Show, purpose: &str) -> anyhow::Result<(Place, Record)> {
    let place = Place::read(&args.named.secret, args.named.within.context.as_ref())?;
    let mut opened = open(&args.named.within.asking)?;
    let record = opened
        .act((Verb::List, &place.object(), purpose), |vault, receipt| vault.record(&place.context, &place.name, receipt))?;
    Ok((place, record))
}

pub(super) fn show(args: &Show) -> anyhow::Result<ExitCode> {
    let (place, record) = record_of(args, "what is said of it")?;
    output::write(None, |out| {
        if args.json {
            return writeln!(out, "{:#}", json!({"version": VERSION, "secret": as_json(&place.context, &record)}));
        }
        writeln!(out, "stanch://{}", place.object())?;
        let mut row = |name: &str, text: &str| writeln!(out, "  {name:<10} {}", sanitise(text.as_bytes()));
        let About { opens, enables, owner, expires, rotation, source, tags } = &record.about;
        for (name, text) in [("opens", opens), ("enables", enables), ("owner", owner), ("source", source)] {
            text.as_ref().map_or(Ok(()), |text| row(name, text))?;
        }
        expires.map_or(Ok(()), |expires| row("ends", &Date::from_unix(expires).to_string()))?;
        rotation.map_or(Ok(()), |class| row("rotation", class_words(class)))?;
        tags.iter().try_for_each(|(key, text)| row(&format!("tag {key}"), text))?;
        row("made", &Date::from_unix(record.created).to_string())?;
        if let Some(current) = record.at(Stage::Current) {
            row("version", &format!("{} of {}", current.number, Date::from_unix(current.created)))?;
            row("fields", &current.fields.join(", "))?;
        }
        let notes = notes(&record, clock::now());
        if notes.is_empty() { Ok(()) } else { row("note", &notes) }
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn history(args: &Show) -> anyhow::Result<ExitCode> {
    let (place, record) = record_of(args, "its versions")?;
    output::write(None, |out| {
        if args.json {
            return writeln!(out, "{:#}", json!({"version": VERSION, "secret": as_json(&place.context, &record)}));
        }
        record.versions.iter().rev().try_for_each(|version| history_line(out, version))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn history_line(out: &mut dyn Write, version: &Version) -> io::Result<()> {
    let stage = version.stage.map_or("", stage_word);
    let day = Date::from_unix(version.created);
    writeln!(out, "{:>4}  {day}  {stage:<8}  {}", version.number, sanitise(version.fields.join(", ").as_bytes()))
}

fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Current => "current",
        Stage::Pending => "pending",
        Stage::Previous => "previous",
    }
}

fn class_words(class: Rotation) -> &'static str {
    match class {
        Rotation::Critical => "critical: every 7 days",
        Rotation::High => "high: every 30 days",
        Rotation::Standard => "standard: every 90 days",
        Rotation::Manual => "manual",
    }
}

fn as_json(context: &Context, record: &Record) -> Value {
    let versions: Vec<_> = record
        .versions
        .iter()
        .map(|version| {
            json!({"number": version.number, "created": version.created, "stage": version.stage.map(stage_word), "fields": version.fields})
        })
        .collect();
    json!({
        "reference": format!("stanch://{context}/{}", record.name),
        "context": context.to_string(),
        "environment": context.environment(),
        "name": record.name,
        "created": record.created,
        "changed": record.changed,
        "about": record.about,
        "versions": versions,
    })
}

pub(super) fn status(args: &Status) -> anyhow::Result<ExitCode> {
    let home = Home::find()?;
    let slots = home.slots()?;
    let session = Session.load(slots.vault(), &Arena::new());
    let seconds = session.as_ref().ok().and_then(|session| session.as_ref().map(|session| session.seconds));
    let opened = open_quietly()?;
    let generation = match &opened {
        Some(opened) => Some(opened.vault.generation().map_err(|e| super::open::of_vault(e, &home.0))?),
        None => None,
    };
    let memory = opened.as_ref().and_then(|opened| opened.arena.protection()).map(|how| format!("{how:?}").to_lowercase());
    output::write(None, |out| {
        if args.json {
            let keys: Vec<_> = slots
                .all()
                .iter()
                .map(|slot| json!({"number": slot.number, "kind": slot.kind.name(), "created": slot.created}))
                .collect();
            let status = json!({
                "version": VERSION, "folder": home.0, "id": slots.vault(), "created": slots.created(), "keys": keys,
                "open": seconds.is_some(), "seconds_left": seconds, "generation": generation, "memory": memory,
            });
            return writeln!(out, "{status:#}");
        }
        writeln!(out, "vault    {}", sanitise(home.0.as_os_str().as_encoded_bytes()))?;
        match (&session, seconds) {
            (_, Some(seconds)) => writeln!(out, "state    open for {}", super::unlock::words(seconds))?,
            (Err(e), _) => writeln!(out, "state    locked ({e})")?,
            _ => writeln!(out, "state    locked")?,
        }
        if let Some(generation) = generation {
            writeln!(out, "changes  {generation}")?;
        }
        if let Some(memory) = &memory {
            writeln!(out, "memory   {memory}")?;
        }
        writeln!(out, "keys")?;
        slots.all().iter().try_for_each(|slot| writeln!(out, "{}", keys::line(slot)))
    })?;
    Ok(ExitCode::SUCCESS)
}
