//! The streams of a program while it runs, and its job: output through filters, keys to its terminal, signals both ways.
//!
//! It must not start the program. Start with [`Streams::new`] before it is started, and [`Streams::watch`] behind.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, OnceLock};
use std::thread::{Scope, ScopedJoinHandle};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::stdio::{stderr, stdin, stdout};

use super::pump::{ENDED, From, HURRY, StreamEnd, pump, type_in};
use super::signals::{Sender, Signals};
use super::terminal::{Purpose, Real, is_terminal, open, resize};
use super::{Error, Filtering, Grace, sys};
use crate::scan::engine::{Engine, EngineError};
use crate::scan::filter::{Counts, Filter};
use crate::scan::known::KnownSecrets;

/// Bytes a pipe may hold, if the system lets us: fewer switches between who writes and who reads.
#[cfg(target_os = "linux")]
const PIPE: usize = 256 * 1024;

/// Our ends of a program's streams.
pub(super) struct Streams {
    sources: Vec<Source>,
    /// The terminal of its session.
    session: Option<OwnedFd>,
    /// Terminals for output, with the real ones.
    outputs: Vec<(OwnedFd, BorrowedFd<'static>)>,
}

/// Output, and where it goes.
struct Source {
    file: OwnedFd,
    from: From,
    to: BorrowedFd<'static>,
}

type Filters<'f> = (Filtering<'f>, &'f KnownSecrets, Grace);
/// Removes what must not stay when there is no orderly end.
type Abandon<'a> = &'a dyn Fn();
/// One engine for all streams, made beside the program.
type Engines = OnceLock<Result<Engine, Arc<EngineError>>>;

impl Streams {
    /// Gives `command` its streams.
    pub(super) fn new(command: &mut Command) -> io::Result<Self> {
        let mut made = Self { sources: Vec::new(), session: None, outputs: Vec::new() };
        let (out, err) = (stdout(), stderr());
        let theirs;
        if is_terminal(stdin()) && is_terminal(out) {
            let (ours, its) = open(stdin(), Purpose::Session)?;
            command.stdin(its.try_clone()?).stdout(its.try_clone()?);
            made.sources.push(Source { file: fcntl_dupfd_cloexec(&ours, 3)?, from: From::Terminal, to: out });
            made.session = Some(ours);
            theirs = Some(its);
        } else {
            let its = made.source(out)?;
            command.stdout(its.try_clone()?);
            theirs = is_same(out, err).then_some(its);
        }
        let is_shared = theirs.is_some() && (made.session.is_none() || is_terminal(err));
        let its = match theirs {
            Some(its) if is_shared => its,
            _ => made.source(err)?,
        };
        command.stderr(its);
        Ok(made)
    }

    /// A pipe or terminal for what goes to `to`: the program's end.
    fn source(&mut self, to: BorrowedFd<'static>) -> io::Result<OwnedFd> {
        if is_terminal(to) {
            let (ours, its) = open(to, Purpose::Output)?;
            self.sources.push(Source { file: fcntl_dupfd_cloexec(&ours, 3)?, from: From::Terminal, to });
            self.outputs.push((ours, to));
            return Ok(its);
        }
        let (file, its) = pipe_with(PipeFlags::CLOEXEC)?;
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&file, PIPE);
        self.sources.push(Source { file, from: From::Pipe, to });
        Ok(its)
    }

    pub(super) fn is_session(&self) -> bool {
        self.session.is_some()
    }

    /// Lets output pass until the program has ended and no more comes.
    pub(super) fn watch(
        mut self,
        id: u32,
        signals: &Signals,
        with: &Filters<'_>,
        abandon: Abandon<'_>,
    ) -> Result<(ExitStatus, Vec<(Counts, StreamEnd)>), Error> {
        let pid = Pid::from_raw(id as i32).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let engines = prepare_engine(&with.0);
        let sources = std::mem::take(&mut self.sources);
        let session = self.session.take();
        let real = if session.is_some() { Some(Real::new(stdin())?) } else { None };
        let outputs = &self.outputs[..];
        let mut job =
            Job { pid, signals, session: session.as_ref(), outputs, real, tells: Vec::new(), engines: &engines, abandon };
        let (status, streams) = std::thread::scope(|scope| -> io::Result<_> {
            let (done, is_done) = UnixStream::pair()?;
            let mut pumps = Vec::new();
            for source in sources {
                pumps.push(start(scope, source, job.told()?, (with.clone(), &*engines, done.try_clone()?)));
            }
            drop(done);
            if let Some(terminal) = job.session {
                let told = job.told()?;
                scope.spawn(move || {
                    sys::block_signals();
                    type_in(stdin(), terminal.as_fd(), told.as_fd());
                });
            }
            let watched = job.run(&is_done);
            let streams =
                pumps.into_iter().map(|pump| pump.join().unwrap_or((Counts::default(), StreamEnd::Failed(None)))).collect();
            Ok((watched?, streams))
        })?;
        drop(job);
        match engines.get() {
            Some(Err(error)) => Err(Error::Engine(Arc::clone(error))),
            _ => Ok((status, streams)),
        }
    }
}

fn start<'s>(
    scope: &'s Scope<'s, '_>,
    source: Source,
    told: UnixStream,
    ((filtering, known, grace), engines, done): (Filters<'s>, &'s Engines, UnixStream),
) -> ScopedJoinHandle<'s, (Counts, StreamEnd)> {
    scope.spawn(move || {
        sys::block_signals();
        // Dropped at the end, also by a panic.
        let _done = done;
        if !has_output(&source.file, &told) {
            return (Counts::default(), StreamEnd::Whole);
        }
        let Ok(engine) = engines.get_or_init(|| made(&filtering)) else {
            return (Counts::default(), StreamEnd::Failed(None));
        };
        let mut filter = Filter::new(engine, (filtering.options)()).knowing(known);
        let end = pump(&mut filter, (source.file, source.from), source.to, told.as_fd(), grace);
        (filter.counts().clone(), end)
    })
}

/// Makes the engine while the program starts. One that says nothing is not kept waiting for it.
fn prepare_engine(filtering: &Filtering<'_>) -> Arc<Engines> {
    let engines = Arc::new(Engines::new());
    let (engine, shared) = (Arc::clone(&filtering.engine), Arc::clone(&engines));
    std::thread::spawn(move || {
        sys::block_signals();
        let _ = shared.get_or_init(|| engine().map_err(Arc::new));
    });
    engines
}

fn made(filtering: &Filtering<'_>) -> Result<Engine, Arc<EngineError>> {
    (filtering.engine)().map_err(Arc::new)
}

/// Waits for output. False if there is none, and never will be.
fn has_output(file: &OwnedFd, told: &UnixStream) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN), PollFd::from_borrowed_fd(told.as_fd(), PollFlags::IN)];
    loop {
        match poll(&mut fds, None) {
            Err(Errno::INTR) => {}
            Err(_) => return true,
            Ok(_) => {
                let (output, end) = (fds[0].revents(), fds[1].revents());
                return output.intersects(PollFlags::IN) || output.is_empty() && !end.is_empty();
            }
        }
    }
}

/// A program as a job.
struct Job<'j> {
    pid: Pid,
    signals: &'j Signals,
    session: Option<&'j OwnedFd>,
    outputs: &'j [(OwnedFd, BorrowedFd<'static>)],
    real: Option<Real<'j>>,
    /// Whom to tell that it has ended.
    tells: Vec<UnixStream>,
    engines: &'j Engines,
    abandon: Abandon<'j>,
}

impl Job<'_> {
    fn told(&mut self) -> io::Result<UnixStream> {
        let (tells, told) = UnixStream::pair()?;
        self.tells.push(tells);
        Ok(told)
    }

    fn tell(&self, what: u8) {
        for to in &self.tells {
            // Whoever has ended need not be told.
            let _ = io::Write::write(&mut &*to, &[what]);
        }
    }

    /// Waits for the program, and then for its output.
    fn run(&mut self, done: &UnixStream) -> io::Result<ExitStatus> {
        let result = self.wait_for_program(done);
        if let Some(real) = &mut self.real {
            real.restore_keys();
        }
        self.tell(ENDED);
        let status = result?;
        let mut asked = 0;
        while !self.ready(done)? {
            for (signal, _) in self.signals.take()? {
                if [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT].contains(&signal) {
                    asked += 1;
                    self.tell(HURRY);
                }
                // What reads our output may never go on.
                if asked > 1 {
                    (self.abandon)();
                    sys::die_by(signal);
                }
            }
        }
        Ok(status)
    }

    /// Waits for signals, or the end of all output, of which it tells.
    fn ready(&self, done: &UnixStream) -> io::Result<bool> {
        let mut fds =
            [PollFd::from_borrowed_fd(self.signals.file(), PollFlags::IN), PollFd::from_borrowed_fd(done.as_fd(), PollFlags::IN)];
        match poll(&mut fds, None) {
            Err(Errno::INTR) => Ok(false),
            Err(e) => Err(e.into()),
            Ok(_) => Ok(!fds[1].revents().is_empty()),
        }
    }

    fn wait_for_program(&mut self, done: &UnixStream) -> io::Result<ExitStatus> {
        self.resume()?;
        let mut is_open = true;
        loop {
            if let Some(status) = self.look()? {
                return Ok(status);
            }
            if is_open {
                is_open = !self.ready(done)?;
                if !is_open && matches!(self.engines.get(), Some(Err(_))) {
                    self.send(libc::SIGTERM);
                }
            } else {
                let _ = poll(&mut [PollFd::from_borrowed_fd(self.signals.file(), PollFlags::IN)], None);
            }
            for (signal, sender) in self.signals.take()? {
                self.handle(signal, sender)?;
            }
        }
    }

    /// How the program has ended; stops with it.
    fn look(&mut self) -> io::Result<Option<ExitStatus>> {
        loop {
            match waitpid(Some(self.pid), WaitOptions::NOHANG | WaitOptions::UNTRACED) {
                Ok(None) => return Ok(None),
                Ok(Some((_, status))) if status.stopped() => self.stop()?,
                Ok(Some((_, status))) => return Ok(Some(ExitStatus::from_raw(status.as_raw()))),
                Err(Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn stop(&mut self) -> io::Result<()> {
        match &mut self.real {
            Some(real) => {
                real.restore();
                sys::stop(0);
                self.resume()?;
                self.send(libc::SIGCONT);
            }
            // Whoever stopped it stopped us with it, or stopped it alone: then whoever continues us continues it.
            None => sys::stop(1),
        }
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        if let (Some(real), Some(terminal)) = (&mut self.real, self.session) {
            real.raw()?;
            resize(stdin(), terminal);
        }
        Ok(())
    }

    fn handle(&mut self, signal: libc::c_int, sender: Sender) -> io::Result<()> {
        match signal {
            libc::SIGCHLD => {}
            libc::SIGWINCH => {
                if let Some(terminal) = self.session {
                    resize(stdin(), terminal);
                }
                self.outputs.iter().for_each(|(ours, real)| resize(*real, ours));
            }
            libc::SIGCONT => {
                self.resume()?;
                self.send(signal);
            }
            // In our process group it has got the same.
            _ if sender == Sender::Kernel && self.session.is_none() && signal != libc::SIGALRM => {}
            _ => self.send(signal),
        }
        Ok(())
    }

    fn send(&self, signal: libc::c_int) {
        if let Some(signal) = Signal::from_named_raw(signal) {
            // It may have ended just now.
            let _ = kill_process(self.pid, signal);
        }
    }
}

/// Are both the same open file, or the same terminal?
fn is_same(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> bool {
    let place = |file| rustix::fs::fstat(file).map(|stat| (stat.st_dev, stat.st_ino, stat.st_rdev));
    let (a, b) = (place(one), place(other));
    one.as_raw_fd() != other.as_raw_fd() && a.is_ok() && a.ok() == b.ok()
}
