//! INI files: sections of `key = value`.
//!
//! It must not know what a section means. Start with [`read`]; [`sections`] is for readers that do.

use super::draft::{Collector, Draft};
use super::{Error, Import, Why, is_plain, maps};

/// A section.
#[derive(Debug)]
pub(super) struct Section<'a> {
    /// Where its head stands, counted from 1.
    pub(super) line: usize,
    /// Between the brackets; empty for what stands before the first.
    pub(super) name: &'a str,
    pub(super) entries: Vec<Entry<'a>>,
}

/// One `key = value`.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) line: usize,
    /// Of an indented one, the key it belongs to, a point and its own.
    pub(super) key: String,
    pub(super) value: &'a str,
}

/// Reads every value as a secret of its own, called `section.key`.
pub(super) fn read(text: &str) -> Result<Import, Error> {
    let mut collector = Collector::default();
    let sections = sections(text)?;
    if sections.iter().any(|section| section.name == "sops") {
        return Err(Error::Sops);
    }
    for section in sections {
        for entry in section.entries {
            if maps::is_sealed(entry.value) {
                return Err(Error::Sops);
            }
            let called = if section.name.is_empty() { entry.key } else { format!("{}.{}", section.name, entry.key) };
            if let Some(plain) = is_plain(&called, entry.value) {
                collector.leave(&called, Some(entry.line), Why::Plain(plain));
                continue;
            }
            let mut draft = Draft::new(&called, Some(entry.line));
            draft.field("value", entry.value.as_bytes());
            collector.add(draft);
        }
    }
    Ok(collector.finish())
}

/// All sections, in their order. A line that is indented and stands behind a key without a value belongs to that key.
pub(super) fn sections(text: &str) -> Result<Vec<Section<'_>>, Error> {
    let mut out = vec![Section { line: 1, name: "", entries: Vec::new() }];
    let mut above = None;
    for (index, line) in text.split('\n').enumerate() {
        let number = index + 1;
        let wrong = |what| Err(Error::Line { line: number, what });
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(head) = trimmed.strip_prefix('[') {
            let Some((name, behind)) = head.split_once(']') else { return wrong("a bracket is opened and not closed") };
            if !behind.trim().is_empty() && !behind.trim().starts_with(['#', ';']) {
                return wrong("there is something behind the closing bracket");
            }
            out.push(Section { line: number, name: name.trim(), entries: Vec::new() });
            above = None;
            continue;
        }
        let Some((key, value)) = trimmed.split_once(['=', ':']) else { return wrong("there is no `=` behind a name") };
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() {
            return wrong("there is no name before `=`");
        }
        let indented = line.starts_with([' ', '\t']);
        let key = match &above {
            Some(above) if indented => format!("{above}.{key}"),
            _ => {
                above = value.is_empty().then(|| key.to_owned());
                key.to_owned()
            }
        };
        out.last_mut().expect("the first is there from the start").entries.push(Entry { line: number, key, value });
    }
    out.retain(|section| !section.name.is_empty() || !section.entries.is_empty());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{left, shown, wrong_line};
    use super::super::{Error, Format, Options, read};

    #[test]
    fn sections_and_keys() {
        let text = "top=monkey\r\n; comment\n[db]\npassword = a=b ; c\nport=5432\n[ mail server ]\nuser: x#y\n# end";
        assert_eq!(shown(Format::Ini, text), ["top value=monkey", "db.password value=a=b ; c", "mail-server.user value=x#y"]);
        assert_eq!(left(Format::Ini, text), ["5 db.port is a number"]);
    }

    #[test]
    fn what_is_none() {
        wrong_line(Format::Ini, "[a", 1);
        wrong_line(Format::Ini, "a=b\n[a] b", 2);
        wrong_line(Format::Ini, "\n\nnothing", 3);
        wrong_line(Format::Ini, "=x", 1);
        for text in ["[a]\nb=ENC[AES256_GCM,data:x]", "[a]\nb=c\n[sops]\nmac=x"] {
            assert_eq!(read(Format::Ini, text.as_bytes(), Options::default()).err(), Some(Error::Sops));
        }
    }
}
