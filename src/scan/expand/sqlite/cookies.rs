//! Cookies that a browser keeps in a table: written as lines of `cookies.txt`, which rules for cookies know.
//!
//! It must not judge them. Start with [`find`]. Firefox calls the table `moz_cookies`, browsers made from Chromium `cookies`.

use std::borrow::Cow;

/// Which columns hold a cookie.
pub(super) struct Columns {
    name: usize,
    value: usize,
    host: usize,
    path: Option<usize>,
}

/// The columns of a table of cookies; `None` if it is another one.
pub(super) fn find(table: &str, columns: &[String]) -> Option<Columns> {
    if !table.ends_with("cookies") {
        return None;
    }
    let column = |name: &str| columns.iter().position(|column| column == name);
    Some(Columns {
        name: column("name")?,
        value: column("value")?,
        host: column("host").or_else(|| column("host_key"))?,
        path: column("path"),
    })
}

impl Columns {
    /// Is this column written with the cookie?
    pub(super) fn holds(&self, column: usize) -> bool {
        [self.name, self.value].contains(&column)
    }

    /// Writes the line of a row whose values `value` gives. How long the cookie lives does not matter, nor whether it is sent by TLS only.
    pub(super) fn write<'v>(&self, value: &dyn Fn(usize) -> Cow<'v, [u8]>, out: &mut Vec<u8>) {
        let host = value(self.host);
        let path = self.path.map(value).filter(|path| path.starts_with(b"/")).unwrap_or(Cow::Borrowed(b"/"));
        let domain: &[u8] = if host.starts_with(b".") { b"TRUE" } else { b"FALSE" };
        let fields: [&[u8]; 7] = [&host, domain, &path, b"TRUE", b"0", &value(self.name), &value(self.value)];
        for (number, field) in fields.into_iter().enumerate() {
            if number > 0 {
                out.push(b'\t');
            }
            // A field never ends a line or another field.
            out.extend(field.iter().map(|b| if matches!(b, b'\t' | b'\n' | b'\r') { b' ' } else { *b }));
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::find;

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_row_is_a_line() {
        let names = columns(&["id", "name", "value", "host", "path"]);
        let cookie = find("moz_cookies", &names).unwrap();
        let row = ["", "sid", "abc\tdef", ".shop.example", "/a"];
        let mut out = Vec::new();
        cookie.write(&|column| Cow::Borrowed(row[column].as_bytes()), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), ".shop.example\tTRUE\t/a\tTRUE\t0\tsid\tabc def\n");
        assert!(cookie.holds(1) && cookie.holds(2) && !cookie.holds(3));
    }

    #[test]
    fn other_tables_hold_none() {
        assert!(find("notes", &columns(&["name", "value", "host"])).is_none());
        assert!(find("moz_cookies", &columns(&["name", "host"])).is_none());
        assert!(find("cookies", &columns(&["host_key", "name", "value"])).is_some());
    }
}
