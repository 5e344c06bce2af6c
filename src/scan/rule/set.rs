//! Sets of bytes: the alphabets of the token grammar.
//!
//! It must not know the grammar's syntax. Start with [`Set::named`].

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Set([u64; 4]);

impl Set {
    /// The set with nothing in it.
    pub const EMPTY: Self = Self([0; 4]);

    /// The bytes of `chars`.
    #[must_use]
    pub const fn of(chars: &[u8]) -> Self {
        let mut set = Self([0; 4]);
        let mut i = 0;
        while i < chars.len() {
            set.0[(chars[i] >> 6) as usize] |= 1 << (chars[i] & 63);
            i += 1;
        }
        set
    }

    /// All bytes from `first` to `last`.
    #[must_use]
    pub const fn range(first: u8, last: u8) -> Self {
        let mut set = Self([0; 4]);
        let mut b = first as usize;
        while b <= last as usize {
            set.0[b >> 6] |= 1 << (b & 63);
            b += 1;
        }
        set
    }

    /// The alphabet called `name` in the grammar.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let digit = Self::range(b'0', b'9');
        let upper = Self::range(b'A', b'Z');
        let lower = Self::range(b'a', b'z');
        let base62 = ALNUM;
        Some(match name {
            "digit" => digit,
            "hex-lower" => digit.or(Self::range(b'a', b'f')),
            "hex-upper" => digit.or(Self::range(b'A', b'F')),
            "hex" => digit.or(Self::range(b'a', b'f')).or(Self::range(b'A', b'F')),
            "lower" => lower,
            "upper" => upper,
            "alpha" => upper.or(lower),
            "alnum-lower" => digit.or(lower),
            "alnum-upper" => digit.or(upper),
            "base62" | "alnum" => base62,
            "word" => base62.or(Self::of(b"_")),
            "base64" => base62.or(Self::of(b"+/")),
            "base64url" => base62.or(Self::of(b"-_")),
            "base32" => upper.or(Self::range(b'2', b'7')),
            "base32-lower" => lower.or(Self::range(b'2', b'7')),
            "crockford" => digit.or(upper).minus(Self::of(b"ILOU")),
            "base58" => base62.minus(Self::of(b"0IOl")),
            "bech32" => Self::of(b"qpzry9x8gf2tvdw0s3jn54khce6mua7l"),
            "bech32-upper" => Self::of(b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
            "print" => Self::range(0x21, 0x7e),
            "text" => Self::range(0x20, 0x7e).or(Self::of(b"\t")),
            "any" => Self::range(0x20, 0x7e).or(Self::of(b"\t\r\n")),
            "space" => Self::of(b" \t"),
            "ws" => Self::of(b" \t\r\n"),
            _ => return None,
        })
    }

    /// Names that [`Set::named`] knows, for error messages.
    pub const NAMES: &'static str = "digit, hex-lower, hex-upper, hex, lower, upper, alpha, alnum-lower, alnum-upper, base62, alnum, word, \
         base64, base64url, base32, base32-lower, crockford, base58, bech32, bech32-upper, print, text, any, space, ws, uuid";

    /// Is `byte` in it?
    #[must_use]
    #[inline]
    pub const fn has(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 != 0
    }

    /// Union.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1], self.0[2] | other.0[2], self.0[3] | other.0[3]])
    }

    /// Difference.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self([self.0[0] & !other.0[0], self.0[1] & !other.0[1], self.0[2] & !other.0[2], self.0[3] & !other.0[3]])
    }

    /// Do the two share a byte?
    #[must_use]
    pub const fn meets(&self, other: &Self) -> bool {
        self.0[0] & other.0[0] | self.0[1] & other.0[1] | self.0[2] & other.0[2] | self.0[3] & other.0[3] != 0
    }

    /// Is every byte of it in `other`?
    #[must_use]
    pub fn within(&self, other: &Self) -> bool {
        self.minus(*other) == Self::EMPTY
    }

    /// Its bytes in order.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=255u8).filter(|b| self.has(*b))
    }

    /// Number of bytes in it.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }

    /// True if it has no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }
}

/// Letters and digits.
pub const ALNUM: Set = Set::range(b'0', b'9').or(Set::range(b'A', b'Z')).or(Set::range(b'a', b'z'));

/// Token characters: what long runs are made of. The engine's classifier and this constant must agree.
pub const TOKEN: Set = ALNUM.or(Set::of(b"_+/=.-~"));
