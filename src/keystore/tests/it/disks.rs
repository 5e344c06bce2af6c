//! Disks that are full or cannot be written: what is there opens, what cannot be written is told, nothing is lost.
//!
//! A child has a small file system of its own, in a namespace of its own.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use stanch_base::arena::Arena;
use stanch_keystore::attempts::Attempt;
use stanch_keystore::change::Change;
use stanch_keystore::recovery::Code;
use stanch_keystore::root::Root;
use stanch_keystore::slots::{Factor, Slots};

use super::driver::{Home, Run, obeyed};

const TEST: &str = "disks::what_is_there_opens";

fn work(order: &[&str]) -> String {
    let (folder, arena, code) = (Path::new("disk"), Arena::new(), Code::fresh().unwrap());
    let (path, attempts) = (folder.join("keys.json"), folder.join("attempts"));
    let (root, factor) = (Root::fresh(&arena).unwrap(), Factor::Recovery(&code));
    let mut slots = Slots::new(&[3; 16], 1);
    slots.add(&root, &factor, 1).unwrap();
    slots.write(&root, &path).unwrap();
    let before = fs::read(&path).unwrap();
    let changed = match order[0] {
        "full" => {
            let mut change = Change::begin(&path).unwrap().unwrap();
            change.slots.add(&root, &factor, 2).unwrap();
            let mut filler = fs::File::create(folder.join("filler")).unwrap();
            while filler.write_all(&[7; 512]).is_ok() {}
            change.write(&root)
        }
        _ => {
            assert!(Command::new("mount").args(["-o", "remount,bind,ro", "disk"]).status().unwrap().success());
            Change::begin(&path).map(drop)
        }
    };
    let words = changed.unwrap_err().to_string();
    assert_eq!(fs::read(&path).unwrap(), before);
    let attempt = Attempt::begin(&attempts, 5).unwrap();
    assert!(Slots::read(&path).unwrap().unwrap().open(&arena, &factor).is_ok());
    attempt.succeeded();
    assert_eq!(
        fs::read_dir(folder).unwrap().filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|e| e == "tmp")).count(),
        0
    );
    words
}

#[test]
fn what_is_there_opens() {
    if obeyed(work) {
        return;
    }
    let mount = "mkdir disk && mount -t tmpfs -o size=64k none disk && exec \"$@\"";
    let under = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh"];
    let run = |order: &str| Home::new().run(&Run { test: TEST, under: &under, variables: &[] }, &[order]).unwrap();
    assert_eq!(run("full"), "cannot write disk/keys.json");
    assert_eq!(run("read-only"), "Read-only file system (os error 30)");
}
