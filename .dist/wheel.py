"""Puts a program into a wheel, with what pyproject.toml says of it: `wheel.py PROGRAM ROOT PLATFORM OUT`.

The wheel is as maturin makes it (`bindings = "bin"`), without a build, and the same bytes each time."""

import base64
import hashlib
import os
import re
import sys
import time
import tomllib
import zipfile


def metadata(project, version, readme):
    """What tests/it/installs.rs compares with maturin's."""
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {version}"]
    lines += [f"Classifier: {one}" for one in project["classifiers"]]
    lines += [f"License-File: {name}" for name in project["license-files"]]
    lines += [f"Summary: {project['description']}", f"Keywords: {','.join(project['keywords'])}"]
    lines += [f"License-Expression: {project['license']}", f"Requires-Python: {project['requires-python']}"]
    lines += ["Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM"]
    return "\n".join(lines) + "\n\n" + readme


def main(program, root, platform, out):
    def read(name):
        with open(os.path.join(root, name), "rb") as file:
            return file.read()

    project = tomllib.loads(read("pyproject.toml").decode())["project"]
    version = re.search(r'^version = "(.*)"$', read("Cargo.toml").decode(), re.M).group(1)
    name, tags = f"stanch-{version}", [f"py3-none-{one}" for one in platform.split(".")]
    wheel = "Wheel-Version: 1.0\nGenerator: stanch dist\nRoot-Is-Purelib: false\n" + "".join(f"Tag: {tag}\n" for tag in tags)
    info = f"{name}.dist-info"
    files = [(f"{name}.data/scripts/stanch", read(os.path.abspath(program)), 0o755)]
    files += [(f"{info}/licenses/{one}", read(one), 0o644) for one in project["license-files"]]
    files += [(f"{info}/METADATA", metadata(project, version, read(project["readme"]).decode()).encode(), 0o644)]
    files += [(f"{info}/WHEEL", wheel.encode(), 0o644)]

    def digest(content):
        return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")

    record = "".join(f"{path},sha256={digest(content)},{len(content)}\n" for path, content, _ in files)
    files.append((f"{info}/RECORD", f"{record}{info}/RECORD,,\n".encode(), 0o644))
    # The times of zip files begin in 1980.
    when = time.gmtime(max(int(os.environ["SOURCE_DATE_EPOCH"]), 315532800))[:6]
    with zipfile.ZipFile(os.path.join(out, f"{name}-py3-none-{platform}.whl"), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content, mode in files:
            entry = zipfile.ZipInfo(path, when)
            entry.external_attr, entry.compress_type, entry.create_system = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED, 3
            archive.writestr(entry, content)


main(*sys.argv[1:])
