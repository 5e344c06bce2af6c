//! How a row of the store is made of a secret, and read again.
//!
//! It must not know the store. Start with [`record_key`], [`seal_record`], [`seal_fields`].

use super::Error;
use super::base::arena::{Arena, Locked};
use super::base::crypto::{digest, hmac_sha256, open, open_locked, random, seal};
use super::base::secret::Secret;
use super::contexts::Opened;
use super::keys::Keys;
use super::record::Record;

/// Context, then the keyed hash of a name.
pub(crate) type RecordKey = [u8; 48];
/// Secret, then version.
pub(crate) type ValueKey = [u8; 24];
/// Keyed hash of a value, then where it is.
pub(crate) type PrintKey = [u8; 56];
/// Fields of a version: names and values.
pub type Fields = Vec<(String, Secret)>;

/// Bytes of all fields of a version together, at most.
pub const LARGEST_VALUE: usize = 1 << 20;
/// Bytes of what is said of a secret, at most.
const LARGEST_RECORD: usize = 256 << 10;
/// Sealed, 32 bytes have so many.
const SEALED_KEY: usize = 32 + 40;

pub(crate) fn record_key(keys: &Keys, context: &Opened, name: &str) -> RecordKey {
    let mut key = [0; 48];
    key[..16].copy_from_slice(&context.id);
    key[16..].copy_from_slice(&hmac_sha256(&*keys.index, &[b"name 1: ", &context.id, name.as_bytes()]));
    key
}

pub(crate) fn value_key(secret: &[u8; 16], version: u64) -> ValueKey {
    let mut key = [0; 24];
    key[..16].copy_from_slice(secret);
    key[16..].copy_from_slice(&version.to_be_bytes());
    key
}

pub(crate) fn print_key(print: &[u8; 32], value: &ValueKey) -> PrintKey {
    let mut key = [0; 56];
    key[..32].copy_from_slice(print);
    key[32..].copy_from_slice(value);
    key
}

pub(crate) fn seal_record(vault: &[u8; 16], context: &Opened, key: &RecordKey, record: &Record) -> Result<Vec<u8>, Error> {
    let text = serde_json::to_vec(record).expect("plain data is JSON");
    if text.len() > LARGEST_RECORD {
        return Err(Error::TooLarge { what: "what is said of a secret", most: LARGEST_RECORD });
    }
    Ok(seal(&context.records, &about_record(vault, key), &text)?)
}

pub(crate) fn open_record(vault: &[u8; 16], context: &Opened, key: &RecordKey, row: &[u8]) -> Result<Record, Error> {
    let text = open(&context.records, &about_record(vault, key), row).ok_or(Error::Damaged("a record was changed"))?;
    serde_json::from_slice(&text).map_err(|_| Error::Damaged("a record has another form"))
}

fn about_record(vault: &[u8; 16], key: &RecordKey) -> [u8; 32] {
    digest(&[b"stanch record 1", vault, key])
}

/// Where the fields of a version belong: nothing else opens them.
pub(crate) struct Place<'a> {
    pub vault: &'a [u8; 16],
    pub context: &'a Opened,
    pub key: ValueKey,
    /// When the version was made.
    pub created: u64,
}

impl Place<'_> {
    fn about(&self) -> [u8; 32] {
        digest(&[b"stanch value 1", self.vault, &self.context.id, &self.key, &self.created.to_le_bytes()])
    }
}

/// Seals fields under a fresh key, and that under the key of the context.
pub(crate) fn seal_fields(arena: &Arena, place: &Place<'_>, fields: &[(String, Secret)]) -> Result<Vec<u8>, Error> {
    let memory = |e| Error::io("take", std::path::Path::new("memory"), e);
    let size: usize = 2 + fields.iter().map(|(name, value)| 2 + name.len() + 4 + value.len()).sum::<usize>();
    if size > LARGEST_VALUE || fields.len() > usize::from(u16::MAX) {
        return Err(Error::TooLarge { what: "a secret", most: LARGEST_VALUE });
    }
    let mut text = arena.buffer(size).map_err(memory)?;
    let mut add = |bytes: &[u8]| text.push(bytes).map_err(|_| Error::Damaged("a length is wrong"));
    add(&(fields.len() as u16).to_le_bytes())?;
    for (name, value) in fields {
        let length = u16::try_from(name.len()).map_err(|_| Error::TooLarge { what: "a field's name", most: 128 })?;
        add(&length.to_le_bytes())?;
        add(name.as_bytes())?;
        add(&(value.len() as u32).to_le_bytes())?;
        add(value.expose())?;
    }
    let mut key = arena.buffer(32).map_err(memory)?;
    let fresh = zeroize::Zeroizing::new(random::<32>()?);
    key.push(&*fresh).map_err(|_| Error::Damaged("a length is wrong"))?;
    let about = place.about();
    let mut row = seal(&place.context.versions, &about, key.bytes())?;
    row.extend(seal(&fresh, &about, text.bytes())?);
    Ok(row)
}

/// The fields of a version.
pub(crate) fn open_fields(arena: &Arena, place: &Place<'_>, row: &[u8]) -> Result<Fields, Error> {
    let damaged = || Error::Damaged("a value was changed, or is not where it belongs");
    let memory = |e| Error::io("take", std::path::Path::new("memory"), e);
    let about = place.about();
    let (key, sealed) = row.split_at_checked(SEALED_KEY).ok_or_else(damaged)?;
    let key = open(&place.context.versions, &about, key).ok_or_else(damaged)?;
    let key: &[u8; 32] = key.as_slice().try_into().map_err(|_| damaged())?;
    let text = open_locked(arena, key, &about, sealed).map_err(memory)?.ok_or_else(damaged)?;
    let mut rest = text.expose();
    let count = u16::from_le_bytes(take(&mut rest)?);
    let mut fields = Fields::new();
    for _ in 0..count {
        let length = u16::from_le_bytes(take(&mut rest)?);
        let name = part(&mut rest, usize::from(length))?;
        let name = std::str::from_utf8(name).map_err(|_| damaged())?.to_owned();
        let length = u32::from_le_bytes(take(&mut rest)?);
        let value = part(&mut rest, length as usize)?;
        let mut kept: Locked = arena.buffer(value.len()).map_err(memory)?;
        kept.push(value).map_err(|_| damaged())?;
        fields.push((name, kept.into()));
    }
    if rest.is_empty() { Ok(fields) } else { Err(damaged()) }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Error> {
    let (taken, behind) = rest.split_first_chunk::<N>().ok_or(Error::Damaged("a value is cut"))?;
    *rest = behind;
    Ok(*taken)
}

fn part<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Error> {
    let (taken, behind) = rest.split_at_checked(length).ok_or(Error::Damaged("a value is cut"))?;
    *rest = behind;
    Ok(taken)
}

/// Seals whose value a fingerprint is of.
pub(crate) fn seal_owner(keys: &Keys, key: &PrintKey, context: &[u8; 16], name: &str) -> Result<Vec<u8>, Error> {
    Ok(seal(&keys.owner, &digest(&[b"stanch owner 1", key]), &[&context[..], name.as_bytes()].concat())?)
}

/// The context, and the name in it.
pub(crate) fn open_owner(keys: &Keys, key: &PrintKey, row: &[u8]) -> Result<([u8; 16], String), Error> {
    let damaged = || Error::Damaged("a fingerprint was changed");
    let opened = open(&keys.owner, &digest(&[b"stanch owner 1", key]), row).ok_or_else(damaged)?;
    let (context, name) = opened.split_first_chunk::<16>().ok_or_else(damaged)?;
    Ok((*context, String::from_utf8(name.to_vec()).map_err(|_| damaged())?))
}

/// Bytes of hexadecimal digits.
pub(crate) fn unhex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if digits.len() != 2 * N || !digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
