//! Any bytes as a baseline of ours or of another tool: read or refused, never a panic; what was read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch::scan::suppress::baseline::Baseline;
use stanch::scan::suppress::import::{self, Imported};
use stanch::scan::suppress::known::Known;

fuzz_target!(|bytes: &[u8]| match import::read(bytes) {
    Ok(Imported::Baseline(baseline)) => {
        let again = Baseline::parse(baseline.text().as_bytes()).expect("what was written is read");
        assert_eq!(again.entries.len(), baseline.entries.len());
    }
    Ok(imported) => drop(Known::of(String::new(), imported)),
    Err(error) => drop(error.to_string()),
});
