//! A vault with 100,000 secrets: `cargo bench -p stanch-vault`.
//!
//! `put` has one line more for what the disk alone takes: one `fdatasync` of a small file in the same folder.
#![expect(clippy::unwrap_used, reason = "a bench that can't go on fails")]

use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use divan::Bencher;
use stanch_audit::event::Writer;
use stanch_audit::header::Names;
use stanch_audit::log::{Log, Places};
use stanch_audit::{Event, Receipt, Verb};
use stanch_base::arena::Arena;
use stanch_base::secret::Secret;
use stanch_keystore::root::Root;
use stanch_vault::name::{Context, Name};
use stanch_vault::record::Stage;
use stanch_vault::{Existing, Put, Vault, Which, object};

const SECRETS: usize = 100_000;
const CONTEXTS: usize = 20;

struct World {
    folder: tempfile::TempDir,
    root: Root,
    arena: Arena,
    contexts: Vec<Context>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let (folder, arena) = (tempfile::tempdir().unwrap(), Arena::new());
        let root = Root::fresh(&arena).unwrap();
        let vault = Vault::create(folder.path(), [1; 16], &root, &arena).unwrap();
        let contexts: Vec<_> = (0..CONTEXTS).map(|n| Context::parse(&format!("org/project{n}/dev")).unwrap()).collect();
        let names: Vec<_> = (0..SECRETS).map(name).collect();
        let fields: Vec<_> =
            (0..SECRETS).map(|n| vec![("value".to_owned(), Secret::new(format!("made up value {n}").as_bytes()))]).collect();
        let puts: Vec<_> = (0..SECRETS).map(|n| put(&contexts[n % CONTEXTS], &names[n], &fields[n])).collect();
        let receipts = puts.iter().map(|put| receipt(Verb::Import, &object(put.context, put.name))).collect();
        vault.import(&puts, receipts).unwrap();
        World { folder, root, arena, contexts }
    })
}

fn name(n: usize) -> Name {
    Name::parse(&format!("SECRET_{n:06}")).unwrap()
}

fn put<'a>(context: &'a Context, name: &'a Name, fields: &'a [(String, Secret)]) -> Put<'a> {
    Put { context, name, fields, about: None, stage: Stage::Current, existing: Existing::Version, now: 1 }
}

/// What the log costs is measured for itself.
fn receipt(verb: Verb, object: &str) -> Receipt {
    static LOG: OnceLock<Mutex<(tempfile::TempDir, Log)>> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places { first: folder.path().join("audit"), second: None };
        Log::create(&places, Names::Clear, &[2; 32], (1, 0)).unwrap();
        let writer = Writer { boot: "".into(), host: "".into(), pid: 1, uid: 1, program: "".into() };
        let log = Log::open(&places, &[2; 32], &writer).unwrap();
        Mutex::new((folder, log))
    });
    log.lock().unwrap().1.append(&Event { verb, object, purpose: "", at: (1, 0), up: Duration::ZERO }).unwrap()
}

impl World {
    fn open(&self) -> Vault {
        Vault::open(self.folder.path(), [1; 16], &self.root, &self.arena, 0).unwrap()
    }
}

#[divan::bench(sample_count = 20)]
fn open_and_list(bencher: Bencher) {
    bencher.bench(|| world().open().list(None, receipt(Verb::List, "")).unwrap().len());
}

#[divan::bench(sample_count = 100)]
fn open_and_get(bencher: Bencher) {
    let at = AtomicUsize::new(0);
    bencher.bench(|| {
        let n = at.fetch_add(7919, Ordering::Relaxed) % SECRETS;
        let (context, name) = (&world().contexts[n % CONTEXTS], name(n));
        let receipt = receipt(Verb::Get, &object(context, &name));
        world().open().get(Verb::Get, (context, &name), Which::At(Stage::Current), receipt).unwrap().len()
    });
}

#[divan::bench(sample_count = 100)]
fn open_and_put(bencher: Bencher) {
    let at = AtomicUsize::new(0);
    bencher.bench(|| {
        let n = at.fetch_add(7919, Ordering::Relaxed) % SECRETS;
        let (context, name) = (&world().contexts[n % CONTEXTS], name(n));
        let fields = [("value".to_owned(), Secret::new(b"another made up value"))];
        let receipt = receipt(Verb::Put, &object(context, &name));
        world().open().put(&put(context, &name, &fields), receipt).unwrap().version
    });
}

#[divan::bench(sample_count = 100)]
fn one_fdatasync(bencher: Bencher) {
    let mut file = tempfile::tempfile_in(world().folder.path()).unwrap();
    file.write_all(&[0; 4096]).unwrap();
    bencher.bench_local(|| {
        file.write_all_at(&[1; 4096], 0).unwrap();
        file.sync_data().unwrap();
    });
}

fn main() {
    divan::main();
}
