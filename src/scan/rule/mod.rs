//! Rules: what a credential looks like, as data.
//!
//! They must not know how bytes are searched. Start with [`Rule`]; [`load`] reads them from TOML, [`grammar`] is the notation
//! of `token`, `rules/README.md` describes the whole format.

pub mod builtin;
pub mod grammar;
pub mod load;
pub mod paths;
pub mod precision;
pub mod required;
pub mod select;
pub mod set;

use serde::{Deserialize, Serialize};

use super::finding::{Confidence, Severity};

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
    Pem,
    Luhn,
    Mixed,
    NotWord,
    Random,
    NotDigest,
    Password,
}

impl Check {
    /// Its name in rules.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Crc32Base62 => "crc32-base62",
            Self::Crc32HexLe => "crc32-hex-le",
            Self::Crc32HexBe => "crc32-hex-be",
            Self::AwsKeyId => "aws-key-id",
            Self::Base58Check => "base58check",
            Self::Bech32 => "bech32",
            Self::Jwt => "jwt",
            Self::DecodesBase64 => "decodes-base64",
            Self::DecodesText => "decodes-text",
            Self::DecodesPem => "decodes-pem",
            Self::DecodesBasic => "decodes-basic",
            Self::DecodesDigits => "decodes-digits",
            Self::Pem => "pem",
            Self::Luhn => "luhn",
            Self::Mixed => "mixed",
            Self::NotWord => "not-word",
            Self::Random => "random",
            Self::NotDigest => "not-digest",
            Self::Password => "password",
        }
    }
}
