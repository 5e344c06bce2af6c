#!/usr/bin/env python3
"""Says how many of the planted secrets of a log a JSON-lines report holds: `found 400/400`.

A planted secret counts when the report has a finding on its line whose secret is, or contains, the value (compared by
SHA-256; line ends of a PEM block may be escaped or real), or, where the report is redacted, whose column lies in the
value or in the URL around it. Values are never printed. Exit code 1 when one is missing; --missing names kind and line.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

URL_BEFORE = 64  # a URL may be reported from its scheme on


def load_findings(path):
    """line -> [(column, secret or None)]; tolerant about where a tool keeps these fields."""
    found = defaultdict(list)
    with open(path, encoding="utf-8", errors="replace") as report:
        for text in report:
            record = json.loads(text)
            if "rule" not in record and "finding" not in record:
                continue  # a summary or an issue
            record = record.get("finding", record)
            for place in [record, *record.get("occurrences", [])]:
                place = {**place, **(place.get("location") or {}), **(place.get("at") or {})}
                line = place.get("line") or place.get("start_line") or place.get("line_start")
                if isinstance(line, int):
                    found[line].append((place.get("column") or place.get("column_start") or place.get("start_column"),
                                        record.get("secret") if isinstance(record.get("secret"), str) else None))
    return found


def flat(secret):
    """A secret with real line ends turned into escaped ones, without one at the end."""
    return re.sub(r"\r?\n", r"\\n", secret.strip())


def same_value(secret, plant, value):
    if secret is None:
        return False
    text = flat(secret)
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    return digest == plant["sha256"] or value in text


def same_place(column, plant):
    return column is not None and plant["column"] - URL_BEFORE <= column < plant["column"] + plant["length"]


def value_of(log, plant):
    log.seek(plant["offset"])
    value = log.read(plant["length"])
    if hashlib.sha256(value).hexdigest() != plant["sha256"]:
        raise SystemExit(f"the log does not fit its list at offset {plant['offset']}")
    return value.decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("report", type=Path, help="JSON lines with line, column, secret, rule")
    parser.add_argument("--missing", action="store_true", help="list kind and line of what was not found")
    options = parser.parse_args()
    planted = json.loads(options.log.with_name(options.log.name + ".planted.json").read_text())["planted"]
    findings = load_findings(options.report)
    by_value, by_place, missing = 0, 0, []
    with open(options.log, "rb") as log:
        for plant in planted:
            value, near = value_of(log, plant), findings.get(plant["line"], [])
            if any(same_value(secret, plant, value) for _, secret in near):
                by_value += 1
            elif any(same_place(column, plant) for column, _ in near):
                by_place += 1
            else:
                missing.append(plant)
    print(f"found {by_value + by_place}/{len(planted)} ({by_value} by value, {by_place} by place only)")
    if options.missing:
        for plant in missing:
            print(f"missing {plant['kind']} line {plant['line']} column {plant['column']}")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
