//! The vault against what it promises: what goes in comes out, everything else is an error.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use redb::{ReadableDatabase as _, ReadableTable as _};

use super::audit::event::Writer;
use super::audit::header::Names;
use super::audit::log::{Log, Places};
use super::audit::{Event, Receipt, Verb};
use super::base::arena::Arena;
use super::base::secret::Secret;
use super::keystore::recovery::Code;
use super::keystore::root::Root;
use super::keystore::slots::{Factor, Slots};
use super::name::{Context, Name};
use super::record::{Rotation, Stage};
use super::{Error, Existing, Put, Stored, Vault, Which, object};

struct World {
    folder: tempfile::TempDir,
    root: Root,
    arena: Arena,
}

impl World {
    fn new() -> (Self, Vault) {
        let (folder, arena) = (tempfile::tempdir().unwrap(), Arena::new());
        let root = Root::fresh(&arena).unwrap();
        let vault = Vault::create(folder.path(), [1; 16], &root, &arena).unwrap();
        (Self { folder, root, arena }, vault)
    }

    fn open(&self) -> Result<Vault, Error> {
        Vault::open(self.folder.path(), [1; 16], &self.root, &self.arena, 0)
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("vault.redb")
    }
}

/// A field, and bytes that are no text.
const PASSWORD: &str = "password";
const ANY: &[u8] = b"\0\xff any bytes";

fn receipt(verb: Verb, object: &str) -> Receipt {
    let folder = tempfile::tempdir().unwrap();
    let places = Places { first: folder.path().join("audit"), second: None };
    Log::create(&places, Names::Clear, &[2; 32], (1, 0)).unwrap();
    let writer = Writer { boot: "".into(), host: "".into(), pid: 1, uid: 1, program: "".into() };
    let event = Event { verb, object, purpose: "", at: (1, 0), up: Duration::ZERO };
    Log::open(&places, &[2; 32], &writer).unwrap().append(&event).unwrap()
}

fn names(context: &str, name: &str) -> (Context, Name) {
    (Context::parse(context).unwrap(), Name::parse(name).unwrap())
}

fn put_as(vault: &Vault, at: (&str, &str), fields: &[(&str, &[u8])], stage: Stage) -> Result<Stored, Error> {
    let (context, name) = names(at.0, at.1);
    let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(value))).collect();
    let put = Put { context: &context, name: &name, fields: &fields, about: None, stage, existing: Existing::Version, now: 5 };
    vault.put(&put, receipt(Verb::Put, &object(&context, &name)))
}

fn put(vault: &Vault, context: &str, name: &str, value: &[u8]) -> Stored {
    put_as(vault, (context, name), &[("value", value)], Stage::Current).unwrap()
}

fn get_as(vault: &Vault, context: &str, name: &str, which: Which) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let (context, name) = names(context, name);
    let fields = vault.get(Verb::Get, (&context, &name), which, receipt(Verb::Get, &object(&context, &name)))?;
    Ok(fields.iter().map(|(name, value)| (name.clone(), value.expose().to_vec())).collect())
}

fn get(vault: &Vault, context: &str, name: &str) -> Result<Vec<u8>, Error> {
    get_as(vault, context, name, Which::At(Stage::Current)).map(|fields| fields[0].1.clone())
}

#[test]
fn what_goes_in_comes_out() {
    let (world, vault) = World::new();
    assert_eq!(put(&vault, "shop/dev", "DB", b"first made up").version, 1);
    assert_eq!(put(&vault, "shop/dev", "DB", b"second made up").version, 2);
    let fields: [(&str, &[u8]); 2] = [("user", b"me"), (PASSWORD, ANY)];
    put_as(&vault, ("shop/prod:ci", "login"), &fields, Stage::Current).unwrap();
    drop(vault);
    let vault = world.open().unwrap();
    assert_eq!(get(&vault, "shop/dev", "DB").unwrap(), b"second made up");
    let before = |which| get_as(&vault, "shop/dev", "DB", which).map(|fields| fields[0].1.clone());
    assert_eq!(before(Which::At(Stage::Previous)).unwrap(), b"first made up");
    assert_eq!(before(Which::Number(1)).unwrap(), b"first made up");
    let error = before(Which::At(Stage::Pending)).unwrap_err();
    assert_eq!(error.to_string(), "`shop/dev/DB` has no version that is pending");
    let login = get_as(&vault, "shop/prod:ci", "login", Which::At(Stage::Current)).unwrap();
    assert_eq!(login, [("user".into(), b"me".to_vec()), (PASSWORD.into(), ANY.to_vec())]);
    // A field that is not named stays.
    put_as(&vault, ("shop/prod:ci", "login"), &[(PASSWORD, b"other")], Stage::Current).unwrap();
    let login = get_as(&vault, "shop/prod:ci", "login", Which::At(Stage::Current)).unwrap();
    assert_eq!(login, [(PASSWORD.into(), b"other".to_vec()), ("user".into(), b"me".to_vec())]);
    for (context, name) in [("shop/dev", "other"), ("other", "DB"), ("shop/dev:ci", "DB")] {
        assert_eq!(get(&vault, context, name).unwrap_err().to_string(), format!("there is no `{context}/{name}`"));
    }
    assert_eq!(vault.check().unwrap().versions, 4);
}

#[test]
fn nothing_is_given_without_a_receipt_for_it() {
    let (_world, vault) = World::new();
    put(&vault, "a", "x", b"made up value");
    put(&vault, "a", "y", b"made up other");
    let (context, x) = names("a", "x");
    let wrong = |verb, receipt| vault.get(verb, (&context, &x), Which::At(Stage::Current), receipt);
    for (verb, written) in [
        (Verb::Get, receipt(Verb::Get, "a/y")),
        (Verb::Get, receipt(Verb::List, "a/x")),
        (Verb::Run, receipt(Verb::Get, "a/x")),
        (Verb::List, receipt(Verb::List, "a/x")),
    ] {
        assert!(matches!(wrong(verb, written), Err(Error::Unwritten)));
    }
    assert!(matches!(vault.list(None, receipt(Verb::List, "a")), Err(Error::Unwritten)));
    assert!(matches!(vault.list(Some(&context), receipt(Verb::List, "")), Err(Error::Unwritten)));
    assert!(matches!(vault.remove(&context, &x, receipt(Verb::Put, "a/x")), Err(Error::Unwritten)));
    assert!(matches!(vault.wipe(&context, receipt(Verb::Wipe, "")), Err(Error::Unwritten)));
    assert!(matches!(vault.known(receipt(Verb::List, "")), Err(Error::Unwritten)));
    assert!(matches!(vault.stage(&context, &x, (1, Stage::Pending), receipt(Verb::Edit, "a/y")), Err(Error::Unwritten)));
    assert_eq!(get(&vault, "a", "x").unwrap(), b"made up value");
}

#[test]
fn stages_and_old_versions() {
    let (_world, vault) = World::new();
    put(&vault, "a", "x", b"version 1");
    put_as(&vault, ("a", "x"), &[("value", b"version 2")], Stage::Pending).unwrap();
    assert_eq!(get(&vault, "a", "x").unwrap(), b"version 1");
    let (context, name) = names("a", "x");
    vault.stage(&context, &name, (2, Stage::Current), receipt(Verb::Edit, "a/x")).unwrap();
    assert_eq!(get(&vault, "a", "x").unwrap(), b"version 2");
    let previous = get_as(&vault, "a", "x", Which::At(Stage::Previous)).unwrap();
    assert_eq!(previous[0].1, b"version 1");
    for n in 3..=14 {
        put(&vault, "a", "x", format!("version {n}").as_bytes());
    }
    let record = vault.record(&context, &name, receipt(Verb::List, "a/x")).unwrap();
    assert_eq!(record.versions.iter().map(|version| version.number).collect::<Vec<_>>(), (5..=14).collect::<Vec<_>>());
    assert!(matches!(get_as(&vault, "a", "x", Which::Number(4)), Err(Error::NoVersion(..))));
    assert_eq!(vault.known(receipt(Verb::Known, "")).unwrap().len(), 10);
    assert!(matches!(vault.stage(&context, &name, (4, Stage::Current), receipt(Verb::Edit, "a/x")), Err(Error::NoVersion(..))));
}

#[test]
fn the_same_value_elsewhere_is_told() {
    let (_world, vault) = World::new();
    put(&vault, "shop/dev", "DB", b"one for all");
    assert_eq!(put(&vault, "shop/dev", "DB", b"one for all").elsewhere, [], "its own versions are no other place");
    let stored = put(&vault, "shop/prod", "PG", b"one for all");
    let told: Vec<_> = stored.elsewhere.iter().map(|place| format!("{}/{}", place.context, place.name)).collect();
    assert_eq!(told, ["shop/dev/DB"]);
    let known = vault.known(receipt(Verb::Known, "")).unwrap();
    assert_eq!(known.len(), 3);
    assert!(known.iter().all(|one| one.print == vault.print_of(b"one for all")));
    assert_ne!(World::new().1.print_of(b"one for all"), vault.print_of(b"one for all"), "another vault, another key");
    let (context, name) = names("shop/dev", "DB");
    vault.remove(&context, &name, receipt(Verb::Remove, "shop/dev/DB")).unwrap();
    assert_eq!(put(&vault, "shop/test", "x", b"one for all").elsewhere.len(), 1);
}

#[test]
fn what_is_said_of_a_secret() {
    let (_world, vault) = World::new();
    put(&vault, "a", "x", b"made up value");
    let (context, name) = names("a", "x");
    let with = |about: &mut super::record::About| {
        about.owner = Some("team".into());
        about.rotation = Some(Rotation::High);
    };
    vault.edit((&context, &name), 9, with, receipt(Verb::Edit, "a/x")).unwrap();
    put(&vault, "a", "x", b"made up new");
    let entries = vault.list(None, receipt(Verb::List, "")).unwrap();
    let record = &entries[0].record;
    assert_eq!((record.about.owner.as_deref(), record.about.rotation), (Some("team"), Some(Rotation::High)));
    let text = format!("{entries:?} {vault:?}");
    assert!(!text.contains("made up"), "{text}");
}

#[test]
fn a_context_that_is_wiped_is_gone_and_others_stay() {
    let (world, vault) = World::new();
    put(&vault, "shop/dev", "a", b"goes away");
    put(&vault, "shop/dev", "b", b"goes too");
    put(&vault, "shop/prod", "a", b"stays here");
    let context = Context::parse("shop/dev").unwrap();
    vault.wipe(&context, receipt(Verb::Wipe, "shop/dev")).unwrap();
    assert!(matches!(get(&vault, "shop/dev", "a"), Err(Error::NotFound(_))));
    assert_eq!(get(&vault, "shop/prod", "a").unwrap(), b"stays here");
    assert_eq!(vault.known(receipt(Verb::Known, "")).unwrap().len(), 1);
    assert_eq!(vault.check().unwrap().secrets, 1);
    let (store, keys) = (&vault.store, &vault.keys);
    let rows = store.read(keys, |reader| {
        let mut rows = 0;
        reader.all_prints(|_, _| {
            rows += 1;
            Ok(())
        })?;
        Ok(rows)
    });
    assert_eq!(rows.unwrap(), 1, "rows go with the key");
    assert!(matches!(vault.wipe(&context, receipt(Verb::Wipe, "shop/dev")), Err(Error::NotFound(_))));
    put(&vault, "shop/dev", "a", b"made anew");
    assert_eq!(get(&world.open().unwrap(), "shop/dev", "a").unwrap(), b"made anew");
}

#[test]
fn limits() {
    let (_world, vault) = World::new();
    let error = put_as(&vault, ("a", "x"), &[("value", &vec![b'x'; super::LARGEST_VALUE])], Stage::Current).unwrap_err();
    assert_eq!(error.to_string(), "a secret is larger than 1048576 bytes");
    put_as(&vault, ("a", "x"), &[("value", &vec![b'x'; super::LARGEST_VALUE - 20])], Stage::Current).unwrap();
    assert_eq!(get(&vault, "a", "x").unwrap().len(), super::LARGEST_VALUE - 20);
    assert!(matches!(put_as(&vault, ("a", "x"), &[], Stage::Current), Err(Error::NoFields)));
    let long = "f".repeat(129);
    for field in ["", &long] {
        assert!(matches!(put_as(&vault, ("a", "x"), &[(field, b"v")], Stage::Current), Err(Error::TooLarge { .. })));
    }
    let (context, name) = names("a", "x");
    let fields = [("value".to_owned(), Secret::new(b"again"))];
    let again = Put {
        context: &context,
        name: &name,
        fields: &fields,
        about: None,
        stage: Stage::Current,
        existing: Existing::Refuse,
        now: 1,
    };
    assert!(matches!(vault.put(&again, receipt(Verb::Put, "a/x")), Err(Error::Taken(_))));
}

#[test]
fn another_key_another_vault_and_an_older_state_are_refused() {
    let (world, vault) = World::new();
    put(&vault, "a", "x", b"made up value");
    let other = Root::fresh(&world.arena).unwrap();
    let open = |id, root: &Root, least| Vault::open(world.folder.path(), id, root, &world.arena, least);
    assert!(matches!(open([1; 16], &other, 0), Err(Error::Damaged(_))));
    assert!(matches!(open([2; 16], &world.root, 0), Err(Error::Damaged(_))));
    let generation = vault.generation().unwrap();
    assert!(open([1; 16], &world.root, generation).is_ok());
    let error = open([1; 16], &world.root, generation + 1).unwrap_err();
    assert!(matches!(error, Error::RolledBack { .. }), "{error}");
    assert!(matches!(Vault::create(world.folder.path(), [1; 16], &world.root, &world.arena), Err(Error::Exists(_))));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Vault::open(empty.path(), [1; 16], &world.root, &world.arena, 0), Err(Error::None(_))));
    // The list of contexts alone is put back.
    let path = world.folder.path().join("contexts.sealed");
    let before = std::fs::read(&path).unwrap();
    put(&vault, "b", "x", b"made up value");
    std::fs::write(&path, before).unwrap();
    assert!(matches!(get(&vault, "a", "x"), Err(Error::RolledBack { .. })));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(get(&vault, "a", "x"), Err(Error::Damaged(_))));
}

/// Rows of one place are put into another, or back in time, by somebody who knows the file's format and no key.
#[test]
fn rows_are_bound_to_their_places() {
    let (world, vault) = World::new();
    put(&vault, "a", "x", b"value of x");
    put(&vault, "a", "y", b"value of y");
    put(&vault, "b", "x", b"value of b");
    const VALUES: redb::TableDefinition<'static, &'static [u8; 24], &'static [u8]> = redb::TableDefinition::new("values");
    const RECORDS: redb::TableDefinition<'static, &'static [u8; 48], &'static [u8]> = redb::TableDefinition::new("records");
    let file = std::fs::read(world.path()).unwrap();
    let count = 3;
    for from in 0..count {
        for to in (0..count).filter(|to| *to != from) {
            std::fs::write(world.path(), &file).unwrap();
            let database = redb::Database::open(world.path()).unwrap();
            let transaction = database.begin_write().unwrap();
            {
                let mut table = transaction.open_table(VALUES).unwrap();
                let rows: Vec<_> = table
                    .iter()
                    .unwrap()
                    .map(|row| row.map(|(key, row)| (*key.value(), row.value().to_vec())).unwrap())
                    .collect();
                table.insert(&rows[to].0, rows[from].1.as_slice()).unwrap();
            }
            transaction.commit().unwrap();
            drop(database);
            let read = [("a", "x", "value of x"), ("a", "y", "value of y"), ("b", "x", "value of b")];
            let wrong = read.iter().filter(|(context, name, value)| match get(&vault, context, name) {
                Ok(got) => {
                    assert_eq!(got, value.as_bytes());
                    false
                }
                Err(Error::Damaged(_)) => true,
                Err(other) => panic!("{other}"),
            });
            assert_eq!(wrong.count(), 1);
            assert!(matches!(vault.check(), Err(Error::Damaged(_))));
        }
    }
    // A record from before, while its values are of now.
    std::fs::write(world.path(), &file).unwrap();
    let records = || -> Vec<([u8; 48], Vec<u8>)> {
        let database = redb::Database::open(world.path()).unwrap();
        let table = database.begin_read().unwrap().open_table(RECORDS).unwrap();
        table.iter().unwrap().map(|row| row.map(|(key, row)| (*key.value(), row.value().to_vec())).unwrap()).collect()
    };
    let before = records();
    put(&vault, "a", "x", b"new value of x");
    let write = |rows: &[([u8; 48], Vec<u8>)]| {
        let database = redb::Database::open(world.path()).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut table = transaction.open_table(RECORDS).unwrap();
        rows.iter().for_each(|(key, row)| drop(table.insert(key, row.as_slice()).unwrap()));
        drop(table);
        transaction.commit().unwrap();
    };
    write(&before);
    assert_eq!(get(&vault, "a", "x").unwrap_err().to_string(), "the vault is damaged: a record was put back as it was before");
    let listed = vault.list(None, receipt(Verb::List, ""));
    assert!(matches!(listed, Err(Error::Damaged(_))), "{listed:?}");
}

/// No flipped bit of the files makes another value of one, or lets a secret vanish without a word.
#[test]
fn flipped_bits_are_damage() {
    let (world, vault) = World::new();
    for n in 0..5 {
        put(&vault, "a", &format!("n{n}"), format!("value {n}").as_bytes());
    }
    for path in [world.path(), world.folder.path().join("contexts.sealed")] {
        let whole = std::fs::read(&path).unwrap();
        let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
        let mut noticed = 0;
        for (turn, at) in used.iter().enumerate().filter(|(turn, _)| turn % (used.len() / 400).max(1) == 0) {
            let mut flipped = whole.clone();
            flipped[*at] ^= 1 << (turn % 8);
            std::fs::write(&path, &flipped).unwrap();
            for n in 0..5 {
                match get(&vault, "a", &format!("n{n}")) {
                    Ok(got) => assert_eq!(got, format!("value {n}").as_bytes()),
                    Err(Error::NotFound(what)) => panic!("byte {at}: {what} vanished"),
                    Err(_) => noticed += 1,
                }
            }
        }
        assert!(noticed > 0);
        std::fs::write(&path, &whole).unwrap();
        assert!(vault.check().is_ok());
    }
}

#[test]
fn many_writers_lose_nothing() {
    let (world, _) = World::new();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let world = &world;
            scope.spawn(move || {
                let vault = world.open().unwrap();
                for n in 0..5 {
                    put(&vault, &format!("c{}", n % 3), &format!("w{writer}n{n}"), b"made up value");
                    get(&vault, &format!("c{}", n % 3), &format!("w{writer}n{n}")).unwrap();
                }
            });
        }
    });
    assert_eq!(world.open().unwrap().list(None, receipt(Verb::List, "")).unwrap().len(), 20);
}

/// Versions, and which one is current.
type Versions = (Vec<Vec<u8>>, Option<usize>);

/// What can be done to a vault.
#[derive(Debug, Clone)]
enum Step {
    Put(u8, u8, Vec<u8>, bool),
    Stage(u8, u8, u64),
    Remove(u8, u8),
    Wipe(u8),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let place = || (0u8..3, 0u8..3);
    prop_oneof![
        6 => (place(), prop::collection::vec(any::<u8>(), 0..40), any::<bool>()).prop_map(|((c, n), v, p)| Step::Put(c, n, v, p)),
        2 => (place(), 1u64..6).prop_map(|((c, n), v)| Step::Stage(c, n, v)),
        1 => place().prop_map(|(c, n)| Step::Remove(c, n)),
        1 => (0u8..3).prop_map(Step::Wipe),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Against a list of versions in memory.
    #[test]
    fn a_vault_does_what_a_plain_map_does(steps in prop::collection::vec(step(), 1..25)) {
        let (world, mut vault) = World::new();
        // Versions, oldest first, and which one is current.
        let mut plain: BTreeMap<(u8, u8), Versions> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put(c, n, value, pending) => {
                    let stage = if pending { Stage::Pending } else { Stage::Current };
                    let stored = put_as(&vault, (&format!("c{c}"), &format!("n{n}")), &[("value", &value)], stage).unwrap();
                    let (versions, current) = plain.entry((c, n)).or_default();
                    versions.push(value);
                    prop_assert_eq!(stored.version, versions.len() as u64);
                    if !pending {
                        *current = Some(versions.len() - 1);
                    }
                }
                Step::Stage(c, n, version) => {
                    let (context, name) = names(&format!("c{c}"), &format!("n{n}"));
                    let done = vault.stage(&context, &name, (version, Stage::Current), receipt(Verb::Edit, &object(&context, &name)));
                    let there = plain.get_mut(&(c, n)).filter(|(versions, _)| version as usize <= versions.len());
                    prop_assert_eq!(done.is_ok(), there.is_some());
                    if let Some((_, current)) = there {
                        *current = Some(version as usize - 1);
                    }
                }
                Step::Remove(c, n) => {
                    let (context, name) = names(&format!("c{c}"), &format!("n{n}"));
                    let done = vault.remove(&context, &name, receipt(Verb::Remove, &object(&context, &name)));
                    prop_assert_eq!(done.is_ok(), plain.remove(&(c, n)).is_some());
                }
                Step::Wipe(c) => {
                    let context = Context::parse(&format!("c{c}")).unwrap();
                    drop(vault.wipe(&context, receipt(Verb::Wipe, &context.to_string())));
                    plain.retain(|(other, _), _| *other != c);
                }
                Step::Reopen => vault = world.open().unwrap(),
            }
            for ((c, n), (versions, current)) in &plain {
                let (context, name) = (format!("c{c}"), format!("n{n}"));
                prop_assert_eq!(get(&vault, &context, &name).ok(), current.map(|at| versions[at].clone()));
            }
            let listed = vault.list(None, receipt(Verb::List, "")).unwrap();
            prop_assert_eq!(listed.len(), plain.len());
            vault.check().unwrap();
        }
    }
}

/// The recovery code of `testdata/vault/1`.
fn code() -> Code {
    Code::read(&format!("{}{CHECK}", "5A".repeat(16))).unwrap()
}

/// The check at its end.
const CHECK: &str = "E7";

/// A vault of the first version opens with every later one. `UPDATE_GOLDEN=1` makes it, once and for all.
#[test]
fn a_vault_of_the_first_version_opens() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vault/1");
    if std::env::var_os("UPDATE_GOLDEN").is_some() && !golden.exists() {
        make_first_version(&golden);
    }
    let (folder, arena) = (tempfile::tempdir().unwrap(), Arena::new());
    for file in ["keys.json", "contexts.sealed", "vault.redb"] {
        std::fs::copy(golden.join(file), folder.path().join(file)).unwrap();
    }
    let slots = Slots::parse(&std::fs::read(golden.join("keys.json")).unwrap()).unwrap();
    let (root, number) = slots.open(&arena, &Factor::Recovery(&code())).unwrap();
    assert_eq!((number, slots.vault()), (1, "01".repeat(16).as_str()));
    let vault = Vault::open(folder.path(), [1; 16], &root, &arena, 4).unwrap();
    assert_eq!(get(&vault, "a", "x").unwrap(), b"second made up");
    assert_eq!(get_as(&vault, "a", "x", Which::Number(1)).unwrap()[0].1, b"first made up");
    let login = get_as(&vault, "a", "login", Which::At(Stage::Current)).unwrap();
    assert_eq!(login, [("user".into(), b"somebody".to_vec()), ("password".into(), b"made up words".to_vec())]);
    assert_eq!(vault.check().unwrap().versions, 3);
    // What is in the vault of another version is not guessed.
    let database = redb::Database::open(folder.path().join("vault.redb")).unwrap();
    const META: redb::TableDefinition<'static, &'static str, &'static [u8]> = redb::TableDefinition::new("meta");
    let transaction = database.begin_write().unwrap();
    transaction.open_table(META).unwrap().insert("version", &2u64.to_le_bytes()[..]).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = Vault::open(folder.path(), [1; 16], &root, &arena, 4).unwrap_err();
    assert_eq!(error.to_string(), "this vault has version 2, and this stanch reads 1");
}

fn make_first_version(folder: &std::path::Path) {
    std::fs::create_dir_all(folder).unwrap();
    let arena = Arena::new();
    let root = Root::of(&arena, &[7; 32]).unwrap();
    let mut slots = Slots::new(&[1; 16], 1);
    slots.add(&root, &Factor::Recovery(&code()), 1).unwrap();
    slots.write(&root, &folder.join("keys.json")).unwrap();
    let vault = Vault::create(folder, [1; 16], &root, &arena).unwrap();
    put(&vault, "a", "x", b"first made up");
    put(&vault, "a", "x", b"second made up");
    put_as(&vault, ("a", "login"), &[("user", b"somebody"), ("password", b"made up words")], Stage::Current).unwrap();
    std::fs::remove_file(folder.join("lock")).unwrap();
}
