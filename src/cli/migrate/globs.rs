//! Regular expressions on paths as globs, where a glob says the same.
//!
//! It must not guess: what no glob says is left to people. Start with [`glob`]. An expression matches anywhere in a path; a glob without a
//! `/` matches a name at any depth, and what lies below a folder of that name.

/// The globs that fit the paths that an expression matches; nothing if none says that.
pub(super) fn globs(regex: &str) -> Option<Vec<String>> {
    let spread = regex.strip_prefix("(?x)").map(|rest| rest.split_whitespace().collect::<String>());
    let regex = spread.as_deref().unwrap_or(regex);
    // Anchors around a group hold for each alternative in it.
    let (inner, before) = regex.strip_prefix('^').map_or((regex, ""), |rest| (rest, "^"));
    let (inner, behind) = inner.strip_suffix('$').map_or((inner, ""), |rest| (rest, "$"));
    let inner = inner.strip_prefix("(?:").or_else(|| inner.strip_prefix('(')).and_then(|rest| rest.strip_suffix(')'));
    match inner.filter(|inner| !inner.contains(['(', ')', '?'])) {
        Some(inner) => split(inner).into_iter().map(|one| glob(&format!("{before}{one}{behind}"))).collect(),
        None => split(regex).into_iter().map(glob).collect(),
    }
}

/// The alternatives of an expression, but for those inside of groups.
fn split(regex: &str) -> Vec<&str> {
    let (mut all, mut depth, mut start, mut escaped) = (Vec::new(), 0_usize, 0, false);
    for (at, c) in regex.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                all.push(&regex[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    all.push(&regex[start..]);
    all
}

/// Where the match of an expression begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// At the beginning of the path.
    Root,
    /// At the beginning of any name in it.
    Name,
    /// The same, below a folder.
    Below,
    /// Anywhere.
    Free,
}

/// What an expression begins with, the longest first.
const STARTS: [(&str, Start); 13] = [
    ("^(?:.*/)?", Start::Name),
    ("^(.*/)?", Start::Name),
    ("^.*/", Start::Below),
    ("^.*", Start::Free),
    ("^\\./", Start::Root),
    ("^", Start::Root),
    ("(?:^|/)", Start::Name),
    ("(^|/)", Start::Name),
    ("(?:.*/)?", Start::Free),
    ("(.*/)?", Start::Free),
    (".*/", Start::Below),
    (".*", Start::Free),
    ("/", Start::Below),
];
/// What one ends with, the longest first, and what a glob ends with then.
const ENDS: [(&str, &str); 10] = [
    ("(?:/|$)", ""),
    ("(/|$)", ""),
    ("/.*$", "/"),
    ("/.+$", "/"),
    ("/.*", "/"),
    ("/.+", "/"),
    ("/", "/"),
    (".*$", "*"),
    (".*", "*"),
    ("$", ""),
];

/// The glob for one alternative.
fn glob(regex: &str) -> Option<String> {
    let (rest, start) =
        STARTS.iter().find_map(|(text, start)| Some((regex.strip_prefix(text)?, *start))).unwrap_or((regex, Start::Free));
    let is_escaped = |rest: &str| (rest.len() - rest.trim_end_matches('\\').len()) % 2 == 1;
    let ended = ENDS.iter().find_map(|(text, end)| Some((rest.strip_suffix(text).filter(|rest| !is_escaped(rest))?, *end)));
    let (rest, end) = ended.unwrap_or((rest, "*"));
    let middle = pieces(rest)?;
    if middle.trim_matches(['*', '/', '?']).is_empty() {
        return None;
    }
    let middle = format!("{middle}{}", if middle.ends_with('*') { end.trim_start_matches('*') } else { end });
    // Two in a row would stand for folders, too.
    let doubled = middle.contains("**") && middle.replace("/**/", "/").contains("**");
    if doubled || middle.starts_with("**") {
        return None;
    }
    let free = format!("{}{middle}", if middle.starts_with('*') { "" } else { "*" });
    let is_deep = |glob: &str| glob.trim_end_matches('/').contains('/');
    Some(match start {
        Start::Root => format!("/{middle}"),
        Start::Below => format!("*/**/{middle}"),
        // A `/` inside ties a glob to the folder of its file.
        Start::Name if is_deep(&middle) => format!("**/{middle}"),
        Start::Name => middle,
        Start::Free if is_deep(&free) => format!("**/{free}"),
        Start::Free => free,
    })
}

/// What stands for any characters, and the glob for it.
const ANY: [(&str, &str); 4] = [("[^/]*", "*"), ("[^/]+", "?*"), ("/.*", "/**/*"), ("/.+", "/**/?*")];

/// The middle of an expression, piece by piece.
fn pieces(regex: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = regex;
    while let Some(c) = rest.chars().next() {
        if let Some((any, more)) = ANY.iter().find_map(|(any, glob)| Some((*glob, rest.strip_prefix(any)?))) {
            out.push_str(any);
            rest = more;
            if rest.starts_with('?') {
                return None;
            }
            continue;
        }
        rest = &rest[c.len_utf8()..];
        let plain = match c {
            '\\' => {
                let next = rest.chars().next().filter(|next| ".-_/+()[]{}$^ @~#".contains(*next))?;
                rest = &rest[next.len_utf8()..];
                next
            }
            // A dot that was meant as one.
            '.' if !rest.starts_with(['*', '+', '?', '{']) => '.',
            c if c.is_alphanumeric() || "-_/ @~,=%&:;<>\"'".contains(c) => c,
            _ => return None,
        };
        if rest.starts_with(['*', '+', '?', '{']) {
            return None;
        }
        if "[]{}*?!\\".contains(plain) {
            out.push('\\');
        }
        out.push(plain);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use ignore::gitignore::GitignoreBuilder;
    use regex_automata::meta::Regex;

    use super::globs;

    fn fits(globs: &[String], path: &str) -> bool {
        let mut builder = GitignoreBuilder::new("");
        for glob in globs {
            builder.add_line(None, glob).unwrap();
        }
        builder.build().unwrap().matched_path_or_any_parents(path, false).is_ignore()
    }

    const PATHS: [&str; 18] = [
        "a.lock",
        "yarn.lock",
        "x/yarn.lock",
        "package-lock.json",
        "web/package-lock.json",
        "tests/a.py",
        "tests/x/b.py",
        "src/tests/a.py",
        "mytests/a.py",
        "vendor/x/y.go",
        "a/vendor/z",
        "a/myvendor/z",
        "docs/a.md",
        "docs2/a.md",
        "README.md",
        "a/testdata/x",
        "node_modules/x/y.js",
        "src/main.rs",
    ];

    #[test]
    fn a_glob_says_what_the_expression_says() {
        for regex in [
            r"\.lock$",
            "package-lock.json",
            "package-lock\\.json$",
            "^tests/",
            "^tests/.*",
            "tests/",
            "(^|/)tests/",
            "^tests/.*\\.py$",
            "vendor/",
            "^vendor/.*$",
            "^docs",
            "^docs/",
            ".*\\.md$",
            "^.*\\.md$",
            "testdata",
            "(^|/)testdata/",
            "^node_modules/",
            ".*/tests/.*",
            "/tests/",
            "(docs/|vendor/)",
            "^(docs/|vendor/)",
            "^(README.md|docs/.*)$",
            "(?x)^(\n  README\\.md|\n docs/.*\n)$",
            "^tests/[^/]+\\.py$",
            "a/testdata/.*",
            "\\.lock$|\\.md$",
            "^README\\.md$",
            "(^|/)vendor(/|$)",
        ] {
            let globs = globs(regex).unwrap_or_else(|| panic!("{regex}"));
            let expression = Regex::new(regex).unwrap();
            for path in PATHS {
                assert_eq!(fits(&globs, path), expression.is_match(path), "{regex} {globs:?} {path}");
            }
        }
    }

    #[test]
    fn what_no_glob_says_is_left() {
        for regex in
            ["", ".*", "^", "a+b", "[ab]c", "a{2}", "(?i)x", "\\d", "a.*b", "\\.(lock|md)$", "^(a|b)/c", "x(?=y)", "(?x)"]
        {
            assert_eq!(globs(regex), None, "{regex}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_glob_fits_more_than_the_expression(regex in r"(\^|\(\^\|/\))?(a|b|/|\\\.|-|\.\*|\[\^/\]\+){1,6}\$?", path in "[ab]{1,2}(/[ab]{1,2}){0,2}(\\.a)?") {
            if let (Some(globs), Ok(expression)) = (globs(&regex), Regex::new(&regex)) {
                // A name that the expression ends with may be that of a folder, whose files the glob takes as well.
                let any = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path.as_str()]).any(|part| expression.is_match(part) || expression.is_match(&format!("{part}/")));
                proptest::prop_assert!(!fits(&globs, &path) || any, "{regex} {globs:?} {path}");
            }
        }
    }
}
