//! One match for each stretch of bytes: the specific rule beats the generic one.
//!
//! It must not look at the bytes, only at spans and rules. Start with [`resolve`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::super::rule::{From, Near, Need, Pattern, Rule, Search};
use super::meaning::note;
use super::{Engine, Match, Miss, Sink};

/// Sorts the matches by position; each stays once.
pub(super) fn sort(matches: &mut Vec<Match>) {
    matches.sort_by_key(|m| (m.span.secret_start, m.span.secret_end, m.rule));
    let place = |m: &Match| (m.span.secret_start, m.span.secret_end, m.rule);
    matches.dedup_by(|a, b| place(a) == place(b) && a.decoded == b.decoded);
}

/// Drops matches that overlap a better one. They are sorted before and after.
pub(super) fn resolve<S: Sink>(engine: &Engine, matches: &mut Vec<Match>, sink: &mut S) {
    if matches.iter().any(Match::is_decoded) {
        return layers(engine, matches, sink);
    }
    flat(engine, matches, sink);
}

/// Decoded matches that are looked at for each other one, from the first that ends behind its start.
const MOST_NEAR: usize = 64;
/// What a rule may take with what is encoded.
const PADDING: usize = 4;

/// What was decoded lies in another layer than what is found as it is, which may cover it: a token inside a token. Two layers tell of
/// the same secret only if one of them has nothing but a guess to say.
fn layers<S: Sink>(engine: &Engine, matches: &mut Vec<Match>, sink: &mut S) {
    let (mut decoded, mut plain): (Vec<Match>, Vec<Match>) = matches.drain(..).partition(Match::is_decoded);
    // Overlaps were settled in the text they were found in.
    let mut known = HashSet::new();
    decoded.retain(|inner| known.insert((inner.rule, inner.span.secret_start, inner.secret(&[]).to_vec())));
    flat(engine, &mut plain, sink);
    let guess = |m: &Match| rank(&engine.rules[m.rule as usize], m).0 <= 1;
    let place = |m: &Match| m.span.secret_start..m.span.secret_end;
    decoded.retain(|inner| {
        let (here, hidden) = (place(inner), inner.hidden());
        let first = plain.partition_point(|outer| outer.span.secret_end <= here.start);
        let mut near = plain[first..].iter().take_while(|outer| outer.span.secret_start < here.end);
        // A rule that knows what is encoded tells more of it.
        let is_whole = |outer: &Match| {
            let span = place(outer);
            span.start <= hidden.start && hidden.end <= span.end && span.len() <= hidden.len() + PADDING
        };
        let is_better = |outer: &&Match| !guess(outer) && (guess(inner) && outer.rule != inner.rule || is_whole(outer));
        let better = near.find(is_better);
        better.iter().for_each(|better| sink.miss(inner.rule, inner.span, Miss::Overlap(better.rule)));
        better.is_none()
    });
    // What is taken for a value as it is may be a part of what stands for one.
    let mut places: Vec<(Range<usize>, u32)> = decoded.iter().map(|inner| (place(inner), inner.rule)).collect();
    places.sort_by_key(|(range, _)| (range.end, range.start));
    plain.retain(|outer| {
        let span = place(outer);
        let first = places.partition_point(|(range, _)| range.end <= span.start);
        let mut near = places[first..].iter().take(MOST_NEAR).filter(|(range, _)| range.start < span.end);
        let better = near.find(|(_, rule)| guess(outer) || *rule == outer.rule);
        better.iter().for_each(|(_, rule)| sink.miss(outer.rule, outer.span, Miss::Overlap(*rule)));
        better.is_none()
    });
    matches.extend(plain.into_iter().chain(decoded));
    matches.sort_by_key(|m| (m.span.secret_start, m.span.secret_end, m.rule));
}

/// The same where all lie in one layer.
fn flat<S: Sink>(engine: &Engine, matches: &mut Vec<Match>, sink: &mut S) {
    if matches.len() < 2 {
        return;
    }
    let mut kept: Vec<Match> = Vec::with_capacity(matches.len());
    let mut group: Vec<Match> = Vec::new();
    let mut group_end = 0;
    for found in matches.drain(..) {
        if !group.is_empty() && found.span.secret_start >= group_end {
            settle(engine, &mut group, &mut kept, sink);
        }
        group_end = if group.is_empty() { found.span.secret_end } else { group_end.max(found.span.secret_end) };
        group.push(found);
    }
    settle(engine, &mut group, &mut kept, sink);
    kept.sort_by_key(|m| (m.span.secret_start, m.span.secret_end));
    *matches = kept;
}

/// Takes the best of a group of overlapping matches, then the best that does not overlap it, and so on.
fn settle<S: Sink>(engine: &Engine, group: &mut Vec<Match>, kept: &mut Vec<Match>, sink: &mut S) {
    group.sort_by_key(|m| Reverse(rank(&engine.rules[m.rule as usize], m)));
    // Those kept do not overlap, so the last that begins before a match ends is the only one that can overlap it.
    let mut taken: BTreeMap<usize, (usize, u32)> = BTreeMap::new();
    for found in group.drain(..) {
        let (start, end) = (found.span.secret_start, found.span.secret_end);
        match taken.range(..end).next_back() {
            Some((_, (until, better))) if *until > start => sink.miss(found.rule, found.span, Miss::Overlap(*better)),
            _ => {
                taken.insert(start, (end, found.rule));
                kept.push(found);
            }
        }
    }
}

/// How specific a match is: higher wins. Ties go to the longer, then to the earlier rule.
fn rank(rule: &Rule, found: &Match) -> (u8, u8, usize, Reverse<u32>) {
    let kind = match (rule.from, &rule.pattern) {
        // What is known of these is only their regular expression.
        _ if rule.search == Search::Text => u8::from(rule.category != "generic"),
        // A place where any value stands: a rule that knows the value, as it is or decoded, tells more.
        (None, Pattern::Regex(_)) if rule.category == "generic" => 1,
        (Some(From::Assignment), _) if rule.category == "generic" => 0,
        (Some(From::Assignment | From::AuthHeader), _) => 1,
        (Some(From::UrlPassword), _) => 2,
        (None, Pattern::Token(_)) if found.keyword.is_some() => {
            if rule.near == Near::Key && found.notes & note::BESIDE == 0 {
                4
            } else {
                3
            }
        }
        (None, _) => 5,
    };
    (kind, found.confidence as u8, found.span.secret_end - found.span.secret_start, Reverse(found.rule))
}

/// Drops matches of rules that need a companion and have none within their lines.
pub(super) fn drop_lonely<S: Sink>(engine: &Engine, matches: &mut Vec<Match>, bytes: &[u8], sink: &mut S) {
    let needs = |m: &Match| engine.rules[m.rule as usize].pair.need == Need::Required;
    if !matches.iter().any(needs) {
        return;
    }
    let all = matches.clone();
    matches.retain(|m| {
        let keep = !needs(m) || companion(engine, m, &all, bytes).is_some();
        if !keep {
            sink.miss(m.rule, m.span, Miss::Alone);
        }
        keep
    });
}

/// Companions are looked for among matches that begin that near.
const COMPANY: usize = 16 * 1024;

/// The nearest match of a companion rule within the rule's lines. `all` are sorted.
pub(super) fn companion<'m>(engine: &Engine, found: &Match, all: &'m [Match], bytes: &[u8]) -> Option<&'m Match> {
    let pair = &engine.rules[found.rule as usize].pair;
    if pair.with.is_empty() {
        return None;
    }
    let start = found.span.secret_start;
    let distance = |m: &Match| m.span.secret_start.abs_diff(start);
    let from = all.partition_point(|m| m.span.secret_start + COMPANY <= start);
    let to = all.partition_point(|m| m.span.secret_start < start + COMPANY);
    let mut near: Vec<&Match> = all[from..to].iter().filter(|m| pair.with.contains(&engine.rules[m.rule as usize].id)).collect();
    near.sort_by_key(|m| distance(m));
    near.into_iter().take(8).find(|m| {
        let (a, b) = (m.span.secret_start.min(found.span.secret_start), m.span.secret_start.max(found.span.secret_start));
        memchr::memchr_iter(b'\n', &bytes[a..b]).count() as u64 <= pair.lines
    })
}
