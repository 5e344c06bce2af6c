//! Go's regular expressions (RE2) in the syntax of Rust's, over bytes.
//!
//! It must not know rules. Start with [`translate`]. Both syntaxes agree on most things. Not on these, by the documents of both: in Go a
//! `{` that begins no count is itself, `[` in a class is itself, `&&`, `--` and `~~` there mean nothing, `\<` is `<`, `\Q…\E`
//! quotes, `\101` is octal, `\d`, `\w`, `\s` and `\b` are ASCII while `\p{…}` and characters are not.

use regex_syntax::escape;

/// A translated expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Translated {
    /// In Rust's syntax.
    pub(super) text: String,
    /// How many groups it has that capture.
    pub(super) groups: usize,
    /// The flags that hold at its end, outside all groups: they would hold for what is put behind it.
    pub(super) flags: String,
}

/// Translates; names of groups are dropped, their numbers stay.
///
/// # Errors
/// If it holds what Rust's expressions have not, such as look-around: what that is.
pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut reader = Reader { chars: &chars, at: 0, out: String::new(), groups: 0, flags: String::new(), outer: Vec::new() };
    while reader.at < chars.len() {
        reader.item()?;
    }
    Ok(Translated { text: reader.out, groups: reader.groups, flags: reader.flags })
}

/// What gitleaks makes of a list of expressions, of which one must match: it puts them into one group, in which the flags of each hold
/// for those behind it too.
///
/// # Errors
/// As [`translate`], for the first that fails.
pub(super) fn translate_all(patterns: &[String]) -> Result<Vec<String>, String> {
    let mut flags = String::new();
    let mut out = Vec::with_capacity(patterns.len());
    for pattern in patterns {
        let set = set(&flags);
        let set = if pattern.starts_with(&set) { "" } else { &set };
        let translated = translate(&format!("{set}{pattern}"))?;
        out.push(translated.text);
        flags = translated.flags;
    }
    Ok(out)
}

fn set(flags: &str) -> String {
    if flags.is_empty() { String::new() } else { format!("(?{flags})") }
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    out: String,
    groups: usize,
    flags: String,
    /// The flags outside of each open group.
    outer: Vec<String>,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn item(&mut self) -> Result<(), String> {
        let c = self.chars[self.at];
        match c {
            '\\' => self.escape(),
            '[' => self.class(),
            '(' => self.group(),
            ')' => {
                self.flags = self.outer.pop().ok_or("a `)` without `(`")?;
                self.push(1, ")")
            }
            '{' if self.count_len() == 0 => self.push(1, "\\{"),
            c => self.push(1, c.encode_utf8(&mut [0; 4])),
        }
    }

    /// Puts `text` for the next `length` characters.
    #[expect(clippy::unnecessary_wraps, reason = "the last step of each branch")]
    fn push(&mut self, length: usize, text: &str) -> Result<(), String> {
        self.at += length;
        self.out.push_str(text);
        Ok(())
    }

    /// Length of `{n}`, `{n,}` or `{n,m}`; 0 if it is none.
    fn count_len(&self) -> usize {
        let rest = &self.chars[self.at..];
        let end = rest.iter().position(|c| *c == '}').unwrap_or(0);
        let inner: String = rest.get(1..end).unwrap_or_default().iter().collect();
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_count = match inner.split_once(',') {
            Some((least, most)) => number(least) && (most.is_empty() || number(most)),
            None => number(&inner),
        };
        if is_count { end + 1 } else { 0 }
    }

    fn group(&mut self) -> Result<(), String> {
        if self.peek(1) != Some('?') {
            self.open(true);
            return self.push(1, "(");
        }
        let head: String = self.chars[self.at + 2..].iter().take(64).collect();
        if ["=", "!", "<=", "<!"].iter().any(|look| head.starts_with(look)) {
            return Err("look-around".to_owned());
        }
        let named = head.strip_prefix("P<").or_else(|| head.strip_prefix('<'));
        if let Some(name) = named.and_then(|rest| rest.split_once('>')).map(|(name, _)| name) {
            self.open(true);
            return self.push(if head.starts_with('P') { 5 } else { 4 } + name.chars().count(), "(");
        }
        let end = head.find([')', ':']).ok_or("a group that does not end")?;
        let flags = &head[..end];
        if !flags.bytes().all(|b| b"imsU-".contains(&b)) || flags.ends_with('-') {
            return Err(format!("a group of the kind `(?{}`", head.chars().next().unwrap_or(' ')));
        }
        let scoped = head.as_bytes()[end] == b':';
        if scoped {
            self.open(false);
        }
        self.set(flags);
        let text = format!("(?{}", &head[..=end]);
        self.push(end + 3, &text)
    }

    fn open(&mut self, captures: bool) {
        self.groups += usize::from(captures);
        self.outer.push(self.flags.clone());
    }

    fn set(&mut self, flags: &str) {
        let (on, off) = flags.split_once('-').unwrap_or((flags, ""));
        self.flags.retain(|flag| !off.contains(flag));
        self.flags.extend(on.chars().filter(|flag| !self.flags.contains(*flag)).collect::<Vec<_>>());
    }

    fn escape(&mut self) -> Result<(), String> {
        let c = self.peek(1).ok_or("a `\\` at the end")?;
        match c {
            'Q' => self.quoted(),
            'Z' => self.push(2, "(?:\\n?\\z)"),
            'A' | 'z' | 'b' | 'B' | 'd' | 'D' | 's' | 'S' | 'w' | 'W' => self.push(2, &format!("\\{c}")),
            'p' | 'P' => {
                let (length, name) = self.property()?;
                self.push(length, &format!("(?u:{name})"))
            }
            _ => {
                let (length, c) = self.one()?;
                let text = if c.is_ascii() { escape(&c.to_string()) } else { format!("(?u:{c})") };
                self.push(length, &text)
            }
        }
    }

    /// `\Q…\E`.
    fn quoted(&mut self) -> Result<(), String> {
        let rest: String = self.chars[self.at + 2..].iter().collect();
        let (text, closing) = rest.split_once("\\E").map_or((rest.as_str(), 0), |(text, _)| (text, 2));
        let quoted = escape(text);
        self.push(2 + text.chars().count() + closing, &quoted)
    }

    /// Length and text of `\pL` or `\p{Greek}`.
    fn property(&self) -> Result<(usize, String), String> {
        let end = match self.peek(2) {
            Some('{') => self.chars[self.at..].iter().position(|c| *c == '}').ok_or("a `\\p{` that does not end")?,
            Some(_) => 2,
            None => return Err("a `\\p` at the end".to_owned()),
        };
        Ok((end + 1, self.chars[self.at..=self.at + end].iter().collect()))
    }

    /// Length and meaning of what stands for one character.
    fn one(&self) -> Result<(usize, char), String> {
        let first = self.peek(0).ok_or("a class that does not end")?;
        if first != '\\' {
            return Ok((1, first));
        }
        let c = self.peek(1).ok_or("a `\\` at the end")?;
        let is_octal = |c: Option<char>| c.is_some_and(|c| ('0'..='7').contains(&c));
        match c {
            'a' => Ok((2, '\x07')),
            'f' => Ok((2, '\x0c')),
            'n' => Ok((2, '\n')),
            'r' => Ok((2, '\r')),
            't' => Ok((2, '\t')),
            'v' => Ok((2, '\x0b')),
            'x' => self.hexadecimal(),
            '1'..='7' if !is_octal(self.peek(2)) => Err("a reference to a group".to_owned()),
            '0'..='7' => {
                let digits: String = (1..4).map_while(|n| self.peek(n).filter(|c| is_octal(Some(*c)))).collect();
                let value = u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32);
                value.map(|value| (1 + digits.len(), value)).ok_or_else(|| "an octal number that is no character".to_owned())
            }
            c if !c.is_ascii_alphanumeric() => Ok((2, c)),
            c => Err(format!("`\\{c}`")),
        }
    }

    /// `\x41` or `\x{41}`.
    fn hexadecimal(&self) -> Result<(usize, char), String> {
        let rest = &self.chars[self.at + 2..];
        let (skip, digits): (usize, String) = match rest.first() {
            Some('{') => {
                let digits: String = rest[1..].iter().take_while(|c| **c != '}').collect();
                (digits.len() + 2, digits)
            }
            _ => (2, rest.iter().take(2).collect()),
        };
        let value = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
        value.map(|value| (2 + skip, value)).ok_or_else(|| "a hexadecimal number that is no character".to_owned())
    }

    fn class(&mut self) -> Result<(), String> {
        self.at += 1;
        let negated = self.peek(0) == Some('^');
        self.at += usize::from(negated);
        let mut items: Vec<Item> = Vec::new();
        while items.is_empty() || self.peek(0) != Some(']') {
            let item = self.class_item()?;
            items.push(item);
        }
        self.at += 1;
        let unicode = items.iter().any(Item::is_unicode);
        let inner: String = items.iter().map(|item| item.text(unicode)).collect();
        let class = format!("[{}{inner}]", if negated { "^" } else { "" });
        self.out.push_str(&if unicode { format!("(?u:{class})") } else { class });
        Ok(())
    }

    fn class_item(&mut self) -> Result<Item, String> {
        let rest: String = self.chars[self.at..].iter().take(16).collect();
        if rest.starts_with("[:")
            && let Some(end) = rest.find(":]")
        {
            self.at += end + 2;
            return Ok(Item::Named(rest[..end + 2].to_owned()));
        }
        if self.peek(0) == Some('\\') {
            match self.peek(1) {
                Some(c @ ('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                    self.at += 2;
                    return Ok(Item::Short(c));
                }
                Some('p' | 'P') => {
                    let (length, name) = self.property()?;
                    self.at += length;
                    return Ok(Item::Property(name));
                }
                _ => {}
            }
        }
        let (length, first) = self.one()?;
        self.at += length;
        if self.peek(0) == Some('-') && self.peek(1).is_some_and(|c| c != ']') {
            self.at += 1;
            let (length, last) = self.one()?;
            self.at += length;
            return Ok(Item::Range(first, last));
        }
        Ok(Item::Range(first, first))
    }
}

/// A part of a class.
enum Item {
    Range(char, char),
    /// `\d` and its kin.
    Short(char),
    /// `[:alpha:]`.
    Named(String),
    /// `\pL`.
    Property(String),
}

impl Item {
    fn is_unicode(&self) -> bool {
        match self {
            Self::Range(first, last) => !first.is_ascii() || !last.is_ascii(),
            Self::Property(_) => true,
            Self::Short(_) | Self::Named(_) => false,
        }
    }

    /// As it is written in a class of characters, or in one of bytes.
    fn text(&self, unicode: bool) -> String {
        match self {
            Self::Range(first, last) if first == last => spelled(*first),
            Self::Range(first, last) => format!("{}-{}", spelled(*first), spelled(*last)),
            Self::Named(name) | Self::Property(name) => name.clone(),
            Self::Short(c) if !unicode => format!("\\{c}"),
            Self::Short(c) => {
                let inner = match c.to_ascii_lowercase() {
                    'd' => "0-9",
                    'w' => "0-9A-Za-z_",
                    _ => "\\t\\n\\f\\r ",
                };
                if c.is_ascii_uppercase() { format!("[^{inner}]") } else { inner.to_owned() }
            }
        }
    }
}

/// One character in a class.
fn spelled(c: char) -> String {
    match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if c.is_control() => format!("\\x{:02x}", u32::from(c)),
        '[' | ']' | '\\' | '^' | '-' | '&' | '~' => format!("\\{c}"),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{translate, translate_all};
    use crate::scan::rule::load::build_regex;

    #[test]
    fn what_differs_is_translated() {
        let check = |go: &str, rust: &str| {
            let text = translate(go).unwrap().text;
            assert_eq!(text, rust, "{go}");
            build_regex(&text).unwrap_or_else(|e| panic!("{go}: {e}"));
        };
        check(r"\ba{2,3}b{1}\b", r"\ba{2,3}b{1}\b");
        check(r"^\$(?:\d+|{\d+})$", r"^\$(?:\d+|\{\d+})$");
        check(r"a{,5}{x}", r"a\{,5}\{x}");
        check(r"[[a]", r"[\[a]");
        check(r"[]a^-]", r"[\]a\^\-]");
        check(r"[^]a]", r"[^\]a]");
        check(r"[a&&b~~c+--]", r"[a\&\&b\~\~c+-\-]");
        check(r"[\w.-]{0,50}?(?:x)", r"[\w.\-]{0,50}?(?:x)");
        check(r"[[:alnum:]_]", r"[[:alnum:]_]");
        check(r"(?P<key>a)(?<b>c)", r"(a)(c)");
        check(r"\Qa.b\Ec", r"a\.bc");
        check(r"\Qa+", r"a\+");
        check(r"\x60\x{2d}\101\_\<\>\/", r"`\-A_<>/");
        check(r"x\Z", r"x(?:\n?\z)");
        check(r"\pL[\pL\d]é", r"(?u:\pL)(?u:[\pL0-9])é");
        check(r"[é\W]", r"(?u:[é[^0-9A-Za-z_]])");
        check(r"(p8e-(?i)[a-z]{3})", r"(p8e-(?i)[a-z]{3})");
        check(r"(?i:a)(?s-i)b", r"(?i:a)(?s-i)b");
    }

    #[test]
    fn groups_are_counted() {
        let check = |go: &str, expected: usize| assert_eq!(translate(go).unwrap().groups, expected, "{go}");
        check(r"(a)(?:b)(?P<c>d)(?i)(?s:e)\([(]", 2);
        check("abc", 0);
    }

    #[test]
    fn what_there_is_not_is_named() {
        let check = |go: &str, what: &str| assert_eq!(translate(go).unwrap_err(), what, "{go}");
        check("a(?=b)", "look-around");
        check("(?<!a)b", "look-around");
        check(r"(a)\1", "a reference to a group");
        check("a)", "a `)` without `(`");
        check("[a", "a class that does not end");
        check("(?", "a group that does not end");
        check("(?>a)", "a group of the kind `(?>`");
        check("(?#a)", "a group of the kind `(?#`");
        check(r"\K", r"`\K`");
        check("\\", "a `\\` at the end");
    }

    #[test]
    fn flags_hold_for_the_rest_of_a_list() {
        let list = ["(?i)^a|b$", "c", "(?-i)d(?i:e)", "f"].map(str::to_owned);
        assert_eq!(translate_all(&list).unwrap(), ["(?i)^a|b$", "(?i)c", "(?i)(?-i)d(?i:e)", "f"]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in r"([\\\[\](){}?*+.^$|a-zQEPpx0-9:<>&~é-]|.){0,40}") {
            drop(translate(&text));
        }
    }
}
