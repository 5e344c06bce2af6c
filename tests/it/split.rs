//! A large file is cut into windows: every secret in it is found exactly once and where it stands, with any number of threads.

use crate::canary::{github, password, pem, stripe};
use crate::run::Folder;

/// Bytes of a window (`scan::source::stream::WINDOW`).
const WINDOW: usize = 2 << 20;

/// A text of `size` bytes with lines of many lengths and, in some lines, characters of two bytes.
fn filler(size: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(size + 200);
    let mut n = 0_usize;
    while text.len() < size {
        let words = ["lorem ", "ipsum ", "dolör ", "sit ", "= ", "\t"];
        for k in 0..n * 7 % 23 {
            text.extend_from_slice(words[(n + k) % words.len()].as_bytes());
        }
        text.push(b'\n');
        n += 1;
    }
    text.truncate(size);
    text
}

struct Planted {
    text: Vec<u8>,
    /// Where each stands, and by which rule it is found.
    expected: Vec<(usize, &'static str)>,
}

impl Planted {
    /// Overwrites the text at `at`, with blanks around so that nothing else touches it.
    fn plant(&mut self, at: usize, text: &str, (skip, rule): (usize, &'static str)) {
        let whole = format!("\n{text}\n");
        self.text[at..at + whole.len()].copy_from_slice(whole.as_bytes());
        self.expected.push((at + 1 + skip, rule));
    }

    /// `file:line:column rule` of each.
    fn places(&self) -> Vec<String> {
        let mut expected = self.expected.clone();
        expected.sort_unstable();
        let (mut line, mut done, mut places) = (1, 0, Vec::new());
        for (at, rule) in expected {
            line += memchr::memchr_iter(b'\n', &self.text[done..at]).count();
            done = at;
            let start = memchr::memrchr(b'\n', &self.text[..at]).map_or(0, |n| n + 1);
            let column = String::from_utf8_lossy(&self.text[start..at]).chars().count() + 1;
            places.push(format!("big:{line}:{column} {rule}"));
        }
        places
    }
}

fn planted() -> Planted {
    let mut planted = Planted { text: filler(20_000_000), expected: Vec::new() };
    let mut seed = 0;
    for border in (1..9).map(|n| n * WINDOW) {
        for shift in [-300_isize, 200] {
            seed += 1;
            planted.plant(border.checked_add_signed(shift).unwrap(), &github(seed), (0, "github-pat"));
        }
        seed += 1;
        match border / WINDOW {
            // It ends where the window does, or a byte further.
            1 => planted.plant(border - 41, &github(seed), (0, "github-pat")),
            2 => planted.plant(border - 40, &github(seed), (0, "github-pat")),
            // It lies across.
            3 => planted.plant(border - 21, &github(seed), (0, "github-pat")),
            // Its first byte is the last, or the first behind.
            4 => planted.plant(border - 2, &github(seed), (0, "github-pat")),
            5 => planted.plant(border - 1, &stripe(seed), (0, "stripe-secret-key")),
            // Its name stands before the border and it behind; or it lies across.
            6 => planted.plant(border - 12, &format!("password = {}", password(seed)), (11, "generic-password")),
            7 => planted.plant(border - 15, &format!("password = {}", password(seed)), (11, "generic-password")),
            _ => planted.plant(border, &format!("password = {}", password(seed)), (11, "generic-password")),
        }
    }
    // A key that spans a border, and one at each end.
    let key = pem(1);
    planted.plant(WINDOW * 9 - 500, key.trim_end(), (0, "pem-private-key"));
    planted.plant(0, &github(1001), (0, "github-pat"));
    let end = planted.text.len();
    planted.plant(end - 42, &github(1002), (0, "github-pat"));
    for n in 0..500 {
        let at = 20_000 + n * 39_119;
        let near = at % WINDOW;
        if near > 2_000 && near < WINDOW - 2_000 {
            planted.plant(at, &github(2000 + n as u64), (0, "github-pat"));
        }
    }
    planted
}

/// Checks that the lists are the same, and shows only where they differ.
#[track_caller]
fn same(found: &[String], expected: &[String], what: &str) {
    let beyond = |a: &[String], b: &[String]| a.iter().filter(|x| !b.contains(x)).cloned().collect::<Vec<_>>();
    assert_eq!((beyond(found, expected), beyond(expected, found)), (vec![], vec![]), "{what}: too many, too few");
    assert_eq!(found.len(), expected.len(), "{what}: some are found twice");
}

#[test]
fn every_secret_is_found_once_and_in_its_place() {
    let folder = Folder::new();
    let planted = planted();
    folder.write("big", &planted.text);
    let expected = planted.places();
    for jobs in ["1", "2", "8"] {
        let report = folder.scan(&["-j", jobs, "big"]);
        same(&report.places(), &expected, jobs);
        let offsets: Vec<u64> = report.findings.iter().map(|f| f["offset"].as_u64().unwrap()).collect();
        let mut at: Vec<u64> = planted.expected.iter().map(|e| e.0 as u64).collect();
        at.sort_unstable();
        assert_eq!(offsets, at);
    }
}

#[test]
fn a_stream_is_cut_like_a_file() {
    let folder = Folder::new();
    let planted = planted();
    folder.write("big", &planted.text);
    let expected: Vec<String> = planted.places().iter().map(|p| p.replacen("big", "-", 1)).collect();
    same(&folder.scan_input(&["-"], &planted.text).places(), &expected, "stream");
    folder.shell("gzip -1 -k big; rm big; mkdir a; mv big.gz a");
    let inside: Vec<String> = folder.scan(&["a"]).places().iter().map(|p| p.replacen("a/big.gz!", "", 1)).collect();
    same(&inside, &planted.places(), "gzip");
}

#[test]
fn files_around_the_size_of_a_window_are_read_whole() {
    let folder = Folder::new();
    for (n, size) in
        [WINDOW - 1, WINDOW, WINDOW + 1, WINDOW + 20 * 1024 - 1, WINDOW + 20 * 1024, WINDOW + 20 * 1024 + 1].iter().enumerate()
    {
        let mut text = vec![b' '; *size];
        let token = github(n as u64);
        let at = text.len() - token.len();
        text[at..].copy_from_slice(token.as_bytes());
        folder.write("a", &text);
        let report = folder.scan(&["a"]);
        report.is(1, &[&format!("a:1:{} github-pat", at + 1)], &[]);
        assert_eq!(report.covered("bytes"), *size as u64);
    }
}
