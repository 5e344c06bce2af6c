//! Exit codes: 0 clean and complete, 1 findings, 2 usage or configuration, 3 incomplete without findings.

use std::os::unix::fs::{PermissionsExt, symlink};

use crate::canary::{github, password};
use crate::run::Folder;

/// A folder with a file that is clean, one with a finding and one that cannot be read.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("clean", "nothing to see\n");
    folder.write("leak", github(1));
    symlink("loop", folder.path("loop")).unwrap();
    folder
}

#[test]
fn findings_and_gaps_decide_the_code() {
    let folder = folder();
    let check = |args: &str, code: i32| {
        let args: Vec<&str> = std::iter::once("scan").chain(args.split_whitespace()).collect();
        for format in ["human", "json", "jsonl", "sarif"] {
            folder.run(&[&args[..], &["--format", format]].concat()).says(code, &[]);
        }
    };
    check("clean", 0);
    check("leak", 1);
    check("loop", 3);
    check("clean loop", 3);
    check("leak loop", 1);
    check("--exit-code 0 clean", 0);
    check("--exit-code 0 leak", 0);
    check("--exit-code 0 loop", 3);
    check("--exit-code 0 leak loop", 3);
    check("--exit-code 7 clean", 0);
    check("--exit-code 7 leak", 7);
    check("--exit-code 7 loop", 3);
    check("--exit-code 7 leak loop", 7);
    check("--only stripe leak", 0);
    check("--only stripe leak loop", 3);
    check("--min-severity critical leak", 1);
    check("--quiet leak", 1);
}

#[test]
fn the_report_names_the_gaps_beside_findings() {
    let folder = folder();
    folder
        .run(&["scan", "leak", "loop"])
        .says(1, &["Found 1 secret in 1 place", "The scan is incomplete: 1 gap.", "loop: too many levels"]);
    folder.run(&["scan", "loop"]).says(3, &["No secrets found in what was read, but the scan is incomplete: 1 gap."]);
    let report = folder.scan(&["leak", "loop"]);
    assert_eq!(
        (report.summary["verdict"].as_str(), report.summary["complete"].as_bool()),
        (Some("findings-and-gaps"), Some(false))
    );
}

#[test]
fn what_is_below_the_threshold_is_counted_and_fails_nothing() {
    let folder = Folder::new();
    folder.write("high", github(1));
    folder.write("medium", format!("password = {}\npassword = {}\n", password(1), password(2)));
    let check = |args: &[&str], code: i32, (found, hidden): (usize, u64), words: &[&str]| {
        let report = folder.scan(args);
        assert_eq!((report.code, report.findings.len(), report.covered("below_threshold")), (code, found, hidden), "{args:?}");
        folder.run(&[&["scan"], args].concat()).says(code, words);
        let json = |format: &str| {
            let out = folder.run(&[&["scan", "-f", format], args].concat()).out;
            serde_json::from_str::<serde_json::Value>(&out).unwrap()
        };
        assert_eq!(json("json")["coverage"]["below_threshold"], hidden);
        assert_eq!(json("sarif")["runs"][0]["properties"]["coverage"]["below_threshold"], hidden);
        let out = folder.run(&[&["scan"], args].concat()).out;
        assert_eq!(out.contains("below the threshold"), hidden > 0, "{out}");
    };
    let two = "  hidden  2 findings below the threshold not shown\n";
    check(&["."], 1, (3, 0), &["Found 3 secrets"]);
    check(&["--min-severity", "high", "."], 1, (1, 2), &[two, "Found 1 secret"]);
    check(&["--min-confidence", "high", "."], 1, (1, 2), &[two, "Found 1 secret"]);
    check(&["--min-severity", "high", "medium"], 0, (0, 2), &[two, "\nNo secrets found at or above the threshold.\n"]);
    symlink("loop", folder.path("loop")).unwrap();
    let words = "No secrets found at or above the threshold in what was read, but the scan is incomplete: 1 gap.";
    check(&["--min-severity", "high", "medium", "loop"], 3, (0, 2), &[two, words]);
    folder
        .run(&["scan", "--min-severity", "high", "medium", "-o", "../report"])
        .says(0, &["0 findings, 2 below the threshold; report written to ../report\n"]);
    let help: Vec<String> = folder.run(&["scan", "--help"]).out.split_whitespace().map(str::to_owned).collect();
    assert_eq!(help.join(" ").matches("those below are only counted and do not change the exit code").count(), 2);
}

#[test]
fn usage_and_configuration_are_code_2_with_a_hint() {
    let folder = folder();
    folder.write("empty/.keep", "");
    let check = |args: &[&str], parts: &[&str]| {
        let outcome = folder.run(args);
        outcome.says(2, parts);
        assert_eq!(outcome.out, "", "talk goes to standard error");
        assert!(outcome.err.starts_with("error: "), "{}", outcome.err);
    };
    check(&["scan", "gone"], &["error: no such file or folder: gone\n", "hint: check the spelling"]);
    check(&["scan", "clean", "gone"], &["no such file or folder: gone"]);
    check(&["scan", ""], &["a value is required for '[PATH]...'"]);
    check(&["scan", "*.nothing"], &["no such file or folder: *.nothing\n", "hint: the glob matched no file"]);
    check(&["scan", "clean/x"], &["clean/x"]);
    check(&["scan", "\x1b[2J"], &["no such file or folder: \\x1b[2J"]);
    check(&["scan", "--colour"], &["unexpected argument '--colour'", "Usage: stanch scan"]);
    check(&["scan", "--exit-code", "126"], &["126 is not in 0..=125"]);
    check(&["scan", "--exit-code", "x"], &["invalid"]);
    check(&["scan", "--jobs", "0"], &["0 is not in 1..=1024"]);
    check(&["scan", "--format", "xml"], &["invalid value 'xml'", "human", "sarif"]);
    check(&["scan", "--min-severity", "bad"], &["invalid value 'bad'", "critical"]);
    check(&["scan", "--config", "x", "--no-config"], &["cannot be used with"]);
    check(&["scna"], &["unrecognized subcommand 'scna'", "scan"]);
    check(&["scan", "--only", "no-such-rule", "."], &["no rule matches `no-such-rule`", "hint: `stanch rules list` shows"]);
    check(&["scan", "--except", "*", "."], &["no rule is left"]);
    check(&["scan", "--config", "gone.toml", "."], &["cannot read gone.toml", "no such file"]);
    check(&["scan", "--rules", "gone.toml", "."], &["gone.toml"]);
    check(&["scan", "--rules", "empty", "."], &["empty"]);
    check(&["explain", "clean"], &["`clean` is not FILE:LINE", "hint: for example"]);
    check(&["scan", "-f", "xml", "."], &["possible values: human", "hint: `stanch scan --help` says what each is for"]);
    check(&["rules", "show", "no-such-rule"], &["no rule has the id `no-such-rule`", "hint: "]);
    folder.run(&["--help"]).says(0, &["Exit codes: 0 clean and complete, 1 findings, 2 usage or configuration, 3 incomplete"]);
    folder.run(&["--version"]).says(0, &["stanch 0."]);
    folder.run::<&str>(&[]).says(2, &["Usage: stanch"]);
}

#[test]
fn a_shell_glob_that_matched_nothing_is_said_to_be_one() {
    folder().shell("\"$STANCH\" scan *.env").says(2, &["no such file or folder: *.env", "hint: the glob matched no file"]);
}

#[test]
fn a_rule_file_that_is_wrong_is_named_with_line_and_field() {
    let folder = folder();
    let head = "provider = 'P'\nurl = 'https://p'\nfix = 'f'\n\n[[rule]]\nid = 'x-1'\nabout = 'a'\ncategory = 'c'\nseverity = 'low'\nconfidence = 'low'\n";
    let check = |line: &str, parts: &[&str]| {
        folder.write("r/my.toml", format!("{head}{line}\n"));
        for rules in ["r", "r/my.toml"] {
            let outcome = folder.run(&["scan", "--rules", rules, "clean"]);
            outcome.says(2, parts);
        }
        folder.run(&["rules", "check", "r/my.toml"]).says(2, parts);
    };
    check("token = 'hox{3}'", &["error: r/my.toml:11: rule `x-1`", "no alphabet `hox`"]);
    check("token = '\"abc\" hex{9'", &["r/my.toml:11: ", "`token`"]);
    check("regex = '('", &["r/my.toml:11: ", "`regex`"]);
    check("colour = 'red'", &["r/my.toml:11: ", "unknown field `colour`"]);
    check("x = [", &["r/my.toml:"]);
}

#[test]
fn a_stanch_toml_that_is_wrong_stops_the_scan() {
    let folder = folder();
    let check = |content: &str, part: &str| {
        folder.write("stanch.toml", content);
        folder.run(&["scan", "."]).says(2, &["error: ", part]);
        folder.run(&["scan", "clean"]).says(2, &[part]);
        folder.run(&["explain", "clean:1"]).says(2, &[part]);
        folder.run(&["scan", "--no-config", "clean"]).says(0, &[]);
        folder.run(&["explain", "--no-config", "clean:1"]).says(0, &[]);
    };
    check("version = 1\nexclude = ['*']\n", "stanch.toml:2: exclude: unknown field; allowed are version, project_key, allow");
    check("version = 2\n", "stanch.toml:1: version: 2 is newer than this stanch, which reads 1; update stanch");
    check("", "stanch.toml:1: version: missing");
    check("version = [", "stanch.toml:1: syntax");
}

#[test]
fn a_report_that_cannot_be_written_is_code_2() {
    let folder = folder();
    std::fs::create_dir(folder.path("folder")).unwrap();
    folder.shell("mkfifo \"$HOME/endless\"").says(0, &[]);
    symlink("nowhere", folder.path("dead")).unwrap();
    let check = |target: &str, part: &str| {
        let outcome = folder.run(&["scan", "leak", "-o", target]);
        outcome.says(2, &["error: cannot write", target, part]);
        assert_eq!(outcome.out, "");
        // It is said before the scan: this one would wait for input that never comes.
        let script = format!("exec 3<>\"$HOME/endless\"; timeout 60 \"$STANCH\" scan - -o {target} <&3");
        folder.shell(&script).says(2, &["error: cannot write", target, part]);
    };
    check("folder", "is not a regular file");
    check("no/such/folder/x", "no such file or directory");
    check("leak/x", "not a directory");
    check("dead", "leads nowhere");
    let mode = |mode| std::fs::set_permissions(folder.path("folder"), std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    let report = folder.scan_as_nobody(&["leak", "-o", "folder/report"]);
    let denied = "error: cannot write folder/report: cannot create folder/report: permission denied\n";
    assert_eq!((report.code, report.err.contains(denied)), (2, true), "{}", report.err);
    mode(0o755);
}

#[test]
fn a_closed_standard_input_is_a_gap() {
    let folder = Folder::new();
    let outcome = folder.shell("code=0; \"$STANCH\" scan - <&- || code=$?; echo \"code $code\"");
    outcome.says(0, &["code 3", "-: standard input is closed", "1 gap"]);
    folder.shell("\"$STANCH\" scan - </dev/null").says(0, &["1 file (0 bytes)"]);
}
