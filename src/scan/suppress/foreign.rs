//! Comments by which other scanners are told to keep silent, each with the scope it has there.
//!
//! It must not know fingerprints. Start with [`decide`].
//!
//! | comment | where it counts |
//! |---|---|
//! | `gitleaks:allow`, `betterleaks:allow`, `trufflehog:ignore`, `ggignore` | on a line of the finding |
//! | `pragma: allowlist secret`, `pragma: whitelist secret` | in a comment on a line of the finding, as detect-secrets spells it |
//! | `pragma: allowlist nextline secret` | alone in a comment on the line before |
//! | `kingfisher:ignore` | on a line of the finding; of a value of several lines also on the line before or after, and beyond the mark that opens or closes it |
//! | `secretlint-disable-line`, `-next-line` | in a comment on a line of the finding, or on the line before |
//! | `secretlint-disable` | in a comment, up to `secretlint-enable` or the end of the text ([`super::blocks`]) |
//!
//! What secretlint is told of one of its rules counts for our rules of that provider.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::Lines;
use super::inline::in_comment;

/// The words, in the order of [`Word`].
static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(SPELT)
        .expect("a few short words are no large automaton")
});

const SPELT: [&str; 7] = [
    "gitleaks:allow",
    "betterleaks:allow",
    "trufflehog:ignore",
    "ggignore",
    "kingfisher:ignore",
    "pragma:",
    "secretlint-disable-",
];

const KINGFISHER: usize = 4;
const PRAGMA: usize = 5;
const SECRETLINT: usize = 6;

/// What comments say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The comment that silences the finding.
    pub(super) silenced: Option<String>,
    /// Why one that is there does not.
    pub(super) note: Option<String>,
}

/// What the comments of other scanners on these lines say about a finding of the rule `id`. `more` are words that count on a line of
/// the finding as well, in a comment.
pub(super) fn decide(id: &str, lines: Lines<'_>, more: &[String]) -> Said {
    let mut said = Said::default();
    for line in lines.own.split(|b| *b == b'\n') {
        beside(id, line, &mut said);
        said.silenced = said.silenced.or_else(|| extra(line, more));
        if said.silenced.is_some() {
            return said;
        }
    }
    before(id, lines.before, &mut said);
    if said.silenced.is_none() && lines.own.contains(&b'\n') && around(lines).any(has_kingfisher) {
        said.silenced = Some(SPELT[KINGFISHER].to_owned());
    }
    said
}

/// Comments on a line of the finding.
fn beside(id: &str, line: &[u8], said: &mut Said) {
    for found in WORDS.find_iter(line) {
        let (word, at) = (found.pattern().as_usize(), found.start()..found.end());
        let spelt = &line[at.clone()] == SPELT[word].as_bytes();
        let silenced = match word {
            KINGFISHER => is_word(line, at.start, at.end),
            PRAGMA => spelt && pragma(line, at.start, at.end, b"secret").is_some(),
            SECRETLINT if spelt && in_comment(&line[..at.start]) => match line[at.end..].strip_prefix(b"line") {
                Some(rest) => named(id, rest, said),
                None => false,
            },
            SECRETLINT => false,
            _ => spelt && is_word(line, at.start, at.end),
        };
        if silenced {
            let name = if word == PRAGMA { "pragma: allowlist secret" } else { SPELT[word] };
            let name = if word == SECRETLINT { "secretlint-disable-line" } else { name };
            said.silenced = Some(name.to_owned());
            return;
        }
    }
}

/// Comments on the line before that are about the next one.
fn before(id: &str, line: &[u8], said: &mut Said) {
    for found in WORDS.find_iter(line) {
        let (word, start, end) = (found.pattern().as_usize(), found.start(), found.end());
        if &line[start..end] != SPELT[word].as_bytes() {
            continue;
        }
        let silenced = match word {
            // Alone on its line: nothing but the mark of the comment may stand before.
            PRAGMA => pragma(line, start, end, b"nextline secret").is_some_and(|mark| line[..mark].trim_ascii().is_empty()),
            SECRETLINT if in_comment(&line[..start]) => {
                line[end..].strip_prefix(b"next-line").is_some_and(|rest| named(id, rest, said))
            }
            _ => false,
        };
        if silenced {
            let name = if word == PRAGMA { "pragma: allowlist nextline secret" } else { "secretlint-disable-next-line" };
            said.silenced = Some(name.to_owned());
            return;
        }
    }
}

/// A comment as detect-secrets knows them: where its mark begins, if behind `pragma:` stand `allowlist` and what is `meant`, and the
/// comment ends with the line.
fn pragma(line: &[u8], start: usize, end: usize, meant: &[u8]) -> Option<usize> {
    let rest = line[end..].strip_prefix(b" ").unwrap_or(&line[end..]);
    let rest = match (rest.strip_prefix(b"allowlist"), rest.strip_prefix(b"whitelist")) {
        (Some(rest), _) => rest,
        (None, Some(rest)) if meant == b"secret" => rest,
        _ => return None,
    };
    let (blank, rest) = rest.split_first()?;
    let same = |(one, meant): (&u8, &u8)| one == meant || *meant == b' ' && *one == b'-';
    let is_meant = matches!(blank, b' ' | b'-') && rest.len() >= meant.len() && rest.iter().zip(meant).all(same);
    let rest = rest.get(meant.len()..).filter(|_| is_meant)?;
    let before = line[..start].trim_ascii_end();
    let marks: [(&[u8], &[u8]); 5] = [(b"//", b""), (b"/*", b"*/"), (b"'", b""), (b"--", b""), (b"#", b"")];
    // `<!--` ends with the mark of another comment, and may have `#` behind it.
    let xml = before.iter().rposition(|b| !matches!(b, b'#' | b' ' | b'\t')).map_or(0, |at| at + 1);
    if before[..xml].ends_with(b"<!--") {
        return rest.trim_ascii_end().ends_with(b"-->").then_some(xml - 4);
    }
    let (mark, close) = marks.iter().find(|(mark, _)| before.ends_with(mark))?;
    rest.trim_ascii_end().ends_with(close).then_some(before.len() - mark.len())
}

/// Lines around a value of several lines: the one before and the one after it, and one more where those hold the mark that opens or
/// closes the value.
fn around(lines: Lines<'_>) -> impl Iterator<Item = &[u8]> {
    let opens = |line: &[u8]| {
        let line = line.trim_ascii_end();
        [&b"\"\"\""[..], b"'''", b"`", b"|", b"|-", b">", b">-", b"(", b"="].iter().any(|mark| line.ends_with(mark))
            || memchr::memmem::find(line, b"<<").is_some()
    };
    let closes = |line: &[u8]| {
        let line = line.trim_ascii();
        [&b"\"\"\""[..], b"'''", b"`", b"\"", b"'"].iter().any(|mark| line.starts_with(mark))
            || !line.is_empty() && line.len() <= 16 && line.iter().all(|b| b.is_ascii_uppercase() || *b == b'_')
    };
    let farther = opens(lines.before).then_some(lines.farther);
    let behind = closes(lines.after).then_some(lines.behind);
    [Some(lines.before), farther, Some(lines.after), behind].into_iter().flatten()
}

fn has_kingfisher(line: &[u8]) -> bool {
    WORDS.find_iter(line).any(|found| found.pattern().as_usize() == KINGFISHER && is_word(line, found.start(), found.end()))
}

/// One of the words asked for, in a comment.
fn extra(line: &[u8], more: &[String]) -> Option<String> {
    let find = |word: &&String| {
        let mut at = 0;
        while let Some(start) = find_folded(&line[at..], word.as_bytes()).map(|found| at + found) {
            let end = start + word.len();
            if is_word(line, start, end) && in_comment(&line[..start]) {
                return true;
            }
            at = end;
        }
        false
    };
    more.iter().find(find).cloned()
}

/// Where a word begins, whatever the case of its letters.
fn find_folded(text: &[u8], word: &[u8]) -> Option<usize> {
    if word.is_empty() {
        return None;
    }
    text.windows(word.len()).position(|part| part.eq_ignore_ascii_case(word))
}

/// Does neither a letter nor a digit stand beside it?
fn is_word(line: &[u8], start: usize, end: usize) -> bool {
    let joins = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    !start.checked_sub(1).and_then(|at| line.get(at)).is_some_and(joins) && !line.get(end).is_some_and(joins)
}

/// Whether a directive of secretlint with `text` behind it is about the rule `id`: it names no rule, or one of this provider.
fn named(id: &str, text: &[u8], said: &mut Said) -> bool {
    match scope(text) {
        Scope::Broken => false,
        Scope::All => true,
        Scope::Rules(rules) if rules.iter().any(|rule| is_about(rule, id)) => true,
        Scope::Rules(_) => {
            said.note = Some("secretlint-disable does not silence it: it names another rule of secretlint".to_owned());
            false
        }
    }
}

/// What a directive of secretlint is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scope<'a> {
    /// All rules.
    All,
    /// These.
    Rules(Vec<&'a str>),
    /// It is another word, or says something that is no rule.
    Broken,
}

/// Most rules that a directive names.
const MAX_RULES: usize = 32;

/// Reads what stands behind a directive of secretlint, up to the end of the comment or to a reason behind `--`.
pub(super) fn scope(text: &[u8]) -> Scope<'_> {
    if text.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return Scope::Broken;
    }
    let text = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let text = ["*/", "-->", "--%>", "#}", "*)", " -- "].iter().fold(text, |text, end| text.split(end).next().unwrap_or(text));
    let rules: Vec<&str> =
        text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()).take(MAX_RULES + 1).collect();
    let is_rule = |word: &&str| word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'@' | b'/' | b'-' | b'_'));
    if rules.is_empty() {
        Scope::All
    } else if rules.len() <= MAX_RULES && rules.iter().all(is_rule) {
        Scope::Rules(rules)
    } else {
        Scope::Broken
    }
}

/// Rules of secretlint that are called otherwise here.
const OTHERWISE: &[(&str, &[&str])] = &[
    ("privatekey", &["pem-private-key", "openssh-private-key", "pgp-private-key", "putty-private-key", "der-private-key"]),
    ("gcp", &["google", "gcp"]),
    ("basicauth", &["connection-string", "url-", "basic-auth", "curl-user"]),
    ("database-connection-string", &["connection-string", "postgres", "mysql", "mongodb"]),
    ("1password", &["onepassword", "1password"]),
    ("hashicorp-vault", &["vault", "hashicorp"]),
];

/// Is a rule of secretlint about ours?
pub(super) fn is_about(theirs: &str, id: &str) -> bool {
    let name = theirs.rsplit('/').next().unwrap_or(theirs);
    let name = name.strip_prefix("secretlint-rule-").unwrap_or(name);
    if name.starts_with("preset-") {
        return true;
    }
    let begins =
        |start: &str| id.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('-') || start.ends_with('-'));
    match OTHERWISE.iter().find(|(other, _)| *other == name) {
        Some((_, ours)) => ours.iter().any(|start| begins(start)),
        None => !name.is_empty() && begins(name),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Said, decide, is_about};
    use crate::scan::suppress::Lines;

    fn said(lines: Lines<'_>, more: &[&str]) -> String {
        let more: Vec<String> = more.iter().map(|word| (*word).to_owned()).collect();
        match decide("github-pat", lines, &more) {
            Said { silenced: Some(by), .. } => by,
            Said { note: Some(note), .. } => note,
            Said { .. } => String::new(),
        }
    }

    #[track_caller]
    fn on(own: &str, expected: &str) {
        assert_eq!(said(Lines { own: own.as_bytes(), ..Lines::default() }, &[]), expected, "{own}");
    }

    #[track_caller]
    fn before(line: &str, expected: &str) {
        let lines = Lines { before: line.as_bytes(), own: b"k = 'x'", ..Lines::default() };
        assert_eq!(said(lines, &[]), expected, "{line}");
    }

    #[test]
    fn words_count_on_a_line_of_the_finding() {
        for word in ["gitleaks:allow", "betterleaks:allow", "trufflehog:ignore", "kingfisher:ignore", "ggignore"] {
            on(&format!("k = 'x' # {word}"), word);
            on(&format!("k = 'x' //{word} because"), word);
            on(&format!("-----BEGIN\nabc # {word}\nEND"), word);
            on(&format!("-----BEGIN\nabc\nEND # {word}"), word);
            before(&format!("# {word}"), "");
            on(&format!("k = 'x{word}1'"), "");
        }
        on("k = 'x' # KINGFISHER:IGNORE", "kingfisher:ignore");
        on("k = 'x' # Gitleaks:Allow", "");
        on("k = 'x' # gitleaks: allow", "");
    }

    #[test]
    fn pragmas_stand_in_comments_as_detect_secrets_knows_them() {
        let name = "pragma: allowlist secret";
        for comment in [
            "# pragma: allowlist secret",
            "#pragma: allowlist secret",
            "#  pragma:allowlist secret",
            "# pragma: allowlist-secret",
            "# pragma: whitelist secret",
            "# pragma: whitelist-secret and why",
            "// pragma: allowlist secret",
            "/* pragma: allowlist secret */",
            "/* pragma: allowlist secret because */ ",
            "' pragma: allowlist secret",
            "-- pragma: allowlist secret",
            "<!-- pragma: allowlist secret -->",
            "<!--# pragma: allowlist secret -->",
        ] {
            on(&format!("k = 'x' {comment}"), name);
            before(comment, "");
        }
        for text in [
            "pragma: allowlist secret",
            "# pragma:  allowlist secret",
            "# pragma: allowlist  secret",
            "# pragma: allowlist",
            "# pragma: allowlistsecret",
            "# Pragma: allowlist secret",
            "# see pragma: allowlist secret",
            "; pragma: allowlist secret",
            "/* pragma: allowlist secret */ more",
            "<!-- pragma: allowlist secret",
            "# pragma: allowlist nextline secret",
        ] {
            on(&format!("k = x {text}"), "");
        }
    }

    #[test]
    fn a_pragma_about_the_next_line_stands_alone() {
        let name = "pragma: allowlist nextline secret";
        before("# pragma: allowlist nextline secret", name);
        before("\t// pragma: allowlist-nextline-secret", name);
        before("<!-- pragma: allowlist nextline secret -->", name);
        before("/* pragma: allowlist nextline secret */", name);
        before("y = 1 # pragma: allowlist nextline secret", "");
        before("pragma: allowlist nextline secret", "");
        before("# pragma: whitelist nextline secret", "");
    }

    #[test]
    fn secretlint_names_rules() {
        let (line, next) = ("secretlint-disable-line", "secretlint-disable-next-line");
        on("k = 'x' // secretlint-disable-line", line);
        on("k = 'x' /* secretlint-disable-line */", line);
        on("k = 'x' # secretlint-disable-line @secretlint/secretlint-rule-github", line);
        on("k = 'x' # secretlint-disable-line @secretlint/secretlint-rule-aws, @secretlint/secretlint-rule-github", line);
        on("k = 'x' # secretlint-disable-line @secretlint/secretlint-rule-github -- a reason", line);
        on("k = 'x' # secretlint-disable-line @secretlint/secretlint-rule-preset-recommend", line);
        let other = "secretlint-disable does not silence it: it names another rule of secretlint";
        on("k = 'x' # secretlint-disable-line @secretlint/secretlint-rule-aws", other);
        on("k = 'x' # secretlint-disable-lines", "");
        on("k = 'x' secretlint-disable-line", "");
        on("k = 'x' # secretlint-disable-next-line", "");
        before("# secretlint-disable-next-line", next);
        before("<!-- secretlint-disable-next-line @secretlint/secretlint-rule-github -->", next);
        before("# secretlint-disable-line", "");
        before("# secretlint-disable-next-line @secretlint/secretlint-rule-slack", other);
        assert!(is_about("@secretlint/secretlint-rule-privatekey", "pem-private-key"));
        assert!(is_about("@secretlint/secretlint-rule-gcp", "google-api-key"));
        assert!(!is_about("@secretlint/secretlint-rule-git", "github-pat") && !is_about("", "github-pat"));
    }

    #[test]
    fn kingfisher_is_heard_around_values_of_several_lines() {
        let check = |farther: &str, before: &str, after: &str, behind: &str, hit: bool| {
            for (own, hit) in [("a\nb", hit), ("a", false)] {
                let bytes = [farther, before, after, behind].map(str::as_bytes);
                let lines = Lines { farther: bytes[0], before: bytes[1], own: own.as_bytes(), after: bytes[2], behind: bytes[3] };
                assert_eq!(said(lines, &[]), if hit { "kingfisher:ignore" } else { "" }, "{farther} {before} {after} {behind}");
            }
        };
        let mark = "# kingfisher:ignore";
        check("", mark, "", "", true);
        check("", "", mark, "", true);
        check("", "k = \"\"\"", "\"\"\" # kingfisher:ignore", "", true);
        check(mark, "k = \"\"\"", "\"\"\"", "", true);
        check(mark, "k = 1", "", "", false);
        check(mark, "cat <<EOF", "EOF", "", true);
        check("", "k = `", "`", mark, true);
        check("", "", "x = 1", mark, false);
    }

    #[test]
    fn more_words_count_when_asked_for() {
        let own = |own: &'static str| Lines { own: own.as_bytes(), ..Lines::default() };
        assert_eq!(said(own("k = 'x' # nosec"), &[]), "");
        assert_eq!(said(own("k = 'x' # nosec B105"), &["nosec"]), "nosec");
        assert_eq!(said(own("k = 'x' // nosonar"), &["nosec", "NOSONAR"]), "NOSONAR");
        assert_eq!(said(own("k = 'x' # nosecurity"), &["nosec"]), "");
        assert_eq!(said(own("nosec = 'x'"), &["nosec"]), "");
    }

    proptest! {
        #[test]
        fn nothing_panics(own in prop::collection::vec(any::<u8>(), 0..60), word in 0usize..7, tail in ".{0,40}") {
            let line = [&own[..], b"# ", super::SPELT[word].as_bytes(), tail.as_bytes()].concat();
            let lines = Lines { before: &line, farther: &own, own: &line, after: &line, behind: tail.as_bytes() };
            drop(decide("github-pat", lines, &["nosec".to_owned()]));
        }
    }
}
