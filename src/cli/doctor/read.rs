//! What scripts and files say, without running them.
//!
//! It must not judge. Start with [`script`], [`words`].

use std::fs;
use std::io::Read as _;
use std::path::Path;

/// Larger scripts and configuration files are read up to here.
const MOST: u64 = 1 << 20;
/// Programs that look for secrets.
const SCANNERS: &[&str] = &[
    "stanch",
    "gitleaks",
    "betterleaks",
    "trufflehog",
    "detect-secrets",
    "ggshield",
    "kingfisher",
    "noseyparker",
    "git-secrets",
    "talisman",
];

/// The text of a file; empty if it cannot be read.
pub(super) fn script(path: &Path) -> String {
    let mut bytes = Vec::new();
    // A pipe would be waited for.
    if fs::metadata(path).is_ok_and(|meta| meta.is_file())
        && let Ok(file) = fs::File::open(path)
    {
        drop(file.take(MOST).read_to_end(&mut bytes));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Lines that say something, with their numbers.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| !matches!(line.trim_start().get(..1), None | Some("#")) && !line.trim_start().starts_with("//"))
}

/// Does a script call a program that looks for secrets?
pub(super) fn is_scanner(text: &str) -> bool {
    lines(text).any(|(_, line)| SCANNERS.iter().any(|name| line.contains(name)))
}

/// Does a script call stanch?
pub(super) fn is_ours(text: &str) -> bool {
    lines(text).any(|(_, line)| line.contains("stanch"))
}

/// The words of a command line of a shell; nothing if it holds anything that a shell would expand, or another command.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let (mut all, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    for c in line.trim().chars() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (Some('"'), '$' | '`' | '\\') => return None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t') => all.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (None, '$' | '`' | '\\' | '|' | '&' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '[' | '{' | '}' | '~' | '!') => {
                return None;
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    all.extend(word);
    quote.is_none().then_some(all)
}

/// Where `stanch` and one of its commands stand in a line: what comes behind `stanch`.
pub(super) fn call<'l>(line: &'l str, commands: &[&str]) -> Option<&'l str> {
    let mut rest = line;
    while let Some(at) = rest.find("stanch") {
        let behind = &rest[at + "stanch".len()..];
        let args = behind.trim_start_matches(['"', '\'']);
        let first = args.split_whitespace().next().unwrap_or_default();
        if args.starts_with(' ') && commands.contains(&first.trim_matches(['"', '\'', ',', ']'])) {
            return Some(args);
        }
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{call, words};

    #[test]
    fn plain_command_lines_are_split() {
        let check = |line: &str, expected: Option<&[&str]>| {
            assert_eq!(
                words(line).as_deref(),
                expected.map(|all| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()).as_deref(),
                "{line}"
            );
        };
        check("stanch ci", Some(&["stanch", "ci"]));
        check(" 'a b' \"c d\"e ''", Some(&["a b", "c de", ""]));
        check("stanch ci # why", Some(&["stanch", "ci"]));
        for line in ["a | b", "a $B", "a \"$B\"", "a `b`", "a 'b", "a; b", "a > b", "a {b,c}", "a && b", "a \\"] {
            check(line, None);
        }
    }

    #[test]
    fn calls_are_found() {
        let check = |line: &str, expected: Option<&str>| assert_eq!(call(line, &["ci", "scan"]), expected, "{line}");
        check("- run: stanch ci --x", Some(" ci --x"));
        check("\"$bin/stanch\" ci", Some(" ci"));
        check("install stanch", None);
        check("# of stanch, then stanch scan .", Some(" scan ."));
        check("stanch filter", None);
    }
}
