//! Asks people for passphrases and values, and for a yes. What they type goes into locked memory and nowhere else.
//!
//! It must not know what the answer is for. Start with [`Asker`].

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::super::args::vault::Asking;
use super::super::exit::hinted;
use crate::base::arena::{Arena, Locked};
use crate::base::crypto::same;
use crate::keystore::pinentry::{Dialog, Pinentry};
use crate::keystore::place::{Ask, Facts, Place, Terminal};

/// Longest passphrase, in bytes.
const PASSPHRASE: usize = 1000;
/// Shorter passphrases are refused when a vault is made.
const SHORTEST: usize = 8;
/// Seconds that a window stays.
const PATIENCE: u64 = 120;

/// Where answers come from in this run.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) arena: Arena,
    passphrase_fd: Option<i32>,
    pinentry: Option<PathBuf>,
    pub(super) place: Place,
}

impl Asker {
    pub(super) fn new(arena: &Arena, asking: &Asking) -> Self {
        Self { arena: arena.clone(), passphrase_fd: asking.passphrase_fd, pinentry: asking.pinentry.clone(), place: place() }
    }

    /// The passphrase of a vault that is there.
    pub(super) fn passphrase(&self) -> anyhow::Result<Locked> {
        if let Some(fd) = self.passphrase_fd {
            return line_of(&self.arena, fd);
        }
        let words = "Passphrase of the stanch vault";
        match self.window() {
            Some(window) => Ok(window.ask(&self.arena, &dialog(words, None))?),
            None => self.typed(&format!("{words}: "), PASSPHRASE),
        }
    }

    /// A new passphrase, typed twice.
    pub(super) fn new_passphrase(&self) -> anyhow::Result<Locked> {
        let words = "New passphrase of the stanch vault";
        let passphrase = if let Some(fd) = self.passphrase_fd {
            line_of(&self.arena, fd)?
        } else if let Some(window) = self.window() {
            let again = dialog("The same passphrase once more", None);
            window.ask_twice(&self.arena, &dialog(words, None), &again)?.ok_or_else(differ)?
        } else {
            let first = self.typed(&format!("{words}: "), PASSPHRASE)?;
            let second = self.typed("The same once more: ", PASSPHRASE)?;
            if !same(first.bytes(), second.bytes()) {
                return Err(differ());
            }
            first
        };
        if passphrase.bytes().len() < SHORTEST {
            return Err(hinted(
                format!("a passphrase has at least {SHORTEST} bytes"),
                "take a few words that are not from a book; nothing else keeps the vault shut",
            ));
        }
        Ok(passphrase)
    }

    /// A value, typed without an echo.
    pub(super) fn value(&self, what: &str, most: usize) -> anyhow::Result<Locked> {
        match self.window() {
            Some(window) => Ok(window.ask(&self.arena, &dialog(what, None))?),
            None => self.typed(&format!("{what}: "), most),
        }
    }

    /// A yes.
    pub(super) fn confirm(question: &str) -> anyhow::Result<bool> {
        let Some(mut terminal) = terminal() else {
            return Err(hinted(format!("{question} There is no terminal to ask on"), "add `--yes`, if that is what you want"));
        };
        write!(terminal, "{question} [y/N] ")?;
        let mut answer = Vec::new();
        let mut byte = [0];
        while terminal.read(&mut byte)? == 1 && byte[0] != b'\n' && answer.len() < 16 {
            answer.push(byte[0].to_ascii_lowercase());
        }
        Ok(matches!(answer.as_slice(), b"y" | b"yes"))
    }

    fn window(&self) -> Option<Pinentry> {
        let asked = self.pinentry.clone();
        let program = asked.or_else(|| (self.place.ask() == Ask::Window).then(|| PathBuf::from("pinentry")))?;
        let tty = rustix::termios::ttyname(io::stderr(), Vec::new()).ok().and_then(|name| name.into_string().ok());
        let options = tty.map(|name| ("ttyname".to_owned(), name)).into_iter();
        let kind = std::env::var("TERM").ok().map(|kind| ("ttytype".to_owned(), kind));
        Some(Pinentry {
            program,
            environment: std::env::vars_os().collect(),
            options: options.chain(kind).collect(),
            seconds: PATIENCE,
        })
    }

    fn typed(&self, prompt: &str, most: usize) -> anyhow::Result<Locked> {
        let Some(terminal) = terminal() else {
            return Err(hinted(
                "there is no terminal to ask on",
                format!("give the passphrase by `--passphrase-fd N`, or: {}", self.place.way_out()),
            ));
        };
        write!(&terminal, "{prompt}")?;
        let mut answer = self.arena.buffer(most)?;
        let silent = Silent::begin(terminal.as_fd())?;
        let read = read_line(&mut &terminal, &mut answer);
        drop(silent);
        writeln!(&terminal)?;
        read?;
        if answer.bytes().is_empty() {
            return Err(anyhow::anyhow!("nothing was typed"));
        }
        Ok(answer)
    }
}

fn differ() -> anyhow::Error {
    anyhow::anyhow!("the two passphrases differ")
}

fn dialog<'a>(description: &'a str, error: Option<&'a str>) -> Dialog<'a> {
    Dialog { title: "stanch", description, prompt: "", error }
}

/// What this process is told of where it runs.
pub(super) fn place() -> Place {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Place::of(&Facts {
        variable: &|name| std::env::var(name).ok(),
        exists: &Path::exists,
        release: &release,
        terminal: if terminal().is_some() { Terminal::There } else { Terminal::None },
    })
}

/// The terminal of this process, whatever its standard streams are.
pub(super) fn terminal() -> Option<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty").ok()
}

/// An open descriptor that a flag names. Where it is read to is kept: the next line of it is for the next question.
#[expect(unsafe_code, reason = "a number on the command line means a descriptor of ours")]
pub(super) fn descriptor(number: i32) -> anyhow::Result<File> {
    let closed = |_| hinted(format!("file descriptor {number} is not open"), format!("open it, as in `{number}<FILE`"));
    if number < 0 {
        return Err(closed(rustix::io::Errno::BADF));
    }
    // SAFETY: it is not closed, and borrowed no longer than this function runs.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let file = rustix::io::fcntl_dupfd_cloexec(borrowed, 3).map_err(closed)?;
    if number > 2 {
        // No program that is started gets it.
        rustix::io::fcntl_setfd(borrowed, rustix::io::FdFlags::CLOEXEC).map_err(closed)?;
    }
    Ok(file.into())
}

fn line_of(arena: &Arena, number: i32) -> anyhow::Result<Locked> {
    let mut file = descriptor(number)?;
    let mut line = arena.buffer(PASSPHRASE)?;
    read_line(&mut file, &mut line)?;
    if line.bytes().is_empty() {
        return Err(anyhow::anyhow!("file descriptor {number} has no passphrase"));
    }
    Ok(line)
}

/// Up to a line feed, byte by byte: what is behind it is not ours.
fn read_line(source: &mut dyn Read, line: &mut Locked) -> anyhow::Result<()> {
    let mut byte = zeroize::Zeroizing::new([0]);
    loop {
        match source.read(&mut *byte) {
            Ok(0) => return Ok(()),
            Ok(_) if byte[0] == b'\n' => return Ok(()),
            Ok(_) => line.push(&*byte).map_err(|_| anyhow::anyhow!("what was typed is too long"))?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Silent<'t>(BorrowedFd<'t>, Termios);

impl<'t> Silent<'t> {
    fn begin(terminal: BorrowedFd<'t>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ECHONL;
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self(terminal, before))
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(self.0, OptionalActions::Now, &self.1);
    }
}
