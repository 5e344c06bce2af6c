//! Rules that search the text as it is: imported ones, whose matches need no literal and may begin inside a word.
//!
//! It must not decide between matches. Start with [`search`]. The words of all such rules are found in one pass; a rule's regular
//! expression is then searched around its words, or everywhere if it has none. That costs more per rule than the engine's tables, and
//! nothing where there are no such rules.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::super::rule::{Pattern, Rule, Search, TEXT_LIMIT};
use super::lazy::LazyRegex;
use super::meaning::{Context, Miss};
use super::pattern::Span;
use super::scratch::Scratch;
use super::search::MAX_MATCHES;
use super::{Engine, EngineError, Input, Match, Sink};

/// A match begins at most so far before or behind a word of its rule …
const REACH: usize = 12 * 1024;
/// … and ends at most so far behind that.
const LONGEST: usize = 7 * 1024;

/// Everything that is needed for these rules.
#[derive(Debug, Default)]
pub(super) struct Texts {
    rules: Vec<(u32, LazyRegex)>,
    /// All words, each once.
    words: Option<AhoCorasick>,
    /// For each word, who looks for it.
    owners: Vec<Vec<u32>>,
    /// Those without words.
    always: Vec<u32>,
}

impl Texts {
    /// Of a set of rules.
    pub(super) fn new(rules: &[Rule]) -> Result<Self, EngineError> {
        let mut out = Self::default();
        let mut ids: HashMap<String, usize> = HashMap::new();
        let mut words: Vec<String> = Vec::new();
        for (rule, index) in rules.iter().zip(0u32..).filter(|(rule, _)| rule.search == Search::Text) {
            let Pattern::Regex(regex) = &rule.pattern else { continue };
            let number = out.rules.len() as u32;
            out.rules.push((index, LazyRegex::new(regex.source.clone(), &regex.facts).grouped(regex.group).within(TEXT_LIMIT)));
            if rule.contains.is_empty() {
                out.always.push(number);
            }
            for word in &rule.contains {
                let word = word.to_ascii_lowercase();
                let id = *ids.entry(word.clone()).or_insert(words.len());
                if id == words.len() {
                    words.push(word);
                    out.owners.push(Vec::new());
                }
                out.owners[id].push(number);
            }
        }
        if !words.is_empty() {
            let built = AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(&words);
            let error = |e: aho_corasick::BuildError| EngineError { id: "imported".to_owned(), what: e.to_string() };
            out.words = Some(built.map_err(error)?);
        }
        Ok(out)
    }

    /// Are there none?
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Where the rules may match: for each rule with a place, ranges that are sorted and apart.
    fn places(&self, bytes: &[u8], first: usize) -> Vec<(u32, Vec<Range<usize>>)> {
        let mut places: Vec<Vec<Range<usize>>> = vec![Vec::new(); self.rules.len()];
        for rule in &self.always {
            places[*rule as usize].push(first..bytes.len());
        }
        for found in self.words.iter().flat_map(|words| words.find_overlapping_iter(bytes)) {
            let range = found.start().saturating_sub(REACH).max(first)..bytes.len().min(found.start() + REACH + LONGEST);
            for rule in &self.owners[found.pattern().as_usize()] {
                match places[*rule as usize].last_mut() {
                    Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                    _ => places[*rule as usize].push(range.clone()),
                }
            }
        }
        places.into_iter().zip(0u32..).filter(|(list, _)| !list.is_empty()).map(|(list, rule)| (rule, list)).collect()
    }
}

/// Adds the matches of these rules to those in `scratch`.
pub(super) fn search<S: Sink>(engine: &Engine, scratch: &mut Scratch, input: &Input<'_>, sink: &mut S) {
    if engine.texts.rules.is_empty() || input.bytes.is_empty() {
        return;
    }
    // A window that does not begin the file must not look as if it did.
    let first = usize::from(input.base > 0).min(input.bytes.len());
    for (number, ranges) in engine.texts.places(input.bytes, first) {
        let (index, regex) = &engine.texts.rules[number as usize];
        let (rule, judge) = (&engine.rules[*index as usize], &engine.judges[*index as usize]);
        if !judge.path_fits(rule, input.path) {
            continue;
        }
        for range in ranges {
            let mut found = |span: Span| one(engine, (scratch, input), (*index, span), sink);
            regex.find(input.bytes, range.start, range.end, &mut found);
        }
    }
}

fn one<S: Sink>(engine: &Engine, (scratch, input): (&mut Scratch, &Input<'_>), (index, span): (u32, Span), sink: &mut S) {
    let span = trimmed(input.bytes, span);
    if span.secret_end <= span.secret_start {
        return;
    }
    if scratch.matches.len() >= MAX_MATCHES {
        scratch.full = true;
        return;
    }
    let rule = &engine.rules[index as usize];
    let cx = Context { bytes: input.bytes, span, name: None, form: None, path: input.path, now: input.now };
    match engine.judges[index as usize].judge(rule, &cx) {
        Ok(v) => {
            let (severity, confidence, notes) = (v.severity, v.confidence, v.notes);
            scratch.matches.push(Match {
                rule: index,
                span,
                severity,
                confidence,
                keyword: None,
                name: None,
                notes,
                decoded: None,
            });
        }
        Err(why) => {
            if why == Miss::Marked {
                scratch.marked.push(span.secret_start);
            }
            sink.miss(index, span, why);
        }
    }
}

/// Without line ends at either end of a secret.
fn trimmed(bytes: &[u8], mut span: Span) -> Span {
    while span.secret_end > span.secret_start && matches!(bytes[span.secret_end - 1], b'\n' | b'\r') {
        span.secret_end -= 1;
    }
    while span.secret_end > span.secret_start && matches!(bytes[span.secret_start], b'\n' | b'\r') {
        span.secret_start += 1;
    }
    span
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::carry::Segment;
    use super::super::{Engine, Input, Match, Scratch};
    use crate::scan::rule::load;

    fn engine(rules: &str) -> Engine {
        let head = "provider = 'P'\nurl = 'https://p'\nfix = 'f'\n";
        let rule =
            "\nabout = 'a'\ncategory = 'c'\nseverity = 'low'\nconfidence = 'low'\nsearch = 'text'\nplaceholders = 'kept'\n";
        let text = format!("{head}{}", rules.replace("[[rule]]", &format!("[[rule]]{rule}")));
        Engine::new(load::parse_toml(Path::new("r"), &text).unwrap().into_iter().map(|e| e.rule).collect()).unwrap()
    }

    fn found(engine: &Engine, input: &Input<'_>) -> Vec<String> {
        let mut out = Vec::new();
        engine.scan(&mut Scratch::default(), input, &mut |m: &Match| {
            out.push(String::from_utf8_lossy(&input.bytes[m.span.secret_start..m.span.secret_end]).into_owned());
        });
        out
    }

    #[test]
    fn words_stand_around_a_match_and_not_further() {
        let engine = engine("[[rule]]\nid = 'k'\nregex = 'k=[a-z]{4}'\ncontains = ['Word']");
        let check = |before: usize, behind: usize, expected: &[&str]| {
            let text = format!("{}xk=abcd{}", "sword".to_owned() + &" ".repeat(before), " ".repeat(behind));
            assert_eq!(found(&engine, &Input::whole(text.as_bytes())), expected, "{before}");
        };
        check(0, 0, &["k=abcd"]);
        check(super::REACH - 10, 9, &["k=abcd"]);
        check(super::REACH + super::LONGEST + 10, 9, &[]);
        assert_eq!(found(&engine, &Input::whole(b"k=abcd")), [""; 0]);
        assert_eq!(found(&engine, &Input::whole(b"k=abcd WORD")), ["k=abcd"]);
    }

    #[test]
    fn the_start_is_that_of_the_file() {
        let engine = engine("[[rule]]\nid = 'k'\nregex = '\\A[a-z]+'");
        assert_eq!(found(&engine, &Input::whole(b"abc def")), ["abc"]);
        assert_eq!(found(&engine, &Input { base: 1024, ..Input::whole(b"abc def") }), [""; 0]);
    }

    #[test]
    fn a_version_of_a_text_has_the_findings_of_the_whole() {
        let engine =
            engine("[[rule]]\nid = 'k'\nregex = 'k=[a-z]{4}'\ncontains = ['word']\n[[rule]]\nid = 'j'\nregex = 'j=[a-z]{3}'");
        let (old, new) = (b"k=abcd j=xyz\n".repeat(40), [&b"k=abcd j=xyz\n".repeat(40)[..], b"word"].concat());
        let mut scratch = Scratch::default();
        let record = engine.scan_version(&mut scratch, &Input::whole(&old), None);
        assert_eq!(scratch.matches().len(), 40);
        let segments = [Segment { to: 0..old.len(), from: Some(0) }, Segment { to: old.len()..new.len(), from: None }];
        engine.scan_version(&mut scratch, &Input::whole(&new), Some((&record, &segments)));
        assert_eq!(scratch.matches().len(), 80);
    }
}
