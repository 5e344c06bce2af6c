//! Values of names in XML: texts of elements, of elements beside them and in them.
//!
//! It must not judge them. Everything here looks at no more than the next few hundred bytes, and turns away by the first of them.

use super::{Form, MAX_BLANKS, MAX_VALUE, Reader, is_name, is_quote, quoted};

/// Attributes of an element, and a description, are no longer than this.
const MAX_ATTRIBUTES: usize = 160;
/// Elements with a name and a value in configuration; what stands in others, such as texts of a user interface, must look like more.
const ENTRIES: [&[u8]; 11] =
    [b"entry", b"property", b"prop", b"param", b"parameter", b"setting", b"env", b"data", b"item", b"add", b"variable"];
/// Elements of HTML that have names, and whose text is for people.
const HTML: [&[u8]; 8] = [b"a", b"input", b"select", b"button", b"textarea", b"form", b"map", b"iframe"];

/// The value of a name in XML: the text of its element, or of the element whose attribute the name is, or beside which it stands.
pub(super) fn value(mut r: Reader<'_>, name_start: usize, (closed, gap): (usize, usize)) -> Option<(usize, usize, Form)> {
    let before = |n: usize| name_start.checked_sub(n).map(|i| r.bytes[i]);
    let next = r.peek()?;
    if closed > 0 {
        let attribute = (gap > 0 || next == b'>') && before(2) == Some(b'=') && before(1).is_some_and(is_quote);
        return if attribute { of_attribute(r, name_start - 2) } else { None };
    }
    match next {
        b'<' if before(1) == Some(b'>') => beside(r),
        b'>' if is_tag(r.bytes, name_start) && r.ahead(1) != Some(b'=') => {
            r.at += 1;
            content(r)
        }
        _ if gap > 0 && (next.is_ascii_alphabetic()) && is_tag(r.bytes, name_start) => {
            if r.eat(b"value=") {
                return quoted(r);
            }
            skip_attributes(&mut r)?;
            content(r)
        }
        _ => None,
    }
}

/// Does the name of an element begin at `at`, with or without a namespace before it?
fn is_tag(bytes: &[u8], at: usize) -> bool {
    match at.checked_sub(1).map(|i| bytes[i]) {
        Some(b'<') => true,
        Some(b':') => {
            let space = bytes[..at - 1].iter().rev().take(24).take_while(|b| is_name(**b)).count();
            space > 0 && bytes[..at - 1 - space].ends_with(b"<")
        }
        _ => false,
    }
}

/// Steps behind the `>` of an element that has a text.
fn skip_attributes(r: &mut Reader<'_>) -> Option<()> {
    r.skip(MAX_ATTRIBUTES, |b| b != b'>' && b != b'<');
    let open = r.bytes[..r.at].last() != Some(&b'/') && r.eat(b">");
    open.then_some(())
}

/// The text of an element one of whose attributes, with its `=` at `equals`, is the name: `<entry key="password">…</entry>`.
fn of_attribute(mut r: Reader<'_>, equals: usize) -> Option<(usize, usize, Form)> {
    let is_key = |name: &[u8]| name.eq_ignore_ascii_case(b"key") || name.eq_ignore_ascii_case(b"name");
    let head = &r.bytes[equals.saturating_sub(MAX_ATTRIBUTES)..equals];
    let length = head.iter().rev().take(8).take_while(|b| b.is_ascii_alphabetic()).count();
    if !is_key(&head[head.len() - length..]) {
        return None;
    }
    let tag = &head[memchr::memrchr(b'<', head)? + 1..];
    let tag = &tag[..tag.iter().take_while(|b| is_name(**b)).count()];
    let is_one_of = |tags: &[&[u8]]| tags.iter().any(|name| tag.eq_ignore_ascii_case(name));
    if is_one_of(&HTML) {
        return None;
    }
    skip_attributes(&mut r)?;
    let (start, end, form) = content(r)?;
    let entry = is_one_of(&ENTRIES);
    Some((start, end, if entry { form } else { Form::Bare }))
}

/// The text of the element beside the one that holds the name: `<name>password</name><value>…</value>`, or `<string>` in
/// property lists.
fn beside(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    let name = tag(&mut r, b"</")?.to_ascii_lowercase();
    if !name.ends_with(b"name") && !name.ends_with(b"key") {
        return None;
    }
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    if r.eat(b"<description>") {
        let end = b"</description>";
        let near = &r.bytes[r.at..r.bytes.len().min(r.at + MAX_ATTRIBUTES)];
        r.at += memchr::memmem::find(near, end)? + end.len();
        r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    }
    let value = tag(&mut r, b"<")?;
    (value.ends_with(b"alue") || value == b"string").then(|| content(r))?
}

/// The name of the tag that `open` begins, without attributes.
fn tag<'a>(r: &mut Reader<'a>, open: &[u8]) -> Option<&'a [u8]> {
    let start = r.at + open.len();
    if !r.eat(open) || r.skip(24, is_name) == 0 {
        return None;
    }
    let name = &r.bytes[start..r.at];
    r.eat(b">").then_some(name)
}

/// What an element holds: its text, also as CDATA or in an element for the value.
fn content(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    if r.peek() == Some(b'<') && [&b"<value>"[..], b"<Value>", b"<string>"].iter().any(|tag| r.eat(tag)) {
        r.eat(b"<string>");
        r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    }
    if r.eat(b"<![CDATA[") {
        let text = &r.bytes[r.at..r.bytes.len().min(r.at + MAX_VALUE)];
        let text = &text[..memchr::memmem::find(text, b"]]>")?];
        let lead = text.len() - text.trim_ascii_start().len();
        let (start, end) = (r.at + lead, r.at + text.trim_ascii_end().len());
        return (start < end && !text.trim_ascii().contains(&b'\n')).then_some((start, end, Form::Quoted));
    }
    element(r).filter(|(start, end, _)| start < end)
}

/// The text of an XML element, blanks around it left out.
fn element(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    let start = r.at;
    r.skip(MAX_VALUE, |b| b != b'<' && b != b'\n');
    let end = start + r.bytes[start..r.at].trim_ascii_end().len();
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    r.starts(b"</").then_some((start, end, Form::Quoted))
}
