//! Secrets in the forms that logs have, split and paused at any place.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::When;
use super::cover::Cover;
use super::tests::{base64, given, key_of, records, token, whole};

/// How many forms there are.
const FORMS: u8 = 54;

fn word() -> String {
    ["Harbor", "elm", "71-", "quartz"].concat()
}

/// A line, or some, with a secret in one of the forms that logs have, and what must not come out.
fn planted(form: u8, noise: &str) -> (String, Vec<String>) {
    let form = form % FORMS;
    if (18..37).contains(&form) {
        return (key_lines(form, noise), bodies());
    }
    if form >= 37 {
        return (field_line(form, noise), vec![word()]);
    }
    let (t, word) = (token(), word());
    let key = key_of(5);
    let (text, secret) = match form {
        0 => (format!("{noise} {t}\n"), t),
        1 => (format!("{noise} token={t} {noise}\n"), t),
        2 => (format!("{{\"msg\":\"{t}\",\"n\":1}}\n"), t),
        3 => (format!("{noise} {}\n", base64(&format!("user:{t}"))), base64(&format!("user:{t}"))),
        4 => (format!("{noise}\n{key}\n{noise}\n"), key[100..140].to_owned()),
        5 => (format!("Authorization: Bearer {t}\r\n"), t),
        6 => (format!("{noise} postgres://app:{word}@db.internal/app\n"), word),
        7 => (format!("password = \"{word}\"\n"), word),
        8 => (format!("\x1b[32m{noise}\x1b[0m {t}\x1b[0m\n"), t),
        9 => (format!("https://a.example/cb?code={word}&state=1\n"), word),
        10 => (format!("{noise} {}\n", t.bytes().map(|b| format!("\\x{b:02x}")).collect::<String>()), t),
        11 => (format!("{{\"log\":\"{{\\\"password\\\":\\\"{word}\\\"}}\\n\"}}\n"), word),
        12 => (format!("{{\"msg\":\"{}\"}}\n", key.replace('\n', "\\n")), key[100..140].to_owned()),
        13 => (format!("KEY={} PORT=80 {noise}\n", key.replace('\n', " ")), key[100..140].to_owned()),
        14 => (format!("{noise} {}\n", key.replace('\n', "#012")), key[100..140].to_owned()),
        15 => (format!("X-Session: {word} {noise}\n"), word),
        16 => (format!("\x1b[1mSet-Cookie\x1b[0m: sid={word}; Path=/\n"), word),
        _ => (format!("{{\"name\":\"Authorization\",\"value\":\"Bearer {word}\"}}\n"), word),
    };
    (text, vec![secret])
}

/// Some of each line of the key.
fn bodies() -> Vec<String> {
    key_of(5).lines().filter(|line| !line.starts_with('-')).map(|line| line[12..44].to_owned()).collect()
}

/// A key whose lines do not simply follow each other.
fn key_lines(form: u8, noise: &str) -> String {
    let (t, key) = (token(), key_of(5));
    let each = |before: &str, behind: &str| key.lines().map(|line| format!("{before}{line}{behind}\n")).collect::<String>();
    let between = |before: &str, other: &str| {
        let lines = key.lines().enumerate();
        let line = |(n, line)| format!("{before}{line}\n{}", if n == 2 { format!("{other}\n") } else { String::new() });
        lines.map(line).collect::<String>()
    };
    let cut = key[..300].to_owned();
    let rule = "password=Harbor7elm";
    match form {
        18 => each("web_1  | ", ""),
        19 => each("{\"log\":\"", "\\n\",\"stream\":\"stdout\"}"),
        20 => each("10.0.0.1 GET /app?id=7 ", ""),
        21 => each("{\"log\":\"", "\\n\",\"stream\":\"stdout\",\"attrs\":{\"u\":\"/a?x=1\"}}"),
        22 => each(&format!("{t} "), ""),
        23 => format!("app: {} token {t}\n", key.replace('\n', "#012")),
        24 => between("", &format!("Comment: {t}")).lines().take(6).map(|line| format!("{line}\n")).collect::<String>(),
        25 => format!("{{\"m\":\"{} {rule}\",\"n\":\"{noise}\"}}\n", cut.replace('\n', "\\n")),
        26 => each("web | ", ""),
        27 => each("{\"time\":17,\"level\":\"info\",\"msg\":\"", "\"}"),
        28 => each("ts=17 msg=\"", "\" svc=web"),
        29 => each("'", "',"),
        30 => {
            let form = key.replace('\n', "%0A").replace(' ', "%20").replace('+', "%2B").replace('/', "%2F");
            format!("{noise} k={form}&n=1\n")
        }
        31 => between("web_1 | ", "db_1 | LOG: checkpoint"),
        32 => between("", "INFO started one worker"),
        33 => between("", &format!("INFO {noise} {t}")),
        34 => format!("{noise}\n{cut} {rule}\n"),
        35 => format!("{noise} {} {rule}\n", cut.replace('\n', "\\n")),
        _ => each("\x1b[32mapp\x1b[0m | ", "\x1b[0m"),
    }
}

/// A header or a query.
fn field_line(form: u8, noise: &str) -> String {
    let word = word();
    match form {
        37 => format!("{{\"m\":\"Authorization: Digest username=\\\"bob\\\", response=\\\"{word}\\\"\"}}\n"),
        38 => format!("{{\"m\":\"Cookie: a=\\\"q1\\\"; sid={word}\",\"n\":\"{noise}\"}}\n"),
        39 => format!("curl -H \"Authorization: Digest u=\\\"a\\\", r=\\\"{word}\\\"\" x\n"),
        40 => format!("{{\"req\":\"GET /\\r\\nCookie: a=\\\"x\\\"; b={word}\\r\\n\"}}\n"),
        41 => format!("{{\"u\":\"/cb?sig=ab\\u002b{word}\"}}\n"),
        42 => format!("{{\"u\":\"\\/cb\\u003fsig\\u003dab\\u0027\\/{word}\"}}\n"),
        43 => format!("{noise} GET /x?t=[u:{word}] GET /x?t=[{word}:]\n"),
        44 => format!("{noise} https://h/x?t=a'{word}\n"),
        45 => format!("{noise} x.example.com/p?t={word} {noise}\n"),
        46 => format!("to localhost:80/p?t={word}\n"),
        47 => format!("GET /a?{word} {noise}\n"),
        48 => format!("GET /a?b=1&{word} {noise}\n"),
        49 => format!("{{ 'set-cookie': [ 'sid=a]', 'tok={word}' ], setCookie: 'a={word}' }}\n"),
        50 => format!("{{\"set-cookie\": [ \"sid=]\", \"tok={word}\" ]}}\n"),
        51 => format!("[\"Host\",\"x\",\"Cookie\",\"sid={word}\"]\n"),
        52 => format!("[[\"cookie\",\"sid={word}\"]] ['Authorization','Bearer {word}']\n"),
        _ => format!("{{ proxyAuthorization: 'Basic {word}', SetCookie: [\n  'sid=1',\n  'tok={word}'\n] }}\n"),
    }
}

fn leaks(out: &[u8], secrets: &[String]) -> bool {
    secrets.iter().any(|secret| memchr::memmem::find(out, secret.as_bytes()).is_some())
}

fn covers() -> [Cover; 4] {
    [Cover::Mask, Cover::Tag, Cover::Hash(Zeroizing::new([7; 32])), Cover::DropLine]
}

#[test]
fn no_form_comes_out_in_any_mode() {
    let mut wrong = Vec::new();
    for form in 0..FORMS {
        let (text, secrets) = planted(form, "noise");
        for cover in covers() {
            let out = whole(cover, &text);
            if leaks(out.as_bytes(), &secrets) {
                wrong.push(format!("{form}: {text} -> {out}"));
            }
        }
        // In a string of JSON, in one in that one, and line by line as records.
        let line = serde_json::json!({ "level": 30, "msg": text }).to_string();
        let nested = serde_json::json!({ "log": line }).to_string();
        for line in [line, nested] {
            let out = whole(Cover::Mask, &format!("{line}\n"));
            // Names of secrets within quotes that are escaped three times are not looked for.
            let leaks = form != 11 && leaks(out.as_bytes(), &secrets);
            if leaks || serde_json::from_str::<serde_json::Value>(&out).is_err() {
                wrong.push(format!("{form}: {line} -> {out}"));
            }
        }
        let out = records(Cover::Mask, &text.replace('\n', "\0"));
        if form != 53 && leaks(out.as_bytes(), &secrets) {
            wrong.push(format!("{form} in records: {out}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Splits each form at each place, with a pause there and nowhere else.
fn check_each_pause(number: usize) {
    let mut wrong = Vec::new();
    for form in 0..FORMS {
        let (text, secrets) = planted(form, "no");
        for at in 0..=text.len() {
            let [cover] = covers().into_iter().skip(number).take(1).collect::<Vec<_>>().try_into().unwrap();
            let (first, second) = text.as_bytes().split_at(at);
            let out = given(cover, [first, second], When::Silence);
            if leaks(&out, &secrets) {
                wrong.push(format!("{form} at {at}: {text} -> {}", String::from_utf8_lossy(&out)));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_single_pause_lets_a_secret_out_of_a_mask() {
    check_each_pause(0);
}

#[test]
fn no_single_pause_lets_a_secret_out_of_a_tag() {
    check_each_pause(1);
}

#[test]
fn no_single_pause_lets_a_secret_out_of_a_hash() {
    check_each_pause(2);
}

#[test]
fn no_single_pause_lets_a_secret_out_of_a_dropped_line() {
    check_each_pause(3);
}

pub(super) fn pieces<'t>(text: &'t [u8], cuts: &[usize]) -> Vec<&'t [u8]> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).chain([text.len()]).collect();
    ends.sort_unstable();
    let mut from = 0;
    ends.iter().map(|end| &text[std::mem::replace(&mut from, *end)..*end]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_split_and_no_pause_lets_a_secret_out(
        lines in proptest::collection::vec((any::<u8>(), "[a-z ]{0,12}"), 1..8),
        cuts in proptest::collection::vec(any::<usize>(), 0..12),
    ) {
        let planted: Vec<_> = lines.iter().map(|(form, noise)| planted(*form, noise)).collect();
        let text: String = planted.iter().map(|(line, _)| line.as_str()).collect();
        let at_once = given(Cover::Mask, [text.as_bytes()], When::Data);
        for pause in [When::Data, When::Silence] {
            let cut = given(Cover::Mask, pieces(text.as_bytes(), &cuts), pause);
            let in_bytes = given(Cover::Mask, text.as_bytes().chunks(1), pause);
            for out in [&at_once, &cut, &in_bytes] {
                for (line, secrets) in &planted {
                    prop_assert!(!leaks(out, secrets), "{line:?} in {}", String::from_utf8_lossy(out));
                }
            }
        }
    }

    #[test]
    fn lines_that_are_left_out_and_records_let_none_out_either(
        lines in proptest::collection::vec((any::<u8>(), "[a-z ]{0,12}"), 1..8),
        cuts in proptest::collection::vec(any::<usize>(), 0..12),
    ) {
        let planted: Vec<_> = lines.iter().map(|(form, noise)| planted(*form, noise)).collect();
        let text: String = planted.iter().map(|(line, _)| line.as_str()).collect();
        let in_records: String = planted.iter().map(|(line, _)| format!("{line}\0")).collect();
        let dropped = given(Cover::DropLine, pieces(text.as_bytes(), &cuts), When::Silence);
        let records = records(Cover::Tag, &in_records);
        prop_assert_eq!(records.bytes().filter(|b| *b == 0).count(), planted.len());
        for (line, secrets) in &planted {
            prop_assert!(!leaks(&dropped, secrets), "{line:?} in {}", String::from_utf8_lossy(&dropped));
            prop_assert!(!leaks(records.as_bytes(), secrets), "{line:?} in {records}");
        }
    }

    #[test]
    fn what_holds_nothing_is_the_same_byte_for_byte(
        text in proptest::collection::vec(prop_oneof!["[a-z ]{0,9}", "\\PC{0,6}", Just("\n".to_owned()), Just("\r".to_owned()), Just("\x1b[1m".to_owned()), Just("{\"a\":1}".to_owned()), Just("----".to_owned()), Just("-----BEGIN RSA PRIVATE KEY-----".to_owned()), Just("-----END RSA PRIVATE KEY-----".to_owned()), Just("PuTTY-User-Key-File-3: ".to_owned()), Just("\\n".to_owned()), Just("\0\u{ff}".to_owned())], 0..30),
        cuts in proptest::collection::vec(any::<usize>(), 0..9),
    ) {
        let text = text.concat();
        prop_assume!(!(text.to_ascii_lowercase().contains("cookie") || text.contains('?') && text.contains('/')));
        for pause in [When::Data, When::Silence] {
            prop_assert_eq!(&given(Cover::Mask, pieces(text.as_bytes(), &cuts), pause)[..], text.as_bytes());
        }
    }

    #[test]
    fn lines_of_json_stay_valid(values in proptest::collection::vec("[a-z\"\\\\\u{e9}\u{1f600}\n]{0,8}", 1..5), form in any::<u8>()) {
        let text = format!("{} {}", values.concat(), planted(form, "x").0);
        let line = format!("{}\n", serde_json::json!({ "level": 30, "msg": text, "password": 73519264, "n": [1, text] }));
        let out = whole(Cover::Mask, &line);
        let read: serde_json::Value = serde_json::from_str(&out).map_err(|e| TestCaseError::fail(format!("{e}: {out}")))?;
        prop_assert_eq!(&read["level"], 30);
        prop_assert!(!out.contains(&token()), "{}", out);
    }
}
