//! Text in UTF-16 among other bytes, as programs and their resources hold it: plain characters with a zero between them.
//!
//! It must not look at UTF-16 that is read as such elsewhere. Start with [`Search::wide`], called where two such characters may stand. A
//! line is looked at from its first character on, with some of what stands around it.

use std::ops::Range;

use super::super::Sink;
use super::super::search::Search;
use super::{Codec, Text, is_plain};

/// Fewest characters of a line that are looked at, and the most.
const LEAST: usize = 16;
const LINE: usize = 4096;
/// Characters before and behind a line that are looked at with it.
const BACK: usize = 128;
const AHEAD: usize = 128;
/// The same behind the head of a key.
const AHEAD_OF_KEY: usize = 12 * 1024;

/// Does a character stand here?
fn is_pair(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at..at + 2), Some([low, 0]) if is_plain(*low))
}

/// Where the characters from `at` on end, of which there are at most so many.
fn end(bytes: &[u8], at: usize, most: usize) -> usize {
    at + 2 * bytes[at..].chunks_exact(2).take(most).take_while(|pair| pair[1] == 0 && is_plain(pair[0])).count()
}

/// May it hold a secret: is there a name with a value, or a token?
fn may_hold(bytes: &[u8], line: Range<usize>) -> bool {
    let (mut row, mut digit, mut letter) = (0, false, false);
    bytes[line].iter().step_by(2).any(|b| {
        if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'/' | b'-') {
            row += 1;
            digit |= b.is_ascii_digit();
            letter |= b.is_ascii_alphabetic();
        } else {
            (row, digit, letter) = (0, false, false);
        }
        matches!(b, b'=' | b':') || row >= LEAST && digit && letter
    })
}

impl<S: Sink> Search<'_, '_, '_, S> {
    /// Looks at a character of UTF-16, if it is the first one of a line.
    pub(super) fn wide(&mut self, at: usize) {
        let bytes = self.bytes;
        let before = at.checked_sub(2).filter(|before| is_pair(bytes, *before));
        if before.is_some_and(|before| bytes[before] != b'\n') || !is_pair(bytes, at + 2) || self.is_deep(&(at..at + 2)) {
            return;
        }
        let in_line = |pair: &&[u8]| pair[1] == 0 && is_plain(pair[0]) && pair[0] != b'\n';
        let line = at + 2 * bytes[at..].chunks_exact(2).take(LINE).take_while(in_line).count();
        self.looked(at.saturating_sub(2), line + 2);
        if line < at + 2 * LEAST || self.scratch.is_narrow || !may_hold(bytes, at..line) {
            return;
        }
        let back = (1..=BACK).take_while(|n| at >= 2 * n && is_pair(bytes, at - 2 * n)).count();
        let is_key = memchr::memmem::find(&bytes[at..line], b"-\0-\0B\0E\0G\0I\0N\0").is_some();
        let ahead = end(bytes, line, if is_key { AHEAD_OF_KEY } else { AHEAD });
        self.looked(at - 2 * back, ahead + 2);
        // High bytes first, if a zero stands before the first character and no zero character behind the last.
        let ends = matches!(bytes.get(ahead..), Some([] | [0] | [0, 0, ..]));
        let shift = usize::from(at > 0 && bytes[at - 1] == 0 && !ends);
        // The last character has no zero behind it then.
        let last = 2 * usize::from(shift > 0 && bytes.get(ahead).is_some_and(|b| is_plain(*b)));
        let mut text = Text::at(at - shift);
        for place in (at - 2 * back..ahead + last).step_by(2) {
            let from = place.saturating_sub(shift);
            text.push(bytes[place], from..bytes.len().min(from + 2));
        }
        let more = if line == ahead { last } else { 0 };
        text.own = back..back + (line + more - at) / 2;
        text.outer.end = bytes.len().min(line + more - shift);
        self.within(&text, &[Codec::Utf16]);
    }
}
