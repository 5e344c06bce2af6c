//! Identity of a secret: the same value has the same fingerprint in every mode, file and rule, and the fingerprint does not
//! give the value away.
//!
//! It must not know where a value was found. Start with [`Fingerprinter::fingerprint`].
//!
//! # What goes in
//!
//! The project key and the value, nothing else. No path, line or commit: a secret that moves stays the same secret. No rule
//! and no rule family either: when a generic rule gives way to a specific one, or a rule is renamed, what a team decided about
//! the value still holds; and one value found under two rules is one thing to revoke. An entry in `stanch.toml` that should
//! hold for one rule only names the rule beside the fingerprint.
//!
//! # What an attacker can do with it
//!
//! Fingerprints are committed in plain sight, and so is the project key: it makes fingerprints of two projects
//! incomparable and tables made beforehand useless, but who has the repository has the key. So a value that could be guessed
//! passes argon2id first: each guess then costs some 20 ms and 19 MiB. A value with 80 bits or more needs no such help.
//!
//! So does each value in each scan, unless what it came to is remembered ([`Fingerprinter::remembering`]): under a key that only the user has,
//! outside of the repository. Who has that key and the file can test guesses as fast as without argon2id.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::finding::Fingerprint;
use crate::base::crypto::{self, MemoryHard, NoRandom};
use crate::base::text;

/// Values estimated below this many bits pass the memory-hard hash.
const STRONG_BITS: f64 = 80.0;

/// Bytes of a value that the estimate looks at: enough to find 80 bits in anything that has them.
const ESTIMATED_BYTES: usize = 512;

/// Version of the way a fingerprint is made, the first byte of the hashed message: with and without the memory-hard hash.
const VERSION_FAST: u8 = 1;
const VERSION_SLOW: u8 = 2;

/// Bytes of what is remembered of a value.
const ROW: usize = 32 + 32;

/// How many values may be in the memory-hard hash at once, at 19 MiB each.
const SLOTS: usize = 4;

/// The key that a project's fingerprints are made under, wiped when dropped.
pub struct ProjectKey(Zeroizing<[u8; 32]>);

impl ProjectKey {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A fresh random key.
    pub fn random() -> Result<Self, NoRandom> {
        Ok(Self::new(crypto::random()?))
    }

    /// Eight hexadecimal digits that tell keys apart and do not give them away, for files that hold fingerprints.
    #[must_use]
    pub fn digest(&self) -> String {
        text::hex(&crypto::hmac_sha256(self.bytes(), &[b"stanch key digest 1"])[..4])
    }

    /// The bytes, for the module that stores the key.
    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProjectKey(_)")
    }
}

/// Makes fingerprints. Shared by all threads of a scan.
pub struct Fingerprinter {
    key: Zeroizing<[u8; 32]>,
    slow: Option<Slow>,
}

/// What the memory-hard hash needs. Results are kept under a keyed hash of the value with a key that never leaves the process, so the
/// cache holds no values and gives no one a faster way to test guesses than the process itself has.
struct Slow {
    salt: [u8; 32],
    cache_key: Zeroizing<[u8; 32]>,
    slots: [Mutex<HashMap<[u8; 32], Fingerprint>>; SLOTS],
    /// How many of them were known before.
    remembered: usize,
    /// Memory not in use: as many pieces as were needed at once so far.
    idle: Mutex<Vec<MemoryHard>>,
}

impl Fingerprinter {
    /// Makes fingerprints that stay the same wherever this project key is used.
    pub fn stable(key: &ProjectKey) -> Result<Self, NoRandom> {
        let slow = Slow {
            salt: crypto::hmac_sha256(key.bytes(), &[b"stanch fingerprint salt 1"]),
            cache_key: Zeroizing::new(crypto::random()?),
            slots: Default::default(),
            remembered: 0,
            idle: Mutex::default(),
        };
        Ok(Self { key: key.0.clone(), slow: Some(slow) })
    }

    /// The same, and knows what [`Fingerprinter::memory`] of an earlier one told, if that was made with the same two keys. `own_key` is the user's.
    #[must_use]
    pub fn remembering(mut self, own_key: &[u8; 32], memory: &[u8]) -> Self {
        let cache_key = crypto::hmac_sha256(own_key, &[b"stanch prints 1", self.key.as_slice()]);
        if let Some(slow) = &mut self.slow {
            slow.cache_key = Zeroizing::new(cache_key);
            for row in memory.as_chunks::<ROW>().0 {
                let (known_as, print) = row.split_at(32);
                let known_as: [u8; 32] = known_as.try_into().unwrap_or_default();
                locked(&slow.slots[usize::from(known_as[0]) % SLOTS])
                    .insert(known_as, Fingerprint(String::from_utf8_lossy(print).into_owned()));
            }
            slow.remembered = slow.known();
        }
        self
    }

    /// What weak values came to, for a later run; `None` if none is new.
    #[must_use]
    pub fn memory(&self) -> Option<Vec<u8>> {
        let slow = self.slow.as_ref().filter(|slow| slow.known() > slow.remembered)?;
        let mut rows = Vec::new();
        for slot in &slow.slots {
            for (known_as, print) in locked(slot).iter() {
                rows.extend_from_slice(known_as);
                rows.extend_from_slice(print.0.as_bytes());
            }
        }
        Some(rows)
    }

    /// Makes fingerprints under a random key that no one has after this run. They tell equal values from different ones within the run, fast,
    /// and mean nothing afterwards.
    pub fn per_run() -> Result<Self, NoRandom> {
        Ok(Self { key: Zeroizing::new(crypto::random()?), slow: None })
    }

    /// Whether the fingerprints mean anything after this run.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.slow.is_some()
    }

    /// The identity of `value`: the first half of an HMAC-SHA-256, as 32 hexadecimal digits. Takes about a microsecond, or some
    /// 20 ms for the first time a weak value is seen by a stable fingerprinter.
    #[must_use]
    pub fn fingerprint(&self, value: &[u8]) -> Fingerprint {
        match &self.slow {
            Some(slow) if estimated_bits(value) < STRONG_BITS => self.slow_fingerprint(slow, value),
            _ => self.keyed(VERSION_FAST, value),
        }
    }

    fn slow_fingerprint(&self, slow: &Slow, value: &[u8]) -> Fingerprint {
        let known_as = crypto::hmac_sha256(slow.cache_key.as_slice(), &[value]);
        // One value always comes to one slot, so no two threads hash the same value.
        let mut slot = locked(&slow.slots[usize::from(known_as[0]) % SLOTS]);
        if let Some(known) = slot.get(&known_as) {
            return known.clone();
        }
        let idle = locked(&slow.idle).pop();
        let mut hash = idle.unwrap_or_default();
        let made = self.keyed(VERSION_SLOW, &hash.hash(&slow.salt, value));
        locked(&slow.idle).push(hash);
        slot.insert(known_as, made.clone());
        made
    }

    fn keyed(&self, version: u8, message: &[u8]) -> Fingerprint {
        let mac = crypto::hmac_sha256(self.key.as_slice(), &[&[version], message]);
        Fingerprint(text::hex(&mac[..16]))
    }
}

/// A panic elsewhere leaves nothing half done behind these locks.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slow {
    /// Values whose hash is known.
    fn known(&self) -> usize {
        self.slots.iter().map(|slot| locked(slot).len()).sum()
    }
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fingerprinter").field("stable", &self.is_stable()).finish_non_exhaustive()
    }
}

/// How many bits it takes to guess `value`, estimated low rather than high; what counts is the side of 80 bits it falls on.
///
/// Each byte counts the Shannon entropy per byte of the whole value (which is at most the logarithm of the alphabet it uses, and low
/// for a short value), but
/// - nothing where it ends three bytes that stood there before: `abcabcabc`;
/// - one bit where it follows or repeats its neighbour: `12345`, `aaaa`, `abcd`;
/// - two bits inside three or more letters of one case: words of a language hold about that much, so a passphrase of six
///   words counts as one and random lower-case letters merely take the slow way too.
fn estimated_bits(value: &[u8]) -> f64 {
    let value = &value[..value.len().min(ESTIMATED_BYTES)];
    let per_byte = shannon(value);
    let words = word_bytes(value);
    let mut seen = std::collections::HashSet::new();
    let mut bits = 0.0;
    for (i, byte) in value.iter().enumerate() {
        let repeats = i >= 2 && !seen.insert([value[i - 2], value[i - 1], *byte]);
        bits += match i.checked_sub(1).map(|before| byte.abs_diff(value[before])) {
            _ if repeats => 0.0,
            Some(0 | 1) => per_byte.min(1.0),
            _ if words[i] => per_byte.min(2.0),
            _ => per_byte,
        };
    }
    bits
}

/// Shannon entropy of the bytes' frequencies, bits per byte.
fn shannon(value: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    let all = value.len() as f64;
    counts.iter().filter(|n| **n > 0).map(|n| f64::from(*n) / all).map(|p| -p * p.log2()).sum()
}

/// For each byte, whether it stands in three or more letters of one case. A capital before lower-case letters belongs to them.
fn word_bytes(value: &[u8]) -> Vec<bool> {
    let mut words = vec![false; value.len()];
    let mut start = 0;
    while start < value.len() {
        let lower = |b: &u8| b.is_ascii_lowercase();
        let upper = |b: &u8| b.is_ascii_uppercase();
        let first = &value[start..];
        let capitals = first.iter().take_while(|b| upper(b)).count();
        let len = match capitals {
            0 | 1 => capitals + first[capitals..].iter().take_while(|b| lower(b)).count(),
            // `HTTPServer`: the last capital begins the next word.
            n if first.get(n).is_some_and(lower) => n - 1,
            n => n,
        };
        if len >= 3 {
            words[start..start + len].fill(true);
        }
        start += len.max(1);
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fingerprinter, ProjectKey, ROW, STRONG_BITS, estimated_bits};
    use crate::base::text::hex;

    fn stable(byte: u8) -> Fingerprinter {
        Fingerprinter::stable(&ProjectKey::new([byte; 32])).unwrap()
    }

    /// Pinned, and computed by other means (Python's hmac, argon2-cffi): fingerprints are committed in `stanch.toml`.
    #[test]
    fn fingerprints_never_change() {
        let prints = stable(1);
        let check = |value: &[u8], expected: &str| assert_eq!(prints.fingerprint(value).0, expected);
        check(b"hunter2", "166f87974c70dec7f50aadda267a5524");
        check(b"", "0459809ae67961a4cebfd57b8a76b979");
        // stanch:allow[github-pat] -- made up
        check(concat!("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a").as_bytes(), "bbe55493e476822cb51db5b6143712c2");
    }

    #[test]
    fn the_key_and_the_value_decide() {
        let strong = concat!("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a").as_bytes(); // stanch:allow[github-pat] -- made up
        for value in [&b"hunter2"[..], strong] {
            let one = stable(1);
            assert_eq!(one.fingerprint(value), one.fingerprint(value));
            assert_eq!(one.fingerprint(value), stable(1).fingerprint(value));
            assert_ne!(one.fingerprint(value), stable(2).fingerprint(value));
            assert_ne!(one.fingerprint(value), one.fingerprint(&value[1..]));
            assert_eq!(one.fingerprint(value).0.len(), 32);
        }
    }

    #[test]
    fn what_a_value_came_to_is_remembered_under_both_keys() {
        let remembering = |project: u8, own: u8, memory: &[u8]| stable(project).remembering(&[own; 32], memory);
        let first = remembering(1, 7, &[]);
        assert_eq!(first.memory(), None);
        let print = first.fingerprint(b"hunter2");
        let mut memory = first.memory().unwrap();
        assert_eq!((memory.len(), print.clone()), (ROW, stable(1).fingerprint(b"hunter2")));
        let second = remembering(1, 7, &memory);
        assert_eq!((second.fingerprint(b"hunter2"), second.memory()), (print.clone(), None));
        // Another one, so that it is seen what is used.
        memory[ROW - 1] ^= 1;
        assert_ne!(remembering(1, 7, &memory).fingerprint(b"hunter2"), print);
        for other in [remembering(1, 8, &memory), remembering(1, 7, &memory[1..])] {
            assert_eq!(other.fingerprint(b"hunter2"), print);
        }
        assert_eq!(remembering(2, 7, &memory).fingerprint(b"hunter2"), stable(2).fingerprint(b"hunter2"));
    }

    #[test]
    fn without_a_project_key_nothing_lasts() {
        let (one, two) = (Fingerprinter::per_run().unwrap(), Fingerprinter::per_run().unwrap());
        assert_eq!(one.fingerprint(b"hunter2"), one.fingerprint(b"hunter2"));
        assert_ne!(one.fingerprint(b"hunter2"), two.fingerprint(b"hunter2"));
        assert!(!one.is_stable() && stable(1).is_stable());
    }

    #[test]
    fn threads_agree() {
        let prints = stable(3);
        let values: Vec<String> = (0..6).map(|n| format!("pass-{n}")).collect();
        let all = || values.iter().map(|v| prints.fingerprint(v.as_bytes())).collect::<Vec<_>>();
        let both = std::thread::scope(|s| [s.spawn(all), s.spawn(all)].map(|t| t.join().unwrap()));
        assert_eq!(both[0], both[1]);
        let slow = prints.slow.as_ref().unwrap();
        assert_eq!(slow.slots.iter().map(|s| s.lock().unwrap().len()).sum::<usize>(), 6, "each value was hashed once");
        assert!((1..=2).contains(&slow.idle.lock().unwrap().len()), "two threads need at most two pieces of memory");
    }

    #[test]
    fn debug_shows_no_key() {
        let key = ProjectKey::new([0xab; 32]);
        let shown = format!("{key:?} {:?}", Fingerprinter::stable(&key).unwrap());
        assert_eq!(shown, "ProjectKey(_) Fingerprinter { stable: true, .. }");
    }

    #[test]
    fn what_can_be_guessed_is_weak() {
        let check = |value: &str| {
            assert!(estimated_bits(value.as_bytes()) < STRONG_BITS, "{value}: {}", estimated_bits(value.as_bytes()))
        };
        check("");
        check("hunter2");
        check("Tr0ub4dor&3");
        check("P@ssw0rd!2024");
        check("correct horse battery staple");
        check("correct-horse-battery-staple-2024!");
        check("CorrectHorseBatteryStaple1!");
        check("the quick brown fox jumps over");
        check("qwertyuiopasdfghjklzxcvbnm");
        check("0123456789abcdefghijklmnopqrstuvwxyz");
        check(&"a".repeat(1000));
        check(&"Passw0rd! ".repeat(50));
        check("postgres://postgres:postgres@localhost");
        check("admin@example.com");
        check("2024-01-01T00:00:00Z");
        check("+1-202-555-0123");
        check("4111111111111111");
    }

    #[test]
    fn keys_of_providers_are_strong() {
        let check = |value: &str| {
            assert!(estimated_bits(value.as_bytes()) >= STRONG_BITS, "{value}: {}", estimated_bits(value.as_bytes()))
        };
        check(concat!("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a")); // stanch:allow[github-pat] -- made up
        check(concat!("wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYq9Zk3TnQw8"));
        check(concat!("sk_live_", "4eC39HqLyjWDarjtT1zdp7dcQx")); // stanch:allow[stripe-secret-key] -- made up
        check("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
        check("9e107d9d372bb6826bd81d3542a419d6");
        check(&format!("-----BEGIN PRIVATE KEY-----\n{}", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg"));
    }

    proptest! {
        #[test]
        fn random_bytes_in_hex_are_strong(bytes in any::<[u8; 20]>()) {
            // An adversary of the test could draw 20 equal bytes; proptest draws from a fixed number of cases.
            prop_assume!(bytes.iter().collect::<std::collections::HashSet<_>>().len() > 14);
            prop_assert!(estimated_bits(hex(&bytes).as_bytes()) >= STRONG_BITS);
        }

        #[test]
        fn the_estimate_is_never_more_than_eight_bits_a_byte(value in prop::collection::vec(any::<u8>(), 0..600)) {
            let bits = estimated_bits(&value);
            prop_assert!(bits >= 0.0 && bits <= 8.0 * value.len() as f64);
        }
    }
}
