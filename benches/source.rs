//! How a large file is best read: into a reused buffer, or mapped in windows. Decides what `scan::source::work` does.
//!
//! Run with `cargo bench --bench source`. The file is 256 MB of log lines in the page cache; each way hands every byte to the same
//! cheap consumer (counting line ends), so that what differs is the cost of getting at the bytes.
#![expect(unsafe_code, reason = "a bench: memory maps are unsafe")]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use divan::Bencher;

const SIZE: u64 = 256 << 20;
const PAGE: usize = 4096;

fn main() {
    divan::main();
}

fn file() -> File {
    let mut file = tempfile::tempfile().expect("a temporary file");
    let line = b"2026-11-25T12:00:00Z INFO request id=7f3c2a90 path=/api/v1/items status=200 duration=12ms\n";
    let block: Vec<u8> = line.iter().copied().cycle().take(1 << 20).collect();
    for _ in 0..SIZE >> 20 {
        file.write_all(&block).expect("room for the file");
    }
    file
}

fn count(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

#[divan::bench(args = [128 << 10, 1 << 20, 2 << 20, 8 << 20], sample_count = 10)]
fn read(bencher: Bencher<'_, '_>, buffer: usize) {
    let mut file = file();
    // On a page, as the program has it: the kernel copies more slowly into a buffer that begins 16 bytes behind one.
    let mut room = vec![0; buffer + PAGE];
    let start = room.as_ptr().align_offset(PAGE);
    let bytes = &mut room[start..start + buffer];
    bencher.counter(divan::counter::BytesCount::new(SIZE)).bench_local(|| {
        file.seek(SeekFrom::Start(0)).expect("files seek");
        let mut lines = 0;
        loop {
            let n = file.read(bytes).expect("files read");
            if n == 0 {
                break lines;
            }
            lines += count(&bytes[..n]);
        }
    });
}

#[divan::bench(args = [1 << 20, 8 << 20, 64 << 20], sample_count = 10)]
fn map(bencher: Bencher<'_, '_>, window: usize) {
    let file = file();
    bencher.counter(divan::counter::BytesCount::new(SIZE)).bench_local(|| {
        let mut lines = 0;
        for offset in (0..SIZE).step_by(window) {
            // SAFETY: nobody else has the temporary file.
            let map = unsafe { memmap2::MmapOptions::new().offset(offset).len(window).map(&file) }.expect("files map");
            lines += count(&map);
        }
        lines
    });
}

#[divan::bench(args = [8 << 20, 64 << 20], sample_count = 10)]
fn map_populated(bencher: Bencher<'_, '_>, window: usize) {
    let file = file();
    bencher.counter(divan::counter::BytesCount::new(SIZE)).bench_local(|| {
        let mut lines = 0;
        for offset in (0..SIZE).step_by(window) {
            // SAFETY: nobody else has the temporary file.
            let map = unsafe { memmap2::MmapOptions::new().offset(offset).len(window).populate().map(&file) }.expect("files map");
            lines += count(&map);
        }
        lines
    });
}
