//! Is the history whole? What is not here no audit of it can see.
//!
//! It must not read objects. Start with [`check`].

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::scratch::{paths, plain_git};
use super::{Answer, Patient, State};
use crate::scan::source::git::History;

/// How the content of a pointer to a large file begins.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";
/// Names that are told.
const TOLD: usize = 3;

pub(super) fn check(patient: &Patient<'_>, answer: &mut Answer) {
    let base = patient.folder();
    match History::open(&base) {
        Err(e) => answer.unchecked("history", &e.into()),
        Ok(history) => {
            for why in history.missing() {
                let (what, todo) = why.split_once("; ").unwrap_or((why, "`git clone` gets all of it"));
                answer.warning("history", what, todo);
            }
        }
    }
    if patient.repository.root.is_some() {
        if let Err(e) = submodules(&base, answer) {
            answer.unchecked("submodules", &e);
        }
        if let Err(e) = large_files(&base, answer) {
            answer.unchecked("large files", &e);
        }
    }
    if answer.is_quiet() {
        answer.add(State::Ok, "history", "whole: neither shallow nor partial, no submodule and no large file is missing");
    }
}

fn submodules(base: &Path, answer: &mut Answer) -> anyhow::Result<()> {
    let listed = plain_git(base, &["ls-files", "-z", "--stage"])?;
    let links = listed.split(|b| *b == 0).filter(|line| line.starts_with(b"160000 "));
    let names: Vec<PathBuf> = links.filter_map(|line| paths(line.splitn(2, |b| *b == b'\t').nth(1)?).next()).collect();
    let missing: Vec<&PathBuf> = names.iter().filter(|name| !base.join(name).join(".git").exists()).collect();
    if !missing.is_empty() {
        let what = format!("{} of {} not here: {}", missing.len(), names.len(), told(&missing));
        answer.warning("submodules", what, "`git submodule update --init --recursive` gets them; scan each by its folder");
    }
    Ok(())
}

fn large_files(base: &Path, answer: &mut Answer) -> anyhow::Result<()> {
    let listed = plain_git(base, &["ls-files", "-z", "--", ":(top,attr:filter=lfs)"])?;
    let names: Vec<PathBuf> = paths(&listed).collect();
    let pointers: Vec<&PathBuf> = names.iter().filter(|name| is_pointer(&base.join(name))).collect();
    if !pointers.is_empty() {
        let what =
            format!("{} of {} are pointers only, their content is not here: {}", pointers.len(), names.len(), told(&pointers));
        answer.warning("large files", what, "`git lfs fetch --all`, then `git lfs checkout`");
    }
    Ok(())
}

fn is_pointer(path: &Path) -> bool {
    let mut begin = Vec::new();
    let is_file = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
    is_file && fs::File::open(path).is_ok_and(|file| file.take(LFS.len() as u64).read_to_end(&mut begin).is_ok()) && begin == LFS
}

fn told(names: &[&PathBuf]) -> String {
    let mut all: Vec<String> = names.iter().take(TOLD).map(|name| name.display().to_string()).collect();
    if names.len() > TOLD {
        all.push("…".to_owned());
    }
    all.join(", ")
}
