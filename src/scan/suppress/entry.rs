//! One `[[allow]]` at work: whether it fits a finding, and whether it ever did.
//!
//! It must not know the file it was read from but by name. Start with [`Entry::fits`].

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::Candidate;
use crate::base::date::Date;
use crate::scan::project::Allow;
use crate::scan::rule::select::fits_id;

/// An entry of a `stanch.toml`.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) allow: Allow,
    /// The file it stands in.
    pub(super) path: PathBuf,
    /// The folder it holds below, from that of the project; empty for all of it.
    folder: String,
    globs: Option<Gitignore>,
    used: AtomicBool,
}

impl Entry {
    pub(super) fn new(allow: Allow, path: &Path, folder: &str) -> Self {
        let mut builder = GitignoreBuilder::new("");
        for glob in &allow.paths {
            // The loader has tried each of them.
            drop(builder.add_line(None, glob));
        }
        let globs = (!allow.paths.is_empty()).then(|| builder.build().unwrap_or_else(|_| Gitignore::empty()));
        Self { allow, path: path.to_owned(), folder: folder.to_owned(), globs, used: AtomicBool::new(false) }
    }

    /// Does it depend on where a finding stands?
    pub(super) fn needs_path(&self) -> bool {
        self.globs.is_some() || !self.folder.is_empty()
    }

    /// Is this finding what it names, whatever the day?
    pub(super) fn fits(&self, candidate: &Candidate<'_>) -> bool {
        let allow = &self.allow;
        let fits = allow.fingerprint.as_ref().is_none_or(|print| print == candidate.fingerprint)
            && (allow.rules.is_empty() || allow.rules.iter().any(|rule| fits_id(rule, candidate.rule)))
            && self.fits_path(candidate.path)
            && allow.regex.as_ref().is_none_or(|regex| regex.fits(candidate.secret));
        if fits {
            self.used.store(true, Ordering::Relaxed);
        }
        fits
    }

    fn fits_path(&self, path: Option<&str>) -> bool {
        if !self.needs_path() {
            return true;
        }
        let Some(path) = path else { return false };
        let below = if self.folder.is_empty() {
            Some(path)
        } else {
            path.strip_prefix(self.folder.as_str()).and_then(|rest| rest.strip_prefix('/'))
        };
        let fits = |globs: &Gitignore, path: &str| {
            let path = path.trim_start_matches('/');
            !path.is_empty() && globs.matched_path_or_any_parents(path, false).is_ignore()
        };
        below.is_some_and(|path| self.globs.as_ref().is_none_or(|globs| fits(globs, path)))
    }

    /// Has its last day passed?
    pub(super) fn ended(&self, today: Date) -> Option<Date> {
        self.allow.until.filter(|until| *until < today)
    }

    /// Did it ever fit?
    pub(super) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// `line 13 of stanch.toml`.
    pub(super) fn name(&self) -> String {
        let folder = if self.folder.is_empty() { String::new() } else { format!("{}/", self.folder) };
        format!("line {} of {folder}stanch.toml", self.allow.line)
    }

    /// Who is to be asked.
    pub(super) fn owner(&self) -> String {
        self.allow.owner.as_ref().map_or_else(String::new, |owner| format!(", {owner} answers for it"))
    }
}
