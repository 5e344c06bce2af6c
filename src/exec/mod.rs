//! Rank 4: references to secrets, and programs that are given what they stand for.
//!
//! It must not know where values come from: whoever calls gives a [`Resolve`]. It must not print; what it has to tell is in its results.
//! Start with [`environment::Environment`] and [`child::Run`] for programs, [`template::Template`] for files.

// The paths of the whole, which this is a part of: `crate::base`, `crate::exec`, `crate::scan`, `crate::vault`.
use crate as exec;
use stanch_base as base;
use stanch_scan as scan;
use stanch_vault as vault;

pub mod child;
pub mod environment;
pub mod reference;
pub mod template;

use base::secret::Secret;
use reference::Reference;

/// Why references have no values.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// There are no such secrets, or no such fields of them. Their names are no secrets.
    #[error("{}", missing(.0))]
    Missing(Vec<Reference>),
    /// They could not be read.
    #[error(transparent)]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

/// Gives the values of references, one for each, in their order: all of them or none.
pub type Resolve<'r> = dyn FnMut(&[Reference]) -> Result<Vec<Secret>, Unresolved> + 'r;

fn missing(references: &[Reference]) -> String {
    let names: Vec<String> = references.iter().map(|reference| format!("`{reference}`")).collect();
    format!("not in the vault: {}", names.join(", "))
}

/// The values of `references`, of which none is asked for twice.
fn resolve(references: &[Reference], with: &mut Resolve<'_>) -> Result<Vec<Secret>, Unresolved> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let values = with(references)?;
    if values.len() != references.len() {
        return Err(Unresolved::Failed("as many values as references were asked for, and others came".into()));
    }
    Ok(values)
}

/// Where `reference` stands in `all`, at the end if it was not there.
fn index_of(all: &mut Vec<Reference>, reference: Reference) -> usize {
    match all.iter().position(|other| *other == reference) {
        Some(index) => index,
        None => {
            all.push(reference);
            all.len() - 1
        }
    }
}
