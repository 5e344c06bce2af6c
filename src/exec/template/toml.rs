//! Strings of TOML.
//!
//! Source: TOML 1.0. It must not know what stands in them. Start with [`regions`]. Strings in single quotes know no escapes: with a value
//! in them they become strings in double quotes.

use super::{Error, Kind, Region, Singles, Style, line_end, line_of, string_end};

pub(super) fn regions(text: &[u8]) -> Result<Vec<Region>, Error> {
    let (mut regions, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let (quotes, kind) = match text[at] {
            b'#' => {
                let end = line_end(text, at);
                regions.push(Region::bare(at..end, Kind::Comment));
                at = end;
                continue;
            }
            b'"' => (b'"', Kind::Keep(Style::Toml)),
            b'\'' if text[at..].starts_with(b"'''") => (b'\'', Kind::Double("\"\"\"", Style::Toml, Singles::Alone)),
            b'\'' => (b'\'', Kind::Double("\"", Style::Toml, Singles::Alone)),
            _ => {
                at += 1;
                continue;
            }
        };
        let open = Error::Open { line: line_of(text, at), what: "a string" };
        let is_long = text[at..].starts_with(&[quotes; 3]);
        let end = if is_long { long_end(text, at + 3, quotes) } else { string_end(text, at + 1, quotes, quotes == b'"') };
        let end = end.ok_or(open)?;
        regions.push(Region::quoted(at..end, if is_long { 3 } else { 1 }, kind));
        at = end;
    }
    Ok(regions)
}

/// Three quotes end it; up to two more before them are its own.
fn long_end(text: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    while at < text.len() {
        if text[at..].starts_with(&[quote; 3]) {
            let more = text[at + 3..].iter().take(2).take_while(|b| **b == quote).count();
            return Some(at + 3 + more);
        }
        at += if quote == b'"' && text[at] == b'\\' { 2 } else { 1 };
    }
    None
}
