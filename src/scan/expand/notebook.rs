//! Jupyter notebooks, nbformat 3 and 4: each part of a cell is scanned as the text its reader sees.
//!
//! JSON strings are decoded before they are scanned, so that a secret does not hide behind `\n` or `\u0041`, and colour
//! sequences are taken out of outputs. Images and other media are left out, and counted. Everything else is in some part:
//! keys this file does not know go into parts named `rest`. It must not know what is searched for. Format:
//! <https://nbformat.readthedocs.io/en/latest/format_description.html>. Start with [`walk`].

use serde::de::IgnoredAny;

use super::Expanded;
use super::json::{Cursor, Text};
use super::walk::Walk;
use crate::scan::blob::{Container, Place, Source};
use crate::scan::finding::IssueKind;

/// Keys whose values are words and numbers of the format itself, if they are as short as that.
const PLAIN: &[&[u8]] = &[
    b"cell_type",
    b"execution_count",
    b"prompt_number",
    b"output_type",
    b"nbformat",
    b"nbformat_minor",
    b"orig_nbformat",
    b"language",
    b"collapsed",
    b"level",
    b"name",
    b"stream",
];
const PLAIN_LEN: usize = 20;

/// Bytes of a media payload that are looked at to see that it is base64.
const SAMPLE: usize = 256;

/// Visits the parts of a notebook held in memory. `Failed` if it is not one.
pub(super) fn walk(walk: &mut Walk<'_>, place: &Place<'_>, text: &[u8]) -> Expanded {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    // What stands before the document is kept: its lines count.
    let blank = text.len() - text.trim_ascii_start().len();
    let whole = text.trim_ascii_end();
    let text = &whole[blank.min(whole.len())..];
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(text) {
        let detail = format!("not valid JSON at line {}, column {}; raw bytes scanned", error.line(), error.column());
        walk.gap(IssueKind::Malformed, place, detail);
        return Expanded::Failed;
    }
    let mut document = Cursor::new(text);
    let is_list = |key: &str| document.find(key).is_some_and(|mut value| value.peek() == Some(b'['));
    if !is_list("cells") && !is_list("worksheets") {
        walk.gap(IssueKind::Malformed, place, "JSON, but not a notebook; raw bytes scanned");
        return Expanded::Failed;
    }
    let (text, trace, rest) = (Text::default(), Text::default(), Text::default());
    Notebook { walk, place, whole, blank, cells: 0, full: false, text, trace, rest }.document(&mut document);
    Expanded::Whole
}

struct Notebook<'n, 'w, 'p> {
    walk: &'n mut Walk<'w>,
    place: &'n Place<'p>,
    /// The file, and how many blanks it begins with.
    whole: &'n [u8],
    blank: usize,
    cells: u64,
    /// No more parts may be visited.
    full: bool,
    /// The part being made.
    text: Text,
    /// The traceback of the output being read.
    trace: Text,
    /// What fits no part of the cell being read.
    rest: Text,
}

impl Notebook<'_, '_, '_> {
    fn document(&mut self, document: &mut Cursor<'_>) {
        let mut rest = Text::default();
        document.object(|value, key| match (key, value.peek()) {
            (b"cells", Some(b'[')) => value.array(|cell| self.cell(cell)),
            (b"worksheets", Some(b'[')) => value.array(|sheet| self.worksheet(sheet, &mut rest)),
            (b"metadata", _) => {
                push_json(value, &mut self.text);
                self.visit("metadata");
            }
            _ => push_rest(key, value, &mut rest),
        });
        self.text = rest;
        self.visit("rest");
    }

    /// nbformat 3 keeps its cells in worksheets.
    fn worksheet(&mut self, sheet: &mut Cursor<'_>, rest: &mut Text) {
        if sheet.peek() != Some(b'{') {
            return push_rest(b"worksheet", sheet, rest);
        }
        sheet.object(|value, key| match (key, value.peek()) {
            (b"cells", Some(b'[')) => value.array(|cell| self.cell(cell)),
            _ => push_rest(key, value, rest),
        });
    }

    fn cell(&mut self, cell: &mut Cursor<'_>) {
        self.cells += 1;
        if self.full {
            return;
        }
        let own_id = cell.find("id").and_then(|mut value| cell_id(value.skip()));
        let id = own_id.map_or_else(|| format!("cell-{}", self.cells), |id| format!("cell-{id}"));
        if cell.peek() == Some(b'{') {
            cell.object(|value, key| self.cell_field(&id, (key, value)));
        } else {
            push_rest(b"cell", cell, &mut self.rest);
        }
        std::mem::swap(&mut self.text, &mut self.rest);
        self.visit_as(&id, "/rest");
    }

    fn cell_field(&mut self, id: &str, (key, value): (&[u8], &mut Cursor<'_>)) {
        match (key, value.peek()) {
            (b"id", _) if is_id(id, value) => {}
            (b"source" | b"input", _) => {
                push_text(value, &mut self.text);
                self.visit(id);
            }
            (b"outputs", Some(b'[')) => {
                let mut n = 0;
                value.array(|output| {
                    self.output(id, n, output);
                    n += 1;
                });
            }
            (b"metadata", _) => {
                push_json(value, &mut self.text);
                self.visit_as(id, "/metadata");
            }
            (b"attachments", Some(b'{')) => self.attachments(&format!("{id}/attachments"), value),
            _ => push_rest(key, value, &mut self.rest),
        }
    }

    fn output(&mut self, id: &str, n: usize, output: &mut Cursor<'_>) {
        let name = format!("{id}/output-{n}");
        if output.peek() == Some(b'{') {
            output.object(|value, key| self.output_field(&name, (key, value)));
        } else {
            push_line(output, &mut self.text);
        }
        strip_colours(&mut self.text);
        self.visit(&name);
        if !self.trace.bytes.is_empty() {
            std::mem::swap(&mut self.text, &mut self.trace);
            strip_colours(&mut self.text);
            self.visit(&format!("{id}/traceback-{n}"));
        }
    }

    fn output_field(&mut self, name: &str, (key, value): (&[u8], &mut Cursor<'_>)) {
        match (key, value.peek()) {
            (b"text" | b"html" | b"latex" | b"svg" | b"json" | b"javascript", _) => push_line(value, &mut self.text),
            (b"data", Some(b'{')) => value.object(|value, mime| self.bundle(name, mime, value)),
            (b"png" | b"jpeg" | b"pdf", _) => self.bundle(name, key, value),
            (b"traceback", Some(b'[')) => value.array(|line| push_line(line, &mut self.trace)),
            (b"ename" | b"evalue" | b"traceback", _) => push_line(value, &mut self.trace),
            (b"metadata", _) => push_json(value, &mut self.text),
            _ => push_rest(key, value, &mut self.text),
        }
    }

    /// Files pasted into a markdown cell: by name, then by type.
    fn attachments(&mut self, name: &str, files: &mut Cursor<'_>) {
        files.object(|bundle, file| {
            if bundle.peek() == Some(b'{') {
                bundle.object(|value, mime| self.bundle(name, mime, value));
            } else {
                push_rest(file, bundle, &mut self.text);
            }
        });
        self.visit(name);
    }

    /// One representation of an output.
    fn bundle(&mut self, name: &str, mime: &[u8], value: &mut Cursor<'_>) {
        let Some(word) = media(mime).filter(|_| is_base64(value)) else { return push_line(value, &mut self.text) };
        let place = Place::Inside { outer: self.place, member: name, kind: Container::Notebook, source: None };
        let detail = format!("{word} payload of {} bytes left out", value.skip().len().saturating_sub(2));
        self.walk.note(IssueKind::MediaPayload, &place, detail);
    }

    /// Hands the part on, if there is anything in it.
    fn visit(&mut self, name: &str) {
        if !self.text.bytes.is_empty() && !self.full {
            self.full = !self.walk.admit(self.place);
            if !self.full {
                for mark in &mut self.text.marks {
                    mark.1 += self.blank;
                }
                let source = Some(Source { text: self.whole, marks: &self.text.marks });
                let place = Place::Inside { outer: self.place, member: name, kind: Container::Notebook, source };
                self.walk.raw(&place, &mut self.text.bytes.as_slice());
            }
        }
        self.text.clear();
    }

    fn visit_as(&mut self, id: &str, part: &str) {
        if !self.text.bytes.is_empty() {
            self.visit(&format!("{id}{part}"));
        }
    }
}

/// Text on a line of its own.
fn push_line(value: &mut Cursor<'_>, out: &mut Text) {
    if !matches!(out.bytes.last(), None | Some(b'\n')) {
        out.bytes.push(b'\n');
    }
    push_text(value, out);
}

/// A string, or a list of strings joined; any other JSON as text.
fn push_text(value: &mut Cursor<'_>, out: &mut Text) {
    match value.peek() {
        Some(b'"') => value.push_string(out),
        Some(b'[') => value.array(|item| match item.peek() {
            Some(b'"') => item.push_string(out),
            _ => item.push_value(out),
        }),
        _ => push_json(value, out),
    }
}

fn push_json(value: &mut Cursor<'_>, out: &mut Text) {
    if !value.is_nothing() {
        value.push_value(out);
    }
}

/// A field as text, unless it is one of the short words of the format.
fn push_rest(key: &[u8], value: &mut Cursor<'_>, rest: &mut Text) {
    let is_word = !matches!(value.peek(), Some(b'{' | b'[')) && PLAIN.contains(&key) && value.clone().skip().len() <= PLAIN_LEN;
    if is_word || value.is_nothing() {
        return;
    }
    if !matches!(rest.bytes.last(), None | Some(b'\n')) {
        rest.bytes.push(b'\n');
    }
    rest.mark(value.at());
    rest.bytes.push(b'"');
    // The key without its quotes: it ends where its text does.
    Cursor::new(&[b"\"", key].concat()).decode(&mut rest.bytes);
    rest.bytes.extend_from_slice(b"\": ");
    value.push_value(rest);
}

/// The id of a cell, if it has the form that nbformat 4.5 asks for.
fn cell_id(value: &[u8]) -> Option<&str> {
    let id = str::from_utf8(value).ok()?.strip_prefix('"')?.strip_suffix('"')?;
    let is_valid = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    is_valid.then_some(id)
}

/// Whether this is the id that the cell is called by.
fn is_id(id: &str, value: &Cursor<'_>) -> bool {
    cell_id(value.clone().skip()).is_some_and(|own| id.strip_prefix("cell-") == Some(own))
}

/// What kind of media a type is, if it is not text.
fn media(mime: &[u8]) -> Option<&'static str> {
    match mime {
        b"image/svg+xml" => None,
        b"png" | b"jpeg" => Some("image"),
        b"pdf" | b"application/pdf" => Some("pdf"),
        b"application/octet-stream" => Some("binary"),
        _ if mime.starts_with(b"image/") => Some("image"),
        _ if mime.starts_with(b"audio/") => Some("audio"),
        _ if mime.starts_with(b"video/") => Some("video"),
        _ if mime.starts_with(b"font/") => Some("font"),
        _ => None,
    }
}

/// How media begin in base64, by their magic bytes: PNG, JPEG, GIF, WebP and WAV, TIFF, ICO, PDF, MP3, Ogg, FLAC, WebM, WOFF, OpenType,
/// TrueType.
const MEDIA: &[&[u8]] = &[
    b"iVBORw0KGgo",
    b"/9j/",
    b"R0lGOD",
    b"UklGR",
    b"SUkq",
    b"TU0AK",
    b"AAABAA",
    b"JVBERi",
    b"SUQz",
    b"//uQ",
    b"//sw",
    b"T2dnUw",
    b"ZkxhQw",
    b"GkXfo",
    b"d09GR",
    b"d09GM",
    b"T1RUTw",
    b"AAEAAA",
    b"AAAA",
];

/// Whether a value is a string, or a list of strings, that starts like media in base64: a text in their place is scanned. What is long
/// and base64 may be of a kind that is not known here.
fn is_base64(value: &Cursor<'_>) -> bool {
    // A list is written in lines, which end in `\n`.
    let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\\');
    let is_media = |sample: &[u8]| sample.len() >= SAMPLE / 2 || MEDIA.iter().any(|magic| sample.starts_with(magic));
    value.first_string(SAMPLE).is_some_and(|sample| is_media(sample) && sample.iter().all(is_base64))
}

/// Takes out ANSI control sequences (ECMA-48, section 5.4): they stand in the middle of what they colour.
fn strip_colours(text: &mut Text) {
    let Text { bytes: text, marks } = text;
    let Some(first) = memchr::memchr(0x1b, text) else { return };
    let (mut from, mut to) = (first, first);
    let mut marks = marks.iter_mut().skip_while(|mark| mark.0 <= first).peekable();
    while from < text.len() {
        while let Some(mark) = marks.next_if(|mark| mark.0 <= from) {
            mark.0 = to;
        }
        if text[from] == 0x1b && text.get(from + 1) == Some(&b'[') {
            let parameters = text[from + 2..].iter().take_while(|b| (0x20..0x40).contains(*b)).count();
            from += 2 + parameters;
            if matches!(text.get(from), Some(0x40..=0x7e)) {
                from += 1;
            }
        } else {
            text[to] = text[from];
            (from, to) = (from + 1, to + 1);
        }
    }
    marks.for_each(|mark| mark.0 = to);
    text.truncate(to);
}
