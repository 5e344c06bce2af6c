//! Any bytes as what a pinentry says: read or refused, never a panic, never more than there is room for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch_base::arena::Arena;
use stanch_keystore::pinentry::{LINE, LONGEST, reply};

thread_local! {
    static ARENA: Arena = Arena::new();
}

fuzz_target!(|bytes: &[u8]| ARENA.with(|arena| {
    let (mut line, mut answer) = (arena.buffer(LINE).expect("memory"), arena.buffer(LONGEST).expect("memory"));
    let mut rest = bytes;
    while reply(&mut rest, &mut line, Some(&mut answer)).is_ok() {}
    assert!(answer.bytes().len() <= LONGEST);
}));
