//! Values of names in code: behind types, as arguments, as what stands in for what is not set.
//!
//! It must not judge them. Everything here looks at no more than the next few hundred bytes, and turns away by the first of them.

use super::{Form, MAX_BLANKS, MAX_COMPARED, MAX_NAME, Reader, is_name, is_quote, quoted};

/// How far behind a name the argument for its value stands.
const MAX_DEFAULT: usize = 240;

/// A value in quotes that the name is compared with from the left: `"…" == password`.
pub(super) fn compared(bytes: &[u8], name_start: usize) -> Option<(usize, usize, Form)> {
    let head = bytes[name_start.saturating_sub(MAX_COMPARED)..name_start].trim_ascii_end();
    if head.last() != Some(&b'=') {
        return None;
    }
    let head = [&b"==="[..], b"!==", b"==", b"!="].iter().find_map(|op| head.strip_suffix(*op))?.trim_ascii_end();
    let (quote, text) = head.split_last().filter(|(quote, _)| is_quote(**quote))?;
    let start = memchr::memrchr2(*quote, b'\n', text)?;
    let end = name_start - name_start.min(MAX_COMPARED) + text.len();
    (text[start] == *quote).then_some((end - (text.len() - start - 1), end, Form::Quoted))
}

/// Beginnings of the names of functions that look at a value rather than keep it.
const READERS: &[&[u8]] = &[
    b"get",
    b"check",
    b"split",
    b"verify",
    b"hash",
    b"find",
    b"load",
    b"read",
    b"is",
    b"has",
    b"parse",
    b"fetch",
    b"prompt",
    b"ask",
    b"valid",
    b"encode",
    b"decode",
    b"count",
    b"num",
    b"print",
    b"log",
    b"assert",
    b"expect",
    b"delete",
    b"remove",
    b"test",
    b"derive",
    b"match",
    b"compare",
    b"lookup",
    b"describe",
    b"it",
];

/// The only argument of a call: `setPassword("…")`. `at` is where the part of the name stands that was asked for.
pub(super) fn argument(mut r: Reader<'_>, name_start: usize, at: usize) -> Option<(usize, usize, Form)> {
    let name = &r.bytes[name_start..r.at];
    let method = name.iter().rposition(|b| *b == b'.').map_or(0, |dot| dot + 1);
    let called = name[method..].to_ascii_lowercase();
    if name_start + method > at || READERS.iter().any(|verb| verb.first() == called.first() && called.starts_with(verb)) {
        return None;
    }
    r.at += 1;
    r.blanks();
    let value = quoted(r)?;
    r.at = value.1;
    (behind(r) == Some(b')')).then_some(value)
}

/// The second of two arguments or members: `put("password", "…")`, `{"password", "…"}`; or the third of Gradle's
/// `buildConfigField "String", "API_KEY", "\"…\""`, whose value has quotes of its own.
pub(super) fn pair(mut r: Reader<'_>, name_start: usize) -> Option<(usize, usize, Form)> {
    let near = &r.bytes[name_start.saturating_sub(MAX_NAME)..name_start];
    let quotes = near.iter().rev().take(8).take_while(|b| is_quote(**b) || b"\\bruL@".contains(b)).count();
    let (before, quoted_name) = near.split_at(near.len() - quotes);
    if !quoted_name.iter().any(|b| is_quote(*b)) {
        return None;
    }
    let open = before.iter().rev().find(|b| !b.is_ascii_whitespace());
    r.at += 1;
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    let Some((start, end, form)) = quoted(r) else { return default_argument(r) };
    r.at = end;
    let next = behind(r);
    let calls = |words: &[&[u8]]| words.iter().any(|word| memchr::memmem::find(before, word).is_some());
    if matches!(open, Some(b'(' | b'{')) {
        // Flags of Go have their description behind the value.
        let flag = next == Some(b',') && calls(&[b".String("]);
        return (flag || matches!(next, Some(b')' | b'}'))).then_some((start, end, form)).or_else(|| default_argument(r));
    }
    if calls(&[b".StringVar(", b"Map.of("]) {
        return Some((start, end, form));
    }
    let inner = |b: &u8| is_quote(*b) || *b == b'\\';
    let head = r.bytes[start..end].iter().take_while(|b| inner(b)).count();
    let tail = r.bytes[start + head..end].iter().rev().take_while(|b| inner(b)).count();
    let gradle = calls(&[b"buildConfigField", b"resValue"]);
    (gradle && head + tail < end - start).then_some((start + head, end - tail, form)).or_else(|| default_argument(r))
}

/// The argument called `default` of the call that `r` is in: `add_argument("--password", default="…")`.
fn default_argument(r: Reader<'_>) -> Option<(usize, usize, Form)> {
    const DEFAULT: &[u8] = b"default";
    let near = &r.bytes[r.at..r.bytes.len().min(r.at + MAX_DEFAULT)];
    let near = &near[..memchr::memchr(b')', near).unwrap_or(near.len())];
    let at = memchr::memmem::find(near, DEFAULT)?;
    let mut t = Reader { at: r.at + at + DEFAULT.len(), ..r };
    t.blanks();
    if at > 0 && is_name(near[at - 1]) || !t.eat(b"=") && !t.eat(b":") {
        return None;
    }
    t.blanks();
    quoted(t)
}

/// A symbol and its value behind `set`, as in Ruby: `set :password, '…'`.
pub(super) fn symbol(mut r: Reader<'_>, name_start: usize) -> Option<(usize, usize, Form)> {
    let head = r.bytes[name_start.saturating_sub(MAX_BLANKS)..name_start].strip_suffix(b":")?.trim_ascii_end();
    if !head.ends_with(b"set") {
        return None;
    }
    r.at += 1;
    r.blanks();
    quoted(r)
}

/// What stands in for a value that is not set, `process.env.PASSWORD || '…'`, `env["PASSWORD"] ?? "…"`, `get("PASSWORD") or "…"`;
/// the second of a pair, `"password" -> "…"`, `"password" to "…"`; what braces initialise or provide: `password{"…"}`.
pub(super) fn instead(mut r: Reader<'_>, closed: usize, gap: usize) -> Option<(usize, usize, Form)> {
    let next = r.peek()?;
    if !matches!(next, b'|' | b'?' | b'o' | b't' | b'-' | b'.' | b'{') {
        return None;
    }
    let read = closed > 0 && matches!(r.bytes[r.at - gap - 1], b')' | b']');
    let braces = next == b'{';
    let hit = match next {
        b'|' => (closed == 0 || read) && r.eat(b"||"),
        b'?' => (closed == 0 || read) && (r.eat(b"??") || r.eat(b"?:")),
        b'o' => read && r.eat(b"or "),
        b't' => closed > 0 && !read && r.eat(b"to "),
        b'-' => closed > 0 && !read && r.eat(b"->"),
        b'.' => read && [&b".orElse("[..], b".unwrap_or(", b".getOrElse("].iter().any(|call| r.eat(call)),
        _ if read => r.eat(b"{"),
        _ if closed == 0 && gap == 0 => r.eat(b"{"),
        _ if closed == 0 => return property(r),
        _ => false,
    };
    if !hit || r.peek() == Some(b'=') {
        return None;
    }
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    let value = quoted(r)?;
    r.at = value.1;
    (!braces || behind(r) == Some(b'}')).then_some(value)
}

/// What a property of C# begins with: `Password { get; set; } = "…"`.
fn property(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    if !r.eat(b"{ get") {
        return None;
    }
    r.skip(40, |b| b != b'}' && b != b'\n');
    if !r.eat(b"}") {
        return None;
    }
    r.blanks();
    if !r.eat(b"=") {
        return None;
    }
    r.blanks();
    quoted(r)
}

/// Functions whose only argument is the value.
const MAKERS: [&[u8]; 11] =
    [b"", b"from", b"String", b"string", b"Some", b"QString", b"QStringLiteral", b"SecretStr", b"SecretString", b"_T", b"TEXT"];
/// Functions, in lower case, whose second argument is the value if there is no other.
const GETTERS: [&[u8]; 7] = [b"get", b"fetch", b"getenv", b"env", b"get_env", b"getproperty", b"getordefault"];

/// A value in quotes that an expression makes or falls back to: `String::from("…")`, `fetch('NAME', '…')`, `name || '…'`.
pub(super) fn made(r: Reader<'_>) -> Option<(usize, usize, Form)> {
    let mut t = r;
    t.eat(b"new ");
    let start = t.at;
    t.skip(48, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'$' | b'@' | b'?'));
    match t.peek()? {
        b'(' => {
            let path = &r.bytes[start..t.at];
            let name = path.rsplit(|b| matches!(b, b'.' | b':')).next().unwrap_or_default();
            t.at += 1;
            called(t, name).or_else(|| fallen_back(r))
        }
        b' ' | b'[' | b'\n' => fallen_back(r),
        _ => None,
    }
}

/// The value among the arguments at `r` of a function of this name.
fn called(mut r: Reader<'_>, name: &[u8]) -> Option<(usize, usize, Form)> {
    let maker = MAKERS.contains(&name);
    if maker || GETTERS.iter().any(|get| name.eq_ignore_ascii_case(get)) {
        r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
        let mut value = quoted(r)?;
        r.at = value.1;
        if !maker {
            r.at += 1;
            r.blanks();
            if !r.eat(b",") {
                return None;
            }
            r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
            value = quoted(r)?;
            r.at = value.1;
        }
        // A method of the value may follow: `Some("…".to_string())`.
        let next = behind(r);
        return (next == Some(b')') || maker && next == Some(b'.')).then_some(value);
    }
    default_argument(r)
}

/// The text in quotes behind `||`, `??`, `?:` or `or`, on the line or at the start of the next.
fn fallen_back(r: Reader<'_>) -> Option<(usize, usize, Form)> {
    let near = &r.bytes[r.at..r.bytes.len().min(r.at + MAX_COMPARED)];
    let line = memchr::memchr(b'\n', near).unwrap_or(near.len());
    let below = near[line..].trim_ascii_start();
    let goes_on = [&b"||"[..], b"??", b"?:"].iter().any(|op| below.starts_with(op));
    let text = if goes_on { &near[..near.len() - below.len() + 2] } else { &near[..line] };
    let sign = memchr::memchr2_iter(b'|', b'?', text).find(|at| matches!(text.get(*at..at + 2), Some(b"||" | b"??" | b"?:")));
    let word = || memchr::memchr_iter(b')', text).find(|at| text[*at..].starts_with(b") or ")).map(|at| at + 2);
    let at = sign.or_else(word)?;
    if text[..at].iter().any(|b| matches!(b, b';' | b',' | b'{' | b'=' | b'#')) {
        return None;
    }
    let mut t = Reader { at: r.at + at + 2, ..r };
    t.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    quoted(t)
}

/// What stands behind a closing quote.
pub(super) fn behind(mut r: Reader<'_>) -> Option<u8> {
    r.skip(8, |b| is_quote(b) || b == b'\\');
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    r.peek()
}

/// Steps over ` string =`, the type behind the name as in Go, and over `[] =` and `[32] =` as in C.
pub(super) fn typed_behind(r: &mut Reader<'_>, name_start: usize) -> bool {
    let mut t = *r;
    if t.eat(b"[") {
        t.skip(8, |b| b.is_ascii_digit() || b == b' ');
        if !t.eat(b"]") {
            return false;
        }
    } else {
        let head = r.bytes[name_start.saturating_sub(MAX_BLANKS)..name_start].trim_ascii_end();
        if !head.ends_with(b"var") && !head.ends_with(b"const")
            || t.skip(24, |b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'[' | b']' | b'.')) == 0
        {
            return false;
        }
    }
    t.blanks();
    if !t.eat(b"=") || t.peek() == Some(b'=') {
        return false;
    }
    *r = t;
    true
}

/// Steps over `: Type =`, and over `As Type =`.
pub(super) fn typed(r: &mut Reader<'_>) -> bool {
    let mut t = *r;
    if !t.eat(b":") && !t.eat(b"As ") && !t.eat(b"as ") {
        return false;
    }
    t.blanks();
    let is_type =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'<' | b'>' | b'&' | b'\'' | b'[' | b']' | b'.' | b'?' | b'|');
    let reference = t.starts(b"&'");
    let word = t.skip(40, is_type);
    let mut gap = t.blanks();
    // `&'static str`, `string | undefined`.
    if word > 0 && gap > 0 && (reference || t.starts(b"| ")) {
        t.eat(b"| ");
        t.skip(40, is_type);
        gap = t.blanks();
    }
    if word == 0 || gap == 0 || !t.eat(b"=") || t.peek() == Some(b'=') {
        return false;
    }
    *r = t;
    true
}
