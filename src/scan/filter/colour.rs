//! Text without the codes that colour a terminal, and which byte of it stands where.
//!
//! Source: ECMA-48 (control sequences). Commands that hold a text, such as a title, are text, which may hold a secret. It must not know what is looked for. Start with
//! [`Plain::read`].

const ESC: u8 = 0x1b;
/// Longer sequences are text.
const LONGEST: usize = 256;

/// A text without control sequences; empty if it has none.
#[derive(Debug, Default)]
pub(super) struct Plain {
    text: Vec<u8>,
    /// Where pieces begin: in the text, and as it came.
    pieces: Vec<(usize, usize)>,
}

impl Plain {
    /// Takes the codes out of `bytes`.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.text.clear();
        self.pieces.clear();
        let mut at = 0;
        for escape in memchr::memchr_iter(ESC, bytes) {
            let length = sequence(&bytes[escape..]);
            if escape < at || length == 0 {
                continue;
            }
            self.push(bytes, at, escape);
            at = escape + length;
        }
        if at > 0 {
            self.push(bytes, at, bytes.len());
        }
    }

    fn push(&mut self, bytes: &[u8], from: usize, to: usize) {
        self.pieces.push((self.text.len(), from));
        self.text.extend_from_slice(&bytes[from..to]);
    }

    /// The text, if it is another one.
    pub(super) fn text(&self) -> Option<&[u8]> {
        (!self.pieces.is_empty()).then_some(&self.text)
    }

    /// Where in the text a byte stands, or the first one behind it that does.
    pub(super) fn to_text(&self, raw: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.1 <= raw);
        let Some(&(text, from)) = index.checked_sub(1).and_then(|i| self.pieces.get(i)) else {
            return if self.pieces.is_empty() { raw } else { 0 };
        };
        let next = self.pieces.get(index).map_or(self.text.len(), |piece| piece.0);
        (text + raw - from).min(next)
    }

    /// Where a byte of the text came from.
    pub(super) fn to_raw_start(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.0 <= at);
        index.checked_sub(1).map_or(at, |i| self.pieces[i].1 + at - self.pieces[i].0)
    }

    /// One past where the byte before came from.
    pub(super) fn to_raw_end(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |last| self.to_raw_start(last) + 1)
    }
}

/// The length of the control sequence that `bytes` begin with, 0 if they begin with none that has an end.
pub(super) fn sequence(bytes: &[u8]) -> usize {
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    match bytes.get(1) {
        Some(b'[') => {
            let parameters = bytes[2..].iter().take_while(|b| (0x20..=0x3f).contains(*b)).count();
            if bytes.get(2 + parameters).is_some_and(|b| (0x40..=0x7e).contains(b)) { parameters + 3 } else { 0 }
        }
        Some(b'(' | b')') if bytes.len() > 2 => 3,
        Some(b'=' | b'>' | b'7' | b'8' | b'c') => 2,
        _ => 0,
    }
}

/// How many of `bytes` there are without the control sequence that they end with, if its end has not come.
pub(super) fn without_open(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(LONGEST);
    let Some(escape) = memchr::memrchr(ESC, &bytes[from..]).map(|at| from + at) else { return bytes.len() };
    let is_open = match bytes.get(escape + 1) {
        None => true,
        Some(b'[') => bytes[escape + 2..].iter().all(|b| (0x20..=0x3f).contains(b)),
        Some(b'(' | b')') => escape + 2 == bytes.len(),
        Some(_) => false,
    };
    if is_open { escape } else { bytes.len() }
}

/// Appends the codes that stand in `bytes`.
pub(super) fn codes(bytes: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    for escape in memchr::memchr_iter(ESC, bytes) {
        if escape >= at {
            at = escape + sequence(&bytes[escape..]);
            out.extend_from_slice(&bytes[escape..at.max(escape)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Plain;

    #[test]
    fn codes_go_and_places_stay() {
        let raw = b"a\x1b[1;31mb\x1b[0mc\x1b]0;t\x07d\x1bZe\x1b[";
        let mut plain = Plain::default();
        plain.read(raw);
        let text = plain.text().unwrap();
        assert_eq!(text, b"abc\x1b]0;t\x07d\x1bZe\x1b[");
        for (at, byte) in text.iter().enumerate() {
            let from = plain.to_raw_start(at);
            assert_eq!((raw[from], plain.to_text(from), plain.to_raw_end(at + 1)), (*byte, at, from + 1));
        }
        assert_eq!(plain.to_text(raw.len()), text.len());
        assert_eq!(plain.to_text(3), 1);
        plain.read(b"no codes");
        assert_eq!((plain.text(), plain.to_text(5), plain.to_raw_start(5)), (None, 5, 5));
    }
}
