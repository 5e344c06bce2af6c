//! Every limit, and bombs.

use std::io::{Read, Write};

use ::zip::CompressionMethod;

use super::{Count, check, fixture, gzip, open_within, tar_of, zip_of};
use crate::scan::blob::Place;
use crate::scan::expand::{Expander, Limits, detect};
use crate::scan::issues::Issues;

#[track_caller]
fn check_within(name: &str, bytes: &[u8], limits: Limits, expected: &[&str]) {
    assert_eq!(open_within(name, bytes, &limits).lines(), expected, "{name}");
}

#[test]
fn member_bytes() {
    let limits = Limits { member_bytes: 8, ..Limits::default() };
    let members: &[(&str, &[u8])] = &[("fits", b"marker-1"), ("not", b"marker-2!"), ("last", b"marker-3")];
    let expected = ["x!fits: 1", "x!not: 2", "x!last: 3", "gap size-limit x!not"];
    check_within("x", &tar_of(members), limits, &expected);
    check_within("x", &zip_of(members, CompressionMethod::Stored), limits, &expected);
    check_within("x", &gzip(&tar_of(members)), limits, &expected);
    check_within("x", &gzip(b"marker-22"), limits, &["x!x: 2", "gap size-limit x!x"]);
}

#[test]
fn total_bytes() {
    let limits = Limits { total_bytes: 12, ..Limits::default() };
    let members: &[(&str, &[u8])] = &[("one", b"marker-1"), ("two", b"marker-2"), ("three", b"marker-3")];
    let expected = ["x!one: 1", "x!two:", "gap size-limit x", "gap size-limit x!two"];
    check_within("x", &zip_of(members, CompressionMethod::Deflated), limits, &expected);
    let exact = Limits { total_bytes: 24, ..Limits::default() };
    let expected = ["x!one: 1", "x!two: 2", "x!three: 3"];
    check_within("x", &zip_of(members, CompressionMethod::Deflated), exact, &expected);
    // What is not packed is not unpacked: a plain tar is as large as it is.
    check_within("x", &tar_of(members), limits, &expected);
}

#[test]
fn members() {
    let limits = Limits { members: 2, ..Limits::default() };
    let members: &[(&str, &[u8])] = &[("one", b"marker-1"), ("two", b"marker-2"), ("three", b"marker-3")];
    let expected = ["x!one: 1", "x!two: 2", "gap count-limit x"];
    check_within("x", &tar_of(members), limits, &expected);
    check_within("x", &zip_of(members, CompressionMethod::Deflated), limits, &expected);
    let solid = Limits { members: 1, ..Limits::default() };
    check_within("x", &fixture("LZMA2.7z"), solid, &["x!a.txt: a", "gap count-limit x"]);
    let notebook = br#"{"cells":[{"source":"marker-1"},{"source":"marker-2"},{"source":"marker-3"}]}"#;
    check_within("x.ipynb", notebook, limits, &["x.ipynb#cell-1: 1", "x.ipynb#cell-2: 2", "gap count-limit x.ipynb"]);
}

#[test]
fn ratio() {
    let limits = Limits { ratio: 10, ratio_from: 1000, ..Limits::default() };
    let bytes = zip_of(&[("bomb", &vec![b'A'; 100_000]), ("two", b"marker-2")], CompressionMethod::Deflated);
    check_within("x", &bytes, limits, &["x!bomb:", "x!two: 2", "gap ratio-limit x!bomb"]);
    let wide = Limits { ratio_from: 100_000, ..limits };
    check_within("x", &bytes, wide, &["x!bomb:", "x!two: 2"]);
}

#[test]
fn depth() {
    let inner = tar_of(&[("deep", b"marker-1")]);
    let middle = tar_of(&[("inner.tar", &inner)]);
    let outer = tar_of(&[("middle.tar", &middle), ("nb.ipynb", br#"{"cells":[{"source":"marker-2"}]}"#)]);
    let limits = |depth| Limits { depth, ..Limits::default() };
    let notebook = "x!nb.ipynb#cell-1: 2";
    check_within("x", &outer, limits(3), &["x!middle.tar!inner.tar!deep: 1", notebook]);
    check_within("x", &outer, limits(2), &["x!middle.tar!inner.tar: 1", notebook, "gap depth-limit x!middle.tar!inner.tar"]);
    check_within("x", &outer, limits(1), &["x!middle.tar: 1", notebook, "gap depth-limit x!middle.tar"]);
}

#[test]
fn buffer() {
    let zip = zip_of(&[("one", b" marker-1 ")], CompressionMethod::Stored);
    let limits = Limits { buffer: zip.len() as u64, ..Limits::default() };
    check_within("x", &gzip(&zip), limits, &["x!x!one: 1"]);
    let limits = Limits { buffer: zip.len() as u64 - 1, ..Limits::default() };
    check_within("x", &gzip(&zip), limits, &["x!x: 1", "gap size-limit x!x"]);
    let notebook = br#"{"cells":[{"source":"marker-1"}]}"#;
    let limits = Limits { buffer: 10, ..Limits::default() };
    check_within("x.ipynb", notebook, limits, &["gap size-limit x.ipynb"]);
}

#[test]
fn window() {
    let content: Vec<u8> = (0..200_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let packed = zstd::stream::encode_all(content.as_slice(), 1).unwrap();
    let limits = Limits { window: 64 * 1024, ..Limits::default() };
    check_within("x", &packed, limits, &["gap size-limit x"]);
    check_within("x", &fixture("two.log.xz"), limits, &["gap size-limit x"]);
    check_within(
        "x",
        &fixture("LZMA.7z"),
        Limits { window: 1024, ..limits },
        &["gap size-limit x!a.txt", "gap size-limit x!big.txt"],
    );
    check_within("x", &fixture("zip-LZMA.zip"), Limits { window: 1024, ..limits }, &["x!a.txt: a", "gap size-limit x!big.txt"]);
}

/// Packs 64 MiB of zeros with a writer.
fn pack_zeros<W: Write>(mut writer: W) -> W {
    std::io::copy(&mut std::io::repeat(0).take(64 << 20), &mut writer).unwrap();
    writer
}

fn bombs() -> Vec<Vec<u8>> {
    use flate2::write::GzEncoder;
    let gz = pack_zeros(GzEncoder::new(Vec::new(), flate2::Compression::default())).finish().unwrap();
    let bz2 = pack_zeros(bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast())).finish().unwrap();
    let zst = pack_zeros(zstd::Encoder::new(Vec::new(), 3).unwrap()).finish().unwrap();
    let mut zip = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("zeros", ::zip::write::SimpleFileOptions::default()).unwrap();
    let zip = pack_zeros(zip).finish().unwrap().into_inner();
    let copies: Vec<_> = (0..16).map(|_| ("in.zip", zip.as_slice())).collect();
    let nested = gzip(&tar_of(&copies));
    vec![gz, bz2, zst, zip, nested, fixture("zeros.xz"), fixture("py7zr.7z"), tar_of(&[("in.7z", &fixture("py7zr.7z"))])]
}

/// Runs itself again with 300 MB of address space and a minute of processor time: 64 MiB of zeros, packed in every way, are given
/// up on early.
#[test]
fn bombs_end_early_in_bounded_memory() {
    if std::env::var_os("STANCH_TEST_BOMBS").is_some() {
        return bombs().iter().for_each(|bytes| defuse(bytes));
    }
    let name = "expand::tests::limits::bombs_end_early_in_bounded_memory";
    let script = format!("ulimit -v 300000 && ulimit -t 60 && exec \"$0\" --exact {name} --nocapture");
    let exe = std::env::current_exe().unwrap();
    let child = std::process::Command::new("sh").arg("-c").arg(script).arg(exe).env("STANCH_TEST_BOMBS", "1").output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"));
}

fn defuse(bytes: &[u8]) {
    let (limits, issues, mut count) = (Limits::default(), Issues::default(), Count::default());
    let kind = detect("x", &bytes[..bytes.len().min(512)]).unwrap();
    Expander { limits: &limits, issues: &issues }.expand_stream(kind, &Place::Stdin, &mut &*bytes, &mut count);
    let (kept, _) = issues.finish();
    assert!(kept.iter().all(|issue| issue.kind.word() == "ratio-limit"), "{kept:?}");
    assert_eq!(kept.len() as u64, count.members);
    assert!(count.bytes < count.members * (40 << 20), "{}", count.bytes);
}

/// A gzip file in a gzip file and so on: ends at the depth limit.
#[test]
fn deep_nesting() {
    let mut bytes = b"marker-1".to_vec();
    for _ in 0..100 {
        bytes = gzip(&bytes);
    }
    let name = format!("x{}", "!x".repeat(4));
    check("x", &bytes, &[&format!("{name}:"), &format!("gap depth-limit {name}")]);
}

/// Many directory entries for the same member: the total ends it.
#[test]
fn overlapping_members() {
    let content = vec![b'A'; 1 << 20];
    let one = zip_of(&[("one", &content)], CompressionMethod::Deflated);
    let directory = memchr::memmem::find(&one, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::rfind(&one, b"PK\x05\x06").unwrap();
    let count = 5000_u16;
    let mut bytes = one[..directory].to_vec();
    (0..count).for_each(|_| bytes.extend(&one[directory..end]));
    let size = u32::try_from(bytes.len() - directory).unwrap();
    let mut record = one[end..].to_vec();
    record[8..10].copy_from_slice(&count.to_le_bytes());
    record[10..12].copy_from_slice(&count.to_le_bytes());
    record[12..16].copy_from_slice(&size.to_le_bytes());
    bytes.extend(record);
    let limits = Limits { total_bytes: 20 << 20, ..Limits::default() };
    let (issues, mut seen) = (Issues::default(), Count::default());
    let kind = detect("x", &bytes).unwrap();
    Expander { limits: &limits, issues: &issues }.expand_stream(kind, &Place::Stdin, &mut bytes.as_slice(), &mut seen);
    assert_eq!(seen.bytes, 20 << 20);
    let (kept, _) = issues.finish();
    assert_eq!(kept.len(), 1, "{kept:?}");
}
