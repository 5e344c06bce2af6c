//! Any bytes as `stanch.toml`: read or refused, never a panic; the error holds no key.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use stanch::base::date::Date;
use stanch::scan::project::Project;
use stanch::scan::suppress::Suppressions;

fuzz_target!(|bytes: &[u8]| match Project::parse(Path::new("stanch.toml"), bytes) {
    Ok(project) => {
        let known = ["github-pat".to_owned()].into();
        let _ = Suppressions::of(&project).knowing(known).astray(Date::from_unix(1_800_000_000));
    }
    Err(error) => {
        let shown = error.to_string();
        let long = shown.as_bytes().split(|b| !b.is_ascii_hexdigit()).any(|run| run.len() >= 64);
        assert!(!long, "an error holds what may be a key");
    }
});
