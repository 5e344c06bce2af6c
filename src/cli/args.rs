//! The command line as types. The doc comments are the help.

pub(super) mod audit;
pub(super) mod ci;
pub(super) mod doctor;
pub(super) mod filter;
mod hook;
mod own;
pub(super) mod run;
pub(super) mod vault;

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{ArgAction, Parser, Subcommand, ValueEnum};

pub(super) use self::hook::{Hook, HookCommand, HookInstall, HookRemove, HookRun, HookStatus, StatusFormat};
pub(super) use self::own::{Completions, Man};
use super::format::{Also, Format};
use crate::base::date::Date;
use crate::scan::finding::{Confidence, Severity};
use crate::scan::rule::{import, load::Entry, pack};

const STYLES: Styles = Styles::styled().header(AnsiColor::Green.on_default().bold()).literal(AnsiColor::Cyan.on_default());

/// What `--version` says.
static VERSION: LazyLock<String> = LazyLock::new(|| format!("{} (rules {})", env!("CARGO_PKG_VERSION"), pack::version()));

/// Find leaked secrets in files, notebooks, archives and streams.
#[derive(Debug, Parser)]
#[command(name = "stanch", version, long_version = VERSION.as_str(), styles = STYLES, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 clean and complete, 1 findings, 2 usage or configuration, 3 incomplete without findings.")]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Scan(Box<Scan>),
    Filter(Box<filter::Filter>),
    Ci(Box<ci::Ci>),
    Explain(Explain),
    History(History),
    Rules(Rules),
    Init(Init),
    Baseline(Baseline),
    Migrate(Migrate),
    Hook(Hook),
    Doctor(doctor::Doctor),
    Vault(Box<vault::Vault>),
    Audit(audit::Audit),
    Run(run::Run),
    Inject(run::Inject),
    Completions(Completions),
    Man(Man),
}

/// Scan files and folders, or standard input with `-`
///
/// Hidden files are scanned, and files that git tracks or that are named like a key even if an ignore file names them. Archives and
/// notebooks are opened. A summary says what was scanned and what was not.
///
/// To silence a false alarm, write `stanch:allow[RULE] -- reason` in a comment on its line or on the line above, or allow its
/// id in stanch.toml, which `stanch init` makes. `stanch baseline create` takes all that is there for known.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Scan {
    /// Files and folders; `-` is standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub(super) paths: Vec<PathBuf>,
    /// Scan the history of the git repositories named instead of their files: every blob, the messages of commits and tags, the names
    /// of files and refs, configuration and reflogs, whether a ref reaches them or not
    #[arg(long, conflicts_with = "no_ignore")]
    pub(super) history: bool,
    #[command(flatten)]
    pub(super) part: HistoryPart,
    /// Form of the report
    #[arg(short, long, value_name = "FORMAT", default_value = "human", alias = "report-format")]
    pub(super) format: Format,
    /// Write the report to a file, in one piece when the scan is done; `-` is standard output
    #[arg(short, long, value_name = "FILE", aliases = ["report-path"])]
    pub(super) output: Option<PathBuf>,
    /// Write a further report of the same scan, such as `sarif=out.sarif`; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = OsStringValueParser::new().try_map(|text| Also::parse(&text)), action = ArgAction::Append)]
    pub(super) also: Vec<Also>,
    #[command(flatten)]
    pub(super) rules: RuleChoice,
    /// Report findings of at least this severity, `info` if neither this nor stanch.toml says; those below are only counted and do not
    /// change the exit code
    #[arg(long, value_name = "SEVERITY")]
    pub(super) min_severity: Option<Level>,
    /// Report findings of at least this confidence, `low` if neither this nor stanch.toml says; those below are only counted and do not
    /// change the exit code
    #[arg(long, value_name = "CONFIDENCE")]
    pub(super) min_confidence: Option<Sureness>,
    /// Write the values themselves into the report: the only way to see them
    #[arg(long)]
    pub(super) show_secrets: bool,
    /// Exit code for findings, 0 to 125, without hiding that a scan is incomplete (3)
    #[arg(long, value_name = "N", default_value_t = super::exit::FINDINGS, value_parser = clap::value_parser!(u8).range(0..=125))]
    pub(super) exit_code: u8,
    /// Scan what ignore files leave out, too
    #[arg(long)]
    pub(super) no_ignore: bool,
    /// Scan what the next commit would add, in the git repositories named: new lines of the index, with their surroundings
    #[arg(long, conflicts_with_all = ["history", "no_ignore"])]
    pub(super) staged: bool,
    /// Scan what the work tree has and the index has not, in the git repositories named: new lines, and untracked files that are not
    /// ignored
    #[arg(long, conflicts_with_all = ["history", "staged", "no_ignore"])]
    pub(super) worktree: bool,
    #[command(flatten)]
    pub(super) added: Added,
    /// Does git say that the repository is elsewhere?
    #[arg(skip)]
    pub(super) is_elsewhere: bool,
    /// Is it for a CI job, whose clone is made for it?
    #[arg(skip)]
    pub(super) is_job: bool,
    /// What the runs of a SARIF report are called by.
    #[arg(skip)]
    pub(super) category: Option<String>,
    /// What git or another program gave to a hook.
    #[arg(skip)]
    pub(super) given: super::hook::Given,
    #[command(flatten)]
    pub(super) silence: Silence,
    /// Threads; all cores without it
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Levels of archives inside archives that are opened; 0 opens none
    #[arg(long, value_name = "N")]
    pub(super) max_archive_depth: Option<u32>,
    /// Megabytes (of 1,000,000 bytes) unpacked from one archive in all [default: 4294]
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) max_archive_size: Option<u64>,
    /// Unpacked bytes for each packed byte, once 10 MiB are unpacked [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) max_archive_ratio: Option<u64>,
    /// Members of one archive, those of archives inside it included [default: 100000]
    #[arg(long, value_name = "N")]
    pub(super) max_archive_members: Option<u64>,
    /// No progress bar and no closing line on standard error
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Never use colour; NO_COLOR does the same
    #[arg(long)]
    pub(super) no_color: bool,
}

/// Which part of a history is scanned.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "History")]
pub(super) struct HistoryPart {
    /// With --history: only what refs reach
    #[arg(long, requires = "history", conflicts_with = "staged")]
    pub(super) reachable_only: bool,
    /// With --history: only what refs of this name reach, such as 'refs/heads/*' ('**' for any number of parts); may be repeated
    #[arg(long, value_name = "PATTERN", requires = "history", conflicts_with_all = ["staged", "range"], action = ArgAction::Append)]
    pub(super) refs: Vec<String>,
    /// With --history: only what came in by commits that this one does not reach
    #[arg(long, value_name = "REV", requires = "history", conflicts_with_all = ["staged", "range"])]
    pub(super) since_commit: Option<String>,
    /// With --history: only what came in by commits since 30d, 12h, 2w or a day such as 2026-01-31 (by the committer's clock)
    #[arg(long, value_name = "AGE|DAY", requires = "history", conflicts_with = "staged")]
    pub(super) since: Option<String>,
    /// With --history: only what came in by the newest commits, that many
    #[arg(long, value_name = "N", requires = "history", conflicts_with = "staged", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_commits: Option<u32>,
    /// With --history: refuse to scan, with exit code 3, if history is shallow, partial or grafted
    #[arg(long, requires = "history", conflicts_with = "staged")]
    pub(super) require_full_history: bool,
    /// With --history: read all objects and scan none, to see what reading takes
    #[arg(long, requires = "history", conflicts_with = "staged")]
    pub(super) dry_run: bool,
    /// With --history: keep verdicts in this folder and not in the repository, so that the next scan reads what is new
    #[arg(long, value_name = "DIR", requires = "history", conflicts_with_all = ["staged", "no_cache"])]
    pub(super) cache: Option<PathBuf>,
    /// Use and keep nothing of earlier scans: with --history verdicts, and what weak values came to in the slow hash of fingerprints
    #[arg(long)]
    pub(super) no_cache: bool,
    /// Read objects that a repository borrows from others (alternates) if they lie in this folder; may be repeated
    #[arg(long, value_name = "DIR", action = ArgAction::Append)]
    pub(super) allow_alternates: Vec<PathBuf>,
}

/// What came in by commits.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Commits")]
pub(super) struct Added {
    /// Scan what the commits add that B reaches and A does not: new lines, with their surroundings, and messages
    ///
    /// `A...B` is what B has since its merge base with A, as in a pull request. An A of zeros is a first push: what no other ref reaches
    /// is scanned. A B of zeros is a deletion: nothing is scanned. With --history: only the objects that came in by these commits, as a
    /// whole.
    #[arg(long, value_name = "A..B", conflicts_with_all = ["staged", "no_ignore", "worktree", "pre_push", "pre_receive"])]
    pub(super) range: Option<String>,
    /// Scan all that this commit reaches.
    #[arg(skip)]
    pub(super) reached: Option<String>,
    /// Scan what a push would send; git's pre-push hook: `exec stanch scan --pre-push "$@"`
    #[arg(long, conflicts_with_all = ["history", "staged", "no_ignore", "worktree", "pre_receive"])]
    pub(super) pre_push: bool,
    /// The remote that a hook is told.
    #[arg(skip)]
    pub(super) remote: Option<String>,
    /// Scan what a push brings to this server; git's pre-receive hook: `exec stanch scan --pre-receive`
    #[arg(long, conflicts_with_all = ["history", "staged", "no_ignore", "worktree"])]
    pub(super) pre_receive: bool,
}

/// What is silenced.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Suppression")]
pub(super) struct Silence {
    /// Read project key and allow list from this file instead of the nearest stanch.toml
    ///
    /// That is the one in the folder of what is scanned or above it, up to the root of the repository; outside a repository only the
    /// one in that folder; then that of the current folder. Those that git tracks in folders below add to it.
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Use no stanch.toml and no baseline beside it: for a tree that is not trusted
    #[arg(long, conflicts_with = "config")]
    pub(super) no_config: bool,
    /// Read stanch.toml and the baseline as they are in this commit, such as `origin/main`: what a pull request changes of them does not
    /// count; those named with --config and --baseline too, if they lie in the repository
    #[arg(long, value_name = "REV", conflicts_with = "no_config")]
    pub(super) config_from: Option<String>,
    /// Obey the stanch.toml and the baseline of the work tree in the CI job of a pull request, too; without this, those of its base count
    #[arg(long, conflicts_with_all = ["no_config", "config_from"])]
    pub(super) trust_config: bool,
    /// Do not report what this file knows: a baseline, a .secrets.baseline of detect-secrets, or a JSON report of gitleaks or stanch
    ///
    /// Without it, .stanch-baseline counts that lies beside stanch.toml.
    #[arg(short, long, value_name = "FILE", alias = "baseline-path")]
    pub(super) baseline: Option<PathBuf>,
    /// Use no baseline
    #[arg(long, conflicts_with = "baseline")]
    pub(super) no_baseline: bool,
    /// Obey no comments that silence a finding
    #[arg(long)]
    pub(super) no_inline_ignores: bool,
    /// Obey this word in a comment on the line of a finding as well, such as nosec, nosemgrep or NOSONAR; may be repeated
    #[arg(long, value_name = "WORD", value_parser = word, conflicts_with = "no_inline_ignores", action = ArgAction::Append)]
    pub(super) ignore_comment: Vec<String>,
    /// Where a .gitleaksignore lies, a file or a folder: its entries name places, so they silence nothing, and a note says how to take
    /// over what stands there
    #[arg(short = 'i', long, value_name = "PATH")]
    pub(super) gitleaks_ignore_path: Option<PathBuf>,
}

/// A word that a comment may hold.
fn word(text: &str) -> Result<String, String> {
    let is_word = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_'));
    let long = (3..=40).contains(&text.len());
    if is_word && long { Ok(text.to_owned()) } else { Err("3 to 40 letters, digits, `:`, `-` or `_`".to_owned()) }
}

/// Which rules are used.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct RuleChoice {
    /// Add rules from a file or from the .toml files of a folder
    #[arg(long = "rules", value_name = "FILE|DIR", action = ArgAction::Append)]
    pub(super) files: Vec<PathBuf>,
    /// Use only these rules: ids, categories or providers, `*` for any characters
    #[arg(long, value_name = "RULE", value_delimiter = ',', alias = "enable-rule")]
    pub(super) only: Vec<String>,
    /// Leave these rules out
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) except: Vec<String>,
    /// Use these rules too, which are off by default
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) enable: Vec<String>,
    /// Use only rules that were there on this day, such as 2026-11-30, so that an update of stanch brings no new ones
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(super) rules_as_of: Option<Date>,
    /// Use the rules of this folder, which `stanch rules export` wrote, in place of the built-in ones, so that an update of stanch changes no rule
    #[arg(long, value_name = "DIR")]
    pub(super) rule_pack: Option<PathBuf>,
    /// Rules of another scanner's configuration.
    #[arg(skip)]
    pub(super) more: Vec<Entry>,
}

/// Show why something at FILE:LINE is a finding, or why it is none
#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// A file and a line in it
    #[arg(value_name = "FILE:LINE")]
    pub(super) place: String,
    #[command(flatten)]
    pub(super) rules: RuleChoice,
    #[command(flatten)]
    pub(super) silence: Silence,
}

/// Plan what to do about secrets in the history of a git repository
#[derive(Debug, clap::Args)]
pub(super) struct History {
    #[command(subcommand)]
    pub(super) command: HistoryCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum HistoryCommand {
    RewritePlan(RewritePlan),
}

/// Say how to take secrets out of the history with git-filter-repo: the steps, the refs, and what a rewrite does not reach
///
/// The history is scanned, and nothing in the repository is changed. A rewrite hides a secret and does not kill it: what was pushed may
/// have been copied. So there is a plan only once every secret found is said to be dead.
#[derive(Debug, clap::Args)]
pub(super) struct RewritePlan {
    /// The repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub(super) repo: PathBuf,
    /// Believe that the secret with this fingerprint was revoked or replaced
    #[arg(long, value_name = "FINGERPRINT", value_delimiter = ',')]
    pub(super) assume_dead: Vec<String>,
    /// Write the replacement list for `git filter-repo --replace-text`, which holds the values, to a new file that only its owner may
    /// read, outside the repository; without this nothing is written
    #[arg(long, value_name = "FILE")]
    pub(super) write: Option<PathBuf>,
    /// Write the replacement list, which holds the values, to standard output, and the steps to standard error
    #[arg(long, conflicts_with = "write")]
    pub(super) print_values: bool,
    #[command(flatten)]
    pub(super) rules: RuleChoice,
    /// Plan for findings of at least this severity
    #[arg(long, value_name = "SEVERITY")]
    pub(super) min_severity: Option<Level>,
    /// Plan for findings of at least this confidence
    #[arg(long, value_name = "CONFIDENCE")]
    pub(super) min_confidence: Option<Sureness>,
    /// Read project key and allow list from this file instead of the nearest stanch.toml
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// No progress bar
    #[arg(short, long)]
    pub(super) quiet: bool,
}

/// List, show, check and import rules
#[derive(Debug, clap::Args)]
pub(super) struct Rules {
    #[command(subcommand)]
    pub(super) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// List all rules: id, severity, confidence, what it finds
    List {
        #[command(flatten)]
        rules: RuleChoice,
        /// As JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Show one rule in full
    Show {
        /// Id of the rule
        id: String,
        #[command(flatten)]
        rules: RuleChoice,
    },
    /// Check rule files: the format, and that every example matches and no counterexample does
    Check {
        /// Files and folders; the built-in rules without any
        #[arg(value_name = "FILE|DIR")]
        paths: Vec<PathBuf>,
    },
    /// Write the built-in rules to a new folder, for `--rule-pack`: a scan with it finds the same with any later version
    Export {
        /// A folder that is not there yet
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    Import(Import),
}

/// Convert rules of another scanner into a rule file for `--rules`
///
/// What cannot be converted is named, on standard error and in the file; then the exit code is 3.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file to convert
    pub(super) file: PathBuf,
    /// Write the rules to this file; standard output without it
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// The scanner whose format it is, if the file does not show it
    #[arg(long, value_name = "SCANNER")]
    pub(super) from: Option<Foreign>,
    /// That scanner's default configuration, if the file extends it; without it stanch's own rules take its place
    #[arg(long, value_name = "FILE")]
    pub(super) base: Option<PathBuf>,
}

/// Scanners whose rules can be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Foreign {
    Gitleaks,
    Betterleaks,
    Kingfisher,
    #[value(name = "noseyparker")]
    NoseyParker,
    DetectSecrets,
}

impl From<Foreign> for import::Format {
    fn from(foreign: Foreign) -> Self {
        match foreign {
            Foreign::Gitleaks => Self::Gitleaks,
            Foreign::Betterleaks => Self::Betterleaks,
            Foreign::Kingfisher => Self::Kingfisher,
            Foreign::NoseyParker => Self::NoseyParker,
            Foreign::DetectSecrets => Self::DetectSecrets,
        }
    }
}

/// Show what a repository has of other scanners and what becomes of it
///
/// Rules of gitleaks and betterleaks are converted; hooks of other scanners, their command lines in scripts and CI files, and steps of
/// workflows become ours; paths they leave out are allowed in stanch.toml, secrets they know go into the baseline. What stays to be done by hand
/// is named, and the exit code is 3 then. Nothing is changed without --write.
#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    /// Folder of the repository
    #[arg(value_name = "PATH", default_value = ".")]
    pub(super) dir: PathBuf,
    /// Write what is converted
    #[arg(long)]
    pub(super) write: bool,
}

/// Make a stanch.toml with a fresh project key, so that fingerprints stay the same from run to run
///
/// In a repository a check for CI is shown as well; `stanch hook install` is for git's hooks.
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// Install the hooks of `stanch hook install` and write the CI file, too; a stanch.toml that is there stays
    #[arg(long)]
    pub(super) all: bool,
    /// Folder to make it in
    #[arg(default_value = ".")]
    pub(super) dir: PathBuf,
}

/// Keep a list of the secrets that are known, so that only new ones are reported
///
/// It names them by fingerprint: a secret that moves is still known, and another one in its place is not. It needs the project key of
/// `stanch init`, and lies beside stanch.toml as .stanch-baseline.
#[derive(Debug, clap::Args)]
pub(super) struct Baseline {
    #[command(subcommand)]
    pub(super) command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum BaselineCommand {
    /// Make a baseline of all that is found, or of what a file of another tool names
    Create {
        #[command(flatten)]
        part: BaselinePart,
        /// Take in only what this file names and what is found today: a .gitleaksignore, a .secrets.baseline of detect-secrets, or a JSON
        /// report of gitleaks or stanch; may be repeated
        #[arg(long, value_name = "FILE", action = ArgAction::Append)]
        from: Vec<PathBuf>,
    },
    /// Take out what is gone; verdicts of an audit stay
    Update {
        #[command(flatten)]
        part: BaselinePart,
        /// Take in what is new as well
        #[arg(long)]
        add: bool,
    },
    /// Say of each secret on a terminal whether it is real: y, n, u to undo, s to see it, q to save and quit
    Audit {
        #[command(flatten)]
        part: BaselinePart,
        /// Print how many of each rule's findings were real, and review nothing
        #[arg(long)]
        stats: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct BaselinePart {
    /// The folder or the repository
    #[arg(value_name = "PATH", default_value = ".")]
    pub(super) path: PathBuf,
    /// The baseline; .stanch-baseline beside stanch.toml without it
    #[arg(short, long, value_name = "FILE", alias = "baseline-path")]
    pub(super) baseline: Option<PathBuf>,
    /// Scan the history of the repository as well
    #[arg(long)]
    pub(super) history: bool,
    /// Read project key and allow list from this file instead of the nearest stanch.toml
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// No progress bar
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Level {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Sureness {
    Low,
    Medium,
    High,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::Info,
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
            Level::Critical => Self::Critical,
        }
    }
}

impl From<Sureness> for Confidence {
    fn from(sureness: Sureness) -> Self {
        match sureness {
            Sureness::Low => Self::Low,
            Sureness::Medium => Self::Medium,
            Sureness::High => Self::High,
        }
    }
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "write a day as 2026-11-30".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
