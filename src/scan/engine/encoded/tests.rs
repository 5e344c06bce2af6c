//! Tokens in another form: the same value is found, where what stands for it stands.

use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;

use super::super::tests::engine;
use super::super::{Input, Match, Scratch};

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token of GitHub with the right checksum.
fn token(body: &[usize; 30]) -> String {
    let body: String = body.iter().map(|n| char::from(BASE62[n % 62])).collect();
    let mut value = crc32fast::hash(body.as_bytes());
    let mut sum = [b'0'; 6];
    for digit in sum.iter_mut().rev() {
        *digit = BASE62[(value % 62) as usize];
        value /= 62;
    }
    format!("gh{}_{body}{}", 'p', String::from_utf8_lossy(&sum))
}

fn any_token() -> impl Strategy<Value = String> {
    any::<[u16; 30]>().prop_map(|body| token(&body.map(usize::from)))
}

fn one() -> String {
    token(&std::array::from_fn(|n| n * 7 + n * n))
}

/// What is found: rule, secret, place.
fn found(bytes: &[u8]) -> Vec<(String, String, Range<usize>)> {
    let mut out = Vec::new();
    engine().scan(&mut Scratch::default(), &Input::whole(bytes), &mut |m: &Match| {
        let secret = String::from_utf8_lossy(m.secret(bytes)).into_owned();
        out.push((engine().rules()[m.rule as usize].id.clone(), secret, m.span.secret_start..m.span.secret_end));
    });
    out
}

/// A text around what stands for a token, which begins and ends at `¦`.
#[track_caller]
fn check(marked: &str, secret: &str) {
    let parts: Vec<&str> = marked.split('¦').collect();
    let [before, own, behind] = parts[..] else { panic!("two marks: {marked}") };
    let text = format!("{before}{own}{behind}");
    let place = before.len()..before.len() + own.len();
    let found = found(text.as_bytes());
    assert_eq!(found, [("github-pat".to_owned(), secret.to_owned(), place)], "{text}");
}

#[test]
fn a_line_of_base64_ends_where_words_begin() {
    let own = BASE64_STANDARD.encode(format!("user:{}", one()));
    assert_eq!(own.len() % 4, 0);
    for behind in ["\ndone\n", "\naa ghp\n", "\n", "\nwell\ndone then\n", ""] {
        let text = format!("token\n{own}{behind}");
        let secrets: Vec<String> = found(text.as_bytes()).into_iter().map(|(_, secret, _)| secret).collect();
        assert_eq!(secrets, [one()], "{text}");
    }
}

fn each(text: &str, form: impl Fn(u8) -> String) -> String {
    text.bytes().map(form).collect()
}

#[test]
fn escaped_slashes_are_none() {
    // stanch:allow[slack-webhook-url] -- made up
    let webhook = ["https://hooks.slack.com/services/T01ABCDEF", "/B02GHIJKL/", "q8ZrLmXw0Tb7", "Yk4Vn9Pd3HsK"].concat();
    let password = ["hunter", "42xQ"].concat(); // stanch:allow[generic-password] -- made up
    for (plain, rule) in [
        (webhook, "slack-webhook"),
        (format!("postgres://bob:{password}@db.acme.internal/main"), "postgres-url"),
        (format!("mongodb://bob:{password}@db.acme.internal/main?a=b"), "mongodb-url"),
    ] {
        let expected = found(format!("x = \"{plain}\"\n").as_bytes());
        assert_eq!(expected.len(), 1, "{plain}: {expected:?}");
        assert!(expected[0].0.contains(rule.split('-').next().unwrap()), "{expected:?}");
        for text in [
            format!("{{\"a\": \"{}\", \"b\": 1}}\n", plain.replace('/', "\\/")),
            format!("{{\"a\": \"{}\", \"b\": 1}}\n", plain.replace('/', "\\u002f")),
        ] {
            let found = found(text.as_bytes());
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!((&found[0].0, &found[0].1), (&expected[0].0, &expected[0].1), "{text}");
        }
    }
    // Nothing is decoded without a reason, and what stands as it is is told as it is.
    let token = one();
    let text = format!("{{\"a\": \"https:\\/\\/shop.example\\/a?t={token}\"}}");
    assert_eq!(found(text.as_bytes()), [("github-pat".to_owned(), token.clone(), text.find(&token).unwrap()..text.len() - 2)]);
}

#[test]
fn escapes_that_are_escaped_again() {
    let token = one();
    let [x, u] = [each(&token, |b| format!("\\\\x{b:02x}")), each(&token, |b| format!("\\\\\\\\u{b:04x}"))];
    check(&format!("{{\"a\": \"\\¦{}¦\"}}\n", &x[1..]), &token);
    check(&format!("{{\"a\": \"\\\\\\¦{}¦\"}}\n", &u[3..]), &token);
    // A long row of them is no escape.
    assert_eq!(found("\\".repeat(100_000).as_bytes()), []);
}

#[test]
fn single_escapes_inside_a_token() {
    let token = one();
    let bare = token.replace('_', "%5F");
    for escape in ["%5F", "%5f", "\\u005f", "\\x5f", "\\137", "&#95;", "&#x5f;", "\\u{5f}"] {
        let own = token.replace('_', escape);
        check(&format!("x = \"¦{own}¦\"\n"), &token);
        check(&format!("{own_before}¦{own}¦ and more\n", own_before = "some words "), &token);
    }
    check(&format!("GET /a?b=c%20d&t=¦{bare}¦&x=%3Ay HTTP/1.1\n"), &token);
    check(&format!("u=https%3A%2F%2Fx&t=¦{bare}¦\n"), &token);
    check(&format!("{{\"a\":\"\\n¦{}¦\"}}\n", token.replace('_', "\\u005f")), &token);
    // A letter or a digit of it.
    let (head, last) = token.split_at(token.len() - 1);
    check(&format!("t=¦{head}%{:02X}¦&a=b\n", last.as_bytes()[0]), &token);
    check(&format!("t=¦%67{}¦&a=b\n", &token[1..]), &token);
    let key = ["AKIA", "Q3EGRJTRV7XPLN2D"].concat(); // stanch:allow[aws-access-key-id] -- made up
    // stanch:allow[aws-secret-access-key-paired] -- made up
    let secret = ["wJa1rXUtnF", "EMIsK7MDEN", "GsbPxRfiCY", "aXqzPLkKEY"].concat();
    for (sign, escapes) in [('+', ["%2B", "\\u002b", "&#43;"]), ('/', ["%2F", "\\/", "\\u002f"])] {
        let value = format!("{}{sign}{}", &secret[..19], &secret[20..]);
        for escape in escapes.into_iter().chain([sign.to_string().as_str()]) {
            let text = format!("aws_access_key_id={key}&aws_secret_access_key={}\n", value.replace(sign, escape));
            let found = found(text.as_bytes());
            assert!(
                found.iter().any(|(rule, secret, _)| rule == "aws-secret-access-key" && *secret == value),
                "{text}: {found:?}"
            );
        }
    }
}

#[test]
fn single_escapes_elsewhere_lead_to_nothing() {
    for text in [
        "https://x.example/a%20b%2Fc%2Fd?e=%5Bf%5D",
        "path%2Fto%2Fsome%2Fmodule%2Eof%2Dcode",
        "\"a\\/b\\/c\", \"https:\\/\\/example.com\\/path\\/to\\/page\"",
        "\"caf\\u00e9 and \\x41 word\"",
        "a=20 b=3Dc =C3=A9",
    ] {
        assert_eq!(found(text.as_bytes()), [], "{text}");
    }
}

#[test]
fn base64_and_digits_of_foreign_text() {
    let token = one();
    for head in [
        "\u{feff}",
        "\u{e9}t\u{e9} ",
        "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}: ",
        "\u{4ee4}\u{724c}: ",
        "\u{1f511} ",
        "a\u{e9} ",
    ] {
        let text = format!("{head}token={token}\n");
        let base64 = BASE64_STANDARD.encode(&text);
        let hex = each(&text, |b| format!("{b:02x}"));
        for encoded in [base64.clone(), hex.clone(), hex.to_uppercase()] {
            for line in [format!("v: {encoded}\n"), format!("f(\"{encoded}\")\n")] {
                let found = found(line.as_bytes());
                assert_eq!(found.iter().map(|f| f.1.as_str()).collect::<Vec<_>>(), [token.as_str()], "{head}: {line}");
            }
        }
    }
    // In the middle of a long one, on one line and on many.
    let words =
        "\u{43d}\u{435}\u{43a}\u{43e}\u{442}\u{43e}\u{440}\u{44b}\u{435} \u{441}\u{43b}\u{43e}\u{432}\u{430}\n".repeat(70);
    let base64 = BASE64_STANDARD.encode(format!("{words}token={token}\n{words}"));
    assert_eq!(found(format!("v: {base64}\n").as_bytes()).len(), 1);
    let lines: Vec<&str> = base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    assert_eq!(found(lines.join("\n").as_bytes()).len(), 1);
    // UTF-16 with its mark.
    let wide = |to: fn(u16) -> [u8; 2]| format!("\u{feff}token={token}").encode_utf16().flat_map(to).collect::<Vec<u8>>();
    for bytes in [wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
        let text = format!("v: {}\n", BASE64_STANDARD.encode(bytes));
        assert_eq!(found(text.as_bytes()).iter().map(|f| f.1.as_str()).collect::<Vec<_>>(), [token.as_str()], "{text}");
    }
}

#[test]
fn literals_joined_in_every_language() {
    let token = one();
    for at in [6, 20, 34] {
        let (one, two) = token.split_at(at);
        for joined in [
            format!("x=\"¦{one}\"\"{two}¦\"\n"),
            format!("x='¦{one}'\"{two}¦\"\n"),
            format!("$x = \"¦{one}\" + \"{two}¦\"\n"),
            format!("x = \"¦{one}\" ++ \"{two}¦\"\n"),
            format!("let x = concat!(\"¦{one}\", \"{two}¦\");\n"),
            format!("let x = concat!(\n    \"¦{one}\",\n    \"{two}¦\",\n);\n"),
            format!("x = [\"¦{one}\", \"{two}¦\"].join(\"\");\n"),
            format!("x = ['¦{one}', '{two}¦'].join\n"),
            format!("x = \"\".join([\"¦{one}\", \"{two}¦\"])\n"),
            format!("x = ''.join(('¦{one}', '{two}¦'))\n"),
            format!("let x = \"¦{one}\".concat(\"{two}¦\");\n"),
            format!("let x = [\"¦{one}\", \"{two}¦\"].concat();\n"),
            format!("SELECT '¦{one}' || '{two}¦';\n"),
            format!("SELECT CONCAT('¦{one}', '{two}¦');\n"),
            format!("SELECT '¦{one}'||'{two}¦';\n"),
            format!("x = \"¦{one}\" .. \"{two}¦\"\n"),
            format!("x = table.concat({{\"¦{one}\", \"{two}¦\"}})\n"),
            format!("x = \"¦{one}\" & \"{two}¦\"\n"),
            format!("x = \"¦{one}\" & _\n    \"{two}¦\"\n"),
            format!("$x = '¦{one}' . '{two}¦';\n"),
            format!("$x = '¦{one}'.'{two}¦';\n"),
            format!("x = \"¦{one}\" \\\n    \"{two}¦\"\n"),
            format!("x = \"¦{one}\" +  // the first\n    \"{two}¦\"\n"),
            format!("x = (\"¦{one}\"  # the first\n    \"{two}¦\")\n"),
            format!("x = \"¦{one}\" + /* and */ \"{two}¦\"\n"),
            format!("x = \"\"\"¦{one}\"\"\" \"\"\"{two}¦\"\"\"\n"),
            format!("x = (f\"¦{one}\"\n     rb\"{two}¦\")\n"),
        ] {
            check(&joined, &token);
        }
    }
}

#[test]
fn literals_in_many_parts_and_those_that_are_apart() {
    let token = one();
    for joined in [
        format!("x = \"¦{}\\\n    {}¦\";\n", &token[..20], &token[20..]),
        format!("x = \"¦{}\".concat(\"{}\").concat(\"{}¦\")\n", &token[..9], &token[9..20], &token[20..]),
        format!(
            "x = [{}].join('')\n",
            each(&token, |b| format!("'{}',", char::from(b))).replacen("'g", "'¦g", 1).replace("',]", "']")
        ),
    ] {
        if joined.matches('¦').count() == 2 {
            check(&joined, &token);
        } else {
            assert_eq!(
                found(joined.replace('¦', "").as_bytes()).iter().map(|f| f.1.as_str()).collect::<Vec<_>>(),
                [token.as_str()],
                "{joined}"
            );
        }
    }
    let (one, two) = token.split_at(20);
    for apart in [
        format!("x = [\"{one}\", \"{two}\"].join(\"-\");\n"),
        format!("f(\"{one}\", \"{two}\")\n"),
        format!("concat!(\"{one}\", y, \"{two}\")\n"),
        format!("\"{one}\" == \"{two}\"\n"),
    ] {
        assert_eq!(found(apart.as_bytes()), [], "{apart}");
    }
}

#[test]
fn quoted_printable_text_outside_of_mails() {
    let token = one();
    check(&format!("NOTE;ENCODING=QUOTED-PRINTABLE:¦{}¦\nEND:VCARD\n", each(&token, |b| format!("={b:02X}"))), &token);
    check(&format!("NOTE:token=3D¦{token}¦=20\n"), &token);
    check(&format!("NOTE:a ¦{}¦\n", token.replace('_', "=5F")), &token);
    let escaped = each(&token, |b| format!("={b:02X}"));
    let (one, two) = escaped.split_at(60);
    check(&format!("NOTE:¦{one}=\r\n{two}¦\r\n"), &token);
    let (one, two) = token.split_at(20);
    check(&format!("NOTE:token: ¦{one}=\r\n{two}¦\r\n"), &token);
}

#[test]
fn text_in_utf_16_among_other_bytes() {
    let token = one();
    let wide = |text: &str, to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    for (to, high) in [(u16::to_le_bytes as fn(u16) -> [u8; 2], false), (u16::to_be_bytes, true)] {
        for (before, behind) in [("", ""), ("api.token=", ""), ("first line\r\nkey ", " and more\r\nlast"), ("", "\"")] {
            for (head, tail) in [
                (&b"MZ\x90\0\x03\0\xff\xfe"[..], &b"\0\0\x01\x02"[..]),
                (b"\x7fELF\x01\0\0", b"\0\0"),
                (b"", b""),
                (b"\0\0\0\0", b"\0\0\0\0"),
            ] {
                let start = [head, &wide(before, to)].concat();
                let bytes = [&start[..], &wide(&token, to), &wide(behind, to), tail].concat();
                let found = found(&bytes);
                assert_eq!(found.len(), 1, "{before:?} {head:?} {high}: {found:?}");
                let (_, secret, place) = &found[0];
                assert_eq!(secret, &token);
                let place = (place.start.abs_diff(start.len()), place.end.abs_diff(start.len() + 2 * token.len()));
                // With zeros all around, nothing says which byte comes first.
                let most = usize::from(high);
                assert!(place.0 <= most && place.1 <= most, "{before:?} {head:?} {high}: {place:?}");
            }
        }
    }
    let mut scratch = Scratch::default();
    scratch.leave_wide(true);
    let mut count = 0;
    engine().scan(&mut scratch, &Input::whole(&wide(&token, u16::to_le_bytes)), &mut |_: &Match| count += 1);
    assert_eq!(count, 0);
}

/// A token in a form, and where in it stands for the token.
fn encoded(token: &str, form: usize, cut: usize) -> (Vec<u8>, Range<usize>) {
    let (one, two) = token.split_at(cut);
    let escapes = ["%5F", "\\u005f", "\\x5f", "&#95;", "=5F"];
    let each = |form: &dyn Fn(u8) -> String| token.bytes().map(form).collect::<String>();
    let (head, own) = match form {
        0..5 => ("x = \"", token.replace('_', escapes[form])),
        5 => ("q=", each(&|b| format!("%{b:02X}"))),
        6 => ("x = '", each(&|b| format!("\\x{b:02x}"))),
        7 => ("x = '", each(&|b| format!("\\u{b:04x}"))),
        8 => ("x = ", each(&|b| format!("&#{b};"))),
        9 => ("NOTE:", each(&|b| format!("={b:02X}"))),
        10 => ("x = 0x", each(&|b| format!("{b:02x}"))),
        11 => ("x = \"", format!("{one}\" + \"{two}")),
        12 => ("x=\"", format!("{one}\"\"{two}")),
        13 => ("concat!(\"", format!("{one}\", \"{two}")),
        14 => ("x = \"\".join(['", format!("{one}', '{two}")),
        15 => ("x = '", format!("{one}' || '{two}")),
        _ => {
            let wide: Vec<u8> = token.encode_utf16().flat_map(u16::to_le_bytes).collect();
            return ([b"MZ\x90\x01", &wide[..], b"\0\0\x01\x01"].concat(), 4..4 + wide.len());
        }
    };
    let ends = ["\"", "'", "", ")", "\"\n)", "']"];
    let end = match form {
        ..=4 | 11 | 12 => ends[0],
        6 | 7 | 15 => ends[1],
        13 => "\");",
        14 => "'])",
        _ => ends[2],
    };
    (format!("{head}{own}{end}\n").into_bytes(), head.len()..head.len() + own.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_token_in_any_form_is_found_where_it_stands(token in any_token(), form in 0usize..17, cut in 5usize..39, before in "[a-z \n]{0,80}") {
        let (encoded, place) = encoded(&token, form, cut);
        let text = [before.as_bytes(), b"\n", &encoded].concat();
        let shift = before.len() + 1;
        let found = found(&text);
        let expected = (token, place.start + shift..place.end + shift);
        prop_assert!(found.iter().any(|(rule, secret, place)| rule == "github-pat" && (secret, place) == (&expected.0, &expected.1)), "{}: {found:?} not {expected:?} in {}", form, text.escape_ascii());
    }

    #[test]
    fn no_bytes_are_too_strange(pieces in proptest::collection::vec(prop_oneof![
        proptest::sample::select(vec![
            "\\/", "%5F", "\\u", "\\x5", "&#", "=3D", "=\n", "\"\"", "\" + \"", "concat!(", "\".join([", "].join(\"\")", "\"", "'", "\0", "a\0b\0", "'||'", ".concat(", "\"\"\"", "/*", "#", "77u/", "//4",
        ]).prop_map(|s| s.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
        "[A-Za-z0-9]{1,20}".prop_map(String::into_bytes),
    ], 0..80)) {
        let text = pieces.concat();
        for (_, _, place) in found(&text) {
            prop_assert!(place.end <= text.len() && place.start < place.end);
        }
    }
}
