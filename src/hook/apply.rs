//! Carries out a plan: all of it, or nothing.
//!
//! It must not decide anything. Start with [`Plan::apply`]. At every moment the old hook is in its place or ours is.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{Error, Global, Plan, Step, io, stub};
use crate::base::fs as files;

/// Takes a step back.
type Undo = Box<dyn FnOnce() -> Result<(), Error>>;

impl Plan {
    /// Carries it out.
    ///
    /// # Errors
    /// If a step fails: then those before it are taken back.
    pub fn apply(self) -> Result<(), Error> {
        let mut done: Vec<Undo> = Vec::new();
        for step in self.steps {
            match run(step) {
                Ok(undo) => done.push(undo),
                Err(e) => {
                    // What cannot be taken back stays, and the first error says what to do.
                    done.into_iter().rev().for_each(|undo| drop(undo()));
                    return Err(e);
                }
            }
        }
        Ok(())
    }
}

fn run(step: Step) -> Result<Undo, Error> {
    match step {
        Step::Folder(path) => {
            fs::create_dir_all(&path).map_err(io("create", &path))?;
            Ok(Box::new(move || fs::remove_dir(&path).map_err(io("remove", &path))))
        }
        Step::Stub { path, text } => {
            place(&path, &text, Old::None)?;
            Ok(Box::new(move || fs::remove_file(&path).map_err(io("remove", &path))))
        }
        Step::Chain { path, text } => {
            place(&path, &text, Old::Kept)?;
            Ok(Box::new(move || fs::rename(stub::chained(&path), &path).map_err(io("replace", &path))))
        }
        Step::Unstub { path, text, is_chain } => unstub(path, text, is_chain),
        Step::Edit { path, before, after } => {
            edit(&path, before.as_deref(), after.as_deref())?;
            Ok(Box::new(move || edit(&path, after.as_deref(), before.as_deref())))
        }
        Step::HooksPath { before, after } => {
            configure(after.as_deref())?;
            Ok(Box::new(move || configure(before.as_deref())))
        }
    }
}

/// What stands where our script goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Old {
    /// Nothing.
    None,
    /// A hook that is kept.
    Kept,
}

/// Puts our script in its place, complete and executable.
fn place(path: &Path, text: &[u8], old: Old) -> Result<(), Error> {
    let new = new_file(path, text)?;
    let kept = stub::chained(path);
    let put = || -> Result<(), Error> {
        if old == Old::None {
            return match fs::hard_link(&new, path) {
                Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(Error::Changed(path.to_path_buf())),
                done => done.map_err(io("create", path)),
            };
        }
        // A second name for the old hook, which is not taken from anybody; then ours comes in the place of the first.
        fs::hard_link(path, &kept).map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => Error::Taken(kept.clone()),
            _ => io("keep the hook as", &kept)(e),
        })?;
        fs::rename(&new, path).map_err(io("replace", path)).inspect_err(|_| drop(fs::remove_file(&kept)))
    };
    let done = put();
    if done.is_err() || old == Old::None {
        drop(fs::remove_file(&new));
    }
    done
}

/// Our script under a name that git does not call.
fn new_file(path: &Path, text: &[u8]) -> Result<PathBuf, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".stanch-{}", std::process::id()));
    let new = PathBuf::from(name);
    files::create_new(&new, text)?;
    match fs::set_permissions(&new, fs::Permissions::from_mode(0o755)) {
        Ok(()) => Ok(new),
        Err(e) => {
            drop(fs::remove_file(&new));
            Err(io("make executable", &new)(e))
        }
    }
}

fn unstub(path: PathBuf, text: Vec<u8>, is_chain: bool) -> Result<Undo, Error> {
    if fs::read(&path).map_err(io("read", &path))? != text {
        return Err(Error::Changed(path));
    }
    if is_chain {
        fs::rename(stub::chained(&path), &path).map_err(io("replace", &path))?;
        return Ok(Box::new(move || place(&path, &text, Old::Kept)));
    }
    fs::remove_file(&path).map_err(io("remove", &path))?;
    Ok(Box::new(move || place(&path, &text, Old::None)))
}

fn edit(path: &Path, before: Option<&str>, after: Option<&str>) -> Result<(), Error> {
    let now = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(e) => return Err(io("read", path)(e)),
    };
    if now.as_deref() != before {
        return Err(Error::Changed(path.to_path_buf()));
    }
    match (before, after) {
        (None, Some(text)) => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(io("create", folder))?;
            }
            place(path, text.as_bytes(), Old::None)
        }
        (Some(_), None) => fs::remove_file(path).map_err(io("remove", path)),
        (_, Some(text)) => Ok(files::write_atomic(path, text.as_bytes())?),
        (None, None) => Ok(()),
    }
}

fn configure(folder: Option<&Path>) -> Result<(), Error> {
    folder.map_or_else(Global::unset, Global::set)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::super::{Error, Plan, Step};

    fn names(folder: &Path) -> Vec<String> {
        let mut all: Vec<String> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    }

    #[test]
    fn a_plan_that_fails_leaves_everything_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("pre-commit"), "old").unwrap();
        fs::set_permissions(at("pre-commit"), fs::Permissions::from_mode(0o750)).unwrap();
        fs::write(at("text"), "a").unwrap();
        fs::write(at("commit-msg"), "mine").unwrap();
        let text = || b"ours".to_vec();
        let steps = |last: Step| {
            vec![
                Step::Folder(at("new")),
                Step::Chain { path: at("pre-commit"), text: text() },
                Step::Stub { path: at("new/pre-push"), text: text() },
                Step::Edit { path: at("text"), before: Some("a".into()), after: Some("b".into()) },
                Step::Edit { path: at("made"), before: None, after: Some("b".into()) },
                Step::Unstub { path: at("commit-msg"), text: b"mine".to_vec(), is_chain: false },
                last,
            ]
        };
        for last in [
            Step::Stub { path: at("text"), text: text() },
            Step::Chain { path: at("missing"), text: text() },
            Step::Edit { path: at("text"), before: Some("x".into()), after: None },
            Step::Stub { path: at("no/folder"), text: text() },
        ] {
            Plan { steps: steps(last), ..Plan::default() }.apply().unwrap_err();
            assert_eq!(names(dir.path()), ["commit-msg", "pre-commit", "text"]);
            let read = |name: &str| fs::read_to_string(at(name)).unwrap();
            assert_eq!((read("pre-commit"), read("text"), read("commit-msg")), ("old".into(), "a".into(), "mine".into()));
            assert_eq!(fs::metadata(at("pre-commit")).unwrap().permissions().mode() & 0o777, 0o750);
        }
    }

    #[test]
    fn a_kept_hook_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("pre-commit"), "old").unwrap();
        fs::write(at("pre-commit.stanch-chained"), "older").unwrap();
        let plan = || Plan { steps: vec![Step::Chain { path: at("pre-commit"), text: b"ours".to_vec() }], ..Plan::default() };
        assert!(matches!(plan().apply(), Err(Error::Taken(_))));
        assert_eq!(names(dir.path()), ["pre-commit", "pre-commit.stanch-chained"]);
        fs::remove_file(at("pre-commit.stanch-chained")).unwrap();
        plan().apply().unwrap();
        assert_eq!(fs::read_to_string(at("pre-commit.stanch-chained")).unwrap(), "old");
        assert_eq!(fs::metadata(at("pre-commit")).unwrap().permissions().mode() & 0o777, 0o755);
    }
}
