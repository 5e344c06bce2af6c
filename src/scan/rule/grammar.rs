//! The token grammar: `"ghp_" base62{36}` and its kin, parsed into a tree and flattened into straight sequences.
//!
//! It must not know about files or rules. Start with [`parse`], then [`flatten`]. The notation is described in
//! `rules/README.md`.

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, Repetition};

use super::set::Set;

/// A count `{n,}` ends here; no match is longer.
pub const MAX_COUNT: u32 = 16_384;
/// Alternatives and options are multiplied out to at most this many sequences; a token with more is matched by an automaton.
const MAX_SEQUENCES: usize = 48;
/// A sequence of more pieces than this is matched by an automaton too.
const MAX_PIECES: usize = 1024;
/// Deepest nesting of parentheses.
const MAX_DEPTH: u32 = 16;

/// A parsed token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Bytes as they are.
    Literal(Vec<u8>),
    /// Bytes in which letters match in either case; stored in lower case.
    Folded(Vec<u8>),
    /// One byte of a set.
    Class(Set),
    /// One after the other.
    Sequence(Vec<Node>),
    /// The first that matches.
    Choice(Vec<Node>),
    /// Greedy repetition, `min` to `max` times.
    Repeat(Box<Node>, u32, u32),
    /// The secret part.
    Secret(Box<Node>),
}

/// Where and why a grammar does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {at}: {what}")]
pub struct GrammarError {
    /// Character position in the grammar, counting from 1.
    pub at: usize,
    /// What is wrong and what is allowed.
    pub what: String,
}

/// Parses a grammar.
///
/// # Errors
/// If it is not in the notation; the error names the place and what is allowed there.
pub fn parse(source: &str) -> Result<Node, GrammarError> {
    let mut p = Parser { text: source.as_bytes(), at: 0, depth: 0, secrets: 0 };
    let node = p.choice()?;
    p.blanks();
    match p.peek() {
        None if min_len(&node) == 0 => Err(p.error("a token must not match nothing")),
        None if min_len(&node) > MAX_COUNT as usize => Err(p.error(format!("a token of more than {MAX_COUNT} characters"))),
        None => Ok(node),
        Some(b')') => Err(p.error("`)` without `(`")),
        Some(_) => Err(p.error(ITEM)),
    }
}

/// Fewest bytes a node can match.
#[must_use]
pub fn min_len(node: &Node) -> usize {
    match node {
        Node::Literal(s) | Node::Folded(s) => s.len(),
        Node::Class(_) => 1,
        Node::Sequence(items) => items.iter().map(min_len).fold(0, usize::saturating_add),
        Node::Choice(items) => items.iter().map(min_len).min().unwrap_or(0),
        Node::Repeat(item, min, _) => min_len(item).saturating_mul(*min as usize),
        Node::Secret(item) => min_len(item),
    }
}

/// Most bytes a node can match.
#[must_use]
pub fn max_len(node: &Node) -> usize {
    match node {
        Node::Literal(s) | Node::Folded(s) => s.len(),
        Node::Class(_) => 1,
        Node::Sequence(items) => items.iter().map(max_len).fold(0, usize::saturating_add),
        Node::Choice(items) => items.iter().map(max_len).max().unwrap_or(0),
        Node::Repeat(item, _, max) => max_len(item).saturating_mul(*max as usize),
        Node::Secret(item) => max_len(item),
    }
}

const ITEM: &str = "expected a literal \"…\", i\"…\", an alphabet, set\"…\", uuid, `(` or `@(`";

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
    secrets: u32,
}

impl Parser<'_> {
    fn error(&self, what: impl Into<String>) -> GrammarError {
        let at = String::from_utf8_lossy(&self.text[..self.at.min(self.text.len())]).chars().count() + 1;
        GrammarError { at, what: what.into() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let hit = self.peek() == Some(byte);
        self.at += usize::from(hit);
        hit
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn choice(&mut self) -> Result<Node, GrammarError> {
        let mut arms = vec![self.sequence()?];
        while self.eat(b'|') {
            arms.push(self.sequence()?);
        }
        Ok(if arms.len() == 1 { arms.remove(0) } else { Node::Choice(arms) })
    }

    fn sequence(&mut self) -> Result<Node, GrammarError> {
        let mut items = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'|' | b')') => break,
                Some(_) => items.push(self.item()?),
            }
        }
        match items.len() {
            0 => Err(self.error(ITEM)),
            1 => Ok(items.remove(0)),
            _ => Ok(Node::Sequence(items)),
        }
    }

    fn item(&mut self) -> Result<Node, GrammarError> {
        let start = self.at;
        let mut node = self.atom()?;
        if self.peek() == Some(b'{') {
            let (min, max) = self.count()?;
            node = repeat(node, min, max);
        }
        if self.eat(b'?') {
            node = repeat(node, 0, 1);
        }
        if contains_secret(&node) && matches!(node, Node::Repeat(..)) {
            self.at = start;
            return Err(self.error("`@( )` must not be repeated or optional"));
        }
        Ok(node)
    }

    fn atom(&mut self) -> Result<Node, GrammarError> {
        match self.peek() {
            Some(b'"') => self.quoted().map(Node::Literal),
            Some(b'i') if self.text.get(self.at + 1) == Some(&b'"') => {
                self.at += 1;
                self.quoted().map(|s| Node::Folded(s.to_ascii_lowercase()))
            }
            Some(b'(') => self.group(),
            Some(b'@') => self.secret(),
            Some(b) if b.is_ascii_lowercase() => self.class(),
            _ => Err(self.error(ITEM)),
        }
    }

    fn group(&mut self) -> Result<Node, GrammarError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(format!("parentheses nested deeper than {MAX_DEPTH}")));
        }
        self.at += 1;
        let node = self.choice()?;
        if !self.eat(b')') {
            return Err(self.error("expected `)`"));
        }
        self.depth -= 1;
        Ok(node)
    }

    fn secret(&mut self) -> Result<Node, GrammarError> {
        self.at += 1;
        if self.peek() != Some(b'(') {
            return Err(self.error("expected `(` behind `@`"));
        }
        self.secrets += 1;
        if self.secrets > 1 {
            return Err(self.error("only one `@( )` is allowed"));
        }
        Ok(Node::Secret(Box::new(self.group()?)))
    }

    fn class(&mut self) -> Result<Node, GrammarError> {
        let start = self.at;
        while self.peek().is_some_and(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || (b == b'-' && self.text.get(self.at + 1) != Some(&b'"'))
        }) {
            self.at += 1;
        }
        let name = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
        if name == "uuid" {
            return Ok(uuid());
        }
        let mut set = if name == "set" && self.peek() == Some(b'"') {
            Set::of(&self.quoted()?)
        } else if let Some(set) = Set::named(&name) {
            set
        } else {
            self.at = start;
            return Err(self.error(format!("no alphabet `{name}`; allowed: {}", Set::NAMES)));
        };
        while let (Some(sign @ (b'+' | b'-')), Some(b'"')) = (self.peek(), self.text.get(self.at + 1)) {
            self.at += 1;
            let other = Set::of(&self.quoted()?);
            set = if sign == b'+' { set.or(other) } else { set.minus(other) };
        }
        if set.is_empty() { Err(self.error("an alphabet without characters")) } else { Ok(Node::Class(set)) }
    }

    fn quoted(&mut self) -> Result<Vec<u8>, GrammarError> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            match self.peek() {
                None => return Err(self.error("expected `\"` at the end of the literal")),
                Some(b'"') => break self.at += 1,
                Some(b'\\') => out.push(self.escape()?),
                Some(b) => {
                    out.push(b);
                    self.at += 1;
                }
            }
        }
        if out.is_empty() { Err(self.error("an empty literal")) } else { Ok(out) }
    }

    fn escape(&mut self) -> Result<u8, GrammarError> {
        self.at += 1;
        let byte = match self.peek() {
            Some(b @ (b'"' | b'\\')) => b,
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'x') => {
                let digits = self.text.get(self.at + 1..self.at + 3).and_then(|d| std::str::from_utf8(d).ok());
                let digits = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
                let byte = digits.and_then(|d| u8::from_str_radix(d, 16).ok());
                self.at += 2;
                byte.ok_or_else(|| self.error("expected two hex digits behind `\\x`"))?
            }
            _ => return Err(self.error("unknown escape; allowed: \\\" \\\\ \\n \\t \\r \\xHH")),
        };
        self.at += 1;
        Ok(byte)
    }

    fn count(&mut self) -> Result<(u32, u32), GrammarError> {
        self.at += 1;
        let min = self.number()?;
        let max = if self.eat(b',') { if self.peek() == Some(b'}') { MAX_COUNT } else { self.number()? } } else { min };
        if !self.eat(b'}') {
            return Err(self.error("expected `}`, as in {36}, {20,} or {20,40}"));
        }
        match (min, max) {
            (_, 0) => Err(self.error("a count of zero")),
            _ if max > MAX_COUNT => Err(self.error(format!("a count above {MAX_COUNT}"))),
            _ if min > max => Err(self.error("the first number of a count is above the second")),
            _ => Ok((min, max)),
        }
    }

    fn number(&mut self) -> Result<u32, GrammarError> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        digits.parse().map_err(|_| self.error("expected a number, as in {36}, {20,} or {20,40}"))
    }
}

fn repeat(node: Node, min: u32, max: u32) -> Node {
    if (min, max) == (1, 1) { node } else { Node::Repeat(Box::new(node), min, max) }
}

fn uuid() -> Node {
    let hex = |n| Node::Repeat(Box::new(Node::Class(Set::named("hex").unwrap_or_default())), n, n);
    let dash = || Node::Literal(b"-".to_vec());
    Node::Sequence(vec![hex(8), dash(), hex(4), dash(), hex(4), dash(), hex(4), dash(), hex(12)])
}

fn contains_secret(node: &Node) -> bool {
    match node {
        Node::Secret(_) => true,
        Node::Sequence(items) | Node::Choice(items) => items.iter().any(contains_secret),
        Node::Repeat(item, ..) => contains_secret(item),
        _ => false,
    }
}

/// A piece of a straight sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes as they are.
    Literal(Vec<u8>),
    /// Bytes in either case, stored in lower case.
    Folded(Vec<u8>),
    /// `min` to `max` bytes of a set, greedy.
    Run(Set, u32, u32),
    /// The secret part begins here.
    SecretStart,
    /// The secret part ends here.
    SecretEnd,
}

/// Multiplies alternatives and options out into straight sequences, first choice first. `None` if there would be more
/// than a few dozen or one of them were very long, or if a group is repeated a variable number of times.
#[must_use]
pub fn flatten(node: &Node) -> Option<Vec<Vec<Piece>>> {
    let mut all = vec![Vec::new()];
    append(node, &mut all)?;
    for sequence in &mut all {
        join_literals(sequence);
    }
    Some(all)
}

fn append(node: &Node, all: &mut Vec<Vec<Piece>>) -> Option<()> {
    match node {
        Node::Literal(s) => push(all, &Piece::Literal(s.clone())),
        Node::Folded(s) => push(all, &Piece::Folded(s.clone())),
        Node::Class(set) => push(all, &Piece::Run(*set, 1, 1)),
        Node::Sequence(items) => items.iter().try_for_each(|item| append(item, all))?,
        Node::Choice(arms) => branch(all, &arms.iter().map(Some).collect::<Vec<_>>())?,
        Node::Secret(item) => {
            push(all, &Piece::SecretStart);
            append(item, all)?;
            push(all, &Piece::SecretEnd);
        }
        Node::Repeat(item, min, max) => match &**item {
            Node::Class(set) => push(all, &Piece::Run(*set, *min, *max)),
            Node::Literal(s) if s.len() == 1 => push(all, &Piece::Run(Set::of(s), *min, *max)),
            other if min == max && *max <= 8 => (0..*max).try_for_each(|_| append(other, all))?,
            other if *max == 1 => branch(all, &[Some(other), None])?,
            _ => return None,
        },
    }
    (all.len() <= MAX_SEQUENCES && all.iter().all(|sequence| sequence.len() <= MAX_PIECES)).then_some(())
}

fn branch(all: &mut Vec<Vec<Piece>>, arms: &[Option<&Node>]) -> Option<()> {
    let mut out = Vec::new();
    for prefix in all.drain(..) {
        for arm in arms {
            let mut one = vec![prefix.clone()];
            if let Some(node) = arm {
                append(node, &mut one)?;
            }
            out.append(&mut one);
            if out.len() > MAX_SEQUENCES {
                return None;
            }
        }
    }
    *all = out;
    Some(())
}

fn push(all: &mut [Vec<Piece>], piece: &Piece) {
    for sequence in all {
        sequence.push(piece.clone());
    }
}

fn join_literals(sequence: &mut Vec<Piece>) {
    let mut out: Vec<Piece> = Vec::with_capacity(sequence.len());
    for piece in sequence.drain(..) {
        match (out.last_mut(), piece) {
            (Some(Piece::Literal(a)), Piece::Literal(b)) => a.extend(b),
            (Some(Piece::Folded(a)), Piece::Folded(b)) => a.extend(b),
            (_, piece) => out.push(piece),
        }
    }
    *sequence = out;
}

/// The same token as a regular expression (regex-syntax, bytes), without its borders. The secret part is the group `secret`.
#[must_use]
pub fn to_regex(node: &Node) -> String {
    match node {
        Node::Literal(s) => s.iter().map(|b| escape(*b)).collect(),
        Node::Folded(s) => format!("(?i:{})", s.iter().map(|b| escape(*b)).collect::<String>()),
        Node::Class(set) => class_regex(set),
        Node::Sequence(items) => items.iter().map(to_regex).collect(),
        Node::Choice(arms) => format!("(?:{})", arms.iter().map(to_regex).collect::<Vec<_>>().join("|")),
        // Without an end it is a loop, which an automaton has room for; a few bytes more than the limit do no harm.
        Node::Repeat(item, min, max) if *max == MAX_COUNT => format!("(?:{}){{{min},}}", to_regex(item)),
        Node::Repeat(item, min, max) => format!("(?:{}){{{min},{max}}}", to_regex(item)),
        Node::Secret(item) => format!("(?P<secret>{})", to_regex(item)),
    }
}

/// The node as a parsed regular expression, without the name of the secret part.
#[must_use]
pub fn to_hir(node: &Node) -> Hir {
    let class = |set: &Set| Hir::class(Class::Bytes(ClassBytes::new(set.iter().map(|b| ClassBytesRange::new(b, b)))));
    let all = |items: &[Node]| items.iter().map(to_hir).collect::<Vec<_>>();
    match node {
        Node::Literal(s) => Hir::literal(s.as_slice()),
        Node::Folded(s) => {
            Hir::concat(s.iter().map(|b| class(&Set::of(&[b.to_ascii_lowercase(), b.to_ascii_uppercase()]))).collect())
        }
        Node::Class(set) => class(set),
        Node::Sequence(items) => Hir::concat(all(items)),
        Node::Choice(arms) => Hir::alternation(all(arms)),
        Node::Repeat(item, min, max) => {
            let max = (*max != MAX_COUNT).then_some(*max);
            Hir::repetition(Repetition { min: *min, max, greedy: true, sub: Box::new(to_hir(item)) })
        }
        Node::Secret(item) => to_hir(item),
    }
}

/// A set as a bracket expression.
#[must_use]
pub fn class_regex(set: &Set) -> String {
    format!("[{}]", set.iter().map(escape).collect::<String>())
}

fn escape(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("\\x{byte:02x}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_the_notation_allows() {
        for good in [
            r#""ghp_" base62{36}"#,
            r#"("AKIA" | "A3T" alnum-upper) base32{16}"#,
            r#"base64+"\n\r\\"{64,12000} "="{0,2}"#,
            r#"i"Endpoint=" (base62+"-_+/" | "%" hex{2}){43,90} @(base64{86} "==")"#,
            "uuid | base62{32}",
            r#""s.""x" print-"\"' "{1,}?"#,
        ] {
            let node = parse(good).unwrap();
            assert!(regex_automata::meta::Regex::new(&format!("(?-u){}", to_regex(&node))).is_ok(), "{good}");
        }
    }

    #[test]
    fn errors_name_the_place() {
        let check = |source: &str, at: usize, part: &str| {
            let error = parse(source).unwrap_err();
            assert!(error.at == at && error.what.contains(part), "{source}: {error}");
        };
        check("", 1, "expected a literal");
        check(r#""abc"#, 5, "at the end of the literal");
        check("base63{3}", 1, "no alphabet `base63`");
        check("hex{3", 6, "expected `}`");
        check("hex{5,3}", 9, "above the second");
        check("hex{3} )", 8, "without `(`");
        check("(hex", 5, "expected `)`");
        check(r#""\q""#, 3, "unknown escape");
        check("hex{0,99999}", 13, "a count above");
        check("@(hex) @(hex)", 9, "only one");
        check("hex{0,3}", 9, "match nothing");
        check(r#""\x+f""#, 5, "two hex digits");
        check("(hex{9000} \"-\"){9000}", 22, "more than 16384 characters");
        check("@(hex)?", 1, "must not be repeated");
        check(&"(".repeat(40), 17, "nested deeper");
    }

    #[test]
    fn flattens_choices_in_order() {
        let node = parse(r#"("a" | "b") "xy"? hex{2}"#).unwrap();
        let all = flatten(&node).unwrap();
        let heads: Vec<_> = all.iter().map(|s| format!("{:?}", s[0])).collect();
        assert_eq!(heads, ["Literal([97, 120, 121])", "Literal([97])", "Literal([98, 120, 121])", "Literal([98])"]);
        assert!(flatten(&parse(r#"("a" | hex){3,9}"#).unwrap()).is_none());
    }

    #[test]
    fn counts_of_counts_are_not_multiplied_out() {
        let nested = format!("\"abc\" {}hex{{0,3}}{}", "(".repeat(15), "){8}".repeat(15));
        assert!(flatten(&parse(&nested).unwrap()).is_none());
    }
}
