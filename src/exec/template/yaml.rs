//! Scalars of YAML.
//!
//! Source: YAML 1.2.2. It must not know what stands in them. Start with [`regions`]. A plain scalar and one in single quotes become one in
//! double quotes; of a plain scalar of several lines, and wherever it is not sure, a reference is refused.

use std::ops::Range;

use super::escape::Edge;
use super::{Error, Kind, Region, Singles, Style, line_end, line_of, string_end};

const QUOTED: Kind = Kind::Double("\"", Style::Yaml, Singles::Alone);
const NEVER: Kind = Kind::Never(": put the value in double quotes");

struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    /// What looks like references.
    references: Vec<Range<usize>>,
    /// Brackets that are open.
    depth: usize,
    /// The column of the key or dash before, -1 for none.
    column: isize,
    /// May a value begin?
    expects: bool,
    regions: Vec<Region>,
}

pub(super) fn regions(text: &[u8]) -> Result<Vec<Region>, Error> {
    let references = crate::exec::reference::find(text).into_iter().map(|one| one.range).collect();
    let mut lexer = Lexer { text, at: 0, references, depth: 0, column: -1, expects: true, regions: Vec::new() };
    if text.starts_with(b"\xef\xbb\xbf") {
        lexer.at = 3;
    }
    while lexer.at < text.len() {
        lexer.step()?;
    }
    Ok(lexer.regions)
}

impl Lexer<'_> {
    fn step(&mut self) -> Result<(), Error> {
        let rest = &self.text[self.at..];
        let starts_line = self.column_of(self.at) == 0;
        if starts_line
            && (rest.starts_with(b"---") || rest.starts_with(b"..."))
            && rest.get(3).is_none_or(u8::is_ascii_whitespace)
        {
            (self.at, self.depth, self.column, self.expects) = (self.at + 3, 0, -1, true);
            return Ok(());
        }
        let is_token = rest.get(1).is_none_or(u8::is_ascii_whitespace);
        match rest[0] {
            b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
            b'#' if self.at == 0 || self.text[self.at - 1].is_ascii_whitespace() => self.comment(line_end(self.text, self.at)),
            b'%' if starts_line => self.comment(line_end(self.text, self.at)),
            b'"' => {
                let end = string_end(self.text, self.at + 1, b'"', true);
                self.quoted(end, Kind::Keep(Style::Yaml))?;
            }
            b'\'' => {
                let end = single_end(self.text, self.at + 1);
                self.quoted(end, Kind::Double("\"", Style::Yaml, Singles::Paired))?;
            }
            b'[' | b'{' if !self.is_reference(self.at) => {
                self.depth += 1;
                self.indicator(1);
            }
            b']' | b'}' if self.depth > 0 => {
                (self.depth, self.at, self.expects) = (self.depth - 1, self.at + 1, false);
            }
            b',' if self.depth > 0 => self.indicator(1),
            b':' if is_token || self.depth > 0 => self.indicator(1),
            b'-' | b'?' if is_token && self.depth == 0 => {
                self.column = self.column_of(self.at) as isize;
                self.indicator(1);
            }
            b'&' | b'!' => self.at = self.word_end(),
            b'*' if self.expects => {
                (self.at, self.expects) = (self.word_end(), false);
            }
            b'|' | b'>' if self.depth == 0 && self.expects && self.block() => {}
            _ => self.plain(),
        }
        Ok(())
    }

    fn indicator(&mut self, length: usize) {
        self.at += length;
        self.expects = true;
    }

    fn comment(&mut self, end: usize) {
        self.regions.push(Region::bare(self.at..end, Kind::Comment));
        self.at = end;
    }

    fn quoted(&mut self, end: Option<usize>, kind: Kind) -> Result<(), Error> {
        let end = end.ok_or(Error::Open { line: line_of(self.text, self.at), what: "a value in quotes" })?;
        let is_key = self.text[end..line_end(self.text, end)].trim_ascii_start().starts_with(b":");
        if is_key && self.depth == 0 {
            self.column = self.column_of(self.at) as isize;
        }
        self.regions.push(Region::quoted(self.at..end, 1, kind));
        (self.at, self.expects) = (end, false);
        Ok(())
    }

    fn column_of(&self, at: usize) -> usize {
        at - memchr::memrchr(b'\n', &self.text[..at]).map_or(0, |n| n + 1)
    }

    fn is_reference(&self, at: usize) -> bool {
        self.references.iter().any(|range| range.start == at)
    }

    fn word_end(&self) -> usize {
        let ends = |byte: &u8| byte.is_ascii_whitespace() || self.depth > 0 && b",[]{}".contains(byte);
        self.text[self.at..].iter().position(ends).map_or(self.text.len(), |n| self.at + n.max(1))
    }

    /// A plain scalar, as far as it goes in its line.
    fn plain(&mut self) {
        let (start, line) = (self.at, line_end(self.text, self.at));
        let mut end = start;
        while end < line {
            if let Some(range) = self.references.iter().find(|range| range.start == end) {
                // One in braces with a line end in them goes on behind it.
                end = range.end;
                continue;
            }
            let (byte, next) = (self.text[end], self.text.get(end + 1).copied().unwrap_or(b'\n'));
            let in_flow = self.depth > 0 && b",[]{}".contains(&byte);
            let is_colon = byte == b':' && (next.is_ascii_whitespace() || self.depth > 0 && b",[]{}".contains(&next));
            if in_flow || is_colon || byte.is_ascii_whitespace() && next == b'#' {
                break;
            }
            end += 1;
        }
        let end = end.max(start + 1).min(self.text.len());
        let scalar = start..start + self.text[start..end].trim_ascii_end().len().max(1);
        let is_key = self.text.get(end) == Some(&b':');
        let kind = if is_key || self.expects && !self.goes_on(end) { QUOTED } else { NEVER };
        if is_key && self.depth == 0 {
            self.column = self.column_of(start) as isize;
        }
        self.regions.push(Region::bare(scalar, kind));
        (self.at, self.expects) = (end, false);
    }

    /// Does a plain scalar go on in the next line?
    fn goes_on(&self, end: usize) -> bool {
        let mut at = end;
        loop {
            let rest = &self.text[at..];
            let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
            let Some(byte) = rest.get(blanks) else { return false };
            let next = at + blanks;
            if *byte == b'#' && blanks > 0 {
                // A comment ends a plain scalar.
                return false;
            }
            if self.depth > 0 {
                return !b",]}:".contains(byte);
            }
            if !rest[..blanks].contains(&b'\n') {
                at = next + 1;
                continue;
            }
            return self.column_of(next) as isize > self.column;
        }
    }

    /// A block scalar; false if it is none.
    fn block(&mut self) -> bool {
        let line = line_end(self.text, self.at);
        let header = &self.text[self.at + 1..line];
        let signs = header.iter().take_while(|b| b"+-".contains(b) || b.is_ascii_digit()).count();
        let behind = header[signs..].trim_ascii();
        if !(behind.is_empty() || behind.starts_with(b"#") && header[signs].is_ascii_whitespace()) {
            return false;
        }
        let digit = header[..signs].iter().find(|b| b.is_ascii_digit()).map(|b| usize::from(b - b'0'));
        let is_literal = self.text[self.at] == b'|';
        self.comment(line);
        self.expects = false;
        let Some(indent) = digit.map(|digit| self.column.max(0) as usize + digit).or_else(|| self.indent_of_block()) else {
            return true;
        };
        while self.at < self.text.len() {
            let start = self.at + 1;
            let end = line_end(self.text, start.min(self.text.len()));
            let content = &self.text[start.min(end)..end];
            let blanks = content.iter().take_while(|b| **b == b' ').count();
            if !content.trim_ascii().is_empty() && blanks < indent {
                break;
            }
            self.block_line(start.min(end)..end, indent, is_literal);
            self.at = end;
        }
        true
    }

    /// The blanks before the first line of a block that has something else.
    fn indent_of_block(&self) -> Option<usize> {
        let mut lines = self.text[self.at..].split(|b| *b == b'\n').skip(1);
        let line = lines.find(|line| !line.trim_ascii().is_empty())?;
        let indent = line.iter().take_while(|b| **b == b' ').count();
        (indent as isize > self.column).then_some(indent)
    }

    fn block_line(&mut self, line: Range<usize>, indent: usize, is_literal: bool) {
        let text = self.text[line.clone()].strip_suffix(b"\r").unwrap_or(&self.text[line.clone()]);
        let end = line.start + text.len();
        for range in self.references.iter().filter(|range| range.start >= line.start && range.start < end) {
            let first = self.text[line.start..range.start].trim_ascii().is_empty();
            let (first, last) = (edge(first), edge(range.end == end));
            let style = if is_literal { Style::Block(indent, first, last) } else { Style::Folded(first) };
            let kind = if range.end > end { NEVER } else { Kind::Keep(style) };
            self.regions.push(Region::bare(range.clone(), kind));
        }
    }
}

fn edge(is_at: bool) -> Edge {
    if is_at { Edge::At } else { Edge::Within }
}

/// Where a value in single quotes ends: two of them are one in it.
fn single_end(text: &[u8], from: usize) -> Option<usize> {
    let mut end = string_end(text, from, b'\'', false)?;
    while text.get(end) == Some(&b'\'') {
        end = string_end(text, end + 1, b'\'', false)?;
    }
    Some(end)
}
