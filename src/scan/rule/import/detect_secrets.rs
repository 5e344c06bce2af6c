//! The settings of detect-secrets, as they stand at the top of its `.secrets.baseline`: which plugins are used, their limits, and what is excluded.
//!
//! It must not know what a baseline silences. Start with [`read`]. The two plugins that look for random strings become rules with their
//! limits; the others look for what stanch's own rules find. Excluded files, lines and secrets hold for the rules made here.

use serde_json::{Map, Value};

use super::super::Group;
use super::super::ignore::Ignore;
use super::draft::Draft;
use super::{Drafts, Format, Ids, ImportError, Source};

/// The plugins that come with it, and what of stanch does their work; nothing if nothing does.
const PLUGINS: &[(&str, &str)] = &[
    ("ArtifactoryDetector", "JFrog"),
    ("AWSKeyDetector", "AWS"),
    ("AzureStorageKeyDetector", "Azure"),
    ("BasicAuthDetector", "passwords in URLs"),
    ("CloudantDetector", ""),
    ("DiscordBotTokenDetector", "Discord"),
    ("GitHubTokenDetector", "GitHub"),
    ("GitLabTokenDetector", "GitLab"),
    ("IbmCloudIamDetector", "IBM"),
    ("IbmCosHmacDetector", "IBM"),
    ("IPPublicDetector", ""),
    ("JwtTokenDetector", "JWT"),
    ("KeywordDetector", "assignments to names of secrets"),
    ("MailchimpDetector", "Mailchimp"),
    ("NpmDetector", "npm"),
    ("OpenAIDetector", "OpenAI"),
    ("PrivateKeyDetector", "private keys"),
    ("PypiTokenDetector", "PyPI"),
    ("SendGridDetector", "SendGrid"),
    ("SlackDetector", "Slack"),
    ("SoftlayerDetector", ""),
    ("SquareOAuthDetector", "Square"),
    ("StripeDetector", "Stripe"),
    ("TelegramBotTokenDetector", "Telegram"),
    ("TwilioKeyDetector", "Twilio"),
];

/// Does a text look like a baseline or a configuration of detect-secrets?
pub(super) fn is_one(text: &str) -> bool {
    text.contains("\"plugins_used\"") && serde_json::from_str::<Value>(text).is_ok_and(|value| value["plugins_used"].is_array())
}

/// Reads the settings.
pub(super) fn read(source: Source<'_>) -> Result<Drafts, ImportError> {
    let error = |line, what: &str| ImportError { path: source.path.to_owned(), line, what: what.to_owned() };
    let value: Value = serde_json::from_str(source.text).map_err(|e| error(Some(e.line()), "it is no JSON"))?;
    let Some(plugins) = value["plugins_used"].as_array() else { return Err(error(None, "it has no list called `plugins_used`")) };
    let (mut out, mut ids) = (Drafts { extends: true, ..Drafts::default() }, Ids::new(Format::DetectSecrets));
    for plugin in plugins {
        let name = plugin["name"].as_str().unwrap_or_default();
        match name {
            "Base64HighEntropyString" => {
                let limit = limit(plugin, 4.5, &mut out);
                let draft = random(name, &mut ids, (r#"["']([A-Za-z0-9+/\\\-_=]+)["']"#, limit));
                out.rules.push(draft);
            }
            "HexHighEntropyString" => {
                let limit = limit(plugin, 3.0, &mut out);
                let mut draft = random(name, &mut ids, (r#"["']([0-9a-fA-F]+)["']"#, limit));
                // Numbers count for less there, and hardly any number counts for enough.
                draft.ignore.push(Ignore { secret: vec![r"\A[0-9]+\z".to_owned()], ..Ignore::default() });
                out.rules.push(draft);
            }
            name => known(name, plugin, &mut out),
        }
        unknown(plugin, &["name", "limit", "path", "keyword_exclude"], (Some(name), ""), &mut out);
    }
    filters(&value["filters_used"], &mut out);
    unknown(&value, &["version", "plugins_used", "filters_used", "results", "generated_at"], (None, ""), &mut out);
    if value.get("results").is_some() {
        out.notes.push("What it lists as `results` is a baseline, not a rule: it is not converted here.".to_owned());
    }
    Ok(out)
}

fn limit(plugin: &Value, usual: f64, out: &mut Drafts) -> f64 {
    let limit = plugin["limit"].as_f64().or_else(|| plugin["limit"].as_str()?.parse().ok());
    if limit.is_none() && !plugin["limit"].is_null() {
        out.leave(plugin["name"].as_str(), "limit", "not of the type it must have: the usual one is used");
    }
    limit.unwrap_or(usual)
}

/// Fields that nobody asks for.
fn unknown(value: &Value, known: &[&str], (rule, prefix): (Option<&str>, &str), out: &mut Drafts) {
    for name in value.as_object().into_iter().flat_map(Map::keys).filter(|name| !known.contains(&name.as_str())) {
        out.leave(rule, &format!("{prefix}{name}"), "a field that is not known");
    }
}

/// A rule for quoted strings that look random.
fn random(name: &str, ids: &mut Ids, (regex, limit): (&str, f64)) -> Draft {
    let mut draft = Draft::new(name, ids.give(name), "Quoted string that looks random");
    "generic".clone_into(&mut draft.category);
    draft.confidence = crate::scan::finding::Confidence::Low;
    regex.clone_into(&mut draft.regex);
    draft.group = Group::First;
    draft.entropy = limit;
    draft
}

/// A plugin whose work is done by stanch's own rules.
fn known(name: &str, plugin: &Value, out: &mut Drafts) {
    match PLUGINS.iter().find(|(plugin, _)| *plugin == name) {
        _ if plugin.get("path").is_some() => {
            out.leave(Some(name), "path", "a plugin of your own, written in Python: write a rule, rules/README.md")
        }
        Some((_, "")) => out.leave(Some(name), "name", "stanch has no rule for it"),
        Some((_, what)) => {
            if plugin.get("keyword_exclude").and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
                out.leave(Some(name), "keyword_exclude", "names cannot be excluded from stanch's own rules");
            }
            out.notes.push(format!("{name}: stanch's own rules do this ({what})."));
        }
        None => out.leave(Some(name), "name", "a plugin that is not known"),
    }
}

/// What is excluded by the filters that hold expressions.
fn filters(filters: &Value, out: &mut Drafts) {
    for filter in filters.as_array().into_iter().flatten() {
        let path = filter["path"].as_str().unwrap_or_default();
        let patterns: Vec<String> = match &filter["pattern"] {
            Value::String(one) => vec![one.clone()],
            Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        if patterns.is_empty() {
            // What comes with it leaves out what looks like no secret, as stanch's own rules do.
            let usual = ["allowlist", "common", "heuristic", "regex"].map(|part| format!("detect_secrets.filters.{part}."));
            if !usual.iter().any(|usual| path.starts_with(usual)) {
                out.leave(None, &format!("filters_used.{path}"), "stanch has no such filter");
            }
            continue;
        }
        let mut ignore = Ignore { why: "excluded in the settings of detect-secrets".to_owned(), ..Ignore::default() };
        match path.rsplit('.').next().unwrap_or_default() {
            "should_exclude_file" => ignore.paths = patterns,
            "should_exclude_line" => ignore.line = patterns,
            "should_exclude_secret" => ignore.secret = patterns,
            name => {
                out.leave(None, &format!("filters_used.{name}"), "a filter that is not known");
                continue;
            }
        }
        // Python's expressions: those that are none of ours would make all rules unusable.
        let bad = |list: &[String]| list.iter().find_map(|regex| super::super::load::build_regex(regex).err());
        match ignore.lists().iter().find_map(|(_, list)| bad(list)) {
            Some(_) => out.leave(None, &format!("filters_used.{path}"), "an expression that only Python knows"),
            None => out.ignore.push(ignore),
        }
    }
}
