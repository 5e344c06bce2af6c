//! Places where a test ends the process, as `kill -9` or a power cut would.
//!
//! It must not know what is done there. Nothing of it is left in a program built without the feature `failpoints`. Start with [`point`].
//!
//! `STANCH_FAIL` names the place, and after a `#` how many times it is passed before: `audit: written#2` is the third time.

/// Ends the process here if `STANCH_FAIL` says so: nothing is dropped, flushed or unlocked.
#[cfg(feature = "failpoints")]
pub fn point(name: &'static str) {
    if armed::is_next(name) {
        // It cannot fail for the process itself, and then the test sees that it went on.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
    armed::pass(name);
}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn point(_name: &'static str) {}

/// Will the next [`point`] with this name end the process? For leaving a part of a write behind.
#[cfg(feature = "failpoints")]
#[must_use]
pub fn is_next(name: &'static str) -> bool {
    armed::is_next(name)
}

/// No.
#[cfg(not(feature = "failpoints"))]
#[must_use]
#[inline(always)]
pub fn is_next(_name: &'static str) -> bool {
    false
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    /// The place, and how many times it is still passed.
    static ARMED: OnceLock<Option<(String, AtomicI64)>> = OnceLock::new();

    fn armed(name: &str) -> Option<&'static AtomicI64> {
        let read = || {
            let text = std::env::var("STANCH_FAIL").ok()?;
            let (name, passes) = text.split_once('#').unwrap_or((&text, "0"));
            Some((name.to_owned(), AtomicI64::new(passes.parse().ok()?)))
        };
        ARMED.get_or_init(read).as_ref().filter(|(place, _)| place == name).map(|(_, left)| left)
    }

    pub(super) fn is_next(name: &str) -> bool {
        armed(name).is_some_and(|left| left.load(Ordering::Relaxed) == 0)
    }

    pub(super) fn pass(name: &str) {
        if let Some(left) = armed(name) {
            left.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
