//! An unlock session: the root key of a vault in the kernel, for a while, so that not each command asks for a passphrase.
//!
//! It must not know how the vault was opened. Start with [`Session::load`]. Linux only: the key lies in the keyring of the user, which
//! outlives a login and is the same in all of them, and the kernel forgets it when its time is up. Any process of the same user can have
//! it, as with any agent; no other user can. A container with its own users has keyrings of its own.
//!
//! A key is made in the keyring of this thread, which every process has, and linked from there: to set its permissions it must be possessed,
//! and the keyring of the user is possessed only by those who log in through PAM. Later processes find it by its owner's permissions.

use super::Error;
use super::base::arena::Arena;
use super::root::Root;

/// The session of the user who runs this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Session;

/// What a session holds.
#[derive(Debug)]
pub struct Open {
    /// The root key.
    pub root: Root,
    /// The newest generation of the vault that this user saw.
    pub generation: u64,
    /// Seconds that are left.
    pub seconds: u32,
}

/// Longest time of a session: a week.
pub const LONGEST: u32 = 7 * 24 * 60 * 60;

impl Session {
    /// Keeps the root key of the vault `id` for so many seconds (1 to [`LONGEST`]), in the place of what there was.
    ///
    /// # Errors
    /// [`Error::NoSession`] if the kernel has no place for it, or this container forbids it.
    pub fn save(self, id: &str, root: &Root, generation: u64, seconds: u32) -> Result<(), Error> {
        system::save(id, root, generation, seconds.clamp(1, LONGEST))
    }

    /// What is kept for the vault `id`; `None` if there is nothing, or its time is up.
    ///
    /// # Errors
    /// [`Error::NoSession`], or if there is no memory.
    pub fn load(self, id: &str, arena: &Arena) -> Result<Option<Open>, Error> {
        system::load(id, arena)
    }

    /// Keeps another generation beside the root key; `false` if there is no session. The time that is left stays.
    ///
    /// # Errors
    /// [`Error::NoSession`].
    pub fn set_generation(self, id: &str, generation: u64) -> Result<bool, Error> {
        system::set_generation(id, generation)
    }

    /// Forgets what is kept for the vault `id`; `false` if there was nothing.
    ///
    /// # Errors
    /// [`Error::NoSession`].
    pub fn forget(self, id: &str) -> Result<bool, Error> {
        system::forget(id)
    }
}

#[cfg(target_os = "linux")]
mod system {
    use linux_keyutils::{Key, KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
    use rustix::time::{ClockId, clock_gettime};

    use super::super::Error;
    use super::super::base::arena::Arena;
    use super::super::root::Root;
    use super::Open;

    /// Version, begin and length in seconds, key.
    const LENGTH: usize = 1 + 8 + 4 + 32;
    const VERSION: u8 = 1;

    pub(super) fn save(id: &str, root: &Root, generation: u64, seconds: u32) -> Result<(), Error> {
        let mut payload = zeroize::Zeroizing::new([0; LENGTH]);
        payload[0] = VERSION;
        payload[1..9].copy_from_slice(&now().to_le_bytes());
        payload[9..13].copy_from_slice(&seconds.to_le_bytes());
        payload[13..].copy_from_slice(root.bytes());
        // The generation first: a root key without one is no session.
        put(&generation_of(id), &generation.to_le_bytes(), seconds)?;
        put(&key_of(id), &*payload, seconds)
    }

    pub(super) fn load(id: &str, arena: &Arena) -> Result<Option<Open>, Error> {
        let Some((key, ring)) = find(&key_of(id))? else { return Ok(None) };
        let mut payload = zeroize::Zeroizing::new([0; LENGTH]);
        let Some(length) = gone(key.read(&mut *payload))? else { return Ok(None) };
        let seconds = if length == LENGTH { left(&payload[..13]) } else { 0 };
        if seconds == 0 {
            // The kernel measures by the clock on the wall, which may have been set back.
            drop_key(key, ring)?;
            return Ok(None);
        }
        let Some((counter, _)) = find(&generation_of(id))? else { return Ok(None) };
        let mut generation = [0; 8];
        if gone(counter.read(&mut generation))? != Some(generation.len()) {
            return Ok(None);
        }
        let root = Root::of(arena, &payload[13..])?;
        Ok(Some(Open { root, generation: u64::from_le_bytes(generation), seconds }))
    }

    pub(super) fn set_generation(id: &str, generation: u64) -> Result<bool, Error> {
        let Some((key, _)) = find(&key_of(id))? else { return Ok(false) };
        let mut payload = zeroize::Zeroizing::new([0; LENGTH]);
        let Some(length) = gone(key.read(&mut *payload))? else { return Ok(false) };
        let seconds = if length == LENGTH { left(&payload[..13]) } else { 0 };
        if seconds == 0 {
            return Ok(false);
        }
        // The key itself is not written again: a session that ends meanwhile does not come back.
        put(&generation_of(id), &generation.to_le_bytes(), seconds).map(|()| true)
    }

    pub(super) fn forget(id: &str) -> Result<bool, Error> {
        let found = find(&key_of(id))?;
        if let Some((key, ring)) = found {
            drop_key(key, ring)?;
        }
        if let Some((counter, ring)) = find(&generation_of(id))? {
            drop_key(counter, ring)?;
        }
        Ok(found.is_some())
    }

    fn key_of(id: &str) -> String {
        format!("stanch vault {id}")
    }

    fn generation_of(id: &str) -> String {
        format!("stanch vault {id} generation")
    }

    /// Seconds since the machine started, with those it slept: nobody can set them back.
    fn now() -> u64 {
        u64::try_from(clock_gettime(ClockId::Boottime).tv_sec).unwrap_or(0)
    }

    /// Of the time that the head of a payload gives.
    fn left(head: &[u8]) -> u32 {
        let (Some(begin), Some(length)) = (head[1..9].first_chunk::<8>(), head[9..13].first_chunk::<4>()) else { return 0 };
        let (begin, length) = (u64::from_le_bytes(*begin), u32::from_le_bytes(*length));
        // One that begins later was made before another start of the machine, in a container that moved.
        let passed = now().checked_sub(begin).filter(|_| head[0] == VERSION);
        passed.and_then(|passed| u64::from(length).checked_sub(passed)).map_or(0, |left| u32::try_from(left).unwrap_or(0))
    }

    fn user_ring() -> Result<KeyRing, Error> {
        KeyRing::from_special_id(KeyRingIdentifier::User, true).map_err(told)
    }

    fn put(description: &str, payload: &[u8], seconds: u32) -> Result<(), Error> {
        let user = user_ring()?;
        let thread = KeyRing::from_special_id(KeyRingIdentifier::Thread, true).map_err(told)?;
        let key = thread.add_key(description, payload).map_err(told)?;
        let linked = (|| {
            let permissions = KeyPermissionsBuilder::builder().posessor(Permission::ALL).user(Permission::ALL).build();
            // A key that nobody found yet has a time-out, or is none.
            key.set_timeout(seconds as usize)?;
            key.set_perms(permissions)?;
            user.link_key(key)
        })();
        // What is not linked elsewhere is gone with this.
        let unlinked = thread.unlink_key(key);
        linked.and(unlinked).map_err(told)
    }

    fn find(description: &str) -> Result<Option<(Key, KeyRing)>, Error> {
        let user = user_ring()?;
        Ok(gone(user.search(description))?.map(|key| (key, user)))
    }

    /// At once; other processes do not find it any more.
    fn drop_key(key: Key, ring: KeyRing) -> Result<(), Error> {
        match gone(key.invalidate()) {
            Ok(_) => Ok(()),
            Err(_) => gone(ring.unlink_key(key)).map(drop),
        }
    }

    /// `None` if it is not there any more.
    fn gone<T>(result: Result<T, KeyError>) -> Result<Option<T>, Error> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(
                KeyError::KeyDoesNotExist
                | KeyError::KeyExpired
                | KeyError::KeyRevoked
                | KeyError::MissingFileOrDirectory
                | KeyError::KeyringDoesNotExist,
            ) => Ok(None),
            Err(error) => Err(told(error)),
        }
    }

    fn told(error: KeyError) -> Error {
        Error::NoSession(match error {
            KeyError::PermissionDenied | KeyError::AccessDenied => "the kernel forbids its keyring here, as containers often do",
            KeyError::Unknown(libc_enosys) if libc_enosys == rustix::io::Errno::NOSYS.raw_os_error() => {
                "this kernel has no keyring"
            }
            KeyError::OperationNotSupported => "this kernel has no keyring",
            KeyError::QuotaExceeded => "the keyring of this user is full",
            KeyError::OutOfMemory => "the kernel has no memory for it",
            _ => "the keyring of the kernel refused",
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::super::Error;
    use super::super::base::arena::Arena;
    use super::super::root::Root;
    use super::Open;

    const NONE: Error = Error::NoSession("this system has no keyring in its kernel");

    pub(super) fn save(_id: &str, _root: &Root, _generation: u64, _seconds: u32) -> Result<(), Error> {
        Err(NONE)
    }

    pub(super) fn load(_id: &str, _arena: &Arena) -> Result<Option<Open>, Error> {
        Ok(None)
    }

    pub(super) fn set_generation(_id: &str, _generation: u64) -> Result<bool, Error> {
        Ok(false)
    }

    pub(super) fn forget(_id: &str) -> Result<bool, Error> {
        Ok(false)
    }
}
