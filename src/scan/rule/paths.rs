//! A rule's conditions on paths, and a path that fits them, to try its examples on.
//!
//! It must not know files. Start with [`globs`].

use ignore::gitignore::{Gitignore, GitignoreBuilder};

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

fn matches<'a>(path: &str, list: impl Iterator<Item = &'a String>) -> bool {
    !path.is_empty() && fits(&globs(list), path)
}

/// The globs of a rule. One with a folder in it may begin at any folder of a path, in an archive too; one that begins with `/` stands for
/// the path as a whole. The loader has tried each of them: one that makes no sense is left out.
pub fn globs<'a>(list: impl Iterator<Item = &'a String>) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for glob in list {
        let anchored = glob.trim_end_matches('/').contains('/') && !glob.starts_with(['/', '!']) && !glob.starts_with("**/");
        let _ = builder.add_line(None, &if anchored { format!("**/{glob}") } else { glob.clone() });
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// Does one of the globs match a path or a folder it is in?
#[must_use]
pub fn fits(globs: &Gitignore, path: &str) -> bool {
    globs.matched_path_or_any_parents(path.trim_start_matches('/'), false).is_ignore()
}

#[cfg(test)]
mod tests {
    use super::{made_from, matches};

    #[test]
    fn a_folder_may_stand_anywhere_in_a_path() {
        let hit = |glob: &str, path: &str| matches(path, [glob.to_owned()].iter());
        for path in ["etc/a.conf", "a.zip/etc/a.conf", "/srv/host/etc/a.conf"] {
            assert!(hit("etc/*.conf", path) && hit("*.conf", path) && hit("**/etc/a.conf", path), "{path}");
        }
        assert!(!hit("etc/*.conf", "xetc/a.conf") && !hit("etc/*.conf", "etc/b/a.conf"));
        assert!(hit("/etc/*.conf", "/etc/a.conf") && !hit("/etc/*.conf", "a.zip/etc/a.conf"));
        assert!(hit("tests/", "a/tests/b/c") && hit("a/tests/", "x/a/tests/b/c"));
    }

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
