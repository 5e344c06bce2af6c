//! Values that are taken out for the name they have: of headers, and in the queries of URLs.
//!
//! It must not judge them. Start with [`Fields::find`]. Sources: RFC 9110 (`Authorization`), RFC 6265 (`Cookie`, `Set-Cookie`), RFC 3986
//! (queries). A header is recognised as it is sent, in quotes as JSON and programs write it, and as `name=value`.

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::AhoCorasick;

/// Headers whose values are always taken out.
pub const ALWAYS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
/// What a query is counted as.
pub const QUERY: &str = "query";
/// A value longer than this is cut where a stream is.
const LONGEST: usize = 16 * 1024;
/// A name and what stands between it and its value are shorter than this.
const NAME: usize = 80;
/// What names the kind of credentials in `Authorization`, and stays.
const SCHEMES: [&[u8]; 6] = [b"Bearer", b"Basic", b"Digest", b"Token", b"Negotiate", b"ApiKey"];

/// Which fields are taken out.
#[derive(Debug)]
pub struct Fields {
    names: Vec<String>,
    finder: AhoCorasick,
    keep: Vec<String>,
    keep_all: bool,
}

impl Fields {
    /// Those named besides [`ALWAYS`], and the parameters of queries, but for those named `keep`; `*` keeps all.
    ///
    /// # Errors
    /// The name that is none: empty, too long or with other characters than those of names.
    pub fn new(more: &[String], keep: &[String]) -> Result<Self, String> {
        let is_name = |name: &String| !name.is_empty() && name.len() < NAME && name.bytes().all(is_name);
        if let Some(wrong) = more.iter().find(|name| !is_name(name)) {
            return Err(wrong.clone());
        }
        let names: Vec<String> =
            ALWAYS.iter().map(|name| (*name).to_owned()).chain(more.iter().map(|n| n.to_ascii_lowercase())).collect();
        // What others end with needs no looking for.
        let is_least = |name: &&String| !names.iter().any(|other| other != *name && name.ends_with(other.as_str()));
        let spelt = |name: &String| [name.clone(), name.replace('-', "_")];
        let least: BTreeSet<String> = names.iter().filter(is_least).flat_map(spelt).collect();
        let finder = AhoCorasick::builder().ascii_case_insensitive(true).build(least).map_err(|_| more.concat())?;
        let keep_all = keep.iter().any(|name| name == "*");
        Ok(Self { names, finder, keep: keep.iter().map(|n| n.to_ascii_lowercase()).collect(), keep_all })
    }

    /// Calls `hit(name, range)` for each value that ends behind `from`.
    pub(super) fn find(&self, bytes: &[u8], from: usize, mut hit: impl FnMut(&str, Range<usize>)) {
        let begin = from.saturating_sub(NAME);
        for found in self.finder.find_iter(&bytes[begin..]) {
            let (start, end) = (begin + found.start(), begin + found.end());
            if let Some((name, range)) = self.header(bytes, start, end) {
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
        let fits = |name: &&String| {
            let head = whole.strip_suffix(name.as_str()).or_else(|| whole.strip_suffix(name.replace('-', "_").as_str()));
            head.is_some_and(|head| head.is_empty() || head.ends_with(['_', '.', '-']))
        };
        let name = self.names.iter().filter(fits).max_by_key(|name| name.len())?;
        value(bytes, start - before, end).map(|range| (name.as_str(), range))
    }

    /// The values of parameters in queries.
    fn queries(&self, bytes: &[u8], from: usize, hit: &mut impl FnMut(&str, Range<usize>)) {
        // One that begins before goes on to here only if no blank stands between.
        let run = bytes[..from].iter().rev().take(LONGEST).take_while(|b| !ends_url(**b)).count();
        let mut at = from - run;
        while let Some(mark) = memchr::memchr(b'?', &bytes[at..]).map(|n| at + n) {
            at = mark + 1;
            let head = bytes[..mark].iter().rev().take(2048).take_while(|b| !ends_url(**b)).count();
            if !is_url(&bytes[mark - head..mark]) {
                continue;
            }
            let end = bytes[at..].iter().position(|b| ends_url(*b) || *b == b'#').map_or(bytes.len(), |n| at + n);
            self.parameters(bytes, at..end, hit);
            at = end;
        }
    }

    fn parameters(&self, bytes: &[u8], query: Range<usize>, hit: &mut impl FnMut(&str, Range<usize>)) {
        let mut at = query.start;
        while at < query.end {
            let end = bytes[at..query.end].iter().position(|b| matches!(b, b'&' | b';')).map_or(query.end, |n| at + n);
            let equals = memchr::memchr(b'=', &bytes[at..end]).map(|n| at + n);
            if let Some(equals) = equals.filter(|equals| equals + 1 < end) {
                let name = String::from_utf8_lossy(&bytes[at..equals]).to_ascii_lowercase();
                let name = name.strip_prefix("amp;").unwrap_or(&name);
                if !is_covered(&bytes[equals + 1..end]) && !self.keep.iter().any(|kept| kept == name) {
                    hit(QUERY, equals + 1..end);
                }
            }
            at = end + 1;
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn ends_url(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'^' | b'{' | b'}' | b'|' | 0x7f)
}

/// Is what stands before a question mark a URL, or the path of a request?
fn is_url(head: &[u8]) -> bool {
    head.starts_with(b"/") || memchr::memmem::find(head, b"://").is_some_and(|at| at > 0)
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
    let operator = *bytes.get(at).filter(|b| matches!(b, b':' | b'=') || **b == b',' && closed > 0)?;
    at += 1;
    skip(bytes, &mut at, b" \t>[(");
    let slashes = skip(bytes, &mut at, b"\\");
    let quote = bytes.get(at).copied().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
    let limit = bytes.len().min(at + LONGEST);
    let stop = if let Some(quote) = quote {
        at += 1;
        quoted_end(&bytes[..limit], at, quote, slashes)
    } else {
        // In quotes that begin before the name: `-H 'Authorization: …'`.
        let around = start.checked_sub(1).map(|i| bytes[i]).filter(|b| matches!(b, b'"' | b'\'' | b'`'));
        bare_end(&bytes[..limit], at, operator, around)
    };
    let scheme = SCHEMES.iter().find(|s| bytes[at..stop].len() > s.len() && bytes[at..at + s.len()].eq_ignore_ascii_case(s));
    if let Some(scheme) = scheme.filter(|s| bytes[at + s.len()] == b' ') {
        at += scheme.len() + 1;
    }
    let value = &bytes[at..stop.max(at)];
    let is_scheme = SCHEMES.iter().any(|scheme| value.eq_ignore_ascii_case(scheme));
    let none = value.is_empty() || is_scheme || is_covered(value) || [&b"null"[..], b"None", b"undefined", b"-"].contains(&value);
    (!none).then_some(at..stop)
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

/// Where a value without quotes of its own ends.
fn bare_end(bytes: &[u8], from: usize, operator: u8, around: Option<u8>) -> usize {
    let line = memchr::memchr2(b'\n', b'\r', &bytes[from..]).map_or(bytes.len(), |n| from + n);
    if let Some(quote) = around {
        return memchr::memchr2(quote, b'\\', &bytes[from..line]).map_or(line, |n| from + n);
    }
    if operator == b':' {
        let text = bytes[from..line].trim_ascii_end();
        // The line may be a part of a string whose quote or whose escaped end comes first.
        return memchr::memchr2(b'"', b'\\', text).map_or(from + text.len(), |n| from + n);
    }
    // `name=value`: up to a blank, but for one behind a scheme or between cookies.
    let mut at = from;
    loop {
        let blank = bytes[at..line].iter().position(|b| matches!(b, b' ' | b'\t' | b'"' | b',')).map_or(line, |n| at + n);
        let before = &bytes[from..blank];
        let goes_on = before.ends_with(b";") || SCHEMES.iter().any(|scheme| before.eq_ignore_ascii_case(scheme));
        if !goes_on || blank == line {
            return blank;
        }
        at = blank + 1;
    }
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
            ("authorization: Digest username=\"a\"", &["username="]),
            (r#"{"authorization":"Basic Zm9v","n":1}"#, &["Zm9v"]),
            (r#"{"h":"{\"Cookie\":\"a=b; c=d\"}"}"#, &["a=b; c=d"]),
            ("curl -H 'Authorization: token abc' https://x", &["abc"]),
            ("('Set-Cookie', 'sid=1; Path=/')", &["sid=1; Path=/"]),
            ("level=info cookie=a=b; c=d status=200", &["a=b; c=d"]),
            ("authorization=Bearer abc status=200", &["abc"]),
            ("HTTP_COOKIE=a=b", &["a=b"]),
            ("http.request.header.authorization=[\"Bearer x\"]", &["x"]),
            ("x_session: 17", &["17"]),
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
            ("https://a.example/?flag&x=&y=********", &[]),
            ("https://a.example/?a=1&amp;b=2<br>", &["1", "2"]),
        ] {
            check(&fields, line, expected);
        }
        check(&Fields::new(&[], &["*".to_owned()]).unwrap(), "https://a.example/?a=1", &[]);
    }
}
