//! The conditions of `[[ignore]]`, compiled when first used and once for all rules that share them.
//!
//! It must not know rules. Start with [`Ignores::of`].

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;

use super::super::super::rule::ignore::Ignore;
use super::Context;

/// Bytes of a line on each side of a match that conditions on lines look at.
const LINE: usize = 8 * 1024;
/// Bytes that the automaton of a list of regular expressions may take.
const LIMIT: usize = 64 << 20;

/// One `[[ignore]]`, ready to be tested.
#[derive(Debug)]
pub(super) struct Ready {
    ignore: Arc<Ignore>,
    secret: OnceLock<Option<Regex>>,
    matched: OnceLock<Option<Regex>>,
    line: OnceLock<Option<Regex>>,
    paths: OnceLock<Option<Regex>>,
}

/// Those of all rules: each once, however many rules share it.
#[derive(Debug, Default)]
pub(super) struct Ignores(HashMap<usize, Arc<Ready>>);

impl Ignores {
    /// Those of a rule.
    pub(super) fn of(&mut self, list: &[Arc<Ignore>]) -> Vec<Arc<Ready>> {
        let ready = |ignore: &Arc<Ignore>| {
            let known = self.0.entry(Arc::as_ptr(ignore) as usize).or_insert_with(|| Arc::new(Ready::new(ignore)));
            Arc::clone(known)
        };
        list.iter().map(ready).collect()
    }
}

impl Ready {
    fn new(ignore: &Arc<Ignore>) -> Self {
        let none = OnceLock::new;
        Self { ignore: Arc::clone(ignore), secret: none(), matched: none(), line: none(), paths: none() }
    }

    /// Does the condition on paths hold?
    pub(super) fn path_holds(&self, path: Option<&str>) -> bool {
        path.is_some_and(|path| hit(&self.paths, &self.ignore.paths, path.as_bytes()))
    }

    /// Is the match no finding?
    pub(super) fn holds(&self, cx: &Context<'_>) -> bool {
        let span = cx.span;
        let secret = &cx.bytes[span.secret_start..span.secret_end];
        let ignore = &self.ignore;
        let path = || self.path_holds(cx.path);
        let line = || hit(&self.line, &ignore.line, lines(cx));
        let matched = || hit(&self.matched, &ignore.matched, trimmed(&cx.bytes[span.start..span.end]));
        let tests: [(bool, &dyn Fn() -> bool); 5] = [
            (!ignore.words.is_empty(), &|| has_word(&ignore.words, secret)),
            (!ignore.secret.is_empty(), &|| hit(&self.secret, &ignore.secret, secret)),
            (!ignore.matched.is_empty(), &matched),
            (!ignore.line.is_empty(), &line),
            (!ignore.paths.is_empty(), &path),
        ];
        let mut given = tests.iter().filter(|(given, _)| *given);
        if ignore.all { given.all(|(_, test)| test()) } else { given.any(|(_, test)| test()) }
    }
}

fn has_word(words: &[String], secret: &[u8]) -> bool {
    let lower = secret.to_ascii_lowercase();
    words.iter().any(|word| memchr::memmem::find(&lower, word.to_ascii_lowercase().as_bytes()).is_some())
}

fn hit(cell: &OnceLock<Option<Regex>>, sources: &[String], text: &[u8]) -> bool {
    cell.get_or_init(|| compiled(sources)).as_ref().is_some_and(|regex| regex.is_match(text))
}

/// Matches where one of them does. The loader has compiled each of them.
pub(super) fn compiled(sources: &[String]) -> Option<Regex> {
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    Regex::builder()
        .syntax(syntax)
        .configure(Config::new().utf8_empty(false).nfa_size_limit(Some(LIMIT)))
        .build_many(sources)
        .ok()
}

/// The lines of the match, without the last line end.
fn lines<'a>(cx: &Context<'a>) -> &'a [u8] {
    let (start, end) = (cx.span.start, cx.span.end);
    let from = start.saturating_sub(LINE);
    let from = memchr::memrchr(b'\n', &cx.bytes[from..start]).map_or(from, |line| from + line + 1);
    let to = cx.bytes.len().min(end + LINE);
    &cx.bytes[from..memchr::memchr(b'\n', &cx.bytes[end..to]).map_or(to, |line| end + line)]
}

fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b'\n', rest @ ..] | [rest @ .., b'\n'] = text {
        text = rest;
    }
    text
}
