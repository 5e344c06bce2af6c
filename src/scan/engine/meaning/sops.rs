//! Does SOPS leave a value of a file as it is on purpose?
//!
//! The `sops` block at the end of a file says which names are encrypted: `unencrypted_suffix`, `encrypted_suffix`, `unencrypted_regex`
//! and `encrypted_regex`, of which one holds. It must not look further than a few KiB. Start with [`is_meant_encrypted`].

use regex_automata::meta::{Config, Regex};

use super::Context;

/// So far behind the start of a match the block is looked for, and so far before its secret the names it stands under.
const AHEAD: usize = 6 * 1024;
const BACK: usize = 1024;
/// Longest regular expression, and bytes that its automaton may take: the file that is scanned wrote it, and it is compiled for each value.
const LONGEST: usize = 200;
const AUTOMATON: usize = 64 << 10;

/// Is the value one that the file should hold encrypted? Without a word to the contrary it is.
pub(super) fn is_meant_encrypted(cx: &Context<'_>) -> bool {
    let ahead = &cx.bytes[cx.span.secret_end..cx.bytes.len().min(cx.span.start + AHEAD).max(cx.span.secret_end)];
    let block = [&b"\nsops:"[..], b"\"sops\":", b"\nsops_"].iter().find_map(|word| memchr::memmem::find(ahead, word));
    let Some(block) = block.map(|at| &ahead[at..]) else { return true };
    let before = &cx.bytes[cx.span.secret_start.saturating_sub(BACK)..cx.span.secret_start];
    let names = names(before);
    if names.is_empty() {
        return true;
    }
    let setting = |word: &[u8]| setting(block, word).filter(|value| !value.is_empty());
    let any = |source: &[u8]| {
        let regex = std::str::from_utf8(source).ok().filter(|s| s.len() <= LONGEST).and_then(compiled);
        regex.map(|regex| names.iter().any(|name| regex.is_match(*name)))
    };
    if let Some(suffix) = setting(b"unencrypted_suffix") {
        return !names.iter().any(|name| name.ends_with(suffix));
    }
    if let Some(source) = setting(b"unencrypted_regex") {
        return !any(source).unwrap_or(false);
    }
    if let Some(suffix) = setting(b"encrypted_suffix") {
        return names.iter().any(|name| name.ends_with(suffix));
    }
    setting(b"encrypted_regex").and_then(any).unwrap_or(true)
}

fn compiled(source: &str) -> Option<Regex> {
    let config = Config::new().nfa_size_limit(Some(AUTOMATON)).onepass_size_limit(Some(AUTOMATON)).dfa(false);
    Regex::builder().configure(config).build(source).ok()
}

/// The value of a setting of the block, without quotes.
fn setting<'b>(block: &'b [u8], word: &[u8]) -> Option<&'b [u8]> {
    let at = memchr::memmem::find_iter(block, word)
        .find(|at| at.checked_sub(1).is_some_and(|at| !block[at].is_ascii_alphanumeric()))?;
    // `unencrypted_suffix` ends in `encrypted_suffix`, which is told apart by the letter before it.
    let rest = block[at + word.len()..].trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let value = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"="))?;
    let line = value.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
    let line = line.strip_suffix(b",").unwrap_or(line);
    Some(line.trim_ascii_start().strip_prefix(b"\"").and_then(|l| l.strip_suffix(b"\"")).unwrap_or(line))
}

/// The name of the value that begins where `before` ends, and of what it stands in: lines before it that begin further left.
fn names(before: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut indent = usize::MAX;
    for line in before.rsplit(|b| *b == b'\n') {
        let blanks = line.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'-')).count();
        let text = &line[blanks..];
        if text.is_empty() || blanks >= indent {
            continue;
        }
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let text = text.strip_prefix(b"\"").or_else(|| text.strip_prefix(b"'")).unwrap_or(text);
        let length = text.iter().take_while(|b| is_name(b)).count();
        if length > 0 {
            out.push(&text[..length]);
            indent = blanks;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::pattern::Span;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let at = text.find("VALUE").unwrap();
        let span = Span { start: 0, end: at + 5, secret_start: at, secret_end: at + 5 };
        let cx = Context { bytes: text.as_bytes(), span, name: None, form: None, path: None, now: 0 };
        assert_eq!(is_meant_encrypted(&cx), expected, "{text}");
    }

    #[test]
    fn settings() {
        check("password: VALUE\n", true);
        check("password: VALUE\nsops:\n  unencrypted_suffix: _unencrypted\n", true);
        check("password_unencrypted: VALUE\nsops:\n  unencrypted_suffix: _unencrypted\n", false);
        check("open_unencrypted:\n  password: VALUE\nsops:\n  unencrypted_suffix: _unencrypted\n", false);
        check("data:\n  password: VALUE\nsops:\n  encrypted_regex: ^(data|stringData)$\n", true);
        check("data:\n  a: 1\nmetadata:\n  password: VALUE\nsops:\n  encrypted_regex: ^(data|stringData)$\n", false);
        check("password: VALUE\nsops:\n  encrypted_regex: \"pass|token\"\n", true);
        check("password: VALUE\nsops:\n  unencrypted_regex: ^password$\n", false);
        check("{\n  \"password\": \"VALUE\",\n  \"sops\": {\n    \"encrypted_suffix\": \"_sealed\"\n", false);
        check("password: VALUE\nsops:\n  encrypted_regex: '[('\n", true);
        // Too large to be compiled for each value.
        check("password: VALUE\nsops:\n  encrypted_regex: ((a{500}){500}){500}\n", true);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[a-z:\\n\" _.(-]{0,300}", at in 0usize..300) {
            let at = at.min(text.len());
            let _ = (names(&text.as_bytes()[..at]), setting(text.as_bytes(), b"a"));
        }
    }
}
