//! Pinentry: a script that plays it, and the real ones on a terminal.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use stanch_base::arena::{Arena, Protection};
use stanch_keystore::pinentry::{Dialog, Pinentry};

use super::driver::{Home, Run, canaries, canary, obeyed};

const DIALOG: Dialog<'_> =
    Dialog { title: "stanch", description: "Open the vault,\n100% yours", prompt: "Passphrase:", error: Some("wrong before") };

/// A program that greets, writes down what it hears, and answers `GETPIN` and `CONFIRM` with these shell words.
fn script(folder: &Path, answer: &str) -> Pinentry {
    let program = folder.join("pinentry");
    let text = format!(
        "#!/bin/sh\nhere=$(dirname \"$0\"); echo 'OK Pleased to meet you'\nwhile read -r line; do\n echo \"$line\" >>\"$here/heard\"\n \
         case \"$line\" in GETPIN|CONFIRM) {answer};; BYE) echo OK; exit;; OPTION*bad*) echo 'ERR 83886254 Unknown option <Pinentry>';; \
         *) echo OK;; esac\ndone\n"
    );
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    of(program, &[("ttyname", "/dev/pts/9"), ("bad", "x"), ("lc-ctype", "C.UTF-8")], 30)
}

fn of(program: PathBuf, options: &[(&str, &str)], seconds: u64) -> Pinentry {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let path = std::env::var_os("PATH").unwrap();
    Pinentry { program, environment: vec![(OsString::from("PATH"), path), ("TERM".into(), "xterm".into())], options, seconds }
}

fn asked(pinentry: &Pinentry) -> Result<String, String> {
    let answer = pinentry.ask(&Arena::new(), &DIALOG);
    answer.map(|pin| String::from_utf8(pin.bytes().to_vec()).unwrap()).map_err(|error| error.to_string())
}

#[test]
fn a_script_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("pinentry").display().to_string();
    let check = |answer: &str, expected: Result<&str, &str>| {
        drop(fs::remove_file(folder.path().join("heard")));
        let found = asked(&script(folder.path(), answer));
        assert_eq!(found, expected.map(str::to_owned).map_err(|why| why.replace("PROGRAM", &name)), "{answer}");
    };
    check("echo '# hello'; echo 'D made%25 up'; echo OK", Ok("made% up"));
    let heard = fs::read_to_string(folder.path().join("heard")).unwrap();
    let expected = "SETTIMEOUT 30\nOPTION ttyname=/dev/pts/9\nOPTION bad=x\nOPTION lc-ctype=C.UTF-8\nSETTITLE stanch\n\
        SETDESC Open the vault,%0A100%25 yours\nSETPROMPT Passphrase:\nSETERROR wrong before\nGETPIN\nBYE\n";
    assert_eq!(heard, expected);
    check("echo OK", Err("no passphrase was given"));
    check("echo 'ERR 83886179 Operation cancelled <Pinentry>'", Err("no passphrase was given"));
    check("echo 'ERR 83886142 Timeout <Pinentry>'", Err("PROGRAM cannot ask for a passphrase: nobody answered in time"));
    check("echo 'ERR 83918950 Inappropriate ioctl'", Err("PROGRAM cannot ask for a passphrase: Inappropriate ioctl"));
    check("exit 1", Err("PROGRAM cannot ask for a passphrase: it ended before it answered"));
    check("printf 'D %01001d\\nOK\\n' 7", Err("PROGRAM cannot ask for a passphrase: invalid data"));
    check("printf 'D %0900d\\nD %0900d\\nOK\\n' 7 7", Err("PROGRAM cannot ask for a passphrase: the passphrase is too long"));
    let missing = of(folder.path().join("none"), &[], 30);
    assert!(asked(&missing).unwrap_err().contains("none cannot ask for a passphrase: No such file"));
}

#[test]
fn a_new_passphrase_is_typed_twice() {
    let folder = tempfile::tempdir().unwrap();
    let twice = |answer: &str| {
        let answer = script(folder.path(), answer).ask_twice(&Arena::new(), &DIALOG, &DIALOG).unwrap();
        answer.map(|pin| pin.bytes().to_vec())
    };
    assert_eq!(twice("echo 'D same'; echo OK"), Some(b"same".to_vec()));
    assert_eq!(twice("n=x$n; echo \"D $n\"; echo OK"), None);
}

#[test]
fn a_person_says_yes_or_no() {
    let folder = tempfile::tempdir().unwrap();
    let says = |answer: &str| script(folder.path(), answer).confirm(&Arena::new(), &DIALOG).map_err(|e| e.to_string());
    assert_eq!(says("echo OK"), Ok(true));
    assert_eq!(says("echo 'ERR 83886194 Not confirmed'"), Ok(false));
    assert_eq!(says("echo 'ERR 83886179 Operation cancelled'"), Ok(false));
    assert!(says("exit").is_err());
}

/// One that says nothing is ended, and so is one that does not end by itself.
#[test]
fn a_silent_program_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let mut silent = script(folder.path(), "exec sleep 1000");
    silent.seconds = 0;
    assert!(asked(&silent).unwrap_err().ends_with("nobody answered in time"));
    let stays = script(folder.path(), "trap '' TERM HUP PIPE; echo 'D made up'; echo OK; exec sleep 1000");
    assert_eq!(asked(&stays).unwrap(), "made up");
    assert!(began.elapsed().as_secs() < 30);
}

/// A terminal: the side of a person, and the name of the other.
fn terminal() -> (File, String, File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let person: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
    // Held open, so that the person's side does not end before the program opens it.
    let other = File::options().read(true).write(true).open(&name).unwrap();
    (File::from(person), name, other)
}

/// A real program; `typed` once it shows `sign`.
fn real(program: &str, sign: &str, typed: &[u8]) -> Result<String, String> {
    let path = PathBuf::from("/usr/bin").join(program);
    assert!(path.exists(), "{program} is missing; tests/run installs it");
    let (mut person, name, other) = terminal();
    let options = [("ttyname", name.as_str()), ("ttytype", "xterm"), ("lc-ctype", "C.UTF-8")];
    let pinentry = of(path, &options, 20);
    std::thread::scope(|threads| {
        let asking = threads.spawn(|| {
            let answer = asked(&pinentry);
            drop(other);
            answer
        });
        let (mut seen, mut part) = (Vec::new(), [0; 4096]);
        let mut typed = Some(typed);
        // Ends with an error once nobody has the other side open.
        while let Ok(read) = person.read(&mut part) {
            seen.extend_from_slice(&part[..read]);
            if String::from_utf8_lossy(&seen).contains(sign)
                && let Some(typed) = typed.take()
            {
                person.write_all(typed).unwrap();
            }
        }
        assert!(!String::from_utf8_lossy(&seen).contains("made up 5"), "it is not shown");
        asking.join().unwrap()
    })
}

#[test]
fn the_real_ones_ask_on_a_terminal() {
    assert_eq!(real("pinentry-tty", "Passphrase:", b"made up 5\n"), Ok("made up 5".to_owned()));
    assert_eq!(real("pinentry-curses", "Passphrase:", b"made up 5\r"), Ok("made up 5".to_owned()));
    assert_eq!(real("pinentry-curses", "Passphrase:", b"\t\t\r"), Err("no passphrase was given".to_owned()));
}

/// What is typed goes from the pipe into locked memory; no copy of it is left.
#[test]
fn a_passphrase_lies_in_one_place() {
    let work = |_: &[&str]| {
        let (folder, arena) = (tempfile::tempdir().unwrap(), Arena::new());
        let pinentry = script(folder.path(), "printf 'D '; seq 1001 1008 | tr -d '\\n'; printf '\\nOK\\n'");
        let pin = pinentry.ask(&arena, &DIALOG).unwrap();
        assert!(pin.bytes().len() == 32 && pin.bytes().iter().enumerate().all(|(at, byte)| *byte == canary(at)));
        let in_arena = usize::from(arena.protection().unwrap() != Protection::Hidden);
        let mut copy = pin.bytes().to_vec();
        let with = canaries() - in_arena;
        copy.fill(0);
        std::hint::black_box(&copy);
        format!("{with} with a copy, {} without", canaries() - in_arena)
    };
    if !obeyed(work) {
        let run = Run { test: "pinentry::a_passphrase_lies_in_one_place", under: &[], variables: &[] };
        assert_eq!(Home::new().run(&run, &["count"]).unwrap(), "1 with a copy, 0 without");
    }
}
