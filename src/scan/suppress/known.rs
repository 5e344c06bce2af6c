//! The secrets that a baseline knows, looked up by value.
//!
//! It must hold no value: those that a report of gitleaks brings are kept as digests under a key of this process. Start with
//! [`Known::of`].

use std::collections::{HashMap, HashSet};

use zeroize::Zeroizing;

use super::super::finding::Fingerprint;
use super::Candidate;
use super::baseline::{Baseline, Judged};
use super::import::{Hashed, Imported, digest};
use crate::base::crypto::{self, NoRandom};

/// What a baseline knows.
#[derive(Debug)]
pub struct Known {
    /// The file that says so, for people.
    name: String,
    prints: HashMap<Fingerprint, Option<Judged>>,
    /// By SHA-1 of the value, and in one file only.
    sha1: HashMap<[u8; 20], Vec<Hashed>>,
    /// Keyed digests of values.
    values: HashSet<[u8; 32]>,
    key: Zeroizing<[u8; 32]>,
}

impl Known {
    /// What a file knows; `name` is shown to people. Places know nothing.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn of(name: String, imported: Imported) -> Result<Self, NoRandom> {
        let key = Zeroizing::new(crypto::random()?);
        let mut known = Self { name, prints: HashMap::new(), sha1: HashMap::new(), values: HashSet::new(), key };
        match imported {
            Imported::Baseline(baseline) => known.add(&baseline),
            Imported::Report(prints) => known.prints.extend(prints.into_iter().map(|print| (print, None))),
            Imported::DetectSecrets(all) => {
                for one in all {
                    known.sha1.entry(one.sha1).or_default().push(one);
                }
            }
            Imported::Gitleaks(values, _) => {
                known.values = values.iter().map(|value| known.digest(value.trim().as_bytes())).collect();
            }
            Imported::Places(_) => {}
        }
        Ok(known)
    }

    fn add(&mut self, baseline: &Baseline) {
        self.prints.extend(baseline.entries.iter().map(|(print, entry)| (print.clone(), entry.judged)));
    }

    fn digest(&self, value: &[u8]) -> [u8; 32] {
        crypto::hmac_sha256(self.key.as_slice(), &[value])
    }

    /// The file that says so.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Does the path of a finding matter?
    pub(super) fn needs_path(&self) -> bool {
        !self.sha1.is_empty()
    }

    /// Does it know this? And what did an audit say? What detect-secrets was told to be real goes on being reported.
    #[must_use]
    pub fn knows(&self, candidate: &Candidate<'_>) -> Option<Option<Judged>> {
        if let Some(judged) = self.prints.get(candidate.fingerprint) {
            return Some(*judged);
        }
        if !self.sha1.is_empty()
            && let Some(path) = candidate.path
            && let Some(all) = crypto::sha1(candidate.secret).and_then(|digest| self.sha1.get(&digest))
            && let Some(one) = all.iter().find(|one| one.file == path)
        {
            return Some(one.judged).filter(|judged| *judged != Some(Judged::Real));
        }
        // The baseline itself may be scanned: a digest that it lists is no secret.
        if std::str::from_utf8(candidate.secret).ok().and_then(digest).is_some_and(|one| self.sha1.contains_key(&one)) {
            return Some(None);
        }
        let is_value = !self.values.is_empty() && self.values.contains(&self.digest(candidate.secret.trim_ascii()));
        is_value.then_some(None)
    }

    /// All it knows as a text of digests, to see whether it is what it was.
    pub(super) fn state(&self) -> Vec<u8> {
        let mut prints: Vec<String> = self.prints.iter().map(|(print, judged)| format!("{} {judged:?}", print.0)).collect();
        prints.extend(self.sha1.values().flatten().map(|one| format!("{one:?}")));
        // Digests of values are made under another key in each run, so what they silence is never told again from a cache.
        prints.extend(self.values.iter().map(|value| format!("{value:?}")));
        prints.sort();
        prints.join("\n").into_bytes()
    }
}
