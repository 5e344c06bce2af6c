//! Reads, waits and writes for a filter between a program and where its output goes: one thread each, so that a reader who is slow holds up
//! only what he reads.
//!
//! It must not look at bytes. Start with [`pump`].

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::Grace;
use super::terminal::is_foreground;
use crate::scan::filter::{Filter, When};

/// After so long without output what a line begins with may go, as far as it is no beginning of a secret.
const SILENCE: Duration = Duration::from_millis(2);
/// In the background it is looked so often whether that is over: nothing tells.
const BACKGROUND: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
/// What a pump is told: the program has ended; nobody waits any longer.
pub(super) const ENDED: u8 = b'e';
pub(super) const HURRY: u8 = b'h';

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    /// There was no more.
    Whole,
    /// What the program left running kept it open, and was no longer waited for.
    LeftOpen,
    /// Nobody read any more.
    Reader,
    /// Reading or writing failed.
    Failed(Option<i32>),
}

/// Where output comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// It is closed when nobody reads what comes of it.
    Pipe,
    /// It is read to its end in any case.
    Terminal,
}

/// Lets the output of a program pass until it ends.
pub(super) fn pump(
    filter: &mut Filter<'_>,
    (input, from): (OwnedFd, From),
    output: BorrowedFd<'_>,
    told: BorrowedFd<'_>,
    grace: Grace,
) -> StreamEnd {
    let mut wait = Wait { told, grace, ended: None, hurry: false, last: Instant::now(), quiet: false };
    let mut gone = false;
    loop {
        let next = match wait.next(input.as_fd(), output, filter.holds(), gone) {
            Ok(next) => next,
            Err(e) => return StreamEnd::Failed(e.raw_os_error()),
        };
        let (when, end) = match next {
            Next::Read => match rustix::io::read(&input, filter.space()) {
                Ok(0) | Err(Errno::IO) => (When::End, Some(StreamEnd::Whole)),
                Ok(n) => {
                    filter.filled(n);
                    (When::Data, None)
                }
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(e) => (When::End, Some(StreamEnd::Failed(Some(e.raw_os_error())))),
            },
            Next::Silence => (When::Silence, None),
            Next::Again => continue,
            Next::End => (When::End, Some(StreamEnd::LeftOpen)),
            Next::Reader if from == From::Pipe => return StreamEnd::Reader,
            Next::Reader => {
                gone = true;
                continue;
            }
        };
        wait.quiet = when == When::Silence;
        let written = filter.run(when, &mut |bytes| if gone { Ok(()) } else { write_all(output, bytes) });
        match written {
            Ok(()) => {}
            Err(e) if from == From::Pipe && e.kind() == io::ErrorKind::BrokenPipe => return StreamEnd::Reader,
            Err(e) if from == From::Pipe => return StreamEnd::Failed(e.raw_os_error()),
            Err(_) => gone = true,
        }
        if let Some(end) = end {
            return if gone { StreamEnd::Reader } else { end };
        }
    }
}

enum Next {
    Read,
    Silence,
    Again,
    End,
    Reader,
}

struct Wait<'w> {
    told: BorrowedFd<'w>,
    grace: Grace,
    /// When the program ended.
    ended: Option<Instant>,
    hurry: bool,
    /// When something came last.
    last: Instant,
    /// What silence lets go has gone.
    quiet: bool,
}

impl Wait<'_> {
    fn next(&mut self, input: BorrowedFd<'_>, output: BorrowedFd<'_>, holds: bool, gone: bool) -> io::Result<Next> {
        let watched = if gone { self.told } else { output };
        let mut fds = [
            PollFd::from_borrowed_fd(input, PollFlags::IN),
            PollFd::from_borrowed_fd(self.told, PollFlags::IN),
            PollFd::from_borrowed_fd(watched, PollFlags::empty()),
        ];
        let left = self.left();
        if left == Some(Duration::ZERO) {
            return Ok(Next::End);
        }
        let is_short = holds && !self.quiet && left.is_none_or(|left| left > SILENCE);
        let timeout = if is_short { Some(SILENCE) } else { left };
        let timeout = timeout.map(|time| Timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) });
        let ready = match poll(&mut fds, timeout.as_ref()) {
            Err(Errno::INTR) => return Ok(Next::Again),
            other => other?,
        };
        let is = |at: usize, flags: PollFlags| fds[at].revents().intersects(flags);
        if !gone && is(2, PollFlags::ERR) {
            return Ok(Next::Reader);
        }
        if is(1, PollFlags::IN) {
            let mut byte = [0];
            let _ = rustix::io::read(self.told, &mut byte)?;
            self.hurry |= byte[0] == HURRY;
            self.ended = self.ended.or(Some(Instant::now()));
            return Ok(Next::Again);
        }
        if ready > 0 {
            self.last = Instant::now();
            return Ok(Next::Read);
        }
        Ok(if is_short { Next::Silence } else { Next::Again })
    }

    /// How long it may still be waited for output; `None` if there is no end to it.
    fn left(&self) -> Option<Duration> {
        let ended = self.ended?;
        if self.hurry {
            return Some(Duration::ZERO);
        }
        let (since, silent) = (ended.elapsed(), self.last.elapsed());
        let Some(over) = since.checked_sub(self.grace.wait) else { return Some(self.grace.wait.saturating_sub(since)) };
        let quiet = self.grace.silence.saturating_sub(silent.min(over));
        Some(quiet.min(self.grace.longest.saturating_sub(over)))
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

/// Gives what is typed to the terminal of a program, until told that it has ended. In the background what is typed is for others.
pub(super) fn type_in(input: BorrowedFd<'_>, terminal: BorrowedFd<'_>, told: BorrowedFd<'_>) {
    let mut buffer = Zeroizing::new([0_u8; 4096]);
    let (mut from, mut to) = (0, 0);
    loop {
        let is_ours = from < to || is_foreground(input);
        let (source, flags) = if from < to { (terminal, PollFlags::OUT) } else { (input, PollFlags::IN) };
        let mut fds = [PollFd::from_borrowed_fd(told, PollFlags::IN), PollFd::from_borrowed_fd(source, flags)];
        let (watched, timeout) = if is_ours { (&mut fds[..], None) } else { (&mut fds[..1], Some(&BACKGROUND)) };
        match poll(watched, timeout) {
            Err(Errno::INTR) => continue,
            Err(_) => return,
            Ok(_) if !fds[0].revents().is_empty() => return,
            // While it was waited for, another job may have come to the foreground.
            Ok(_) if !is_ours || from == to && !is_foreground(input) => continue,
            Ok(_) => {}
        }
        let done = if from < to {
            rustix::io::write(terminal, &buffer[from..to]).inspect(|n| from += n)
        } else {
            let read = rustix::io::read(input, &mut buffer[..]);
            (from, to) = (0, read.unwrap_or(0));
            read
        };
        match done {
            Ok(0) => return,
            Ok(_) | Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => return,
        }
    }
}
