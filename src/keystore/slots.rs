//! The slots of a vault: the root key, sealed under each of the keys that open it, in one small file.
//!
//! It must not know where a passphrase was typed or what a vault holds. Start with [`Slots::open`].
//!
//! The file is JSON, written in one way only: any other byte in it is damage. A code over all of it, with a key that comes from the root
//! key, tells when a slot was added, taken out or weakened by somebody who cannot open the vault.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::base::arena::Arena;
use super::base::crypto::{digest, hmac_sha256, open, random, same, seal};
use super::base::fail;
use super::base::fs::{Access, write_atomic_with};
use super::base::text::hex;
use super::file;
use super::passphrase::Cost;
use super::recovery::Code;
use super::root::Root;
use super::{Error, Keystore};

/// The version of the file.
const VERSION: u64 = 1;
/// A larger file is none of these.
const LARGEST: usize = 64 * 1024;

/// The slots of one vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slots {
    version: u64,
    /// Of the vault, in hexadecimal digits.
    vault: String,
    /// Seconds since 1970.
    created: u64,
    next: u32,
    #[expect(clippy::struct_field_names, reason = "the name in the file")]
    slots: Vec<Slot>,
    code: String,
}

/// One way into a vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Never used again for another slot.
    pub number: u32,
    /// What opens it.
    pub kind: Kind,
    /// Seconds since 1970.
    pub created: u64,
    sealed: String,
}

/// What opens a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    /// A passphrase.
    Passphrase {
        /// Of one guess.
        cost: Cost,
        /// 16 bytes in hexadecimal digits.
        salt: String,
    },
    /// A recovery code.
    Recovery {
        /// 16 bytes in hexadecimal digits.
        salt: String,
    },
    /// A key that a store keeps, such as the keychain of the system.
    Store {
        /// The name of the store.
        store: String,
    },
    /// A key that a store keeps and a passphrase, both.
    Both {
        /// The name of the store.
        store: String,
        /// Of one guess.
        cost: Cost,
        /// 16 bytes in hexadecimal digits.
        salt: String,
    },
}

/// A key that may open a slot.
pub enum Factor<'a> {
    /// A passphrase.
    Passphrase(&'a [u8]),
    /// A recovery code.
    Recovery(&'a Code),
    /// A store, and its name.
    Store(&'a dyn Keystore, &'static str),
    /// A store, its name, and a passphrase.
    Both(&'a dyn Keystore, &'static str, &'a [u8]),
}

impl Kind {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Passphrase { .. } => "passphrase",
            Self::Recovery { .. } => "recovery code",
            Self::Store { .. } => "keychain",
            Self::Both { .. } => "keychain and passphrase",
        }
    }
}

impl Slots {
    /// Those of a new vault: none yet.
    #[must_use]
    pub fn new(vault: &[u8; 16], created: u64) -> Self {
        Self { version: VERSION, vault: hex(vault), created, next: 1, slots: Vec::new(), code: String::new() }
    }

    /// The vault they belong to, in hexadecimal digits.
    #[must_use]
    pub fn vault(&self) -> &str {
        &self.vault
    }

    /// When the vault was made, in seconds since 1970.
    #[must_use]
    pub fn created(&self) -> u64 {
        self.created
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn all(&self) -> &[Slot] {
        &self.slots
    }

    /// The number of the next slot.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// The name under which a store keeps the key of slot `number`.
    #[must_use]
    pub fn store_name(&self, number: u32) -> String {
        format!("vault {} key {number}", self.vault)
    }

    /// Adds a slot that `factor` opens; a store is given a fresh key. It is not written until [`Slots::write`].
    ///
    /// # Errors
    /// If a store cannot keep a key, or the system gives no random bytes.
    pub fn add(&mut self, root: &Root, factor: &Factor<'_>, now: u64) -> Result<u32, Error> {
        let number = self.next;
        let salt = random::<16>()?;
        let cost = Cost::default();
        let (kind, key) = match factor {
            Factor::Passphrase(words) => (Kind::Passphrase { cost, salt: hex(&salt) }, cost.hash(words, &salt)?),
            Factor::Recovery(code) => (Kind::Recovery { salt: hex(&salt) }, code.key(&salt)),
            Factor::Store(store, name) => (Kind::Store { store: (*name).to_owned() }, self.give(*store, number)?),
            Factor::Both(store, name, words) => {
                let key = both(&self.give(*store, number)?, &cost.hash(words, &salt)?);
                (Kind::Both { store: (*name).to_owned(), cost, salt: hex(&salt) }, key)
            }
        };
        let sealed = self.seal(number, &kind, &key, root)?;
        self.slots.push(Slot { number, kind, created: now, sealed });
        self.next += 1;
        Ok(number)
    }

    /// Seals the root key of slot `number` anew, with another passphrase or recovery code; a store keeps the key that it has. It is not
    /// written until [`Slots::write`]. No other slot changes.
    ///
    /// # Errors
    /// [`Error::NoSlot`] if there is no such slot, or `factor` is of another kind.
    pub fn rewrap(&mut self, number: u32, root: &Root, factor: &Factor<'_>) -> Result<(), Error> {
        let none = || Error::NoSlot(format!("{} with number {number}", factor.name()));
        let index = self.slots.iter().position(|slot| slot.number == number).ok_or_else(none)?;
        let (salt, cost) = (random::<16>()?, Cost::default());
        let (kind, key) = match (factor, &self.slots[index].kind) {
            (Factor::Passphrase(words), Kind::Passphrase { .. }) => {
                (Kind::Passphrase { cost, salt: hex(&salt) }, cost.hash(words, &salt)?)
            }
            (Factor::Recovery(code), Kind::Recovery { .. }) => (Kind::Recovery { salt: hex(&salt) }, code.key(&salt)),
            (Factor::Both(store, name, words), Kind::Both { store: kept, .. }) if name == kept => {
                let key = both(&self.take(*store, name, number)?, &cost.hash(words, &salt)?);
                (Kind::Both { store: kept.clone(), cost, salt: hex(&salt) }, key)
            }
            _ => return Err(none()),
        };
        self.slots[index].sealed = self.seal(number, &kind, &key, root)?;
        self.slots[index].kind = kind;
        Ok(())
    }

    fn seal(&self, number: u32, kind: &Kind, key: &[u8; 32], root: &Root) -> Result<String, Error> {
        Ok(BASE64.encode(seal(key, &self.about(number, kind), root.bytes())?))
    }

    /// Gives `store` a fresh key for a slot.
    fn give(&self, store: &dyn Keystore, number: u32) -> Result<Zeroizing<[u8; 32]>, Error> {
        let key = Zeroizing::new(random::<32>()?);
        // As text: some keychains keep nothing else.
        store.store(&self.store_name(number), Zeroizing::new(BASE64.encode(*key)).as_bytes())?;
        Ok(key)
    }

    fn take(&self, store: &dyn Keystore, name: &'static str, number: u32) -> Result<Zeroizing<[u8; 32]>, Error> {
        let kept = store.load(&self.store_name(number))?.ok_or(Error::Missing { store: name })?;
        let mut key = Zeroizing::new([0; 32]);
        let mut read = Zeroizing::new(vec![0; 48]);
        let length = BASE64.decode_slice(kept.expose(), &mut read).ok().filter(|length| *length == 32);
        length.ok_or(Error::Refused { store: name, why: "what it keeps under our name is no key".to_owned() })?;
        key.copy_from_slice(&read[..32]);
        Ok(key)
    }

    /// Takes a slot out. It is not written until [`Slots::write`], and a store is not told.
    ///
    /// # Errors
    /// [`Error::LastSlot`], [`Error::NoSlot`].
    pub fn remove(&mut self, number: u32) -> Result<Slot, Error> {
        let index = self.slots.iter().position(|slot| slot.number == number);
        let index = index.ok_or_else(|| Error::NoSlot(format!("key {number}")))?;
        if self.slots.len() == 1 {
            return Err(Error::LastSlot);
        }
        Ok(self.slots.remove(index))
    }

    /// The root key, by the first slot that `factor` opens, and the number of that.
    ///
    /// # Errors
    /// [`Error::NoSlot`] if there is none of that kind; [`Error::Wrong`] if it opens none; [`Error::Damaged`] if the slots were changed.
    pub fn open(&self, arena: &Arena, factor: &Factor<'_>) -> Result<(Root, u32), Error> {
        let mut tried = None;
        for slot in &self.slots {
            let key = match (factor, &slot.kind) {
                (Factor::Passphrase(words), Kind::Passphrase { cost, salt }) => cost.hash(words, &unhex(salt)?)?,
                (Factor::Recovery(code), Kind::Recovery { salt }) => code.key(&unhex(salt)?),
                (Factor::Store(store, name), Kind::Store { store: kept }) if name == kept => {
                    self.take(*store, name, slot.number)?
                }
                (Factor::Both(store, name, words), Kind::Both { store: kept, cost, salt }) if name == kept => {
                    both(&self.take(*store, name, slot.number)?, &cost.hash(words, &unhex(salt)?)?)
                }
                _ => continue,
            };
            tried = Some(slot.kind.name());
            let Ok(sealed) = BASE64.decode(&slot.sealed) else { return Err(Error::Damaged("a sealed key is no base64")) };
            if let Some(opened) = open(&key, &self.about(slot.number, &slot.kind), &sealed) {
                let root = Root::of(arena, &opened)?;
                self.prove(&root)?;
                return Ok((root, slot.number));
            }
        }
        Err(tried.map_or_else(|| Error::NoSlot(factor.name().to_owned()), Error::Wrong))
    }

    /// Tells whether the slots are those that were written by who had `root`.
    ///
    /// # Errors
    /// [`Error::Damaged`] if they are not.
    pub fn prove(&self, root: &Root) -> Result<(), Error> {
        if same(self.code.as_bytes(), self.code_of(root).as_bytes()) {
            Ok(())
        } else {
            Err(Error::Damaged("it was changed by somebody who could not open the vault"))
        }
    }

    fn code_of(&self, root: &Root) -> String {
        let without = Self { code: String::new(), ..self.clone() };
        hex(&hmac_sha256(&*root.derive("code of the slots"), &[without.text().as_bytes()]))
    }

    /// What a sealed root key is bound to.
    fn about(&self, number: u32, kind: &Kind) -> Vec<u8> {
        let kind = serde_json::to_string(kind).expect("plain data is JSON");
        digest(&[b"stanch slot 1", self.vault.as_bytes(), &number.to_le_bytes(), kind.as_bytes()]).to_vec()
    }

    /// The content of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data is JSON");
        text.push('\n');
        text
    }

    /// Reads the file at `path`; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Version`], [`Error::Damaged`], [`Error::Unsafe`], or what the system said.
    pub fn read(path: &Path) -> Result<Option<Self>, Error> {
        file::read(path, LARGEST)?.map(|bytes| Self::parse(&bytes)).transpose()
    }

    /// Reads the bytes of such a file.
    ///
    /// # Errors
    /// [`Error::Version`], [`Error::Damaged`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Any {
            version: u64,
        }
        if bytes.len() > LARGEST {
            return Err(Error::Damaged("it is too large"));
        }
        let Ok(any) = serde_json::from_slice::<Any>(bytes) else { return Err(Error::Damaged("it is no JSON with a version")) };
        if any.version != VERSION {
            return Err(Error::Version(any.version));
        }
        let Ok(slots) = serde_json::from_slice::<Self>(bytes) else { return Err(Error::Damaged("a field is wrong")) };
        if slots.text().as_bytes() != bytes || slots.slots.iter().any(|slot| slot.number >= slots.next) {
            return Err(Error::Damaged("it is not as stanch writes it"));
        }
        unhex::<16>(&slots.vault)?;
        Ok(slots)
    }

    /// Writes the file, whole or not at all, for its owner alone.
    ///
    /// # Errors
    /// What the system said.
    pub fn write(&mut self, root: &Root, path: &Path) -> Result<(), Error> {
        self.code = self.code_of(root);
        let text = self.text();
        fail::point("keys: before the write");
        let written = write_atomic_with(path, Access::Owner, |file| {
            // One that was there may have been for others too.
            rustix::fs::fchmod(&*file, file::MODE)?;
            std::io::Write::write_all(file, text.as_bytes())?;
            fail::point("keys: in the write");
            Ok(())
        });
        fail::point("keys: after the write");
        written.map_err(|e| Error::System(std::io::Error::other(e)))
    }
}

impl Factor<'_> {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Passphrase(_) => "passphrase",
            Self::Recovery(_) => "recovery code",
            Self::Store(..) => "keychain",
            Self::Both(..) => "keychain and passphrase",
        }
    }

    /// What it is called, with the store's name.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Store(_, name) => (*name).to_owned(),
            Self::Both(_, name, _) => format!("{name} with a passphrase"),
            other => other.name().to_owned(),
        }
    }

    /// May it open a slot of that kind?
    pub(super) fn fits(&self, kind: &Kind) -> bool {
        match (self, kind) {
            (Self::Passphrase(_), Kind::Passphrase { .. }) | (Self::Recovery(_), Kind::Recovery { .. }) => true,
            (Self::Store(_, name), Kind::Store { store }) | (Self::Both(_, name, _), Kind::Both { store, .. }) => name == store,
            _ => false,
        }
    }
}

fn both(store: &Zeroizing<[u8; 32]>, words: &Zeroizing<[u8; 32]>) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(digest(&[b"stanch both 1", &**store, &**words]))
}

fn unhex<const N: usize>(digits: &str) -> Result<[u8; N], Error> {
    let wrong = Error::Damaged("a number has other digits");
    let mut bytes = [0; N];
    if digits.len() != 2 * N || !digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(wrong);
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let value = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
        *byte = value(pair[0]) << 4 | value(pair[1]);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::base::arena::Arena;
    use super::super::memory::Memory;
    use super::super::recovery::Code;
    use super::super::root::Root;
    use super::super::{Error, Keystore as _};
    use super::{Factor, Slots};

    const STORE: &str = "secret-service";

    #[test]
    fn any_slot_opens_and_nothing_else() {
        let (arena, store, code) = (Arena::new(), Memory::default(), Code::fresh().unwrap());
        let root = Root::fresh(&arena).unwrap();
        let mut slots = Slots::new(&[3; 16], 7);
        let factors = [
            Factor::Passphrase(b"made up words"),
            Factor::Recovery(&code),
            Factor::Store(&store, STORE),
            Factor::Both(&store, STORE, b"others"),
        ];
        for factor in &factors {
            slots.add(&root, factor, 8).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        slots.write(&root, &path).unwrap();
        let slots = Slots::read(&path).unwrap().unwrap();
        for (number, factor) in (1..).zip(&factors) {
            let (opened, by) = slots.open(&arena, factor).unwrap();
            assert_eq!((opened.bytes(), by), (root.bytes(), number));
        }
        let wrong = |factor: &Factor| slots.open(&arena, factor).unwrap_err().to_string();
        assert_eq!(wrong(&Factor::Passphrase(b"made up word")), "the passphrase is wrong");
        assert_eq!(wrong(&Factor::Recovery(&Code::fresh().unwrap())), "the recovery code is wrong");
        assert_eq!(wrong(&Factor::Both(&store, STORE, b"made up words")), "the keychain and passphrase is wrong");
        assert_eq!(wrong(&Factor::Store(&store, "other")), "this vault has no keychain");
        store.remove(&slots.store_name(3)).unwrap();
        assert_eq!(wrong(&Factor::Store(&store, STORE)), "secret-service does not have the key of this vault");
    }

    #[test]
    fn the_last_slot_stays_and_numbers_are_used_once() {
        let arena = Arena::new();
        let (root, code) = (Root::fresh(&arena).unwrap(), Code::fresh().unwrap());
        let mut slots = Slots::new(&[3; 16], 7);
        assert_eq!(slots.add(&root, &Factor::Recovery(&code), 8).unwrap(), 1);
        assert!(matches!(slots.remove(1), Err(Error::LastSlot)));
        assert!(matches!(slots.remove(2), Err(Error::NoSlot(_))));
        assert_eq!(slots.add(&root, &Factor::Recovery(&code), 8).unwrap(), 2);
        slots.remove(2).unwrap();
        assert_eq!(slots.add(&root, &Factor::Recovery(&code), 8).unwrap(), 3);
    }

    /// Every bit of the file counts.
    #[test]
    fn a_flipped_bit_is_noticed() {
        let arena = Arena::new();
        let (root, code) = (Root::fresh(&arena).unwrap(), Code::fresh().unwrap());
        let mut slots = Slots::new(&[3; 16], 7);
        slots.add(&root, &Factor::Recovery(&code), 8).unwrap();
        slots.write(&root, &tempfile::tempdir().unwrap().path().join("keys.json")).unwrap();
        let text = slots.text();
        assert!(Slots::parse(text.as_bytes()).unwrap().open(&arena, &Factor::Recovery(&code)).is_ok());
        for at in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[at / 8] ^= 1 << (at % 8);
            let opened = Slots::parse(&bytes).and_then(|slots| slots.open(&arena, &Factor::Recovery(&code)));
            assert!(opened.is_err(), "bit {at} of {text}");
        }
        for wrong in [&b""[..], b"{}", b"{\"version\": 2}\n", &vec![b' '; super::LARGEST + 1]] {
            assert!(Slots::parse(wrong).is_err());
        }
    }

    /// Somebody who cannot open the vault takes a slot out, or puts one of another vault in.
    #[test]
    fn slots_are_not_changed_from_outside() {
        let arena = Arena::new();
        let (root, code) = (Root::fresh(&arena).unwrap(), Code::fresh().unwrap());
        let mut slots = Slots::new(&[3; 16], 7);
        slots.add(&root, &Factor::Recovery(&code), 8).unwrap();
        slots.add(&root, &Factor::Recovery(&code), 8).unwrap();
        slots.write(&root, &tempfile::tempdir().unwrap().path().join("keys.json")).unwrap();
        let mut fewer = slots.clone();
        fewer.remove(2).unwrap();
        assert!(matches!(fewer.open(&arena, &Factor::Recovery(&code)), Err(Error::Damaged(_))));
        let mut moved = slots.clone();
        moved.slots[1].sealed = moved.slots[0].sealed.clone();
        assert!(matches!(moved.open(&arena, &Factor::Recovery(&code)), Err(Error::Damaged(_))));
    }

    proptest! {
        /// Whatever is added, taken out and sealed anew: each way in that is left opens, each that is gone does not, and one is always left.
        #[test]
        fn no_way_in_is_lost(steps in prop::collection::vec((0u8..3, 0usize..8), 1..12)) {
            let (arena, folder) = (Arena::new(), tempfile::tempdir().unwrap());
            let (path, root) = (folder.path().join("keys.json"), Root::fresh(&arena).unwrap());
            let fresh = || Code::fresh().unwrap();
            let mut slots = Slots::new(&[3; 16], 7);
            let (mut left, mut gone) = (vec![(1, fresh())], Vec::new());
            slots.add(&root, &Factor::Recovery(&left[0].1), 8).unwrap();
            for (step, at) in steps {
                let at = at % left.len();
                let number = left[at].0;
                match step {
                    0 => {
                        let code = fresh();
                        left.push((slots.add(&root, &Factor::Recovery(&code), 8).unwrap(), code));
                    }
                    1 => match slots.remove(number) {
                        Ok(_) => gone.push(left.remove(at).1),
                        Err(_) => prop_assert_eq!(left.len(), 1),
                    },
                    _ => {
                        let code = fresh();
                        slots.rewrap(number, &root, &Factor::Recovery(&code)).unwrap();
                        gone.push(std::mem::replace(&mut left[at].1, code));
                    }
                }
                slots.write(&root, &path).unwrap();
                slots = Slots::read(&path).unwrap().unwrap();
                for (number, code) in &left {
                    let (opened, by) = slots.open(&arena, &Factor::Recovery(code)).unwrap();
                    prop_assert_eq!((opened.bytes(), by), (root.bytes(), *number));
                }
                for code in &gone {
                    prop_assert!(matches!(slots.open(&arena, &Factor::Recovery(code)), Err(Error::Wrong(_))));
                }
            }
        }
    }
}
