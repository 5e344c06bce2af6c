#!/bin/sh
# Makes the containers in this folder with the tools people use. Needs: 7zip, zip, xz-utils, zstd, bzip2, GNU tar, python3.
# Run it only to add one: the files are committed, so that the tests need none of these tools.
set -eu
out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
find "$out" -type f ! -name make.sh -delete
mkdir -p in/sub
printf 'first marker-a\nsecond line\n' > in/a.txt
printf 'marker-b\n' > in/sub/b.txt
: > in/empty
(seq 1 300; echo marker-big) > in/big.txt
long=$(printf 'long/%.0s' $(seq 1 40))
mkdir -p "in/$long"
printf 'marker-long\n' > "in/${long}name.txt"
ln -s a.txt in/link

for format in v7 ustar gnu posix; do
  names="a.txt sub empty link"
  case $format in gnu|posix) names="$names long" ;; esac
  (cd in && tar --format=$format -b 1 --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$out/$format.tar" $names)
done
for format in gnu posix; do
  printf 'marker-sparse' > hole; truncate -s 1M hole; printf 'marker-end' >> hole
  truncate -s 2M hole; for i in 3 4 5 6 7 8; do printf 'marker-%s' $i >> hole; truncate -s ${i}M hole; done
  cp in/a.txt after.txt
  tar --format=$format -S -b 1 --mtime=@0 --owner=0 --group=0 -cf "$out/sparse-$format.tar" hole after.txt
done
(cd in && tar -b 1 -cf - --mtime=@0 --owner=0 --group=0 a.txt sub | tee ../small.tar | gzip -n > "$out/small.tgz")
bzip2 -c small.tar > "$out/small.tar.bz2"
xz -c small.tar > "$out/small.tar.xz"
zstd -qc small.tar > "$out/small.tar.zst"
(gzip -nc in/a.txt; gzip -nc in/sub/b.txt; head -c 100 /dev/zero) > "$out/two.log.gz"
(bzip2 -c in/a.txt; bzip2 -c in/sub/b.txt) > "$out/two.log.bz2"
(xz -c in/a.txt; xz -c in/sub/b.txt) > "$out/two.log.xz"
(zstd -qc in/a.txt; zstd -qc in/sub/b.txt) > "$out/two.log.zst"

(cd in && zip -Xqr "$out/info.zip" a.txt sub empty -z < /dev/null)
(cd in && printf 'marker-comment' | zip -Xqz "$out/info.zip" > /dev/null)
(printf '#!/bin/sh\necho marker-script\n'; cat "$out/info.zip") > "$out/prefix.jar"
(cd in && zip -Xq -P x "$out/encrypted.zip" a.txt && zip -Xq "$out/encrypted.zip" sub/b.txt)
(cd in && cat a.txt | zip -Xq "$out/streamed.zip" -)
for m in Copy Deflate Deflate64 BZip2 LZMA; do
  (cd in && 7z a -bso0 -bsp0 -tzip -mm=$m "$out/zip-$m.zip" a.txt big.txt)
done
(cd in && 7z a -bso0 -bsp0 -tzip -mm=PPMd "$out/zip-PPMd.zip" big.txt)
(cd in && 7z a -bso0 -bsp0 -tzip -mem=AES256 -px "$out/aes.zip" a.txt)
for m in Copy Deflate BZip2 LZMA LZMA2 PPMd; do
  (cd in && 7z a -bso0 -bsp0 -m0=$m "$out/$m.7z" a.txt big.txt empty)
done
(cd in && 7z a -bso0 -bsp0 -ms=off "$out/apart.7z" a.txt sub)
(cd in && 7z a -bso0 -bsp0 -px "$out/encrypted.7z" a.txt)
(cd in && 7z a -bso0 -bsp0 -px -mhe=on "$out/hidden.7z" a.txt)

python3 - "$out" <<'PY'
import io, sys, tarfile, zipfile
out = sys.argv[1]
def tgz(files):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode="w:gz") as t:
        for name, data in files:
            i = tarfile.TarInfo(name); i.size = len(data); t.addfile(i, io.BytesIO(data))
    return b.getvalue()
with zipfile.ZipFile(f"{out}/nested.zip", "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("a/b.tar.gz", tgz([("c.txt", b"marker-c\n"), ("d.ipynb", b'{"nbformat":4,"cells":[{"id":"x1","source":["marker\\u002dnb\\n"]}]}')]))
    z.writestr("after.txt", b"marker-after\n")
with zipfile.ZipFile(f"{out}/report.docx", "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("[Content_Types].xml", "<Types/>")
    z.writestr("word/document.xml", "<w:document><w:t>marker-word</w:t></w:document>")
with zipfile.ZipFile(f"{out}/names.zip", "w") as z:
    for name in ["../up.txt", "/etc/abs.txt", "c:\\win.txt", "bell\x07\x1b[31m.txt", "same.txt", "same.txt"]:
        z.writestr(zipfile.ZipInfo(name), b"marker-" + name.encode()[-6:])
PY
head -c 64M /dev/zero > in/zeros
xz -6 -c in/zeros > "$out/zeros.xz"
# py7zr packs a directory of a hundred bytes with a window of 16 MiB. Needs py7zr 1.1 from PyPI.
(cd in && python3 -m py7zr c "$out/py7zr.7z" zeros)
