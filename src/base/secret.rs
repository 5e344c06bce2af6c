//! A byte string that must not leak: no printing, no copying, no comparing by accident, wiped when dropped.
//!
//! It must not know what a credential looks like or where it came from. Start with [`Secret::expose`], the only way out.

use std::fmt;

use zeroize::Zeroizing;

/// A credential's bytes.
///
/// `Secret` has no `Display`, `Serialize`, `Clone`, `Deref`, `Hash` or `PartialEq`; its `Debug` prints `Secret(_)`.
/// The bytes are overwritten when it is dropped.
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    /// Copies `bytes` into a new secret.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes. Every call site of this function is listed in `testdata/golden/expose.txt`.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes, which is not secret.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True for an empty value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(_)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing() {
        let s = Secret::new(b"hunter2hunter2");
        assert_eq!(format!("{s:?} {:?}", Some(&s)), "Secret(_) Some(Secret(_))");
        assert_eq!(s.expose(), b"hunter2hunter2");
        assert_eq!(s.len(), 14);
        assert!(!s.is_empty());
    }
}
