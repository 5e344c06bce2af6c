//! `.env` files: `NAME=value` lines, as the dotenv libraries, docker compose and shells read them.
//!
//! It must not know what is done with a value. Start with [`read`]; [`entries`] says where each value stands. There is no one grammar: where
//! programs differ, the value is what most of them make of it, and a [`Doubt`] says so. What none of them reads is refused.

use std::collections::HashMap;
use std::ops::Range;

use zeroize::Zeroizing;

use super::draft::{Collector, Draft};
use super::{Doubt, Error, Import, Why, is_plain, maps};

/// What a value stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    None,
    Single,
    Double,
    Backtick,
}

/// One `NAME=value`.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    pub(super) name: &'a str,
    /// Between the quotes, if there are any.
    pub(super) raw: &'a str,
    /// Where `raw` is in the text.
    pub(super) at: Range<usize>,
    pub(super) quote: Quote,
}

/// Reads a file.
pub(super) fn read(text: &str) -> Result<Import, Error> {
    let entries = entries(text)?;
    if entries.iter().any(|entry| entry.name == "sops_mac" || maps::is_sealed(entry.raw)) {
        return Err(Error::Sops);
    }
    let mut last = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        last.insert(entry.name, index);
    }
    let mut collector = Collector::default();
    // Those that count have the first claim to their names.
    for repeated in [false, true] {
        for (index, entry) in entries.iter().enumerate().filter(|(index, entry)| (last[entry.name] != *index) == repeated) {
            take(entry, repeated && last[entry.name] != index, &mut collector);
        }
    }
    let mut import = collector.finish();
    import.found.sort_by_key(|found| found.line);
    import.left.sort_by_key(|left| left.line);
    Ok(import)
}

fn take(entry: &Entry<'_>, repeated: bool, collector: &mut Collector) {
    let (value, doubts) = entry.value();
    if let Some(plain) = is_plain(entry.name, &value) {
        collector.leave(entry.name, Some(entry.line), Why::Plain(plain));
        return;
    }
    let mut draft = Draft::new(entry.name, Some(entry.line));
    draft.field("value", value.as_bytes());
    for doubt in doubts.into_iter().chain(repeated.then_some(Doubt::Repeated)) {
        draft.doubt(doubt);
    }
    collector.add(draft);
}

impl Entry<'_> {
    /// What a program is given, and why one may be given something else.
    pub(super) fn value(&self) -> (Zeroizing<String>, Vec<Doubt>) {
        let mut doubts = Vec::new();
        let mut out = Zeroizing::new(String::with_capacity(self.raw.len()));
        let mut letters = self.raw.chars().peekable();
        while let Some(letter) = letters.next() {
            match (letter, self.quote) {
                // A line ends in LF for whoever reads it, as in a file of another system.
                ('\r', _) if letters.peek() == Some(&'\n') => {}
                ('\\', Quote::Double) => match letters.next_if(|next| "nrt\"\\$`".contains(*next)) {
                    Some(escaped) => {
                        doubts.extend((!matches!(escaped, 'n' | 'r')).then_some(Doubt::Escape));
                        out.push(match escaped {
                            'n' => '\n',
                            'r' => '\r',
                            't' => '\t',
                            other => other,
                        });
                    }
                    None => {
                        doubts.push(Doubt::Escape);
                        out.push('\\');
                    }
                },
                ('\\', Quote::None) => {
                    doubts.push(Doubt::Escape);
                    out.push('\\');
                }
                ('$', Quote::None | Quote::Double) => {
                    let begins = |next: &char| next.is_ascii_alphabetic() || matches!(next, '_' | '{' | '(');
                    doubts.extend(letters.peek().is_some_and(begins).then_some(Doubt::Interpolates));
                    out.push('$');
                }
                ('#', Quote::None) => {
                    doubts.push(Doubt::Comment);
                    out.push('#');
                }
                ('"' | '\'' | '`', Quote::None) => {
                    doubts.push(Doubt::Quotes);
                    out.push(letter);
                }
                _ => out.push(letter),
            }
        }
        if self.quote == Quote::Backtick {
            doubts.push(Doubt::Quotes);
        }
        // The shell ends a value at this quote and goes on behind it; libraries may not.
        if self.quote == Quote::Single && self.raw.ends_with('\\') {
            doubts.push(Doubt::Escape);
        }
        (out, doubts)
    }
}

/// All entries of a text, in its order.
pub(super) fn entries(text: &str) -> Result<Vec<Entry<'_>>, Error> {
    let mut out = Vec::new();
    let mut scanner = Scanner { text, at: 0, line: 1 };
    while scanner.at < text.len() {
        out.extend(scanner.entry()?);
        scanner.end_line()?;
    }
    Ok(out)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn wrong<T>(&self, what: &'static str) -> Result<T, Error> {
        Err(Error::Line { line: self.line, what })
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
    }

    fn at_end_of_line(&self) -> bool {
        let rest = self.rest();
        rest.is_empty() || rest.starts_with('\n') || rest.starts_with("\r\n") || rest == "\r"
    }

    /// Comment and end of a line; nothing else may be left.
    fn end_line(&mut self) -> Result<(), Error> {
        self.blanks();
        let line = self.rest().split('\n').next().unwrap_or_default();
        if line.starts_with('#') {
            self.at += line.len();
        } else if !self.at_end_of_line() {
            return self.wrong("there is something behind the closing quote");
        } else {
            self.at += line.len();
        }
        if self.rest().starts_with('\n') {
            self.at += 1;
            self.line += 1;
        }
        Ok(())
    }

    /// The entry of a line that is neither empty nor a comment.
    fn entry(&mut self) -> Result<Option<Entry<'a>>, Error> {
        self.blanks();
        if self.at_end_of_line() || self.rest().starts_with('#') {
            return Ok(None);
        }
        let exported = self.rest().strip_prefix("export").is_some_and(|rest| rest.starts_with([' ', '\t']));
        if exported {
            self.at += "export".len();
            self.blanks();
        }
        let name = self.name()?;
        self.blanks();
        if exported && self.at_end_of_line() {
            return Ok(None);
        }
        if !self.rest().starts_with('=') {
            return self.wrong("there is no `=` behind the name");
        }
        self.at += 1;
        self.blanks();
        let line = self.line;
        let quote = match self.rest().bytes().next() {
            Some(b'\'') => Quote::Single,
            Some(b'"') => Quote::Double,
            Some(b'`') => Quote::Backtick,
            _ => Quote::None,
        };
        let raw = if quote == Quote::None { self.unquoted()? } else { self.quoted(quote)? };
        let begin = self.at - raw.len() - usize::from(quote != Quote::None);
        Ok(Some(Entry { line, name, raw, at: begin..begin + raw.len(), quote }))
    }

    fn name(&mut self) -> Result<&'a str, Error> {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_.-".contains(c)).len();
        let name = &rest[..length];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return self.wrong("it does not begin with a name");
        }
        self.at += length;
        Ok(name)
    }

    /// Up to the end of the line or to a comment, without blanks at the end.
    fn unquoted(&mut self) -> Result<&'a str, Error> {
        let line = self.rest().split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.contains('\r') {
            return self.wrong("there is a carriage return in the middle of the line");
        }
        let blank = |at: usize| at == 0 || line.as_bytes()[at - 1] == b' ' || line.as_bytes()[at - 1] == b'\t';
        let end = line.match_indices('#').map(|(at, _)| at).find(|at| blank(*at)).unwrap_or(line.len());
        let raw = line[..end].trim_end_matches([' ', '\t']);
        self.at += raw.len();
        Ok(raw)
    }

    /// Up to the closing quote, which is passed; over several lines if need be.
    fn quoted(&mut self, quote: Quote) -> Result<&'a str, Error> {
        let rest = self.rest().as_bytes();
        let mut end = 1;
        while end < rest.len() && rest[end] != rest[0] {
            end += if rest[end] == b'\\' && quote == Quote::Double { 2 } else { 1 };
        }
        if end >= rest.len() {
            return self.wrong("a quote is opened and not closed");
        }
        let raw = &self.rest()[1..end];
        self.line += raw.bytes().filter(|byte| *byte == b'\n').count();
        self.at += end + 1;
        Ok(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Error, Format, Named, Options, Plain, Why, read};

    /// Of each entry: name, value, doubts.
    fn check(text: &str, expected: &[(&str, &str, &str)]) {
        let import = read(Format::Dotenv, text.as_bytes(), Options::default()).unwrap();
        let found: Vec<(String, String, String)> = import
            .found
            .iter()
            .map(|found| {
                let value = String::from_utf8(found.fields[0].1.expose().to_vec()).unwrap();
                assert_eq!((found.fields.len(), found.fields[0].0.as_str()), (1, "value"));
                (found.name.to_string(), value, format!("{:?}", found.doubts))
            })
            .collect();
        let expected: Vec<_> = expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), format!("[{c}]"))).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn values() {
        check("A=monkey", &[("A", "monkey", "")]);
        check("  export\tA = monkey business \t# said he\r\n", &[("A", "monkey business", "")]);
        check("A='mon key # $X \\n'", &[("A", "mon key # $X \\n", "")]);
        check(r#"A="mon\nkey"  # so"#, &[("A", "mon\nkey", "")]);
        check(r#"A="m\"o\\n\$k\qy""#, &[("A", "m\"o\\n$k\\qy", "Escape")]);
        check("A=`mon'k\"ey`", &[("A", "mon'k\"ey", "Quotes")]);
        check("A=mon#key", &[("A", "mon#key", "Comment")]);
        check("A=mon\"k\"ey", &[("A", "mon\"k\"ey", "Quotes")]);
        check("A=pa$$word$1", &[("A", "pa$$word$1", "Interpolates")]);
        check("A=p$$5", &[("A", "p$$5", "")]);
        check(
            "A=\"x${B}\"\nC=x$(id)\nD='x$B'",
            &[("A", "x${B}", "Interpolates"), ("C", "x$(id)", "Interpolates"), ("D", "x$B", "")],
        );
        check(r"A='C:\dir\'", &[("A", r"C:\dir\", "Escape")]);
        check(r"A=C:\dir", &[("A", r"C:\dir", "Escape")]);
        check("A=ünïcode=x", &[("A", "ünïcode=x", "")]);
        check("a.b-c=monkey", &[("a.b-c", "monkey", "")]);
        check("export A\nexport=monkey", &[("export", "monkey", "")]);
        check("A=monkey\r", &[("A", "monkey", "")]);
    }

    #[test]
    fn values_of_many_lines() {
        let text = "# a key\nA=\"first\r\nsecond\n\"\nB='x\n\n# y'\nC=monkey";
        check(text, &[("A", "first\nsecond\n", ""), ("B", "x\n\n# y", ""), ("C", "monkey", "")]);
        let import = read(Format::Dotenv, text.as_bytes(), Options::default()).unwrap();
        assert_eq!(import.found.iter().map(|found| found.line.unwrap()).collect::<Vec<_>>(), [2, 5, 8]);
    }

    #[test]
    fn the_last_of_a_name_counts() {
        let text = "A=first\nB=other\nA=second\nA=third";
        check(text, &[("A-2", "first", "Repeated"), ("B", "other", ""), ("A-3", "second", "Repeated"), ("A", "third", "")]);
        let import = read(Format::Dotenv, text.as_bytes(), Options::default()).unwrap();
        let named: Vec<_> = import.found.iter().map(|found| (found.called.as_str(), found.named)).collect();
        assert_eq!(named, [("A", Named::Taken), ("B", Named::AsCalled), ("A", Named::Taken), ("A", Named::AsCalled)]);
    }

    #[test]
    fn what_is_plain_is_told_apart() {
        let text = "PORT=3000\nDEBUG=true\nEMPTY=\nEMPTY2=\"\"\nURL=https://api.example.com/\nDONE=stanch://shop/X#y\nA=monkey\n";
        let import = read(Format::Dotenv, text.as_bytes(), Options::default()).unwrap();
        let left: Vec<_> = import.left.iter().map(|left| (left.called.as_str(), left.line.unwrap(), left.why)).collect();
        let plain = Why::Plain;
        assert_eq!(
            left,
            [
                ("PORT", 1, plain(Plain::Number)),
                ("DEBUG", 2, plain(Plain::Switch)),
                ("EMPTY", 3, plain(Plain::Empty)),
                ("EMPTY2", 4, plain(Plain::Empty)),
                ("URL", 5, plain(Plain::Address)),
                ("DONE", 6, plain(Plain::Reference)),
            ]
        );
        assert_eq!(import.found.len(), 1);
    }

    #[test]
    fn what_nobody_reads_is_refused() {
        let check = |text: &str, expected: usize| match read(Format::Dotenv, text.as_bytes(), Options::default()) {
            Err(Error::Line { line, .. }) => assert_eq!(line, expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        };
        check("A=1\nno name here", 2);
        check("=x", 1);
        check("1A=x", 1);
        check("A: x", 1);
        check("A=\"open\n\n", 1);
        check("A='x\ny'z", 2);
        check("A='it\\'s'", 1);
        check("A=\"x\\", 1);
        check("A=1\rB=2", 1);
        check("\n\u{a0}A=1", 2);
    }

    #[test]
    fn what_sops_encrypted_is_refused() {
        for text in ["A=ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]", "A=x\nsops_mac=x"] {
            assert_eq!(read(Format::Dotenv, text.as_bytes(), Options::default()).err(), Some(Error::Sops));
        }
    }
}
