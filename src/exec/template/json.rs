//! Strings of JSON.
//!
//! Source: RFC 8259; comments as in JSON with comments. It must not know what stands in them. Start with [`regions`].

use super::{Error, Kind, Region, Style, line_end, line_of, string_end};
use crate::exec::reference::Wrong;

pub(super) fn regions(text: &[u8]) -> Result<Vec<Region>, Error> {
    let (mut regions, mut at) = (Vec::new(), 0);
    while at < text.len() {
        match &text[at..] {
            [b'"', ..] => {
                let open = Error::Open { line: line_of(text, at), what: "a string" };
                let end = string_end(text, at + 1, b'"', true).ok_or(open)?;
                regions.push(Region::quoted(at..end, 1, Kind::Keep(Style::Json)));
                at = end;
            }
            [b'/', b'/', ..] => {
                let end = line_end(text, at);
                regions.push(Region::bare(at..end, Kind::Comment));
                at = end;
            }
            [b'/', b'*', ..] => {
                let end = memchr::memmem::find(&text[at..], b"*/").map_or(text.len(), |n| at + n + 2);
                regions.push(Region::bare(at..end, Kind::Comment));
                at = end;
            }
            _ => at += 1,
        }
    }
    Ok(regions)
}

/// A reference with escaped slashes would not be seen.
pub(super) fn hidden(text: &[u8]) -> Result<(), Error> {
    let at = ["stanch:\\/", "stanch:\\u002f", "stanch:\\u002F", "stanch:\\x2f", "stanch:\\x2F"]
        .iter()
        .filter_map(|hidden| memchr::memmem::find(text, hidden.as_bytes()))
        .min();
    at.map_or(Ok(()), |at| Err(Error::Wrong { line: line_of(text, at), reason: Wrong::Form }))
}
