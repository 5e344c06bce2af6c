//! Private keys over several lines, as they are or as a log writes them: behind what it puts before each line, or each line in an object.
//!
//! Source: RFC 7468, OpenPGP's armor (RFC 9580), PuTTY's format. It must not judge keys: what looks like one is one. Start with [`keys`].

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
/// So many digits of base64 in a row are a part of a key wherever they stand in a line.
const DIGITS: usize = 40;
/// Characters of a line of PEM (64), of OpenSSH (70) or of another tool (76), and what stands around it in a log.
const LINE: usize = 800;

/// A private key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It begins there, and may go on with what comes.
    Waits(usize),
    /// It is there as a whole, or something else follows.
    Key(Range<usize>),
}

/// The private keys that begin in `range`, up to the first one that waits.
pub(super) fn keys(bytes: &[u8], range: Range<usize>) -> Vec<Found> {
    let (mut found, mut from) = (Vec::new(), range.start);
    while let Some(begin) = next(bytes, from..range.end) {
        let key = key(bytes, begin);
        from = match &key {
            Some(Found::Key(range)) => range.end,
            _ => begin + 4,
        };
        let waits = matches!(key, Some(Found::Waits(_)));
        found.extend(key);
        if waits {
            break;
        }
    }
    found
}

fn key(bytes: &[u8], begin: usize) -> Option<Found> {
    let line = line_end(bytes, begin);
    if !bytes[begin..].starts_with(PUTTY) {
        let from = begin + BEGIN.len();
        let label = &bytes[from..line.min(from + LABEL)];
        let whole = memchr::memmem::find(label, b"-----");
        let label = &label[..whole.unwrap_or(label.len())];
        if whole.is_none() && from + label.len() == bytes.len() {
            // A label that is not there as a whole may be one.
            return Some(Found::Waits(begin));
        }
        if !label.windows(11).any(|w| w == b"PRIVATE KEY" || w == b" Static key") {
            return None;
        }
        let behind = from + label.len() + 5;
        let text = text_end(bytes, behind, line);
        if text - behind >= 4 * BODY {
            let is_open = text == bytes.len() && !has_end(&bytes[behind..text]);
            return Some(if is_open { Found::Waits(begin) } else { Found::Key(begin..text) });
        }
        // In a string that ends here it goes on no further.
        let is_string = matches!(bytes.get(text), Some(b'"' | b'\'' | b'`'));
        if is_string && !bytes[behind..text].contains(&b'\\') && !bytes[behind..text].contains(&b'#') {
            return None;
        }
    }
    let (end, has_end) = extent(bytes, begin);
    if !has_end && end == bytes.len() {
        return Some(Found::Waits(begin));
    }
    has_body(&bytes[begin..end]).then(|| Found::Key(begin..begin + bytes[begin..end].trim_ascii_end().len()))
}

/// How far the text of a key goes in its line, with escaped line ends or those of syslog.
fn text_end(bytes: &[u8], from: usize, line: usize) -> usize {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"+/=-\\# ".contains(b);
    from + bytes.get(from..line).unwrap_or_default().iter().take_while(|b| is_part(b)).count()
}

/// What of a key is replaced: all of it, or, if something else stands in its lines, of each line its part.
pub(super) fn parts(bytes: &[u8], key: Range<usize>) -> Vec<Range<usize>> {
    let (mut parts, mut at, mut is_plain) = (Vec::new(), key.start, true);
    let column = bytes[..key.start].iter().rev().take_while(|b| **b != b'\n').count();
    while at < key.end {
        let end = line_end(bytes, at).min(key.end);
        let line = &bytes[at..end];
        let text = line.trim_ascii();
        let mark = [BEGIN, END, PUTTY, PUTTY_END].iter().find_map(|mark| memchr::memmem::find(line, mark));
        let part = match mark {
            Some(mark) => at + mark..text_end(bytes, at + mark, end).max(at + mark + 5),
            None => {
                let run = longest(line);
                // A short line stands where the first one does.
                let short = line.get(column..).map_or(0, |text| text.iter().take_while(|b| is_digit(**b)).count());
                let run = if run.len() < BODY && short > 0 { column..column + short } else { run };
                at + run.start..at + run.end
            }
        };
        is_plain &=
            part.len() == text.len() || mark.is_none() && words(line).count() < 2 && !line.contains(&b'"') || at == key.start;
        parts.push(part);
        at = end;
    }
    if is_plain { vec![key] } else { parts.into_iter().filter(|part| !part.is_empty()).collect() }
}

/// The longest run of digits of base64.
fn longest(line: &[u8]) -> Range<usize> {
    let (mut best, mut start) = (0..0, 0);
    for (at, byte) in line.iter().enumerate() {
        if !is_digit(*byte) {
            start = at + 1;
        } else if at + 1 - start > best.len() {
            best = start..at + 1;
        }
    }
    best
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// How far a key goes on in `range`, of which the beginning has gone, and whether it may go on behind it.
pub(super) fn rest(bytes: &[u8], range: Range<usize>) -> (usize, bool) {
    let mut at = range.start;
    while at < range.end {
        let end = line_end(bytes, at).min(range.end);
        let line = &bytes[at..end];
        if has_end(line) {
            return (at + line.trim_ascii_end().len(), false);
        }
        if longest(line).len() < DIGITS {
            return (at, false);
        }
        at = end;
    }
    (range.end, true)
}

/// Is there something of a key in it, behind the line it begins with?
pub(super) fn has_body(block: &[u8]) -> bool {
    let line = block.split(|b| *b == b'\n').skip(1).any(|line| longest(line).len() >= BODY);
    line || longest(block).len() >= DIGITS
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
        if line.len() > LINE || !is_part(line, words) && longest(line).len() < DIGITS && line.ends_with(b"\n") {
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
    let is_last = |b: &u8| is_digit(*b) || b"\\\"',;".contains(b);
    // The last line of a key in an object, as Docker writes it: `"…\n"`.
    let escaped = memchr::memmem::find(line, b"\\n\"").map(|at| &line[..at]);
    let in_object = line.starts_with(b"{")
        && escaped.is_some_and(|text| text.len() > 1 + text.iter().rev().take_while(|b| is_digit(**b)).count())
        && escaped.is_some_and(|text| text.iter().rev().find(|b| !is_digit(**b)) == Some(&b'"'));
    in_object || word.ends_with(b":") || rest.next().is_none() && word.iter().all(is_last) || word.starts_with(b"-----")
}

#[cfg(test)]
mod tests {
    use super::Found::{Key, Waits};
    use super::{keys, parts};

    #[test]
    fn keys_are_found_and_waited_for() {
        let body = "MIIEowIBAAKCAQEAr4/9\n".repeat(3);
        for (text, expected) in [
            (format!("a\n-----BEGIN RSA PRIVATE KEY-----\n{body}"), vec![Waits(2)]),
            (format!("-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\n"), vec![Key(0..124)]),
            (format!("-----BEGIN CERTIFICATE-----\n{body}"), vec![]),
            ("-----BEGIN RSA PRIV".to_owned(), vec![Waits(0)]),
            (format!("-----BEGIN PRIVATE KEY-----\n{body}the end of it, in words\n"), vec![Key(0..90)]),
            (format!("-----BEGIN PRIVATE KEY-----\n{body}the end of it"), vec![Waits(0)]),
            ("-----BEGIN PRIVATE KEY----- is how they begin\nand so on\n".to_owned(), vec![]),
            (format!("INFO -----BEGIN PRIVATE KEY-----\nINFO {}", body.replace('\n', "\nINFO ")), vec![Waits(5)]),
            (format!("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{body}"), vec![Waits(0)]),
            ("{\"m\":\"-----BEGIN PRIVATE KEY-----\"}\n".to_owned(), vec![]),
            ("{\"log\":\"-----BEGIN PRIVATE KEY-----\\n\"}\n".to_owned(), vec![Waits(8)]),
        ] {
            assert_eq!(keys(text.as_bytes(), 0..text.len()), expected, "{text}");
        }
    }

    #[test]
    fn of_each_line_the_part_of_the_key_is_told() {
        let digits = "MIIEowIBAAKCAQEAr4/9".repeat(3);
        let key = ["-----BEGIN RSA PRIVATE KEY-----", &digits, &digits, "AQ==", "-----END RSA PRIVATE KEY-----"];
        for (before, behind) in
            [("", ""), ("web_1  | ", ""), ("2026-11-28T09:14:02Z stdout F ", ""), ("{\"log\":\"", "\\n\",\"stream\":\"stdout\"}")]
        {
            let text: String = key.iter().map(|line| format!("{before}{line}{behind}\n")).collect();
            let found = keys(text.as_bytes(), 0..text.len());
            let [Key(range)] = &found[..] else { panic!("{text}: {found:?}") };
            let mut left = text.clone();
            for part in parts(text.as_bytes(), range.clone()).into_iter().rev() {
                left.replace_range(part, "*");
            }
            assert!(!left.contains(&digits) && !left.contains("BEGIN"), "{left}");
            assert!(
                before.is_empty() || left.lines().count() == 5 && left.lines().all(|line| line.starts_with(before)),
                "{left}"
            );
        }
        for line in [key.join("#012"), key.join("\\n"), key[..3].join("\\n")] {
            let text = format!("app: {line}\" next\n");
            assert_eq!(keys(text.as_bytes(), 0..text.len()), vec![Key(5..5 + line.len())], "{text}");
        }
    }
}
