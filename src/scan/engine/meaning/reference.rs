//! Does a value say where the secret is kept, rather than being it: `vault:secret/data/db#password`, `env:DB_PASSWORD`?
//!
//! It must not know rules. Start with [`is_reference`].

/// Beginnings of references that name a store; a path or a name follows.
const STORES: &[&str] = &[
    "vault:",
    "ssm:",
    "sm:",
    "secretsmanager:",
    "aws-ssm:",
    "aws-secrets:",
    "awssm:",
    "awsps:",
    "gcp-sm:",
    "gcpsm:",
    "gsm:",
    "azurekv:",
    "akv:",
    "keyvault:",
    "keyring:",
    "keychain:",
    "secret:",
    "secrets:",
    "secretref:",
    "secretkeyref:",
    "env:",
    "environ:",
    "file:",
    "op:",
    "bw:",
    "doppler:",
    "ref+",
    "arn:aws:",
    "@microsoft.keyvault(",
];

/// Does it name a place where a secret is kept?
pub(super) fn is_reference(value: &[u8]) -> bool {
    let lower = value[..value.len().min(24)].to_ascii_lowercase();
    let named = STORES.iter().find(|store| lower.starts_with(store.as_bytes()));
    named.is_some_and(|store| is_path(&value[store.len()..])) || is_resource(value)
}

/// A path of names: letters, digits and what joins them, with a joint or all in upper case as variables are.
fn is_path(value: &[u8]) -> bool {
    let joint = |b: &u8| matches!(b, b'/' | b'_' | b'.' | b':' | b'#' | b'-' | b'(' | b'=');
    let name = |b: &u8| b.is_ascii_alphanumeric() || joint(b) || matches!(b, b')' | b'@' | b'?' | b'&' | b',' | b'+' | b' ');
    let variable = value.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    value.len() > 1 && value.iter().all(name) && (variable || value.iter().any(joint))
}

/// Is it the name of a secret at Google: `projects/shop/secrets/db/versions/latest`?
fn is_resource(value: &[u8]) -> bool {
    value.starts_with(b"projects/") && memchr::memmem::find(value, b"/secrets/").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let check = |value: &str, expected: bool| assert_eq!(is_reference(value.as_bytes()), expected, "{value}");
        check("vault:secret/data/db#password", true);
        check("env:DB_PASSWORD", true);
        check("file:/run/secrets/db", true);
        check("ref+vault://secret/db#pw", true);
        check("projects/shop/secrets/db/versions/latest", true);
        check("arn:aws:secretsmanager:us-east-1:123456789012:secret:db-Ab12Cd", true);
        check("vault:walnut", false);
        check("secret:k3Jx9QmZr7Tn", false);
        check("op:elm!71", false);
        check("projects/shop", false);
    }
}
