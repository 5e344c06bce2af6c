//! No output holds a value, whatever is asked and whatever goes wrong; `--show-secrets` writes values into fields of their own only.

use base64::Engine as _;
use serde_json::Value;

use crate::canary::{generic, github, notion, password, pem, stripe};
use crate::run::{Folder, Outcome};

/// Every value planted.
fn canaries() -> Vec<String> {
    let mut all: Vec<String> = (1..=6).map(github).collect();
    all.extend((1..=3).map(stripe));
    all.extend([notion(1), notion(2), generic(1), password(1), password(2), password(3)]);
    // A line of the key's body is as good as the key.
    all.extend(pem(1).lines().filter(|l| !l.starts_with('-')).map(str::to_owned));
    all
}

/// A tree with every canary in it, in places where a careless report would show it.
fn folder() -> Folder {
    let folder = Folder::new();
    // The same twice, two on a line, one as the name of another, one in a comment, one in a URL.
    folder.write("same-line", format!("a = {0} b = {0} # was {0}, {1}\n", github(1), github(2)));
    folder.write(
        "name",
        format!("{} = \"{}\"\n\"{}\": \"{}\", password = '{}'\n", notion(1), github(3), notion(2), generic(1), password(1)),
    );
    folder.write("url", format!("postgres://user:{}@host/{}?token={}\n", password(2), stripe(1), github(4)));
    folder.write("key.pem", format!("x={} {}", stripe(2), pem(1)));
    folder.write("silenced", format!("k = {0} # stanch:allow[github-pat] -- {0}\n", github(5)));
    folder.write("stale", format!("k = {0} # stanch:allow[github-pat] until=2020-01-01 -- {0}\n", github(5)));
    folder.write("wrong", format!("k = {0} # stanch:allow[{0}] -- why\n", github(5)));
    folder.write("long", format!("{}{}{}\n", format!("{}, ", github(6)).repeat(5), "z, ".repeat(20), stripe(3)));
    folder.write("utf-8", [b"\xff\xfe\xfd password = ".as_slice(), password(3).as_bytes(), b"\xff\n"].concat());
    folder.write("nb.ipynb", format!(r#"{{"cells":[{{"id":"a","cell_type":"code","source":["k='{}'"]}}]}}"#, github(1)));
    folder.write("broken.ipynb", format!(r#"{{"cells":["{}"#, github(2)));
    folder.write("broken.zip", format!("PK\x03\x04{}", github(3)));
    folder
}

#[track_caller]
fn holds_none(canaries: &[String], what: &str, text: &str) {
    for canary in canaries {
        assert!(!text.contains(canary.as_str()), "{what} holds a value:\n{}", text.replace(canary.as_str(), "<HERE>"));
        // Half of a token is half of the way.
        let (start, end) = (&canary[..canary.len() * 2 / 3], &canary[canary.len() / 3..]);
        assert!(!text.contains(start) && !text.contains(end), "{what} holds a part of a value");
    }
}

#[test]
fn no_report_holds_a_value() {
    let folder = folder();
    let canaries = canaries();
    for init in [false, true] {
        if init {
            folder.run(&["init"]).says(0, &[]);
        }
        for format in ["human", "json", "jsonl", "sarif"] {
            let outcome = folder.run(&["scan", "-f", format, "."]);
            holds_none(&canaries, format, &outcome.says(1, &[]).out);
            holds_none(&canaries, format, &outcome.err);
            let outcome = folder.run(&["scan", "-f", format, "--exit-code", "0", "-o", "../home/report", "."]);
            holds_none(&canaries, format, &(outcome.out + &outcome.err));
            holds_none(&canaries, format, &std::fs::read_to_string(folder.home().join("report")).unwrap());
        }
    }
}

#[test]
fn every_canary_is_found() {
    let folder = folder();
    let report = folder.scan(&["--show-secrets", "."]);
    let shown: String = report.findings.iter().filter_map(|f| f["secret"].as_str()).collect::<Vec<_>>().join("\n");
    for canary in canaries() {
        let n = usize::from(canary == password(3)); // behind it stands a byte that is no text
        assert!(shown.contains(&canary) || n == 1, "not found: {}…", &canary[..6]);
    }
}

#[test]
fn shown_values_stand_in_their_own_field_only() {
    let folder = folder();
    let canaries = canaries();
    for (format, fields) in [
        ("json", vec!["secret", "secret_base64"]),
        ("jsonl", vec!["secret", "secret_base64"]),
        ("sarif", vec!["secret", "secret_base64"]),
    ] {
        let Outcome { out, .. } = folder.run(&["scan", "-f", format, "--show-secrets", "."]);
        assert!(canaries.iter().any(|c| out.contains(c.as_str())), "{format} shows nothing");
        let mut documents: Vec<Value> = match format {
            "jsonl" => out.lines().map(|l| serde_json::from_str(l).unwrap()).collect(),
            _ => vec![serde_json::from_str(&out).unwrap()],
        };
        for document in &mut documents {
            without(document, &fields);
        }
        holds_none(&canaries, format, &serde_json::to_string(&documents).unwrap());
    }
    let human = folder.run(&["scan", "--show-secrets", "."]).out;
    let mut in_value = false;
    let rest: Vec<&str> = human
        .lines()
        .filter(|line| {
            let label = line.get(..8).unwrap_or_default().trim();
            in_value = label == "value" || in_value && label.is_empty() && !line.is_empty();
            !in_value
        })
        .collect();
    assert!(rest.len() < human.lines().count());
    holds_none(&canaries, "human", &rest.join("\n"));
}

/// Takes fields out of a JSON document.
fn without(value: &mut Value, fields: &[&str]) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|v| without(v, fields)),
        Value::Object(map) => {
            map.retain(|key, _| !fields.contains(&key.as_str()));
            map.values_mut().for_each(|v| without(v, fields));
        }
        _ => {}
    }
}

#[test]
fn values_that_are_no_text_are_shown_in_base64() {
    let folder = Folder::new();
    folder.write("raw.toml", RAW);
    folder.write("a", [b"canary-Hb7-".as_slice(), b"\xff\xfe", b"q9xk\n"].concat());
    let report = folder.scan(&["--show-secrets", "--rules", "raw.toml", "--only", "raw-canary", "a"]);
    assert_eq!(report.places(), ["a:1:8 raw-canary"]);
    let finding = &report.findings[0];
    let coded = finding["secret_base64"].as_str().unwrap();
    assert_eq!(base64::engine::general_purpose::STANDARD.decode(coded).unwrap(), b"Hb7-\xff\xfeq9xk");
    assert!(finding["secret"].is_null(), "what is no text is not shown as one");
}

/// A rule whose values need not be text.
const RAW: &str = r"
provider = 'P'
url = 'https://p.example'
fix = 'f'
[[rule]]
id = 'raw-canary'
about = 'a'
category = 'c'
severity = 'low'
confidence = 'low'
regex = 'canary-(?P<secret>[^ \n]{8,20})'
placeholders = 'kept'
";

#[test]
fn no_explanation_holds_a_value() {
    let folder = folder();
    let canaries = canaries();
    for file in std::fs::read_dir(folder.path("")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let lines = memchr::memchr_iter(b'\n', &std::fs::read(folder.path(&name)).unwrap()).count() + 2;
        for line in 0..=lines {
            let outcome = folder.run(&["explain", &format!("{name}:{line}")]);
            holds_none(&canaries, &format!("explain {name}:{line}"), &(outcome.out + &outcome.err));
        }
    }
    let outcome = folder.run(&["explain", "--only", "stripe", "same-line:1"]);
    holds_none(&canaries, "explain", &(outcome.out + &outcome.err));
}

#[test]
fn no_error_holds_a_value_of_a_file() {
    let folder = folder();
    let canaries = canaries();
    let token = github(1);
    let head = "provider = 'P'\nurl = 'https://p'\nfix = 'f'\n\n[[rule]]\nid = 'x-1'\nabout = 'a'\ncategory = 'c'\nseverity = 'low'\nconfidence = 'low'\ntoken = '\"abc\" hex{9}'\n";
    let rule_files = [
        format!("{head}examples = ['{token}', '{token}']\ncounterexamples = ['x', 'y']\n"),
        format!("{head}examples = ['{token}', '{token}]\n"),
        format!("{head}examples = [{token}]\n"),
        format!("{head}severity = '{token}'\n"),
        format!("{head}{token} = 1\n"),
        format!("{head}entropy = '{token}'\n"),
        format!("{head}checks = ['{token}']\n"),
        format!("{head}paired_with = ['{token}']\n"),
        format!("{head}paths = {{ only = ['[{token}'] }}\n"),
        format!("{head}allow = {{ regexes = ['({token}'] }}\n"),
        head.replace("\"abc\" hex{9}", &format!("\"{token}\" hxe{{9}}")),
        head.replace("\"abc\" hex{9}", &token),
        head.replace("token = '\"abc\" hex{9}'", &format!("regex = '({token}'")),
        head.replace("'x-1'", &format!("'{token}'")),
        token.clone(),
    ];
    for (n, content) in rule_files.iter().enumerate() {
        folder.write("r.toml", content);
        for args in [
            &["rules", "check", "r.toml"][..],
            &["scan", "--rules", "r.toml", "url"],
            &["rules", "list", "--rules", "r.toml", "--only", "x-1"],
        ] {
            let outcome = folder.run(args);
            holds_none(&canaries, &format!("rule file {n}, {args:?}"), &(outcome.out + &outcome.err));
        }
    }
    for (n, content) in [
        token.clone(),
        format!("version = {token}"),
        format!("version = 1\nproject_key = \"{token}\""),
        format!("version = 1\n{token} = 1"),
        format!("version = 1\n[[allow]]\nfingerprint = \"{token}\"\nreason = \"{token}\""),
    ]
    .iter()
    .enumerate()
    {
        folder.write("stanch.toml", content);
        let outcome = folder.run(&["scan", "url"]);
        holds_none(&canaries, &format!("stanch.toml {n}"), &(outcome.says(2, &[]).out.clone() + &outcome.err));
    }
}

/// A value that was found in one place is not shown in the line of another, where no rule finds it.
#[test]
fn what_is_found_elsewhere_is_hidden_in_the_lines_that_are_shown() {
    let folder = Folder::new();
    let (long, short) = (format!("Hb7{}", &generic(7)[..11]), "Elm7x");
    folder.write("a.env", format!("DB_PASSWORD={long}\nREDIS_PASSWORD={short}\n"));
    folder.write("b.txt", format!("said {long} and {short}, not {short}er; k = {}; then {long}\n", github(1)));
    let with_lines = ["human", "json", "jsonl", "sarif", "gitleaks-json", "html", "junit", "gitlab"];
    for format in with_lines.into_iter().chain(["csv", "github", "markdown", "markdown-comment"]) {
        let outcome = folder.run(&["scan", "-f", format, "."]);
        assert!(!outcome.out.contains(&long), "{format}: {}", outcome.out);
        assert!(!outcome.out.contains(&format!(" {short},")) && outcome.code == 1, "{format}: {}", outcome.out);
        // A part of another word is none.
        assert!(!with_lines.contains(&format) || outcome.out.contains(&format!("{short}er")), "{format}: {}", outcome.out);
    }
}

/// Who types a secret in the place of something else does not see it again.
#[test]
fn errors_hide_what_was_typed() {
    let folder = Folder::new();
    let token = github(8);
    for args in [
        vec!["scan", &token],
        vec!["scan", "--only", &token],
        vec!["rules", "show", &token],
        vec!["scan", "-f", &token],
        vec![&token],
        vec!["scan", "--config", &token],
        vec!["scan", "--history", &token],
    ] {
        let outcome = folder.run(&args);
        assert_eq!(outcome.code, 2, "{args:?}");
        assert!(!outcome.err.contains(&token) && outcome.err.contains("********"), "{args:?} {}", outcome.err);
    }
}
