//! Unlock sessions in the keyring of the kernel, with and without a session keyring, as root and as a user with few rights.

use std::time::Instant;

use stanch_base::arena::{Arena, Protection};
use stanch_keystore::root::Root;
use stanch_keystore::session::{Open, Session};

use super::driver::{Home, Run, canaries, canary, obeyed};

/// Root keys are told apart by what comes out of them.
fn mark(root: &Root) -> String {
    stanch_base::text::hex(&root.derive("mark")[..4])
}

fn work(order: &[&str]) -> String {
    let (arena, id) = (Arena::new(), order[0]);
    let words: Vec<String> = order[1..]
        .iter()
        .map(|order| {
            let words: Vec<&str> = order.split(' ').collect();
            let number = |at: usize| words[at].parse::<u64>().unwrap();
            let done = match words[0] {
                "save" => {
                    let root = Root::of(&arena, &[words[1].parse().unwrap(); 32]).unwrap();
                    Session.save(id, &root, number(2), number(3) as u32).map(|()| "saved ".to_owned() + &mark(&root))
                }
                "save-canary" => {
                    let bytes: Vec<u8> = (0..32).map(canary).collect();
                    Session.save(id, &Root::of(&arena, &bytes).unwrap(), 1, 60).map(|()| "saved".to_owned())
                }
                "count" => Session.load(id, &arena).map(|open| {
                    let open = open.unwrap();
                    let found = canaries();
                    // Pages that are only locked can be read by a debugger; hidden ones cannot.
                    let in_arena = usize::from(arena.protection().unwrap() != Protection::Hidden);
                    drop(open);
                    format!("{} outside", found - in_arena)
                }),
                "load" => Session.load(id, &arena).map(|open| match open {
                    Some(Open { root, generation, seconds }) => {
                        assert!(seconds > 0, "{seconds}");
                        format!("{} {generation} {}", mark(&root), if seconds > 500 { "long" } else { "short" })
                    }
                    None => "none".to_owned(),
                }),
                "generation" => Session.set_generation(id, number(1)).map(|done| done.to_string()),
                "forget" => Session.forget(id).map(|done| done.to_string()),
                other => panic!("{other}"),
            };
            done.unwrap_or_else(|error| error.to_string())
        })
        .collect();
    words.join("\n")
}

/// A vault that no other test has.
fn id() -> String {
    stanch_base::text::hex(&stanch_base::crypto::random::<16>().unwrap())
}

fn root(byte: u8) -> String {
    mark(&Root::of(&Arena::new(), &[byte; 32]).unwrap())
}

/// The keyring of a user has room for 200 keys: who fills it must be alone, where the tests run as that user.
fn room(operation: rustix::fs::FlockOperation) -> std::fs::File {
    let name = format!("stanch-keyring-{}.lock", rustix::process::geteuid().as_raw());
    let file = std::fs::File::create(std::env::temp_dir().join(name)).unwrap();
    rustix::fs::flock(&file, operation).unwrap();
    file
}

fn shared() -> std::fs::File {
    room(rustix::fs::FlockOperation::LockShared)
}

/// Each line in a process of its own.
fn check(home: &Home, test: &str, id: &str, lines: &[(&[&str], &str, &str)]) {
    for (under, order, expected) in lines {
        let answer = home.run(&Run { test, under, variables: &[] }, &[id, order]).unwrap();
        assert_eq!(answer, *expected, "{under:?} {order}");
    }
}

fn lives_between_processes(home: &Home, test: &str) {
    let _room = shared();
    // A fresh session keyring, as under sshd without PAM; a session keyring joined by name; none.
    let (fresh, named): (&[&str], &[&str]) = (&["keyctl", "session", "-"], &["keyctl", "session", "made-up"]);
    let (id, one, two) = (id(), root(1), root(2));
    let lines: &[(&[&str], &str, &str)] = &[
        (&[], "load", "none"),
        (&[], "forget", "false"),
        (&[], "generation 1", "false"),
        (&[], "save 1 7 900", &format!("saved {one}")),
        (&[], "load", &format!("{one} 7 long")),
        (fresh, "load", &format!("{one} 7 long")),
        (named, "load", &format!("{one} 7 long")),
        (fresh, "generation 8", "true"),
        (&[], "load", &format!("{one} 8 long")),
        (fresh, "save 2 9 300", &format!("saved {two}")),
        (&[], "load", &format!("{two} 9 short")),
        (named, "generation 10", "true"),
        (&[], "load", &format!("{two} 10 short")),
        (fresh, "forget", "true"),
        (&[], "load", "none"),
        (&[], "generation 11", "false"),
        (&[], "load", "none"),
    ];
    check(home, test, &id, lines);
}

#[test]
fn a_session_lives_between_processes() {
    if !obeyed(work) {
        lives_between_processes(&Home::new(), "session::a_session_lives_between_processes");
    }
}

#[test]
fn a_session_of_a_user_with_few_rights() {
    if obeyed(work) {
        return;
    }
    let test = "session::a_session_of_a_user_with_few_rights";
    lives_between_processes(&Home::of_nobody(), test);
    // No other user has it: root looks into its own keyring.
    let id = id();
    check(&Home::of_nobody(), test, &id, &[(&[], "save 1 7 60", &format!("saved {}", root(1)))]);
    if rustix::process::geteuid().is_root() {
        check(&Home::new(), test, &id, &[(&[], "load", "none")]);
    }
    check(&Home::of_nobody(), test, &id, &[(&[], "forget", "true")]);
}

/// The kernel forgets it by itself; until then a session that is over is none, whatever the clock on the wall says.
#[test]
fn a_session_ends() {
    let _room = shared();
    let (arena, id) = (Arena::new(), id());
    let root = Root::fresh(&arena).unwrap();
    Session.save(&id, &root, 1, 0).unwrap();
    let began = Instant::now();
    while Session.load(&id, &arena).unwrap().is_some() {
        assert!(began.elapsed().as_secs() < 10, "0 seconds count as one");
    }
    assert!(!Session.forget(&id).unwrap());
    Session.save(&id, &root, 1, u32::MAX).unwrap();
    assert_eq!(Session.load(&id, &arena).unwrap().unwrap().seconds, stanch_keystore::session::LONGEST);
    assert!(Session.forget(&id).unwrap());
}

#[test]
fn loading_takes_less_than_a_millisecond() {
    let _room = shared();
    let (arena, id) = (Arena::new(), id());
    Session.save(&id, &Root::fresh(&arena).unwrap(), 1, 60).unwrap();
    let mut times: Vec<_> = (0..101)
        .map(|_| {
            let began = Instant::now();
            assert!(Session.load(&id, &arena).unwrap().is_some());
            began.elapsed()
        })
        .collect();
    times.sort();
    Session.forget(&id).unwrap();
    assert!(times[50].as_micros() < 1000, "{:?}", times[50]);
}

/// More keys than the kernel keeps for one user: a clear error, and the keys that are there stay.
#[test]
fn a_full_keyring_is_told() {
    let driver = |order: &[&str]| {
        let (arena, mut kept) = (Arena::new(), Vec::new());
        let root = Root::fresh(&arena).unwrap();
        let error = (0..400u32).find_map(|number| {
            let id = format!("{} {number}", order[0]);
            let error = Session.save(&id, &root, 1, 60).err();
            kept.push(id);
            error
        });
        let first = Session.load(&kept[0], &arena).unwrap().is_some();
        let error = error.map_or("none".to_owned(), |error| error.to_string() + " | " + error.way_out().unwrap_or_default());
        assert!(kept.iter().filter(|id| Session.forget(id).unwrap()).count() >= 1);
        format!("{first} {error}")
    };
    if obeyed(driver) {
        return;
    }
    let _room = room(rustix::fs::FlockOperation::LockExclusive);
    let home = Home::of(65533);
    let answer = home.run(&Run { test: "session::a_full_keyring_is_told", under: &[], variables: &[] }, &[&id()]).unwrap();
    assert!(
        answer
            .starts_with("true there can be no unlock session: the keyring of this user is full | everything works without one"),
        "{answer}"
    );
}

/// As the profiles of containers do it: the calls of the keyring fail with the number that is given.
const FORBIDDING: &str = r#"
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
calls = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}[os.uname().machine]
word = lambda code, yes, no, value: struct.pack("HBBI", code, yes, no, value)
program = word(0x20, 0, 0, 0)
for at, call in enumerate(calls):
    program += word(0x15, len(calls) - at, 0, call)
program += word(0x06, 0, 0, 0x7fff0000) + word(0x06, 0, 0, 0x00050000 | int(sys.argv[1]))
kept = ctypes.create_string_buffer(program)
filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(kept)))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter, 0, 0):
    sys.exit("no filter: %d" % ctypes.get_errno())
os.execvp(sys.argv[2], sys.argv[2:])
"#;

/// A locked door is told, and that all works without; looking for a session, forgetting one, and keeping one.
#[test]
fn a_container_may_forbid_it() {
    if obeyed(work) {
        return;
    }
    let test = "session::a_container_may_forbid_it";
    for (errno, why) in
        [("1", "the kernel forbids its keyring here, as containers often do"), ("38", "this kernel has no keyring")]
    {
        let under = ["python3", "-c", FORBIDDING, errno];
        let told = format!("there can be no unlock session: {why}");
        for order in ["load", "save 1 7 60", "generation 8", "forget"] {
            check(&Home::new(), test, &id(), &[(&under, order, &told)]);
        }
    }
}

/// The key goes from the kernel into locked memory; no copy of it is left.
#[test]
fn a_loaded_key_lies_in_one_place() {
    if obeyed(work) {
        return;
    }
    let _room = shared();
    let (test, id) = ("session::a_loaded_key_lies_in_one_place", id());
    check(&Home::new(), test, &id, &[(&[], "save-canary", "saved"), (&[], "count", "0 outside"), (&[], "forget", "true")]);
}
