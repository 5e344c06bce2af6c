//! Where the value of a header ends that stands behind its name: in quotes, in lists, in the string of something else, or in a line.
//!
//! It must not know which names count. Start with [`read`]. Sources: RFC 8259 (JSON); how programs in Python and Node print headers.

use std::ops::Range;

use super::escape::{escape, gap};

/// A value is looked for so far behind its name, and what it stands in so far before it.
pub(super) const LOOK_BACK: usize = 4096;
/// Quotes that a value may stand in begin no further before it.
const HEAD: usize = 16 * 1024;
/// What names the kind of credentials in `Authorization`, and stays.
const SCHEMES: [&[u8]; 6] = [b"Bearer", b"Basic", b"Digest", b"Token", b"Negotiate", b"ApiKey"];
/// What says that there is no value.
const NOTHING: [&[u8]; 8] = [b"null", b"None", b"undefined", b"-", b"true", b"false", b"[", b"{"];
/// A name beside a string of so many characters with a digit is that of a value.
const LEAST: usize = 16;

/// Calls `hit` for each value of the name. Tells where the last one ends.
pub(super) fn read(bytes: &[u8], name: Range<usize>, hit: &mut dyn FnMut(Range<usize>)) -> Option<usize> {
    let mut at = name.end + colour(&bytes[name.end..]);
    let closed = skip(bytes, &mut at, b"\\\"'`])");
    let is_name_only = bytes[at - closed..at].iter().all(|b| !matches!(b, b']' | b')'));
    skip(bytes, &mut at, b" \t");
    let mut operator = *bytes.get(at).filter(|b| matches!(b, b':' | b'=') || **b == b',' && closed > 0 && is_name_only)?;
    at += 1;
    if operator == b',' {
        at = beside(bytes, name.start, at)?;
        operator = b':';
    }
    skip(bytes, &mut at, b" \t>");
    if matches!(bytes.get(at), Some(b'[' | b'{'))
        && let Some((values, end)) = list(bytes, at)
    {
        values.into_iter().for_each(hit);
        return Some(end);
    }
    let bare = at;
    skip(bytes, &mut at, b" [(");
    // A bracket before a scheme, or a string, is none of the value.
    let from = if scheme(&bytes[at..]).is_some() { at } else { bare };
    let literal_end = literal(bytes, from).filter(|_| closed > 0 && operator == b':');
    let (from, stop) = match string(bytes, at) {
        Some(string) => (string.start, string.end),
        None => (from, literal_end.unwrap_or_else(|| bare_end(bytes, from, operator))),
    };
    let value = value(bytes, from..stop)?;
    let end = value.end;
    hit(value);
    Some(end)
}

/// The length of the code that colours, as JSON escapes it, that a text begins with.
fn colour(text: &[u8]) -> usize {
    let Some((length, 0x1b)) = text.starts_with(b"\\").then(|| escape(text)) else { return 0 };
    let digits = text[length..].iter().skip(1).take_while(|b| b.is_ascii_digit() || **b == b';').count();
    if text[length..].starts_with(b"[") && text.get(length + 1 + digits) == Some(&b'm') { length + digits + 2 } else { 0 }
}

/// The scheme that a text begins with.
fn scheme(text: &[u8]) -> Option<&'static [u8]> {
    let begins = |s: &&&[u8]| text.len() > s.len() && text[..s.len()].eq_ignore_ascii_case(s) && text[s.len()] == b' ';
    SCHEMES.iter().find(begins).copied()
}

/// What of a text is a value: what stands behind the scheme, if there is anything.
fn value(bytes: &[u8], range: Range<usize>) -> Option<Range<usize>> {
    let text = &bytes[range.start..range.end.max(range.start)];
    let scheme =
        SCHEMES.iter().find(|s| text.len() > s.len() && text[..s.len()].eq_ignore_ascii_case(s) && text[s.len()] == b' ');
    let start = range.start + scheme.map_or(0, |scheme| scheme.len() + 1);
    let value = &bytes[start..range.end.max(start)];
    let is_scheme = SCHEMES.iter().any(|scheme| value.eq_ignore_ascii_case(scheme));
    (!value.is_empty() && !is_scheme && !NOTHING.contains(&value)).then_some(start..range.end)
}

/// The text of the string that begins at `at`, which may be escaped itself.
fn string(bytes: &[u8], mut at: usize) -> Option<Range<usize>> {
    if matches!(bytes.get(at), Some(b'b' | b'u')) && matches!(bytes.get(at + 1), Some(b'\'' | b'"')) {
        at += 1;
    }
    let slashes = skip(bytes, &mut at, b"\\");
    let quote = bytes.get(at).copied().filter(|b| matches!(b, b'"' | b'\'' | b'`'))?;
    Some(at + 1..quoted_end(bytes, at + 1, quote, slashes))
}

/// The values in the list or the object that begins at `open`, if it is one of strings and numbers, and where it ends.
fn list(bytes: &[u8], open: usize) -> Option<(Vec<Range<usize>>, usize)> {
    let bytes = &bytes[..bytes.len().min(open + LOOK_BACK * 2)];
    let (mut values, mut at, mut depth) = (Vec::new(), open, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' => (at, depth) = (at + 1, depth + 1),
            b']' | b'}' => (at, depth) = (at + 1, depth - 1),
            b',' | b'\n' => at += 1,
            _ if gap(&bytes[at..]).is_some() => at += gap(&bytes[at..]).map_or(1, |gap| gap.0),
            _ => {
                let (text, next) = match string(bytes, at) {
                    Some(text) => {
                        let end = text.end + bytes[text.end..].iter().take_while(|b| **b == b'\\').count();
                        (text, end + usize::from(bytes.get(end).is_some_and(|b| *b != b'\n')))
                    }
                    None => match literal(bytes, at) {
                        Some(end) => (at..end, end),
                        None => break,
                    },
                };
                let behind = bytes[next..].iter().position(|b| !matches!(b, b' ' | b'\t')).map_or(next, |n| next + n);
                // A name in an object.
                let is_name = bytes.get(behind) == Some(&b':');
                values.extend(value(bytes, text).filter(|_| !is_name));
                at = if is_name { behind + 1 } else { next };
            }
        }
        if depth == 0 {
            break;
        }
    }
    (depth == 0 || !values.is_empty()).then_some((values, at))
}

/// The end of the number, or the like, that stands at `at` as a value of JSON.
fn literal(bytes: &[u8], at: usize) -> Option<usize> {
    let length = bytes.get(at..)?.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
    let behind = bytes[at + length..].iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r'));
    (length > 0 && behind.is_none_or(|b| matches!(b, b',' | b']' | b'}' | b'\n'))).then_some(at + length)
}

/// Where the value begins of a name that is itself one, in a pair: `('Cookie', 'a=b')`, `"name":"Cookie","value":"a=b"`, or in a list that
/// holds names and values in turn.
fn beside(bytes: &[u8], start: usize, comma: usize) -> Option<usize> {
    let head = &bytes[start.saturating_sub(LOOK_BACK)..start];
    let quotes = head.iter().rev().take(4).take_while(|b| matches!(b, b'"' | b'\'' | b'b' | b'\\')).count();
    let opens = head[..head.len() - quotes].trim_ascii_end().last();
    if opens == Some(&b'(') {
        return Some(comma);
    }
    let mut at = comma;
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    if matches!(opens, Some(b'[' | b',')) {
        let text = &bytes[string(bytes, at)?];
        let is_long = text.len() >= LEAST && text.iter().any(u8::is_ascii_digit);
        // A list of the names of headers has none.
        return (is_long || text.iter().any(|b| matches!(b, b'=' | b' '))).then_some(at);
    }
    skip(bytes, &mut at, b" \t\\\"'");
    let rest = bytes.get(at..)?;
    if !rest.starts_with(b"value") && !rest.starts_with(b"Value") {
        return None;
    }
    at += 5;
    skip(bytes, &mut at, b"\\\"' ");
    (bytes.get(at) == Some(&b':')).then_some(at + 1)
}

fn skip(bytes: &[u8], at: &mut usize, any: &[u8]) -> usize {
    let n = bytes[*at..].iter().take(8).take_while(|b| any.contains(b)).count();
    *at += n;
    n
}

/// Where a quoted value ends whose quote has so many backslashes before it.
fn quoted_end(bytes: &[u8], from: usize, quote: u8, slashes: usize) -> usize {
    let mut at = from;
    while let Some(next) = memchr::memchr3(quote, b'\n', b'\\', &bytes[at..]).map(|n| at + n) {
        if bytes[next] != b'\\' {
            return next;
        }
        let run = bytes[next..].iter().take_while(|b| **b == b'\\').count();
        if slashes > 0 && run == slashes && bytes.get(next + run) == Some(&quote) {
            return next;
        }
        at = (next + run + run % 2).min(bytes.len());
    }
    bytes.len()
}

/// The quote that what stands at `at` is in, and the backslashes before it.
fn around(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let head = &bytes[at.saturating_sub(HEAD)..at];
    let head = &head[memchr::memrchr(b'\n', head).map_or(0, |n| n + 1)..];
    let mut open: Vec<usize> = Vec::new();
    for quote in memchr::memchr_iter(b'"', head) {
        let slashes = slashes(&head[..quote]);
        match open.iter().position(|level| *level == slashes) {
            Some(level) => open.truncate(level),
            None => open.push(slashes),
        }
    }
    open.last().map(|slashes| (b'"', *slashes)).or_else(|| in_single(head).then_some((b'\'', 0)))
}

/// Does a text end within single quotes? An apostrophe behind a letter opens none.
pub(super) fn in_single(head: &[u8]) -> bool {
    let mut is_open = false;
    for quote in memchr::memchr_iter(b'\'', head) {
        let is_letter = |at: Option<usize>| at.and_then(|at| head.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        let before = quote.checked_sub(1);
        // As Python prints bytes.
        let is_bytes = before.is_some_and(|at| head[at] == b'b') && !is_letter(quote.checked_sub(2));
        is_open = if is_open { is_letter(before) && is_letter(Some(quote + 1)) } else { !is_letter(before) || is_bytes };
    }
    is_open
}

fn slashes(text: &[u8]) -> usize {
    text.iter().rev().take_while(|b| **b == b'\\').count()
}

/// Where a value without quotes of its own ends, at `from`.
fn bare_end(bytes: &[u8], from: usize, operator: u8) -> usize {
    let line = bytes[from..].iter().position(|b| matches!(b, b'\n' | b'\r' | 0)).map_or(bytes.len(), |n| from + n);
    let escapes = |at: &usize| {
        let rest = &bytes[*at..line];
        match rest[0] {
            b'\\' => matches!(escape(rest), (_, code) if code < 16 && code != 9),
            _ => [&b"#015#012"[..], b"#012", b"%0D%0A"].iter().any(|end| rest.starts_with(end)),
        }
    };
    let line = memchr::memchr3_iter(b'\\', b'#', b'%', &bytes[from..line]).map(|n| from + n).find(escapes).unwrap_or(line);
    // In quotes that begin before the name, as `-H 'Authorization: …'` and in a string of JSON, it ends with them.
    let closes = |quote: u8, level: usize| {
        let level_of = |at: usize| slashes(&bytes[from..at]);
        let mut all = memchr::memchr_iter(quote, &bytes[from..line]).map(|n| from + n).filter(|at| level_of(*at) <= level);
        // One that opens a value within the value, which another one closes.
        let opens = |at: usize| bytes[from..at].ends_with(b"=") && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        let mut at = all.next();
        while at.is_some_and(opens) {
            at = all.nth(1);
        }
        at.map(|at| at - level_of(at))
    };
    let line = around(bytes, from).and_then(|(quote, level)| closes(quote, level)).unwrap_or(line);
    if operator == b':' {
        return from + bytes[from..line].trim_ascii_end().len();
    }
    // `name=value`: up to a blank, but for one behind a scheme, between cookies or parameters, or in quotes.
    let (mut at, mut quoted) = (from, false);
    while at < line {
        let before = &bytes[from..at];
        let goes_on =
            || before.ends_with(b";") || before.ends_with(b",") || SCHEMES.iter().any(|s| before.eq_ignore_ascii_case(s));
        match bytes[at] {
            b'"' => quoted = !quoted,
            b' ' | b'\t' if !quoted && !goes_on() => break,
            _ => {}
        }
        at += 1;
    }
    at
}
