//! Text in columns: colour, width, wrapping, clipping, numbers.
//!
//! It must not know findings. Start with [`Page`].

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Color;

/// Columns of a full line; paths, links and values may be longer.
pub(super) const WIDTH: usize = 96;

/// Columns of the left margin, in which labels stand right-aligned.
pub(super) const MARGIN: usize = 10;

/// Columns beside the margin.
pub(super) const TEXT: usize = WIDTH - MARGIN;

/// Text under construction: labels in a margin, text beside it.
pub(super) struct Page {
    color: Color,
    text: String,
}

/// The look of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
    Cyan,
}

impl Page {
    pub(super) fn new(color: Color) -> Self {
        Self { color, text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// `text` in colour, if colour is on.
    pub(super) fn ink(&self, ink: Ink, text: &str) -> String {
        let code = match (self.color, ink) {
            (Color::Off, _) => return text.to_owned(),
            (_, Ink::Bold) => "1",
            (_, Ink::Dim) => "2",
            (_, Ink::Red) => "1;31",
            (_, Ink::Yellow) => "1;33",
            (_, Ink::Green) => "1;32",
            (_, Ink::Cyan) => "36",
        };
        if text.is_empty() { String::new() } else { format!("\x1b[{code}m{text}\x1b[0m") }
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line at the left edge.
    pub(super) fn line(&mut self, ink: Ink, text: &str) {
        let text = self.ink(ink, text);
        self.text.push_str(&text);
        self.text.push('\n');
    }

    /// A line beside the margin, as it is; `label` stands in the margin.
    pub(super) fn row(&mut self, label: &str, text: &str) {
        self.labelled(Ink::Dim, label, text);
    }

    /// [`Self::row`] with a label of its own look.
    pub(super) fn labelled(&mut self, ink: Ink, label: &str, text: &str) {
        let pad = (MARGIN - 2).saturating_sub(label.width());
        let line = format!("{:pad$}{}  {text}", "", self.ink(ink, label));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Words beside the margin, wrapped.
    pub(super) fn words(&mut self, label: &str, text: &str) {
        let lines = wrap(text, TEXT);
        self.row(label, lines.first().map_or("", |l| l));
        for line in lines.iter().skip(1) {
            self.row("", line);
        }
    }
}

/// Splits at spaces so that no line is wider than `width`, unless one word is.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The start of `text`, at most `width` columns, ending in `...` if something was left off.
pub(super) fn clip_end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    format!("{}...", take(text.chars(), width.saturating_sub(3)))
}

/// The end of `text`, at most `width` columns, beginning with `...` if something was left off.
pub(super) fn clip_start(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let end: String = take(text.chars().rev(), width.saturating_sub(3)).chars().rev().collect();
    format!("...{end}")
}

/// Columns that `text` takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

fn take(chars: impl Iterator<Item = char>, width: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= width
        })
        .collect()
}

/// `1,234,567`.
pub(super) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `1,204 files`.
pub(super) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

/// `999 bytes`, `35.2 MB`: decimal units, as disks are sold.
pub(super) fn size(bytes: u64) -> String {
    let mut scaled = bytes;
    let mut unit = None;
    for name in ["kB", "MB", "GB", "TB", "PB"] {
        if scaled < 1000 {
            break;
        }
        unit = Some((name, scaled / 1000, scaled % 1000 / 100));
        scaled /= 1000;
    }
    unit.map_or_else(|| count(bytes, "byte", "bytes"), |(name, whole, tenth)| format!("{whole}.{tenth} {name}"))
}

#[cfg(test)]
mod tests {
    use super::{Ink, Page, clip_end, clip_start, count, size, thousands, wrap};
    use crate::report::Color;

    #[test]
    fn numbers() {
        let check = |n: u64, grouped: &str, sized: &str| assert_eq!((thousands(n).as_str(), size(n).as_str()), (grouped, sized));
        check(0, "0", "0 bytes");
        check(1, "1", "1 byte");
        check(999, "999", "999 bytes");
        check(1000, "1,000", "1.0 kB");
        check(35_249_999, "35,249,999", "35.2 MB");
        check(999_999, "999,999", "999.9 kB");
        check(u64::MAX, "18,446,744,073,709,551,615", "18446.7 PB");
        assert_eq!(count(1, "file", "files"), "1 file");
        assert_eq!(count(1204, "file", "files"), "1,204 files");
    }

    #[test]
    fn wrapping_and_clipping() {
        assert_eq!(wrap("aa bb  cc dddddddd e", 5), ["aa bb", "cc", "dddddddd", "e"]);
        assert_eq!(wrap(" ", 5), Vec::<String>::new());
        let check = |text: &str, end: &str, start: &str| {
            assert_eq!((clip_end(text, 6).as_str(), clip_start(text, 6).as_str()), (end, start))
        };
        check("abcdef", "abcdef", "abcdef");
        check("abcdefg", "abc...", "...efg");
        check("文文文", "文文文", "文文文");
        check("文文文文", "文...", "...文");
        check("", "", "");
    }

    #[test]
    fn colour_only_when_on() {
        let render = |color| {
            let mut page = Page::new(color);
            page.line(Ink::Red, "a");
            page.labelled(Ink::Green, "why", "b");
            page.row("", "");
            page.into_text()
        };
        assert_eq!(render(Color::Off), "a\n     why  b\n\n");
        assert_eq!(render(Color::On), "\x1b[1;31ma\x1b[0m\n     \x1b[1;32mwhy\x1b[0m  b\n\n");
    }
}
