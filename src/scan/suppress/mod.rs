//! Which findings a person decided not to see: by a comment beside the secret, or by fingerprint in `stanch.toml`.
//!
//! It must not know how findings are made or shown, nor what day it is. Start with [`Suppressions::decide`].
//!
//! Nothing is silenced by accident or for ever unseen: both ways need a reason, both can end on a day, and one that is
//! malformed or past its day silences nothing and says so.

mod inline;

use std::collections::{HashMap, HashSet};

use super::finding::Fingerprint;
use super::project::Allow;
use crate::base::date::Date;
use crate::base::text;

/// What to do with a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Report it.
    Report,
    /// Silenced by a comment.
    AllowedInline {
        /// What the comment gives as reason. Foreign text: not sanitised for a terminal.
        reason: String,
    },
    /// Silenced by an entry of `stanch.toml`.
    AllowedByFingerprint {
        /// What the entry gives as reason. Foreign text: not sanitised for a terminal.
        reason: String,
    },
    /// Report it, and say why something that looks like a suppression did not silence it. Holds no text of the file.
    Note(String),
}

/// The lines that a comment about a finding may stand on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines<'a> {
    /// The line before the finding's first line, without its line end; empty if there is none.
    pub before: &'a [u8],
    /// All lines of the finding, from the start of the first to the end of the last.
    pub own: &'a [u8],
}

impl<'a> Lines<'a> {
    /// The lines around `span` in `blob`. A line is cut to 4 KiB on each side of the finding, and the line before to its last 4 KiB.
    #[must_use]
    pub fn around(blob: &'a [u8], span: std::ops::Range<usize>) -> Self {
        const REACH: usize = 4096;
        let end = span.end.min(blob.len());
        let start = span.start.min(end);
        let floor = start.saturating_sub(REACH);
        let line_end = memchr::memrchr(b'\n', &blob[floor..start]);
        let first = line_end.map_or(floor, |n| floor + n + 1);
        let ceiling = blob.len().min(end.saturating_add(REACH));
        let last = memchr::memchr(b'\n', &blob[end..ceiling]).map_or(ceiling, |n| end + n);
        let before = match line_end {
            Some(_) => last_line(&blob[..first - 1], REACH),
            None => &[],
        };
        Self { before, own: &blob[first..last] }
    }
}

fn last_line(text: &[u8], reach: usize) -> &[u8] {
    let text = &text[text.len().saturating_sub(reach)..];
    memchr::memrchr(b'\n', text).map_or(text, |n| &text[n + 1..])
}

/// Words for a rule that is not among those `known`, with the one that may be meant; none if it is.
fn no_rule(id: &str, known: &HashSet<String>) -> Option<String> {
    if known.contains(id) {
        return None;
    }
    let meant = text::nearest(id, known.iter().map(String::as_str)).map(|id| format!("; did you mean `{id}`?"));
    // Foreign text, where a credential may have been pasted.
    let id: String = text::without_tokens(&text::sanitise(id.as_bytes())).chars().take(60).collect();
    Some(format!("no rule has the id `{id}`{}", meant.unwrap_or_default()))
}

/// What a project silences.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    by_fingerprint: HashMap<Fingerprint, Vec<Allow>>,
    /// Ids of all rules there are, if that is known.
    rules: Option<HashSet<String>>,
}

impl Suppressions {
    /// From the entries of `stanch.toml`. Several may name the same fingerprint; one that holds is enough.
    #[must_use]
    pub fn new(allows: Vec<Allow>) -> Self {
        let mut by_fingerprint: HashMap<_, Vec<_>> = HashMap::new();
        for allow in allows {
            by_fingerprint.entry(allow.fingerprint.clone()).or_default().push(allow);
        }
        Self { by_fingerprint, rules: None }
    }

    /// The same, when `rules` are the ids of all rules there are, chosen for a run or not: what names another one is told so.
    #[must_use]
    pub fn knowing(self, rules: HashSet<String>) -> Self {
        Self { rules: Some(rules), ..self }
    }

    /// Entries of `stanch.toml` that name a rule there is not, and so silence nothing: line, and what is wrong. Sorted by line.
    #[must_use]
    pub fn astray(&self) -> Vec<(usize, String)> {
        let Some(known) = &self.rules else { return Vec::new() };
        let wrong = |allow: &Allow| Some((allow.line, no_rule(allow.rule.as_deref()?, known)?));
        let mut all: Vec<_> = self.by_fingerprint.values().flatten().filter_map(wrong).collect();
        all.sort();
        all
    }

    /// What to do with a finding of the rule `rule_id` that stands on `lines`. Comments are asked first.
    #[must_use]
    pub fn decide(&self, rule_id: &str, fingerprint: &Fingerprint, lines: Lines<'_>, today: Date) -> Decision {
        let inline = inline::decide(rule_id, lines, today, self.rules.as_ref());
        if let Decision::AllowedInline { .. } = inline {
            return inline;
        }
        match (self.by_entry(rule_id, fingerprint, today), inline) {
            (Decision::Report, inline) => inline,
            (Decision::Note(one), Decision::Note(other)) => Decision::Note(format!("{other}; {one}")),
            (entry, _) => entry,
        }
    }

    fn by_entry(&self, rule_id: &str, fingerprint: &Fingerprint, today: Date) -> Decision {
        let mut decision = Decision::Report;
        for allow in self.by_fingerprint.get(fingerprint).into_iter().flatten() {
            if allow.rule.as_deref().is_some_and(|rule| rule != rule_id) {
                continue;
            }
            match allow.until {
                Some(until) if until < today => {
                    decision = Decision::Note(format!("the entry on line {} of stanch.toml ended on {until}", allow.line));
                }
                _ => return Decision::AllowedByFingerprint { reason: allow.reason.clone() },
            }
        }
        decision
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Allow, Decision, Lines, Suppressions};
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
        Allow { fingerprint: print(digit), reason, until: until.map(day), rule: rule.map(str::to_owned), line: 4 }
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
            let shown = match suppressions().decide(rule, &print(digit), Lines::default(), day(today)) {
                Decision::AllowedByFingerprint { reason } => format!("allowed: {reason}"),
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
        assert_eq!(Suppressions::new(entries.to_vec()).astray(), []);
        let known = Suppressions::new(entries.to_vec()).knowing(["github-pat".to_owned()].into());
        let words = ["no rule has the id `abc-(16 characters)-x`", "no rule has the id `github-pt`; did you mean `github-pat`?"]
            .map(str::to_owned);
        assert_eq!(known.astray(), words.map(|text| (4, text)));
    }

    #[test]
    fn comments_and_entries_work_together() {
        let check = |digit: &str, line: &str, expected: &Decision| {
            let lines = Lines { before: b"", own: line.as_bytes() };
            assert_eq!(&suppressions().decide("github-pat", &print(digit), lines, day("2026-07-01")), expected, "{line}");
        };
        let entry = Decision::AllowedByFingerprint { reason: "demo a".into() };
        check("a", "x # stanch:allow[github-pat] -- why", &Decision::AllowedInline { reason: "why".into() });
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
            prop_assert_eq!(lines.before, if first == 0 { "" } else { all[first - 1] }.as_bytes());
        }
    }
}
