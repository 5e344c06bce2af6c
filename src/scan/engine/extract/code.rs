//! Values of names in code: behind types, as arguments, as what stands in for what is not set.
//!
//! It must not judge them. Everything here looks at no more than the next few hundred bytes, and turns away by the first of them.

use super::{Form, MAX_BLANKS, MAX_COMPARED, MAX_NAME, Reader, is_quote, quoted};

/// A value in quotes that the name is compared with from the left: `"…" == password`.
pub(super) fn compared(bytes: &[u8], name_start: usize) -> Option<(usize, usize, Form)> {
    let head = bytes[name_start.saturating_sub(MAX_COMPARED)..name_start].trim_ascii_end();
    if head.last() != Some(&b'=') {
        return None;
    }
    let head = [&b"==="[..], b"!==", b"==", b"!="].iter().find_map(|op| head.strip_suffix(*op))?.trim_ascii_end();
    let (quote, text) = head.split_last().filter(|(quote, _)| is_quote(**quote))?;
    let start = memchr::memrchr2(*quote, b'\n', text)?;
    let end = name_start - name_start.min(MAX_COMPARED) + text.len();
    (text[start] == *quote).then_some((end - (text.len() - start - 1), end, Form::Quoted))
}

/// Beginnings of the names of functions that look at a value rather than keep it.
const READERS: &[&[u8]] = &[
    b"get",
    b"check",
    b"split",
    b"verify",
    b"hash",
    b"find",
    b"load",
    b"read",
    b"is",
    b"has",
    b"parse",
    b"fetch",
    b"prompt",
    b"ask",
    b"valid",
    b"encode",
    b"decode",
    b"count",
    b"num",
    b"print",
    b"log",
    b"assert",
    b"expect",
    b"delete",
    b"remove",
    b"test",
    b"derive",
    b"match",
    b"compare",
    b"lookup",
    b"describe",
    b"it",
];

/// The only argument of a call: `setPassword("…")`. `at` is where the part of the name stands that was asked for.
pub(super) fn argument(mut r: Reader<'_>, name_start: usize, at: usize) -> Option<(usize, usize, Form)> {
    let name = &r.bytes[name_start..r.at];
    let method = name.iter().rposition(|b| *b == b'.').map_or(0, |dot| dot + 1);
    let called = name[method..].to_ascii_lowercase();
    if name_start + method > at || READERS.iter().any(|verb| verb.first() == called.first() && called.starts_with(verb)) {
        return None;
    }
    r.at += 1;
    r.blanks();
    let value = quoted(r)?;
    r.at = value.1;
    (behind(r) == Some(b')')).then_some(value)
}

/// The second of two arguments or members: `put("password", "…")`, `{"password", "…"}`; or the third of Gradle's
/// `buildConfigField "String", "API_KEY", "\"…\""`, whose value has quotes of its own.
pub(super) fn pair(mut r: Reader<'_>, name_start: usize) -> Option<(usize, usize, Form)> {
    let near = &r.bytes[name_start.saturating_sub(MAX_NAME)..name_start];
    let quotes = near.iter().rev().take(8).take_while(|b| is_quote(**b) || b"\\bruL@".contains(b)).count();
    let (before, quoted_name) = near.split_at(near.len() - quotes);
    if !quoted_name.iter().any(|b| is_quote(*b)) {
        return None;
    }
    let open = before.iter().rev().find(|b| !b.is_ascii_whitespace());
    r.at += 1;
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    let (start, end, form) = quoted(r)?;
    r.at = end;
    if matches!(open, Some(b'(' | b'{')) {
        return matches!(behind(r), Some(b')' | b'}')).then_some((start, end, form));
    }
    let gradle = [&b"buildConfigField"[..], b"resValue"].iter().any(|word| memchr::memmem::find(before, word).is_some());
    let inner = |b: &u8| is_quote(*b) || *b == b'\\';
    let head = r.bytes[start..end].iter().take_while(|b| inner(b)).count();
    let tail = r.bytes[start + head..end].iter().rev().take_while(|b| inner(b)).count();
    (gradle && head + tail < end - start).then_some((start + head, end - tail, form))
}

/// What stands behind a closing quote.
fn behind(mut r: Reader<'_>) -> Option<u8> {
    r.skip(8, |b| is_quote(b) || b == b'\\');
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    r.peek()
}

/// Steps over ` string =`, the type behind the name as in Go, and over `[] =` and `[32] =` as in C.
pub(super) fn typed_behind(r: &mut Reader<'_>, name_start: usize) -> bool {
    let mut t = *r;
    if t.eat(b"[") {
        t.skip(8, |b| b.is_ascii_digit() || b == b' ');
        if !t.eat(b"]") {
            return false;
        }
    } else {
        let head = r.bytes[name_start.saturating_sub(MAX_BLANKS)..name_start].trim_ascii_end();
        if !head.ends_with(b"var") && !head.ends_with(b"const")
            || t.skip(24, |b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'[' | b']' | b'.')) == 0
        {
            return false;
        }
    }
    t.blanks();
    if !t.eat(b"=") || t.peek() == Some(b'=') {
        return false;
    }
    *r = t;
    true
}

/// Steps over `: Type =`.
pub(super) fn typed(r: &mut Reader<'_>) -> bool {
    let mut t = *r;
    if !t.eat(b":") {
        return false;
    }
    t.blanks();
    let is_type =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'<' | b'>' | b'&' | b'\'' | b'[' | b']' | b'.' | b'?' | b'|');
    let word = t.skip(40, is_type);
    let gap = t.blanks();
    if word == 0 || gap == 0 || !t.eat(b"=") || t.peek() == Some(b'=') {
        return false;
    }
    *r = t;
    true
}
