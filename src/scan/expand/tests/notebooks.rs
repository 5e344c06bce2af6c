//! Notebooks: the parts, their names, and what is left out.

use super::{check, open};
use crate::scan::expand::Expanded;

/// Names and texts of the parts of a notebook, then its issues.
fn parts(notebook: &str) -> Vec<(String, String)> {
    let outcome = open("x.ipynb", notebook.as_bytes());
    assert_eq!(outcome.expanded, Expanded::Whole, "{:?}", outcome.lines());
    let part = |(name, content): (String, Vec<u8>)| (name.replace("x.ipynb#", ""), String::from_utf8(content).unwrap());
    let issues: Vec<_> = outcome.issues.iter().map(|issue| (issue.origin.name(), issue.detail.clone())).collect();
    outcome.members.into_iter().map(part).chain(issues).collect()
}

#[track_caller]
fn check_parts(notebook: &str, expected: &[(&str, &str)]) {
    let parts = parts(notebook);
    let parts: Vec<_> = parts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(parts, expected);
}

#[test]
fn sources_of_all_cell_types() {
    let notebook = r##"{
      "cells": [
        {"cell_type": "code", "id": "3f2a", "execution_count": 3, "metadata": {}, "outputs": [], "source": ["a = 1\n", "b = \"x\"\t\u0041\ud83d\ude00"]},
        {"cell_type": "markdown", "metadata": {}, "source": "# Title\n\ntext"},
        {"cell_type": "raw", "id": "not valid!", "source": []}
      ],
      "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5
    }"##;
    let expected = [
        ("cell-3f2a", "a = 1\nb = \"x\"\tA😀"),
        ("cell-2", "# Title\n\ntext"),
        ("cell-3/rest", "\"id\": \"not valid!\""),
        ("metadata", "{\n\"kernelspec\": {\n\"name\": \"python3\"}}"),
    ];
    check_parts(notebook, &expected);
}

#[test]
fn outputs() {
    let notebook = r#"{"nbformat": 4, "cells": [{"id": "c", "outputs": [
        {"output_type": "stream", "name": "stdout", "text": ["one\n", "\u001b[31mtwo\u001b[0m\n"]},
        {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {
            "text/plain": ["line\n", "more"], "text/html": "<b>x</b>", "application/json": {"k": "a\nb", "n": [1, 2.50]}}},
        {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=\n", "image/svg+xml": "<svg/>", "text/plain": "<Figure>"}},
        {"output_type": "error", "ename": "KeyError", "evalue": "'k'", "traceback": ["\u001b[0;31m---\u001b[0m", "Trace"]},
        {"output_type": "odd", "more": "kept"}
    ]}]}"#;
    let expected = [
        ("cell-c/output-0", "one\ntwo\n"),
        ("cell-c/output-1", "line\nmore\n<b>x</b>\n{\n\"k\": \"a\nb\",\n\"n\": [\n1,\n2.50]}"),
        ("cell-c/output-2", "<svg/>\n<Figure>"),
        ("cell-c/traceback-3", "KeyError\n'k'\n---\nTrace"),
        ("cell-c/output-4", "\"more\": \"kept\""),
        ("x.ipynb#cell-c/output-2", "image payload of 14 bytes left out"),
    ];
    check_parts(notebook, &expected);
}

#[test]
fn version_3() {
    let notebook = r#"{"metadata": {"name": "old"}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": [
        {"cell_type": "heading", "level": 1, "metadata": {}, "source": ["Title"]},
        {"cell_type": "code", "collapsed": false, "input": ["x = 1"], "language": "python", "metadata": {}, "prompt_number": 2, "outputs": [
            {"output_type": "pyout", "prompt_number": 2, "text": ["1"], "html": ["<i>1</i>"], "png": "iVBORw0KGgo="},
            {"output_type": "stream", "stream": "stdout", "text": "out"},
            {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t"]}]}
    ], "metadata": {"sheet": "marker"}}]}"#;
    let expected = [
        ("metadata", "{\n\"name\": \"old\"}"),
        ("cell-1", "Title"),
        ("cell-2", "x = 1"),
        ("cell-2/output-0", "1\n<i>1</i>"),
        ("cell-2/output-1", "out"),
        ("cell-2/traceback-2", "E\nv\nt"),
        ("rest", "\"metadata\": {\n\"sheet\": \"marker\"}"),
        ("x.ipynb#cell-2/output-0", "image payload of 12 bytes left out"),
    ];
    check_parts(notebook, &expected);
}

#[test]
fn attachments_and_unknown_keys() {
    let notebook = r#"{"cells": [
        {"attachments": {"a.png": {"image/png": "iVBORw0KGgo="}, "b.txt": {"text/plain": "inside"}}, "source": "", "metadata": {"tags": ["t"]}, "extra": {"k": "v\n"}},
        "not an object", 7,
        {"source": {"odd": "kept"}, "cell_type": "much longer than a word of the format"}
    ], "nbformat": 4, "other": ["unknown"], "nbformat_minor": "a long string instead of a number"}"#;
    let expected = [
        ("cell-1/attachments", "inside"),
        ("cell-1/metadata", "{\n\"tags\": [\n\"t\"]}"),
        ("cell-1/rest", "\"extra\": {\n\"k\": \"v\n\"}"),
        ("cell-2/rest", "\"cell\": \"not an object\""),
        ("cell-3/rest", "\"cell\": 7"),
        ("cell-4", "{\n\"odd\": \"kept\"}"),
        ("cell-4/rest", "\"cell_type\": \"much longer than a word of the format\""),
        ("rest", "\"other\": [\n\"unknown\"]\n\"nbformat_minor\": \"a long string instead of a number\""),
        ("x.ipynb#cell-1/attachments", "image payload of 12 bytes left out"),
    ];
    check_parts(notebook, &expected);
}

#[test]
fn text_in_the_place_of_an_image_is_scanned() {
    let notebook = r#"{"cells": [{"outputs": [{"data": {"image/png": "password = x"}}]}]}"#;
    check_parts(notebook, &[("cell-1/output-0", "password = x")]);
}

#[test]
fn odd_but_readable() {
    check("x.ipynb", b"\xef\xbb\xbf {\"cells\": [{\"source\": \"marker-1\"}]}\n", &["x.ipynb#cell-1: 1"]);
    // Half a surrogate pair, bytes that are not UTF-8, and nesting that a recursive parser refuses.
    check("x.ipynb", br#"{"cells": [{"source": "\ud83d marker-1"}]}"#, &["x.ipynb#cell-1: 1"]);
    check("x.ipynb", b"{\"cells\": [{\"source\": \"\xff marker-1\"}]}", &["x.ipynb#cell-1: 1"]);
    let deep = format!(r#"{{"cells": [{{"metadata": {}"marker-1"{}}}]}}"#, "[".repeat(100_000), "]".repeat(100_000));
    check("x.ipynb", deep.as_bytes(), &["x.ipynb#cell-1/metadata: 1"]);
    check("x.ipynb", br#"{"cells": []}"#, &[]);
}

#[test]
fn not_a_notebook() {
    for text in [
        "[]",
        "{",
        "{}",
        "7",
        r#"{"cells": 7}"#,
        r#"{"cells": [{"source": "cut"#,
        "version https://git-lfs",
        r#"{"cells": []} more"#,
    ] {
        let outcome = open("x.ipynb", text.as_bytes());
        assert_eq!(outcome.expanded, Expanded::Failed, "{text}");
        assert_eq!(outcome.lines(), ["gap malformed x.ipynb"], "{text}");
    }
}

#[test]
fn a_large_image_is_not_looked_through() {
    let image = "QUJD".repeat(4 << 20);
    let notebook = format!(
        r#"{{"cells": [{{"outputs": [{{"data": {{"image/png": "{image}", "text/plain": "marker-1"}}}}], "source": "marker-2"}}]}}"#
    );
    let expected = ["x.ipynb#cell-1/output-0: 1", "x.ipynb#cell-1: 2", "note media-payload x.ipynb#cell-1/output-0"];
    check("x.ipynb", notebook.as_bytes(), &expected);
}

/// What `serde_json` makes of a string is what is scanned.
#[test]
fn strings_are_decoded_as_serde_json_does() {
    proptest::proptest!(|(text: String)| {
        let notebook = serde_json::json!({"cells": [{"source": text}]}).to_string();
        let expected: Vec<_> = Some(("cell-1".to_owned(), text)).into_iter().filter(|(_, text)| !text.is_empty()).collect();
        proptest::prop_assert_eq!(parts(&notebook), expected);
    });
}
