//! `stanch rules list|show|check`, and rules of one's own.

use serde_json::Value;

use crate::canary::github;
use crate::run::Folder;

/// A rule file with one rule for `acme_` tokens.
pub(crate) const ACME: &str = r#"provider = "Acme"
url = "https://acme.example/docs"
fix = "Revoke it in the Acme console."

[[rule]]
id = "acme-token"
about = "Acme API token"
category = "saas"
severity = "high"
confidence = "high"
token = '"acme_" base62{24}'
examples = ['t = acme_·K7fQ2mZx9LpR4vTb6WnY8cHd', 'acme_·9LpR4vTb6WnY8cHdK7fQ2mZx']
counterexamples = ['acme_·short', 'acme_·K7fQ2mZx9LpR4vTb6WnY8cHdX']
"#;

#[test]
fn rules_are_listed_for_people_and_programs() {
    let folder = Folder::new();
    let all = folder.run(&["rules", "list"]);
    all.says(0, &["github-pat ", "  critical  high    GitHub personal access token (classic)"]);
    let lines = folder.run(&["rules", "list", "--json"]).out;
    let rules: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rules.len(), all.out.lines().count());
    let pat = rules.iter().find(|r| r["id"] == "github-pat").unwrap();
    let field = |name: &str| pat[name].as_str().unwrap();
    assert_eq!(["provider", "category", "severity", "confidence"].map(field), ["GitHub", "vcs", "critical", "high"]);
}

#[test]
fn rules_are_chosen_by_id_category_and_provider() {
    let folder = Folder::new();
    let ids = |args: &[&str]| {
        let out = folder.run(&[&["rules", "list"], args].concat()).out;
        out.lines().map(|l| l.split_whitespace().next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&["--only", "github-pat"]), ["github-pat"]);
    assert_eq!(ids(&["--only", "github-pat,github-oauth"]), ["github-pat", "github-oauth"]);
    let github = ids(&["--only", "GitHub"]);
    assert!(github.len() > 5 && github.iter().all(|id| id.starts_with("github-")), "{github:?}");
    assert_eq!(ids(&["--only", "github-*", "--except", "github-pat"]).len(), ids(&["--only", "github-*"]).len() - 1);
    folder.run(&["rules", "list", "--only", "nothing-like-it"]).says(2, &["no rule matches `nothing-like-it`", "hint: "]);
}

#[test]
fn a_rule_is_shown_in_full() {
    let folder = Folder::new();
    let parts = [
        "id          github-pat",
        "token       \"ghp_\" base62{36}",
        "checks      crc32-base62",
        "what to do  ",
        "see         https://",
    ];
    folder.run(&["rules", "show", "github-pat"]).says(0, &parts);
    folder.write("acme.toml", ACME);
    folder.run(&["rules", "show", "acme-token", "--rules", "acme.toml"]).says(0, &["finds       Acme: Acme API token"]);
    let more =
        "allow = { values = ['acme_·one'], words = ['demo', 'try'], regexes = ['^acme_0'], paths = ['docs/*.md'] }\nexamples";
    folder.write("more.toml", ACME.replacen("examples", more, 1));
    let parts = [
        "not in      docs/*.md\n",
        "not words   demo, try\n",
        "not regexes ^acme_0\n",
        "unless      it looks like a placeholder",
        "not values  acme_",
    ];
    folder.run(&["rules", "show", "acme-token", "--rules", "more.toml"]).says(0, &parts);
    folder.run(&["rules", "show", "aws-secret-access-key"]).says(0, &["paired with aws-", " lines away, "]);
}

#[test]
fn a_rule_of_ones_own_is_checked_and_used() {
    let folder = Folder::new();
    folder.write("rules/acme.toml", ACME);
    folder.run(&["rules", "check", "rules"]).says(0, &["1 rule, 4 examples and counterexamples, 0 wrong"]);
    let token = format!("acme{}{}", "_", "K7fQ2mZx9LpR4vTb6WnY8cHd");
    folder.write("a", format!("t = {token}\n{}\n", github(1)));
    folder.scan(&["--rules", "rules", "a"]).is(1, &["a:1:5 acme-token", "a:2:1 github-pat"], &[]);
    folder.scan(&["--rules", "rules/acme.toml", "--only", "acme-token", "a"]).is(1, &["a:1:5 acme-token"], &[]);
    folder.scan(&["--only", "github-pat", "a"]).is(1, &["a:2:1 github-pat"], &[]);
}

#[test]
fn examples_that_do_not_hold_are_named_and_not_shown() {
    let folder = Folder::new();
    folder.write(
        "acme.toml",
        ACME.replace("'acme_·short'", "'acme_·8cHdK7fQ2mZx9LpR4vTb6WnY'").replace("'t = acme_·K7fQ", "'t = acme_·K7-Q"),
    );
    let outcome = folder.run(&["rules", "check", "acme.toml"]);
    outcome.says(1, &["rule `acme-token`: example 1 does not match", "rule `acme-token`: counterexample 1 matches", "2 wrong"]);
    assert!(!outcome.out.contains("6WnY"));
    folder.write("acme.toml", ACME.lines().filter(|l| !l.starts_with("counter")).collect::<Vec<_>>().join("\n"));
    folder.run(&["rules", "check", "acme.toml"]).says(1, &["rule `acme-token`: 0 counterexamples, at least two are needed"]);
}

#[test]
fn a_built_in_rule_is_replaced_only_if_it_is_left_out() {
    let folder = Folder::new();
    let token = format!("acme{}{}", "_", "K7fQ2mZx9LpR4vTb6WnY8cHd");
    folder.write("a", format!("{}\nt = {token}\n", github(1)));
    folder.write("acme.toml", ACME.replace("acme-token", "github-pat"));
    let words = [
        "error: acme.toml:6: rule `github-pat`, field `id`: a built-in rule has this id",
        "choose another, or leave the built-in one out with `--except github-pat`",
    ];
    folder.run(&["scan", "--rules", "acme.toml", "a"]).says(2, &words);
    folder.run(&["scan", "--rules", "acme.toml", "--except", "github-oauth", "a"]).says(2, &words);
    folder.scan(&["--rules", "acme.toml", "--except", "github-pat", "a"]).is(1, &["a:2:5 github-pat"], &[]);
    folder.scan(&["--rules", "acme.toml", "--except", "github-pat", "--only", "github-pat", "a"]).is(
        1,
        &["a:2:5 github-pat"],
        &[],
    );
}

#[test]
fn a_double_rule_is_refused_by_scan_and_check_alike() {
    let folder = Folder::new();
    folder.write("a", "x\n");
    folder.write("acme.toml", ACME);
    folder.write("more/acme.toml", ACME);
    let words = ["error: more/acme.toml:6: rule `acme-token`, field `id`: defined twice, first in acme.toml:6"];
    folder.run(&["scan", "--rules", "acme.toml", "--rules", "more", "a"]).says(2, &words);
    folder.run(&["rules", "check", "acme.toml", "more"]).says(2, &words);
}

#[test]
fn a_companion_there_is_not_is_refused() {
    let folder = Folder::new();
    folder.write("a", "x\n");
    let paired = |id: &str| folder.write("acme.toml", format!("{ACME}paired_with = [\"{id}\"]\n"));
    paired("github-pta");
    let words = [
        "error: acme.toml:14: rule `acme-token`, field `paired_with`: no rule has the id `github-pta`; did you mean `github-pat`?",
    ];
    folder.run(&["scan", "--rules", "acme.toml", "a"]).says(2, &words);
    folder.run(&["rules", "check", "acme.toml"]).says(2, &words);
    paired("github-pat");
    folder.run(&["rules", "check", "acme.toml"]).says(0, &["0 wrong"]);
    folder.scan(&["--rules", "acme.toml", "a"]).is(0, &[], &[]);
}

#[test]
fn a_rule_file_that_is_no_text_names_the_line() {
    let folder = Folder::new();
    folder.write("acme.toml", [ACME.as_bytes(), b"# \xff\n"].concat());
    folder.run(&["rules", "check", "acme.toml"]).says(2, &["error: acme.toml:14: not UTF-8"]);
}

#[test]
fn a_rule_for_certain_files_is_checked_and_works_inside_archives_too() {
    let folder = Folder::new();
    for glob in ["*.conf", "**/etc/*.conf", "app[0-9].conf"] {
        folder.write("acme.toml", format!("{ACME}paths = {{ only = [\"{glob}\"] }}\n"));
        folder.run(&["rules", "check", "acme.toml"]).says(0, &["1 rule, 4 examples and counterexamples, 0 wrong"]);
    }
    let token = format!("t = acme{}{}\n", "_", "K7fQ2mZx9LpR4vTb6WnY8cHd");
    folder.write("etc/app1.conf", &token);
    folder.write("etc/app.txt", &token);
    folder.shell("zip -qr a.zip etc && tar -cf a.conf etc/app.txt");
    let only = |glob: &str| folder.write("acme.toml", format!("{ACME}paths = {{ only = [\"{glob}\"] }}\n"));
    let scan = || folder.scan(&["--rules", "acme.toml", "--only", "acme-token", "etc", "a.zip", "a.conf"]).places();
    only("*.conf");
    let expected = ["a.conf!etc/app.txt", "a.zip!etc/app1.conf", "etc/app1.conf"];
    assert_eq!(scan(), expected.map(|place| format!("{place}:1:5 acme-token")));
    only("*.zip");
    let expected = ["a.zip!etc/app.txt", "a.zip!etc/app1.conf"];
    assert_eq!(scan(), expected.map(|place| format!("{place}:1:5 acme-token")));
}

#[test]
fn all_built_in_rules_hold() {
    Folder::new().run(&["rules", "check"]).says(0, &["examples and counterexamples, 0 wrong"]);
}

#[test]
fn rules_of_a_day_are_those_that_were_there() {
    let folder = Folder::new();
    folder.write("mine.toml", ACME.replace("url =", "since = \"2027-02-01\"\nurl ="));
    let ids = |args: &[&str]| folder.run(&[&["rules", "list", "--rules", "mine.toml"], args].concat()).out.lines().count();
    let all = ids(&[]);
    assert_eq!(ids(&["--rules-as-of", "2027-02-01"]), all);
    assert_eq!(ids(&["--rules-as-of", "2027-01-31"]), all - 1);
    folder
        .run(&["rules", "list", "--rules-as-of", "2026-01-01"])
        .says(2, &["no built-in rule was there on 2026-01-01", "hint: "]);
    folder.run(&["rules", "list", "--rules-as-of", "soon"]).says(2, &["write a day as 2026-11-30"]);
    folder.run(&["rules", "show", "github-pat"]).says(0, &["since       2026-11-27"]);
    folder.run(&["rules", "list"]).says(0, &["  2026-11-27  critical  high    GitHub personal access token (classic)"]);
    folder.write("a", github(1));
    folder.run(&["scan", "a", "--rules-as-of", "2026-11-27"]).says(1, &["github-pat"]);
    folder.write("mine.toml", ACME.replace("url =", "since = \"soon\"\nurl ="));
    folder.run(&["rules", "check", "mine.toml"]).says(2, &["field `since`: allowed: a day such as"]);
}

/// A folder of rules is checked to its end: each file that cannot be read is told, and the others are tried.
#[test]
fn a_folder_is_checked_to_its_end() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("rules")).unwrap();
    folder.write("rules/a.toml", "x = [\n");
    folder.write("rules/b.toml", "y = \n");
    let rule = "provider = \"A\"\nurl = \"https://a.test/\"\nfix = \"f\"\n[[rule]]\nid = \"a-key\"\nabout = \"A key\"\ncategory = \"web\"\nseverity = \"low\"\nconfidence = \"low\"\ntoken = '\"akey_\" base62{20}'\nexamples = ['x', 'y']\ncounterexamples = ['x', 'y']\n";
    folder.write("rules/c.toml", rule);
    let outcome = folder.run(&["rules", "check", "rules"]);
    outcome.says(
        2,
        &["error: rules/a.toml:1: ", "error: rules/b.toml:1: ", "example 2 does not match", "2 wrong, 2 files could not be read"],
    );
    folder.run(&["rules", "check", "rules/a.toml"]).says(2, &["error: rules/a.toml:1: "]);
}
