//! Finds whole values: of assignments, URL passwords and authorization headers.
//!
//! It must not judge them. Start with [`assignment`], [`url_password`], [`header`]; [`name_before`] goes the other way, from
//! a value to the name it is assigned to. All are linear and look at no more than a few hundred bytes.

mod address;
mod code;
mod config;
mod markup;

use super::super::rule::set::Set;
use super::cookie;
pub use address::{header, url_password};
use code::{argument, compared, pair, typed, typed_behind};
use config::{first, named};

/// A value and the name it is assigned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// Start of the name.
    pub name_start: usize,
    /// One past its end.
    pub name_end: usize,
    /// Start of the value, behind its quote.
    pub start: usize,
    /// One past its end, before its quote.
    pub end: usize,
    /// How it is written.
    pub form: Form,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In quotes, or as the text of an XML element.
    Quoted,
    /// Without quotes, alone behind `name =` or `name:` at the start of a line, as in `.env`, YAML and properties files.
    Line,
    /// Without quotes elsewhere: may be code.
    Bare,
}

const MAX_NAME: usize = 80;
const MAX_VALUE: usize = 512;
/// Longest value without quotes, and longest user and password of a URL.
const MAX_BARE: usize = 256;
const MAX_BLANKS: usize = 48;
/// A value and an operator before a name are looked for this far.
const MAX_COMPARED: usize = 160;

/// Which bytes names are made of.
const NAME: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0u8);
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        byte += 1;
    }
    table
};

#[inline]
fn is_name(byte: u8) -> bool {
    NAME[usize::from(byte)]
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// A forward reader over a few hundred bytes.
#[derive(Clone, Copy)]
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn ahead(self, n: usize) -> Option<u8> {
        self.bytes.get(self.at + n).copied()
    }

    fn starts(self, text: &[u8]) -> bool {
        // Most texts are turned away by their first byte, which costs less than comparing them as a whole.
        self.peek() == text.first().copied() && self.bytes[self.at..].starts_with(text)
    }

    fn eat(&mut self, text: &[u8]) -> bool {
        let hit = self.starts(text);
        self.at += if hit { text.len() } else { 0 };
        hit
    }

    fn skip(&mut self, most: usize, is: impl Fn(u8) -> bool) -> usize {
        let start = self.at;
        while self.at - start < most && self.peek().is_some_and(&is) {
            self.at += 1;
        }
        self.at - start
    }

    fn blanks(&mut self) -> usize {
        self.skip(MAX_BLANKS, |b| b == b' ' || b == b'\t')
    }
}

/// The assignment whose name holds the byte at `at`, if there is one.
#[must_use]
pub fn assignment(bytes: &[u8], at: usize) -> Option<Value> {
    let before = bytes[..at].iter().rev().take(MAX_NAME).take_while(|b| is_name(**b) || **b == b'.').count();
    let name_start = at - before;
    let mut r = Reader { bytes, at };
    r.skip(MAX_NAME, is_name);
    while r.peek() == Some(b'.') && r.ahead(1).is_some_and(is_name) && r.at - at < MAX_NAME {
        r.at += 1;
        r.skip(MAX_NAME, is_name);
    }
    let name_end = r.at;
    let closed = r.skip(3, |b| is_quote(b) || matches!(b, b'\\' | b']' | b')'));
    // Bold in Markdown: `**Password**: …`.
    r.eat(b"**");
    let gap = r.blanks();
    let value = if gap == 1 && bytes[r.at - 1] == b'\t' && cookie::is_name(bytes, name_start) {
        cookie::value_end(bytes, r.at).map(|end| (r.at, end, Form::Line))
    } else if leads_on(r, name_start, (closed, gap)) {
        operator(&mut r, (name_start, closed, gap), at)
    } else {
        None
    };
    let (start, end, form) = value.or_else(|| compared(bytes, name_start))?;
    (end > start).then_some(Value { name_start, name_end, start, end, form })
}

/// May what stands behind a name, so many closing characters and blanks assign a value to it? Behind most names in code nothing does.
fn leads_on(r: Reader<'_>, name_start: usize, (closed, gap): (usize, usize)) -> bool {
    let Some(next) = r.peek() else { return false };
    let before = |n: usize| name_start.checked_sub(n).map(|i| r.bytes[i]);
    match next {
        b'=' | b':' | b'(' | b'[' | b',' | b'"' | b'\'' | b'`' | b'\\' | b'>' | b'!' | b'?' | b'.' | b'+' | b'|' | b'%' => true,
        _ if next.is_ascii_whitespace() => true,
        // `value`, the value of a flag, or a type behind `var` or `const`.
        b'v' | b'V' if closed > 0 => true,
        // Arrows, and the end of an element whose text is the name.
        b'<' => matches!(r.ahead(1), Some(b'-' | b'<')) || r.ahead(1) == Some(b'/') && before(1) == Some(b'>'),
        b'-' if closed > 0 => r.ahead(1) == Some(b'>'),
        // A block of the name, braces around a value, a property with methods.
        b'{' => closed > 0 || r.ahead(1).is_some_and(is_quote) || gap > 0 && r.starts(b"{ get"),
        _ if gap == 0 => false,
        b'o' | b't' if closed > 0 && r.ahead(2).is_some_and(|b| b == b' ' || b == b'r') => true,
        // Further attributes of an element.
        _ if closed > 0 && before(2) == Some(b'=') || closed == 0 && matches!(before(1), Some(b'<' | b':')) => true,
        b'A' | b'a' if r.ahead(1) == Some(b's') && r.ahead(2) == Some(b' ') => true,
        _ => {
            let head = &r.bytes[name_start.saturating_sub(MAX_BLANKS)..name_start];
            r.bytes[name_start] == b'-'
                || head.ends_with(b"-")
                || matches!(head.trim_ascii_end().last(), Some(b'r' | b't'))
                || config::may_be_directive(r, name_start)
        }
    }
}

/// Reads the operator and the value behind it. `name` is where the name starts, how many closing characters and how many
/// blanks stand behind it; `at` is where the part of it stands that was asked for.
fn operator(r: &mut Reader<'_>, name: (usize, usize, usize), at: usize) -> Option<(usize, usize, Form)> {
    let (name_start, closed, gap) = name;
    let next = r.peek()?;
    if !matches!(next, b'=' | b':') {
        let beside = beside(*r, name, at);
        if beside.is_some() || next == b'(' {
            return beside;
        }
    } else if closed == 0 && r.bytes[..name_start].ends_with(b"${") {
        return config::expansion(*r);
    }
    let typed = typed(r) || typed_behind(r, name_start);
    if !typed && gap > 0 && next.is_ascii_alphanumeric() {
        return None;
    }
    // Code compares or maps with these: only what stands in quotes behind them is a value.
    let only_quoted = !typed && [&b"==="[..], b"==", b"!==", b"!=", b"=>", b"<<-", b"<-", b"->"].iter().any(|op| r.eat(op));
    let assigns = || [&b":::="[..], b"::=", b":=", b"?=", b".=", b"+=", b"||=", b"??=", b"=", b":", b"%3D"];
    if !typed && !only_quoted && !assigns().iter().any(|op| r.eat(op)) {
        return None;
    }
    if r.peek() == Some(b':') {
        return None;
    }
    assigned(*r, name_start, only_quoted)
}

/// Reads a value that stands behind no `=` and no `:`: an argument, a member, the text of an element, what follows a flag or a setting.
fn beside(r: Reader<'_>, name: (usize, usize, usize), at: usize) -> Option<(usize, usize, Form)> {
    let (name_start, closed, gap) = name;
    let next = r.peek()?;
    if next == b'(' {
        return argument(r, name_start, at);
    }
    if next == b','
        && let Some(pair) = if closed > 0 { pair(r, name_start) } else { code::symbol(r, name_start) }
    {
        return Some(pair);
    }
    let value = named(r, name_start, closed)
        .or_else(|| markup::value(r, name_start, (closed, gap)))
        .or_else(|| code::instead(r, closed, gap))
        .or_else(|| config::block(r, name_start, closed));
    if value.is_some() || gap == 0 {
        return value;
    }
    let flag = r.bytes[name_start] == b'-' || r.bytes[..name_start].ends_with(b"-");
    if flag || is_quote(next) {
        return quoted(r).or_else(|| if flag { bare(r, Form::Bare) } else { None });
    }
    if closed == 0 && next.is_ascii_alphanumeric() { config::directive(r, name_start) } else { None }
}

/// Reads the value behind the operator.
fn assigned(mut r: Reader<'_>, name_start: usize, only_quoted: bool) -> Option<(usize, usize, Form)> {
    let colon = r.bytes[r.at - 1] == b':';
    let mut bold = colon && r.eat(b"**");
    r.blanks();
    bold |= colon && r.eat(b"**");
    let form = if starts_line(r.bytes, name_start) { Form::Line } else { Form::Bare };
    if colon {
        config::skip_tags(&mut r);
    }
    if let Some((start, end, _)) = quoted(r) {
        let end = if colon && form == Form::Line { config::doubled_quotes(r, end) } else { end };
        return Some((start, end, Form::Quoted));
    }
    let value = match r.peek()? {
        b'[' => first(r),
        b'\n' | b'\r' | b'\\' => config::next_line(r, name_start, colon && form == Form::Line),
        b'|' | b'>' if colon && form == Form::Line => config::scalar(r),
        b'{' => config::member(r),
        _ if only_quoted => None,
        _ => code::made(r),
    };
    let (start, end, form) = value.or_else(|| if only_quoted { None } else { bare(r, form) })?;
    let marked = bold && r.bytes[start..end].ends_with(b"**");
    Some((start, if marked { end - 2 } else { end }, form))
}

fn starts_line(bytes: &[u8], at: usize) -> bool {
    let line = bytes[..at].iter().rev().take(MAX_NAME).take_while(|b| **b != b'\n').count();
    let full = line < MAX_NAME;
    let head = bytes[at - line..at].trim_ascii();
    let head = head.strip_prefix(b"- ").unwrap_or(head).trim_ascii_start();
    let head = [&b"export"[..], b"set", b"ENV", b"ARG", b"-", b"\"", b"'", b"#", b"//", b"+", b"setx"]
        .iter()
        .fold(head, |h, p| h.strip_prefix(*p).unwrap_or(h));
    full && head.trim_ascii().is_empty()
}

/// A value without quotes that stands alone on its line, as in YAML and properties files, may hold blanks: the same value up
/// to the end of the line or a comment. `None` if it is no such value or ends there already.
#[must_use]
pub fn to_line_end(bytes: &[u8], value: Value) -> Option<Value> {
    let rest = &bytes[value.end..bytes.len().min(value.end + MAX_VALUE)];
    if value.form != Form::Line || rest.first() != Some(&b' ') {
        return None;
    }
    let line = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    let line = memchr::memmem::find(&rest[..line], b" #").unwrap_or(line);
    let end = value.end + rest[..line].trim_ascii_end().len();
    (end > value.end).then_some(Value { end, ..value })
}

/// A value in quotes: plain, escaped (`\"…\"`), tripled, with a prefix letter, or as `&quot;…&quot;`.
fn quoted(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    if r.eat(b"&quot;") {
        let start = r.at;
        r.skip(MAX_VALUE, |b| b != b'&' && b != b'\n');
        return r.starts(b"&quot;").then_some((start, r.at, Form::Quoted));
    }
    let prefix = r.bytes[r.at.min(r.bytes.len())..].iter().take(2).take_while(|b| b"bBuUrRfF@$LN".contains(b)).count();
    if r.ahead(prefix).is_some_and(is_quote) {
        r.at += prefix;
    }
    let slashes = r.skip(3, |b| b == b'\\');
    let quote = r.peek().filter(|b| is_quote(*b))?;
    if r.starts(&[quote; 3]) {
        r.at += 2;
    }
    r.at += 1;
    let start = r.at;
    let end = closing(r, quote, slashes)?;
    Some((start, end, Form::Quoted))
}

/// The end of a quoted value whose quote is escaped `slashes` times.
fn closing(mut r: Reader<'_>, quote: u8, slashes: usize) -> Option<usize> {
    let start = r.at;
    while r.at - start <= MAX_VALUE {
        let byte = r.peek()?;
        match byte {
            b'\n' | b'\r' => return None,
            b'\\' => {
                let at = r.at;
                let run = r.skip(MAX_VALUE, |b| b == b'\\');
                if r.peek() == Some(quote) && run <= slashes {
                    return Some(at);
                }
                r.at = at + run + usize::from(run % 2 == 1);
            }
            b if b == quote && slashes == 0 => return Some(r.at),
            b if b == quote => return None,
            _ => r.at += 1,
        }
    }
    None
}

/// A value without quotes.
fn bare(mut r: Reader<'_>, form: Form) -> Option<(usize, usize, Form)> {
    let start = r.at;
    let line = form == Form::Line;
    let ends = |b: u8| {
        b <= b' '
            || b == 0x7f
            || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>')
            || (!line && matches!(b, b',' | b';' | b'&' | b')' | b'}' | b']' | b'\\'))
    };
    let n = r.skip(MAX_VALUE, |b| !ends(b));
    // The line is part of a string in which line ends and quotes are escaped.
    let escape = r.bytes[start..r.at].windows(2).position(|w| matches!(w, b"\\n" | b"\\r"));
    let quote = (r.peek() == Some(b'"') && r.bytes[r.at - usize::from(n > 0)] == b'\\').then_some(n.wrapping_sub(1));
    let mut end = escape.or(quote).map_or(r.at, |n| start + n);
    // The line goes on below.
    if line && end > start && end == r.at && r.bytes[end - 1] == b'\\' && matches!(r.peek(), Some(b'\n' | b'\r')) {
        end -= 1;
    }
    // A command follows.
    if line && r.peek() == Some(b' ') && r.bytes[start..end].ends_with(b"&&") {
        end -= 2;
    }
    while end > start && line && matches!(r.bytes[end - 1], b',' | b';') {
        end -= 1;
    }
    (end > start && n <= MAX_BARE).then_some((start, end, form))
}

/// In front of so many bytes without a blank or a quote no value without quotes begins, and no URL with a password.
pub const ENDLESS: usize = MAX_BARE;

/// Bytes of a stretch in which nothing ends.
const PART: Set = Set::range(b'!', b'~').minus(Set::of(b"\"'`<>,;&)}]\\@("));

/// Where the bytes from `from` on end that are no blank and no quote, at `to` at the latest.
#[must_use]
pub fn part_end(bytes: &[u8], from: usize, to: usize) -> usize {
    let rest = bytes.get(from..bytes.len().min(to)).unwrap_or_default();
    from + rest.iter().position(|b| !PART.has(*b)).unwrap_or(rest.len())
}

/// The name that the value starting at `at` is assigned to, going backwards.
#[must_use]
pub fn name_before(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut i = at;
    let mut back = |most: usize, is: &dyn Fn(u8) -> bool| {
        let start = i;
        while start - i < most && i > 0 && is(bytes[i - 1]) {
            i -= 1;
        }
        (start - i, i)
    };
    back(8, &|b| is_quote(b) || b == b'\\');
    let (lead, blank) = back(MAX_BLANKS, &|b| matches!(b, b' ' | b'\t'));
    // The text of an XML element may begin on a line of its own.
    if bytes[..blank].ends_with(b"\n") && bytes[blank.saturating_sub(MAX_BLANKS)..blank].trim_ascii_end().ends_with(b">") {
        back(MAX_BLANKS, &|b| b.is_ascii_whitespace());
    }
    let (operators, _) = back(4, &|b| matches!(b, b'=' | b':' | b'>' | b'(' | b',' | b'?' | b'.' | b'+' | b'|'));
    let (mut gap, to) = back(MAX_BLANKS, &|b| matches!(b, b' ' | b'\t'));
    if operators > 0 && gap > 0 && bytes[..to].ends_with(b" string") {
        back(6, &|b| b.is_ascii_lowercase());
        (gap, _) = back(MAX_BLANKS, &|b| matches!(b, b' ' | b'\t'));
    }
    back(3, &|b| is_quote(b) || matches!(b, b'\\' | b']' | b')'));
    let (length, start) = back(MAX_NAME, &|b| is_name(b) || b == b'.');
    let flag = length > 2 && bytes[start..].starts_with(b"-");
    let cookie = || lead == 1 && bytes[at - 1] == b'\t' && cookie::is_name(bytes, start);
    (length > 0 && (operators > 0 || (flag && lead + gap > 0) || cookie())).then_some((start, start + length))
}

#[cfg(test)]
#[path = "extract_tests.rs"]
mod tests;
