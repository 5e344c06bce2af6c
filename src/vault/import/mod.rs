//! Secrets from elsewhere: files of other tools, read into names, fields and values.
//!
//! It must not know where a file lies, nor the vault, nor what time it is. Start with [`detect`] and [`read`]; [`rewrite`] puts references
//! into a `.env` file where the values were.
//!
//! Values are copied from the bytes given into [`Secret`]s, over buffers that are wiped. What stays behind is what libraries hold for a moment:
//! serde_json a string with escapes, the YAML parser a scalar of more than one line or with escapes, the inflater its window. The caller wipes the bytes.

mod aws;
mod bitwarden;
mod csv;
mod detect;
mod dotenv;
mod draft;
mod ini;
mod keepass;
mod kubeconfig;
mod maps;
mod netrc;
mod onepassword;
mod plain;
mod rewrite;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod unseal;
mod xml;
mod yaml;

use std::fmt;

use super::base::date::Date;
use super::base::secret::Secret;
use super::name::Name;

pub use detect::detect;
pub use plain::{Plain, is_plain};
pub use rewrite::{Moved, rewrite};

/// Bytes of a text that is read, at most; of a 1PUX file, the text inside.
pub const LARGEST: usize = 64 << 20;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// `NAME=value` lines.
    Dotenv,
    /// Shared credentials and configuration of the AWS tools.
    Aws,
    /// `.netrc`.
    Netrc,
    /// Of kubectl.
    Kubeconfig,
    /// 1Password's archive, or the `export.data` that is in it.
    OnePux,
    /// 1Password's table.
    OnePasswordCsv,
    /// Bitwarden's export, also one that is protected by a passphrase.
    Bitwarden,
    /// Bitwarden's table.
    BitwardenCsv,
    /// KeePass 2's XML.
    KeepassXml,
    /// KeePassXC's table.
    KeepassCsv,
    /// What sops decrypted: YAML, JSON, `.env` or INI, whichever it is.
    Sops,
    /// Maps in JSON, flat or nested.
    Json,
    /// Maps in YAML, flat or nested.
    Yaml,
    /// Sections of `key = value`.
    Ini,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Import {
    /// Its secrets, in its order.
    pub found: Vec<Found>,
    /// What was told apart, and is in no [`Found`].
    pub left: Vec<Left>,
}

/// A secret that a file holds.
#[derive(Debug)]
pub struct Found {
    /// What the file calls it, made into a name that no other in the file has.
    pub name: Name,
    /// Whether it is called that in the file.
    pub named: Named,
    /// What the file calls it.
    pub called: String,
    /// Where it stands, counted from 1, if the format has lines.
    pub line: Option<usize>,
    /// Its fields, whose names follow the rules of [`Name`]; one that has no name of its own is called `value`.
    pub fields: Vec<(String, Secret)>,
    /// What the file says of it that is no secret.
    pub about: About,
    /// Why what a program makes of it may be something else.
    pub doubts: Vec<Doubt>,
}

/// What a file says of a secret that is no secret itself. All of it may be empty.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct About {
    /// What it opens, such as an address.
    pub opens: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day it is good for.
    pub expires: Option<Date>,
    /// Anything else, such as `user` or `folder`.
    pub tags: Vec<(String, String)>,
}

/// How a name came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The file calls it that.
    AsCalled,
    /// What the file calls it is no name: other signs became `-`.
    Changed,
    /// Another one has that name: it ends in a number.
    Taken,
}

/// Why a program may make something else of a value than what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// It holds `$NAME`, which some programs replace. The value is as the file has it.
    Interpolates,
    /// It holds `#` in the middle of a word, where comments begin for some programs.
    Comment,
    /// It holds a backslash that programs read differently.
    Escape,
    /// It is in backticks, or holds quotes in its middle.
    Quotes,
    /// The file sets it again later, and that one counts.
    Repeated,
}

/// What was not taken for a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// What the file calls it.
    pub called: String,
    /// Where it stands, counted from 1, if the format has lines.
    pub line: Option<usize>,
    /// Why.
    pub why: Why,
}

/// Why something was not taken for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its value is plainly none.
    Plain(Plain),
    /// There is no secret in it.
    NoSecret,
    /// A program is run for its secret, or it is in a file of its own.
    Elsewhere,
    /// It is an older value, kept as history.
    Old,
    /// A file that is attached.
    Attachment,
    /// A passkey: it cannot be used from here.
    Passkey,
    /// Commands for ftp.
    Macro,
    /// A number that cannot be told exactly: in quotes it could.
    Inexact,
}

/// A file cannot be read. No text quotes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A line of it.
    #[error("line {line}: {what}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// All of it.
    #[error("{0}")]
    File(&'static str),
    /// It is larger than anything of its kind.
    #[error("it has more than {} MiB", LARGEST >> 20)]
    TooLarge,
    /// sops encrypted it.
    #[error("it is encrypted by sops")]
    Sops,
    /// Bitwarden encrypted it for one account.
    #[error("it is encrypted for one Bitwarden account")]
    AccountOnly,
    /// It is protected by a passphrase, and none was given.
    #[error("it is protected by a passphrase")]
    NeedsPassphrase,
    /// The passphrase is not the one, or bytes were changed.
    #[error("the passphrase is wrong, or the file is damaged")]
    WrongPassphrase,
}

/// What a reader may be told.
#[derive(Debug, Default, Clone, Copy)]
pub struct Options<'a> {
    /// What protects an export.
    pub passphrase: Option<&'a Secret>,
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Sops => Some("decrypt it on the way: `sops -d FILE | stanch vault import --from sops -`"),
            Self::AccountOnly => Some("export again as `.json`, or as `.json (Encrypted)` with `Password protected`"),
            _ => None,
        }
    }
}

impl Format {
    /// All of them, with the words for them on the command line.
    pub const ALL: [(Self, &'static str); 14] = [
        (Self::Dotenv, "dotenv"),
        (Self::Aws, "aws"),
        (Self::Netrc, "netrc"),
        (Self::Kubeconfig, "kubeconfig"),
        (Self::OnePux, "1pux"),
        (Self::OnePasswordCsv, "1password-csv"),
        (Self::Bitwarden, "bitwarden"),
        (Self::BitwardenCsv, "bitwarden-csv"),
        (Self::KeepassXml, "keepass-xml"),
        (Self::KeepassCsv, "keepass-csv"),
        (Self::Sops, "sops"),
        (Self::Json, "json"),
        (Self::Yaml, "yaml"),
        (Self::Ini, "ini"),
    ];

    /// Its word on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interpolates => "holds `$`, which some programs replace by another variable",
            Self::Comment => "holds `#`, where a comment begins for some programs",
            Self::Escape => "holds a backslash, which programs read differently",
            Self::Quotes => "has quotes that programs read differently",
            Self::Repeated => "is set again further down, and that one counts",
        })
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(plain) => return plain.fmt(f),
            Self::NoSecret => "holds no secret",
            Self::Elsewhere => "its secret is not in this file",
            Self::Old => "an older value",
            Self::Attachment => "an attached file",
            Self::Passkey => "a passkey",
            Self::Macro => "commands for ftp",
            Self::Inexact => "a number that cannot be told exactly: put it in quotes",
        })
    }
}

/// Reads `bytes`.
///
/// # Errors
/// If they are not of that format, are damaged, or encrypted. Nothing is taken from a file that cannot be read as a whole.
pub fn read(format: Format, bytes: &[u8], options: Options<'_>) -> Result<Import, Error> {
    if format == Format::OnePux && onepassword::is_archive(bytes) {
        return onepassword::read_archive(bytes);
    }
    let decoded = text::decode(bytes)?;
    let text = decoded.text();
    match format {
        Format::Dotenv => dotenv::read(text),
        Format::Aws => aws::read(text),
        Format::Netrc => netrc::read(text),
        Format::Kubeconfig => kubeconfig::read(text),
        Format::OnePux => onepassword::read(text),
        Format::Bitwarden => bitwarden::read(text, options),
        Format::OnePasswordCsv => csv::read(&csv::ONEPASSWORD, text),
        Format::BitwardenCsv => csv::read(&csv::BITWARDEN, text),
        Format::KeepassCsv => csv::read(&csv::KEEPASS, text),
        Format::KeepassXml => keepass::read(text),
        Format::Json => maps::read_json(text),
        Format::Yaml => maps::read_yaml(text),
        Format::Ini => ini::read(text),
        Format::Sops => match detect::of_sops(text) {
            Format::Json => maps::read_json(text),
            Format::Dotenv => dotenv::read(text),
            Format::Ini => ini::read(text),
            _ => maps::read_yaml(text),
        },
    }
}
