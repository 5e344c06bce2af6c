//! Rules of other scanners, converted into ours. What cannot be converted is named, never dropped in silence.
//!
//! It must not know the command line, nor read a file that the caller did not hand over. Start with [`convert`]; one file per foreign format,
//! [`draft`] is what they make.

mod detect_secrets;
mod draft;
mod expr;
mod fields;
mod gitleaks;
mod go;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::HashSet;
use std::path::Path;

use super::load;
use crate::base::text::without_tokens;
use draft::Draft;

/// A file that cannot be converted at all.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {what}", .path, .line.map(|n| format!(":{n}")).unwrap_or_default())]
pub struct ImportError {
    /// The file.
    pub path: String,
    /// Line, from 1, if it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

/// A format of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `gitleaks.toml`.
    Gitleaks,
    /// The same with expressions.
    Betterleaks,
    /// YAML rules, with what a secret must hold.
    Kingfisher,
    /// YAML rules.
    NoseyParker,
    /// The plugins and filters at the top of a `.secrets.baseline`.
    DetectSecrets,
}

impl Format {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Gitleaks, Self::Betterleaks, Self::Kingfisher, Self::NoseyParker, Self::DetectSecrets];

    /// Its name: that of the scanner.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gitleaks => "gitleaks",
            Self::Betterleaks => "betterleaks",
            Self::Kingfisher => "kingfisher",
            Self::NoseyParker => "noseyparker",
            Self::DetectSecrets => "detect-secrets",
        }
    }

    /// Where its scanner is described.
    fn url(self) -> &'static str {
        match self {
            Self::Gitleaks => "https://github.com/gitleaks/gitleaks",
            Self::Betterleaks => "https://github.com/betterleaks/betterleaks",
            Self::Kingfisher => "https://github.com/mongodb/kingfisher",
            Self::NoseyParker => "https://github.com/praetorian-inc/noseyparker",
            Self::DetectSecrets => "https://github.com/Yelp/detect-secrets",
        }
    }
}

/// A foreign file, with those that it builds on.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its name, for messages.
    pub path: &'a str,
    /// Its content.
    pub text: &'a str,
    /// What it extends: the default configuration, or the files it names, the nearest first.
    pub bases: &'a [(String, String)],
}

/// What could not be converted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// The id of the rule, unless it concerns the file.
    pub rule: Option<String>,
    /// The field.
    pub field: String,
    /// Why, without values.
    pub why: String,
}

/// A converted file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Converted {
    /// A rule file; empty if no rule could be converted.
    pub text: String,
    /// How many rules it has.
    pub rules: usize,
    /// What is missing in it.
    pub left: Vec<Left>,
    /// What to know when it is used.
    pub notes: Vec<String>,
    /// How many rules could not be converted.
    pub dropped: usize,
    /// Is it meant to be used together with default rules that it does not hold?
    pub extends: bool,
}

/// What a configuration silences of findings that rules of others make.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Silenced {
    /// Regular expressions on paths, as they are written there.
    pub paths: Vec<String>,
    /// Regular expressions that a value matches, in Rust's syntax.
    pub values: Vec<String>,
    /// What cannot be said so.
    pub left: Vec<Left>,
}

/// What a format's reader makes.
#[derive(Debug, Default)]
struct Drafts {
    rules: Vec<Draft>,
    /// For all of them.
    ignore: Vec<super::ignore::Ignore>,
    left: Vec<Left>,
    notes: Vec<String>,
    /// Rules that ask a service.
    online: usize,
    /// Rules of which no draft was made.
    dropped: usize,
    /// Are there default rules that it builds on?
    extends: bool,
}

impl Drafts {
    fn leave(&mut self, rule: Option<&str>, field: &str, why: impl Into<String>) {
        let rule = rule.map(|id| without_tokens(&draft::one_line(id)).chars().take(80).collect());
        let why = without_tokens(&draft::one_line(&why.into()));
        self.left.push(Left { rule, field: draft::one_line(field).chars().take(40).collect(), why });
    }
}

/// Converts a file.
///
/// # Errors
/// If it is not in the format at all.
pub fn convert(format: Format, source: Source<'_>) -> Result<Converted, ImportError> {
    let mut drafts = match format {
        Format::Gitleaks | Format::Betterleaks => gitleaks::read(format, source)?,
        Format::Kingfisher | Format::NoseyParker => yaml::read(format, source)?,
        Format::DetectSecrets => detect_secrets::read(source)?,
    };
    if drafts.online > 0 {
        let note = format!(
            "{} of its rules ask services whether a credential works, or how to revoke it: stanch asks nobody.",
            drafts.online
        );
        drafts.notes.push(note);
    }
    let head = head(format, &drafts);
    let mut body = String::new();
    let mut rules = 0;
    let all: HashSet<String> = drafts.rules.iter().map(|draft| draft.id.clone()).collect();
    for mut draft in std::mem::take(&mut drafts.rules) {
        // What every match contains is as good as words: the text is searched around it alone.
        if draft.contains.is_empty()
            && let Some(found) = super::required::facts(&draft.regex).required
        {
            draft.contains = found.literals;
        }
        if let Some(other) = draft.required.iter().find(|other| !all.contains(&other.rule)) {
            drafts.leave(Some(&draft.foreign_id), "required", format!("no rule `{}` was converted", other.rule));
            drafts.dropped += 1;
            continue;
        }
        let text = draft.write();
        // Whatever our own reader does not take was not converted.
        match load::parse_toml(Path::new("rule"), &format!("{head}{text}")) {
            Ok(_) => {
                body.push_str(&text);
                rules += 1;
            }
            Err(e) => {
                drafts.leave(Some(&draft.foreign_id), "rule", reason(&e.to_string()));
                drafts.dropped += 1;
            }
        }
    }
    let text = if rules == 0 { String::new() } else { comments(format, &source, &drafts) + &head + &body };
    let Drafts { left, notes, dropped, extends, .. } = drafts;
    Ok(Converted { text, rules, left, notes, dropped, extends })
}

/// What a configuration of gitleaks or betterleaks that extends the default rules silences of their findings.
///
/// # Errors
/// If it is none.
pub fn silenced(path: &str, text: &str) -> Result<Silenced, ImportError> {
    gitleaks::silenced(path, text)
}

/// The format that a file seems to have, by its name and its content.
#[must_use]
pub fn recognise(path: &str, text: &str) -> Option<Format> {
    let is_yaml = [".yml", ".yaml"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
    if is_yaml {
        return yaml::is_one(text);
    }
    if gitleaks::is_one(text) {
        return Some(if gitleaks::is_better(text) { Format::Betterleaks } else { Format::Gitleaks });
    }
    if detect_secrets::is_one(text) { Some(Format::DetectSecrets) } else { yaml::is_one(text) }
}

/// What is wrong with a file that is in no format because it breaks off, or is not what its name says.
#[must_use]
pub fn broken(path: &str, text: &str) -> Option<ImportError> {
    let end = Path::new(path).extension().and_then(|end| end.to_str()).map(str::to_ascii_lowercase).unwrap_or_default();
    let error = |line, what: &str| ImportError { path: path.to_owned(), line, what: what.to_owned() };
    if end == "toml" {
        return gitleaks::syntax(path, text).err();
    }
    if matches!(end.as_str(), "yml" | "yaml") {
        return yaml::document(text).err().map(|(line, what)| error(line, &what));
    }
    let is_json = end == "json" || text.trim_start().starts_with('{');
    let wrong = serde_json::from_str::<serde::de::IgnoredAny>(text).err().filter(|_| is_json)?;
    Some(error(Some(wrong.line()), "it is no JSON"))
}

/// The file that another one says it builds on, as it names it.
#[must_use]
pub fn extends(format: Format, text: &str) -> Option<String> {
    match format {
        Format::Gitleaks | Format::Betterleaks => gitleaks::extends_file(text),
        Format::Kingfisher | Format::NoseyParker | Format::DetectSecrets => None,
    }
}

/// The words of an error of our reader without the place, which is none of the foreign file.
fn reason(error: &str) -> String {
    error.split_once("field ").map_or(error, |(_, what)| what).to_owned()
}

/// What all rules share.
fn head(format: Format, drafts: &Drafts) -> String {
    let mut out = format!(
        "\nimported = \"{0}\"\nprovider = \"Imported from {0}\"\nurl = \"{1}\"\nfix = \"Revoke the credential where it was issued, then issue a new one.\"\n",
        format.word(),
        format.url()
    );
    drafts.ignore.iter().for_each(|ignore| out.push_str(&draft::ignored("ignore", ignore)));
    out
}

fn comments(format: Format, source: &Source<'_>, drafts: &Drafts) -> String {
    let mut out = format!("# Rules of {} converted by `stanch rules import`: {}\n", format.word(), draft::one_line(source.path));
    let mut line = |text: &str| out.push_str(&format!("# {}\n", crate::base::text::sanitise(text.as_bytes())));
    drafts.notes.iter().for_each(|note| line(note));
    if !drafts.left.is_empty() {
        line("Left out:");
    }
    drafts.left.iter().for_each(|left| line(&format!("- {left}")));
    out
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "rule `{rule}`, {}: {}", self.field, self.why),
            None => write!(f, "{}: {}", self.field, self.why),
        }
    }
}

/// Gives ids in our spelling, each once.
#[derive(Debug)]
struct Ids {
    prefix: &'static str,
    taken: HashSet<String>,
}

impl Ids {
    fn new(format: Format) -> Self {
        Self { prefix: format.word(), taken: HashSet::new() }
    }

    /// Ours for a foreign id, the first time it is asked for.
    fn plain(&self, foreign: &str) -> String {
        let lower = foreign.to_ascii_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        // An id that begins with the scanner's name, or with the short one of Nosey Parker, says it once.
        let words = words.strip_prefix(&[self.prefix]).or_else(|| words.strip_prefix(&["np"])).unwrap_or(&words);
        format!("{}-{}", self.prefix, words.join("-"))
    }

    fn give(&mut self, foreign: &str) -> String {
        let plain = self.plain(foreign);
        let numbered = (2..).map(|n| format!("{plain}-{n}"));
        let id = std::iter::once(plain.clone()).chain(numbered).find(|id| !self.taken.contains(id)).unwrap_or(plain);
        self.taken.insert(id.clone());
        id
    }
}
