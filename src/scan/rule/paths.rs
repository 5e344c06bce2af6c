//! A path that a rule's conditions on paths fit, to try its examples on.
//!
//! It must not know files. Start with [`fitting`].

use ignore::gitignore::GitignoreBuilder;

use super::Rule;

/// A path that the rule works on: made from the first glob of `paths.only`. None if the rule works on all files, or if that makes no
/// path that fits.
#[must_use]
pub fn fitting(rule: &Rule) -> Option<String> {
    let path = made_from(rule.paths.only.first()?);
    let none = || rule.paths.except.iter().chain(&rule.allow.paths);
    (matches(&path, rule.paths.only.iter()) && !matches(&path, none())).then_some(path)
}

/// The glob with something in the place of everything that stands for something.
fn made_from(glob: &str) -> String {
    let glob = glob.replace("**/", "").replace("/**", "/x");
    let mut path = String::new();
    let mut rest = glob.trim_start_matches('/').chars();
    while let Some(c) = rest.next() {
        match c {
            '*' | '?' => path.push('x'),
            '\\' => path.extend(rest.next()),
            '[' => {
                let class: String = rest.by_ref().take_while(|c| *c != ']').collect();
                // Of a class that excludes something nothing simple is known; what does not fit is found out.
                path.push(class.chars().next().unwrap_or('x'));
            }
            '{' => {
                let choice: String = rest.by_ref().take_while(|c| *c != '}').collect();
                path.push_str(choice.split(',').next().unwrap_or_default());
            }
            c => path.push(c),
        }
    }
    // A folder stands for what is in it.
    if path.ends_with('/') {
        path.push('x');
    }
    path
}

fn matches<'a>(path: &str, globs: impl Iterator<Item = &'a String>) -> bool {
    let mut builder = GitignoreBuilder::new("");
    for glob in globs {
        if builder.add_line(None, glob).is_err() {
            return false;
        }
    }
    !path.is_empty() && builder.build().is_ok_and(|globs| globs.matched_path_or_any_parents(path, false).is_ignore())
}

#[cfg(test)]
mod tests {
    use super::{made_from, matches};

    #[test]
    fn globs_make_paths_that_fit() {
        let check = |glob: &str, expected: &str| {
            assert_eq!(made_from(glob), expected);
            assert!(matches(expected, [glob.to_owned()].iter()), "{glob}");
        };
        check("*.conf", "x.conf");
        check("**/etc/*.conf", "etc/x.conf");
        check("/etc/passwd", "etc/passwd");
        check("config/**", "config/x");
        check("key[0-9].txt", "key0.txt");
        check(".env*", ".envx");
        check("*.{yml,yaml}", "x.yml");
        check("secrets/", "secrets/x");
        assert!(!matches(&made_from("[!a].txt"), ["b.txt".to_owned()].iter()));
    }
}
