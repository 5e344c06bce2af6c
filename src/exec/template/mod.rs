//! Texts with references in them, and the same with the values in their places.
//!
//! It must not know where values come from, nor write files. Start with [`Template::parse`] and [`Template::render`]. Each format tells which
//! parts of a text are what ([`Region`]); a reference in any other part is an error, and so is what looks like one and is none. The
//! result is in locked memory, and there is none if a value is missing or cannot stand in its place.

mod dotenv;
mod escape;
mod json;
mod shell;
#[cfg(test)]
mod tests;
mod toml;
mod yaml;

use std::ops::Range;
use std::path::Path;

use super::reference::{self, Reference, Wrong};
use super::{Resolve, Unresolved, index_of, resolve};
use crate::base::arena::{Arena, Locked};
use crate::base::secret::Secret;
pub(super) use dotenv::variables;
use escape::Style;

/// Bytes of a result, at most.
const LARGEST: usize = 64 << 20;

/// What a text is, which says what a value must look like in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `NAME=value` in lines.
    Dotenv,
    /// YAML 1.2.
    Yaml,
    /// JSON, with comments if there are some.
    Json,
    /// TOML 1.0.
    Toml,
    /// A script for a POSIX shell.
    Shell,
    /// Anything else: values stand as they are.
    Plain,
}

/// A text with references, looked through.
#[derive(Debug)]
pub struct Template<'t> {
    text: &'t [u8],
    edits: Vec<Edit>,
    references: Vec<Reference>,
}

/// A template is none, or has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What looks like a reference is none.
    #[error("line {line}: {reason}")]
    Wrong {
        /// Where.
        line: usize,
        /// Why.
        reason: Wrong,
    },
    /// A reference stands where no value can.
    #[error("line {line}: a value cannot stand here{hint}")]
    Place {
        /// Where.
        line: usize,
        /// What to do.
        hint: &'static str,
    },
    /// The text does not end where it should.
    #[error("line {line}: {what} has no end")]
    Open {
        /// Where it begins.
        line: usize,
        /// What it is.
        what: &'static str,
    },
    /// A value has what its place cannot hold.
    #[error("line {line}: the value of `{reference}` {reason}")]
    Unfit {
        /// Where.
        line: usize,
        /// Which one.
        reference: Box<Reference>,
        /// Why.
        reason: &'static str,
    },
    /// The values are not there.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// There is no memory for the result.
    #[error("no memory for the result")]
    Memory(#[source] std::io::Error),
    /// The result would be too large.
    #[error("the result has more than 64 MiB")]
    Large,
}

/// A part of a text.
#[derive(Debug)]
struct Region {
    /// What is within its quotes.
    inner: Range<usize>,
    /// The same with them.
    outer: Range<usize>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// What stands in it is left alone.
    Comment,
    /// No value can stand here.
    Never(&'static str),
    /// Values are written in a style, the rest stays.
    Keep(Style),
    /// It gets the quotes given, and all of it is written anew; within it two single quotes may be one.
    Double(&'static str, Style, Singles),
    /// It gets the quotes that its values need.
    Fitting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Singles {
    Alone,
    Paired,
}

/// A part of a text that is replaced.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    with: With,
}

#[derive(Debug)]
enum With {
    Text(Vec<u8>),
    Value(usize, Style),
    /// The quotes that these values need, of which the style of those is one.
    Quote(Vec<usize>),
    /// A value in them.
    Fitting(usize, Vec<usize>),
}

impl Region {
    fn bare(range: Range<usize>, kind: Kind) -> Self {
        Self { inner: range.clone(), outer: range, kind }
    }

    fn quoted(outer: Range<usize>, quote: usize, kind: Kind) -> Self {
        Self { inner: outer.start + quote..outer.end - quote, outer, kind }
    }
}

impl Format {
    /// The one that a file's name says. What ends in `.tmpl`, `.tpl`, `.template` or `.in` is what its name says without it.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let inner = [".tmpl", ".tpl", ".template", ".in"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let ending = inner.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            _ if inner == ".env" || inner.starts_with(".env.") || inner == "env" => Self::Dotenv,
            "env" => Self::Dotenv,
            "yaml" | "yml" => Self::Yaml,
            "json" | "jsonc" | "ipynb" | "tfstate" => Self::Json,
            "toml" => Self::Toml,
            "sh" | "bash" | "ksh" | "dash" | "envrc" => Self::Shell,
            _ => Self::Plain,
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "env" | "dotenv" => Self::Dotenv,
            "yaml" => Self::Yaml,
            "json" => Self::Json,
            "toml" => Self::Toml,
            "shell" | "sh" => Self::Shell,
            "text" | "plain" => Self::Plain,
            _ => return None,
        })
    }

    fn regions(self, text: &[u8]) -> Result<Vec<Region>, Error> {
        match self {
            Self::Dotenv => dotenv::regions(text),
            Self::Yaml => yaml::regions(text),
            Self::Json => json::regions(text),
            Self::Toml => toml::regions(text),
            Self::Shell => shell::regions(text),
            Self::Plain => Ok(vec![Region::bare(0..text.len(), Kind::Keep(Style::Plain))]),
        }
    }
}

impl<'t> Template<'t> {
    /// Looks a text through.
    ///
    /// # Errors
    /// If something in it looks like a reference and is none, or stands where no value can.
    pub fn parse(format: Format, text: &'t [u8]) -> Result<Self, Error> {
        let mut made = Self { text, edits: Vec::new(), references: Vec::new() };
        let found = reference::find(text);
        if format == Format::Json || format == Format::Yaml {
            json::hidden(text)?;
        }
        if found.is_empty() {
            return Ok(made);
        }
        let regions = format.regions(text)?;
        let (mut index, mut at) = (0, 0);
        while let Some(first) = found.get(at) {
            let line = line_of(text, first.range.start);
            while regions.get(index).is_some_and(|region| region.inner.end < first.range.end) {
                index += 1;
            }
            let region = regions.get(index).filter(|region| region.inner.start <= first.range.start);
            let region = region.ok_or(Error::Place { line, hint: place_hint(format) })?;
            let count = found[at..].iter().take_while(|one| one.range.end <= region.inner.end).count();
            let here = &found[at..at + count];
            at += count;
            match region.kind {
                Kind::Comment => {}
                Kind::Never(hint) => return Err(Error::Place { line, hint }),
                _ => made.edit(region, here)?,
            }
        }
        Ok(made)
    }

    fn edit(&mut self, region: &Region, found: &[reference::Found]) -> Result<(), Error> {
        let mut places = Vec::new();
        for one in found {
            let reason = |reason| Error::Wrong { line: line_of(self.text, one.range.start), reason };
            let reference = one.reference.clone().map_err(reason)?;
            places.push((one.range.clone(), index_of(&mut self.references, reference)));
        }
        let all: Vec<usize> = places.iter().map(|(_, which)| *which).collect();
        let (opens, closes) = (region.outer.start..region.inner.start, region.inner.end..region.outer.end);
        let quote = match region.kind {
            Kind::Double(quotes, _, _) => Some(With::Text(quotes.into())),
            Kind::Fitting => Some(With::Quote(all.clone())),
            _ => None,
        };
        self.edits.extend(quote.map(|with| Edit { range: opens, with }));
        let mut from = region.inner.start;
        for (range, which) in places {
            self.literal(region, from..range.start);
            from = range.end;
            let with = match region.kind {
                Kind::Keep(style) | Kind::Double(_, style, _) => With::Value(which, style),
                _ => With::Fitting(which, all.clone()),
            };
            self.edits.push(Edit { range, with });
        }
        self.literal(region, from..region.inner.end);
        let quote = match region.kind {
            Kind::Double(quotes, _, _) => Some(With::Text(quotes.into())),
            Kind::Fitting => Some(With::Quote(all)),
            _ => None,
        };
        self.edits.extend(quote.map(|with| Edit { range: closes, with }));
        Ok(())
    }

    /// What stands beside a value within other quotes than before.
    fn literal(&mut self, region: &Region, range: Range<usize>) {
        let Kind::Double(_, _, singles) = region.kind else { return };
        let mut at = range.start;
        while at < range.end {
            let with: &[u8] = match self.text[at] {
                b'"' => b"\\\"",
                b'\\' => b"\\\\",
                b'\'' if singles == Singles::Paired => b"'",
                _ => {
                    at += 1;
                    continue;
                }
            };
            let length = if with == b"'" { 2 } else { 1 };
            self.edits.push(Edit { range: at..at + length, with: With::Text(with.into()) });
            at += length;
        }
    }

    /// What it needs, each once.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The text with the values in the places of references.
    ///
    /// # Errors
    /// If one of them is missing, or cannot stand where it should: then there is no result.
    pub fn render(&self, arena: &Arena, with: &mut Resolve<'_>) -> Result<Locked, Error> {
        let values = resolve(&self.references, with)?;
        let mut length = 0;
        self.write(&values, &mut |bytes| length += bytes.len())?;
        if length > LARGEST {
            return Err(Error::Large);
        }
        let mut out = arena.buffer(length).map_err(Error::Memory)?;
        let mut is_full = false;
        self.write(&values, &mut |bytes| is_full |= out.push(bytes).is_err())?;
        if is_full { Err(Error::Large) } else { Ok(out) }
    }

    fn write(&self, values: &[Secret], out: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let mut at = 0;
        for edit in &self.edits {
            out(&self.text[at..edit.range.start]);
            at = edit.range.end;
            let unfit = |which: usize| {
                let line = line_of(self.text, edit.range.start);
                move |reason| Error::Unfit { line, reference: Box::new(self.references[which].clone()), reason }
            };
            let quote = |all: &[usize]| {
                let quote = escape::quote(&all.iter().map(|which| values[*which].expose()));
                quote.map_err(|(index, reason)| unfit(all[index])(reason))
            };
            match &edit.with {
                With::Text(text) => out(text),
                With::Quote(all) => out(quote(all)?.as_bytes()),
                With::Fitting(which, all) => {
                    quote(all)?;
                    out(values[*which].expose());
                }
                With::Value(which, style) => style.write(values[*which].expose(), out).map_err(unfit(*which))?,
            }
        }
        out(&self.text[at..]);
        Ok(())
    }
}

fn place_hint(format: Format) -> &'static str {
    match format {
        Format::Json | Format::Toml => ": put the reference in quotes",
        Format::Dotenv => ": a reference stands behind `NAME=`, in quotes if there is something else in the value",
        Format::Yaml => ": put the reference in double quotes",
        Format::Shell | Format::Plain => "",
    }
}

/// The number of the line that a byte stands in.
fn line_of(text: &[u8], at: usize) -> usize {
    1 + memchr::memchr_iter(b'\n', &text[..at]).count()
}

/// Where the line ends that a byte stands in, before its line feed.
fn line_end(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n)
}

/// Where a string ends, behind its closing quote; a backslash takes the character behind it along, if it escapes at all.
fn string_end(text: &[u8], from: usize, quote: u8, escapes: bool) -> Option<usize> {
    let mut at = from;
    while let Some(byte) = text.get(at) {
        if *byte == quote {
            return Some(at + 1);
        }
        at += if escapes && *byte == b'\\' { 2 } else { 1 };
    }
    None
}
