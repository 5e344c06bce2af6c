//! Matches one straight sequence of literals and runs at one place: no automaton.
//!
//! It must not know where sequences come from. Start with [`Pattern::match_at`]. A property test compares it with the same
//! token run as a regular expression.

use super::super::rule::grammar::Piece;
use super::super::rule::set::{ALNUM, Set, TOKEN};

/// A straight sequence, compiled.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Which rule it belongs to.
    pub rule: u32,
    pieces: Box<[Item]>,
    /// Index of the pieces where the secret part begins and ends.
    secret: (usize, usize),
    /// Bytes that must not stand just before.
    left: Set,
    /// Bytes that must not stand just behind.
    right: Set,
    /// Fewest bytes of a match.
    pub min_len: usize,
    /// Bytes of all its literals: behind the last run that was measured, no more is looked at.
    pub(super) literals: usize,
}

#[derive(Debug, Clone)]
enum Item {
    Literal(Box<[u8]>),
    Folded(Box<[u8]>),
    /// Bytes of a set; the number is its index among the engine's sets.
    Run {
        set: Set,
        id: usize,
        min: usize,
        max: usize,
    },
    /// The same, but what follows may begin with bytes of the set: shorter runs are tried too.
    Back {
        set: Set,
        id: usize,
        min: usize,
        max: usize,
    },
}

/// Where a pattern matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The whole match.
    pub start: usize,
    /// One past its end.
    pub end: usize,
    /// The secret part.
    pub secret_start: usize,
    /// One past its end.
    pub secret_end: usize,
}

/// Remembers how far runs go, so that looking at a long run from many places stays linear.
#[derive(Debug, Default, Clone)]
pub struct RunCache {
    known: Vec<Known>,
    /// The greatest end of a run that was measured, until somebody sets it back.
    pub(super) far: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Known {
    from: usize,
    to: usize,
    ends: bool,
}

/// Where a match must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At a border of its last alphabet.
    Border,
    /// Exactly here.
    At(usize),
}

/// How the start of a match is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The byte before is looked at.
    Border,
    /// An escape such as `\n` or `%3D`, or the start of a value, stands before: nothing to look at.
    Given,
}

/// Runs shorter than this are measured again rather than remembered.
const REMEMBER: usize = 64;
/// Attempts of a `Back` piece, longest first.
const MAX_BACK: usize = 512;

impl RunCache {
    /// Forgets everything: other bytes come.
    pub fn reset(&mut self, sets: usize) {
        self.known.clear();
        self.known.resize(sets, Known::default());
    }

    pub(super) fn run_end(&mut self, bytes: &[u8], at: usize, set: (&Set, usize), max: usize) -> usize {
        let (set, id) = set;
        let limit = bytes.len().min(at.saturating_add(max));
        if max < REMEMBER {
            let end = scan(bytes, at, limit, set);
            self.far = self.far.max(end);
            return end;
        }
        let known = &mut self.known[id];
        if at < known.from || at >= known.to {
            *known = Known { from: at, to: at, ends: false };
        }
        if !known.ends && known.to < limit {
            known.to = scan(bytes, known.to, limit, set);
            known.ends = known.to < limit;
        }
        let end = known.to.min(limit);
        self.far = self.far.max(end);
        end
    }
}

fn scan(bytes: &[u8], at: usize, limit: usize, set: &Set) -> usize {
    let rest = bytes.get(at..limit).unwrap_or_default();
    at + rest.iter().position(|b| !set.has(*b)).unwrap_or(rest.len())
}

impl Pattern {
    /// Compiles a sequence. `intern` gives each set its index. `None` if more than one run would have to be tried in several
    /// lengths: such a token is left to an automaton.
    pub fn new(rule: u32, sequence: &[Piece], intern: &mut impl FnMut(Set) -> usize) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut secret = (0, usize::MAX);
        let mut backs = 0;
        for (index, piece) in sequence.iter().enumerate() {
            match piece {
                Piece::SecretStart => secret.0 = pieces.len(),
                Piece::SecretEnd => secret.1 = pieces.len(),
                Piece::Literal(s) => pieces.push(Item::Literal(s.as_slice().into())),
                Piece::Folded(s) => pieces.push(Item::Folded(s.as_slice().into())),
                Piece::Run(set, min, max) => {
                    let (id, min, max) = (intern(*set), *min as usize, *max as usize);
                    let unsure = min != max && next_set(&sequence[index + 1..]).meets(set);
                    backs += usize::from(unsure);
                    pieces.push(if unsure {
                        Item::Back { set: *set, id, min, max }
                    } else {
                        Item::Run { set: *set, id, min, max }
                    });
                }
            }
        }
        let edge = |item: Option<&Item>, last: bool| match item {
            Some(Item::Run { set, .. } | Item::Back { set, .. }) if set.meets(&ALNUM) => set.or(ALNUM),
            Some(Item::Run { set, .. } | Item::Back { set, .. }) => *set,
            Some(Item::Literal(s) | Item::Folded(s)) => {
                let byte = if last { s[s.len() - 1] } else { s[0] };
                if ALNUM.has(byte) { ALNUM } else { Set::EMPTY }
            }
            None => Set::EMPTY,
        };
        let min_len = pieces.iter().map(Item::min_len).sum();
        let literal = |item: &Item| if let Item::Literal(s) | Item::Folded(s) = item { s.len() } else { 0 };
        let literals = pieces.iter().map(literal).sum();
        let secret = (secret.0, secret.1.min(pieces.len()));
        let (left, right) = (edge(pieces.first(), false), edge(pieces.last(), true));
        (backs <= 1).then(|| Self { rule, pieces: pieces.into(), secret, left, right, min_len, literals })
    }

    /// Matches at `at`.
    #[must_use]
    pub fn match_at(&self, bytes: &[u8], at: usize, edges: (Start, End), cache: &mut RunCache) -> Option<Span> {
        if bytes.len() - at.min(bytes.len()) < self.min_len {
            return None;
        }
        if edges.0 == Start::Border && at > 0 && self.left.has(bytes[at - 1]) {
            return None;
        }
        let mut span = Span { start: at, end: at, secret_start: at, secret_end: at };
        self.items(bytes, (at, 0), (&mut span, edges.1), cache).then_some(span)
    }

    /// The set of bytes that must not stand before a match.
    #[must_use]
    pub fn left(&self) -> Set {
        self.left
    }

    /// The literal a match begins with.
    #[must_use]
    pub(super) fn first_literal(&self) -> Option<&[u8]> {
        match self.pieces.first() {
            Some(Item::Literal(s)) => Some(s),
            _ => None,
        }
    }

    /// The run a match begins with: its set, the set's number, its least length, and its greatest if nothing follows it.
    #[must_use]
    pub(super) fn first_run(&self) -> Option<(Set, usize, usize, usize)> {
        match self.pieces.first() {
            Some(Item::Run { set, id, min, max }) if self.pieces.len() == 1 => Some((*set, *id, *min, *max)),
            Some(Item::Run { set, id, min, .. } | Item::Back { set, id, min, .. }) => Some((*set, *id, *min, usize::MAX)),
            _ => None,
        }
    }

    /// How long a run of token characters must be that this can match in: its least length if it is made of them alone, else 0.
    #[must_use]
    pub(super) fn needs_run(&self) -> usize {
        let token = |item: &Item| match item {
            Item::Literal(s) | Item::Folded(s) => s.iter().all(|b| TOKEN.has(*b)),
            Item::Run { set, .. } | Item::Back { set, .. } => set.within(&TOKEN),
        };
        if self.pieces.iter().all(token) { self.min_len } else { 0 }
    }

    /// Matches the pieces from number `place.1` on at offset `place.0`.
    fn items(&self, bytes: &[u8], place: (usize, usize), goal: (&mut Span, End), cache: &mut RunCache) -> bool {
        let (mut at, from) = place;
        let (span, end) = goal;
        for (index, item) in self.pieces.iter().enumerate().skip(from) {
            if index == self.secret.0 {
                span.secret_start = at;
            }
            if index == self.secret.1 {
                span.secret_end = at;
            }
            match item {
                Item::Literal(s) => {
                    if !bytes[at..].starts_with(s) {
                        return false;
                    }
                    at += s.len();
                }
                Item::Folded(s) => {
                    if !bytes.get(at..at + s.len()).is_some_and(|b| b.eq_ignore_ascii_case(s)) {
                        return false;
                    }
                    at += s.len();
                }
                Item::Run { set, id, min, max } => {
                    let stop = cache.run_end(bytes, at, (set, *id), *max);
                    if stop - at < *min {
                        return false;
                    }
                    at = stop;
                }
                Item::Back { set, id, min, max } => {
                    let stop = cache.run_end(bytes, at, (set, *id), *max);
                    let lengths = (*min..=stop - at).rev().take(MAX_BACK);
                    let hit =
                        lengths.map(|n| at + n).find(|next| self.items(bytes, (*next, index + 1), (&mut *span, end), cache));
                    return stop - at >= *min && hit.is_some();
                }
            }
        }
        if self.secret.1 == self.pieces.len() {
            span.secret_end = at;
        }
        span.end = at;
        match end {
            End::At(stop) => at == stop,
            End::Border => bytes.get(at).is_none_or(|b| !self.right.has(*b)),
        }
    }
}

impl Item {
    fn min_len(&self) -> usize {
        match self {
            Item::Literal(s) | Item::Folded(s) => s.len(),
            Item::Run { min, .. } | Item::Back { min, .. } => *min,
        }
    }
}

/// The bytes that what follows can begin with.
fn next_set(rest: &[Piece]) -> Set {
    let mut set = Set::EMPTY;
    for piece in rest {
        match piece {
            Piece::SecretStart | Piece::SecretEnd => {}
            Piece::Literal(s) => return set.or(Set::of(&s[..1])),
            Piece::Folded(s) => return set.or(Set::of(&[s[0], s[0].to_ascii_uppercase()])),
            Piece::Run(run, min, _) => {
                set = set.or(*run);
                if *min > 0 {
                    return set;
                }
            }
        }
    }
    set
}
