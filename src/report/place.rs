//! Names of places: for people, for JSON and as URIs.
//!
//! It must not know what is shown where. Start with [`Places`].

use std::fmt::Write as _;
use std::path::{MAIN_SEPARATOR, Path};

use super::line::base64;
use crate::scan::blob::{Container, Origin};

/// Names places relative to a root.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    root: &'a Path,
}

impl<'a> Places<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root }
    }

    /// The full name: `/`-separated, `outer!member` for archives, `outer#member` for notebooks, `-` for standard input. Bytes
    /// that are not UTF-8 are replaced; control characters are not.
    pub(super) fn name(&self, origin: &Origin) -> String {
        match origin {
            // In the repository one stands in, git's own name for the place.
            Origin::Inside { outer, member, kind: Container::Git } if self.name(outer) == "." => member.clone(),
            Origin::Inside { outer, member, kind } => format!("{}{}{member}", self.name(outer), mark(*kind)),
            Origin::File(path) => String::from_utf8_lossy(&self.bytes(path)).into_owned(),
            Origin::Stdin => "-".to_owned(),
        }
    }

    /// The name of the file that holds it all, as [`Self::name`] writes it.
    pub(super) fn file(&self, origin: &Origin) -> String {
        match origin {
            Origin::Inside { outer, .. } => self.file(outer),
            _ => self.name(origin),
        }
    }

    /// The file's path in base64 if [`Self::name`] cannot show it exactly.
    pub(super) fn exact(&self, origin: &Origin) -> Option<String> {
        let bytes = self.bytes(origin.path()?);
        std::str::from_utf8(&bytes).is_err().then(|| base64(&bytes))
    }

    /// An RFC 3986 reference to the file that holds it all: relative if it lies under the root or is relative itself, else a
    /// `file:` URI. Every byte of the path survives.
    pub(super) fn uri(&self, origin: &Origin) -> Uri {
        let Some(path) = origin.path() else { return Uri::Relative("-".to_owned()) };
        let bytes = self.bytes(path);
        let encoded = percent_encode(&bytes);
        let drive = bytes.get(1) == Some(&b':') && MAIN_SEPARATOR == '\\';
        match bytes.first() {
            _ if drive => Uri::Absolute(format!("file:///{encoded}")),
            Some(b'/') => Uri::Absolute(format!("file://{encoded}")),
            _ => Uri::Relative(encoded),
        }
    }

    fn bytes(&self, path: &Path) -> Vec<u8> {
        let short = match path.strip_prefix(self.root) {
            Ok(rest) if rest.as_os_str().is_empty() => path.file_name().map_or(path, Path::new),
            Ok(rest) => rest,
            Err(_) => path,
        };
        let mut bytes = short.as_os_str().as_encoded_bytes().to_vec();
        if MAIN_SEPARATOR == '\\' {
            bytes.iter_mut().filter(|b| **b == b'\\').for_each(|b| *b = b'/');
        }
        while bytes.starts_with(b"./") && bytes.len() > 2 {
            bytes.drain(..2);
        }
        bytes
    }
}

/// A reference to a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Uri {
    /// Relative to the root.
    Relative(String),
    /// `file:///…`.
    Absolute(String),
}

/// What is inside the file: `inner.tar!a.txt` for a member of a member, none for a file itself.
pub(super) fn inside(origin: &Origin) -> Option<String> {
    let Origin::Inside { outer, member: name, kind } = origin else { return None };
    Some(inside(outer).map_or_else(|| name.clone(), |outer| format!("{outer}{}{name}", mark(*kind))))
}

fn mark(kind: Container) -> char {
    match kind {
        Container::Archive => '!',
        Container::Notebook => '#',
        Container::Git => '@',
    }
}

fn percent_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 8);
    for &b in bytes {
        if b.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Places, Uri, inside};
    use crate::report::sample::{in_archive, in_notebook};
    use crate::scan::blob::Origin;
    use std::path::Path;

    #[test]
    fn names_and_uris() {
        let check = |root: &str, path: &str, name: &str, uri: &str| {
            let places = Places::new(Path::new(root));
            let origin = Origin::File(path.into());
            assert_eq!(places.name(&origin), name);
            let expected = uri.to_owned();
            let expected = if uri.starts_with("file:") { Uri::Absolute(expected) } else { Uri::Relative(expected) };
            assert_eq!(places.uri(&origin), expected);
        };
        check("", "src/a b.rs", "src/a b.rs", "src/a%20b.rs");
        check("/w/repo", "/w/repo/src/a.rs", "src/a.rs", "src/a.rs");
        check("/w/repo", "/w/repo", "repo", "repo");
        check("/w/repo", "/w/other/a.rs", "/w/other/a.rs", "file:///w/other/a.rs");
        check(".", "./a.rs", "a.rs", "a.rs");
        check("", "././a.rs", "a.rs", "a.rs");
        check("", "../a.rs", "../a.rs", "../a.rs");
        check("", "c:d/100%/#?.txt", "c:d/100%/#?.txt", "c%3Ad/100%25/%23%3F.txt");
        check("", "naïve\n文", "naïve\n文", "na%C3%AFve%0A%E6%96%87");
        check("", "node_modules/@a/[x]{y}", "node_modules/@a/[x]{y}", "node_modules/@a/%5Bx%5D%7By%7D");
    }

    #[test]
    fn members() {
        let places = Places::new(Path::new(""));
        let inner = in_archive(in_archive(Origin::File("a.zip".into()), "b.tar"), "c/d.txt");
        assert_eq!(places.name(&inner), "a.zip!b.tar!c/d.txt");
        assert_eq!(places.file(&inner), "a.zip");
        assert_eq!(places.uri(&inner), Uri::Relative("a.zip".into()));
        assert_eq!(inside(&inner).as_deref(), Some("b.tar!c/d.txt"));
        let cell = in_notebook(Origin::File("nb.ipynb".into()), "cell-3f2a");
        assert_eq!(places.name(&cell), "nb.ipynb#cell-3f2a");
        assert_eq!(inside(&Origin::Stdin), None);
        assert_eq!(places.name(&in_archive(Origin::Stdin, "x")), "-!x");
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_not_text_survive() {
        use std::os::unix::ffi::OsStrExt as _;
        let places = Places::new(Path::new(""));
        let origin = Origin::File(std::ffi::OsStr::from_bytes(b"dir/\xff\xfe\\x.env").into());
        assert_eq!(places.name(&origin), "dir/\u{fffd}\u{fffd}\\x.env");
        assert_eq!(places.uri(&origin), Uri::Relative("dir/%FF%FE%5Cx.env".into()));
        assert_eq!(places.exact(&origin).as_deref(), Some("ZGlyL//+XHguZW52"));
        assert_eq!(places.exact(&Origin::File("a".into())), None);
    }
}
