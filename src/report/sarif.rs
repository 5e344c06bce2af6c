//! SARIF 2.1.0 as GitHub code scanning wants it.
//!
//! It must not know other formats. Start with [`write`]. Sources: the OASIS standard (section numbers below are its), and GitHub's
//! "SARIF support for code scanning" for limits and for the properties it reads.
//!
//! - One result per place, most severe first, at most [`MOST_RESULTS`] and [`MOST_PACKED`] bytes; GitHub shows the first 5,000.
//! - Severity sits on the rule there, so a finding whose severity a check changed gets a rule id of its own, `rule/severity`.
//! - GitHub tells alerts apart by `primaryLocationLineHash`, `hash:counter`. It is made from rule, path and value fingerprint, so it
//!   survives edits around the secret; without a project key, from rule, path and the redacted line, so it survives a new run.
//! - A secret of several lines is reported on its first line: an alert shows in a pull request only if all its lines changed.
//! - A place in a notebook is the line of the file that its text is written on, one inside an archive line 1 of the archive; the cell or
//!   the member is the logical location.
//! - A scan of history has two runs: what is still in `HEAD`, where it stands there, and what is not, in the category `stanch/history/`.

mod notes;
mod rules;

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde::{Serialize, Serializer};
use serde_json::json;
use serde_sarif::sarif::{
    ArtifactContent, ArtifactLocation, Location, LogicalLocation, PhysicalLocation, PropertyBag, Region, Result as SarifResult,
    ResultLevel, Run, RunAutomationDetails, Tool, ToolComponent,
};
use sha2::{Digest as _, Sha256};

use self::rules::Rules;
use super::Style;
use super::escape::pretty;
use super::json::{CoverageRecord, ExposureRecord};
use super::line::{self, Line, Value};
use super::place::{Places, Uri, inside};
use super::tree::{self, Category, Hit};
use super::verdict::Verdict;
use crate::base::text::sanitise;
use crate::scan::finding::{At, Danger, Exposure, Finding, Occurrence, SCHEMA_VERSION, Scan, Severity};

/// GitHub refuses a run with more results.
const MOST_RESULTS: usize = 25_000;

/// Key of our own identity of the value in `partialFingerprints`.
const FINGERPRINT_KEY: &str = "stanchFingerprint/v1";

/// GitHub refuses a file that is larger than this when packed with gzip.
const MOST_PACKED: u64 = 10_000_000;

/// Writes one log: of one run, or of two where history was scanned.
pub(super) fn write(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    write_within(scan, style, MOST_PACKED, out)
}

/// The same, with as many results as keep the packed file within `limit` bytes.
fn write_within(scan: &Scan, style: &Style, limit: u64, out: &mut dyn io::Write) -> io::Result<()> {
    let hits = tree::all(scan, style);
    let all = hits.len();
    let mut kept = all.min(MOST_RESULTS);
    loop {
        let size = packed_size(scan, style, (&hits[..kept], all), limit)?;
        if size <= limit || kept == 0 {
            return write_log(scan, style, (&hits[..kept], all), out);
        }
        // Results are much alike: as many fewer as it is too large, and some more.
        let share = limit as f64 / size as f64 * 0.95;
        kept = ((kept as f64 * share) as usize).min(kept - 1);
    }
}

fn write_log(scan: &Scan, style: &Style, (hits, all): (&[Hit<'_>], usize), out: &mut dyn io::Write) -> io::Result<()> {
    let kept = hits.len();
    let of = |category| hits.iter().filter(|hit| hit.category == category).collect::<Vec<_>>();
    let mut categories = vec![(Category::Now, of(Category::Now))];
    if scan.coverage.objects > 0 {
        categories.push((Category::History, of(Category::History)));
    }
    let rules: Vec<Rules> = categories.iter().map(|(_, hits)| Rules::of(hits)).collect();
    let runs = categories.iter().zip(&rules).map(|((category, hits), rules)| RunRecord {
        run: run(scan, style, rules, (*category, (kept, all))),
        results: Results { hits, rules, scan, style },
    });
    let schema = "https://json.schemastore.org/sarif-2.1.0.json";
    let log = Log { schema, version: "2.1.0", runs: runs.collect() };
    pretty(out, &log)
}

/// How large the packed file is. One that is within `limit` as it is is not packed.
fn packed_size(scan: &Scan, style: &Style, hits: (&[Hit<'_>], usize), limit: u64) -> io::Result<u64> {
    let mut plain = Counter(0);
    write_log(scan, style, hits, &mut plain)?;
    if plain.0 <= limit {
        return Ok(plain.0);
    }
    let mut packer = flate2::write::GzEncoder::new(Counter(0), flate2::Compression::default());
    write_log(scan, style, hits, &mut packer)?;
    Ok(packer.finish()?.0)
}

/// Counts bytes and keeps none.
struct Counter(u64);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<RunRecord<'a>>,
}

#[derive(Serialize)]
struct RunRecord<'a> {
    #[serde(flatten)]
    run: Run,
    results: Results<'a>,
}

/// Makes each result as it is written: 25,000 at once would take a hundred megabytes.
struct Results<'a> {
    hits: &'a [&'a Hit<'a>],
    rules: &'a Rules,
    scan: &'a Scan,
    style: &'a Style,
}

/// `counts` are those of the results in the file, and of all there are.
fn run(scan: &Scan, style: &Style, rules: &Rules, (category, counts): (Category, (usize, usize))) -> Run {
    let verdict = Verdict::of(scan, style.input);
    let id = match category {
        Category::Now => format!("{}/", style.category),
        Category::History => format!("{}/history/", style.category),
    };
    let driver = ToolComponent::builder()
        .name("stanch")
        .version(style.version.as_str())
        .semantic_version(style.version.as_str())
        .rules(rules.descriptors())
        .notifications(notes::descriptors(scan, counts))
        .build();
    let properties = BTreeMap::from([
        ("schema_version".to_owned(), json!(SCHEMA_VERSION)),
        ("stable_fingerprints".to_owned(), json!(scan.stable_fingerprints)),
        ("complete".to_owned(), json!(verdict.complete())),
        ("verdict".to_owned(), json!(verdict.word())),
        ("coverage".to_owned(), json!(CoverageRecord::of(scan))),
    ]);
    Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .automation_details(RunAutomationDetails::builder().id(id).build())
        .column_kind("unicodeCodePoints")
        .invocations(vec![notes::invocation(scan, style, counts)])
        .properties(PropertyBag::builder().additional_properties(properties).build())
        .build()
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seen: HashMap<String, u32> = HashMap::new();
        serializer.collect_seq(self.hits.iter().map(|hit| {
            let hash = self.line_hash(hit);
            let counter = seen.entry(hash.clone()).or_default();
            *counter += 1;
            self.result(hit, format!("{hash}:{counter}"))
        }))
    }
}

impl Results<'_> {
    fn result(&self, hit: &Hit<'_>, line_hash: String) -> SarifResult {
        let Hit { finding, occurrence, .. } = hit;
        let mut fingerprints = BTreeMap::from([("primaryLocationLineHash".to_owned(), line_hash)]);
        if self.scan.stable_fingerprints {
            fingerprints.insert(FINGERPRINT_KEY.to_owned(), finding.fingerprint.0.clone());
        }
        let index = self.rules.index(finding);
        SarifResult::builder()
            .rule_id(self.rules.id(index))
            .rule_index(i64::try_from(index).unwrap_or(i64::MAX))
            .level(level(finding.severity))
            .message(message(self.words(hit)))
            .locations(vec![self.location(hit)])
            .partial_fingerprints(fingerprints)
            .properties(self.properties(finding, occurrence))
            .build()
    }

    fn line_hash(&self, hit: &Hit<'_>) -> String {
        let name = Places::new(&self.style.root).name(&hit.occurrence.origin);
        let line = Line::of(hit.finding, &hit.occurrence);
        let mut parts = vec!["stanch/1", &hit.finding.rule.id, &name];
        if self.scan.stable_fingerprints {
            parts.push(&hit.finding.fingerprint.0);
        } else {
            parts.extend([&*line.before, &*line.shown, &*line.after]);
        }
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let first = hash.finalize().iter().take(8).fold(0, |n: u64, b| n << 8 | u64::from(*b));
        format!("{first:016x}")
    }

    fn words(&self, hit: &Hit<'_>) -> String {
        let Hit { finding, occurrence, .. } = hit;
        let line = Line::of(finding, occurrence);
        let mut stands = String::new();
        if inside(&occurrence.origin).is_some() {
            let name = Places::new(&self.style.root).name(&occurrence.origin);
            stands = format!(" in {name}, line {}, column {}", occurrence.at.line, occurrence.at.column);
        }
        let mut words = vec![format!("{}: {}{stands}.", finding.rule.about, line.shown)];
        let why = line::why(finding);
        if !why.is_empty() {
            words.push(format!("Why: {}.", why.join("; ")));
        }
        if hit.category == Category::History {
            words.push(in_history(finding, occurrence));
        }
        words.extend(finding.paired.as_ref().map(|paired| format!("Found with {paired}.")));
        match finding.places() {
            0 | 1 => {}
            2 => words.push("It stands in one more place.".to_owned()),
            n => words.push(format!("It stands in {} more places.", n - 1)),
        }
        words.push(finding.rule.fix.clone());
        words.join(" ")
    }

    fn location(&self, hit: &Hit<'_>) -> Location {
        let Hit { finding, occurrence, .. } = hit;
        let line = Line::of(finding, occurrence);
        let at = place_of(finding, occurrence);
        let region = Region::builder()
            .start_line(at.line)
            .start_column(at.column)
            .end_line(at.line)
            .end_column(at.end_column)
            .snippet(ArtifactContent::builder().text(&*line.shown).build())
            .build();
        let physical = PhysicalLocation::builder().artifact_location(artifact(&occurrence.origin, self.style)).region(region);
        let Some(name) = inside(&occurrence.origin) else {
            let text = format!("{}{}{}", line.before, line.shown, line.after);
            let context = Region::builder().start_line(at.line).snippet(ArtifactContent::builder().text(text).build()).build();
            return Location::builder().physical_location(physical.context_region(context).build()).build();
        };
        let full = Places::new(&self.style.root).name(&occurrence.origin);
        let logical = LogicalLocation::builder().name(name).fully_qualified_name(full).kind("resource").build();
        Location::builder().physical_location(physical.build()).logical_locations(vec![logical]).build()
    }

    fn properties(&self, finding: &Finding, occurrence: &Occurrence) -> PropertyBag {
        let Value { text, base64 } = Value::of(finding, self.style.values);
        let at = &occurrence.at;
        let elsewhere = at.end_line > at.line || inside(&occurrence.origin).is_some();
        let fields = [
            ("severity", Some(json!(finding.severity))),
            ("confidence", Some(json!(finding.confidence))),
            ("line", elsewhere.then(|| json!(at.line))),
            ("column", elsewhere.then(|| json!(at.column))),
            ("end_line", elsewhere.then(|| json!(at.end_line))),
            ("end_column", elsewhere.then(|| json!(at.end_column))),
            ("commit", occurrence.commit.as_ref().map(|commit| json!(commit.id))),
            ("exposure", finding.exposure.as_ref().map(|exposure| json!(ExposureRecord::of(exposure)))),
            ("secret", text.map(|t| json!(t))),
            ("secret_base64", base64.map(|b| json!(b))),
        ];
        let fields = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect::<BTreeMap<_, _>>();
        PropertyBag::builder().additional_properties(fields).build()
    }
}

/// By which commit it came, and that it is gone from `HEAD`.
fn in_history(finding: &Finding, occurrence: &Occurrence) -> String {
    let reach = match finding.exposure.as_ref().map(Exposure::danger) {
        Some(Danger::Pushed) => "a remote-tracking ref reaches it",
        Some(Danger::Unreachable) => "no ref reaches it",
        _ => "a ref reaches it",
    };
    match &occurrence.commit {
        Some(commit) if commit.in_head.is_none() => {
            format!("It is in no file, but in history since commit {}; {reach}.", commit.id)
        }
        Some(commit) => format!("It is not in HEAD, but in history since commit {}; {reach}.", commit.id),
        None => format!("It is in no file of HEAD, but in the object database; {reach}."),
    }
}

/// A place on one line of the file itself, in the numbers that SARIF uses.
struct OneLine {
    line: i64,
    column: i64,
    end_column: i64,
}

fn place_of(finding: &Finding, occurrence: &Occurrence) -> OneLine {
    let At { line, column, end_line, end_column, .. } = occurrence.at;
    if inside(&occurrence.origin).is_some() {
        let line = occurrence.file_line.map_or(1, |line| i64::try_from(line).unwrap_or(i64::MAX));
        return OneLine { line, column: 1, end_column: 2 };
    }
    let end = if end_line > line { column.saturating_add(line::first_line_chars(finding)) } else { end_column };
    let [line, column, end] = [line, column, end].map(|n| i64::try_from(n).unwrap_or(i64::MAX).max(1));
    OneLine { line, column, end_column: end.max(column) }
}

fn artifact(origin: &crate::scan::blob::Origin, style: &Style) -> ArtifactLocation {
    match Places::new(&style.root).uri(origin) {
        Uri::Relative(uri) => ArtifactLocation::builder().uri(uri).uri_base_id("%SRCROOT%").build(),
        Uri::Absolute(uri) => ArtifactLocation::builder().uri(uri).build(),
    }
}

fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Critical | Severity::High => ResultLevel::Error,
        Severity::Medium => ResultLevel::Warning,
        Severity::Low | Severity::Info => ResultLevel::Note,
    }
}

/// A message with `words` to be read as they stand: braces doubled (3.11.5), and no embedded links (3.11.6).
fn message(words: impl AsRef<str>) -> serde_sarif::sarif::Message {
    let mut text = sanitise(words.as_ref().as_bytes()).replace('{', "{{").replace('}', "}}");
    if text.contains("](") {
        text = text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
    }
    serde_sarif::sarif::Message::builder().text(text).build()
}

#[cfg(test)]
mod tests {
    use super::{message, place_of};
    use crate::report::sample;
    use crate::scan::finding::At;

    #[test]
    fn messages_hold_no_links_and_no_placeholders() {
        let check = |words: &str, expected: &str| assert_eq!(message(words).text.as_deref(), Some(expected));
        check("plain [x] \\ y", "plain [x] \\ y");
        check("{0} and {", "{{0}} and {{");
        check("[x](http://e)\\", "\\[x\\](http://e)\\\\");
        check("a\x1b", "a\\x1b");
    }

    #[test]
    fn a_file_too_large_holds_the_most_severe_results_and_says_so() {
        let scan = sample::scan(sample::findings(300));
        let style = crate::report::Style::default();
        let written = |limit: u64| {
            let mut out = Vec::new();
            super::write_within(&scan, &style, limit, &mut out).unwrap();
            serde_json::from_slice::<serde_json::Value>(&out).unwrap()["runs"][0].take()
        };
        let whole = written(u64::MAX);
        let results = |run: &serde_json::Value| run["results"].as_array().unwrap().clone();
        assert_eq!(results(&whole).len(), 300);
        let limit = 8_000;
        let run = written(limit);
        let kept = results(&run).len();
        assert!((1..300).contains(&kept), "{kept}");
        assert_eq!(results(&run)[..], results(&whole)[..kept]);
        let words = run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
        assert!(words.starts_with(&format!("This file holds {kept} of 300 results, the most severe first")), "{words}");
        let mut packer = flate2::write::GzEncoder::new(super::Counter(0), flate2::Compression::default());
        super::write_within(&scan, &style, limit, &mut packer).unwrap();
        assert!(packer.finish().unwrap().0 <= limit);
        assert_eq!(results(&written(1)).len(), 0);
    }

    #[test]
    fn a_place_in_a_notebook_is_a_line_of_the_file() {
        let mut finding = sample::finding("a", "f", b"abc");
        let outer = std::sync::Arc::new(crate::scan::blob::Origin::File("nb.ipynb".into()));
        let kind = crate::scan::blob::Container::Notebook;
        finding.occurrences[0].origin = crate::scan::blob::Origin::Inside { outer, member: "cell-1".into(), kind };
        for (file_line, expected) in [(Some(40), 40), (None, 1)] {
            finding.occurrences[0].file_line = file_line;
            let place = place_of(&finding, &finding.occurrences[0]);
            assert_eq!([place.line, place.column, place.end_column], [expected, 1, 2]);
        }
    }

    #[test]
    fn regions_lie_on_one_line_and_never_end_before_they_start() {
        let check = |value: &[u8], at: [u64; 4], expected: [i64; 3]| {
            let mut finding = sample::finding("a", "f", value);
            let [line, column, end_line, end_column] = at;
            finding.occurrences[0].at = At { line, column, end_line, end_column, offset: 0, len: 0 };
            let place = place_of(&finding, &finding.occurrences[0]);
            assert_eq!([place.line, place.column, place.end_column], expected);
        };
        check(b"abc", [7, 3, 7, 6], [7, 3, 6]);
        check(b"begin\nx", [7, 3, 8, 2], [7, 3, 8]);
        check(b"", [7, 3, 7, 3], [7, 3, 3]);
        check(b"\nabc", [7, 3, 8, 4], [7, 3, 3]);
        check(b"abc", [0, 0, 0, 0], [1, 1, 1]);
        check(b"abc", [u64::MAX, u64::MAX, u64::MAX, u64::MAX], [i64::MAX, i64::MAX, i64::MAX]);
    }
}
