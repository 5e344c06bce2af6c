#!/usr/bin/env python3
"""Says which values of labelled cases stand in rules, in lists of words or in the code of the scanner: a rule that knows a case proves nothing.

    benches/accuracy/literals.py BENCH

Exits with 1 if there is one. It names the case, the file and the line, never the value. What is compared is the secret of a positive case
and each long run of token characters of a negative one; the mark of examples (a middle dot) hides nothing. Left out are digits in order, the
header that most JWTs share, the fixed part of a format, and what providers and standards print in their documentation (`published.txt`).
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Shorter ones are words, and stand everywhere.
LEAST = 12
RUN = re.compile(r"[A-Za-z0-9+/_.~-]{16,}={0,2}")
NAME = re.compile(r"[A-Z0-9_]+=?")
ORDERED = re.compile(r"0?123456789|a1b2c3d4|^eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.?$")
WHERE = ["rules/*.toml", "rules/*.tsv", "src/scan/**/*.rs", "src/scan/**/*.txt", "src/scan/**/*.tsv"]


def literals(bench):
    """Each value with the case it is of."""
    found = {}
    for path in sorted(Path(bench).glob("*_cases.jsonl")):
        for line in path.read_text().splitlines():
            case = json.loads(line)
            values = [case["secret"]] if case.get("secret") else []
            if case["kind"] != "positive":
                values += RUN.findall(case["text"])
            for value in values:
                if len(value) >= LEAST and re.search(r"[0-9]", value) and re.search(r"[A-Za-z]", value) and not ORDERED.search(value) and not NAME.fullmatch(value):
                    found.setdefault(value, case["id"])
    return found


def main():
    values = literals(sys.argv[1])
    texts = {path: path.read_text(errors="replace").replace("·", "") for glob in WHERE for path in ROOT.glob(glob) if path.name != "published.txt"}
    published = (ROOT / "src/scan/engine/meaning/published.txt").read_text().replace("·", "")
    fixed = {"bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t"}
    heads = {}
    for value in set(values) - fixed:
        if value in published:
            continue
        heads.setdefault(value[:LEAST], []).append(value)
    hits = 0
    for path, text in sorted(texts.items()):
        for number, line in enumerate(text.splitlines(), 1):
            for at in range(len(line) - LEAST + 1):
                for value in heads.get(line[at:at + LEAST], ()):
                    if line.startswith(value, at):
                        hits += 1
                        print(f"{path.relative_to(ROOT)}:{number}: the value of {values[value]}")
    print(f"{len(values)} values, {len(texts)} files: {hits} stand there")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
