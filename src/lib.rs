//! stanch: find leaked secrets, kill them, replace them, keep the new ones out of reach.

pub mod base;
pub mod cli;
pub mod report;
pub mod scan;
