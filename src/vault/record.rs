//! What a vault says of a secret, besides its value.
//!
//! It must not know how it is sealed. Start with [`Record`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Stages of versions, as AWS Secrets Manager calls them, without its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The one that is used.
    Current,
    /// Made, and not used yet: a rotation has begun.
    Pending,
    /// The one that was used before.
    Previous,
}

/// One version of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Counts from 1.
    pub number: u64,
    /// Seconds since 1970.
    pub created: u64,
    /// At most one stage; none when it is older than the previous one.
    pub stage: Option<Stage>,
    /// Names of its fields.
    pub fields: Vec<String>,
}

/// What is said of a secret by whoever put it there. All of it may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct About {
    /// What it opens, such as an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// What whoever has it can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enables: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// How often it is to be replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// Where it came from, such as the file it was imported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Anything else.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// How often a secret is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// Every 7 days.
    Critical,
    /// Every 30 days.
    High,
    /// Every 90 days.
    Standard,
    /// Never by itself.
    Manual,
}

impl Rotation {
    /// Days from one version to the next; `None` if there is no plan.
    #[must_use]
    pub fn days(self) -> Option<u64> {
        match self {
            Self::Critical => Some(7),
            Self::High => Some(30),
            Self::Standard => Some(90),
            Self::Manual => None,
        }
    }
}

/// A secret without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its name in its context.
    pub name: String,
    /// 16 random bytes in hexadecimal digits: the same when it is renamed.
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
    /// When what is said of it was changed last, in seconds since 1970.
    pub changed: u64,
    /// What is said of it.
    #[serde(default)]
    pub about: About,
    /// Oldest first.
    pub versions: Vec<Version>,
    /// The number of the next version.
    pub next: u64,
}

impl Record {
    /// The version in a stage.
    #[must_use]
    pub fn at(&self, stage: Stage) -> Option<&Version> {
        self.versions.iter().find(|version| version.stage == Some(stage))
    }

    /// The version with a number.
    #[must_use]
    pub fn version(&self, number: u64) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// Gives `stage` to the version `number`: the current version becomes the previous one when another takes its place.
    pub(crate) fn stage(&mut self, number: u64, stage: Stage) {
        let replaced = self.at(stage).map(|version| version.number).filter(|other| *other != number);
        for version in &mut self.versions {
            if version.number == number {
                version.stage = Some(stage);
            } else if version.stage == Some(stage) {
                version.stage = None;
            }
        }
        if let (Stage::Current, Some(before)) = (stage, replaced) {
            self.stage(before, Stage::Previous);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{About, Record, Stage, Version};

    #[test]
    fn stages_move() {
        let version = |number| Version { number, created: 1, stage: None, fields: Vec::new() };
        let versions = (1..=3).map(version).collect();
        let mut record =
            Record { name: "a".into(), id: String::new(), created: 1, changed: 1, about: About::default(), versions, next: 4 };
        let stages = |record: &Record| record.versions.iter().map(|version| version.stage).collect::<Vec<_>>();
        record.stage(1, Stage::Current);
        assert_eq!(stages(&record), [Some(Stage::Current), None, None]);
        record.stage(2, Stage::Pending);
        assert_eq!(stages(&record), [Some(Stage::Current), Some(Stage::Pending), None]);
        record.stage(2, Stage::Current);
        assert_eq!(stages(&record), [Some(Stage::Previous), Some(Stage::Current), None]);
        record.stage(3, Stage::Current);
        assert_eq!(stages(&record), [None, Some(Stage::Previous), Some(Stage::Current)]);
        record.stage(2, Stage::Current);
        assert_eq!(stages(&record), [None, Some(Stage::Current), Some(Stage::Previous)]);
        record.stage(2, Stage::Current);
        assert_eq!(record.at(Stage::Previous).unwrap().number, 3);
    }
}
