//! Which findings a person decided not to see: by a comment beside the secret, by an entry in `stanch.toml`, or in a baseline.
//!
//! It must not know how findings are made or shown, nor what day it is. Start with [`Suppressions::decide`], the one place that decides.
//!
//! Nothing is silenced by accident or for ever unseen: our own comments and entries need a reason and can end on a day, and one that is
//! malformed or past its day silences nothing and says so. All that is silenced is counted.
//!
//! - [`inline`]: `stanch:allow[rule]`. [`foreign`] and [`blocks`]: the comments of other scanners.
//! - [`entry`]: `[[allow]]` in `stanch.toml`.
//! - [`baseline`], [`import`], [`known`]: what is known by value.

pub mod baseline;
mod blocks;
mod entry;
mod foreign;
pub mod import;
mod inline;
pub mod known;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use self::baseline::Judged;
use self::blocks::Blocks;
use self::entry::Entry;
use self::known::Known;
use super::finding::Fingerprint;
use super::project::{Allow, Project};
use super::rule::select::fits_id;
use crate::base::crypto::digest;
use crate::base::date::Date;
use crate::base::text;

/// What to do with a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Report it.
    Report,
    /// Silenced by a comment.
    AllowedInline {
        /// What the comment gives as reason, or the comment of another tool. Foreign text: not sanitised for a terminal.
        reason: String,
    },
    /// Silenced by an entry of a `stanch.toml`.
    AllowedByEntry {
        /// What the entry gives as reason. Foreign text: not sanitised for a terminal.
        reason: String,
        /// Where the entry stands, such as `line 13 of stanch.toml`.
        entry: String,
    },
    /// Known from a baseline.
    Known {
        /// What an audit said of it.
        judged: Option<Judged>,
        /// The file that knows it.
        baseline: String,
    },
    /// Report it, and say why something that looks like a suppression did not silence it. Holds no text of the file.
    Note(String),
}

/// A text in which findings stand.
#[derive(Debug, Default)]
pub struct Text<'a> {
    bytes: &'a [u8],
    /// Read when something is found.
    blocks: OnceCell<Blocks>,
}

impl<'a> Text<'a> {
    /// The text that all offsets are about.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, blocks: OnceCell::new() }
    }

    fn is_silent(&self, rule: &str, at: usize) -> bool {
        self.blocks.get_or_init(|| Blocks::of(self.bytes)).is_silent(rule, at)
    }
}

/// What is about to be reported.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// Id of the rule.
    pub rule: &'a str,
    /// Identity of the value.
    pub fingerprint: &'a Fingerprint,
    /// The value.
    pub secret: &'a [u8],
    /// Its path in the project, if it has one; needed only if [`Suppressions::needs_path`].
    pub path: Option<&'a str>,
}

/// The lines that a comment about a finding may stand on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines<'a> {
    /// The line before the one before.
    pub farther: &'a [u8],
    /// The line before the finding's first line, without its line end; empty if there is none.
    pub before: &'a [u8],
    /// All lines of the finding, from the start of the first to the end of the last.
    pub own: &'a [u8],
    /// The line after the finding's last line.
    pub after: &'a [u8],
    /// The one after that.
    pub behind: &'a [u8],
}

impl<'a> Lines<'a> {
    /// The lines around `span` in `blob`. A line is cut to 4 KiB on each side of the finding, and the others to the 4 KiB that are nearest.
    #[must_use]
    pub fn around(blob: &'a [u8], span: Range<usize>) -> Self {
        const REACH: usize = 4096;
        let end = span.end.min(blob.len());
        let start = span.start.min(end);
        let floor = start.saturating_sub(REACH);
        let line_end = memchr::memrchr(b'\n', &blob[floor..start]);
        let first = line_end.map_or(floor, |n| floor + n + 1);
        let ceiling = blob.len().min(end.saturating_add(REACH));
        let next = memchr::memchr(b'\n', &blob[end..ceiling]).map(|n| end + n);
        let last = next.unwrap_or(ceiling);
        let (before, farther) = match line_end {
            Some(_) => last_lines(&blob[..first - 1], REACH),
            None => (&[][..], &[][..]),
        };
        let rest = next.map_or(&[][..], |at| &blob[at + 1..blob.len().min(at + 1 + REACH)]);
        let mut lines = rest.split(|b| *b == b'\n');
        let (after, behind) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        Self { farther, before, own: &blob[first..last], after, behind }
    }
}

/// The last line of a text, and the one before it.
fn last_lines(text: &[u8], reach: usize) -> (&[u8], &[u8]) {
    let text = &text[text.len().saturating_sub(reach)..];
    let mut lines = text.rsplitn(3, |b| *b == b'\n');
    (lines.next().unwrap_or_default(), lines.next().unwrap_or_default())
}

/// Words for a rule that is not among those `known`, with the one that may be meant; none if it is.
fn no_rule(id: &str, known: &HashSet<String>) -> Option<String> {
    if known.contains(id) {
        return None;
    }
    let meant = text::nearest(id, known.iter().map(String::as_str)).map(|id| format!("; did you mean `{id}`?"));
    // Foreign text, where a credential may have been pasted.
    let id: String = text::without_tokens(&text::sanitise(id.as_bytes())).chars().take(60).collect();
    let has = if id.contains('*') { "no rule has an id like" } else { "no rule has the id" };
    Some(format!("{has} `{id}`{}", meant.unwrap_or_default()))
}

/// Which comments count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Comments {
    /// Ours, those of other scanners of secrets, and these words.
    Obeyed(Vec<String>),
    /// None: who can write to a text could silence it.
    #[default]
    Ignored,
}

/// What a project silences.
#[derive(Debug)]
pub struct Suppressions {
    entries: Vec<Entry>,
    /// The entries that name a fingerprint.
    by_fingerprint: HashMap<Fingerprint, Vec<usize>>,
    /// All others.
    others: Vec<usize>,
    comments: Comments,
    known: Option<Known>,
    /// Ids of all rules there are, if that is known.
    rules: Option<HashSet<String>>,
}

impl Default for Suppressions {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Suppressions {
    /// From the entries of one `stanch.toml`, and comments. Several may name the same finding; one that holds is enough.
    #[must_use]
    pub fn new(allows: Vec<Allow>) -> Self {
        Self::from(allows.into_iter().map(|allow| Entry::new(allow, Path::new("stanch.toml"), "")).collect())
    }

    /// From all that a project decided, and comments.
    #[must_use]
    pub fn of(project: &Project) -> Self {
        let path = project.path.as_deref().unwrap_or(Path::new("stanch.toml"));
        let top = project.allows.iter().map(|allow| Entry::new(allow.clone(), path, ""));
        let below = project
            .layers
            .iter()
            .flat_map(|layer| layer.allows.iter().map(|allow| Entry::new(allow.clone(), &layer.path, &layer.folder)));
        Self::from(top.chain(below).collect())
    }

    fn from(entries: Vec<Entry>) -> Self {
        let mut by_fingerprint: HashMap<_, Vec<_>> = HashMap::new();
        let mut others = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match &entry.allow.fingerprint {
                Some(print) => by_fingerprint.entry(print.clone()).or_default().push(index),
                None => others.push(index),
            }
        }
        Self { entries, by_fingerprint, others, comments: Comments::Obeyed(Vec::new()), known: None, rules: None }
    }

    /// The same, when `rules` are the ids of all rules there are, chosen for a run or not: what names another one is told so.
    #[must_use]
    pub fn knowing(self, rules: HashSet<String>) -> Self {
        Self { rules: Some(rules), ..self }
    }

    /// The same with a baseline.
    #[must_use]
    pub fn with_baseline(self, known: Known) -> Self {
        Self { known: Some(known), ..self }
    }

    /// The same with other comments.
    #[must_use]
    pub fn with_comments(self, comments: Comments) -> Self {
        Self { comments, ..self }
    }

    /// Does anything depend on where a finding stands?
    #[must_use]
    pub fn needs_path(&self) -> bool {
        self.entries.iter().any(Entry::needs_path) || self.known.as_ref().is_some_and(Known::needs_path)
    }

    /// A digest of all that decides, but for the day: equal if nothing changed.
    #[must_use]
    pub fn state(&self) -> [u8; 32] {
        let entries: Vec<String> = self.entries.iter().map(|entry| format!("{} {:?}", entry.name(), entry.allow)).collect();
        let known = self.known.as_ref().map(Known::state).unwrap_or_default();
        digest(&[format!("{entries:?} {:?}", self.comments).as_bytes(), &known])
    }

    /// May anything end on a day?
    #[must_use]
    pub fn may_end(&self) -> bool {
        self.entries.iter().any(|entry| entry.allow.until.is_some())
    }

    /// What is wrong with entries of `stanch.toml`: the file, and words. Those that name a rule there is not, and those that ended.
    #[must_use]
    pub fn astray(&self, today: Date) -> Vec<(PathBuf, String)> {
        let wrong = |entry: &Entry| {
            let line = entry.allow.line;
            if let Some(wrong) = self.names_no_rule(entry) {
                return Some((entry.path.clone(), line, format!("the entry on line {line} silences nothing: {wrong}")));
            }
            let ended = entry.ended(today)?;
            let words = format!("the entry on line {line} ended on {ended}{}: renew it, or remove it", entry.owner());
            Some((entry.path.clone(), line, words))
        };
        let mut all: Vec<_> = self.entries.iter().filter_map(wrong).collect();
        all.sort();
        all.into_iter().map(|(path, _, words)| (path, words)).collect()
    }

    /// What is wrong with the rules that an entry names, if there is no such rule.
    fn names_no_rule(&self, entry: &Entry) -> Option<String> {
        let known = self.rules.as_ref()?;
        let fits_none = |rule: &&String| !(rule.contains('*') && known.iter().any(|id| fits_id(rule, id)));
        entry.allow.rules.iter().filter(fits_none).find_map(|rule| no_rule(rule, known))
    }

    /// Entries that fitted nothing so far: once all of a project was scanned, they are there for nothing. The file, and words. Those
    /// of [`Suppressions::astray`] are not told again.
    #[must_use]
    pub fn unused(&self, today: Date) -> Vec<(PathBuf, String)> {
        let is_told = |entry: &Entry| entry.ended(today).is_some() || self.names_no_rule(entry).is_some();
        let stale = self.entries.iter().filter(|entry| !entry.is_used() && !is_told(entry));
        let words = |entry: &Entry| {
            let words = format!("the entry on line {} fits nothing any more{}: remove it", entry.allow.line, entry.owner());
            (entry.path.clone(), words)
        };
        stale.map(words).collect()
    }

    /// What to do with a finding that stands at `span` of a text.
    #[must_use]
    pub fn decide(&self, candidate: &Candidate<'_>, text: &Text<'_>, span: Range<usize>, today: Date) -> Decision {
        // Entries are asked in any case, so that it is known which are of use.
        let entry = self.by_entry(candidate, today);
        let comment = self.by_comment(candidate.rule, text, span, today);
        if let Decision::AllowedInline { .. } = comment {
            return comment;
        }
        if let Decision::AllowedByEntry { .. } = entry {
            return entry;
        }
        if let Some(known) = &self.known
            && let Some(judged) = known.knows(candidate)
        {
            return Decision::Known { judged, baseline: known.name().to_owned() };
        }
        match (entry, comment) {
            (Decision::Report, comment) => comment,
            (Decision::Note(one), Decision::Note(other)) => Decision::Note(format!("{other}; {one}")),
            (entry, _) => entry,
        }
    }

    fn by_comment(&self, rule: &str, text: &Text<'_>, span: Range<usize>, today: Date) -> Decision {
        let Comments::Obeyed(more) = &self.comments else { return Decision::Report };
        let at = span.start;
        let lines = Lines::around(text.bytes, span);
        let own = inline::decide(rule, lines, today, self.rules.as_ref());
        if let Decision::AllowedInline { .. } = own {
            return own;
        }
        let said = foreign::decide(rule, lines, more);
        let block = || text.is_silent(rule, at).then(|| "secretlint-disable".to_owned());
        match said.silenced.or_else(block) {
            Some(by) => Decision::AllowedInline { reason: format!("`{by}`") },
            None if own == Decision::Report => said.note.map_or(Decision::Report, Decision::Note),
            None => own,
        }
    }

    fn by_entry(&self, candidate: &Candidate<'_>, today: Date) -> Decision {
        let of_value = self.by_fingerprint.get(candidate.fingerprint).into_iter().flatten();
        let mut decision = Decision::Report;
        for entry in of_value.chain(&self.others).map(|index| &self.entries[*index]).filter(|entry| entry.fits(candidate)) {
            match (entry.ended(today), &decision) {
                (Some(until), _) if decision == Decision::Report => {
                    decision = Decision::Note(format!("the entry on {} ended on {until}", entry.name()));
                }
                (Some(_), _) | (None, Decision::AllowedByEntry { .. }) => {}
                (None, _) => {
                    decision = Decision::AllowedByEntry { reason: entry.allow.reason.clone(), entry: entry.name() };
                }
            }
        }
        decision
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Allow, Candidate, Comments, Decision, Lines, Suppressions, Text};
    use crate::base::date::Date;
    use crate::scan::finding::Fingerprint;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn print(digit: &str) -> Fingerprint {
        Fingerprint(digit.repeat(32))
    }

    fn allow(digit: &str, until: Option<&str>, rule: Option<&str>) -> Allow {
        let reason = format!("demo {digit}");
        let rules = rule.into_iter().map(str::to_owned).collect();
        Allow { fingerprint: Some(print(digit)), reason, until: until.map(day), rules, line: 4, ..nothing() }
    }

    fn nothing() -> Allow {
        let (paths, rules) = (Vec::new(), Vec::new());
        Allow { fingerprint: None, paths, rules, regex: None, reason: "demo".into(), owner: None, until: None, line: 4 }
    }

    fn decide(suppressions: &Suppressions, rule: &str, digit: &str, (path, line): (&str, &str), today: &str) -> Decision {
        let (fingerprint, text) = (print(digit), Text::of(line.as_bytes()));
        let candidate = Candidate { rule, fingerprint: &fingerprint, secret: b"made-up-1", path: Some(path) };
        suppressions.decide(&candidate, &text, 0..1, day(today))
    }

    fn suppressions() -> Suppressions {
        Suppressions::new(vec![
            allow("a", None, None),
            allow("b", Some("2026-06-30"), None),
            allow("c", None, Some("github-pat")),
            allow("d", Some("2026-06-30"), None),
            allow("d", Some("2027-06-30"), None),
        ])
    }

    #[test]
    fn entries_silence_their_fingerprint() {
        let check = |digit: &str, rule: &str, today: &str, expected: &str| {
            let shown = match decide(&suppressions(), rule, digit, ("a", "x"), today) {
                Decision::AllowedByEntry { reason, .. } => format!("allowed: {reason}"),
                Decision::Note(note) => note,
                other => format!("{other:?}"),
            };
            assert_eq!(shown, expected);
        };
        check("a", "any", "2026-01-01", "allowed: demo a");
        check("e", "any", "2026-01-01", "Report");
        check("b", "any", "2026-06-30", "allowed: demo b");
        check("b", "any", "2026-07-01", "the entry on line 4 of stanch.toml ended on 2026-06-30");
        check("c", "github-pat", "2026-01-01", "allowed: demo c");
        check("c", "other", "2026-01-01", "Report");
        check("d", "any", "2026-07-01", "allowed: demo d");
    }

    #[test]
    fn entries_for_a_rule_there_is_not_are_named() {
        let entries = ["github-pt", "github-pat", "abc-1234567890123456-x"].map(|rule| allow("c", None, Some(rule)));
        let astray = |suppressions: Suppressions| -> Vec<String> {
            suppressions
                .astray(day("2026-07-01"))
                .into_iter()
                .map(|(path, words)| format!("{} {words}", path.display()))
                .collect()
        };
        assert_eq!(astray(Suppressions::new(entries.to_vec())), [""; 0]);
        let known = Suppressions::new(entries.to_vec()).knowing(["github-pat".to_owned()].into());
        let words = ["no rule has the id `abc-(16 characters)-x`", "no rule has the id `github-pt`; did you mean `github-pat`?"];
        // Of these nothing else is said.
        let unused = known.unused(day("2026-07-01")).len();
        assert_eq!(
            (unused, astray(known)),
            (1, words.map(|text| format!("stanch.toml the entry on line 4 silences nothing: {text}")).to_vec())
        );
        let globs = ["github-*", "*-pat", "gitlab-*", "github-*-pat"].map(|rule| allow("c", None, Some(rule)));
        let known = Suppressions::new(globs.to_vec()).knowing(["github-pat".to_owned()].into());
        let words = ["`github-*-pat`; did you mean `github-pat`?", "`gitlab-*`"]
            .map(|glob| format!("silences nothing: no rule has an id like {glob}"));
        assert_eq!(astray(known), words.map(|text| format!("stanch.toml the entry on line 4 {text}")).to_vec());
        let owner = Some("the platform team".to_owned());
        let ended = Allow { until: Some(day("2026-06-30")), owner, ..allow("c", None, None) };
        let expected =
            "stanch.toml the entry on line 4 ended on 2026-06-30, the platform team answers for it: renew it, or remove it";
        assert_eq!(astray(Suppressions::new(vec![ended])), [expected]);
    }

    #[test]
    fn entries_fit_all_they_name() {
        let entry = |paths: &[&str], rules: &[&str], folder: &str| {
            let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
            let allow = Allow { paths: owned(paths), rules: owned(rules), ..nothing() };
            Suppressions::from(vec![super::Entry::new(allow, std::path::Path::new("f"), folder)])
        };
        let check = |suppressions: Suppressions, path: &str, expected: bool| {
            let decision = decide(&suppressions, "github-pat", "a", (path, "x"), "2026-07-01");
            assert_eq!(matches!(decision, Decision::AllowedByEntry { .. }), expected, "{suppressions:?} {path}");
            assert_eq!(suppressions.unused(day("2026-07-01")).is_empty(), expected);
        };
        check(entry(&["tests/**"], &[], ""), "tests/a/b", true);
        check(entry(&["tests/"], &[], ""), "tests/a/b", true);
        check(entry(&["tests/**"], &[], ""), "src/tests/a", false);
        check(entry(&["tests/"], &[], ""), "src/tests/a", true);
        check(entry(&["/tests/**"], &[], ""), "src/tests/a", false);
        check(entry(&["*.pem", "*.key"], &[], ""), "a/b/c.key", true);
        check(entry(&["a/b.txt"], &[], ""), "x/a/b.txt", false);
        check(entry(&["*.pem"], &["github-pat"], ""), "a.pem", true);
        check(entry(&["*.pem"], &["jwt"], ""), "a.pem", false);
        check(entry(&[], &["jwt", "github-pat"], ""), "a.pem", true);
        check(entry(&[], &["github-*"], ""), "a.pem", true);
        check(entry(&["*.pem"], &["*-PAT"], ""), "a.pem", true);
        check(entry(&[], &["generic-*", "gitlab-*"], ""), "a.pem", false);
        check(entry(&[], &["github"], ""), "a.pem", false);
        check(entry(&["b/*"], &[], "a"), "a/b/c", true);
        check(entry(&["b/*"], &[], "a"), "b/c", false);
        check(entry(&[], &["github-pat"], "a"), "a/b/c", true);
        check(entry(&[], &["github-pat"], "a"), "ab/c", false);
    }

    #[test]
    fn comments_can_be_ignored() {
        for line in ["x # stanch:allow[github-pat] -- why", "x # gitleaks:allow", "x # nosec"] {
            let with = |comments| decide(&suppressions().with_comments(comments), "github-pat", "e", ("a", line), "2026-07-01");
            assert_eq!(with(Comments::Ignored), Decision::Report);
            assert!(matches!(with(Comments::Obeyed(vec!["nosec".to_owned()])), Decision::AllowedInline { .. }), "{line}");
        }
        assert_eq!(decide(&suppressions(), "github-pat", "e", ("a", "x # nosec"), "2026-07-01"), Decision::Report);
    }

    #[test]
    fn comments_and_entries_work_together() {
        let check = |digit: &str, line: &str, expected: &Decision| {
            assert_eq!(&decide(&suppressions(), "github-pat", digit, ("a", line), "2026-07-01"), expected, "{line}");
        };
        let entry = Decision::AllowedByEntry { reason: "demo a".into(), entry: "line 4 of stanch.toml".into() };
        check("a", "x # stanch:allow[github-pat] -- why", &Decision::AllowedInline { reason: "why".into() });
        check("a", "x # gitleaks:allow", &Decision::AllowedInline { reason: "`gitleaks:allow`".into() });
        check("a", "x # stanch:allow[github-pat]", &entry);
        check("a", "x # stanch:allow[github-pat] until=2020-01-01 -- why", &entry);
        check(
            "e",
            "x # stanch:allow[github-pat] until=2020-01-01 -- why",
            &Decision::Note("stanch:allow ended on 2020-01-01".into()),
        );
        let both = "stanch:allow ended on 2020-01-01; the entry on line 4 of stanch.toml ended on 2026-06-30";
        check("b", "x # stanch:allow[github-pat] until=2020-01-01 -- why", &Decision::Note(both.into()));
    }

    #[test]
    fn lines_are_cut_out() {
        let check = |blob: &str, span: std::ops::Range<usize>, before: &str, own: &str| {
            let lines = Lines::around(blob.as_bytes(), span);
            assert_eq!((lines.before, lines.own), (before.as_bytes(), own.as_bytes()), "{blob:?}");
        };
        check("ab\ncd\nef\n", 3..4, "ab", "cd");
        check("ab\ncd\nef\n", 0..1, "", "ab");
        check("ab\ncd\nef\n", 4..7, "ab", "cd\nef");
        check("ab\n\nef", 4..6, "", "ef");
        check("\nef", 1..3, "", "ef");
        check("", 0..0, "", "");
        check("ab", 5..9, "", "ab");
        let long = format!("# x\n{}S{}\n", "a".repeat(5000), "b".repeat(5000));
        check(&long, 5004..5005, "", &long[908..9101]);
    }

    proptest! {
        #[test]
        fn lines_are_what_splitting_gives(blob in "[ab\n]{0,40}", at in 0usize..40) {
            let at = at.min(blob.len());
            let first = blob[..at].matches('\n').count();
            let all: Vec<&str> = blob.split('\n').collect();
            let lines = Lines::around(blob.as_bytes(), at..at);
            prop_assert_eq!(lines.own, all[first].as_bytes());
            let line = |at: Option<usize>| at.and_then(|at| all.get(at)).copied().unwrap_or_default().as_bytes();
            prop_assert_eq!((lines.before, lines.farther), (line(first.checked_sub(1)), line(first.checked_sub(2))));
            prop_assert_eq!((lines.after, lines.behind), (line(Some(first + 1)), line(Some(first + 2))));
        }
    }
}
