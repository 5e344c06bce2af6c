//! The writing process is killed with -9 at every place of the source that says `fail::point`, each time it passes it.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};

use stanch_audit::line::What;
use stanch_audit::read::{self, Both};

use super::{lines, told, writer};

/// The source of what writes whole files, which has such places too.
const FILES: &str = "../base/fs.rs";
/// A place that is passed more often is as good as passed.
const MOST: usize = 14;

/// What is done, process by process: whether its files may grow, whether it writes the second copy, and its plan.
const SCENARIOS: &[&[(Grow, Copies, &str)]] = &[
    &[(Grow::Free, Copies::Both, "ensure append=3 checkpoint at=100000 append=2 at=190000 append=1 prune=2 checkpoint")],
    &[(Grow::Free, Copies::One, "ensure append=2 at=90000 append=1 checkpoint prune=1 append=1")],
    &[
        (Grow::Free, Copies::Both, "ensure append=2"),
        (Grow::Free, Copies::One, "append=2 at=90000 append=2 at=180000 append=1 prune=2"),
        (Grow::Free, Copies::Both, "at=180000 append=2 checkpoint"),
    ],
    &[
        (Grow::Free, Copies::Both, "ensure append=4"),
        (Grow::Little, Copies::Both, "append=8"),
        (Grow::Free, Copies::Both, "append=1"),
    ],
];

#[derive(Clone, Copy, PartialEq)]
enum Grow {
    Free,
    /// Until a file has 4 KiB: as with a full disk, what is there already can be written over.
    Little,
}

#[derive(Clone, Copy, PartialEq)]
enum Copies {
    One,
    Both,
}

fn run(folder: &Path, (grow, copies, plan): (Grow, Copies, &str), fail: Option<&str>) -> Output {
    let program = writer();
    let limit = if grow == Grow::Little { "trap '' XFSZ; ulimit -f 8; " } else { "" };
    let second = if copies == Copies::Both { folder.join("second") } else { "-".into() };
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limit}exec \"$@\"")).arg("sh").arg(program.get_program());
    command.arg(folder.join("first")).arg(second).args(plan.split(' '));
    command.env_remove("STANCH_FAIL").envs(fail.map(|fail| ("STANCH_FAIL", fail)));
    command.output().unwrap()
}

fn points() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut names = BTreeSet::new();
    for path in own.chain([root.join(FILES)]).filter(|path| path.extension().is_some_and(|e| e == "rs")) {
        let text = std::fs::read_to_string(path).unwrap();
        names.extend(text.split("fail::point(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    assert!(names.len() > 10, "{names:?}");
    names
}

#[test]
fn a_killed_process_leaves_a_log_that_verifies_and_goes_on() {
    let points = points();
    let hit = std::thread::scope(|scope| {
        let threads: Vec<_> = SCENARIOS.iter().map(|scenario| scope.spawn(|| each_point(scenario, &points))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<BTreeSet<String>>()
    });
    assert_eq!(points, hit, "places that no scenario passes");
}

/// Kills each process of `scenario` at each of `points`, each time it passes, and gives those that it passes.
fn each_point(scenario: &[(Grow, Copies, &str)], points: &BTreeSet<String>) -> Vec<String> {
    let mut hit = Vec::new();
    for victim in 0..scenario.len() {
        for point in points {
            let passes = (0..MOST).take_while(|pass| killed_at(scenario, victim, &format!("{point}#{pass}"))).count();
            hit.extend((passes > 0).then(|| point.clone()));
        }
    }
    hit
}

/// Runs `scenario`, of which the process number `victim` is killed. Was it?
fn killed_at(scenario: &[(Grow, Copies, &str)], victim: usize, fail: &str) -> bool {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    let mut said = Vec::new();
    for (i, run_of) in scenario[..=victim].iter().enumerate() {
        let output = run(folder, *run_of, (i == victim).then_some(fail));
        said.extend(lines(&output));
        if i == victim && output.status.signal() != Some(9) {
            return false;
        }
    }
    let context = format!("{fail} in process {victim} of {:?}", scenario.iter().map(|(.., plan)| plan).collect::<Vec<_>>());
    verifies(folder, &context);
    holds(folder, &said, &context);
    // It goes on, also to a later day, and both copies are the same in the end.
    let output = run(folder, (Grow::Free, Copies::Both, "ensure at=190000 append=2 prune=2 at=290000 append=1 checkpoint"), None);
    assert!(output.status.success(), "{context}: {:?}", lines(&output));
    said.extend(lines(&output));
    holds(folder, &said, &context);
    let pair = read::compare([&folder.join("first"), &folder.join("second")], None, &[]).unwrap();
    assert_eq!((pair.both, pair.first.torn, &pair.first.wrong), (Both::Same, 0, &None), "{context}: {pair:?}");
    for copy in ["first", "second"] {
        let keys = [super::named(&folder.join(copy), "key-"), super::named(&folder.join(copy), ".key-")].concat();
        assert_eq!(keys.len(), 1, "{context}: the keys of closed segments are forgotten: {keys:?}");
    }
    true
}

fn verifies(folder: &Path, context: &str) {
    for copy in ["first", "second"].map(|name| folder.join(name)) {
        if copy.join("log.json").exists() {
            let report = read::verify(&copy, None, &[]).unwrap();
            assert_eq!(report.wrong, None, "{context}");
        }
    }
}

/// Is each receipt of `said` in the first copy, unless it was removed in order?
fn holds(folder: &Path, said: &[String], context: &str) {
    let first = folder.join("first");
    if !first.join("log.json").exists() {
        assert!(said.is_empty(), "{context}");
        return;
    }
    let told = told(&first);
    let removed = told.iter().filter_map(|(_, what)| if let What::Close(footer) = what { Some(footer) } else { None });
    let removed: Vec<_> = removed.filter(|footer| told.iter().all(|(n, _)| *n != footer.last)).collect();
    for receipt in said.iter().filter_map(|line| line.strip_prefix("receipt ")) {
        let number: u64 = receipt.parse().unwrap();
        let is_there = told.iter().any(|(n, what)| *n == number && matches!(what, What::Intent { .. }));
        let was_removed = removed.iter().any(|footer| (footer.first..=footer.last).contains(&number));
        assert!(is_there || was_removed, "{context}: {number} is gone");
    }
}
