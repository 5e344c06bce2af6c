//! What a CI job is to scan, and why: a pure function of the event that started it.
//!
//! It must not read files or the environment, nor know git. Start with [`Plan`] and [`Event`].

use std::path::PathBuf;

use super::super::args::ci::Platform;
use super::{github, variables};

/// What is scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Nothing: a branch was deleted.
    Nothing,
    /// What commits add.
    Range {
        /// What was there before.
        base: Base,
        /// The newest commit.
        head: String,
    },
    /// The history as a whole.
    Everything,
}

/// What was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// A commit, by its id, or what somebody typed.
    Commit(String),
    /// A branch of the repository.
    Branch(String),
    /// The default branch of the repository: a branch that is new, or whose old end is not known, adds what this one has not. If the
    /// branch itself is the default one, nothing was there before.
    ///
    /// Not what other branches and tags reach: of two that are pushed at once, each would take the other for old.
    Default {
        /// Its name, if the event tells.
        name: Option<String>,
        /// The branch that was pushed.
        pushed: Option<String>,
    },
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) what: What,
    /// In words, for people.
    pub(super) why: String,
    /// The pull request that it is about.
    pub(super) request: Option<Request>,
    /// The base that takes the place of one that cannot be had.
    pub(super) instead: Base,
    /// How many commits there are, if the event tells.
    pub(super) commits: Option<u64>,
    pub(super) checkout: Checkout,
}

/// What a CI system checks out for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checkout {
    /// What is scanned, perhaps merged with its base.
    Head,
    /// Something else, such as the default branch.
    Other,
}

/// A pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) number: Option<u64>,
    pub(super) from: From,
}

/// Where a pull request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// A branch of the repository.
    Here,
    /// A fork: its job may read only.
    Fork,
}

/// An event that cannot be understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// A variable is not set.
    #[error("{0} is not set")]
    Unset(String),
    /// A variable is wrong.
    #[error("{0} is no commit id")]
    NoCommit(String),
    /// A field of an event is missing.
    #[error("the {event} event in {file} has no `{field}`")]
    Missing {
        /// The kind of event.
        event: String,
        /// The payload.
        file: String,
        /// Its path.
        field: String,
    },
    /// A field of an event is wrong.
    #[error("`{field}` of the {event} event in {file} is not {expected}")]
    Wrong {
        /// The kind of event.
        event: String,
        /// The payload.
        file: String,
        /// Its path.
        field: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A payload is no JSON object.
    #[error("the event in {file} is no JSON object")]
    NotJson {
        /// The payload.
        file: String,
    },
}

/// What a CI system says about a job.
pub(super) enum Event<'a> {
    /// GitHub: the kind of event, where its payload stands, and the payload.
    GitHub { name: String, file: PathBuf, payload: Vec<u8> },
    /// Any other: its variables.
    Variables(Platform, Variables<'a>),
}

/// Looks up a variable; an empty one is none.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Plan {
    /// The plan for an event.
    pub(super) fn of(event: &Event<'_>) -> Result<Self, Error> {
        match event {
            Event::GitHub { name, file, payload } => github::plan(name, file, payload),
            Event::Variables(platform, variables) => variables::plan(*platform, *variables),
        }
    }

    /// A plan without what only some events tell.
    pub(super) fn new(what: What, why: impl Into<String>) -> Self {
        let instead = Base::Default { name: None, pushed: None };
        Self { what, why: why.into(), request: None, instead, commits: None, checkout: Checkout::Head }
    }

    /// The same with ends that somebody chose.
    pub(super) fn with_ends(self, base: Option<&str>, head: Option<&str>) -> Self {
        if base.is_none() && head.is_none() {
            return self;
        }
        let (was_base, was_head) = match &self.what {
            What::Range { base, head } => (base.clone(), head.clone()),
            _ => (self.instead.clone(), "HEAD".to_owned()),
        };
        let base = base.map_or(was_base, |name| Base::Commit(name.to_owned()));
        let what = What::Range { base, head: head.map_or(was_head, str::to_owned) };
        Self { what, why: "commits that were chosen".to_owned(), commits: None, ..self }
    }

    /// The same for what a branch or tag that was pushed has: since `before`, if that is known and not all zeros.
    pub(super) fn push(before: Option<String>, head: String, default: Option<String>, pushed: Pushed) -> Self {
        let (branch, name) = match pushed {
            Pushed::Branch(name) => (Some(name.clone()), format!("the branch {name}")),
            Pushed::Tag(name) => (None, format!("the tag {name}")),
        };
        let instead = Base::Default { name: default, pushed: branch };
        let before = before.filter(|id| !is_zero(id));
        let (base, why) = match before {
            Some(id) => (Base::Commit(id), format!("a push to {name}")),
            None => (instead.clone(), format!("{name} is new, or what was there before is not known")),
        };
        Self { instead, ..Self::new(What::Range { base, head }, why) }
    }
}

/// What was pushed.
pub(super) enum Pushed {
    /// A branch.
    Branch(String),
    /// A tag.
    Tag(String),
}

/// Does it stand for no commit?
pub(super) fn is_zero(id: &str) -> bool {
    id.len() >= 40 && id.bytes().all(|b| b == b'0')
}

/// Is it the id of a commit, in full?
pub(super) fn is_id(id: &str) -> bool {
    matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit())
}
