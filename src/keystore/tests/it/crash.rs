//! `kill -9` at each place where slots are written or moved: the vault opens again, and another run ends the work.
//!
//! The places are those of the sources: one that no test reaches fails here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use stanch_base::arena::Arena;
use stanch_base::secret::Secret;
use stanch_keystore::change::Change;
use stanch_keystore::migrate::{self, Source, Step};
use stanch_keystore::recovery::Code;
use stanch_keystore::root::Root;
use stanch_keystore::slots::{Factor, Slots};
use stanch_keystore::{Error, Keystore};

use super::driver::{Home, Run, obeyed};

const OLD: &str = "old";
const NEW: &str = "new";
const WORDS: &[u8] = b"made up words";
const OTHER: &[u8] = b"other made up words";
const KILL: i32 = 9;
const TEST: &str = "crash::killed_anywhere_the_vault_opens_again";

/// A store of files, so that it outlives the process.
struct Folder(std::path::PathBuf);

impl Folder {
    fn of(home: &Path, name: &str) -> Self {
        let folder = home.join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn len(&self) -> usize {
        fs::read_dir(&self.0).unwrap().count()
    }
}

impl Keystore for Folder {
    fn load(&self, name: &str) -> Result<Option<Secret>, Error> {
        Ok(fs::read(self.0.join(name)).ok().map(|value| Secret::new(&value)))
    }

    fn store(&self, name: &str, value: &[u8]) -> Result<(), Error> {
        Ok(fs::write(self.0.join(name), value)?)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        drop(fs::remove_file(self.0.join(name)));
        Ok(())
    }
}

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

/// A vault with a slot in the old store, and one with a passphrase if that is to be changed: a guess takes its time.
fn vault(home: &Path, order: &str) {
    let root = Root::of(&Arena::new(), &[7; 32]).unwrap();
    let mut slots = Slots::new(&[3; 16], 1);
    slots.add(&root, &Factor::Store(&Folder::of(home, OLD), OLD), 1).unwrap();
    let code = Code::fresh().unwrap();
    let second = if order == "passphrase" { Factor::Passphrase(WORDS) } else { Factor::Recovery(&code) };
    slots.add(&root, &second, 1).unwrap();
    slots.write(&root, &home.join("keys.json")).unwrap();
}

fn mark(root: &Root) -> Vec<u8> {
    root.derive("mark").to_vec()
}

/// Does it open the vault with the root key that it always had?
fn opens(home: &Path, factor: &Factor<'_>) -> bool {
    let (slots, arena) = (Slots::read(&home.join("keys.json")).unwrap().unwrap(), Arena::new());
    let opened = slots.open(&arena, factor);
    opened.is_ok_and(|(root, _)| mark(&root) == mark(&Root::of(&arena, &[7; 32]).unwrap()))
}

fn work(order: &[&str]) -> String {
    let home = std::env::current_dir().unwrap();
    let (path, arena) = (home.join("keys.json"), Arena::new());
    let (old, new) = (Folder::of(&home, OLD), Folder::of(&home, NEW));
    let root = Root::of(&arena, &[7; 32]).unwrap();
    match order[0] {
        "migrate" => {
            let done = migrate::run(&path, &root, (&Source::Store(&old, OLD), &Factor::Store(&new, NEW)), 2).unwrap();
            format!("{} left {}", done.steps.len(), done.left.len())
        }
        "passphrase" => {
            let mut change = Change::begin(&path).unwrap().unwrap();
            change.slots.rewrap(2, &root, &Factor::Passphrase(OTHER)).unwrap();
            change.write(&root).unwrap();
            "changed".to_owned()
        }
        other => panic!("{other}"),
    }
}

#[test]
fn killed_anywhere_the_vault_opens_again() {
    if obeyed(work) {
        return;
    }
    let mut hit = BTreeSet::new();
    for point in points() {
        for order in ["migrate", "passphrase"] {
            // A place may be passed several times in one run.
            for pass in 0..20 {
                let home = Home::new();
                vault(home.path(), order);
                let name = format!("{point}#{pass}");
                let variables = [("STANCH_FAIL", name.as_str())];
                let run = Run { test: TEST, under: &[], variables: &variables };
                match home.run(&run, &[order]) {
                    Err(KILL) => {}
                    Err(other) => panic!("{name}: signal {other}"),
                    Ok(_) => break,
                }
                hit.insert(point.clone());
                after_a_crash(&home, order, &name);
            }
        }
    }
    assert_eq!(hit, points(), "each place was reached");
    assert!(hit.len() >= 7, "{hit:?}");
}

fn after_a_crash(home: &Home, order: &str, name: &str) {
    let path = home.path();
    let (old, new) = (Folder::of(path, OLD), Folder::of(path, NEW));
    if order == "passphrase" {
        let words = [WORDS, OTHER].iter().filter(|words| opens(path, &Factor::Passphrase(words))).count();
        assert_eq!(words, 1, "{name}: one passphrase opens it");
    }
    let stores = [opens(path, &Factor::Store(&old, OLD)), opens(path, &Factor::Store(&new, NEW))];
    assert!(stores.contains(&true), "{name}: a store opens it");
    let run = Run { test: TEST, under: &[], variables: &[] };
    let again = home.run(&run, &[order]).unwrap();
    match order {
        "migrate" => {
            assert!(again.ends_with("left 0"), "{name}: {again}");
            assert!(opens(path, &Factor::Store(&new, NEW)) && !opens(path, &Factor::Store(&old, OLD)), "{name}");
            assert_eq!((old.len(), new.len()), (0, 1), "{name}: no key is left behind");
        }
        _ => assert!(opens(path, &Factor::Passphrase(OTHER)) && !opens(path, &Factor::Passphrase(WORDS)), "{name}"),
    }
    let temporary =
        fs::read_dir(path).unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains(".tmp")).count();
    assert_eq!(temporary, 0, "{name}: no half file is left behind");
}

/// What a run would do, and that it does it once.
#[test]
fn a_move_is_planned_and_repeatable() {
    let home = Home::new();
    let (path, arena) = (home.path().join("keys.json"), Arena::new());
    let (old, new) = (Folder::of(home.path(), OLD), Folder::of(home.path(), NEW));
    vault(home.path(), "migrate");
    let root = Root::of(&arena, &[7; 32]).unwrap();
    let (from, to) = (Source::Store(&old, OLD), Factor::Store(&new, NEW));
    let name = |number| Slots::read(&path).unwrap().unwrap().store_name(number);
    let planned = migrate::plan(&Slots::read(&path).unwrap().unwrap(), &from, &to).unwrap();
    let expected = [
        Step::Add { kind: NEW.to_owned() },
        Step::Verify { number: 3 },
        Step::Remove { number: 1 },
        Step::Forget { name: name(1) },
    ];
    assert_eq!(planned, expected);
    let words = planned.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    assert_eq!(
        words,
        format!(
            "add a key: new; read key 3 anew and open the vault with it; remove key 1; make the store forget `{}`, if it is still there",
            name(1)
        )
    );
    assert_eq!((old.len(), new.len()), (1, 0), "a plan changes nothing");
    assert_eq!(migrate::run(&path, &root, (&from, &to), 2).unwrap().steps, planned);
    assert_eq!((old.len(), new.len()), (0, 1));
    let again = migrate::run(&path, &root, (&from, &to), 3).unwrap();
    assert_eq!(again.steps, [Step::Verify { number: 3 }, Step::Forget { name: name(1) }]);

    let refused = |from: &Source<'_>, to: &Factor<'_>| migrate::run(&path, &root, (from, to), 4).unwrap_err().to_string();
    assert_eq!(refused(&Source::Store(&new, NEW), &to), "the vault's key is in new already");
    assert_eq!(refused(&Source::Passphrase, &Factor::Passphrase(WORDS)), "the vault's key is in passphrase already");
    assert_eq!(refused(&from, &Factor::Store(&old, "third")), "this vault has no old");
    // The new store lost its key: nothing is taken out.
    new.remove(&name(3)).unwrap();
    let mut change = Change::begin(&path).unwrap().unwrap();
    change.slots.add(&root, &Factor::Store(&old, OLD), 5).unwrap();
    change.write(&root).unwrap();
    drop(change);
    assert_eq!(refused(&from, &to), "new does not have the key of this vault");
    assert!(opens(home.path(), &Factor::Store(&old, OLD)));
    // A store that does not answer keeps what it has, and that is told.
    let done = migrate::run(&path, &root, (&Source::Store(&Broken, OLD), &Factor::Passphrase(WORDS)), 6).unwrap();
    assert!(done.left.iter().any(|(item, _)| *item == name(4)) && old.len() == 1);
    assert!(opens(home.path(), &Factor::Passphrase(WORDS)));
    let other = Root::fresh(&arena).unwrap();
    assert!(migrate::run(&path, &other, (&from, &to), 7).is_err(), "with the key of another vault");
}

/// A store that is locked.
struct Broken;

impl Keystore for Broken {
    fn load(&self, _name: &str) -> Result<Option<Secret>, Error> {
        Err(Error::Locked { store: OLD })
    }

    fn store(&self, _name: &str, _value: &[u8]) -> Result<(), Error> {
        Err(Error::Locked { store: OLD })
    }

    fn remove(&self, _name: &str) -> Result<(), Error> {
        Err(Error::Locked { store: OLD })
    }
}
