//! References to secrets: `stanch://CONTEXT/NAME#FIELD`.
//!
//! It must not know whether there is such a secret. Start with [`Reference::parse`]; [`find`] finds them in a text.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::vault::name::{self, Context, Name};

const SCHEME: &str = "stanch://";
/// What is taken for the beginning of one, in any case.
const LOOKS_LIKE: &[u8] = b"stanch:/";
/// Bytes of a field's name, at most.
const LONGEST: usize = 128;
/// Bytes between braces, at most.
const BRACED: usize = 1024;

/// A secret, or a field of it, by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    context: Context,
    name: Name,
    field: Option<String>,
}

/// What looks like a reference is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The beginning, or no name at all.
    #[error("a reference is `stanch://CONTEXT/NAME` or `stanch://CONTEXT/NAME#FIELD`")]
    Form,
    /// Its context, or its name.
    #[error(transparent)]
    Name(#[from] name::Wrong),
    /// Its field.
    #[error("a field has letters, digits and `._-`, and at most 128 of them")]
    Field,
    /// Something else stands beside it.
    #[error("a reference with text beside it stands in braces: `{{{{ stanch://CONTEXT/NAME }}}}`")]
    Beside,
    /// A brace is missing.
    #[error("`}}}}` is missing behind a reference")]
    Open,
}

/// What stands in a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Where, with its braces.
    pub range: Range<usize>,
    /// Which one, or why it is none.
    pub reference: Result<Reference, Wrong>,
}

impl Reference {
    /// Of its parts.
    ///
    /// # Errors
    /// [`Wrong::Field`].
    pub fn new(context: Context, name: Name, field: Option<&str>) -> Result<Self, Wrong> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if field.is_some_and(|field| field.is_empty() || field.len() > LONGEST || !field.bytes().all(is_letter)) {
            return Err(Wrong::Field);
        }
        Ok(Self { context, name, field: field.map(str::to_owned) })
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Wrong`].
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let rest = text.strip_prefix(SCHEME).ok_or(Wrong::Form)?;
        let (path, field) = match rest.split_once('#') {
            Some((path, field)) => (path, Some(field)),
            None => (rest, None),
        };
        let (context, name) = path.rsplit_once('/').ok_or(Wrong::Form)?;
        Self::new(Context::parse(context)?, Name::parse(name)?, field)
    }

    /// Where the secret is.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// What it is called there.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Which field of it; `None` is the one that a secret of one value has.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.context, self.name)?;
        self.field.as_ref().map_or(Ok(()), |field| write!(f, "#{field}"))
    }
}

impl FromStr for Reference {
    type Err = Wrong;
    fn from_str(text: &str) -> Result<Self, Wrong> {
        Self::parse(text)
    }
}

/// All that looks like a reference in a text, in order: in braces, as `{{ stanch://shop/KEY }}`, or bare, up to the first character that
/// is none of one.
#[must_use]
pub fn find(text: &[u8]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut from = 0;
    while let Some(colon) = memchr::memmem::find(&text[from..], b":/").map(|n| from + n) {
        from = colon + 1;
        let Some(start) = (colon + 2).checked_sub(LOOKS_LIKE.len()) else { continue };
        if !text[start..colon + 2].eq_ignore_ascii_case(LOOKS_LIKE) || found.last().is_some_and(|last| last.range.end > start) {
            continue;
        }
        let one = one(text, start);
        from = one.range.end.max(from);
        found.push(one);
    }
    found
}

fn one(text: &[u8], start: usize) -> Found {
    let before = text[..start].trim_ascii_end();
    let length = text[start..].iter().position(|b| !is_part(*b)).unwrap_or(text.len() - start);
    if before.ends_with(b"{{") {
        return braced(text, before.len() - 2, start, length);
    }
    // A colon ends what stands before it, as in a map.
    let word = &text[start..start + length];
    let end = start + word.len() - word.iter().rev().take_while(|b| **b == b':').count();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_+.-/@".contains(byte) || *byte >= 0x80;
    let is_beside =
        start > 0 && is_word(&text[start - 1]) || text.get(end).is_some_and(|byte| !b":\"'` \t\r\n,;)]}<>|&\\#".contains(byte));
    let reference = if is_beside { Err(Wrong::Beside) } else { read(&text[start..end]) };
    Found { range: start..end, reference }
}

fn braced(text: &[u8], open: usize, start: usize, length: usize) -> Found {
    let behind = start + length;
    let blanks = text[behind..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    if text[behind + blanks..].starts_with(b"}}") {
        return Found { range: open..behind + blanks + 2, reference: read(&text[start..behind]) };
    }
    let near = &text[behind..text.len().min(behind + BRACED)];
    let reason = if memchr::memmem::find(near, b"}}").is_some() { Wrong::Form } else { Wrong::Open };
    Found { range: open..behind, reference: Err(reason) }
}

fn read(word: &[u8]) -> Result<Reference, Wrong> {
    Reference::parse(std::str::from_utf8(word).map_err(|_| Wrong::Form)?)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-@+/:#".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Reference, Wrong, find};

    #[test]
    fn references_are_read_and_written() {
        let check = |text: &str, same: &str, parts: (&str, &str, Option<&str>)| {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(reference.to_string(), same);
            assert_eq!(same.parse(), Ok(reference.clone()));
            let context = reference.context().to_string();
            assert_eq!((context.as_str(), reference.name().as_str(), reference.field()), parts);
        };
        check("stanch://shop/KEY", "stanch://shop/KEY", ("shop", "KEY", None));
        check("stanch://shop/default/me@x+1#user.name", "stanch://shop/me@x+1#user.name", ("shop", "me@x+1", Some("user.name")));
        check("stanch://acme/shop/prod:ci/K", "stanch://acme/shop/prod:ci/K", ("acme/shop/prod:ci", "K", None));
        for wrong in ["", "stanch:/a/b", "STANCH://a/b", "stanch://", "stanch://a", "x://a/b", " stanch://a/b"] {
            assert_eq!(Reference::parse(wrong), Err(Wrong::Form), "{wrong}");
        }
        for wrong in ["stanch://a/", "stanch:///b", "stanch://a/b/c/d/e", "stanch://a:x/b", "stanch://a/b c", "stanch://a/b "] {
            assert!(matches!(Reference::parse(wrong), Err(Wrong::Name(_))), "{wrong}");
        }
        for wrong in ["stanch://a/b#", "stanch://a/b#c#d", "stanch://a/b#c/d", &format!("stanch://a/b#{}", "x".repeat(129))] {
            assert_eq!(Reference::parse(wrong), Err(Wrong::Field), "{wrong}");
        }
    }

    #[test]
    fn references_are_found_in_texts() {
        let check = |text: &str, expected: &[(&str, Option<&str>)]| {
            let found = find(text.as_bytes());
            let found: Vec<_> = found
                .iter()
                .map(|one| (&text[one.range.clone()], one.reference.as_ref().ok().map(ToString::to_string)))
                .collect();
            let found: Vec<_> = found.iter().map(|(text, reference)| (*text, reference.as_deref())).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("nothing: here // stanch and stanch: x", &[]);
        check(
            "a stanch://a/b, stanch://a/c#d.",
            &[("stanch://a/b", Some("stanch://a/b")), ("stanch://a/c#d.", Some("stanch://a/c#d."))],
        );
        check(
            "x={{stanch://a/b}}@{{  stanch://a/c  }}",
            &[("{{stanch://a/b}}", Some("stanch://a/b")), ("{{  stanch://a/c  }}", Some("stanch://a/c"))],
        );
        check("stanch://a/b: x", &[("stanch://a/b", Some("stanch://a/b"))]);
        check("u:stanch://a/b@host/db", &[("stanch://a/b@host/db", None)]);
        for wrong in
            ["Stanch://a/b", "stanch:/a/b", "xstanch://a/b", "stanch://a/${X}", "stanch://a/b%20", "stanch://a/bé", "stanch://a"]
        {
            assert!(matches!(&find(wrong.as_bytes())[..], [one] if one.reference.is_err()), "{wrong}");
        }
        assert_eq!(find(b"{{ stanch://a/b")[0].reference, Err(Wrong::Open));
        assert_eq!(find(b"{{ stanch://a/b | x }}")[0].reference, Err(Wrong::Form));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in "stanch://[a-z0-9]{1,3}(/[a-z.]{1,3}){0,2}(:ci)?/[a-zA-Z0-9@+._-]{1,5}(#[a-z._-]{1,4})?") {
            if let Ok(reference) = Reference::parse(&text) {
                prop_assert_eq!(Reference::parse(&reference.to_string()), Ok(reference.clone()));
                let within = format!("x {{{{ {text} }}}} y");
                prop_assert_eq!(&find(within.as_bytes())[0].reference, &Ok(reference));
            }
        }

        #[test]
        fn nothing_that_looks_like_one_is_passed_over(text in "(stanch:/|[a-z{} /:#é]|stanch://a/b){0,12}") {
            let lower = text.to_ascii_lowercase();
            let found = find(text.as_bytes());
            for (at, _) in lower.match_indices("stanch:/") {
                prop_assert!(found.iter().any(|one| one.range.contains(&at)), "{} {:?}", text, found);
            }
            prop_assert!(found.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
        }
    }
}
