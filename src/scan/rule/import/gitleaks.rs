//! `gitleaks.toml`, and what betterleaks adds to it: rules, what is allowed, and what it extends.
//!
//! It must not know our spelling of rules. Start with [`read`]. Names of fields are in any case there. A rule that extends another one of the
//! same id takes over what it does not say itself; lists grow.

use std::collections::HashMap;

use toml::{Table, Value};

use super::super::ignore::Ignore;
use super::super::{Group, Required, Role};
use super::draft::Draft;
use super::expr;
use super::fields::{Fields, lower};
use super::go::{Translated, translate, translate_all};
use super::{Drafts, Format, Ids, ImportError, Silenced, Source};
use crate::scan::finding::Confidence;

/// A configuration extends another one that many times at most.
const DEPTH: usize = 2;

/// A configuration.
#[derive(Debug, Default)]
struct Config {
    extends: Extends,
    disabled: Vec<String>,
    rules: Vec<Rule>,
    allow: Vec<Allow>,
    /// betterleaks: expressions.
    filters: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Extends {
    #[default]
    Nothing,
    Default,
    File,
}

#[derive(Debug, Default, Clone)]
struct Rule {
    id: String,
    description: String,
    regex: String,
    path: String,
    group: usize,
    entropy: f64,
    keywords: Vec<String>,
    tags: Vec<String>,
    allow: Vec<Allow>,
    required: Vec<Needed>,
    is_silent: bool,
    /// betterleaks: expressions, and a word.
    filters: Vec<String>,
    confidence: String,
}

#[derive(Debug, Default, Clone)]
struct Needed {
    id: String,
    lines: Option<u64>,
    columns: Option<u64>,
}

#[derive(Debug, Default, Clone)]
struct Allow {
    description: String,
    all: bool,
    commits: Vec<String>,
    paths: Vec<String>,
    target: String,
    regexes: Vec<String>,
    words: Vec<String>,
    rules: Vec<String>,
}

/// Reads a configuration and those it extends.
pub(super) fn read(format: Format, source: Source<'_>) -> Result<Drafts, ImportError> {
    let mut out = Drafts::default();
    let mut config = config(source.path, source.text, &mut out)?;
    if config.extends == Extends::Nothing {
        out.notes.push(format!("It does not extend the default rules: `--only '{}-*'` leaves stanch's own out.", format.word()));
    } else if source.bases.is_empty() {
        missing_base(&config, &mut out);
    }
    let mut bases = Vec::new();
    for (path, text) in source.bases.iter().take(DEPTH) {
        bases.push(self::config(path, text, &mut out)?);
    }
    // The innermost is extended first.
    let extends = config.extends != Extends::Nothing;
    out.extends = extends && source.bases.is_empty();
    let mut lost = Vec::new();
    let base = bases.into_iter().filter(|_| extends).rev().reduce(|base, next| {
        let mut unknown = Vec::new();
        let config = extended(next, base, &mut unknown);
        lost.extend(unknown.into_iter().filter(|(_, field, _)| *field != DISABLED));
        config
    });
    if let Some(base) = base {
        config = extended(config, base, &mut lost);
    }
    lost.iter().for_each(|(id, field, why)| out.leave(Some(id), field, *why));
    drafts(format, config, &mut out);
    Ok(out)
}

/// What a configuration that extends the default rules silences of their findings, by path and by value.
pub(super) fn silenced(path: &str, text: &str) -> Result<Silenced, ImportError> {
    let mut out = Drafts::default();
    let config = config(path, text, &mut out)?;
    let (mut silenced, mut out) = (Silenced::default(), Drafts::default());
    if config.extends != Extends::Default {
        return Ok(silenced);
    }
    for allow in config.allow.iter().filter(|allow| allow.rules.is_empty()) {
        let both = allow.all && [&allow.paths, &allow.regexes, &allow.words].iter().filter(|list| !list.is_empty()).count() > 1;
        if both {
            out.leave(
                None,
                "allowlists.condition",
                "all its conditions must hold: write it as one [[allow]] with `path` and `regex`",
            );
            continue;
        }
        let Some(ignore) = ignore(None, allow, &mut out) else { continue };
        silenced.paths.extend(allow.paths.iter().cloned());
        silenced.values.extend(ignore.secret);
        silenced.values.extend(ignore.words.iter().map(|word| format!("(?i){}", regex_syntax::escape(word))));
        if !ignore.line.is_empty() || !ignore.matched.is_empty() {
            out.leave(None, "allowlists.regexTarget", "an [[allow]] knows the value, and nothing beside it");
        }
    }
    silenced.left = out.left;
    Ok(silenced)
}

/// The file that a configuration says it extends.
pub(super) fn extends_file(text: &str) -> Option<String> {
    let table = lower(toml::from_str(text).ok()?);
    table.get("extend")?.get("path")?.as_str().filter(|path| !path.is_empty()).map(str::to_owned)
}

/// Does a text look like a configuration of gitleaks?
pub(super) fn is_one(text: &str) -> bool {
    let Ok(table) = toml::from_str::<Table>(text) else { return false };
    let table = lower(table);
    ["rules", "allowlist", "allowlists", "extend"].iter().any(|name| table.contains_key(*name))
}

/// Has it what only betterleaks knows?
pub(super) fn is_better(text: &str) -> bool {
    let Ok(table) = toml::from_str::<Table>(text) else { return false };
    let table = lower(table);
    let own =
        |table: &Table| ["filter", "prefilter", "validate", "betterleaksminversion"].iter().any(|name| table.contains_key(*name));
    let rules = table.get("rules").and_then(Value::as_array);
    own(&table) || rules.into_iter().flatten().filter_map(Value::as_table).any(own)
}

/// What is not known without the configuration that is extended.
fn missing_base(config: &Config, out: &mut Drafts) {
    if config.extends == Extends::File {
        out.leave(None, "extend.path", "the file it names was not found; give it with `--base FILE`");
        return;
    }
    out.notes.push("It extends the default rules, in whose place stanch's own are used: scan without `--only`.".to_owned());
    for id in &config.disabled {
        let why = "stanch's own rules are used in place of the default ones: leave one out with `--except ID`, or give the default \
                   configuration with `--base FILE`";
        out.leave(Some(id), "extend.disabledRules", why);
    }
    if config.allow.iter().any(|allow| allow.rules.is_empty()) {
        out.notes.push("Its allowlists hold for the rules below, not for stanch's own: `stanch.toml` silences those.".to_owned());
    }
}

/// A rule, a field of it, and why that is not taken over.
type Lost = (String, &'static str, &'static str);

const DISABLED: &str = "extend.disabledRules";

/// `config` with what it does not say from `base`.
fn extended(config: Config, base: Config, lost: &mut Vec<Lost>) -> Config {
    let known = |id: &String| base.rules.iter().any(|rule| rule.id == *id);
    let unknown = config.disabled.iter().filter(|id| !known(id));
    lost.extend(unknown.map(|id| (id.clone(), DISABLED, "there is no such rule in what it extends")));
    for own in config.rules.iter().filter(|own| known(&own.id)) {
        let why = "gitleaks takes it from the rule that is extended";
        lost.extend((!own.required.is_empty()).then(|| (own.id.clone(), "required", why)));
        lost.extend(own.is_silent.then(|| (own.id.clone(), "skipReport", why)));
    }
    let mut rules: Vec<Rule> = Vec::new();
    for base in base.rules.into_iter().filter(|rule| !config.disabled.contains(&rule.id)) {
        let own = config.rules.iter().find(|rule| rule.id == base.id);
        rules.push(own.map_or_else(|| base.clone(), |own| merged(own, &base)));
    }
    let others = config.rules.into_iter().filter(|own| !rules.iter().any(|rule| rule.id == own.id)).collect::<Vec<_>>();
    rules.extend(others);
    let allow = config.allow.into_iter().chain(base.allow).collect();
    let filters = [config.filters, base.filters].concat();
    Config { rules, allow, filters, extends: base.extends, disabled: Vec::new() }
}

fn merged(own: &Rule, base: &Rule) -> Rule {
    let text = |own: &String, base: &String| if own.is_empty() { base.clone() } else { own.clone() };
    let joined = |base: &[String], own: &[String]| [base, own].concat();
    Rule {
        id: base.id.clone(),
        description: text(&own.description, &base.description),
        regex: text(&own.regex, &base.regex),
        path: text(&own.path, &base.path),
        group: if own.group == 0 { base.group } else { own.group },
        entropy: if own.entropy == 0.0 { base.entropy } else { own.entropy },
        keywords: joined(&base.keywords, &own.keywords),
        tags: joined(&base.tags, &own.tags),
        allow: base.allow.iter().chain(&own.allow).cloned().collect(),
        required: base.required.clone(),
        is_silent: base.is_silent,
        filters: joined(&base.filters, &own.filters),
        confidence: text(&own.confidence, &base.confidence),
    }
}

/// Turns a whole configuration into rules of ours.
fn drafts(format: Format, config: Config, out: &mut Drafts) {
    for filter in &config.filters {
        let expr::Filter { ignore, entropy, left } = expr::read(filter);
        out.ignore.extend(ignore);
        left.into_iter()
            .chain(entropy.map(|_| "an entropy for all rules".to_owned()))
            .for_each(|what| out.leave(None, "filter", what));
    }
    let mut ids = Ids::new(format);
    let names: HashMap<String, String> = config.rules.iter().map(|rule| (rule.id.clone(), ids.give(&rule.id))).collect();
    let mut targeted: HashMap<String, Vec<Allow>> = HashMap::new();
    for allow in config.allow {
        if allow.rules.is_empty() {
            let ignore = ignore(None, &allow, out);
            out.ignore.extend(ignore);
        }
        for id in &allow.rules {
            if names.contains_key(id) {
                targeted.entry(id.clone()).or_default().push(allow.clone());
            } else {
                out.leave(Some(id), "allowlists.targetRules", "there is no such rule in the file");
            }
        }
    }
    for mut rule in config.rules {
        rule.allow.extend(targeted.remove(&rule.id).unwrap_or_default());
        match draft(&rule, &names, out) {
            Some(draft) => out.rules.push(draft),
            None => out.dropped += 1,
        }
    }
}

fn draft(rule: &Rule, names: &HashMap<String, String>, out: &mut Drafts) -> Option<Draft> {
    let id = Some(rule.id.as_str());
    if rule.regex.is_empty() && rule.path.is_empty() {
        let why = "neither `regex` nor `path`: it changes a rule of the default configuration; give that with `--base FILE`";
        out.leave(id, "regex", why);
        return None;
    }
    let mut draft = Draft::new(&rule.id, names.get(&rule.id)?.clone(), &rule.description);
    if rule.regex.is_empty() {
        // A file that should not be there is told by what it begins with.
        r"(?s)\A.{1,256}".clone_into(&mut draft.regex);
        for (field, is_said) in
            [("keywords", !rule.keywords.is_empty()), ("entropy", rule.entropy > 0.0), ("secretGroup", rule.group > 0)]
        {
            if is_said {
                out.leave(id, field, "it means nothing in a rule about paths alone");
            }
        }
        out.notes.push(format!("Rule `{}` is about paths alone: the secret is what such a file begins with.", rule.id));
    } else {
        let Translated { text, groups, .. } = translate(&rule.regex).map_err(|what| out.leave(id, "regex", what)).ok()?;
        draft.regex = text;
        draft.group = match (rule.group, groups) {
            (0, 0) => Group::Named,
            (0, _) => Group::First,
            (n, _) => Group::Number(n),
        };
        draft.contains = distinct(rule.keywords.iter().map(|word| word.to_lowercase()));
        draft.entropy = rule.entropy;
    }
    if !rule.path.is_empty() {
        draft.paths.push(translate(&rule.path).map_err(|what| out.leave(id, "path", what)).ok()?.text);
    }
    for needed in &rule.required {
        let Some(other) = names.get(&needed.id) else {
            out.leave(id, "required", "it needs a rule that is not in the file");
            return None;
        };
        draft.required.push(Required { rule: other.clone(), lines: needed.lines, columns: needed.columns });
    }
    draft.tags = distinct(rule.tags.iter().cloned());
    draft.role = if rule.is_silent { Role::Companion } else { Role::Finding };
    draft.ignore = rule.allow.iter().filter_map(|allow| ignore(id, allow, out)).collect();
    for filter in &rule.filters {
        filtered(&mut draft, filter, out);
    }
    match rule.confidence.as_str() {
        "" => {}
        "low" => draft.confidence = Confidence::Low,
        "medium" => draft.confidence = Confidence::Medium,
        "high" => draft.confidence = Confidence::High,
        _ => out.leave(id, "confidence", "neither low, medium nor high"),
    }
    Some(draft)
}

/// Adds what an expression of betterleaks says.
fn filtered(draft: &mut Draft, filter: &str, out: &mut Drafts) {
    let expr::Filter { ignore, entropy, left } = expr::read(filter);
    draft.ignore.extend(ignore);
    if let Some((limit, at)) = entropy
        && limit >= draft.entropy
    {
        (draft.entropy, draft.reached) = (limit, !at);
    }
    let id = draft.foreign_id.clone();
    left.into_iter().for_each(|what| out.leave(Some(&id), "filter", what));
}

fn distinct(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut all = Vec::new();
    for item in items.filter(|item| !item.is_empty()) {
        if !all.contains(&item) {
            all.push(item);
        }
    }
    all
}

/// What an allowlist says, as far as we can say it. What would silence more than it does is left out.
fn ignore(rule: Option<&str>, allow: &Allow, out: &mut Drafts) -> Option<Ignore> {
    if !allow.commits.is_empty() {
        let why =
            if allow.all { "the whole list is left out, for all its conditions must hold" } else { "its other conditions hold" };
        out.leave(rule, "allowlists.commits", format!("stanch knows secrets, not commits: silence them by fingerprint; {why}"));
        if allow.all {
            return None;
        }
    }
    let list = |field: &str, list: &[String], out: &mut Drafts| match translate_all(list) {
        Ok(list) => Some(list),
        Err(what) => {
            out.leave(rule, &format!("allowlists.{field}"), what);
            None
        }
    };
    let (paths, regexes) = (list("paths", &allow.paths, out), list("regexes", &allow.regexes, out));
    if allow.all && (paths.is_none() || regexes.is_none()) {
        return None;
    }
    let mut ignore = Ignore { why: allow.description.clone(), all: allow.all, ..Ignore::default() };
    ignore.paths = paths.unwrap_or_default();
    ignore.words = distinct(allow.words.iter().map(|word| word.to_lowercase()));
    match allow.target.as_str() {
        "match" => ignore.matched = regexes.unwrap_or_default(),
        "line" => ignore.line = regexes.unwrap_or_default(),
        _ => ignore.secret = regexes.unwrap_or_default(),
    }
    (!ignore.is_empty()).then_some(ignore)
}

/// A file as a table.
pub(super) fn syntax(path: &str, text: &str) -> Result<Table, ImportError> {
    toml::from_str(text).map_err(|e| {
        let line = e.span().map(|span| memchr::memchr_iter(b'\n', &text.as_bytes()[..span.start.min(text.len())]).count() + 1);
        let what = crate::base::text::without_tokens(&super::draft::one_line(e.message()));
        ImportError { path: path.to_owned(), line, what }
    })
}

/// Parses one file.
fn config(path: &str, text: &str, out: &mut Drafts) -> Result<Config, ImportError> {
    let table = syntax(path, text)?;
    let mut fields = Fields { table: lower(table), rule: None, out };
    let mut config = Config::default();
    ["title", "description", "minversion", "betterleaksminversion"].iter().for_each(|name| drop(fields.table.remove(*name)));
    match fields.table.remove("extend") {
        Some(Value::Table(extend)) => extends(&mut config, Fields { table: extend, rule: None, out: &mut *fields.out }),
        Some(_) => fields.wrong("extend"),
        None => {}
    }
    for table in fields.allowlists() {
        let list = allow(fields.of(table, None));
        config.allow.extend(list);
    }
    for table in fields.tables("rules") {
        let rule = rule(fields.of(table, None));
        config.rules.extend(rule);
    }
    config.filters = fields.expressions();
    fields.end("");
    Ok(config)
}

fn extends(config: &mut Config, mut fields: Fields<'_>) {
    let is_default = fields.truth("usedefault");
    let path = fields.text("path");
    config.extends = match (is_default, path.is_empty()) {
        (true, _) => Extends::Default,
        (false, false) => Extends::File,
        (false, true) => Extends::Nothing,
    };
    if is_default && !path.is_empty() {
        fields.out.leave(None, "extend.path", "gitleaks refuses it together with `useDefault`");
    }
    if !fields.text("url").is_empty() {
        fields.out.leave(None, "extend.url", "nothing is fetched, by gitleaks neither");
    }
    config.disabled = fields.list("disabledrules");
    fields.end("extend.");
}

fn rule(mut fields: Fields<'_>) -> Option<Rule> {
    let id = fields.text("id");
    if id.trim().is_empty() {
        fields.out.leave(None, "rules.id", "a rule without an id: gitleaks refuses it");
        return None;
    }
    fields.rule = Some(id.clone());
    let mut rule = Rule {
        description: fields.text("description"),
        regex: fields.text("regex"),
        path: fields.text("path"),
        group: fields.number("secretgroup").map_or(0, |n| n as usize),
        entropy: fields.float("entropy"),
        keywords: fields.list("keywords"),
        tags: fields.list("tags"),
        is_silent: fields.truth("skipreport"),
        id,
        ..Rule::default()
    };
    for table in fields.tables("required") {
        let mut needed = fields.of(table, Some(&rule.id));
        let (id, lines, columns) = (needed.text("id"), needed.number("withinlines"), needed.number("withincolumns"));
        rule.required.push(Needed { id, lines, columns });
        needed.end("required.");
    }
    for table in fields.allowlists() {
        let list = allow(fields.of(table, Some(&rule.id)));
        rule.allow.extend(list);
    }
    rule.filters = fields.expressions();
    rule.confidence = fields.text("confidence").to_ascii_lowercase();
    let online = ["validate", "analyze", "revoke"].map(|name| fields.table.remove(name).is_some());
    fields.out.online += usize::from(online.contains(&true));
    fields.end("");
    Some(rule)
}

fn allow(mut fields: Fields<'_>) -> Option<Allow> {
    let condition = fields.text("condition").to_ascii_uppercase();
    let allow = Allow {
        description: fields.text("description"),
        all: matches!(condition.as_str(), "AND" | "&&"),
        commits: fields.list("commits"),
        paths: fields.list("paths"),
        target: fields.text("regextarget"),
        regexes: fields.list("regexes"),
        words: fields.list("stopwords"),
        rules: fields.list("targetrules"),
    };
    fields.end("allowlists.");
    let rule = fields.rule.clone();
    if rule.is_some() && !allow.rules.is_empty() {
        fields.out.leave(rule.as_deref(), "allowlists.targetRules", "a list of one rule holds for that rule");
    }
    if !matches!(condition.as_str(), "" | "AND" | "&&" | "OR" | "||") {
        fields.out.leave(rule.as_deref(), "allowlists.condition", "neither AND nor OR: gitleaks refuses it");
        return None;
    }
    if !matches!(allow.target.as_str(), "" | "secret" | "match" | "line") {
        fields.out.leave(rule.as_deref(), "allowlists.regexTarget", "neither secret, match nor line: gitleaks refuses it");
        return None;
    }
    Some(allow)
}
