//! `secretlint-disable` and `secretlint-enable`: parts of a text in which some rules are silent.
//!
//! It must not know findings. Start with [`Blocks::of`]; one pass over a text, then each place is looked up.
//!
//! In a text that is scanned in windows of 2 MiB, a block counts only within its window: what it should silence behind that is reported.

use std::collections::BTreeMap;

use memchr::memmem;

use super::foreign::{Scope, is_about, scope};
use super::inline::in_comment;

/// Bytes before a directive in which its comment may begin.
const REACH: usize = 512;
/// Most rules that are told apart in one text; of those beyond, nothing is silenced.
const MAX_RULES: usize = 64;

/// Where rules are silent in a text.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Where all rules begin to be silent, or to speak.
    all: Vec<(usize, bool)>,
    /// The same of rules of secretlint.
    rules: BTreeMap<String, Vec<(usize, bool)>>,
}

impl Blocks {
    /// Reads the directives of a text.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut blocks = Self::default();
        for at in memmem::find_iter(bytes, b"secretlint-") {
            let floor = at.saturating_sub(REACH);
            let from = memchr::memrchr(b'\n', &bytes[floor..at]).map_or(floor, |end| floor + end + 1);
            let rest = &bytes[at + b"secretlint-".len()..];
            let rest = &rest[..rest.len().min(REACH)];
            let rest = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
            let (text, silent) = match (rest.strip_prefix(b"disable"), rest.strip_prefix(b"enable")) {
                (Some(text), _) => (text, true),
                (_, Some(text)) => (text, false),
                _ => continue,
            };
            if in_comment(&bytes[from..at]) {
                blocks.add(at, scope(text), silent);
            }
        }
        blocks
    }

    fn add(&mut self, at: usize, scope: Scope<'_>, silent: bool) {
        match scope {
            Scope::Broken => {}
            Scope::All => self.all.push((at, silent)),
            Scope::Rules(rules) => {
                for rule in rules {
                    if self.rules.len() < MAX_RULES || self.rules.contains_key(rule) {
                        self.rules.entry(rule.to_owned()).or_default().push((at, silent));
                    }
                }
            }
        }
    }

    /// Is the rule `id` silent at this offset?
    pub(super) fn is_silent(&self, id: &str, at: usize) -> bool {
        let last = |list: &[(usize, bool)]| list[..list.partition_point(|(start, _)| *start < at)].last().copied();
        let all = last(&self.all);
        let mine = self.rules.iter().filter(|(rule, _)| is_about(rule, id)).filter_map(|(_, list)| last(list)).max();
        // The last one said counts: `enable` without a rule is about all of them.
        all.into_iter().chain(mine).max().is_some_and(|(_, silent)| silent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Blocks;

    /// Which of the `X` in a text are silent, as digits.
    fn silent(text: &str) -> String {
        let blocks = Blocks::of(text.as_bytes());
        let all = text.match_indices('X').map(|(at, _)| if blocks.is_silent("github-pat", at) { '1' } else { '0' });
        all.collect()
    }

    #[test]
    fn blocks_begin_and_end() {
        let check = |text: &str, expected: &str| assert_eq!(silent(text), expected, "{text}");
        check("X\n// secretlint-disable\nX\nX\n// secretlint-enable\nX", "0110");
        check("X /* secretlint-disable */ X /* secretlint-enable */ X", "010");
        check("# secretlint-disable\nX\nX", "11");
        check("secretlint-disable\nX", "0");
        check("# secretlint-disable-line\nX", "0");
        check("# secretlint-disabled\nX", "0");
        check("# secretlint-disable all of it!\nX", "0");
        let (github, aws) = ("@secretlint/secretlint-rule-github", "@secretlint/secretlint-rule-aws");
        check(&format!("# secretlint-disable {github}\nX\n# secretlint-enable {aws}\nX\n# secretlint-enable {github}\nX"), "110");
        check(&format!("# secretlint-disable {aws}\nX"), "0");
        check(&format!("# secretlint-disable {github}\nX\n# secretlint-enable\nX"), "10");
        check(&format!("# secretlint-disable\nX\n# secretlint-enable {github}\nX"), "10");
        check(&format!("# secretlint-enable {github}\nX\n# secretlint-disable\nX"), "01");
    }

    #[test]
    fn many_directives_cost_little() {
        let text = "# secretlint-disable @a/b # secretlint-enable\n".repeat(40_000);
        let blocks = Blocks::of(text.as_bytes());
        assert!((0..text.len()).step_by(7).all(|at| !blocks.is_silent("github-pat", at)));
        let line = "# secretlint-disable ".repeat(50_000);
        assert!(Blocks::of(line.as_bytes()).is_silent("x", line.len()) || line.len() > super::REACH);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in prop::collection::vec(any::<u8>(), 0..80), at in 0usize..200) {
            let text = [&text[..], b"\n# secretlint-disable ", &text[..], b"# secretlint-enable"].concat();
            let _ = Blocks::of(&text).is_silent("github-pat", at);
        }
    }
}
