//! The values in the queries of URLs.
//!
//! Source: RFC 3986. It must not judge values, but for those without a name, which count if they look like more than a word. Start with
//! [`find`]. A URL is what has a scheme, a host before its first slash, or begins with a slash; it may stand in a string of JSON, with some of
//! its characters as escapes.

use std::cell::LazyCell;
use std::ops::Range;

use super::escape::escape;
use super::values::{LOOK_BACK, in_single};

/// So far before a question mark what makes it one of a URL is looked for.
const HEAD: usize = 2048;
/// A value without a name counts if it has so many characters, letters and digits among them,
const MIXED: usize = 8;
/// or so many.
const LONG: usize = 20;

/// Calls `hit(name, range)` for each value that ends behind `from`; the name is empty if it has none.
pub(super) fn find(bytes: &[u8], from: usize, hit: &mut impl FnMut(&[u8], Range<usize>)) {
    // What begins before goes on to here only if no blank stands between.
    let floor = from.saturating_sub(LOOK_BACK);
    let begin = token(bytes, from, floor).unwrap_or(floor);
    let (mut at, mut start) = (begin, begin);
    for mark in marks(bytes, begin) {
        if mark.start < at {
            continue;
        }
        start = token(bytes, mark.start, at).unwrap_or(start);
        at = mark.end;
        if is_url(&bytes[start..mark.start]) {
            at = parameters(bytes, start, mark.end, hit);
            start = at;
        }
    }
}

/// Question marks, also those that JSON escapes, in order.
fn marks(bytes: &[u8], from: usize) -> impl Iterator<Item = Range<usize>> {
    let mut plain = memchr::memchr_iter(b'?', &bytes[from..]).map(move |n| from + n..from + n + 1).peekable();
    let is_mark = |at: &usize| matches!(bytes.get(at + 5), Some(b'f' | b'F'));
    let escaped = memchr::memmem::find_iter(&bytes[from..], b"\\u003").map(move |n| from + n);
    let mut escaped = escaped.filter(is_mark).map(|at| at..at + 6).peekable();
    std::iter::from_fn(move || match (plain.peek(), escaped.peek()) {
        (Some(one), Some(other)) if other.start < one.start => escaped.next(),
        (Some(_), _) => plain.next(),
        (None, _) => escaped.next(),
    })
}

/// Where the word begins that goes on to `end`, if it begins behind `floor`.
fn token(bytes: &[u8], end: usize, floor: usize) -> Option<usize> {
    for at in (floor..end).rev() {
        let next = match bytes[at] {
            b'\'' if at > 0 && bytes[at - 1].is_ascii_alphanumeric() => continue,
            b'\\' => match (bytes.get(at + 1), escape(&bytes[at..])) {
                (Some(b'/' | b'\\'), _) => continue,
                (Some(b'u'), (6, code)) if !ends_url(code) => continue,
                (_, (length, code)) if ends_url(code) => at + length,
                _ => at + 1,
            },
            byte if ends_url(u32::from(byte)) => at + 1,
            _ => continue,
        };
        return Some(next.min(end));
    }
    None
}

/// Is what stands before a question mark the beginning of a URL?
fn is_url(head: &[u8]) -> bool {
    let Some(slash) = memchr::memchr(b'/', &head[..head.len().min(HEAD)]) else { return false };
    let last = &head[head.len().saturating_sub(HEAD)..];
    let has = |what: &[u8]| memchr::memmem::find(last, what).is_some_and(|at| at > 0);
    if has(b"://") || has(b":\\/\\/") {
        return true;
    }
    let before = &head[..slash];
    let before = &before[..before.iter().rposition(|b| *b != b'\\').map_or(0, |at| at + 1)];
    let is_port = |at: usize| at + 1 < before.len() && before[at + 1..].iter().all(u8::is_ascii_digit);
    let delimits = |at: &usize| b"=([{,;|@&".contains(&before[*at]) || before[*at] == b':' && !is_port(*at);
    let host = &before[(0..before.len()).rev().find(delimits).map_or(0, |at| at + 1)..];
    host.is_empty() || is_host(host)
}

/// A name with a dot or a port, or the one of this machine.
fn is_host(host: &[u8]) -> bool {
    let colon = memchr::memchr(b':', host);
    let name = &host[..colon.unwrap_or(host.len())];
    let is_name = !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    let has_dot = memchr::memchr(b'.', name).is_some_and(|at| at > 0) && !name.ends_with(b".");
    is_name && (has_dot || colon.is_some() || name == b"localhost")
}

fn ends_url(code: u32) -> bool {
    code <= 32 || matches!(code, 34 | 39 | 60 | 62 | 92 | 96 | 127)
}

/// What stands at `at` in a query, and its length.
fn unit(bytes: &[u8], at: usize) -> Option<(usize, u32)> {
    match bytes.get(at)? {
        b'\\' => Some(escape(&bytes[at..])),
        byte => Some((1, u32::from(*byte))),
    }
}

/// The parameters behind `from`, in a URL that begins at `start`. Tells where they end.
fn parameters(bytes: &[u8], start: usize, from: usize, hit: &mut impl FnMut(&[u8], Range<usize>)) -> usize {
    let (mut at, mut begin, mut equals) = (from, from, None);
    let is_quoted = LazyCell::new(|| in_single(line_before(bytes, start)));
    while let Some((length, code)) = unit(bytes, at) {
        match code {
            // A backslash that escapes nothing, and an apostrophe that closes nothing.
            92 => {}
            39 if !*is_quoted => {}
            35 => break,
            _ if ends_url(code) => break,
            38 | 59 if code == 38 || begins_parameter(bytes, at + length) => {
                parameter(bytes, begin..at, equals, hit);
                let is_entity = bytes[at..].starts_with(b"&amp;");
                (begin, equals) = (at + if is_entity { 5 } else { length }, None);
                at = begin;
                continue;
            }
            61 if equals.is_none() => equals = Some(at..at + length),
            _ => {}
        }
        at += length;
    }
    parameter(bytes, begin..at, equals, hit);
    at
}

/// What stands before a URL in its line.
fn line_before(bytes: &[u8], at: usize) -> &[u8] {
    let head = &bytes[at.saturating_sub(LOOK_BACK)..at];
    &head[memchr::memrchr(b'\n', head).map_or(0, |n| n + 1)..]
}

/// Does a name and an equals sign stand there? Else a semicolon is one of a value.
fn begins_parameter(bytes: &[u8], at: usize) -> bool {
    let name = bytes[at..].iter().take(64).take_while(|b| b.is_ascii_alphanumeric() || b"_-.[]".contains(b)).count();
    name > 0 && matches!(unit(bytes, at + name), Some((_, 61)))
}

fn parameter(bytes: &[u8], range: Range<usize>, equals: Option<Range<usize>>, hit: &mut impl FnMut(&[u8], Range<usize>)) {
    let Some(equals) = equals else {
        let value = &bytes[range.clone()];
        let is_mixed = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic);
        if value.len() >= LONG || value.len() >= MIXED && is_mixed {
            hit(b"", range);
        }
        return;
    };
    if equals.end < range.end {
        hit(&bytes[range.start..equals.start], equals.end..range.end);
    }
}
