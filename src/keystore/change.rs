//! Changing the slots of a vault that is in use: one process at a time, the file whole at every moment.
//!
//! It must not know what is changed. Start with [`Change::begin`].

use std::path::{Path, PathBuf};

use super::Error;
use super::file::Lock;
use super::root::Root;
use super::slots::Slots;

/// The slots of a vault, and the right to change them until this is dropped.
#[derive(Debug)]
pub struct Change {
    /// As they were read once nobody else could change them; not written until [`Change::write`].
    pub slots: Slots,
    path: PathBuf,
    _lock: Lock,
}

impl Change {
    /// Waits for other processes, then reads the file at `path`; `None` if there is none. The lock is a file beside it.
    ///
    /// # Errors
    /// [`Error::Busy`], and those of [`Slots::read`].
    pub fn begin(path: &Path) -> Result<Option<Self>, Error> {
        let lock = Lock::take(&path.with_extension("lock"))?;
        let slots = Slots::read(path)?;
        sweep(path);
        Ok(slots.map(|slots| Self { slots, path: path.to_owned(), _lock: lock }))
    }

    /// Writes the file. More may be changed and written then.
    ///
    /// # Errors
    /// What the system said; the file is as it was.
    pub fn write(&mut self, root: &Root) -> Result<(), Error> {
        self.slots.write(root, &self.path)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes what a write that was cut short left beside the file: nobody else writes it now.
fn sweep(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else { return };
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let begin = format!(".{name}.");
    for other in entries.flatten().map(|entry| entry.path()) {
        let is_ours = other.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begin));
        if is_ours && other.extension().is_some_and(|end| end == "tmp") {
            // What cannot be removed does no harm.
            drop(std::fs::remove_file(other));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::Error;
    use super::super::base::arena::Arena;
    use super::super::memory::Memory;
    use super::super::recovery::Code;
    use super::super::root::Root;
    use super::super::slots::{Factor, Slots};
    use super::Change;

    const STORE: &str = "memory";
    const OTHER: &[u8] = b"another";

    #[test]
    fn a_passphrase_is_changed_and_nothing_else() {
        let (folder, arena, store) = (tempfile::tempdir().unwrap(), Arena::new(), Memory::default());
        let path = folder.path().join("keys.json");
        assert!(Change::begin(&path).unwrap().is_none());
        let (root, code, other) = (Root::fresh(&arena).unwrap(), Code::fresh().unwrap(), Code::fresh().unwrap());
        let mut slots = Slots::new(&[3; 16], 7);
        let old = [
            Factor::Passphrase(b"made up"),
            Factor::Recovery(&code),
            Factor::Both(&store, STORE, b"made up"),
            Factor::Store(&store, STORE),
        ];
        for factor in &old {
            slots.add(&root, factor, 7).unwrap();
        }
        slots.write(&root, &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let new = [Factor::Passphrase(OTHER), Factor::Recovery(&other), Factor::Both(&store, STORE, OTHER)];
        for (number, factor) in (1..).zip(&new) {
            let before = fs::read(&path).unwrap();
            let mut change = Change::begin(&path).unwrap().unwrap();
            assert!(change.slots.open(&arena, factor).is_err());
            change.slots.rewrap(number, &root, factor).unwrap();
            assert_eq!(fs::read(&path).unwrap(), before, "not written yet");
            change.write(&root).unwrap();
            assert_eq!(change.path(), path);
            let again = Slots::read(&path).unwrap().unwrap();
            assert_eq!(again.open(&arena, factor).unwrap().1, number);
            assert!(again.open(&arena, &old[number as usize - 1]).is_err(), "the old one opens nothing");
            assert_eq!(again.all().len(), 4);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let slots = &mut Slots::read(&path).unwrap().unwrap();
        assert_eq!(slots.open(&arena, &old[3]).unwrap().1, 4);
        for (number, factor) in [(4, &old[3]), (1, &new[1]), (9, &new[0]), (3, &Factor::Both(&store, "other", b"x"))] {
            assert!(matches!(slots.rewrap(number, &root, factor), Err(Error::NoSlot(_))), "{number}");
        }
    }

    #[test]
    fn two_writers_lose_nothing() {
        let (folder, arena, code) = (tempfile::tempdir().unwrap(), Arena::new(), Code::fresh().unwrap());
        let path = folder.path().join("keys.json");
        let root = Root::fresh(&arena).unwrap();
        let mut slots = Slots::new(&[3; 16], 7);
        slots.add(&root, &Factor::Recovery(&code), 7).unwrap();
        slots.write(&root, &path).unwrap();
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..5 {
                        let mut change = Change::begin(&path).unwrap().unwrap();
                        change.slots.add(&root, &Factor::Recovery(&code), 8).unwrap();
                        change.write(&root).unwrap();
                    }
                });
            }
        });
        let slots = Slots::read(&path).unwrap().unwrap();
        assert_eq!(slots.all().iter().map(|slot| slot.number).collect::<Vec<_>>(), (1..=21).collect::<Vec<_>>());
        slots.prove(&root).unwrap();
    }
}
