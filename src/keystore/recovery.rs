//! A recovery code: 160 random bits to be written down, which open a vault when everything else is lost.
//!
//! It must not know what it opens. Start with [`Code::fresh`].

use zeroize::Zeroizing;

use super::Error;
use super::base::crypto::{digest, random};

/// Letters and digits that are not taken for each other (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BYTES: usize = 20;
/// 160 bits are 32 digits of 5; two more tell most mistakes of writing.
const DIGITS: usize = 34;
const GROUP: usize = 5;

/// The bits of a code.
pub struct Code(Zeroizing<[u8; BYTES]>);

impl Code {
    /// A new one.
    ///
    /// # Errors
    /// If there are no random bytes.
    pub fn fresh() -> Result<Self, Error> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    /// As it is written down: groups of five, with a check at the end.
    #[must_use]
    pub fn words(&self) -> Zeroizing<String> {
        let mut words = Zeroizing::new(String::with_capacity(DIGITS + DIGITS / GROUP));
        for (place, digit) in self.digits().iter().enumerate() {
            if place > 0 && place % GROUP == 0 {
                words.push('-');
            }
            words.push(char::from(ALPHABET[usize::from(*digit)]));
        }
        words
    }

    /// Reads what was written down: case, spaces and hyphens do not matter; O is 0, and I and L are 1.
    ///
    /// # Errors
    /// [`Error::Wrong`] if it has another length, a sign of another alphabet, or does not fit its check.
    pub fn read(words: &str) -> Result<Self, Error> {
        let wrong = || Error::Wrong("recovery code");
        let mut digits = Zeroizing::new(Vec::with_capacity(DIGITS));
        for sign in words.bytes().filter(|sign| !sign.is_ascii_whitespace() && *sign != b'-') {
            let sign = match sign.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                sign => sign,
            };
            let digit = ALPHABET.iter().position(|other| *other == sign).ok_or_else(wrong)?;
            if digits.len() == DIGITS {
                return Err(wrong());
            }
            digits.push(digit as u8);
        }
        if digits.len() != DIGITS {
            return Err(wrong());
        }
        let mut bytes = Zeroizing::new([0; BYTES]);
        for (place, digit) in digits[..BYTES * 8 / 5].iter().enumerate() {
            for bit in 0..5 {
                let at = place * 5 + bit;
                bytes[at / 8] |= (digit >> (4 - bit) & 1) << (7 - at % 8);
            }
        }
        let code = Self(bytes);
        if *code.digits() == *digits { Ok(code) } else { Err(wrong()) }
    }

    /// The key of a slot under `salt`. The code is as hard to guess as a key is: no memory is spent on it.
    #[must_use]
    pub fn key(&self, salt: &[u8; 16]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(digest(&[b"stanch recovery 1", salt, &*self.0]))
    }

    fn digits(&self) -> Zeroizing<Vec<u8>> {
        let bit = |at: usize| self.0[at / 8] >> (7 - at % 8) & 1;
        let mut digits = Zeroizing::new(Vec::with_capacity(DIGITS));
        digits.extend((0..BYTES * 8 / 5).map(|place| (0..5).fold(0, |digit, of| digit << 1 | bit(place * 5 + of))));
        let check = digest(&[b"stanch recovery check", &*self.0]);
        digits.extend([check[0] & 31, check[1] & 31]);
        digits
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(_)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Code, DIGITS};

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = Code([0x5a; 20].into());
        let words = code.words();
        assert_eq!(words.len(), DIGITS + 6);
        for written in [words.to_lowercase(), words.replace('-', " "), words.replace('0', "o").replace('1', "l")] {
            assert_eq!(*Code::read(&written).unwrap().0, *code.0);
        }
        assert_eq!(format!("{code:?}"), "Code(_)");
        for wrong in ["", "5A", &words[1..], &format!("{}0", *words), &words.replace('B', "U")] {
            assert!(Code::read(wrong).is_err(), "{wrong}");
        }
        assert_ne!(*code.key(&[1; 16]), *code.key(&[2; 16]));
    }

    proptest! {
        #[test]
        fn codes_come_back_and_one_wrong_sign_is_noticed(bytes: [u8; 20], place in 0..DIGITS, other in 1u8..32) {
            let code = Code(bytes.into());
            let words = code.words();
            prop_assert_eq!(*Code::read(&words).unwrap().0, bytes);
            let mut digits = code.digits();
            digits[place] = (digits[place] + other) % 32;
            let written: String = digits.iter().map(|digit| char::from(super::ALPHABET[usize::from(*digit)])).collect();
            // Two digits of check: one of 1,024 mistakes is not noticed here, and opens nothing.
            if let Ok(read) = Code::read(&written) {
                prop_assert_ne!(*read.0, bytes);
            }
        }
    }
}
