//! The rows of a vault in one file, changed in transactions.
//!
//! It must not know what a row means. Start with [`Store::read`] and [`Store::change`].
//!
//! Beside the rows stands a sealed sum over each table: a row that was put back, taken out or is not found any more makes it wrong. Reading a
//! row does not need it; what lists rows, or finds one missing, checks it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase as _, ReadableTable as _};
use redb::{TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::Error;
use super::base::crypto::{Keyed, digest, open, seal};
use super::base::fail;
use super::base::text::hex;
use super::keys::Keys;
use super::lock::Lock;
use super::rows::{PrintKey, RecordKey, ValueKey, unhex};

/// The version of the store.
const VERSION: u64 = 1;
const META: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("meta");
const RECORDS: TableDefinition<'static, &'static [u8; 48], &'static [u8]> = TableDefinition::new("records");
const VALUES: TableDefinition<'static, &'static [u8; 24], &'static [u8]> = TableDefinition::new("values");
const PRINTS: TableDefinition<'static, &'static [u8; 56], &'static [u8]> = TableDefinition::new("prints");
/// A vault is read and written in short runs: a large cache would be filled for nothing.
const CACHE: usize = 16 << 20;

/// The file.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    vault: [u8; 16],
}

/// What the store says of itself, sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// Counts the changes.
    pub generation: u64,
    /// The number of the list of contexts that belongs to it.
    pub contexts: u64,
    records: Sum,
    values: Sum,
    prints: Sum,
}

/// How many rows there are, and the sum of their keyed hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sum {
    count: u64,
    total: String,
}

/// A table.
#[derive(Debug, Clone, Copy)]
enum Table {
    Records,
    Values,
    Prints,
}

/// Reads rows.
pub(crate) struct Reader<'k> {
    transaction: ReadTransaction,
    keys: &'k Keys,
    pub(crate) state: State,
}

/// Changes rows.
pub(crate) struct Writer<'k> {
    transaction: WriteTransaction,
    keys: &'k Keys,
    pub(crate) state: State,
}

impl Store {
    pub(crate) fn new(folder: &Path, vault: [u8; 16]) -> Self {
        Self { folder: folder.to_owned(), vault }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("vault.redb")
    }

    /// Makes the file, with no rows.
    pub(crate) fn create(&self, keys: &Keys, contexts: u64) -> Result<(), Error> {
        let _lock = Lock::alone(&self.folder)?;
        let path = self.path();
        if path.symlink_metadata().is_ok() {
            return Err(Error::Exists(self.folder.display().to_string()));
        }
        private(&path)?;
        fail::point("vault: an empty file");
        let database = Database::builder().set_cache_size(CACHE).create(&path).map_err(|e| self.wrong(e))?;
        let transaction = database.begin_write().map_err(failed)?;
        for made in [
            transaction.open_table(RECORDS).map(drop),
            transaction.open_table(VALUES).map(drop),
            transaction.open_table(PRINTS).map(drop),
        ] {
            made.map_err(failed)?;
        }
        transaction.open_table(META).map_err(failed)?.insert("version", &VERSION.to_le_bytes()[..]).map_err(failed)?;
        let writer = Writer { transaction, keys, state: State { contexts, ..State::default() } };
        writer.commit(&self.vault)
    }

    /// Reads, while others may read too.
    pub(crate) fn read<T>(&self, keys: &Keys, with: impl FnOnce(&Reader<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let lock = Lock::shared(&self.folder)?;
        let (_lock, reader) = match guarded(|| self.reader(keys)) {
            // It was not closed: whoever wrote last did not live to do it.
            Err(Error::Store(why)) if why == REPAIR => {
                drop(lock);
                let lock = Lock::alone(&self.folder)?;
                let open = || Database::builder().set_cache_size(CACHE).open(self.path()).map_err(|e| self.wrong(e));
                guarded(|| open().map(drop))?;
                (lock, guarded(|| self.reader(keys))?)
            }
            other => (lock, other?),
        };
        guarded(|| with(&reader))
    }

    fn reader<'k>(&self, keys: &'k Keys) -> Result<Reader<'k>, Error> {
        let database: ReadOnlyDatabase =
            Database::builder().set_cache_size(CACHE).open_read_only(self.path()).map_err(|e| self.wrong(e))?;
        let transaction = database.begin_read().map_err(failed)?;
        let table = transaction.open_table(META).map_err(failed)?;
        let row = |name: &str| table.get(name).map(|row| row.map(|row| row.value().to_vec())).map_err(failed);
        let state = state(&self.vault, keys, row("version")?, row("state")?)?;
        drop(table);
        Ok(Reader { transaction, keys, state })
    }

    /// Changes rows, all of what `with` does or nothing, and gives the new generation.
    pub(crate) fn change<T>(
        &self,
        keys: &Keys,
        with: impl FnOnce(&mut Writer<'_>) -> Result<T, Error>,
    ) -> Result<(T, u64), Error> {
        let _lock = Lock::alone(&self.folder)?;
        guarded(|| {
            let database = Database::builder().set_cache_size(CACHE).open(self.path()).map_err(|e| self.wrong(e))?;
            let mut transaction = database.begin_write().map_err(failed)?;
            // A crash then costs the next reader nothing, and no half of a change can look whole.
            transaction.set_quick_repair(true);
            let table = transaction.open_table(META).map_err(failed)?;
            let row = |name: &str| table.get(name).map(|row| row.map(|row| row.value().to_vec())).map_err(failed);
            let state = state(&self.vault, keys, row("version")?, row("state")?)?;
            drop(table);
            let mut writer = Writer { transaction, keys, state };
            let done = with(&mut writer)?;
            let generation = writer.state.generation + 1;
            fail::point("vault: before the commit");
            writer.commit(&self.vault)?;
            fail::point("vault: after the commit");
            Ok((done, generation))
        })
    }

    fn wrong(&self, error: DatabaseError) -> Error {
        match error {
            DatabaseError::RepairAborted => Error::Store(REPAIR.to_owned()),
            DatabaseError::DatabaseAlreadyOpen => Error::Busy(0),
            DatabaseError::UpgradeRequired(version) => Error::Version(u64::from(version)),
            DatabaseError::Storage(redb::StorageError::Io(e)) if e.kind() == std::io::ErrorKind::NotFound => {
                Error::Damaged("the file with its records is gone")
            }
            DatabaseError::Storage(redb::StorageError::Io(e)) if e.kind() == std::io::ErrorKind::InvalidData => {
                Error::Damaged("the file with its records is none")
            }
            other => storage(other.into(), &self.path()),
        }
    }
}

const LOST: Error = Error::Damaged("rows were lost, or put back as they were before");
const REPAIR: &str = "it was not closed";

/// Bytes that were changed behind its back may make the store panic: that is damage, and no fault of ours.
fn guarded<T>(what: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(what)).unwrap_or(Err(Error::Damaged("the file with its records cannot be read")))
}

fn failed(error: impl Into<redb::Error>) -> Error {
    storage(error.into(), Path::new("vault.redb"))
}

fn storage(error: redb::Error, path: &Path) -> Error {
    match error {
        redb::Error::Io(source) => Error::io("use", path, source),
        redb::Error::Corrupted(_) => Error::Damaged("the file with its records was changed"),
        redb::Error::TableDoesNotExist(_) | redb::Error::TableTypeMismatch { .. } => {
            Error::Damaged("a table of the file with its records is gone")
        }
        other => Error::Store(other.to_string()),
    }
}

fn private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map(drop).map_err(|e| Error::io("create", path, e))
}

fn state(vault: &[u8; 16], keys: &Keys, version: Option<Vec<u8>>, row: Option<Vec<u8>>) -> Result<State, Error> {
    let version = version.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
    match version {
        Some(VERSION) => {}
        Some(other) => return Err(Error::Version(other)),
        None => return Err(Error::Damaged("it does not say its version")),
    }
    let damaged = || Error::Damaged("what the store says of itself was changed, or belongs to another vault");
    let text = open(&keys.state, &about(vault), &row.ok_or_else(damaged)?).ok_or_else(damaged)?;
    serde_json::from_slice(&text).map_err(|_| damaged())
}

fn about(vault: &[u8; 16]) -> [u8; 32] {
    digest(&[b"stanch state 1", vault])
}

macro_rules! table_reads {
    () => {
        /// The record with that key.
        pub(crate) fn record(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, Error> {
            let table = self.transaction.open_table(RECORDS).map_err(failed)?;
            let row = table.get(key).map_err(failed)?;
            Ok(row.map(|row| row.value().to_vec()))
        }

        /// The fields with that key.
        pub(crate) fn value(&self, key: &ValueKey) -> Result<Option<Vec<u8>>, Error> {
            let table = self.transaction.open_table(VALUES).map_err(failed)?;
            let row = table.get(key).map_err(failed)?;
            Ok(row.map(|row| row.value().to_vec()))
        }

        /// The highest version that there is a value of.
        pub(crate) fn last_value(&self, secret: &[u8; 16]) -> Result<Option<u64>, Error> {
            let (from, to) = (super::rows::value_key(secret, 0), super::rows::value_key(secret, u64::MAX));
            let table = self.transaction.open_table(VALUES).map_err(failed)?;
            let last = table.range::<&ValueKey>(&from..=&to).map_err(failed)?.next_back();
            let Some(last) = last else { return Ok(None) };
            let (key, _) = last.map_err(failed)?;
            Ok(key.value().last_chunk().map(|number| u64::from_be_bytes(*number)))
        }
    };
}

impl Reader<'_> {
    table_reads!();

    /// The records of a context, one after another.
    pub(crate) fn records(
        &self,
        context: &[u8; 16],
        mut with: impl FnMut(RecordKey, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut from, mut to) = ([0; 48], [0xff; 48]);
        from[..16].copy_from_slice(context);
        to[..16].copy_from_slice(context);
        let table = self.transaction.open_table(RECORDS).map_err(failed)?;
        for row in table.range::<&RecordKey>(&from..=&to).map_err(failed)? {
            let (key, row) = row.map_err(failed)?;
            with(*key.value(), row.value())?;
        }
        Ok(())
    }

    /// All fingerprints.
    pub(crate) fn all_prints(&self, mut with: impl FnMut(&PrintKey, &[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let table = self.transaction.open_table(PRINTS).map_err(failed)?;
        for row in table.iter().map_err(failed)? {
            let (key, row) = row.map_err(failed)?;
            with(key.value(), row.value())?;
        }
        Ok(())
    }

    /// All records, one after another; at the end it tells whether they are those that were written, and no others.
    pub(crate) fn all_records(&self, mut with: impl FnMut(&RecordKey, &[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let mut sum = Adding::default();
        let summing = Summing::new(self.keys);
        let table = self.transaction.open_table(RECORDS).map_err(failed)?;
        for row in table.iter().map_err(failed)? {
            let (key, row) = row.map_err(failed)?;
            sum.add(&summing, Table::Records, key.value(), row.value());
            with(key.value(), row.value())?;
        }
        if sum.sum() == self.state.records { Ok(()) } else { Err(LOST) }
    }

    /// Tells whether each table has the rows that were written, and no others.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.all_records(|_, _| Ok(()))?;
        let (mut sums, summing) = ([Adding::default(), Adding::default()], Summing::new(self.keys));
        let table = self.transaction.open_table(VALUES).map_err(failed)?;
        for row in table.iter().map_err(failed)? {
            let (key, row) = row.map_err(failed)?;
            sums[0].add(&summing, Table::Values, key.value(), row.value());
        }
        let table = self.transaction.open_table(PRINTS).map_err(failed)?;
        for row in table.iter().map_err(failed)? {
            let (key, row) = row.map_err(failed)?;
            sums[1].add(&summing, Table::Prints, key.value(), row.value());
        }
        let [values, prints] = sums.map(|sum| sum.sum());
        if (&values, &prints) == (&self.state.values, &self.state.prints) { Ok(()) } else { Err(LOST) }
    }
}

macro_rules! put {
    ($self:ident, $table:ident, $sum:ident, $kind:ident, $key:ident, $row:expr) => {{
        let mut table = $self.transaction.open_table($table).map_err(failed)?;
        let mut sum = Adding::of(&$self.state.$sum)?;
        let summing = Summing::new($self.keys);
        let row: Option<&[u8]> = $row;
        let before = match row {
            Some(row) => table.insert($key, row).map_err(failed)?,
            None => table.remove($key).map_err(failed)?,
        };
        if let Some(before) = &before {
            sum.subtract(&summing, Table::$kind, $key, before.value());
        }
        if let Some(row) = row {
            sum.add(&summing, Table::$kind, $key, row);
        }
        $self.state.$sum = sum.sum();
        Ok(before.is_some())
    }};
}

impl Writer<'_> {
    table_reads!();

    /// Where the value with that fingerprint is.
    pub(crate) fn prints(
        &self,
        print: &[u8; 32],
        mut with: impl FnMut(&PrintKey, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut from, mut to) = ([0; 56], [0xff; 56]);
        from[..32].copy_from_slice(print);
        to[..32].copy_from_slice(print);
        let table = self.transaction.open_table(PRINTS).map_err(failed)?;
        for row in table.range::<&PrintKey>(&from..=&to).map_err(failed)? {
            let (key, row) = row.map_err(failed)?;
            with(key.value(), row.value())?;
        }
        Ok(())
    }

    /// Writes or removes a record; tells whether there was one.
    pub(crate) fn set_record(&mut self, key: &RecordKey, row: Option<&[u8]>) -> Result<bool, Error> {
        put!(self, RECORDS, records, Records, key, row)
    }

    /// Writes or removes fields; tells whether there were any.
    pub(crate) fn set_value(&mut self, key: &ValueKey, row: Option<&[u8]>) -> Result<bool, Error> {
        put!(self, VALUES, values, Values, key, row)
    }

    /// Writes or removes a fingerprint; tells whether there was one.
    pub(crate) fn set_print(&mut self, key: &PrintKey, row: Option<&[u8]>) -> Result<bool, Error> {
        put!(self, PRINTS, prints, Prints, key, row)
    }

    /// Removes the records of other contexts than `known`, and the values and fingerprints of their secrets.
    pub(crate) fn sweep(
        &mut self,
        owner: impl Fn(&PrintKey, &[u8]) -> Result<[u8; 16], Error>,
        known: &[[u8; 16]],
    ) -> Result<(), Error> {
        let (mut records, mut prints) = (Vec::new(), Vec::new());
        let table = self.transaction.open_table(RECORDS).map_err(failed)?;
        for row in table.iter().map_err(failed)? {
            let (key, _) = row.map_err(failed)?;
            records.extend((!known.iter().any(|id| key.value().starts_with(id))).then(|| *key.value()));
        }
        drop(table);
        let table = self.transaction.open_table(PRINTS).map_err(failed)?;
        for row in table.iter().map_err(failed)? {
            let (key, row) = row.map_err(failed)?;
            prints.extend((!known.contains(&owner(key.value(), row.value())?)).then(|| *key.value()));
        }
        drop(table);
        for key in &records {
            self.set_record(key, None)?;
        }
        for key in &prints {
            self.set_print(key, None)?;
            if let Some(value) = key.last_chunk::<24>() {
                self.set_value(value, None)?;
            }
        }
        Ok(())
    }

    fn commit(mut self, vault: &[u8; 16]) -> Result<(), Error> {
        self.state.generation += 1;
        let text = serde_json::to_vec(&self.state).expect("plain data is JSON");
        let sealed = seal(&self.keys.state, &about(vault), &text)?;
        self.transaction.open_table(META).map_err(failed)?.insert("state", sealed.as_slice()).map_err(failed)?;
        fail::point("vault: in the transaction");
        self.transaction.commit().map_err(failed)
    }
}

/// A sum that rows are added to, in any order.
#[derive(Default)]
struct Adding {
    count: u64,
    total: [u64; 4],
}

impl Adding {
    fn of(sum: &Sum) -> Result<Self, Error> {
        let damaged = || Error::Damaged("a sum has another form");
        let mut total = [0; 4];
        if !sum.total.is_empty() {
            let bytes = unhex::<32>(&sum.total).ok_or_else(damaged)?;
            for (part, bytes) in total.iter_mut().zip(bytes.chunks(8)) {
                *part = u64::from_le_bytes(bytes.try_into().map_err(|_| damaged())?);
            }
        }
        Ok(Self { count: sum.count, total })
    }

    fn add(&mut self, summing: &Summing, table: Table, key: &[u8], row: &[u8]) {
        self.count = self.count.wrapping_add(1);
        for (part, other) in self.total.iter_mut().zip(summing.element(table, key, row)) {
            *part = part.wrapping_add(other);
        }
    }

    fn subtract(&mut self, summing: &Summing, table: Table, key: &[u8], row: &[u8]) {
        self.count = self.count.wrapping_sub(1);
        for (part, other) in self.total.iter_mut().zip(summing.element(table, key, row)) {
            *part = part.wrapping_sub(other);
        }
    }

    fn sum(&self) -> Sum {
        let bytes: Vec<u8> = self.total.iter().flat_map(|part| part.to_le_bytes()).collect();
        let total = if self.count == 0 { String::new() } else { hex(&bytes) };
        Sum { count: self.count, total }
    }
}

/// The key of the sums, made ready.
struct Summing(Keyed);

impl Summing {
    fn new(keys: &Keys) -> Self {
        Self(Keyed::new(&*keys.sum))
    }

    /// A row in a sum. Its number for one use and its tag stand for what is sealed: nobody without the key has another text for them.
    fn element(&self, table: Table, key: &[u8], row: &[u8]) -> [u64; 4] {
        let nonce: &[u8] = row.first_chunk::<24>().map_or(&[0; 24], |nonce| nonce);
        let tag: &[u8] = row.last_chunk::<16>().map_or(&[0; 16], |tag| tag);
        let hash = self.0.mac(&[&[table as u8], nonce, tag, &(row.len() as u64).to_le_bytes(), key]);
        let mut parts = [0; 4];
        for (part, bytes) in parts.iter_mut().zip(hash.chunks_exact(8)) {
            *part = u64::from_le_bytes(bytes.try_into().expect("chunks have eight bytes"));
        }
        parts
    }
}
