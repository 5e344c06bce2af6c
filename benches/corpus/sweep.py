#!/usr/bin/env python3
"""Builds the inputs of the sweeps: rule files of 100, 300 and 1,000 rules, and the same text cut into files of one size.

    sweep.py rules TOKENS_TSV FOLDER     sweep-100.toml, sweep-300.toml, sweep-1000.toml; each holds the one before
    sweep.py sizes TREE FOLDER           1000/ … 100000000/ with 100 MB each, 1000000000/ with one file of the whole tree
"""

import argparse
import csv
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

from archives import part_of

COUNTS = [100, 300, 1000]
SIZES = [10**n for n in range(3, 9)]
PART = 100_000_000
FILES_PER_FOLDER = 1000
MIN_RUN = 16
MAX_COUNT = 16_384
MOST_REFUSED = 100
PIECE = re.compile(r'\s*(i?"(?:\\.|[^"\\])*"|set"(?:\\.|[^"\\])*"|[a-z][a-z0-9-]*|[|()?]|\{\d+(?:,\d*)?\}|[+-]"(?:\\.|[^"\\])*")')
KEY = re.compile(r"[A-Za-z0-9_.+-]{3,}")


def pieces(grammar):
    """The words of a token grammar."""
    at, out = 0, []
    while at < len(grammar.rstrip()):
        match = PIECE.match(grammar, at)
        if match is None:
            raise ValueError(f"not a grammar at {at}")
        out.append(match[1])
        at = match.end()
    return out


def least(words):
    """The least length that a grammar's words can match; eats them up to a closing parenthesis."""
    arms, total, last = [], 0, 0
    while words and words[0] != ")":
        word = words.pop(0)
        if word == "|":
            arms.append(total + last)
            total, last = 0, 0
        elif word == "?":
            last = 0
        elif word.startswith("{"):
            last *= int(re.match(r"\{(\d+)", word)[1])
        elif not word.startswith(("+", "-")):
            total += last
            last = group(words) if word == "(" else item(word)
    return min([*arms, total + last])


def group(words):
    size = least(words)
    words.pop(0)
    return size


def item(word):
    if word == "uuid":
        return 36
    return len(json.loads(word.lstrip("i").replace("\\x", "\\u00"))) if word.endswith('"') and not word.startswith("set") else 1


def wide(grammar):
    """Does a token without a literal hold characters that no run of token characters has?"""
    if re.search(r"\b(print|any|text|ws|space)\b", grammar):
        return True
    sets = re.findall(r'(?:set|\+)"((?:\\.|[^"\\])*)"', grammar)
    return any(re.search(r"[^A-Za-z0-9_+/=.~-]", chars) for chars in sets)


def usable(row):
    """The fields of a rule that say where its token stands, or None if stanch would refuse it."""
    keywords = [word for word in row["context_keywords"].split(",") if len(re.findall("[A-Za-z0-9]", word)) >= 3]
    keys = [word for word in keywords if KEY.fullmatch(word)]
    if row["anchor_literals"]:
        return {"keywords": keywords, "near": "key"} if row["assignment"] == "yes" and keywords else {}
    if least(pieces(row["grammar"])) < MIN_RUN or wide(row["grammar"]):
        return {"from": "assignment", "keys": keys} if keys else None
    if not keywords:
        return None
    return {"keywords": keywords, "near": "key"} if row["assignment"] == "yes" else {"keywords": keywords}


def capped(grammar):
    """The grammar with no count above what stanch takes."""
    return re.sub(r"\{(\d+),(\d+)\}", lambda m: f"{{{m[1]},{min(int(m[2]), MAX_COUNT)}}}", grammar)


def rule(row, place):
    """One rule; JSON strings and lists are valid TOML."""
    severity = row["severity"] if row["severity"] in ("info", "low", "medium", "high", "critical") else "medium"
    fields = {"id": "sweep-" + row["id"], "about": f"{row['service']} {row['credential']}", "category": row["category"],
              "severity": severity, "confidence": "medium", "token": capped(row["grammar"]), **place}
    if row["min_entropy"]:
        fields["entropy"] = float(row["min_entropy"])
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["[[rule]]", *lines, "", ""])


def build_rules(table, folder, stanch):
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows.sort(key=lambda row: hashlib.sha256(row["id"].encode()).digest())  # any part of it is a sample of all
    rules = {"sweep-" + row["id"]: rule(row, place) for row in rows if (place := usable(row)) is not None}
    folder.mkdir(parents=True, exist_ok=True)
    refused = drop_refused(rules, folder, stanch) if stanch else []
    for count in COUNTS:
        write_rules(folder / f"sweep-{count}.toml", list(rules.values())[:count])
    print(f"{len(rules)} usable rules of {len(rows)} rows" + (f"; refused: {', '.join(refused)}" if refused else ""))


def write_rules(path, rules):
    head = 'provider = "sweep"\nurl = "https://example.com/"\nfix = "Nothing: a rule for measuring."\n\n'
    path.write_text(head + "".join(rules))


def drop_refused(rules, folder, stanch):
    """Takes out the rules that stanch names in an error, until it starts with the largest set; returns their ids."""
    refused, largest = [], folder / f"sweep-{COUNTS[-1]}.toml"
    while len(refused) < MOST_REFUSED:
        write_rules(largest, list(rules.values())[: COUNTS[-1]])
        command = [stanch, "scan", "-", "--rules", largest, "--only", "sweep-*", "--format", "json"]
        run = subprocess.run(command, input="", capture_output=True, text=True, check=False)
        named = re.search(r"rule `(sweep-[a-z0-9-]+)`", run.stderr) if run.returncode == 2 else None
        if named is None or rules.pop(named[1], None) is None:
            break
        refused.append(named[1])
    return refused


def text_of(files):
    for path in files:
        yield path.read_bytes()


def build_sizes(tree, folder):
    shutil.rmtree(folder, ignore_errors=True)
    text = b"".join(text_of(part_of(tree, PART)))
    for size in SIZES:
        for number, at in enumerate(range(0, len(text), size)):
            where = folder / str(size) / f"{number // FILES_PER_FOLDER:03d}"
            where.mkdir(parents=True, exist_ok=True)
            (where / f"{number:06d}.txt").write_bytes(text[at : at + size])
        print(f"{size}: {number + 1} files")
    whole = folder / str(10**9)
    whole.mkdir()
    with open(whole / "all.txt", "wb") as out:
        for data in text_of(path for part in sorted(tree.iterdir()) for path in sorted(part.iterdir())):
            out.write(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rules", "sizes"])
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stanch", help="leave out the rules that this binary refuses")
    options = parser.parse_args()
    if options.what == "rules":
        build_rules(options.source, options.folder, options.stanch)
    else:
        build_sizes(options.source, options.folder)


if __name__ == "__main__":
    main()
