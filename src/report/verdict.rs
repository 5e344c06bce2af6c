//! What a scan amounts to, in one word.
//!
//! It must not know exit codes; those are `cli`'s. Start with [`Verdict::of`].

use crate::scan::finding::Scan;

/// What the caller knows about the input as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Something was named to be scanned.
    Named,
    /// The set is provably empty: an empty commit, a diff that only deletes.
    Empty,
}

/// What a scan amounts to. Decides the last line of the human report and, in `cli`, the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was looked at and nothing was found.
    Clean,
    /// The input is provably empty.
    NothingToScan,
    /// Something was found, and everything was looked at.
    Findings,
    /// Something was found, and there are gaps.
    FindingsAndGaps,
    /// Nothing was found, but there are gaps.
    Gaps,
    /// Input was named, but not one file or byte of it was scanned: this is no all-clear.
    NothingScanned,
}

impl Verdict {
    /// The verdict on `scan`.
    #[must_use]
    pub fn of(scan: &Scan, input: Input) -> Self {
        let cover = &scan.coverage;
        let scanned_nothing = cover.files == 0 && cover.objects == 0 && cover.bytes == 0 && cover.members == 0;
        match (scan.findings.is_empty(), scan.gaps() > 0) {
            (false, false) => Self::Findings,
            (false, true) => Self::FindingsAndGaps,
            (true, true) => Self::Gaps,
            (true, false) if !scanned_nothing => Self::Clean,
            (true, false) if input == Input::Empty => Self::NothingToScan,
            (true, false) => Self::NothingScanned,
        }
    }

    /// True if all that should have been looked at was.
    #[must_use]
    pub fn complete(self) -> bool {
        matches!(self, Self::Clean | Self::NothingToScan | Self::Findings)
    }

    /// The kebab-case word used in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::NothingToScan => "nothing-to-scan",
            Self::Findings => "findings",
            Self::FindingsAndGaps => "findings-and-gaps",
            Self::Gaps => "gaps",
            Self::NothingScanned => "nothing-scanned",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Input, Verdict};
    use crate::report::sample;
    use crate::scan::finding::{IssueKind, Level, Scan};

    #[test]
    fn verdicts() {
        let check = |findings: usize, gaps: u64, files: u64, input: Input, expected: Verdict, complete: bool| {
            let mut scan = Scan { findings: sample::findings(findings), ..Scan::default() };
            scan.issue_counts = vec![(Level::Note, IssueKind::Symlink, 9), (Level::Gap, IssueKind::Unreadable, gaps)];
            scan.coverage.files = files;
            let verdict = Verdict::of(&scan, input);
            assert_eq!((verdict, verdict.complete()), (expected, complete));
        };
        check(0, 0, 5, Input::Named, Verdict::Clean, true);
        check(0, 0, 0, Input::Empty, Verdict::NothingToScan, true);
        check(0, 0, 0, Input::Named, Verdict::NothingScanned, false);
        check(0, 2, 0, Input::Empty, Verdict::Gaps, false);
        check(0, 2, 5, Input::Named, Verdict::Gaps, false);
        check(1, 0, 5, Input::Named, Verdict::Findings, true);
        check(1, 1, 5, Input::Named, Verdict::FindingsAndGaps, false);
    }
}
