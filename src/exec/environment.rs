//! Variables that hold references.
//!
//! It must not read the environment of the process: whoever calls gives it. Start with [`Environment::new`]. A value may be a reference
//! (`stanch://shop/KEY`), or have some in braces (`postgres://app:{{ stanch://shop/KEY }}@db/app`).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::ffi::OsStringExt as _;

use super::reference::{self, Reference, Wrong};
use super::template::{self, variables};
use super::{Resolve, Unresolved, index_of, resolve};
use crate::base::arena::{Arena, Locked};
use crate::base::secret::Secret;

/// How a variable's value comes to the program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Delivery {
    /// In the environment, where others of the same user can read it, and whatever the program starts has it, too: it discloses it.
    #[default]
    Environment,
    /// In a file in memory, whose path the variable holds.
    File,
    /// At an open file of that number, which the variable holds: it can be read once.
    Descriptor(i32),
}

/// The environment of a program that is to be run.
#[derive(Debug, Default)]
pub struct Environment {
    plain: Vec<(OsString, OsString)>,
    bound: Vec<Bound>,
    references: Vec<Reference>,
}

/// A variable that holds references.
#[derive(Debug)]
pub struct Bound {
    variable: OsString,
    parts: Vec<Part>,
    delivery: Delivery,
}

#[derive(Debug)]
enum Part {
    Text(Vec<u8>),
    Value(usize),
}

/// An environment is none for a program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What looks like a reference is none.
    #[error("the variable `{variable}`: {reason}")]
    Wrong {
        /// Its name, as it may be shown.
        variable: String,
        /// Why.
        reason: Wrong,
    },
    /// A file of variables is none.
    #[error(transparent)]
    File(#[from] template::Error),
    /// There is no such variable with a reference.
    #[error("no variable `{0}` holds a reference")]
    NoVariable(String),
    /// The number is that of another file.
    #[error("{0} cannot be the number of an open file for a secret: take one from 3 to 255, once")]
    Number(i32),
    /// A value cannot be one of a variable.
    #[error("the value of the variable `{0}` has a zero byte: deliver it as a file")]
    Zero(String),
    /// The values are not there.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// There is no memory for them.
    #[error("no memory for values")]
    Memory(#[source] std::io::Error),
}

/// An environment with values, for one program.
#[derive(Debug)]
pub struct Resolved {
    pub(super) plain: Vec<(OsString, OsString)>,
    pub(super) bound: Vec<(OsString, Delivery, Secret)>,
    pub(super) secrets: Vec<(String, Secret)>,
}

impl Environment {
    /// Of the variables of a process. Variables whose names begin with one of `without` are left out: those that hold keys.
    ///
    /// # Errors
    /// [`Error::Wrong`].
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>, without: &[&str]) -> Result<Self, Error> {
        let mut made = Self::default();
        for (name, value) in variables {
            if !without.iter().any(|start| name.as_bytes().starts_with(start.as_bytes())) {
                made.set(name, value)?;
            }
        }
        Ok(made)
    }

    /// Adds the variables of a `.env` file. They replace those of the same names.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Wrong`].
    pub fn add_file(&mut self, text: &[u8]) -> Result<(), Error> {
        for (name, value) in variables(text)? {
            self.set(name.into(), OsString::from_vec(value))?;
        }
        Ok(())
    }

    /// Sets a variable.
    ///
    /// # Errors
    /// [`Error::Wrong`].
    pub fn set(&mut self, variable: OsString, value: OsString) -> Result<(), Error> {
        self.plain.retain(|(other, _)| *other != variable);
        self.bound.retain(|bound| bound.variable != variable);
        let bytes = value.as_bytes();
        let found = reference::find(bytes);
        if found.is_empty() {
            self.plain.push((variable, value));
            return Ok(());
        }
        let (mut parts, mut at) = (Vec::new(), 0);
        for one in found {
            let is_whole = one.range == (0..bytes.len());
            let is_braced = bytes[one.range.clone()].starts_with(b"{{");
            let reference = if is_whole || is_braced { one.reference } else { one.reference.and(Err(Wrong::Beside)) };
            let reference = reference.map_err(|reason| Error::Wrong { variable: shown(&variable), reason })?;
            if one.range.start > at {
                parts.push(Part::Text(bytes[at..one.range.start].to_vec()));
            }
            parts.push(Part::Value(index_of(&mut self.references, reference)));
            at = one.range.end;
        }
        if at < bytes.len() {
            parts.push(Part::Text(bytes[at..].to_vec()));
        }
        self.bound.push(Bound { variable, parts, delivery: Delivery::default() });
        Ok(())
    }

    /// Says how the value of a variable is delivered.
    ///
    /// # Errors
    /// [`Error::NoVariable`], [`Error::Number`].
    pub fn deliver(&mut self, variable: &OsStr, delivery: Delivery) -> Result<(), Error> {
        if let Delivery::Descriptor(number) = delivery {
            let is_taken = self.bound.iter().any(|bound| bound.delivery == delivery && bound.variable != variable);
            if is_taken || !(3..=255).contains(&number) {
                return Err(Error::Number(number));
            }
        }
        let bound = self.bound.iter_mut().find(|bound| bound.variable == variable);
        bound.ok_or_else(|| Error::NoVariable(shown(variable)))?.delivery = delivery;
        Ok(())
    }

    /// The variables that hold references.
    #[must_use]
    pub fn bound(&self) -> &[Bound] {
        &self.bound
    }

    /// What it needs, each once. A variable that was replaced may have needed some of them.
    #[must_use]
    pub fn references(&self) -> Vec<&Reference> {
        let is_used = |index: &usize| self.bound.iter().any(|bound| bound.uses(*index));
        (0..self.references.len()).filter(is_used).map(|index| &self.references[index]).collect()
    }

    /// Puts the values in.
    ///
    /// # Errors
    /// If one is missing, or cannot be a variable's.
    pub fn resolve(self, arena: &Arena, with: &mut Resolve<'_>) -> Result<Resolved, Error> {
        let needed: Vec<Reference> = self.references().into_iter().cloned().collect();
        let values = resolve(&needed, with)?;
        let value = |index: &usize| {
            let place = needed.iter().position(|reference| *reference == self.references[*index]);
            values[place.expect("all that are used were asked for")].expose()
        };
        let mut bound = Vec::new();
        for one in &self.bound {
            let text = one.text(arena, value)?;
            if one.delivery == Delivery::Environment && text.bytes().contains(&0) {
                return Err(Error::Zero(shown(&one.variable)));
            }
            bound.push((one.variable.clone(), one.delivery, text.into()));
        }
        let secrets = needed.iter().map(ToString::to_string).zip(values).collect();
        Ok(Resolved { plain: self.plain, bound, secrets })
    }
}

impl Bound {
    /// Its name.
    #[must_use]
    pub fn variable(&self) -> &OsStr {
        &self.variable
    }

    /// How its value comes to the program.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// May others of the same user read it while the program runs?
    #[must_use]
    pub fn discloses(&self) -> bool {
        self.delivery == Delivery::Environment
    }

    fn uses(&self, index: usize) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Value(other) if *other == index))
    }

    fn text<'v>(&self, arena: &Arena, value: impl Fn(&usize) -> &'v [u8]) -> Result<Locked, Error> {
        let part = |part: &Part, out: &mut dyn FnMut(&[u8])| match part {
            Part::Text(text) => out(text),
            Part::Value(index) => out(value(index)),
        };
        let mut length = 0;
        self.parts.iter().for_each(|one| part(one, &mut |bytes| length += bytes.len()));
        let mut text = arena.buffer(length).map_err(Error::Memory)?;
        let mut is_full = false;
        self.parts.iter().for_each(|one| part(one, &mut |bytes| is_full |= text.push(bytes).is_err()));
        debug_assert!(!is_full, "it was measured");
        Ok(text)
    }
}

impl Resolved {
    /// The values with the references they stand for, for who looks for them elsewhere.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.secrets.iter().map(|(name, secret)| (name.as_str(), secret))
    }
}

fn shown(variable: &OsStr) -> String {
    crate::base::text::sanitise(variable.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::ffi::{OsStr, OsString};

    use super::{Delivery, Environment, Error};
    use crate::base::arena::Arena;
    use crate::base::secret::Secret;
    use crate::exec::Unresolved;
    use crate::exec::reference::{Reference, Wrong};

    fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    fn value(reference: &Reference) -> Secret {
        Secret::new(format!("value of {}", reference.name()).as_bytes())
    }

    #[test]
    fn references_in_variables_are_found() {
        let pairs = [
            ("A", "stanch://shop/A"),
            ("B", "x:{{ stanch://shop/A }}@{{stanch://shop/B#f}}/"),
            ("C", "plain"),
            ("STANCH_X", "k"),
        ];
        let mut environment = Environment::new(variables(&pairs), &["STANCH_"]).unwrap();
        environment.add_file(b"# stanch://not/one\nexport D=\"stanch://shop/D\" # x\nC='stanch://shop/C'\nE=2\n").unwrap();
        environment.set("C".into(), "3".into()).unwrap();
        environment.deliver(OsStr::new("D"), Delivery::Descriptor(7)).unwrap();
        let names: Vec<_> =
            environment.bound().iter().map(|bound| (bound.variable().to_str().unwrap(), bound.discloses())).collect();
        assert_eq!(names, [("A", true), ("B", true), ("D", false)]);
        let needed: Vec<_> = environment.references().iter().map(ToString::to_string).collect();
        assert_eq!(needed, ["stanch://shop/A", "stanch://shop/B#f", "stanch://shop/D"]);
        let resolved = environment.resolve(&Arena::new(), &mut |all| Ok(all.iter().map(value).collect())).unwrap();
        let texts: Vec<_> =
            resolved.bound.iter().map(|(_, _, secret)| String::from_utf8_lossy(secret.expose()).into_owned()).collect();
        assert_eq!(texts, ["value of A", "x:value of A@value of B/", "value of D"]);
        assert_eq!(resolved.plain, variables(&[("E", "2"), ("C", "3")]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for text in ["stanch://shop", "x stanch://shop/A", "Stanch://shop/A", "{{ stanch://shop/A", "a stanch://shop/A b"] {
            let error = Environment::new(variables(&[("X", text)]), &[]).unwrap_err();
            assert!(matches!(&error, Error::Wrong { variable, .. } if variable == "X"), "{text}: {error}");
        }
        let error = Environment::new(variables(&[("X", "u:stanch://shop/A@h")]), &[]).unwrap_err();
        assert!(matches!(error, Error::Wrong { reason: Wrong::Beside | Wrong::Name(_), .. }), "{error}");
        let mut environment = Environment::new(variables(&[("A", "stanch://s/A"), ("B", "stanch://s/B")]), &[]).unwrap();
        assert!(matches!(environment.deliver(OsStr::new("C"), Delivery::File), Err(Error::NoVariable(name)) if name == "C"));
        environment.deliver(OsStr::new("A"), Delivery::Descriptor(3)).unwrap();
        for number in [2, 3, 256] {
            assert!(matches!(environment.deliver(OsStr::new("B"), Delivery::Descriptor(number)), Err(Error::Number(_))));
        }
        let error = environment.resolve(&Arena::new(), &mut |all| Err(Unresolved::Missing(all.to_vec()))).unwrap_err();
        assert_eq!(error.to_string(), "not in the vault: `stanch://s/A`, `stanch://s/B`");
        let environment = Environment::new(variables(&[("A", "stanch://s/A")]), &[]).unwrap();
        let error = environment.resolve(&Arena::new(), &mut |_| Ok(vec![Secret::new(b"a\0b")])).unwrap_err();
        assert!(matches!(error, Error::Zero(_)), "{error}");
    }
}
