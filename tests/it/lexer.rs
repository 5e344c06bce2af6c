//! Rust source to tokens, just well enough for `layers.rs`: comments vanish, literals become one token without content.
//!
//! It must not know what is looked for. Start with [`File::parse`].

/// A token and its line, which counts from 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A source file's tokens, and which of them are tests.
pub(crate) struct File {
    pub(crate) tokens: Vec<Token>,
    /// For each token, how many inline `mod` blocks are around it.
    pub(crate) depth: Vec<usize>,
    /// For each token, whether it stands in an item marked `#[cfg(test)]` or `#[test]`.
    pub(crate) in_test: Vec<bool>,
}

impl File {
    pub(crate) fn parse(source: &str) -> Self {
        let tokens = tokens(source);
        let mut depth = vec![0; tokens.len()];
        let mut in_test = vec![false; tokens.len()];
        for i in 0..tokens.len() {
            if words(&tokens, i, &["#", "[", "cfg", "(", "test", ")", "]"]) || words(&tokens, i, &["#", "[", "test", "]"]) {
                in_test[i..item_end(&tokens, i)].fill(true);
            }
            if tokens[i].text == "mod" && text(&tokens, i + 2) == "{" {
                depth[i + 3..block_end(&tokens, i + 2)].iter_mut().for_each(|d| *d += 1);
            }
        }
        Self { tokens, depth, in_test }
    }

    /// Whether the tokens from `at` on read as `expected`.
    pub(crate) fn reads(&self, at: usize, expected: &[&str]) -> bool {
        words(&self.tokens, at, expected)
    }

    /// Text of the token at `at`, or nothing behind the end.
    pub(crate) fn text(&self, at: usize) -> &str {
        text(&self.tokens, at)
    }

    /// Name, first line and number of lines of each function that has a body and is no test.
    pub(crate) fn functions(&self) -> Vec<(String, usize, usize)> {
        let is_fn = |i: &usize| self.text(*i) == "fn" && !self.in_test[*i] && is_word(self.text(i + 1));
        (0..self.tokens.len()).filter(is_fn).filter_map(|i| self.function(i)).collect()
    }

    fn function(&self, at: usize) -> Option<(String, usize, usize)> {
        let body = (at..self.tokens.len()).find(|&i| matches!(self.text(i), "{" | ";"))?;
        if self.text(body) == ";" {
            return None;
        }
        let last = block_end(&self.tokens, body) - 1;
        let (first, end) = (self.tokens[at].line, self.tokens[last].line);
        Some((self.text(at + 1).to_owned(), first, end - first + 1))
    }
}

fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |t| t.text.as_str())
}

fn words(tokens: &[Token], at: usize, expected: &[&str]) -> bool {
    expected.iter().enumerate().all(|(i, word)| text(tokens, at + i) == *word)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Index behind the item whose attributes begin at `at`: behind its block or its semicolon.
fn item_end(tokens: &[Token], at: usize) -> usize {
    let mut i = at;
    while i < tokens.len() {
        match tokens[i].text.as_str() {
            "{" => return block_end(tokens, i),
            ";" => return i + 1,
            "[" | "(" => i = block_end(tokens, i),
            _ => i += 1,
        }
    }
    i
}

/// Index behind the bracket that closes the one at `open`.
fn block_end(tokens: &[Token], open: usize) -> usize {
    let mut level = 0;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" | "(" | "[" => level += 1,
            "}" | ")" | "]" => level -= 1,
            _ => {}
        }
        if level == 0 {
            return i + 1;
        }
    }
    tokens.len()
}

fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let mut out = Vec::new();
    let (mut i, mut line) = (0, 1);
    while i < chars.len() {
        let (end, text) = next(&chars, i);
        if let Some(text) = text {
            out.push(Token { text, line });
        }
        line += chars[i..end].iter().filter(|c| **c == '\n').count();
        i = end;
    }
    out
}

/// Where the piece that begins at `i` ends, and its text unless it is white space or a comment.
fn next(chars: &[char], i: usize) -> (usize, Option<String>) {
    let at = |k: usize| chars.get(k).copied().unwrap_or('\0');
    match (at(i), at(i + 1)) {
        (c, _) if c.is_whitespace() => (i + 1, None),
        ('/', '/') => (find(chars, i, |c| c == '\n'), None),
        ('/', '*') => (comment_end(chars, i), None),
        ('"', _) => (string_end(chars, i), Some("\"\"".to_owned())),
        ('\'', _) => quote(chars, i),
        (c, _) if c.is_alphanumeric() || c == '_' => word(chars, i),
        (':', ':') => (i + 2, Some("::".to_owned())),
        (c, _) => (i + 1, Some(c.to_string())),
    }
}

fn find(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|&k| stop(chars[k])).unwrap_or(chars.len())
}

fn word(chars: &[char], i: usize) -> (usize, Option<String>) {
    let end = find(chars, i, |c| !c.is_alphanumeric() && c != '_');
    let word: String = chars[i..end].iter().collect();
    let behind = chars.get(end).copied().unwrap_or('\0');
    match (word.as_str(), behind) {
        ("r" | "br" | "cr", '"' | '#') if raw_end(chars, end).is_some() => {
            (raw_end(chars, end).unwrap(), Some("\"\"".to_owned()))
        }
        ("b" | "c", '"') => (string_end(chars, end), Some("\"\"".to_owned())),
        ("b", '\'') => quote(chars, end),
        _ => (end, Some(word)),
    }
}

/// End of a raw string whose hashes or quote begin at `i`; nothing if it is a raw identifier.
fn raw_end(chars: &[char], i: usize) -> Option<usize> {
    let open = find(chars, i, |c| c != '#');
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let hashes = open - i;
    let closes = |k: &usize| chars[*k] == '"' && chars[k + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    Some((open + 1..chars.len()).find(closes).map_or(chars.len(), |k| k + 1 + hashes))
}

fn string_end(chars: &[char], open: usize) -> usize {
    let mut k = open + 1;
    while k < chars.len() && chars[k] != '"' {
        k += if chars[k] == '\\' { 2 } else { 1 };
    }
    (k + 1).min(chars.len())
}

/// A character literal or a lifetime.
fn quote(chars: &[char], i: usize) -> (usize, Option<String>) {
    if chars.get(i + 1) == Some(&'\\') {
        let close = find(chars, i + 3, |c| c == '\'');
        return ((close + 1).min(chars.len()), Some("''".to_owned()));
    }
    if chars.get(i + 2) == Some(&'\'') {
        return (i + 3, Some("''".to_owned()));
    }
    let end = find(chars, i + 1, |c| !c.is_alphanumeric() && c != '_');
    (end, Some(chars[i..end].iter().collect()))
}

fn comment_end(chars: &[char], i: usize) -> usize {
    let mut level = 0;
    let mut k = i;
    while k < chars.len() {
        match (chars[k], chars.get(k + 1)) {
            ('/', Some('*')) => (level, k) = (level + 1, k + 2),
            ('*', Some('/')) => (level, k) = (level - 1, k + 2),
            _ => k += 1,
        }
        if level == 0 {
            return k;
        }
    }
    k
}

#[test]
fn literals_and_comments_vanish() {
    let check = |source: &str, expected: &str| {
        let got: Vec<String> = tokens(source).into_iter().map(|t| t.text).collect();
        assert_eq!(got.join(" "), expected, "{source}");
    };
    check("use crate::{a, b::c}; // crate::x", "use crate :: { a , b :: c } ;");
    check("/* /* crate::x */ } */ fn f() {}", "fn f ( ) { }");
    check(r##"let s = r#"a " {"# ; b"}" "\"{""##, r#"let s = "" ; "" """#);
    check(r"f('{', '\'', '\u{7b}', b'}', b'\'')", "f ( '' , '' , '' , '' , '' )");
    check("fn f<'a>(x: &'a str, r#fn: u8) {}", "fn f < 'a > ( x : & 'a str , r # fn : u8 ) { }");
}

#[test]
fn tests_and_functions_are_told_apart() {
    let file =
        File::parse("fn a() {\n\n}\ntrait T { fn b(); }\n#[cfg(test)]\nmod tests {\n#[test]\nfn c() {}\n}\nfn d(x: fn(u8)) {}");
    assert_eq!(file.functions(), [("a".to_owned(), 1, 3), ("d".to_owned(), 10, 1)]);
}
