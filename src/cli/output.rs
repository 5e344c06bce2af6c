//! Where reports go: standard output, or a file that is written whole or not at all.
//!
//! It must not know how a report is made. Start with [`check_all`] before a scan and [`write_all`] behind it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::exit::{self, hinted};
use super::in_tree;
use crate::base::fs::{self, Access};
use crate::report::{self, Color, Format, Style, Values};
use crate::scan::finding::Scan;

/// A report that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Its form.
    pub(super) format: Format,
    /// Its file; none and `-` are standard output.
    pub(super) path: Option<PathBuf>,
}

impl Wanted {
    /// Its file, if it goes to one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.path.as_deref().filter(|path| !is_standard(Some(path)))
    }
}

/// What can be known before a long scan: each report can be written, no file is written twice, and standard output holds one at most.
pub(super) fn check_all(all: &[Wanted]) -> anyhow::Result<()> {
    let mut places = Vec::new();
    for wanted in all {
        check(wanted.path.as_deref())?;
        let place = wanted.file().map(target);
        if places.contains(&place) {
            let name = wanted.file().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
            return Err(hinted(format!("two reports go to {name}"), "each needs a file of its own; `-o` and `--also` name them"));
        }
        places.push(place);
    }
    Ok(())
}

/// The file that is written, whatever it is called.
fn target(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let below = || folder.canonicalize().ok().zip(path.file_name()).map(|(folder, name)| folder.join(name));
    path.canonicalize().ok().or_else(below).unwrap_or_else(|| path.to_owned())
}

/// Writes all reports of a scan, those behind one that cannot be written, too. Values are for the owner of a file alone. The scan may be
/// changed: its places are absolute behind a form that names files from the root of the repository.
pub(super) fn write_all(all: &[Wanted], scan: &mut Scan, style: &Style) -> anyhow::Result<()> {
    let mut failed: Vec<anyhow::Error> = Vec::new();
    let (from_root, as_named): (Vec<_>, Vec<_>) = all.iter().partition(|wanted| wanted.format.is_from_root());
    failed.extend(as_named.into_iter().filter_map(|wanted| write_one(wanted, scan, style).err()));
    if !from_root.is_empty() {
        let style = Style { root: in_tree::rename(scan), ..style.clone() };
        failed.extend(from_root.into_iter().filter_map(|wanted| write_one(wanted, scan, &style).err()));
    }
    match failed.len() {
        0 | 1 => failed.pop().map_or(Ok(()), Err),
        _ => Err(anyhow::anyhow!(failed.iter().map(exit::words).collect::<Vec<_>>().join("; "))),
    }
}

fn write_one(wanted: &Wanted, scan: &Scan, style: &Style) -> anyhow::Result<()> {
    let access = if style.values == Values::Shown { Access::Owner } else { Access::Usual };
    let color = if wanted.file().is_none() { style.color } else { Color::Off };
    let style = Style { color, ..style.clone() };
    write_for(access, wanted.path.as_deref(), |out| report::write(wanted.format, scan, &style, out))
}

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

/// Writes something. A reader that went away (`| head`) is no error.
pub(super) fn write(path: Option<&Path>, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    write_for(Access::Usual, path, fill)
}

/// The same, where a file that is made new may be read by those whom `access` says.
fn write_for(access: Access, path: Option<&Path>, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
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
