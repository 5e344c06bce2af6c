//! Tests of the expanders: what is visited, and what is recorded as not looked at.

mod archives;
mod hostile;
mod limits;
mod notebooks;

use std::io::{Cursor, Read};
use std::path::Path;

use super::*;
use crate::scan::finding::{Issue, Level};

/// What an expansion did.
struct Outcome {
    expanded: Expanded,
    /// Names and contents of the members, in order.
    members: Vec<(String, Vec<u8>)>,
    issues: Vec<Issue>,
}

#[derive(Default)]
struct Collect(Vec<(String, Vec<u8>)>);

impl Visit for Collect {
    fn member(&mut self, place: &Place<'_>, bytes: &mut dyn Read) -> io::Result<()> {
        let mut content = Vec::new();
        bytes.read_to_end(&mut content)?;
        self.0.push((place.to_origin().name(), content));
        Ok(())
    }
}

/// Counts without keeping anything.
#[derive(Default)]
struct Count {
    members: u64,
    bytes: u64,
}

impl Visit for Count {
    fn member(&mut self, _place: &Place<'_>, bytes: &mut dyn Read) -> io::Result<()> {
        self.members += 1;
        self.bytes += io::copy(bytes, &mut io::sink())?;
        Ok(())
    }
}

pub(super) fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/blobs/expand");
    std::fs::read(folder.join(name)).unwrap()
}

fn head(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(512)]
}

fn open(name: &str, bytes: &[u8]) -> Outcome {
    open_within(name, bytes, &Limits::default())
}

/// Opens it with and without seeking: both must see the same.
fn open_within(name: &str, bytes: &[u8], limits: &Limits) -> Outcome {
    let kind = detect(name, head(bytes)).unwrap();
    let place = Place::File(Path::new(name));
    let (seeking, streaming) = (Issues::default(), Issues::default());
    let (mut members, mut again) = (Collect::default(), Collect::default());
    let expanded = Expander { limits, issues: &seeking }.expand(kind, &place, &mut Cursor::new(bytes), &mut members);
    Expander { limits, issues: &streaming }.expand_stream(kind, &place, &mut &*bytes, &mut again);
    if expanded == Expanded::Failed {
        assert!(members.0.is_empty(), "{name}");
        assert_eq!(again.0, [(name.to_owned(), bytes.to_vec())], "{name}");
    } else if bytes.len() as u64 <= limits.buffer {
        assert!(members.0 == again.0, "{name}");
        assert_eq!(seeking.finish().0, streaming.finish().0, "{name}");
        let seeking = Issues::default();
        let _ = Expander { limits, issues: &seeking }.expand(kind, &place, &mut Cursor::new(bytes), &mut Collect::default());
        return Outcome { expanded, members: members.0, issues: seeking.finish().0 };
    }
    Outcome { expanded, members: members.0, issues: seeking.finish().0 }
}

impl Outcome {
    /// One line for each member with the markers in it, one for each issue with its kind.
    fn lines(&self) -> Vec<String> {
        let members =
            self.members.iter().map(|(name, content)| format!("{name}: {}", markers(content).join(" ")).trim_end().to_owned());
        let issues = self.issues.iter().map(|issue| {
            let sign = if issue.level == Level::Gap { "gap" } else { "note" };
            format!("{sign} {} {}", issue.kind.word(), issue.origin.name())
        });
        members.chain(issues).collect()
    }

    fn gaps(&self) -> usize {
        self.issues.iter().filter(|issue| issue.level == Level::Gap).count()
    }
}

/// The words `marker-…` in a content.
fn markers(content: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(content);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let words = text.split(|c| !is_word(c)).filter_map(|word| word.strip_prefix("marker-"));
    words.map(str::to_owned).collect()
}

#[track_caller]
fn check(name: &str, bytes: &[u8], expected: &[&str]) {
    assert_eq!(open(name, bytes).lines(), expected, "{name}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::default()).read_to_end(&mut packed).unwrap();
    packed
}

fn zip_of(members: &[(&str, &[u8])], method: ::zip::CompressionMethod) -> Vec<u8> {
    use std::io::Write;
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, ::zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}
