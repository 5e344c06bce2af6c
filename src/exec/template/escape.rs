//! How a value is written in its place.
//!
//! It must not know where that is. Start with [`Style::write`]. A value that its place cannot hold is refused: what was written up to
//! then must be thrown away.

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is.
    Plain,
    /// In double quotes of JSON (RFC 8259).
    Json,
    /// In double quotes of TOML.
    Toml,
    /// In double quotes of YAML.
    Yaml,
    /// In a literal block of YAML, indented so far, behind something else in its line or not, at its end or not.
    Block(usize, Edge, Edge),
    /// In a folded block of YAML.
    Folded(Edge),
    /// As a part of a word of a shell.
    Word,
    /// In single quotes of a shell.
    Single,
    /// In double quotes of a shell.
    Double,
    /// In a text of a shell that expands variables (`<<END`).
    Here,
    /// In one that does not (`<<'END'`).
    HereAsIs,
    /// In quotes of `.env` beside something that must stay as it is.
    EnvSingle,
    /// The same.
    EnvDouble,
}

/// Is it the first, or the last, in its line?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    At,
    Within,
}

type Out<'o> = &'o mut dyn FnMut(&[u8]);
type Refused = &'static str;

const NO_TEXT: Refused = "is no text in UTF-8, which alone can stand here";
const LINES: Refused = "has several lines or control characters, which cannot stand here";
const NUL: Refused = "has a zero byte, which cannot stand here";

impl Style {
    pub(super) fn write(self, value: &[u8], out: Out<'_>) -> Result<(), Refused> {
        match self {
            Self::Plain => out(value),
            Self::Json | Self::Toml | Self::Yaml => self.string(text(value)?, out),
            Self::Block(indent, start, end) => block(text(value)?, indent, (start, end), out)?,
            Self::Folded(start) => one_line(text(value)?, start, out)?,
            _ if value.contains(&0) => return Err(NUL),
            Self::Word => {
                out(b"'");
                replaced(value, &[(b'\'', b"'\\''")], out);
                out(b"'");
            }
            Self::Single => replaced(value, &[(b'\'', b"'\\''")], out),
            Self::Double => replaced(value, &[(b'"', b"\\\""), (b'\\', b"\\\\"), (b'$', b"\\$"), (b'`', b"\\`")], out),
            Self::Here if is_line(value) => replaced(value, &[(b'\\', b"\\\\"), (b'$', b"\\$"), (b'`', b"\\`")], out),
            Self::HereAsIs if is_line(value) => out(value),
            Self::Here | Self::HereAsIs => return Err(LINES),
            Self::EnvSingle if is_single(value) => out(value),
            Self::EnvDouble if is_double(value) => out(value),
            Self::EnvSingle | Self::EnvDouble => return Err("has characters that these quotes of `.env` cannot hold"),
        }
        Ok(())
    }

    /// As a part of a string in double quotes.
    fn string(self, text: &str, out: Out<'_>) {
        let edges = (text.len() - text.trim_start().len(), text.trim_end().len());
        for (at, letter) in text.char_indices() {
            let code = u32::from(letter);
            let is_edge = at < edges.0 || at >= edges.1;
            match letter {
                '"' => out(b"\\\""),
                '\\' => out(b"\\\\"),
                '\n' => out(b"\\n"),
                '\r' => out(b"\\r"),
                '\t' => out(b"\\t"),
                // At the end of a line YAML takes blanks away.
                ' ' if self == Self::Yaml && is_edge => out(b"\\x20"),
                _ if code < 0x20
                    || (0x7f..0xa0).contains(&code)
                    || matches!(code, 0x2028 | 0x2029 | 0xfeff)
                    || code & 0xfffe == 0xfffe && code < 0x10000 =>
                {
                    let digit = |n: u32| b"0123456789abcdef"[(n & 15) as usize];
                    out(&[b'\\', b'u', digit(code >> 12), digit(code >> 8), digit(code >> 4), digit(code)]);
                }
                _ => out(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }
}

/// The quotes that values of `.env` need so that all its readers agree on them; or which of them has none, and why.
pub(super) fn quote<'v>(values: &(impl Iterator<Item = &'v [u8]> + Clone)) -> Result<&'static str, (usize, Refused)> {
    let all = |fits: fn(&[u8]) -> bool| values.clone().all(fits);
    let is_bare = |value: &[u8]| value.iter().all(|b| b.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(b));
    if all(is_bare) {
        return Ok("");
    }
    if all(is_single) {
        return Ok("'");
    }
    match values.clone().position(|value| !is_double(value)) {
        None => Ok("\""),
        Some(index) => Err((index, "has characters that no quotes of `.env` can hold for all who read it")),
    }
}

fn is_single(value: &[u8]) -> bool {
    // A backslash before another one, or at the end, is read in two ways.
    let pairs = value.windows(2).any(|pair| pair == b"\\\\") || value.ends_with(b"\\");
    !pairs && !value.iter().any(|b| matches!(b, b'\'' | b'\r' | 0)) && std::str::from_utf8(value).is_ok()
}

fn is_double(value: &[u8]) -> bool {
    !value.iter().any(|b| matches!(b, b'"' | b'\\' | b'$' | b'`' | b'\r' | 0)) && std::str::from_utf8(value).is_ok()
}

fn is_line(value: &[u8]) -> bool {
    !value.is_empty() && !value.iter().any(u8::is_ascii_control)
}

fn text(value: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(value).map_err(|_| NO_TEXT)
}

fn is_printable(text: &str) -> bool {
    !text
        .chars()
        .any(|letter| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'))
}

fn one_line(text: &str, start: Edge, out: Out<'_>) -> Result<(), Refused> {
    if !is_printable(text) {
        return Err(LINES);
    }
    if start == Edge::At && (text.is_empty() || text.starts_with(' ')) {
        return Err("is empty or begins with a blank, which cannot stand here: use double quotes");
    }
    out(text.as_bytes());
    Ok(())
}

/// Lines, each behind the indentation. The line end that the value ends with is that of the line it stands in.
fn block(text: &str, indent: usize, (start, end): (Edge, Edge), out: Out<'_>) -> Result<(), Refused> {
    let text = text.strip_suffix('\n').filter(|_| end == Edge::At).unwrap_or(text);
    if text.ends_with('\n') {
        return Err("ends with more than one line end, which cannot stand here: use double quotes");
    }
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out(b"\n");
            if line.is_empty() {
                continue;
            }
            if line.trim().is_empty() {
                return Err("has lines of blanks, which cannot stand here: use double quotes");
            }
            (0..indent).for_each(|_| out(b" "));
        }
        let edge = if number == 0 { start } else { Edge::Within };
        one_line(line, edge, out)?;
    }
    Ok(())
}

fn replaced(value: &[u8], with: &[(u8, &[u8])], out: Out<'_>) {
    let mut from = 0;
    for (at, byte) in value.iter().enumerate() {
        if let Some((_, other)) = with.iter().find(|(old, _)| old == byte) {
            out(&value[from..at]);
            out(other);
            from = at + 1;
        }
    }
    out(&value[from..]);
}
