//! `stanch:allow[rule]` in a comment beside a secret.
//!
//! It must not know fingerprints. Start with [`decide`].
//!
//! ```text
//! key = "…"  # stanch:allow[github-pat] -- key of the public demo account
//! key = "…"  # stanch:allow[github-pat, jwt] until=2027-01-01 -- rotates with the release
//! // stanch:allow[github-pat] -- alone on the line before, it silences too
//! let key = "…";
//! ```
//!
//! - It stands on one of the finding's lines behind the start of a comment, or alone in a comment on the line before.
//! - Comments begin with `#`, `//`, `/*`, `<!--`; or with `--`, `;`, `%`, `'` or `REM`, which must be first on the line or
//!   behind white space, and have white space behind them; on the line before also with the `*` of a comment that goes on.
//! - The rules are named, separated by commas; there is no form for all rules.
//! - A reason is required, and `--` before it.
//! - `until` is the last day it holds. Between the rules and `--` nothing else may stand: a word that was mistyped must not silence
//!   for ever.
//! - What looks like an attempt, such as `stanch:ignore` or a blank behind the colon, silences nothing, and a note says so.
//!
//! Formats without comments, such as JSON, have only the entry in `stanch.toml`. In a notebook the cell's source counts, so a
//! comment in the cell works.

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Decision, Lines, no_rule};
use crate::base::date::Date;

/// The program's name, which every directive begins with, in any case: others are attempts.
static NAME: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder().ascii_case_insensitive(true).build(["stanch"]).expect("one short word is no large automaton")
});

/// What stands behind the name.
const WORD: &[u8] = b":allow";

/// What people write who mean it, in lower case.
const ATTEMPTS: &[&[u8]] = &[b"allow", b"ignore", b"disable", b"skip", b"suppress", b"silence"];

/// Longest reason that is kept, in bytes.
const MAX_REASON: usize = 300;

/// What one `stanch:allow` says.
#[derive(Debug, PartialEq, Eq)]
enum Directive<'a> {
    Allow { rules: Vec<&'a str>, until: Option<Date>, reason: String },
    Malformed(&'static str),
}

/// What the comments on these lines say about a finding of `rule_id`: never [`Decision::AllowedByEntry`]. `known` are the ids
/// of all rules there are, if that is known.
pub(super) fn decide(rule_id: &str, lines: Lines<'_>, today: Date, known: Option<&HashSet<String>>) -> Decision {
    let own = lines.own.split(|b| *b == b'\n').flat_map(|line| directives(line, Where::Beside));
    let mut note = None;
    for directive in own.chain(directives(lines.before, Where::Before)) {
        match judge(rule_id, directive, today, known) {
            Decision::Note(text) => drop(note.get_or_insert(text)),
            Decision::Report => {}
            allowed => return allowed,
        }
    }
    note.map_or(Decision::Report, Decision::Note)
}

fn judge(rule_id: &str, directive: Directive<'_>, today: Date, known: Option<&HashSet<String>>) -> Decision {
    match directive {
        Directive::Malformed(wrong) => Decision::Note(format!("stanch:allow does not silence it: {wrong}")),
        Directive::Allow { rules, .. } if !rules.contains(&rule_id) => {
            let unknown = known.and_then(|known| rules.iter().find_map(|rule| no_rule(rule, known)));
            let wrong = unknown.unwrap_or_else(|| format!("it names another rule than {rule_id}"));
            Decision::Note(format!("stanch:allow does not silence it: {wrong}"))
        }
        Directive::Allow { until: Some(until), .. } if until < today => Decision::Note(format!("stanch:allow ended on {until}")),
        Directive::Allow { reason, .. } => Decision::AllowedInline { reason },
    }
}

/// Where a comment stands.
#[derive(Clone, Copy)]
enum Where {
    /// On a line of the finding.
    Beside,
    /// On the line before it, where nothing but the comment may stand.
    Before,
}

/// Every `stanch:allow` of the line that stands in a comment, and what looks like an attempt at one.
fn directives(line: &[u8], place: Where) -> Vec<Directive<'_>> {
    let starts: Vec<(usize, usize)> =
        NAME.find_iter(line).filter(|name| is_attempt(&line[name.end()..])).map(|name| (name.start(), name.end())).collect();
    let Some((first, _)) = starts.first() else { return Vec::new() };
    let commented = match place {
        Where::Beside => in_comment(&line[..*first]),
        Where::Before => is_comment_start(line[..*first].trim_ascii()),
    };
    if !commented {
        return Vec::new();
    }
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([line.len()]);
    let one = |((start, behind), end): (&(usize, usize), usize)| match line[*behind..end].strip_prefix(WORD) {
        Some(text) if line[*start..].starts_with(b"stanch") => parse(text),
        _ => Directive::Malformed(
            "it must be spelt stanch:allow[rule] -- reason, in lower case and without blanks before the rule",
        ),
    };
    starts.iter().zip(ends).map(one).collect()
}

/// Whether what stands behind the program's name is `:allow`, or what somebody wrote who meant it.
fn is_attempt(text: &[u8]) -> bool {
    let Some((b':' | b'-' | b'_' | b'=', word)) = text.trim_ascii_start().split_first() else { return false };
    let word = word.trim_ascii_start();
    ATTEMPTS.iter().any(|attempt| word.get(..attempt.len()).is_some_and(|word| word.eq_ignore_ascii_case(attempt)))
}

/// Whether a comment begins somewhere in what stands before on the line.
pub(super) fn in_comment(before: &[u8]) -> bool {
    let anywhere: [&[u8]; 4] = [b"#", b"//", b"/*", b"<!--"];
    if anywhere.iter().any(|mark| memchr::memmem::find(before, mark).is_some()) {
        return true;
    }
    let mut words = before.split(u8::is_ascii_whitespace);
    // What touches the directive is not followed by white space.
    words.next_back();
    words.any(is_word_mark)
}

fn is_word_mark(word: &[u8]) -> bool {
    matches!(word, b"--" | b";" | b"%" | b"'") || word.eq_ignore_ascii_case(b"rem")
}

/// Whether `text`, which is all that stands before the directive, is the start of a comment and nothing else.
fn is_comment_start(text: &[u8]) -> bool {
    let all = |mark: u8| !text.is_empty() && text.iter().all(|b| *b == mark);
    matches!(text, b"//" | b"///" | b"//!" | b"/*" | b"/**" | b"*" | b"<!--" | b"--" | b"'")
        || [b'#', b';', b'%'].into_iter().any(all)
        || text.eq_ignore_ascii_case(b"rem")
        || text.eq_ignore_ascii_case(b"@rem")
}

/// Reads what stands behind `stanch:allow`.
fn parse(text: &[u8]) -> Directive<'_> {
    // The line need not be UTF-8, but what we read of it must be: up to the first byte that is not.
    let text = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let Some((names, rest)) = text.strip_prefix('[').and_then(|t| t.split_once(']')) else {
        return Directive::Malformed("it names no rule; write stanch:allow[rule] -- reason");
    };
    let rules: Vec<&str> = names.split(',').map(str::trim).collect();
    let is_id = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !rules.iter().all(is_id) {
        return Directive::Malformed("it must name rules by their ids, separated by commas, and has no form for all rules");
    }
    // Before the reason is looked for: the end of a comment may begin with dashes too.
    let rest = ["*/", "-->", "--%>", "#}", "*)"].iter().fold(rest, |text, end| text.split(end).next().unwrap_or(text));
    match until_and_reason(rest) {
        Ok((until, reason)) => Directive::Allow { rules, until, reason },
        Err(wrong) => Directive::Malformed(wrong),
    }
}

const NO_REASON: &str = "it gives no reason; write stanch:allow[rule] -- reason";

/// Reads what stands behind the rules: `until=DAY`, or nothing, then `--` and the reason.
fn until_and_reason(text: &str) -> Result<(Option<Date>, String), &'static str> {
    let mut until = None;
    let mut rest = text.trim();
    while !rest.starts_with("--") {
        let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match (word.strip_prefix("until="), until) {
            (Some(day), None) => until = Some(Date::parse(day).ok_or("until= needs a day such as 2027-01-31")?),
            (Some(_), Some(_)) => return Err("until= stands twice"),
            (None, _) if word.is_empty() => return Err(NO_REASON),
            (None, _) if has_dashes(rest) => {
                return Err("before `--` only until=YYYY-MM-DD may stand; write stanch:allow[rule] until=2027-01-31 -- reason");
            }
            (None, _) => return Err("`--` must stand before the reason; write stanch:allow[rule] -- reason"),
        }
        rest = behind.trim_start();
    }
    Ok((until, reason(rest.trim_start_matches('-'))?))
}

fn has_dashes(text: &str) -> bool {
    text.split_whitespace().any(|word| word.starts_with("--"))
}

/// The reason without what is too much of it.
fn reason(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if !text.chars().any(char::is_alphanumeric) {
        return Err(NO_REASON);
    }
    if text.split_whitespace().any(|word| word.starts_with("until=")) {
        return Err("until= must stand before the reason");
    }
    let end = (0..=text.len().min(MAX_REASON)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    Ok(text[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decision, Lines, decide};
    use std::collections::HashSet;

    use crate::base::date::Date;

    fn shown(before: &str, own: &str) -> String {
        let lines = Lines { before: before.as_bytes(), own: own.as_bytes(), ..Lines::default() };
        let known = HashSet::from(["github-pat", "jwt"].map(str::to_owned));
        match decide("github-pat", lines, Date::parse("2026-07-01").unwrap(), Some(&known)) {
            Decision::AllowedInline { reason } => format!("allowed: {reason}"),
            Decision::Note(note) => note,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_comment_on_the_line_silences() {
        let check = |own: &str, expected: &str| assert_eq!(shown("", own), expected, "{own}");
        check("k = 'x' # stanch:allow[github-pat] -- demo key", "allowed: demo key");
        check("k = 'x' #stanch:allow[github-pat]--demo key", "allowed: demo key");
        check("k = 'x' # stanch:allow[jwt, github-pat] -- demo key", "allowed: demo key");
        check("k = 'x' # stanch:allow[github-pat] until=2026-07-01 -- demo key", "allowed: demo key");
        check("k = 'x'; // noqa, stanch:allow[github-pat] -- demo key", "allowed: demo key");
        check("k = /* stanch:allow[github-pat] -- demo key */ 'x';", "allowed: demo key");
        check("<a k='x'/><!-- stanch:allow[github-pat] -- demo key -->", "allowed: demo key");
        check("SELECT 'x' -- stanch:allow[github-pat] -- demo key", "allowed: demo key");
        check("k=x ; stanch:allow[github-pat] -- demo key", "allowed: demo key");
        check("k=x % stanch:allow[github-pat] -- demo key", "allowed: demo key");
        check("k = \"x\" ' stanch:allow[github-pat] -- demo key", "allowed: demo key");
        check("rem stanch:allow[github-pat] -- demo key x", "allowed: demo key x");
        check("k # stanch:allow[jwt] -- one stanch:allow[github-pat] -- two", "allowed: two");
        check("k\r # stanch:allow[github-pat] -- demo\r", "allowed: demo");
        check("-----BEGIN\nabc # stanch:allow[github-pat] -- test key\nEND-----", "allowed: test key");
    }

    #[test]
    fn outside_a_comment_it_is_text() {
        let check = |own: &str| assert_eq!(shown("", own), "Report", "{own}");
        check("");
        check("k = 'x'");
        check("k = 'x stanch:allow[github-pat] -- demo'");
        check("k = x stanch:allow[github-pat] -- demo");
        check("k = 'stanch:allow[github-pat] -- demo'");
        check("a--stanch:allow[github-pat] -- demo");
        check("a --stanch:allow[github-pat] -- demo");
        check("k = \"rem-stanch:allow[github-pat] -- demo\"");
    }

    #[test]
    fn what_does_not_silence_says_why() {
        let check = |own: &str, expected: &str| assert_eq!(shown("", own), expected, "{own}");
        let no_rule = "stanch:allow does not silence it: it names no rule; write stanch:allow[rule] -- reason";
        check("x # stanch:allow", no_rule);
        check("x # stanch:allow -- demo", no_rule);
        check("x # stanch:allow[github-pat -- demo", no_rule);
        let ids = "stanch:allow does not silence it: it must name rules by their ids, separated by commas, and has no form for all rules";
        check("x # stanch:allow[] -- demo", ids);
        check("x # stanch:allow[*] -- demo", ids);
        check("x # stanch:allow[github-pat,] -- demo", ids);
        check("x # stanch:allow[GitHub PAT] -- demo", ids);
        let reason = "stanch:allow does not silence it: it gives no reason; write stanch:allow[rule] -- reason";
        check("x # stanch:allow[github-pat]", reason);
        check("x # stanch:allow[github-pat] -- ", reason);
        check("x /* stanch:allow[github-pat] */ y", reason);
        check("x # stanch:allow[github-pat] until=2027-01-01", reason);
        check("x # stanch:allow[github-pat] stanch:allow[jwt] -- demo", reason);
        check("x # stanch:allow[github-pat] until=2026-06-30 -- demo", "stanch:allow ended on 2026-06-30");
        check(
            "x # stanch:allow[github-pat] until=tomorrow -- demo",
            "stanch:allow does not silence it: until= needs a day such as 2027-01-31",
        );
        check(
            "x # stanch:allow[github-pat] -- demo until=2027-01-31",
            "stanch:allow does not silence it: until= must stand before the reason",
        );
        check("x # stanch:allow[jwt] -- demo", "stanch:allow does not silence it: it names another rule than github-pat");
    }

    #[test]
    fn what_is_mistyped_silences_nothing() {
        let check = |text: &str, wrong: &str| {
            let expected = format!("stanch:allow does not silence it: {wrong}");
            assert_eq!(shown("", &format!("k = 'x' # {text}")), expected, "{text}");
            assert_eq!(shown(&format!("# {text}"), "k = 'x'"), expected, "{text}");
        };
        let word = "before `--` only until=YYYY-MM-DD may stand; write stanch:allow[rule] until=2027-01-31 -- reason";
        check("stanch:allow[github-pat] until 2020-01-01 -- demo", word);
        check("stanch:allow[github-pat] untill=2020-01-01 -- demo", word);
        check("stanch:allow[github-pat] Until=2020-01-01 -- demo", word);
        check("stanch:allow[github-pat] expires=2020-01-01 -- demo", word);
        check("stanch:allow[github-pat] until=2027-01-01 or so -- demo", word);
        check("stanch:allow[github-pat], until=2027-01-01 -- demo", word);
        check("stanch:allow[github-pat] until= 2020-01-01 -- demo", "until= needs a day such as 2027-01-31");
        check("stanch:allow[github-pat] until=2027-01-01 until=2028-01-01 -- demo", "until= stands twice");
        let dashes = "`--` must stand before the reason; write stanch:allow[rule] -- reason";
        check("stanch:allow[github-pat] demo key", dashes);
        check("stanch:allow[github-pat]: demo key", dashes);
        check("stanch:allow[github-pat] until=2027-01-01 demo key", dashes);
        check("stanch:allow[github-pat] until 2020-01-01", dashes);
        let spelt = "it must be spelt stanch:allow[rule] -- reason, in lower case and without blanks before the rule";
        check("stanch: allow[github-pat] -- demo", spelt);
        check("stanch:ignore", spelt);
        check("stanch-ignore[github-pat] -- demo", spelt);
        check("Stanch:Allow[github-pat] -- demo", spelt);
        check("STANCH:allow[github-pat] -- demo", spelt);
        check("stanch : allow [github-pat] -- demo", spelt);
        check("stanch:allow [github-pat] -- demo", "it names no rule; write stanch:allow[rule] -- reason");
        check("stanch:allow[githb-pat] -- demo", "no rule has the id `githb-pat`; did you mean `github-pat`?");
        check("stanch:allow[jwt, pat-of-github] -- demo", "no rule has the id `pat-of-github`");
        assert_eq!(shown("", "k = 'x' # stanch allows you to ignore this, see stanch: the manual"), "Report");
        assert_eq!(shown("", "stanch:ignore = 'x'"), "Report");
    }

    #[test]
    fn alone_on_the_line_before_it_silences_too() {
        let check = |before: &str, expected: &str| assert_eq!(shown(before, "k = 'x'"), expected, "{before}");
        for mark in ["#", "##", "//", "  ///", "/*", " *", "\t<!--", "--", ";", ";;", "%", "'", "REM", "@rem"] {
            check(&format!("{mark} stanch:allow[github-pat] -- demo"), "allowed: demo");
        }
        check("//stanch:allow[github-pat] -- demo", "allowed: demo");
        check("a = 'y' # stanch:allow[github-pat] -- of the line before", "Report");
        check("stanch:allow[github-pat] -- demo", "Report");
        check("# see stanch:allow[github-pat] -- demo", "Report");
        check("# stanch:allow[github-pat] until=2020-01-01 -- demo", "stanch:allow ended on 2020-01-01");
    }

    #[test]
    fn a_reason_is_cut_at_a_character() {
        let text = shown("", &format!("x # stanch:allow[github-pat] -- a{}", "é".repeat(400)));
        assert_eq!(text, format!("allowed: a{}", "é".repeat(149)));
    }

    #[test]
    fn bytes_that_are_no_text_end_the_reason() {
        let lines = Lines { own: b"\xff\xfe # stanch:allow[github-pat] -- demo\xff key", ..Lines::default() };
        let today = Date::parse("2026-07-01").unwrap();
        assert_eq!(decide("github-pat", lines, today, None), Decision::AllowedInline { reason: "demo".into() });
    }

    proptest! {
        #[test]
        fn no_comment_no_silence(before in "[a-z \n]{0,20}", rest in "[ -~]{0,40}") {
            prop_assume!(!before.contains("rem"));
            let own = format!("{before}stanch:allow{rest}");
            prop_assume!(!rest.contains("stanch:allow"));
            prop_assert_eq!(shown("", &own), "Report");
        }

        #[test]
        fn no_bytes_panic(own in prop::collection::vec(any::<u8>(), 0..60), tail in prop::collection::vec(any::<u8>(), 0..60)) {
            let line = [&own[..], b"#stanch:allow[github-pat] ", &tail[..]].concat();
            let lines = Lines { before: &line, own: &line, ..Lines::default() };
            drop(decide("github-pat", lines, Date::parse("2026-07-01").unwrap(), None));
        }
    }
}
