//! What stands in the place of a secret.
//!
//! It must not know where. Start with [`Cover`]. No cover holds a character that JSON escapes, and none is taken for a secret itself.

use std::ops::Range;
use std::rc::Rc;

use zeroize::Zeroizing;

use super::super::engine::{Engine, Match};
use super::super::mask::INSTEAD;
use crate::base::crypto::hmac_sha256;
use crate::base::text::hex;

/// The rule of private keys in PEM form that have no end.
const BLOCK: &str = "private-key-block";
/// Bytes of a keyed hash that are shown: two values of a log have the same by chance once in 2^32 logs.
const SHOWN: usize = 8;

/// What becomes of a secret.
#[derive(Debug)]
pub enum Cover {
    /// The fixed beginning of its format and eight asterisks.
    Mask,
    /// Its rule and a keyed hash of it, which is the same wherever the value stands, in whatever form.
    Hash(Zeroizing<[u8; 32]>),
    /// Its rule.
    Tag,
    /// Nothing: the line is left out.
    DropLine,
}

/// A place that is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Covered {
    pub(super) range: Range<usize>,
    /// What replaces it.
    pub(super) cover: String,
    /// What it is counted as.
    pub(super) name: Rc<str>,
}

impl Cover {
    /// May a part of a line go before it is known what the rest of it is?
    pub(super) fn by_parts(&self) -> bool {
        !matches!(self, Self::DropLine)
    }

    /// That of a match in `text`, which stands at `range`.
    pub(super) fn of(&self, engine: &Engine, found: &Match, text: &[u8], range: Range<usize>) -> Covered {
        let id = &engine.rules()[found.rule as usize].id;
        let cover = match self {
            Self::Mask => engine.shown(found, found.secret(text)),
            _ => self.named(id, found.secret(text)),
        };
        Covered { range, cover, name: id.as_str().into() }
    }

    /// That of the value of a field.
    pub(super) fn of_field(&self, name: &str, value: &[u8], range: Range<usize>) -> Covered {
        let name = format!("field:{name}");
        let cover = self.named(&name, value);
        Covered { range, cover, name: name.into() }
    }

    /// That of a private key whose end has not come.
    pub(super) fn of_block(&self, range: Range<usize>) -> Covered {
        let cover = match self {
            Self::Mask | Self::DropLine => INSTEAD.to_owned(),
            // There is no whole value to make a hash of.
            Self::Tag | Self::Hash(_) => tag(BLOCK),
        };
        Covered { range, cover, name: BLOCK.into() }
    }

    fn named(&self, name: &str, value: &[u8]) -> String {
        match self {
            Self::Mask | Self::DropLine => INSTEAD.to_owned(),
            Self::Tag => tag(name),
            Self::Hash(key) => {
                let hash = hmac_sha256(&**key, &[b"stanch filter 1\0", value]);
                format!("[{}:{}]", plain(name), hex(&hash[..SHOWN]))
            }
        }
    }
}

fn tag(name: &str) -> String {
    format!("[REDACTED:{}]", plain(name))
}

/// A name as it may stand anywhere.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.:".contains(c) { c } else { '_' }).collect()
}

/// Sorts places and makes one of those that overlap.
pub(super) fn merge(covered: &mut Vec<Covered>) {
    covered.sort_by_key(|c| (c.range.start, std::cmp::Reverse(c.range.end)));
    covered.dedup_by(|next, one| {
        let overlap = next.range.start < one.range.end;
        if overlap {
            one.range.end = one.range.end.max(next.range.end);
        }
        overlap
    });
}
