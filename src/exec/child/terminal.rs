//! Terminals: the real one, which is made raw for a while, and those that programs are given instead.
//!
//! It must not read or write what passes. Start with [`Real`] and [`open`].

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    LocalModes, OptionalActions, OutputModes, Termios, isatty, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, tcsetwinsize,
};

/// The terminal that somebody sits at. It is as it was when this is dropped.
pub(super) struct Real<'f> {
    file: BorrowedFd<'f>,
    before: Termios,
    is_raw: bool,
}

/// What a program's terminal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// All of it.
    Session,
    /// Output alone: lines end as the program ends them, for the real one does the rest.
    Output,
}

impl<'f> Real<'f> {
    pub(super) fn new(file: BorrowedFd<'f>) -> io::Result<Self> {
        Ok(Self { file, before: tcgetattr(file)?, is_raw: false })
    }

    /// Passes keys on as they are.
    pub(super) fn raw(&mut self) -> io::Result<()> {
        if !self.is_raw && is_foreground(self.file) {
            let mut raw = self.before.clone();
            raw.make_raw();
            tcsetattr(self.file, OptionalActions::Now, &raw)?;
            self.is_raw = true;
        }
        Ok(())
    }

    /// Keys mean again what they meant. What the program said and is still to come passes as it is.
    pub(super) fn restore_keys(&mut self) {
        if self.is_raw {
            let mut modes = self.before.clone();
            modes.output_modes -= OutputModes::OPOST;
            let _ = tcsetattr(self.file, OptionalActions::Now, &modes);
        }
    }

    /// Makes it what it was. Nothing can be done if that fails: it is gone then.
    pub(super) fn restore(&mut self) {
        if self.is_raw {
            let _ = tcsetattr(self.file, OptionalActions::Now, &self.before);
            self.is_raw = false;
        }
    }
}

impl Drop for Real<'_> {
    fn drop(&mut self) {
        self.restore();
    }
}

/// A terminal like the one at `real`: our end, and the program's.
pub(super) fn open(real: BorrowedFd<'_>, purpose: Purpose) -> io::Result<(OwnedFd, OwnedFd)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let theirs = rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty())?;
    let mut modes = tcgetattr(real)?;
    if purpose == Purpose::Output {
        modes.output_modes -= OutputModes::OPOST;
        modes.local_modes -= LocalModes::ECHO;
    }
    tcsetattr(&theirs, OptionalActions::Now, &modes)?;
    resize(real, &ours);
    Ok((ours, theirs))
}

/// Makes a terminal as large as the real one. One that has no size stays as it is.
pub(super) fn resize(real: BorrowedFd<'_>, ours: &OwnedFd) {
    if let Ok(size) = tcgetwinsize(real) {
        let _ = tcsetwinsize(ours, size);
    }
}

/// Is a terminal ours to read? In the background it is that of another job.
pub(super) fn is_foreground(file: BorrowedFd<'_>) -> bool {
    tcgetpgrp(file).is_ok_and(|group| group == rustix::process::getpgrp())
}

pub(super) fn is_terminal(file: BorrowedFd<'_>) -> bool {
    isatty(file)
}
