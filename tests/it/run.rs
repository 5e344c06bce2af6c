//! Runs the program in a folder of its own, with a home of its own, and reads what it reports.
//!
//! Start with [`Folder::new`] and [`Folder::scan`].

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::canary::github;

/// The program under test.
pub(crate) const STANCH: &str = env!("CARGO_BIN_EXE_stanch");

/// A user and group that own nothing.
const NOBODY: u32 = 65534;

/// An empty folder to scan, beside an empty home.
pub(crate) struct Folder {
    root: TempDir,
}

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// What a scan reported as JSON lines.
pub(crate) struct Report {
    pub(crate) code: i32,
    pub(crate) err: String,
    pub(crate) findings: Vec<Value>,
    pub(crate) issues: Vec<Value>,
    pub(crate) summary: Value,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("home")).unwrap();
        std::fs::create_dir(root.path().join("work")).unwrap();
        Self { root }
    }

    /// A repository with one commit, in which a secret stands already.
    pub(crate) fn repository() -> Self {
        let folder = Self::new();
        folder.git(&["init", "-q"]);
        folder.write("old.txt", format!("first\nold = {}\nlast\n", github(1)));
        folder.git(&["add", "-A"]);
        folder.git(&["commit", "-q", "-m", "begin"]);
        folder
    }

    /// The path of something in the folder; `""` is the folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Writes a file, and makes the folders it stands in.
    pub(crate) fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A program run in the folder, with nothing of this process's environment but the search path.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path("")).env_clear().env("HOME", self.home()).env("PATH", std::env::var_os("PATH").unwrap());
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Outcome {
        Outcome::of(self.command(STANCH).args(args).output().unwrap())
    }

    /// Runs the program with something on standard input.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &[u8]) -> Outcome {
        let mut command = self.command(STANCH);
        let mut child = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // A program that refuses its arguments reads nothing.
            scope.spawn(move || drop(std::io::Write::write_all(&mut pipe, input)));
            Outcome::of(child.wait_with_output().unwrap())
        })
    }

    /// Runs `stanch scan`.
    pub(crate) fn scan<S: AsRef<OsStr>>(&self, args: &[S]) -> Report {
        let mut command = self.command(STANCH);
        command.args(["scan", "--format", "jsonl"]).args(args);
        Report::of(&Outcome::of(command.output().unwrap()))
    }

    /// The same, without the note that git's objects are not scanned.
    pub(crate) fn scan_files(&self, args: &[&str]) -> Report {
        let mut report = self.scan(args);
        report.issues.retain(|issue| issue["kind"] != "git-objects");
        report
    }

    /// Runs `stanch scan` with something on standard input.
    pub(crate) fn scan_input(&self, args: &[&str], input: &[u8]) -> Report {
        Report::of(&self.run_with_input(&[&["scan", "--format", "jsonl"], args].concat(), input))
    }

    /// Runs `stanch scan` as a user who owns nothing. Root may read everything, so permissions mean something to another user only.
    pub(crate) fn scan_as_nobody(&self, args: &[&str]) -> Report {
        use std::os::unix::fs::PermissionsExt;
        let everyone = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.root.path(), everyone.clone()).unwrap();
        // The binary may lie where only its owner looks.
        let copy = self.root.path().join("stanch");
        if !copy.exists() {
            std::fs::copy(STANCH, &copy).unwrap();
            std::fs::set_permissions(&copy, everyone).unwrap();
        }
        let mut command = self.command(copy.to_str().unwrap());
        command.args(["scan", "--format", "jsonl"]).args(args);
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        Report::of(&Outcome::of(command.output().unwrap()))
    }

    /// Runs a shell script in the folder; `$STANCH` is the program.
    pub(crate) fn shell(&self, script: &str) -> Outcome {
        Outcome::of(self.command("bash").args(["-euc", script]).env("STANCH", STANCH).output().unwrap())
    }

    /// Runs git in the folder, free of the configuration of the machine.
    pub(crate) fn git(&self, args: &[&str]) {
        let who = ["-c", "user.name=T", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"];
        let mut command = self.command("git");
        command.args(who).args(args).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        let outcome = Outcome::of(command.output().unwrap());
        assert_eq!(outcome.code, 0, "git {args:?}: {}", outcome.err);
    }
}

impl Outcome {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("all output is UTF-8");
        Self { code: output.status.code().expect("no signal ended it"), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Checks the code, and that both streams together hold each of `parts`.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, parts: &[&str]) -> &Self {
        let Self { out, err, .. } = self;
        assert_eq!(self.code, code, "{out}\n{err}");
        for part in parts {
            assert!(out.contains(part) || err.contains(part), "missing: {part}\n{out}\n{err}");
        }
        self
    }
}

impl Report {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let lines = outcome.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut report =
            Self { code: outcome.code, err: outcome.err.clone(), findings: vec![], issues: vec![], summary: Value::Null };
        for line in lines {
            match line["type"].as_str() {
                Some("finding") => report.findings.push(line),
                Some("issue") => report.issues.push(line),
                _ => report.summary = line,
            }
        }
        report.findings.sort_by_key(|f| (text(&f["place"]), f["line"].as_u64(), f["column"].as_u64()));
        report
    }

    /// `place:line:column rule` of every place.
    pub(crate) fn places(&self) -> Vec<String> {
        let place = |f: &Value| format!("{}:{}:{} {}", text(&f["place"]), f["line"], f["column"], text(&f["rule"]));
        self.findings.iter().map(place).collect()
    }

    /// `level kind place: detail` of every issue.
    pub(crate) fn issues(&self) -> Vec<String> {
        let issue =
            |i: &Value| format!("{} {} {}: {}", text(&i["level"]), text(&i["kind"]), text(&i["place"]), text(&i["detail"]));
        self.issues.iter().map(issue).collect()
    }

    pub(crate) fn covered(&self, what: &str) -> u64 {
        self.summary["coverage"][what].as_u64().unwrap_or_else(|| panic!("no {what}: {}\n{}", self.summary, self.err))
    }

    /// Checks exit code, places and issues.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, places: &[&str], issues: &[&str]) -> &Self {
        assert_eq!((self.places(), self.issues()), (owned(places), owned(issues)), "{}", self.err);
        assert_eq!(self.code, code, "{}", self.summary);
        self
    }

    /// The distinct fingerprints of a rule's findings.
    pub(crate) fn fingerprints(&self) -> Vec<String> {
        let mut all: Vec<String> = self.findings.iter().map(|f| text(&f["fingerprint"])).collect();
        all.sort();
        all.dedup();
        all
    }
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
