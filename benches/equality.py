#!/usr/bin/env python3
"""Compares `stanch scan --history` with a scan of each blob as a file of its own, under the name it has in the history.

    benches/equality.py REPOSITORY [--stanch BINARY]

What is compared is the blob, the place inside of it (member or cell, line, column) and the rule. Blobs that have another path that means
something else to a rule are scanned under their first one only, so the history may have more of those. Values are neither printed nor kept.
Exits with 1 if a place differs.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def git(repository, *args, **more):
    return subprocess.run(["git", "-C", repository, *args], check=True, capture_output=True, **more).stdout


def names(repository):
    """Each blob with the first path that `git rev-list` has for it."""
    commits = [line.split()[2] for line in git(repository, "fsck", "--unreachable", "--no-reflogs", "--no-progress", text=True).splitlines()
               if line.startswith("unreachable commit")]
    out = {}
    listed = git(repository, "rev-list", "--objects", "--all", *commits, text=True, errors="surrogateescape")
    for line in listed.splitlines():
        name, _, path = line.partition(" ")
        if path:
            out.setdefault(name, path)
    kinds = git(repository, "cat-file", "--batch-check=%(objectname) %(objecttype)", input="\n".join(out), text=True)
    blobs = {line.split()[0] for line in kinds.splitlines() if line.endswith(" blob")}
    return {name: path for name, path in out.items() if name in blobs}


def write(repository, blobs, folder):
    process = subprocess.Popen(["git", "-C", repository, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for name, path in blobs.items():
        process.stdin.write(f"{name}\n".encode())
        process.stdin.flush()
        size = int(process.stdout.readline().split()[2])
        data = process.stdout.read(size + 1)[:size]
        file = folder / name / os.path.basename(path)
        file.parent.mkdir(parents=True)
        file.write_bytes(data)
    process.stdin.close()
    process.wait()


def scan(stanch, cwd, *args):
    report = Path(cwd) / "report.jsonl"
    subprocess.run([stanch, "scan", "-q", "--no-config", "-f", "jsonl", "-o", str(report), *args], cwd=cwd, check=False)
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    report.unlink()
    return [line for line in lines if line["type"] == "finding"]


def inside(finding):
    """The place in the blob, without the name of the file."""
    place = finding["place"].split("/")[-1]
    at = min((place.find(sign) for sign in "#!" if sign in place), default=-1)
    return place[at:] if at >= 0 else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository")
    parser.add_argument("--stanch", default=str(ROOT / "target/release/stanch"))
    options = parser.parse_args()
    repository = os.path.abspath(options.repository)
    blobs = names(repository)
    with tempfile.TemporaryDirectory() as folder:
        write(repository, blobs, Path(folder) / "blobs")
        history = scan(options.stanch, folder, "--history", "--no-cache", repository)
        alone = scan(options.stanch, folder, "--no-ignore", "blobs")
    key = lambda blob, f: (blob, inside(f), f["line"], f["column"], f["rule"])
    found = {key(f["commit"]["blob"], f) for f in history if (f.get("commit") or {}).get("blob") in blobs}
    expected = {key(f["path"].split("/")[1], f) for f in alone}
    only_history, only_alone = found - expected, expected - found
    print(f"{len(blobs)} blobs, {len(expected)} places: {len(found & expected)} the same, "
          f"{len(only_history)} in the history only, {len(only_alone)} in files only")
    for blob, where, line, column, rule in sorted(only_history | only_alone)[:20]:
        print(f"  {'history' if (blob, where, line, column, rule) in only_history else 'files'}: {blob}{where}:{line}:{column} {rule}")
    return 1 if only_history or only_alone else 0


if __name__ == "__main__":
    raise SystemExit(main())
