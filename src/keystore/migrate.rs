//! Moving the key of a vault from one place to another, such as from a keychain to a passphrase: copy, verify, delete.
//!
//! It must not know who asked. Start with [`plan`], which changes nothing; [`run`] does what it says.
//!
//! At every moment the old way in or the new one opens the vault; while both are there, both do. A run that was cut short is done again from
//! the start and goes on where it was: what it finds done it leaves.

use std::path::Path;

use super::base::arena::Arena;
use super::base::crypto::same;
use super::base::fail;
use super::change::Change;
use super::root::Root;
use super::slots::{Factor, Kind, Slots};
use super::{Error, Keystore};

/// What slots are left.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// Those of a passphrase alone.
    Passphrase,
    /// Those of a store alone.
    Store(&'a dyn Keystore, &'static str),
    /// Those of a store and a passphrase.
    Both(&'a dyn Keystore, &'static str),
}

/// What is done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A slot is added.
    Add {
        /// What opens it.
        kind: String,
    },
    /// This slot was read from the disk, and must open the vault.
    Verify {
        /// Its number.
        number: u32,
    },
    /// A slot is taken out.
    Remove {
        /// Its number.
        number: u32,
    },
    /// A store is told to forget the key of a slot, if it still has it.
    Forget {
        /// The name of the item.
        name: String,
    },
}

/// What was done.
#[derive(Debug)]
pub struct Done {
    /// The steps.
    pub steps: Vec<Step>,
    /// Items that the store could not be made to forget, and why. They open nothing any more, but for an old copy of the file with the slots.
    /// Another run tries again.
    pub left: Vec<(String, Error)>,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Add { kind } => write!(f, "add a key: {kind}"),
            Self::Verify { number } => write!(f, "read key {number} anew and open the vault with it"),
            Self::Remove { number } => write!(f, "remove key {number}"),
            Self::Forget { name } => write!(f, "make the store forget `{name}`, if it is still there"),
        }
    }
}

impl Source<'_> {
    fn has(&self, kind: &Kind) -> bool {
        match (self, kind) {
            (Self::Passphrase, Kind::Passphrase { .. }) => true,
            (Self::Store(_, name), Kind::Store { store }) | (Self::Both(_, name), Kind::Both { store, .. }) => name == store,
            _ => false,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Passphrase => "passphrase".to_owned(),
            Self::Store(_, name) => (*name).to_owned(),
            Self::Both(_, name) => format!("{name} with a passphrase"),
        }
    }
}

/// What a run would do. It asks no store and writes nothing.
///
/// # Errors
/// [`Error::SamePlace`]; [`Error::NoSlot`] if the vault is not where it should be moved from, nor where it should be moved to.
pub fn plan(slots: &Slots, from: &Source<'_>, to: &Factor<'_>) -> Result<Vec<Step>, Error> {
    let new = slots.all().iter().find(|slot| to.fits(&slot.kind));
    if new.is_some_and(|slot| from.has(&slot.kind)) || same_place(from, to) {
        return Err(Error::SamePlace(from.name()));
    }
    let old: Vec<u32> = slots.all().iter().filter(|slot| from.has(&slot.kind)).map(|slot| slot.number).collect();
    if old.is_empty() && new.is_none() {
        return Err(Error::NoSlot(from.name()));
    }
    let mut steps = Vec::new();
    let number = new.map_or(slots.next(), |slot| slot.number);
    if new.is_none() {
        steps.push(Step::Add { kind: to.place() });
    }
    steps.push(Step::Verify { number });
    steps.extend(old.iter().map(|number| Step::Remove { number: *number }));
    if let Source::Store(..) | Source::Both(..) = from {
        // Those of earlier runs that were cut short too. A number is used once: none of them belongs to a slot that stays.
        let stays = |number: &u32| slots.all().iter().any(|slot| slot.number == *number) && !old.contains(number);
        steps.extend((1..slots.next()).filter(|n| !stays(n)).map(|n| Step::Forget { name: slots.store_name(n) }));
    }
    Ok(steps)
}

fn same_place(from: &Source<'_>, to: &Factor<'_>) -> bool {
    match (from, to) {
        (Source::Passphrase, Factor::Passphrase(_)) => true,
        (Source::Store(_, one), Factor::Store(_, other)) | (Source::Both(_, one), Factor::Both(_, other, _)) => one == other,
        _ => false,
    }
}

/// Moves the key of the vault whose slots are at `path` and whose root key is `root`.
///
/// # Errors
/// Those of [`plan`] and [`Slots::add`]; [`Error::Wrong`] or [`Error::Missing`] if a slot that is there already is not opened by `to`. Then
/// nothing was taken out.
pub fn run(path: &Path, root: &Root, (from, to): (&Source<'_>, &Factor<'_>), now: u64) -> Result<Done, Error> {
    let mut change = Change::begin(path)?.ok_or_else(|| Error::NoSlot("keys".to_owned()))?;
    change.slots.prove(root)?;
    let steps = plan(&change.slots, from, to)?;
    let mut left = Vec::new();
    for step in &steps {
        match step {
            Step::Add { .. } => {
                change.slots.add(root, to, now)?;
                fail::point("migrate: the new store has a key");
                change.write(root)?;
                fail::point("migrate: the new slot is written");
            }
            Step::Verify { .. } => verify(path, root, to)?,
            Step::Remove { number } => {
                change.slots.remove(*number)?;
                change.write(root)?;
                fail::point("migrate: an old slot is gone");
            }
            Step::Forget { name } => {
                if let Source::Store(store, _) | Source::Both(store, _) = from
                    && let Err(error) = store.remove(name)
                {
                    left.push((name.clone(), error));
                }
                fail::point("migrate: an old key is forgotten");
            }
        }
    }
    Ok(Done { steps, left })
}

/// Opens the vault as another process would, from what is on the disk and in the store.
fn verify(path: &Path, root: &Root, to: &Factor<'_>) -> Result<(), Error> {
    let slots = Slots::read(path)?.ok_or(Error::Damaged("it is gone"))?;
    let (opened, _) = slots.open(&Arena::new(), to)?;
    if same(opened.bytes(), root.bytes()) { Ok(()) } else { Err(Error::Damaged("a new slot holds another key")) }
}
