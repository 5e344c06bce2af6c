//! Archives and notebooks, against decompression or parsing alone with the same crate.
//!
//! Each pair of benches has the same name but for `raw_` in front: `raw_` uses the crate with a 64 KiB buffer, the other one
//! goes through the expander with a visitor that reads everything and does nothing. Inputs are made at run time from a fixed
//! seed. Run: `cargo bench --bench expand`.
#![expect(clippy::unwrap_used, reason = "a bench that can't go on fails")]

use std::io::{self, BufReader, Cursor, Read, Write};
use std::path::Path;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use stanch::scan::blob::Place;
use stanch::scan::expand::{Expander, Limits, Visit, detect};
use stanch::scan::issues::Issues;

const CHUNK: usize = 64 * 1024;

fn main() {
    divan::main();
}

/// Words and numbers, about as compressible as source text.
fn text(seed: u64, len: usize) -> Vec<u8> {
    const WORDS: [&str; 24] = [
        "let",
        "value",
        "=",
        "self.",
        "config",
        "(",
        ")",
        ";\n    ",
        "return",
        "token",
        "\"",
        ",",
        "{\n        ",
        "}\n",
        "for",
        "in",
        "stream",
        "if",
        "==",
        "error",
        "// ",
        "open",
        "match",
        "->",
    ];
    let mut state = seed;
    let mut out = Vec::with_capacity(len + 16);
    while out.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = (state >> 33) as usize;
        if pick.is_multiple_of(7) {
            out.extend_from_slice(format!("{:x} ", pick % 100_000).as_bytes());
        } else {
            out.extend_from_slice(WORDS[pick % WORDS.len()].as_bytes());
            out.push(b' ');
        }
    }
    out.truncate(len);
    out
}

/// 2,000 files of 8 KiB: 16 MiB.
fn files() -> impl Iterator<Item = (String, Vec<u8>)> {
    (0..2000).map(|n| (format!("src/module_{}/file_{n}.rs", n % 50), text(n, 8192)))
}

static TAR: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files() {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
});

static TGZ: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(&TAR).unwrap();
    writer.finish().unwrap()
});

static ZIP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files() {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
});

static LOG: LazyLock<Vec<u8>> = LazyLock::new(|| text(7, 16 << 20));

static ZST: LazyLock<Vec<u8>> = LazyLock::new(|| zstd::encode_all(LOG.as_slice(), 3).unwrap());

static BZ2: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    writer.write_all(&LOG[..4 << 20]).unwrap();
    writer.finish().unwrap()
});

/// Packed by the program of that name: the crates have no encoder here.
static XZ: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), &LOG[..4 << 20]).unwrap();
    packed(&folder, &["xz", "-6", "log"], "log.xz")
});

static SEVEN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), &LOG[..4 << 20]).unwrap();
    packed(&folder, &["7z", "a", "-bso0", "-bsp0", "log.7z", "log"], "log.7z")
});

fn packed(folder: &tempfile::TempDir, command: &[&str], result: &str) -> Vec<u8> {
    let status = std::process::Command::new(command[0]).args(&command[1..]).current_dir(folder).status();
    assert!(status.unwrap_or_else(|e| panic!("{}: {e}", command[0])).success());
    std::fs::read(folder.path().join(result)).unwrap()
}

/// 2,000 code cells with text outputs.
static NOTEBOOK: LazyLock<Vec<u8>> = LazyLock::new(|| notebook(""));

/// 200 cells, half of it images of 100 KB.
static IMAGES: LazyLock<Vec<u8>> = LazyLock::new(|| notebook(&"iVBORw0KGgoAAAANSUhEUgAA".repeat(4096)));

fn notebook(image: &str) -> Vec<u8> {
    let lines = |seed, len| -> Vec<String> {
        String::from_utf8(text(seed, len)).unwrap().split_inclusive('\n').map(str::to_owned).collect()
    };
    let count = if image.is_empty() { 2000 } else { 200 };
    let cells: Vec<_> = (0..count)
        .map(|n| {
            let mut data = serde_json::json!({"text/plain": lines(n + 9000, 1000), "text/html": lines(n + 5000, 2000)});
            if !image.is_empty() {
                data["image/png"] = image.into();
            }
            serde_json::json!({
                "cell_type": "code", "execution_count": n, "id": format!("{n:08x}"), "metadata": {"tags": []}, "source": lines(n, 2000),
                "outputs": [{"output_type": "execute_result", "execution_count": n, "metadata": {}, "data": data}],
            })
        })
        .collect();
    let whole =
        serde_json::json!({"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5});
    serde_json::to_vec_pretty(&whole).unwrap()
}

struct ReadAll(Vec<u8>);

impl Visit for ReadAll {
    fn member(&mut self, _place: &Place<'_>, bytes: &mut dyn Read) -> io::Result<()> {
        while bytes.read(&mut self.0)? > 0 {}
        Ok(())
    }
}

fn expand(bencher: Bencher<'_, '_>, name: &str, bytes: &[u8], unpacked: usize) {
    let limits = Limits::default();
    bencher.counter(BytesCount::new(unpacked)).bench_local(|| {
        let issues = Issues::default();
        let kind = detect(name, &bytes[..bytes.len().min(512)]).unwrap();
        let place = Place::File(Path::new(name));
        let mut visit = ReadAll(vec![0; CHUNK]);
        let _ = Expander { limits: &limits, issues: &issues }.expand_slice(kind, &place, bytes, &mut visit);
        let (issues, _) = issues.finish();
        assert!(issues.iter().all(|issue| issue.kind.word() == "media-payload"), "{issues:?}");
    });
}

fn drain(mut reader: impl Read, buf: &mut [u8]) {
    while reader.read(buf).unwrap() > 0 {}
}

#[divan::bench]
fn tar_files(bencher: Bencher<'_, '_>) {
    expand(bencher, "x.tar", &TAR, TAR.len());
}

#[divan::bench]
fn raw_tar_files(bencher: Bencher<'_, '_>) {
    let mut buf = vec![0; CHUNK];
    bencher.counter(BytesCount::new(TAR.len())).bench_local(|| {
        let mut archive = tar::Archive::new(TAR.as_slice());
        archive.entries().unwrap().for_each(|entry| drain(entry.unwrap(), &mut buf));
    });
}

#[divan::bench]
fn tar_gz(bencher: Bencher<'_, '_>) {
    expand(bencher, "x.tgz", &TGZ, TAR.len());
}

#[divan::bench]
fn raw_tar_gz(bencher: Bencher<'_, '_>) {
    let mut buf = vec![0; CHUNK];
    bencher.counter(BytesCount::new(TAR.len())).bench_local(|| {
        drain(flate2::bufread::MultiGzDecoder::new(TGZ.as_slice()), &mut buf);
    });
}

#[divan::bench]
fn zip_files(bencher: Bencher<'_, '_>) {
    expand(bencher, "x.zip", &ZIP, 2000 * 8192);
}

#[divan::bench]
fn raw_zip_files(bencher: Bencher<'_, '_>) {
    let mut buf = vec![0; CHUNK];
    bencher.counter(BytesCount::new(2000 * 8192_usize)).bench_local(|| {
        let mut archive = zip::ZipArchive::new(Cursor::new(ZIP.as_slice())).unwrap();
        (0..archive.len()).for_each(|n| drain(archive.by_index(n).unwrap(), &mut buf));
    });
}

#[divan::bench]
fn zst_log(bencher: Bencher<'_, '_>) {
    expand(bencher, "x.log.zst", &ZST, LOG.len());
}

#[divan::bench]
fn raw_zst_log(bencher: Bencher<'_, '_>) {
    let mut buf = vec![0; CHUNK];
    bencher.counter(BytesCount::new(LOG.len())).bench_local(|| {
        drain(zstd::Decoder::with_buffer(BufReader::with_capacity(CHUNK, ZST.as_slice())).unwrap(), &mut buf);
    });
}

#[divan::bench(sample_count = 10)]
fn bz2_log(bencher: Bencher<'_, '_>) {
    expand(bencher, "x.log.bz2", &BZ2, 4 << 20);
}

#[divan::bench(sample_count = 10)]
fn raw_bz2_log(bencher: Bencher<'_, '_>) {
    let mut buf = vec![0; CHUNK];
    bencher.counter(BytesCount::new(4_usize << 20)).bench_local(|| {
        drain(bzip2::bufread::MultiBzDecoder::new(BZ2.as_slice()), &mut buf);
    });
}

#[divan::bench(sample_count = 10)]
fn xz_log(bencher: Bencher<'_, '_>) {
    expand(bencher, "x.log.xz", &XZ, 4 << 20);
}

#[divan::bench(sample_count = 10)]
fn raw_xz_log(bencher: Bencher<'_, '_>) {
    let mut buf = vec![0; CHUNK];
    bencher.counter(BytesCount::new(4_usize << 20)).bench_local(|| {
        drain(lzma_rust2::XzReader::new(XZ.as_slice(), true), &mut buf);
    });
}

#[divan::bench(sample_count = 10)]
fn seven_zip_log(bencher: Bencher<'_, '_>) {
    expand(bencher, "x.7z", &SEVEN, 4 << 20);
}

#[divan::bench(sample_count = 10)]
fn raw_seven_zip_log(bencher: Bencher<'_, '_>) {
    let mut buf = vec![0; CHUNK];
    bencher.counter(BytesCount::new(4_usize << 20)).bench_local(|| {
        let mut archive =
            sevenz_rust2::ArchiveReader::new(Cursor::new(SEVEN.as_slice()), sevenz_rust2::Password::empty()).unwrap();
        let each = |_: &sevenz_rust2::ArchiveEntry, bytes: &mut dyn Read| {
            drain(bytes, &mut buf);
            Ok(true)
        };
        archive.for_each_entries(each).unwrap();
    });
}

#[divan::bench]
fn notebook_text(bencher: Bencher<'_, '_>) {
    expand(bencher, "x.ipynb", &NOTEBOOK, NOTEBOOK.len());
}

#[divan::bench]
fn raw_notebook_text_value(bencher: Bencher<'_, '_>) {
    parse::<serde_json::Value>(bencher, &NOTEBOOK);
}

#[divan::bench]
fn raw_notebook_text_ignored(bencher: Bencher<'_, '_>) {
    parse::<serde::de::IgnoredAny>(bencher, &NOTEBOOK);
}

#[divan::bench]
fn notebook_images(bencher: Bencher<'_, '_>) {
    expand(bencher, "x.ipynb", &IMAGES, IMAGES.len());
}

#[divan::bench]
fn raw_notebook_images_value(bencher: Bencher<'_, '_>) {
    parse::<serde_json::Value>(bencher, &IMAGES);
}

#[divan::bench]
fn raw_notebook_images_ignored(bencher: Bencher<'_, '_>) {
    parse::<serde::de::IgnoredAny>(bencher, &IMAGES);
}

fn parse<'de, T: serde::Deserialize<'de>>(bencher: Bencher<'_, '_>, bytes: &'de [u8]) {
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| serde_json::from_slice::<T>(bytes).unwrap());
}
