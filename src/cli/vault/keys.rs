//! `stanch vault key`.

use std::process::ExitCode;

use super::super::args::vault::{Added, Asking, KeyCommand, With};
use super::super::exit::hinted;
use super::super::{clock, output};
use super::ask::{Asker, terminal};
use super::open::{Home, Opened, open, told};
use super::{init, say};
use crate::audit::Verb;
use crate::base::arena::Locked;
use crate::base::date::Date;
use crate::keystore::change::Change;
use crate::keystore::migrate::{self, Source};
use crate::keystore::os::{self, Keychain};
use crate::keystore::recovery::Code;
use crate::keystore::slots::{Factor, Kind, Slot};
use crate::keystore::{Error, Keystore as _};

pub(super) fn run(command: &KeyCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeyCommand::List => list(),
        KeyCommand::Add { with, recovery_file, asking } => add(*with, recovery_file.as_deref(), asking),
        KeyCommand::Remove { number, asking } => remove(*number, asking),
        KeyCommand::Passphrase { asking } => passphrase(asking),
        KeyCommand::Migrate { to, dry_run: true, .. } => plan(*to),
        KeyCommand::Migrate { to, asking, .. } => move_to(*to, asking),
    }
}

/// A slot in a line.
pub(super) fn line(slot: &Slot) -> String {
    let store = match &slot.kind {
        Kind::Store { store } | Kind::Both { store, .. } => format!(" ({store})"),
        _ => String::new(),
    };
    format!("{:>3}  {}{store}, since {}", slot.number, slot.kind.name(), Date::from_unix(slot.created))
}

fn list() -> anyhow::Result<ExitCode> {
    let slots = Home::find()?.slots()?;
    output::write(None, |out| slots.all().iter().try_for_each(|slot| writeln!(out, "{}", line(slot))))?;
    Ok(ExitCode::SUCCESS)
}

fn change(home: &Home) -> anyhow::Result<Change> {
    let change = Change::begin(&home.keys()).map_err(|e| told(e, None))?;
    change.ok_or_else(|| hinted(format!("there is no vault in {}", home.0.display()), "make one with `stanch vault init`"))
}

fn add(with: Added, file: Option<&std::path::Path>, asking: &Asking) -> anyhow::Result<ExitCode> {
    let mut opened = open(asking)?;
    let asker = Asker::new(&opened.arena, asking);
    let code = if with == Added::RecoveryCode { Some(Code::fresh()?) } else { None };
    let shown = if code.is_some() && file.is_none() { terminal() } else { None };
    if code.is_some() && file.is_none() && shown.is_none() {
        return Err(hinted("there is no terminal to show the recovery code on", "use `--recovery-file FILE`"));
    }
    let words = match with {
        Added::Passphrase | Added::Both => Some(asker.new_passphrase()?),
        _ => None,
    };
    let words = words.as_ref().map(Locked::bytes).unwrap_or_default();
    let factor = match (with, &code) {
        (Added::Keychain, _) => Factor::Store(&Keychain, os::NAME),
        (Added::Both, _) => Factor::Both(&Keychain, os::NAME, words),
        (_, Some(code)) => Factor::Recovery(code),
        _ => Factor::Passphrase(words),
    };
    opened.note(Verb::Key, &format!("add {}", factor.name()))?;
    let mut change = change(opened.home())?;
    let number = change.slots.add(&opened.root, &factor, clock::now()).map_err(|e| told(e, Some(&asker.place)))?;
    change.write(&opened.root)?;
    if let Some(code) = &code {
        init::give(code, file, shown)?;
    }
    say(&format!("{} opens the vault, too: key {number}", factor.name()));
    Ok(ExitCode::SUCCESS)
}

fn remove(number: u32, asking: &Asking) -> anyhow::Result<ExitCode> {
    let mut opened = open(asking)?;
    opened.note(Verb::Key, &format!("remove {number}"))?;
    let mut change = change(opened.home())?;
    let slot = change.slots.remove(number).map_err(|e| match e {
        Error::LastSlot => {
            hinted(format!("key {number} is the only way into this vault"), "add another first: `stanch vault key add`")
        }
        Error::NoSlot(_) => hinted(format!("there is no key {number}"), "`stanch vault key list` lists them"),
        other => told(other, None),
    })?;
    change.write(&opened.root)?;
    if matches!(slot.kind, Kind::Store { .. } | Kind::Both { .. }) {
        Keychain.remove(&change.slots.store_name(number)).map_err(|e| told(e, None))?;
    }
    say(&format!("key {number}, {}, does not open the vault any more", slot.kind.name()));
    Ok(ExitCode::SUCCESS)
}

fn passphrase(asking: &Asking) -> anyhow::Result<ExitCode> {
    let mut opened = open(asking)?;
    let slot = opened.slots.all().iter().find(|slot| matches!(slot.kind, Kind::Passphrase { .. } | Kind::Both { .. })).cloned();
    let slot = slot.ok_or_else(|| hinted("this vault has no passphrase", "`stanch vault key add passphrase` gives it one"))?;
    let words = Asker::new(&opened.arena, asking).new_passphrase()?;
    let factor = match &slot.kind {
        Kind::Both { .. } => Factor::Both(&Keychain, os::NAME, words.bytes()),
        _ => Factor::Passphrase(words.bytes()),
    };
    opened.note(Verb::Key, "change the passphrase")?;
    let mut change = change(opened.home())?;
    change.slots.rewrap(slot.number, &opened.root, &factor).map_err(|e| told(e, None))?;
    change.write(&opened.root)?;
    say("the passphrase is changed; a copy of the vault from before opens with the old one");
    Ok(ExitCode::SUCCESS)
}

fn source(opened_slots: &[Slot]) -> anyhow::Result<Source<'static>> {
    let first = opened_slots.iter().find(|slot| !matches!(slot.kind, Kind::Recovery { .. }));
    let slot = first.ok_or_else(|| hinted("only a recovery code opens this vault", "use `stanch vault key add`"))?;
    Ok(match &slot.kind {
        Kind::Store { .. } => Source::Store(&Keychain, os::NAME),
        Kind::Both { .. } => Source::Both(&Keychain, os::NAME),
        _ => Source::Passphrase,
    })
}

fn plan(to: With) -> anyhow::Result<ExitCode> {
    let slots = Home::find()?.slots()?;
    let to = match to {
        With::Keychain => Factor::Store(&Keychain, os::NAME),
        With::Passphrase => Factor::Passphrase(b""),
        With::Both => Factor::Both(&Keychain, os::NAME, b""),
    };
    for step in migrate::plan(&slots, &source(slots.all())?, &to).map_err(|e| told(e, None))? {
        say(&format!("would {step}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn move_to(to: With, asking: &Asking) -> anyhow::Result<ExitCode> {
    let mut opened: Opened = open(asking)?;
    let asker = Asker::new(&opened.arena, asking);
    let words = if to == With::Keychain { None } else { Some(asker.new_passphrase()?) };
    let words = words.as_ref().map(Locked::bytes).unwrap_or_default();
    let factor = match to {
        With::Keychain => Factor::Store(&Keychain, os::NAME),
        With::Passphrase => Factor::Passphrase(words),
        With::Both => Factor::Both(&Keychain, os::NAME, words),
    };
    opened.note(Verb::Key, &format!("move to {}", factor.name()))?;
    let from = source(opened.slots.all())?;
    let place = &asker.place;
    let done =
        migrate::run(&opened.home().keys(), &opened.root, (&from, &factor), clock::now()).map_err(|e| told(e, Some(place)))?;
    for (item, why) in &done.left {
        say(&format!("warning: `{item}` is left in the keychain ({why}); it opens nothing, remove it there"));
    }
    say(&format!("{} opens the vault; the way before is removed", factor.name()));
    Ok(ExitCode::SUCCESS)
}
