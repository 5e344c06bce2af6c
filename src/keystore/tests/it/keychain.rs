//! The keychain against GNOME Keyring, in all its states, and against buses that are none.
//!
//! Each test has a home and a bus of its own.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use stanch_keystore::Keystore as _;
use stanch_keystore::os::Keychain;

use super::driver::{Home, Run, obeyed};

/// A session with a keychain that is unlocked: an empty password would make no collection.
const UNLOCKED: &[&str] = &[
    "dbus-run-session",
    "--",
    "sh",
    "-c",
    "printf 'made up\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 && exec \"$@\"",
    "sh",
];
/// One with a keychain that nobody unlocked.
const LOCKED: &[&str] = &[
    "dbus-run-session",
    "--",
    "sh",
    "-c",
    "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1 && exec \"$@\"",
    "sh",
];

fn work(order: &[&str]) -> String {
    let words: Vec<String> = order
        .iter()
        .map(|order| {
            let began = Instant::now();
            let mut words = order.split(' ');
            let (verb, name) = (words.next().unwrap(), words.next().unwrap_or_default());
            let done = match verb {
                "load" => Keychain
                    .load(name)
                    .map(|found| found.map_or("none".to_owned(), |value| String::from_utf8(value.expose().to_vec()).unwrap())),
                "store" => Keychain.store(name, words.next().unwrap().as_bytes()).map(|()| "stored".to_owned()),
                "remove" => Keychain.remove(name).map(|()| "removed".to_owned()),
                "unlock" => Keychain.unlock(2).map(|()| "unlocked".to_owned()),
                _ => panic!("{verb}"),
            };
            let elapsed = began.elapsed();
            // Three seconds, and what a busy machine adds.
            assert!(elapsed < Duration::from_secs(if verb == "unlock" { 15 } else { 10 }), "{order}: {elapsed:?}");
            done.unwrap_or_else(|error| error.to_string())
        })
        .collect();
    words.join("\n")
}

fn check(home: &Home, (test, under): (&str, &[&str]), variables: &[(&str, &str)], lines: &[(&str, &str)]) {
    let order: Vec<&str> = lines.iter().map(|(order, _)| *order).collect();
    let answer = home.run(&Run { test, under, variables }, &order).unwrap();
    let expected: Vec<&str> = lines.iter().map(|(_, answer)| *answer).collect();
    assert_eq!(answer.lines().collect::<Vec<_>>(), expected, "{order:?}");
}

/// Present and absent; then the same home with a keychain that nobody unlocked.
fn states(home: &Home, test: &str) {
    // Nobody ever logged in: there is no collection.
    let absent = "secret-service is not there: it has no default collection to keep things in";
    check(home, (test, LOCKED), &[], &[("load one", "none"), ("store one eA==", absent), ("remove one", "removed")]);
    let open = [
        ("unlock", "unlocked"),
        ("load one", "none"),
        ("store one c29tZXRoaW5n", "stored"),
        ("load one", "c29tZXRoaW5n"),
        ("store one b3RoZXI=", "stored"),
        ("load one", "b3RoZXI="),
        ("load two", "none"),
        ("remove two", "removed"),
        ("store two eA==", "stored"),
        ("remove two", "removed"),
        ("load two", "none"),
    ];
    check(home, (test, UNLOCKED), &[], &open);
    // It lasts longer than the daemon.
    check(home, (test, UNLOCKED), &[], &[("load one", "b3RoZXI=")]);
    let locked = "secret-service is locked";
    let closed = [
        ("load one", locked),
        ("load two", locked),
        ("store one eA==", locked),
        ("store two eA==", locked),
        ("remove one", locked),
        ("unlock", locked),
    ];
    check(home, (test, LOCKED), &[], &closed);
    check(home, (test, UNLOCKED), &[], &[("load one", "b3RoZXI="), ("load two", "none")]);
}

#[test]
fn gnome_keyring_in_all_states() {
    if !obeyed(work) {
        states(&Home::new(), "keychain::gnome_keyring_in_all_states");
    }
}

#[test]
fn gnome_keyring_of_a_user_with_few_rights() {
    if !obeyed(work) {
        states(&Home::of_nobody(), "keychain::gnome_keyring_of_a_user_with_few_rights");
    }
}

/// What the tools of the desktop keep is found, and the other way round.
#[test]
fn other_tools_see_the_same() {
    if obeyed(work) {
        return;
    }
    let (home, test) = (Home::new(), "keychain::other_tools_see_the_same");
    let put = "printf 'made up\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 &&
        printf 'Zm9yZWlnbg==' | secret-tool store --label=x service stanch username theirs && \"$@\" &&
        secret-tool lookup service stanch username ours >$HOME/seen";
    let under = ["dbus-run-session", "--", "sh", "-c", put, "sh"];
    check(&home, (test, &under), &[], &[("load theirs", "Zm9yZWlnbg=="), ("store ours b3Vycw==", "stored")]);
    assert_eq!(std::fs::read_to_string(home.path().join("seen")).unwrap().trim_end(), "b3Vycw==");
}

/// Which of two is ours cannot be told; neither is taken or removed.
#[test]
fn one_of_several_is_not_chosen() {
    if obeyed(work) {
        return;
    }
    let (home, test) = (Home::new(), "keychain::one_of_several_is_not_chosen");
    let put = "printf 'made up\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 &&
        printf 'Zmlyc3Q=' | secret-tool store --label=x service stanch username one &&
        printf 'c2Vjb25k' | secret-tool store --label=x service stanch username one more y && \"$@\"";
    let under = ["dbus-run-session", "--", "sh", "-c", put, "sh"];
    let several = "secret-service refused: it has several values under our name";
    let lines = [("load one", several), ("store one eA==", several), ("remove one", several), ("load one", several)];
    check(&home, (test, &under), &[], &lines);
}

#[test]
fn without_a_bus_there_is_no_keychain() {
    if obeyed(work) {
        return;
    }
    let (home, test) = (Home::new(), "keychain::without_a_bus_there_is_no_keychain");
    let run = |variables: &[(&str, &str)]| {
        home.run(&Run { test, under: &[], variables }, &["load one", "store one eA==", "remove one"])
    };
    for variables in
        [&[][..], &[("DBUS_SESSION_BUS_ADDRESS", "unix:path=/no/such/bus")], &[("DBUS_SESSION_BUS_ADDRESS", "made up")]]
    {
        let answer = run(variables).unwrap();
        assert!(
            answer.lines().count() == 3 && answer.lines().all(|line| line.starts_with("secret-service is not there: ")),
            "{answer}"
        );
    }
    // A bus on which nobody offers a keychain. The configuration of the bus is ours: it starts no service.
    let quiet = home.path().join("bus.conf");
    let text = "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context='default'>\
        <allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>";
    std::fs::write(&quiet, text).unwrap();
    let under = ["dbus-run-session", "--config-file", quiet.to_str().unwrap(), "--"];
    let answer = home.run(&Run { test, under: &under, variables: &[] }, &["load one"]).unwrap();
    assert!(answer.starts_with("secret-service is not there: "), "{answer}");
}

#[test]
fn a_bus_that_never_answers_is_left() {
    if obeyed(work) {
        return;
    }
    let (home, test) = (Home::new(), "keychain::a_bus_that_never_answers_is_left");
    let path = home.path().join("bus");
    // The kernel takes the connection; nobody reads from it.
    let _listener = UnixListener::bind(&path).unwrap();
    let address = format!("unix:path={}", path.display());
    let silent = "secret-service did not answer within 3 s";
    check(&home, (test, &[]), &[("DBUS_SESSION_BUS_ADDRESS", &address)], &[("load one", silent), ("store one eA==", silent)]);
}
