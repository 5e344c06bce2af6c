//! The forms in which programs write a value: as it is, encoded, escaped.
//!
//! It must not know what the value is. Start with [`of`].

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::SHORTEST;

/// A longer value is looked for in pieces of [`PIECE`] bytes, so that no form of what is looked for is longer than a few pages.
const WHOLE: usize = 384;
const PIECE: usize = 192;
/// A line of a key, at least.
const LINE: usize = 16;
/// Letters in a line of base64: of PEM, and of `base64`.
const WRAPS: [usize; 2] = [64, 76];
/// What stands for itself in a URL (RFC 3986), and what besides in JavaScript's components.
const UNRESERVED: &[u8] = b"-._~";
const COMPONENT: &[u8] = b"-._~!'()*";

type Bytes = Zeroizing<Vec<u8>>;

/// All forms of a value, or of its pieces and lines; some may be the same.
pub(super) fn of(value: &[u8]) -> Vec<Bytes> {
    let value = value.trim_ascii();
    let mut forms = Vec::new();
    for piece in pieces(value) {
        of_piece(piece, &mut forms);
    }
    if value.contains(&b'\n') {
        let lines = value.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
        lines.filter(|line| line.len() >= LINE && line.iter().copied().all(is_digit)).for_each(|line| of_piece(line, &mut forms));
    }
    if value.len() >= WRAPS[0] / 4 * 3 {
        for wrap in WRAPS {
            let encoded = base64_at(value, 0, &STANDARD_NO_PAD);
            let lines: Vec<&[u8]> = encoded.chunks(wrap).collect();
            // Each line with the end of the one before: a long value is found in pieces here, too.
            forms.extend(lines.windows(2).map(|pair| own(&[pair[0], b"\n", pair[1]].concat())));
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

fn own(bytes: &[u8]) -> Bytes {
    Zeroizing::new(bytes.to_vec())
}

/// The value, or, if it is long, all of it in pieces that end at a character each.
fn pieces(value: &[u8]) -> Vec<&[u8]> {
    if value.len() <= WHOLE {
        return vec![value];
    }
    let text = std::str::from_utf8(value).ok();
    let boundary = |mut at: usize| {
        while text.is_some_and(|text| !text.is_char_boundary(at)) {
            at -= 1;
        }
        at
    };
    let (mut pieces, mut at) = (Vec::new(), 0);
    while at + PIECE < value.len() {
        let end = boundary(at + PIECE);
        pieces.push(&value[at..end]);
        at = end;
    }
    pieces.push(&value[boundary(value.len() - PIECE)..]);
    pieces
}

fn of_piece(value: &[u8], forms: &mut Vec<Bytes>) {
    forms.push(own(value));
    if value.contains(&b'\n') {
        forms.push(written(value, |byte, out| if byte == b'\n' { out.extend_from_slice(b"\r\n") } else { out.push(byte) }));
    }
    for digits in [b"0123456789abcdef", b"0123456789ABCDEF"] {
        let hex = |byte: u8, out: &mut Vec<u8>| out.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        forms.push(written(value, hex));
        for safe in [UNRESERVED, b"-._~/", COMPONENT] {
            let escaped = |byte: u8, out: &mut Vec<u8>| percent(byte, safe, digits, out);
            forms.push(written(value, escaped));
        }
        let form = |byte: u8, out: &mut Vec<u8>| if byte == b' ' { out.push(b'+') } else { percent(byte, b"-._*", digits, out) };
        forms.push(written(value, form));
    }
    for shift in 0..3 {
        forms.push(base64_at(value, shift, &STANDARD_NO_PAD));
        forms.push(base64_at(value, shift, &URL_SAFE_NO_PAD));
    }
    forms.extend(JSON.iter().map(|style| json(value, *style)));
}

/// Each byte written by `write`.
fn written(value: &[u8], write: impl Fn(u8, &mut Vec<u8>)) -> Bytes {
    // The longest form of a byte is `\u0000`.
    let mut out = own(&[]);
    out.reserve_exact(6 * value.len());
    value.iter().for_each(|byte| write(*byte, &mut out));
    out
}

fn percent(byte: u8, safe: &[u8], digits: &[u8; 16], out: &mut Vec<u8>) {
    if byte.is_ascii_alphanumeric() || safe.contains(&byte) {
        out.push(byte);
    } else {
        out.extend([b'%', digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte)
}

/// The letters that a value gives whatever stands before and behind it, if `shift` bytes of a group of three stand before it.
fn base64_at(value: &[u8], shift: usize, engine: &GeneralPurpose) -> Bytes {
    let mut bytes = own(&[]);
    bytes.reserve_exact(shift + value.len());
    bytes.resize(shift, 0);
    bytes.extend_from_slice(value);
    let mut out = own(&[]);
    out.resize(bytes.len() * 8 / 6 + 4, 0);
    let length = engine.encode_slice(&*bytes, &mut out[..]).unwrap_or(0);
    out.truncate((bytes.len() * 8 / 6).min(length));
    out.drain(..[0, 2, 3][shift].min(length));
    out
}

/// How a writer of JSON escapes what it need not.
#[derive(Clone, Copy)]
struct Style {
    /// Bytes that are escaped besides those that must be.
    also: &'static [u8],
    ascii: bool,
    /// A slash behind a backslash, as PHP writes it.
    slash: bool,
}

/// As most write it; Python; PHP; Go and Ruby on Rails.
const JSON: [Style; 4] = [
    Style { also: b"", ascii: false, slash: false },
    Style { also: b"\x7f", ascii: true, slash: false },
    Style { also: b"", ascii: true, slash: true },
    Style { also: b"<>&", ascii: false, slash: false },
];

fn json(value: &[u8], style: Style) -> Bytes {
    let mut out = own(&[]);
    out.reserve_exact(6 * value.len());
    for chunk in value.utf8_chunks() {
        for letter in chunk.valid().chars() {
            escape(letter, style, &mut out);
        }
        out.extend_from_slice(chunk.invalid());
    }
    out
}

fn escape(letter: char, style: Style, out: &mut Vec<u8>) {
    let short = match letter {
        '"' => b'"',
        '\\' => b'\\',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '/' if style.slash => b'/',
        _ => 0,
    };
    let code = u32::from(letter);
    if short != 0 {
        out.extend([b'\\', short]);
    } else if code < 0x20 || code < 0x80 && style.also.contains(&(code as u8)) || code >= 0x80 && style.ascii {
        let digit = |n: u16| b"0123456789abcdef"[usize::from(n & 15)];
        for unit in letter.encode_utf16(&mut [0; 2]) {
            out.extend([b'\\', b'u', digit(*unit >> 12), digit(*unit >> 8), digit(*unit >> 4), digit(*unit)]);
        }
    } else {
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
}
