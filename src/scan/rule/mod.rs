//! Rules: what a credential looks like, as data.
//!
//! They must not know how bytes are searched. Start with [`Rule`]; [`load`] reads them from TOML, [`grammar`] is the notation
//! of `token`, `rules/README.md` describes the whole format.

pub mod builtin;
pub mod grammar;
pub mod ignore;
pub mod import;
pub mod load;
pub mod pack;
pub mod paths;
pub mod precision;
pub mod required;
pub mod select;
pub mod set;
mod text;
mod valid;
mod version;
pub use text::LIMIT as TEXT_LIMIT;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::finding::{Confidence, Severity};
use crate::base::date::Date;
use ignore::Ignore;

/// One detector.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Stable id such as `github-pat`.
    pub id: String,
    /// Provider's name such as `GitHub`.
    pub provider: String,
    /// One line: what the credential is.
    pub about: String,
    /// How bad a live one is.
    pub severity: Severity,
    /// How sure a match is.
    pub confidence: Confidence,
    /// The provider's page about this credential; never empty.
    pub url: String,
    /// What to do about a leak, one sentence; never empty.
    pub fix: String,
    /// Tags such as `ci` or `generic`.
    pub category: String,
    /// What a match is.
    pub pattern: Pattern,
    /// Words one of which must stand near.
    pub keywords: Vec<String>,
    /// Where the keywords must stand.
    pub near: Near,
    /// Whole values of which kind of place are matched; `None`: the token is searched everywhere.
    pub from: Option<From>,
    /// Names (or schemes) for `from`.
    pub keys: Vec<String>,
    /// On which files it works.
    pub paths: Paths,
    /// Least Shannon entropy of the secret in bits per character; 0 for none.
    pub entropy: f32,
    /// What must hold.
    pub checks: Vec<Check>,
    /// What is never a finding.
    pub allow: Allow,
    /// Companion rules.
    pub pair: Pair,
    /// Whether placeholders are dropped.
    pub placeholders: Placeholders,
    /// Where a regular expression is searched.
    pub search: Search,
    /// With [`Search::Text`]: one of these must stand around the match, in any case, also inside a word; none if empty.
    pub contains: Vec<String>,
    /// What is never a finding; those of a file are shared by its rules.
    pub ignore: Vec<Arc<Ignore>>,
    /// Rules each of which must match near.
    pub required: Vec<Required>,
    /// What its matches are for.
    pub role: Role,
    /// Words for reports and for choosing rules.
    pub tags: Vec<String>,
    /// Where the rule came from, if it was imported.
    pub imported: Option<Imported>,
    /// The day since which there is such a rule, if it says so.
    pub since: Option<Date>,
    /// Whether it is used without being asked for.
    pub by_default: bool,
}

/// Of a rule that was made from one of another scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The scanner.
    pub from: String,
    /// The id it has there.
    pub id: String,
}

/// Where a regular expression is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// Around a literal that every match contains.
    #[default]
    Literal,
    /// In the text as it is.
    Text,
}

/// A rule that must match near.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Required {
    /// Its id.
    pub rule: String,
    /// Most lines between the two, if it matters.
    pub lines: Option<u64>,
    /// Most columns between their beginnings, if it matters.
    pub columns: Option<u64>,
}

/// What the matches of a rule are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// They are findings.
    #[default]
    Finding,
    /// They are only there for rules that require this one.
    Companion,
}

/// What a match is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// A grammar, already known to parse.
    Token(String),
    /// A regular expression, already known to parse.
    Regex(Regex),
}

/// A regular expression and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regex {
    /// As it is written.
    pub source: String,
    /// Found once, so that the engine need not parse it.
    pub facts: required::Facts,
    /// Which part of a match is the secret.
    pub group: Group,
}

/// Which part of the match of a regular expression is the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Group {
    /// The group named `secret`, or all of it without one.
    #[default]
    Named,
    /// The group of this number.
    Number(usize),
    /// The first group that is not empty, or all of it without one.
    First,
}

/// Where keywords must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Near {
    /// They begin a word shortly before the token.
    #[default]
    Before,
    /// They are part of the name that the token is assigned to.
    Key,
}

/// The kind of place whose whole value is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// `name = value` and its kin.
    Assignment,
    /// The password of a URL.
    UrlPassword,
    /// The value behind `Basic ` or `Bearer `.
    AuthHeader,
}

/// Globs on paths. A glob without `/` is matched against the file name, one with a folder against the path from any folder on, one that
/// begins with `/` against the whole path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Paths {
    /// If not empty, one must match.
    pub only: Vec<String>,
    /// None may match.
    pub except: Vec<String>,
    /// Regular expressions on the path as it is named; if not empty, one must match.
    pub matching: Vec<String>,
}

impl Paths {
    /// Does it say anything?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.only.is_empty() && self.except.is_empty() && self.matching.is_empty()
    }
}

impl Rule {
    /// Does it depend on the path whether this rule finds something?
    #[must_use]
    pub fn looks_at_paths(&self) -> bool {
        !self.paths.is_empty() || !self.allow.paths.is_empty() || self.ignore.iter().any(|ignore| !ignore.paths.is_empty())
    }
}

/// What is never a finding of this rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Allow {
    /// Exact values.
    pub values: Vec<String>,
    /// Values that contain one of these, in any case.
    pub words: Vec<String>,
    /// Values that match one of these regular expressions.
    pub regexes: Vec<String>,
    /// Files whose path matches one of these globs.
    pub paths: Vec<String>,
}

/// Companion rules: the other half of a credential.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pair {
    /// Ids of the companions.
    pub with: Vec<String>,
    /// How many lines away one may stand.
    pub lines: u64,
    /// Whether a match without one is dropped.
    pub need: Need,
}

/// Whether a companion must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Named in the report if it is there.
    #[default]
    Optional,
    /// A match without one is dropped.
    Required,
}

/// Whether values that look like placeholders are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placeholders {
    /// They are.
    #[default]
    Dropped,
    /// They are not.
    Kept,
}

/// Something a secret must hold. `rules/README.md` says what each one means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the table in rules/README.md documents each check")]
pub enum Check {
    #[serde(rename = "crc32-base62")]
    Crc32Base62,
    #[serde(rename = "crc32-hex-le")]
    Crc32HexLe,
    #[serde(rename = "crc32-hex-be")]
    Crc32HexBe,
    #[serde(rename = "crc32-base62-whole")]
    Crc32Base62Whole,
    #[serde(rename = "crc32-base62-reversed")]
    Crc32Base62Reversed,
    GitlabRoutable,
    #[serde(rename = "marvin32")]
    Marvin32,
    StellarSeed,
    RippleSeed,
    #[serde(rename = "bip39")]
    Bip39,
    Macaroon,
    DecodesMacaroon,
    AwsKeyId,
    #[serde(rename = "base58check")]
    Base58Check,
    #[serde(rename = "bech32")]
    Bech32,
    Jwt,
    #[serde(rename = "decodes-base64")]
    DecodesBase64,
    DecodesText,
    DecodesPem,
    DecodesBasic,
    DecodesDigits,
    DecodesDocker,
    Pem,
    Luhn,
    Mixed,
    NotWord,
    Random,
    NotDigest,
    Password,
    MeantEncrypted,
}

impl Check {
    /// Is it one that a made-up value does not pass, and that turns none away?
    #[must_use]
    pub fn is_proof(self) -> bool {
        matches!(
            self,
            Self::Crc32Base62
                | Self::Crc32HexLe
                | Self::Crc32HexBe
                | Self::Crc32Base62Whole
                | Self::Crc32Base62Reversed
                | Self::GitlabRoutable
                | Self::Marvin32
                | Self::Macaroon
                | Self::Bip39
        )
    }

    /// Its name in rules.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Crc32Base62 => "crc32-base62",
            Self::Crc32HexLe => "crc32-hex-le",
            Self::Crc32HexBe => "crc32-hex-be",
            Self::Crc32Base62Whole => "crc32-base62-whole",
            Self::Crc32Base62Reversed => "crc32-base62-reversed",
            Self::GitlabRoutable => "gitlab-routable",
            Self::Marvin32 => "marvin32",
            Self::StellarSeed => "stellar-seed",
            Self::RippleSeed => "ripple-seed",
            Self::Bip39 => "bip39",
            Self::Macaroon => "macaroon",
            Self::DecodesMacaroon => "decodes-macaroon",
            Self::AwsKeyId => "aws-key-id",
            Self::Base58Check => "base58check",
            Self::Bech32 => "bech32",
            Self::Jwt => "jwt",
            Self::DecodesBase64 => "decodes-base64",
            Self::DecodesText => "decodes-text",
            Self::DecodesPem => "decodes-pem",
            Self::DecodesBasic => "decodes-basic",
            Self::DecodesDigits => "decodes-digits",
            Self::DecodesDocker => "decodes-docker",
            Self::Pem => "pem",
            Self::Luhn => "luhn",
            Self::Mixed => "mixed",
            Self::NotWord => "not-word",
            Self::Random => "random",
            Self::NotDigest => "not-digest",
            Self::Password => "password",
            Self::MeantEncrypted => "meant-encrypted",
        }
    }
}
