//! Any bytes in any pieces through the filter: it neither fails nor holds anything back at the end, and what has no cover in it is as it was.
//! With known values, which are cut out of the bytes themselves: none of them comes out.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use stanch::base::secret::Secret;
use stanch::scan::engine::Engine;
use stanch::scan::filter::cover::Cover;
use stanch::scan::filter::fields::Fields;
use stanch::scan::filter::{Filter, OnFault, Options, When};
use stanch::scan::finding::Confidence;
use stanch::scan::known::KnownSecrets;
use stanch::scan::rule::builtin;

// The first byte says how: its low bits the cover and the pauses, the others the length of a piece.
fuzz_target!(|bytes: &[u8]| {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| Engine::new(builtin::rules()).expect("built-in rules"));
    let Some((how, bytes)) = bytes.split_first() else { return };
    let cover = match how & 3 {
        0 => Cover::Tag,
        1 => Cover::DropLine,
        _ => Cover::Mask,
    };
    let pause = if how & 4 == 0 { When::Data } else { When::Silence };
    let fields = Fields::new(&[], &[]).expect("no names");
    let separator = if how & 8 == 0 { b'\n' } else { 0 };
    let options = Options { cover, least: Confidence::Low, separator, fields, on_fault: OnFault::PassOn, now: 0 };
    let value = known_value(bytes, *how);
    let secrets: Vec<Secret> = value.iter().map(|value| Secret::new(value)).collect();
    let (known, _) = KnownSecrets::of_values(secrets.iter().map(|secret| ("mine", secret)));
    let mut filter = Filter::new(engine, options).knowing(&known);
    let mut out = Vec::new();
    let mut write = |bytes: &[u8]| {
        out.extend_from_slice(bytes);
        Ok(())
    };
    for piece in bytes.chunks(usize::from(how >> 4) * 97 + 1) {
        filter.space()[..piece.len()].copy_from_slice(piece);
        filter.filled(piece.len());
        filter.run(pause, &mut write).expect("writing to memory");
    }
    filter.run(When::End, &mut write).expect("writing to memory");
    assert!(!filter.holds());
    let counts = filter.counts();
    // In records a value that goes over the end of one is none.
    if let Some(value) = value.filter(|value| separator == b'\n' || !value.contains(&0)) {
        let value = value.trim_ascii();
        assert!(value.len() > 384 || !out.windows(value.len()).any(|part| part == value), "a known value came out");
    }
    assert_eq!((counts.bytes_in, counts.bytes_out), (bytes.len() as u64, out.len() as u64));
    assert_eq!(counts.unjudged, 0);
    assert!(!counts.replaced.is_empty() || out == bytes);
});

/// A piece of the bytes, which is a value then: where it stands is known, where it stands again is not. None of what covers are made of,
/// nor codes of a terminal, which stay.
fn known_value(bytes: &[u8], how: u8) -> Option<&[u8]> {
    let length = 8 + usize::from(how) % 29;
    let start = bytes.iter().take(4).map(|byte| usize::from(*byte)).sum::<usize>() % bytes.len().max(1);
    let value = bytes.get(start..start + length)?;
    let is_cover = |byte: &u8| b"*[]\"\x1b".contains(byte) || byte.is_ascii_whitespace();
    let is_word = |byte: &u8| byte.is_ascii_alphabetic() || b"-_:.".contains(byte);
    (!value.iter().any(is_cover) && !value.iter().all(is_word)).then_some(value)
}
