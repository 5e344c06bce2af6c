//! Any text around a finding: what silences it is decided without a panic, and the same with any other text far away.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch::base::date::Date;
use stanch::scan::finding::Fingerprint;
use stanch::scan::suppress::{Candidate, Decision, Suppressions, Text};

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (at, length, bytes) = input;
    let suppressions = Suppressions::default().knowing(["github-pat".to_owned(), "jwt".to_owned()].into());
    let decide = |bytes: &[u8], at: usize| {
        let span = at.min(bytes.len())..(at + usize::from(length)).min(bytes.len());
        let fingerprint = Fingerprint("0".repeat(32));
        let candidate = Candidate { rule: "github-pat", fingerprint: &fingerprint, secret: b"x", path: None };
        suppressions.decide(&candidate, &Text::of(bytes), span, Date::from_unix(1_800_000_000))
    };
    let decision = decide(bytes, usize::from(at));
    let far = [b"stanch:allow[github-pat] -- far away\n\n\n", bytes].concat();
    if usize::from(at) <= bytes.len() && bytes.first() != Some(&b'\n') {
        assert_eq!(matches!(decision, Decision::AllowedInline { .. }), {
            matches!(decide(&far, usize::from(at) + far.len() - bytes.len()), Decision::AllowedInline { .. })
        });
    }
});
