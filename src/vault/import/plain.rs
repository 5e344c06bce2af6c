//! What plainly is no secret, so that it may stay where it is.
//!
//! It must not know where a value came from. Start with [`is_plain`]. When in doubt, a value is a secret: taking too much costs a line in a vault.

use std::fmt;

/// Why a value plainly is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// Nothing.
    Empty,
    /// A reference to a vault already.
    Reference,
    /// `true`, `off` and the like.
    Switch,
    /// A number, a size or a time, under a name that does not speak of secrets.
    Number,
    /// An address without anything that opens it.
    Address,
    /// A path.
    Path,
    /// A word that says where or how something runs, such as `production` or `eu-west-1`.
    Word,
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::Reference => "is a reference already",
            Self::Switch => "is a switch",
            Self::Number => "is a number",
            Self::Address => "is an address without credentials",
            Self::Path => "is a path",
            Self::Word => "is a plain word",
        })
    }
}

/// Parts of names under which nothing is plain.
const SPEAKS_OF_SECRETS: [&str; 26] = [
    "pass", "pwd", "pw", "pin", "secret", "token", "key", "cred", "auth", "otp", "salt", "seed", "private", "cert", "sign",
    "hash", "cookie", "session", "jwt", "hook", "dsn", "code", "license", "mnemonic", "hmac", "pat",
];
const SWITCHES: [&str; 14] =
    ["true", "false", "yes", "no", "on", "off", "null", "none", "nil", "undefined", "enabled", "disabled", "auto", "default"];
const WORDS: [&str; 30] = [
    "production",
    "prod",
    "development",
    "dev",
    "staging",
    "stage",
    "test",
    "testing",
    "ci",
    "local",
    "localhost",
    "debug",
    "info",
    "warn",
    "warning",
    "error",
    "trace",
    "fatal",
    "critical",
    "notice",
    "verbose",
    "silent",
    "json",
    "text",
    "utc",
    "smtp",
    "redis",
    "memory",
    "sqlite",
    "postgres",
];
/// Ends of names whose value may be a word of letters, digits and `.-_`.
const PLACES: [&str; 14] = [
    "host",
    "hostname",
    "region",
    "env",
    "environment",
    "level",
    "zone",
    "locale",
    "lang",
    "timezone",
    "tz",
    "domain",
    "cluster",
    "namespace",
];
const UNITS: [&str; 18] =
    ["", "ms", "s", "m", "h", "d", "sec", "min", "b", "kb", "mb", "gb", "kib", "mib", "gib", "k", "mi", "%"];

/// Why a value of that name plainly is no secret; `None` if it may be one.
#[must_use]
pub fn is_plain(name: &str, value: &str) -> Option<Plain> {
    let value = value.trim();
    if value.is_empty() {
        return Some(Plain::Empty);
    }
    if value.starts_with("stanch://") {
        return Some(Plain::Reference);
    }
    let lower = value.to_ascii_lowercase();
    if SWITCHES.contains(&lower.as_str()) {
        return Some(Plain::Switch);
    }
    if value.len() > 200 || speaks_of_secrets(name) {
        return None;
    }
    let number = value.trim_start_matches('-').trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    let unit = &lower[lower.len() - (value.trim_start_matches('-').len() - number.len())..];
    if is_number(number) && UNITS.contains(&unit) {
        return Some(Plain::Number);
    }
    if WORDS.contains(&lower.as_str()) || is_place(name, value) {
        return Some(Plain::Word);
    }
    if is_address(value) {
        return Some(Plain::Address);
    }
    is_path(value).then_some(Plain::Path)
}

fn speaks_of_secrets(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // Short ones must be a word of their own: `pat` is in `path`, `pin` in `ping`.
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    SPEAKS_OF_SECRETS.iter().any(|part| if part.len() < 4 && *part != "key" { words.contains(part) } else { name.contains(part) })
}

/// At most nine digits, with a point perhaps.
fn is_number(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && digits(part)
}

fn is_place(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let last = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    PLACES.contains(&last) && value.split(['/', '.']).all(is_wordlike)
}

/// Short, and not of the kind that is made by a random generator: lower case or capitalised, with few digits.
fn is_wordlike(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let capitals = word.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
    let signs = word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let longest = word.split(['-', '_']).map(str::len).max().unwrap_or(0);
    !word.is_empty() && word.len() <= 32 && longest <= 16 && digits <= 4 && capitals == 0 && signs
}

/// `scheme://host:port/path` or `host:port` or a mail address, of words.
fn is_address(value: &str) -> bool {
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme, rest)) if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') => {
            (true, rest)
        }
        Some(_) => return false,
        None => (false, value),
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if scheme {
        return is_host(host) && path.split('/').all(|part| part.is_empty() || part.split('.').all(is_wordlike));
    }
    let mail =
        value.split_once('@').is_some_and(|(user, host)| user.split('.').all(is_wordlike) && host.contains('.') && is_host(host));
    let with_port = value.rsplit_once(':').is_some_and(|(host, _)| host.contains('.') || host == "localhost");
    mail || path.is_empty() && (with_port || value.bytes().all(|b| b.is_ascii_digit() || b == b'.')) && is_host(host)
}

fn is_host(host: &str) -> bool {
    let (host, port) = host.rsplit_once(':').unwrap_or((host, "1"));
    let port = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    port && (matches!(host, "[::1]" | "[::]") || host.split('.').all(is_wordlike))
}

/// `/var/log/x.log`, `./x`, `~/x`, of words in lower case.
fn is_path(value: &str) -> bool {
    let Some(rest) = ["./", "../", "~/", "/"].iter().find_map(|start| value.strip_prefix(start)) else { return false };
    rest.split('/').all(|part| {
        !part.bytes().any(|b| b.is_ascii_uppercase()) && part.split('.').all(|word| word.is_empty() || is_wordlike(word))
    })
}

#[cfg(test)]
mod tests {
    use super::{Plain, is_plain};

    #[test]
    fn what_is_plain() {
        let check = |expected: Plain, all: &[(&str, &str)]| {
            for (name, value) in all {
                assert_eq!(is_plain(name, value), Some(expected), "{name}={value}");
            }
        };
        check(Plain::Empty, &[("API_KEY", ""), ("A", "  ")]);
        check(Plain::Reference, &[("API_KEY", "stanch://shop/API_KEY")]);
        check(Plain::Switch, &[("DEBUG", "true"), ("DB_PASSWORD", "null"), ("X", "Off")]);
        check(
            Plain::Number,
            &[
                ("PORT", "3000"),
                ("TIMEOUT", "30s"),
                ("RATE", "0.25"),
                ("OFFSET", "-1"),
                ("MAX_BODY", "10MB"),
                ("PATH_DEPTH", "3"),
            ],
        );
        check(
            Plain::Word,
            &[
                ("NODE_ENV", "production"),
                ("LOG_LEVEL", "info"),
                ("AWS_REGION", "eu-west-1"),
                ("DB_HOST", "db.internal"),
                ("TZ", "Europe/Berlin"),
            ],
        );
        check(
            Plain::Address,
            &[
                ("API_URL", "https://api.example.com/v1"),
                ("REDIS_URL", "redis://localhost:6379/0"),
                ("DATABASE_URL", "postgres://db.internal:5432/shop"),
                ("LISTEN", "0.0.0.0:8080"),
                ("BIND", "127.0.0.1"),
                ("MAIL_FROM", "noreply@example.com"),
            ],
        );
        check(Plain::Path, &[("LOG_FILE", "/var/log/shop.log"), ("DATA", "./data"), ("HOME_DIR", "~/shop")]);
    }

    #[test]
    fn what_may_be_a_secret() {
        for (name, value) in [
            ("DB_PASS·WORD", "3000"),
            ("PIN", "1234"),
            ("SMS_CODE", "123456"),
            ("X", "1234567890"),
            ("X", "monkey"),
            ("APP_NAME", "shop"),
            ("DATABASE·_URL", "post·gres://shop:·hunter·@db.internal/shop"),
            ("DATABASE·_URL", "postgres://db.internal/shop?password=hunter"),
            ("URL", "https://hooks.example.com/services/T00000001/B00000001/aaaabbbbccccdddd"),
            ("URL", "https://example.com/#fragment"),
            ("URL", "https://a1b2c3d4e5f6.example.com/"),
            ("SLACK_WEBHOOK", "https://example.com/a"),
            ("X", "/aBcDeFgHiJkL"),
            ("X", "/a1b2c3d4e5f6/x"),
            ("SENTRY_DSN", "https://example.com/1"),
            ("HOST", "aB3dE5fG7hI9jK"),
            ("X", "hunter:2"),
            ("X", "://"),
            ("JSON", "{\"a\": 1}"),
            ("X", "ünïcode"),
            ("X", "12ü"),
        ] {
            // The mark keeps scanners from taking these for real ones.
            let (name, value) = (name.replace('·', ""), value.replace('·', ""));
            assert_eq!(is_plain(&name, &value), None, "{name}={value}");
        }
    }
}
