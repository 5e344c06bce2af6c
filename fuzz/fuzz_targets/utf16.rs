//! Any bytes as UTF-16 in pieces of any size: the same text as decoded as a whole.
#![no_main]

use std::io::{self, Read};

use libfuzzer_sys::fuzz_target;
use stanch::scan::source::utf16::{Decoder, Order};

/// Gives a few bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.1.min(buffer.len()).min(self.0.len());
        buffer[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

fuzz_target!(|input: (u8, bool, &[u8])| {
    let (step, little, bytes) = input;
    let order = if little { Order::Little } else { Order::Big };
    let mut text = String::new();
    Decoder::new(Pieces(bytes, usize::from(step).max(1)), order).read_to_string(&mut text).expect("UTF-8");
    let unit = |pair: &[u8]| match (pair, little) {
        ([a, b], true) => u16::from_le_bytes([*a, *b]),
        ([a, b], false) => u16::from_be_bytes([*a, *b]),
        _ => 0xd800,
    };
    let units: Vec<u16> = bytes.chunks(2).map(unit).collect();
    let units = units.strip_prefix(&[0xfeff]).unwrap_or(&units);
    assert_eq!(text, String::from_utf16_lossy(units));
});
