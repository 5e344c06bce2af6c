//! The version of a set of rule files: a day, and a digest over names and texts.
//!
//! It must not know rules: the build script uses it too. Start with [`of`].

use sha2::{Digest, Sha256};

/// The version of these files, such as `2026-11-28+` and 32 hexadecimal digits.
pub(super) fn of<'a>(day: &str, files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    // The length before each part, so that two lists never give the same.
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    for (name, bytes) in files {
        add(name.as_bytes());
        // Git may have changed the ends of lines.
        add(&bytes.iter().copied().filter(|b| *b != b'\r').collect::<Vec<u8>>());
    }
    let digits: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{day}+{digits}")
}
