//! Chooses a part of history: what some refs reach, what came in since a commit or a day, the newest commits.
//!
//! It must not scan. Start with [`Narrow`]; [`select`] makes a [`Selection`] of it. Whatever is chosen by commits takes the blobs and
//! trees that they have and that the commits before them, which were not chosen, have not: what was taken out and came back is new.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::{Kind, TagRef};

use super::names::{self, Reader};
use super::{Commit, History, store};
use crate::base::date::Date;
use crate::scan::finding::IssueKind;
use crate::scan::source::work::Job;

/// Tags of tags.
pub(super) const TAGS: usize = 100;

/// What of a history is scanned. Without any of it, all there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrow {
    /// Only what refs reach.
    pub reachable_only: bool,
    /// Only what the refs with these names reach; `*` stands for any characters but `/`, `**` for any.
    pub refs: Vec<String>,
    /// Only what this commit does not reach.
    pub since_commit: Option<String>,
    /// Only what the second reaches and the first does not; that is all zeros for nothing.
    pub range: Option<(String, String)>,
    /// Only commits made since, in seconds since 1970.
    pub since: Option<i64>,
    /// Only that many commits, the newest.
    pub max_commits: Option<usize>,
    /// Nothing at all: objects are read and not scanned.
    pub dry_run: bool,
}

impl Narrow {
    /// Is anything left out by choice?
    pub(super) fn is_narrow(&self) -> bool {
        self.reachable_only || !self.refs.is_empty() || self.by_commit()
    }

    /// Are commits chosen by more than what reaches them?
    pub(super) fn by_commit(&self) -> bool {
        self.since_commit.is_some() || self.range.is_some() || self.since.is_some() || self.max_commits.is_some()
    }

    /// Is this ref among those chosen?
    pub(super) fn takes_ref(&self, name: &[u8]) -> bool {
        use gix::glob::wildmatch::Mode;
        self.refs.is_empty()
            || self
                .refs
                .iter()
                .any(|pattern| gix::glob::wildmatch(pattern.as_str().into(), name.as_bstr(), Mode::NO_MATCH_SLASH_LITERAL))
    }
}

/// Reads `30d`, `12h`, `2w` or a day such as `2026-11-26`, and says which second that is. `now` is in seconds since 1970.
///
/// # Errors
/// In words, if it is neither, or lies in the future.
pub fn since(text: &str, now: u64) -> Result<i64, String> {
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    if let Some(day) = Date::parse(text) {
        let start = day.to_unix();
        return if start > now { Err("it lies in the future: no commit is newer".to_owned()) } else { Ok(start) };
    }
    let wrong = || "write 30d, 12h, 2w or a day such as 2026-01-31".to_owned();
    let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let seconds = match unit {
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err(wrong()),
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number = number.parse::<i64>().unwrap_or(i64::MAX);
    Ok(now.saturating_sub(number.saturating_mul(seconds)))
}

/// A tree, the number of the commit that has it, and its path there.
pub(super) type SelectedTree = (ObjectId, Option<u32>, Vec<u8>);

/// What was chosen.
#[derive(Default)]
pub(super) struct Selection {
    objects: HashSet<ObjectId>,
    /// Trees, with the number of the commit that has them and their path there.
    pub(super) trees: Vec<SelectedTree>,
    commits: usize,
    all_commits: usize,
    left_out: AtomicU64,
}

impl Selection {
    /// Is an object among what was chosen? Counts those that are not.
    pub(super) fn takes(&self, id: &gix::oid) -> bool {
        let is_in = self.objects.contains(id);
        if !is_in {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        is_in
    }

    /// The same, without counting.
    pub(super) fn has(&self, id: &gix::oid) -> bool {
        self.objects.contains(id)
    }

    /// Was nothing chosen?
    pub(super) fn is_empty(&self) -> bool {
        self.commits == 0 && self.objects.is_empty()
    }

    /// Says how much was left out.
    pub(super) fn tell(&self, history: &History, job: &Job<'_>) {
        let left_out = self.left_out.load(Ordering::Relaxed);
        let also = if history.narrow.by_commit() { "the names of refs, configuration and reflogs" } else { "the reflogs" };
        let detail = format!(
            "{left_out} objects and {also} were left out by choice: {} of the {} commits that refs reach were asked for",
            self.commits, self.all_commits
        );
        job.issues.note(IssueKind::GitObjects, &history.place(), detail);
    }
}

/// Commits by their ids, with their parents.
type Commits = HashMap<ObjectId, (Commit, Vec<ObjectId>)>;

/// Chooses objects. `history` must have its names.
///
/// # Errors
/// In words, if a commit or the refs that were named are not there.
pub(super) fn select(history: &History, job: &Job<'_>) -> Result<Selection, String> {
    let narrow = &history.narrow;
    let reader = Reader::new(history, job);
    let mut selection = Selection { all_commits: history.names.reached, ..Selection::default() };
    let (mut tips, tags) = tips(&reader, narrow, &mut selection)?;
    if let Some((_, to)) = &narrow.range {
        // Not what other refs name directly.
        (selection.objects, selection.trees) = Default::default();
        tips = vec![resolve(&reader, to)?];
    }
    let mut all = Commits::new();
    reachable(&reader, tips, &mut all);
    let from = narrow.range.as_ref().map(|(from, _)| from).filter(|from| !from.bytes().all(|b| b == b'0'));
    let mut excluded = Commits::new();
    for name in narrow.since_commit.iter().chain(from) {
        reachable(&reader, vec![resolve(&reader, name)?], &mut excluded);
        all.retain(|id, _| !excluded.contains_key(id));
    }
    all.retain(|_, (commit, _)| narrow.since.is_none_or(|since| commit.time >= since));
    let parents: HashMap<ObjectId, Vec<ObjectId>> = all.iter().map(|(id, (_, parents))| (*id, parents.clone())).collect();
    let mut chosen = names::in_order(all.into_values().collect());
    if let Some(most) = narrow.max_commits {
        chosen.drain(..chosen.len().saturating_sub(most));
    }
    let ids: HashSet<ObjectId> = chosen.iter().map(|commit| commit.id).collect();
    selection.commits = ids.len();
    let before = parents.iter().filter(|(id, _)| ids.contains(*id)).flat_map(|(_, parents)| parents);
    let before: HashSet<ObjectId> = before.filter(|id| !ids.contains(*id)).copied().collect();
    let mut known = HashSet::new();
    let mut old = HashSet::new();
    for commit in before.iter().filter_map(|id| reader.commit(*id)) {
        reader.tree(commit.0.tree, &mut known, &mut |id, _| {
            old.insert(id);
        });
    }
    content(&reader, &chosen, known, &old, &mut selection);
    for (tag, target, time) in tags {
        if ids.contains(&target) || narrow.since.is_some_and(|since| time >= since) {
            selection.objects.insert(tag);
        }
    }
    selection.objects.extend(ids);
    Ok(selection)
}

/// Takes what is in the trees of commits and was not known.
fn content(
    reader: &Reader<'_, '_>,
    chosen: &[Commit],
    mut known: HashSet<ObjectId>,
    old: &HashSet<ObjectId>,
    selection: &mut Selection,
) {
    let numbers: HashMap<ObjectId, u32> = reader.history.names.commits.iter().map(|c| c.id).zip(0..).collect();
    for commit in chosen {
        let number = numbers.get(&commit.id).copied();
        let objects = &mut selection.objects;
        let mut blob = |id: ObjectId, _: &[u8]| {
            if !old.contains(&id) {
                objects.insert(id);
            }
        };
        let trees = reader.tree_with_folders(commit.tree, &mut known, &mut blob);
        selection.trees.extend(trees.into_iter().map(|(id, folder)| (id, number, folder)));
    }
}

/// All commits that some reach.
fn reachable(reader: &Reader<'_, '_>, tips: Vec<ObjectId>, found: &mut Commits) {
    let mut waiting = tips;
    while let Some(id) = waiting.pop() {
        if found.contains_key(&id) {
            continue;
        }
        if let Some((commit, parents)) = reader.commit(id) {
            waiting.extend(&parents);
            found.insert(id, (commit, parents));
        }
    }
}

/// A tag, the commit it leads to, and its time.
pub(super) type Tag = (ObjectId, ObjectId, i64);

/// The commits that the chosen refs point at, and the tags on the way. What else refs point at is chosen as it is.
fn tips(reader: &Reader<'_, '_>, narrow: &Narrow, selection: &mut Selection) -> Result<(Vec<ObjectId>, Vec<Tag>), String> {
    let repository = &reader.repository;
    let head = repository.head_id().ok().map(gix::Id::detach);
    let mut targets: Vec<ObjectId> = head.into_iter().filter(|_| narrow.takes_ref(b"HEAD")).collect();
    let others = store::detached_heads(&reader.history.common_dir);
    targets.extend(others.into_iter().filter(|(name, _)| narrow.takes_ref(name.as_bytes())).map(|(_, id)| id));
    let mut any = !targets.is_empty();
    if let Ok(all) = repository.references()
        && let Ok(all) = all.all()
    {
        for mut reference in all.filter_map(Result::ok) {
            if !narrow.takes_ref(reference.name().as_bstr()) {
                continue;
            }
            any = true;
            targets.extend(reference.follow_to_object().ok().map(gix::Id::detach));
        }
    }
    if !any && !narrow.refs.is_empty() {
        return Err(format!("no ref is named like `{}`", narrow.refs.join("`, `")));
    }
    let (mut tips, mut tags) = (Vec::new(), Vec::new());
    for target in targets {
        let (mut id, mut chain) = (target, Vec::new());
        while let Some((tag, next, time)) = tag(reader, id).filter(|_| chain.len() < TAGS) {
            chain.push((tag, time));
            id = next;
        }
        tags.extend(chain.into_iter().map(|(tag, time)| (tag, id, time)));
        match repository.find_header(id).map(|header| header.kind()) {
            Ok(Kind::Commit) => tips.push(id),
            Ok(Kind::Blob) => drop(selection.objects.insert(id)),
            Ok(Kind::Tree) => {
                let objects = &mut selection.objects;
                let mut blob = |id: ObjectId, _: &[u8]| {
                    objects.insert(id);
                };
                let trees = reader.tree_with_folders(id, &mut HashSet::new(), &mut blob);
                selection.trees.extend(trees.into_iter().map(|(id, folder)| (id, None, folder)));
            }
            _ => {}
        }
    }
    Ok((tips, tags))
}

/// A tag: itself, what it tags, and when.
pub(super) fn tag(reader: &Reader<'_, '_>, id: ObjectId) -> Option<Tag> {
    if reader.repository.find_header(id).ok()?.kind() != Kind::Tag {
        return None;
    }
    let object = reader.repository.find_object(id).ok()?;
    let tag = TagRef::from_bytes(&object.data, reader.history.hash).ok()?;
    let time = tag.tagger.map_or(0, |tagger| names::time(tagger.as_ref()));
    Some((id, ObjectId::from_hex(tag.target).ok()?, time))
}

/// The commit with a name: of a ref, or an id or its beginning; behind it `^` or `~N`.
pub(super) fn resolve(reader: &Reader<'_, '_>, name: &str) -> Result<ObjectId, String> {
    let missing = || {
        let why =
            if reader.boundary.is_empty() { "" } else { ", in a shallow clone: `git fetch --deepen=100` gets more commits" };
        format!("no commit is named `{name}` here{why}")
    };
    let end = name.find(['^', '~']).unwrap_or(name.len());
    let (base, steps) = name.split_at(end);
    let mut id = named(reader, base).ok_or_else(missing)?;
    while let Some((_, next, _)) = tag(reader, id) {
        id = next;
    }
    let is_commit = reader.repository.find_header(id).is_ok_and(|header| header.kind() == Kind::Commit);
    if !is_commit {
        return Err(missing());
    }
    let mut rest = steps;
    while let Some(step) = rest.chars().next() {
        let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = if digits == 0 { 1 } else { rest[1..=digits].parse().map_err(|_| missing())? };
        rest = &rest[1 + digits..];
        let (generations, parent) = if step == '~' { (number, 1) } else { (usize::from(number > 0), number.max(1)) };
        for _ in 0..generations {
            id = reader.commit(id).and_then(|(_, parents)| parents.get(parent - 1).copied()).ok_or_else(missing)?;
        }
        if !rest.is_empty() && !rest.starts_with(['^', '~']) {
            return Err(missing());
        }
    }
    Ok(id)
}

pub(super) fn named(reader: &Reader<'_, '_>, name: &str) -> Option<ObjectId> {
    let repository = &reader.repository;
    if name == "HEAD" || name == "@" {
        return repository.head_id().ok().map(gix::Id::detach);
    }
    if let Ok(id) = ObjectId::from_hex(name.as_bytes()) {
        return Some(id);
    }
    for folder in ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"] {
        if let Ok(Some(mut reference)) = repository.try_find_reference(&format!("{folder}{name}"))
            && let Ok(id) = reference.follow_to_object()
        {
            return Some(id.detach());
        }
    }
    let is_beginning = name.len() >= 4 && name.bytes().all(|b| b.is_ascii_hexdigit());
    let lower = name.to_ascii_lowercase();
    let mut fitting = reader.history.names.real().iter().filter(|c| is_beginning && c.id.to_string().starts_with(&lower));
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first.id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Narrow, since};

    const NOW: u64 = 1_798_761_600; // 2027-01-01

    #[test]
    fn times() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(since(text, NOW).ok(), expected, "{text}");
        let now = NOW as i64;
        check("30d", Some(now - 30 * 86_400));
        check("12h", Some(now - 43_200));
        check("2w", Some(now - 14 * 86_400));
        check("0d", Some(now));
        check("2026-12-31", Some(now - 86_400));
        check("1970-01-01", Some(0));
        check("2027-01-01", Some(now));
        for text in ["", "d", "30", "30m", "-3d", "+3d", "3 d", "2027-01-02", "9999-12-31", "2026-13-01", "3\u{e9}", "\u{661}d"] {
            check(text, None);
        }
        assert!(since("99999999999999999999w", NOW).is_ok());
    }

    #[test]
    fn patterns_of_refs() {
        let check = |pattern: &str, name: &str, expected: bool| {
            let narrow = Narrow { refs: vec![pattern.to_owned()], ..Narrow::default() };
            assert_eq!(narrow.takes_ref(name.as_bytes()), expected, "{pattern} {name}");
        };
        check("refs/heads/*", "refs/heads/main", true);
        check("refs/heads/*", "refs/heads/a/b", false);
        check("refs/heads/**", "refs/heads/a/b", true);
        check("refs/*/main", "refs/heads/main", true);
        check("main", "refs/heads/main", false);
        check("HEAD", "HEAD", true);
        assert!(Narrow::default().takes_ref(b"refs/heads/x"));
    }

    proptest! {
        #[test]
        fn ages_are_never_in_the_future_and_nothing_panics(text in "[0-9]{0,25}[hdwm\u{e9}]?", junk in ".{0,12}") {
            if let Ok(time) = since(&text, NOW) {
                prop_assert!(time <= NOW as i64);
            }
            drop(since(&junk, NOW));
        }
    }
}
