//! Expanders: look inside containers.

use std::io::{self, Read, Seek};

use super::blob::Place;
use super::issues::Issues;

/// Receives the members of a container.
pub trait Visit {
    /// Scans one member.
    fn member(&mut self, place: &Place<'_>, bytes: &mut dyn Read) -> io::Result<()>;
}

/// A seekable input.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// What became of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expanded {
    /// Its members were visited.
    Whole,
    /// It could not be opened.
    Failed,
}
/// Limits.
#[derive(Default, Clone, Debug)]
pub struct Limits {
    /// d
    pub depth: u32,
}
/// Kinds.
#[derive(Clone, Copy)]
pub enum Kind {}

/// Detects.
pub fn detect(_name: &str, _head: &[u8]) -> Option<Kind> {
    None
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
    /// Visits
    pub fn expand(&self, _kind: Kind, _place: &Place<'_>, _input: &mut dyn ReadSeek, _visit: &mut dyn Visit) -> Expanded {
        Expanded::Failed
    }

    /// Visits
    pub fn expand_stream(&self, _kind: Kind, _place: &Place<'_>, _input: &mut dyn Read, _visit: &mut dyn Visit) {}
}
