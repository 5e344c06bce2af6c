//! Rank 1: find secrets in bytes. Knows no vault and no network.
//!
//! A [`blob::Blob`] goes in, [`finding::Finding`]s come out; what could not be read is a [`finding::Issue`].

// The paths of the whole, which this is a part of: `crate::base`, `crate::scan`.
use crate as scan;
use stanch_base as base;

pub mod blob;
pub mod engine;
pub mod expand;
pub mod filter;
pub mod finding;
pub mod fingerprint;
pub mod issues;
pub mod known;
pub mod mask;
pub mod project;
pub mod rule;
pub mod source;
pub mod suppress;
