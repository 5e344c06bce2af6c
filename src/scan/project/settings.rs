//! `[rules]` of a `stanch.toml`: which rules its project is scanned with, and from which severity and confidence on findings count.
//!
//! It must not load rules. Start with [`Settings`].

use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::{Content, Error, Field};
use crate::base::date::Date;
use crate::scan::finding::{Confidence, Severity};

const FIELDS: &[&str] = &["files", "only", "except", "enable", "as_of", "min_severity", "min_confidence"];

/// What stands in `[rules]`; what does not is as without the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Files and folders with more rules, from the folder of the `stanch.toml`, with `/` between their parts.
    pub files: Vec<String>,
    /// Only these rules: ids, categories, providers or tags, `*` for any characters.
    pub only: Vec<String>,
    /// Rules left out, named in the same way.
    pub except: Vec<String>,
    /// Rules that are off by default and used here.
    pub enable: Vec<String>,
    /// Only rules that were there on this day.
    pub as_of: Option<Date>,
    /// Findings below it are counted only.
    pub min_severity: Option<Severity>,
    /// Findings below it are counted only.
    pub min_confidence: Option<Confidence>,
    /// Line of `[rules]`, from 1; 0 without.
    pub line: usize,
}

impl Content<'_> {
    pub(super) fn settings(&self, field: Field<'_, '_>) -> Result<Settings, Error> {
        let Some(table) = field.get_ref().as_table() else {
            return Err(self.error(field.span().start, "rules", "must be written as [rules]"));
        };
        self.known_fields(table, "rules.", FIELDS)?;
        let of = |name: &'static str| table.get(name).map(|value| (name, value));
        let names = |name| {
            let wrong = "must be the id, category or provider of a rule, such as \"github-*\", or a list of them";
            of(name).map_or(Ok(Vec::new()), |field| self.list("rules", field, wrong))
        };
        let files = of("files").map_or(Ok(Vec::new()), |field| {
            let wrong = "must be a file or folder with rules, such as \"rules/acme.toml\", or a list of them";
            let files = self.list("rules", field, wrong)?;
            match files.iter().find(|path| !stays_below(path)) {
                Some(_) => Err(self.error(field.1.span().start, "rules.files", "leads out of the folder of this file")),
                None => Ok(files),
            }
        })?;
        Ok(Settings {
            files,
            only: names("only")?,
            except: names("except")?,
            enable: names("enable")?,
            as_of: of("as_of").map(|(_, day)| self.day(day, "rules.as_of")).transpose()?,
            min_severity: of("min_severity").map(|field| self.word(field, "info, low, medium, high or critical")).transpose()?,
            min_confidence: of("min_confidence").map(|field| self.word(field, "low, medium or high")).transpose()?,
            line: self.line(field.span().start),
        })
    }

    /// One of a few words.
    fn word<T: DeserializeOwned>(&self, (name, field): (&str, Field<'_, '_>), allowed: &str) -> Result<T, Error> {
        let read = |word: &str| {
            let word: StrDeserializer<'_, WordError> = word.into_deserializer();
            T::deserialize(word).ok()
        };
        let wrong = || self.error(field.span().start, format!("rules.{name}"), format!("must be {allowed}"));
        field.get_ref().as_str().and_then(read).ok_or_else(wrong)
    }
}

/// A path that leads to nothing above the folder it starts from.
fn stays_below(path: &str) -> bool {
    !path.starts_with(['/', '~']) && !path.contains('\\') && path.split('/').all(|part| part != "..")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Settings, stays_below};
    use crate::scan::finding::{Confidence, Severity};
    use crate::scan::project::Project;

    fn parse(rules: &str) -> Result<Settings, String> {
        let source = format!("version = 1\n[rules]\n{rules}\n");
        Project::parse(Path::new("s"), source.as_bytes()).map(|project| project.settings).map_err(|e| e.to_string())
    }

    #[test]
    fn every_field_is_read() {
        let all = "files = 'acme.toml'\nonly = ['github-*', 'ai']\nexcept = 'generic'\nenable = ['x']\nas_of = 2026-11-30\nmin_severity = 'medium'\nmin_confidence = 'high'";
        let read = parse(all).unwrap();
        assert_eq!(
            (read.files, read.only.len(), read.except, read.enable),
            (vec!["acme.toml".to_owned()], 2, vec!["generic".to_owned()], vec!["x".to_owned()])
        );
        assert_eq!(read.as_of.unwrap().to_string(), "2026-11-30");
        assert_eq!((read.min_severity, read.min_confidence, read.line), (Some(Severity::Medium), Some(Confidence::High), 2));
        assert_eq!(parse("").unwrap(), Settings { line: 2, ..Settings::default() });
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |line: &str, expected: &str| assert_eq!(parse(line).unwrap_err(), format!("s:3: {expected}"));
        check(
            "exclude = 1",
            "rules.exclude: unknown field; allowed are files, only, except, enable, as_of, min_severity, min_confidence",
        );
        check("only = []", "rules.only: must be the id, category or provider of a rule, such as \"github-*\", or a list of them");
        check("files = ['../x.toml']", "rules.files: leads out of the folder of this file");
        check("as_of = '2026-11-30'", "rules.as_of: must be a date without quotes, such as 2027-01-01");
        check("min_severity = 'hgh'", "rules.min_severity: must be info, low, medium, high or critical");
        check("min_confidence = 1", "rules.min_confidence: must be low, medium or high");
        let array = Project::parse(Path::new("s"), b"version = 1\nrules = 1").unwrap_err().to_string();
        assert_eq!(array, "s:2: rules: must be written as [rules]");
    }

    #[test]
    fn paths_that_lead_out() {
        assert!(stays_below("rules/acme.toml") && stays_below("a..b"));
        assert!(!stays_below("/etc/rules") && !stays_below("a/../../b") && !stays_below("~/x") && !stays_below("a\\..\\b"));
    }
}
