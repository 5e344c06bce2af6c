//! Pieces of code, build files and system files that look like passwords.
//!
//! It must not know rules. Start with [`is_code_value`].

use super::Context;

/// Where accounts come from, in `nsswitch.conf`.
const SERVICES: [&[u8]; 8] = [b"files", b"compat", b"systemd", b"sss", b"ldap", b"nis", b"db", b"winbind"];

/// Is the value a piece of code, or one of a file in which the name means something else?
pub(super) fn is_code_value(secret: &[u8], name: &[u8], cx: &Context<'_>) -> bool {
    // A variable of make, a dependency as a feature of a crate, the end of a string in C.
    secret.strip_prefix(b"$$").is_some_and(|name| name.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_'))
        || secret.starts_with(b"dep:")
        || memchr::memmem::find(secret, b"\\0").is_some_and(|at| !secret.get(at + 2).is_some_and(u8::is_ascii_digit))
        || is_call(secret)
        || is_type(secret)
        || name.eq_ignore_ascii_case(b"passwd") && SERVICES.contains(&secret)
        || is_choice(secret, cx)
        || is_enumeration(secret)
        || is_remark(secret, cx)
}

/// Words to choose from, as in the comments of a configuration: `true|false`.
fn is_enumeration(secret: &[u8]) -> bool {
    let mut words = secret.split(|b| *b == b'|');
    secret.contains(&b'|') && words.all(|word| word.len() > 1 && word.iter().all(u8::is_ascii_lowercase))
}

/// A word behind a constant in a list of what changed, `NO_PASSWORD: Added`, in a document.
fn is_remark(secret: &[u8], cx: &Context<'_>) -> bool {
    let Some((start, end)) = cx.name else { return false };
    let constant = cx.bytes[start..end].iter().all(|b| b.is_ascii_uppercase() || *b == b'_');
    let word = secret[0].is_ascii_uppercase() && secret[1..].iter().all(u8::is_ascii_lowercase);
    let name = cx.path.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let document = ["md", "rst", "txt"].iter().any(|end| name.rsplit('.').next() == Some(end))
        || ["NEWS", "CHANGELOG", "CHANGES"].iter().any(|end| name.ends_with(end));
    constant && word && document && cx.bytes.get(end) == Some(&b':')
}

/// A function and its arguments, if these are names: `Window_Close()`, `SetError(NULL)`.
fn is_call(secret: &[u8]) -> bool {
    let Some((function, arguments)) = secret.strip_suffix(b")").and_then(|call| {
        let open = memchr::memchr(b'(', call)?;
        Some((&call[..open], &call[open + 1..]))
    }) else {
        return false;
    };
    let names = |text: &[u8]| text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.'));
    let begins = |text: &[u8]| text.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    // A word with a number in front of brackets is what people choose.
    let joined =
        function.contains(&b'_') || function.windows(2).any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    let arguments = arguments.is_empty() || function.contains(&b'_') && begins(arguments) && names(arguments);
    joined && begins(function) && names(function) && arguments
}

/// A type or a constant with the modules it is in: `crypto::keys::SecretKey`.
fn is_type(secret: &[u8]) -> bool {
    let text = std::str::from_utf8(secret).unwrap_or_default();
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let parts: Vec<&str> = text.split("::").collect();
    parts.len() > 1 && parts.iter().all(|part| is_name(part))
}

/// The other side of a choice whose first is the name: `ok ? "pass" : "fail"`.
fn is_choice(secret: &[u8], cx: &Context<'_>) -> bool {
    let Some((start, end)) = cx.name else { return false };
    let before = &cx.bytes[start.saturating_sub(16)..start];
    let asks = before.iter().rev().find(|b| !matches!(b, b' ' | b'"' | b'\'' | b'\\' | b'\n' | b'\t')) == Some(&b'?');
    let between = cx.bytes.get(end..cx.span.secret_start).unwrap_or_default();
    asks && between.contains(&b':') && secret.iter().all(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_types() {
        for value in ["Window_Close()", "GetError()", "SetError_In(NULL)", "crypto::keys::SecretKey"] {
            assert!(is_call(value.as_bytes()) || is_type(value.as_bytes()), "{value}");
        }
        for value in ["Walnut(7)", "Walnut2024()", "elm()", "Walnut)(", "walnut::", "::walnut", "wal nut::elm", "Walnut(elm)"] {
            assert!(!is_call(value.as_bytes()) && !is_type(value.as_bytes()), "{value}");
        }
    }
}
