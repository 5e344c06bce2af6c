//! Is a value the ciphertext of a tool that keeps encrypted secrets in files?
//!
//! Formats: SOPS and Helm secrets, Puppet eyaml, dotenvx, Ansible Vault, age and PGP armour, Jenkins, Maven, Spring Cloud Config,
//! Jasypt, Laravel, Sealed Secrets, Rails credentials. It must not know rules, and looks at no more than a few hundred bytes
//! around a match, as [`super::Judge`] promises. Start with [`encrypted`]. A beginning or the name of a file is not believed alone: all
//! from there to the match must be what ciphertext is made of, so that a plain value in such a file or on such a line is found.

use super::Context;

/// So far before a match the beginning of a ciphertext is looked for.
const REACH: usize = 600;
/// So far around a match it is judged what a line is made of.
const LOOK: usize = 64;
/// Beginnings of ciphertexts within a line.
const HEADS: [(&[u8], &str); 6] = [
    (b"ENC[AES256_GCM,", "a SOPS value"),
    (b"ENC[PKCS7,", "an eyaml value"),
    (b"ENC[GPG,", "an eyaml value"),
    (b"ENC(", "a Jasypt value"),
    (b"{AQAAABAAAA", "a Jenkins value"),
    (b"{cipher}", "a Spring Cloud Config value"),
];
/// Armour whose body is ciphertext.
const ARMOURS: [(&[u8], &[u8], &str); 2] = [
    (b"-----BEGIN AGE ENCRYPTED FILE-----", b"-----END AGE", "an age file"),
    (b"-----BEGIN PGP MESSAGE-----", b"-----END PGP", "a PGP message"),
];
/// Beginnings of values that are ciphertext as a whole.
const BEGINNINGS: [(&[u8], &str); 6] = [
    (b"encrypted:", "a dotenvx value"),
    (b"$ANSIBLE_VAULT;", "an Ansible Vault value"),
    (b"!vault", "an Ansible Vault value"),
    (b"ENC[", "an encrypted value"),
    (b"ENC(", "an encrypted value"),
    (b"{cipher}", "a Spring Cloud Config value"),
];

/// What the match is a part of, if that is ciphertext.
pub(super) fn encrypted(cx: &Context<'_>) -> Option<&'static str> {
    let (start, end) = (cx.span.secret_start, cx.span.secret_end);
    let secret = &cx.bytes[start..end];
    if let Some((_, what)) = BEGINNINGS.iter().find(|(head, _)| secret.starts_with(head)) {
        return Some(what);
    }
    if is_laravel(secret) {
        return Some("a Laravel value");
    }
    let before = &cx.bytes[start.saturating_sub(REACH)..start];
    let line = &before[memchr::memrchr(b'\n', before).map_or(0, |at| at + 1)..];
    if cx.path.is_some_and(is_encrypted_file) && is_opaque(line, &cx.bytes[end..cx.bytes.len().min(end + LOOK)]) {
        return Some("a file that is encrypted as a whole");
    }
    let open = |(head, _): &&(&[u8], &str)| {
        memchr::memmem::rfind(line, head).is_some_and(|at| line[at + head.len()..].iter().all(|b| is_body(*b)))
    };
    HEADS.iter().find(open).map(|head| head.1).or_else(|| {
        let inside = |(head, tail, _): &&(&[u8], &[u8], &str)| {
            memchr::memmem::rfind(before, head).is_some_and(|at| is_armour(&before[at + head.len()..], tail))
        };
        ARMOURS.iter().find(inside).map(|a| a.2).or_else(|| vaulted(before).then_some("an Ansible Vault value"))
    })
}

/// Does ciphertext of one line hold it: base64, and what tells its parts from each other?
fn is_body(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b',' | b':' | b'_' | b'-')
}

/// Are these lines behind the first of an armour such as it has: headers, an empty line, base64?
fn is_armour(text: &[u8], tail: &[u8]) -> bool {
    if memchr::memmem::find(text, tail).is_some() {
        return false;
    }
    let mut in_head = true;
    text.split(|b| *b == b'\n').skip(1).all(|line| {
        let line = line.trim_ascii();
        in_head &= memchr::memmem::find(line, b": ").is_some();
        in_head || line.iter().all(|b| is_body(*b))
    })
}

/// May a file hold nothing but ciphertext, by its name: Rails credentials and their like?
pub(in super::super) fn is_encrypted_file(path: &str) -> bool {
    [".yml.enc", ".yaml.enc", ".env.vault", ".gpg", ".asc.enc"].iter().any(|end| path.ends_with(end))
}

/// Is what stands on the line around a match nothing a person wrote: base64 alone, the value of dotenv-vault, or bytes that are no text?
fn is_opaque(before: &[u8], behind: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(LOOK)..];
    let behind = &behind[..memchr::memchr(b'\n', behind).unwrap_or(behind.len())];
    let is_binary = |b: &u8| !b.is_ascii() || b.is_ascii_control() && !b.is_ascii_whitespace();
    let vault = before.strip_prefix(b"DOTENV_VAULT_").unwrap_or(before);
    let body = vault.iter().skip_while(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'=' | b'"'));
    let is_vault = vault.len() < before.len() && body.chain(behind).all(|b| is_body(*b) || *b == b'"' || *b == b'\r');
    is_vault
        || near.iter().chain(behind).any(is_binary)
        || before.iter().chain(behind.trim_ascii_end()).all(|b| is_body(*b) && !matches!(b, b':' | b','))
            // Parts of base64 are filled up with these signs, and joined by dashes; a name is followed by one.
            && before.iter().zip(before.iter().skip(1).chain(b"?")).all(|(b, next)| *b != b'=' || matches!(next, b'=' | b'-'))
}

/// Is it the base64 of a JSON object that begins with `iv`, as Laravel's encrypter makes them?
fn is_laravel(secret: &[u8]) -> bool {
    secret.len() > 80 && secret.starts_with(b"eyJpdiI6I") && !secret.contains(&b'.')
}

/// Do lines of hex digits go back from here to the header of Ansible Vault?
fn vaulted(before: &[u8]) -> bool {
    memchr::memmem::rfind(before, b"$ANSIBLE_VAULT;").is_some_and(|at| {
        let mut lines = before[at..].split(|b| *b == b'\n').skip(1);
        lines.all(|line| line.trim_ascii().iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::pattern::Span;
    use super::*;

    fn check(text: &str, path: Option<&str>, expected: bool) {
        let at = text.find("VALUE").unwrap();
        let span = Span { start: at, end: at + 5, secret_start: at, secret_end: at + 5 };
        let cx = Context { bytes: text.as_bytes(), span, name: None, form: None, path, now: 0 };
        assert_eq!(encrypted(&cx).is_some(), expected, "{text}");
    }

    #[test]
    fn ciphertexts() {
        check("key: ENC[AES256_GCM,data:VALUE,iv:x,tag:y,type:str]", None, true);
        check("key: ENC[AES256_GCM,data:x,iv:x,tag:y,type:str]\npassword: VALUE", None, false);
        check("key: ENC[AES256_GCM,data:x] VALUE", None, false);
        check("key: ENC[PKCS7,VALUE]", None, true);
        check("key=ENC(VALUE)", None, true);
        check("<password>{AQAAABAAAAAQVALUE}</password>", None, true);
        check("password: '{cipher}VALUE'", None, true);
        check("-----BEGIN AGE ENCRYPTED FILE-----\nabc\nVALUE\n-----END AGE ENCRYPTED FILE-----", None, true);
        check("-----BEGIN AGE ENCRYPTED FILE-----\nabc\n-----END AGE ENCRYPTED FILE-----\nVALUE", None, false);
        check("abcd/VALUE+x==--abcd--efgh==", Some("config/credentials.yml.enc"), true);
        check("DOTENV_VAULT_CI=\"abVALUEcd==\"", Some(".env.vault"), true);
        check("\u{fffd}\u{1}VALUE\u{2}", Some("a.gpg"), true);
        check("VALUE", Some("config/credentials.yml"), false);
        check("VALUE in ENC[AES256_GCM,data", None, false);
    }

    #[test]
    fn plain_values_beside_ciphertext() {
        check("token: VALUE", Some("config/credentials.yml.enc"), false);
        check("token: VALUE", Some("a.gpg"), false);
        check("PASSWORD=VALUE", Some(".env.vault"), false);
        check("DOTENV_VAULT_CI=x PASSWORD=VALUE", Some(".env.vault"), false);
        check("{\"a\":\"{cipher}abcd\",\"token\":\"VALUE\"}", None, false);
        check("if (s.startsWith(\"{cipher}\")) t = \"VALUE\"", None, false);
        check("a = ENC(x; b = VALUE", None, false);
        check("a = ENC[AES256_GCM, b = VALUE", None, false);
        check("{AQAAABAAAA\" token=VALUE", None, false);
        check("say -----BEGIN PGP MESSAGE----- and\ntoken = VALUE", None, false);
        check("-----BEGIN PGP MESSAGE-----\nVersion: x y\n\nabVALUE", None, true);
    }

    #[test]
    fn vault_blocks_end() {
        check("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3061\n  VALUE", None, true);
        check("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3061\nb: VALUE", None, false);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..900), a in 0usize..900, n in 0usize..64) {
            let start = a.min(bytes.len() - 1);
            let end = (start + n).min(bytes.len());
            let span = Span { start, end, secret_start: start, secret_end: end };
            let _ = encrypted(&Context { bytes: &bytes, span, name: None, form: None, path: None, now: 0 });
        }
    }
}
