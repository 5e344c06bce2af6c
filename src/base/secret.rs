//! A byte string that must not leak: no printing, no copying, no comparing by accident, wiped when dropped.
//!
//! It must not know what a credential looks like or where it came from. Start with [`Secret::expose`], the only way out.

use std::fmt;

use zeroize::Zeroizing;

use super::arena::Locked;

/// A credential's bytes.
///
/// `Secret` has no `Display`, `Serialize`, `Clone`, `Deref`, `Hash` or `PartialEq`; its `Debug` prints `Secret(_)`.
/// The bytes are overwritten when it is dropped.
pub struct Secret(Kept);

enum Kept {
    /// What a scan found lay on the heap, and in a file, before.
    Heap(Zeroizing<Box<[u8]>>),
    Locked(Locked),
}

impl Secret {
    /// Copies `bytes` into a new secret.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Kept::Heap(Zeroizing::new(bytes.into())))
    }

    /// The bytes. Every call site of this function is listed in `testdata/golden/expose.txt`.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.bytes()
    }

    /// Length in bytes, which is not secret.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// True for an empty value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    fn bytes(&self) -> &[u8] {
        match &self.0 {
            Kept::Heap(bytes) => bytes,
            Kept::Locked(bytes) => bytes.bytes(),
        }
    }
}

impl From<Locked> for Secret {
    /// Keeps the bytes where they are.
    fn from(bytes: Locked) -> Self {
        Self(Kept::Locked(bytes))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(_)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::arena::Arena;
    use super::Secret;

    #[test]
    fn debug_shows_nothing() {
        let mut locked = Arena::new().buffer(20).unwrap();
        locked.push(b"hunter2hunter2").unwrap();
        for s in [Secret::new(b"hunter2hunter2"), locked.into()] {
            assert_eq!(format!("{s:?} {:?}", Some(&s)), "Secret(_) Some(Secret(_))");
            assert_eq!(s.expose(), b"hunter2hunter2");
            assert_eq!(s.len(), 14);
            assert!(!s.is_empty());
        }
    }
}
