//! Values that are taken out for the name they have: of headers, and in the queries of URLs.
//!
//! It must not judge them. Start with [`Fields::find`]. Sources: RFC 9110 (`Authorization`), RFC 6265 (`Cookie`, `Set-Cookie`). A header is
//! recognised as it is sent, in quotes as JSON and programs write it, as `name=value`, and by a name as programs spell it (`setCookie`).

use std::ops::Range;

use super::cover::Made;
use super::names::Names;
use super::values::LOOK_BACK;
use super::{queries, values};

/// Headers whose values are always taken out.
pub const ALWAYS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
/// What a query is counted as.
pub const QUERY: &str = "query";
/// A name and what stands between it and its value are shorter than this.
const NAME: usize = 80;

/// Which fields are taken out.
#[derive(Debug, Clone)]
pub struct Fields {
    names: Vec<Name>,
    finder: Names,
    keep: Vec<String>,
    keep_all: bool,
}

/// A name in lower case, and how it is spelled.
#[derive(Debug, Clone)]
struct Name {
    name: String,
    forms: [String; 2],
}

impl Name {
    fn new(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let forms = [name.replace('_', "-"), name.replace(['-', '_'], "")];
        Self { name, forms }
    }
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
        let names: Vec<Name> = ALWAYS.into_iter().chain(more.iter().map(String::as_str)).map(Name::new).collect();
        let forms: Vec<&str> = names.iter().flat_map(|name| &name.forms).map(String::as_str).collect();
        // What others end with needs no looking for.
        let is_least = |form: &&str| !forms.iter().any(|other| other != form && form.ends_with(other));
        let finder = Names::new(forms.iter().copied().filter(is_least));
        let keep_all = keep.iter().any(|name| name == "*");
        Ok(Self { names, finder, keep: keep.iter().map(|n| n.to_ascii_lowercase()).collect(), keep_all })
    }

    /// What places are counted as.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| name.name.as_str()).chain([QUERY])
    }

    /// Is a value behind this name taken out?
    pub(super) fn has(&self, name: &[u8]) -> bool {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase().replace('_', "-");
        self.names.iter().flat_map(|field| &field.forms).any(|form| name.ends_with(form.as_str()))
    }

    /// Calls `hit(name, range)` for each value that ends behind `from` and is no cover already.
    pub(super) fn find(&self, bytes: &[u8], from: usize, known: &Made<'_>, mut hit: impl FnMut(&str, Range<usize>)) {
        let begin = from.saturating_sub(LOOK_BACK);
        let mut done = begin;
        for Range { start, end } in self.finder.find(bytes, begin) {
            // What stands in a value is a part of it.
            let Some((name, start)) = self.header(bytes, start, end).filter(|_| start >= done) else { continue };
            let mut take = |range: Range<usize>| {
                if !known.is_cover(&bytes[range.clone()]) {
                    hit(name, range);
                }
            };
            done = values::read(bytes, start..end, &mut take).unwrap_or(done);
        }
        if !self.keep_all {
            queries::find(bytes, from, &mut |name, range| {
                let value = &bytes[range.clone()];
                let name = if name.is_empty() { value } else { name };
                if !known.is_cover(value) && !self.keep.iter().any(|kept| name.eq_ignore_ascii_case(kept.as_bytes())) {
                    hit(QUERY, range);
                }
            });
        }
    }

    /// The name that ends with the bytes up to `end`, and where it begins.
    fn header(&self, bytes: &[u8], start: usize, end: usize) -> Option<(&str, usize)> {
        if bytes.get(end).is_some_and(|b| is_name(*b)) {
            return None;
        }
        let before = bytes[..start].iter().rev().take(NAME).take_while(|b| is_name(**b)).count();
        let whole = String::from_utf8_lossy(&bytes[start - before..end]).to_ascii_lowercase().replace('_', "-");
        // A line end as an escape: `\n`, `\u000a`, `#012`, `%0A`. Or a code that colours: `\u001b[1m`.
        let is_escape = |head: &str| {
            let mark = (start - before).checked_sub(1).map(|at| bytes[at]);
            let is_colour = head.strip_suffix('m').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
            head.len() <= 5 && (matches!(mark, Some(b'\\' | b'#' | b'%')) || is_colour && matches!(mark, Some(b'[' | b';')))
        };
        // A capital within a word: `setCookie`.
        let is_word = |at: usize| bytes[at].is_ascii_uppercase() && !bytes[at - 1].is_ascii_uppercase();
        let fits = |form: &String| {
            let head = whole.strip_suffix(form.as_str());
            head.is_some_and(|head| head.is_empty() || head.ends_with(['.', '-']) || is_escape(head) || is_word(end - form.len()))
        };
        let name = self.names.iter().filter(|name| name.forms.iter().any(fits)).max_by_key(|name| name.name.len())?;
        Some((&name.name, start - before))
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::super::cover::{Cover, Made};
    use super::Fields;

    fn check(fields: &Fields, line: &str, expected: &[&str]) {
        let mut found = Vec::new();
        fields.find(line.as_bytes(), 0, &Made::new(&Cover::Mask, &[], [].into_iter()), |_, range| found.push(&line[range]));
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
            ("http.request.header.authorization=[\"Bearer x\"]", &["x"]),
            ("x_session: 17", &["17"]),
            ("Cookie: a=\"b c\"; d=e", &["a=\"b c\"; d=e"]),
            ("(b'Authorization', b'Bearer xyz')", &["xyz"]),
            (r#"{"name":"Authorization","value":"Bearer abc"}"#, &["abc"]),
            (r#"{"vary":"Cookie","status":200}"#, &[]),
            (r#"["Authorization","Content-Type"]"#, &[]),
            (r#"{"set-cookie":["a=1; Path=/","b=2"]}"#, &["a=1; Path=/", "b=2"]),
            (
                r#"{"m":"Authorization: Digest username=\"bob\", response=\"0a4f113b\""}"#,
                &[r#"username=\"bob\", response=\"0a4f113b\""#],
            ),
            (r#"{"m":"Cookie: a=\"q1\"; sid=zz91kk","n":"x"}"#, &[r#"a=\"q1\"; sid=zz91kk"#]),
            (r#"{"m":"{\"h\":\"Cookie: a=\\\"q\\\"; sid=z\",\"n\":1}"}"#, &[r#"a=\\\"q\\\"; sid=z"#]),
            (r#"curl -H "Authorization: Digest u=\"a\", r=\"b\"" x"#, &[r#"u=\"a\", r=\"b\""#]),
            (r#"{"req":"GET /\r\nCookie: a=\"x\"; b=y\r\nHost: x\r\n"}"#, &[r#"a=\"x\"; b=y"#]),
            ("'set-cookie': [ 'sid=a', 'tok=b' ], x: 1", &["sid=a", "tok=b"]),
            ("'set-cookie': [\n    'sid=a',\n    'tok=b'\n  ],", &["sid=a", "tok=b"]),
            (r#"{"set-cookie": [ "a=[1]", "b" ],"x":["y"]}"#, &["a=[1]", "b"]),
            (r#"{"h":"{\"set-cookie\":[\"a=1\",\"b=2\"]}","x":"y"}"#, &["a=1", "b=2"]),
            (r#"["Cookie","sid=1","Host","x"]"#, &["sid=1"]),
            ("[ 'Host', 'x', 'Cookie', 'sid=1' ]", &["sid=1"]),
            (r#"[["cookie","sid=1"],["x","y"]]"#, &["sid=1"]),
            ("['Authorization','Bearer abc']", &["abc"]),
            ("{ setCookie: 'sid=1', SetCookie: [ 'tok=2' ] }", &["sid=1", "tok=2"]),
            ("proxyAuthorization: 'Basic Zm9v'", &["Zm9v"]),
            ("xSession: 'abc'", &["abc"]),
            (r#"{"authorization":[1,"x"],"n":2}"#, &["1", "x"]),
            (r#"{"authorization":4711,"n":2}"#, &["4711"]),
            ("authorization=[Bearer abc]", &["abc]"]),
            (r#"{"log":"\u001b[1;33mcookie\u001b[0m: sid=1\n"}"#, &["sid=1"]),
            (r#"{"m":"setCookie: [\n  'sid=1',\n  'tok=2'\n]"}"#, &["sid=1", "tok=2"]),
            ("'set-cookie': [\n", &[]),
            ("\"cookie\": {\n", &[]),
            ("\"cookie\": {\n  \"sid\": \"a1\"\n}", &["a1"]),
            (r#"{"cookie":{"sid":"a1","n":[2]},"x":"y"}"#, &["a1", "2"]),
            (r#"{"cookie":{},"x":"y"}"#, &[]),
            ("a 5\" disk, Cookie: a=\"x\"; b=y", &["a=\"x\"; b=y"]),
            (r#"{"m":"Cookie: a=","n":"x"}"#, &["a="]),
            ("Cookie: [a=b, c=d]", &["[a=b, c=d]"]),
            (r#"[["vary","Cookie"],["a=1","b=2"]]"#, &[]),
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
            (r#"{"u":"/cb?sig=ab\u002bcdEF99"}"#, &[r"ab\u002bcdEF99"]),
            (r#"{"u":"\/cb\u003fsig\u003dab\u0027c\/d\u0026t=x\u003d"}"#, &[r"ab\u0027c\/d", r"x\u003d"]),
            (r#"{"u":"https:\/\/h\/x?t=a\/b"}"#, &[r"a\/b"]),
            (r#"{"m":"{\"u\":\"\/cb?t=a\\\/b\"}"}"#, &[r"a\\\/b"]),
            (r#"{"m":"GET\n/cb?t=ab\nnext"}"#, &["ab"]),
            ("GET /x?t=[u:SECRET] ok", &["[u:SECRET]"]),
            ("GET /x?t=[SECRET:] ok", &["[SECRET:]"]),
            ("https://h/x?t=a'SECRET ok", &["a'SECRET"]),
            ("curl 'https://h/x?t=abc' -v", &["abc"]),
            ("b'GET /x?t=abc'", &["abc"]),
            ("https://h/o'brien/x?t=abc", &["abc"]),
            ("x.example.com/p?t=abc", &["abc"]),
            ("to localhost:80/p?t=abc", &["abc"]),
            ("url=10.0.0.1/p?t=abc path=/p?t=def", &["abc", "def"]),
            ("GET /a?Sekret4711", &["Sekret4711"]),
            ("GET /a?b=1&Sekret4711&short", &["1", "Sekret4711"]),
            ("GET /a?t=ab;cd&u=x;v=y", &["ab;cd", "x", "y"]),
            ("did you see /etc/hosts?really", &[]),
            ("this and/or that?yes=no", &[]),
        ] {
            check(&fields, line, expected);
        }
        check(&Fields::new(&[], &["*".to_owned()]).unwrap(), "https://a.example/?a=1", &[]);
    }
}
