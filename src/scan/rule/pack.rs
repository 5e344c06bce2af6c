//! Packs: the rules of one version of stanch as files, so that a scan can use them with any later version.
//!
//! A pack is a folder of rule files with a file `PACK` that says its version: the day its newest rule came in, and a digest over names and
//! texts of all files. A pack that was changed is refused: rules of one's own are `--rules`. Start with [`version`] and [`read`].

use std::path::Path;

use super::load::{self, RuleError};
use super::{Rule, builtin, version};

/// Name of the file that says the version.
pub const NAME: &str = "PACK";

/// Version of the built-in rules, such as `2026-11-28+` and 32 hexadecimal digits. The build script computes it.
#[must_use]
pub const fn version() -> &'static str {
    env!("STANCH_RULES")
}

/// The files of the built-in pack: name and text, [`NAME`] last.
#[must_use]
pub fn files() -> Vec<(String, String)> {
    let rules = builtin::files().iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    rules.chain([(NAME.to_owned(), format!("{}\n", version()))]).collect()
}

/// The rules of a pack.
///
/// # Errors
/// If it cannot be read, is not in the format, or is not what its version says.
pub fn read(path: &Path) -> Result<Vec<Rule>, RuleError> {
    let unreadable = |path: &Path, source| RuleError::Read { path: path.to_path_buf(), source };
    let said = path.join(NAME);
    let said_version = std::fs::read_to_string(&said).map_err(|e| unreadable(&said, e))?;
    let mut texts = Vec::new();
    for file in load::files(path)? {
        let bytes = std::fs::read(&file).map_err(|e| unreadable(&file, e))?;
        texts.push((file.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes));
    }
    let (day, _) = said_version.trim().split_once('+').unwrap_or_default();
    if version::of(day, texts.iter().map(|(n, t)| (n.as_str(), t.as_slice()))) != said_version.trim() {
        let what = "the files beside it are not those of this version: get the pack anew, or use changed rules with `--rules`";
        return Err(RuleError::Invalid { path: said, line: 1, what: what.to_owned() });
    }
    let mut rules: Vec<Rule> = load::read(path)?.into_iter().map(|entry| entry.rule).collect();
    rules.iter_mut().for_each(builtin::date);
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files() {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    #[test]
    fn the_version_is_that_of_the_rules() {
        let newest = builtin::rules().iter().filter_map(|rule| rule.since).max().unwrap();
        let files = builtin::files().iter().map(|(name, text)| (*name, text.as_bytes()));
        assert_eq!(version(), version::of(&newest.to_string(), files));
    }

    #[test]
    fn what_is_written_is_read_as_the_built_in_rules() {
        let dir = written();
        let (read, built_in) = (read(dir.path()).unwrap(), builtin::rules());
        let same = |a: &Rule, b: &Rule| format!("{a:?}") == format!("{b:?}");
        assert_eq!(read.len(), built_in.len());
        assert!(read.iter().zip(&built_in).all(|(a, b)| same(a, b)));
    }

    #[test]
    fn a_changed_pack_is_refused() {
        let dir = written();
        let file = dir.path().join("github.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{text}\n")).unwrap();
        let error = read(dir.path()).unwrap_err().to_string();
        assert!(error.contains("PACK:1: the files beside it are not those of this version"), "{error}");
        std::fs::write(&file, text.replace('\n', "\r\n")).unwrap();
        assert!(read(dir.path()).is_ok(), "ends of lines are no change");
        std::fs::remove_file(&file).unwrap();
        assert!(read(dir.path()).is_err(), "a file less");
        std::fs::remove_file(dir.path().join(NAME)).unwrap();
        assert!(matches!(read(dir.path()), Err(RuleError::Read { .. })));
    }
}
