//! `stanch filter` as a live pipe: what comes out, when, and how it ends.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::canary::github;
use crate::run::{Folder, STANCH};

/// Longer than any machine takes for a line.
const LONG: Duration = Duration::from_mins(1);

/// A filter that runs, and what came out of it so far.
struct Live {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<Vec<u8>>,
    seen: Vec<u8>,
}

impl Live {
    fn start(folder: &Folder, args: &[&str]) -> Self {
        let mut command = folder.command(STANCH);
        command.arg("filter").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = follow(child.stdout.take().unwrap());
        Self { input: child.stdin.take(), child, output, seen: Vec::new() }
    }

    fn write(&mut self, text: &str) {
        self.input.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits until all that came out is this.
    fn until(&mut self, expected: &str) {
        while self.seen.len() < expected.len() {
            let more = self.output.recv_timeout(LONG);
            let more = more.unwrap_or_else(|_| panic!("only {:?} came", String::from_utf8_lossy(&self.seen)));
            self.seen.extend(more);
        }
        assert_eq!(String::from_utf8_lossy(&self.seen), expected);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end; tells the exit code and what it said.
    fn end(mut self) -> (Option<i32>, String, Vec<u8>) {
        drop(self.input.take());
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let code = self.child.wait().unwrap().code();
        self.seen.extend(self.output.iter().flatten());
        (code, said, self.seen)
    }
}

fn follow(mut pipe: ChildStdout) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(n @ 1..) = pipe.read(&mut buffer) {
            if sender.send(buffer[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

#[test]
fn lines_go_at_once_and_what_may_be_a_secret_waits() {
    let (folder, token) = (Folder::new(), github(1));
    let mut live = Live::start(&folder, &["--quiet"]);
    live.write("begun\n");
    live.until("begun\n");
    live.write("Continue? [y/N] ");
    live.until("begun\nContinue? [y/N] ");
    live.write(&format!("y\n{}", &token[..20]));
    live.until("begun\nContinue? [y/N] y\n");
    live.write(&format!("{} is new\n", &token[20..]));
    live.until("begun\nContinue? [y/N] y\nghp_******** is new\n");
    let (code, said, _) = live.end();
    assert_eq!((code, said.as_str()), (Some(0), ""));
}

#[test]
fn a_signal_ends_it_in_order() {
    let (folder, token) = (Folder::new(), github(1));
    let report = folder.path("report.json");
    let mut live = Live::start(&folder, &["--report", report.to_str().unwrap()]);
    live.write("one\n");
    live.until("one\n");
    live.signal(Signal::TERM);
    // What comes while it ends is filtered, too, and so is what has no end.
    live.write(&format!("two {token}\nthree {token}"));
    live.until("one\ntwo ghp_********\nthree ghp_********");
    let status = live.child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    let read: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!((&read["ended"], &read["replaced"]["github-pat"]), (&"signal".into(), &2.into()));
}

#[test]
fn it_ends_when_nobody_reads() {
    let folder = Folder::new();
    let mut command = folder.command(STANCH);
    command.args(["filter", "--report", "report.json"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"a\nb\n").unwrap();
    let mut out = [0; 4];
    child.stdout.as_mut().unwrap().read_exact(&mut out).unwrap();
    drop(child.stdout.take());
    // What it reads from stays open: only the end of who reads can end it.
    let input = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(input);
    let report: Value = serde_json::from_slice(&std::fs::read(folder.path("report.json")).unwrap()).unwrap();
    assert_eq!((&report["ended"], &report["bytes_out"]), (&"output closed".into(), &4.into()));
    assert_eq!(report["complete"], false);
}

/// The other end of a socket is closed without an error of the socket.
#[test]
fn it_ends_when_nobody_reads_its_socket() {
    let folder = Folder::new();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut command = folder.command(STANCH);
    command.args(["filter", "--report", "report.json"]).stdin(Stdio::piped()).stdout(Stdio::from(OwnedFd::from(theirs)));
    let mut child = command.spawn().unwrap();
    drop(command);
    child.stdin.as_mut().unwrap().write_all(b"a\nb\n").unwrap();
    let mut out = [0; 4];
    ours.read_exact(&mut out).unwrap();
    drop(ours);
    let input = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(input);
    let report: Value = serde_json::from_slice(&std::fs::read(folder.path("report.json")).unwrap()).unwrap();
    assert_eq!((&report["ended"], &report["complete"]), (&"output closed".into(), &false.into()));
}

#[test]
fn a_standard_error_that_takes_nothing_ends_nothing() {
    let folder = Folder::new();
    folder.write("log", format!("one {}\ntwo\n", github(1)));
    for (args, code) in [("", 0), ("--report -", 3)] {
        let done = folder.shell(&format!("\"$STANCH\" filter {args} < log 2> /dev/full"));
        assert_eq!((done.code, done.out.as_str()), (code, "one ghp_********\ntwo\n"), "{args}");
    }
}

#[test]
fn what_is_no_text_passes_byte_for_byte() {
    let folder = Folder::new();
    let mut bytes: Vec<u8> = (0..300_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    bytes.retain(|b| *b != b'?');
    folder.write("in.bin", &bytes);
    let done = folder.shell("\"$STANCH\" filter < in.bin > out.bin");
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(std::fs::read(folder.path("out.bin")).unwrap() == bytes);
}

#[test]
fn memory_does_not_grow_with_a_line() {
    let folder = Folder::new();
    let mut live = Live::start(&folder, &["--quiet"]);
    let peak = |live: &Live| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", live.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let part = "word1 ".repeat(100_000);
    live.write(&part);
    live.output.recv_timeout(LONG).unwrap();
    let before = peak(&live);
    for _ in 0..60 {
        live.write(&part);
    }
    let after = peak(&live);
    assert!(after < before + 4_000, "{before} kB, then {after} kB");
    let (code, _, _) = live.end();
    assert_eq!(code, Some(0));
}

#[test]
fn hashes_are_the_same_under_one_key() {
    let (folder, token) = (Folder::new(), github(1));
    folder.write("key", [9; 32]);
    let line = format!("a {token}\n");
    let with = |args: &[&str]| folder.run_with_input(&[&["filter", "--mode", "hash"], args].concat(), line.as_bytes());
    let (one, two) = (with(&["--key-file", "key"]), with(&["--key-file", "key"]));
    assert!(one.out.starts_with("a [github-pat:") && one.out == two.out, "{}", one.out);
    assert_ne!(with(&[]).out, with(&[]).out);
    folder.write("short", [9; 5]);
    let refused = with(&["--key-file", "short"]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    assert!(refused.err.contains("openssl rand"), "{}", refused.err);
}

#[test]
fn records_that_end_with_a_zero_byte_are_answered_one_by_one() {
    let (folder, token) = (Folder::new(), github(1));
    let mut live = Live::start(&folder, &["--quiet", "-z"]);
    live.write(&format!("one\ntwo {token}\n\0"));
    live.until("one\ntwo ghp_********\n\0");
    live.write("\0");
    live.until("one\ntwo ghp_********\n\0\0");
    assert_eq!(live.end().0, Some(0));
}

#[test]
fn wrong_use_is_refused_before_anything_is_read() {
    let folder = Folder::new();
    for (args, word) in [
        (&["--report", "missing/report.json"][..], "cannot write"),
        (&["--report", "/dev/stdout"], "`-` for standard error"),
        (&["--key-file", "none"], "--mode hash"),
        (&["--mode", "hash", "--key-file", "none"], "cannot read the key"),
        (&["--field", "a b"], "names no field"),
        (&["--only", "no-such-rule"], "no rule matches"),
        (&["app.log"], "stanch filter < FILE"),
    ] {
        let done = folder.run_with_input(&[&["filter"], args].concat(), b"x\n");
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{args:?}: {}", done.err);
        assert!(done.err.contains(word), "{args:?}: {}", done.err);
    }
    let closed = folder.shell("\"$STANCH\" filter <&-");
    assert_eq!(closed.code, 3, "{}", closed.err);
    // As other programs open it, and not the shell: that is no closed output.
    let null = std::fs::File::options().read(true).write(true).open("/dev/null").unwrap();
    assert!(folder.command(STANCH).arg("filter").stdin(Stdio::piped()).stdout(null).status().unwrap().success());
    let full = folder.shell("echo x | \"$STANCH\" filter > /dev/full");
    assert_eq!(full.code, 3, "{}", full.err);
}

#[test]
fn neither_a_project_nor_a_comment_says_what_stays() {
    let (folder, token) = (Folder::new(), github(1));
    folder.write("stanch.toml", "[[allow]]\nrule = \"*\"\nreason = \"no\"\n");
    let done = folder.run_with_input(&["filter"], format!("a {token} # stanch:allow\n").as_bytes());
    assert_eq!(done.out, "a ghp_******** # stanch:allow\n");
    assert_eq!(done.err, "stanch filter: 1 place replaced (github-pat 1)\n");
}

#[test]
fn the_log_in_the_readme_comes_out_like_that() {
    let readme = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```\n$ stanch filter < service.log\n").unwrap();
    let shown = rest.split("```").next().unwrap();
    let (folder, word) = (Folder::new(), ["Harbor", "elm", "71-", "quartz"].concat());
    let log = [
        "2026-11-28T09:14:02Z INFO  deploy began\n".to_owned(),
        format!("2026-11-28T09:14:03Z DEBUG remote is https://ci:{word}@git.example/app.git\n"),
        format!("{{\"level\":\"info\",\"msg\":\"token {} accepted\",\"user\":7}}\n", github(1)),
        "GET /callback?code=4711&state=x HTTP/1.1\n".to_owned(),
        "Cookie: a=b; c=d\n".to_owned(),
    ];
    let done = folder.run_with_input(&["filter"], log.concat().as_bytes());
    assert_eq!(format!("{}{}", done.out, done.err), shown);
}

/// A disk that is full when the report is written: the log has gone through, and the report before is whole.
#[test]
fn a_full_disk_keeps_the_report_before() {
    let folder = Folder::new();
    folder.write("log", format!("one {}\ntwo\n", github(1)));
    let script = "mkdir disk; new=--mount; unshare $new true 2>/dev/null || new=\"--map-root-user --mount\"
        unshare $new sh -euc '
        mount -t tmpfs -o size=16k none disk
        echo old > disk/report
        head -c 20000 /dev/zero > disk/fill 2>/dev/null || true
        code=0; \"$STANCH\" filter --report disk/report < log || code=$?
        echo \"code $code, $(cat disk/report), $(ls -A disk | tr \"\\n\" \" \")\"'";
    let outcome = folder.shell(script);
    outcome.says(0, &["code 2, old, fill report ", "error: cannot write disk/report", "no space left on device"]);
    assert!(outcome.out.starts_with("one ghp_") && outcome.out.contains("\ntwo\n"), "{}", outcome.out);
    assert!(!outcome.err.contains("ghp_"), "{}", outcome.err);
}
