//! Is a value a digest, an identifier or public, by the name it is assigned to or what stands before it?
//!
//! It must not look at the value itself. Start with [`is_digest`].

use super::super::extract;
use super::super::words::normalise;
use super::Context;

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

/// Does what stands before the value say that it is a digest, an identifier or public?
pub(super) fn is_digest(cx: &Context<'_>) -> bool {
    let start = cx.span.secret_start;
    let before = &cx.bytes[start.saturating_sub(12)..start];
    if DIGEST_PREFIXES.iter().any(|p| before.to_ascii_lowercase().ends_with(p)) {
        return true;
    }
    let Some((from, to)) = cx.name.or_else(|| extract::name_before(cx.bytes, start)) else { return false };
    let name = normalise(&cx.bytes[from..to]);
    let secret_word =
        [&b"secret"[..], b"token", b"apikey", b"password", b"passwd"].iter().any(|w| memchr::memmem::find(&name, w).is_some());
    let digest = DIGEST_NAMES.iter().any(|w| memchr::memmem::find(&name, w.as_bytes()).is_some());
    let last = cx.bytes[from..to].rsplit(|b| matches!(b, b'_' | b'-' | b'.')).next().unwrap_or_default().to_ascii_lowercase();
    let camel_id = cx.bytes[from..to].ends_with(b"Id") || cx.bytes[from..to].ends_with(b"ID");
    let last_digest = DIGEST_NAMES.iter().any(|w| name.ends_with(w.as_bytes()));
    last_digest || digest && !secret_word || DIGEST_WORDS.iter().any(|w| w.as_bytes() == last) || camel_id
}
