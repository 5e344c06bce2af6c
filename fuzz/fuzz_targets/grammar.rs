//! Any text as a token grammar: parsed or refused, never a panic; what parses is the same as a regular expression and as a parsed one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch::scan::rule::grammar;
use stanch::scan::rule::required::{facts, facts_of};

fuzz_target!(|text: &str| {
    if let Ok(node) = grammar::parse(text) {
        let _ = grammar::flatten(&node);
        let (least, most) = (grammar::min_len(&node), grammar::max_len(&node));
        assert!(0 < least && least <= most && least <= grammar::MAX_COUNT as usize);
        assert_eq!(facts(&grammar::to_regex(&node)).longest, facts_of(&grammar::to_hir(&node)).longest);
    }
});
