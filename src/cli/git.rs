//! `stanch scan` of commits that came in: a range, or what git tells its hooks about a push.
//!
//! It must not print what git names to a hook: the address of a remote may hold credentials. Start with [`hooked`] and [`scan`]. What git
//! sets in the environment of a hook counts only there.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::exit::hinted;
use super::scan::is_closed;
use super::{args, progress};
use crate::scan::blob::Place;
use crate::scan::finding::IssueKind;
use crate::scan::source::git::{self, Added, Error, History};
use crate::scan::source::work::Job;

/// More is no list of refs.
const MAX_INPUT: u64 = 256 << 20;

/// The arguments, without those that git adds to a hook's: the name of a remote and its address. Where the hook runs is the repository.
pub(super) fn hooked(mut args: args::Scan) -> args::Scan {
    let is_default = args.paths == [Path::new(".")];
    if args.added.pre_push && !is_default {
        args.added.remote = args.paths.first().map(|name| name.to_string_lossy().into_owned());
    }
    if args.added.pre_push || (args.added.pre_receive || args.staged || args.worktree) && is_default {
        let dir = std::env::var_os("GIT_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let is_here = |dir: &PathBuf| History::open(Path::new(".")).is_ok_and(|history| history.is_at(dir));
        let elsewhere = dir.filter(|dir| !is_here(dir));
        args.is_elsewhere = elsewhere.is_some() && (args.staged || args.worktree);
        args.paths = vec![elsewhere.unwrap_or_else(|| PathBuf::from("."))];
    }
    args
}

/// Are commits scanned?
fn is_wanted(args: &args::Scan) -> bool {
    // Of a history, a range is a part.
    let added = &args.added;
    added.range.is_some() && !args.history || added.reached.is_some() || added.pre_push || added.pre_receive
}

/// The repositories whose commits are scanned; `None` if something else is.
pub(super) fn histories(args: &args::Scan) -> anyhow::Result<Option<Vec<History>>> {
    if !is_wanted(args) {
        return Ok(None);
    }
    let [path] = &args.paths[..] else {
        return Err(hinted("commits of one repository can be scanned at a time", "name one folder"));
    };
    let is_hook = args.added.pre_push || args.added.pre_receive;
    let objects = if is_hook { quarantine() } else { Vec::new() };
    let history = History::open_with(path, &args.part.allow_alternates, &objects);
    Ok(Some(vec![history.map_err(|e| hinted(e.to_string(), "name the folder of a repository"))?]))
}

/// Where git keeps objects while a hook decides about them.
fn quarantine() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for name in ["GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"] {
        if let Some(value) = std::env::var_os(name) {
            folders.extend(std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()));
        }
    }
    folders
}

/// Scans commits, if that is asked for; whether there were any.
pub(super) fn scan(args: &args::Scan, job: &Job<'_>, histories: &mut [History]) -> anyhow::Result<Option<bool>> {
    if !is_wanted(args) {
        return Ok(None);
    }
    let input = args.given.input.as_deref();
    if (args.added.pre_push || args.added.pre_receive) && input.is_none() && is_closed(io::stdin()) {
        job.issues.gap(IssueKind::Unreadable, &Place::Stdin, "standard input is closed: git names there what is pushed");
        return Ok(Some(false));
    }
    let added = added(&args.added, input)?;
    let mut any = Ok(false);
    progress::while_shown(
        job,
        args.quiet,
        |_| None,
        || {
            any = histories.iter_mut().try_fold(false, |any, history| Ok::<_, Error>(history.scan_added(job, &added)? | any));
        },
    );
    let any = any.map_err(|e| hinted(e.to_string(), "`git for-each-ref` and `git log --all` list what there is"))?;
    Ok(Some(any))
}

/// What git says to a hook on standard input.
pub(super) fn lines() -> io::Result<Vec<u8>> {
    let mut input = Vec::new();
    io::stdin().take(MAX_INPUT).read_to_end(&mut input)?;
    Ok(input)
}

/// Which commits.
fn added(args: &args::Added, input: Option<&[u8]>) -> anyhow::Result<Added> {
    if let Some(commit) = &args.reached {
        return Ok(Added::Reached(commit.clone()));
    }
    if let Some(range) = &args.range {
        return ends(range).map(|(from, to)| Added::Range { from, to });
    }
    let input = input.map_or_else(lines, |input| Ok(input.to_vec()))?;
    let (added, hint) = if args.pre_push {
        (
            Added::pushed(&input, args.remote.clone()),
            "`--pre-push` is for git's pre-push hook: `exec stanch scan --pre-push \"$@\"`",
        )
    } else {
        (Added::received(&input), "`--pre-receive` is for git's pre-receive hook: `exec stanch scan --pre-receive`")
    };
    added.map_err(|why| hinted(why, hint))
}

/// The ends of a range.
pub(super) fn ends(range: &str) -> anyhow::Result<(String, String)> {
    let hint = "write A..B, or A...B for what B has since their merge base; each end a ref or a commit, or 40 zeros for none";
    git::range(range).map_err(|why| hinted(format!("`--range`: {why}"), hint))
}
