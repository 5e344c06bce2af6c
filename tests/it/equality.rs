//! `scan --history` over packs that real git makes finds what scanning each blob on its own finds: random files, random changes, random
//! depths and windows.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::canary::{github, password, stripe};
use crate::run::Folder;

/// Numbers that look random and are always the same (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    /// A line: of words, or with something that looks like a secret, or with a part of it.
    fn line(&mut self) -> String {
        let seed = self.below(1 << 40) as u64;
        let secret = match self.below(4) {
            0 => format!("token = {}", github(seed)),
            1 => format!("password: \"{}\"", password(seed)),
            2 => format!("url = https://u:{}@h.example/x", password(seed)),
            _ => format!("k = {}; // end", stripe(seed)),
        };
        match self.below(12) {
            0 => secret,
            1 => secret[..self.below(secret.len())].to_owned(),
            2 => secret[self.below(secret.len())..].to_owned(),
            3 => format!("heroku_api_key{}", " ".repeat(self.below(60))),
            n => format!("{} {}", "word ".repeat(n), self.below(1000)),
        }
    }

    /// The next version of a file: lines go, come, move, and are cut and joined.
    fn change(&mut self, text: &mut String) {
        for _ in 0..=self.below(4) {
            let mut at = self.below(text.len() + 1);
            at = text.floor_char_boundary(at);
            match self.below(5) {
                0 => text.insert_str(at, &format!("\n{}\n", self.line())),
                1 => text.insert_str(at, &self.line()),
                2 => {
                    let to = text.floor_char_boundary((at + self.below(90)).min(text.len()));
                    text.replace_range(at..to, "");
                }
                3 => {
                    let to = text.floor_char_boundary((at + self.below(400)).min(text.len()));
                    let part = text[at..to].to_owned();
                    let place = text.floor_char_boundary(self.below(text.len() + 1));
                    text.insert_str(place, &part);
                }
                _ => text.push_str(&format!("\n{}", self.line())),
            }
        }
        text.truncate(text.floor_char_boundary(60_000));
    }
}

/// A text as a file of this name holds it: as a notebook, among other bytes, as UTF-16.
fn rendered(name: &str, text: &str) -> Vec<u8> {
    match name.rsplit('.').next().unwrap() {
        "ipynb" => {
            let cell = |lines: &[&str]| serde_json::json!({"cell_type": "code", "metadata": {}, "outputs": [], "source": lines});
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let cells: Vec<_> = lines.chunks(9).map(cell).collect();
            serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).to_string().into_bytes()
        }
        "dat" => text.bytes().flat_map(|b| if b == b'\n' { vec![0, 0xff, b'\n'] } else { vec![b] }).collect(),
        "ps1" => [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
        _ => text.as_bytes().to_vec(),
    }
}

/// A stream of commits for `git fast-import`: some files, in many versions. A part of the commits is on a branch of its own.
fn stream(random: &mut Random, versions: usize) -> Vec<u8> {
    let names = ["a.txt", "src/b.py", "conf/c.env", "nb/n.ipynb", "bin/d.dat", "w.ps1"];
    let mut texts = [const { String::new() }; 6];
    for text in &mut texts {
        (0..random.below(80)).for_each(|_| writeln!(text, "{}", random.line()).unwrap());
    }
    let mut out = Vec::new();
    for version in 0..versions {
        let branch = if version % 10 == 9 { "gone" } else { "main" };
        let time = 1_700_000_000 + version;
        out.extend(format!("commit refs/heads/{branch}\ncommitter T <t@example.invalid> {time} +0000\ndata 1\nx\n").bytes());
        let file = random.below(names.len());
        random.change(&mut texts[file]);
        let bytes = rendered(names[file], &texts[file]);
        out.extend(format!("M 100644 inline {}\ndata {}\n", names[file], bytes.len()).bytes());
        out.extend(bytes);
        out.push(b'\n');
    }
    out
}

/// Blobs of the repository, reached or not, each under the name that it has in its history.
const BLOBS: &str = "cd repo; gone=$(git fsck --unreachable --no-reflogs 2>/dev/null | sed -n 's/^unreachable commit //p'); \
    git rev-list --objects --all $gone | while read id path; do [ \"$(git cat-file -t $id)\" = blob ] || continue; \
    mkdir -p ../blobs/$id/$(dirname $path); git cat-file blob $id > ../blobs/$id/$path; done; echo $gone | wc -w";

#[test]
fn packs_of_random_histories_have_the_findings_of_their_blobs() {
    let mut places = 0;
    let mut members = 0;
    for seed in 0..12 {
        let mut random = Random(seed);
        let folder = Folder::new();
        folder.git(&["init", "-q", "-b", "main", "repo"]);
        folder.write("stream", stream(&mut random, 120));
        let (depth, window) = (1 + random.below(60), 2 + random.below(30));
        let pack = format!(
            "cd repo; git fast-import --quiet < ../stream; git update-ref -d refs/heads/gone; \
             git repack -qadfk --depth={depth} --window={window}"
        );
        folder.shell(&pack).says(0, &[]);
        let history = folder.scan(&["--history", "--no-cache", "repo"]);
        let in_blobs = history.findings.iter().filter(|f| !f["commit"]["blob"].is_null());
        let found: BTreeSet<String> = in_blobs.map(|f| place(f["commit"]["blob"].as_str().unwrap(), f)).collect();
        let gone = folder.shell(BLOBS).out;
        assert_eq!(gone.trim(), "12", "commits that no ref reaches");
        let blobs = folder.scan(&["--no-ignore", "blobs"]);
        let id = |path: &str| path.split('/').nth(1).unwrap().to_owned();
        let expected: BTreeSet<String> = blobs.findings.iter().map(|f| place(&id(f["path"].as_str().unwrap()), f)).collect();
        assert_eq!(history.issues().len(), 0, "{:?}", history.issues());
        let differ: Vec<&String> = found.symmetric_difference(&expected).take(5).collect();
        assert!(differ.is_empty(), "seed {seed}, depth {depth}, window {window}: {differ:?}");
        places += found.len();
        members += found.iter().filter(|place| place.contains("cell-")).count();
    }
    assert!(places > 5_000 && members > 500, "{places}, {members}");
}

/// Where in a blob something was found, and by which rule.
fn place(blob: &str, finding: &serde_json::Value) -> String {
    let inside = finding["place"].as_str().unwrap().split_once('#').map_or("", |(_, inside)| inside);
    format!("{blob} {inside} {}:{} {}", finding["line"], finding["column"], finding["rule"])
}

/// Objects of no bytes and of many: what stands at the ends and in the middle of a long text is carried like everything else.
#[test]
fn huge_and_empty_objects() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    let mut random = Random(9);
    let mut lines: Vec<String> =
        (0..400_000).map(|n| format!("line {n} of a text that is long: {}", random.below(1 << 30))).collect();
    let mut secrets = 0;
    for version in 0..4_u64 {
        for place in [0, lines.len() / 2, lines.len() - 1] {
            lines.insert(place, format!("token = {}", github(version * 10 + place as u64 % 7)));
            secrets += 1;
        }
        folder.write("huge", lines.join("\n"));
        folder.write(format!("empty{version}"), "");
        folder.git(&["add", "-A"]);
        folder.git(&["commit", "-q", "-m", "next"]);
    }
    folder.git(&["repack", "-q", "-a", "-d", "-f", "--depth=10", "--window=4"]);
    let kept = folder.shell("git verify-pack -v .git/objects/pack/*.idx | grep -c 'chain length'").out;
    assert_ne!(kept.trim(), "0", "nothing is kept as a difference");
    let report = folder.scan(&["--history", "."]);
    // Each version holds those of the versions before.
    let expected: usize = (1..=4).map(|version| version * 3).sum();
    assert_eq!((report.findings.len(), secrets), (expected, 12), "{}", report.summary);
}
