//! Words, quotes and here-documents of shell scripts.
//!
//! Source: POSIX.1-2024, XCU 2.2 to 2.7. It must not know what stands in them. Start with [`regions`]. A value becomes a part of a word
//! whatever is in it. Where quotes are not what they seem (in backquotes, in `${…}`, in `$'…'`, in arithmetic) none can stand.

use super::{Error, Kind, Region, Style, line_end, line_of, string_end};

const NESTED: Kind = Kind::Never(": use `$(…)` and quotes of its own, or a variable");

/// Where one is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Words, up to the end or to `)`.
    Words,
    /// In double quotes.
    Double,
    /// In `${…}`.
    Braces,
}

struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    levels: Vec<Level>,
    /// Here-documents that begin behind this line: what ends them, whether tabs before it count, how values stand in them.
    here: Vec<(Vec<u8>, bool, Style)>,
    regions: Vec<Region>,
}

pub(super) fn regions(text: &[u8]) -> Result<Vec<Region>, Error> {
    let mut lexer = Lexer { text, at: 0, levels: vec![Level::Words], here: Vec::new(), regions: Vec::new() };
    while lexer.at < text.len() {
        lexer.step()?;
    }
    Ok(lexer.regions)
}

impl Lexer<'_> {
    fn step(&mut self) -> Result<(), Error> {
        let level = *self.levels.last().unwrap_or(&Level::Words);
        let rest = &self.text[self.at..];
        match (level, rest) {
            (_, [b'\\', _, ..]) => self.take(2, plain(level)),
            (_, [b'`', ..]) => {
                let end = string_end(self.text, self.at + 1, b'`', true).ok_or_else(|| self.open("a command in backquotes"))?;
                self.take(end - self.at, NESTED);
            }
            (_, [b'$', b'{', ..]) => self.enter(Level::Braces, 2),
            (_, [b'$', b'(', b'(', ..]) => {
                let end = memchr::memmem::find(rest, b"))").ok_or_else(|| self.open("arithmetic"))?;
                self.take(end + 2, NESTED);
            }
            (_, [b'$', b'(', ..]) => self.enter(Level::Words, 2),
            (Level::Braces, [b'}', ..]) | (Level::Double, [b'"', ..]) => self.leave(),
            (Level::Braces, [b'\'', ..]) => self.single(NESTED)?,
            (Level::Words | Level::Braces, [b'"', ..]) => self.enter(Level::Double, 1),
            (Level::Words, [b'$', b'\'', ..]) => {
                self.at += 1;
                let end = string_end(self.text, self.at + 1, b'\'', true).ok_or_else(|| self.open("a string"))?;
                self.take(end - self.at, NESTED);
            }
            (Level::Words, [b'\'', ..]) => self.single(Kind::Keep(Style::Single))?,
            (Level::Words, [b')', ..]) if self.levels.len() > 1 => self.leave(),
            (Level::Words, [b'#', ..]) if self.begins_word() => self.take(line_end(self.text, self.at) - self.at, Kind::Comment),
            (Level::Words, [b'<', b'<', b'<', ..]) => self.at += 3,
            (Level::Words, [b'<', b'<', ..]) => self.here_document()?,
            (Level::Words, [b'\n', ..]) if !self.here.is_empty() => self.bodies(),
            (Level::Words, [b'c', b'a', b's', b'e', b' ' | b'\n', ..]) if self.levels.len() > 1 && self.begins_word() => {
                return Err(Error::Place {
                    line: line_of(self.text, self.at), hint: ": `case` within `$(…)` is not understood"
                });
            }
            _ => {
                // All of a reference is one step.
                let braced = rest.starts_with(b"{{").then(|| memchr::memmem::find(rest, b"}}")).flatten().map_or(1, |n| n + 2);
                self.take(braced, plain(level));
            }
        }
        Ok(())
    }

    fn open(&self, what: &'static str) -> Error {
        Error::Open { line: line_of(self.text, self.at), what }
    }

    fn enter(&mut self, level: Level, length: usize) {
        self.levels.push(level);
        self.at += length;
    }

    fn leave(&mut self) {
        self.levels.pop();
        self.at += 1;
    }

    /// Takes so many bytes, together with those before if they are the same.
    fn take(&mut self, length: usize, kind: Kind) {
        let end = (self.at + length).min(self.text.len());
        match self.regions.last_mut() {
            Some(last) if last.outer.end == self.at && same(last.kind, kind) => {
                last.outer.end = end;
                last.inner.end = end;
            }
            _ => self.regions.push(Region::bare(self.at..end, kind)),
        }
        self.at = end;
    }

    fn single(&mut self, kind: Kind) -> Result<(), Error> {
        let end = string_end(self.text, self.at + 1, b'\'', false).ok_or_else(|| self.open("a string"))?;
        self.regions.push(Region::quoted(self.at..end, 1, kind));
        self.at = end;
        Ok(())
    }

    fn begins_word(&self) -> bool {
        self.at.checked_sub(1).is_none_or(|before| b" \t\n;&|()".contains(&self.text[before]))
    }

    /// Reads `<<END`, whose text begins behind the line.
    fn here_document(&mut self) -> Result<(), Error> {
        self.at += 2;
        let strips = self.text.get(self.at) == Some(&b'-');
        self.at += usize::from(strips);
        self.at += self.text[self.at..].iter().take_while(|b| **b == b' ' || **b == b'\t').count();
        let (mut end, mut style) = (Vec::new(), Style::Here);
        while let Some(byte) = self.text.get(self.at).filter(|b| !b" \t\n;&|()<>".contains(b)) {
            match byte {
                b'\'' | b'"' => {
                    let close = string_end(self.text, self.at + 1, *byte, false).ok_or_else(|| self.open("a string"))?;
                    end.extend_from_slice(&self.text[self.at + 1..close - 1]);
                    (style, self.at) = (Style::HereAsIs, close);
                }
                b'\\' => {
                    end.extend(self.text.get(self.at + 1));
                    (style, self.at) = (Style::HereAsIs, self.at + 2);
                }
                _ => {
                    end.push(*byte);
                    self.at += 1;
                }
            }
        }
        self.here.push((end, strips, style));
        Ok(())
    }

    /// Takes the texts of here-documents.
    fn bodies(&mut self) {
        self.at += 1;
        for (last, strips, style) in std::mem::take(&mut self.here) {
            while self.at < self.text.len() {
                let end = line_end(self.text, self.at);
                let line = &self.text[self.at..end];
                let tabs = if strips { line.iter().take_while(|b| **b == b'\t').count() } else { 0 };
                if line[tabs..] == last[..] {
                    self.at = (end + 1).min(self.text.len());
                    break;
                }
                // A line that is all value may be the one that ends it.
                let is_alone = crate::exec::reference::find(line).first().is_some_and(|one| one.range.start == tabs);
                let has_command =
                    style == Style::Here && (line.contains(&b'`') || line.windows(2).any(|w| w == b"$(" || w == b"${"));
                let kind = if is_alone || has_command {
                    Kind::Never(": something else must stand before it in its line")
                } else {
                    Kind::Keep(style)
                };
                self.regions.push(Region::bare(self.at..end, kind));
                self.at = (end + 1).min(self.text.len());
            }
        }
    }
}

fn plain(level: Level) -> Kind {
    match level {
        Level::Words => Kind::Keep(Style::Word),
        Level::Double => Kind::Keep(Style::Double),
        Level::Braces => NESTED,
    }
}

fn same(one: Kind, other: Kind) -> bool {
    match (one, other) {
        (Kind::Keep(one), Kind::Keep(other)) => one == other,
        (Kind::Never(_), Kind::Never(_)) => true,
        _ => false,
    }
}
