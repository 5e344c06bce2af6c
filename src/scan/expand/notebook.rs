//! Jupyter notebooks, nbformat 3 and 4: each part of a cell is scanned as the text its reader sees.
//!
//! JSON strings are decoded before they are scanned, so that a secret does not hide behind `\n` or `\u0041`, and colour
//! sequences are taken out of outputs. Images and other media are left out, and counted. Everything else is in some part:
//! keys this file does not know go into parts named `rest`. It must not know what is searched for. Format:
//! <https://nbformat.readthedocs.io/en/latest/format_description.html>. Start with [`walk`].

use serde::de::IgnoredAny;

use super::Expanded;
use super::json::{field, fields, items, push_string, push_value};
use super::walk::Walk;
use crate::scan::blob::{Container, Place};
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
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(text) {
        let detail = format!("not valid JSON at line {}, column {}; raw bytes scanned", error.line(), error.column());
        walk.gap(IssueKind::Malformed, place, detail);
        return Expanded::Failed;
    }
    let is_list = |key: &str| field(text, key).is_some_and(|value| value.starts_with(b"["));
    if !text.starts_with(b"{") || !(is_list("cells") || is_list("worksheets")) {
        walk.gap(IssueKind::Malformed, place, "JSON, but not a notebook; raw bytes scanned");
        return Expanded::Failed;
    }
    let mut notebook = Notebook { walk, place, cells: 0, full: false, text: Vec::new(), rest: Vec::new() };
    notebook.document(text);
    Expanded::Whole
}

struct Notebook<'n, 'w, 'p> {
    walk: &'n mut Walk<'w>,
    place: &'n Place<'p>,
    cells: u64,
    /// No more parts may be visited.
    full: bool,
    /// The part being made.
    text: Vec<u8>,
    /// What fits no part, of the cell or of the notebook.
    rest: Vec<u8>,
}

impl Notebook<'_, '_, '_> {
    fn document(&mut self, object: &[u8]) {
        let mut rest = Vec::new();
        for (key, value) in fields(object) {
            match key {
                b"cells" if value.starts_with(b"[") => self.cells(value),
                b"worksheets" if value.starts_with(b"[") => {
                    items(value).for_each(|sheet| self.worksheet(sheet, &mut rest));
                }
                b"metadata" => {
                    self.push_json(value);
                    self.visit("metadata");
                }
                _ => push_rest(key, value, &mut rest),
            }
        }
        self.text = rest;
        self.visit("rest");
    }

    /// nbformat 3 keeps its cells in worksheets.
    fn worksheet(&mut self, sheet: &[u8], rest: &mut Vec<u8>) {
        if !sheet.starts_with(b"{") {
            return push_rest(b"worksheet", sheet, rest);
        }
        for (key, value) in fields(sheet) {
            match key {
                b"cells" if value.starts_with(b"[") => self.cells(value),
                _ => push_rest(key, value, rest),
            }
        }
    }

    fn cells(&mut self, list: &[u8]) {
        for cell in items(list) {
            self.cells += 1;
            if self.full {
                return;
            }
            self.cell(cell);
        }
    }

    fn cell(&mut self, cell: &[u8]) {
        let id = field(cell, "id").and_then(cell_id);
        let has_id = id.is_some();
        let id = id.map_or_else(|| format!("cell-{}", self.cells), |id| format!("cell-{id}"));
        if !cell.starts_with(b"{") {
            push_rest(b"cell", cell, &mut self.rest);
        }
        for (key, value) in fields(cell) {
            match key {
                b"id" if has_id => {}
                b"source" | b"input" => {
                    self.push_text(value);
                    self.visit(&id);
                }
                b"outputs" if value.starts_with(b"[") => {
                    for (n, output) in items(value).enumerate() {
                        self.output(&id, n, output);
                    }
                }
                b"metadata" => {
                    self.push_json(value);
                    self.visit(&format!("{id}/metadata"));
                }
                b"attachments" if value.starts_with(b"{") => self.attachments(&format!("{id}/attachments"), value),
                _ => push_rest(key, value, &mut self.rest),
            }
        }
        std::mem::swap(&mut self.text, &mut self.rest);
        self.visit(&format!("{id}/rest"));
    }

    fn output(&mut self, id: &str, n: usize, output: &[u8]) {
        let name = format!("{id}/output-{n}");
        if !output.starts_with(b"{") {
            self.push_line(output);
        }
        let mut has_error = false;
        for (key, value) in fields(output) {
            match key {
                b"ename" | b"evalue" | b"traceback" => has_error = true,
                b"text" | b"html" | b"latex" | b"svg" | b"json" | b"javascript" => self.push_line(value),
                b"data" if value.starts_with(b"{") => fields(value).for_each(|(mime, value)| self.bundle(&name, mime, value)),
                b"png" | b"jpeg" | b"pdf" => self.bundle(&name, key, value),
                b"metadata" => self.push_json(value),
                _ => push_rest(key, value, &mut self.text),
            }
        }
        strip_colours(&mut self.text);
        self.visit(&name);
        if has_error {
            self.traceback(&format!("{id}/traceback-{n}"), output);
        }
    }

    /// What went wrong, as the notebook shows it.
    fn traceback(&mut self, name: &str, output: &[u8]) {
        for (key, value) in fields(output) {
            match key {
                b"traceback" if value.starts_with(b"[") => items(value).for_each(|line| self.push_line(line)),
                b"ename" | b"evalue" | b"traceback" => self.push_line(value),
                _ => {}
            }
        }
        strip_colours(&mut self.text);
        self.visit(name);
    }

    /// Files pasted into a markdown cell: by name, then by type.
    fn attachments(&mut self, name: &str, files: &[u8]) {
        for (file, bundle) in fields(files) {
            if bundle.starts_with(b"{") {
                fields(bundle).for_each(|(mime, value)| self.bundle(name, mime, value));
            } else {
                push_rest(file, bundle, &mut self.text);
            }
        }
        self.visit(name);
    }

    /// One representation of an output.
    fn bundle(&mut self, name: &str, mime: &[u8], value: &[u8]) {
        match media(mime) {
            Some(word) if is_base64(value) => {
                let place = Place::Inside { outer: self.place, member: name, kind: Container::Notebook };
                let detail = format!("{word} payload of {} bytes left out", value.len().saturating_sub(2));
                self.walk.note(IssueKind::MediaPayload, &place, detail);
            }
            _ => self.push_line(value),
        }
    }

    /// Text on a line of its own.
    fn push_line(&mut self, value: &[u8]) {
        if !matches!(self.text.last(), None | Some(b'\n')) {
            self.text.push(b'\n');
        }
        self.push_text(value);
    }

    /// A string, or a list of strings joined; any other JSON as text.
    fn push_text(&mut self, value: &[u8]) {
        match value.first() {
            Some(b'"') => push_string(value, &mut self.text),
            Some(b'[') if items(value).all(|item| item.starts_with(b"\"")) => {
                items(value).for_each(|item| push_string(item, &mut self.text));
            }
            _ => self.push_json(value),
        }
    }

    fn push_json(&mut self, value: &[u8]) {
        if !matches!(value, b"{}" | b"[]" | b"null") {
            push_value(value, &mut self.text);
        }
    }

    /// Hands the part on, if there is anything in it.
    fn visit(&mut self, name: &str) {
        if !self.text.is_empty() && !self.full {
            self.full = !self.walk.admit(self.place);
            if !self.full {
                let place = Place::Inside { outer: self.place, member: name, kind: Container::Notebook };
                self.walk.raw(&place, &mut self.text.as_slice());
            }
        }
        self.text.clear();
    }
}

/// A field as text, unless it is one of the short words of the format.
fn push_rest(key: &[u8], value: &[u8], rest: &mut Vec<u8>) {
    let is_plain = PLAIN.contains(&key) && value.len() <= PLAIN_LEN && !value.starts_with(b"{") && !value.starts_with(b"[");
    if is_plain || matches!(value, b"{}" | b"[]" | b"null") {
        return;
    }
    if !matches!(rest.last(), None | Some(b'\n')) {
        rest.push(b'\n');
    }
    rest.push(b'"');
    push_string(key, rest);
    rest.extend_from_slice(b"\": ");
    push_value(value, rest);
}

/// The id of a cell, if it has the form that nbformat 4.5 asks for.
fn cell_id(value: &[u8]) -> Option<&str> {
    let id = str::from_utf8(value).ok()?.strip_prefix('"')?.strip_suffix('"')?;
    let is_valid = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    is_valid.then_some(id)
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

/// Whether a value is a string, or a list of strings, that starts like base64: a text in the place of an image is scanned.
fn is_base64(value: &[u8]) -> bool {
    let first = if value.starts_with(b"[") { items(value).next().unwrap_or_default() } else { value };
    let Some(inside) = first.strip_prefix(b"\"") else { return false };
    let sample = &inside[..inside.len().min(SAMPLE)];
    let end = sample.iter().position(|b| *b == b'"').unwrap_or(sample.len());
    let mut decoded = Vec::new();
    push_string(&sample[..end], &mut decoded);
    decoded.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\n' | b'\r' | b'-' | b'_'))
}

/// Takes out ANSI control sequences (ECMA-48, section 5.4): they stand in the middle of what they colour.
fn strip_colours(text: &mut Vec<u8>) {
    let Some(first) = memchr::memchr(0x1b, text) else { return };
    let (mut from, mut to) = (first, first);
    while from < text.len() {
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
    text.truncate(to);
}
