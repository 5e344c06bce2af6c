//! Names of secrets and of the contexts they are in.
//!
//! It must not know whether there is such a secret. Start with [`Context::parse`] and [`Name::parse`].

use std::fmt;
use std::str::FromStr;

/// Bytes of one part of a name, at most.
const LONGEST: usize = 128;
/// The environment of a context that names none.
const DEFAULT: &str = "default";

/// Secrets that belong together, under a key of their own: `[organisation/]project[/environment][:kind]`.
///
/// One part is a project, two are a project and an environment, three an organisation before them. Its text is the same whichever way
/// it was written: `shop` and `shop/default` are one context, and so are `shop/dev` and `shop/dev:interactive`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Context {
    organisation: Option<String>,
    project: String,
    environment: String,
    kind: Kind,
}

/// Who uses the secrets of a context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A person at a terminal.
    #[default]
    Interactive,
    /// A program that runs all the time.
    Daemon,
    /// A CI system.
    Ci,
    /// An AI agent.
    Agent,
}

/// What a secret is called in its context.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// A name is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Of a context.
    #[error(
        "a context is `project`, `project/environment` or `organisation/project/environment`, with letters, digits and `._-`"
    )]
    Context,
    /// After the colon.
    #[error("after the colon of a context stands `interactive`, `daemon`, `ci` or `agent`")]
    Kind,
    /// Of a secret.
    #[error("a name has letters, digits and `._-@+`, begins with a letter, a digit or `_`, and has at most 128 of them")]
    Name,
}

impl Kind {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Interactive, "interactive"), (Self::Daemon, "daemon"), (Self::Ci, "ci"), (Self::Agent, "agent")];

    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl Context {
    /// Reads one.
    ///
    /// # Errors
    /// [`Wrong::Context`], [`Wrong::Kind`].
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let (path, kind) = match text.split_once(':') {
            Some((path, word)) => (path, Kind::ALL.iter().find(|(_, other)| *other == word).ok_or(Wrong::Kind)?.0),
            None => (text, Kind::default()),
        };
        let parts: Vec<&str> = path.split('/').collect();
        if !parts.iter().all(|part| is_part(part, "._-")) {
            return Err(Wrong::Context);
        }
        let (organisation, project, environment) = match parts[..] {
            [project] => (None, project, DEFAULT),
            [project, environment] => (None, project, environment),
            [organisation, project, environment] => (Some(organisation.to_owned()), project, environment),
            _ => return Err(Wrong::Context),
        };
        Ok(Self { organisation, project: project.to_owned(), environment: environment.to_owned(), kind })
    }

    /// The organisation, if one is named.
    #[must_use]
    pub fn organisation(&self) -> Option<&str> {
        self.organisation.as_deref()
    }

    /// The project.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The environment, such as `dev` or `prod`.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Who uses it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(organisation) = &self.organisation {
            write!(f, "{organisation}/")?;
        }
        write!(f, "{}", self.project)?;
        if self.organisation.is_some() || self.environment != DEFAULT {
            write!(f, "/{}", self.environment)?;
        }
        if self.kind != Kind::default() {
            write!(f, ":{}", self.kind.word())?;
        }
        Ok(())
    }
}

impl FromStr for Context {
    type Err = Wrong;
    fn from_str(text: &str) -> Result<Self, Wrong> {
        Self::parse(text)
    }
}

impl Name {
    /// Reads one.
    ///
    /// # Errors
    /// [`Wrong::Name`].
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        if is_part(text, "._-@+") { Ok(Self(text.to_owned())) } else { Err(Wrong::Name) }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = Wrong;
    fn from_str(text: &str) -> Result<Self, Wrong> {
        Self::parse(text)
    }
}

fn is_part(text: &str, signs: &str) -> bool {
    text.len() <= LONGEST
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'_')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || signs.contains(letter))
}

#[cfg(test)]
mod tests {
    use super::{Context, Kind, Name, Wrong};

    #[test]
    fn contexts() {
        let check = |text: &str, same: &str, parts: (Option<&str>, &str, &str, Kind)| {
            let context = Context::parse(text).unwrap();
            assert_eq!(context.to_string(), same);
            assert_eq!(Context::parse(same), Ok(context.clone()));
            assert_eq!((context.organisation(), context.project(), context.environment(), context.kind()), parts);
        };
        check("shop", "shop", (None, "shop", "default", Kind::Interactive));
        check("shop/default", "shop", (None, "shop", "default", Kind::Interactive));
        check("shop/prod:ci", "shop/prod:ci", (None, "shop", "prod", Kind::Ci));
        check("acme/shop/default", "acme/shop/default", (Some("acme"), "shop", "default", Kind::Interactive));
        check("acme/shop/dev:interactive", "acme/shop/dev", (Some("acme"), "shop", "dev", Kind::Interactive));
        check("a:agent", "a:agent", (None, "a", "default", Kind::Agent));
        for wrong in ["", "/", "a/", "/a", "a//b", "a/b/c/d", "a b", "ä", "-a", ".", "a/..", "a\n", &"a".repeat(129)] {
            assert_eq!(Context::parse(wrong), Err(Wrong::Context), "{wrong:?}");
        }
        for wrong in ["a:", "a:other", "a:ci:ci"] {
            assert_eq!(Context::parse(wrong), Err(Wrong::Kind), "{wrong:?}");
        }
    }

    #[test]
    fn names() {
        for name in ["DB_PASSWORD", "a", "_x", "me@host", "c++", "tls.key", "0-1"] {
            assert_eq!(Name::parse(name).unwrap().as_str(), name);
        }
        for wrong in ["", "a/b", "a#b", "a b", "-rf", ".hidden", "ä", "a\0", &"a".repeat(129)] {
            assert_eq!(Name::parse(wrong), Err(Wrong::Name), "{wrong:?}");
        }
    }
}
