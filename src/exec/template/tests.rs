//! What comes of templates, read by the readers of each format.

use std::process::Command;

use proptest::prelude::*;

use super::{Error, Format, Template};
use crate::base::arena::Arena;
use crate::base::secret::Secret;
use crate::exec::Unresolved;

fn rendered(format: Format, text: &str, values: &[&str]) -> Result<String, Error> {
    let template = Template::parse(format, text.as_bytes())?;
    let mut given = values.iter();
    let out = template.render(&Arena::new(), &mut |references| {
        Ok(references.iter().map(|_| Secret::new(given.next().expect("a value").as_bytes())).collect())
    })?;
    Ok(String::from_utf8(out.bytes().to_vec()).unwrap())
}

fn check(format: Format, table: &[(&str, &str, &str)]) {
    for (text, value, expected) in table {
        match rendered(format, text, &[value]) {
            Ok(out) => assert_eq!(out, *expected, "{text}"),
            Err(error) => assert!(!expected.is_empty() && error.to_string().contains(expected), "{text}: {error}"),
        }
    }
}

#[test]
fn formats_are_known_by_names() {
    for (name, format) in [
        (".env", Format::Dotenv),
        (".env.local", Format::Dotenv),
        ("prod.env", Format::Dotenv),
        ("a/values.YAML.tmpl", Format::Yaml),
        ("x.yml", Format::Yaml),
        ("config.json.in", Format::Json),
        ("Cargo.toml", Format::Toml),
        ("deploy.sh", Format::Shell),
        ("nginx.conf.template", Format::Plain),
        ("README", Format::Plain),
    ] {
        assert_eq!(Format::of_path(name.as_ref()), format, "{name}");
    }
    assert_eq!((Format::named("yaml"), Format::named("xml")), (Some(Format::Yaml), None));
}

#[test]
fn texts_are_as_they_were_without_references() {
    for format in [Format::Dotenv, Format::Yaml, Format::Json, Format::Toml, Format::Shell, Format::Plain] {
        for text in ["", "any 'thing\n", "{{ x }} $(", "a: \"b\"\n# no: end"] {
            assert_eq!(rendered(format, text, &[]).unwrap(), text);
        }
    }
}

#[test]
fn errors_name_lines_and_all_that_is_missing() {
    for (format, text, expected) in [
        (Format::Plain, "a\nb stanch://x\n", "line 2: a reference is"),
        (Format::Plain, "a\n{{ stanch://a/b\n", "line 2: `}}` is missing"),
        (Format::Json, "{\n\"a\":\n stanch://a/b}", "line 3: a value cannot stand here: put"),
        (Format::Json, "{\"a\": \"stanch:\\/\\/a\\/b\", \"b\": \"stanch://a/b\"}", "line 1: a reference is"),
        (Format::Toml, "a = stanch://a/b\n", "line 1: a value cannot stand here"),
        (Format::Toml, "a = '''stanch://a/b", "line 1: a string has no end"),
        (Format::Dotenv, "stanch://a/b\n", "line 1: a value cannot stand here"),
        (Format::Yaml, "a: stanch://a/b\n  more\n", "line 1: a value cannot stand here"),
        (Format::Yaml, "a: some\n  stanch://a/b\n", "line 2: a value cannot stand here"),
        (Format::Shell, "x=`echo stanch://a/b`\n", "line 1: a value cannot stand here"),
        (Format::Shell, "echo ${x:-stanch://a/b}\n", "line 1: a value cannot stand here"),
        (Format::Shell, "cat <<END\nstanch://a/b\nEND\n", "line 2: a value cannot stand here"),
    ] {
        let error = rendered(format, text, &["v", "v"]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let template = Template::parse(Format::Plain, b"stanch://a/b stanch://a/c#d stanch://a/b").unwrap();
    let error = template.render(&Arena::new(), &mut |all| Err(Unresolved::Missing(all.to_vec()))).err().unwrap();
    assert_eq!(error.to_string(), "not in the vault: `stanch://a/b`, `stanch://a/c#d`");
}

#[test]
fn comments_stay() {
    for (format, text) in [
        (Format::Dotenv, "# stanch://not/a/b/c/d\nA=1 # stanch://x\n"),
        (Format::Yaml, "# stanch://x\na: b # stanch://x\n"),
        (Format::Json, "// stanch://x\n{} /* stanch://x */"),
        (Format::Toml, "a = 1 # stanch://x\n"),
        (Format::Shell, "#!/bin/sh\necho a#b # stanch://x\n"),
    ] {
        assert_eq!(rendered(format, text, &[]).unwrap(), text);
    }
}

#[test]
fn env_files_get_the_quotes_that_values_need() {
    check(
        Format::Dotenv,
        &[
            ("A=stanch://a/b\n", "simple-1/2", "A=simple-1/2\n"),
            ("export A = \"stanch://a/b\" # x\n", "simple", "export A = simple # x\n"),
            ("A='stanch://a/b'\n", "two words#", "A='two words#'\n"),
            ("A=stanch://a/b\n", "it's", "A=\"it's\"\n"),
            ("A=stanch://a/b\n", "$x`y\"", "A='$x`y\"'\n"),
            ("A=stanch://a/b\n", "it's $x", "has characters that no quotes"),
            ("A=stanch://a/b\n", "a\\\\b", "has characters that no quotes"),
            ("A=stanch://a/b\n", "one\ntwo", "A='one\ntwo'\n"),
            ("A=stanch://a/b\n", "one\r\ntwo", "has characters that no quotes"),
            ("U=postgres://u:{{ stanch://a/b }}@h/d\n", "p w", "U='postgres://u:p w@h/d'\n"),
            ("U=\"$HOME {{ stanch://a/b }}\"\n", "p w", "U=\"$HOME p w\"\n"),
            ("U=\"$HOME {{ stanch://a/b }}\"\n", "$x", "has characters that these quotes"),
            ("U=$HOME/{{ stanch://a/b }}\n", "x", "put the value in quotes"),
        ],
    );
}

#[test]
fn yaml_keeps_its_shape() {
    check(
        Format::Yaml,
        &[
            ("a: stanch://a/b\nc: 1\n", "yes", "a: \"yes\"\nc: 1\n"),
            ("a: {{ stanch://a/b }} # c\n", "x", "a: \"x\" # c\n"),
            ("- u:{{ stanch://a/b }}@h\n- b\n", "x", "- \"u:x@h\"\n- b\n"),
            ("a: 'it''s stanch://a/b'\n", "x'y", "a: \"it's x'y\"\n"),
            ("a: [x, stanch://a/b, \"stanch://a/b\"]\n", "1", "a: [x, \"1\", \"1\"]\n"),
            ("a: {b: stanch://a/b}\n", "1", "a: {b: \"1\"}\n"),
            ("a:\n  stanch://a/b\nc: d\n", "1", "a:\n  \"1\"\nc: d\n"),
            ("a: !!str &x stanch://a/b\n", "1", "a: !!str &x \"1\"\n"),
            ("stanch://a/b: 1\n", "k", "\"k\": 1\n"),
            ("a: |\n  stanch://a/b\nc: d\n", "1\n\n2\n", "a: |\n  1\n\n  2\nc: d\n"),
            ("a:\n- k: |-\n    x={{ stanch://a/b }};\n  c: d\n", "1", "a:\n- k: |-\n    x=1;\n  c: d\n"),
            ("a: >\n  x stanch://a/b\n", "1\n2", "has several lines"),
            ("a: |\n  stanch://a/b\n", " 1", "begins with a blank"),
            ("a: |\n  # stanch://a/b\n", "1", "a: |\n  # 1\n"),
        ],
    );
}

#[test]
fn shell_quotes_hold() {
    check(
        Format::Shell,
        &[
            ("x=stanch://a/b\n", "a'b $c", "x='a'\\''b $c'\n"),
            ("x='u:{{ stanch://a/b }}'\n", "a'b", "x='u:a'\\''b'\n"),
            ("x=\"$y {{ stanch://a/b }}\"\n", "$a`b\"\\", "x=\"$y \\$a\\`b\\\"\\\\\"\n"),
            ("x=\"$(f 'stanch://a/b')\"\n", "a'b", "x=\"$(f 'a'\\''b')\"\n"),
            ("cat <<END\nk=stanch://a/b $y\nEND\n", "$a", "cat <<END\nk=\\$a $y\nEND\n"),
            ("cat <<-'END'\n\tk=stanch://a/b\n\tEND\n", "$a", "cat <<-'END'\n\tk=$a\n\tEND\n"),
            ("cat <<'END'\nk=stanch://a/b\nEND\n", "a\nEND", "has several lines"),
            ("x=\"$(case y in y) echo stanch://a/b;; esac)\"\n", "a", "`case` within"),
        ],
    );
}

/// Values of all kinds.
fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]{0,9}",
        "\\PC{0,9}",
        "[ \t\n\r\"'\\\\$`#:,{}\\[\\]&*!|>%@=-]{0,9}",
        "[\u{0}-\u{20}\u{7f}-\u{a0}\u{2028}\u{feff}]{0,4}",
        "[ab '\n\"\\\\]{0,8}"
    ]
}

fn read_yaml(text: &str) -> Option<std::collections::BTreeMap<String, String>> {
    serde_saphyr::from_str(text).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn json_reads_back(value in values(), other in "[a-z ]{0,5}") {
        let out = rendered(Format::Json, &format!("{{\"k\": \"{other}{{{{ stanch://a/b }}}}{other}\", \"n\": [\"stanch://a/b\"]}}"), &[&value]).unwrap();
        let read: serde_json::Value = serde_json::from_str(&out).map_err(|e| TestCaseError::fail(format!("{e}: {out}")))?;
        prop_assert_eq!(&read["k"], &format!("{other}{value}{other}"));
        prop_assert_eq!(&read["n"][0], &value);
    }

    #[test]
    fn toml_reads_back(value in values(), other in "[a-z\"\\\\]{0,5}") {
        let text = format!("a = \"stanch://a/b\"\nb = 'x{other}{{{{ stanch://a/b }}}}'\nc = \"\"\"\n{{{{ stanch://a/b }}}}\"\"\"\nd = '''\n{other} {{{{ stanch://a/b }}}}{other}'''\n");
        let out = rendered(Format::Toml, &text, &[&value]).unwrap();
        let read: toml::Table = toml::from_str(&out).map_err(|e| TestCaseError::fail(format!("{e}: {out}")))?;
        let expected = [value.clone(), format!("x{other}{value}"), value.clone(), format!("{other} {value}{other}")];
        for (key, expected) in ["a", "b", "c", "d"].iter().zip(expected) {
            prop_assert_eq!(read[*key].as_str(), Some(expected.as_str()), "{}", out);
        }
    }

    #[test]
    fn yaml_reads_back(value in values()) {
        let text = "a: stanch://a/b\nb: \"x{{ stanch://a/b }}\"\nc: 'it''s {{ stanch://a/b }}' # c\nd: u:{{ stanch://a/b }}:v\ne: {{ stanch://a/b }}\nf:\n  stanch://a/b\n";
        let out = rendered(Format::Yaml, text, &[&value]).unwrap();
        let read = read_yaml(&out).ok_or_else(|| TestCaseError::fail(format!("{out:?}")))?;
        for (key, expected) in [("a", value.clone()), ("b", format!("x{value}")), ("c", format!("it's {value}")), ("d", format!("u:{value}:v")), ("e", value.clone()), ("f", value.clone())] {
            prop_assert_eq!(&read[key], &expected, "{:?}", out);
        }
    }

    #[test]
    fn blocks_of_yaml_read_back_or_are_refused(value in values(), lines in "([a-z]{1,3}\n){0,3}") {
        let value = format!("{lines}{value}");
        let text = "a: |\n  x {{ stanch://a/b }}\n  y\nb: |\n    stanch://a/b\nc: >-\n  x {{ stanch://a/b }} y\n  z\nd: e\n";
        for (key, start, before, after) in [("a", "a: |", "x ", "\ny\n"), ("b", "b: |", "", "\n"), ("c", "c: >-", "x ", " y z")] {
            let from = text.find(start).unwrap();
            let end = text[from + 1..].find("\nb:").or_else(|| text[from + 1..].find("\nc:")).or_else(|| text[from + 1..].find("\nd:")).unwrap() + from + 2;
            let one = &text[from..end];
            let Ok(out) = rendered(Format::Yaml, &format!("{one}d: e\n"), &[&value]) else { continue };
            let read = read_yaml(&out).ok_or_else(|| TestCaseError::fail(format!("{out:?}")))?;
            let inner = if key == "c" { &value } else { value.strip_suffix('\n').unwrap_or(&value) };
            prop_assert_eq!(&read[key], &format!("{before}{inner}{after}"), "{:?}", out);
            prop_assert_eq!(&read["d"], "e");
        }
    }

    #[test]
    fn any_text_is_looked_through(text in "([a-z:'\"\\\\\n {}|>#=-]|stanch://a/b|\\{\\{ stanch://a/c \\}\\}|<<|\\$\\(){0,30}", value in values()) {
        for format in [Format::Dotenv, Format::Yaml, Format::Json, Format::Toml, Format::Shell, Format::Plain] {
            if let Ok(out) = rendered(format, &text, &[value.as_str(); 40]) {
                prop_assert!(format == Format::Plain || !text.contains("stanch:/") || out != text || text.contains(['#', '/']));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_shell_reads_back(value in values()) {
        prop_assume!(!value.contains('\0'));
        let script = "a=stanch://a/b\nb='x {{ stanch://a/b }}'\nc=\"x {{ stanch://a/b }}$(printf %s \"\")\"\nd=x{{ stanch://a/b }}y\nprintf '%s|' \"$a\" \"$b\" \"$c\" \"$d\" 'stanch://a/b' stanch://a/b\n";
        let out = rendered(Format::Shell, script, &[&value]).unwrap();
        let said = Command::new("sh").args(["-c", &out]).output().unwrap();
        let expected = format!("{value}|x {value}|x {value}|x{value}y|{value}|{value}|");
        prop_assert_eq!(String::from_utf8_lossy(&said.stdout), expected, "{:?}", out);
    }

    #[test]
    fn a_shell_reads_env_files(value in values()) {
        let text = "A=stanch://a/b\nB=\"x{{ stanch://a/b }}\"\n";
        let Ok(out) = rendered(Format::Dotenv, text, &[&value]) else { return Ok(()) };
        let script = format!("{out}printf '%s|' \"$A\" \"$B\"");
        let said = Command::new("sh").args(["-c", &script]).output().unwrap();
        prop_assert_eq!(String::from_utf8_lossy(&said.stdout), format!("{value}|x{value}|"), "{:?}", out);
        let read = super::variables(out.as_bytes()).unwrap();
        prop_assert_eq!(read, vec![("A".to_owned(), value.clone().into_bytes()), ("B".to_owned(), format!("x{value}").into_bytes())]);
    }
}
