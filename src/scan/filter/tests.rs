//! What goes out for what comes in, however it comes.

use std::io;
use std::sync::OnceLock;

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::super::engine::Engine;
use super::super::finding::Confidence;
use super::super::rule::builtin;
use super::cover::Cover;
use super::fields::Fields;
use super::{Filter, LONG, OnFault, Options, When};

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(builtin::rules()).unwrap())
}

fn options(cover: Cover) -> Options {
    let fields = Fields::new(&["X-Session".to_owned()], &[]).unwrap();
    Options { cover, least: Confidence::Low, separator: b'\n', fields, on_fault: OnFault::PassOn, now: 1_790_000_000 }
}

/// Gives the parts one after the other, with a pause behind each.
fn given<'p>(cover: Cover, parts: impl IntoIterator<Item = &'p [u8]>, pause: When) -> Vec<u8> {
    let mut filter = Filter::new(engine(), options(cover));
    let mut out = Vec::new();
    let mut write = |bytes: &[u8]| -> io::Result<()> {
        out.extend_from_slice(bytes);
        Ok(())
    };
    for mut part in parts {
        while !part.is_empty() {
            let space = filter.space();
            let n = space.len().min(part.len());
            space[..n].copy_from_slice(&part[..n]);
            filter.filled(n);
            part = &part[n..];
            filter.run(pause, &mut write).unwrap();
        }
    }
    filter.run(When::End, &mut write).unwrap();
    assert!(!filter.holds());
    out
}

fn whole(cover: Cover, text: &str) -> String {
    String::from_utf8(given(cover, [text.as_bytes()], When::Data)).unwrap()
}

fn token() -> String {
    "ghp_Wr3qTz8L·mXv5NcYb1KdHs6Pf0JgUa40Th9AO".replace('·', "")
}

fn key() -> String {
    let line = |n: usize| {
        "MIICXQIBAAKBgQC+U0jZfJbxkNiVhTVScJAe6YtfOvSqkcNrmvsh83+s51KjjjED".chars().cycle().skip(n * 7).take(64).collect()
    };
    let body: Vec<String> = (0..12).map(line).collect();
    ["-----BEGIN RSA ", "PRIVATE KEY-----\n", &body.join("\n"), "\n-----END RSA ", "PRIVATE KEY-----"].concat()
}

#[test]
fn every_example_of_every_rule_is_covered_the_same_byte_by_byte() {
    let mut wrong = Vec::new();
    for entry in builtin::entries().unwrap() {
        for example in &entry.examples {
            let text = format!("{example}\n");
            let at_once = given(Cover::Mask, [text.as_bytes()], When::Data);
            let in_bytes = given(Cover::Mask, text.as_bytes().chunks(1), When::Silence);
            // One that counts only beside another one counts if that one was there before.
            if at_once != in_bytes && entry.rule.pair.with.is_empty() {
                wrong.push(entry.rule.id.clone());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn secrets_are_replaced_and_nothing_else_is() {
    let (t, k) = (token(), key());
    for (text, expected) in [
        ("nothing here\n".to_owned(), "nothing here\n".to_owned()),
        (format!("a {t} b"), "a ghp_******** b".to_owned()),
        (format!("\x1b[31m{}\x1b[1m{}\x1b[0m b\n", &t[..9], &t[9..]), "\x1b[31mghp_********\x1b[1m\x1b[0m b\n".to_owned()),
        (format!("x\n{k}\ny\n"), "x\n********\ny\n".to_owned()),
        (format!("x\n{}\nthis is something else\n", &k[..500]), "x\n********\nthis is something else\n".to_owned()),
        (format!("x\n{}", &k[..500]), "x\n********".to_owned()),
        ("Cookie: a=b; c=d\r\nHost: x\r\n".to_owned(), "Cookie: ********\r\nHost: x\r\n".to_owned()),
        ("GET /x?a=1&b=2 HTTP/1.1\n".to_owned(), "GET /x?a=********&b=******** HTTP/1.1\n".to_owned()),
        (format!("{{\"m\":\"a\\n{t}\\n\"}}\n"), "{\"m\":\"a\\nghp_********\\n\"}\n".to_owned()),
        (format!("10%\r20%\r{t}\r\n"), "10%\r20%\rghp_********\r\n".to_owned()),
    ] {
        assert_eq!(whole(Cover::Mask, &text), expected, "{text}");
        let once = whole(Cover::Mask, &text);
        assert_eq!(whole(Cover::Mask, &once), once, "what is covered stays as it is");
    }
}

#[test]
fn covers_say_what_they_were_asked_for() {
    let t = token();
    let text = format!("one\ntwo {t}\nthree {t}{t} and {}\n", base64(&t));
    assert_eq!(whole(Cover::DropLine, &text), "one\n");
    let tagged = whole(Cover::Tag, &text);
    assert!(tagged.starts_with("one\ntwo [REDACTED:github-pat]\n"), "{tagged}");
    let hashed = whole(Cover::Hash(Zeroizing::new([7; 32])), &text);
    let hashes: Vec<&str> = hashed.split("[github-pat:").skip(1).map(|rest| &rest[..16]).collect();
    assert!(hashes.len() >= 2 && hashes.iter().all(|hash| *hash == hashes[0]), "{hashed}");
    let other = whole(Cover::Hash(Zeroizing::new([8; 32])), &text);
    assert!(!other.contains(hashes[0]));
}

fn base64(text: &str) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn lines_of_any_length_pass_in_constant_room() {
    let t = token();
    for filler in ["a", "word ", "\"x\":1,", "QUJD", "é", "\0", "\x1b[0m", "{", "?a=b&", "-----BEGIN "] {
        let line = filler.repeat(3 * LONG / filler.len());
        let text = format!("{line} {t} {line}\nend\n");
        let mut filter = Filter::new(engine(), options(Cover::Mask));
        let before = filter.room.capacity();
        let mut out = Vec::new();
        for part in text.as_bytes().chunks(40_000) {
            filter.space()[..part.len()].copy_from_slice(part);
            filter.filled(part.len());
            filter.run(When::Silence, &mut |bytes| io::Write::write_all(&mut out, bytes)).unwrap();
        }
        filter.run(When::End, &mut |bytes| io::Write::write_all(&mut out, bytes)).unwrap();
        assert_eq!(filter.room.capacity(), before);
        let out = String::from_utf8_lossy(&out).into_owned();
        assert!(!out.contains(&t) && out.ends_with("\nend\n"), "{filler}: {} {}", out.contains(&t), out.len());
        assert!(
            filter.counts().replaced.contains_key("github-pat") || filter.counts().replaced.contains_key("private-key-block"),
            "{filler}: {:?}",
            filter.counts()
        );
    }
}

/// Gives all of it at once, as records that end with a zero byte.
fn records(cover: Cover, text: &str) -> String {
    let mut filter = Filter::new(engine(), Options { separator: 0, ..options(cover) });
    let mut out = Vec::new();
    filter.space()[..text.len()].copy_from_slice(text.as_bytes());
    filter.filled(text.len());
    filter.run(When::Data, &mut |bytes| io::Write::write_all(&mut out, bytes)).unwrap();
    filter.run(When::End, &mut |bytes| io::Write::write_all(&mut out, bytes)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn records_are_wholes() {
    let (t, k) = (token(), key());
    for (text, expected) in [
        (
            format!("{{\"pair\": \"{t}\"}}\0{{\"url\": \"{t}\"}}\0{t}\n{t}\0"),
            "{\"pair\": \"ghp_********\"}\0{\"url\": \"ghp_********\"}\0ghp_********\nghp_********\0".to_owned(),
        ),
        (format!("{}\0next\0", &k[..400]), "********\0next\0".to_owned()),
        (format!("{k}\0\0password:\0{}\0", "Harborelm71-quartz"), "********\0\0password:\0Harborelm71-quartz\0".to_owned()),
        ("-----BEGIN RSA PRIVATE KEY-----\0next".to_owned(), "-----BEGIN RSA PRIVATE KEY-----\0next".to_owned()),
    ] {
        assert_eq!(records(Cover::Mask, &text), expected, "{text}");
    }
    assert_eq!(records(Cover::DropLine, &format!("a\0{t}\nb\0c\0")), "a\0\0c\0");
}

#[test]
fn a_line_of_json_ends_where_it_ends() {
    let open = "{\"msg\":\"-----BEGIN RSA PRIVATE KEY-----\",\"x\":1}\n";
    let mut filter = Filter::new(engine(), options(Cover::Mask));
    let mut out = Vec::new();
    filter.space()[..open.len()].copy_from_slice(open.as_bytes());
    filter.filled(open.len());
    filter.run(When::Data, &mut |bytes| io::Write::write_all(&mut out, bytes)).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), open);
    let escaped = key()[..400].replace('\n', "\\n");
    let cut = whole(Cover::Mask, &format!("{{\"msg\":\"{escaped}\",\"x\":1}}\nnext\n"));
    assert_eq!(cut, "{\"msg\":\"********\",\"x\":1}\nnext\n");
    let lines = format!("{{\"a\":\"{}\"}}\n{{\"b\":\"{}\"}}\n", token(), token());
    assert_eq!(whole(Cover::Mask, &lines), "{\"a\":\"ghp_********\"}\n{\"b\":\"ghp_********\"}\n");
}

#[test]
fn what_cannot_be_judged_is_counted_and_left_out_if_asked_for() {
    for (on_fault, expected) in [(OnFault::PassOn, "one\n"), (OnFault::Withhold, "[stanch: 4 bytes withheld]\n")] {
        let mut filter = Filter::new(engine(), Options { on_fault, ..options(Cover::Mask) });
        let mut out = Vec::new();
        for (faulty, line) in [(true, "one\n"), (false, "two\n")] {
            filter.faulty = faulty;
            filter.space()[..4].copy_from_slice(line.as_bytes());
            filter.filled(4);
            filter.run(When::Data, &mut |bytes| io::Write::write_all(&mut out, bytes)).unwrap();
        }
        assert_eq!(String::from_utf8_lossy(&out), format!("{expected}two\n"));
        assert_eq!(filter.counts().unjudged, 4);
    }
}

#[test]
fn long_lines_are_dropped_to_their_end() {
    let text = format!("one\n{} {} {}\ntwo\n", "word ".repeat(LONG / 4), token(), "word ".repeat(LONG));
    let out = whole(Cover::DropLine, &text);
    assert!(out.starts_with("one\n") && out.ends_with("\ntwo\n") && !out.contains(&token()[4..20]), "{}", out.len());
}

/// A line with a secret in one of the forms that logs have, and what must not come out.
fn planted(form: u8, noise: &str) -> (String, String) {
    let t = token();
    let word = ["Harbor", "elm", "71-", "quartz"].concat();
    let behind = |before: &str, after: &str| {
        let lines: String = key().lines().map(|line| format!("{before}{line}{after}\n")).collect();
        (lines, key()[100..140].to_owned())
    };
    match form % 18 {
        0 => (format!("{noise} {t}\n"), t),
        1 => (format!("{noise} token={t} {noise}\n"), t),
        2 => (format!("{{\"msg\":\"{t}\",\"n\":1}}\n"), t),
        3 => (format!("{noise} {}\n", base64(&format!("user:{t}"))), base64(&format!("user:{t}"))),
        4 => (format!("{noise}\n{}\n{noise}\n", key()), key()[100..140].to_owned()),
        5 => (format!("Authorization: Bearer {t}\r\n"), t),
        6 => (format!("{noise} postgres://app:{word}@db.internal/app\n"), word),
        7 => (format!("password = \"{word}\"\n"), word),
        8 => (format!("\x1b[32m{noise}\x1b[0m {t}\x1b[0m\n"), t),
        9 => (format!("https://a.example/cb?code={word}&state=1\n"), word),
        10 => (format!("{noise} {}\n", t.bytes().map(|b| format!("\\x{b:02x}")).collect::<String>()), t),
        11 => (format!("{{\"log\":\"{{\\\"password\\\":\\\"{word}\\\"}}\\n\"}}\n"), word),
        12 => behind("web_1  | ", ""),
        13 => behind("{\"log\":\"", "\\n\",\"stream\":\"stdout\"}"),
        14 => (format!("{noise} {}\n", key().replace('\n', "#012")), key()[100..140].to_owned()),
        15 => (format!("X-Session: {word} {noise}\n"), word),
        16 => (format!("\x1b[1mSet-Cookie\x1b[0m: sid={word}; Path=/\n"), word),
        _ => (format!("{{\"name\":\"Authorization\",\"value\":\"Bearer {word}\"}}\n"), word),
    }
}

fn pieces<'t>(text: &'t [u8], cuts: &[usize]) -> Vec<&'t [u8]> {
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
                for (line, secret) in &planted {
                    prop_assert!(memchr::memmem::find(out, secret.as_bytes()).is_none(), "{line:?} in {}", String::from_utf8_lossy(out));
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
        for (line, secret) in &planted {
            prop_assert!(memchr::memmem::find(&dropped, secret.as_bytes()).is_none(), "{line:?} in {}", String::from_utf8_lossy(&dropped));
            prop_assert!(!records.contains(secret), "{line:?} in {records}");
        }
    }

    #[test]
    fn what_holds_nothing_is_the_same_byte_for_byte(
        text in proptest::collection::vec(prop_oneof!["[a-z ]{0,9}", "\\PC{0,6}", Just("\n".to_owned()), Just("\r".to_owned()), Just("\x1b[1m".to_owned()), Just("{\"a\":1}".to_owned()), Just("----".to_owned()), Just("\0\u{ff}".to_owned())], 0..30),
        cuts in proptest::collection::vec(any::<usize>(), 0..9),
    ) {
        let text = text.concat();
        prop_assume!(!text.contains('?') && !text.to_ascii_lowercase().contains("cookie"));
        for pause in [When::Data, When::Silence] {
            prop_assert_eq!(&given(Cover::Mask, pieces(text.as_bytes(), &cuts), pause)[..], text.as_bytes());
        }
    }

    #[test]
    fn lines_of_json_stay_valid(values in proptest::collection::vec("[a-z\"\\\\\u{e9}\u{1f600}\n]{0,8}", 1..5), form in any::<u8>()) {
        let text = format!("{}{}", values.concat(), planted(form, "x").0);
        let line = format!("{}\n", serde_json::json!({ "level": 30, "msg": text, "password": 73519264, "n": [1, text] }));
        let out = whole(Cover::Mask, &line);
        let read: serde_json::Value = serde_json::from_str(&out).map_err(|e| TestCaseError::fail(format!("{e}: {out}")))?;
        prop_assert_eq!(&read["level"], 30);
        prop_assert!(!out.contains(&token()), "{}", out);
    }
}
