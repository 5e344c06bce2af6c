//! Rules: what a credential looks like, as data.
//!
//! It must not know how bytes are searched. Start with [`Rule`]; [`raw`] is the TOML form, [`load`] turns one into the other.

use super::finding::{Confidence, Severity};

/// One detector.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Stable id such as `github-pat`.
    pub id: String,
    /// Provider's name such as `GitHub`.
    pub provider: String,
    /// One line: what the credential is.
    pub about: String,
    /// How bad a live one is.
    pub severity: Severity,
    /// How sure a match is.
    pub confidence: Confidence,
    /// The provider's page about this credential; never empty.
    pub url: String,
    /// What to do about a leak, one sentence; never empty.
    pub fix: String,
    /// Tags such as `ci` or `generic`.
    pub category: String,
}
