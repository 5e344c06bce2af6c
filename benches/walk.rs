//! The floor of every tree scan, in Rust: the twin of `walk.c`. Walks a folder, opens every regular file and reads
//! it to its end into one reused buffer. One thread, no stat, symlinks not followed. Prints files and bytes.
//!
//!     rustc -O -o walk-rs walk.rs && ./walk-rs DIR

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

const BUFFER: usize = 1 << 20;
const PAGE: usize = 4096;

struct Walk {
    memory: Vec<u8>,
    start: usize,
    files: u64,
    bytes: u64,
    failures: u64,
}

fn main() -> ExitCode {
    let Some(root) = std::env::args_os().nth(1) else {
        eprintln!("usage: walk-rs DIR");
        return ExitCode::from(2);
    };
    let mut walk = Walk::new();
    walk.folder(Path::new(&root));
    println!("{} files, {} bytes", walk.files, walk.bytes);
    ExitCode::from(u8::from(walk.failures > 0))
}

impl Walk {
    /// The buffer starts at a page. An allocator hands out large blocks 16 bytes behind one, and the kernel's copy
    /// (`rep movsb`) into such a buffer took 3 to 4 times as long on the processor this was written on.
    fn new() -> Self {
        let memory = vec![0; BUFFER + PAGE];
        let start = memory.as_ptr().align_offset(PAGE);
        Self { memory, start, files: 0, bytes: 0, failures: 0 }
    }

    fn folder(&mut self, path: &Path) {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.failed(path, &error),
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry.path()))) {
                Ok((kind, path)) if kind.is_dir() => self.folder(&path),
                Ok((kind, path)) if kind.is_file() => self.file(&path),
                Ok(_) => {}
                Err(error) => self.failed(path, &error),
            }
        }
    }

    fn file(&mut self, path: &Path) {
        match self.read(path) {
            Ok(read) => self.bytes += read,
            Err(error) => self.failed(path, &error),
        }
        self.files += 1;
    }

    fn read(&mut self, path: &Path) -> io::Result<u64> {
        let buffer = &mut self.memory[self.start..self.start + BUFFER];
        let mut file = File::open(path)?;
        let mut total = 0;
        loop {
            match file.read(buffer) {
                Ok(0) => return Ok(total),
                Ok(read) => total += read as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn failed(&mut self, path: &Path, error: &io::Error) {
        eprintln!("walk-rs: {}: {error}", path.display());
        self.failures += 1;
    }
}
