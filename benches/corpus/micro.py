#!/usr/bin/env python3
"""Runs the benches of the library, or a build from nothing, and says what the issue's table asks of them. Called by run.sh."""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

UNITS = {"B/s": 1e-9, "KB/s": 1e-6, "MB/s": 1e-3, "GB/s": 1.0, "TB/s": 1e3}


def run(repository, bench):
    """What divan prints for one bench."""
    command = ["cargo", "bench", "--locked", "--bench", bench]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stdout


def speeds(text):
    """(fastest, median) in GB/s by the name of the bench, with its argument behind a slash."""
    found, group, name = {}, "", ""
    for line in text.splitlines():
        head = re.match(r"[│ ]*[├╰]─ (.+?)  +", line)
        if head:
            nested = line.startswith(("│  ", "   "))
            name = f"{group}/{head[1]}" if nested else head[1]
            group = group if nested else head[1]
        rates = re.findall(r"([\d.]+) ([KMGT]?B/s)", line)
        if len(rates) == 4:
            # divan's columns: fastest, slowest, median, mean.
            found[name] = tuple(float(rates[i][0]) * UNITS[rates[i][1]] for i in (0, 2))
    return found


def ratios(found):
    """How much longer each bench takes than its `raw_` ones, by medians."""
    rows = []
    for name, (_, median) in sorted(found.items()):
        for raw, (_, alone) in sorted(found.items()):
            if raw == f"raw_{name}" or raw.startswith(f"raw_{name}_"):
                rows.append((name, raw.removeprefix("raw_"), alone / median))
    return rows


def micro(repository, out):
    scan, expand = run(repository, "scan"), run(repository, "expand")
    engine, rows = speeds(scan), ratios(speeds(expand))
    lines = ["# Micro benches", "", "`cargo bench --bench scan` and `--bench expand`, one run each; GB/s, fastest and median.", ""]
    lines += ["| engine, one thread | fastest | median |", "|---|---|---|"]
    lines += [f"| {name} | {fast:.3f} | {median:.3f} |" for name, (fast, median) in engine.items()]
    few, many = engine.get("rules_on_source/100"), engine.get("rules_on_source/1000")
    if few and many:
        lines += ["", f"1,000 rules take {few[1] / many[1]:.2f} times what 100 take (medians, source text)."]
    lines += ["", "| archives and notebooks | against the crate alone, times |", "|---|---|"]
    lines += [f"| {name if raw == name else raw} | {ratio:.2f} |" for name, raw, ratio in rows]
    lines += ["", "## scan", "", "```", scan.strip(), "```", "", "## expand", "", "```", expand.strip(), "```", ""]
    (out / "micro.md").write_text("\n".join(lines))
    print("\n".join(lines[: lines.index("## scan")]))


def build(repository, out):
    """A release build into an empty folder; sources of the crates are there."""
    target = tempfile.mkdtemp(prefix="stanch-build-")
    command = ["cargo", "build", "--release", "--locked"]
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        subprocess.run(command, cwd=repository, check=True, env={**os.environ, "CARGO_TARGET_DIR": target})
    finally:
        shutil.rmtree(target, ignore_errors=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.monotonic() - begun
    text = f"`CARGO_TARGET_DIR=new {' '.join(command)}` on {os.cpu_count()} processors: {wall:.0f} s wall, {cpu:.0f} CPU s\n"
    (out / "build.md").write_text("# Cold build\n\n" + text)
    print(text, end="")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("section", choices=["micro", "build"])
    parser.add_argument("repository", type=Path)
    parser.add_argument("out", type=Path, help="folder for the results")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    (micro if options.section == "micro" else build)(options.repository, options.out)


if __name__ == "__main__":
    main()
