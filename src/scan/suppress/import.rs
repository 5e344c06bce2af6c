//! What other tools write about secrets that are known, and reports of our own.
//!
//! It must not know files. Start with [`read`]. No error quotes the text: it may hold values.
//!
//! - `.secrets.baseline` of detect-secrets: SHA-1 digests of values, each with a file.
//! - a JSON report of gitleaks: values, unless they were redacted. Nothing can be known by a value that is not there.
//! - `.gitleaksignore`: places, of which nothing is known but where they are. Such an entry must not silence what stands there later, so it
//!   is only good for saying what stands there now.
//! - our JSON and JSON lines reports: fingerprints, if they were made under a project key.

use std::collections::HashMap;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::finding::{Fingerprint, SCHEMA_VERSION};
use super::baseline::{self, Baseline, Judged};

/// What a file says.
#[derive(Debug)]
pub enum Imported {
    /// A baseline of our own.
    Baseline(Baseline),
    /// Digests of values.
    DetectSecrets(Vec<Hashed>),
    /// Values, and how many were redacted.
    Gitleaks(Vec<Zeroizing<String>>, usize),
    /// Places.
    Places(Vec<Spot>),
    /// Fingerprints.
    Report(Vec<Fingerprint>),
}

/// A secret of a `.secrets.baseline`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// SHA-1 of the value.
    pub sha1: [u8; 20],
    /// The file it stands in.
    pub file: String,
    /// What an audit said.
    pub judged: Option<Judged>,
}

/// A place that an entry of `.gitleaksignore` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The commit, if it names one.
    pub commit: Option<String>,
    /// The file; `outer!member` for a member of an archive.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
}

/// Why a file cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A broken baseline of our own.
    #[error(transparent)]
    Baseline(#[from] baseline::Error),
    /// JSON that breaks off, or a field that is not as it must be.
    #[error("{what} is broken at line {line}, column {column}")]
    Json {
        /// What it looks like.
        what: &'static str,
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 at the start of a line.
        column: usize,
    },
    /// A line that is not as it must be.
    #[error(
        "it does not begin like a baseline, and as a .gitleaksignore line {line} is no entry: file:rule:line or commit:file:rule:line"
    )]
    Line {
        /// Line, from 1.
        line: usize,
    },
    /// A merge that was not brought to an end.
    #[error(
        "it has the marks of a merge conflict: keep the lines of both sides, or write `.stanch-baseline merge=union` into .gitattributes"
    )]
    Conflict,
    /// Fingerprints that mean nothing in another run.
    #[error("the report was made without a project key, so its fingerprints mean nothing in another run")]
    Unstable,
    /// A report of another version.
    #[error("the report has another schema version than {SCHEMA_VERSION}, which this stanch reads")]
    Version,
    /// None of the formats.
    #[error("is no baseline, no .secrets.baseline, no JSON report of gitleaks and no JSON report of stanch")]
    Unknown,
}

/// Reads a file of any of the formats.
///
/// # Errors
/// If it is of none of them, or broken.
pub fn read(bytes: &[u8]) -> Result<Imported, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if is_merging(bytes) {
        return Err(Error::Conflict);
    }
    if Baseline::is(bytes) {
        return Ok(Imported::Baseline(Baseline::parse(bytes)?));
    }
    match bytes.trim_ascii_start().first() {
        Some(b'[') => gitleaks(bytes),
        Some(b'{') => object(bytes),
        Some(_) => places(bytes).map(Imported::Places),
        None => Err(Error::Unknown),
    }
}

/// Did git leave two sides of a merge in it?
fn is_merging(bytes: &[u8]) -> bool {
    bytes.split(|b| *b == b'\n').any(|line| line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> "))
}

fn json<'a, T: Deserialize<'a>>(what: &'static str, bytes: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|e| Error::Json { what, line: e.line(), column: e.column() })
}

fn gitleaks(bytes: &[u8]) -> Result<Imported, Error> {
    #[derive(Deserialize)]
    struct Leak {
        #[serde(rename = "Secret")]
        secret: String,
    }
    let leaks: Vec<Leak> = json("this report of gitleaks", bytes)?;
    let all = leaks.len();
    let values: Vec<Zeroizing<String>> =
        leaks.into_iter().map(|leak| Zeroizing::new(leak.secret)).filter(|value| !is_redacted(value)).collect();
    let redacted = all - values.len();
    Ok(Imported::Gitleaks(values, redacted))
}

/// Did gitleaks leave a value out? It writes `REDACTED`, or the first characters and dots.
fn is_redacted(value: &str) -> bool {
    let value = value.trim();
    value.is_empty() || value == "REDACTED" || value.ends_with("...")
}

/// A JSON object: one of detect-secrets, or a report of ours.
fn object(bytes: &[u8]) -> Result<Imported, Error> {
    #[derive(Deserialize)]
    struct Line {
        r#type: Option<String>,
    }
    #[derive(Deserialize)]
    struct Marker {
        schema_version: Option<u64>,
        results: Option<serde::de::IgnoredAny>,
    }
    let first = bytes.split(|b| *b == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    if serde_json::from_slice::<Line>(first).is_ok_and(|line| line.r#type.is_some()) {
        return lines(bytes);
    }
    let marker: Marker = json("this JSON", bytes)?;
    match (marker.schema_version, marker.results) {
        (Some(version), _) if version != u64::from(SCHEMA_VERSION) => Err(Error::Version),
        (Some(_), _) => report(bytes),
        (None, Some(_)) => detect_secrets(bytes),
        (None, None) => Err(Error::Unknown),
    }
}

fn detect_secrets(bytes: &[u8]) -> Result<Imported, Error> {
    #[derive(Deserialize)]
    struct File {
        results: HashMap<String, Vec<Known>>,
    }
    #[derive(Deserialize)]
    struct Known {
        hashed_secret: String,
        is_secret: Option<bool>,
    }
    let file: File = json("this .secrets.baseline", bytes)?;
    let mut all = Vec::new();
    for (name, known) in file.results {
        let name = name.replace('\\', "/");
        let name = name.strip_prefix("./").unwrap_or(&name);
        for one in known {
            let Some(sha1) = digest(&one.hashed_secret) else {
                return Err(Error::Json { what: "a hashed_secret of this .secrets.baseline", line: 1, column: 1 });
            };
            let judged = one.is_secret.map(|real| if real { Judged::Real } else { Judged::False });
            all.push(Hashed { sha1, file: name.to_owned(), judged });
        }
    }
    all.sort_by(|a, b| (&a.file, a.sha1).cmp(&(&b.file, b.sha1)));
    Ok(Imported::DetectSecrets(all))
}

/// The bytes of a SHA-1 digest in hexadecimal digits.
pub(super) fn digest(hex: &str) -> Option<[u8; 20]> {
    let mut out = [0; 20];
    if hex.len() != 40 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

#[derive(Deserialize)]
struct Found {
    fingerprint: String,
}

/// Our JSON report.
fn report(bytes: &[u8]) -> Result<Imported, Error> {
    #[derive(Deserialize)]
    struct Report {
        stable_fingerprints: bool,
        findings: Vec<Found>,
    }
    let report: Report = json("this report", bytes)?;
    prints(report.stable_fingerprints, report.findings)
}

/// Our JSON lines report.
fn lines(bytes: &[u8]) -> Result<Imported, Error> {
    #[derive(Deserialize)]
    struct Line {
        r#type: String,
        schema_version: u64,
        fingerprint: Option<String>,
        stable_fingerprints: Option<bool>,
    }
    let (mut found, mut stable) = (Vec::new(), false);
    for (number, line) in (1..).zip(bytes.split(|b| *b == b'\n')).filter(|(_, line)| !line.trim_ascii().is_empty()) {
        let broken = |column| Error::Json { what: "this report", line: number, column };
        let line: Line = serde_json::from_slice(line).map_err(|e| broken(e.column()))?;
        if line.schema_version != u64::from(SCHEMA_VERSION) {
            return Err(Error::Version);
        }
        match (&*line.r#type, line.fingerprint) {
            ("finding", Some(fingerprint)) => found.push(Found { fingerprint }),
            ("finding", None) => return Err(broken(1)),
            ("summary", _) => stable = line.stable_fingerprints.unwrap_or_default(),
            _ => {}
        }
    }
    prints(stable, found)
}

fn prints(stable: bool, found: Vec<Found>) -> Result<Imported, Error> {
    if !stable {
        return Err(Error::Unstable);
    }
    let mut prints: Vec<Fingerprint> = found.into_iter().map(|found| Fingerprint(found.fingerprint)).collect();
    prints.sort();
    prints.dedup();
    Ok(Imported::Report(prints))
}

/// The entries of a `.gitleaksignore`.
fn places(bytes: &[u8]) -> Result<Vec<Spot>, Error> {
    let mut all = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|b| *b == b'\n')) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            all.push(spot(line).ok_or(Error::Line { line: number })?);
        }
    }
    Ok(all)
}

fn spot(line: &str) -> Option<Spot> {
    let line = line.replace('\\', "/");
    let fields: Vec<&str> = line.split(':').collect();
    let (commit, file, number) = match fields[..] {
        [file, _, number] => (None, file, number),
        [commit, file, _, number] if commit.len() >= 7 && commit.bytes().all(|b| b.is_ascii_hexdigit()) => {
            (Some(commit.to_owned()), file, number)
        }
        _ => return None,
    };
    let file = file.strip_prefix("./").unwrap_or(file);
    let line = number.trim().parse().ok().filter(|line| *line > 0)?;
    (!file.is_empty()).then(|| Spot { commit, file: file.to_owned(), line })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Imported, Judged, read};

    fn refused(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn places_of_gitleaks_are_read() {
        let text = "# old ones\n\nsrc/a.py:generic-api-key:12\n0123456789abcdef0123456789abcdef01234567:b\\c.txt:jwt:3\nout.zip!in/a:jwt:1\r\n";
        let Imported::Places(all) = read(text.as_bytes()).unwrap() else { panic!("places") };
        let shown: Vec<String> = all
            .iter()
            .map(|spot| format!("{} {}:{}", spot.commit.as_deref().map_or("-", |c| &c[..4]), spot.file, spot.line))
            .collect();
        assert_eq!(shown, ["- src/a.py:12", "0123 b/c.txt:3", "- out.zip!in/a:1"]);
        assert!(refused("src/a.py:jwt:1\nsrc/a.py:12").contains("as a .gitleaksignore line 2 is no entry"));
        for line in ["a:b:x", "a:b:0", ":b:1", "nohex:a:b:1", "a:b:c:d:1"] {
            assert!(refused(line).contains("line 1 is no entry"), "{line}");
        }
    }

    #[test]
    fn digests_of_detect_secrets_are_read() {
        let text = r#"{"version": "1.5.0", "plugins_used": [], "results": {"a\\b.py": [
            {"type": "Secret Keyword", "filename": "a\\b.py", "hashed_secret": "ONE", "is_verified": false, "line_number": 3},
            {"type": "x", "filename": "a\\b.py", "hashed_secret": "TWO", "is_secret": false}]},
            "generated_at": "2026-01-01T00:00:00Z"}"#;
        let text = text.replace("ONE", &"A9".repeat(20)).replace("TWO", &"b9".repeat(20));
        let Imported::DetectSecrets(all) = read(text.as_bytes()).unwrap() else { panic!("digests") };
        assert_eq!((all.len(), all[0].file.as_str(), all[0].sha1[0], all[0].judged), (2, "a/b.py", 0xa9, None));
        assert_eq!(all[1].judged, Some(Judged::False));
        assert_eq!(refused("{\"results\": 7}"), "this .secrets.baseline is broken at line 1, column 13");
    }

    #[test]
    fn values_of_gitleaks_are_read_if_they_are_there() {
        let text = r#"[{"RuleID":"jwt","Secret":"made-up-value"},{"Secret":"REDACTED"},{"Secret":"ab..."},{"Secret":""}]"#;
        let Imported::Gitleaks(values, redacted) = read(text.as_bytes()).unwrap() else { panic!("values") };
        assert_eq!((values.len(), values[0].as_str(), redacted), (1, "made-up-value", 3));
        assert!(matches!(read(b"[]"), Ok(Imported::Gitleaks(values, 0)) if values.is_empty()));
        assert!(refused("[{\"Match\":\"canary-5f0c2a9e\"}]").starts_with("this report of gitleaks is broken at line 1"));
    }

    #[test]
    fn reports_of_ours_are_read() {
        let line = |kind: &str, rest: &str| format!("{{\"type\":\"{kind}\",\"schema_version\":1{rest}}}\n");
        let text = [
            line("finding", ",\"fingerprint\":\"b\",\"path\":\"a\""),
            line("finding", ",\"fingerprint\":\"b\""),
            line("issue", ""),
            line("summary", ",\"stable_fingerprints\":true"),
        ]
        .concat();
        let check = |text: &str| matches!(read(text.as_bytes()), Ok(Imported::Report(all)) if all.len() == 1 && all[0].0 == "b");
        assert!(check(&text));
        assert!(check(r#"{"schema_version":1,"stable_fingerprints":true,"findings":[{"fingerprint":"b"}]}"#));
        assert!(refused(&text.replace("true", "false")).starts_with("the report was made without a project key"));
        assert!(refused(&text.replace(":1,", ":2,")).starts_with("the report has another schema version"));
        assert!(refused(r#"{"schema_version":2,"findings":[]}"#).starts_with("the report has another schema version"));
        assert!(refused("{}").starts_with("is no baseline") && refused(" ").starts_with("is no baseline"));
    }

    proptest! {
        #[test]
        fn nothing_panics(
            head in prop::sample::select(vec!["", "[", "{", "stanch-baseline 1 0123abcd\n", "{\"type\":\"finding\",", "{\"results\":{"]),
            text in "[\\[\\]{}\":,a-f0-9 \\\\\n#.-]{0,80}",
        ) {
            drop(read(format!("{head}{text}").as_bytes()));
        }
    }
}
