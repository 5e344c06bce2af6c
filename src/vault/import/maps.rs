//! Maps in JSON and YAML, flat or nested: what sops decrypts, what settings of programs are.
//!
//! It must not know what a name means. Start with [`read_json`] and [`read_yaml`]. A value is a secret of its own, whose name is the path to it,
//! joined by points.

use super::draft::{Collector, Draft};
use super::tree::{Node, Tree, from_json};
use super::{Error, Import, Why, is_plain, yaml};

/// Reads JSON.
pub(super) fn read_json(text: &str) -> Result<Import, Error> {
    flatten(&[from_json(text)?])
}

/// Reads YAML, of one document or more.
pub(super) fn read_yaml(text: &str) -> Result<Import, Error> {
    flatten(&yaml::documents(text)?)
}

/// Is a value as sops writes it?
pub(super) fn is_sealed(value: &str) -> bool {
    value.starts_with("ENC[AES256_GCM,data:")
}

fn flatten(documents: &[Tree]) -> Result<Import, Error> {
    if documents.iter().any(|tree| !matches!(tree.node, Node::Map(_) | Node::List(_) | Node::Null)) {
        return Err(Error::File("it holds no names: its top is neither a map nor a list"));
    }
    let of_sops =
        |tree: &Tree| tree.get("sops").is_some_and(|sops| sops.get("mac").is_some() || sops.get("lastmodified").is_some());
    if documents.iter().any(of_sops) {
        return Err(Error::Sops);
    }
    let mut collector = Collector::default();
    for tree in documents {
        walk(tree, &mut String::new(), &mut collector)?;
    }
    Ok(collector.finish())
}

fn walk(tree: &Tree, path: &mut String, collector: &mut Collector) -> Result<(), Error> {
    let length = path.len();
    let mut inside = |name: &str, tree: &Tree, collector: &mut Collector| {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        let done = walk(tree, path, collector);
        path.truncate(length);
        done
    };
    match &tree.node {
        Node::Map(map) => map.iter().try_for_each(|(name, tree)| inside(name, tree, collector)),
        Node::List(list) => list.iter().enumerate().try_for_each(|(index, tree)| inside(&index.to_string(), tree, collector)),
        Node::Null => {
            if !path.is_empty() {
                collector.leave(path, tree.line, Why::Plain(super::Plain::Empty));
            }
            Ok(())
        }
        Node::Inexact => {
            // Under any other name, a number is plain.
            let why = is_plain(path, "1").map_or(Why::Inexact, Why::Plain);
            collector.leave(path, tree.line, why);
            Ok(())
        }
        Node::Text(text) if is_sealed(text) => Err(Error::Sops),
        Node::Text(text) => {
            if let Some(plain) = is_plain(path, text) {
                collector.leave(path, tree.line, Why::Plain(plain));
            } else {
                let mut draft = Draft::new(path, tree.line);
                draft.field("value", text.as_bytes());
                collector.add(draft);
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{left, shown, wrong_line};
    use super::super::{Error, Format, Named, Options, read};

    #[test]
    fn json() {
        let text = r#"{"db": {"pass·word": "mon\"key", "port": 5432, "on": true}, "keys": ["one two", "three four"], "a b": null, "pin": 1234,
            "password": 1e3, "ratio": 0.5}"#;
        assert_eq!(
            shown(Format::Json, text),
            ["db.password value=mon\"key", "keys.0 value=one two", "keys.1 value=three four", "pin value=1234"]
        );
        assert_eq!(
            left(Format::Json, text),
            [
                "- db.port is a number",
                "- db.on is a switch",
                "- a b is empty",
                "- password a number that cannot be told exactly: put it in quotes",
                "- ratio is a number",
            ]
        );
    }

    #[test]
    fn yaml() {
        let text = "db:\n  password: monkey business\n  host: db.internal\npin: 0042\n---\nmore: |\n  two\n  lines\n";
        assert_eq!(shown(Format::Yaml, text), ["db.password value=monkey business", "pin value=0042", "more value=two\nlines\n"]);
        assert_eq!(left(Format::Yaml, text), ["3 db.host is a plain word"]);
    }

    #[test]
    fn a_name_that_stands_twice_is_two() {
        for (format, text) in [(Format::Json, r#"{"a": "x y", "a": "z y"}"#), (Format::Yaml, "a: x y\na: z y")] {
            assert_eq!(shown(format, text), ["a value=x y", "a-2 value=z y"]);
            let import = read(format, text.as_bytes(), Options::default()).unwrap();
            assert_eq!(import.found[1].named, Named::Taken);
        }
        assert_eq!(shown(Format::Json, r#"{"a": {"b": "x y"}, "a.b": "z y"}"#), ["a.b value=x y", "a.b-2 value=z y"]);
    }

    #[test]
    fn what_is_none() {
        wrong_line(Format::Json, "{\n\"a\": }", 2);
        wrong_line(Format::Json, "{\"a\"", 1);
        wrong_line(Format::Json, &"[".repeat(100_000), 1);
        wrong_line(Format::Yaml, "a: b\n c: d", 2);
        for (format, text) in [(Format::Json, "\"monkey\""), (Format::Yaml, "monkey")] {
            assert!(matches!(read(format, text.as_bytes(), Options::default()), Err(Error::File(_))));
        }
    }

    #[test]
    fn what_sops_encrypted_is_refused() {
        let sealed = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
        for (format, text) in [
            (Format::Json, format!(r#"{{"a": "x", "sops": {{"mac": "{sealed}", "version": "3.9.0"}}}}"#)),
            (Format::Json, format!(r#"{{"data": "{sealed}"}}"#)),
            (Format::Yaml, format!("a: {sealed}\n")),
            (Format::Sops, "a: x\nsops:\n    lastmodified: \"2026-01-01T00:00:00Z\"\n    mac: x\n".to_owned()),
            (Format::Sops, format!("A={sealed}\nsops_version=3.9.0\n")),
            (Format::Sops, format!("[a]\nb = {sealed}\n[sops]\nmac = x\n")),
            (Format::Sops, format!(r#"{{"data": "{sealed}"}}"#)),
        ] {
            let error = read(format, text.as_bytes(), Options::default()).unwrap_err();
            assert_eq!(error, Error::Sops, "{text}");
            assert!(error.hint().unwrap().contains("sops -d FILE | stanch vault import --from sops -"));
        }
    }

    #[test]
    fn what_sops_decrypted_is_read() {
        for text in ["db:\n    key: mon key\n", "{\"db\": {\"key\": \"mon key\"}}", "[db]\nkey = mon key\n"] {
            assert_eq!(shown(Format::Sops, text), ["db.key value=mon key"], "{text}");
        }
        assert_eq!(shown(Format::Sops, "db_key=mon key\n"), ["db_key value=mon key"]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(all in prop::collection::vec(("[a-z]{1,5}", "(?s)key .{1,12}"), 0..6)) {
            let mut json = String::from("{");
            let mut yaml = String::new();
            for (index, (name, value)) in all.iter().enumerate() {
                let quoted = serde_json::to_string(value).unwrap();
                json += &format!("{}{}: {quoted}", if index == 0 { "" } else { "," }, serde_json::to_string(name).unwrap());
                yaml += &format!("? \"{name}\"\n: {quoted}\n");
            }
            json += "}";
            let expected: Vec<_> = all.iter().filter(|(_, value)| !value.contains('\0')).map(|(_, value)| value.as_bytes().to_vec()).collect();
            prop_assume!(expected.len() == all.len());
            // YAML knows no DEL and no C1 signs outside of escapes.
            let odd = |c: char| c.is_control() && c > ' ' || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{feff}');
            let texts = if json.contains(odd) || all.is_empty() { vec![(Format::Json, json)] } else { vec![(Format::Json, json), (Format::Yaml, yaml)] };
            for (format, text) in texts {
                let import = read(format, text.as_bytes(), Options::default()).unwrap();
                let found: Vec<_> = import.found.iter().map(|found| found.fields[0].1.expose().to_vec()).collect();
                prop_assert_eq!(&found, &expected, "{:?} {}", format, text);
            }
        }
    }
}
