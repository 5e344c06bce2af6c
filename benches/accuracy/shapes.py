#!/usr/bin/env python3
"""Made-up values of the formats that need a name beside them, in the shapes that people write: how many are found.

    shapes.py TOKENS.tsv [--stanch BINARY] [--seed N] [--list SHAPE]

For each row of the table with context keywords, and each shape, a value is drawn from the row's grammar (coverage.py) and written as people do, with the row's first
keyword for the service. Found means that some finding covers the value or most of it, whatever its rule. Rows that coverage.tsv says have no rule are left out, and
rows of several lines. Nothing here is a credential; the result, runs/DATE/accuracy/shapes.md, holds counts alone.
"""

import argparse
import csv
import datetime
import json
import random
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import coverage

HERE = Path(__file__).resolve().parent


def joined(keyword):
    return re.sub("[^a-z0-9]", "", keyword.lower())


def camel(keyword):
    return "".join(part.capitalize() for part in re.split("[^A-Za-z0-9]+", keyword) if part)


# A file name, and the text with: keyword, name of an environment variable, kind of credential, value.
SHAPES = {
    "environment variable": (".env", lambda k, n, w, v: f"{n.upper()}={v}\n"),
    "camel case": ("a.js", lambda k, n, w, v: f'const {camel(k)[:1].lower()}{camel(k)[1:]}{w.capitalize()} = "{v}";\n'),
    "named argument": ("a.py", lambda k, n, w, v: f'client = {camel(k)}({api(w)}="{v}")\n'),
    "argument": ("a.go", lambda k, n, w, v: f'client := {joined(k)}.NewClient("{v}")\n'),
    "service, then name": ("t.go", lambda k, n, w, v: f"{k} {w} = '{v}'\n"),
    "comment above": ("a.py", lambda k, n, w, v: f'# {k} {w}\n{w.upper()} = "{v}"\n'),
    "JSON block": ("a.json", lambda k, n, w, v: f'{{\n  "{k}": {{\n    "enabled": true,\n    "{api(w)}": "{v}"\n  }}\n}}\n'),
    "YAML block": ("a.yml", lambda k, n, w, v: f"{k}:\n  enabled: true\n  {api(w)}: {v}\n"),
    "Terraform block": ("a.tf", lambda k, n, w, v: f'provider "{k}" {{\n  {api(w)} = "{v}"\n}}\n'),
    "own header": ("a.sh", lambda k, n, w, v: f"curl -H 'X-{camel(k)}-{w.capitalize()}: {v}' https://example.org/v1/things\n"),
    "bearer": ("a.sh", lambda k, n, w, v: f'curl https://api.{joined(k)}.com/v1/x -H "Authorization: Bearer {v}"\n'),
    "query": ("a.sh", lambda k, n, w, v: f"curl 'https://api.{joined(k)}.com/v1/things?{w}={v}'\n"),
    "log": ("a.log", lambda k, n, w, v: f"[INFO] Sending request to the {k} API\n[DEBUG] Using {w.capitalize()}={v}\n[INFO] Response: 200\n"),
    "prose": ("a.md", lambda k, n, w, v: f"The {k} {w} is {v}\n"),
    "service and colon": ("a.txt", lambda k, n, w, v: f"{k}: {v}\n"),
}


def api(word):
    return f"api_{word}" if word in ("key", "token") else word


def cases(table, seed):
    """Row, shape, value, file name and text."""
    rng = random.Random(seed)
    known = {}
    for line in (HERE / "coverage.tsv").read_text().splitlines():
        row, _, rest = line.partition("\t")
        known[row] = (rest.split("\t") + ["", ""])[:3]
    rules = coverage.read_rules(HERE.parents[1] / "rules")
    with open(table, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        keywords = [word for word in row["context_keywords"].split(",") if len(word) > 2]
        if not keywords or row["multi_line"] == "yes" or known.get(row["id"], [""])[0].startswith("none"):
            continue
        for shape, (name, text) in SHAPES.items():
            value, _ = coverage.example(row, known, rng, rules)
            if not any(c in value for c in " \"'\n"):
                yield row, shape, value, name, text(keywords[0], coverage.name_of(row), coverage.word_of(row), value)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--stanch", default=str(HERE.parents[1] / "target/release/stanch"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", metavar="SHAPE", help="the rows that are missed in this shape")
    options = parser.parse_args()
    made = list(cases(options.table, options.seed))
    found = defaultdict(list)
    with tempfile.TemporaryDirectory() as temporary:
        for number, (_, _, _, name, text) in enumerate(made):
            folder = Path(temporary, "tree", f"{number:06d}")
            folder.mkdir(parents=True)
            (folder / name).write_text(text)
        out = Path(temporary, "out.jsonl")
        command = [options.stanch, "scan", "--no-ignore", "--no-config", "-q", "-f", "jsonl", "--show-secrets", "-o", str(out), f"{temporary}/tree"]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        for line in out.read_text().splitlines():
            record = json.loads(line)
            if record["type"] == "finding":
                found[int(Path(record["path"]).parent.name)].append(record.get("secret") or "")
    hits, totals, missed = Counter(), Counter(), []
    for number, (row, shape, value, _, _) in enumerate(made):
        kind = "with a prefix" if row["anchor_literals"] else "without a prefix"
        hit = any(value in secret or secret and secret in value and len(secret) * 2 >= len(value) for secret in found[number])
        for key in ((shape, kind), ("all", kind)):
            totals[key] += 1
            hits[key] += hit
        if not hit and shape == options.list:
            missed.append(row["id"])
    lines = ["# Values in everyday shapes", "", f"Seed {options.seed}.", "", "| shape | with a prefix, % | n | without a prefix, % | n |", "|---|---|---|---|---|"]
    for shape in ["all", *SHAPES]:
        both = [(100 * hits[shape, kind] / totals[shape, kind], totals[shape, kind]) for kind in ("with a prefix", "without a prefix")]
        lines.append(f"| {shape} | {both[0][0]:.1f} | {both[0][1]} | {both[1][0]:.1f} | {both[1][1]} |")
    text = "\n".join(lines) + "\n"
    folder = HERE.parent / "runs" / datetime.date.today().isoformat() / "accuracy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shapes.md").write_text(text)
    print(text, *missed, sep="\n")


if __name__ == "__main__":
    main()
