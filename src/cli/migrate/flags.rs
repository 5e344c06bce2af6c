//! Flags of other scanners, and what becomes of them.
//!
//! Data for [`super::commands`]: names with `|` between them, whether a value follows, and what is done. A flag that is not here is not
//! known.

/// What becomes of a flag.
#[derive(Debug, Clone, Copy)]
pub(super) enum Does {
    /// It changes nothing here.
    Nothing,
    /// Findings end the program with a code of their own, as here.
    Fail,
    /// It is left out, and why is said.
    Note(&'static str),
    /// A flag of ours.
    Ours(&'static str),
    /// The same with the value.
    Valued(&'static str),
    /// The line cannot be converted: why, and what to do.
    ByHand(&'static str),
    /// Only what is staged is scanned.
    Staged,
    /// The value is a commit from which on is scanned.
    Since,
    /// The value is the last commit that is scanned.
    Branch,
    /// The value is a number of commits.
    Depth,
    /// The value says whether history is scanned.
    History,
    /// The value is a file of expressions for paths that are left out.
    Excluding,
    /// The value is what is scanned.
    Path,
    /// The value is a file of secrets that are known.
    Known,
    /// The value is a form of the report.
    Format,
}

/// Names, whether a value follows, what is done.
pub(super) type Flag = (&'static str, bool, Does);

const NO_SERVICE: &str = "stanch asks no service whether a credential works, so all findings are reported";
const PATHS: &str = "allow the paths in stanch.toml: `[[allow]]` with `path`";
const RULES: &str = "choose rules with `--only` and `--except`; `stanch rules list` names them";
const BASELINE: &str = "`stanch baseline create --from FILE` makes a baseline of it, which is found beside stanch.toml";
const OWN_RULES: &str = "convert the rules with `stanch rules import`, and add `--rules FILE`";

pub(super) const TRUFFLEHOG: &[Flag] = &[
    ("--results", true, Does::Note(NO_SERVICE)),
    ("--only-verified|--filter-unverified", false, Does::Note(NO_SERVICE)),
    ("--fail", false, Does::Fail),
    (
        "--no-update|--no-verification|--no-color|--debug|--trace|--print-avg-detector-time|--allow-verification-overlap|--fail-on-scan-errors|--bare|--trust-local-git-config",
        false,
        Does::Nothing,
    ),
    ("--log-level|--detector-timeout|--archive-timeout|--clone-path|--verifier|--custom-verifiers-only", true, Does::Nothing),
    ("--github-actions", false, Does::Note("findings are printed for people")),
    ("--json|-j|--json-legacy", false, Does::Ours("--format=jsonl")),
    ("--concurrency", true, Does::Valued("--jobs")),
    ("--exclude-paths|-x|--exclude_paths", true, Does::Excluding),
    ("--include-paths|-i|--include_paths", true, Does::ByHand("name the paths: `stanch scan PATH`")),
    ("--exclude-globs", true, Does::ByHand(PATHS)),
    ("--include-detectors|--exclude-detectors", true, Does::ByHand(RULES)),
    ("--config", true, Does::ByHand("write its detectors as rules, rules/README.md, and add `--rules FILE`")),
    ("--filter-entropy", true, Does::ByHand("stanch's rules have limits of their own: leave it out")),
    ("--archive-max-depth", true, Does::Valued("--max-archive-depth")),
    ("--archive-max-size", true, Does::Note("`--max-archive-size` limits what is unpacked")),
    ("--directory", true, Does::Path),
    ("--since-commit", true, Does::Since),
    ("--branch", true, Does::Branch),
    ("--max-depth|--max_depth", true, Does::Depth),
];

pub(super) const KINGFISHER: &[Flag] = &[
    ("--staged", false, Does::Staged),
    ("--since-commit", true, Does::Since),
    ("--branch", true, Does::Branch),
    ("--git-history|--commit-metadata", true, Does::History),
    (
        "--no-validate|-n|--redact|-r|--no-update-check|--self-update|--no-dedup|--turbo|--quiet|-q|-v|--verbose|--no-binary|--ignore-certs|--no-base64",
        false,
        Does::Nothing,
    ),
    ("--tls-mode|--validation-timeout|--git-clone|--provider-endpoint", true, Does::Nothing),
    ("--only-valid", false, Does::Note(NO_SERVICE)),
    ("--confidence|-c", true, Does::Valued("--min-confidence")),
    ("--format|-f", true, Does::Format),
    ("--output|-o", true, Does::Valued("--output")),
    ("--jobs|-j|--num-jobs", true, Does::Valued("--jobs")),
    ("--max-file-size|--max-file-size-mb", true, Does::Note("nothing is skipped for its size")),
    ("--no-extract-archives", false, Does::Ours("--max-archive-depth=0")),
    ("--extraction-depth", true, Does::Valued("--max-archive-depth")),
    ("--baseline-file", true, Does::ByHand(BASELINE)),
    ("--manage-baseline", false, Does::ByHand("`stanch baseline create` and `update` keep a baseline")),
    ("--exclude", true, Does::ByHand(PATHS)),
    ("--rules-path|--rules", true, Does::ByHand(OWN_RULES)),
    ("--rule|--load-builtins", true, Does::ByHand(RULES)),
    ("--skip-regex|--skip-word", true, Does::ByHand("allow the values in stanch.toml: `[[allow]]` with `regex`")),
];

/// Words behind `ggshield secret scan`.
pub(super) const GGSHIELD_WORDS: [&str; 13] = [
    "pre-commit",
    "pre-push",
    "pre-receive",
    "repo",
    "path",
    "archive",
    "commit-range",
    "docker",
    "ci",
    "pypi",
    "docset",
    "changes",
    "ai-hook",
];

pub(super) const GGSHIELD: &[Flag] = &[
    (
        "-v|--verbose|-r|--recursive|-y|--yes|--debug|--use-gitignore|--with-incident-details|--insecure|--allow-self-signed|--web|--no-check-for-updates|--all-secrets",
        false,
        Does::Nothing,
    ),
    ("--json", false, Does::Ours("--format=json")),
    ("--format", true, Does::Format),
    ("--output|-o", true, Does::Valued("--output")),
    ("--exit-zero", false, Does::Ours("--exit-code=0")),
    ("--show-secrets", false, Does::Ours("--show-secrets")),
    ("--instance|--log-file|--config-path|-c", true, Does::Note("stanch asks no server, and .gitguardian.yaml is taken over")),
    ("--ignore-known-secrets", false, Does::Note("`stanch baseline create` makes a list of what is known")),
    ("--max-commits-for-hook", true, Does::Note("all commits are scanned")),
    ("--exclude", true, Does::ByHand(PATHS)),
    ("--banlist-detector|-b|--ignore-detector", true, Does::ByHand(RULES)),
];

pub(super) const DETECT_SECRETS_HOOK: &[Flag] = &[
    ("--baseline", true, Does::Known),
    ("-n|--no-verify|-v|--verbose", false, Does::Nothing),
    ("--cores", true, Does::Nothing),
    ("--json", false, Does::Ours("--format=json")),
    ("--exclude-files", true, Does::ByHand(PATHS)),
    ("--exclude-lines|--exclude-secrets", true, Does::ByHand("allow the values in stanch.toml: `[[allow]]` with `regex`")),
    ("--base64-limit|--hex-limit|-p|--plugin", true, Does::ByHand(OWN_RULES)),
    ("--disable-plugin", true, Does::ByHand(RULES)),
];

pub(super) const SECRETLINT: &[Flag] = &[
    ("--maskSecrets|--mask-secrets|--color|--no-color|--profile|--no-glob|--debug|--no-terminalLink", false, Does::Nothing),
    ("--secretlintrc|--secretlintrcJSON", true, Does::Note("stanch's own rules do the work of secretlint's")),
    ("--secretlintignore", true, Does::Nothing),
    ("--format", true, Does::Format),
    ("--output|-o", true, Does::Valued("--output")),
    ("--locale", true, Does::Nothing),
];

pub(super) const RIPSECRETS: &[Flag] = &[
    ("--strict-ignore|-s", false, Does::Nothing),
    ("--only-matching|--only-print-match", false, Does::ByHand("values are shown with `--show-secrets` only")),
    ("--additional-pattern", true, Does::ByHand("write it as a rule, rules/README.md, and add `--rules FILE`")),
    ("--install-pre-commit", false, Does::ByHand("`stanch hook install` installs hooks")),
];
