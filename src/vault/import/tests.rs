//! What all readers promise: no panic on anything, no value in an error, and helpers of their own tests.

use proptest::prelude::*;

use super::super::base::secret::Secret;
use super::{About, Error, Format, Import, Options, detect, read};

fn import(format: Format, bytes: &[u8]) -> Import {
    read(format, bytes, Options::default()).unwrap()
}

/// Of each secret, its name and its fields with their values.
pub(super) fn shown_bytes(format: Format, bytes: &[u8]) -> Vec<String> {
    let field = |(name, value): &(String, Secret)| format!(" {name}={}", std::str::from_utf8(value.expose()).unwrap());
    let all = import(format, bytes).found;
    all.iter().map(|found| format!("{}{}", found.name, found.fields.iter().map(field).collect::<String>())).collect()
}

pub(super) fn shown(format: Format, text: &str) -> Vec<String> {
    shown_bytes(format, unmarked(text).as_bytes())
}

/// A text without the mark that keeps scanners from taking made-up values for real ones.
fn unmarked(text: &str) -> String {
    text.replace('·', "")
}

/// What was left: line, name and why.
pub(super) fn left(format: Format, text: &str) -> Vec<String> {
    let line = |line: Option<usize>| line.map_or("-".to_owned(), |line| line.to_string());
    import(format, unmarked(text).as_bytes())
        .left
        .iter()
        .map(|left| format!("{} {} {}", line(left.line), left.called, left.why))
        .collect()
}

/// What is said of each secret.
pub(super) fn about(format: Format, text: &str) -> Vec<About> {
    import(format, unmarked(text).as_bytes()).found.into_iter().map(|found| found.about).collect()
}

/// It is refused for that line.
pub(super) fn wrong_line(format: Format, text: &str, expected: usize) {
    match read(format, unmarked(text).as_bytes(), Options::default()) {
        Err(Error::Line { line, .. }) => assert_eq!(line, expected, "{}", &text[..text.len().min(200)]),
        other => panic!("{other:?}: {}", &text[..text.len().min(200)]),
    }
}

/// A small file of each format, with the value `CANARY` in it.
const MARKED: [(Format, &str); 14] = [
    (Format::Dotenv, "# x\nexport A=\"CANARY\" # y\nB='two\nlines'\nPORT=1\n"),
    (Format::Aws, "[default]\naws_access_key_id = a\naws_secret_access_key = CANARY\n"),
    (Format::Netrc, "machine h login \"l\" pass·word CANARY\nmacdef m\nx\n\ndefault password y\n"),
    (Format::Kubeconfig, "contexts: []\nusers:\n- name: u\n  user:\n    token: CANARY\n    client-key-data: eA==\n"),
    (
        Format::OnePux,
        r#"{"accounts": [{"attrs": {"email": "e"}, "vaults": [{"attrs": {"name": "v"}, "items": [{"overview": {"title": "t"}, "details": {"pass·word": "CANARY"}}]}]}]}"#,
    ),
    (Format::OnePasswordCsv, "Title,Password,Notes\na,CANARY,\"b\"\"c\"\n"),
    (
        Format::Bitwarden,
        r#"{"encrypted": false, "items": [{"type": 1, "name": "n", "login": {"pass·word": "CANARY", "uris": [{"uri": "u"}]}}]}"#,
    ),
    (Format::BitwardenCsv, "name,login_password,login_uri,fields\na,CANARY,u,\"x: y z\"\n"),
    (
        Format::KeepassXml,
        "<KeePassFile><Root><Group><Name>g</Name><Entry><String><Key>Password</Key><Value a=\"b\">CANARY</Value></String></Entry></Group></Root></KeePassFile>",
    ),
    (Format::KeepassCsv, "\"Group\",\"Title\",\"Password\"\n\"g\",\"t\",\"CANARY\"\n"),
    (Format::Sops, "a: CANARY\n"),
    (Format::Json, r#"{"a": {"b": ["CANARY", 1, null, true, "\u00e4"]}}"#),
    (Format::Yaml, "a: &x\n  b: 'CANARY'\nc:\n  <<: *x\n  d: |\n    e\n"),
    (Format::Ini, "[s]\nkey = CANARY\n"),
];

fn files() -> Vec<(Format, String)> {
    MARKED.iter().map(|(format, text)| (*format, unmarked(text))).collect()
}

#[test]
fn each_format_is_read_and_detected() {
    for (format, text) in files() {
        let import = import(format, text.as_bytes());
        assert!(import.found.iter().any(|found| found.fields.iter().any(|(_, value)| value.expose() == b"CANARY")), "{format:?}");
        assert!(!format!("{import:?}").contains("CANARY"), "{format:?}");
        let detected = detect("-", text.as_bytes()).unwrap();
        assert!(detected == format || format == Format::Sops && detected == Format::Yaml, "{format:?} {detected:?}");
    }
}

/// Marks, line ends and encodings make no difference.
#[test]
fn every_encoding_is_read_alike() {
    for (format, text) in files() {
        let expected = shown(format, &text);
        let crlf = text.replace('\n', "\r\n");
        let utf16 =
            |text: &str, bytes: fn(u16) -> [u8; 2]| format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        for bytes in [
            format!("\u{feff}{text}").into_bytes(),
            crlf.clone().into_bytes(),
            utf16(&text, u16::to_le_bytes),
            utf16(&crlf, u16::to_be_bytes),
        ] {
            assert_eq!(shown_bytes(format, &bytes), expected, "{format:?}");
        }
    }
}

/// Cut anywhere or with any byte changed, a file is read or refused; an error never shows what was in it.
#[test]
fn damaged_files_show_nothing() {
    for (format, text) in files() {
        for at in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            for byte in [0, b'"', b'\'', b'\n', b'[', b'{', b'<', b'&', b'*', 0xff] {
                changed[at] = byte;
                for bytes in [&changed[..], &changed[..at]] {
                    for (format, _) in [(format, ""), (detect("-", bytes).unwrap_or(format), "")] {
                        let said = read(format, bytes, Options::default())
                            .map_or_else(|e| format!("{e} {e:?}"), |import| format!("{import:?}"));
                        let names = said.contains("called: \"CANARY") || said.contains("CANARY\"");
                        assert!(!said.contains("CANARY") || names, "{format:?}: {said}");
                    }
                }
            }
        }
    }
}

#[test]
fn large_and_deep_files_end() {
    let many = |line: &str| line.repeat(20_000);
    for (format, text) in [
        (Format::Dotenv, many("A=monkey\n")),
        (Format::Ini, format!("[s]\n{}", many("a=mon key\n"))),
        (Format::Aws, many("[a]\naws_session_token=x\n")),
        (Format::Netrc, many("machine a password x\n")),
        (Format::OnePasswordCsv, format!("Title,Password\n{}", many("a,b\n"))),
        (Format::Yaml, many("a: mon key\n")),
        (Format::Json, format!("{{{}\"b\": 1}}", many("\"a\": \"mon key\","))),
    ] {
        assert_eq!(import(format, text.as_bytes()).found.len(), 20_000, "{format:?}");
    }
    let fields = |one: &str| one.repeat(10_000);
    let one = [
        (Format::Aws, format!("[a]\n{}", fields("aws_session_token=x\n"))),
        (Format::Netrc, format!("machine a\n{}", fields("password x\n"))),
        (
            Format::Bitwarden,
            format!(
                "{{\"items\": [{{\"name\": \"a\", \"fields\": [{}{{}}]}}]}}",
                fields("{\"name\": \"a\", \"value\": \"x\", \"type\": 1},")
            ),
        ),
    ];
    for (format, text) in one {
        assert_eq!(import(format, text.as_bytes()).found[0].fields.len(), 10_000, "{format:?}");
    }
    for (format, _) in files() {
        for open in ["[", "{", "(", "<a>", "\"", "'", "{\"a\":", "- ", "? ", "a:\n ", "&a ", "*a ", "machine ", "PK\x03\x04"] {
            let _ = read(format, open.repeat(100_000).as_bytes(), Options::default());
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for (format, _) in Format::ALL {
            let _ = read(format, &bytes, Options::default());
        }
        let _ = detect("x.env", &bytes);
    }

    #[test]
    fn no_mixture_makes_a_reader_panic(pieces in prop::collection::vec((0..MARKED.len(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6)) {
        let mut text = String::new();
        for (file, from, to) in pieces {
            let letters: Vec<char> = unmarked(MARKED[file].1).chars().collect();
            let (from, to) = (from.index(letters.len()), to.index(letters.len()));
            text.extend(&letters[from.min(to)..from.max(to)]);
        }
        for (format, _) in Format::ALL {
            let _ = read(format, text.as_bytes(), Options::default());
        }
        let _ = detect("x", text.as_bytes());
    }
}
