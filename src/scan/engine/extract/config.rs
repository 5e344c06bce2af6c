//! Values of names in configuration: lists of names and values, blocks with a default, YAML over several lines, shells.
//!
//! It must not judge them. Everything here looks at no more than the next few hundred bytes, and turns away by the first of them.

use super::{Form, MAX_BLANKS, MAX_COMPARED, MAX_VALUE, Reader, bare, is_name, is_quote, quoted};

/// The first of a list of values in quotes: `tokens: ["…", "…"]`.
pub(super) fn first(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    if !r.eat(b"[") {
        return None;
    }
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    quoted(r)
}

/// A name that is itself a value, with its value in a member called `value`: `name="password" value="…"`,
/// `{"key": "password", "value": "…"}`, `{name: PASSWORD, value: …}`, `- name: PASSWORD` and `value: …` on the next line.
pub(super) fn named(mut r: Reader<'_>, name_start: usize, closed: usize) -> Option<(usize, usize, Form)> {
    let start = r.at;
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace() || b == b',');
    let between = &r.bytes[start.min(r.at)..r.at];
    let lines = between.contains(&b'\n');
    let flow = closed == 0 && !lines && between.contains(&b',');
    let head = &r.bytes[name_start.saturating_sub(MAX_BLANKS)..name_start];
    if flow && !matches!(head.trim_ascii_end().last(), Some(b':' | b'=')) {
        return None;
    }
    r.skip(4, |b| is_quote(b) || b == b'\\');
    if closed == 0 && !lines && !flow {
        return None;
    }
    r.eat(b"Parameter");
    if !(r.eat(b"value") || r.eat(b"Value")) {
        return None;
    }
    r.skip(4, |b| is_quote(b) || b == b'\\');
    r.blanks();
    if !r.eat(b":") && !r.eat(b"=") {
        return None;
    }
    r.blanks();
    quoted(r).or_else(|| bare(r, if lines { Form::Line } else { Form::Bare }))
}

/// A default in a variable of a shell, or in a placeholder of Spring: `${PASSWORD:-…}`, `${db.password:…}`.
pub(super) fn expansion(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    if ![&b":-"[..], b":=", b":", b"="].iter().any(|op| r.eat(op)) || matches!(r.peek(), Some(b'?' | b'+' | b':')) {
        return None;
    }
    let value = quoted(r).or_else(|| bare(r, Form::Bare))?;
    // A part of the variable: `${PASSWORD:0:8}`.
    let part = r.bytes[value.0..value.1].iter().all(|b| b.is_ascii_digit() || matches!(b, b':' | b' ' | b'-'));
    (!part).then_some(value)
}

/// Words that set the variable behind them, at the start of a line or of a command.
const SETTERS: [&[u8]; 8] = [b"ENV", b"setx", b"setenv", b"SetEnv", b"set", b"set -x", b"set -gx", b"fastcgi_param"];
/// Endings, in lower case, of settings whose value stands behind blanks, alone with them on a line.
const SETTINGS: [&[u8]; 4] = [b"pass", b"pw", b"word", b"auth"];

/// May the name be a setting, or stand behind a word that sets it? The byte before says no nearly always.
pub(super) fn may_be_directive(r: Reader<'_>, name_start: usize) -> bool {
    let head = &r.bytes[name_start.saturating_sub(MAX_BLANKS)..name_start];
    match head.last() {
        None | Some(b'\n') => true,
        Some(b' ' | b'\t') => {
            let last = head.iter().rev().find(|b| !matches!(b, b' ' | b'\t'));
            matches!(last, None | Some(b'\n' | b'V' | b'v' | b'x' | b'm'))
        }
        _ => false,
    }
}

/// The value behind blanks, alone on the rest of the line: `ENV PASSWORD …`, `set -gx PASSWORD …`, `requirepass …`.
pub(super) fn directive(mut r: Reader<'_>, name_start: usize) -> Option<(usize, usize, Form)> {
    let head = &r.bytes[name_start.saturating_sub(MAX_BLANKS)..name_start];
    let head = head.rsplit(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
    let name = r.bytes[name_start..r.at].trim_ascii_end();
    let tail = name[name.len().saturating_sub(4)..].to_ascii_lowercase();
    let form = if SETTERS.contains(&head) {
        Form::Line
    } else if head.is_empty() && SETTINGS.iter().any(|end| tail.ends_with(end)) {
        Form::Bare
    } else {
        return None;
    };
    let (start, end, _) = bare(r, Form::Line)?;
    r.at = end;
    r.eat(b";");
    r.blanks();
    let value = &r.bytes[start..end];
    let mixed = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic);
    (mixed && matches!(r.peek(), None | Some(b'\n' | b'\r'))).then_some((start, end, form))
}

/// The default of a variable of Terraform: `variable "password" { default = "…" }`.
pub(super) fn block(r: Reader<'_>, name_start: usize, closed: usize) -> Option<(usize, usize, Form)> {
    if closed == 0 || r.peek() != Some(b'{') {
        return None;
    }
    let head = &r.bytes[name_start.saturating_sub(MAX_BLANKS)..name_start];
    let head = head.strip_suffix(b"\"")?.trim_ascii_end();
    if head.ends_with(b"variable") { member(r) } else { None }
}

/// How far into the object of a name its value stands.
const MAX_MEMBERS: usize = 320;

/// The value in the object of a name: `"password": {"type": "string", "default": "…"}`.
pub(super) fn member(r: Reader<'_>) -> Option<(usize, usize, Form)> {
    let near = &r.bytes[r.at + 1..r.bytes.len().min(r.at + MAX_MEMBERS).max(r.at + 1)];
    let near = &near[..memchr::memchr2(b'{', b'}', near).unwrap_or(near.len())];
    memchr::memchr2_iter(b':', b'=', near).find_map(|at| {
        let name = near[..at].trim_ascii_end();
        let name = name.strip_suffix(b"\"").or_else(|| name.strip_suffix(b"'")).unwrap_or(name);
        let before = [&b"default"[..], b"Default", b"defaultValue", b"value"].iter().find_map(|key| name.strip_suffix(*key))?;
        if before.last().is_some_and(|b| is_name(*b)) {
            return None;
        }
        let mut t = Reader { at: r.at + 1 + at + 1, ..r };
        t.blanks();
        quoted(t)
    })
}

/// Steps over an anchor and the tag of a string in YAML: `&name`, `!!str`.
pub(super) fn skip_tags(r: &mut Reader<'_>) {
    if !matches!(r.peek(), Some(b'&' | b'!')) {
        return;
    }
    let mut t = *r;
    if t.eat(b"&") && t.skip(40, is_name) > 0 && t.blanks() > 0 || t.eat(b"!!str") && t.blanks() > 0 {
        *r = t;
    }
}

/// The end of a value in single quotes, in which two of them stand for one; `end` is where the first stands.
pub(super) fn doubled_quotes(r: Reader<'_>, end: usize) -> usize {
    let mut end = end;
    if r.peek() != Some(b'\'') || r.starts(b"''") {
        return end;
    }
    while r.bytes.get(end..end + 2) == Some(b"''") && end - r.at < MAX_VALUE {
        let rest = &r.bytes[end + 2..r.bytes.len().min(end + MAX_VALUE)];
        match memchr::memchr2(b'\'', b'\n', rest).filter(|at| rest[*at] == b'\'') {
            Some(at) => end += 2 + at,
            None => break,
        }
    }
    end
}

/// The only line of a block of YAML: `password: |` and `…` below.
pub(super) fn scalar(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    r.at += 1;
    r.skip(2, |b| b.is_ascii_digit() || matches!(b, b'+' | b'-'));
    r.blanks();
    r.eat(b"\r");
    if !r.eat(b"\n") {
        return None;
    }
    let indent = r.blanks();
    let start = r.at;
    r.skip(MAX_VALUE, |b| b != b'\n');
    let end = start + r.bytes[start..r.at].trim_ascii_end().len();
    r.eat(b"\n");
    let more = r.blanks() >= indent && r.peek().is_some_and(|b| !b.is_ascii_whitespace());
    (indent > 0 && start < end && !more).then_some((start, end, Form::Line))
}

/// Lines below a name in which its default is looked for.
const MAX_LINES: usize = 6;

/// The value on the next line, in quotes or, in YAML, without; or the default among the lines below.
pub(super) fn next_line(mut r: Reader<'_>, name_start: usize, yaml: bool) -> Option<(usize, usize, Form)> {
    let continued = r.eat(b"\\");
    r.eat(b"\r");
    if !r.eat(b"\n") {
        return None;
    }
    let column = r.bytes[..name_start].iter().rev().take(MAX_BLANKS).take_while(|b| **b != b'\n').count();
    let mut t = r;
    let indent = t.blanks();
    let tripled = t.starts(b"\"\"\"") || t.starts(b"'''");
    if let Some(value) = quoted(t).filter(|_| !tripled) {
        // A value in several parts, each on a line of its own, is found where they are joined.
        let mut behind = Reader { at: value.1 + 1, ..t };
        let ends = matches!(behind.peek(), None | Some(b',' | b';' | b')' | b'}' | b']' | b'\n' | b'\r'));
        behind.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
        return (ends && !behind.peek().is_some_and(is_quote)).then_some(value);
    }
    if !yaml || continued || indent <= column {
        return None;
    }
    lone(t).or_else(|| default_below(r, column))
}

/// A value alone on its line that has letters and digits in it.
fn lone(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    let (start, end, _) = bare(r, Form::Line)?;
    r.at = end;
    r.blanks();
    let value = &r.bytes[start..end];
    let mixed = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic) && value.len() >= 6;
    let alone = matches!(r.peek(), None | Some(b'\n' | b'\r')) && !matches!(value, [b'-' | b'#' | b'<', ..] | [.., b':']);
    (mixed && alone).then_some((start, end, Form::Bare))
}

/// The default of a parameter in CloudFormation and schemas: `Type: String` and `Default: …` in lines of their own.
fn default_below(mut r: Reader<'_>, column: usize) -> Option<(usize, usize, Form)> {
    for _ in 0..MAX_LINES {
        if r.blanks() <= column {
            return None;
        }
        if [&b"Default:"[..], b"default:", b"value:"].iter().any(|name| r.eat(name)) {
            r.blanks();
            return quoted(r).or_else(|| bare(r, Form::Line));
        }
        r.skip(MAX_COMPARED, |b| b != b'\n');
        if !r.eat(b"\n") {
            return None;
        }
    }
    None
}
