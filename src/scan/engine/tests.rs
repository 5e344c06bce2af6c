//! Property tests of the engine against slower, obvious ways of doing the same.

use proptest::prelude::*;

use super::super::rule::Pattern as Source;
use super::super::rule::builtin;
use super::super::rule::grammar::{self, Piece};
use super::super::rule::set::{ALNUM, Set};
use super::carry_tests::text;
use super::pattern::{End, Pattern, RunCache, Span, Start};
use super::{Engine, Input, Match, OVERLAP, Scratch};

/// A small alphabet makes random text run into the borders of random patterns.
fn piece() -> impl Strategy<Value = Piece> {
    let set =
        prop_oneof![Just("digit"), Just("hex-lower"), Just("base64url"), Just("upper")].prop_map(|n| Set::named(n).unwrap());
    prop_oneof![
        "[ab_-]{1,3}".prop_map(|s| Piece::Literal(s.into_bytes())),
        "[ab]{1,2}".prop_map(|s| Piece::Folded(s.into_bytes())),
        (set, 0u32..4, 0u32..5).prop_map(|(set, min, more)| Piece::Run(set, min, (min + more).max(1))),
    ]
}

fn sequence() -> impl Strategy<Value = Vec<Piece>> {
    let edge = |min: u32| {
        let set = prop_oneof![Just("digit"), Just("hex-lower"), Just("base64url")].prop_map(|n| Set::named(n).unwrap());
        (set, min..3, 0u32..4).prop_map(move |(set, min, more)| Piece::Run(set, min, min + more))
    };
    (edge(1), proptest::collection::vec(piece(), 0..4), edge(1)).prop_map(|(first, mut middle, last)| {
        middle.insert(0, first);
        middle.push(last);
        middle
    })
}

fn regex_of(sequence: &[Piece]) -> String {
    let one = |p: &Piece| match p {
        Piece::Literal(s) => s.iter().map(|b| format!("\\x{b:02x}")).collect(),
        Piece::Folded(s) => format!("(?i:{})", s.iter().map(|b| format!("\\x{b:02x}")).collect::<String>()),
        Piece::Run(set, min, max) => format!("{}{{{min},{max}}}", grammar::class_regex(set)),
        Piece::SecretStart | Piece::SecretEnd => String::new(),
    };
    sequence.iter().map(one).collect()
}

fn border(piece: &Piece) -> Set {
    match piece {
        Piece::Run(set, ..) => set.or(ALNUM),
        _ => Set::EMPTY,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_pattern_matches_like_a_regular_expression(sequence in sequence(), text in "[ab01F_ -]{0,24}") {
        let bytes = text.as_bytes();
        let mut sets = Vec::new();
        let mut intern = |set: Set| sets.iter().position(|s| *s == set).unwrap_or_else(|| { sets.push(set); sets.len() - 1 });
        let Some(pattern) = Pattern::new(0, &sequence, &mut intern) else { return Ok(()) };
        let outside = |set: Set| grammar::class_regex(&Set::range(0, 255).minus(set));
        let source = format!("(?-u)^({})(?:{}|\\z)", regex_of(&sequence), outside(border(sequence.last().unwrap())));
        let regex = regex_automata::meta::Regex::builder()
            .syntax(regex_automata::util::syntax::Config::new().unicode(false).utf8(false))
            .build(&source).unwrap();
        let mut cache = RunCache::default();
        cache.reset(sets.len());
        for at in 0..bytes.len() {
            let left = at > 0 && border(&sequence[0]).has(bytes[at - 1]);
            let mut caps = regex.create_captures();
            regex.search_captures(&regex_automata::Input::new(&bytes[at..]), &mut caps);
            let expected = caps.get_group(1).filter(|_| !left).map(|g| at + g.end);
            let found = pattern.match_at(bytes, at, (Start::Border, End::Border), &mut cache).map(|s| s.end);
            prop_assert_eq!(found, expected, "{:?} at {} of {:?}", sequence, at, text);
        }
    }
}

/// Text made of what the engine looks for: tokens, halves of tokens, names, operators, runs, noise.
pub(super) fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let alphanumeric = "[A-Za-z0-9]{1,60}".prop_map(String::into_bytes);
    let known: Vec<&'static str> = vec![
        "ghp_",
        "sk_live_",
        "AKIA",
        "xoxb-",
        "eyJ",
        ".",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----END RSA PRIVATE KEY-----",
        "password",
        "PASSWORD=",
        "api_key: ",
        "\"token\": \"",
        "postgres://u:",
        "@host/db",
        "Bearer ",
        "Basic ",
        "heroku",
        "HEROKU_API_KEY=",
        "\n",
        "\n\n",
        " ",
        "=",
        "\"",
        "'",
        "\\n",
        "%3D",
        "/",
        "_",
        "-",
        "sha256:",
        "AccountKey=",
        "https://hooks.slack.com/services/T",
        "\u{fe0f}",
        "{",
        "}",
        "<password>",
        "</password>",
        "--token ",
    ];
    let fragment = prop_oneof![
        3 => alphanumeric,
        4 => proptest::sample::select(known).prop_map(|s| s.as_bytes().to_vec()),
        1 => "[0-9a-f]{32,64}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => (any::<u8>(), 1usize..3000).prop_map(|(b, n)| vec![b; n]),
        1 => "[A-Za-z0-9+/=_.-]{500,2500}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(fragment, 0..120).prop_map(|v| v.concat())
}

pub(super) fn engine() -> &'static Engine {
    static ENGINE: std::sync::OnceLock<Engine> = std::sync::OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(builtin::rules()).unwrap())
}

fn spans(engine: &Engine, input: &Input<'_>) -> Vec<(u32, Span)> {
    let mut out = Vec::new();
    engine.scan(&mut Scratch::default(), input, &mut |m: &Match| {
        let base = input.base as usize;
        let s = m.span;
        out.push((
            m.rule,
            Span {
                start: s.start + base,
                end: s.end + base,
                secret_start: s.secret_start + base,
                secret_end: s.secret_end + base,
            },
        ));
    });
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn windows_find_what_the_whole_has(text in prop_oneof![fragments(), text(20)], filler in 0usize..60_000, step in 1usize..30) {
        let mut bytes = vec![b' '; filler];
        bytes.extend(&text);
        bytes.extend(std::iter::repeat_n(b'\n', 5000));
        bytes.extend(&text);
        let whole = spans(engine(), &Input::whole(&bytes));
        let mut pieces = Vec::new();
        for start in (0..bytes.len()).step_by(step * 1024) {
            let end = bytes.len().min(start + step * 1024);
            let (from, to) = (start.saturating_sub(OVERLAP), bytes.len().min(end + OVERLAP));
            let input = Input { bytes: &bytes[from..to], emit: start - from..end - from, base: from as u64, path: None, now: 0 };
            pieces.extend(spans(engine(), &input));
        }
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn both_paths_find_the_same(text in fragments()) {
        static PORTABLE: std::sync::OnceLock<Engine> = std::sync::OnceLock::new();
        let portable = PORTABLE.get_or_init(|| Engine::new(builtin::rules()).unwrap().portable());
        prop_assert_eq!(spans(engine(), &Input::whole(&text)), spans(portable, &Input::whole(&text)));
    }

    #[test]
    fn a_used_scratch_changes_nothing(first in fragments(), second in fragments()) {
        let mut scratch = Scratch::default();
        let mut found = Vec::new();
        engine().scan(&mut scratch, &Input::whole(&first), &mut |_: &Match| ());
        engine().scan(&mut scratch, &Input::whole(&second), &mut |m: &Match| found.push((m.rule, m.span)));
        prop_assert_eq!(found, spans(engine(), &Input::whole(&second)));
    }
}

#[test]
fn what_surrounds_a_token_does_not_hide_it() {
    let token = ["ghp_", "C3J27XDCG2LmlZGEONYlgCtjfIZ4SO2Hjn6r"].concat(); // stanch:allow[github-pat] -- made up
    let check = |before: &str, after: &str| {
        let text = format!("{before}{token}{after}");
        let found = spans(engine(), &Input::whole(text.as_bytes()));
        let hit = found.iter().any(|(_, s)| (s.secret_start, s.secret_end) == (before.len(), before.len() + token.len()));
        assert!(hit, "{before:?} {after:?}: {found:?}");
    };
    for (before, after) in [
        ("", ""),
        ("token=", "\n"),
        ("x_", "-y"),
        ("\"", "\""),
        ("'", "'"),
        ("https://", "@github.com/a/b"),
        ("?t=", "&x=1"),
        ("\\n", "\\n"),
        ("%3D", "%26"),
        ("\\u003d", ""),
        ("\\x3d", ""),
        ("\x1b[31m", "\x1b[0m"),
        ("\x1b[1;38;5;208m", ""),
        ("\x1b[m", ""),
        ("<t>", "</t>"),
        ("[", "]"),
        ("\u{feff}", ""),
        ("\0", "\0"),
        ("//", "/"),
        ("a.b.", ".c"),
    ] {
        check(before, after);
    }
}

#[test]
fn no_match_is_longer_than_what_windows_share() {
    // What stands before a match, and decides about it, takes less than the difference.
    let most = OVERLAP - 1024;
    for rule in builtin::rules() {
        let longest = match &rule.pattern {
            Source::Token(token) => Some(grammar::max_len(&grammar::parse(token).unwrap())),
            // Without a longest match, what is searched is a window of 16 KiB.
            Source::Regex(regex) => regex.facts.longest,
        };
        assert!(longest.is_none_or(|n| n <= most), "{}: {longest:?}", rule.id);
    }
}
