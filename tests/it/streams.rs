//! Standard input.

use crate::canary::{github, password, stripe};
use crate::run::Folder;

#[test]
fn standard_input_is_read_however_it_comes() {
    let folder = Folder::new();
    folder.write("in", format!("one\nk = {}\n", github(1)));
    let found = |script: &str| {
        let script = format!("\"$STANCH\" {script}");
        folder.shell(&script).says(1, &["-:2:5", "github-pat", "1 file (49 bytes)"]);
    };
    found("scan - < in");
    found("stdin < in");
    found("stdin -q --no-color < in");
    found("scan - < <(cat in)");
    found("scan -- - < in");
    let pipe = |script: &str| folder.shell(script).says(1, &["-:2:5", "1 file (49 bytes)"]).code;
    pipe("cat in | \"$STANCH\" scan -");
    pipe("(head -c 10 in; tail -c +11 in) | \"$STANCH\" stdin");
}

#[test]
fn standard_input_stands_beside_files() {
    let folder = Folder::new();
    folder.write("a", github(1));
    folder.scan_input(&["-", "a", "-"], github(1).as_bytes()).is(1, &["-:1:1 github-pat", "a:1:1 github-pat"], &[]);
}

#[test]
fn a_file_named_like_standard_input_is_still_a_file() {
    let folder = Folder::new();
    folder.write("-", github(1));
    folder.scan(&["./-"]).is(1, &["-:1:1 github-pat"], &[]);
}

#[test]
fn an_empty_stream_is_clean() {
    let folder = Folder::new();
    folder.scan_input(&["-"], b"").is(0, &[], &[]);
    folder.scan_input(&["-"], b"\n").is(0, &[], &[]);
}

#[test]
fn a_stream_that_cannot_be_read_is_a_gap() {
    let folder = Folder::new();
    folder.shell("\"$STANCH\" scan - < .").says(3, &["is a directory", "incomplete"]);
}

#[test]
fn a_long_stream_is_read_within_little_memory() {
    let folder = Folder::new();
    folder.write("token", format!("k={} p={}\n", github(1), stripe(1)));
    let script = "ulimit -v 400000; (seq 1 1500000; cat token; seq 1 100) | \"$STANCH\" scan -f jsonl -j2 -";
    let outcome = folder.shell(script);
    outcome.says(1, &["\"line\":1500001,\"column\":3", "\"line\":1500001,\"column\":46"]);
}

#[test]
fn a_compressed_stream_is_unpacked() {
    let folder = Folder::new();
    folder.write("a.txt", format!("x\npassword = {}\n", password(1)));
    folder.shell("gzip -c a.txt | \"$STANCH\" scan -").says(1, &["-!", ":2:12", "generic-password"]);
    folder.shell("tar -c a.txt | \"$STANCH\" scan -").says(1, &["-!a.txt:2:12", "generic-password"]);
    folder.shell("tar -cz a.txt | \"$STANCH\" scan -").says(1, &["a.txt:2:12", "generic-password"]);
}
