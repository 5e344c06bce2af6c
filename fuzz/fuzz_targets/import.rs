//! Any text as a configuration of another scanner: refused, or converted into a rule file that loads.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use stanch::scan::rule::{import, load};

fuzz_target!(|text: &str| {
    for format in import::Format::ALL {
        let bases = [("base".to_owned(), text.to_owned())];
        if let Ok(made) = import::convert(format, import::Source { path: "x", text, bases: &bases })
            && made.rules > 0
        {
            load::parse_toml(Path::new("x.toml"), &made.text).expect("what was converted is a rule file");
        }
    }
});
