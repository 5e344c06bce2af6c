//! Archives of every kind: what the bytes say, and what the first byte says. Seeds: `testdata/blobs/expand`.
#![no_main]

use std::io::{self, Cursor, Read};
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use stanch::scan::blob::Place;
use stanch::scan::expand::{Expander, Kind, Limits, Visit, detect};
use stanch::scan::issues::Issues;

const KINDS: [Kind; 11] =
    [Kind::Zip, Kind::Tar, Kind::Gzip, Kind::Bzip2, Kind::Xz, Kind::Zstd, Kind::SevenZip, Kind::Pdf, Kind::Sqlite, Kind::Mail, Kind::Ciphertext("age")];

struct ReadAll;

impl Visit for ReadAll {
    fn member(&mut self, _place: &Place<'_>, bytes: &mut dyn Read) -> io::Result<()> {
        io::copy(bytes, &mut io::sink()).map(|_| ())
    }
}

fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        depth: 3,
        member_bytes: 1 << 16,
        total_bytes: 1 << 18,
        ratio: 50,
        ratio_from: 1 << 12,
        members: 50,
        buffer: 1 << 16,
        window: 1 << 20,
    };
    let issues = Issues::default();
    let expander = Expander { limits: &limits, issues: &issues };
    let place = Place::File(Path::new("x.tar"));
    if let Some(kind) = detect("x.tar", &data[..data.len().min(512)]) {
        let _ = expander.expand(kind, &place, &mut Cursor::new(data), &mut ReadAll);
        expander.expand_stream(kind, &place, &mut &*data, &mut ReadAll);
    } else if let Some((first, rest)) = data.split_first() {
        let kind = KINDS[usize::from(*first) % KINDS.len()];
        let _ = expander.expand(kind, &place, &mut Cursor::new(rest), &mut ReadAll);
    }
});
