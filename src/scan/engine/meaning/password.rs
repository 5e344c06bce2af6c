//! Could a value be a password, or is it code, a placeholder or something else that stands behind such a name?
//!
//! It must not know rules. Start with [`is_password`].

use super::super::extract::Form;
use super::super::words::normalise;
use super::random::Randomness;
use super::{Context, code, is_word, label, placeholder, stated};

/// Could it be a password that a person or a generator set?
pub(super) fn is_password(secret: &[u8], cx: &Context<'_>) -> bool {
    let name = cx.name.map(|(a, b)| &cx.bytes[a..b]).unwrap_or_default();
    let is_weak = |value: &[u8]| placeholder::weak_password(value, name).is_some();
    let weak = (is_weak(secret) || placeholder::decoded(secret).is_some_and(|text| is_weak(&text))) && !logs_in(cx);
    if secret.len() < 4 || weak || placeholder::template(secret) || is_hash(secret) {
        return false;
    }
    if unescaped_len(secret) < 4
        || stated::opens_nothing(secret, cx)
        || is_version(secret)
        || is_constant(secret)
        || is_tag(secret, cx)
    {
        return false;
    }
    let spaces = secret.iter().filter(|b| **b == b' ').count();
    if spaces > 0 && (spaces > 4 || is_word(secret)) || looks_like_code(secret, cx) {
        return false;
    }
    if label::is_label(secret, cx) || is_of_first_name(cx) || code::is_code_value(secret, name, cx) {
        return false;
    }
    // Codes of errors: `ER_NO_PASSWORD: "42000"`.
    let code = [&b"ER_"[..], b"ERR_", b"E_"].iter().any(|head| name.starts_with(head));
    !code && (in_url(cx) || !other_name(&normalise(name)) && !passes(name, cx))
}

/// Does it belong to a name before, as in `user, password = "joe", "walnut"`?
fn is_of_first_name(cx: &Context<'_>) -> bool {
    let Some((start, _)) = cx.name else { return false };
    let after = cx.bytes[cx.span.secret_end..].iter().take(3).copied().find(|b| !matches!(b, b'"' | b'\''));
    let before = cx.bytes[start.saturating_sub(64)..start].trim_ascii_end();
    let Some(first) = before.strip_suffix(b",") else { return false };
    let names = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'_' | b',' | b' ');
    let length = first.iter().rev().take_while(names).count();
    after == Some(b',') && length > 0 && (length == first.len() || first[first.len() - length - 1] == b'\n')
}

/// Is the name the verb rather than the noun: `PASS: test`, `t.pass("…")`, "pass `value`"? Only `=` and `:` make it a noun.
fn passes(name: &[u8], cx: &Context<'_>) -> bool {
    let last = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let joined = last.len() > 5 && last[last.len() - 5..].eq_ignore_ascii_case(b"-pass");
    if !last.eq_ignore_ascii_case(b"pass") && !joined {
        return false;
    }
    let before = &cx.bytes[cx.span.secret_start.saturating_sub(16)..cx.span.secret_start];
    let operator = before.iter().rev().find(|b| !matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\'));
    match operator {
        Some(b'=') => false,
        Some(b':') => last != b"pass" && !joined,
        _ => true,
    }
}

/// Does it stand in a URL, whose scheme is the name then?
fn in_url(cx: &Context<'_>) -> bool {
    cx.name.is_some_and(|(_, end)| cx.bytes[end..].starts_with(b"://"))
}

/// Does it stand in a URL behind a user that is no stand-in? Then even `password` is one.
fn logs_in(cx: &Context<'_>) -> bool {
    let Some((_, name_end)) = cx.name else { return false };
    let Some(user) = cx.bytes.get(name_end..cx.span.secret_start).and_then(|text| text.strip_prefix(b"://")) else {
        return false;
    };
    let user = user.strip_suffix(b":").unwrap_or(user);
    !stated::kept_host(cx)
        && !placeholder::stands_in(user)
        && user.len() > 2
        && user.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// Is it a hash in modular crypt format: `$6$salt$hash`? Other rules are for these.
fn is_hash(secret: &[u8]) -> bool {
    let parts: Vec<&[u8]> = secret.split(|b| *b == b'$').collect();
    secret.len() > 20 && parts.len() > 3 && parts[0].is_empty() && (1..12).contains(&parts[1].len())
}

/// Is it a version or a range of versions, a line and a column, a time: `~1.3.0`, `>=2.0`, `12:30`?
fn is_version(secret: &[u8]) -> bool {
    if secret.contains(&b':') && secret.iter().all(|b| b.is_ascii_digit() || *b == b':') {
        return true;
    }
    let sign = secret.iter().take_while(|b| matches!(b, b'~' | b'^' | b'<' | b'>' | b'=' | b'v')).count();
    let rest = &secret[sign..];
    let dots = rest.iter().filter(|b| **b == b'.').count();
    dots > 0 && rest.first().is_some_and(u8::is_ascii_digit) && rest.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

/// Is it a number as code writes them: `0x030`?
fn is_constant(secret: &[u8]) -> bool {
    secret.len() <= 10 && secret.starts_with(b"0x") && secret[2..].iter().all(u8::is_ascii_hexdigit)
}

/// Is it a tag of YAML that says where the value is, `!Ref name`, `!secret name`, or an anchor or the name of one: `*name`?
fn is_tag(secret: &[u8], cx: &Context<'_>) -> bool {
    let name = |text: &[u8]| text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if cx.form == Some(Form::Line) && matches!(secret[0], b'*' | b'&') && name(&secret[1..]) {
        return cx.bytes[..cx.span.secret_start].ends_with(b": ");
    }
    let word = secret.iter().skip(1).take_while(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'/' | b':')).count();
    cx.form == Some(Form::Line)
        && secret[0] == b'!'
        && word > 2
        && matches!(secret.get(word + 1).or(cx.bytes.get(cx.span.secret_end)), Some(b' '))
}

/// Number of characters, each escape counted as one.
fn unescaped_len(secret: &[u8]) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < secret.len() {
        at += match (secret[at], secret.get(at + 1)) {
            (b'\\', Some(b'x')) => 4,
            (b'\\', Some(b'u')) => 6,
            (b'\\', _) => 2,
            _ => 1,
        };
        count += 1;
    }
    count
}

/// Endings of names that say that the value is not the secret itself: `password_field`, `passwordEncoder`, `token_url`.
const OTHER_ENDS: &[&str] = &[
    "field",
    "label",
    "hash",
    "hint",
    "length",
    "len",
    "policy",
    "type",
    "name",
    "file",
    "path",
    "url",
    "uri",
    "encoder",
    "reset",
    "regex",
    "pattern",
    "prompt",
    "min",
    "max",
    "count",
    "class",
    "input",
    "format",
    "validator",
    "error",
    "message",
    "msg",
    "title",
    "text",
    "placeholder",
    "column",
    "header",
    "prefix",
    "suffix",
    "expiry",
    "expires",
    "ttl",
    "timeout",
    "id",
    "env",
    "var",
    "ref",
    "store",
    "manager",
    "provider",
    "strength",
    "param",
    "arg",
    "dir",
    "command",
    "encryption",
    "algorithm",
    "normalize",
    "expired",
    "change",
    "required",
    "endpoint",
    "tokenizer",
    "cb",
    "callback",
    "opaque",
    "help",
    "description",
    "desc",
    "enabled",
    "disabled",
    "mode",
    "method",
    "rules",
    "rule",
    "size",
    "limit",
    "page",
    "link",
    "route",
    "button",
    "form",
    "selector",
    "view",
    "bypass",
    "compass",
    "renderpass",
    "firstpass",
    "subpass",
    "encompass",
    "lowpass",
    "highpass",
    "bandpass",
    "allpass",
    "onepass",
    "twopass",
    "multipass",
    "singlepass",
    "secondpass",
    "prepass",
    "postpass",
    "lastpass",
    "shouldpass",
    "mustpass",
    "topass",
    "assertpass",
    "askpass",
    "scheme",
    "within",
    "data",
    "days",
    "age",
    "test",
    "tests",
    "generator",
    "backend",
    "payload",
    "claims",
];
/// Parts of names of values that are known not to open anything.
const OTHER_PARTS: &[&str] = &[
    "wrong",
    "incorrect",
    "invalid",
    "malformed",
    "websocketkey",
    "publickey",
    "encryptedkey",
    "keyvault",
    "nonmatching",
    "csrf",
    "xsrf",
    "sitekey",
    "idempotencykey",
    "partitionkey",
    "sortkey",
    "authenticitytoken",
    "verificationtoken",
    "publictoken",
    "pagetoken",
    "continuationtoken",
    "nexttoken",
    "example",
    "dummy",
    "mock",
    "expected",
];

/// Does the normalised name say that the value is something else than a secret?
fn other_name(name: &[u8]) -> bool {
    let one = name.strip_suffix(b"s").unwrap_or(name);
    OTHER_ENDS.iter().any(|w| name.ends_with(w.as_bytes()) || one.ends_with(w.as_bytes()))
        || name == b"key"
        || OTHER_PARTS.iter().any(|w| memchr::memmem::find(name, w.as_bytes()).is_some())
}

/// Identifiers, calls, member accesses, types, paths and URLs are code, not passwords.
fn looks_like_code(secret: &[u8], cx: &Context<'_>) -> bool {
    let has = |b: u8| secret.contains(&b);
    let next = cx.bytes.get(cx.span.secret_end).copied();
    let path = secret.starts_with(b"/") || secret.starts_with(b"./") || secret.starts_with(b"../") || secret.starts_with(b"~/");
    let url = memchr::memmem::find(secret, b"://").is_some();
    if path && secret.iter().filter(|b| **b == b'/').count() > 1 || url {
        return true;
    }
    let has_digit = secret.iter().any(u8::is_ascii_digit);
    // Regular expressions have no form: a quote before the value says enough.
    let quoted = secret_is_quoted(cx);
    match cx.form.or(quoted.then_some(Form::Quoted)) {
        Some(Form::Quoted) => {
            let plain =
                secret.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.' | b' ' | b':' | b'/' | b'#'));
            // What stands between two strings, or a command in backquotes.
            let between = b",;)]}+.".contains(&secret[0]) && b",:([{+=.".contains(&secret[secret.len() - 1]);
            between
                || secret.iter().filter(|b| **b == b'`').count() == 2 && secret.len() < 40
                || plain && [b'_', b' ', b'.', b':', b'/', b'#'].into_iter().any(has) && is_word(secret) && !logs_in(cx)
        }
        Some(Form::Line | Form::Bare) if in_connection_string(cx) || has_digit && in_keyword_string(cx) => brackets(secret),
        Some(Form::Line) => {
            brackets(secret)
                || secret[0] == b'`'
                || secret.first() == Some(&b'$')
                || identifier(secret)
                    && (next == Some(b'(') || (code_line(cx) || !line_ends(cx)) && !(has_digit && shell_value(cx)))
                || (dotted(secret) || secret.contains(&b'-')) && is_word(secret)
                || secret.iter().all(u8::is_ascii_digit) && code_line(cx)
        }
        // A rule's expression says where it stands, as behind `curl -u user:`: there a word is no name of something.
        None if !has_digit => is_word(secret) && !shell_word(secret, cx) || brackets(secret),
        Some(Form::Bare) | None => {
            !has_digit && !shell_word(secret, cx)
                || brackets(secret)
                || matches!(next, Some(b'(' | b'[' | b'.'))
                || identifier(secret) && code_line(cx) && !shell_value(cx) && !default_value(cx)
                || dotted(secret) && !Randomness::of(secret).is_random()
                || secret.iter().all(u8::is_ascii_digit) && code_line(cx)
        }
    }
}

/// Is it a part of a connection string, `Server=…;User Id=…;Password=…;`, where no value is a name of code?
fn in_connection_string(cx: &Context<'_>) -> bool {
    const PARTS: [&[u8]; 7] = [b"user id=", b"uid=", b"data source=", b"initial catalog=", b"server=", b"database=", b"port="];
    cx.bytes.get(cx.span.secret_end) == Some(&b';') && has_two(&near(cx).to_ascii_lowercase(), &PARTS)
}

/// Is it a part of a connection string of blanks and words, `host=… user=… password=… dbname=…`?
fn in_keyword_string(cx: &Context<'_>) -> bool {
    const PARTS: [&[u8]; 6] = [b"host=", b"user=", b"dbname=", b"port=", b"sslmode=", b"hostaddr="];
    let ends = matches!(cx.bytes.get(cx.span.secret_end), Some(b' ' | b'"' | b'\'' | b'`'));
    ends && is_glued(cx) && has_two(near(cx), &PARTS)
}

/// The line around the value, within reason.
fn near<'a>(cx: &Context<'a>) -> &'a [u8] {
    let (start, end) = (cx.span.secret_start, cx.span.secret_end);
    let from = start.saturating_sub(200);
    let from = memchr::memrchr(b'\n', &cx.bytes[from..start]).map_or(from, |at| from + at + 1);
    let to = cx.bytes.len().min(end + 200);
    &cx.bytes[from..memchr::memchr(b'\n', &cx.bytes[end..to]).map_or(to, |at| end + at)]
}

fn has_two(line: &[u8], parts: &[&[u8]]) -> bool {
    parts.iter().filter(|part| memchr::memmem::find(line, part).is_some()).count() >= 2
}

/// Does nothing but a `=` stand between the name and the value?
fn is_glued(cx: &Context<'_>) -> bool {
    cx.name.is_some_and(|(_, end)| cx.bytes.get(end) == Some(&b'=') && end + 1 == cx.span.secret_start)
}

/// Is it set for a command, `NAME=… ./run`, `export NAME=…; ./run`, `ENV NAME …`, or as a string of its own: `"NAME=…"`?
fn shell_value(cx: &Context<'_>) -> bool {
    let Some((from, to)) = cx.name else { return false };
    let between = cx.bytes.get(to..cx.span.secret_start).unwrap_or_default();
    let variable = cx.bytes[from..to].iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    let next = cx.bytes.get(cx.span.secret_end);
    let quote = from.checked_sub(1).map(|at| &cx.bytes[at]).filter(|b| matches!(b, b'"' | b'\'' | b'`'));
    let whole = quote.is_some() && quote == next;
    if between != b"=" {
        return variable && between.iter().all(|b| matches!(b, b' ' | b'\t')) && !is_code(cx.path);
    }
    if is_code(cx.path) {
        return variable && whole;
    }
    match next {
        Some(b';' | b'&' | b'|') => variable,
        _ => next.is_none_or(u8::is_ascii_whitespace) || whole,
    }
}

/// Is it the default of a placeholder: `${name:…}`?
fn default_value(cx: &Context<'_>) -> bool {
    cx.name.is_some_and(|(from, _)| cx.bytes[..from].ends_with(b"${")) && cx.bytes.get(cx.span.secret_end) == Some(&b'}')
}

/// Does it hold brackets as code does? Where one closes that is not the last to open, it is no code.
fn brackets(secret: &[u8]) -> bool {
    let open = |b: &u8| matches!(b, b'(' | b'[' | b'{');
    secret.iter().any(open) && !placeholder::tangled(secret)
}

/// Does nothing but a comment follow on the line? Behind a word in a sentence other words do.
fn line_ends(cx: &Context<'_>) -> bool {
    let rest = &cx.bytes[cx.span.secret_end..];
    let line = rest[..memchr::memchr(b'\n', &rest[..rest.len().min(200)]).unwrap_or(rest.len().min(200))].trim_ascii();
    matches!(line.first(), None | Some(b'#' | b'\\' | b',' | b'"' | b'\'' | b'`' | b'<'))
}

/// Is it a word behind an environment variable or a flag, in a file that is no code: `-e DB_PASSWORD=word`, `--password word`?
fn shell_word(secret: &[u8], cx: &Context<'_>) -> bool {
    let Some((from, to)) = cx.name else { return false };
    let name = &cx.bytes[from..to];
    let variable = name.contains(&b'_') && name.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    let ends =
        cx.bytes.get(cx.span.secret_end).is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'\\'));
    let word = secret.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'));
    let lower = secret.iter().any(u8::is_ascii_lowercase);
    // In a sentence a word of the language follows the flag.
    (variable || name.starts_with(b"--") && !is_word(secret)) && word && lower && ends && !is_code(cx.path)
}

fn secret_is_quoted(cx: &Context<'_>) -> bool {
    let before = cx.span.secret_start.checked_sub(1).map(|i| cx.bytes[i]);
    matches!(before, Some(b'"' | b'\'' | b'`')) && cx.bytes.get(cx.span.secret_end).copied() == before
}

/// Does the line end like a statement, or is the file source code?
fn code_line(cx: &Context<'_>) -> bool {
    let rest = &cx.bytes[cx.span.secret_end..];
    let line = &rest[..memchr::memchr(b'\n', &rest[..rest.len().min(200)]).unwrap_or(rest.len().min(200))];
    is_code(cx.path) || line.trim_ascii_end().ends_with(b";")
}

/// Is it a file of source code, by its name?
pub(in super::super) fn is_code(path: Option<&str>) -> bool {
    const CODE: &[&str] = &[
        "rs", "py", "js", "ts", "jsx", "tsx", "java", "kt", "go", "c", "h", "cc", "cxx", "cpp", "hh", "hpp", "inc", "cs", "rb",
        "php", "swift", "scala", "pl", "lua", "dart", "m", "ex", "exs", "groovy", "vue", "r", "jl", "hs", "ml", "fs", "vb",
        "cls", "mm", "kts", "mjs", "cjs", "mts", "cts", "sol", "zig", "svelte",
    ];
    let extension = path.and_then(|p| p.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase());
    extension.is_some_and(|e| CODE.contains(&e.as_str()))
}

fn identifier(secret: &[u8]) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-' | b'>' | b'?' | b'!' | b'&' | b'*');
    secret.iter().all(word) && !secret[0].is_ascii_digit()
}

fn dotted(secret: &[u8]) -> bool {
    let parts: Vec<&[u8]> = secret.split(|b| *b == b'.').collect();
    parts.len() > 1
        && parts
            .iter()
            .all(|p| p.first().is_some_and(u8::is_ascii_alphabetic) && p.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_'))
}

#[cfg(test)]
mod tests {
    use super::super::super::extract::assignment;
    use super::super::super::pattern::Span;
    use super::*;

    fn judged(line: &str, path: &str) -> Option<bool> {
        let at = line.to_ascii_lowercase().find("pass")?;
        let value = assignment(line.as_bytes(), at)?;
        let span = Span { start: value.start, end: value.end, secret_start: value.start, secret_end: value.end };
        let name = Some((value.name_start, value.name_end));
        let cx = Context { bytes: line.as_bytes(), span, name, form: Some(value.form), path: Some(path), now: 0 };
        Some(is_password(&line.as_bytes()[value.start..value.end], &cx))
    }

    #[test]
    fn words_in_configuration_are_passwords_and_in_code_are_not() {
        let check = |line: &str, path: &str, expected: bool| assert_eq!(judged(line, path), Some(expected), "{line} in {path}");
        check("REDIS_PASSWORD=walnut", "a.env", true);
        check("  password: walnut # change it", "a.yml", true);
        check("docker run -e DB_PASSWORD=walnut -d db", "a.md", true);
        check("password = walnut", "a.py", false);
        check("Password: walnut trees are meant", "a.md", false);
        check("password: string", "a.yml", false);
        check("the --password option is new", "NEWS", false);
        check("PASS: walnut/elm-3", "log", false);
        check("{pass: \"walnut7\"}", "a.js", true); // stanch:allow[generic-password] -- made up
        check("t.pass(\"walnut/elm-3\")", "a.js", false);
        check("ER_PASSWORD_WRONG: \"42000\"", "a.go", false);
        check("password-strength: \"~1.3.0\"", "a.json", false);
        check("password: !Ref Walnut7", "a.yml", false);
        check("db_password: m{{h}o)pe]n7", "a.yml", true);
        check("password: get(\"walnut7\")", "a.yml", false);
        check("user, password = \"walnut7\", \"elm71\"", "a.py", false); // stanch:allow[generic-password] -- made up
        check("Proxy-pass `walnut-elm` attributes", "a.md", false);
        check("Server=db;Uid=shop;Password=walnut;Port=1433;", "a.md", true); // stanch:allow[connection-string-password] -- made up
        check("Lib_AssertPass(\"walnut7 is here\")", "a.c", false);
        check("ok ? \"pass\" : \"FAIL\"", "a.c", false);
        check("passwd: files", "nsswitch", false);
        check("cert-password = [\"dep:pem7\"]", "Cargo.toml", false);
        check("count \"$$x\" \"PASS:\" \"$$grn\"", "Makefile", false);
        check("db_password: \"$$walnut7!\"", "a.yml", true); // stanch:allow[generic-password] -- made up
        check("a/.pgpass:1:16 is meant", "a.rs", false);
        check("password.toHashes = true|false", "a.properties", false);
        check("password = walnut|elm7", "a.properties", true); // stanch:allow[generic-password] -- made up
        check("LIB_NO_PASSWORD: Added", "NEWS", false);
        check("LIB_NO_PASSWORD: Walnut7", "NEWS", true); // stanch:allow[generic-password] -- made up
        check("login.password=Walnuss", "messages_de.properties", false);
        check("login.password=Walnuss7", "messages_de.properties", true);
        check("password: cGFzc3dvcmQ=", "a.yml", false);
        check("password: V2FsbnVzczc=", "a.yml", true); // stanch:allow[generic-password] -- made up
        check("password: *walnut7", "a.yml", false);
    }

    #[test]
    fn what_shells_and_placeholders_set_is_no_code() {
        let check = |line: &str, path: &str, expected: bool| assert_eq!(judged(line, path), Some(expected), "{line} in {path}");
        check("export DB_PASSWORD=Walnut7elm; ./run", "a.sh", true); // stanch:allow[generic-password] -- made up
        check("export DB_PASSWORD=Walnut7elm;", "a.sh", true); // stanch:allow[generic-password] -- made up
        check("DB_PASSWORD=Walnut7elm ./run", "README.md", true); // stanch:allow[generic-password] -- made up
        check("A_PASSWORD=Walnut7elm B=2", "Dockerfile", true); // stanch:allow[generic-password] -- made up
        check("DB_PASSWORD=walnut ./run", "a.sh", false);
        check("fastcgi_param DB_PASSWORD Walnut7elm;", "nginx.conf", true); // stanch:allow[generic-password] -- made up
        check("password=walnut7; // elm", "a", false);
        check("DB_PASSWORD=walnut7 + elm", "a.py", false);
        check("putenv('DB_PASSWORD=Walnut7elm');", "a.php", true); // stanch:allow[generic-password] -- made up
        check("@Value(\"${db.password:Walnut7elm}\")", "a.java", true); // stanch:allow[generic-password] -- made up
        check("\"host=db user=elm password=Walnut7elm dbname=oak\"", "a.go", true); // stanch:allow[generic-password] -- made up
        check("connect(host=db, user=elm, password=walnut7)", "a.py", false);
    }
}
