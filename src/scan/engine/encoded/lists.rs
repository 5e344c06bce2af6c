//! Literals that a function joins: `concat!("a", "b")`, `"a".concat("b")`, `["a", "b"].join("")`, `"".join(["a", "b"])`.
//!
//! It must not take them for anything but literals. Start with [`Search::concatenated`], [`Search::listed`] and [`Search::joins`], called
//! where such a function may stand. With anything else between them, or a separator, there is nothing to join.

use std::ops::Range;

use super::super::Sink;
use super::super::search::Search;
use super::joined::{gap, is_quote, unprefixed};
use super::{Codec, Text};

/// Literals of a list, bytes of one, and bytes of all with what stands between them.
const PARTS: usize = 128;
const PART: usize = 512;
const LIST: usize = 4096;
/// Fewest bytes of what they make together.
const LEAST: usize = 16;

/// Some literals and where what holds them ends.
type List = (Vec<Range<usize>>, usize);

/// The literals behind the opening bracket before `at`; `None` if there is anything else.
fn literals(bytes: &[u8], mut at: usize) -> Option<List> {
    let (mut parts, most) = (Vec::new(), at + LIST);
    while parts.len() < PARTS && at < most {
        at = gap(bytes, at);
        match bytes.get(at)? {
            b'[' | b'(' | b'{' | b'&' if parts.is_empty() => {
                at += 1;
                continue;
            }
            b']' | b')' | b'}' => return Some((parts, at)),
            _ => at = unprefixed(bytes, at),
        }
        let quote = *bytes.get(at).filter(|b| is_quote(**b))?;
        let rest = &bytes[at + 1..];
        let length = rest.iter().take(PART).position(|b| *b == quote || matches!(b, b'\n' | b'\\'))?;
        if rest[length] != quote {
            return None;
        }
        parts.push(at + 1..at + 1 + length);
        at = gap(bytes, at + length + 2);
        if bytes.get(at) == Some(&b',') {
            at += 1;
        } else if !matches!(bytes.get(at), Some(b']' | b')' | b'}')) {
            return None;
        }
    }
    None
}

/// The literals of the list that ends with the bracket at `at`.
fn list_before(bytes: &[u8], at: usize) -> Option<Vec<Range<usize>>> {
    let floor = at.saturating_sub(LIST);
    let open = floor + memchr::memrchr(b'[', &bytes[floor..at])?;
    literals(bytes, open + 1).filter(|(_, end)| *end == at).map(|(parts, _)| parts)
}

/// The literal whose closing quote stands at `at`.
fn literal_before(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let quote = *bytes.get(at).filter(|b| is_quote(**b))?;
    let floor = at.saturating_sub(PART);
    let open = bytes[floor..at].iter().rposition(|b| *b == quote || *b == b'\n')?;
    (bytes[floor + open] == quote).then_some(floor + open + 1..at)
}

/// Does what stands from `at` on join without anything between: `.join("")`, `.join()` or `.join`?
fn joins_as_it_is(bytes: &[u8], at: usize) -> bool {
    let Some(rest) = bytes[at..].strip_prefix(b".join") else { return false };
    match rest {
        [b'(', b')', ..] => true,
        [b'(', open, close, b')', ..] => is_quote(*open) && open == close,
        [b'(', ..] => false,
        _ => true,
    }
}

impl<S: Sink> Search<'_, '_, '_, S> {
    /// Looks at `concat`, of whose middle the first byte stands at `at`.
    pub(super) fn concatenated(&mut self, at: usize) {
        let bytes = self.bytes;
        let Some(start) = at.checked_sub(2).filter(|start| bytes[*start..].len() >= 8) else { return };
        if !bytes[start..start + 6].eq_ignore_ascii_case(b"concat") {
            return;
        }
        self.looked(start.saturating_sub(LIST), start + LIST + PART);
        let before = start.checked_sub(2).filter(|before| bytes[before + 1] == b'.').map(|before| (before, bytes[before]));
        if let Some((before, b']')) = before {
            if bytes[start + 6..].starts_with(b"()") {
                self.list(&list_before(bytes, before).unwrap_or_default());
            }
            return;
        }
        // A further link of a chain: all of it was looked at from the first one on.
        let is_link = |literal: Range<usize>| literal.start > 0 && bytes[..literal.start - 1].ends_with(b".concat(");
        if let Some((before, b')')) = before
            && before.checked_sub(1).and_then(|end| literal_before(bytes, end)).is_some_and(is_link)
        {
            return;
        }
        let mut parts: Vec<Range<usize>> = before.and_then(|(before, _)| literal_before(bytes, before)).into_iter().collect();
        let mut open = start + 6;
        open += if bytes[open..].starts_with(b"_ws") || bytes[open..].starts_with(b"_WS") { 3 } else { 0 };
        open += usize::from(bytes.get(open) == Some(&b'!'));
        while bytes.get(open) == Some(&b'(')
            && parts.len() < PARTS
            && open < start + LIST
            && let Some((more, end)) = literals(bytes, open + 1)
        {
            parts.extend(more);
            open = end + if bytes[end..].starts_with(b").concat(") { 8 } else { bytes.len() };
        }
        self.list(&parts);
    }

    /// Looks at the bracket that a list ends with, which may be joined.
    pub(super) fn listed(&mut self, at: usize) {
        if joins_as_it_is(self.bytes, at + 1) {
            self.looked(at.saturating_sub(LIST), at + LIST);
            self.list(&list_before(self.bytes, at).unwrap_or_default());
        }
    }

    /// Looks at the quote that an empty literal ends with, which may join a list.
    pub(super) fn joins(&mut self, at: usize) {
        let bytes = self.bytes;
        if at.checked_sub(1).is_some_and(|before| bytes[before] == bytes[at]) && bytes[at + 1..].starts_with(b".join(") {
            self.looked(at - 1, at + LIST + PART);
            let parts = literals(bytes, at + 7).map(|(parts, _)| parts);
            self.list(&parts.unwrap_or_default());
        }
    }

    /// Searches what literals make together, if that is long enough for a secret and has letters and digits.
    fn list(&mut self, parts: &[Range<usize>]) {
        let bytes = self.bytes;
        let ([first, _, ..], Some(last)) = (parts, parts.last()) else { return };
        let has = |is: fn(&u8) -> bool| parts.iter().any(|part| bytes[part.clone()].iter().any(is));
        if self.is_deep(&(first.start..last.end))
            || parts.iter().map(Range::len).sum::<usize>() < LEAST
            || !has(u8::is_ascii_digit)
            || !has(u8::is_ascii_alphabetic)
        {
            return;
        }
        let mut text = Text::behind(bytes, first.start);
        parts.iter().for_each(|part| text.copy(bytes, part.clone()));
        text.end(bytes, last.end);
        self.within(&text, &[Codec::Joined]);
    }
}
