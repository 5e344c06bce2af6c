//! Files of tools that encrypt secrets: the ciphertext is no finding, a plain value beside it is one.

use stanch::scan::engine::{Engine, Input, Match, Scratch};
use stanch::scan::rule::builtin;

fn found(path: &str, text: &[u8]) -> Vec<String> {
    let engine = Engine::new(builtin::rules()).expect("the built-in rules are searchable");
    let mut ids = Vec::new();
    let input = Input { path: Some(path), ..Input::whole(text) };
    engine.scan(&mut Scratch::default(), &input, &mut |m: &Match| ids.push(engine.rules()[m.rule as usize].id.clone()));
    ids
}

/// Base64 that looks random and is the same at every run.
fn noise(length: usize) -> String {
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').collect();
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        alphabet[usize::try_from(state >> 33).unwrap_or(0) % alphabet.len()]
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn ciphertext_is_no_finding() {
    let (long, hex) = (noise(44), "3061".repeat(20));
    let check = |path: &str, text: &str| assert_eq!(found(path, text.as_bytes()), Vec::<String>::new(), "{path}");
    check(
        "secrets.yaml",
        &format!(
            "api_key: ENC[AES256_GCM,data:{long}=,iv:{long}=,tag:{}==,type:str]\nsops:\n  mac: ENC[AES256_GCM,data:{long}]\n",
            noise(22)
        ),
    );
    check("sealed.yaml", &format!("kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgBy{}\n", noise(700)));
    check("group_vars/all.yml", &format!("db_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  {hex}\n  {hex}\n"));
    check(
        "a.age",
        &format!("-----BEGIN AGE ENCRYPTED FILE-----\ntoken={}\n{}\n-----END AGE ENCRYPTED FILE-----\n", noise(58), noise(64)),
    );
    check("config.xml", &format!("<password>{{AQAAABAAAAAQ{}=}}</password>", noise(43)));
    check("config/credentials.yml.enc", &format!("{}--{}--{}==", noise(200), noise(16), noise(22)));
    check(".env", &format!("API_KEY=\"encrypted:{}=\"\n", noise(123)));
    check("hiera.yaml", &format!("api_token: ENC[PKCS7,{}]\n", noise(200)));
    let mut locked = b"\0GITCRYPT\0".to_vec();
    locked.extend((0..4000u32).map(|i| u8::try_from(i * 7919 % 251).unwrap_or(0)));
    assert_eq!(found("secret.key", &locked), Vec::<String>::new());
}

/// What git-crypt and age make is no text, and a note says so; a gap it is not.
#[test]
fn files_that_are_ciphertext() {
    let folder = crate::run::Folder::new();
    let body: Vec<u8> = (0..4000u32).map(|i| u8::try_from(i * 7919 % 251).unwrap_or(0)).collect();
    folder.write("locked", [b"\0GITCRYPT\0".as_slice(), &body].concat());
    folder.write("backup.tar.gz", [b"age-encryption.org/v1\n-> X25519 ".as_slice(), noise(43).as_bytes(), b"\n", &body].concat());
    folder.write("dump.bin", [b"Salted__".as_slice(), &body].concat());
    let report = folder.scan(&["."]);
    let note = |name: &str, tool: &str| format!("note encrypted {name}: encrypted with {tool}; raw bytes scanned");
    report.is(0, &[], &[&note("backup.tar.gz", "age"), &note("dump.bin", "openssl"), &note("locked", "git-crypt")]);
}

#[test]
fn a_plain_value_beside_ciphertext_is_a_finding() {
    let value = ["Elm", "Harbor71"].concat();
    let check = |path: &str, text: &str, id: &str| assert_eq!(found(path, text.as_bytes()), [id], "{path}");
    let beside = "plaintext-in-encrypted-file";
    check("secrets.yaml", &format!("user: ENC[AES256_GCM,data:abc,iv:x,tag:y,type:str]\npassword: {value}\n"), beside);
    check("hiera.yaml", &format!("user: ENC[PKCS7,{}]\napi_token: {value}\n", noise(100)), beside);
    let sops = |plain: &str, setting: &str| {
        let enc = format!("ENC[AES256_GCM,data:q1w2,iv:{}=,tag:{}==,type:str]", noise(43), noise(22));
        format!(
            "app:\n    user: {enc}\n    host: db.corp.net\n    port: 5432\n{plain}sops:\n    kms: []\n    mac: {enc}\n    {setting}\n    version: 3.8.1\n"
        )
    };
    let suffix = "unencrypted_suffix: _unencrypted";
    check("secrets.yaml", &sops(&format!("    password: {value}\n"), suffix), beside);
    check("secrets.yaml", &format!("password: {value}\n{}", sops("", suffix)), beside);
    check("secrets.yaml", &sops(&format!("data:\n    api_token: {value}\n"), "encrypted_regex: ^(data|stringData)$"), beside);
    // What SOPS leaves as it is on purpose is told as a password like any other.
    check(
        "secrets.yaml",
        &sops(&format!("open:\n    password: {value}\n"), "encrypted_regex: ^(data|stringData)$"),
        "generic-password",
    );
    check("secrets.yaml", &sops(&format!("open_unencrypted:\n    password: {value}\n"), suffix), "generic-password");
    let vault = format!("  $ANSIBLE_VAULT;1.1;AES256\n  {0}\n  {0}\n", "3061".repeat(20));
    let vars = format!("db_password: !vault |\n{vault}region: eu-west-1\nsmtp_host: mail.corp.net\nsmtp_password: {value}\n");
    check("group_vars/all.yml", &vars, beside);
    check("group_vars/all.yml", &format!("smtp_password: {value}\nregion: eu-west-1\ndb_password: !vault |\n{vault}"), beside);
    check(
        "sealed.yaml",
        &format!("kind: SealedSecret\nspec:\n  template:\n    stringData:\n      password: {value}\n"),
        "plaintext-in-sealed-secret",
    );
}

/// The name of a file, or a word that ciphertext begins with, hides nothing.
#[test]
fn a_plain_value_where_ciphertext_is_meant_to_be_is_found() {
    let folder = crate::run::Folder::new();
    let token = crate::canary::github(1);
    for (name, text) in [
        ("config/credentials.yml.enc", format!("token: {token}\n")),
        ("config/passwords.yaml.enc", "secret_key_base: x\ndb_password: \"Hb7-walnut\"\n".to_owned()), // stanch:allow[generic-password] -- made up
        (".env.vault", format!("DOTENV_VAULT_CI=\"abcd\"\nTOKEN={token}\n")),
        ("notes.gpg", format!("token {token}\n")),
        ("a.json", format!("{{\"a\":\"{{cipher}}abcd\",\"token\":\"{token}\"}}\n")),
        ("A.java", format!("if (s.startsWith(\"ENC(\")) t = \"{token}\";\n")),
        ("b.txt", format!("-----BEGIN PGP MESSAGE----- is how they begin\n\ntoken = {token}\n")),
    ] {
        folder.write(name, text);
    }
    let mut found = folder.scan(&["--no-ignore", "."]).places();
    found.retain(|place| !place.contains(" generic-secret"));
    assert_eq!(found.len(), 7, "{found:?}");
}
