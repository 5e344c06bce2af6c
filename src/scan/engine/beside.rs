//! A service that is named beside a credential and not in its name: `acme token = '…'`, `"acme": { "api_key": "…" }`,
//! `https://api.acme.example/v1?key=…`, `The acme token is …`.
//!
//! Rules that want the keyword in the name are for forms that much else has. Here they hold, a step less certain, if the keyword stands
//! before the value as a whole word and what the value is assigned to, or the words before it, say that it is a credential. Start with [`is_stated`].

use super::near::{NEAR, block_start};
use super::words::{self, begins_word_at, whole_word};

/// Parts of names of credentials.
const PARTS: &[&[u8]] = &[b"key", b"token", b"secret", b"pass", b"pwd", b"auth", b"cred", b"bearer"];
/// Names with these in them are of what is published.
const PUBLIC: &[&[u8]] =
    &[b"public", b"keyword", b"authors", b"authority", b"primarykey", b"foreignkey", b"cache", b"idempot", b"csrf", b"xsrf"];
/// Words of names that say nothing of whose a credential is; longer ones first.
const GENERIC: &[&[u8]] = &[
    b"application",
    b"password",
    b"consumer",
    b"private",
    b"signing",
    b"account",
    b"primary",
    b"service",
    b"bearer",
    b"secret",
    b"access",
    b"client",
    b"master",
    b"shared",
    b"token",
    b"oauth",
    b"auth",
    b"cred",
    b"pass",
    b"user",
    b"api",
    b"app",
    b"key",
    b"pwd",
    b"id",
];
/// Names that say nothing of what is in them.
const VALUES: &[&[u8]] = &[b"value", b"val", b"default", b"content", b"data", b"text", b"string"];
/// Names of identifiers, for rules of identifiers.
const IDS: &[&[u8]] = &[b"id", b"sid", b"account", b"app"];

/// Is the value at `at`, assigned to `name`, said to be a credential of what one of the `keywords` names?
#[must_use]
pub(super) fn is_stated(bytes: &[u8], at: usize, name: Option<(usize, usize)>, keywords: &[String], of_id: bool) -> bool {
    let from = block_start(bytes, at).min(at.saturating_sub(NEAR));
    let line = memchr::memrchr(b'\n', &bytes[from..at]).map_or(from, |i| from + i + 1);
    // Without a name it is prose, or an argument: both must stand on the line.
    let (text, said) = match name {
        Some((start, end)) => (&bytes[from..at], &bytes[start..end]),
        None => (&bytes[line.max(at.saturating_sub(NEAR))..at], &bytes[line.max(at.saturating_sub(NEAR))..at]),
    };
    let mut normal = words::normalise(said);
    if VALUES.contains(&&*normal) {
        // The name stands before it: `- name: ACME_KEY`, `value: …`.
        let before = bytes[from..line].trim_ascii_end();
        let start = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
        words::normalise_into(&bytes[from + start..at], &mut normal);
    }
    let has = |parts: &[&[u8]]| parts.iter().any(|part| memchr::memmem::find(&normal, part).is_some());
    let said = (has(PARTS) || of_id && IDS.iter().any(|id| normal.ends_with(id))) && !has(PUBLIC);
    if !said {
        return false;
    }
    let normal = keywords.iter().map(|word| words::normalise(word.as_bytes()));
    let services: Vec<Vec<u8>> = normal.filter(|word| names_service(word)).collect();
    (0..text.len()).any(|i| begins_word_at(text, i) && services.iter().any(|word| whole_word(text, i, word)))
}

/// Is there more in a keyword than words that many credentials are called by, as in `private_key`?
fn names_service(word: &[u8]) -> bool {
    let mut rest = word.to_vec();
    for part in GENERIC {
        while let Some(at) = memchr::memmem::find(&rest, part) {
            rest.drain(at..at + part.len());
        }
    }
    // A letter is that of a plural, or of `x_api_key`.
    rest.len() > 1
}

#[cfg(test)]
mod tests {
    use super::is_stated;

    fn check(text: &str, name: Option<&str>, keyword: &str, expected: bool) {
        let at = text.find('#').expect("the value is `#`");
        let name = name.map(|name| (text.rfind(name).unwrap(), text.rfind(name).unwrap() + name.len()));
        let keywords = [keyword.to_owned()];
        assert_eq!(is_stated(text.as_bytes(), at, name, &keywords, false), expected, "{text}");
    }

    #[test]
    fn a_service_beside_a_name_of_a_credential() {
        check("acme token = '#'", Some("token"), "acme", true);
        check("\"acme\": {\n  \"on\": true,\n  \"api_key\": \"#\"", Some("api_key"), "acme", true);
        check("curl 'https://api.acme.example/v1?key=#'", Some("key"), "acme", true);
        check("client = Acme(api_key=\"#\")", Some("api_key"), "acme", true);
        check("# for acme\nKEY = \"#\"".replacen('#', "//", 1).as_str(), Some("KEY"), "acme", true);
        check("- name: ACME_KEY\n  value: #", Some("value"), "acme", true);
        check("- name: ACME_REGION\n  value: #", Some("value"), "acme", false);
        check("acme revision = '#'", Some("revision"), "acme", false);
        check("acme public_key = '#'", Some("public_key"), "acme", false);
        check("acmeville token = '#'", Some("token"), "acme", false);
        check("acme = 1\n\ntoken = '#'".replace("\n\n", &"\n\n".repeat(40)).as_str(), Some("token"), "acme", false);
    }

    #[test]
    fn prose_says_both_on_its_line() {
        check("The acme token is #", None, "acme", true);
        check("-H 'Authorization: Bearer #' https://acme.example", None, "acme", false);
        check("curl https://acme.example -H 'Authorization: Bearer #'", None, "acme", true);
        check("The acme build is #", None, "acme", false);
        check("the acme token\nis #", None, "acme", false);
    }

    #[test]
    fn what_names_no_service_must_be_in_the_name() {
        check("my private_key, a secret: #", None, "privatekey", false);
        check("the acme_token, a secret: #", None, "acmetoken", true);
        check("the apify token: #", None, "apify", true);
    }
}
