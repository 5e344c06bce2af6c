//! Every format, as real tools write it.

use ::zip::CompressionMethod;

use super::{check, detect, fixture, gzip, head, open, tar_of, zip_of};
use crate::scan::expand::Kind;

#[track_caller]
fn check_fixture(name: &str, expected: &[&str]) {
    check(name, &fixture(name), expected);
}

/// The header of a cpio archive.
const CPIO: [u8; 110] = {
    let mut head = [b'0'; 110];
    (head[1], head[3], head[5]) = (b'7', b'7', b'1');
    head
};

#[test]
fn detects_by_magic_then_by_name() {
    let table: &[(&str, &[u8], Option<Kind>)] = &[
        ("x", b"PK\x03\x04....", Some(Kind::Zip)),
        ("x.txt", b"PK\x05\x06", Some(Kind::Zip)),
        ("x", b"\x1f\x8b\x08\0", Some(Kind::Gzip)),
        ("x", b"\xfd7zXZ\0", Some(Kind::Xz)),
        ("x", b"\x28\xb5\x2f\xfd", Some(Kind::Zstd)),
        ("x", b"BZh91AY&SY", Some(Kind::Bzip2)),
        ("x", b"BZh9 is no bzip2", None),
        ("x", b"7z\xbc\xaf\x27\x1c", Some(Kind::SevenZip)),
        ("x", b"Rar!\x1a\x07\x01\0", Some(Kind::Closed("rar"))),
        ("x.ipynb", b"\xef\xbb\xbf{", Some(Kind::Notebook)),
        ("X.IPYNB", b"{", Some(Kind::Notebook)),
        ("x.ipynb", b" \n", None),
        ("x.ipynb", b"", None),
        ("app.jar", b"#!/bin/sh", Some(Kind::Zip)),
        ("x.gz", b"plain text", Some(Kind::Gzip)),
        ("x.tgz", b"\x8b\x08", Some(Kind::Gzip)),
        ("x.bz2", b"BZh9 noise", Some(Kind::Bzip2)),
        ("x.7z", b"garbage", Some(Kind::SevenZip)),
        ("x.zip", b"version https://git-lfs.github.com/spec/v1\n", None),
        ("x.deb", b"!<arch>\ndebian-binary   ", Some(Kind::Closed("deb"))),
        ("x", &CPIO, Some(Kind::Closed("cpio"))),
        ("x", b"070701 is a number", None),
        ("x.tar", b"plain text", None),
        ("x.txt", b"plain text", None),
        ("", b"", None),
        ("ipynb", b"{", None),
    ];
    for (name, head, expected) in table {
        assert_eq!(detect(name, head), *expected, "{name} {head:?}");
    }
    for name in ["v7.tar", "ustar.tar", "gnu.tar", "posix.tar"] {
        assert_eq!(detect(name, head(&fixture(name))), Some(Kind::Tar), "{name}");
    }
}

#[test]
fn tar() {
    let members = |name: &str| vec![format!("{name}!a.txt: a"), format!("{name}!sub/b.txt: b")];
    for name in ["v7.tar", "ustar.tar", "gnu.tar", "posix.tar"] {
        let mut expected = members(name);
        if ["gnu.tar", "posix.tar"].contains(&name) {
            expected.push(format!("{name}!{}name.txt: long", "long/".repeat(40)));
        }
        assert_eq!(open(name, &fixture(name)).lines(), expected, "{name}");
    }
}

#[test]
fn sparse_tar() {
    check_fixture("sparse-gnu.tar", &["sparse-gnu.tar!hole: sparse end 3 4 5 6 7 8", "sparse-gnu.tar!after.txt: a"]);
    check_fixture("sparse-posix.tar", &["sparse-posix.tar!hole: sparse end 3 4 5 6 7 8", "sparse-posix.tar!after.txt: a"]);
}

#[test]
fn what_follows_the_end_of_a_tar_is_scanned() {
    let mut bytes = tar_of(&[("one", b"marker-1")]);
    bytes.extend(tar_of(&[("two", b"marker-2")]));
    bytes.extend(b"marker-tail");
    check("x.tar", &bytes, &["x.tar!one: 1", "x.tar!two: 2", "x.tar: tail"]);
}

#[test]
fn the_rest_after_a_damaged_tar_header_is_scanned() {
    let mut bytes = tar_of(&[("one", b"marker-1"), ("two", b"marker-2")]);
    bytes[1024 + 150] ^= 1;
    check("x.tar", &bytes, &["x.tar!one: 1", "x.tar: 2", "gap malformed x.tar"]);
}

#[test]
fn packed_tar_is_one_level() {
    for name in ["small.tgz", "small.tar.bz2", "small.tar.xz", "small.tar.zst"] {
        check_fixture(name, &[&format!("{name}!a.txt: a"), &format!("{name}!sub/b.txt: b")]);
    }
}

#[test]
fn single_streams_of_several_members() {
    for name in ["two.log.gz", "two.log.bz2", "two.log.xz", "two.log.zst"] {
        check_fixture(name, &[&format!("{name}!two.log: a b")]);
    }
}

#[test]
fn a_stream_without_an_ending_keeps_its_name() {
    check("dump", &gzip(b"marker-1"), &["dump!dump: 1"]);
    check(".gz", &gzip(b"marker-1"), &[".gz!.gz: 1"]);
    check("é.TGZ", &gzip(b"marker-1"), &["é.TGZ!é.tar: 1"]);
}

#[test]
fn garbage_behind_a_gzip_member_is_a_gap() {
    let bytes = [gzip(b"marker-1"), b"marker-2".to_vec()].concat();
    check("x.gz", &bytes, &["x.gz!x: 1", "gap malformed x.gz!x"]);
}

#[test]
fn zip() {
    check_fixture("info.zip", &["info.zip!a.txt: a", "info.zip!sub/b.txt: b", "info.zip: comment"]);
    check_fixture("streamed.zip", &["streamed.zip!-: a"]);
    check_fixture("prefix.jar", &["prefix.jar!a.txt: a", "prefix.jar!sub/b.txt: b", "prefix.jar: script", "prefix.jar: comment"]);
    check_fixture("report.docx", &["report.docx![Content_Types].xml:", "report.docx!word/document.xml: word"]);
}

#[test]
fn zip_methods() {
    for method in ["Copy", "Deflate", "Deflate64", "BZip2", "LZMA"] {
        let name = format!("zip-{method}.zip");
        check_fixture(&name, &[&format!("{name}!a.txt: a"), &format!("{name}!big.txt: big")]);
    }
    check_fixture("zip-PPMd.zip", &["gap unsupported zip-PPMd.zip!big.txt"]);
    let content = b"marker-z marker-z marker-z marker-z".repeat(100);
    let bytes = zip_of(&[("z", &content)], CompressionMethod::Zstd);
    assert_eq!(open("x.zip", &bytes).members, [("x.zip!z".to_owned(), content)]);
}

#[test]
fn encrypted_zip_members() {
    check_fixture("encrypted.zip", &["encrypted.zip!sub/b.txt: b", "gap encrypted encrypted.zip!a.txt"]);
    check_fixture("aes.zip", &["gap encrypted aes.zip!a.txt"]);
    let ole = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &[0; 600]].concat();
    check("secret.docx", &ole, &["gap encrypted secret.docx"]);
}

#[test]
fn names_are_only_names() {
    let expected = [
        "names.zip!../up.txt: up.txt",
        "names.zip!/etc/abs.txt: bs.txt",
        "names.zip!c:\\win.txt: in.txt",
        "names.zip!bell\u{7}\u{1b}[31m.txt: 1m.txt",
        "names.zip!same.txt: me.txt",
        "names.zip!same.txt: me.txt",
    ];
    check_fixture("names.zip", &expected);
}

#[test]
fn seven_zip() {
    for method in ["Copy", "Deflate", "BZip2", "LZMA", "LZMA2"] {
        let name = format!("{method}.7z");
        check_fixture(&name, &[&format!("{name}!a.txt: a"), &format!("{name}!big.txt: big")]);
    }
    check_fixture("py7zr.7z", &["py7zr.7z!zeros:", "gap ratio-limit py7zr.7z!zeros"]);
    check_fixture("apart.7z", &["apart.7z!a.txt: a", "apart.7z!sub/b.txt: b"]);
    check_fixture("encrypted.7z", &["gap encrypted encrypted.7z!a.txt"]);
    check_fixture("hidden.7z", &["gap encrypted hidden.7z"]);
}

#[test]
fn seven_zip_with_an_unknown_method() {
    let outcome = open("PPMd.7z", &fixture("PPMd.7z"));
    assert_eq!(outcome.lines(), ["gap unsupported PPMd.7z!a.txt", "gap unsupported PPMd.7z!big.txt"]);
}

#[test]
fn a_damaged_block_costs_its_own_members_only() {
    let mut bytes = fixture("apart.7z");
    bytes[40] ^= 0xff;
    let outcome = open("apart.7z", &bytes);
    assert!(outcome.lines().contains(&"apart.7z!sub/b.txt: b".to_owned()), "{:?}", outcome.lines());
    assert_eq!(outcome.gaps(), 1);
}

#[test]
fn nested() {
    let expected = ["nested.zip!a/b.tar.gz!c.txt: c", "nested.zip!a/b.tar.gz!d.ipynb#cell-x1: nb", "nested.zip!after.txt: after"];
    check_fixture("nested.zip", &expected);
    let zip = fixture("nested.zip");
    check(
        "x.zip.gz",
        &gzip(&zip),
        &expected.map(|line| line.replace("nested.zip", "x.zip.gz!x.zip")).each_ref().map(String::as_str),
    );
    let seven = tar_of(&[("in/Copy.7z", &fixture("Copy.7z"))]);
    check("x.tar", &seven, &["x.tar!in/Copy.7z!a.txt: a", "x.tar!in/Copy.7z!big.txt: big"]);
}

#[test]
fn a_nested_container_that_cannot_be_opened_is_scanned_raw() {
    let gz = b"\x1f\x8b\x08\xff marker-1".as_slice();
    let bytes = tar_of(&[
        ("x.gz", gz),
        ("x.zip", b"marker-2"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c\0\x04 marker-3"),
        ("x.rar", b"Rar!\x1a\x07 marker-4"),
    ]);
    let expected = [
        "x.tar!x.gz: 1",
        "x.tar!x.zip: 2",
        "x.tar!x.7z: 3",
        "x.tar!x.rar: 4",
        "gap malformed x.tar!x.7z",
        "gap malformed x.tar!x.gz",
        "gap malformed x.tar!x.zip",
        "gap unsupported x.tar!x.rar",
    ];
    check("x.tar", &bytes, &expected);
}

#[test]
fn a_damaged_member_does_not_end_the_walk() {
    let big: Vec<u8> = (0..20_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let mut bytes = zip_of(&[("one", &big), ("two", b"marker-2")], CompressionMethod::Deflated);
    bytes[40_000] ^= 0xff;
    let outcome = open("x.zip", &bytes);
    assert_eq!(outcome.lines(), ["x.zip!one:", "x.zip!two: 2", "gap malformed x.zip!one"]);
}
