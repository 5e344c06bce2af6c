//! Reports as files and streams: they parse, are written whole, and are the same however many threads made them.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use serde_json::Value;

use crate::canary::{github, password, stripe};
use crate::run::Folder;

/// Those that tell no time, so that two runs write the same.
const FORMATS: [&str; 7] = ["human", "json", "jsonl", "sarif", "csv", "github", "gitleaks-json"];

fn folder() -> Folder {
    let folder = Folder::new();
    for n in 0..300_u64 {
        let content = format!("# {n}\nk = {}\npassword = {}\ns = '{}'\n", github(n % 40), password(n % 7), stripe(n));
        folder.write(format!("d{}/f{n}", n % 11), content);
    }
    folder.write("big", format!("{}\nk = {}\n", "lorem ipsum\n".repeat(500_000), github(1)));
    symlink("big", folder.path("link")).unwrap();
    folder
}

#[test]
fn every_format_goes_to_a_file_and_to_standard_output_alike() {
    let folder = folder();
    folder.run(&["init"]).says(0, &["wrote ./stanch.toml with a fresh project key"]);
    for format in FORMATS {
        let out = folder.run(&["scan", "-f", format, "d1", "link"]);
        let to_file = folder.run(&["scan", "-f", format, "-o", "report", "d1", "link"]);
        assert_eq!((to_file.code, to_file.out.as_str()), (1, ""));
        assert!(to_file.err.ends_with("; report written to report\n"), "{}", to_file.err);
        assert_eq!(std::fs::read_to_string(folder.path("report")).unwrap(), out.out);
        let dash = folder.run(&["scan", "-f", format, "-o", "-", "d1", "link"]);
        assert_eq!((&dash.out, dash.err), (&out.out, String::new()));
        let device = folder.run(&["scan", "-f", format, "-o", "/dev/stdout", "d1", "link"]);
        assert_eq!((device.out, device.err), (out.out, String::new()));
        folder.run(&["scan", "-q", "-f", format, "-o", "report", "d1"]).says(1, &[]);
    }
    assert_eq!(folder.run(&["scan", "-q", "-o", "report", "d1"]).err, "");
}

#[test]
fn the_machine_formats_parse_and_agree() {
    let folder = folder();
    let read = |format: &str| folder.run(&["scan", "-f", format, "."]).out;
    let json: Value = serde_json::from_str(&read("json")).unwrap();
    assert_eq!(json["schema_version"], 1);
    let grouped = json["findings"].as_array().unwrap();
    let occurrences = |f: &Value| f["occurrences"].as_array().unwrap().len();
    // 40 GitHub tokens, 7 passwords and 300 Stripe keys, each once however often it stands somewhere.
    assert_eq!((grouped.len(), grouped.iter().map(occurrences).sum::<usize>()), (347, 901));
    let lines: Vec<Value> = read("jsonl").lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.iter().filter(|l| l["type"] == "finding").count(), 901);
    let summary = lines.last().unwrap();
    assert_eq!((summary["findings"].as_u64(), summary["occurrences"].as_u64()), (Some(347), Some(901)));
    let sarif: Value = serde_json::from_str(&read("sarif")).unwrap();
    assert_eq!((sarif["version"].as_str(), sarif["runs"].as_array().unwrap().len()), (Some("2.1.0"), 1));
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 901);
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], true);
    folder.run(&["scan", "."]).says(1, &["Found 347 secrets in 901 places: 340 critical, 7 medium.", "and 3 more places"]);
}

#[test]
fn a_report_that_is_replaced_keeps_its_mode_and_its_link() {
    let folder = Folder::new();
    folder.write("a", github(1));
    let report = folder.write("report", "old");
    std::fs::set_permissions(&report, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("report", folder.path("latest")).unwrap();
    folder.run(&["scan", "a", "-o", "latest"]).says(1, &[]);
    let meta = std::fs::symlink_metadata(&report).unwrap();
    assert_eq!((meta.mode() & 0o777, meta.is_file()), (0o640, true));
    assert!(std::fs::symlink_metadata(folder.path("latest")).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&report).unwrap().contains("github-pat"));
    folder.shell("umask 077; \"$STANCH\" scan a -o private || test $? = 1");
    assert_eq!(std::fs::metadata(folder.path("private")).unwrap().mode() & 0o777, 0o600);
    let mut names: Vec<_> = std::fs::read_dir(folder.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a", "latest", "private", "report"], "no temporary file stays");
}

#[test]
fn a_report_with_values_is_for_its_owner_alone() {
    let folder = Folder::new();
    folder.write("a", github(1));
    let mode = |name: &str| std::fs::metadata(folder.path(name)).unwrap().mode() & 0o777;
    folder.shell(
        "umask 022; \"$STANCH\" scan a -o shown --show-secrets || test $? = 1; \"$STANCH\" scan a -o redacted || test $? = 1",
    );
    assert_eq!((mode("shown"), mode("redacted")), (0o600, 0o644));
}

#[test]
fn sarif_names_files_from_the_root_of_the_repository() {
    let folder = Folder::new();
    folder.write("r/sub/a", github(1));
    folder.write("outside/b", github(1));
    symlink("sub", folder.path("r/link")).unwrap();
    let uris = |at: &str, args: &[&str]| {
        let mut command = folder.command(crate::run::STANCH);
        let out = command.current_dir(folder.path(at)).args(["scan", "-f", "sarif"]).args(args).output().unwrap().stdout;
        let log: Value = serde_json::from_slice(&out).unwrap();
        let one = |r: &Value| {
            let place = &r["locations"][0]["physicalLocation"]["artifactLocation"];
            (place["uri"].as_str().unwrap().to_owned(), place["uriBaseId"].is_string())
        };
        log["runs"][0]["results"].as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    let check =
        |at: &str, args: &[&str], expected: &str| assert_eq!(uris(at, args), [(expected.to_owned(), true)], "{at} {args:?}");
    check("r", &["sub"], "sub/a");
    check("r/sub", &["a"], "a");
    folder.git(&["init", "-q", "r"]);
    check("r", &["./sub/a"], "sub/a");
    check("r/sub", &["a"], "sub/a");
    check("r/sub", &[], "sub/a");
    check("r", &["link/a"], "sub/a");
    check("r/sub", &[folder.path("r/link/a").to_str().unwrap()], "sub/a");
    let outside = uris("r", &["../outside/b"]).remove(0);
    assert!(outside.0.starts_with("file:///") && outside.0.ends_with("/work/outside/b") && !outside.1, "{outside:?}");
}

#[test]
fn a_report_that_fails_leaves_the_old_one() {
    let folder = Folder::new();
    folder.write("a", github(1));
    folder.write("report", "old");
    // Files may have no more than one block: the report does not fit.
    folder
        .shell("ulimit -f 0; trap '' XFSZ; \"$STANCH\" scan a -o report")
        .says(2, &["error: cannot write report", "file too large"]);
    assert_eq!(std::fs::read_to_string(folder.path("report")).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 2);
}

#[test]
fn a_scan_that_ends_early_leaves_the_old_report() {
    let folder = Folder::new();
    folder.write("a", github(1));
    folder.write("report", "old");
    // Its input never ends: it is killed while it scans.
    let script = "mkfifo \"$HOME/endless\"; exec 3<>\"$HOME/endless\"; timeout -s KILL 2 \"$STANCH\" scan - -o report <&3";
    folder.shell(&format!("{script} || test $? = 137")).says(0, &[]);
    folder.shell("\"$STANCH\" scan a gone -o report").says(2, &["no such file or folder: gone"]);
    folder.shell("\"$STANCH\" scan a --config gone.toml -o report").says(2, &["cannot read gone.toml"]);
    assert_eq!(std::fs::read_to_string(folder.path("report")).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 2, "no temporary file stays");
}

#[test]
fn no_number_of_threads_changes_a_report() {
    let folder = folder();
    folder.run(&["init"]).says(0, &[]);
    for format in FORMATS {
        let report = |jobs: &str| folder.run(&["scan", "-f", format, "-j", jobs, "."]).out;
        let one = report("1");
        for jobs in ["8", "2", "8", "1"] {
            assert!(report(jobs) == one, "{format} differs with {jobs} threads");
        }
    }
}

#[test]
fn colour_is_for_terminals() {
    let folder = Folder::new();
    folder.write("a", github(1));
    assert!(!folder.run(&["scan", "a"]).out.contains('\x1b'));
    // script(1) gives the program a terminal.
    let on_a_terminal = |env: &str, args: &str| {
        let script = format!("{env} script -qec \"'$STANCH' scan {args}\" /dev/null < /dev/null || test $? = 1");
        folder.shell(&script).out
    };
    assert!(on_a_terminal("", "a").contains("\x1b[1;31mcritical"));
    assert!(!on_a_terminal("NO_COLOR=1", "a").contains('\x1b'));
    assert!(!on_a_terminal("", "--no-color a").contains('\x1b'));
    assert!(on_a_terminal("NO_COLOR=", "a").contains("\x1b[1;31mcritical"));
}

#[test]
fn one_scan_writes_further_reports() {
    let folder = Folder::new();
    folder.write("a", github(1));
    folder.run(&["init"]).says(0, &[]);
    let alone = |format: &str| folder.run(&["scan", "a", "-f", format]).out;
    let all = folder.run(&["scan", "a", "--also", "sarif=out.sarif", "--also", "json=out.json", "--also", "human=out.txt"]);
    all.says(1, &["1 finding; reports written to out.sarif, out.json and out.txt"]);
    let read = |name: &str| std::fs::read_to_string(folder.path(name)).unwrap();
    assert_eq!((all.out, read("out.sarif")), (alone("human"), alone("sarif")));
    assert_eq!((read("out.json"), read("out.txt")), (alone("json"), alone("human")));
    let swapped = folder.run(&["scan", "a", "-f", "sarif", "-o", "first", "--also", "human=-"]);
    assert_eq!((swapped.out, read("first")), (alone("human"), alone("sarif")), "forms do not change each other");
    folder.run(&["scan", "-q", "a", "--also", "json=-", "-o", "first"]).says(1, &["\"schema_version\": 1"]);
}

#[test]
fn further_reports_are_checked_before_the_scan() {
    let folder = Folder::new();
    folder.write("a", github(1));
    folder.write("out", "old");
    symlink("out", folder.path("link")).unwrap();
    let check = |args: &[&str], words: &[&str]| {
        let outcome = folder.run(&[&["scan", "a"], args].concat());
        outcome.says(2, words);
        assert_eq!(outcome.out, "", "{args:?}");
    };
    check(&["--also", "sarif"], &["write FORMAT=FILE, such as sarif=out.sarif"]);
    check(&["--also", "sarf=x"], &["unknown format `sarf`: did you mean `sarif`?"]);
    check(&["--also", "json=gone/x"], &["cannot write gone/x"]);
    check(&["--also", "json=x", "--also", "sarif=./x"], &["two reports go to ./x", "hint: "]);
    check(&["-o", "out", "--also", "sarif=link"], &["two reports go to link"]);
    check(&["--also", "json=-"], &["two reports go to standard output"]);
    check(&["--also", "json=/dev/null"], &["/dev/null is not a regular file"]);
    assert_eq!(std::fs::read_to_string(folder.path("out")).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 3, "nothing was made");
}

#[test]
fn tables_and_test_reports_are_read_by_others() {
    let folder = Folder::new();
    for name in ["=HYPERLINK(1)", "a\u{1}b]]>&<c>.env", "two\nlines, \"quoted\"", "\u{202e}x"] {
        folder.write(name, format!("k = {}\n", github(name.len() as u64)));
    }
    folder.write("broken.zip", b"PK\x03\x04nonsense");
    folder.run(&["scan", ".", "-q", "-f", "junit", "-o", "out.xml", "--also", "csv=out.csv", "--exit-code", "0"]).says(3, &[]);
    let read = "import csv, sys, xml.etree.ElementTree as tree
root = tree.parse('out.xml').getroot()
suite = root.find('testsuite')
assert suite.get('tests') == str(len(suite.findall('testcase'))) == '5', suite.attrib
assert len(root.findall('.//failure')) == 4 and len(root.findall('.//error')) == 1
names = [case.get('name') for case in root.iter('testcase')]
assert len(set(names)) == 5 and any('a\\\\x01b]]>&<c>.env:1:5' in name for name in names), names
rows = list(csv.reader(open('out.csv', newline='')))
assert len(rows) == 5 and len({len(row) for row in rows}) == 1, rows
places = [row[rows[0].index('place')] for row in rows[1:]]
assert sorted(places) == sorted([\"'=HYPERLINK(1)\", 'a\\\\x01b]]>&<c>.env', 'two\\\\nlines, \"quoted\"', '\\\\u{202e}x']), places
print('read')";
    folder.write("read.py", read);
    folder.shell("python3 read.py").says(0, &["read"]);
}

/// A disk that fills while reports are written: a small one of its own, which takes a namespace of mounts.
#[test]
fn a_full_disk_loses_nothing() {
    let folder = Folder::new();
    for n in 0..200 {
        folder.write(format!("f{n}"), format!("k = {}\n", github(n)));
    }
    folder.write("report", "old");
    let script = "mkdir disk; new=--mount; unshare $new true 2>/dev/null || new=\"--map-root-user --mount\"
        unshare $new sh -euc '
        mount -t tmpfs -o size=64k none disk
        echo old > disk/report
        code=0; \"$STANCH\" scan f* -q -f html -o disk/report --also json=disk/more --also csv=out.csv || code=$?
        echo \"code $code, $(cat disk/report), $(ls -A disk | tr \"\\n\" \" \")\"'";
    let outcome = folder.shell(script);
    outcome.says(0, &["code 2, old, report ", "200 findings\n", "error: cannot write disk/", "no space left on device"]);
    let told = "; cannot write disk/";
    assert!(outcome.err.contains(told) && !outcome.err.contains("ghp_"), "both are told: {}", outcome.err);
    assert_eq!(std::fs::read_to_string(folder.path("out.csv")).unwrap().lines().count(), 201, "what can be written, is");
    let full = folder.shell("code=0; \"$STANCH\" scan f0 -f junit > /dev/full || code=$?; echo code $code");
    full.says(0, &["code 2", "1 finding\n", "error: cannot write to standard output: no space left on device"]);
}

#[test]
fn services_are_told_files_from_the_root_and_when_it_was() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("sub/a, b.env", format!("\nk = {}\n", github(1)));
    let run = |format: &str| {
        let mut command = folder.command(crate::run::STANCH);
        let out = command.current_dir(folder.path("sub")).args(["scan", "-f", format, "a, b.env"]).output().unwrap().stdout;
        String::from_utf8(out).unwrap()
    };
    assert!(
        run("github").starts_with("::error file=sub/a%2C b.env,line=2,endLine=2,col=5,endColumn=44,title="),
        "{}",
        run("github")
    );
    let report: Value = serde_json::from_str(&run("gitlab")).unwrap();
    let one = &report["vulnerabilities"][0];
    assert_eq!((one["location"]["file"].as_str(), one["severity"].as_str()), (Some("sub/a, b.env"), Some("Critical")));
    let times = ["start_time", "end_time"].map(|key| report["scan"][key].as_str().unwrap().to_owned());
    assert!(times.iter().all(|time| time.len() == 19 && time.starts_with("20")) && times[0] <= times[1], "{times:?}");
    assert!(run("markdown").contains("rules `20"), "{}", run("markdown"));
}
