//! `stanch vault unlock` and `lock`.

use std::process::ExitCode;

use super::super::args::vault::Unlock;
use super::ask::Asker;
use super::open::{self, Age, Home, Way};
use super::say;
use crate::audit::Verb;
use crate::base::arena::Arena;
use crate::keystore::session::Session;

pub(super) fn unlock(args: &Unlock) -> anyhow::Result<ExitCode> {
    let home = Home::find()?;
    let (arena, slots) = (Arena::new(), home.slots()?);
    let way = match (args.recovery_code, args.passphrase) {
        (true, _) => Way::Recovery,
        (_, true) => Way::Passphrase,
        _ => Way::First,
    };
    let age = if args.accept_older { Age::Any } else { Age::Newest };
    let asker = Asker::new(&arena, &args.asking);
    let mut opened = open::open_by(&home, (arena, slots), &asker, way, age)?;
    opened.keep_generation()?;
    let generation = opened.vault.generation().map_err(|e| open::of_vault(e, &home.0))?;
    opened.note(Verb::Unlock, &format!("for {} s", args.time))?;
    Session.save(opened.slots.vault(), &opened.root, generation, args.time).map_err(|e| open::told(e, Some(&asker.place)))?;
    say(&format!("the vault is open for {}", words(args.time)));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn lock() -> anyhow::Result<ExitCode> {
    let home = Home::find()?;
    let slots = home.slots()?;
    if let Some(mut opened) = open::open_quietly()? {
        opened.note(Verb::Lock, "")?;
        opened.checkpoint()?;
    }
    // Also where there was none to be opened.
    let was_open = Session.forget(slots.vault()).map_err(|e| open::told(e, None))?;
    say(if was_open { "the vault is locked" } else { "the vault was locked already" });
    Ok(ExitCode::SUCCESS)
}

/// A time as people say it.
pub(super) fn words(seconds: u32) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}
