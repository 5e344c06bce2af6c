//! A repository whose pack and index are any bytes: no panic, and nothing found is no reason to say that all was read.
//!
//! The input begins with the length of the index, in two bytes, the most significant first; then come the index and the pack.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use stanch::base::date::Date;
use stanch::scan::engine::Engine;
use stanch::scan::expand::Limits;
use stanch::scan::fingerprint::Fingerprinter;
use stanch::scan::project::Project;
use stanch::scan::rule::builtin;
use stanch::scan::source::collect::{Collector, Decider};
use stanch::scan::source::git::{History, Narrow};
use stanch::scan::source::work::Job;
use stanch::scan::suppress::Suppressions;

fn repository() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let make = || {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("objects/pack")).expect("folders");
        std::fs::create_dir_all(folder.path().join("refs/heads")).expect("folders");
        std::fs::write(folder.path().join("HEAD"), "ref: refs/heads/main\n").expect("a file");
        std::fs::write(folder.path().join("config"), "[core]\n\tbare = true\n\trepositoryformatversion = 0\n").expect("a file");
        folder
    };
    FOLDER.get_or_init(make).path()
}

fuzz_target!(|bytes: &[u8]| {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| Engine::new(builtin::rules()).expect("built-in rules"));
    let Some((length, rest)) = bytes.split_at_checked(2) else { return };
    let length = usize::from(u16::from_be_bytes([length[0], length[1]])).min(rest.len());
    let pack = repository().join("objects/pack/pack-0000000000000000000000000000000000000000");
    std::fs::write(pack.with_extension("idx"), &rest[..length]).expect("a file");
    std::fs::write(pack.with_extension("pack"), &rest[length..]).expect("a file");
    let (project, suppressions) = (Project::default(), Suppressions::new(Vec::new()));
    let fingerprinter = Fingerprinter::per_run().expect("random bytes");
    let decider = Decider {
        engine,
        fingerprinter: &fingerprinter,
        project: &project,
        suppressions: &suppressions,
        today: Date::from_unix(0),
        partial: false,
    };
    let job = Job::new(engine, Collector::new(decider), Limits::default(), 0);
    let mut history = History::open(repository()).expect("a repository");
    history.scan(&job, &Narrow::default()).expect("all of it");
});
