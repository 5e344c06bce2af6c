//! Any text as a token grammar: parsed or refused, never a panic; what parses becomes a regular expression that compiles.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch::scan::rule::grammar;

fuzz_target!(|text: &str| {
    if let Ok(node) = grammar::parse(text) {
        let _ = grammar::flatten(&node);
        let _ = grammar::to_regex(&node);
        assert!(grammar::min_len(&node) <= grammar::max_len(&node));
    }
});
