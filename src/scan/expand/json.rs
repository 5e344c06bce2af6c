//! Slices of JSON text that a parser has accepted.
//!
//! Values stay in place as text until they are needed, so a megabyte of base64 costs one search for its closing quote. The
//! text was validated before; on anything else these functions give nonsense but never panic. Start with [`fields`].

use memchr::memchr2;

/// The fields of an object: the key without its quotes and still escaped, and the text of the value.
pub(super) fn fields(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = 1;
    std::iter::from_fn(move || {
        at = skip_filler(object, at, b',');
        if object.get(at) != Some(&b'"') {
            return None;
        }
        let key_end = value_end(object, at);
        let key = object.get(at + 1..key_end.checked_sub(1)?)?;
        let start = skip_filler(object, key_end, b':');
        at = value_end(object, start);
        Some((key, object.get(start..at)?))
    })
}

/// The items of an array, as text.
pub(super) fn items(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 1;
    std::iter::from_fn(move || {
        let start = skip_filler(array, at, b',');
        if matches!(array.get(start), None | Some(b']' | b'}')) {
            return None;
        }
        at = value_end(array, start).max(start + 1);
        array.get(start..at)
    })
}

/// The value of a field.
pub(super) fn field<'a>(object: &'a [u8], key: &str) -> Option<&'a [u8]> {
    fields(object).find(|(k, _)| *k == key.as_bytes()).map(|(_, value)| value)
}

/// Appends what a string means. `string` still has its quotes. Half of a surrogate pair becomes U+FFFD.
pub(super) fn push_string(string: &[u8], out: &mut Vec<u8>) {
    let inside = string.strip_prefix(b"\"").unwrap_or(string);
    let mut rest = inside.strip_suffix(b"\"").unwrap_or(inside);
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = push_escape(&rest[at + 1..], out);
    }
    out.extend_from_slice(rest);
}

/// Appends a value as text to read: strings are decoded, and each field and item stands on a line of its own.
pub(super) fn push_value(value: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        match byte {
            b'"' => {
                let end = value_end(value, at);
                out.push(b'"');
                push_string(value.get(at..end).unwrap_or_default(), out);
                out.push(b'"');
                at = end;
                continue;
            }
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b':' => out.extend_from_slice(b": "),
            b',' | b'{' | b'[' => {
                out.push(*byte);
                let next = value.get(skip_filler(value, at + 1, b' '));
                if !matches!(next, Some(b'}' | b']')) {
                    out.push(b'\n');
                }
            }
            other => out.push(*other),
        }
        at += 1;
    }
}

/// Appends what stands behind a backslash; gives the rest.
fn push_escape<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some((kind, rest)) = rest.split_first() else { return rest };
    let byte = match kind {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => return push_unicode(rest, out),
        other => *other,
    };
    out.push(byte);
    rest
}

fn push_unicode<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some((unit, rest)) = hex4(rest) else { return rest };
    let (code, rest) = match rest.strip_prefix(b"\\u").and_then(hex4) {
        Some((low @ 0xdc00..=0xdfff, after)) if (0xd800..=0xdbff).contains(&unit) => {
            (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), after)
        }
        _ => (unit, rest),
    };
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

fn hex4(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let unit = digits.iter().try_fold(0, |n, digit| Some(n << 4 | char::from(*digit).to_digit(16)?))?;
    Some((unit, rest))
}

/// One past the last byte of the value that starts at `start`.
fn value_end(text: &[u8], start: usize) -> usize {
    match text.get(start) {
        None => text.len(),
        Some(b'"') => string_end(text, start),
        Some(b'{' | b'[') => nested_end(text, start),
        Some(_) => {
            let end = text[start..].iter().position(|b| matches!(b, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t'));
            end.map_or(text.len(), |n| start + n)
        }
    }
}

fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(n) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        if text[at + n] == b'"' {
            return at + n + 1;
        }
        at += n + 2;
    }
    text.len()
}

fn nested_end(text: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => at = string_end(text, at - 1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The first byte at or after `at` that is neither white space nor `also`.
fn skip_filler(text: &[u8], at: usize, also: u8) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let n = rest.iter().take_while(|b| **b == also || matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
    at + n
}
