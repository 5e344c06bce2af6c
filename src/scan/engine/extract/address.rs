//! Passwords of URLs and values of authorization headers.
//!
//! It must not judge them. Start with [`url_password`] and [`header`].

use super::{Form, MAX_BARE, MAX_VALUE, Value};

/// The password of a URL whose `://` stands at `at`. The name is the scheme.
#[must_use]
pub fn url_password(bytes: &[u8], at: usize) -> Option<Value> {
    let scheme =
        bytes[..at].iter().rev().take(24).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')).count();
    let start = at + 3;
    let is_part = |b: u8| b > b' ' && b < 0x7f && !matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\');
    let rest = &bytes[start.min(bytes.len())..];
    let ends_host = |b: u8| matches!(b, b'/' | b'?' | b'#' | b',');
    let host_end = rest.iter().take(MAX_VALUE).take_while(|b| is_part(**b) && !ends_host(**b)).count();
    let at_sign = memchr::memrchr(b'@', &rest[..host_end])
        .filter(|i| rest[..*i].contains(&b':'))
        .or_else(|| {
            let authority = host_end + rest[host_end..].iter().take(MAX_VALUE - host_end).take_while(|b| is_part(**b)).count();
            let colon = memchr::memchr(b':', &rest[..authority])?;
            let at_sign = colon + memchr::memchr(b'@', &rest[colon..authority])?;
            password_with_slash(&rest[..at_sign]).then_some(at_sign)
        })
        .filter(|i| *i <= MAX_BARE)?;
    let colon = memchr::memchr(b':', &rest[..at_sign])?;
    let host = rest.get(at_sign + 1).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'$' | b'{' | b'[' | b'%' | b'_'));
    let value =
        Value { name_start: at - scheme, name_end: at, start: start + colon + 1, end: start + at_sign, form: Form::Quoted };
    (scheme > 0 && host && value.end > value.start).then_some(value)
}

/// Is what stands before the `@` a user and a password with a slash in it, rather than a host, a port and a path?
fn password_with_slash(userinfo: &[u8]) -> bool {
    let colon = memchr::memchr(b':', userinfo);
    let slash = memchr::memchr3(b'/', b'?', b'#', userinfo);
    let between = colon.zip(slash).and_then(|(c, s)| userinfo.get(c + 1..s)).unwrap_or_default();
    // A user with a host, then a path: `git@host:shop/web@v2`.
    let path = slash.is_some_and(|s| userinfo[s] != b'#') && colon.is_some_and(|c| userinfo[..c].contains(&b'@'));
    !path && !between.is_empty() && !between.iter().all(u8::is_ascii_digit)
}

/// The value of an authorization header whose scheme word stands at `at`. The name is the scheme.
#[must_use]
pub fn header(bytes: &[u8], at: usize) -> Option<Value> {
    let word = bytes[at..].iter().take(8).take_while(|b| b.is_ascii_alphabetic()).count();
    if at > 0 && bytes[at - 1].is_ascii_alphanumeric() {
        return None;
    }
    let start = at + word + 1;
    let is_value = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'+' | b'/' | b'=' | b'-' | b'_' | b'.' | b'~');
    let n = bytes[start.min(bytes.len())..].iter().take(4096).take_while(is_value).count();
    (n >= 8).then_some(Value { name_start: at, name_end: at + word, start, end: start + n, form: Form::Quoted })
}
