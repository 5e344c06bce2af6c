//! The text of a file of CI: keys are found by indentation, so that each has a line to be told with.
//!
//! It must not know CI systems. Start with [`Text::new`]. What is written in one line (`{ a: b }`) is not taken apart.

use std::ops::Range;

/// Lines, counted from 0.
pub(super) struct Text<'t> {
    lines: Vec<&'t str>,
}

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { lines: text.lines().collect() }
    }

    /// Lines that are neither empty nor comments.
    pub(super) fn said(&self) -> impl Iterator<Item = (usize, &'t str)> + '_ {
        self.lines.iter().copied().enumerate().filter(|(_, line)| says(line))
    }

    /// All of it.
    pub(super) fn all(&self) -> Range<usize> {
        0..self.lines.len()
    }

    pub(super) fn line(&self, n: usize) -> &'t str {
        self.lines.get(n).copied().unwrap_or_default()
    }

    /// A line with those that go on behind a backslash.
    pub(super) fn joined(&self, n: usize) -> String {
        let mut text = self.line(n).trim_end().to_owned();
        let mut next = n + 1;
        while text.ends_with('\\') && next < self.lines.len() {
            text.pop();
            text.push_str(self.line(next).trim());
            next += 1;
        }
        text
    }

    /// The lines that stand below a line, with it.
    pub(super) fn block(&self, n: usize) -> Range<usize> {
        let indent = indent(self.line(n));
        let end = (n + 1..self.lines.len()).find(|at| says(self.line(*at)) && self::indent(self.line(*at)) <= indent);
        n..end.unwrap_or(self.lines.len())
    }

    /// Lines that a line stands below, the nearest first.
    pub(super) fn above(&self, n: usize) -> Vec<usize> {
        let (mut all, mut least) = (Vec::new(), indent(self.line(n)));
        for at in (0..n).rev().filter(|at| says(self.line(*at))) {
            let one = indent(self.line(at));
            let is_item = self.line(at).trim_start().starts_with("- ");
            // An item of a list may stand as far left as the key of the list.
            let is_key_of_list =
                one == least && !is_item && all.last().is_some_and(|last| self.line(*last).trim_start().starts_with("- "));
            if one < least || is_key_of_list && self.line(at).trim_end().ends_with(':') {
                all.push(at);
                least = one;
            }
        }
        all
    }

    /// The step that a line belongs to: the nearest item of a list, up to the next one.
    pub(super) fn step(&self, n: usize) -> Range<usize> {
        let is_item = |at: &usize| self.line(*at).trim_start().starts_with("- ");
        let start = std::iter::once(n).chain(self.above(n)).find(is_item);
        start.map_or(n..n + 1, |start| self.block(start))
    }

    /// The block of the line below a key at the top, such as a job below `jobs:`; without such a key, the block of the key at the top.
    pub(super) fn job(&self, n: usize, below: &str) -> Option<Range<usize>> {
        let above = self.above(n);
        let top = above.iter().rposition(|at| self.line(*at).trim() == below)?;
        above.get(top.checked_sub(1)?).map(|at| self.block(*at))
    }

    /// A key of a block, and its value: one that stands as far left as any key in it.
    pub(super) fn key(&self, mut range: Range<usize>, key: &str) -> Option<(usize, &'t str)> {
        let found = |at: usize| {
            let words = self.line(at).trim_start().trim_start_matches("- ").trim_start();
            let value = words.strip_prefix(key)?.strip_prefix(':')?;
            let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
            says(self.line(at)).then_some((at, value))
        };
        range.find_map(found)
    }

    /// The same, if it belongs to what the block is about, and not to something further in.
    pub(super) fn own_key(&self, range: Range<usize>, key: &str) -> Option<(usize, &'t str)> {
        let first = range.clone().find(|at| says(self.line(*at)))?;
        let inner = match self.line(first).trim_start().starts_with("- ") {
            true => indent(self.line(first)) + 2,
            false => range.clone().skip(1).find(|at| says(self.line(*at))).map_or(0, |at| indent(self.line(at))),
        };
        let at_depth = |at: usize| indent(self.line(at)) == inner || at == first;
        range.filter(|at| at_depth(*at)).find_map(|at| self.key(at..at + 1, key))
    }

    /// Does one of these lines hold some words?
    pub(super) fn has(&self, mut range: Range<usize>, words: &str) -> Option<usize> {
        range.find(|at| says(self.line(*at)) && self.line(*at).contains(words))
    }
}

fn says(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with('#') && !line.starts_with("//")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::Text;

    const WORKFLOW: &str = "on: push
jobs:
  one:
    if: false
    steps:
    - uses: a
      with:
        if: b
    - run: |
        stanch ci
        x
      if: c # why
  two:
    steps: []
";

    #[test]
    fn keys_are_found_where_they_belong() {
        let text = Text::new(WORKFLOW);
        assert_eq!(text.step(9), 8..12);
        assert_eq!(text.job(9, "jobs:"), Some(2..12));
        assert_eq!(text.own_key(text.step(9), "if"), Some((11, "c")));
        assert_eq!(text.own_key(text.step(5), "if"), None);
        assert_eq!(text.key(text.step(5), "if"), Some((7, "b")));
        assert_eq!(text.own_key(2..12, "if"), Some((3, "false")));
        assert_eq!(text.own_key(2..12, "steps"), Some((4, "")));
        assert_eq!(Text::new("a \\\n  b\nc").joined(0), "a b");
    }
}
