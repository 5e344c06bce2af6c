//! Any bytes through the engine with all rules: the portable and the fast path find the same, and so do windows and the whole.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use stanch::scan::engine::{Engine, Input, Match, OVERLAP, Scratch};
use stanch::scan::rule::builtin;

/// An input is cut into about so many windows, but none is smaller than 1 KiB: with more, long inputs are slow.
const WINDOWS: usize = 8;

fn spans(engine: &Engine, input: &Input<'_>) -> Vec<(u32, usize, usize)> {
    let mut out = Vec::new();
    let base = input.base as usize;
    engine.scan(&mut Scratch::default(), input, &mut |m: &Match| out.push((m.rule, base + m.span.secret_start, base + m.span.secret_end)));
    out
}

fuzz_target!(|bytes: &[u8]| {
    static FAST: OnceLock<Engine> = OnceLock::new();
    static PLAIN: OnceLock<Engine> = OnceLock::new();
    let fast = FAST.get_or_init(|| Engine::new(builtin::rules()).expect("built-in rules"));
    let plain = PLAIN.get_or_init(|| Engine::new(builtin::rules()).expect("built-in rules").portable());
    let whole = spans(fast, &Input::whole(bytes));
    assert_eq!(whole, spans(plain, &Input::whole(bytes)));
    let mut pieces = Vec::new();
    let step = (bytes.len() / WINDOWS).next_multiple_of(1024).max(1024);
    for start in (0..bytes.len()).step_by(step) {
        let end = bytes.len().min(start + step);
        let (from, to) = (start.saturating_sub(OVERLAP), bytes.len().min(end + OVERLAP));
        let input = Input { bytes: &bytes[from..to], emit: start - from..end - from, base: from as u64, path: None, now: 0 };
        pieces.extend(spans(fast, &input));
    }
    assert_eq!(whole, pieces);
});
