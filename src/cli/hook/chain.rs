//! Hooks that run beside ours: the one that was there before, and, where core.hooksPath leads elsewhere for all repositories, the
//! repository's own.
//!
//! It must not judge them: what they say and how they end is theirs. Start with [`Chain::of`]. They get what git gave to ours: arguments,
//! folder, environment, standard input.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::hook::{CHAINED, Hook, Repository, is_stub};

/// The hooks to run, in this order.
#[derive(Debug, Default)]
pub(super) struct Chain {
    hooks: Vec<PathBuf>,
}

impl Chain {
    /// What runs beside the hook that git called by `path`.
    pub(super) fn of(path: &Path, hook: Hook, with_own: bool) -> anyhow::Result<Self> {
        let mut hooks = Vec::new();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            hooks.push(kept(folder, hook));
        }
        if with_own {
            let folder = Repository::find(Path::new(".")).map_err(super::told)?.common.join("hooks");
            let own = folder.join(hook.name());
            // One of ours would look at the same once more.
            hooks.push(if fs::read(&own).is_ok_and(|script| is_stub(&script)) { kept(&folder, hook) } else { own });
        }
        hooks.retain(|hook| is_executable(hook));
        Ok(Self { hooks })
    }

    /// Runs them. The code of the first that fails.
    pub(super) fn run(&self, given: &[OsString], input: Option<&[u8]>) -> anyhow::Result<Option<u8>> {
        for hook in &self.hooks {
            let code = one(hook, given, input).with_context(|| format!("cannot run {}", hook.display()))?;
            if code != 0 {
                return Ok(Some(code));
            }
        }
        Ok(None)
    }
}

fn kept(folder: &Path, hook: Hook) -> PathBuf {
    folder.join(format!("{}{CHAINED}", hook.name()))
}

/// As git has it: a hook that is not executable does not run.
fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn one(hook: &Path, given: &[OsString], input: Option<&[u8]>) -> std::io::Result<u8> {
    let mut command = Command::new(hook);
    command.args(given).stdin(if input.is_some() { Stdio::piped() } else { Stdio::inherit() });
    let mut child = match command.spawn() {
        // Without `#!` the system does not know how; git asks the shell then.
        Err(e) if e.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => Command::new("sh")
            .arg(hook)
            .args(given)
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::inherit() })
            .spawn()?,
        child => child?,
    };
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
        // Who does not want it need not read it.
        drop(pipe.write_all(input));
    }
    let status = child.wait()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or_else(|| 128 + status.signal().unwrap_or(0) as u8))
}
