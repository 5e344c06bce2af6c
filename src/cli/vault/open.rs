//! Finds a vault, opens it, and writes down what is done with it.
//!
//! It must not know what a command does. Start with [`open`] and [`Opened::act`].

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::args::vault::Asking;
use super::super::clock;
use super::super::exit::hinted;
use super::ask::Asker;
use crate::audit::event::{Ending, Stamp, Wiped, Writer};
use crate::audit::log::{Log, Places};
use crate::audit::verify::Anchor;
use crate::audit::{Event, Outcome, Receipt, Verb};
use crate::base::arena::{Arena, Protection};
use crate::base::fs::{Access, create_new_for};
use crate::keystore::os::{self, Keychain};
use crate::keystore::recovery::Code;
use crate::keystore::root::Root;
use crate::keystore::session::Session;
use crate::keystore::slots::{Factor, Kind, Slots};
use crate::keystore::{Error, Keystore as _, attempts};
use crate::vault::{self, Vault};

/// A vault that is open, with its log.
pub(in crate::cli) struct Opened {
    pub(in crate::cli) vault: Vault,
    pub(super) root: Root,
    pub(super) slots: Slots,
    pub(super) arena: Arena,
    home: Home,
    log: Log,
    /// Was it opened by the keychain in this run? Then that also keeps how new the vault is.
    by_keychain: bool,
}

/// The folder of a vault.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Home(pub(super) PathBuf);

/// What is fixed for a vault when it is made, and is no secret.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Settings {
    pub(super) version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) second_log: Option<PathBuf>,
}

impl Home {
    /// By the environment.
    pub(in crate::cli) fn find() -> anyhow::Result<Self> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(folder) = variable("STANCH_VAULT") {
            return std::path::absolute(folder).map(Self).map_err(Into::into);
        }
        let data = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
        let data = data.or_else(|| variable("HOME").map(|home| home.join(".local/share")));
        data.map(|data| Self(data.join("stanch/vault"))).ok_or_else(|| hinted("HOME is not set", "set STANCH_VAULT to a folder"))
    }

    pub(super) fn keys(&self) -> PathBuf {
        self.0.join("keys.json")
    }

    pub(in crate::cli) fn audit(&self) -> PathBuf {
        self.0.join("audit")
    }

    pub(super) fn attempts(&self) -> PathBuf {
        self.0.join("attempts")
    }

    pub(in crate::cli) fn settings(&self) -> anyhow::Result<Settings> {
        let path = self.0.join("settings.json");
        let bytes = std::fs::read(&path).map_err(|e| anyhow::Error::new(e).context(format!("cannot read {}", path.display())))?;
        let settings: Settings = serde_json::from_slice(&bytes).map_err(|e| {
            hinted(format!("{} is damaged: {e}", path.display()), "it holds `{\"version\": 1}` and the folder of a second log")
        })?;
        if settings.version != 1 {
            return Err(hinted(
                format!("{} has version {}, and this stanch reads 1", path.display(), settings.version),
                "update stanch",
            ));
        }
        Ok(settings)
    }

    pub(super) fn write_settings(&self, settings: &Settings) -> anyhow::Result<()> {
        let text = format!("{}\n", serde_json::to_string_pretty(settings)?);
        Ok(create_new_for(&self.0.join("settings.json"), Access::Owner, text.as_bytes())?)
    }

    pub(super) fn log(&self) -> anyhow::Result<Places> {
        Ok(Places { first: self.0.join("audit"), second: self.settings()?.second_log })
    }

    /// The slots of the vault.
    pub(super) fn slots(&self) -> anyhow::Result<Slots> {
        let slots = Slots::read(&self.keys()).map_err(|e| told(e, None))?;
        slots.ok_or_else(|| match self.0.join("vault.redb").exists() {
            true => hinted(
                format!("{} is gone: nothing opens the vault in {}", self.keys().display(), self.0.display()),
                "put it back from a backup; without it the vault cannot be read",
            ),
            false => hinted(format!("there is no vault in {}", self.0.display()), "make one with `stanch vault init`"),
        })
    }
}

/// Opens the vault: by the session that `vault unlock` began, else by its first slot, asking if need be.
pub(in crate::cli) fn open(asking: &Asking) -> anyhow::Result<Opened> {
    harden()?;
    let home = Home::find()?;
    let (arena, slots) = (Arena::new(), home.slots()?);
    let session = Session.load(slots.vault(), &arena).ok().flatten();
    if let Some(session) = session {
        slots.prove(&session.root)?;
        return home.opened(arena, slots, session.root, &Known { least: session.generation, by_keychain: false });
    }
    let asker = Asker::new(&arena, asking);
    open_by(&home, (arena, slots), &asker, Way::First, Age::Newest)
}

/// Opens the vault by a slot, whether there is a session or not.
pub(super) fn open_by(home: &Home, (arena, slots): (Arena, Slots), asker: &Asker, way: Way, age: Age) -> anyhow::Result<Opened> {
    harden()?;
    let (root, by_keychain) = by_slot(home, &slots, &arena, asker, way)?;
    let least = if by_keychain && age == Age::Newest { Newest::load(&slots)?.generation } else { 0 };
    home.opened(arena, slots, root, &Known { least, by_keychain })
}

/// The vault, if a session has it open; nobody is asked.
pub(in crate::cli) fn open_quietly() -> anyhow::Result<Option<Opened>> {
    let home = Home::find()?;
    if !home.keys().exists() {
        return Ok(None);
    }
    let (arena, slots) = (Arena::new(), home.slots()?);
    match Session.load(slots.vault(), &arena).ok().flatten() {
        Some(session) => {
            harden()?;
            slots.prove(&session.root)?;
            home.opened(arena, slots, session.root, &Known { least: session.generation, by_keychain: false }).map(Some)
        }
        None => Ok(None),
    }
}

/// What is known of a vault before it is opened.
struct Known {
    /// The generation it has at least.
    least: u64,
    by_keychain: bool,
}

/// By which way a vault is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The one it was made with.
    First,
    /// A passphrase.
    Passphrase,
    /// The recovery code.
    Recovery,
}

/// How old a vault may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// As new as the keychain knows it.
    Newest,
    /// Older: a person said so.
    Any,
}

/// The root key by a slot, and whether the keychain had a part in it.
pub(super) fn by_slot(home: &Home, slots: &Slots, arena: &Arena, asker: &Asker, way: Way) -> anyhow::Result<(Root, bool)> {
    let wanted = |kind: &Kind| match way {
        Way::First => !matches!(kind, Kind::Recovery { .. }),
        Way::Passphrase => matches!(kind, Kind::Passphrase { .. }),
        Way::Recovery => matches!(kind, Kind::Recovery { .. }),
    };
    let first = slots.all().iter().find(|slot| wanted(&slot.kind)).or_else(|| slots.all().first().filter(|_| way == Way::First));
    let slot = first.ok_or_else(|| match way {
        Way::Passphrase => hinted("this vault has no passphrase", "`stanch vault key list` says what opens it"),
        _ => hinted("this vault has no recovery code", "`stanch vault key list` says what opens it"),
    })?;
    let place = &asker.place;
    match &slot.kind {
        Kind::Store { .. } => {
            Ok((slots.open(arena, &Factor::Store(&Keychain, os::NAME)).map_err(|e| told(e, Some(place)))?.0, true))
        }
        Kind::Both { .. } | Kind::Passphrase { .. } => {
            // Before anybody types: no use if it is too early.
            let now = clock::now();
            let words = asker.passphrase()?;
            let attempt = attempts::Attempt::begin(&home.attempts(), now).map_err(|e| told(e, Some(place)))?;
            let is_both = matches!(slot.kind, Kind::Both { .. });
            let factor =
                if is_both { Factor::Both(&Keychain, os::NAME, words.bytes()) } else { Factor::Passphrase(words.bytes()) };
            let root = slots.open(arena, &factor).map_err(|e| told(e, Some(place)))?.0;
            attempt.succeeded();
            Ok((root, is_both))
        }
        Kind::Recovery { .. } => {
            let words = asker.value("Recovery code", 200)?;
            let wrong =
                || hinted("the recovery code is wrong", "it has seven groups of letters and digits, as `vault init` wrote it");
            let code = std::str::from_utf8(words.bytes()).ok().and_then(|words| Code::read(words).ok()).ok_or_else(wrong)?;
            Ok((slots.open(arena, &Factor::Recovery(&code)).map_err(|e| told(e, Some(place)))?.0, false))
        }
    }
}

/// An error of a keystore, with the way out.
pub(super) fn told(error: Error, place: Option<&crate::keystore::place::Place>) -> anyhow::Error {
    let hint = match &error {
        Error::Absent { .. } | Error::Silent { .. } | Error::Locked { .. } => place.map(|place| place.way_out().to_owned()),
        Error::Missing { .. } => Some(
            "it was removed, or this is another user's keychain; the recovery code opens the vault: `stanch vault unlock --recovery-code`"
                .to_owned(),
        ),
        Error::Damaged(_) => Some("put keys.json back from a backup".to_owned()),
        Error::Version(_) => Some("update stanch".to_owned()),
        _ => None,
    };
    match hint {
        Some(hint) => hinted(error.to_string(), hint),
        None => error.into(),
    }
}

fn harden() -> anyhow::Result<()> {
    crate::base::process::harden()
        .map_err(|e| anyhow::Error::new(std::io::Error::from(e)).context("cannot keep core files from being written"))
}

/// The name under which the keychain keeps how new the vault and its log are.
fn anchor(slots: &Slots) -> String {
    format!("vault {} newest", slots.vault())
}

/// What the keychain keeps of a vault: its generation, and the last record of its log that was told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Newest {
    generation: u64,
    record: Option<Anchor>,
}

impl Newest {
    fn load(slots: &Slots) -> anyhow::Result<Self> {
        let kept = Keychain.load(&anchor(slots)).map_err(|e| told(e, None))?;
        let text = kept.as_ref().and_then(|kept| std::str::from_utf8(kept.expose()).ok()).unwrap_or_default();
        let (generation, record) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self { generation: generation.parse().unwrap_or(0), record: Anchor::parse(record) })
    }

    fn store(&self, slots: &Slots) -> anyhow::Result<()> {
        let record = self.record.as_ref().map(ToString::to_string).unwrap_or_default();
        Keychain.store(&anchor(slots), format!("{} {record}", self.generation).as_bytes()).map_err(|e| told(e, None))
    }
}

/// The last record of the log that the keychain was told, where a keychain has a part in the vault.
pub(in crate::cli) fn kept_anchor() -> anyhow::Result<Option<Anchor>> {
    let slots = Home::find()?.slots()?;
    if !slots.all().iter().any(|slot| matches!(slot.kind, Kind::Store { .. } | Kind::Both { .. })) {
        return Ok(None);
    }
    Ok(Newest::load(&slots)?.record)
}

impl Home {
    fn opened(&self, arena: Arena, slots: Slots, root: Root, known: &Known) -> anyhow::Result<Opened> {
        let id = id_of(&slots)?;
        let vault = Vault::open(&self.0, id, &root, &arena, known.least).map_err(|e| of_vault(e, &self.0))?;
        let log = Log::open(&self.log()?, &root.derive("audit log"), &writer())?;
        Ok(Opened { vault, root, slots, arena, home: self.clone(), log, by_keychain: known.by_keychain })
    }
}

pub(super) fn id_of(slots: &Slots) -> anyhow::Result<[u8; 16]> {
    let mut id = [0; 16];
    for (byte, pair) in id.iter_mut().zip(slots.vault().as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair)?, 16)?;
    }
    Ok(id)
}

/// An error of a vault, with the way out.
pub(in crate::cli) fn of_vault(error: vault::Error, folder: &Path) -> anyhow::Error {
    let hint = match &error {
        vault::Error::None(_) => "make one with `stanch vault init`".to_owned(),
        vault::Error::NotFound(_) => "`stanch vault list` lists what there is".to_owned(),
        vault::Error::Damaged(_) => format!("put {} back from a backup; `stanch vault check` reads all of it", folder.display()),
        vault::Error::RolledBack { .. } => {
            "somebody put an older copy in its place; if that was you, `stanch vault unlock --accept-older`".to_owned()
        }
        vault::Error::Version(_) => "update stanch".to_owned(),
        vault::Error::Busy(_) => "end it, and try again".to_owned(),
        vault::Error::Taken(_) => "without `--new` it gets another version".to_owned(),
        vault::Error::Unwritten => "this is a fault of stanch".to_owned(),
        _ => return error.into(),
    };
    hinted(error.to_string(), hint)
}

/// Who writes into the log.
pub(super) fn writer() -> Writer<'static> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    Writer {
        boot: Cow::Owned(read("/proc/sys/kernel/random/boot_id")),
        host: Cow::Owned(read("/proc/sys/kernel/hostname")),
        pid: std::process::id(),
        uid: rustix::process::getuid().as_raw(),
        program: Cow::Borrowed("stanch"),
    }
}

/// Now, by both clocks.
pub(in crate::cli) fn stamp() -> Stamp {
    let time = |clock| {
        let time = rustix::time::clock_gettime(clock);
        (u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    let (seconds, nanos) = time(rustix::time::ClockId::Boottime);
    Stamp { at: time(rustix::time::ClockId::Realtime), up: Duration::new(seconds, nanos) }
}

impl Opened {
    /// Does `what` to `object`, after that was written down; then how it ended is, too.
    pub(in crate::cli) fn act<T>(
        &mut self,
        (verb, object, purpose): (Verb, &str, &str),
        what: impl FnOnce(&Vault, Receipt) -> Result<T, vault::Error>,
    ) -> anyhow::Result<T> {
        let began = stamp();
        let receipt = self.log.append(&Event { verb, object, purpose, at: began.at, up: began.up })?;
        let sequence = receipt.sequence();
        let result = what(&self.vault, receipt);
        self.ended(sequence, began, verb, result.is_ok())?;
        result.map_err(|e| of_vault(e, &self.home.0))
    }

    /// The same for many objects at once.
    pub(in crate::cli) fn act_all<T>(
        &mut self,
        (verb, objects, purpose): (Verb, &[String], &str),
        what: impl FnOnce(&Vault, Vec<Receipt>) -> Result<T, vault::Error>,
    ) -> anyhow::Result<T> {
        let began = stamp();
        let receipts = self.receipts(verb, objects, purpose)?;
        let sequences: Vec<_> = receipts.iter().map(Receipt::sequence).collect();
        let result = what(&self.vault, receipts);
        for sequence in sequences {
            self.ended(sequence, began, verb, result.is_ok())?;
        }
        result.map_err(|e| of_vault(e, &self.home.0))
    }

    /// The receipts for doing `verb` to many secrets at once.
    pub(in crate::cli) fn receipts(&mut self, verb: Verb, objects: &[String], purpose: &str) -> anyhow::Result<Vec<Receipt>> {
        let stamp = stamp();
        let events: Vec<_> = objects.iter().map(|object| Event { verb, object, purpose, at: stamp.at, up: stamp.up }).collect();
        Ok(self.log.append_all(&events)?)
    }

    /// Writes down what concerns no secret.
    pub(super) fn note(&mut self, verb: Verb, purpose: &str) -> anyhow::Result<()> {
        let began = stamp();
        let sequence = self.log.append(&Event { verb, object: "", purpose, at: began.at, up: began.up })?.sequence();
        self.ended(sequence, began, verb, true)
    }

    /// Writes down how what the record `sequence` tells of ended: whether it was done.
    pub(in crate::cli) fn ended(&mut self, sequence: u64, began: Stamp, verb: Verb, is_done: bool) -> anyhow::Result<()> {
        let outcome = if is_done { Outcome::Done } else { Outcome::Failed };
        let stamp = stamp();
        let holds = matches!(verb, Verb::Get | Verb::Run | Verb::Inject | Verb::Put | Verb::Export | Verb::Import);
        let wiped = match self.arena.protection() {
            _ if !holds => Wiped::Nothing,
            _ if matches!(verb, Verb::Get | Verb::Run | Verb::Inject | Verb::Export) => Wiped::NotOurs,
            Some(Protection::Plain) => Wiped::Unlocked,
            _ => Wiped::Locked,
        };
        Ok(self.log.outcome(sequence, outcome, Ending { stamp, took: stamp.up.saturating_sub(began.up), wiped })?)
    }

    /// The log, for what is done to itself.
    pub(in crate::cli) fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    /// The key that names are hashed with in the log.
    pub(in crate::cli) fn log_key(&self) -> zeroize::Zeroizing<[u8; 32]> {
        self.root.derive("audit log")
    }

    /// Keeps how new the vault is where the vault cannot be put back together with it.
    pub(in crate::cli) fn keep_generation(&mut self) -> anyhow::Result<()> {
        let generation = self.vault.generation().map_err(|e| of_vault(e, &self.home.0))?;
        drop(Session.set_generation(self.slots.vault(), generation));
        if self.by_keychain {
            let record = self.log.checkpoint(stamp())?;
            Newest { generation, record: Some(record) }.store(&self.slots)?;
        }
        Ok(())
    }

    pub(super) fn checkpoint(&mut self) -> anyhow::Result<()> {
        self.log.checkpoint(stamp())?;
        Ok(())
    }

    pub(super) fn home(&self) -> &Home {
        &self.home
    }
}
