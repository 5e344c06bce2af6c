//! What a process that holds keys asks of the system for itself.
//!
//! It must not know which keys. Start with [`harden`].

use rustix::io::Errno;

/// No core file of this process is written, and no other process of the same user may look into it or trace it. It holds until the
/// process starts another program, which may then be looked into as usual.
///
/// # Errors
/// If the system refuses one of them.
#[cfg(target_os = "linux")]
pub fn harden() -> Result<(), Errno> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
    // The hard limit stays, so that a child can be given its core files back.
    let maximum = getrlimit(Resource::Core).maximum;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// Nothing: other systems are not compiled here.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn harden() -> Result<(), Errno> {
    Ok(())
}
