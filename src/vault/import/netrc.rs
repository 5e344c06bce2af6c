//! `.netrc`, as ftp, curl and git read it: words, some of which say what the next one is.
//!
//! It must not know what a machine is. Start with [`read`]. A machine is one secret with its password as `value`; if it stands there for more
//! than one user, it is called `user@machine`.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::draft::{Collector, Draft};
use super::{Error, Import, Why};

/// What stands between two `machine`s.
#[derive(Default)]
struct Machine {
    line: usize,
    name: String,
    login: String,
    secrets: Vec<(&'static str, Zeroizing<String>)>,
}

/// Reads a file.
pub(super) fn read(text: &str) -> Result<Import, Error> {
    let mut words = Words { text, at: 0, line: 1 };
    let mut machines: Vec<Machine> = Vec::new();
    let mut collector = Collector::default();
    while let Some(word) = words.keyword()? {
        let line = words.line;
        let wrong = |what| Error::Line { line, what };
        match word.as_str() {
            "machine" => machines.push(Machine { line, name: words.value()?.to_string(), ..Machine::default() }),
            "default" => machines.push(Machine { line, name: "default".to_owned(), ..Machine::default() }),
            "macdef" => {
                let name = words.value()?;
                words.skip_macro();
                collector.leave(&name, Some(line), Why::Macro);
            }
            "login" | "user" | "password" | "passwd" | "account" => {
                let machine = machines.last_mut().ok_or(wrong("no machine stands before it"))?;
                let value = words.value()?;
                match word.as_str() {
                    "account" => machine.secrets.push(("account", value)),
                    "login" | "user" => machine.login = value.to_string(),
                    _ => machine.secrets.push(("value", value)),
                }
            }
            _ => return Err(wrong("a word that is none of .netrc's")),
        }
    }
    let mut times: HashMap<&str, usize> = HashMap::new();
    for machine in &machines {
        *times.entry(&machine.name).or_default() += 1;
    }
    for machine in &machines {
        let many = times[machine.name.as_str()] > 1 && !machine.login.is_empty();
        let called = if many { format!("{}@{}", machine.login, machine.name) } else { machine.name.clone() };
        let mut draft = Draft::new(&called, Some(machine.line));
        for (name, value) in &machine.secrets {
            draft.field(name, value.as_bytes());
        }
        draft.tag("user", &machine.login);
        if machine.name != "default" {
            draft.opens(&machine.name);
        }
        collector.add(draft);
    }
    Ok(collector.finish())
}

struct Words<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Words<'_> {
    /// The next word that is not in a comment; `None` at the end.
    fn keyword(&mut self) -> Result<Option<Zeroizing<String>>, Error> {
        self.blanks();
        while self.text[self.at..].starts_with('#') {
            self.at += self.text[self.at..].find('\n').unwrap_or(self.text.len() - self.at);
            self.blanks();
        }
        if self.at == self.text.len() { Ok(None) } else { self.word().map(Some) }
    }

    /// The word that a keyword asks for.
    fn value(&mut self) -> Result<Zeroizing<String>, Error> {
        self.blanks();
        if self.at == self.text.len() {
            return Err(Error::Line { line: self.line, what: "it ends where a value should stand" });
        }
        self.word()
    }

    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_whitespace()).len();
        self.line += rest[..length].bytes().filter(|byte| *byte == b'\n').count();
        self.at += length;
    }

    /// Up to a blank; in double quotes, a backslash takes the next letter as it is, but for the letters n, r and t (as curl does).
    fn word(&mut self) -> Result<Zeroizing<String>, Error> {
        let rest = &self.text[self.at..];
        let Some(quoted) = rest.strip_prefix('"') else {
            let word = rest.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
            self.at += word.len();
            return Ok(Zeroizing::new(word.to_owned()));
        };
        let open = Error::Line { line: self.line, what: "a quote is opened and not closed" };
        let mut out = Zeroizing::new(String::with_capacity(quoted.len().min(4096)));
        let mut letters = quoted.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at += at + 2;
                    let ends =
                        self.text[self.at..].is_empty() || self.text[self.at..].starts_with(|c: char| c.is_ascii_whitespace());
                    let behind = Error::Line { line: self.line, what: "there is something behind the closing quote" };
                    return if ends { Ok(out) } else { Err(behind) };
                }
                '\n' => return Err(open),
                '\\' => match letters.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 'r')) => out.push('\r'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, '\n')) | None => return Err(open),
                    Some((_, other)) => out.push(other),
                },
                other => out.push(other),
            }
        }
        Err(open)
    }

    /// A macro ends at an empty line, or where the file does.
    fn skip_macro(&mut self) {
        let rest = &self.text[self.at..];
        let end = ["\n\n", "\n\r\n"].iter().filter_map(|end| rest.find(end).map(|at| at + end.len())).min();
        let length = end.unwrap_or(rest.len());
        self.line += rest[..length].bytes().filter(|byte| *byte == b'\n').count();
        self.at += length;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{about, left, shown, wrong_line};
    use super::super::{Format, Options, read};

    #[test]
    fn machines() {
        let text = "# mine\nmachine api.example.com login me password mon#key\nmachine other\r\n\tlogin \"a b\"\r\n\tpassword \"x \\\"y\\\\ z\\n\"\r\n\taccount acct\r\n\
            machine none login x\n# password in a comment\nmacdef init\ncd /x\npassword y\n\ndefault login anonymous password guest@x";
        assert_eq!(
            shown(Format::Netrc, text),
            ["api.example.com value=mon#key", "other value=x \"y\\ z\n account=acct", "default value=guest@x"]
        );
        assert_eq!(left(Format::Netrc, text), ["9 init commands for ftp", "7 none holds no secret"]);
        let about = about(Format::Netrc, text);
        assert_eq!(about[0].opens.as_deref(), Some("api.example.com"));
        assert_eq!(about[1].tags, [("user".to_owned(), "a b".to_owned())]);
        assert_eq!(about[2].opens, None);
    }

    #[test]
    fn users_of_one_machine() {
        let text = "machine h login a password 1x machine h login b password 2x machine h password 3x";
        assert_eq!(shown(Format::Netrc, text), ["a@h value=1x", "b@h value=2x", "h value=3x"]);
    }

    #[test]
    fn what_is_none() {
        wrong_line(Format::Netrc, "machine a\nlogin", 2);
        wrong_line(Format::Netrc, "login a", 1);
        wrong_line(Format::Netrc, "machine a\n\nmonkey", 3);
        wrong_line(Format::Netrc, "machine a password \"x", 1);
        wrong_line(Format::Netrc, "machine a password \"x\ny\"", 1);
        wrong_line(Format::Netrc, "machine a password \"x\"y", 1);
        wrong_line(Format::Netrc, "machine a password \"x\\", 1);
        assert!(read(Format::Netrc, b"", Options::default()).unwrap().found.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(all in prop::collection::vec(("[a-z]{1,8}", "[!-~é ]{1,12}", "[!-~é \t\n]{1,12}"), 0..6)) {
            let quote = |value: &str| {
                let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                format!("\"{escaped}\"")
            };
            let mut text = String::new();
            for (host, user, password) in &all {
                text += &format!("machine {host}\n  login {} password {}\n", quote(user), quote(password));
            }
            let import = read(Format::Netrc, text.as_bytes(), Options::default()).unwrap();
            let found: Vec<_> = import.found.iter().map(|found| found.fields[0].1.expose().to_vec()).collect();
            let expected: Vec<_> = all.iter().map(|(_, _, password)| password.as_bytes().to_vec()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
