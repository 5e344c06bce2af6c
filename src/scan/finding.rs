//! What a scan found, and what it could not look at.
//!
//! It must not know how findings are shown. Start with [`Scan`], the finished result that reports are made of.

use std::sync::Arc;

use super::blob::Origin;
use super::rule::Rule;
use crate::base::secret::Secret;

/// The format version of JSON output, baselines and everything else that carries findings.
pub const SCHEMA_VERSION: u32 = 1;

/// One distinct secret under one rule, with every place it stands in.
#[derive(Debug)]
pub struct Finding {
    /// The rule that matched.
    pub rule: Arc<Rule>,
    /// The rule's severity, possibly lowered by a check.
    pub severity: Severity,
    /// How sure the rule is, possibly lowered by a check.
    pub confidence: Confidence,
    /// The value.
    pub secret: Secret,
    /// Value-keyed identity, the same in every mode.
    pub fingerprint: Fingerprint,
    /// Why it matched, in short sentences that never hold the value: `checksum matches`, `keyword "heroku" before it`.
    pub why: Vec<String>,
    /// Id of the rule and place of the other half, where the rule names a companion and it was found near.
    pub paired: Option<String>,
    /// The places it stands in, sorted; never empty.
    pub occurrences: Vec<Occurrence>,
    /// Places beyond those.
    pub more: u64,
    /// Where history was scanned: how far the secret got.
    pub exposure: Option<Exposure>,
}

impl Finding {
    /// How many places it stands in.
    #[must_use]
    pub fn places(&self) -> u64 {
        self.occurrences.len() as u64 + self.more
    }
}

/// One place a secret stands in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// The file, archive member or notebook cell.
    pub origin: Origin,
    /// Where in it.
    pub at: At,
    /// For the part of a notebook that is a file: the line of the file on which it is written.
    pub file_line: Option<u64>,
    /// For a blob of a repository's history that a ref reaches, or the message of a commit: the first commit that held it.
    pub commit: Option<Committed>,
    /// The line around it, with this and every other secret on the line cut out.
    pub snippet: Snippet,
}

/// The commit by which a secret came into a repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Committed {
    /// Id of the commit, in hexadecimal digits.
    pub id: String,
    /// Name and mail address of its author, as the commit has them.
    pub author: String,
    /// Seconds since 1970, as the committer's clock had it.
    pub time: i64,
    /// Is the blob in the tree of `HEAD`? Not said of messages.
    pub in_head: Option<bool>,
    /// Id of the blob; none for messages.
    pub blob: Option<String>,
    /// The path it has in the tree of `HEAD`.
    pub head_path: Option<String>,
    /// The first paths, sorted, of all it ever had in a commit that a ref reaches; none for messages.
    pub paths: Vec<String>,
    /// How many paths it ever had.
    pub path_count: u64,
}

/// How far a secret got in the history of a repository, by the places of it that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exposure {
    /// The first commit that holds it: in its tree, or in its message. Parents come before children.
    pub first: Option<Seen>,
    /// The last commit that holds it.
    pub last: Option<Seen>,
    /// The commit by which it left: not holding it, with a parent that does. Of the history of `HEAD` if it was ever there.
    pub removed: Option<Seen>,
    /// Is it in the tree of `HEAD`, or in the message of a commit that `HEAD` reaches?
    pub in_head: bool,
    /// Does a remote-tracking ref reach a commit that holds it?
    pub pushed: bool,
    /// Full names of the first refs that reach a commit that holds it: the branch of `HEAD`, other branches, remote-tracking
    /// refs, tags, the stash, notes, others.
    pub refs: Vec<String>,
    /// How many refs do; none if it is unreachable.
    pub ref_count: u64,
    /// If no ref does, the first entries of reflogs that do, such as `HEAD@{2}`.
    pub reflogs: Vec<String>,
    /// Whole days from the first commit to the one that removed it, or to now if it is still there; unknown if a clock was wrong.
    pub days: Option<u64>,
}

/// A commit that says who made it, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Seen {
    /// Its id, in hexadecimal digits.
    pub commit: String,
    /// Name and mail address of its author.
    pub author: String,
    /// Seconds since 1970, as the committer's clock had it.
    pub time: i64,
}

/// How near a secret of history is to those who must not have it. The nearest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Danger {
    /// It is in `HEAD`.
    InHead,
    /// A remote-tracking ref reaches it.
    Pushed,
    /// A ref reaches it.
    Reachable,
    /// No ref reaches it.
    Unreachable,
}

impl Exposure {
    /// How near it is.
    #[must_use]
    pub fn danger(&self) -> Danger {
        match self {
            Self { in_head: true, .. } => Danger::InHead,
            Self { pushed: true, .. } => Danger::Pushed,
            Self { ref_count: 0, .. } => Danger::Unreachable,
            _ => Danger::Reachable,
        }
    }

    /// Adds what holds for the same secret in another repository.
    pub fn join(&mut self, other: Self) {
        let earlier = |a: &Option<Seen>, b: &Option<Seen>| match (a, b) {
            (Some(a), Some(b)) => a.time <= b.time,
            (a, _) => a.is_some(),
        };
        let keeps_first = earlier(&self.first, &other.first);
        self.first = if keeps_first { self.first.take() } else { other.first };
        let keeps_last = other.last.is_none() || self.last.is_some() && earlier(&other.last, &self.last);
        (self.last, self.removed) =
            if keeps_last { (self.last.take(), self.removed.take()) } else { (other.last, other.removed) };
        self.in_head |= other.in_head;
        self.pushed |= other.pushed;
        self.refs.extend(other.refs);
        self.ref_count += other.ref_count;
        self.reflogs.extend(other.reflogs);
        self.days = self.days.max(other.days);
    }
}

/// A place in a blob. Lines and columns count from 1; columns count Unicode scalar values (a byte that is not UTF-8 counts
/// one); the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// Line of the first character.
    pub line: u64,
    /// Column of the first character.
    pub column: u64,
    /// Line of the last character.
    pub end_line: u64,
    /// Column one past the last character.
    pub end_column: u64,
    /// Offset of the first byte in the blob.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
}

/// The line a secret stands on, without the secret. Other secrets on the line are replaced by `*` too. At most 120 bytes
/// on each side. Not sanitised for a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Snippet {
    /// What stands before the secret on its first line.
    pub before: String,
    /// A redacted stand-in such as `ghp_********`: a public prefix of the format, never random characters of the value.
    pub shown: String,
    /// What stands behind the secret on its last line.
    pub after: String,
}

/// Identity of a secret value: 32 hexadecimal digits of an HMAC-SHA-256 under the project key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub String);

/// How bad it is when the credential is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Public by design, worth knowing.
    Info,
    /// Little harm, or already hashed or expired.
    Low,
    /// Harm within one service.
    Medium,
    /// Reads or changes data that matters.
    High,
    /// Takes over accounts or infrastructure.
    Critical,
}

/// How sure a rule is that what it matched is a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Often something else.
    Low,
    /// Usually right.
    Medium,
    /// The format is unmistakable.
    High,
}

impl Confidence {
    /// One step less sure.
    #[must_use]
    pub fn below(self) -> Self {
        if self == Self::High { Self::Medium } else { Self::Low }
    }
}

/// Something that was not looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issue {
    /// Whether it makes the scan incomplete.
    pub level: Level,
    /// What kind of thing happened, for grouping and counting.
    pub kind: IssueKind,
    /// Where.
    pub origin: Origin,
    /// What happened, in words that never hold file content.
    pub detail: String,
}

/// Whether something that was not looked at makes the scan incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Level {
    /// It should have been looked at and was not: counts towards exit code 3.
    Gap,
    /// Left out by design.
    Note,
}

/// Kinds of issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssueKind {
    /// No permission, or an input error while reading.
    Unreadable,
    /// It was there when the folder was listed and gone when it was opened.
    Vanished,
    /// It became shorter while it was read.
    Truncated,
    /// An archive or notebook that is broken; its raw bytes were scanned.
    Malformed,
    /// Encrypted archive member.
    Encrypted,
    /// Archive nesting deeper than the limit.
    DepthLimit,
    /// A file, a member or all members of an archive larger than the limit.
    SizeLimit,
    /// A member that grows by more than the ratio limit.
    RatioLimit,
    /// More archive members than the limit.
    CountLimit,
    /// More findings than are kept.
    FindingLimit,
    /// A socket, a FIFO or a device.
    SpecialFile,
    /// A symbolic link that was not followed, or leads nowhere.
    Symlink,
    /// An image or other media payload inside a notebook.
    MediaPayload,
    /// The objects of a git repository: packed history.
    GitObjects,
    /// Objects of a git repository that are not here or cannot be read.
    MissingObjects,
    /// A compression method or container version that is not known.
    Unsupported,
    /// A rule file, ignore file or git index that could not be used as written.
    Configuration,
}

/// Counts of what was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Files read.
    pub files: u64,
    /// Objects of git repositories scanned: blobs, and messages of commits and tags.
    pub objects: u64,
    /// Those of them that were not scanned again, because an earlier scan did.
    pub known: u64,
    /// Bytes scanned, without what was unpacked from archives and notebooks.
    pub bytes: u64,
    /// Archive members and notebook cells scanned.
    pub members: u64,
    /// Bytes of those.
    pub member_bytes: u64,
    /// Files not scanned because an ignore file says so.
    pub ignored_files: u64,
    /// Files scanned although an ignore file names them: tracked by git, or named like a key.
    pub ignored_but_scanned: u64,
    /// Findings silenced by an inline comment.
    pub allowed_inline: u64,
    /// Findings silenced by an entry in a `stanch.toml`.
    pub allowed_by_entry: u64,
    /// Distinct secrets that a baseline knows.
    pub in_baseline: u64,
    /// Those of them that an audit judged real.
    pub judged_real: u64,
    /// Places that look like secrets and are marked as examples with a middle dot.
    pub marked: u64,
    /// Findings left off the report because they are below the severity or the confidence asked for.
    pub below_threshold: u64,
    /// Number of rules that were on.
    pub rules: u64,
}

/// A finished scan: the input of every report.
#[derive(Debug, Default)]
pub struct Scan {
    /// Sorted: severity, then rule id, then first occurrence.
    pub findings: Vec<Finding>,
    /// Sorted. Identical kinds beyond the first hundred per kind are only counted, in `issue_counts`.
    pub issues: Vec<Issue>,
    /// Number of issues by level and kind, complete.
    pub issue_counts: Vec<(Level, IssueKind, u64)>,
    /// What was looked at.
    pub coverage: Coverage,
    /// True if fingerprints were made under the project's own key and so stay the same from run to run.
    pub stable_fingerprints: bool,
    /// Sorted: the first of what comments and entries silenced; all are counted in `coverage`.
    pub silenced: Vec<Silenced>,
}

/// A place that a comment or an entry silenced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Silenced {
    /// The file, archive member or notebook cell.
    pub origin: Origin,
    /// The line in it.
    pub line: u64,
    /// Id of the rule that matched.
    pub rule: String,
    /// Where the entry stands, such as `line 13 of stanch.toml`; none for a comment.
    pub entry: Option<String>,
    /// The reason given. Foreign text.
    pub reason: String,
}

impl Scan {
    /// Number of gaps.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.count(Level::Gap)
    }

    /// Number of notes.
    #[must_use]
    pub fn notes(&self) -> u64 {
        self.count(Level::Note)
    }

    fn count(&self, level: Level) -> u64 {
        self.issue_counts.iter().filter(|(l, ..)| *l == level).map(|(.., n)| n).sum()
    }
}

impl Severity {
    /// The lower-case word used in rules and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Confidence {
    /// The lower-case word used in rules and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl IssueKind {
    /// The kebab-case word used in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Vanished => "vanished",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Encrypted => "encrypted",
            Self::DepthLimit => "depth-limit",
            Self::SizeLimit => "size-limit",
            Self::RatioLimit => "ratio-limit",
            Self::CountLimit => "count-limit",
            Self::FindingLimit => "finding-limit",
            Self::SpecialFile => "special-file",
            Self::Symlink => "symlink",
            Self::MediaPayload => "media-payload",
            Self::GitObjects => "git-objects",
            Self::MissingObjects => "missing-objects",
            Self::Unsupported => "unsupported",
            Self::Configuration => "configuration",
        }
    }
}
