//! Archives and notebooks through the binary: where things are said to be, and what hits a limit.

use serde_json::Value;

use crate::canary::{github, password};
use crate::run::{Folder, Report};

#[test]
fn members_are_named_with_what_holds_them() {
    let folder = Folder::new();
    folder.write("in/a.txt", format!("one\nk = {}\n", github(1)));
    folder.shell(
        "cd in; tar -cf ../t.tar a.txt; tar -czf ../t.tgz a.txt; zip -q ../z.zip a.txt; gzip -k a.txt; mv a.txt.gz ..; \
         tar -cJf ../t.txz a.txt; tar -cjf ../t.tbz a.txt; cd ..; zip -q nested.zip t.tgz; tar -cf nested.tar nested.zip; \
         cp z.zip lib.jar; cp z.zip no-ending; rm -r in",
    );
    let report = folder.scan(&["."]);
    let place = |name: &str| format!("{name}:2:5 github-pat");
    let mut expected = vec![
        place("lib.jar!a.txt"),
        place("no-ending!a.txt"),
        place("z.zip!a.txt"),
        place("t.tar!a.txt"),
        place("a.txt.gz!a.txt"),
    ];
    expected.extend(["t.tgz!a.txt", "t.txz!a.txt", "t.tbz!a.txt"].map(place));
    expected.sort();
    let mut places = report.places();
    places.sort();
    let deep: Vec<String> = places.extract_if(.., |p| p.starts_with("nested")).collect();
    assert!(deep.len() == 2 && deep.iter().all(|p| p.ends_with("a.txt:2:5 github-pat")), "{deep:?}");
    assert!(deep.iter().any(|p| p.starts_with("nested.tar!nested.zip!t.tgz!")), "{deep:?}");
    assert_eq!((places, report.issues().len(), report.code), (expected, 0, 1));
}

#[test]
fn names_of_members_are_only_names() {
    let folder = Folder::new();
    folder.write("a.txt", github(1));
    folder.shell("tar -P -cf a.tar --transform='s,^,../../,' a.txt; tar -P -cf b.tar --transform='s,^,/etc/,' a.txt; rm a.txt");
    folder.shell("printf '%s' x > $'esc\\e[2J'; tar -cf c.tar $'esc\\e[2J'; rm esc*");
    folder.scan(&["."]).is(1, &["a.tar!../../a.txt:1:1 github-pat", "b.tar!/etc/a.txt:1:1 github-pat"], &[]);
    assert!(!folder.run(&["scan", "."]).out.contains('\x1b'));
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 3, "nothing is unpacked to disk");
}

#[test]
fn a_limit_that_is_hit_is_a_gap() {
    let folder = Folder::new();
    folder.shell("head -c 200M /dev/zero | gzip -9 > bomb.gz");
    let report = Report::of(&folder.shell("ulimit -v 400000 -t 60; \"$STANCH\" scan -f jsonl bomb.gz"));
    assert_eq!((report.code, report.issues().len()), (3, 1));
    assert!(report.issues()[0].contains("ratio-limit") && report.issues()[0].contains("unpacks to more than 200 times its size"));
    folder.run(&["scan", "bomb.gz"]).says(3, &["unpacks to far more than it is: 1", "incomplete: 1 gap"]);
    folder.run(&["scan", "--exit-code", "0", "bomb.gz"]).says(3, &[]);
}

/// Scans, and checks the exit code and that there is this gap, or none if it is empty.
#[track_caller]
fn ends_with(folder: &Folder, args: &[&str], code: i32, gap: &str) {
    let report = folder.scan(args);
    let gaps = report.issues().join("\n");
    assert_eq!((report.code, gaps.is_empty()), (code, gap.is_empty()), "{gaps}");
    assert!(gaps.contains(gap), "{gaps}");
}

#[test]
fn nesting_has_a_limit_that_can_be_set() {
    let folder = Folder::new();
    folder.write("a.txt", format!("{}k = {}\n", "x\n".repeat(200), github(1)));
    // The first is packed, so the raw bytes of the others do not show what is in it.
    folder.shell("zip -q 1.zip a.txt; zip -q -0 2.zip 1.zip; zip -q -0 3.zip 2.zip; zip -q -0 4.zip 3.zip; zip -q -0 5.zip 4.zip; zip -q 6.zip 5.zip; rm a.txt");
    let check = |args: &[&str], code: i32, gap: &str| ends_with(&folder, args, code, gap);
    check(&["4.zip"], 1, "");
    check(&["6.zip"], 3, "gap depth-limit 6.zip!5.zip!4.zip!3.zip!2.zip: nested deeper than the limit of 4 containers");
    check(&["--max-archive-depth", "6", "6.zip"], 1, "");
    check(&["--max-archive-depth", "1", "2.zip"], 3, "gap depth-limit 2.zip!1.zip");
    check(&["--max-archive-depth", "0", "1.zip"], 3, "gap depth-limit 1.zip");
}

#[test]
fn other_limits_can_be_set_too() {
    let folder = Folder::new();
    // Twelve megabytes that pack a thousandfold, and a secret behind them.
    folder.write("log", format!("{}k = {}\n", "the same line again and again\n".repeat(400_000), github(1)));
    folder.write("a", "x\n");
    folder.shell("gzip -9 log; zip -q two.zip a log.gz; rm a");
    let check = |args: &[&str], code: i32, gap: &str| ends_with(&folder, args, code, gap);
    check(&["log.gz"], 3, "gap ratio-limit log.gz");
    check(&["--max-archive-ratio", "2000", "log.gz"], 1, "");
    check(&["--max-archive-ratio", "2000", "--max-archive-size", "1", "log.gz"], 3, "gap size-limit log.gz");
    check(&["--max-archive-ratio", "2000", "--max-archive-members", "1", "two.zip"], 3, "gap count-limit two.zip");
}

#[test]
fn a_broken_archive_is_a_gap_and_its_bytes_are_scanned() {
    let folder = Folder::new();
    folder.write("broken.zip", format!("PK\x03\x04 k = {}", github(1)));
    folder.write("a.txt", "x\n".repeat(1000));
    folder.shell(
        "tar -czf cut.tgz a.txt; truncate -s 60 cut.tgz; printf 'Rar!\\x1a\\x07 rest' > x.rar; zip -q -P pw secret.zip a.txt",
    );
    let report = folder.scan(&["."]);
    let issues = report.issues();
    let has = |part: &str| assert!(issues.iter().any(|i| i.contains(part)), "{part}: {issues:#?}");
    assert_eq!(report.places(), ["broken.zip:1:10 github-pat"]);
    has("gap malformed broken.zip: no zip directory was found in it; raw bytes scanned");
    has("gap malformed cut.tgz");
    has("gap unsupported x.rar: rar files are not opened; raw bytes scanned");
    has("gap encrypted secret.zip!a.txt");
}

#[test]
fn cells_of_notebooks_are_named_by_their_id() {
    let folder = Folder::new();
    let notebook = serde_json::json!({
        "cells": [
            {"id": "3f2a", "cell_type": "code", "source": ["import os\n", format!("k = '{}'\n", github(1))],
             "outputs": [{"output_type": "stream", "text": ["ok\n", format!("\u{1b}[31m{}\u{1b}[0m\n", github(2))]},
                         {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo="}}]},
            {"cell_type": "markdown", "source": format!("a \"quoted\" word\npassword = \"{}\"", password(1))},
        ],
        "metadata": {"token": github(3)}, "nbformat": 4, "nbformat_minor": 5
    });
    folder.write("nb.ipynb", notebook.to_string());
    let places = [
        "nb.ipynb#cell-2:2:13 generic-password",
        "nb.ipynb#cell-3f2a:2:6 github-pat",
        "nb.ipynb#cell-3f2a/output-0:2:1 github-pat",
        "nb.ipynb#metadata:2:11 github-pat",
    ];
    let report = folder.scan(&["nb.ipynb"]);
    report.is(1, &places, &["note media-payload nb.ipynb#cell-3f2a/output-1: image payload of 12 bytes left out"]);
    assert_eq!((report.findings[0]["path"].as_str(), report.findings[0]["inside"].as_str()), (Some("nb.ipynb"), Some("cell-2")));
    // A comment in the cell counts.
    let silenced = notebook
        .to_string()
        .replace(&format!("{}'\\n", github(1)), &format!("{}' # stanch:allow[github-pat] -- demo\\n", github(1)));
    folder.write("nb.ipynb", silenced);
    assert_eq!(folder.scan(&["nb.ipynb"]).covered("allowed_inline"), 1);
}

#[test]
fn machine_formats_name_the_file_and_what_is_inside_apart() {
    let folder = Folder::new();
    let notebook = format!(r#"{{"cells": [{{"id": "a", "source": "k = '{}'"}}], "nbformat": 4}}"#, github(1));
    folder.write("d/nb.ipynb", &notebook);
    folder.shell("cd d; tar -czf t.tgz nb.ipynb");
    folder.write("plain", github(1));
    let expected = [("d/nb.ipynb", "cell-a"), ("d/t.tgz", "nb.ipynb#cell-a"), ("plain", "")];
    let absolute = folder.path("");
    for root in [".", absolute.to_str().unwrap()] {
        let json: Value = serde_json::from_str(&folder.run(&["scan", "-f", "json", root]).out).unwrap();
        let text = |place: &Value, key: &str| place[key].as_str().unwrap_or_default().to_owned();
        let spots = json["findings"][0]["occurrences"].as_array().unwrap();
        let mut found: Vec<_> = spots.iter().map(|s| (text(s, "path"), text(s, "inside"))).collect();
        found.sort();
        let prefix = root.strip_prefix('.').unwrap_or(root);
        assert_eq!(found, expected.map(|(path, inside)| (format!("{prefix}{path}"), inside.to_owned())));
        assert!(spots.iter().all(|s| folder.path(text(s, "path")).is_file()), "{spots:?}");
        let mut places: Vec<_> = spots.iter().map(|s| text(s, "place")).collect();
        places.sort();
        assert_eq!(places.iter().filter(|p| p.ends_with("d/t.tgz!nb.ipynb#cell-a")).count(), 1, "{places:?}");
        assert_eq!(places, folder.scan(&[root]).findings.iter().map(|f| text(f, "place")).collect::<Vec<_>>());

        let sarif: Value = serde_json::from_str(&folder.run(&["scan", "-f", "sarif", root]).out).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        let mut found: Vec<_> = results
            .iter()
            .map(|r| &r["locations"][0])
            .map(|l| (text(&l["physicalLocation"]["artifactLocation"], "uri"), text(&l["logicalLocations"][0], "name")))
            .collect();
        found.sort();
        assert_eq!(found, expected.map(|(path, inside)| (path.to_owned(), inside.to_owned())), "relative, however it was named");
    }
    let outside = folder.shell("cd d; \"$STANCH\" scan -f sarif ../plain");
    outside.says(1, &["\"uri\": \"file:///", "/work/plain\""]);
}

#[test]
fn a_secret_in_a_notebook_has_a_line_of_the_file() {
    let folder = Folder::new();
    let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(github);
    let lines = [
        String::new(),
        "{\"cells\": [".to_owned(),
        " {\"id\": \"a\", \"source\": [\"x = 1\\n\",".to_owned(),
        format!("   \"token = '{a}'\\n\","),
        format!("   \"# \\u0041 \\\" {b}\"]}},"),
        format!(" {{\"id\": \"b\", \"source\": \"one\\ntwo\\nt = '{c}'\", \"outputs\": ["),
        "  {\"text\": [\"\\u001b[31mred\\n\",".to_owned(),
        format!("    \"\\u001b[0mkey \\u001b[32m{d}\\u001b[0m\"]}}]}}],"),
        " \"metadata\": {\"x\": 1,".to_owned(),
        format!("   \"y\": [true, \"{e}\"]}}, \"nbformat\": 4}}"),
    ];
    folder.write("nb.ipynb", format!("\u{feff}{}", lines.join("\n")));
    let json: Value = serde_json::from_str(&folder.run(&["scan", "-f", "json", "nb.ipynb"]).out).unwrap();
    let spots = json["findings"].as_array().unwrap().iter().map(|f| &f["occurrences"][0]);
    let mut found: Vec<_> = spots.map(|s| (s["inside"].as_str().unwrap(), s["file_line"].as_u64(), s["line"].as_u64())).collect();
    found.sort();
    let expected = [
        ("cell-a", Some(4), Some(2)),
        ("cell-a", Some(5), Some(3)),
        ("cell-b", Some(6), Some(3)),
        ("cell-b/output-0", Some(8), Some(2)),
        ("metadata", Some(10), Some(5)),
    ];
    assert_eq!(found, expected);
    let sarif: Value = serde_json::from_str(&folder.run(&["scan", "-f", "sarif", "nb.ipynb"]).out).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let line = |r: &Value| r["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap();
    let mut lines: Vec<_> = results.iter().map(line).collect();
    lines.sort_unstable();
    assert_eq!(lines, [4, 5, 6, 8, 10]);
    // In an archive there is no line to show.
    folder.shell("tar cf nb.tar nb.ipynb").says(0, &[]);
    let sarif: Value = serde_json::from_str(&folder.run(&["scan", "-f", "sarif", "nb.tar"]).out).unwrap();
    assert!(sarif["runs"][0]["results"].as_array().unwrap().iter().all(|r| line(r) == 1));
}

#[test]
fn what_a_zip_holds_beside_its_members_is_a_gap_or_scanned() {
    let folder = Folder::new();
    folder.write("a.txt", format!("k = {}\n{}", github(1), "x".repeat(1000)));
    folder.write("b.txt", "nothing\n");
    // Behind the first member and before the directory stands one more that the directory does not list.
    folder
        .shell(
            "zip -q a.zip a.txt; zip -q b.zip b.txt; python3 - <<'E'\n\
         import struct\n\
         a, b = open('a.zip','rb').read(), open('b.zip','rb').read()\n\
         def parts(z):\n\
         \x20   at = z.rindex(b'PK\\5\\6'); size, start = struct.unpack('<II', z[at+12:at+20])\n\
         \x20   return z[:start], z[start:at], z[at:]\n\
         (hidden, _, _), (body, directory, end) = parts(a), parts(b)\n\
         end = end[:16] + struct.pack('<I', len(body) + len(hidden)) + end[20:]\n\
         open('behind.zip','wb').write(body + hidden + directory + end)\n\
         open('before.zip','wb').write(hidden + b)\nE\n\
         rm a.zip b.zip a.txt",
        )
        .says(0, &[]);
    for name in ["behind.zip", "before.zip"] {
        ends_with(&folder, &[name], 3, "members that its directory does not list");
    }
}

#[test]
fn a_token_in_the_place_of_an_image_is_no_image() {
    let folder = Folder::new();
    let cell = |kind: &str, value: &str| {
        let output = serde_json::json!({"output_type": "display_data", "metadata": {}, "data": {kind: value}});
        serde_json::json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
            {"id": "a", "cell_type": "code", "source": [], "metadata": {}, "execution_count": null, "outputs": [output]}
        ]})
    };
    folder.write("token.ipynb", cell("image/png", &github(1)).to_string());
    folder.write("image.ipynb", cell("image/png", &format!("iVBORw0KGgoAAAANSUhEUg{}", "A".repeat(60))).to_string());
    let report = folder.scan(&["."]);
    assert_eq!(report.places(), ["token.ipynb#cell-a/output-0:1:1 github-pat"], "{:?}", report.issues());
    assert!(report.issues().iter().any(|i| i.contains("image.ipynb") && i.contains("image payload")));
}

#[test]
fn a_packed_file_that_does_not_begin_like_one_is_a_gap() {
    let folder = Folder::new();
    for name in ["a.tar.gz", "a.tgz", "a.bz2", "a.xz", "a.zst", "a.7z"] {
        folder.write(name, format!("garbage {}\n", github(1)));
        let report = folder.scan(&[name]);
        assert_eq!((report.code, report.places().len()), (1, 1), "{name}");
        assert!(report.issues().iter().any(|i| i.starts_with("gap ")), "{name}");
    }
}

/// Streams of a PDF are inflated, and what it draws is joined.
#[test]
fn streams_of_a_pdf() {
    let folder = Folder::new();
    let (one, two) = (github(30), github(31));
    let script = "import sys, zlib
def stream(number, data, more=''):
    packed = zlib.compress(data)
    return b'%d 0 obj\\n<</Length %d/Filter/FlateDecode%s>>\\nstream\\n' % (number, len(packed), more.encode()) + packed + b'\\nendstream\\nendobj\\n'
one, two, three = (text.encode() for text in sys.argv[1:4])
drawn = b'BT /F1 12 Tf 72 720 Td (token:) Tj 0 -14 Td [(' + two[:9] + b') -20 (' + two[9:] + b')] TJ ET'
open('a.pdf', 'wb').write(b'%PDF-1.7\\n' + stream(4, b'BT (key ' + one + b') Tj ET') + stream(5, drawn)
    + stream(6, three, '/Subtype/Image') + b'7 0 obj\\n<</A (' + three + b')>>\\nendobj\\n%%EOF\\n')
open('b.pdf', 'wb').write(b'%PDF-1.7\\n' + stream(4, one) + b'trailer <</Encrypt 9 0 R>>\\n%%EOF\\n')
open('c.pdf', 'wb').write(open('a.pdf', 'rb').read()[:120])
";
    folder.write("make.py", script);
    folder.shell(&format!("python3 make.py {one} {two} {}; rm make.py", github(32))).says(0, &[]);
    let report = folder.scan(&["a.pdf"]);
    let places = report.places();
    assert!(places.contains(&"a.pdf!object-4:1:9 github-pat".to_owned()), "{places:?}");
    assert!(places.iter().any(|p| p.starts_with("a.pdf!object-5/text:2:")), "{places:?}");
    assert!(places.iter().any(|p| p.starts_with("a.pdf:")), "{places:?}");
    assert_eq!((report.summary["findings"].as_u64(), report.code), (Some(3), 1), "{places:?}");
    let report = folder.scan(&["b.pdf"]);
    assert_eq!((report.code, report.issues().len()), (3, 1), "{:?}", report.issues());
    let issues = folder.scan(&["c.pdf"]).issues();
    assert!(issues.iter().any(|issue| issue.starts_with("gap malformed c.pdf!object-4")), "{issues:?}");
}

/// Streams packed in letters, by runs, and in several ways one after the other.
#[test]
fn streams_of_a_pdf_that_are_packed_more_than_once() {
    let folder = Folder::new();
    let tokens: Vec<String> = (60..67).map(github).collect();
    let script = "import base64, sys, zlib
def a85(data):
    return base64.a85encode(data, wrapcol=60) + b'~>'
def ahx(data):
    return data.hex().encode() + b'>'
def rl(data):
    return b''.join(bytes([len(part) - 1]) + part for part in (data[n:n + 100] for n in range(0, len(data), 100))) + b'\\x80'
ways = [
    ('/ASCII85Decode', a85), ('[/ASCII85Decode /FlateDecode]', lambda d: a85(zlib.compress(d))),
    ('/ASCIIHexDecode', ahx), ('[/AHx/Fl]', lambda d: ahx(zlib.compress(d))), ('/RunLengthDecode', rl),
    ('[ /FlateDecode /RunLengthDecode ]', lambda d: zlib.compress(rl(d))), ('[/A85/RL/Fl]', lambda d: a85(rl(zlib.compress(d)))),
]
out = b'%PDF-1.7\\n'
for number, ((names, way), token) in enumerate(zip(ways, sys.argv[1:]), 1):
    data = way(b'BT /F1 12 Tf 72 720 Td (token: ' + token.encode() + b') Tj ET ' + b'0 0 m ' * 40)
    out += b'%d 0 obj\\n<</Length %d/Filter %s>>\\nstream\\n' % (number, len(data), names.encode()) + data + b'\\nendstream\\nendobj\\n'
open('a.pdf', 'wb').write(out)
open('b.pdf', 'wb').write(b'%PDF-1.7\\n1 0 obj\\n<</Length 9/Filter[/A85/LZWDecode]>>\\nstream\\n87cURDZ~>\\nendstream\\nendobj\\n')
open('c.pdf', 'wb').write(b'%PDF-1.7\\n1 0 obj\\n<</Length 9/Filter/A85>>\\nstream\\n87c\\xffURDZ~>\\nendstream\\nendobj\\n')
";
    folder.write("make.py", script);
    folder.shell(&format!("python3 make.py {}; rm make.py", tokens.join(" "))).says(0, &[]);
    let report = folder.scan(&["--show-secrets", "a.pdf"]);
    for (number, token) in (1..).zip(&tokens) {
        let inside = format!("object-{number}");
        let is_found = report.findings.iter().any(|f| f["secret"] == token.as_str() && f["inside"] == inside.as_str());
        assert!(is_found, "{inside}: {:?}", report.places());
    }
    assert_eq!((report.summary["findings"].as_u64(), report.issues()), (Some(7), Vec::new()), "{:?}", report.places());
    let issues = folder.scan(&["b.pdf", "c.pdf"]).issues();
    assert!(issues.iter().any(|issue| issue.starts_with("note unsupported b.pdf")), "{issues:?}");
    assert!(issues.iter().any(|issue| issue.starts_with("gap malformed c.pdf!object-1")), "{issues:?}");
}

/// Cookies that a browser keeps are told by the rules for cookies, and only those that log somebody in.
#[test]
fn cookies_of_a_browser() {
    let folder = Folder::new();
    let value = |seed| crate::canary::random(b"0123456789abcdefghijklmnopqrstuvwxyz", seed, 32);
    let script = "import sqlite3, sys
one, two, three = sys.argv[1:4]
db = sqlite3.connect('cookies.sqlite')
db.execute('create table moz_cookies (id integer primary key, originAttributes text not null, name text, value text, host text, path text, expiry integer, lastAccessed integer, creationTime integer, isSecure integer, isHttpOnly integer)')
for name, value, host in (('sessionid', one, 'shop.acme.test'), ('theme', two, 'shop.acme.test'), ('csrftoken', three, '.acme.test')):
    db.execute('insert into moz_cookies (originAttributes, name, value, host, path, expiry, isSecure, isHttpOnly) values (?, ?, ?, ?, ?, 1830000000, 1, 1)', ('', name, value, host, '/'))
db.commit()
db = sqlite3.connect('Cookies')
db.execute('create table cookies (creation_utc integer not null, host_key text not null, top_frame_site_key text not null, name text not null, value text not null, encrypted_value blob not null, path text not null)')
db.execute('insert into cookies values (1, ?, ?, ?, ?, ?, ?)', ('.acme.test', '', 'auth_token', one, b'', '/app'))
db.commit()
";
    folder.write("make.py", script);
    folder.shell(&format!("python3 make.py {} {} {}; rm make.py", value(1), value(2), value(3))).says(0, &[]);
    for (name, table) in [("cookies.sqlite", "moz_cookies"), ("Cookies", "cookies")] {
        let report = folder.scan(&["--show-secrets", name]);
        let found: Vec<_> =
            report.findings.iter().map(|f| (f["rule"].as_str(), f["inside"].as_str(), f["secret"].as_str())).collect();
        assert_eq!(found, [(Some("session-cookie-stored"), Some(table), Some(value(1).as_str()))], "{name}");
    }
}

/// Rows of a SQLite database have the names of their columns, whatever page they go on on.
#[test]
fn rows_of_a_database() {
    let folder = Folder::new();
    let (one, two, three) = (github(33), github(34), password(35));
    let script = "import sqlite3, sys
one, two, three = sys.argv[1:4]
for name, encoding in (('a.db', 'UTF-8'), ('b.db', 'UTF-16le')):
    db = sqlite3.connect(name)
    db.execute(f\"pragma encoding = '{encoding}'\")
    db.execute('create table notes (id integer primary key, body text)')
    db.execute('create table users (id integer primary key, \"user name\" text, password text)')
    db.execute('create table keys (k text primary key, v text) without rowid')
    for n in range(500):
        db.execute('insert into notes (body) values (?)', ('some words ' * (n % 40),))
    # Cut by the border of a page.
    db.execute('insert into notes (body) values (?)', ('x ' * 2020 + one + ' y' * 9000,))
    db.execute('insert into users values (1, ?, ?)', ('somebody else', three))
    db.execute('insert into keys values (?, ?)', ('first', two))
    db.commit()
";
    folder.write("make.py", script);
    folder.shell(&format!("python3 make.py {one} {two} {three}; rm make.py; head -c 9000 a.db > c.db")).says(0, &[]);
    for name in ["a.db", "b.db"] {
        let report = folder.scan(&["--show-secrets", name]);
        let inside: Vec<(String, String)> = report
            .findings
            .iter()
            .filter_map(|f| Some((f["inside"].as_str()?.to_owned(), f["secret"].as_str()?.to_owned())))
            .collect();
        for (table, secret) in [("notes", &one), ("keys", &two), ("users", &three)] {
            assert!(inside.contains(&(table.to_owned(), secret.clone())), "{name}: {inside:?}");
        }
        assert_eq!(report.issues(), Vec::<String>::new());
        assert_eq!(report.summary["findings"], 3, "{:?}", report.places());
    }
    let report = folder.scan(&["c.db"]);
    assert!(report.issues().iter().any(|issue| issue.contains("damaged pages")), "{:?}", report.issues());
}

/// Programs that unpack themselves: a loader, or a script, and a zip file behind it, whatever they are called.
#[test]
fn archives_behind_a_program_are_opened() {
    let folder = Folder::new();
    // Packed, so that it does not stand there as it is.
    folder.write("in/secret.txt", format!("{}\n{}", github(1), "many words, again and again\n".repeat(400)));
    folder.shell("zip -q -r a.zip in; rm -r in").says(0, &[]);
    let zip = std::fs::read(folder.path("a.zip")).unwrap();
    std::fs::remove_file(folder.path("a.zip")).unwrap();
    let heads: [(&str, Vec<u8>); 3] = [
        ("setup.exe", [b"MZ\x90\0".as_slice(), &[0; 5000]].concat()),
        ("large", [b"\x7fELF\x02\x01".as_slice(), &vec![7; 5 << 20]].concat()),
        ("run", format!("#!/bin/sh\n# {}\nexec unzip \"$0\"\n", github(2)).into_bytes()),
    ];
    for (name, head) in heads {
        folder.write(name, [head, zip.clone()].concat());
    }
    // No end of a zip file, or one that does not end there.
    folder.write("plain.exe", [b"MZ".as_slice(), b"PK\x05\x06", &[0; 40]].concat());
    let report = folder.scan(&["."]);
    let mut places = report.places();
    places.sort();
    let expected = ["large!in/secret.txt:1:1", "run!in/secret.txt:1:1", "run:2:3", "setup.exe!in/secret.txt:1:1"];
    let expected: Vec<String> = expected.iter().map(|place| format!("{place} github-pat")).collect();
    assert_eq!((places, report.issues().len()), (expected, 0), "{:?}", report.issues());
}
