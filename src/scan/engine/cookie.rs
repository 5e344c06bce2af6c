//! Lines of `cookies.txt`, as curl, wget and yt-dlp keep cookies: domain, whether for its subdomains, path, whether only by TLS, expiry,
//! name and value, with tabs between them.
//!
//! It must not judge values. Start with [`is_name`].

/// Bytes before a name that are looked at, in which the two fields before it fit, and the length of a value.
const FIELDS: usize = 32;
const VALUE: usize = 512;

/// Is what begins at `at` the name of a cookie?
pub(super) fn is_name(bytes: &[u8], at: usize) -> bool {
    let mut fields = bytes[at.saturating_sub(FIELDS)..at].rsplit(|b| *b == b'\t');
    let mut field = || fields.next().unwrap_or_default();
    let (none, expiry, secure) = (field(), field(), field());
    none.is_empty() && !expiry.is_empty() && expiry.iter().all(u8::is_ascii_digit) && matches!(secure, b"TRUE" | b"FALSE")
}

/// Where the value that begins at `at` ends, if it is the last thing on its line.
pub(super) fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    let is_value = |b: &&u8| b.is_ascii_graphic() && **b != b'"';
    let end = at + bytes[at..].iter().take(VALUE).take_while(is_value).count();
    matches!(bytes.get(end), None | Some(b'\n' | b'\r')).then_some(end)
}
