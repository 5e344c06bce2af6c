//! Truncated, damaged and made-up bytes: never a panic, never a silent loss.

use std::io::{self, Cursor, Read};
use std::path::Path;

use proptest::prelude::*;

use super::{Collect, Count, fixture, head, markers, open, tar_of};
use crate::scan::blob::Place;
use crate::scan::expand::{Expander, Kind, Limits, Visit, detect, json};
use crate::scan::issues::Issues;

const KINDS: [Kind; 11] = [
    Kind::Zip,
    Kind::Tar,
    Kind::Gzip,
    Kind::Bzip2,
    Kind::Xz,
    Kind::Zstd,
    Kind::SevenZip,
    Kind::Notebook,
    Kind::Pdf,
    Kind::Sqlite,
    Kind::Closed("rar"),
];

const FIXTURES: [&str; 19] = [
    "ustar.tar",
    "small.tgz",
    "small.tar.bz2",
    "small.tar.xz",
    "small.tar.zst",
    "two.log.gz",
    "info.zip",
    "zip-LZMA.zip",
    "zip-BZip2.zip",
    "zip-Deflate64.zip",
    "nested.zip",
    "Copy.7z",
    "Deflate.7z",
    "BZip2.7z",
    "LZMA.7z",
    "LZMA2.7z",
    "apart.7z",
    "small.pdf",
    "small.db",
];

fn tiny() -> Limits {
    Limits {
        depth: 3,
        member_bytes: 1 << 16,
        total_bytes: 1 << 18,
        ratio: 50,
        ratio_from: 1 << 12,
        members: 50,
        buffer: 1 << 16,
        window: 1 << 20,
    }
}

/// Opens any bytes as any kind; gives members and gaps seen.
fn run(kind: Kind, bytes: &[u8]) -> (u64, usize) {
    let (limits, issues, mut count) = (tiny(), Issues::default(), Count::default());
    let expander = Expander { limits: &limits, issues: &issues };
    let _ = expander.expand(kind, &Place::File(Path::new("x")), &mut Cursor::new(bytes), &mut count);
    expander.expand_stream(kind, &Place::Stdin, &mut &*bytes, &mut count);
    (count.members, issues.finish().0.len())
}

#[test]
fn truncated_at_every_byte() {
    for name in FIXTURES {
        let bytes = fixture(name);
        for end in 1..bytes.len() {
            let cut = &bytes[..end];
            let Some(kind) = detect(name, head(cut)) else { continue };
            let (members, issues) = run(kind, cut);
            assert!(members > 0 || issues > 0, "{name} cut at {end}");
        }
    }
}

/// Where the cut loses a packed member, there is a gap.
#[test]
fn a_cut_in_packed_data_is_a_gap() {
    for name in FIXTURES.into_iter().filter(|name| !["ustar.tar", "two.log.gz"].contains(name)) {
        let bytes = fixture(name);
        let whole: usize = open(name, &bytes).members.iter().map(|(_, content)| markers(content).len()).sum();
        for end in 10..bytes.len() {
            let cut = &bytes[..end];
            if detect(name, head(cut)).is_none() {
                continue;
            }
            let outcome = open(name, cut);
            let seen: usize = outcome.members.iter().map(|(_, content)| markers(content).len()).sum();
            assert!(seen >= whole || outcome.gaps() > 0, "{name} cut at {end}: {:?}", outcome.lines());
        }
    }
}

#[test]
fn every_byte_flipped() {
    for name in FIXTURES {
        let bytes = fixture(name);
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 400) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            if let Some(kind) = detect(name, head(&damaged)) {
                let _ = run(kind, &damaged);
            }
        }
    }
}

#[test]
fn garbage_after_magic() {
    let magics: [&[u8]; 7] = [
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"7z\xbc\xaf\x27\x1c",
        b"BZh91AY&SY",
        b"Rar!\x1a\x07",
    ];
    for magic in magics {
        let bytes = [magic, b"marker-1", &[0xa5; 3000]].concat();
        let outcome = open("x", &bytes);
        assert!(outcome.gaps() > 0, "{magic:?} {:?}", outcome.lines());
    }
}

/// A visitor that fails, and one that reads nothing, do not stop the walk.
#[test]
fn visitors_that_fail() {
    struct Fail(u32);
    impl Visit for Fail {
        fn member(&mut self, _place: &Place<'_>, bytes: &mut dyn Read) -> io::Result<()> {
            self.0 += 1;
            if self.0 % 2 == 1 { Err(io::ErrorKind::Other.into()) } else { bytes.read(&mut [0; 3]).map(|_| ()) }
        }
    }
    for name in ["ustar.tar", "info.zip", "LZMA2.7z", "small.tgz"] {
        let (limits, issues, mut visitor) = (Limits::default(), Issues::default(), Fail(0));
        let bytes = fixture(name);
        let kind = detect(name, head(&bytes)).unwrap();
        let _ = Expander { limits: &limits, issues: &issues }.expand(kind, &Place::Stdin, &mut Cursor::new(bytes), &mut visitor);
        assert!(visitor.0 >= 2, "{name}");
        assert_eq!(issues.finish().0[0].kind.word(), "unreadable", "{name}");
    }
}

/// An input that fails while it is read: a gap, never silence.
#[test]
fn an_input_that_cannot_be_read() {
    struct Broken<'a>(&'a [u8]);
    impl Read for Broken<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::Error::from_raw_os_error(5)) } else { self.0.read(buf) }
        }
    }
    for name in FIXTURES {
        let bytes = fixture(name);
        let (limits, issues, mut seen) = (Limits::default(), Issues::default(), Collect::default());
        let kind = detect(name, head(&bytes)).unwrap();
        let half = &bytes[..bytes.len() / 2];
        Expander { limits: &limits, issues: &issues }.expand_stream(kind, &Place::Stdin, &mut Broken(half), &mut seen);
        assert!(!issues.finish().0.is_empty(), "{name}");
    }
}

#[test]
fn long_names_are_not_held() {
    let mut header = ::tar::Header::new_gnu();
    header.set_entry_type(::tar::EntryType::GNULongName);
    header.set_size(3 << 20);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.resize(bytes.len() + (3 << 20), b'n');
    bytes.extend(tar_of(&[("short", b"marker-1")]));
    let outcome = open("x", &bytes);
    assert_eq!(outcome.members.len(), 1);
    assert!(outcome.members[0].0.len() < 70_000);
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..2000)
}

proptest! {
    #[test]
    fn any_bytes_as_any_kind(bytes in any_bytes()) {
        for kind in KINDS {
            run(kind, &bytes);
        }
    }

    #[test]
    fn damaged_fixtures(which in 0..FIXTURES.len(), edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = fixture(FIXTURES[which]);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        for kind in KINDS {
            run(kind, &bytes);
        }
    }

    #[test]
    fn json_slices_of_anything(bytes in "[{}\\[\\]\",:\\\\ u0-9a-fn]{0,200}") {
        let mut out = json::Text::default();
        let start = json::Cursor::new(bytes.as_bytes());
        start.clone().push_value(&mut out);
        start.clone().push_string(&mut out);
        start.clone().object(|value, key| {
            out.bytes.extend(key);
            value.push_value(&mut out);
        });
        start.clone().array(|item| out.bytes.extend(item.skip()));
        start.clone().array(|item| item.object(|value, _| value.array(|_| ())));
        let _ = (start.find("a"), start.is_nothing(), start.first_string(9));
    }
}
