#!/usr/bin/env python3
"""Packs a part of the tree corpus in every archive format that the machine can write.

The same files, in the same order, without times or owners: tar, tar.gz, tar.bz2, tar.xz, tar.zst, zip, 7z. zst needs
the zstd program, 7z the py7zr package or the 7z program; what cannot be written is said and left out.
"""

import argparse
import bz2
import gzip
import lzma
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

CHUNK = 1 << 20
STEP = 10  # every tenth folder, so that all kinds of sources are in it


def part_of(tree, size):
    """Files of the tree, some from everywhere, up to this many bytes."""
    total = 0
    for start in range(STEP):
        for folder in sorted(tree.iterdir())[start::STEP]:
            for path in sorted(folder.iterdir()):
                total += path.stat().st_size
                if total > size:
                    return
                yield path


def plain(info):
    info.mtime, info.uid, info.gid, info.uname, info.gname, info.mode = 0, 0, 0, "", "", 0o644
    return info


def write_tar(path, files, tree):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for file in files:
            archive.add(file, arcname=str(file.relative_to(tree)), filter=plain)


def write_zip(path, files, tree):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            info = zipfile.ZipInfo(str(file.relative_to(tree)))  # 1980, the format's zero
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, file.read_bytes())


def compress(source, target):
    with open(source, "rb") as plain_file, target as packed:
        shutil.copyfileobj(plain_file, packed, CHUNK)


def write_gz(source, path):
    with open(path, "wb") as raw:
        compress(source, gzip.GzipFile("", "wb", 6, raw, mtime=0))


def write_7z(path, files, tree):
    """With the program, which is fast, or else the package; says whether there was one."""
    names = [str(file.relative_to(tree)) for file in files]
    program = shutil.which("7z") or shutil.which("7zz")
    if program:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
            listing.write("\n".join(names))
            listing.flush()
            options = ["-bd", "-mx=3", "-mtm=off", "-scsUTF-8"]
            subprocess.run([program, "a", *options, path.resolve(), f"@{listing.name}"], cwd=tree, check=True,
                           stdout=subprocess.DEVNULL)
        return True
    try:
        import py7zr
    except ImportError:
        return False
    with py7zr.SevenZipFile(path, "w", filters=[{"id": py7zr.FILTER_LZMA2, "preset": 1}]) as archive:
        for name in names:
            archive.write(tree / name, name)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bytes", type=int, default=100_000_000)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    files = list(part_of(options.tree, options.bytes))
    tar = options.folder / "part.tar"
    write_tar(tar, files, options.tree)
    write_gz(tar, options.folder / "part.tar.gz")
    compress(tar, bz2.open(options.folder / "part.tar.bz2", "wb"))
    compress(tar, lzma.open(options.folder / "part.tar.xz", "wb", preset=1))
    write_zip(options.folder / "part.zip", files, options.tree)
    if shutil.which("zstd"):
        subprocess.run(["zstd", "-q", "-6", tar, "-o", options.folder / "part.tar.zst"], check=True)
    else:
        print("no zstd program: tar.zst is left out")
    if not write_7z(options.folder / "part.7z", files, options.tree):
        print("neither py7zr nor 7z: 7z is left out")
    for path in sorted(options.folder.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {len(files)} files")


if __name__ == "__main__":
    main()
