//! Turns rules into the engine's tables.
//!
//! It must not look at input. Start with [`compile`]. Each straight sequence of a token goes where it is cheapest to find:
//!
//! - *probe*: a literal at a fixed offset that begins a word and is followed by a long run: looked up at word starts;
//! - *infix*: a literal at a fixed offset inside a long run: looked up that far behind word starts;
//! - *word*: a literal that begins a word: looked up at word starts where the classifier gives a hint;
//! - *anywhere*: any other literal: searched by the classifier, which has room for a dozen;
//! - *keyword*: no literal at all: tried near its keywords;
//! - *value*: matched against whole values that an extractor found.
//!
//! What is no straight sequence becomes a regular expression, searched around a literal of it.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::super::rule::grammar::{self, Node, Piece};
use super::super::rule::load::{self, MIN_RUN};
use super::super::rule::required::facts_of;
use super::super::rule::set::{ALNUM, Set, TOKEN};
use super::super::rule::{From, Near, Pattern as Source, Regex, Rule, Search};
use super::anchor::{Anchor, Fold, anchor, secret_prefix, split_edges, word_start};
use super::classify::{Classifier, Fingerprint};
use super::hints::{Hints, Words};
use super::lazy::LazyRegex;
use super::near::{Candidate, Group};
use super::pattern::Pattern;
use super::table::{Head, Heads, Infixes, Starts};
use super::words::Keywords;

/// A rule the engine cannot work with.
#[derive(Debug, thiserror::Error)]
#[error("rule `{id}`: {what}")]
pub struct EngineError {
    /// The rule.
    pub id: String,
    /// Why.
    pub what: String,
}

/// What to do where a literal was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Action {
    /// Match pattern number so-and-so that begins so many bytes before.
    Pattern(u32, u32),
    /// The same where the bytes before are not of a known number: fewest and most.
    Back(u32, u32, u32),
    /// Search the regular expression of a rule around it.
    Regex(u32),
    /// Look for an assignment to a name that contains this.
    Assignment,
    /// Look for a URL with a password.
    Url,
    /// Look for the value of an authorization header.
    Header,
}

/// A literal of the classifier's set.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    /// Lower-cased where `folded`.
    pub(super) bytes: Vec<u8>,
    pub(super) folded: bool,
    /// What stands before it in the literal of the rule, which is looked up where a word begins in it.
    pub(super) before: Vec<u8>,
    /// Does it begin a word?
    pub(super) starts: bool,
    /// Is it found where a word begins?
    word: bool,
    pub(super) actions: Vec<Action>,
}

/// A probe: a pattern that begins `offset` bytes before it, or a regular expression.
#[derive(Debug, Clone, Copy)]
pub(super) enum Probe {
    Pattern { pattern: u32, offset: u32 },
    Regex { rule: u32 },
}

/// Everything the engine looks things up in.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) patterns: Vec<Pattern>,
    pub(super) sets: usize,
    pub(super) probes: Vec<Probe>,
    pub(super) probe_table: Starts,
    /// Patterns with a literal that far behind their start.
    pub(super) infixes: Infixes,
    pub(super) literals: Vec<Literal>,
    /// Those that may stand anywhere.
    pub(super) anywhere: Starts,
    /// Those that begin a word.
    pub(super) words: Heads,
    /// Where any of them, probes and keywords may begin.
    pub(super) hints: Hints,
    pub(super) classifier: Classifier,
    pub(super) keywords: Keywords,
    /// For each keyword, its patterns grouped by the set they begin with.
    pub(super) keyword_patterns: Vec<Vec<Group>>,
    /// For each keyword, how long a run must be for any of its patterns.
    pub(super) keyword_needs: Vec<usize>,
    pub(super) values: Values,
    /// For each rule, its regular expression if it needs one.
    pub(super) regexes: Vec<Option<LazyRegex>>,
    /// How many there are.
    pub(super) regex_count: usize,
    /// For each rule, the literals its secrets begin with: public, safe to show.
    pub(super) prefixes: Vec<Vec<String>>,
}

/// Rules that match whole values.
#[derive(Debug)]
pub(super) struct Values {
    /// Distinct normalised names, each with the rules that look for it.
    pub(super) names: Vec<(Vec<u8>, Vec<u32>)>,
    /// The names by how they begin.
    pub(super) index: Heads,
    /// Rules for passwords in URLs, each with the normalised names it looks for; for any name if there is none.
    pub(super) url: Vec<(u32, Vec<Vec<u8>>)>,
    /// The same for authorization headers.
    pub(super) header: Vec<(u32, Vec<Vec<u8>>)>,
    /// For each rule, its patterns that match whole values.
    pub(super) patterns: Vec<Vec<u32>>,
}

/// How rules spell one keyword.
type Spellings = Vec<Vec<u8>>;

/// Rules are no adversary: their words need no hash that resists one.
struct Builder {
    tables: Tables,
    sets: HashMap<Set, usize, FixedState>,
    /// Literal, whether its letters match in either case, number.
    probe_heads: Vec<(Vec<u8>, bool, u32)>,
    infix_pairs: Vec<(usize, [u8; 3], u32, usize)>,
    /// By normalised spelling.
    keyword_ids: HashMap<Vec<u8>, (usize, Spellings), FixedState>,
    /// By what is looked up, what stands before it and whether its letters match in either case; and names of values.
    literal_ids: HashMap<(Vec<u8>, Vec<u8>, bool), usize, FixedState>,
    name_ids: HashMap<Vec<u8>, usize, FixedState>,
}

/// Builds the tables.
pub(super) fn compile(rules: &[Rule]) -> Result<Tables, EngineError> {
    let nothing = Heads::new(std::iter::empty());
    let tables = Tables {
        patterns: Vec::new(),
        sets: 0,
        probes: Vec::new(),
        probe_table: Starts::new(std::iter::empty()),
        infixes: Infixes::new(Vec::new()),
        literals: Vec::new(),
        anywhere: Starts::new(std::iter::empty()),
        hints: Hints::new(&Words { literals: &[], anywhere: &[], probes: &[], keywords: &nothing }),
        words: nothing.clone(),
        classifier: Classifier::new(&[]),
        keywords: Keywords::new(&[]),
        keyword_patterns: Vec::new(),
        keyword_needs: Vec::new(),
        values: Values {
            names: Vec::new(),
            index: nothing,
            url: Vec::new(),
            header: Vec::new(),
            patterns: vec![Vec::new(); rules.len()],
        },
        regexes: vec![None; rules.len()],
        regex_count: 0,
        prefixes: vec![Vec::new(); rules.len()],
    };
    let mut builder = Builder {
        tables,
        sets: HashMap::default(),
        probe_heads: Vec::new(),
        infix_pairs: Vec::new(),
        keyword_ids: HashMap::default(),
        literal_ids: HashMap::default(),
        name_ids: HashMap::default(),
    };
    for (index, rule) in rules.iter().enumerate() {
        let index = u32::try_from(index).map_err(|_| error(rule, "too many rules"))?;
        builder.rule(index, rule, token(rule)?)?;
    }
    Ok(builder.finish())
}

/// A parsed token.
struct Token {
    node: Node,
    /// Does it match whole values?
    value: bool,
    /// Its straight sequences and how each is found; none if it needs an automaton.
    sequences: Option<Vec<(Vec<Piece>, Option<Anchor>)>>,
    prefixes: Vec<String>,
}

/// Parses the token of a rule; `None` if it has a regular expression.
fn token(rule: &Rule) -> Result<Option<Token>, EngineError> {
    let Source::Token(token) = &rule.pattern else { return Ok(None) };
    let node = grammar::parse(token).map_err(|e| error(rule, e.to_string()))?;
    let value = load::is_value_rule(rule, &node);
    let flat = grammar::flatten(&node);
    let prefixes = flat.iter().flatten().filter_map(|s| secret_prefix(s)).collect();
    let found = |s: Vec<Piece>| {
        let anchor = anchor(&s);
        (s, anchor)
    };
    let sequences = flat.map(|list| list.iter().flat_map(|s| split_edges(s)).map(found).collect());
    Ok(Some(Token { node, value, sequences, prefixes }))
}

fn error(rule: &Rule, what: impl Into<String>) -> EngineError {
    EngineError { id: rule.id.clone(), what: what.into() }
}

impl Builder {
    fn rule(&mut self, index: u32, rule: &Rule, token: Option<Token>) -> Result<(), EngineError> {
        if rule.search == Search::Text {
            return Ok(());
        }
        if let Some(from) = rule.from {
            self.value_names(index, from, &rule.keys);
        }
        if let Source::Regex(regex) = &rule.pattern {
            return self.regex(index, rule, regex);
        }
        let Some(token) = token else { return Ok(()) };
        if token.value {
            self.value_names(index, From::Assignment, &rule.keywords);
        }
        let Some(sequences) = &token.sequences else { return self.automaton(index, rule, &token) };
        for (sequence, anchor) in sequences {
            self.sequence((index, rule), sequence, anchor.as_ref(), &token)?;
        }
        self.tables.prefixes[index as usize] = token.prefixes;
        Ok(())
    }

    fn regex(&mut self, index: u32, rule: &Rule, regex: &Regex) -> Result<(), EngineError> {
        self.add_regex(index, LazyRegex::new(regex.source.clone(), &regex.facts).grouped(regex.group));
        match (rule.from, &regex.facts.required) {
            (None, Some(found)) => found.literals.iter().for_each(|l| self.regex_literal(index, l.as_bytes())),
            (None, None) => return Err(error(rule, "its regular expression has no literal of three or more characters")),
            (Some(_), _) => {}
        }
        Ok(())
    }

    fn sequence(
        &mut self,
        (index, rule): (u32, &Rule),
        sequence: &[Piece],
        anchor: Option<&Anchor>,
        token: &Token,
    ) -> Result<(), EngineError> {
        let sets = &mut self.sets;
        let mut intern = |set| {
            let next = sets.len();
            *sets.entry(set).or_insert(next)
        };
        let Some(pattern) = Pattern::new(index, sequence, &mut intern) else { return self.automaton(index, rule, token) };
        let number = u32::try_from(self.tables.patterns.len()).map_err(|_| error(rule, "too many patterns"))?;
        self.tables.patterns.push(pattern);
        if rule.from.is_some() || token.value {
            self.tables.values.patterns[index as usize].push(number);
            return Ok(());
        }
        match anchor {
            Some(Anchor::Probe(offset, keys, literal)) => {
                let id = u32::try_from(self.tables.probes.len()).map_err(|_| error(rule, "too many patterns"))?;
                self.tables.probes.push(Probe::Pattern { pattern: number, offset: *offset });
                let folded = literal.is_empty();
                let long = literal.len() >= 3;
                self.probe_heads.extend(keys.iter().map(|k| (if long { literal.clone() } else { k.to_vec() }, folded, id)));
            }
            Some(Anchor::Infix(offset, key)) => {
                let need = self.tables.patterns[number as usize].needs_run();
                self.infix_pairs.push((*offset, *key, number, need));
            }
            Some(Anchor::Literal(offset, bytes, fold)) => self.literal((&[], bytes), *fold, Action::Pattern(number, *offset)),
            Some(Anchor::Back(lead, (before, bytes))) => {
                self.literal((before, bytes), Fold::No, Action::Back(number, lead.0, lead.1));
            }
            // A literal too short to be searched for, and keywords to look near instead.
            Some(Anchor::Floating) if !rule.keywords.is_empty() && facts_of(&grammar::to_hir(&token.node)).required.is_none() => {
                self.keyword_pattern(rule, number);
            }
            Some(Anchor::Floating) => {
                self.tables.patterns.pop();
                return self.automaton(index, rule, token);
            }
            None if rule.keywords.is_empty() => return Err(error(rule, "no literal and no keywords")),
            None => self.keyword_pattern(rule, number),
        }
        Ok(())
    }

    /// A token that is no straight sequence, or whose literal floats.
    fn automaton(&mut self, index: u32, rule: &Rule, token: &Token) -> Result<(), EngineError> {
        if self.tables.regexes[index as usize].is_some() {
            return Ok(());
        }
        let facts = facts_of(&grammar::to_hir(&token.node));
        self.add_regex(index, LazyRegex::bordered(grammar::to_regex(&token.node), &facts));
        if rule.from.is_some() || token.value {
            return Ok(());
        }
        let Some(found) = facts.required else {
            return Err(error(rule, "too many alternatives, and no literal of three or more characters in all of them"));
        };
        found.literals.iter().for_each(|l| self.regex_literal(index, l.as_bytes()));
        Ok(())
    }

    fn add_regex(&mut self, rule: u32, regex: LazyRegex) {
        self.tables.regexes[rule as usize] = Some(regex.numbered(self.tables.regex_count));
        self.tables.regex_count += 1;
    }

    fn regex_literal(&mut self, rule: u32, literal: &[u8]) {
        let long = literal.len() >= MIN_RUN && literal.iter().all(|b| TOKEN.has(*b)) && ALNUM.has(literal[0]);
        if long {
            let id = u32::try_from(self.tables.probes.len()).expect("as many probes as rules");
            self.tables.probes.push(Probe::Regex { rule });
            self.probe_heads.push((literal.to_vec(), true, id));
        } else {
            let start = word_start(literal, true).unwrap_or(0);
            self.literal(literal.split_at(start), Fold::Yes, Action::Regex(rule));
        }
    }

    /// Adds a literal, given as what stands before the part that is looked up, and that part.
    fn literal(&mut self, literal: (&[u8], &[u8]), fold: Fold, action: Action) {
        let (before, bytes) = literal;
        let folded = fold != Fold::No;
        // A stem is looked for inside words: `dbpassword`. All else begins a word if it can, and is found there if it is long enough
        // for the hints.
        let starts = bytes.len() >= 3 && bytes[..3].iter().all(|b| ALNUM.has(*b)) && !STEMS.contains(&bytes);
        let word = starts && bytes.len() >= 4 && TOKEN.has(bytes[3]);
        let literals = &mut self.tables.literals;
        let known = *self.literal_ids.entry((bytes.to_vec(), before.to_vec(), folded)).or_insert(literals.len());
        match literals.get_mut(known) {
            Some(known) if known.actions.contains(&action) => {}
            Some(known) => known.actions.push(action),
            None => {
                let (bytes, before) = (bytes.to_vec(), before.to_vec());
                literals.push(Literal { bytes, folded, before, starts, word, actions: vec![action] });
            }
        }
    }

    fn keyword_pattern(&mut self, rule: &Rule, number: u32) {
        let need_set = &mut self.sets;
        let first = self.tables.patterns[number as usize].first_run();
        let (set, id, min, max) = first.unwrap_or_else(|| {
            let next = need_set.len();
            (ALNUM, *need_set.entry(ALNUM).or_insert(next), 0, usize::MAX)
        });
        let need = self.tables.patterns[number as usize].needs_run().max(min);
        let candidate = Candidate { pattern: number, need, min, max };
        for keyword in &rule.keywords {
            let next = self.keyword_ids.len();
            let entry = self.keyword_ids.entry(super::words::normalise(keyword.as_bytes())).or_insert((next, Vec::new()));
            if entry.1.iter().all(|known| known != keyword.as_bytes()) {
                entry.1.push(keyword.clone().into_bytes());
            }
            let keyword = entry.0;
            if keyword == self.tables.keyword_patterns.len() {
                self.tables.keyword_patterns.push(Vec::new());
            }
            let groups = &mut self.tables.keyword_patterns[keyword];
            match groups.iter_mut().find(|g| g.set == set) {
                Some(group) if group.patterns.iter().any(|c| c.pattern == number) => {}
                Some(group) => {
                    group.need = group.need.min(need);
                    group.patterns.push(candidate);
                }
                None => groups.push(Group { set, id, need, patterns: vec![candidate] }),
            }
        }
    }

    fn value_names(&mut self, index: u32, from: From, keys: &[String]) {
        let normal = || keys.iter().map(|k| super::words::normalise(k.as_bytes())).collect();
        match from {
            From::UrlPassword => {
                self.literal((b"", b"://"), Fold::No, Action::Url);
                self.tables.values.url.push((index, normal()));
            }
            From::AuthHeader => {
                self.literal((b"", b"basic "), Fold::Yes, Action::Header);
                self.literal((b"", b"bearer "), Fold::Yes, Action::Header);
                self.tables.values.header.push((index, normal()));
            }
            From::Assignment => {
                for key in keys {
                    let name = super::words::normalise(key.as_bytes());
                    // The name is read to both sides of what is found: a stem of it is enough.
                    match STEMS.iter().find(|stem| memchr::memmem::find(&name, stem).is_some()) {
                        Some(stem) => self.literal((b"", stem), Fold::Yes, Action::Assignment),
                        None => spellings(key.trim_end_matches('$'))
                            .iter()
                            .for_each(|s| self.literal((b"", s), Fold::Yes, Action::Assignment)),
                    }
                    let names = &mut self.tables.values.names;
                    let known = *self.name_ids.entry(name.clone()).or_insert(names.len());
                    match names.get_mut(known) {
                        Some((_, rules)) => rules.push(index),
                        None => names.push((name, vec![index])),
                    }
                }
            }
        }
    }

    fn finish(mut self) -> Tables {
        self.tables.sets = self.sets.len();
        let probes = self.probe_heads.iter().map(|(word, folded, id)| (Head { word, folded: *folded }, *id));
        self.tables.probe_table = Starts::new(probes.clone());
        let probes: Vec<_> = probes.flat_map(|(head, _)| head.first_three()).collect();
        self.tables.infixes = Infixes::new(std::mem::take(&mut self.infix_pairs));
        let mut words: Vec<_> = std::mem::take(&mut self.keyword_ids).into_iter().collect();
        words.sort_by_key(|(_, (id, _))| *id);
        self.tables.keywords = Keywords::new(&words.into_iter().map(|(word, (_, spelt))| (word, spelt)).collect::<Vec<_>>());
        let need = |groups: &Vec<Group>| groups.iter().map(|g| g.need).min().unwrap_or(0);
        self.tables.keyword_needs = self.tables.keyword_patterns.iter().map(need).collect();
        self.literals(&probes);
        self.tables
    }

    /// Puts the literals where they are looked up.
    fn literals(&mut self, probes: &[[u8; 3]]) {
        let literals = &mut self.tables.literals;
        literals.sort_by_cached_key(|l| l.bytes[..4.min(l.bytes.len())].to_vec());
        let prints: Vec<_> = literals.iter().filter(|l| !l.word).map(|l| (fingerprint(l), l.starts)).collect();
        self.tables.classifier = Classifier::new(&prints);
        let literals = &self.tables.literals;
        let of = |word: bool| {
            let some = literals.iter().zip(0u32..).filter(move |(l, _)| l.word == word);
            some.map(|(l, id)| (Head { word: &l.bytes, folded: l.folded }, id))
        };
        self.tables.anywhere = Starts::new(of(false));
        self.tables.words = Heads::new(of(true));
        let [anywhere, words] = [false, true].map(|word| of(word).map(|(head, _)| head).collect::<Vec<_>>());
        let keywords = self.tables.keywords.heads();
        self.tables.hints = Hints::new(&Words { literals: &words, anywhere: &anywhere, probes, keywords });
        let names = self.tables.values.names.iter().zip(0u32..);
        let head = |n: &'_ Vec<u8>| n.strip_suffix(b"$").map_or(n.len(), <[u8]>::len);
        self.tables.values.index = Heads::new(names.map(|((n, _), id)| (Head { word: &n[..head(n)], folded: false }, id)));
    }
}

/// Parts of names that stand for many names, looked for inside words. Each costs a place among the literals that may stand anywhere.
const STEMS: &[&[u8]] = &[b"secret", b"token", b"pass", b"pwd", b"cred", b"key", b"auth"];

/// Four sets of bytes that a literal begins with.
fn fingerprint(literal: &Literal) -> Fingerprint {
    let set = |i: usize| match literal.bytes.get(i) {
        Some(b) if literal.folded => {
            let mut both = vec![b.to_ascii_lowercase(), b.to_ascii_uppercase()];
            both.dedup();
            both
        }
        Some(b) => vec![*b],
        None => (0..=255).collect(),
    };
    [set(0), set(1), set(2), set(3)]
}

/// How a name such as `api_key` may be spelt.
fn spellings(key: &str) -> Vec<Vec<u8>> {
    let key = key.to_ascii_lowercase();
    if !key.contains(['_', '-']) {
        return vec![key.into_bytes()];
    }
    ["_", "-", ""].iter().map(|s| key.replace(['_', '-'], s).into_bytes()).collect()
}

/// Is the rule one whose keywords must be in the name?
pub(super) fn wants_key(rule: &Rule) -> bool {
    rule.near == Near::Key
}
