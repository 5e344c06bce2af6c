//! Credentials made up for tests, each from a number. None stands in the source, so no scanner fires on it.

/// `n` characters of the alphabet that look random and are always the same for a `seed`.
pub(crate) fn random(alphabet: &[u8], seed: u64, n: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut next = || {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (0..n).map(|_| char::from(alphabet[(next() % alphabet.len() as u64) as usize])).collect()
}

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A GitHub token with the right checksum: `github-pat`, 40 characters, too strong to be guessed.
pub(crate) fn github(seed: u64) -> String {
    let body = random(BASE62, seed, 30);
    let mut value = crc32fast::hash(body.as_bytes());
    let mut sum = [b'0'; 6];
    for digit in sum.iter_mut().rev() {
        *digit = BASE62[(value % 62) as usize];
        value /= 62;
    }
    format!("gh{}_{body}{}", 'p', String::from_utf8_lossy(&sum))
}

/// A Stripe key: `stripe-secret-key`.
pub(crate) fn stripe(seed: u64) -> String {
    format!("sk_{}_{}", "live", random(BASE62, seed, 24))
}

/// A Notion token: `notion-token-legacy`.
pub(crate) fn notion(seed: u64) -> String {
    format!("secret{}{}", '_', random(BASE62, seed, 43))
}

/// A value that only its name gives away: `generic-secret` behind a name with `secret` in it.
pub(crate) fn generic(seed: u64) -> String {
    random(BASE62, seed, 32)
}

/// A password weak enough to be guessed: `generic-password` behind `password = `.
pub(crate) fn password(seed: u64) -> String {
    format!("Hb7-{}", random(b"abcdefghkmnpqrstuvwxyz23456789", seed, 6))
}

/// A private key: `private-key` or the like, over several lines.
pub(crate) fn pem(seed: u64) -> String {
    const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let lines: Vec<String> = (0..12).map(|n| random(BASE64, seed * 100 + n, 64)).collect();
    let (begin, end) = (format!("-----{} RSA PRIVATE KEY-----", "BEGIN"), format!("-----{} RSA PRIVATE KEY-----", "END"));
    // What a key structure begins with.
    format!("{begin}\nMIIEpAIBAAKCAQEA{}\n{}\n{end}\n", &lines[0][16..], lines[1..].join("\n"))
}
