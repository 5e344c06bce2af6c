//! Values of names in configuration: lists of names and values, blocks with a default, YAML over several lines, shells.
//!
//! It must not judge them. Everything here looks at no more than the next few hundred bytes, and turns away by the first of them.

use super::{Form, MAX_BLANKS, Reader, bare, is_quote, quoted};

/// The first of a list of values in quotes: `tokens: ["…", "…"]`.
pub(super) fn first(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    if !r.eat(b"[") {
        return None;
    }
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    quoted(r)
}

/// A name that is itself a value, with its value in a member called `value`: `name="password" value="…"`,
/// `{"key": "password", "value": "…"}`, `- name: PASSWORD` and `value: …` on the next line.
pub(super) fn named(mut r: Reader<'_>, closed: usize) -> Option<(usize, usize, Form)> {
    let start = r.at;
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace() || b == b',');
    let lines = r.bytes[start.min(r.at)..r.at].contains(&b'\n');
    r.skip(4, |b| is_quote(b) || b == b'\\');
    if closed == 0 && !lines || !(r.eat(b"value") || r.eat(b"Value")) {
        return None;
    }
    r.skip(4, |b| is_quote(b) || b == b'\\');
    r.blanks();
    if !r.eat(b":") && !r.eat(b"=") {
        return None;
    }
    r.blanks();
    quoted(r).or_else(|| bare(r, Form::Line))
}
