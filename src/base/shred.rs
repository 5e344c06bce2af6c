//! Removing a file whose bytes were secrets: overwritten in place, emptied, renamed, unlinked.
//!
//! It must not know what they were. Start with [`check`], which changes nothing, and then [`shred`]. Neither promises that the bytes are
//! gone from the medium: flash moves what is written, and some file systems never write in place; [`Storage`] says what is known.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::crypto::{self, NoRandom};
use super::text;

/// Bytes that are overwritten by one call.
const PIECE: usize = 16 * 1024;

/// A file was not removed. But for [`Error::Begun`], nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A symbolic link.
    #[error("{} is a symbolic link: name the file itself", .0.display())]
    Link(PathBuf),
    /// A folder, a device, a FIFO or a socket.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// It has other names, whose content would be destroyed as well.
    #[error("{} has {} names (hard links): its content is not this name's alone", .path.display(), .names)]
    HardLinks {
        /// The file.
        path: PathBuf,
        /// How many names it has.
        names: u64,
    },
    /// It is another user's.
    #[error("{} belongs to another user", .0.display())]
    NotOwner(PathBuf),
    /// It is not what was read, or was written to since.
    #[error("{} was changed after it was read", .0.display())]
    Changed(PathBuf),
    /// No random bytes to overwrite it with.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
    /// The system refused before anything was changed.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused in the middle: a part of its bytes is overwritten, or all of them and the file is still there.
    #[error("{} is overwritten in part or as a whole, but is still there: cannot {action} it", .path.display())]
    Begun {
        /// What was tried.
        action: &'static str,
        /// Where it is now.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Which file was read, and in which state. Taken from the open file before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What is known of where the bytes of a file lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// A file system that writes over old bytes where they are. What is below it, such as flash, may not.
    InPlace,
    /// A file system that writes elsewhere and keeps the old bytes until it needs their place.
    Copies(&'static str),
    /// Memory, which may have been swapped out.
    Memory,
    /// Behind a network or a program, which may do anything.
    Elsewhere(&'static str),
    /// A file system that is not known here.
    Unknown,
}

/// What [`shred`] did, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// How many bytes.
    pub bytes: u64,
    /// Where they were.
    pub storage: Storage,
}

impl Seen {
    /// The state of an open file.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn of(file: &File) -> io::Result<Self> {
        let meta = file.metadata()?;
        Ok(Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }
}

impl fmt::Display for Storage {
    /// What can be said of bytes that were overwritten there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InPlace => {
                f.write_str("overwritten in place; flash storage, snapshots and backups may still hold the old bytes")
            }
            Self::Copies(name) => {
                write!(f, "{name} writes elsewhere: the old bytes stay on the disk until their place is used again")
            }
            Self::Memory => f.write_str("it was in memory; a copy may be in the swap area"),
            Self::Elsewhere(name) => write!(f, "{name} stores it elsewhere: nothing is known of the old bytes"),
            Self::Unknown => f.write_str("unknown file system: nothing is known of the old bytes"),
        }
    }
}

/// Whether [`shred`] would remove `path`, and what it could say of it. Changes nothing.
///
/// # Errors
/// Every [`Error`] but [`Error::Begun`].
pub fn check(path: &Path, seen: &Seen) -> Result<Report, Error> {
    Target::open(path, seen).map(|target| target.report)
}

/// Overwrites the bytes of `path` with random ones, where they are; syncs, empties, renames and unlinks it.
///
/// # Errors
/// [`Error::Begun`] if the system refused when it had begun; else nothing was changed.
pub fn shred(path: &Path, seen: &Seen) -> Result<Report, Error> {
    let target = Target::open(path, seen)?;
    target.overwrite()?;
    target.empty()?;
    target.remove()?;
    Ok(target.report)
}

/// A file that may be shredded, and the open folder that it is in.
struct Target<'a> {
    path: &'a Path,
    name: &'a OsStr,
    folder: File,
    file: File,
    report: Report,
}

impl<'a> Target<'a> {
    fn open(path: &'a Path, seen: &Seen) -> Result<Self, Error> {
        let name = path.file_name().ok_or_else(|| Error::NotAFile(path.to_owned()))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let refused = |action, at: &Path| {
            let path = at.to_owned();
            move |e: Errno| Error::Io { action, path, source: e.into() }
        };
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let folder = File::from(rustix::fs::open(parent, flags, Mode::empty()).map_err(refused("open", parent))?);
        // What is no regular file is not opened: that alone may do something to a device, or wait.
        let stat = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(refused("look at", path))?;
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        if kind.is_symlink() {
            return Err(Error::Link(path.to_owned()));
        }
        if !kind.is_file() {
            return Err(Error::NotAFile(path.to_owned()));
        }
        if stat.st_uid != rustix::process::geteuid().as_raw() {
            return Err(Error::NotOwner(path.to_owned()));
        }
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&folder, name, flags, Mode::empty());
        let file = File::from(opened.map_err(|e| match e {
            Errno::LOOP => Error::Link(path.to_owned()),
            e => refused("open", path)(e),
        })?);
        rustix::fs::accessat(&folder, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)
            .map_err(refused("remove a file from", parent))?;
        let mut target = Self { path, name, folder, file, report: Report { bytes: 0, storage: Storage::Unknown } };
        target.examine(seen)?;
        Ok(target)
    }

    /// Is the open file the one that was read, and nobody else's?
    fn examine(&mut self, seen: &Seen) -> Result<(), Error> {
        let path = || self.path.to_owned();
        let io = |source| Error::Io { action: "look at", path: self.path.to_owned(), source };
        let meta = self.file.metadata().map_err(io)?;
        if !meta.is_file() {
            return Err(Error::NotAFile(path()));
        }
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(Error::NotOwner(path()));
        }
        if meta.nlink() > 1 {
            return Err(Error::HardLinks { path: path(), names: meta.nlink() });
        }
        if Seen::of(&self.file).map_err(io)? != *seen {
            return Err(Error::Changed(path()));
        }
        self.report = Report { bytes: meta.size(), storage: storage(&self.file) };
        Ok(())
    }

    fn overwrite(&self) -> Result<(), Error> {
        let begun = |action| move |source| Error::Begun { action, path: self.path.to_owned(), source };
        let mut at = 0;
        while at < self.report.bytes {
            let piece = crypto::random::<PIECE>()
                .map_err(|e| if at == 0 { Error::NoRandom(e) } else { begun("overwrite all of")(io::Error::other(e)) })?;
            let length = (self.report.bytes - at).min(PIECE as u64);
            self.file.write_all_at(&piece[..length as usize], at).map_err(begun("overwrite all of"))?;
            at += length;
        }
        self.file.sync_all().map_err(begun("sync"))
    }

    fn empty(&self) -> Result<(), Error> {
        let begun = |source| Error::Begun { action: "empty", path: self.path.to_owned(), source };
        self.file.set_len(0).and_then(|()| self.file.sync_all()).map_err(begun)
    }

    /// Takes the name away. Another file that came to stand there meanwhile is left alone.
    fn remove(&self) -> Result<(), Error> {
        let begun = |action| move |e: Errno| Error::Begun { action, path: self.path.to_owned(), source: e.into() };
        let gone = || Error::Begun { action: "find", path: self.path.to_owned(), source: io::ErrorKind::NotFound.into() };
        if !self.is_ours(self.name).map_err(begun("find"))? {
            return Err(gone());
        }
        let random = crypto::random::<12>()
            .map_err(|e| begun("rename")(Errno::from_io_error(&io::Error::other(e)).unwrap_or(Errno::IO)))?;
        let hidden = format!(".{}", text::hex(&random));
        // File systems that do not know the flag know renaming without it; the name is random either way.
        match rustix::fs::renameat_with(&self.folder, self.name, &self.folder, hidden.as_str(), RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::renameat(&self.folder, self.name, &self.folder, hidden.as_str()),
            other => other,
        }
        .map_err(begun("rename"))?;
        if !self.is_ours(OsStr::new(&hidden)).map_err(begun("find"))? {
            // What was renamed is someone else's.
            rustix::fs::renameat(&self.folder, hidden.as_str(), &self.folder, self.name)
                .map_err(begun("rename back what is not"))?;
            return Err(gone());
        }
        rustix::fs::unlinkat(&self.folder, hidden.as_str(), AtFlags::empty()).map_err(|e| Error::Begun {
            action: "unlink",
            path: self.path.with_file_name(&hidden),
            source: e.into(),
        })?;
        // The name is gone either way; after a power cut it may be there again, with nothing in it.
        drop(self.folder.sync_all());
        Ok(())
    }

    fn is_ours(&self, name: &OsStr) -> Result<bool, Errno> {
        let there = match rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(false),
            other => other?,
        };
        let ours = rustix::fs::fstat(&self.file)?;
        Ok((there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino))
    }
}

/// What the number of a file system says (`statfs(2)`).
#[cfg(target_os = "linux")]
fn storage(file: &File) -> Storage {
    rustix::fs::fstatfs(file).map_or(Storage::Unknown, |stat| by_magic(stat.f_type as u64 & 0xffff_ffff))
}

/// Nothing is known of other systems here.
#[cfg(not(target_os = "linux"))]
fn storage(_file: &File) -> Storage {
    Storage::Unknown
}

#[cfg(target_os = "linux")]
fn by_magic(magic: u64) -> Storage {
    match magic {
        0xef53 | 0x5846_5342 | 0x4d44 | 0x2011_bab0 | 0x5346_544e | 0x7366_746e | 0x3153_464a | 0x5265_4973 => Storage::InPlace,
        0x9123_683e => Storage::Copies("btrfs"),
        0x2fc1_2fc1 => Storage::Copies("ZFS"),
        0x794c_7630 => Storage::Copies("overlayfs"),
        0xca45_1a4e => Storage::Copies("bcachefs"),
        0xf2f5_2010 => Storage::Copies("F2FS"),
        0x3434 => Storage::Copies("NILFS"),
        0x2405_1905 => Storage::Copies("UBIFS"),
        0x72b6 => Storage::Copies("JFFS2"),
        0x0102_1994 | 0x8584_58f6 => Storage::Memory,
        0x6969 => Storage::Elsewhere("NFS"),
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => Storage::Elsewhere("SMB"),
        0x6573_5546 => Storage::Elsewhere("FUSE"),
        0x0102_1997 => Storage::Elsewhere("9p"),
        0x00c3_6400 => Storage::Elsewhere("Ceph"),
        _ => Storage::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Read as _;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    use std::path::Path;
    use std::process::Command;

    use super::{Error, Report, Seen, Storage, Target, check, shred};

    const TEXT: &[u8] = b"a made-up value\n";

    fn seen(path: &Path) -> Seen {
        Seen::of(&File::open(path).unwrap()).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_overwritten_emptied_and_gone() {
        let dir = tempfile::tempdir().unwrap();
        for size in [0, 1, super::PIECE, super::PIECE * 2 + 7] {
            let path = dir.path().join("secret");
            fs::write(&path, vec![b'A'; size]).unwrap();
            let seen = seen(&path);
            let plan = check(&path, &seen).unwrap();
            assert_eq!(plan.bytes, size as u64);
            assert_eq!(fs::read(&path).unwrap(), vec![b'A'; size], "a check changes nothing");
            let mut open = File::open(&path).unwrap();
            assert_eq!(shred(&path, &seen).unwrap(), plan);
            let mut rest = Vec::new();
            open.read_to_end(&mut rest).unwrap();
            assert_eq!((rest.len(), names(dir.path())), (0, Vec::new()));
        }
    }

    /// Before it is emptied, the same file has other bytes, as many as before.
    #[test]
    fn bytes_are_replaced_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let text = TEXT.repeat(5000);
        fs::write(&path, &text).unwrap();
        let seen = seen(&path);
        Target::open(&path, &seen).unwrap().overwrite().unwrap();
        let now = fs::read(&path).unwrap();
        assert_eq!((now.len(), fs::metadata(&path).unwrap().ino()), (text.len(), seen.inode));
        for (one, other) in now.chunks(TEXT.len()).zip(text.chunks(TEXT.len())) {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn what_must_not_be_destroyed_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), TEXT).unwrap();
        let read = seen(&at("file"));
        symlink("file", at("link")).unwrap();
        assert!(matches!(shred(&at("link"), &read), Err(Error::Link(_))));
        assert!(matches!(shred(dir.path(), &read), Err(Error::NotAFile(_))));
        assert!(matches!(shred(Path::new("/"), &read), Err(Error::NotAFile(_))));
        assert!(matches!(shred(Path::new("/dev/null"), &read), Err(Error::NotAFile(_))));
        assert!(matches!(shred(&at("none"), &read), Err(Error::Io { action: "look at", .. })));
        rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(matches!(shred(&at("fifo"), &read), Err(Error::NotAFile(_))));

        fs::hard_link(at("file"), at("other")).unwrap();
        let linked = shred(&at("file"), &seen(&at("file")));
        assert!(matches!(linked, Err(Error::HardLinks { names: 2, .. })), "{linked:?}");
        assert_eq!(fs::read(at("file")).unwrap(), TEXT);
    }

    #[test]
    fn what_was_changed_since_it_was_read_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, TEXT).unwrap();
        let read = seen(&path);
        let stays = |why: &str, content: &[u8]| {
            assert!(matches!(shred(&path, &read), Err(Error::Changed(_))), "{why}");
            assert_eq!((fs::read(&path).unwrap(), names(dir.path())), (content.to_vec(), vec!["file".to_owned()]), "{why}");
        };
        fs::write(&path, [TEXT, b"more"].concat()).unwrap();
        stays("a line was added", &[TEXT, b"more"].concat());
        // The same length, and the time of the last change set back as it was.
        fs::write(&path, vec![b'x'; TEXT.len()]).unwrap();
        let back = std::time::UNIX_EPOCH + std::time::Duration::new(read.modified.0 as u64, read.modified.1 as u32);
        File::options().write(true).open(&path).unwrap().set_modified(back).unwrap();
        stays("written and dated back", &vec![b'x'; TEXT.len()]);
        fs::rename(&path, dir.path().join("aside")).unwrap();
        fs::write(&path, TEXT).unwrap();
        fs::remove_file(dir.path().join("aside")).unwrap();
        stays("another file stands there", TEXT);
    }

    /// The name is made to mean something else between looking and removing.
    #[test]
    fn what_takes_its_place_in_the_middle_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let swaps: [&dyn Fn(); 3] =
            [&|| symlink("victim", at("file")).unwrap(), &|| fs::write(at("file"), b"new").unwrap(), &|| {
                fs::create_dir(at("file")).unwrap()
            }];
        for swap in swaps {
            fs::write(at("victim"), b"of others").unwrap();
            fs::write(at("file"), TEXT).unwrap();
            let read = seen(&at("file"));
            let path = at("file");
            let target = Target::open(&path, &read).unwrap();
            fs::rename(at("file"), at("aside")).unwrap();
            swap();
            target.overwrite().and_then(|()| target.empty()).unwrap();
            let refused = target.remove();
            assert!(matches!(refused, Err(Error::Begun { action: "find", .. })), "{refused:?}");
            assert_eq!(fs::read(at("victim")).unwrap(), b"of others");
            assert_eq!(names(dir.path()), ["aside", "file", "victim"]);
            assert_eq!(fs::read(at("aside")).unwrap(), b"", "what was opened is what is overwritten");
            if path.is_dir() && !path.is_symlink() { fs::remove_dir(&path).unwrap() } else { fs::remove_file(&path).unwrap() }
        }
    }

    /// Root may do anything: what others may not is tried as one who is not root.
    #[test]
    fn others_files_and_read_only_folders_are_refused() {
        assert!(rustix::process::geteuid().is_root(), "this test changes owners: run it as root");
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let at = |name: &str| dir.path().join(name);
        let (uid, gid) = (Some(65534), Some(65534));
        fs::create_dir(at("closed")).unwrap();
        for path in [at("closed/mine"), at("closed/roots"), at("theirs")] {
            fs::write(&path, TEXT).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        }
        std::os::unix::fs::chown(at("closed/mine"), uid, gid).unwrap();
        std::os::unix::fs::chown(at("theirs"), uid, gid).unwrap();
        let theirs = shred(&at("theirs"), &seen(&at("theirs")));
        assert!(matches!(theirs, Err(Error::NotOwner(_))), "root asks no owner, and should: {theirs:?}");

        let tool = at("tool");
        fs::copy(std::env::current_exe().unwrap(), &tool).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        for (file, expected) in [("closed/mine", "cannot remove a file from"), ("closed/roots", "belongs to another user")] {
            let out = Command::new("setpriv")
                .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
                .arg(&tool)
                .args(["--exact", "shred::tests::as_another_user", "--nocapture"])
                .env("SHRED_THIS", at(file))
                .output()
                .expect("setpriv of util-linux is there");
            let said = String::from_utf8_lossy(&out.stdout).into_owned();
            assert!(out.status.success() && said.contains(expected), "{file}: {said}");
            assert_eq!(fs::read(at(file)).unwrap(), TEXT);
        }
    }

    /// Run by the test above as another user; alone it does nothing but the same for a file of its own.
    #[test]
    fn as_another_user() {
        let dir = tempfile::tempdir().unwrap();
        match std::env::var_os("SHRED_THIS") {
            Some(path) => println!("said: {}", shred(Path::new(&path), &seen(Path::new(&path))).unwrap_err()),
            None => {
                let path = dir.path().join("file");
                fs::write(&path, TEXT).unwrap();
                shred(&path, &seen(&path)).unwrap();
            }
        }
        assert_eq!(names(dir.path()), [""; 0]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn file_systems_are_told_apart() {
        let check = |magic: u64, expected: Storage, words: &str| {
            assert_eq!(super::by_magic(magic), expected);
            assert!(expected.to_string().contains(words), "{expected}");
        };
        check(0xef53, Storage::InPlace, "may still hold");
        check(0x9123_683e, Storage::Copies("btrfs"), "btrfs writes elsewhere");
        check(0x2fc1_2fc1, Storage::Copies("ZFS"), "ZFS");
        check(0x794c_7630, Storage::Copies("overlayfs"), "overlayfs");
        check(0x0102_1994, Storage::Memory, "swap");
        check(0x6969, Storage::Elsewhere("NFS"), "NFS");
        check(1, Storage::Unknown, "unknown");
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = dir.path().join("file");
        fs::write(&path, TEXT).unwrap();
        assert_eq!(shred(&path, &seen(&path)).unwrap(), Report { bytes: TEXT.len() as u64, storage: Storage::Memory });
    }
}
