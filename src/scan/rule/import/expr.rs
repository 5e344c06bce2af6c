//! The filters of betterleaks: expressions that drop a match where they are true. A part of the language, as far as `[[ignore]]` can say it.
//!
//! It must not know rules. Start with [`read`]. Known are `||`, `&&`, brackets, `matchesAny(…)` and `containsAny(…)` on the secret, the match, the line and
//! the path, and `entropy(finding["secret"]) < n`, also with `filter.` before. A condition that is not known is left out: then the rule finds more.

use super::super::ignore::Ignore;
use super::go::translate;

/// What a filter comes to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Filter {
    /// A match is dropped where one of these holds.
    pub(super) ignore: Vec<Ignore>,
    /// A match is dropped with an entropy below, or at it: the number and whether it is dropped at it.
    pub(super) entropy: Option<(f64, bool)>,
    /// What could not be said.
    pub(super) left: Vec<String>,
}

/// Conditions deeper in each other are not read.
const DEPTH: usize = 32;

/// Reads a filter.
pub(super) fn read(text: &str) -> Filter {
    let mut out = Filter::default();
    let parsed = tokens(text).and_then(|tokens| {
        let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
        let tree = parser.any()?;
        if parser.at < tokens.len() { Err(parser.unknown()) } else { Ok(tree) }
    });
    match parsed {
        Ok(Tree::Any(arms)) => arms.iter().for_each(|arm| out.arm(arm)),
        Ok(tree) => out.arm(&tree),
        Err(what) => out.left.push(what),
    }
    out
}

impl Filter {
    /// One of the conditions of which one is enough.
    fn arm(&mut self, tree: &Tree) {
        match tree {
            Tree::Any(arms) => arms.iter().for_each(|arm| self.arm(arm)),
            Tree::Entropy(limit, at) => {
                let (old, _) = self.entropy.unwrap_or((0.0, false));
                if *limit >= old {
                    self.entropy = Some((*limit, *at));
                }
            }
            Tree::One(ignore) => self.ignore.push((**ignore).clone()),
            Tree::All(parts) => match together(parts) {
                Ok(ignore) => self.ignore.push(ignore),
                Err(what) => self.left.push(what),
            },
            Tree::Unknown(what) => self.left.push(what.clone()),
        }
    }
}

/// Conditions all of which must hold, in one.
fn together(parts: &[Tree]) -> Result<Ignore, String> {
    let mut all = Ignore { all: true, ..Ignore::default() };
    for part in parts {
        let Tree::One(one) = part else {
            return Err(match part {
                Tree::Unknown(what) => what.clone(),
                _ => "a condition inside `&&` that is no list of words or expressions".to_owned(),
            });
        };
        let into = [
            (&mut all.words, &one.words),
            (&mut all.secret, &one.secret),
            (&mut all.matched, &one.matched),
            (&mut all.line, &one.line),
            (&mut all.paths, &one.paths),
        ];
        for (into, from) in into {
            if !into.is_empty() && !from.is_empty() {
                return Err("two conditions on the same part inside `&&`".to_owned());
            }
            into.extend(from.iter().cloned());
        }
    }
    Ok(all)
}

#[derive(Debug)]
enum Tree {
    Any(Vec<Tree>),
    All(Vec<Tree>),
    One(Box<Ignore>),
    Entropy(f64, bool),
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

const SIGNS: [&str; 18] = ["||", "&&", "<=", ">=", "==", "!=", "??", "?.", "(", ")", "[", "]", ",", "<", ">", "!", "?", "."];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if let Some(raw) = raw(rest) {
            raw
        } else if matches!(first, '"' | '\'' | '`') {
            string(rest, first)?
        } else if first.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            (Token::Number(rest[..length].parse().map_err(|_| "a number that is none".to_owned())?), length)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Name(rest[..length].to_owned()), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err(format!("the sign `{first}`"));
        };
        out.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(out)
}

/// `r"…"` and `r"""…"""`.
fn raw(text: &str) -> Option<(Token, usize)> {
    let quoted = text.strip_prefix('r')?;
    let quote = ["\"\"\"", "\'\'\'", "\"", "\'"].into_iter().find(|quote| quoted.starts_with(quote))?;
    let inner = &quoted[quote.len()..];
    let end = inner.find(quote)?;
    Some((Token::Text(inner[..end].to_owned()), 1 + end + 2 * quote.len()))
}

fn string(text: &str, quote: char) -> Result<(Token, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((Token::Text(out), at + 1)),
            '\\' if quote != '`' => match chars.next().map(|(_, c)| c) {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(c @ ('\\' | '"' | '\'')) => out.push(c),
                _ => return Err("an escape in a text".to_owned()),
            },
            c => out.push(c),
        }
    }
    Err("a text that does not end".to_owned())
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn eat(&mut self, sign: &str) -> bool {
        let hit = matches!(self.tokens.get(self.at), Some(Token::Sign(s)) if *s == sign);
        self.at += usize::from(hit);
        hit
    }

    fn need(&mut self, sign: &str) -> Result<(), String> {
        if self.eat(sign) { Ok(()) } else { Err(self.unknown()) }
    }

    fn name(&mut self) -> Option<String> {
        match self.tokens.get(self.at) {
            Some(Token::Name(name)) => {
                self.at += 1;
                Some(name.clone())
            }
            _ => None,
        }
    }

    fn text(&mut self) -> Option<String> {
        match self.tokens.get(self.at) {
            Some(Token::Text(text)) => {
                self.at += 1;
                Some(text.clone())
            }
            _ => None,
        }
    }

    fn unknown(&self) -> String {
        match self.tokens.get(self.at) {
            Some(Token::Name(name)) => format!("`{name}`"),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
            Some(Token::Text(_)) => "a text where none is known".to_owned(),
            Some(Token::Number(_)) => "a number where none is known".to_owned(),
            None => "an expression that does not end".to_owned(),
        }
    }

    fn any(&mut self) -> Result<Tree, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("conditions too deep in each other".to_owned());
        }
        let mut arms = vec![self.all()?];
        while self.eat("||") || self.word("or") {
            arms.push(self.all()?);
        }
        self.depth -= 1;
        Ok(if arms.len() == 1 { arms.remove(0) } else { Tree::Any(arms) })
    }

    fn all(&mut self) -> Result<Tree, String> {
        let mut parts = vec![self.one()?];
        while self.eat("&&") || self.word("and") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Tree::All(parts) })
    }

    fn word(&mut self, word: &str) -> bool {
        let hit = matches!(self.tokens.get(self.at), Some(Token::Name(name)) if name == word);
        self.at += usize::from(hit);
        hit
    }

    fn one(&mut self) -> Result<Tree, String> {
        if self.eat("(") {
            let tree = self.any()?;
            self.need(")")?;
            return Ok(tree);
        }
        if self.eat("!") || self.word("not") {
            self.one()?;
            return Ok(Tree::Unknown("a negation".to_owned()));
        }
        let start = self.at;
        let Some(mut name) = self.name() else { return Err(self.unknown()) };
        if name == "filter" && self.eat(".") {
            let Some(next) = self.name() else { return Err(self.unknown()) };
            name = next;
        }
        match name.as_str() {
            "matchesAny" | "containsAny" => self.list(&name),
            "entropy" => self.entropy(),
            _ => {
                self.at = start;
                if let Some(equal) = self.equal() {
                    return Ok(equal);
                }
                self.at = start;
                self.skip(&name)
            }
        }
    }

    /// `finding["secret"] == "…"`.
    fn equal(&mut self) -> Option<Tree> {
        let part = self.part().ok()?;
        if !self.eat("==") {
            return None;
        }
        let regex = vec![format!("\\A{}\\z", regex_syntax::escape(&self.text()?))];
        let none = Ignore::default;
        Some(Tree::One(Box::new(match part {
            Part::Secret => Ignore { secret: regex, ..none() },
            Part::Match => Ignore { matched: regex, ..none() },
            Part::Line => Ignore { line: regex, ..none() },
            Part::Path => Ignore { paths: regex, ..none() },
        })))
    }

    /// A function that is not known, with its arguments and what it is compared with.
    fn skip(&mut self, name: &str) -> Result<Tree, String> {
        let mut open = 0usize;
        while let Some(token) = self.tokens.get(self.at) {
            match token {
                Token::Sign("(" | "[") => open += 1,
                Token::Sign(")" | "]") if open == 0 => break,
                Token::Sign(")" | "]") => open -= 1,
                Token::Sign("||" | "&&") if open == 0 => break,
                Token::Sign("?" | "??") if open == 0 => return Err("a choice with `?`".to_owned()),
                _ => {}
            }
            self.at += 1;
        }
        Ok(Tree::Unknown(format!("`{name}`")))
    }

    fn list(&mut self, name: &str) -> Result<Tree, String> {
        self.need("(")?;
        let part = self.part()?;
        self.need(",")?;
        self.need("[")?;
        let mut items = Vec::new();
        while let Some(item) = self.text() {
            items.push(item);
            if !self.eat(",") {
                break;
            }
        }
        self.need("]")?;
        self.need(")")?;
        let words = name == "containsAny";
        let translated =
            |items: &[String]| items.iter().map(|item| translate(item).map(|t| t.text)).collect::<Result<Vec<_>, _>>();
        let items = if words { Ok(items) } else { translated(&items) };
        let items = match items {
            Ok(items) => items,
            Err(what) => return Ok(Tree::Unknown(what)),
        };
        let mut ignore = Ignore::default();
        match (part, words) {
            (Part::Secret, true) => ignore.words = items,
            (Part::Secret, false) => ignore.secret = items,
            // Words elsewhere, in any case, as expressions.
            (part, words) => {
                let plain = |item: &String| format!("(?i){}", regex_syntax::escape(item));
                let items = if words { items.iter().map(plain).collect() } else { items };
                match part {
                    Part::Match => ignore.matched = items,
                    Part::Line => ignore.line = items,
                    Part::Path | Part::Secret => ignore.paths = items,
                }
            }
        }
        Ok(Tree::One(Box::new(ignore)))
    }

    fn entropy(&mut self) -> Result<Tree, String> {
        self.need("(")?;
        let part = self.part()?;
        self.need(")")?;
        let at = if self.eat("<=") {
            true
        } else {
            self.need("<")?;
            false
        };
        let Some(Token::Number(limit)) = self.tokens.get(self.at) else { return Err(self.unknown()) };
        self.at += 1;
        Ok(if matches!(part, Part::Secret) {
            Tree::Entropy(*limit, at)
        } else {
            Tree::Unknown("the entropy of a part".to_owned())
        })
    }

    /// `finding["secret"]`, `finding.match`, `attributes["path"]`, `get(attributes, "path", "")`.
    fn part(&mut self) -> Result<Part, String> {
        let start = self.at;
        let name = self.name();
        let field = match name.as_deref() {
            Some("finding" | "attributes") => {
                if self.eat(".") || self.eat("?.") {
                    self.name()
                } else {
                    self.need("[")?;
                    self.eat("?");
                    let field = self.text();
                    self.need("]")?;
                    field
                }
            }
            Some("get") => {
                self.need("(")?;
                self.name();
                self.need(",")?;
                let field = self.text();
                self.need(",")?;
                self.text();
                self.need(")")?;
                field
            }
            _ => None,
        };
        if self.eat("??") {
            self.text();
        } else if self.eat(".") {
            // `.orValue("")`
            self.name();
            self.need("(")?;
            self.text();
            self.need(")")?;
        }
        match field.as_deref() {
            Some("secret") => Ok(Part::Secret),
            Some("match") => Ok(Part::Match),
            Some("line") => Ok(Part::Line),
            Some("path") => Ok(Part::Path),
            Some(other) => Err(format!("`{}`", other.chars().take(40).collect::<String>())),
            None => {
                self.at = start;
                Err(self.unknown())
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Secret,
    Match,
    Line,
    Path,
}

#[cfg(test)]
mod tests {
    use super::{Filter, Ignore, read};

    fn list(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn what_is_known_is_read() {
        let check = |text: &str, ignore: Vec<Ignore>, entropy: Option<(f64, bool)>| {
            assert_eq!(read(text), Filter { ignore, entropy, left: Vec::new() }, "{text}");
        };
        let none = Ignore::default;
        check("entropy(finding[\"secret\"]) <= 3.5", vec![], Some((3.5, true)));
        check("filter.entropy(finding.secret) < 3", vec![], Some((3.0, false)));
        check("matchesAny(finding[\"secret\"], [`^a\\d`, 'b',])", vec![Ignore { secret: list(&["^a\\d", "b"]), ..none() }], None);
        check("containsAny(finding[\"secret\"], [\"a\\\"b\"])", vec![Ignore { words: list(&["a\"b"]), ..none() }], None);
        check("matchesAny(get(attributes, \"path\", \"\"), [`x`])", vec![Ignore { paths: list(&["x"]), ..none() }], None);
        check("matchesAny(attributes[?\"path\"] ?? \"\", [`x`])", vec![Ignore { paths: list(&["x"]), ..none() }], None);
        check(
            "(matchesAny(finding[\"line\"], [`x`]) && matchesAny(finding[\"match\"], [`{`])) || entropy(finding[\"secret\"]) <= 2",
            vec![Ignore { all: true, line: list(&["x"]), matched: list(&["\\{"]), ..none() }],
            Some((2.0, true)),
        );
        check("finding[\"secret\"] == \"a.b\"", vec![Ignore { secret: list(&["\\Aa\\.b\\z"]), ..none() }], None);
        check(
            "filter.matchesAny(attributes[?\"path\"].orValue(\"\"), [r\"\"\"\\.md$\"\"\"])",
            vec![Ignore { paths: list(&["\\.md$"]), ..none() }],
            None,
        );
        check("containsAny(finding[\"line\"], [\"a.b\"])", vec![Ignore { line: list(&["(?i)a\\.b"]), ..none() }], None);
    }

    #[test]
    fn what_is_not_known_is_named() {
        let check = |text: &str, expected: &[&str]| assert_eq!(read(text).left, expected, "{text}");
        check("failsTokenEfficiency(finding[\"secret\"])", &["`failsTokenEfficiency`"]);
        check("entropy(finding[\"secret\"]) <= 3 || filter.tokenRatio(finding[\"secret\"]) >= 2.5", &["`tokenRatio`"]);
        check("!matchesAny(finding[\"secret\"], [`x`])", &["a negation"]);
        check(
            "entropy(finding[\"secret\"]) <= 3 && containsAny(finding[\"secret\"], [\"x\"])",
            &["a condition inside `&&` that is no list of words or expressions"],
        );
        check("matchesAny(finding[\"colour\"], [`x`])", &["`colour`"]);
        check("matchesAny(finding[\"secret\"], [`(?=x)`])", &["look-around"]);
        check("let x = 1; x == 1", &["the sign `=`"]);
        check("a ? b : c", &["the sign `:`"]);
        check("\"a", &["a text that does not end"]);
        check("", &["an expression that does not end"]);
        check(&"(".repeat(1000), &["conditions too deep in each other"]);
        check(&format!("{}x", "!".repeat(100)), &["a negation"]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in r#"(matchesAny|entropy|finding|get|secret|"a"|`x`|[()\[\],.<=&|!?]|\|\||&&|[0-9. ]|.){0,30}"#) {
            drop(read(&text));
        }
    }
}
