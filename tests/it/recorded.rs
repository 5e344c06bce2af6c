//! What programs keep of sessions and logins: cookies, recorded requests, browser states, registry logins, mails, rows of bytes.

use crate::canary::{github, password, random};
use crate::run::Folder;

const LOWER: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const MIXED: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The rules and secrets that are found in a file, sorted.
#[track_caller]
fn check(folder: &Folder, name: &str, expected: &[(&str, &str)]) {
    let report = folder.scan(&["--show-secrets", name]);
    let found = |f: &serde_json::Value| {
        (f["rule"].as_str().unwrap_or_default().to_owned(), f["secret"].as_str().unwrap_or_default().to_owned())
    };
    let mut found: Vec<(String, String)> = report.findings.iter().map(found).collect();
    found.sort();
    found.dedup();
    let mut expected: Vec<(String, String)> = expected.iter().map(|(rule, s)| ((*rule).to_owned(), (*s).to_owned())).collect();
    expected.sort();
    assert_eq!(found, expected, "{name}");
}

/// `cookies.txt` as Python's `http.cookiejar` writes it, which curl reads and writes too.
#[test]
fn cookies_of_a_jar() {
    let folder = Folder::new();
    let (session, java, key) = (random(LOWER, 1, 32), random(b"0123456789ABCDEF", 2, 32), random(MIXED, 3, 40));
    let script = "import sys
from http.cookiejar import Cookie, MozillaCookieJar
jar = MozillaCookieJar('cookies.txt')
for name, value in zip(['_shop_session', 'JSESSIONID', 'api_key', 'csrftoken', 'theme', '_ga'], sys.argv[1:] + ['GA1.2.812743155.1764230000']):
    jar.set_cookie(Cookie(0, name, value, None, False, 'shop.corp.net', False, False, '/', True, True, 1830000000, False, None, None, {'HttpOnly': None}))
jar.save()
";
    folder.write("make.py", script);
    folder.shell(&format!("python3 make.py {session} {java} {key} {} dark; rm make.py", random(MIXED, 4, 64))).says(0, &[]);
    let rule = "session-cookie-stored";
    check(&folder, "cookies.txt", &[(rule, &session), (rule, &java), ("generic-api-key", &key)]);
}

#[test]
fn a_recorded_request() {
    let folder = Folder::new();
    let (session, other, bearer) = (random(LOWER, 11, 32), random(MIXED, 12, 90), random(MIXED, 13, 60));
    let key = random(MIXED, 14, 40);
    let har = serde_json::json!({"log": {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "entries": [{
        "request": {
            "method": "GET",
            "url": "https://shop.corp.net/orders",
            "headers": [
                {"name": "cookie", "value": format!("theme=dark; sessionid={session}; csrftoken={}", random(MIXED, 15, 64))},
                {"name": "authorization", "value": format!("Bearer {bearer}")},
                {"name": "x-api-key", "value": key},
            ],
            "cookies": [{"name": "sessionid", "value": session, "path": "/", "domain": "shop.corp.net",
                "expires": "2027-01-01T00:00:00.000Z", "httpOnly": true, "secure": true}],
        },
        "response": {"status": 200, "headers": [{"name": "set-cookie", "value": format!("_shop_session={other}; path=/; HttpOnly")}]},
    }]}});
    let found = [
        ("session-cookie", other.as_str()),
        ("session-cookie-recorded", &session),
        ("http-bearer", &bearer),
        ("generic-api-key", &key),
    ];
    folder.write("shop.har", serde_json::to_string_pretty(&har).unwrap());
    check(&folder, "shop.har", &found);
    folder.write("one-line.har", har.to_string());
    check(&folder, "one-line.har", &found);
}

/// The storage state of Playwright: cookies and what pages keep.
#[test]
fn the_state_of_a_browser() {
    let folder = Folder::new();
    let (session, token, refresh) = (random(MIXED, 21, 40), github(22), random(MIXED, 23, 64));
    let cookie = |name: &str, value: &str| {
        serde_json::json!({"name": name, "value": value, "domain": "shop.corp.net", "path": "/", "expires": 1_830_000_000.5,
            "httpOnly": true, "secure": true, "sameSite": "Lax"})
    };
    let state = serde_json::json!({
        "cookies": [cookie("sid", &session), cookie("theme", "dark"), cookie("_hjSession_81", &random(MIXED, 24, 60))],
        "origins": [{"origin": "https://shop.corp.net", "localStorage": [
            {"name": "auth", "value": serde_json::json!({"refreshToken": refresh, "user": "x"}).to_string()},
            {"name": "sync", "value": token},
            {"name": "locale", "value": "en-GB"},
        ]}],
    });
    folder.write("auth.json", serde_json::to_string_pretty(&state).unwrap());
    let found = [("session-cookie-recorded", session.as_str()), ("generic-token", &refresh), ("github-pat", &token)];
    check(&folder, "auth.json", &found);
}

/// A login at a registry, as it is and in a Secret of Kubernetes; what says nothing is silent there too.
#[test]
fn logins_at_registries() {
    use base64::Engine as _;
    let b64 = |text: &str| base64::prelude::BASE64_STANDARD.encode(text);
    let folder = Folder::new();
    let auth = b64(&format!("deploy:{}", random(MIXED, 31, 20)));
    let token = random(MIXED, 32, 80);
    let config = |auth: &str, token: &str| {
        let entries = serde_json::json!({"registry.corp.net": {"auth": auth}, "corp.azurecr.io": {"identitytoken": token}});
        serde_json::to_string(&serde_json::json!({ "auths": entries })).unwrap()
    };
    let secret = |config: &str| {
        let body = b64(config);
        format!("kind: Secret\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {body}\n")
    };
    let real = config(&auth, &token);
    folder.write("config.json", &real);
    folder.write("secret.yaml", secret(&real));
    check(&folder, "config.json", &[("docker-config-auth", &auth), ("docker-identity-token", &token)]);
    check(&folder, "secret.yaml", &[("docker-config-json-base64", &b64(&real))]);
    let made_up = config(&b64("username:password"), "<token>");
    folder.write("example.json", &made_up);
    folder.write("example.yaml", secret(&made_up));
    check(&folder, "example.json", &[]);
    check(&folder, "example.yaml", &[]);
}

/// Mails as Python's `email` writes them, in a mailbox: text in quoted-printable, an attached archive, a mail in a mail.
#[test]
fn mails() {
    let folder = Folder::new();
    let (one, two, three, weak) = (github(41), github(42), github(43), password(44));
    let script = "import io, mailbox, sys, zipfile
from email.message import EmailMessage
one, two, three, weak = sys.argv[1:5]
def mail(text, **how):
    m = EmailMessage()
    m['From'], m['Subject'] = 'a@corp.net', 'access'
    m.set_content(text, **how)
    return m
first = mail(f'Hi J\\u00fcrgen,\\n\\npassword={weak}\\nand one line that is longer than what a mail may have, with the token in it: {one}\\n', cte='quoted-printable')
packed = io.BytesIO()
with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as z:
    z.writestr('.env', f'GITHUB_TOKEN={two}\\n')
first.add_attachment(packed.getvalue(), maintype='application', subtype='zip', filename='env.zip')
second = mail('see below')
second.add_attachment(mail(f'token={three}\\n', cte='quoted-printable'))
open('a.eml', 'wb').write(bytes(first))
open('unnamed', 'wb').write(bytes(first))
box = mailbox.mbox('b.mbox')
for m in (mail('nothing here'), first, second):
    box.add(m)
box.flush()
";
    folder.write("make.py", script);
    folder.shell(&format!("python3 make.py {one} {two} {three} {weak}; rm make.py")).says(0, &[]);
    let both = [("github-pat", one.as_str()), ("github-pat", &two), ("generic-password", &weak)];
    check(&folder, "a.eml", &both);
    check(&folder, "unnamed", &both);
    check(&folder, "b.mbox", &[both[0], both[1], both[2], ("github-pat", &three)]);
    let places = folder.scan(&["a.eml"]).places();
    let line = |text: &str| {
        std::fs::read_to_string(folder.path("a.eml")).unwrap().lines().position(|l| l.starts_with(text)).map(|n| n + 1).unwrap()
    };
    assert!(places.contains(&format!("a.eml:{}:10 generic-password", line("password="))), "{places:?}");
    assert!(places.iter().any(|p| p.starts_with(&format!("a.eml:{}:", line("and one line")))), "{places:?}");
    assert!(places.contains(&"a.eml!env.zip!.env:1:14 github-pat".to_owned()), "{places:?}");
}

/// Bytes in a column of a database: packed, or UTF-16.
#[test]
fn bytes_in_rows() {
    let folder = Folder::new();
    let tokens = [github(51), github(52), github(53), password(54)];
    let script = "import gzip, sqlite3, sys, zlib
one, two, three, weak = sys.argv[1:5]
db = sqlite3.connect('a.db')
db.execute('create table kept (id integer primary key, password blob, body blob)')
db.execute('insert into kept (body) values (?)', (gzip.compress(f'token={one}'.encode()),))
db.execute('insert into kept (body) values (?)', (zlib.compress(f'token={two}'.encode('utf-16-le')),))
db.execute('insert into kept (body) values (?)', (f'token={three}'.encode('utf-16'),))
db.execute('insert into kept (password) values (?)', (weak.encode('utf-16-le'),))
db.commit()
";
    folder.write("make.py", script);
    folder.shell(&format!("python3 make.py {}; rm make.py", tokens.join(" "))).says(0, &[]);
    let [one, two, three, weak] = &tokens;
    let found = [("github-pat", one.as_str()), ("github-pat", two), ("github-pat", three), ("generic-password", weak)];
    check(&folder, "a.db", &found);
}
