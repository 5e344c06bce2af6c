//! Judges a structural match: is it a secret?
//!
//! It must not search. Start with [`Judge::judge`]. Order: path conditions, allow lists, placeholders, entropy, checks.

mod around;
pub mod checksum;
pub mod decode;
mod ignores;
pub mod placeholder;
pub mod random;

use std::sync::{Arc, OnceLock};

use ignore::gitignore::Gitignore;
use regex_automata::meta::Regex;

use super::super::finding::{Confidence, Severity};
use super::super::rule::{Check, Placeholders, Rule, Search, paths};
use super::extract::{self, Form};
use super::pattern::Span;
pub(super) use around::marks;
use around::{embedded, is_marked};
use random::Randomness;

/// What a match looked like in its surroundings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) span: Span,
    /// The name it is assigned to, if an extractor found it.
    pub(super) name: Option<(usize, usize)>,
    /// How the value is written, if an extractor found it.
    pub(super) form: Option<Form>,
    /// Path of the file, if there is one.
    pub(super) path: Option<&'a str>,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// Why a structural match is no finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Miss {
    /// The rule does not work on this file.
    Path,
    /// The rule's allow list names it.
    Allowed,
    /// It is a placeholder.
    Placeholder(&'static str),
    /// It is marked as an example with a middle dot.
    Marked,
    /// Its entropy, in bits per character, is too low.
    Entropy(f64),
    /// A check failed.
    Check(Check),
    /// No companion near, and the rule needs one.
    Alone,
    /// A better rule matched the same bytes; its index.
    Overlap(u32),
    /// No keyword of the rule is part of the name it is assigned to.
    Name,
}

/// A match that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    pub(super) notes: u8,
}

/// Notes of a verdict.
pub(super) mod note {
    /// A checksum matches.
    pub(in super::super) const CHECKSUM: u8 = 1;
    /// A checksum does not match.
    pub(in super::super) const BAD_CHECKSUM: u8 = 2;
    /// It decodes to what the format says.
    pub(in super::super) const DECODES: u8 = 4;
    /// It has expired or is not signed.
    pub(in super::super) const STALE: u8 = 8;
    /// It looks random.
    pub(in super::super) const RANDOM: u8 = 16;
}

/// What a rule's judgement needs, compiled when first used.
#[derive(Debug, Default)]
pub(super) struct Judge {
    only: OnceLock<Gitignore>,
    except: OnceLock<Gitignore>,
    allow: OnceLock<Vec<Regex>>,
    matching: OnceLock<Option<Regex>>,
    ignores: Vec<Arc<ignores::Ready>>,
}

/// Names that hold digests, identifiers and public values, normalised; the name contains or ends in one.
const DIGEST_NAMES: &[&str] = &[
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "md5",
    "digest",
    "checksum",
    "chksum",
    "integrity",
    "etag",
    "commit",
    "revision",
    "gitrev",
    "githash",
    "hash",
    "fingerprint",
    "thumbprint",
    "cksum",
    "crc",
    "uuid",
    "guid",
    "traceid",
    "spanid",
    "requestid",
    "correlationid",
    "cachekey",
    "publickey",
    "pubkey",
    "blockhash",
    "txhash",
    "merkle",
    "signature",
    "nonce",
    "objectid",
    "buildid",
    "imageid",
    "containerid",
    "layerid",
    "treehash",
    "blob",
    "sri",
];
/// Names that are only that word.
const DIGEST_WORDS: &[&str] = &["id", "rev", "ref", "sha", "sum", "tag", "version", "hash", "parent", "tree", "oid", "sig", "iv"];
/// What stands directly before digests.
const DIGEST_PREFIXES: &[&[u8]] = &[
    b"sha256:",
    b"sha512:",
    b"sha1:",
    b"md5:",
    b"sha256-",
    b"sha384-",
    b"sha512-",
    b"sha1-",
    b"sha256=",
    b"sha256/",
    b"blake3:",
    b"blake2b:",
];

impl Judge {
    /// One for each rule.
    pub(super) fn of(rules: &[Rule]) -> Vec<Self> {
        let mut ignores = ignores::Ignores::default();
        rules.iter().map(|rule| Self { ignores: ignores.of(&rule.ignore), ..Self::default() }).collect()
    }

    pub(super) fn judge(&self, rule: &Rule, cx: &Context<'_>) -> Result<Verdict, Miss> {
        let secret = &cx.bytes[cx.span.secret_start..cx.span.secret_end];
        if !self.path_fits(rule, cx.path) {
            return Err(Miss::Path);
        }
        if self.allowed(rule, secret) || self.ignores.iter().any(|ignore| ignore.holds(cx)) {
            return Err(Miss::Allowed);
        }
        // What a checksum proves was issued, whatever words stand in it by chance.
        let proven = rule.checks.iter().any(|check| is_proof(*check, secret));
        if !proven && is_marked(cx) {
            return Err(Miss::Marked);
        }
        if rule.search == Search::Literal && embedded(cx) {
            return Err(Miss::Placeholder("a part of a longer base64 text"));
        }
        if !proven
            && rule.placeholders == Placeholders::Dropped
            && let Some(why) = placeholder::placeholder(secret)
        {
            return Err(Miss::Placeholder(why));
        }
        let generic = rule.category == "generic" && rule.search == Search::Literal;
        if generic && placeholder::counted(secret) {
            return Err(Miss::Placeholder("an ascending sequence"));
        }
        if generic && placeholder::time_based(secret) {
            return Err(Miss::Placeholder("made of a time and an address"));
        }
        if rule.entropy > 0.0 {
            let entropy = random::shannon(secret);
            if entropy < f64::from(rule.entropy) {
                return Err(Miss::Entropy(entropy));
            }
        }
        let mut verdict = Verdict { severity: rule.severity, confidence: rule.confidence, notes: 0 };
        for check in &rule.checks {
            run(*check, secret, cx, &mut verdict)?;
        }
        Ok(verdict)
    }

    pub(super) fn path_fits(&self, rule: &Rule, path: Option<&str>) -> bool {
        let Some(path) = path else { return rule.paths.only.is_empty() && rule.paths.matching.is_empty() };
        let matching = || self.matching.get_or_init(|| ignores::compiled(&rule.paths.matching)).as_ref();
        if !rule.paths.matching.is_empty() && !matching().is_some_and(|regex| regex.is_match(path)) {
            return false;
        }
        let hit = |cell: &OnceLock<Gitignore>, globs: &mut dyn Iterator<Item = &String>| {
            paths::fits(cell.get_or_init(|| paths::globs(globs)), path)
        };
        let only = rule.paths.only.is_empty() || hit(&self.only, &mut rule.paths.only.iter());
        let none = rule.paths.except.is_empty() && rule.allow.paths.is_empty();
        only && (none || !hit(&self.except, &mut rule.paths.except.iter().chain(&rule.allow.paths)))
    }

    /// Whether the rule works on a file of this path, and which of its conditions on paths hold there.
    pub(super) fn path_meaning<'a>(&'a self, rule: &Rule, path: Option<&'a str>) -> impl Iterator<Item = bool> + 'a {
        let fits = self.path_fits(rule, path);
        std::iter::once(fits).chain(self.ignores.iter().map(move |ignore| ignore.path_holds(path)))
    }

    fn allowed(&self, rule: &Rule, secret: &[u8]) -> bool {
        let allow = &rule.allow;
        let word = |w: &String| {
            let lower = secret.to_ascii_lowercase();
            memchr::memmem::find(&lower, w.to_ascii_lowercase().as_bytes()).is_some()
        };
        allow.values.iter().any(|v| v.as_bytes() == secret)
            || allow.words.iter().any(word)
            || (!allow.regexes.is_empty()
                && self.allow.get_or_init(|| regexes(&allow.regexes)).iter().any(|r| r.is_match(secret)))
    }
}

/// Does a checksum that only an issuer's token has by more than chance match?
fn is_proof(check: Check, secret: &[u8]) -> bool {
    match check {
        Check::Base58Check => checksum::base58check(secret),
        Check::Bech32 => checksum::bech32(secret),
        Check::Crc32Base62 => checksum::crc32_base62(secret),
        Check::Crc32HexLe => checksum::crc32_hex_le(secret),
        Check::Crc32HexBe => checksum::crc32_hex_be(secret),
        _ => false,
    }
}

fn regexes(sources: &[String]) -> Vec<Regex> {
    let syntax = regex_automata::util::syntax::Config::new().unicode(false).utf8(false);
    sources.iter().filter_map(|s| Regex::builder().syntax(syntax).build(s).ok()).collect()
}

fn run(check: Check, secret: &[u8], cx: &Context<'_>, verdict: &mut Verdict) -> Result<(), Miss> {
    let mut need = |holds: bool, note: u8| {
        verdict.notes |= if holds { note } else { 0 };
        if holds { Ok(()) } else { Err(Miss::Check(check)) }
    };
    match check {
        Check::AwsKeyId => need(checksum::aws_key_id(secret), note::DECODES),
        Check::Base58Check => need(checksum::base58check(secret), note::CHECKSUM),
        Check::Bech32 => need(checksum::bech32(secret), note::CHECKSUM),
        Check::Luhn => need(checksum::luhn(secret), note::CHECKSUM),
        Check::DecodesBase64 => need(decode::base64(secret).is_some(), note::DECODES),
        Check::DecodesText => need(decode::text(secret).is_some(), note::DECODES),
        Check::DecodesPem => need(decode::is_pem(secret), note::DECODES),
        Check::DecodesDigits => need(decode::first_part_is_digits(secret), note::DECODES),
        Check::Pem => need(decode::is_pem_block(&cx.bytes[cx.span.start..cx.span.end]), note::DECODES),
        Check::DecodesBasic => need(basic(secret), note::DECODES),
        Check::Mixed => need(secret.iter().any(u8::is_ascii_alphabetic) && secret.iter().any(u8::is_ascii_digit), 0),
        Check::NotWord => need(!is_word(secret), 0),
        Check::Random => need(Randomness::of(secret).is_random(), note::RANDOM),
        Check::NotDigest => need(!is_digest(cx), 0),
        Check::Password => need(is_password(secret, cx), 0),
        Check::Jwt => jwt(secret, cx.now, verdict),
        Check::Crc32Base62 => {
            lower(checksum::crc32_base62(secret), verdict);
            Ok(())
        }
        Check::Crc32HexLe => {
            lower(checksum::crc32_hex_le(secret), verdict);
            Ok(())
        }
        Check::Crc32HexBe => {
            lower(checksum::crc32_hex_be(secret), verdict);
            Ok(())
        }
    }
}

/// A checksum that does not match lowers the confidence: published samples often do not verify.
fn lower(holds: bool, verdict: &mut Verdict) {
    if holds {
        verdict.notes |= note::CHECKSUM;
    } else {
        verdict.notes |= note::BAD_CHECKSUM;
        verdict.confidence = if verdict.confidence == Confidence::High { Confidence::Medium } else { Confidence::Low };
    }
}

fn jwt(secret: &[u8], now: u64, verdict: &mut Verdict) -> Result<(), Miss> {
    let Some(jwt) = decode::jwt(secret) else { return Err(Miss::Check(Check::Jwt)) };
    verdict.notes |= note::DECODES;
    if jwt.alg.eq_ignore_ascii_case("none") || jwt.expires.is_some_and(|t| t < now) {
        verdict.notes |= note::STALE;
        verdict.severity = verdict.severity.min(Severity::Low);
    }
    Ok(())
}

fn basic(secret: &[u8]) -> bool {
    decode::basic_password(secret)
        .is_some_and(|p| placeholder::placeholder(&p).is_none() && placeholder::weak_password(&p, b"password").is_none())
}

/// Mostly words, an identifier, a path, a version, a date or a host name.
fn is_word(secret: &[u8]) -> bool {
    let digits = secret.iter().filter(|b| b.is_ascii_digit()).count();
    let separators = secret.iter().filter(|b| matches!(b, b'.' | b'/' | b'-' | b'_' | b':')).count();
    let numeric = digits + separators == secret.len();
    let path = secret.iter().filter(|b| **b == b'/').count() >= 2 && Randomness::of(secret).words > 0.3;
    // `name-0.11.2` is a release of something.
    let tail = secret.rsplit(|b| *b == b'-').next().unwrap_or_default();
    let release = tail.contains(&b'.')
        && tail.len() < secret.len()
        && tail.len() < 12
        && tail.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    numeric || path || release || Randomness::of(secret).is_words()
}

fn is_digest(cx: &Context<'_>) -> bool {
    let start = cx.span.secret_start;
    let before = &cx.bytes[start.saturating_sub(12)..start];
    if DIGEST_PREFIXES.iter().any(|p| before.to_ascii_lowercase().ends_with(p)) {
        return true;
    }
    let Some((from, to)) = cx.name.or_else(|| extract::name_before(cx.bytes, start)) else { return false };
    let name = super::words::normalise(&cx.bytes[from..to]);
    let secret_word =
        [&b"secret"[..], b"token", b"apikey", b"password", b"passwd"].iter().any(|w| memchr::memmem::find(&name, w).is_some());
    let digest = DIGEST_NAMES.iter().any(|w| memchr::memmem::find(&name, w.as_bytes()).is_some());
    let last = cx.bytes[from..to].rsplit(|b| matches!(b, b'_' | b'-' | b'.')).next().unwrap_or_default().to_ascii_lowercase();
    let camel_id = cx.bytes[from..to].ends_with(b"Id") || cx.bytes[from..to].ends_with(b"ID");
    let last_digest = DIGEST_NAMES.iter().any(|w| name.ends_with(w.as_bytes()));
    last_digest || digest && !secret_word || DIGEST_WORDS.iter().any(|w| w.as_bytes() == last) || camel_id
}

/// Could it be a password that a person or a generator set?
fn is_password(secret: &[u8], cx: &Context<'_>) -> bool {
    let name = cx.name.map(|(a, b)| &cx.bytes[a..b]).unwrap_or_default();
    if secret.len() < 4 || placeholder::weak_password(secret, name).is_some() || placeholder::template(secret) {
        return false;
    }
    if unescaped_len(secret) < 4 || documented_host(secret, cx) {
        return false;
    }
    let spaces = secret.iter().filter(|b| **b == b' ').count();
    if spaces > 0 && (spaces > 4 || is_word(secret)) || looks_like_code(secret, cx) {
        return false;
    }
    !other_name(&super::words::normalise(name))
}

/// Number of characters, each escape counted as one.
fn unescaped_len(secret: &[u8]) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < secret.len() {
        at += match (secret[at], secret.get(at + 1)) {
            (b'\\', Some(b'x')) => 4,
            (b'\\', Some(b'u')) => 6,
            (b'\\', _) => 2,
            _ => 1,
        };
        count += 1;
    }
    count
}

/// Is it a password that a person made up, in a web address whose host is one of those kept for documentation?
fn documented_host(secret: &[u8], cx: &Context<'_>) -> bool {
    let Some(rest) = cx.bytes[cx.span.secret_end..].strip_prefix(b"@") else { return false };
    let host = &rest[..rest.iter().take(100).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count()];
    let kept = [&b"example.com"[..], b"example.org", b"example.net"]
        .iter()
        .any(|h| host == *h || host.ends_with(h) && host[..host.len() - h.len()].ends_with(b"."));
    let web = cx.name.is_some_and(|(a, b)| matches!(&cx.bytes[a..b], b"http" | b"https" | b"ftp"));
    kept && web && !Randomness::of(secret).is_random()
}

/// Endings of names that say that the value is not the secret itself: `password_field`, `passwordEncoder`, `token_url`.
const OTHER_ENDS: &[&str] = &[
    "field",
    "label",
    "hash",
    "hint",
    "length",
    "len",
    "policy",
    "type",
    "name",
    "file",
    "path",
    "url",
    "uri",
    "encoder",
    "reset",
    "regex",
    "pattern",
    "prompt",
    "min",
    "max",
    "count",
    "class",
    "input",
    "format",
    "validator",
    "error",
    "message",
    "msg",
    "title",
    "text",
    "placeholder",
    "column",
    "header",
    "prefix",
    "suffix",
    "expiry",
    "expires",
    "ttl",
    "timeout",
    "id",
    "env",
    "var",
    "ref",
    "store",
    "manager",
    "provider",
    "strength",
    "param",
    "arg",
    "dir",
    "command",
    "encryption",
    "algorithm",
    "normalize",
    "expired",
    "change",
    "required",
    "endpoint",
    "tokenizer",
    "cb",
    "callback",
    "opaque",
    "help",
    "description",
    "desc",
    "enabled",
    "disabled",
    "mode",
    "method",
    "rules",
    "rule",
    "size",
    "limit",
    "page",
    "link",
    "route",
    "button",
    "form",
    "selector",
    "view",
    "bypass",
    "compass",
    "renderpass",
    "firstpass",
    "subpass",
    "encompass",
];
/// Parts of names of values that are known not to open anything.
const OTHER_PARTS: &[&str] = &[
    "wrong",
    "incorrect",
    "invalid",
    "malformed",
    "websocketkey",
    "nonmatching",
    "csrf",
    "xsrf",
    "authenticitytoken",
    "verificationtoken",
    "publictoken",
    "pagetoken",
    "continuationtoken",
    "nexttoken",
];

/// Does the normalised name say that the value is something else than a secret?
fn other_name(name: &[u8]) -> bool {
    let one = name.strip_suffix(b"s").unwrap_or(name);
    OTHER_ENDS.iter().any(|w| name.ends_with(w.as_bytes()) || one.ends_with(w.as_bytes()))
        || matches!(name, b"key" | b"pass")
        || OTHER_PARTS.iter().any(|w| memchr::memmem::find(name, w.as_bytes()).is_some())
}

/// Identifiers, calls, member accesses, types, paths and URLs are code, not passwords.
fn looks_like_code(secret: &[u8], cx: &Context<'_>) -> bool {
    let has = |b: u8| secret.contains(&b);
    let next = cx.bytes.get(cx.span.secret_end).copied();
    let path = secret.starts_with(b"/") || secret.starts_with(b"./") || secret.starts_with(b"../") || secret.starts_with(b"~/");
    let url = memchr::memmem::find(secret, b"://").is_some();
    if path && secret.iter().filter(|b| **b == b'/').count() > 1 || url {
        return true;
    }
    // Regular expressions have no form: a quote before the value says enough.
    let quoted = secret_is_quoted(cx);
    match cx.form.or(quoted.then_some(Form::Quoted)) {
        Some(Form::Quoted) => {
            let plain =
                secret.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.' | b' ' | b':' | b'/' | b'#'));
            // What stands between two strings, or a command in backquotes.
            let between = b",;)]}+.".contains(&secret[0]) && b",:([{+=.".contains(&secret[secret.len() - 1]);
            between
                || secret.iter().filter(|b| **b == b'`').count() == 2 && secret.len() < 40
                || plain && [b'_', b' ', b'.', b':', b'/', b'#'].into_iter().any(has) && is_word(secret)
        }
        Some(Form::Line) => {
            has(b'(')
                || has(b'{')
                || has(b'[')
                || secret[0] == b'`'
                || has(b'$') && secret.first() == Some(&b'$')
                || identifier(secret)
                    && (next == Some(b'(') || secret[1..].iter().all(u8::is_ascii_lowercase) && is_word(secret) || code_line(cx))
                || dotted(secret) && is_word(secret)
                || secret.iter().all(u8::is_ascii_digit) && code_line(cx)
        }
        Some(Form::Bare) | None => {
            !secret.iter().any(u8::is_ascii_digit)
                || has(b'(')
                || has(b'[')
                || has(b'{')
                || matches!(next, Some(b'(' | b'[' | b'.'))
                || identifier(secret) && code_line(cx)
                || dotted(secret)
                || secret.iter().all(u8::is_ascii_digit) && code_line(cx)
        }
    }
}

fn secret_is_quoted(cx: &Context<'_>) -> bool {
    let before = cx.span.secret_start.checked_sub(1).map(|i| cx.bytes[i]);
    matches!(before, Some(b'"' | b'\'' | b'`')) && cx.bytes.get(cx.span.secret_end).copied() == before
}

/// Does the line end like a statement, or is the file source code?
fn code_line(cx: &Context<'_>) -> bool {
    let rest = &cx.bytes[cx.span.secret_end..];
    let line = &rest[..memchr::memchr(b'\n', &rest[..rest.len().min(200)]).unwrap_or(rest.len().min(200))];
    is_code(cx.path) || line.trim_ascii_end().ends_with(b";")
}

/// Is it a file of source code, by its name?
pub(super) fn is_code(path: Option<&str>) -> bool {
    const CODE: &[&str] = &[
        "rs", "py", "js", "ts", "jsx", "tsx", "java", "kt", "go", "c", "h", "cc", "cxx", "cpp", "hh", "hpp", "inc", "cs", "rb",
        "php", "swift", "scala", "pl", "lua", "dart", "m", "ex", "exs", "groovy", "vue", "r", "jl", "hs", "ml", "fs", "vb",
    ];
    let extension = path.and_then(|p| p.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase());
    extension.is_some_and(|e| CODE.contains(&e.as_str()))
}

fn identifier(secret: &[u8]) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-' | b'>' | b'?' | b'!' | b'&' | b'*');
    secret.iter().all(word) && !secret[0].is_ascii_digit()
}

fn dotted(secret: &[u8]) -> bool {
    let parts: Vec<&[u8]> = secret.split(|b| *b == b'.').collect();
    parts.len() > 1
        && parts
            .iter()
            .all(|p| p.first().is_some_and(u8::is_ascii_alphabetic) && p.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_'))
}
