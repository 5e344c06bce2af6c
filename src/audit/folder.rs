//! The folder of a log, its files, and who may do what with them.
//!
//! It must not know what is in the files. Start with [`make`]; [`debug_log`] is the other log, which is none of this one's business.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::Error;
use super::base::date::Date;

/// What the names of segments end with.
const ENDING: &str = ".jsonl";
/// Processes wait for one another here.
pub(crate) const LOCK: &str = "lock";
/// Space that is kept for a last record.
pub(crate) const RESERVE: &str = "reserve";
/// Is there while a copy gets what the other one has.
pub(crate) const COMPLETING: &str = "completing";

/// Makes the folder for its owner alone, if it is not there, and the folders around it.
///
/// # Errors
/// If it cannot be made, or others could change what is in it.
pub fn make(folder: &Path) -> Result<(), Error> {
    make_with(folder, 0o700)?;
    check(folder)
}

fn make_with(folder: &Path, mode: u32) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
    #[cfg(not(unix))]
    let _ = mode;
    builder.create(folder).map_err(Error::io("make", folder))
}

/// Refuses a folder that somebody else could change files in.
///
/// # Errors
/// If it is one, or cannot be looked at.
#[cfg(unix)]
pub fn check(folder: &Path) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;
    let meta = fs::symlink_metadata(folder).map_err(Error::io("look at", folder))?;
    let (uid, mine) = (meta.uid(), rustix::process::geteuid().as_raw());
    if meta.is_dir() && meta.mode() & 0o022 == 0 && (uid == mine || uid == 0) {
        return Ok(());
    }
    Err(Error::Shared(folder.to_owned()))
}

/// Other systems are not compiled here.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn check(_folder: &Path) -> Result<(), Error> {
    Ok(())
}

/// The file of a day.
pub(crate) fn segment(folder: &Path, day: Date) -> PathBuf {
    folder.join(format!("{day}{ENDING}"))
}

/// The days that there are files of, the oldest first.
///
/// # Errors
/// What the system said.
pub fn days(folder: &Path) -> Result<Vec<Date>, Error> {
    let read = || -> io::Result<Vec<Date>> {
        let mut days = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            days.extend(name.to_str().and_then(|name| name.strip_suffix(ENDING)).and_then(Date::parse));
        }
        days.sort();
        Ok(days)
    };
    read().map_err(Error::io("read", folder))
}

/// Opens a file of a log to write anywhere in it, and makes it if it is not there; no link is followed.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    guarded(&mut options, 0o600).open(path)
}

/// Opens it to read.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    guarded(OpenOptions::new().read(true), 0o600).open(path)
}

fn guarded(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK;
        options.mode(mode).custom_flags(flags.bits() as i32);
    }
    #[cfg(not(unix))]
    let _ = mode;
    options
}

/// Makes names in it last through a power cut.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The debug log in `folder`, to be appended to: a folder and a file of their own, which a group may read (0750, 0640). It is never
/// inside of the folder of an audit log, which is for its owner alone (0700, 0600).
///
/// # Errors
/// If it cannot be opened, others could change it, or an audit log is there.
pub fn debug_log(folder: &Path) -> Result<File, Error> {
    make_with(folder, 0o750)?;
    check(folder)?;
    if folder.ancestors().any(|above| above.join(super::header::FILE).exists()) {
        return Err(Error::Exists(folder.to_owned()));
    }
    let path = folder.join("debug.log");
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    guarded(&mut options, 0o640).open(&path).map_err(Error::io("open", &path))
}
