"""Imports gitleaks' own default configuration and compares what stanch finds with it with what gitleaks finds.

    benches/accuracy/import.py --gitleaks PATH --config gitleaks.toml [--stanch PATH] [FOLDER …]

Scans the folders named, and a tree made here from a fixed seed in which every rule of the configuration has lines that are meant to
match. A finding is a file, a line and a value; one is the same for both if the line of stanch lies within the lines of gitleaks' match
(stanch names the line of the value, gitleaks those of the match). What only one of them has is counted by reason. Nothing is validated,
values are hashed in memory and never printed or written. The result goes to runs/DATE/accuracy/import.md: counts and reasons alone.
"""

import argparse
import collections
import datetime
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = 20261127


def digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Sampler:
    """Makes texts that a regular expression matches, from Python's parse of it; good enough for the dialect of configurations."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def sample(self, pattern: str) -> str:
        import re._parser as parser  # the only parser of expressions in the standard library

        python = pattern.replace("\\z", "\\Z").replace("[[:alnum:]]", "[A-Za-z0-9]").replace("[[:^alnum:]]", "[^A-Za-z0-9]")
        python = re.sub(r"(?<!^)\(\?([ims]+)\)", "", python)  # flags in the middle: Python wants them in front
        return self.items(parser.parse(python))

    def items(self, parsed) -> str:
        return "".join(self.item(op, arg) for op, arg in parsed)

    def item(self, op, arg) -> str:
        name = str(op)
        if name == "LITERAL":
            return chr(arg)
        if name == "NOT_LITERAL":
            return "x" if chr(arg) != "x" else "y"
        if name == "ANY":
            return self.rng.choice("abcdefghjkmnpqrstuvwxyz23456789")
        if name == "IN":
            return self.rng.choice(self.chars(arg))
        if name == "BRANCH":
            return self.items(self.rng.choice(arg[1]))
        if name == "SUBPATTERN":
            return self.items(arg[3])
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = arg
            high = min(int(high), low + 4)
            return "".join(self.items(inner) for _ in range(self.rng.randint(low, high)))
        return ""

    def chars(self, parts) -> str:
        plain = "".join(map(chr, range(33, 127)))
        negated, chosen = False, ""
        for op, arg in parts:
            name = str(op)
            if name == "NEGATE":
                negated = True
            elif name == "LITERAL":
                chosen += chr(arg)
            elif name == "RANGE":
                chosen += "".join(map(chr, range(arg[0], min(arg[1], 126) + 1)))
            elif name == "CATEGORY":
                chosen += {"CATEGORY_DIGIT": "0123456789", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "abcXYZ019_"}.get(str(arg), plain)
        return "".join(c for c in plain if c not in chosen) or "x" if negated else chosen or "x"


def make_tree(config: dict, root: Path) -> int:
    """Files with lines for each rule: alone, among others, in long lines, in files of many kinds. Returns how many lines."""
    rng = random.Random(SEED)
    sampler = Sampler(rng)
    words = "the of a value for this module returns when data is read from server and client".split()
    lines: list[str] = []
    failed = []
    for rule in config["rules"]:
        if "regex" not in rule:
            continue
        for _ in range(8):
            try:
                text = sampler.sample(rule["regex"])
            except Exception as error:  # noqa: BLE001 - a pattern that Python does not know is left out and named
                failed.append((rule["id"], type(error).__name__))
                break
            keyword = rng.choice(rule.get("keywords") or [""])
            before = rng.choice(["", f"{keyword} = ", f'{keyword}: "', f"# {keyword} ", " ".join(rng.choices(words, k=4)) + " "])
            lines.append(before + text + rng.choice(["", '"', " # see above", ";", "\n"]))
    for rule, error in failed:
        print(f"no lines made for {rule}: {error}", file=sys.stderr)
    endings = [".py", ".yaml", ".tf", ".php", ".env", ".js", ".md", ".config", ".txt", ".lock", ""]
    (root / "tree").mkdir()
    for number in range(600):
        chosen = rng.choices(lines, k=rng.randint(1, 12))
        filler = [" ".join(rng.choices(words, k=rng.randint(0, 12))) for _ in range(rng.randint(0, 40))]
        body = chosen + filler
        rng.shuffle(body)
        glue = "\r\n" if number % 17 == 0 else "\n"
        folder = root / "tree" / f"d{number % 9}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}{rng.choice(endings)}").write_bytes(glue.join(body).encode())
    return len(lines)


def gitleaks(binary: str, config: Path, folder: Path) -> list[tuple]:
    with tempfile.TemporaryDirectory() as out:
        report = Path(out) / "r.json"
        command = [binary, "dir", str(folder), "--config", str(config), "--no-banner", "--exit-code", "0", "-l", "error"]
        command += ["--report-format", "json", "--report-path", str(report)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=out)
        found = json.loads(report.read_text() or "[]")
    return [(f["File"], f["StartLine"], f["EndLine"], f["Secret"], f["RuleID"], f["Match"]) for f in found]


def stanch(binary: str, rules: Path, folder: Path) -> list[tuple]:
    command = [binary, "scan", str(folder), "--rules", str(rules), "--only", "gitleaks-*", "--no-config", "--no-ignore", "--quiet"]
    command += ["--max-archive-depth", "0", "--show-secrets", "-f", "jsonl", "--exit-code", "0"]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if run.returncode not in (0, 3):
        sys.exit(f"stanch failed with {run.returncode}")
    found = []
    for line in run.stdout.splitlines():
        record = json.loads(line)
        if record["type"] == "finding" and record.get("secret") is not None:
            found.append((record["path"], record["line"], record["end_line"], record["secret"], record["rule"].removeprefix("gitleaks-")))
    return found


def compare(theirs: list[tuple], ours: list[tuple]) -> dict:
    """Counts of distinct findings: the same, and of each side alone by reason."""
    same, reasons = set(), collections.Counter()
    at: dict[tuple, list] = collections.defaultdict(list)
    for path, line, _, secret, _ in ours:
        at[path, digest(secret)].append(line)
    spans: dict[str, list] = collections.defaultdict(list)
    for path, line, last, secret, rule in ours:
        spans[path].append((line, last, secret))
    seen: dict[tuple, list] = collections.defaultdict(list)
    distinct = {}
    for path, start, end, secret, rule, match in theirs:
        distinct[path, start, end, digest(secret)] = (secret, rule, match)
    for (path, start, end, key), (secret, rule, match) in distinct.items():
        seen[path, key].append((start, end))
        trimmed = digest(secret.strip("\r\n"))
        if any(start <= line <= end for line in at[path, key] + at[path, trimmed]):
            same.add((path, start, end, key))
            seen[path, trimmed].append((start, end))
        elif match.startswith("file detected:"):
            reasons["gitleaks: about the name of a file; stanch names what the file begins with"] += 1
        elif any(line <= end and start <= last and (secret in value or value in secret) for line, last, value in spans[path]):
            reasons["gitleaks: another rule's value on the same characters is longer or shorter; stanch tells one of them"] += 1
        elif any(line <= end and start <= last for line, last, _ in spans[path]):
            reasons["gitleaks: overlaps the value of another rule on the line; stanch tells one of them"] += 1
        elif any(abs(line - start) <= 1 for line in at[path, key]):
            reasons["gitleaks: the same value, told on a line beside it"] += 1
        elif secret.encode("utf-8", "surrogatepass") not in Path(path).read_bytes():
            reasons["gitleaks: a value that is written encoded, which it decodes"] += 1
        else:
            reasons["gitleaks: not explained"] += 1
            if os.environ.get("SHOW"):
                print(f"  missing: {rule} {path}:{start} {len(secret)} characters", file=sys.stderr)
    for path, line, last, secret, rule in {(p, l, e, s, r) for p, l, e, s, r in ours}:
        if any(start <= line <= end for start, end in seen[path, digest(secret)]):
            continue
        if any(abs(line - start) <= 1 for start, _ in seen[path, digest(secret)]):
            continue
        near = [f for f in theirs if f[0] == path and f[1] <= last and line <= f[2]]
        if any(secret in f[3] or f[3] in secret for f in near):
            reasons["stanch: another part of the same characters"] += 1
        elif any(f[0] == path and f[5].startswith("file detected:") for f in theirs) and line == 1:
            reasons["stanch: what a file begins with that gitleaks tells by its name"] += 1
        elif near:
            reasons["stanch: beside a value of another rule"] += 1
        else:
            reasons["stanch: not explained"] += 1
            if os.environ.get("SHOW"):
                print(f"  extra: {rule} {path}:{line} {len(secret)} characters", file=sys.stderr)
    return {"gitleaks": len(distinct), "stanch": len(ours), "same": len(same), "reasons": dict(sorted(reasons.items()))}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--gitleaks", required=True, type=lambda path: str(Path(path).resolve()))
    arguments.add_argument("--config", required=True, type=Path, help="gitleaks' own config/gitleaks.toml")
    arguments.add_argument("--stanch", default="target/release/stanch")
    arguments.add_argument("folders", nargs="*", type=Path)
    args = arguments.parse_args()
    version = subprocess.run([args.gitleaks, "version"], check=True, stdout=subprocess.PIPE).stdout.decode().strip()
    table = ["# The default configuration of gitleaks, imported", "", f"gitleaks {version}. A finding is a file, a line and a value.", ""]
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        rules = root / "rules.toml"
        run = subprocess.run([args.stanch, "rules", "import", str(args.config), "-o", str(rules)], check=False, stderr=subprocess.PIPE)
        said = run.stderr.decode().splitlines()[-1]
        if run.returncode not in (0, 3):
            sys.exit("the configuration was not imported")
        made = make_tree(tomllib.loads(args.config.read_text()), root)
        table += [said.replace(str(args.config), "gitleaks.toml").replace(str(rules), "rules.toml"), ""]
        table += ["| folder | files | gitleaks | stanch | the same |", "|---|---|---|---|---|"]
        reasons = ["", "What only one of them has:", "", "| folder | n | reason |", "|---|---|---|"]
        for folder in [root / "tree", *args.folders]:
            result = compare(gitleaks(args.gitleaks, args.config.resolve(), folder.resolve()), stanch(args.stanch, rules, folder.resolve()))
            name = f"made tree, {made} lines that are meant to match" if folder.is_relative_to(root) else named(folder)
            files = sum(len(names) for _, _, names in os.walk(folder))
            table.append(f"| {name} | {files} | {result['gitleaks']} | {result['stanch']} | {result['same']} |")
            reasons += [f"| {name} | {count} | {reason} |" for reason, count in result["reasons"].items()]
    text = "\n".join([*table, *reasons]) + "\n"
    out = HERE.parent / "runs" / datetime.date.today().isoformat() / "accuracy"
    out.mkdir(parents=True, exist_ok=True)
    (out / "import.md").write_text(text)
    print(text)


def named(folder: Path) -> str:
    """A folder without the path of this checkout."""
    inside = folder.resolve()
    return str(inside.relative_to(HERE.parents[1])) if inside.is_relative_to(HERE.parents[1]) else str(folder)


if __name__ == "__main__":
    main()
