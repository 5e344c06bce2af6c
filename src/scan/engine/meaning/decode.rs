//! What a secret decodes to: JSON headers of JWTs, `user:password`, PEM blocks.
//!
//! It must not know rules. All functions take the secret's bytes and allocate no more than they are long.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Decodes base64 of either alphabet, padded or not.
#[must_use]
pub fn base64(text: &[u8]) -> Option<Vec<u8>> {
    if text.iter().any(|b| matches!(b, b'-' | b'_')) { URL.decode(text).ok() } else { STANDARD.decode(text).ok() }
}

fn is_printable(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && std::str::from_utf8(bytes).is_ok_and(|s| !s.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
}

/// Decodes to printable text.
#[must_use]
pub fn text(secret: &[u8]) -> Option<Vec<u8>> {
    base64(secret).filter(|b| is_printable(b))
}

/// Decodes to text with `PRIVATE KEY` in it.
#[must_use]
pub fn is_pem(secret: &[u8]) -> bool {
    let whole = secret.len() - secret.len() % 4;
    base64(&secret[..whole]).is_some_and(|b| memchr::memmem::find(&b, b"PRIVATE KEY").is_some())
}

/// The password of a printable `user:password`.
#[must_use]
pub fn basic_password(secret: &[u8]) -> Option<Vec<u8>> {
    let decoded = text(secret)?;
    let at = memchr::memchr(b':', &decoded)?;
    (decoded.len() > at + 1).then(|| decoded[at + 1..].to_vec())
}

/// Does the first of its dot-separated parts decode to 17 to 20 digits?
#[must_use]
pub fn first_part_is_digits(secret: &[u8]) -> bool {
    let first = secret.split(|b| *b == b'.').next().unwrap_or_default();
    base64(first).is_some_and(|b| (17..=20).contains(&b.len()) && b.iter().all(u8::is_ascii_digit))
}

/// What logs in to a registry.
#[derive(Debug, PartialEq, Eq)]
pub enum Login {
    /// User and password as they stand in a Basic header.
    Basic(String),
    /// A password or token as it is.
    Plain(String),
}

/// The logins of a Docker `config.json` that is wrapped in base64; none if it is none.
#[must_use]
pub fn docker_logins(secret: &[u8]) -> Vec<Login> {
    let json = base64(secret).and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
    let entries = json.as_ref().and_then(|json| json.get("auths")).and_then(serde_json::Value::as_object);
    let login = |(name, value): (&String, &serde_json::Value)| match (name.as_str(), value.as_str()?) {
        ("auth", value) => Some(Login::Basic(value.to_owned())),
        ("password" | "identitytoken" | "registrytoken", value) => Some(Login::Plain(value.to_owned())),
        _ => None,
    };
    entries.into_iter().flatten().filter_map(|(_, entry)| entry.as_object()).flatten().filter_map(login).collect()
}

/// What a JWT says of itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Jwt {
    /// `alg` of the header.
    pub alg: String,
    /// `exp` of the payload, seconds since 1970.
    pub expires: Option<u64>,
    /// The header is not JSON any more.
    pub damaged: bool,
}

/// Reads the header and payload of a JWT. `None` if the header does not decode to JSON with `alg`, nor to what was such JSON before a byte of it changed.
#[must_use]
pub fn jwt(secret: &[u8]) -> Option<Jwt> {
    let start = memchr::memmem::find(secret, b"eyJ")?;
    let mut parts = secret[start..].split(|b| *b == b'.');
    let head = base64(parts.next()?)?;
    let payload = parts.next().and_then(base64).and_then(|p| serde_json::from_slice::<serde_json::Value>(&p).ok());
    let expires = payload.as_ref().and_then(|p| p.get("exp")).and_then(serde_json::Value::as_u64);
    let Ok(header) = serde_json::from_slice::<serde_json::Value>(&head) else {
        // Some bytes of it were changed: the rest is what only a token is made of.
        let named = memchr::memmem::find(&head, b"\"alg\"").is_some();
        let whole = named && head.starts_with(b"{\"") && head.ends_with(b"}") && payload.is_some_and(|p| p.is_object());
        let signed = parts.next().is_some_and(|signature| signature.len() >= 20);
        return (whole && signed).then_some(Jwt { alg: String::new(), expires, damaged: true });
    };
    let alg = header.get("alg").or_else(|| header.get("enc"))?.as_str()?.to_owned();
    Some(Jwt { alg, expires, damaged: false })
}

/// Is it a PEM block with a body of at least 64 base64 characters that decodes to something that begins like a key?
/// Escaped newlines, quotes and indentation inside are fine.
#[must_use]
pub fn is_pem_block(secret: &[u8]) -> bool {
    let Some(head) = memchr::memmem::find(secret, b"-----BEGIN ") else { return false };
    let Some(body) = memchr::memmem::find(&secret[head + 11..], b"-----").map(|at| &secret[head + 16 + at..]) else {
        return false;
    };
    let end = memchr::memmem::find(body, b"-----END").unwrap_or(body.len());
    let plain = pem_body(&without_marks(&body[..end]));
    if plain.len() < 64 || plain.iter().collect::<std::collections::BTreeSet<_>>().len() < 16 {
        return false;
    }
    let whole = plain.len() - plain.len() % 4;
    base64(&plain[..whole]).is_some_and(|b| {
        let kind = &secret[head..head + 40.min(secret.len() - head)];
        let other = memchr::memmem::find(kind, b"PGP").is_some() || memchr::memmem::find(kind, b"SSH2").is_some();
        other
            || b.starts_with(b"openssh-key-v1")
            || b.starts_with(&[0x30])
            || memchr::memmem::find(secret, b"Proc-Type").is_some()
    })
}

/// A body without what stands before each of its lines in a diff or a comment and might be base64: `+`, `//`.
fn without_marks(body: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let lines = || body.split(|b| *b == b'\n').skip(1);
    let mark = [&b"+"[..], b"//"].into_iter().find(|mark| lines().count() > 1 && lines().all(|line| line.starts_with(mark)));
    match mark {
        Some(mark) => lines().flat_map(|line| [&line[mark.len()..], b"\n"].concat()).collect::<Vec<u8>>().into(),
        None => body.into(),
    }
}

/// The base64 characters of a PEM body: no headers (`Proc-Type: …`), no escapes, no white space, no `+` between two literals.
fn pem_body(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(body.len());
    let mut rest = body;
    let mut last = 0;
    while let Some((byte, tail)) = rest.split_first() {
        let joins = *byte == b'+' && is_quote(last) && tail.trim_ascii_start().first().is_some_and(|b| is_quote(*b));
        if !byte.is_ascii_whitespace() {
            last = *byte;
        }
        rest = match byte {
            _ if joins => tail,
            b'\\' => {
                let more = tail.iter().take_while(|b| **b == b'\\').count();
                tail.get(more + 1..).unwrap_or_default()
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => {
                plain.push(*byte);
                tail
            }
            b':' => {
                // A header line: what was collected of it is dropped with it.
                let line = tail.iter().position(|b| matches!(b, b'\n' | b'\\')).unwrap_or(tail.len());
                plain.clear();
                &tail[line..]
            }
            _ => tail,
        };
    }
    while plain.last() == Some(&b'=') {
        plain.pop();
    }
    plain
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(bytes: &[u8]) -> Vec<u8> {
        STANDARD.encode(bytes).into_bytes()
    }

    #[test]
    fn decodes() {
        assert_eq!(basic_password(&encode(b"user:pa:ss")).as_deref(), Some(&b"pa:ss"[..]));
        assert_eq!(basic_password(&encode(b"user:")), None);
        assert_eq!(basic_password(&encode(b"\x01\x02:\x03")), None);
        assert!(first_part_is_digits(b"MTIzNDU2Nzg5MDEyMzQ1Njc4.x.y"));
        assert!(!first_part_is_digits(b"bm90IGRpZ2l0cw.x.y"));
        assert!(is_pem(&encode(b"-----BEGIN RSA PRIVATE KEY-----\n")));
    }

    #[test]
    fn reads_logins() {
        let config =
            br#"{"auths": {"a.test": {"auth": "eDp5", "email": "m"}, "b.test": {"identitytoken": "t"}, "c": 1}, "proxies": 2}"#;
        assert_eq!(docker_logins(&encode(config)), [Login::Basic("eDp5".into()), Login::Plain("t".into())]);
        assert_eq!(docker_logins(&encode(br#"{"auths": [1]}"#)), []);
        assert_eq!(docker_logins(b"eyJhdXRocyI6"), []);
    }

    #[test]
    fn reads_jwts() {
        let token = [URL.encode(br#"{"alg":"HS256"}"#), URL.encode(br#"{"exp":12}"#), "sig".into()].join(".");
        assert_eq!(jwt(token.as_bytes()), Some(Jwt { alg: "HS256".into(), expires: Some(12), damaged: false }));
        assert_eq!(jwt(b"eyJub3QganNvbg.eyJ.x"), None);
        // One byte of `{"alg":"HS256"}` is another; without its last one it is none.
        let damaged = |head: &str| {
            jwt(format!("{}.{}.{}", URL.encode(head), URL.encode("{\"sub\":\"a\"}"), "0123456789abcdefghij").as_bytes())
        };
        assert_eq!(damaged("{\"alg\":xHS256\"}"), Some(Jwt { alg: String::new(), expires: None, damaged: true }));
        assert_eq!(damaged("{\"alg\":\"HS256\""), None);
    }

    #[test]
    fn pem_blocks() {
        let mut der = vec![0x30, 0x82];
        der.extend((0..200u32).map(|i| (i * 97 % 251) as u8));
        let body = String::from_utf8(encode(&der)).unwrap();
        let wrapped: Vec<String> = body.as_bytes().chunks(64).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
        let block = |sep: &str, extra: &str| {
            format!("-----BEGIN RSA PRIVATE KEY-----{sep}{extra}{}{sep}-----END RSA PRIVATE KEY-----", wrapped.join(sep))
        };
        assert!(is_pem_block(block("\n", "").as_bytes()));
        assert!(is_pem_block(block("\\n", "").as_bytes()));
        assert!(is_pem_block(block("\n    ", "").as_bytes()));
        assert!(is_pem_block(block("\\n\" +\n    \"", "").as_bytes()));
        assert!(is_pem_block(block("' +\n  '", "").as_bytes()));
        assert!(is_pem_block(block("\\\\r\\\\n", "").as_bytes()));
        for mark in ["\n+", "\n# ", "\n//", "\n// ", "\n> ", "\n * "] {
            assert!(is_pem_block(block(mark, "").as_bytes()), "{mark}");
        }
        assert!(is_pem_block(block("\n", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n").as_bytes()));
        assert!(!is_pem_block(b"-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----"));
        assert!(!is_pem_block(b"-----BEGIN RSA PRIVATE KEY-----"));
    }
}
