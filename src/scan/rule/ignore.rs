//! What is never a finding, by several conditions at once: `[[ignore]]` of a rule file.
//!
//! It must not know how it is tested. Start with [`Ignore`].

use serde::{Deserialize, Serialize};

/// Matches that are no findings. Without `all` one condition is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ignore {
    /// Why, for people.
    pub why: String,
    /// Must every condition that is given hold?
    pub all: bool,
    /// The secret matches one of these regular expressions.
    pub secret: Vec<String>,
    /// The whole match matches one of these.
    #[serde(rename = "match")]
    pub matched: Vec<String>,
    /// The lines it stands on match one of these.
    pub line: Vec<String>,
    /// The secret contains one of these, in any case.
    pub words: Vec<String>,
    /// The path as it is named matches one of these.
    pub paths: Vec<String>,
}

impl Ignore {
    /// Its lists of regular expressions, with the names they have in a rule file.
    #[must_use]
    pub fn lists(&self) -> [(&'static str, &[String]); 4] {
        [("secret", &self.secret), ("match", &self.matched), ("line", &self.line), ("paths", &self.paths)]
    }

    /// Does it hold no condition at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.lists().iter().all(|(_, list)| list.is_empty())
    }
}
