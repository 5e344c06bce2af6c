//! Sorts literals into buckets so that few places hit by chance.
//!
//! It must not know what literals are for. Start with [`buckets`].

use super::classify::{FINGERPRINT, Fingerprint};

/// How often bytes stand in source code and logs, in ten thousandths: counted in 60 MB of crates and packages and 40 MB of log, mixed
/// seven to three.
#[rustfmt::skip]
const OFTEN: [u16; 128] = [
    1, 1, 1, 1, 1, 1, 1, 1, 1, 20, 194, 1, 1, 6, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1590, 7, 167, 16, 7, 3, 14, 12, 70, 67, 27, 10, 136, 116, 122, 119,
    158, 165, 133, 93, 86, 91, 91, 74, 75, 74, 139, 37, 54, 70, 62, 3,
    4, 34, 15, 28, 21, 38, 18, 13, 14, 33, 3, 7, 22, 22, 31, 34,
    28, 5, 38, 40, 58, 13, 9, 10, 7, 7, 11, 18, 13, 18, 1, 129,
    14, 400, 113, 247, 228, 652, 154, 95, 120, 317, 11, 42, 230, 135, 317, 316,
    163, 19, 337, 340, 438, 152, 60, 53, 45, 79, 12, 20, 4, 20, 1, 1,
];

/// Bytes of 128 and more, each.
const SELDOM: f32 = 0.0001;

/// More literals than these are sorted by their bytes first and put together with their neighbours.
const MOST: usize = 96;

/// The fingerprints of one bucket, looked up by nibbles: what passes is at each place any combination of their nibbles.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) low: [u16; FINGERPRINT],
    pub(super) high: [u16; FINGERPRINT],
    cost: f32,
}

/// At most `count` buckets for fingerprints: those are put together that make the fewest hits by chance.
pub(super) fn buckets<'a>(fingerprints: impl Iterator<Item = &'a Fingerprint>, count: usize) -> Vec<Bucket> {
    let often = nibbles();
    let mut sorted: Vec<_> = fingerprints.collect();
    sorted.sort();
    let mut buckets: Vec<Bucket> = Vec::new();
    for part in sorted.chunks(sorted.len().div_ceil(MOST).max(1)) {
        let one = part.iter().map(|print| Bucket::new(print, &often));
        buckets.extend(one.reduce(|a, b| a.with(&b, &often)));
    }
    // What it costs to put two of them together, the earlier one first.
    let price = |a: &Bucket, b: &Bucket| a.with(b, &often).cost - a.cost - b.cost;
    let mut prices: Vec<Vec<f32>> =
        buckets.iter().enumerate().map(|(i, b)| buckets[..i].iter().map(|a| price(a, b)).collect()).collect();
    while buckets.len() > count.max(1) {
        let pairs = prices.iter().enumerate().flat_map(|(i, row)| row.iter().enumerate().map(move |(j, p)| (*p, i, j)));
        let Some((_, i, j)) = pairs.min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        let gone = buckets.remove(i);
        prices.remove(i);
        for row in &mut prices[i..] {
            row.remove(i);
        }
        buckets[j] = buckets[j].with(&gone, &often);
        for other in 0..buckets.len() {
            let (low, high) = (other.min(j), other.max(j));
            if low < high {
                prices[high][low] = price(&buckets[low], &buckets[high]);
            }
        }
    }
    buckets
}

impl Bucket {
    fn new(fingerprint: &Fingerprint, often: &[[f32; 16]; 16]) -> Self {
        let mut this = Self { low: [0; FINGERPRINT], high: [0; FINGERPRINT], cost: 0.0 };
        for (position, bytes) in fingerprint.iter().enumerate() {
            for byte in bytes {
                this.low[position] |= 1 << (byte & 15);
                this.high[position] |= 1 << (byte >> 4);
            }
        }
        this.weighed(often)
    }

    fn with(&self, other: &Self, often: &[[f32; 16]; 16]) -> Self {
        let both = |a: &[u16; FINGERPRINT], b: &[u16; FINGERPRINT]| std::array::from_fn(|i| a[i] | b[i]);
        let (low, high) = (both(&self.low, &other.low), both(&self.high, &other.high));
        Self { low, high, cost: 0.0 }.weighed(often)
    }

    /// How often it hits, as if bytes did not depend on each other.
    fn weighed(mut self, often: &[[f32; 16]; 16]) -> Self {
        self.cost = 1.0;
        // Any byte at a place changes nothing.
        for (low, high) in self.low.iter().zip(&self.high).filter(|(low, high)| **low & **high != u16::MAX) {
            let row = |row: &[f32; 16]| -> f32 { (0..16).filter(|l| low >> l & 1 != 0).map(|l| row[l]).sum() };
            self.cost *= (0..16).filter(|h| high >> h & 1 != 0).map(|h| row(&often[h])).sum::<f32>();
        }
        self
    }
}

/// How often bytes stand, by their upper and lower nibble; the sum is one.
fn nibbles() -> [[f32; 16]; 16] {
    let share = |byte: usize| OFTEN.get(byte).map_or(SELDOM, |n| f32::from(*n) / 10_000.0);
    let sum: f32 = (0..256).map(share).sum();
    std::array::from_fn(|high| std::array::from_fn(|low| share(high << 4 | low) / sum))
}

#[cfg(test)]
mod tests {
    use super::buckets;

    fn print(literal: [u8; 4]) -> super::Fingerprint {
        literal.map(|b| if b == b'?' { (0..=255).collect() } else { vec![b, b.to_ascii_uppercase()] })
    }

    #[test]
    fn what_is_alike_is_put_together() {
        let all = [print(*b"pass"), print(*b"://?"), print(*b"pasx"), print(*b"curl")];
        let found = buckets(all.iter(), 3);
        assert_eq!(found.len(), 3);
        let low = |at: usize| found.iter().map(|b| b.low[at].count_ones()).collect::<Vec<_>>();
        assert_eq!((low(0), low(3)), (vec![1, 1, 1], vec![16, 1, 2]));
    }

    #[test]
    fn every_literal_is_in_a_bucket() {
        let all: Vec<_> = (0..500u32).map(|n| [n, n / 3, n / 7, n / 11].map(|n| vec![n as u8])).collect();
        let found = buckets(all.iter(), 8);
        assert_eq!(found.len(), 8);
        for print in &all {
            let passes = |b: &super::Bucket| {
                (0..4).all(|i| b.low[i] >> (print[i][0] & 15) & 1 != 0 && b.high[i] >> (print[i][0] >> 4) & 1 != 0)
            };
            assert!(found.iter().any(passes));
        }
        assert!(buckets([].iter(), 8).is_empty());
    }
}
