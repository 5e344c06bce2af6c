//! What GitHub's runner reads: outputs, annotations, the job summary, and the comment for a pull request.
//!
//! It must not scan. Values are redacted here whatever was asked for: all of it may be public. Start with [`Runner`].

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::super::args::{self, ci::Platform};
use super::super::exit::hinted;
use super::super::output::{self, Wanted};
use super::super::scan::Done;
use super::plan::{From, Plan, Variables};
use crate::base::{crypto, text};
use crate::report::{self, Color, Format, Style, Values};

/// GitHub's limit on a comment, in characters; those beyond the Basic Multilingual Plane count twice.
const MAX_COMMENT: usize = 65_536;
/// GitHub's limit on the summary of a step, in bytes.
const MAX_SUMMARY: usize = 1 << 20;

/// Where it reads.
pub(super) struct Runner {
    is_github: bool,
    output: Option<PathBuf>,
    summary: Option<PathBuf>,
}

impl Runner {
    pub(super) fn of(platform: Option<Platform>, variables: Variables<'_>) -> Self {
        let is_github = platform == Some(Platform::GitHub);
        let path = |name: &str| variables(name).filter(|_| is_github).map(PathBuf::from);
        Self { is_github, output: path("GITHUB_OUTPUT"), summary: path("GITHUB_STEP_SUMMARY") }
    }

    /// Tells about the pull request.
    pub(super) fn planned(&self, plan: &Plan) -> anyhow::Result<()> {
        let Some(request) = plan.request else { return Ok(()) };
        let number = request.number.map(|n| n.to_string()).unwrap_or_default();
        let is_fork = request.from == From::Fork;
        self.tell(&[("pull-request", number), ("fork", is_fork.to_string())])
    }

    /// Tells what came of the scan.
    pub(super) fn finished(&self, done: &Done, is_complete: bool, code: u8) -> anyhow::Result<()> {
        let new = done.scan.findings.len() as u64;
        let all = new + done.scan.coverage.in_baseline;
        self.tell(&[
            ("exit-code", code.to_string()),
            ("findings", all.to_string()),
            ("new-findings", new.to_string()),
            ("live", "unknown".to_owned()),
            ("complete", is_complete.to_string()),
        ])
    }

    /// Tells that there is no scan to tell of.
    pub(super) fn failed(&self, code: u8) -> anyhow::Result<()> {
        self.tell(&[("exit-code", code.to_string()), ("complete", "false".to_owned())])
    }

    /// Tells where the report for code scanning is.
    pub(super) fn sarif(&self, path: &Path) -> anyhow::Result<()> {
        let path = path.to_str().filter(|path| !path.contains(char::is_control));
        let path = path.ok_or_else(|| hinted("the name of the SARIF file is no plain text", "choose another one"))?;
        self.tell(&[("sarif", path.to_owned())])
    }

    fn tell(&self, outputs: &[(&str, String)]) -> anyhow::Result<()> {
        let mut lines = String::new();
        outputs.iter().for_each(|(name, value)| lines.push_str(&format!("{name}={value}\n")));
        self.output.as_ref().map_or(Ok(()), |path| append(path, &lines))
    }

    /// Does what prints a report in which the runner must see no commands: what is scanned may hold some.
    pub(super) fn quoting<T>(&self, scan: &args::Scan, print: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        if !self.is_github || !output::is_standard(scan.output.as_deref()) {
            return print();
        }
        let word = text::hex(&crypto::random::<16>()?);
        output::write(None, |out| writeln!(out, "::stop-commands::{word}"))?;
        let printed = print();
        output::write(None, |out| writeln!(out, "\n::{word}::"))?;
        printed
    }

    /// Writes annotations. Places of the scan are absolute then.
    pub(super) fn annotate(&self, done: &mut Done) -> anyhow::Result<()> {
        if !self.is_github {
            return Ok(());
        }
        let style = public(done);
        output::write_all(&[Wanted { format: ANNOTATIONS, path: None }], &mut done.scan, &style)
    }

    /// Adds to the summary of the job.
    pub(super) fn summarise(&self, done: &Done, about: &str) -> anyhow::Result<()> {
        let Some(path) = &self.summary else { return Ok(()) };
        let mut text = markdown(done, about)?;
        let taken = std::fs::metadata(path).map_or(0, |file| file.len() as usize);
        cut(&mut text, MAX_SUMMARY.saturating_sub(taken), str::len, "the log has all of it");
        append(path, &text)
    }
}

/// Writes the comment for a pull request.
pub(super) fn comment(done: &Done, about: &str, (category, path): (&str, &Path)) -> anyhow::Result<()> {
    // By this line a comment of ours is known.
    let mut text = format!("<!-- {category} -->\n{}", markdown(done, about)?);
    let units = |text: &str| text.encode_utf16().count();
    cut(&mut text, MAX_COMMENT, units, "the summary of the job has more of it");
    output::write(Some(path), |out| out.write_all(text.as_bytes()))
}

fn markdown(done: &Done, about: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    report::write(MARKDOWN, &done.scan, &public(done), &mut bytes)?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    writeln!(text, "\nScanned: {}", escaped(about))?;
    Ok(text)
}

/// A report that anybody may read.
fn public(done: &Done) -> Style {
    Style { values: Values::Redacted, color: Color::Off, ..done.style.clone() }
}

/// Cuts whole lines off a text that is too long.
fn cut(text: &mut String, most: usize, size: impl Fn(&str) -> usize, elsewhere: &str) {
    if size(text) <= most {
        return;
    }
    let end = format!("\n\nThis is cut here; {elsewhere}.\n");
    let room = most.saturating_sub(end.len());
    let mut kept = 0;
    let mut used = 0;
    for line in text.split_inclusive('\n') {
        used += size(line);
        if used > room {
            break;
        }
        kept += line.len();
    }
    text.truncate(kept);
    text.push_str(&end);
}

/// Plain text in Markdown.
fn escaped(text: &str) -> String {
    let is_mark = |c: char| c.is_ascii_punctuation() && !matches!(c, '.' | ',' | ':' | '-' | '/');
    text.chars().flat_map(|c| is_mark(c).then_some('\\').into_iter().chain([c])).collect()
}

fn append(path: &Path, text: &str) -> anyhow::Result<()> {
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.and_then(|mut file| file.write_all(text.as_bytes())).with_context(|| format!("cannot write {}", path.display()))
}

const ANNOTATIONS: Format = Format::Github;
const MARKDOWN: Format = Format::Markdown;
