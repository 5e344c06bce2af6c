//! Programs that are run with secrets: real ones, with real signals, pipes and terminals.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const VALUE: &str = "Xk9q-KEY-79dLmz";

fn given() -> Command {
    let mut path: PathBuf = std::env::current_exe().expect("a path");
    path.pop();
    path.pop();
    let path = path.join("examples/given");
    assert!(path.exists(), "{} is not there: cargo builds it with the tests", path.display());
    let mut command = Command::new(path);
    command.env("TOKEN", "stanch://shop/KEY").env("STANCH_PASSPHRASE", "of no use to the program").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    given().args(arguments).output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn codes_and_signals_are_those_of_the_program() {
    let check = |arguments: &[&str], code: Option<i32>, signal: Option<i32>| {
        let out = run(arguments);
        assert_eq!((out.status.code(), out.status.signal()), (code, signal), "{arguments:?}: {}", text(&out.stderr));
    };
    check(&["true"], Some(0), None);
    check(&["sh", "-c", "exit 7"], Some(7), None);
    check(&["sh", "-c", "exit 255"], Some(255), None);
    check(&["/nowhere/at/all"], Some(127), None);
    check(&["no-such-program-anywhere"], Some(127), None);
    check(&["/etc/passwd"], Some(126), None);
    check(&["--replace", "/etc/passwd"], Some(126), None);
    check(&["--replace", "no-such-program-anywhere"], Some(127), None);
    for signal in [libc_signal("TERM"), libc_signal("KILL"), libc_signal("SEGV"), libc_signal("INT")] {
        check(&["sh", "-c", &format!("kill -{signal} $$")], None, Some(signal));
    }
}

fn libc_signal(name: &str) -> i32 {
    match name {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "KILL" => 9,
        "USR1" => 10,
        "SEGV" => 11,
        "USR2" => 12,
        "PIPE" => 13,
        "TERM" => 15,
        _ => unreachable!(),
    }
}

#[test]
fn the_program_has_the_value_and_its_output_has_not() {
    let script = r#"printf '%s %s\n' "$TOKEN" "${#TOKEN}"; printf %s "$TOKEN" | base64; printf %s "u:$TOKEN" | od -An -v -tx1 | tr -d ' \n'; echo; echo "err $TOKEN" >&2; echo "${STANCH_PASSPHRASE-gone}""#;
    let out = run(&["sh", "-c", script]);
    assert_eq!(text(&out.stdout), "******** 15\n********\n753a********\ngone\n");
    assert_eq!(text(&out.stderr), "err ********\n");
    // Nothing of it is in an argument, of the program or of ours.
    let out = run(&[
        "--replace",
        "sh",
        "-c",
        "cat /proc/$$/cmdline /proc/$PPID/cmdline; test \"$TOKEN\" = Xk9q\"-KEY-79dLmz\" && echo has it",
    ]);
    assert!(text(&out.stdout).ends_with("has it\n") && !text(&out.stdout).contains(VALUE));
    let out = given()
        .env("B", "stanch://shop/MISSING")
        .env("C", "{{ stanch://shop/MISSING#x }}")
        .args(["echo", "started"])
        .output()
        .unwrap();
    assert_eq!((text(&out.stdout).as_str(), out.status.code()), ("", Some(125)));
    assert_eq!(text(&out.stderr), "error: not in the vault: `stanch://shop/MISSING`, `stanch://shop/MISSING#x`\n");
}

#[test]
fn values_come_as_files_and_open_files() {
    let file = r#"stat -c '%a %F' "$TOKEN" "$(dirname "$TOKEN")"; stat -f -c %T "$TOKEN"; wc -c <"$TOKEN"; cat "$TOKEN"; echo; echo "$TOKEN""#;
    let out = text(&run(&["--file", "TOKEN", "sh", "-c", file]).stdout);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[..5], ["400 regular file", "700 directory", "tmpfs", "15", "********"], "{out}");
    let path = std::path::Path::new(lines[5]);
    assert!(path.is_absolute() && !path.exists() && !path.parent().unwrap().exists(), "{out}");
    for number in [3, 7, 200] {
        let read = format!("echo $TOKEN; python3 -c 'import os; print(len(os.read({number}, 99)), len(os.read({number}, 99)))'");
        let out = run(&["--fd", &format!("TOKEN={number}"), "sh", "-c", &read]);
        assert_eq!(text(&out.stdout), format!("{number}\n15 0\n"), "{}", text(&out.stderr));
    }
    // Nobody is there to remove a file, so it is one without a name.
    let out = run(&["--replace", "--file", "TOKEN", "sh", "-c", "cat $TOKEN $TOKEN; echo $TOKEN"]);
    assert!(text(&out.stdout).starts_with(&format!("{VALUE}{VALUE}/dev/fd/")), "{}", text(&out.stdout));
    let out = run(&["--fd", "TOKEN=9", "/nowhere/at/all"]);
    assert_eq!(out.status.code(), Some(127));
}

#[test]
fn no_open_file_of_ours_is_left_to_the_program() {
    let list = "import os; print(*[n for n in range(400) if os.path.exists(f'/proc/self/fd/{n}')])";
    // What the tests were started with is inherited, as by any program.
    let inherited = text(&Command::new("python3").args(["-c", list]).stdin(Stdio::null()).output().unwrap().stdout);
    for arguments in [&["--report"][..], &["--file", "TOKEN"], &["--replace"]] {
        let out = given().args(arguments).args(["python3", "-c", list]).output().unwrap();
        assert_eq!(text(&out.stdout), inherited, "{arguments:?}");
    }
    let free = (3..200).find(|number| !inherited.split_whitespace().any(|one| one == number.to_string())).unwrap();
    let out = run(&["--fd", &format!("TOKEN={free}"), "python3", "-c", list]);
    let more = text(&out.stdout).split_whitespace().filter(|one| *one != free.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(format!("{more}\n"), inherited);
    let limits = |core: &str| text(&run(&["--core", core, "sh", "-c", "ulimit -Sc"]).stdout);
    assert_eq!((limits("0").as_str(), limits("1048576").as_str()), ("0\n", "2048\n"));
}

#[test]
fn signals_reach_the_program() {
    let script = "import signal, sys
def got(number, frame):
    print('got', number, flush=True)
    sys.exit(40 + number)
for number in (1, 2, 3, 10, 12, 15): signal.signal(number, got)
print('ready', flush=True)
while True: signal.pause()";
    for name in ["HUP", "INT", "QUIT", "USR1", "USR2", "TERM"] {
        let mut child = given().args(["python3", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        assert!(Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap().success());
        line.clear();
        out.read_to_string(&mut line).unwrap();
        assert_eq!(line, format!("got {}\n", libc_signal(name)));
        assert_eq!(child.wait().unwrap().code(), Some(40 + libc_signal(name)));
    }
    // What is ignored stays so.
    let nohup = "trap '' HUP; exec \"$0\" sh -c 'kill -HUP $$; echo alive'";
    let out = Command::new("sh").args(["-c", nohup]).arg(given().get_program()).output().unwrap();
    assert_eq!(text(&out.stdout), "alive\n");
}

#[test]
fn a_stopped_program_is_seen_and_continued() {
    let mut child = given().args(["sh", "-c", "kill -STOP $$; echo on"]).stdout(Stdio::piped()).spawn().unwrap();
    let script = "import os, sys
pid = int(sys.argv[1])
path = f'/proc/{pid}/task/{pid}/children'
while not (kids := open(path).read().split()): pass
state = lambda: open(f'/proc/{kids[0]}/stat').read().rpartition(')')[2].split()[0]
while state() != 'T': pass
os.kill(pid, 18)";
    assert!(Command::new("python3").args(["-c", script, &child.id().to_string()]).status().unwrap().success());
    let mut line = String::new();
    child.stdout.take().unwrap().read_to_string(&mut line).unwrap();
    assert_eq!((line.as_str(), child.wait().unwrap().code()), ("on\n", Some(0)));
}

#[test]
fn what_is_left_running_holds_nothing_up() {
    let script = "sleep 1000 & echo $!; echo \"$TOKEN\"";
    let out = run(&["--report", "--grace", "50", "sh", "-c", script]);
    let pid = text(&out.stdout).lines().next().unwrap().to_owned();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success(), "it runs on");
    assert_eq!(text(&out.stdout), format!("{pid}\n********\n"));
    assert_eq!(text(&out.stderr), "Code(0) replaced 1 complete true\n");
    // What comes in the meantime still comes, up to its end.
    let out = run(&["sh", "-c", "(read x; echo later) < /dev/null & echo first"]);
    assert!(text(&out.stdout).contains("first\n") && text(&out.stdout).contains("later\n"));
}

#[test]
fn pipes_close_and_wait_as_they_would() {
    let mut child = given().args(["yes"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    drop(out);
    assert_eq!((line.as_str(), child.wait().unwrap().signal()), ("y\n", Some(libc_signal("PIPE"))));

    let mut child = given().args(["cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let lines: Vec<String> = (0..60_000).map(|n| format!("line {n} of a text that is larger than all pipes\n")).collect();
    let sent = lines.concat();
    let (whole, line) = (sent.clone(), format!("the {VALUE}\n"));
    let writer = std::thread::spawn(move || {
        input.write_all(sent.as_bytes()).unwrap();
        input.write_all(line.as_bytes()).unwrap();
    });
    let mut got = String::new();
    output.read_to_string(&mut got).unwrap();
    writer.join().unwrap();
    assert!(got == format!("{whole}the ********\n") && child.wait().unwrap().success());

    // What is said to one place comes in order, split anywhere.
    let both = "exec 2>&1; printf Xk9q-KE; printf 'Y-79' >&2; printf 'dLmz.'; echo x >&2; echo y";
    let out = Command::new("sh")
        .args(["-c", "\"$0\" sh -c \"$1\" 2>&1"])
        .arg(given().get_program())
        .arg(both)
        .env("TOKEN", "stanch://shop/KEY")
        .output()
        .unwrap();
    assert_eq!(text(&out.stdout), "********.x\ny\n");
    let both = "printf Xk9q-KE; printf 'Y-79' >&2; printf 'dLmz.'; echo x >&2; echo y";
    let out = Command::new("sh")
        .args(["-c", "\"$0\" sh -c \"$1\" 2>&1"])
        .arg(given().get_program())
        .arg(both)
        .env("TOKEN", "stanch://shop/KEY")
        .output()
        .unwrap();
    assert_eq!(text(&out.stdout), "********.x\ny\n");
}

/// `terminal.py` sits at a terminal, types, and tells what it saw; it has its own deadline.
fn at_a_terminal(scene: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/exec/terminal.py");
    let out = Command::new("python3").arg(script).arg(given().get_program()).arg(scene).output().expect("python3 starts");
    assert!(out.status.success() && text(&out.stdout) == "ok\n", "{scene}: {}{}", text(&out.stdout), text(&out.stderr));
}

#[test]
fn a_terminal_is_a_terminal() {
    at_a_terminal("prompt");
    at_a_terminal("size");
    at_a_terminal("output");
}

#[test]
fn keys_mean_what_they_mean() {
    at_a_terminal("interrupt");
    at_a_terminal("end");
    at_a_terminal("suspend");
}

#[test]
fn a_terminal_is_as_it_was_behind() {
    at_a_terminal("restored");
    at_a_terminal("killed");
}
