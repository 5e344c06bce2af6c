//! What goes out for what comes in, however it comes.

use std::io;
use std::sync::OnceLock;

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::super::engine::Engine;
use super::super::finding::Confidence;
use super::super::known::KnownSecrets;
use super::super::rule::builtin;
use super::cover::Cover;
use super::fields::Fields;
use super::tests_forms::pieces;
use super::{Filter, LONG, OnFault, Options, When};
use crate::base::secret::Secret;

pub(super) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(builtin::rules()).unwrap())
}

pub(super) fn options(cover: Cover) -> Options {
    let fields = Fields::new(&["X-Session".to_owned()], &[]).unwrap();
    Options { cover, least: Confidence::Low, separator: b'\n', fields, on_fault: OnFault::PassOn, now: 1_790_000_000 }
}

/// Gives the parts one after the other, with a pause behind each.
pub(super) fn given<'p>(cover: Cover, parts: impl IntoIterator<Item = &'p [u8]>, pause: When) -> Vec<u8> {
    passed(Filter::new(engine(), options(cover)), parts, pause)
}

fn passed<'p>(mut filter: Filter<'_>, parts: impl IntoIterator<Item = &'p [u8]>, pause: When) -> Vec<u8> {
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

pub(super) fn whole(cover: Cover, text: &str) -> String {
    String::from_utf8(given(cover, [text.as_bytes()], When::Data)).unwrap()
}

pub(super) fn token() -> String {
    "ghp_Wr3qTz8L·mXv5NcYb1KdHs6Pf0JgUa40Th9AO".replace('·', "")
}

fn key() -> String {
    key_of(12)
}

/// One with so many lines.
pub(super) fn key_of(lines: usize) -> String {
    let line = |n: usize| {
        "MIICXQIBAAKBgQC+U0jZfJbxkNiVhTVScJAe6YtfOvSqkcNrmvsh83+s51KjjjED".chars().cycle().skip(n * 7).take(64).collect()
    };
    let body: Vec<String> = (0..lines).map(line).collect();
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

pub(super) fn base64(text: &str) -> String {
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
pub(super) fn records(cover: Cover, text: &str) -> String {
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

#[test]
fn what_stands_around_a_key_stays() {
    let k = key();
    let (head, tail) = k.split_at(k.match_indices('\n').nth(5).unwrap().0 + 1);
    let covered = |before: &str, n: usize| format!("{before}********\n").repeat(n);
    let each = |text: &str, before: &str| text.lines().map(|line| format!("{before}{line}\n")).collect::<String>();
    let last = k.lines().last().unwrap();
    let escaped = k.replace('\n', "\\n");
    for (text, expected) in [
        (
            format!("KEY={escaped}\\n PORT=8080 started in 12 ms by bob, ok\n"),
            "KEY=********\\n PORT=8080 started in 12 ms by bob, ok\n".to_owned(),
        ),
        (
            format!("x\n{head}2026-11-28 INFO started one\n{tail}\ny\n"),
            format!("x\n********\n2026-11-28 INFO started one\n{}{last}\ny\n", covered("", 7)),
        ),
        (
            format!("{}db_1 | LOG: checkpoint\n{}", each(head, "web_1 | "), each(tail, "web_1 | ")),
            format!("{}db_1 | LOG: checkpoint\n{}", covered("web_1 | ", 6), covered("web_1 | ", 8)),
        ),
        (each(&k, "10.0.0.1 GET /app?id=7 "), covered("10.0.0.1 GET /app?id=******** ", 14)),
    ] {
        assert_eq!(whole(Cover::Mask, &text), expected, "{text}");
    }
    let begin = k.lines().next().unwrap();
    for text in [
        format!("grep: pattern {begin} not found in file one two three four five six seven eight nine ten eleven twelve\n"),
        format!("{begin}\nis how they begin, {last} is how they end\n{}\n", "0123456789abcdef".repeat(3)),
        format!("{{\"m\":\"{begin}\"}}\n{{\"m\":\"nothing\"}}\n"),
    ] {
        assert_eq!(whole(Cover::Mask, &text), text);
    }
}

#[test]
fn the_end_of_a_line_goes_with_its_beginning() {
    let (t, long) = (token(), "word ".repeat(40_000));
    let out = whole(Cover::DropLine, &format!("one\nx {long}{t}\ntwo\n"));
    assert!(out.starts_with("one\nx word") && out.ends_with("w\ntwo\n"), "{}", &out[out.len() - 40..]);
    let out = whole(Cover::DropLine, &format!("one\nCookie: {}\ntwo\n", "a=b; ".repeat(40_000)));
    assert_eq!(out, "one\ntwo\n");
}

#[test]
fn parts_of_json_stay_json() {
    for (text, expected) in [
        ("{\"password\":73519264},\n", "{\"password\":\"********\"},\n"),
        ("{\n  \"password\": 73519264,\n  \"n\": 1\n}\n", "{\n  \"password\": \"********\",\n  \"n\": 1\n}\n"),
        ("\u{feff}{\"password\":73519264}\n", "\u{feff}{\"password\":\"********\"}\n"),
        ("{\"authorization\":[1,\"x\"],\"n\":2}\n", "{\"authorization\":[\"********\",\"********\"],\"n\":2}\n"),
        ("{\"m\":\"Cookie: a=\\\"q1\\\"; sid=zz91kk\",\"n\":1}\n", "{\"m\":\"Cookie: ********\",\"n\":1}\n"),
    ] {
        assert_eq!(whole(Cover::Mask, text), expected);
    }
}

#[test]
fn a_list_goes_on_in_the_lines_behind_it() {
    let lines = ["{\n", "  'set-cookie': [\n", "    'sid=a',\n", "    'tok=b'\n", "  ],\n", "  x: 'y'\n"];
    let out = given(Cover::Mask, lines.iter().map(|line| line.as_bytes()), When::Data);
    let expected = "{\n  'set-cookie': [\n    '********',\n    '********'\n  ],\n  x: 'y'\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn what_was_filtered_before_stays_and_nothing_else_that_looks_like_it() {
    let hash = || Cover::Hash(Zeroizing::new([7; 32]));
    let t = token();
    let text = format!(
        "GET /x?a=1&b=[u:SECRET]&c=[SECRET:] HTTP/1.1\nCookie: a=b\n{{\"set-cookie\":[\"a=1\",\"b=2\"]}}\nx {t}\n\
         GET /x?t=[REDACTED:no-such-rule]&u=[query:0123] ok\n{}\n",
        key()
    );
    let covers: [&dyn Fn() -> Cover; 3] = [&|| Cover::Mask, &|| Cover::Tag, &hash];
    for cover in covers {
        let once = whole(cover(), &text);
        assert!(!once.contains("SECRET") && !once.contains("no-such-rule") && !once.contains("0123"), "{once}");
        assert_eq!(whole(cover(), &once), once);
    }
}

#[test]
fn a_value_has_one_hash_in_whatever_string_it_stands() {
    for lines in [
        [
            "X-Session: Harbor/elm71\n",
            "{\"x-session\":\"Harbor\\/elm71\"}\n",
            "{\"m\":\"{\\\"x-session\\\":\\\"Harbor\\\\\\/elm71\\\"}\"}\n",
        ],
        [
            "PW = \"Harbor+elm71quartz\"\n",
            "{\"PW\":\"Harbor\\u002belm71quartz\"}\n",
            "{\"m\":\"{\\\"PW\\\":\\\"Harbor\\\\u002belm71quartz\\\"}\"}\n",
        ],
    ] {
        let out = whole(Cover::Hash(Zeroizing::new([7; 32])), &lines.concat().replace("PW", "password"));
        let hashes: Vec<&str> = out.match_indices(']').map(|(at, _)| &out[at - 16..at]).collect();
        assert!(hashes.len() == 3 && hashes.iter().all(|hash| *hash == hashes[0]), "{out}");
    }
}

fn known(values: &[String]) -> KnownSecrets {
    let secrets: Vec<_> = values.iter().map(|value| Secret::new(value.as_bytes())).collect();
    KnownSecrets::of_values(secrets.iter().map(|secret| ("mine", secret))).0
}

#[test]
fn what_is_known_is_covered_and_only_what_may_begin_it_is_held() {
    let word = ["Harbor", "elm71-", "quartz"].concat();
    let known = known(&[word.clone(), format!("{word}-and-more")]);
    let check = |parts: &[&str], expected: &str, at_last: &str| {
        let mut filter = Filter::new(engine(), options(Cover::Tag)).knowing(&known);
        let mut out = Vec::new();
        for part in parts {
            filter.space()[..part.len()].copy_from_slice(part.as_bytes());
            filter.filled(part.len());
            filter.run(When::Silence, &mut |bytes| io::Write::write_all(&mut out, bytes)).unwrap();
        }
        assert_eq!(String::from_utf8_lossy(&out), expected, "{parts:?}");
        filter.run(When::End, &mut |bytes| io::Write::write_all(&mut out, bytes)).unwrap();
        assert_eq!(String::from_utf8_lossy(&out), at_last, "{parts:?}");
    };
    check(&["ok \n", &word[..6]], "ok \n", "ok \nHarbor");
    check(&[&word[..6], "x \n"], "Harborx \n", "Harborx \n");
    check(&["ok ", &word, "\n"], "ok [REDACTED:known:mine]\n", "ok [REDACTED:known:mine]\n");
    check(&["ok ", &word, "-and-m", "ore!\n"], "ok [REDACTED:known:mine]!\n", "ok [REDACTED:known:mine]!\n");
    check(
        &["\x1b[1mHarbor\x1b[", "0melm71-quartz \n"],
        "\x1b[1m[REDACTED:known:mine]\x1b[0m \n",
        "\x1b[1m[REDACTED:known:mine]\x1b[0m \n",
    );
    check(
        &["{\"a\":\"", &word, "\",\"n\":1}\n"],
        "{\"a\":\"[REDACTED:known:mine]\",\"n\":1}\n",
        "{\"a\":\"[REDACTED:known:mine]\",\"n\":1}\n",
    );
    let endless = format!("Harbor{}elm71-quartz end\n", "\x1b[0m".repeat(60_000));
    let out = passed(Filter::new(engine(), options(Cover::Mask)).knowing(&known), endless.as_bytes().chunks(4096), When::Silence);
    assert!(!String::from_utf8_lossy(&out).contains("Harbor"));
}

/// A value as a program may write it.
fn form(form: u8, value: &str) -> String {
    let utf8 = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match form % 9 {
        0 => value.to_owned(),
        1 => base64(value),
        2 => base64(&format!("u{value}")),
        3 => base64(&format!("us{value}er")).replace('+', "-").replace('/', "_"),
        4 => crate::base::text::hex(value.as_bytes()),
        5 => crate::base::text::hex(value.as_bytes()).to_uppercase(),
        6 => serde_json::to_string(value).unwrap(),
        7 => utf8(
            value
                .bytes()
                .flat_map(|b| if b.is_ascii_alphanumeric() { vec![b] } else { format!("%{b:02X}").into_bytes() })
                .collect(),
        ),
        _ => {
            value.split_at(value.char_indices().nth(4).unwrap().0).0.to_owned()
                + "\x1b[1m"
                + &value[value.char_indices().nth(4).unwrap().0..]
        }
    }
}

/// What must not come out of a value in a form: all of it but what the neighbours change of base64.
fn needle(form: u8, text: &str) -> &str {
    match form % 9 {
        1..=3 => &text[4..text.len() - 4],
        6 => text.trim_matches('"'),
        _ => text,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn no_split_and_no_pause_lets_what_is_known_out(
        values in proptest::collection::vec("[ab]{8,12}|[a-c\"\\\\é/+]{8,30}|[ab]{4,9}\n[ab]{4,9}|[a-zA-Z0-9]{300,900}", 1..4),
        parts in proptest::collection::vec((any::<u8>(), any::<u8>(), "[ab]{0,9}|[a-z \n\"]{0,9}|\\{\"k\":\"|\"\\}\n"), 1..9),
        cuts in proptest::collection::vec(any::<usize>(), 0..12),
    ) {
        let known = known(&values);
        let mut needles: Vec<String> = values.clone();
        let mut text = String::new();
        for (how, which, noise) in &parts {
            let written = form(*how, &values[usize::from(*which) % values.len()]);
            needles.push(needle(*how, &written).to_owned());
            text.push_str(noise);
            text.push_str(&written);
        }
        for pause in [When::Data, When::Silence] {
            for cover in [Cover::Mask, Cover::Tag, Cover::DropLine] {
                let filter = || Filter::new(engine(), options(match cover { Cover::Tag => Cover::Tag, Cover::DropLine => Cover::DropLine, _ => Cover::Mask })).knowing(&known);
                let cut = passed(filter(), pieces(text.as_bytes(), &cuts), pause);
                let in_bytes = passed(filter(), text.as_bytes().chunks(1), pause);
                for out in [&cut, &in_bytes] {
                    let out = String::from_utf8_lossy(out);
                    for needle in needles.iter().filter(|needle| needle.len() >= 8) {
                        prop_assert!(!out.contains(needle.as_str()), "{needle:?} of {text:?} in {out:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_known_passes_as_it_is(text in "[a-e \n]{0,60}", cuts in proptest::collection::vec(any::<usize>(), 0..9)) {
        let known = known(&["abcdefgh".to_owned(), "cdefghij".to_owned()]);
        for pause in [When::Data, When::Silence] {
            let filter = Filter::new(engine(), options(Cover::Mask)).knowing(&known);
            prop_assert_eq!(&passed(filter, pieces(text.as_bytes(), &cuts), pause)[..], text.as_bytes());
        }
    }
}

#[test]
fn a_key_is_known_across_records() {
    let k = key();
    let text: String = k.lines().map(|line| format!("{line}\0")).collect();
    let out = records(Cover::Mask, &text);
    assert_eq!(out.matches("********\0").count(), 12, "{out}");
}
