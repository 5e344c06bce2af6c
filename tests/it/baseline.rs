//! What is known: baselines by value, what other tools know, and the review on a terminal.

use std::path::Path;

use crate::canary::{github, password, stripe};
use crate::run::Folder;

/// A project with two secrets, and its baseline.
fn project() -> Folder {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.run(&["init"]).says(0, &[]);
    folder.write("src/a.py", format!("x = 1\nk = '{}'\n", github(1)));
    folder.write("b.env", format!("password = {}\n", password(1)));
    folder.run(&["baseline", "create"]).says(0, &["wrote .stanch-baseline: 2 secrets are known", "merge=union"]);
    folder
}

fn read(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path(name)).unwrap()
}

#[test]
fn what_is_known_is_counted_and_not_reported() {
    let folder = project();
    folder.run(&["scan", "."]).says(0, &["known  2 secrets in the baseline\n", "No secrets found"]);
    let report = folder.scan_files(&["."]);
    assert_eq!((report.code, report.covered("in_baseline"), report.covered("judged_real")), (0, 2, 0));
    folder.run(&["explain", "src/a.py:2"]).says(0, &["verdict   not reported: known from .stanch-baseline\n"]);
    assert_eq!(folder.scan_files(&["--no-baseline", "."]).findings.len(), 2);
    // Without the configuration, its key is a secret like any other.
    assert_eq!(folder.scan_files(&["--no-config", "src", "b.env"]).findings.len(), 2);
    // From a folder below, too, and wherever the value stands.
    folder.write("src/deep/c", format!("t: {}\n", github(1)));
    folder.scan_files(&["src/deep"]).is(0, &[], &[]);
    let lines: Vec<String> = read(&folder, ".stanch-baseline").lines().skip(2).map(str::to_owned).collect();
    assert!(lines.is_sorted() && lines.len() == 2, "{lines:?}");
    assert!(lines.iter().any(|line| line.ends_with(" github-pat - src/a.py")), "{lines:?}");
    assert!(!read(&folder, ".stanch-baseline").contains(&github(1)[8..]));
    folder.run(&["baseline", "create"]).says(2, &["error: .stanch-baseline exists already", "hint: `stanch baseline update`"]);
}

#[test]
fn another_secret_on_the_line_of_a_known_one_is_reported() {
    let folder = project();
    folder.write("src/a.py", format!("x = 1\nk = '{}'\n", github(2)));
    folder.scan_files(&["."]).is(1, &["src/a.py:2:6 github-pat"], &[]);
    folder.write("src/a.py", format!("x = 1\nk = '{}', '{}'\n", github(1), github(2)));
    assert_eq!(folder.scan_files(&["."]).findings.len(), 1);
}

#[test]
fn a_baseline_needs_the_key_it_was_made_with() {
    let folder = Folder::new();
    folder.write("a", format!("{}\n", github(1)));
    folder.run(&["baseline", "create"]).says(2, &["error: a baseline needs a project key", "hint: `stanch init`"]);
    let folder = project();
    std::fs::remove_file(folder.path("stanch.toml")).unwrap();
    folder.run(&["scan", "."]).says(1, &[]);
    folder.run(&["scan", "--baseline", ".stanch-baseline", "."]).says(2, &["there is no project key to compare them under"]);
    folder.run(&["init"]).says(0, &[]);
    folder.run(&["scan", "."]).says(2, &["error: .stanch-baseline was made under another project key", "hint: "]);
}

#[test]
fn an_update_drops_what_is_gone_and_keeps_verdicts() {
    let folder = project();
    let judged = read(&folder, ".stanch-baseline").replace("github-pat -", "github-pat real");
    folder.write(".stanch-baseline", &judged);
    folder.run(&["scan", "."]).says(0, &["2 secrets in the baseline, 1 of them judged real"]);
    std::fs::remove_file(folder.path("b.env")).unwrap();
    std::fs::rename(folder.path("src/a.py"), folder.path("src/moved.py")).unwrap();
    folder.write("new", format!("{}\n", stripe(1)));
    let words = ["1 secret is known, 1 gone and taken out", "1 secret is not in it, and still reported"];
    folder.run(&["baseline", "update"]).says(0, &words);
    let text = read(&folder, ".stanch-baseline");
    assert!(text.ends_with(" github-pat real src/moved.py\n") && text.lines().count() == 3, "{text}");
    assert_eq!(folder.scan_files(&["."]).findings.len(), 1);
    folder.run(&["baseline", "update", "--add"]).says(0, &["2 secrets are known, 0 gone and taken out, 1 new taken in"]);
    let once = read(&folder, ".stanch-baseline");
    folder.scan_files(&["."]).is(0, &[], &[]);
    folder.run(&["baseline", "update"]).says(0, &[]);
    assert_eq!(read(&folder, ".stanch-baseline"), once, "nothing changes where nothing changed");
    // What could not be read may hold what seems gone.
    std::fs::remove_file(folder.path("new")).unwrap();
    folder.write("broken.zip", b"PK\x03\x04 no archive");
    folder.run(&["baseline", "update"]).says(3, &["0 gone", "nothing was taken for gone"]);
}

#[test]
fn an_update_drops_nothing_where_it_did_not_look() {
    let folder = project();
    let before = read(&folder, ".stanch-baseline");
    let kept = |args: &[&str], words: &[&str]| {
        folder.run(&[&["baseline", "update"], args].concat()).says(0, words);
        assert_eq!(read(&folder, ".stanch-baseline"), before, "{args:?}");
    };
    // A part of the project.
    kept(&["src"], &["2 secrets are known, 0 gone", "1 secret stands where was not looked, and kept"]);
    kept(&["src/a.py"], &["0 gone", "1 secret stands where was not looked"]);
    let at = folder.command(crate::run::STANCH).current_dir(folder.path("src")).args(["baseline", "update"]).output().unwrap();
    assert!(at.status.success() && read(&folder, ".stanch-baseline") == before);
    // What the project keeps silent is still there.
    let toml = read(&folder, "stanch.toml");
    for more in [
        "[rules]\nexcept = 'github-*'\n",
        "[rules]\nonly = 'generic'\n",
        "[[allow]]\nrule = 'github-pat'\nreason = 'later'\n",
        "[[allow]]\npath = 'src'\nreason = 'later'\n",
    ] {
        folder.write("stanch.toml", format!("{toml}\n{more}"));
        kept(&[], &["2 secrets are known, 0 gone"]);
    }
    folder.write("stanch.toml", &toml);
    folder.write("src/a.py", format!("x = 1\nk = '{}' # stanch:allow[github-pat] -- known\n", github(1)));
    kept(&[], &["0 gone"]);
    // It stands in another folder, too, whatever the entry says.
    folder.write("src/a.py", "x = 1\n");
    folder.write("other/a.py", format!("k = '{}'\n", github(1)));
    kept(&["src"], &["0 gone"]);
    std::fs::remove_file(folder.path("other/a.py")).unwrap();
    // Gone from a folder that was looked at.
    folder.write("src/a.py", "x = 1\n");
    folder.run(&["baseline", "update", "src"]).says(0, &["1 secret is known, 1 gone"]);
}

#[test]
fn what_only_history_has_is_kept_unless_history_is_looked_at() {
    let folder = project();
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "begin"]);
    folder.write("src/a.py", "x = 1\n");
    folder.run(&["baseline", "update", "--history"]).says(0, &["2 secrets are known, 0 gone"]);
    assert!(read(&folder, ".stanch-baseline").contains(" history:src/a.py\n"), "{}", read(&folder, ".stanch-baseline"));
    folder.run(&["baseline", "update"]).says(0, &["2 secrets are known, 0 gone", "1 secret stands where was not looked"]);
    folder.run(&["scan", "--history", "."]).says(0, &["known  2 secrets in the baseline"]);
}

#[test]
fn two_branches_merge() {
    let folder = project();
    folder.write(".gitattributes", ".stanch-baseline merge=union\n");
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "begin"]);
    for (branch, seed) in [("one", 5), ("two", 6)] {
        folder.git(&["checkout", "-q", "-b", branch, "main"]);
        folder.write(branch, format!("{}\n", github(seed)));
        folder.run(&["baseline", "update", "--add"]).says(0, &["1 new taken in"]);
        folder.git(&["add", "-A"]);
        folder.git(&["commit", "-q", "-m", branch]);
    }
    folder.git(&["merge", "-q", "-m", "both", "one"]);
    folder.scan_files(&["."]).is(0, &[], &[]);
    let lines = read(&folder, ".stanch-baseline");
    folder.run(&["baseline", "update"]).says(0, &["4 secrets are known, 0 gone"]);
    assert!(lines.lines().count() >= 6);
}

#[test]
fn a_history_is_known_too() {
    let folder = project();
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "begin"]);
    folder.write("b.env", "");
    folder.write("src/a.py", "");
    folder.git(&["commit", "-q", "-a", "-m", "gone"]);
    folder.scan_files(&["--history", "."]).is(0, &[], &[]);
    assert_eq!(folder.scan_files(&["--history", "--no-baseline", "."]).findings.len(), 2);
    // Told again from the cache, it is as it is now.
    assert_eq!(folder.scan_files(&["--history", "."]).covered("in_baseline"), 2);
    std::fs::remove_file(folder.path(".stanch-baseline")).unwrap();
    folder.run(&["baseline", "create", "--history"]).says(0, &["2 secrets are known"]);
    assert!(read(&folder, ".stanch-baseline").contains(" github-pat - history:src/a.py\n"));
    folder.scan_files(&["--history", "."]).is(0, &[], &[]);
}

fn sha1(folder: &Folder, value: &str) -> String {
    folder.write("value.tmp", value);
    let out = folder.shell("sha1sum value.tmp; rm value.tmp").out;
    out[..40].to_owned()
}

#[test]
fn a_baseline_of_detect_secrets_is_read() {
    let folder = Folder::new();
    folder.write("a.py", format!("k = '{}'\n", github(1)));
    folder.write("b/c.py", format!("k = '{}'\n", github(1)));
    let write = |audited: &str| {
        let hash = sha1(&folder, &github(1));
        let text = format!(
            "{{\n \"version\": \"1.5.0\",\n \"results\": {{\n  \"a.py\": [{{\"type\": \"x\", \"filename\": \"a.py\", \"hashed_secret\": \"{hash}\"{audited}}}]\n }}\n}}\n"
        );
        folder.write(".secrets.baseline", text);
    };
    let scan = || folder.scan_files(&["--baseline", ".secrets.baseline", "."]).places();
    // Known by value and file, as there.
    for audited in ["", ", \"is_secret\": false"] {
        write(audited);
        assert_eq!(scan(), ["b/c.py:1:6 github-pat"], "{audited}");
    }
    write(", \"is_secret\": true");
    assert_eq!(scan().len(), 2, "what was audited as real goes on being reported");
    write("");
    folder.write("a.py", format!("k = '{}'\n", github(2)));
    assert_eq!(scan().len(), 2, "another value in its place is new");
    folder.write("a.py", format!("k = '{}'\n", github(1)));
    write(", \"is_secret\": false");
    folder.run(&["init"]).says(0, &[]);
    // Its digest is no secret.
    folder.run(&["baseline", "create", "--from", ".secrets.baseline"]).says(0, &["1 secret is found of those it knows"]);
    assert!(read(&folder, ".stanch-baseline").contains(" github-pat false a.py\n"));
}

#[test]
fn a_report_of_gitleaks_is_read_if_it_holds_values() {
    let folder = Folder::new();
    folder.write("a", format!("{}\n{}\n", github(1), github(2)));
    let report = |values: &[&str]| {
        let leaks: Vec<String> =
            values.iter().map(|v| format!("{{\"RuleID\":\"r\",\"File\":\"a\",\"Secret\":\"{v}\"}}")).collect();
        folder.write("../leaks.json", format!("[{}]", leaks.join(",")));
    };
    report(&[&github(1)]);
    folder.scan_files(&["--baseline-path", "../leaks.json", "."]).is(1, &["a:2:1 github-pat"], &[]);
    report(&[&github(1), "REDACTED"]);
    let words = "values redacted, so that nothing is known by them: 1";
    folder.run(&["scan", "-b", "../leaks.json", "."]).says(1, &[words]);
    report(&["REDACTED", "REDACTED"]);
    let words = ["all values of this report of gitleaks are redacted", "hint: make the report without --redact"];
    folder.run(&["scan", "-b", "../leaks.json", "."]).says(2, &words);
}

#[test]
fn a_report_of_ours_is_read() {
    let folder = Folder::new();
    folder.write("a", format!("{}\n", github(1)));
    folder.run(&["scan", "a", "-f", "jsonl", "-o", "../old.jsonl"]).says(1, &[]);
    folder.run(&["init"]).says(0, &[]);
    folder.run(&["scan", "-b", "../old.jsonl", "."]).says(2, &["the report was made without a project key"]);
    for format in ["json", "jsonl"] {
        let name = format!("../old.{format}");
        folder.run(&["scan", "a", "-f", format, "-o", &name]).says(1, &[]);
        folder.write("b", "");
        folder.scan_files(&["-b", &name, "."]).is(0, &[], &[]);
        folder.write("b", format!("{}\n", github(2)));
        folder.scan_files(&["-b", &name, "."]).is(1, &["b:1:1 github-pat"], &[]);
    }
}

#[test]
fn entries_of_gitleaksignore_name_places_and_silence_nothing() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("src/a.py", format!("x = 1\nk = '{}'\n", github(1)));
    folder.write(".gitleaksignore", "# old\nsrc/a.py:generic-api-key:2\nsrc/gone.py:jwt:7\n");
    let note = "note configuration .gitleaksignore: its entries name places and not values, so they silence nothing: \
                `stanch baseline create --from .gitleaksignore` takes in what stands there now";
    folder.scan_files(&["."]).is(1, &["src/a.py:2:6 github-pat"], &[note]);
    folder
        .run(&["scan", "-b", ".gitleaksignore", "."])
        .says(2, &["names places and not values", "hint: `stanch baseline create --from"]);
    folder.run(&["init"]).says(0, &[]);
    let words = [".gitleaksignore: something is found at 1 of the 2 places it names", "1 secret is known"];
    folder.run(&["baseline", "create", "--from", ".gitleaksignore"]).says(0, &words);
    folder.scan_files(&["."]).is(0, &[], &[]);
    // The row of the table: another secret on that line.
    folder.write("src/a.py", format!("x = 1\nk = '{}'\n", github(2)));
    folder.scan_files(&["."]).is(1, &["src/a.py:2:6 github-pat"], &[]);
    folder.write("elsewhere/ignore", "src/a.py:x:2\n");
    folder.run(&["scan", "-i", "elsewhere/ignore", "."]).says(1, &["--from elsewhere/ignore"]);
}

#[test]
fn entries_of_gitleaksignore_may_name_a_commit() {
    let folder = Folder::repository();
    let commit = folder.shell("git rev-parse HEAD").out;
    folder.write("old.txt", "");
    folder.git(&["commit", "-q", "-a", "-m", "gone"]);
    folder.write(".gitleaksignore", format!("{}:old.txt:x:2\n{}:old.txt:x:1\n", commit.trim(), commit.trim()));
    folder.run(&["init"]).says(0, &[]);
    assert_eq!(folder.scan_files(&["--history", "."]).findings.len(), 1);
    folder
        .run(&["baseline", "create", "--from", ".gitleaksignore"])
        .says(0, &["something is found at 1 of the 2 places it names"]);
    folder.scan_files(&["--history", "."]).is(0, &[], &[]);
}

#[test]
fn statistics_say_how_often_a_rule_was_right() {
    let folder = project();
    let judged = read(&folder, ".stanch-baseline").replace("github-pat -", "github-pat false");
    folder.write(".stanch-baseline", judged);
    let outcome = folder.run(&["baseline", "audit", "--stats"]);
    outcome.says(0, &["rule", "precision", "0 %", "all rules"]);
    assert_eq!(outcome.out.lines().count(), 4, "{}", outcome.out);
    folder.run(&["baseline", "audit"]).says(2, &["error: an audit asks questions, and this is no terminal", "hint: "]);
}

/// Runs the audit on a terminal of its own, with these keys, and returns what it wrote there.
fn on_a_terminal(folder: &Folder, keys: &str) -> String {
    let script = r#"
import os, pty, select, struct, fcntl, termios, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    time.sleep(0.2)
    os.execv(sys.argv[1], ["stanch", "baseline", "audit", "--quiet"])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
seen, keys, deadline, last = b"", list(sys.argv[2]), time.time() + 60, time.time()
while time.time() < deadline:
    ready, _, _ = select.select([fd], [], [], 0.2)
    if ready:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
        last = time.time()
    elif keys and b"Ctrl-C" in seen and time.time() - last > 0.5:
        os.write(fd, keys.pop(0).encode())
        last = time.time()
if time.time() >= deadline:
    os.kill(pid, 9)
os.waitpid(pid, 0)
sys.stdout.write(seen.decode("utf-8", "replace"))
"#;
    let script = folder.write("../drive.py", script);
    let stanch = Path::new(crate::run::STANCH);
    let output = folder.command("python3").arg(script).arg(stanch).arg(keys).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_review_on_a_terminal_writes_verdicts() {
    let folder = project();
    let before = read(&folder, ".stanch-baseline");
    let seen = on_a_terminal(&folder, "yu\x03");
    assert!(seen.contains("nothing was written"), "{seen}");
    assert_eq!(read(&folder, ".stanch-baseline"), before);
    assert!(!seen.contains(&github(1)[8..]), "the value is not shown unless asked for");
    // The more severe one comes first.
    let seen = on_a_terminal(&folder, "synq");
    assert!(seen.contains(&github(1)) && seen.contains("wrote 2 verdicts to .stanch-baseline"), "{seen}");
    let after = read(&folder, ".stanch-baseline");
    assert!(after.contains(" github-pat real src/a.py\n") && after.contains(" false b.env\n"), "{after}");
    let seen = on_a_terminal(&folder, "");
    assert!(seen.contains("nothing is left to judge"), "{seen}");
}

/// The hashes in a baseline of detect-secrets are no secrets, whatever names stand near them.
#[test]
fn hashes_in_a_baseline_are_no_findings() {
    let folder = crate::run::Folder::new();
    let hash = |seed| crate::canary::random(b"0123456789abcdef", seed, 40);
    let entry = |n: u64| serde_json::json!({"type": "Mailchimp Access Key", "filename": "a.txt", "hashed_secret": hash(n), "is_verified": false, "line_number": n});
    let baseline =
        serde_json::json!({"version": "1.5.0", "plugins_used": [], "results": {"a.txt": [entry(1), entry(2), entry(3)]}});
    folder.write(".secrets.baseline", serde_json::to_string_pretty(&baseline).unwrap());
    folder.write("old.json", baseline.to_string());
    folder.scan(&["."]).is(0, &[], &[]);
}
