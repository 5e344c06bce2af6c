//! The rules of a SARIF run: only those with a result in it.
//!
//! It must not know places. Start with [`Rules`].

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use serde_sarif::sarif::{MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor};

use super::{Hit, level};
use crate::base::text::sanitise;
use crate::scan::finding::{Confidence, Finding, Severity};
use crate::scan::rule::Rule;
use crate::scan::rule::precision::{Precision, measured};

/// GitHub's longest name and description.
const LONGEST_NAME: usize = 255;
const LONGEST_TEXT: usize = 1024;

/// The rules with results, each with the severity its results have.
pub(super) struct Rules {
    rules: Vec<(Arc<Rule>, Severity)>,
    index: HashMap<(String, Severity), usize>,
}

impl Rules {
    pub(super) fn of(hits: &[&Hit<'_>]) -> Self {
        let mut all = Self { rules: Vec::new(), index: HashMap::new() };
        for Hit { finding, .. } in hits {
            let next = all.rules.len();
            let index = *all.index.entry(key(finding)).or_insert(next);
            if index == next {
                all.rules.push((Arc::clone(&finding.rule), finding.severity));
            }
        }
        all
    }

    /// Index of a finding's rule in [`Self::descriptors`].
    pub(super) fn index(&self, finding: &Finding) -> usize {
        self.index.get(&key(finding)).copied().unwrap_or_default()
    }

    /// The rule's id, with its severity behind it where a check changed that.
    pub(super) fn id(&self, index: usize) -> String {
        let (rule, severity) = &self.rules[index];
        let id = sanitise(rule.id.as_bytes());
        if *severity == rule.severity { id.into_owned() } else { format!("{id}/{}", severity.word()) }
    }

    pub(super) fn descriptors(&self) -> Vec<ReportingDescriptor> {
        self.rules.iter().enumerate().map(|(i, (rule, severity))| descriptor(self.id(i), rule, *severity)).collect()
    }
}

fn key(finding: &Finding) -> (String, Severity) {
    (finding.rule.id.clone(), finding.severity)
}

fn descriptor(id: String, rule: &Rule, severity: Severity) -> ReportingDescriptor {
    let [about, provider, fix, url] = [&rule.about, &rule.provider, &rule.fix, &rule.url].map(|t| sanitise(t.as_bytes()));
    let full = format!("{about}, issued by {provider}, was found in plain text. {fix}");
    let help = format!("{about} in plain text. {fix} More: {url}");
    let markdown = format!("**{}** in plain text.\n\n{}\n\nMore: <{}>", literal(&about), literal(&fix), link(&url));
    let builder = ReportingDescriptor::builder()
        .name(cut(&name(&id), LONGEST_NAME))
        .short_description(text(cut(&about, LONGEST_TEXT)))
        .full_description(text(cut(&full, LONGEST_TEXT)))
        .help(MultiformatMessageString::builder().text(braces(&help)).markdown(braces(&markdown)).build())
        .help_uri(link(&url))
        .default_configuration(ReportingConfiguration::builder().level(json!(level(severity))).build())
        .properties(properties(rule, severity));
    builder.id(id).build()
}

fn properties(rule: &Rule, severity: Severity) -> PropertyBag {
    let mut tags = vec!["security".to_owned(), "secret".to_owned(), "external/cwe/cwe-798".to_owned()];
    let category = sanitise(rule.category.as_bytes()).into_owned();
    if !category.is_empty() && !tags.contains(&category) {
        tags.push(category);
    }
    let score = match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.5",
    };
    let fields = [("security-severity", score), ("precision", precision(rule)), ("problem.severity", problem(severity))];
    let mut fields: Vec<_> = fields.map(|(key, value)| (key.to_owned(), json!(value))).into();
    if let Some(known) = measured(&rule.id) {
        fields.push(("measured".to_owned(), json!(format!("{:.2}, n={}", known.share(), known.judged()))));
    }
    PropertyBag::builder()
        .tags(tags)
        .additional_properties(fields.into_iter().collect::<std::collections::BTreeMap<_, _>>())
        .build()
}

/// GitHub's word for how often a result is right: as measured, or as the rule claims where too little was.
fn precision(rule: &Rule) -> &'static str {
    let known = measured(&rule.id).filter(|known| known.supports().is_some());
    match (known.map(Precision::share), rule.confidence) {
        (Some(share), _) if share >= 0.95 => "very-high",
        (Some(share), _) if share >= 0.8 => "high",
        (Some(share), _) if share >= 0.5 => "medium",
        (Some(_), _) | (None, Confidence::Low) => "low",
        (None, Confidence::High) => "very-high",
        (None, Confidence::Medium) => "high",
    }
}

fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "recommendation",
    }
}

/// `github-pat/low` as `GithubPatLow`: the form that SARIF's examples use for names.
fn name(id: &str) -> String {
    let words = id.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let name: String = words.flat_map(|w| w.chars().take(1).flat_map(char::to_uppercase).chain(w.chars().skip(1))).collect();
    if name.is_empty() { "Rule".to_owned() } else { name }
}

/// An absolute web address, as `helpUri` must be.
fn link(url: &str) -> String {
    let encoded: String =
        url.bytes().map(|b| if is_url_byte(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
    if encoded.starts_with("https://") || encoded.starts_with("http://") { encoded } else { format!("https://{encoded}") }
}

fn is_url_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&b)
}

/// Markdown that shows `text` as it stands.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_[]<>#&|".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn text(words: String) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(words).build()
}

fn braces(words: &str) -> String {
    words.replace('{', "{{").replace('}', "}}")
}

/// At most `most` bytes of `words`, braces doubled.
fn cut(words: &str, most: usize) -> String {
    let doubled = braces(words);
    if doubled.len() <= most {
        return doubled;
    }
    let mut out = String::new();
    for c in words.chars() {
        let piece = braces(c.encode_utf8(&mut [0; 4]));
        if out.len() + piece.len() + 3 > most {
            break;
        }
        out.push_str(&piece);
    }
    out + "..."
}

#[cfg(test)]
mod tests {
    use super::{cut, link, literal, name};

    #[test]
    fn names() {
        let check = |id: &str, expected: &str| assert_eq!(name(id), expected);
        check("github-pat", "GithubPat");
        check("jwt/low", "JwtLow");
        check("é--x", "ÉX");
        check("--", "Rule");
    }

    #[test]
    fn links_are_absolute() {
        let check = |url: &str, expected: &str| assert_eq!(link(url), expected);
        check("https://a.b/c?d=e#f", "https://a.b/c?d=e#f");
        check("a.b/c d", "https://a.b/c%20d");
        check("javascript:alert(1)", "https://javascript:alert(1)");
        check("https://a/\"><x\u{1b}", "https://a/%22%3E%3Cx%1B");
    }

    #[test]
    fn cutting_counts_doubled_braces_and_whole_characters() {
        let check = |words: &str, most: usize, expected: &str| assert_eq!(cut(words, most), expected);
        check("abc", 3, "abc");
        check("a{b", 4, "a{{b");
        check("ab{{{{", 7, "ab{{...");
        check("éééé", 7, "éé...");
        assert_eq!(literal("a_b*<i>"), "a\\_b\\*\\<i\\>");
    }
}
