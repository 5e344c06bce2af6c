//! Shared files of the AWS tools: `~/.aws/credentials` and `~/.aws/config`.
//!
//! It must not know what a key opens. Start with [`read`]. A profile is one secret, called `aws-PROFILE`, with the fields that the file has:
//! `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token`. Profiles that get their keys elsewhere (SSO, roles) hold none.

use super::super::base::date::Date;
use super::draft::{Collector, Draft};
use super::ini::{self, Entry};
use super::{Doubt, Error, Import};

/// Settings whose values are no secrets, whatever they look like.
const SETTINGS: [&str; 19] = [
    "region",
    "output",
    "role_arn",
    "source_profile",
    "credential_source",
    "role_session_name",
    "mfa_serial",
    "duration_seconds",
    "sso_session",
    "sso_account_id",
    "sso_role_name",
    "sso_region",
    "sso_registration_scopes",
    "sso_start_url",
    "ca_bundle",
    "services",
    "cli_pager",
    "cli_auto_prompt",
    "retry_mode",
];

/// Reads either of them.
pub(super) fn read(text: &str) -> Result<Import, Error> {
    let mut collector = Collector::default();
    for section in ini::sections(text)? {
        let words: Vec<&str> = section.name.split_whitespace().collect();
        let called = match words[..] {
            [profile] | ["profile", profile] => format!("aws-{}", profile.trim_matches(['"', '\''])),
            [] => return Err(Error::Line { line: section.line, what: "no profile begins above it" }),
            _ => format!("aws-{}", words.join("-")),
        };
        let mut draft = Draft::new(&called, Some(section.line));
        for entry in &section.entries {
            take(entry, &mut draft);
        }
        collector.add(draft);
    }
    Ok(collector.finish())
}

fn take(entry: &Entry<'_>, draft: &mut Draft) {
    let key = entry.key.to_ascii_lowercase();
    // A comment begins behind a blank; no key holds one.
    let value =
        [" #", " ;", "\t#", "\t;"].iter().fold(entry.value, |value, sign| value.split(sign).next().unwrap_or(value).trim());
    match key.as_str() {
        "aws_access_key_id" | "aws_secret_access_key" | "aws_session_token" | "aws_security_token" => {
            draft.field(&key, value.as_bytes());
        }
        "credential_process" => draft.field(&key, entry.value.as_bytes()),
        "expiration" | "aws_expiration" | "x_security_token_expires" | "aws_session_expiration" => {
            draft.expires(entry.value.get(..10).and_then(Date::parse));
            draft.tag(&key, value);
        }
        other if SETTINGS.contains(&other) || other.contains('.') => draft.tag(&key, entry.value),
        _ => draft.judge(&key, entry.value),
    }
    if entry.value.contains('$') {
        draft.doubt(Doubt::Interpolates);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{about, left, shown, wrong_line};
    use super::super::{Format, Named, Options, read};

    #[test]
    fn credentials() {
        let text = "[default]\naws_access_key_id = AKexample\naws_secret_access_key = made/up+one= # mine\n\n\
            [ci]\r\nAWS_ACCESS_KEY_ID=ASexample\r\nAWS_SECRET_ACCESS_KEY=made/up/two\r\naws_session_token=made/up/three==\r\n\
            aws_expiration = 2027-03-01T10:00:00Z\r\nregion=eu-west-1\n";
        assert_eq!(
            shown(Format::Aws, text),
            [
                "aws-default aws_access_key_id=AKexample aws_secret_access_key=made/up+one=",
                "aws-ci aws_access_key_id=ASexample aws_secret_access_key=made/up/two aws_session_token=made/up/three==",
            ]
        );
        let about = about(Format::Aws, text);
        assert_eq!(about[1].expires.unwrap().to_string(), "2027-03-01");
        assert!(about[1].tags.contains(&("region".to_owned(), "eu-west-1".to_owned())));
    }

    #[test]
    fn a_config_with_roles_and_sso_holds_none() {
        let text = "[profile dev]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Admin\nregion = us-east-1\n\
            [sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n\
            [profile prod]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = default\ns3 =\n  max_concurrent_requests = 20\n\
            [profile tool]\ncredential_process = /opt/tool --with monkey\n";
        assert_eq!(shown(Format::Aws, text), ["aws-tool credential_process=/opt/tool --with monkey"]);
        assert_eq!(
            left(Format::Aws, text),
            ["1 aws-dev holds no secret", "6 aws-sso-session-acme holds no secret", "9 aws-prod holds no secret"]
        );
    }

    #[test]
    fn a_profile_that_stands_twice_is_two() {
        let text = "[a]\naws_secret_access_key=x\n[a]\naws_secret_access_key=y\naws_secret_access_key=z\n";
        let import = read(Format::Aws, text.as_bytes(), Options::default()).unwrap();
        assert_eq!(import.found.iter().map(|found| found.named).collect::<Vec<_>>(), [Named::AsCalled, Named::Taken]);
        assert_eq!(
            shown(Format::Aws, text),
            ["aws-a aws_secret_access_key=x", "aws-a-2 aws_secret_access_key=y aws_secret_access_key-2=z"]
        );
        wrong_line(Format::Aws, "aws_secret_access_key=x", 1);
        wrong_line(Format::Aws, "[a]\nx", 2);
    }
}
