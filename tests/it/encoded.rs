//! Secrets in another form: base64, hexadecimal digits, escapes, joined literals, compressed data.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use crate::canary::{github, password, pem, random, stripe};
use crate::run::Folder;

fn b64(text: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(text)
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

/// Each byte of a text in a form.
fn each(text: &str, form: impl Fn(u8) -> String) -> String {
    text.bytes().map(form).collect()
}

/// A text in lines of 76.
fn wrapped(text: &str, indent: &str) -> String {
    let lines: Vec<String> =
        text.as_bytes().chunks(76).map(|line| format!("{indent}{}", String::from_utf8_lossy(line))).collect();
    lines.join("\n")
}

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Scans a text in which one token is hidden: it is found once, with these words of how it is encoded, and nothing of it is shown.
#[track_caller]
fn check(name: &str, text: &str, secret: &str, how: &str) {
    let folder = Folder::new();
    folder.write(name, text);
    let report = folder.scan(&["--show-secrets", name]);
    let found: Vec<&str> = report.findings.iter().filter_map(|f| f["secret"].as_str()).collect();
    assert_eq!(found, [secret], "{how}: {:?}", report.places());
    let why = report.findings[0]["why"].to_string();
    assert!(why.contains(how), "{how}: {why}");
    // Of what stands for it, no eight characters are shown.
    let printed = folder.run(&["scan", name]).out;
    let shown = printed.split("    rule  ").next().unwrap();
    for part in text.as_bytes().windows(12).filter(|part| part.iter().all(|b| b.is_ascii_alphanumeric() || b"\\%&#;".contains(b)))
    {
        let part = std::str::from_utf8(part).unwrap();
        assert!(
            !shown.contains(part) || text.starts_with(part) || !part.bytes().any(|b| b.is_ascii_digit()),
            "{how}: {part} in {shown}"
        );
    }
}

#[test]
fn hexadecimal_digits_with_something_between_them() {
    let token = github(91);
    let apart = |sign: &str| each(&token, |b| format!("{b:02x}{sign}")).trim_end_matches(sign).to_owned();
    check("a.yaml", &format!("api_key: \"{}\"\n", apart(":")), &token, "decoded from hexadecimal digits");
    check("a.properties", &format!("api.key={}\n", apart("-").to_uppercase()), &token, "decoded from hexadecimal digits");
    check(
        "a.py",
        &format!("token = bytes.fromhex('{}')\nsecret = \"{}\"\n", "00", apart(" ")),
        &token,
        "decoded from hexadecimal digits",
    );
}

#[test]
fn base64_in_all_its_forms() {
    let token = github(1);
    check("a.yaml", &format!("data:\n  app.env: {}\n", b64(format!("SERVICE_TOKEN={token}\n"))), &token, "decoded from base64");
    check("a.txt", &format!("{}\n", b64(b64(format!("token: {token}\n")))), &token, "decoded from base64, then base64");
    check(
        "a.txt",
        &format!("x={}&y\n", BASE64_URL_SAFE_NO_PAD.encode(format!("??>~token: {token}"))),
        &token,
        "decoded from base64",
    );
    // In lines, as in mails and certificates.
    let long = format!("{}\ntoken = {token}\n{}", "some words that stand before it\n".repeat(20), "and more\n".repeat(9));
    check(
        "a.txt",
        &format!("Content-Transfer-Encoding: base64\n\n{}\n", wrapped(&b64(&long), "")),
        &token,
        "decoded from base64",
    );
    check("a.yaml", &format!("a: |\n{}\n", wrapped(&b64(&long), "    ")), &token, "decoded from base64");
    check("a.txt", &format!("{}\n", b64(&long)), &token, "decoded from base64");
    let script: Vec<u8> = format!("$token = '{token}'").encode_utf16().flat_map(u16::to_le_bytes).collect();
    check("a.ps1", &format!("powershell -enc {}\n", b64(script)), &token, "decoded from base64, then UTF-16");
}

#[test]
fn a_token_is_found_wherever_pieces_of_long_base64_begin() {
    let folder = Folder::new();
    for before in (0..1100).step_by(7) {
        let text =
            format!("{}\ntoken = {}\n{}", "word ".repeat(200 + before / 5), github(before as u64), "end of it ".repeat(300));
        folder.write(format!("d/{before}"), format!("x: {}\n", &b64(&text[before % 5..])));
    }
    assert_eq!(folder.scan(&["d"]).findings.len(), 158);
}

#[test]
fn names_before_it_count() {
    let secret = password(3);
    let text = format!("kind: Secret\ndata:\n  password: {}\n  user: {}\n", b64(&secret), b64("administrator"));
    check("secret.yaml", &text, &secret, "decoded from base64");
    let folder = Folder::new();
    folder.write("a.yaml", format!("greeting: {}\n", b64(&secret)));
    folder.scan(&["a.yaml"]).is(0, &[], &[]);
    let key = pem(4);
    folder.write("config", format!("users:\n- user:\n    client-key-data: {}\n", b64(&key)));
    // A rule of its own knows this one.
    folder.scan(&["config"]).is(1, &["config:3:22 kubeconfig-client-key"], &[]);
    folder.write("other", format!("blob: {}\n", b64(&key)));
    folder.scan(&["other"]).is(1, &["other:1:7 pem-private-key-base64"], &[]);
}

#[test]
fn digits_and_escapes() {
    let token = github(2);
    let line = format!("token={token}");
    check("a.txt", &format!("blob = {}\n", hex(&line)), &token, "decoded from hexadecimal digits");
    check(
        "a.sql",
        &format!("insert into t values (0x{});\n", hex(&line).to_uppercase()),
        &token,
        "decoded from hexadecimal digits",
    );
    check("a.txt", &format!("q={}\n", each(&line, |b| format!("%{b:02X}"))), &token, "decoded from percent encoding");
    check("a.json", &format!("{{\"a\": \"{}\"}}\n", each(&token, |b| format!("\\u{b:04x}"))), &token, "decoded from escapes");
    check("a.js", &format!("f(\"{}\");\n", each(&token, |b| format!("\\u{{{b:x}}}"))), &token, "decoded from escapes");
    check("a.py", &format!("k = b'{}'\n", each(&token, |b| format!("\\x{b:02x}"))), &token, "decoded from escapes");
    check("a.sh", &format!("printf '{}'\n", each(&token, |b| format!("\\{b:03o}"))), &token, "decoded from escapes");
    check("a.html", &format!("<b>{}</b>\n", each(&token, |b| format!("&#{b};"))), &token, "decoded from character references");
    check("a.html", &format!("<b>{}</b>\n", each(&token, |b| format!("&#x{b:x};"))), &token, "decoded from character references");
    // Some of it as it is.
    let mixed = each(&token, |b| if b % 3 == 0 { format!("\\x{b:02x}") } else { char::from(b).to_string() });
    check("a.c", &format!("x = \"{mixed}\";\n"), &token, "decoded from escapes");
}

/// Nothing of what stands for it is shown where few of its characters are escaped, and strings of programs have places.
#[test]
fn single_escapes_and_strings_of_programs() {
    let token = github(50);
    for (name, escape, how) in [
        ("a.json", "\\u005f", "decoded from escapes"),
        ("a.log", "%5F", "decoded from percent encoding"),
        ("a.html", "&#95;", "decoded from character references"),
        ("a.vcf", "=5F", "decoded from quoted-printable"),
    ] {
        check(name, &format!("x: \"{}\"\n", token.replace('_', escape)), &token, how);
    }
    let folder = Folder::new();
    let wide: Vec<u8> = format!("api key: {token}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.write("a.exe", [b"MZ\x90\n\x03\xff".as_slice(), &wide, b"\0\0\xff\xfe"].concat());
    let report = folder.scan(&["--show-secrets", "a.exe"]);
    assert_eq!(report.places(), ["a.exe:2:21 github-pat"]);
    assert_eq!(report.findings[0]["secret"], token.as_str());
    assert!(report.findings[0]["why"].to_string().contains("decoded from UTF-16"));
    // A file that is UTF-16 as a whole is read as such, and told once.
    let text: Vec<u8> = format!("some words of a text\r\nkey: {token}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.write("a.txt", &text);
    folder.write("b.txt", [b"\xff\xfe".as_slice(), &text].concat());
    assert_eq!(folder.scan(&["a.txt"]).places(), ["a.txt:2:6 github-pat"]);
    assert_eq!(folder.scan(&["b.txt"]).places(), ["b.txt:2:6 github-pat"]);
}

/// What stands close together is decoded once, not each in all others.
#[test]
fn many_encoded_texts_side_by_side_take_no_time() {
    let folder = Folder::new();
    let each = |form: &str| form.repeat(200_000 / form.len());
    folder.write("percent", each("%41%42%43%44%45%46 "));
    folder.write("few", each("abcdefgh%5F1234567 "));
    folder.write("slashes", each("\"a:\\/\\/b1c2d3e4f5g6h7i8j9@\" "));
    folder.write("joined", each("\"abcdefgh1\" + \"23456789\" "));
    folder.write("lists", each("concat!(\"abcdefgh1\", \"2345678\") "));
    folder.write("quoted", each("=41=42=43=44=45=46=47 a1 "));
    folder.write("wide", each("a=b1c2d3e4f5g6h7i8j9 \n").encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>());
    folder.write("base64", each(&format!("{} ", b64("some words of a text"))));
    let began = std::time::Instant::now();
    folder.scan(&["."]).is(0, &[], &[]);
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn literals_that_are_joined() {
    let token = github(5);
    let (one, two) = token.split_at(20);
    for joint in [
        "\" + \"",
        "\" +\n  \"",
        "\" \"",
        "\"\n    \"",
        "\" . \"",
        "\" & _\n  \"",
        "\" <> \"",
        "\"\\\n  \"",
        "\" ..\r\n\t\"",
        "\\\n",
        "=\r\n",
    ] {
        check("a.js", &format!("const k = \"{one}{joint}{two}\";\n"), &token, "decoded from joined parts");
    }
    let parts: Vec<String> = token.as_bytes().chunks(8).map(|p| format!("'{}'", String::from_utf8_lossy(p))).collect();
    check("a.py", &format!("token = ({})\n", parts.join("\n  ")), &token, "decoded from joined parts");
    // A list is none.
    let folder = Folder::new();
    folder.write("a.js", format!("x = [\"{one}\", \"{two}\"];\n"));
    folder.scan(&["a.js"]).is(0, &[], &[]);
    // What begins like a token is followed up in a URL too.
    check("a.c", &format!("get(\"https://example.com/{one}\" \"{two}\");\n"), &token, "decoded from joined parts");
}

#[test]
fn compressed_data_in_base64() {
    let token = github(6);
    let text = format!("user: someone\ntoken: {token}\n{}", "other: line\n".repeat(40));
    check("a.yaml", &format!("config: {}\n", b64(gz(&text))), &token, "decoded from base64, then gzip");
    check("a.yaml", &format!("config: >-\n{}\n", wrapped(&b64(gz(&text)), "  ")), &token, "decoded from base64, then gzip");
    check("a.txt", &format!("config {}\n", b64(zlib(&text))), &token, "decoded from base64, then zlib");
    check("a.txt", &format!("config {}\n", b64(zstd::encode_all(text.as_bytes(), 3).unwrap())), &token, "then zstd");
    // Each of several secrets has a place of its own.
    let many = (10..20).map(|n| format!("k{n}: {}\n", github(n))).collect::<String>();
    let folder = Folder::new();
    folder.write("a", b64(gz(&many)));
    assert_eq!(folder.scan(&["a"]).findings.len(), 10);
    // A bomb is unpacked up to a limit; what is cut short as far as it goes.
    folder.write("b", b64(gz(&"0".repeat(50 << 20))));
    folder.scan(&["b"]).is(0, &[], &[]);
    let cut = gz(&format!("{text}{}", random(b"0123456789abcdef", 1, 4000)));
    folder.write("c", b64(&cut[..cut.len() - 100]));
    assert_eq!(folder.scan(&["c"]).findings.len(), 1);
}

#[test]
fn what_stands_as_it_is_wins_over_the_same_decoded_and_a_token_in_a_token_is_told() {
    let token = github(7);
    let folder = Folder::new();
    let each = |text: &str| {
        each(text, |b| if b.is_ascii_alphanumeric() || b == b'_' { char::from(b).to_string() } else { format!("%{b:02X}") })
    };
    folder.write("a", format!("q={}\n", each(&format!("{{\"a\":\"b\",\"token\":\"{token}\"}}"))));
    let report = folder.scan(&["a"]);
    assert_eq!(report.findings.len(), 1, "{:?}", report.places());
    assert!(!report.findings[0]["why"].to_string().contains("decoded from percent"));
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    let body = part(&format!("{{\"sub\":\"x\",\"key\":\"{}\"}}", stripe(8)));
    folder.write(
        "b",
        format!(
            "jwt = {}.{body}.{}\n",
            part("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"),
            random(b"abcdefghijkABCDEFGHIJK0123456789", 9, 43)
        ),
    );
    let rules: Vec<String> = folder.scan(&["b"]).findings.iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect();
    assert!(rules.contains(&"stripe-secret-key".to_owned()) && rules.len() == 2, "{rules:?}");
}

#[test]
fn an_encoded_secret_is_silenced_by_its_value_and_found_in_history() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("a.yaml", format!("config: {}\n", b64(format!("token: {}\n", github(9)))));
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "a"]);
    folder.git(&["rm", "-q", "a.yaml"]);
    folder.git(&["commit", "-q", "-m", "gone"]);
    let report = folder.scan(&["--history", "."]);
    assert_eq!(report.findings.len(), 1, "{:?}", report.places());
    let plan = folder.run(&["history", "rewrite-plan", "--assume-dead", "x"]);
    assert_eq!(plan.code, 2);
}

/// What stands around what is encoded neither hides it nor shows it.
#[test]
fn neighbours_of_what_is_encoded() {
    let (one, two) = (github(40), github(41));
    let percent = |text: &str| each(text, |b| format!("%{b:02X}"));
    let folder = Folder::new();
    for (name, text) in [
        ("a", format!("https://h/?a={}&t={two}\n", percent(&one))),
        ("b", format!("https://h/?t={two}&a={}\n", percent(&one))),
        ("c", format!("1,{},{}\n", percent(&one), percent(&two))),
        ("d", format!("{} {two}\n", each(&one, |b| format!("\\u{b:04x}")))),
    ] {
        folder.write(name, &text);
        let report = folder.scan(&["--show-secrets", name]);
        let mut found: Vec<&str> = report.findings.iter().filter_map(|f| f["secret"].as_str()).collect();
        found.sort_unstable();
        let mut expected = [one.as_str(), two.as_str()];
        expected.sort_unstable();
        assert_eq!(found, expected, "{name}: {:?}", report.places());
        let printed = folder.run(&["scan", name]).out;
        assert!(
            !printed.contains(&percent(&one)[..12]) && !printed.contains(&percent(&two)[60..75]) && !printed.contains("\\u00"),
            "{printed}"
        );
    }
    // Both have places of their own.
    folder.write("c", format!("{},{}\n", percent(&one), percent(&two)));
    assert_eq!(folder.scan(&["c"]).places(), ["c:1:1 github-pat", "c:1:122 github-pat"]);
    // A value of which only the beginning is taken for one as it is.
    folder.write(
        "e",
        format!("<add connectionString=\"Server=h;User Id=bob;Password={};Encrypt=true\"/>\n", each(&one, |b| format!("&#{b};"))),
    );
    let report = folder.scan(&["--show-secrets", "e"]);
    assert_eq!(
        report.findings.iter().filter_map(|f| f["secret"].as_str()).collect::<Vec<_>>(),
        [one.as_str()],
        "{:?}",
        report.places()
    );
    // The next line is another text.
    for next in ["FOO=1", "zzz", "other: 1", "end", "", "A=b"] {
        for digits in [hex(&one), b64(&one), format!("0x{}", hex(&one))] {
            folder.write("f", format!("A={digits}\n{next}\n"));
            assert_eq!(folder.scan(&["f"]).findings.len(), 1, "{digits} before {next}");
        }
    }
    for secret in ["hunter42x", "Hb7-q9", "p@ss-77"] {
        folder.write("s.yaml", format!("kind: Secret\ndata:\n  password: {}\n", b64(secret)));
        let report = folder.scan(&["--show-secrets", "s.yaml"]);
        assert_eq!(
            report.findings.iter().filter_map(|f| f["secret"].as_str()).collect::<Vec<_>>(),
            [secret],
            "{:?}",
            report.places()
        );
    }
}

/// The password itself needs no escape, what stands around it does.
#[test]
fn what_stands_as_it_is_among_escapes_is_found() {
    let word = password(3);
    for url in [
        format!("DSN=postgres%3A%2F%2Fbob%3A{word}%40db.acme.internal%2Fmain%3Fa%3Db"),
        format!(r#"{{"dsn": "postgres\u003a\u002f\u002fbob\u003a{word}\u0040db.acme.internal\u002fmain"}}"#),
        format!("dsn: postgres&#58;&#47;&#47;bob&#58;{word}&#64;db.acme.internal&#47;main"),
    ] {
        let folder = Folder::new();
        folder.write("x.txt", format!("{url}\n"));
        let report = folder.scan(&["--show-secrets", "."]);
        let found: Vec<_> =
            report.findings.iter().map(|f| (f["rule"].as_str().unwrap(), f["secret"].as_str().unwrap())).collect();
        assert_eq!(found, [("postgres-url", word.as_str())], "{url}");
        assert_eq!(report.findings[0]["column"], url.find(&word).unwrap() + 1);
    }
}

/// A key in a patch, in a comment, in the quotation of a mail.
#[test]
fn private_keys_behind_marks_of_lines() {
    for mark in ["+", "# ", "// ", "//", "> ", " * ", "; "] {
        let folder = Folder::new();
        let lines: Vec<String> = pem(1).lines().map(|line| format!("{mark}{line}\n")).collect();
        folder.write("x.txt", format!("first\n{}last\n", lines.concat()));
        let report = folder.scan(&["."]);
        assert_eq!(report.places(), [format!("x.txt:2:{} pem-private-key", mark.len() + 1)], "{mark}");
    }
}
