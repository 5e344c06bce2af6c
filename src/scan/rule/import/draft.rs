//! A rule on its way from another scanner's format into ours, and how it is written.
//!
//! It must not know the other formats. Start with [`Draft::write`].

use std::fmt::Write as _;

use super::super::ignore::Ignore;
use super::super::{Group, Required, Role};
use crate::scan::finding::Confidence;

/// What is known of a rule.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// The id it has there.
    pub(super) foreign_id: String,
    pub(super) id: String,
    pub(super) about: String,
    pub(super) category: String,
    pub(super) confidence: Confidence,
    pub(super) url: Option<String>,
    /// In Rust's syntax.
    pub(super) regex: String,
    pub(super) group: Group,
    pub(super) contains: Vec<String>,
    /// A secret is random that has more bits per character than this.
    pub(super) entropy: f64,
    /// Is it random with just as many, too?
    pub(super) reached: bool,
    pub(super) paths: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) ignore: Vec<Ignore>,
    pub(super) required: Vec<Required>,
    pub(super) role: Role,
}

impl Draft {
    /// One of another scanner's id, with what our format wants besides.
    pub(super) fn new(foreign_id: &str, id: String, about: &str) -> Self {
        let generic = foreign_id.to_ascii_lowercase().contains("generic");
        let about = one_line(about);
        Self {
            foreign_id: foreign_id.to_owned(),
            id,
            about: if about.is_empty() { one_line(foreign_id) } else { about },
            category: if generic { "generic" } else { "imported" }.to_owned(),
            confidence: if generic { Confidence::Low } else { Confidence::Medium },
            url: None,
            regex: String::new(),
            group: Group::Named,
            contains: Vec::new(),
            entropy: 0.0,
            reached: false,
            paths: Vec::new(),
            tags: Vec::new(),
            ignore: Vec::new(),
            required: Vec::new(),
            role: Role::Finding,
        }
    }

    /// As a `[[rule]]`.
    pub(super) fn write(&self) -> String {
        let mut out = String::from("\n[[rule]]\n");
        let mut line = |name: &str, value: &str| out.push_str(&format!("{name} = {value}\n"));
        line("id", &quoted(&self.id));
        line("foreign_id", &quoted(&self.foreign_id));
        line("about", &quoted(self.about.trim_end_matches('.')));
        line("category", &quoted(&self.category));
        line("severity", "\"high\"");
        line("confidence", &quoted(self.confidence.word()));
        self.url.iter().for_each(|url| line("url", &quoted(url)));
        line("search", "\"text\"");
        line("regex", &quoted(&self.regex));
        match self.group {
            Group::Named => {}
            Group::Number(n) => line("group", &n.to_string()),
            Group::First => line("group", "\"first\""),
        }
        list(&mut line, "contains", &self.contains);
        if self.entropy > 0.0 {
            line("entropy", &float(if self.reached { self.entropy as f32 } else { above(self.entropy) }));
        }
        if !self.paths.is_empty() {
            line("paths", &format!("{{ matching = {} }}", quoted_list(&self.paths)));
        }
        line("placeholders", "\"kept\"");
        list(&mut line, "tags", &self.tags);
        if self.role == Role::Companion {
            line("role", "\"companion\"");
        }
        for required in &self.required {
            out.push_str(&format!("\n[[rule.required]]\nrule = {}\n", quoted(&required.rule)));
            for (name, most) in [("lines", required.lines), ("columns", required.columns)] {
                most.iter().for_each(|most| out.push_str(&format!("{name} = {most}\n")));
            }
        }
        self.ignore.iter().for_each(|ignore| out.push_str(&ignored("rule.ignore", ignore)));
        out
    }
}

/// An `[[ignore]]`, under the name of its table.
pub(super) fn ignored(table: &str, ignore: &Ignore) -> String {
    let mut out = format!("\n[[{table}]]\n");
    let mut line = |name: &str, value: &str| out.push_str(&format!("{name} = {value}\n"));
    if !ignore.why.is_empty() {
        line("why", &quoted(&one_line(&ignore.why)));
    }
    if ignore.all {
        line("all", "true");
    }
    list(&mut line, "words", &ignore.words);
    for (name, items) in ignore.lists() {
        list(&mut line, name, items);
    }
    out
}

fn list(line: &mut impl FnMut(&str, &str), name: &str, items: &[String]) {
    if !items.is_empty() {
        line(name, &quoted_list(items));
    }
}

fn quoted_list(items: &[String]) -> String {
    let all: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    if all.iter().map(String::len).sum::<usize>() < 100 {
        return format!("[{}]", all.join(", "));
    }
    format!("[\n    {},\n]", all.join(",\n    "))
}

/// A string of TOML: as it is where that is possible.
pub(super) fn quoted(text: &str) -> String {
    if !text.contains('\'') && !text.chars().any(char::is_control) {
        let plain = !text.contains(['"', '\\']);
        return if plain { format!("\"{text}\"") } else { format!("'{text}'") };
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => write!(out, "\\u{:04X}", u32::from(c)).unwrap_or_default(),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The least number that is above another one, as far as a rule can tell: an entropy must reach it, where others must exceed it.
fn above(entropy: f64) -> f32 {
    let near = entropy as f32;
    // Only a number that is spelled exactly is ever met exactly.
    if f64::from(near).to_bits() == entropy.to_bits() { near.next_up() } else { near }
}

fn float(number: f32) -> String {
    let text = number.to_string();
    if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
}

/// Foreign text on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{above, float, quoted, quoted_list};

    #[test]
    fn strings_come_back() {
        for text in ["", "a", "a\"b", "it's", "\\d'\n\t\r\u{1}é", "''' \"\"\"", "c:\\x"] {
            let table: toml::Table =
                toml::from_str(&format!("x = {}\ny = {}", quoted(text), quoted_list(&[text.to_owned()]))).unwrap();
            assert_eq!(table["x"].as_str(), Some(text));
            assert_eq!(table["y"][0].as_str(), Some(text));
        }
    }

    #[test]
    fn an_entropy_must_be_exceeded() {
        let check = |entropy: f64, expected: &str| assert_eq!(float(above(entropy)), expected);
        check(3.8, "3.8");
        check(2.0, "2.0000002");
        check(3.5, "3.5000002");
    }
}
