//! Any bytes as a template of any format, and any value: it is refused or rendered, and what is rendered is read back by the readers of its format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch::base::arena::Arena;
use stanch::base::secret::Secret;
use stanch::exec::environment::Environment;
use stanch::exec::reference::{self, Reference};
use stanch::exec::template::{Format, Template};

const FORMATS: [Format; 6] = [Format::Dotenv, Format::Yaml, Format::Json, Format::Toml, Format::Shell, Format::Plain];

// The first byte is the format, the second the length of the value, which comes next.
fuzz_target!(|bytes: &[u8]| {
    let [how, length, rest @ ..] = bytes else { return };
    let format = FORMATS[usize::from(*how) % FORMATS.len()];
    let (value, text) = rest.split_at(usize::from(*length).min(rest.len()));
    let found = reference::find(text);
    for one in &found {
        if let Ok(reference) = &one.reference {
            assert_eq!(Reference::parse(&reference.to_string()).as_ref(), Ok(reference));
        }
    }
    let _ = Environment::default().add_file(text);
    let Ok(template) = Template::parse(format, text) else { return };
    let asked = template.references().len();
    let rendered = template.render(&Arena::new(), &mut |references| {
        assert_eq!(references.len(), asked);
        Ok(references.iter().map(|_| Secret::new(value)).collect())
    });
    let Ok(out) = rendered else { return };
    if found.is_empty() {
        assert_eq!(out.bytes(), text);
    }
    // What was valid stays so. References in braces are no JSON and no TOML but in strings, where they stay strings.
    let (before, after) = (std::str::from_utf8(text), std::str::from_utf8(out.bytes()));
    if let (Ok(before), Ok(after)) = (before, after) {
        match format {
            Format::Json if is_json(before) => assert!(is_json(after)),
            Format::Toml if toml::from_str::<toml::Table>(before).is_ok() => assert!(is_toml(after)),
            _ => {}
        }
    }
});

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Two keys may have become the same one.
fn is_toml(text: &str) -> bool {
    toml::from_str::<toml::Table>(text).map_or_else(|error| error.message().contains("duplicate key"), |_| true)
}
