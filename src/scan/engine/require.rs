//! Rules that need others near, and matches that are only there for them.
//!
//! It must not look for matches. Start with [`apply`].

use std::collections::HashMap;

use super::super::rule::{Required, Role};
use super::{Engine, Match, Miss, Sink};

/// Where nothing is said, a match is near that begins within so many bytes.
const REACH: usize = 16 * 1024;
/// So many matches of one rule are looked at on each side.
const MOST: usize = 64;

/// Drops matches that lack what their rule requires, then those that are only there for others. `matches` are sorted before and after.
pub(super) fn apply<S: Sink>(engine: &Engine, matches: &mut Vec<Match>, bytes: &[u8], sink: &mut S) {
    let rule = |m: &Match| &engine.rules[m.rule as usize];
    if !matches.iter().any(|m| !rule(m).required.is_empty() || rule(m).role == Role::Companion) {
        return;
    }
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for found in matches.iter() {
        places.entry(rule(found).id.as_str()).or_default().push(found.span.start);
    }
    places.values_mut().for_each(|list| list.sort_unstable());
    let has = |m: &Match, required: &Required| {
        places.get(required.rule.as_str()).is_some_and(|list| is_near(bytes, m.span.start, list, required))
    };
    matches.retain(|m| {
        let holds = rule(m).required.iter().all(|required| has(m, required));
        if !holds {
            sink.miss(m.rule, m.span, Miss::Alone);
        }
        holds && rule(m).role == Role::Finding
    });
}

/// Does one of the matches at `places`, sorted, begin near enough?
fn is_near(bytes: &[u8], at: usize, places: &[usize], required: &Required) -> bool {
    let middle = places.partition_point(|place| *place < at);
    let before = places[..middle].iter().rev().take(MOST);
    let behind = places[middle..].iter().take(MOST);
    before.chain(behind).filter(|place| place.abs_diff(at) <= REACH).any(|place| {
        let between = &bytes[at.min(*place)..at.max(*place)];
        let lines = || memchr::memchr_iter(b'\n', between).count() as u64;
        let columns = || column(bytes, at).abs_diff(column(bytes, *place)) as u64;
        required.lines.is_none_or(|most| lines() <= most) && required.columns.is_none_or(|most| columns() <= most)
    })
}

/// Bytes between the start of the line and `at`.
fn column(bytes: &[u8], at: usize) -> usize {
    let from = at.saturating_sub(REACH);
    at - memchr::memrchr(b'\n', &bytes[from..at]).map_or(from, |line| from + line + 1)
}
