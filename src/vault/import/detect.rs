//! Which tool wrote a file: by its name, and by what stands in it.
//!
//! It must not know whether it can be read. Start with [`detect`].

use super::{Format, csv, onepassword, text};

/// What a file of that name and content is; `None` if it may be anything. A name alone decides nothing that its content speaks against.
#[must_use]
pub fn detect(file_name: &str, bytes: &[u8]) -> Option<Format> {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    if onepassword::is_archive(bytes) {
        return Some(Format::OnePux);
    }
    let decoded = text::decode(bytes).ok()?;
    let text = decoded.text();
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', ';']))?;
    if first.starts_with('<') {
        return text.contains("<KeePassFile").then_some(Format::KeepassXml);
    }
    if is_json(first) {
        return Some(of_json(text));
    }
    by_content(&name, text, first).or_else(|| by_name(&name))
}

/// A section's head begins with a bracket as well.
fn is_json(first: &str) -> bool {
    let is_list = |behind: &str| behind.is_empty() || behind.starts_with(['{', '[', '"', ']']);
    first.starts_with('{') || first.strip_prefix('[').is_some_and(|behind| is_list(behind.trim_start()))
}

fn of_json(text: &str) -> Format {
    let has = |names: &[&str]| names.iter().all(|name| text.contains(&format!("\"{name}\"")));
    if has(&["encrypted", "items"]) || has(&["encrypted", "encKeyValidation_DO_NOT_EDIT"]) {
        Format::Bitwarden
    } else if has(&["accounts", "vaults"]) {
        Format::OnePux
    } else {
        Format::Json
    }
}

fn by_content(name: &str, text: &str, first: &str) -> Option<Format> {
    let tables = [
        (&csv::BITWARDEN, Format::BitwardenCsv),
        (&csv::KEEPASS, Format::KeepassCsv),
        (&csv::ONEPASSWORD, Format::OnePasswordCsv),
    ];
    if let Some((_, format)) = tables.iter().find(|(columns, _)| first.contains(',') && columns.fit(text)) {
        return Some(*format);
    }
    let lower = text.to_ascii_lowercase();
    let lines =
        || lower.lines().map(str::trim_end).filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']));
    if first.starts_with('[') {
        let keys = [
            "aws_access_key_id",
            "aws_secret_access_key",
            "aws_session_token",
            "sso_start_url",
            "sso_session",
            "credential_process",
            "role_arn",
        ];
        let aws = lines().any(|line| keys.iter().any(|key| line.trim_start().starts_with(key)) || line.starts_with("[profile "));
        return Some(if aws { Format::Aws } else { Format::Ini });
    }
    if lines().any(|line| line.starts_with("users:"))
        && lines().any(|line| line.starts_with("clusters:") || line.starts_with("contexts:"))
    {
        return Some(Format::Kubeconfig);
    }
    let word = first.split_whitespace().next().unwrap_or_default();
    if matches!(word, "machine" | "macdef") || word == "default" && first.contains("login") {
        return Some(Format::Netrc);
    }
    if is_yaml(name, first) {
        return Some(Format::Yaml);
    }
    is_entry(first).then_some(Format::Dotenv)
}

fn is_yaml(name: &str, first: &str) -> bool {
    let named = matches!(extension(name), "yaml" | "yml");
    named
        || first == "---"
        || first.starts_with("- ")
        || first.split_once(':').is_some_and(|(key, rest)| {
            (rest.is_empty() || rest.starts_with(' ')) && !key.contains(['=', ' ', '"', '\'']) && !key.is_empty()
        })
}

fn is_entry(line: &str) -> bool {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let name = line.split('=').next().unwrap_or_default().trim_end();
    line.contains('=') && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Of a name in lower case.
fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn by_name(name: &str) -> Option<Format> {
    let is_env = name == ".env" || name.starts_with(".env.") || extension(name) == "env";
    match name {
        _ if is_env => Some(Format::Dotenv),
        ".netrc" | "_netrc" => Some(Format::Netrc),
        _ if extension(name) == "ini" => Some(Format::Ini),
        _ => None,
    }
}

/// Of what sops wrote, and only of that.
pub(super) fn of_sops(text: &str) -> Format {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', ';'])).unwrap_or_default();
    if is_json(first) {
        Format::Json
    } else if first.starts_with('[') {
        Format::Ini
    } else if is_entry(first) {
        Format::Dotenv
    } else {
        Format::Yaml
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::detect;

    #[test]
    fn files_are_told_apart() {
        let check = |name: &str, text: &str, expected: Option<Format>| {
            assert_eq!(detect(name, text.as_bytes()), expected, "{name} {text}");
            let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
            if !text.starts_with("PK") {
                assert_eq!(detect(name, &utf16), expected, "{name} {text} in UTF-16");
            }
        };
        check(".env", "A=b", Some(Format::Dotenv));
        check("-", "# x\n\nexport A=b\n", Some(Format::Dotenv));
        check("/home/me/.env.production", "  A = b", Some(Format::Dotenv));
        check("x", "[default]\naws_access_key_id = x", Some(Format::Aws));
        check("config", "[profile a]\nregion=b", Some(Format::Aws));
        check("credentials", "[default]\nx=y", Some(Format::Ini));
        check("x.ini", "a=b", Some(Format::Dotenv));
        check("-", "machine a login b password c", Some(Format::Netrc));
        check(".netrc", "default login a password b", Some(Format::Netrc));
        check("_netrc", "what", Some(Format::Netrc));
        check("config", "apiVersion: v1\nclusters: []\nusers:\n- name: x", Some(Format::Kubeconfig));
        check("x.json", "{\"a\": 1}", Some(Format::Json));
        check("-", "[\n{}]", Some(Format::Json));
        check("-", "{\"encrypted\": false, \"folders\": [], \"items\": []}", Some(Format::Bitwarden));
        check("-", "{\"encrypted\": true, \"encKeyValidation_DO_NOT_EDIT\": \"\"}", Some(Format::Bitwarden));
        check("export.data", "{\"accounts\": [{\"vaults\": []}]}", Some(Format::OnePux));
        check("x.1pux", "PK\x03\x04x", Some(Format::OnePux));
        check("x.csv", "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\n", Some(Format::OnePasswordCsv));
        check(
            "x.csv",
            "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n",
            Some(Format::BitwardenCsv),
        );
        check("x.csv", "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\"\n", Some(Format::KeepassCsv));
        check("x.csv", "a,b,c", None);
        check("x.xml", "<?xml?><KeePassFile/>", Some(Format::KeepassXml));
        check("x.xml", "<a/>", None);
        check("x.yaml", "a: b", Some(Format::Yaml));
        check("-", "a:\n  b: c", Some(Format::Yaml));
        check("-", "---\na: b", Some(Format::Yaml));
        check("x.yml", "a=b", Some(Format::Yaml));
        check("-", "", None);
        check(".env", "", None);
        check("-", "any text, really", None);
        check("-", "https://x", None);
        assert_eq!(detect(".env", b"\0\xff"), None);
        for (format, word) in Format::ALL {
            assert_eq!(format.word(), word);
        }
    }
}
