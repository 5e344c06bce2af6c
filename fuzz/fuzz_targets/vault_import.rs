//! Any bytes as a file of another tool: read or refused by every reader, whatever it is taken for; a `.env` file that is read is rewritten so that
//! what was moved is a reference and everything else stays. Seeds: `testdata/vault`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch::vault::import::{Format, Moved, Options, Plain, Why, detect, read, rewrite};

fuzz_target!(|data: &[u8]| {
    let (name, bytes) = data.split_at(data.len().min(usize::from(data.first().copied().unwrap_or(0) % 16)));
    let _ = detect(&String::from_utf8_lossy(name), bytes);
    for (format, _) in Format::ALL {
        if let Ok(import) = read(format, bytes, Options::default()) {
            let mut names: Vec<_> = import.found.iter().map(|found| found.name.as_str()).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name is given once");
        }
    }
    let Ok(import) = read(Format::Dotenv, bytes, Options::default()) else { return };
    let moved = import.found.iter().map(|found| Moved { line: found.line.unwrap(), called: &found.called, reference: "stanch://a/b" });
    let moved: Vec<_> = moved.collect();
    let out = rewrite(bytes, &moved).expect("what was found is there");
    let again = read(Format::Dotenv, &out, Options::default()).expect("a rewritten file is one");
    assert!(again.found.is_empty());
    let references = |all: &stanch::vault::import::Import| all.left.iter().filter(|left| left.why == Why::Plain(Plain::Reference)).count();
    assert_eq!(references(&again), references(&import) + moved.len());
});
