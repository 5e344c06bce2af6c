//! Notebooks.
#![no_main]

use std::io::{self, Cursor, Read};
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use stanch::scan::blob::Place;
use stanch::scan::expand::{Expander, Kind, Limits, Visit};
use stanch::scan::issues::Issues;

struct ReadAll;

impl Visit for ReadAll {
    fn member(&mut self, _place: &Place<'_>, bytes: &mut dyn Read) -> io::Result<()> {
        io::copy(bytes, &mut io::sink()).map(|_| ())
    }
}

fuzz_target!(|data: &[u8]| {
    let limits = Limits { members: 100, buffer: 1 << 20, ..Limits::default() };
    let issues = Issues::default();
    let place = Place::File(Path::new("x.ipynb"));
    let _ = Expander { limits: &limits, issues: &issues }.expand(Kind::Notebook, &place, &mut Cursor::new(data), &mut ReadAll);
});
