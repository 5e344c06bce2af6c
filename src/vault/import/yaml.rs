//! YAML, with every scalar as it is written and the line it stands in.
//!
//! It must not know what a document means. Start with [`documents`]. Aliases and merge keys are followed, within limits: what they repeat counts again.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Tag};
use zeroize::Zeroizing;

use super::tree::{Node, Tree};
use super::{Error, LARGEST};

/// Maps and lists in one another, at most.
const DEEPEST: usize = 64;
/// Values in a file, repeated ones included, at most.
const MOST: usize = 2_000_000;

/// The documents of a file.
pub(super) fn documents(text: &str) -> Result<Vec<Tree>, Error> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) =
            next.map_err(|e| Error::Line { line: e.marker().line().max(1), what: "it is no YAML, or is nested too deep" })?;
        builder.line = span.start.line().max(1);
        builder.event(event)?;
    }
    Ok(builder.documents)
}

/// A map or a list that is not complete.
struct Open {
    tree: Tree,
    anchor: usize,
    /// Of a map, the name whose value comes next.
    name: Option<String>,
    /// Of a map, what others give it that it may say itself.
    merged: Vec<Tree>,
}

#[derive(Default)]
struct Builder {
    documents: Vec<Tree>,
    open: Vec<Open>,
    anchors: HashMap<usize, Tree>,
    line: usize,
    values: usize,
    bytes: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>) -> Result<(), Error> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = scalar(text, style, tag.as_deref());
                let tree = Tree { line: Some(self.line), node };
                self.count(&tree)?;
                self.complete(tree, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(Node::List(Vec::new()), anchor),
            Event::MappingStart(_, anchor, _) => self.begin(Node::Map(Vec::new()), anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(mut done) => {
                    if let Node::Map(map) = &mut done.tree.node {
                        merge(map, &done.merged);
                    }
                    self.complete(done.tree, done.anchor)
                }
                None => self.wrong("it is no YAML"),
            },
            Event::Alias(anchor) => {
                let Some(tree) = self.anchors.get(&anchor).cloned() else { return self.wrong("an alias that holds itself") };
                self.count(&tree)?;
                self.complete(tree, 0)
            }
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn wrong<T>(&self, what: &'static str) -> Result<T, Error> {
        Err(Error::Line { line: self.line, what })
    }

    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        if self.open.len() == DEEPEST {
            return self.wrong("it is nested too deep");
        }
        let tree = Tree { line: Some(self.line), node };
        self.count(&tree)?;
        self.open.push(Open { tree, anchor, name: None, merged: Vec::new() });
        Ok(())
    }

    fn complete(&mut self, tree: Tree, anchor: usize) -> Result<(), Error> {
        if anchor != 0 {
            // Kept beside the tree: it counts again.
            self.count(&tree)?;
            self.anchors.insert(anchor, tree.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(tree);
            return Ok(());
        };
        match (&mut open.tree.node, open.name.take()) {
            (Node::List(list), _) => list.push(tree),
            (Node::Map(_), Some(name)) if name == "<<" => {
                let maps = if let Node::List(list) = tree.node { list } else { vec![tree] };
                if maps.iter().any(|tree| !matches!(tree.node, Node::Map(_))) {
                    return self.wrong("only a map can be merged into one");
                }
                open.merged.extend(maps);
            }
            (Node::Map(map), Some(name)) => map.push((name, tree)),
            (Node::Map(_), None) => match tree.node {
                Node::Text(text) => open.name = Some(text.to_string()),
                Node::Null => open.name = Some("null".to_owned()),
                _ => return self.wrong("a name that is a map or a list"),
            },
            _ => return self.wrong("it is no YAML"),
        }
        Ok(())
    }

    /// Counts a value and all in it.
    fn count(&mut self, tree: &Tree) -> Result<(), Error> {
        self.values += 1;
        match &tree.node {
            Node::Text(text) => self.bytes += text.len(),
            Node::List(list) => list.iter().try_for_each(|tree| self.count(tree))?,
            Node::Map(map) => map.iter().try_for_each(|(name, tree)| {
                self.bytes += name.len();
                self.count(tree)
            })?,
            Node::Null | Node::Inexact => {}
        }
        if self.values > MOST || self.bytes > 2 * LARGEST {
            return self.wrong("it holds too much, or its aliases repeat too much");
        }
        Ok(())
    }
}

/// What a map does not say itself is taken from the first one that does.
fn merge(map: &mut Vec<(String, Tree)>, from: &[Tree]) {
    let mut names: HashSet<String> =
        if from.is_empty() { HashSet::new() } else { map.iter().map(|(name, _)| name.clone()).collect() };
    for (name, tree) in from.iter().flat_map(Tree::entries) {
        if names.insert(name.clone()) {
            map.push((name.clone(), tree.clone()));
        }
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Node {
    let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
    let is_null = style == ScalarStyle::Plain && !is_text && matches!(&*text, "~" | "null" | "Null" | "NULL" | "");
    if is_null {
        return Node::Null;
    }
    Node::Text(Zeroizing::new(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::Error;
    use super::super::tree::{Node, Tree};
    use super::documents;

    fn shown(tree: &Tree) -> String {
        let line = tree.line.map(|line| format!("@{line}")).unwrap_or_default();
        match &tree.node {
            Node::Null => format!("~{line}"),
            Node::Inexact => "?".to_owned(),
            Node::Text(text) => format!("{:?}{line}", text.as_str()),
            Node::List(list) => format!("[{}]", list.iter().map(shown).collect::<Vec<_>>().join(" ")),
            Node::Map(map) => {
                format!("{{{}}}", map.iter().map(|(n, t)| format!("{n}:{}", shown(t))).collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn scalars_are_as_they_are_written() {
        let check = |text: &str, expected: &str| {
            let all: Vec<String> = documents(text).unwrap().iter().map(shown).collect();
            assert_eq!(all.join("; "), expected, "{text}");
        };
        check("", "");
        check("a: 0123\nb: 12e4\nc: 'x'\nd: \"y\\n\"\ne: 1.50\n", r#"{a:"0123"@1 b:"12e4"@2 c:"x"@3 d:"y\n"@4 e:"1.50"@5}"#);
        check("a: |\n  one\n  two\nb: ~\nc:\nd: 'null'\n", r#"{a:"one\ntwo\n"@2 b:~@4 c:~@5 d:"null"@6}"#);
        check("- a\n- [b, {c: d}]\n", r#"["a"@1 ["b"@2 {c:"d"@2}]]"#);
        check("a: 1\n---\nb: 2\n...\n", r#"{a:"1"@1}; {b:"2"@3}"#);
        check("a: 1\na: 2\n", r#"{a:"1"@1 a:"2"@2}"#);
        check(
            "x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: *x\n",
            r#"{x:{a:"1"@1 b:"2"@1} y:{b:"3"@4 a:"1"@1} z:{a:"1"@1 b:"2"@1}}"#,
        );
        check("y:\n  b: 3\n  <<: [{a: 1}, {a: 2, b: 4}]\n", r#"{y:{b:"3"@2 a:"1"@3}}"#);
        check("!!str null", r#""null"@1"#);
    }

    #[test]
    fn bombs_and_nonsense_are_refused() {
        let wrong = |text: &str| assert!(matches!(documents(text), Err(Error::Line { .. })), "{}", &text[..text.len().min(60)]);
        wrong("a: [");
        wrong("a: 'x");
        wrong("a: *nowhere");
        wrong("a: &a [*a]");
        wrong("? [a]\n: b");
        wrong("<<: x");
        wrong(&"[".repeat(100_000));
        wrong(&"- ".repeat(100_000));
        wrong(&"{a: ".repeat(70));
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..12 {
            let before = format!("*a{}, ", n - 1).repeat(10);
            writeln!(bomb, "a{n}: &a{n} [{before}]").unwrap();
        }
        wrong(&bomb);
        let mut wide = format!("a: &a {}\n", "x".repeat(1 << 20));
        (0..200).for_each(|n| writeln!(wide, "b{n}: *a").unwrap());
        wrong(&wide);
    }
}
