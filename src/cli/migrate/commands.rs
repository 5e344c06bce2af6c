//! What becomes of a command line of another scanner.
//!
//! It must not know where the line stands. Start with [`ours`]. Lines of gitleaks go the way of [`compat`]; the flags of the others are
//! tables. A flag that would be lost in a way that matters keeps the whole line from being converted.

use std::ffi::OsString;

use clap::Parser as _;

use super::super::{args, compat};
use super::flags::{self, Does};

/// A scanner with a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Gitleaks,
    Betterleaks,
    Trufflehog,
    Kingfisher,
    Ggshield,
    DetectSecrets,
    DetectSecretsHook,
    Secretlint,
    Ripsecrets,
}

impl Tool {
    pub(super) const ALL: [Self; 9] = [
        Self::Gitleaks,
        Self::Betterleaks,
        Self::Trufflehog,
        Self::Kingfisher,
        Self::Ggshield,
        Self::DetectSecrets,
        Self::DetectSecretsHook,
        Self::Secretlint,
        Self::Ripsecrets,
    ];

    /// Its program.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gitleaks => "gitleaks",
            Self::Betterleaks => "betterleaks",
            Self::Trufflehog => "trufflehog",
            Self::Kingfisher => "kingfisher",
            Self::Ggshield => "ggshield",
            Self::DetectSecrets => "detect-secrets",
            Self::DetectSecretsHook => "detect-secrets-hook",
            Self::Secretlint => "secretlint",
            Self::Ripsecrets => "ripsecrets",
        }
    }

    /// Does it use the configurations that are converted?
    pub(super) fn is_configured(self) -> bool {
        matches!(self, Self::Gitleaks | Self::Betterleaks)
    }
}

/// A command line of ours.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ours {
    /// From `stanch` on.
    pub(super) words: Vec<String>,
    /// What is otherwise than before.
    pub(super) notes: Vec<String>,
    /// Files it names that list expressions for paths to leave out.
    pub(super) excluding: Vec<String>,
    /// Files it names that list secrets that are known.
    pub(super) known: Vec<String>,
    /// The configuration it names.
    pub(super) config: Option<String>,
}

impl Ours {
    /// As it is written in a shell.
    pub(super) fn line(&self) -> String {
        self.words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

/// What is scanned.
#[derive(Debug, Default, PartialEq, Eq)]
enum What {
    #[default]
    Files,
    History,
    Staged,
    PrePush,
    PreReceive,
    Range(String),
    Since(String),
}

/// A command line of ours for the arguments of another scanner, as they were written in a shell; or why there is none, and what to do.
pub(super) fn ours(tool: Tool, written: &[String]) -> Result<Ours, String> {
    let words: Vec<String> = written.iter().map(|word| plain(word)).collect();
    if words.iter().any(|word| matches!(word.as_str(), "--version" | "version" | "--help" | "-h" | "help")) {
        return Err("it scans nothing: leave it out".to_owned());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match tool {
        Tool::Gitleaks | Tool::Betterleaks => gitleaks(tool, &words),
        Tool::Trufflehog => trufflehog(&words),
        Tool::Kingfisher => kingfisher(&words),
        Tool::Ggshield => ggshield(&words),
        Tool::DetectSecrets => Err(detect_secrets(&words)),
        Tool::DetectSecretsHook => {
            let mut line = Line::read(tool, flags::DETECT_SECRETS_HOOK, &words)?;
            line.what = What::Staged;
            line.paths.clear();
            Ok(line.ours())
        }
        Tool::Secretlint => secretlint(&words),
        Tool::Ripsecrets => {
            let mut line = Line::read(tool, flags::RIPSECRETS, &words)?;
            if line.paths.iter().any(|path| is_staged(path)) {
                line.what = What::Staged;
                line.paths.clear();
            }
            Ok(line.ours())
        }
    }
}

/// gitleaks' words are those that our command line takes.
fn gitleaks(tool: Tool, words: &[&str]) -> Result<Ours, String> {
    let is_fs = tool == Tool::Betterleaks;
    let staged = words.iter().any(|word| matches!(*word, "--staged" | "--pre-commit" | "protect"));
    let words = words.iter().filter(|word| !(staged && is_staged(word)));
    let words = words.map(|word| if is_fs && *word == "fs" { "dir" } else { word });
    let line = std::iter::once("stanch").chain(words).map(OsString::from);
    let compat::Spelled { args, config, notes } = match compat::spelled(line) {
        Ok(Some(spelled)) => spelled,
        Ok(None) => return Err("none of its words that is known: `stanch scan --help` says how to scan what".to_owned()),
        Err(e) => return Err(e.to_string()),
    };
    let of_clap = |e: clap::Error| {
        let text = e.to_string();
        let first = text.lines().next().unwrap_or_default();
        format!("{}; see `stanch scan --help`", first.trim_start_matches("error: "))
    };
    args::Cli::try_parse_from(&args).map_err(of_clap)?;
    let words = args.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let config = config.map(|path| path.display().to_string());
    Ok(Ours { words, notes, config, ..Ours::default() })
}

fn trufflehog(words: &[&str]) -> Result<Ours, String> {
    let at = words.iter().position(|word| !word.starts_with('-')).unwrap_or(words.len());
    let rest = [&words[..at], words.get(at + 1..).unwrap_or_default()].concat();
    let word = words.get(at).copied().unwrap_or_default();
    match word {
        "git" | "filesystem" => {}
        "docker" => {
            return Err("save the image and scan that: `docker save IMAGE -o image.tar`, `stanch scan image.tar`".to_owned());
        }
        "stdin" => return Err("write `stanch scan -`".to_owned()),
        "github" | "gitlab" => {
            return Err("it reads a service: clone the repositories, then `stanch scan --history FOLDER`".to_owned());
        }
        _ => {
            return Err(
                "stanch reads files, streams and git repositories only: fetch the data, then `stanch scan PATH`".to_owned()
            );
        }
    }
    let mut line = Line::read(Tool::Trufflehog, flags::TRUFFLEHOG, &rest)?;
    if word == "git" {
        for path in &mut line.paths {
            let bare = path.trim_start_matches(['"', '\'']);
            if path.contains("://") && !bare.starts_with("file://") || bare.starts_with("git@") {
                return Err("it fetches a repository: clone it, then `stanch scan --history FOLDER`".to_owned());
            }
            *path = path.replacen("file://", "", 1);
        }
        line.commits()?;
    }
    if !line.fails {
        line.notes.push("findings end it with code 1; trufflehog did so with `--fail` only".to_owned());
    }
    Ok(line.ours())
}

fn kingfisher(words: &[&str]) -> Result<Ours, String> {
    if words.first() != Some(&"scan") {
        return Err("none of its words that is known: `stanch scan --help` says how to scan what".to_owned());
    }
    let mut line = Line::read(Tool::Kingfisher, flags::KINGFISHER, &words[1..])?;
    if line.paths.iter().any(|path| path.contains("://") || path.starts_with("git@")) {
        return Err("it fetches a repository: clone it, then `stanch scan --history FOLDER`".to_owned());
    }
    // Its subcommands for services.
    if let Some(
        "github" | "gitlab" | "gitea" | "bitbucket" | "azure" | "huggingface" | "s3" | "gcs" | "docker" | "slack" | "jira"
        | "confluence",
    ) = line.paths.first().map(String::as_str)
    {
        return Err("it reads a service: fetch the data, then `stanch scan PATH`".to_owned());
    }
    if line.what != What::Staged && !line.only_files {
        line.commits()?;
        if line.what == What::History {
            line.notes.push("this scans the history; `stanch scan` scans what is not committed".to_owned());
        }
    }
    Ok(line.ours())
}

fn ggshield(words: &[&str]) -> Result<Ours, String> {
    let words: Vec<&str> =
        words.iter().copied().skip_while(|word| matches!(*word, "secret" | "-v" | "--verbose" | "--debug")).collect();
    let Some(("scan", rest)) = words.split_first().map(|(first, rest)| (*first, rest)) else {
        return Err("it scans nothing: leave it out".to_owned());
    };
    let at = rest.iter().position(|word| flags::GGSHIELD_WORDS.contains(word));
    let Some(at) = at else {
        return Err("none of its words that is known: `stanch scan --help` says how to scan what".to_owned());
    };
    let word = rest[at];
    let rest = [&rest[..at], &rest[at + 1..]].concat();
    let mut line = Line::read(Tool::Ggshield, flags::GGSHIELD, &rest)?;
    match word {
        "pre-commit" => line.what = What::Staged,
        "pre-push" => line.what = What::PrePush,
        "pre-receive" => line.what = What::PreReceive,
        "repo" => line.what = What::History,
        "path" | "archive" => {}
        "commit-range" if line.paths.len() == 1 && line.paths[0].contains("..") => line.what = What::Range(line.paths.remove(0)),
        "docker" => {
            return Err("save the image and scan that: `docker save IMAGE -o image.tar`, `stanch scan image.tar`".to_owned());
        }
        "ci" => return Err("write `stanch ci`, which knows what a job is about".to_owned()),
        _ => return Err("fetch the data, then `stanch scan PATH`".to_owned()),
    }
    if line.what == What::Staged {
        line.paths.clear();
    }
    Ok(line.ours())
}

/// Its `scan` keeps a baseline.
fn detect_secrets(words: &[&str]) -> String {
    match words.first() {
        Some(&"audit") => "write `stanch baseline audit`".to_owned(),
        Some(&"scan") => {
            "to keep the baseline, write `stanch baseline create` or `update`; to find secrets, `stanch scan`".to_owned()
        }
        _ => "none of its words that is known: `stanch scan --help` says how to scan what".to_owned(),
    }
}

fn secretlint(words: &[&str]) -> Result<Ours, String> {
    let mut line = Line::read(Tool::Secretlint, flags::SECRETLINT, words)?;
    for path in &mut line.paths {
        let folder = ["/**/*", "/**", "/*"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
        let folder = if matches!(folder, "**" | "*" | "**/*" | "./**/*") { "." } else { folder };
        if folder.contains(['*', '{', '!']) && !folder.starts_with('{') {
            return Err("it names files by a glob: name folders, `stanch scan FOLDER`".to_owned());
        }
        *path = folder.to_owned();
    }
    Ok(line.ours())
}

/// Does a word stand for the files that are staged?
fn is_staged(word: &str) -> bool {
    word.contains("git diff") || word == "{staged_files}"
}

/// A command line on its way.
#[derive(Debug, Default)]
struct Line {
    what: What,
    paths: Vec<String>,
    flags: Vec<String>,
    notes: Vec<String>,
    excluding: Vec<String>,
    known: Vec<String>,
    since: Option<String>,
    branch: Option<String>,
    fails: bool,
    only_files: bool,
}

impl Line {
    fn read(tool: Tool, table: &[flags::Flag], words: &[&str]) -> Result<Self, String> {
        let mut line = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if !word.starts_with('-') || *word == "-" {
                line.paths.push((*word).to_owned());
                continue;
            }
            let (name, glued) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
            let shown = crate::base::text::without_tokens(name);
            let Some((_, valued, does)) = table.iter().find(|(names, ..)| names.split('|').any(|one| one == name)) else {
                return Err(format!("`{shown}` of {} is not known here; `stanch scan --help` says what there is", tool.name()));
            };
            let value = match (valued, glued) {
                (true, Some(value)) => value.to_owned(),
                (true, None) => (*words.next().ok_or_else(|| format!("`{shown}` needs a value"))?).to_owned(),
                (false, _) => String::new(),
            };
            line.flag(*does, (&shown, value))?;
        }
        Ok(line)
    }

    fn flag(&mut self, does: Does, (name, value): (&str, String)) -> Result<(), String> {
        match does {
            Does::Nothing => {}
            Does::Fail => self.fails = true,
            Does::Note(note) => self.notes.push(format!("without `{name}`: {note}")),
            Does::Ours(flag) => self.flags.push(flag.to_owned()),
            Does::Valued(flag) => self.flags.extend([flag.to_owned(), value]),
            Does::ByHand(why) => return Err(format!("`{name}`: {why}")),
            Does::Staged => self.what = What::Staged,
            Does::Since => self.since = Some(value),
            Does::Branch => self.branch = Some(value),
            Does::Depth => self.flags.extend(["--max-commits".to_owned(), value]),
            Does::History if value == "none" => self.only_files = true,
            Does::History => {}
            Does::Excluding => self.excluding.push(value),
            Does::Path => self.paths.push(value),
            Does::Known => self.known.push(value),
            Does::Format => match value.as_str() {
                "json" | "jsonl" | "sarif" => self.flags.extend(["--format".to_owned(), value]),
                "text" | "pretty" | "human" | "stylish" => {}
                _ => return Err(format!("`{name}`: the formats of stanch are {}", crate::report::Format::words())),
            },
        }
        Ok(())
    }

    /// What of the history is scanned.
    fn commits(&mut self) -> Result<(), String> {
        self.what = match (self.since.take(), self.branch.take()) {
            // What no commit holds yet.
            (Some(since), _) if since == "HEAD" => What::Staged,
            (Some(since), None) => What::Since(since),
            (Some(since), Some(branch)) => What::Range(format!("{since}..{branch}")),
            (None, Some(_)) => return Err("`--branch` alone: write `stanch scan --history --refs 'refs/heads/NAME'`".to_owned()),
            (None, None) => What::History,
        };
        Ok(())
    }

    fn ours(self) -> Ours {
        let mut words = vec!["stanch".to_owned(), "scan".to_owned()];
        let what: Vec<String> = match self.what {
            What::Files => Vec::new(),
            What::History => vec!["--history".to_owned()],
            What::Staged => vec!["--staged".to_owned()],
            What::PrePush => vec!["--pre-push".to_owned()],
            What::PreReceive => vec!["--pre-receive".to_owned()],
            What::Range(range) => vec!["--range".to_owned(), range],
            What::Since(commit) => vec!["--history".to_owned(), "--since-commit".to_owned(), commit],
        };
        words.extend(what);
        words.extend(self.flags);
        words.extend(self.paths);
        Ours { words, notes: self.notes, excluding: self.excluding, known: self.known, config: None }
    }
}

/// A word without the quotes around it, if they change nothing.
fn plain(word: &str) -> String {
    let inner = |quote: char| word.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| !inner.contains(quote));
    let is_plain = |inner: &&str| !inner.contains(['$', '`', '\\', '"', '\'', ' ']);
    inner('"').or_else(|| inner('\'')).filter(is_plain).unwrap_or(word).to_owned()
}

/// A word as a shell takes it; one that holds quotes or variables was written for a shell.
fn quoted(word: &str) -> String {
    let is_raw = word.contains(['$', '"', '\'', '`', '{']);
    let needs = word.is_empty() || word.contains([' ', '*', '?', '[', ';', '&', '|', '<', '>', '(', ')', '#', '!', '\\']);
    if needs && !is_raw { format!("'{word}'") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Tool, ours};

    fn line(text: &str) -> Result<String, String> {
        let mut words = text.split(' ').map(str::to_owned);
        let name = words.next().unwrap();
        let tool = Tool::ALL.into_iter().find(|tool| tool.name() == name).unwrap();
        ours(tool, &words.collect::<Vec<_>>()).map(|ours| ours.line())
    }

    #[test]
    fn lines_become_ours() {
        let check = |text: &str, expected: &str| assert_eq!(line(text).as_deref(), Ok(expected), "{text}");
        check("gitleaks protect --staged -v", "stanch scan --staged");
        check("gitleaks git --pre-commit --redact --staged --verbose", "stanch scan --staged");
        check("gitleaks detect --source . --no-banner", "stanch scan . --history");
        check("gitleaks git --log-opts=\"$A..$B\"", "stanch scan --range \"$A..$B\"");
        check("gitleaks detect -r out.json", "stanch scan --history --format gitleaks-json --output out.json");
        check("gitleaks detect --exit-code 0", "stanch scan --exit-code 0 --history");
        check("betterleaks fs src", "stanch scan src");
        check("trufflehog git file://. --since-commit HEAD --results=verified,unknown --fail", "stanch scan --staged .");
        check(
            "trufflehog git file://. --since-commit main --branch \"$B\" --only-verified --fail",
            "stanch scan --range main..\"$B\" .",
        );
        check("trufflehog --no-update filesystem src --concurrency 2 --json", "stanch scan --jobs 2 --format=jsonl src");
        check(
            "trufflehog git \"file://$D\" --since-commit \"$A\" --branch HEAD --fail",
            "stanch scan --range \"$A\"..HEAD \"$D\"",
        );
        check("trufflehog filesystem --directory=src", "stanch scan src");
        check("kingfisher scan . --staged --redact --no-update-check", "stanch scan --staged .");
        check("kingfisher scan src --git-history=none --confidence high", "stanch scan --min-confidence high src");
        check("kingfisher scan .", "stanch scan --history .");
        check("ggshield secret scan pre-commit", "stanch scan --staged");
        check("ggshield secret scan -v pre-push \"$@\"", "stanch scan --pre-push \"$@\"");
        check("ggshield secret scan path -r . --exit-zero", "stanch scan --exit-code=0 .");
        check("ggshield secret scan commit-range A...B", "stanch scan --range A...B");
        check("ggshield secret scan --json repo .", "stanch scan --history --format=json .");
        check("detect-secrets-hook --baseline .secrets.baseline $(git\u{a0}diff)", "stanch scan --staged");
        check("secretlint \"**/*\"", "stanch scan .");
        check("secretlint src/**/* --maskSecrets", "stanch scan src");
        check("secretlint {staged_files}", "stanch scan {staged_files}");
        check("ripsecrets --strict-ignore a", "stanch scan a");
    }

    #[test]
    fn what_would_be_lost_is_said() {
        let check = |text: &str, expected: &str| {
            let why = line(text).unwrap_err();
            assert!(why.contains(expected), "{text}: {why}");
        };
        check("gitleaks version", "it scans nothing");
        check("gitleaks dir --follow-symlinks", "`--follow-symlinks` of another scanner is not supported");
        check("gitleaks dir --colour", "unexpected argument '--colour'");
        check("gitleaks colour", "none of its words");
        check("trufflehog github --org x", "it reads a service");
        check("trufflehog git https://x/y", "it fetches a repository");
        check("trufflehog s3", "fetch the data");
        check("trufflehog filesystem . --include-detectors aws", "`--include-detectors`: ");
        check("kingfisher scan . --colour", "`--colour` of kingfisher is not known here");
        check("kingfisher scan github --user x", "`--user` of kingfisher");
        check("ggshield auth login", "it scans nothing");
        check("ggshield secret scan ci", "stanch ci");
        check("detect-secrets scan", "stanch baseline");
        check("secretlint **/*.md", "by a glob");
        check("ripsecrets --install-pre-commit", "`stanch hook install`");
    }

    #[test]
    fn what_is_otherwise_is_told() {
        let notes = |tool, words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            ours(tool, &words).unwrap()
        };
        let ours = notes(Tool::Trufflehog, &["filesystem", ".", "--only-verified", "--exclude-paths=x.txt"]);
        assert_eq!(ours.excluding, ["x.txt"]);
        assert!(ours.notes[0].starts_with("without `--only-verified`: ") && ours.notes[1].contains("code 1"), "{:?}", ours.notes);
        let ours = notes(Tool::Gitleaks, &["dir", "-c", "x.toml", "--timeout", "9"]);
        assert_eq!((ours.config.as_deref(), ours.notes.len()), (Some("x.toml"), 1));
    }
}
