//! Where a report goes: standard output, or a file that is written whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;

use crate::base::fs::{self, Access};

/// Whether a report that goes to `path` goes to standard output. `/dev/stdout` cannot be replaced in one piece, and need not be.
pub(super) fn is_standard(path: Option<&Path>) -> bool {
    path.is_none_or(|p| p == Path::new("-") || p == Path::new("/dev/stdout"))
}

/// Whether a report can be written to `path`: known before a long scan, and without harm to what stands there.
pub(super) fn check(path: Option<&Path>) -> anyhow::Result<()> {
    match path.filter(|p| !is_standard(Some(p))) {
        Some(path) => fs::check_writable(path).with_context(|| cannot(path)),
        None => Ok(()),
    }
}

fn cannot(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// Writes a report. A reader that went away (`| head`) is no error.
pub(super) fn write(path: Option<&Path>, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    write_for(Access::Usual, path, fill)
}

/// The same, where a file that is made new may be read by those whom `access` says.
pub(super) fn write_for(
    access: Access,
    path: Option<&Path>,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    match path.filter(|p| !is_standard(Some(p))) {
        Some(path) => fs::write_atomic_with(path, access, |file| {
            let mut out = io::BufWriter::new(file);
            fill(&mut out)?;
            out.flush()
        })
        .with_context(|| cannot(path)),
        None => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            match fill(&mut out).and_then(|()| out.flush()) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                other => other.context("cannot write to standard output"),
            }
        }
    }
}
