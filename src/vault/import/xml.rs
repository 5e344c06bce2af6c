//! As much XML as exports of programs are made of: elements, attributes, texts, entities, CDATA, comments.
//!
//! It must not know what an element means. Start with [`parse`]. A document type is refused: there is none in an export, and it may define entities
//! without end.

use zeroize::Zeroizing;

use super::Error;

/// Elements in one another, at most.
const DEEPEST: usize = 128;

/// An element.
#[derive(Default)]
pub(super) struct Element {
    pub(super) name: String,
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    pub(super) attributes: Vec<(String, String)>,
    /// Its own text, without that of elements in it.
    pub(super) text: Zeroizing<String>,
    pub(super) inside: Vec<Element>,
}

impl Element {
    /// The elements of that name in it.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.inside.iter().filter(move |element| element.name == name)
    }

    /// The text of the first element of that name in it, or an empty one.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.inside.iter().find(|element| element.name == name).map_or("", |element| &element.text)
    }

    /// Is an attribute `True`?
    pub(super) fn says(&self, name: &str) -> bool {
        self.attributes.iter().any(|(other, value)| other == name && value.eq_ignore_ascii_case("true"))
    }
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Element, Error> {
    let mut parser = Parser { text, at: 0, line: 1 };
    let mut open = vec![Element::default()];
    while parser.at < text.len() {
        let depth = open.len();
        let top = open.last_mut().expect("the document is never closed");
        let rest = &text[parser.at..];
        if let Some(cdata) = rest.strip_prefix("<![CDATA[") {
            top.text.push_str(cdata.split("]]>").next().unwrap_or_default());
            parser.skip_past("]]>")?;
        } else if rest.starts_with("<!--") {
            parser.skip_past("-->")?;
        } else if rest.starts_with("<?") {
            parser.skip_past("?>")?;
        } else if rest.starts_with("<!") {
            return parser.wrong("it has a document type, which exports have not");
        } else if let Some(closed) = rest.strip_prefix("</") {
            let name = closed.split('>').next().unwrap_or_default().trim_end();
            if depth == 1 || top.name != name {
                return parser.wrong("an element is closed that is not open");
            }
            let done = open.pop().expect("there are two");
            open.last_mut().expect("the document is never closed").inside.push(done);
            parser.skip_past(">")?;
        } else if rest.starts_with('<') {
            let (element, is_open) = parser.element()?;
            if !is_open {
                top.inside.push(element);
            } else if depth == DEEPEST {
                return parser.wrong("it is nested too deep");
            } else {
                open.push(element);
            }
        } else {
            let piece = rest.split('<').next().unwrap_or_default();
            parser.unescape(piece, &mut top.text)?;
            parser.pass(piece.len());
        }
    }
    let document = open.pop().expect("the document is never closed");
    let is_whole = open.is_empty() && document.inside.len() == 1 && document.text.trim().is_empty();
    if is_whole { Ok(document.inside.into_iter().next().expect("there is one")) } else { parser.wrong("it is no complete XML") }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Parser<'_> {
    fn wrong<T>(&self, what: &'static str) -> Result<T, Error> {
        Err(Error::Line { line: self.line, what })
    }

    fn pass(&mut self, length: usize) {
        self.line += self.text[self.at..self.at + length].bytes().filter(|byte| *byte == b'\n').count();
        self.at += length;
    }

    fn skip_past(&mut self, end: &str) -> Result<(), Error> {
        let Some(at) = self.text[self.at..].find(end) else { return self.wrong("it ends in the middle of something") };
        self.pass(at + end.len());
        Ok(())
    }

    /// An element's head, and whether something is in it.
    fn element(&mut self) -> Result<(Element, bool), Error> {
        let line = self.line;
        self.pass(1);
        let mut element = Element { name: self.word(), line, ..Element::default() };
        if element.name.is_empty() {
            return self.wrong("it is no XML");
        }
        loop {
            self.blanks();
            let rest = &self.text[self.at..];
            if rest.starts_with('>') {
                self.pass(1);
                return Ok((element, true));
            }
            if rest.starts_with("/>") {
                self.pass(2);
                return Ok((element, false));
            }
            let name = self.word();
            self.blanks();
            if name.is_empty() || !self.text[self.at..].starts_with('=') {
                return self.wrong("it is no XML");
            }
            self.pass(1);
            self.blanks();
            let rest = &self.text[self.at..];
            let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''));
            let Some((value, _)) = quote.and_then(|quote| rest[1..].split_once(quote)) else { return self.wrong("it is no XML") };
            let mut unescaped = Zeroizing::new(String::new());
            self.unescape(value, &mut unescaped)?;
            element.attributes.push((name, unescaped.to_string()));
            self.pass(value.len() + 2);
        }
    }

    fn word(&mut self) -> String {
        let rest = &self.text[self.at..];
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || "_-.:".contains(c)).len();
        self.at += length;
        rest[..length].to_owned()
    }

    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.pass(rest.len() - rest.trim_start().len());
    }

    /// Adds a text whose entities are replaced; lines end in LF.
    fn unescape(&self, mut piece: &str, out: &mut Zeroizing<String>) -> Result<(), Error> {
        let longer = out.len() + piece.len();
        if out.capacity() < longer {
            // Grown by hand, so that what is left behind is wiped.
            let mut grown = Zeroizing::new(String::with_capacity(longer));
            grown.push_str(out);
            *out = grown;
        }
        while let Some(at) = piece.find(['&', '\r']) {
            out.push_str(&piece[..at]);
            if piece[at..].starts_with('\r') {
                out.push_str(if piece[at..].starts_with("\r\n") { "" } else { "\n" });
                piece = &piece[at + 1..];
                continue;
            }
            let Some((name, rest)) = piece[at + 1..].split_once(';') else { return self.wrong("an entity is not ended") };
            match entity(name) {
                Some(letter) => out.push(letter),
                None => return self.wrong("an entity that is not known"),
            }
            piece = rest;
        }
        out.push_str(piece);
        Ok(())
    }
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Error;
    use super::{Element, parse};

    fn shown(element: &Element) -> String {
        let inside: String = element.inside.iter().map(shown).collect();
        let attributes: String = element.attributes.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        format!("({}@{}{attributes} {:?}{inside})", element.name, element.line, element.text.as_str())
    }

    #[test]
    fn documents() {
        let check = |text: &str, expected: &str| assert_eq!(shown(&parse(text).unwrap()), expected);
        check("<a/>", "(a@1 \"\")");
        check("<?xml version=\"1.0\"?>\n<!-- x --><a x='1' y = \"&lt;\"\n/>\n", "(a@2 x=1 y=< \"\")");
        check("<a>one\r\n<b>&amp;&#65;&#x42;</b><![CDATA[<&]]></a>", "(a@1 \"one\\n<&\"(b@2 \"&AB\"))");
        check("<a\n><b></b ></a>", "(a@1 \"\"(b@2 \"\"))");
    }

    #[test]
    fn what_is_none() {
        let wrong = |text: &str, line: usize| {
            let error = parse(text).err();
            assert!(matches!(error, Some(Error::Line { line: l, .. }) if l == line), "{error:?} {}", &text[..text.len().min(50)]);
        };
        wrong("", 1);
        wrong("text", 1);
        wrong("<a>", 1);
        wrong("<a>\n</b>", 2);
        wrong("</a>", 1);
        wrong("<a/><b/>", 1);
        wrong("<a b></a>", 1);
        wrong("<a b='x></a>", 1);
        wrong("<a>&x;</a>", 1);
        wrong("<a>&#xD800;</a>", 1);
        wrong("<a>&amp</a>", 1);
        wrong("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", 1);
        wrong("<a><!-- ", 1);
        wrong(&"<a>".repeat(10_000), 1);
    }

    proptest! {
        #[test]
        fn texts_are_read_back(value in "(?s).{0,20}") {
            let value = value.replace('\r', "");
            let escaped = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let text = format!("<a>{escaped}</a>");
            let read = parse(&text).unwrap();
            prop_assert_eq!(read.text.as_str(), &value);
        }

        #[test]
        fn never_panics(text in "[<>/!?&;#='\" a-cx\\[\\]-]{0,40}") {
            let _ = parse(&text);
        }
    }
}
