//! The rules compiled into the binary.
//!
//! They must not be parsed from TOML at start: the build script turns `rules/*.toml` into a JSON text without examples, which
//! loads in a fraction of the time. It is read by one thread: several allocate at once and wait for each other in the kernel.
//! Start with [`rules`].

use std::path::Path;

use super::Rule;
use super::load::{self, Entry, RuleError};
use crate::base::date::Date;

/// The rules as JSON.
const RULES: &str = include_str!(concat!(env!("OUT_DIR"), "/rules.json"));

/// Name and text of each rule file, for `rules show` and tests.
const FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/rule_files.rs"));

/// Name and text of each built-in rule file, by name.
#[must_use]
pub fn files() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// All built-in rules, in the order of their files.
#[must_use]
pub fn rules() -> Vec<Rule> {
    let mut rules = load::from_json(RULES).expect("the build script wrote it and a test loads it");
    rules.iter_mut().for_each(date);
    rules
}

/// The day of the first rules, of which none says since when it is there.
pub const FIRST: (u16, u8, u8) = (2026, 11, 27);

/// Gives a rule without a day that of the first rules.
pub(super) fn date(rule: &mut Rule) {
    let (year, month, day) = FIRST;
    rule.since = rule.since.or_else(|| Date::new(year, month, day));
}

/// All built-in rules with their examples, from the TOML text.
///
/// # Errors
/// If a built-in file is not in the format; a test says that none is.
pub fn entries() -> Result<Vec<Entry>, RuleError> {
    let mut all = Vec::new();
    for (name, text) in FILES {
        let mut entries = load::parse_toml(Path::new(name), text)?;
        entries.iter_mut().for_each(|entry| date(&mut entry.rule));
        all.extend(entries);
    }
    Ok(all)
}
