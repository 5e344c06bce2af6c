//! Is a value text of a user interface, in a file of translations?
//!
//! It must not know rules. Start with [`is_label`].

use super::Context;

/// Folders of translations.
const FOLDERS: [&str; 12] =
    ["i18n", "l10n", "locale", "locales", "lang", "langs", "language", "languages", "translation", "translations", "nls", "intl"];
/// Endings of files of translations.
const ENDS: [&str; 9] = [".strings", ".po", ".pot", ".xliff", ".xlf", ".arb", ".resx", ".lang", "/strings.xml"];
/// Languages by their codes in ISO 639-1, as files of translations are called after them.
const LANGUAGES: &str = "af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fil fr ga gl gu he hi hr hu hy id is it \
    ja ka kk km kn ko ky lo lt lv mk ml mn mr ms my nb ne nl nn no pa pl ps pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz \
    vi zh";

/// Is it words of a language in a file of translations? A password there would have a digit or a sign in it.
pub(super) fn is_label(secret: &[u8], cx: &Context<'_>) -> bool {
    let end = cx.path.and_then(|path| path.rsplit_once('.')).map(|(_, end)| end);
    let escaped = end.is_some_and(|end| end.eq_ignore_ascii_case("properties")) && has_letter_escape(secret);
    (escaped || cx.path.is_some_and(is_translation)) && is_text(secret)
}

/// Letters of any alphabet with what joins words; escapes count as letters.
fn is_text(secret: &[u8]) -> bool {
    let mut at = 0;
    while at < secret.len() {
        at += match secret[at] {
            b'\\' if secret.get(at + 1) == Some(&b'u') => 6,
            b if b.is_ascii_alphabetic() || !b.is_ascii() => 1,
            b' ' | b'-' | b'\'' | b'.' | b',' | b':' | b'!' | b'?' | b'/' | b'(' | b')' | b'*' | b'&' => 1,
            _ => return false,
        };
    }
    true
}

/// Is a letter beyond ASCII written as an escape in it: `Contrase\u00f1a`?
fn has_letter_escape(secret: &[u8]) -> bool {
    let beyond = |w: &[u8]| w[2..4] != *b"00" || !(b'0'..=b'7').contains(&w[4]);
    secret.windows(6).any(|w| w.starts_with(b"\\u") && w[2..].iter().all(u8::is_ascii_hexdigit) && beyond(w))
}

/// Is it a file of translations, by its path: `messages_fr.properties`, `locales/fr.json`, `fr-CA.yml`, `strings.xml`?
fn is_translation(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let (folders, file) = lower.rsplit_once('/').unwrap_or(("", &lower));
    if folders.split('/').any(|folder| FOLDERS.contains(&folder) || folder.strip_suffix(".lproj").is_some()) {
        return true;
    }
    if ENDS.iter().any(|end| lower.ends_with(end)) {
        return true;
    }
    let Some((stem, end)) = file.rsplit_once('.') else { return false };
    // `messages.pt-BR`: the country is in capitals.
    let country =
        stem_of(path).rsplit_once(['_', '-']).filter(|(_, end)| end.len() == 2 && end.bytes().all(|b| b.is_ascii_uppercase()));
    let code = |stem: &str| stem.rsplit(['_', '-', '.']).next().is_some_and(is_language);
    let data = ["properties", "json", "yml", "yaml", "ini", "php", "xml", "ts", "js", "toml"].contains(&end);
    data && (stem.starts_with("messages")
        || is_language(stem)
        || stem.len() > 5 && code(stem)
        || country.is_some_and(|(stem, _)| code(&stem.to_ascii_lowercase())))
}

/// The name of a file without its ending.
fn stem_of(path: &str) -> &str {
    let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

/// Is it the code of a language, with or without a country or a script: `fr`, `pt_br`, `zh-hans`? `my-db` is none: with a country
/// a code must be no English word.
fn is_language(name: &str) -> bool {
    let (code, rest) = name.split_once(['_', '-']).unwrap_or((name, ""));
    let english = ["am", "be", "id", "is", "it", "my", "no", "si"].contains(&code);
    let fits = rest.is_empty() || rest.len() == 2 && !english || ["hans", "hant", "latn", "cyrl", "419"].contains(&rest);
    fits && LANGUAGES.split_ascii_whitespace().any(|known| known == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_translations() {
        let check = |path: &str, expected: bool| assert_eq!(is_translation(path), expected, "{path}");
        check("src/main/resources/messages_fr.properties", true);
        check("app/messages.properties", true);
        check("public/locales/fr/common.json", true);
        check("config/locales/devise.pt-BR.yml", true);
        check("res/values-de/strings.xml", true);
        check("Base.lproj/Login.strings", true);
        check("zh-Hans.json", true);
        check("config/application.properties", false);
        check("config/database.yml", false);
        check("deploy/id.json", true);
        check("no/secrets.yml", false);
        check("deploy/my-config.yml", false);
        check("deploy/my-db.yml", false);
        check("lang_packs/errors_pt_BR.properties", true);
    }

    #[test]
    fn words_and_passwords() {
        let check = |value: &str, expected: bool| assert_eq!(is_text(value.as_bytes()), expected, "{value}");
        check("Mot de passe", true);
        check("Contrase\\u00f1a", true);
        check("Пароль:", true);
        check("walnut7", false);
        check("wal$nut", false);
        assert!(
            has_letter_escape(b"Contrase\\u00f1a") && has_letter_escape(b"\\u5bc6\\u7801") && !has_letter_escape(b"a\\u0041b")
        );
    }
}
