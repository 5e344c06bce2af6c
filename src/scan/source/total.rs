//! How many bytes there are to scan, counted beside the scan and only where somebody watches it.
//!
//! It must not read files. Start with [`size`].

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, statat};

use super::files::Obey;
use super::folder::{Folder, Names};

/// Bytes of the files that [`super::files::scan`] reads, archives as they are packed. `None` if a pipe is among them, whose length
/// nobody knows, or as soon as `stop` is set. What cannot be looked at counts nothing: the scan says so.
#[must_use]
pub fn size(paths: &[PathBuf], obey: Obey, stop: &AtomicBool) -> Option<u64> {
    let mut bytes = 0_u64;
    let mut folders = Vec::new();
    for path in paths {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => folders.push(Folder::named(path, obey)),
            Ok(meta) if meta.is_file() => bytes = bytes.saturating_add(meta.len()),
            Ok(meta) if meta.file_type().is_fifo() => return None,
            _ => {}
        }
    }
    while let Some(folder) = folders.pop() {
        let Ok(fd) = folder.open() else { continue };
        let Ok(listing) = folder.list(&fd, obey) else { continue };
        for name in listing.files.iter().flat_map(Names::iter) {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let size = statat(&fd, name, AtFlags::SYMLINK_NOFOLLOW).map_or(0, |stat| u64::try_from(stat.st_size).unwrap_or(0));
            bytes = bytes.saturating_add(size);
        }
        folders.extend(listing.folders);
    }
    (!stop.load(Ordering::Relaxed)).then_some(bytes)
}
