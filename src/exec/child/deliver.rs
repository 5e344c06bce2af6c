//! Values on their way to a program: in its environment, in files in memory, at open files.
//!
//! It must not start the program. Start with [`Delivered::new`]; what it made is gone when it is dropped.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::sys::Setup;
use crate::base::crypto::random;
use crate::base::secret::Secret;
use crate::base::text::hex;
use crate::exec::environment::{Delivery, Resolved};

/// Bytes that a pipe holds at least, wherever it is.
const PIPE: usize = 4096;
/// Above all numbers that are asked for.
const ABOVE: RawFd = 256;
/// File systems in memory.
#[cfg(target_os = "linux")]
const IN_MEMORY: [i128; 2] = [0x0102_1994, 0x8584_58f6];

/// What was made for one program.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    /// Open files with the numbers they get, and those that keep the numbers free until then.
    files: Vec<(OwnedFd, RawFd)>,
    reserved: Vec<OwnedFd>,
    folder: Option<Folder>,
}

/// Who stays while the program runs?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stay {
    /// We do, and remove files at the end.
    Beside,
    /// It takes our place.
    Replaced,
}

/// A folder of ours in memory, for the time of a run.
#[derive(Debug)]
struct Folder(PathBuf);

impl Delivered {
    /// Makes what `environment` asks for, and gives `command` its variables.
    pub(super) fn new(environment: &Resolved, command: &mut Command, stay: Stay) -> io::Result<Self> {
        let mut made = Self::default();
        command.env_clear().envs(environment.plain.iter().map(|(name, value)| (name, value)));
        for (variable, delivery, secret) in &environment.bound {
            let value = match delivery {
                Delivery::Environment => std::ffi::OsStr::from_bytes(secret.expose()).to_owned(),
                Delivery::File => made.file(variable, secret, environment, stay)?,
                Delivery::Descriptor(number) => made.descriptor(secret, *number)?,
            };
            command.env(variable, value);
        }
        Ok(made)
    }

    /// Removes what stays behind if it is not dropped.
    pub(super) fn clear(&self) {
        if let Some(folder) = &self.folder {
            folder.clear();
        }
    }

    /// What the program's process does with it.
    pub(super) fn setup(&self, core: Option<u64>, session: bool) -> Setup {
        let numbered = self.files.iter().map(|(file, number)| (file.as_raw_fd(), *number)).collect();
        Setup { numbered, core, session }
    }

    fn file(&mut self, variable: &OsString, secret: &Secret, environment: &Resolved, stay: Stay) -> io::Result<OsString> {
        if self.folder.is_none() && stay == Stay::Beside {
            let runtime = environment.plain.iter().find(|(name, _)| name == "XDG_RUNTIME_DIR");
            self.folder = Folder::in_memory(runtime.map(|(_, path)| Path::new(path)))?;
        }
        if let Some(folder) = &self.folder {
            return folder.file(variable, secret);
        }
        let file = rustix::io::fcntl_dupfd_cloexec(&sealed(secret)?, ABOVE)?;
        let number = file.as_raw_fd();
        self.files.push((file, number));
        Ok(format!("/dev/fd/{number}").into())
    }

    fn descriptor(&mut self, secret: &Secret, number: RawFd) -> io::Result<OsString> {
        let file = if secret.len() <= PIPE { piped(secret)? } else { sealed(secret)? };
        let file = rustix::io::fcntl_dupfd_cloexec(&file, ABOVE)?;
        // Nothing else gets the number, so that nothing that is needed until the start is replaced.
        self.reserved.extend(Some(rustix::io::fcntl_dupfd_cloexec(&file, number)?).filter(|got| got.as_raw_fd() == number));
        self.files.push((file, number));
        Ok(number.to_string().into())
    }
}

/// A pipe that holds the value, and ends behind it.
fn piped(secret: &Secret) -> io::Result<OwnedFd> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    File::from(write).write_all(secret.expose())?;
    Ok(read)
}

/// A file without a name that nobody can change.
#[cfg(target_os = "linux")]
fn sealed(secret: &Secret) -> io::Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    let file = memfd_create("stanch", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = File::from(file);
    file.write_all(secret.expose())?;
    file.rewind()?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file.into())
}

/// Other systems have no such files.
#[cfg(not(target_os = "linux"))]
fn sealed(_secret: &Secret) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Folder {
    /// A new one, if there is a file system in memory where we may make one.
    fn in_memory(runtime: Option<&Path>) -> io::Result<Option<Self>> {
        let name = format!("stanch-run-{}", hex(&random::<16>().map_err(io::Error::other)?));
        for base in runtime.into_iter().chain([Path::new("/dev/shm"), Path::new("/run")]).filter(|base| is_in_memory(base)) {
            let path = base.join(&name);
            if DirBuilder::new().mode(0o700).create(&path).is_ok() {
                return Ok(Some(Self(path)));
            }
        }
        Ok(None)
    }

    fn clear(&self) {
        // It is named so that what is left of it, if the system does not let us, is known.
        drop(std::fs::remove_dir_all(&self.0));
    }

    fn file(&self, variable: &OsString, secret: &Secret) -> io::Result<OsString> {
        let is_plain = variable.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let name = if is_plain { variable.clone() } else { hex(variable.as_bytes()).into() };
        let path = self.0.join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(&path)?;
        file.write_all(secret.expose())?;
        Ok(path.into())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(target_os = "linux")]
fn is_in_memory(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|stat| IN_MEMORY.contains(&i128::from(stat.f_type)))
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_path: &Path) -> bool {
    false
}
