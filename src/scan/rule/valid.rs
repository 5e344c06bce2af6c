//! Whether rules are well formed beyond their syntax.
//!
//! It must not read files. Start with [`validate`].

use regex_automata::meta::{self, BuildError, Config};
use regex_automata::util::syntax;

use super::grammar::{self, Node};
use super::load::{Fault, MIN_RUN, clip, fault, one_line};
use super::set::TOKEN;
use super::{From, Near, Pattern, Regex, Rule, Search, text};

/// Checks that cost time and can only fail while a rule is written.
pub(super) fn validate(rule: &Rule) -> Result<(), Fault> {
    let plain_id = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !plain_id(&rule.id) {
        return Err(fault("id", "allowed: lower-case letters, digits and dashes"));
    }
    if rule.about.trim().is_empty() {
        return Err(fault("about", "must not be empty"));
    }
    if !(0.0..=8.0).contains(&rule.entropy) {
        return Err(fault("entropy", "allowed: 0 to 8 bits per character"));
    }
    if let Some(word) = rule.keywords.iter().find(|k| folded_len(k) < 3) {
        return Err(fault("keywords", format!("`{}` is too short: a keyword has at least three letters or digits", clip(word))));
    }
    if rule.from.is_some() && !rule.keywords.is_empty() {
        return Err(fault("keywords", "`from` and `keywords` exclude each other: use `keys`"));
    }
    if rule.from == Some(From::Assignment) && rule.keys.is_empty() {
        return Err(fault("keys", "`from = \"assignment\"` needs the names it looks for"));
    }
    if rule.from.is_none() && !rule.keys.is_empty() {
        return Err(fault("keys", "only together with `from`"));
    }
    let mut keys = rule.keys.iter().map(|k| k.strip_suffix('$').unwrap_or(k));
    if let Some(key) = keys.find(|k| k.len() < 3 || !k.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.+".contains(&b))) {
        return Err(fault(
            "keys",
            format!(
                "`{}`: a key is three or more letters, digits, `_`, `-`, `.` or `+`, and `$` if the name must end there",
                clip(key)
            ),
        ));
    }
    text::validate(rule).map_err(|(field, what)| fault(field, what))?;
    for glob in rule.paths.only.iter().chain(&rule.paths.except) {
        check_glob(glob).map_err(|what| fault("paths", what))?;
    }
    for glob in &rule.allow.paths {
        check_glob(glob).map_err(|what| fault("allow", what))?;
    }
    for regex in &rule.allow.regexes {
        check_regex(regex).map_err(|e| fault("allow", e))?;
    }
    match &rule.pattern {
        Pattern::Token(token) => validate_token(rule, token),
        Pattern::Regex(regex) => validate_regex(rule, regex),
    }
}

/// A glob that can match something.
fn check_glob(glob: &str) -> Result<(), String> {
    let allowed = "allowed: globs such as `*.conf`, `**/etc/*` or `key[0-9].txt`";
    if glob.trim().is_empty() || glob.starts_with(['#', '!']) {
        return Err(format!("`{}` matches nothing; {allowed}", clip(glob)));
    }
    let mut builder = ignore::gitignore::GitignoreBuilder::new("");
    builder.allow_unclosed_class(false);
    let tried = builder.add_line(None, glob).map(|_| ()).and_then(|()| builder.build().map(|_| ()));
    tried.map_err(|e| format!("{}; {allowed}", one_line(&e.to_string())))
}

fn validate_token(rule: &Rule, token: &str) -> Result<(), Fault> {
    let node = grammar::parse(token).map_err(|e| fault("token", e.to_string()))?;
    if grammar::flatten(&node).is_none() {
        build_regex(&grammar::to_regex(&node))
            .map_err(|_| fault("token", "too large for an automaton: use fewer alternatives or smaller counts"))?;
    }
    if rule.from.is_some() || longest_literal(&node) >= 2 || is_value_rule(rule, &node) {
        return Ok(());
    }
    if rule.keywords.is_empty() {
        return Err(fault("keywords", "a token without a literal of two or more characters needs keywords, or `from`"));
    }
    if grammar::min_len(&node) < MIN_RUN || !begins_a_run(&node) {
        let what = format!(
            "a token without a literal must be {MIN_RUN} or more of [A-Za-z0-9_+/=.~-]; shorter values: `from = \"assignment\"`"
        );
        return Err(fault("token", what));
    }
    Ok(())
}

/// A rule with keywords in the name, whose token is too short or too free to be searched in runs: it matches whole values.
#[must_use]
pub fn is_value_rule(rule: &Rule, node: &Node) -> bool {
    let run = grammar::min_len(node) >= MIN_RUN && begins_a_run(node);
    let short = grammar::min_len(node) < MIN_RUN || longest_literal(node) < 2;
    rule.from.is_none() && rule.near == Near::Key && !rule.keywords.is_empty() && short && !run
}

fn validate_regex(rule: &Rule, regex: &Regex) -> Result<(), Fault> {
    if rule.search == Search::Text {
        return Ok(());
    }
    check_regex(&regex.source).map_err(|e| fault("regex", e))?;
    if rule.from.is_none() && regex.facts.required.is_none() {
        return Err(fault("regex", "needs a literal of three or more characters that every match contains, or `from`"));
    }
    Ok(())
}

/// Compiles a regular expression the way the engine does: over bytes, at most 4 MiB.
pub(crate) fn build_regex(source: &str) -> Result<meta::Regex, Box<BuildError>> {
    build_regex_within(source, 4 << 20)
}

/// The same with another limit, in bytes.
pub(crate) fn build_regex_within(source: &str, limit: usize) -> Result<meta::Regex, Box<BuildError>> {
    meta::Regex::builder()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .configure(Config::new().utf8_empty(false).nfa_size_limit(Some(limit)))
        .build(source)
        .map_err(Box::new)
}

fn check_regex(regex: &str) -> Result<(), String> {
    explained(build_regex(regex))
}

/// Why a regular expression was not compiled, in a sentence.
pub(super) fn explained<R>(built: Result<R, Box<BuildError>>) -> Result<(), String> {
    built.map(|_| ()).map_err(|e| match e.syntax_error() {
        // The first lines show the expression with marks under it, and the last one says what is wrong.
        Some(error) => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("{}; allowed: the syntax of Rust's regex crate", last.trim_start_matches("error: "))
        }
        None => "too large for an automaton: use smaller counts or fewer alternatives".to_owned(),
    })
}

/// Length of the longest literal that every match contains.
fn longest_literal(node: &Node) -> usize {
    match node {
        Node::Literal(s) | Node::Folded(s) => s.len(),
        Node::Class(_) => 0,
        Node::Sequence(items) => items.iter().map(longest_literal).max().unwrap_or(0),
        Node::Choice(items) => items.iter().map(longest_literal).min().unwrap_or(0),
        Node::Repeat(item, min, _) => {
            if *min == 0 {
                0
            } else {
                longest_literal(item)
            }
        }
        Node::Secret(item) => longest_literal(item),
    }
}

/// Is every match one run of token characters, or does it begin with one of sixteen and more?
fn begins_a_run(node: &Node) -> bool {
    match node {
        Node::Literal(s) | Node::Folded(s) => s.iter().all(|b| TOKEN.has(*b)),
        Node::Class(set) => set.within(&TOKEN),
        Node::Choice(items) => items.iter().all(begins_a_run),
        Node::Repeat(item, ..) | Node::Secret(item) => begins_a_run(item),
        Node::Sequence(items) => {
            let mut length = 0;
            items.iter().all(|item| {
                let good = length >= MIN_RUN || begins_a_run(item);
                length += grammar::min_len(item);
                good
            })
        }
    }
}

pub(super) fn folded_len(word: &str) -> usize {
    word.bytes().filter(u8::is_ascii_alphanumeric).count()
}
