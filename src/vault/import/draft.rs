//! Secrets while they are read: names are made and given out once.
//!
//! It must not know any format. Start with [`Collector::add`].

use std::collections::HashMap;

use super::super::base::date::Date;
use super::super::base::secret::Secret;
use super::super::name::Name;
use super::{Doubt, Found, Import, Left, Named, Why};

/// Bytes of a name, at most.
const LONGEST: usize = 128;

/// A secret that has no name yet.
pub(super) struct Draft(Found, Names);

impl Draft {
    /// One that the file calls `called`, without fields.
    pub(super) fn new(called: &str, line: Option<usize>) -> Self {
        let name = Name::parse("_").expect("it has one letter");
        let (called, fields, doubts) = (called.to_owned(), Vec::new(), Vec::new());
        let found = Found { name, named: Named::AsCalled, called, line, fields, about: super::About::default(), doubts };
        Self(found, Names::default())
    }

    /// Adds a field, unless it is empty. A second one of the same name ends in a number.
    pub(super) fn field(&mut self, name: &str, value: &[u8]) {
        if value.is_empty() {
            return;
        }
        let (free, named) = self.1.take(name);
        if named == Named::Taken {
            self.doubt(Doubt::Repeated);
        }
        self.0.fields.push((free, Secret::new(value)));
    }

    /// Adds what is a secret unless it plainly is none.
    pub(super) fn judge(&mut self, name: &str, value: &str) {
        if super::is_plain(name, value).is_some() { self.tag(name, value) } else { self.field(name, value.as_bytes()) }
    }

    /// Adds something that is no secret, unless it is empty.
    pub(super) fn tag(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.0.about.tags.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Says what it opens; a second address becomes a tag.
    pub(super) fn opens(&mut self, address: &str) {
        if has_credentials(address) {
            self.field("address", address.as_bytes());
        } else if self.0.about.opens.is_none() && !address.is_empty() {
            self.0.about.opens = Some(address.to_owned());
        } else {
            self.tag("address", address);
        }
    }

    pub(super) fn owner(&mut self, owner: &str) {
        self.0.about.owner = Some(owner.to_owned()).filter(|owner| !owner.is_empty());
    }

    pub(super) fn expires(&mut self, day: Option<Date>) {
        self.0.about.expires = day.or(self.0.about.expires);
    }

    pub(super) fn doubt(&mut self, doubt: Doubt) {
        if let Err(at) = self.0.doubts.binary_search(&doubt) {
            self.0.doubts.insert(at, doubt);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.fields.is_empty()
    }

    pub(super) fn called(&self) -> &str {
        &self.0.called
    }
}

/// May an address open something by itself?
fn has_credentials(address: &str) -> bool {
    address.contains(['@', '?', '#']) && address.contains("://")
}

/// Secrets as they are found, and the names that are taken.
#[derive(Default)]
pub(super) struct Collector {
    import: Import,
    names: Names,
}

/// Names that are taken, and the number that the last one of that name ends in.
#[derive(Default)]
struct Names(HashMap<String, usize>);

impl Collector {
    /// Takes what is complete; without a field it is left.
    pub(super) fn add(&mut self, draft: Draft) {
        if draft.is_empty() {
            self.leave(draft.called(), draft.0.line, Why::NoSecret);
            return;
        }
        let mut found = draft.0;
        let (name, named) = self.names.take(&found.called);
        (found.name, found.named) = (Name::parse(&name).expect("other signs were replaced"), named);
        self.import.found.push(found);
    }

    /// Something that is not taken.
    pub(super) fn leave(&mut self, called: &str, line: Option<usize>, why: Why) {
        self.import.left.push(Left { called: called.to_owned(), line, why });
    }

    pub(super) fn finish(self) -> Import {
        self.import
    }
}

impl Names {
    /// A name that is free, for something that is called that.
    fn take(&mut self, called: &str) -> (String, Named) {
        let slug = slug(called);
        let mut named = if slug == called { Named::AsCalled } else { Named::Changed };
        let mut free = slug.clone();
        let mut number = self.0.get(&slug).copied().unwrap_or(1);
        while self.0.contains_key(&free) {
            number += 1;
            free = numbered(&slug, number);
            named = Named::Taken;
        }
        self.0.insert(slug, number);
        self.0.entry(free.clone()).or_insert(1);
        (free, named)
    }
}

/// A name as near to `called` as can be: signs that no name has become `-`, once in a row and not at the ends.
fn slug(called: &str) -> String {
    let mut out = String::new();
    for letter in called.chars() {
        let fits = letter.is_ascii_alphanumeric() || "._-@+".contains(letter);
        let letter = if fits { letter } else { '-' };
        let first = out.is_empty() && !(letter.is_ascii_alphanumeric() || letter == '_');
        if out.len() == LONGEST {
            break;
        }
        if !first && (fits || !out.ends_with('-')) {
            out.push(letter);
        }
    }
    if out != called {
        out.truncate(out.trim_end_matches('-').len());
    }
    if out.is_empty() { "unnamed".to_owned() } else { out }
}

fn numbered(slug: &str, number: usize) -> String {
    let end = format!("-{number}");
    format!("{}{end}", &slug[..slug.len().min(LONGEST - end.len())])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Collector, Draft, Name, Named, slug};

    fn named(all: &[&str]) -> Vec<(String, Named)> {
        let mut collector = Collector::default();
        for called in all {
            let mut draft = Draft::new(called, None);
            draft.field("value", b"x");
            collector.add(draft);
        }
        collector.finish().found.into_iter().map(|found| (found.name.to_string(), found.named)).collect()
    }

    #[test]
    fn names_are_made() {
        let check = |called: &str, expected: &str| assert_eq!(slug(called), expected);
        check("DB_PASSWORD", "DB_PASSWORD");
        check("ends-", "ends-");
        check("My Bank (old)", "My-Bank-old");
        check("größe", "gr-e");
        check("../../etc", "etc");
        check("", "unnamed");
        check("日本", "unnamed");
        check("a\u{202e}b\0", "a-b");
        check(&"a".repeat(200), &"a".repeat(128));
    }

    #[test]
    fn a_name_is_given_once() {
        use Named::{AsCalled, Changed, Taken};
        let check = |all: &[&str], expected: &[(&str, Named)]| {
            let expected: Vec<_> = expected.iter().map(|(name, named)| ((*name).to_owned(), *named)).collect();
            assert_eq!(named(all), expected);
        };
        check(&["a b", "a/b", "a-b"], &[("a-b", Changed), ("a-b-2", Taken), ("a-b-3", Taken)]);
        check(&["a", "a", "a-2", "a"], &[("a", AsCalled), ("a-2", Taken), ("a-2-2", Taken), ("a-3", Taken)]);
        let long = "a".repeat(128);
        check(&[&long, &long], &[(&long, AsCalled), (&format!("{}-2", "a".repeat(126)), Taken)]);
        assert_eq!(named(&vec!["same"; 20_000]).last().unwrap().0, "same-20000");
    }

    proptest! {
        #[test]
        fn names_differ_and_are_names(all in prop::collection::vec("(?s).{0,4}|[ab-]{0,3}(-2)?", 0..20)) {
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let names = named(&all);
            let mut sorted: Vec<&String> = names.iter().map(|(name, _)| name).collect();
            sorted.sort();
            sorted.dedup();
            prop_assert_eq!(sorted.len(), all.len());
            for (called, (name, how)) in all.iter().zip(&names) {
                prop_assert!(Name::parse(name).is_ok());
                prop_assert_eq!(*how == Named::AsCalled, called == name);
            }
        }
    }
}
