//! Values that are taken out for the name they have: of headers, and in the queries of URLs.
//!
//! It must not judge them. Start with [`Fields::find`]. Sources: RFC 9110 (`Authorization`), RFC 6265 (`Cookie`, `Set-Cookie`), RFC 3986
//! (queries). A header is recognised as it is sent, in quotes as JSON and programs write it, and as `name=value`.

use std::ops::Range;

use super::names::Names;

/// Headers whose values are always taken out.
pub const ALWAYS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
/// What a query is counted as.
pub const QUERY: &str = "query";
/// A value and what stands before it are looked for so far before what is to be decided.
const LOOK_BACK: usize = 4096;
/// A name and what stands between it and its value are shorter than this.
const NAME: usize = 80;
/// What names the kind of credentials in `Authorization`, and stays.
const SCHEMES: [&[u8]; 6] = [b"Bearer", b"Basic", b"Digest", b"Token", b"Negotiate", b"ApiKey"];

/// Which fields are taken out.
#[derive(Debug)]
pub struct Fields {
    names: Vec<String>,
    finder: Names,
    keep: Vec<String>,
    keep_all: bool,
}

impl Fields {
    /// Those named besides [`ALWAYS`], and the parameters of queries, but for those named `keep`; `*` keeps all.
    ///
    /// # Errors
    /// The name that is none: too long, without letters and digits, or with other characters than those of names.
    pub fn new(more: &[String], keep: &[String]) -> Result<Self, String> {
        let is_name =
            |name: &String| name.len() < NAME && name.bytes().all(is_name) && name.bytes().any(|b| b.is_ascii_alphanumeric());
        if let Some(wrong) = more.iter().find(|name| !is_name(name)) {
            return Err(wrong.clone());
        }
        let names: Vec<String> =
            ALWAYS.iter().map(|name| (*name).to_owned()).chain(more.iter().map(|n| n.to_ascii_lowercase())).collect();
        // What others end with needs no looking for.
        let is_least = |name: &&String| !names.iter().any(|other| other != *name && name.ends_with(other.as_str()));
        let finder = Names::new(names.iter().filter(is_least).map(String::as_str));
        let keep_all = keep.iter().any(|name| name == "*");
        Ok(Self { names, finder, keep: keep.iter().map(|n| n.to_ascii_lowercase()).collect(), keep_all })
    }

    /// Is a value behind this name taken out?
    pub(super) fn has(&self, name: &[u8]) -> bool {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase().replace('_', "-");
        self.names.iter().any(|field| name.ends_with(field.replace('_', "-").as_str()))
    }

    /// Calls `hit(name, range)` for each value that ends behind `from`.
    pub(super) fn find(&self, bytes: &[u8], from: usize, mut hit: impl FnMut(&str, Range<usize>)) {
        let begin = from.saturating_sub(LOOK_BACK);
        let mut done = begin;
        for Range { start, end } in self.finder.find(bytes, begin) {
            // What stands in a value is a part of it.
            if start >= done
                && let Some((name, range)) = self.header(bytes, start, end)
            {
                done = range.end;
                hit(name, range);
            }
        }
        if !self.keep_all {
            self.queries(bytes, from, &mut hit);
        }
    }

    /// The value of the name that ends with the bytes up to `end`.
    fn header(&self, bytes: &[u8], start: usize, end: usize) -> Option<(&str, Range<usize>)> {
        if bytes.get(end).is_some_and(|b| is_name(*b)) {
            return None;
        }
        let before = bytes[..start].iter().rev().take(NAME).take_while(|b| is_name(**b)).count();
        let whole = String::from_utf8_lossy(&bytes[start - before..end]).to_ascii_lowercase();
        // A line end as an escape: `\n`, `\u000a`, `#012`, `%0A`.
        let is_escape = |head: &str| {
            let mark = (start - before).checked_sub(1).map(|at| bytes[at]);
            head.len() <= 5 && matches!(mark, Some(b'\\' | b'#' | b'%'))
        };
        let fits = |name: &&String| {
            let head = whole.strip_suffix(name.as_str()).or_else(|| whole.strip_suffix(name.replace('-', "_").as_str()));
            head.is_some_and(|head| head.is_empty() || head.ends_with(['_', '.', '-']) || is_escape(head))
        };
        let name = self.names.iter().filter(fits).max_by_key(|name| name.len())?;
        value(bytes, start - before, end).map(|range| (name.as_str(), range))
    }

    /// The values of parameters in queries.
    fn queries(&self, bytes: &[u8], from: usize, hit: &mut impl FnMut(&str, Range<usize>)) {
        // One that begins before goes on to here only if no blank stands between.
        let run = bytes[..from].iter().rev().take(LOOK_BACK).take_while(|b| !ends_url(**b)).count();
        let (mut at, mut start, mut is_url) = (from - run, from - run, false);
        while let Some(mark) = memchr::memchr(b'?', &bytes[at..]).map(|n| at + n) {
            if let Some(end) = bytes[at..mark].iter().rposition(|b| ends_url(*b)) {
                (start, is_url) = (at + end + 1, false);
            } else if at == from - run {
                let head = bytes[..at].iter().rev().take(LOOK_BACK).take_while(|b| !ends_url(**b)).count();
                start = at - head;
            }
            // Of what was looked at before, the last bytes only.
            let new = start.max(at.saturating_sub(2));
            is_url |= bytes[start..mark].starts_with(b"/");
            is_url |= memchr::memmem::find(&bytes[new..mark], b"://").is_some_and(|n| new + n > start);
            at = mark + 1;
            if is_url {
                let end = query_end(bytes, at);
                self.parameters(bytes, at..end, hit);
                (at, start, is_url) = (end, end, false);
            }
        }
    }

    fn parameters(&self, bytes: &[u8], query: Range<usize>, hit: &mut impl FnMut(&str, Range<usize>)) {
        let mut at = query.start;
        while at < query.end {
            let ends = |n: &usize| matches!(bytes[at + n], b'&' | b';') || bytes[at + n..].starts_with(AMPERSAND);
            let end = (0..query.end - at).find(ends).map_or(query.end, |n| at + n);
            let equals = memchr::memchr(b'=', &bytes[at..end]).map(|n| at + n);
            if let Some(equals) = equals.filter(|equals| equals + 1 < end) {
                let name = String::from_utf8_lossy(&bytes[at..equals]).to_ascii_lowercase();
                let name = name.strip_prefix("amp;").unwrap_or(&name);
                if !is_covered(&bytes[equals + 1..end]) && !self.keep.iter().any(|kept| kept == name) {
                    hit(QUERY, equals + 1..end);
                }
            }
            at = end + if bytes[end..].starts_with(AMPERSAND) { AMPERSAND.len() } else { 1 };
        }
    }
}

/// An ampersand in JSON as some programs write it.
const AMPERSAND: &[u8] = b"\\u0026";

fn query_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        let end = bytes[at..].iter().position(|b| ends_url(*b) || *b == b'#').map_or(bytes.len(), |n| at + n);
        if !bytes[end..].starts_with(AMPERSAND) {
            return end;
        }
        at = end + AMPERSAND.len();
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn ends_url(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | 0x7f)
}

/// Was it taken out already?
fn is_covered(value: &[u8]) -> bool {
    value.iter().all(|b| *b == b'*') || value.starts_with(b"[") && value.ends_with(b"]") && value.contains(&b':')
}

/// The value that stands behind a name.
fn value(bytes: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let mut at = end;
    let closed = skip(bytes, &mut at, b"\\\"'`])");
    skip(bytes, &mut at, b" \t");
    let mut operator = *bytes.get(at).filter(|b| matches!(b, b':' | b'=') || **b == b',' && closed > 0)?;
    at += 1;
    if operator == b',' {
        at = beside(bytes, start, at)?;
        operator = b':';
    }
    skip(bytes, &mut at, b" \t>");
    if bytes.get(at) == Some(&b'[') && matches!(bytes.get(at + 1), Some(b'"' | b'\\')) {
        // All of a list.
        let line = memchr::memchr2(b'\n', b']', &bytes[at..]).map_or(bytes.len(), |n| at + n);
        return (line > at + 1).then_some(at + 1..line);
    }
    skip(bytes, &mut at, b" [(");
    if matches!(bytes.get(at), Some(b'b' | b'u')) && matches!(bytes.get(at + 1), Some(b'\'' | b'"')) {
        at += 1;
    }
    let slashes = skip(bytes, &mut at, b"\\");
    let quote = bytes.get(at).copied().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
    let stop = if let Some(quote) = quote {
        at += 1;
        quoted_end(bytes, at, quote, slashes)
    } else {
        bare_end(bytes, (start, at), operator)
    };
    let scheme = SCHEMES.iter().find(|s| stop - at > s.len() && bytes[at..at + s.len()].eq_ignore_ascii_case(s));
    if let Some(scheme) = scheme.filter(|s| bytes[at + s.len()] == b' ') {
        at += scheme.len() + 1;
    }
    let value = &bytes[at..stop.max(at)];
    let is_scheme = SCHEMES.iter().any(|scheme| value.eq_ignore_ascii_case(scheme));
    let none = value.is_empty() || is_scheme || is_covered(value) || NOTHING.contains(&value);
    (!none).then_some(at..stop)
}

/// What says that there is no value.
const NOTHING: [&[u8]; 6] = [b"null", b"None", b"undefined", b"-", b"true", b"false"];

/// Where the value begins of a name that is itself one, in a pair: `('Cookie', 'a=b')`, `"name":"Cookie","value":"a=b"`.
fn beside(bytes: &[u8], start: usize, comma: usize) -> Option<usize> {
    let mut head = bytes[..start].iter().rev().take(4);
    let opens = head.find(|b| !matches!(b, b'"' | b'\'' | b'b' | b'\\'));
    if opens == Some(&b'(') {
        return Some(comma);
    }
    let mut at = comma;
    skip(bytes, &mut at, b" \t\\\"'");
    let rest = bytes.get(at..)?;
    if !rest.starts_with(b"value") && !rest.starts_with(b"Value") {
        return None;
    }
    at += 5;
    skip(bytes, &mut at, b"\\\"' ");
    (bytes.get(at) == Some(&b':')).then_some(at + 1)
}

fn skip(bytes: &[u8], at: &mut usize, any: &[u8]) -> usize {
    let n = bytes[*at..].iter().take(8).take_while(|b| any.contains(b)).count();
    *at += n;
    n
}

/// Where a quoted value ends whose quote has so many backslashes before it.
fn quoted_end(bytes: &[u8], from: usize, quote: u8, slashes: usize) -> usize {
    let mut at = from;
    while let Some(next) = memchr::memchr3(quote, b'\n', b'\\', &bytes[at..]).map(|n| at + n) {
        if bytes[next] != b'\\' {
            return next;
        }
        let run = bytes[next..].iter().take_while(|b| **b == b'\\').count();
        if slashes > 0 && run == slashes && bytes.get(next + run) == Some(&quote) {
            return next;
        }
        at = (next + run + run % 2).min(bytes.len());
    }
    bytes.len()
}

/// Where a value without quotes of its own ends, at `from`, of the name at `name`.
fn bare_end(bytes: &[u8], (name, from): (usize, usize), operator: u8) -> usize {
    let line = bytes[from..].iter().position(|b| matches!(b, b'\n' | b'\r' | 0)).map_or(bytes.len(), |n| from + n);
    // In quotes that begin before the name, as `-H 'Authorization: …'` and in a string of JSON, it ends with them or with an escaped line.
    let head = bytes[..name].iter().rev().take(LOOK_BACK).take_while(|b| **b != b'\n');
    let (mut double, mut single) = (0, 0);
    head.for_each(|b| (double, single) = (double + usize::from(*b == b'"'), single + usize::from(*b == b'\'')));
    let around = match (double % 2, single % 2) {
        (1, _) => Some(b'"'),
        (_, 1) => Some(b'\''),
        _ => None,
    };
    let escape = |at: &usize| {
        let rest = &bytes[*at..line];
        [&b"\\r"[..], b"\\n", b"#015#012", b"#012", b"%0D%0A", b"\\u000"].iter().any(|end| rest.starts_with(end))
    };
    let escaped = memchr::memchr3_iter(b'\\', b'#', b'%', &bytes[from..line]).map(|n| from + n).find(escape).unwrap_or(line);
    let line = around.and_then(|quote| memchr::memchr(quote, &bytes[from..escaped])).map_or(escaped, |n| from + n);
    if operator == b':' {
        return from + bytes[from..line].trim_ascii_end().len();
    }
    // `name=value`: up to a blank, but for one behind a scheme, between cookies or parameters, or in quotes.
    let (mut at, mut quoted) = (from, false);
    while at < line {
        let before = &bytes[from..at];
        let goes_on =
            || before.ends_with(b";") || before.ends_with(b",") || SCHEMES.iter().any(|s| before.eq_ignore_ascii_case(s));
        match bytes[at] {
            b'"' => quoted = !quoted,
            b' ' | b'\t' if !quoted && !goes_on() => break,
            _ => {}
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::Fields;

    fn check(fields: &Fields, line: &str, expected: &[&str]) {
        let mut found = Vec::new();
        fields.find(line.as_bytes(), 0, |_, range| found.push(&line[range]));
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn headers_are_found_as_programs_write_them() {
        let fields = Fields::new(&["X-Session".to_owned()], &[]).unwrap();
        for (line, expected) in [
            ("Authorization: Bearer abc.def\r\n", &["abc.def"][..]),
            ("authorization: Digest username=\"a\", response=\"b\"", &["username=\"a\", response=\"b\""]),
            (r#"{"authorization":"Basic Zm9v","n":1}"#, &["Zm9v"]),
            (r#"{"h":"{\"Cookie\":\"a=b; c=d\"}"}"#, &["a=b; c=d"]),
            ("curl -H 'Authorization: token abc' https://x", &["abc"]),
            ("('Set-Cookie', 'sid=1; Path=/')", &["sid=1; Path=/"]),
            ("level=info cookie=a=b; c=d status=200", &["a=b; c=d"]),
            ("authorization=Bearer abc status=200", &["abc"]),
            ("HTTP_COOKIE=a=b", &["a=b"]),
            ("http.request.header.authorization=[\"Bearer x\"]", &["\"Bearer x\""]),
            ("x_session: 17", &["17"]),
            ("Cookie: a=\"b c\"; d=e", &["a=\"b c\"; d=e"]),
            ("(b'Authorization', b'Bearer xyz')", &["xyz"]),
            (r#"{"name":"Authorization","value":"Bearer abc"}"#, &["abc"]),
            (r#"{"vary":"Cookie","status":200}"#, &[]),
            (r#"["Authorization","Content-Type"]"#, &[]),
            (r#"{"set-cookie":["a=1; Path=/","b=2"]}"#, &[r#""a=1; Path=/","b=2""#]),
            (r"send: b'GET / HTTP/1.1\r\nAuthorization: Bearer abc\r\nCookie: a=b\r\n'", &["abc", "a=b"]),
            ("app: GET /#012Cookie: a=b#012Host: x", &["a=b"]),
            ("cookies: are fine", &[]),
            ("Cookie: ********", &[]),
            ("authorization: null", &[]),
            ("Authorization: Bearer", &[]),
            ("the authorization failed", &[]),
        ] {
            check(&fields, line, expected);
        }
    }

    #[test]
    fn queries_of_urls_are_found() {
        let fields = Fields::new(&[], &["page".to_owned()]).unwrap();
        for (line, expected) in [
            ("GET https://a.example/x?code=1&page=2&s=3#f HTTP/1.1", &["1", "3"][..]),
            ("\"GET /x?code=1 HTTP/1.1\" 200", &["1"]),
            ("is a/b?c=d one", &[]),
            ("what?a=b", &[]),
            (r#"{"url":"https://h/cb?a=1\u0026b=2\u0026page=3"}"#, &["1", "2"]),
            ("GET /cb?a=1|2&b={3} HTTP/1.1", &["1|2", "{3}"]),
            ("https://a.example/?flag&x=&y=********", &[]),
            ("https://a.example/?a=1&amp;b=2<br>", &["1", "2"]),
        ] {
            check(&fields, line, expected);
        }
        check(&Fields::new(&[], &["*".to_owned()]).unwrap(), "https://a.example/?a=1", &[]);
    }
}
