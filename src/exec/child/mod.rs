//! Programs that are given secrets, and whose output passes the filter.
//!
//! It must not know where values come from, nor print. Start with [`Run::filtered`], or [`Run::replace`], after which the program has our place
//! and nothing stands between it and the terminal.
//!
//! - Where both standard input and output are terminals, the program gets a terminal of its own, in a session of its own, with a process
//!   between that lets it be stopped (`sys::session`); keys are passed on as they are, so that Ctrl-C and Ctrl-Z mean what they mean.
//! - Otherwise it stays in our process group, its input is ours, and its output goes through a pipe each, or a terminal that is for
//!   output alone where there was one. What it writes to `/dev/tty` then is not filtered.
//! - Standard output and error that are the same file share a pipe: what is said first comes first.

mod deliver;
mod pump;
mod signals;
mod streams;
mod sys;
mod terminal;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use super::environment::Resolved;
use crate::scan::engine::{Engine, EngineError};
use crate::scan::filter::{Counts, Options};
use crate::scan::known::KnownSecrets;
use deliver::{Delivered, Stay};
pub use pump::StreamEnd;

/// A program, and what it gets.
#[derive(Debug)]
pub struct Run<'r> {
    /// Its name, which is looked for in the search path that its environment names, or its path.
    pub program: &'r OsStr,
    /// What stands behind it. No value of a secret belongs here.
    pub arguments: &'r [OsString],
    /// Its variables, all of them.
    pub environment: Resolved,
    /// The largest core file that it may leave, in bytes; `None` is what we may.
    pub core: Option<u64>,
    /// How long its output is waited for when it has ended.
    pub grace: Grace,
}

/// How long the output of what a program left running is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Grace {
    /// So long, whatever comes.
    pub wait: Duration,
    /// Then up to the first silence of this length,
    pub silence: Duration,
    /// but no longer than this.
    pub longest: Duration,
}

impl Default for Grace {
    fn default() -> Self {
        Self { wait: Duration::from_secs(5), silence: Duration::from_secs(1), longest: Duration::from_secs(5) }
    }
}

/// What makes a filter. Both are called when the program has been started, so that it need not wait for them.
#[derive(Clone)]
pub struct Filtering<'f> {
    /// What finds secrets. It is made beside the program, and may still be made when one that says nothing has ended.
    pub engine: Arc<dyn Fn() -> Result<Engine, EngineError> + Send + Sync>,
    /// What becomes of them, for each stream.
    pub options: &'f (dyn Fn() -> Options + Sync),
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// With a code.
    Code(u8),
    /// By a signal.
    Signal(i32),
}

/// What became of a run.
#[derive(Debug)]
pub struct Ended {
    /// How the program ended.
    pub status: Status,
    /// What was done to its output, standard output first; what shares a stream is told once.
    pub streams: Vec<(Counts, StreamEnd)>,
    /// Values too short to be looked for in its output, by their references.
    pub short: Vec<String>,
}

/// A program was not run, or its output not filtered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such program.
    #[error("there is no program `{0}`")]
    NotFound(String),
    /// It cannot be executed.
    #[error("`{program}` cannot be executed")]
    NotExecutable {
        /// Its name, as it may be shown.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// Values could not be put where the program finds them.
    #[error("the values cannot be handed over")]
    Deliver(#[source] io::Error),
    /// The system has no pipes, terminals or signals left.
    #[error("the program's output cannot be filtered: it was not started")]
    System(#[from] io::Error),
    /// There is no filter; the program was ended.
    #[error("the program's output cannot be filtered: it was ended")]
    Engine(#[source] Arc<EngineError>),
}

impl Error {
    /// The code that shells end with: 127 if a program is not there, 126 if it cannot be executed, and 125 if it was not its fault.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound(_) => 127,
            Self::NotExecutable { .. } => 126,
            _ => 125,
        }
    }
}

impl Status {
    /// The code that shells say: that of the program, or 128 and the number of the signal.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128_u8.wrapping_add(signal as u8),
        }
    }

    /// Ends this process as the program ended if that was by a signal, so that whoever waits sees it. To be called last: nothing is dropped.
    /// Gives the code to end with otherwise.
    #[must_use]
    pub fn mirror(self) -> u8 {
        if let Self::Signal(signal) = self {
            sys::die_by(signal);
        }
        self.exit_code()
    }

    fn of(status: ExitStatus) -> Self {
        match status.signal() {
            Some(signal) => Self::Signal(signal),
            None => Self::Code(status.code().unwrap_or(0) as u8),
        }
    }
}

impl Ended {
    /// Was all that the program said passed on, or refused by who should read it, and judged?
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let whole = |end: &StreamEnd| matches!(end, StreamEnd::Whole | StreamEnd::Reader | StreamEnd::LeftOpen);
        self.streams.iter().all(|(counts, end)| counts.unjudged == 0 && whole(end))
    }

    /// Were secrets in its output?
    #[must_use]
    pub fn replaced(&self) -> u64 {
        self.streams.iter().flat_map(|(counts, _)| counts.replaced.values()).sum()
    }
}

impl Run<'_> {
    /// Runs the program and filters what it says: for what `filtering` finds, and for the values it was given, in any form.
    ///
    /// # Errors
    /// If it was not run. How it ended is no error.
    pub fn filtered(mut self, filtering: Filtering<'_>) -> Result<Ended, Error> {
        let secrets = std::mem::take(&mut self.environment.secrets);
        let (known, short) = KnownSecrets::of_values(secrets.iter().map(|(name, secret)| (name.as_str(), secret)));
        drop(secrets);
        let (mut command, delivered) = self.command(Stay::Beside)?;
        let streams = streams::Streams::new(&mut command)?;
        let signals = signals::Signals::new()?;
        sys::prepare(&mut command, delivered.setup(self.core, streams.is_session()));
        let child = command.spawn().map_err(|e| self.not_run(e))?;
        // They are the program's alone now: what holds them here would keep its streams open.
        drop(command);
        drop(std::mem::take(&mut self.environment.bound));
        let (status, streams) = streams.watch(child.id(), &signals, &(filtering, &known, self.grace), &|| delivered.clear())?;
        drop(delivered);
        Ok(Ended { status: Status::of(status), streams, short })
    }

    /// Runs the program in our place: its output is not filtered. Returns if it was not run. Files of secrets are in memory that only the
    /// program holds.
    #[must_use]
    pub fn replace(self) -> Error {
        match self.command(Stay::Replaced) {
            Ok((mut command, delivered)) => {
                sys::prepare(&mut command, delivered.setup(self.core, false));
                let error = command.exec();
                self.not_run(error)
            }
            Err(error) => error,
        }
    }

    fn command(&self, stay: Stay) -> Result<(Command, Delivered), Error> {
        let mut command = Command::new(self.program);
        command.args(self.arguments);
        let delivered = Delivered::new(&self.environment, &mut command, stay).map_err(Error::Deliver)?;
        Ok((command, delivered))
    }

    fn not_run(&self, error: io::Error) -> Error {
        let program = crate::base::text::sanitise(self.program.as_encoded_bytes()).into_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Error::NotFound(program),
            _ => Error::NotExecutable { program, source: error },
        }
    }
}
