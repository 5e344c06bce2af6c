//! Any text as a rule file: loaded or refused with a line, never a panic; what loads can be searched.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use stanch::scan::engine::{Engine, Input, Match, Scratch};
use stanch::scan::rule::load;

fuzz_target!(|text: &str| {
    if let Ok(entries) = load::parse_toml(Path::new("x.toml"), text) {
        let rules: Vec<_> = entries.into_iter().map(|e| e.rule).collect();
        if let Ok(engine) = Engine::new(rules) {
            engine.scan(&mut Scratch::default(), &Input::whole(text.as_bytes()), &mut |_: &Match| ());
        }
    }
});
