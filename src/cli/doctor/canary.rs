//! A token made up for one run: nobody issued it, and every scanner should know its form.
//!
//! It must not be told to anybody: [`Canary::hidden`] takes it out of what is repeated. Start with [`Canary::new`].

use crate::base::crypto::{NoRandom, random};
use crate::base::text::hex;

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A made-up token, and the names of the files that are planted.
pub(super) struct Canary {
    value: String,
    /// A part of names, another one in each run.
    mark: String,
}

impl Canary {
    /// Another one each time: a baseline or an ignore file cannot know it.
    pub(super) fn new() -> Result<Self, NoRandom> {
        let body: String = random::<30>()?.iter().map(|byte| char::from(BASE62[usize::from(*byte) % BASE62.len()])).collect();
        let mut crc = flate2::Crc::new();
        crc.update(body.as_bytes());
        let mut sum = [b'0'; 6];
        let mut rest = crc.sum();
        for digit in sum.iter_mut().rev() {
            *digit = BASE62[(rest % 62) as usize];
            rest /= 62;
        }
        // Of the form of a GitHub token, whose last six characters are a checksum.
        let value = format!("gh{}_{body}{}", 'p', String::from_utf8_lossy(&sum));
        Ok(Self { value, mark: hex(&random::<4>()?) })
    }

    /// The file that it stands in, and its line there.
    pub(super) fn file(&self, n: usize) -> String {
        format!("canary-{}-{n}.txt", self.mark)
    }

    /// A file without it.
    pub(super) fn control(&self, n: usize) -> String {
        format!("control-{}-{n}.txt", self.mark)
    }

    /// A text that holds it.
    pub(super) fn text(&self) -> String {
        format!("a made-up token, planted to see whether it is found:\ntoken = \"{}\"\n", self.value)
    }

    /// Does a text hold it?
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        memchr::memmem::find(bytes, self.value.as_bytes()).is_some()
    }

    /// A text without it.
    pub(super) fn hidden(&self, text: &str) -> String {
        text.replace(&self.value, "********")
    }
}

#[cfg(test)]
mod tests {
    use super::Canary;
    use crate::scan::engine::meaning::checksum::crc32_base62;

    #[test]
    fn its_checksum_is_right_and_no_two_are_the_same() {
        let (one, other) = (Canary::new().unwrap(), Canary::new().unwrap());
        assert!(crc32_base62(one.value.as_bytes()));
        assert_ne!(one.value, other.value);
        assert!(one.is_in(one.text().as_bytes()) && !one.is_in(other.text().as_bytes()));
        assert!(!one.is_in(one.hidden(&one.text()).as_bytes()));
    }
}
