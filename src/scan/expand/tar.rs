//! tar: v7, ustar, GNU and pax, read as a stream in constant memory.
//!
//! Own code rather than a crate, because long names and pax records of any size must not be held in memory, and because what
//! follows a broken header is scanned as raw bytes instead of being dropped. Formats: POSIX.1-2017 `pax`, and "Basic Tar
//! Format" of the GNU tar manual. It must not know how the stream was packed. Start with [`walk`].

use std::io::{self, BufReader, Read};

use super::CHUNK;
use super::meter::{Metered, fill, skip};
use super::walk::Walk;
use crate::scan::blob::{Container, Place};
use crate::scan::finding::IssueKind;

const BLOCK: usize = 512;

/// Most bytes of a long name or of pax records that are kept; the rest is skipped.
const MAX_EXTENSION: u64 = 64 * 1024;

/// What an extension header says about the member that follows.
#[derive(Default)]
struct Ahead {
    name: Option<String>,
    size: Option<u64>,
}

/// The bytes of one member.
struct Payload<'r> {
    input: &'r mut dyn Read,
    left: u64,
}

enum Step {
    Next,
    Stop,
}

/// Whether `head` says that it is a ustar or GNU header.
pub(super) fn has_magic(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar") && matches!(head.get(262), Some(0 | b' '))
}

/// Whether `head` is a header of any kind: its checksum is right.
pub(super) fn is_header(head: &[u8]) -> bool {
    let Some(block) = head.first_chunk::<BLOCK>() else { return false };
    let Some(expected) = number(&block[148..156]) else { return false };
    let sum: u64 = block.iter().map(|b| u64::from(*b)).sum();
    let own: u64 = block[148..156].iter().map(|b| u64::from(*b)).sum();
    sum - own + 8 * u64::from(b' ') == expected
}

/// Visits the members. What does not belong to one, such as the rest after a broken header, is scanned under `place` itself.
pub(super) fn walk(walk: &mut Walk<'_>, place: &Place<'_>, input: &mut dyn Read) {
    let input = &mut BufReader::with_capacity(CHUNK, input);
    let mut ahead = Ahead::default();
    let mut ended = false;
    let mut block = [0; BLOCK];
    loop {
        let n = match fill(input, &mut block) {
            Ok(0) => return,
            Ok(n) => n,
            Err(error) => return walk.broken(place, &error),
        };
        if n == BLOCK && block.iter().all(|b| *b == 0) {
            ended = true;
            continue;
        }
        let size = ahead.size.take().or_else(|| number(&block[124..136]));
        let (true, Some(size)) = (n == BLOCK && is_header(&block), size) else {
            if !ended {
                walk.gap(IssueKind::Malformed, place, "a header is damaged; the rest was scanned as raw bytes");
            }
            return walk.raw(place, &mut block[..n].chain(input));
        };
        match entry(walk, place, (&block, size, &mut ahead), input) {
            Ok(Step::Next) => {}
            Ok(Step::Stop) => return,
            Err(error) => return walk.broken(place, &error),
        }
    }
}

type Header<'h> = (&'h [u8; BLOCK], u64, &'h mut Ahead);

fn entry(walk: &mut Walk<'_>, place: &Place<'_>, header: Header<'_>, input: &mut dyn Read) -> io::Result<Step> {
    let (block, size, ahead) = header;
    match block[156] {
        b'L' => {
            let name = extension(input, size)?;
            let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
            ahead.name = Some(String::from_utf8_lossy(&name[..end]).into_owned());
        }
        b'x' => read_pax(&extension(input, size)?, ahead),
        // A long link name, or records for all members (which give neither names nor sizes in practice).
        b'K' | b'g' => skip_payload(input, size)?,
        // Links, devices, folders and FIFOs have no payload, whatever their size field says.
        b'1'..=b'6' => *ahead = Ahead::default(),
        // A volume label, and the list of names in a folder of an incremental dump.
        b'V' | b'D' => {
            *ahead = Ahead::default();
            skip_payload(input, size)?;
        }
        kind => {
            if kind == b'S' {
                skip_sparse_map(block, input)?;
            }
            let name = std::mem::take(ahead).name.unwrap_or_else(|| header_name(block));
            if size == 0 {
                return Ok(Step::Next);
            }
            if !walk.admit(place) {
                return Ok(Step::Stop);
            }
            return member(walk, place, (&name, size), input).map(|()| Step::Next);
        }
    }
    Ok(Step::Next)
}

fn member(walk: &mut Walk<'_>, place: &Place<'_>, entry: (&str, u64), input: &mut dyn Read) -> io::Result<()> {
    let (name, size) = entry;
    let inner = Place::Inside { outer: place, member: name, kind: Container::Archive, source: None };
    let mut payload = Payload { input, left: size };
    let limits = walk.limits;
    let mut bytes = Metered::slice(&mut payload, limits);
    walk.member(&inner, name, &mut bytes);
    let end = bytes.end.take();
    walk.ended(&inner, end);
    let left = payload.left;
    skip(input, left.saturating_add(padding(size)))?;
    Ok(())
}

/// Bytes from the end of a payload to the next block.
fn padding(size: u64) -> u64 {
    (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64
}

fn skip_payload(input: &mut dyn Read, size: u64) -> io::Result<()> {
    skip(input, size.saturating_add(padding(size))).map(|_| ())
}

fn extension(input: &mut dyn Read, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size.min(MAX_EXTENSION)).unwrap_or(0)];
    let n = fill(input, &mut bytes)?;
    bytes.truncate(n);
    skip(input, size.saturating_sub(MAX_EXTENSION).saturating_add(padding(size)))?;
    Ok(bytes)
}

/// Old GNU sparse files: more of the map follows in blocks of its own.
fn skip_sparse_map(block: &[u8; BLOCK], input: &mut dyn Read) -> io::Result<()> {
    let mut more = block[482] == 1;
    let mut map = [0; BLOCK];
    while more {
        more = fill(input, &mut map)? == BLOCK && map[504] == 1;
    }
    Ok(())
}

/// Records of the form `LENGTH KEY=VALUE\n`.
fn read_pax(mut records: &[u8], ahead: &mut Ahead) {
    while let Some(space) = records.iter().position(|b| *b == b' ') {
        let len = str::from_utf8(&records[..space]).ok().and_then(|n| n.parse::<usize>().ok());
        let Some(record) = len.and_then(|len| records.get(space + 1..len)) else { return };
        records = &records[space + 1 + record.len()..];
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let Some(equals) = record.iter().position(|b| *b == b'=') else { continue };
        let value = String::from_utf8_lossy(&record[equals + 1..]);
        match &record[..equals] {
            b"path" if ahead.name.is_none() => ahead.name = Some(value.into_owned()),
            b"GNU.sparse.name" => ahead.name = Some(value.into_owned()),
            b"size" => ahead.size = value.parse().ok(),
            _ => {}
        }
    }
}

fn header_name(block: &[u8; BLOCK]) -> String {
    let until_nul = |field: &[u8]| {
        let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
        String::from_utf8_lossy(&field[..end]).into_owned()
    };
    let name = until_nul(&block[..100]);
    let is_ustar = &block[257..263] == b"ustar\0";
    if is_ustar && block[345] != 0 { format!("{}/{name}", until_nul(&block[345..500])) } else { name }
}

/// A number field: octal digits, or big-endian binary if the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let (high, low) = field.split_at(field.len() - 8);
        let zero = high.iter().enumerate().all(|(i, b)| if i == 0 { *b == 0x80 } else { *b == 0 });
        let low = u64::from_be_bytes(low.try_into().ok()?);
        return (zero || (high.is_empty() && low >> 56 == 0x80)).then_some(if high.is_empty() { low & !(1 << 63) } else { low });
    }
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    let digits = field[..end].trim_ascii();
    if digits.is_empty() {
        return Some(0);
    }
    digits.iter().try_fold(0u64, |n, b| match b {
        b'0'..=b'7' => n.checked_mul(8)?.checked_add(u64::from(b - b'0')),
        _ => None,
    })
}

impl Read for Payload<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        if most == 0 {
            return Ok(0);
        }
        let n = self.input.read(&mut buf[..most])?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= n as u64;
        Ok(n)
    }
}
