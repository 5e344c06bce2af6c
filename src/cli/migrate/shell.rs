//! Command lines of other scanners in a text of any kind: a script, a Makefile, YAML, a string of JSON.
//!
//! It must not know what a scanner's words mean ([`super::commands`]). Start with [`find`]. A scanner's name counts where a command begins:
//! not in a comment, and not as an argument of something else. A command goes on behind a backslash at the end of a line, and ends before
//! an operator, a redirection, or a quote that something before it opened.

use std::ops::Range;

use super::commands::Tool;

/// A command line of another scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) tool: Tool,
    /// From the name, or what runs it (`npx`), to the last argument.
    pub(super) span: Range<usize>,
    /// Behind the name, as they are written.
    pub(super) args: Vec<String>,
    /// Line of the name, from 1.
    pub(super) line: usize,
    /// Does something else pass file names to it: `xargs`?
    pub(super) is_fed: bool,
}

/// What runs a program of a package, the longest first.
const RUNNERS: [&str; 20] = [
    "npx --no-install",
    "npx --yes",
    "npx --no",
    "npx -y",
    "npx",
    "pnpm exec",
    "pnpm dlx",
    "pnpm",
    "yarn dlx",
    "yarn run",
    "yarn",
    "bunx",
    "uv run",
    "uvx",
    "pipx run",
    "poetry run",
    "pipenv run",
    "python3 -m",
    "python -m",
    "mise exec --",
];
/// Words that a command may follow.
const BEFORE: [&str; 9] = ["then", "do", "else", "if", "exec", "sudo", "time", "!", "command"];
/// What may stand before a command in a Makefile, or in a list of YAML.
const MADE: [&str; 5] = ["@", "-", "-@", "@-", "+"];
/// Keys of YAML, and fields of TOML and JSON, whose value is a command.
const KEYS: [&str; 12] =
    ["run", "script", "entry", "command", "cmd", "before_script", "after_script", "bash", "sh", "exec", "cmds", "execute"];

/// All command lines, in order. `any_key` for texts in which every value is a command.
pub(super) fn find(text: &str, any_key: bool) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for tool in Tool::ALL {
        let name = tool.name();
        for (at, _) in text.match_indices(name) {
            let end = at + name.len();
            let is_whole = text[end..].chars().next().is_none_or(|c| c.is_whitespace() || "\"'`;|&)\\>".contains(c));
            if !is_whole || is_comment(text, at) {
                continue;
            }
            let Some((start, is_fed)) = begin(text, at, any_key) else { continue };
            let (args, end) = arguments(text, end, quote(text, start));
            let line = text[..at].matches('\n').count() + 1;
            all.push(Found { tool, span: start..end, args, line, is_fed });
        }
    }
    all.sort_by_key(|found| (found.span.start, found.span.end));
    // A name inside of another command line is an argument.
    all.dedup_by(|next, last| next.span.start < last.span.end);
    all
}

/// Does a comment stand before it on its line?
fn is_comment(text: &str, at: usize) -> bool {
    let line = &text[text[..at].rfind('\n').map_or(0, |end| end + 1)..at];
    let trimmed = line.trim_start();
    trimmed.starts_with('#') || trimmed.starts_with("//") || line.contains(" # ")
}

/// Where the command begins whose name stands at `at`; nothing if it is none.
fn begin(text: &str, at: usize, any_key: bool) -> Option<(usize, bool)> {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let is_path = |c: char| c.is_ascii_alphanumeric() || "_./~-${}()".contains(c);
    let mut start = at;
    if MADE.contains(&text[line..at].trim()) {
        // make's marks stand before the name.
        return Some((at, false));
    }
    if text[line..at].ends_with('/') {
        start = line + text[line..at].rfind(|c: char| !is_path(c)).map_or(0, |before| before + 1);
    } else if text[line..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "_.-@$:".contains(c)) {
        return None;
    }
    let before = text[line..start].trim_end();
    if let Some(runner) = RUNNERS.iter().find(|runner| ends_with_word(before, runner)) {
        start = line + before.len() - runner.len();
    }
    let before = text[line..start].trim_end();
    let before = without_assignments(before);
    if before.rsplit(['|', ';', '&']).next().is_some_and(|part| part.split_whitespace().next() == Some("xargs")) {
        return Some((start, true));
    }
    let is_start = before.trim().is_empty()
        || before.ends_with(['&', '|', ';', '(', '{', '`', '"', '\'', '['])
        || BEFORE.iter().any(|word| ends_with_word(before, word))
        || MADE.contains(&before.trim())
        || before.strip_suffix([':', '=']).is_some_and(|key| any_key || is_key(key));
    let is_quoted_value = before.ends_with(['"', '\'']) && !opens(before, any_key);
    (is_start && !is_quoted_value).then_some((start, false))
}

/// Is the quote that a text ends with the beginning of a value that is a command?
fn opens(before: &str, any_key: bool) -> bool {
    let before = before.trim_end_matches(['"', '\'', '\\']).trim_end();
    match before.strip_suffix([':', '=']) {
        Some(key) => any_key || is_key(key),
        // A list, or the argument of a shell.
        None => {
            before.trim().is_empty()
                || before.ends_with(['-', '[', ',', '(']) && !before.ends_with("--")
                || before.ends_with(" -c")
                || before.ends_with("-ec")
        }
    }
}

fn is_key(before: &str) -> bool {
    let key = before.trim().trim_start_matches("- ").trim().trim_matches(['"', '\'']);
    KEYS.contains(&key)
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word)
        .is_some_and(|before| before.is_empty() || before.ends_with(|c: char| c.is_whitespace() || "\"'(;&|@`".contains(c)))
}

/// Without `NAME=value` at its end.
fn without_assignments(mut before: &str) -> &str {
    loop {
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if !before[start..].split_once('=').is_some_and(|(name, _)| is_name(name)) {
            return before;
        }
        before = before[..start].trim_end();
    }
}

/// The quote that is open at `at`, on its line.
fn quote(text: &str, at: usize) -> Option<char> {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[line..at].chars().fold(None, |open, c| match open {
        Some(quote) if quote == c => None,
        None if c == '\'' || c == '"' => Some(c),
        open => open,
    })
}

/// The arguments behind `at`, as they are written, and where the last one ends: before the quote that is open.
fn arguments(text: &str, at: usize, open: Option<char>) -> (Vec<String>, usize) {
    let mut words = Vec::new();
    let mut end = at;
    let mut rest = at;
    loop {
        rest += blank(&text[rest..]);
        let Some(length) = word(&text[rest..], open) else { return (words, end) };
        let next = &text[rest..rest + length];
        // `2>` and the like.
        if text[rest + length..].starts_with(['>', '<']) && next.bytes().all(|b| b.is_ascii_digit()) {
            return (words, end);
        }
        words.push(next.to_owned());
        rest += length;
        end = rest;
    }
}

/// How many bytes of blanks and continued lines a text begins with.
fn blank(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let continued = ["\\\n", "\\\r\n"].iter().find(|end| rest.starts_with(**end));
        match continued.map(|end| end.len()).or_else(|| rest.starts_with([' ', '\t']).then_some(1)) {
            Some(more) => at += more,
            None => return at,
        }
    }
}

/// The length of the word that a text begins with; nothing if a command ends there.
fn word(text: &str, open: Option<char>) -> Option<usize> {
    if text.starts_with('#') {
        return None;
    }
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let closed = match c {
            c if Some(c) == open => None,
            '\'' | '"' | '`' => rest[1..].find(c).map(|end| end + 2),
            '$' if rest.starts_with("${{") => rest.find("}}").map(|end| end + 2),
            '$' if rest.starts_with("${") => rest.find('}').map(|end| end + 1),
            '$' if rest.starts_with("$(") => rest.find(')').map(|end| end + 1),
            '{' if rest.starts_with("{{") => rest.find("}}").map(|end| end + 2),
            // What lefthook and shells replace.
            '{' | '[' => {
                let close = if c == '{' { '}' } else { ']' };
                let end = rest.find(|c: char| c == close || c.is_whitespace()).filter(|end| rest[*end..].starts_with(close));
                end.map(|end| end + 1)
            }
            // A list of YAML goes on, or ends.
            ',' | ']' | '}' if rest[1..].chars().next().is_none_or(|next| next.is_whitespace() || next == ',') => None,
            '\\' if !rest.starts_with("\\\n") && !rest.starts_with("\\\"") => rest.chars().nth(1).map(|next| 1 + next.len_utf8()),
            '\\' => None,
            c if c.is_whitespace() || ";&|()<>".contains(c) => None,
            c => Some(c.len_utf8()),
        };
        // A quote must close on its line.
        match closed.filter(|length| !rest[..*length].contains('\n')) {
            Some(length) => at += length,
            None => break,
        }
    }
    (at > 0).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::{find, word};

    fn shown(text: &str) -> Vec<String> {
        find(text, false).iter().map(|one| format!("{}|{}", &text[one.span.clone()], one.args.join("|"))).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(shown(text), expected, "{text}");
    }

    #[test]
    fn a_name_counts_where_a_command_begins() {
        let one = "gitleaks dir .|dir|.";
        for line in [
            "gitleaks dir .",
            "  gitleaks dir .  # why",
            "set -e; gitleaks dir .",
            "make x && gitleaks dir . || exit 1",
            "if gitleaks dir .; then",
            "\t@gitleaks dir .",
            "\t-gitleaks dir .",
            "A=b LOG=1 gitleaks dir . > out",
            "- gitleaks dir .",
            "  - run: gitleaks dir .",
            "  run: \"gitleaks dir .\"",
            "script: ['gitleaks dir .', 'x']",
            "bash -c 'gitleaks dir .'",
            "x=$(gitleaks dir .)",
            "gitleaks dir . 2>/dev/null",
        ] {
            check(line, &[one]);
        }
        for line in [
            "echo gitleaks dir .",
            "# gitleaks dir .",
            "x # gitleaks dir .",
            "name: gitleaks dir .",
            "name: \"gitleaks dir .\"",
            "brew install gitleaks",
            "mygitleaks dir",
            "gitleaks-action x",
            "uses: gitleaks/gitleaks-action@v2",
            "image: zricethezav/gitleaks:latest",
            "echo \"gitleaks dir\"",
        ] {
            check(line, &[]);
        }
    }

    #[test]
    fn arguments_are_as_they_are_written() {
        check(
            "./bin/gitleaks git --log-opts=\"$A..$B\" . && x",
            &["./bin/gitleaks git --log-opts=\"$A..$B\" .|git|--log-opts=\"$A..$B\"|."],
        );
        check("npx secretlint \"**/*\"", &["npx secretlint \"**/*\"|\"**/*\""]);
        check("gitleaks git \\\n  -v \\\n  .\nnext", &["gitleaks git \\\n  -v \\\n  .|git|-v|."]);
        check(
            "- run: gitleaks git --log-opts ${{ github.sha }}",
            &["gitleaks git --log-opts ${{ github.sha }}|git|--log-opts|${{ github.sha }}"],
        );
        check(
            "trufflehog git file://. | tee x; kingfisher scan",
            &["trufflehog git file://.|git|file://.", "kingfisher scan|scan"],
        );
        check(
            "detect-secrets-hook --baseline b $(git diff --name-only)",
            &["detect-secrets-hook --baseline b $(git diff --name-only)|--baseline|b|$(git diff --name-only)"],
        );
        let fed = find("git ls-files -z | xargs -0 detect-secrets-hook", false);
        assert!(fed.len() == 1 && fed[0].is_fed);
        assert_eq!(find("a\n\ngitleaks git", false)[0].line, 3);
        assert!(find("secrets: gitleaks git", true).len() == 1 && find("secrets: gitleaks git", false).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in r#"(gitleaks|npx |secretlint|\$\{\{|\}\}|\\\n|["'`$(){}#:;|&\\é /=-]|git|\n| ){0,24}"#) {
            for found in find(&text, false) {
                assert!(text.get(found.span.clone()).is_some());
            }
            proptest::prop_assert!(word(&text, None).is_none_or(|length| text.get(..length).is_some()));
        }
    }
}
