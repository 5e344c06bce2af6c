//! The engine alone: one thread, bytes in memory, all built-in rules on unless the name says otherwise.
//!
//! Run with `cargo bench --bench scan`. Inputs are made from a fixed seed or taken from this repository's own sources.

use divan::Bencher;
use divan::counter::BytesCount;
use stanch::scan::engine::{Engine, Input, Match, Scratch};
use stanch::scan::rule::builtin;

fn main() {
    divan::main();
}

const SIZE: usize = 16 << 20;

/// A small generator with a fixed seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn text(&mut self, alphabet: &[u8], n: usize) -> Vec<u8> {
        (0..n).map(|_| alphabet[(self.next() % alphabet.len() as u64) as usize]).collect()
    }
}

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn source() -> Vec<u8> {
    let mut out = Vec::new();
    let root = env!("CARGO_MANIFEST_DIR");
    for dir in ["src/scan/engine", "src/scan", "src/report", "src/scan/source", "src/cli", "benches"] {
        let mut files: Vec<_> =
            std::fs::read_dir(format!("{root}/{dir}")).expect("sources are there").flatten().map(|e| e.path()).collect();
        files.sort();
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
            out.extend(std::fs::read(file).expect("sources can be read"));
        }
    }
    out.iter().copied().cycle().take(SIZE).collect()
}

fn log() -> Vec<u8> {
    let mut random = Random(7);
    let mut out = Vec::with_capacity(SIZE + 400);
    while out.len() < SIZE {
        let (id, hash) = (random.text(b"0123456789abcdef", 32), random.text(BASE64, 43));
        out.extend_from_slice(b"2026-11-25T12:00:00.123Z INFO gateway request_id=");
        out.extend(id);
        out.extend_from_slice(b" path=/api/v1/items/");
        out.extend(random.text(b"0123456789", 8));
        out.extend_from_slice(b" session=");
        out.extend(hash);
        out.extend_from_slice(b"= status=200 duration=12ms\n");
    }
    out
}

fn input(kind: &str) -> Vec<u8> {
    let mut random = Random(11);
    let cycle = |s: &str| s.bytes().cycle().take(SIZE).collect();
    match kind {
        "source" => source(),
        "log" => log(),
        "base64" => random.text(BASE64, SIZE),
        "one letter" => vec![b'A'; SIZE],
        "anchors" => cycle("ghp_sk_live_AKIAxoxb-glpat-eyJhbGSG.npm_hf_pypi-dop_v1_shpat_AIza"),
        "spaced anchors" => cycle("ghp_abcdefghijklmnop sk_live_abcdefghijklmnop eyJabcdefghijklmnop xoxb-abcdefghijklmnop "),
        "jwt heads" => cycle("-eyJ"),
        "pem heads" => cycle("-----BEGIN RSA PRIVATE KEY-----"),
        "urls" => cycle("postgres://"),
        "names" => cycle("password="),
        "keywords" => cycle("heroku_api_key_1234567890/"),
        _ => random.text(&(0..=255).collect::<Vec<u8>>(), SIZE),
    }
}

fn run(bencher: Bencher<'_, '_>, engine: &Engine, bytes: &[u8]) {
    let mut scratch = Scratch::default();
    bencher.counter(BytesCount::of_slice(bytes)).bench_local(|| {
        let mut n = 0;
        engine.scan(&mut scratch, &Input::whole(bytes), &mut |_: &Match| n += 1);
        n
    });
}

const KINDS: [&str; 12] = [
    "source",
    "log",
    "base64",
    "one letter",
    "anchors",
    "spaced anchors",
    "jwt heads",
    "pem heads",
    "urls",
    "names",
    "keywords",
    "noise",
];

#[divan::bench(args = KINDS, sample_count = 5)]
fn avx2(bencher: Bencher<'_, '_>, kind: &str) {
    run(bencher, &Engine::new(builtin::rules()).expect("built-in rules"), &input(kind));
}

#[divan::bench(args = ["source", "log", "base64"], sample_count = 3)]
fn portable(bencher: Bencher<'_, '_>, kind: &str) {
    run(bencher, &Engine::new(builtin::rules()).expect("built-in rules").portable(), &input(kind));
}

#[divan::bench(args = [100, 300, 1000], sample_count = 5)]
fn rules_on_source(bencher: Bencher<'_, '_>, count: usize) {
    let rules = builtin::rules();
    let step = (rules.len() / count).max(1);
    let some = rules.into_iter().step_by(step).take(count).collect();
    run(bencher, &Engine::new(some).expect("built-in rules"), &source());
}

#[divan::bench(sample_count = 50)]
fn start() -> usize {
    Engine::new(builtin::rules()).expect("built-in rules").rules().len()
}
