//! Scans for the tests of this module. All values are made up.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::secret::Secret;
use crate::scan::blob::{Container, Origin};
use crate::scan::finding::{
    At, Committed, Confidence, Coverage, Exposure, Finding, Fingerprint, Issue, IssueKind, Level, Occurrence, Scan, Seen,
    Severity, Silenced, Snippet,
};
use crate::scan::rule::{Allow, Near, Pair, Paths, Pattern, Placeholders, Role, Rule, Search};

/// A value of each kind; the redaction tests look for them in every report.
pub(super) const TOKEN: &str = concat!("ghp", "_", "Mad3Up0nTheSp0tForTests", "0000NoKey");
pub(super) const PASSWORD: &str = concat!("correct", "-horse-", "battery-9");
pub(super) const KEY: &str = concat!(
    "-----BEGIN RSA ",
    "PRIVATE KEY-----\nbWFkZSB1cCBmb3IgdGhlIHRlc3Rz\nbm90IGEga2V5IGF0IGFsbA==\n-----END RSA ",
    "PRIVATE KEY-----"
);
// stanch:allow[jwt] -- made up
pub(super) const JWT: &str = concat!("eyJ", "hbGciOiJIUzI1NiJ9.", "eyJzdWIiOiJ0ZXN0cyJ9.", "bWFkZS11cC1zaWduYXR1cmU");

pub(super) fn rule(id: &str, about: &str, severity: Severity) -> Rule {
    Rule {
        id: id.to_owned(),
        provider: "Example".to_owned(),
        about: about.to_owned(),
        severity,
        confidence: Confidence::High,
        url: format!("https://docs.example.com/{id}"),
        fix: "Revoke it in the account settings, then issue a new one and keep it out of the source.".to_owned(),
        category: "vcs".to_owned(),
        pattern: Pattern::Token("\"key_\" hex{32}".to_owned()),
        keywords: Vec::new(),
        near: Near::Before,
        from: None,
        keys: Vec::new(),
        paths: Paths::default(),
        entropy: 0.0,
        checks: Vec::new(),
        allow: Allow::default(),
        pair: Pair::default(),
        placeholders: Placeholders::Dropped,
        search: Search::Literal,
        contains: Vec::new(),
        ignore: Vec::new(),
        required: Vec::new(),
        role: Role::Finding,
        tags: Vec::new(),
        imported: None,
        since: None,
        by_default: true,
    }
}

/// One finding of a high-severity rule at line 3 of `path`.
pub(crate) fn finding(path: &str, fingerprint: &str, value: &[u8]) -> Finding {
    of(rule("test-key", "Test key", Severity::High), fingerprint, value, vec![occurrence(file(path), 3, "key = \"", "***", "\"")])
}

pub(super) fn findings(n: usize) -> Vec<Finding> {
    (0..n).map(|i| finding(&format!("f{i}"), &format!("{i:032x}"), format!("value-{i}").as_bytes())).collect()
}

fn of(rule: Rule, fingerprint: &str, value: &[u8], occurrences: Vec<Occurrence>) -> Finding {
    Finding {
        severity: rule.severity,
        confidence: rule.confidence,
        rule: Arc::new(rule),
        secret: Secret::new(value),
        fingerprint: Fingerprint(fingerprint.to_owned()),
        why: Vec::new(),
        paired: None,
        occurrences,
        more: 0,
        exposure: None,
    }
}

/// A finding's place in `origin`, on one line, in the column behind `before`.
pub(super) fn occurrence(origin: Origin, line: u64, before: &str, shown: &str, after: &str) -> Occurrence {
    let column = before.chars().count() as u64 + 1;
    let end_column = column + shown.chars().count() as u64;
    let at = At { line, column, end_line: line, end_column, offset: line.saturating_mul(40), len: end_column - column };
    Occurrence {
        origin,
        at,
        file_line: None,
        commit: None,
        snippet: Snippet { before: before.into(), shown: shown.into(), after: after.into() },
    }
}

pub(super) fn file(path: &str) -> Origin {
    Origin::File(PathBuf::from(path))
}

pub(super) fn in_archive(outer: Origin, member: &str) -> Origin {
    Origin::Inside { outer: Arc::new(outer), member: member.to_owned(), kind: Container::Archive }
}

pub(super) fn in_notebook(outer: Origin, member: &str) -> Origin {
    Origin::Inside { outer: Arc::new(outer), member: member.to_owned(), kind: Container::Notebook }
}

pub(super) fn issue(level: Level, kind: IssueKind, path: &str, detail: &str) -> Issue {
    Issue { level, kind, origin: file(path), detail: detail.to_owned() }
}

/// A complete scan of some files.
pub(super) fn scan(findings: Vec<Finding>) -> Scan {
    let coverage = Coverage { files: 12, bytes: 34_567, rules: 120, ..Coverage::default() };
    Scan { findings, coverage, stable_fingerprints: true, ..Scan::default() }
}

/// An ordinary scan with a bit of everything.
pub(super) fn sample() -> Scan {
    let mut scan = scan(vec![token(), key(), password(), companion(), expired(), info()]);
    scan.coverage = Coverage {
        files: 1204,
        objects: 0,
        known: 0,
        bytes: 35_249_120,
        members: 37,
        member_bytes: 1_220_300,
        ignored_files: 318,
        ignored_but_scanned: 2,
        allowed_inline: 2,
        allowed_by_entry: 1,
        in_baseline: 4,
        judged_real: 1,
        marked: 3,
        below_threshold: 5,
        rules: 154,
    };
    let gap = |kind, path: &str, detail: &str| issue(Level::Gap, kind, path, detail);
    let note = |path: &str| issue(Level::Note, IssueKind::Symlink, path, "");
    scan.issues = vec![
        gap(IssueKind::Unreadable, "secrets/prod.key", "permission denied"),
        gap(IssueKind::Unreadable, "secrets/stage.key", "permission denied"),
        gap(IssueKind::Malformed, "dist/old.zip", "central directory not found"),
        note("docs/latest"),
        note("node_modules/.bin/tool"),
        note("node_modules/.bin/other"),
        note("vendor"),
    ];
    scan.silenced = vec![silenced(Some("line 13 of stanch.toml"), "made up for tests"), silenced(None, "revoked in May")];
    scan.issue_counts = vec![
        (Level::Gap, IssueKind::Unreadable, 2),
        (Level::Gap, IssueKind::Malformed, 1),
        (Level::Note, IssueKind::Symlink, 1250),
    ];
    scan
}

fn silenced(entry: Option<&str>, reason: &str) -> Silenced {
    let (origin, rule) = (file("tests/fixtures/keys.py"), "github-pat".to_owned());
    Silenced { origin, line: 7, rule, entry: entry.map(str::to_owned), reason: reason.to_owned() }
}

fn token() -> Finding {
    let rule = rule("github-pat", "GitHub personal access token (classic)", Severity::Critical);
    let mut places = vec![occurrence(file("config/prod.env"), 12, "GITHUB_TOKEN=", "ghp_********", "")];
    places.extend(
        (0..7).map(|i| occurrence(file(&format!("deploy/stage-{i}.yml")), 40 + i, "\t\ttoken: \"", "ghp_********", "\"  # ci")),
    );
    let mut finding = of(rule, "0b7f6a3c9d1e4f5a8b2c7d6e5f4a3b2c", TOKEN.as_bytes(), places);
    finding.why = vec!["checksum matches".into(), "keyword \"github\" before it".into()];
    finding
}

fn key() -> Finding {
    let rule = rule("private-key", "Private key in PEM form", Severity::High);
    let mut plain = occurrence(file("deploy/id_rsa"), 1, "", "-----BEGIN RSA PRIVATE KEY-----********", "");
    plain.at = At { line: 1, column: 1, end_line: 4, end_column: 30, offset: 0, len: KEY.len() as u64 };
    let mut packed = plain.clone();
    packed.origin = in_archive(in_archive(file("dist/release.zip"), "app.tar"), "etc/id_rsa");
    packed.at.line = 5;
    packed.at.end_line = 8;
    let mut finding = of(rule, "1c8f6a3c9d1e4f5a8b2c7d6e5f4a3b2d", KEY.as_bytes(), vec![packed, plain]);
    finding.why = vec!["decodes to a key structure".into()];
    finding
}

fn password() -> Finding {
    let mut rule = rule("url-password", "Password in a URL", Severity::High);
    rule.confidence = Confidence::Medium;
    let place = occurrence(
        in_notebook(file("research/model.ipynb"), "cell-3f2a"),
        2,
        "engine = create_engine(\"postgresql://admin:",
        "********",
        "@db.internal.example.com:5432/warehouse?sslmode=require\", pool_size=4, echo=False)",
    );
    let mut finding = of(rule, "2d8f6a3c9d1e4f5a8b2c7d6e5f4a3b2e", PASSWORD.as_bytes(), vec![place]);
    finding.why = vec!["the whole password of a URL".into(), "no placeholder".into()];
    finding
}

/// Two secrets on one line, each cut out of the other's snippet.
fn companion() -> Finding {
    let rule = rule("example-secret", "Example secret access key", Severity::Medium);
    let place = occurrence(
        file("ops/login.sh"),
        7,
        "\tlogin --id EXID00000000 --token **************** --secret ",
        "********",
        " && run",
    );
    let mut finding = of(rule, "3e8f6a3c9d1e4f5a8b2c7d6e5f4a3b2f", concat!("S3cretHalf", "ForTheTests").as_bytes(), vec![place]);
    finding.paired = Some("example-id at ops/login.sh:7:13".into());
    finding.why =
        vec!["entropy 4.1 bits per character, at least 3.5".into(), "part of the name it is assigned to is \"secret\"".into()];
    finding
}

/// A check lowered its severity.
fn expired() -> Finding {
    let rule = rule("jwt", "JSON web token", Severity::Medium);
    let place = occurrence(file("tests/fixtures/session.json"), 20481, "  \"session\": \"", "eyJ********", "\",");
    let mut finding = of(rule, "4f8f6a3c9d1e4f5a8b2c7d6e5f4a3b30", JWT.as_bytes(), vec![place]);
    finding.severity = Severity::Low;
    finding.confidence = Confidence::Medium;
    finding.why = vec!["header decodes".into(), "expired".into()];
    finding
}

fn info() -> Finding {
    let place = occurrence(Origin::Stdin, 1, "pk = ", "pk_********", "");
    of(
        rule("example-public", "Example publishable key", Severity::Info),
        "508f6a3c9d1e4f5a8b2c7d6e5f4a3b31",
        b"pk_made_up_for_tests",
        vec![place],
    )
}

/// The history of a repository: a secret that is still there, one that was pushed, one in a message, one that is in no commit.
pub(super) fn history() -> Scan {
    let repository = || in_git(file("."), &format!("{}:src/old name.rs", &"1a".repeat(6)));
    let mut here = finding("x", "70a1", b"value-still-here");
    here.occurrences = vec![committed(repository(), 1_700_000_000, Some("src/new name.rs"))];
    here.exposure = Some(Exposure {
        first: Some(seen("1a", 1_700_000_000)),
        last: Some(seen("3c", 1_710_000_000)),
        in_head: true,
        refs: vec!["refs/heads/main".into(), "refs/tags/v1".into()],
        ref_count: 2,
        days: Some(300),
        ..Exposure::default()
    });
    let mut pushed = finding("x", "70a2", b"value-once-pushed");
    let again = in_git(file("."), &format!("{}:src/old name.rs", &"2b".repeat(6)));
    let packed = in_archive(in_git(file("."), &format!("{}:a.zip", &"2b".repeat(6))), "in.txt");
    let places = [(repository(), 1_600_000_000), (again, 1_500_000_000), (packed, 1_500_000_000)];
    pushed.occurrences = places.into_iter().map(|(origin, time)| committed(origin, time, None)).collect();
    pushed.exposure = Some(Exposure {
        first: Some(seen("2b", 1_500_000_000)),
        last: Some(seen("1a", 1_600_000_000)),
        removed: Some(seen("3c", 1_600_100_000)),
        pushed: true,
        refs: (0..10).map(|n| format!("refs/remotes/origin/b{n}")).collect(),
        ref_count: 12_345,
        days: Some(1158),
        ..Exposure::default()
    });
    let mut said = finding("x", "70a3", b"value-in-a-message");
    said.occurrences = vec![committed(in_git(file("."), &"4d".repeat(6)), 0, None)];
    said.exposure =
        Some(Exposure { ref_count: 1, refs: vec!["refs/heads/side".into()], first: Some(seen("4d", 0)), ..Exposure::default() });
    let mut lost = finding("x", "70a4", b"value-of-no-commit");
    lost.occurrences = vec![occurrence(in_git(file("."), &"5e".repeat(20)), 3, "key = \"", "***", "\"")];
    lost.exposure = Some(Exposure { reflogs: vec!["HEAD@{2}".into()], ..Exposure::default() });
    let mut scan = scan(vec![lost, said, pushed, here]);
    scan.coverage = Coverage { objects: 4321, known: 4000, bytes: 34_567, rules: 120, ..Coverage::default() };
    scan
}

pub(super) fn in_git(outer: Origin, member: &str) -> Origin {
    Origin::Inside { outer: Arc::new(outer), member: member.to_owned(), kind: Container::Git }
}

fn seen(digits: &str, time: i64) -> Seen {
    Seen { commit: digits.repeat(20), author: "A <a@example.invalid>".into(), time }
}

/// A place in a blob, or in a message if its name has no path.
fn committed(origin: Origin, time: i64, head_path: Option<&str>) -> Occurrence {
    let name = origin.name();
    let id: String = name.split('@').nth(1).unwrap_or_default().chars().take(12).collect();
    let path = name.split_once(':').map(|(_, path)| path.to_owned());
    let mut place = occurrence(origin, 3, "key = \"", "***", "\"");
    place.commit = Some(Committed {
        id: format!("{id}{id}"),
        author: "A <a@example.invalid>".into(),
        time,
        in_head: path.is_some().then_some(head_path.is_some()),
        blob: path.is_some().then(|| "0b".repeat(20)),
        head_path: head_path.map(str::to_owned),
        path_count: path.iter().len() as u64 + u64::from(head_path.is_some()),
        paths: path.into_iter().chain(head_path.map(str::to_owned)).collect(),
    });
    place
}

/// A scan in which every string tries to break the report.
pub(super) fn hostile() -> Scan {
    let evil = "\u{1b}[2J\u{202e}]8;;x\u{7}<b>](http://evil){0}\r\n%";
    let mut wild = rule(evil, &evil.repeat(90), Severity::Critical);
    wild.fix = evil.repeat(90);
    wild.url = "not a link \u{1b}<>\"".into();
    wild.category = evil.into();
    wild.provider = evil.into();
    let value = b"\xff\xfe\x00 not text \x1b";
    let mut places = vec![occurrence(file(&format!("dir {evil}/a:b#?.txt")), 3, evil, "***", evil)];
    places.push(occurrence(in_archive(file("a b.zip"), evil), 9, "", "", ""));
    places.push(occurrence(file("/outside/of the root/x"), u64::MAX, "", evil, ""));
    places.push(not_text());
    let mut empty = occurrence(file("zero"), 0, "", "", "");
    empty.at = At { line: 0, column: 0, end_line: 0, end_column: 0, offset: 0, len: 0 };
    places.push(empty);
    let mut first = of(wild, evil, value, places);
    first.why = vec![evil.into(), evil.into()];
    first.paired = Some(evil.into());
    let one = of(rule("a", "A", Severity::Low), "aa", b"one-value", vec![occurrence(file("two"), 4, "a=", "***", " b=***")]);
    let two = of(rule("a", "A", Severity::Low), "bb", b"two-value", vec![occurrence(file("two"), 4, "a=*** b=", "***", "")]);
    let twice = vec![occurrence(file("two"), 5, "", "***", ","), occurrence(file("two"), 6, "", "***", ",")];
    let three = of(rule("a", "A", Severity::Low), "cc", b"", twice);
    let mut scan = scan(vec![one, first, two, three]);
    scan.issues = vec![issue(Level::Gap, IssueKind::Malformed, evil, evil), issue(Level::Note, IssueKind::SpecialFile, "", "")];
    scan.issue_counts = vec![(Level::Gap, IssueKind::Malformed, 1), (Level::Note, IssueKind::SpecialFile, u64::MAX / 2)];
    scan.silenced = vec![silenced(Some(evil), evil), silenced(None, evil)];
    scan.stable_fingerprints = false;
    scan
}

#[cfg(unix)]
fn not_text() -> Occurrence {
    use std::os::unix::ffi::OsStrExt as _;
    occurrence(Origin::File(std::ffi::OsStr::from_bytes(b"\xff\xfe/\x01\\name").into()), 1, "", "***", "")
}

#[cfg(not(unix))]
fn not_text() -> Occurrence {
    occurrence(file("name"), 1, "", "***", "")
}

/// More results than GitHub takes: 30,000 places, of which one secret of low severity has 10,000, and the last one is critical.
pub(super) fn huge() -> Scan {
    let shared = Arc::new(rule("test-key", "Test key", Severity::Medium));
    let mut all = findings(20_000);
    for finding in &mut all {
        finding.rule = Arc::clone(&shared);
        finding.severity = Severity::Medium;
    }
    let places = (0..9_999).map(|i| occurrence(file(&format!("low/{i}")), 1, "", "***", "")).collect();
    all.insert(0, of(rule("low", "Low", Severity::Low), "10", b"low-value", places));
    all.push(of(rule("top", "Top", Severity::Critical), "11", b"top-value", vec![occurrence(file("top"), 1, "", "***", "")]));
    scan(all)
}
