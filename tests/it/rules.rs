//! Every built-in rule: its examples match, its counterexamples do not, and nothing in it is missing.

use stanch::scan::engine::{Engine, Input, Match, Scratch};
use stanch::scan::rule::load::{self, Entry};
use stanch::scan::rule::{Need, builtin, paths};

/// Does the first rule match, in a file it works on?
fn matches(engine: &Engine, scratch: &mut Scratch, text: &str) -> bool {
    let path = paths::fitting(&engine.rules()[0]);
    let mut found = false;
    let input = Input { path: path.as_deref(), ..Input::whole(text.as_bytes()) };
    engine.scan(scratch, &input, &mut |m: &Match| found |= m.rule == 0);
    found
}

/// The rule and, if it needs one, its companions.
fn alone(entry: &Entry, all: &[Entry]) -> Engine {
    let mut rules = vec![entry.rule.clone()];
    if entry.rule.pair.need == Need::Required {
        rules.extend(all.iter().map(|e| e.rule.clone()).filter(|r| entry.rule.pair.with.contains(&r.id)));
    }
    Engine::new(rules).expect("the loader accepted it")
}

fn entries() -> Vec<Entry> {
    builtin::entries().expect("the built-in rules are in the format")
}

/// A rule that came later says since when it is there, so that `--rules-as-of` leaves it out. Before the first release `UPDATE_GOLDEN=1`
/// rewrites the list of those that do not.
#[test]
fn new_rules_say_since_when_they_are_there() {
    use stanch::base::date::Date;
    let (year, month, day) = builtin::FIRST;
    let first = Date::new(year, month, day);
    let mut ids: Vec<String> = builtin::rules().into_iter().filter(|rule| rule.since == first).map(|rule| rule.id).collect();
    ids.sort();
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/first-rules.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, ids.join("\n") + "\n").unwrap();
    }
    let known = std::fs::read_to_string(&golden).unwrap();
    let known: Vec<&str> = known.lines().collect();
    let new: Vec<&String> = ids.iter().filter(|id| !known.contains(&id.as_str())).collect();
    assert!(new.is_empty(), "give these rules `since`, the day they came in: {new:?}");
}

#[test]
fn examples_match_and_counterexamples_do_not() {
    let mut scratch = Scratch::default();
    let mut wrong = Vec::new();
    let all = entries();
    for entry in &all {
        let id = &entry.rule.id;
        let engine = alone(entry, &all);
        if entry.examples.len() < 2 || entry.counterexamples.len() < 2 {
            wrong.push(format!("{id}: fewer than two examples or counterexamples"));
        }
        for (list, expected) in [(&entry.examples, true), (&entry.counterexamples, false)] {
            for (n, text) in list.iter().enumerate() {
                if matches(&engine, &mut scratch, text) != expected {
                    wrong.push(format!("{id}: {} {}", if expected { "example" } else { "counterexample" }, n + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn with_all_rules_on_every_example_is_found() {
    let all = entries();
    let engine = Engine::new(builtin::rules()).expect("the built-in rules are searchable");
    let mut scratch = Scratch::default();
    let mut finds = |text: &str, path: Option<&str>| {
        let mut found = false;
        engine.scan(&mut scratch, &Input { path, ..Input::whole(text.as_bytes()) }, &mut |_: &Match| found = true);
        found
    };
    let missed: Vec<&str> = all
        .iter()
        .filter(|e| {
            let path = paths::fitting(&e.rule);
            e.examples.iter().any(|x| !finds(x, path.as_deref()))
        })
        .map(|e| e.rule.id.as_str())
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn ids_are_unique_and_companions_exist() {
    let all = entries();
    let ids: std::collections::BTreeSet<&str> = all.iter().map(|e| e.rule.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "an id is used twice");
    for entry in &all {
        for other in &entry.rule.pair.with {
            assert!(ids.contains(other.as_str()), "{}: no rule {other}", entry.rule.id);
        }
        assert!(entry.rule.url.starts_with("https://"), "{}: the link is no https address", entry.rule.id);
    }
}

#[test]
fn the_map_of_formats_names_rules_that_exist() {
    let all = entries();
    let ids: std::collections::BTreeSet<&str> = all.iter().map(|e| e.rule.id.as_str()).collect();
    let map =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/accuracy/coverage.tsv")).expect("the map is there");
    for line in map.lines().filter(|l| !l.starts_with('#')) {
        let rule = line.split('\t').nth(1).expect("a row and a rule");
        assert!(rule.starts_with("none: ") || ids.contains(rule), "no rule {rule}");
    }
}

#[test]
fn the_fast_form_holds_the_same_rules() {
    let fast: Vec<String> = builtin::rules().iter().map(|r| format!("{r:?}")).collect();
    let full: Vec<String> = entries().iter().map(|e| format!("{:?}", e.rule)).collect();
    assert_eq!(fast, full);
}

#[test]
fn no_scanner_fires_on_the_rule_files() {
    let engine = Engine::new(builtin::rules()).expect("the built-in rules are searchable");
    let mut scratch = Scratch::default();
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    let mut fired = Vec::new();
    for file in std::fs::read_dir(dir).expect("rules/ is there") {
        let path = file.expect("rules/ can be listed").path();
        let bytes = std::fs::read(&path).expect("rule files can be read");
        engine.scan(&mut scratch, &Input::whole(&bytes), &mut |m: &Match| {
            let line = bytes[..m.span.secret_start].iter().filter(|b| **b == b'\n').count() + 1;
            fired.push(format!("{}:{line} {}", path.display(), engine.rules()[m.rule as usize].id));
        });
    }
    assert!(fired.is_empty(), "{} places:\n{}", fired.len(), fired.join("\n"));
}

#[test]
fn errors_name_file_line_field_and_what_is_allowed() {
    let base = |extra: &str| {
        format!(
            "provider = 'P'\nurl = 'https://p'\nfix = 'f'\n\n[[rule]]\nid = 'x-1'\nabout = 'a'\ncategory = 'c'\nseverity = 'low'\nconfidence = 'low'\n{extra}\n"
        )
    };
    let check = |text: &str, line: usize, parts: &[&str]| {
        let error = load::parse_toml(std::path::Path::new("my.toml"), text).expect_err("it must be refused").to_string();
        assert!(error.starts_with(&format!("my.toml:{line}: ")), "{error}");
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
    };
    check(&base("token = '\"abc\" hex{'"), 11, &["rule `x-1`", "field `token`", "expected a number"]);
    check(&base("token = 'hox{3}'"), 11, &["no alphabet `hox`", "base64url"]);
    check(&base("regex = '('"), 11, &["field `regex`"]);
    check(&base("regex = '[a-z]+'"), 11, &["literal of three or more"]);
    check(
        &base("token = '\"abc\" hex{9}'\nchecks = ['jtw']"),
        12,
        &["rule `x-1`, field `checks`: unknown variant `jtw`", "`jwt`"],
    );
    check(
        &base("token = '\"abc\" hex{9}'\ncolour = 1"),
        12,
        &["rule `x-1`, field `colour`: unknown field `colour`", "`keywords`", "`counterexamples`"],
    );
    check(&base("token = '\"abc\" hex{9}'\npaths = { onyl = ['a'] }"), 12, &["rule `x-1`, field `paths`: unknown field `onyl`"]);
    check(&base("token = '\"abc\" hex{9}'\npaths = { only = ['['] }"), 12, &["rule `x-1`, field `paths`: ", "allowed: globs"]);
    check(&base("token = '\"abc\" hex{9}'\npaths = { except = ['!a'] }"), 12, &["field `paths`: `!a` matches nothing"]);
    check(&base("token = '\"abc\" hex{9}'\nallow = { paths = [''] }"), 12, &["field `allow`: `` matches nothing"]);
    check("provider = 'P'\n", 1, &["field `rule`: missing", "[[rule]]"]);
    let unknown = load::parse_toml(std::path::Path::new("my.toml"), &base("token = 'hex{9}'\ncolour = 1")).unwrap_err();
    assert!(!unknown.to_string().contains("facts"), "{unknown}");
    check(&base("token = 'hex{32}'"), 5, &["field `keywords`", "needs keywords"]);
    check(&base("token = 'hex{8}'\nkeywords = ['abc']"), 11, &["16 or more"]);
    check(&base("token = '\"abc\" hex{9}'\nkeywords = ['ab']"), 12, &["at least three"]);
    check(&base("token = '\"abc\" hex{9}'\nentropy = 9"), 12, &["0 to 8"]);
    check(&base(""), 5, &["field `token`", "missing"]);
    check(&base("token = 'print{4,9}'\nfrom = 'assignment'"), 5, &["field `keys`"]);
    check(&base("token = '\"abc\" hex{9}'\nseverity = 'bad'"), 12, &["duplicate key"]);
    check("x = [", 1, &[]);
}
