//! What every match of a regular expression contains, and how long a match can be: found by looking at the expression, without
//! compiling it.
//!
//! It must not know rules: the build script uses it too. Start with [`facts`].

use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};

/// More literals than this are no help.
const MOST: usize = 32;
/// A literal shorter than this stands everywhere.
const SHORTEST: usize = 3;

/// What is known of a regular expression.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Facts {
    /// Literals of three and more bytes one of which every match contains, if there are such.
    pub required: Option<Required>,
    /// The length of the longest match, if there is a longest.
    pub longest: Option<usize>,
}

/// Literals one of which every match contains.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Required {
    /// In lower case: they match in either case.
    pub literals: Vec<String>,
    /// Fewest and most bytes of a match before the first of them; no most if there is no limit.
    pub lead: (usize, Option<usize>),
}

/// Literals as bytes, and what stands before them.
struct Found {
    literals: Vec<Vec<u8>>,
    lead: (usize, Option<usize>),
}

/// What is known of `regex`; nothing if it does not parse.
#[must_use]
pub fn facts(regex: &str) -> Facts {
    parse(regex).as_ref().map(facts_of).unwrap_or_default()
}

/// The same for a parsed one.
#[must_use]
pub fn facts_of(hir: &Hir) -> Facts {
    Facts { required: walk(hir).and_then(text), longest: hir.properties().maximum_len() }
}

fn text(found: Found) -> Option<Required> {
    let lower = |l: Vec<u8>| String::from_utf8(l).ok().map(|l| l.to_ascii_lowercase());
    let mut literals = found.literals.into_iter().map(lower).collect::<Option<Vec<_>>>()?;
    literals.sort();
    literals.dedup();
    Some(Required { literals, lead: found.lead })
}

fn parse(regex: &str) -> Option<Hir> {
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).ok()
}

fn good(found: Found) -> Option<Found> {
    let list = &found.literals;
    (!list.is_empty() && list.len() <= MOST && list.iter().all(|l| l.len() >= SHORTEST)).then_some(found)
}

fn walk(hir: &Hir) -> Option<Found> {
    match hir.kind() {
        HirKind::Literal(_) => good(Found { literals: spelled(hir)?, lead: (0, Some(0)) }),
        HirKind::Capture(c) => walk(&c.sub),
        HirKind::Repetition(r) if r.min > 0 => walk(&r.sub),
        HirKind::Alternation(arms) => {
            let all = arms.iter().map(walk).collect::<Option<Vec<_>>>()?;
            let most = all.iter().map(|f| f.lead.1).collect::<Option<Vec<_>>>().and_then(|m| m.into_iter().max());
            let lead = (all.iter().map(|f| f.lead.0).min().unwrap_or(0), most);
            good(Found { literals: all.into_iter().flat_map(|f| f.literals).collect(), lead })
        }
        HirKind::Concat(items) => {
            // What stands at a known place needs less of the input looked at.
            let known = |f: &Found| f.lead.1.is_some_and(|most| most - f.lead.0 <= 16);
            let weight = |f: &Found| f.literals.iter().map(Vec::len).min().unwrap_or(0) + if known(f) { 4 } else { 0 };
            let mut found = runs(items);
            let mut lead = (0, Some(0));
            for item in items {
                found.extend(walk(item).map(|f| Found { lead: behind(lead, f.lead), ..f }));
                lead = behind(lead, length(item));
            }
            // The first of the heaviest.
            found.into_iter().rev().max_by_key(weight)
        }
        _ => None,
    }
}

fn behind(before: (usize, Option<usize>), add: (usize, Option<usize>)) -> (usize, Option<usize>) {
    (before.0.saturating_add(add.0), before.1.zip(add.1).and_then(|(a, b)| a.checked_add(b)))
}

fn length(hir: &Hir) -> (usize, Option<usize>) {
    (hir.properties().minimum_len().unwrap_or(0), hir.properties().maximum_len())
}

/// Neighbours that are literals, letters in either case or choices of literals, put together: `"(?:a|b)"` is `"a"` or `"b"`.
fn runs(items: &[Hir]) -> Vec<Found> {
    let mut out = Vec::new();
    let mut lead = (0, Some(0));
    let mut open: Option<Found> = None;
    for item in items {
        match (spelled(item), &mut open) {
            (Some(list), Some(run)) if run.literals.len() * list.len() <= MOST => {
                run.literals = run.literals.iter().flat_map(|a| list.iter().map(move |b| [&a[..], b].concat())).collect();
            }
            (list, run) => out.extend(std::mem::replace(run, list.map(|literals| Found { literals, lead }))),
        }
        lead = behind(lead, length(item));
    }
    out.extend(open);
    out.into_iter().filter_map(good).collect()
}

/// All the ways to spell what matches, case left out of account; `None` if they are not few.
fn spelled(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(l) => Some(vec![l.0.to_vec()]),
        HirKind::Class(Class::Bytes(class)) => {
            let letters: Vec<u8> = class.ranges().iter().flat_map(|r| r.start()..=r.end()).take(3).collect();
            let same = letters.len() == 2 && letters[0].eq_ignore_ascii_case(&letters[1]);
            same.then(|| vec![letters[1..].to_vec()])
        }
        HirKind::Capture(c) => spelled(&c.sub),
        HirKind::Concat(items) => items.iter().try_fold(vec![Vec::new()], |all, item| {
            let list = spelled(item)?;
            let joined: Vec<Vec<u8>> = all.iter().flat_map(|a| list.iter().map(move |b| [&a[..], b].concat())).collect();
            (joined.len() <= MOST).then_some(joined)
        }),
        HirKind::Alternation(arms) => {
            let all = arms.iter().map(spelled).collect::<Option<Vec<_>>>()?.concat();
            (all.len() <= MOST).then_some(all)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::facts;

    /// Literals, and what stands before them.
    type Expected<'a> = Option<(&'a [&'a str], (usize, Option<usize>))>;

    #[test]
    fn literals_and_what_stands_before_them() {
        let check = |regex: &str, expected: Expected<'_>| {
            let found = facts(regex).required.map(|f| (f.literals, f.lead));
            assert_eq!(found, expected.map(|(l, lead)| (l.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(), lead)), "{regex}");
        };
        check("curl\\b.{0,9}-u", Some((&["curl"], (0, Some(0)))));
        check("[a-z]{1,4}@host", Some((&["@host"], (1, Some(4)))));
        check("\\s+machine", Some((&["machine"], (1, None))));
        check("key\\s*=\\s*\"(?:ABCDEF|Pass)\"", Some((&["key"], (0, Some(0)))));
        check("key\\s*=\\s*\"(?:AB|Pass)words", Some((&["\"abwords", "\"passwords"], (4, None))));
        check("[Aa]uth\\s", Some((&["auth"], (0, Some(0)))));
        check("(?:abc|x{2}def)\\d", Some((&["abc", "def"], (0, Some(2)))));
        check("(?i)Key", Some((&["key"], (0, Some(0)))));
        check("ab|cde", None);
        check("(?:abc)*", None);
        check("(", None);
    }

    #[test]
    fn lengths() {
        assert_eq!(facts("ab{2,3}").longest, Some(4));
        assert_eq!(facts("ab+").longest, None);
    }

    #[test]
    fn lengths_beyond_all_memory() {
        let long = format!("{}x{}", "(?:".repeat(8), "{1000})".repeat(8));
        let twice = facts(&format!("{long}{long}key"));
        assert_eq!(twice.required.map(|f| f.lead), Some((usize::MAX, None)));
    }
}
