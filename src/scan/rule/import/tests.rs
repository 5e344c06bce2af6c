//! What is converted, what is left out, and that what is converted finds what it should.

use std::path::Path;

use super::{Format, Source, convert, extends, recognise};
use crate::scan::engine::{Engine, Input, Match, Scratch};
use crate::scan::rule::load;

/// Converts without a base; rules as text, and what was left out.
fn converted(format: Format, text: &str) -> (String, Vec<String>) {
    let made = convert(format, Source { path: "x", text, bases: &[] }).unwrap();
    (made.text, made.left.iter().map(ToString::to_string).collect())
}

/// The values that the rules of a converted file find, with their rules.
fn found(rules: &str, path: &str, text: &str) -> Vec<String> {
    let rules = load::parse_toml(Path::new("r.toml"), rules).unwrap().into_iter().map(|e| e.rule).collect();
    let engine = Engine::new(rules).unwrap();
    let mut out = Vec::new();
    let input = Input { path: Some(path), ..Input::whole(text.as_bytes()) };
    engine.scan(&mut Scratch::default(), &input, &mut |m: &Match| {
        out.push(format!("{}={}", engine.rules()[m.rule as usize].id, &text[m.span.secret_start..m.span.secret_end]));
    });
    out
}

/// One rule of gitleaks, what its lines find in a file.
fn check(rule: &str, (path, text): (&str, &str), expected: &[&str]) {
    let config = format!("[[rules]]\nid = 'k'\nregex = 'k=([a-z0-9]{{4,8}})'\n{rule}");
    let (rules, left) = converted(Format::Gitleaks, &config);
    assert_eq!(left, [""; 0], "{config}");
    let expected: Vec<String> = expected.iter().map(|value| format!("gitleaks-k={value}")).collect();
    assert_eq!(found(&rules, path, text), expected, "{rules}\n{text}");
}

#[test]
fn each_field_of_a_rule_counts() {
    let text = "xk=abcd1234 k=zzzz";
    check("", ("a", text), &["abcd1234", "zzzz"]);
    check("keywords = ['ABCD']", ("a", text), &["abcd1234", "zzzz"]);
    check("keywords = ['nowhere']", ("a", text), &[]);
    check("entropy = 3", ("a", text), &[]);
    check("entropy = 2.9", ("a", text), &["abcd1234"]);
    check("path = '(?i)\\.TF$'", ("a.tf", text), &["abcd1234", "zzzz"]);
    check("path = '(?i)\\.TF$'", ("a.py", text), &[]);
    check("skipReport = true", ("a", text), &[]);
}

#[test]
fn the_secret_is_a_group() {
    let check = |line: &str, expected: &str| {
        let (rules, left) = converted(Format::Gitleaks, &format!("[[rules]]\nid = 'k'\n{line}"));
        assert_eq!(left, [""; 0]);
        assert_eq!(found(&rules, "a", "k=ab;cd"), [format!("gitleaks-k={expected}")], "{line}");
    };
    check("regex = 'k=(?:x|(ab));(cd)'", "ab");
    check("regex = 'k=(x?)ab;(cd)'", "cd");
    check("regex = 'k=(ab);(cd)'\nsecretGroup = 2", "cd");
    check("regex = 'k=(?P<secret>ab);(cd)'\nsecretGroup = 2", "cd");
    check("regex = 'k=ab;cd\\s*'", "k=ab;cd");
}

#[test]
fn allowlists_hold_in_both_spellings() {
    let text = "first k=abcd1234 end\nk=zzzz";
    for name in ["[[rules.allowlists]]", "[rules.allowlist]", "[[RULES.AllowLists]]"] {
        let check = |lines: &str, expected: &[&str]| {
            let name = name.replace("RULES", "rules");
            check(&format!("{name}\n{lines}"), ("t/a.txt", text), expected);
        };
        check("regexes = ['^zz']", &["abcd1234"]);
        check("regexes = ['^first']\nregexTarget = 'line'", &["zzzz"]);
        check("regexes = ['^k=abc']\nregexTarget = 'match'", &["zzzz"]);
        check("stopwords = ['BCD1']", &["zzzz"]);
        check("stopwords = ['first']", &["abcd1234", "zzzz"]);
        check("paths = ['^t/']", &[]);
        check("paths = ['^a/']", &["abcd1234", "zzzz"]);
        check("condition = 'AND'\npaths = ['^t/']\nregexes = ['zz']", &["abcd1234"]);
        check("condition = 'and'\npaths = ['^a/']\nregexes = ['zz']", &["abcd1234", "zzzz"]);
        check("condition = 'OR'\npaths = ['^a/']\nregexes = ['zz']", &["abcd1234"]);
    }
}

#[test]
fn allowlists_of_a_file_hold_for_all_its_rules_or_for_some() {
    let config = "[[rules]]\nid = 'k'\nregex = 'k=([a-z]+)'\n[[rules]]\nid = 'j'\nregex = 'j=([a-z]+)'\n";
    let check = |lines: &str, expected: &[&str]| {
        let (rules, left) = converted(Format::Gitleaks, &format!("{config}{lines}"));
        assert_eq!(left, [""; 0]);
        assert_eq!(found(&rules, "a", "k=abcd j=abcd k=efgh"), expected, "{lines}");
    };
    check("[allowlist]\nstopwords = ['abc']", &["gitleaks-k=efgh"]);
    check("[[allowlists]]\nstopwords = ['abc']\n[[allowlists]]\nregexes = ['^e']", &[]);
    check("[[allowlists]]\ntargetRules = ['j']\nstopwords = ['abc']", &["gitleaks-k=abcd", "gitleaks-k=efgh"]);
}

#[test]
fn rules_need_others_near() {
    let config = "[[rules]]\nid = 'k'\nregex = 'k=([a-z]+)'\n[[rules.required]]\nid = 'j'\n";
    let other = "[[rules]]\nid = 'j'\nregex = 'j=([a-z]+)'\nskipReport = true\n";
    let check = |near: &str, text: &str, expected: &[&str]| {
        let (rules, left) = converted(Format::Gitleaks, &format!("{config}{near}\n{other}"));
        assert_eq!(left, [""; 0]);
        assert_eq!(found(&rules, "a", text), expected, "{near} {text:?}");
    };
    let hit = &["gitleaks-k=ab"][..];
    check("", "k=ab\n\n\nj=cd", hit);
    check("", "k=ab", &[]);
    check("withinLines = 2", "k=ab\n\nj=cd", hit);
    check("withinLines = 2", "k=ab\n\n\nj=cd", &[]);
    check("withinLines = 2", "j=cd\nk=ab", hit);
    check("withinColumns = 3", "k=ab\n   j=cd", hit);
    check("withinColumns = 3", "k=ab\n    j=cd", &[]);
    check("withinLines = 1\nwithinColumns = 9", "k=ab j=cd", hit);
}

#[test]
fn a_rule_about_paths_tells_what_the_file_begins_with() {
    let (rules, left) = converted(Format::Gitleaks, "[[rules]]\nid = 'p12'\npath = '\\.p12$'");
    assert_eq!(left, [""; 0]);
    assert_eq!(found(&rules, "a.p12", "0abc"), ["gitleaks-p12=0abc"]);
    assert_eq!(found(&rules, "a.p1", "0abc"), [""; 0]);
}

#[test]
fn what_cannot_be_converted_is_named() {
    let check = |config: &str, expected: &str| {
        let (_, left) = converted(Format::Gitleaks, &format!("[[rules]]\nid = 'k'\nregex = 'kkk'\n{config}"));
        assert!(left.len() == 1 && left[0].contains(expected), "{config}: {left:?}");
    };
    check("colour = 1", "rule `k`, colour: a field that is not known");
    check("entropy = 'x'", "rule `k`, entropy: not of the type");
    check(
        "[[rules.allowlists]]\ncommits = ['abc']\npaths = ['x']",
        "rule `k`, allowlists.commits: stanch knows secrets, not commits",
    );
    check("[[rules.allowlists]]\ncondition = 'AND'\ncommits = ['abc']\npaths = ['x']", "the whole list is left out");
    check("[[rules.allowlists]]\nregexTarget = 'x'\nregexes = ['x']", "allowlists.regexTarget: neither");
    check("[[rules.allowlists]]\ncondition = 'XOR'\nregexes = ['x']", "allowlists.condition: neither");
    check("[[rules.allowlists]]\nregexes = ['(?=x)']", "allowlists.regexes: look-around");
    check("[[rules.required]]\nid = 'gone'", "rule `k`, required: it needs a rule that is not in the file");
    check("secretGroup = 1", "rule `k`, rule: `group`: 1: the regular expression has 0 groups");
    check("[[rules]]\nid = 'l'\nregex = 'l(?!x)'", "rule `l`, regex: look-around");
    check("[[rules]]\nid = 'l'\nregex = 'l('", "rule `l`, rule: ");
    check("[[rules]]\nid = 'l'\nregex = '(?:l{1000}){1000}{1000}'", "too large for an automaton");
    check("[[rules]]\nid = 'l'", "rule `l`, regex: neither `regex` nor `path`");
    check("[[rules]]\nregex = 'l'", "rules.id: a rule without an id");
    check("[[allowlists]]\ntargetRules = ['gone']\npaths = ['x']", "rule `gone`, allowlists.targetRules: there is no such rule");
    check("[extend]\nurl = 'https://x'", "extend.url: nothing is fetched");
    check("[extend]\nuseDefault = true\ndisabledRules = ['aws']", "rule `aws`, extend.disabledRules: stanch's own rules");
    check("[extend]\npath = 'gone.toml'", "extend.path: the file it names was not found");
    check("skipReport = 'yes'", "rule `k`, skipreport: not of the type");
    check("[[rules.allowlists]]\npaths = ['x']\ntargetRules = ['k']", "rule `k`, allowlists.targetRules: a list of one rule");
    check("[[rules]]\nid = 'p'\npath = 'x$'\nentropy = 3", "rule `p`, entropy: it means nothing in a rule about paths alone");
    check("[[rules]]\nid = 'p'\npath = 'x$'\nkeywords = ['k']", "rule `p`, keywords: it means nothing");
    let whole = |config: &str, expected: &str| assert_eq!(converted(Format::Gitleaks, config).1, [expected], "{config}");
    whole("extend = 1\n[[rules]]\nid = 'k'\nregex = 'kkk'", "extend: not of the type it must have");
    whole("[extend]\nuseDefault = 'yes'\n[[rules]]\nid = 'k'\nregex = 'kkk'", "usedefault: not of the type it must have");
}

#[test]
fn no_value_of_the_file_stands_in_what_is_said_of_it() {
    let token = ["ghp", "_", "0123456789abcdefghij"].concat();
    let (text, left) = converted(
        Format::Gitleaks,
        &format!("[[rules]]\nid = 'k'\nregex = 'kkk'\n[[rules]]\nid = '{token}'\nregex = '(?!{token})'\n[x.{token}]\na = 1\n"),
    );
    assert_eq!(left.len(), 2);
    assert!(!left.concat().contains(&token[4..]) && !text.contains(&token[4..]), "{left:?}");
    let error =
        convert(Format::Gitleaks, Source { path: "x.toml", text: &format!("a = {token}"), bases: &[] }).unwrap_err().to_string();
    assert!(error.starts_with("x.toml:1: ") && !error.contains(&token[4..]), "{error}");
}

#[test]
fn a_configuration_takes_over_what_it_does_not_say() {
    let base = "[[rules]]\nid = 'k'\nregex = 'k=([a-z]+)'\nkeywords = ['k=']\n[[rules]]\nid = 'j'\nregex = 'j=([a-z]+)'\n\
                [[allowlists]]\nstopwords = ['stop']\n";
    let own = "[extend]\nuseDefault = true\ndisabledRules = ['j']\n[[rules]]\nid = 'k'\nentropy = 1.5\n[[rules.allowlists]]\nregexes = ['^q']\n";
    let bases = [("base.toml".to_owned(), base.to_owned())];
    let made = convert(Format::Gitleaks, Source { path: "x", text: own, bases: &bases }).unwrap();
    assert_eq!((made.rules, made.left), (1, Vec::new()));
    assert_eq!(found(&made.text, "a", "k=abcd k=aa k=qwert k=stopabc j=abcd"), ["gitleaks-k=abcd"]);
    let silent = format!("{own}[[rules]]\nid = 'k'\nskipReport = true\n");
    let made = convert(Format::Gitleaks, Source { path: "x", text: &silent, bases: &bases }).unwrap();
    assert_eq!(made.left[0].to_string(), "rule `k`, skipReport: gitleaks takes it from the rule that is extended");
    let own = "[extend]\npath = 'base.toml'\n[[rules]]\nid = 'k'\nregex = 'K=([a-z]+)'\n";
    assert_eq!(extends(Format::Gitleaks, own).as_deref(), Some("base.toml"));
    let made = convert(Format::Gitleaks, Source { path: "x", text: own, bases: &bases }).unwrap();
    assert_eq!(found(&made.text, "a", "k=abcd K=efgh j=abcd"), ["gitleaks-k=efgh", "gitleaks-j=abcd"]);
}

#[test]
fn allowlists_for_the_default_rules_are_told_apart() {
    let lists = "[[allowlists]]\npaths = ['(^|/)vendor/', '\\.lock$']\nregexes = ['^test']\nstopwords = ['Ex.ample']\n[[allowlists]]\nregexTarget = 'line'\nregexes = ['x']\n[[allowlists]]\ncondition = 'AND'\npaths = ['x']\nregexes = ['y']\n[[allowlists]]\ntargetRules = ['k']\npaths = ['z']\n";
    let made = super::silenced("x", &format!("[extend]\nuseDefault = true\n{lists}")).unwrap();
    assert_eq!(made.paths, ["(^|/)vendor/", "\\.lock$"]);
    assert_eq!(made.values, ["^test", "(?i)ex\\.ample"]);
    let left: Vec<String> = made.left.iter().map(ToString::to_string).collect();
    assert!(left.len() == 2 && left[0].contains("knows the value") && left[1].contains("all its conditions"), "{left:?}");
    // Those of a configuration with rules of its own alone hold for these.
    assert_eq!(super::silenced("x", lists).unwrap(), super::Silenced::default());
}

#[test]
fn ids_are_spelled_our_way_and_once() {
    let config = ["AWS Key", "aws-key", "gitleaks.x", "é"].map(|id| format!("[[rules]]\nid = '{id}'\nregex = 'abc'\n")).concat();
    let (text, left) = converted(Format::Gitleaks, &config);
    assert_eq!(left, [""; 0]);
    let ids: Vec<String> = load::parse_toml(Path::new("r"), &text).unwrap().into_iter().map(|e| e.rule.id).collect();
    assert_eq!(ids, ["gitleaks-aws-key", "gitleaks-aws-key-2", "gitleaks-x", "gitleaks-"]);
}

#[test]
fn formats_are_known_by_their_content() {
    assert_eq!(recognise("x", "[[rules]]\nid = 'k'"), Some(Format::Gitleaks));
    assert_eq!(recognise("x", "title = 'x'"), None);
    assert_eq!(recognise("x", "not toml"), None);
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in r#"((\[\[?(rules|allowlists?|rules\.allowlists|rules\.required|extend)\]\]?|(id|regex|path|keywords|entropy|commits|secretGroup) = ("[a-z(){}?]{0,5}"|'[^'\n]{0,9}'|[0-9]{1,3}|\['x', 'y'\])|.{0,9})\n){0,12}"#) {
        for format in Format::ALL {
            if let Ok(made) = convert(format, Source { path: "x", text: &text, bases: &[("y".to_owned(), text.clone())] })
                && made.rules > 0
            {
                load::parse_toml(Path::new("r"), &made.text).unwrap();
            }
        }
    }
}

#[test]
fn filters_of_betterleaks_are_converted() {
    let config = "betterleaksMinVersion = 'v1'\nprefilter = 'matchesAny(get(attributes, \"path\", \"\"), [`\\.lock$`])'\n[[rules]]\nid = 'k'\nregex = 'k=([a-z0-9]+)'\nconfidence = 'high'\nvalidate = 'x'\n";
    assert_eq!(recognise("x.toml", config), Some(Format::Betterleaks));
    let check = |filter: &str, path: &str, expected: &[&str], left: &[&str]| {
        let made =
            convert(Format::Betterleaks, Source { path: "x", text: &format!("{config}filter = '''{filter}'''"), bases: &[] })
                .unwrap();
        let named: Vec<String> = made.left.iter().map(ToString::to_string).collect();
        assert_eq!(named, left, "{filter}");
        assert!(made.notes.iter().any(|note| note.starts_with("1 of its rules ask services")), "{:?}", made.notes);
        assert_eq!(found(&made.text, path, "k=aabb k=abcd1234"), expected, "{filter}");
    };
    let (low, high) = ("betterleaks-k=aabb", "betterleaks-k=abcd1234");
    check("entropy(finding[\"secret\"]) <= 3.0", "a", &[], &[]);
    check("entropy(finding[\"secret\"]) < 3.0", "a", &[high], &[]);
    check("containsAny(finding[\"secret\"], [\"AAB\"])", "a", &[high], &[]);
    check("containsAny(finding[\"secret\"], [\"zzz\"])", "a.lock", &[], &[]);
    check("failsTokenEfficiency(finding[\"secret\"])", "a", &[low, high], &["rule `k`, filter: `failsTokenEfficiency`"]);
}

const YAML: &str = "rules:\n- name: Acme\n  id: np.acme.1\n  pattern: |\n    (?x)(?# a comment )\n    k= ([a-z0-9]+)\n  examples: ['k=x']\n  references: ['https://acme']\n";

#[test]
fn yaml_rules_are_converted() {
    assert_eq!(recognise("x.yml", YAML), Some(Format::NoseyParker));
    let (rules, left) = converted(Format::NoseyParker, YAML);
    assert_eq!(left, [""; 0]);
    assert_eq!(found(&rules, "a", "k=ab1"), ["noseyparker-acme-1=ab1"]);
    let check = |lines: &str, expected: &[&str], left: &[&str]| {
        let text = format!("{}{lines}", YAML.replace("np.", "kingfisher."));
        assert_eq!(recognise("x.yaml", &text), Some(Format::Kingfisher));
        let (rules, named) = converted(Format::Kingfisher, &text);
        assert_eq!(named, left, "{lines}");
        assert_eq!(found(&rules, "a", "k=a1b2 k=abcd"), expected, "{lines}");
    };
    let (one, two) = ("kingfisher-acme-1=a1b2", "kingfisher-acme-1=abcd");
    check("", &[one, two], &[]);
    check("  visible: false\n", &[], &[]);
    check("  min_entropy: 2\n  confidence: high\n", &[], &[]);
    check("  min_entropy: 1.9\n", &[one, two], &[]);
    check("  pattern_requirements:\n    min_digits: 2\n", &[one], &[]);
    check("  pattern_requirements:\n    min_digits: 3\n", &[], &[]);
    check("  pattern_requirements:\n    min_lowercase: 3\n", &[two], &[]);
    check("  pattern_requirements:\n    ignore_if_contains: [BCD]\n", &[one], &[]);
    let no = "rule `kingfisher.acme.1`, pattern_requirements.checksum: no condition of ours says this";
    check("  pattern_requirements:\n    checksum: {}\n", &[one, two], &[no]);
    check("  colour: red\n", &[one, two], &["rule `kingfisher.acme.1`, colour: a field that is not known"]);
    check("  confidence: sure\n", &[one, two], &["rule `kingfisher.acme.1`, confidence: neither low, medium nor high"]);
    let named = |lines: &str, field: &str, why: &str| {
        let left = format!("rule `kingfisher.acme.1`, {field}: {why}");
        check(lines, &[one, two], &[&left]);
    };
    named(
        "  depends_on_rule:\n    - rule_id: kingfisher.acme.2\n      variable: X\n",
        "depends_on_rule",
        "it names values of other rules that a service is asked with, and stanch asks none",
    );
    named("  tls_mode: lax\n", "tls_mode", "it says how a service is asked, and stanch asks none");
    for (lines, field) in [
        ("  visible: 'no'\n", "visible"),
        ("  categories: secret\n", "categories"),
        ("  min_entropy: high\n", "min_entropy"),
        ("  pattern_requirements: 3\n", "pattern_requirements"),
        ("  pattern_requirements:\n    min_digits: many\n", "pattern_requirements.min_digits"),
        ("  pattern_requirements:\n    ignore_if_contains: x\n", "pattern_requirements.ignore_if_contains"),
    ] {
        named(lines, field, "not of the type it must have");
    }
    for field in ["min_special_chars", "special_chars"] {
        named(
            &format!("  pattern_requirements:\n    {field}: 1\n"),
            &format!("pattern_requirements.{field}"),
            "no condition of ours says this",
        );
    }
    let token = YAML.replace("k= ([a-z0-9]+)", "(k)=(?P<TOKEN>[a-z0-9]+)");
    assert_eq!(found(&converted(Format::Kingfisher, &token).0, "a", "k=ab"), ["kingfisher-acme-1=ab"]);
}

#[test]
fn what_a_service_is_asked_with_is_noted() {
    for field in ["validation", "revocation", "prevalidated"] {
        let text = format!("{}  {field}: {{}}\n", YAML.replace("np.", "kingfisher."));
        let made = convert(Format::Kingfisher, Source { path: "x", text: &text, bases: &[] }).unwrap();
        assert!(made.left.is_empty() && made.notes.iter().any(|note| note.starts_with("1 of its rules ask")), "{field}");
        assert!(made.notes.iter().any(|note| note.starts_with("Examples and descriptions")), "{field}");
    }
}

#[test]
fn what_is_no_yaml_is_refused() {
    let check = |text: &str, expected: &str| {
        let error = convert(Format::Kingfisher, Source { path: "x.yml", text, bases: &[] }).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check("a: [", "x.yml:");
    check("rules: 1", "x.yml: it has no list called `rules`");
    let bomb =
        (0..30).fold("a0: &a0 [x]\n".to_owned(), |text, n| format!("{text}a{0}: &a{0} [*a{n}, *a{n}, *a{n}, *a{n}]\n", n + 1));
    check(&format!("{bomb}rules: *a30"), "x.yml:");
}

#[test]
fn settings_of_detect_secrets_are_converted() {
    let text = r#"{"version": "1.5.0", "plugins_used": [{"name": "Base64HighEntropyString", "limit": 3.0}, {"name": "HexHighEntropyString", "limit": "2.5"},
        {"name": "AWSKeyDetector"}, {"name": "IPPublicDetector"}, {"name": "Mine", "path": "file://x.py"}, {"name": "KeywordDetector", "keyword_exclude": "x"}],
        "filters_used": [{"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
        {"path": "detect_secrets.filters.regex.should_exclude_file", "pattern": ["\\.lock$"]},
        {"path": "detect_secrets.filters.regex.should_exclude_line", "pattern": ["(?<=x)y"]}], "results": {}}"#;
    assert_eq!(recognise(".secrets.baseline", text), Some(Format::DetectSecrets));
    let (rules, left) = converted(Format::DetectSecrets, text);
    let named: Vec<&str> = left.iter().map(|l| l.split(':').next().unwrap()).collect();
    let path = "filters_used.detect_secrets.filters.rege";
    assert_eq!(named, ["rule `IPPublicDetector`, name", "rule `Mine`, path", "rule `KeywordDetector`, keyword_exclude", path]);
    let check = |path: &str, line: &str, expected: &[&str]| assert_eq!(found(&rules, path, line), expected, "{line}");
    check("a", "x = \"Abcd+efgh/1234\"", &["detect-secrets-base64highentropystring=Abcd+efgh/1234"]);
    check("a.lock", "x = \"Abcd+efgh/1234\"", &[]);
    check("a", "x = 'abababab'", &[]);
    check("a", "x = '0123456789'", &["detect-secrets-base64highentropystring=0123456789"]);
    let more = r#"{"plugins_used": [{"name": "HexHighEntropyString", "limit": "high", "colour": 1}], "word_list": {},
        "filters_used": [{"path": "detect_secrets.filters.heuristic.is_sequential_string"},
        {"path": "detect_secrets.filters.gibberish.should_exclude_secret", "limit": 3.7}]}"#;
    let named = [
        "rule `HexHighEntropyString`, limit: not of the type it must have: the usual one is used",
        "rule `HexHighEntropyString`, colour: a field that is not known",
        "filters_used.detect_secrets.filters.gibb: stanch has no such filter",
        "word_list: a field that is not known",
    ];
    assert_eq!(converted(Format::DetectSecrets, more).1, named);
    let (error, line) = (convert(Format::DetectSecrets, Source { path: "x", text: "{", bases: &[] }).unwrap_err(), Some(1));
    assert_eq!((error.line, error.what.as_str()), (line, "it is no JSON"));
}
