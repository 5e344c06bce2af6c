//! Signals that come while a program runs.
//!
//! It must not decide what is done about them. Start with [`Signals::new`]. What was ignored when we were started stays ignored, for the
//! program, too.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook_registry::{SigId, unregister};

use super::sys;

/// What is passed on to the program, or concerns it.
const WATCHED: [libc::c_int; 11] = [
    libc::SIGCHLD,
    libc::SIGTERM,
    libc::SIGINT,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGTSTP,
    libc::SIGCONT,
    libc::SIGWINCH,
];

/// Who sent a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// The terminal, or the system: it has sent it to the whole process group.
    Kernel,
    Process,
}

/// Signals that come are told by a socket.
pub(super) struct Signals {
    told: UnixStream,
    _tells: UnixStream,
    registered: Vec<SigId>,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        let (told, tells) = UnixStream::pair()?;
        told.set_nonblocking(true)?;
        let mut registered = Vec::new();
        for signal in WATCHED {
            // That of a child's end must be heard in any case.
            if signal == libc::SIGCHLD || !sys::is_ignored(signal) {
                registered.push(sys::watch(signal, tells.as_raw_fd())?);
            }
        }
        Ok(Self { told, _tells: tells, registered })
    }

    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.told.as_fd()
    }

    /// Those that came since it was asked last.
    pub(super) fn take(&self) -> io::Result<Vec<(libc::c_int, Sender)>> {
        let mut signals = Vec::new();
        let mut told = [0; 64];
        loop {
            match io::Read::read(&mut &self.told, &mut told) {
                Ok(0) => return Ok(signals),
                Ok(n) => signals.extend(
                    told[..n]
                        .chunks_exact(2)
                        .map(|one| (libc::c_int::from(one[0]), if one[1] == 1 { Sender::Kernel } else { Sender::Process })),
                ),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(signals),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            unregister(id);
        }
    }
}
