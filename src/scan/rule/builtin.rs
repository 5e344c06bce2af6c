//! The rules compiled into the binary.
//!
//! They must not be parsed from TOML at start: the build script turns `rules/*.toml` into JSON texts without examples, which
//! load in a fraction of the time. Start with [`rules`].

use std::path::Path;

use rayon::prelude::*;

use super::Rule;
use super::load::{self, Entry, RuleError};
use crate::base::date::Date;

/// The rules as JSON, in parts.
const PARTS: &[&str] = &include!(concat!(env!("OUT_DIR"), "/rule_parts.rs"));

/// Name and text of each rule file, for `rules show` and tests.
const FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/rule_files.rs"));

/// All built-in rules, in the order of their files.
#[must_use]
pub fn rules() -> Vec<Rule> {
    let read = |part: &&str| load::from_json(part).expect("the build script wrote it and a test loads it");
    let parts: Vec<Vec<Rule>> = PARTS.par_iter().map(read).collect();
    // Rules are large: each move of all of them touches half a megabyte of fresh memory.
    let mut all = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    parts.into_iter().for_each(|part| all.extend(part.into_iter().map(dated)));
    all
}

/// The day of the first rules, of which none says since when it is there.
pub const FIRST: (u16, u8, u8) = (2026, 11, 27);

fn dated(mut rule: Rule) -> Rule {
    let (year, month, day) = FIRST;
    rule.since = rule.since.or_else(|| Date::new(year, month, day));
    rule
}

/// All built-in rules with their examples, from the TOML text.
///
/// # Errors
/// If a built-in file is not in the format; a test says that none is.
pub fn entries() -> Result<Vec<Entry>, RuleError> {
    let mut all = Vec::new();
    for (name, text) in FILES {
        let entries = load::parse_toml(Path::new(name), text)?.into_iter();
        all.extend(entries.map(|entry| Entry { rule: dated(entry.rule), ..entry }));
    }
    Ok(all)
}
