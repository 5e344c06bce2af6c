//! Chooses where a straight sequence is found most cheaply.
//!
//! It must not know rules or tables. Start with [`anchor`].

use super::super::rule::grammar::Piece;
use super::super::rule::load::MIN_RUN;
use super::super::rule::set::{ALNUM, TOKEN};
use super::classify::FINGERPRINT;

/// How words begin that stand everywhere in source and logs.
pub(super) const COMMON: &[&[u8; 3]] = &[
    b"htt", b"www", b"api", b"com", b"org", b"net", b"tes", b"wit", b"con", b"dat", b"ser", b"use", b"pas", b"acc", b"new",
    b"get", b"set", b"int", b"str", b"for", b"the", b"and", b"ins", b"pro", b"pre", b"cli", b"met", b"def", b"sec", b"key",
    b"tok", b"aut", b"log", b"out", b"val", b"nam", b"has", b"sig",
];

/// Where in a literal a word begins that is worth looking for: the longest, unless it is one that stands everywhere. `first`
/// says whether the literal itself begins a word.
pub(super) fn word_start(bytes: &[u8], first: bool) -> Option<usize> {
    let begins = |at: &usize| {
        bytes[*at..*at + 3].iter().all(|b| ALNUM.has(*b)) && if *at == 0 { first } else { !ALNUM.has(bytes[*at - 1]) }
    };
    let common = |at: &usize| COMMON.iter().any(|c| bytes[*at..*at + 3].eq_ignore_ascii_case(*c));
    (0..bytes.len().saturating_sub(2)).rev().filter(begins).max_by_key(|at| (!common(at), (bytes.len() - at).min(12)))
}

/// The literal that the secret of a sequence begins with.
pub(super) fn secret_prefix(sequence: &[Piece]) -> Option<String> {
    let start = sequence.iter().position(|p| *p == Piece::SecretStart).map_or(0, |at| at + 1);
    match sequence.get(start) {
        Some(Piece::Literal(s)) if s.len() <= 24 => String::from_utf8(s.clone()).ok().filter(|s| !s.contains(char::is_control)),
        _ => None,
    }
}

/// How letters of a literal match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// In the case given.
    No,
    /// In either case.
    Yes,
}

pub(super) enum Anchor {
    /// Offset, first three bytes, the literal from there on (empty if case does not count).
    Probe(u32, Vec<[u8; 3]>, Vec<u8>),
    Infix(usize, [u8; 3]),
    Literal(u32, Vec<u8>, Fold),
    /// Fewest and most bytes before a literal, what of it stands before the part that is looked up, and that part: the match
    /// begins with another literal that stands everywhere.
    Back((u32, u32), (Vec<u8>, Vec<u8>)),
    /// There is a literal, but a run of unknown length before it.
    Floating,
}

/// Leading and trailing runs that may be empty become two sequences, so that borders are those of what is really there.
pub(super) fn split_edges(sequence: &[Piece]) -> Vec<Vec<Piece>> {
    let mut all = vec![sequence.to_vec()];
    for last in [true, false] {
        all = all.into_iter().flat_map(|s| split_edge(s, last)).collect();
    }
    all
}

pub(super) fn split_edge(sequence: Vec<Piece>, last: bool) -> Vec<Vec<Piece>> {
    let is_run = |p: &Piece| !matches!(p, Piece::SecretStart | Piece::SecretEnd);
    let at = if last { sequence.iter().rposition(is_run) } else { sequence.iter().position(is_run) };
    match at.map(|at| (at, &sequence[at])) {
        Some((at, Piece::Run(set, 0, max))) => {
            let mut with = sequence.clone();
            with[at] = Piece::Run(*set, 1, *max);
            let mut without = sequence;
            without.remove(at);
            vec![with, without]
        }
        _ => vec![sequence],
    }
}

/// The cheapest way to find a sequence; `None` if it has no literal of two or more bytes.
pub(super) fn anchor(sequence: &[Piece]) -> Option<Anchor> {
    let mut offset = Some(0usize);
    let mut best: Option<(u32, Anchor)> = None;
    let mut any = false;
    for (index, piece) in sequence.iter().enumerate() {
        let (bytes, fold) = match piece {
            Piece::Literal(s) => (s, Fold::No),
            Piece::Folded(s) => (s, Fold::Yes),
            Piece::Run(_, min, max) => {
                offset = offset.filter(|_| min == max).map(|o| o + *min as usize);
                continue;
            }
            Piece::SecretStart | Piece::SecretEnd => continue,
        };
        any |= bytes.len() >= 2;
        if let Some(at) = offset {
            for candidate in literal_anchors(sequence, index, (bytes, fold), at) {
                if best.as_ref().is_none_or(|b| candidate.0 > b.0) {
                    best = Some(candidate);
                }
            }
            offset = Some(at + bytes.len());
        }
    }
    let url = |a: &Anchor| matches!(a, Anchor::Probe(_, _, l) | Anchor::Literal(_, l, _) if l.starts_with(b"http"));
    if best.as_ref().is_some_and(|(_, a)| url(a))
        && let Some(back) = back(sequence)
    {
        return Some(back);
    }
    best.map(|(_, anchor)| anchor).or_else(|| any.then_some(Anchor::Floating))
}

/// How far the literal that a sequence begins with may stand before the one it is found by.
const MAX_BACK: u32 = 256;
/// A literal shorter than this is not much rarer than `https://`.
const MIN_BACK: usize = 5;

/// The longest literal behind the first, if the sequence begins with one.
fn back(sequence: &[Piece]) -> Option<Anchor> {
    let Some(Piece::Literal(first)) = sequence.iter().find(|p| !matches!(p, Piece::SecretStart)) else { return None };
    let (mut least, mut most) = (0u32, 0u32);
    let mut best: Option<(usize, Anchor)> = None;
    for (index, piece) in sequence.iter().enumerate() {
        match piece {
            Piece::Literal(s) if index > 0 && s.len() >= MIN_BACK && least as usize >= first.len() && most <= MAX_BACK => {
                let start = word_start(s, false).unwrap_or(0);
                let (before, found) = s.split_at(start);
                if found.len() >= MIN_BACK && best.as_ref().is_none_or(|b| b.0 < found.len()) {
                    let lead = (least + before.len() as u32, most + before.len() as u32);
                    best = Some((found.len(), Anchor::Back(lead, (before.to_vec(), found.to_vec()))));
                }
            }
            _ => {}
        }
        let (min, max) = match piece {
            Piece::Literal(s) | Piece::Folded(s) => (s.len() as u32, s.len() as u32),
            Piece::Run(_, min, max) => (*min, *max),
            Piece::SecretStart | Piece::SecretEnd => (0, 0),
        };
        (least, most) = (least.saturating_add(min), most.saturating_add(max));
    }
    best.map(|(_, anchor)| anchor)
}

/// Ways to find a literal piece at a fixed offset, with a score.
pub(super) fn literal_anchors(sequence: &[Piece], index: usize, literal: (&Vec<u8>, Fold), at: usize) -> Vec<(u32, Anchor)> {
    let (bytes, fold) = literal;
    let mut out = Vec::new();
    for start in 0..bytes.len().saturating_sub(1) {
        let rest = &bytes[start..];
        let word = ALNUM.has(rest[0]) && (start == 0 && at == 0 || start > 0 && !ALNUM.has(bytes[start - 1]));
        if !word || run_from(sequence, index, start) < MIN_RUN {
            continue;
        }
        if let Some(keys) = probe_keys(sequence, index, start) {
            let common = [&b"http"[..], b"www", b"api", b"com", b"org"].iter().any(|c| rest.starts_with(c));
            let score = 100 + u32::try_from(rest.len().min(20)).expect("at most 20") - if common { 50 } else { 0 };
            let offset = u32::try_from(at + start).expect("tokens are short");
            let exact = if fold == Fold::No { rest.to_vec() } else { Vec::new() };
            out.push((score, Anchor::Probe(offset, keys, exact)));
        }
    }
    let leading_run = matches!(sequence.first(), Some(Piece::Run(set, min, _)) if set.within(&TOKEN) && *min > 0);
    if leading_run && at > 0 && bytes.len() >= 3 && fold == Fold::No && run_from(sequence, 0, 0) >= 2 * MIN_RUN {
        out.push((90, Anchor::Infix(at, [bytes[0], bytes[1], bytes[2]])));
    }
    if bytes.len() >= 3 {
        let first = at == 0 || index > 0 && !ends_in_word(&sequence[index - 1]);
        let start = word_start(bytes, first).unwrap_or_else(|| rarest(bytes));
        let length = u32::try_from(bytes.len().min(20)).expect("at most 20");
        out.push((
            20 + length,
            Anchor::Literal(u32::try_from(at + start).expect("tokens are short"), bytes[start..].to_vec(), fold),
        ));
    }
    out
}

/// May a letter or digit be the last byte of a piece?
pub(super) fn ends_in_word(piece: &Piece) -> bool {
    match piece {
        Piece::Literal(s) | Piece::Folded(s) => s.last().is_some_and(|b| ALNUM.has(*b)),
        Piece::Run(set, ..) => set.meets(&ALNUM),
        Piece::SecretStart | Piece::SecretEnd => true,
    }
}

/// Token characters that are certain to stand from byte `start` of piece `index` on.
pub(super) fn run_from(sequence: &[Piece], index: usize, start: usize) -> usize {
    let mut total = 0;
    for (i, piece) in sequence.iter().enumerate().skip(index) {
        match piece {
            Piece::Literal(s) | Piece::Folded(s) => {
                let s = if i == index { &s[start..] } else { s };
                let run = s.iter().take_while(|b| TOKEN.has(**b)).count();
                total += run;
                if run < s.len() {
                    break;
                }
            }
            Piece::Run(set, min, max) if set.within(&TOKEN) => {
                total += *min as usize;
                if min != max && total >= 2 * MIN_RUN {
                    break;
                }
            }
            Piece::Run(_, min, _) if *min > 0 => break,
            // A run that may be empty and is no token run: what is behind it is not certain.
            Piece::Run(..) => break,
            Piece::SecretStart | Piece::SecretEnd => {}
        }
    }
    total
}

/// The first three bytes from there on, as they are given; `None` if there are too many.
pub(super) fn probe_keys(sequence: &[Piece], index: usize, start: usize) -> Option<Vec<[u8; 3]>> {
    let (Piece::Literal(s) | Piece::Folded(s)) = &sequence[index] else { return None };
    let first: Vec<u8> = s[start..].iter().copied().take(3).collect();
    Some(match *first.as_slice() {
        [a, b, c] => vec![[a, b, c]],
        [a, b] => match sequence[index + 1..].iter().find(|p| !matches!(p, Piece::SecretStart | Piece::SecretEnd))? {
            Piece::Run(set, min, _) if *min > 0 => set.iter().map(|c| [a, b, c]).collect(),
            Piece::Literal(next) | Piece::Folded(next) => vec![[a, b, next[0]]],
            _ => return None,
        },
        _ => return None,
    })
}

/// Where in a literal the rarest four bytes begin.
pub(super) fn rarest(bytes: &[u8]) -> usize {
    let weight = |b: u8| match b {
        b' ' | b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 1,
        b'a'..=b'z' | b'-' | b'=' | b'.' | b'/' => 2,
        _ => 3,
    };
    let score = |start: &usize| {
        let window = &bytes[*start..*start + FINGERPRINT];
        window.iter().map(|b| weight(*b)).sum::<u32>() - window.windows(2).filter(|w| w[0] == w[1]).count() as u32
    };
    if bytes.len() <= FINGERPRINT { 0 } else { (0..=bytes.len() - FINGERPRINT).rev().max_by_key(score).unwrap_or(0) }
}
