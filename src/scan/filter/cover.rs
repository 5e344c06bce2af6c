//! What stands in the place of a secret.
//!
//! It must not know where. Start with [`Cover`]. No cover holds a character that JSON escapes, and none is taken for a secret itself.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::super::engine::{Engine, Match};
use super::super::known::{Hit, KnownSecrets};
use super::super::mask::INSTEAD;
use super::super::rule::Rule;
use super::escape;
use crate::base::crypto::hmac_sha256;
use crate::base::text::hex;

/// The rule of private keys in PEM form that have no end.
const BLOCK: &str = "private-key-block";
/// Bytes of a keyed hash that are shown: two values of a log have the same by chance once in 2^32 logs.
const SHOWN: usize = 8;
/// No cover is longer.
const LONGEST: usize = 160;

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

/// Has a part of it gone already?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Began {
    Before,
    Here,
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
        let name = field(name);
        let cover = self.named(&name, value);
        Covered { range, cover, name: name.into() }
    }

    /// That of a secret that is known. Nothing, if it `began` before: its cover has gone.
    pub(super) fn of_known(&self, known: &KnownSecrets, hit: &Hit, began: Began, range: Range<usize>) -> Covered {
        let name = hit.which.map_or_else(|| "known".to_owned(), |which| format!("known:{}", known.name(which)));
        let cover = match (began, self) {
            (Began::Before, _) => String::new(),
            (Began::Here, Self::Hash(_)) if hit.which.is_none() => tag(&name),
            (Began::Here, _) => self.named(&name, hit.which.map_or(b"", |which| known.value(which))),
        };
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
                let value = Zeroizing::new(escape::plain(value));
                let hash = hmac_sha256(&**key, &[b"stanch filter 1\0", &value]);
                format!("[{}:{}]", plain(name), hex(&hash[..SHOWN]))
            }
        }
    }
}

/// The covers that a stream may hold already because it was filtered before in the same way.
#[derive(Debug)]
pub(super) struct Made<'e> {
    form: Form,
    rules: &'e [Arc<Rule>],
    fields: Vec<String>,
    /// Made when something looks like a cover.
    names: OnceCell<HashSet<String>>,
}

/// What covers are beside asterisks.
#[derive(Debug, Clone, Copy)]
enum Form {
    Mask,
    Tag,
    Hash,
}

impl<'e> Made<'e> {
    /// Those of a mode, with the names of these rules and fields.
    pub(super) fn new<'n>(cover: &Cover, rules: &'e [Arc<Rule>], fields: impl Iterator<Item = &'n str>) -> Self {
        let form = match cover {
            Cover::Mask | Cover::DropLine => Form::Mask,
            Cover::Tag => Form::Tag,
            Cover::Hash(_) => Form::Hash,
        };
        Self { form, rules, fields: fields.map(field).collect(), names: OnceCell::new() }
    }

    /// Was it taken out already?
    pub(super) fn is_cover(&self, value: &[u8]) -> bool {
        if value.iter().all(|b| *b == b'*') {
            return true;
        }
        let inner = value.strip_prefix(b"[").and_then(|value| value.strip_suffix(b"]"));
        let Some(inner) = inner.and_then(|inner| std::str::from_utf8(inner).ok()) else { return false };
        let is_hash = |text: &str| text.len() == 2 * SHOWN && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match (self.form, inner.strip_prefix("REDACTED:"), inner.rsplit_once(':')) {
            (Form::Tag, Some(name), _) => self.has(name),
            (Form::Hash, Some(name), _) => name == BLOCK,
            (Form::Hash, None, Some((name, hash))) => is_hash(hash) && self.has(name),
            _ => false,
        }
    }

    /// Is a place some of a cover? Names and hashes are no secrets, whatever they look like.
    pub(super) fn is_in_cover(&self, text: &[u8], place: &Range<usize>) -> bool {
        if matches!(self.form, Form::Mask) {
            return false;
        }
        let open = text[..place.end].iter().rev().take(LONGEST).position(|b| *b == b'[').map(|n| place.end - n - 1);
        let close = text[place.end..].iter().take(LONGEST).position(|b| *b == b']').map(|n| place.end + n + 1);
        let cover = open.filter(|open| *open <= place.start).zip(close).map(|(open, close)| &text[open..close]);
        cover.is_some_and(|cover| self.is_cover(cover))
    }

    fn has(&self, name: &str) -> bool {
        let all = || {
            let rules = self.rules.iter().map(|rule| plain(&rule.id));
            rules.chain(self.fields.iter().map(|name| plain(name))).chain([BLOCK.to_owned()]).collect()
        };
        self.names.get_or_init(all).contains(name)
    }
}

/// What a field is counted as.
fn field(name: &str) -> String {
    format!("field:{name}")
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
