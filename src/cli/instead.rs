//! Flags of other scanners that people type, and what to write in their place.
//!
//! It must not read a command line. Start with [`of`].

const NO_SERVICE: &str = "stanch asks no service whether a credential works: leave it out, all findings are reported";
const NOTHING_ASKED: &str = "leave it out: stanch asks no service, and looks for no update";
const PATHS: &str = "name the paths that are scanned, or allow others in stanch.toml: `[[allow]]` with `path`";
const DETECTORS: &str = "choose rules with `--only` and `--except`; `stanch rules list` names them";
const SIZE: &str = "leave it out: nothing is skipped for its size";
const QUIET: &str = "leave it out: there is no banner, and `--quiet` leaves the closing line out";
const EXIT: &str = "leave it out: findings always end it with code 1, or with that of `--exit-code`";

const FLAGS: &[(&str, &str)] = &[
    ("only-verified", NO_SERVICE),
    ("filter-unverified", NO_SERVICE),
    ("only-valid", NO_SERVICE),
    ("results", NO_SERVICE),
    ("no-verification", NOTHING_ASKED),
    ("no-validate", NOTHING_ASKED),
    ("no-update", NOTHING_ASKED),
    ("no-update-check", NOTHING_ASKED),
    ("no-banner", QUIET),
    ("verbose", QUIET),
    ("v", QUIET),
    ("log-level", QUIET),
    ("l", QUIET),
    ("fail", EXIT),
    ("exit-zero", "write `--exit-code 0`"),
    ("redact", "leave it out: values are never shown without `--show-secrets`"),
    ("exclude", PATHS),
    ("exclude-paths", PATHS),
    ("exclude-globs", PATHS),
    ("exclude-files", PATHS),
    ("include-paths", PATHS),
    ("include-detectors", DETECTORS),
    ("exclude-detectors", DETECTORS),
    ("branch", "write `--history --refs 'refs/heads/NAME'`, or `--range A..B` for what its commits add"),
    ("max-depth", "write `--history --max-commits N`"),
    ("log-opts", "write `--range A..B`, or `--history` with `--since` or `--max-commits`"),
    ("pre-commit", "write `--staged` for what the next commit would add, or `--worktree` for what is not staged"),
    ("source", "name the path without a flag: `stanch scan PATH`"),
    ("s", "name the path without a flag: `stanch scan PATH`"),
    ("no-git", "leave it out: files are scanned unless `--history` is given"),
    ("max-target-megabytes", SIZE),
    ("max-file-size", SIZE),
    ("max-decode-depth", "leave it out: what is encoded is always decoded"),
    ("timeout", "leave it out: no scan is stopped, for one that stops early has not looked at everything"),
    ("follow-symlinks", "links are listed as notes, not followed: name what they lead to"),
    ("concurrency", "write `--jobs N`"),
    ("json", "write `--format json`, or `jsonl` for one finding a line"),
    ("report-template", "use `--report-format json`, `sarif`, `jsonl` or `human`"),
    ("ignore-gitleaks-allow", "write `--no-inline-ignores`"),
    ("diagnostics", "leave it out"),
    ("diagnostics-dir", "leave it out"),
    ("config-path", "write `--config FILE`"),
    ("disable-rule", "write `--except RULE`"),
    ("disable-rules", "write `--except RULE`"),
    ("rule", "write `--only RULE`"),
    ("detector", DETECTORS),
    ("detectors", DETECTORS),
    ("confidence", "write `--min-confidence low`, `medium` or `high`"),
    ("severity", "write `--min-severity`, with info, low, medium, high or critical"),
    ("all-files", "leave it out: hidden and unknown files are scanned; `--no-ignore` scans what ignore files leave out, too"),
    ("exclude-dir", PATHS),
    ("exclude-dirs", PATHS),
    ("skip-dirs", PATHS),
    ("skip-files", PATHS),
    ("ignore", PATHS),
    ("r", "write `-o FILE` for the report; folders are always looked into"),
    ("recursive", "leave it out: folders are always looked into"),
];

/// What to do instead of using a flag of another scanner, which is named without the dashes before it.
pub(super) fn of(flag: &str) -> Option<&'static str> {
    FLAGS.iter().find(|(name, _)| *name == flag).map(|(_, hint)| *hint)
}
