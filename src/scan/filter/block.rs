//! Private keys in PEM form whose end has not come.
//!
//! Source: RFC 7468, and OpenPGP's armor (RFC 9580). It must not judge keys that are whole: the engine does. Start with [`open`].

use std::ops::Range;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
/// PuTTY's keys, and their last line.
const PUTTY: &[u8] = b"PuTTY-User-Key-File-";
const PUTTY_END: &[u8] = b"Private-MAC:";
/// Longest label of what is looked for, dashes included: `-----BEGIN ENCRYPTED PRIVATE KEY-----`.
const LABEL: usize = 60;
/// A line so long in a key that has no end says that it is one.
const BODY: usize = 16;
/// Characters of a line of PEM (64), of OpenSSH (70) or of another tool (76), and what stands before it in a log.
const LINE: usize = 400;

/// A private key without an end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// It begins there, and may go on with what comes.
    Waits(usize),
    /// It is there, and something else follows.
    Broken(Range<usize>),
}

/// The first private key that begins in `range` and has no end in `bytes`.
pub(super) fn open(bytes: &[u8], range: Range<usize>) -> Option<Open> {
    let mut from = range.start;
    while let Some(begin) = next(bytes, from..range.end) {
        if bytes[begin..].starts_with(PUTTY) {
            let (end, has_end) = extent(bytes, begin);
            if !has_end && end == bytes.len() {
                return Some(Open::Waits(begin));
            }
            from = end;
            continue;
        }
        from = begin + BEGIN.len();
        let label = &bytes[from..line_end(bytes, from).min(from + LABEL)];
        let whole = memchr::memmem::find(label, b"-----");
        let label = &label[..whole.unwrap_or(label.len())];
        if whole.is_none() && from + label.len() == bytes.len() {
            // A label that is not there as a whole may be one.
            return Some(Open::Waits(begin));
        }
        if !label.windows(11).any(|w| w == b"PRIVATE KEY" || w == b" Static key") {
            continue;
        }
        let line = line_end(bytes, begin);
        if let Some(end) = in_line(bytes, from + label.len(), line).filter(|_| !has_end(&bytes[begin..line])) {
            return Some(if end == bytes.len() { Open::Waits(begin) } else { Open::Broken(begin..end) });
        }
        let (end, has_end) = extent(bytes, begin);
        if !has_end && end == bytes.len() {
            return Some(Open::Waits(begin));
        }
        if !has_end && has_body(&bytes[begin..end]) {
            return Some(Open::Broken(begin..begin + bytes[begin..end].trim_ascii_end().len()));
        }
        from = end;
    }
    None
}

/// The end of a key of which something stands behind its first line's label in the same line, as in a string with escaped line ends.
fn in_line(bytes: &[u8], label: usize, line: usize) -> Option<usize> {
    let body = bytes[..line].get(label + 5..)?;
    let length = body.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+/=\\ ".contains(b)).count();
    (length >= 4 * BODY).then_some(label + 5 + length)
}

/// Is there something of a key in it, behind the line it begins with?
pub(super) fn has_body(block: &[u8]) -> bool {
    block.split(|b| *b == b'\n').skip(1).any(|line| line.trim_ascii().len() >= BODY)
}

/// Where the next one may begin.
fn next(bytes: &[u8], range: Range<usize>) -> Option<usize> {
    let text = bytes.get(range.clone())?;
    let find = |what| memchr::memmem::find(text, what);
    find(BEGIN).into_iter().chain(find(PUTTY)).min().map(|at| range.start + at)
}

/// How far a key goes that begins at `begin`: up to a line that is none of one, or the line that ends it, if there is one.
fn extent(bytes: &[u8], begin: usize) -> (usize, bool) {
    let mut end = line_end(bytes, begin);
    if has_end(&bytes[begin..end]) {
        return (end, true);
    }
    // What a log puts before each line.
    let line = memchr::memrchr(b'\n', &bytes[..begin]).map_or(0, |at| at + 1);
    let words = words(&bytes[line..begin]).count();
    while end < bytes.len() {
        let next = line_end(bytes, end);
        let line = &bytes[end..next];
        if has_end(line) {
            return (next, true);
        }
        // The last line may not be there as a whole.
        if line.len() > LINE || !is_part(line, words) && line.ends_with(b"\n") {
            return (end, false);
        }
        end = next;
    }
    (end, false)
}

/// Does a line hold the end of a key, all of it?
fn has_end(line: &[u8]) -> bool {
    let closes = |at: usize| memchr::memmem::find(&line[at + END.len()..], b"-----").is_some();
    memchr::memmem::find(line, END).is_some_and(closes)
        || line.ends_with(b"\n") && memchr::memmem::find(line, PUTTY_END).is_some()
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1)
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// May a line be one of a key: one word of base64 behind so many others, a header, or nothing?
fn is_part(line: &[u8], before: usize) -> bool {
    let mut rest = words(line).skip(before);
    let Some(word) = rest.next() else { return true };
    let is_digit = |b: &u8| b.is_ascii_alphanumeric() || b"+/=\\\"',;".contains(b);
    word.ends_with(b":") || rest.next().is_none() && word.iter().all(is_digit) || word.starts_with(b"-----")
}

#[cfg(test)]
mod tests {
    use super::Open::{Broken, Waits};
    use super::open;

    #[test]
    fn keys_without_an_end_are_open() {
        let body = "MIIEowIBAAKCAQEAr4/9\n".repeat(3);
        for (text, expected) in [
            (format!("a\n-----BEGIN RSA PRIVATE KEY-----\n{body}"), Some(Waits(2))),
            (format!("-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\n"), None),
            (format!("-----BEGIN CERTIFICATE-----\n{body}"), None),
            ("-----BEGIN RSA PRIV".to_owned(), Some(Waits(0))),
            (format!("-----BEGIN PRIVATE KEY-----\n{body}the end of it, in words\n"), Some(Broken(0..90))),
            (format!("-----BEGIN PRIVATE KEY-----\n{body}the end of it"), Some(Waits(0))),
            ("-----BEGIN PRIVATE KEY----- is how they begin\nand so on\n".to_owned(), None),
            (format!("INFO -----BEGIN PRIVATE KEY-----\nINFO {}", body.replace('\n', "\nINFO ")), Some(Waits(5))),
            (format!("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{body}"), Some(Waits(0))),
        ] {
            assert_eq!(open(text.as_bytes(), 0..text.len()), expected, "{text}");
        }
    }
}
