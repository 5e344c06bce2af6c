//! `stanch rules list|show|check`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::exit::{self, hinted};
use super::{args, choice, config, output};
use crate::base::fs;
use crate::base::text::sanitise;
use crate::scan::engine::{Engine, Input, Match, Scratch};
use crate::scan::project::Settings;
use crate::scan::rule::ignore::Ignore;
use crate::scan::rule::load::{self, Entry};
use crate::scan::rule::select;
use crate::scan::rule::{
    Near, Need, Pair, Paths, Pattern, Placeholders, Required, Role, Rule, Search, builtin, pack, paths, precision,
};

pub(super) fn run(args: &args::Rules) -> anyhow::Result<ExitCode> {
    match &args.command {
        args::RulesCommand::List { rules, json } => list(&listed(rules)?, *json),
        args::RulesCommand::Show { id, rules } => show(id, &listed(rules)?),
        args::RulesCommand::Export { folder } => export(folder),
        args::RulesCommand::Check { paths } => check(paths),
        args::RulesCommand::Import(import) => super::import::run(import),
    }
}

/// The rules of a choice, with the rule files of the project here, and, where it names none, those that are off by default.
fn listed(rules: &args::RuleChoice) -> anyhow::Result<Vec<Rule>> {
    let all = ["*".to_owned()];
    let enable = if rules.only.is_empty() { all.to_vec() } else { rules.enable.clone() };
    let rules = args::RuleChoice {
        files: rules.files.clone(),
        only: rules.only.clone(),
        except: rules.except.clone(),
        enable,
        rules_as_of: rules.rules_as_of,
        rule_pack: rules.rule_pack.clone(),
        more: rules.more.clone(),
    };
    let project = config::chosen(&args::Silence::default(), &[PathBuf::from(".")])?;
    let settings = Settings { files: project.project.settings.files.clone(), ..Settings::default() };
    Ok(choice::selected_by(&rules, &settings, &project)?.rules)
}

/// Writes the built-in rules to a folder that is not there yet.
fn export(folder: &Path) -> anyhow::Result<ExitCode> {
    let made = std::fs::create_dir(folder);
    made.map_err(|e| hinted(format!("cannot make {}: {e}", folder.display()), "name a new folder in one that is there"))?;
    for (name, text) in pack::files() {
        fs::create_new(&folder.join(name), text.as_bytes())?;
    }
    let said = sanitise(folder.display().to_string().as_bytes()).into_owned();
    output::write(None, |out| {
        writeln!(out, "rules {} written to {said}; use them with `stanch scan --rule-pack {said}`", pack::version())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn list(rules: &[Rule], json: bool) -> anyhow::Result<ExitCode> {
    let width = rules.iter().map(|r| r.id.len()).max().unwrap_or(0);
    output::write(None, |out| {
        for rule in rules {
            let (id, severity, confidence, about) = (&rule.id, rule.severity.word(), rule.confidence.word(), &rule.about);
            if json {
                let (provider, category) = (&rule.provider, &rule.category);
                let line = serde_json::json!({ "id": id, "provider": provider, "category": category, "severity": severity, "confidence": confidence, "about": about, "since": rule.since.map(|day| day.to_string()), "by_default": rule.by_default });
                writeln!(out, "{line}")?;
            } else {
                let since = rule.since.map(|day| day.to_string()).unwrap_or_default();
                let off = if rule.by_default { "" } else { " (off by default)" };
                writeln!(out, "{id:width$}  {since:10}  {severity:8}  {confidence:6}  {}{off}", sanitise(about.as_bytes()))?;
            }
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn show(id: &str, rules: &[Rule]) -> anyhow::Result<ExitCode> {
    let Some(rule) = rules.iter().find(|r| r.id == id) else {
        return Err(hinted(format!("no rule has the id `{id}`"), "`stanch rules list` shows all ids"));
    };
    output::write(None, |out| details(rule, out))?;
    Ok(ExitCode::SUCCESS)
}

fn details(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |name: &str, value: &str| {
        if value.is_empty() { Ok(()) } else { writeln!(out, "{name:12}{}", sanitise(value.as_bytes())) }
    };
    line("id", &rule.id)?;
    line("finds", &format!("{}: {}", rule.provider, rule.about))?;
    line("category", &rule.category)?;
    line("severity", rule.severity.word())?;
    line("confidence", rule.confidence.word())?;
    let known = precision::measured(&rule.id)
        .map(|p| format!("{:.0} % of {} labelled findings were right", p.share() * 100.0, p.judged()));
    line("measured", known.as_deref().unwrap_or_default())?;
    match &rule.pattern {
        Pattern::Token(token) => line("token", token)?,
        Pattern::Regex(regex) => line("regex", &regex.source)?,
    }
    if rule.search == Search::Text {
        line("searched", "in the text as it is, also inside words")?;
        line("contains", &rule.contains.join(", "))?;
    }
    line("keywords", &rule.keywords.join(", "))?;
    if rule.near == Near::Key {
        line("near", "key: a keyword is part of the name it is assigned to")?;
    }
    if let Some(from) = rule.from {
        line("from", &serde_json::to_string(&from).unwrap_or_default().replace('"', ""))?;
        line("keys", &rule.keys.join(", "))?;
    }
    if rule.entropy > 0.0 {
        line("entropy", &format!("at least {} bits per character", rule.entropy))?;
    }
    line("checks", &rule.checks.iter().map(|c| c.word()).collect::<Vec<_>>().join(", "))?;
    line("only in", &rule.paths.only.join(", "))?;
    line("only where", &rule.paths.matching.join(", "))?;
    line("not in", &rule.paths.except.iter().chain(&rule.allow.paths).cloned().collect::<Vec<_>>().join(", "))?;
    line("not values", &rule.allow.values.join(", "))?;
    line("not words", &rule.allow.words.join(", "))?;
    line("not regexes", &rule.allow.regexes.join(", "))?;
    rule.ignore.iter().try_for_each(|ignore| line("not if", &unless(ignore)))?;
    let dropped = rule.placeholders == Placeholders::Dropped;
    line("unless", if dropped { "it looks like a placeholder, such as `example` or `xxxx`" } else { "" })?;
    line("paired with", &paired(&rule.pair))?;
    line("needs", &rule.required.iter().map(needed).collect::<Vec<_>>().join(", "))?;
    line("used", if rule.role == Role::Companion { "only for rules that need it" } else { "" })?;
    line("tags", &rule.tags.join(", "))?;
    line("imported", &rule.imported.as_ref().map(|i| format!("from {}, where it is `{}`", i.from, i.id)).unwrap_or_default())?;
    line("what to do", &rule.fix)?;
    line("since", &rule.since.map(|day| day.to_string()).unwrap_or_default())?;
    line("see", &rule.url)
}

/// The conditions of an `[[ignore]]`.
fn unless(ignore: &Ignore) -> String {
    let words = (!ignore.words.is_empty()).then(|| format!("words {}", ignore.words.join(", ")));
    let lists = ignore.lists().into_iter().filter(|(_, list)| !list.is_empty());
    let lists = lists.map(|(name, list)| format!("{name} matches {}", list.join(", ")));
    words.into_iter().chain(lists).collect::<Vec<_>>().join(if ignore.all { " and " } else { " or " })
}

/// A rule that must match near, and how near.
fn needed(required: &Required) -> String {
    let most = |most: Option<u64>, what: &str| most.map(|n| format!(" within {n} {what}")).unwrap_or_default();
    format!("{}{}{}", required.rule, most(required.lines, "lines"), most(required.columns, "columns"))
}

/// The companions, how near one must be, and what it means if there is none.
fn paired(pair: &Pair) -> String {
    let Some(need) = (!pair.with.is_empty()).then_some(pair.need) else { return String::new() };
    let need = if need == Need::Required { "required" } else { "shown if there" };
    format!("{}, at most {} lines away, {need}", pair.with.join(", "), pair.lines)
}

fn check(paths: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let mut entries = Vec::new();
    let mut unread = Vec::new();
    for path in paths {
        for file in load::files(path)? {
            match load::read(&file) {
                Ok(read) => entries.extend(read),
                Err(error) => unread.push(error),
            }
        }
    }
    // One file alone is told as any other error.
    if unread.len() == 1 && entries.is_empty() {
        return Err(unread.remove(0).into());
    }
    unread.iter().for_each(tell);
    if paths.is_empty() {
        entries = builtin::entries()?;
    }
    let built_in = builtin::rules();
    // What is missing may stand in a file that could not be read.
    if unread.is_empty() {
        select::check_together(&entries, &built_in)?;
    }
    let taken: Vec<&str> =
        entries.iter().map(|e| e.rule.id.as_str()).filter(|id| built_in.iter().any(|rule| rule.id == *id)).collect();
    let taken: Vec<String> = if paths.is_empty() { Vec::new() } else { taken.into_iter().map(str::to_owned).collect() };
    let known: Vec<Rule> = built_in.into_iter().chain(entries.iter().map(|e| e.rule.clone())).collect();
    let faults: Vec<String> = entries.iter().flat_map(|e| faults(e, &known)).collect();
    output::write(None, |out| {
        faults.iter().try_for_each(|f| writeln!(out, "{}", sanitise(f.as_bytes())))?;
        for id in &taken {
            writeln!(out, "note: a built-in rule is called `{id}`, too: a scan refuses this one without `--except {id}`")?;
        }
        let examples: usize = entries.iter().map(|e| e.examples.len() + e.counterexamples.len()).sum();
        let s = if entries.len() == 1 { "" } else { "s" };
        let imported = entries.iter().filter(|e| e.rule.imported.is_some() && e.examples.len() < 2).count();
        if imported > 0 {
            writeln!(out, "{imported} imported, without the two examples that other rules need")?;
        }
        let files = if unread.is_empty() { String::new() } else { format!(", {} files could not be read", unread.len()) };
        writeln!(out, "{} rule{s}, {examples} examples and counterexamples, {} wrong{files}", entries.len(), faults.len())
    })?;
    Ok(ExitCode::from(match (unread.is_empty(), faults.is_empty()) {
        (false, _) => exit::USAGE,
        (true, false) => exit::FINDINGS,
        (true, true) => exit::CLEAN,
    }))
}

/// Tells of a file that could not be read, while others are checked.
#[expect(clippy::print_stderr, reason = "errors are talk")]
fn tell(error: &load::RuleError) {
    eprintln!("error: {}", sanitise(error.to_string().as_bytes()));
}

/// What is wrong with a rule's examples. Examples are named by number, never shown.
/// A rule that needs a companion is tried together with its companions, which are looked up in `known`; a rule for certain files
/// as if the example stood in such a file.
fn faults(entry: &Entry, known: &[Rule]) -> Vec<String> {
    let id = &entry.rule.id;
    let mut rules = vec![entry.rule.clone()];
    if entry.rule.pair.need == Need::Required {
        rules.extend(known.iter().filter(|r| entry.rule.pair.with.contains(&r.id)).cloned());
    }
    let path = paths::fitting(&entry.rule);
    // Where no path is known that the rule works on, and for companions, the examples are about the text alone.
    for rule in rules.iter_mut().skip(usize::from(path.is_some())) {
        rule.paths = Paths::default();
        rule.required.clear();
        rule.role = Role::Finding;
        rule.allow.paths.clear();
    }
    let engine = match Engine::new(rules) {
        Ok(engine) => engine,
        Err(e) => return vec![e.to_string()],
    };
    let mut scratch = Scratch::default();
    let mut proven = false;
    let mut matches = |text: &str| {
        let mut found = false;
        let input = Input { path: path.as_deref(), ..Input::whole(text.as_bytes()) };
        engine.scan(&mut scratch, &input, &mut |m: &Match| {
            found |= m.rule == 0;
            proven |= m.rule == 0 && m.is_proven();
        });
        found
    };
    let mut out = Vec::new();
    for (what, list) in [("example", &entry.examples), ("counterexample", &entry.counterexamples)] {
        if list.len() < 2 && entry.rule.imported.is_none() {
            out.push(format!("rule `{id}`: {} {what}s, at least two are needed", list.len()));
        }
        for (n, text) in list.iter().enumerate() {
            if matches(text) != (what == "example") {
                let verb = if what == "example" { "does not match" } else { "matches" };
                out.push(format!("rule `{id}`: {what} {} {verb}", n + 1));
            }
        }
    }
    if let Some(check) = entry.rule.checks.iter().find(|check| check.is_proof() && !proven)
        && entry.rule.imported.is_none()
    {
        out.push(format!("rule `{id}`: no example passes `{}`: make one whose checksum is right", check.word()));
    }
    out
}
