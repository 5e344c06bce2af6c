#!/usr/bin/env python3
"""Builds the tree corpus: distinct text files of real source, headers and documentation.

Sources, in this order: Python's library, Debian's documentation and headers, the Debian packages of debs.txt,
the crates of crates.txt (pinned versions). Files are taken until --bytes is reached. A file counts when it is
not empty, has no NUL in its first 8 KiB and its content was not seen before. Everything is copied to
TREE/NNN/IIIIII_name, 256 files a folder, so that no ignore file, hidden file or path rule of any scanner makes
the tools read different bytes. The manifest (TREE.manifest.json) says what the corpus is made of and carries a
digest over all contents: two machines with the same digest measured the same bytes.
"""

import argparse
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES_PER_FOLDER = 256
NUL_WINDOW = 8192
SKIPPED_FOLDERS = {"__pycache__", "site-packages", "dist-packages", ".git"}


def listed(path):
    """The lines of a list file without comments."""
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def crate_sources(work, notes):
    """Fetches the pinned crates with cargo into a home of its own and yields (name, folder)."""
    pins = [line.split() for line in listed(HERE / "crates.txt")]
    project = work / "crates"
    (project / "src").mkdir(parents=True, exist_ok=True)
    (project / "src" / "lib.rs").touch()
    # Every crate of the list is a direct dependency, so that cargo can only resolve to the pinned versions.
    deps = (
        f'd{i} = {{ package = "{name}", version = "={version.split("+")[0]}", default-features = false }}\n'
        for i, (name, version) in enumerate(pins)
    )
    manifest = '[package]\nname = "corpus"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n'
    (project / "Cargo.toml").write_text(manifest + "".join(deps))
    # Absolute: cargo runs in another folder.
    home = (work / "cargo-home").resolve()
    env = dict(os.environ, CARGO_HOME=str(home))
    subprocess.run(["cargo", "fetch", "--quiet"], cwd=project, env=env, check=True)
    roots = sorted((home / "registry" / "src").iterdir())
    # Ordered by a hash of the name: a corpus cut at --bytes is then a sample of all crates, not of A to M.
    pins.sort(key=lambda pin: hashlib.sha256(pin[0].encode()).digest())
    for name, version in pins:
        found = [root / f"{name}-{version}" for root in roots if (root / f"{name}-{version}").is_dir()]
        if found:
            yield f"crate {name} {version}", found[0]
        else:
            notes.append(f"crate {name} {version} is missing")


def deb_sources(work, notes):
    """Downloads and unpacks the Debian packages and yields (name, folder)."""
    if not shutil.which("apt-get"):
        notes.append("no apt-get: the Debian packages are left out")
        return
    folder = work / "debs"
    folder.mkdir(parents=True, exist_ok=True)
    for package in listed(HERE / "debs.txt"):
        found = sorted(folder.glob(f"{package}_*.deb"))
        if not found:
            subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, stderr=subprocess.DEVNULL, check=False)
            found = sorted(folder.glob(f"{package}_*.deb"))
        if not found:
            notes.append(f"deb {package} cannot be had here")
            continue
        unpacked = folder / package
        if not unpacked.is_dir():
            subprocess.run(["dpkg-deb", "-x", found[0], unpacked], check=True)
        yield f"deb {found[0].stem.replace('_', ' ', 1).replace('%3a', ':')}", unpacked


def system_sources():
    """Folders that the machine has anyway."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    yield f"python {version} library", Path(sysconfig.get_path("stdlib"))
    for name, folder in [("debian /usr/lib/python3", "/usr/lib/python3"), ("debian /usr/share/doc", "/usr/share/doc"),
                         ("debian /usr/include", "/usr/include")]:
        if Path(folder).is_dir():
            yield name, Path(folder)


def files_of(folder):
    """Regular files below a folder in a fixed order; symlinks are not followed."""
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            path = os.path.join(where, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def text_of(path, limit):
    """The bytes of a text file, gunzipped if need be, or None."""
    try:
        if os.path.getsize(path) > limit:
            return None
        with open(path, "rb") as file:
            data = file.read()
        if path.endswith(".gz"):  # Debian compresses most of its documentation
            data = gzip.decompress(data)
    except (OSError, EOFError, gzip.zlib.error):
        return None
    if not data or len(data) > limit or b"\0" in data[:NUL_WINDOW]:
        return None
    return data


def plain_name(path):
    """A name that no scanner treats in a special way because of a leading dot or an archive's suffix."""
    name = os.path.basename(path)
    if name.endswith(".gz"):
        name = name[:-3]
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[-80:]


class Tree:
    """Writes the files and keeps the figures of the manifest."""

    def __init__(self, root):
        self.root = root
        self.hashes = set()
        self.bytes = 0
        self.histogram = {}
        self.sources = []

    def add(self, path, data):
        digest = hashlib.sha256(data).digest()
        if digest in self.hashes:
            return False
        number = len(self.hashes)
        folder = self.root / f"{number // FILES_PER_FOLDER:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:06d}_{plain_name(path)}").write_bytes(data)
        self.hashes.add(digest)
        self.bytes += len(data)
        bucket = 1 << max(len(data) - 1, 0).bit_length()
        self.histogram[bucket] = self.histogram.get(bucket, 0) + 1
        return True

    def add_source(self, name, folder, limits):
        files, size = len(self.hashes), self.bytes
        for path in files_of(folder):
            if self.bytes >= limits.bytes or len(self.hashes) >= limits.files:
                break
            data = text_of(path, limits.file_bytes)
            if data is not None:
                self.add(path, data)
        if len(self.hashes) > files:
            self.sources.append({"source": name, "files": len(self.hashes) - files, "bytes": self.bytes - size})

    def manifest(self, limits, notes):
        return {
            "schema": 1,
            "files": len(self.hashes),
            "bytes": self.bytes,
            "content_sha256": hashlib.sha256(b"".join(sorted(self.hashes))).hexdigest(),
            "limits": {"bytes": limits.bytes, "files": limits.files, "file_bytes": limits.file_bytes},
            "sizes_up_to": {str(size): self.histogram[size] for size in sorted(self.histogram)},
            "notes": notes,
            "sources": self.sources,
        }


def print_summary(manifest):
    print(f"{manifest['files']} files, {manifest['bytes'] / 1e6:.1f} MB, content sha256 {manifest['content_sha256']}")
    for size, count in manifest["sizes_up_to"].items():
        print(f"  up to {int(size):>9} bytes: {count}")
    crates = [entry for entry in manifest["sources"] if entry["source"].startswith("crate ")]
    for entry in manifest["sources"]:
        if entry not in crates:
            print(f"  {entry['source']}: {entry['files']} files, {entry['bytes'] / 1e6:.1f} MB")
    files, size = sum(e["files"] for e in crates), sum(e["bytes"] for e in crates)
    print(f"  {len(crates)} crates: {files} files, {size / 1e6:.1f} MB")
    for note in manifest["notes"]:
        print(f"  note: {note}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    parser.add_argument("--files", type=int, default=255_999)
    parser.add_argument("--file-bytes", type=int, default=1 << 20, help="larger files are left out")
    limits = parser.parse_args()
    tree, notes = Tree(limits.work / "tree"), []
    shutil.rmtree(tree.root, ignore_errors=True)
    for name, folder in system_sources():
        tree.add_source(name, folder, limits)
    for name, folder in deb_sources(limits.work, notes):
        tree.add_source(name, folder, limits)
    for name, folder in crate_sources(limits.work, notes):
        tree.add_source(name, folder, limits)
    manifest = tree.manifest(limits, notes)
    (limits.work / "tree.manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print_summary(manifest)


if __name__ == "__main__":
    main()
