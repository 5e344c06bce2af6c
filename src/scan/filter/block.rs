//! Private keys over several lines, as they are or behind what a log puts before each line, and in one line with escaped line ends.
//!
//! Source: RFC 7468, OpenPGP's armor (RFC 9580), PuTTY's format. It must not judge keys: what looks like one is one. Start with [`keys`];
//! lines of a key that do not follow each other are found by [`super::body`].

use std::ops::Range;

use super::body::{self, DIGITS, Run};
use super::escape::gap;

const BEGIN: &[u8] = b"-----BEGIN";
const END: &[u8] = b"-----END";
/// PuTTY's keys, and their last line.
const PUTTY: &[u8] = b"PuTTY-User-Key-File-";
const PUTTY_END: &[u8] = b"Private-MAC:";
/// Longest label of what is looked for, dashes included, with blanks as `%20`: `-----BEGIN ENCRYPTED PRIVATE KEY-----`.
const LABEL: usize = 80;
/// A line so long in a key that has no end says that it is one.
const BODY: usize = 16;
/// Characters of a line of PEM (64), of OpenSSH (70) or of another tool (76), and what stands around it in a log.
const LINE: usize = 800;
/// Characters of a header of a key in one line.
const HEADER: usize = 200;

/// A private key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It begins there, and may go on with what comes.
    Waits(usize),
    /// It is there as a whole, or something else follows.
    Key(Range<usize>),
}

/// What begins at a mark.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// A label that is not there as a whole.
    Cut,
    /// A private key; where its label ends.
    Key(usize),
    /// Something else.
    Other,
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

/// What the mark at `begin` says.
pub(super) fn label(bytes: &[u8], begin: usize) -> Label {
    if bytes[begin..].starts_with(PUTTY) {
        return Label::Key(begin + PUTTY.len());
    }
    let from = begin + BEGIN.len();
    let label = &bytes[from..bytes.len().min(from + LABEL)];
    let label = &label[..memchr::memchr(b'\n', label).unwrap_or(label.len())];
    let Some(end) = memchr::memmem::find(label, b"-----") else {
        // A label that is not there as a whole may be one.
        return if from + label.len() == bytes.len() { Label::Cut } else { Label::Other };
    };
    let has = |word: &[u8]| memchr::memmem::find(&label[..end], word).is_some();
    if has(b"PRIVATE") && has(b"KEY") || has(b" Static key") { Label::Key(from + end + 5) } else { Label::Other }
}

fn key(bytes: &[u8], begin: usize) -> Option<Found> {
    let behind = match label(bytes, begin) {
        Label::Cut => return Some(Found::Waits(begin)),
        Label::Other => return None,
        Label::Key(behind) => behind,
    };
    let line = line_end(bytes, begin);
    if bytes[begin..].starts_with(PUTTY) {
        if bytes[behind..line].iter().any(|b| matches!(b, b'"' | b'\\')) {
            return None;
        }
    } else {
        let one = one_line(bytes, behind..line);
        if one.closed {
            return has_body(&bytes[behind..one.end]).then_some(Found::Key(begin..one.end));
        }
        if one.cut {
            return Some(Found::Waits(begin));
        }
        if one.digits >= DIGITS && has_body(&bytes[behind..one.end]) {
            return Some(Found::Key(begin..one.end));
        }
        // Lines of a key have nothing behind them but in objects and lists, where they are found one by one.
        if !bytes[behind..line].trim_ascii().is_empty() {
            return None;
        }
    }
    let (end, has_end) = extent(bytes, begin);
    if !has_end && end == bytes.len() {
        return Some(Found::Waits(begin));
    }
    has_body(&bytes[begin..end]).then(|| Found::Key(begin..begin + bytes[begin..end].trim_ascii_end().len()))
}

/// What stands of a key in the line it begins in.
#[derive(Debug, Default)]
struct OneLine {
    end: usize,
    digits: usize,
    /// Its end is there.
    closed: bool,
    /// It may go on with what comes.
    cut: bool,
}

/// How far the text of a key goes in its line, with blanks, escaped line ends or those of syslog between its lines.
fn one_line(bytes: &[u8], range: Range<usize>) -> OneLine {
    let text = &bytes[..range.end];
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let is_open = text.len() == bytes.len();
    let (mut one, mut at) = (OneLine { end: range.start, ..OneLine::default() }, range.start);
    loop {
        let (start, is_line) = gaps(text, at);
        let rest = &text[start..];
        if rest.is_empty() || rest.len() < END.len() && END.starts_with(rest) {
            one.cut = is_open;
            return one;
        }
        if rest.starts_with(END) {
            match closing(rest) {
                Some(length) => (one.end, one.closed) = (start + length, true),
                None => one.cut = is_open && rest.len() < LABEL,
            }
            return one;
        }
        if let Some(length) = header(rest).filter(|_| is_line) {
            at = start + length;
            continue;
        }
        let run = body::run(text, start);
        let next = &text[gaps(text, run.range.end).0..];
        let is_last = next.is_empty() || next.starts_with(END) || is_line && !next.first().is_some_and(|b| body::is_digit(*b));
        let fits = run.digits >= BODY && (is_line || run.is_mixed()) || run.digits > 0 && one.digits > 0 && is_last;
        if !fits {
            one.cut = is_open && run.digits > 0 && run.range.end == text.len();
            return one;
        }
        at = run.range.end;
        (one.end, one.digits) = (at, one.digits + run.digits);
    }
}

/// Where what stands between two lines ends, and whether a line does there.
fn gaps(text: &[u8], from: usize) -> (usize, bool) {
    let (mut at, mut is_line) = (from, false);
    while let Some((length, ends)) = text.get(at..).and_then(gap) {
        (at, is_line) = (at + length, is_line | ends);
    }
    (at, is_line)
}

/// The length of a header, such as `Proc-Type: 4,ENCRYPTED`, up to the escape that ends its line.
fn header(text: &[u8]) -> Option<usize> {
    let name = text.iter().take_while(|b| b.is_ascii_alphabetic() || **b == b'-').count();
    let text = &text[..text.len().min(HEADER)];
    if name == 0 || !text[name..].starts_with(b": ") {
        return None;
    }
    (name + 2..text.len()).find(|at| gap(&text[*at..]).is_some_and(|(_, is_line)| is_line))
}

/// The length of the mark that ends a key, which `text` begins with.
fn closing(text: &[u8]) -> Option<usize> {
    let label = &text[END.len()..text.len().min(LABEL)];
    let label = &label[..memchr::memchr(b'\n', label).unwrap_or(label.len())];
    memchr::memmem::find(label, b"-----").map(|at| END.len() + at + 5)
}

/// What of a key is replaced: all of it, or, if something else stands in its lines, of each line its part.
pub(super) fn parts(bytes: &[u8], key: Range<usize>) -> Vec<Range<usize>> {
    let (mut parts, mut at, mut is_plain) = (Vec::new(), key.start, true);
    let column = bytes[..key.start].iter().rev().take_while(|b| **b != b'\n').count();
    let head = &bytes[key.start - column..key.start];
    while at < key.end {
        let end = line_end(bytes, at).min(key.end);
        let line = &bytes[at..end];
        let text = line.trim_ascii();
        let part = if at == key.start { first(bytes, at..end) } else { part(line, head) };
        let is_word = words(line).count() < 2 && !line.contains(&b'"') && !line.contains(&b'\\');
        is_plain &= part.len() == text.len() || is_word || at == key.start;
        parts.push(at + part.start..at + part.end);
        at = end;
    }
    if is_plain { vec![key] } else { parts.into_iter().filter(|part| !part.is_empty()).collect() }
}

/// What of the line is the key's that it begins in.
fn first(bytes: &[u8], line: Range<usize>) -> Range<usize> {
    let text = &bytes[line.clone()];
    match label(bytes, line.start) {
        Label::Key(behind) if !text.starts_with(PUTTY) => {
            let end = one_line(bytes, behind..line.end).end.max(behind).min(line.end);
            0..end - line.start
        }
        _ => 0..text.trim_ascii_end().len(),
    }
}

/// What of a line is a key's, of which the first line begins behind `head`.
fn part(line: &[u8], head: &[u8]) -> Range<usize> {
    if let Some(mark) = memchr::memmem::find(line, END) {
        return mark..mark + closing(&line[mark..]).unwrap_or(END.len());
    }
    if let Some(mark) = memchr::memmem::find(line, PUTTY_END) {
        return mark..line.trim_ascii_end().len();
    }
    let run = longest(line);
    if run.digits >= BODY {
        return run.range;
    }
    // A short line is the last word behind the same as the first one.
    let is_same = |(one, two): (&u8, &u8)| one == two || one.is_ascii_digit() && two.is_ascii_digit();
    let text = line.get(head.len()..).unwrap_or_default();
    let length = body::run(text, 0).range.end;
    let is_short = line.iter().zip(head).all(is_same) && text[length..].trim_ascii().is_empty();
    if is_short { head.len()..head.len() + length } else { run.range.start..run.range.start }
}

/// The longest run of digits of base64.
fn longest(line: &[u8]) -> Run {
    body::runs(line, 0).fold(Run::default(), |best, run| if run.digits > best.digits { run } else { best })
}

/// Is there something of a key in it, behind the label it begins with?
pub(super) fn has_body(block: &[u8]) -> bool {
    body::runs(block, 0).any(|run| run.digits >= BODY && run.is_mixed())
}

/// Where the next one may begin.
pub(super) fn next(bytes: &[u8], range: Range<usize>) -> Option<usize> {
    first_of([BEGIN, PUTTY], bytes, range)
}

/// Where the next one ends.
pub(super) fn end(bytes: &[u8], range: Range<usize>) -> Option<usize> {
    first_of([END, PUTTY_END], bytes, range)
}

/// Where the first of two marks begins in `range`.
fn first_of(marks: [&[u8]; 2], bytes: &[u8], range: Range<usize>) -> Option<usize> {
    let find = |mark: &[u8], end: usize| {
        let text = bytes.get(range.start..bytes.len().min(end + mark.len() - 1))?;
        memchr::memmem::find(text, mark).map(|at| range.start + at)
    };
    let one = find(marks[0], range.end);
    find(marks[1], one.unwrap_or(range.end)).or(one)
}

/// How far a key goes that begins at `begin`: up to a line that is none of one, or the line that ends it, if there is one.
fn extent(bytes: &[u8], begin: usize) -> (usize, bool) {
    let mut end = line_end(bytes, begin);
    // What a log puts before each line.
    let line = memchr::memrchr(b'\n', &bytes[..begin]).map_or(0, |at| at + 1);
    let words = words(&bytes[line..begin]).count();
    while end < bytes.len() {
        let next = line_end(bytes, end);
        let line = &bytes[end..next];
        if let Some(length) = ends(line) {
            return (end + length, true);
        }
        // The last line may not be there as a whole.
        if line.len() > LINE || !is_part(line, words) && !longest(line).is_body() && line.ends_with(b"\n") {
            return (end, false);
        }
        end = next;
    }
    (end, false)
}

/// Where a key ends in a line, if it does.
fn ends(line: &[u8]) -> Option<usize> {
    let mark = memchr::memmem::find(line, END).and_then(|at| Some(at + closing(&line[at..])?));
    mark.or_else(|| (line.ends_with(b"\n") && memchr::memmem::find(line, PUTTY_END).is_some()).then_some(line.len()))
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
    let is_last = |b: &u8| body::is_digit(*b) || b"\\\"',;".contains(b);
    word.ends_with(b":") || rest.next().is_none() && word.iter().all(is_last) || word.starts_with(b"-----")
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
            ("{\"log\":\"-----BEGIN PRIVATE KEY-----\\n\"}\n".to_owned(), vec![]),
            ("grep: pattern -----BEGIN RSA PRIVATE KEY----- not found in file one two three four\n".to_owned(), vec![]),
            ("-----BEGIN PRIVATE KEY----- one two three -----END PRIVATE KEY-----\n".to_owned(), vec![]),
        ] {
            assert_eq!(keys(text.as_bytes(), 0..text.len()), expected, "{text}");
        }
    }

    #[test]
    fn of_each_line_the_part_of_the_key_is_told() {
        let digits = "MIIEowIBAAKCAQEAr4/9".repeat(3);
        let key = ["-----BEGIN RSA PRIVATE KEY-----", &digits, &digits, "AQ==", "-----END RSA PRIVATE KEY-----"];
        for before in ["", "web_1  | ", "2026-11-28T09:14:02Z stdout F "] {
            let text: String = key.iter().map(|line| format!("{before}{line}\n")).collect();
            let found = keys(text.as_bytes(), 0..text.len());
            let [Key(range)] = &found[..] else { panic!("{text}: {found:?}") };
            let mut left = text.clone();
            for part in parts(text.as_bytes(), range.clone()).into_iter().rev() {
                left.replace_range(part, "*");
            }
            assert!(!left.contains(&digits) && !left.contains("BEGIN") && !left.contains("AQ=="), "{left}");
            assert!(
                before.is_empty() || left.lines().count() == 5 && left.lines().all(|line| line == format!("{before}*")),
                "{left}"
            );
        }
        let encoded = key.join("%0A").replace(' ', "%20").replace('/', "%2F").replace('=', "%3D");
        for line in [key.join("#012"), key.join("\\n"), key[..3].join("\\n"), key.join(" "), key.join("\\\\n"), encoded] {
            let text = format!("app: {line}\" next\n");
            assert_eq!(keys(text.as_bytes(), 0..text.len()), vec![Key(5..5 + line.len())], "{text}");
            let text = format!("app: {line}\\n PORT=8080 started in 12 ms by bob, ok\n");
            assert_eq!(keys(text.as_bytes(), 0..text.len()), vec![Key(5..5 + line.len())], "{text}");
        }
    }
}
