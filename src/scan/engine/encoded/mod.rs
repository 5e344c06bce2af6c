//! Texts that a text holds in another form: base64 and hexadecimal digits, escapes, literals that are joined, compressed data.
//!
//! It must not know rules. Start with [`Search::encoded`], [`Search::escapes`] and [`Search::joined`], which are called for places that
//! may begin such a text. What it stands for is searched like any text, with what stands before and behind it, and so on to a depth. A
//! match in it is a match of the text it was found in: its secret is the decoded one, its place that of what stands for it, and it
//! covers the whole of what was decoded, so that nothing of it is shown.
//!
//! All of it is decided by the bytes near a place, however the input is cut: long stretches are looked at in the pieces that runs are
//! looked at in, each with some of what is around it. Cost is linear: only what decodes to text goes on.

mod digits;
mod escapes;
mod few;
mod joined;
mod lists;
pub mod packed;
#[cfg(test)]
mod tests;
mod wide;

use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::meaning::{marks, note};
use super::pattern::Span;
use super::scratch::Scratch;
use super::search::{self, MAX_MATCHES, Search};
use super::{Input, Match, Sink, resolve};

/// Texts in texts.
const DEPTH: u8 = 4;
/// What stands before an encoded text and is looked at with it: names and keywords.
const BEFORE: usize = 200;
/// What stands behind it: a closing quote, a comment.
const BEHIND: usize = 64;

/// How far from a text a mark may stand that says it is an example.
const MARKED: usize = 520;

/// How a text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Base64 of either alphabet, with or without padding, on one line or many.
    Base64,
    /// Pairs of hexadecimal digits.
    Hex,
    /// `%41`
    Percent,
    /// `\x41`, `\u0041`, `\101`, `\/`
    Backslash,
    /// `=41`, and lines that go on behind `=`
    Quoted,
    /// `&#65;`, `&#x41;`
    Entities,
    /// Literals that stand side by side or are joined by an operator, and lines that go on.
    Joined,
    /// UTF-16, in what PowerShell is called with, and in programs.
    Utf16,
    /// Compressed.
    Gzip,
    /// Compressed.
    Zlib,
    /// Compressed.
    Zstd,
    /// Compressed.
    Bzip2,
}

impl Codec {
    fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hexadecimal digits",
            Self::Percent => "percent encoding",
            Self::Backslash => "escapes",
            Self::Quoted => "quoted-printable",
            Self::Entities => "character references",
            Self::Joined => "joined parts",
            Self::Utf16 => "UTF-16",
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
        }
    }
}

/// What a match stands for.
#[derive(PartialEq, Eq)]
pub struct Decoded {
    secret: Zeroizing<Vec<u8>>,
    /// From the outside in.
    codecs: Vec<Codec>,
}

impl std::fmt::Debug for Decoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoded").field("codecs", &self.codecs).finish_non_exhaustive()
    }
}

impl Decoded {
    /// The secret.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// How it is encoded, such as `base64, then gzip`.
    #[must_use]
    pub fn codecs(&self) -> String {
        let names: Vec<&str> = self.codecs.iter().map(|codec| codec.name()).collect();
        names.join(", then ")
    }
}

/// A decoded text and where its bytes come from.
#[derive(Clone)]
struct Text {
    bytes: Zeroizing<Vec<u8>>,
    /// So many of them stand for themselves, from this place on.
    head: (usize, usize),
    /// For each of those behind, where what stands for it begins and ends.
    map: Vec<(usize, usize)>,
    /// A secret that is asked for begins in this part of it.
    own: Range<usize>,
    /// All that was decoded.
    outer: Range<usize>,
}

impl Text {
    /// One that begins at `at`.
    fn at(at: usize) -> Self {
        Self { bytes: Zeroizing::default(), head: (0, at), map: Vec::new(), own: 0..usize::MAX, outer: at..at }
    }

    /// One that begins with what stands before `at`.
    fn behind(bytes: &[u8], at: usize) -> Self {
        let mut this = Self::at(at);
        let from = at.saturating_sub(BEFORE);
        this.bytes.extend_from_slice(&bytes[from..at]);
        (this.head, this.own.start) = ((at - from, from), at - from);
        this
    }

    fn push(&mut self, byte: u8, from: Range<usize>) {
        self.bytes.push(byte);
        self.map.push((from.start, from.end));
    }

    /// Adds bytes that stand for themselves.
    fn copy(&mut self, bytes: &[u8], range: Range<usize>) {
        range.for_each(|at| self.push(bytes[at], at..at + 1));
    }

    /// Ends it with what stands behind `at`.
    fn end(&mut self, bytes: &[u8], at: usize) {
        self.outer.end = at;
        self.own.end = self.own.end.min(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[at..bytes.len().min(at + BEHIND)]);
    }

    /// How many bytes at its start and at its end stand for themselves: what is encoded within them was looked at outside. A secret may begin
    /// there all the same.
    fn outside(&self) -> (usize, usize) {
        (self.head.0, self.bytes.len() - self.head.0 - self.map.len())
    }

    /// Where a part of it stands.
    fn place(&self, part: &Range<usize>) -> Range<usize> {
        let (start, end) = (self.of(part.start).0, self.of(part.end - 1).1);
        start..end.max(start + 1)
    }

    /// Where what stands for a byte begins and ends.
    fn of(&self, index: usize) -> (usize, usize) {
        let (head, from) = self.head;
        let behind = || self.outer.end + index - head - self.map.len();
        match index.checked_sub(head) {
            None => (from + index, from + index + 1),
            Some(index) => self.map.get(index).copied().unwrap_or_else(|| (behind(), behind() + 1)),
        }
    }
}

/// What is inside is not recorded place by place.
struct Unheard;

impl Sink for Unheard {
    fn hit(&mut self, _: &Match) {}
}

impl<S: Sink> Search<'_, '_, '_, S> {
    /// Looks at a place where the classifier says that another text may begin.
    #[inline(never)]
    pub(super) fn other(&mut self, at: usize) {
        let rest = &self.bytes[at..];
        match rest[0] {
            _ if rest.get(1) == Some(&0) => self.wide(at),
            b'"' | b'\'' if rest[1..].starts_with(b".j") => self.joins(at),
            b'"' | b'\'' => self.joint(at),
            b']' => self.listed(at),
            b'n' | b'N' => self.concatenated(at),
            _ => self.escapes(at),
        }
    }

    /// Is no text looked for here? In one that was decoded, what stands before it and behind it was looked at outside of it: without
    /// this, each of many that stand close together would be decoded in all others.
    fn is_deep(&self, place: &Range<usize>) -> bool {
        let (before, behind) = self.scratch.outside;
        self.scratch.depth >= DEPTH || place.end <= before || place.start + behind >= self.bytes.len()
    }

    /// Searches a text, and takes what is found for matches of this input. `codecs` are how it is encoded.
    fn within(&mut self, text: &Text, codecs: &[Codec]) {
        self.looked(text.outer.start.saturating_sub(BEFORE), text.outer.end + BEHIND);
        let mut inner = self.scratch.inner.take().unwrap_or_default();
        inner.depth = self.scratch.depth + 1;
        inner.outside = text.outside();
        let input = Input { bytes: &text.bytes, emit: 0..text.bytes.len(), base: 0, path: self.input.path, now: self.input.now };
        search::search(self.engine, &mut inner, &input, &mut Unheard);
        resolve::sort(&mut inner.matches);
        resolve::resolve(self.engine, &mut inner.matches, &mut Unheard);
        self.adopt(text, codecs, &inner);
        self.scratch.inner = Some(inner);
    }

    fn adopt(&mut self, text: &Text, codecs: &[Codec], inner: &Scratch) {
        let is_example = marks(self.bytes, (text.outer.start, text.outer.end));
        self.looked(text.outer.start.saturating_sub(MARKED), text.outer.end + MARKED);
        for found in &inner.matches {
            let (start, end) = (found.span.secret_start, found.span.secret_end);
            if !text.own.contains(&start) {
                continue;
            }
            if self.scratch.matches.len() >= MAX_MATCHES {
                self.scratch.full = true;
                return;
            }
            let place = text.place(&(start..end));
            if is_example && found.notes & note::CHECKSUM == 0 {
                self.mark(place.start);
                continue;
            }
            // It may stand there as it is, though what stands around it does not: in a URL whose colons are escaped.
            let is_as_it_is = self.bytes.get(place.clone()) == Some(found.secret(&text.bytes));
            let outer = if is_as_it_is { &place } else { &text.outer };
            let span = Span {
                start: outer.start.min(place.start),
                end: outer.end.max(place.end),
                secret_start: place.start,
                secret_end: place.end,
            };
            let deeper = found.decoded.iter().flat_map(|decoded| &decoded.codecs);
            let decoded = Decoded {
                secret: Zeroizing::new(found.secret(&text.bytes).to_vec()),
                codecs: codecs.iter().chain(deeper).copied().collect(),
            };
            let decoded = Some(Arc::new(decoded)).filter(|_| !is_as_it_is);
            // The name, if it stands before the text in the same form.
            let name = found.name.filter(|(_, to)| *to <= text.own.start).map(|(from, to)| (text.of(from).0, text.of(to - 1).1));
            self.scratch.matches.push(Match { span, name, decoded, ..found.clone() });
            self.led();
        }
        for at in inner.marked.iter().filter(|at| text.own.contains(at)) {
            self.mark(text.of(*at).0);
        }
    }

    fn mark(&mut self, at: usize) {
        self.scratch.marked.push(at);
        if S::TRACED {
            self.scratch.led_marked.push(self.scratch.trigger);
        }
    }

    /// What led to the last match.
    fn led(&mut self) {
        if S::TRACED {
            self.scratch.led.push(self.scratch.trigger);
        }
    }
}

/// Could these bytes begin a text?
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| is_plain(*b))
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)
}
