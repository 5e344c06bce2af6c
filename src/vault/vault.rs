//! A vault: puts secrets in and gives them out, each time against a receipt of the audit log.
//!
//! It must not know where its root key came from, nor the clock: time is an argument. Start with [`Vault::create`] and [`Vault::open`].

use std::collections::HashMap;
use std::path::Path;

use super::Error;
use super::audit::{Receipt, Verb};
use super::base::arena::Arena;
use super::base::secret::Secret;
use super::contexts::{Contexts, Opened};
use super::keys::Keys;
use super::keystore::root::Root;
use super::name::{Context, Name};
use super::record::{About, Record, Stage, Version};
use super::rows::{self, Fields, Place, RecordKey};
use super::store::{Reader, Store, Writer};

/// The field of a secret that has one value.
pub const VALUE: &str = "value";
/// A vault that is open.
#[derive(Debug)]
pub struct Vault {
    pub(crate) store: Store,
    pub(crate) folder: std::path::PathBuf,
    pub(crate) id: [u8; 16],
    pub(crate) keys: Keys,
    pub(crate) arena: Arena,
}

/// A secret without its values, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its context.
    pub context: Context,
    /// What is said of it.
    pub record: Record,
}

/// Which version is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one in a stage.
    At(Stage),
    /// The one with a number.
    Number(u64),
}

/// The keyed fingerprint of a value that is or was in a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print {
    /// HMAC of the value under a key of this vault.
    pub print: [u8; 32],
    /// The context of the secret.
    pub context: Context,
    /// Its name.
    pub name: String,
    /// The version.
    pub version: u64,
    /// The stage of that.
    pub stage: Option<Stage>,
}

impl Vault {
    /// Makes an empty vault in `folder`, which is there and for its owner alone.
    ///
    /// # Errors
    /// [`Error::Exists`], or what the system said.
    pub fn create(folder: &Path, id: [u8; 16], root: &Root, arena: &Arena) -> Result<Self, Error> {
        let vault = Self::of(folder, id, root, arena);
        if vault.store.path().symlink_metadata().is_ok() || Contexts::path(folder).symlink_metadata().is_ok() {
            return Err(Error::Exists(folder.display().to_string()));
        }
        let mut contexts = Contexts::default();
        contexts.write(folder, &id, &vault.keys.contexts)?;
        vault.store.create(&vault.keys, contexts.number)?;
        Ok(vault)
    }

    /// Opens the vault in `folder`; `least` is the generation that is known from elsewhere.
    ///
    /// # Errors
    /// [`Error::None`], [`Error::Version`], [`Error::Damaged`], [`Error::RolledBack`], or what the system said.
    pub fn open(folder: &Path, id: [u8; 16], root: &Root, arena: &Arena, least: u64) -> Result<Self, Error> {
        let vault = Self::of(folder, id, root, arena);
        if vault.store.path().symlink_metadata().is_err() && Contexts::path(folder).symlink_metadata().is_err() {
            return Err(Error::None(folder.display().to_string()));
        }
        let found = vault.generation()?;
        if found < least {
            return Err(Error::RolledBack { found, expected: least });
        }
        Ok(vault)
    }

    fn of(folder: &Path, id: [u8; 16], root: &Root, arena: &Arena) -> Self {
        Self { store: Store::new(folder, id), folder: folder.to_owned(), id, keys: Keys::of(root), arena: arena.clone() }
    }

    /// How often it was changed.
    ///
    /// # Errors
    /// As for [`Vault::open`].
    pub fn generation(&self) -> Result<u64, Error> {
        self.store.read(&self.keys, |reader| Ok(reader.state.generation))
    }

    /// The memory that its secrets are in.
    #[must_use]
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// The fields of a version of a secret.
    ///
    /// # Errors
    /// [`Error::Unwritten`] without a receipt for reading it by `verb`; [`Error::NotFound`], [`Error::NoVersion`], [`Error::Damaged`].
    pub fn get(&self, verb: Verb, (context, name): (&Context, &Name), which: Which, receipt: Receipt) -> Result<Fields, Error> {
        let object = object(context, name);
        if !matches!(verb, Verb::Get | Verb::Run | Verb::Inject | Verb::Export) {
            return Err(Error::Unwritten);
        }
        written(receipt, verb, &object)?;
        self.find(context, name, |reader, opened, _, record| {
            let version = match which {
                Which::At(stage) => record.at(stage),
                Which::Number(number) => record.version(number),
            };
            let version = version.ok_or_else(|| Error::NoVersion(object.clone(), which.to_string()))?;
            let secret = secret_of(reader.last_value(&id_of(record)?)?, record)?;
            self.fields_of(opened, &secret, version, |key| reader.value(key))
        })
    }

    /// What is said of a secret.
    ///
    /// # Errors
    /// [`Error::Unwritten`] without a receipt for listing it; [`Error::NotFound`], [`Error::Damaged`].
    pub fn record(&self, context: &Context, name: &Name, receipt: Receipt) -> Result<Record, Error> {
        written(receipt, Verb::List, &object(context, name))?;
        self.find(context, name, |_, _, _, record| Ok(record.clone()))
    }

    fn find<T>(
        &self,
        context: &Context,
        name: &Name,
        with: impl FnOnce(&Reader<'_>, &Opened, &RecordKey, &Record) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.store.read(&self.keys, |reader| {
            let contexts = self.contexts()?;
            matches(&contexts, reader.state.contexts)?;
            let missing = || Error::NotFound(object(context, name));
            let opened = contexts.find(context).ok_or_else(missing)??;
            let key = rows::record_key(&self.keys, &opened, name.as_str());
            let Some(row) = reader.record(&key)? else {
                // Not there, or not found any more: that makes a difference.
                reader.check()?;
                return Err(missing());
            };
            let record = rows::open_record(&self.id, &opened, &key, &row)?;
            with(reader, &opened, &key, &record)
        })
    }

    /// All secrets of a context, or of all of them, without their values, sorted by context and name.
    ///
    /// # Errors
    /// [`Error::Unwritten`] without a receipt for listing it; [`Error::NotFound`] if there is no such context; [`Error::Damaged`].
    pub fn list(&self, of: Option<&Context>, receipt: Receipt) -> Result<Vec<Entry>, Error> {
        written(receipt, Verb::List, &of.map(ToString::to_string).unwrap_or_default())?;
        self.store.read(&self.keys, |reader| {
            let contexts = self.contexts()?;
            matches(&contexts, reader.state.contexts)?;
            if let Some(context) = of.filter(|context| contexts.find(context).is_none()) {
                return Err(Error::NotFound(context.to_string()));
            }
            let opened: HashMap<_, _> = contexts.all().map(|one| one.map(|one| (one.id, one))).collect::<Result<_, _>>()?;
            let mut entries = Vec::new();
            reader.all_records(|key, row| {
                let context = key.first_chunk::<16>().and_then(|id| opened.get(id));
                if let Some(context) = context.filter(|one| of.is_none_or(|of| *of == one.context)) {
                    let record = rows::open_record(&self.id, context, key, row)?;
                    entries.push(Entry { context: context.context.clone(), record });
                }
                Ok(())
            })?;
            entries.sort_by(|a, b| (&a.context, &a.record.name).cmp(&(&b.context, &b.record.name)));
            Ok(entries)
        })
    }

    /// The contexts and when they were made, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Unwritten`] without a receipt for listing everything; [`Error::Damaged`].
    pub fn context_names(&self, receipt: Receipt) -> Result<Vec<(Context, u64)>, Error> {
        written(receipt, Verb::List, "")?;
        let contexts = self.contexts()?;
        let mut names = contexts.all().map(|one| one.map(|one| (one.context, one.created))).collect::<Result<Vec<_>, _>>()?;
        names.sort();
        Ok(names)
    }

    /// Changes what is said of a secret; gives the new generation.
    ///
    /// # Errors
    /// [`Error::Unwritten`] without a receipt for it; [`Error::NotFound`].
    pub fn edit(
        &self,
        (context, name): (&Context, &Name),
        now: u64,
        with: impl FnOnce(&mut About),
        receipt: Receipt,
    ) -> Result<u64, Error> {
        written(receipt, Verb::Edit, &object(context, name))?;
        self.change(context, name, |writer, opened, key, record| {
            with(&mut record.about);
            record.changed = now;
            writer.set_record(key, Some(&rows::seal_record(&self.id, opened, key, record)?)).map(drop)
        })
    }

    /// Gives a stage to a version; the current one becomes the previous one when another takes its place.
    ///
    /// # Errors
    /// [`Error::Unwritten`] without a receipt for editing it; [`Error::NotFound`], [`Error::NoVersion`].
    pub fn stage(&self, context: &Context, name: &Name, to: (u64, Stage), receipt: Receipt) -> Result<u64, Error> {
        let (number, stage) = to;
        written(receipt, Verb::Edit, &object(context, name))?;
        self.change(context, name, |writer, opened, key, record| {
            if record.version(number).is_none() {
                return Err(Error::NoVersion(object(context, name), number.to_string()));
            }
            record.stage(number, stage);
            writer.set_record(key, Some(&rows::seal_record(&self.id, opened, key, record)?)).map(drop)
        })
    }

    /// Removes a secret with all of its versions.
    ///
    /// # Errors
    /// [`Error::Unwritten`] without a receipt for it; [`Error::NotFound`].
    pub fn remove(&self, context: &Context, name: &Name, receipt: Receipt) -> Result<u64, Error> {
        written(receipt, Verb::Remove, &object(context, name))?;
        self.change(context, name, |writer, opened, key, record| {
            let secret = id_of(record)?;
            for version in &record.versions {
                self.forget(writer, opened, &secret, version)?;
            }
            writer.set_record(key, None).map(drop)
        })
    }

    fn change(
        &self,
        context: &Context,
        name: &Name,
        with: impl FnOnce(&mut Writer<'_>, &Opened, &RecordKey, &mut Record) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let ((), generation) = self.store.change(&self.keys, |writer| {
            let contexts = self.contexts()?;
            matches(&contexts, writer.state.contexts)?;
            let missing = || Error::NotFound(object(context, name));
            let opened = contexts.find(context).ok_or_else(missing)??;
            let key = rows::record_key(&self.keys, &opened, name.as_str());
            let row = writer.record(&key)?.ok_or_else(missing)?;
            let mut record = rows::open_record(&self.id, &opened, &key, &row)?;
            with(writer, &opened, &key, &mut record)
        })?;
        Ok(generation)
    }

    /// Forgets the key of a context, and then its rows: nothing opens what is left of them anywhere.
    ///
    /// # Errors
    /// [`Error::Unwritten`] without a receipt for it; [`Error::NotFound`].
    pub fn wipe(&self, context: &Context, receipt: Receipt) -> Result<u64, Error> {
        written(receipt, Verb::Wipe, &context.to_string())?;
        self.sweep_after(|contexts| {
            contexts.find(context).ok_or_else(|| Error::NotFound(context.to_string()))??;
            contexts.forget(context);
            contexts.write(&self.folder, &self.id, &self.keys.contexts)
        })
    }

    /// Removes rows that no key opens any more: those of a context whose wiping did not come to its end.
    ///
    /// # Errors
    /// [`Error::Damaged`], or what the system said.
    pub fn sweep(&self) -> Result<u64, Error> {
        self.sweep_after(|_| Ok(()))
    }

    fn sweep_after(&self, first: impl FnOnce(&mut Contexts) -> Result<(), Error>) -> Result<u64, Error> {
        let ((), generation) = self.store.change(&self.keys, |writer| {
            let mut contexts = self.contexts()?;
            matches(&contexts, writer.state.contexts)?;
            first(&mut contexts)?;
            writer.state.contexts = contexts.number;
            let known = contexts.all().map(|one| one.map(|one| one.id)).collect::<Result<Vec<_>, _>>()?;
            writer.sweep(|key, row| rows::open_owner(&self.keys, key, row).map(|(context, _)| context), &known)
        })?;
        Ok(generation)
    }

    /// The keyed fingerprints of all values, for scans.
    ///
    /// # Errors
    /// [`Error::Unwritten`] without a receipt for it; [`Error::Damaged`].
    pub fn known(&self, receipt: Receipt) -> Result<Vec<Print>, Error> {
        written(receipt, Verb::Known, "")?;
        self.store.read(&self.keys, |reader| {
            let contexts = self.contexts()?;
            matches(&contexts, reader.state.contexts)?;
            let mut secrets = HashMap::new();
            for context in contexts.all() {
                let context = context?;
                reader.records(&context.id, |key, row| {
                    let record = rows::open_record(&self.id, &context, &key, row)?;
                    secrets.insert(id_of(&record)?, (context.context.clone(), record));
                    Ok(())
                })?;
            }
            let mut prints = Vec::new();
            reader.all_prints(|key, row| {
                let (print, rest) = key.split_first_chunk::<32>().ok_or(Error::Damaged("a length is wrong"))?;
                let (secret, number) = rest.split_first_chunk::<16>().ok_or(Error::Damaged("a length is wrong"))?;
                let version = u64::from_be_bytes(number.try_into().map_err(|_| Error::Damaged("a length is wrong"))?);
                let Some((context, record)) = secrets.get(secret) else {
                    // What is left of a context that was wiped has no key any more.
                    let (owner, _) = rows::open_owner(&self.keys, key, row)?;
                    let known = contexts.all().any(|one| one.is_ok_and(|one| one.id == owner));
                    return if known { Err(Error::Damaged("a fingerprint is of no secret")) } else { Ok(()) };
                };
                let stage = record.version(version).and_then(|version| version.stage);
                prints.push(Print { print: *print, context: context.clone(), name: record.name.clone(), version, stage });
                Ok(())
            })?;
            Ok(prints)
        })
    }

    /// The fingerprint that a value would have in [`Vault::known`].
    #[must_use]
    pub fn print_of(&self, value: &[u8]) -> [u8; 32] {
        self.keys.print(value)
    }

    /// Reads everything and tells what is wrong with it.
    ///
    /// # Errors
    /// [`Error::Damaged`], or what the system said.
    pub fn check(&self) -> Result<super::check::Checked, Error> {
        self.store.read(&self.keys, |reader| {
            let contexts = self.contexts()?;
            matches(&contexts, reader.state.contexts)?;
            reader.check()?;
            let mut checked = super::check::Checked { generation: reader.state.generation, ..Default::default() };
            for context in contexts.all() {
                let context = context?;
                checked.contexts += 1;
                let mut all = Vec::new();
                reader.records(&context.id, |key, row| {
                    all.push(rows::open_record(&self.id, &context, &key, row)?);
                    Ok(())
                })?;
                for record in all {
                    checked.secrets += 1;
                    let secret = secret_of(reader.last_value(&id_of(&record)?)?, &record)?;
                    for version in &record.versions {
                        self.fields_of(&context, &secret, version, |key| reader.value(key))?;
                        checked.versions += 1;
                    }
                }
            }
            Ok(checked)
        })
    }

    pub(crate) fn contexts(&self) -> Result<Contexts, Error> {
        Contexts::read(&self.folder, &self.id, &self.keys.contexts)
    }

    pub(crate) fn fields_of(
        &self,
        context: &Opened,
        secret: &[u8; 16],
        version: &Version,
        read: impl FnOnce(&rows::ValueKey) -> Result<Option<Vec<u8>>, Error>,
    ) -> Result<Fields, Error> {
        let key = rows::value_key(secret, version.number);
        let row = read(&key)?.ok_or(Error::Damaged("the values of a version are gone"))?;
        let place = Place { vault: &self.id, context, key, created: version.created };
        rows::open_fields(&self.arena, &place, &row)
    }

    pub(crate) fn copy(&self, value: &Secret) -> Result<Secret, Error> {
        let memory = |e| Error::io("take", Path::new("memory"), e);
        let mut kept = self.arena.buffer(value.len()).map_err(memory)?;
        kept.push(value.expose()).map_err(|e| memory(std::io::Error::other(e)))?;
        Ok(kept.into())
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(Stage::Current) => f.write_str("that is current"),
            Self::At(Stage::Pending) => f.write_str("that is pending"),
            Self::At(Stage::Previous) => f.write_str("before the current one"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// What the audit log calls a secret.
#[must_use]
pub fn object(context: &Context, name: &Name) -> String {
    format!("{context}/{name}")
}

#[expect(clippy::needless_pass_by_value, reason = "a receipt is good for one time")]
pub(crate) fn written(receipt: Receipt, verb: Verb, object: &str) -> Result<(), Error> {
    if receipt.is_for(verb, object) { Ok(()) } else { Err(Error::Unwritten) }
}

/// The list of contexts is written before the store: it may be newer, and never older.
pub(crate) fn matches(contexts: &Contexts, least: u64) -> Result<(), Error> {
    if contexts.number < least {
        return Err(Error::RolledBack { found: contexts.number, expected: least });
    }
    Ok(())
}

/// The id of a secret, of which the store has no version that its record does not know.
pub(crate) fn secret_of(last: Option<u64>, record: &Record) -> Result<[u8; 16], Error> {
    if last.is_some_and(|last| last >= record.next) {
        return Err(Error::Damaged("a record was put back as it was before"));
    }
    id_of(record)
}

pub(crate) fn id_of(record: &Record) -> Result<[u8; 16], Error> {
    rows::unhex(&record.id).ok_or(Error::Damaged("a record has another form"))
}
