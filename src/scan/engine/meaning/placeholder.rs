//! Is a value a stand-in rather than a secret?
//!
//! It must not know rules. Start with [`placeholder`], for every rule; [`weak_password`] is for passwords only.

use std::collections::HashSet;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::sequence::{behind_words, counted, longest_letters, longest_sequence, repeats};
use super::{decode, reference};

/// Values that providers publish in documentation, one a line, with a `·` inside that is removed.
const PUBLISHED: &str = include_str!("published.txt");

/// Parts that no secret has, in lower case.
const PARTS: &[&str] = &[
    "example",
    "sample",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "replaceme",
    "replace_me",
    "replace-me",
    "change_this",
    "change-this",
    "changethis",
    "replace_this",
    "replace-this",
    "replace_with",
    "replace-with",
    "set_me",
    "set-me",
    "fill_in",
    "fill-in",
    "fill_me",
    "fill-me",
    "not_set",
    "not-set",
    "generate_",
    "generate-",
    "random_string",
    "random-string",
    "randomstring",
    "redacted",
    "removed",
    "dummy",
    "insert_",
    "insert-",
    "your_",
    "your-",
    "yourkey",
    "yourtoken",
    "yoursecret",
    "yourpass",
    "_here",
    "-here",
    "not_a_real",
    "not-a-real",
    "notareal",
    "notreal",
    "xxxxx",
    "*****",
    ".....",
    "-----",
    "[your",
    "<your",
    "fixme",
    "todo",
    "fake_",
    "fake-",
    "_fake",
    "-fake",
    "fakekey",
    "faketoken",
    "fakepass",
    "fakesecret",
    "invalid",
];

/// Why a value is a placeholder that was typed in order.
pub const SEQUENCE: &str = "an ascending sequence";

/// Is a value with a sequence in it a password all the same: digits in order with three other characters, as people choose them?
#[must_use]
pub fn is_chosen(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters: Vec<u8> = value.iter().map(|b| if b.is_ascii_digit() { b' ' } else { b.to_ascii_lowercase() }).collect();
    value.len() <= 24 && value.len() >= digits + 3 && longest_sequence(&letters) < 3
}

/// Why the value is a placeholder, or `None`.
#[must_use]
pub fn placeholder(value: &[u8]) -> Option<&'static str> {
    if published().contains(value) {
        return Some("published in documentation");
    }
    if template(value) || reference::is_reference(value) {
        return Some("a template or variable");
    }
    // How examples in rule files are marked.
    if memchr::memmem::find(value, "·".as_bytes()).is_some() {
        return Some("marked as an example");
    }
    let lower = value.to_ascii_lowercase();
    if value.len() <= 200 && !value.starts_with(b"-----BEGIN") && says_so(value) {
        return Some("says that it is a placeholder");
    }
    if repeats(value) {
        return Some("one part repeated");
    }
    if value.ends_with(b"...") || value.ends_with("…".as_bytes()) {
        return Some("cut short");
    }
    let run = if value.len() <= 200 { longest_sequence(&lower) } else { 0 };
    let alphabet = || value.len() <= 200 && longest_letters(&lower) >= 12;
    if run >= 6 && run * 10 >= value.len() * 4 || alphabet() {
        return Some(SEQUENCE);
    }
    if value.starts_with(b"###") || is_blank(value) || decodes_to_example(value) {
        return Some("says that it is a placeholder");
    }
    if in_url(value) {
        return Some("a web address without a secret part");
    }
    decoded(value).is_some_and(|text| placeholder(&text).is_some()).then_some("a placeholder in base64")
}

/// Why a value whose checksum matches is none all the same: words that are too long for chance.
#[must_use]
pub fn in_words(value: &[u8]) -> Option<&'static str> {
    let lower = value.to_ascii_lowercase();
    let long = |part: &&&str| part.len() >= 7 && part.bytes().all(|b| b.is_ascii_lowercase());
    let said = |part: &&str| memchr::memmem::find(&lower, part.as_bytes()).is_some();
    PARTS.iter().filter(long).any(said).then_some("says that it is a placeholder")
}

/// Is it to be filled in where underscores are? A few of them stand in random values too.
fn is_blank(value: &[u8]) -> bool {
    let line = value.chunk_by(|a, b| a == b).filter(|run| run[0] == b'_').map(<[u8]>::len).max().unwrap_or(0);
    line >= 5 && line * 5 >= value.len()
}

/// Is it a web address with a part that was typed in order or by repeating, where a real one has its secret?
fn in_url(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(b"https://").or_else(|| value.strip_prefix(b"http://")) else { return false };
    let typed = |part: &[u8]| {
        let run = longest_sequence(&part.to_ascii_lowercase());
        part.len() >= 8 && part.len() <= 200 && (run * 10 >= part.len() * 7 || repeats(part))
    };
    rest.split(|b| *b == b'/').skip(1).any(typed)
}

/// The short text of a value that is base64 as a whole, in `user:password` the password.
#[must_use]
pub fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    if !(8..=88).contains(&value.len()) || !value.len().is_multiple_of(4) {
        return None;
    }
    let text = decode::text(value)?;
    let at = memchr::memchr(b':', &text).map_or(0, |at| at + 1);
    Some(text[at..].to_vec())
}

/// Does a part of the value say that it is none: `example`, `changeme`, `your-…`?
fn says_so(value: &[u8]) -> bool {
    parts().is_some_and(|p| p.is_match(&value.to_ascii_lowercase()))
}

/// Is it the base64 of a JSON object that says of itself that it is an example?
fn decodes_to_example(value: &[u8]) -> bool {
    value.len() <= 400
        && value.starts_with(b"eyJ")
        && !value.contains(&b'.')
        && super::decode::text(value).is_some_and(|text| memchr::memmem::find(&text, b"EXAMPLE").is_some())
}

/// Is the value, or a good part of it, filled in later?
#[must_use]
pub fn template(value: &[u8]) -> bool {
    const PAIRS: [&[u8; 2]; 5] = [b"$(", b"<%", b"#{", b"%s", b"{}"];
    const WRAPS: [(&[u8], &[u8]); 6] = [(b"<", b">"), (b"%", b"%"), (b"[", b"]"), (b"{", b"}"), (b"__", b"__"), (b"@", b"@")];
    let inner = value.strip_prefix(b"'").or_else(|| value.strip_prefix(b"\"")).unwrap_or(value);
    let value =
        if inner.len() < value.len() && matches!(inner.last(), Some(b'\'' | b'"')) { &inner[..inner.len() - 1] } else { value };
    let is_variable = |name: &[u8]| name.len() < 40 && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    value.windows(2).any(|w| PAIRS.iter().any(|p| w == *p))
        || filled(value, b"${", b"}")
        || filled(value, b"{{", b"}}")
        || value.windows(3).any(|w| w[0] == b'{' && w[1].is_ascii_digit() && w[2] == b'}')
        || memchr::memmem::find(value, b"%(").is_some() && memchr::memmem::find(value, b")s").is_some()
        || value.starts_with(b"&lt;")
        || value.ends_with(b"&gt;")
        // An object or a list of JSON is no template.
        || !value.contains(&b'"') && WRAPS.iter().any(|(a, b)| value.starts_with(a) && value.ends_with(b))
        || value.strip_prefix(b"$").is_some_and(|name| is_variable(name) || are_variables(name))
}

/// Are they two variables side by side: `$user$domain`? Password hashes have more parts, and digits.
fn are_variables(value: &[u8]) -> bool {
    let names: Vec<&[u8]> = value.split(|b| *b == b'$').collect();
    let is_name = |name: &&[u8]| name.len() > 1 && name.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_');
    names.len() == 2 && names.iter().all(is_name)
}

/// Is there a variable between `open` and `close`, its brackets in balance, or one whose end is cut off?
fn filled(value: &[u8], open: &[u8], close: &[u8]) -> bool {
    memchr::memmem::find_iter(value, open).any(|at| {
        let rest = &value[at + open.len()..];
        let Some(end) = memchr::memmem::find(rest, close) else {
            return rest.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b' ' | b'.'));
        };
        balanced(&rest[..end])
    })
}

/// Is each bracket closed by its like, and none before it opens?
fn balanced(value: &[u8]) -> bool {
    matches!(nested(value), Nesting::Open(0))
}

/// Does a bracket close while one of another kind is open?
#[must_use]
pub fn tangled(value: &[u8]) -> bool {
    matches!(nested(value), Nesting::Crossed)
}

/// How brackets are nested.
enum Nesting {
    /// So many are open at the end.
    Open(usize),
    /// One closes though none is open.
    Unopened,
    /// One closes while one of another kind is open.
    Crossed,
}

fn nested(value: &[u8]) -> Nesting {
    let mut open = Vec::new();
    for byte in value {
        let wanted = match byte {
            b'(' | b'[' | b'{' => {
                open.push(*byte);
                continue;
            }
            b')' => b'(',
            b']' => b'[',
            b'}' => b'{',
            _ => continue,
        };
        match open.pop() {
            Some(last) if last == wanted => {}
            Some(_) => return Nesting::Crossed,
            None => return Nesting::Unopened,
        }
    }
    Nesting::Open(open.len())
}

/// Is it a JWT whose signature is too short for any?
fn is_jwt_without_signature(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.split(|b| *b == b'.').collect();
    matches!(parts[..], [head, _, signature] if head.starts_with(b"eyJ") && (1..20).contains(&signature.len()))
}

/// Why no generator makes such a value, or `None`: for values that only a name tells from others.
#[must_use]
pub fn shapeless(value: &[u8]) -> Option<&'static str> {
    if time_based(value) {
        return Some("made of a time and an address");
    }
    let tail = value.iter().rposition(|b| *b == b'_').map_or(value, |at| &value[at + 1..]);
    let body = behind_words(value);
    let run = longest_sequence(&value.to_ascii_lowercase());
    let typed = run >= 9 || run >= 7 && run * 3 >= value.len();
    if typed || [value, tail, body].into_iter().any(|part| part.len() >= 16.min(value.len()) && counted(part)) {
        return Some(SEQUENCE);
    }
    if same_groups(value) {
        return Some("one part repeated");
    }
    if is_cut_uuid(value) {
        return Some("a UUID of another length");
    }
    if is_jwt_without_signature(value) {
        return Some("a token without a signature");
    }
    if value.len() < 20 || !value.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    (value.len() % 2 == 1).then_some("half a byte short of hexadecimal")
}

/// Is it a UUID of version 1, a time and an address, not chance, or a ULID?
#[must_use]
pub fn time_based(value: &[u8]) -> bool {
    let dashes = [8, 13, 18, 23];
    let tail = value.iter().rposition(|b| *b == b'_').map_or(value, |at| &value[at + 1..]);
    // The first two of 26 characters of Crockford's alphabet say when: 01 is until 2039.
    let crockford = |b: &u8| b.is_ascii_digit() || b.is_ascii_uppercase() && !matches!(b, b'I' | b'L' | b'O' | b'U');
    if tail.len() == 26 && tail.starts_with(b"01") && tail.iter().all(crockford) {
        return true;
    }
    value.len() == 36
        && value[14] == b'1'
        && value.iter().enumerate().all(|(i, b)| if dashes.contains(&i) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

/// Are three of its parts in a row the same: `1234-1234-1234`?
fn same_groups(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.split(|b| *b == b'-').filter(|part| part.len() >= 3).collect();
    parts.windows(3).any(|w| w[0] == w[1] && w[1] == w[2])
}

/// Is it a UUID but for the length of its last part?
fn is_cut_uuid(value: &[u8]) -> bool {
    let tail = value.iter().rposition(|b| *b == b'_').map_or(value, |at| &value[at + 1..]);
    let parts: Vec<&[u8]> = tail.split(|b| *b == b'-').collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    lengths.starts_with(&[8, 4, 4, 4])
        && lengths.len() == 5
        && lengths[4] != 12
        && parts.iter().all(|p| p.iter().all(u8::is_ascii_hexdigit))
}

fn parts() -> Option<&'static AhoCorasick> {
    static AUTOMATON: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    AUTOMATON.get_or_init(|| AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(PARTS).ok()).as_ref()
}

fn published() -> &'static HashSet<Vec<u8>> {
    static SET: OnceLock<HashSet<Vec<u8>>> = OnceLock::new();
    SET.get_or_init(|| {
        PUBLISHED.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|l| l.replace('·', "").into_bytes()).collect()
    })
}

/// Words that stand for a password without being one, in lower case: those of other languages too, which stand as labels.
const WORDS: &[&str] = &[
    "passwort",
    "kennwort",
    "wachtwoord",
    "motdepasse",
    "contraseña",
    "contrasena",
    "clave",
    "senha",
    "palavrapasse",
    "parola",
    "parole",
    "heslo",
    "hasło",
    "haslo",
    "lozinka",
    "geslo",
    "jelszó",
    "jelszo",
    "salasana",
    "parool",
    "lösenord",
    "losenord",
    "adgangskode",
    "passord",
    "şifre",
    "sifre",
    "пароль",
    "парола",
    "лозинка",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "password",
    "passwd",
    "pass",
    "pwd",
    "secret",
    "token",
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "yes",
    "no",
    "empty",
    "string",
    "str",
    "text",
    "value",
    "hidden",
    "required",
    "optional",
    "test",
    "testing",
    "foo",
    "bar",
    "foobar",
    "baz",
    "user",
    "username",
    "default",
    "unknown",
    "invalid",
    "wrong",
    "new",
    "old",
    "current",
    "confirm",
    "reset",
    "forgot",
    "enter",
    "input",
    "key",
    "auth",
    "login",
    "basic",
    "bearer",
    "oauth",
    "int",
    "integer",
    "boolean",
    "bool",
    "object",
    "any",
    "self",
    "this",
    "char",
    "varchar",
    "bytes",
    "env",
    "file",
    "prompt",
    "stdin",
    "vault",
    "ascii",
    "utf8",
    "error",
    "errors",
    "missing",
    "masked",
    "filtered",
    "unset",
    "notset",
    "tbd",
    "todo",
    "blah",
    "blahblah",
    "salt",
    "somesalt",
];

/// Is it one of the words that stand for a user or a password, in any case?
#[must_use]
pub fn stands_in(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let trimmed: Vec<u8> = lower.iter().copied().filter(|b| !matches!(b, b'_' | b'-' | b'.')).collect();
    let own = trimmed.strip_prefix(b"my").or_else(|| trimmed.strip_prefix(b"your")).or_else(|| trimmed.strip_prefix(b"some"));
    let own = own.unwrap_or(&trimmed);
    WORDS.iter().any(|w| w.as_bytes() == own) || own == b"name"
}

/// Why the value is no password, or `None`. `name` is what it is assigned to.
#[must_use]
pub fn weak_password(value: &[u8], name: &[u8]) -> Option<&'static str> {
    let lower = value.to_ascii_lowercase();
    let trimmed: Vec<u8> = lower.iter().copied().filter(|b| !matches!(b, b'_' | b'-' | b'.' | b':' | b'*' | b' ')).collect();
    if trimmed.len() < 3 || WORDS.iter().any(|w| w.as_bytes() == trimmed.as_slice()) {
        return Some("a word that stands for a password");
    }
    let name = super::super::words::normalise(name);
    let whole = trimmed.iter().all(u8::is_ascii_alphabetic) || name.len() >= 10;
    if !name.is_empty() && (name.ends_with(&trimmed) || trimmed.ends_with(&name) && whole) {
        return Some("the name itself");
    }
    if value.iter().all(|b| !b.is_ascii_alphanumeric()) {
        return Some("no letter or digit");
    }
    if trimmed.iter().all(|b| *b == b'x') {
        return Some("one character repeated");
    }
    if value.strip_suffix(b"@").is_some_and(|head| head.iter().all(u8::is_ascii_lowercase)) {
        return Some("what anonymous FTP asks for");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        let check = |value: &str, expected: bool| assert_eq!(placeholder(value.as_bytes()).is_some(), expected, "{value}");
        check("xxxxxxxxxxxx", true);
        check("ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true);
        check("sk-1234567890abcdef1234567890abcdef", true);
        check("abcabcabcabcabc", true);
        check("your-api-key", true);
        check("${TOKEN}", true);
        check("<token>", true);
        check("${env[\"TOKEN\"]}", true);
        check("'$DB_PASS'", true);
        check("k3Jx9Q·mZr7Tn2Wv8", true);
        check("&lt;password&gt;", true);
        check("eyJzaWduSW5B...", true);
        check("m{q$h}o)p${e]no(ody[z#t", false);
        check("$TOKEN", true);
        check(&["AKIAIOSFODNN7", "EXAMPLE"].concat(), true);
        check("deadbeefdeadbeefdeadbeefdeadbeef", true);
        check("k3Jx9QmZr7Tn2Wv8LpYs", false);
        check("hunter2horse", false);
        check("9f86d081884c7d659a2feaa0c55ad015", false);
    }

    #[test]
    fn what_no_generator_makes() {
        let check = |value: &str, expected: bool| assert_eq!(shapeless(value.as_bytes()).is_some(), expected, "{value}");
        check("9f86d081884c7d659a2feaa0c55ad015", false);
        check("9f86d081884c7d659a2feaa0c55ad01", true);
        check("k2M3nO4pQ5rS6tU7vW8xY9zA0bC1dE2f", true);
        check("ACME_a1B2c3D4e5F6g7H8i9J0", true);
        check("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvIn0.sign", true);
    }

    #[test]
    fn brackets() {
        assert!(tangled(b"m{{h}o)p") && !tangled(b"get(x[0])") && !tangled(b"f(x))"));
        assert!(balanced(b"a(b[c]{d})") && !balanced(b"a)b(") && !balanced(b"a("));
        assert!(template(b"{{ .Values.password }}") && !template(b"x{{h}o)p${e]n}}"));
        assert!(template(b"{password}") && !template(br#"{"name":"a","sig":"b"}"#));
    }

    #[test]
    fn published_values_are_marked_and_known() {
        for line in PUBLISHED.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
            assert!(line.contains('·'), "unmarked: line of {} characters", line.len());
            assert!(placeholder(line.replace('·', "").as_bytes()).is_some());
        }
    }

    #[test]
    fn weak_passwords() {
        let check = |value: &str, name: &str, expected: bool| {
            assert_eq!(weak_password(value.as_bytes(), name.as_bytes()).is_some(), expected, "{value}")
        };
        check("password", "password", true);
        check("db_password", "db_password", true);
        check("None", "pwd", true);
        check("****", "pwd", true);
        check("hunter22", "password", false);
    }
}
