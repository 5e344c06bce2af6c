//! Where in a line that has not ended a secret may have begun.
//!
//! It must not judge: what may be one is one. Start with [`Engine::unfinished`]. It is asked when a stream pauses within a line, so that
//! nothing is let go of which what follows may show to be a part of a secret.

use super::Engine;
use super::meaning::wallet;
use super::words::normalise;

/// So many words of a phrase, or numbers, one behind the other, may be the beginning of a secret.
const SERIES: usize = 3;

/// Characters of a word that asks for an answer.
const QUESTION: usize = 16;

/// What `ssh` asks for, and the path it names in quotes behind it.
const PASSPHRASE: &[u8] = b"Enter passphrase for key '/";

/// Words that a value stands behind, besides the names that rules look for.
const SCHEMES: [&[u8]; 9] = [b"bearer", b"basic", b"token", b"digest", b"apikey", b"negotiate", b"cookie", b"user", b"echo"];

impl Engine {
    /// The first byte of a line without its end that may be one of a secret which is not there as a whole yet; its length if there is
    /// none. A value stands behind names for which `is_field` holds, too.
    #[must_use]
    pub fn unfinished(&self, line: &[u8], is_field: &dyn Fn(&[u8]) -> bool) -> usize {
        // Where an imported expression may match nobody knows.
        if !self.texts.is_empty() {
            return 0;
        }
        let head = line.trim_ascii_start();
        if is_passphrase(head) {
            return line.len();
        }
        if head.starts_with(b"{") || head.starts_with(b"[{") || head.starts_with(b"[\"") {
            return 0;
        }
        let last = line.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
        let last = if is_question(&line[last..]) { line.len() } else { last };
        let is_open =
            |at: &usize| is_quote(line[*at]) && at.checked_sub(1).is_none_or(|before| !line[before].is_ascii_alphanumeric());
        let quote = (0..last).find(is_open).unwrap_or(last);
        let block = memchr::memmem::find(line, b"----").unwrap_or(last);
        let value = self.value_begins(&line[..last], is_field).unwrap_or(last);
        last.min(quote).min(block).min(value).min(series(&line[..last]))
    }

    /// Where the first value begins that stands behind a name which rules look for.
    fn value_begins(&self, line: &[u8], is_field: &dyn Fn(&[u8]) -> bool) -> Option<usize> {
        let mut from = 0;
        while let Some(start) = line[from..].iter().position(|b| is_word(*b)).map(|at| from + at) {
            let end = line[start..].iter().position(|b| !is_word(*b)).map_or(line.len(), |at| start + at);
            // The user of a machine, as shells write it before they wait, has no value; nor has what is asked for.
            let names_none = line.get(end) == Some(&b'@') || line[end..].trim_ascii_end() == b"?";
            if !names_none && (is_field(&line[start..end]) || self.is_looked_for(&line[start..end])) {
                let value = line[end..].iter().position(|b| !b.is_ascii_whitespace() && !b":=>,".contains(b));
                return value.map(|at| end + at);
            }
            from = end;
        }
        None
    }

    fn is_looked_for(&self, word: &[u8]) -> bool {
        let name = normalise(word);
        if SCHEMES.iter().any(|scheme| name.ends_with(scheme)) {
            return true;
        }
        let values = &self.tables.values;
        let mut found = values.header.iter().chain(&values.url).any(|(_, keys)| keys.contains(&name));
        for start in 0..name.len() {
            values.index.look_up(&name[start..], |id| {
                let wanted = &values.names[id as usize].0;
                found |= name[start..].starts_with(wanted.strip_suffix(b"$").unwrap_or(wanted));
            });
        }
        found
    }
}

/// Is a line what asks for the passphrase of a key, up to its end?
fn is_passphrase(line: &[u8]) -> bool {
    let path = line.strip_prefix(PASSPHRASE).and_then(|rest| rest.strip_suffix(b"': "));
    path.is_some_and(|path| path.iter().all(|b| b.is_ascii_graphic() && !is_quote(*b)))
}

/// Letters that ask for an answer, such as `Password:`, `Proceed?` and `(yes/no)?`: no secret begins like that, but with the scheme of a URL.
fn is_question(word: &[u8]) -> bool {
    let text = word.strip_suffix(b":").or_else(|| word.strip_suffix(b"?")).or_else(|| word.strip_suffix(b"...")).unwrap_or(word);
    let inner =
        [(b'[', b']'), (b'(', b')')].iter().find(|(open, close)| text.first() == Some(open) && text.last() == Some(close));
    let is_choice = inner.is_some() && text[1..text.len() - 1].iter().all(|b| b.is_ascii_alphabetic() || *b == b'/');
    let is_name = word.ends_with(b":") && text.first().is_some_and(u8::is_ascii_uppercase)
        || word.ends_with(b"?")
        || word.ends_with(b"...");
    word.len() <= QUESTION && (is_choice || is_name && text.iter().all(u8::is_ascii_alphabetic))
}

/// Where the words or numbers begin that the line, which ends in a blank, ends with: those of a phrase, or of bytes written as numbers.
fn series(line: &[u8]) -> usize {
    let (mut begin, mut count, mut end) = (line.len(), 0, line.len());
    loop {
        let text = line[..end].trim_ascii_end();
        let text = text.strip_suffix(b",").unwrap_or(text);
        let start = text.iter().rposition(|b| b.is_ascii_whitespace() || *b == b',').map_or(0, |at| at + 1);
        let word = &text[start..];
        let is_part = !word.is_empty() && (is_number(word) || wallet::is_word(word));
        if is_part {
            (begin, count, end) = (start, count + 1, start);
        }
        if !is_part || start == 0 {
            return if count >= SERIES { begin } else { line.len() };
        }
    }
}

/// A byte as a number, with what may stand around the first of them.
fn is_number(word: &[u8]) -> bool {
    let digits = word.iter().position(|b| !b"[({<&#\\".contains(b)).map_or(&[][..], |at| &word[at..]);
    let digits = digits.strip_prefix(b"0x").or_else(|| digits.strip_prefix(b"x")).unwrap_or(digits);
    !digits.is_empty() && digits.len() <= 4 && digits.iter().all(u8::is_ascii_hexdigit)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

#[cfg(test)]
mod tests {
    use super::super::super::rule::builtin;
    use super::Engine;

    #[test]
    fn only_what_may_be_a_secret_is_held() {
        let engine = Engine::new(builtin::rules()).unwrap();
        for (line, expected) in [
            ("Continue? [y/N] ", ""),
            ("Enter password: ", ""),
            ("Password:", ""),
            ("Proceed?", ""),
            ("Are you sure (yes/no)?", ""),
            ("Continue [Y/n]", ""),
            ("see https:", "https:"),
            ("user@host:/x$ ", ""),
            ("user:hunter2@host ", "hunter2@host "),
            ("Token? ", ""),
            ("Token? abc ", "? abc "),
            ("Waiting...", ""),
            ("Enter passphrase for key '/home/u/.ssh/id_rsa': ", ""),
            ("Enter passphrase for key '/home/u/.ssh/id_rsa': x ", "for key '/home/u/.ssh/id_rsa': x "),
            ("one [", "["),
            ("at 10:", "10:"),
            ("Enter password: hunt", "hunt"),
            ("Enter password: correct horse ", "correct horse "),
            ("loading 4", "4"),
            ("loading ", ""),
            ("it said \"no\" and ", "\"no\" and "),
            ("don't ", ""),
            ("{\"level\":\"info\" ", "{\"level\":\"info\" "),
            ("[INFO] begun ", ""),
            ("[INFO] -----BEGIN RSA ", "-----BEGIN RSA "),
            ("Authorization: Bearer ", "Bearer "),
            ("sent Bearer abc ", "abc "),
            ("words abandon ability able ", "abandon ability able "),
            ("bytes [103, 104, 112, ", "[103, 104, 112, "),
            ("--password s3cret --verbose ", "s3cret --verbose "),
        ] {
            let held = &line[engine.unfinished(line.as_bytes(), &|_| false)..];
            assert_eq!(held, expected, "{line}");
        }
    }
}
