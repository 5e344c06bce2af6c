//! A cursor over JSON text that a parser has accepted.
//!
//! Values stay in place as text until they are needed, so a megabyte of base64 costs one search for its closing quote, and
//! everything else is looked at once. The text was validated before; on anything else the cursor gives nonsense but never
//! panics and always ends. Start with [`Cursor::object`].

use memchr::memchr2;

/// Decoded text, and where its pieces are written.
#[derive(Default)]
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
    /// Offsets in `bytes`, ascending, and where in the JSON text what begins there is written.
    pub(super) marks: Vec<(usize, usize)>,
}

impl Text {
    /// Notes where in the JSON text what comes next is written.
    pub(super) fn mark(&mut self, written: usize) {
        self.marks.push((self.bytes.len(), written));
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.marks.clear();
    }
}

/// A place in JSON text.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `text`.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The first byte of the next value, key or closing bracket; moves on to it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r' | b',' | b':') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Walks over an object: `each` gets the cursor at the value and the key as it is written, without quotes. A value that
    /// is not taken is skipped.
    pub(super) fn object(&mut self, mut each: impl FnMut(&mut Self, &'a [u8])) {
        self.at += 1;
        while self.peek() == Some(b'"') {
            let key = self.skip();
            let key = key.get(1..key.len() - 1).unwrap_or_default();
            self.peek();
            let start = self.at;
            each(self, key);
            if self.at == start {
                self.skip();
            }
        }
        self.at += 1;
    }

    /// Walks over an array: `each` gets the cursor at the item. An item that is not taken is skipped.
    pub(super) fn array(&mut self, mut each: impl FnMut(&mut Self)) {
        self.at += 1;
        while !matches!(self.peek(), None | Some(b']' | b'}')) {
            let start = self.at;
            each(self);
            if self.at == start {
                self.skip();
            }
        }
        self.at += 1;
    }

    /// The value of a field of the object here; does not move.
    pub(super) fn find(&self, key: &str) -> Option<Self> {
        let mut at = self.clone();
        if at.peek() != Some(b'{') {
            return None;
        }
        at.at += 1;
        while at.peek() == Some(b'"') {
            let found = at.skip();
            if found.get(1..found.len() - 1) == Some(key.as_bytes()) {
                at.peek();
                return Some(at);
            }
            at.peek();
            at.skip();
        }
        None
    }

    /// Skips the value here and gives its text.
    pub(super) fn skip(&mut self) -> &'a [u8] {
        let start = self.at;
        match self.text.get(start) {
            None => {}
            Some(b'"') => self.at = string_end(self.text, start),
            Some(b'{' | b'[') => self.at = nested_end(self.text, start),
            Some(_) => {
                let is_end = |b: &u8| matches!(b, b',' | b':' | b']' | b'}' | b'"' | b' ' | b'\n' | b'\r' | b'\t');
                let len = self.text[start..].iter().skip(1).position(is_end);
                self.at = len.map_or(self.text.len(), |n| start + 1 + n);
            }
        }
        &self.text[start.min(self.text.len())..self.at.min(self.text.len())]
    }

    /// Whether the value here says nothing: `{}`, `[]` or `null`.
    pub(super) fn is_nothing(&self) -> bool {
        let mut at = self.clone();
        match at.peek() {
            Some(b'n') => true,
            Some(open @ (b'{' | b'[')) => {
                at.at += 1;
                // In ASCII a closing bracket stands two behind its opening one.
                at.peek() == Some(open + 2)
            }
            _ => false,
        }
    }

    /// How the string here starts, or the first one in the list here: at most `most` bytes, still escaped. None if there is no
    /// string or it is empty.
    pub(super) fn first_string(&self, most: usize) -> Option<&'a [u8]> {
        let mut at = self.clone();
        if at.peek() == Some(b'[') {
            at.at += 1;
        }
        if at.peek() != Some(b'"') {
            return None;
        }
        let inside = self.text.get(at.at + 1..)?;
        let inside = &inside[..inside.len().min(most)];
        inside.split(|b| *b == b'"').next().filter(|inside| !inside.is_empty())
    }

    /// Where this is in the text.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Appends what the string here means, and notes where it is written.
    pub(super) fn push_string(&mut self, out: &mut Text) {
        out.mark(self.at);
        self.decode(&mut out.bytes);
    }

    /// Appends what the string here means. Half of a surrogate pair becomes U+FFFD.
    pub(super) fn decode(&mut self, out: &mut Vec<u8>) {
        self.at += 1;
        while let Some(rest) = self.text.get(self.at..) {
            let Some(n) = memchr2(b'"', b'\\', rest) else {
                out.extend_from_slice(rest);
                self.at = self.text.len();
                return;
            };
            out.extend_from_slice(&rest[..n]);
            self.at += n + 1;
            if rest[n] == b'"' {
                return;
            }
            self.push_escape(out);
        }
    }

    /// Appends the value here as text to read: strings are decoded, and each field and item stands on a line of its own.
    pub(super) fn push_value(&mut self, out: &mut Text) {
        let mut depth = 0_usize;
        self.peek();
        while let Some(byte) = self.text.get(self.at).copied() {
            match byte {
                b'"' => {
                    out.bytes.push(b'"');
                    self.push_string(out);
                    out.bytes.push(b'"');
                    self.at -= 1;
                }
                b' ' | b'\t' | b'\n' | b'\r' => {}
                b':' => out.bytes.extend_from_slice(b": "),
                b',' => out.bytes.extend_from_slice(b",\n"),
                b'{' | b'[' => {
                    depth += 1;
                    out.bytes.push(byte);
                    if !self.is_nothing() {
                        out.bytes.push(b'\n');
                    }
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    out.bytes.push(byte);
                }
                _ => {
                    out.mark(self.at);
                    out.bytes.extend_from_slice(self.skip());
                    self.at -= 1;
                }
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// Appends what stands behind a backslash.
    fn push_escape(&mut self, out: &mut Vec<u8>) {
        let Some(kind) = self.text.get(self.at) else { return };
        self.at += 1;
        let byte = match kind {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => return self.push_unicode(out),
            other => *other,
        };
        out.push(byte);
    }

    fn push_unicode(&mut self, out: &mut Vec<u8>) {
        let Some(mut code) = self.hex4(self.at) else { return };
        self.at += 4;
        if (0xd800..=0xdbff).contains(&code)
            && self.text.get(self.at..self.at + 2) == Some(b"\\u")
            && let Some(low @ 0xdc00..=0xdfff) = self.hex4(self.at + 2)
        {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            self.at += 6;
        }
        let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn hex4(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 4)?;
        digits.iter().try_fold(0, |n, digit| Some(n << 4 | char::from(*digit).to_digit(16)?))
    }
}

/// One past the closing quote of the string that starts at `start`.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(n) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        if text[at + n] == b'"' {
            return at + n + 1;
        }
        at += n + 2;
    }
    text.len()
}

/// One past the closing bracket of the object or array that starts at `start`.
fn nested_end(text: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => at = string_end(text, at - 1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}
