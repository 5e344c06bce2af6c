//! No report holds a value, unless values were asked for.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Color, Format, Style, Values, sample, write};
use crate::scan::finding::{Finding, Scan};

fn render(format: Format, scan: &Scan, values: Values) -> String {
    let mut out = Vec::new();
    write(format, scan, &Style { values, color: Color::On, ..Style::default() }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Pieces of `value` that would give it away: runs of its random characters. The public head of a format may be shown.
fn pieces(value: &str) -> Vec<&str> {
    value.lines().filter(|l| !l.starts_with("-----")).map(|l| &l[l.len() / 3..]).collect()
}

#[test]
fn the_sample_values_stay_in() {
    for format in Format::ALL {
        let [redacted, shown] = [Values::Redacted, Values::Shown].map(|v| render(format, &sample::sample(), v));
        for value in [sample::TOKEN, sample::PASSWORD, sample::KEY, sample::JWT] {
            for piece in pieces(value) {
                assert!(!redacted.contains(piece), "{format} holds {piece}");
                assert!(shown.contains(piece), "{format} was asked to show {piece}");
            }
        }
    }
}

#[test]
fn sarif_shows_a_value_in_one_property_only() {
    let shown = render(Format::Sarif, &sample::sample(), Values::Shown);
    for line in shown.lines().filter(|l| l.contains(sample::TOKEN)) {
        assert!(line.trim_start().starts_with("\"secret\": "), "{line}");
    }
    let mut log: serde_json::Value = serde_json::from_str(&shown).unwrap();
    for result in log["runs"][0]["results"].as_array_mut().unwrap() {
        assert!(result["properties"].as_object_mut().unwrap().remove("secret").is_some());
    }
    let redacted: serde_json::Value = serde_json::from_str(&render(Format::Sarif, &sample::sample(), Values::Redacted)).unwrap();
    assert_eq!(log, redacted, "beyond that property, both reports are the same");
}

/// A finding with the value also where no one cut it out: elsewhere on its line and in a reason.
fn careless(value: &str, line: [&str; 3], why: &str) -> Finding {
    let mut finding = sample::finding("some/file", "f", value.as_bytes());
    let [before, shown, after] = line.map(|part| part.replace('@', value));
    let place = sample::occurrence(sample::file("some/file"), 3, &before, &shown, &after);
    let member = sample::occurrence(sample::in_archive(sample::file("a.zip"), "m"), 3, &before, &shown, &after);
    finding.occurrences = vec![place, member];
    finding.why = vec![why.replace('@', value)];
    Arc::make_mut(&mut finding.rule).about = "Canary".to_owned();
    finding
}

proptest! {
    #[test]
    fn no_value_is_ever_written(
        value in "canary[a-zA-Z0-9+/=_.-]{6,60}",
        before in "[@\\PC\t\x1b]{0,40}",
        shown in "[@*]{0,10}",
        after in "[@\\PC]{0,40}",
        why in "[@a-z {}]{0,20}",
        stable in any::<bool>(),
    ) {
        let mut scan = sample::scan(vec![careless(&value, [&before, &shown, &after], &why)]);
        scan.stable_fingerprints = stable;
        for format in Format::ALL {
            let redacted = render(format, &scan, Values::Redacted);
            prop_assert!(!redacted.contains(&value[..12]), "{} holds the value", format);
            let shown = render(format, &scan, Values::Shown);
            prop_assert!(shown.contains(&value), "{} was asked for the value", format);
        }
    }
}
