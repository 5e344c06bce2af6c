//! `stanch baseline audit`: each secret that nobody judged is shown, and a key says what it is.
//!
//! What a key does is [`Review::press`], which knows no terminal; [`super::screen`] shows it. Start with [`run`].

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use super::super::args::BaselinePart;
use super::super::exit::{self, hinted};
use super::super::output;
use super::{Kept, screen};
use crate::scan::finding::Finding;
use crate::scan::suppress::baseline::{Baseline, Judged};

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Real,
    False,
    Undo,
    Skip,
    Show,
    Save,
    Leave,
    Other,
}

/// What is to be done after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Go,
    Save,
    Leave,
}

/// A review that goes on.
pub(super) struct Review<'a> {
    pub(super) findings: Vec<&'a Finding>,
    answers: Vec<Option<Judged>>,
    /// The finding that is asked about.
    at: usize,
    /// Those that were asked about before, in order.
    past: Vec<usize>,
    /// Is the value on the screen?
    shown: bool,
}

impl<'a> Review<'a> {
    pub(super) fn new(findings: Vec<&'a Finding>) -> Self {
        let answers = vec![None; findings.len()];
        Self { findings, answers, at: 0, past: Vec::new(), shown: false }
    }

    /// The finding that is asked about; none at the end.
    pub(super) fn current(&self) -> Option<&'a Finding> {
        self.findings.get(self.at).copied()
    }

    pub(super) fn is_shown(&self) -> bool {
        self.shown
    }

    /// How many were asked about, and how many were judged.
    pub(super) fn progress(&self) -> (usize, usize) {
        (self.at, self.answers.iter().flatten().count())
    }

    /// Each key hides the value again, but the one that shows it.
    pub(super) fn press(&mut self, key: Key) -> Next {
        let was_shown = std::mem::take(&mut self.shown);
        match key {
            Key::Real => self.answer(Some(Judged::Real)),
            Key::False => self.answer(Some(Judged::False)),
            Key::Skip => self.answer(None),
            Key::Undo => {
                if let Some(last) = self.past.pop() {
                    self.at = last;
                    self.answers[last] = None;
                }
            }
            Key::Show => self.shown = !was_shown && self.current().is_some(),
            Key::Save => return Next::Save,
            Key::Leave => return Next::Leave,
            Key::Other => {}
        }
        Next::Go
    }

    fn answer(&mut self, judged: Option<Judged>) {
        if self.at < self.findings.len() {
            self.answers[self.at] = judged;
            self.past.push(self.at);
            self.at += 1;
        }
    }

    /// Writes the verdicts into a baseline; how many there are.
    pub(super) fn settle(&self, baseline: &mut Baseline) -> usize {
        let judged = self.findings.iter().zip(&self.answers).filter_map(|(finding, judged)| Some((finding, (*judged)?)));
        judged
            .filter_map(|(finding, judged)| {
                baseline.entries.get_mut(&finding.fingerprint)?.judged = Some(judged);
                Some(())
            })
            .count()
    }
}

#[expect(clippy::print_stderr, reason = "says what was written")]
pub(super) fn run(part: &BaselinePart) -> anyhow::Result<ExitCode> {
    let Kept { place, mut baseline } = Kept::open(part)?;
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let hint = "run it on a terminal; `stanch baseline audit --stats` prints what was judged";
        return Err(hinted("an audit asks questions, and this is no terminal", hint));
    }
    let found = place.scan(part)?;
    let is_open = |f: &&Finding| baseline.entries.get(&f.fingerprint).is_some_and(|entry| entry.judged.is_none());
    let mut open: Vec<&Finding> = found.scan.findings.iter().filter(is_open).collect();
    open.dedup_by_key(|finding| &finding.fingerprint);
    if open.is_empty() {
        eprintln!("nothing is left to judge in {}", place.name());
        return stats(&baseline);
    }
    let mut review = Review::new(open);
    if screen::run(&mut review)? == Next::Leave {
        eprintln!("nothing was written");
        return Ok(ExitCode::from(exit::CLEAN));
    }
    let judged = review.settle(&mut baseline);
    place.write(&baseline)?;
    eprintln!("wrote {judged} verdicts to {}", place.name());
    stats(&baseline)
}

/// How many findings of a rule are real, are none, and were not judged.
type Counts = [usize; 3];

fn counts(baseline: &Baseline) -> BTreeMap<&str, Counts> {
    let mut rules: BTreeMap<&str, Counts> = BTreeMap::new();
    for entry in baseline.entries.values() {
        let counts = rules.entry(&entry.rule).or_default();
        match entry.judged {
            Some(Judged::Real) => counts[0] += 1,
            Some(Judged::False) => counts[1] += 1,
            None => counts[2] += 1,
        }
    }
    rules
}

/// `67 %`, of those that were judged.
fn precision([real, none, _]: Counts) -> String {
    match real + none {
        0 => "-".to_owned(),
        all => format!("{} %", (real * 100 + all / 2) / all),
    }
}

/// Prints how many of each rule's findings were real.
pub(super) fn stats(baseline: &Baseline) -> anyhow::Result<ExitCode> {
    let rules = counts(baseline);
    let sum = rules.values().fold([0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
    let width = rules.keys().map(|rule| rule.len()).max().unwrap_or(0).max("all rules".len());
    output::write(None, |out| {
        writeln!(out, "{:width$}  {:>6}  {:>6}  {:>6}  {:>9}", "rule", "real", "false", "open", "precision")?;
        for (rule, counts) in rules.iter().map(|(rule, counts)| (*rule, *counts)).chain([("all rules", sum)]) {
            let [real, none, open] = counts;
            writeln!(out, "{rule:width$}  {real:>6}  {none:>6}  {open:>6}  {:>9}", precision(counts))?;
        }
        out.flush()
    })?;
    Ok(ExitCode::from(exit::CLEAN))
}
