//! Command lines of other scanners, spelled our way: `gitleaks detect -s . -r out.json` works with the name of this program in front.
//!
//! It must not scan. Start with [`translate`]. What is accepted means the same here or is harmless; what would mean something else is
//! refused with a hint. Exit codes stay ours.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::exit::hinted;
use super::{import, instead};
use crate::scan::rule::import::{Converted, Format, Source, convert, recognise};
use crate::scan::rule::load::{self, Entry};

/// A command line in our spelling, before a configuration is read.
#[derive(Debug)]
pub(super) struct Spelled {
    pub(super) args: Vec<OsString>,
    /// The configuration it names.
    pub(super) config: Option<PathBuf>,
    /// What a flag does not do.
    pub(super) notes: Vec<String>,
}

/// A command line in our spelling, and rules that came with it.
#[derive(Debug, Default)]
pub(super) struct Translated {
    pub(super) args: Vec<OsString>,
    pub(super) rules: Vec<Entry>,
}

/// The first word of another scanner's command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// gitleaks: history.
    Git,
    /// gitleaks of old: history, unless `--no-git`.
    Detect,
    /// gitleaks of old: what is not committed.
    Protect,
    /// gitleaks: files.
    Dir,
    Stdin,
    /// trufflehog: files.
    Filesystem,
}

/// Flags before the word that say nothing of what is scanned.
const LOOSE: [&str; 4] = ["-v", "--verbose", "--no-banner", "--no-color"];

fn word(text: &OsStr) -> Option<Word> {
    Some(match text.to_str()? {
        "git" => Word::Git,
        "detect" => Word::Detect,
        "protect" => Word::Protect,
        "dir" | "directory" | "files" => Word::Dir,
        "stdin" => Word::Stdin,
        "filesystem" | "fs" => Word::Filesystem,
        _ => return None,
    })
}

/// Translates a command line that begins with the word of another scanner; all others stay as they are.
pub(super) fn translate(args: impl Iterator<Item = OsString>) -> anyhow::Result<Translated> {
    let args: Vec<OsString> = args.collect();
    let Some(mut line) = line(&args)? else { return Ok(Translated { args, ..Translated::default() }) };
    line.finish()?;
    line.notes.iter().for_each(|note| say(note));
    let rules = line.configured()?;
    Ok(Translated { args: line.out, rules })
}

/// The same of a command line that does not run here: no configuration is looked for. `None` if its word is none of another scanner.
pub(super) fn spelled(args: impl Iterator<Item = OsString>) -> anyhow::Result<Option<Spelled>> {
    let Some(mut line) = line(&args.collect::<Vec<_>>())? else { return Ok(None) };
    line.finish()?;
    line.chosen(None);
    Ok(Some(Spelled { args: line.out, config: line.config, notes: line.notes }))
}

/// A command line with all its flags taken in.
fn line(args: &[OsString]) -> anyhow::Result<Option<Line>> {
    let loose = args.iter().skip(1).take_while(|arg| LOOSE.iter().any(|flag| *arg == *flag)).count();
    let Some(word) = args.get(1 + loose).and_then(|arg| word(arg)) else { return Ok(None) };
    let mut line = Line { word, out: vec![args[0].clone(), "scan".into()], ..Line::default() };
    let mut rest = Rest { args: args[2 + loose..].to_vec(), at: 0 };
    while let Some(arg) = rest.next() {
        line.take(&arg, &mut rest)?;
    }
    Ok(Some(line))
}

/// What is left of a command line.
struct Rest {
    args: Vec<OsString>,
    at: usize,
}

impl Rest {
    fn next(&mut self) -> Option<OsString> {
        let next = self.args.get(self.at).cloned();
        self.at += 1;
        next
    }

    /// Is a number next?
    fn is_number(&self) -> bool {
        self.args.get(self.at).and_then(|arg| arg.to_str()).is_some_and(is_number)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A command line on its way.
#[derive(Debug)]
struct Line {
    word: Word,
    out: Vec<OsString>,
    paths: usize,
    no_git: bool,
    pipe: bool,
    staged: bool,
    pre_commit: bool,
    log_opts: Vec<String>,
    since_commit: Option<String>,
    branch: Option<String>,
    notes: Vec<String>,
    report: Option<PathBuf>,
    format: Option<String>,
    config: Option<PathBuf>,
    only: Vec<String>,
    first_path: Option<PathBuf>,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            word: Word::Dir,
            out: Vec::new(),
            paths: 0,
            no_git: false,
            pipe: false,
            staged: false,
            pre_commit: false,
            log_opts: Vec::new(),
            since_commit: None,
            branch: None,
            notes: Vec::new(),
            report: None,
            format: None,
            config: None,
            only: Vec::new(),
            first_path: None,
        }
    }
}

/// Flags without a value that change nothing here: values are never shown, findings always decide the exit code, nothing is validated, no
/// update is looked for.
const HARMLESS: [&str; 6] = ["verbose", "no-banner", "redact", "no-verification", "fail", "no-update"];
/// Flags with a value that change nothing here.
const HARMLESS_VALUES: [&str; 3] = ["log-level", "platform", "redact"];
/// Flags of ours with a value, which is no path.
const OURS: [&str; 22] = [
    "rules",
    "only",
    "except",
    "rules-as-of",
    "exit-code",
    "jobs",
    "min-severity",
    "min-confidence",
    "max-archive-depth",
    "max-archive-size",
    "max-archive-ratio",
    "max-archive-members",
    "ignore-comment",
    "config-from",
    "baseline",
    "since",
    "refs",
    "max-commits",
    "range",
    "cache",
    "allow-alternates",
    "gitleaks-ignore-path",
];
/// Flags that mean something that stanch does not do; [`instead`] says what to do.
const REFUSED: [&str; 13] = [
    "only-verified",
    "filter-unverified",
    "follow-symlinks",
    "report-template",
    "diagnostics",
    "diagnostics-dir",
    "include-paths",
    "exclude-paths",
    "exclude-globs",
    "exclude",
    "include-detectors",
    "exclude-detectors",
    "config-path",
];
/// Short flags with their long names.
const SHORT: [(char, &str); 10] = [
    ('s', "source"),
    ('r', "report-path"),
    ('f', "report-format"),
    ('c', "config"),
    ('b', "baseline-path"),
    ('i', "gitleaks-ignore-path"),
    ('l', "log-level"),
    ('v', "verbose"),
    ('p', "pipe"),
    ('o', "output"),
];

impl Line {
    fn take(&mut self, arg: &OsStr, rest: &mut Rest) -> anyhow::Result<()> {
        let Some(text) = arg.to_str().map(str::to_owned) else {
            self.path(arg);
            return Ok(());
        };
        if let Some(long) = text.strip_prefix("--").filter(|long| !long.is_empty()) {
            let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            return self.flag(name, value, (arg, rest));
        }
        if let Some(more) = text.strip_prefix("-j") {
            return self.jobs(more, rest);
        }
        let mut chars = text.chars();
        if chars.next() == Some('-')
            && let Some(short) = chars.next()
            && let Some((_, name)) = SHORT.iter().find(|(c, _)| *c == short)
        {
            let more = chars.as_str();
            if matches!(*name, "verbose" | "pipe") {
                // Several in one: `-vr out.json`.
                self.flag(name, None, (arg, rest))?;
                return if more.is_empty() { Ok(()) } else { self.take(OsStr::new(&format!("-{more}")), rest) };
            }
            let value = (!more.is_empty()).then(|| more.trim_start_matches('='));
            return self.flag(name, value, (arg, rest));
        }
        if text.starts_with('-') && text != "-" {
            self.out.push(arg.to_owned());
        } else {
            self.path(arg);
        }
        Ok(())
    }

    /// `-j`: threads; without a number JSON, in trufflehog's words.
    fn jobs(&mut self, glued: &str, rest: &mut Rest) -> anyhow::Result<()> {
        let glued = glued.trim_start_matches('=');
        if glued.is_empty() && self.word == Word::Filesystem && !rest.is_number() {
            return self.flag("json", None, (OsStr::new("-j"), rest));
        }
        self.flag("jobs", (!glued.is_empty()).then_some(glued), (OsStr::new("-j"), rest))
    }

    fn valued(&mut self, name: &str, value: String) {
        self.out.extend([name.into(), value.into()]);
    }

    fn path(&mut self, path: &OsStr) {
        self.paths += 1;
        // As trufflehog names a repository.
        let path = path.to_str().and_then(|path| path.strip_prefix("file://")).map_or(path, OsStr::new);
        self.first_path.get_or_insert_with(|| path.into());
        self.out.push(path.to_owned());
    }

    fn flag(&mut self, name: &str, value: Option<&str>, (arg, rest): (&OsStr, &mut Rest)) -> anyhow::Result<()> {
        let all =
            name == "results" && value.is_some_and(|value| value.split(',').any(|word| matches!(word, "unverified" | "all")));
        if REFUSED.contains(&name) || name == "results" && !all {
            let hint = instead::of(name).unwrap_or("see `stanch scan --help`");
            return Err(hinted(format!("`--{name}` of another scanner is not supported"), hint));
        }
        // A value that is glued to the name is one even where none is needed: `--redact=20`.
        let glued = value.is_some();
        let mut need = || -> anyhow::Result<String> {
            let next = value.map(str::to_owned).or_else(|| rest.next().map(|next| next.to_string_lossy().into_owned()));
            next.ok_or_else(|| hinted(format!("`--{name}` needs a value"), "see `stanch scan --help`"))
        };
        match name {
            "source" | "directory" => {
                let path = need()?;
                self.path(OsStr::new(&path));
            }
            "report-path" | "output" => self.report = Some(need()?.into()),
            "report-format" | "format" => self.format = Some(need()?),
            "config" => self.config = Some(need()?.into()),
            "enable-rule" => self.only.extend(need()?.split(',').map(str::to_owned)),
            "log-opts" => self.log_opts = need()?.split_whitespace().map(str::to_owned).collect(),
            "since-commit" => self.since_commit = Some(need()?),
            "branch" => self.branch = Some(need()?),
            "max-depth" => self.valued("--max-commits", need()?),
            "max-target-megabytes" => self.note(&need()?, "0", "nothing is skipped for its size"),
            "timeout" => self.note(&need()?, "0", "no scan is stopped: one that stops early has not looked at everything"),
            "max-decode-depth" => {
                self.note(
                    &need()?,
                    "",
                    "what is encoded is always decoded, so what stands there is reported whatever depth is asked for",
                );
            }
            "results" => {}
            "baseline-path" => self.valued("--baseline", need()?),
            "ignore-gitleaks-allow" => self.out.push("--no-inline-ignores".into()),
            "no-git" => self.no_git = true,
            "pipe" => self.pipe = true,
            "staged" => self.staged = true,
            "pre-commit" => self.pre_commit = true,
            "json" => self.format = Some("jsonl".to_owned()),
            "concurrency" => self.valued("--jobs", need()?),
            name if OURS.contains(&name) => self.valued(&format!("--{name}"), need()?),
            name if HARMLESS.contains(&name) && !glued => {}
            name if HARMLESS_VALUES.contains(&name) => drop(need()?),
            _ => self.out.push(arg.to_owned()),
        }
        Ok(())
    }

    /// Says what a flag does not do, unless it asks for nothing.
    fn note(&mut self, value: &str, nothing: &str, what: &str) {
        if value != nothing {
            self.notes.push(what.to_owned());
        }
    }

    /// What is known once all flags are.
    fn finish(&mut self) -> anyhow::Result<()> {
        let files = match self.word {
            Word::Dir | Word::Filesystem | Word::Stdin => true,
            Word::Detect => self.no_git || self.pipe,
            Word::Git | Word::Protect => false,
        };
        let of_commits = self.since_commit.is_some() || self.branch.is_some() || !self.log_opts.is_empty();
        if files && (self.staged || self.pre_commit || of_commits) {
            return Err(hinted(
                "`--staged`, `--pre-commit`, `--log-opts`, `--since-commit` and `--branch` are about a git repository",
                "write `stanch git` for that",
            ));
        }
        if self.word == Word::Stdin || self.pipe {
            if self.paths > 0 && self.word == Word::Stdin {
                return Err(hinted("`stdin` takes no path", "write `stanch dir PATH` to scan files"));
            }
            self.out.push("-".into());
        }
        if !files {
            self.commits()?;
        }
        self.report();
        Ok(())
    }

    /// What of a repository is scanned.
    fn commits(&mut self) -> anyhow::Result<()> {
        let flag = match (self.staged, self.pre_commit || self.word == Word::Protect) {
            (true, _) => "--staged",
            (false, true) => "--worktree",
            (false, false) => return self.history(),
        };
        let said = [
            ("log-opts", !self.log_opts.is_empty()),
            ("since-commit", self.since_commit.is_some()),
            ("branch", self.branch.is_some()),
        ];
        if let Some((name, _)) = said.iter().find(|(_, is_said)| *is_said) {
            return Err(hinted(format!("`--{name}` says nothing about what is not committed"), "leave it out"));
        }
        self.out.push(flag.into());
        Ok(())
    }

    fn history(&mut self) -> anyhow::Result<()> {
        if self.since_commit.is_some() || self.branch.is_some() {
            return self.since_commit();
        }
        let mut all = false;
        let (mut range, mut since) = (None, None);
        for option in std::mem::take(&mut self.log_opts) {
            match option.as_str() {
                "--all" => all = true,
                option if option.starts_with("--since=") || option.starts_with("--after=") => {
                    since = option.split_once('=').and_then(|(_, when)| age(when));
                    if since.is_none() {
                        return Err(log_opts(option));
                    }
                }
                option if option.contains("..") && !option.starts_with('-') => range = Some(option.to_owned()),
                option => return Err(log_opts(option)),
            }
        }
        match (range, since) {
            (Some(_), Some(_)) => return Err(log_opts("a range together with `--since`")),
            // All refs without what the first commit reaches.
            (Some(range), None) if all => {
                let from = range.split("..").next().unwrap_or_default().to_owned();
                self.out.extend(["--history".into(), "--since-commit".into(), from.into()]);
            }
            (Some(range), None) => self.out.extend(["--range".into(), range.into()]),
            (None, Some(since)) => self.out.extend(["--history".into(), "--since".into(), since.into()]),
            (None, None) => self.out.push("--history".into()),
        }
        Ok(())
    }

    /// trufflehog's words for a part of the history.
    fn since_commit(&mut self) -> anyhow::Result<()> {
        if !self.log_opts.is_empty() {
            return Err(log_opts("`--since-commit` or `--branch`"));
        }
        let out: Vec<OsString> = match (self.since_commit.take(), self.branch.take()) {
            // What no commit holds yet, if it is to be one.
            (Some(since), None) if since == "HEAD" => vec!["--staged".into()],
            (Some(since), None) => vec!["--history".into(), "--since-commit".into(), since.into()],
            (Some(since), Some(branch)) => vec!["--range".into(), format!("{since}..{branch}").into()],
            (None, Some(branch)) => {
                let name = if branch.starts_with("refs/") { branch } else { format!("refs/heads/{branch}") };
                vec!["--history".into(), "--refs".into(), name.into()]
            }
            (None, None) => vec!["--history".into()],
        };
        self.out.extend(out);
        Ok(())
    }

    /// Form and place of the report. gitleaks' own JSON where JSON is asked for in its words.
    fn report(&mut self) {
        let end = self.report.as_ref().and_then(|path| path.extension()).map(|end| end.to_string_lossy().to_ascii_lowercase());
        let asked = self.format.clone().or_else(|| match (&self.report, end.as_deref()) {
            (None, _) => None,
            (Some(_), Some(end @ ("sarif" | "jsonl"))) => Some(end.to_owned()),
            _ => Some("json".to_owned()),
        });
        let format = asked
            .map(|format| if format == "json" && self.word != Word::Filesystem { "gitleaks-json".to_owned() } else { format });
        format.into_iter().for_each(|format| self.out.extend(["--format".into(), format.into()]));
        self.report.take().into_iter().for_each(|path| self.out.extend(["--output".into(), path.into()]));
    }

    /// The rules of a configuration of gitleaks: the one that is named, or that of the environment.
    fn configured(&mut self) -> anyhow::Result<Vec<Entry>> {
        let is_gitleaks = self.word != Word::Filesystem;
        let variable = |name: &str| std::env::var(name).ok().filter(|value| is_gitleaks && !value.is_empty());
        let config = self.config.clone();
        let (name, text) = if let Some(path) = config.or_else(|| variable("GITLEAKS_CONFIG").map(PathBuf::from)) {
            (path.clone(), import::read(&path)?)
        } else if let Some(text) = variable("GITLEAKS_CONFIG_TOML") {
            (PathBuf::from("GITLEAKS_CONFIG_TOML"), text)
        } else {
            self.chosen(None);
            let found = self.first_path.clone().unwrap_or_else(|| ".".into()).join(".gitleaks.toml");
            if is_gitleaks && found.is_file() {
                say(&format!("{} is not used: a tree must not choose its own rules. `--config` uses it", found.display()));
            }
            return Ok(Vec::new());
        };
        let foreign = matches!(recognise("config.toml", &text), Some(Format::Gitleaks | Format::Betterleaks));
        if !foreign {
            // One of our own.
            self.chosen(None);
            self.out.extend(["--config".into(), name.into()]);
            return Ok(Vec::new());
        }
        let (rules, alone) = rules(&name, &text)?;
        self.chosen(alone.then_some("gitleaks-*"));
        Ok(rules)
    }

    /// The rules that are used: those enabled by name, or all of a configuration that does not extend the default one.
    fn chosen(&mut self, all: Option<&str>) {
        let names = if self.only.is_empty() { all.map(str::to_owned) } else { Some(self.only.join(",")) };
        names.into_iter().for_each(|names| self.out.extend(["--only".into(), names.into()]));
    }
}

fn log_opts(option: &str) -> anyhow::Error {
    hinted(
        format!("`--log-opts` with {option} is not supported"),
        "known are A..B, A...B, --all and --since=2026-01-31 or --since=30.days; `stanch scan --help` has more ways to choose commits",
    )
}

/// `2026-01-31`, `30d`, `30.days`, `30 days ago` as we write it.
fn age(text: &str) -> Option<String> {
    let text = text.trim_matches(['"', '\'']).replace(['.', '_'], " ");
    if crate::base::date::Date::parse(&text).is_some() {
        return Some(text);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).filter(|n| *n > 0)?;
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().trim_end_matches("ago").trim().trim_end_matches('s');
    let unit = match unit {
        "h" | "hour" => "h",
        "d" | "day" => "d",
        "w" | "week" => "w",
        _ => return None,
    };
    Some(format!("{number}{unit}"))
}

/// The rules of a configuration, and whether only those are used. One with rules that cannot be used is refused: a scan without them
/// would look clean.
fn rules(name: &Path, text: &str) -> anyhow::Result<(Vec<Entry>, bool)> {
    let shown = name.display().to_string();
    let converted: Converted = if name.is_file() {
        import::file(name, Some(Format::Gitleaks), None)?
    } else {
        convert(Format::Gitleaks, Source { path: &shown, text, bases: &[] })?
    };
    if converted.rules == 0 && converted.dropped == 0 {
        converted.left.iter().for_each(|left| say(&format!("{shown}: {left}")));
        return Ok((Vec::new(), false));
    }
    if converted.dropped > 0 {
        let left = converted.left.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let hint = "convert what can be with `stanch rules import FILE -o RULES`, and scan with `stanch scan --rules RULES`";
        return Err(hinted(format!("{shown} holds rules that cannot be used: {left}"), hint));
    }
    converted.left.iter().for_each(|left| say(&format!("{shown}: {left}")));
    Ok((load::parse_toml(name, &converted.text)?, !converted.extends))
}

#[expect(clippy::print_stderr, reason = "says what a foreign flag does not do")]
fn say(what: &str) {
    eprintln!("note: {}", crate::base::text::sanitise(what.as_bytes()));
}
