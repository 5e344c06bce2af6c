//! What was read when a vault was checked.
//!
//! It must not know how. Start with [`Checked`].

/// Counts of what is whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Of the vault.
    pub generation: u64,
    /// Contexts.
    pub contexts: u64,
    /// Secrets.
    pub secrets: u64,
    /// Versions, the values of which were opened.
    pub versions: u64,
}
