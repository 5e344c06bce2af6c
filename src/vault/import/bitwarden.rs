//! Bitwarden's JSON export, open or protected by a passphrase.
//!
//! It must not know how a passphrase is asked for. Start with [`read`]. An item is one secret; the password of a login, the text of a note are
//! `value`. Older passwords and passkeys are left.

use super::super::base::date::Date;
use super::draft::{Collector, Draft};
use super::tree::{Tree, from_json};
use super::{Error, Import, Options, Why, onepassword, text, unseal};

/// Of an identity, what is no secret of its own.
const OPEN: [&str; 4] = ["title", "firstName", "lastName", "company"];

/// Reads an export.
pub(super) fn read(text: &str, options: Options<'_>) -> Result<Import, Error> {
    let tree = from_json(text)?;
    if tree.text("encrypted") != "true" {
        return items(&tree);
    }
    if tree.text("passwordProtected") != "true" {
        return Err(Error::AccountOnly);
    }
    let passphrase = options.passphrase.ok_or(Error::NeedsPassphrase)?;
    let opened = unseal::open(&tree, passphrase)?;
    let inner = from_json(text::decode(&opened)?.text())?;
    if inner.text("encrypted") == "true" {
        return Err(Error::AccountOnly);
    }
    items(&inner)
}

fn items(tree: &Tree) -> Result<Import, Error> {
    if tree.get("items").is_none() {
        return Err(Error::File("it is no export of Bitwarden: it has no `items`"));
    }
    let named = |list: &str| -> std::collections::HashMap<String, String> {
        tree.list(list).iter().map(|entry| (entry.text("id").to_owned(), entry.text("name").to_owned())).collect()
    };
    let (folders, collections) = (named("folders"), named("collections"));
    let mut collector = Collector::default();
    for item in tree.list("items") {
        let called = item.text("name");
        let mut draft = Draft::new(called, None);
        take(item, &mut draft);
        if let Some(folder) = folders.get(item.text("folderId")) {
            draft.tag("folder", folder);
        }
        let shared: Vec<&str> =
            item.list("collectionIds").iter().filter_map(|id| collections.get(id.as_text()?)).map(String::as_str).collect();
        draft.tag("collections", &shared.join(","));
        for _ in item.list("passwordHistory") {
            collector.leave(called, None, Why::Old);
        }
        for _ in item.get("login").map(|login| login.list("fido2Credentials")).unwrap_or_default() {
            collector.leave(called, None, Why::Passkey);
        }
        for _ in item.list("attachments") {
            collector.leave(called, None, Why::Attachment);
        }
        collector.add(draft);
    }
    Ok(collector.finish())
}

fn take(item: &Tree, draft: &mut Draft) {
    if let Some(login) = item.get("login") {
        draft.field("value", login.text("password").as_bytes());
        draft.field("totp", login.text("totp").as_bytes());
        draft.tag("user", login.text("username"));
        for uri in login.list("uris") {
            draft.opens(uri.text("uri"));
        }
    }
    if let Some(card) = item.get("card") {
        draft.field("number", card.text("number").as_bytes());
        draft.field("code", card.text("code").as_bytes());
        for name in ["cardholderName", "brand"] {
            draft.tag(name, card.text(name));
        }
        draft.expires(end_of_card(card.text("expYear"), card.text("expMonth")));
    }
    for (name, value) in item.get("identity").map(Tree::entries).unwrap_or_default() {
        let value = value.as_text().unwrap_or_default();
        if OPEN.contains(&name.as_str()) { draft.tag(name, value) } else { draft.field(name, value.as_bytes()) }
    }
    if let Some(key) = item.get("sshKey") {
        draft.field("private-key", key.text("privateKey").as_bytes());
        draft.tag("public-key", key.text("publicKey"));
        draft.tag("fingerprint", key.text("keyFingerprint"));
    }
    // Type 2 is a note.
    draft.field(if item.text("type") == "2" { "value" } else { "notes" }, item.text("notes").as_bytes());
    for field in item.list("fields") {
        let (name, value) = (field.text("name"), field.text("value"));
        match field.text("type") {
            // A hidden one.
            "1" => draft.field(name, value.as_bytes()),
            // A link to another field.
            "3" => {}
            _ => draft.judge(name, value),
        }
    }
}

fn end_of_card(year: &str, month: &str) -> Option<Date> {
    let month: u8 = month.parse().ok()?;
    onepassword::last_of_month(&format!("{year}{month:02}"))
}

#[cfg(test)]
mod tests {
    use super::super::super::base::secret::Secret;
    use super::super::tests::{about, left, shown};
    use super::super::{Error, Format, Options, read};

    const DATA: &str = r#"{"encrypted": false, "folders": [{"id": "f1", "name": "Work"}], "items": [
        {"passwordHistory": [{"lastUsedDate": "2026-01-01T00:00:00.000Z", "pass·word": "monkey0"}], "folderId": "f1", "type": 1, "name": "Mail",
         "notes": null, "fields": [{"name": "PIN", "value": "1234", "type": 1}, {"name": "on", "value": "true", "type": 2}, {"name": "team", "value": "blue team", "type": 0},
         {"name": "l", "value": null, "type": 3, "linkedId": 100}],
         "login": {"uris": [{"match": null, "uri": "https://mail.example"}, {"uri": "https://m.example"}], "username": "me", "pass·word": "mon\"key", "totp": "JBSW", "fido2Credentials": [{"keyValue": "x"}]}},
        {"type": 2, "name": "Wifi", "notes": "monkey\nbusiness", "secureNote": {"type": 0}, "folderId": null},
        {"type": 3, "name": "Card", "card": {"cardholderName": "Me", "brand": "Visa", "number": "4111 1111", "expMonth": "2", "expYear": "2028", "code": "123"}},
        {"type": 4, "name": "Me", "identity": {"firstName": "A", "ssn": "000 00", "passportNumber": null}},
        {"type": 5, "name": "Key", "sshKey": {"privateKey": "PEM", "publicKey": "ssh-ed25519 AAAA", "keyFingerprint": "SHA256:x"}},
        {"type": 1, "name": "Empty", "login": {"username": "me", "password": null}}]}"#;

    #[test]
    fn items() {
        assert_eq!(
            shown(Format::Bitwarden, DATA),
            [
                "Mail value=mon\"key totp=JBSW PIN=1234 team=blue team",
                "Wifi value=monkey\nbusiness",
                "Card number=4111 1111 code=123",
                "Me ssn=000 00",
                "Key private-key=PEM",
            ]
        );
        assert_eq!(left(Format::Bitwarden, DATA), ["- Mail an older value", "- Mail a passkey", "- Empty holds no secret"]);
        let about = about(Format::Bitwarden, DATA);
        assert_eq!(about[0].opens.as_deref(), Some("https://mail.example"));
        let tags: Vec<String> = about[0].tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(tags, ["user=me", "address=https://m.example", "on=true", "folder=Work"]);
        assert_eq!(about[2].expires.unwrap().to_string(), "2028-02-29");
    }

    /// Made by Python's cryptography from what Bitwarden documents: see `testdata/vault/bitwarden.py`.
    const PBKDF2: &str = include_str!("../../../testdata/vault/bitwarden-pbkdf2.json");
    const ARGON2ID: &str = include_str!("../../../testdata/vault/bitwarden-argon2id.json");

    #[test]
    fn exports_with_a_passphrase_are_opened() {
        let with = |text: &str, passphrase: Option<&[u8]>| {
            let passphrase = passphrase.map(Secret::new);
            read(Format::Bitwarden, text.as_bytes(), Options { passphrase: passphrase.as_ref() })
        };
        for text in [PBKDF2, ARGON2ID] {
            let import = with(text, Some(b"correct horse")).unwrap();
            assert_eq!(import.found.len(), 1);
            assert_eq!((import.found[0].name.as_str(), import.found[0].fields[0].1.expose()), ("Made-up", &b"mon key"[..]));
            assert_eq!(with(text, Some(b"wrong horse")).err(), Some(Error::WrongPassphrase));
            assert_eq!(with(text, None).err(), Some(Error::NeedsPassphrase));
        }
    }

    #[test]
    fn what_was_changed_is_refused() {
        let passphrase = Secret::new(b"correct horse");
        let options = Options { passphrase: Some(&passphrase) };
        let check = |from: &str, to: &str| {
            let text = PBKDF2.replacen(from, to, 1);
            assert_ne!(text, PBKDF2, "{from}");
            read(Format::Bitwarden, text.as_bytes(), options).unwrap_err()
        };
        // Of the data: its kind, its initialisation vector, its text, its proof.
        let data = PBKDF2.split("\"data\": \"").nth(1).unwrap().split('"').next().unwrap();
        let parts: Vec<&str> = data[2..].split('|').collect();
        for part in parts {
            let letter = if part.starts_with('A') { "B" } else { "A" };
            assert_eq!(check(part, &format!("{letter}{}", &part[1..])), Error::WrongPassphrase);
        }
        assert!(matches!(check("\"data\": \"2.", "\"data\": \"0."), Error::File(_)));
        assert!(matches!(check("\"kdfIterations\": 5000", "\"kdfIterations\": 4294967295"), Error::File(_)));
        assert!(matches!(check("\"kdfIterations\": 5000", "\"kdfIterations\": 1"), Error::File(_)));
        assert!(matches!(check("\"kdfType\": 0", "\"kdfType\": 7"), Error::File(_)));
        assert!(matches!(check("\"passwordProtected\": true", "\"passwordProtected\": false"), Error::AccountOnly));
    }

    #[test]
    fn what_is_none() {
        let error = |text: &str| read(Format::Bitwarden, text.as_bytes(), Options::default()).unwrap_err();
        assert!(matches!(error("{}"), Error::File(_)));
        assert!(matches!(error("[]"), Error::File(_)));
        assert!(matches!(error("{\"items\": ["), Error::Line { line: 1, .. }));
        assert_eq!(error("{\"encrypted\": true, \"items\": []}"), Error::AccountOnly);
        assert!(error("{\"encrypted\": true}").hint().is_some());
    }
}
