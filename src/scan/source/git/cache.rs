//! Verdicts of earlier scans: what was found clean is not read again, and a history that did not change is told as it was.
//!
//! It must not hold a secret, nor believe what it did not write. Start with [`Cache::open`]. There are two files for each set of rules and
//! limits, both encrypted and authenticated under a key that the user has and the repository has not ([`crate::base::sealed`]): a repository from
//! elsewhere may bring files of its own that call everything clean.
//!
//! - *verdicts*: prints of all objects nothing was found in and nothing is to be told of. A print is a digest of the object's id and of
//!   the path it has, which rules may depend on. A push costs its new objects, and reading commits and trees.
//! - *audit* ([`audit`]): if nothing at all changed ([`state`]), not even those are read. It names the objects that something was found
//!   in, which are scanned again, and how far what was found got.
//!
//! Who can write the files and has the key can hide secrets from the next scan.

pub(super) mod audit;
mod state;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;
use zeroize::Zeroizing;

use super::History;
use crate::base::crypto::{self, digest};
use crate::base::sealed;
use crate::base::text::hex;
use crate::scan::blob::Place;
use crate::scan::engine::Engine;
use crate::scan::expand::Limits;
use crate::scan::finding::{Coverage, IssueKind};
use crate::scan::source::work::Job;

/// Raised when files of before mean nothing any more.
const FORMAT: u32 = 1;
/// Bytes of a print, and of a verdict in a file.
const PRINT: usize = 16;
const ROW: usize = 32;
/// Files of other rules that are kept beside those of these.
const OTHERS: usize = 16;

/// Where verdicts are kept.
#[derive(Clone)]
pub struct Keep {
    /// A folder that is there; without one, that of the repository.
    pub folder: Option<PathBuf>,
    /// What the files are locked with: only who scans has it.
    pub key: Zeroizing<[u8; 32]>,
}

/// The verdicts of one repository under one set of rules.
pub(super) struct Cache {
    folder: PathBuf,
    /// What its files are called before what they are.
    prefix: String,
    key: Zeroizing<[u8; 32]>,
    settings: [u8; 32],
    /// From earlier scans, sorted.
    known: Vec<Verdict>,
    /// Of this one.
    seen: Mutex<Vec<Verdict>>,
    has_new: AtomicBool,
    /// Objects that something was found in.
    found: Mutex<Vec<audit::Again>>,
    /// What is told again, or will be.
    pub(super) audit: Option<audit::State>,
}

/// An object that nothing was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Verdict {
    print: [u8; PRINT],
    bytes: u32,
    members: u32,
    member_bytes: u64,
}

/// What verdicts depend on besides objects.
fn settings(engine: &Engine, limits: &Limits) -> [u8; 32] {
    let version = format!("{} {FORMAT} {}", env!("CARGO_PKG_VERSION"), env!("STANCH_BUILD"));
    let limits = format!("{limits:?}");
    let rules: Vec<String> = engine.rules().iter().map(|rule| format!("{rule:?}")).collect();
    let mut parts = vec![version.as_bytes(), limits.as_bytes()];
    parts.extend(rules.iter().map(String::as_bytes));
    digest(&parts)
}

fn print(id: &gix::oid, path: &[u8]) -> [u8; PRINT] {
    let whole = digest(&[id.as_bytes(), path]);
    let mut print = [0; PRINT];
    print.copy_from_slice(&whole[..PRINT]);
    print
}

impl Cache {
    /// The cache of a repository; `None`, and a note says why, if there can be none.
    pub(super) fn open(history: &History, keep: &Keep, job: &Job<'_>) -> Option<Self> {
        let own = history.common_dir.join("stanch");
        let folder = keep.folder.clone().unwrap_or_else(|| own.clone());
        let why_not = |why: &str| {
            let detail = format!("no cache of verdicts is kept: {why}");
            job.issues.note(IssueKind::Configuration, &Place::File(&history.shown_file(&folder)), detail);
        };
        if keep.folder.is_none()
            && let Err(why) = own_folder(&history.common_dir, &own)
        {
            why_not(why);
            return None;
        }
        let settings = settings(job.engine, &job.limits);
        let place = history.common_dir.canonicalize().unwrap_or_else(|_| history.common_dir.clone());
        let of = digest(&[place.as_os_str().as_encoded_bytes()]);
        let repository = if keep.folder.is_some() { format!("{}-", hex(&of[..8])) } else { String::new() };
        let prefix = format!("{repository}{}", hex(&settings[..8]));
        let key = Zeroizing::new(crypto::hmac_sha256(keep.key.as_slice(), &[b"stanch history 1", &settings]));
        Some(Self {
            folder,
            prefix,
            key,
            settings,
            known: Vec::new(),
            seen: Mutex::default(),
            has_new: AtomicBool::new(false),
            found: Mutex::default(),
            audit: None,
        })
    }

    /// Reads the verdicts of earlier scans.
    pub(super) fn load(&mut self, history: &History, job: &Job<'_>) {
        self.known = self.read("verdicts", history, job).and_then(|bytes| rows(&bytes)).unwrap_or_default();
    }

    fn path(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{}.{what}", self.prefix))
    }

    fn about(&self, what: &str) -> Vec<u8> {
        [b"stanch cache 1 ", what.as_bytes(), b"\n", &self.settings].concat()
    }

    /// Reads a file of the cache; what cannot be used is a note.
    fn read(&self, what: &str, history: &History, job: &Job<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let path = self.path(what);
        sealed::read(&path, &self.about(what), &self.key).unwrap_or_else(|why| {
            let detail = format!("this cache is ignored and made anew: {why}");
            job.issues.note(IssueKind::Configuration, &Place::File(&history.shown_file(&path)), detail);
            None
        })
    }

    fn write(&self, what: &str, text: &[u8], history: &History, job: &Job<'_>) {
        let path = self.path(what);
        if let Err(why) = sealed::write(&path, &self.about(what), &self.key, text) {
            let detail = format!("the cache cannot be written, and the next scan takes as long as this one: {why}");
            job.issues.note(IssueKind::Configuration, &Place::File(&history.shown_file(&path)), detail);
        }
    }

    fn verdict(&self, print: &[u8; PRINT]) -> Option<&Verdict> {
        self.known.binary_search_by(|known| known.print.cmp(print)).ok().map(|at| &self.known[at])
    }

    /// Is there anything that may be passed over?
    pub(super) fn knows_any(&self) -> bool {
        !self.known.is_empty()
    }

    /// Was nothing found in an object of this path?
    pub(super) fn knows(&self, id: &gix::oid, path: &[u8]) -> bool {
        self.knows_any() && self.verdict(&print(id, path)).is_some()
    }

    /// The same, and it is counted as looked at then. To be asked once of each.
    pub(super) fn passes(&self, job: &Job<'_>, id: &gix::oid, path: &[u8]) -> bool {
        if !self.knows_any() {
            return false;
        }
        let Some(verdict) = self.verdict(&print(id, path)) else { return false };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(*verdict);
        let (bytes, members) = (u64::from(verdict.bytes), u64::from(verdict.members));
        job.add_known(&Coverage {
            objects: 1,
            known: 1,
            bytes,
            members,
            member_bytes: verdict.member_bytes,
            ..Coverage::default()
        });
        true
    }

    /// Takes what a scan of an object came to: its length, and how many members it has and their bytes. A blob without a path is scanned
    /// again each time, so that it can be said that there are such.
    pub(super) fn scanned(
        &self,
        job: &Job<'_>,
        (kind, id, name): (Kind, &gix::oid, &str),
        path: Option<&[u8]>,
        (bytes, members): (usize, (u64, u64)),
    ) {
        if job.collector.has_found_in(name) {
            let again = audit::Again { id: id.to_string(), kind: kind.to_string(), name: name.to_owned() };
            self.found.lock().unwrap_or_else(PoisonError::into_inner).push(again);
        } else if !job.issues.is_touched(name)
            && let (Some(path), Ok(bytes), Ok(count)) = (path, u32::try_from(bytes), u32::try_from(members.0))
        {
            let verdict = Verdict { print: print(id, path), bytes, members: count, member_bytes: members.1 };
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(verdict);
            self.has_new.store(true, Ordering::Relaxed);
        }
    }

    /// Writes the verdicts. Those that this scan did not come by are forgotten, unless it was one of a part.
    pub(super) fn store(&mut self, history: &History, job: &Job<'_>) {
        let mut all = std::mem::take(self.seen.get_mut().unwrap_or_else(PoisonError::into_inner));
        if history.narrow.is_narrow() {
            all.append(&mut self.known);
        }
        all.sort_unstable();
        all.dedup();
        if !*self.has_new.get_mut() && all.len() == self.known.len() {
            return;
        }
        let mut bytes = Vec::with_capacity(all.len() * ROW);
        for verdict in &all {
            bytes.extend_from_slice(&verdict.print);
            bytes.extend_from_slice(&verdict.bytes.to_le_bytes());
            bytes.extend_from_slice(&verdict.members.to_le_bytes());
            bytes.extend_from_slice(&verdict.member_bytes.to_le_bytes());
        }
        drop(all);
        self.write("verdicts", &bytes, history, job);
        self.tidy();
    }

    /// Removes the files of other rules that were not used for longest.
    fn tidy(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        let is_ours = |name: &str| {
            let (stem, what) = name.split_once('.').unwrap_or_default();
            matches!(what, "verdicts" | "audit") && stem.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        };
        // A folder that the user named holds those of other repositories.
        let repository = self.prefix.rsplit_once('-').map_or("", |(repository, _)| repository);
        let mut others: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let is_other = is_ours(&name) && name.starts_with(repository) && !name.starts_with(&self.prefix);
                is_other.then(|| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))?
            })
            .collect();
        others.sort();
        let many = others.len().saturating_sub(OTHERS);
        others[..many].iter().for_each(|(_, path)| drop(fs::remove_file(path)));
    }
}

/// Makes the folder of the cache inside a repository, if that may be written to.
fn own_folder(common: &Path, own: &Path) -> Result<(), &'static str> {
    if !fs::metadata(common).is_ok_and(|meta| meta.uid() == rustix::process::geteuid().as_raw()) {
        return Err("the repository belongs to another user; `--cache DIR` keeps it elsewhere");
    }
    match fs::symlink_metadata(own) {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => Err("what has this name is no folder"),
        Err(_) => {
            let made = fs::DirBuilder::new().mode(0o700).create(own);
            made.map_err(|_| "the repository cannot be written to; `--cache DIR` keeps it elsewhere")
        }
    }
}

/// The verdicts that a file holds; `None` if it ends inside of one.
fn rows(bytes: &[u8]) -> Option<Vec<Verdict>> {
    let (rows, rest) = bytes.as_chunks::<ROW>();
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
    let verdict = |row: &[u8; ROW]| Verdict {
        print: row[..PRINT].try_into().unwrap_or_default(),
        bytes: number(&row[16..20]) as u32,
        members: number(&row[20..24]) as u32,
        member_bytes: number(&row[24..]),
    };
    let all: Vec<Verdict> = rows.iter().map(verdict).collect();
    (rest.is_empty() && all.is_sorted()).then_some(all)
}

/// The path a blob has, which is part of its print.
pub(super) fn path_of<'h>(history: &'h History, id: &ObjectId) -> &'h [u8] {
    history.names.path(id).unwrap_or_default()
}
