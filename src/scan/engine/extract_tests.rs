//! What the extractors find and leave.

use super::*;

fn text(bytes: &[u8], from: usize, to: usize) -> String {
    String::from_utf8_lossy(&bytes[from..to]).into_owned()
}

#[test]
fn assignments() {
    let check = |line: &str, expected: Option<(&str, &str, Form)>| {
        let at = line.to_ascii_lowercase().find("pass").unwrap();
        let bytes = line.as_bytes();
        let found = assignment(bytes, at).map(|v| (text(bytes, v.name_start, v.name_end), text(bytes, v.start, v.end), v.form));
        assert_eq!(found, expected.map(|(n, v, f)| (n.to_owned(), v.to_owned(), f)), "{line}");
    };
    check("password = \"a b\"", Some(("password", "a b", Form::Quoted)));
    check("DB_PASSWORD=abc,1", Some(("DB_PASSWORD", "abc,1", Form::Line)));
    check("export PASSWORD='x'", Some(("PASSWORD", "x", Form::Quoted)));
    check("  dbPassword: s3cret # c", Some(("dbPassword", "s3cret", Form::Line)));
    check("\"password\": \"x\\\"y\",", Some(("password", "x\\\"y", Form::Quoted)));
    check("{\\\"password\\\": \\\"xy\\\"}", Some(("password", "xy", Form::Quoted)));
    check("cfg['password'] = b'xy'", Some(("password", "xy", Form::Quoted)));
    check("let password: &str = \"xy\";", Some(("password", "xy", Form::Quoted)));
    check("<password>xy</password>", Some(("password", "xy", Form::Quoted)));
    check("run --password xyz -v", Some(("--password", "xyz", Form::Bare)));
    check(&["Server=a;", "Password=xyz;Db=b"].concat(), Some(("Password", "xyz", Form::Bare)));
    check("?password=xyz&a=b", Some(("password", "xyz", Form::Bare)));
    check("setPassword(\"xy\")", Some(("setPassword", "xy", Form::Quoted)));
    check("put(\"password\", \"xy\")", Some(("password", "xy", Form::Quoted)));
    check("WITH PASSWORD 'xy';", Some(("PASSWORD", "xy", Form::Quoted)));
    check("if password == 'xy'", Some(("password", "xy", Form::Quoted)));
    check("<password>\n  xy\n</password>", Some(("password", "xy", Form::Quoted)));
    check("PASSWORD ?= xyz1", Some(("PASSWORD", "xyz1", Form::Line)));
    check("$password .= \"xy\"", Some(("password", "xy", Form::Quoted)));
    check("var password string = \"xy\"", Some(("password", "xy", Form::Quoted)));
    check("const char password[] = \"xy\";", Some(("password", "xy", Form::Quoted)));
    check("connect -Password xyz1", Some(("-Password", "xyz1", Form::Bare)));
    check("<add key=\"Password\" value=\"xy\" />", Some(("Password", "xy", Form::Quoted)));
    check("{\"name\": \"password\", \"value\": \"xy\"}", Some(("password", "xy", Form::Quoted)));
    check("- name: PASSWORD\n  value: xy z", Some(("PASSWORD", "xy", Form::Line)));
    check("buildConfigField 'String', 'PASSWORD', '\"xy\"'", Some(("PASSWORD", "xy", Form::Quoted)));
    check("{\"x\": \"PASSWORD=xyz\\nB=1\"}", Some(("PASSWORD", "xyz", Form::Bare)));
    check("if (\"xy\" == password) {", Some(("password", "xy", Form::Quoted)));
    check("if 'x\"y' !== password", Some(("password", "x\"y", Form::Quoted)));
    check("passwords: [\"xy\", \"ab\"]", Some(("passwords", "xy", Form::Quoted)));
    check("#HttpOnly_a.test\tFALSE\t/\tTRUE\t1798761600\tx-password\txyz1\n", Some(("x-password", "xyz1", Form::Line)));
    check("a.test\tFALSE\t/\t1\tpassword\txyz1\n", None);
    check("\"x\" password", None);
    check("[\"password\", \"xy\"]", None);
    check("(\"password\", \"salt\", 1)", None);
    check("self.password.encode(\"ascii\")", None);
    check("checkPassword(\"xy\")", None);
    check("password != NULL", None);
    check("password => x.y", None);
    check("Password::new", None);
    check("the password is not here", None);
    check("password =", None);
}

#[test]
fn url_passwords() {
    let check = |line: &str, expected: Option<(&str, &str)>| {
        let bytes = line.as_bytes();
        let found = url_password(bytes, line.find("://").unwrap())
            .map(|v| (text(bytes, v.name_start, v.name_end), text(bytes, v.start, v.end)));
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())), "{line}");
    };
    check(&["postgres:", "//u:p4ss@host/db"].concat(), Some(("postgres", "p4ss")));
    check(&["https:", "//u@mail.example:p!#@4@h.example"].concat(), Some(("https", "p!#")));
    check(&["git+ssh:", "//git@h.example:shop/web@v2"].concat(), None);
    check(&["url='mongodb+srv:", "//u:p@ss@h.example/'"].concat(), Some(("mongodb+srv", "p@ss")));
    check(&["redis:", "//:pw12@h:6379"].concat(), Some(("redis", "pw12")));
    check("http://host/a:b@c", None);
    check("http://user@host", None);
    check("http://host:80/", None);
    check("http://host:80/a@b.c", None);
    check("ws://host/a:b@c", None);
}

#[test]
fn names_before() {
    let check = |line: &str, expected: Option<&str>| {
        let at = line.find("VALUE").unwrap();
        assert_eq!(name_before(line.as_bytes(), at).map(|(a, b)| text(line.as_bytes(), a, b)).as_deref(), expected, "{line}");
    };
    check("HEROKU_KEY=VALUE", Some("HEROKU_KEY"));
    check("\"api-key\": \"VALUE\"", Some("api-key"));
    check("x.token => 'VALUE'", Some("x.token"));
    check("<key>VALUE</key>", Some("key"));
    check("<key>\n  VALUE\n</key>", Some("key"));
    check("KEY :::= VALUE", Some("KEY"));
    check("var key string = \"VALUE\"", Some("key"));
    check("--token VALUE", Some("--token"));
    check("put(\"token\", \"VALUE\")", Some("token"));
    check("a.test\tTRUE\t/\tFALSE\t0\tapi_key\tVALUE\n", Some("api_key"));
    check("a\tb\tVALUE", None);
    check("some VALUE", None);
}
