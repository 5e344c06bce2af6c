//! KeePass 2's XML export, also that of KeePassXC: groups of entries of strings.
//!
//! It must not know how a database is opened. Start with [`read`]. An entry is one secret; its password is `value`. Its other strings are secrets
//! if they are protected, or not plain. History and attached files are left.

use super::super::base::date::Date;
use super::draft::{Collector, Draft};
use super::xml::{self, Element};
use super::{Error, Import, Why};

/// Reads an export.
pub(super) fn read(text: &str) -> Result<Import, Error> {
    let document = xml::parse(text)?;
    let Some(root) = document.all("Root").next().filter(|_| document.name == "KeePassFile") else {
        return Err(Error::File("it is no export of KeePass: it has no `KeePassFile` with a `Root`"));
    };
    let mut collector = Collector::default();
    for group in root.all("Group") {
        walk(group, "", &mut collector)?;
    }
    Ok(collector.finish())
}

/// The parser's limit is that of the depth, too.
fn walk(group: &Element, above: &str, collector: &mut Collector) -> Result<(), Error> {
    let name = group.text_of("Name");
    let path = if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
    for entry in group.all("Entry") {
        take(entry, &path, collector)?;
    }
    group.all("Group").try_for_each(|group| walk(group, &path, collector))
}

fn take(entry: &Element, group: &str, collector: &mut Collector) -> Result<(), Error> {
    let title = entry.all("String").find(|string| string.text_of("Key") == "Title").map_or("", |string| string.text_of("Value"));
    let mut draft = Draft::new(title, Some(entry.line));
    for string in entry.all("String") {
        let Some(value) = string.all("Value").next() else { continue };
        if value.says("Protected") {
            return Err(Error::Line {
                line: value.line,
                what: "its value is still encrypted: export it from the program as XML",
            });
        }
        match string.text_of("Key") {
            "Title" => {}
            "Password" => draft.field("value", value.text.as_bytes()),
            "UserName" => draft.tag("user", &value.text),
            "URL" => draft.opens(&value.text),
            "Notes" => draft.field("notes", value.text.as_bytes()),
            "otp" | "TOTP Seed" | "TimeOtp-Secret-Base32" => draft.field("totp", value.text.as_bytes()),
            key if value.says("ProtectInMemory") => draft.field(key, value.text.as_bytes()),
            key => draft.judge(key, &value.text),
        }
    }
    for times in entry.all("Times").filter(|times| times.text_of("Expires").eq_ignore_ascii_case("true")) {
        draft.expires(times.text_of("ExpiryTime").get(..10).and_then(Date::parse));
    }
    draft.tag("group", group);
    draft.tag("tags", entry.text_of("Tags"));
    for _ in entry.all("Binary") {
        collector.leave(title, Some(entry.line), Why::Attachment);
    }
    for old in entry.all("History").flat_map(|history| history.all("Entry")) {
        collector.leave(title, Some(old.line), Why::Old);
    }
    collector.add(draft);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{about, left, shown, wrong_line};
    use super::super::{Error, Format, Options, read};

    const DATA: &str = "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r
<KeePassFile>
 <Meta><Generator>KeePass</Generator></Meta>
 <Root><Group><Name>Root</Name>
  <Entry><UUID>x</UUID><Tags>a;b</Tags><Times><ExpiryTime>2027-04-05T06:07:08Z</ExpiryTime><Expires>True</Expires></Times>
   <String><Key>Notes</Key><Value /></String>
   <String><Key>Password</Key><Value ProtectInMemory=\"True\">mon&lt;key</Value></String>
   <String><Key>Title</Key><Value>My db</Value></String>
   <String><Key>URL</Key><Value>https://db.example</Value></String>
   <String><Key>UserName</Key><Value>me</Value></String>
   <String><Key>PIN</Key><Value ProtectInMemory=\"True\">1234</Value></String>
   <String><Key>port</Key><Value>5432</Value></String>
   <Binary><Key>x.txt</Key><Value Ref=\"0\" /></Binary>
   <History><Entry><String><Key>Pass·word</Key><Value>monkey0</Value></String></Entry></History>
  </Entry>
  <Group><Name>Inner</Name><Entry><String><Key>Title</Key><Value>empty</Value></String><Times><ExpiryTime>2027-04-05T06:07:08Z</ExpiryTime><Expires>False</Expires></Times></Entry>
   <Entry><String><Key>Title</Key><Value>two</Value></String><String><Key>Pass·word</Key><Value>bananas</Value></String></Entry></Group>
 </Group></Root>
</KeePassFile>";

    #[test]
    fn entries() {
        assert_eq!(shown(Format::KeepassXml, DATA), ["My-db value=mon<key PIN=1234", "two value=bananas"]);
        assert_eq!(
            left(Format::KeepassXml, DATA),
            ["5 My db an attached file", "14 My db an older value", "16 empty holds no secret"]
        );
        let about = about(Format::KeepassXml, DATA);
        assert_eq!(
            (about[0].opens.as_deref(), about[0].expires.unwrap().to_string().as_str()),
            (Some("https://db.example"), "2027-04-05")
        );
        let tags: Vec<String> = about[0].tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(tags, ["user=me", "port=5432", "group=Root", "tags=a;b"]);
        assert_eq!(about[1].tags, [("group".to_owned(), "Root/Inner".to_owned())]);
    }

    #[test]
    fn what_is_none() {
        wrong_line(Format::KeepassXml, "<a>\n<b>", 2);
        wrong_line(Format::KeepassXml, &DATA.replace("ProtectInMemory=\"True\">mon", "Protected=\"True\">mon"), 7);
        assert!(matches!(read(Format::KeepassXml, b"<a/>", Options::default()), Err(Error::File(_))));
    }
}
