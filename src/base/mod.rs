//! Rank 0: small tools that know nothing of scanning.
//!
//! Start with [`secret::Secret`], the one type that may hold a credential.

pub mod arena;
pub mod crypto;
pub mod date;
pub mod fail;
pub mod foreign;
pub mod fs;
pub mod heap;
pub mod process;
pub mod sealed;
pub mod secret;
#[cfg(unix)]
pub mod shred;
pub mod text;
