//! `stanch vault wipe`.

use std::process::ExitCode;

use super::super::args::vault::Wipe;
use super::ask::{Asker, place};
use super::open::{Home, open, told};
use super::say;
use crate::audit::Verb;
use crate::keystore::Keystore as _;
use crate::keystore::os::Keychain;
use crate::keystore::session::Session;
use crate::keystore::slots::Kind;
use crate::vault::name::Context;

const CLAIM: &str = "Nothing opens it then. A disk may keep old blocks for a while: that they are gone is not claimed.";

pub(super) fn run(args: &Wipe) -> anyhow::Result<ExitCode> {
    match &args.context {
        Some(context) => one(args, context),
        None => everything(args),
    }
}

fn one(args: &Wipe, context: &Context) -> anyhow::Result<ExitCode> {
    let mut opened = open(&args.asking)?;
    let entries = opened
        .act((Verb::List, &context.to_string(), "before it is wiped"), |vault, receipt| vault.list(Some(context), receipt))?;
    say(&format!("the context {context} has {} secrets:", entries.len()));
    entries.iter().for_each(|entry| say(&format!("  {}", entry.record.name)));
    if args.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    sure(args, &format!("Forget the key of {context}? {CLAIM}"))?;
    opened.act((Verb::Wipe, &context.to_string(), ""), |vault, receipt| vault.wipe(context, receipt))?;
    opened.keep_generation()?;
    say(&format!("{context} is wiped; what its secrets open does not know that: revoke them there"));
    Ok(ExitCode::SUCCESS)
}

fn sure(args: &Wipe, question: &str) -> anyhow::Result<()> {
    if args.yes || Asker::confirm(question)? {
        return Ok(());
    }
    Err(anyhow::anyhow!("nothing was wiped"))
}

/// The keys go first: what is left then is noise, however far the rest comes. It works without opening the vault.
fn everything(args: &Wipe) -> anyhow::Result<ExitCode> {
    let home = Home::find()?;
    let slots = home.slots()?;
    let files =
        ["keys.json", "contexts.sealed", "vault.redb", "audit", "settings.json", "attempts", "lock", "keys.lock", "CACHEDIR.TAG"];
    let there: Vec<_> = files.iter().map(|name| home.0.join(name)).filter(|path| path.symlink_metadata().is_ok()).collect();
    say(&format!("the vault in {}:", home.0.display()));
    there.iter().for_each(|path| say(&format!("  {}", path.display())));
    let kept = slots.all().iter().filter(|slot| matches!(slot.kind, Kind::Store { .. } | Kind::Both { .. }));
    let items: Vec<_> = kept.map(|slot| slots.store_name(slot.number)).collect();
    items.iter().for_each(|item| say(&format!("  {item} in the keychain")));
    if args.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && !Asker::confirm(&format!("Wipe all of it? {CLAIM}"))? {
        return Err(anyhow::anyhow!("nothing was wiped"));
    }
    drop(Session.forget(slots.vault()));
    let mut left = None;
    for item in items.iter().chain([&format!("vault {} newest", slots.vault())]) {
        if !items.is_empty() {
            left = Keychain.remove(item).err().or(left);
        }
    }
    for path in &there {
        let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        removed.map_err(|e| anyhow::Error::new(e).context(format!("cannot remove {}", path.display())))?;
    }
    // Only if nothing else is in it.
    drop(std::fs::remove_dir(&home.0));
    if let Some(error) = left {
        return Err(told(error, Some(&place())).context("the files are gone; a key is left in the keychain"));
    }
    say("the vault is wiped; what its secrets open does not know that: revoke them there");
    Ok(ExitCode::SUCCESS)
}
