//! Writing files so that a crash leaves the old content or the new one, never a part.
//!
//! It must not know what is written. Start with [`write_atomic`]; [`create_new`] is for a file that must not be there yet.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::crypto::{self, NoRandom};
use super::fail;
use super::text;

/// A file was not written. What stood there before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The path is a symbolic link that leads nowhere or in a circle.
    #[error("{} is a symbolic link that leads nowhere", .0.display())]
    DeadLink(PathBuf),
    /// The path is a folder, a device, a FIFO or a socket.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The path means an open file of a process, such as `/dev/stderr`, which cannot be replaced in one piece.
    #[error("{} is an open file and not a place for one", .0.display())]
    Open(PathBuf),
    /// The file is there already and must not be replaced.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// No random bytes for the name of the temporary file.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
    /// The system refused.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Replaces the content of `path` by `bytes`, or makes the file. See [`write_atomic_with`].
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomic_with(path, Access::Usual, |file| file.write_all(bytes))
}

/// Who may read a file that is made new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The usual permissions under the umask.
    Usual,
    /// Its owner alone.
    Owner,
}

/// Replaces the content of `path` by what `fill` writes, or makes the file: at every moment, also after a crash, a reader
/// sees the old content or the new one, complete.
///
/// A temporary file in the same folder is written, synced and renamed. An existing file keeps its permissions, and its owner
/// where the system lets us; a hard link to it keeps the old content. A new file gets the permissions that `access` says.
/// A symbolic link is followed, and stays; one that leads nowhere is refused, for the one who made it may not be the one who
/// meant the file to be written. If `fill` fails, nothing changes and no temporary file stays.
pub fn write_atomic_with(path: &Path, access: Access, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Error> {
    let (target, old) = look_at(path)?;
    let mut temp = Temp::beside(&target, old.as_ref(), access)?;
    temp.fill(fill, old.as_ref())?;
    fail::point("fs: filled");
    fs::rename(&temp.path, &target).map_err(|source| Error::Io { action: "replace", path: target.clone(), source })?;
    temp.kept = true;
    fail::point("fs: renamed");
    sync_folder(&target);
    Ok(())
}

/// Whether [`write_atomic_with`] could begin now, for those who have long work to do before they write. Makes the temporary file
/// and removes it; what stands at `path` is not touched.
pub fn check_writable(path: &Path) -> Result<(), Error> {
    let (target, old) = look_at(path)?;
    Temp::beside(&target, old.as_ref(), Access::Owner).map(drop)
}

/// The file that `path` means, and what stands there.
fn look_at(path: &Path) -> Result<(PathBuf, Option<fs::Metadata>), Error> {
    let target = resolve(path)?;
    match fs::metadata(&target) {
        Ok(meta) if meta.is_file() => Ok((target, Some(meta))),
        Ok(_) => Err(Error::NotAFile(target)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok((target, None)),
        Err(source) => Err(Error::Io { action: "look at", path: target, source }),
    }
}

/// Makes the file `path` with the content `bytes`, complete or not at all; fails if anything is there, be it a dead link.
pub fn create_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    create_new_for(path, Access::Usual, bytes)
}

/// The same, for those whom `access` says.
pub fn create_new_for(path: &Path, access: Access, bytes: &[u8]) -> Result<(), Error> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(Error::Exists(path.to_owned()));
    }
    let mut temp = Temp::beside(path, None, access)?;
    temp.fill(|file| file.write_all(bytes), None)?;
    // Unlike a rename, a hard link never replaces what came into being meanwhile.
    match fs::hard_link(&temp.path, path) {
        Ok(()) => {
            sync_folder(path);
            Ok(())
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(Error::Exists(path.to_owned())),
        Err(source) => Err(Error::Io { action: "create", path: path.to_owned(), source }),
    }
}

/// The file that `path` means, behind all symbolic links.
fn resolve(path: &Path) -> Result<PathBuf, Error> {
    if is_open(path) {
        return Err(Error::Open(path.to_owned()));
    }
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => fs::canonicalize(path).map_err(|_| Error::DeadLink(path.to_owned())),
        _ => Ok(path.to_owned()),
    }
}

/// Does it mean an open file? What is behind such a link may be a log that others write to.
fn is_open(path: &Path) -> bool {
    let leads = |path: &Path| {
        path.starts_with("/dev/fd") || path.starts_with("/proc") && path.parent().is_some_and(|p| p.ends_with("fd"))
    };
    leads(path) || fs::read_link(path).is_ok_and(|to| leads(&to))
}

/// A temporary file that is removed when dropped, unless it was renamed.
struct Temp {
    /// What it is for, and is called in errors.
    target: PathBuf,
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Temp {
    fn beside(target: &Path, old: Option<&fs::Metadata>, access: Access) -> Result<Self, Error> {
        let name = target.file_name().ok_or_else(|| Error::NotAFile(target.to_owned()))?;
        let mut temp_name = std::ffi::OsString::from(".");
        temp_name.push(name);
        temp_name.push(format!(".{}.tmp", text::hex(&crypto::random::<8>()?)));
        let path = folder(target).join(temp_name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        if old.is_some() || access == Access::Owner {
            private(&mut options);
        }
        let file = options.open(&path).map_err(|source| Error::Io { action: "create", path: target.to_owned(), source })?;
        Ok(Self { target: target.to_owned(), path, file, kept: false })
    }

    /// Writes and syncs. Owner and permissions are set before the first byte is there.
    fn fill(&mut self, fill: impl FnOnce(&mut File) -> io::Result<()>, old: Option<&fs::Metadata>) -> Result<(), Error> {
        let done = match old {
            Some(meta) => adopt(&self.file, meta),
            None => Ok(()),
        };
        done.and_then(|()| fill(&mut self.file)).and_then(|()| self.file.sync_all()).map_err(|source| Error::Io {
            action: "write",
            path: self.target.clone(),
            source,
        })
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing can be done about a failure here, and the name says that it is a leftover.
            drop(fs::remove_file(&self.path));
        }
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn private(_options: &mut OpenOptions) {}

#[cfg(unix)]
fn adopt(file: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let mine = file.metadata()?;
    if (mine.uid(), mine.gid()) != (old.uid(), old.gid()) {
        // Only root may give a file away; for everyone else the file changes hands, as with any editor.
        drop(fchown(file, Some(old.uid()), Some(old.gid())));
    }
    file.set_permissions(old.permissions())
}

#[cfg(not(unix))]
fn adopt(_file: &File, _old: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Makes the new name last through a power cut, where the system lets us: the file is in place either way.
fn sync_folder(path: &Path) {
    drop(File::open(folder(path)).and_then(|folder| folder.sync_all()));
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::io::{self, Write};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{Access, Error, check_writable, create_new, write_atomic, write_atomic_with};

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn an_open_file_is_not_replaced() {
        for path in ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"] {
            assert!(matches!(check_writable(Path::new(path)), Err(Error::Open(_))), "{path}");
            assert!(matches!(write_atomic(Path::new(path), b"x"), Err(Error::Open(_))), "{path}");
        }
    }

    #[test]
    fn replaces_and_keeps_the_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        write_atomic(&path, b"one").unwrap();
        for wanted in [0o600, 0o644, 0o400] {
            fs::set_permissions(&path, fs::Permissions::from_mode(wanted)).unwrap();
            write_atomic(&path, format!("{wanted}").as_bytes()).unwrap();
            assert_eq!((fs::read_to_string(&path).unwrap(), mode(&path)), (wanted.to_string(), wanted));
        }
        assert_eq!(names(dir.path()), ["report.json"]);
    }

    #[test]
    fn a_failure_leaves_the_old_content_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_atomic(&path, b"old").unwrap();
        let half = |file: &mut fs::File| {
            file.write_all(b"ha")?;
            Err(io::Error::other("the disk is full"))
        };
        assert!(matches!(write_atomic_with(&path, Access::Usual, half), Err(Error::Io { action: "write", .. })));
        let panics = |file: &mut fs::File| {
            file.write_all(b"ha")?;
            panic!("in the middle")
        };
        assert!(std::panic::catch_unwind(|| write_atomic_with(&path, Access::Usual, panics)).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["f"]);
    }

    #[test]
    fn a_reader_sees_all_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let content = |n: u8| vec![n; 100_000];
        write_atomic(&path, &content(0)).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|s| {
            s.spawn(|| {
                for n in 1..40 {
                    write_atomic(&path, &content(n)).unwrap();
                }
                done.store(true, Ordering::Release);
            });
            while !done.load(Ordering::Acquire) {
                let seen = fs::read(&path).unwrap();
                assert!(seen.len() == 100_000 && seen.iter().all(|b| *b == seen[0]));
            }
        });
        assert_eq!(fs::read(&path).unwrap(), content(39));
    }

    #[test]
    fn links_are_followed_and_dead_ones_refused() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("sub")).unwrap();
        fs::write(at("sub/real"), b"old").unwrap();
        symlink("sub/real", at("link")).unwrap();
        symlink("link", at("link2")).unwrap();
        write_atomic(&at("link2"), b"new").unwrap();
        assert_eq!(fs::read(at("sub/real")).unwrap(), b"new");
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());

        symlink("nowhere", at("dead")).unwrap();
        symlink("round", at("round")).unwrap();
        for name in ["dead", "round"] {
            assert!(matches!(write_atomic(&at(name), b"x"), Err(Error::DeadLink(_))), "{name}");
            assert!(matches!(create_new(&at(name), b"x"), Err(Error::Exists(_))), "{name}");
        }
        assert_eq!(names(dir.path()), ["dead", "link", "link2", "round", "sub"]);
        assert_eq!(names(&at("sub")), ["real"]);
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let check = |path: &Path| {
            assert!(matches!(check_writable(path), Err(Error::NotAFile(_))), "{}", path.display());
            assert!(matches!(write_atomic(path, b"x"), Err(Error::NotAFile(_))), "{}", path.display());
        };
        check(dir.path());
        check(Path::new("/dev/null"));
        check(Path::new(""));
        let missing = write_atomic(&dir.path().join("no/such/file"), b"x");
        assert!(matches!(missing, Err(Error::Io { action: "create", .. })), "{missing:?}");
        assert!(matches!(check_writable(&dir.path().join("no/such/file")), Err(Error::Io { action: "create", .. })));
    }

    #[test]
    fn a_check_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        check_writable(&path).unwrap();
        assert_eq!(names(dir.path()), [""; 0]);
        write_atomic(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let before = fs::metadata(&path).unwrap();
        check_writable(&path).unwrap();
        let after = fs::metadata(&path).unwrap();
        assert_eq!((before.ino(), before.mtime_nsec(), before.mode()), (after.ino(), after.mtime_nsec(), after.mode()));
        assert_eq!((fs::read(&path).unwrap(), names(dir.path())), (b"old".to_vec(), vec!["f".to_owned()]));
    }

    #[test]
    fn a_new_file_can_be_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_atomic_with(&path, Access::Owner, |file| file.write_all(b"one")).unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write_atomic_with(&path, Access::Owner, |file| file.write_all(b"two")).unwrap();
        assert_eq!(mode(&path), 0o644, "what is there keeps its permissions");
    }

    #[test]
    fn a_new_file_is_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        create_new(&path, b"one").unwrap();
        assert!(matches!(create_new(&path, b"two"), Err(Error::Exists(_))));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().nlink(), 1);
        assert_eq!(names(dir.path()), ["f"]);
    }

    #[test]
    fn of_many_makers_one_wins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let made: usize = std::thread::scope(|s| {
            let makers: Vec<_> = (0..8u8)
                .map(|n| {
                    s.spawn({
                        let path = &path;
                        move || create_new(path, &[n; 10]).is_ok()
                    })
                })
                .collect();
            makers.into_iter().map(|m| usize::from(m.join().unwrap())).sum()
        });
        assert_eq!(made, 1);
        assert_eq!(fs::read(&path).unwrap().len(), 10);
        assert_eq!(names(dir.path()), ["f"]);
    }
}
