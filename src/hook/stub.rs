//! The scripts that git calls: those of the folder `hooks/`, with the place of the program filled in.
//!
//! It must not write files. Start with [`text`]; [`look`] says whose a hook is.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// What is added to the name of a hook that was there before ours.
pub const CHAINED: &str = ".stanch-chained";

const STUB: &str = include_str!("../../hooks/stub.sh");
const PASS_ON: &str = include_str!("../../hooks/pass-on.sh");
/// What the second line of ours begins with.
const MARK: &[u8] = b"# stanch hook, version ";
const PASS_ON_MARK: &[u8] = b"# stanch pass-on, version ";
/// Runs the repository's own hook, too, which git does not where core.hooksPath leads elsewhere.
const WITH_OWN: &str = "--with-own ";

/// Whose hooks a stub stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those of its folder.
    Folder,
    /// Those of its folder, and those of the repository it is called for.
    Everywhere,
}

/// Whose a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Ours, as we write it.
    Ours,
    /// Ours, changed by hand or of another version.
    Edited,
    /// Somebody else's.
    Other,
}

/// The script for a hook, which finds the program on the PATH or at `program`.
pub(super) fn text(program: Option<&Path>, reach: Reach) -> Vec<u8> {
    let flags = if reach == Reach::Everywhere { WITH_OWN } else { "" };
    let (before, rest) = STUB.split_once("@STANCH@").unwrap_or((STUB, ""));
    let program = program.map_or_else(|| b"stanch".to_vec(), |path| quoted(path.as_os_str()));
    [before.as_bytes(), &program, rest.replace("@FLAGS@", flags).as_bytes()].concat()
}

/// The script that runs a repository's own hook and nothing else.
pub(super) fn pass_on() -> &'static [u8] {
    PASS_ON.as_bytes()
}

/// One word of a shell.
fn quoted(word: &OsStr) -> Vec<u8> {
    let mut out = vec![b'\''];
    for byte in word.as_bytes() {
        if *byte == b'\'' { out.extend_from_slice(b"'\\''") } else { out.push(*byte) }
    }
    out.push(b'\'');
    out
}

/// Is it one of our hooks, as we write it?
#[must_use]
pub fn is_stub(script: &[u8]) -> bool {
    look(script) == Whose::Ours
}

/// Whose is it?
pub(super) fn look(script: &[u8]) -> Whose {
    let second = script.split(|b| *b == b'\n').nth(1).unwrap_or_default();
    if script == pass_on() {
        return Whose::Ours;
    }
    if !second.starts_with(MARK) && !second.starts_with(PASS_ON_MARK) {
        return Whose::Other;
    }
    let (before, rest) = STUB.split_once("@STANCH@").unwrap_or((STUB, ""));
    let behind = script.strip_prefix(before.as_bytes());
    let fits = [WITH_OWN, ""].iter().any(|flags| {
        let program = behind.and_then(|text| text.strip_suffix(rest.replace("@FLAGS@", flags).as_bytes()));
        program.is_some_and(|program| !program.contains(&b'\n'))
    });
    if fits { Whose::Ours } else { Whose::Edited }
}

/// Where a hook that was there before is kept.
pub(super) fn chained(hook: &Path) -> PathBuf {
    let mut name = hook.as_os_str().to_owned();
    name.push(CHAINED);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Reach, Whose, look, pass_on, text};

    #[test]
    fn ours_is_known_again_and_nothing_else_is() {
        let check = |script: &[u8], whose: Whose| assert_eq!(look(script), whose, "{}", String::from_utf8_lossy(script));
        for reach in [Reach::Folder, Reach::Everywhere] {
            for program in [None, Some(Path::new("/opt/it's/stanch")), Some(Path::new("/a b/stanch"))] {
                let script = text(program, reach);
                check(&script, Whose::Ours);
                check(&[&script[..], b"echo more\n"].concat(), Whose::Edited);
                check(&script[..script.len() - 1], Whose::Edited);
                check(&String::from_utf8_lossy(&script).replace("exec", "").into_bytes(), Whose::Edited);
            }
        }
        check(pass_on(), Whose::Ours);
        check(&[pass_on(), b"x"].concat(), Whose::Edited);
        check(b"#!/bin/sh\nexec stanch scan --staged\n", Whose::Other);
        check(b"", Whose::Other);
    }

    #[test]
    fn the_path_of_the_program_is_one_word() {
        let script = String::from_utf8(text(Some(Path::new("/it's here/stanch")), Reach::Folder)).unwrap();
        assert!(script.contains("stanch='/it'\\''s here/stanch'\n"), "{script}");
        assert!(script.contains("hook run \"$0\" \"$@\""), "{script}");
        assert!(String::from_utf8(text(None, Reach::Everywhere)).unwrap().contains("hook run --with-own \"$0\""));
    }
}
