//! What JSON and YAML have in common: maps, lists and texts that are wiped when they are dropped.
//!
//! It must not know what they mean. Start with [`Tree`]; [`from_json`] and [`super::yaml::documents`] make them. A name may stand twice in a map.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::Error;

/// A value, and the line it begins in where that is known.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) line: Option<usize>,
    pub(super) node: Node,
}

/// A value.
#[derive(Clone)]
pub(super) enum Node {
    Null,
    /// A text; also a whole number or a truth value, as it is written.
    Text(Zeroizing<String>),
    /// A number of which it is not known how it was written.
    Inexact,
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl fmt::Debug for Node {
    /// Names and shapes, no values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Text(_) => f.write_str("Text(_)"),
            Self::Inexact => f.write_str("Inexact"),
            Self::List(list) => f.debug_list().entries(list).finish(),
            Self::Map(map) => f.debug_map().entries(map.iter().map(|(name, tree)| (name, tree))).finish(),
        }
    }
}

impl Tree {
    /// The value of that name, if this is a map; the last one if there are more.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.entries().iter().rev().find(|(other, _)| other == name).map(|(_, tree)| tree)
    }

    /// The text of that name, if there is one; else an empty one.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Self::as_text).unwrap_or_default()
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The values of a list of that name.
    pub(super) fn list(&self, name: &str) -> &[Self] {
        match self.get(name).map(|tree| &tree.node) {
            Some(Node::List(list)) => list,
            _ => &[],
        }
    }

    /// Names and values, if this is a map.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.node {
            Node::Map(map) => map,
            _ => &[],
        }
    }
}

/// Reads JSON. A number with a point or an exponent is [`Node::Inexact`].
pub(super) fn from_json(text: &str) -> Result<Tree, Error> {
    serde_json::from_str(text).map_err(|e| {
        let what = if e.is_eof() { "it is no complete JSON: it ends here" } else { "it is no JSON, or is nested too deep" };
        Error::Line { line: e.line().max(1), what }
    })
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl Anything {
    fn text(text: &str) -> Tree {
        Self::node(Node::Text(Zeroizing::new(text.to_owned())))
    }

    fn node(node: Node) -> Tree {
        Tree { line: None, node }
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Self::node(Node::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Self::text(if value { "true" } else { "false" }))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Self::text(&Zeroizing::new(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Self::text(&Zeroizing::new(value.to_string())))
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Tree, E> {
        Ok(Self::node(Node::Inexact))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Self::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(tree) = access.next_element()? {
            list.push(tree);
        }
        Ok(Self::node(Node::List(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(Self::node(Node::Map(map)))
    }
}
