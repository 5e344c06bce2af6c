//! Single compressed streams: gzip, bzip2, xz, Zstandard, with or without a tar inside.
//!
//! It must not know what is inside, but for the tar that makes `x.tgz!member` one level. Start with [`walk`].

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::kind::Kind;
use super::limits::Limits;
use super::meter::{Counted, End, Metered};
use super::walk::Walk;
use super::{CHUNK, Expanded, tar};
use crate::scan::blob::{Container, Place};

/// Endings of packed files, and what the file is called without its packing.
const ENDINGS: &[(&str, &str)] = &[
    (".gz", ""),
    (".bz2", ""),
    (".xz", ""),
    (".zst", ""),
    (".zstd", ""),
    (".svgz", ".svg"),
    (".tgz", ".tar"),
    (".tbz", ".tar"),
    (".tbz2", ".tar"),
    (".txz", ".tar"),
    (".tzst", ".tar"),
];

/// Visits what is inside. `Failed` if not even one byte could be unpacked.
pub(super) fn walk(walk: &mut Walk<'_>, kind: Kind, place: &Place<'_>, input: &mut dyn Read) -> Expanded {
    let packed = Cell::new(0);
    let (limits, budget) = (walk.limits, walk.budget);
    let counted = BufReader::with_capacity(CHUNK, Counted { inner: input, count: &packed });
    let mut unpacker = match unpacker(kind, counted, limits) {
        Ok(unpacker) => unpacker,
        Err(error) => return walk.failed(place, &error),
    };
    let mut bytes = Metered::unpacked(&mut *unpacker, limits, budget, (&packed, 0)).without_member_limit();
    let head = walk.head(&mut bytes);
    if let (true, Some(End::Broken(error))) = (head.bytes().is_empty(), &bytes.end) {
        return walk.failed(place, error);
    }
    let name = inner_name(place);
    if tar::has_magic(head.bytes()) || (is_tar_name(&name) && tar::is_header(head.bytes())) {
        tar::walk(walk, place, &mut head.bytes().chain(&mut bytes));
        bytes.drain();
        let end = bytes.end.take();
        walk.ended(place, end);
    } else if walk.admit(place) {
        let inner = Place::Inside { outer: place, member: &name, kind: Container::Archive, source: None };
        let within = head.bytes().take(bytes.limit_member());
        walk.member(&inner, &name, &mut within.chain(&mut bytes));
        bytes.drain();
        let end = bytes.end.take();
        walk.ended(&inner, end);
    }
    walk.done(head);
    Expanded::Whole
}

fn unpacker<'r>(kind: Kind, input: BufReader<Counted<'r>>, limits: &Limits) -> io::Result<Box<dyn Read + 'r>> {
    Ok(match kind {
        Kind::Gzip => Box::new(Gzip { member: Some(flate2::bufread::GzDecoder::new(input)) }),
        Kind::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
        Kind::Xz => {
            let kib = u32::try_from(limits.window / 1024).unwrap_or(u32::MAX);
            Box::new(lzma_rust2::XzReader::new_mem_limit(input, true, kib))
        }
        Kind::Zstd => Box::new(zstd_unpacker(input, limits)?),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    })
}

/// A Zstandard decompressor with a bounded window.
pub(super) fn zstd_unpacker<'r, R: BufRead>(input: R, limits: &Limits) -> io::Result<zstd::Decoder<'r, R>> {
    let mut unpacker = zstd::Decoder::with_buffer(input)?;
    unpacker.window_log_max(limits.window.max(1024).ilog2().min(31))?;
    Ok(unpacker)
}

/// All members of a gzip file. Zero bytes after the last one are padding.
struct Gzip<R: BufRead> {
    member: Option<flate2::bufread::GzDecoder<R>>,
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let n = member.read(buf)?;
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            let Some(member) = self.member.take() else { break };
            let mut input = member.into_inner();
            if !skip_zeros(&mut input)? {
                self.member = Some(flate2::bufread::GzDecoder::new(input));
            }
        }
        Ok(0)
    }
}

/// Whether only zeros were left.
fn skip_zeros(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(true);
        }
        let zeros = bytes.iter().take_while(|b| **b == 0).count();
        let only_zeros = zeros == bytes.len();
        input.consume(zeros);
        if !only_zeros {
            return Ok(false);
        }
    }
}

fn is_tar_name(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tar"))
}

/// The name of the one file in a packed stream: its own without the ending.
fn inner_name(place: &Place<'_>) -> String {
    let name = match place {
        Place::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        Place::Stdin => "-".to_owned(),
        Place::Inside { member, kind: Container::Git, .. } => {
            let path = member.split_once(':').map_or(*member, |(_, path)| path);
            path.rsplit('/').next().unwrap_or(path).to_owned()
        }
        Place::Inside { member, .. } => member.rsplit(['/', '\\']).next().unwrap_or(member).to_owned(),
    };
    for (ending, instead) in ENDINGS {
        let Some(at) = name.len().checked_sub(ending.len()) else { continue };
        if at > 0 && name.is_char_boundary(at) && name[at..].eq_ignore_ascii_case(ending) {
            return format!("{}{instead}", &name[..at]);
        }
    }
    name
}
