//! Runs a program for a while, and keeps what it says.
//!
//! It must not judge, nor print. Start with [`run`]. What it says goes to files and not through pipes: a child that it leaves behind would
//! hold a pipe open for ever.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// What of the words of a program is kept.
const MOST: u64 = 4 << 20;

/// What came of a program.
#[derive(Debug)]
pub(super) struct Ran {
    /// How it ended; none if it was stopped, by the time or by a signal.
    pub(super) code: Option<i32>,
    /// Was the time over?
    pub(super) is_late: bool,
    pub(super) out: Vec<u8>,
    pub(super) err: Vec<u8>,
}

impl Ran {
    pub(super) fn passed(&self) -> bool {
        self.code == Some(0)
    }

    /// All that it said.
    pub(super) fn text(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(&self.err), String::from_utf8_lossy(&self.out))
    }

    /// How it ended, in words.
    pub(super) fn end(&self) -> String {
        match self.code {
            _ if self.is_late => "did not end in time (--timeout)".to_owned(),
            Some(code) => format!("ended with {code}"),
            None => "was stopped by a signal".to_owned(),
        }
    }
}

/// Runs it in a process group of its own, which ends when it does or when the time is over. `folder` is for its words.
pub(super) fn run(command: &mut Command, input: &[u8], (folder, limit): (&Path, Duration)) -> io::Result<Ran> {
    let at = |name: &str| folder.join(name);
    fs::write(at("stdin"), input)?;
    command.stdin(File::open(at("stdin"))?);
    command.stdout(Stdio::from(File::create(at("stdout"))?)).stderr(Stdio::from(File::create(at("stderr"))?));
    let mut child = command.process_group(0).spawn()?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let stop = || group.is_none_or(|group| kill_process_group(group, Signal::KILL).is_ok());
    let (sender, ended) = mpsc::channel();
    let waiting = thread::spawn(move || drop(sender.send(child.wait())));
    let (status, is_late) = match ended.recv_timeout(limit) {
        Ok(status) => (status, false),
        Err(_) => {
            stop();
            let gone = || io::Error::other("the thread that waits is gone");
            (ended.recv().map_err(|_| gone()).flatten(), true)
        }
    };
    // What it left behind would go on in a folder that is about to go.
    stop();
    drop(waiting.join());
    let code = if is_late { None } else { status?.code() };
    Ok(Ran { code, is_late, out: read(&at("stdout"))?, err: read(&at("stderr"))? })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}
