//! The one place that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, or 0 on a machine whose clock stands before.
#[expect(clippy::disallowed_methods, reason = "time is read here once and handed on as an argument")]
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
