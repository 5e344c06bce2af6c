//! What is scanned: a piece of bytes and where it came from.
//!
//! It must not know how the bytes were read. Start with [`Blob`].

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A piece of bytes to scan, borrowed from a reader's buffer.
#[derive(Clone, Copy)]
pub struct Blob<'a> {
    /// Where the bytes came from.
    pub place: Place<'a>,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// Where a blob came from, borrowed: making one allocates nothing. [`Place::to_origin`] makes it last.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// A file.
    File(&'a Path),
    /// Standard input.
    Stdin,
    /// A member of a container: of an archive (`outer!member`) or of a notebook (`outer#member`).
    Inside {
        /// The container.
        outer: &'a Place<'a>,
        /// The member's name as the container spells it.
        member: &'a str,
        /// What kind of container it is.
        kind: Container,
        /// Where its text stands in the container, if that is known.
        source: Option<Source<'a>>,
    },
}

/// Where decoded text stands in the text it was decoded from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The text it was decoded from.
    pub text: &'a [u8],
    /// Offsets in the decoded text, ascending, and where in `text` what begins there was written.
    pub marks: &'a [(usize, usize)],
}

impl Source<'_> {
    /// The line, from 1, on which the piece with this byte of the decoded text begins.
    #[must_use]
    pub fn line(&self, offset: u64) -> u64 {
        let next = self.marks.partition_point(|(decoded, _)| *decoded as u64 <= offset);
        let written = next.checked_sub(1).map_or(0, |i| self.marks[i].1);
        memchr::memchr_iter(b'\n', &self.text[..written.min(self.text.len())]).count() as u64 + 1
    }
}

/// The kind of a container, which decides how its members are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Container {
    /// zip, tar, 7z or a single compressed stream: `outer!member`.
    Archive,
    /// A Jupyter notebook: `nb.ipynb#cell-ID`, where the member is a cell's part such as `cell-3f2a` or `cell-3f2a/output-0`.
    Notebook,
    /// The object database of a git repository: `repository@COMMIT:PATH`, as git names a blob, `repository@COMMIT` for the message of a
    /// commit or a tag, `repository@BLOB` for a blob in no commit that a ref reaches.
    Git,
}

/// Where a blob came from, owned.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// A member of a container.
    Inside {
        /// The container.
        outer: Arc<Origin>,
        /// The member's name.
        member: String,
        /// What kind of container it is.
        kind: Container,
    },
}

impl Place<'_> {
    /// An owned copy.
    #[must_use]
    pub fn to_origin(&self) -> Origin {
        match self {
            Place::File(path) => Origin::File(path.to_path_buf()),
            Place::Stdin => Origin::Stdin,
            Place::Inside { outer, member, kind, .. } => {
                Origin::Inside { outer: Arc::new(outer.to_origin()), member: (*member).to_owned(), kind: *kind }
            }
        }
    }

    /// The name of the git object that holds it, if one does.
    #[must_use]
    pub fn git_object(&self) -> Option<&str> {
        match self {
            Place::Inside { member, kind: Container::Git, .. } => Some(member),
            Place::Inside { outer, .. } => outer.git_object(),
            Place::File(_) | Place::Stdin => None,
        }
    }

    /// The path of the file that holds it all, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Place::File(path) => Some(path),
            Place::Stdin => None,
            Place::Inside { outer, .. } => outer.path(),
        }
    }

    /// The line of the file itself that the byte at `offset` stands on, if this is decoded from a part of it.
    #[must_use]
    pub fn file_line(&self, offset: u64) -> Option<u64> {
        match self {
            Place::Inside {
                outer: Place::File(_) | Place::Stdin | Place::Inside { kind: Container::Git, .. },
                source: Some(source),
                ..
            } => Some(source.line(offset)),
            _ => None,
        }
    }

    /// What the path conditions of rules look at: the path of the file and behind it, each after a `/`, the names of the members of
    /// archives down to here, as if an archive were a folder. The cells of a notebook have no names of their own.
    #[must_use]
    pub fn as_path(&self) -> Option<Cow<'_, str>> {
        match self {
            Place::File(path) => Some(path.to_string_lossy()),
            Place::Stdin => None,
            Place::Inside { outer, kind: Container::Notebook, .. } => outer.as_path(),
            Place::Inside { member, kind: Container::Git, .. } => member.split_once(':').map(|(_, path)| Cow::Borrowed(path)),
            Place::Inside { outer, member, kind: Container::Archive, .. } => Some(match outer.as_path() {
                Some(outer) => Cow::Owned(format!("{outer}/{member}")),
                None => Cow::Borrowed(*member),
            }),
        }
    }
}

impl Origin {
    /// The name of the git object that holds it, if one does.
    #[must_use]
    pub fn git_object(&self) -> Option<&str> {
        match self {
            Origin::Inside { member, kind: Container::Git, .. } => Some(member),
            Origin::Inside { outer, .. } => outer.git_object(),
            Origin::File(_) | Origin::Stdin => None,
        }
    }

    /// The path of the file that holds it all, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Origin::File(path) => Some(path),
            Origin::Stdin => None,
            Origin::Inside { outer, .. } => outer.path(),
        }
    }

    /// The name shown to people and written to reports: `/`-separated, `outer!member` for archives, `outer#member` for
    /// notebooks, `-` for standard input. Not sanitised for a terminal; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Origin::File(path) => path.to_string_lossy().replace('\\', "/"),
            Origin::Stdin => "-".to_owned(),
            Origin::Inside { outer, member, kind: Container::Archive } => format!("{}!{member}", outer.name()),
            Origin::Inside { outer, member, kind: Container::Notebook } => format!("{}#{member}", outer.name()),
            Origin::Inside { outer, member, kind: Container::Git } => format!("{}@{member}", outer.name()),
        }
    }
}
