//! What stands around a match.
//!
//! It must not know rules. Start with [`is_marked`].

use super::Context;

/// Does the mark of examples in rule files, a middle dot, stand in the match or in the word it is joined to?
pub(super) fn is_marked(cx: &Context<'_>) -> bool {
    marks(cx.bytes, (cx.span.start, cx.span.end))
}

/// The same of a part of a text.
pub(in super::super) fn marks(bytes: &[u8], (start, end): (usize, usize)) -> bool {
    const MARK: &[u8] = "·".as_bytes();
    const REACH: usize = 512;
    let joined = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'_' | b'-' | b'.');
    let before = bytes[start.saturating_sub(REACH)..start].iter().rev().take_while(joined).count();
    let behind = bytes[end..bytes.len().min(end + REACH)].iter().take_while(joined).count();
    bytes[..start - before].ends_with(MARK)
        || bytes[end + behind..].starts_with(MARK)
        || memchr::memmem::find(&bytes[start..end], MARK).is_some()
}

/// Does the match stand in the middle of much base64, joined by the characters that only base64 has?
pub(super) fn embedded(cx: &Context<'_>) -> bool {
    let code = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'+' | b'/');
    let (before, after) = (&cx.bytes[..cx.span.start], &cx.bytes[cx.span.end..]);
    let joined = |b: Option<&u8>| matches!(b, Some(b'+' | b'/'));
    if !joined(before.last()) && !joined(after.first()) {
        return false;
    }
    let head = before.iter().rev().take(128).take_while(code);
    let around: Vec<u8> = head.chain(after.iter().take(128).take_while(code)).copied().collect();
    around.len() >= 100 && around.contains(&b'+') && around.iter().any(u8::is_ascii_digit)
}
