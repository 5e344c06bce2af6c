//! Any bytes as a segment of an audit log: read or refused, never a panic; a record that is read is written again byte by byte.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use stanch::audit::header::{Header, Names};
use stanch::audit::line;
use stanch::audit::verify::{Anchor, verify};
use stanch::base::date::Date;

// The first byte says how many bytes are the first day's; the rest is the second's and, behind a zero, the reserve's.
fuzz_target!(|bytes: &[u8]| {
    static HEADER: OnceLock<Header> = OnceLock::new();
    let header = HEADER.get_or_init(|| Header::fresh(Names::Clear, (0, 0)).expect("random bytes").0);
    for text in bytes.split(|b| *b == b'\n') {
        if let Some(read) = line::parse(text) {
            let mut again = Vec::new();
            let signature = read.signature.map_or([0; 64], |(_, signature)| signature);
            let own = line::write(&read.record, &read.previous, |_| signature, &mut again);
            // The hash alone may be another than the one that it should have.
            if own == read.hash {
                assert_eq!(again.strip_suffix(b"\n"), Some(text));
            } else {
                assert_eq!(again[..read.body.len()], text[..read.body.len()]);
            }
            assert_eq!(read.record.clone().into_owned(), read.record);
        }
    }
    drop(Header::read(bytes, "log.json".as_ref()).map_err(|e| e.to_string()));
    drop(std::str::from_utf8(bytes).ok().and_then(Anchor::parse).map(|anchor| anchor.to_string()));
    let Some((first, rest)) = bytes.split_first() else { return };
    let (one, rest) = rest.split_at(usize::from(*first).min(rest.len()));
    let end = rest.iter().position(|b| *b == 0).unwrap_or(rest.len());
    let day = |text| Date::parse(text).expect("a day");
    let segments = [(day("2026-11-28"), one), (day("2026-11-29"), &rest[..end])];
    let report = verify(header.text().as_bytes(), &segments, &rest[end..], None, &[]).expect("the head is right");
    // Nothing is right that the log's own key did not begin.
    assert!(report.records == 0 || report.wrong.is_some() || report.last.is_some());
});
