//! Reads, waits and writes for a filter, on one thread: while a write waits nothing is read, so that who writes faster than is read waits, too.
//!
//! It must not look at bytes. Start with [`pump`].

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::scan::filter::{Filter, When};

/// After so long without input what a line begins with may go, as far as it is no beginning of a secret.
const SILENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };
/// After a signal the stream ends with so long a silence.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// It ends so long after a signal, whatever comes.
const LONGEST: Duration = Duration::from_secs(5);
/// Bytes the pipe may hold, if the system lets us: fewer switches between who writes and who reads.
#[cfg(target_os = "linux")]
const PIPE: usize = 256 * 1024;

/// Why a stream ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// There was no more.
    Input,
    /// Somebody asked for it.
    Signal,
    /// Nobody reads any more.
    Reader,
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
}

/// What there is to do.
enum Next {
    Read,
    Silence,
    End,
    Signal,
    Reader,
}

/// Lets a stream pass until it ends.
///
/// # Errors
/// If signals cannot be waited for.
pub(super) fn pump(filter: &mut Filter<'_>) -> io::Result<Ended> {
    let (signal, waker) = UnixStream::pair()?;
    let again = Arc::new(AtomicBool::new(false));
    for number in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT, signal_hook::consts::SIGHUP] {
        // The second one ends the program at once, also while it waits for who reads.
        signal_hook::flag::register_conditional_default(number, Arc::clone(&again))?;
        signal_hook::flag::register(number, Arc::clone(&again))?;
        signal_hook::low_level::pipe::register(number, waker.try_clone()?)?;
    }
    let (input, output) = (io::stdin(), io::stdout());
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(&input, PIPE);
    let mut wait = Wait { input: input.as_fd(), output: output.as_fd(), signal: signal.as_fd(), ending: None, quiet: false };
    let mut write = |bytes: &[u8]| write_all(output.as_fd(), bytes);
    loop {
        let (when, ended) = match wait.next(filter.holds())? {
            Next::Read => match rustix::io::read(input.as_fd(), filter.space()) {
                Ok(0) => (When::End, Some(Ended::Input)),
                Ok(n) => {
                    filter.filled(n);
                    (When::Data, None)
                }
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(e) => (When::End, Some(Ended::Read(e.into()))),
            },
            Next::Silence => (When::Silence, None),
            Next::End => (When::End, Some(Ended::Signal)),
            Next::Signal => {
                wait.ending = Some(Instant::now());
                continue;
            }
            Next::Reader => return Ok(Ended::Reader),
        };
        wait.quiet = when == When::Silence;
        match filter.run(when, &mut write) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(Ended::Reader),
            Err(e) => return Ok(Ended::Write(e)),
        }
        if let Some(ended) = ended {
            return Ok(ended);
        }
    }
}

struct Wait<'f> {
    input: BorrowedFd<'f>,
    output: BorrowedFd<'f>,
    signal: BorrowedFd<'f>,
    /// When a signal came.
    ending: Option<Instant>,
    /// What silence lets go has gone.
    quiet: bool,
}

impl Wait<'_> {
    fn next(&self, holds: bool) -> io::Result<Next> {
        let mut fds = [
            PollFd::from_borrowed_fd(self.input, PollFlags::IN),
            PollFd::from_borrowed_fd(self.output, PollFlags::empty()),
            PollFd::from_borrowed_fd(self.signal, PollFlags::IN),
        ];
        if self.ending.is_some_and(|since| since.elapsed() > LONGEST) {
            return Ok(Next::End);
        }
        let fds = if self.ending.is_some() { &mut fds[..2] } else { &mut fds[..] };
        let timeout = if holds && !self.quiet {
            Some(&SILENCE)
        } else if self.ending.is_some() {
            Some(&PATIENCE)
        } else {
            None
        };
        let ready = loop {
            match poll(fds, timeout) {
                Err(Errno::INTR) => {}
                other => break other?,
            }
        };
        let is = |at: usize, flags: PollFlags| fds.get(at).is_some_and(|fd| fd.revents().intersects(flags));
        // A pipe that nobody reads is in error; a socket or a terminal whose other end is closed hung up.
        Ok(if is(1, PollFlags::ERR | PollFlags::HUP) {
            Next::Reader
        } else if is(2, PollFlags::IN) {
            Next::Signal
        } else if ready > 0 {
            Next::Read
        } else if holds && !self.quiet {
            Next::Silence
        } else {
            Next::End
        })
    }
}

/// Writes all of it, waiting where the other end is slow.
fn write_all(output: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::io::write(output, rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => rest = &rest[n..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => drop(poll(&mut [PollFd::from_borrowed_fd(output, PollFlags::OUT)], None)),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}
