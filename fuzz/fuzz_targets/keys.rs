//! Any bytes as the list of keys of a vault: read or refused, never a panic; what was read is as stanch writes it, and a code that is wrong
//! opens nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch_base::arena::Arena;
use stanch_keystore::recovery::Code;
use stanch_keystore::slots::{Factor, Slots};

fuzz_target!(|bytes: &[u8]| {
    let Ok(slots) = Slots::parse(bytes) else { return };
    assert_eq!(slots.text().as_bytes(), bytes);
    let code = Code::read("00000-00000-00000-00000-00000-00000-00TT").or_else(|_| Code::fresh()).expect("random bytes");
    assert!(slots.open(&Arena::new(), &Factor::Recovery(&code)).is_err());
});
