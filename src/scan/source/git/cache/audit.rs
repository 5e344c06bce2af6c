//! A whole scan of a history that is told again while nothing changed: what something was found in is scanned again, all else is known.
//!
//! It must not hold a value that was found. It names files, people and refs, so it is encrypted under a key that depends on what `HEAD`
//! holds, too. Start with [`begin`]; [`replay`] tells it again, [`finish`] writes it.

use std::collections::HashMap;

use gix::ObjectId;
use gix::objs::Kind;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Cache, state};
use crate::base::crypto::{self, digest, hmac_sha256};
use crate::base::sealed;
use crate::base::text::hex;
use crate::scan::blob::{Container, Origin};
use crate::scan::finding::{Committed, Coverage, Exposure, Finding, Issue, IssueKind, Level};
use crate::scan::issues::{Counts, KEPT_PER_KIND};
use crate::scan::source::git::coverage::Told;
use crate::scan::source::git::texts::Named;
use crate::scan::source::git::{History, exposure, objects, texts};
use crate::scan::source::work::Job;

/// An object that something was found in, and its name then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in super::super) struct Again {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) name: String,
}

/// What a scan came to.
#[derive(Default, Serialize, Deserialize)]
struct Audit {
    /// What decides that findings are silenced.
    silences: String,
    objects: Vec<Again>,
    names: Vec<Named>,
    /// Objects, bytes, members, their bytes, marked places.
    covered: [u64; 5],
    told: Told,
    issues: Vec<Kept>,
    counts: Vec<(Level, IssueKind, u64)>,
    /// How far findings got, by their places.
    findings: HashMap<String, Found>,
}

/// An issue in an object.
#[derive(Serialize, Deserialize)]
struct Kept {
    level: Level,
    kind: IssueKind,
    /// From the object inwards.
    place: Vec<(String, Container)>,
    detail: String,
}

/// What is said of a finding and of its places in this repository.
#[derive(Clone, Serialize, Deserialize)]
struct Found {
    exposure: Option<Exposure>,
    commits: Vec<Option<Committed>>,
}

/// Before and after a scan.
pub(in super::super) enum State {
    /// It may be written, if nothing changes meanwhile: the digest of the repository, what was counted before, and the issues.
    Begun([u8; 32], Coverage, (Counts, Counts)),
    /// It is whole, but for how far findings got.
    Scanned(Box<Draft>),
    /// It was told again.
    Replayed(Box<Draft>),
}

/// What is written, once it is whole.
pub(in super::super) struct Draft([u8; 32], Audit);

impl Cache {
    /// The key of the audit: who has the cache and not the repository cannot read it.
    fn audit_key(&self, history: &History) -> Option<Zeroizing<[u8; 32]>> {
        let repository = history.repository.to_thread_local();
        let head = repository.head_id().ok()?.object().ok()?;
        let tree = ObjectId::from_hex(head.data.strip_prefix(b"tree ")?.split(|b| *b == b'\n').next()?).ok()?;
        let tree = repository.find_object(tree).ok()?;
        let both = digest(&[&head.data, &tree.data]);
        Some(Zeroizing::new(hmac_sha256(self.key.as_slice(), &[b"stanch audit 1", &both])))
    }
}

/// What decides whether findings are silenced: the project's file, and the day if anything may end.
fn silences(job: &Job<'_>, by_day: bool) -> String {
    let decider = job.collector.decider();
    let key = decider.project.key.as_ref().map(|key| digest(&[key.bytes()])).unwrap_or_default();
    let day = if by_day { decider.today.to_string() } else { String::new() };
    hex(&digest(&[&key, &decider.suppressions.state(), &[u8::from(decider.partial)], day.as_bytes()]))
}

/// Tells an audit again, if there is one of what is here now; whether it did. If it did not, a new one is begun.
pub(in super::super) fn begin(history: &History, cache: &mut Cache, job: &Job<'_>) -> bool {
    let Some(now) = state::of(history) else { return false };
    let file = cache.read("audit", history, job);
    // Of another state, it is locked with what `HEAD` held then.
    let locked = file.as_ref().and_then(|bytes| bytes.strip_prefix(&now));
    let text = locked.and_then(|locked| crypto::open(&*cache.audit_key(history)?, &now, locked));
    let audit = text.and_then(|text| serde_json::from_slice::<Audit>(&text).ok());
    let is_of_now = |audit: &Audit| [true, false].iter().any(|by_day| audit.silences == silences(job, *by_day));
    if let Some(audit) = audit.filter(is_of_now) {
        replay(history, &audit, job);
        cache.audit = Some(State::Replayed(Box::new(Draft(now, audit))));
        return true;
    }
    cache.audit = Some(State::Begun(now, job.covered(), job.issues.counts()));
    false
}

fn replay(history: &History, audit: &Audit, job: &Job<'_>) {
    let before = job.covered();
    let place = history.place();
    // What is to be told of these objects is known.
    job.issues.mute(true);
    let repository = history.repository.clone();
    let again = |again: &Again| {
        let id = ObjectId::from_hex(again.id.as_bytes()).ok()?;
        let kind = Kind::from_bytes(again.kind.as_bytes()).ok()?;
        let repository = repository.to_thread_local();
        let object = repository.find_object(id).ok().filter(|object| object.kind == kind)?;
        objects::again(history, job, kind, &again.name, &object.data);
        let is_same = gix::objs::compute_hash(id.kind(), kind, &object.data).is_ok_and(|real| real == id);
        (is_same && job.collector.has_found_in(&again.name)).then_some(())
    };
    let unread = audit.objects.par_iter().filter(|one| again(one).is_none()).count();
    let unread = unread + audit.names.iter().filter(|named| texts::again(history, job, named).is_none()).count();
    job.issues.mute(false);
    if unread > 0 {
        let detail = format!(
            "{unread} objects that something was found in before cannot be read, or hold something else now; `--no-cache` reads all anew"
        );
        job.issues.gap(IssueKind::MissingObjects, &place, detail);
    }
    let mut counts: HashMap<(Level, IssueKind), u64> = audit.counts.iter().map(|(l, k, n)| ((*l, *k), *n)).collect();
    for Kept { level, kind, place: inward, detail } in &audit.issues {
        let origin = inward.iter().fold(place.to_origin(), |outer, (member, kind)| Origin::Inside {
            outer: outer.into(),
            member: member.clone(),
            kind: *kind,
        });
        match level {
            Level::Gap => job.issues.gap_at(*kind, origin, detail.as_str()),
            Level::Note => job.issues.note_at(*kind, origin, detail.as_str()),
        }
        counts.entry((*level, *kind)).and_modify(|n| *n = n.saturating_sub(1));
    }
    counts.iter().filter(|(_, n)| **n > 0).for_each(|((level, kind), n)| job.issues.count(*level, *kind, *n));
    texts::scan(history, job);
    audit.told.tell(history, job);
    let now = counted(&job.covered());
    let been: Vec<u64> = now.iter().zip(counted(&before)).map(|(now, before)| now - before).collect();
    let missing = |at: usize| audit.covered[at].saturating_sub(been[at]);
    job.add_known(&Coverage {
        objects: missing(0),
        known: missing(0),
        bytes: missing(1),
        members: missing(2),
        member_bytes: missing(3),
        marked: missing(4),
        ..Coverage::default()
    });
}

fn counted(all: &Coverage) -> [u64; 5] {
    [all.objects, all.bytes, all.members, all.member_bytes, all.marked]
}

/// A scan is done: what of it can be told again, if it left nothing out and nothing changed meanwhile.
pub(in super::super) fn scanned(history: &History, cache: &mut Cache, job: &Job<'_>, told: Told, names: Vec<Named>) {
    let Some(State::Begun(begun, covered, (in_before, all_before))) = cache.audit.take() else { return };
    let (in_now, all_now) = job.issues.counts();
    let more = |now: &Counts, before: &Counts| -> Counts {
        now.iter().map(|(key, n)| (*key, n - before.get(key).copied().unwrap_or(0))).filter(|(_, n)| *n > 0).collect()
    };
    let (inside, all) = (more(&in_now, &in_before), more(&all_now, &all_before));
    let gaps = |counts: &Counts| counts.iter().filter(|((level, _), _)| *level == Level::Gap).map(|(_, n)| n).sum::<u64>();
    let Some(issues) = kept(history, job.issues.kept_in_objects(), &inside) else { return };
    if gaps(&all) != gaps(&inside) || told.is_gap() || state::of(history) != Some(begun) {
        return;
    }
    let been = counted(&covered);
    let mut now = counted(&job.covered());
    now.iter_mut().zip(been).for_each(|(now, before)| *now -= before);
    let by_day = job.collector.has_silenced() || job.collector.decider().suppressions.may_end();
    let audit = Audit {
        silences: silences(job, by_day),
        objects: std::mem::take(cache.found.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner)),
        names,
        covered: now,
        told,
        issues,
        counts: inside.into_iter().map(|((level, kind), n)| (level, kind, n)).collect(),
        findings: HashMap::new(),
    };
    cache.audit = Some(State::Scanned(Box::new(Draft(begun, audit))));
}

/// The issues in objects of this repository; `None` if fewer of them are kept than would be without those of others.
fn kept(history: &History, issues: Vec<Issue>, counts: &Counts) -> Option<Vec<Kept>> {
    let own = Origin::File(history.shown.clone());
    let mut left = counts.clone();
    let mut all = Vec::new();
    for Issue { level, kind, origin, detail } in issues {
        let Some(place) = inward(&own, &origin) else { continue };
        left.entry((level, kind)).and_modify(|n| *n = n.saturating_sub(1));
        all.push(Kept { level, kind, place, detail });
    }
    let is_whole = left.iter().all(|(key, left)| *left == 0 || counts[key] - left == KEPT_PER_KIND);
    is_whole.then_some(all)
}

/// The members from the object of this repository inwards that a place lies in.
fn inward(own: &Origin, mut origin: &Origin) -> Option<Vec<(String, Container)>> {
    let mut all = Vec::new();
    while let Origin::Inside { outer, member, kind } = origin {
        all.push((member.clone(), *kind));
        origin = outer;
    }
    all.reverse();
    (origin == own && !all.is_empty()).then_some(all)
}

/// Findings are known by where they are. Only places in this repository count.
fn key(history: &History, finding: &Finding) -> Option<(String, Vec<usize>)> {
    let own = Origin::File(history.shown.clone());
    let mut places: Vec<_> = finding
        .occurrences
        .iter()
        .enumerate()
        .filter_map(|(at, one)| Some((inward(&own, &one.origin)?, one.at.offset, one.at.len, at)))
        .collect();
    places.sort_by(|a, b| (&a.0, a.1, a.2).cmp(&(&b.0, b.1, b.2)));
    let text: Vec<_> = places.iter().map(|(place, offset, len, _)| (place, offset, len)).collect();
    let text = serde_json::to_vec(&text).ok().filter(|_| !places.is_empty())?;
    Some((hex(&digest(&[&text])), places.into_iter().map(|(.., at)| at).collect()))
}

impl Draft {
    /// Says of findings what was said of them before.
    pub(in super::super) fn fill(&self, history: &History, findings: &mut [Finding], now: u64) {
        for finding in findings {
            let Some((key, places)) = key(history, finding) else { continue };
            let Some(Found { exposure, commits }) = self.1.findings.get(&key).cloned() else { continue };
            places.into_iter().zip(commits).for_each(|(at, commit)| finding.occurrences[at].commit = commit);
            finding.exposure = exposure;
            exposure::told_again(finding, now);
        }
    }

    /// Keeps what is said of findings, by the keys that they had before anything was said of them.
    pub(in super::super) fn keep(&mut self, history: &History, findings: &[Finding]) {
        for finding in findings {
            let Some((key, places)) = key(history, finding) else { continue };
            let commits = places.into_iter().map(|at| finding.occurrences[at].commit.clone()).collect();
            self.1.findings.insert(key, Found { exposure: finding.exposure.clone(), commits });
        }
    }
}

/// Writes what a scan came to.
pub(in super::super) fn finish(history: &History, cache: &Cache, draft: &Draft) {
    let Draft(state, audit) = draft;
    let text = serde_json::to_vec(audit).ok().map(Zeroizing::new);
    let locked = text.zip(cache.audit_key(history)).and_then(|(text, key)| crypto::seal(&key, state, &text).ok());
    if let Some(locked) = locked {
        // That nothing can be written was told with the verdicts, and the scan is over.
        let text = [state.as_slice(), &locked].concat();
        drop(sealed::write(&cache.path("audit"), &cache.about("audit"), &cache.key, &text));
    }
}
