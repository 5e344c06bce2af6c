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

/// The value of the name that holds `pass`.
fn value(line: &str) -> Option<(String, Form)> {
    let at = line.to_ascii_lowercase().find("pass").unwrap();
    assignment(line.as_bytes(), at).map(|v| (text(line.as_bytes(), v.start, v.end), v.form))
}

fn check_all(cases: &[(&str, Option<(&str, Form)>)]) {
    for (line, expected) in cases {
        assert_eq!(value(line), expected.map(|(v, f)| (v.to_owned(), f)), "{line}");
    }
}

#[test]
fn assignments_in_shells() {
    check_all(&[
        ("export PASSWORD=x7y; ./run", Some(("x7y", Form::Line))),
        ("set PASSWORD=x7y&& run", Some(("x7y", Form::Line))),
        ("PASSWORD=x7y\\\n./run", Some(("x7y", Form::Line))),
        ("x=${PASSWORD:-x7y}", Some(("x7y", Form::Bare))),
        ("x=${PASSWORD:-'x y'}", Some(("x y", Form::Quoted))),
        ("x=${PASSWORD:=x7y}", Some(("x7y", Form::Bare))),
        ("x=${PASSWORD:+x7y}", None),
        ("x=${PASSWORD:?x7y}", None),
        ("x=${PASSWORD:0:18}", None),
        ("@Value(\"${db.password:x7y}\")", Some(("x7y", Form::Bare))),
        ("ENV PASSWORD x7y\n", Some(("x7y", Form::Line))),
        ("ENV A=1 PASSWORD=x7y \\\n  B=1", Some(("x7y", Form::Bare))),
        ("set -gx PASSWORD x7y", Some(("x7y", Form::Line))),
        ("requirepass x7y\n", Some(("x7y", Form::Bare))),
        ("  password x7y;\n", Some(("x7y", Form::Bare))),
        ("requirepass walnut\n", None),
        ("password x7y is it", None),
        ("the password x7y\n", None),
        ("set the password x7y\n", None),
        ("**Password**: x7y", Some(("x7y", Form::Bare))),
        ("- **Password:** x7y", Some(("x7y", Form::Bare))),
        ("Password: **x7y**", Some(("x7y", Form::Line))),
    ]);
}

#[test]
fn assignments_in_code() {
    let quoted = Some(("x7y", Form::Quoted));
    let cases = [
        "process.env.DB_PASSWORD || 'x7y'",
        "env['PASSWORD'] ?? \"x7y\"",
        "getenv('PASSWORD') ?: 'x7y'",
        "os.getenv(\"PASSWORD\") or 'x7y'",
        "getenv(\"PASSWORD\")).orElse(\"x7y\")",
        "fetch('PASSWORD') { 'x7y' }",
        "password: process.env.X || 'x7y',",
        "password = env.get('x')\n  || 'x7y'",
        "password = ENV.fetch('X', 'x7y')",
        "password = os.getenv('X') or 'x7y'",
        "password ??= 'x7y'",
        "password: Some(\"x7y\".to_string()),",
        "password = new String(\"x7y\");",
        "password = (\n  'x7y'\n)",
        "password = Field(default='x7y')",
        "add_argument(\"--password\", type=str, default=\"x7y\")",
        "option('password', { default: 'x7y' })",
        "flag.String(\"password\", \"x7y\", \"of it\")",
        "flag.StringVar(&x, \"password\", \"x7y\", \"of it\")",
        "set :password, 'x7y'",
        "password <- \"x7y\"",
        "\"password\" -> \"x7y\"",
        "mapOf(\"password\" to \"x7y\")",
        "Dim password As String = \"x7y\"",
        "std::string password{\"x7y\"};",
        "string Password { get; set; } = \"x7y\";",
        "let password: string | null = 'x7y'",
        "const PASSWORD: &'static str = \"x7y\";",
        "WITH PASSWORD = N'x7y'",
        "password =\n  'x7y';",
    ];
    check_all(&cases.map(|line| (line, quoted)));
    let none = [
        "user.password || other",
        "\"password\" or \"x7y\"",
        "password <- get()",
        "class Password { get",
        "Password { get; set; }",
        "password ?",
        "\"password\" to x",
        "password as string",
        "class Password:\n    \"\"\"X7y\"\"\"",
        "password =\n  \"x7y\"\n  \"elm\";",
        "set(\"password\", x); f(default=\"x7y\")",
    ];
    check_all(&none.map(|line| (line, None)));
}

#[test]
fn assignments_in_markup() {
    let quoted = Some(("x7y", Form::Quoted));
    let bare = Some(("x7y", Form::Bare));
    check_all(&[
        ("<property><name>db.password</name><value>x7y</value></property>", quoted),
        ("<name>db.password</name>\n  <value>\n x7y </value>", quoted),
        ("<name>db.password</name><description>of it</description><value>x7y</value>", quoted),
        ("<param-name>password</param-name>\n<param-value>x7y</param-value>", quoted),
        ("<key>password</key>\n\t<string>x7y</string>", quoted),
        ("<name>password</name><value><string>x7y</string></value>", quoted),
        ("<entry key=\"password\">x7y</entry>", quoted),
        ("<setting name='Password' serializeAs='String'>\n <value>x7y</value>", quoted),
        ("<string name=\"password\">x7y</string>", bare),
        ("<password><![CDATA[x7y]]></password>", quoted),
        ("<password type=\"string\">x7y</password>", quoted),
        ("<ns:password>x7y</ns:password>", quoted),
        ("<password value=\"x7y\"/>", quoted),
        ("<Password>\n<Value>x7y</Value>", quoted),
        ("<a name=\"password\">x7y</a>", None),
        ("<label for=\"password\">x7y</label>", None),
        ("<b>password</b><i>x7y</i>", None),
        ("<input name=\"password\" /> x7y</b>", None),
        ("<password><![CDATA[]]></password>", None),
        ("<key>password</key>\n<true/>", None),
    ]);
}

#[test]
fn assignments_in_configuration() {
    let quoted = Some(("x7y", Form::Quoted));
    let (line, bare) = (Some(("x7y", Form::Line)), Some(("x7y", Form::Bare)));
    check_all(&[
        ("variable \"password\" {\n  type = string\n  default = \"x7y\"\n}", quoted),
        ("variable \"password\" {\n  type = string\n}\nx { default = \"x7y\" }", None),
        ("\"password\": {\"type\": \"string\", \"default\": \"x7y\"}", quoted),
        ("password: { type: String, default: 'x7y' }", quoted),
        ("DbPassword:\n  Type: String\n  Default: x7y\n", line),
        ("DbPassword:\n  Type: String\nDefault: x7y\n", None),
        ("- ParameterKey: DbPassword\n  ParameterValue: x7y", line),
        ("{name: PASSWORD, value: x7y}", bare),
        ("f(password, value=x7y)", None),
        ("password: |\n  x7y\n", line),
        ("password: >-\n  x7y\nx: y", line),
        ("password: |\n  x7y\n  elm", Some(("|", Form::Line))),
        ("password:\n  wal7nut\n", Some(("wal7nut", Form::Bare))), // stanch:allow[generic-password] -- made up
        ("password:\n  x7y: x\n", None),
        ("password:\n- x7y\n", None),
        ("\"password\":\n  \"x7y\"", quoted),
        ("password: &elm x7y", line),
        ("password: !!str \"x7y\"", quoted),
        ("password: 'x''y'", Some(("x''y", Form::Quoted))),
        ("password: ''", None),
    ]);
}

#[test]
fn url_passwords() {
    let check = |line: &str, expected: Option<(&str, &str)>| {
        let bytes = line.as_bytes();
        let found = url_password(bytes, line.find("://").unwrap())
            .map(|v| (text(bytes, v.name_start, v.name_end), text(bytes, v.start, v.end)));
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())), "{line}");
    };
    check(&["postgres:", "//u:p4ss@host/db"].concat(), Some(("postgres", "p4ss"))); // stanch:allow[postgres-url] -- made up
    check(&["https:", "//u@mail.example:p!#@4@h.example"].concat(), Some(("https", "p!#")));
    check(&["git+ssh:", "//git@h.example:shop/web@v2"].concat(), None);
    check(&["url='mongodb+srv:", "//u:p@ss@h.example/'"].concat(), Some(("mongodb+srv", "p@ss")));
    check(&["redis:", "//:pw12@h:6379"].concat(), Some(("redis", "pw12"))); // stanch:allow[redis-url] -- made up
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
