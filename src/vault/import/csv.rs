//! Tables of password managers: comma-separated values with a head (RFC 4180).
//!
//! It must not know a value's meaning beyond its column. Start with [`read`]; [`Columns`] says what a program calls its columns.

use zeroize::Zeroizing;

use super::draft::{Collector, Draft};
use super::{Error, Import};

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Name,
    /// The password.
    Value,
    /// A secret of that name.
    Secret(&'static str),
    /// Something of that name that is no secret.
    Tag(&'static str),
    /// Addresses, one a line or between commas.
    Address,
    /// Lines of `name: value`.
    Fields,
    Ignored,
}

/// The columns of a program, in lower case.
pub(super) struct Columns {
    roles: &'static [(&'static str, Role)],
    /// Without these, it is another program's.
    needs: &'static [&'static str],
}

/// 1Password 8.
pub(super) const ONEPASSWORD: Columns = Columns {
    roles: &[
        ("title", Role::Name),
        ("password", Role::Value),
        ("otpauth", Role::Secret("totp")),
        ("notes", Role::Secret("notes")),
        ("notesplain", Role::Secret("notes")),
        ("username", Role::Tag("user")),
        ("url", Role::Address),
        ("website", Role::Address),
        ("tags", Role::Tag("tags")),
        ("vault", Role::Tag("vault")),
        ("archived", Role::Tag("archived")),
        ("favorite", Role::Ignored),
        ("uuid", Role::Ignored),
    ],
    needs: &["title", "password"],
};

/// Bitwarden, of a person and of an organisation.
pub(super) const BITWARDEN: Columns = Columns {
    roles: &[
        ("name", Role::Name),
        ("login_password", Role::Value),
        ("login_totp", Role::Secret("totp")),
        ("notes", Role::Secret("notes")),
        ("login_username", Role::Tag("user")),
        ("login_uri", Role::Address),
        ("folder", Role::Tag("folder")),
        ("collections", Role::Tag("collections")),
        ("fields", Role::Fields),
        ("type", Role::Ignored),
        ("favorite", Role::Ignored),
        ("reprompt", Role::Ignored),
        ("archiveddate", Role::Ignored),
    ],
    needs: &["name", "login_password", "login_uri"],
};

/// KeePassXC.
pub(super) const KEEPASS: Columns = Columns {
    roles: &[
        ("title", Role::Name),
        ("password", Role::Value),
        ("totp", Role::Secret("totp")),
        ("notes", Role::Secret("notes")),
        ("username", Role::Tag("user")),
        ("url", Role::Address),
        ("group", Role::Tag("group")),
        ("icon", Role::Ignored),
        ("last modified", Role::Ignored),
        ("created", Role::Ignored),
    ],
    needs: &["group", "title", "password"],
};

impl Columns {
    /// Is this the head of such a table?
    pub(super) fn fit(&self, text: &str) -> bool {
        let mut at = Rows { text, at: 0, line: 1 };
        let head: Vec<String> =
            at.row().ok().flatten().unwrap_or_default().iter().map(|cell| cell.trim().to_ascii_lowercase()).collect();
        self.needs.iter().all(|name| head.iter().any(|cell| cell == name))
    }

    /// A column that is not known may hold anything.
    fn role(&self, head: &str) -> Option<Role> {
        let head = head.trim().to_ascii_lowercase();
        self.roles.iter().find(|(name, _)| *name == head).map(|(_, role)| *role)
    }
}

/// Reads a table: one secret a row.
pub(super) fn read(columns: &Columns, text: &str) -> Result<Import, Error> {
    let mut rows = Rows { text, at: 0, line: 1 };
    let head = rows.row()?.unwrap_or_default();
    if !columns.fit(text) {
        return Err(Error::Line { line: 1, what: "the first line does not name the columns of such a table" });
    }
    let mut collector = Collector::default();
    loop {
        let line = rows.line;
        let Some(row) = rows.row()? else { break };
        if row.len() == 1 && row[0].is_empty() {
            continue;
        }
        if row.len() > head.len() {
            return Err(Error::Line { line, what: "it has more columns than the first line" });
        }
        let cells: Vec<(&str, Option<Role>, &str)> =
            head.iter().zip(&row).map(|(head, cell)| (head.as_str(), columns.role(head), cell.as_str())).collect();
        let called = cells.iter().find(|(_, role, _)| *role == Some(Role::Name)).map_or("", |(_, _, cell)| cell);
        let mut draft = Draft::new(called, Some(line));
        // The password first, so that it is what a reader sees first.
        for first in [true, false] {
            for (head, role, cell) in cells.iter().filter(|(_, role, _)| (*role == Some(Role::Value)) == first) {
                take(head, *role, cell, &mut draft);
            }
        }
        collector.add(draft);
    }
    Ok(collector.finish())
}

fn take(head: &str, role: Option<Role>, cell: &str, draft: &mut Draft) {
    match role {
        Some(Role::Name | Role::Ignored) => {}
        Some(Role::Value) => draft.field("value", cell.as_bytes()),
        Some(Role::Secret(name)) => draft.field(name, cell.as_bytes()),
        Some(Role::Tag(name)) => draft.tag(name, cell),
        Some(Role::Address) => cell.split([',', '\n']).for_each(|address| draft.opens(address.trim())),
        Some(Role::Fields) => {
            for line in cell.lines() {
                match line.split_once(": ") {
                    Some((name, value)) => draft.judge(name, value),
                    // A value of more than one line goes on.
                    None => draft.field("fields", line.as_bytes()),
                }
            }
        }
        None => draft.judge(head, cell),
    }
}

struct Rows<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Rows<'_> {
    /// The cells of the next row; `None` at the end.
    fn row(&mut self) -> Result<Option<Vec<Zeroizing<String>>>, Error> {
        if self.at == self.text.len() {
            return Ok(None);
        }
        let mut cells = Vec::new();
        loop {
            cells.push(self.cell()?);
            let rest = &self.text[self.at..];
            if rest.starts_with(',') {
                self.at += 1;
                continue;
            }
            self.at += if rest.starts_with("\r\n") { 2 } else { rest.len().min(1) };
            self.line += 1;
            return Ok(Some(cells));
        }
    }

    /// Up to a comma or the end of the line; in quotes, up to the closing one, where two stand for one.
    fn cell(&mut self) -> Result<Zeroizing<String>, Error> {
        let rest = &self.text[self.at..];
        let Some(quoted) = rest.strip_prefix('"') else {
            let end = rest.find(['\n', ',']).unwrap_or(rest.len());
            let end = if rest[end..].starts_with('\n') && rest[..end].ends_with('\r') { end - 1 } else { end };
            self.at += end;
            return Ok(Zeroizing::new(rest[..end].to_owned()));
        };
        let mut end = 0;
        loop {
            let Some(next) = quoted[end..].find('"') else {
                return Err(Error::Line { line: self.line, what: "a quote is opened and not closed" });
            };
            end += next;
            if !quoted[end + 1..].starts_with('"') {
                break;
            }
            end += 2;
        }
        let behind = &quoted[end + 1..];
        if !behind.is_empty() && !behind.starts_with([',', '\n']) && !behind.starts_with("\r\n") {
            return Err(Error::Line { line: self.line, what: "there is something behind the closing quote" });
        }
        let raw = &quoted[..end];
        self.line += raw.bytes().filter(|byte| *byte == b'\n').count();
        self.at += end + 2;
        let mut out = Zeroizing::new(String::with_capacity(raw.len()));
        let mut pieces = raw.split("\"\"");
        out.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            out.push('"');
            out.push_str(piece);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{about, left, shown, wrong_line};
    use super::super::{Format, Options, read};

    #[test]
    fn onepassword() {
        let text = "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\r\n\
            My Bank,https://bank.example,me,\"mon,\"\"key\",otpauth://x,false,false,a;b,\"two\nlines\"\r\n\
            Nothing,https://x.example,me,,,false,false,,\r\n";
        assert_eq!(shown(Format::OnePasswordCsv, text), ["My-Bank value=mon,\"key totp=otpauth://x notes=two\nlines"]);
        assert_eq!(left(Format::OnePasswordCsv, text), ["4 Nothing holds no secret"]);
        assert_eq!(about(Format::OnePasswordCsv, text)[0].opens.as_deref(), Some("https://bank.example"));
    }

    #[test]
    fn bitwarden() {
        let text = "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n\
            Work,1,login,Mail,,\"PIN: 1234\ncolour: on\",0,\"https://a.example,https://b.example\",me,monkey,\n\
            ,,note,Wifi,the wifi is monkey,,0,,,,\n";
        assert_eq!(shown(Format::BitwardenCsv, text), ["Mail value=monkey PIN=1234", "Wifi notes=the wifi is monkey"]);
        let about = &about(Format::BitwardenCsv, text)[0];
        assert_eq!(about.opens.as_deref(), Some("https://a.example"));
        let tags: Vec<String> = about.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(tags, ["folder=Work", "colour=on", "address=https://b.example", "user=me"]);
    }

    #[test]
    fn keepass() {
        let text = "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"Extra\"\n\"Root\",\"db\",\"u\",\"monkey\",\"\",\"\",\"surprise\"\n";
        assert_eq!(shown(Format::KeepassCsv, text), ["db value=monkey Extra=surprise"]);
    }

    #[test]
    fn what_is_none() {
        let head = "Title,Password\n";
        wrong_line(Format::OnePasswordCsv, "a,b\n", 1);
        wrong_line(Format::OnePasswordCsv, "", 1);
        wrong_line(Format::OnePasswordCsv, &format!("{head}a,b,c"), 2);
        wrong_line(Format::OnePasswordCsv, &format!("{head}a,b\n\"a\nb,c"), 3);
        wrong_line(Format::OnePasswordCsv, &format!("{head}\"a\"b"), 2);
        assert!(read(Format::OnePasswordCsv, format!("{head}\r\n\na").as_bytes(), Options::default()).unwrap().found.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(all in prop::collection::vec(("[a-z]{1,8}", "(?s)[^\0]{1,12}"), 0..6), crlf in any::<bool>()) {
            let end = if crlf { "\r\n" } else { "\n" };
            let mut text = format!("Title,Password{end}");
            for (title, password) in &all {
                text += &format!("{title},\"{}\"{end}", password.replace('"', "\"\""));
            }
            let import = read(Format::OnePasswordCsv, text.as_bytes(), Options::default()).unwrap();
            let found: Vec<_> = import.found.iter().map(|found| found.fields[0].1.expose().to_vec()).collect();
            let expected: Vec<_> = all.iter().map(|(_, password)| password.as_bytes().to_vec()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
