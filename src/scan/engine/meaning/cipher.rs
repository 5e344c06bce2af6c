//! Is a value the ciphertext of a tool that keeps encrypted secrets in files?
//!
//! Formats: SOPS and Helm secrets, Puppet eyaml, dotenvx, Ansible Vault, age and PGP armour, Jenkins, Maven, Spring Cloud Config,
//! Jasypt, Laravel, Sealed Secrets, Rails credentials. It must not know rules, and looks at no more than a few hundred bytes
//! around a match, as [`super::Judge`] promises. Start with [`encrypted`]; [`is_encrypted_file`] goes by the file's name.

use super::Context;

/// So far before a match the beginning of a ciphertext is looked for.
const REACH: usize = 600;
/// Beginnings of ciphertexts that end in a bracket, and that bracket.
const BRACKETS: [(&[u8], u8, &str); 6] = [
    (b"ENC[AES256_GCM,", b']', "a SOPS value"),
    (b"ENC[PKCS7,", b']', "an eyaml value"),
    (b"ENC[GPG,", b']', "an eyaml value"),
    (b"ENC(", b')', "a Jasypt value"),
    (b"{AQAAABAAAA", b'}', "a Jenkins value"),
    (b"{cipher}", b'\n', "a Spring Cloud Config value"),
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
    if cx.path.is_some_and(is_encrypted_file) {
        return Some("a file that is encrypted as a whole");
    }
    let before = &cx.bytes[start.saturating_sub(REACH)..start];
    let line = &before[memchr::memrchr(b'\n', before).map_or(0, |at| at + 1)..];
    let open = |(head, close, _): &&(&[u8], u8, &str)| {
        memchr::memmem::rfind(line, head).is_some_and(|at| memchr::memchr(*close, &line[at + head.len()..]).is_none())
    };
    BRACKETS.iter().find(open).map(|b| b.2).or_else(|| {
        let inside = |(head, tail, _): &&(&[u8], &[u8], &str)| {
            memchr::memmem::rfind(before, head).is_some_and(|at| memchr::memmem::find(&before[at..], tail).is_none())
        };
        ARMOURS.iter().find(inside).map(|a| a.2).or_else(|| vaulted(before).then_some("an Ansible Vault value"))
    })
}

/// Is it a file that holds nothing but ciphertext, by its name: Rails credentials and their like?
pub(in super::super) fn is_encrypted_file(path: &str) -> bool {
    [".yml.enc", ".yaml.enc", ".env.vault", ".gpg", ".asc.enc"].iter().any(|end| path.ends_with(end))
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
        check("VALUE", Some("config/credentials.yml.enc"), true);
        check("VALUE", Some("config/credentials.yml"), false);
        check("VALUE in ENC[AES256_GCM,data", None, false);
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
