//! References in the place of values: a `.env` file whose secrets went into a vault.
//!
//! It must not know the vault. Start with [`rewrite`]. Only the letters of the values that were moved change.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{Error, dotenv, text};

/// A value that is in a vault now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved<'a> {
    /// The line that its entry begins in, as [`super::Found::line`] says.
    pub line: usize,
    /// What the file calls it, as [`super::Found::called`] says.
    pub called: &'a str,
    /// What stands for it from now on, such as `stanch://shop/API_KEY`.
    pub reference: &'a str,
}

/// The `.env` file `bytes` with the references of `moved` in the place of the values; every other byte is as it was, quotes included.
///
/// # Errors
/// If it cannot be read, has no such entry in that line, an entry is named twice, or a reference holds letters that none has.
pub fn rewrite(bytes: &[u8], moved: &[Moved<'_>]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let decoded = text::decode(bytes)?;
    let text = decoded.text();
    let mut by_line = BTreeMap::new();
    for moved in moved {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/:._-@+#".contains(&byte);
        if !moved.reference.strip_prefix("stanch://").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(fits)) {
            return Err(Error::Line { line: moved.line, what: "what should stand here is no reference" });
        }
        if by_line.insert(moved.line, moved).is_some() {
            return Err(Error::Line { line: moved.line, what: "it was moved twice" });
        }
    }
    let longer: usize = moved.iter().map(|moved| moved.reference.len()).sum();
    let mut out = Zeroizing::new(String::with_capacity(text.len() + longer));
    let mut done = 0;
    for entry in dotenv::entries(text)? {
        let Some(moved) = by_line.remove(&entry.line) else { continue };
        if moved.called != entry.name {
            return Err(Error::Line { line: entry.line, what: "another name stands here" });
        }
        // Without quotes, a comment may stand right behind it.
        if entry.raw.is_empty() {
            return Err(Error::Line { line: entry.line, what: "there is no value to replace" });
        }
        out.push_str(&text[done..entry.at.start]);
        out.push_str(moved.reference);
        done = entry.at.end;
    }
    if let Some(line) = by_line.into_keys().next() {
        return Err(Error::Line { line, what: "no entry begins here" });
    }
    out.push_str(&text[done..]);
    Ok(decoded.encode(&out))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Error, Format, Options, Why, read};
    use super::{Moved, rewrite};

    const REFERENCE: &str = "stanch://shop/prod/A#b";

    fn moved(line: usize, called: &str) -> Moved<'_> {
        Moved { line, called, reference: REFERENCE }
    }

    #[test]
    fn values_are_replaced_and_nothing_else() {
        let check = |text: &str, names: &[(usize, &str)], expected: &str| {
            let moved: Vec<_> = names.iter().map(|(line, name)| moved(*line, name)).collect();
            let out = rewrite(text.as_bytes(), &moved).unwrap();
            assert_eq!(String::from_utf8(out.to_vec()).unwrap(), expected.replace('@', REFERENCE));
        };
        check("A=monkey\nB=2", &[(1, "A")], "A=@\nB=2");
        check("# A=monkey\r\n export A = 'mon key' # A\r\n\r\n", &[(2, "A")], "# A=monkey\r\n export A = '@' # A\r\n\r\n");
        check("A=\"x\ny\"\nB=`z`  ", &[(1, "A"), (3, "B")], "A=\"@\"\nB=`@`  ");
        check("A=first\nA=second", &[(2, "A")], "A=first\nA=@");
        check("\u{feff}A=x", &[(1, "A")], "\u{feff}A=@");
        let utf16: Vec<u8> = "\u{feff}A=x\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let expected: Vec<u8> = format!("\u{feff}A={REFERENCE}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(*rewrite(&utf16, &[moved(1, "A")]).unwrap(), expected);
    }

    #[test]
    fn another_file_is_refused() {
        let check = |text: &str, moved: &[Moved<'_>], line: usize| {
            assert!(matches!(rewrite(text.as_bytes(), moved), Err(Error::Line { line: l, .. }) if l == line), "{text}");
        };
        check("A=x", &[moved(1, "B")], 1);
        check("A=x", &[moved(2, "A")], 2);
        check("A=\"x\ny\"", &[moved(2, "A")], 2);
        check("A=x", &[moved(1, "A"), moved(1, "A")], 1);
        check("A=x\n?", &[moved(1, "A")], 2);
        check("B=x\nA= # x", &[moved(2, "A")], 2);
        check("A=''", &[moved(1, "A")], 1);
        for reference in
            ["stanch://", "other://a/b", "stanch://a/b\nC=d", "stanch://a/b c", "stanch://a/'b", "stanch://a/b$c", ""]
        {
            check("A=x", &[Moved { line: 1, called: "A", reference }], 1);
        }
    }

    /// Lines of a file: what stands before a value, the value, what stands behind it.
    fn lines() -> impl Strategy<Value = Vec<(String, String, String)>> {
        let before = "( |\t|export ){0,2}[A-C_]{1,2} ?= ?";
        let quoted = prop_oneof![
            ("'", "[^']{1,9}".prop_map(|s: String| s.replace('\0', "_")), "' {0,2}(#.{0,5})?"),
            ("\"", "([^\"\\\\]|\\\\[nrt\\\\\"$q]){1,9}".prop_map(|s: String| s.replace('\0', "_")), "\" {0,2}(#.{0,5})?"),
            ("`", "[^`]{1,9}".prop_map(|s: String| s.replace('\0', "_")), "`\t?"),
            ("", "[a-zé$\\\\][a-zé=\"'$# \\\\]{0,8}[a-zé]", "( #.{0,5}|[ \t]{0,2})"),
        ];
        let entry = (before, quoted).prop_map(|(before, (open, value, close))| (before + &open, value, close));
        let other = "([ \t]*|#.{0,9})".prop_map(|line| (line, String::new(), "\0".to_owned()));
        prop::collection::vec(prop_oneof![3 => entry, 1 => other], 0..8)
    }

    proptest! {
        /// A naive writer's file is read, and rewritten it differs in the values alone.
        #[test]
        fn only_values_change(lines in lines(), end in prop_oneof![Just("\n"), Just("\r\n")], which in any::<u8>()) {
            let clean = |text: &str| text.replace(['\0', '\r', '\n'], "");
            let (mut file, mut expected, mut all) = (String::new(), String::new(), Vec::new());
            for (index, (before, value, behind)) in lines.iter().enumerate() {
                // In an unquoted value, ` #` begins a comment.
                let is_quoted = before.ends_with(['\'', '"', '`']);
                let value = if is_quoted { value.clone() } else { value.replace(" #", "  ") };
                let is_entry = behind != "\0";
                let begin = file.split('\n').count();
                let chosen = is_entry && which >> (index % 8) & 1 == 1;
                let name = before.trim_end_matches(['"', '\'', '`']).trim_end().trim_end_matches('=').trim();
                let name = name.rsplit([' ', '\t']).next().unwrap().to_owned();
                let behind = clean(behind);
                file += &format!("{}{value}{behind}{end}", clean(before));
                expected += &format!("{}{}{behind}{end}", clean(before), if chosen { REFERENCE } else { &value });
                if chosen {
                    all.push((begin, name));
                }
            }
            // `export export A` is no entry for anyone.
            prop_assume!(!file.split('\n').any(|line| line.matches("export").count() > 1));
            let import = read(Format::Dotenv, file.as_bytes(), Options::default());
            let import = match import { Ok(import) => import, Err(e) => return Err(TestCaseError::fail(format!("{file:?}: {e}"))) };
            let entries = lines.iter().filter(|(_, _, behind)| behind != "\0").count();
            prop_assert_eq!(import.found.len() + import.left.len(), entries, "{:?}", file);
            let moved: Vec<Moved<'_>> = all.iter().map(|(line, name)| moved(*line, name)).collect();
            let out = rewrite(file.as_bytes(), &moved).unwrap();
            prop_assert_eq!(std::str::from_utf8(&out).unwrap(), &expected);
            let again = read(Format::Dotenv, &out, Options::default()).unwrap();
            let references = again.left.iter().filter(|left| left.why == Why::Plain(super::super::Plain::Reference)).count();
            prop_assert_eq!(references, moved.len());
        }
    }
}
