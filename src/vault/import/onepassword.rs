//! 1PUX, what 1Password exports: an archive with a JSON text of accounts, vaults and items (support.1password.com/1pux-format).
//!
//! It must not know a category beyond its fields. Start with [`read_archive`]. An item is one secret; its password is `value`, other concealed
//! fields keep their titles. Texts of an item that are not plain are taken for secrets. Attached files and older passwords are left.

use std::io::{Cursor, Read as _};

use zeroize::Zeroizing;

use super::super::base::date::Date;
use super::draft::{Collector, Draft};
use super::tree::{Node, Tree, from_json};
use super::{Error, Import, LARGEST, Why, text};

/// The text in the archive.
const MEMBER: &str = "export.data";
/// The category of passwords without a login, and of notes.
const NOTE: &str = "003";

/// Is it a zip archive?
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Reads an archive.
pub(super) fn read_archive(bytes: &[u8]) -> Result<Import, Error> {
    let damaged = Error::File("it is no zip archive, or is damaged");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged.clone())?;
    let mut member = archive.by_name(MEMBER).map_err(|_| Error::File("it is no export of 1Password: it has no `export.data`"))?;
    if member.size() > LARGEST as u64 {
        return Err(Error::TooLarge);
    }
    // What the archive says of the size need not be true. There is room for one byte more than it says, so that nothing is copied to grow.
    let most = usize::try_from(member.size()).map_err(|_| Error::TooLarge)?;
    let mut data = Zeroizing::new(vec![0; most + 1]);
    let mut length = 0;
    loop {
        match member.read(&mut data[length..]) {
            Ok(0) if length > most => return Err(damaged),
            Ok(0) => break,
            Ok(read) => length += read,
            Err(_) => return Err(damaged),
        }
    }
    read(text::decode(&data[..length])?.text())
}

/// Reads the text in an archive.
pub(super) fn read(text: &str) -> Result<Import, Error> {
    let tree = from_json(text)?;
    if tree.get("accounts").is_none() {
        return Err(Error::File("it is no export of 1Password: it has no `accounts`"));
    }
    let mut collector = Collector::default();
    for account in tree.list("accounts") {
        let owner = account.get("attrs").map_or("", |attrs| attrs.text("email"));
        for vault in account.list("vaults") {
            let name = vault.get("attrs").map_or("", |attrs| attrs.text("name"));
            for item in vault.list("items") {
                take(item.get("item").unwrap_or(item), (owner, name), &mut collector);
            }
        }
    }
    Ok(collector.finish())
}

fn take(item: &Tree, (owner, vault): (&str, &str), collector: &mut Collector) {
    let (Some(overview), Some(details)) = (item.get("overview"), item.get("details")) else { return };
    let called = overview.text("title");
    let mut draft = Draft::new(called, None);
    login(details, &mut draft);
    for section in details.list("sections") {
        for field in section.list("fields") {
            section_field(section.text("title"), field, &mut draft);
        }
    }
    let note = if item.text("categoryUuid") == NOTE { "value" } else { "notes" };
    draft.field(note, details.text("notesPlain").as_bytes());
    draft.opens(overview.text("url"));
    for address in overview.list("urls").iter().map(|entry| entry.text("url")).filter(|url| *url != overview.text("url")) {
        draft.opens(address);
    }
    let tags: Vec<&str> = overview.list("tags").iter().filter_map(Tree::as_text).collect();
    draft.tag("tags", &tags.join(","));
    draft.tag("vault", vault);
    if item.text("trashed") == "true" || matches!(item.text("state"), "archived" | "trashed") {
        draft.tag("state", if item.text("state") == "archived" { "archived" } else { "trashed" });
    }
    draft.owner(owner);
    if details.get("documentAttributes").is_some_and(|tree| !matches!(tree.node, Node::Null)) || item.get("file").is_some() {
        collector.leave(called, None, Why::Attachment);
    }
    for _ in details.list("passwordHistory") {
        collector.leave(called, None, Why::Old);
    }
    if details.list("passkeys").iter().chain(details.get("passkey")).next().is_some() {
        collector.leave(called, None, Why::Passkey);
    }
    collector.add(draft);
}

/// User and password, and what else is in the form of a site.
fn login(details: &Tree, draft: &mut Draft) {
    let fields = details.list("loginFields");
    draft.field("value", details.text("password").as_bytes());
    for field in fields.iter().filter(|field| field.text("designation") == "password") {
        draft.field("value", field.text("value").as_bytes());
    }
    for field in fields {
        let (name, value) =
            (if field.text("name").is_empty() { field.text("id") } else { field.text("name") }, field.text("value"));
        match (field.text("designation"), field.text("fieldType")) {
            ("password", _) => {}
            ("username", _) => draft.tag("user", value),
            (_, "P") => draft.field(name, value.as_bytes()),
            // Buttons, boxes.
            (_, "B" | "I" | "C" | "R" | "S") => {}
            (_, "U" | "E") => draft.tag(name, value),
            _ => draft.judge(name, value),
        }
    }
}

fn section_field(section: &str, field: &Tree, draft: &mut Draft) {
    let title = if field.text("title").is_empty() { field.text("id") } else { field.text("title") };
    let name = if section.is_empty() { title.to_owned() } else { format!("{section}.{title}") };
    for (kind, value) in field.get("value").map(Tree::entries).unwrap_or_default() {
        let text = value.as_text().unwrap_or_default();
        match kind.as_str() {
            "concealed" | "creditCardNumber" => draft.field(&name, text.as_bytes()),
            "totp" => draft.field("totp", text.as_bytes()),
            "sshKey" => {
                draft.field("private-key", value.text("privateKey").as_bytes());
                let public = value.get("metadata").map_or("", |metadata| metadata.text("publicKey"));
                draft.tag("public-key", public);
            }
            "date" | "monthYear" => {
                let day = if kind == "date" { day(text) } else { last_of_month(text) };
                let title = title.to_ascii_lowercase();
                if title.contains("expir") || title.contains("valid to") || title.contains("valid until") {
                    draft.expires(day);
                }
                draft.tag(&name, &day.map_or(text.to_owned(), |day| day.to_string()));
            }
            "url" => draft.opens(text),
            "email" => draft.tag(&name, if text.is_empty() { value.text("email_address") } else { text }),
            "phone" | "gender" | "creditCardType" | "reference" => draft.tag(&name, text),
            "string" | "menu"
                if matches!(field.text("id"), "username" | "hostname" | "server" | "port" | "database" | "cardholder") =>
            {
                draft.tag(title, text);
            }
            "file" => {}
            "address" => value
                .entries()
                .iter()
                .for_each(|(part, value)| draft.tag(&format!("{name}.{part}"), value.as_text().unwrap_or_default())),
            // A kind of which nothing is known may hold anything.
            _ if text.is_empty() => {
                for (part, value) in value.entries() {
                    draft.judge(&format!("{name}.{part}"), value.as_text().unwrap_or_default());
                }
            }
            _ => draft.judge(&name, text),
        }
    }
}

fn day(seconds: &str) -> Option<Date> {
    seconds.parse().ok().map(Date::from_unix)
}

/// Of a month as 1Password writes it, `202712`, the last day.
pub(super) fn last_of_month(month: &str) -> Option<Date> {
    let month: u32 = month.parse().ok()?;
    let (year, month) = (u16::try_from(month / 100).ok()?, u8::try_from(month % 100).ok()?);
    (28..=31).rev().find_map(|day| Date::new(year, month, day))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::tests::{about, left, shown_bytes};
    use super::super::{Error, Format, LARGEST, Options, read};

    const DATA: &str = r#"{"accounts": [{"attrs": {"accountName": "Acme", "email": "me@acme.example"}, "vaults": [{"attrs": {"name": "Work"}, "items": [
        {"uuid": "a", "state": "active", "categoryUuid": "001", "overview": {"title": "My Bank", "url": "https://bank.example",
          "urls": [{"label": "", "url": "https://bank.example"}, {"label": "", "url": "https://b.example"}], "tags": ["money", "old"]},
         "details": {"loginFields": [{"value": "me", "id": "", "name": "u", "fieldType": "T", "designation": "username"},
            {"value": "monkey", "id": "", "name": "p", "fieldType": "P", "designation": "password"},
            {"value": "on", "id": "", "name": "remember", "fieldType": "C"}, {"value": "bananas", "id": "", "name": "second", "fieldType": "P"}],
          "notesPlain": "a note", "sections": [{"title": "", "name": "s", "fields": [
            {"title": "one-time password", "id": "t", "value": {"totp": "otpauth://totp/x"}},
            {"title": "valid to", "id": "v", "value": {"monthYear": 202802}},
            {"title": "site", "id": "w", "value": {"url": "https://c.example/?k=monkey"}},
            {"title": "", "id": "empty", "value": {"string": ""}}]},
           {"title": "More", "name": "m", "fields": [{"title": "PIN", "id": "pin", "value": {"concealed": "1234"}}, {"title": "team", "id": "x", "value": {"string": "blue team"}}]}],
          "passwordHistory": [{"value": "monkey0", "time": 1458322355}]}},
        {"item": {"trashed": true, "categoryUuid": "003", "overview": {"title": "Note"}, "details": {"notesPlain": "dear diary"}}},
        {"state": "archived", "categoryUuid": "114", "overview": {"title": "Key"}, "details": {"sections": [{"title": "", "fields": [
            {"title": "private key", "id": "private_key", "value": {"sshKey": {"privateKey": "PEM", "metadata": {"publicKey": "ssh-ed25519 AAAA"}}}}]}]}},
        {"categoryUuid": "112", "overview": {"title": "API"}, "details": {"sections": [{"title": "", "fields": [
            {"title": "credential", "id": "credential", "value": {"concealed": "mon key"}}, {"title": "expires", "id": "expires", "value": {"date": 1798761600}},
            {"title": "username", "id": "username", "value": {"string": "bot"}}, {"title": "mail", "id": "m", "value": {"email": {"email_address": "a@b.example", "provider": null}}}]}]}},
        {"categoryUuid": "006", "overview": {"title": "Doc"}, "details": {"documentAttributes": {"fileName": "x.pdf"}}},
        {"no": "item"}]}]}]}"#;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in members {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn items() {
        let expected = [
            "My-Bank value=monkey second=bananas totp=otpauth://totp/x address=https://c.example/?k=monkey More.PIN=1234 More.team=blue team notes=a note",
            "Note value=dear diary",
            "Key private-key=PEM",
            "API credential=mon key",
        ];
        let packed = archive(&[("export.attributes", b"{\"version\": 3}"), ("export.data", DATA.as_bytes()), ("files/x", b"x")]);
        for bytes in [DATA.as_bytes(), &packed] {
            assert_eq!(shown_bytes(Format::OnePux, bytes), expected);
        }
        assert_eq!(left(Format::OnePux, DATA), ["- My Bank an older value", "- Doc an attached file", "- Doc holds no secret"]);
        let about = about(Format::OnePux, DATA);
        assert_eq!(
            (about[0].opens.as_deref(), about[0].owner.as_deref()),
            (Some("https://bank.example"), Some("me@acme.example"))
        );
        assert_eq!(about[0].expires.unwrap().to_string(), "2028-02-29");
        let tags: Vec<String> = about[0].tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(tags, ["user=me", "valid to=2028-02-29", "address=https://b.example", "tags=money,old", "vault=Work"]);
        assert!(about[1].tags.contains(&("state".to_owned(), "trashed".to_owned())));
        assert!(about[2].tags.contains(&("state".to_owned(), "archived".to_owned())));
        assert_eq!(about[3].expires.unwrap().to_string(), "2027-01-01");
        assert!(about[3].tags.contains(&("mail".to_owned(), "a@b.example".to_owned())));
    }

    #[test]
    fn archives_that_are_none() {
        let wrong = |bytes: &[u8]| read(Format::OnePux, bytes, Options::default()).unwrap_err();
        assert!(matches!(wrong(b"PK\x03\x04 and so on"), Error::File(_)));
        assert!(matches!(wrong(&archive(&[("other", b"x")])), Error::File(_)));
        assert!(matches!(wrong(&archive(&[("export.data", b"{}")])), Error::File(_)));
        assert!(matches!(wrong(&archive(&[("export.data", b"\0\xff")])), Error::Line { .. }));
        assert!(matches!(wrong(b"[]"), Error::File(_)));
        // A bomb: what it says of its size is true.
        let bomb = archive(&[("export.data", &vec![b' '; LARGEST + 1])]);
        assert!(bomb.len() < LARGEST / 100);
        assert_eq!(wrong(&bomb), Error::TooLarge);
        let whole = archive(&[("export.data", DATA.as_bytes())]);
        for at in 0..whole.len() {
            let _ = read(Format::OnePux, &whole[..at], Options::default());
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            let _ = read(Format::OnePux, &changed, Options::default());
        }
    }

    /// The size that stands in the archive is smaller than what comes out.
    #[test]
    fn a_size_that_is_not_true_is_seen() {
        let mut lying = archive(&[("export.data", DATA.as_bytes())]);
        let size = (DATA.len() as u32).to_le_bytes();
        let at: Vec<usize> = (0..lying.len() - 4).filter(|at| lying[*at..*at + 4] == size).collect();
        assert!(!at.is_empty());
        for at in at {
            lying[at..at + 4].copy_from_slice(&5u32.to_le_bytes());
        }
        assert!(read(Format::OnePux, &lying, Options::default()).is_err());
    }
}
