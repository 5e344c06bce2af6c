//! Scripts of husky: shell, one command a line.
//!
//! It must not move what stands there. Start with [`add`]; [`remove`] is its inverse.

/// The head of a script of versions 5 to 8.
const SOURCING: &str = "#!/usr/bin/env sh\n. \"$(dirname -- \"$0\")/_/husky.sh\"\n\n";

/// Our line for a hook.
#[must_use]
pub fn line(hook: &str) -> String {
    format!("stanch hook run {hook} \"$@\"")
}

/// A script that is made new; with the line that reads husky's, where its version needs that.
#[must_use]
pub fn new(hook: &str, sourcing: bool) -> String {
    format!("{}{}\n", if sourcing { SOURCING } else { "" }, line(hook))
}

/// The script with our line at its end.
///
/// # Errors
/// If that line might not be reached: why.
pub fn add(text: &str, hook: &str) -> Result<String, String> {
    let ends = |line: &str| line == "exit" || ["exec ", "exit ", "exit;"].iter().any(|word| line.starts_with(word));
    match text.lines().position(ends) {
        Some(at) => Err(format!("line {} ends it before a line behind would run", at + 1)),
        None => Ok(super::with(text, None, &format!("{}\n", line(hook)))),
    }
}

/// The script without our line; `None` if there is none, an empty text if nothing else stands in it.
#[must_use]
pub fn remove(text: &str, hook: &str) -> Option<String> {
    if [false, true].iter().any(|sourcing| text == new(hook, *sourcing)) {
        return Some(String::new());
    }
    let line = line(hook);
    super::find(text, &line).map(|at| super::without(text, at, &line))
}

#[cfg(test)]
mod tests {
    use super::{add, new, remove};

    #[test]
    fn a_line_goes_in_and_comes_out_to_the_byte() {
        for text in ["npx lint-staged\n", "npx lint-staged", "#!/bin/sh\n\nif x; then\n  exit 1\nfi\n\n", "\n", "a\r\nb\r\n"] {
            let added = add(text, "pre-push").unwrap();
            assert!(added.lines().any(|line| line == "stanch hook run pre-push \"$@\""), "{added}");
            assert_eq!(remove(&added, "pre-push").as_deref(), Some(text));
            assert_eq!(remove(text, "pre-push"), None);
        }
        for sourcing in [false, true] {
            assert_eq!(remove(&new("pre-commit", sourcing), "pre-commit").as_deref(), Some(""));
        }
    }

    #[test]
    fn what_ends_early_is_refused() {
        let check = |text: &str, why: &str| assert_eq!(add(text, "pre-commit").unwrap_err(), why, "{text}");
        check("a\nexec npx lint-staged\n", "line 2 ends it before a line behind would run");
        check("exit 0", "line 1 ends it before a line behind would run");
        check("b; a\nexit\n", "line 2 ends it before a line behind would run");
    }
}
