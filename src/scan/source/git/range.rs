//! Scans what came in by commits: those of a range, or of a push as git tells it to hooks.
//!
//! It must not look at the work tree. Start with [`Added`] and [`scan`]. A commit came in if the new end reaches it and none of the old
//! ones does. Each blob that its parents have not is scanned once, in the first commit that has it, and reported are its lines that no
//! parent's version has. Where an old end is not known, what refs reach counts as old.

use std::collections::{BinaryHeap, HashMap, HashSet};

use gix::ObjectId;
use gix::objs::Kind;
use rayon::prelude::*;

use super::changes::{self, new_lines};
use super::names::{self, Reader};
use super::{Commit, History, Names, SHORT, coverage, narrow, objects};
use crate::scan::blob::{Container, Place};
use crate::scan::finding::IssueKind;
use crate::scan::source::work::Job;

/// Clocks that made commits may differ by so many seconds.
const SKEW: i64 = 86_400;

/// Which commits came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// Those that `to` reaches and `from` does not; `from` is all zeros for a first push.
    Range {
        /// The old end.
        from: String,
        /// The new end; all zeros for a deletion.
        to: String,
    },
    /// All that a commit reaches.
    Reached(String),
    /// Those that a push sends: old and new end of each ref, and the remote it is for. What its remote-tracking refs reach is old, or
    /// those of all remotes, if none is named: what one remote has may be news to another.
    Pushed(Vec<(ObjectId, ObjectId)>, Option<String>),
    /// Those that a push brings: old and new end of each ref. What any ref reaches is old.
    Received(Vec<(ObjectId, ObjectId)>),
}

impl Added {
    /// Reads what git gives to pre-push: `LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID` lines, and the name of the remote as an argument.
    ///
    /// # Errors
    /// In words, if a line is something else.
    pub fn pushed(input: &[u8], remote: Option<String>) -> Result<Self, String> {
        // What is pushed may be called by words with blanks between them.
        let fields = |line: &[u8]| -> Option<(ObjectId, ObjectId)> {
            let mut words = line.rsplitn(4, |b| *b == b' ');
            let (old, remote, new, local) = (words.next()?, words.next()?, words.next()?, words.next()?);
            (!local.is_empty() && !remote.is_empty()).then_some((id(old)?, id(new)?))
        };
        updates(input, fields).map(|updates| Self::Pushed(updates, remote))
    }

    /// Reads what git gives to pre-receive: `OLD-ID NEW-ID REF` lines.
    ///
    /// # Errors
    /// In words, if a line is something else.
    pub fn received(input: &[u8]) -> Result<Self, String> {
        let fields = |line: &[u8]| -> Option<(ObjectId, ObjectId)> {
            let mut words = line.splitn(3, |b| *b == b' ');
            let (old, new, name) = (words.next()?, words.next()?, words.next()?);
            (!name.is_empty()).then_some((id(old)?, id(new)?))
        };
        updates(input, fields).map(Self::Received)
    }
}

/// The ends of `A..B`, or of `A...B`: what B reaches and A does not is what B has since their merge base.
///
/// # Errors
/// In words, if it is none.
pub fn range(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once("...").or_else(|| text.split_once("..")).ok_or("two dots are missing")?;
    if from.is_empty() || to.is_empty() {
        return Err("an end is missing".to_owned());
    }
    let is_odd = |end: &str| end.contains("..") || end.starts_with(['.', '-', '^']) || end.contains(char::is_whitespace);
    if is_odd(from) || is_odd(to) {
        return Err("it is not clear which commits are its ends".to_owned());
    }
    Ok((from.to_owned(), to.to_owned()))
}

fn id(hex: &[u8]) -> Option<ObjectId> {
    ObjectId::from_hex(hex).ok()
}

/// The ends on each line. A line is told by its number: a name in it may be anything.
fn updates(input: &[u8], fields: impl Fn(&[u8]) -> Option<(ObjectId, ObjectId)>) -> Result<Vec<(ObjectId, ObjectId)>, String> {
    let mut out = Vec::new();
    for (number, line) in (1..).zip(input.split_inclusive(|b| *b == b'\n')) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let found = fields(line).filter(|(old, new)| old.kind() == new.kind());
        out.push(found.ok_or_else(|| format!("line {number} of standard input is not what git writes there"))?);
    }
    Ok(out)
}

/// The ends of what came in.
#[derive(Default)]
struct Ends {
    new: Vec<ObjectId>,
    old: Vec<ObjectId>,
}

/// Scans what came in; the names of it.
///
/// # Errors
/// In words, if an end is not there.
pub(super) fn scan(history: &History, added: &Added, job: &Job<'_>) -> Result<Names, String> {
    let reader = Reader::new(history, job);
    let ends = ends(&reader, added)?;
    let mut names = Names::default();
    if ends.new.is_empty() {
        return Ok(names);
    }
    let mut tips = Vec::new();
    let mut others = Vec::new();
    for id in ends.new {
        peel(&reader, id, &mut tips, &mut others);
    }
    let old: Vec<ObjectId> = ends.old.into_iter().filter_map(|id| target(&reader, id)).collect();
    let mut walk = Walk { reader: &reader, seen: HashMap::new(), waiting: BinaryHeap::new(), open: 0, oldest: i64::MAX };
    old.iter().for_each(|id| walk.add(*id, true));
    tips.iter().for_each(|id| walk.add(*id, false));
    let (commits, parents, cut) = walk.finish();
    if cut > 0 {
        let detail = "the range begins before this shallow clone does: a commit whose parents are not here is scanned as a whole; \
                      `git fetch --deepen=100` gets more of them";
        job.issues.gap(IssueKind::MissingObjects, &history.place(), detail);
    }
    partial(history, job);
    let files = files(&reader, &commits, &parents);
    names.blobs = files.iter().map(|f| (f.change.id, (f.commit, f.change.path.clone().into_boxed_slice()))).collect();
    (names.reached, names.real) = (commits.len(), commits.len());
    names.commits = commits;
    if !files.is_empty()
        && let Ok(head) = history.repository.to_thread_local().head_id()
        && let Some((commit, _)) = read(&reader, head.detach())
    {
        reader.tree(commit.tree, &mut HashSet::new(), &mut |id, _| {
            names.head.insert(id);
        });
    }
    others.extend(names.commits.iter().map(|commit| (commit.id, Kind::Commit)));
    others.par_iter().for_each_init(|| Reader::new(history, job), |reader, (id, kind)| message(reader, *id, *kind, job));
    files.par_iter().for_each_init(|| Reader::new(history, job), |reader, file| one(reader, &names.commits, file, job));
    Ok(names)
}

/// Says that what is missing was not fetched.
fn partial(history: &History, job: &Job<'_>) {
    for why in coverage::missing(history).into_iter().filter(|why| why.contains("partial")) {
        job.issues.note(IssueKind::GitObjects, &history.place(), why);
    }
}

/// Which ends there are.
fn ends(reader: &Reader<'_, '_>, added: &Added) -> Result<Ends, String> {
    let of_hash = |id: &ObjectId| id.kind() == reader.history.hash;
    match added {
        Added::Range { from, to } => range_ends(reader, from, to),
        Added::Reached(to) => Ok(Ends { new: last(reader, to)?.into_iter().collect(), old: Vec::new() }),
        Added::Pushed(updates, _) | Added::Received(updates) => {
            if !updates.iter().all(|(old, new)| of_hash(old) && of_hash(new)) {
                return Err("the ids on standard input are of another kind than those of the repository".to_owned());
            }
            let mut ends = Ends::default();
            for (old, new) in updates.iter().filter(|(_, new)| !new.is_null()) {
                ends.new.push(*new);
                ends.old.extend(Some(*old).filter(|id| !id.is_null()));
            }
            let folder = match added {
                Added::Pushed(_, Some(remote)) => format!("refs/remotes/{remote}/"),
                Added::Pushed(_, None) => "refs/remotes/".to_owned(),
                _ => String::new(),
            };
            let takes = |name: &[u8]| name.starts_with(folder.as_bytes());
            ends.old.extend(refs(reader, takes));
            Ok(ends)
        }
    }
}

fn range_ends(reader: &Reader<'_, '_>, from: &str, to: &str) -> Result<Ends, String> {
    let issues = &reader.job.issues;
    let place = reader.history.place();
    let is_zero = |name: &str| name.len() >= 40 && name.bytes().all(|b| b == b'0');
    if is_zero(to) {
        return Ok(Ends::default());
    }
    let Some(new) = last(reader, to)? else { return Ok(Ends::default()) };
    let known = if is_zero(from) { None } else { end(reader, from)? };
    if let Some(old) = known {
        return Ok(Ends { new: vec![new], old: vec![old] });
    }
    if !is_zero(from) {
        let detail = "the commit that the range begins with is not here: what no other ref reaches is scanned instead";
        if reader.boundary.is_empty() {
            issues.note(IssueKind::GitObjects, &place, detail);
        } else {
            issues.gap(IssueKind::MissingObjects, &place, format!("{detail}; `git fetch --deepen=100` may get it"));
        }
    }
    // Refs that servers make for pull requests lead to the very commits that are asked about.
    let is_other = |name: &[u8]| {
        let kept: [&[u8]; 3] = [b"refs/heads/", b"refs/tags/", b"refs/remotes/"];
        kept.iter().any(|folder| name.starts_with(folder)) && !name.starts_with(b"refs/remotes/pull/")
    };
    let tip = target(reader, new);
    let old = refs(reader, is_other).into_iter().filter(|id| target(reader, *id) != tip).collect();
    Ok(Ends { new: vec![new], old })
}

/// The new end; `None`, which is a gap, if it is not here.
fn last(reader: &Reader<'_, '_>, name: &str) -> Result<Option<ObjectId>, String> {
    let found = end(reader, name)?;
    if found.is_none() {
        let detail = "the commit that the range ends with is not here: nothing of it is scanned; `git fetch` gets it";
        reader.job.issues.gap(IssueKind::MissingObjects, &reader.history.place(), detail);
    }
    Ok(found)
}

/// The object with a name; `None` if it is a full id that is not here.
fn end(reader: &Reader<'_, '_>, name: &str) -> Result<Option<ObjectId>, String> {
    let (base, steps) = name.split_at(name.find(['^', '~']).unwrap_or(name.len()));
    let here = |id: &ObjectId| reader.repository.has_object(id);
    if let Some(full) = id(base.as_bytes()).filter(|id| id.kind() == reader.history.hash)
        && !here(&full)
    {
        return Ok(None);
    }
    let found = narrow::named(reader, base).filter(here).or_else(|| abbreviated(reader, base));
    let found = found.ok_or_else(|| {
        format!("no commit is named `{base}` here (names of refs, ids, `HEAD`, and `^` or `~N` behind them are understood)")
    })?;
    match steps {
        "" if target(reader, found).is_some() => Ok(Some(found)),
        _ => narrow::resolve(reader, &format!("{found}{steps}")).map(Some),
    }
}

/// The one object whose id begins so.
fn abbreviated(reader: &Reader<'_, '_>, name: &str) -> Option<ObjectId> {
    let prefix = gix::hash::Prefix::from_hex(name).ok()?;
    reader.repository.objects.lookup_prefix(prefix, None).ok()??.ok()
}

/// What refs with some names point at.
fn refs(reader: &Reader<'_, '_>, takes: impl Fn(&[u8]) -> bool) -> Vec<ObjectId> {
    let Ok(all) = reader.repository.references() else { return Vec::new() };
    let Ok(all) = all.all() else { return Vec::new() };
    // A ref that cannot be read makes more of history new, not less.
    let wanted = all.filter_map(Result::ok).filter(|r| takes(r.name().as_bstr()));
    wanted.filter_map(|mut r| Some(r.peel_to_id().ok()?.detach())).collect()
}

/// The commit that an object is or that it tags, if it is here.
fn target(reader: &Reader<'_, '_>, id: ObjectId) -> Option<ObjectId> {
    let mut tips = Vec::new();
    peel_quietly(reader, id, &mut Vec::new(), &mut tips).filter(|kind| *kind == Kind::Commit)?;
    tips.pop()
}

/// Follows tags; the kind of what they lead to, and its id at the end of `found`.
fn peel_quietly(reader: &Reader<'_, '_>, mut id: ObjectId, tags: &mut Vec<ObjectId>, found: &mut Vec<ObjectId>) -> Option<Kind> {
    while let Some((tag, next, _)) = narrow::tag(reader, id).filter(|_| tags.len() < narrow::TAGS) {
        tags.push(tag);
        id = next;
    }
    found.push(id);
    reader.repository.find_header(id).ok().map(|header| header.kind())
}

/// Follows tags to a commit; what has no commit is scanned as it is.
fn peel(reader: &Reader<'_, '_>, id: ObjectId, tips: &mut Vec<ObjectId>, others: &mut Vec<(ObjectId, Kind)>) {
    let (mut tags, mut found) = (Vec::new(), Vec::new());
    let kind = peel_quietly(reader, id, &mut tags, &mut found);
    others.extend(tags.into_iter().map(|tag| (tag, Kind::Tag)));
    for id in found {
        match kind {
            Some(Kind::Commit) => tips.push(id),
            Some(Kind::Tree) => {
                reader.tree(id, &mut HashSet::new(), &mut |id, _| others.push((id, Kind::Blob)));
            }
            Some(kind) => others.push((id, kind)),
            None => reader.gap(id, "it came in and is missing or cannot be read; `git fetch` may get it"),
        }
    }
}

/// A commit seen on the way.
struct Seen {
    commit: Commit,
    parents: Vec<ObjectId>,
    is_old: bool,
    /// Were its parents added, and as old ones?
    added: bool,
    added_old: bool,
}

/// Goes from the ends back, the newest commit first, until nothing that may be new is left.
struct Walk<'r, 'h, 'j> {
    reader: &'r Reader<'h, 'j>,
    seen: HashMap<ObjectId, Seen>,
    waiting: BinaryHeap<(i64, ObjectId)>,
    /// Commits that wait and are new as far as is known.
    open: usize,
    /// The time of the oldest that was taken for new.
    oldest: i64,
}

impl Walk<'_, '_, '_> {
    fn add(&mut self, id: ObjectId, is_old: bool) {
        if let Some(seen) = self.seen.get_mut(&id) {
            if is_old && !seen.is_old {
                seen.is_old = true;
                self.open -= usize::from(!seen.added);
                self.waiting.push((seen.commit.time, id));
            }
            return;
        }
        let found = if is_old { read(self.reader, id) } else { self.reader.commit(id) };
        let Some((commit, parents)) = found else { return };
        self.waiting.push((commit.time, id));
        if !is_old {
            self.open += 1;
            self.oldest = self.oldest.min(commit.time);
        }
        self.seen.insert(id, Seen { commit, parents, is_old, added: false, added_old: false });
    }

    /// The new commits, parents first; the parents of each; how many of them a shallow clone cuts off from theirs.
    fn finish(mut self) -> (Vec<Commit>, HashMap<ObjectId, Vec<ObjectId>>, usize) {
        while let Some((time, id)) = self.waiting.pop() {
            if self.open == 0 && time < self.oldest.saturating_sub(SKEW) {
                break;
            }
            let Some(seen) = self.seen.get_mut(&id) else { continue };
            let done = if seen.is_old { &mut seen.added_old } else { &mut seen.added };
            if std::mem::replace(done, true) {
                continue;
            }
            let (is_old, parents) = (seen.is_old, seen.parents.clone());
            self.open -= usize::from(!is_old);
            parents.into_iter().for_each(|parent| self.add(parent, is_old));
        }
        let new: Vec<_> = self.seen.into_values().filter(|seen| !seen.is_old).map(|seen| (seen.commit, seen.parents)).collect();
        let cut = new.iter().filter(|(commit, _)| self.reader.boundary.contains(&commit.id)).count();
        let parents = new.iter().map(|(commit, parents)| (commit.id, parents.clone())).collect();
        (names::in_order(new), parents, cut)
    }
}

/// A commit that is for comparing only; `None` if it is not here.
fn read(reader: &Reader<'_, '_>, id: ObjectId) -> Option<(Commit, Vec<ObjectId>)> {
    let object = reader.repository.find_object(id).ok().filter(|object| object.kind == Kind::Commit)?;
    Some(reader.bounded(names::parsed(id, &object.data, reader.history.hash)?))
}

/// A file that came in.
struct File {
    /// The number of the first commit that has it.
    commit: u32,
    change: changes::Change,
    /// What the commit deleted, if the file may be made from it.
    deleted: Vec<ObjectId>,
}

/// The blobs that commits have and their parents have not, each once.
fn files(reader: &Reader<'_, '_>, commits: &[Commit], parents: &HashMap<ObjectId, Vec<ObjectId>>) -> Vec<File> {
    let trees: HashMap<ObjectId, ObjectId> = commits.iter().map(|commit| (commit.id, commit.tree)).collect();
    let none = Vec::new();
    let all = |id: &ObjectId| parents.get(id).unwrap_or(&none).clone();
    // Trees of the commits before, whose files are no news wherever they go.
    let mut before: Vec<ObjectId> = commits.iter().flat_map(|c| all(&c.id)).filter(|id| !trees.contains_key(id)).collect();
    before.sort_unstable();
    before.dedup();
    let before: HashMap<ObjectId, ObjectId> = before.into_iter().filter_map(|id| Some((id, reader.commit(id)?.0.tree))).collect();
    let tree = |id: &ObjectId| trees.get(id).or_else(|| before.get(id)).copied();
    let (history, job) = (reader.history, reader.job);
    let changes: Vec<changes::Changes> = commits
        .par_iter()
        .map_init(
            || Reader::new(history, job),
            |reader, commit| {
                let older: Vec<ObjectId> = all(&commit.id).iter().filter_map(tree).collect();
                changes::between(reader, commit.tree, &older)
            },
        )
        .collect();
    let mut known = HashSet::new();
    if changes.iter().any(|changes| !changes.files.is_empty()) {
        let mut seen = HashSet::new();
        for tree in before.values() {
            reader.tree(*tree, &mut seen, &mut |id, _| {
                known.insert(id);
            });
        }
    }
    let mut files = Vec::new();
    for (commit, changes) in (0..).zip(changes) {
        for change in changes.files {
            if known.insert(change.id) {
                let deleted = if change.before.is_empty() { changes.deleted.clone() } else { Vec::new() };
                files.push(File { commit, change, deleted });
            }
        }
    }
    files
}

/// Scans the new lines of a file.
fn one(reader: &Reader<'_, '_>, commits: &[Commit], file: &File, job: &Job<'_>) {
    let Some(bytes) = reader.object(file.change.id, Kind::Blob) else { return };
    let mut before: Vec<Vec<u8>> = file.change.before.iter().filter_map(|id| reader.object(*id, Kind::Blob)).collect();
    before.extend(changes::source(reader, &file.deleted, &bytes));
    let commit = commits[file.commit as usize].id.to_hex_with_len(SHORT);
    let name = format!("{commit}:{}", String::from_utf8_lossy(&file.change.path));
    let outer = reader.history.place();
    let place = Place::Inside { outer: &outer, member: &name, kind: Container::Git, source: None };
    if bytes.starts_with(coverage::LFS) {
        job.issues.note(IssueKind::GitObjects, &place, "large files kept by git LFS are not scanned: this is a pointer to one");
    }
    let ranges = new_lines(&before, &bytes);
    job.with_worker(|worker| worker.parts(job, &place, &bytes, (&ranges, &before)));
}

/// Scans a message, or a blob that no commit has.
fn message(reader: &Reader<'_, '_>, id: ObjectId, kind: Kind, job: &Job<'_>) {
    let Some(data) = reader.object(id, kind) else { return };
    let (name, (head, bytes)) = match kind {
        Kind::Blob => (id.to_string(), (&b""[..], &data[..])),
        _ => (id.to_hex_with_len(SHORT).to_string(), objects::parts(&data)),
    };
    let outer = reader.history.place();
    let place = Place::Inside { outer: &outer, member: &name, kind: Container::Git, source: None };
    job.with_worker(|worker| {
        if !head.is_empty() {
            worker.head_of(job, &place, head);
        }
        worker.object(job, &place, bytes, None)
    });
}

#[cfg(test)]
mod tests {
    use gix::ObjectId;
    use proptest::prelude::*;

    use super::{Added, range};

    #[test]
    fn ranges() {
        let check = |text: &str, ends: Option<(&str, &str)>| {
            let expected = ends.map(|(from, to)| (from.to_owned(), to.to_owned()));
            assert_eq!(range(text).ok(), expected, "{text}");
        };
        check("a..b", Some(("a", "b")));
        check("a...b", Some(("a", "b")));
        check("v1.0..v1.1~2", Some(("v1.0", "v1.1~2")));
        for text in ["", "a", "..", "...", "a..", "..b", "a....b", "a..b..c", "a...b..c", "^a..b", "a..-b", "a b..c"] {
            check(text, None);
        }
    }

    #[test]
    fn lines_of_hooks() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let hex = |text: &str| ObjectId::from_hex(text.as_bytes()).unwrap();
        let ends = vec![(hex(&one), hex(&two))];
        let check = |found: Result<Added, String>, expected: Added| assert_eq!(found, Ok(expected));
        check(
            Added::pushed(format!("HEAD^{{/a b}} {two} refs/heads/x {one}\n").as_bytes(), None),
            Added::Pushed(ends.clone(), None),
        );
        check(Added::received(format!("{one} {two} refs/heads/x").as_bytes()), Added::Received(ends));
        check(Added::pushed(b"", None), Added::Pushed(Vec::new(), None));
        assert!(Added::pushed(format!(" {two} refs/heads/x {one}\n").as_bytes(), None).is_err());
        assert!(Added::received(format!("{one} {two} \n").as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,20}", input in proptest::collection::vec(any::<u8>(), 0..200), words in "[0-9a-f \n]{0,200}") {
            drop(range(&text));
            for input in [&input[..], words.as_bytes()] {
                drop(Added::pushed(input, None));
                drop(Added::received(input));
            }
        }
    }
}
