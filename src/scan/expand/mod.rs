//! Expanders: look inside archives and notebooks and hand every member to a visitor, as a stream.
//!
//! Nothing is ever written to disk, so a member's name is only a name: `../x` and `/etc/x` are kept as they are. Memory is
//! bounded by [`Limits::buffer`] and [`Limits::window`], never by the size of a member. Everything that was not looked at is
//! recorded as an issue. It must not know what is searched for. Start with [`detect`] and [`Expander::expand`].

mod json;
mod kind;
mod limits;
mod mail;
mod meter;
mod notebook;
mod pdf;
mod sevenz;
mod sqlite;
mod stream;
mod tar;
#[cfg(test)]
mod tests;
mod unnamed;
mod walk;
mod window;
mod zip;

use std::io::{self, Read, Seek};

pub use kind::{Kind, ZIP_TAIL, begins_like_program, detect, ends_like_zip, family, unpacks_itself};
pub use limits::Limits;
pub use unnamed::{begins_like_notebook, is_notebook, may_be_notebook};

use super::blob::Place;
use super::issues::Issues;
use meter::Budget;
use walk::Walk;

/// Bytes read and handed on at once.
const CHUNK: usize = 64 * 1024;

/// Receives the members of a container.
pub trait Visit {
    /// Scans one member. `bytes` starts at the member's first byte and gives no errors: where the container is damaged or a
    /// limit is hit, it ends early and the expander records the gap. Reads may be short. `place` is the container itself for
    /// bytes that belong to no member, such as a script in front of a zip. An error given back here is recorded as a gap, and
    /// the walk goes on.
    ///
    /// # Errors
    ///
    /// When the member could not be scanned.
    fn member(&mut self, place: &Place<'_>, bytes: &mut dyn Read) -> io::Result<()>;
}

/// A seekable input.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// What became of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Expanded {
    /// Its members were visited; what could not be read is recorded.
    Whole,
    /// It could not be opened and nothing was visited. A gap is recorded, and the caller scans its raw bytes.
    Failed,
}

/// Opens containers.
#[derive(Clone, Copy)]
pub struct Expander<'a> {
    /// How far it goes.
    pub limits: &'a Limits,
    /// Where it records what was not looked at.
    pub issues: &'a Issues,
}

impl Expander<'_> {
    /// Visits the members of the container at `place`, and theirs, down to [`Limits::depth`]. Reads `input` from where it
    /// stands, except for zip and 7z, which are read from the start.
    pub fn expand(&self, kind: Kind, place: &Place<'_>, input: &mut dyn ReadSeek, visit: &mut dyn Visit) -> Expanded {
        let budget = Budget::new(self.limits);
        Walk::new(self, &budget, visit).container(kind, place, input)
    }

    /// The same for a container that is in memory already: a notebook is not copied.
    pub fn expand_slice(&self, kind: Kind, place: &Place<'_>, bytes: &[u8], visit: &mut dyn Visit) -> Expanded {
        let budget = Budget::new(self.limits);
        Walk::new(self, &budget, visit).slice(kind, place, bytes)
    }

    /// The same for input that cannot seek, such as a pipe. Zip, 7z and notebooks are held in memory up to
    /// [`Limits::buffer`]. The raw bytes of what could not be opened are visited under `place` itself.
    pub fn expand_stream(&self, kind: Kind, place: &Place<'_>, input: &mut dyn Read, visit: &mut dyn Visit) {
        let budget = Budget::new(self.limits);
        Walk::new(self, &budget, visit).stream(kind, place, input);
    }
}
