//! Disks that are full or cannot be written: small ones of their own, which takes a namespace of mounts.

use std::path::Path;
use std::process::Command;

use stanch_audit::line::{Side, What};
use stanch_audit::read::{self, Both};

use super::{lines, told, writer};

/// Runs `script` where `first` and `second` are disks of 64 KiB, and gives what it said. `$W` writes; `keep NAME` copies both.
fn script(folder: &Path, script: &str) -> Vec<String> {
    let whole = format!(
        "mkdir first second; new=--mount; unshare $new true 2>/dev/null || new='--map-root-user --mount'
        unshare $new sh -euc '
        keep() {{ mkdir $1; cp -r first second $1/; rm -f $1/*/fill; }}
        fill() {{ cat /dev/zero > $1/fill 2>/dev/null || true; }}
        run() {{ \"$W\" first second \"$@\" || echo code $?; }}
        mount -t tmpfs -o size=64k,mode=700 none first
        mount -t tmpfs -o size=64k,mode=700 none second
        {script}'"
    );
    let output = Command::new("sh")
        .args(["-euc", &whole])
        .current_dir(folder)
        .env("W", writer().get_program())
        .env_remove("STANCH_FAIL")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    lines(&output)
}

fn both(folder: &Path, kept: &str) -> Both {
    let folder = folder.join(kept);
    let pair = read::compare([&folder.join("first"), &folder.join("second")], None, &[]).unwrap();
    assert_eq!((&pair.first.wrong, &pair.second.wrong), (&None, &None), "{kept}");
    pair.both
}

fn phases(folder: &Path) -> Vec<String> {
    told(folder).iter().map(|(_, what)| stanch_audit::export::phase(what).to_owned()).collect()
}

#[test]
fn one_copy_is_enough_and_the_other_catches_up() {
    for lost in ["first", "second"] {
        for (break_it, mend) in [("fill $lost", "rm $lost/fill"), ("mount -o remount,ro $lost", "mount -o remount,rw $lost")] {
            let temp = tempfile::tempdir().unwrap();
            let plan = "run create append=40
                BREAK
                run append=30
                keep broken
                MEND
                run append=1
                keep mended";
            let plan = plan.replace("BREAK", break_it).replace("MEND", mend).replace("$lost", lost);
            let said = script(temp.path(), &plan);
            assert_eq!(said.iter().filter(|line| line.starts_with("receipt")).count(), 71, "{plan}: {said:?}");
            let lacks = both(temp.path(), "broken");
            let fits = match lacks {
                Both::FirstLacks(n) => n > 10 && lost == "first",
                Both::SecondLacks(n) => n > 10 && lost == "second",
                _ => false,
            };
            assert!(fits, "{plan}: {lacks:?}");
            assert_eq!(both(temp.path(), "mended"), Both::Same, "{plan}");
            let told = told(&temp.path().join("mended/first"));
            let side = Side::of(lost).unwrap();
            let is_lost = |what: &What<'_>| matches!(what, What::Lost { side: of, .. } if *of == side);
            let is_behind = |what: &What<'_>| matches!(what, What::Behind { side: of, .. } if *of == side);
            assert_eq!(told.iter().filter(|(_, what)| is_lost(what)).count(), 1, "{plan}");
            assert_eq!(told.iter().filter(|(_, what)| is_behind(what)).count(), 1, "{plan}");
        }
    }
}

#[test]
fn when_both_are_full_nothing_is_promised_and_that_is_written_down() {
    let temp = tempfile::tempdir().unwrap();
    let said = script(
        temp.path(),
        "run create append=3 checkpoint
        fill first; fill second
        run append=200 | grep -v receipt
        run append=1
        keep full
        rm first/fill second/fill
        run append=1 checkpoint
        keep mended",
    );
    let refused: Vec<_> = said.iter().filter(|line| line.starts_with("error")).collect();
    assert_eq!(refused.len(), 2, "{said:?}");
    assert!(
        refused.iter().all(|line| line.contains("nothing can be written down") && line.contains("No space left")),
        "{said:?}"
    );
    both(temp.path(), "full");
    for copy in ["first", "second"] {
        let full = stanch_audit::read::verify(&temp.path().join("full").join(copy), None, &[]).unwrap();
        let last = std::fs::read(temp.path().join("full").join(copy).join("reserve")).unwrap();
        assert!(last.starts_with(b"{\"sequence\":"), "the reserve has the last record");
        let line = last.split(|b| *b == b'\n').next().unwrap();
        let line = stanch_audit::line::parse(line).unwrap();
        assert!(matches!(line.record.what, What::Full { .. }));
        assert_eq!(full.last.unwrap().sequence, line.record.sequence, "it counts");
    }
    assert_eq!(both(temp.path(), "mended"), Both::Same);
    let phases = phases(&temp.path().join("mended/first"));
    assert_eq!(phases.iter().filter(|phase| *phase == "full").count(), 1, "{phases:?}");
    assert!(phases.iter().position(|phase| phase == "full").unwrap() < phases.len() - 2, "{phases:?}");
}

#[test]
fn a_disk_that_cannot_be_written_refuses_alone() {
    let temp = tempfile::tempdir().unwrap();
    let said = script(
        temp.path(),
        "\"$W\" first - create append=2
        mount -o remount,ro first
        \"$W\" first - append=1 || echo code $?
        \"$W\" first - verify",
    );
    assert!(
        said.iter().any(|line| line.contains("nothing can be written down") && line.contains("Read-only file system")),
        "{said:?}"
    );
    assert!(said.iter().any(|line| line == "code 1"), "{said:?}");
    assert!(said.last().unwrap().contains("None"), "it is still read: {said:?}");
}

/// The second copy was away, and when it is back, the first can only be read: it gets what it lacks before it goes on alone.
#[test]
fn a_copy_that_can_only_be_read_is_still_ahead() {
    let temp = tempfile::tempdir().unwrap();
    let said = script(
        temp.path(),
        "run create append=2
        \"$W\" first - append=3
        mount -o remount,ro first
        run append=2
        keep broken
        mount -o remount,rw first
        run append=1
        keep mended",
    );
    assert!(said.iter().all(|line| !line.starts_with("error")), "{said:?}");
    assert!(matches!(both(temp.path(), "broken"), Both::FirstLacks(_)));
    assert_eq!(both(temp.path(), "mended"), Both::Same);
}

/// A new day on a full disk: neither the key nor the end of the old segment can be written.
#[test]
fn a_new_day_on_a_full_disk_loses_nothing() {
    let temp = tempfile::tempdir().unwrap();
    script(
        temp.path(),
        "run create append=3
        fill first; fill second
        run at=90000 append=60 || true
        keep full
        rm first/fill second/fill
        run at=90000 append=1 checkpoint
        keep mended",
    );
    both(temp.path(), "full");
    assert_eq!(both(temp.path(), "mended"), Both::Same);
    assert_eq!(stanch_audit::folder::days(&temp.path().join("mended/first")).unwrap().len(), 2);
}
