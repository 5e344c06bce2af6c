//! Is input without a name a notebook? An archive says what it is in its first bytes; a notebook is JSON, and most JSON is none.
//!
//! It must not read cells. Start with [`may_be_notebook`].

use serde::de::IgnoredAny;

use super::json::Cursor;

/// Whether what begins with `head` may be a notebook: one JSON object and nothing else, as far as `head` goes.
#[must_use]
pub fn may_be_notebook(head: &[u8]) -> bool {
    let text = json(head);
    if !text.starts_with(b"{") {
        return false;
    }
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => text.get(values.byte_offset()..).unwrap_or_default().trim_ascii().is_empty(),
        Some(Err(error)) => error.is_eof(),
        None => false,
    }
}

/// Whether `text`, which is all there is, is a notebook, be it one that was cut off.
#[must_use]
pub fn is_notebook(text: &[u8]) -> bool {
    let text = json(text);
    match serde_json::from_slice::<IgnoredAny>(text) {
        Ok(_) => {
            let document = Cursor::new(text);
            let is_list = |key: &str| document.find(key).is_some_and(|mut value| value.peek() == Some(b'['));
            document.find("nbformat").is_some() && (is_list("cells") || is_list("worksheets"))
        }
        Err(error) => error.is_eof() && begins_like_notebook(text),
    }
}

/// Whether the start of a text looks like that of a notebook.
#[must_use]
pub fn begins_like_notebook(text: &[u8]) -> bool {
    // `nbformat` often stands behind all cells.
    let has = |key: &[u8]| memchr::memmem::find(text, key).is_some();
    json(text).starts_with(b"{") && has(b"\"cells\"") && (has(b"\"nbformat\"") || has(b"\"cell_type\""))
}

fn json(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::{begins_like_notebook, is_notebook, may_be_notebook};

    #[test]
    fn a_notebook_is_told_from_other_json() {
        let check = |text: &str, maybe: bool, is: bool| {
            assert_eq!((may_be_notebook(text.as_bytes()), is_notebook(text.as_bytes())), (maybe, is), "{text}");
        };
        check(r#"{"cells": [], "nbformat": 4}"#, true, true);
        check("\u{feff}\n {\"nbformat\": 3,\"worksheets\" : [{\"cells\": []}]}\n", true, true);
        check(r#"{"nbformat": 4, "cells": [{"cell_type": "code", "sour"#, true, true);
        check(r#"{"cells": [{"cell_type": "code", "source": "\"#, true, true);
        check(r#"{"cells": []}"#, true, false);
        check(r#"{"cells": 7, "nbformat": 4}"#, true, false);
        check(r#"{"content": {"cells": [], "nbformat": 4}}"#, true, false);
        check(r#"{"a": "{\"cells\": [], \"nbformat\": 4}"}"#, true, false);
        check(r#"{"a": [1, 2"#, true, false);
        check("{\"cells\": [], \"nbformat\": 4}\n{\"cells\": [], \"nbformat\": 4}\n", false, false);
        check(r#"{"cells": [], "nbformat": 4} and more"#, false, false);
        check(r"{cells: [], nbformat: 4}", false, false);
        check(r#"[{"cells": [], "nbformat": 4}]"#, false, false);
        check("", false, false);
        check("\u{feff}", false, false);
    }

    #[test]
    fn the_start_of_a_large_one_is_enough() {
        let check = |text: &str, expected: bool| assert_eq!(begins_like_notebook(text.as_bytes()), expected, "{text}");
        check(r#"{"cells": [{"cell_type""#, true);
        check(r#"{"nbformat": 4, "cells""#, true);
        check(r#"{"cells": [{"row": 1"#, false);
        check(r#"[{"cells": [{"cell_type""#, false);
    }

    #[test]
    fn deep_nesting_is_no_deep_recursion() {
        let deep = "[".repeat(2_000_000);
        assert!(may_be_notebook(format!("{{\"cells\": {deep}").as_bytes()));
        assert!(!is_notebook(format!("{{\"cells\": {deep}").as_bytes()));
    }
}
