//! `kill -9` at each place where a vault is written: it opens again, nothing is lost, nothing is half there.
//!
//! The places are those of the sources: one that no test reaches fails here.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use stanch_audit::event::Writer;
use stanch_audit::header::Names;
use stanch_audit::log::{Log, Places};
use stanch_audit::{Event, Receipt, Verb};
use stanch_base::arena::Arena;
use stanch_base::secret::Secret;
use stanch_keystore::root::Root;
use stanch_vault::name::{Context, Name};
use stanch_vault::record::Stage;
use stanch_vault::{Error, Existing, Put, Vault, Which, object};

/// What a child is told to do.
const ORDER: &str = "STANCH_TEST_ORDER";
const TEST: &str = "killed_anywhere_a_vault_opens_again";
const ORDERS: [&str; 7] = ["create", "put new", "put again", "edit", "stage", "remove", "wipe"];

/// The failpoints that stand in the sources.
fn points() -> BTreeSet<String> {
    let mut points = BTreeSet::new();
    for entry in fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            points.extend(text.split("fail::point(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
    }
    points
}

fn receipt(verb: Verb, object: &str) -> Receipt {
    let folder = tempfile::tempdir().unwrap();
    let places = Places { first: folder.path().join("audit"), second: None };
    Log::create(&places, Names::Clear, &[2; 32], (1, 0)).unwrap();
    let writer = Writer { boot: "".into(), host: "".into(), pid: 1, uid: 1, program: "".into() };
    let event = Event { verb, object, purpose: "", at: (1, 0), up: Duration::ZERO };
    Log::open(&places, &[2; 32], &writer).unwrap().append(&event).unwrap()
}

struct World {
    arena: Arena,
    root: Root,
}

impl World {
    fn new() -> Self {
        let arena = Arena::new();
        let root = Root::of(&arena, &[7; 32]).unwrap();
        Self { arena, root }
    }

    fn create(&self, folder: &Path) -> Result<Vault, Error> {
        Vault::create(folder, [1; 16], &self.root, &self.arena)
    }

    fn open(&self, folder: &Path) -> Result<Vault, Error> {
        Vault::open(folder, [1; 16], &self.root, &self.arena, 0)
    }
}

fn names(context: &str, name: &str) -> (Context, Name) {
    (Context::parse(context).unwrap(), Name::parse(name).unwrap())
}

fn put(vault: &Vault, context: &str, name: &str, value: &str, stage: Stage) {
    let (context, name) = names(context, name);
    let fields = [("value".to_owned(), Secret::new(value.as_bytes()))];
    let put = Put { context: &context, name: &name, fields: &fields, about: None, stage, existing: Existing::Version, now: 1 };
    vault.put(&put, receipt(Verb::Put, &object(&context, &name))).unwrap();
}

fn get(vault: &Vault, context: &str, name: &str) -> Option<String> {
    let (context, name) = names(context, name);
    let object = object(&context, &name);
    match vault.get(Verb::Get, (&context, &name), Which::At(Stage::Current), receipt(Verb::Get, &object)) {
        Ok(fields) => Some(String::from_utf8(fields[0].1.expose().to_vec()).unwrap()),
        Err(Error::NotFound(_)) => None,
        Err(other) => panic!("{other}"),
    }
}

/// Two contexts with secrets, one of which has a version that is pending.
fn fill(vault: &Vault) {
    put(vault, "a", "x", "value of x", Stage::Current);
    put(vault, "a", "x", "next of x", Stage::Pending);
    put(vault, "b", "y", "value of y", Stage::Current);
}

fn obey(order: &str, folder: &Path) {
    let world = World::new();
    if order == "create" {
        world.create(folder).unwrap();
        return;
    }
    let vault = world.open(folder).unwrap();
    let (context, name) = names("a", "x");
    let edit = || receipt(Verb::Edit, "a/x");
    match order {
        "put new" => put(&vault, "c", "z", "value of z", Stage::Current),
        "put again" => put(&vault, "a", "x", "third of x", Stage::Current),
        "edit" => drop(vault.edit((&context, &name), 2, |about| about.owner = Some("team".into()), edit()).unwrap()),
        "stage" => drop(vault.stage(&context, &name, (2, Stage::Current), edit()).unwrap()),
        "remove" => drop(vault.remove(&context, &name, receipt(Verb::Remove, "a/x")).unwrap()),
        "wipe" => drop(vault.wipe(&context, receipt(Verb::Wipe, "a")).unwrap()),
        other => panic!("{other}"),
    }
}

/// What may be there after `order` was cut off: all of it or nothing of it.
fn check(order: &str, folder: &Path, point: &str) {
    let world = World::new();
    if order == "create" {
        // Half a vault is none: its folder is made anew.
        let opened = world.open(folder);
        if opened.is_err() {
            for file in ["vault.redb", "contexts.sealed"] {
                drop(fs::remove_file(folder.join(file)));
            }
            fill(&world.create(folder).unwrap());
        }
        return;
    }
    let vault = world.open(folder).unwrap();
    let x = get(&vault, "a", "x");
    let allowed: &[Option<&str>] = match order {
        "put again" => &[Some("value of x"), Some("third of x")],
        "stage" => &[Some("value of x"), Some("next of x")],
        "remove" | "wipe" => &[Some("value of x"), None],
        _ => &[Some("value of x")],
    };
    assert!(allowed.contains(&x.as_deref()), "{order} at {point}: {x:?}");
    assert_eq!(get(&vault, "b", "y").as_deref(), Some("value of y"), "{order} at {point}");
    if order == "put new" {
        assert!([None, Some("value of z")].contains(&get(&vault, "c", "z").as_deref()));
    }
    vault.check().unwrap_or_else(|e| panic!("{order} at {point}: {e}"));
    // It goes on.
    let listed = vault.list(None, receipt(Verb::List, "")).unwrap().len();
    put(&vault, "d", "new", "value of new", Stage::Current);
    vault.sweep().unwrap();
    assert_eq!(vault.list(None, receipt(Verb::List, "")).unwrap().len(), listed + 1);
    vault.check().unwrap();
}

#[test]
fn killed_anywhere_a_vault_opens_again() {
    if let Ok(order) = std::env::var(ORDER) {
        obey(&order, &std::env::current_dir().unwrap());
        return;
    }
    let mut hit = BTreeSet::new();
    for point in points() {
        for order in ORDERS {
            for pass in 0.. {
                let folder = tempfile::tempdir().unwrap();
                if order != "create" {
                    fill(&World::new().create(folder.path()).unwrap());
                }
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args(["--exact", TEST, "--nocapture"]).current_dir(folder.path());
                let name = format!("{point}#{pass}");
                let output = command.env(ORDER, order).env("STANCH_FAIL", &name).output().unwrap();
                if output.status.signal().is_none() {
                    assert!(output.status.success(), "{order} at {name}: {}", String::from_utf8_lossy(&output.stderr));
                    break;
                }
                assert_eq!(output.status.signal(), Some(9));
                hit.insert(point.clone());
                check(order, folder.path(), &name);
            }
        }
    }
    assert_eq!(hit, points(), "each place was reached");
}
