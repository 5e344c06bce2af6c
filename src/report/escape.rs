//! JSON that is safe to look at: what could steer a terminal is written as `\uXXXX`, so that readers get it back unchanged.
//!
//! JSON itself asks for that only below U+0020; delete, the C1 controls and bidirectional marks would pass. It must not know what
//! is written. Start with [`pretty`] and [`compact`].

use std::borrow::Cow;
use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::base::text::sanitise;

/// Writes `value` over several lines and ends the last one.
pub(super) fn pretty(out: &mut dyn io::Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Safe(PrettyFormatter::new())))?;
    out.write_all(b"\n")
}

/// Writes `value` on one line and ends it.
pub(super) fn compact(out: &mut dyn io::Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Safe(CompactFormatter)))?;
    out.write_all(b"\n")
}

/// A formatter that only differs in how it writes strings.
struct Safe<F>(F);

impl<F: Formatter> Formatter for Safe<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if is_safe(fragment) {
            return out.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer);
            if is_safe(text) {
                out.write_all(text.as_bytes())?;
            } else {
                text.encode_utf16().try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

/// [`sanitise`] decides what is safe, here as on the terminal.
fn is_safe(text: &str) -> bool {
    matches!(sanitise(text.as_bytes()), Cow::Borrowed(_))
}

#[cfg(test)]
mod tests {
    use super::{compact, pretty};
    use crate::report::{Format, Style, Values, sample, write};

    #[test]
    fn strings_are_safe_and_come_back() {
        let check = |text: &str, expected: &str| {
            let mut out = Vec::new();
            compact(&mut out, &text).unwrap();
            assert_eq!(String::from_utf8(out.clone()).unwrap(), format!("\"{expected}\"\n"));
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        };
        check("naïve 文 \"\\/", "naïve 文 \\\"\\\\/");
        check("\u{1b}\n\u{7f}\u{9b}31m", "\\u001b\\n\\u007f\\u009b31m");
        check("a\u{202e}b\u{feff}", "a\\u202eb\\ufeff");
    }

    #[test]
    fn layout_is_that_of_serde_json() {
        let value = serde_json::json!({"a": [1, {"b": []}, "c"], "d": {}, "e": null});
        let mut out = Vec::new();
        pretty(&mut out, &value).unwrap();
        compact(&mut out, &value).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("{value:#}\n{value}\n"));
    }

    #[test]
    fn no_report_steers_a_terminal() {
        for format in Format::ALL.into_iter().filter(|format| *format != Format::Human) {
            let mut out = Vec::new();
            write(format, &sample::hostile(), &Style { values: Values::Shown, ..Style::default() }, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap().replace("\r\n", "\n");
            assert_eq!(text.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}'), None, "{format}");
        }
    }
}
