//! Rank 2: what was done with secrets, written down before it is done: append-only, chained by hashes, signed.
//!
//! It must not know a value of a secret, nor the network. Start with [`log::Log::append`], which alone makes a [`Receipt`].

// The path of the whole, which this is a part of: `crate::base`.
use stanch_base as base;

mod batch;
mod catch_up;
mod error;
pub mod event;
pub mod export;
pub mod folder;
pub mod header;
pub mod line;
pub mod log;
pub mod merkle;
mod parse;
pub mod prune;
pub mod read;
mod sink;
mod tail;
pub mod verify;

pub use error::Error;
pub use event::{Ending, Event, Outcome, Stamp, Verb, Wiped, Writer};

/// Proof that an event was on disk before it began. A vault gives no secret without one, and takes it away.
#[derive(Debug)]
#[must_use = "what was written down is not done yet"]
pub struct Receipt {
    sequence: u64,
    verb: Verb,
    object: String,
}

impl Receipt {
    /// The number of its record.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Is it for doing `verb` to `object`?
    #[must_use]
    pub fn is_for(&self, verb: Verb, object: &str) -> bool {
        self.verb == verb && self.object == object
    }
}
