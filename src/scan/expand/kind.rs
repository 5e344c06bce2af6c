//! Which kind of container is this? Magic bytes first, the name second.
//!
//! It must not know how a container is read. Start with [`detect`].

use std::path::Path;

use super::{mail, tar};

/// A kind of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// zip and its family: jar, whl, apk, docx, xlsx, epub and many more.
    Zip,
    /// tar: v7, ustar, GNU and pax.
    Tar,
    /// gzip, one or more members.
    Gzip,
    /// bzip2, one or more streams.
    Bzip2,
    /// xz, one or more streams.
    Xz,
    /// Zstandard, one or more frames.
    Zstd,
    /// 7z.
    SevenZip,
    /// Jupyter notebook.
    Notebook,
    /// PDF.
    Pdf,
    /// SQLite database.
    Sqlite,
    /// Mail, mailbox or saved web page.
    Mail,
    /// Ciphertext of the program that is named: nothing to see.
    Ciphertext(&'static str),
    /// A compressed container this build cannot open; the word names it.
    Closed(&'static str),
}

impl Kind {
    /// Is it one text in a form of its own, and no level of an archive?
    #[must_use]
    pub fn is_document(self) -> bool {
        matches!(self, Self::Notebook | Self::Pdf | Self::Sqlite | Self::Mail | Self::Ciphertext(_))
    }
}

/// Names of zip files that may start with something other than a zip header (a script, a loader), and so are known by name only.
const ZIP_NAMES: &[&str] = &[
    "zip", "zipx", "jar", "war", "ear", "aar", "jmod", "apk", "apks", "aab", "xapk", "ipa", "xpi", "crx", "whl", "egg", "pex",
    "pyz", "docx", "docm", "dotx", "xlsx", "xlsm", "pptx", "pptm", "odt", "ods", "odp", "odg", "epub", "nupkg", "snupkg", "vsix",
    "vsdx", "kmz", "cbz", "3mf", "sketch", "conda",
];

/// Names of mails, mailboxes and saved web pages.
const MAIL_NAMES: &[&str] = &["eml", "mbox", "mht", "mhtml"];

/// Names of compressed files.
const PACKED: [(&[&str], Kind); 5] = [
    (&["gz", "tgz"], Kind::Gzip),
    (&["bz2", "tbz2", "tbz"], Kind::Bzip2),
    (&["xz", "txz"], Kind::Xz),
    (&["zst", "zstd", "tzst"], Kind::Zstd),
    (&["7z"], Kind::SevenZip),
];

/// Fixed magic bytes at the start.
const MAGIC: &[(&[u8], Kind)] = &[
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"PK\x07\x08", Kind::Zip),
    (b"\x1f\x8b\x08", Kind::Gzip),
    (b"\xfd7zXZ\0", Kind::Xz),
    (b"\x28\xb5\x2f\xfd", Kind::Zstd),
    (b"7z\xbc\xaf\x27\x1c", Kind::SevenZip),
    (b"Rar!\x1a\x07", Kind::Closed("rar")),
    (b"\x04\x22\x4d\x18", Kind::Closed("lz4")),
    (b"LZIP\x01", Kind::Closed("lzip")),
    (b"MSCF\0\0\0\0", Kind::Closed("cabinet")),
    (b"\xed\xab\xee\xdb", Kind::Closed("rpm")),
    (b"!<arch>\ndebian", Kind::Closed("deb")),
    (b"\0GITCRYPT\0", Kind::Ciphertext("git-crypt")),
    (b"age-encryption.org/v1\n", Kind::Ciphertext("age")),
    (b"Salted__", Kind::Ciphertext("openssl")),
    (b"%PDF-", Kind::Pdf),
    (super::sqlite::MAGIC, Kind::Sqlite),
];

/// How what stands for a large file begins (git LFS), whatever its name is.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The kind of container that starts with `head`: its first 512 bytes or more, or all of it if it is shorter. `name` is its
/// file name or path; the extension decides only where the bytes cannot. Without a name, bytes decide that elsewhere need it as well.
#[must_use]
pub fn detect(name: &str, head: &[u8]) -> Option<Kind> {
    if let Some(kind) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| *kind) {
        return Some(kind);
    }
    if is_bzip2(head) {
        return Some(Kind::Bzip2);
    }
    if tar::has_magic(head) {
        return Some(Kind::Tar);
    }
    if head.trim_ascii().is_empty() || head.starts_with(POINTER) {
        return None;
    }
    if is_cpio(head) {
        return Some(Kind::Closed("cpio"));
    }
    if mail::has_magic(head) {
        return Some(Kind::Mail);
    }
    if name.is_empty() { by_weak_signs(head) } else { by_name(name, head) }
}

/// Bytes at the end of a file that show that it is a zip file: the last record and the longest comment.
pub const ZIP_TAIL: usize = 22 + 0xffff;

/// Does it begin like a program or a script, which may have a zip file behind it?
#[must_use]
pub fn begins_like_program(head: &[u8]) -> bool {
    [&b"MZ"[..], b"\x7fELF", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"].iter().any(|magic| head.starts_with(magic))
}

/// Does a file with these bytes at its end have the last record of a zip file there, with a comment of the length that it says?
#[must_use]
pub fn ends_like_zip(tail: &[u8]) -> bool {
    let length = |at: usize| tail.get(at + 20..at + 22).map(|two| usize::from(two[0]) | usize::from(two[1]) << 8);
    memchr::memmem::find_iter(tail, b"PK\x05\x06").any(|at| length(at).is_some_and(|length| at + 22 + length == tail.len()))
}

/// Is all of this a program with a zip file behind it?
#[must_use]
pub fn unpacks_itself(bytes: &[u8]) -> bool {
    begins_like_program(bytes) && ends_like_zip(&bytes[bytes.len().saturating_sub(ZIP_TAIL)..])
}

/// Of input without a name nothing says that it is something else.
fn by_weak_signs(head: &[u8]) -> Option<Kind> {
    if tar::is_header(head) {
        Some(Kind::Tar)
    } else if is_skippable_frame(head) {
        Some(Kind::Zstd)
    } else {
        None
    }
}

fn by_name(name: &str, head: &[u8]) -> Option<Kind> {
    let extension = Path::new(name).extension()?.to_str()?;
    let is = |other: &str| extension.eq_ignore_ascii_case(other);
    if is("ipynb") {
        return Some(Kind::Notebook);
    }
    if MAIL_NAMES.iter().any(|name| is(name)) && mail::begins(head) {
        return Some(Kind::Mail);
    }
    if is("tar") && tar::is_header(head) {
        return Some(Kind::Tar);
    }
    if (is("zst") || is("zstd")) && is_skippable_frame(head) {
        return Some(Kind::Zstd);
    }
    if is("z") && head.starts_with(b"\x1f\x9d") {
        return Some(Kind::Closed("compress"));
    }
    if is("lzma") && head.starts_with(&[0x5d, 0, 0]) {
        return Some(Kind::Closed("lzma"));
    }
    // What does not begin like one is a damaged one.
    let packed = PACKED.iter().find(|(names, _)| names.iter().any(|name| is(name))).map(|(_, kind)| *kind);
    packed.or_else(|| ZIP_NAMES.iter().any(|zip| is(zip)).then_some(Kind::Zip))
}

/// What a name says of what a file may be; files of two names of one family are the same to [`detect`].
#[must_use]
pub fn family(name: &str) -> Option<usize> {
    let extension = Path::new(name).extension()?.to_str()?;
    let is = |names: &[&str]| names.iter().any(|name| extension.eq_ignore_ascii_case(name));
    let packed = PACKED.iter().flat_map(|(names, _)| names.iter().map(std::slice::from_ref));
    let single = [&["ipynb"][..], MAIL_NAMES, &["tar"], &["z"], &["lzma"]];
    single.into_iter().chain(packed).chain([ZIP_NAMES]).position(is)
}

/// The header of a cpio archive: `07070`, and numbers in octal or hexadecimal digits.
fn is_cpio(head: &[u8]) -> bool {
    let digits = |to: usize, is: fn(&u8) -> bool| head.get(6..to).is_some_and(|digits| digits.iter().all(is));
    match head.get(..6) {
        Some(b"070701" | b"070702") => digits(110, u8::is_ascii_hexdigit),
        Some(b"070707") => digits(76, |b| matches!(b, b'0'..=b'7')),
        _ => false,
    }
}

/// `BZh`, the block size, and the magic number of a block or of the end.
fn is_bzip2(head: &[u8]) -> bool {
    head.starts_with(b"BZh")
        && matches!(head.get(3), Some(b'1'..=b'9'))
        && matches!(head.get(4..10), Some(b"\x31\x41\x59\x26\x53\x59" | b"\x17\x72\x45\x38\x50\x90"))
}

/// A skippable frame in front of the first Zstandard frame (RFC 8878, section 3.1.2), as pzstd and seekable zstd write it.
fn is_skippable_frame(head: &[u8]) -> bool {
    matches!(head.first(), Some(0x50..=0x5f)) && head.get(1..4) == Some(b"\x2a\x4d\x18")
}
