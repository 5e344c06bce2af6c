//! A text scanned as a version of another one has the matches of the text scanned as a whole.

use std::ops::Range;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::rule::{builtin, load};
use super::carry::{Record, Segment};
use super::tests::{engine, fragments};
use super::{Engine, Input, Match, Scratch};

/// Examples of all rules.
fn examples() -> &'static [Vec<u8>] {
    static ALL: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        let entries = builtin::entries().unwrap();
        entries.into_iter().flat_map(|entry| entry.examples).map(String::into_bytes).collect()
    })
}

/// A keyword of a rule, and far behind it a value that another rule's example has.
fn far_from_its_keyword() -> impl Strategy<Value = Vec<u8>> {
    static VALUES: std::sync::OnceLock<Vec<(usize, Vec<u8>)>> = std::sync::OnceLock::new();
    let values = VALUES.get_or_init(|| {
        let mut scratch = Scratch::default();
        let mut values = Vec::new();
        for example in examples() {
            engine().scan(&mut scratch, &Input::whole(example), &mut |m: &Match| {
                values.push((m.rule as usize, example[m.span.start..m.span.end].to_vec()));
            });
        }
        values.retain(|(rule, _)| !engine().rules()[*rule].keywords.is_empty());
        values
    });
    let between = prop_oneof![Just(String::new()), Just("\n\n".to_owned()), Just("} ".to_owned())];
    (proptest::sample::select(values.clone()), any::<Index>(), 0usize..240, between, "[ =\":']{1,3}").prop_map(
        |((rule, value), keyword, gap, between, before)| {
            let keyword = keyword.get(&engine().rules()[rule].keywords).as_bytes();
            let filler = &b" some words of text and then some more of them".repeat(6)[..gap];
            [keyword, filler, between.as_bytes(), before.as_bytes(), &value, b"\n"].concat()
        },
    )
}

/// Some examples in another form, with text around them.
fn encoded() -> impl Strategy<Value = Vec<u8>> {
    let plain = (proptest::collection::vec((any::<Index>(), 0usize..40), 1..4)).prop_map(|chosen| {
        let one =
            |(index, words): &(Index, usize)| [b"word ".repeat(*words), index.get(examples()).clone(), b"\n".to_vec()].concat();
        chosen.iter().map(one).collect::<Vec<_>>().concat()
    });
    (plain, 0usize..FORMS, 40usize..90).prop_map(|(text, form, width)| encode(&text, form, width))
}

/// Forms of [`encode`].
const FORMS: usize = 16;

/// A text in a form.
pub(super) fn encode(text: &[u8], form: usize, width: usize) -> Vec<u8> {
    use base64::Engine as _;
    let base64 = base64::prelude::BASE64_STANDARD.encode(text);
    let lines = |indent: &str| {
        let width = width / 4 * 4;
        base64.as_bytes().chunks(width).map(|line| format!("{indent}{}\n", String::from_utf8_lossy(line))).collect::<String>()
    };
    let each = |form: &dyn Fn(u8) -> String| text.iter().map(|b| form(*b)).collect::<String>();
    let out = match form {
        0 => format!("data: {base64}\n"),
        1 => lines(""),
        2 => lines("    "),
        3 => format!("x={}&\n", each(&|b| format!("{b:02x}"))),
        4 => format!("x={}&\n", each(&|b| format!("%{b:02X}"))),
        5 => format!("x='{}'\n", each(&|b| format!("\\x{b:02x}"))),
        6 => format!("x='{}'\n", each(&|b| format!("&#{b};"))),
        7 => format!("{}\n", base64::prelude::BASE64_STANDARD.encode(&base64)),
        8 => format!("x={}\n", each(&|b| format!("={b:02X}"))),
        9 => format!("x: {}\n", base64::prelude::BASE64_STANDARD.encode([b"\xef\xbb\xbf\xc3\xa9 ", text].concat())),
        10..=13 => {
            let (plain, escaped) = [("/", "\\/"), ("_", "%5F"), ("/", "\\u002f"), ("_", "&#95;")][form - 10];
            format!("x = \"{}\"\n", String::from_utf8_lossy(text).replace(plain, escaped))
        }
        14 => return text.iter().flat_map(|b| [*b, 0]).chain([0, 0, 1]).collect(),
        _ if width.is_multiple_of(3) => {
            let (one, two) = text.split_at(text.len() * width / 100);
            return [b"concat!(\"", one, b"\", \"", two, b"\");\n"].concat();
        }
        _ if width % 3 == 1 => {
            let (one, two) = text.split_at(text.len() * width / 100);
            return [b"x=\"", one, b"\"\"", two, b"\"\n"].concat();
        }
        _ => {
            let (one, two) = text.split_at(text.len() * width / 100);
            return [b"x = \"", one, b"\" +\n  \"", two, b"\";\n"].concat();
        }
    };
    out.into_bytes()
}

/// Lines of code with secrets, halves of secrets and noise among them.
pub(super) fn text(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let code = (1usize..40, any::<u8>()).prop_map(|(n, seed)| {
        let line =
            |i: usize| format!("    let value_{} = self.compute({}, other[{i}]);\n", usize::from(seed) + i, seed.wrapping_mul(7));
        (0..n).map(line).collect::<String>().into_bytes()
    });
    let example = any::<Index>().prop_map(|index| index.get(examples()).clone());
    let half = (any::<Index>(), any::<Index>()).prop_map(|(index, cut)| {
        let example = index.get(examples());
        example[..cut.index(example.len() + 1)].to_vec()
    });
    let piece = prop_oneof![
        3 => encoded(),
        6 => code,
        4 => example,
        1 => half,
        2 => far_from_its_keyword(),
        1 => fragments().prop_map(|mut f| { f.truncate(3000); f }),
        2 => Just(b"\n".to_vec()),
        1 => Just(b"\n\n".to_vec()),
    ];
    proptest::collection::vec(piece, 0..most).prop_map(|v| v.concat())
}

/// One step of making a new text.
#[derive(Debug, Clone)]
enum Edit {
    /// Copies this much, after skipping this much.
    Copy(usize, usize),
    /// Goes back to a place of the old text.
    Jump(Index),
    Insert(Vec<u8>),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let length = || prop_oneof![0usize..40, 0usize..4000, 1000usize..40_000];
    let edit = prop_oneof![
        6 => (length(), prop_oneof![Just(0usize), 0usize..3, 0usize..500]).prop_map(|(n, skip)| Edit::Copy(n, skip)),
        1 => any::<Index>().prop_map(Edit::Jump),
        3 => prop_oneof![text(3), "[A-Za-z0-9_ =\n\"]{0,12}".prop_map(String::into_bytes)].prop_map(Edit::Insert),
    ];
    proptest::collection::vec(edit, 0..12)
}

fn apply(old: &[u8], edits: &[Edit]) -> (Vec<u8>, Vec<Segment>) {
    let (mut new, mut segments, mut at) = (Vec::new(), Vec::new(), 0);
    let mut copy = |new: &mut Vec<u8>, from: Range<usize>| {
        segments.push(Segment { to: new.len()..new.len() + from.len(), from: Some(from.start) });
        new.extend_from_slice(&old[from]);
    };
    let mut inserted = Vec::new();
    for edit in edits {
        match edit {
            Edit::Copy(length, skip) => {
                at = (at + skip).min(old.len());
                let end = (at + length).min(old.len());
                copy(&mut new, at..end);
                at = end;
            }
            Edit::Jump(index) => at = index.index(old.len() + 1),
            Edit::Insert(bytes) => {
                inserted.push(new.len()..new.len() + bytes.len());
                new.extend_from_slice(bytes);
            }
        }
    }
    copy(&mut new, at..old.len());
    segments.extend(inserted.into_iter().map(|to| Segment { to, from: None }));
    segments.sort_by_key(|s| (s.to.start, s.to.end));
    (new, segments)
}

/// Scans the versions one after the other, each made from the one before; and each as a whole.
fn check(first: Vec<u8>, versions: &[Vec<Edit>]) -> Result<(), TestCaseError> {
    let mut scratch = Scratch::default();
    let mut old = first;
    let mut record: Record = engine().scan_version(&mut scratch, &Input::whole(&old), None);
    for edits in versions {
        let (new, segments) = apply(&old, edits);
        let input = Input::whole(&new);
        record = engine().scan_version(&mut scratch, &input, Some((&record, &segments)));
        let found: Vec<Match> = scratch.matches().to_vec();
        let marked = scratch.marked(&(0..new.len()));
        let mut expected = Vec::new();
        engine().scan(&mut scratch, &input, &mut |m: &Match| expected.push(m.clone()));
        prop_assert!(found == expected, "{}", differences(&found, &expected, &new));
        prop_assert_eq!(marked, scratch.marked(&(0..new.len())));
        old = new;
    }
    Ok(())
}

/// The matches of one and not of the other, with what stands around.
fn differences(found: &[Match], expected: &[Match], text: &[u8]) -> String {
    let only = |these: &[Match], those: &[Match], name: &str| {
        let missing: Vec<_> = these.iter().filter(|m| !those.contains(m)).take(2).collect();
        let around = |m: &Match| {
            String::from_utf8_lossy(&text[m.span.start.saturating_sub(60)..text.len().min(m.span.end + 60)]).into_owned()
        };
        missing
            .iter()
            .map(|m| format!("{name}: {} {m:?} in {:?}\n", engine().rules()[m.rule as usize].id, around(m)))
            .collect::<String>()
    };
    only(found, expected, "carried") + &only(expected, found, "whole")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn versions_have_the_matches_of_the_whole(first in text(60), versions in proptest::collection::vec(edits(), 1..5)) {
        check(first, &versions)?;
    }

    #[test]
    fn one_edit_near_a_secret(before in text(4), secret in prop_oneof![far_from_its_keyword(), any::<Index>().prop_map(|i| i.get(examples()).clone())],
                              behind in text(4), place in any::<Index>(), gone in 0usize..12, new in "[a-zA-Z0-9 =\n\"'}_.-]{0,12}") {
        let near = before.len().saturating_sub(800)..before.len() + secret.len() + behind.len().min(800);
        let at = near.start + place.index(near.len() + 1);
        let first = [&before[..], &secret, &behind].concat();
        let gone = gone.min(first.len() - at);
        let edit = vec![Edit::Copy(at, 0), Edit::Insert(new.clone().into_bytes()), Edit::Copy(first.len(), gone)];
        // And back: what was taken out is put in again.
        let back = vec![Edit::Copy(at, 0), Edit::Insert(first[at..at + gone].to_vec()), Edit::Copy(first.len(), new.len())];
        check(first, &[edit, back])?;
    }

    #[test]
    fn a_secret_is_cut_and_joined_anywhere(index in any::<Index>(), lines in 0usize..60, cut in any::<Index>(), gap in "[ -~\n]{1,3}") {
        let example = index.get(examples());
        let filler = "some words of text\n".repeat(lines).into_bytes();
        let first = [&filler[..], example, b"\n", &filler].concat();
        let at = filler.len() + cut.index(example.len() + 1);
        let apart = vec![Edit::Copy(at, 0), Edit::Insert(gap.clone().into_bytes())];
        let together = vec![Edit::Copy(at, 0), Edit::Copy(first.len(), gap.len())];
        check(first, &[apart.clone(), together, apart])?;
    }
}

/// Some secrets, plain and encoded, are cut and joined at each of their bytes.
#[test]
fn secrets_are_cut_and_joined_at_every_offset() {
    let all = examples();
    let filler = b"some words of text\n".repeat(30);
    for (number, example) in all.iter().step_by(all.len() / 24).enumerate() {
        let secret = if number % 2 == 0 { example.clone() } else { encode(example, number / 2 * 5 % FORMS, 76 + number % 3) };
        let first = [&filler[..], &secret, b"\n", &filler].concat();
        for at in filler.len()..=filler.len() + secret.len().min(700) {
            let apart = vec![Edit::Copy(at, 0), Edit::Insert(b" ".to_vec())];
            let together = vec![Edit::Copy(at, 0), Edit::Copy(first.len(), 1)];
            check(first.clone(), &[apart, together]).unwrap();
        }
    }
}

#[test]
fn a_literal_of_any_length_is_looked_at_again() {
    let literal = "/x".repeat(45);
    let rules = format!(
        "provider = \"P\"\nurl = \"https://p.example/\"\nfix = \"Replace it.\"\n[[rule]]\nid = \"long\"\nabout = \"a\"\ncategory = \"generic\"\nseverity = \"low\"\nconfidence = \"low\"\n\
         token = '\"zqk_\" @(alnum{{20}}) \"-{literal}\"'\nexamples = ['zqk_\u{b7}C3J27XDCG2LmlZGEONYl-{literal}']\n"
    );
    let entries = load::parse_toml(Path::new("long.toml"), &rules).unwrap();
    let engine = Engine::new(entries.into_iter().map(|entry| entry.rule).collect()).unwrap();
    let new = format!("zqk_C3J27XDCG2LmlZGEONYl-{literal}\nand words behind it\n").into_bytes();
    let mut old = new.clone();
    let at = 24 + literal.len();
    old[at] = b'y';
    let mut scratch = Scratch::default();
    let record = engine.scan_version(&mut scratch, &Input::whole(&old), None);
    assert!(scratch.matches().is_empty());
    let copied = |to: Range<usize>| Segment { from: Some(to.start), to };
    let segments = [copied(0..at), Segment { to: at..at + 1, from: None }, copied(at + 1..new.len())];
    engine.scan_version(&mut scratch, &Input::whole(&new), Some((&record, &segments)));
    assert_eq!(scratch.matches().len(), 1);
}
