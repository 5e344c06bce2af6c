//! Where bytes come from: files and standard input.
//!
//! Start with [`files::scan`]; [`stream`] cuts what is long, [`collect`] gathers what is found.

pub mod collect;
pub mod files;
mod folder;
pub mod git;
pub mod ignored;
mod share;
pub mod stream;
mod tee;
pub mod total;
pub mod utf16;
pub mod work;

pub use folder::leaves_out;
