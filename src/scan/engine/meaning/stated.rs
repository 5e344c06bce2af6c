//! What says that a password opens nothing: a comment on its line, the host of its address, escapes that test a parser.
//!
//! It must not know rules. Start with [`opens_nothing`].

use super::Context;
use super::random::Randomness;

/// Bytes behind a value in which a comment is looked for.
const COMMENT: usize = 200;

/// What comments say of values that are none. `do not use in production` is not one: such a password is the default.
const COMMENTS: [&str; 7] = [
    "don't actually use",
    "do not actually use",
    "not a real ",
    "not the real ",
    "isn't a real ",
    "made-up ",
    "for illustration only",
];

/// Does the text around it, or its form, say that the value is no password of anything?
pub(super) fn opens_nothing(secret: &[u8], cx: &Context<'_>) -> bool {
    documented_host(secret, cx) || tests_escapes(secret) || commented(cx)
}

/// Is it a password that a person made up, in a web address whose host is one of those kept for documentation?
fn documented_host(secret: &[u8], cx: &Context<'_>) -> bool {
    let web = cx.name.is_some_and(|(a, b)| matches!(&cx.bytes[a..b], b"http" | b"https" | b"ftp"));
    web && kept_host(cx) && !Randomness::of(secret).is_random()
}

/// Does a host that is kept for documentation follow?
pub(super) fn kept_host(cx: &Context<'_>) -> bool {
    let Some(rest) = cx.bytes[cx.span.secret_end..].strip_prefix(b"@") else { return false };
    let host = &rest[..rest.iter().take(100).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count()];
    [&b"example.com"[..], b"example.org", b"example.net"]
        .iter()
        .any(|h| host == *h || host.ends_with(h) && host[..host.len() - h.len()].ends_with(b"."))
}

/// Are more than half of its characters escapes of URLs, three of them at least? Tests of parsers have such, and no one else.
fn tests_escapes(secret: &[u8]) -> bool {
    let hex = |at: usize| secret.get(at).is_some_and(u8::is_ascii_hexdigit);
    let escapes = memchr::memchr_iter(b'%', secret).filter(|at| hex(at + 1) && hex(at + 2)).count();
    escapes >= 3 && escapes * 2 > secret.len() - 2 * escapes
}

/// Does a comment behind it on the line say that it is none?
fn commented(cx: &Context<'_>) -> bool {
    let rest = &cx.bytes[cx.span.secret_end..];
    let line = &rest[..rest.len().min(COMMENT)];
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    let comment = [&b"//"[..], b"#", b"/*", b"--"].iter().filter_map(|mark| memchr::memmem::find(line, mark)).min();
    let Some(comment) = comment else { return false };
    let said = line[comment..].to_ascii_lowercase();
    COMMENTS.iter().any(|words| memchr::memmem::find(&said, words.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::super::super::pattern::Span;
    use super::*;

    fn context(text: &str) -> Context<'_> {
        let start = text.find("walnut").unwrap();
        let end = start + "walnut".len();
        let span = Span { start, end, secret_start: start, secret_end: end };
        Context { bytes: text.as_bytes(), span, name: None, form: None, path: None, now: 0 }
    }

    #[test]
    fn comments_that_say_so() {
        assert!(commented(&context("tree = \"walnut\"; // Bad password; don't actually use!")));
        assert!(commented(&context("TREE=walnut # not a real password")));
        assert!(!commented(&context("TREE=walnut # do not use in production")));
        assert!(!commented(&context("TREE=walnut\n# not a real password")));
        assert!(!commented(&context("TREE=walnut, not a real password")));
    }

    #[test]
    fn escapes_of_tests() {
        for value in ["%c3%A9%e9", "%20%21%22a", "%00%01%02%03+%04"] {
            assert!(tests_escapes(value.as_bytes()), "{value}");
        }
        for value in ["%40%21", "p%40ss%21word%23", "walnut%", "%zz%zz%zz", "%"] {
            assert!(!tests_escapes(value.as_bytes()), "{value}");
        }
    }
}
