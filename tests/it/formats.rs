//! One token in every form that scanners miss: each file is a case of its own, made by the program that usually makes it.

use crate::canary::github;
use crate::run::Folder;

const MAKE: &str = r#"import base64, bz2, gzip, io, json, lzma, sqlite3, sys, tarfile, urllib.parse, zipfile, zlib
t = sys.argv[1]
def write(name, content):
    open(name, 'wb').write(content if isinstance(content, bytes) else content.encode())
def b64(content):
    return base64.b64encode(content if isinstance(content, bytes) else content.encode()).decode()
def each(form):
    return ''.join(form % ord(c) for c in t)
def tgz():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as tar:
        entry, content = tarfile.TarInfo('a.txt'), f'k={t}\n'.encode()
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()
def zipped(name, member, content):
    with zipfile.ZipFile(name, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr(member, content)
write('base64.txt', f'v: {b64(t)}\n')
write('base64-twice.txt', f'v: {b64(b64(t))}\n')
write('hex.txt', f'v: {t.encode().hex()}\n')
write('percent.txt', f'v={each("%%%02X")}\n')
write('quoted-url.txt', 'v=' + urllib.parse.quote(f'token={t}&x=y z', safe='') + '\n')
write('unicode.txt', f'v="{each(chr(92) + "u%04x")}"\n')
write('bytes.txt', f'v="{each(chr(92) + "x%02x")}"\n')
write('entities.html', f'<p>{each("&#%d;")}</p>\n')
write('hex-entities.html', f'<p>{each("&#x%x;")}</p>\n')
write('slashes.json', json.dumps({'v': f'https://u:{t}@h.acme.internal/x'}).replace('/', chr(92) + '/') + '\n')
write('underscore.url', f'v={t.replace("_", "%5F")}\n')
write('underscore.json', json.dumps({'v': t}).replace('_', chr(92) + 'u005f') + '\n')
write('underscore.html', f'<p>{t.replace("_", "&#95;")}</p>\n')
write('mark.txt', f'v: {b64(chr(0xfeff) + "token=" + t)}\n')
write('foreign.txt', f'v: {b64(chr(0x43f) + chr(0x430) + "=" + t)}\n')
write('quotes.sh', f'v="{t[:17]}""{t[17:]}"\n')
write('concat.rs', f'let v = concat!("{t[:17]}", "{t[17:]}");\n')
write('join.js', f'v = ["{t[:17]}", "{t[17:]}"].join("");\n')
write('joined.sql', f"select '{t[:17]}' || '{t[17:]}';\n")
write('card.vcf', f'BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:{each("=%02X")}\nEND:VCARD\n')
write('program.exe', b'MZ\x90\x00\x03\xff' + f'key={t}'.encode('utf-16-le') + b'\x00\x00\xff\xfe' * 9)
write('big-endian.bin', b'\x01\x02\xff\xff' + f'key={t}'.encode('utf-16-be') + b'\x00\x00\xff\xfe' * 9)
write('utf-16.txt', f'token={t}\n'.encode('utf-16'))
write('utf-16-be.txt', b'\xfe\xff' + f'token={t}\n'.encode('utf-16-be'))
write('gzip-base64.yaml', f'data: {b64(gzip.compress(f"token={t}".encode()))}\n')
write('joined.py', f'v = "{t[:17]}" + "{t[17:]}"\n')
write('a.gz', gzip.compress(t.encode()))
write('a.bz2', bz2.compress(t.encode()))
write('a.xz', lzma.compress(t.encode()))
zipped('a.zip', 'a.txt', f'k={t}')
write('a.tgz', tgz())
zipped('b.zip', 'in.tgz', tgz())
zipped('a.docx', 'word/document.xml', f'<w:p><w:r><w:t>{t}</w:t></w:r></w:p>')
drawn = zlib.compress(f'BT /F1 12 Tf 72 720 Td ({t}) Tj ET'.encode())
write('a.pdf', b'%PDF-1.4\n4 0 obj\n<< /Length ' + str(len(drawn)).encode() + b' /Filter /FlateDecode >>\nstream\n' + drawn + b'\nendstream\nendobj\n')
db = sqlite3.connect('a.db')
db.execute('create table kept (k text)')
db.execute('insert into kept values (?)', (t,))
db.commit()
output = {'name': 'stdout', 'output_type': 'stream', 'text': [f'is {t}\n']}
cell = {'cell_type': 'code', 'execution_count': 1, 'id': 'a1', 'metadata': {}, 'outputs': [output], 'source': [f"x = '{t}'\n"]}
write('a.ipynb', json.dumps({'cells': [cell], 'metadata': {}, 'nbformat': 4, 'nbformat_minor': 5}, indent=1))
"#;

#[test]
fn a_token_is_found_in_every_form() {
    let folder = Folder::new();
    let token = github(81);
    folder.write("make.py", MAKE);
    folder.shell(&format!("python3 make.py {token}; rm make.py")).says(0, &[]);
    let report = folder.scan(&["--show-secrets", "."]);
    let mut files: Vec<String> =
        std::fs::read_dir(folder.path(".")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|name| name.contains('.') && !name.starts_with('.'));
    files.sort();
    assert!(files.len() > 33, "{files:?}");
    let is_found = |file: &str| {
        report.findings.iter().any(|f| f["secret"] == token.as_str() && f["rule"] == "github-pat" && f["path"] == file)
    };
    let missed: Vec<&String> = files.iter().filter(|file| !is_found(file)).collect();
    assert!(missed.is_empty(), "{missed:?}");
    let cells: Vec<String> = report.places().into_iter().filter(|place| place.starts_with("a.ipynb#")).collect();
    assert_eq!(cells.len(), 2, "source and output: {cells:?}");
}
