//! Values of `.env` files.
//!
//! There is no standard: shells, Docker, and libraries for Node, Python and Ruby read them, each in its own way. What is written here all of
//! them read alike. It must not know what the values are. Start with [`regions`]; [`variables`] reads such a file.

use std::ops::Range;

use super::{Error, Kind, Region, Style, line_end, line_of, string_end};

/// A line `NAME=value`.
struct Entry {
    name: Range<usize>,
    inner: Range<usize>,
    outer: Range<usize>,
    /// 0 for none.
    quote: u8,
}

enum Line {
    Comment(Range<usize>),
    Entry(Entry),
}

pub(super) fn regions(text: &[u8]) -> Result<Vec<Region>, Error> {
    let of = |line| match line {
        Line::Comment(range) => Region::bare(range, Kind::Comment),
        Line::Entry(entry) => Region { kind: kind(text, &entry), inner: entry.inner, outer: entry.outer },
    };
    Ok(lines(text)?.into_iter().map(of).collect())
}

/// If nothing beside the values needs its quotes, the values choose theirs.
fn kind(text: &[u8], entry: &Entry) -> Kind {
    let found = crate::exec::reference::find(&text[entry.inner.clone()]);
    let mut beside = text[entry.inner.clone()].to_vec();
    found.iter().rev().for_each(|one| drop(beside.drain(one.range.clone())));
    let is_simple =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,=?&~".contains(byte) || *byte == b' ' && entry.quote != 0;
    match entry.quote {
        _ if beside.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(byte)) => Kind::Fitting,
        b'\'' => Kind::Keep(Style::EnvSingle),
        b'"' => Kind::Keep(Style::EnvDouble),
        0 if beside.iter().all(is_simple) => Kind::Fitting,
        0 => Kind::Never(": put the value in quotes"),
        _ => Kind::Never(": use other quotes"),
    }
}

/// The names and values of such a text, escapes of double quotes undone. Variables in values are not expanded.
pub(crate) fn variables(text: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut variables = Vec::new();
    for line in lines(text)? {
        let Line::Entry(entry) = line else { continue };
        let name = String::from_utf8_lossy(&text[entry.name]).into_owned();
        let inner = &text[entry.inner];
        variables.push((name, if entry.quote == b'"' { unescaped(inner) } else { inner.to_vec() }));
    }
    Ok(variables)
}

fn unescaped(inner: &[u8]) -> Vec<u8> {
    let (mut out, mut bytes) = (Vec::with_capacity(inner.len()), inner.iter());
    while let Some(byte) = bytes.next() {
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(other @ (b'"' | b'\\' | b'$' | b'`')) => out.push(*other),
            other => {
                out.push(b'\\');
                out.extend(other);
            }
        }
    }
    out
}

fn lines(text: &[u8]) -> Result<Vec<Line>, Error> {
    let (mut lines, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let begin = at + blanks(&text[at..]);
        let end = line_end(text, begin);
        if text.get(begin) == Some(&b'#') {
            lines.push(Line::Comment(begin..end));
            at = end + 1;
            continue;
        }
        match entry(text, begin, end)? {
            Some(entry) => {
                let behind = entry.outer.end;
                let end = line_end(text, behind);
                let comment = behind + blanks(&text[behind..end]);
                lines.push(Line::Entry(entry));
                if text.get(comment) == Some(&b'#') && comment < end {
                    lines.push(Line::Comment(comment..end));
                }
                at = end + 1;
            }
            None => at = end + 1,
        }
    }
    Ok(lines)
}

fn entry(text: &[u8], begin: usize, end: usize) -> Result<Option<Entry>, Error> {
    let line = &text[begin..end];
    let export = line.strip_prefix(b"export").filter(|rest| rest.first().is_some_and(|b| *b == b' ' || *b == b'\t'));
    let start = export.map_or(begin, |rest| end - rest.len() + blanks(rest));
    let Some(equals) = memchr::memchr(b'=', &text[start..end]).map(|n| start + n) else { return Ok(None) };
    let name = start..start + text[start..equals].trim_ascii_end().len();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    if name.is_empty() || !text[name.clone()].iter().all(is_name) {
        return Ok(None);
    }
    let value = equals + 1 + blanks(&text[equals + 1..end]);
    let quote = text.get(value).copied().filter(|b| b"'\"`".contains(b)).unwrap_or(0);
    if quote != 0 {
        let open = Error::Open { line: line_of(text, value), what: "a value in quotes" };
        let close = string_end(text, value + 1, quote, quote == b'"').ok_or(open)?;
        return Ok(Some(Entry { name, inner: value + 1..close - 1, outer: value..close, quote }));
    }
    let rest = &text[value..end];
    let comment = rest.windows(2).position(|pair| pair[1] == b'#' && (pair[0] == b' ' || pair[0] == b'\t'));
    let rest = rest[..comment.unwrap_or(rest.len())].trim_ascii_end();
    let inner = value..value + rest.len();
    Ok(Some(Entry { name, outer: inner.clone(), inner, quote }))
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|b| **b == b' ' || **b == b'\t').count()
}
