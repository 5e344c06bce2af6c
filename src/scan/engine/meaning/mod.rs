//! Judges a structural match: is it a secret?
//!
//! It must not search. Start with [`Judge::judge`]. Order: path conditions, allow lists, ciphertext, placeholders, entropy, checks.

mod around;
pub mod checksum;
mod cipher;
mod code;
pub mod decode;
mod digest;
mod ignores;
pub mod issued;
mod label;
pub mod macaroon;
mod password;
pub mod placeholder;
pub mod random;
mod reference;
mod sequence;
mod sops;
mod stated;
pub mod wallet;

use std::sync::{Arc, OnceLock};

use ignore::gitignore::Gitignore;
use regex_automata::meta::Regex;

use super::super::finding::{Confidence, Severity};
use super::super::rule::{Check, Placeholders, Rule, Search, paths};
use super::extract::Form;
use super::pattern::Span;
pub(super) use around::marks;
use around::{embedded, is_marked};
pub(super) use cipher::is_encrypted_file;
use digest::is_digest;
pub(super) use password::is_code;
use password::is_password;
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
    /// It is ciphertext.
    Encrypted(&'static str),
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
    /// The keyword stands beside it, and the rule would have it in the name.
    pub(in super::super) const BESIDE: u8 = 32;
    /// A part of it does not decode.
    pub(in super::super) const DAMAGED: u8 = 64;
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
        if is_baseline_hash(cx) {
            return Err(Miss::Check(Check::NotDigest));
        }
        // What a checksum proves was issued, whatever words stand in it by chance.
        let proven = rule.checks.iter().any(|check| is_proof(*check, secret));
        if let Some(what) = cipher::encrypted(cx).filter(|_| !proven) {
            return Err(Miss::Encrypted(what));
        }
        if !proven && is_marked(cx) {
            return Err(Miss::Marked);
        }
        if for_documentation(cx) {
            return Err(Miss::Placeholder("in a web address for documentation"));
        }
        if rule.search == Search::Literal && embedded(cx) {
            return Err(Miss::Placeholder("a part of a longer base64 text"));
        }
        if let Some(why) = stands_in(rule, secret, proven) {
            return Err(Miss::Placeholder(why));
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

/// Is it the SHA-1 of a secret in a baseline of detect-secrets?
fn is_baseline_hash(cx: &Context<'_>) -> bool {
    let (start, end) = (cx.span.secret_start, cx.span.secret_end);
    end - start == 40 && cx.bytes[..start].ends_with(b"\"") && {
        let before = cx.bytes[start.saturating_sub(24)..start - 1].trim_ascii_end();
        before.strip_suffix(b":").is_some_and(|name| name.trim_ascii_end().ends_with(b"\"hashed_secret\""))
    }
}

/// Why the secret is a placeholder, or what no generator makes where only a name tells it from others.
fn stands_in(rule: &Rule, secret: &[u8], proven: bool) -> Option<&'static str> {
    let for_people = rule.checks.contains(&Check::Password) && !rule.checks.contains(&Check::Random);
    let holds = |why: &&str| !(for_people && *why == placeholder::SEQUENCE && placeholder::is_chosen(secret));
    let dropped = rule.placeholders == Placeholders::Dropped;
    let why = dropped.then(|| if proven { placeholder::in_words(secret) } else { placeholder::placeholder(secret) }).flatten();
    let generic = rule.category == "generic" && rule.search == Search::Literal;
    why.filter(holds).or_else(|| if generic { placeholder::shapeless(secret).filter(holds) } else { None })
}

/// Does a checksum that only an issuer's token has by more than chance match?
fn is_proof(check: Check, secret: &[u8]) -> bool {
    match check {
        Check::Base58Check => checksum::base58check(secret),
        Check::Bech32 => checksum::bech32(secret),
        Check::Crc32Base62 => checksum::crc32_base62(secret),
        Check::Crc32HexLe => checksum::crc32_hex_le(secret),
        Check::Crc32HexBe => checksum::crc32_hex_be(secret),
        Check::Crc32Base62Whole => issued::crc32_base62_whole(secret),
        Check::Crc32Base62Reversed => issued::crc32_base62_reversed(secret),
        Check::GitlabRoutable => issued::gitlab_routable(secret),
        Check::Marvin32 => issued::marvin32(secret) == issued::Marvin::Matches,
        Check::StellarSeed => wallet::stellar_seed(secret),
        Check::RippleSeed => wallet::ripple_seed(secret),
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
        Check::DecodesDocker => need(docker(secret), note::DECODES),
        Check::Pem => need(decode::is_pem_block(&cx.bytes[cx.span.start..cx.span.end]), note::DECODES),
        Check::DecodesBasic => need(basic(secret), note::DECODES),
        Check::Mixed => need(secret.iter().any(u8::is_ascii_alphabetic) && secret.iter().any(u8::is_ascii_digit), 0),
        Check::NotWord => need(!is_word(secret), 0),
        Check::Random => need(Randomness::of(secret).is_random(), note::RANDOM),
        Check::NotDigest => need(!is_digest(cx), 0),
        Check::Password => need(is_password(secret, cx), 0),
        Check::MeantEncrypted => need(sops::is_meant_encrypted(cx), 0),
        Check::Jwt => jwt(secret, cx.now, verdict),
        Check::StellarSeed => need(wallet::stellar_seed(secret), note::CHECKSUM),
        Check::RippleSeed => need(wallet::ripple_seed(secret), note::CHECKSUM),
        Check::DecodesMacaroon => need(macaroon::is_macaroon(secret), note::DECODES),
        Check::Bip39 => phrase(secret, verdict),
        _ => {
            weigh(check, secret, verdict);
            Ok(())
        }
    }
}

/// Checks that change how sure a match is and turn none away.
fn weigh(check: Check, secret: &[u8], verdict: &mut Verdict) {
    match check {
        Check::Crc32Base62 => lower(checksum::crc32_base62(secret), verdict),
        Check::Crc32HexLe => lower(checksum::crc32_hex_le(secret), verdict),
        Check::Crc32HexBe => lower(checksum::crc32_hex_be(secret), verdict),
        Check::Crc32Base62Whole => lower(issued::crc32_base62_whole(secret), verdict),
        Check::Crc32Base62Reversed => lower(issued::crc32_base62_reversed(secret), verdict),
        Check::GitlabRoutable => lower(issued::gitlab_routable(secret), verdict),
        Check::Marvin32 => match issued::marvin32(secret) {
            issued::Marvin::Matches => lower(true, verdict),
            issued::Marvin::Differs => lower(false, verdict),
            issued::Marvin::Unknown => {}
        },
        Check::Macaroon if macaroon::is_macaroon(secret) => verdict.notes |= note::DECODES,
        Check::Macaroon => verdict.confidence = verdict.confidence.below(),
        _ => {}
    }
}

/// A phrase that is one of BIP-39 is sure; one of its words only may be one of another wallet.
fn phrase(secret: &[u8], verdict: &mut Verdict) -> Result<(), Miss> {
    match wallet::bip39(secret) {
        wallet::Phrase::Valid => {
            verdict.notes |= note::CHECKSUM;
            verdict.confidence = Confidence::High;
        }
        wallet::Phrase::Words => lower(false, verdict),
        wallet::Phrase::Other => return Err(Miss::Check(Check::Bip39)),
    }
    Ok(())
}

/// A checksum that does not match lowers the confidence: published samples often do not verify.
fn lower(holds: bool, verdict: &mut Verdict) {
    if holds {
        verdict.notes |= note::CHECKSUM;
    } else {
        verdict.notes |= note::BAD_CHECKSUM;
        verdict.confidence = verdict.confidence.below();
    }
}

fn jwt(secret: &[u8], now: u64, verdict: &mut Verdict) -> Result<(), Miss> {
    let Some(jwt) = decode::jwt(secret) else { return Err(Miss::Check(Check::Jwt)) };
    if jwt.damaged {
        verdict.notes |= note::DAMAGED;
        verdict.confidence = verdict.confidence.below();
        return Ok(());
    }
    verdict.notes |= note::DECODES;
    if jwt.alg.eq_ignore_ascii_case("none") || jwt.expires.is_some_and(|t| t < now) {
        verdict.notes |= note::STALE;
        verdict.severity = verdict.severity.min(Severity::Low);
    }
    Ok(())
}

fn basic(secret: &[u8]) -> bool {
    decode::basic_password(secret)
        .is_some_and(|p| p.len() > 2 && placeholder::placeholder(&p).is_none() && !p.to_ascii_lowercase().starts_with(b"passw"))
}

/// Does a Docker configuration hold a login that is no placeholder?
fn docker(secret: &[u8]) -> bool {
    let is_secret = |value: &str| value.len() > 7 && placeholder::placeholder(value.as_bytes()).is_none();
    decode::docker_logins(secret).iter().any(|login| match login {
        // What does not decode was written by hand, as it is.
        decode::Login::Basic(auth) if decode::text(auth.as_bytes()).is_none() => is_secret(auth),
        decode::Login::Basic(auth) => basic(auth.as_bytes()),
        decode::Login::Plain(value) => is_secret(value),
    })
}

/// Is the match a web address of a host that is kept for documentation?
fn for_documentation(cx: &Context<'_>) -> bool {
    let text = &cx.bytes[cx.span.start..cx.span.end];
    let host = text.strip_prefix(b"https://").or_else(|| text.strip_prefix(b"http://")).unwrap_or_default();
    [&b"example.com/"[..], b"example.org/", b"example.net/"].iter().any(|kept| host.starts_with(kept))
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
