//! Is a value typed in order or by repeating: `abc123def456`, `1234567890`, `xxxxxxxx`, `123123123123`?
//!
//! It must not know rules. Start with [`repeats`], [`longest_sequence`] and [`counted`].

/// Does one character make up most of it, or one short part all of it?
pub(super) fn repeats(value: &[u8]) -> bool {
    let n = value.len();
    if n < 6 {
        return false;
    }
    let longest = value.chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap_or(0);
    if longest * 2 >= n || (n <= 200 && longest >= 8) {
        return true;
    }
    let mut seen = [false; 256];
    value.iter().for_each(|b| seen[usize::from(*b)] = true);
    let distinct = seen.iter().filter(|s| **s).count();
    if n >= 16 && distinct <= 4 {
        return true;
    }
    let tail = value.iter().rposition(|b| matches!(b, b'_' | b'-')).map_or(value, |at| &value[at + 1..]);
    let body = if tail.len() >= 12 { tail } else { value };
    (1..=body.len() / 3).take(12).any(|p| body.iter().zip(&body[p..]).all(|(a, b)| a == b)) || mostly_repeats(value)
}

/// Is most of it a part of up to four characters again and again, as in `GR123123123123123`?
fn mostly_repeats(value: &[u8]) -> bool {
    (1..=4).any(|period| {
        let same = value.iter().zip(value.get(period..).unwrap_or_default()).map(|(a, b)| a == b);
        let (mut run, mut longest) = (0, 0);
        for equal in same {
            run = if equal { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        let covered = longest + period;
        longest >= 2 * period && covered >= 16 && covered * 10 >= value.len() * 6
    })
}

/// Length of the longest run of letters in the order of the alphabet.
pub(super) fn longest_letters(lower: &[u8]) -> usize {
    let next = |a: &u8, b: &u8| a.is_ascii_lowercase() && b.is_ascii_lowercase() && *b == a + 1;
    lower.chunk_by(next).map(<[u8]>::len).max().unwrap_or(0)
}

/// What follows the words before the first digit: `px-dep-d4c3b2a1` without `px-dep-`.
pub(super) fn behind_words(mut value: &[u8]) -> &[u8] {
    while let Some(at) = value.iter().position(|b| !b.is_ascii_alphabetic()) {
        if at == 0 || at > 10 || !matches!(value[at], b'-' | b'_') {
            break;
        }
        value = &value[at + 1..];
    }
    value
}

/// Length of the longest run of neighbours in the alphabet or in the digits, up or down, or on the keyboard's top row.
pub(super) fn longest_sequence(lower: &[u8]) -> usize {
    let step = |a: u8, b: u8| {
        let up = b == a.wrapping_add(1)
            && (a.is_ascii_digit() && b.is_ascii_digit() || a.is_ascii_lowercase() && b.is_ascii_lowercase());
        up || (a, b) == (b'9', b'0') || (a, b) == (b'9', b'a') || (a, b) == (b'z', b'0') || (a, b) == (b'0', b'a')
    };
    let up = lower.chunk_by(|a, b| step(*a, *b)).map(<[u8]>::len).max().unwrap_or(0);
    let down = lower.chunk_by(|a, b| step(*b, *a)).map(<[u8]>::len).max().unwrap_or(0);
    let row = if memchr::memmem::find(lower, b"qwerty").is_some() { 6 } else { 0 };
    up.max(down).max(row)
}

/// Do the letters alone mostly go up or down one by one, as in `a1b2c3d4e5f6`, `abc123def456` and `Aa1Bb2Cc3Dd4`? Behind `f` may
/// come `a` in hexadecimal.
pub(super) fn counted(value: &[u8]) -> bool {
    let letters: Vec<u8> = value.iter().filter(|b| b.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
    let hex = letters.iter().all(|b| *b <= b'f');
    let step = |a: &u8, b: &u8| *b == *a + 1 || hex && (*a, *b) == (b'f', b'a');
    let run = letters.chunk_by(step).map(<[u8]>::len).max().unwrap_or(0);
    let count = |is: &dyn Fn(u8, u8) -> bool| letters.windows(2).filter(|w| is(w[0], w[1])).count();
    let (up, down, same) = (count(&|a, b| b == a + 1), count(&|a, b| a == b + 1), count(&|a, b| a == b));
    let (most, pairs) = (up.max(down), letters.len().saturating_sub(1));
    let often = !hex && letters.len() >= 10 && most * 10 >= pairs * 4 && (most + same) * 10 >= pairs * 6;
    letters.len() * 3 >= value.len() && (often || run >= 6 && run * 10 >= letters.len() * 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats() {
        let check = |value: &str, expected: bool| assert_eq!(repeats(value.as_bytes()), expected, "{value}");
        check("xxxxxxxxxxxx", true);
        check("abcabcabcabcabc", true);
        check("AB12345678678678678678678678", true);
        check("deadbeefdeadbeefdeadbeefdeadbeef", true);
        check("k3Jx9QmZr7Tn2Wv8LpYs", false);
        check("AB12345678678678k3Jx9QmZr7Tn", false);
    }

    #[test]
    fn counted_letters() {
        assert!(counted(b"a1b2c3d4e5f6g7h8") && counted(b"ABC123DEF456GHI789jkl012"));
        assert!(counted(b"a1b2c3d4-e5f6-7890-abcd-ef1234567890"));
        assert!(!counted(b"k3Jx9QmZr7Tn2Wv8LpYs") && !counted(b"9f86d081884c7d659a2feaa0c55ad015"));
        assert_eq!(behind_words(b"px-dep-d4c3"), b"d4c3");
        assert_eq!(behind_words(b"d4c3-px"), b"d4c3-px");
    }
}
