//! Rank 0: small tools that know nothing of scanning.
//!
//! Start with [`secret::Secret`], the one type that may hold a credential.

pub mod crypto;
pub mod date;
pub mod fs;
pub mod heap;
pub mod sealed;
pub mod secret;
pub mod text;
