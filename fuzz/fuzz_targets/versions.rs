//! A text made from another one, in any pieces, has the matches of the text scanned as a whole.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use stanch::scan::engine::carry::Segment;
use stanch::scan::engine::{Engine, Input, Match, Scratch};
use stanch::scan::rule::builtin;

fuzz_target!(|input: (Vec<u8>, Vec<(u16, u16, Vec<u8>)>)| {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| Engine::new(builtin::rules()).expect("built-in rules"));
    let (old, steps) = input;
    let (mut new, mut segments) = (Vec::new(), Vec::new());
    for (from, length, inserted) in steps {
        let from = usize::from(from).min(old.len());
        let end = old.len().min(from + usize::from(length));
        segments.push(Segment { to: new.len()..new.len() + end - from, from: Some(from) });
        new.extend_from_slice(&old[from..end]);
        segments.push(Segment { to: new.len()..new.len() + inserted.len(), from: None });
        new.extend_from_slice(&inserted);
    }
    let mut scratch = Scratch::default();
    let record = engine.scan_version(&mut scratch, &Input::whole(&old), None);
    engine.scan_version(&mut scratch, &Input::whole(&new), Some((&record, &segments)));
    let carried: Vec<Match> = scratch.matches().to_vec();
    let mut whole = Vec::new();
    engine.scan(&mut scratch, &Input::whole(&new), &mut |m: &Match| whole.push(m.clone()));
    assert_eq!(carried.len(), whole.len());
    assert!(carried.iter().zip(&whole).all(|(a, b)| a == b));
});
