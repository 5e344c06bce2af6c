//! A store that forgets everything when it ends, for tests.
//!
//! It must not be offered to users. Start with [`Memory`].

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use super::base::secret::Secret;
use super::{Error, Keystore};

/// Values by name.
#[derive(Default)]
pub struct Memory(Mutex<HashMap<String, Zeroizing<Vec<u8>>>>);

impl Keystore for Memory {
    fn load(&self, name: &str) -> Result<Option<Secret>, Error> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).map(|value| Secret::new(value)))
    }

    fn store(&self, name: &str, value: &[u8]) -> Result<(), Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Zeroizing::new(value.to_vec()));
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }
}
