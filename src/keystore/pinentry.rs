//! Asks for a passphrase through a pinentry program, so that it is typed where the desktop, or GnuPG's user, is used to it.
//!
//! It must not know what the passphrase opens, nor choose the program. Start with [`Pinentry::ask`]. The protocol is Assuan: lines to and from
//! a child process. The answer goes byte by byte into locked memory and nowhere else.

use std::ffi::OsString;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use zeroize::Zeroize as _;

use super::Error;
use super::base::arena::{Arena, Locked};
use super::base::crypto::same;
use super::base::text::sanitise;

/// Longest line of the protocol, without its end.
pub const LINE: usize = 1000;
/// Longest passphrase.
pub const LONGEST: usize = 1000;
/// Lines before an answer is none.
const MOST_LINES: usize = 1000;
/// Seconds beyond its own limit until the program is ended.
const GRACE: u64 = 3;
/// Codes of libgpg-error; above these 16 bits stands who says it.
const CANCELLED: [u32; 3] = [99, 114, 198];
const TIMED_OUT: u32 = 62;

/// A program that asks.
#[derive(Clone)]
pub struct Pinentry {
    /// Where it is.
    pub program: PathBuf,
    /// All that its environment holds, such as `DISPLAY`, `WAYLAND_DISPLAY`, `TERM`.
    pub environment: Vec<(OsString, OsString)>,
    /// `ttyname`, `ttytype`, `lc-ctype` and others. One that the program does not know does not matter.
    pub options: Vec<(String, String)>,
    /// How long a person may take.
    pub seconds: u64,
}

/// What the person sees.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dialog<'a> {
    /// Of the window.
    pub title: &'a str,
    /// What it is for; may have several lines.
    pub description: &'a str,
    /// Before the field.
    pub prompt: &'a str,
    /// What was wrong the last time.
    pub error: Option<&'a str>,
}

/// How the other side closed an exchange.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// It did what it was told.
    Ok,
    /// It did not.
    Err {
        /// Of libgpg-error, without who says it.
        code: u32,
        /// Safe to show.
        words: String,
    },
}

impl std::fmt::Debug for Pinentry {
    /// Without its environment, which may hold anything.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pinentry({})", self.program.display())
    }
}

impl Pinentry {
    /// The passphrase that a person types; at most [`LONGEST`] bytes, and not empty.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if they give none; [`Error::CannotAsk`].
    pub fn ask(&self, arena: &Arena, dialog: &Dialog<'_>) -> Result<Locked, Error> {
        let mut talk = Talk::begin(self, arena)?;
        talk.show(dialog)?;
        talk.get_pin(arena)
    }

    /// The same, typed twice: `again` is shown the second time. `None` if the two differ.
    ///
    /// # Errors
    /// As [`Pinentry::ask`].
    pub fn ask_twice(&self, arena: &Arena, dialog: &Dialog<'_>, again: &Dialog<'_>) -> Result<Option<Locked>, Error> {
        let mut talk = Talk::begin(self, arena)?;
        talk.show(dialog)?;
        let first = talk.get_pin(arena)?;
        talk.show(again)?;
        let second = talk.get_pin(arena)?;
        Ok(same(first.bytes(), second.bytes()).then_some(first))
    }

    /// Whether a person says yes.
    ///
    /// # Errors
    /// [`Error::CannotAsk`].
    pub fn confirm(&self, arena: &Arena, dialog: &Dialog<'_>) -> Result<bool, Error> {
        let mut talk = Talk::begin(self, arena)?;
        talk.show(dialog)?;
        match talk.say("CONFIRM", "")? {
            Reply::Ok => Ok(true),
            Reply::Err { code, .. } if CANCELLED.contains(&code) => Ok(false),
            Reply::Err { words, .. } => Err(talk.broken(words)),
        }
    }
}

/// A running program.
struct Talk<'a> {
    program: &'a Path,
    child: Child,
    input: Option<ChildStdin>,
    output: Limited,
    line: Locked,
}

impl<'a> Talk<'a> {
    fn begin(pinentry: &'a Pinentry, arena: &Arena) -> Result<Self, Error> {
        let program = &pinentry.program;
        let cannot = |e: io::Error| Error::CannotAsk { program: program.clone(), why: e.to_string() };
        let mut command = Command::new(program);
        command.env_clear().envs(pinentry.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(cannot)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = output.ok_or_else(|| cannot(io::ErrorKind::BrokenPipe.into()))?;
        let until = Instant::now() + Duration::from_secs(pinentry.seconds + GRACE);
        let mut talk = Self { program, child, input, output: Limited { output, until }, line: arena.buffer(LINE)? };
        match talk.reply(None)? {
            Reply::Ok => {}
            Reply::Err { words, .. } => return Err(talk.broken(words)),
        }
        talk.say("SETTIMEOUT", &pinentry.seconds.to_string())?;
        for (name, value) in &pinentry.options {
            talk.say("OPTION", &format!("{name}={value}"))?;
        }
        Ok(talk)
    }

    fn show(&mut self, dialog: &Dialog<'_>) -> Result<(), Error> {
        let texts = [("SETTITLE", dialog.title), ("SETDESC", dialog.description), ("SETPROMPT", dialog.prompt)];
        for (command, text) in texts.into_iter().chain(dialog.error.map(|text| ("SETERROR", text))) {
            self.say(command, text)?;
        }
        Ok(())
    }

    fn get_pin(&mut self, arena: &Arena) -> Result<Locked, Error> {
        let mut answer = arena.buffer(LONGEST)?;
        self.send("GETPIN", "")?;
        match self.reply(Some(&mut answer))? {
            Reply::Ok if answer.bytes().is_empty() => Err(Error::Cancelled),
            Reply::Ok => Ok(answer),
            Reply::Err { code, .. } if CANCELLED.contains(&code) => Err(Error::Cancelled),
            Reply::Err { code: TIMED_OUT, .. } => Err(self.broken("nobody answered in time".to_owned())),
            Reply::Err { words, .. } => Err(self.broken(words)),
        }
    }

    fn say(&mut self, command: &str, text: &str) -> Result<Reply, Error> {
        self.send(command, text)?;
        self.reply(None)
    }

    fn send(&mut self, command: &str, text: &str) -> Result<(), Error> {
        let line = format!("{command} {}", escaped(text));
        let sent = match &mut self.input {
            Some(input) => input.write_all(format!("{}\n", line.trim_end()).as_bytes()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        sent.map_err(|e| self.failed(&e))
    }

    fn reply(&mut self, answer: Option<&mut Locked>) -> Result<Reply, Error> {
        reply(&mut self.output, &mut self.line, answer).map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &io::Error) -> Error {
        self.broken(match error.kind() {
            io::ErrorKind::TimedOut => "nobody answered in time".to_owned(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => "it ended before it answered".to_owned(),
            io::ErrorKind::FileTooLarge => "the passphrase is too long".to_owned(),
            _ => error.to_string(),
        })
    }

    fn broken(&self, why: String) -> Error {
        Error::CannotAsk { program: self.program.to_owned(), why }
    }
}

impl Drop for Talk<'_> {
    /// It is told to end, and is ended if it does not: a program that goes away by itself leaves the terminal as it was.
    fn drop(&mut self) {
        if let Some(mut input) = self.input.take() {
            drop(input.write_all(b"BYE\n"));
        }
        self.output.until = Instant::now() + Duration::from_secs(1);
        let mut rest = [0; 64];
        while self.output.read(&mut rest).is_ok_and(|read| read > 0) {}
        rest.zeroize();
        // Both fail only if it is gone.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a child writes, up to a time.
struct Limited {
    output: ChildStdout,
    until: Instant,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        let limit = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let mut polled = [PollFd::new(&self.output, PollFlags::IN)];
        match poll(&mut polled, Some(&limit)) {
            Ok(0) => Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => self.output.read(buffer),
            Err(error) => Err(error.into()),
        }
    }
}

/// Reads lines up to the one that closes an exchange; what is sent as data goes decoded into `answer`. `line` has room for one line.
///
/// # Errors
/// What `source` says; [`io::ErrorKind::InvalidData`] for what is no line of the protocol, [`io::ErrorKind::FileTooLarge`] if the answer is too
/// long. No error holds a part of the answer.
pub fn reply(source: &mut dyn Read, line: &mut Locked, mut answer: Option<&mut Locked>) -> io::Result<Reply> {
    for _ in 0..MOST_LINES {
        read_line(source, line)?;
        let bytes = line.bytes();
        let (word, rest) = match bytes.iter().position(|byte| *byte == b' ') {
            Some(at) => (&bytes[..at], &bytes[at + 1..]),
            None => (bytes, &bytes[bytes.len()..]),
        };
        match word {
            b"OK" => return Ok(Reply::Ok),
            b"ERR" => return Ok(refusal(rest)),
            b"D" => decode(rest, answer.as_deref_mut().ok_or(io::ErrorKind::InvalidData)?)?,
            // What the other side tells along the way.
            b"S" => {}
            _ if word.first() == Some(&b'#') => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// A byte at a time: what is behind the line stays where it is, and no other buffer sees it.
fn read_line(source: &mut dyn Read, line: &mut Locked) -> io::Result<()> {
    line.truncate(0);
    let mut byte = [0];
    loop {
        match source.read(&mut byte) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) if byte[0] == b'\n' => return Ok(()),
            Ok(_) => line.push(&byte).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
        byte.zeroize();
    }
}

fn decode(text: &[u8], into: &mut Locked) -> io::Result<()> {
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        let mut byte = [*first];
        rest = behind;
        if *first == b'%' {
            let digit = |at: usize| behind.get(at).and_then(|byte| char::from(*byte).to_digit(16));
            let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(io::ErrorKind::InvalidData.into()) };
            byte[0] = (high << 4 | low) as u8;
            rest = &behind[2..];
        }
        let pushed = into.push(&byte);
        byte.zeroize();
        pushed.map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    }
    Ok(())
}

fn refusal(rest: &[u8]) -> Reply {
    let text = sanitise(rest);
    let (code, words) = text.split_once(' ').unwrap_or((&text, "no reason given"));
    Reply::Err { code: code.parse::<u32>().unwrap_or(0) & 0xffff, words: words.to_owned() }
}

/// For a line that is sent: signs that would end it, and lines that would be too long.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for sign in text.chars().take(LINE / 4) {
        match sign {
            '%' | '\n' | '\r' => out.push_str(&format!("%{:02X}", u32::from(sign))),
            '\0' => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::base::arena::Arena;
    use super::{LINE, LONGEST, Reply, escaped, reply};

    #[test]
    fn lines_are_read() {
        let check = |text: &str, expected: Result<(Reply, &str), io::ErrorKind>| {
            let arena = Arena::new();
            let (mut line, mut answer) = (arena.buffer(LINE).unwrap(), arena.buffer(LONGEST).unwrap());
            let found = reply(&mut text.as_bytes(), &mut line, Some(&mut answer)).map_err(|e| e.kind());
            let found = found.map(|reply| (reply, std::str::from_utf8(answer.bytes()).unwrap().to_owned()));
            assert_eq!(found, expected.map(|(reply, text)| (reply, text.to_owned())), "{text:?}");
        };
        let refused = |code, words: &str| Reply::Err { code, words: words.to_owned() };
        check("OK Pleased to meet you\n", Ok((Reply::Ok, "")));
        check("D made%20up\nOK\n", Ok((Reply::Ok, "made up")));
        check("# talk\nS PASSWORD_FROM_CACHE\nD 100%25\nD %0a\u{e9}\nOK\nD more\n", Ok((Reply::Ok, "100%\n\u{e9}")));
        check("ERR 83886179 Operation cancelled <Pinentry>\n", Ok((refused(99, "Operation cancelled <Pinentry>"), "")));
        check("ERR 1 \u{1b}[31m\n", Ok((refused(1, "\\x1b[31m"), "")));
        check("ERR x\nOK\n", Ok((refused(0, "no reason given"), "")));
        check("OK", Err(io::ErrorKind::UnexpectedEof));
        check("", Err(io::ErrorKind::UnexpectedEof));
        check("D 1%2\nOK\n", Err(io::ErrorKind::InvalidData));
        check("D %zz\nOK\n", Err(io::ErrorKind::InvalidData));
        check("INQUIRE QUALITY 3\n", Err(io::ErrorKind::InvalidData));
        check(&format!("{}\n", "x".repeat(LINE + 1)), Err(io::ErrorKind::InvalidData));
        check(&format!("D {}\nD {}\nOK\n", "x".repeat(900), "x".repeat(101)), Err(io::ErrorKind::FileTooLarge));
        check(&"S\n".repeat(2000), Err(io::ErrorKind::InvalidData));
    }

    #[test]
    fn data_that_was_not_asked_for_is_refused() {
        let mut line = Arena::new().buffer(LINE).unwrap();
        assert_eq!(reply(&mut &b"D x\nOK\n"[..], &mut line, None).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn what_is_sent_is_one_line() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check("two\nlines, 100%", "two%0Alines, 100%25");
        check("a\0\r", "a%0D");
        check(&"\u{e9}".repeat(500), &"\u{e9}".repeat(LINE / 4));
    }
}
