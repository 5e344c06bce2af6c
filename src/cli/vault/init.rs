//! `stanch vault init`.

use std::io::Write as _;
use std::process::ExitCode;

use super::super::args::vault::{Init, With};
use super::super::clock;
use super::super::exit::hinted;
use super::ask::{Asker, terminal};
use super::open::{Home, Settings, id_of, of_vault, stamp, told, writer};
use super::say;
use crate::audit::event::{Ending, Wiped};
use crate::audit::header::Names;
use crate::audit::log::{Log, Places};
use crate::audit::{Event, Outcome, Verb};
use crate::base::arena::{Arena, Locked};
use crate::base::crypto::random;
use crate::base::fs::{Access, create_new_for};
use crate::base::text::hex;
use crate::keystore::os::{self, Keychain};
use crate::keystore::recovery::Code;
use crate::keystore::root::Root;
use crate::keystore::slots::{Factor, Slots};
use crate::vault::Vault;

/// For programs that make copies: what the vault is for is not to be copied by accident, and `vault export` is there for backups.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# A stanch vault: left out of backups and of synchronised folders; `stanch vault export` makes a copy.\n";

pub(super) fn run(args: &Init) -> anyhow::Result<ExitCode> {
    crate::base::process::harden().map_err(std::io::Error::from)?;
    let home = Home::find()?;
    if home.keys().exists() || home.0.join("vault.redb").exists() {
        return Err(hinted(format!("there is a vault in {} already", home.0.display()), "STANCH_VAULT names another folder"));
    }
    let arena = Arena::new();
    let asker = Asker::new(&arena, &args.asking);
    let with = args.with.unwrap_or(if asker.place.has_bus() { With::Keychain } else { With::Passphrase });
    let code = if args.no_recovery_code { None } else { Some(Code::fresh()?) };
    // Before anything is made: is there a way to hand it over?
    let shown = match (&code, &args.recovery_file) {
        (Some(_), None) => Some(terminal().ok_or_else(|| {
            hinted("there is no terminal to show the recovery code on", "use `--recovery-file FILE`, or `--no-recovery-code`")
        })?),
        _ => None,
    };
    let passphrase = if with == With::Keychain { None } else { Some(asker.new_passphrase()?) };
    let words = passphrase.as_ref().map(Locked::bytes).unwrap_or_default();
    let factor = match with {
        With::Keychain => Factor::Store(&Keychain, os::NAME),
        With::Passphrase => Factor::Passphrase(words),
        With::Both => Factor::Both(&Keychain, os::NAME, words),
    };
    let root = Root::fresh(&arena)?;
    let public = make(args, &home, &root, (&factor, code.as_ref()), &asker)?;
    if let Some(code) = &code {
        hand_over(code, args, shown)?;
    }
    say(&format!("made a vault in {}; {} opens it", home.0.display(), factor.name()));
    say(&format!("the audit log is signed with the key {}; keep it, if others shall verify the log", hex(&public)));
    Ok(ExitCode::SUCCESS)
}

/// Makes the files; the list of keys is written last, and without it there is no vault.
fn make(
    args: &Init,
    home: &Home,
    root: &Root,
    (factor, code): (&Factor<'_>, Option<&Code>),
    asker: &Asker,
) -> anyhow::Result<[u8; 32]> {
    let now = clock::now();
    crate::audit::folder::make(&home.0)?;
    let mut slots = Slots::new(&random()?, now);
    slots.add(root, factor, now).map_err(|e| told(e, Some(&asker.place)))?;
    if let Some(code) = code {
        slots.add(root, &Factor::Recovery(code), now)?;
    }
    let tag = home.0.join("CACHEDIR.TAG");
    if !tag.exists() {
        create_new_for(&tag, Access::Owner, TAG.as_bytes())?;
    }
    if !home.0.join("settings.json").exists() {
        home.write_settings(&Settings { version: 1, second_log: args.second_log.clone() })?;
    }
    let places = Places { first: home.0.join("audit"), second: args.second_log.clone() };
    let names = if args.hash_names { Names::Keyed } else { Names::Clear };
    let (key, began) = (root.derive("audit log"), stamp());
    Log::create(&places, names, &key, began.at)?;
    let mut log = Log::open(&places, &key, &writer())?;
    let event = Event { verb: Verb::Init, object: "", purpose: factor.name(), at: began.at, up: began.up };
    let sequence = log.append(&event)?.sequence();
    Vault::create(&home.0, id_of(&slots)?, root, &asker.arena).map_err(|e| of_vault(e, &home.0))?;
    slots.write(root, &home.keys())?;
    let end = stamp();
    log.outcome(sequence, Outcome::Done, Ending { stamp: end, took: end.up.saturating_sub(began.up), wiped: Wiped::Nothing })?;
    log.checkpoint(stamp())?;
    Ok(*log.public())
}

/// The recovery code is shown once.
pub(super) fn hand_over(code: &Code, args: &Init, shown: Option<std::fs::File>) -> anyhow::Result<()> {
    give(code, args.recovery_file.as_deref(), shown)
}

/// Writes a recovery code into a file, or on a terminal.
pub(super) fn give(code: &Code, file: Option<&std::path::Path>, shown: Option<std::fs::File>) -> anyhow::Result<()> {
    let words = code.words();
    if let Some(path) = file {
        let text = zeroize::Zeroizing::new(format!("{}\n", *words));
        create_new_for(path, Access::Owner, text.as_bytes())?;
        say(&format!("the recovery code is in {}; move it to where the vault is not", path.display()));
    } else if let Some(mut terminal) = shown {
        write!(terminal, "\nRecovery code, shown this once; write it down and keep it elsewhere:\n\n    {}\n\n", *words)?;
    }
    Ok(())
}
