//! PDF: streams that are packed, and the text that content streams draw.
//!
//! It must not know what is searched for, and looks at no structure: objects are found by their streams, so that a damaged table of them
//! hides nothing. Raw bytes are scanned too. Text is joined as it is drawn, string by string; fonts that number their glyphs in their
//! own way are not read. Images and fonts are left out. Format: ISO 32000-1, sections 7.3.8 and 9.4.3. Start with [`walk`].

mod filter;

use std::cell::Cell;
use std::io::Read;

use memchr::memmem;

use super::Expanded;
use super::meter::{Counted, Metered};
use super::walk::Walk;
use crate::scan::blob::{Container, Place};
use crate::scan::finding::IssueKind;
use filter::Filter;

/// Bytes before a stream in which its dictionary is looked for.
const DICTIONARY: usize = 2048;
/// Bytes of one stream that are read as text that is drawn.
const DRAWN: u64 = 16 << 20;

/// Visits the raw bytes of a document held in memory, and what its streams hold.
pub(super) fn walk(walk: &mut Walk<'_>, place: &Place<'_>, bytes: &[u8]) -> Expanded {
    walk.raw(place, &mut &*bytes);
    if memmem::rfind(bytes, b"/Encrypt").is_some_and(|at| bytes[at + 8..].iter().take(16).any(u8::is_ascii_digit)) {
        walk.gap(IssueKind::Encrypted, place, "its streams are encrypted; raw bytes scanned");
        return Expanded::Whole;
    }
    let mut unknown = 0;
    let mut words = (1..).zip(memmem::find_iter(bytes, b"stream")).peekable();
    while let Some((number, at)) = words.next() {
        let Some(start) = begins(bytes, at) else { continue };
        let dictionary = dictionary(bytes, at);
        match kind(dictionary) {
            Kind::Packed(_) if !walk.admit(place) => return Expanded::Whole,
            Kind::Packed(filters) => {
                let name = object(dictionary).map_or_else(|| format!("stream-{number}"), |id| format!("object-{id}"));
                // What is deflated says itself where it ends; in what is written in letters the next such word is that of the end.
                let next = words.peek().map_or(bytes.len(), |(_, next)| *next);
                let end = if filters.first() == Some(&Filter::Flate) { bytes.len() } else { next.max(start) };
                unpacked(walk, place, &name, (&bytes[start..end], &filters));
            }
            Kind::Other => unknown += 1,
            Kind::Plain | Kind::Media => {}
        }
    }
    if unknown > 0 {
        let detail = format!("{unknown} streams are packed in a way that is not known, and were scanned as they are");
        walk.note(IssueKind::Unsupported, place, detail);
    }
    Expanded::Whole
}

/// Where the data of the stream begins whose keyword stands at `at`; `None` if that is something else.
fn begins(bytes: &[u8], at: usize) -> Option<usize> {
    let is_open = bytes[..at].trim_ascii_end().ends_with(b">>");
    match &bytes[at + b"stream".len()..] {
        [b'\r', b'\n', ..] if is_open => Some(at + 8),
        [b'\n' | b'\r', ..] if is_open => Some(at + 7),
        _ => None,
    }
}

/// What stands between the start of the object and its stream.
fn dictionary(bytes: &[u8], at: usize) -> &[u8] {
    let before = &bytes[at.saturating_sub(DICTIONARY)..at];
    let end = memmem::rfind(before, b"endobj").map_or(0, |end| end + 6);
    &before[end..]
}

/// The number of an object, from `12 0 obj <<`.
fn object(dictionary: &[u8]) -> Option<u64> {
    let head = &dictionary[..memmem::find(dictionary, b" obj")?];
    let mut words = head.rsplit(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.next()?;
    std::str::from_utf8(words.next()?).ok()?.parse().ok()
}

enum Kind {
    Plain,
    Packed(Vec<Filter>),
    /// An image or a font.
    Media,
    Other,
}

fn kind(dictionary: &[u8]) -> Kind {
    let has = |word: &[u8]| memmem::find(dictionary, word).is_some();
    let Some(filter) = memmem::find(dictionary, b"/Filter") else { return Kind::Plain };
    let is_image = [&b"/DCTDecode"[..], b"/JPXDecode", b"/JBIG2Decode", b"/CCITTFaxDecode"].iter().any(|name| has(name));
    if is_image || has(b"/Image") || has(b"/Length1") || has(b"/FontFile") {
        return Kind::Media;
    }
    match filter::named(&dictionary[filter + 7..]) {
        Some(filters) if filters.is_empty() => Kind::Plain,
        Some(filters) => Kind::Packed(filters),
        None => Kind::Other,
    }
}

/// Visits what a stream holds, and what it draws.
fn unpacked(walk: &mut Walk<'_>, place: &Place<'_>, name: &str, (data, filters): (&[u8], &[Filter])) {
    let packed = Cell::new(0);
    let (limits, budget) = (walk.limits, walk.budget);
    let mut data = data;
    let mut reader = filter::chain(Counted { inner: &mut data, count: &packed }, filters);
    let mut bytes = Metered::unpacked(&mut reader, limits, budget, (&packed, 0));
    let mut head = Vec::new();
    // What is damaged ends early, and that is told below.
    drop((&mut bytes).take(DRAWN.min(budget.buffer.get())).read_to_end(&mut head));
    let inner = Place::Inside { outer: place, member: name, kind: Container::Archive, source: None };
    walk.raw(&inner, &mut head.as_slice().chain(&mut bytes));
    let end = bytes.end.take();
    walk.ended(&inner, end);
    let drawn = drawn(&head);
    if !drawn.is_empty() && walk.admit(place) {
        let name = format!("{name}/text");
        let inner = Place::Inside { outer: place, member: &name, kind: Container::Archive, source: None };
        walk.raw(&inner, &mut drawn.as_slice());
    }
}

/// The text that a content stream draws: strings of one operator in one piece, a line for each change of place.
fn drawn(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if memmem::find(content, b"TJ").is_none() && memmem::find(content, b"Tj").is_none() {
        return out;
    }
    let mut at = 0;
    while at < content.len() {
        match content[at] {
            b'(' => at = literal(content, at + 1, &mut out),
            b'<' if content.get(at + 1) == Some(&b'<') => at += 2,
            b'<' => at = digits(content, at + 1, &mut out),
            b'T' if matches!(content.get(at + 1), Some(b'd' | b'D' | b'm' | b'*')) => {
                if out.last().is_some_and(|last| *last != b'\n') {
                    out.push(b'\n');
                }
                at += 2;
            }
            _ => at += 1,
        }
    }
    out
}

/// Reads `text)`; where it ends.
fn literal(content: &[u8], mut at: usize, out: &mut Vec<u8>) -> usize {
    let mut depth = 1;
    while let Some(byte) = content.get(at) {
        at += 1;
        match byte {
            b')' if depth == 1 => return at,
            b')' => depth -= 1,
            b'(' => depth += 1,
            b'\\' => {
                let octal = content[at..].iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
                if octal > 0 {
                    let value = content[at..at + octal].iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
                    out.push(value as u8);
                    at += octal;
                    continue;
                }
                match content.get(at) {
                    Some(b'n' | b'r') => out.push(b'\n'),
                    Some(b'\n') | None => {}
                    Some(other) => out.push(*other),
                }
                at += 1;
                continue;
            }
            _ => {}
        }
        out.push(*byte);
    }
    at
}

/// Reads `48656c>`; where it ends.
fn digits(content: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
    let end = content[at..].iter().position(|b| *b == b'>').unwrap_or(content.len() - at);
    let value = |byte: &u8| char::from(*byte).to_digit(16);
    let all: Vec<u32> = content[at..at + end].iter().filter_map(value).collect();
    out.extend(all.chunks(2).map(|pair| (pair[0] << 4 | pair.get(1).copied().unwrap_or(0)) as u8));
    at + end + 1
}

#[cfg(test)]
mod tests {
    use super::drawn;

    #[test]
    fn what_is_drawn() {
        let check =
            |content: &str, text: &str| assert_eq!(String::from_utf8_lossy(&drawn(content.as_bytes())), text, "{content}");
        check("BT (Hello) Tj ET", "Hello");
        check("BT [(He) -12 (l\\(lo\\)) 3 (\\041)] TJ 0 -12 Td (next) Tj ET", "Hel(lo)!\nnext");
        check("BT <48656C6C6F> Tj << /a (b) >> ET", "Hellob");
        check("(no text operator)", "");
        check("(open Tj", "open Tj");
        check("<48 Tj", "H");
    }
}
